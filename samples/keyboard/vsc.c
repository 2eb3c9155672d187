// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of the synthetic keyboard: agrees with the host on the protocol, and hands on the keys
 * that it sends. A WDM function driver as it would be on Windows.
 */
#include <InitGuid.h>
#include "Protocol.h"
#include "port.h"

#define KBD_TAG	('dbKV')

typedef struct _KBD_DEVICE {
	PDEVICE_OBJECT Lower;
	PDEVICE_OBJECT Pdo;
	VMBCHANNEL Channel;
	PVOID Port;
	LONG Accepted;
	UNICODE_STRING Name;
} KBD_DEVICE, *PKBD_DEVICE;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_ADD_DEVICE KbdAddDevice;
static DRIVER_UNLOAD KbdUnload;
static DRIVER_DISPATCH KbdDispatchPnp;
static EVT_VMB_CHANNEL_POST_STARTED KbdEvtPostStarted;
static EVT_VMB_CHANNEL_SUSPEND KbdEvtSuspend;
static EVT_VMB_CHANNEL_PROCESS_PACKET KbdEvtPacket;
static EVT_VMB_PACKET_COMPLETION_ROUTINE KbdRequestSent;

/*
 * The channel.
 */

static VOID KbdRequestSent(VMBPACKET Packet, NTSTATUS Status, PVOID Buffer, UINT32 BufferLength)
{
	UNREFERENCED_PARAMETER(Buffer);
	UNREFERENCED_PARAMETER(BufferLength);

	if (!NT_SUCCESS(Status))
		DbgPrint("keyboard: the request was not answered: 0x%08x\n", Status);
	VmbPacketFree(Packet);
}

/* The response comes as a packet of its own. */
static VOID KbdEvtPostStarted(VMBCHANNEL Channel)
{
	KBD_PROTOCOL_REQUEST request = { KbdProtocolRequest, KBD_VERSION };
	VMBPACKET packet = VmbPacketAllocate(Channel);
	NTSTATUS status;

	if (!packet)
		return;
	VmbPacketSetCompletionRoutine(packet, KbdRequestSent);
	status = VmbPacketSend(packet, &request, sizeof(request), NULL,
			       VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	if (!NT_SUCCESS(status))
		VmbPacketFree(packet);
}

static VOID KbdEvtSuspend(VMBCHANNEL Channel)
{
	PKBD_DEVICE device = VmbChannelGetPointer(Channel);

	InterlockedExchange(&device->Accepted, FALSE);
}

static VOID KbdOnResponse(PKBD_DEVICE Device, const KBD_PROTOCOL_RESPONSE *Response)
{
	InterlockedExchange(&Device->Accepted, !!(Response->Status & KBD_PROTOCOL_ACCEPTED));
	DbgPrint("keyboard: %wZ: protocol %s\n", &Device->Name,
		 Device->Accepted ? "accepted" : "refused");
}

static VOID KbdOnKeystroke(PKBD_DEVICE Device, const KBD_KEYSTROKE *Keystroke)
{
	USHORT flags = KEY_MAKE;

	/* Characters have no key. */
	if (!Device->Accepted || (Keystroke->Info & KBD_INFO_UNICODE))
		return;
	if (Keystroke->Info & KBD_INFO_BREAK)
		flags |= KEY_BREAK;
	if (Keystroke->Info & KBD_INFO_E0)
		flags |= KEY_E0;
	if (Keystroke->Info & KBD_INFO_E1)
		flags |= KEY_E1;
	KeyboardPortReport(Device->Port, Keystroke->MakeCode, flags);
}

/* Up to DISPATCH_LEVEL. What is too short or unknown is passed over: the host may be newer. */
static VOID KbdEvtPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
			 UINT32 BufferLength, UINT32 Flags)
{
	PKBD_DEVICE device = VmbChannelGetPointer(Channel);
	UINT32 type = 0;

	UNREFERENCED_PARAMETER(Flags);

	if (BufferLength >= sizeof(type))
		type = *(UINT32 *)Buffer;
	if (type == KbdProtocolResponse && BufferLength >= sizeof(KBD_PROTOCOL_RESPONSE))
		KbdOnResponse(device, Buffer);
	else if (type == KbdKeystroke && BufferLength >= sizeof(KBD_KEYSTROKE))
		KbdOnKeystroke(device, Buffer);
	VmbChannelPacketComplete(Packet, NULL, 0);
}

static NTSTATUS KbdConfigureChannel(PKBD_DEVICE Device)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelPostStarted = KbdEvtPostStarted;
	callbacks.EvtChannelSuspend = KbdEvtSuspend;

	status = VmbChannelInitSetStateChangeCallbacks(Device->Channel, &callbacks);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetProcessPacketCallbacks(Device->Channel, KbdEvtPacket,
								 NULL);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetMaximumPacketSize(Device->Channel, KBD_MAXIMUM_MESSAGE);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetFriendlyName(Device->Channel, &Device->Name);
	VmbChannelSetPointer(Device->Channel, Device);

	return status;
}

/*
 * Plug and Play. With the PDO as its parent the channel opens the device that was found, and no
 * target has to be set.
 */

static NTSTATUS KbdStart(PKBD_DEVICE Device)
{
	NTSTATUS status;

	Device->Port = KeyboardPortCreate();
	if (!Device->Port)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbChannelAllocate(Device->Pdo, FALSE, &Device->Channel);
	if (!NT_SUCCESS(status))
		return status;
	status = KbdConfigureChannel(Device);
	if (!NT_SUCCESS(status))
		return status;

	return VmbChannelEnable(Device->Channel);
}

/* Also after a start that failed. */
static VOID KbdStop(PKBD_DEVICE Device)
{
	if (Device->Channel) {
		VmbChannelDisable(Device->Channel);
		VmbChannelCleanup(Device->Channel);
	}
	if (Device->Port)
		KeyboardPortDestroy(Device->Port);
}

static NTSTATUS KbdStartDevice(PKBD_DEVICE Device, PIRP Irp)
{
	NTSTATUS status = STATUS_UNSUCCESSFUL;

	if (IoForwardIrpSynchronously(Device->Lower, Irp))
		status = Irp->IoStatus.Status;
	if (NT_SUCCESS(status))
		status = KbdStart(Device);
	Irp->IoStatus.Status = status;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);

	return status;
}

static NTSTATUS KbdRemoveDevice(PDEVICE_OBJECT DeviceObject, PKBD_DEVICE Device, PIRP Irp)
{
	PDEVICE_OBJECT lower = Device->Lower;
	NTSTATUS status;

	KbdStop(Device);
	ExFreePoolWithTag(Device->Name.Buffer, KBD_TAG);
	Irp->IoStatus.Status = STATUS_SUCCESS;
	IoSkipCurrentIrpStackLocation(Irp);
	status = IoCallDriver(lower, Irp);
	IoDetachDevice(lower);
	IoDeleteDevice(DeviceObject);

	return status;
}

static NTSTATUS KbdDispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PKBD_DEVICE device = DeviceObject->DeviceExtension;

	PAGED_CODE();

	switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
	case IRP_MN_START_DEVICE:
		return KbdStartDevice(device, Irp);
	case IRP_MN_REMOVE_DEVICE:
		return KbdRemoveDevice(DeviceObject, device, Irp);
	default:
		IoSkipCurrentIrpStackLocation(Irp);
		return IoCallDriver(device->Lower, Irp);
	}
}

static NTSTATUS KbdSetName(PKBD_DEVICE Device)
{
	static const WCHAR name[] = L"Synthetic Keyboard";

	Device->Name.Buffer = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(name), KBD_TAG);
	if (!Device->Name.Buffer)
		return STATUS_INSUFFICIENT_RESOURCES;
	RtlCopyMemory(Device->Name.Buffer, name, sizeof(name));
	Device->Name.Length = sizeof(name) - sizeof(WCHAR);
	Device->Name.MaximumLength = sizeof(name);

	return STATUS_SUCCESS;
}

static NTSTATUS KbdAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT PhysicalDeviceObject)
{
	PDEVICE_OBJECT deviceObject;
	PKBD_DEVICE device;
	NTSTATUS status;

	status = IoCreateDevice(DriverObject, sizeof(KBD_DEVICE), NULL, FILE_DEVICE_KEYBOARD,
				FILE_DEVICE_SECURE_OPEN, FALSE, &deviceObject);
	if (!NT_SUCCESS(status))
		return status;
	device = deviceObject->DeviceExtension;
	status = KbdSetName(device);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(deviceObject);
		return status;
	}
	device->Pdo = PhysicalDeviceObject;
	device->Lower = IoAttachDeviceToDeviceStack(deviceObject, PhysicalDeviceObject);
	if (!device->Lower) {
		ExFreePoolWithTag(device->Name.Buffer, KBD_TAG);
		IoDeleteDevice(deviceObject);
		return STATUS_NO_SUCH_DEVICE;
	}
	deviceObject->Flags &= ~DO_DEVICE_INITIALIZING;

	return STATUS_SUCCESS;
}

static VOID KbdUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	UNREFERENCED_PARAMETER(RegistryPath);

	DriverObject->DriverExtension->AddDevice = KbdAddDevice;
	DriverObject->DriverUnload = KbdUnload;
	DriverObject->MajorFunction[IRP_MJ_PNP] = KbdDispatchPnp;

	return STATUS_SUCCESS;
}
