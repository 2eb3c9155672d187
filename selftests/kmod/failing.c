// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets fail-nth, which the kernel keeps for each task. Which worker will run a piece of work nobody
 * knows before, so a worker gets the count from a probe when it begins with work of ours, and gives
 * back what is left of it when it ends: the nth allocation of all that work fails, one after
 * another. Work that runs beside other work is left alone.
 */
#include <linux/kallsyms.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "failing.h"

#ifdef CONFIG_FAULT_INJECTION
#define HAS_FAULT_INJECTION true

static void set_nth(struct task_struct *task, unsigned int nth)
{
	WRITE_ONCE(task->fail_nth, nth);
}

static unsigned int nth_of(struct task_struct *task)
{
	return READ_ONCE(task->fail_nth);
}
#else
#define HAS_FAULT_INJECTION false

static void set_nth(struct task_struct *task, unsigned int nth)
{
}

static unsigned int nth_of(struct task_struct *task)
{
	return 0;
}
#endif

/* ---- the thread that calls ---- */

static void arm_caller(unsigned int nth)
{
	set_nth(current, nth);
}

static bool disarm_caller(void)
{
	bool failed = !nth_of(current);

	set_nth(current, 0);
	return failed;
}

const struct failing failing_caller = { arm_caller, disarm_caller };

void failing_tell(struct ktap *t, unsigned int failed, unsigned int refused)
{
	seq_printf(t->out, "# %u allocations failed, %u refused the call\n", failed, refused);
	CHECK(t, refused);
}

void failing_each(struct ktap *t, const struct try *try, void *data)
{
	unsigned int n = 0, refused = 0;
	bool failed;

	do {
		NTSTATUS status;

		failing_caller.arm(++n);
		status = try->call(data);
		failed = failing_caller.disarm();
		if (!status)
			try->undo(data);
		else
			refused++;
		CHECK(t, !status || (failed && status == STATUS_INSUFFICIENT_RESOURCES));
	} while (failed && !t->failed);
	failing_tell(t, n - 1, refused);
}

/* ---- workers ---- */

static DEFINE_SPINLOCK(lock);
static unsigned int left;		/* nobody has it; else what the worker has counts */
static struct task_struct *worker;	/* that runs work of ours and counts */

static struct tracepoint *begins, *ends;

/* A function of kmcl.ko, of a bus or of the tests. */
static bool is_ours(const struct work_struct *work)
{
	char name[KSYM_SYMBOL_LEN];

	snprintf(name, sizeof(name), "%ps", work->func);
	return strstr(name, "[kmcl");
}

static void work_begins(void *unused, struct work_struct *work)
{
	if (!is_ours(work))
		return;
	spin_lock_bh(&lock);
	if (left && !worker) {
		worker = current;
		set_nth(worker, left);
	}
	spin_unlock_bh(&lock);
}

static void work_ends(void *unused, struct work_struct *work)
{
	spin_lock_bh(&lock);
	if (worker == current) {
		left = nth_of(worker);
		set_nth(worker, 0);
		worker = NULL;
	}
	spin_unlock_bh(&lock);
}

static void arm_workers(unsigned int nth)
{
	spin_lock_bh(&lock);
	left = nth;
	spin_unlock_bh(&lock);
}

bool failing_workers_hit(void)
{
	bool hit;

	spin_lock_bh(&lock);
	hit = worker ? !nth_of(worker) : !left;
	spin_unlock_bh(&lock);
	return hit;
}

/* Work that counts comes to its end first. */
static bool try_disarm(bool *failed)
{
	bool idle;

	spin_lock_bh(&lock);
	idle = !worker;
	if (idle) {
		*failed = !left;
		left = 0;
	}
	spin_unlock_bh(&lock);
	return idle;
}

static bool disarm_workers(void)
{
	bool failed = false;

	return SOON(try_disarm(&failed)) && failed;
}

const struct failing failing_workers = { arm_workers, disarm_workers };

/* ---- the probes ---- */

static void find(struct tracepoint *point, void *unused)
{
	if (!strcmp(point->name, "workqueue_execute_start"))
		begins = point;
	if (!strcmp(point->name, "workqueue_execute_end"))
		ends = point;
}

static bool watch_workers(void)
{
	static bool watched;

	if (watched)
		return true;
	for_each_kernel_tracepoint(find, NULL);
	watched = begins && ends && !tracepoint_probe_register(begins, work_begins, NULL) &&
		  !tracepoint_probe_register(ends, work_ends, NULL);
	return watched;
}

bool failing_is_possible(struct ktap *t)
{
	if (!HAS_FAULT_INJECTION) {
		t->skipped = "no fault injection in this kernel";
		return false;
	}
	return CHECK(t, watch_workers());
}

void failing_end(void)
{
	if (begins)
		tracepoint_probe_unregister(begins, work_begins, NULL);
	if (ends)
		tracepoint_probe_unregister(ends, work_ends, NULL);
	tracepoint_synchronize_unregister();
}
