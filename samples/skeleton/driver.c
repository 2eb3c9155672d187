// SPDX-License-Identifier: GPL-2.0-only
/* The driver: no Linux in here. It asks its device one thing, and says what came back. */
#include <initguid.h>
#include "protocol.h"

typedef struct _SKELETON_DEVICE {
	PDEVICE_OBJECT Lower;
	PDEVICE_OBJECT Pdo;
	VMBCHANNEL Channel;
} SKELETON_DEVICE, *PSKELETON_DEVICE;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_ADD_DEVICE SkeletonAddDevice;
static DRIVER_UNLOAD SkeletonUnload;
static DRIVER_DISPATCH SkeletonDispatchPnp;
static EVT_VMB_CHANNEL_POST_STARTED SkeletonEvtPostStarted;
static EVT_VMB_CHANNEL_PROCESS_PACKET SkeletonEvtPacket;

static VOID SkeletonEvtPostStarted(VMBCHANNEL Channel)
{
	SKELETON_MESSAGE message = { 1, 42 }, answer = { 0, 0 };
	UINT32 length = sizeof(answer);
	LARGE_INTEGER timeout;
	NTSTATUS status;

	timeout.QuadPart = -30 * 10000000LL;	/* half a minute, in 100 ns */
	status = VmbChannelSendSynchronousRequest(Channel, &message, sizeof(message), NULL,
						  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
						  &answer, &length, &timeout);
	DbgPrint("skeleton: the device answered %u: 0x%08x\n", answer.Value, status);
}

/* Up to DISPATCH_LEVEL: what the device sends of its own accord. */
static VOID SkeletonEvtPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
			      UINT32 BufferLength, UINT32 Flags)
{
	UNREFERENCED_PARAMETER(Channel);
	UNREFERENCED_PARAMETER(Buffer);
	UNREFERENCED_PARAMETER(BufferLength);
	UNREFERENCED_PARAMETER(Flags);
	VmbChannelPacketComplete(Packet, NULL, 0);
}

static NTSTATUS SkeletonStart(PSKELETON_DEVICE Device)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelPostStarted = SkeletonEvtPostStarted;

	status = VmbChannelAllocate(Device->Pdo, FALSE, &Device->Channel);
	if (!NT_SUCCESS(status))
		return status;
	VmbChannelSetPointer(Device->Channel, Device);
	status = VmbChannelInitSetStateChangeCallbacks(Device->Channel, &callbacks);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetProcessPacketCallbacks(Device->Channel,
								 SkeletonEvtPacket, NULL);
	if (NT_SUCCESS(status))
		status = VmbChannelEnable(Device->Channel);
	return status;
}

static NTSTATUS SkeletonStartDevice(PSKELETON_DEVICE Device, PIRP Irp)
{
	NTSTATUS status = STATUS_UNSUCCESSFUL;

	if (IoForwardIrpSynchronously(Device->Lower, Irp))
		status = Irp->IoStatus.Status;
	if (NT_SUCCESS(status))
		status = SkeletonStart(Device);
	Irp->IoStatus.Status = status;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);
	return status;
}

/* Also after a start that failed. */
static NTSTATUS SkeletonRemoveDevice(PDEVICE_OBJECT DeviceObject, PSKELETON_DEVICE Device,
				     PIRP Irp)
{
	PDEVICE_OBJECT lower = Device->Lower;
	NTSTATUS status;

	if (Device->Channel) {
		VmbChannelDisable(Device->Channel);
		VmbChannelCleanup(Device->Channel);
	}
	Irp->IoStatus.Status = STATUS_SUCCESS;
	IoSkipCurrentIrpStackLocation(Irp);
	status = IoCallDriver(lower, Irp);
	IoDetachDevice(lower);
	IoDeleteDevice(DeviceObject);
	return status;
}

static NTSTATUS SkeletonDispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PSKELETON_DEVICE device = DeviceObject->DeviceExtension;

	switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
	case IRP_MN_START_DEVICE:
		return SkeletonStartDevice(device, Irp);
	case IRP_MN_REMOVE_DEVICE:
		return SkeletonRemoveDevice(DeviceObject, device, Irp);
	default:
		IoSkipCurrentIrpStackLocation(Irp);
		return IoCallDriver(device->Lower, Irp);
	}
}

static NTSTATUS SkeletonAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT PhysicalDeviceObject)
{
	PDEVICE_OBJECT deviceObject;
	PSKELETON_DEVICE device;
	NTSTATUS status;

	status = IoCreateDevice(DriverObject, sizeof(SKELETON_DEVICE), NULL, FILE_DEVICE_UNKNOWN,
				FILE_DEVICE_SECURE_OPEN, FALSE, &deviceObject);
	if (!NT_SUCCESS(status))
		return status;
	device = deviceObject->DeviceExtension;
	device->Pdo = PhysicalDeviceObject;
	device->Lower = IoAttachDeviceToDeviceStack(deviceObject, PhysicalDeviceObject);
	if (!device->Lower) {
		IoDeleteDevice(deviceObject);
		return STATUS_NO_SUCH_DEVICE;
	}
	deviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
	return STATUS_SUCCESS;
}

static VOID SkeletonUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	UNREFERENCED_PARAMETER(RegistryPath);
	DriverObject->DriverExtension->AddDevice = SkeletonAddDevice;
	DriverObject->DriverUnload = SkeletonUnload;
	DriverObject->MajorFunction[IRP_MJ_PNP] = SkeletonDispatchPnp;
	return STATUS_SUCCESS;
}
