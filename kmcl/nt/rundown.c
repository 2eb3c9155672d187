// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rundown protection, and the remove locks made of it. A reference counts 2; bit 0 says that
 * rundown has begun and nobody gets in any more. Zeroed memory is a reference without users.
 */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "nt.h"

#define ACTIVE	1UL

/* Rundowns are rare: one queue for all. */
static DECLARE_WAIT_QUEUE_HEAD(run_down);

/**
 * ExInitializeRundownProtection() - initialise rundown protection
 * @RunRef: storage, nonpaged
 *
 * IRQL: any.
 *
 * Microsoft: "ExInitializeRundownProtection function (wdm.h)".
 */
VOID ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	RunRef->Count = 0;
}
EXPORT_SYMBOL_GPL(ExInitializeRundownProtection);

/**
 * ExReInitializeRundownProtection() - let users in again
 * @RunRef: run down
 *
 * IRQL: any.
 *
 * Microsoft: "ExReInitializeRundownProtection function (wdm.h)".
 */
VOID ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	/* What was set up for the new users comes first: pairs with their cmpxchg(). */
	smp_store_release(&RunRef->Count, 0);
}
EXPORT_SYMBOL_GPL(ExReInitializeRundownProtection);

/**
 * ExAcquireRundownProtectionEx() - become a user several times
 * @RunRef: the protection
 * @Count: how often
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: FALSE once rundown has begun.
 *
 * Microsoft: "ExAcquireRundownProtectionEx function (wdm.h)".
 */
BOOLEAN ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
	ULONG_PTR seen, old = READ_ONCE(RunRef->Count);

	for (;;) {
		if (old & ACTIVE)
			return FALSE;
		seen = cmpxchg(&RunRef->Count, old, old + 2UL * Count);
		if (seen == old)
			return TRUE;
		old = seen;
	}
}
EXPORT_SYMBOL_GPL(ExAcquireRundownProtectionEx);

/**
 * ExAcquireRundownProtection() - become a user
 * @RunRef: the protection
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: FALSE once rundown has begun.
 *
 * Microsoft: "ExAcquireRundownProtection function (wdm.h)".
 */
BOOLEAN ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	return ExAcquireRundownProtectionEx(RunRef, 1);
}
EXPORT_SYMBOL_GPL(ExAcquireRundownProtection);

/**
 * ExReleaseRundownProtectionEx() - cease to be a user several times
 * @RunRef: the protection; more than there are users warns once and nothing happens
 * @Count: how often
 *
 * The memory must stay until this has returned, as whoever waits for the rundown may free it: the
 * last look here is the one that lets go.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExReleaseRundownProtectionEx function (wdm.h)".
 */
VOID ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
	ULONG_PTR seen, old = READ_ONCE(RunRef->Count), users = 2UL * Count;

	for (;;) {
		if (WARN_ONCE((old & ~ACTIVE) < users, "%s: there are not so many users\n",
			      __func__))
			return;
		seen = cmpxchg(&RunRef->Count, old, old - users);
		if (seen == old)
			break;
		old = seen;
	}
	if (old - users == ACTIVE)
		wake_up_all(&run_down);
}
EXPORT_SYMBOL_GPL(ExReleaseRundownProtectionEx);

/**
 * ExReleaseRundownProtection() - cease to be a user
 * @RunRef: the protection
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExReleaseRundownProtection function (wdm.h)".
 */
VOID ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	ExReleaseRundownProtectionEx(RunRef, 1);
}
EXPORT_SYMBOL_GPL(ExReleaseRundownProtection);

/**
 * ExRundownCompleted() - say that a rundown has ended
 * @RunRef: the protection: nobody gets in from now on
 *
 * IRQL: any.
 *
 * Microsoft: "ExRundownCompleted function (wdm.h)".
 */
VOID ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
	/* Pairs with the load of who waits. */
	smp_store_release(&RunRef->Count, ACTIVE);
}
EXPORT_SYMBOL_GPL(ExRundownCompleted);

static void begin(PEX_RUNDOWN_REF ref)
{
	ULONG_PTR seen, old = READ_ONCE(ref->Count);

	while (!(old & ACTIVE)) {
		seen = cmpxchg(&ref->Count, old, old | ACTIVE);
		if (seen == old)
			return;
		old = seen;
	}
}

/**
 * ExWaitForRundownProtectionRelease() - let nobody in and wait for those that are
 * @RunRef: the protection
 *
 * IRQL: <= APC_LEVEL. At DISPATCH_LEVEL it warns once and does not wait.
 *
 * Microsoft: "ExWaitForRundownProtectionRelease function (wdm.h)".
 */
VOID ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
	begin(RunRef);
	if (!kmcl_nt_may_wait(__func__))
		return;
	/* What the last user did comes before: pairs with its cmpxchg(). */
	wait_event(run_down, smp_load_acquire(&RunRef->Count) == ACTIVE);
}
EXPORT_SYMBOL_GPL(ExWaitForRundownProtectionRelease);

/**
 * IoInitializeRemoveLock() - initialise a remove lock
 * @Lock: storage, nonpaged, usually in a device extension
 * @AllocateTag: ignored
 * @MaxLockedMinutes: ignored
 * @HighWatermark: ignored
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "IoInitializeRemoveLock macro (wdm.h)".
 */
VOID IoInitializeRemoveLock(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes,
			    ULONG HighWatermark)
{
	ExInitializeRundownProtection(&Lock->Users);
}
EXPORT_SYMBOL_GPL(IoInitializeRemoveLock);

/**
 * IoAcquireRemoveLock() - keep a device from being removed
 * @RemoveLock: the lock
 * @Tag: ignored
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS; STATUS_DELETE_PENDING once IoReleaseRemoveLockAndWait() was called.
 *
 * Microsoft: "IoAcquireRemoveLock macro (wdm.h)".
 */
NTSTATUS IoAcquireRemoveLock(PIO_REMOVE_LOCK RemoveLock, PVOID Tag)
{
	return ExAcquireRundownProtection(&RemoveLock->Users) ? STATUS_SUCCESS :
								STATUS_DELETE_PENDING;
}
EXPORT_SYMBOL_GPL(IoAcquireRemoveLock);

/**
 * IoReleaseRemoveLock() - undo IoAcquireRemoveLock()
 * @RemoveLock: the lock
 * @Tag: ignored
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "IoReleaseRemoveLock macro (wdm.h)".
 */
VOID IoReleaseRemoveLock(PIO_REMOVE_LOCK RemoveLock, PVOID Tag)
{
	ExReleaseRundownProtection(&RemoveLock->Users);
}
EXPORT_SYMBOL_GPL(IoReleaseRemoveLock);

/**
 * IoReleaseRemoveLockAndWait() - undo the caller's IoAcquireRemoveLock() and wait for all others
 * @RemoveLock: the lock; nobody gets it any more
 * @Tag: ignored
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "IoReleaseRemoveLockAndWait macro (wdm.h)".
 */
VOID IoReleaseRemoveLockAndWait(PIO_REMOVE_LOCK RemoveLock, PVOID Tag)
{
	ExReleaseRundownProtection(&RemoveLock->Users);
	ExWaitForRundownProtectionRelease(&RemoveLock->Users);
}
EXPORT_SYMBOL_GPL(IoReleaseRemoveLockAndWait);
