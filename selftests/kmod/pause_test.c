// SPDX-License-Identifier: GPL-2.0-only
/* VmbChannelStart and VmbChannelPause: spec 4.3 to 4.5. */
#include "client.h"
#include "suites.h"

static void pause_and_start(struct ktap *t, struct client *c)
{
	client_open(c);
	VmbChannelPause(c->channel);
	CHECK_TEXT(t, c->log, "U");
	VmbChannelPause(c->channel);
	CHECK_TEXT(t, c->log, "U");
	VmbChannelStart(c->channel);
	CHECK_TEXT(t, c->log, "USP");
	VmbChannelStart(c->channel);
	CHECK_TEXT(t, c->log, "USP");
}

static void start_active(struct ktap *t, struct client *c)
{
	client_open(c);
	VmbChannelStart(c->channel);
	CHECK_TEXT(t, c->log, "");
}

static void mark_in_disabled(struct ktap *t, struct client *c)
{
	VmbChannelPause(c->channel);
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "O");
	VmbChannelStart(c->channel);
	CHECK_TEXT(t, c->log, "OSP");

	/* The mark was for one enable. */
	VmbChannelDisable(c->channel);
	client_forget(c);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void mark_taken_back(struct ktap *t, struct client *c)
{
	VmbChannelPause(c->channel);
	VmbChannelStart(c->channel);
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void pause_waiting(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	VmbChannelPause(c->channel);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "O"));
	CHECK_STAYS(t, 20, client_log_is(c, "O"));
	VmbChannelStart(c->channel);
	CHECK_TEXT(t, c->log, "OSP");
}

static void start_waiting(struct ktap *t, struct client *c)
{
	VmbChannelPause(c->channel);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	VmbChannelStart(c->channel);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
}

static void disable_never_started(struct ktap *t, struct client *c)
{
	VmbChannelPause(c->channel);
	client_open(c);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "C");
}

static void disable_paused(struct ktap *t, struct client *c)
{
	client_open(c);
	VmbChannelPause(c->channel);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UC");
	client_forget(c);
	/* 4.3: VmbChannelEnable implies active. */
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void sends_go_on(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 payload = 5;

	client_open(c);
	VmbChannelPause(c->channel);
	client_forget(c);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "c");
	CHECK(t, client_host_gets_numbers(c, 1, 1));
	CHECK_STATUS(t, client_send_number(c, 2, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, testbus_complete(c->dev, packet.desc.trans_id, &payload, 8), 0);
	testbus_signal(c->dev);
	CHECK_STAYS(t, 30, client_log_is(c, "c"));
	VmbChannelStart(c->channel);
	CHECK_SOON(t, client_log_is(c, "cSPc") || client_log_is(c, "cScP"));
}

static void waits_for_packets(struct ktap *t, struct client *c)
{
	struct background pause;

	c->on_packet = client_keep;
	client_open(c);
	client_host_send(c, 1);
	client_host_send(c, 2);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 2);
	background_start(&pause, c, client_pause);
	CHECK_SOON(t, client_states_are(c, "U"));
	CHECK(t, !background_ends(&pause, 50));
	client_complete_one(c);
	CHECK(t, !background_ends(&pause, 50));
	client_complete_kept(c);
	CHECK(t, background_ends(&pause, 60000));
}

static void nothing_delivered(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = client_in_order;
	client_open(c);
	VmbChannelPause(c->channel);
	for (i = 0; i < 20; i++)
		client_host_send(c, i);
	testbus_signal(c->dev);
	CHECK_STAYS(t, 50, READ_ONCE(c->packets) == 0);
	VmbChannelStart(c->channel);
	CHECK_SOON(t, READ_ONCE(c->expected) == 20);
	CHECK(t, !c->out_of_order);
}

static void send_now(struct client *c)
{
	c->result = client_send_number(c, 77, 0);
}

static void send_in_started(struct ktap *t, struct client *c)
{
	c->on_started = send_now;
	client_open(c);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 77, 1));
}

/* 4.5: deferred packets are kept over a pause and presented again after the next start. */
static void defer_first(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (c->packets == 1) {
		VmbChannelPacketDeferToPassive(packet);
		c->number = (uintptr_t)packet;
		WRITE_ONCE(c->result, STATUS_PENDING);
		/* Long enough for a pause to get in between. */
		mdelay(50);
	} else {
		client_in_order(c, packet, buffer, length);
	}
}

static void deferred_kept(struct ktap *t, struct client *c)
{
	struct background pause;

	c->on_packet = defer_first;
	client_open(c);
	testbus_send(c->dev, &(u64){0}, 8, 0);
	client_host_send(c, 1);
	background_start(&pause, c, client_pause);
	CHECK(t, background_ends(&pause, 60000));
	VmbChannelStart(c->channel);
	CHECK_SOON(t, READ_ONCE(c->expected) == 2);
	CHECK(t, !c->out_of_order);
	CHECK_EQUAL(t, c->packets, 3);
}

static void many(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = client_in_order;
	client_open(c);
	for (i = 0; i < 100; i++) {
		client_host_send(c, 2 * i);
		VmbChannelPause(c->channel);
		client_host_send(c, 2 * i + 1);
		VmbChannelStart(c->channel);
	}
	CHECK_SOON(t, READ_ONCE(c->expected) == 200);
	CHECK(t, !c->out_of_order);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelPause, VmbChannelStart: 4.4 suspend; started, post-started", pause_and_start },
	{ "VmbChannelStart: N6 does nothing on an active channel", start_active },
	{ "VmbChannelPause, VmbChannelStart: N6 on a disabled channel: comes up paused",
	  mark_in_disabled },
	{ "VmbChannelStart: N6 on a disabled channel takes the mark back", mark_taken_back },
	{ "VmbChannelPause: 6.3 while waiting: comes up paused", pause_waiting },
	{ "VmbChannelStart: 6.3 while waiting: starts when opened", start_waiting },
	{ "VmbChannelDisable: 4.6 never started: no suspend", disable_never_started },
	{ "VmbChannelDisable: 4.6 paused: no second suspend; the next enable is active",
	  disable_paused },
	{ "VmbChannelPause, VmbPacketSend: N6 sends go out, completions wait", sends_go_on },
	{ "VmbChannelPause, VmbChannelPacketComplete: Q4 waits for incoming packets",
	  waits_for_packets },
	{ "VmbChannelPause: 4.5 nothing is delivered before the next start", nothing_delivered },
	{ "VmbPacketSend, EvtChannelStarted: 4.4 may send", send_in_started },
	{ "VmbChannelPause, VmbChannelPacketDeferToPassive: N6 a pause keeps a deferred packet",
	  deferred_kept },
	{ "VmbChannelPause, VmbChannelStart: 100 times in traffic", many },
};

const struct ktap_suite pause_suite = KTAP_SUITE("pause");
