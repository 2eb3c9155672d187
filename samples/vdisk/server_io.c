// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server's requests: every message of the client is checked here, and then carried out by one
 * of the worker threads. Nothing is allocated on the way.
 */
#include "server.h"

struct VDISK_SERVER_COUNTERS VdiskServerCounters;

static VOID VdiskCount(long long *Counter)
{
	InterlockedIncrement64(Counter);
}

static PVDISK_IO VdiskTake(PVDISK_SERVER Server, PLIST_ENTRY From, PBOOLEAN More)
{
	PVDISK_IO io = NULL;
	KIRQL irql;

	KeAcquireSpinLock(&Server->Lock, &irql);
	if (!IsListEmpty(From))
		io = CONTAINING_RECORD(RemoveHeadList(From), VDISK_IO, Link);
	*More = !IsListEmpty(From);
	KeReleaseSpinLock(&Server->Lock, irql);
	return io;
}

static VOID VdiskPut(PVDISK_SERVER Server, PLIST_ENTRY To, PVDISK_IO Io)
{
	ExInterlockedInsertTailList(To, &Io->Link, &Server->Lock);
}

/*
 * Checks.
 */

static BOOLEAN VdiskMovesData(UINT16 Type)
{
	return Type == VDISK_READ || Type == VDISK_WRITE;
}

/* Return: the most bytes that a request may cover. */
static UINT32 VdiskLimit(UINT16 Type)
{
	switch (Type) {
	case VDISK_READ:
	case VDISK_WRITE:
		return VDISK_MAXIMUM_TRANSFER;
	case VDISK_DISCARD:
	case VDISK_WRITE_ZEROES:
		return VDISK_RANGE;
	default:
		return 0;
	}
}

static NTSTATUS VdiskCheckRange(const VDISK_REQUEST *Request)
{
	UINT64 capacity = VdiskStoreCapacity();

	if (Request->Header.Type == VDISK_FLUSH)
		return Request->Offset || Request->Length ? STATUS_INVALID_PARAMETER :
							    STATUS_SUCCESS;
	if (!Request->Length || Request->Length > VdiskLimit(Request->Header.Type) ||
	    Request->Length % VDISK_BLOCK || Request->Offset % VDISK_BLOCK)
		return STATUS_INVALID_PARAMETER;
	if (Request->Offset > capacity || Request->Length > capacity - Request->Offset)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static NTSTATUS VdiskCheckRequest(PVDISK_SERVER Server, const VDISK_REQUEST *Request,
				  UINT32 BufferLength)
{
	if (!VdiskIsMessage(&Request->Header, BufferLength, sizeof(*Request)) || Request->Reserved)
		return STATUS_INVALID_PARAMETER;
	if (!Server->Version || Request->Header.Version != Server->Version)
		return STATUS_REVISION_MISMATCH;
	return VdiskCheckRange(Request);
}

static NTSTATUS VdiskCheckMessage(PVDISK_SERVER Server, const VDISK_HEADER *Message,
				  UINT32 BufferLength)
{
	if (BufferLength < sizeof(*Message))
		return STATUS_INVALID_PARAMETER;
	switch (Message->Type) {
	case VDISK_HELLO:
		if (!VdiskIsMessage(Message, BufferLength, sizeof(*Message)))
			return STATUS_INVALID_PARAMETER;
		return Message->Version ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
	case VDISK_READ:
	case VDISK_WRITE:
	case VDISK_FLUSH:
	case VDISK_DISCARD:
	case VDISK_WRITE_ZEROES:
		return VdiskCheckRequest(Server, (const VDISK_REQUEST *)Message, BufferLength);
	default:
		return STATUS_INVALID_DEVICE_REQUEST;
	}
}

/* Return: STATUS_PENDING: the packet will be presented again. */
static NTSTATUS VdiskGetData(PVDISK_IO Io, UINT32 Flags)
{
	const VDISK_REQUEST *request = (const VDISK_REQUEST *)Io->Message;
	BOOLEAN has = !!(Flags & VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA);
	NTSTATUS status;

	Io->Data = NULL;
	if (has != VdiskMovesData(Io->Message->Type))
		return STATUS_INVALID_PARAMETER;
	if (!has)
		return STATUS_SUCCESS;
	status = VmbChannelPacketGetExternalData(Io->Packet, request->Header.Type == VDISK_WRITE ?
						 VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY :
						 0, &Io->Data);
	if (status != STATUS_SUCCESS)
		return status;
	if (Io->Data->Next || MmGetMdlByteCount(Io->Data) != request->Length)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/*
 * Replies.
 */

static VOID VdiskReplyInitialize(PVDISK_REPLY Reply, UINT16 Type, UINT32 Length, NTSTATUS Status)
{
	RtlZeroMemory(Reply, Length);
	Reply->Header = VdiskHeader(Type | VDISK_REPLY_BIT, Length);
	Reply->Status = Status;
}

/* The completion may let the next packet in, so its place has to be free before. */
static VOID VdiskComplete(PVDISK_SERVER Server, PVDISK_IO Io, PVDISK_REPLY Reply)
{
	VMBPACKETCOMPLETION packet = Io->Packet;

	if (!NT_SUCCESS(Reply->Status))
		VdiskCount(&VdiskServerCounters.Failures);
	VdiskPut(Server, &Server->Idle, Io);
	VmbChannelPacketComplete(packet, Reply, Reply->Header.Length);
}

static VOID VdiskReply(PVDISK_SERVER Server, PVDISK_IO Io, NTSTATUS Status)
{
	VDISK_REPLY reply;

	VdiskReplyInitialize(&reply, Io->Message->Type, sizeof(reply), Status);
	VdiskComplete(Server, Io, &reply);
}

/* A client may say hello again, to learn a new geometry; the version stays what it is. */
static VOID VdiskReplyHello(PVDISK_SERVER Server, PVDISK_IO Io)
{
	VDISK_HELLO_REPLY reply;

	Server->Version = VDISK_VERSION;
	VdiskReplyInitialize(&reply.Reply, VDISK_HELLO, sizeof(reply), STATUS_SUCCESS);
	reply.Capacity = VdiskStoreCapacity();
	reply.BlockSize = VDISK_BLOCK;
	reply.MaximumTransfer = VDISK_MAXIMUM_TRANSFER;
	reply.MaximumRange = VDISK_RANGE;
	reply.Reserved = 0;
	VdiskCount(&VdiskServerCounters.Hellos);
	VdiskComplete(Server, Io, &reply.Reply);
}

/*
 * The workers.
 */

static NTSTATUS VdiskStatus(int Result)
{
	switch (Result) {
	case VDISK_STORE_OK:
		return STATUS_SUCCESS;
	case VDISK_STORE_FULL:
		return STATUS_DISK_FULL;
	case VDISK_STORE_UNSUPPORTED:
		return STATUS_NOT_SUPPORTED;
	default:
		return STATUS_IO_DEVICE_ERROR;
	}
}

static NTSTATUS VdiskTransfer(const VDISK_REQUEST *Request, PMDL Data)
{
	struct vdisk_pages pages = {
		.numbers = MmGetMdlPfnArray(Data),
		.offset = MmGetMdlByteOffset(Data),
		.length = MmGetMdlByteCount(Data),
	};

	if (Request->Header.Type == VDISK_READ) {
		VdiskCount(&VdiskServerCounters.Reads);
		return VdiskStatus(VdiskStoreRead(Request->Offset, &pages));
	}
	VdiskCount(&VdiskServerCounters.Writes);
	return VdiskStatus(VdiskStoreWrite(Request->Offset, &pages));
}

static NTSTATUS VdiskCarryOut(PVDISK_IO Io)
{
	const VDISK_REQUEST *request = (const VDISK_REQUEST *)Io->Message;

	switch (request->Header.Type) {
	case VDISK_FLUSH:
		VdiskCount(&VdiskServerCounters.Flushes);
		return VdiskStatus(VdiskStoreFlush());
	case VDISK_DISCARD:
		VdiskCount(&VdiskServerCounters.Discards);
		return VdiskStatus(VdiskStoreDiscard(request->Offset, request->Length));
	case VDISK_WRITE_ZEROES:
		VdiskCount(&VdiskServerCounters.Zeroes);
		return VdiskStatus(VdiskStoreZero(request->Offset, request->Length));
	default:
		return VdiskTransfer(request, Io->Data);
	}
}

static VOID VdiskWorker(PVOID Context)
{
	PVDISK_SERVER server = Context;
	PVDISK_IO io;
	BOOLEAN more;

	while (!server->Stop) {
		KeWaitForSingleObject(&server->Wake, Executive, KernelMode, FALSE, NULL);
		while ((io = VdiskTake(server, &server->Pending, &more))) {
			if (more)
				KeSetEvent(&server->Wake, IO_NO_INCREMENT, FALSE);
			VdiskReply(server, io, VdiskCarryOut(io));
		}
	}
	/* The event wakes one thread: the next one is told by this one. */
	KeSetEvent(&server->Wake, IO_NO_INCREMENT, FALSE);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Runs at up to DISPATCH_LEVEL, and a packet whose data is not ready comes twice. */
VOID VdiskEvtProcessPacket(VMBCHANNEL Channel, VMBPACKETCOMPLETION Packet, PVOID Buffer,
			   UINT32 BufferLength, UINT32 Flags)
{
	PVDISK_SERVER server = VmbChannelGetPointer(Channel);
	static const VDISK_HEADER nothing;
	NTSTATUS status;
	BOOLEAN more;
	PVDISK_IO io;

	io = VdiskTake(server, &server->Idle, &more);
	NT_ASSERT(io);
	io->Packet = Packet;
	io->Message = BufferLength >= sizeof(nothing) ? Buffer : &nothing;
	status = VdiskCheckMessage(server, io->Message, BufferLength);
	if (NT_SUCCESS(status))
		status = VdiskGetData(io, Flags);
	if (status == STATUS_PENDING) {
		VdiskPut(server, &server->Idle, io);
	} else if (!NT_SUCCESS(status)) {
		VdiskCount(&VdiskServerCounters.BadMessages);
		VdiskReply(server, io, status);
	} else if (io->Message->Type == VDISK_HELLO) {
		VdiskReplyHello(server, io);
	} else {
		VdiskPut(server, &server->Pending, io);
		KeSetEvent(&server->Wake, IO_NO_INCREMENT, FALSE);
	}
}

/*
 * Coming and going.
 */

VOID VdiskIosInitialize(PVDISK_SERVER Server)
{
	ULONG i;

	KeInitializeSpinLock(&Server->Lock);
	KeInitializeEvent(&Server->Wake, SynchronizationEvent, FALSE);
	InitializeListHead(&Server->Pending);
	InitializeListHead(&Server->Idle);
	for (i = 0; i < VDISK_QUOTA; i++)
		InsertTailList(&Server->Idle, &Server->Ios[i].Link);
}

static NTSTATUS VdiskWorkerStart(PVDISK_SERVER Server, PKTHREAD *Worker)
{
	HANDLE handle;
	NTSTATUS status;

	status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, VdiskWorker,
				      Server);
	if (!NT_SUCCESS(status))
		return status;
	status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
					   (PVOID *)Worker, NULL);
	NT_ASSERT(NT_SUCCESS(status));	/* the handle is ours */
	ZwClose(handle);
	return status;
}

NTSTATUS VdiskWorkersStart(PVDISK_SERVER Server)
{
	NTSTATUS status = STATUS_SUCCESS;
	ULONG i;

	for (i = 0; i < VDISK_WORKERS && NT_SUCCESS(status); i++)
		status = VdiskWorkerStart(Server, &Server->Workers[i]);
	if (!NT_SUCCESS(status))
		VdiskWorkersStop(Server);
	return status;
}

/* No packet is with us any more. */
VOID VdiskWorkersStop(PVDISK_SERVER Server)
{
	ULONG i;

	InterlockedExchange(&Server->Stop, TRUE);
	KeSetEvent(&Server->Wake, IO_NO_INCREMENT, FALSE);
	for (i = 0; i < VDISK_WORKERS && Server->Workers[i]; i++) {
		KeWaitForSingleObject(Server->Workers[i], Executive, KernelMode, FALSE, NULL);
		ObDereferenceObject(Server->Workers[i]);
	}
}
