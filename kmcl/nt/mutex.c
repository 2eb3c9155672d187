// SPDX-License-Identifier: GPL-2.0-only
/* Mutexes, semaphores and fast mutexes. */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "nt.h"

/**
 * KeInitializeMutex() - initialise a mutex, free
 * @Mutex: storage, nonpaged
 * @Level: ignored
 *
 * Waiting for it makes the thread its owner, who may wait again as often as it likes and has to
 * release it as often.
 *
 * IRQL: any.
 *
 * Microsoft: "KeInitializeMutex function (wdm.h)".
 */
VOID KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
	kmcl_dispatcher_setup(&Mutex->Header, KMCL_MUTANT, sizeof(*Mutex), 1);
	Mutex->OwnerThread = NULL;
}
EXPORT_SYMBOL_GPL(KeInitializeMutex);

/**
 * KeReleaseMutex() - give a mutex back
 * @Mutex: owned by the caller; any other warns once and nothing happens, where Windows raises
 *	   STATUS_MUTANT_NOT_OWNED
 * @Wait: ignored: the function never returns with a lock held
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the state before: 0 if the mutex is free now, below 0 if it is still owned.
 *
 * Microsoft: "KeReleaseMutex function (wdm.h)".
 */
LONG KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
	unsigned long flags;
	bool owned;
	LONG old;

	if (!kmcl_dispatcher_valid(&Mutex->Header))
		return 0;
	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	old = Mutex->Header.SignalState;
	owned = Mutex->OwnerThread == current;
	if (owned && ++Mutex->Header.SignalState == 1) {
		Mutex->OwnerThread = NULL;
		kmcl_dispatcher_signal(&Mutex->Header);
	}
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
	WARN_ONCE(!owned, "%s: the caller is not the owner\n", __func__);
	return old;
}
EXPORT_SYMBOL_GPL(KeReleaseMutex);

/**
 * KeReadStateMutex() - is a mutex free?
 * @Mutex: the mutex
 *
 * IRQL: any.
 *
 * Return: 1 if it is free; else 0 or below.
 *
 * Microsoft: "KeReadStateMutex function (wdm.h)".
 */
LONG KeReadStateMutex(PRKMUTEX Mutex)
{
	return READ_ONCE(Mutex->Header.SignalState);
}
EXPORT_SYMBOL_GPL(KeReadStateMutex);

/**
 * KeInitializeSemaphore() - initialise a semaphore
 * @Semaphore: storage, nonpaged
 * @Count: how many waits it satisfies as it is
 * @Limit: the largest count
 *
 * IRQL: any.
 *
 * Microsoft: "KeInitializeSemaphore function (wdm.h)".
 */
VOID KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
	kmcl_dispatcher_setup(&Semaphore->Header, KMCL_SEMAPHORE, sizeof(*Semaphore), Count);
	Semaphore->Limit = Limit;
}
EXPORT_SYMBOL_GPL(KeInitializeSemaphore);

/**
 * KeReleaseSemaphore() - raise the count of a semaphore
 * @Semaphore: the semaphore
 * @Increment: priority boost, ignored
 * @Adjustment: above 0; a count above the limit warns once and nothing happens, where Windows
 *		raises STATUS_SEMAPHORE_LIMIT_EXCEEDED
 * @Wait: ignored
 *
 * IRQL: any.
 *
 * Return: the count before.
 *
 * Microsoft: "KeReleaseSemaphore function (wdm.h)".
 */
LONG KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
	unsigned long flags;
	bool fits;
	LONG old;

	if (!kmcl_dispatcher_valid(&Semaphore->Header))
		return 0;
	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	old = Semaphore->Header.SignalState;
	fits = Adjustment > 0 && Adjustment <= Semaphore->Limit - old;
	if (fits) {
		Semaphore->Header.SignalState += Adjustment;
		kmcl_dispatcher_signal(&Semaphore->Header);
	}
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
	WARN_ONCE(!fits, "%s: above the limit\n", __func__);
	return old;
}
EXPORT_SYMBOL_GPL(KeReleaseSemaphore);

/**
 * KeReadStateSemaphore() - the count of a semaphore
 * @Semaphore: the semaphore
 *
 * IRQL: any.
 *
 * Return: 0 if a wait would not be satisfied at once.
 *
 * Microsoft: "KeReadStateSemaphore function (wdm.h)".
 */
LONG KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
	return READ_ONCE(Semaphore->Header.SignalState);
}
EXPORT_SYMBOL_GPL(KeReadStateSemaphore);

/**
 * ExInitializeFastMutex() - initialise a fast mutex, free
 * @FastMutex: storage, nonpaged
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExInitializeFastMutex function (wdm.h)".
 */
VOID ExInitializeFastMutex(PFAST_MUTEX FastMutex)
{
	FastMutex->Count = 1;
	FastMutex->Owner = NULL;
	KeInitializeEvent(&FastMutex->Event, SynchronizationEvent, FALSE);
}
EXPORT_SYMBOL_GPL(ExInitializeFastMutex);

/**
 * ExAcquireFastMutex() - take a fast mutex
 * @FastMutex: the mutex; its owner would wait for ever, and is told so in the log
 *
 * The IRQL stays what it is: there are no APCs to keep out.
 *
 * IRQL: <= APC_LEVEL. At DISPATCH_LEVEL it warns once, and the caller does not have the mutex.
 *
 * Microsoft: "ExAcquireFastMutex function (wdm.h)".
 */
VOID ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
	if (!kmcl_nt_may_wait(__func__))
		return;
	WARN_ONCE(READ_ONCE(FastMutex->Owner) == current, "%s: by its owner\n", __func__);
	if (InterlockedDecrement(&FastMutex->Count))
		KeWaitForSingleObject(&FastMutex->Event, Executive, KernelMode, FALSE, NULL);
	FastMutex->Owner = current;
}
EXPORT_SYMBOL_GPL(ExAcquireFastMutex);

/**
 * ExTryToAcquireFastMutex() - take a fast mutex if it is free
 * @FastMutex: the mutex
 *
 * IRQL: <= APC_LEVEL.
 *
 * Return: TRUE if the caller has it.
 *
 * Microsoft: "ExTryToAcquireFastMutex function (wdm.h)".
 */
BOOLEAN ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
	if (InterlockedCompareExchange(&FastMutex->Count, 0, 1) != 1)
		return FALSE;
	FastMutex->Owner = current;
	return TRUE;
}
EXPORT_SYMBOL_GPL(ExTryToAcquireFastMutex);

/**
 * ExReleaseFastMutex() - give a fast mutex back
 * @FastMutex: owned by the caller; any other warns once and nothing happens
 *
 * IRQL: <= APC_LEVEL.
 *
 * Microsoft: "ExReleaseFastMutex function (wdm.h)".
 */
VOID ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
	if (WARN_ONCE(FastMutex->Owner != current, "%s: the caller is not the owner\n", __func__))
		return;
	FastMutex->Owner = NULL;
	if (InterlockedIncrement(&FastMutex->Count) <= 0)
		KeSetEvent(&FastMutex->Event, IO_NO_INCREMENT, FALSE);
}
EXPORT_SYMBOL_GPL(ExReleaseFastMutex);
