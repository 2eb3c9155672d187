// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls completion routines, and keeps them from nesting.
 *
 * A packet that needs no completion is done when it is in the ring, so its routine runs inside the
 * send. A routine may send, and so on: without care the stack would grow with every packet. Each
 * context inside a routine therefore has a frame on its stack; a packet that is done in the same
 * context waits in that frame until the running routine has returned.
 *
 * Routines of completions that arrive run in the delivery context. There is one, and whoever closes
 * the channel waits for it, so its frame is found and forgotten without the lock.
 */
#include "channel.h"

/* A softirq that interrupts a routine is a context of its own on the same task. */
static struct kmcl_frame *my_frame(struct kmcl_channel *ch)
{
	bool in_softirq = in_serving_softirq();
	struct kmcl_frame *frame;

	if (kmcl_rx_is_mine(ch) && ch->rx.in_routine)
		return &ch->rx.frame;
	for (frame = ch->tx.frames; frame; frame = frame->outer)
		if (frame->task == current && frame->in_softirq == in_softirq)
			return frame;
	return NULL;
}

static struct kmcl_packet *next_done(struct kmcl_frame *frame)
{
	struct kmcl_txn *txn = list_first_entry_or_null(&frame->done, struct kmcl_txn, link);

	if (!txn)
		return NULL;
	list_del_init(&txn->link);
	return container_of(txn, struct kmcl_packet, txn);
}

/*
 * With the lock held, which whoever waits takes after it has joined the queue: so either it is seen
 * there, or it sees that this was the last.
 */
static void wake_if_last(struct kmcl_channel *ch)
{
	if (ch->tx.frames || ch->tx.completing)
		return;
	/* The lock orders this look behind the last packet's end. */
	if (waitqueue_active(&ch->wait))
		wake_up_all(&ch->wait);
}

/* The packet is the driver's again before its routine runs, and may be gone afterwards. */
static inline void call(struct kmcl_packet *packet, NTSTATUS status, void *data, u32 length)
	__releases(&packet->ch->tx.lock)
{
	PFN_VMB_PACKET_COMPLETION_ROUTINE routine = packet->routine;

	packet->state = KMCL_PACKET_IDLE;
	spin_unlock_bh(&packet->ch->tx.lock);
	routine(kmcl_packet_handle(packet), status, length ? data : NULL, length);
}

/* The routines of packets that have waited in a frame. With the lock held, also afterwards. */
static void call_done(struct kmcl_tx *tx, struct kmcl_frame *frame)
{
	struct kmcl_packet *packet;

	while ((packet = next_done(frame))) {
		tx->completing--;
		call(packet, STATUS_SUCCESS, NULL, 0);
		spin_lock_bh(&tx->lock);
	}
}

/* Contexts do not leave in the order in which they have come. */
static void leave(struct kmcl_tx *tx, const struct kmcl_frame *frame)
{
	struct kmcl_frame **link = &tx->frames;

	while (*link != frame)
		link = &(*link)->outer;
	*link = frame->outer;
}

static void run(struct kmcl_packet *packet, NTSTATUS status, void *data, u32 length)
	__releases(&packet->ch->tx.lock)
{
	struct kmcl_channel *ch = packet->ch;
	struct kmcl_tx *tx = &ch->tx;
	struct kmcl_frame frame = {
		.outer = tx->frames, .task = current, .in_softirq = in_serving_softirq(),
	};

	INIT_LIST_HEAD(&frame.done);
	tx->frames = &frame;
	call(packet, status, data, length);
	spin_lock_bh(&tx->lock);
	call_done(tx, &frame);
	leave(tx, &frame);
	wake_if_last(ch);
	spin_unlock_bh(&tx->lock);
}

/**
 * kmcl_routine_run() - call a packet's completion routine
 * @packet: accepted, and of no further use to the library; idle from here on
 * @status: the result
 * @data: completion payload, valid during the call only
 * @length: bytes
 *
 * Up to DISPATCH_LEVEL, with tx->lock held, which is released, and no other. Also calls the
 * routines of packets that it sends.
 */
void kmcl_routine_run(struct kmcl_packet *packet, NTSTATUS status, void *data, u32 length)
	__releases(&packet->ch->tx.lock)
{
	run(packet, status, data, length);
}

/* Out of line: most routines send nothing that is done at once. */
static noinline void deliver_done(struct kmcl_channel *ch)
{
	spin_lock_bh(&ch->tx.lock);
	call_done(&ch->tx, &ch->rx.frame);
	wake_if_last(ch);
	spin_unlock_bh(&ch->tx.lock);
}

/**
 * kmcl_routine_deliver() - as kmcl_routine_run(), in the delivery context of the channel
 * @packet: accepted, and of no further use to the library; idle from here on
 * @status: the result
 * @data: completion payload, valid during the call only
 * @length: bytes
 *
 * Bottom halves are off, and tx->lock was taken as a lock in such a context is.
 */
void kmcl_routine_deliver(struct kmcl_packet *packet, NTSTATUS status, void *data, u32 length)
	__releases(&packet->ch->tx.lock)
{
	PFN_VMB_PACKET_COMPLETION_ROUTINE routine = packet->routine;
	struct kmcl_channel *ch = packet->ch;
	struct kmcl_rx *rx = &ch->rx;

	rx->in_routine = true;
	packet->state = KMCL_PACKET_IDLE;
	spin_unlock(&ch->tx.lock);
	kmcl_rx_begin_callback(rx);
	routine(kmcl_packet_handle(packet), status, length ? data : NULL, length);
	if (unlikely(!list_empty(&rx->frame.done)))
		deliver_done(ch);
	kmcl_rx_end_callback(rx);
	rx->in_routine = false;
}

/* The default routine, which frees the packet, needs no frame. */
static void free_done(struct kmcl_packet *packet)
{
	struct kmcl_channel *ch = packet->ch;

	kmcl_packet_put_back(packet);
	spin_lock_bh(&ch->tx.lock);
	ch->tx.completing--;
	wake_if_last(ch);
	spin_unlock_bh(&ch->tx.lock);
}

/**
 * kmcl_routine_done() - a packet that asked for no completion is in the ring
 * @packet: the packet
 *
 * Its routine runs now, or when the routine that this context is in has returned. With tx->lock
 * held, which is released: the send that comes here has it already.
 */
void kmcl_routine_done(struct kmcl_packet *packet)
	__releases(&packet->ch->tx.lock)
{
	struct kmcl_tx *tx = &packet->ch->tx;
	struct kmcl_frame *frame;

	if (packet->routine == kmcl_packet_free_routine) {
		spin_unlock_bh(&tx->lock);
		free_done(packet);
		return;
	}
	frame = my_frame(packet->ch);
	if (!frame) {
		tx->completing--;
		run(packet, STATUS_SUCCESS, NULL, 0);
		return;
	}
	list_add_tail(&packet->txn.link, &frame->done);
	spin_unlock_bh(&tx->lock);
}

static bool no_routines(struct kmcl_channel *ch)
{
	bool none;

	spin_lock_bh(&ch->tx.lock);
	none = !ch->tx.frames && !ch->tx.completing;
	spin_unlock_bh(&ch->tx.lock);
	return none;
}

/* Sleep until no completion routine of the channel runs or is about to. */
void kmcl_routines_wait(struct kmcl_channel *ch)
{
	wait_event(ch->wait, no_routines(ch));
}

bool kmcl_routine_is_mine(struct kmcl_channel *ch)
{
	bool mine;

	spin_lock_bh(&ch->tx.lock);
	mine = my_frame(ch);
	spin_unlock_bh(&ch->tx.lock);
	return mine;
}
