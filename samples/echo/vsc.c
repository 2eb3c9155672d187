// SPDX-License-Identifier: GPL-2.0-only
/* The client of the echo device: sends some messages and looks at what comes back. */
#include <initguid.h>
#include "protocol.h"

#define ECHO_MESSAGES	8
#define ECHO_TIMEOUT	(-10000000LL)	/* one second, in units of 100 ns */

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD EchoVscUnload;
static EVT_VMB_CHANNEL_POST_STARTED EchoVscPostStarted;
static EVT_VMB_CHANNEL_CLOSED EchoVscClosed;

static VMBCHANNEL EchoChannel;

/* Return: STATUS_DATA_ERROR if something else comes back than was sent. */
static NTSTATUS EchoVscSay(VMBCHANNEL Channel, UINT64 Sequence)
{
	ECHO_MESSAGE sent, received;
	UINT32 length = sizeof(received);
	LARGE_INTEGER timeout;
	NTSTATUS status;

	RtlZeroMemory(&sent, sizeof(sent));
	sent.Sequence = Sequence;
	RtlCopyMemory(sent.Text, "hello over there", sizeof("hello over there"));
	timeout.QuadPart = ECHO_TIMEOUT;
	status = VmbChannelSendSynchronousRequest(Channel, &sent, sizeof(sent), NULL,
						  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
						  &received, &length, &timeout);
	if (!NT_SUCCESS(status))
		return status;
	if (length != sizeof(sent) || !RtlEqualMemory(&sent, &received, sizeof(sent)))
		return STATUS_DATA_ERROR;
	return STATUS_SUCCESS;
}

/* The first place where a synchronous request can be answered. */
static VOID EchoVscPostStarted(VMBCHANNEL Channel)
{
	NTSTATUS status = STATUS_SUCCESS;
	UINT64 sequence;

	for (sequence = 0; sequence < ECHO_MESSAGES && NT_SUCCESS(status); sequence++)
		status = EchoVscSay(Channel, sequence);
	if (NT_SUCCESS(status))
		DbgPrint("echo_vsc: %I64u messages came back\n", sequence);
	else
		DbgPrint("echo_vsc: message %I64u failed: 0x%08x\n", sequence, status);
}

static VOID EchoVscClosed(VMBCHANNEL Channel)
{
	UNREFERENCED_PARAMETER(Channel);
	DbgPrint("echo_vsc: the channel is closed\n");
}

static NTSTATUS EchoVscConfigure(VMBCHANNEL Channel)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelPostStarted = EchoVscPostStarted;
	callbacks.EvtChannelClosed = EchoVscClosed;
	status = VmbChannelInitSetStateChangeCallbacks(Channel, &callbacks);
	if (!NT_SUCCESS(status))
		return status;
	return VmbClientChannelInitSetTargetPnp(Channel, &GUID_ECHO_INTERFACE, NULL, NULL);
}

static VOID EchoVscUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	VmbChannelDisable(EchoChannel);
	VmbChannelCleanup(EchoChannel);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);
	status = VmbChannelAllocate(NULL, FALSE, &EchoChannel);
	if (!NT_SUCCESS(status))
		return status;
	status = EchoVscConfigure(EchoChannel);
	if (NT_SUCCESS(status))
		status = VmbChannelEnable(EchoChannel);
	if (!NT_SUCCESS(status)) {
		VmbChannelCleanup(EchoChannel);
		return status;
	}
	DriverObject->DriverUnload = EchoVscUnload;
	return STATUS_SUCCESS;
}
