// SPDX-License-Identifier: GPL-2.0-only
/* The other side of the synthetic keyboard: a server that types what it is told (vsp.h). */
#include <initguid.h>
#include "protocol.h"
#include "vsp.h"

/* {d34b2567-b9b6-42b9-8778-0a4ec0b955bf} */
DEFINE_GUID(GUID_KEYBOARD_INSTANCE, 0xd34b2567, 0xb9b6, 0x42b9,
	    0x87, 0x78, 0x0a, 0x4e, 0xc0, 0xb9, 0x55, 0xbf);

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD KbdVspUnload;
static EVT_VMB_CHANNEL_PROCESS_PACKET KbdVspPacket;

static VMBCHANNEL KbdChannel;
/* Who types has it. Its end is waited for in KbdVspUnload, and it begins with DriverEntry. */
static EX_RUNDOWN_REF KbdTypists;
static LONG KbdReady;

static NTSTATUS KbdVspSend(PVOID Message, UINT32 Length)
{
	VMBPACKET packet = VmbPacketAllocate(KbdChannel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbPacketSend(packet, Message, Length, NULL, 0);
	if (!NT_SUCCESS(status))
		VmbPacketFree(packet);
	return status;
}

NTSTATUS KbdVspType(USHORT MakeCode, ULONG Info)
{
	KBD_KEYSTROKE keystroke = { KbdKeystroke, MakeCode, 0, Info };
	NTSTATUS status;

	if (!ReadAcquire(&KbdReady) || !ExAcquireRundownProtection(&KbdTypists))
		return STATUS_DEVICE_NOT_READY;
	status = KbdVspSend(&keystroke, sizeof(keystroke));
	ExReleaseRundownProtection(&KbdTypists);
	return status;
}

static VOID KbdVspPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
			 UINT32 BufferLength, UINT32 Flags)
{
	KBD_PROTOCOL_RESPONSE response = { KbdProtocolResponse, 0 };
	KBD_PROTOCOL_REQUEST request = { 0, 0 };

	UNREFERENCED_PARAMETER(Channel);
	UNREFERENCED_PARAMETER(Flags);

	if (BufferLength >= sizeof(request))
		RtlCopyMemory(&request, Buffer, sizeof(request));
	VmbChannelPacketComplete(Packet, NULL, 0);
	if (request.Type != KbdProtocolRequest)
		return;
	if (request.Version == KBD_VERSION)
		response.Status = KBD_PROTOCOL_ACCEPTED;
	KbdVspSend(&response, sizeof(response));
}

static VOID KbdVspUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	ExWaitForRundownProtectionRelease(&KbdTypists);
	VmbChannelDisable(KbdChannel);
	VmbChannelCleanup(KbdChannel);
}

static NTSTATUS KbdVspConfigure(VOID)
{
	NTSTATUS status = VmbChannelInitSetProcessPacketCallbacks(KbdChannel, KbdVspPacket, NULL);

	if (NT_SUCCESS(status))
		status = VmbChannelInitSetMaximumPacketSize(KbdChannel, KBD_MAXIMUM_MESSAGE);
	if (NT_SUCCESS(status))
		status = VmbServerChannelInitSetTargetInterfaceId(KbdChannel,
								  GUID_SYNTHETIC_KEYBOARD,
								  GUID_KEYBOARD_INSTANCE);
	return status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);
	status = VmbChannelAllocate(NULL, TRUE, &KbdChannel);
	if (!NT_SUCCESS(status))
		return status;
	status = KbdVspConfigure();
	if (NT_SUCCESS(status))
		status = VmbChannelEnable(KbdChannel);
	if (!NT_SUCCESS(status)) {
		VmbChannelCleanup(KbdChannel);
		return status;
	}
	VmbChannelStart(KbdChannel);
	ExInitializeRundownProtection(&KbdTypists);
	WriteRelease(&KbdReady, TRUE);
	DriverObject->DriverUnload = KbdVspUnload;
	return STATUS_SUCCESS;
}
