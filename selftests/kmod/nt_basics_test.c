// SPDX-License-Identifier: GPL-2.0-only
/* Tests of locks, waits, memory, strings, clocks, messages: the base of the NT subset. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "nt_test.h"

LARGE_INTEGER nt_large(LONGLONG value)
{
	LARGE_INTEGER result;

	result.QuadPart = value;
	return result;
}

LONGLONG nt_now(void)
{
	LARGE_INTEGER time;

	KeQuerySystemTime(&time);
	return time.QuadPart;
}

NTSTATUS nt_wait(PVOID object, LONGLONG due)
{
	LARGE_INTEGER timeout = nt_large(due);

	return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}

NTSTATUS nt_wait_for_ever(PVOID object)
{
	return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
}

/* ---- IRQL and locks ---- */

static void irql(void)
{
	KIRQL old, older;

	CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	CHECK_EQUAL(old, PASSIVE_LEVEL);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	CHECK(in_softirq());
	older = KeRaiseIrqlToDpcLevel();
	CHECK_EQUAL(older, DISPATCH_LEVEL);
	KeLowerIrql(older);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(old);
	CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
	KeRaiseIrql(APC_LEVEL, &old);
	CHECK_EQUAL(old, PASSIVE_LEVEL);
	KeLowerIrql(old);
	CHECK(!in_softirq());
	local_irq_disable();
	old = KeGetCurrentIrql();
	local_irq_enable();
	CHECK_EQUAL(old, HIGH_LEVEL);
}

static void spin_lock_levels(void)
{
	KLOCK_QUEUE_HANDLE handle;
	KSPIN_LOCK a, b;
	KIRQL old, older;

	KeInitializeSpinLock(&a);
	KeInitializeSpinLock(&b);
	CHECK(KeTestSpinLock(&a));
	KeAcquireSpinLock(&a, &old);
	CHECK_EQUAL(old, PASSIVE_LEVEL);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	CHECK(!KeTestSpinLock(&a));
	CHECK(!KeTryToAcquireSpinLockAtDpcLevel(&a));
	KeAcquireSpinLock(&b, &older);
	CHECK_EQUAL(older, DISPATCH_LEVEL);
	/* Windows allows the release in any order, with the levels as they were taken. */
	KeReleaseSpinLock(&b, older);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeAcquireSpinLockAtDpcLevel(&b);
	KeReleaseSpinLockFromDpcLevel(&b);
	CHECK(KeTryToAcquireSpinLockAtDpcLevel(&b));
	KeReleaseSpinLockFromDpcLevel(&b);
	KeAcquireInStackQueuedSpinLockAtDpcLevel(&b, &handle);
	KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
	KeReleaseSpinLock(&a, old);
	CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
	CHECK(KeTestSpinLock(&a));
	KeAcquireInStackQueuedSpinLock(&a, &handle);
	CHECK_EQUAL(handle.OldIrql, PASSIVE_LEVEL);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeReleaseInStackQueuedSpinLock(&handle);
	CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

#define LOCK_ROUNDS	20000
#define LOCK_THREADS	4

static KSPIN_LOCK shared_lock;
static ULONG shared_count;

static VOID count_under_lock(PVOID context)
{
	KIRQL old;
	int i;

	for (i = 0; i < LOCK_ROUNDS; i++) {
		KeAcquireSpinLock(&shared_lock, &old);
		shared_count++;
		KeReleaseSpinLock(&shared_lock, old);
	}
}

PVOID nt_begin_thread(PKSTART_ROUTINE routine, PVOID context)
{
	PVOID thread = NULL;
	HANDLE handle;

	if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine,
					     context)))
		return NULL;
	CHECK_EQUAL(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
					      &thread, NULL),
		    STATUS_SUCCESS);
	CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
	return thread;
}

void nt_end_thread(PVOID thread)
{
	if (!thread)
		return;
	CHECK_EQUAL(nt_wait(thread, -60000 * MS), STATUS_SUCCESS);
	ObDereferenceObject(thread);
}

/* What drivers do under a lock; lockdep knows which locks of Linux may be taken inside it. */
static void work_under_spin_lock(void)
{
	KSPIN_LOCK lock;
	KIRQL old;
	void *p;

	KeInitializeSpinLock(&lock);
	KeAcquireSpinLock(&lock, &old);
	p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
	CHECK(p);
	if (p)
		ExFreePoolWithTag(p, TAG);
	p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 4096, TAG);
	CHECK(p);
	if (p)
		ExFreePoolWithTag(p, TAG);
	KeReleaseSpinLock(&lock, old);

	if (IS_ENABLED(CONFIG_DEBUG_SPINLOCK) || IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC))
		return;
	memset(&lock, 0, sizeof(lock));		/* as good as initialised */
	CHECK(KeTestSpinLock(&lock));
	KeAcquireSpinLock(&lock, &old);
	CHECK(!KeTestSpinLock(&lock));
	KeReleaseSpinLock(&lock, old);
	CHECK(KeTestSpinLock(&lock));
}

static void spin_lock_excludes(void)
{
	PVOID thread[LOCK_THREADS];
	int i;

	KeInitializeSpinLock(&shared_lock);
	shared_count = 0;
	for (i = 0; i < LOCK_THREADS; i++)
		thread[i] = nt_begin_thread(count_under_lock, NULL);
	for (i = 0; i < LOCK_THREADS; i++)
		nt_end_thread(thread[i]);
	CHECK_EQUAL(shared_count, LOCK_THREADS * LOCK_ROUNDS);
}

/* ---- events and waits ---- */

static void event_states(void)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	CHECK_EQUAL(KeReadStateEvent(&event), 0);
	CHECK_EQUAL(nt_wait(&event, 0), STATUS_TIMEOUT);
	CHECK_EQUAL(KeSetEvent(&event, IO_NO_INCREMENT, FALSE), 0);
	CHECK(KeSetEvent(&event, IO_NO_INCREMENT, FALSE));
	CHECK_EQUAL(nt_wait(&event, 0), STATUS_SUCCESS);
	CHECK(KeReadStateEvent(&event));	/* a notification event stays */
	CHECK_EQUAL(nt_wait_for_ever(&event), STATUS_SUCCESS);
	CHECK(KeResetEvent(&event));
	CHECK_EQUAL(KeResetEvent(&event), 0);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	KeClearEvent(&event);
	CHECK_EQUAL(KeReadStateEvent(&event), 0);

	KeInitializeEvent(&event, SynchronizationEvent, TRUE);
	CHECK_EQUAL(nt_wait_for_ever(&event), STATUS_SUCCESS);
	CHECK_EQUAL(KeReadStateEvent(&event), 0);	/* the wait took it */
	CHECK_EQUAL(nt_wait(&event, 0), STATUS_TIMEOUT);
}

static void wait_timeouts(void)
{
	LARGE_INTEGER frequency;
	LONGLONG begin, took;
	KEVENT event;

	KeInitializeEvent(&event, SynchronizationEvent, FALSE);
	begin = KeQueryPerformanceCounter(&frequency).QuadPart;
	CHECK_EQUAL(frequency.QuadPart, 10000000);
	CHECK_EQUAL(nt_wait(&event, -20 * MS), STATUS_TIMEOUT);
	took = KeQueryPerformanceCounter(NULL).QuadPart - begin;
	CHECK(took >= 20 * MS && took < 60000LL * MS);

	begin = KeQueryPerformanceCounter(NULL).QuadPart;
	CHECK_EQUAL(nt_wait(&event, nt_now() + 20 * MS), STATUS_TIMEOUT);
	took = KeQueryPerformanceCounter(NULL).QuadPart - begin;
	CHECK(took >= 19 * MS && took < 60000LL * MS);

	begin = KeQueryPerformanceCounter(NULL).QuadPart;
	CHECK_EQUAL(nt_wait(&event, nt_now() - 1), STATUS_TIMEOUT);
	CHECK_EQUAL(nt_wait(&event, 1), STATUS_TIMEOUT);
	CHECK_EQUAL(nt_wait(&event, -1), STATUS_TIMEOUT);
	took = KeQueryPerformanceCounter(NULL).QuadPart - begin;
	CHECK(took < 60000LL * MS);

	/* Signalled objects win over a time that is past. */
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	CHECK_EQUAL(nt_wait(&event, 1), STATUS_SUCCESS);
}

static VOID set_event_soon(PVOID context)
{
	msleep(20);
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
}

static void wait_is_woken(void)
{
	static const LONGLONG due[] = { -60000 * MS, MINLONGLONG, MAXLONGLONG };
	PVOID thread;
	KEVENT event;
	int i;

	KeInitializeEvent(&event, SynchronizationEvent, FALSE);
	for (i = 0; i < ARRAY_SIZE(due); i++) {
		thread = nt_begin_thread(set_event_soon, &event);
		CHECK_EQUAL(nt_wait(&event, due[i]), STATUS_SUCCESS);
		nt_end_thread(thread);
	}
	thread = nt_begin_thread(set_event_soon, &event);
	CHECK_EQUAL(nt_wait_for_ever(&event), STATUS_SUCCESS);
	nt_end_thread(thread);
}

#define WAITERS	3

static KEVENT common_event;
static LONG woken;

static VOID wait_for_common_event(PVOID context)
{
	if (nt_wait(&common_event, -60000 * MS) == STATUS_SUCCESS)
		InterlockedIncrement(&woken);
}

/* Waits until so many have been woken. */
static void wait_until_woken(LONG count)
{
	LONGLONG end = nt_now() + 60000 * MS;

	while (ReadNoFence(&woken) < count && nt_now() < end)
		msleep(20);
	CHECK_EQUAL(ReadNoFence(&woken), count);
}

/* One that wakes too many leaves the last set to nobody. */
static void wake_one_or_all(void)
{
	PVOID thread[WAITERS];
	int type, i;

	for (type = NotificationEvent; type <= SynchronizationEvent; type++) {
		KeInitializeEvent(&common_event, type, FALSE);
		woken = 0;
		for (i = 0; i < WAITERS; i++)
			thread[i] = nt_begin_thread(wait_for_common_event, NULL);
		if (type == NotificationEvent)
			KeSetEvent(&common_event, IO_NO_INCREMENT, FALSE);
		for (i = 1; type == SynchronizationEvent && i <= WAITERS; i++) {
			KeSetEvent(&common_event, IO_NO_INCREMENT, FALSE);
			wait_until_woken(i);
		}
		for (i = 0; i < WAITERS; i++)
			nt_end_thread(thread[i]);
		CHECK_EQUAL(woken, WAITERS);
		CHECK_EQUAL(!!KeReadStateEvent(&common_event), type == NotificationEvent);
	}
}

static NTSTATUS wait_several(ULONG count, PVOID objects[], WAIT_TYPE type, LONGLONG due)
{
	LARGE_INTEGER timeout = nt_large(due);
	KWAIT_BLOCK blocks[8];

	return KeWaitForMultipleObjects(count, objects, type, Executive, KernelMode, FALSE,
					&timeout,
					count > THREAD_WAIT_OBJECTS ? blocks : NULL);
}

static void wait_for_several(void)
{
	PVOID objects[5], twice[2], thread;
	KEVENT event[5];
	int i;

	for (i = 0; i < 5; i++) {
		KeInitializeEvent(&event[i], SynchronizationEvent, FALSE);
		objects[i] = &event[i];
	}
	CHECK_EQUAL(wait_several(5, objects, WaitAny, 0), STATUS_TIMEOUT);
	CHECK_EQUAL(wait_several(3, objects, WaitAny, -10 * MS), STATUS_TIMEOUT);
	KeSetEvent(&event[3], IO_NO_INCREMENT, FALSE);
	KeSetEvent(&event[4], IO_NO_INCREMENT, FALSE);
	/* the first of the set ones */
	CHECK_EQUAL(wait_several(5, objects, WaitAny, -10 * MS), STATUS_WAIT_0 + 3);
	CHECK_EQUAL(wait_several(5, objects, WaitAny, 0), STATUS_WAIT_0 + 4);
	thread = nt_begin_thread(set_event_soon, &event[2]);
	CHECK_EQUAL(wait_several(5, objects, WaitAny, -60000 * MS), STATUS_WAIT_0 + 2);
	nt_end_thread(thread);

	KeSetEvent(&event[0], IO_NO_INCREMENT, FALSE);
	CHECK_EQUAL(wait_several(2, objects, WaitAll, -10 * MS), STATUS_TIMEOUT);
	CHECK(KeReadStateEvent(&event[0]));	/* nothing is taken before all can be */
	thread = nt_begin_thread(set_event_soon, &event[1]);
	CHECK_EQUAL(wait_several(2, objects, WaitAll, -60000 * MS), STATUS_SUCCESS);
	nt_end_thread(thread);
	CHECK_EQUAL(KeReadStateEvent(&event[0]) | KeReadStateEvent(&event[1]), 0);

	twice[0] = &event[0];
	twice[1] = &event[0];
	CHECK_EQUAL(wait_several(2, twice, WaitAll, 0), STATUS_INVALID_PARAMETER_MIX);
	CHECK_EQUAL(wait_several(2, twice, WaitAny, 0), STATUS_TIMEOUT);
	CHECK_EQUAL(wait_several(0, objects, WaitAny, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_EQUAL(KeWaitForMultipleObjects(4, objects, WaitAny, Executive, KernelMode, FALSE,
					     NULL, NULL),
		    STATUS_INVALID_PARAMETER_1);
}

static void look_at_dispatch_level(void)
{
	KEVENT event;
	KIRQL old;

	KeInitializeEvent(&event, SynchronizationEvent, FALSE);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	CHECK_EQUAL(nt_wait(&event, 0), STATUS_TIMEOUT);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	CHECK_EQUAL(nt_wait(&event, 0), STATUS_SUCCESS);
	KeLowerIrql(old);
}

static void delay(void)
{
	LARGE_INTEGER interval = nt_large(-20 * MS);
	LONGLONG begin = KeQueryInterruptTime(), took;

	CHECK_EQUAL(KeDelayExecutionThread(KernelMode, FALSE, &interval), STATUS_SUCCESS);
	took = KeQueryInterruptTime() - begin;
	CHECK(took >= 20 * MS && took < 60000LL * MS);
	interval = nt_large(0);
	CHECK_EQUAL(KeDelayExecutionThread(KernelMode, FALSE, &interval), STATUS_SUCCESS);
	interval = nt_large(nt_now() - MS);
	CHECK_EQUAL(KeDelayExecutionThread(KernelMode, FALSE, &interval), STATUS_SUCCESS);
}

#define PING_PONGS	1000

struct ping_pong {
	KEVENT ping, pong;
	LONG answers;
};

static VOID answer(PVOID context)
{
	struct ping_pong *game = context;
	int i;

	for (i = 0; i < PING_PONGS; i++) {
		if (nt_wait(&game->ping, -60000 * MS) != STATUS_SUCCESS)
			break;
		InterlockedIncrement(&game->answers);
		KeSetEvent(&game->pong, IO_NO_INCREMENT, FALSE);
	}
}

static void events_are_not_lost(void)
{
	struct ping_pong game = { .answers = 0 };
	PVOID thread;
	int i;

	KeInitializeEvent(&game.ping, SynchronizationEvent, FALSE);
	KeInitializeEvent(&game.pong, SynchronizationEvent, FALSE);
	thread = nt_begin_thread(answer, &game);
	for (i = 0; i < PING_PONGS; i++) {
		KeSetEvent(&game.ping, IO_NO_INCREMENT, FALSE);
		if (nt_wait(&game.pong, -60000 * MS) != STATUS_SUCCESS)
			break;
	}
	nt_end_thread(thread);
	CHECK_EQUAL(game.answers, PING_PONGS);
}

static VOID wait_for_event(PVOID context)
{
	CHECK_EQUAL(nt_wait_for_ever(context), STATUS_SUCCESS);
}

/* An event that has been set is the driver's, though the thread that waited has not run yet. */
static void set_events_can_go(void)
{
	KEVENT *event = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*event), TAG);
	PVOID thread;
	KIRQL old;

	CHECK(event);
	if (!event)
		return;
	KeInitializeEvent(event, NotificationEvent, FALSE);
	thread = nt_begin_thread(wait_for_event, event);
	while (IsListEmpty(&event->Header.WaitListHead))
		msleep(20);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	KeSetEvent(event, IO_NO_INCREMENT, FALSE);
	CHECK(IsListEmpty(&event->Header.WaitListHead));
	memset(event, 0xa5, sizeof(*event));
	KeLowerIrql(old);
	nt_end_thread(thread);
	CHECK(!memchr_inv(event, 0xa5, sizeof(*event)));
	ExFreePoolWithTag(event, TAG);
}

#define SETS	20000

static LONG sets, takes, setters;

static VOID set_often(PVOID context)
{
	int i;

	for (i = 0; i < SETS; i++)
		if (!KeSetEvent(context, IO_NO_INCREMENT, FALSE))
			InterlockedIncrement(&sets);
	InterlockedDecrement(&setters);
}

static VOID take_often(PVOID context)
{
	while (ReadNoFence(&setters))
		if (nt_wait(context, -(LONGLONG)(1 + (takes & 63))) == STATUS_SUCCESS)
			InterlockedIncrement(&takes);
}

/* Waits that time out at the moment the event is set: each set is taken once, or still there. */
static void timeouts_race_with_sets(void)
{
	PVOID thread[4];
	KEVENT event;
	int i;

	KeInitializeEvent(&event, SynchronizationEvent, FALSE);
	sets = 0;
	takes = 0;
	setters = 2;
	for (i = 0; i < 4; i++)
		thread[i] = nt_begin_thread(i < 2 ? take_often : set_often, &event);
	for (i = 0; i < 4; i++)
		nt_end_thread(thread[i]);
	CHECK_EQUAL(takes + (KeReadStateEvent(&event) ? 1 : 0), sets);
}

/* ---- DPCs and timers ---- */

struct dpc_log {
	LONG calls;
	KIRQL irql;
	PVOID argument1, argument2;
	KEVENT called;
};

static KDEFERRED_ROUTINE log_dpc;
static VOID log_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct dpc_log *log = context;

	log->irql = KeGetCurrentIrql();
	log->argument1 = argument1;
	log->argument2 = argument2;
	InterlockedIncrement(&log->calls);
	KeSetEvent(&log->called, IO_NO_INCREMENT, FALSE);
}

static void dpc_log_init(struct dpc_log *log)
{
	memset(log, 0, sizeof(*log));
	KeInitializeEvent(&log->called, SynchronizationEvent, FALSE);
}

static VOID free_self(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	ExFreePoolWithTag(dpc, TAG);
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
}

static void dpcs(void)
{
	struct dpc_log log;
	KDPC dpc, *own;
	KIRQL old;

	dpc_log_init(&log);
	KeInitializeDpc(&dpc, log_dpc, &log);
	CHECK(!KeRemoveQueueDpc(&dpc));
	KeRaiseIrql(DISPATCH_LEVEL, &old);	/* it cannot run on this CPU meanwhile */
	CHECK(KeInsertQueueDpc(&dpc, ULongToPtr(1), ULongToPtr(2)));
	CHECK(!KeInsertQueueDpc(&dpc, ULongToPtr(3), ULongToPtr(4)));
	CHECK(KeRemoveQueueDpc(&dpc));
	CHECK(!KeRemoveQueueDpc(&dpc));
	CHECK(KeInsertQueueDpc(&dpc, ULongToPtr(5), ULongToPtr(6)));
	KeLowerIrql(old);
	KeFlushQueuedDpcs();
	CHECK_EQUAL(log.calls, 1);
	CHECK_EQUAL(log.irql, DISPATCH_LEVEL);
	CHECK_EQUAL(PtrToUlong(log.argument1), 5);
	CHECK_EQUAL(PtrToUlong(log.argument2), 6);
	CHECK(KeInsertQueueDpc(&dpc, NULL, NULL));
	CHECK_EQUAL(nt_wait(&log.called, -60000 * MS), STATUS_SUCCESS);
	KeFlushQueuedDpcs();

	own = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*own), TAG);
	CHECK(own);
	if (!own)
		return;
	KeClearEvent(&log.called);
	KeInitializeDpc(own, free_self, &log.called);
	CHECK(KeInsertQueueDpc(own, NULL, NULL));
	CHECK_EQUAL(nt_wait(&log.called, -60000 * MS), STATUS_SUCCESS);
}

static void timers(void)
{
	LONGLONG begin, took;
	struct dpc_log log;
	KTIMER timer;
	KDPC dpc;

	dpc_log_init(&log);
	KeInitializeDpc(&dpc, log_dpc, &log);
	KeInitializeTimer(&timer);
	CHECK(!KeReadStateTimer(&timer));
	CHECK(!KeCancelTimer(&timer));

	/* relative, with a DPC */
	begin = KeQueryInterruptTime();
	CHECK(!KeSetTimer(&timer, nt_large(-20 * MS), &dpc));
	CHECK_EQUAL(nt_wait(&timer, -60000 * MS), STATUS_SUCCESS);
	took = KeQueryInterruptTime() - begin;
	CHECK(took >= 20 * MS && took < 60000LL * MS);
	CHECK(KeReadStateTimer(&timer));	/* a notification timer stays */
	CHECK_EQUAL(nt_wait(&log.called, -60000 * MS), STATUS_SUCCESS);
	KeFlushQueuedDpcs();
	CHECK_EQUAL(log.calls, 1);
	CHECK_EQUAL(log.irql, DISPATCH_LEVEL);

	/* set while set; cancel */
	CHECK(!KeSetTimer(&timer, nt_large(-60000 * MS), NULL));
	CHECK(!KeReadStateTimer(&timer));
	CHECK(KeSetTimer(&timer, nt_large(-50000 * MS), NULL));
	CHECK(KeCancelTimer(&timer));
	CHECK(!KeCancelTimer(&timer));
	CHECK_EQUAL(nt_wait(&timer, 0), STATUS_TIMEOUT);

	/* absolute, and in the past */
	CHECK(!KeSetTimer(&timer, nt_large(nt_now() + 20 * MS), NULL));
	CHECK_EQUAL(nt_wait(&timer, -60000 * MS), STATUS_SUCCESS);
	CHECK(!KeSetTimer(&timer, nt_large(nt_now() - MS), NULL));
	CHECK_EQUAL(nt_wait(&timer, 0), STATUS_SUCCESS);
	CHECK(!KeSetTimer(&timer, nt_large(0), NULL));
	CHECK(KeReadStateTimer(&timer));

	KeInitializeTimerEx(&timer, SynchronizationTimer);
	KeSetTimer(&timer, nt_large(-MS), NULL);
	CHECK_EQUAL(nt_wait(&timer, -60000 * MS), STATUS_SUCCESS);
	CHECK(!KeReadStateTimer(&timer));	/* the wait took it */
}

static void periodic_timer(void)
{
	LONGLONG begin, took;
	struct dpc_log log;
	KTIMER timer;
	KDPC dpc;
	LONG calls;
	int i;

	dpc_log_init(&log);
	KeInitializeDpc(&dpc, log_dpc, &log);
	KeInitializeTimerEx(&timer, SynchronizationTimer);
	begin = KeQueryInterruptTime();
	KeSetTimerEx(&timer, nt_large(-10 * MS), 20, &dpc);
	for (i = 0; i < 5; i++)
		CHECK_EQUAL(nt_wait(&timer, -60000 * MS), STATUS_SUCCESS);
	took = KeQueryInterruptTime() - begin;
	CHECK(took >= 90 * MS);
	CHECK(KeCancelTimer(&timer));
	KeFlushQueuedDpcs();
	calls = log.calls;
	CHECK(calls >= 1);
	msleep(60);
	CHECK_EQUAL(log.calls, calls);
}

#define MANY	40

static void many_timers(void)
{
	KTIMER *timer = ExAllocatePool2(POOL_FLAG_NON_PAGED, MANY * sizeof(*timer), TAG);
	int i;

	CHECK(timer);
	if (!timer)
		return;
	for (i = 0; i < MANY; i++) {
		KeInitializeTimer(&timer[i]);
		KeSetTimer(&timer[i],
			   nt_large(i & 1 ? -(LONGLONG)(MANY - i) * MS : nt_now() + i * MS), NULL);
	}
	for (i = 0; i < MANY; i += 4)
		KeCancelTimer(&timer[i]);
	for (i = 0; i < MANY; i++)
		if (i % 4)
			CHECK_EQUAL(nt_wait(&timer[i], -60000 * MS), STATUS_SUCCESS);
	ExFreePoolWithTag(timer, TAG);
}

struct own_timer {
	KTIMER timer;
	KDPC dpc;
};

static LONG timers_left;
static LONG flushing;

static VOID free_own_timer(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct own_timer *own = CONTAINING_RECORD(dpc, struct own_timer, dpc);

	memset(own, 0xff, sizeof(*own));
	ExFreePoolWithTag(own, TAG);
	if (!InterlockedDecrement(&timers_left))
		KeSetEvent(context, IO_NO_INCREMENT, FALSE);
}

/* Puts DPCs into the queues of other CPUs. */
static VOID flush_often(PVOID context)
{
	while (ReadNoFence(&flushing)) {
		KeFlushQueuedDpcs();
		cond_resched();
	}
}

/* The DPC of a timer that expires once may free the timer. */
static void timers_freed_by_their_dpc(void)
{
	struct own_timer *own;
	PVOID thread[2];
	KEVENT all_gone;
	int i, n;

	KeInitializeEvent(&all_gone, NotificationEvent, FALSE);
	timers_left = 1;
	flushing = 1;
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		thread[i] = nt_begin_thread(flush_often, NULL);
	for (n = 0; n < 2000; n++) {
		own = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*own), TAG);
		CHECK(own);
		if (!own)
			break;
		InterlockedIncrement(&timers_left);
		KeInitializeTimer(&own->timer);
		KeInitializeDpc(&own->dpc, free_own_timer, &all_gone);
		KeSetTimer(&own->timer, nt_large(-(LONGLONG)(n % 50) * 100), &own->dpc);
	}
	if (InterlockedDecrement(&timers_left))
		CHECK_EQUAL(nt_wait(&all_gone, -60000 * MS), STATUS_SUCCESS);
	InterlockedExchange(&flushing, 0);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		nt_end_thread(thread[i]);
	KeFlushQueuedDpcs();
}

/* ---- threads and handles ---- */

static noinline void terminate_deep(int depth)
{
	if (depth)
		terminate_deep(depth - 1);
	else
		PsTerminateSystemThread(STATUS_SUCCESS);
	barrier();	/* not a tail call */
}

/* Waits for the first of two events, and sets the second. */
static VOID wait_and_set(PVOID context)
{
	PRKEVENT event = context;

	nt_wait_for_ever(&event[0]);
	KeSetEvent(&event[1], IO_NO_INCREMENT, FALSE);
}

static VOID end_from_below(PVOID context)
{
	terminate_deep(3);
	*(bool *)context = true;	/* not reached */
}

static void threads(void)
{
	bool came_back = false;
	CLIENT_ID id = { };
	PVOID thread;
	HANDLE handle;
	KEVENT event[2];

	nt_end_thread(nt_begin_thread(end_from_below, &came_back));
	CHECK(!came_back);
	CHECK_EQUAL(PsTerminateSystemThread(STATUS_SUCCESS), STATUS_INVALID_PARAMETER);

	KeInitializeEvent(&event[0], NotificationEvent, FALSE);
	KeInitializeEvent(&event[1], NotificationEvent, FALSE);
	CHECK_EQUAL(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, &id,
					 wait_and_set, event),
		    STATUS_SUCCESS);
	CHECK(id.UniqueThread);
	CHECK_EQUAL(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &thread, NULL),
		    STATUS_SUCCESS);
	CHECK_EQUAL(nt_wait(thread, 0), STATUS_TIMEOUT);
	KeSetEvent(&event[0], IO_NO_INCREMENT, FALSE);
	CHECK_EQUAL(nt_wait(thread, -60000 * MS), STATUS_SUCCESS);
	CHECK(KeReadStateEvent(&event[1]));
	CHECK_EQUAL(nt_wait(thread, 0), STATUS_SUCCESS);	/* stays signalled */
	ObDereferenceObject(thread);
	CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);

	CHECK_EQUAL(ZwClose(handle), STATUS_INVALID_HANDLE);
	CHECK_EQUAL(ZwClose(NULL), STATUS_INVALID_HANDLE);
	CHECK_EQUAL(ZwClose(ULongToPtr(4)), STATUS_INVALID_HANDLE);
	CHECK_EQUAL(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &thread, NULL),
		    STATUS_INVALID_HANDLE);
	CHECK(!thread);
	CHECK_EQUAL(PsCreateSystemThread(&handle, 0, NULL, ULongToPtr(8), NULL, wait_and_set,
					 event),
		    STATUS_INVALID_PARAMETER_4);
}

/* ---- driver object and work items ---- */

struct item_log {
	PIO_WORKITEM item;
	LONG runs;
	KIRQL irql;
	KEVENT done;
};

static struct item_log item_log;
static PDRIVER_OBJECT test_driver;
static bool unloaded;
static bool late_item_ran;

static VOID run_three_times(PDEVICE_OBJECT device, PVOID context)
{
	struct item_log *log = context;

	CHECK((PDRIVER_OBJECT)device == test_driver);
	log->irql = KeGetCurrentIrql();
	if (InterlockedIncrement(&log->runs) < 3) {
		IoQueueWorkItem(log->item, run_three_times, DelayedWorkQueue, log);
		return;
	}
	IoFreeWorkItem(log->item);
	KeSetEvent(&log->done, IO_NO_INCREMENT, FALSE);
}

static VOID set_event_and_free(PDEVICE_OBJECT device, PVOID context)
{
	IoFreeWorkItem(item_log.item);
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
}

/* Frees its own item first, then waits for a new one, whose memory may be that of the old one. */
static VOID free_then_wait_for_another(PDEVICE_OBJECT device, PVOID context)
{
	static KEVENT other_ran;	/* if the wait fails, the item runs later */
	struct item_log *log = context;

	IoFreeWorkItem(log->item);
	log->item = IoAllocateWorkItem(device);
	CHECK(log->item);
	if (log->item) {
		KeInitializeEvent(&other_ran, NotificationEvent, FALSE);
		IoQueueWorkItem(log->item, set_event_and_free, DelayedWorkQueue, &other_ran);
		CHECK_EQUAL(nt_wait(&other_ran, -60000 * MS), STATUS_SUCCESS);
	}
	KeSetEvent(&log->done, IO_NO_INCREMENT, FALSE);
}

static VOID run_late(PDEVICE_OBJECT device, PVOID context)
{
	msleep(100);
	IoFreeWorkItem(context);
	late_item_ran = true;
}

static VOID unload(PDRIVER_OBJECT driver)
{
	PIO_WORKITEM item = IoAllocateWorkItem((PDEVICE_OBJECT)driver);

	CHECK(item);
	if (item)
		IoQueueWorkItem(item, run_late, CriticalWorkQueue, item);
	unloaded = true;
}

static bool ends_with(PCUNICODE_STRING string, PCWSTR end)
{
	UNICODE_STRING tail, have = *string;

	RtlInitUnicodeString(&tail, end);
	if (have.Length < tail.Length)
		return false;
	have.Buffer += (have.Length - tail.Length) / sizeof(WCHAR);
	have.Length = tail.Length;
	return RtlEqualUnicodeString(&have, &tail, FALSE);
}

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	CHECK_EQUAL(driver->Type, IO_TYPE_DRIVER);
	CHECK(ends_with(&driver->DriverName, L"\\Driver\\nt_test"));
	CHECK(ends_with(path, L"\\Services\\nt_test"));
	driver->DriverUnload = unload;
	return STATUS_SUCCESS;
}

static VOID run_long(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	KeStallExecutionProcessor(50000);
	*(bool *)context = true;
}

static bool late_dpc_ran;

static NTSTATUS failing_entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	static KDPC dpc;

	KeInitializeDpc(&dpc, run_long, &late_dpc_ran);
	CHECK(KeInsertQueueDpc(&dpc, NULL, NULL));
	driver->DriverUnload = unload;
	return STATUS_NO_SUCH_DEVICE;
}

/* Work items and DPCs that queue each other, left behind by DriverUnload. */
#define CHAIN_LINKS	10

static struct {
	PIO_WORKITEM item;
	KDPC dpc;
	int links;
} chain;

static VOID chain_item(PDEVICE_OBJECT device, PVOID context)
{
	if (++chain.links == CHAIN_LINKS)
		IoFreeWorkItem(chain.item);
	else
		KeInsertQueueDpc(&chain.dpc, NULL, NULL);
}

/* So late that no work item is left meanwhile. */
static VOID chain_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	KeStallExecutionProcessor(20000);
	IoQueueWorkItem(chain.item, chain_item, DelayedWorkQueue, NULL);
}

static VOID leave_chain(PDRIVER_OBJECT driver)
{
	chain.item = IoAllocateWorkItem((PDEVICE_OBJECT)driver);
	CHECK(chain.item);
	if (chain.item)
		IoQueueWorkItem(chain.item, chain_item, DelayedWorkQueue, NULL);
}

static NTSTATUS chain_entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	KeInitializeDpc(&chain.dpc, chain_dpc, NULL);
	driver->DriverUnload = leave_chain;
	return STATUS_SUCCESS;
}

static void unload_waits_for_chains(void)
{
	chain.links = 0;
	CHECK_EQUAL(kmcl_driver_load(THIS_MODULE, chain_entry, NULL, &test_driver), 0);
	kmcl_driver_unload(test_driver);
	CHECK_EQUAL(chain.links, CHAIN_LINKS);
}

static void driver_and_work_items(void)
{
	PIO_WORKITEM item;
	KIRQL old;

	unloaded = false;
	late_dpc_ran = false;
	CHECK_EQUAL(kmcl_driver_load(THIS_MODULE, failing_entry, NULL, &test_driver), -ENODEV);
	CHECK(!unloaded);
	CHECK(late_dpc_ran);	/* the module's text may go now */
	CHECK_EQUAL(kmcl_driver_load(THIS_MODULE, entry, NULL, &test_driver), 0);

	item = IoAllocateWorkItem((PDEVICE_OBJECT)test_driver);
	CHECK(item);
	item_log.item = item;
	item_log.runs = 0;
	KeInitializeEvent(&item_log.done, NotificationEvent, FALSE);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	IoQueueWorkItem(item, run_three_times, DelayedWorkQueue, &item_log);
	KeLowerIrql(old);
	CHECK_EQUAL(nt_wait(&item_log.done, -60000 * MS), STATUS_SUCCESS);
	CHECK_EQUAL(item_log.runs, 3);
	CHECK_EQUAL(item_log.irql, PASSIVE_LEVEL);

	item_log.item = IoAllocateWorkItem((PDEVICE_OBJECT)test_driver);
	CHECK(item_log.item);
	KeClearEvent(&item_log.done);
	IoQueueWorkItem(item_log.item, free_then_wait_for_another, DelayedWorkQueue, &item_log);
	CHECK_EQUAL(nt_wait(&item_log.done, -60000 * MS), STATUS_SUCCESS);

	late_item_ran = false;
	kmcl_driver_unload(test_driver);
	CHECK(unloaded);
	CHECK(late_item_ran);
}

/* ---- pool ---- */

static bool all_bytes(const void *p, size_t n, u8 value)
{
	return !memchr_inv(p, value, n);
}

/* What a driver asks for whose count of elements went below 0. */
static void pool_refuses_huge_sizes(void)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4094, SIZE_MAX - 4095,
	((size_t)S32_MAX << 12) + 1, (size_t)1 << 60 };
	struct kmcl_nt_usage before, after;
	int i;

	kmcl_nt_usage(&before);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		CHECK(!ExAllocatePool2(POOL_FLAG_NON_PAGED, sizes[i], TAG));
		CHECK(!ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_CACHE_ALIGNED, sizes[i], TAG));
		CHECK(!ExAllocatePoolZero(NonPagedPoolNx, sizes[i], TAG));
	}
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.pool_blocks, before.pool_blocks);
}

#define EMPTY_BLOCKS	1024

/* Each has an address of its own, inside memory of its own. */
static void empty_pool_blocks(void)
{
	void **block = kcalloc(EMPTY_BLOCKS, sizeof(*block), GFP_KERNEL);
	int i;

	CHECK(block);
	for (i = 0; block && i < EMPTY_BLOCKS; i++) {
		block[i] = ExAllocatePool2(POOL_FLAG_NON_PAGED |
					   (i & 1 ? POOL_FLAG_CACHE_ALIGNED : 0), 0, TAG);
		CHECK(block[i]);
		CHECK((unsigned long)block[i] & 0xfff);
	}
	for (i = 0; block && i < EMPTY_BLOCKS; i++)
		if (block[i])
			ExFreePoolWithTag(block[i], TAG);
	kfree(block);
}

static void pool(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 49, 70, 80, 81, 100, 113, 150, 176, 177,
	4080, 4095, 4096, 4097, 8192, 12288,
	70000, 8 << 20 };
	struct kmcl_nt_usage before, after;
	KIRQL old;
	void *p;
	int i;

	kmcl_nt_usage(&before);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizes[i], TAG);
		CHECK(p);
		if (!p)
			continue;
		CHECK(IS_ALIGNED((unsigned long)p, sizes[i] >= 4096 ? 4096 : 16));
		CHECK(all_bytes(p, sizes[i], 0));
		memset(p, 0xa5, sizes[i]);
		ExFreePoolWithTag(p, TAG);
		p = ExAllocatePoolZero(NonPagedPoolNx, sizes[i], TAG);
		CHECK(p && all_bytes(p, sizes[i], 0));
		if (p)
			ExFreePool(p);
		p = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_UNINITIALIZED |
				    POOL_FLAG_CACHE_ALIGNED, sizes[i], TAG);
		CHECK(p && IS_ALIGNED((unsigned long)p, 64));
		if (p)
			ExFreePoolWithTag(p, 0);
		p = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, sizes[i], TAG);
		CHECK(p && IS_ALIGNED((unsigned long)p, 64));
		if (p)
			ExFreePoolWithTag(p, TAG);
	}
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 6000, TAG);
	CHECK(p);
	if (p)
		ExFreePoolWithTag(p, TAG);
	p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 60, TAG);
	CHECK(p);
	if (p)
		ExFreePoolWithTag(p, TAG);
	KeLowerIrql(old);

	CHECK(!ExAllocatePool2(0, 64, TAG));
	CHECK(!ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED, 64, TAG));
	CHECK(!ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, 0));
	CHECK(!ExAllocatePool2(POOL_FLAG_NON_PAGED_EXECUTE, 64, TAG));
	CHECK(!ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 64, TAG));
	CHECK(!ExAllocatePool2(POOL_FLAG_NON_PAGED | 0x80000000ULL, 64, TAG));
	CHECK(!ExAllocatePoolWithTag(2, 64, TAG));
	p = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_SPECIAL_POOL, 64, TAG);
	CHECK(p);
	if (p)
		ExFreePool(p);
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.pool_blocks, before.pool_blocks);
	CHECK_EQUAL(after.pool_bytes, before.pool_bytes);
}

/* ---- MDLs ---- */

static char module_data[3 * 4096 + 100];

static PFN_NUMBER true_pfn(const void *va)
{
	if (virt_addr_valid(va))
		return virt_to_phys((void *)va) >> 12;
	return (page_to_phys(vmalloc_to_page(va)) + offset_in_page(va)) >> 12;
}

static void check_build(void *buffer, size_t offset, size_t length)
{
	void *va = buffer + offset;
	PMDL mdl = IoAllocateMdl(va, length, FALSE, FALSE, NULL);
	unsigned long i, pages;

	CHECK(mdl);
	if (!mdl)
		return;
	MmBuildMdlForNonPagedPool(mdl);
	CHECK(mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
	CHECK_EQUAL(MmGetMdlByteCount(mdl), length);
	CHECK_EQUAL(MmGetMdlByteOffset(mdl), (unsigned long)va & 0xfff);
	CHECK(MmGetMdlVirtualAddress(mdl) == va);
	CHECK(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == va);
	CHECK(MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE,
					   NormalPagePriority) == va);
	MmUnmapLockedPages(va, mdl);
	CHECK(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == va);
	CHECK(!mdl->Next);
	pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, length);
	CHECK_EQUAL(mdl->Size, 0x30 + 8 * pages);
	for (i = 0; i < pages; i++)
		CHECK_EQUAL(MmGetMdlPfnArray(mdl)[i], true_pfn(mdl->StartVa + i * 4096));
	IoFreeMdl(mdl);
}

static void mdl_pages_are_true(void)
{
	void *slab = kmalloc(5000, GFP_KERNEL), *area = vmalloc(10 * 4096);
	void *large_pool = ExAllocatePool2(POOL_FLAG_NON_PAGED, 1 << 20, TAG);

	CHECK(slab && area && large_pool);
	if (slab && area && large_pool) {
		check_build(slab, 0, 5000);
		check_build(slab, 4090, 20);
		check_build(slab, 7, 1);
		check_build(area, 0, 10 * 4096);
		check_build(area, 4095, 4097);
		check_build(module_data, 0, sizeof(module_data));
		check_build(module_data, 33, 5000);
		check_build(large_pool, 100, (1 << 20) - 100);
	}
	if (large_pool)
		ExFreePool(large_pool);
	vfree(area);
	kfree(slab);
}

static void mdl_lock_and_partial(void)
{
	char *area = vmalloc(4 * 4096);
	PMDL mdl, part;
	char *mapped;
	KIRQL old;
	int i;

	CHECK(area);
	if (!area)
		return;
	memset(area, 0, 4 * 4096);
	mdl = IoAllocateMdl(area + 100, 3 * 4096, FALSE, FALSE, NULL);
	part = IoAllocateMdl(area + 100, 3 * 4096, FALSE, FALSE, NULL);
	CHECK(mdl && part);
	MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
	CHECK_EQUAL(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_WRITE_OPERATION),
		    MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
	CHECK_EQUAL(MmGetMdlPfnArray(mdl)[3], true_pfn(area + 3 * 4096));

	mapped = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoExecute);
	CHECK(mapped);
	CHECK_EQUAL((unsigned long)mapped & 0xfff, 100);
	if (mapped) {
		memset(mapped, 0x5a, 3 * 4096);
		CHECK(all_bytes(area, 100, 0));
		CHECK(all_bytes(area + 100, 3 * 4096, 0x5a));
		CHECK(all_bytes(area + 100 + 3 * 4096, 4096 - 100, 0));
		CHECK(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == mapped);
	}

	IoBuildPartialMdl(mdl, part, area + 5000, 4000);
	CHECK_EQUAL(MmGetMdlByteCount(part), 4000);
	CHECK_EQUAL(MmGetMdlByteOffset(part), 5000 - 4096);
	CHECK_EQUAL(MmGetMdlPfnArray(part)[0], MmGetMdlPfnArray(mdl)[1]);
	CHECK_EQUAL(MmGetMdlPfnArray(part)[1], MmGetMdlPfnArray(mdl)[2]);
	CHECK(part->MdlFlags & MDL_PARTIAL);
	/* The source is mapped, so the part is, at DISPATCH_LEVEL too. */
	mapped = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	CHECK(MmGetSystemAddressForMdlSafe(part, NormalPagePriority) == mapped + 4900);
	KeLowerIrql(old);
	CHECK(!(part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED));
	MmPrepareMdlForReuse(part);
	CHECK(mapped && mapped[4900] == 0x5a);
	IoBuildPartialMdl(mdl, part, area + 5000, 0);
	CHECK_EQUAL(MmGetMdlByteCount(part), 100 + 3 * 4096 - 5000);
	IoFreeMdl(part);
	CHECK(mapped && mapped[4900] == 0x5a);	/* the source's mapping is still there */

	/* unmap where vunmap() must not be called */
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	KeLowerIrql(old);
	CHECK(!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA));

	/* The source is not mapped: the part has a mapping of its own, which goes with it. */
	part = IoAllocateMdl(area + 100, 3 * 4096, FALSE, FALSE, NULL);
	CHECK(part);
	for (i = 0; part && i < 3; i++) {
		IoBuildPartialMdl(mdl, part, area + 5000, 4000);
		CHECK(!part->MappedSystemVa);
		mapped = MmGetSystemAddressForMdlSafe(part, NormalPagePriority);
		CHECK(mapped && *mapped == 0x5a);
		CHECK(part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
		CHECK(!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA));
		if (i == 1)
			MmPrepareMdlForReuse(part);
	}
	if (part)
		IoFreeMdl(part);
	mapped = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	CHECK(mapped);
	MmUnlockPages(mdl);
	CHECK_EQUAL(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA), 0);
	IoFreeMdl(mdl);
	vfree(area);
}

/* Where the member Size is too small for the size. */
static void large_partial_mdl(void)
{
	const size_t size = 64 << 20;
	PMDL mdl = MmAllocatePagesForMdl(nt_large(0), nt_large(-1), nt_large(0), size);
	PMDL part = IoAllocateMdl(NULL, size, FALSE, FALSE, NULL);

	CHECK(mdl && part);
	if (mdl && part && MmGetMdlByteCount(mdl) == size) {
		CHECK_EQUAL((USHORT)part->Size, KMCL_MDL_SIZE_MAX);
		IoBuildPartialMdl(mdl, part, MmGetMdlVirtualAddress(mdl), 0);
		CHECK(part->MdlFlags & MDL_PAGES_LOCKED);
		CHECK_EQUAL(MmGetMdlPfnArray(part)[size / 4096 - 1],
			    MmGetMdlPfnArray(mdl)[size / 4096 - 1]);
	}
	if (part)
		IoFreeMdl(part);
	if (mdl) {
		MmFreePagesFromMdl(mdl);
		ExFreePool(mdl);
	}
}

static bool pages_differ(PMDL mdl)
{
	unsigned long pages = MmGetMdlByteCount(mdl) >> 12, i, j;

	for (i = 1; i < pages; i++)
		for (j = i > 64 ? i - 64 : 0; j < i; j++)
			if (MmGetMdlPfnArray(mdl)[i] == MmGetMdlPfnArray(mdl)[j])
				return false;
	return true;
}

static PMDL get_pages(LONGLONG high, SIZE_T bytes, LONGLONG skip, ULONG flags)
{
	return MmAllocatePagesForMdlEx(nt_large(0), nt_large(high), nt_large(skip), bytes, MmCached,
				       flags);
}

static void give_back(PMDL mdl)
{
	if (!mdl)
		return;
	MmFreePagesFromMdl(mdl);
	CHECK_EQUAL(MmGetMdlByteCount(mdl), 0);
	ExFreePool(mdl);
}

/* One page has an address always; that nothing may write through it is a wish there. */
static void mapping_at_dispatch(void)
{
	PMDL mdl = get_pages(-1, 4096, 0, 0);
	KIRQL old;
	u8 *va;

	CHECK(mdl);
	if (!mdl)
		return;
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite);
	CHECK(va && all_bytes(va, 4096, 0));
	if (va)
		MmUnmapLockedPages(va, mdl);
	KeLowerIrql(old);
	give_back(mdl);
}

static void pages_for_mdl(void)
{
	struct kmcl_nt_usage before, after;
	unsigned long i;
	PMDL mdl;
	u8 *va;

	kmcl_nt_usage(&before);
	mdl = get_pages(-1, 300 * 4096 - 5, 0, 0);
	CHECK(mdl);
	if (!mdl)
		return;
	CHECK_EQUAL(MmGetMdlByteCount(mdl), 300 * 4096);
	CHECK_EQUAL(MmGetMdlByteOffset(mdl), 0);
	CHECK(mdl->MdlFlags & MDL_PAGES_LOCKED);
	CHECK(pages_differ(mdl));
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.mdl_pages - before.mdl_pages, DIV_ROUND_UP(300 * 4096, PAGE_SIZE));
	for (i = 0; i < 300; i++)
		CHECK(pfn_valid(MmGetMdlPfnArray(mdl)[i] >> (PAGE_SHIFT - 12)));
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	CHECK(va);
	if (va) {
		CHECK(all_bytes(va, 300 * 4096, 0));
		memset(va, 0xee, 300 * 4096);
		for (i = 0; i < 300; i += 37)
			CHECK_EQUAL(true_pfn(va + i * 4096), MmGetMdlPfnArray(mdl)[i]);
	}
	give_back(mdl);		/* drops the mapping */

	mdl = MmAllocatePagesForMdl(nt_large(0), nt_large(-1), nt_large(0), 4096);
	CHECK(mdl && MmGetMdlByteCount(mdl) == 4096);
	give_back(mdl);

	mdl = get_pages(0xffffffff, 64 * 4096, 0,
			MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FULLY_REQUIRED);
	CHECK(mdl);
	for (i = 0; mdl && i < 64; i++)
		CHECK(MmGetMdlPfnArray(mdl)[i] < 0x100000);
	give_back(mdl);

	mdl = get_pages(0xffffff, 8 * 4096, 0, 0);	/* below 16 MiB */
	for (i = 0; mdl && i < MmGetMdlByteCount(mdl) >> 12; i++)
		CHECK(MmGetMdlPfnArray(mdl)[i] < 0x1000);
	give_back(mdl);

	mdl = get_pages(0x7ffffff, 4 << 20, 0, MM_ALLOCATE_PREFER_CONTIGUOUS);	/* below 128 MiB */
	for (i = 0; mdl && i < MmGetMdlByteCount(mdl) >> 12; i++)
		CHECK(MmGetMdlPfnArray(mdl)[i] < 0x8000);
	give_back(mdl);

	mdl = get_pages(-1, 2 << 20, 0x10000,
			MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS | MM_ALLOCATE_FULLY_REQUIRED);
	CHECK(mdl);
	for (i = 0; mdl && i < 512; i++)
		CHECK_EQUAL(MmGetMdlPfnArray(mdl)[i], MmGetMdlPfnArray(mdl)[i & ~15UL] + (i & 15));
	give_back(mdl);

	mdl = get_pages(-1, (4 << 20) + 4096, 0, MM_ALLOCATE_PREFER_CONTIGUOUS);
	CHECK(mdl && MmGetMdlByteCount(mdl) == (4 << 20) + 4096 && pages_differ(mdl));
	give_back(mdl);

	mdl = get_pages(-1, 4096, 0, MM_ALLOCATE_NO_WAIT | MM_ALLOCATE_FROM_LOCAL_NODE_ONLY |
			MM_ALLOCATE_TRIM_IF_NECESSARY);
	CHECK(mdl);
	give_back(mdl);

	/* a range with nothing in it, and what is refused */
	CHECK(!MmAllocatePagesForMdlEx(nt_large(0x7ffffffff000LL), nt_large(-1), nt_large(0), 4096,
				       MmCached, 0));
	CHECK(!get_pages(-1, 0, 0, 0));
	CHECK(!get_pages(-1, 0x100000000ULL, 0, 0));
	CHECK(!get_pages(-1, 4096, 4096, 0));
	CHECK(!get_pages(-1, 4096, 0, MM_ALLOCATE_FAST_LARGE_PAGES));
	CHECK(!get_pages(-1, 4096, 0, MM_ALLOCATE_AND_HOT_REMOVE));
	CHECK(!get_pages(-1, 4096, 0, 0x10000));
	CHECK(!get_pages(-1, 0x18000, 0x10000, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS));
	CHECK(!get_pages(-1, 0x30000, 0x30000, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS));
	CHECK(!MmAllocatePagesForMdlEx(nt_large(0), nt_large(-1), nt_large(0), 4096, MmNonCached,
				       0));
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.mdl_pages, before.mdl_pages);
	CHECK_EQUAL(after.pool_blocks, before.pool_blocks);
}

/* More than there is: without FULLY_REQUIRED a part, with it nothing; nobody is killed for it. */
static void more_pages_than_there_are(void)
{
	struct kmcl_nt_usage before, after;
	SYSTEM_BASIC_INFORMATION basic;
	SIZE_T bytes;
	PMDL mdl;

	kmcl_nt_usage(&before);
	CHECK_EQUAL(ZwQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), NULL),
		    STATUS_SUCCESS);
	bytes = (SIZE_T)basic.NumberOfPhysicalPages * 4096 + (16 << 20);
	if (bytes > 0xf0000000ULL) {
		pr_info("# too much memory for this test\n");
		return;
	}
	mdl = get_pages(-1, bytes, 0, MM_DONT_ZERO_ALLOCATION);
	CHECK(mdl && MmGetMdlByteCount(mdl) < bytes && MmGetMdlByteCount(mdl) > bytes / 4);
	give_back(mdl);
	CHECK(!get_pages(-1, bytes, 0, MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FULLY_REQUIRED));
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.mdl_pages, before.mdl_pages);
}

/* ---- lists, interlocked operations ---- */

struct item {
	LIST_ENTRY link;
	SINGLE_LIST_ENTRY single;
	int number;
};

static int first_number(PLIST_ENTRY head)
{
	return CONTAINING_RECORD(head->Flink, struct item, link)->number;
}

static void lists(void)
{
	struct item item[4];
	SINGLE_LIST_ENTRY stack = { };
	LIST_ENTRY head, other;
	KSPIN_LOCK lock;
	int i;

	for (i = 0; i < 4; i++)
		item[i].number = i;
	InitializeListHead(&head);
	CHECK(IsListEmpty(&head));
	InsertTailList(&head, &item[1].link);
	InsertTailList(&head, &item[2].link);
	InsertHeadList(&head, &item[0].link);
	CHECK_EQUAL(first_number(&head), 0);
	CHECK(!RemoveEntryList(&item[1].link));
	CHECK(RemoveHeadList(&head) == &item[0].link);
	CHECK(RemoveTailList(&head) == &item[2].link);
	CHECK(IsListEmpty(&head));
	InsertTailList(&head, &item[0].link);
	CHECK(RemoveEntryList(&item[0].link));		/* TRUE: empty now */

	InitializeListHead(&other);
	InsertTailList(&head, &item[0].link);
	InsertTailList(&other, &item[1].link);
	InsertTailList(&other, &item[2].link);
	RemoveEntryList(&other);			/* the list without its head */
	AppendTailList(&head, &item[1].link);
	for (i = 0; i < 3; i++)
		CHECK(RemoveHeadList(&head) == &item[i].link);
	CHECK(IsListEmpty(&head));

	CHECK(!PopEntryList(&stack));
	PushEntryList(&stack, &item[0].single);
	PushEntryList(&stack, &item[1].single);
	CHECK(PopEntryList(&stack) == &item[1].single);
	CHECK(PopEntryList(&stack) == &item[0].single);

	KeInitializeSpinLock(&lock);
	CHECK(!ExInterlockedRemoveHeadList(&head, &lock));
	CHECK(!ExInterlockedInsertTailList(&head, &item[1].link, &lock));
	CHECK(ExInterlockedInsertTailList(&head, &item[2].link, &lock) == &item[1].link);
	CHECK(ExInterlockedInsertHeadList(&head, &item[0].link, &lock) == &item[1].link);
	for (i = 0; i < 3; i++)
		CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &item[i].link);
}

static void interlocked(void)
{
	LONG64 wide = 1LL << 40;
	PVOID pointer = &wide;
	LONG value = 5;

	CHECK_EQUAL(InterlockedIncrement(&value), 6);
	CHECK_EQUAL(InterlockedDecrement(&value), 5);
	CHECK_EQUAL(InterlockedAdd(&value, 3), 8);
	CHECK_EQUAL(InterlockedExchangeAdd(&value, 2), 8);
	CHECK_EQUAL(InterlockedExchange(&value, 7), 10);
	CHECK_EQUAL(InterlockedCompareExchange(&value, 1, 6), 7);
	CHECK_EQUAL(InterlockedCompareExchange(&value, 6, 7), 7);
	CHECK_EQUAL(InterlockedOr(&value, 8), 6);
	CHECK_EQUAL(InterlockedAnd(&value, 12), 14);
	CHECK_EQUAL(InterlockedXor(&value, 4), 12);
	CHECK_EQUAL(value, 8);
	CHECK_EQUAL(InterlockedIncrement64(&wide), (1LL << 40) + 1);
	CHECK_EQUAL(InterlockedCompareExchange64(&wide, 0, (1LL << 40) + 1), (1LL << 40) + 1);
	CHECK_EQUAL(wide, 0);
	CHECK(InterlockedExchangePointer(&pointer, NULL) == &wide);
	CHECK(!InterlockedCompareExchangePointer(&pointer, &value, NULL));
	CHECK(pointer == &value);
}

/* ---- strings ---- */

static bool is_string(PCUNICODE_STRING string, PCWSTR want)
{
	UNICODE_STRING w;

	RtlInitUnicodeString(&w, want);
	return RtlEqualUnicodeString(string, &w, FALSE);
}

static void strings(void)
{
	DECLARE_CONST_UNICODE_STRING(constant, L"abc");
	DECLARE_UNICODE_STRING_SIZE(small, 5);
	UNICODE_STRING string, upper = RTL_CONSTANT_STRING(L"ABC\x00c4");
	UNICODE_STRING lower = RTL_CONSTANT_STRING(L"abc\x00e4");

	RtlInitUnicodeString(&string, L"hello");
	CHECK_EQUAL(string.Length, 10);
	CHECK_EQUAL(string.MaximumLength, 12);
	RtlInitUnicodeString(&string, NULL);
	CHECK(!string.Length && !string.MaximumLength && !string.Buffer);
	CHECK_EQUAL(constant.Length, 6);
	CHECK_EQUAL(constant.MaximumLength, 8);

	CHECK_EQUAL(RtlAppendUnicodeToString(&small, L"ab"), STATUS_SUCCESS);
	CHECK_EQUAL(RtlAppendUnicodeStringToString(&small, &constant), STATUS_SUCCESS);
	CHECK(is_string(&small, L"ababc"));
	CHECK_EQUAL(RtlAppendUnicodeToString(&small, L"x"), STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(small.Length, 10);
	CHECK_EQUAL(RtlAppendUnicodeToString(&small, NULL), STATUS_SUCCESS);
	RtlInitUnicodeString(&string, L"longer than five");
	RtlCopyUnicodeString(&small, &string);
	CHECK(is_string(&small, L"longe"));
	RtlCopyUnicodeString(&small, NULL);
	CHECK_EQUAL(small.Length, 0);
	RtlInitEmptyUnicodeString(&string, small.Buffer, small.MaximumLength);
	CHECK_EQUAL(string.MaximumLength, 10);

	CHECK(RtlEqualUnicodeString(&upper, &lower, TRUE));
	CHECK(!RtlEqualUnicodeString(&upper, &lower, FALSE));
	CHECK(RtlCompareUnicodeString(&upper, &lower, FALSE) < 0);
	CHECK(RtlCompareUnicodeString(&constant, &lower, TRUE) < 0);	/* a prefix is less */
	CHECK_EQUAL(RtlCompareMemory("abcd", "abxd", 4), 2);
	CHECK_EQUAL(RtlCompareMemory("abcd", "abcd", 4), 4);
}

static void guids(void)
{
	static const GUID guid = { 0x525074dc, 0x8985, 0x46e2, { 0x80, 0x57, 0xa3, 0x07, 0xdc, 0x18,
	0xa5, 0x02 } };
	UNICODE_STRING text;
	GUID back = { };

	CHECK_EQUAL(RtlStringFromGUID(&guid, &text), STATUS_SUCCESS);
	CHECK(is_string(&text, L"{525074DC-8985-46E2-8057-A307DC18A502}"));
	CHECK_EQUAL(RtlGUIDFromString(&text, &back), STATUS_SUCCESS);
	CHECK(IsEqualGUID(&guid, &back));
	text.Buffer[5] = 'g';
	CHECK_EQUAL(RtlGUIDFromString(&text, &back), STATUS_INVALID_PARAMETER);
	text.Length -= 2;
	CHECK_EQUAL(RtlGUIDFromString(&text, &back), STATUS_INVALID_PARAMETER);
	RtlFreeUnicodeString(&text);
	CHECK(!text.Buffer);
	/* So goes a buffer that the driver has allocated. */
	text.Buffer = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
	RtlFreeUnicodeString(&text);
	CHECK(!text.Buffer);
}

/* ---- time, system, status, messages ---- */

static void clocks(void)
{
	LARGE_INTEGER precise;
	LONGLONG unix_epoch;
	ULONGLONG boot;

	unix_epoch = nt_now() - ktime_get_real_ns() / 100;
	CHECK(abs(unix_epoch - 116444736000000000LL) < 60000LL * MS);
	KeQuerySystemTimePrecise(&precise);
	CHECK(nt_now() >= precise.QuadPart);
	boot = KeQueryInterruptTime();
	KeStallExecutionProcessor(3000);
	CHECK(KeQueryInterruptTime() - boot >= 30000);
}

static void system_information(void)
{
	SYSTEM_PERFORMANCE_INFORMATION performance;
	SYSTEM_BASIC_INFORMATION basic;
	ULONG size;

	CHECK_EQUAL(ZwQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), &size),
		    STATUS_SUCCESS);
	CHECK_EQUAL(size, 64);
	CHECK_EQUAL(basic.PageSize, 4096);
	CHECK_EQUAL(basic.NumberOfPhysicalPages, totalram_pages() * (PAGE_SIZE / 4096));
	CHECK_EQUAL(basic.NumberOfProcessors, num_online_cpus());
	CHECK_EQUAL(ZwQuerySystemInformation(SystemPerformanceInformation, &performance,
					     sizeof(performance), NULL),
		    STATUS_SUCCESS);
	CHECK(performance.AvailablePages);
	CHECK(performance.AvailablePages <= basic.NumberOfPhysicalPages);
	CHECK_EQUAL(ZwQuerySystemInformation(SystemBasicInformation, &basic, 8, &size),
		    STATUS_INFO_LENGTH_MISMATCH);
	CHECK_EQUAL(ZwQuerySystemInformation(99, &basic, sizeof(basic), NULL),
		    STATUS_INVALID_INFO_CLASS);
}

static void statuses(void)
{
	CHECK_EQUAL(kmcl_status_to_errno(STATUS_SUCCESS), 0);
	CHECK_EQUAL(kmcl_status_to_errno(STATUS_PENDING), 0);
	CHECK_EQUAL(kmcl_status_to_errno(STATUS_INSUFFICIENT_RESOURCES), -ENOMEM);
	CHECK_EQUAL(kmcl_status_to_errno(STATUS_BUFFER_OVERFLOW), -EOVERFLOW);
	CHECK_EQUAL(kmcl_status_to_errno((NTSTATUS)0xc0ffeeee), -EIO);
	CHECK_EQUAL(kmcl_errno_to_status(0), STATUS_SUCCESS);
	CHECK_EQUAL(kmcl_errno_to_status(-ENOMEM), STATUS_INSUFFICIENT_RESOURCES);
	CHECK_EQUAL(kmcl_errno_to_status(-ENODEV), STATUS_NO_SUCH_DEVICE);
	CHECK_EQUAL(kmcl_errno_to_status(-EDOM), STATUS_UNSUCCESSFUL);
	CHECK(NT_SUCCESS(STATUS_PENDING) && !NT_SUCCESS(STATUS_BUFFER_OVERFLOW));
	CHECK(NT_WARNING(STATUS_BUFFER_OVERFLOW) && NT_ERROR(STATUS_CANCELLED));
}

/*
 * The formats themselves have a test in user space (selftests/api); the script looks for these
 * lines in the log.
 */
static void messages(void)
{
	UNICODE_STRING name = RTL_CONSTANT_STRING(L"na\x00efve");

	CHECK_EQUAL(DbgPrint("nt_test: message 1 %wZ %S %ws %s %I64x %lu %x\n", &name, L"wide",
			     L"too", "narrow",
			     0x123456789abcdefULL, (ULONG)-1, 0xff), STATUS_SUCCESS);
	DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "nt_test: message 2 without a newline");
	KdPrint(("nt_test: never printed\n"));	/* DBG is 0 */
}

/* Strings that a host may have made; the script looks for them. */
static void hostile_messages(void)
{
	static const WCHAR bad[] = {
		'x', 0x1b, '[', '3', '1', 'm', 0, 0x7f, '\r', 0xd800, 'y', 'z'
	};
	UNICODE_STRING text = { sizeof(bad) - 1, sizeof(bad), (PWCH)bad };	/* odd */
	UNICODE_STRING gone = { 12, 12, NULL };

	DbgPrint("nt_test: message 8 %wZ end\r\n", &text);
	DbgPrint("nt_test: message 9 %wZ %wZ %Z\n", NULL, &gone, &gone);
	DbgPrint("nt_test: message 10 %.3wZ%%n %n end", &text);
}

/* Widths and precisions out of a driver's variables; the script looks for message 4. */
static void extreme_messages(void)
{
	LONGLONG begin = KeQueryInterruptTime();

	DbgPrint("nt_test: message 3 %*d", INT_MIN, 1);
	DbgPrint("nt_test: message 4 %c%c%.*s end", 'a', 0, INT_MAX, "text");
	DbgPrint("nt_test: message 5 %*d", INT_MAX, 1);
	DbgPrint("nt_test: message 6 %#.*x", INT_MAX, 1);
	DbgPrint("nt_test: message 7 %-*.*d", INT_MAX, INT_MAX, -1);
	CHECK(KeQueryInterruptTime() - begin < 60000LL * MS);
}

/* ---- driver errors: each warns ---- */

static void misuse_mdl(void)
{
	char on_stack[32];
	PMDL mdl = IoAllocateMdl(on_stack, sizeof(on_stack), FALSE, FALSE, NULL);

	CHECK(mdl);
	if (!mdl)
		return;
	MmBuildMdlForNonPagedPool(mdl);
	CHECK_EQUAL(mdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_PAGES_LOCKED), 0);
	MmProbeAndLockPages(mdl, UserMode, IoReadAccess);
	CHECK_EQUAL(mdl->MdlFlags & MDL_PAGES_LOCKED, 0);
	CHECK(!MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	MmFreePagesFromMdl(mdl);
	MmUnmapLockedPages(on_stack, mdl);
	IoFreeMdl(mdl);
}

static void misuse_partial_mdl(void)
{
	char *area = vmalloc(4 * 4096);
	PMDL mdl, part;

	CHECK(area);
	if (!area)
		return;
	mdl = IoAllocateMdl(area, 4 * 4096, FALSE, FALSE, NULL);
	part = IoAllocateMdl(area, 4096, FALSE, FALSE, NULL);
	CHECK(mdl && part);
	MmBuildMdlForNonPagedPool(mdl);
	IoBuildPartialMdl(mdl, part, area, 4097);
	CHECK(!(part->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL));
	IoBuildPartialMdl(mdl, part, area + 1, 4096);
	CHECK(!(part->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL));
	IoBuildPartialMdl(mdl, part, area + 4096, 0);
	CHECK(!(part->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL));
	IoBuildPartialMdl(mdl, part, area + 3 * 4096, 0);
	CHECK(part->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
	IoFreeMdl(part);
	IoFreeMdl(mdl);
	vfree(area);
}

static void misuse_wait(void)
{
	KEVENT event;
	KIRQL old;

	memset(&event, 0, sizeof(event));
	CHECK_EQUAL(nt_wait(&event, 0), STATUS_OBJECT_TYPE_MISMATCH);
	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	CHECK_EQUAL(nt_wait(&event, -MS), STATUS_INVALID_DEVICE_REQUEST);
	CHECK(!get_pages(-1, 4096, 0, 0));
	KeLowerIrql(old);
}

static void misuse_pool(void)
{
	void *p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
	struct kmcl_nt_usage before, after;

	CHECK(p);
	if (!p)
		return;
	kmcl_nt_usage(&before);
	ExFreePoolWithTag(p, TAG + 1);
	ExFreePoolWithTag(NULL, 0);
	ExFreePoolWithTag(module_data + 64, 0);
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.pool_blocks, before.pool_blocks);
	ExFreePoolWithTag(p, TAG);
}

/* What would sleep is told, and does not. */
static void misuse_of_irql(void)
{
	UNICODE_STRING wide = { };
	ANSI_STRING narrow;
	HANDLE thread;
	PVOID block;
	KIRQL old;

	RtlInitAnsiString(&narrow, "text");
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	KeFlushQueuedDpcs();
	CHECK_EQUAL(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL,
					 set_event_soon, NULL), STATUS_INVALID_DEVICE_REQUEST);
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&wide, &narrow, TRUE), STATUS_SUCCESS);
	block = ExAllocatePool2(POOL_FLAG_PAGED, 100, TAG);
	CHECK(block);
	KeLowerIrql(old);
	CHECK_EQUAL(wide.Length, 8);
	RtlFreeUnicodeString(&wide);
	if (block)
		ExFreePoolWithTag(block, TAG);
}

static void misuse_locks(void)
{
	DRIVER_OBJECT bus = { .Type = IO_TYPE_DRIVER };
	DEVICE_OBJECT pdo = { .Type = IO_TYPE_DEVICE, .DriverObject = &bus };
	KSPIN_LOCK lock;
	KIRQL old;

	KeInitializeSpinLock(&lock);
	KeRaiseIrql(HIGH_LEVEL, &old);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(old);
	CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
	CHECK(!IoAllocateWorkItem(NULL));
	/* As a PDO, whose driver object is the library's. */
	CHECK(!IoAllocateWorkItem(&pdo));
}

const struct nt_test nt_basics_tests[] = {
	{ "irql", irql },
	{ "spin lock levels", spin_lock_levels },
	{ "spin lock excludes", spin_lock_excludes },
	{ "work under spin lock", work_under_spin_lock },
	{ "event states", event_states },
	{ "wait timeouts", wait_timeouts },
	{ "wait is woken", wait_is_woken },
	{ "wake one or all", wake_one_or_all },
	{ "wait for several", wait_for_several },
	{ "look at dispatch level", look_at_dispatch_level },
	{ "delay", delay },
	{ "events are not lost", events_are_not_lost },
	{ "set events can go", set_events_can_go },
	{ "timeouts race with sets", timeouts_race_with_sets },
	{ "dpcs", dpcs },
	{ "timers", timers },
	{ "periodic timer", periodic_timer },
	{ "many timers", many_timers },
	{ "timers freed by their dpc", timers_freed_by_their_dpc },
	{ "threads", threads },
	{ "driver and work items", driver_and_work_items },
	{ "DriverUnload: work items and DPCs that queue each other", unload_waits_for_chains },
	{ "pool", pool },
	{ "empty pool blocks", empty_pool_blocks },
	{ "pool refuses huge sizes", pool_refuses_huge_sizes },
	{ "mdl pages are true", mdl_pages_are_true },
	{ "mdl lock and partial", mdl_lock_and_partial },
	{ "large partial mdl", large_partial_mdl },
	{ "pages for mdl", pages_for_mdl },
	{ "a mapping at DISPATCH_LEVEL", mapping_at_dispatch },
	{ "more pages than there are", more_pages_than_there_are },
	{ "lists", lists },
	{ "interlocked", interlocked },
	{ "strings", strings },
	{ "guids", guids },
	{ "clocks", clocks },
	{ "system information", system_information },
	{ "statuses", statuses },
	{ "messages", messages },
	{ "extreme messages", extreme_messages },
	{ "hostile messages", hostile_messages },
	{ }
};

const struct nt_test nt_misuse_tests[] = {
	{ "misuse of mdls", misuse_mdl },
	{ "misuse of partial mdls", misuse_partial_mdl },
	{ "misuse of waits", misuse_wait },
	{ "misuse of pool", misuse_pool },
	{ "misuse of locks", misuse_locks },
	{ "what would sleep at DISPATCH_LEVEL", misuse_of_irql },
	{ }
};
