// SPDX-License-Identifier: GPL-2.0-only
/* Threads of tests. */
#include <linux/jiffies.h>
#include <linux/kthread.h>

#include "background.h"

static int background_thread(void *arg)
{
	struct background *b = arg;

	b->run(b->c);
	complete(&b->done);
	return 0;
}

void background_start(struct background *b, struct client *c, void (*run)(struct client *c))
{
	b->c = c;
	b->run = run;
	init_completion(&b->done);
	kthread_run(background_thread, b, "kmcl-test");
}

bool background_ends(struct background *b, unsigned int ms)
{
	return wait_for_completion_timeout(&b->done, msecs_to_jiffies(ms));
}
