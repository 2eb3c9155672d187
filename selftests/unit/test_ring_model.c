// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long random use of both ends against a model with nothing circular in it: a list of packets and
 * byte counts that only grow.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "pair.h"

#define SLOTS	1024	/* more packets than a ring of the sizes below can hold */

struct model {
	u64 pushed, published;		/* bytes, by the sender */
	u64 taken, committed;		/* bytes, by the receiver */
	u64 known;			/* what it has seen of published */
	u64 first, last;		/* packets in the ring: [first, last) */
	u64 last_published;
	u32 lengths[SLOTS];
	bool masked;
	u32 pending;
	u64 sent_signals, room_signals;
};

static u8 byte_of(u64 packet, u32 i)
{
	return packet * 31 + i * 7 + (i >> 8);
}

/* The sender may know of less room than there is, never of more. */
static void model_reserve(struct pair *pair, struct model *m, u32 len)
{
	u64 free_bytes = pair->size - (m->pushed - m->committed);
	bool fits = len + 8 < free_bytes;
	u8 *packet;

	CHECK_EQ(kmcl_ring_reserve(&pair->tx, len, &packet), fits ? 0 : -EAGAIN);
	if (!fits)
		return;
	CHECK(packet == pair->data + m->pushed % pair->size);
	for (u32 i = 0; i < len; i++)
		packet[i] = byte_of(m->last, i);
	kmcl_ring_push(&pair->tx, len);
	m->lengths[m->last++ % SLOTS] = len;
	m->pushed += len + 8;
}

static void model_publish(struct pair *pair, struct model *m)
{
	bool signal = m->pushed != m->published && m->committed == m->published && !m->masked;

	CHECK_EQ(kmcl_ring_publish(&pair->tx), signal);
	m->published = m->pushed;
	m->last_published = m->last;
	m->sent_signals += signal;
}

static void model_wait(struct pair *pair, struct model *m, u32 len)
{
	u64 free_bytes = pair->size - (m->pushed - m->committed);

	CHECK_EQ(kmcl_ring_wait_for_room(&pair->tx, len), len + 8 < free_bytes ? 0 : -EAGAIN);
	m->pending = len + 8;
}

/* The receiver looks anew only when it has taken all that it knew of. */
static void model_take(struct pair *pair, struct model *m)
{
	if (m->known == m->taken)
		m->known = m->published;
	CHECK_EQ(kmcl_ring_available(&pair->rx), m->known - m->taken);
	if (m->known == m->taken)
		return;
	for (u32 i = 0; i < m->lengths[m->first % SLOTS]; i++)
		CHECK_EQ(kmcl_ring_peek(&pair->rx)[i], byte_of(m->first, i));
	kmcl_ring_consume(&pair->rx, m->lengths[m->first % SLOTS]);
	m->taken += m->lengths[m->first++ % SLOTS] + 8;
	CHECK_EQ(kmcl_ring_uncommitted(&pair->rx), m->taken - m->committed);
}

static void model_commit(struct pair *pair, struct model *m)
{
	u64 before = pair->size - (m->published - m->committed);
	u64 after = pair->size - (m->published - m->taken);
	bool signal = m->pending && before <= m->pending && after > m->pending;

	CHECK_EQ(kmcl_ring_commit(&pair->rx), signal);
	m->committed = m->taken;
	m->room_signals += signal;
}

static void one_action(struct pair *pair, struct model *m, u64 *random, u32 longest)
{
	u32 len = 8 * (1 + unit_below(random, longest / 8));

	switch (unit_below(random, 10)) {
	case 0:
	case 1:
	case 2:
		model_reserve(pair, m, len);
		break;
	case 3:
		model_publish(pair, m);
		break;
	case 4:
		model_wait(pair, m, len);
		break;
	case 5:
		kmcl_ring_stop_waiting(&pair->tx);
		m->pending = 0;
		break;
	case 6:
	case 7:
		model_take(pair, m);
		break;
	case 8:
		model_commit(pair, m);
		break;
	case 9:
		m->masked = !m->masked;
		if (m->masked) {
			kmcl_ring_mask(&pair->rx);
		} else {
			m->known = m->published;
			CHECK_EQ(kmcl_ring_unmask(&pair->rx), m->published - m->taken);
		}
	}
	CHECK_EQ(pair->ctl->write_index, m->published % pair->size);
	CHECK_EQ(pair->ctl->read_index, m->committed % pair->size);
	CHECK_EQ(pair->ctl->interrupt_mask, m->masked);
	CHECK_EQ(pair->ctl->pending_send_sz, m->pending);
}

static void run_model(u32 size, u32 longest, unsigned int actions)
{
	struct model *m = calloc(1, sizeof(*m));
	u64 random = size + longest;
	struct pair pair;

	pair_init(&pair, size);
	for (unsigned int i = 0; i < actions; i++)
		one_action(&pair, m, &random, longest);
	printf("# %u actions, %llu packets, %llu + %llu signals\n", actions,
	       (unsigned long long)m->last, (unsigned long long)m->sent_signals,
	       (unsigned long long)m->room_signals);
	CHECK(m->pushed / size > 10);
	CHECK(m->sent_signals && m->room_signals);
	pair_free(&pair);
	free(m);
}

TEST(model_of_one_page_with_small_packets)	{ run_model(4096, 64, 400000); }
TEST(model_of_one_page_with_any_packet)		{ run_model(4096, 4096 + 64, 400000); }
TEST(model_of_two_pages)			{ run_model(8192, 2048, 200000); }
TEST(model_of_three_pages)			{ run_model(3 * 4096, 4096, 200000); }
TEST(model_of_a_page_with_packets_of_its_size)	{ run_model(4096, 4096, 100000); }
