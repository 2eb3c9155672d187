// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists under a spin lock, which may be shared with KeAcquireSpinLock, although Windows forbids it;
 * and lists with a lock of their own.
 */

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/processor.h>

#include "nt.h"

static PLIST_ENTRY entry_or_null(PLIST_ENTRY head, PLIST_ENTRY entry)
{
	return entry == head ? NULL : entry;
}

/**
 * ExInterlockedInsertHeadList() - insert at the head of a list under a lock
 * @ListHead: the list
 * @ListEntry: the new entry
 * @Lock: the lock, not held
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: any).
 *
 * Return: the entry that was first before, or NULL if the list was empty.
 *
 * Microsoft: "ExInterlockedInsertHeadList function (wdm.h)".
 */
PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
					PKSPIN_LOCK Lock)
{
	PLIST_ENTRY first;
	KIRQL irql;

	KeAcquireSpinLock(Lock, &irql);
	first = ListHead->Flink;
	InsertHeadList(ListHead, ListEntry);
	KeReleaseSpinLock(Lock, irql);
	return entry_or_null(ListHead, first);
}
EXPORT_SYMBOL_GPL(ExInterlockedInsertHeadList);

/**
 * ExInterlockedInsertTailList() - insert at the tail of a list under a lock
 * @ListHead: the list
 * @ListEntry: the new entry
 * @Lock: the lock, not held
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: any).
 *
 * Return: the entry that was last before, or NULL if the list was empty.
 *
 * Microsoft: "ExInterlockedInsertTailList function (wdm.h)".
 */
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
					PKSPIN_LOCK Lock)
{
	PLIST_ENTRY last;
	KIRQL irql;

	KeAcquireSpinLock(Lock, &irql);
	last = ListHead->Blink;
	InsertTailList(ListHead, ListEntry);
	KeReleaseSpinLock(Lock, irql);
	return entry_or_null(ListHead, last);
}
EXPORT_SYMBOL_GPL(ExInterlockedInsertTailList);

/**
 * ExInterlockedRemoveHeadList() - remove the first entry of a list under a lock
 * @ListHead: the list
 * @Lock: the lock, not held
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: any).
 *
 * Return: the entry, or NULL if the list was empty.
 *
 * Microsoft: "ExInterlockedRemoveHeadList function (wdm.h)".
 */
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
	PLIST_ENTRY entry;
	KIRQL irql;

	KeAcquireSpinLock(Lock, &irql);
	entry = RemoveHeadList(ListHead);
	KeReleaseSpinLock(Lock, irql);
	return entry_or_null(ListHead, entry);
}
EXPORT_SYMBOL_GPL(ExInterlockedRemoveHeadList);

/**
 * ExInterlockedPushEntryList() - insert at the head of a singly linked list under a lock
 * @ListHead: the list
 * @ListEntry: the new entry
 * @Lock: the lock, not held
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: any).
 *
 * Return: the entry that was first before, or NULL.
 *
 * Microsoft: "ExInterlockedPushEntryList function (wdm.h)".
 */
PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead,
					      PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
	PSINGLE_LIST_ENTRY first;
	KIRQL irql;

	KeAcquireSpinLock(Lock, &irql);
	first = ListHead->Next;
	PushEntryList(ListHead, ListEntry);
	KeReleaseSpinLock(Lock, irql);
	return first;
}
EXPORT_SYMBOL_GPL(ExInterlockedPushEntryList);

/**
 * ExInterlockedPopEntryList() - remove the first entry of a singly linked list under a lock
 * @ListHead: the list
 * @Lock: the lock, not held
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: any).
 *
 * Return: the entry, or NULL if the list was empty.
 *
 * Microsoft: "ExInterlockedPopEntryList function (wdm.h)".
 */
PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
	PSINGLE_LIST_ENTRY first;
	KIRQL irql;

	KeAcquireSpinLock(Lock, &irql);
	first = PopEntryList(ListHead);
	KeReleaseSpinLock(Lock, irql);
	return first;
}
EXPORT_SYMBOL_GPL(ExInterlockedPopEntryList);

/*
 * A lock of a word that zeroed memory is a free one of. Windows' lists have none; a loop over a
 * 16-byte compare-and-exchange would read the link of an entry that somebody else may have freed.
 */
static unsigned long lock_slist(PSLIST_HEADER head)
{
	unsigned long flags;

	local_irq_save(flags);
	while (cmpxchg_acquire(&head->Lock, 0, 1))
		cpu_relax();
	return flags;
}

static void unlock_slist(PSLIST_HEADER head, unsigned long flags)
{
	/* The list first: pairs with cmpxchg_acquire() in lock_slist(). */
	smp_store_release(&head->Lock, 0);
	local_irq_restore(flags);
}

/**
 * InterlockedPushEntrySList() - insert at the head of a list
 * @ListHead: the list
 * @ListEntry: the new entry
 *
 * IRQL: any.
 *
 * Return: the entry that was first before, or NULL.
 *
 * Microsoft: "InterlockedPushEntrySList function (wdm.h)".
 */
PSLIST_ENTRY InterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
	unsigned long flags = lock_slist(ListHead);
	PSLIST_ENTRY first = ListHead->Next;

	ListEntry->Next = first;
	ListHead->Next = ListEntry;
	ListHead->Depth++;
	ListHead->Sequence++;
	unlock_slist(ListHead, flags);
	return first;
}
EXPORT_SYMBOL_GPL(InterlockedPushEntrySList);

/**
 * InterlockedPopEntrySList() - remove the first entry of a list
 * @ListHead: the list
 *
 * IRQL: any.
 *
 * Return: the entry, or NULL if the list was empty.
 *
 * Microsoft: "InterlockedPopEntrySList function (wdm.h)".
 */
PSLIST_ENTRY InterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
	unsigned long flags = lock_slist(ListHead);
	PSLIST_ENTRY first = ListHead->Next;

	if (first) {
		ListHead->Next = first->Next;
		ListHead->Depth--;
	}
	unlock_slist(ListHead, flags);
	return first;
}
EXPORT_SYMBOL_GPL(InterlockedPopEntrySList);

/**
 * InterlockedFlushSList() - remove all entries of a list
 * @ListHead: the list
 *
 * IRQL: any.
 *
 * Return: the first of them, with the others behind it, or NULL.
 *
 * Microsoft: "ExInterlockedFlushSList function (wdm.h)".
 */
PSLIST_ENTRY InterlockedFlushSList(PSLIST_HEADER ListHead)
{
	unsigned long flags = lock_slist(ListHead);
	PSLIST_ENTRY first = ListHead->Next;

	ListHead->Next = NULL;
	ListHead->Depth = 0;
	unlock_slist(ListHead, flags);
	return first;
}
EXPORT_SYMBOL_GPL(InterlockedFlushSList);

/**
 * QueryDepthSList() - how long is a list?
 * @ListHead: the list
 *
 * IRQL: any. The answer may be old when it arrives.
 *
 * Return: entries, modulo 65536.
 *
 * Microsoft: "ExQueryDepthSList function (wdm.h)".
 */
USHORT QueryDepthSList(PSLIST_HEADER ListHead)
{
	return READ_ONCE(ListHead->Depth);
}
EXPORT_SYMBOL_GPL(QueryDepthSList);
