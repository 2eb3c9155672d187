// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way in: from the incoming ring to the driver's callbacks.
 *
 * One context at a time delivers for a channel. The bus's callback does it itself, at
 * DISPATCH_LEVEL, unless the driver wants PASSIVE_LEVEL; the worker does it then, and whenever
 * delivery has to go on without a signal from the peer: after a start, when a quota allows more,
 * when a run has reached its limits; then signals leave everything to the worker until the ring is
 * empty.
 *
 * A batch masks the ring's interrupt, copies and presents packet by packet, gives the room back to
 * the peer, unmasks and looks again. Each packet's descriptor is copied once and validated; then
 * exactly the validated payload is copied, and nothing of it is read from the ring again.
 *
 * Bottom halves are off all the while, so that locks taken for each packet need not see to that;
 * for a driver that wants PASSIVE_LEVEL they are on during its callbacks.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "channel.h"
#include "report.h"
#include "stats.h"
#include "traced.h"

/*
 * What a run may take before a thread goes on with the rest, so that one busy channel leaves its
 * processor to others: packets, and milliseconds. Each channel has files in debugfs to change them.
 */
#define DEFAULT_BUDGET	256
#define DEFAULT_TIME_MS	8

/* Replies that the peer does not read: no new packets before it does. */
#define REPLY_BACKLOG	1024

enum step {
	STEP_ON,		/* there may be more */
	STEP_EMPTY,
	STEP_OFF,		/* paused or closing */
	STEP_FAILED,
	STEP_STARVED,		/* until a packet is completed */
	STEP_PASSIVE,		/* what comes next needs PASSIVE_LEVEL */
	STEP_LIMIT,
};

struct batch {
	bool passive;
	bool thread;
	u32 budget;
	u32 taken;
	unsigned long until;
	u32 presented;
	u32 completions;
};

static enum step fail(struct kmcl_channel *ch, enum kmcl_malformed kind)
{
	struct kmcl_rx *rx = &ch->rx;

	spin_lock(&rx->lock);
	rx->failed = true;
	wake_up_all(&ch->wait);		/* programs that read a pipe */
	spin_unlock(&rx->lock);
	kmcl_report_malformed(ch, kind);
	return STEP_FAILED;
}

/* Give the room of consumed packets back to the peer. */
static noinline void commit(struct kmcl_channel *ch)
{
	if (!kmcl_ring_commit(&ch->link.in))
		return;
	kmcl_count_in(ch, SIGNALS_SENT, 1);
	kmcl_trace_signal(ch, KMCL_SIGNAL_ROOM);
	ch->offer->bus->ops->signal(ch->offer);
}

/*
 * The peer waits for room while callbacks run, so do not keep too much of it; and a callback at
 * PASSIVE_LEVEL may take its time.
 */
static inline void commit_before_callback(struct kmcl_channel *ch, const struct batch *batch)
{
	if (batch->passive || kmcl_ring_uncommitted(&ch->link.in) >= ch->link.in.size / 4)
		commit(ch);
}

/*
 * What the callback left behind: the packet completed, deferred, failed, or with the driver. It
 * says so in this very context, or nobody does; most packets are completed there, and cost no lock.
 */
static enum step after_presenting(struct kmcl_channel *ch, struct kmcl_incoming *in)
{
	struct kmcl_rx *rx = &ch->rx;

	if (likely(!rx->presenting))
		return STEP_ON;
	/* Both at once, for who adds them. */
	spin_lock(&rx->lock);
	rx->presenting = NULL;
	if (rx->held != in && rx->failed_packet != in)
		rx->outstanding++;
	spin_unlock(&rx->lock);
	if (rx->failed_packet != in)
		return STEP_ON;
	rx->failed_packet = NULL;
	kmcl_incoming_put(in);
	return fail(ch, KMCL_BAD_MESSAGE);
}

static void note_most(struct kmcl_rx *rx)
{
	int outstanding = READ_ONCE(rx->outstanding) + 1;

	if (outstanding > rx->outstanding_most)
		WRITE_ONCE(rx->outstanding_most, outstanding);
}

static enum step present(struct kmcl_channel *ch, struct kmcl_incoming *in, struct batch *batch)
{
	u32 flags = in->external ? VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA : 0;
	VMBPACKETCOMPLETION handle = (VMBPACKETCOMPLETION)in;
	struct kmcl_rx *rx = &ch->rx;

	commit_before_callback(ch, batch);
	rx->presenting = in;
	note_most(rx);
	in->since = jiffies;
	WRITE_ONCE(in->state, KMCL_INCOMING_PRESENTED);
	if (ch->config.process_packet) {
		batch->presented++;
		kmcl_rx_begin_callback(rx);
		ch->config.process_packet(kmcl_channel_handle(ch), handle, in->body, in->length,
					  flags);
		kmcl_rx_end_callback(rx);
	} else {
		VmbChannelPacketComplete(handle, NULL, 0);
	}
	return after_presenting(ch, in);
}

static enum step present_again(struct kmcl_channel *ch, struct batch *batch)
{
	struct kmcl_rx *rx = &ch->rx;
	struct kmcl_incoming *in;

	if (!batch->passive)
		return STEP_PASSIVE;
	in = rx->held;
	WRITE_ONCE(rx->held, NULL);
	return present(ch, in, batch);
}

static void delivery_work(struct kmcl_rx *rx)
{
	queue_work(kmcl_delivery_wq, &rx->work);
}

/* May another packet be outstanding? Without the lock a yes is true and a no may be old. */
static bool may_take(const struct kmcl_channel *ch)
{
	int outstanding = READ_ONCE(ch->rx.outstanding);

	return (outstanding < 0 || outstanding < READ_ONCE(ch->rx.quota)) &&
	       READ_ONCE(ch->tx.replies_queued) < REPLY_BACKLOG;
}

/* With the lock held. If not, completing a packet starts delivery again. */
static bool may_take_or_wait(struct kmcl_channel *ch)
{
	ch->rx.starved = !may_take(ch);
	if (ch->rx.starved)
		kmcl_count(ch, QUOTA_STOPS);
	return !ch->rx.starved;
}

static struct kmcl_incoming *take_new_object(struct kmcl_channel *ch)
{
	struct kmcl_incoming *in = kmcl_incoming_get(ch, GFP_ATOMIC);
	struct kmcl_rx *rx = &ch->rx;

	if (!in)
		kmcl_count(ch, MEMORY_STOPS);
	if (in)
		return in;
	spin_lock(&rx->lock);
	/* If all objects are out, one will come back and start delivery. */
	if (list_empty(&rx->free))
		rx->starved = true;
	else
		delivery_work(rx);
	spin_unlock(&rx->lock);
	return NULL;
}

/* An object for the next packet. NULL: not now. */
static struct kmcl_incoming *take_object(struct kmcl_channel *ch)
{
	struct kmcl_rx *rx = &ch->rx;
	struct kmcl_incoming *in = rx->spare;
	bool may;

	if (likely(in && may_take(ch))) {
		rx->spare = NULL;
		return in;
	}
	spin_lock(&rx->lock);
	may = may_take_or_wait(ch);
	if (may) {
		rx->spare = NULL;
		in = in ?: kmcl_incoming_take(rx);
	}
	spin_unlock(&rx->lock);
	if (!may)
		return NULL;
	return in ?: take_new_object(ch);
}

/* The message inside a payload: all of it, or in pipe mode what its header says. */
static enum kmcl_malformed find_message(struct kmcl_channel *ch, const u8 *payload,
					u32 *offset, u32 *length)
{
	struct kmcl_pipe_header header;
	enum kmcl_malformed bad;

	*offset = 0;
	if (ch->config.flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE) {
		memcpy(&header, payload, sizeof(header));
		barrier();	/* and never look at the ring's again */
		bad = kmcl_parse_pipe_header(&header, *length, length);
		if (bad)
			return bad;
		*offset = sizeof(header);
	}
	return *length > kmcl_round8(ch->config.max_packet) ? KMCL_BAD_SIZE : KMCL_WELL_FORMED;
}

static enum step take_data(struct kmcl_channel *ch, const u8 *packet,
			   const struct kmcl_view *view, struct batch *batch)
{
	const u8 *payload = packet + view->offset;
	u32 offset, length = view->payload;
	struct kmcl_incoming *in;
	enum kmcl_malformed bad;

	bad = find_message(ch, payload, &offset, &length);
	if (bad)
		return fail(ch, bad);
	in = take_object(ch);
	if (!in)
		return STEP_STARVED;

	memcpy(in->body, payload + offset, length);
	in->length = length;
	in->trans_id = view->trans_id;
	in->wants_completion = view->wants_completion;
	in->external = view->type == KMCL_PKT_DATA_GPA_DIRECT;
	if (in->external)
		kmcl_received_make(in, packet + sizeof(struct kmcl_desc),
				   view->offset - sizeof(struct kmcl_desc));
	kmcl_ring_consume(&ch->link.in, view->length);
	kmcl_count_in(ch, IN_PACKETS, 1);
	kmcl_count_in(ch, IN_BYTES, view->length);
	kmcl_trace_fetched(ch, view);
	return present(ch, in, batch);
}

static enum step take_completion(struct kmcl_channel *ch, const u8 *packet,
				 const struct kmcl_view *view, struct batch *batch)
{
	NTSTATUS status = STATUS_SUCCESS;
	u32 length = view->payload;

	if (length > kmcl_round8(ch->config.max_packet)) {
		kmcl_event_count(KMCL_COUNT_OVERSIZE_COMPLETION);
		kmcl_count_in(ch, OVERSIZE, 1);
		status = STATUS_BUFFER_TOO_SMALL;
		length = 0;
	}
	memcpy(ch->rx.scratch, packet + view->offset, length);
	kmcl_ring_consume(&ch->link.in, view->length);
	batch->completions++;
	kmcl_count_in(ch, IN_COMPLETIONS, 1);
	kmcl_count_in(ch, IN_BYTES, view->length);
	kmcl_trace_fetched(ch, view);
	commit_before_callback(ch, batch);
	if (!kmcl_tx_complete(ch, view->trans_id, status, ch->rx.scratch, length))
		return fail(ch, KMCL_BAD_ID);
	return STEP_ON;
}

static bool takes_external(const struct kmcl_channel *ch)
{
	return ch->is_server && !(ch->config.flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
}

static enum step take_packet(struct kmcl_channel *ch, u32 available, struct batch *batch)
{
	const u8 *packet = kmcl_ring_peek(&ch->link.in);
	enum kmcl_malformed bad;
	struct kmcl_desc desc;
	struct kmcl_view view;

	memcpy(&desc, packet, sizeof(desc));
	barrier();	/* and never look at the ring's again */
	bad = kmcl_parse_descriptor(&desc, available, &view);
	if (bad)
		return fail(ch, bad);

	switch (view.type) {
	case KMCL_PKT_DATA_GPA_DIRECT:
		if (!takes_external(ch))
			return fail(ch, KMCL_BAD_TYPE);
		fallthrough;
	case KMCL_PKT_DATA_INBAND:
		return take_data(ch, packet, &view, batch);
	case KMCL_PKT_COMPLETION:
		return take_completion(ch, packet, &view, batch);
	case KMCL_PKT_CANCEL_REQUEST:
		kmcl_event_count(KMCL_COUNT_CANCEL);
		kmcl_count_in(ch, CANCELS, 1);
		kmcl_ring_consume(&ch->link.in, view.length);
		return STEP_ON;
	default:
		return fail(ch, KMCL_BAD_TYPE);
	}
}

static void begin_run(struct kmcl_channel *ch, struct batch *batch)
{
	batch->budget = READ_ONCE(ch->rx.budget) ?: U32_MAX;
	batch->until = kmcl_rx_run_end(&ch->rx);
}

/* Out of line: it ends a run, and each packet of the run comes past. */
static noinline void count_stop(struct kmcl_channel *ch, const struct batch *batch, bool by_time)
{
	if (by_time) {
		kmcl_count_in(ch, TIME_STOPS, 1);
		trace_kmcl_incoming_time(ch, READ_ONCE(ch->rx.time_ms), batch->taken,
					 batch->thread);
	} else {
		kmcl_count_in(ch, BUDGET_STOPS, 1);
		trace_kmcl_incoming_quota(ch, batch->budget, batch->taken, batch->thread);
	}
}

/*
 * Called with more to do. A run takes one packet at least, whatever the time; at PASSIVE_LEVEL it
 * keeps nobody from the processor.
 */
static inline bool limit_is_reached(struct kmcl_channel *ch, struct batch *batch)
{
	bool spent = batch->taken == batch->budget;

	if (spent || (!batch->passive && batch->taken && time_after(jiffies, batch->until))) {
		count_stop(ch, batch, !spent);
		return true;
	}
	batch->taken++;
	return false;
}

static enum step step(struct kmcl_channel *ch, struct batch *batch)
{
	int available;

	if (!READ_ONCE(ch->rx.enabled))
		return STEP_OFF;
	if (ch->rx.held)
		return limit_is_reached(ch, batch) ? STEP_LIMIT : present_again(ch, batch);
	available = kmcl_ring_available(&ch->link.in);
	if (available < 0)
		return fail(ch, KMCL_BAD_INDEX);
	if (!available)
		return STEP_EMPTY;
	if (limit_is_reached(ch, batch))
		return STEP_LIMIT;
	return take_packet(ch, available, batch);
}

static void end_batch(struct kmcl_channel *ch, struct batch *batch)
{
	if (trace_kmcl_fetch_done_enabled() && (batch->presented || batch->completions))
		trace_kmcl_fetch_done(ch, batch->presented, batch->completions, batch->thread);
	batch->completions = 0;
	if (!batch->presented)
		return;
	kmcl_count_in(ch, BATCHES, 1);
	kmcl_count_in(ch, BATCH_PACKETS, batch->presented);
	if (ch->config.processing_complete) {
		kmcl_rx_begin_callback(&ch->rx);
		ch->config.processing_complete(kmcl_channel_handle(ch), batch->presented);
		kmcl_rx_end_callback(&ch->rx);
	}
	batch->presented = 0;
}

/* Everything up to an empty ring or another reason to stop. The interrupt stays masked. */
static enum step deliver_batch(struct kmcl_channel *ch, struct batch *batch)
{
	enum step stop;

	kmcl_ring_mask(&ch->link.in);
	ch->rx.in_batch = !batch->passive;
	do {
		stop = step(ch, batch);
	} while (stop == STEP_ON);
	ch->rx.in_batch = false;
	kmcl_tx_end_batch(ch);
	commit(ch);
	end_batch(ch, batch);
	return stop;
}

static enum step deliver(struct kmcl_channel *ch, bool passive, bool thread)
{
	struct batch batch = { .passive = passive, .thread = thread };
	enum step stop;
	int more;

	ch->rx.at_passive = passive;
	begin_run(ch, &batch);
	for (;;) {
		stop = deliver_batch(ch, &batch);
		if (stop != STEP_EMPTY)
			return stop;
		more = kmcl_ring_unmask(&ch->link.in);
		if (more < 0)
			return fail(ch, KMCL_BAD_INDEX);
		if (!more)
			return stop;
		/* Its sender may have seen the mask clear and have signalled as well. */
		kmcl_event_count(KMCL_COUNT_LATE_LOOK);
		/* The next batch has to be at PASSIVE_LEVEL if the driver has asked for that. */
		if (!passive && READ_ONCE(ch->rx.passive))
			return STEP_PASSIVE;
	}
}

static bool needs_passive(const struct kmcl_rx *rx)
{
	return rx->passive || rx->held;
}

/* Become the delivery context. Return: false if there is nothing to do here. */
static bool begin(struct kmcl_rx *rx, bool passive, bool thread)
{
	bool mine = false;

	spin_lock(&rx->lock);
	if (!rx->enabled || rx->failed) {
		/* Nothing is delivered. */
	} else if (rx->running) {
		rx->again = true;
	} else if ((needs_passive(rx) && !passive) || (rx->in_thread && !thread)) {
		delivery_work(rx);
	} else {
		rx->running = true;
		rx->again = false;
		rx->runner = current;
		rx->runner_in_softirq = in_serving_softirq();
		mine = true;
	}
	spin_unlock(&rx->lock);
	return mine;
}

static void end(struct kmcl_channel *ch, enum step stop)
{
	struct kmcl_rx *rx = &ch->rx;

	spin_lock(&rx->lock);
	rx->running = false;
	rx->runner = NULL;
	rx->in_thread = stop == STEP_LIMIT;
	if (!rx->enabled)
		wake_up_all(&ch->wait);
	else if (!rx->failed && (rx->again || stop == STEP_LIMIT || stop == STEP_PASSIVE ||
				 stop == STEP_OFF))
		delivery_work(rx);
	spin_unlock(&rx->lock);
}

static void run(struct kmcl_channel *ch, bool passive, bool thread)
{
	if (begin(&ch->rx, passive, thread))
		end(ch, deliver(ch, passive, thread));
}

static void work(struct work_struct *work)
{
	struct kmcl_channel *ch = container_of(work, struct kmcl_channel, rx.work);

	local_bh_disable();
	run(ch, READ_ONCE(ch->rx.passive) || READ_ONCE(ch->rx.held), true);
	local_bh_enable();
}

/**
 * kmcl_rx_signalled() - the peer has signalled the channel: data, room, or both
 * @ch: the channel
 *
 * DISPATCH_LEVEL.
 */
void kmcl_rx_signalled(struct kmcl_channel *ch)
{
	kmcl_count(ch, SIGNALS_RECEIVED);
	kmcl_trace_signal(ch, KMCL_SIGNAL_RECEIVED);
	if (!kmcl_tx_is_drained(ch))
		kmcl_tx_drain(ch);
	run(ch, false, false);
}

/* Before an open: what delivery may not lack later. */
int kmcl_rx_prepare(struct kmcl_channel *ch)
{
	struct kmcl_incoming *in;

	ch->rx.scratch = kvmalloc(kmcl_round8(ch->config.max_packet), GFP_KERNEL);
	if (!ch->rx.scratch)
		return -ENOMEM;
	in = kmcl_incoming_get(ch, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	kmcl_incoming_put(in);
	return 0;
}

void kmcl_rx_start(struct kmcl_channel *ch)
{
	struct kmcl_rx *rx = &ch->rx;

	spin_lock_bh(&rx->lock);
	rx->enabled = true;
	rx->starved = false;
	delivery_work(rx);
	spin_unlock_bh(&rx->lock);
}

static bool rx_is_idle(struct kmcl_channel *ch)
{
	bool idle;

	spin_lock_bh(&ch->rx.lock);
	idle = !ch->rx.running;
	spin_unlock_bh(&ch->rx.lock);
	return idle;
}

/* Sleeps until no packet callback runs; none will start before kmcl_rx_start(). */
void kmcl_rx_stop(struct kmcl_channel *ch)
{
	struct kmcl_rx *rx = &ch->rx;

	spin_lock_bh(&rx->lock);
	WRITE_ONCE(rx->enabled, false);
	spin_unlock_bh(&rx->lock);
	wait_event(ch->wait, rx_is_idle(ch));
}

static bool all_completed(struct kmcl_channel *ch)
{
	bool all;

	spin_lock_bh(&ch->rx.lock);
	all = !ch->rx.outstanding;
	spin_unlock_bh(&ch->rx.lock);
	return all;
}

/* Sleeps until the driver has completed every packet that it was given. */
void kmcl_rx_drain(struct kmcl_channel *ch)
{
	wait_event(ch->wait, all_completed(ch));
}

/* After the rings are closed: forget what the library still holds of this connection. */
void kmcl_rx_reset(struct kmcl_channel *ch)
{
	struct kmcl_rx *rx = &ch->rx;

	cancel_work_sync(&rx->work);
	if (rx->held)
		kmcl_incoming_put(rx->held);
	if (rx->spare)
		kmcl_incoming_put_spare(rx->spare);
	rx->held = NULL;
	rx->spare = NULL;
	rx->failed = false;
	rx->starved = false;
	rx->in_thread = false;
	kvfree(rx->scratch);
	rx->scratch = NULL;
}

void kmcl_rx_init(struct kmcl_channel *ch)
{
	struct kmcl_rx *rx = &ch->rx;

	spin_lock_init(&rx->lock);
	rx->quota = ch->is_server ? 1024 : U32_MAX;
	rx->budget = DEFAULT_BUDGET;
	rx->time_ms = DEFAULT_TIME_MS;
	INIT_LIST_HEAD(&rx->all);
	INIT_LIST_HEAD(&rx->free);
	INIT_LIST_HEAD(&rx->frame.done);
	INIT_WORK(&rx->work, work);
}

void kmcl_rx_destroy(struct kmcl_channel *ch)
{
	cancel_work_sync(&ch->rx.work);
	kmcl_incoming_free_all(ch);
}

/* A packet has been completed in its own callback; @in: its object, NULL if that is queued. */
static void completed_here(struct kmcl_rx *rx, struct kmcl_incoming *in)
{
	if (in)
		kmcl_incoming_end_use(in);
	rx->spare = in;
	rx->presenting = NULL;
}

/* Not so where the driver, or a server's client, has made the ring smaller than the packet. */
static bool reply_fits(struct kmcl_channel *ch, u32 length)
{
	struct kmcl_message reply = { .length = length };

	return kmcl_tx_fits(ch, &reply);
}

/**
 * VmbChannelPacketComplete() - the driver is done with an incoming packet
 * @PacketCompletionContext: from EvtVmbChannelProcessPacket
 * @PacketCompletionBuffer: the reply; NULL if there is none; may be the packet's own buffer
 * @BufSize: bytes of the reply, at most the channel's maximum packet size
 *
 * Sends the reply if the sender asked for a completion, else drops it. Called exactly once per
 * packet, in the packet callback or later, from any context up to DISPATCH_LEVEL, also during and
 * after EvtChannelSuspend. The reply is copied. Afterwards the handle and the packet's buffer are
 * invalid. Cannot fail: a reply that finds the ring full is queued in order with the sends; after
 * the peer has gone it is dropped. A reply that is too long is replaced by an empty one, with a
 * warning; so is a second completion ignored, as far as it can be told.
 *
 * Microsoft: "FN_VMB_CHANNEL_PACKET_COMPLETE callback function".
 */
VOID VmbChannelPacketComplete(VMBPACKETCOMPLETION PacketCompletionContext,
			      PVOID PacketCompletionBuffer, UINT32 BufSize)
{
	struct kmcl_incoming *in = kmcl_incoming_from_handle(PacketCompletionContext);
	struct kmcl_channel *ch;
	bool presented_here;

	if (KMCL_MISUSE(!in, "invalid packet"))
		return;
	ch = in->ch;
	if (KMCL_MISUSE(cmpxchg(&in->state, KMCL_INCOMING_PRESENTED, KMCL_INCOMING_REPLYING) !=
		      KMCL_INCOMING_PRESENTED, "not the driver's packet"))
		return;
	if (KMCL_MISUSE(BufSize > ch->config.max_packet, "reply above the maximum packet size"))
		BufSize = 0;
	if (in->wants_completion && !reply_fits(ch, BufSize)) {
		kmcl_tell("channel %s: a reply does not fit into the ring\n", ch->label);
		BufSize = 0;
	}
	presented_here = kmcl_rx_is_mine(ch) && ch->rx.presenting == in;
	if (in->wants_completion &&
	    !kmcl_tx_reply(in, PacketCompletionBuffer, PacketCompletionBuffer ? BufSize : 0))
		in = NULL;
	if (presented_here)
		completed_here(&ch->rx, in);
	else
		kmcl_incoming_completed(ch, in);
}
EXPORT_SYMBOL_GPL(VmbChannelPacketComplete);

/* Is this the packet that the caller's packet callback was called with? */
struct kmcl_incoming *kmcl_rx_presented_here(VMBPACKETCOMPLETION handle)
{
	struct kmcl_incoming *in = kmcl_incoming_from_handle(handle);

	if (!in || !kmcl_rx_is_mine(in->ch) || in->ch->rx.presenting != in)
		return NULL;
	return in;
}

bool kmcl_rx_take_back(struct kmcl_incoming *in, enum kmcl_incoming_state state)
{
	return cmpxchg(&in->state, KMCL_INCOMING_PRESENTED, state) == KMCL_INCOMING_PRESENTED;
}

/**
 * VmbChannelPacketDeferToPassive() - have the packet presented again at PASSIVE_LEVEL
 * @PacketCompletionContext: the packet that EvtVmbChannelProcessPacket was called with
 *
 * Only from inside that callback, which then returns without completing the packet. It is
 * presented again, same handle and buffer, before any later one. A pause keeps it, a close drops
 * it. Anywhere else: a warning and no effect.
 *
 * Context: the packet callback.
 *
 * Microsoft: "FN_VMB_CHANNEL_PACKET_DEFER_TO_PASSIVE callback function".
 */
VOID FASTCALL VmbChannelPacketDeferToPassive(VMBPACKETCOMPLETION PacketCompletionContext)
{
	struct kmcl_incoming *in = kmcl_rx_presented_here(PacketCompletionContext);

	if (KMCL_MISUSE(!in || !kmcl_rx_take_back(in, KMCL_INCOMING_HELD),
			"not in this packet's callback"))
		return;
	kmcl_count(in->ch, DEFERS);
	WRITE_ONCE(in->ch->rx.held, in);
}
EXPORT_SYMBOL_GPL(VmbChannelPacketDeferToPassive);

/**
 * VmbChannelPacketFail() - the packet is so malformed that the channel should stop
 * @PacketCompletionContext: the packet that EvtVmbChannelProcessPacket was called with
 *
 * Only from inside that callback. The packet belongs to the library from here on: do not complete
 * it. Nothing more is taken from the incoming ring, completions included, until the channel is
 * closed; sends go on. Anywhere else: a warning and no effect.
 *
 * Context: the packet callback.
 *
 * Microsoft: "FN_VMB_CHANNEL_PACKET_FAIL callback function".
 */
VOID FASTCALL VmbChannelPacketFail(VMBPACKETCOMPLETION PacketCompletionContext)
{
	struct kmcl_incoming *in = kmcl_rx_presented_here(PacketCompletionContext);

	if (KMCL_MISUSE(!in || !kmcl_rx_take_back(in, KMCL_INCOMING_FAILED),
			"not in this packet's callback"))
		return;
	in->ch->rx.failed_packet = in;
}
EXPORT_SYMBOL_GPL(VmbChannelPacketFail);

/**
 * VmbChannelSetIncomingProcessingAtPassive() - choose the level of the packet callbacks
 * @Channel: the channel
 * @RequirePassive: TRUE: PASSIVE_LEVEL only; FALSE: up to DISPATCH_LEVEL
 *
 * Governs both packet callbacks and the completion routines of packets sent with
 * WAIT_FOR_COMPLETION. Takes effect with the next batch.
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 *
 * Microsoft: "FN_VMB_CHANNEL_SET_INCOMING_PROCESSING_AT_PASSIVE callback function".
 */
VOID VmbChannelSetIncomingProcessingAtPassive(VMBCHANNEL Channel, BOOLEAN RequirePassive)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	WRITE_ONCE(ch->rx.passive, RequirePassive);
}
EXPORT_SYMBOL_GPL(VmbChannelSetIncomingProcessingAtPassive);

/**
 * VmbChannelSetTransactionQuota() - bound the packets that the driver holds
 * @Channel: the channel
 * @Quota: most incoming data packets given to the driver and not completed, above 0
 *
 * Further packets stay in the ring, completions behind them included. A queue that is blocked goes
 * on when a packet is completed, not when the quota is raised. 0 changes nothing, with a warning.
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 *
 * Microsoft: "FN_VMB_CHANNEL_SET_TRANSACTION_QUOTA callback function".
 */
VOID VmbChannelSetTransactionQuota(VMBCHANNEL Channel, UINT32 Quota)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	if (KMCL_MISUSE(!Quota, "quota 0"))
		return;
	WRITE_ONCE(ch->rx.quota, Quota);
}
EXPORT_SYMBOL_GPL(VmbChannelSetTransactionQuota);
