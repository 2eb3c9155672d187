// SPDX-License-Identifier: GPL-2.0-only
/* The ring's indices, signals and limits, one property a test; small rings exhaustively. */
#include <linux/errno.h>
#include <linux/string.h>

#include "ktap.h"
#include "pair.h"

#define SMALL	64u	/* 8 positions: everything can be tried */
#define PAGE	4096u
#define LARGEST	0x7fff8u

#define for_each_index(i, size)	for (u32 i = 0; i < (size); i += 8)

/* What the peer could write that is no index of a ring of @size bytes. */
static const u32 offsets_of_bad[] = { 0, 1, 7, 8, 16, 4096, 0x10000 };
static const u32 never_good[] = {
	1, 2, 3, 4, 5, 6, 7, 9, 12, 20, 63, 0x7ffffff8, 0x7fffffff, 0x80000000, 0x80000008,
	0xfffffff0, 0xfffffff8, 0xfffffffc, 0xffffffff
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BAD_INDICES	(ARRAY_SIZE(offsets_of_bad) + ARRAY_SIZE(never_good))

static u32 bad_index(u32 size, unsigned int i)
{
	return i < ARRAY_SIZE(offsets_of_bad) ? size + offsets_of_bad[i] :
						never_good[i - ARRAY_SIZE(offsets_of_bad)];
}

/* Bytes from @from to @to, going up and around. Written with %, unlike the source. */
static u32 distance(u32 size, u32 from, u32 to)
{
	return (size + to - from) % size;
}

static void send(struct pair *pair, u32 len, u8 fill)
{
	u8 *packet;

	CHECK_EQ(kmcl_ring_reserve(&pair->tx, len, &packet), 0);
	memset(packet, fill, len);
	kmcl_ring_push(&pair->tx, len);
}

static void take(struct pair *pair, u32 len, u8 fill)
{
	const u8 *packet = kmcl_ring_peek(&pair->rx);

	for (u32 i = 0; i < len; i++)
		CHECK_EQ(packet[i], fill);
	kmcl_ring_consume(&pair->rx, len);
}

/* ---- both ends ---- */

TEST(init_starts_at_zero_and_writes_nothing)
{
	struct kmcl_ring_ctl ctl, before;
	struct kmcl_ring ring;
	u8 data[2 * SMALL];

	memset(&ring, 0xff, sizeof(ring));
	memset(&ctl, 0xee, sizeof(ctl));
	before = ctl;
	kmcl_ring_init(&ring, &ctl, data, SMALL);
	CHECK(ring.ctl == &ctl && ring.data == data);
	CHECK_EQ(ring.size, SMALL);
	CHECK_EQ(ring.mine, 0);
	CHECK_EQ(ring.published, 0);
	CHECK_EQ(ring.theirs, 0);
	CHECK(!memcmp(&ctl, &before, sizeof(ctl)));
}

TEST(control_page_is_laid_out_as_on_the_wire)
{
	CHECK_EQ(offsetof(struct kmcl_ring_ctl, write_index), 0);
	CHECK_EQ(offsetof(struct kmcl_ring_ctl, read_index), 4);
	CHECK_EQ(offsetof(struct kmcl_ring_ctl, interrupt_mask), 8);
	CHECK_EQ(offsetof(struct kmcl_ring_ctl, pending_send_sz), 12);
	CHECK_EQ(offsetof(struct kmcl_ring_ctl, feature_bits), 64);
	CHECK_EQ(sizeof(struct kmcl_ring_ctl), 68);
	CHECK_EQ(KMCL_RING_FEATURE_PENDING_SEND_SZ, 1);
	CHECK_EQ(KMCL_TRAILER_SIZE, 8);
}

TEST(empty_ring_does_nothing)
{
	struct kmcl_ring_ctl before;
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		pair_reset(&pair, at);
		pair.ctl->pending_send_sz = 8;
		before = *pair.ctl;
		CHECK_EQ(kmcl_ring_available(&pair.rx), 0);
		CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), 0);
		CHECK(!kmcl_ring_publish(&pair.tx));
		CHECK(!kmcl_ring_commit(&pair.rx));
		CHECK(kmcl_ring_peek(&pair.rx) == pair.data + at);
		CHECK(!memcmp(pair.ctl, &before, sizeof(before)));
	}
	pair_free(&pair);
}

/* ---- reserve ---- */

TEST(reserve_leaves_the_ring_never_full)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, SMALL);
	for_each_index(write, SMALL) {
		for_each_index(read, SMALL) {
			for (u32 len = 0; len <= SMALL + 16; len += 8) {
				u32 used = distance(SMALL, read, write);
				bool fits = used + len + 8 < SMALL;

				pair_reset(&pair, write);
				pair.ctl->read_index = read;
				pair.tx.theirs = read;
				packet = NULL;
				CHECK_EQ(kmcl_ring_reserve(&pair.tx, len, &packet),
					 fits ? 0 : -EAGAIN);
				CHECK(!fits || packet == pair.data + write);
				CHECK_EQ(pair.tx.mine, write);
				CHECK_EQ(pair.ctl->write_index, write);
			}
		}
	}
	pair_free(&pair);
}

TEST(reserve_looks_again_when_its_copy_of_the_index_is_too_old)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, SMALL);
	for_each_index(write, SMALL) {
		for_each_index(stale, SMALL) {
			for_each_index(read, SMALL) {
				u32 used = distance(SMALL, read, write);

				/* A true peer only ever moves on, to at most where we are. */
				if (used > distance(SMALL, stale, write))
					continue;
				for (u32 len = 0; len <= SMALL; len += 8) {
					pair_reset(&pair, write);
					pair.tx.theirs = stale;
					pair.ctl->read_index = read;
					CHECK_EQ(kmcl_ring_reserve(&pair.tx, len, &packet),
						 used + len + 8 < SMALL ? 0 : -EAGAIN);
				}
			}
		}
	}
	pair_free(&pair);
}

TEST(reserve_refuses_a_corrupt_read_index)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for (unsigned int i = 0; i < BAD_INDICES; i++) {
			pair_reset(&pair, at);
			pair.ctl->read_index = bad_index(SMALL, i);
			CHECK_EQ(kmcl_ring_reserve(&pair.tx, SMALL - 8, &packet), -EIO);
			CHECK_EQ(pair.tx.theirs, at);
			CHECK_EQ(pair.tx.mine, at);
			/* It was not kept: a good one is taken afterwards. */
			pair.ctl->read_index = at;
			CHECK_EQ(kmcl_ring_reserve(&pair.tx, SMALL - 16 - 8, &packet), 0);
		}
	}
	pair_free(&pair);
}

TEST(reserve_believes_in_no_lie_about_our_own_index)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for_each_index(lie, SMALL) {
			pair_reset(&pair, at);
			pair.ctl->write_index = lie;
			CHECK_EQ(kmcl_ring_reserve(&pair.tx, SMALL - 24, &packet), 0);
			CHECK(packet == pair.data + at);
			kmcl_ring_push(&pair.tx, SMALL - 24);
			kmcl_ring_publish(&pair.tx);
			CHECK_EQ(pair.ctl->write_index, distance(SMALL, 16, at));
		}
	}
	pair_free(&pair);
}

/* ---- push ---- */

TEST(push_writes_the_trailer_and_moves_on)
{
	struct pair pair;

	pair_init(&pair, PAGE);
	for_each_index(at, PAGE) {
		for (u32 len = 16; len < PAGE - 8; len += len < 64 ? 8 : 1000) {
			u64 trailer;

			pair_reset(&pair, at);
			memset(pair.data, 0xa5, PAGE);
			send(&pair, len, 0x11);
			memcpy(&trailer, pair.data + at + len, 8);
			CHECK(trailer == (u64)at << 32);
			/* The same through the first mapping: the bytes wrap. */
			memcpy(&trailer, pair.data + (at + len) % PAGE, 8);
			CHECK(trailer == (u64)at << 32);
			CHECK_EQ(pair.tx.mine, (at + len + 8) % PAGE);
			CHECK_EQ(pair.data[(at + len + 8) % PAGE], 0xa5);
			CHECK_EQ(pair.data[(at + PAGE - 1) % PAGE], 0xa5);
			/* Nothing is visible yet. */
			CHECK_EQ(pair.ctl->write_index, at);
			CHECK_EQ(pair.tx.published, at);
		}
	}
	pair_free(&pair);
}

TEST(every_byte_arrives_across_every_wrap)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, PAGE);
	for_each_index(at, PAGE) {
		const u32 len = 2048;
		const u8 *got;

		pair_reset(&pair, at);
		CHECK_EQ(kmcl_ring_reserve(&pair.tx, len, &packet), 0);
		for (u32 i = 0; i < len; i++)
			packet[i] = (u8)(i * 7 + at / 8);
		kmcl_ring_push(&pair.tx, len);
		kmcl_ring_publish(&pair.tx);
		CHECK_EQ(kmcl_ring_available(&pair.rx), len + 8);
		got = kmcl_ring_peek(&pair.rx);
		for (u32 i = 0; i < len; i++) {
			CHECK_EQ(got[i], (u8)(i * 7 + at / 8));
			CHECK_EQ(pair.data[(at + i) % PAGE], (u8)(i * 7 + at / 8));
		}
		kmcl_ring_consume(&pair.rx, len);
		CHECK_EQ(kmcl_ring_available(&pair.rx), 0);
		kmcl_ring_commit(&pair.rx);
		CHECK_EQ(pair.ctl->read_index, (at + len + 8) % PAGE);
		CHECK_EQ(pair.ctl->read_index, pair.ctl->write_index);
	}
	pair_free(&pair);
}

TEST(filled_to_the_brim_from_every_start_and_emptied)
{
	static const u32 lengths[] = { 16, 24, 40, 504, 1016, 2040 };
	struct pair pair;
	u8 *packet;

	pair_init(&pair, PAGE);
	for_each_index(at, PAGE) {
		for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
			u32 len = lengths[i], sent = 0, got = 0;

			pair_reset(&pair, at);
			while (!kmcl_ring_reserve(&pair.tx, len, &packet)) {
				packet[0] = (u8)sent;
				packet[len - 1] = (u8)~sent;
				kmcl_ring_push(&pair.tx, len);
				sent++;
			}
			CHECK_EQ(sent, (PAGE - 8) / (len + 8));
			CHECK(kmcl_ring_publish(&pair.tx));
			CHECK(pair.ctl->write_index != pair.ctl->read_index);
			CHECK_EQ(kmcl_ring_available(&pair.rx), sent * (len + 8));
			while (kmcl_ring_available(&pair.rx)) {
				const u8 *p = kmcl_ring_peek(&pair.rx);

				CHECK_EQ(p[0], (u8)got);
				CHECK_EQ(p[len - 1], (u8)~got);
				kmcl_ring_consume(&pair.rx, len);
				got++;
				CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), got * (len + 8));
			}
			CHECK_EQ(got, sent);
			kmcl_ring_commit(&pair.rx);
			CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), 0);
		}
	}
	pair_free(&pair);
}

TEST(the_largest_packet_fits_a_ring_that_is_a_page_larger)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, 0x81000);
	CHECK_EQ(LARGEST, KMCL_PACKET_MAX);
	pair_reset(&pair, 0x81000 - 8);
	send(&pair, LARGEST, 0x5a);
	CHECK(kmcl_ring_publish(&pair.tx));
	CHECK_EQ(kmcl_ring_available(&pair.rx), LARGEST + 8);
	take(&pair, LARGEST, 0x5a);
	kmcl_ring_commit(&pair.rx);
	CHECK_EQ(kmcl_ring_reserve(&pair.tx, 0x81000 - 8, &packet), -EAGAIN);
	CHECK_EQ(kmcl_ring_reserve(&pair.tx, 0x81000 - 16, &packet), 0);
	pair_free(&pair);
}

/* ---- publish ---- */

TEST(publish_signals_only_from_empty_and_unmasked)
{
	static const u32 masks[] = { 0, 1, 2, 0x80000000, 0xffffffff };
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for_each_index(read, SMALL) {
			for (unsigned int i = 0; i < ARRAY_SIZE(masks); i++) {
				pair_reset(&pair, at);
				send(&pair, 16, 1);
				pair.ctl->read_index = read;
				pair.ctl->interrupt_mask = masks[i];
				CHECK_EQ(kmcl_ring_publish(&pair.tx), !masks[i] && read == at);
				CHECK_EQ(pair.ctl->write_index, (at + 24) % SMALL);
				CHECK_EQ(pair.ctl->interrupt_mask, masks[i]);
				CHECK_EQ(pair.ctl->read_index, read);
				/* Once. */
				CHECK(!kmcl_ring_publish(&pair.tx));
			}
		}
	}
	pair_free(&pair);
}

TEST(publish_of_a_batch_signals_once)
{
	struct pair pair;

	pair_init(&pair, PAGE);
	for_each_index(at, PAGE) {
		pair_reset(&pair, at);
		for (int i = 0; i < 5; i++)
			send(&pair, 24, (u8)i);
		CHECK_EQ(kmcl_ring_available(&pair.rx), 0);
		CHECK(kmcl_ring_publish(&pair.tx));
		CHECK_EQ(kmcl_ring_available(&pair.rx), 5 * 32);
		send(&pair, 24, 5);
		CHECK(!kmcl_ring_publish(&pair.tx));	/* not empty */
		for (int i = 0; i < 6; i++)
			take(&pair, 24, (u8)i);
		send(&pair, 24, 6);
		CHECK(!kmcl_ring_publish(&pair.tx));	/* read, but not committed */
		kmcl_ring_commit(&pair.rx);
		take(&pair, 24, 6);
		kmcl_ring_commit(&pair.rx);
		send(&pair, 24, 7);
		CHECK(kmcl_ring_publish(&pair.tx));
	}
	pair_free(&pair);
}

TEST(publish_survives_a_corrupt_read_index)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for (unsigned int i = 0; i < BAD_INDICES; i++) {
		pair_reset(&pair, 0);
		send(&pair, 16, 1);
		pair.ctl->read_index = bad_index(SMALL, i);
		CHECK(!kmcl_ring_publish(&pair.tx));
		CHECK_EQ(pair.tx.theirs, 0);
		CHECK_EQ(pair.ctl->write_index, 24);
	}
	pair_free(&pair);
}

/* ---- available, consume, commit ---- */

TEST(available_is_the_distance_to_the_peer)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for_each_index(write, SMALL) {
			pair_reset(&pair, at);
			pair.ctl->write_index = write;
			CHECK_EQ(kmcl_ring_available(&pair.rx), distance(SMALL, at, write));
			CHECK_EQ(kmcl_ring_unmask(&pair.rx), distance(SMALL, at, write));
			CHECK_EQ(pair.rx.mine, at);
		}
	}
	pair_free(&pair);
}

TEST(available_refuses_a_corrupt_write_index)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for (unsigned int i = 0; i < BAD_INDICES; i++) {
			pair_reset(&pair, at);
			pair.ctl->write_index = bad_index(SMALL, i);
			CHECK_EQ(kmcl_ring_available(&pair.rx), -EIO);
			CHECK_EQ(kmcl_ring_unmask(&pair.rx), -EIO);
			CHECK_EQ(pair.rx.theirs, at);
			pair.ctl->write_index = (at + 24) % SMALL;
			CHECK_EQ(kmcl_ring_available(&pair.rx), 24);
		}
	}
	pair_free(&pair);
}

/* What was published can be read, whatever the peer writes then; and nothing behind it. */
TEST(a_corrupt_write_index_is_found_behind_what_is_known)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for (unsigned int i = 0; i < BAD_INDICES; i++) {
		pair_reset(&pair, 0);
		pair.ctl->write_index = 24;
		CHECK_EQ(kmcl_ring_available(&pair.rx), 24);
		pair.ctl->write_index = bad_index(SMALL, i);
		CHECK_EQ(kmcl_ring_available(&pair.rx), 24);
		kmcl_ring_consume(&pair.rx, 16);
		CHECK_EQ(kmcl_ring_available(&pair.rx), -EIO);
		/* Room is reckoned by an index that is none: no signal. */
		pair.ctl->pending_send_sz = SMALL - 8;
		CHECK(!kmcl_ring_commit(&pair.rx));
	}
	pair_free(&pair);
}

/* A commit looks at the write index without acquire; nothing is read on its word. */
TEST(a_commit_does_not_make_packets_known)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	pair_reset(&pair, 0);
	pair.ctl->write_index = 24;
	CHECK_EQ(kmcl_ring_available(&pair.rx), 24);
	kmcl_ring_consume(&pair.rx, 16);
	pair.ctl->write_index = 48;
	pair.ctl->pending_send_sz = 8;
	kmcl_ring_commit(&pair.rx);
	CHECK_EQ(pair.rx.theirs, 24);
	pair_free(&pair);
}

TEST(the_receiver_believes_in_no_lie_about_its_own_index)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for_each_index(lie, SMALL) {
			pair_reset(&pair, at);
			send(&pair, 16, 0x77);
			kmcl_ring_publish(&pair.tx);
			pair.ctl->read_index = lie;
			CHECK_EQ(kmcl_ring_available(&pair.rx), 24);
			take(&pair, 16, 0x77);
			pair.ctl->read_index = ~lie;
			CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), 24);
			kmcl_ring_commit(&pair.rx);
			CHECK_EQ(pair.ctl->read_index, (at + 24) % SMALL);
		}
	}
	pair_free(&pair);
}

static void check_consume(u32 size)
{
	struct pair pair;

	pair_init(&pair, size);
	for_each_index(at, size) {
		for (u32 len = 0; len + 8 < size; len += 8) {
			pair_reset(&pair, at);
			kmcl_ring_consume(&pair.rx, len);
			CHECK_EQ(pair.rx.mine, (at + len + 8) % size);
			CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), len + 8);
			CHECK_EQ(pair.ctl->read_index, at);
			kmcl_ring_commit(&pair.rx);
			CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), 0);
			CHECK_EQ(pair.ctl->read_index, (at + len + 8) % size);
		}
	}
	pair_free(&pair);
}

/* Most real rings have a number of pages that is no power of two. */
TEST(consume_and_uncommitted_wrap)
{
	check_consume(SMALL);
	check_consume(72);
	check_consume(3 * PAGE);
}

/* Every write index, read index, amount consumed and announced size there can be. */
TEST(commit_signals_only_from_too_little_to_enough)
{
	struct pair pair;
	u32 signals = 0;

	pair_init(&pair, SMALL);
	for_each_index(write, SMALL) {
		for_each_index(read, SMALL) {
			for (u32 freed = 8; freed <= distance(SMALL, read, write); freed += 8) {
				for (u32 pending = 0; pending <= SMALL + 8; pending++) {
					u32 used = distance(SMALL, read, write);
					u32 before = SMALL - used, after = before + freed;
					bool signal = pending && before <= pending &&
						      after > pending;

					pair_reset(&pair, read);
					pair.ctl->write_index = write;
					pair.ctl->pending_send_sz = pending;
					kmcl_ring_consume(&pair.rx, freed - 8);
					CHECK_EQ(kmcl_ring_commit(&pair.rx), signal);
					CHECK_EQ(pair.ctl->read_index, (read + freed) % SMALL);
					CHECK_EQ(pair.ctl->pending_send_sz, pending);
					CHECK(!kmcl_ring_commit(&pair.rx));
					signals += signal;
				}
			}
		}
	}
	CHECK(signals > 1000);
	pair_free(&pair);
}

TEST(commit_looks_at_the_feature_bit)
{
	static const struct {
		u32 bits;
		bool signal;
	} cases[] = { { 0, false }, { 1, true }, { 2, false }, { 0xfffffffe, false },
		      { 3, true }, { 0xffffffff, true } };
	struct pair pair;

	pair_init(&pair, SMALL);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		pair_reset(&pair, 0);
		pair.ctl->feature_bits = cases[i].bits;
		pair.ctl->write_index = 56;
		pair.ctl->pending_send_sz = 24;
		kmcl_ring_consume(&pair.rx, 48);
		CHECK_EQ(kmcl_ring_commit(&pair.rx), cases[i].signal);
		CHECK_EQ(pair.ctl->read_index, 56);
		CHECK_EQ(kmcl_ring_uncommitted(&pair.rx), 0);
	}
	pair_free(&pair);
}

TEST(commit_survives_a_corrupt_write_index)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for (unsigned int i = 0; i < BAD_INDICES; i++) {
			for (u32 pending = 1; pending < SMALL; pending += 8) {
				pair_reset(&pair, at);
				kmcl_ring_consume(&pair.rx, 16);
				pair.ctl->pending_send_sz = pending;
				pair.ctl->write_index = bad_index(SMALL, i);
				CHECK(!kmcl_ring_commit(&pair.rx));
				CHECK_EQ(pair.ctl->read_index, (at + 24) % SMALL);
				CHECK_EQ(pair.rx.theirs, at);
			}
		}
	}
	pair_free(&pair);
}

TEST(commit_survives_every_lie_about_what_was_written)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for_each_index(lie, SMALL) {
			for (u32 freed = 8; freed < SMALL; freed += 8) {
				for (u32 pending = 0; pending < SMALL; pending++) {
					pair_reset(&pair, at);
					kmcl_ring_consume(&pair.rx, freed - 8);
					pair.ctl->pending_send_sz = pending;
					pair.ctl->write_index = lie;
					/* Nobody is signalled who did not ask for it. */
					CHECK(!kmcl_ring_commit(&pair.rx) || pending);
					CHECK_EQ(pair.ctl->read_index, (at + freed) % SMALL);
				}
			}
		}
	}
	pair_free(&pair);
}

/* ---- mask ---- */

TEST(mask_and_unmask_set_the_word)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	pair.ctl->interrupt_mask = 0xffffffff;
	CHECK_EQ(kmcl_ring_unmask(&pair.rx), 0);
	CHECK_EQ(pair.ctl->interrupt_mask, 0);
	kmcl_ring_mask(&pair.rx);
	CHECK_EQ(pair.ctl->interrupt_mask, 1);
	send(&pair, 16, 1);
	CHECK(!kmcl_ring_publish(&pair.tx));
	/* No signal came, so unmasking has to say that there is work. */
	CHECK_EQ(kmcl_ring_unmask(&pair.rx), 24);
	CHECK_EQ(pair.ctl->interrupt_mask, 0);
	pair_free(&pair);
}

/* ---- waiting for room ---- */

TEST(wait_for_room_announces_and_looks_again)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(write, SMALL) {
		for_each_index(read, SMALL) {
			for (u32 len = 0; len + 8 < SMALL; len += 8) {
				u32 used = distance(SMALL, read, write);

				pair_reset(&pair, write);
				pair.ctl->read_index = read;
				/* The oldest index that is possible: the ring looked full. */
				pair.tx.theirs = (write + 8) % SMALL;
				CHECK_EQ(kmcl_ring_wait_for_room(&pair.tx, len),
					 used + len + 8 < SMALL ? 0 : -EAGAIN);
				CHECK_EQ(pair.ctl->pending_send_sz, len + 8);
				CHECK_EQ(pair.tx.mine, write);
				kmcl_ring_stop_waiting(&pair.tx);
				CHECK_EQ(pair.ctl->pending_send_sz, 0);
			}
		}
	}
	pair_free(&pair);
}

TEST(wait_for_room_reports_a_corrupt_index)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for (unsigned int i = 0; i < BAD_INDICES; i++) {
		pair_reset(&pair, 8);
		pair.tx.theirs = 16;
		pair.ctl->read_index = bad_index(SMALL, i);
		CHECK_EQ(kmcl_ring_wait_for_room(&pair.tx, 16), -EIO);
		CHECK_EQ(pair.tx.theirs, 16);
	}
	pair_free(&pair);
}

/* The two ends agree on the boundary: the signal comes with the commit that makes it fit. */
TEST(the_signal_for_room_comes_exactly_when_the_packet_fits)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, PAGE);
	for_each_index(at, PAGE) {
		for (u32 want = 16; want + 8 < PAGE; want += want < 64 ? 8 : 333 * 8) {
			int signals = 0;

			pair_reset(&pair, at);
			while (!kmcl_ring_reserve(&pair.tx, 24, &packet))
				kmcl_ring_push(&pair.tx, 24);
			kmcl_ring_publish(&pair.tx);
			if (kmcl_ring_wait_for_room(&pair.tx, want) == 0)
				continue;
			while (kmcl_ring_available(&pair.rx)) {
				bool fitted = !kmcl_ring_reserve(&pair.tx, want, &packet), signal;

				kmcl_ring_consume(&pair.rx, 24);
				signal = kmcl_ring_commit(&pair.rx);
				CHECK_EQ(signal, !fitted &&
					 !kmcl_ring_reserve(&pair.tx, want, &packet));
				signals += signal;
			}
			CHECK_EQ(signals, 1);
		}
	}
	pair_free(&pair);
}

/* ---- a peer that writes what it likes ---- */

static u32 hostile_index(u64 *random, u32 size)
{
	switch (unit_below(random, 4)) {
	case 0:
		return unit_random(random);
	case 1:
		return unit_below(random, 4 * size);
	default:
		return unit_below(random, size / 8) * 8;
	}
}

static void check_end(const struct kmcl_ring *ring)
{
	CHECK(ring->mine < ring->size && ring->mine % 8 == 0);
	CHECK(ring->published < ring->size && ring->published % 8 == 0);
	CHECK(ring->theirs < ring->size && ring->theirs % 8 == 0);
}

static void hostile_send(struct pair *pair, u64 *random)
{
	u32 len = 8 * (2 + unit_below(random, pair->size / 8 + 4));
	u8 *packet;
	int err;

	switch (unit_below(random, 4)) {
	case 0:
		kmcl_ring_publish(&pair->tx);
		CHECK_EQ(pair->tx.published, pair->tx.mine);
		break;
	case 1:
		kmcl_ring_wait_for_room(&pair->tx, len);
		break;
	default:
		err = kmcl_ring_reserve(&pair->tx, len, &packet);
		CHECK(!err || err == -EAGAIN || err == -EIO);
		if (err)
			break;
		CHECK(packet >= pair->data && packet < pair->data + pair->size);
		CHECK(len + 8 < pair->size);
		memset(packet, 0xdd, len);
		kmcl_ring_push(&pair->tx, len);
	}
	check_end(&pair->tx);
}

static u32 touched;	/* so that what is read is read */

static void hostile_receive(struct pair *pair, u64 *random)
{
	int available = kmcl_ring_available(&pair->rx);

	CHECK(available == -EIO || (available >= 0 && available < (int)pair->size));
	if (available >= 24) {
		u32 len = 8 * (1 + unit_below(random, available / 8 - 1));

		touched += kmcl_ring_peek(&pair->rx)[0];
		touched += kmcl_ring_peek(&pair->rx)[len + 8 - 1];
		kmcl_ring_consume(&pair->rx, len);
	}
	if (unit_below(random, 2))
		kmcl_ring_commit(&pair->rx);
	check_end(&pair->rx);
}

TEST(no_lie_leads_out_of_the_ring)
{
	u64 random = 0x6b6d636c;
	struct pair pair;

	pair_init(&pair, PAGE);
	for (int i = 0; i < 1000000; i++) {
		if (unit_below(&random, 2))
			pair.ctl->read_index = hostile_index(&random, PAGE);
		if (unit_below(&random, 2))
			pair.ctl->write_index = hostile_index(&random, PAGE);
		pair.ctl->pending_send_sz = unit_random(&random);
		pair.ctl->interrupt_mask = unit_random(&random);
		pair.ctl->feature_bits = unit_random(&random);
		if (unit_below(&random, 2))
			hostile_send(&pair, &random);
		else
			hostile_receive(&pair, &random);
	}
	pair_free(&pair);
}

/* ---- resume ---- */

static void check_resumed_sender(const struct pair *pair)
{
	struct kmcl_ring was = pair->tx, is;
	u8 *where_was, *where_is;

	for (u32 len = 8; len < SMALL; len += 8) {
		was = pair->tx;
		kmcl_ring_init(&is, pair->ctl, pair->data, SMALL);
		kmcl_ring_resume_sending(&is, pair->tx.mine);
		CHECK(!kmcl_ring_publish(&is));
		int fits = kmcl_ring_reserve(&was, len, &where_was);

		CHECK_EQ(kmcl_ring_reserve(&is, len, &where_is), fits);
		CHECK(fits || where_is == where_was);
	}
}

static void check_resumed_receiver(const struct pair *pair)
{
	struct kmcl_ring was = pair->rx, is;

	kmcl_ring_init(&is, pair->ctl, pair->data, SMALL);
	kmcl_ring_resume_receiving(&is, pair->rx.mine);
	CHECK_EQ(kmcl_ring_uncommitted(&is), 0);
	CHECK(!kmcl_ring_commit(&is));
	CHECK_EQ(kmcl_ring_available(&is), kmcl_ring_unmask(&was));
	CHECK(kmcl_ring_peek(&is) == kmcl_ring_peek(&was));
}

TEST(another_end_goes_on_where_one_stopped)
{
	struct pair pair;

	pair_init(&pair, SMALL);
	for_each_index(at, SMALL) {
		for (u32 packets = 0; packets * 16 < SMALL; packets++) {
			for (u32 taken = 0; taken <= packets; taken++) {
				pair_reset(&pair, at);
				for (u32 i = 0; i < packets; i++)
					send(&pair, 8, i);
				kmcl_ring_publish(&pair.tx);
				for (u32 i = 0; i < taken; i++)
					take(&pair, 8, i);
				kmcl_ring_commit(&pair.rx);
				check_resumed_sender(&pair);
				check_resumed_receiver(&pair);
			}
		}
	}
	pair_free(&pair);
}
