// SPDX-License-Identifier: GPL-2.0-only
/* The device, for the test: a server of the local bus that answers a message with the message. */
#include <initguid.h>
#include "protocol.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD SkeletonVspUnload;
static EVT_VMB_CHANNEL_PROCESS_PACKET SkeletonVspPacket;

static VMBCHANNEL SkeletonChannel;

static VOID SkeletonVspPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
			      UINT32 BufferLength, UINT32 Flags)
{
	UNREFERENCED_PARAMETER(Channel);
	UNREFERENCED_PARAMETER(Flags);
	VmbChannelPacketComplete(Packet, Buffer, BufferLength);
}

static VOID SkeletonVspUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	VmbChannelDisable(SkeletonChannel);
	VmbChannelCleanup(SkeletonChannel);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);
	status = VmbChannelAllocate(NULL, TRUE, &SkeletonChannel);
	if (!NT_SUCCESS(status))
		return status;
	status = VmbChannelInitSetProcessPacketCallbacks(SkeletonChannel, SkeletonVspPacket, NULL);
	if (NT_SUCCESS(status))
		status = VmbServerChannelInitSetTargetInterfaceId(SkeletonChannel, GUID_SKELETON,
								  GUID_SKELETON);
	if (NT_SUCCESS(status))
		status = VmbChannelEnable(SkeletonChannel);
	if (!NT_SUCCESS(status)) {
		VmbChannelCleanup(SkeletonChannel);
		return status;
	}
	VmbChannelStart(SkeletonChannel);
	DriverObject->DriverUnload = SkeletonVspUnload;
	return STATUS_SUCCESS;
}
