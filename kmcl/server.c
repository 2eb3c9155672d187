// SPDX-License-Identifier: GPL-2.0-only
/* What only servers have: their configuration, and mappings of their client's GPADLs. */
#include <linux/module.h>

#include "channel.h"

/**
 * VmbServerChannelInitSetTargetInterfaceId() - name the device that the server offers
 * @Channel: a Disabled server
 * @InterfaceType: the protocol, a VMBus device class
 * @InterfaceInstance: this device
 *
 * Required before VmbChannelEnable().
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a client.
 *
 * Microsoft: "FN_VMB_SERVER_CHANNEL_INIT_SET_TARGET_INTERFACE_ID callback function".
 */
NTSTATUS VmbServerChannelInitSetTargetInterfaceId(VMBCHANNEL Channel, GUID InterfaceType,
						  GUID InterfaceInstance)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, true);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	ch->config.type = InterfaceType;
	ch->config.instance = InterfaceInstance;
	ch->config.has_target = true;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbServerChannelInitSetTargetInterfaceId);

/**
 * VmbServerChannelInitSetMmioMegabytes() - have address space reserved for the client
 * @Channel: a Disabled server
 * @MmioMegabytes: how much it needs
 * @MmioMegabytesOptional: how much more would be good
 *
 * On the local bus this is memory that both sides can map, by MmMapIoSpace() or memremap(),
 * contiguous, up to 4 MiB; what is optional is not provided there.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a client;
 * STATUS_INVALID_PARAMETER both are 0.
 *
 * Microsoft: "FN_VMB_SERVER_CHANNEL_INIT_SET_MMIO_MEGABYTES callback function".
 */
NTSTATUS VmbServerChannelInitSetMmioMegabytes(VMBCHANNEL Channel, UINT16 MmioMegabytes,
					      UINT16 MmioMegabytesOptional)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, true);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!MmioMegabytes && !MmioMegabytesOptional)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER);
	ch->config.mmio_megabytes = MmioMegabytes;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbServerChannelInitSetMmioMegabytes);

/**
 * VmbServerChannelInitSetTargetVtl() - choose the virtual trust level of the clients
 * @Channel: a Disabled server
 * @TargetVtl: 0, 1 or 2. The local bus has level 0 only
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a client;
 * STATUS_INVALID_PARAMETER_2 no such level. A level that the bus does not have makes
 * VmbChannelEnable() return STATUS_NOT_SUPPORTED.
 *
 * Microsoft: "FN_VMB_SERVER_CHANNEL_INIT_SET_TARGET_VTL callback function".
 */
NTSTATUS VmbServerChannelInitSetTargetVtl(VMBCHANNEL Channel, UINT8 TargetVtl)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, true);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (TargetVtl > 2)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	ch->config.vtl = TargetVtl;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbServerChannelInitSetTargetVtl);

/**
 * VmbServerChannelInitSetFlags() - set the server's flags
 * @Channel: a Disabled server
 * @Flags: VMBUS_SERVER_CHANNEL_INIT_FLAG_*; replaces the flags set before
 *
 * LOOPBACK_OFFER offers the channel on the local bus even if it has a VMBus handle.
 * OFFER_AS_PIPE and ENUMERATE_DEVICE_INTERFACE offer it to programs as well, as the character
 * device /dev/kmcl/TYPE/INSTANCE: a program that opens it is the client, and its messages travel
 * with pipe headers, which the server's library takes off and puts on if IS_PIPE is set.
 * FORCE_NEW_CHANNEL drops the client of a saved server of this id, if one waits to be restored, and
 * one that is saved itself leaves no client behind. TLNPI_PROVIDER_OFFER makes VmbChannelEnable()
 * return STATUS_NOT_SUPPORTED: no bus has sockets.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a client;
 * STATUS_INVALID_PARAMETER_2 unknown flags.
 *
 * Microsoft: "FN_VMB_SERVER_CHANNEL_INIT_SET_FLAGS callback function".
 */
NTSTATUS VmbServerChannelInitSetFlags(VMBCHANNEL Channel, UINT32 Flags)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, true);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_SERVER_CHANNEL_INIT_FLAGS)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	ch->config.server_flags = Flags;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbServerChannelInitSetFlags);

/**
 * VmbServerChannelInitSetVmbusHandle() - choose the bus on which the server is offered
 * @Channel: a Disabled server
 * @VmbusHandle: NULL: the local bus of this kernel. No other handle exists: this kernel serves no
 *	partitions, see VmbConvertVmbusHandleToKernelHandle()
 *
 * Context: any thread, PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a client;
 * STATUS_INVALID_PARAMETER_2 not such a handle.
 *
 * Microsoft: "FN_VMB_SERVER_CHANNEL_INIT_SET_VMBUS_HANDLE callback function".
 */
NTSTATUS VmbServerChannelInitSetVmbusHandle(VMBCHANNEL Channel, HANDLE VmbusHandle)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, true);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (VmbusHandle)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbServerChannelInitSetVmbusHandle);

/**
 * VmbServerChannelInitSetSaveRestorePacketCallbacks() - set what saves and restores packets
 * @Channel: a Disabled server
 * @SavePacketCallback: called for each packet in use by VmbChannelSaveContinue()
 * @RestorePacketCallback: called for each of them by VmbChannelRestoreFromBuffer()
 *
 * Without them a channel can be saved only while no packet is in use.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a client;
 * STATUS_INVALID_PARAMETER_2 or _3 no callback.
 *
 * Microsoft: "FN_VMB_SERVER_CHANNEL_INIT_SET_SAVE_RESTORE_PACKET_CALLBACKS callback function".
 */
NTSTATUS
VmbServerChannelInitSetSaveRestorePacketCallbacks(VMBCHANNEL Channel,
						  PFN_VMB_CHANNEL_SAVE_PACKET SavePacketCallback,
						  PFN_VMB_CHANNEL_RESTORE_PACKET
							RestorePacketCallback)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, true);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!SavePacketCallback)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	if (!RestorePacketCallback)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_3);
	ch->config.save_packet = SavePacketCallback;
	ch->config.restore_packet = RestorePacketCallback;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbServerChannelInitSetSaveRestorePacketCallbacks);

/**
 * VmbConvertVmbusHandleToKernelHandle() - get a kernel handle of a partition
 * @VmbusHandle: file descriptor of a partition object, in the context of its process
 * @KernelHandle: would receive the handle
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_NOT_SUPPORTED: this kernel serves no partitions; STATUS_INVALID_PARAMETER no
 * @KernelHandle.
 *
 * Microsoft: "FN_VMB_CONVERT_VMBUS_HANDLE_TO_KERNEL_HANDLE callback function".
 */
NTSTATUS VmbConvertVmbusHandleToKernelHandle(HANDLE VmbusHandle, PHANDLE KernelHandle)
{
	return KernelHandle ? STATUS_NOT_SUPPORTED : STATUS_INVALID_PARAMETER;
}
EXPORT_SYMBOL_GPL(VmbConvertVmbusHandleToKernelHandle);

static NTSTATUS status_of_map(int err)
{
	switch (err) {
	case 0:
		return STATUS_SUCCESS;
	case -ENOENT:
		return STATUS_INVALID_PARAMETER_3;
	case -EACCES:
		return STATUS_ACCESS_DENIED;
	case -EBUSY:
		return STATUS_INVALID_DEVICE_REQUEST;
	default:
		return STATUS_INSUFFICIENT_RESOURCES;
	}
}

/**
 * VmbChannelMapGpadl() - map a client's GPADL
 * @Channel: an open server, from inside EvtChannelOpened until closing begins
 * @Flags: VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY: map for reading; 0: for writing too
 * @GpadlHandle: the number that the client has told
 * @Mdl: receives an MDL of locked pages without a virtual address; the library's, valid until
 *	VmbChannelUnmapGpadl()
 *
 * One mapping per GPADL at a time.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid channel or a client;
 * STATUS_INVALID_PARAMETER_2 unknown flags; STATUS_INVALID_PARAMETER_3 unknown GPADL;
 * STATUS_INVALID_PARAMETER no @Mdl; STATUS_ACCESS_DENIED writing to a read-only one;
 * STATUS_INVALID_DEVICE_REQUEST mapped already; STATUS_INVALID_DEVICE_STATE not open;
 * STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "FN_VMB_CHANNEL_MAP_GPADL callback function".
 */
NTSTATUS VmbChannelMapGpadl(VMBCHANNEL Channel, UINT32 Flags, UINT32 GpadlHandle, PMDL *Mdl)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	bool read_only = Flags & VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;
	int err;

	if (!ch || !ch->is_server)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_CHANNEL_GPADL_FLAGS)
		return STATUS_INVALID_PARAMETER_2;
	if (!Mdl)
		return STATUS_INVALID_PARAMETER;
	if (!kmcl_connection_hold_new(ch))
		return STATUS_INVALID_DEVICE_STATE;
	err = ch->offer->bus->ops->map_gpadl(ch->offer, GpadlHandle, read_only, Mdl);
	kmcl_connection_release(ch);
	return status_of_map(err);
}
EXPORT_SYMBOL_GPL(VmbChannelMapGpadl);

/**
 * VmbChannelUnmapGpadl() - end a mapping
 * @Channel: the server that mapped it
 * @GpadlHandle: the GPADL; one that is not mapped changes nothing, with a warning
 *
 * The driver must be done with the memory: the MDL is invalid afterwards, and the client may free
 * the pages. Required for every mapping inside EvtChannelClosed at the latest.
 *
 * Context: PASSIVE_LEVEL.
 *
 * Microsoft: "FN_VMB_CHANNEL_UNMAP_GPADL callback function".
 */
VOID VmbChannelUnmapGpadl(VMBCHANNEL Channel, UINT32 GpadlHandle)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	bool was_mapped;

	if (KMCL_MISUSE(!ch || !ch->is_server, "invalid channel"))
		return;
	if (KMCL_MISUSE(!kmcl_connection_hold(ch), "the channel is not open"))
		return;
	was_mapped = ch->offer->bus->ops->unmap_gpadl(ch->offer, GpadlHandle);
	kmcl_connection_release(ch);
	KMCL_MISUSE(!was_mapped, "not mapped");
}
EXPORT_SYMBOL_GPL(VmbChannelUnmapGpadl);
