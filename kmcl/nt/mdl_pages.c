// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical pages for a driver, without an address. Linux pages are split down to single ones, so
 * they can be freed in any order; where a Linux page is larger than 4096 bytes, its NT pages are
 * adjacent entries of the array.
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "nt.h"

#define MAX_TOTAL_BYTES	(0x100000000ULL - KMCL_NT_PAGE_SIZE)	/* ByteCount is a ULONG */
#define CONTIGUOUS_ORDER	9	/* what MM_ALLOCATE_PREFER_CONTIGUOUS tries first */
#define OFFERED_FLAGS \
	(MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FROM_LOCAL_NODE_ONLY | \
	 MM_ALLOCATE_FULLY_REQUIRED | MM_ALLOCATE_NO_WAIT | MM_ALLOCATE_PREFER_CONTIGUOUS | \
	 MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS | MM_ALLOCATE_TRIM_IF_NECESSARY)

static atomic64_t pages_out;

/**
 * kmcl_mdl_pages_out() - pages that drivers hold
 *
 * Return: Linux pages that MmAllocatePagesForMdlEx() gave and MmFreePagesFromMdl() has not got
 * back.
 */
s64 kmcl_mdl_pages_out(void)
{
	return atomic64_read(&pages_out);
}

struct page_request {
	gfp_t gfp;
	int node;
	u64 low, high;			/* physical addresses, both inclusive */
	struct list_head rejected;	/* blocks out of range, their order in page_private() */
	unsigned long rejects_left;	/* Linux pages */
};

static bool suits(const struct page_request *req, struct page *page, unsigned int order)
{
	u64 pa = page_to_phys(page);

	return pa >= req->low && pa + (PAGE_SIZE << order) - 1 <= req->high;
}

/*
 * A block that is out of range is kept until the end, so that the allocator does not give it again.
 */
static struct page *request_block(struct page_request *req, unsigned int order)
{
	gfp_t gfp = req->gfp | (order ? __GFP_NORETRY : 0);
	struct page *page;

	for (;;) {
		page = alloc_pages_node(req->node, gfp, order);
		if (!page)
			return NULL;
		if (suits(req, page, order))
			break;
		set_page_private(page, order);
		list_add(&page->lru, &req->rejected);
		if (req->rejects_left < 1UL << order)
			return NULL;
		req->rejects_left -= 1UL << order;
	}
	if (order)
		split_page(page, order);
	atomic64_add(1L << order, &pages_out);
	return page;
}

static void free_rejected(struct page_request *req)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &req->rejected, lru) {
		unsigned int order = page_private(page);

		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
	}
}

/* How much memory may be held only because it is out of range: that of a few blocks at least. */
static void limit_rejects(struct page_request *req, unsigned long nt_pages, unsigned int order)
{
	req->rejects_left = max3(nt_pages / KMCL_NT_PAGES_PER_PAGE, 1024UL, 16UL << order);
}

static gfp_t zone_flags(u64 high)
{
	if (high < BIT_ULL(24))
		return GFP_DMA;
	if (high < BIT_ULL(32))
		return GFP_DMA32;
	return 0;
}

static void request_init(struct page_request *req, u64 low, u64 high, ULONG flags)
{
	req->gfp = flags & MM_ALLOCATE_NO_WAIT ? GFP_NOWAIT : GFP_KERNEL;
	req->gfp |= __GFP_NOWARN | zone_flags(high);
	req->gfp |= flags & MM_ALLOCATE_TRIM_IF_NECESSARY ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY;
	if (!(flags & MM_DONT_ZERO_ALLOCATION))
		req->gfp |= __GFP_ZERO;
	if (flags & MM_ALLOCATE_FROM_LOCAL_NODE_ONLY)
		req->gfp |= __GFP_THISNODE;
	req->node = numa_mem_id();
	req->low = low;
	req->high = high;
	INIT_LIST_HEAD(&req->rejected);
}

/* Appends the NT pages of a block to the MDL, as many as it still has room for. */
static void append_block(PMDL mdl, unsigned long *filled, unsigned long pages, struct page *page,
			 unsigned int order)
{
	PPFN_NUMBER pfns = MmGetMdlPfnArray(mdl);
	PFN_NUMBER pfn = page_to_pfn(page) * KMCL_NT_PAGES_PER_PAGE;
	unsigned long n = KMCL_NT_PAGES_PER_PAGE << order;

	while (n-- && *filled < pages)
		pfns[(*filled)++] = pfn++;
}

/*
 * How many pages there are. @order is that of one chunk; single pages follow where @single allows.
 */
static unsigned long fill_mdl(PMDL mdl, unsigned long pages, struct page_request *req,
			      unsigned int order, bool single)
{
	unsigned long filled = 0;
	struct page *page;

	limit_rejects(req, pages, order);
	while (filled < pages) {
		if (single && pages - filled < KMCL_NT_PAGES_PER_PAGE << order)
			order = 0;
		page = request_block(req, order);
		if (page) {
			append_block(mdl, &filled, pages, page, order);
			cond_resched();
		} else if (order && single) {
			order = 0;
			limit_rejects(req, pages, order);
		} else {
			break;
		}
	}
	free_rejected(req);
	return filled;
}

/* The order of a chunk, or -1 for a size that cannot be one. */
static int chunk_order(u64 chunk, SIZE_T total)
{
	if (!is_power_of_2(chunk) || chunk < PAGE_SIZE || total % chunk || chunk > MAX_TOTAL_BYTES)
		return -1;
	return ilog2(chunk) - PAGE_SHIFT;
}

/**
 * MmAllocatePagesForMdlEx() - allocate physical pages that have no address
 * @LowAddress: lowest physical address that will do
 * @HighAddress: highest physical address that will do
 * @SkipBytes: 0, or with MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS the size of a chunk, a power of two
 *	    that divides TotalBytes
 * @TotalBytes: bytes wanted, at most 4 GiB - 4096, rounded up to whole pages
 * @CacheType: MmCached; the others fail
 * @Flags: MM_DONT_ZERO_ALLOCATION, MM_ALLOCATE_FROM_LOCAL_NODE_ONLY, MM_ALLOCATE_FULLY_REQUIRED,
 *	   MM_ALLOCATE_NO_WAIT, MM_ALLOCATE_PREFER_CONTIGUOUS,
 *	   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS, MM_ALLOCATE_TRIM_IF_NECESSARY; any other fails
 *
 * Fewer pages than asked for are a success unless MM_ALLOCATE_FULLY_REQUIRED is given:
 * MmGetMdlByteCount() tells. The allocation never makes the kernel kill a process;
 * MM_ALLOCATE_TRIM_IF_NECESSARY makes it try harder.
 *
 * IRQL: <= APC_LEVEL; above it warns once and fails.
 *
 * Return: an MDL with its pages locked, or NULL. The caller gives the pages back by
 * MmFreePagesFromMdl() and the MDL by ExFreePool().
 *
 * Microsoft: "MmAllocatePagesForMdlEx function (wdm.h)".
 */
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
			     PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
			     MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
	bool chunks = Flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS;
	struct page_request req;
	unsigned long pages, filled;
	int order = 0;
	PMDL mdl;

	if (!kmcl_nt_may_wait(__func__))
		return NULL;
	if (!TotalBytes || TotalBytes > MAX_TOTAL_BYTES)
		return NULL;
	if (Flags & ~OFFERED_FLAGS || CacheType != MmCached || (SkipBytes.QuadPart && !chunks)) {
		pr_warn_once("%s: flags %x, caching %d, skip %llx: not offered\n", __func__,
			     Flags, CacheType, SkipBytes.QuadPart);
		return NULL;
	}
	if (chunks)
		order = chunk_order(SkipBytes.QuadPart, TotalBytes);
	else if (Flags & MM_ALLOCATE_PREFER_CONTIGUOUS)
		order = CONTIGUOUS_ORDER;
	if (order < 0)
		return NULL;

	pages = BYTES_TO_PAGES(TotalBytes);
	mdl = IoAllocateMdl(NULL, pages << KMCL_NT_PAGE_SHIFT, FALSE, FALSE, NULL);
	if (!mdl)
		return NULL;
	request_init(&req, LowAddress.QuadPart, HighAddress.QuadPart, Flags);
	filled = fill_mdl(mdl, pages, &req, order, !chunks);
	mdl->ByteCount = filled << KMCL_NT_PAGE_SHIFT;
	mdl->MdlFlags |= MDL_PAGES_LOCKED;
	if (!filled || (filled < pages && Flags & MM_ALLOCATE_FULLY_REQUIRED)) {
		MmFreePagesFromMdl(mdl);
		IoFreeMdl(mdl);
		return NULL;
	}
	return mdl;
}
EXPORT_SYMBOL_GPL(MmAllocatePagesForMdlEx);

/**
 * MmAllocatePagesForMdl() - allocate zeroed physical pages that have no address
 * @LowAddress: lowest physical address that will do
 * @HighAddress: highest physical address that will do
 * @SkipBytes: 0
 * @TotalBytes: bytes wanted, at most 4 GiB - 4096
 *
 * IRQL: <= APC_LEVEL.
 *
 * Return: as MmAllocatePagesForMdlEx() without flags.
 *
 * Microsoft: "MmAllocatePagesForMdl function (wdm.h)".
 */
PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
			   PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes)
{
	return MmAllocatePagesForMdlEx(LowAddress, HighAddress, SkipBytes, TotalBytes, MmCached, 0);
}
EXPORT_SYMBOL_GPL(MmAllocatePagesForMdl);

/**
 * MmFreePagesFromMdl() - give back pages of MmAllocatePagesForMdlEx()
 * @MemoryDescriptorList: its MDL, with the same pages in the same order; a mapping of it is dropped
 *
 * The MDL itself stays, with a byte count of 0; ExFreePool() or IoFreeMdl() frees it.
 *
 * IRQL: <= APC_LEVEL.
 *
 * Microsoft: "MmFreePagesFromMdl function (wdm.h)".
 */
VOID MmFreePagesFromMdl(PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;
	PPFN_NUMBER pfns = MmGetMdlPfnArray(mdl);
	unsigned long pages = mdl->ByteCount >> KMCL_NT_PAGE_SHIFT, i;

	kmcl_nt_may_wait(__func__);
	if (WARN_ONCE((mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL |
					MDL_PARTIAL)) != MDL_PAGES_LOCKED,
		      "%s: not an MDL of MmAllocatePagesForMdlEx\n", __func__))
		return;
	if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
		MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	for (i = 0; i < pages; i += KMCL_NT_PAGES_PER_PAGE) {
		__free_page(pfn_to_page(pfns[i] / KMCL_NT_PAGES_PER_PAGE));
		atomic64_dec(&pages_out);
		cond_resched();
	}
	mdl->ByteCount = 0;
	mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
}
EXPORT_SYMBOL_GPL(MmFreePagesFromMdl);
