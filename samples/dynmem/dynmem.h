/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private definitions of the Dynamic Memory client.
 */
#ifndef DYNMEM_H
#define DYNMEM_H

#include <ntddk.h>
#include <winternl.h>
#include <vmbuskernelmodeclientlibapi.h>

#include "protocol.h"
#include "counters.h"

#define DYNMEM_TAG		0x6d44794b	/* reads KyDm in a dump */

/* Interrupt time counts units of 100 ns. */
#define DYNMEM_MILLISECOND	10000LL
#define DYNMEM_SECOND		(1000 * DYNMEM_MILLISECOND)

/* Host messages that wait for the worker; the transaction quota keeps the others in the ring. */
#define DYNMEM_QUOTA		16

#define DYNMEM_BUCKETS		1024

typedef enum _DYNMEM_STATE {
	DynMemWaiting,		/* no device, or another driver has it */
	DynMemVersion,		/* a version request is out */
	DynMemCapabilities,	/* a capabilities report is out */
	DynMemRunning,
	DynMemRejected,		/* the host does not want us; stays so until a reload */
} DYNMEM_STATE;

/* What the callbacks tell the worker. */
#define DYNMEM_EVENT_OPENED	0x1
#define DYNMEM_EVENT_CLOSED	0x2
#define DYNMEM_EVENT_NO_CONNECT	0x4
#define DYNMEM_EVENT_STOP	0x8

/* A host message that the worker has still to handle; it is not completed before. */
typedef struct _DYNMEM_REQUEST {
	LIST_ENTRY Link;
	VMBPACKETCOMPLETION Packet;
	PVOID Buffer;
	UINT32 Length;
} DYNMEM_REQUEST, *PDYNMEM_REQUEST;

typedef struct _DYNMEM_DEVICE {
	VMBCHANNEL Channel;

	PKTHREAD Worker;
	KEVENT Wake;
	LONG Events;			/* DYNMEM_EVENT_*, by Interlocked functions only */

	KEVENT Active;			/* set between EvtChannelStarted and EvtChannelSuspend */
	KEVENT Stop;			/* set when the driver is to be unloaded */

	KSPIN_LOCK Lock;		/* for the two lists */
	LIST_ENTRY Pending;
	LIST_ENTRY Idle;
	DYNMEM_REQUEST Requests[DYNMEM_QUOTA];

	VMBPACKET StatusPacket;
	LONG StatusBusy;		/* by Interlocked functions only */

	/* All that follows belongs to the worker, and to DriverUnload once the worker has ended. */
	DYNMEM_STATE State;
	ULONG Version;
	ULONG Attempt;
	ULONG TransactionId;
	BOOLEAN ReportPressure;
	NTSTATUS Failure;		/* end this connection, for this reason */
	LONGLONG AnswerDue;		/* interrupt times; 0: not set */
	LONGLONG ReportDue;
	LONGLONG RetryDue;
	LONGLONG RetryDelay;

	LIST_ENTRY Buckets[DYNMEM_BUCKETS];	/* blocks by the 2 MiB region they lie in */
	LIST_ENTRY Incomplete;			/* blocks of which the host has a part only */

	ULONG64 Message[DM_MAXIMUM_MESSAGE / sizeof(ULONG64)];
} DYNMEM_DEVICE, *PDYNMEM_DEVICE;

/* driver.c */
LONGLONG DynMemNow(VOID);
BOOLEAN DynMemMayWork(_In_ PDYNMEM_DEVICE Device);

/* protocol.c */
VOID DynMemSetState(_In_ PDYNMEM_DEVICE Device, _In_ DYNMEM_STATE State);
NTSTATUS DynMemSend(_In_ PDYNMEM_DEVICE Device, _In_ USHORT Type, _Inout_ PDM_HEADER Message,
		    _In_ ULONG Size);
VOID DynMemNegotiate(_In_ PDYNMEM_DEVICE Device);
VOID DynMemHandleMessage(_In_ PDYNMEM_DEVICE Device, _In_ PVOID Buffer, _In_ UINT32 Length);
VOID DynMemTick(_In_ PDYNMEM_DEVICE Device);
EVT_VMB_PACKET_COMPLETION_ROUTINE DynMemStatusSent;

/* balloon.c */
VOID DynMemBalloonInitialize(_In_ PDYNMEM_DEVICE Device);
VOID DynMemQueryMemory(_Out_ PULONG64 Available, _Out_ PULONG64 Committed, _Out_ PULONG64 Floor);
VOID DynMemBalloon(_In_ PDYNMEM_DEVICE Device, _In_ ULONG PageCount);
BOOLEAN DynMemTakeBack(_In_ PDYNMEM_DEVICE Device, _In_ DM_PAGE_RANGE Range);
VOID DynMemTakeBackAll(_In_ PDYNMEM_DEVICE Device);

#endif
