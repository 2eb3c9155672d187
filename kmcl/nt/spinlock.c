// SPDX-License-Identifier: GPL-2.0-only
/*
 * KSPIN_LOCK is a spinlock_t in the driver's own memory, taken with bottom halves disabled. Not a
 * raw one: drivers allocate memory and send packets while they hold it, which takes spin locks of
 * Linux.
 *
 * Linux's queued spin locks already give what Windows' in-stack queued spin locks are for, so these
 * are the same lock.
 */

#include <linux/bottom_half.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "nt.h"

#ifdef CONFIG_PREEMPT_RT
#error "PREEMPT_RT kernels are not supported: spinlock_t sleeps and exceeds KSPIN_LOCK"
#endif

#undef KeInitializeSpinLock

static spinlock_t *to_lock(PKSPIN_LOCK lock)
{
	BUILD_BUG_ON(sizeof(spinlock_t) > sizeof(KSPIN_LOCK));
	return (spinlock_t *)lock;
}

/*
 * A lock is taken in one of these functions and dropped in another. Sparse cannot follow that
 * through the NT prototypes, so it is told that each leaves things as they were.
 */
static void lock(PKSPIN_LOCK lock)
{
	spin_lock(to_lock(lock));
	__release(to_lock(lock));
}

static void unlock(PKSPIN_LOCK lock)
{
	__acquire(to_lock(lock));
	spin_unlock(to_lock(lock));
}

/* What spin_trylock() is but for sparse's annotation. */
static bool try_lock(PKSPIN_LOCK lock)
{
	return _raw_spin_trylock(spinlock_check(to_lock(lock)));
}

static void check_dispatch(const char *function)
{
	WARN_ONCE(KeGetCurrentIrql() < DISPATCH_LEVEL, "%s below DISPATCH_LEVEL\n", function);
}

/**
 * KeInitializeSpinLock() - make a spin lock, free
 * @SpinLock: storage, nonpaged
 *
 * IRQL: any.
 *
 * Microsoft: "KeInitializeSpinLock function (wdm.h)".
 */
VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
	memset(SpinLock, 0, sizeof(*SpinLock));
	spin_lock_init(to_lock(SpinLock));
}
EXPORT_SYMBOL_GPL(KeInitializeSpinLock);

#ifdef CONFIG_DEBUG_LOCK_ALLOC
/**
 * kmcl_nt_init_spin_lock() - KeInitializeSpinLock() with a lock class of its own
 * @SpinLock: storage
 * @name: name in lockdep's reports
 * @key: static storage, one a class
 */
VOID kmcl_nt_init_spin_lock(PKSPIN_LOCK SpinLock, PCSTR name, PVOID key)
{
	BUILD_BUG_ON(sizeof(struct lock_class_key) > 2 * sizeof(ULONGLONG));
	memset(SpinLock, 0, sizeof(*SpinLock));
	__raw_spin_lock_init(spinlock_check(to_lock(SpinLock)), name, key, LD_WAIT_CONFIG);
}
EXPORT_SYMBOL_GPL(kmcl_nt_init_spin_lock);
#endif

/**
 * KeAcquireSpinLockRaiseToDpc() - raise to DISPATCH_LEVEL and take the lock
 * @SpinLock: the lock; KeAcquireSpinLock() is this with the result stored
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the level to give to KeReleaseSpinLock().
 *
 * Microsoft: "KeAcquireSpinLockRaiseToDpc function (wdm.h)", "KeAcquireSpinLock macro (wdm.h)".
 */
KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
	KIRQL old = KeRaiseIrqlToDpcLevel();

	lock(SpinLock);
	return old;
}
EXPORT_SYMBOL_GPL(KeAcquireSpinLockRaiseToDpc);

/**
 * KeReleaseSpinLock() - drop the lock and go back to the old level
 * @SpinLock: the lock
 * @NewIrql: what the acquiring call returned
 *
 * IRQL: DISPATCH_LEVEL.
 *
 * Microsoft: "KeReleaseSpinLock function (wdm.h)".
 */
VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
	unlock(SpinLock);
	KeLowerIrql(NewIrql);
}
EXPORT_SYMBOL_GPL(KeReleaseSpinLock);

/**
 * KeAcquireSpinLockAtDpcLevel() - take the lock; the caller is at DISPATCH_LEVEL
 * @SpinLock: the lock
 *
 * IRQL: DISPATCH_LEVEL; below it warns once.
 *
 * Microsoft: "KeAcquireSpinLockAtDpcLevel function (wdm.h)".
 */
VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
	check_dispatch(__func__);
	lock(SpinLock);
}
EXPORT_SYMBOL_GPL(KeAcquireSpinLockAtDpcLevel);

/**
 * KeReleaseSpinLockFromDpcLevel() - drop the lock and stay at DISPATCH_LEVEL
 * @SpinLock: the lock
 *
 * IRQL: DISPATCH_LEVEL.
 *
 * Microsoft: "KeReleaseSpinLockFromDpcLevel function (wdm.h)".
 */
VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
	unlock(SpinLock);
}
EXPORT_SYMBOL_GPL(KeReleaseSpinLockFromDpcLevel);

/**
 * KeTryToAcquireSpinLockAtDpcLevel() - take the lock if it is free
 * @SpinLock: the lock
 *
 * IRQL: DISPATCH_LEVEL; below it warns once.
 *
 * Return: TRUE if the lock was taken.
 *
 * Microsoft: "KeTryToAcquireSpinLockAtDpcLevel function (wdm.h)".
 */
BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
	check_dispatch(__func__);
	return try_lock(SpinLock);
}
EXPORT_SYMBOL_GPL(KeTryToAcquireSpinLockAtDpcLevel);

/**
 * KeTestSpinLock() - is the lock free?
 * @SpinLock: the lock
 *
 * IRQL: any. The answer may be old when it arrives.
 *
 * Return: TRUE if nobody holds the lock.
 *
 * Microsoft: "KeTestSpinLock function (wdm.h)".
 */
BOOLEAN KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
	return !spin_is_locked(to_lock(SpinLock));
}
EXPORT_SYMBOL_GPL(KeTestSpinLock);

/**
 * KeAcquireInStackQueuedSpinLock() - raise to DISPATCH_LEVEL and take the lock
 * @SpinLock: the lock
 * @LockHandle: storage until the lock is released, usually on the stack
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "KeAcquireInStackQueuedSpinLock function (wdm.h)".
 */
VOID KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
	LockHandle->OldIrql = KeAcquireSpinLockRaiseToDpc(SpinLock);
	LockHandle->Lock = SpinLock;
}
EXPORT_SYMBOL_GPL(KeAcquireInStackQueuedSpinLock);

/**
 * KeReleaseInStackQueuedSpinLock() - drop the lock and go back to the old level
 * @LockHandle: as given to KeAcquireInStackQueuedSpinLock()
 *
 * IRQL: DISPATCH_LEVEL.
 *
 * Microsoft: "KeReleaseInStackQueuedSpinLock function (wdm.h)".
 */
VOID KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
	KeReleaseSpinLock(LockHandle->Lock, LockHandle->OldIrql);
}
EXPORT_SYMBOL_GPL(KeReleaseInStackQueuedSpinLock);

/**
 * KeAcquireInStackQueuedSpinLockAtDpcLevel() - take the lock; the caller is at DISPATCH_LEVEL
 * @SpinLock: the lock
 * @LockHandle: storage until the lock is released
 *
 * IRQL: DISPATCH_LEVEL; below it warns once.
 *
 * Microsoft: "KeAcquireInStackQueuedSpinLockAtDpcLevel function (wdm.h)".
 */
VOID KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
	KeAcquireSpinLockAtDpcLevel(SpinLock);
	LockHandle->Lock = SpinLock;
	LockHandle->OldIrql = DISPATCH_LEVEL;
}
EXPORT_SYMBOL_GPL(KeAcquireInStackQueuedSpinLockAtDpcLevel);

/**
 * KeReleaseInStackQueuedSpinLockFromDpcLevel() - drop the lock and stay at DISPATCH_LEVEL
 * @LockHandle: as given to KeAcquireInStackQueuedSpinLockAtDpcLevel()
 *
 * IRQL: DISPATCH_LEVEL.
 *
 * Microsoft: "KeReleaseInStackQueuedSpinLockFromDpcLevel function (wdm.h)".
 */
VOID KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
	KeReleaseSpinLockFromDpcLevel(LockHandle->Lock);
}
EXPORT_SYMBOL_GPL(KeReleaseInStackQueuedSpinLockFromDpcLevel);
