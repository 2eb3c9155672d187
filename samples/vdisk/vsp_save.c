// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving the server's channel and restoring it into a new one, as when a virtual machine moves to
 * another host. Here both hosts are this kernel, and the image stays in memory. The client goes on
 * sending meanwhile, and notices nothing.
 */
#include "server.h"

/* What one call of VmbChannelSaveContinue() has given. */
typedef struct _VDISK_CHUNK {
	LIST_ENTRY Link;
	ULONG Length;
	UCHAR Data[];
} VDISK_CHUNK, *PVDISK_CHUNK;

/* The driver's own state, and the library's. */
typedef struct _VDISK_IMAGE {
	UINT16 Version;
	LIST_ENTRY Chunks;
} VDISK_IMAGE, *PVDISK_IMAGE;

/*
 * Packets in use are messages that the client has not been told yet; the library keeps their
 * contents, and there is nothing more to know of them.
 */
NTSTATUS VdiskEvtSavePacket(VMBCHANNEL Channel, VMBPACKET Packet, PVOID SaveBuf, UINT32 SaveBufSize,
			    PUINT32 BytesNeeded)
{
	UNREFERENCED_PARAMETER(Channel);
	UNREFERENCED_PARAMETER(Packet);
	UNREFERENCED_PARAMETER(SaveBuf);
	UNREFERENCED_PARAMETER(SaveBufSize);
	*BytesNeeded = 0;
	return STATUS_SUCCESS;
}

NTSTATUS VdiskEvtRestorePacket(VMBCHANNEL Channel, PVOID LibBuf, UINT32 LibBufSize, PVOID SaveBuf,
			       UINT32 SaveBufSize)
{
	VMBPACKET packet = VmbPacketAllocate(Channel);
	NTSTATUS status;

	UNREFERENCED_PARAMETER(SaveBuf);
	UNREFERENCED_PARAMETER(SaveBufSize);
	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbPacketRestore(packet, LibBuf, LibBufSize);
	if (!NT_SUCCESS(status))
		VmbPacketFree(packet);
	return status;
}

static VOID VdiskImageFree(PVDISK_IMAGE Image)
{
	while (!IsListEmpty(&Image->Chunks))
		ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&Image->Chunks), VDISK_CHUNK,
						    Link), VDISK_TAG);
}

/* Asks for the next chunk's size, and then for the chunk. Return: STATUS_SUCCESS: the last one. */
static NTSTATUS VdiskSaveChunk(VMBCHANNEL Channel, PVDISK_IMAGE Image)
{
	ULONG filled, required;
	PVDISK_CHUNK chunk;
	NTSTATUS status;

	status = VmbChannelSaveContinue(Channel, NULL, 0, &filled, &required);
	if (status != STATUS_BUFFER_TOO_SMALL)
		return status;
	chunk = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*chunk) + required, VDISK_TAG);
	if (!chunk)
		return STATUS_INSUFFICIENT_RESOURCES;
	InsertTailList(&Image->Chunks, &chunk->Link);
	status = VmbChannelSaveContinue(Channel, chunk->Data, required, &chunk->Length, &required);
	VdiskServerCounters.SavedBytes += chunk->Length;
	return status;
}

/* The channel is paused. */
static NTSTATUS VdiskSave(PVDISK_SERVER Server, PVDISK_IMAGE Image)
{
	NTSTATUS status;

	Image->Version = Server->Version;
	VdiskServerCounters.SavedBytes = 0;
	status = VmbChannelSaveBegin(Server->Channel);
	if (!NT_SUCCESS(status))
		return status;
	do
		status = VdiskSaveChunk(Server->Channel, Image);
	while (status == STATUS_BUFFER_OVERFLOW);
	VmbChannelSaveEnd(Server->Channel);
	return status;
}

/* EvtChannelOpened has run when the last chunk is in, and no packet comes before the start. */
static NTSTATUS VdiskRestore(PVDISK_SERVER Server, const VDISK_IMAGE *Image)
{
	NTSTATUS status = STATUS_MORE_PROCESSING_REQUIRED;
	const LIST_ENTRY *link;

	for (link = Image->Chunks.Flink;
	     link != &Image->Chunks && status == STATUS_MORE_PROCESSING_REQUIRED;
	     link = link->Flink) {
		PVDISK_CHUNK chunk = CONTAINING_RECORD(link, VDISK_CHUNK, Link);

		status = VmbChannelRestoreFromBuffer(Server->Channel, chunk->Data, chunk->Length);
	}
	if (NT_SUCCESS(status))
		Server->Version = Image->Version;
	return status;
}

static NTSTATUS VdiskEnableWith(PVDISK_SERVER Server, UINT32 Flags)
{
	NTSTATUS status;

	status = VmbServerChannelInitSetFlags(Server->Channel, Flags);
	return NT_SUCCESS(status) ? VmbChannelEnable(Server->Channel) : status;
}

/*
 * A client whose server cannot be restored loses its connection and finds a new one. The flag that
 * does so does not stay: a channel that has it cannot be saved with its client.
 */
static NTSTATUS VdiskOfferAnew(PVDISK_SERVER Server)
{
	NTSTATUS status;

	VmbChannelDisable(Server->Channel);
	Server->Refusing = TRUE;
	status = VdiskEnableWith(Server, VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL);
	VmbChannelDisable(Server->Channel);
	Server->Refusing = FALSE;
	return NT_SUCCESS(status) ? VdiskEnableWith(Server, 0) : status;
}

/* The new host: knows the image, and nothing else of the old channel. */
static NTSTATUS VdiskMoveTo(PVDISK_SERVER Server, VMBCHANNEL Channel, const VDISK_IMAGE *Image)
{
	NTSTATUS status;

	VmbChannelDisable(Server->Channel);
	VmbChannelCleanup(Server->Channel);
	Server->Channel = Channel;
	status = VmbChannelEnable(Channel);
	if (NT_SUCCESS(status))
		status = VdiskRestore(Server, Image);
	if (NT_SUCCESS(status))
		return status;
	DbgPrint("vdisk_vsp: the channel was not restored: 0x%08x\n", status);
	return NT_SUCCESS(VdiskOfferAnew(Server)) ? status : STATUS_DEVICE_REMOVED;
}

/* What a bad medium would do. */
static VOID VdiskDamage(PVDISK_IMAGE Image)
{
	PVDISK_CHUNK first = CONTAINING_RECORD(Image->Chunks.Flink, VDISK_CHUNK, Link);

	first->Data[first->Length / 2] ^= 0x10;
}

static NTSTATUS VdiskSaveAndRestore(PVDISK_SERVER Server, BOOLEAN Damaged)
{
	VDISK_IMAGE image;
	VMBCHANNEL fresh;
	NTSTATUS status;

	status = VdiskChannelCreate(Server, &fresh);
	if (!NT_SUCCESS(status))
		return status;
	InitializeListHead(&image.Chunks);
	status = VdiskSave(Server, &image);
	if (NT_SUCCESS(status) && Damaged)
		VdiskDamage(&image);
	if (NT_SUCCESS(status))
		status = VdiskMoveTo(Server, fresh, &image);
	else
		VmbChannelCleanup(fresh);
	VdiskImageFree(&image);
	return status;
}

int VdiskServerRestore(int damaged)
{
	PVDISK_SERVER server = VdiskServerHold();
	NTSTATUS status;

	if (!server)
		return STATUS_DEVICE_NOT_READY;
	VmbChannelPause(server->Channel);
	status = VdiskSaveAndRestore(server, damaged != 0);
	if (!server->Paused)
		VmbChannelStart(server->Channel);
	if (NT_SUCCESS(status))
		VdiskServerCounters.Restores++;
	VdiskServerRelease();
	return status;
}
