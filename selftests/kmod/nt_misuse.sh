#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=300
# Driver errors: each is refused with a warning in the log, and nothing else happens.
set -uo pipefail
cd "$(dirname "$0")" && . ./nt.bash

expected=(
	"MmBuildMdlForNonPagedPool: not kernel memory"
	"MmProbeAndLockPages: user addresses"
	"MmMapLockedPagesSpecifyCache: the MDL has no pages"
	"MmFreePagesFromMdl: not an MDL"
	"IoBuildPartialMdl: the target is too small"
	"MmUnmapLockedPages: not a mapping"
	"not an initialised dispatcher object"
	"a wait at DISPATCH_LEVEL"
	"MmAllocatePagesForMdlEx at DISPATCH_LEVEL"
	"KeFlushQueuedDpcs at DISPATCH_LEVEL"
	"PsCreateSystemThread at DISPATCH_LEVEL"
	"RtlAnsiStringToUnicodeString at DISPATCH_LEVEL"
	"Allocation of paged pool at DISPATCH_LEVEL"
	"ExFreePoolWithTag: tag"
	"ExFreePool: NULL"
	"ExFreePool: .* is not a pool block"
	"KeRaiseIrql to 15"
	"KeReleaseMutex: the caller is not the owner"
	"KeReleaseSemaphore: above the limit"
	"ExReleaseFastMutex: the caller is not the owner"
	"ExAcquireFastMutex at DISPATCH_LEVEL"
	"ExAcquireResourceExclusiveLite at DISPATCH_LEVEL"
	"ExAcquireResourceSharedLite at DISPATCH_LEVEL"
	"ExWaitForRundownProtectionRelease at DISPATCH_LEVEL"
	"not an initialised resource"
	"ExReleaseResourceLite: nobody has it"
	"ExConvertExclusiveToSharedLite: the caller is not the owner"
	"ExDeleteResourceLite: in use"
	"ExReleaseRundownProtectionEx: there are not so many users"
	"Assertion failed: nt_test is happy"
	"IoAllocateWorkItem: not a device or driver object"
	"not a WDF spin lock"
)

printf '# expect-warning: %s\n' "${expected[@]}"
nt_run misuse=1 || exit 1
log=$(dmesg)
for warning in "${expected[@]}"; do
	grep -q -- "$warning" <<<"$log" || {
		echo "# missing warning: $warning"
		exit 1
	}
done
