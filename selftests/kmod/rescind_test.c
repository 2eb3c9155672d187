// SPDX-License-Identifier: GPL-2.0-only
/* The host takes the device away, at every moment: spec 4.2, 4.6. */
#include "client.h"
#include "suites.h"

static void while_waiting(struct ktap *t, struct client *c)
{
	struct testbus_device *dev = c->dev;

	/* The channel has the offer for a moment, or not at all. */
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	dev->hold_open = true;
	testbus_offer(dev);
	CHECK_SOON(t, READ_ONCE(dev->opening));
	testbus_rescind(dev);
	CHECK_SOON(t, !testbus_is_claimed(dev));
	CHECK_STAYS(t, 20, client_log_is(c, ""));

	dev->hold_open = false;
	testbus_offer(dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
}

static void during_synchronous_open(struct ktap *t, struct client *c)
{
	struct background enable;

	c->dev->hold_open = true;
	testbus_offer(c->dev);
	background_start(&enable, c, client_enable);
	CHECK_SOON(t, READ_ONCE(c->dev->opening));
	CHECK(t, !background_ends(&enable, 20));
	testbus_rescind(c->dev);
	CHECK(t, background_ends(&enable, 60000));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
	CHECK_TEXT(t, c->log, "");

	c->dev->hold_open = false;
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void rescind(struct client *c)
{
	testbus_rescind(c->dev);
}

static void in_opened(struct ktap *t, struct client *c)
{
	testbus_offer(c->dev);
	c->on_opened = rescind;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_SOON(t, client_states_are(c, "OSPUC"));
	CHECK_SOON(t, !testbus_is_claimed(c->dev));
	c->on_opened = NULL;
	client_forget(c);
	CHECK_SOON(t, VmbChannelEnable(c->channel) == STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_states_are(c, "OSP"));
}

static void when_open(struct ktap *t, struct client *c)
{
	client_open(c);
	testbus_rescind(c->dev);
	CHECK_SOON(t, client_log_is(c, "UC"));
	CHECK_SOON(t, client_send_number(c, 1, 0) == STATUS_INVALID_DEVICE_STATE);
	CHECK_SOON(t, !testbus_is_claimed(c->dev));
	CHECK_EQUAL(t, atomic_read(&c->dev->released), 1);

	/* 4.2: a client always becomes Disabled and comes back only by another enable. */
	client_forget(c);
	testbus_offer(c->dev);
	CHECK_STAYS(t, 30, client_log_is(c, ""));
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void when_paused(struct ktap *t, struct client *c)
{
	client_open(c);
	VmbChannelPause(c->channel);
	CHECK_TEXT(t, c->log, "U");
	testbus_rescind(c->dev);
	CHECK_SOON(t, client_log_is(c, "UC"));
}

static void in_traffic(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	client_open(c);
	for (i = 0; i < 10; i++)
		CHECK_STATUS(t, client_send_number(c, i, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	client_fill_ring(c, WAIT_FLAG);
	client_forget(c);
	testbus_rescind(c->dev);
	CHECK_SOON(t, client_states_are(c, "UC"));
	/* Suspend, then all completions, then closed. */
	CHECK_EQUAL(t, c->log[0], 'U');
	CHECK_EQUAL(t, c->log[strlen(c->log) - 1], 'C');
	CHECK_EQUAL(t, strspn(c->log + 1, "r"), strlen(c->log) - 2);
	CHECK_EQUAL(t, atomic_read(&c->removed), atomic_read(&c->accepted));
}

static void held_packets_first(struct ktap *t, struct client *c)
{
	c->on_packet = client_keep;
	client_open(c);
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	client_forget(c);
	testbus_rescind(c->dev);
	CHECK_SOON(t, client_log_is(c, "U"));
	CHECK_STAYS(t, 50, client_log_is(c, "U"));
	client_complete_kept(c);
	CHECK_SOON(t, client_log_is(c, "UC"));
}

static void against_disable(struct ktap *t, struct client *c)
{
	struct background disable;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		testbus_offer(c->dev);
		if (!CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS))
			return;
		background_start(&disable, c, client_disable);
		testbus_rescind(c->dev);
		if (!CHECK(t, background_ends(&disable, 60000)))
			return;
		CHECK_SOON(t, !testbus_is_claimed(c->dev));
		if (!CHECK_TEXT(t, c->log, "OSPUC"))
			return;
		client_forget(c);
	}
}

static void against_enable(struct ktap *t, struct client *c)
{
	struct background enable;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		testbus_offer(c->dev);
		background_start(&enable, c, client_enable);
		testbus_rescind(c->dev);
		if (!CHECK(t, background_ends(&enable, 60000)))
			return;
		CHECK(t, c->result == STATUS_SUCCESS || c->result == STATUS_DEVICE_REMOVED);
		CHECK_SOON(t, !testbus_is_claimed(c->dev));
		VmbChannelDisable(c->channel);
		CHECK(t, client_log_is(c, "") || client_log_is(c, "OSPUC"));
		client_forget(c);
	}
}

static const struct ktap_test tests[] = {
	{ "VmbChannelEnable: Q19 a rescind while waiting calls nothing", while_waiting },
	{ "VmbChannelEnable: N5 a rescind during a synchronous open", during_synchronous_open },
	{ "VmbChannelEnable, EvtChannelOpened: 4.6 a rescind inside the callback", in_opened },
	{ "VmbChannelEnable: 4.7 a rescind of an open channel: suspend, closed, Disabled",
	  when_open },
	{ "VmbChannelPause: 4.6 a rescind of a paused channel: no second suspend", when_paused },
	{ "VmbPacketSend: Q6 a rescind in traffic: suspend, completions, closed", in_traffic },
	{ "VmbChannelPacketComplete: 4.5 closing waits for the driver's packets",
	  held_packets_first },
	{ "VmbChannelDisable: N3 against a rescind", against_disable },
	{ "VmbChannelEnable: N3 against a rescind", against_enable },
};

const struct ktap_suite rescind_suite = KTAP_SUITE("rescind");
