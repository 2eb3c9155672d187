// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile end of the local bus against the other, both ways: spec 5.5, 6.8. Its lies stop one
 * direction of its own channel, and a pair beside it notices nothing.
 *
 * Counts of work are fixed, and what is to come is awaited: nothing here depends on time.
 */
#include <linux/random.h>
#include <asm/barrier.h>

#include "channel.h"
#include "pair.h"
#include "suites.h"

#define DATA		KMCL_PKT_DATA_INBAND
#define DONE		KMCL_PKT_COMPLETION
#define RANGES		KMCL_PKT_DATA_GPA_DIRECT

/* Of a storm: enough to meet a reader at every place. */
#define BLOWS		20000

struct duel {
	struct pair *p;
	struct pair *beside;
	struct end *liar;
	struct end *victim;
	bool at_server;
};

static struct kmcl_channel *guts(struct end *end)
{
	return (struct kmcl_channel *)end->channel;
}

static bool duel_begin(struct ktap *t, struct duel *duel, bool at_server)
{
	duel->at_server = at_server;
	duel->p = pair_open(t);
	duel->beside = pair_open(t);
	if (!duel->p || !duel->beside)
		return false;
	duel->liar = at_server ? &duel->p->client : &duel->p->server;
	duel->victim = at_server ? &duel->p->server : &duel->p->client;
	/* The client is open when the server has begun to be. */
	CHECK_SOON(t, READ_ONCE(duel->p->client.state) == 'P');
	CHECK_SOON(t, READ_ONCE(duel->p->server.state) == 'P');
	return true;
}

static void check_echo(struct ktap *t, struct pair *p)
{
	int before = atomic_read(&p->client.completed);

	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == before + 1);
	CHECK_STATUS(t, p->client.status, STATUS_SUCCESS);
}

static void duel_end(struct ktap *t, struct duel *duel)
{
	check_echo(t, duel->beside);
	pair_destroy(t, duel->p);
	pair_destroy(t, duel->beside);
}

static bool has_failed(struct duel *duel)
{
	return READ_ONCE(guts(duel->victim)->rx.failed);
}

/* Delivery has stopped, a close works, and the next connection is as good as any. */
static void check_stopped(struct ktap *t, struct duel *duel)
{
	CHECK_SOON(t, has_failed(duel));
	check_echo(t, duel->beside);
	VmbChannelDisable(duel->p->client.channel);
	CHECK_STATUS(t, VmbChannelEnable(duel->p->client.channel), STATUS_SUCCESS);
	check_echo(t, duel->p);
}

/* Bytes at the write index, which moves on by @advance. */
static void write_raw(struct end *liar, const void *bytes, u32 length, u32 advance)
{
	struct kmcl_channel *ch = guts(liar);
	struct kmcl_ring *ring = &ch->link.out;

	spin_lock_bh(&ch->tx.lock);
	if (ch->tx.ring_open) {
		memcpy(ring->data + ring->mine, bytes, length);
		ring->mine = (ring->mine + advance) % ring->size;
		ring->published = ring->mine;
		virt_store_release(&ring->ctl->write_index, ring->mine); /* the bytes first */
		ch->offer->bus->ops->signal(ch->offer);
	}
	spin_unlock_bh(&ch->tx.lock);
}

static void write_index(struct end *liar, u32 index)
{
	struct kmcl_channel *ch = guts(liar);

	spin_lock_bh(&ch->tx.lock);
	if (ch->tx.ring_open) {
		WRITE_ONCE(ch->link.out.ctl->write_index, index);
		ch->offer->bus->ops->signal(ch->offer);
	}
	spin_unlock_bh(&ch->tx.lock);
}

/* ---- packets ---- */

static const struct lie {
	u16 type, offset8, len8;
	u32 advance;
	u64 id;
} lies[] = {
	{ 0, 2, 3, 32 }, { 0xffff, 2, 3, 32 }, { KMCL_PKT_DATA_XFER_PAGES, 2, 3, 32 },
	{ DATA, 2, 0, 32 }, { DATA, 2, 1, 32 }, { DATA, 2, 4, 32 }, { DATA, 2, 0xffff, 32 },
	{ DATA, 0, 3, 32 }, { DATA, 1, 3, 32 }, { DATA, 4, 3, 32 }, { DATA, 0xffff, 3, 32 },
	{ DATA, 2, 3, 8 }, { DATA, 2, 3, 16 },
	{ DONE, 2, 3, 32, 0 }, { DONE, 2, 3, 32, 1000 }, { DONE, 2, 3, 32, ~0ull },
	{ DONE, 2, 3, 32, 0xffff888000000000ull },
};

static void lie_once(struct ktap *t, bool at_server, const struct lie *lie)
{
	struct {
		struct kmcl_desc desc;
		u64 more[2];
	} packet = {
		.desc = { .type = lie->type, .offset8 = lie->offset8, .len8 = lie->len8,
			  .trans_id = lie->id },
	};
	struct duel duel;

	if (!duel_begin(t, &duel, at_server))
		return;
	write_raw(duel.liar, &packet, sizeof(packet), lie->advance);
	check_stopped(t, &duel);
	duel_end(t, &duel);
}

static void lies_to_a_server(struct ktap *t, struct client *c)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++)
		lie_once(t, true, &lies[i]);
}

static void lies_to_a_client(struct ktap *t, struct client *c)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++)
		lie_once(t, false, &lies[i]);
}

static void bad_indices(struct ktap *t, struct client *c)
{
	static const u32 offsets[] = { 0, 1, 4, 8, 0x7fffffff };
	struct duel duel;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(offsets); i++) {
		if (!duel_begin(t, &duel, i % 2))
			return;
		/* At the end of the ring and behind it. */
		write_index(duel.liar, guts(duel.liar)->link.out.size + offsets[i / 2]);
		check_stopped(t, &duel);
		duel_end(t, &duel);
	}
}

static void a_reply_twice(struct ktap *t, struct client *c)
{
	struct kmcl_desc done = { .type = DONE, .offset8 = 2, .len8 = 2 };
	struct duel duel;

	if (!duel_begin(t, &duel, false))
		return;
	check_echo(t, duel.p);
	done.trans_id = guts(duel.victim)->tx.ids.last;
	write_raw(duel.liar, &done, sizeof(done), sizeof(done) + KMCL_TRAILER_SIZE);
	check_stopped(t, &duel);
	duel_end(t, &duel);
}

/* ---- external data ---- */

static void take_external(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length,
			  u32 flags)
{
	PMDL mdl;

	p->server.status = VmbChannelPacketGetExternalData(packet, 0, &mdl);
	VmbChannelPacketComplete(packet, NULL, 0);
}

static void lie_about_ranges(struct ktap *t, struct duel *duel, u32 count, u32 bytes, u64 pfn)
{
	struct {
		struct kmcl_desc desc;
		struct kmcl_ranges ranges;
		struct kmcl_range range;
		u64 pfn;
		u64 data;
	} packet = {
		.desc = { .type = RANGES, .offset8 = 5, .len8 = 6 },
		.ranges = { .count = count },
		.range = { .byte_count = bytes },
		.pfn = pfn,
	};
	int before = atomic_read(&duel->victim->packets);
	struct kmcl_ring *out = &guts(duel->liar)->link.out;
	u8 *to;

	duel->p->server.status = STATUS_PENDING;
	spin_lock_bh(&guts(duel->liar)->tx.lock);
	if (!kmcl_ring_reserve(out, sizeof(packet), &to)) {
		memcpy(to, &packet, sizeof(packet));
		kmcl_ring_push(out, sizeof(packet));
		kmcl_ring_publish(out);
		guts(duel->liar)->offer->bus->ops->signal(guts(duel->liar)->offer);
	}
	spin_unlock_bh(&guts(duel->liar)->tx.lock);
	CHECK_SOON(t, atomic_read(&duel->victim->packets) == before + 1);
	CHECK_SOON(t, READ_ONCE(duel->p->server.status) != STATUS_PENDING);
	CHECK_STATUS(t, duel->p->server.status, STATUS_INVALID_PARAMETER);
}

static void bad_ranges(struct ktap *t, struct client *c)
{
	struct duel duel;

	if (!duel_begin(t, &duel, true))
		return;
	duel.p->serve = take_external;
	lie_about_ranges(t, &duel, 0, 8, 1);
	lie_about_ranges(t, &duel, U32_MAX, 8, 1);
	lie_about_ranges(t, &duel, 2, 8, 1);
	lie_about_ranges(t, &duel, 1, 0, 1);
	lie_about_ranges(t, &duel, 1, U32_MAX, 1);
	lie_about_ranges(t, &duel, 1, 4097, 1);
	lie_about_ranges(t, &duel, 1, 8, ~0ull);
	lie_about_ranges(t, &duel, 1, 8, 1ull << 51);
	/* Bad ranges are a bad request, not a bad ring. */
	CHECK(t, !has_failed(&duel));
	duel.p->serve = NULL;
	check_echo(t, duel.p);
	duel_end(t, &duel);
}

/* ---- storms ---- */

/* At full speed, while the victim reads; then it is closed as any other. */
static void index_storm(struct ktap *t, struct client *c)
{
	struct duel duel;
	unsigned int i, way;

	for (way = 0; way < 2; way++) {
		if (!duel_begin(t, &duel, way))
			return;
		for (i = 0; i < BLOWS; i++) {
			u32 size = READ_ONCE(guts(duel.liar)->link.out.size);

			write_index(duel.liar, (get_random_u32() % size) & ~7u);
		}
		check_echo(t, duel.beside);
		VmbChannelDisable(duel.p->client.channel);
		CHECK_STATUS(t, VmbChannelEnable(duel.p->client.channel), STATUS_SUCCESS);
		check_echo(t, duel.p);
		duel_end(t, &duel);
	}
}

static void signal_storm(struct ktap *t, struct client *c)
{
	struct duel duel;
	unsigned int i, way;

	for (way = 0; way < 2; way++) {
		if (!duel_begin(t, &duel, way))
			return;
		for (i = 0; i < BLOWS; i++) {
			struct kmcl_channel *ch = guts(duel.liar);

			spin_lock_bh(&ch->tx.lock);
			ch->offer->bus->ops->signal(ch->offer);
			spin_unlock_bh(&ch->tx.lock);
		}
		CHECK_EQUAL(t, atomic_read(&duel.victim->packets), 0);
		check_echo(t, duel.beside);
		check_echo(t, duel.p);
		duel_end(t, &duel);
	}
}

/* The peer takes nothing: sends are kept, and end with the channel. */
static void a_ring_never_drained(struct ktap *t, struct client *c)
{
	struct duel duel;
	unsigned int i, way;

	for (way = 0; way < 2; way++) {
		u8 data[1024] = { };

		if (!duel_begin(t, &duel, way))
			return;
		VmbChannelPause(duel.liar->channel);
		for (i = 0; i < 400; i++)
			CHECK_STATUS(t, end_send(duel.victim, data, sizeof(data), 0),
				     STATUS_SUCCESS);
		CHECK(t, atomic_read(&duel.victim->completed) < 400);
		check_echo(t, duel.beside);
		VmbChannelDisable(duel.victim->channel);
		CHECK_EQUAL(t, atomic_read(&duel.victim->completed), 400);
		CHECK(t, atomic_read(&duel.victim->removed) > 0);
		duel_end(t, &duel);
	}
}

static const struct ktap_test tests[] = {
	{ "EvtVmbChannelProcessPacket: 5.5 a client lies to its server", lies_to_a_server },
	{ "EvtVmbChannelProcessPacket: 5.5 a server lies to its client", lies_to_a_client },
	{ "EvtVmbChannelProcessPacket: 5.5 write indices that cannot be, both ways", bad_indices },
	{ "VmbPacketSend: 5.5 a server completes twice", a_reply_twice },
	{ "VmbChannelPacketGetExternalData: 6.8 a client lies about its ranges", bad_ranges },
	{ "EvtVmbChannelProcessPacket: 5.5 an index that jumps while it is read", index_storm },
	{ "EvtVmbChannelProcessPacket: 5.5 signals without data", signal_storm },
	{ "VmbPacketSend: 5.5 a peer that takes nothing", a_ring_never_drained },
};

const struct ktap_suite hostile_suite = KTAP_SUITE("hostile");
