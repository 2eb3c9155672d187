// SPDX-License-Identifier: GPL-2.0-only
/*
 * local_peer.ko: the test peer as a server channel of the local bus, so that the client tests of a
 * real VMBus (peer_*.c) run in any guest. It does what peer_proto.h says, as ../host/kmcl_test.c
 * does in QEMU; wrong things it writes into the ring past the library.
 *
 * A server cannot see its client's VMBus messages, so PEER_ON_MESSAGE is refused.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "channel.h"
#include "peer_proto.h"

#define MAX_PACKET	4096u
#define MAX_ON_THE_WAY	1024
#define WAIT_FLAG	VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION

static const GUID peer_class = {
	0x7a7f10c6, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

static const GUID peer_instance = {
	0x7a7f10c7, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

/* A packet whose completion has to wait: held, late, never, or external data with a delay. */
struct waiting {
	struct list_head link;
	VMBPACKETCOMPLETION packet;
	struct peer_order order;
	u64 id;
	PMDL mdl;
	unsigned long due;	/* jiffies; 0: until it is released or the channel closes */
};

static struct {
	VMBCHANNEL channel;
	struct workqueue_struct *wq;
	struct work_struct generate, rescind;
	struct delayed_work late, stall_over, poke, offer, rescind_later;
	struct work_struct stall;
	wait_queue_head_t wait;

	spinlock_t lock;	/* covers all that follows */
	bool is_open;
	bool stalled;
	u32 mode;
	struct list_head waiting;
	struct peer_counters counters;
	u32 poke_args[PEER_ARGS];
	u32 stall_ms, offer_ms;
	u64 rescind_after;
	u64 last_id;		/* of a completion, for PEER_REPEAT */
	u32 last_length, last_seed;
	struct {
		u32 left, size, burst, flags, seed;
	} gen;
	unsigned int on_the_way;
} peer;

/* ---- past the library ---- */

static struct kmcl_channel *guts(void)
{
	return (struct kmcl_channel *)peer.channel;
}

/* Bytes at the write index, the index moved on by @advance, and a signal. */
static void write_raw(const void *bytes, u32 length, u32 advance)
{
	struct kmcl_channel *ch = guts();
	struct kmcl_ring *ring = &ch->link.out;

	spin_lock_bh(&ch->tx.lock);
	if (ch->tx.ring_open) {
		memcpy(ring->data + ring->mine, bytes, length);
		ring->mine = (ring->mine + advance) % ring->size;
		ring->published = ring->mine;
		/* The bytes first, as kmcl_ring_publish() has it. */
		virt_store_release(&ring->ctl->write_index, ring->mine);
		ch->offer->bus->ops->signal(ch->offer);
	}
	spin_unlock_bh(&ch->tx.lock);
}

/* A packet that the library would not send: too long, or with an id that is not open. */
static void write_packet(u16 type, u64 id, u32 length, u32 seed)
{
	u32 whole = kmcl_round8(sizeof(struct kmcl_desc) + length);
	struct kmcl_desc *desc = kvzalloc(whole + KMCL_TRAILER_SIZE, GFP_KERNEL);

	if (!desc)
		return;
	desc->type = type;
	desc->offset8 = sizeof(*desc) / 8;
	desc->len8 = whole / 8;
	desc->trans_id = id;
	peer_fill(desc + 1, length, seed);
	write_raw(desc, whole + KMCL_TRAILER_SIZE, whole + KMCL_TRAILER_SIZE);
	kvfree(desc);
}

static void stop_reading(void)
{
	WRITE_ONCE(peer.stalled, true);
	VmbChannelPause(peer.channel);
}

static void poke(struct work_struct *work)
{
	struct kmcl_channel *ch = guts();
	struct kmcl_ring *ring = peer.poke_args[0] ? &ch->link.in : &ch->link.out;

	/* Reading on would put the client's read index right again. */
	if (peer.poke_args[0])
		stop_reading();
	spin_lock_bh(&ch->tx.lock);
	if (ch->tx.ring_open) {
		WRITE_ONCE(*(u32 *)((u8 *)ring->ctl + peer.poke_args[1]), peer.poke_args[2]);
		if (peer.poke_args[3])
			ch->offer->bus->ops->signal(ch->offer);
	}
	spin_unlock_bh(&ch->tx.lock);
}

/* ---- sending ---- */

static u64 tag(u32 size, u32 seed)
{
	return (u64)size << 32 | seed;
}

static void is_through(void)
{
	spin_lock_bh(&peer.lock);
	peer.on_the_way--;
	spin_unlock_bh(&peer.lock);
	wake_up(&peer.wait);
}

/* In the ring, if nothing was asked for. */
static VOID sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	VmbPacketFree(packet);
	is_through();
}

/* The client has completed a packet of PEER_ASK. */
static VOID answered(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	u64 what = (u64)(uintptr_t)VmbPacketGetPointer(packet);
	u32 size = what >> 32, seed = what;
	bool good = length == kmcl_round8(size) && peer_filled(buffer, size, seed);

	spin_lock_bh(&peer.lock);
	peer.counters.open_requests--;
	if (!status)
		*(good ? &peer.counters.good_answers : &peer.counters.bad_answers) += 1;
	spin_unlock_bh(&peer.lock);
	VmbPacketFree(packet);
	is_through();
}

static NTSTATUS send(const void *data, u32 size, u32 seed, bool ask)
{
	VMBPACKET packet = VmbPacketAllocate(peer.channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	VmbPacketSetCompletionRoutine(packet, ask ? answered : sent);
	VmbPacketSetPointer(packet, (void *)(uintptr_t)tag(size, seed));
	spin_lock_bh(&peer.lock);
	peer.on_the_way++;
	peer.counters.open_requests += ask;
	peer.counters.sent++;
	spin_unlock_bh(&peer.lock);
	status = VmbPacketSend(packet, (PVOID)data, size, NULL, ask ? WAIT_FLAG : 0);
	if (!status)
		return status;
	VmbPacketFree(packet);
	spin_lock_bh(&peer.lock);
	peer.counters.open_requests -= ask;
	spin_unlock_bh(&peer.lock);
	is_through();
	return status;
}

static bool may_generate(void)
{
	return !READ_ONCE(peer.is_open) || READ_ONCE(peer.on_the_way) < MAX_ON_THE_WAY;
}

static bool generate_one(u8 *data)
{
	u32 size, seed, flags;

	spin_lock_bh(&peer.lock);
	if (!peer.gen.left || !peer.is_open) {
		spin_unlock_bh(&peer.lock);
		return false;
	}
	peer.gen.left--;
	seed = peer.gen.seed++;
	size = peer.gen.size;
	flags = peer.gen.flags;
	spin_unlock_bh(&peer.lock);

	if (flags & PEER_RANDOM)
		size = peer_size(seed, size);
	if (size > MAX_PACKET) {
		write_packet(KMCL_PKT_DATA_INBAND, 0, size, seed);
		return true;
	}
	peer_fill(data, size, seed);
	return !send(data, size, seed, flags & PEER_ASK);
}

static void generate(struct work_struct *work)
{
	u8 *data = kmalloc(MAX_PACKET, GFP_KERNEL);
	u32 n = 0;

	while (data && generate_one(data)) {
		wait_event(peer.wait, may_generate());
		if (READ_ONCE(peer.gen.burst) && ++n % peer.gen.burst == 0)
			usleep_range(800, 1200);
	}
	kfree(data);
}

/* ---- memory of the client ---- */

struct walk {
	bool fill;
	u32 seed;
	u64 done;
	u64 sum, sum2;
	u32 left;		/* bytes of an incomplete word */
	u8 word[8];
};

static void walk_begin(struct walk *walk, u32 what, u32 seed)
{
	memset(walk, 0, sizeof(*walk));
	walk->fill = what == PEER_FILL;
	walk->seed = seed;
	walk->sum = PEER_SUM_START;
	walk->sum2 = PEER_SUM_START;
}

/* The sum does not depend on how the data is cut into pieces. */
static void touch(struct walk *walk, u8 *at, u32 length)
{
	u32 i;

	for (i = 0; i < length; i++, walk->done++) {
		walk->word[walk->left++] = at[i];
		if (walk->left == 8) {
			walk->sum = peer_sum(walk->sum, walk->word, 8);
			walk->left = 0;
		}
		if (walk->fill)
			at[i] = peer_byte(walk->seed, walk->done);
	}
}

static void walk_end(struct walk *walk, struct peer_answer *answer)
{
	answer->sum = peer_sum(walk->sum, walk->word, walk->left);
	answer->sum2 = walk->sum2;
}

static void sum_pages(struct walk *walk, PMDL mdl, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		u64 pfn = MmGetMdlPfnArray(mdl)[i];

		walk->sum2 = peer_sum(walk->sum2, &pfn, sizeof(pfn));
	}
}

static u32 pages_of(PMDL mdl)
{
	return DIV_ROUND_UP(MmGetMdlByteOffset(mdl) + MmGetMdlByteCount(mdl), KMCL_PAGE_SIZE);
}

static void complete_with(VMBPACKETCOMPLETION packet, struct peer_answer *answer, u32 length)
{
	VmbChannelPacketComplete(packet, answer, length);
}

static void complete_short(VMBPACKETCOMPLETION packet, struct peer_answer *answer)
{
	complete_with(packet, answer, offsetof(struct peer_answer, ranges));
}

static void touch_external(VMBPACKETCOMPLETION packet, PMDL mdl, const struct peer_order *order)
{
	struct peer_answer answer = { .status = mdl ? 0 : 2 };
	struct walk walk;

	walk_begin(&walk, order->arg[0], order->arg[1]);
	for (; mdl; mdl = mdl->Next) {
		u8 *at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
		struct peer_range *range = &answer.ranges[answer.value[0]];

		if (!at || answer.value[0] == PEER_MAX_RANGES) {
			answer.status = -1;
			break;
		}
		answer.value[0]++;
		answer.value[1] += pages_of(mdl);
		range->bytes = MmGetMdlByteCount(mdl);
		range->offset = MmGetMdlByteOffset(mdl);
		range->first_pfn = MmGetMdlPfnArray(mdl)[0];
		sum_pages(&walk, mdl, pages_of(mdl));
		touch(&walk, at, MmGetMdlByteCount(mdl));
	}
	walk_end(&walk, &answer);
	complete_with(packet, &answer, sizeof(answer));
}

static void touch_gpadl(struct peer_answer *answer, PMDL mdl, const struct peer_order *order)
{
	u8 *at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	u32 pages = pages_of(mdl), from = order->arg[3];
	u32 end = pages * KMCL_PAGE_SIZE;
	struct walk walk;

	answer->status = at ? 0 : -1;
	if (!at)
		return;
	if (order->arg[4])
		end = min(end, from + order->arg[4]);
	walk_begin(&walk, order->arg[1], order->arg[2]);
	sum_pages(&walk, mdl, pages);
	touch(&walk, at - MmGetMdlByteOffset(mdl) + from, end - from);
	walk_end(&walk, answer);
	answer->value[0] = pages;
}

/* Status 1: no such GPADL; 3: it is read-only. */
static void order_gpadl(VMBPACKETCOMPLETION packet, const struct peer_order *order)
{
	u32 read_only = order->arg[1] == PEER_FILL ? 0 : VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;
	struct peer_answer answer = { };
	NTSTATUS status;
	PMDL mdl;

	status = VmbChannelMapGpadl(peer.channel, read_only, order->arg[0], &mdl);
	if (status) {
		answer.status = status == STATUS_ACCESS_DENIED ? 3 : 1;
	} else {
		touch_gpadl(&answer, mdl, order);
		VmbChannelUnmapGpadl(peer.channel, order->arg[0]);
	}
	complete_short(packet, &answer);
}

/* ---- completions ---- */

static void complete_filled(VMBPACKETCOMPLETION packet, u64 id, u32 length, u32 seed)
{
	u8 *data;

	spin_lock_bh(&peer.lock);
	peer.last_id = id;
	peer.last_length = length;
	peer.last_seed = seed;
	spin_unlock_bh(&peer.lock);
	data = kmalloc(MAX_PACKET, GFP_KERNEL);
	if (data && length <= MAX_PACKET)
		peer_fill(data, length, seed);
	VmbChannelPacketComplete(packet, data, data ? length : 0);
	kfree(data);
}

static u64 id_of(VMBPACKETCOMPLETION packet)
{
	return ((struct kmcl_incoming *)packet)->trans_id;
}

static void keep(VMBPACKETCOMPLETION packet, const struct peer_order *order, PMDL mdl, u32 ms)
{
	struct waiting *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w) {
		VmbChannelPacketComplete(packet, NULL, 0);
		return;
	}
	w->packet = packet;
	w->order = *order;
	w->id = id_of(packet);
	w->mdl = mdl;
	w->due = ms ? jiffies + msecs_to_jiffies(ms) : 0;
	spin_lock_bh(&peer.lock);
	list_add_tail(&w->link, &peer.waiting);
	spin_unlock_bh(&peer.lock);
	if (ms)
		queue_delayed_work(peer.wq, &peer.late, msecs_to_jiffies(ms));
}

static void answer_waiting(struct waiting *w)
{
	if (w->order.op == PEER_EXTERNAL)
		touch_external(w->packet, w->mdl, &w->order);
	else
		complete_filled(w->packet, w->id, w->order.arg[1], w->order.arg[2]);
	kfree(w);
}

static struct waiting *take_due(void)
{
	struct waiting *w, *found = NULL;

	spin_lock_bh(&peer.lock);
	list_for_each_entry(w, &peer.waiting, link) {
		if (w->due && time_after_eq(jiffies, w->due)) {
			list_del(&w->link);
			found = w;
			break;
		}
	}
	spin_unlock_bh(&peer.lock);
	return found;
}

static bool any_late(void)
{
	struct waiting *w;
	bool any = false;

	spin_lock_bh(&peer.lock);
	list_for_each_entry(w, &peer.waiting, link)
		any |= w->due != 0;
	spin_unlock_bh(&peer.lock);
	return any;
}

static void answer_late(struct work_struct *work)
{
	struct waiting *w;

	while ((w = take_due()))
		answer_waiting(w);
	if (any_late())
		queue_delayed_work(peer.wq, &peer.late, 1);
}

static bool is_held(const struct waiting *w)
{
	return w->order.op == PEER_COMPLETE && w->order.arg[0] == PEER_HOLD;
}

/* The next in a sequence of those that are held. */
static struct waiting *take_held(u32 sequence, u32 *seed)
{
	struct waiting *w, *found = NULL;
	u32 n = 0, count = 0;

	spin_lock_bh(&peer.lock);
	list_for_each_entry(w, &peer.waiting, link)
		count += is_held(w);
	if (count && sequence == PEER_LIFO)
		n = count - 1;
	if (count && sequence == PEER_SHUFFLED)
		n = peer_size((*seed)++, count - 1);
	list_for_each_entry(w, &peer.waiting, link) {
		if (is_held(w) && !n--) {
			list_del(&w->link);
			found = w;
			break;
		}
	}
	spin_unlock_bh(&peer.lock);
	return found;
}

static void release(u32 sequence, u32 seed)
{
	struct waiting *w;

	while ((w = take_held(sequence, &seed)))
		answer_waiting(w);
}

static void drop_waiting(void)
{
	struct waiting *w, *next;
	LIST_HEAD(all);

	spin_lock_bh(&peer.lock);
	list_splice_init(&peer.waiting, &all);
	spin_unlock_bh(&peer.lock);
	list_for_each_entry_safe(w, next, &all, link) {
		VmbChannelPacketComplete(w->packet, NULL, 0);
		kfree(w);
	}
}

static void order_complete(VMBPACKETCOMPLETION packet, const struct peer_order *order)
{
	u32 length = order->arg[1], seed = order->arg[2];
	u64 id = id_of(packet);

	switch (order->arg[0]) {
	case PEER_HOLD:
	case PEER_NEVER:
		keep(packet, order, NULL, 0);
		return;
	case PEER_LATE:
		keep(packet, order, NULL, order->arg[3]);
		return;
	case PEER_UNKNOWN:
		write_packet(KMCL_PKT_COMPLETION, id ^ 0x5a5a000000000000ull, length, seed);
		keep(packet, order, NULL, 0);
		return;
	}
	if (length > MAX_PACKET) {
		write_packet(KMCL_PKT_COMPLETION, id, length, seed);
		keep(packet, order, NULL, 0);
		return;
	}
	complete_filled(packet, id, length, seed);
	if (order->arg[0] == PEER_TWICE)
		write_packet(KMCL_PKT_COMPLETION, id, length, seed);
}

/* ---- the offer ---- */

static void offer(struct work_struct *work)
{
	if (VmbChannelEnable(peer.channel))
		pr_warn("local_peer: not offered\n");
	VmbChannelStart(peer.channel);
}

static void rescind(struct work_struct *work)
{
	spin_lock_bh(&peer.lock);
	peer.counters.rescinds++;
	spin_unlock_bh(&peer.lock);
	VmbChannelDisable(peer.channel);
	if (peer.offer_ms != PEER_FOREVER)
		queue_delayed_work(peer.wq, &peer.offer, msecs_to_jiffies(peer.offer_ms));
}

static NTSTATUS order_rescind(const u32 *arg)
{
	peer.offer_ms = arg[3];
	switch (arg[0]) {
	case PEER_AT_ONCE:
		queue_delayed_work(peer.wq, &peer.rescind_later, msecs_to_jiffies(arg[1]));
		return STATUS_SUCCESS;
	case PEER_AFTER_PACKETS:
		WRITE_ONCE(peer.rescind_after, arg[1] + 1);
		return STATUS_SUCCESS;
	default:
		return STATUS_NOT_SUPPORTED;
	}
}

static void stall(struct work_struct *work)
{
	stop_reading();
	queue_delayed_work(peer.wq, &peer.stall_over, msecs_to_jiffies(peer.stall_ms));
}

static void stall_over(struct work_struct *work)
{
	WRITE_ONCE(peer.stalled, false);
	VmbChannelStart(peer.channel);
}

/* ---- orders ---- */

static void order_counters(VMBPACKETCOMPLETION packet, bool reset)
{
	struct peer_answer answer = { };
	u64 open;

	spin_lock_bh(&peer.lock);
	answer.counters = peer.counters;
	answer.counters.rescind_due = work_busy(&peer.rescind_later.work) != 0;
	if (reset) {
		open = peer.counters.open_requests;
		memset(&peer.counters, 0, sizeof(peer.counters));
		peer.counters.open_requests = open;
	}
	spin_unlock_bh(&peer.lock);
	complete_with(packet, &answer, offsetof(struct peer_answer, ranges) +
		      sizeof(answer.counters));
}

static void order_generate(const u32 *arg)
{
	spin_lock_bh(&peer.lock);
	peer.gen.left = arg[0];
	peer.gen.size = arg[1];
	peer.gen.burst = arg[2];
	peer.gen.flags = arg[3];
	peer.gen.seed = arg[4];
	spin_unlock_bh(&peer.lock);
	queue_work(peer.wq, &peer.generate);
}

/* What is done when the answer has been sent. */
static void act(const struct peer_order *order, const u8 *bytes, u32 length)
{
	const u32 *arg = order->arg;

	switch (order->op) {
	case PEER_MODE:
		WRITE_ONCE(peer.mode, arg[0]);
		break;
	case PEER_GENERATE:
		order_generate(arg);
		break;
	case PEER_RELEASE:
		release(arg[0], arg[1]);
		break;
	case PEER_REPEAT:
		write_packet(KMCL_PKT_COMPLETION, peer.last_id, peer.last_length, peer.last_seed);
		break;
	case PEER_RAW:
		write_raw(bytes, length, arg[0] ?: length + KMCL_TRAILER_SIZE);
		break;
	case PEER_POKE:
		memcpy(peer.poke_args, arg, sizeof(peer.poke_args));
		queue_delayed_work(peer.wq, &peer.poke, 1);
		break;
	case PEER_STALL:
		peer.stall_ms = arg[0];
		queue_work(peer.wq, &peer.stall);
		break;
	case PEER_RESCIND:
		order_rescind(arg);
		break;
	}
}

static void order_external(VMBPACKETCOMPLETION packet, const struct peer_order *order)
{
	PMDL mdl;

	if (VmbChannelPacketGetExternalData(packet, 0, &mdl))
		mdl = NULL;
	if (order->arg[2])
		keep(packet, order, mdl, order->arg[2]);
	else
		touch_external(packet, mdl, order);
}

static void obey(VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	struct peer_answer answer = { .value[0] = PEER_VERSION };
	struct peer_order order;
	u8 bytes[64];
	u32 more = min_t(u32, length - sizeof(order), sizeof(bytes));

	memcpy(&order, buffer, sizeof(order));
	memcpy(bytes, buffer + sizeof(order), more);
	switch (order.op) {
	case PEER_COMPLETE:
		order_complete(packet, &order);
		return;
	case PEER_EXTERNAL:
		order_external(packet, &order);
		return;
	case PEER_GPADL:
		order_gpadl(packet, &order);
		return;
	case PEER_COUNTERS:
		order_counters(packet, order.arg[0]);
		return;
	}
	complete_short(packet, &answer);
	act(&order, bytes, more);
}

static void plain(VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	bool wants = id_of(packet), echo = READ_ONCE(peer.mode) == PEER_ECHO;

	spin_lock_bh(&peer.lock);
	peer.counters.packets++;
	peer.counters.bytes += length;
	if (peer.rescind_after && !--peer.rescind_after)
		queue_work(peer.wq, &peer.rescind);
	spin_unlock_bh(&peer.lock);
	if (!wants && echo)
		send(buffer, length, 0, false);
	VmbChannelPacketComplete(packet, buffer, echo ? length : 0);
}

/* ---- callbacks ---- */

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	const struct peer_order *order = buffer;

	if (length >= sizeof(*order) && order->magic == PEER_MAGIC)
		obey(packet, buffer, length);
	else
		plain(packet, buffer, length);
}

static NTSTATUS opened(VMBCHANNEL channel)
{
	spin_lock_bh(&peer.lock);
	peer.is_open = true;
	peer.mode = PEER_ECHO;
	peer.rescind_after = 0;
	peer.gen.left = 0;
	peer.counters.opens++;
	spin_unlock_bh(&peer.lock);
	return STATUS_SUCCESS;
}

static VOID suspend(VMBCHANNEL channel)
{
	drop_waiting();
}

static VOID closed(VMBCHANNEL channel)
{
	spin_lock_bh(&peer.lock);
	peer.is_open = false;
	peer.gen.left = 0;
	spin_unlock_bh(&peer.lock);
	wake_up(&peer.wait);
	/* A server that is Closed queues what it sends, for its next client. */
	flush_work(&peer.generate);
	/* A stall does not outlive its client. */
	if (peer.stalled)
		queue_delayed_work(peer.wq, &peer.stall_over, 0);
}

/* ---- the module ---- */

static NTSTATUS configure(void)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	VMBCHANNEL ch = peer.channel;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelClosed = closed;
	/* Memory of the client is mapped, orders sleep. */
	VmbChannelSetIncomingProcessingAtPassive(ch, TRUE);
	return VmbChannelInitSetStateChangeCallbacks(ch, &callbacks) ?:
	       VmbChannelInitSetProcessPacketCallbacks(ch, process_packet, NULL) ?:
	       VmbChannelInitSetMaximumPacketSize(ch, MAX_PACKET) ?:
	       VmbChannelInitSetMaximumExternalData(ch, 2 << 20, PEER_MAX_RANGES) ?:
	       VmbServerChannelInitSetTargetInterfaceId(ch, peer_class, peer_instance) ?:
	       VmbChannelEnable(ch);
}

static void init_state(void)
{
	spin_lock_init(&peer.lock);
	init_waitqueue_head(&peer.wait);
	INIT_LIST_HEAD(&peer.waiting);
	INIT_WORK(&peer.generate, generate);
	INIT_WORK(&peer.rescind, rescind);
	INIT_WORK(&peer.stall, stall);
	INIT_DELAYED_WORK(&peer.late, answer_late);
	INIT_DELAYED_WORK(&peer.stall_over, stall_over);
	INIT_DELAYED_WORK(&peer.poke, poke);
	INIT_DELAYED_WORK(&peer.offer, offer);
	INIT_DELAYED_WORK(&peer.rescind_later, rescind);
}

static int __init local_peer_init(void)
{
	init_state();
	peer.wq = alloc_workqueue("local_peer", WQ_UNBOUND, 0);
	if (!peer.wq)
		return -ENOMEM;
	if (VmbChannelAllocate(NULL, TRUE, &peer.channel)) {
		destroy_workqueue(peer.wq);
		return -ENOMEM;
	}
	if (configure()) {
		VmbChannelCleanup(peer.channel);
		destroy_workqueue(peer.wq);
		return -EBUSY;
	}
	VmbChannelStart(peer.channel);
	return 0;
}

static void __exit local_peer_exit(void)
{
	/* A rescind brings an offer after it. */
	cancel_delayed_work_sync(&peer.rescind_later);
	cancel_work_sync(&peer.rescind);
	cancel_delayed_work_sync(&peer.offer);
	cancel_work_sync(&peer.stall);
	cancel_delayed_work_sync(&peer.stall_over);
	VmbChannelDisable(peer.channel);
	cancel_delayed_work_sync(&peer.late);
	cancel_delayed_work_sync(&peer.poke);
	VmbChannelCleanup(peer.channel);
	destroy_workqueue(peer.wq);
}

module_init(local_peer_init);
module_exit(local_peer_exit);
MODULE_DESCRIPTION("KMCL: the test peer on the local bus");
MODULE_LICENSE("GPL");
