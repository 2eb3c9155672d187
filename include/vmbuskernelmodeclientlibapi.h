/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmbuskernelmodeclientlibapi.h - the VMBus Kernel Mode Client Library (KMCL), interface version V1
 *
 * Every function, callback, structure and constant of Microsoft's published interface; README.md of
 * the project says which of them this version of kmcl.ko exports ("make api-report"). The functions
 * are described in full at their definitions (kmcl/) by kernel-doc; a comment here is one line for
 * the reader who knows the interface.
 *
 * Differences from Windows:
 * - The header includes wdm.h by itself.
 * - The interface structures list their members where Windows' have unnamed members (INTERFACE;),
 *   so they need no -fms-extensions. Names and layout are the same.
 * - The values of the interface GUIDs and of the interface version numbers are ours; Windows' are
 *   not published.
 * - VMBUS_CHANNEL_GPADL_READ_ONLY, which the documentation uses and Windows' header forgets, is
 *   defined.
 *
 * Unless its comment says otherwise a function returns STATUS_INVALID_PARAMETER_1 (or warns once
 * and does nothing) for a handle that is NULL or destroyed. IRQL: "passive" functions may sleep;
 * all others may be called up to DISPATCH_LEVEL.
 */
#ifndef _VMBUSKERNELMODECLIENTLIBAPI_H_
#define _VMBUSKERNELMODECLIENTLIBAPI_H_

#include "wdm.h"

/* ---- handles; NULL is the invalid value of each ---- */

DECLARE_HANDLE(VMBCHANNEL);		/* a channel */
DECLARE_HANDLE(VMBPACKET);		/* an outgoing packet object */
DECLARE_HANDLE(VMBPACKETCOMPLETION);	/* an incoming packet */

/* ---- constants ---- */

/* Flags of the four send functions. */
#define VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION		0x1
#define VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH		0x2
#define VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER			0x4
#define VMBUS_CHANNEL_FORMAT_FLAGS	(VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION | \
					 VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH | \
					 VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER)

/* Flags of GPADL creation and mapping. */
#define VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY			0x1
#define VMBUS_CHANNEL_GPADL_FLAGS	(VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY)
#define VMBUS_CHANNEL_GPADL_READ_ONLY	VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY

/* VmbChannelInitSetFlags */
#define VMBUS_CHANNEL_INIT_FLAG_IS_PIPE				0x1
#define VMBUS_CHANNEL_INIT_FLAGS	(VMBUS_CHANNEL_INIT_FLAG_IS_PIPE)

/* VmbServerChannelInitSetFlags */
#define VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER		0x1
#define VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE	0x2
#define VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE		0x4
#define VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL	0x8
#define VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER	0x10
#define VMBUS_SERVER_CHANNEL_INIT_FLAGS \
	(VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER | \
	 VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE | \
	 VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE | \
	 VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL | \
	 VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER)

/* Flags given to EVT_VMB_CHANNEL_PROCESS_PACKET. */
#define VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA		0x1
#define VMBUS_CHANNEL_PROCESS_PACKET_FLAGS \
					(VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA)

/* VmbChannelPacketGetExternalData */
#define VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY	0x1
#define VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS \
					(VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY)

/* Bytes of extra data that an offer can carry. */
#define VMBUS_SERVER_CHANNEL_INIT_MAXIMUM_OFFER_DATA		120

/* ---- callbacks: EVT_X is the function type, PFN_X the pointer to it ---- */

/*
 * The channel opened. A failure rolls it back. GPADLs may be created here; nothing is received yet.
 */
typedef _Function_class_(EVT_VMB_CHANNEL_OPENED)
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS EVT_VMB_CHANNEL_OPENED(_In_ VMBCHANNEL Channel);
typedef EVT_VMB_CHANNEL_OPENED *PFN_VMB_CHANNEL_OPENED;

/*
 * The channel closed, every accepted packet has completed. All GPADLs must be deleted or unmapped
 * here.
 */
typedef _Function_class_(EVT_VMB_CHANNEL_CLOSED)
_IRQL_requires_(PASSIVE_LEVEL)
VOID EVT_VMB_CHANNEL_CLOSED(_In_ VMBCHANNEL Channel);
typedef EVT_VMB_CHANNEL_CLOSED *PFN_VMB_CHANNEL_CLOSED;

/*
 * A running channel is being paused, disabled or closed: stop sending, complete what was received.
 */
typedef _Function_class_(EVT_VMB_CHANNEL_SUSPEND)
_IRQL_requires_(PASSIVE_LEVEL)
VOID EVT_VMB_CHANNEL_SUSPEND(_In_ VMBCHANNEL Channel);
typedef EVT_VMB_CHANNEL_SUSPEND *PFN_VMB_CHANNEL_SUSPEND;

/* The channel is about to run. Sending is fine, waiting for anything incoming is not. */
typedef _Function_class_(EVT_VMB_CHANNEL_STARTED)
_IRQL_requires_(PASSIVE_LEVEL)
VOID EVT_VMB_CHANNEL_STARTED(_In_ VMBCHANNEL Channel);
typedef EVT_VMB_CHANNEL_STARTED *PFN_VMB_CHANNEL_STARTED;

/* Packets can be received from now on: the place for synchronous requests. */
typedef _Function_class_(EVT_VMB_CHANNEL_POST_STARTED)
_IRQL_requires_(PASSIVE_LEVEL)
VOID EVT_VMB_CHANNEL_POST_STARTED(_In_ VMBCHANNEL Channel);
typedef EVT_VMB_CHANNEL_POST_STARTED *PFN_VMB_CHANNEL_POST_STARTED;

/* A packet arrived. Every call is to be answered by one VmbChannelPacketComplete. */
typedef _Function_class_(EVT_VMB_CHANNEL_PROCESS_PACKET)
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID EVT_VMB_CHANNEL_PROCESS_PACKET(
	_In_ VMBCHANNEL Channel,
	_In_ VMBPACKETCOMPLETION Packet,
	_In_reads_bytes_(BufferLength) PVOID Buffer,
	_In_ UINT32 BufferLength,
	_In_ UINT32 Flags);
typedef EVT_VMB_CHANNEL_PROCESS_PACKET *PFN_VMB_CHANNEL_PROCESS_PACKET;

/* A batch of PacketsProcessed packets (never 0) was delivered and a pause follows. */
typedef _Function_class_(EVT_VMB_CHANNEL_PROCESSING_COMPLETE)
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID EVT_VMB_CHANNEL_PROCESSING_COMPLETE(_In_ VMBCHANNEL Channel, _In_ UINT32 PacketsProcessed);
typedef EVT_VMB_CHANNEL_PROCESSING_COMPLETE *PFN_VMB_CHANNEL_PROCESSING_COMPLETE;

/* The transaction of a sent packet is complete; the packet may be sent again or freed here. */
typedef _Function_class_(EVT_VMB_PACKET_COMPLETION_ROUTINE)
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID EVT_VMB_PACKET_COMPLETION_ROUTINE(
	_In_ VMBPACKET Packet,
	_In_ NTSTATUS Status,
	_In_reads_bytes_opt_(BufferLength) PVOID Buffer,
	_In_ UINT32 BufferLength);
typedef EVT_VMB_PACKET_COMPLETION_ROUTINE *PFN_VMB_PACKET_COMPLETION_ROUTINE;

/* The device was found after VmbChannelEnable had returned, but connecting to it failed. */
typedef _Function_class_(EVT_VMB_CHANNEL_PNP_FAILURE)
_IRQL_requires_(PASSIVE_LEVEL)
VOID EVT_VMB_CHANNEL_PNP_FAILURE(_In_ VMBCHANNEL Channel, _In_ NTSTATUS FailureStatus);
typedef EVT_VMB_CHANNEL_PNP_FAILURE *PFN_VMB_CHANNEL_PNP_FAILURE;

/* Save the driver's state of one packet in use; with SaveBufSize 0 say how much room it needs. */
typedef _Function_class_(EVT_VMB_CHANNEL_SAVE_PACKET)
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS EVT_VMB_CHANNEL_SAVE_PACKET(
	_In_ VMBCHANNEL Channel,
	_In_ VMBPACKET Packet,
	_Out_writes_bytes_(SaveBufSize) PVOID SaveBuf,
	_In_ UINT32 SaveBufSize,
	_Out_ PUINT32 BytesNeeded);
typedef EVT_VMB_CHANNEL_SAVE_PACKET *PFN_VMB_CHANNEL_SAVE_PACKET;

/* Restore one packet: allocate it, hand LibBuf to VmbPacketRestore, take own state from SaveBuf. */
typedef _Function_class_(EVT_VMB_CHANNEL_RESTORE_PACKET)
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS EVT_VMB_CHANNEL_RESTORE_PACKET(
	_In_ VMBCHANNEL Channel,
	_In_reads_bytes_(LibBufSize) PVOID LibBuf,
	_In_ UINT32 LibBufSize,
	_In_reads_bytes_(SaveBufSize) PVOID SaveBuf,
	_In_ UINT32 SaveBufSize);
typedef EVT_VMB_CHANNEL_RESTORE_PACKET *PFN_VMB_CHANNEL_RESTORE_PACKET;

/**
 * struct _VMB_CHANNEL_STATE_CHANGE_CALLBACKS - the five state callbacks, each optional
 * @Version: 1
 * @Size: size of the structure in bytes
 * @EvtChannelOpened: see EVT_VMB_CHANNEL_OPENED
 * @EvtChannelClosed: see EVT_VMB_CHANNEL_CLOSED
 * @EvtChannelSuspend: see EVT_VMB_CHANNEL_SUSPEND
 * @EvtChannelStarted: see EVT_VMB_CHANNEL_STARTED
 * @EvtChannelPostStarted: see EVT_VMB_CHANNEL_POST_STARTED
 */
typedef struct _VMB_CHANNEL_STATE_CHANGE_CALLBACKS {
	ULONG				Version;
	ULONG				Size;

	PFN_VMB_CHANNEL_OPENED		EvtChannelOpened;
	PFN_VMB_CHANNEL_CLOSED		EvtChannelClosed;
	PFN_VMB_CHANNEL_SUSPEND		EvtChannelSuspend;
	PFN_VMB_CHANNEL_STARTED		EvtChannelStarted;
	PFN_VMB_CHANNEL_POST_STARTED	EvtChannelPostStarted;
} VMB_CHANNEL_STATE_CHANGE_CALLBACKS, *PVMB_CHANNEL_STATE_CHANGE_CALLBACKS;

/**
 * VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT() - zero the structure, set Version and Size
 * @Callbacks: the structure
 */
FORCEINLINE VOID VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(
	_Out_ PVMB_CHANNEL_STATE_CHANGE_CALLBACKS Callbacks)
{
	RtlZeroMemory(Callbacks, sizeof(*Callbacks));
	Callbacks->Version = 1;
	Callbacks->Size = sizeof(*Callbacks);
}

/* ---- allocation and disposal ---- */

/* Passive. A new channel, Disabled, with default settings. ParentDeviceObject may be NULL. */
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS VmbChannelAllocate(
	_In_ PDEVICE_OBJECT ParentDeviceObject,
	_In_ BOOLEAN IsServer,
	_Out_ _At_(*Channel, __drv_allocatesMem(Mem)) VMBCHANNEL *Channel);

/* Passive. Disposes of a disabled channel. */
VOID VmbChannelCleanup(_In_ __drv_freesMem(Mem) VMBCHANNEL Channel);

/* ---- configuration, both endpoints: passive, Disabled only ---- */

/* The largest message, in bytes, that is sent or received. */
NTSTATUS VmbChannelInitSetMaximumPacketSize(
	_In_ VMBCHANNEL Channel,
	_In_range_(>, 0) UINT32 PacketSize);

/* The most external data, in bytes, and the longest MDL chain of one packet. */
NTSTATUS VmbChannelInitSetMaximumExternalData(
	_In_ VMBCHANNEL Channel,
	_In_range_(>, 0) UINT32 DataSize,
	_In_range_(>, 0) UINT32 ChainLength);

/* Bytes of driver context with each incoming packet: stored, nothing is allocated in V1. */
NTSTATUS VmbChannelInitSetClientContextSize(_In_ VMBCHANNEL Channel, _In_ UINT32 ContextSize);

/* The callback for every incoming packet and, optionally, the one after each batch. */
NTSTATUS VmbChannelInitSetProcessPacketCallbacks(
	_In_ VMBCHANNEL Channel,
	_In_ PFN_VMB_CHANNEL_PROCESS_PACKET ProcessPacketCallback,
	_In_opt_ PFN_VMB_CHANNEL_PROCESSING_COMPLETE ProcessingCompleteCallback);

/* The state callbacks; the structure is copied. */
NTSTATUS VmbChannelInitSetStateChangeCallbacks(
	_In_ VMBCHANNEL Channel,
	_In_ PVMB_CHANNEL_STATE_CHANGE_CALLBACKS StateChangeCallbacks);

/* A short name for debugging and statistics. */
NTSTATUS VmbChannelInitSetFriendlyName(_In_ VMBCHANNEL Channel, _In_ PCUNICODE_STRING Name);

/* VMBUS_CHANNEL_INIT_FLAG_* */
NTSTATUS VmbChannelInitSetFlags(_In_ VMBCHANNEL Channel, _In_ UINT32 Flags);

/* ---- running a channel ---- */

/* Passive. Client: opens or waits for the channel. Server: offers it. */
_Must_inspect_result_
NTSTATUS VmbChannelEnable(_In_ VMBCHANNEL Channel);

/*
 * Passive. Client: closes the channel. Server: revokes the offer. Returns when teardown is
 * finished.
 */
VOID VmbChannelDisable(_In_ VMBCHANNEL Channel);

/* Passive. Takes the channel out of the paused state. */
VOID VmbChannelStart(_In_ VMBCHANNEL Channel);

/* Passive. Pauses the channel and waits for the incoming packets that the driver holds. */
VOID VmbChannelPause(_In_ VMBCHANNEL Channel);

/* Passive. Latency of monitored notification, in 100 ns units. */
_Must_inspect_result_
NTSTATUS VmbChannelSetInterruptLatency(
	_In_ VMBCHANNEL Channel,
	_In_ UINT16 Latency,
	_Out_ PUINT16 OriginalLatency);

/* TRUE: deliver incoming packets at PASSIVE_LEVEL only. */
VOID VmbChannelSetIncomingProcessingAtPassive(_In_ VMBCHANNEL Channel, _In_ BOOLEAN RequirePassive);

/* The most incoming packets that may be outstanding, above 0. */
VOID VmbChannelSetTransactionQuota(_In_ VMBCHANNEL Channel, _In_ UINT32 Quota);

/* One pointer of the driver's own. */
VOID FASTCALL VmbChannelSetPointer(_In_ VMBCHANNEL Channel,
				   _In_opt_ __drv_aliasesMem PVOID Pointer);
PVOID FASTCALL VmbChannelGetPointer(_In_ VMBCHANNEL Channel);

/* The GUID of this instance; zero while a client has none. */
VOID VmbChannelGetInterfaceInstance(_In_ VMBCHANNEL Channel, _Out_ LPGUID InterfaceInstance);

/* Passive. Guest physical address and size in bytes of the channel's MMIO space, or zeros. */
VOID VmbChannelGetMmioSpace(VMBCHANNEL Channel, UINT64 *MmioAddress, UINT64 *MmioSize);

/* Bytes of memory that VmbPacketInitialize needs. */
UINT32 VmbChannelSizeofPacket(_In_ VMBCHANNEL Channel);

/* ---- configuration, client only: passive, Disabled only ---- */

/* Data pages of 4096 bytes of each ring; 0 means derived from the packet sizes. */
NTSTATUS VmbClientChannelInitSetRingBufferPageCount(
	_In_ VMBCHANNEL Channel,
	_In_ UINT32 IncomingPageCount,
	_In_ UINT32 OutgoingPageCount);

/* The offer to connect to; a NULL instance takes any. */
NTSTATUS VmbClientChannelInitSetTargetPnp(
	_In_ VMBCHANNEL Channel,
	_In_ LPCGUID InterfaceType,
	_In_opt_ LPCGUID InterfaceInstance,
	_In_opt_ PFN_VMB_CHANNEL_PNP_FAILURE PnpFailureCallback);

/* ---- configuration, server only: passive, Disabled only ---- */

/* VMBUS_SERVER_CHANNEL_INIT_FLAG_* */
NTSTATUS VmbServerChannelInitSetFlags(_In_ VMBCHANNEL Channel, _In_ UINT32 Flags);

/* Guest MMIO space to reserve, in megabytes; one of the two must be above 0. */
NTSTATUS VmbServerChannelInitSetMmioMegabytes(
	_In_ VMBCHANNEL Channel,
	_In_range_(>, 0) UINT16 MmioMegabytes,
	_In_ UINT16 MmioMegabytesOptional);

/* Type and instance of the offer, by value. */
NTSTATUS VmbServerChannelInitSetTargetInterfaceId(
	_In_ VMBCHANNEL Channel,
	_In_ GUID InterfaceType,
	_In_ GUID InterfaceInstance);

/* The virtual trust level that is offered to: 0, 1 or 2. */
NTSTATUS VmbServerChannelInitSetTargetVtl(VMBCHANNEL Channel, UINT8 TargetVtl);

/* The VM that is offered to; without it the local bus of this kernel. */
NTSTATUS VmbServerChannelInitSetVmbusHandle(_In_ VMBCHANNEL Channel, _In_ HANDLE VmbusHandle);

/* Passive. A kernel handle for a process's VMBus handle; the caller closes it. */
NTSTATUS VmbConvertVmbusHandleToKernelHandle(_In_ HANDLE VmbusHandle, _Out_ PHANDLE KernelHandle);

/* Callbacks of VmbChannelSave* and VmbChannelRestoreFromBuffer. */
NTSTATUS VmbServerChannelInitSetSaveRestorePacketCallbacks(
	_In_ VMBCHANNEL Channel,
	_In_ PFN_VMB_CHANNEL_SAVE_PACKET SavePacketCallback,
	_In_ PFN_VMB_CHANNEL_RESTORE_PACKET RestorePacketCallback);

/* ---- packet objects ---- */

/* A packet whose completion routine frees it; NULL on failure. */
__drv_allocatesMem(Mem)
VMBPACKET VmbPacketAllocate(_In_ VMBCHANNEL Channel);

/* Frees a packet of VmbPacketAllocate that is not in flight. */
VOID VmbPacketFree(_In_ __drv_freesMem(Mem) VMBPACKET VmbPacket);

/*
 * Makes a packet of the driver's own nonpaged memory; it needs a completion routine before it is
 * sent.
 */
NTSTATUS VmbPacketInitialize(
	_In_ VMBCHANNEL Channel,
	_Out_writes_bytes_(ByteCount) VMBPACKET VmbPacket,
	_In_ UINT32 ByteCount);

VOID VmbPacketSetCompletionRoutine(
	_In_ VMBPACKET PacketObject,
	_In_ PFN_VMB_PACKET_COMPLETION_ROUTINE CompletionRoutine);

/* One pointer of the driver's own. */
VOID FASTCALL VmbPacketSetPointer(_In_ VMBPACKET PacketObject, _In_opt_ PVOID Pointer);
PVOID FASTCALL VmbPacketGetPointer(_In_ VMBPACKET PacketObject);

/* The channel that the packet was made for. */
VMBCHANNEL FASTCALL VmbPacketGetChannel(_In_ VMBPACKET PacketObject);

/* ---- sending ---- */

/*
 * Sends or queues a message. Buffer is copied; the pages of the MDL must stay until the completion
 * routine.
 */
NTSTATUS VmbPacketSend(
	_In_ __drv_aliasesMem VMBPACKET PacketObject,
	_In_reads_bytes_(BufferLength) PVOID Buffer,
	_In_ UINT32 BufferLength,
	_In_opt_ PMDL ExternalDataMdl,
	_In_ UINT32 Flags);

/* The same with a window of the MDL; WAIT_FOR_COMPLETION must be set. */
NTSTATUS VmbPacketSendWithExternalMdl(
	_In_ __drv_aliasesMem VMBPACKET PacketObject,
	_In_reads_bytes_(BufferLength) PVOID Buffer,
	_In_ UINT32 BufferLength,
	_In_ PMDL ExternalDataMdl,
	_In_ UINT32 MdlOffset,
	_In_ UINT32 MdlLength,
	_In_ UINT32 Flags);

/*
 * The same with an array of page frame numbers (4096-byte pages); WAIT_FOR_COMPLETION must be set.
 */
NTSTATUS VmbPacketSendWithExternalPfns(
	_In_ __drv_aliasesMem VMBPACKET PacketObject,
	_In_reads_bytes_(BufferLength) PVOID Buffer,
	_In_ UINT32 BufferLength,
	_In_reads_(PfnLength) PPFN_NUMBER ExternalDataPfns,
	_In_ UINT32 PfnLength,
	_In_ UINT32 Flags);

/*
 * Sends a message and waits for its completion, or, without WAIT_FOR_COMPLETION, for its place in
 * the ring.
 */
_When_(Timeout == NULL || Timeout->QuadPart != 0 ||
	(Flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION) != 0,
	_IRQL_requires_(PASSIVE_LEVEL))
_When_(Timeout != NULL && Timeout->QuadPart == 0 &&
	(Flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION) == 0,
	_IRQL_requires_max_(DISPATCH_LEVEL))
NTSTATUS VmbChannelSendSynchronousRequest(
	_In_ VMBCHANNEL Channel,
	_In_reads_bytes_(BufferSize) PVOID Buffer,
	_In_ UINT32 BufferSize,
	_In_opt_ PMDL ExternalDataMdl,
	_In_ UINT32 Flags,
	_Out_writes_bytes_to_opt_(*CompletionBufferSize, *CompletionBufferSize)
		PVOID CompletionBuffer,
	_Inout_opt_ _Pre_satisfies_(*_Curr_ % 8 == 0) PUINT32 CompletionBufferSize,
	_In_opt_ PLARGE_INTEGER Timeout);

/* ---- receiving ---- */

/* The driver is done with an incoming packet; the reply is sent if the sender asked for one. */
VOID VmbChannelPacketComplete(
	_In_ VMBPACKETCOMPLETION PacketCompletionContext,
	_In_reads_bytes_opt_(BufSize) PVOID PacketCompletionBuffer,
	_In_ UINT32 BufSize);

/* In the packet callback only: present this packet again at PASSIVE_LEVEL. */
VOID FASTCALL VmbChannelPacketDeferToPassive(_In_ VMBPACKETCOMPLETION PacketCompletionContext);

/* In the packet callback only: the packet is so malformed that the incoming queue must stop. */
VOID FASTCALL VmbChannelPacketFail(_In_ VMBPACKETCOMPLETION PacketCompletionContext);

/*
 * In the packet callback only: the MDL of the packet's external data; STATUS_PENDING means return
 * and be called again.
 */
_Success_(return == STATUS_SUCCESS)
NTSTATUS VmbChannelPacketGetExternalData(
	_In_ VMBPACKETCOMPLETION PacketCompletionContext,
	_In_ UINT32 Flags,
	_Out_ PMDL *Mdl);

/* ---- GPADLs: passive ---- */

/* Client. Describes a buffer to the server, which can then map it by number. */
NTSTATUS VmbChannelCreateGpadlFromBuffer(
	_In_ VMBCHANNEL Channel,
	_In_ UINT32 Flags,
	_In_reads_bytes_(ByteCount) PVOID Buffer,
	_In_ UINT32 ByteCount,
	_Out_ PUINT32 GpadlHandle);

/* Client. The same for a window of an MDL chain; length 0 means to the end. */
NTSTATUS VmbChannelCreateGpadlFromMdl(
	_In_ VMBCHANNEL Channel,
	_In_ UINT32 Flags,
	_In_ PMDL Mdl,
	_In_ UINT32 StartOffsetWithinMdl,
	_In_ UINT32 DataLengthWithinMdl,
	_Out_ PUINT32 GpadlHandle);

/* Client. Waits until the server has unmapped the GPADL. */
VOID VmbChannelDeleteGpadl(_In_ VMBCHANNEL Channel, _In_ UINT32 GpadlHandle);

/* Server. An MDL without a virtual address for a client's GPADL. */
NTSTATUS VmbChannelMapGpadl(
	_In_ VMBCHANNEL Channel,
	_In_ UINT32 Flags,
	_In_ UINT32 GpadlHandle,
	_Out_ PMDL *Mdl);

/* Server. The MDL is invalid afterwards. */
VOID VmbChannelUnmapGpadl(_In_ VMBCHANNEL Channel, _In_ UINT32 GpadlHandle);

/* ---- save and restore, server only: passive ---- */

_Must_inspect_result_
NTSTATUS VmbChannelSaveBegin(_In_ VMBCHANNEL Channel);

/* Saves the next chunks; STATUS_BUFFER_OVERFLOW means more is to come. */
_Must_inspect_result_
NTSTATUS VmbChannelSaveContinue(
	_In_ VMBCHANNEL Channel,
	_Out_writes_bytes_to_(SaveBufferSize, *BytesFilled) PVOID SaveBuffer,
	_In_ ULONG SaveBufferSize,
	_Out_ PULONG BytesFilled,
	_Out_ PULONG BytesRequired);

VOID VmbChannelSaveEnd(_In_ VMBCHANNEL Channel);

/* Restores whole chunks; STATUS_MORE_PROCESSING_REQUIRED means that more were saved. */
_Must_inspect_result_
NTSTATUS VmbChannelRestoreFromBuffer(
	_In_ VMBCHANNEL Channel,
	_In_reads_bytes_(BufferSize) PVOID Buffer,
	_In_ ULONG BufferSize);

/*
 * In EVT_VMB_CHANNEL_RESTORE_PACKET only: gives a fresh packet its saved state; it is then in
 * flight.
 */
NTSTATUS VmbPacketRestore(
	_In_ __drv_aliasesMem VMBPACKET PacketObject,
	_In_reads_bytes_(BufferSize) PVOID Buffer,
	_In_ ULONG BufferSize);

/*
 * ---- function types and interface structures ----
 *
 * X(FN, function) for each function, in the order of the documentation's interface structures.
 * FN_VMB_X, PFN_VMB_X and the members of the structures come from these two lists, so they cannot
 * disagree with the prototypes above.
 */
#define KMCL_CLIENT_METHODS(X) \
	X(VMB_CHANNEL_ALLOCATE, VmbChannelAllocate) \
	X(VMB_CHANNEL_CLEANUP, VmbChannelCleanup) \
	X(VMB_CHANNEL_CREATE_GPADL_FROM_BUFFER, VmbChannelCreateGpadlFromBuffer) \
	X(VMB_CHANNEL_CREATE_GPADL_FROM_MDL, VmbChannelCreateGpadlFromMdl) \
	X(VMB_CHANNEL_DELETE_GPADL, VmbChannelDeleteGpadl) \
	X(VMB_CHANNEL_DISABLE, VmbChannelDisable) \
	X(VMB_CHANNEL_ENABLE, VmbChannelEnable) \
	X(VMB_CHANNEL_GET_INTERFACE_INSTANCE, VmbChannelGetInterfaceInstance) \
	X(VMB_CHANNEL_GET_MMIO_SPACE, VmbChannelGetMmioSpace) \
	X(VMB_CHANNEL_GET_POINTER, VmbChannelGetPointer) \
	X(VMB_CHANNEL_INIT_SET_CLIENT_CONTEXT_SIZE, VmbChannelInitSetClientContextSize) \
	X(VMB_CHANNEL_INIT_SET_FLAGS, VmbChannelInitSetFlags) \
	X(VMB_CHANNEL_INIT_SET_FRIENDLY_NAME, VmbChannelInitSetFriendlyName) \
	X(VMB_CHANNEL_INIT_SET_MAXIMUM_EXTERNAL_DATA, VmbChannelInitSetMaximumExternalData) \
	X(VMB_CHANNEL_INIT_SET_MAXIMUM_PACKET_SIZE, VmbChannelInitSetMaximumPacketSize) \
	X(VMB_CHANNEL_INIT_SET_PROCESS_PACKET_CALLBACKS, VmbChannelInitSetProcessPacketCallbacks) \
	X(VMB_CHANNEL_INIT_SET_STATE_CHANGE_CALLBACKS, VmbChannelInitSetStateChangeCallbacks) \
	X(VMB_CHANNEL_PACKET_COMPLETE, VmbChannelPacketComplete) \
	X(VMB_CHANNEL_PACKET_DEFER_TO_PASSIVE, VmbChannelPacketDeferToPassive) \
	X(VMB_CHANNEL_PACKET_FAIL, VmbChannelPacketFail) \
	X(VMB_CHANNEL_PACKET_GET_EXTERNAL_DATA, VmbChannelPacketGetExternalData) \
	X(VMB_CHANNEL_PAUSE, VmbChannelPause) \
	X(VMB_CHANNEL_SEND_SYNCHRONOUS_REQUEST, VmbChannelSendSynchronousRequest) \
	X(VMB_CHANNEL_SET_INCOMING_PROCESSING_AT_PASSIVE, \
	  VmbChannelSetIncomingProcessingAtPassive) \
	X(VMB_CHANNEL_SET_INTERRUPT_LATENCY, VmbChannelSetInterruptLatency) \
	X(VMB_CHANNEL_SET_POINTER, VmbChannelSetPointer) \
	X(VMB_CHANNEL_SET_TRANSACTION_QUOTA, VmbChannelSetTransactionQuota) \
	X(VMB_CHANNEL_SIZEOF_PACKET, VmbChannelSizeofPacket) \
	X(VMB_CHANNEL_START, VmbChannelStart) \
	X(VMB_CLIENT_CHANNEL_INIT_SET_RING_BUFFER_PAGE_COUNT, \
	  VmbClientChannelInitSetRingBufferPageCount) \
	X(VMB_CLIENT_CHANNEL_INIT_SET_TARGET_PNP, VmbClientChannelInitSetTargetPnp) \
	X(VMB_PACKET_ALLOCATE, VmbPacketAllocate) \
	X(VMB_PACKET_FREE, VmbPacketFree) \
	X(VMB_PACKET_GET_CHANNEL, VmbPacketGetChannel) \
	X(VMB_PACKET_GET_POINTER, VmbPacketGetPointer) \
	X(VMB_PACKET_INITIALIZE, VmbPacketInitialize) \
	X(VMB_PACKET_SEND, VmbPacketSend) \
	X(VMB_PACKET_SEND_WITH_EXTERNAL_MDL, VmbPacketSendWithExternalMdl) \
	X(VMB_PACKET_SEND_WITH_EXTERNAL_PFNS, VmbPacketSendWithExternalPfns) \
	X(VMB_PACKET_SET_COMPLETION_ROUTINE, VmbPacketSetCompletionRoutine) \
	X(VMB_PACKET_SET_POINTER, VmbPacketSetPointer)

#define KMCL_SERVER_METHODS(X) \
	X(VMB_CHANNEL_MAP_GPADL, VmbChannelMapGpadl) \
	X(VMB_CHANNEL_RESTORE_FROM_BUFFER, VmbChannelRestoreFromBuffer) \
	X(VMB_CHANNEL_SAVE_BEGIN, VmbChannelSaveBegin) \
	X(VMB_CHANNEL_SAVE_CONTINUE, VmbChannelSaveContinue) \
	X(VMB_CHANNEL_SAVE_END, VmbChannelSaveEnd) \
	X(VMB_CHANNEL_UNMAP_GPADL, VmbChannelUnmapGpadl) \
	X(VMB_CONVERT_VMBUS_HANDLE_TO_KERNEL_HANDLE, VmbConvertVmbusHandleToKernelHandle) \
	X(VMB_PACKET_RESTORE, VmbPacketRestore) \
	X(VMB_SERVER_CHANNEL_INIT_SET_FLAGS, VmbServerChannelInitSetFlags) \
	X(VMB_SERVER_CHANNEL_INIT_SET_MMIO_MEGABYTES, VmbServerChannelInitSetMmioMegabytes) \
	X(VMB_SERVER_CHANNEL_INIT_SET_SAVE_RESTORE_PACKET_CALLBACKS, \
	  VmbServerChannelInitSetSaveRestorePacketCallbacks) \
	X(VMB_SERVER_CHANNEL_INIT_SET_TARGET_INTERFACE_ID, \
	  VmbServerChannelInitSetTargetInterfaceId) \
	X(VMB_SERVER_CHANNEL_INIT_SET_TARGET_VTL, VmbServerChannelInitSetTargetVtl) \
	X(VMB_SERVER_CHANNEL_INIT_SET_VMBUS_HANDLE, VmbServerChannelInitSetVmbusHandle)

#define KMCL_METHOD_TYPE(FN, function)	typedef __typeof__(function) FN_##FN, *PFN_##FN;
#define KMCL_METHOD_MEMBER(FN, function)	PFN_##FN function;

KMCL_CLIENT_METHODS(KMCL_METHOD_TYPE)
KMCL_SERVER_METHODS(KMCL_METHOD_TYPE)

/* Types and versions of the two interfaces (our values). */
DEFINE_GUID(KMCL_CLIENT_INTERFACE_TYPE,
	    0x56afc74a, 0xba8c, 0x4e5b, 0x93, 0xff, 0xe5, 0xa1, 0xc6, 0x25, 0xc3, 0x73);
DEFINE_GUID(KMCL_SERVER_INTERFACE_TYPE,
	    0x0bfe2e53, 0xe1df, 0x4878, 0xba, 0xb1, 0x6c, 0xe2, 0xc9, 0xd0, 0x05, 0xf6);
#define KMCL_CLIENT_INTERFACE_VERSION_V1	1
#define KMCL_SERVER_INTERFACE_VERSION_V1	1

/* Functions for either endpoint: 360 bytes. */
typedef struct _KMCL_CLIENT_INTERFACE_V1 {
	KMCL_INTERFACE_MEMBERS
	KMCL_CLIENT_METHODS(KMCL_METHOD_MEMBER)
} KMCL_CLIENT_INTERFACE_V1, *PKMCL_CLIENT_INTERFACE_V1;

typedef struct _KMCL_SERVER_ONLY_METHODS {
	KMCL_SERVER_METHODS(KMCL_METHOD_MEMBER)
} KMCL_SERVER_ONLY_METHODS;

/* A client interface followed by the server-only functions: 472 bytes. */
typedef struct _KMCL_SERVER_INTERFACE_V1 {
	KMCL_INTERFACE_MEMBERS
	KMCL_CLIENT_METHODS(KMCL_METHOD_MEMBER)
	KMCL_SERVER_METHODS(KMCL_METHOD_MEMBER)
} KMCL_SERVER_INTERFACE_V1, *PKMCL_SERVER_INTERFACE_V1;

#endif /* _VMBUSKERNELMODECLIENTLIBAPI_H_ */
