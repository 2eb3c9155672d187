// SPDX-License-Identifier: GPL-2.0-only
/* Timers: dispatcher objects that set themselves, and queue a DPC if they have one. */

#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

#include "nt.h"

static struct kmcl_timeout *to_timeout(PKTIMER timer)
{
	BUILD_BUG_ON(sizeof(struct kmcl_timeout) > sizeof(timer->Timeout));
	return (struct kmcl_timeout *)timer->Timeout;
}

/* The next multiple of the period that is still to come; missed ones are skipped. */
static void start_next_period(PKTIMER timer, struct kmcl_timeout *timeout)
{
	ktime_t period = ms_to_ktime(timer->Period), now = ktime_get();
	ktime_t expires = timeout->node.expires;

	/* The first period after an absolute due time begins on the other clock. */
	if (timeout->clock != KMCL_CLOCK_MONOTONIC || expires + period <= now)
		expires = now;
	kmcl_timeout_start(timeout, KMCL_CLOCK_MONOTONIC, ktime_add_safe(expires, period));
}

/* Dispatcher lock held. */
static void timer_expired(struct kmcl_timeout *timeout)
{
	PKTIMER timer = CONTAINING_RECORD(timeout, KTIMER, Timeout);
	PKDPC dpc = timer->Dpc;
	LARGE_INTEGER now;

	timer->Header.SignalState = 1;
	kmcl_dispatcher_signal(&timer->Header);
	if (timer->Period)
		start_next_period(timer, timeout);
	/*
	 * Last: another CPU may run the DPC at once, and its routine may free the timer. It does
	 * not take the dispatcher lock for that.
	 */
	if (dpc) {
		KeQuerySystemTime(&now);
		kmcl_dpc_queue(dpc, ULongToPtr(now.LowPart), ULongToPtr(now.HighPart));
	}
}

/**
 * KeInitializeTimerEx() - initialise a timer
 * @Timer: storage, nonpaged
 * @Type: NotificationTimer stays signalled until it is set again and wakes all;
 *	  SynchronizationTimer wakes one and is cleared by that
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "KeInitializeTimerEx function (wdm.h)".
 */
VOID KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
	memset(Timer, 0, sizeof(*Timer));
	kmcl_dispatcher_setup(&Timer->Header,
			      Type == NotificationTimer ?
			      KMCL_TIMER_NOTIFICATION : KMCL_TIMER_SYNCHRONIZATION,
			      sizeof(*Timer), 0);
	to_timeout(Timer)->fire = timer_expired;
}
EXPORT_SYMBOL_GPL(KeInitializeTimerEx);

/**
 * KeInitializeTimer() - initialise a notification timer
 * @Timer: storage, nonpaged
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "KeInitializeTimer function (wdm.h)".
 */
VOID KeInitializeTimer(PKTIMER Timer)
{
	KeInitializeTimerEx(Timer, NotificationTimer);
}
EXPORT_SYMBOL_GPL(KeInitializeTimer);

/**
 * KeSetTimerEx() - set a timer
 * @Timer: the timer; if it is set already it is set anew, and is no longer signalled
 * @DueTime: negative: an interval in 100 ns; otherwise system time in 100 ns since 1601-01-01 UTC,
 *	     which follows changes of the clock. A time that is past expires inside the call.
 * @Period: 0, or milliseconds between further expirations
 * @Dpc: NULL, or queued at each expiration
 *
 * The memory must stay until the timer is cancelled or has expired, and the DPC until
 * KeFlushQueuedDpcs() after that.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: TRUE if the timer was set before.
 *
 * Microsoft: "KeSetTimerEx function (wdm.h)".
 */
BOOLEAN KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
	struct kmcl_timeout *timeout = to_timeout(Timer);
	enum kmcl_clock clock;
	unsigned long flags;
	ktime_t expires;
	bool was_set;

	if (!kmcl_dispatcher_valid(&Timer->Header))
		return FALSE;
	expires = kmcl_nt_expiry(DueTime.QuadPart, &clock);
	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	was_set = kmcl_timeout_cancel(timeout);
	Timer->Header.SignalState = 0;
	Timer->Dpc = Dpc;
	Timer->Period = Period > 0 ? Period : 0;
	timeout->clock = clock;
	timeout->node.expires = expires;
	kmcl_timeout_start(timeout, clock, expires);
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
	return was_set;
}
EXPORT_SYMBOL_GPL(KeSetTimerEx);

/**
 * KeSetTimer() - set a timer that expires once
 * @Timer: the timer
 * @DueTime: as for KeSetTimerEx()
 * @Dpc: NULL, or queued at the expiration
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: TRUE if the timer was set before.
 *
 * Microsoft: "KeSetTimer function (wdm.h)".
 */
BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
	return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}
EXPORT_SYMBOL_GPL(KeSetTimer);

/**
 * KeCancelTimer() - have a timer not expire
 * @Timer: the timer
 *
 * Its DPC may be queued or running: KeFlushQueuedDpcs() waits for that.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: TRUE if the timer was set.
 *
 * Microsoft: "KeCancelTimer function (wdm.h)".
 */
BOOLEAN KeCancelTimer(PKTIMER Timer)
{
	unsigned long flags;
	bool was_set;

	if (!kmcl_dispatcher_valid(&Timer->Header))
		return FALSE;
	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	was_set = kmcl_timeout_cancel(to_timeout(Timer));
	Timer->Period = 0;
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
	return was_set;
}
EXPORT_SYMBOL_GPL(KeCancelTimer);

/**
 * KeReadStateTimer() - is a timer signalled?
 * @Timer: the timer
 *
 * IRQL: any.
 *
 * Return: TRUE if it has expired and nobody consumed that.
 *
 * Microsoft: "KeReadStateTimer function (wdm.h)".
 */
BOOLEAN KeReadStateTimer(PKTIMER Timer)
{
	return READ_ONCE(Timer->Header.SignalState) > 0;
}
EXPORT_SYMBOL_GPL(KeReadStateTimer);
