// SPDX-License-Identifier: GPL-2.0-only
/* KMDF's spin locks, wait locks, timers and work items. */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "nt.h"
#include "wdf_object.h"

struct spin_lock {
	struct wdf_object object;
	KSPIN_LOCK lock;
	KIRQL irql;		/* of the holder, from before */
};

struct wait_lock {
	struct wdf_object object;
	KEVENT free;
};

struct timer {
	struct wdf_object object;
	KTIMER timer;
	KDPC dpc;
	PFN_WDF_TIMER routine;
	LONG period;
	spinlock_t lock;		/* of @stopping and setting the timer; interrupts off */
	unsigned int stopping;		/* threads that wait for its end: nobody starts it then */
};

struct work_item {
	struct wdf_object object;
	struct work_struct work;
	PFN_WDF_WORKITEM routine;
	spinlock_t lock;		/* of @ended and queueing the item; interrupts off */
	bool ended;			/* its deletion has begun */
};

/* ---- locks ---- */

static void init_spin_lock(struct wdf_object *object, const void *config)
{
	KeInitializeSpinLock(&container_of(object, struct spin_lock, object)->lock);
}

static const struct wdf_type spin_lock_type = {
	.name = "spin lock", .size = sizeof(struct spin_lock), .deletable = true,
	.init = init_spin_lock,
};

static void init_wait_lock(struct wdf_object *object, const void *config)
{
	KeInitializeEvent(&container_of(object, struct wait_lock, object)->free,
			  SynchronizationEvent, TRUE);
}

static const struct wdf_type wait_lock_type = {
	.name = "wait lock", .size = sizeof(struct wait_lock), .deletable = true,
	.init = init_wait_lock,
};

/**
 * KmclWdfSpinLockCreate() - WdfSpinLockCreate() with the parent that it has if none is named
 * @Parent: the driver, or NULL
 * @SpinLockAttributes: may name a parent, with which it goes; or NULL
 * @SpinLock: set
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES; STATUS_DELETE_PENDING the parent is going.
 *
 * Microsoft: "WdfSpinLockCreate function (wdfsync.h)".
 */
NTSTATUS KmclWdfSpinLockCreate(WDFOBJECT Parent, PWDF_OBJECT_ATTRIBUTES SpinLockAttributes,
			       WDFSPINLOCK *SpinLock)
{
	struct wdf_object *object;
	NTSTATUS status = kmcl_wdf_create(&spin_lock_type, SpinLockAttributes, Parent, NULL,
					  &object);

	*SpinLock = NT_SUCCESS(status) ? (WDFSPINLOCK)object : NULL;
	return status;
}
EXPORT_SYMBOL_GPL(KmclWdfSpinLockCreate);

/**
 * WdfSpinLockAcquire() - raise to DISPATCH_LEVEL and take the lock
 * @SpinLock: the lock
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "WdfSpinLockAcquire function (wdfsync.h)".
 */
VOID WdfSpinLockAcquire(WDFSPINLOCK SpinLock)
{
	struct wdf_object *object = kmcl_wdf_object(SpinLock, &spin_lock_type);
	struct spin_lock *lock = container_of(object, struct spin_lock, object);
	KIRQL old;

	if (!object)
		return;
	KeAcquireSpinLock(&lock->lock, &old);
	lock->irql = old;
}
EXPORT_SYMBOL_GPL(WdfSpinLockAcquire);

/**
 * WdfSpinLockRelease() - drop the lock and go back to the old level
 * @SpinLock: held by the caller
 *
 * IRQL: DISPATCH_LEVEL.
 *
 * Microsoft: "WdfSpinLockRelease function (wdfsync.h)".
 */
VOID WdfSpinLockRelease(WDFSPINLOCK SpinLock)
{
	struct wdf_object *object = kmcl_wdf_object(SpinLock, &spin_lock_type);
	struct spin_lock *lock = container_of(object, struct spin_lock, object);

	if (object)
		KeReleaseSpinLock(&lock->lock, lock->irql);
}
EXPORT_SYMBOL_GPL(WdfSpinLockRelease);

/**
 * KmclWdfWaitLockCreate() - WdfWaitLockCreate() with the parent that it has if none is named
 * @Parent: the driver, or NULL
 * @LockAttributes: may name a parent, with which it goes; or NULL
 * @Lock: set
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES; STATUS_DELETE_PENDING the parent is going.
 *
 * Microsoft: "WdfWaitLockCreate function (wdfsync.h)".
 */
NTSTATUS KmclWdfWaitLockCreate(WDFOBJECT Parent, PWDF_OBJECT_ATTRIBUTES LockAttributes,
			       WDFWAITLOCK *Lock)
{
	struct wdf_object *object;
	NTSTATUS status = kmcl_wdf_create(&wait_lock_type, LockAttributes, Parent, NULL, &object);

	*Lock = NT_SUCCESS(status) ? (WDFWAITLOCK)object : NULL;
	return status;
}
EXPORT_SYMBOL_GPL(KmclWdfWaitLockCreate);

/**
 * WdfWaitLockAcquire() - take the lock
 * @Lock: the lock; not held by the caller, who would wait for ever
 * @Timeout: NULL: for ever; 0: do not wait; else as for KeWaitForSingleObject()
 *
 * IRQL: PASSIVE_LEVEL; <= DISPATCH_LEVEL with a timeout of 0.
 *
 * Return: STATUS_SUCCESS, STATUS_TIMEOUT.
 *
 * Microsoft: "WdfWaitLockAcquire function (wdfsync.h)".
 */
NTSTATUS WdfWaitLockAcquire(WDFWAITLOCK Lock, PLONGLONG Timeout)
{
	struct wdf_object *object = kmcl_wdf_object(Lock, &wait_lock_type);
	LARGE_INTEGER timeout;

	if (!object)
		return STATUS_INVALID_HANDLE;
	if (Timeout)
		timeout.QuadPart = *Timeout;
	return KeWaitForSingleObject(&container_of(object, struct wait_lock, object)->free,
				     Executive, KernelMode, FALSE, Timeout ? &timeout : NULL);
}
EXPORT_SYMBOL_GPL(WdfWaitLockAcquire);

/**
 * WdfWaitLockRelease() - drop the lock
 * @Lock: held by the caller
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "WdfWaitLockRelease function (wdfsync.h)".
 */
VOID WdfWaitLockRelease(WDFWAITLOCK Lock)
{
	struct wdf_object *object = kmcl_wdf_object(Lock, &wait_lock_type);

	if (object)
		KeSetEvent(&container_of(object, struct wait_lock, object)->free, IO_NO_INCREMENT,
			   FALSE);
}
EXPORT_SYMBOL_GPL(WdfWaitLockRelease);

/* ---- timers ---- */

static void change_stopping(struct timer *timer, int by)
{
	unsigned long flags;

	spin_lock_irqsave(&timer->lock, flags);
	timer->stopping += by;
	spin_unlock_irqrestore(&timer->lock, flags);
}

/* Its routine, which may be running, cannot start it again. */
static BOOLEAN cancel_and_wait(struct timer *timer)
{
	BOOLEAN was_set;

	change_stopping(timer, 1);
	was_set = KeCancelTimer(&timer->timer);
	KeFlushQueuedDpcs();
	return was_set;
}

/* For good: it stays stopping. */
static void stop_timer(struct wdf_object *object)
{
	cancel_and_wait(container_of(object, struct timer, object));
}

static VOID timer_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct timer *timer = context;

	timer->routine((WDFTIMER)timer);
}

static void init_timer(struct wdf_object *object, const void *config)
{
	struct timer *timer = container_of(object, struct timer, object);
	const WDF_TIMER_CONFIG *wanted = config;

	timer->routine = wanted->EvtTimerFunc;
	timer->period = wanted->Period;
	spin_lock_init(&timer->lock);
	KeInitializeTimer(&timer->timer);
	KeInitializeDpc(&timer->dpc, timer_dpc, timer);
}

static const struct wdf_type timer_type = {
	.name = "timer", .size = sizeof(struct timer), .deletable = true,
	.init = init_timer, .stop = stop_timer,
};

static struct timer *to_timer(WDFTIMER handle)
{
	struct wdf_object *object = kmcl_wdf_object(handle, &timer_type);

	return object ? container_of(object, struct timer, object) : NULL;
}

/**
 * WdfTimerCreate() - make a timer
 * @Config: its routine, which is called at DISPATCH_LEVEL, and its period
 * @Attributes: names a parent, with which it goes
 * @Timer: set
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES; STATUS_INVALID_PARAMETER without a routine
 * or parent; STATUS_DELETE_PENDING the parent is going.
 *
 * Microsoft: "WdfTimerCreate function (wdftimer.h)".
 */
NTSTATUS WdfTimerCreate(PWDF_TIMER_CONFIG Config, PWDF_OBJECT_ATTRIBUTES Attributes,
			WDFTIMER *Timer)
{
	struct wdf_object *object;
	NTSTATUS status;

	*Timer = NULL;
	if (!Config->EvtTimerFunc || !Attributes || !Attributes->ParentObject)
		return STATUS_INVALID_PARAMETER;
	status = kmcl_wdf_create(&timer_type, Attributes, NULL, Config, &object);
	if (NT_SUCCESS(status))
		*Timer = (WDFTIMER)object;
	return status;
}
EXPORT_SYMBOL_GPL(WdfTimerCreate);

/**
 * WdfTimerStart() - set a timer
 * @Timer: the timer; if it is set already it is set anew
 * @DueTime: as for KeSetTimerEx()
 *
 * Nothing happens while somebody deletes the timer or waits in WdfTimerStop(), as the routine of a
 * timer that starts itself again may be running then.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: TRUE if the timer was set before.
 *
 * Microsoft: "WdfTimerStart function (wdftimer.h)".
 */
BOOLEAN WdfTimerStart(WDFTIMER Timer, LONGLONG DueTime)
{
	struct timer *timer = to_timer(Timer);
	BOOLEAN was_set = FALSE;
	unsigned long flags;
	LARGE_INTEGER due;

	if (!timer)
		return FALSE;
	due.QuadPart = DueTime;
	spin_lock_irqsave(&timer->lock, flags);
	if (!timer->stopping)
		was_set = KeSetTimerEx(&timer->timer, due, timer->period, &timer->dpc);
	spin_unlock_irqrestore(&timer->lock, flags);
	return was_set;
}
EXPORT_SYMBOL_GPL(WdfTimerStart);

/**
 * WdfTimerStop() - have a timer not expire
 * @Timer: the timer
 * @Wait: TRUE: wait until its routine has returned; not from that routine
 *
 * IRQL: <= DISPATCH_LEVEL; PASSIVE_LEVEL to wait.
 *
 * Return: TRUE if the timer was set.
 *
 * Microsoft: "WdfTimerStop function (wdftimer.h)".
 */
BOOLEAN WdfTimerStop(WDFTIMER Timer, BOOLEAN Wait)
{
	struct timer *timer = to_timer(Timer);
	BOOLEAN was_set;

	if (!timer)
		return FALSE;
	if (!Wait)
		return KeCancelTimer(&timer->timer);
	kmcl_nt_may_wait(__func__);
	was_set = cancel_and_wait(timer);
	change_stopping(timer, -1);
	return was_set;
}
EXPORT_SYMBOL_GPL(WdfTimerStop);

/**
 * WdfTimerGetParentObject() - whose timer is it?
 * @Timer: the timer
 *
 * IRQL: any.
 *
 * Return: the parent.
 *
 * Microsoft: "WdfTimerGetParentObject function (wdftimer.h)".
 */
WDFOBJECT WdfTimerGetParentObject(WDFTIMER Timer)
{
	struct timer *timer = to_timer(Timer);

	return timer ? timer->object.parent : NULL;
}
EXPORT_SYMBOL_GPL(WdfTimerGetParentObject);

/* ---- work items ---- */

/* What is queued still runs, as on Windows: the routine may have something to free. */
static void stop_work_item(struct wdf_object *object)
{
	struct work_item *item = container_of(object, struct work_item, object);
	unsigned long flags;

	spin_lock_irqsave(&item->lock, flags);
	item->ended = true;
	spin_unlock_irqrestore(&item->lock, flags);
	flush_work(&item->work);
}

static void run_work_item(struct work_struct *work)
{
	struct work_item *item = container_of(work, struct work_item, work);

	item->routine((WDFWORKITEM)item);
}

static void init_work_item(struct wdf_object *object, const void *config)
{
	struct work_item *item = container_of(object, struct work_item, object);
	const WDF_WORKITEM_CONFIG *wanted = config;

	item->routine = wanted->EvtWorkItemFunc;
	spin_lock_init(&item->lock);
	INIT_WORK(&item->work, run_work_item);
}

static const struct wdf_type work_item_type = {
	.name = "work item", .size = sizeof(struct work_item), .deletable = true,
	.init = init_work_item, .stop = stop_work_item,
};

static struct work_item *to_work_item(WDFWORKITEM handle)
{
	struct wdf_object *object = kmcl_wdf_object(handle, &work_item_type);

	return object ? container_of(object, struct work_item, object) : NULL;
}

bool kmcl_wdf_in_work_item(void)
{
	const struct work_struct *work = current_work();

	return work && work->func == run_work_item;
}

/**
 * WdfWorkItemCreate() - make a work item
 * @Config: its routine, which is called at PASSIVE_LEVEL
 * @Attributes: names a parent, with which it goes
 * @WorkItem: set
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES; STATUS_INVALID_PARAMETER without a routine
 * or parent; STATUS_DELETE_PENDING the parent is going.
 *
 * Microsoft: "WdfWorkItemCreate function (wdfworkitem.h)".
 */
NTSTATUS WdfWorkItemCreate(PWDF_WORKITEM_CONFIG Config, PWDF_OBJECT_ATTRIBUTES Attributes,
			   WDFWORKITEM *WorkItem)
{
	struct wdf_object *object;
	NTSTATUS status;

	*WorkItem = NULL;
	if (!Config->EvtWorkItemFunc || !Attributes || !Attributes->ParentObject)
		return STATUS_INVALID_PARAMETER;
	status = kmcl_wdf_create(&work_item_type, Attributes, NULL, Config, &object);
	if (NT_SUCCESS(status))
		*WorkItem = (WDFWORKITEM)object;
	return status;
}
EXPORT_SYMBOL_GPL(WdfWorkItemCreate);

/**
 * WdfWorkItemEnqueue() - have a work item's routine run
 * @WorkItem: the work item; one that is queued already stays queued once, and one that is being
 *	      deleted is not queued any more
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "WdfWorkItemEnqueue function (wdfworkitem.h)".
 */
VOID WdfWorkItemEnqueue(WDFWORKITEM WorkItem)
{
	struct work_item *item = to_work_item(WorkItem);
	unsigned long flags;

	if (!item)
		return;
	spin_lock_irqsave(&item->lock, flags);
	if (!item->ended)
		kmcl_workitem_queue(&item->work);
	spin_unlock_irqrestore(&item->lock, flags);
}
EXPORT_SYMBOL_GPL(WdfWorkItemEnqueue);

/**
 * WdfWorkItemFlush() - wait until a work item that is queued has run
 * @WorkItem: the work item; not from its own routine
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "WdfWorkItemFlush function (wdfworkitem.h)".
 */
VOID WdfWorkItemFlush(WDFWORKITEM WorkItem)
{
	struct work_item *item = to_work_item(WorkItem);

	if (item && kmcl_nt_may_wait(__func__))
		flush_work(&item->work);
}
EXPORT_SYMBOL_GPL(WdfWorkItemFlush);

/**
 * WdfWorkItemGetParentObject() - whose work item is it?
 * @WorkItem: the work item
 *
 * IRQL: any.
 *
 * Return: the parent.
 *
 * Microsoft: "WdfWorkItemGetParentObject function (wdfworkitem.h)".
 */
WDFOBJECT WdfWorkItemGetParentObject(WDFWORKITEM WorkItem)
{
	struct work_item *item = to_work_item(WorkItem);

	return item ? item->object.parent : NULL;
}
EXPORT_SYMBOL_GPL(WdfWorkItemGetParentObject);
