// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmcl-test: a VMBus device that does what the guest's tests tell it (peer_proto.h), the wrong
 * things included.
 *
 * QMP: `qom-set path=/machine/peripheral/ID property=P value=V` with
 *   rescind   milliseconds from the guest's release of the channel to a new offer, -1 for none;
 *             rescinds at once
 *   mode      "echo", "sink"
 *   stalled   true: does not read
 * and, for reading, packets, sent, opens, rescinds, open. The property mend-room of -device makes
 * up for the core's forgotten signals when a full ring has been emptied.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/qdev-properties.h"
#include "qom/object.h"

#include "peer_proto.h"
#include "peer_vmbus.h"

#define TYPE_KMCL_TEST "kmcl-test"
#define TYPE_KMCL_TEST_PIPE "kmcl-test-pipe"
OBJECT_DECLARE_SIMPLE_TYPE(Peer, KMCL_TEST)

#define OFFER_AS_PIPE 0x10
#define PIPE_DATA 1
#define PIPE_PARTIAL 2

#define MAX_WAITING 64

typedef struct OutPacket {
	uint16_t type;
	bool ask;
	uint64_t id;
	uint32_t length;
	uint8_t data[];
} OutPacket;

/* A completion that waits. */
typedef struct Waiting {
	struct Peer *peer;
	uint64_t id;
	uint32_t length, seed;
	QEMUTimer *timer;
	PeerPacket *packet;         /* PEER_EXTERNAL with a delay */
} Waiting;

/* A request of ours that the guest is to complete. */
typedef struct Asked {
	uint32_t length, seed;
} Asked;

struct Peer {
	VMBusDevice parent;

	bool mend_room;
	bool pipe;                  /* every message has a header of its own */
	uint32_t pipe_type;         /* of the message that is handled */

	PeerLink link, sub_link;
	VMBusChannel *chan;         /* while open */
	uint32_t mode;
	bool stalled;

	GQueue out;                 /* OutPacket: wait for room */
	GQueue held;                /* Waiting: PEER_HOLD */
	GSList *late;               /* Waiting with a timer */
	GHashTable *asked;          /* id: Asked */
	uint64_t next_id;
	Waiting last;

	struct {
		uint32_t left, size, burst, flags, seed;
	} generate;

	QEMUTimer *generate_timer, *stall_timer, *rescind_timer, *offer_timer, *poke_timer;
	uint32_t poke[4];
	uint32_t offer_ms;
	uint64_t rescind_after;     /* packets, 0: not armed */

	struct peer_counters counters;
};

typedef struct PipeHeader {
	uint32_t type, length;
} PipeHeader;

static void flush(Peer *peer);

/* ---- sending ---- */

static bool fits(Peer *peer, uint32_t length)
{
	return ROUND_UP(length, 8) + 16 + 8 < peer_send_ring_size(peer->chan);
}

static bool try_send(Peer *peer, uint16_t type, bool ask, uint64_t id, const void *data,
		     uint32_t length)
{
	if (vmbus_channel_reserve(peer->chan, 0, length))
		return false;
	vmbus_channel_send(peer->chan, type, NULL, 0, (void *)data, length, ask, id);
	peer->counters.sent++;
	return true;
}

static void send_packet(Peer *peer, uint16_t type, bool ask, uint64_t id, const void *data,
			uint32_t length)
{
	OutPacket *out;

	if (!peer->chan)
		return;
	if (!fits(peer, length)) {
		peer->counters.dropped++;
		return;
	}
	if (g_queue_is_empty(&peer->out) && try_send(peer, type, ask, id, data, length))
		return;
	out = g_malloc(sizeof(*out) + length);
	out->type = type;
	out->ask = ask;
	out->id = id;
	out->length = length;
	memcpy(out->data, data, length);
	g_queue_push_tail(&peer->out, out);
}

/* In pipe mode the message gets its header. */
static void send_data(Peer *peer, bool ask, uint64_t id, const void *data, uint32_t length)
{
	g_autofree uint8_t *message = NULL;
	PipeHeader header = { peer->pipe_type, length };

	if (!peer->pipe) {
		send_packet(peer, VMBUS_PACKET_DATA_INBAND, ask, id, data, length);
		return;
	}
	message = g_malloc0(ROUND_UP(sizeof(header) + length, 8));
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), data, length);
	send_packet(peer, VMBUS_PACKET_DATA_INBAND, ask, id, message,
		    ROUND_UP(sizeof(header) + length, 8));
}

static void complete(Peer *peer, uint64_t id, const void *data, uint32_t length)
{
	send_packet(peer, VMBUS_PACKET_COMP, false, id, data, length);
}

/* The core leaves what was in the ring where a message does not end on 8 bytes; here it is zero. */
static uint8_t *filled(uint32_t length, uint32_t seed)
{
	uint8_t *data = g_malloc0(ROUND_UP(length, 8) + 1);

	peer_fill(data, length, seed);
	return data;
}

static void complete_filled(Peer *peer, uint64_t id, uint32_t length, uint32_t seed)
{
	g_autofree uint8_t *data = filled(length, seed);

	complete(peer, id, data, ROUND_UP(length, 8));
}

static void generate_one(Peer *peer)
{
	uint32_t seed = peer->generate.seed++;
	uint32_t size = peer->generate.size;
	bool ask = peer->generate.flags & PEER_ASK;
	g_autofree uint8_t *data = NULL;
	uint64_t id = 0;

	if (peer->generate.flags & PEER_RANDOM)
		size = peer_size(seed, size);
	data = filled(size, seed);
	if (ask) {
		Asked *asked = g_new(Asked, 1);

		id = ++peer->next_id;
		asked->length = size;
		asked->seed = seed;
		g_hash_table_insert(peer->asked, g_memdup2(&id, sizeof(id)), asked);
	}
	send_data(peer, ask, id, data, peer->pipe ? size : ROUND_UP(size, 8));
	peer->generate.left--;
}

/* Up to a burst, or as much as there is room for. */
static void generate(Peer *peer)
{
	uint32_t n = peer->generate.burst ?: UINT32_MAX;

	while (peer->chan && peer->generate.left && n-- && g_queue_is_empty(&peer->out))
		generate_one(peer);
	if (peer->generate.left && peer->generate.burst)
		timer_mod(peer->generate_timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + 1);
}

static void generate_tick(void *opaque)
{
	generate(opaque);
}

static void flush(Peer *peer)
{
	while (peer->chan && !g_queue_is_empty(&peer->out)) {
		OutPacket *out = g_queue_peek_head(&peer->out);

		if (!try_send(peer, out->type, out->ask, out->id, out->data, out->length))
			return;
		g_free(g_queue_pop_head(&peer->out));
	}
	if (peer->generate.left && !peer->generate.burst)
		generate(peer);
}

/* ---- rescind ---- */

static void rescind_now(void *opaque)
{
	Peer *peer = opaque;

	peer->counters.rescinds++;
	peer_rescind(&peer->link);
}

static void sub_offered(void *opaque)
{
	Peer *peer = opaque;

	peer->counters.sub_offers++;
}

static void sub_released(void *opaque)
{
	Peer *peer = opaque;

	peer->counters.sub_releases++;
}

static void offer_now(void *opaque)
{
	Peer *peer = opaque;

	peer_offer(&peer->link);
}

static void released(void *opaque)
{
	Peer *peer = opaque;

	if (peer->offer_ms != PEER_FOREVER)
		timer_mod(peer->offer_timer,
			  qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + peer->offer_ms);
}

static void order_rescind(Peer *peer, const uint32_t *arg)
{
	peer->offer_ms = arg[3];
	switch (arg[0]) {
	case PEER_AT_ONCE:
		timer_mod(peer->rescind_timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + arg[1]);
		break;
	case PEER_ON_MESSAGE:
		peer_trap(&peer->link, arg[1], arg[4], arg[2]);
		break;
	case PEER_AFTER_PACKETS:
		peer->rescind_after = arg[1] + 1;
		break;
	}
}

/* ---- external data and GPADLs ---- */

typedef struct PageWalk {
	AddressSpace *as;
	bool fill;
	uint32_t seed;
	uint64_t done;              /* bytes */
	uint64_t sum, sum2;
	uint32_t left;              /* bytes of an incomplete word */
	uint8_t word[8];
} PageWalk;

/* The sum does not depend on how the data is cut into pieces. */
static void sum_piece(PageWalk *walk, const uint8_t *data, uint32_t length)
{
	while (length) {
		uint32_t n;

		if (!walk->left && length >= 8) {
			n = length & ~7u;
			walk->sum = peer_sum(walk->sum, data, n);
		} else {
			n = MIN(length, 8 - walk->left);
			memcpy(walk->word + walk->left, data, n);
			walk->left += n;
			if (walk->left == 8) {
				walk->sum = peer_sum(walk->sum, walk->word, 8);
				walk->left = 0;
			}
		}
		data += n;
		length -= n;
	}
}

static void touch(PageWalk *walk, uint64_t pfn, uint32_t offset, uint32_t length)
{
	uint8_t page[4096];
	uint64_t address = (pfn << 12) + offset;
	uint32_t i;

	dma_memory_read(walk->as, address, page, length, MEMTXATTRS_UNSPECIFIED);
	sum_piece(walk, page, length);
	if (walk->fill) {
		for (i = 0; i < length; i++)
			page[i] = peer_byte(walk->seed, walk->done + i);
		dma_memory_write(walk->as, address, page, length, MEMTXATTRS_UNSPECIFIED);
	}
	walk->done += length;
}

static void walk_begin(PageWalk *walk, Peer *peer, uint32_t what, uint32_t seed)
{
	memset(walk, 0, sizeof(*walk));
	walk->as = VMBUS_DEVICE(peer)->dma_as;
	walk->fill = what == PEER_FILL;
	walk->seed = seed;
	walk->sum = PEER_SUM_START;
	walk->sum2 = PEER_SUM_START;
}

static void walk_end(PageWalk *walk, struct peer_answer *answer)
{
	answer->sum = peer_sum(walk->sum, walk->word, walk->left);
	answer->sum2 = walk->sum2;
}

/* Return: the bytes after a range, or NULL if it is cut short. */
static const uint8_t *one_range(PageWalk *walk, const uint8_t *at, const uint8_t *end,
				struct peer_answer *answer)
{
	uint32_t n = answer->value[0]++;
	uint32_t bytes, offset;
	uint64_t pfn;

	if (at + 8 > end)
		return NULL;
	memcpy(&bytes, at, 4);
	memcpy(&offset, at + 4, 4);
	at += 8;
	if (n < PEER_MAX_RANGES) {
		answer->ranges[n].bytes = bytes;
		answer->ranges[n].offset = offset;
		answer->ranges[n].first_pfn = UINT64_MAX;
	}
	if (offset >= 4096)
		return NULL;
	while (bytes) {
		uint32_t length = MIN(bytes, 4096 - offset);

		if (at + 8 > end)
			return NULL;
		memcpy(&pfn, at, 8);
		if (n < PEER_MAX_RANGES && answer->ranges[n].first_pfn == UINT64_MAX)
			answer->ranges[n].first_pfn = pfn;
		walk->sum2 = peer_sum(walk->sum2, &pfn, 8);
		answer->value[1]++;
		touch(walk, pfn, offset, length);
		offset = 0;
		bytes -= length;
		at += 8;
	}
	return at;
}

static void do_external(Peer *peer, const PeerPacket *packet)
{
	const struct peer_order *order = (const void *)packet->payload;
	const uint8_t *at = packet->data + 8, *end = packet->data + packet->head;
	struct peer_answer answer = { 0 };
	uint32_t count, length;
	PageWalk walk;

	walk_begin(&walk, peer, order->arg[0], order->arg[1]);
	if (packet->type == VMBUS_PACKET_DATA_USING_GPA_DIRECT && packet->head >= 8) {
		memcpy(&count, packet->data + 4, 4);
		while (count-- && at)
			at = one_range(&walk, at, end, &answer);
		answer.status = at == end ? 0 : -1;
	} else {
		answer.status = 2;
	}
	walk_end(&walk, &answer);
	length = offsetof(struct peer_answer, ranges) +
		 MIN(answer.value[0], PEER_MAX_RANGES) * sizeof(struct peer_range);
	complete(peer, packet->trans_id, &answer, length);
}

static void do_gpadl(Peer *peer, const PeerPacket *packet)
{
	const struct peer_order *order = (const void *)packet->payload;
	struct peer_answer answer = { 0 };
	VMBusGpadl *gpadl = vmbus_get_gpadl(peer->chan, order->arg[0]);
	uint64_t at = order->arg[3], end;
	uint32_t i;
	PageWalk walk;

	walk_begin(&walk, peer, order->arg[1], order->arg[2]);
	answer.status = 1;
	if (gpadl) {
		answer.status = 0;
		answer.value[0] = peer_gpadl_pages(gpadl);
		for (i = 0; i < answer.value[0]; i++) {
			uint64_t pfn = peer_gpadl_pfn(gpadl, i);

			walk.sum2 = peer_sum(walk.sum2, &pfn, 8);
		}
		end = (uint64_t)answer.value[0] * 4096;
		if (order->arg[4])
			end = MIN(end, at + order->arg[4]);
		while (at < end) {
			uint32_t length = MIN(end - at, 4096 - at % 4096);

			touch(&walk, peer_gpadl_pfn(gpadl, at / 4096), at % 4096, length);
			at += length;
		}
		vmbus_put_gpadl(gpadl);
	}
	walk_end(&walk, &answer);
	complete(peer, packet->trans_id, &answer, offsetof(struct peer_answer, ranges));
}

/* ---- completions ---- */

static void free_reply(void *data)
{
	Waiting *reply = data;

	timer_free(reply->timer);
	g_free(reply->packet);
	g_free(reply);
}

static void reply_now(Peer *peer, const Waiting *reply)
{
	if (reply->packet) {
		do_external(peer, reply->packet);
		return;
	}
	complete_filled(peer, reply->id, reply->length, reply->seed);
	peer->last = *reply;
}

static void late(void *opaque)
{
	Waiting *reply = opaque;
	Peer *peer = reply->peer;

	peer->late = g_slist_remove(peer->late, reply);
	reply_now(peer, reply);
	free_reply(reply);
}

static void reply_later(Peer *peer, const Waiting *what, uint32_t ms)
{
	Waiting *reply = g_memdup2(what, sizeof(*what));

	reply->peer = peer;
	reply->timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, late, reply);
	peer->late = g_slist_prepend(peer->late, reply);
	timer_mod(reply->timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + ms);
}

static void order_complete(Peer *peer, const PeerPacket *packet, const uint32_t *arg)
{
	Waiting reply = { .id = packet->trans_id, .length = arg[1], .seed = arg[2] };

	switch (arg[0]) {
	case PEER_HOLD:
		g_queue_push_tail(&peer->held, g_memdup2(&reply, sizeof(reply)));
		return;
	case PEER_LATE:
		reply_later(peer, &reply, arg[3]);
		return;
	case PEER_TWICE:
		reply_now(peer, &reply);
		break;
	case PEER_UNKNOWN:
		reply.id ^= 0x5a5a000000000000ull;
		break;
	case PEER_NEVER:
		return;
	}
	reply_now(peer, &reply);
}

static void release(Peer *peer, uint32_t sequence, uint32_t seed)
{
	while (!g_queue_is_empty(&peer->held)) {
		uint32_t n = 0;
		Waiting *reply;

		if (sequence == PEER_LIFO)
			n = peer->held.length - 1;
		if (sequence == PEER_SHUFFLED)
			n = peer_size(seed++, peer->held.length - 1);
		reply = g_queue_pop_nth(&peer->held, n);
		reply_now(peer, reply);
		free_reply(reply);
	}
}

/* The guest has completed one of ours. */
static void answered(Peer *peer, const PeerPacket *packet)
{
	Asked *asked = g_hash_table_lookup(peer->asked, &packet->trans_id);

	if (!asked) {
		peer->counters.stray_answers++;
		return;
	}
	if (packet->length == ROUND_UP(asked->length, 8) &&
	    peer_filled(packet->payload, asked->length, asked->seed)) {
		peer->counters.good_answers++;
	} else {
		peer->counters.bad_answers++;
	}
	g_hash_table_remove(peer->asked, &packet->trans_id);
}

/* ---- orders ---- */

static void order_hello(Peer *peer, const PeerPacket *packet)
{
	struct peer_answer answer = { .value[0] = PEER_VERSION, .sum2 = PEER_SUM_START };
	VMBusGpadl *gpadl = peer_ring_gpadl(peer->chan);
	uint32_t i;

	answer.value[1] = peer_recv_ring_size(peer->chan);
	answer.value[2] = peer_send_ring_size(peer->chan);
	for (i = 0; i < peer_gpadl_pages(gpadl); i++) {
		uint64_t pfn = peer_gpadl_pfn(gpadl, i);

		answer.sum2 = peer_sum(answer.sum2, &pfn, sizeof(pfn));
	}
	complete(peer, packet->trans_id, &answer, offsetof(struct peer_answer, ranges));
}

static void answer(Peer *peer, const PeerPacket *packet, int status, uint32_t value)
{
	struct peer_answer answer = { .status = status, .value[0] = value };

	if (packet->flags & VMBUS_PACKET_FLAG_REQUEST_COMPLETION)
		complete(peer, packet->trans_id, &answer, offsetof(struct peer_answer, ranges));
}

static void order_counters(Peer *peer, const PeerPacket *packet, bool reset)
{
	struct peer_answer answer = { 0 };

	answer.counters = peer->counters;
	answer.counters.open_requests = g_hash_table_size(peer->asked);
	answer.counters.rescind_due = timer_pending(peer->rescind_timer);
	complete(peer, packet->trans_id, &answer,
		 offsetof(struct peer_answer, ranges) + sizeof(answer.counters));
	if (reset)
		memset(&peer->counters, 0, sizeof(peer->counters));
}

static void order_generate(Peer *peer, const uint32_t *arg)
{
	peer->generate.left = arg[0];
	peer->generate.size = arg[1];
	peer->generate.burst = arg[2];
	peer->generate.flags = arg[3];
	peer->generate.seed = arg[4];
	generate(peer);
}

static void stall_over(void *opaque)
{
	Peer *peer = opaque;

	peer->stalled = false;
	if (peer->chan)
		vmbus_channel_notify_host(peer->chan);
}

static void order_raw(Peer *peer, const PeerPacket *packet, uint32_t advance)
{
	const uint8_t *bytes = packet->payload + sizeof(struct peer_order);
	uint32_t length = packet->length - sizeof(struct peer_order);

	peer_send_raw(peer->chan, bytes, length, advance ?: length + 8);
}

/* Not in the batch that the order is in: its end writes the read index. */
static void poke_now(void *opaque)
{
	Peer *peer = opaque;

	if (peer->chan)
		peer_poke(peer->chan, peer->poke[0], peer->poke[1], peer->poke[2], peer->poke[3]);
}

static void order_external(Peer *peer, PeerPacket *packet, const uint32_t *arg)
{
	Waiting reply = { 0 };

	if (!arg[2]) {
		do_external(peer, packet);
		return;
	}
	reply.packet = g_memdup2(packet, sizeof(*packet) + packet->head + packet->length);
	reply.packet->payload = reply.packet->data + packet->head;
	reply_later(peer, &reply, arg[2]);
}

static void obey(Peer *peer, PeerPacket *packet)
{
	const struct peer_order *order = (const void *)packet->payload;
	const uint32_t *arg = order->arg;

	switch (order->op) {
	case PEER_HELLO:
		order_hello(peer, packet);
		return;
	case PEER_COMPLETE:
		order_complete(peer, packet, arg);
		return;
	case PEER_EXTERNAL:
		order_external(peer, packet, arg);
		return;
	case PEER_GPADL:
		do_gpadl(peer, packet);
		return;
	case PEER_COUNTERS:
		order_counters(peer, packet, arg[0]);
		return;
	/* In force when the answer comes. */
	case PEER_RESCIND:
		order_rescind(peer, arg);
		break;
	case PEER_MODE:
		peer->mode = arg[0];
		break;
	case PEER_POKE:
		/* The next batch would put the guest's read index right again. */
		if (arg[0])
			peer->stalled = true;
		break;
	case PEER_STALL:
		peer->stalled = true;
		timer_mod(peer->stall_timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + arg[0]);
		break;
	}
	answer(peer, packet, 0, 0);
	switch (order->op) {
	case PEER_GENERATE:
		order_generate(peer, arg);
		break;
	case PEER_RELEASE:
		release(peer, arg[0], arg[1]);
		break;
	case PEER_REPEAT:
		complete_filled(peer, peer->last.id, peer->last.length, peer->last.seed);
		break;
	case PEER_RAW:
		order_raw(peer, packet, arg[0]);
		break;
	case PEER_SUBCHANNEL:
		peer_offer(&peer->sub_link);
		break;
	case PEER_POKE:
		memcpy(peer->poke, arg, sizeof(peer->poke));
		timer_mod(peer->poke_timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + 1);
		break;
	}
}

static void plain(Peer *peer, const PeerPacket *packet)
{
	bool wants = packet->flags & VMBUS_PACKET_FLAG_REQUEST_COMPLETION;
	bool echo = peer->mode == PEER_ECHO;

	peer->counters.packets++;
	peer->counters.bytes += packet->length;
	if (wants)
		complete(peer, packet->trans_id, packet->payload, echo ? packet->length : 0);
	else if (echo)
		send_data(peer, false, 0, packet->payload, packet->length);
	if (peer->rescind_after && !--peer->rescind_after)
		rescind_now(peer);
}

static bool is_order(const PeerPacket *packet)
{
	const struct peer_order *order = (const void *)packet->payload;

	return packet->length >= sizeof(*order) && order->magic == PEER_MAGIC;
}

/* Return: false for what has no place in pipe mode. */
static bool strip_pipe_header(Peer *peer, PeerPacket *packet)
{
	PipeHeader header;

	if (packet->length < sizeof(header) ||
	    packet->flags & VMBUS_PACKET_FLAG_REQUEST_COMPLETION)
		return false;
	memcpy(&header, packet->payload, sizeof(header));
	packet->payload += sizeof(header);
	packet->length -= sizeof(header);
	if (header.length > packet->length ||
	    (header.type != PIPE_DATA && header.type != PIPE_PARTIAL))
		return false;
	packet->length = header.length;
	peer->pipe_type = header.type;
	return true;
}

static void handle(Peer *peer, PeerPacket *packet)
{
	if (peer->pipe && packet->type != VMBUS_PACKET_COMP && !strip_pipe_header(peer, packet)) {
		error_report("kmcl-test: this is no message of a pipe");
		return;
	}
	if (packet->type == VMBUS_PACKET_COMP)
		answered(peer, packet);
	else if (is_order(packet))
		obey(peer, packet);
	else
		plain(peer, packet);
}

/* ---- the channel ---- */

/*
 * Many replies that found no room hold up reading. A few do not: the guest may wait for us to read
 * its own.
 */
static bool may_read(Peer *peer)
{
	return peer->chan && !peer->stalled && g_queue_get_length(&peer->out) < MAX_WAITING;
}

static bool read_batch(Peer *peer, VMBusChannel *chan)
{
	PeerPacket *packet;
	bool any = false;

	if (vmbus_channel_recv_start(chan))
		return false;
	while (may_read(peer) && (packet = peer_receive(chan))) {
		any = true;
		handle(peer, packet);
		g_free(packet);
	}
	if (any) {
		vmbus_channel_recv_done(chan);
		if (peer->mend_room)
			peer_mend_room(chan);
	}
	return any;
}

static void notified(VMBusChannel *chan)
{
	Peer *peer = KMCL_TEST(vmbus_channel_device(chan));

	if (vmbus_channel_idx(chan))
		return;
	flush(peer);
	while (may_read(peer) && read_batch(peer, chan))
		flush(peer);
}

static void forget(Peer *peer)
{
	g_queue_clear_full(&peer->out, g_free);
	g_queue_clear_full(&peer->held, free_reply);
	g_slist_free_full(peer->late, free_reply);
	peer->late = NULL;
	g_hash_table_remove_all(peer->asked);
	peer->generate.left = 0;
	timer_del(peer->generate_timer);
	timer_del(peer->stall_timer);
	timer_del(peer->poke_timer);
	peer->stalled = false;
	peer->rescind_after = 0;
	peer->mode = PEER_ECHO;
}

static int opened(VMBusChannel *chan)
{
	Peer *peer = KMCL_TEST(vmbus_channel_device(chan));

	if (vmbus_channel_idx(chan)) {
		peer->counters.sub_opens++;
		return 0;
	}
	peer->chan = chan;
	peer->counters.opens++;
	return 0;
}

static void closed(VMBusChannel *chan)
{
	Peer *peer = KMCL_TEST(vmbus_channel_device(chan));

	if (vmbus_channel_idx(chan))
		return;
	peer->chan = NULL;
	forget(peer);
	peer_rescind(&peer->sub_link);
}

static uint16_t channels(VMBusDevice *vdev)
{
	return 2;
}

/* ---- QMP ---- */

static void set_rescind(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	Peer *peer = KMCL_TEST(obj);
	int64_t ms;

	if (!visit_type_int(v, name, &ms, errp))
		return;
	peer->offer_ms = ms < 0 ? PEER_FOREVER : ms;
	rescind_now(peer);
}

static char *get_mode(Object *obj, Error **errp)
{
	return g_strdup(KMCL_TEST(obj)->mode == PEER_ECHO ? "echo" : "sink");
}

static void set_mode(Object *obj, const char *value, Error **errp)
{
	KMCL_TEST(obj)->mode = strcmp(value, "sink") ? PEER_ECHO : PEER_SINK;
}

static bool get_stalled(Object *obj, Error **errp)
{
	return KMCL_TEST(obj)->stalled;
}

static void set_stalled(Object *obj, bool value, Error **errp)
{
	KMCL_TEST(obj)->stalled = value;
	if (!value)
		stall_over(obj);
}

static bool get_open(Object *obj, Error **errp)
{
	return KMCL_TEST(obj)->chan;
}

/* ---- the device ---- */

static void realize(VMBusDevice *vdev, Error **errp)
{
	Peer *peer = KMCL_TEST(vdev);

	peer->pipe = VMBUS_DEVICE_GET_CLASS(vdev)->channel_flags & OFFER_AS_PIPE;
	peer->pipe_type = PIPE_DATA;
	peer->asked = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_queue_init(&peer->out);
	g_queue_init(&peer->held);
	peer->generate_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, generate_tick, peer);
	peer->stall_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, stall_over, peer);
	peer->rescind_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, rescind_now, peer);
	peer->poke_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, poke_now, peer);
	peer->offer_timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, offer_now, peer);
	peer->offer_ms = PEER_FOREVER;
	peer->next_id = 0x1000;
	peer->link.opaque = peer;
	peer->link.trapped = rescind_now;
	peer->link.released = released;
	peer_attach(&peer->link, vmbus_device_channel(vdev, 0));
	peer->sub_link.on_demand = true;
	peer->sub_link.opaque = peer;
	peer->sub_link.offered = sub_offered;
	peer->sub_link.released = sub_released;
	peer_attach(&peer->sub_link, vmbus_device_channel(vdev, 1));
}

static void unrealize(VMBusDevice *vdev)
{
	Peer *peer = KMCL_TEST(vdev);

	peer_detach(&peer->sub_link);
	peer_detach(&peer->link);
	forget(peer);
	timer_free(peer->generate_timer);
	timer_free(peer->stall_timer);
	timer_free(peer->rescind_timer);
	timer_free(peer->offer_timer);
	timer_free(peer->poke_timer);
	g_hash_table_destroy(peer->asked);
}

static const Property properties[] = {
	DEFINE_PROP_BOOL("mend-room", Peer, mend_room, false),
};

static void instance_init(Object *obj)
{
	Peer *peer = KMCL_TEST(obj);

	object_property_add_uint64_ptr(obj, "packets", &peer->counters.packets, OBJ_PROP_FLAG_READ);
	object_property_add_uint64_ptr(obj, "sent", &peer->counters.sent, OBJ_PROP_FLAG_READ);
	object_property_add_uint64_ptr(obj, "opens", &peer->counters.opens, OBJ_PROP_FLAG_READ);
	object_property_add_uint64_ptr(obj, "rescinds", &peer->counters.rescinds,
				       OBJ_PROP_FLAG_READ);
}

static void class_init(ObjectClass *klass, void *data)
{
	VMBusDeviceClass *vdc = VMBUS_DEVICE_CLASS(klass);
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->desc = "peer of the KMCL tests";
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
	device_class_set_props(dc, properties);
	qemu_uuid_parse(PEER_CLASS, &vdc->classid);
	qemu_uuid_parse(PEER_INSTANCE, &vdc->instanceid);
	vdc->vmdev_realize = realize;
	vdc->vmdev_unrealize = unrealize;
	vdc->open_channel = opened;
	vdc->close_channel = closed;
	vdc->chan_notify_cb = notified;
	vdc->num_channels = channels;
	vdc->mmio_size_mb = PEER_MMIO_MEGABYTES;
	object_class_property_add(klass, "rescind", "int", NULL, set_rescind, NULL, NULL);
	object_class_property_add_str(klass, "mode", get_mode, set_mode);
	object_class_property_add_bool(klass, "stalled", get_stalled, set_stalled);
	object_class_property_add_bool(klass, "open", get_open, NULL);
}

static const TypeInfo type_info = {
	.name = TYPE_KMCL_TEST,
	.parent = TYPE_VMBUS_DEVICE,
	.instance_size = sizeof(Peer),
	.instance_init = instance_init,
	.class_init = class_init,
};

static void pipe_class_init(ObjectClass *klass, void *data)
{
	VMBusDeviceClass *vdc = VMBUS_DEVICE_CLASS(klass);

	qemu_uuid_parse(PEER_PIPE_INSTANCE, &vdc->instanceid);
	vdc->channel_flags = OFFER_AS_PIPE;
	vdc->mmio_size_mb = 0;
}

static const TypeInfo pipe_type_info = {
	.name = TYPE_KMCL_TEST_PIPE,
	.parent = TYPE_KMCL_TEST,
	.class_init = pipe_class_init,
};

static void register_types(void)
{
	type_register_static(&type_info);
	type_register_static(&pipe_type_info);
}

type_init(register_types)
