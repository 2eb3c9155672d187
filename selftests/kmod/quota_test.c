// SPDX-License-Identifier: GPL-2.0-only
/* VmbChannelSetTransactionQuota: spec 5.4, 6.3. */
#include "channel.h"
#include "client.h"
#include "suites.h"

static void send_some(struct client *c, unsigned int n)
{
	while (n--)
		client_host_send(c, n);
}

static void blocks(struct ktap *t, struct client *c)
{
	VmbChannelSetTransactionQuota(c->channel, 3);
	c->on_packet = client_keep;
	client_open(c);
	send_some(c, 10);
	CHECK_SOON(t, READ_ONCE(c->packets) == 3);
	CHECK_STAYS(t, 50, READ_ONCE(c->packets) == 3);
	client_complete_one(c);
	CHECK_SOON(t, READ_ONCE(c->packets) == 4);
	CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 4);
	c->on_packet = NULL;
	client_complete_kept(c);
	CHECK_SOON(t, READ_ONCE(c->batched) == 10);
	CHECK_EQUAL(t, c->packets, 10);
}

static void raising_does_not_restart(struct ktap *t, struct client *c)
{
	VmbChannelSetTransactionQuota(c->channel, 2);
	c->on_packet = client_keep;
	client_open(c);
	send_some(c, 10);
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	/* The third has been refused, and nobody is about to look again. */
	CHECK(t, channel_settles(channel_of(c)));
	CHECK(t, channel_of(c)->rx.starved);
	VmbChannelSetTransactionQuota(c->channel, 5);
	CHECK_STAYS(t, 50, READ_ONCE(c->packets) == 2);
	client_complete_one(c);
	CHECK_SOON(t, READ_ONCE(c->packets) == 6);
	CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 6);
}

static void below_outstanding(struct ktap *t, struct client *c)
{
	c->on_packet = client_keep;
	client_open(c);
	send_some(c, 6);
	CHECK_SOON(t, READ_ONCE(c->packets) == 6);
	VmbChannelSetTransactionQuota(c->channel, 2);
	send_some(c, 4);
	CHECK_STAYS(t, 30, READ_ONCE(c->packets) == 6);
	while (c->kept_count > 2) {
		client_complete_one(c);
		CHECK_STAYS(t, 10, READ_ONCE(c->packets) == 6);
	}
	client_complete_one(c);
	CHECK_SOON(t, READ_ONCE(c->packets) == 7);
}

static void completions_behind(struct ktap *t, struct client *c)
{
	struct host_packet packet;

	VmbChannelSetTransactionQuota(c->channel, 1);
	c->on_packet = client_keep;
	client_open(c);
	client_send_number(c, 1, WAIT_FLAG);
	client_send_number(c, 2, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	send_some(c, 1);
	/* Completions are not counted ... */
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	/* ... but wait behind a packet that the quota holds up. */
	send_some(c, 1);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_STAYS(t, 50, atomic_read(&c->completed) == 1);
	client_complete_one(c);
	CHECK_SOON(t, atomic_read(&c->completed) == 2);
}

static void one_at_a_time(struct ktap *t, struct client *c)
{
	VmbChannelSetTransactionQuota(c->channel, 1);
	client_open(c);
	send_some(c, 100);
	CHECK_SOON(t, READ_ONCE(c->packets) == 100);
}

static void blocked_and_closed(struct ktap *t, struct client *c)
{
	struct background disable;

	VmbChannelSetTransactionQuota(c->channel, 1);
	c->on_packet = client_keep;
	client_open(c);
	send_some(c, 5);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	background_start(&disable, c, client_disable);
	CHECK(t, !background_ends(&disable, 30));
	client_complete_kept(c);
	CHECK(t, background_ends(&disable, 60000));
	CHECK_EQUAL(t, c->packets, 1);

	/* The quota is kept, the block is not. */
	c->on_packet = NULL;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	send_some(c, 5);
	CHECK_SOON(t, READ_ONCE(c->packets) == 6);
}

static void blocked_over_pause(struct ktap *t, struct client *c)
{
	struct background pause;

	VmbChannelSetTransactionQuota(c->channel, 2);
	c->on_packet = client_keep;
	client_open(c);
	send_some(c, 5);
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	background_start(&pause, c, client_pause);
	CHECK_SOON(t, client_states_are(c, "U"));
	client_complete_kept(c);
	CHECK(t, background_ends(&pause, 60000));
	CHECK_EQUAL(t, c->packets, 2);
	c->on_packet = NULL;
	VmbChannelStart(c->channel);
	CHECK_SOON(t, READ_ONCE(c->packets) == 5);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelSetTransactionQuota, VmbChannelPacketComplete: 5.4 blocks, "
	  "a completion restarts",
	  blocks },
	{ "VmbChannelSetTransactionQuota: "
	  "6.3 raising it does not restart", raising_does_not_restart },
	{ "VmbChannelSetTransactionQuota: 6.3 below the number outstanding", below_outstanding },
	{ "VmbChannelSetTransactionQuota: N14 completions are not counted, and wait behind",
	  completions_behind },
	{ "VmbChannelSetTransactionQuota: N14 packets completed in the callback", one_at_a_time },
	{ "VmbChannelSetTransactionQuota, VmbChannelDisable: 5.4 closed while blocked",
	  blocked_and_closed },
	{ "VmbChannelSetTransactionQuota, VmbChannelPause: 5.4 paused while blocked",
	  blocked_over_pause },
};

const struct ktap_suite quota_suite = KTAP_SUITE("quota");
