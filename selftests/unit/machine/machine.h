/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the channel machinery: tasks, locks, waits, work and memory, all in one thread and
 * without a clock, so that a test decides what runs when.
 *
 * A task runs until it sleeps, unless a chooser says otherwise: then it can lose the processor at
 * every lock, unlock, READ_ONCE(), WRITE_ONCE(), cmpxchg() and store to a ring's index. Time stands
 * still as long as anything can run.
 *
 * The machine ends the test if a task sleeps in atomic context, takes a lock it has, takes locks in
 * an order that can deadlock, and if nobody can run and somebody waits: a lost wake-up is a task
 * that nobody wakes.
 */
#ifndef UNIT_MACHINE_H
#define UNIT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#define MACHINE_FOR_EVER	(~0ul)
#define MACHINE_PFNS		(1ul << 20)	/* page numbers below this exist */

struct task_struct;

struct machine_lock {
	const char *class;
	struct task_struct *owner;
};

struct machine_wait {
	unsigned int wakes;
	unsigned int joined;		/* asleep, or about to look once more before that */
};

struct machine_work {
	void (*run)(void *arg);
	void *arg;
	bool queued, running, timed;
	unsigned long due;
	struct machine_work *next;
	struct machine_wait done;
};

_Noreturn void machine_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- tasks ---- */

struct task_struct *machine_current(void);
struct task_struct *machine_start(const char *name, void (*run)(void *arg), void *arg);
struct task_struct *machine_start_softirq(const char *name, void (*run)(void *arg), void *arg);
void machine_join(struct task_struct *task);

/* A place where another task may run. */
void machine_point(void);
/* Let everybody else run until they sleep. Time stands still. */
void machine_settle(void);
/* Likewise, and let time pass. */
void machine_pass(unsigned long ms);
/* The running task takes so long for something. Nobody else runs. */
void machine_take(unsigned long ms);
unsigned long machine_now(void);

bool machine_in_softirq(void);
bool machine_is_atomic(void);
void machine_bh_off(void);
void machine_bh_on(void);
void machine_might_sleep(void);

void machine_lock(struct machine_lock *lock);
void machine_lock_in_atomic(struct machine_lock *lock);
void machine_unlock(struct machine_lock *lock);

/* Until somebody wakes it after @seen, or @end has come. */
void machine_sleep(struct machine_wait *wait, unsigned int seen, unsigned long end);
void machine_wake(struct machine_wait *wait);

void machine_work_init(struct machine_work *work, void (*run)(void *arg), void *arg);
bool machine_work_queue(struct machine_work *work);
bool machine_work_in(struct machine_work *work, unsigned long ms);
bool machine_work_cancel(struct machine_work *work);

/* ---- who runs next ---- */

/*
 * Return: below @n. Of those that can run, number 0 goes on as if there were no chooser.
 * @preempts: number 0 is the task that runs already.
 */
typedef unsigned int (*machine_chooser)(unsigned int n, bool preempts);
extern machine_chooser machine_choose;

/*
 * Run a scenario under every schedule that takes the processor from a task that could go on at
 * most @preemptions times. Return: how many schedules there are.
 */
unsigned long machine_explore(void (*scenario)(void), unsigned int preemptions);
/* Under so many schedules, by chance. */
void machine_shuffle(void (*scenario)(void), unsigned long seed, unsigned long schedules);

/* ---- a peer that writes while we read ---- */

/* Called at each place where what a peer can write is read: before and after a copy, too. */
extern void (*machine_hook)(void);

static inline void machine_glance(void)
{
	if (machine_hook)
		machine_hook();
}

void *machine_copy(void *to, const void *from, size_t bytes);
void *machine_move(void *to, const void *from, size_t bytes);

/* ---- memory and messages ---- */

void *machine_alloc(size_t size, bool may_sleep, bool zero);
void machine_free(void *p);
/* The allocation after so many others fails; 0: none does. */
extern unsigned long machine_fail_alloc;
extern bool machine_alloc_failed;
extern long machine_allocated;		/* objects */

void machine_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void machine_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern unsigned int machine_warnings, machine_log_lines;

/* Nothing is left: no task but this one, no work, no memory. */
void machine_check_idle(void);

#endif
