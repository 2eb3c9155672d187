// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of a Disabled channel: VmbChannelInitSet* and VmbClientChannelInitSet*.
 *
 * Everything passed in is copied, a second call replaces the first, and a call in any other state
 * changes nothing and returns STATUS_INVALID_PARAMETER_1.
 */
#include <linux/module.h>

#include "channel.h"
#include "nt/utf.h"

#define MAX_RING_PAGES	16384

/* Bytes of the ranges that describe external data within the limits (spec 6.4, X). */
static u64 descriptors(u32 external, u32 chain)
{
	u64 pages = DIV_ROUND_UP((u64)external, KMCL_PAGE_SIZE);

	return 8 + 8 * (u64)chain + 8 * (pages + 2 * (u64)chain);
}

u32 kmcl_config_descriptors(const struct kmcl_config *config)
{
	return descriptors(config->max_external, config->max_chain);
}

/* The largest data packet with its descriptor, without external data. */
u32 kmcl_config_max_packet(const struct kmcl_config *config)
{
	u32 bytes = sizeof(struct kmcl_desc) + kmcl_round8(config->max_packet);

	if (config->flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE)
		bytes += sizeof(struct kmcl_pipe_header);
	return bytes;
}

/* The largest packet with its descriptors and trailer (spec 6.4, M). */
u32 kmcl_config_largest(const struct kmcl_config *config)
{
	return kmcl_config_max_packet(config) + kmcl_config_descriptors(config) +
	       KMCL_TRAILER_SIZE;
}

/* Pages of a ring whose size the driver leaves to us: room for more than 16 of the largest. */
u32 kmcl_config_ring_pages(const struct kmcl_config *config)
{
	u64 least = 16 * (u64)kmcl_config_largest(config);
	u32 pages = 4;

	while ((u64)pages * KMCL_PAGE_SIZE <= least)
		pages *= 2;
	return pages;
}

/* The channel, if it may be configured: it is Disabled and stays so until kmcl_config_end(). */
struct kmcl_channel *kmcl_config_begin(VMBCHANNEL handle)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(handle);

	return ch && kmcl_lifecycle_begin_config(ch) ? ch : NULL;
}

struct kmcl_channel *kmcl_config_begin_endpoint(VMBCHANNEL handle, bool is_server)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(handle);

	return ch && ch->is_server == is_server ? kmcl_config_begin(handle) : NULL;
}

NTSTATUS kmcl_config_end(struct kmcl_channel *ch, NTSTATUS status)
{
	kmcl_lifecycle_end_turn(ch);
	return status;
}

/*
 * Packet objects are sized by these settings, so none may exist when they change; and they change
 * under the lock under which the next packet is counted and sized.
 */
static bool resize(struct kmcl_channel *ch, u32 max_packet, u32 max_external, u32 max_chain)
{
	LIST_HEAD(idle);
	bool in_use;

	spin_lock_bh(&ch->packets.lock);
	kmcl_packets_trim(ch, &idle);
	in_use = ch->packets.used;
	if (!in_use) {
		ch->config.max_packet = max_packet;
		ch->config.max_external = max_external;
		ch->config.max_chain = max_chain;
	}
	spin_unlock_bh(&ch->packets.lock);
	kmcl_packets_free(&idle);
	if (!in_use)
		kmcl_incoming_free_all(ch);
	return !in_use;
}

/**
 * VmbChannelInitSetMaximumPacketSize() - set the largest message of the channel
 * @Channel: Disabled, with no packet allocated
 * @PacketSize: bytes, in both directions, descriptors not counted; 1 to 0x7FFE8; default 4096
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or packets exist;
 * STATUS_INVALID_PARAMETER_2 size out of range.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_MAXIMUM_PACKET_SIZE callback function".
 */
NTSTATUS VmbChannelInitSetMaximumPacketSize(VMBCHANNEL Channel, UINT32 PacketSize)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!PacketSize || PacketSize > KMCL_MESSAGE_MAX)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	if (!resize(ch, PacketSize, ch->config.max_external, ch->config.max_chain))
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_1);
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetMaximumPacketSize);

/**
 * VmbChannelInitSetMaximumExternalData() - set the limits of external data
 * @Channel: Disabled, with no packet allocated
 * @DataSize: largest buffer that an MDL chain describes, in bytes, above 0; default 1 MiB
 * @ChainLength: most MDLs in a chain, above 0; default 16
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or packets exist;
 * STATUS_INVALID_PARAMETER_2 or _3 a value of 0; _2 also if the descriptors alone exceed the
 * largest packet.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_MAXIMUM_EXTERNAL_DATA callback function".
 */
NTSTATUS VmbChannelInitSetMaximumExternalData(VMBCHANNEL Channel, UINT32 DataSize,
					      UINT32 ChainLength)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!DataSize)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	if (!ChainLength)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_3);
	if (sizeof(struct kmcl_desc) + descriptors(DataSize, ChainLength) > KMCL_PACKET_MAX)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	if (!resize(ch, ch->config.max_packet, DataSize, ChainLength))
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_1);
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetMaximumExternalData);

/**
 * VmbChannelInitSetClientContextSize() - set the size of the driver's context of a packet
 * @Channel: Disabled
 * @ContextSize: bytes
 *
 * Stored and otherwise unused: version V1 of the interface has no function to get at the context.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid or not Disabled.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_CLIENT_CONTEXT_SIZE callback function".
 */
NTSTATUS VmbChannelInitSetClientContextSize(VMBCHANNEL Channel, UINT32 ContextSize)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	ch->config.client_context = ContextSize;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetClientContextSize);

/**
 * VmbChannelInitSetProcessPacketCallbacks() - set the packet callbacks
 * @Channel: Disabled
 * @ProcessPacketCallback: called for every incoming packet, up to DISPATCH_LEVEL
 * @ProcessingCompleteCallback: called after each batch; may be NULL
 *
 * Without this call incoming packets are completed with no payload.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid or not Disabled;
 * STATUS_INVALID_PARAMETER_2 no packet callback.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_PROCESS_PACKET_CALLBACKS callback function".
 */
NTSTATUS
VmbChannelInitSetProcessPacketCallbacks(VMBCHANNEL Channel,
					PFN_VMB_CHANNEL_PROCESS_PACKET ProcessPacketCallback,
					PFN_VMB_CHANNEL_PROCESSING_COMPLETE
						ProcessingCompleteCallback)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!ProcessPacketCallback)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	ch->config.process_packet = ProcessPacketCallback;
	ch->config.processing_complete = ProcessingCompleteCallback;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetProcessPacketCallbacks);

/**
 * VmbChannelInitSetStateChangeCallbacks() - set the state callbacks
 * @Channel: Disabled
 * @StateChangeCallbacks: from VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(), any member may be NULL;
 *	copied
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid or not Disabled;
 * STATUS_INVALID_PARAMETER_2 NULL, or wrong Version or Size.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_STATE_CHANGE_CALLBACKS callback function".
 */
NTSTATUS
VmbChannelInitSetStateChangeCallbacks(VMBCHANNEL Channel,
				      PVMB_CHANNEL_STATE_CHANGE_CALLBACKS StateChangeCallbacks)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!StateChangeCallbacks || StateChangeCallbacks->Version != 1 ||
	    StateChangeCallbacks->Size != sizeof(*StateChangeCallbacks))
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	ch->config.callbacks = *StateChangeCallbacks;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetStateChangeCallbacks);

/**
 * VmbChannelInitSetFriendlyName() - name the channel for logs and traces
 * @Channel: Disabled
 * @Name: short and descriptive; the first 64 UTF-16 units are kept
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid or not Disabled;
 * STATUS_INVALID_PARAMETER_2 NULL, odd length, or a length without a buffer.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_FRIENDLY_NAME callback function".
 */
NTSTATUS VmbChannelInitSetFriendlyName(VMBCHANNEL Channel, PCUNICODE_STRING Name)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);
	u32 units;

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!Name || Name->Length % sizeof(WCHAR) || (Name->Length && !Name->Buffer))
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	units = min_t(u32, Name->Length / sizeof(WCHAR), KMCL_NAME_MAX);
	kmcl_view_remove(ch);
	ch->name[kmcl_utf16_to_utf8(ch->name, sizeof(ch->name) - 1, Name->Buffer, units)] = 0;
	kmcl_view_add(ch);
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetFriendlyName);

/**
 * VmbChannelInitSetFlags() - set the channel's flags
 * @Channel: Disabled
 * @Flags: VMBUS_CHANNEL_INIT_FLAG_IS_PIPE or 0; replaces the flags set before
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid or not Disabled;
 * STATUS_INVALID_PARAMETER_2 unknown flags.
 *
 * Microsoft: "FN_VMB_CHANNEL_INIT_SET_FLAGS callback function".
 */
NTSTATUS VmbChannelInitSetFlags(VMBCHANNEL Channel, UINT32 Flags)
{
	struct kmcl_channel *ch = kmcl_config_begin(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_CHANNEL_INIT_FLAGS)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	ch->config.flags = Flags;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbChannelInitSetFlags);

/**
 * VmbClientChannelInitSetRingBufferPageCount() - set the sizes of the rings
 * @Channel: a Disabled client
 * @IncomingPageCount: data pages of 4096 bytes, up to 16384; 0: derived from the packet limits
 * @OutgoingPageCount: likewise
 *
 * A count that is set is never reduced: if there is no memory for it the channel does not open.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a server;
 * STATUS_INVALID_PARAMETER_2 or _3 count out of range.
 *
 * Microsoft: "FN_VMB_CLIENT_CHANNEL_INIT_SET_RING_BUFFER_PAGE_COUNT callback function".
 */
NTSTATUS VmbClientChannelInitSetRingBufferPageCount(VMBCHANNEL Channel, UINT32 IncomingPageCount,
						    UINT32 OutgoingPageCount)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, false);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (IncomingPageCount > MAX_RING_PAGES)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	if (OutgoingPageCount > MAX_RING_PAGES)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_3);
	ch->config.in_pages = IncomingPageCount;
	ch->config.out_pages = OutgoingPageCount;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbClientChannelInitSetRingBufferPageCount);

/**
 * VmbClientChannelInitSetTargetPnp() - name the device to connect to
 * @Channel: a Disabled client
 * @InterfaceType: the protocol, a VMBus device class; copied
 * @InterfaceInstance: one device of that class; NULL for any
 * @PnpFailureCallback: called at PASSIVE_LEVEL when a connect fails after VmbChannelEnable() has
 *	returned; may be NULL
 *
 * From the first VmbChannelEnable() until VmbChannelCleanup() devices of this class that no driver
 * has are bound to KMCL. A device that another driver has is never taken from it.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid, not Disabled, or a server;
 * STATUS_INVALID_PARAMETER_2 no type.
 *
 * Microsoft: "FN_VMB_CLIENT_CHANNEL_INIT_SET_TARGET_PNP callback function".
 */
NTSTATUS VmbClientChannelInitSetTargetPnp(VMBCHANNEL Channel, LPCGUID InterfaceType,
					  LPCGUID InterfaceInstance,
					  PFN_VMB_CHANNEL_PNP_FAILURE PnpFailureCallback)
{
	struct kmcl_channel *ch = kmcl_config_begin_endpoint(Channel, false);
	struct kmcl_config *config;

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!InterfaceType)
		return kmcl_config_end(ch, STATUS_INVALID_PARAMETER_2);
	kmcl_lifecycle_unwatch(ch);
	config = &ch->config;
	config->has_target = true;
	config->any_instance = !InterfaceInstance;
	memcpy(&config->type, InterfaceType, sizeof(config->type));
	if (InterfaceInstance)
		memcpy(&config->instance, InterfaceInstance, sizeof(config->instance));
	else
		memset(&config->instance, 0, sizeof(config->instance));
	config->pnp_failure = PnpFailureCallback;
	return kmcl_config_end(ch, STATUS_SUCCESS);
}
EXPORT_SYMBOL_GPL(VmbClientChannelInitSetTargetPnp);
