// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for dispatcher objects: events, mutexes, semaphores, timers and threads, one or several
 * at once.
 *
 * A wait puts one block for each object on that object's list. Whoever signals an object walks its
 * list and, for each wait that this satisfies, takes from the objects what the wait consumes, marks
 * it as done and wakes the thread. All that is under one lock (nt.h). The thread removes its own
 * blocks, also under the lock, so the signalling side is done with an object when a waiter returns:
 * an event on the stack of the waiter is safe.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "nt.h"

#define WAITING		(-1)
#define TIMED_OUT	(-2)

DEFINE_RAW_SPINLOCK(kmcl_dispatcher_lock);

struct kmcl_wait {
	struct task_struct *task;
	PKWAIT_BLOCK blocks;
	ULONG count;
	WAIT_TYPE type;
	int result;		/* WAITING, TIMED_OUT or the index of the object */
	struct kmcl_timeout timeout;
};

/**
 * kmcl_dispatcher_setup() - initialise the head of a dispatcher object
 * @header: the head
 * @type: the type
 * @size: size of the object in bytes
 * @state: signalled if above 0
 */
void kmcl_dispatcher_setup(PDISPATCHER_HEADER header, enum kmcl_object_type type, size_t size,
			   LONG state)
{
	header->Type = type;
	header->Magic = KMCL_DISPATCHER_MAGIC;
	header->Size = size / sizeof(ULONG);
	header->Reserved = 0;
	header->SignalState = state;
	InitializeListHead(&header->WaitListHead);
}

/**
 * kmcl_dispatcher_valid() - is it a dispatcher object?
 * @header: its head
 *
 * Return: false, with one warning in the log, for anything that was not initialised.
 */
bool kmcl_dispatcher_valid(const DISPATCHER_HEADER *header)
{
	return !WARN_ONCE(!header || header->Magic != KMCL_DISPATCHER_MAGIC,
			  "not an initialised dispatcher object\n");
}

/* An owner of a mutex may have it once more. */
static bool satisfies(PDISPATCHER_HEADER header, const struct kmcl_wait *wait)
{
	return header->SignalState > 0 || (header->Type == KMCL_MUTANT &&
	       CONTAINING_RECORD(header, KMUTANT, Header)->OwnerThread == wait->task);
}

/* What a satisfied wait takes from an object. */
static void consume(PDISPATCHER_HEADER header, const struct kmcl_wait *wait)
{
	switch (header->Type) {
	case KMCL_EVENT_SYNCHRONIZATION:
	case KMCL_TIMER_SYNCHRONIZATION:
		header->SignalState = 0;
		break;
	case KMCL_MUTANT:
		CONTAINING_RECORD(header, KMUTANT, Header)->OwnerThread = wait->task;
		fallthrough;
	case KMCL_SEMAPHORE:
		header->SignalState--;
		break;
	}
}

/* Satisfies the wait if its objects allow that now; @hint is the object that was just signalled. */
static bool try_satisfy(struct kmcl_wait *wait, ULONG hint)
{
	ULONG i;

	if (wait->type == WaitAny) {
		if (!satisfies(wait->blocks[hint].Object, wait))
			return false;
		consume(wait->blocks[hint].Object, wait);
		wait->result = hint;
		return true;
	}
	for (i = 0; i < wait->count; i++)
		if (!satisfies(wait->blocks[i].Object, wait))
			return false;
	for (i = 0; i < wait->count; i++)
		consume(wait->blocks[i].Object, wait);
	wait->result = 0;
	return true;
}

static void enqueue(struct kmcl_wait *wait)
{
	ULONG i;

	for (i = 0; i < wait->count; i++)
		InsertTailList(&wait->blocks[i].Object->WaitListHead,
			       &wait->blocks[i].WaitListEntry);
}

/*
 * Whoever ends a wait takes it off its objects: these are the driver's again, to free or to
 * initialise, as soon as the one who signalled returns.
 */
static void dequeue(struct kmcl_wait *wait)
{
	ULONG i;

	for (i = 0; i < wait->count; i++)
		RemoveEntryList(&wait->blocks[i].WaitListEntry);
}

/**
 * kmcl_dispatcher_signal() - wake whom a signalled object satisfies
 * @header: the object, SignalState already set
 *
 * Called with the dispatcher lock held. First come, first served.
 */
void kmcl_dispatcher_signal(PDISPATCHER_HEADER header)
{
	PLIST_ENTRY head = &header->WaitListHead, entry = head->Flink;

	while (entry != head && header->SignalState > 0) {
		PKWAIT_BLOCK block = CONTAINING_RECORD(entry, KWAIT_BLOCK, WaitListEntry);
		struct kmcl_wait *wait = block->Wait;

		entry = entry->Flink;
		if (!try_satisfy(wait, block->Index))
			continue;
		dequeue(wait);
		wake_up_process(wait->task);
		/* It may have waited for this object twice. */
		entry = head->Flink;
	}
}

static void wait_timed_out(struct kmcl_timeout *timeout)
{
	struct kmcl_wait *wait = container_of(timeout, struct kmcl_wait, timeout);

	if (wait->result != WAITING)
		return;
	wait->result = TIMED_OUT;
	dequeue(wait);
	wake_up_process(wait->task);
}

static bool satisfied_at_once(struct kmcl_wait *wait)
{
	ULONG i;

	if (wait->type == WaitAll)
		return try_satisfy(wait, 0);
	for (i = 0; i < wait->count; i++)
		if (try_satisfy(wait, i))
			return true;
	return false;
}

/*
 * A kernel thread that waits is at rest, not stuck, and must not count as load or as hung; work
 * queues and processes are expected to go on some time.
 */
static unsigned int wait_state(void)
{
	if ((current->flags & (PF_KTHREAD | PF_WQ_WORKER)) == PF_KTHREAD)
		return TASK_IDLE;
	return TASK_UNINTERRUPTIBLE;
}

/* Called with the lock held and interrupts off; returns so. */
static void sleep_until_done(struct kmcl_wait *wait)
{
	unsigned int state = wait_state();

	while (wait->result == WAITING) {
		set_current_state(state);
		raw_spin_unlock_irq(&kmcl_dispatcher_lock);
		schedule();
		raw_spin_lock_irq(&kmcl_dispatcher_lock);
	}
	__set_current_state(TASK_RUNNING);
}

static NTSTATUS wait_status(const struct kmcl_wait *wait)
{
	return wait->result == TIMED_OUT ? STATUS_TIMEOUT : STATUS_WAIT_0 + wait->result;
}

/* timeout: NULL for ever, 0 a look only. */
static NTSTATUS do_wait(struct kmcl_wait *wait, PLARGE_INTEGER timeout)
{
	bool look_only = timeout && !timeout->QuadPart;
	enum kmcl_clock clock;
	unsigned long flags;
	ktime_t expires = 0;

	wait->task = current;
	wait->result = WAITING;
	if (look_only) {
		raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
		if (!satisfied_at_once(wait))
			wait->result = TIMED_OUT;
		raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
		return wait_status(wait);
	}

	if (WARN_ONCE(KeGetCurrentIrql() >= DISPATCH_LEVEL, "a wait at DISPATCH_LEVEL\n"))
		return STATUS_INVALID_DEVICE_REQUEST;
	might_sleep();
	if (timeout)
		expires = kmcl_nt_expiry(timeout->QuadPart, &clock);
	raw_spin_lock_irq(&kmcl_dispatcher_lock);
	if (!satisfied_at_once(wait)) {
		enqueue(wait);
		wait->timeout.queued = false;
		wait->timeout.fire = wait_timed_out;
		if (timeout)
			kmcl_timeout_start(&wait->timeout, clock, expires);
		sleep_until_done(wait);
		if (timeout)
			kmcl_timeout_cancel(&wait->timeout);
	}
	raw_spin_unlock_irq(&kmcl_dispatcher_lock);
	return wait_status(wait);
}

static void set_block(struct kmcl_wait *wait, ULONG i, PVOID object)
{
	wait->blocks[i].Object = object;
	wait->blocks[i].Wait = wait;
	wait->blocks[i].Index = i;
}

/**
 * KeWaitForSingleObject() - wait for an event, mutex, semaphore, timer or thread
 * @Object: a KEVENT, KMUTEX, KSEMAPHORE or KTIMER, or a thread object
 * @WaitReason: ignored
 * @WaitMode: ignored; signals do not end the wait in either mode
 * @Alertable: ignored; there are no alerts and no APCs
 * @Timeout: NULL waits for ever; 0 does not wait; negative is an interval in 100 ns; positive is
 *	     system time in 100 ns since 1601-01-01 UTC and follows changes of the clock
 *
 * A wait of a kernel thread counts neither as load nor as hung.
 *
 * IRQL: <= APC_LEVEL; DISPATCH_LEVEL with a timeout of 0. A wait at DISPATCH_LEVEL warns once and
 * returns STATUS_INVALID_DEVICE_REQUEST.
 *
 * Return: STATUS_SUCCESS, STATUS_TIMEOUT (which NT_SUCCESS() takes for success too), or
 * STATUS_OBJECT_TYPE_MISMATCH for what is no dispatcher object.
 *
 * Microsoft: "KeWaitForSingleObject function (wdm.h)".
 */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
			       BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
	KWAIT_BLOCK block;
	struct kmcl_wait wait = { .blocks = &block, .count = 1, .type = WaitAny };

	if (!kmcl_dispatcher_valid(Object))
		return STATUS_OBJECT_TYPE_MISMATCH;
	set_block(&wait, 0, Object);
	return do_wait(&wait, Timeout);
}
EXPORT_SYMBOL_GPL(KeWaitForSingleObject);

static bool twice_the_same(PVOID objects[], ULONG count)
{
	ULONG i, j;

	for (i = 1; i < count; i++)
		for (j = 0; j < i; j++)
			if (objects[i] == objects[j])
				return true;
	return false;
}

/**
 * KeWaitForMultipleObjects() - wait for one or all of several objects
 * @Count: how many, at most MAXIMUM_WAIT_OBJECTS; without a WaitBlockArray at most
 *	    THREAD_WAIT_OBJECTS
 * @Object: the objects
 * @WaitType: WaitAny or WaitAll
 * @WaitReason: ignored
 * @WaitMode: ignored
 * @Alertable: ignored
 * @Timeout: as for KeWaitForSingleObject()
 * @WaitBlockArray: storage for Count blocks until the function returns, or NULL
 *
 * WaitAll takes nothing from any object before it can take all.
 *
 * IRQL: as for KeWaitForSingleObject().
 *
 * Return: for WaitAny STATUS_WAIT_0 plus the index of the object; for WaitAll STATUS_SUCCESS;
 * STATUS_TIMEOUT; STATUS_INVALID_PARAMETER_MIX if WaitAll is given an object twice;
 * STATUS_INVALID_PARAMETER_1 for a count that Windows stops the system for;
 * STATUS_OBJECT_TYPE_MISMATCH.
 *
 * Microsoft: "KeWaitForMultipleObjects function (wdm.h)".
 */
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType,
				  KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
				  BOOLEAN Alertable, PLARGE_INTEGER Timeout,
				  PKWAIT_BLOCK WaitBlockArray)
{
	KWAIT_BLOCK blocks[THREAD_WAIT_OBJECTS];
	struct kmcl_wait wait = {
		.blocks = WaitBlockArray ?: blocks, .count = Count, .type = WaitType
	};
	ULONG i;

	if (!Count || Count > (WaitBlockArray ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS))
		return STATUS_INVALID_PARAMETER_1;
	if (WaitType == WaitAll && twice_the_same(Object, Count))
		return STATUS_INVALID_PARAMETER_MIX;
	for (i = 0; i < Count; i++) {
		if (!kmcl_dispatcher_valid(Object[i]))
			return STATUS_OBJECT_TYPE_MISMATCH;
		set_block(&wait, i, Object[i]);
	}
	return do_wait(&wait, Timeout);
}
EXPORT_SYMBOL_GPL(KeWaitForMultipleObjects);

/**
 * KeDelayExecutionThread() - sleep
 * @WaitMode: ignored
 * @Alertable: ignored
 * @Interval: negative: an interval in 100 ns; otherwise system time in 100 ns since 1601-01-01 UTC;
 *	    0 yields the processor
 *
 * IRQL: <= APC_LEVEL.
 *
 * Return: STATUS_SUCCESS, or STATUS_INVALID_DEVICE_REQUEST at DISPATCH_LEVEL.
 *
 * Microsoft: "KeDelayExecutionThread function (wdm.h)".
 */
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				PLARGE_INTEGER Interval)
{
	struct kmcl_wait wait = { .type = WaitAny };
	NTSTATUS status;

	if (!Interval->QuadPart) {
		if (WARN_ONCE(KeGetCurrentIrql() >= DISPATCH_LEVEL, "a wait at DISPATCH_LEVEL\n"))
			return STATUS_INVALID_DEVICE_REQUEST;
		cond_resched();
		return STATUS_SUCCESS;
	}
	status = do_wait(&wait, Interval);
	return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}
EXPORT_SYMBOL_GPL(KeDelayExecutionThread);
