// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data race, for race.sh: where KCSAN finds this one, its silence about kmcl means something. Two
 * threads count without a lock, so often that it need not be lucky.
 */
#include <linux/sched.h>

#include "background.h"
#include "suites.h"

#define ROUNDS	2000000

static unsigned long raced;

static noinline void race_on_purpose(void)
{
	raced++;
	barrier();	/* each time anew */
}

static void rounds(struct client *c)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		race_on_purpose();
		if (i % 1000 == 0)
			cond_resched();
	}
}

static void race(struct ktap *t, struct client *c)
{
	struct background other;

	background_start(&other, c, rounds);
	rounds(c);
	CHECK(t, background_ends(&other, 60000));
}

static const struct ktap_test tests[] = {
	{ "two threads race", race },
};

const struct ktap_suite race_suite = KTAP_SUITE("race", tests);
