// SPDX-License-Identifier: GPL-2.0-only
/* What a peer must not do: spec 5.5, 12.3. It costs the channel until it is closed, no more. */
#include "peer.h"

struct bad {
	const char *what;
	u16 type, offset8, len8, flags;
	u64 id;
	u32 bytes;		/* of payload behind the descriptor, in the ring */
	u32 advance;		/* of the write index; 0: what there is */
};

#define INBAND	6

static const struct bad bads[] = {
	{ "no length",			INBAND, 2, 0, 0, 0, 8 },
	{ "length 1",			INBAND, 2, 1, 0, 0, 8 },
	{ "length 0xffff",		INBAND, 2, 0xffff, 0, 0, 8 },
	{ "length one too long",	INBAND, 2, 4, 0, 0, 8 },
	{ "offset 0",			INBAND, 0, 3, 0, 0, 8 },
	{ "offset 1",			INBAND, 1, 3, 0, 0, 8 },
	{ "offset behind the end",	INBAND, 4, 3, 0, 0, 8 },
	{ "offset 0xffff",		INBAND, 0xffff, 3, 0, 0, 8 },
	{ "type 0",			0, 2, 3, 0, 0, 8 },
	{ "transfer pages",		7, 2, 3, 0, 0, 8 },
	{ "GPA direct",			9, 2, 3, 0, 0, 8 },
	{ "type 0xffff",		0xffff, 2, 3, 0, 0, 8 },
	{ "completion of id 0",		11, 2, 3, 0, 0, 8 },
	{ "completion of a pointer",	11, 2, 3, 0, 0xffff888000000000ull, 8 },
	{ "half a descriptor",		INBAND, 2, 3, 0, 0, 0, 8 },
	{ "no trailer",			INBAND, 2, 3, 0, 0, 8, 24 },
};

static void count_packets(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	atomic_inc(&c->in_flight);
	VmbChannelPacketComplete(packet, NULL, 0);
}

static NTSTATUS inject(struct client *c, const struct bad *bad)
{
	struct { u16 type, offset8, len8, flags; u64 id; } *desc;
	u32 length = sizeof(*desc) + bad->bytes;
	NTSTATUS status;

	desc = kzalloc(length, GFP_KERNEL);
	if (!desc)
		return STATUS_INSUFFICIENT_RESOURCES;
	desc->type = bad->type;
	desc->offset8 = bad->offset8;
	desc->len8 = bad->len8;
	desc->flags = bad->flags;
	desc->id = bad->id;
	status = client_order_with(c, NULL, PEER_RAW, ARGS(bad->advance), desc, length);
	kfree(desc);
	return status;
}

/* Delivery is off; a send is accepted, and completes when the channel closes, soon. */
static void check_stopped(struct ktap *t, struct client *c, const char *what)
{
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	bool before = t->failed;
	struct peer_order order;
	VMBPACKET packet;
	ktime_t start;

	if (!CHECK(t, r))
		return;
	/* Else the answer to this may end up behind half a packet and make it whole. */
	CHECK_SOON(t, client_has_failed(c));
	packet = request_begin(c, r);
	client_make_order(&order, PEER_HELLO, ARGS(0));
	CHECK_STATUS(t, VmbPacketSend(packet, &order, sizeof(order), NULL, WAIT_FLAG),
		     STATUS_SUCCESS);
	CHECK_STAYS(t, 30, !completion_done(&r->done));
	start = ktime_get();
	VmbChannelDisable(c->channel);
	CHECK(t, ktime_ms_delta(ktime_get(), start) <= peer_limit_ms);
	CHECK_STATUS(t, request_wait(r), STATUS_DEVICE_REMOVED);
	CHECK_EQUAL(t, atomic_read(&c->in_flight), 0);
	CHECK(t, client_states_are(c, "OSPUC"));
	CHECK(t, client_reopen(c));
	kfree(r);
	if (t->failed != before)
		seq_printf(t->out, "# in: %s\n", what);
}

static void bad_packets(struct ktap *t, struct client *c)
{
	unsigned int i;

	c->on_packet = count_packets;
	if (!CHECK(t, client_open(c)))
		return;
	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		CHECK_STATUS(t, inject(c, &bads[i]), STATUS_SUCCESS);
		check_stopped(t, c, bads[i].what);
	}
}

static void too_long(struct ktap *t, struct client *c)
{
	VmbChannelInitSetMaximumPacketSize(c->channel, 1000);
	c->on_packet = count_packets;
	if (!CHECK(t, client_open(c)))
		return;
	/* 1000 bytes are a multiple of 8: 1001 are too many. */
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 3, 1000, 0, 0, 0), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&c->in_flight) == 3);
	atomic_set(&c->in_flight, 0);
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 1, 1001, 0, 0, 0), STATUS_SUCCESS);
	check_stopped(t, c, "1001 bytes");
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 1, 60000, 0, 0, 0), STATUS_SUCCESS);
	check_stopped(t, c, "60000 bytes");
}

/* A cancel request is counted and ignored. */
static void cancel(struct ktap *t, struct client *c)
{
	static const struct bad request = { "cancel", 10, 2, 3, 0, 7, 8 };

	if (!CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, inject(c, &request), STATUS_SUCCESS);
	CHECK(t, client_hello(c));
}

static void bad_indices(struct ktap *t, struct client *c)
{
	static const u32 values[] = { 0xffffffff, 0x80000000, 16384, 16388, 3, 12 };
	unsigned int i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 4, 4);
	c->on_packet = count_packets;
	if (!CHECK(t, client_open(c)))
		return;
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		CHECK_STATUS(t, client_tell(c, PEER_POKE, ARGS(0, 0, values[i], 1)),
			     STATUS_SUCCESS);
		check_stopped(t, c, "write index of the incoming ring");
	}
}

/* Sends go by the last index that was good, until they need a newer one. */
static NTSTATUS send_until_refused(struct client *c)
{
	NTSTATUS status = STATUS_SUCCESS;
	unsigned int i;

	for (i = 0; i < 32 && !status; i++) {
		VMBPACKET packet = VmbPacketAllocate(c->channel);

		if (!packet)
			return STATUS_INSUFFICIENT_RESOURCES;
		status = VmbPacketSend(packet, c->buffer, 2000, NULL, 0);
		if (status)
			VmbPacketFree(packet);
	}
	return status;
}

static void bad_room(struct ktap *t, struct client *c)
{
	static const u32 values[] = { 0xffffffff, 0x80000000, 16384 };
	unsigned int i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 4, 4);
	memset(c->buffer, 0, PEER_MAX_PACKET);
	if (!CHECK(t, client_open(c)))
		return;
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		CHECK_STATUS(t, client_tell(c, PEER_POKE, ARGS(1, 4, values[i])), STATUS_SUCCESS);
		CHECK_SOON(t, client_room_index(c) == values[i]);
		CHECK_STATUS(t, send_until_refused(c), STATUS_FILE_CORRUPT_ERROR);
		CHECK_STATUS(t, send_until_refused(c), STATUS_FILE_CORRUPT_ERROR);
		VmbChannelDisable(c->channel);
		CHECK(t, client_states_are(c, "OSPUC"));
		CHECK(t, client_reopen(c));
	}
}

static const struct ktap_test tests[] = {
	{ "EvtVmbChannelProcessPacket: 5.5 malformed packets", bad_packets },
	{ "EvtVmbChannelProcessPacket: 5.5 payload above the maximum packet size", too_long },
	{ "EvtVmbChannelProcessPacket: 5.5 a cancel request is ignored", cancel },
	{ "EvtVmbChannelProcessPacket: 5.5 write index out of range", bad_indices },
	{ "VmbPacketSend: 5.5, 6.7 read index out of range", bad_room },
};

const struct ktap_suite malformed_suite = KTAP_SUITE("malformed", tests);
