// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packet objects: VmbPacketAllocate, VmbPacketFree, VmbPacketInitialize and their properties.
 *
 * A packet brings everything that its transaction needs, so sending it cannot fail for lack of
 * memory: room for one message of the maximum size with its descriptors, and the node of its
 * transaction id. Allocated packets are kept for reuse on the channel, up to a limit, which is a
 * higher one as long as what a burst has left is used again.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "channel.h"
#include "stats.h"

/* Idle packets that a channel keeps for reuse, beside the parked one; of large ones fewer. */
#define CACHED_PACKETS	127u
#define CACHED_LARGE	31u
#define CACHED_BYTES	(1u << 20)

/* After a burst more of them, as long as no TRIM_MS pass in which some were never wanted. */
#define BURST_PACKETS	4095u
#define BURST_BYTES	(16u << 20)
#define TRIM_MS		1000
#define TRIM_BATCH	128u		/* while the lock is held */

/* Stays what it is under packets.lock, and as long as a packet is in use. */
static u32 packet_capacity(const struct kmcl_channel *ch)
{
	const struct kmcl_config *config = &ch->config;

	return kmcl_config_descriptors(config) + kmcl_round8(config->max_packet) +
	       sizeof(struct kmcl_pipe_header);
}

void kmcl_packet_init(struct kmcl_packet *packet, struct kmcl_channel *ch, u32 capacity)
{
	memset(packet, 0, sizeof(*packet));
	packet->magic = KMCL_PACKET_MAGIC;
	packet->ch = ch;
	packet->capacity = capacity;
	INIT_LIST_HEAD(&packet->all);
	INIT_LIST_HEAD(&packet->txn.link);
	INIT_HLIST_NODE(&packet->txn.id.node);
	packet->txn.kind = KMCL_TXN_PACKET;
	packet->txn.body = packet->body;
}

static bool packet_is_idle(struct kmcl_packet *packet)
{
	return READ_ONCE(packet->state) == KMCL_PACKET_IDLE;
}

static struct kmcl_packet *make_packet(struct kmcl_channel *ch, u32 capacity)
{
	struct kmcl_packet *packet;

	packet = kmalloc(sizeof(*packet) + capacity, GFP_ATOMIC | __GFP_NOWARN);
	if (!packet)
		return NULL;
	kmcl_object_made(KMCL_OBJECT_PACKET);
	kmcl_packet_init(packet, ch, capacity);
	return packet;
}

static void free_packet(struct kmcl_packet *packet)
{
	kmcl_object_freed(KMCL_OBJECT_PACKET);
	kfree(packet);
}

/*
 * One that is kept for reuse goes straight to the list of those in use. Where there is none the
 * caller learns the size to make one of; the packet counts already, so the size does not change.
 */
static struct kmcl_packet *take_cached(struct kmcl_channel *ch, u32 *capacity)
{
	struct kmcl_packet *packet;

	spin_lock_bh(&ch->packets.lock);
	ch->packets.used++;
	packet = list_first_entry_or_null(&ch->packets.free, struct kmcl_packet, all);
	if (packet) {
		list_move_tail(&packet->all, &ch->packets.all);
		ch->packets.free_least = min(ch->packets.free_least, --ch->packets.free_count);
	} else {
		*capacity = packet_capacity(ch);
	}
	spin_unlock_bh(&ch->packets.lock);
	return packet;
}

static struct kmcl_packet *add_packet(struct kmcl_channel *ch, u32 capacity)
{
	struct kmcl_packet *packet = make_packet(ch, capacity);

	spin_lock_bh(&ch->packets.lock);
	if (packet)
		list_add_tail(&packet->all, &ch->packets.all);
	else
		ch->packets.used--;
	spin_unlock_bh(&ch->packets.lock);
	return packet;
}

static struct kmcl_packet *take_parked(struct kmcl_channel *ch)
{
	return READ_ONCE(ch->packets.parked) ? xchg(&ch->packets.parked, NULL) : NULL;
}

static bool park(struct kmcl_channel *ch, struct kmcl_packet *packet)
{
	return !READ_ONCE(ch->packets.parked) && !cmpxchg(&ch->packets.parked, NULL, packet);
}

/* What a packet's former life may have left in it that its next one would see. */
static void renew(struct kmcl_packet *packet)
{
	packet->pointer = NULL;
	packet->wants_completion = false;
	packet->external = false;
	packet->state = KMCL_PACKET_IDLE;	/* the default routine leaves it as it was */
	WRITE_ONCE(packet->magic, KMCL_PACKET_MAGIC);
}

/**
 * VmbPacketAllocate() - allocate a packet object
 * @Channel: the channel on which it will be sent
 *
 * The packet can be sent any number of times. Its completion routine is at first one that frees
 * it; a driver that replaces it, or does not send the packet, frees it with VmbPacketFree().
 * Packets that still exist when the channel is cleaned up are reclaimed, with a warning.
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 * Return: the packet; NULL if there is no memory, or with a warning if the handle is invalid.
 *
 * Microsoft: "FN_VMB_PACKET_ALLOCATE callback function".
 */
VMBPACKET VmbPacketAllocate(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	struct kmcl_packet *packet;
	u32 capacity;

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return NULL;
	packet = take_parked(ch) ?: take_cached(ch, &capacity);
	if (packet)
		renew(packet);
	else
		packet = add_packet(ch, capacity);
	if (!packet)
		return NULL;
	packet->allocated = true;
	packet->routine = kmcl_packet_free_routine;
	return kmcl_packet_handle(packet);
}
EXPORT_SYMBOL_GPL(VmbPacketAllocate);

/* All packets of a channel are of one size. */
static u32 most_idle(const struct kmcl_packet *packet, u32 most, u32 bytes)
{
	u32 size = sizeof(*packet) + packet->capacity;

	return clamp(bytes / size, CACHED_LARGE, most);
}

/* With packets.lock held. */
static void trim_later(struct kmcl_channel *ch)
{
	ch->packets.trimming = true;
	ch->packets.free_least = ch->packets.free_count;
	mod_delayed_work(kmcl_delivery_wq, &ch->packets.trim, msecs_to_jiffies(TRIM_MS));
}

/* With packets.lock held. Return: is it kept? */
static bool keep(struct kmcl_channel *ch, struct kmcl_packet *packet)
{
	if (ch->packets.free_count >= most_idle(packet, BURST_PACKETS, BURST_BYTES))
		return false;
	list_add(&packet->all, &ch->packets.free);
	ch->packets.free_count++;
	if (!ch->packets.trimming &&
	    ch->packets.free_count > most_idle(packet, CACHED_PACKETS, CACHED_BYTES))
		trim_later(ch);
	return true;
}

static void keep_or_free(struct kmcl_channel *ch, struct kmcl_packet *packet)
{
	bool kept;

	spin_lock_bh(&ch->packets.lock);
	list_del(&packet->all);
	ch->packets.used--;
	kept = keep(ch, packet);
	spin_unlock_bh(&ch->packets.lock);
	if (!kept)
		free_packet(packet);
}

/* An allocated packet's life ends; the object may be kept. */
void kmcl_packet_put_back(struct kmcl_packet *packet)
{
	struct kmcl_channel *ch = packet->ch;

	WRITE_ONCE(packet->magic, 0);
	if (!park(ch, packet))
		keep_or_free(ch, packet);
}

/* The completion routine that an allocated packet starts with. */
VOID kmcl_packet_free_routine(VMBPACKET handle, NTSTATUS status, PVOID buffer, UINT32 length)
{
	kmcl_packet_put_back((struct kmcl_packet *)handle);
}

/**
 * VmbPacketFree() - free a packet object
 * @VmbPacket: from VmbPacketAllocate(), not in flight
 *
 * For packets that were never sent, whose send was refused, or that completed with a routine of
 * the driver's; may be called in that routine. A packet in flight, or one from
 * VmbPacketInitialize(), is left alone with a warning.
 *
 * Context: up to DISPATCH_LEVEL.
 *
 * Microsoft: "FN_VMB_PACKET_FREE callback function".
 */
VOID VmbPacketFree(VMBPACKET VmbPacket)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(VmbPacket);

	if (KMCL_MISUSE(!packet, "invalid packet"))
		return;
	if (KMCL_MISUSE(!packet->allocated, "memory of the driver's"))
		return;
	if (KMCL_MISUSE(!packet_is_idle(packet), "packet in flight"))
		return;
	kmcl_packet_put_back(packet);
}
EXPORT_SYMBOL_GPL(VmbPacketFree);

/**
 * VmbPacketInitialize() - make a packet object of the driver's own memory
 * @Channel: the channel on which it will be sent
 * @VmbPacket: nonpaged memory, 8-byte aligned; its old contents do not matter
 * @ByteCount: its size in bytes, at least VmbChannelSizeofPacket()
 *
 * The memory stays the driver's: it must remain until the packet is not in flight, and there is
 * nothing to undo. A completion routine has to be set before the packet is sent. To initialise a
 * packet that is in flight is an error that cannot be detected.
 *
 * Context: up to DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 for an invalid channel, _2 for memory that is
 * NULL or not aligned, _3 for too little of it.
 *
 * Microsoft: "FN_VMB_PACKET_INITIALIZE callback function".
 */
NTSTATUS VmbPacketInitialize(VMBCHANNEL Channel, VMBPACKET VmbPacket, UINT32 ByteCount)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	struct kmcl_packet *packet = (struct kmcl_packet *)VmbPacket;
	u32 capacity;

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!packet || (uintptr_t)packet % 8)
		return STATUS_INVALID_PARAMETER_2;
	spin_lock_bh(&ch->packets.lock);
	capacity = packet_capacity(ch);
	spin_unlock_bh(&ch->packets.lock);
	if (ByteCount < sizeof(*packet) + capacity)
		return STATUS_INVALID_PARAMETER_3;
	kmcl_packet_init(packet, ch, capacity);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(VmbPacketInitialize);

/**
 * VmbChannelSizeofPacket() - size of a packet object
 * @Channel: the channel
 *
 * Covers the object, one message of the maximum packet size, and the description of external data
 * within the channel's limits; it changes only with those settings.
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 * Return: bytes that VmbPacketInitialize() needs; 0 with a warning for an invalid channel.
 *
 * Microsoft: "FN_VMB_CHANNEL_SIZEOF_PACKET callback function".
 */
UINT32 VmbChannelSizeofPacket(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return 0;
	return sizeof(struct kmcl_packet) + packet_capacity(ch);
}
EXPORT_SYMBOL_GPL(VmbChannelSizeofPacket);

/**
 * VmbPacketSetCompletionRoutine() - set what is called when the packet's transaction is complete
 * @PacketObject: the packet, not in flight
 * @CompletionRoutine: called once per accepted send, up to DISPATCH_LEVEL
 *
 * Context: up to DISPATCH_LEVEL. A packet in flight or a NULL routine changes nothing, with a
 * warning.
 *
 * Microsoft: "FN_VMB_PACKET_SET_COMPLETION_ROUTINE callback function".
 */
VOID VmbPacketSetCompletionRoutine(VMBPACKET PacketObject,
				   PFN_VMB_PACKET_COMPLETION_ROUTINE CompletionRoutine)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(PacketObject);

	if (KMCL_MISUSE(!packet, "invalid packet"))
		return;
	if (KMCL_MISUSE(!CompletionRoutine, "no routine"))
		return;
	if (KMCL_MISUSE(!packet_is_idle(packet), "packet in flight"))
		return;
	packet->routine = CompletionRoutine;
}
EXPORT_SYMBOL_GPL(VmbPacketSetCompletionRoutine);

/**
 * VmbPacketSetPointer() - store the driver's pointer in a packet
 * @PacketObject: the packet
 * @Pointer: anything; never dereferenced, kept over sends and completions
 *
 * Context: up to DISPATCH_LEVEL.
 *
 * Microsoft: "FN_VMB_PACKET_SET_POINTER callback function".
 */
VOID FASTCALL VmbPacketSetPointer(VMBPACKET PacketObject, PVOID Pointer)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(PacketObject);

	if (KMCL_MISUSE(!packet, "invalid packet"))
		return;
	WRITE_ONCE(packet->pointer, Pointer);
}
EXPORT_SYMBOL_GPL(VmbPacketSetPointer);

/**
 * VmbPacketGetPointer() - the driver's pointer in a packet
 * @PacketObject: the packet
 *
 * Context: up to DISPATCH_LEVEL.
 * Return: what VmbPacketSetPointer() stored; NULL before, or with a warning for an invalid packet.
 *
 * Microsoft: "FN_VMB_PACKET_GET_POINTER callback function".
 */
PVOID FASTCALL VmbPacketGetPointer(VMBPACKET PacketObject)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(PacketObject);

	if (KMCL_MISUSE(!packet, "invalid packet"))
		return NULL;
	return READ_ONCE(packet->pointer);
}
EXPORT_SYMBOL_GPL(VmbPacketGetPointer);

/**
 * VmbPacketGetChannel() - the channel of a packet
 * @PacketObject: the packet
 *
 * Context: up to DISPATCH_LEVEL. This is how a completion routine finds its channel.
 * Return: the channel; NULL with a warning for an invalid packet.
 *
 * Microsoft: "FN_VMB_PACKET_GET_CHANNEL callback function".
 */
VMBCHANNEL FASTCALL VmbPacketGetChannel(VMBPACKET PacketObject)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(PacketObject);

	if (KMCL_MISUSE(!packet, "invalid packet"))
		return NULL;
	return kmcl_channel_handle(packet->ch);
}
EXPORT_SYMBOL_GPL(VmbPacketGetChannel);

void kmcl_packets_free(struct list_head *packets)
{
	struct kmcl_packet *packet, *next;

	list_for_each_entry_safe(packet, next, packets, all) {
		list_del(&packet->all);
		packet->magic = 0;
		free_packet(packet);
	}
}

/* With packets.lock held. Return: how many are kept beyond those that a channel may always keep. */
static unsigned int surplus(struct kmcl_channel *ch)
{
	struct kmcl_packet *packet;
	unsigned int most;

	packet = list_first_entry_or_null(&ch->packets.free, struct kmcl_packet, all);
	if (!packet)
		return 0;
	most = most_idle(packet, CACHED_PACKETS, CACHED_BYTES);
	return ch->packets.free_count > most ? ch->packets.free_count - most : 0;
}

/* What was idle since the last time is not needed, the longest idle first. */
static void trim_work(struct work_struct *work)
{
	struct kmcl_channel *ch = container_of(work, struct kmcl_channel, packets.trim.work);
	unsigned int excess, n;
	LIST_HEAD(idle);

	spin_lock_bh(&ch->packets.lock);
	excess = min(surplus(ch), ch->packets.free_least);
	for (n = min(excess, TRIM_BATCH); n; n--) {
		list_move_tail(ch->packets.free.prev, &idle);
		ch->packets.free_count--;
		ch->packets.free_least--;
	}
	ch->packets.trimming = surplus(ch);
	if (excess > TRIM_BATCH)
		mod_delayed_work(kmcl_delivery_wq, &ch->packets.trim, 0);
	else if (ch->packets.trimming)
		trim_later(ch);
	spin_unlock_bh(&ch->packets.lock);
	kmcl_packets_free(&idle);
}

/* With packets.lock held: how many packets the driver has. */
unsigned int kmcl_packets_used(struct kmcl_channel *ch)
{
	return ch->packets.used - !!READ_ONCE(ch->packets.parked);
}

/* Give up the objects kept for reuse: their size is about to change, or the channel to go. */
void kmcl_packets_trim(struct kmcl_channel *ch, struct list_head *idle)
{
	struct kmcl_packet *parked = take_parked(ch);

	if (parked) {
		list_move_tail(&parked->all, &ch->packets.free);
		ch->packets.used--;
	}
	list_splice_init(&ch->packets.free, idle);
	ch->packets.free_count = 0;
	ch->packets.free_least = 0;
}

/* At cleanup. Return: how many packets the driver has left. */
unsigned int kmcl_packets_reclaim(struct kmcl_channel *ch)
{
	unsigned int left;
	LIST_HEAD(idle);

	cancel_delayed_work_sync(&ch->packets.trim);
	kmcl_packets_trim(ch, &idle);
	kmcl_packets_free(&idle);
	left = ch->packets.used;
	kmcl_packets_free(&ch->packets.all);
	ch->packets.used = 0;
	return left;
}

void kmcl_packets_init(struct kmcl_channel *ch)
{
	spin_lock_init(&ch->packets.lock);
	INIT_LIST_HEAD(&ch->packets.all);
	INIT_LIST_HEAD(&ch->packets.free);
	INIT_DELAYED_WORK(&ch->packets.trim, trim_work);
}
