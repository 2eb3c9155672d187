// SPDX-License-Identifier: GPL-2.0-only
/*
 * MDLs: a description of a buffer by the page frame numbers, in 4096-byte units, of the memory it
 * is in.
 *
 * Kernel memory does not move or go away on Linux while it is allocated, so "locking" its pages
 * only looks the numbers up.
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "nt.h"

#define MDL_TAG		0x206c644d	/* "Mdl " */
#define MDL_HAS_PAGES	(MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL)

/* vunmap() must not be called where the driver may call MmUnmapLockedPages(). */
struct late_unmap {
	struct llist_node node;
	void *address;
};

static LLIST_HEAD(late_unmaps);

static void late_unmap_work(struct work_struct *work)
{
	struct late_unmap *unmap, *next;

	llist_for_each_entry_safe(unmap, next, llist_del_all(&late_unmaps), node) {
		vunmap(unmap->address);
		kfree(unmap);
	}
}

static DECLARE_WORK(late_unmap, late_unmap_work);

static unsigned long mdl_pages(const MDL *mdl)
{
	return ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl->ByteOffset, mdl->ByteCount);
}

/**
 * kmcl_mdl_has_pages() - does the MDL describe pages that may be used?
 * @mdl: one MDL of a chain
 *
 * Return: false for an MDL that was allocated but never built or locked.
 */
bool kmcl_mdl_has_pages(const MDL *mdl)
{
	return mdl->MdlFlags & MDL_HAS_PAGES;
}

/* Is the mapping the MDL's own, or that of the MDL it is a part of? */
static bool owns_mapping(const MDL *mdl)
{
	return mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA &&
	       (!(mdl->MdlFlags & MDL_PARTIAL) || mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED);
}

static bool is_mapped_address(const void *va)
{
#ifdef MODULES_VADDR
	if ((unsigned long)va >= MODULES_VADDR && (unsigned long)va < MODULES_END)
		return true;
#endif
	return is_vmalloc_addr(va);
}

/* Where a kernel address is, or 0 if that is nowhere. */
static phys_addr_t physical(const void *va)
{
	if (is_mapped_address(va)) {
		struct page *page = vmalloc_to_page(va);

		return page ? page_to_phys(page) + offset_in_page(va) : 0;
	}
	return virt_addr_valid(va) ? virt_to_phys((void *)va) : 0;
}

/**
 * MmGetPhysicalAddress() - where memory is
 * @BaseAddress: in kernel memory that has pages
 *
 * IRQL: any.
 *
 * Return: the address; 0 for one that is nobody's.
 *
 * Microsoft: "MmGetPhysicalAddress function (wdm.h)".
 */
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress)
{
	PHYSICAL_ADDRESS result = { .QuadPart = physical(BaseAddress) };

	return result;
}
EXPORT_SYMBOL_GPL(MmGetPhysicalAddress);

/* The page frame number of a kernel address, or 0 if it has none that stays. */
static PFN_NUMBER va_to_pfn(const void *va)
{
	return object_is_on_stack(va) ? 0 : physical(va) >> KMCL_NT_PAGE_SHIFT;
}

static bool mdl_look_up(PMDL mdl)
{
	PPFN_NUMBER pfns = MmGetMdlPfnArray(mdl);
	unsigned long pages = mdl_pages(mdl), i;

	for (i = 0; i < pages; i++) {
		pfns[i] = va_to_pfn(mdl->StartVa + (i << KMCL_NT_PAGE_SHIFT));
		if (!pfns[i])
			return false;
	}
	return true;
}

/**
 * IoAllocateMdl() - allocate an MDL for a buffer
 * @VirtualAddress: start of the buffer; only its offset in the page counts before the MDL is built
 * @Length: bytes of the buffer, at most 4 GiB - 1
 * @SecondaryBuffer: FALSE
 * @ChargeQuota: ignored
 * @Irp: NULL: there are no IRPs with buffers here
 *
 * The page array is not filled: see MmBuildMdlForNonPagedPool(), MmProbeAndLockPages(),
 * IoBuildPartialMdl(). The member Size stays at its largest value for MDLs that are larger, where
 * Windows keeps the low 16 bits.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the MDL, which the caller frees by IoFreeMdl(), or NULL.
 *
 * Microsoft: "IoAllocateMdl function (wdm.h)".
 */
PMDL IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota,
		   PIRP Irp)
{
	PMDL mdl;

	if (WARN_ONCE(Irp || SecondaryBuffer, "%s: no IRPs here\n", __func__))
		return NULL;
	mdl = ExAllocatePoolZero(NonPagedPoolNx, MmSizeOfMdl(VirtualAddress, Length), MDL_TAG);
	if (mdl)
		MmInitializeMdl(mdl, VirtualAddress, Length);
	return mdl;
}
EXPORT_SYMBOL_GPL(IoAllocateMdl);

/**
 * IoFreeMdl() - free an MDL
 * @Mdl: from IoAllocateMdl() or MmAllocatePagesForMdlEx()
 *
 * Frees neither the buffer nor pages of MmAllocatePagesForMdlEx(). A mapping of a partial MDL is
 * dropped; any other mapping that is left warns once and is dropped.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "IoFreeMdl function (wdm.h)".
 */
VOID IoFreeMdl(PMDL Mdl)
{
	if (owns_mapping(Mdl)) {
		WARN_ONCE(!(Mdl->MdlFlags & MDL_PARTIAL), "%s: the MDL is mapped\n", __func__);
		MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl);
	}
	ExFreePoolWithTag(Mdl, MDL_TAG);
}
EXPORT_SYMBOL_GPL(IoFreeMdl);

static bool has_room(const MDL *mdl, unsigned long pages)
{
	size_t size = (USHORT)mdl->Size;

	return size == KMCL_MDL_SIZE_MAX || sizeof(MDL) + pages * sizeof(PFN_NUMBER) <= size;
}

/**
 * IoBuildPartialMdl() - describe a part of another MDL's buffer
 * @SourceMdl: an MDL with pages
 * @TargetMdl: an MDL with room for the part
 * @VirtualAddress: start of the part, inside the source's virtual address range
 * @Length: bytes; 0 means to the end of the source
 *
 * If the source is mapped, so is the part, by the same mapping: it is good as long as the source's.
 * A mapping that the target still has of its own is dropped.
 *
 * A part outside the source, or more than the target has room for, warns once and leaves the target
 * without pages. How much room a target of more than KMCL_MDL_SIZE_MAX bytes has is not known, and
 * not checked.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "IoBuildPartialMdl function (wdm.h)".
 */
VOID IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
	ULONG_PTR start = (ULONG_PTR)MmGetMdlVirtualAddress(SourceMdl);
	ULONG_PTR offset = (ULONG_PTR)VirtualAddress - start;
	unsigned long first;

	MmPrepareMdlForReuse(TargetMdl);
	TargetMdl->MdlFlags &= ~(MDL_HAS_PAGES | MDL_MAPPED_TO_SYSTEM_VA);
	if (WARN_ONCE((ULONG_PTR)VirtualAddress < start || offset > SourceMdl->ByteCount ||
		      Length > SourceMdl->ByteCount - offset,
		      "%s: the part is not inside the source\n", __func__))
		return;
	if (!Length)
		Length = SourceMdl->ByteCount - offset;
	if (WARN_ONCE(!has_room(TargetMdl, ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length)),
		      "%s: the target is too small\n", __func__))
		return;
	first = (SourceMdl->ByteOffset + offset) >> KMCL_NT_PAGE_SHIFT;
	TargetMdl->Process = SourceMdl->Process;
	TargetMdl->StartVa = (PVOID)((ULONG_PTR)VirtualAddress & ~(KMCL_NT_PAGE_SIZE - 1));
	TargetMdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
	TargetMdl->ByteCount = Length;
	TargetMdl->MdlFlags |= MDL_PARTIAL |
			       (SourceMdl->MdlFlags & (MDL_HAS_PAGES | MDL_MAPPED_TO_SYSTEM_VA));
	TargetMdl->MappedSystemVa = NULL;
	if (SourceMdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
		TargetMdl->MappedSystemVa = (PCHAR)SourceMdl->MappedSystemVa + offset;
	memcpy(MmGetMdlPfnArray(TargetMdl), MmGetMdlPfnArray(SourceMdl) + first,
	       mdl_pages(TargetMdl) * sizeof(PFN_NUMBER));
}
EXPORT_SYMBOL_GPL(IoBuildPartialMdl);

/**
 * MmBuildMdlForNonPagedPool() - fill in the pages of a buffer in kernel memory
 * @MemoryDescriptorList: an MDL of IoAllocateMdl()
 *
 * The buffer is pool, kmalloc, vmalloc or module memory. The stack and anything else has no page
 * number that could be relied on: that warns once and leaves the MDL without pages, so that its use
 * is refused.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "MmBuildMdlForNonPagedPool function (wdm.h)".
 */
VOID MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;

	if (WARN_ONCE(!mdl_look_up(mdl),
		      "%s: not kernel memory, or on the stack\n", __func__))
		return;
	mdl->MappedSystemVa = MmGetMdlVirtualAddress(mdl);
	mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}
EXPORT_SYMBOL_GPL(MmBuildMdlForNonPagedPool);

/**
 * MmProbeAndLockPages() - fill in the pages of a buffer and keep them
 * @MemoryDescriptorList: an MDL of IoAllocateMdl()
 * @AccessMode: KernelMode; user addresses are not offered
 * @Operation: IoReadAccess, IoWriteAccess or IoModifyAccess
 *
 * Where Windows raises an exception, this warns once and leaves the MDL without MDL_PAGES_LOCKED in
 * MdlFlags, so that its use is refused.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "MmProbeAndLockPages function (wdm.h)".
 */
VOID MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
			 LOCK_OPERATION Operation)
{
	PMDL mdl = MemoryDescriptorList;

	if (WARN_ONCE(AccessMode != KernelMode,
		      "%s: user addresses are not offered\n", __func__))
		return;
	if (WARN_ONCE(!mdl_look_up(mdl),
		      "%s: not kernel memory, or on the stack\n", __func__))
		return;
	mdl->MdlFlags |= MDL_PAGES_LOCKED;
	if (Operation != IoReadAccess)
		mdl->MdlFlags |= MDL_WRITE_OPERATION;
}
EXPORT_SYMBOL_GPL(MmProbeAndLockPages);

/**
 * MmUnlockPages() - undo MmProbeAndLockPages()
 * @MemoryDescriptorList: the MDL; a mapping of it is dropped
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "MmUnlockPages function (wdm.h)".
 */
VOID MmUnlockPages(PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;

	if (owns_mapping(mdl))
		MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA);
}
EXPORT_SYMBOL_GPL(MmUnlockPages);

static struct page *nt_pfn_to_page(PFN_NUMBER pfn)
{
	unsigned long linux_pfn = pfn / KMCL_NT_PAGES_PER_PAGE;

	return pfn_valid(linux_pfn) ? pfn_to_page(linux_pfn) : NULL;
}

/* The address that the kernel always has for physically contiguous memory. */
static void *direct_address(PMDL mdl)
{
	PPFN_NUMBER pfns = MmGetMdlPfnArray(mdl);
	unsigned long pages = mdl_pages(mdl), i;

	if (!nt_pfn_to_page(pfns[0]) || !nt_pfn_to_page(pfns[0] + pages - 1))
		return NULL;
	for (i = 1; i < pages; i++)
		if (pfns[i] != pfns[0] + i)
			return NULL;
	return phys_to_virt((phys_addr_t)pfns[0] << KMCL_NT_PAGE_SHIFT);
}

/*
 * Linux pages for vmap(). Where these are larger than NT's, the NT pages must come in runs that
 * fill them, but for the start of the first and the end of the last.
 */
static long mdl_to_pages(PMDL mdl, struct page **array)
{
	PPFN_NUMBER pfns = MmGetMdlPfnArray(mdl);
	unsigned long pages = mdl_pages(mdl), i;
	long n = 0;

	for (i = 0; i < pages; i++) {
		struct page *page = nt_pfn_to_page(pfns[i]);

		if (!page)
			return -EINVAL;
		if (!i || pfns[i] % KMCL_NT_PAGES_PER_PAGE == 0)
			array[n++] = page;
		else if (pfns[i] != pfns[i - 1] + 1)
			return -EINVAL;
		if (i && pfns[i] % KMCL_NT_PAGES_PER_PAGE == 0 &&
		    pfns[i - 1] % KMCL_NT_PAGES_PER_PAGE != KMCL_NT_PAGES_PER_PAGE - 1)
			return -EINVAL;
	}
	return n;
}

static void *mdl_vmap(PMDL mdl, bool read_only)
{
	struct page **array;
	void *va = NULL;
	long n;

	array = kvmalloc_array(mdl_pages(mdl), sizeof(*array), GFP_KERNEL);
	if (!array)
		return NULL;
	n = mdl_to_pages(mdl, array);
	if (n > 0)
		va = vmap(array, n, VM_MAP, read_only ? PAGE_KERNEL_RO : PAGE_KERNEL);
	kvfree(array);
	if (va)
		va += (MmGetMdlPfnArray(mdl)[0] % KMCL_NT_PAGES_PER_PAGE) << KMCL_NT_PAGE_SHIFT;
	return va;
}

/* At DISPATCH_LEVEL nothing can be mapped: there is the permanent address, or none. */
static void *map(PMDL mdl, ULONG priority)
{
	bool may_map = KeGetCurrentIrql() < DISPATCH_LEVEL;
	void *va = NULL;

	if (!may_map || !(priority & (MdlMappingNoWrite | MdlMappingWithGuardPtes)))
		va = direct_address(mdl);
	return va || !may_map ? va : mdl_vmap(mdl, priority & MdlMappingNoWrite);
}

/**
 * MmMapLockedPagesSpecifyCache() - give the pages of an MDL a kernel address
 * @MemoryDescriptorList: an MDL with pages that is not mapped
 * @AccessMode: KernelMode; mapping into a process is not offered
 * @CacheType: MmCached; the others would give memory a second kind of mapping, and fail
 * @RequestedAddress: ignored for KernelMode
 * @BugCheckOnFailure: ignored; failure is NULL
 * @Priority: MdlMappingNoWrite maps read-only, MdlMappingWithGuardPtes with guard pages, at
 *	    PASSIVE_LEVEL; memory is never executable
 *
 * An MDL of nonpaged pool has an address, which is returned. Physically contiguous pages are given
 * their permanent address; this works at DISPATCH_LEVEL. Others are mapped, which may sleep: at
 * DISPATCH_LEVEL that gives NULL (a difference from Windows).
 *
 * IRQL: <= DISPATCH_LEVEL, see above.
 *
 * Return: the address of the buffer (ByteOffset included), to be undone by MmUnmapLockedPages(), or
 * NULL.
 *
 * Microsoft: "MmMapLockedPagesSpecifyCache function (wdm.h)".
 */
PVOID MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
				   MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
				   ULONG BugCheckOnFailure, ULONG Priority)
{
	PMDL mdl = MemoryDescriptorList;
	void *va;

	if (WARN_ONCE(!kmcl_mdl_has_pages(mdl),
		      "%s: the MDL has no pages\n", __func__) ||
	    WARN_ONCE(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA,
		      "%s: mapped already\n", __func__))
		return NULL;
	if (AccessMode != KernelMode || CacheType != MmCached) {
		pr_warn_once("%s: mode %d, caching %d are not offered\n", __func__,
			     AccessMode, CacheType);
		return NULL;
	}
	if (!mdl->ByteCount)
		return NULL;
	if (mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL)
		return mdl->MappedSystemVa;
	va = map(mdl, Priority);
	if (!va)
		return NULL;
	mdl->MappedSystemVa = va + mdl->ByteOffset;
	mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
	if (mdl->MdlFlags & MDL_PARTIAL)
		mdl->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
	return mdl->MappedSystemVa;
}
EXPORT_SYMBOL_GPL(MmMapLockedPagesSpecifyCache);

static void unmap(void *address)
{
	struct late_unmap *late;

	if (!is_vmalloc_addr(address))
		return;
	address = (void *)((unsigned long)address & PAGE_MASK);
	if (KeGetCurrentIrql() < DISPATCH_LEVEL) {
		vunmap(address);
		return;
	}
	late = kmalloc(sizeof(*late), GFP_ATOMIC);
	if (WARN_ONCE(!late, "MmUnmapLockedPages: no memory, the mapping stays\n"))
		return;
	late->address = address;
	if (llist_add(&late->node, &late_unmaps))
		schedule_work(&late_unmap);
}

/**
 * MmUnmapLockedPages() - undo MmMapLockedPagesSpecifyCache()
 * @BaseAddress: the address it returned
 * @MemoryDescriptorList: the MDL; a partial MDL whose mapping is that of its source warns once and
 *	    stays mapped
 *
 * IRQL: <= DISPATCH_LEVEL; there the mapping goes away a little later.
 *
 * Microsoft: "MmUnmapLockedPages function (wdm.h)".
 */
VOID MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;

	if (mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL && BaseAddress == mdl->MappedSystemVa)
		return;
	if (WARN_ONCE(!owns_mapping(mdl) ||
		      BaseAddress != mdl->MappedSystemVa,
		      "%s: not a mapping of this MDL\n", __func__))
		return;
	mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
	mdl->MappedSystemVa = NULL;
	unmap(BaseAddress);
}
EXPORT_SYMBOL_GPL(MmUnmapLockedPages);

void kmcl_mdl_exit(void)
{
	flush_work(&late_unmap);
}
