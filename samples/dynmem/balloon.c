// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon: pages that the host has instead of us.
 *
 * Pages come in blocks, one MDL each: naturally aligned runs of 2 MiB, of 64 KiB where memory is
 * fragmented, single pages at worst. MmFreePagesFromMdl frees all pages of an MDL or none, but the
 * host may return any part of what it got. So a block remembers which of its pages the host has,
 * and is freed when the last one is back. Until then the pages that are back are held, and they
 * are the first to go when the host asks again.
 *
 * Only the worker thread calls these functions, hence no lock.
 */
#include "dynmem.h"

#define MIB_TO_PAGES(Mib)	((ULONG64)(Mib) << (20 - PAGE_SHIFT))

/* log2 of pages in a 2 MiB region; no block crosses the border of one. */
#define REGION_SHIFT		9

/* Look again at the free memory after so many pages: others allocate, too. */
#define PAGES_BETWEEN_CHECKS	2048

#define BITS_PER_WORD		64

typedef struct _DYNMEM_BLOCK {
	LIST_ENTRY Link;		/* in its bucket */
	LIST_ENTRY IncompleteLink;	/* while 0 < GivenCount < PageCount, else on no list */
	PMDL Mdl;
	PFN_NUMBER FirstPage;
	ULONG PageCount;
	ULONG GivenCount;
	ULONG64 Given[];	/* one bit a page: the host has it */
} DYNMEM_BLOCK, *PDYNMEM_BLOCK;

static const ULONG BlockSizes[] = { 512, 16, 1 };

VOID DynMemBalloonInitialize(PDYNMEM_DEVICE Device)
{
	ULONG i;

	for (i = 0; i < DYNMEM_BUCKETS; i++)
		InitializeListHead(&Device->Buckets[i]);
	InitializeListHead(&Device->Incomplete);
}

static PLIST_ENTRY DynMemBucket(PDYNMEM_DEVICE Device, PFN_NUMBER Page)
{
	return &Device->Buckets[(Page >> REGION_SHIFT) % DYNMEM_BUCKETS];
}

/*
 * Below the floor nothing is given. The driver cannot know what the system will need next, so it
 * leaves 64 MiB and a sixteenth of the memory. When the figures are not to be had, nothing is
 * free and nothing is given.
 */
VOID DynMemQueryMemory(PULONG64 Available, PULONG64 Committed, PULONG64 Floor)
{
	SYSTEM_BASIC_INFORMATION basic;
	SYSTEM_PERFORMANCE_INFORMATION performance;

	*Available = 0;
	*Committed = 0;
	*Floor = MIB_TO_PAGES(64);

	if (!NT_SUCCESS(ZwQuerySystemInformation(SystemBasicInformation, &basic,
						 sizeof(basic), NULL)) ||
	    !NT_SUCCESS(ZwQuerySystemInformation(SystemPerformanceInformation, &performance,
						 sizeof(performance), NULL)))
		return;

	*Available = performance.AvailablePages;
	*Committed = performance.CommittedPages;
	*Floor += basic.NumberOfPhysicalPages / 16;
}

static ULONG64 DynMemBudget(VOID)
{
	ULONG64 available, committed, floor;

	DynMemQueryMemory(&available, &committed, &floor);
	return available > floor ? available - floor : 0;
}

static BOOLEAN DynMemIsGiven(PDYNMEM_BLOCK Block, ULONG Index)
{
	return (Block->Given[Index / BITS_PER_WORD] >> (Index % BITS_PER_WORD)) & 1;
}

/* Turns over the bits of pages that all are, or all are not, the host's; keeps lists and counts. */
static VOID DynMemFlip(PDYNMEM_DEVICE Device, PDYNMEM_BLOCK Block, ULONG First, ULONG Count,
		       BOOLEAN Give)
{
	BOOLEAN was_incomplete = Block->GivenCount > 0 && Block->GivenCount < Block->PageCount;
	BOOLEAN is_incomplete;
	ULONG i;

	for (i = First; i < First + Count; i++)
		Block->Given[i / BITS_PER_WORD] ^= (ULONG64)1 << (i % BITS_PER_WORD);

	if (Give) {
		Block->GivenCount += Count;
		DynMemCounters.PagesGiven += Count;
		DynMemCounters.PagesBallooned += Count;
		DynMemCounters.PagesHeld -= Count;
	} else {
		Block->GivenCount -= Count;
		DynMemCounters.PagesTakenBack += Count;
		DynMemCounters.PagesBallooned -= Count;
		DynMemCounters.PagesHeld += Count;
	}

	is_incomplete = Block->GivenCount > 0 && Block->GivenCount < Block->PageCount;
	if (is_incomplete && !was_incomplete)
		InsertTailList(&Device->Incomplete, &Block->IncompleteLink);
	else if (was_incomplete && !is_incomplete)
		RemoveEntryList(&Block->IncompleteLink);
}

static BOOLEAN DynMemIsOneRun(PMDL Mdl, ULONG PageCount)
{
	PPFN_NUMBER pages = MmGetMdlPfnArray(Mdl);
	ULONG i;

	if (MmGetMdlByteCount(Mdl) != PageCount << PAGE_SHIFT || pages[0] & (PageCount - 1))
		return FALSE;

	for (i = 1; i < PageCount; i++)
		if (pages[i] != pages[0] + i)
			return FALSE;

	return TRUE;
}

static PMDL DynMemAllocatePages(ULONG PageCount)
{
	PHYSICAL_ADDRESS low, high, chunk;
	PMDL mdl;

	low.QuadPart = 0;
	high.QuadPart = ~0LL;
	chunk.QuadPart = (LONGLONG)PageCount << PAGE_SHIFT;

	mdl = MmAllocatePagesForMdlEx(low, high, chunk, (SIZE_T)PageCount << PAGE_SHIFT, MmCached,
				      MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FULLY_REQUIRED |
				      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	if (mdl && !DynMemIsOneRun(mdl, PageCount)) {
		MmFreePagesFromMdl(mdl);
		ExFreePool(mdl);
		mdl = NULL;
	}

	return mdl;
}

static PDYNMEM_BLOCK DynMemAllocateBlock(PDYNMEM_DEVICE Device, ULONG PageCount)
{
	ULONG words = (PageCount + BITS_PER_WORD - 1) / BITS_PER_WORD;
	PDYNMEM_BLOCK block;

	block = ExAllocatePool2(POOL_FLAG_NON_PAGED, FIELD_OFFSET(DYNMEM_BLOCK, Given) +
				words * sizeof(block->Given[0]), DYNMEM_TAG);
	if (!block)
		return NULL;

	block->Mdl = DynMemAllocatePages(PageCount);
	if (!block->Mdl) {
		ExFreePoolWithTag(block, DYNMEM_TAG);
		return NULL;
	}

	block->PageCount = PageCount;
	block->FirstPage = MmGetMdlPfnArray(block->Mdl)[0];
	InsertTailList(DynMemBucket(Device, block->FirstPage), &block->Link);
	DynMemCounters.PagesHeld += PageCount;
	DynMemCounters.Blocks++;

	return block;
}

/* None of its pages is the host's. */
static VOID DynMemFreeBlock(PDYNMEM_BLOCK Block)
{
	RemoveEntryList(&Block->Link);
	DynMemCounters.PagesHeld -= Block->PageCount;
	DynMemCounters.Blocks--;

	MmFreePagesFromMdl(Block->Mdl);
	ExFreePool(Block->Mdl);
	ExFreePoolWithTag(Block, DYNMEM_TAG);
}

/* Returns how many of the pages the block had given. */
static ULONG DynMemTakeFromBlock(PDYNMEM_DEVICE Device, PDYNMEM_BLOCK Block, ULONG First,
				 ULONG Count)
{
	ULONG end = First + Count;
	ULONG taken = 0;
	ULONG start;

	while (First < end) {
		while (First < end && !DynMemIsGiven(Block, First))
			First++;
		for (start = First; First < end && DynMemIsGiven(Block, First);)
			First++;
		if (First > start)
			DynMemFlip(Device, Block, start, First - start, FALSE);
		taken += First - start;
	}

	if (Block->GivenCount == 0)
		DynMemFreeBlock(Block);

	return taken;
}

/* Takes back those pages of [Page, Stop), within one region, that the host has. */
static ULONG DynMemTakeFromRegion(PDYNMEM_DEVICE Device, PFN_NUMBER Page, PFN_NUMBER Stop)
{
	PLIST_ENTRY bucket = DynMemBucket(Device, Page);
	PLIST_ENTRY entry, next;
	ULONG taken = 0;

	for (entry = bucket->Flink; entry != bucket; entry = next) {
		PDYNMEM_BLOCK block = CONTAINING_RECORD(entry, DYNMEM_BLOCK, Link);
		PFN_NUMBER first = block->FirstPage;
		PFN_NUMBER last = first + block->PageCount;

		next = entry->Flink;
		if (first < Page)
			first = Page;
		if (last > Stop)
			last = Stop;
		if (first < last)
			taken += DynMemTakeFromBlock(Device, block,
						     (ULONG)(first - block->FirstPage),
						     (ULONG)(last - first));
	}

	return taken;
}

/*
 * The host returns pages. It may name any pages at all, so pages that it does not have are
 * counted and otherwise left alone. The first such page ends the walk: a message can name
 * billions.
 *
 * Return: whether the host had them all.
 */
BOOLEAN DynMemTakeBack(PDYNMEM_DEVICE Device, DM_PAGE_RANGE Range)
{
	PFN_NUMBER page = DM_RANGE_FIRST(Range);
	PFN_NUMBER end = page + DM_RANGE_COUNT(Range);

	while (page < end) {
		PFN_NUMBER border = ((page >> REGION_SHIFT) + 1) << REGION_SHIFT;
		PFN_NUMBER stop = border < end ? border : end;
		ULONG taken = DynMemTakeFromRegion(Device, page, stop);

		if (taken != stop - page) {
			DynMemCounters.BadPages += (ULONG)(end - page) - taken;
			return FALSE;
		}
		page = stop;
	}

	return TRUE;
}

/* The channel is gone, and with it the host's claim to the pages. */
VOID DynMemTakeBackAll(PDYNMEM_DEVICE Device)
{
	ULONG taken = 0;
	ULONG i;

	for (i = 0; i < DYNMEM_BUCKETS; i++) {
		while (!IsListEmpty(&Device->Buckets[i])) {
			PDYNMEM_BLOCK block = CONTAINING_RECORD(Device->Buckets[i].Flink,
								DYNMEM_BLOCK, Link);

			taken += DynMemTakeFromBlock(Device, block, 0, block->PageCount);
		}
	}

	if (taken)
		DbgPrint("dynmem: took back %u pages that the host had\n", taken);
}

/* A response under construction; the message is the worker's buffer. */
typedef struct _DYNMEM_ANSWER {
	PDM_BALLOON_RESPONSE Response;
	ULONG RangeCount;
	ULONG PageCount;
} DYNMEM_ANSWER, *PDYNMEM_ANSWER;

static BOOLEAN DynMemRangesJoin(DM_PAGE_RANGE Last, PFN_NUMBER Page, ULONG Count)
{
	return Page == DM_RANGE_FIRST(Last) + DM_RANGE_COUNT(Last) &&
	       Count <= DM_RANGE_MAXIMUM_COUNT - DM_RANGE_COUNT(Last);
}

/* Joins the run to the last range where it can. FALSE: no room, nothing was given. */
static BOOLEAN DynMemGive(PDYNMEM_DEVICE Device, PDYNMEM_ANSWER Answer, PDYNMEM_BLOCK Block,
			  ULONG First, ULONG Count)
{
	PFN_NUMBER page = Block->FirstPage + First;
	DM_PAGE_RANGE *next = Answer->Response->Ranges + Answer->RangeCount;

	if (Answer->RangeCount && DynMemRangesJoin(next[-1], page, Count)) {
		next[-1] = DM_RANGE(DM_RANGE_FIRST(next[-1]), DM_RANGE_COUNT(next[-1]) + Count);
	} else if (Answer->RangeCount < DM_MAXIMUM_RANGES) {
		*next = DM_RANGE(page, Count);
		Answer->RangeCount++;
	} else {
		return FALSE;
	}

	DynMemFlip(Device, Block, First, Count, TRUE);
	Answer->PageCount += Count;

	return TRUE;
}

static VOID DynMemGiveHeldPages(PDYNMEM_DEVICE Device, PDYNMEM_ANSWER Answer, ULONG Wanted)
{
	while (Answer->PageCount < Wanted && !IsListEmpty(&Device->Incomplete)) {
		PDYNMEM_BLOCK block = CONTAINING_RECORD(Device->Incomplete.Flink, DYNMEM_BLOCK,
							IncompleteLink);
		ULONG first = 0;
		ULONG count;

		while (DynMemIsGiven(block, first))
			first++;
		for (count = 1; first + count < block->PageCount &&
		     !DynMemIsGiven(block, first + count) &&
		     Answer->PageCount + count < Wanted;)
			count++;
		if (!DynMemGive(Device, Answer, block, first, count))
			return;
	}
}

/* Largest blocks first; *Size remembers how far down the memory's fragmentation has forced us. */
static PDYNMEM_BLOCK DynMemFindBlock(PDYNMEM_DEVICE Device, PULONG Size, ULONG64 Wanted)
{
	PDYNMEM_BLOCK block;

	for (; *Size < RTL_NUMBER_OF(BlockSizes); ++*Size) {
		if (BlockSizes[*Size] > Wanted)
			continue;
		block = DynMemAllocateBlock(Device, BlockSizes[*Size]);
		if (block)
			return block;
	}

	return NULL;
}

/* Fills one message. Returns FALSE when no more pages are to be had. */
static BOOLEAN DynMemGiveNewPages(PDYNMEM_DEVICE Device, PDYNMEM_ANSWER Answer, PULONG Size,
				  ULONG Wanted)
{
	ULONG64 budget = 0;
	ULONG64 since = PAGES_BETWEEN_CHECKS;
	ULONG64 most;
	PDYNMEM_BLOCK block;

	while (Answer->PageCount < Wanted && Answer->RangeCount < DM_MAXIMUM_RANGES &&
	       DynMemMayWork(Device)) {
		if (since >= PAGES_BETWEEN_CHECKS) {
			budget = DynMemBudget();
			since = 0;
		}

		most = Wanted - Answer->PageCount;
		if (most > budget)
			most = budget;
		block = DynMemFindBlock(Device, Size, most);
		if (!block)
			return FALSE;

		budget -= block->PageCount;
		since += block->PageCount;
		DynMemGive(Device, Answer, block, 0, block->PageCount);
	}

	return TRUE;
}

static NTSTATUS DynMemSendAnswer(PDYNMEM_DEVICE Device, PDYNMEM_ANSWER Answer, BOOLEAN More)
{
	PDM_BALLOON_RESPONSE response = Answer->Response;
	NTSTATUS status;
	ULONG i;

	response->Reserved = 0;
	response->MoreAndCount = Answer->RangeCount << 1 | (More ? DM_MORE_PAGES : 0);
	status = DynMemSend(Device, DmBalloonResponse, &response->Header,
			    FIELD_OFFSET(DM_BALLOON_RESPONSE, Ranges) +
			    Answer->RangeCount * sizeof(response->Ranges[0]));

	/* The host never heard of these pages. */
	if (!NT_SUCCESS(status))
		for (i = 0; i < Answer->RangeCount; i++)
			DynMemTakeBack(Device, response->Ranges[i]);

	return status;
}

/*
 * The host asks for pages. Every message but the last says that more will come; the last may be
 * empty. A message without pages tells the host that the guest is as small as it can be.
 */
VOID DynMemBalloon(PDYNMEM_DEVICE Device, ULONG PageCount)
{
	ULONG given = 0, ranges = 0, messages = 0;
	ULONG size = 0;
	BOOLEAN more = TRUE;
	NTSTATUS status;

	while (more && DynMemMayWork(Device)) {
		DYNMEM_ANSWER answer = { .Response = (PDM_BALLOON_RESPONSE)Device->Message };

		DynMemGiveHeldPages(Device, &answer, PageCount - given);
		more = DynMemGiveNewPages(Device, &answer, &size, PageCount - given) &&
		       given + answer.PageCount < PageCount;

		status = DynMemSendAnswer(Device, &answer, more);
		if (!NT_SUCCESS(status)) {
			Device->Failure = status;
			return;
		}

		given += answer.PageCount;
		ranges += answer.RangeCount;
		messages++;
		DynMemTick(Device);
	}

	DbgPrint("dynmem: balloon: asked for %u pages, gave %u in %u ranges, %u messages\n",
		 PageCount, given, ranges, messages);
}
