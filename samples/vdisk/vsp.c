// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server of the vdisk: offers the channel, and does with it what a host does. What clients
 * ask for is in server_io.c.
 */
#include <initguid.h>
#include "server.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD VdiskUnload;
static EVT_VMB_CHANNEL_OPENED VdiskEvtOpened;

static PVDISK_SERVER TheServer;

/*
 * Held by whatever reconfigures the server: one at a time, and not while the driver is unloaded.
 * The module's parameters can be written before DriverEntry has run and after DriverUnload.
 */
static KEVENT TheServerIsFree;

PVDISK_SERVER VdiskServerHold(VOID)
{
	if (!TheServer)
		return NULL;
	KeWaitForSingleObject(&TheServerIsFree, Executive, KernelMode, FALSE, NULL);
	if (!TheServer)
		VdiskServerRelease();
	return TheServer;
}

VOID VdiskServerRelease(VOID)
{
	KeSetEvent(&TheServerIsFree, IO_NO_INCREMENT, FALSE);
}

/*
 * The host's wishes.
 */

/* Returns when all that the client has sent so far is replied to; what it sends then waits. */
int VdiskServerPause(void)
{
	PVDISK_SERVER server = VdiskServerHold();

	if (!server)
		return STATUS_DEVICE_NOT_READY;
	VmbChannelPause(server->Channel);
	server->Paused = TRUE;
	VdiskServerRelease();
	return STATUS_SUCCESS;
}

int VdiskServerStart(void)
{
	PVDISK_SERVER server = VdiskServerHold();

	if (!server)
		return STATUS_DEVICE_NOT_READY;
	VmbChannelStart(server->Channel);
	server->Paused = FALSE;
	VdiskServerRelease();
	return STATUS_SUCCESS;
}

int VdiskServerIsPaused(void)
{
	PVDISK_SERVER server = VdiskServerHold();
	int paused;

	if (!server)
		return FALSE;
	paused = server->Paused;
	VdiskServerRelease();
	return paused;
}

/* The client asks for the new geometry when it is told. Its default routine frees the packet. */
static NTSTATUS VdiskTellClient(PVDISK_SERVER Server)
{
	VDISK_HEADER message = VdiskHeader(VDISK_CHANGED, sizeof(message));
	VMBPACKET packet = VmbPacketAllocate(Server->Channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbPacketSend(packet, &message, sizeof(message), NULL, 0);
	if (!NT_SUCCESS(status))
		VmbPacketFree(packet);
	return status;
}

/* A disk that shrinks would have to refuse requests that are on their way; this one only grows. */
int VdiskServerGrow(unsigned long long capacity)
{
	PVDISK_SERVER server = VdiskServerHold();
	NTSTATUS status = STATUS_SUCCESS;

	if (!server)
		return STATUS_DEVICE_NOT_READY;
	if (capacity < VdiskStoreCapacity() || capacity > VDISK_MAXIMUM_CAPACITY)
		status = STATUS_INVALID_PARAMETER;
	else if (VdiskStoreGrow(capacity) != VDISK_STORE_OK)
		status = STATUS_IO_DEVICE_ERROR;
	if (NT_SUCCESS(status))
		status = VdiskTellClient(server);
	/* Just closing: the client will ask when it opens the channel again. */
	if (status == STATUS_INVALID_DEVICE_STATE)
		status = STATUS_SUCCESS;
	VdiskServerRelease();
	return status;
}

/*
 * The channel.
 */

/* A client that opens has to say hello first. */
static NTSTATUS VdiskEvtOpened(VMBCHANNEL Channel)
{
	PVDISK_SERVER server = VmbChannelGetPointer(Channel);

	server->Version = 0;
	return server->Refusing ? STATUS_DEVICE_NOT_READY : STATUS_SUCCESS;
}

static NTSTATUS VdiskConfigure(VMBCHANNEL Channel)
{
	DECLARE_CONST_UNICODE_STRING(name, L"vdisk");
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = VdiskEvtOpened;
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
		status = VmbServerChannelInitSetSaveRestorePacketCallbacks(Channel,
									   VdiskEvtSavePacket,
									   VdiskEvtRestorePacket);
	if (NT_SUCCESS(status))
		status = VmbServerChannelInitSetTargetInterfaceId(Channel, GUID_VDISK_INTERFACE,
								  GUID_VDISK_INSTANCE);
	return status;
}

/* A channel that is ready to be enabled. */
NTSTATUS VdiskChannelCreate(PVDISK_SERVER Server, VMBCHANNEL *Channel)
{
	NTSTATUS status;

	status = VmbChannelAllocate(NULL, TRUE, Channel);
	if (!NT_SUCCESS(status))
		return status;
	VmbChannelSetPointer(*Channel, Server);
	VmbChannelSetTransactionQuota(*Channel, VDISK_QUOTA);
	status = VdiskConfigure(*Channel);
	if (!NT_SUCCESS(status))
		VmbChannelCleanup(*Channel);
	return status;
}

/*
 * Coming and going.
 */

static VOID VdiskUnload(PDRIVER_OBJECT DriverObject)
{
	PVDISK_SERVER server = VdiskServerHold();

	UNREFERENCED_PARAMETER(DriverObject);
	TheServer = NULL;
	VdiskServerRelease();

	VmbChannelDisable(server->Channel);
	VmbChannelCleanup(server->Channel);
	VdiskWorkersStop(server);
	VdiskStoreClose();
	ExFreePoolWithTag(server, VDISK_TAG);
}

static NTSTATUS VdiskOffer(PVDISK_SERVER Server)
{
	NTSTATUS status = VdiskChannelCreate(Server, &Server->Channel);

	if (!NT_SUCCESS(status))
		return status;
	status = VmbChannelEnable(Server->Channel);
	if (NT_SUCCESS(status))
		VmbChannelStart(Server->Channel);
	else
		VmbChannelCleanup(Server->Channel);
	return status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	PVDISK_SERVER server;
	NTSTATUS status;

	UNREFERENCED_PARAMETER(RegistryPath);
	server = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*server), VDISK_TAG);
	if (!server)
		return STATUS_INSUFFICIENT_RESOURCES;
	VdiskIosInitialize(server);
	status = STATUS_OBJECT_NAME_NOT_FOUND;
	if (VdiskStoreOpen() != VDISK_STORE_OK)
		goto free;
	status = VdiskWorkersStart(server);
	if (!NT_SUCCESS(status))
		goto close;
	status = VdiskOffer(server);
	if (!NT_SUCCESS(status))
		goto stop;

	KeInitializeEvent(&TheServerIsFree, SynchronizationEvent, TRUE);
	TheServer = server;
	DriverObject->DriverUnload = VdiskUnload;
	return STATUS_SUCCESS;

stop:
	VdiskWorkersStop(server);
close:
	VdiskStoreClose();
free:
	ExFreePoolWithTag(server, VDISK_TAG);
	return status;
}
