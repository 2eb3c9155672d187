/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * winternl.h - queries of the system's state
 *
 * Differences from Windows: Windows declares NtQuerySystemInformation here, for programs, and
 * drivers declare ZwQuerySystemInformation themselves; ours declares the latter. Two classes are
 * served. The structures have Windows' 64-bit layout as far as they go; members called Reserved are
 * 0 here, although Windows has values there, and SYSTEM_PERFORMANCE_INFORMATION ends after
 * CommittedPages (the kernel exports no commit limit). All page counts are in 4096-byte pages.
 */
#ifndef _WINTERNL_
#define _WINTERNL_

#include "ntdef.h"
#include "ntstatus.h"

typedef enum _SYSTEM_INFORMATION_CLASS {
	SystemBasicInformation		= 0,
	SystemPerformanceInformation	= 2
} SYSTEM_INFORMATION_CLASS;

/* 64 bytes */
typedef struct _SYSTEM_BASIC_INFORMATION {
	ULONG		Reserved;
	ULONG		TimerResolution;	/* of KeWaitForSingleObject, in 100 ns */
	ULONG		PageSize;		/* 4096 */
	ULONG		NumberOfPhysicalPages;	/* RAM that the kernel manages */
	ULONG		Reserved1[3];
	ULONG_PTR	Reserved2[2];
	KAFFINITY	ActiveProcessorsAffinityMask;	/* the first 64 CPUs */
	CCHAR		NumberOfProcessors;	/* CPUs online, at most 127 */
} SYSTEM_BASIC_INFORMATION, *PSYSTEM_BASIC_INFORMATION;

/* 52 bytes: the head of Windows' structure */
typedef struct _SYSTEM_PERFORMANCE_INFORMATION {
	ULONG		Reserved[11];
	ULONG		AvailablePages;		/* free, or reclaimable without swapping */
	ULONG		CommittedPages;		/* promised to programs */
} SYSTEM_PERFORMANCE_INFORMATION, *PSYSTEM_PERFORMANCE_INFORMATION;

NTSTATUS ZwQuerySystemInformation(
	_In_ SYSTEM_INFORMATION_CLASS SystemInformationClass,
	_Out_writes_bytes_opt_(SystemInformationLength) PVOID SystemInformation,
	_In_ ULONG SystemInformationLength,
	_Out_opt_ PULONG ReturnLength);

#endif /* _WINTERNL_ */
