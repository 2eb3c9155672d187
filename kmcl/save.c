// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving a server channel: VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd.
 *
 * A save is of a moment: VmbChannelSaveBegin finds what is outstanding, and from then on nothing
 * of it changes. Nothing is taken from the incoming ring, since the channel is not active; nothing
 * goes into the outgoing one, and what is sent waits behind what is being saved; news of the
 * client waits until VmbChannelSaveEnd.
 *
 * Once all has been written the channel stays like that. A VmbChannelDisable() now leaves the
 * client to the server that restores the save; a VmbChannelStart() goes on here and makes the save
 * worthless, because the rings move on.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "channel.h"
#include "saved.h"

struct kmcl_save {
	u64 name;
	bool over;		/* the channel has been disabled */
	bool start;		/* VmbChannelStart() waits for the end */
	u32 chunks;		/* written so far */
	u32 driver_bytes;	/* of the next packet's state, once known */
	bool asked;
	bool complete;
	unsigned int count;
	struct kmcl_txn **txns;
};

bool kmcl_save_is_under_way(const struct kmcl_channel *ch)
{
	return ch->save && !ch->save->over;
}

void kmcl_save_free(struct kmcl_channel *ch)
{
	if (!ch->save)
		return;
	kvfree(ch->save->txns);
	kfree(ch->save);
	ch->save = NULL;
}

/*
 * The channel goes on as if it had not been saved. Not when just one more save has failed: that
 * leaves the one before it good.
 */
static void thaw(struct kmcl_channel *ch)
{
	ch->saved_as = 0;
	if (ch->state.phase == KMCL_OPEN)
		kmcl_tx_set_gate(ch, KMCL_GATE_OPEN);
}

/**
 * kmcl_save_asked() - the driver asks for a transition
 * @ch: the channel, in its turn
 * @event: which
 *
 * Return: true if it has to wait until the save that is under way has ended.
 */
bool kmcl_save_asked(struct kmcl_channel *ch, enum kmcl_event event)
{
	bool waits = kmcl_save_is_under_way(ch) && event == KMCL_EVENT_START;

	if (!ch->is_server)
		return false;
	if (kmcl_save_is_under_way(ch)) {
		ch->save->start = event == KMCL_EVENT_START;
		ch->save->over = event == KMCL_EVENT_DISABLE;
	}
	if (event == KMCL_EVENT_DISABLE)
		kmcl_restore_free(ch);
	if (event == KMCL_EVENT_START && !waits)
		thaw(ch);
	return waits;
}

/* ---- begin ---- */

static bool may_save(const struct kmcl_channel *ch)
{
	return !ch->save && !ch->state.active &&
	       (ch->state.phase == KMCL_OPEN || ch->state.phase == KMCL_ENABLED);
}

static int by_id(const void *a, const void *b)
{
	const struct kmcl_txn *const *x = a, *const *y = b;

	return (*x)->id.id < (*y)->id.id ? -1 : 1;
}

static bool is_on_wire(const struct kmcl_txn *txn)
{
	return txn->kind == KMCL_TXN_PACKET &&
	       container_of(txn, struct kmcl_packet, txn)->state == KMCL_PACKET_ON_WIRE;
}

static bool needs_driver(const struct kmcl_save *save)
{
	unsigned int i;

	for (i = 0; i < save->count; i++)
		if (save->txns[i]->kind == KMCL_TXN_PACKET)
			return true;
	return false;
}

static NTSTATUS find_outstanding(struct kmcl_channel *ch, struct kmcl_save *save)
{
	unsigned int on_wire = 0;

	save->count = kmcl_tx_freeze(ch);
	save->txns = kvmalloc_array(save->count, sizeof(*save->txns), GFP_KERNEL | __GFP_ZERO);
	if (!save->txns)
		return STATUS_INSUFFICIENT_RESOURCES;
	kmcl_tx_collect(ch, save->txns, save->count);
	while (on_wire < save->count && is_on_wire(save->txns[on_wire]))
		on_wire++;
	sort(save->txns, on_wire, sizeof(*save->txns), by_id, NULL);
	if (needs_driver(save) && !ch->config.save_packet)
		return STATUS_NOT_SUPPORTED;
	return STATUS_SUCCESS;
}

static NTSTATUS begin(struct kmcl_channel *ch)
{
	NTSTATUS status;

	if (!may_save(ch))
		return STATUS_INVALID_DEVICE_STATE;
	ch->save = kzalloc(sizeof(*ch->save), GFP_KERNEL);
	if (!ch->save)
		return STATUS_INSUFFICIENT_RESOURCES;
	do {
		ch->save->name = get_random_u64();
	} while (!ch->save->name);
	status = find_outstanding(ch, ch->save);
	if (status) {
		kmcl_save_free(ch);
		if (!ch->saved_as)
			thaw(ch);
	}
	return status;
}

/**
 * VmbChannelSaveBegin() - begin to save a server channel
 * @Channel: a server that is enabled and not active: paused, closed, or not yet opened
 *
 * From here on sends are queued, and news of the client waits until VmbChannelSaveEnd(): a client
 * that opens or closes meanwhile waits that long.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid channel or a client;
 * STATUS_INVALID_DEVICE_STATE Disabled or active, in a callback of the channel, or a save is under
 * way; STATUS_NOT_SUPPORTED packets are in use, and there are no callbacks to save them;
 * STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "FN_VMB_CHANNEL_SAVE_BEGIN callback function".
 */
NTSTATUS VmbChannelSaveBegin(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	NTSTATUS status;

	if (!ch || !ch->is_server)
		return STATUS_INVALID_PARAMETER_1;
	if (!kmcl_lifecycle_take_turn(ch))
		return STATUS_INVALID_DEVICE_STATE;
	status = begin(ch);
	kmcl_lifecycle_end_turn(ch);
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelSaveBegin);

/* ---- continue ---- */

/* The next chunk to write. */
struct next {
	enum kmcl_saved_type type;
	struct kmcl_txn *txn;	/* of ON_WIRE, QUEUED and REPLY */
	struct kmcl_incoming *held;
	u32 message;
	u32 extra;
	u32 length;
};

static struct kmcl_packet *packet_of(const struct next *next)
{
	return container_of(next->txn, struct kmcl_packet, txn);
}

static bool is_drivers(const struct next *next)
{
	return next->type == KMCL_SAVED_ON_WIRE || next->type == KMCL_SAVED_QUEUED;
}

static void find_txn(struct next *next, struct kmcl_txn *txn)
{
	next->txn = txn;
	if (is_on_wire(txn)) {
		next->type = KMCL_SAVED_ON_WIRE;
		return;
	}
	next->type = txn->kind == KMCL_TXN_REPLY ? KMCL_SAVED_REPLY : KMCL_SAVED_QUEUED;
	next->message = txn->head + txn->length;
}

static void find_next(struct kmcl_channel *ch, struct next *next)
{
	struct kmcl_save *save = ch->save;
	struct kmcl_incoming *held = ch->rx.held;
	u32 before = 1 + !!held;

	memset(next, 0, sizeof(*next));
	if (!save->chunks) {
		next->type = KMCL_SAVED_CHANNEL;
	} else if (save->chunks < before) {
		next->type = KMCL_SAVED_HELD;
		next->held = held;
		next->message = held->length;
		next->extra = kmcl_received_description(held);
	} else if (save->chunks - before < save->count) {
		find_txn(next, save->txns[save->chunks - before]);
	} else {
		next->type = KMCL_SAVED_END;
	}
}

/* How much the driver wants to save of a packet. With no room at all it fails, and says so. */
static NTSTATUS ask_driver(struct kmcl_channel *ch, const struct next *next)
{
	struct kmcl_save *save = ch->save;
	UINT32 bytes = 0;
	NTSTATUS status;

	if (save->asked)
		return STATUS_SUCCESS;
	status = ch->config.save_packet(kmcl_channel_handle(ch),
					kmcl_packet_handle(packet_of(next)), NULL, 0, &bytes);
	if (!NT_SUCCESS(status) && !bytes)
		return STATUS_UNSUCCESSFUL;
	save->driver_bytes = NT_SUCCESS(status) ? 0 : bytes;
	save->asked = true;
	return STATUS_SUCCESS;
}

static NTSTATUS measure(struct kmcl_channel *ch, struct next *next)
{
	NTSTATUS status;

	if (is_drivers(next)) {
		status = ask_driver(ch, next);
		if (status)
			return status;
		next->extra = ch->save->driver_bytes;
	}
	next->length = kmcl_saved_length(next->type, next->message, next->extra);
	if (next->length)
		return STATUS_SUCCESS;
	/* More than a chunk can be; it may think again. */
	ch->save->asked = false;
	return STATUS_UNSUCCESSFUL;
}

static u8 *write_channel(struct kmcl_channel *ch, u8 *at)
{
	const struct kmcl_config *config = &ch->config;
	struct kmcl_saved_channel body = { .last_id = ch->tx.ids.last };

	memcpy(body.interface_type, &config->type, sizeof(body.interface_type));
	memcpy(body.interface_instance, &config->instance, sizeof(body.interface_instance));
	if (config->flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE)
		body.flags |= KMCL_SAVED_PIPE;
	if (ch->state.phase == KMCL_OPEN) {
		body.flags |= KMCL_SAVED_OPEN;
		if (ch->rx.failed)
			body.flags |= KMCL_SAVED_STOPPED;
		body.in_size = ch->link.in.size;
		body.in_index = ch->link.in.mine;
		body.out_size = ch->link.out.size;
		body.out_index = ch->link.out.mine;
	}
	memcpy(at, &body, sizeof(body));
	return at + sizeof(body);
}

static void describe_packet(const struct next *next, struct kmcl_saved_packet *body)
{
	const struct kmcl_incoming *held = next->held;

	body->message = next->message;
	body->extra = next->extra;
	if (held) {
		body->id = held->trans_id;
		body->flags = (held->wants_completion ? KMCL_SAVED_WANTS_COMPLETION : 0) |
			      (held->external ? KMCL_SAVED_EXTERNAL : 0);
	} else if (next->type == KMCL_SAVED_QUEUED) {
		body->flags = packet_of(next)->wants_completion ? KMCL_SAVED_WANTS_COMPLETION : 0;
	} else {
		body->id = next->txn->desc.trans_id;
	}
}

/* Return: where the second piece of data goes. */
static u8 *write_packet(const struct next *next, u8 *at)
{
	struct kmcl_saved_packet body = { };

	describe_packet(next, &body);
	memcpy(at, &body, sizeof(body));
	at += sizeof(body);
	memcpy(at, next->held ? next->held->body : next->txn->body, next->message);
	at += kmcl_round8(next->message);
	if (next->held)
		kmcl_received_describe(next->held, at);
	return at;
}

/* Return: STATUS_BUFFER_TOO_SMALL if the driver wants more than it has said. */
static NTSTATUS write_driver(struct kmcl_channel *ch, const struct next *next, u8 *at)
{
	struct kmcl_save *save = ch->save;
	UINT32 bytes = next->extra;
	NTSTATUS status;

	if (!next->extra)
		return STATUS_SUCCESS;
	status = ch->config.save_packet(kmcl_channel_handle(ch),
					kmcl_packet_handle(packet_of(next)), at, next->extra,
					&bytes);
	if (NT_SUCCESS(status))
		return STATUS_SUCCESS;
	if (bytes <= next->extra)
		return STATUS_UNSUCCESSFUL;
	save->driver_bytes = bytes;
	return STATUS_BUFFER_TOO_SMALL;
}

static NTSTATUS write_chunk(struct kmcl_channel *ch, const struct next *next, void *at)
{
	struct kmcl_save *save = ch->save;
	struct kmcl_saved_end end = { .chunks = save->chunks + 1 };
	NTSTATUS status = STATUS_SUCCESS;
	u8 *body;

	body = kmcl_saved_begin(at, next->type, next->length, save->name, save->chunks);
	if (next->type == KMCL_SAVED_CHANNEL)
		write_channel(ch, body);
	else if (next->type == KMCL_SAVED_END)
		memcpy(body, &end, sizeof(end));
	else
		body = write_packet(next, body);
	if (is_drivers(next))
		status = write_driver(ch, next, body);
	if (NT_SUCCESS(status))
		kmcl_saved_seal(at);
	return status;
}

/* From here on a close leaves the client to whoever restores this save. */
static void finish(struct kmcl_channel *ch)
{
	ch->save->complete = true;
	if (ch->state.phase == KMCL_OPEN &&
	    !(ch->config.server_flags & VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL))
		ch->saved_as = ch->save->name;
}

static NTSTATUS write_next(struct kmcl_channel *ch, u8 *at, u32 room, ULONG *filled,
			   ULONG *required)
{
	struct kmcl_save *save = ch->save;
	struct next next;
	NTSTATUS status;

	find_next(ch, &next);
	do {
		status = measure(ch, &next);
		if (status)
			return status;
		if (next.length > room) {
			*required = next.length;
			return *filled ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
		}
		status = write_chunk(ch, &next, at);
	} while (status == STATUS_BUFFER_TOO_SMALL);
	if (status)
		return status;

	*filled += next.length;
	save->chunks++;
	save->asked = false;
	if (next.type == KMCL_SAVED_END)
		finish(ch);
	return STATUS_SUCCESS;
}

static NTSTATUS save_on(struct kmcl_channel *ch, u8 *buffer, u32 size, ULONG *filled,
			ULONG *required)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (!kmcl_save_is_under_way(ch))
		return STATUS_INVALID_DEVICE_STATE;
	while (!ch->save->complete && !status)
		status = write_next(ch, buffer + *filled, size - *filled, filled, required);
	return status;
}

/**
 * VmbChannelSaveContinue() - save as much as fits
 * @Channel: after VmbChannelSaveBegin()
 * @SaveBuffer: receives whole chunks
 * @SaveBufferSize: bytes of room, 0 to ask for the first chunk's
 * @BytesFilled: receives the bytes written
 * @BytesRequired: receives the room that the next call needs to make progress; 0 when all is saved
 *
 * Calls EvtVmbChannelSavePacket for every packet in use, in the order of their sending: with no
 * room, to learn what the driver wants to save of it, and if that is anything once more with that
 * much.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS all is saved; STATUS_BUFFER_OVERFLOW something was written, and there is
 * more; STATUS_BUFFER_TOO_SMALL nothing was written; STATUS_INVALID_PARAMETER_1 invalid channel or
 * a client; STATUS_INVALID_PARAMETER no buffer, or nowhere to put the counts;
 * STATUS_INVALID_DEVICE_STATE no save is under way, or in a callback of the channel;
 * STATUS_UNSUCCESSFUL the driver could not save a packet: what was written counts, and the next
 * call tries that packet again.
 *
 * Microsoft: "FN_VMB_CHANNEL_SAVE_CONTINUE callback function".
 */
NTSTATUS VmbChannelSaveContinue(VMBCHANNEL Channel, PVOID SaveBuffer, ULONG SaveBufferSize,
				PULONG BytesFilled, PULONG BytesRequired)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	NTSTATUS status;

	if (!ch || !ch->is_server)
		return STATUS_INVALID_PARAMETER_1;
	if (!BytesFilled || !BytesRequired || (SaveBufferSize && !SaveBuffer))
		return STATUS_INVALID_PARAMETER;
	*BytesFilled = 0;
	*BytesRequired = 0;
	if (!kmcl_lifecycle_take_turn(ch))
		return STATUS_INVALID_DEVICE_STATE;
	status = save_on(ch, SaveBuffer, SaveBufferSize, BytesFilled, BytesRequired);
	kmcl_lifecycle_end_turn(ch);
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelSaveContinue);

/* ---- end ---- */

static void end(struct kmcl_channel *ch)
{
	struct kmcl_save *save = ch->save;
	bool start = !save->over && save->start;

	if (start || (!save->over && !save->complete && !ch->saved_as))
		thaw(ch);
	kmcl_save_free(ch);
	/* The driver has called VmbChannelStart() meanwhile. */
	if (start)
		kmcl_lifecycle_in_turn(ch, KMCL_EVENT_START);
	kmcl_lifecycle_notify(ch);
}

/**
 * VmbChannelSaveEnd() - end a save
 * @Channel: after VmbChannelSaveBegin(); otherwise nothing happens, with a warning
 *
 * If all was saved and the channel is open, VmbChannelDisable() now leaves the client connected:
 * a server of the same type and instance takes it over by VmbChannelRestoreFromBuffer(). If the
 * driver starts the channel instead, it goes on, and the save is worthless; so it is if the client
 * closes. A VmbChannelStart() since VmbChannelSaveBegin() takes effect in here.
 *
 * Context: PASSIVE_LEVEL.
 *
 * Microsoft: "FN_VMB_CHANNEL_SAVE_END callback function".
 */
VOID VmbChannelSaveEnd(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	bool is_saving;

	if (KMCL_MISUSE(!ch || !ch->is_server, "invalid channel"))
		return;
	if (KMCL_MISUSE(!kmcl_lifecycle_take_turn(ch), "in the channel's callback"))
		return;
	is_saving = ch->save;
	if (is_saving)
		end(ch);
	kmcl_lifecycle_end_turn(ch);
	KMCL_MISUSE(!is_saving, "no save is under way");
}
EXPORT_SYMBOL_GPL(VmbChannelSaveEnd);
