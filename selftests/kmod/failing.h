/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which allocation fails: the nth of a thread from now on, by fail-nth of the kernel's fault
 * injection. The thread is the one that calls, or whichever worker runs our modules' work.
 */
#ifndef KMCL_TEST_FAILING_H
#define KMCL_TEST_FAILING_H

#include "ktap.h"

struct failing {
	void (*arm)(unsigned int nth);
	/* Nothing fails any more. Return: whether something has. */
	bool (*disarm)(void);
};

extern const struct failing failing_caller;
extern const struct failing failing_workers;

/* Is there fault injection? If not, the test is skipped. */
bool failing_is_possible(struct ktap *t);

/* When the module goes. */
void failing_end(void);

/* The failure that is armed for the workers has come. */
bool failing_workers_hit(void);

#endif
