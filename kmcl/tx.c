// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way out: from an accepted packet or reply into the outgoing ring.
 *
 * A packet is written straight into the ring when nothing is queued before it and there is room.
 * Otherwise its bytes are kept in its own object and it joins the queue, which empties in order
 * when the peer signals room. Some hosts forget that signal, so the queue is also looked at when
 * anything else happens on the channel, and by a slow timer as long as it is not empty.
 *
 * The bus is signalled with tx->lock held: closing takes the lock once to know that nobody is
 * about to touch the rings or the offer any more. Signals are rare under load, so this costs
 * nothing there.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "channel.h"
#include "report.h"
#include "traced.h"

#define RETRY_MIN_MS	10u
#define RETRY_MAX_MS	1000u

/* What a batch of delivery may send before the peer sees it. */
#define HELD_PACKETS	32u

static void describe(struct kmcl_desc *desc, const struct kmcl_message *message, u16 flags)
{
	u32 offset = sizeof(*desc) + (message->head_is_payload ? 0 : message->head_length);

	desc->type = message->type;
	desc->offset8 = offset / 8;
	desc->len8 = kmcl_packet_length(message->head_length, message->length) / 8;
	desc->flags = flags;
	desc->trans_id = 0;
}

static void write_message(struct kmcl_channel *ch, u8 *to, const struct kmcl_desc *desc,
			  const struct kmcl_message *message)
{
	u32 whole = desc->len8 * 8u;

	kmcl_count_out(ch, OUT_BYTES, whole);
	kmcl_trace_sent(ch, desc);
	/* The message may end before the last word does. */
	memset(to + whole - 8, 0, 8);
	memcpy(to, desc, sizeof(*desc));
	to += sizeof(*desc);
	if (message->head_length)
		memcpy(to, message->head, message->head_length);
	memcpy(to + message->head_length, message->data, message->length);
	kmcl_ring_push(&ch->link.out, whole);
}

static inline void write_packet(struct kmcl_channel *ch, u8 *to, const struct kmcl_desc *desc,
				const struct kmcl_message *message)
{
	kmcl_count_out(ch, OUT_PACKETS, 1);
	write_message(ch, to, desc, message);
}

static inline void write_reply(struct kmcl_channel *ch, u8 *to, const struct kmcl_desc *desc,
			       const struct kmcl_message *message)
{
	kmcl_count_out(ch, OUT_COMPLETIONS, 1);
	write_message(ch, to, desc, message);
}

static inline void publish(struct kmcl_channel *ch)
{
	ch->tx.held = 0;
	if (!kmcl_ring_publish(&ch->link.out)) {
		kmcl_count_out(ch, SIGNALS_SUPPRESSED, 1);
		kmcl_trace_signal(ch, KMCL_SIGNAL_SUPPRESSED);
		return;
	}
	kmcl_count_out(ch, SIGNALS_SENT, 1);
	kmcl_trace_signal(ch, KMCL_SIGNAL_SENT);
	ch->offer->bus->ops->signal(ch->offer);
}

/* ... if there is anything. */
static void publish_rest(struct kmcl_channel *ch)
{
	if (ch->link.out.mine != ch->link.out.published)
		publish(ch);
}

static bool held_enough(struct kmcl_channel *ch)
{
	return ch->tx.held >= HELD_PACKETS || time_after(jiffies, ch->tx.held_since) ||
	       kmcl_ring_uncommitted(&ch->link.out) >= ch->link.out.size / 4;
}

/*
 * What a batch of delivery sends is published in one piece, with one decision whether to signal:
 * at its end, or when it is much or took long.
 */
static inline void publish_soon(struct kmcl_channel *ch)
{
	if (!kmcl_rx_in_batch(ch)) {
		publish(ch);
		return;
	}
	if (!ch->tx.held++)
		ch->tx.held_since = jiffies;
	if (held_enough(ch))
		publish(ch);
}

/**
 * kmcl_tx_end_batch() - publish what a batch of delivery has sent
 * @ch: the channel
 *
 * In the delivery context.
 */
void kmcl_tx_end_batch(struct kmcl_channel *ch)
{
	if (!READ_ONCE(ch->tx.held))
		return;
	spin_lock(&ch->tx.lock);
	publish_rest(ch);
	spin_unlock(&ch->tx.lock);
}

/* From the first packet that finds no room until the queue is empty again. */
static void ring_is_full(struct kmcl_channel *ch)
{
	if (ch->tx.full_since)
		return;
	ch->tx.full_since = ktime_get_ns();
	kmcl_count_out(ch, RING_FULL, 1);
}

static void ring_has_room(struct kmcl_channel *ch)
{
	if (!ch->tx.full_since)
		return;
	kmcl_count_out(ch, RING_FULL_NS, ktime_get_ns() - ch->tx.full_since);
	ch->tx.full_since = 0;
}

/* The peer's index cannot be one: nothing more goes out before a close. */
static noinline void corrupt(struct kmcl_channel *ch)
{
	ch->tx.corrupt = true;
	kmcl_report_malformed(ch, KMCL_BAD_INDEX);
}

/* Room in the ring for a packet that must not overtake any other. */
static inline int reserve(struct kmcl_channel *ch, const struct kmcl_desc *desc, u8 **to)
{
	struct kmcl_tx *tx = &ch->tx;
	int err;

	if (tx->corrupt)
		return -EIO;
	if (!list_empty(&tx->queue))
		return -EAGAIN;
	err = kmcl_ring_reserve(&ch->link.out, desc->len8 * 8u, to);
	if (unlikely(err == -EIO))
		corrupt(ch);
	return err;
}

static void retry_soon(struct kmcl_tx *tx, unsigned int ms)
{
	mod_delayed_work(kmcl_delivery_wq, &tx->retry, msecs_to_jiffies(ms));
}

static struct kmcl_packet *txn_packet(struct kmcl_txn *txn)
{
	return container_of(txn, struct kmcl_packet, txn);
}

static struct kmcl_incoming *txn_incoming(struct kmcl_txn *txn)
{
	return container_of(txn, struct kmcl_incoming, reply);
}

/*
 * A packet has reached the ring. Return: true if that is all it waited for: the caller owes it
 * kmcl_routine_done(), and closing waits for that.
 */
static bool packet_sent(struct kmcl_packet *packet)
{
	if (packet->wants_completion) {
		packet->state = KMCL_PACKET_ON_WIRE;
		return false;
	}
	if (packet->sync) {
		packet->state = KMCL_PACKET_IDLE;
		kmcl_sync_finish(packet->sync, STATUS_SUCCESS, NULL, 0);
		return false;
	}
	packet->ch->tx.completing++;
	return true;
}

static inline void open_transaction(struct kmcl_tx *tx, struct kmcl_txn *txn)
{
	txn->start = kmcl_latency_start();
	kmcl_ids_open(&tx->ids, &txn->id);
	txn->desc.trans_id = txn->id.id;
	if (unlikely(kmcl_ids_is_crowded(&tx->ids)))
		retry_soon(tx, 0);
}

static int write_queued(struct kmcl_channel *ch, struct kmcl_txn *txn)
{
	struct kmcl_message message = {
		.head = txn->body, .head_length = txn->head,
		.data = txn->body + txn->head, .length = txn->length,
	};
	struct kmcl_tx *tx = &ch->tx;
	u8 *to;
	int err;

	err = kmcl_ring_reserve(&ch->link.out, txn->desc.len8 * 8u, &to);
	if (err == -EAGAIN) {
		/* The peer reckons its room, and whether to signal it, by what it has seen. */
		publish_rest(ch);
		err = kmcl_ring_wait_for_room(&ch->link.out, txn->desc.len8 * 8u);
	}
	if (!err)
		err = kmcl_ring_reserve(&ch->link.out, txn->desc.len8 * 8u, &to);
	if (err)
		return err;

	if (txn->kind == KMCL_TXN_REPLY) {
		write_reply(ch, to, &txn->desc, &message);
		return 0;
	}
	if (txn_packet(txn)->wants_completion)
		open_transaction(tx, txn);
	write_packet(ch, to, &txn->desc, &message);
	return 0;
}

/* Was it accepted before the ring had its size, which is too small? It completes at the close. */
static bool never_fits(struct kmcl_channel *ch, struct kmcl_txn *txn)
{
	return txn->kind == KMCL_TXN_PACKET &&
	       txn->desc.len8 * 8u + KMCL_TRAILER_SIZE >= ch->link.out.size;
}

/* One packet at least, whatever the time. */
static bool is_enough(u32 taken, u32 budget, unsigned long until)
{
	return taken && (taken == budget || time_after(jiffies, until));
}

/*
 * Move what fits from the queue into the ring, no more than a run of delivery takes; what is done
 * with that goes to @sent. A peer that reads along does not keep anybody here: a worker goes on.
 *
 * Return: there is more, and it may fit, too.
 */
static bool drain(struct kmcl_channel *ch, struct list_head *sent)
{
	struct kmcl_tx *tx = &ch->tx;
	unsigned int before = tx->queued;
	unsigned long until = kmcl_rx_run_end(&ch->rx);
	u32 taken = 0, budget = READ_ONCE(ch->rx.budget);
	int err = 0;

	while (!list_empty(&tx->queue) && !is_enough(taken++, budget, until)) {
		struct kmcl_txn *txn = list_first_entry(&tx->queue, struct kmcl_txn, link);

		if (never_fits(ch, txn)) {
			list_move_tail(&txn->link, &tx->aside);
			continue;
		}
		err = write_queued(ch, txn);
		if (err)
			break;
		list_del_init(&txn->link);
		tx->queued--;
		if (txn->kind == KMCL_TXN_REPLY)
			tx->replies_queued--;
		if (txn->kind == KMCL_TXN_REPLY || packet_sent(txn_packet(txn)))
			list_add_tail(&txn->link, sent);
	}
	publish_rest(ch);
	trace_kmcl_queue_drain(ch, before - tx->queued, tx->queued);

	if (!err)
		kmcl_ring_stop_waiting(&ch->link.out);
	if (list_empty(&tx->queue))
		ring_has_room(ch);
	else if (!err)
		retry_soon(tx, 0);
	if (err == -EIO)
		corrupt(ch);
	if (err != -EAGAIN)
		return !err && !list_empty(&tx->queue);
	ring_is_full(ch);
	tx->retry_ms = tx->queued < before ? 0 : tx->retry_ms * 2;
	tx->retry_ms = clamp(tx->retry_ms, RETRY_MIN_MS, RETRY_MAX_MS);
	retry_soon(tx, tx->retry_ms);
	return false;
}

/* Outside the lock: tell the owners of what has been sent. */
static void finish_sent(struct list_head *sent)
{
	struct kmcl_txn *txn, *next;

	list_for_each_entry_safe(txn, next, sent, link) {
		list_del_init(&txn->link);
		if (txn->kind == KMCL_TXN_REPLY) {
			kmcl_incoming_put(txn_incoming(txn));
			continue;
		}
		spin_lock_bh(&txn_packet(txn)->ch->tx.lock);
		kmcl_routine_done(txn_packet(txn));
	}
}

/* As kmcl_tx_drain(). Return: there is more, and it may fit, too. */
static bool look(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;
	bool more = false;
	LIST_HEAD(sent);

	spin_lock_bh(&tx->lock);
	if (tx->ring_open && !tx->corrupt)
		more = drain(ch, &sent);
	spin_unlock_bh(&tx->lock);
	finish_sent(&sent);
	return more;
}

/**
 * kmcl_tx_drain() - look whether queued packets fit by now
 * @ch: the channel
 *
 * Up to DISPATCH_LEVEL. Completion routines of packets that reach the ring run in here.
 */
void kmcl_tx_drain(struct kmcl_channel *ch)
{
	if (!kmcl_tx_is_drained(ch))
		look(ch);
}

/* Many open transactions make long chains: give them more buckets, if there is memory. */
static void grow_ids(struct kmcl_tx *tx)
{
	unsigned int bits = tx->ids.bits + 3;
	struct hlist_head *buckets = kvcalloc(1u << bits, sizeof(*buckets), GFP_KERNEL);

	if (!buckets)
		return;
	spin_lock_bh(&tx->lock);
	buckets = kmcl_ids_grow(&tx->ids, buckets, bits);
	spin_unlock_bh(&tx->lock);
	kvfree(buckets);
}

static void retry_work(struct work_struct *work)
{
	struct kmcl_channel *ch = container_of(work, struct kmcl_channel, tx.retry.work);

	if (kmcl_ids_is_crowded(&ch->tx.ids))
		grow_ids(&ch->tx);
	kmcl_tx_drain(ch);
}

/* Keep a copy of the message and put it behind all that was accepted before. */
static void enqueue(struct kmcl_channel *ch, struct kmcl_txn *txn,
		    const struct kmcl_message *message)
{
	struct kmcl_tx *tx = &ch->tx;
	bool was_empty = list_empty(&tx->queue);

	/* The source may be the destination: replies and resent payloads are. */
	memmove(txn->body + message->head_length, message->data, message->length);
	memmove(txn->body, message->head, message->head_length);
	txn->head = message->head_length;
	txn->length = message->length;
	list_add_tail(&txn->link, &tx->queue);
	kmcl_count_out(ch, OUT_QUEUED, 1);
	tx->queued_most = max(tx->queued_most, ++tx->queued);
	trace_kmcl_packet_queue(ch, txn->desc.len8 * 8u, tx->queued);

	if (!tx->ring_open)
		return;
	/* Before the peer is asked for room it has to know all that it may make room of. */
	publish_rest(ch);
	ring_is_full(ch);
	if (was_empty)
		tx->retry_ms = RETRY_MIN_MS;
	txn = list_first_entry(&tx->queue, struct kmcl_txn, link);
	if (kmcl_ring_wait_for_room(&ch->link.out, txn->desc.len8 * 8u) == 0)
		retry_soon(tx, 0);
	else if (was_empty)
		retry_soon(tx, tx->retry_ms);
}

/* The message may be longer than the driver's buffer by a head, never than the object. */
static bool object_holds(const struct kmcl_packet *packet, const struct kmcl_message *message)
{
	return message->head_length + message->length <= packet->capacity;
}

/* Why a packet cannot even be queued. */
static NTSTATUS refused(const struct kmcl_packet *packet)
{
	const struct kmcl_channel *ch = packet->ch;

	if (ch->tx.gate == KMCL_GATE_REFUSE)
		return packet->sync && ch->tx.closing ? STATUS_DEVICE_REMOVED :
							STATUS_INVALID_DEVICE_STATE;
	/* Closing is about to begin; it has to wait for a state callback, and that for nothing. */
	if (packet->sync && ch->tx.gate == KMCL_GATE_OPEN && READ_ONCE(ch->claim_lost))
		return STATUS_DEVICE_REMOVED;
	return STATUS_SUCCESS;
}

static NTSTATUS accept(struct kmcl_packet *packet, const struct kmcl_message *message,
		       bool wants_completion, bool may_queue, bool *sent)
{
	struct kmcl_channel *ch = packet->ch;
	struct kmcl_txn *txn = &packet->txn;
	struct kmcl_tx *tx = &ch->tx;
	NTSTATUS status = refused(packet);
	int err = -EAGAIN;
	u8 *to;

	if (status)
		return status;
	packet->wants_completion = wants_completion;
	packet->external = message->type == KMCL_PKT_DATA_GPA_DIRECT;
	txn->since = jiffies;
	describe(&txn->desc, message,
		 wants_completion ? KMCL_DESC_FLAG_COMPLETION_REQUESTED : 0);
	if (tx->gate == KMCL_GATE_OPEN)
		err = reserve(ch, &txn->desc, &to);
	if (err == -EIO)
		return STATUS_FILE_CORRUPT_ERROR;
	if (err == -EAGAIN && !may_queue)
		return STATUS_BUFFER_OVERFLOW;

	if (packet->sync)
		list_add_tail(&packet->sync->link, &tx->syncs);
	if (err == -EAGAIN) {
		packet->state = KMCL_PACKET_QUEUED;
		enqueue(ch, txn, message);
		return STATUS_SUCCESS;
	}

	if (wants_completion)
		open_transaction(tx, txn);
	write_packet(ch, to, &txn->desc, message);
	packet->state = KMCL_PACKET_ON_WIRE;
	*sent = packet_sent(packet);
	publish_soon(ch);
	return STATUS_SUCCESS;
}

/**
 * kmcl_tx_send() - accept a packet
 * @packet: claimed by the caller; sync is set for a synchronous request
 * @message: what it says; nothing of it is needed after the return
 * @wants_completion: ask the peer for a completion packet
 * @may_queue: false: only if it can go into the ring at once
 *
 * Return: STATUS_SUCCESS if accepted: its completion routine runs once, perhaps in here;
 * else as VmbPacketSend, or STATUS_BUFFER_OVERFLOW for a packet that may not be queued.
 */
NTSTATUS kmcl_tx_send(struct kmcl_packet *packet, const struct kmcl_message *message,
		      bool wants_completion, bool may_queue)
{
	struct kmcl_tx *tx = &packet->ch->tx;
	bool sent = false;
	NTSTATUS status;

	if (!object_holds(packet, message))
		return STATUS_INVALID_PARAMETER;
	spin_lock_bh(&tx->lock);
	status = accept(packet, message, wants_completion, may_queue, &sent);
	if (sent)
		kmcl_routine_done(packet);
	else
		spin_unlock_bh(&tx->lock);
	return status;
}

/**
 * kmcl_tx_send_now() - put a message into the ring at once, without an object
 * @ch: the channel
 * @message: what it says
 *
 * Return: STATUS_SUCCESS; STATUS_BUFFER_OVERFLOW if it cannot go now; else as kmcl_tx_send().
 */
NTSTATUS kmcl_tx_send_now(struct kmcl_channel *ch, const struct kmcl_message *message)
{
	struct kmcl_tx *tx = &ch->tx;
	NTSTATUS status = STATUS_BUFFER_OVERFLOW;
	struct kmcl_desc desc;
	int err;
	u8 *to;

	describe(&desc, message, 0);
	spin_lock_bh(&tx->lock);
	if (tx->gate == KMCL_GATE_REFUSE) {
		status = tx->closing ? STATUS_DEVICE_REMOVED : STATUS_INVALID_DEVICE_STATE;
	} else if (tx->gate == KMCL_GATE_OPEN) {
		err = reserve(ch, &desc, &to);
		if (err == -EIO)
			status = STATUS_FILE_CORRUPT_ERROR;
		if (!err) {
			write_packet(ch, to, &desc, message);
			publish(ch);
			status = STATUS_SUCCESS;
		}
	}
	spin_unlock_bh(&tx->lock);
	return status;
}

/**
 * kmcl_tx_reply() - send the completion packet of an incoming packet
 * @in: in state KMCL_INCOMING_REPLYING
 * @data: the reply, perhaps in @in itself
 * @length: bytes, at most the maximum packet size
 *
 * Cannot fail: a reply that finds the ring full is queued in its object. With the rings closed
 * there is nobody left to hear it.
 *
 * Return: true if @in is the caller's again; false if it is queued, and put when it has been sent.
 */
bool kmcl_tx_reply(struct kmcl_incoming *in, const void *data, u32 length)
{
	struct kmcl_message message = {
		.type = KMCL_PKT_COMPLETION, .data = data, .length = length
	};
	struct kmcl_channel *ch = in->ch;
	struct kmcl_txn *txn = &in->reply;
	struct kmcl_tx *tx = &ch->tx;
	int err = -EIO;
	u8 *to;

	txn->since = jiffies;
	describe(&txn->desc, &message, 0);
	txn->desc.trans_id = in->trans_id;

	spin_lock_bh(&tx->lock);
	if (tx->ring_open && !READ_ONCE(ch->peer_gone))
		err = reserve(ch, &txn->desc, &to);
	if (!err) {
		write_reply(ch, to, &txn->desc, &message);
		publish_soon(ch);
	} else if (err == -EAGAIN) {
		tx->replies_queued++;
		enqueue(ch, txn, &message);
	}
	spin_unlock_bh(&tx->lock);
	return err != -EAGAIN;
}

void kmcl_tx_set_gate(struct kmcl_channel *ch, enum kmcl_gate gate)
{
	struct kmcl_tx *tx = &ch->tx;
	LIST_HEAD(sent);

	spin_lock_bh(&tx->lock);
	tx->gate = gate;
	tx->closing = false;
	if (gate == KMCL_GATE_OPEN) {
		tx->ring_open = true;
		/* Lost before the gate was open: kmcl_tx_stop_waiting() has left them waiting. */
		if (READ_ONCE(ch->claim_lost))
			kmcl_sync_release_all(ch);
		if (!tx->corrupt)
			drain(ch, &sent);
	}
	spin_unlock_bh(&tx->lock);
	finish_sent(&sent);
}

/**
 * kmcl_tx_begin_close() - refuse new packets, keep queued ones off the ring
 * @ch: the channel
 *
 * Replies still go out. Threads in synchronous requests are released.
 */
void kmcl_tx_begin_close(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;
	struct kmcl_txn *txn, *next;

	spin_lock_bh(&tx->lock);
	tx->gate = KMCL_GATE_REFUSE;
	tx->closing = true;
	list_for_each_entry_safe(txn, next, &tx->queue, link)
		if (txn->kind == KMCL_TXN_PACKET)
			list_move_tail(&txn->link, &tx->aside);
	kmcl_sync_release_all(ch);
	spin_unlock_bh(&tx->lock);
	/* Replies that a long packet has held up may fit now. */
	while (!READ_ONCE(ch->peer_gone) && look(ch))
		;
}

/*
 * The claim is lost: release those who wait in state callbacks, so that closing can begin; or if it
 * has begun, those whose pages the peer had.
 */
void kmcl_tx_stop_waiting(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;

	spin_lock_bh(&tx->lock);
	if (tx->gate == KMCL_GATE_OPEN || tx->closing)
		kmcl_sync_release_all(ch);
	spin_unlock_bh(&tx->lock);
}

/* A request that was given up leaves the queue; what was behind it may fit. With tx->lock held. */
void kmcl_tx_unqueue(struct kmcl_packet *packet)
{
	struct kmcl_channel *ch = packet->ch;

	list_del_init(&packet->txn.link);
	ch->tx.queued--;
	if (!ch->tx.ring_open)
		return;
	if (!list_empty(&ch->tx.queue)) {
		retry_soon(&ch->tx, 0);
		return;
	}
	ring_has_room(ch);
	kmcl_ring_stop_waiting(&ch->link.out);
}

/* From here on nobody touches the outgoing ring. */
void kmcl_tx_ring_closed(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;

	spin_lock_bh(&tx->lock);
	tx->ring_open = false;
	tx->corrupt = false;
	ring_has_room(ch);
	spin_unlock_bh(&tx->lock);
	cancel_delayed_work_sync(&tx->retry);
}

/* A transaction ends. Return: the packet if its routine has to be called. */
static struct kmcl_packet *end_transaction(struct kmcl_packet *packet, NTSTATUS status,
					   const void *data, u32 length)
{
	if (packet->sync) {
		packet->state = KMCL_PACKET_IDLE;
		kmcl_sync_finish(packet->sync, status, data, length);
		return NULL;
	}
	if (!packet->routine) {
		/* A synchronous request that nobody waits for any more. */
		kmcl_sync_free_packet(packet);
		return NULL;
	}
	return packet;
}

/**
 * kmcl_tx_complete() - a completion packet has come
 * @ch: the channel
 * @id: the transaction that it names
 * @status: what its owner is told
 * @data: the payload, a private copy
 * @length: bytes
 *
 * In the delivery context.
 *
 * Return: false if no such transaction is open.
 */
bool kmcl_tx_complete(struct kmcl_channel *ch, u64 id, NTSTATUS status, void *data, u32 length)
{
	struct kmcl_packet *packet = NULL;
	struct kmcl_tx *tx = &ch->tx;
	struct kmcl_id *found;

	spin_lock(&tx->lock);
	found = kmcl_ids_close(&tx->ids, id);
	if (found) {
		packet = container_of(found, struct kmcl_packet, txn.id);
		kmcl_latency_end(ch, packet->txn.start);
		packet = end_transaction(packet, status, data, length);
	}
	if (packet)
		kmcl_routine_deliver(packet, status, data, length);
	else
		spin_unlock(&tx->lock);
	return found;
}

static void flush_one(struct kmcl_channel *ch, struct kmcl_packet *packet)
{
	spin_lock_bh(&ch->tx.lock);
	packet = end_transaction(packet, STATUS_DEVICE_REMOVED, NULL, 0);
	if (packet)
		kmcl_routine_run(packet, STATUS_DEVICE_REMOVED, NULL, 0);
	else
		spin_unlock_bh(&ch->tx.lock);
}

/**
 * kmcl_tx_flush_list() - end transactions that nobody can end any more
 * @ch: the channel
 * @txns: packets, which complete with STATUS_DEVICE_REMOVED, and replies, which are dropped
 */
void kmcl_tx_flush_list(struct kmcl_channel *ch, struct list_head *txns)
{
	struct kmcl_txn *txn, *next;

	list_for_each_entry_safe(txn, next, txns, link) {
		list_del_init(&txn->link);
		if (txn->kind == KMCL_TXN_REPLY)
			kmcl_incoming_put(txn_incoming(txn));
		else
			flush_one(ch, txn_packet(txn));
	}
}

/**
 * kmcl_tx_flush() - complete everything that was accepted with STATUS_DEVICE_REMOVED
 * @ch: the channel; gate refusing, rings closed
 *
 * Sleeps until the completion routines have returned.
 */
void kmcl_tx_flush(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;
	struct hlist_node *next_node;
	struct kmcl_id *id;
	HLIST_HEAD(on_wire);
	LIST_HEAD(queued);

	spin_lock_bh(&tx->lock);
	kmcl_ids_close_all(&tx->ids, &on_wire);
	list_splice_tail_init(&tx->aside, &queued);
	list_splice_tail_init(&tx->queue, &queued);
	tx->replies_queued = 0;
	tx->queued = 0;
	spin_unlock_bh(&tx->lock);

	hlist_for_each_entry_safe(id, next_node, &on_wire, node) {
		hlist_del_init(&id->node);
		flush_one(ch, container_of(id, struct kmcl_packet, txn.id));
	}
	kmcl_tx_flush_list(ch, &queued);
	kmcl_routines_wait(ch);
}

/**
 * kmcl_tx_freeze() - keep what is outstanding as it is
 * @ch: a channel that takes nothing from its incoming ring
 *
 * Nothing reaches the outgoing ring until its gate is opened again; what is sent meanwhile is
 * queued behind the rest.
 *
 * Return: how many transactions there are.
 */
unsigned int kmcl_tx_freeze(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;
	struct list_head *link;
	unsigned int count;

	spin_lock_bh(&tx->lock);
	if (tx->gate == KMCL_GATE_OPEN)
		tx->gate = KMCL_GATE_QUEUE;
	tx->ring_open = false;
	count = tx->ids.count;
	list_for_each(link, &tx->aside)
		count++;
	list_for_each(link, &tx->queue)
		count++;
	spin_unlock_bh(&tx->lock);
	return count;
}

/**
 * kmcl_tx_collect() - find what is outstanding
 * @ch: frozen
 * @txns: receives the transactions, those on the wire in no order, then the queue, first of which
 *	what is too long for the ring of now: whatever is accepted is saved
 * @count: from kmcl_tx_freeze()
 */
void kmcl_tx_collect(struct kmcl_channel *ch, struct kmcl_txn **txns, unsigned int count)
{
	struct kmcl_tx *tx = &ch->tx;
	struct kmcl_id *id = NULL;
	struct kmcl_txn *txn;
	unsigned int n = 0;

	spin_lock_bh(&tx->lock);
	while ((id = kmcl_ids_next(&tx->ids, id)) && n < count)
		txns[n++] = container_of(id, struct kmcl_txn, id);
	list_for_each_entry(txn, &tx->aside, link)
		txns[n++] = txn;
	list_for_each_entry(txn, &tx->queue, link)
		if (n < count)
			txns[n++] = txn;
	spin_unlock_bh(&tx->lock);
}

/**
 * kmcl_tx_rebuild() - make a transaction of what was saved of it
 * @txn: nobody else's yet
 * @type: of its packet
 * @flags: of its descriptor
 * @data: the packet's payload, a pipe's header included
 * @length: bytes that its object has room for
 */
void kmcl_tx_rebuild(struct kmcl_txn *txn, u16 type, u16 flags, const void *data, u32 length)
{
	struct kmcl_message message = { .type = type, .data = data, .length = length };

	txn->since = jiffies;
	describe(&txn->desc, &message, flags);
	memcpy(txn->body, data, length);
	txn->head = 0;
	txn->length = length;
}

/**
 * kmcl_tx_restore() - take up the transactions of a saved channel
 * @ch: not open
 * @txns: on the wire or to be queued, before what the channel has queued itself
 * @last_id: the last id that the saved channel has given
 */
void kmcl_tx_restore(struct kmcl_channel *ch, struct list_head *txns, u64 last_id)
{
	struct kmcl_tx *tx = &ch->tx;
	struct kmcl_txn *txn, *next;

	spin_lock_bh(&tx->lock);
	kmcl_ids_skip(&tx->ids, last_id);
	list_for_each_entry_safe(txn, next, txns, link) {
		if (txn->kind == KMCL_TXN_PACKET &&
		    txn_packet(txn)->state == KMCL_PACKET_ON_WIRE) {
			list_del_init(&txn->link);
			kmcl_ids_reopen(&tx->ids, &txn->id, txn->desc.trans_id);
			continue;
		}
		tx->queued++;
		if (txn->kind == KMCL_TXN_REPLY)
			tx->replies_queued++;
	}
	list_splice_init(txns, &tx->queue);
	if (kmcl_ids_is_crowded(&tx->ids))
		retry_soon(tx, 0);
	spin_unlock_bh(&tx->lock);
}

void kmcl_tx_init(struct kmcl_channel *ch)
{
	struct kmcl_tx *tx = &ch->tx;

	spin_lock_init(&tx->lock);
	tx->gate = KMCL_GATE_REFUSE;
	INIT_LIST_HEAD(&tx->queue);
	INIT_LIST_HEAD(&tx->aside);
	INIT_LIST_HEAD(&tx->syncs);
	kmcl_ids_init(&tx->ids);
	INIT_DELAYED_WORK(&tx->retry, retry_work);
}

void kmcl_tx_destroy(struct kmcl_channel *ch)
{
	if (ch->tx.ids.buckets != ch->tx.ids.inline_buckets)
		kvfree(ch->tx.ids.buckets);
}
