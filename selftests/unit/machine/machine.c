// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "machine.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/common_interface_defs.h>
#define LEAVE(save, to)		__sanitizer_start_switch_fiber(save, (to)->bottom, (to)->size)
#define ARRIVE(save, from) \
	__sanitizer_finish_switch_fiber(save, &(from)->bottom, &(from)->size)
#else
#define LEAVE(save, to)		((void)(save))
#define ARRIVE(save, from)	((void)(save), (void)(from))
#endif

/* valgrind has to know which memory is a stack. */
#if __has_include("valgrind/valgrind.h")
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(bottom, end)	((void)(bottom), (void)(end))
#endif

#define TASKS		16
#define STACK		(256 * 1024)
#define CLASSES		16
#define TRAIL		100000

enum state { FREE, READY, ASLEEP, SPINNING };

struct task_struct {
	const char *name;
	enum state state;
	bool softirq;
	unsigned int bh_off, locks;
	void (*run)(void *arg);
	void *arg;
	struct machine_wait *waits_for;
	unsigned long end;
	struct machine_lock *spins_for;
	struct machine_lock *held[8];
	struct machine_wait gone;
	ucontext_t context;
	void *stack;
	const void *bottom;	/* of the stack it runs on, for ASan */
	size_t size;
	void *fake;
};

static struct task_struct tasks[TASKS] = { { .name = "test", .state = READY } };
static struct task_struct *running = &tasks[0];
static unsigned long now;
static struct machine_work *queue, *timers;

machine_chooser machine_choose;

/* ---- failures and messages ---- */

unsigned int machine_warnings, machine_log_lines;

void machine_warn(const char *format, ...)
{
	va_list args;

	machine_warnings++;
	if (!getenv("MACHINE_LOG"))
		return;
	va_start(args, format);
	printf("# warning: ");
	vprintf(format, args);
	va_end(args);
}

void machine_log(const char *format, ...)
{
	(void)format;
	machine_log_lines++;
}

static const char *state_name(const struct task_struct *task)
{
	switch (task->state) {
	case READY:
		return "can run";
	case ASLEEP:
		return "sleeps";
	case SPINNING:
		return "waits for a lock";
	default:
		return "is gone";
	}
}

void machine_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# machine: ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	for (unsigned int i = 0; i < TASKS; i++)
		if (tasks[i].state != FREE)
			printf("#   %s%s %s\n", tasks[i].name, &tasks[i] == running ? " (runs)" : "",
			       state_name(&tasks[i]));
	fflush(stdout);
	abort();
}

/* ---- switching ---- */

struct task_struct *machine_current(void)
{
	return running;
}

unsigned long machine_now(void)
{
	return now;
}

static struct task_struct *came_from;

static void arrive(void)
{
	ARRIVE(running->fake, came_from);
}

static void switch_to(struct task_struct *task)
{
	struct task_struct *from = running;

	if (task == from)
		return;
	came_from = from;
	running = task;
	LEAVE(from->state == FREE ? NULL : &from->fake, task);
	swapcontext(&from->context, &task->context);
	arrive();
}

static bool is_woken(const struct task_struct *task)
{
	return task->state == READY || (task->state == SPINNING && !task->spins_for->owner);
}

static struct task_struct *start(const char *name, void (*run)(void *arg), void *arg, bool softirq);

static void run_work(void *arg)
{
	struct machine_work *work = arg;

	work->run(work->arg);
	work->running = false;
	machine_wake(&work->done);
}

/* Return: the first that waits for a worker; one that runs still waits for itself. */
static struct machine_work **next_work(void)
{
	struct machine_work **link;

	for (link = &queue; *link; link = &(*link)->next)
		if (!(*link)->running)
			return link;
	return NULL;
}

static struct task_struct *start_worker(void)
{
	struct machine_work **link = next_work();
	struct machine_work *work = *link;

	*link = work->next;
	work->queued = false;
	work->running = true;
	return start("worker", run_work, work, false);
}

/* The others that can run, a task that there is not yet for the work that waits as NULL. */
static unsigned int candidates(struct task_struct **list)
{
	unsigned int first = running - tasks, n = 0;

	for (unsigned int i = 1; i < TASKS; i++) {
		struct task_struct *task = &tasks[(first + i) % TASKS];

		if (is_woken(task))
			list[n++] = task;
	}
	if (next_work())
		list[n++] = NULL;
	return n;
}

static unsigned int choose(unsigned int n, bool preempts)
{
	unsigned int choice = machine_choose && n > 1 ? machine_choose(n, preempts) : 0;

	return choice < n ? choice : 0;
}

static void go(struct task_struct *task)
{
	if (!task)
		task = start_worker();
	task->state = READY;
	switch_to(task);
}

void machine_point(void)
{
	struct task_struct *list[TASKS + 1];
	unsigned int n, choice;

	if (!machine_choose)
		return;
	n = candidates(list);
	choice = choose(n + 1, true);
	if (choice)
		go(list[choice - 1]);
}

static bool fire_timers(unsigned long until)
{
	struct machine_work **link, *work;
	unsigned long first = until;
	bool fired = false;

	for (work = timers; work; work = work->next)
		first = work->due < first ? work->due : first;
	for (unsigned int i = 0; i < TASKS; i++)
		if (tasks[i].state == ASLEEP && tasks[i].end < first)
			first = tasks[i].end;
	if (first == MACHINE_FOR_EVER || first > until)
		return false;
	now = first > now ? first : now;
	for (link = &timers; *link;) {
		work = *link;
		if (work->due > now) {
			link = &work->next;
			continue;
		}
		*link = work->next;
		work->timed = false;
		machine_work_queue(work);
		fired = true;
	}
	for (unsigned int i = 0; i < TASKS; i++) {
		if (tasks[i].state == ASLEEP && tasks[i].end <= now) {
			tasks[i].state = READY;
			fired = true;
		}
	}
	return fired;
}

/* The running task cannot go on. */
static void yield_to_others(void)
{
	struct task_struct *list[TASKS + 1];
	unsigned int n, idle = 0;

	for (;;) {
		n = candidates(list);
		if (n) {
			go(list[choose(n, false)]);
			return;
		}
		if (is_woken(running)) {
			running->state = READY;
			return;
		}
		if (idle++ == 100 || !fire_timers(MACHINE_FOR_EVER))
			machine_fail("nobody can run, and %s waits", running->name);
	}
}

/* ---- tasks ---- */

static void task_main(void)
{
	struct task_struct *task = running;

	arrive();
	task->run(task->arg);
	if (task->locks || task->bh_off)
		machine_fail("%s ends with a lock held", task->name);
	task->state = FREE;
	machine_wake(&task->gone);
	yield_to_others();
	machine_fail("%s runs after its end", task->name);
}

static struct task_struct *start(const char *name, void (*run)(void *arg), void *arg, bool softirq)
{
	struct task_struct *task;
	void *stack;

	for (task = &tasks[1]; task < &tasks[TASKS] && (task->state != FREE || task == running);)
		task++;
	if (task == &tasks[TASKS])
		machine_fail("too many tasks");
	stack = task->stack;
	if (!stack) {
		stack = malloc(STACK);
		if (!stack)
			machine_fail("no memory for a stack");
		VALGRIND_STACK_REGISTER(stack, (char *)stack + STACK);
	}
	*task = (struct task_struct) {
		.name = name, .state = READY, .softirq = softirq, .run = run, .arg = arg,
		.stack = stack, .bottom = stack, .size = STACK,
	};
	getcontext(&task->context);
	task->context.uc_stack.ss_sp = stack;
	task->context.uc_stack.ss_size = STACK;
	makecontext(&task->context, task_main, 0);
	return task;
}

struct task_struct *machine_start(const char *name, void (*run)(void *arg), void *arg)
{
	return start(name, run, arg, false);
}

struct task_struct *machine_start_softirq(const char *name, void (*run)(void *arg), void *arg)
{
	return start(name, run, arg, true);
}

void machine_join(struct task_struct *task)
{
	while (task->state != FREE) {
		unsigned int seen = task->gone.wakes;

		machine_sleep(&task->gone, seen, MACHINE_FOR_EVER);
	}
}

/* The running task steps aside until nobody else can run. */
void machine_settle(void)
{
	struct task_struct *list[TASKS + 1];
	unsigned int n;

	for (n = candidates(list); n; n = candidates(list))
		go(list[choose(n, false)]);
}

void machine_pass(unsigned long ms)
{
	unsigned long until = now + ms;

	machine_settle();
	while (fire_timers(until))
		machine_settle();
	now = until;
}

void machine_take(unsigned long ms)
{
	now += ms;
}

bool machine_in_softirq(void)
{
	return running->softirq;
}

bool machine_is_atomic(void)
{
	return running->softirq || running->bh_off || running->locks;
}

void machine_bh_off(void)
{
	running->bh_off++;
}

void machine_bh_on(void)
{
	if (!running->bh_off--)
		machine_fail("local_bh_enable() too often");
}

void machine_might_sleep(void)
{
	if (machine_is_atomic())
		machine_fail("%s may sleep in atomic context", running->name);
}

/* ---- locks ---- */

static const char *classes[CLASSES];
static bool nests[CLASSES][CLASSES];	/* [a][b]: b was taken with a held */

static unsigned int class_of(const struct machine_lock *lock)
{
	unsigned int i;

	for (i = 0; i < CLASSES && classes[i]; i++)
		if (!strcmp(classes[i], lock->class))
			return i;
	if (i == CLASSES)
		machine_fail("too many lock classes");
	classes[i] = lock->class;
	return i;
}

static bool reaches(unsigned int from, unsigned int to, unsigned int depth)
{
	if (nests[from][to])
		return true;
	for (unsigned int i = 0; depth && i < CLASSES; i++)
		if (nests[from][i] && reaches(i, to, depth - 1))
			return true;
	return false;
}

static void check_order(const struct machine_lock *lock)
{
	unsigned int new = class_of(lock);

	for (unsigned int i = 0; i < running->locks; i++) {
		unsigned int held = class_of(running->held[i]);

		if (held == new || reaches(new, held, CLASSES))
			machine_fail("%s takes %s with %s held", running->name, lock->class,
				     classes[held]);
		nests[held][new] = true;
	}
}

void machine_lock(struct machine_lock *lock)
{
	machine_point();
	if (!lock->class)
		machine_fail("a lock that was not initialised");
	if (lock->owner == running)
		machine_fail("%s takes %s twice", running->name, lock->class);
	check_order(lock);
	while (lock->owner) {
		running->state = SPINNING;
		running->spins_for = lock;
		yield_to_others();
	}
	lock->owner = running;
	running->held[running->locks++] = lock;
}

void machine_lock_in_atomic(struct machine_lock *lock)
{
	if (!machine_is_atomic())
		machine_fail("%s takes %s with bottom halves on", running->name, lock->class);
	machine_lock(lock);
}

void machine_unlock(struct machine_lock *lock)
{
	if (lock->owner != running || running->held[running->locks - 1] != lock)
		machine_fail("%s lets go of %s, which it has not taken last", running->name,
			     lock->class);
	lock->owner = NULL;
	running->locks--;
	machine_point();
}

/* ---- waits ---- */

void machine_sleep(struct machine_wait *wait, unsigned int seen, unsigned long end)
{
	machine_might_sleep();
	if (wait->wakes != seen)
		return;
	running->state = ASLEEP;
	running->waits_for = wait;
	running->end = end;
	yield_to_others();
}

void machine_wake(struct machine_wait *wait)
{
	wait->wakes++;
	for (unsigned int i = 0; i < TASKS; i++)
		if (tasks[i].state == ASLEEP && tasks[i].waits_for == wait)
			tasks[i].state = READY;
}

/* ---- work ---- */

void machine_work_init(struct machine_work *work, void (*run)(void *arg), void *arg)
{
	*work = (struct machine_work) { .run = run, .arg = arg };
}

static bool unlink_work(struct machine_work **list, struct machine_work *work)
{
	struct machine_work **link;

	for (link = list; *link; link = &(*link)->next) {
		if (*link == work) {
			*link = work->next;
			return true;
		}
	}
	return false;
}

bool machine_work_queue(struct machine_work *work)
{
	struct machine_work **link = &queue;

	if (!work->run)
		machine_fail("work that was not initialised");
	if (work->queued || work->timed)
		return false;
	while (*link)
		link = &(*link)->next;
	*link = work;
	work->next = NULL;
	work->queued = true;
	return true;
}

static bool unqueue(struct machine_work *work)
{
	bool was = work->queued || work->timed;

	unlink_work(work->timed ? &timers : &queue, work);
	work->queued = false;
	work->timed = false;
	return was;
}

bool machine_work_in(struct machine_work *work, unsigned long ms)
{
	bool was = unqueue(work);

	if (!ms) {
		machine_work_queue(work);
		return was;
	}
	work->timed = true;
	work->due = now + ms;
	work->next = timers;
	timers = work;
	return was;
}

bool machine_work_cancel(struct machine_work *work)
{
	bool was = unqueue(work);

	machine_might_sleep();
	while (work->running)
		machine_sleep(&work->done, work->done.wakes, MACHINE_FOR_EVER);
	return was;
}

/* ---- memory ---- */

void (*machine_hook)(void);

void *machine_copy(void *to, const void *from, size_t bytes)
{
	machine_glance();
	if (bytes)
		memcpy(to, from, bytes);
	machine_glance();
	return to;
}

void *machine_move(void *to, const void *from, size_t bytes)
{
	if (bytes)
		memmove(to, from, bytes);
	return to;
}

unsigned long machine_fail_alloc;
bool machine_alloc_failed;
long machine_allocated;

void *machine_alloc(size_t size, bool may_sleep, bool zero)
{
	void *p;

	if (may_sleep)
		machine_might_sleep();
	if (machine_fail_alloc && !--machine_fail_alloc) {
		machine_alloc_failed = true;
		return NULL;
	}
	p = malloc(size ? size : 1);
	if (!p)
		machine_fail("no memory for %zu bytes", size);
	if (zero)
		memset(p, 0, size);
	machine_allocated++;
	return p;
}

void machine_free(void *p)
{
	if (!p)
		return;
	machine_allocated--;
	free(p);
}

void machine_check_idle(void)
{
	machine_settle();
	for (unsigned int i = 0; i < TASKS; i++)
		if (&tasks[i] != running && tasks[i].state != FREE)
			machine_fail("%s is left", tasks[i].name);
	if (queue || timers)
		machine_fail("work is left");
	if (machine_allocated)
		machine_fail("%ld objects are left", machine_allocated);
}

/* ---- schedules ---- */

static struct {
	unsigned int taken, of;
	bool preempts;
} trail[TRAIL];

static unsigned int trail_length, trail_at, preemptions_used, preemptions_allowed;

/* Follow the trail, then go straight on. */
static unsigned int follow(unsigned int n, bool preempts)
{
	unsigned int taken = 0;

	if (trail_at < trail_length) {
		if (trail[trail_at].of != n || trail[trail_at].preempts != preempts)
			machine_fail("a scenario that is not the same each time");
		taken = trail[trail_at].taken;
	} else if (trail_length == TRAIL) {
		machine_fail("a scenario that is too long");
	} else {
		trail[trail_length].taken = 0;
		trail[trail_length].of = n;
		trail[trail_length++].preempts = preempts;
	}
	trail_at++;
	return taken;
}

static unsigned int preemptions_before(unsigned int end)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < end; i++)
		n += trail[i].preempts && trail[i].taken;
	return n;
}

/* The last turn that can be taken another way. Return: false if there is none. */
static bool turn_back(void)
{
	preemptions_used = preemptions_before(trail_length);
	while (trail_length) {
		unsigned int last = trail_length - 1;
		bool is_new = trail[last].preempts && !trail[last].taken;

		if (trail[last].taken + 1 < trail[last].of &&
		    preemptions_used + is_new <= preemptions_allowed) {
			trail[last].taken++;
			return true;
		}
		preemptions_used -= trail[last].preempts && trail[last].taken;
		trail_length--;
	}
	return false;
}

unsigned long machine_explore(void (*scenario)(void), unsigned int preemptions)
{
	unsigned long schedules = 0;

	trail_length = 0;
	preemptions_allowed = preemptions;
	do {
		trail_at = 0;
		machine_choose = follow;
		scenario();
		machine_choose = NULL;
		machine_check_idle();
		schedules++;
	} while (turn_back());
	return schedules;
}

static unsigned long chance;

static unsigned int by_chance(unsigned int n, bool preempts)
{
	chance = chance * 6364136223846793005ul + 1442695040888963407ul;
	if (preempts && (chance >> 33) % 8)
		return 0;
	return (chance >> 40) % n;
}

void machine_shuffle(void (*scenario)(void), unsigned long seed, unsigned long schedules)
{
	chance = seed;
	while (schedules--) {
		machine_choose = by_chance;
		scenario();
		machine_choose = NULL;
		machine_check_idle();
	}
}
