// SPDX-License-Identifier: GPL-2.0-only
/* I/O request packets: down a stack of devices by IoCallDriver(), up by IoCompleteRequest(). */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "nt.h"

#define STACK_MAX	32	/* locations: far more than a stack of ours has */

static PIO_STACK_LOCATION first_location(PIRP irp)
{
	return (PIO_STACK_LOCATION)(irp + 1);
}

static PIRP alloc_irp(CCHAR locations, gfp_t gfp)
{
	size_t size = sizeof(IRP) + locations * sizeof(IO_STACK_LOCATION);
	PIRP irp = kzalloc(size, gfp);

	if (!irp)
		return NULL;
	irp->Type = IO_TYPE_IRP;
	irp->Size = size;
	irp->StackCount = locations;
	irp->CurrentLocation = locations + 1;
	irp->Tail.Overlay.CurrentStackLocation = first_location(irp) + locations;
	return irp;
}

static bool irp_valid(PIRP irp)
{
	return !WARN_ONCE(!irp || irp->Type != IO_TYPE_IRP, "not an IRP\n");
}

/**
 * IoAllocateIrp() - allocate an IRP
 * @StackSize: StackSize of the device that it is sent to; 1 to 32
 * @ChargeQuota: ignored
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Return: the IRP, which IoFreeIrp() frees, or NULL.
 *
 * Microsoft: "IoAllocateIrp function (wdm.h)".
 */
PIRP IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
	if (StackSize < 1 || StackSize > STACK_MAX)
		return NULL;
	return alloc_irp(StackSize, kmcl_nt_gfp());
}
EXPORT_SYMBOL_GPL(IoAllocateIrp);

/**
 * IoFreeIrp() - free an IRP
 * @Irp: from IoAllocateIrp(), not on its way
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Microsoft: "IoFreeIrp function (wdm.h)".
 */
VOID IoFreeIrp(PIRP Irp)
{
	if (!irp_valid(Irp))
		return;
	Irp->Type = 0;
	kfree(Irp);
}
EXPORT_SYMBOL_GPL(IoFreeIrp);

/**
 * IoBuildSynchronousFsdRequest() - allocate an IRP that the caller waits for
 * @MajorFunction: IRP_MJ_PNP; no other goes anywhere, and so gives NULL
 * @DeviceObject: the device that it is going to be sent to
 * @Buffer: NULL
 * @Length: 0
 * @StartingOffset: NULL
 * @Event: set when the IRP has completed
 * @IoStatusBlock: filled in before that
 *
 * The completion frees the IRP.
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: the IRP, or NULL.
 *
 * Microsoft: "IoBuildSynchronousFsdRequest function (wdm.h)".
 */
PIRP IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer,
				  ULONG Length, PLARGE_INTEGER StartingOffset, PKEVENT Event,
				  PIO_STATUS_BLOCK IoStatusBlock)
{
	PIRP irp;

	if (MajorFunction != IRP_MJ_PNP)
		return NULL;
	irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);
	if (!irp)
		return NULL;
	irp->UserEvent = Event;
	irp->UserIosb = IoStatusBlock;
	IoGetNextIrpStackLocation(irp)->MajorFunction = MajorFunction;
	return irp;
}
EXPORT_SYMBOL_GPL(IoBuildSynchronousFsdRequest);

static NTSTATUS refuse(PIRP irp, NTSTATUS status)
{
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

/**
 * kmcl_irp_unhandled() - what a driver does with requests that it has no routine for
 * @device: its device
 * @irp: the request
 *
 * Return: STATUS_INVALID_DEVICE_REQUEST.
 */
NTSTATUS kmcl_irp_unhandled(PDEVICE_OBJECT device, PIRP irp)
{
	return refuse(irp, STATUS_INVALID_DEVICE_REQUEST);
}

/**
 * IofCallDriver() - send an IRP to a device; IoCallDriver() is this
 * @DeviceObject: the device
 * @Irp: the next stack location is set, or the current one skipped
 *
 * An IRP without a stack location left warns once and fails.
 *
 * IRQL: DISPATCH_LEVEL or below; PASSIVE_LEVEL for IRP_MJ_PNP.
 *
 * Return: what the driver's dispatch routine returned; STATUS_PENDING: it completes later.
 *
 * Microsoft: "IofCallDriver function (wdm.h)", "IoCallDriver macro (wdm.h)".
 */
NTSTATUS IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_STACK_LOCATION location;

	if (!irp_valid(Irp))
		return STATUS_INVALID_PARAMETER;
	if (WARN_ONCE(Irp->CurrentLocation <= 1, "IoCallDriver: no stack location is left\n"))
		return refuse(Irp, STATUS_INVALID_DEVICE_REQUEST);
	Irp->CurrentLocation--;
	location = --Irp->Tail.Overlay.CurrentStackLocation;
	location->DeviceObject = DeviceObject;
	if (location->MajorFunction > IRP_MJ_MAXIMUM_FUNCTION)
		return refuse(Irp, STATUS_INVALID_DEVICE_REQUEST);
	return DeviceObject->DriverObject->MajorFunction[location->MajorFunction](DeviceObject,
										  Irp);
}
EXPORT_SYMBOL_GPL(IofCallDriver);

static bool wants_to_know(const IO_STACK_LOCATION *location, NTSTATUS status)
{
	return location->CompletionRoutine &&
	       (location->Control & (NT_SUCCESS(status) ? SL_INVOKE_ON_SUCCESS :
							  SL_INVOKE_ON_ERROR));
}

/* Up by one device. Return: false if its completion routine keeps the IRP. */
static bool go_up(PIRP irp)
{
	PIO_STACK_LOCATION below = IoGetCurrentIrpStackLocation(irp);
	PDEVICE_OBJECT device = NULL;
	bool at_top;

	irp->PendingReturned = !!(below->Control & SL_PENDING_RETURNED);
	IoSkipCurrentIrpStackLocation(irp);
	at_top = irp->CurrentLocation > irp->StackCount;
	if (!at_top)
		device = IoGetCurrentIrpStackLocation(irp)->DeviceObject;
	if (wants_to_know(below, irp->IoStatus.Status))
		return below->CompletionRoutine(device, irp, below->Context) !=
		       STATUS_MORE_PROCESSING_REQUIRED;
	if (irp->PendingReturned && !at_top)
		IoMarkIrpPending(irp);
	return true;
}

static void end_irp(PIRP irp)
{
	PKEVENT event = irp->UserEvent;

	if (irp->UserIosb)
		*irp->UserIosb = irp->IoStatus;
	IoFreeIrp(irp);
	if (event)
		KeSetEvent(event, IO_NO_INCREMENT, FALSE);
}

/**
 * IofCompleteRequest() - end the processing of an IRP; IoCompleteRequest() is this
 * @Irp: IoStatus is set; not to be touched afterwards
 * @PriorityBoost: ignored
 *
 * Runs the completion routines of the devices above, highest last. One that returns
 * STATUS_MORE_PROCESSING_REQUIRED stops that and has the IRP. An IRP that nobody kept is freed.
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Microsoft: "IofCompleteRequest function (wdm.h)", "IoCompleteRequest macro (wdm.h)".
 */
VOID IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
	if (!irp_valid(Irp))
		return;
	while (Irp->CurrentLocation <= Irp->StackCount)
		if (!go_up(Irp))
			return;
	end_irp(Irp);
}
EXPORT_SYMBOL_GPL(IofCompleteRequest);

static NTSTATUS wake_forwarder(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
	return STATUS_MORE_PROCESSING_REQUIRED;
}

/**
 * IoForwardIrpSynchronously() - send an IRP to the device below and have it back
 * @DeviceObject: the device below
 * @Irp: current at the caller's device, who completes it afterwards; IoStatus is that of the device
 *	 below
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: FALSE if there is no stack location for the device below.
 *
 * Microsoft: "IoForwardIrpSynchronously function (wdm.h)".
 */
BOOLEAN IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	KEVENT done;

	if (Irp->CurrentLocation <= 1)
		return FALSE;
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	IoCopyCurrentIrpStackLocationToNext(Irp);
	IoSetCompletionRoutine(Irp, wake_forwarder, &done, TRUE, TRUE, TRUE);
	if (IoCallDriver(DeviceObject, Irp) == STATUS_PENDING)
		KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
	return TRUE;
}
EXPORT_SYMBOL_GPL(IoForwardIrpSynchronously);

/**
 * kmcl_irp_send_pnp() - send a Plug and Play request to the top of a stack and wait for it
 * @device: any device of the stack
 * @minor: IRP_MN_START_DEVICE, ...
 *
 * Return: its status.
 */
NTSTATUS kmcl_irp_send_pnp(PDEVICE_OBJECT device, UCHAR minor)
{
	PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device);
	PIO_STACK_LOCATION location;
	IO_STATUS_BLOCK iosb;
	KEVENT done;
	PIRP irp;

	/* A removal cannot fail. */
	irp = alloc_irp(top->StackSize, GFP_KERNEL | __GFP_NOFAIL);
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	irp->UserEvent = &done;
	irp->UserIosb = &iosb;
	irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
	location = IoGetNextIrpStackLocation(irp);
	location->MajorFunction = IRP_MJ_PNP;
	location->MinorFunction = minor;
	IoCallDriver(top, irp);
	KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
	ObDereferenceObject(top);
	return iosb.Status;
}
