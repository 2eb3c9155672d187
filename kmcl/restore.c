// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restoring a server channel: VmbChannelRestoreFromBuffer, VmbPacketRestore.
 *
 * The chunks are copied and checked as they come, and nothing is done with them before all are
 * there and fit the channel. Then the channel takes the client that the saved one has left, has
 * the driver make its packets anew, and opens where the saved one stopped. If any of that fails
 * the client is given back, and another try may follow.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "channel.h"
#include "report.h"
#include "saved.h"

/* What one call has brought. */
struct buffer {
	struct list_head node;
	u32 length;
	u8 data[] __aligned(8);
};

/* Each takes a whole incoming packet's memory. A client that is not a liar has fewer requests. */
#define REPLIES_MAX	4096u

/* More than any channel has outstanding. A save comes from somewhere else: it may never end. */
#define SAVE_MAX	(64u << 20)

struct kmcl_restore {
	struct list_head buffers;
	u32 bytes;		/* in them */
	u32 replies;
	struct kmcl_saved_reader reader;
	struct kmcl_saved_channel channel;

	/* while it is carried out */
	bool opening;
	struct kmcl_incoming *held;
	struct list_head txns;
	const struct kmcl_saved_item *item;	/* the packet that the driver restores */
	bool item_restored;
};

void kmcl_restore_free(struct kmcl_channel *ch)
{
	struct kmcl_restore *restore = ch->restore;
	struct buffer *buffer, *next;

	if (!restore)
		return;
	list_for_each_entry_safe(buffer, next, &restore->buffers, node)
		kvfree(buffer);
	kfree(restore);
	ch->restore = NULL;
}

/* ---- collecting ---- */

static struct kmcl_restore *get_restore(struct kmcl_channel *ch)
{
	struct kmcl_restore *restore = ch->restore;

	if (restore)
		return restore;
	restore = kzalloc(sizeof(*restore), GFP_KERNEL);
	if (!restore)
		return NULL;
	INIT_LIST_HEAD(&restore->buffers);
	INIT_LIST_HEAD(&restore->txns);
	ch->restore = restore;
	return restore;
}

/* All chunks of a buffer. Return: what is wrong with them. */
static enum kmcl_saved_fault check_buffer(struct kmcl_restore *restore,
					  const struct buffer *buffer)
{
	enum kmcl_saved_fault fault = KMCL_SAVED_GOOD;
	struct kmcl_saved_item item;
	u32 at;

	for (at = 0; at < buffer->length; at += item.length) {
		fault = kmcl_saved_read(&restore->reader, buffer->data + at, buffer->length - at,
					&item);
		if (fault)
			break;
		if (item.type == KMCL_SAVED_CHANNEL)
			restore->channel = item.channel;
		cond_resched();
	}
	return fault;
}

static NTSTATUS collect(struct kmcl_channel *ch, const void *data, u32 length)
{
	struct kmcl_restore *restore = get_restore(ch);
	enum kmcl_saved_fault fault;
	struct buffer *buffer;

	if (!restore || length > SAVE_MAX - restore->bytes)
		return STATUS_INSUFFICIENT_RESOURCES;
	restore->bytes += length;
	buffer = kvmalloc(sizeof(*buffer) + (size_t)length, GFP_KERNEL);
	if (!buffer)
		return STATUS_INSUFFICIENT_RESOURCES;
	buffer->length = length;
	memcpy(buffer->data, data, length);
	list_add_tail(&buffer->node, &restore->buffers);

	fault = check_buffer(restore, buffer);
	if (fault) {
		kmcl_tell("channel %s: not restored: %s in chunk %u\n", ch->name,
			  kmcl_saved_fault_name(fault), restore->reader.chunks);
		return STATUS_INVALID_PARAMETER;
	}
	return restore->reader.complete ? STATUS_SUCCESS : STATUS_MORE_PROCESSING_REQUIRED;
}

typedef NTSTATUS (*visit_fn)(struct kmcl_channel *ch, const struct kmcl_saved_item *item);

/* Every chunk in order, until one fails. They have been checked. */
static NTSTATUS visit_items(struct kmcl_channel *ch, visit_fn visit)
{
	struct kmcl_saved_reader reader = { };
	NTSTATUS status = STATUS_SUCCESS;
	struct kmcl_saved_item item;
	struct buffer *buffer;
	u32 at;

	list_for_each_entry(buffer, &ch->restore->buffers, node) {
		for (at = 0; at < buffer->length && NT_SUCCESS(status); at += item.length) {
			if (kmcl_saved_read(&reader, buffer->data + at, buffer->length - at, &item))
				return STATUS_INVALID_PARAMETER;
			status = visit(ch, &item);
			cond_resched();
		}
	}
	return status;
}

/* ---- does it fit? ---- */

static bool is_pipe(const struct kmcl_channel *ch)
{
	return ch->config.flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE;
}

static bool channel_fits(const struct kmcl_channel *ch, const struct kmcl_saved_channel *saved)
{
	const struct kmcl_config *config = &ch->config;

	return !memcmp(saved->interface_type, &config->type, sizeof(config->type)) &&
	       !memcmp(saved->interface_instance, &config->instance, sizeof(config->instance)) &&
	       !(saved->flags & KMCL_SAVED_PIPE) == !is_pipe(ch);
}

static bool held_fits(const struct kmcl_channel *ch, const struct kmcl_saved_packet *packet)
{
	return packet->message <= kmcl_round8(ch->config.max_packet) &&
	       packet->extra <= kmcl_config_descriptors(&ch->config) &&
	       !(is_pipe(ch) && packet->flags & KMCL_SAVED_EXTERNAL);
}

static bool queued_fits(const struct kmcl_channel *ch, const struct kmcl_saved_packet *packet)
{
	if (!is_pipe(ch))
		return packet->message <= ch->config.max_packet;
	return packet->message <= ch->config.max_packet + sizeof(struct kmcl_pipe_header) &&
	       !(packet->flags & KMCL_SAVED_WANTS_COMPLETION);
}

static NTSTATUS fits(struct kmcl_channel *ch, const struct kmcl_saved_item *item)
{
	bool good = true;

	switch (item->type) {
	case KMCL_SAVED_CHANNEL:
		good = channel_fits(ch, &item->channel);
		break;
	case KMCL_SAVED_HELD:
		good = held_fits(ch, &item->packet);
		break;
	case KMCL_SAVED_QUEUED:
		good = queued_fits(ch, &item->packet);
		break;
	case KMCL_SAVED_REPLY:
		good = item->packet.message <= ch->config.max_packet &&
		       ch->restore->replies++ < REPLIES_MAX;
		break;
	default:
		break;
	}
	if (!good)
		return STATUS_INVALID_PARAMETER;
	if ((item->type == KMCL_SAVED_ON_WIRE || item->type == KMCL_SAVED_QUEUED) &&
	    !ch->config.restore_packet)
		return STATUS_NOT_SUPPORTED;
	return STATUS_SUCCESS;
}

/* ---- making packets anew ---- */

static NTSTATUS make_held(struct kmcl_channel *ch, const struct kmcl_saved_item *item)
{
	const struct kmcl_saved_packet *packet = &item->packet;
	struct kmcl_incoming *in = kmcl_incoming_get(ch, GFP_KERNEL);

	if (!in)
		return STATUS_INSUFFICIENT_RESOURCES;
	memcpy(in->body, item->message, packet->message);
	in->length = packet->message;
	in->trans_id = packet->id;
	in->wants_completion = packet->flags & KMCL_SAVED_WANTS_COMPLETION;
	in->external = packet->flags & KMCL_SAVED_EXTERNAL;
	if (in->external)
		kmcl_received_make(in, item->extra, packet->extra);
	WRITE_ONCE(in->state, KMCL_INCOMING_HELD);
	ch->restore->held = in;
	return STATUS_SUCCESS;
}

static NTSTATUS make_reply(struct kmcl_channel *ch, const struct kmcl_saved_item *item)
{
	struct kmcl_incoming *in = kmcl_incoming_get(ch, GFP_KERNEL);

	if (!in)
		return STATUS_INSUFFICIENT_RESOURCES;
	WRITE_ONCE(in->state, KMCL_INCOMING_REPLYING);
	kmcl_tx_rebuild(&in->reply, KMCL_PKT_COMPLETION, 0, item->message, item->packet.message);
	in->reply.desc.trans_id = item->packet.id;
	list_add_tail(&in->reply.link, &ch->restore->txns);
	return STATUS_SUCCESS;
}

/* The driver makes a packet and calls VmbPacketRestore(). */
static NTSTATUS have_driver_make(struct kmcl_channel *ch, const struct kmcl_saved_item *item)
{
	struct kmcl_restore *restore = ch->restore;
	NTSTATUS status;

	restore->item = item;
	restore->item_restored = false;
	status = ch->config.restore_packet(kmcl_channel_handle(ch), (PVOID)item->body,
					   item->body_length,
					   item->packet.extra ? (PVOID)item->extra : NULL,
					   item->packet.extra);
	restore->item = NULL;
	if (NT_SUCCESS(status) && !restore->item_restored)
		status = STATUS_UNSUCCESSFUL;
	return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
}

static NTSTATUS make(struct kmcl_channel *ch, const struct kmcl_saved_item *item)
{
	switch (item->type) {
	case KMCL_SAVED_HELD:
		return make_held(ch, item);
	case KMCL_SAVED_REPLY:
		return make_reply(ch, item);
	case KMCL_SAVED_ON_WIRE:
	case KMCL_SAVED_QUEUED:
		return have_driver_make(ch, item);
	default:
		return STATUS_SUCCESS;
	}
}

/* In flight from here on: it completes as the saved packet would have. */
static NTSTATUS restore_packet(struct kmcl_restore *restore, struct kmcl_packet *packet)
{
	const struct kmcl_saved_item *item = restore->item;
	bool on_wire = item->type == KMCL_SAVED_ON_WIRE;

	if (!packet->routine || restore->item_restored)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (item->packet.message > packet->capacity)
		return STATUS_INVALID_PARAMETER;
	if (cmpxchg(&packet->state, KMCL_PACKET_IDLE,
		    on_wire ? KMCL_PACKET_ON_WIRE : KMCL_PACKET_QUEUED) != KMCL_PACKET_IDLE)
		return STATUS_INVALID_DEVICE_REQUEST;
	packet->wants_completion = on_wire || item->packet.flags & KMCL_SAVED_WANTS_COMPLETION;
	packet->external = false;
	kmcl_tx_rebuild(&packet->txn, KMCL_PKT_DATA_INBAND,
			packet->wants_completion ? KMCL_DESC_FLAG_COMPLETION_REQUESTED : 0,
			item->message, item->packet.message);
	packet->txn.desc.trans_id = item->packet.id;
	list_add_tail(&packet->txn.link, &restore->txns);
	restore->item_restored = true;
	return STATUS_SUCCESS;
}

/**
 * VmbPacketRestore() - make a packet the one that was saved
 * @PacketObject: from VmbPacketAllocate() for the channel that is restored, idle, with the
 *	completion routine that is to be called
 * @Buffer: LibBuf of EvtVmbChannelRestorePacket
 * @BufferSize: LibBufSize
 *
 * The packet is then in flight: its completion routine runs once, when the client completes the
 * saved packet or when the channel closes; with STATUS_DEVICE_REMOVED, before
 * VmbChannelRestoreFromBuffer() returns, if that fails in the end.
 *
 * Context: EvtVmbChannelRestorePacket, once in each call.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid packet; STATUS_INVALID_DEVICE_REQUEST
 * elsewhere or a second time, or the packet is in flight or has no completion routine;
 * STATUS_INVALID_PARAMETER not what the callback was given, or the packet has no room for it.
 *
 * Microsoft: "FN_VMB_PACKET_RESTORE callback function".
 */
NTSTATUS VmbPacketRestore(VMBPACKET PacketObject, PVOID Buffer, ULONG BufferSize)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(PacketObject);
	struct kmcl_restore *restore;

	if (!packet)
		return STATUS_INVALID_PARAMETER_1;
	if (READ_ONCE(packet->ch->transition) != current)
		return STATUS_INVALID_DEVICE_REQUEST;
	restore = packet->ch->restore;
	if (!restore || !restore->item)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (Buffer != restore->item->body || BufferSize != restore->item->body_length)
		return STATUS_INVALID_PARAMETER;
	return restore_packet(restore, packet);
}
EXPORT_SYMBOL_GPL(VmbPacketRestore);

/* ---- carrying it out ---- */

/* The rings are there: go on where the saved channel was. */
void kmcl_restore_link(struct kmcl_channel *ch)
{
	struct kmcl_restore *restore = ch->restore;

	if (!restore || !restore->opening)
		return;
	kmcl_ring_resume_receiving(&ch->link.in, restore->channel.in_index);
	kmcl_ring_resume_sending(&ch->link.out, restore->channel.out_index);
	ch->rx.failed = restore->channel.flags & KMCL_SAVED_STOPPED;
	ch->rx.held = restore->held;
	restore->held = NULL;
}

/* EvtChannelOpened has succeeded: nothing can fail any more. */
void kmcl_restore_sends(struct kmcl_channel *ch)
{
	struct kmcl_restore *restore = ch->restore;

	if (restore && restore->opening)
		kmcl_tx_restore(ch, &restore->txns, restore->channel.last_id);
}

/* It has failed: what was made goes, and the driver's packets complete. */
static void unmake(struct kmcl_channel *ch)
{
	struct kmcl_restore *restore = ch->restore;

	if (restore->held)
		kmcl_incoming_put(restore->held);
	restore->held = NULL;
	kmcl_tx_flush_list(ch, &restore->txns);
}

static NTSTATUS restore_closed(struct kmcl_channel *ch)
{
	NTSTATUS status = visit_items(ch, make);

	if (NT_SUCCESS(status))
		kmcl_tx_restore(ch, &ch->restore->txns, ch->restore->channel.last_id);
	else
		unmake(ch);
	return status;
}

static NTSTATUS make_and_open(struct kmcl_channel *ch)
{
	NTSTATUS status = visit_items(ch, make);

	if (!NT_SUCCESS(status))
		return status;
	ch->restore->opening = true;
	return kmcl_lifecycle_in_turn(ch, KMCL_EVENT_OPEN);
}

static NTSTATUS restore_open(struct kmcl_channel *ch)
{
	const struct kmcl_saved_channel *saved = &ch->restore->channel;
	struct kmcl_offer *own = ch->offer, *taken;
	const struct kmcl_bus_ops *ops = own->bus->ops;
	u64 save = ch->restore->reader.save;
	NTSTATUS status;

	taken = ops->take(own, save, saved->in_size, saved->out_size);
	if (IS_ERR(taken))
		return PTR_ERR(taken) == -EINVAL ? STATUS_INVALID_PARAMETER : STATUS_DEVICE_REMOVED;
	kmcl_end_move(own, taken);

	/* If it does not open in the end, the client stays for another try. */
	ch->saved_as = save;
	status = make_and_open(ch);
	ch->saved_as = 0;
	if (NT_SUCCESS(status)) {
		ops->unserve(own);
		return STATUS_SUCCESS;
	}
	unmake(ch);
	kmcl_end_move(taken, own);
	ops->give_back(taken, own);
	return status;
}

static NTSTATUS carry_out(struct kmcl_channel *ch)
{
	NTSTATUS status = visit_items(ch, fits);

	if (!NT_SUCCESS(status))
		return status;
	/* Enabling it has dropped the saved connection for a new one. */
	if (ch->config.server_flags & VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL)
		return STATUS_SUCCESS;
	return ch->restore->reader.open ? restore_open(ch) : restore_closed(ch);
}

static bool may_restore(const struct kmcl_channel *ch)
{
	if (ch->save)
		return false;
	return ch->state.phase == KMCL_ENABLED ||
	       (ch->state.phase == KMCL_OPEN &&
		ch->config.server_flags & VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL);
}

static NTSTATUS restore_from(struct kmcl_channel *ch, const void *buffer, u32 size)
{
	NTSTATUS status = STATUS_INVALID_DEVICE_STATE;

	if (may_restore(ch))
		status = collect(ch, buffer, size);
	if (status == STATUS_MORE_PROCESSING_REQUIRED)
		return status;
	if (NT_SUCCESS(status))
		status = carry_out(ch);
	kmcl_restore_free(ch);
	/* From a callback: to our caller it would say that there are more chunks. */
	return status == STATUS_MORE_PROCESSING_REQUIRED ? STATUS_UNSUCCESSFUL : status;
}

/**
 * VmbChannelRestoreFromBuffer() - make a server channel the one that was saved
 * @Channel: a server of the same type and instance, enabled and not open
 * @Buffer: whole chunks, in order; copied
 * @BufferSize: its bytes
 *
 * When the last chunk is there the channel takes over the client of the saved one:
 * EvtVmbChannelRestorePacket for each packet that was in use, EvtChannelOpened, and, if the
 * channel has been started, EvtChannelStarted and EvtChannelPostStarted; otherwise it is paused,
 * as it was saved. GPADLs that the saved server had mapped wait to be mapped again, from inside
 * EvtChannelOpened on. A saved channel that was not open gives its queued packets.
 *
 * Whatever fails, the channel is as before and the client as it was; what was given so far is
 * dropped, and a new try begins with the first chunk. With FORCE_NEW_CHANNEL the chunks are checked
 * and nothing is restored.
 *
 * Context: PASSIVE_LEVEL. Not from callbacks of the channel.
 * Return: STATUS_SUCCESS; STATUS_MORE_PROCESSING_REQUIRED good so far, and there is more;
 * STATUS_INVALID_PARAMETER_1 invalid channel or a client; STATUS_INVALID_PARAMETER no buffer, bad
 * data, or a save that does not fit the channel; STATUS_INVALID_DEVICE_STATE not enabled, open,
 * being saved, or in a callback; STATUS_NOT_SUPPORTED packets without a callback;
 * STATUS_DEVICE_REMOVED the client of this save does not wait any more;
 * STATUS_INSUFFICIENT_RESOURCES, or a save of more than 64 MiB; STATUS_UNSUCCESSFUL
 * EvtVmbChannelRestorePacket has not called VmbPacketRestore(); its status or that of
 * EvtChannelOpened.
 *
 * Microsoft: "FN_VMB_CHANNEL_RESTORE_FROM_BUFFER callback function".
 */
NTSTATUS VmbChannelRestoreFromBuffer(VMBCHANNEL Channel, PVOID Buffer, ULONG BufferSize)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	NTSTATUS status;

	if (!ch || !ch->is_server)
		return STATUS_INVALID_PARAMETER_1;
	if (!Buffer || !BufferSize)
		return STATUS_INVALID_PARAMETER;
	if (!kmcl_lifecycle_take_turn(ch))
		return STATUS_INVALID_DEVICE_STATE;
	status = restore_from(ch, Buffer, BufferSize);
	kmcl_lifecycle_end_turn(ch);
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelRestoreFromBuffer);
