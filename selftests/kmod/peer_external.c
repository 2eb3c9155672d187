// SPDX-License-Identifier: GPL-2.0-only
/*
 * External data: spec 5.3, 6.7, 11.3. The peer sums what it finds, tells the ranges it saw, and
 * fills the memory; here the ranges and sums must be the MDLs' own, and after filling not a byte
 * outside them may have changed.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define POOL		(128u << 10)
#define CHAIN		16
#define FORCE		VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH

/* Memory to describe pieces of, what must be in it, and what a chain of MDLs describes. */
struct pool {
	u8 *memory;
	u8 *shadow;
	u8 *line;		/* the described bytes in a row */
	u32 length;
	PMDL mdl[CHAIN];
	u32 count;
	u32 random;
};

static u32 draw(struct pool *p, u32 below)
{
	return peer_size(p->random++, below - 1);
}

static bool pool_create(struct pool *p, bool scattered)
{
	memset(p, 0, sizeof(*p));
	p->memory = scattered ? vmalloc(POOL) : kmalloc(POOL, GFP_KERNEL);
	p->shadow = vmalloc(POOL);
	p->line = vmalloc(POOL);
	if (!p->memory || !p->shadow || !p->line)
		return false;
	peer_fill(p->memory, POOL, 1);
	memcpy(p->shadow, p->memory, POOL);
	return true;
}

static void chain_free(struct pool *p)
{
	while (p->count)
		IoFreeMdl(p->mdl[--p->count]);
}

static void pool_destroy(struct pool *p)
{
	chain_free(p);
	kvfree(p->memory);
	vfree(p->shadow);
	vfree(p->line);
}

static bool chain_add(struct pool *p, u32 offset, u32 length)
{
	PMDL mdl = IoAllocateMdl(p->memory + offset, length, FALSE, FALSE, NULL);

	if (!mdl)
		return false;
	MmBuildMdlForNonPagedPool(mdl);
	if (p->count)
		p->mdl[p->count - 1]->Next = mdl;
	p->mdl[p->count++] = mdl;
	return true;
}

/* Pieces that do not overlap, each in a part of the pool of its own, with bytes left between. */
static bool chain_random(struct pool *p)
{
	u32 i, pieces = 1 + draw(p, CHAIN), part = POOL / pieces;

	for (i = 0; i < pieces; i++) {
		u32 start = draw(p, part / 2);
		u32 length = 1 + draw(p, min(part - start - 1, 3 * 4096u));

		if (!chain_add(p, i * part + start, length))
			return false;
	}
	return true;
}

/*
 * Lay the described bytes in a row, from @skip on, at most @most of them; write @seed's pattern
 * into their places in the shadow if @fill.
 */
static void lay_out(struct pool *p, u32 skip, u32 most, bool fill, u32 seed)
{
	u32 i, j;

	p->length = 0;
	for (i = 0; i < p->count; i++) {
		u32 at = (u8 *)MmGetMdlVirtualAddress(p->mdl[i]) - p->memory;

		for (j = 0; j < MmGetMdlByteCount(p->mdl[i]) && p->length < most; j++) {
			if (skip) {
				skip--;
				continue;
			}
			if (fill)
				p->shadow[at + j] = peer_byte(seed, p->length);
			p->line[p->length++] = p->memory[at + j];
		}
	}
}

/* The ranges of a window on the chain. */
static u32 expected_ranges(struct pool *p, u32 skip, u32 most, struct peer_range *ranges, u64 *sum2)
{
	u32 i, j, n = 0;

	*sum2 = PEER_SUM_START;
	for (i = 0; i < p->count && most; i++) {
		u32 count = MmGetMdlByteCount(p->mdl[i]), first, offset;
		PPFN_NUMBER pfns = MmGetMdlPfnArray(p->mdl[i]);

		if (skip >= count) {
			skip -= count;
			continue;
		}
		offset = MmGetMdlByteOffset(p->mdl[i]) + skip;
		count = min(count - skip, most);
		first = offset / 4096;
		offset %= 4096;
		skip = 0;
		most -= count;
		ranges[n].bytes = count;
		ranges[n].offset = offset;
		ranges[n++].first_pfn = pfns[first];
		for (j = 0; j < (offset + count + 4095) / 4096; j++) {
			u64 pfn = pfns[first + j];

			*sum2 = peer_sum(*sum2, &pfn, sizeof(pfn));
		}
	}
	return n;
}

static bool judge(struct ktap *t, struct pool *p, struct request *r, u32 skip, u32 most)
{
	struct peer_range ranges[CHAIN];
	struct peer_answer *answer = &r->answer;
	u32 n, before = t->failed;
	u64 sum2;

	n = expected_ranges(p, skip, most, ranges, &sum2);
	CHECK_STATUS(t, r->status, STATUS_SUCCESS);
	CHECK_EQUAL(t, answer->status, 0);
	CHECK_EQUAL(t, answer->value[0], n);
	CHECK(t, !memcmp(answer->ranges, ranges, n * sizeof(*ranges)));
	CHECK_EQUAL(t, answer->sum2, sum2);
	CHECK_EQUAL(t, answer->sum, peer_sum(PEER_SUM_START, p->line, p->length));
	if (!CHECK(t, !memcmp(p->memory, p->shadow, POOL)))
		memcpy(p->shadow, p->memory, POOL);
	return t->failed == before;
}

enum way { WHOLE, WINDOW, SYNCHRONOUS };

static void send_chain(struct client *c, struct pool *p, struct request *r, enum way how,
		       u32 offset, u32 length, bool fill, u32 seed)
{
	LARGE_INTEGER timeout = client_timeout(PEER_TIMEOUT_MS);
	u32 size = sizeof(r->bytes);
	struct peer_order order;
	VMBPACKET packet;
	NTSTATUS status;

	client_make_order(&order, PEER_EXTERNAL, ARGS(fill, seed));
	if (how == SYNCHRONOUS) {
		memset(&r->answer, 0, sizeof(r->answer));
		r->status = VmbChannelSendSynchronousRequest(c->channel, &order, sizeof(order),
							     p->mdl[0], WAIT_FLAG, r->bytes,
							     &size, &timeout);
		return;
	}
	packet = request_begin(c, r);
	if (how == WHOLE)
		status = VmbPacketSend(packet, &order, sizeof(order), p->mdl[0], WAIT_FLAG);
	else
		status = VmbPacketSendWithExternalMdl(packet, &order, sizeof(order), p->mdl[0],
						      offset, length, WAIT_FLAG);
	r->status = request_finish(r, packet, status);
}

static void chains(struct ktap *t, struct client *c, enum way how)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	unsigned int i;
	struct pool p;

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		return;
	for (i = 0; i < peer_chains && !t->failed; i++) {
		u32 offset = 0, length = 0, total;
		bool fill = i & 1;

		/* A new pool now and then: other pages, and other bytes in them. */
		if (i % 64 == 0) {
			if (i)
				pool_destroy(&p);
			if (!CHECK(t, pool_create(&p, i & 64)))
				break;
			p.random = 1000 * i + how;
		}
		if (!CHECK(t, chain_random(&p)))
			break;
		lay_out(&p, 0, U32_MAX, false, 0);
		total = p.length;
		if (how == WINDOW) {
			offset = draw(&p, total);
			length = draw(&p, total - offset + 1);
		}
		lay_out(&p, offset, length ?: U32_MAX, fill, i + 7);
		send_chain(c, &p, r, how, offset, length, fill, i + 7);
		if (!judge(t, &p, r, offset, length ?: U32_MAX))
			seq_printf(t->out, "# chain %u: %u MDLs, offset %u, length %u of %u\n", i,
				   p.count, offset, length, total);
		chain_free(&p);
	}
	if (i)
		pool_destroy(&p);
}

static void whole_chains(struct ktap *t, struct client *c)
{
	chains(t, c, WHOLE);
}

static void windows(struct ktap *t, struct client *c)
{
	chains(t, c, WINDOW);
}

static void synchronous(struct ktap *t, struct client *c)
{
	chains(t, c, SYNCHRONOUS);
}

static NTSTATUS send_pfns(struct client *c, struct request *r, PPFN_NUMBER pfns, u32 count,
			  u32 flags, bool fill)
{
	struct peer_order order;
	VMBPACKET packet = request_begin(c, r);

	client_make_order(&order, PEER_EXTERNAL, ARGS(fill, 77));
	return request_finish(r, packet,
			      VmbPacketSendWithExternalPfns(packet, &order, sizeof(order), pfns,
							    count, flags));
}

static void pfn_list(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	PFN_NUMBER pfns[20];
	struct pool p;
	u64 sum2 = PEER_SUM_START;
	u32 i;

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)) || !CHECK(t, pool_create(&p, true)))
		return;
	for (i = 0; i < ARRAY_SIZE(pfns); i++) {
		pfns[i] = vmalloc_to_pfn(p.memory + (ARRAY_SIZE(pfns) - i) * 4096);
		sum2 = peer_sum(sum2, &pfns[i], sizeof(u64));
		memcpy(p.line + i * 4096, p.memory + (ARRAY_SIZE(pfns) - i) * 4096, 4096);
	}
	CHECK_STATUS(t, send_pfns(c, r, pfns, ARRAY_SIZE(pfns), WAIT_FLAG, true), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[0], 1);
	CHECK_EQUAL(t, r->answer.value[1], ARRAY_SIZE(pfns));
	CHECK_EQUAL(t, r->answer.ranges[0].bytes, ARRAY_SIZE(pfns) * 4096);
	CHECK_EQUAL(t, r->answer.ranges[0].offset, 0);
	CHECK_EQUAL(t, r->answer.ranges[0].first_pfn, pfns[0]);
	CHECK_EQUAL(t, r->answer.sum2, sum2);
	CHECK_EQUAL(t, r->answer.sum,
		    peer_sum(PEER_SUM_START, p.line, ARRAY_SIZE(pfns) * 4096));
	for (i = 0; i < ARRAY_SIZE(pfns) * 4096; i++)
		p.shadow[(ARRAY_SIZE(pfns) - i / 4096) * 4096 + i % 4096] = peer_byte(77, i);
	CHECK(t, !memcmp(p.memory, p.shadow, POOL));

	CHECK_STATUS(t, send_pfns(c, r, NULL, 1, WAIT_FLAG, false), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_pfns(c, r, pfns, 0, WAIT_FLAG, false), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_pfns(c, r, pfns, 1, 0, false), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_pfns(c, r, pfns, 257, WAIT_FLAG, false), STATUS_INVALID_PARAMETER);
	pool_destroy(&p);
}

static NTSTATUS send_window(struct client *c, struct request *r, PMDL mdl, u32 offset, u32 length,
			    u32 flags)
{
	struct peer_order order;
	VMBPACKET packet = request_begin(c, r);

	client_make_order(&order, PEER_EXTERNAL, ARGS(0));
	return request_finish(r, packet,
			      VmbPacketSendWithExternalMdl(packet, &order, sizeof(order), mdl,
							   offset, length, flags));
}

static void force_length(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	struct pool p;

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)) || !CHECK(t, pool_create(&p, false)))
		return;
	/* 5000 bytes from 100 on: two pages, of which 3092 bytes are behind the buffer. */
	CHECK(t, chain_add(&p, 100, 5000));
	CHECK(t, chain_add(&p, 40000, 500));
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 8092, WAIT_FLAG | FORCE), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[0], 1);
	CHECK_EQUAL(t, r->answer.value[1], 2);
	CHECK_EQUAL(t, r->answer.ranges[0].bytes, 8092);
	CHECK_EQUAL(t, r->answer.ranges[0].offset, 100);
	CHECK_EQUAL(t, r->answer.sum, peer_sum(PEER_SUM_START, p.memory + 100, 8092));
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 8093, WAIT_FLAG | FORCE),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 8000, 92, WAIT_FLAG | FORCE), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.sum, peer_sum(PEER_SUM_START, p.memory + 8100, 92));
	/* Without the flag the chain goes on with the second MDL. */
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 4900, 600, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[0], 2);
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 4900, 601, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 5500, 1, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 100, 0), STATUS_INVALID_PARAMETER);
	/* No MDL at all is a packet without external data. */
	CHECK_STATUS(t, send_window(c, r, NULL, 0, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.status, 2);
	pool_destroy(&p);
}

static void limits(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	struct pool p;
	u32 i;

	c->data = r;
	VmbChannelInitSetMaximumExternalData(c->channel, 65536, 3);
	if (!CHECK(t, r) || !CHECK(t, client_open(c)) || !CHECK(t, pool_create(&p, false)))
		return;
	CHECK(t, chain_add(&p, 1, 65536));
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[1], 17);
	CHECK(t, chain_add(&p, 70000, 1));
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 0, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 1, 0, WAIT_FLAG), STATUS_SUCCESS);
	chain_free(&p);
	for (i = 0; i < 3; i++)
		CHECK(t, chain_add(&p, i * 5000, 1));
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[0], 3);
	CHECK(t, chain_add(&p, 20000, 1));
	CHECK_STATUS(t, send_window(c, r, p.mdl[0], 0, 0, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	pool_destroy(&p);
}

/* The MDL structures may go once the send has returned; the pages are read 200 ms later. */
static void mdl_freed_early(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	struct peer_order order;
	VMBPACKET packet;
	struct pool p;

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)) || !CHECK(t, pool_create(&p, true)))
		return;
	CHECK(t, chain_add(&p, 300, 20000));
	lay_out(&p, 0, U32_MAX, true, 5);
	client_make_order(&order, PEER_EXTERNAL, ARGS(PEER_FILL, 5, 200));
	packet = request_begin(c, r);
	CHECK_STATUS(t, VmbPacketSend(packet, &order, sizeof(order), p.mdl[0], WAIT_FLAG),
		     STATUS_SUCCESS);
	memset(MmGetMdlPfnArray(p.mdl[0]), 0, 5 * sizeof(PFN_NUMBER));
	chain_free(&p);
	CHECK_STATUS(t, request_wait(r), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.sum, peer_sum(PEER_SUM_START, p.line, p.length));
	CHECK(t, !memcmp(p.memory, p.shadow, POOL));
	pool_destroy(&p);
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend: 5.3, 11.3 random MDL chains", whole_chains },
	{ "VmbPacketSendWithExternalMdl: 6.7 random windows on random MDL chains", windows },
	{ "VmbChannelSendSynchronousRequest: 6.7 random MDL chains", synchronous },
	{ "VmbPacketSendWithExternalPfns: 6.7 one range of whole pages", pfn_list },
	{ "VmbPacketSendWithExternalMdl: 6.7 FORCE_MDL_LENGTH and windows outside", force_length },
	{ "VmbChannelInitSetMaximumExternalData: 5.3, 6.2 limits", limits },
	{ "VmbPacketSend: 5.1 the MDL may be freed when the send has returned", mdl_freed_early },
};

const struct ktap_suite external_suite = KTAP_SUITE("external", tests);
