// SPDX-License-Identifier: GPL-2.0-only
/* Incoming packets and their completion: spec 5.2, 6.8. */
#include "client.h"
#include "suites.h"

static void in_order(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = client_in_order;
	client_open(c);
	for (i = 0; i < 1000; i++)
		CHECK_EQUAL(t, client_host_send(c, i), 0);
	CHECK_SOON(t, READ_ONCE(c->expected) == 1000);
	CHECK(t, !c->out_of_order);
	CHECK(t, !c->overlap);
}

static void length_is_rounded(struct ktap *t, struct client *c)
{
	u8 data[13];

	memset(data, 0x31, sizeof(data));
	client_open(c);
	testbus_send(c->dev, data, sizeof(data), 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, c->last_length, 16);
	CHECK(t, !memcmp(c->last, data, sizeof(data)));
	testbus_send(c->dev, NULL, 0, 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	CHECK_EQUAL(t, c->last_length, 0);
}

/* Written to the ring while the guest does not look, so that they are one batch. */
static void batch(struct ktap *t, struct client *c)
{
	unsigned int i;

	client_open(c);
	VmbChannelPause(c->channel);
	client_forget(c);
	for (i = 0; i < 5; i++)
		client_host_send(c, i);
	VmbChannelStart(c->channel);
	CHECK_SOON(t, client_log_is(c, "SPdddddb") || client_log_is(c, "SdddddbP") ||
		   READ_ONCE(c->batches) >= 1);
	CHECK_SOON(t, READ_ONCE(c->batched) == 5);
	CHECK_EQUAL(t, c->batches, 1);
	client_host_send(c, 5);
	CHECK_SOON(t, READ_ONCE(c->batched) == 6);
	CHECK(t, !c->empty_batch);
}

/* A completion is not a packet of the batch; a batch of completions only is none. */
static void batch_of_completions(struct ktap *t, struct client *c)
{
	struct host_packet packet;

	client_open(c);
	client_send_number(c, 1, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, client_log_is(c, "c"));
	CHECK_STAYS(t, 20, READ_ONCE(c->batches) == 0);
}

static void batch_before_suspend(struct ktap *t, struct client *c)
{
	unsigned int i;

	client_open(c);
	for (i = 0; i < 50; i++) {
		client_host_send(c, i);
		VmbChannelPause(c->channel);
		CHECK_EQUAL(t, c->batched, c->packets);
		VmbChannelStart(c->channel);
	}
}

static void reply(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	u64 value = *(u64 *)buffer + 1000;

	VmbChannelPacketComplete(packet, &value, sizeof(value));
}

static void reply_in_callback(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 value = 7;

	c->on_packet = reply;
	client_open(c);
	testbus_send(c->dev, &value, 8, 0xabcdef);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.type, KMCL_PKT_COMPLETION);
	CHECK_EQUAL(t, packet.desc.trans_id, 0xabcdef);
	CHECK_EQUAL(t, packet.desc.flags, 0);
	CHECK_EQUAL(t, packet.length, 8);
	CHECK_EQUAL(t, *(u64 *)packet.data, 1007);
}

static void reply_not_wanted(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 value = 7;

	c->on_packet = reply;
	client_open(c);
	testbus_send(c->dev, &value, 8, 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_STAYS(t, 20, !testbus_read(c->dev, &packet));
}

static void reply_later(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 value = 0x77;
	unsigned int i;

	c->on_packet = client_keep;
	client_open(c);
	for (i = 1; i <= 3; i++)
		testbus_send(c->dev, &value, 8, i);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 3);
	/* In any order, from any context. */
	VmbChannelPacketComplete(c->kept[2], &value, 8);
	local_bh_disable();
	VmbChannelPacketComplete(c->kept[0], NULL, 0);
	local_bh_enable();
	VmbChannelPacketComplete(c->kept[1], &value, 5);
	c->kept_count = 0;
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.trans_id, 3);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.trans_id, 1);
	CHECK_EQUAL(t, packet.length, 0);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.trans_id, 2);
	CHECK_EQUAL(t, packet.length, 8);
	CHECK_EQUAL(t, *(u64 *)packet.data, 0x77);
}

/* N13: a private copy, writable, and good as the reply. */
static void reply_from_buffer(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	memset(buffer, 0x42, length);
	VmbChannelPacketComplete(packet, buffer, length);
}

static void private_buffer(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u8 data[40];

	memset(data, 1, sizeof(data));
	c->on_packet = reply_from_buffer;
	client_open(c);
	testbus_send(c->dev, data, sizeof(data), 5);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.length, 40);
	CHECK(t, !memchr_inv(packet.data, 0x42, 40));
}

static void buffer_stays(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 value = 0x1122334455667788;
	u8 *buffer;
	unsigned int i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	c->on_packet = client_keep;
	client_open(c);
	testbus_send(c->dev, &value, 8, 1);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	buffer = c->last_buffer;
	/* The peer overwrites the whole ring meanwhile. */
	c->on_packet = NULL;
	for (i = 0; i < 300; i++) {
		client_host_send(c, ~0ull);
		CHECK_SOON(t, READ_ONCE(c->packets) == i + 2);
	}
	CHECK_EQUAL(t, *(u64 *)buffer, value);
	VmbChannelPacketComplete(c->kept[0], buffer, 8);
	c->kept_count = 0;
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, *(u64 *)packet.data, value);
}

/* Reply from the packet's own buffer with the ring full: queued in the same order as sends. */
static void reply_to_full_ring(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int n, i;
	u64 value;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	c->on_packet = reply_from_buffer;
	client_open(c);
	n = client_fill_ring(c, 0);
	for (i = 0; i < 20; i++) {
		value = i;
		CHECK_EQUAL(t, testbus_send(c->dev, &value, 8, 100 + i), 0);
	}
	CHECK_SOON(t, READ_ONCE(c->packets) == 20);
	CHECK_STATUS(t, client_send_number(c, n, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 0, n));
	for (i = 0; i < 20; i++) {
		CHECK(t, client_host_gets(c, &packet));
		CHECK_EQUAL(t, packet.desc.trans_id, 100 + i);
		CHECK(t, !memchr_inv(packet.data, 0x42, 8));
	}
	CHECK(t, client_host_gets_numbers(c, n, 1));
}

/* A host that never reads: the library stops taking packets instead of taking all memory. */
static void reply_backlog(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int sent = 0, got = 0;
	u64 value = 1;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	c->on_packet = reply_from_buffer;
	client_open(c);
	while (sent < 10000) {
		if (testbus_send(c->dev, &value, 8, sent + 1) &&
		    WITHIN(200, testbus_send(c->dev, &value, 8, sent + 1) == 0) == false)
			break;
		sent++;
	}
	CHECK(t, sent < 3000);
	CHECK(t, sent > 100);
	while (got < sent && client_host_gets(c, &packet)) {
		if (!CHECK_EQUAL(t, packet.desc.trans_id, got + 1))
			return;
		got++;
	}
	CHECK_EQUAL(t, got, sent);
}

static void no_callback(struct ktap *t, struct client *c)
{
	struct testbus_device *dev = c->dev;
	struct host_packet packet;
	VMBCHANNEL channel;
	u64 value = 1;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	VmbClientChannelInitSetTargetPnp(channel, (GUID *)&dev->offer.type, NULL, NULL);
	testbus_offer(dev);
	CHECK_STATUS(t, VmbChannelEnable(channel), STATUS_SUCCESS);
	testbus_send(dev, &value, 8, 0);
	testbus_send(dev, &value, 8, 9);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.trans_id, 9);
	CHECK_EQUAL(t, packet.length, 0);
	VmbChannelDisable(channel);
	VmbChannelCleanup(channel);
}

/* ---- passive ---- */

static void at_dispatch(struct ktap *t, struct client *c)
{
	client_open(c);
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK(t, !c->last_passive);
}

static void from_softirq(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = client_in_order;
	c->dev->softirq = true;
	client_open(c);
	for (i = 0; i < 100; i++) {
		client_host_send(c, i);
		testbus_signal(c->dev);
	}
	CHECK_SOON(t, READ_ONCE(c->expected) == 100);
	CHECK(t, !c->out_of_order && !c->overlap);
}

static void sleep_in_callback(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	usleep_range(2000, 3000);
	client_in_order(c, packet, buffer, length);
}

static void at_passive(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i;

	VmbChannelSetIncomingProcessingAtPassive(c->channel, TRUE);
	c->on_packet = sleep_in_callback;
	client_open(c);
	for (i = 0; i < 20; i++) {
		c->dev->softirq = i % 2;
		client_host_send(c, i);
		testbus_signal(c->dev);
	}
	CHECK_SOON(t, READ_ONCE(c->expected) == 20);
	CHECK(t, c->last_passive && !c->out_of_order && !c->overlap);

	/* N4: the routines of packets sent with WAIT_FOR_COMPLETION, too. */
	client_send_number(c, 1, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	CHECK(t, c->sent_passive);

	VmbChannelSetIncomingProcessingAtPassive(c->channel, FALSE);
	c->on_packet = NULL;
	client_host_send(c, 20);
	CHECK_SOON(t, READ_ONCE(c->packets) == 21);
	CHECK(t, channel_settles(channel_of(c)));
	client_host_send(c, 21);
	CHECK_SOON(t, READ_ONCE(c->packets) == 22);
	CHECK(t, !c->last_passive);
}

/* At DISPATCH_LEVEL, however it comes to that: not now. */
static void defer(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (in_interrupt()) {
		c->result = *(NTSTATUS *)buffer;
		c->kept[0] = packet;
		c->sent_pointer = buffer;
		VmbChannelPacketDeferToPassive(packet);
		return;
	}
	if (c->kept[0] == packet && (c->sent_pointer != buffer || length != 8 ||
				     c->result != *(NTSTATUS *)buffer))
		c->out_of_order = true;
	c->kept[0] = NULL;
	usleep_range(1000, 2000);
	client_in_order(c, packet, buffer, length);
}

static void deferred(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = defer;
	client_open(c);
	for (i = 0; i < 50; i++) {
		c->dev->softirq = i % 2;
		client_host_send(c, i);
		if (!(i % 5))
			CHECK_SOON(t, READ_ONCE(c->expected) == i + 1);
	}
	CHECK_SOON(t, READ_ONCE(c->expected) == 50);
	/* Same handle, buffer and length, before any later packet. */
	CHECK(t, !c->out_of_order && !c->overlap);
	CHECK(t, c->packets > 50);
	CHECK_SOON(t, READ_ONCE(c->batched) == c->packets);
}

static void defer_and_wait(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	VmbChannelPacketDeferToPassive(packet);
	WRITE_ONCE(c->number, 1);
	mdelay(30);
}

static void deferred_and_closed(struct ktap *t, struct client *c)
{
	c->on_packet = defer_and_wait;
	client_open(c);
	VmbChannelPause(c->channel);
	client_host_send(c, 1);
	client_forget(c);
	VmbChannelStart(c->channel);
	CHECK_SOON(t, READ_ONCE(c->number));
	VmbChannelDisable(c->channel);
	c->on_packet = NULL;
	CHECK_TEXT(t, c->states, "SPUC");

	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	c->packets = 0;
	client_host_send(c, 2);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, *(u64 *)c->last, 2);
}

/* ---- after the peer has gone ---- */

static void complete_after_suspend(struct client *c)
{
	client_complete_kept(c);
}

static void reply_in_suspend(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 value = 1;

	c->on_packet = client_keep;
	c->on_suspend = complete_after_suspend;
	client_open(c);
	testbus_send(c->dev, &value, 8, 3);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	VmbChannelPause(c->channel);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.trans_id, 3);
}

static void reply_after_rescind(struct ktap *t, struct client *c)
{
	u64 value = 1;
	unsigned int i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	c->on_packet = client_keep;
	client_open(c);
	for (i = 0; i < 5; i++)
		testbus_send(c->dev, &value, 8, 3 + i);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 5);
	testbus_rescind(c->dev);
	CHECK_SOON(t, client_states_are(c, "U"));
	client_complete_kept(c);
	CHECK_SOON(t, client_states_are(c, "UC"));
}

static void many_outstanding(struct ktap *t, struct client *c)
{
	unsigned int round, i;

	c->on_packet = client_keep;
	client_open(c);
	for (round = 1; round <= 5; round++) {
		for (i = 0; i < CLIENT_KEPT; i++)
			client_host_send(c, i);
		CHECK_SOON(t, READ_ONCE(c->kept_count) == CLIENT_KEPT);
		client_complete_kept(c);
	}
	CHECK_EQUAL(t, c->packets, 5 * CLIENT_KEPT);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelInitSetProcessPacketCallbacks: N4 in order, one at a time", in_order },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.2 the length is a multiple of 8",
	  length_is_rounded },
	{ "VmbChannelInitSetProcessPacketCallbacks: N14 PacketsProcessed of a batch", batch },
	{ "VmbChannelInitSetProcessPacketCallbacks: N14 never with 0", batch_of_completions },
	{ "VmbChannelInitSetProcessPacketCallbacks, VmbChannelPause: "
	  "N14 a batch ends before suspend",
	  batch_before_suspend },
	{ "VmbChannelPacketComplete: 6.8 in the callback", reply_in_callback },
	{ "VmbChannelPacketComplete: 6.8 no reply where none is asked for", reply_not_wanted },
	{ "VmbChannelPacketComplete: 6.8 later, in any order, from any context", reply_later },
	{ "VmbChannelPacketComplete: N13 the buffer is writable and may be the reply",
	  private_buffer },
	{ "VmbChannelPacketComplete: N13 the peer cannot change the buffer", buffer_stays },
	{ "VmbChannelPacketComplete: N13 a reply to a full ring is queued in order",
	  reply_to_full_ring },
	{ "VmbChannelPacketComplete: N13 a host that never reads replies", reply_backlog },
	{ "VmbChannelPacketComplete, VmbChannelEnable: Q9 without a packet callback", no_callback },
	{ "VmbChannelSetIncomingProcessingAtPassive: 6.3 FALSE: "
	  "in the bus's context", at_dispatch },
	{ "VmbChannelInitSetProcessPacketCallbacks: N4 from softirqs", from_softirq },
	{ "VmbChannelSetIncomingProcessingAtPassive: N4 TRUE: "
	  "packets and completions", at_passive },
	{ "VmbChannelPacketDeferToPassive: N13 same packet, before later ones", deferred },
	{ "VmbChannelPacketDeferToPassive: N6 a close drops it", deferred_and_closed },
	{ "VmbChannelPacketComplete, VmbChannelPause: 6.8 legal in suspend", reply_in_suspend },
	{ "VmbChannelPacketComplete: N7 after the peer has gone", reply_after_rescind },
	{ "VmbChannelPacketComplete: 64 outstanding, five times", many_outstanding },
};

const struct ktap_suite receive_suite = KTAP_SUITE("receive");
