// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of an open, a close and of making and deleting a GPADL on the real hv_vmbus
 * fails once, those of hv_vmbus included: what faults_test.c does on the local bus. For
 * peer_faults.sh.
 */
#include <linux/vmalloc.h>

#include "peer.h"
#include "failing.h"

/* Too many for one message of hv_vmbus. */
#define GPADL_BYTES	(64 * PAGE_SIZE)

struct subject {
	VMBCHANNEL channel;
	u32 ring_pages;
	void *memory;
	u32 handle;
};

/* Ring memory is kept for the next open, unless that wants it larger or smaller. */
static NTSTATUS open_with_other_rings(void *data)
{
	struct subject *s = data;

	s->ring_pages = s->ring_pages == 4 ? 8 : 4;
	VmbClientChannelInitSetRingBufferPageCount(s->channel, s->ring_pages, s->ring_pages);
	return VmbChannelEnable(s->channel);
}

static void disable(void *data)
{
	struct subject *s = data;

	VmbChannelDisable(s->channel);
}

static NTSTATUS create_gpadl(void *data)
{
	struct subject *s = data;

	return VmbChannelCreateGpadlFromBuffer(s->channel, 0, s->memory, GPADL_BYTES, &s->handle);
}

static void delete_gpadl(void *data)
{
	struct subject *s = data;

	VmbChannelDeleteGpadl(s->channel, s->handle);
}

/* What has no status does without. */
static void each_does_without(struct ktap *t, const struct try *try, struct subject *s)
{
	unsigned int n = 0;
	bool failed;

	do {
		if (!CHECK_STATUS(t, try->call(s), STATUS_SUCCESS))
			return;
		failing_caller.arm(++n);
		try->undo(s);
		failed = failing_caller.disarm();
	} while (failed && !t->failed);
	seq_printf(t->out, "# %u allocations failed\n", n - 1);
	CHECK(t, n > 1);
}

static void opens_and_closes(struct ktap *t, struct client *c)
{
	static const struct try open = { open_with_other_rings, disable };
	struct subject s = { .channel = c->channel };

	/* Once, as usual: what is made for the class is made then. */
	if (!failing_is_possible(t) || !CHECK(t, client_open(c)))
		return;
	VmbChannelDisable(c->channel);
	failing_each(t, &open, &s);
	each_does_without(t, &open, &s);
	CHECK(t, client_reopen(c));
}

static void gpadls(struct ktap *t, struct client *c)
{
	static const struct try gpadl = { create_gpadl, delete_gpadl };
	struct subject s = { .channel = c->channel };

	if (!failing_is_possible(t) || !CHECK(t, client_open(c)))
		return;
	s.memory = vmalloc(GPADL_BYTES);
	if (!CHECK(t, s.memory))
		return;
	failing_each(t, &gpadl, &s);
	each_does_without(t, &gpadl, &s);
	CHECK(t, client_hello(c));
	vfree(s.memory);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelEnable, VmbChannelDisable: each allocation fails", opens_and_closes },
	{ "VmbChannelCreateGpadlFromBuffer, VmbChannelDeleteGpadl: each allocation fails", gpadls },
};

const struct ktap_suite peer_faults_suite = KTAP_SUITE("faults", tests);
