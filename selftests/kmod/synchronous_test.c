// SPDX-License-Identifier: GPL-2.0-only
/* VmbChannelSendSynchronousRequest: spec 6.7, 10.6. */
#include "channel.h"
#include "client.h"
#include "suites.h"

#define MS	(-10000LL)	/* of a relative timeout */

static NTSTATUS request(struct client *c, u64 value, u32 flags, u64 *answer, s64 timeout)
{
	u32 size = answer ? sizeof(*answer) : 0;
	LARGE_INTEGER when = { .QuadPart = timeout };

	return VmbChannelSendSynchronousRequest(c->channel, &value, sizeof(value), NULL, flags,
						answer, answer ? &size : NULL,
						timeout == S64_MAX ? NULL : &when);
}

#define FOR_EVER	S64_MAX

/* A host that answers one request with its value plus 1, as late as c->number says (ms). */
static void answer_one(struct client *c)
{
	struct host_packet packet;

	if (!client_host_gets(c, &packet))
		return;
	msleep(c->number);
	++*(u64 *)packet.data;
	testbus_complete(c->dev, packet.desc.trans_id, packet.data, packet.length);
}

static void answered(struct ktap *t, struct client *c, s64 timeout)
{
	struct background host;
	u64 answer = 0;

	client_open(c);
	c->number = 20;
	background_start(&host, c, answer_one);
	CHECK_STATUS(t, request(c, 41, WAIT_FLAG, &answer, timeout), STATUS_SUCCESS);
	CHECK_EQUAL(t, answer, 42);
	CHECK(t, background_ends(&host, 60000));
}

static void answered_for_ever(struct ktap *t, struct client *c)
{
	answered(t, c, FOR_EVER);
}

static void answered_relative(struct ktap *t, struct client *c)
{
	answered(t, c, 30000 * MS);
}

static void answered_zero(struct ktap *t, struct client *c)
{
	answered(t, c, 0);
}

static s64 in_nt_time(unsigned int ms)
{
	return ktime_get_real_ns() / 100 + 116444736000000000LL - ms * MS;
}

static void answered_absolute(struct ktap *t, struct client *c)
{
	answered(t, c, in_nt_time(30000));
}

/* @start: from before the timeout was reckoned. */
static void times_out(struct ktap *t, struct client *c, ktime_t start, s64 timeout)
{
	struct host_packet packet;
	u64 answer = 0x55;
	u32 size = 8;
	LARGE_INTEGER when = { .QuadPart = timeout };
	s64 took;

	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &answer, 8, NULL, WAIT_FLAG,
							 &answer, &size, &when), STATUS_CANCELLED);
	took = ktime_ms_delta(ktime_get(), start);
	CHECK(t, took >= 90 && took < 60000);
	CHECK_EQUAL(t, size, 0);
	CHECK_EQUAL(t, answer, 0x55);

	/* The late answer finds nothing, and disturbs nothing. */
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, "too late", 8);
	client_host_send(c, 6);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, answer, 0x55);
	/* N16: no cancel packet is sent. */
	CHECK_EQUAL(t, testbus_read(c->dev, &packet), 0);
	/* Once it has come, its id is unknown: a second one is malformed. */
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	client_host_send(c, 7);
	CHECK_STAYS(t, 30, READ_ONCE(c->packets) == 1);
}

static void times_out_relative(struct ktap *t, struct client *c)
{
	client_open(c);
	times_out(t, c, ktime_get(), 100 * MS);
}

static void times_out_absolute(struct ktap *t, struct client *c)
{
	ktime_t start;

	client_open(c);
	start = ktime_get();
	times_out(t, c, start, in_nt_time(100));
}

static void absolute_past(struct ktap *t, struct client *c)
{
	client_open(c);
	CHECK_STATUS(t, request(c, 1, WAIT_FLAG, NULL, 1), STATUS_CANCELLED);
}

static void never_answered(struct ktap *t, struct client *c)
{
	unsigned int i;

	client_open(c);
	for (i = 0; i < 20; i++)
		CHECK_STATUS(t, request(c, i, WAIT_FLAG, NULL, 5 * MS), STATUS_CANCELLED);
	/* What is abandoned goes with the close: the script compares kmcl/objects. */
}

static void without_completion(struct ktap *t, struct client *c)
{
	u64 answer = 3;
	u32 size = 8;

	client_open(c);
	CHECK_STATUS(t, request(c, 0, 0, NULL, FOR_EVER), STATUS_SUCCESS);
	CHECK_STATUS(t, request(c, 1, 0, NULL, 100 * MS), STATUS_SUCCESS);
	CHECK_STATUS(t, request(c, 2, 0, NULL, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &answer, 8, NULL, 0, &answer,
							 &size, NULL), STATUS_SUCCESS);
	CHECK_EQUAL(t, size, 0);
	CHECK(t, client_host_gets_numbers(c, 0, 4));
}

static void at_dispatch(struct ktap *t, struct client *c)
{
	client_open(c);
	local_bh_disable();
	CHECK_STATUS(t, request(c, 0, 0, NULL, 0), STATUS_SUCCESS);
	local_bh_enable();
	CHECK(t, client_host_gets_numbers(c, 0, 1));
}

static void zero_does_not_queue(struct ktap *t, struct client *c)
{
	unsigned int n;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, request(c, 0, 0, NULL, 0), STATUS_BUFFER_OVERFLOW);
	CHECK_STATUS(t, request(c, 0, WAIT_FLAG, NULL, 0), STATUS_BUFFER_OVERFLOW);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_states_are(c, "OSP"));
	c->dev->forget_room = true;
	n = client_fill_ring(c, 0);
	CHECK_STATUS(t, request(c, 0, 0, NULL, 0), STATUS_BUFFER_OVERFLOW);
	CHECK_STATUS(t, request(c, 0, WAIT_FLAG, NULL, 0), STATUS_BUFFER_OVERFLOW);
	/* There is room, but it must not overtake the queue; nor does it when that has gone. */
	CHECK(t, client_host_gets_numbers(c, 0, n));
	CHECK_SOON(t, request(c, n, 0, NULL, 0) == STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, n, 1));
}

static void cancelled_in_queue(struct ktap *t, struct client *c)
{
	unsigned int n;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, request(c, 99, 0, NULL, 20 * MS), STATUS_CANCELLED);
	CHECK_STATUS(t, request(c, 99, WAIT_FLAG, NULL, 20 * MS), STATUS_CANCELLED);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_states_are(c, "OSP"));
	n = client_fill_ring(c, 0);
	CHECK_STATUS(t, request(c, 99, 0, NULL, 20 * MS), STATUS_CANCELLED);
	CHECK_STATUS(t, request(c, 99, WAIT_FLAG, NULL, 20 * MS), STATUS_CANCELLED);
	CHECK_STATUS(t, client_send_number(c, n, 0), STATUS_SUCCESS);
	/* Taken from the queue: the host never sees it. */
	CHECK(t, client_host_gets_numbers(c, 0, n + 1));
}

static void request_for_ever(struct client *c)
{
	u64 answer;

	c->result = request(c, 1, WAIT_FLAG, &answer, FOR_EVER);
}

static void request_plain_for_ever(struct client *c)
{
	c->result = request(c, 1, 0, NULL, FOR_EVER);
}

static void queued_until_open(struct ktap *t, struct client *c)
{
	struct background waiter;

	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	background_start(&waiter, c, request_plain_for_ever);
	CHECK(t, !background_ends(&waiter, 20));
	testbus_offer(c->dev);
	CHECK(t, background_ends(&waiter, 60000));
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
}

/* N8: as soon as closing begins, not when it ends. */
static void released_by_close(struct ktap *t, struct client *c)
{
	struct background waiter, disable;
	struct host_packet packet;

	c->on_packet = client_keep;
	client_open(c);
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	background_start(&waiter, c, request_for_ever);
	CHECK(t, client_host_gets(c, &packet));
	background_start(&disable, c, client_disable);
	CHECK(t, background_ends(&waiter, 60000));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
	/* Closing waits for the packet that the driver has. */
	CHECK(t, !background_ends(&disable, 20));
	CHECK_STATUS(t, request(c, 1, 0, NULL, 0), STATUS_DEVICE_REMOVED);
	CHECK_STATUS(t, request(c, 1, WAIT_FLAG, NULL, FOR_EVER), STATUS_DEVICE_REMOVED);
	client_complete_kept(c);
	CHECK(t, background_ends(&disable, 60000));
	CHECK_STATUS(t, request(c, 1, 0, NULL, 0), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, request(c, 1, WAIT_FLAG, NULL, FOR_EVER), STATUS_INVALID_DEVICE_STATE);
}

static void released_by_rescind(struct ktap *t, struct client *c)
{
	struct background waiter;
	struct host_packet packet;

	client_open(c);
	background_start(&waiter, c, request_for_ever);
	CHECK(t, client_host_gets(c, &packet));
	testbus_rescind(c->dev);
	CHECK(t, background_ends(&waiter, 60000));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
}

static void released_while_waiting(struct ktap *t, struct client *c)
{
	struct background waiter;

	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	background_start(&waiter, c, request_for_ever);
	CHECK_SOON(t, READ_ONCE(channel_of(c)->tx.queued) == 1);
	CHECK(t, !background_ends(&waiter, 20));
	VmbChannelDisable(c->channel);
	CHECK(t, background_ends(&waiter, 60000));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
}

static void small_buffer(struct ktap *t, struct client *c)
{
	struct background host;
	u64 message[2] = { 1, 2 }, answer[2] = { 7, 7 };
	u32 size = 8;

	client_open(c);
	background_start(&host, c, answer_one);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, message, 16, NULL, WAIT_FLAG,
							 answer, &size, NULL),
		     STATUS_BUFFER_TOO_SMALL);
	CHECK(t, background_ends(&host, 60000));
	CHECK_EQUAL(t, size, 0);
	CHECK(t, answer[0] == 7 && answer[1] == 7);

	size = 16;
	background_start(&host, c, answer_one);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, message, 8, NULL, WAIT_FLAG,
							 answer, &size, NULL), STATUS_SUCCESS);
	CHECK(t, background_ends(&host, 60000));
	CHECK_EQUAL(t, size, 8);
	CHECK(t, answer[0] == 2 && answer[1] == 7);
}

static void no_buffer(struct ktap *t, struct client *c)
{
	struct background host;
	u64 message = 1;
	u32 size = 8;

	client_open(c);
	background_start(&host, c, answer_one);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 8, NULL, WAIT_FLAG,
							 NULL, NULL, NULL), STATUS_SUCCESS);
	CHECK(t, background_ends(&host, 60000));
	background_start(&host, c, answer_one);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 8, NULL, WAIT_FLAG,
							 NULL, &size, NULL), STATUS_SUCCESS);
	CHECK(t, background_ends(&host, 60000));
	CHECK_EQUAL(t, size, 0);
}

static void bad_arguments(struct ktap *t, struct client *c)
{
	u64 message = 1, answer;
	u32 size = 7;
	LARGE_INTEGER zero = { };

	client_open(c);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 8, NULL, WAIT_FLAG,
							 &answer, NULL, &zero),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 8, NULL, WAIT_FLAG,
							 &answer, &size, &zero),
		     STATUS_INVALID_PARAMETER);
	size = 8;
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 4097, NULL, 0, NULL,
							 NULL, &zero), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 0xffffffff, NULL, 0,
							 NULL, NULL, &zero),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, NULL, 8, NULL, 0, NULL, NULL,
							 &zero), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &message, 8, NULL, 0x20, NULL,
							 NULL, &zero), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, NULL, 0, NULL, 0x18, NULL,
							 NULL, &zero), STATUS_SUCCESS);
}

static void wrong_state(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, request(c, 1, 0, NULL, 0), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, request(c, 1, WAIT_FLAG, NULL, FOR_EVER), STATUS_INVALID_DEVICE_STATE);
}

static void corrupt_ring(struct ktap *t, struct client *c)
{
	NTSTATUS status = STATUS_SUCCESS;
	unsigned int n;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	client_open(c);
	WRITE_ONCE(testbus_from_guest_ctl(c->dev)->read_index, 9999);
	for (n = 0; n < 200 && !status; n++)
		status = request(c, n, 0, NULL, n % 2 ? 0 : FOR_EVER);
	CHECK_STATUS(t, status, STATUS_FILE_CORRUPT_ERROR);
	CHECK_EQUAL(t, n, 128);
}

static void negotiate(struct client *c)
{
	c->result = request(c, 41, WAIT_FLAG, &c->expected, 20000 * MS);
}

static void in_post_started(struct ktap *t, struct client *c)
{
	struct background enable;

	c->on_post_started = negotiate;
	testbus_offer(c->dev);
	background_start(&enable, c, client_enable);
	CHECK_SOON(t, c->dev->is_open);
	answer_one(c);
	CHECK(t, background_ends(&enable, 60000));
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	CHECK_EQUAL(t, c->expected, 42);
}

static void negotiate_briefly(struct client *c)
{
	c->number = (u32)request(c, 41, WAIT_FLAG, NULL, 50 * MS);
}

static void in_started(struct ktap *t, struct client *c)
{
	c->on_started = negotiate_briefly;
	client_open(c);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	CHECK_STATUS(t, c->number, STATUS_CANCELLED);
}

static void negotiate_for_ever(struct client *c)
{
	request(c, 41, WAIT_FLAG, &c->expected, FOR_EVER);
}

static void rescind_in_negotiation(struct ktap *t, struct client *c)
{
	struct background enable;
	struct host_packet packet;

	c->on_post_started = negotiate_for_ever;
	testbus_offer(c->dev);
	background_start(&enable, c, client_enable);
	CHECK(t, client_host_gets(c, &packet));
	testbus_rescind(c->dev);
	/* A callback that waits for the peer must not outlast it. */
	CHECK(t, background_ends(&enable, 60000));
	CHECK_SOON(t, client_states_are(c, "OSPUC"));
}

static const struct ktap_test tests[] = {
	{ "VmbChannelSendSynchronousRequest: 6.7 answered, no timeout", answered_for_ever },
	{ "VmbChannelSendSynchronousRequest: 6.7 answered, relative timeout", answered_relative },
	{ "VmbChannelSendSynchronousRequest: 10.6 answered, absolute timeout", answered_absolute },
	{ "VmbChannelSendSynchronousRequest: N22 zero timeout: the completion is awaited",
	  answered_zero },
	{ "VmbChannelSendSynchronousRequest: N16 relative timeout, late answer",
	  times_out_relative },
	{ "VmbChannelSendSynchronousRequest: N16 absolute timeout, late answer",
	  times_out_absolute },
	{ "VmbChannelSendSynchronousRequest: 10.6 absolute timeout in the past", absolute_past },
	{ "VmbChannelSendSynchronousRequest: N16 20 requests are never answered", never_answered },
	{ "VmbChannelSendSynchronousRequest: 6.7 without completion", without_completion },
	{ "VmbChannelSendSynchronousRequest: 6.7 at DISPATCH_LEVEL", at_dispatch },
	{ "VmbChannelSendSynchronousRequest: N22 zero timeout does not queue, nor overtake",
	  zero_does_not_queue },
	{ "VmbChannelSendSynchronousRequest: 6.7 timed out in the queue: never sent",
	  cancelled_in_queue },
	{ "VmbChannelSendSynchronousRequest: N22 queued until the open", queued_until_open },
	{ "VmbChannelSendSynchronousRequest, VmbChannelDisable: N8 released when closing begins",
	  released_by_close },
	{ "VmbChannelSendSynchronousRequest: N8 released by a rescind", released_by_rescind },
	{ "VmbChannelSendSynchronousRequest, VmbChannelDisable: N8 released before the open",
	  released_while_waiting },
	{ "VmbChannelSendSynchronousRequest: N22 completion longer than the buffer, and shorter",
	  small_buffer },
	{ "VmbChannelSendSynchronousRequest: N22 no completion buffer", no_buffer },
	{ "VmbChannelSendSynchronousRequest: N22 bad arguments", bad_arguments },
	{ "VmbChannelSendSynchronousRequest: N22 Disabled", wrong_state },
	{ "VmbChannelSendSynchronousRequest: N1 corrupt ring", corrupt_ring },
	{ "VmbChannelSendSynchronousRequest, EvtChannelPostStarted: 4.4 the place to negotiate",
	  in_post_started },
	{ "VmbChannelSendSynchronousRequest, EvtChannelStarted: 6.7 returns when it times out",
	  in_started },
	{ "VmbChannelSendSynchronousRequest, EvtChannelPostStarted: N7 a rescind ends the wait",
	  rescind_in_negotiation },
};

const struct ktap_suite synchronous_suite = KTAP_SUITE("synchronous");
