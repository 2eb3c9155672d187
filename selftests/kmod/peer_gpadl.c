// SPDX-License-Identifier: GPL-2.0-only
/* GPADLs: spec 6.9, 12.6. The peer sums and fills what a GPADL describes. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "peer.h"

#define MAX_PAGES	8190u

static u64 sum_pages(void *memory, u32 pages)
{
	u64 sum = PEER_SUM_START;
	u32 i;

	for (i = 0; i < pages; i++) {
		void *page = memory + i * PAGE_SIZE;
		u64 pfn = is_vmalloc_addr(page) ? vmalloc_to_pfn(page) :
						  virt_to_phys(page) >> PAGE_SHIFT;

		sum = peer_sum(sum, &pfn, sizeof(pfn));
	}
	return sum;
}

static bool touch(struct client *c, struct peer_answer *answer, u32 handle, enum peer_touch what,
		  u32 seed, u32 from, u32 length)
{
	return !client_order(c, answer, PEER_GPADL, ARGS(handle, what, seed, from, length));
}

static bool peer_has(struct client *c, u32 handle)
{
	struct peer_answer answer;

	return touch(c, &answer, handle, PEER_SUM, 0, 0, 1) && !answer.status;
}

/* The peer sees these pages and these bytes, and what it writes arrives. */
static void check_shared(struct ktap *t, struct client *c, u32 handle, u8 *memory, u32 length)
{
	u32 pages = DIV_ROUND_UP(length, PAGE_SIZE), from = length / 3;
	struct peer_answer answer;

	peer_fill(memory, length, 21);
	CHECK(t, touch(c, &answer, handle, PEER_SUM, 0, 0, length));
	CHECK_EQUAL(t, answer.status, 0);
	CHECK_EQUAL(t, answer.value[0], pages);
	CHECK_EQUAL(t, answer.sum, peer_sum(PEER_SUM_START, memory, length));
	CHECK_EQUAL(t, answer.sum2, sum_pages(memory, pages));
	CHECK(t, touch(c, &answer, handle, PEER_FILL, 22, from, from));
	CHECK(t, peer_filled(memory, from, 21));
	CHECK(t, peer_filled(memory + from, from, 22));
	CHECK_EQUAL(t, memory[2 * from], peer_byte(21, 2 * from));
}

static void from_buffer(struct ktap *t, struct client *c, u8 *memory, u32 length, u32 flags)
{
	u32 handle = 0;

	if (!CHECK(t, memory))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel, flags, memory, length, &handle),
		     STATUS_SUCCESS);
	CHECK(t, handle);
	check_shared(t, c, handle, memory, length);
	VmbChannelDeleteGpadl(c->channel, handle);
	CHECK(t, !peer_has(c, handle));
}

static void buffers(struct ktap *t, struct client *c)
{
	u8 *small = (u8 *)__get_free_pages(GFP_KERNEL, 4), *large = vmalloc(1 << 20);

	if (!CHECK(t, client_open(c)))
		return;
	from_buffer(t, c, small, 16 * PAGE_SIZE, 0);
	from_buffer(t, c, small, PAGE_SIZE, 0);
	from_buffer(t, c, small, 5000, 0);
	from_buffer(t, c, large, 1 << 20, 0);
	/* A host is not kept from writing. */
	if (!peer_local)
		from_buffer(t, c, large, 1 << 20, VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY);
	free_pages((unsigned long)small, 4);
	vfree(large);
}

static void refused(struct ktap *t, struct client *c)
{
	u8 *memory = vmalloc(PAGE_SIZE);
	VMBCHANNEL ch = c->channel;
	u32 handle = 1234;

	if (!CHECK(t, memory))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory, PAGE_SIZE, &handle),
		     STATUS_INVALID_DEVICE_STATE);
	if (!CHECK(t, client_open(c)))
		goto out;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 2, memory, 4096, &handle),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, NULL, 4096, &handle),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory, 0, &handle),
		     STATUS_INVALID_PARAMETER);
	VmbChannelDisable(ch);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory, PAGE_SIZE, &handle),
		     STATUS_INVALID_DEVICE_STATE);
out:
	vfree(memory);
}

/* What hv_vmbus can describe, and what it cannot. */
static void limits(struct ktap *t, struct client *c)
{
	u32 handle = 1234, last = MAX_PAGES * PAGE_SIZE;
	VMBCHANNEL ch = c->channel;
	struct peer_answer answer;
	u8 *memory;

	if (peer_skip_local(t))
		return;
	memory = vmalloc((MAX_PAGES + 1) * PAGE_SIZE);
	if (!CHECK(t, memory) || !CHECK(t, client_open(c)))
		goto out;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory + 8, 4096, &handle),
		     STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory, last + PAGE_SIZE, &handle),
		     STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory, last + 1, &handle),
		     STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(ch, 0, memory, last, &handle),
		     STATUS_SUCCESS);
	memory[last - 1] = 0x5a;
	CHECK(t, touch(c, &answer, handle, PEER_SUM, 0, last - 1, 1));
	CHECK_EQUAL(t, answer.value[0], MAX_PAGES);
	CHECK_EQUAL(t, answer.sum, peer_sum(PEER_SUM_START, memory + last - 1, 1));
	CHECK_EQUAL(t, answer.sum2, sum_pages(memory, MAX_PAGES));
	VmbChannelDeleteGpadl(ch, handle);
out:
	vfree(memory);
}

static PMDL make_mdl(void *memory, u32 length)
{
	PMDL mdl = IoAllocateMdl(memory, length, FALSE, FALSE, NULL);

	if (mdl)
		MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

static NTSTATUS from_mdl(struct client *c, PMDL mdl, u32 offset, u32 length, u32 *handle)
{
	return VmbChannelCreateGpadlFromMdl(c->channel, 0, mdl, offset, length, handle);
}

static void mdl_chains(struct ktap *t, struct client *c)
{
	u8 *memory = vmalloc(64 * PAGE_SIZE);
	struct peer_answer answer;
	PMDL first, second;
	u32 handle;

	if (!CHECK(t, memory) || !CHECK(t, client_open(c)))
		goto out;
	peer_fill(memory, 64 * PAGE_SIZE, 3);
	first = make_mdl(memory, 10 * PAGE_SIZE);
	second = make_mdl(memory + 20 * PAGE_SIZE, 5 * PAGE_SIZE + 100);
	if (!CHECK(t, first && second))
		goto out;
	first->Next = second;

	CHECK_STATUS(t, from_mdl(c, first, 0, 0, &handle), STATUS_SUCCESS);
	CHECK(t, touch(c, &answer, handle, PEER_SUM, 0, 10 * PAGE_SIZE, 5 * PAGE_SIZE + 100));
	CHECK_EQUAL(t, answer.value[0], 16);
	CHECK_EQUAL(t, answer.sum, peer_sum(PEER_SUM_START, memory + 20 * PAGE_SIZE,
					    5 * PAGE_SIZE + 100));
	VmbChannelDeleteGpadl(c->channel, handle);

	CHECK_STATUS(t, from_mdl(c, first, 9 * PAGE_SIZE, 2 * PAGE_SIZE, &handle), STATUS_SUCCESS);
	CHECK(t, touch(c, &answer, handle, PEER_FILL, 4, 0, 0));
	CHECK_EQUAL(t, answer.value[0], 2);
	CHECK(t, peer_filled(memory, 9 * PAGE_SIZE, 3));
	CHECK(t, peer_filled(memory + 9 * PAGE_SIZE, PAGE_SIZE, 4));
	CHECK_EQUAL(t, memory[20 * PAGE_SIZE], peer_byte(4, PAGE_SIZE));
	CHECK_EQUAL(t, memory[21 * PAGE_SIZE], peer_byte(3, 21 * PAGE_SIZE));
	VmbChannelDeleteGpadl(c->channel, handle);

	CHECK_STATUS(t, from_mdl(c, first, 8, 0, &handle), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, from_mdl(c, first, 15 * PAGE_SIZE + 100, 0, &handle),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, from_mdl(c, first, 0, 15 * PAGE_SIZE + 101, &handle),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, from_mdl(c, NULL, 0, 0, &handle), STATUS_INVALID_PARAMETER);
	/* The odd piece first: what follows does not join on a page. */
	first->Next = NULL;
	second->Next = first;
	CHECK_STATUS(t, from_mdl(c, second, 0, 0, &handle), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, from_mdl(c, second, 0, 5 * PAGE_SIZE, &handle), STATUS_SUCCESS);
	VmbChannelDeleteGpadl(c->channel, handle);
	IoFreeMdl(first);
	IoFreeMdl(second);
out:
	vfree(memory);
}

struct kept {
	u8 *memory;
	u32 handle[8];
	unsigned int count;
};

static void create_some(struct client *c)
{
	struct kept *kept = c->data;

	for (kept->count = 0; kept->count < ARRAY_SIZE(kept->handle); kept->count++)
		if (VmbChannelCreateGpadlFromBuffer(c->channel, 0, kept->memory, 16 * PAGE_SIZE,
						    &kept->handle[kept->count]))
			break;
}

static void delete_all(struct client *c)
{
	struct kept *kept = c->data;

	while (kept->count)
		VmbChannelDeleteGpadl(c->channel, kept->handle[--kept->count]);
}

/* Created inside EvtChannelOpened, deleted inside EvtChannelClosed. */
static void in_callbacks(struct ktap *t, struct client *c)
{
	struct kept *kept = kzalloc(sizeof(*kept), GFP_KERNEL);
	unsigned int i;

	c->data = kept;
	if (!CHECK(t, kept))
		return;
	kept->memory = vmalloc(16 * PAGE_SIZE);
	c->on_opened = create_some;
	c->on_closed = delete_all;
	for (i = 0; i < 5 && CHECK(t, client_open(c)); i++) {
		CHECK_EQUAL(t, kept->count, ARRAY_SIZE(kept->handle));
		check_shared(t, c, kept->handle[i], kept->memory, 16 * PAGE_SIZE);
		VmbChannelDisable(c->channel);
		CHECK_EQUAL(t, kept->count, 0);
	}
	vfree(kept->memory);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelCreateGpadlFromBuffer, VmbChannelDeleteGpadl: 6.9 kmalloc, vmalloc, READ_ONLY",
		buffers },
	{ "VmbChannelCreateGpadlFromBuffer: 6.9 what is refused", refused },
	{ "VmbChannelCreateGpadlFromBuffer: 6.9, 12.6 up to 8190 whole pages", limits },
	{ "VmbChannelCreateGpadlFromMdl: 6.9, 12.6 chains and windows", mdl_chains },
	{ "VmbChannelDeleteGpadl: 6.9 from EvtChannelOpened to EvtChannelClosed", in_callbacks },
};

const struct ktap_suite gpadl_suite = KTAP_SUITE("gpadl", tests);
