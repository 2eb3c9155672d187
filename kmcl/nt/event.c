// SPDX-License-Identifier: GPL-2.0-only
/* Events. */

#include <linux/export.h>
#include <linux/spinlock.h>

#include "nt.h"

static LONG event_change(PRKEVENT event, LONG state)
{
	unsigned long flags;
	LONG old;

	if (!kmcl_dispatcher_valid(&event->Header))
		return 0;
	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	old = event->Header.SignalState;
	event->Header.SignalState = state;
	if (state > 0)
		kmcl_dispatcher_signal(&event->Header);
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
	return old;
}

/**
 * KeInitializeEvent() - initialise an event
 * @Event: storage, nonpaged
 * @Type: NotificationEvent stays set until it is cleared and wakes all; SynchronizationEvent wakes
 *	    one and is cleared by that
 * @State: TRUE: set
 *
 * IRQL: any.
 *
 * Microsoft: "KeInitializeEvent function (wdm.h)".
 */
VOID KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
	kmcl_dispatcher_setup(&Event->Header,
			      Type == NotificationEvent ?
			      KMCL_EVENT_NOTIFICATION : KMCL_EVENT_SYNCHRONIZATION,
			      sizeof(*Event), !!State);
}
EXPORT_SYMBOL_GPL(KeInitializeEvent);

/**
 * KeSetEvent() - set an event and wake its waiters
 * @Event: the event
 * @Increment: priority boost, ignored
 * @Wait: ignored: the function never returns with a lock held
 *
 * When a waiter has returned, nothing touches the event any more: it may be on the waiter's stack.
 *
 * IRQL: any, also in an interrupt handler.
 *
 * Return: nonzero if the event was set before.
 *
 * Microsoft: "KeSetEvent function (wdm.h)".
 */
LONG KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
	return event_change(Event, 1);
}
EXPORT_SYMBOL_GPL(KeSetEvent);

/**
 * KeClearEvent() - clear an event
 * @Event: the event
 *
 * IRQL: any.
 *
 * Microsoft: "KeClearEvent function (wdm.h)".
 */
VOID KeClearEvent(PRKEVENT Event)
{
	event_change(Event, 0);
}
EXPORT_SYMBOL_GPL(KeClearEvent);

/**
 * KeResetEvent() - clear an event and tell what it was
 * @Event: the event
 *
 * IRQL: any.
 *
 * Return: nonzero if the event was set before.
 *
 * Microsoft: "KeResetEvent function (wdm.h)".
 */
LONG KeResetEvent(PRKEVENT Event)
{
	return event_change(Event, 0);
}
EXPORT_SYMBOL_GPL(KeResetEvent);

/**
 * KeReadStateEvent() - is an event set?
 * @Event: the event
 *
 * IRQL: any.
 *
 * Return: nonzero if it is set.
 *
 * Microsoft: "KeReadStateEvent function (wdm.h)".
 */
LONG KeReadStateEvent(PRKEVENT Event)
{
	return READ_ONCE(Event->Header.SignalState);
}
EXPORT_SYMBOL_GPL(KeReadStateEvent);
