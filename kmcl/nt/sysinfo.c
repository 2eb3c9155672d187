// SPDX-License-Identifier: GPL-2.0-only
/* Queries of the system's state. */

#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "nt.h"
#include "winternl.h"

static ULONG nt_pages(unsigned long pages)
{
	return min_t(u64, (u64)pages * KMCL_NT_PAGES_PER_PAGE, U32_MAX);
}

static void basic_information(SYSTEM_BASIC_INFORMATION *info)
{
	unsigned int cpu;

	info->TimerResolution = DIV_ROUND_UP(hrtimer_resolution, 100);
	info->PageSize = KMCL_NT_PAGE_SIZE;
	info->NumberOfPhysicalPages = nt_pages(totalram_pages());
	info->NumberOfProcessors = min(num_online_cpus(), 127U);
	for_each_online_cpu(cpu)
		if (cpu < BITS_PER_LONG)
			info->ActiveProcessorsAffinityMask |= BIT(cpu);
}

static void performance_information(SYSTEM_PERFORMANCE_INFORMATION *info)
{
	info->AvailablePages = nt_pages(si_mem_available());
	info->CommittedPages = nt_pages(vm_memory_committed());
}

/**
 * ZwQuerySystemInformation() - how much memory there is, and is available
 * @SystemInformationClass: SystemBasicInformation or SystemPerformanceInformation
 * @SystemInformation: a SYSTEM_BASIC_INFORMATION or SYSTEM_PERFORMANCE_INFORMATION
 * @SystemInformationLength: exactly its size in bytes
 * @ReturnLength: if not NULL, set to that size
 *
 * AvailablePages is MemAvailable of /proc/meminfo, CommittedPages its Committed_AS, which may be
 * more than all memory: Linux promises more than it has unless told otherwise.
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS; STATUS_INFO_LENGTH_MISMATCH for another length; STATUS_INVALID_INFO_CLASS
 * for another class.
 *
 * Microsoft: "ZwQuerySystemInformation function", "NtQuerySystemInformation function (winternl.h)".
 */
NTSTATUS ZwQuerySystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass,
				  PVOID SystemInformation,
				  ULONG SystemInformationLength, PULONG ReturnLength)
{
	ULONG size;

	switch (SystemInformationClass) {
	case SystemBasicInformation:
		size = sizeof(SYSTEM_BASIC_INFORMATION);
		break;
	case SystemPerformanceInformation:
		size = sizeof(SYSTEM_PERFORMANCE_INFORMATION);
		break;
	default:
		return STATUS_INVALID_INFO_CLASS;
	}
	if (ReturnLength)
		*ReturnLength = size;
	if (SystemInformationLength != size)
		return STATUS_INFO_LENGTH_MISMATCH;
	memset(SystemInformation, 0, size);
	if (SystemInformationClass == SystemBasicInformation)
		basic_information(SystemInformation);
	else
		performance_information(SystemInformation);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ZwQuerySystemInformation);
