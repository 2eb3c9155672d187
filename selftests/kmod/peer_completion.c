// SPDX-License-Identifier: GPL-2.0-only
/* How requests end: spec 5.1, 5.5, 6.7, 7. */
#include <linux/mm.h>

#include "peer.h"

#define COUNT	128

/* A request that the peer completes as told, with a payload of its own seed. */
static NTSTATUS tell(struct client *c, struct request *r, enum peer_completion how, u32 length,
		     u32 seed, u32 ms)
{
	struct peer_order order;
	VMBPACKET packet = request_begin(c, r);
	NTSTATUS status;

	client_make_order(&order, PEER_COMPLETE, ARGS(how, length, seed, ms));
	status = VmbPacketSend(packet, &order, sizeof(order), NULL, WAIT_FLAG);
	if (status) {
		atomic_dec(&c->accepted);
		VmbPacketFree(packet);
	}
	return status;
}

static void check_reply(struct ktap *t, struct request *r, u32 length, u32 seed)
{
	CHECK_STATUS(t, request_wait(r), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->length, round_up(length, 8));
	CHECK(t, peer_filled(r->bytes, length, seed));
}

static void out_of_order(struct ktap *t, struct client *c, enum peer_sequence sequence)
{
	struct request *r = kvcalloc(COUNT, sizeof(*r), GFP_KERNEL);
	unsigned int i;

	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		goto out;
	for (i = 0; i < COUNT; i++)
		CHECK_STATUS(t, tell(c, &r[i], PEER_HOLD, i * 31, i, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, ORDER(c, PEER_RELEASE, sequence, 9), STATUS_SUCCESS);
	for (i = 0; i < COUNT; i++)
		check_reply(t, &r[i], i * 31, i);
out:
	kvfree(r);
}

static void in_order(struct ktap *t, struct client *c)
{
	out_of_order(t, c, PEER_FIFO);
}

static void reversed(struct ktap *t, struct client *c)
{
	out_of_order(t, c, PEER_LIFO);
}

static void shuffled(struct ktap *t, struct client *c)
{
	out_of_order(t, c, PEER_SHUFFLED);
}

static void late(struct ktap *t, struct client *c)
{
	LARGE_INTEGER timeout = client_timeout(20), zero = { .QuadPart = 0 };
	struct peer_order order;
	u32 size = 0;
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	unsigned int i;

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, tell(c, r, PEER_LATE, 100, 5, 300), STATUS_SUCCESS);
	check_reply(t, r, 100, 5);

	/* Its completion comes when nobody waits any more, and is dropped. */
	client_make_order(&order, PEER_COMPLETE, ARGS(PEER_HOLD, 64, 1));
	for (i = 0; i < 3; i++)
		CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &order, sizeof(order),
								 NULL, WAIT_FLAG, NULL, NULL,
								 &timeout), STATUS_CANCELLED);
	CHECK(t, client_hello(c));
	CHECK_EQUAL(t, client_open_requests(c), 3);
	CHECK_STATUS(t, ORDER(c, PEER_RELEASE, PEER_FIFO, 0), STATUS_SUCCESS);
	CHECK(t, client_hello(c));
	CHECK_EQUAL(t, client_open_requests(c), 0);

	/* Payload longer than the buffer; a buffer without a size; no wait at all. */
	client_make_order(&order, PEER_COMPLETE, ARGS(PEER_NOW, 64, 1));
	timeout = client_timeout(PEER_TIMEOUT_MS);
	size = 56;
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &order, sizeof(order), NULL,
							 WAIT_FLAG, c->buffer, &size, &timeout),
		     STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(t, size, 0);
	size = 64;
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &order, sizeof(order), NULL,
							 WAIT_FLAG, c->buffer, &size, NULL),
		     STATUS_SUCCESS);
	CHECK_EQUAL(t, size, 64);
	CHECK(t, peer_filled(c->buffer, 64, 1));
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &order, sizeof(order), NULL,
							 0, NULL, NULL, &zero), STATUS_SUCCESS);
}

static void too_long(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);

	c->data = r;
	VmbChannelInitSetMaximumPacketSize(c->channel, 1000);
	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, tell(c, r, PEER_NOW, 1000, 6, 0), STATUS_SUCCESS);
	check_reply(t, r, 1000, 6);
	CHECK_STATUS(t, tell(c, r, PEER_NOW, 1001, 6, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, request_wait(r), STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(t, r->length, 0);
	CHECK_STATUS(t, tell(c, r, PEER_NOW, 60000, 6, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, request_wait(r), STATUS_BUFFER_TOO_SMALL);
	CHECK(t, client_hello(c));
}

/* Delivery has stopped: sends go on, completions do not come, and a close ends it. */
static void check_stopped(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	struct peer_order order;
	VMBPACKET packet;

	if (!CHECK(t, r))
		return;
	packet = request_begin(c, r);
	client_make_order(&order, PEER_HELLO, ARGS(0));
	CHECK_STATUS(t, VmbPacketSend(packet, &order, sizeof(order), NULL, WAIT_FLAG),
		     STATUS_SUCCESS);
	CHECK_STAYS(t, 100, !completion_done(&r->done));
	VmbChannelPause(c->channel);
	VmbChannelStart(c->channel);
	CHECK_STAYS(t, 50, !completion_done(&r->done));
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, request_wait(r), STATUS_DEVICE_REMOVED);
	kfree(r);
	CHECK(t, client_reopen(c));
}

static void duplicate(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, tell(c, r, PEER_TWICE, 40, 8, 0), STATUS_SUCCESS);
	check_reply(t, r, 40, 8);
	check_stopped(t, c);
}

/* The second one when hv_vmbus would have used the id again: it must not end another request. */
static void duplicate_later(struct ktap *t, struct client *c)
{
	struct request *r = kvcalloc(3, sizeof(*r), GFP_KERNEL);
	unsigned int i;

	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		goto out;
	CHECK_STATUS(t, tell(c, &r[0], PEER_NOW, 40, 8, 0), STATUS_SUCCESS);
	check_reply(t, &r[0], 40, 8);
	for (i = 1; i < 3; i++)
		CHECK_STATUS(t, tell(c, &r[i], PEER_HOLD, 48, i, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, ORDER(c, PEER_REPEAT), STATUS_SUCCESS);
	CHECK_STAYS(t, 100, !completion_done(&r[1].done) && !completion_done(&r[2].done));
	check_stopped(t, c);
	for (i = 1; i < 3; i++)
		CHECK_STATUS(t, request_wait(&r[i]), STATUS_DEVICE_REMOVED);
out:
	kvfree(r);
}

static void unknown(struct ktap *t, struct client *c)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);

	c->data = r;
	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, tell(c, r, PEER_UNKNOWN, 40, 8, 0), STATUS_SUCCESS);
	CHECK_STAYS(t, 50, !completion_done(&r->done));
	check_stopped(t, c);
	CHECK_STATUS(t, request_wait(r), STATUS_DEVICE_REMOVED);
}

/* Requests that the peer never completes end at the close; so do those of a waiting thread. */
static void wait_in_vain(struct client *c)
{
	struct peer_order order;

	client_make_order(&order, PEER_COMPLETE, ARGS(PEER_NEVER));
	c->result = VmbChannelSendSynchronousRequest(c->channel, &order, sizeof(order), NULL,
						     WAIT_FLAG, NULL, NULL, NULL);
}

static void never(struct ktap *t, struct client *c)
{
	struct request *r = kvcalloc(8, sizeof(*r), GFP_KERNEL);
	struct background b;
	unsigned int i;

	if (!CHECK(t, r) || !CHECK(t, client_open(c)))
		goto out;
	for (i = 0; i < 8; i++)
		CHECK_STATUS(t, tell(c, &r[i], PEER_NEVER, 0, 0, 0), STATUS_SUCCESS);
	background_start(&b, c, wait_in_vain);
	CHECK_SOON(t, client_open_requests(c) == 9);
	VmbChannelDisable(c->channel);
	CHECK(t, background_ends(&b, PEER_TIMEOUT_MS));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
	for (i = 0; i < 8; i++)
		CHECK_STATUS(t, request_wait(&r[i]), STATUS_DEVICE_REMOVED);
out:
	kvfree(r);
}

static const struct ktap_test tests[] = {
	{ "EvtVmbPacketCompletionRoutine: 5.1 completions in order", in_order },
	{ "EvtVmbPacketCompletionRoutine: 5.1 completions in reverse order", reversed },
	{ "EvtVmbPacketCompletionRoutine: 5.1 completions in any order", shuffled },
	{ "VmbChannelSendSynchronousRequest: 6.7 late completions, timeouts, buffers", late },
	{ "EvtVmbPacketCompletionRoutine: 5.5, 7 payload above the maximum packet size", too_long },
	{ "EvtVmbPacketCompletionRoutine: 5.5 a second completion", duplicate },
	{ "EvtVmbPacketCompletionRoutine: 5.5 a second completion, later", duplicate_later },
	{ "EvtVmbPacketCompletionRoutine: 5.5 a completion with an unknown id", unknown },
	{ "VmbChannelDisable: 4.6 ends requests that the peer never completes", never },
};

const struct ktap_suite completion_suite = KTAP_SUITE("completion", tests);
