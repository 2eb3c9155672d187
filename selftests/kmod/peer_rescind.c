// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rescinds at every stage, and offers anew: spec 4.2, 4.6, 4.7, 6.9. Each ends in the documented
 * state within peer_limit_ms, and the channel opens again with the next offer.
 */
#include <linux/vmalloc.h>

#include "peer.h"

#define FOREVER_MS	PEER_TIMEOUT_MS

struct stage {
	ktime_t start;
	s64 longest;
};

static void begin(struct stage *s)
{
	s->start = ktime_get();
}

static void end(struct stage *s)
{
	s->longest = max(s->longest, ktime_ms_delta(ktime_get(), s->start));
}

static void report(struct ktap *t, struct stage *s)
{
	seq_printf(t->out, "# %u rescinds, the longest took %lld ms\n", peer_rescinds, s->longest);
	CHECK(t, s->longest <= peer_limit_ms);
}

/* Disabled, as VmbChannelEnable sees it. It stays so: a client comes back only by an enable. */
static bool is_disabled(struct client *c)
{
	return VmbChannelSetInterruptLatency(c->channel, 0, &(u16){ 0 }) ==
	       STATUS_INVALID_DEVICE_STATE;
}

static NTSTATUS order(struct client *c, enum peer_when when, u32 what, bool swallow, u32 offer_ms,
		      u32 skip)
{
	/* The answer to one that is due at once may not come. */
	if (when == PEER_AT_ONCE)
		return client_tell(c, PEER_RESCIND, ARGS(when, what, swallow, offer_ms, skip));
	return ORDER(c, PEER_RESCIND, when, what, swallow, offer_ms, skip);
}

/* Open and idle. */
static void idle(struct ktap *t, struct client *c)
{
	struct stage s = { 0 };
	unsigned int i;

	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, order(c, PEER_AT_ONCE, 5, false, i % 5, 0), STATUS_SUCCESS);
		begin(&s);
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		end(&s);
		VmbChannelDisable(c->channel);
		CHECK(t, client_states_are(c, "OSPUC"));
	}
	report(t, &s);
}

/* The one before may still be due, and come in between. */
static bool open_and_order(struct client *c, u32 ms, u32 offer_ms)
{
	VmbChannelDisable(c->channel);
	return client_open(c) && !order(c, PEER_AT_ONCE, ms, false, offer_ms, 0);
}

static bool open_with_none_due(struct client *c)
{
	VmbChannelDisable(c->channel);
	return client_open(c) &&
	       client_counter_is(c, offsetof(struct peer_counters, rescind_due), 0);
}

/* Somewhere around a close, the wait for an offer, and the open with the next one. */
static void anywhere(struct ktap *t, struct client *c)
{
	unsigned int i;

	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		CHECK_SOON(t, open_and_order(c, i * 3, i % 3));
		VmbChannelDisable(c->channel);
		client_forget(c);
		c->result = VmbChannelEnable(c->channel);
		CHECK(t, !c->result || c->result == STATUS_DEVICE_REMOVED);
		msleep(peer_size(i, 30));
		VmbChannelDisable(c->channel);
	}
	CHECK_SOON(t, open_with_none_due(c));
	CHECK(t, client_hello(c));
}

/* While a client waits the rescind of what it does not have calls nothing: it goes on waiting. */
static void waiting(struct ktap *t, struct client *c)
{
	unsigned int i;

	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, order(c, PEER_AT_ONCE, 0, false, 100, 0), STATUS_SUCCESS);
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		client_forget(c);
		CHECK(t, WITHIN(FOREVER_MS, !(c->result = VmbChannelEnable(c->channel))));
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSP")));
		VmbChannelDisable(c->channel);
	}
}

/* The host rescinds instead of answering the open's message, or right after. */
static void opening(struct ktap *t, struct client *c, u32 message, bool swallow)
{
	struct stage s = { 0 };
	unsigned int i;

	if (peer_skip_local(t))
		return;
	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, order(c, PEER_ON_MESSAGE, message, swallow, i % 5, 0),
			     STATUS_SUCCESS);
		VmbChannelDisable(c->channel);
		client_forget(c);
		begin(&s);
		c->result = VmbChannelEnable(c->channel);
		if (swallow)
			CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
		if (c->result) {
			CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
			CHECK(t, client_states_are(c, ""));
		} else {
			CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		}
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		end(&s);
		VmbChannelDisable(c->channel);
	}
	report(t, &s);
	CHECK(t, client_open(c) && client_hello(c));
}

static void open_unanswered(struct ktap *t, struct client *c)
{
	opening(t, c, PEER_MSG_OPEN, true);
}

static void open_answered(struct ktap *t, struct client *c)
{
	opening(t, c, PEER_MSG_OPEN, false);
}

static void open_ring(struct ktap *t, struct client *c)
{
	opening(t, c, PEER_MSG_GPADL, true);
}

/* An open with nobody waiting for it, that fails: 4.2. */
static void opening_later(struct ktap *t, struct client *c)
{
	unsigned int i;

	if (peer_skip_local(t))
		return;
	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		/* One rescind comes now, one in the open that follows the new offer. */
		CHECK_STATUS(t, order(c, PEER_ON_MESSAGE, PEER_MSG_OPEN, true, 20, 0),
			     STATUS_SUCCESS);
		CHECK_STATUS(t, order(c, PEER_AT_ONCE, 0, false, 20, 0), STATUS_SUCCESS);
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		client_forget(c);
		CHECK(t, WITHIN(FOREVER_MS, !(c->result = VmbChannelEnable(c->channel))));
		/* The peer rescinds while it waits, and it goes on waiting, for the third offer. */
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSP")));
		VmbChannelDisable(c->channel);
	}
}

/* ---- under load ---- */

struct load {
	atomic_t outstanding;
	unsigned int sent, refused;
	bool stop;
};

static VOID load_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct client *c = VmbPacketGetPointer(packet);

	if (status == STATUS_DEVICE_REMOVED)
		atomic_inc(&c->removed);
	else if (status)
		c->wrong = true;
	VmbPacketFree(packet);
	atomic_inc(&c->completed);
}

static void load(struct client *c)
{
	struct load *l = c->data;
	u32 i;

	for (i = 0; !READ_ONCE(l->stop); i++) {
		VMBPACKET packet = VmbPacketAllocate(c->channel);
		NTSTATUS status;

		if (!packet)
			continue;
		VmbPacketSetPointer(packet, c);
		VmbPacketSetCompletionRoutine(packet, load_done);
		atomic_inc(&c->accepted);
		status = VmbPacketSend(packet, c->buffer, peer_size(i, 2000), NULL,
				       i & 1 ? WAIT_FLAG : 0);
		if (status) {
			atomic_dec(&c->accepted);
			VmbPacketFree(packet);
			if (status != STATUS_INVALID_DEVICE_STATE)
				c->wrong = true;
			l->refused++;
			break;
		}
		l->sent++;
		while (atomic_read(&c->accepted) - atomic_read(&c->completed) > 200 &&
		       !READ_ONCE(l->stop))
			usleep_range(100, 200);
	}
}

static void loaded(struct ktap *t, struct client *c)
{
	struct load *l = kzalloc(sizeof(*l), GFP_KERNEL);
	struct stage s = { 0 };
	struct background b;
	unsigned int i;

	c->data = l;
	if (!CHECK(t, l))
		return;
	memset(c->buffer, 0x11, PEER_MAX_PACKET);
	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, order(c, PEER_AFTER_PACKETS, peer_size(i, 500), false, i % 5, 0),
			     STATUS_SUCCESS);
		background_start(&b, c, load);
		CHECK(t, WITHIN(FOREVER_MS, strpbrk(c->states, "UC")));
		begin(&s);
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		end(&s);
		WRITE_ONCE(l->stop, true);
		CHECK(t, background_ends(&b, FOREVER_MS));
		VmbChannelDisable(c->channel);
		CHECK_EQUAL(t, atomic_read(&c->accepted), atomic_read(&c->completed));
		CHECK(t, !c->wrong);
		l->stop = false;
	}
	seq_printf(t->out, "# %u packets sent, %d removed\n", l->sent, atomic_read(&c->removed));
	report(t, &s);
}

/* ---- GPADLs, synchronous requests, closing ---- */

static void gpadl_creation(struct ktap *t, struct client *c)
{
	struct stage s = { 0 };
	unsigned int i;
	void *memory;
	u32 handle;

	if (peer_skip_local(t))
		return;
	memory = vmalloc(1 << 20);
	for (i = 0; memory && i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, order(c, PEER_ON_MESSAGE, PEER_MSG_GPADL, true, i % 5, 0),
			     STATUS_SUCCESS);
		begin(&s);
		CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel, 0, memory,
								i & 1 ? 4096 : 1 << 20, &handle),
			     STATUS_DEVICE_REMOVED);
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		end(&s);
		VmbChannelDisable(c->channel);
	}
	report(t, &s);
	CHECK(t, client_open(c) && client_hello(c));
	VmbChannelDisable(c->channel);
	vfree(memory);
}

static void delete_it(struct client *c)
{
	VmbChannelDeleteGpadl(c->channel, *(u32 *)c->data);
}

static void gpadl_deletion(struct ktap *t, struct client *c)
{
	u32 *handle = kzalloc(sizeof(*handle), GFP_KERNEL);
	void *memory = vmalloc(1 << 20);
	struct stage s = { 0 };
	unsigned int i;

	c->data = handle;
	for (i = 0; handle && memory && i < peer_rescinds && !t->failed; i++) {
		/* Outside EvtChannelClosed with the answer withheld, or inside, after a rescind. */
		bool inside = peer_local || (i & 1);

		c->on_closed = inside ? delete_it : NULL;
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel, 0, memory, 1 << 20,
								handle), STATUS_SUCCESS);
		if (inside)
			CHECK_STATUS(t, order(c, PEER_AT_ONCE, 0, false, i % 5, 0),
				     STATUS_SUCCESS);
		else
			CHECK_STATUS(t, order(c, PEER_ON_MESSAGE, PEER_MSG_GPADL_TEARDOWN, true,
					      i % 5, 0), STATUS_SUCCESS);
		begin(&s);
		if (!inside)
			delete_it(c);
		CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		end(&s);
		VmbChannelDisable(c->channel);
	}
	report(t, &s);
	vfree(memory);
}

static void closing(struct ktap *t, struct client *c, u32 message, bool swallow)
{
	struct stage s = { 0 };
	unsigned int i;

	if (peer_skip_local(t))
		return;
	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		CHECK_STATUS(t, order(c, PEER_ON_MESSAGE, message, swallow, i % 5, 0),
			     STATUS_SUCCESS);
		begin(&s);
		VmbChannelDisable(c->channel);
		CHECK(t, client_states_are(c, "OSPUC"));
		CHECK(t, is_disabled(c));
		end(&s);
	}
	report(t, &s);
	CHECK(t, client_open(c));
}

static void close_message(struct ktap *t, struct client *c)
{
	closing(t, c, PEER_MSG_CLOSE, false);
}

/*
 * The rings' GPADL is taken down at a close. The host answers that: vmbus_disconnect_ring() waits
 * for it with the mutex held that hv_vmbus's handling of the rescind needs, so nothing else could
 * end the wait.
 */
static void close_ring(struct ktap *t, struct client *c)
{
	closing(t, c, PEER_MSG_GPADL_TEARDOWN, false);
}

static void wait_in_vain(struct client *c)
{
	struct peer_order never;

	client_make_order(&never, PEER_COMPLETE, ARGS(PEER_NEVER));
	c->result = VmbChannelSendSynchronousRequest(c->channel, &never, sizeof(never), NULL,
						     WAIT_FLAG, NULL, NULL, NULL);
}

static void synchronous(struct ktap *t, struct client *c)
{
	struct stage s = { 0 };
	struct background b;
	unsigned int i;

	for (i = 0; i < peer_rescinds && !t->failed; i++) {
		if (!CHECK(t, client_open(c)))
			break;
		background_start(&b, c, wait_in_vain);
		CHECK_SOON(t, client_open_requests(c) == 1);
		CHECK_STATUS(t, order(c, PEER_AT_ONCE, i, false, i % 5, 0), STATUS_SUCCESS);
		begin(&s);
		CHECK(t, background_ends(&b, FOREVER_MS));
		/* A server of this kernel completes what it holds before it goes. */
		CHECK(t, c->result == STATUS_DEVICE_REMOVED || (peer_local && !c->result));
		CHECK(t, WITHIN(FOREVER_MS, is_disabled(c)));
		end(&s);
		VmbChannelDisable(c->channel);
	}
	report(t, &s);
}

/* ---- a device that is being unbound ---- */

struct unbound {
	struct device *device;
	VMBPACKETCOMPLETION kept;
	PMDL mdl;
};

static void keep(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	struct unbound *u = c->data;

	WRITE_ONCE(u->kept, packet);
}

/* As sysfs does it for a user. */
static void unbind(struct client *c)
{
	struct unbound *u = c->data;

	device_release_driver(u->device);
}

/* The peer has pages of it, so it ends when the rings are closed, or the peer has gone. */
static void wait_with_pages(struct client *c)
{
	struct unbound *u = c->data;
	struct peer_order never;

	client_make_order(&never, PEER_COMPLETE, ARGS(PEER_NEVER));
	c->result = VmbChannelSendSynchronousRequest(c->channel, &never, sizeof(never), u->mdl,
						     WAIT_FLAG, NULL, NULL, NULL);
}

/* A driver that is slow to close holds up the unbind, but not the rescinds of any device. */
static void rescind_while_unbound(struct ktap *t, struct client *c, struct client *other)
{
	struct background unbinding, request;
	struct unbound *u = c->data;

	u->device = client_device(c);
	background_start(&request, c, wait_with_pages);
	CHECK_SOON(t, client_open_requests(c) == 1);
	CHECK_STATUS(t, order(c, PEER_AT_ONCE, 2000, false, 0, 0), STATUS_SUCCESS);
	background_start(&unbinding, c, unbind);
	CHECK(t, background_ends(&request, FOREVER_MS));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
	CHECK(t, client_states_are(c, "OSPU"));
	CHECK_STATUS(t, order(other, PEER_AT_ONCE, 0, false, 0, 0), STATUS_SUCCESS);
	CHECK(t, WITHIN(FOREVER_MS, client_states_are(other, "OSPUC")));

	VmbChannelPacketComplete(u->kept, NULL, 0);
	CHECK(t, background_ends(&unbinding, FOREVER_MS));
	CHECK(t, WITHIN(FOREVER_MS, client_states_are(c, "OSPUC")));
	put_device(u->device);
}

static void unbound(struct ktap *t, struct client *c)
{
	struct unbound *u = kzalloc(sizeof(*u), GFP_KERNEL);
	struct client *other;

	if (peer_skip_local(t)) {
		kfree(u);
		return;
	}
	c->data = u;
	c->on_packet = keep;
	other = client_create();
	if (!CHECK(t, u && other))
		return;
	u->mdl = IoAllocateMdl(c->buffer, 512, FALSE, FALSE, NULL);
	client_set_target(other, &peer_pipe_instance);
	VmbChannelInitSetFlags(other->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	if (CHECK(t, u->mdl && client_open(c) && client_open(other))) {
		MmBuildMdlForNonPagedPool(u->mdl);
		CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 1, 8, 0, 0, 0), STATUS_SUCCESS);
		if (CHECK(t, WITHIN(FOREVER_MS, READ_ONCE(u->kept))))
			rescind_while_unbound(t, c, other);
	}
	CHECK(t, client_destroy(other));
	VmbChannelDisable(c->channel);
	if (u->mdl)
		IoFreeMdl(u->mdl);
	CHECK(t, client_open(c) && client_hello(c));
}

static const struct ktap_test tests[] = {
	{ "EvtChannelClosed: 4.6 rescind of an open channel", idle },
	{ "VmbChannelEnable: 4.7 after a rescind the client waits for the next offer", waiting },
	{ "VmbChannelEnable: 4.2 rescind instead of the answer to the open", open_unanswered },
	{ "VmbChannelEnable: 4.2 rescind right after the answer to the open", open_answered },
	{ "VmbChannelEnable: 4.2 rescind while the rings are described to the host", open_ring },
	{ "VmbChannelEnable: 4.7 rescind in an open that nobody waits for", opening_later },
	{ "VmbPacketSend, EvtVmbPacketCompletionRoutine: 4.6 rescind under load", loaded },
	{ "VmbChannelCreateGpadlFromBuffer: 6.9 rescind during the creation", gpadl_creation },
	{ "VmbChannelDeleteGpadl: 6.9 rescind during and before the deletion", gpadl_deletion },
	{ "VmbChannelDisable: 4.6 rescind at the close", close_message },
	{ "VmbChannelDisable: 4.6 rescind while the rings are taken down", close_ring },
	{ "VmbChannelSendSynchronousRequest: 4.6, 6.7 rescind ends the wait", synchronous },
	{ "VmbChannelDisable: 12.6, N8 rescind of a device that is being unbound", unbound },
	{ "VmbChannelEnable, VmbChannelDisable: 4.7 rescinds at any moment", anywhere },
};

const struct ktap_suite rescind_suite = KTAP_SUITE("rescind", tests);
