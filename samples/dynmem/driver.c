// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic Memory client: gives memory of this VM to the host when the host asks for it, and tells
 * the host once a second how much memory is needed.
 *
 * The channel's callbacks only note what happened and wake the worker thread. The worker talks to
 * the host, moves the pages, and opens the channel again after the device went away.
 */
#include <initguid.h>
#include "dynmem.h"

DEFINE_GUID(GUID_DYNAMIC_MEMORY, 0x525074dc, 0x8985, 0x46e2,
	    0x80, 0x57, 0xa3, 0x07, 0xdc, 0x18, 0xa5, 0x02);

#define FIRST_RETRY_DELAY	(5 * DYNMEM_SECOND)
#define LAST_RETRY_DELAY	(60 * DYNMEM_SECOND)

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD DynMemUnload;
static KSTART_ROUTINE DynMemWorker;

static EVT_VMB_CHANNEL_CLOSED DynMemEvtChannelClosed;
static EVT_VMB_CHANNEL_SUSPEND DynMemEvtChannelSuspend;
static EVT_VMB_CHANNEL_STARTED DynMemEvtChannelStarted;
static EVT_VMB_CHANNEL_POST_STARTED DynMemEvtChannelPostStarted;
static EVT_VMB_CHANNEL_PROCESS_PACKET DynMemEvtProcessPacket;
static EVT_VMB_CHANNEL_PNP_FAILURE DynMemEvtPnpFailure;

struct DYNMEM_COUNTERS DynMemCounters;

static PDYNMEM_DEVICE TheDevice;

LONGLONG DynMemNow(VOID)
{
	return (LONGLONG)KeQueryInterruptTime();
}

BOOLEAN DynMemMayWork(PDYNMEM_DEVICE Device)
{
	return KeReadStateEvent(&Device->Active) && !KeReadStateEvent(&Device->Stop);
}

static VOID DynMemSignal(PDYNMEM_DEVICE Device, LONG Event)
{
	InterlockedOr(&Device->Events, Event);
	KeSetEvent(&Device->Wake, IO_NO_INCREMENT, FALSE);
}

/*
 * Callbacks of the channel.
 */

static VOID DynMemEvtChannelStarted(VMBCHANNEL Channel)
{
	PDYNMEM_DEVICE device = VmbChannelGetPointer(Channel);

	KeSetEvent(&device->Active, IO_NO_INCREMENT, FALSE);
}

static VOID DynMemEvtChannelPostStarted(VMBCHANNEL Channel)
{
	DynMemSignal(VmbChannelGetPointer(Channel), DYNMEM_EVENT_OPENED);
}

static PDYNMEM_REQUEST DynMemTakeRequest(PDYNMEM_DEVICE Device, PLIST_ENTRY From)
{
	PDYNMEM_REQUEST request = NULL;
	KIRQL irql;

	KeAcquireSpinLock(&Device->Lock, &irql);
	if (!IsListEmpty(From))
		request = CONTAINING_RECORD(RemoveHeadList(From), DYNMEM_REQUEST, Link);
	KeReleaseSpinLock(&Device->Lock, irql);

	return request;
}

static VOID DynMemCompleteRequest(PDYNMEM_DEVICE Device, PDYNMEM_REQUEST Request)
{
	VMBPACKETCOMPLETION packet = Request->Packet;
	KIRQL irql;

	/* The completion may let the next message in, so its place has to be free before. */
	KeAcquireSpinLock(&Device->Lock, &irql);
	InsertTailList(&Device->Idle, &Request->Link);
	KeReleaseSpinLock(&Device->Lock, irql);

	VmbChannelPacketComplete(packet, NULL, 0);
}

/*
 * From here on no message arrives. The channel closes when all that arrived are completed: those
 * that the worker has not seen yet here, the one it has in hand by the worker, which stops its
 * work when it finds the channel inactive.
 */
static VOID DynMemEvtChannelSuspend(VMBCHANNEL Channel)
{
	PDYNMEM_DEVICE device = VmbChannelGetPointer(Channel);
	PDYNMEM_REQUEST request;

	KeClearEvent(&device->Active);
	while ((request = DynMemTakeRequest(device, &device->Pending)))
		DynMemCompleteRequest(device, request);
}

/* The channel is not Disabled before this returns, so opening it again is the worker's. */
static VOID DynMemEvtChannelClosed(VMBCHANNEL Channel)
{
	DynMemSignal(VmbChannelGetPointer(Channel), DYNMEM_EVENT_CLOSED);
}

static VOID DynMemEvtPnpFailure(VMBCHANNEL Channel, NTSTATUS FailureStatus)
{
	DbgPrint("dynmem: the device could not be opened: 0x%08x\n", FailureStatus);
	DynMemSignal(VmbChannelGetPointer(Channel), DYNMEM_EVENT_NO_CONNECT);
}

/* Runs at up to DISPATCH_LEVEL. The buffer stays ours until the packet is completed. */
static VOID DynMemEvtProcessPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
				   UINT32 BufferLength, UINT32 Flags)
{
	PDYNMEM_DEVICE device = VmbChannelGetPointer(Channel);
	PDYNMEM_REQUEST request;
	KIRQL irql;

	UNREFERENCED_PARAMETER(Flags);

	InterlockedIncrement64(&DynMemCounters.PacketsReceived);

	/* The quota is the number of requests, so there is an idle one. */
	request = DynMemTakeRequest(device, &device->Idle);
	NT_ASSERT(request);
	if (!request) {
		VmbChannelPacketComplete(Packet, NULL, 0);
		return;
	}

	request->Packet = Packet;
	request->Buffer = Buffer;
	request->Length = BufferLength;

	KeAcquireSpinLock(&device->Lock, &irql);
	InsertTailList(&device->Pending, &request->Link);
	KeReleaseSpinLock(&device->Lock, irql);

	KeSetEvent(&device->Wake, IO_NO_INCREMENT, FALSE);
}

/*
 * The worker.
 */

static VOID DynMemRetryLater(PDYNMEM_DEVICE Device)
{
	Device->RetryDelay = Device->RetryDelay ? Device->RetryDelay * 2 : FIRST_RETRY_DELAY;
	if (Device->RetryDelay > LAST_RETRY_DELAY)
		Device->RetryDelay = LAST_RETRY_DELAY;
	Device->RetryDue = DynMemNow() + Device->RetryDelay;
}

/* Ends the connection if there is one. Then the channel is Disabled and all pages are ours. */
static VOID DynMemDisconnect(PDYNMEM_DEVICE Device)
{
	VmbChannelDisable(Device->Channel);
	InterlockedAnd(&Device->Events, DYNMEM_EVENT_STOP);

	Device->AnswerDue = 0;
	Device->Failure = STATUS_SUCCESS;
	DynMemSetState(Device, DynMemWaiting);
	DynMemTakeBackAll(Device);
}

static VOID DynMemConnect(PDYNMEM_DEVICE Device)
{
	NTSTATUS status;

	Device->RetryDue = 0;
	status = VmbChannelEnable(Device->Channel);
	if (!NT_SUCCESS(status)) {
		DbgPrint("dynmem: enabling the channel failed: 0x%08x\n", status);
		DynMemRetryLater(Device);
	}
}

/* No message is in hand here, so the channel can be disabled. */
static VOID DynMemOnFailure(PDYNMEM_DEVICE Device)
{
	NTSTATUS failure = Device->Failure;

	Device->Failure = STATUS_SUCCESS;

	/* The channel is closing and DYNMEM_EVENT_CLOSED is to come. */
	if (!DynMemMayWork(Device))
		return;

	DynMemDisconnect(Device);
	if (failure == STATUS_NOT_SUPPORTED) {
		DynMemSetState(Device, DynMemRejected);
	} else if (failure == STATUS_DEVICE_REMOVED || failure == STATUS_INVALID_DEVICE_STATE) {
		/* The send was the first to notice that the channel is closing. */
		DynMemConnect(Device);
	} else {
		DbgPrint("dynmem: connection given up: 0x%08x\n", failure);
		DynMemRetryLater(Device);
	}
}

/* What is left when the connection ends, EvtChannelSuspend completes. */
static VOID DynMemHandleRequests(PDYNMEM_DEVICE Device)
{
	PDYNMEM_REQUEST request;

	while (Device->Failure == STATUS_SUCCESS && DynMemMayWork(Device)) {
		request = DynMemTakeRequest(Device, &Device->Pending);
		if (!request)
			return;
		DynMemHandleMessage(Device, request->Buffer, request->Length);
		DynMemCompleteRequest(Device, request);
	}
}

static VOID DynMemOnEvents(PDYNMEM_DEVICE Device, LONG Events)
{
	if (Events & DYNMEM_EVENT_OPENED)
		DynMemNegotiate(Device);

	DynMemHandleRequests(Device);

	if (Events & DYNMEM_EVENT_CLOSED) {
		DbgPrint("dynmem: the device is gone, waiting for it\n");
		DynMemDisconnect(Device);
		DynMemConnect(Device);
	} else if (Events & DYNMEM_EVENT_NO_CONNECT) {
		DynMemRetryLater(Device);
	}
}

/* How long the worker may sleep: for ever while it only waits for the device. */
static PLARGE_INTEGER DynMemTimeout(PDYNMEM_DEVICE Device, PLARGE_INTEGER Timeout)
{
	LONGLONG due = 0;
	LONGLONG left;

	if (Device->RetryDue)
		due = Device->RetryDue;
	else if (Device->AnswerDue)
		due = Device->AnswerDue;
	else if (Device->State == DynMemRunning && Device->ReportPressure)
		due = Device->ReportDue;

	if (!due || (!Device->RetryDue && !DynMemMayWork(Device)))
		return NULL;

	left = due - DynMemNow();
	Timeout->QuadPart = left > DYNMEM_MILLISECOND ? -left : -DYNMEM_MILLISECOND;

	return Timeout;
}

static VOID DynMemWorker(PVOID Context)
{
	PDYNMEM_DEVICE device = Context;
	LARGE_INTEGER timeout;
	LONG events;

	for (;;) {
		KeWaitForSingleObject(&device->Wake, Executive, KernelMode, FALSE,
				      DynMemTimeout(device, &timeout));
		events = InterlockedExchange(&device->Events, 0);
		if (events & DYNMEM_EVENT_STOP)
			break;

		DynMemOnEvents(device, events);
		DynMemTick(device);
		if (device->Failure != STATUS_SUCCESS)
			DynMemOnFailure(device);
		if (device->RetryDue && DynMemNow() >= device->RetryDue)
			DynMemConnect(device);
	}

	PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS DynMemStartWorker(PDYNMEM_DEVICE Device)
{
	HANDLE handle;
	NTSTATUS status;

	status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, DynMemWorker,
				      Device);
	if (!NT_SUCCESS(status))
		return status;

	status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
					   (PVOID *)&Device->Worker, NULL);
	NT_ASSERT(NT_SUCCESS(status));	/* the handle is ours */
	ZwClose(handle);

	return status;
}

static VOID DynMemStopWorker(PDYNMEM_DEVICE Device)
{
	KeSetEvent(&Device->Stop, IO_NO_INCREMENT, FALSE);
	DynMemSignal(Device, DYNMEM_EVENT_STOP);
	KeWaitForSingleObject(Device->Worker, Executive, KernelMode, FALSE, NULL);
	ObDereferenceObject(Device->Worker);
}

/*
 * Coming and going.
 */

static NTSTATUS DynMemConfigureChannel(PDYNMEM_DEVICE Device)
{
	DECLARE_CONST_UNICODE_STRING(name, L"Dynamic Memory");
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	VMBCHANNEL channel = Device->Channel;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelStarted = DynMemEvtChannelStarted;
	callbacks.EvtChannelPostStarted = DynMemEvtChannelPostStarted;
	callbacks.EvtChannelSuspend = DynMemEvtChannelSuspend;
	callbacks.EvtChannelClosed = DynMemEvtChannelClosed;

	status = VmbChannelInitSetStateChangeCallbacks(channel, &callbacks);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetProcessPacketCallbacks(channel, DynMemEvtProcessPacket,
								 NULL);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetMaximumPacketSize(channel, DM_MAXIMUM_MESSAGE);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetFriendlyName(channel, &name);
	if (NT_SUCCESS(status))
		status = VmbClientChannelInitSetTargetPnp(channel, &GUID_DYNAMIC_MEMORY, NULL,
							  DynMemEvtPnpFailure);
	if (!NT_SUCCESS(status))
		return status;

	VmbChannelSetTransactionQuota(channel, DYNMEM_QUOTA);
	VmbChannelSetPointer(channel, Device);

	return STATUS_SUCCESS;
}

static NTSTATUS DynMemCreateStatusPacket(PDYNMEM_DEVICE Device)
{
	Device->StatusPacket = VmbPacketAllocate(Device->Channel);
	if (!Device->StatusPacket)
		return STATUS_INSUFFICIENT_RESOURCES;

	VmbPacketSetPointer(Device->StatusPacket, Device);
	VmbPacketSetCompletionRoutine(Device->StatusPacket, DynMemStatusSent);

	return STATUS_SUCCESS;
}

static PDYNMEM_DEVICE DynMemAllocateDevice(VOID)
{
	PDYNMEM_DEVICE device;
	ULONG i;

	device = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*device), DYNMEM_TAG);
	if (!device)
		return NULL;

	KeInitializeEvent(&device->Wake, SynchronizationEvent, FALSE);
	KeInitializeEvent(&device->Active, NotificationEvent, FALSE);
	KeInitializeEvent(&device->Stop, NotificationEvent, FALSE);
	KeInitializeSpinLock(&device->Lock);
	InitializeListHead(&device->Pending);
	InitializeListHead(&device->Idle);
	for (i = 0; i < DYNMEM_QUOTA; i++)
		InsertTailList(&device->Idle, &device->Requests[i].Link);
	DynMemBalloonInitialize(device);
	DynMemSetState(device, DynMemWaiting);

	return device;
}

static VOID DynMemUnload(PDRIVER_OBJECT DriverObject)
{
	PDYNMEM_DEVICE device = TheDevice;

	UNREFERENCED_PARAMETER(DriverObject);

	DynMemStopWorker(device);
	DynMemDisconnect(device);
	VmbPacketFree(device->StatusPacket);
	VmbChannelCleanup(device->Channel);
	ExFreePoolWithTag(device, DYNMEM_TAG);

	DbgPrint("dynmem: unloaded, the host has %lld pages, %lld blocks are left\n",
		 DynMemCounters.PagesBallooned, DynMemCounters.Blocks);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	PDYNMEM_DEVICE device;
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);

	device = DynMemAllocateDevice();
	if (!device)
		return STATUS_INSUFFICIENT_RESOURCES;

	status = VmbChannelAllocate(NULL, FALSE, &device->Channel);
	if (!NT_SUCCESS(status))
		goto free_device;

	status = DynMemConfigureChannel(device);
	if (!NT_SUCCESS(status))
		goto free_channel;

	status = DynMemCreateStatusPacket(device);
	if (!NT_SUCCESS(status))
		goto free_channel;

	status = DynMemStartWorker(device);
	if (!NT_SUCCESS(status))
		goto free_packet;

	/* Without a device, or when another driver has it, this succeeds and the channel waits. */
	status = VmbChannelEnable(device->Channel);
	if (!NT_SUCCESS(status))
		goto stop_worker;

	TheDevice = device;
	DriverObject->DriverUnload = DynMemUnload;

	return STATUS_SUCCESS;

stop_worker:
	DynMemStopWorker(device);
free_packet:
	VmbPacketFree(device->StatusPacket);
free_channel:
	VmbChannelCleanup(device->Channel);
free_device:
	ExFreePoolWithTag(device, DYNMEM_TAG);

	return status;
}
