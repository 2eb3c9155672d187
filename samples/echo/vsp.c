// SPDX-License-Identifier: GPL-2.0-only
/* The server of the echo device: completes every packet with the packet itself. */
#include <initguid.h>
#include "protocol.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD EchoVspUnload;
static EVT_VMB_CHANNEL_OPENED EchoVspOpened;
static EVT_VMB_CHANNEL_CLOSED EchoVspClosed;
static EVT_VMB_CHANNEL_PROCESS_PACKET EchoVspProcessPacket;

static VMBCHANNEL EchoChannel;

static NTSTATUS EchoVspOpened(VMBCHANNEL Channel)
{
	UNREFERENCED_PARAMETER(Channel);
	DbgPrint("echo_vsp: a client has opened the channel\n");
	return STATUS_SUCCESS;
}

static VOID EchoVspClosed(VMBCHANNEL Channel)
{
	UNREFERENCED_PARAMETER(Channel);
	DbgPrint("echo_vsp: the channel is closed\n");
}

/* Up to DISPATCH_LEVEL. The packet's buffer is ours until it is completed, and may be the reply. */
static VOID EchoVspProcessPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
				 UINT32 BufferLength, UINT32 Flags)
{
	UNREFERENCED_PARAMETER(Channel);
	UNREFERENCED_PARAMETER(Flags);
	VmbChannelPacketComplete(Packet, Buffer, BufferLength);
}

static NTSTATUS EchoVspConfigure(VMBCHANNEL Channel)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = EchoVspOpened;
	callbacks.EvtChannelClosed = EchoVspClosed;
	status = VmbChannelInitSetStateChangeCallbacks(Channel, &callbacks);
	if (!NT_SUCCESS(status))
		return status;
	status = VmbChannelInitSetProcessPacketCallbacks(Channel, EchoVspProcessPacket, NULL);
	if (!NT_SUCCESS(status))
		return status;
	return VmbServerChannelInitSetTargetInterfaceId(Channel, GUID_ECHO_INTERFACE,
							GUID_ECHO_INSTANCE);
}

static VOID EchoVspUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	VmbChannelDisable(EchoChannel);
	VmbChannelCleanup(EchoChannel);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);
	status = VmbChannelAllocate(NULL, TRUE, &EchoChannel);
	if (!NT_SUCCESS(status))
		return status;
	status = EchoVspConfigure(EchoChannel);
	if (NT_SUCCESS(status))
		status = VmbChannelEnable(EchoChannel);
	if (!NT_SUCCESS(status)) {
		VmbChannelCleanup(EchoChannel);
		return status;
	}
	VmbChannelStart(EchoChannel);
	DriverObject->DriverUnload = EchoVspUnload;
	return STATUS_SUCCESS;
}
