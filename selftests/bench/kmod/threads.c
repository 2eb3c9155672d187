// SPDX-License-Identifier: GPL-2.0-only
/* Threads that do one piece of work together. They begin when all of them exist. */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "bench.h"

struct crew {
	int (*body)(void *data, unsigned int number);
	void *data;
	atomic_t working;
	int error;
	struct completion done;
};

struct member {
	struct crew *crew;
	unsigned int number;
	struct task_struct *task;
};

static int work(void *data)
{
	struct member *member = data;
	struct crew *crew = member->crew;
	int err = crew->body(crew->data, member->number);

	if (err)
		WRITE_ONCE(crew->error, err);
	if (atomic_dec_and_test(&crew->working))
		complete(&crew->done);
	return 0;
}

static int hire(struct member *member, struct crew *crew, unsigned int number, bool bound)
{
	struct task_struct *task = kthread_create(work, member, "kmcl-bench/%u", number);

	if (IS_ERR(task))
		return PTR_ERR(task);
	if (bound)
		kthread_bind(task, cpumask_local_spread(number, NUMA_NO_NODE));
	*member = (struct member){ .crew = crew, .number = number, .task = task };
	return 0;
}

static int hire_all(struct member *members, struct crew *crew, unsigned int count, bool bound)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		int err = hire(&members[i], crew, i, bound);

		if (!err)
			continue;
		while (i--)
			kthread_stop(members[i].task);
		return err;
	}
	return 0;
}

int bench_in_threads(unsigned int count, bool bound, int (*body)(void *data, unsigned int number),
		     void *data)
{
	struct member *members = kcalloc(count, sizeof(*members), GFP_KERNEL);
	struct crew crew = { .body = body, .data = data };
	unsigned int i;

	if (!members)
		return -ENOMEM;
	init_completion(&crew.done);
	atomic_set(&crew.working, count);
	crew.error = hire_all(members, &crew, count, bound);
	if (!crew.error) {
		for (i = 0; i < count; i++)
			wake_up_process(members[i].task);
		wait_for_completion(&crew.done);
	}
	kfree(members);
	return crew.error;
}
EXPORT_SYMBOL_GPL(bench_in_threads);
