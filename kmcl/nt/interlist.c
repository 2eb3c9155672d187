// SPDX-License-Identifier: GPL-2.0-only
/* Lists under a spin lock. The lock may be shared with KeAcquireSpinLock, which Windows forbids. */

#include <linux/export.h>

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
