// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client of the vdisk. The callbacks of its channel note what happened and wake the worker
 * thread, which says hello, adds the block device, and removes it when the server has gone.
 * Requests pass the worker by: block.c submits them, and completions end them. Another thread, the
 * watcher, closes a channel that the server has broken: the worker may be waiting for a request of
 * its own, since adding the device reads the disk's partitions.
 */
#include <initguid.h>
#include "protocol.h"
#include "vsc.h"

#define VDISK_TAG		0x6b736476	/* "vdsk" */
#define VDISK_SECOND		10000000LL	/* in units of 100 ns */
#define VDISK_LOOK_PERIOD	1000		/* ms */

#define VDISK_EVENT_STOP	0x01
#define VDISK_EVENT_OPENED	0x02
#define VDISK_EVENT_CLOSED	0x04
#define VDISK_EVENT_NO_CONNECT	0x08
#define VDISK_EVENT_CHANGED	0x10	/* says the server: the geometry */
#define VDISK_EVENT_REPLIED	0x20	/* to the hello */

struct VDISK_SLOT {
	VMBPACKET Packet;
	PMDL Data;
	void *Request;		/* the block layer's */
	UINT16 Type;
};

/* Hello is the worker's alone: who has sent it waits for VDISK_EVENT_REPLIED. */
typedef struct _VDISK_CLIENT {
	VMBCHANNEL Channel;
	KEVENT Wake;
	LONG Events;
	PKTHREAD Worker;
	PKTHREAD Watcher;
	KEVENT Late;			/* a request is */
	KTIMER HelloIsLate;
	KMUTEX ConnectLock;
	BOOLEAN HasDisk;
	UINT32 BlockSize;		/* of the disk, */
	UINT64 Capacity;		/* which may grow */
	BOOLEAN Retry;

	VMBPACKET Hello;
	BOOLEAN HelloIsWanted;
	BOOLEAN HelloIsSent;
	NTSTATUS HelloStatus;
	VDISK_HELLO_REPLY HelloReply;

	struct VDISK_SLOT Slots[VDISK_QUEUE_DEPTH];
} VDISK_CLIENT, *PVDISK_CLIENT;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD VdiskUnload;
static KSTART_ROUTINE VdiskWorker;
static KSTART_ROUTINE VdiskWatcher;
static EVT_VMB_CHANNEL_OPENED VdiskEvtOpened;
static EVT_VMB_CHANNEL_CLOSED VdiskEvtClosed;
static EVT_VMB_CHANNEL_PROCESS_PACKET VdiskEvtProcessPacket;
static EVT_VMB_CHANNEL_PNP_FAILURE VdiskEvtPnpFailure;
static EVT_VMB_PACKET_COMPLETION_ROUTINE VdiskHelloDone;
static EVT_VMB_PACKET_COMPLETION_ROUTINE VdiskRequestDone;

C_ASSERT((int)VDISK_OPERATION_READ == VDISK_READ);
C_ASSERT((int)VDISK_OPERATION_WRITE == VDISK_WRITE);
C_ASSERT((int)VDISK_OPERATION_FLUSH == VDISK_FLUSH);
C_ASSERT((int)VDISK_OPERATION_DISCARD == VDISK_DISCARD);
C_ASSERT((int)VDISK_OPERATION_WRITE_ZEROES == VDISK_WRITE_ZEROES);

struct VDISK_CLIENT_COUNTERS VdiskClientCounters;

static PVDISK_CLIENT TheClient;
static const char *TheState = "waiting";	/* can be read when the client is not there */

const char *VdiskClientState(void)
{
	return TheState;
}

static VOID VdiskCount(long long *Counter)
{
	InterlockedIncrement64(Counter);
}

static VOID VdiskSignal(PVDISK_CLIENT Client, LONG Event)
{
	InterlockedOr(&Client->Events, Event);
	KeSetEvent(&Client->Wake, IO_NO_INCREMENT, FALSE);
}

/*
 * Requests. A slot is its request's until VdiskBlockDone().
 */

/* A reply that is not one to this request says nothing about it. */
static NTSTATUS VdiskCheckReply(UINT16 Type, const VDISK_REPLY *Reply, UINT32 BufferLength,
				UINT32 Size)
{
	if (VdiskIsMessage(&Reply->Header, BufferLength, Size) &&
	    Reply->Header.Version == VDISK_VERSION &&
	    Reply->Header.Type == (Type | VDISK_REPLY_BIT) && !Reply->Reserved)
		return Reply->Status;
	VdiskCount(&VdiskClientCounters.BadMessages);
	return STATUS_DEVICE_PROTOCOL_ERROR;
}

static enum vdisk_result VdiskResult(NTSTATUS Status)
{
	switch (Status) {
	case STATUS_SUCCESS:
		return VDISK_OK;
	case STATUS_DISK_FULL:
		return VDISK_FULL;
	case STATUS_NOT_SUPPORTED:
		return VDISK_UNSUPPORTED;
	default:
		return VDISK_ERROR;
	}
}

static VOID VdiskRequestDone(VMBPACKET Packet, NTSTATUS Status, PVOID Buffer, UINT32 BufferLength)
{
	struct VDISK_SLOT *slot = VmbPacketGetPointer(Packet);

	if (NT_SUCCESS(Status))
		Status = VdiskCheckReply(slot->Type, Buffer, BufferLength, sizeof(VDISK_REPLY));
	if (Status != STATUS_SUCCESS)
		VdiskCount(&VdiskClientCounters.Failures);
	VdiskBlockDone(slot->Request, VdiskResult(Status));
}

struct VDISK_SLOT *VdiskSlot(unsigned int Number)
{
	return &TheClient->Slots[Number];
}

unsigned long *VdiskSlotPages(struct VDISK_SLOT *Slot)
{
	return MmGetMdlPfnArray(Slot->Data);
}

/* The MDL's pages are the block layer's, and stay where they are until the request is done. */
static PMDL VdiskDescribe(struct VDISK_SLOT *Slot, const struct vdisk_transfer *Transfer)
{
	if (Slot->Type != VDISK_READ && Slot->Type != VDISK_WRITE)
		return NULL;
	MmInitializeMdl(Slot->Data, ULongToPtr(Transfer->first_byte), Transfer->length);
	Slot->Data->MdlFlags |= MDL_PAGES_LOCKED;
	return Slot->Data;
}

enum vdisk_result VdiskSubmit(struct VDISK_SLOT *Slot, void *Request,
			      const struct vdisk_transfer *Transfer)
{
	VDISK_REQUEST message = {
		.Header = VdiskHeader((UINT16)Transfer->operation, sizeof(message)),
		.Offset = Transfer->offset,
		.Length = Transfer->length,
	};
	NTSTATUS status;

	Slot->Request = Request;
	Slot->Type = message.Header.Type;
	VdiskCount(&VdiskClientCounters.Requests);
	status = VmbPacketSend(Slot->Packet, &message, sizeof(message),
			       VdiskDescribe(Slot, Transfer),
			       VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	if (NT_SUCCESS(status))
		return VDISK_OK;
	VdiskCount(&VdiskClientCounters.Failures);
	return VDISK_ERROR;
}

void VdiskRequestIsLate(void)
{
	KeSetEvent(&TheClient->Late, IO_NO_INCREMENT, FALSE);
}

/*
 * Callbacks of the channel.
 */

static NTSTATUS VdiskEvtOpened(VMBCHANNEL Channel)
{
	VdiskSignal(VmbChannelGetPointer(Channel), VDISK_EVENT_OPENED);
	return STATUS_SUCCESS;
}

/* Every packet has completed. The channel is not Disabled before this returns. */
static VOID VdiskEvtClosed(VMBCHANNEL Channel)
{
	VdiskSignal(VmbChannelGetPointer(Channel), VDISK_EVENT_CLOSED);
}

static VOID VdiskEvtPnpFailure(VMBCHANNEL Channel, NTSTATUS FailureStatus)
{
	DbgPrint("vdisk_vsc: the server could not be opened: 0x%08x\n", FailureStatus);
	VdiskSignal(VmbChannelGetPointer(Channel), VDISK_EVENT_NO_CONNECT);
}

static VOID VdiskEvtProcessPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
				  UINT32 BufferLength, UINT32 Flags)
{
	const VDISK_HEADER *message = Buffer;

	UNREFERENCED_PARAMETER(Flags);
	if (VdiskIsMessage(message, BufferLength, sizeof(*message)) &&
	    message->Type == VDISK_CHANGED && message->Version == VDISK_VERSION) {
		VdiskCount(&VdiskClientCounters.Changes);
		VdiskSignal(VmbChannelGetPointer(Channel), VDISK_EVENT_CHANGED);
	} else {
		VdiskCount(&VdiskClientCounters.BadMessages);
	}
	VmbChannelPacketComplete(Packet, NULL, 0);
}

static VOID VdiskHelloDone(VMBPACKET Packet, NTSTATUS Status, PVOID Buffer, UINT32 BufferLength)
{
	PVDISK_CLIENT client = VmbPacketGetPointer(Packet);

	if (NT_SUCCESS(Status))
		Status = VdiskCheckReply(VDISK_HELLO, Buffer, BufferLength,
					 sizeof(client->HelloReply));
	if (NT_SUCCESS(Status))
		RtlCopyMemory(&client->HelloReply, Buffer, sizeof(client->HelloReply));
	client->HelloStatus = Status;
	VdiskSignal(client, VDISK_EVENT_REPLIED);
}

/*
 * The worker.
 */

static BOOLEAN VdiskIsPowerOfTwo(UINT32 Number)
{
	return Number && !(Number & (Number - 1));
}

/* Bounded by what this end can do; FALSE for what makes no disk. */
static BOOLEAN VdiskGetGeometry(const VDISK_HELLO_REPLY *Reply, struct vdisk_geometry *Geometry)
{
	UINT32 block = Reply->BlockSize;

	if (!VdiskIsPowerOfTwo(block) || block < VDISK_SECTOR || block > VDISK_MAXIMUM_BLOCK)
		return FALSE;
	if (!Reply->Capacity || Reply->Capacity > VDISK_MAXIMUM_CAPACITY ||
	    Reply->Capacity % block)
		return FALSE;
	if (Reply->MaximumTransfer < VDISK_MAXIMUM_BLOCK)
		return FALSE;
	Geometry->capacity = Reply->Capacity;
	Geometry->block_size = block;
	Geometry->maximum_transfer = Reply->MaximumTransfer;
	if (Geometry->maximum_transfer > VDISK_MAXIMUM_TRANSFER)
		Geometry->maximum_transfer = VDISK_MAXIMUM_TRANSFER;
	Geometry->maximum_transfer &= ~(block - 1);
	/* The block layer counts these in pages. */
	Geometry->maximum_range = Reply->MaximumRange & ~(VDISK_MAXIMUM_BLOCK - 1);
	return TRUE;
}

/* A disk that is there can grow, and that is all. */
static BOOLEAN VdiskMayBecome(const VDISK_CLIENT *Client, const struct vdisk_geometry *Geometry)
{
	return !Client->HasDisk || (Geometry->block_size == Client->BlockSize &&
				    Geometry->capacity >= Client->Capacity);
}

static VOID VdiskSetDisk(PVDISK_CLIENT Client, const struct vdisk_geometry *Geometry)
{
	Client->BlockSize = Geometry->block_size;
	Client->Capacity = Geometry->capacity;
	if (Client->HasDisk)
		VdiskBlockResize(Geometry);
	else
		Client->HasDisk = VdiskBlockAdd(Geometry) == 0;
	TheState = Client->HasDisk ? "ready" : "refused";
	DbgPrint("vdisk_vsc: the disk has %I64u MiB\n", Geometry->capacity >> 20);
}

static VOID VdiskHelloIsOver(PVDISK_CLIENT Client)
{
	KeCancelTimer(&Client->HelloIsLate);
	Client->HelloIsSent = FALSE;
}

static VOID VdiskOnReply(PVDISK_CLIENT Client)
{
	struct vdisk_geometry geometry;

	VdiskHelloIsOver(Client);
	if (!NT_SUCCESS(Client->HelloStatus)) {
		DbgPrint("vdisk_vsc: the server refuses: 0x%08x\n", Client->HelloStatus);
		TheState = "refused";
	} else if (!VdiskGetGeometry(&Client->HelloReply, &geometry)) {
		DbgPrint("vdisk_vsc: the server's disk makes no sense\n");
		VdiskCount(&VdiskClientCounters.BadMessages);
		TheState = "refused";
	} else if (!VdiskMayBecome(Client, &geometry)) {
		DbgPrint("vdisk_vsc: the server's disk cannot change so\n");
		VdiskCount(&VdiskClientCounters.BadMessages);
	} else {
		VdiskSetDisk(Client, &geometry);
	}
}

/* Fails only when the channel closes, and that is told by an event. */
static VOID VdiskSayHello(PVDISK_CLIENT Client)
{
	VDISK_HEADER message = VdiskHeader(VDISK_HELLO, sizeof(message));
	LARGE_INTEGER patience;
	NTSTATUS status;

	Client->HelloIsWanted = FALSE;
	status = VmbPacketSend(Client->Hello, &message, sizeof(message), NULL,
			       VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	Client->HelloIsSent = NT_SUCCESS(status);
	if (!Client->HelloIsSent)
		return;
	patience.QuadPart = -VDISK_SECOND * VdiskIoTimeout;
	KeSetTimerEx(&Client->HelloIsLate, patience, VDISK_LOOK_PERIOD, NULL);
}

static VOID VdiskLock(PVDISK_CLIENT Client)
{
	KeWaitForSingleObject(&Client->ConnectLock, Executive, KernelMode, FALSE, NULL);
}

static VOID VdiskUnlock(PVDISK_CLIENT Client)
{
	KeReleaseMutex(&Client->ConnectLock, FALSE);
}

static VOID VdiskConnect(PVDISK_CLIENT Client)
{
	NTSTATUS status;

	VdiskLock(Client);
	status = VmbChannelEnable(Client->Channel);
	VdiskUnlock(Client);
	Client->Retry = !NT_SUCCESS(status);
}

/*
 * The requests of the old connection have ended; those that the block layer sends until the disk
 * is removed are refused, since the channel is Disabled.
 */
static VOID VdiskOnClosed(PVDISK_CLIENT Client)
{
	TheState = "waiting";
	VdiskHelloIsOver(Client);
	Client->HelloIsWanted = FALSE;
	VdiskBlockRemove();
	if (Client->HasDisk)
		DbgPrint("vdisk_vsc: the server has gone, waiting for it\n");
	Client->HasDisk = FALSE;
	VdiskConnect(Client);
}

/* Nothing comes after VDISK_EVENT_CLOSED before the channel is enabled again, here. */
static VOID VdiskOnEvents(PVDISK_CLIENT Client, LONG Events)
{
	if (Events & VDISK_EVENT_CLOSED) {
		VdiskOnClosed(Client);
		return;
	}
	if (Events & VDISK_EVENT_NO_CONNECT)
		Client->Retry = TRUE;
	if (Events & VDISK_EVENT_OPENED) {
		VdiskCount(&VdiskClientCounters.Connects);
		TheState = "hello";
	}
	if (Events & VDISK_EVENT_REPLIED)
		VdiskOnReply(Client);
	if (Events & (VDISK_EVENT_OPENED | VDISK_EVENT_CHANGED))
		Client->HelloIsWanted = TRUE;
	if (Client->HelloIsWanted && !Client->HelloIsSent)
		VdiskSayHello(Client);
}

static VOID VdiskWorker(PVOID Context)
{
	PVDISK_CLIENT client = Context;
	LARGE_INTEGER delay;
	NTSTATUS status;
	LONG events;

	delay.QuadPart = -VDISK_SECOND;
	for (;;) {
		status = KeWaitForSingleObject(&client->Wake, Executive, KernelMode, FALSE,
					       client->Retry ? &delay : NULL);
		events = InterlockedExchange(&client->Events, 0);
		if (events & VDISK_EVENT_STOP)
			break;
		if (status == STATUS_TIMEOUT)
			VdiskConnect(client);
		VdiskOnEvents(client, events);
	}
	PsTerminateSystemThread(STATUS_SUCCESS);
}

/*
 * The watcher.
 */

/*
 * Closing it ends all requests, and VDISK_EVENT_CLOSED comes. The lock is for the case that it
 * closes by itself after the look: were it enabled again by then, it would be disabled before it
 * opens, and no event comes of that.
 */
static VOID VdiskCloseIfBroken(PVDISK_CLIENT Client)
{
	VdiskLock(Client);
	if (VdiskHasFailed(Client->Channel)) {
		DbgPrint("vdisk_vsc: the server has broken the channel\n");
		VmbChannelDisable(Client->Channel);
	}
	VdiskUnlock(Client);
}

/* Ends after the worker, since who stops that closes the channel. */
static VOID VdiskWatcher(PVOID Context)
{
	PVDISK_CLIENT client = Context;
	PVOID objects[] = { client->Worker, &client->Late, &client->HelloIsLate };

	while (KeWaitForMultipleObjects(RTL_NUMBER_OF(objects), objects, WaitAny, Executive,
					KernelMode, FALSE, NULL, NULL) != STATUS_WAIT_0)
		VdiskCloseIfBroken(client);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS VdiskStartThread(PVDISK_CLIENT Client, PKSTART_ROUTINE Routine, PKTHREAD *Thread)
{
	HANDLE handle;
	NTSTATUS status;

	status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine,
				      Client);
	if (!NT_SUCCESS(status))
		return status;
	status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
					   (PVOID *)Thread, NULL);
	NT_ASSERT(NT_SUCCESS(status));	/* the handle is ours */
	ZwClose(handle);
	return status;
}

static VOID VdiskWaitForThread(PKTHREAD Thread)
{
	KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
	ObDereferenceObject(Thread);
}

static NTSTATUS VdiskStartThreads(PVDISK_CLIENT Client)
{
	NTSTATUS status = VdiskStartThread(Client, VdiskWorker, &Client->Worker);

	if (!NT_SUCCESS(status))
		return status;
	status = VdiskStartThread(Client, VdiskWatcher, &Client->Watcher);
	if (!NT_SUCCESS(status)) {
		VdiskSignal(Client, VDISK_EVENT_STOP);
		VdiskWaitForThread(Client->Worker);
	}
	return status;
}

/* The watcher first: it waits for the worker, which has to be there until then. */
static VOID VdiskStopThreads(PVDISK_CLIENT Client)
{
	VdiskSignal(Client, VDISK_EVENT_STOP);
	VdiskWaitForThread(Client->Watcher);
	VdiskWaitForThread(Client->Worker);
}

/*
 * Coming and going.
 */

static NTSTATUS VdiskConfigure(VMBCHANNEL Channel)
{
	DECLARE_CONST_UNICODE_STRING(name, L"vdisk");
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = VdiskEvtOpened;
	callbacks.EvtChannelClosed = VdiskEvtClosed;
	status = VmbChannelInitSetStateChangeCallbacks(Channel, &callbacks);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetProcessPacketCallbacks(Channel, VdiskEvtProcessPacket,
								 NULL);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetMaximumPacketSize(Channel, VDISK_MAXIMUM_MESSAGE);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetMaximumExternalData(Channel, VDISK_MAXIMUM_TRANSFER, 1);
	if (NT_SUCCESS(status))
		status = VmbChannelInitSetFriendlyName(Channel, &name);
	if (NT_SUCCESS(status))
		status = VmbClientChannelInitSetTargetPnp(Channel, &GUID_VDISK_INTERFACE, NULL,
							  VdiskEvtPnpFailure);
	return status;
}

static VMBPACKET VdiskPacket(PVDISK_CLIENT Client, PFN_VMB_PACKET_COMPLETION_ROUTINE Routine,
			     PVOID Pointer)
{
	VMBPACKET packet = VmbPacketAllocate(Client->Channel);

	if (packet) {
		VmbPacketSetCompletionRoutine(packet, Routine);
		VmbPacketSetPointer(packet, Pointer);
	}
	return packet;
}

/* All that requests need is allocated here. */
static NTSTATUS VdiskAllocatePackets(PVDISK_CLIENT Client)
{
	ULONG i;

	Client->Hello = VdiskPacket(Client, VdiskHelloDone, Client);
	if (!Client->Hello)
		return STATUS_INSUFFICIENT_RESOURCES;
	for (i = 0; i < VDISK_QUEUE_DEPTH; i++) {
		struct VDISK_SLOT *slot = &Client->Slots[i];

		/* The most pages: when the data begins at the end of one. */
		slot->Data = IoAllocateMdl(ULongToPtr(PAGE_SIZE - 1), VDISK_MAXIMUM_TRANSFER,
					   FALSE, FALSE, NULL);
		slot->Packet = VdiskPacket(Client, VdiskRequestDone, slot);
		if (!slot->Data || !slot->Packet)
			return STATUS_INSUFFICIENT_RESOURCES;
	}
	return STATUS_SUCCESS;
}

static VOID VdiskFreePackets(PVDISK_CLIENT Client)
{
	ULONG i;

	for (i = 0; i < VDISK_QUEUE_DEPTH; i++) {
		if (Client->Slots[i].Packet)
			VmbPacketFree(Client->Slots[i].Packet);
		if (Client->Slots[i].Data)
			IoFreeMdl(Client->Slots[i].Data);
	}
	if (Client->Hello)
		VmbPacketFree(Client->Hello);
}

/*
 * The channel is disabled first, which ends what the worker may be waiting for. It may enable the
 * channel again before it sees that it shall stop.
 */
static VOID VdiskUnload(PDRIVER_OBJECT DriverObject)
{
	PVDISK_CLIENT client = TheClient;

	UNREFERENCED_PARAMETER(DriverObject);
	VmbChannelDisable(client->Channel);
	VdiskStopThreads(client);
	VmbChannelDisable(client->Channel);
	KeCancelTimer(&client->HelloIsLate);
	VdiskBlockRemove();
	VdiskFreePackets(client);
	VmbChannelCleanup(client->Channel);
	TheClient = NULL;
	ExFreePoolWithTag(client, VDISK_TAG);
}

static NTSTATUS VdiskInitialize(PVDISK_CLIENT Client)
{
	NTSTATUS status;

	KeInitializeEvent(&Client->Wake, SynchronizationEvent, FALSE);
	KeInitializeEvent(&Client->Late, SynchronizationEvent, FALSE);
	KeInitializeTimerEx(&Client->HelloIsLate, SynchronizationTimer);
	KeInitializeMutex(&Client->ConnectLock, 0);
	VmbChannelSetPointer(Client->Channel, Client);
	status = VdiskConfigure(Client->Channel);
	if (NT_SUCCESS(status))
		status = VdiskAllocatePackets(Client);
	if (NT_SUCCESS(status))
		status = VdiskStartThreads(Client);
	return status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	PVDISK_CLIENT client;
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);
	client = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*client), VDISK_TAG);
	if (!client)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbChannelAllocate(NULL, FALSE, &client->Channel);
	if (!NT_SUCCESS(status))
		goto free;
	status = VdiskInitialize(client);
	if (!NT_SUCCESS(status))
		goto cleanup;

	TheClient = client;
	/* The worker enables the channel, now as after each close. */
	VdiskSignal(client, VDISK_EVENT_CLOSED);
	DriverObject->DriverUnload = VdiskUnload;
	return STATUS_SUCCESS;

cleanup:
	VdiskFreePackets(client);
	VmbChannelCleanup(client->Channel);
free:
	ExFreePoolWithTag(client, VDISK_TAG);
	return status;
}
