// SPDX-License-Identifier: GPL-2.0-only
/* Processors, and memory of devices. */

#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "nt.h"

/**
 * KeGetCurrentProcessorNumberEx() - the processor that the caller runs on
 * @ProcNumber: if not NULL, set; the group is 0, and Number stops at 255
 *
 * IRQL: any. Below DISPATCH_LEVEL it may be another one when the function returns.
 *
 * Return: the number.
 *
 * Microsoft: "KeGetCurrentProcessorNumberEx function (wdm.h)".
 */
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
	ULONG cpu = raw_smp_processor_id();

	if (ProcNumber) {
		ProcNumber->Group = 0;
		ProcNumber->Number = min_t(ULONG, cpu, MAXUCHAR);
		ProcNumber->Reserved = 0;
	}
	return cpu;
}
EXPORT_SYMBOL_GPL(KeGetCurrentProcessorNumberEx);

/**
 * KeQueryActiveProcessorCountEx() - processors that are online
 * @GroupNumber: 0 or ALL_PROCESSOR_GROUPS
 *
 * IRQL: any.
 *
 * Return: their number; 0 for any other group.
 *
 * Microsoft: "KeQueryActiveProcessorCountEx function (wdm.h)".
 */
ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
	return GroupNumber && GroupNumber != ALL_PROCESSOR_GROUPS ? 0 : num_online_cpus();
}
EXPORT_SYMBOL_GPL(KeQueryActiveProcessorCountEx);

/**
 * KeQueryMaximumProcessorCountEx() - processors that may ever be online
 * @GroupNumber: 0 or ALL_PROCESSOR_GROUPS
 *
 * IRQL: any.
 *
 * Return: one more than the highest number of one; 0 for any other group.
 *
 * Microsoft: "KeQueryMaximumProcessorCountEx function (wdm.h)".
 */
ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
	return GroupNumber && GroupNumber != ALL_PROCESSOR_GROUPS ? 0 : nr_cpu_ids;
}
EXPORT_SYMBOL_GPL(KeQueryMaximumProcessorCountEx);

/**
 * PsGetCurrentThreadId() - the id of the caller's thread
 *
 * IRQL: any.
 *
 * Return: the id, as in the log and in /proc.
 *
 * Microsoft: "PsGetCurrentThreadId function (ntddk.h)".
 */
HANDLE PsGetCurrentThreadId(void)
{
	return (HANDLE)(unsigned long)task_pid_nr(current);
}
EXPORT_SYMBOL_GPL(PsGetCurrentThreadId);

/**
 * MmMapIoSpace() - map memory of a device
 * @PhysicalAddress: where it is: memory of the kernel's own is refused, but for MMIO space of the
 *	local bus
 * @NumberOfBytes: above 0
 * @CacheType: MmNonCached, MmCached or MmWriteCombined; that of the local bus is always cached
 *
 * IRQL: PASSIVE_LEVEL (Windows: up to DISPATCH_LEVEL).
 *
 * Return: the address, which MmUnmapIoSpace() unmaps, or NULL.
 *
 * Microsoft: "MmMapIoSpace function (wdm.h)".
 */
PVOID MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes,
		   MEMORY_CACHING_TYPE CacheType)
{
	PVOID local;

	if (!kmcl_nt_may_wait(__func__) || !NumberOfBytes)
		return NULL;
	local = kmcl_local_mmio_at(PhysicalAddress.QuadPart, NumberOfBytes);
	if (local)
		return local;
	switch (CacheType) {
	case MmCached:
		return (__force PVOID)ioremap_cache(PhysicalAddress.QuadPart, NumberOfBytes);
	case MmWriteCombined:
		return (__force PVOID)ioremap_wc(PhysicalAddress.QuadPart, NumberOfBytes);
	default:
		return (__force PVOID)ioremap(PhysicalAddress.QuadPart, NumberOfBytes);
	}
}
EXPORT_SYMBOL_GPL(MmMapIoSpace);

/**
 * MmUnmapIoSpace() - undo MmMapIoSpace()
 * @BaseAddress: what it returned
 * @NumberOfBytes: ignored
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "MmUnmapIoSpace function (wdm.h)".
 */
VOID MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
	if (!kmcl_nt_may_wait(__func__))
		return;
	/* MMIO space of the local bus is memory, and stays mapped. */
	if (!virt_addr_valid(BaseAddress))
		iounmap((__force void __iomem *)BaseAddress);
}
EXPORT_SYMBOL_GPL(MmUnmapIoSpace);
