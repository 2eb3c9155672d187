/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which allocation fails: the nth of a thread from now on, by fail-nth of the kernel's fault
 * injection. The thread is the one that calls, or whichever worker runs our modules' work.
 */
#ifndef KMCL_TEST_FAILING_H
#define KMCL_TEST_FAILING_H

#include "ktap.h"

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>

struct failing {
	void (*arm)(unsigned int nth);
	/* Nothing fails any more. Return: whether something has. */
	bool (*disarm)(void);
};

extern const struct failing failing_caller;
extern const struct failing failing_workers;

/* What is tried, and what takes it back if it has succeeded. */
struct try {
	NTSTATUS (*call)(void *data);
	void (*undo)(void *data);
};

/*
 * The caller's allocations in a call fail, one after another, until there is none left. It does
 * without, or says STATUS_INSUFFICIENT_RESOURCES, which it has to at least once.
 */
void failing_each(struct ktap *t, const struct try *try, void *data);

/* Says so; none that refused the call is a failure. */
void failing_tell(struct ktap *t, unsigned int failed, unsigned int refused);

/* Is there fault injection? If not, the test is skipped. */
bool failing_is_possible(struct ktap *t);

/* When the module goes. */
void failing_end(void);

/* The failure that is armed for the workers has come. */
bool failing_workers_hit(void);

#endif
