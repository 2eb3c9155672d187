// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookaside lists: blocks of one size that are kept for the next who wants one. The blocks come
 * from the pool and count there, also while they are kept.
 */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "nt.h"

#define KEPT_MAX	EX_MAXIMUM_LOOKASIDE_DEPTH_BASE

static void setup(PLOOKASIDE_LIST_EX list, POOL_TYPE type, SIZE_T size, ULONG tag)
{
	memset(list, 0, sizeof(*list));
	InitializeSListHead(&list->Blocks);
	list->Type = type;
	list->Tag = tag;
	/* A block that is kept is an entry of the list. */
	list->Size = max_t(SIZE_T, size, sizeof(SLIST_ENTRY));
}

static PVOID new_block(PLOOKASIDE_LIST_EX list)
{
	if (list->AllocateEx)
		return list->AllocateEx(list->Type, list->Size, list->Tag, list);
	if (list->Allocate)
		return list->Allocate(list->Type, list->Size, list->Tag);
	return ExAllocatePoolWithTag(list->Type, list->Size, list->Tag);
}

static void free_block(PLOOKASIDE_LIST_EX list, PVOID block)
{
	if (list->FreeEx)
		list->FreeEx(block, list);
	else if (list->Free)
		list->Free(block);
	else
		ExFreePoolWithTag(block, list->Tag);
}

/**
 * ExInitializeLookasideListEx() - initialise a lookaside list
 * @Lookaside: storage, nonpaged, aligned to 16 bytes
 * @Allocate: NULL: from the pool
 * @Free: NULL: to the pool
 * @PoolType: of the blocks
 * @Flags: 0; failures never raise an exception
 * @Size: bytes of a block; at least a list entry's are allocated
 * @Tag: of the blocks
 * @Depth: ignored, as on Windows; up to 256 blocks are kept
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_5 for EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL.
 *
 * Microsoft: "ExInitializeLookasideListEx function (wdm.h)".
 */
NTSTATUS ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate,
				     PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags,
				     SIZE_T Size, ULONG Tag, USHORT Depth)
{
	if (Flags & EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL)
		return STATUS_INVALID_PARAMETER_5;
	setup(Lookaside, PoolType, Size, Tag);
	Lookaside->AllocateEx = Allocate;
	Lookaside->FreeEx = Free;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ExInitializeLookasideListEx);

static void init_old(PLOOKASIDE_LIST_EX list, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION release,
		     POOL_TYPE type, SIZE_T size, ULONG tag)
{
	setup(list, type, size, tag);
	list->Allocate = allocate;
	list->Free = release;
}

/**
 * ExInitializeNPagedLookasideList() - initialise a lookaside list of nonpaged blocks
 * @Lookaside: storage, nonpaged, aligned to 16 bytes
 * @Allocate: NULL: from the pool
 * @Free: NULL: to the pool
 * @Flags: ignored
 * @Size: bytes of a block
 * @Tag: of the blocks
 * @Depth: ignored
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExInitializeNPagedLookasideList function (wdm.h)".
 */
VOID ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
				     PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
				     USHORT Depth)
{
	init_old(Lookaside, Allocate, Free, NonPagedPoolNx, Size, Tag);
}
EXPORT_SYMBOL_GPL(ExInitializeNPagedLookasideList);

/**
 * ExInitializePagedLookasideList() - initialise a lookaside list of blocks that may be paged
 * @Lookaside: storage, nonpaged, aligned to 16 bytes
 * @Allocate: NULL: from the pool
 * @Free: NULL: to the pool
 * @Flags: ignored
 * @Size: bytes of a block
 * @Tag: of the blocks
 * @Depth: ignored
 *
 * IRQL: <= APC_LEVEL.
 *
 * Microsoft: "ExInitializePagedLookasideList function (wdm.h)".
 */
VOID ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
				    PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
				    USHORT Depth)
{
	init_old(Lookaside, Allocate, Free, PagedPool, Size, Tag);
}
EXPORT_SYMBOL_GPL(ExInitializePagedLookasideList);

/**
 * ExAllocateFromLookasideListEx() - a block
 * @Lookaside: the list
 *
 * IRQL: <= DISPATCH_LEVEL; <= APC_LEVEL for paged blocks.
 *
 * Return: a block with anything in it, or NULL; ExFreeToLookasideListEx() frees it.
 *
 * Microsoft: "ExAllocateFromLookasideListEx function (wdm.h)",
 * "ExAllocateFromNPagedLookasideList function (wdm.h)",
 * "ExAllocateFromPagedLookasideList function (wdm.h)".
 */
PVOID ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
	return InterlockedPopEntrySList(&Lookaside->Blocks) ?: new_block(Lookaside);
}
EXPORT_SYMBOL_GPL(ExAllocateFromLookasideListEx);

/**
 * ExFreeToLookasideListEx() - give a block back
 * @Lookaside: the list
 * @Entry: from ExAllocateFromLookasideListEx()
 *
 * IRQL: <= DISPATCH_LEVEL; <= APC_LEVEL for paged blocks.
 *
 * Microsoft: "ExFreeToLookasideListEx function (wdm.h)",
 * "ExFreeToNPagedLookasideList function (wdm.h)", "ExFreeToPagedLookasideList function (wdm.h)".
 */
VOID ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry)
{
	if (QueryDepthSList(&Lookaside->Blocks) < KEPT_MAX)
		InterlockedPushEntrySList(&Lookaside->Blocks, Entry);
	else
		free_block(Lookaside, Entry);
}
EXPORT_SYMBOL_GPL(ExFreeToLookasideListEx);

/**
 * ExFlushLookasideListEx() - free what is kept
 * @Lookaside: the list
 *
 * IRQL: <= DISPATCH_LEVEL; <= APC_LEVEL for paged blocks.
 *
 * Microsoft: "ExFlushLookasideListEx function (wdm.h)".
 */
VOID ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
	PSLIST_ENTRY block = InterlockedFlushSList(&Lookaside->Blocks), next;

	for (; block; block = next) {
		next = block->Next;
		free_block(Lookaside, block);
	}
}
EXPORT_SYMBOL_GPL(ExFlushLookasideListEx);

/**
 * ExDeleteLookasideListEx() - end a lookaside list
 * @Lookaside: the list, all of whose blocks have been given back
 *
 * IRQL: <= DISPATCH_LEVEL; <= APC_LEVEL for paged blocks.
 *
 * Microsoft: "ExDeleteLookasideListEx function (wdm.h)",
 * "ExDeleteNPagedLookasideList function (wdm.h)", "ExDeletePagedLookasideList function (wdm.h)".
 */
VOID ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
	ExFlushLookasideListEx(Lookaside);
}
EXPORT_SYMBOL_GPL(ExDeleteLookasideListEx);
