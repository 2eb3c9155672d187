// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a peer can do wrong: spec 5.5. Delivery stops, sends go on, a close works, and the channel
 * runs after the next enable.
 */
#include "client.h"
#include "suites.h"

/* The queue has stopped, and only that. */
static void check_stopped(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int before;

	CHECK(t, channel_settles(channel_of(c)));
	before = c->packets;
	client_host_send(c, 1);
	testbus_signal(c->dev);
	CHECK_STAYS(t, 30, READ_ONCE(c->packets) == before);

	/* Sends go on, their completions do not come. */
	CHECK_STATUS(t, client_send_number(c, 5, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_STATUS(t, client_send_number(c, 6, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);

	/* Pause and start do not help. */
	VmbChannelPause(c->channel);
	VmbChannelStart(c->channel);
	testbus_signal(c->dev);
	CHECK_STAYS(t, 30, READ_ONCE(c->packets) == before);
	CHECK_EQUAL(t, atomic_read(&c->removed), 0);

	client_forget(c);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UrC");

	/* A new connection does. */
	c->on_packet = NULL;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	client_host_send(c, 2);
	CHECK_SOON(t, READ_ONCE(c->packets) == before + 1);
}

static void raw(struct ktap *t, struct client *c, const struct kmcl_desc *desc, u32 ring_bytes)
{
	client_open(c);
	client_host_send(c, 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, testbus_write(c->dev, desc, NULL, 0, ring_bytes), 0);
	CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 1);
	check_stopped(t, c);
}

static void unknown_type(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = 0x33, .offset8 = 2, .len8 = 4 }, 32);
}

static void type_zero(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = 0, .offset8 = 2, .len8 = 4 }, 32);
}

static void transfer_pages(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_XFER_PAGES, .offset8 = 2, .len8 = 4 },
	    32);
}

static void gpa_direct(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_GPA_DIRECT, .offset8 = 4, .len8 = 6 },
	    48);
}

static void length_beyond_ring(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_INBAND, .offset8 = 2, .len8 = 5 }, 32);
}

static void length_largest(struct ktap *t, struct client *c)
{
	struct kmcl_desc desc = { .type = KMCL_PKT_DATA_INBAND, .offset8 = 2, .len8 = 0xffff };

	raw(t, c, &desc, 32);
}

static void length_zero(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_INBAND, .offset8 = 2, .len8 = 0 }, 32);
}

static void offset_beyond_length(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_INBAND, .offset8 = 5, .len8 = 4 }, 32);
}

static void offset_in_header(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_INBAND, .offset8 = 1, .len8 = 4 }, 32);
}

static void offset_zero(struct ktap *t, struct client *c)
{
	raw(t, c, &(struct kmcl_desc){ .type = KMCL_PKT_DATA_INBAND, .len8 = 4 }, 32);
}

static void truncated_header(struct ktap *t, struct client *c)
{
	struct kmcl_ring_ctl *ctl;

	client_open(c);
	ctl = testbus_to_guest_ctl(c->dev);
	WRITE_ONCE(ctl->write_index, READ_ONCE(ctl->write_index) + 8);
	testbus_signal(c->dev);
	CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 0);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UC");
}

static void bad_index(struct ktap *t, struct client *c, u32 index)
{
	unsigned int round;

	client_open(c);
	for (round = 0; round < 2; round++) {
		client_forget(c);
		c->packets = 0;
		client_host_send(c, 0);
		CHECK_SOON(t, READ_ONCE(c->packets) == 1);
		WRITE_ONCE(testbus_to_guest_ctl(c->dev)->write_index, index);
		testbus_signal(c->dev);
		CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 1);
		CHECK_STATUS(t, client_send_number(c, 5, 0), STATUS_SUCCESS);
		CHECK(t, client_host_gets_numbers(c, 5, 1));
		VmbChannelDisable(c->channel);
		CHECK_TEXT(t, c->states, "UC");
		CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	}
}

static void index_beyond_ring(struct ktap *t, struct client *c)
{
	bad_index(t, c, 32 * 4096);
}

static void index_largest(struct ktap *t, struct client *c)
{
	bad_index(t, c, 0xffffffff);
}

static void index_odd(struct ktap *t, struct client *c)
{
	bad_index(t, c, 4);
}

static void too_large(struct ktap *t, struct client *c)
{
	u8 data[128] = { };

	VmbChannelInitSetMaximumPacketSize(c->channel, 100);
	client_open(c);
	/* Compared with the limit rounded up to 8. */
	testbus_send(c->dev, data, 104, 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, c->last_length, 104);
	testbus_send(c->dev, data, 105, 0);
	CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 1);
	check_stopped(t, c);
}

/* ---- completions ---- */

static void unknown_id(struct ktap *t, struct client *c, u64 id)
{
	client_open(c);
	client_host_send(c, 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	testbus_complete(c->dev, id, NULL, 0);
	check_stopped(t, c);
}

static void id_zero(struct ktap *t, struct client *c)
{
	unknown_id(t, c, 0);
}

static void id_made_up(struct ktap *t, struct client *c)
{
	unknown_id(t, c, 0xffff888012345678);
}

static void id_next(struct ktap *t, struct client *c)
{
	unknown_id(t, c, 1);
}

static void id_repeated(struct ktap *t, struct client *c)
{
	struct host_packet packet;

	client_open(c);
	client_send_number(c, 1, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	/* A second time, with another request open: it must not be taken for that one's. */
	client_send_number(c, 2, WAIT_FLAG);
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_STAYS(t, 30, atomic_read(&c->completed) == 1);
	CHECK(t, client_host_gets(c, &packet));
	client_forget(c);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UrC");
}

static void id_of_last_connection(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 old;

	client_open(c);
	client_send_number(c, 1, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	old = packet.desc.trans_id;
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, atomic_read(&c->completed), 1);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	client_send_number(c, 2, WAIT_FLAG);
	testbus_complete(c->dev, old, NULL, 0);
	CHECK_STAYS(t, 30, atomic_read(&c->completed) == 1);
}

/* Q16: not malformed. */
static void completion_too_large(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u8 data[256] = { };

	VmbChannelInitSetMaximumPacketSize(c->channel, 100);
	client_open(c);
	client_send_number(c, 1, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, data, 105);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	CHECK_STATUS(t, c->sent_status, STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(t, c->sent_length, 0);
	/* Delivery goes on, and the position in the ring is right. */
	client_host_send(c, 4);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, *(u64 *)c->last, 4);
	client_send_number(c, 2, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, data, 104);
	CHECK_SOON(t, atomic_read(&c->completed) == 2);
	CHECK_STATUS(t, c->sent_status, STATUS_SUCCESS);
	CHECK_EQUAL(t, c->sent_length, 104);
}

static void cancel_request(struct ktap *t, struct client *c)
{
	struct kmcl_desc desc = { .type = KMCL_PKT_CANCEL_REQUEST, .offset8 = 2, .len8 = 3,
				  .trans_id = 5 };

	client_open(c);
	testbus_write(c->dev, &desc, NULL, 0, 24);
	client_host_send(c, 8);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, *(u64 *)c->last, 8);
}

/* ---- VmbChannelPacketFail ---- */

static void fail_second(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (c->packets == 2)
		VmbChannelPacketFail(packet);
	else
		VmbChannelPacketComplete(packet, NULL, 0);
}

static void failed_by_driver(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = fail_second;
	client_open(c);
	for (i = 0; i < 5; i++)
		client_host_send(c, i);
	CHECK_SOON(t, READ_ONCE(c->batched) == 2);
	check_stopped(t, c);
}

static void failed_in_softirq(struct ktap *t, struct client *c)
{
	c->dev->softirq = true;
	failed_by_driver(t, c);
}

static void failed_at_passive(struct ktap *t, struct client *c)
{
	VmbChannelSetIncomingProcessingAtPassive(c->channel, TRUE);
	failed_by_driver(t, c);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 unknown packet type", unknown_type },
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 packet type 0", type_zero },
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 transfer pages", transfer_pages },
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 external data to a client", gpa_direct },
	{ "VmbChannelInitSetProcessPacketCallbacks: "
	  "5.5 length 8 beyond the ring", length_beyond_ring },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.5 length 0xffff", length_largest },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.5 length 0", length_zero },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.5 offset beyond the length",
	  offset_beyond_length },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.5 offset inside the descriptor",
	  offset_in_header },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.5 offset 0", offset_zero },
	{ "VmbChannelInitSetProcessPacketCallbacks: 5.5 less than a descriptor", truncated_header },
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 write index beyond the ring",
	  index_beyond_ring },
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 write index 0xffffffff", index_largest },
	{ "VmbChannelInitSetProcessPacketCallbacks: "
	  "N15 write index not a multiple of 8", index_odd },
	{ "VmbChannelInitSetMaximumPacketSize: N15 data above the maximum, rounded up", too_large },
	{ "VmbPacketSend: Q11 completion with id 0", id_zero },
	{ "VmbPacketSend: Q11 completion with a made-up id", id_made_up },
	{ "VmbPacketSend: Q11 completion with an id that is not used yet", id_next },
	{ "VmbPacketSend: Q11 completion repeated", id_repeated },
	{ "VmbPacketSend: N25 completion of a request of the last connection",
	  id_of_last_connection },
	{ "VmbPacketSend, VmbPacketSetCompletionRoutine: Q16 completion above the maximum",
	  completion_too_large },
	{ "VmbChannelInitSetProcessPacketCallbacks: N15 a cancel request is ignored",
	  cancel_request },
	{ "VmbChannelPacketFail: Q11 stops delivery until a close", failed_by_driver },
	{ "VmbChannelPacketFail: Q11 in a softirq", failed_in_softirq },
	{ "VmbChannelPacketFail, VmbChannelSetIncomingProcessingAtPassive: Q11 at PASSIVE_LEVEL",
	  failed_at_passive },
};

const struct ktap_suite malformed_suite = KTAP_SUITE("malformed");
