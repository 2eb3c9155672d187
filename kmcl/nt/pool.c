// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pool memory. Windows promises 16-byte alignment, and page alignment from one page (4096 bytes)
 * on. So a small block has a header before it, and a large one, which has no room for that, an
 * entry in a table keyed by its page.
 *
 * Paged pool is nonpaged here. Blocks of more than a page may be made of scattered pages when the
 * caller can sleep.
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "nt.h"

#define POOL_MAGIC	0x6c6f6f70	/* "pool" */
#define POOL_FREED	0x65657266	/* "free" */
#define POOL_ALIGN	64		/* of POOL_FLAG_CACHE_ALIGNED */

struct pool_header {
	u32 magic;
	u32 tag;
	u32 size;
	u32 offset;	/* from the start of the kmalloc block to the driver's memory */
};

static DEFINE_XARRAY(pool_large);	/* address >> 12 -> (pages << 32) | tag */

static void *pool_alloc_large(size_t size, u32 tag, gfp_t gfp)
{
	unsigned long pages;
	void *p;

	/* Before the rounding, which the largest sizes would wrap to 0. */
	if (size > (size_t)S32_MAX << KMCL_NT_PAGE_SHIFT)
		return NULL;
	pages = DIV_ROUND_UP(size, KMCL_NT_PAGE_SIZE);
	size = pages << KMCL_NT_PAGE_SHIFT;
	p = gfpflags_allow_blocking(gfp) ? kvmalloc(size, gfp) : kmalloc(size, gfp);
	if (!p)
		return NULL;
	if (xa_err(xa_store_bh(&pool_large, (unsigned long)p >> KMCL_NT_PAGE_SHIFT,
			       xa_mk_value((pages << 32) | tag), gfp & ~__GFP_ZERO))) {
		kvfree(p);
		return NULL;
	}
	kmcl_pool_account(tag, 1, size);
	return p;
}

/*
 * kmalloc aligns powers of two to their size. Its two sizes in between are aligned to 32 and 64,
 * but with slab debugging only to what the machine needs; they are not used. Other sizes are not
 * rounded, so that debugging sees where they end.
 */
static size_t aligned_size(size_t total, bool cache_aligned)
{
	if (cache_aligned || (total > 64 && total <= 96) || (total > 128 && total <= 192))
		return roundup_pow_of_two(total);
	return total;
}

static void *pool_alloc_small(size_t size, u32 tag, gfp_t gfp, bool aligned)
{
	size_t offset = aligned ? POOL_ALIGN : sizeof(struct pool_header);
	size_t total = size + offset;
	struct pool_header *header;
	void *block;

	block = kmalloc(aligned_size(total, aligned), gfp);
	if (!block)
		return NULL;
	header = block + offset - sizeof(*header);
	header->magic = POOL_MAGIC;
	header->tag = tag;
	header->size = size;
	header->offset = offset;
	kmcl_pool_account(tag, 1, size);
	return header + 1;
}

static void *pool_alloc(size_t size, u32 tag, gfp_t gfp, bool aligned)
{
	if (size >= KMCL_NT_PAGE_SIZE)
		return pool_alloc_large(size, tag, gfp);
	/*
	 * An empty block would begin where its object ends, which may be the address of a large
	 * block on the next page.
	 */
	size = max_t(size_t, size, 1);
	return pool_alloc_small(size, tag, gfp, aligned);
}

static bool tag_matches(u32 have, u32 want)
{
	return !WARN_ONCE(want && have != want, "ExFreePoolWithTag: tag %08x, block has %08x\n",
			  want, have);
}

static void pool_free(void *p, u32 tag)
{
	unsigned long index = (unsigned long)p >> KMCL_NT_PAGE_SHIFT;
	struct pool_header *header;
	void *entry = NULL;

	if (IS_ALIGNED((unsigned long)p, KMCL_NT_PAGE_SIZE))
		entry = xa_load(&pool_large, index);
	if (entry) {
		if (!tag_matches(xa_to_value(entry), tag))
			return;
		xa_erase_bh(&pool_large, index);
		kmcl_pool_account((u32)xa_to_value(entry), -1,
				  -(s64)((xa_to_value(entry) >> 32) << KMCL_NT_PAGE_SHIFT));
		kvfree(p);
		return;
	}

	header = (struct pool_header *)p - 1;
	if (WARN_ONCE(header->magic != POOL_MAGIC, "ExFreePool: %p is not a pool block%s\n", p,
		      header->magic == POOL_FREED ? " (freed already)" : ""))
		return;
	if (!tag_matches(header->tag, tag))
		return;
	header->magic = POOL_FREED;
	kmcl_pool_account(header->tag, -1, -(s64)header->size);
	kfree(p - header->offset);
}

/**
 * ExAllocatePool2() - allocate pool memory
 * @Flags: exactly one of POOL_FLAG_NON_PAGED and POOL_FLAG_PAGED, with POOL_FLAG_UNINITIALIZED and
 *	   POOL_FLAG_CACHE_ALIGNED as wanted. Optional flags (the high half) are ignored.
 * @NumberOfBytes: size in bytes; 0 gives the smallest block
 * @Tag: up to four characters, not 0
 *
 * The memory is zeroed unless POOL_FLAG_UNINITIALIZED is given. POOL_FLAG_NON_PAGED_EXECUTE,
 * _SESSION, _USE_QUOTA, _RAISE_ON_FAILURE and unknown required flags fail.
 *
 * IRQL: <= DISPATCH_LEVEL; at DISPATCH_LEVEL the memory comes from the reserve for atomic
 * allocations, and paged pool warns once.
 *
 * Return: the memory, which the caller frees by ExFreePoolWithTag(), or NULL.
 *
 * Microsoft: "ExAllocatePool2 function (wdm.h)".
 */
PVOID ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
	POOL_FLAGS required = Flags & (POOL_FLAG_OPTIONAL_START - 1);
	POOL_FLAGS type = required & (POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED);
	gfp_t gfp = kmcl_nt_gfp();

	if (!Tag || hweight64(type) != 1)
		return NULL;
	if (required & ~(type | POOL_FLAG_UNINITIALIZED | POOL_FLAG_CACHE_ALIGNED)) {
		pr_warn_once("%s: flags %llx are not offered\n", __func__, Flags);
		return NULL;
	}
	if (type == POOL_FLAG_PAGED)
		kmcl_nt_may_wait("Allocation of paged pool");
	if (!(required & POOL_FLAG_UNINITIALIZED))
		gfp |= __GFP_ZERO;
	return pool_alloc(NumberOfBytes, Tag, gfp, required & POOL_FLAG_CACHE_ALIGNED);
}
EXPORT_SYMBOL_GPL(ExAllocatePool2);

static void *pool_alloc_typed(POOL_TYPE type, SIZE_T size, ULONG tag, gfp_t gfp)
{
	bool aligned = type & NonPagedPoolCacheAligned;

	switch (type & ~(POOL_ZEROING_ALLOCATION | NonPagedPoolCacheAligned)) {
	case PagedPool:
		kmcl_nt_may_wait("Allocation of paged pool");
		break;
	case NonPagedPool:
	case NonPagedPoolNx:
		break;
	default:
		pr_warn_once("ExAllocatePoolWithTag: type %x is not offered\n", type);
		return NULL;
	}
	if (type & POOL_ZEROING_ALLOCATION)
		gfp |= __GFP_ZERO;
	return pool_alloc(size, tag, gfp, aligned);
}

/**
 * ExAllocatePoolWithTag() - allocate pool memory, not zeroed
 * @PoolType: the nonpaged and paged types and their cache-aligned forms; memory of NonPagedPool is
 *	    not executable
 * @NumberOfBytes: size in bytes
 * @Tag: up to four characters
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the memory, which the caller frees by ExFreePoolWithTag(), or NULL.
 *
 * Microsoft: "ExAllocatePoolWithTag function (wdm.h)".
 */
PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	return pool_alloc_typed(PoolType, NumberOfBytes, Tag, kmcl_nt_gfp());
}
EXPORT_SYMBOL_GPL(ExAllocatePoolWithTag);

/**
 * ExAllocatePoolZero() - allocate pool memory, zeroed
 * @PoolType: as for ExAllocatePoolWithTag()
 * @NumberOfBytes: size in bytes
 * @Tag: up to four characters
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the memory, which the caller frees by ExFreePoolWithTag(), or NULL.
 *
 * Microsoft: "ExAllocatePoolZero function (wdm.h)".
 */
PVOID ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	return pool_alloc_typed(PoolType, NumberOfBytes, Tag, kmcl_nt_gfp() | __GFP_ZERO);
}
EXPORT_SYMBOL_GPL(ExAllocatePoolZero);

/**
 * ExFreePoolWithTag() - free pool memory
 * @P: the memory
 * @Tag: its tag, or 0 to not check
 *
 * Another tag, and memory that is not a pool block, warn once and free nothing.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExFreePoolWithTag function (wdm.h)".
 */
VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
	if (!WARN_ONCE(!P, "ExFreePool: NULL\n"))
		pool_free(P, Tag);
}
EXPORT_SYMBOL_GPL(ExFreePoolWithTag);

/**
 * ExFreePool() - free pool memory, whatever its tag
 * @P: the memory
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExFreePool macro (wdm.h)".
 */
VOID ExFreePool(PVOID P)
{
	ExFreePoolWithTag(P, 0);
}
EXPORT_SYMBOL_GPL(ExFreePool);

void kmcl_pool_exit(void)
{
	xa_destroy(&pool_large);
}
