// SPDX-License-Identifier: GPL-2.0-only
/*
 * The conversation with the host: version, capabilities, status reports, requests. Runs in the
 * worker thread.
 */
#include "dynmem.h"

/* How long the host may take to answer, and the ring to have room. */
#define ANSWER_TIMEOUT	(10 * DYNMEM_SECOND)
#define SEND_TIMEOUT	(5 * DYNMEM_SECOND)

/*
 * When the first report goes out. Reports then never fall on a whole second after the handshake,
 * which is when QEMU's timers run: QEMU 10.0 aborts if its 50 s timer finds a message in the ring
 * that it has not been told about yet.
 */
#define REPORT_PHASE	(500 * DYNMEM_MILLISECOND)

static const ULONG Versions[] = { DM_VERSION(2, 0), DM_VERSION(1, 0), DM_VERSION(0, 3) };

static const char * const StateNames[] = {
	[DynMemWaiting] = "waiting",
	[DynMemVersion] = "version",
	[DynMemCapabilities] = "capabilities",
	[DynMemRunning] = "running",
	[DynMemRejected] = "rejected",
};

/* A host that sends nothing but nonsense shall not fill the log. */
#define MOST_COMPLAINTS	16

static ULONG Complaints;

static BOOLEAN DynMemMayComplain(VOID)
{
	if (Complaints == MOST_COMPLAINTS)
		return FALSE;
	Complaints++;

	return TRUE;
}

/* For DynMemStateName and DynMemProtocolVersion, which know no device. */
static LONG PublishedState = DynMemWaiting;
static LONG PublishedVersion;

const char *DynMemStateName(void)
{
	return StateNames[PublishedState];
}

unsigned int DynMemProtocolVersion(void)
{
	return (unsigned int)PublishedVersion;
}

VOID DynMemSetState(PDYNMEM_DEVICE Device, DYNMEM_STATE State)
{
	Device->State = State;
	PublishedVersion = State == DynMemRunning ? (LONG)Device->Version : 0;
	PublishedState = State;
}

/*
 * Sends and waits until the message is in the ring. A status other than success means that the
 * host will never see it.
 */
NTSTATUS DynMemSend(PDYNMEM_DEVICE Device, USHORT Type, PDM_HEADER Message, ULONG Size)
{
	LARGE_INTEGER timeout;
	NTSTATUS status;

	Message->Type = Type;
	Message->Size = (USHORT)Size;
	Message->TransactionId = ++Device->TransactionId;

	timeout.QuadPart = -SEND_TIMEOUT;
	status = VmbChannelSendSynchronousRequest(Device->Channel, Message, Size, NULL, 0, NULL,
						  NULL, &timeout);
	if (NT_SUCCESS(status))
		InterlockedIncrement64(&DynMemCounters.PacketsSent);
	else if (status != STATUS_DEVICE_REMOVED && status != STATUS_INVALID_DEVICE_STATE)
		DbgPrint("dynmem: sending a message of type %u failed: 0x%08x\n", Type, status);

	return status;
}

static VOID DynMemSendOrFail(PDYNMEM_DEVICE Device, USHORT Type, PDM_HEADER Message, ULONG Size)
{
	NTSTATUS status = DynMemSend(Device, Type, Message, Size);

	if (!NT_SUCCESS(status))
		Device->Failure = status;
}

static VOID DynMemRequestVersion(PDYNMEM_DEVICE Device)
{
	DM_VERSION_REQUEST request;

	Device->Version = Versions[Device->Attempt];
	RtlZeroMemory(&request, sizeof(request));
	request.Version = Device->Version;
	if (Device->Attempt == RTL_NUMBER_OF(Versions) - 1)
		request.Flags = DM_LAST_ATTEMPT;

	DynMemSetState(Device, DynMemVersion);
	Device->AnswerDue = DynMemNow() + ANSWER_TIMEOUT;
	DynMemSendOrFail(Device, DmVersionRequest, &request.Header, sizeof(request));
}

/* Hot add is not offered. The host makes no use of the two page numbers. */
static VOID DynMemReportCapabilities(PDYNMEM_DEVICE Device)
{
	DM_CAPABILITIES report;

	RtlZeroMemory(&report, sizeof(report));
	report.Capabilities = DM_CAPABILITY_BALLOON;
	report.MaximumPageNumber = ~0ULL;

	DynMemSetState(Device, DynMemCapabilities);
	Device->AnswerDue = DynMemNow() + ANSWER_TIMEOUT;
	DynMemSendOrFail(Device, DmCapabilitiesReport, &report.Header, sizeof(report));
}

/* The channel has come up: start from the newest version. */
VOID DynMemNegotiate(PDYNMEM_DEVICE Device)
{
	Device->Attempt = 0;
	Device->Failure = STATUS_SUCCESS;
	DynMemCounters.Connects++;
	DynMemRequestVersion(Device);
}

static BOOLEAN DynMemOnVersionResponse(PDYNMEM_DEVICE Device, PVOID Message, ULONG Size)
{
	PDM_RESPONSE response = Message;

	if (Size < sizeof(*response) || Device->State != DynMemVersion)
		return FALSE;

	if (response->Flags & DM_ACCEPTED) {
		DynMemReportCapabilities(Device);
	} else if (++Device->Attempt < RTL_NUMBER_OF(Versions)) {
		DynMemRequestVersion(Device);
	} else {
		DbgPrint("dynmem: the host accepts no version of the protocol that we know\n");
		Device->Failure = STATUS_NOT_SUPPORTED;
	}

	return TRUE;
}

static BOOLEAN DynMemOnCapabilitiesResponse(PDYNMEM_DEVICE Device, PVOID Message, ULONG Size)
{
	PDM_RESPONSE response = Message;

	if (Size < sizeof(*response) || Device->State != DynMemCapabilities)
		return FALSE;

	Device->AnswerDue = 0;
	if (!(response->Flags & DM_ACCEPTED)) {
		DbgPrint("dynmem: the host does not accept our capabilities\n");
		Device->Failure = STATUS_NOT_SUPPORTED;
		return TRUE;
	}

	Device->ReportPressure = !(response->Flags & DM_SUPPRESS_PRESSURE_REPORTS);
	Device->ReportDue = DynMemNow() + REPORT_PHASE;
	Device->RetryDelay = 0;
	DynMemSetState(Device, DynMemRunning);
	DbgPrint("dynmem: running, protocol %u.%u, status reports %s\n",
		 DM_VERSION_MAJOR(Device->Version), DM_VERSION_MINOR(Device->Version),
		 Device->ReportPressure ? "on" : "off");

	return TRUE;
}

static BOOLEAN DynMemOnBalloonRequest(PDYNMEM_DEVICE Device, PVOID Message, ULONG Size)
{
	PDM_BALLOON_REQUEST request = Message;

	if (Size < sizeof(*request) || Device->State != DynMemRunning)
		return FALSE;

	DynMemCounters.BalloonRequests++;
	DynMemBalloon(Device, request->PageCount);

	return TRUE;
}

static BOOLEAN DynMemOnUnballoonRequest(PDYNMEM_DEVICE Device, PVOID Message, ULONG Size)
{
	PDM_UNBALLOON_REQUEST request = Message;
	DM_UNBALLOON_RESPONSE response;
	ULONG bad = 0;
	ULONG i;

	if (Size < sizeof(*request) || Device->State != DynMemRunning ||
	    request->RangeCount > (Size - sizeof(*request)) / sizeof(request->Ranges[0]))
		return FALSE;

	DynMemCounters.UnballoonRequests++;
	for (i = 0; i < request->RangeCount; i++)
		if (!DynMemTakeBack(Device, request->Ranges[i]))
			bad++;
	if (bad && DynMemMayComplain())
		DbgPrint("dynmem: the host returned pages that it did not have, in %u ranges\n",
			 bad);

	if (!(request->Flags & DM_MORE_PAGES)) {
		DbgPrint("dynmem: unballoon: the host still has %lld pages\n",
			 DynMemCounters.PagesBallooned);
		RtlZeroMemory(&response, sizeof(response));
		DynMemSendOrFail(Device, DmUnballoonResponse, &response.Header, sizeof(response));
	}

	return TRUE;
}

/* We did not offer it; a host that asks all the same must not wait for an answer. */
static BOOLEAN DynMemOnHotAddRequest(PDYNMEM_DEVICE Device, PVOID Message, ULONG Size)
{
	DM_HOT_ADD_RESPONSE response;

	UNREFERENCED_PARAMETER(Message);
	UNREFERENCED_PARAMETER(Size);

	if (Device->State != DynMemRunning)
		return FALSE;

	RtlZeroMemory(&response, sizeof(response));
	DynMemSendOrFail(Device, DmHotAddResponse, &response.Header, sizeof(response));

	return TRUE;
}

static BOOLEAN DynMemDispatch(PDYNMEM_DEVICE Device, PDM_HEADER Message, ULONG Size)
{
	switch (Message->Type) {
	case DmVersionResponse:
		return DynMemOnVersionResponse(Device, Message, Size);
	case DmCapabilitiesResponse:
		return DynMemOnCapabilitiesResponse(Device, Message, Size);
	case DmBalloonRequest:
		return DynMemOnBalloonRequest(Device, Message, Size);
	case DmUnballoonRequest:
		return DynMemOnUnballoonRequest(Device, Message, Size);
	case DmHotAddRequest:
		return DynMemOnHotAddRequest(Device, Message, Size);
	case DmInfoMessage:	/* tells the largest size the VM may get; nothing to do */
		return TRUE;
	default:
		return FALSE;
	}
}

/*
 * Length is what arrived, rounded up to 8; the header says how much of it is message. The host
 * cannot change the buffer any more, so what was checked stays true.
 */
VOID DynMemHandleMessage(PDYNMEM_DEVICE Device, PVOID Buffer, UINT32 Length)
{
	PDM_HEADER header = Buffer;

	if (Length >= sizeof(*header) && header->Size >= sizeof(*header) &&
	    header->Size <= Length && DynMemDispatch(Device, header, header->Size))
		return;

	DynMemCounters.BadMessages++;
	if (DynMemMayComplain())
		DbgPrint("dynmem: ignoring a message of type %u, %u bytes, in state %s\n",
			 Length >= sizeof(*header) ? header->Type : 0, Length, DynMemStateName());
}

VOID DynMemStatusSent(VMBPACKET Packet, NTSTATUS Status, PVOID Buffer, UINT32 BufferLength)
{
	PDYNMEM_DEVICE device = VmbPacketGetPointer(Packet);

	UNREFERENCED_PARAMETER(Buffer);
	UNREFERENCED_PARAMETER(BufferLength);

	if (NT_SUCCESS(Status)) {
		InterlockedIncrement64(&DynMemCounters.PacketsSent);
		InterlockedIncrement64(&DynMemCounters.StatusReports);
	}
	InterlockedExchange(&device->StatusBusy, 0);
}

/*
 * The host computes the pressure from what is committed. What the balloon holds counts as
 * committed, and so does the floor, or the host would try to get it.
 */
static VOID DynMemReportStatus(PDYNMEM_DEVICE Device)
{
	ULONG64 available, committed, floor;
	DM_STATUS report;

	/* The one before is still queued: the host does not read, so do not pile up more. */
	if (InterlockedExchange(&Device->StatusBusy, 1))
		return;

	DynMemQueryMemory(&available, &committed, &floor);
	RtlZeroMemory(&report, sizeof(report));
	report.Header.Type = DmStatusReport;
	report.Header.Size = sizeof(report);
	report.Header.TransactionId = ++Device->TransactionId;
	report.Available = available;
	report.Committed = committed + floor + DynMemCounters.PagesBallooned +
			   DynMemCounters.PagesHeld;

	if (!NT_SUCCESS(VmbPacketSend(Device->StatusPacket, &report, sizeof(report), NULL, 0)))
		InterlockedExchange(&Device->StatusBusy, 0);
}

/* What is due at a time rather than on a message. */
VOID DynMemTick(PDYNMEM_DEVICE Device)
{
	LONGLONG now = DynMemNow();

	if (!DynMemMayWork(Device))
		return;

	if (Device->AnswerDue && now >= Device->AnswerDue) {
		DbgPrint("dynmem: no answer from the host\n");
		Device->AnswerDue = 0;
		Device->Failure = STATUS_IO_TIMEOUT;
	}

	if (Device->State == DynMemRunning && Device->ReportPressure && now >= Device->ReportDue) {
		DynMemReportStatus(Device);
		Device->ReportDue += DYNMEM_SECOND;
		if (Device->ReportDue <= now)
			Device->ReportDue = now + DYNMEM_SECOND;
	}
}
