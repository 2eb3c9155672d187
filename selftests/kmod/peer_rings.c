// SPDX-License-Identifier: GPL-2.0-only
/* Ring memory on hv_vmbus: spec 6.4, 12.6. The peer tells what it was given. */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "peer.h"

/* Bytes of the rings, and a sum of their page numbers. */
struct rings {
	u32 out, in;
	u64 pages;
};

static bool get_rings(struct ktap *t, struct client *c, struct rings *rings)
{
	struct peer_answer answer;

	if (!CHECK_STATUS(t, client_order(c, &answer, PEER_HELLO, ARGS(0)), STATUS_SUCCESS))
		return false;
	rings->out = answer.value[1];
	rings->in = answer.value[2];
	rings->pages = answer.sum2;
	return true;
}

static void check_size(struct ktap *t, struct client *c, u32 in_pages, u32 out_pages)
{
	struct rings rings;

	if (!CHECK(t, client_open(c)) || !get_rings(t, c, &rings))
		return;
	CHECK_EQUAL(t, rings.in, in_pages * 4096);
	CHECK_EQUAL(t, rings.out, out_pages * 4096);
	VmbChannelDisable(c->channel);
}

static void explicit_sizes(struct ktap *t, struct client *c)
{
	static const u32 sizes[][2] = { { 4, 4 }, { 5, 9 }, { 100, 3 }, { 2, 200 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, sizes[i][0],
									   sizes[i][1]),
			     STATUS_SUCCESS);
		check_size(t, c, sizes[i][0], sizes[i][1]);
	}
}

/* M of spec 6.4: the largest message with its descriptors; rings hold more than 16 of them. */
static u32 derived(u32 packet, u32 external, u32 chain)
{
	u32 x = 8 + 8 * chain + 8 * (DIV_ROUND_UP(external, 4096) + 2 * chain);
	u32 m = 16 + x + round_up(packet, 8) + 8, pages = 4;

	while (pages * 4096 <= 16 * m)
		pages *= 2;
	return pages;
}

static void derived_sizes(struct ktap *t, struct client *c)
{
	static const u32 limits[][3] = {
		{ 4096, 1 << 20, 16 }, { 64, 4096, 1 }, { 1, 1, 1 }, { 1000, 65536, 4 },
		{ 20000, 1 << 20, 16 },
	};
	unsigned int i;

	CHECK_EQUAL(t, derived(4096, 1 << 20, 16), 32);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		u32 pages = derived(limits[i][0], limits[i][1], limits[i][2]);

		VmbChannelInitSetMaximumPacketSize(c->channel, limits[i][0]);
		VmbChannelInitSetMaximumExternalData(c->channel, limits[i][1], limits[i][2]);
		/* The peer's answers are longer than the smallest packets. */
		if (limits[i][0] >= 64)
			check_size(t, c, pages, pages);
	}
}

static void kept_memory(struct ktap *t, struct client *c)
{
	struct rings first, again;
	unsigned int i;

	if (!CHECK(t, client_open(c)) || !get_rings(t, c, &first))
		return;
	for (i = 0; i < 10 && !t->failed; i++) {
		if (!CHECK(t, client_reopen(c)) || !get_rings(t, c, &again))
			return;
		CHECK_EQUAL(t, again.pages, first.pages);
		CHECK_EQUAL(t, again.out, first.out);
		CHECK_EQUAL(t, again.in, first.in);
	}
	/* Other sizes need other memory, and back again. */
	VmbChannelDisable(c->channel);
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 8, 4);
	check_size(t, c, 8, 4);
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 0, 0);
	check_size(t, c, 32, 32);
}

/* ---- fragmented memory ---- */

/*
 * No 16 pages in a row: of every 16 that there are the ninth is held. Eight pages are to be had,
 * and nearly all memory is free.
 */
#define HELD_ORDER	4

struct held {
	struct page **pages;
	unsigned long count, most;
};

static void hold_one(struct held *held, struct page *block)
{
	unsigned int i;

	split_page(block, HELD_ORDER);
	for (i = 0; i < 1u << HELD_ORDER; i++)
		if (i == 1u << (HELD_ORDER - 1))
			held->pages[held->count++] = block + i;
		else
			__free_page(block + i);
}

static bool fragment(struct held *held)
{
	struct page *block;

	held->count = 0;
	held->most = totalram_pages() >> HELD_ORDER;
	held->pages = vmalloc(array_size(held->most, sizeof(*held->pages)));
	while (held->pages && held->count < held->most) {
		block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, HELD_ORDER);
		if (!block)
			return true;
		hold_one(held, block);
		cond_resched();
	}
	return false;
}

static void defragment(struct held *held)
{
	while (held->count)
		__free_page(held->pages[--held->count]);
	vfree(held->pages);
}

/* In memory so fragmented: whether the rings are smaller than they would be. They work. */
static bool opens_smaller(struct ktap *t, struct client *c)
{
	struct rings rings;

	if (!CHECK(t, client_open(c)) || !get_rings(t, c, &rings))
		return false;
	seq_printf(t->out, "# rings of %u and %u bytes\n", rings.in, rings.out);
	CHECK(t, rings.in >= 8192);
	CHECK_EQUAL(t, rings.in, rings.out);
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 100, PEER_MAX_PACKET, 0, PEER_RANDOM | PEER_ASK,
			      0), STATUS_SUCCESS);
	CHECK(t, client_hello(c));
	return rings.in < 32 * 4096;
}

/* Somebody else may give back 32 pages in a row just then; not each time. */
static void fallback(struct ktap *t, struct client *c)
{
	bool smaller = false;
	struct held held;
	unsigned int i;

	for (i = 0; i < 3 && !smaller && !t->failed; i++) {
		struct client *other = client_create();

		if (!CHECK(t, other))
			return;
		if (CHECK(t, fragment(&held)))
			smaller = opens_smaller(t, other);
		seq_printf(t->out, "# %lu pages held\n", held.count);
		CHECK(t, client_destroy(other));
		defragment(&held);
	}
	CHECK(t, smaller);
	check_size(t, c, 32, 32);
}

/* Even if the kernel has to move pages for it. */
static void never_smaller(struct ktap *t, struct client *c)
{
	struct rings rings;
	struct held held;
	NTSTATUS status;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 32, 32);
	if (!CHECK(t, fragment(&held)))
		goto out;
	status = VmbChannelEnable(c->channel);
	if (status == STATUS_INSUFFICIENT_RESOURCES) {
		CHECK(t, client_states_are(c, ""));
	} else if (CHECK_STATUS(t, status, STATUS_SUCCESS) &&
		   CHECK_SOON(t, client_states_are(c, "OSP")) && get_rings(t, c, &rings)) {
		CHECK_EQUAL(t, rings.in, 32 * 4096);
		CHECK_EQUAL(t, rings.out, 32 * 4096);
	}
	VmbChannelDisable(c->channel);
out:
	defragment(&held);
	check_size(t, c, 32, 32);
}

static const struct ktap_test tests[] = {
	{ "VmbClientChannelInitSetRingBufferPageCount: 6.4 rings as large as asked for",
		explicit_sizes },
	{ "VmbChannelInitSetMaximumPacketSize, VmbChannelInitSetMaximumExternalData: "
	  "6.4, Q8 derived sizes", derived_sizes },
	{ "VmbChannelEnable, VmbChannelDisable: ring memory is kept over a reopen", kept_memory },
	{ "VmbChannelEnable: N18 smaller rings where memory is fragmented", fallback },
	{ "VmbClientChannelInitSetRingBufferPageCount: N18 rings are never smaller than asked for",
		never_smaller },
};

const struct ktap_suite rings_suite = KTAP_SUITE("rings", tests);
