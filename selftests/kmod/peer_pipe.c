// SPDX-License-Identifier: GPL-2.0-only
/* Pipe mode, with a device that is offered as a pipe: spec 11.5, 11.6. */
#include <linux/mm.h>

#include "peer.h"

struct pipe_packet {
	u16 type, offset8, len8, flags;
	u64 id;
	u32 pipe_type, size;
	u8 data[24];
};

/* Exact lengths, and padding that nobody sees. */
static void take(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	u32 seed = c->expected;

	if (length != peer_size(seed, c->most) || !peer_filled(buffer, length, seed)) {
		if (!c->wrong)
			c->wrong_at = seed;
		c->wrong = true;
	}
	VmbChannelPacketComplete(packet, NULL, 0);
	WRITE_ONCE(c->expected, seed + 1);
}

static bool open_pipe(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, client_set_target(c, &peer_pipe_instance), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, 2), STATUS_INVALID_PARAMETER_2);
	c->on_packet = take;
	c->most = PEER_MAX_PACKET;
	return CHECK(t, client_open(c));
}

static NTSTATUS send_size(struct client *c, u32 size, u32 seed, u32 flags)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	peer_fill(c->buffer, size, seed);
	status = VmbPacketSend(packet, c->buffer, size, NULL, flags);
	if (status)
		VmbPacketFree(packet);
	return status;
}

static void echoes(struct ktap *t, struct client *c)
{
	u32 i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 4, 4);
	if (!open_pipe(t, c))
		return;
	for (i = 0; i < 500; i++)
		CHECK_STATUS(t, send_size(c, peer_size(i, c->most), i, 0), STATUS_SUCCESS);
	check_row(t, c, 500);
	VmbChannelDisable(c->channel);
	CHECK(t, client_states_are(c, "OSPUC"));
}

static void from_host(struct ktap *t, struct client *c)
{
	if (!open_pipe(t, c))
		return;
	CHECK_STATUS(t, client_tell(c, PEER_GENERATE, ARGS(500, PEER_MAX_PACKET, 0, PEER_RANDOM)),
		     STATUS_SUCCESS);
	check_row(t, c, 500);
}

static void refused(struct ktap *t, struct client *c)
{
	LARGE_INTEGER now = { .QuadPart = 0 };
	PFN_NUMBER pfn = 1;
	VMBPACKET packet;

	if (!open_pipe(t, c))
		return;
	CHECK_STATUS(t, send_size(c, 8, 0, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	packet = VmbPacketAllocate(c->channel);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(packet, c->buffer, 8, &pfn, 1, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSend(packet, c->buffer, PEER_MAX_PACKET + 1, NULL, 0),
		     STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, c->buffer, 8, NULL, WAIT_FLAG,
							 NULL, NULL, &now),
		     STATUS_INVALID_PARAMETER);
	peer_fill(c->buffer, peer_size(0, c->most), 0);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, c->buffer,
							 peer_size(0, c->most), NULL, 0, NULL,
							 NULL, &now), STATUS_SUCCESS);
	check_row(t, c, 1);
}

/* ---- headers that a host makes ---- */

static void count(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	c->size = length;
	VmbChannelPacketComplete(packet, NULL, 0);
	atomic_inc(&c->in_flight);
}

static NTSTATUS inject(struct client *c, u32 type, u32 size, u32 bytes)
{
	struct {
		struct peer_order order;
		struct pipe_packet packet;
	} message = { .packet = { 6, 2, (16 + bytes) / 8, 0, 0, type, size } };
	u32 length = sizeof(struct peer_order) + 16 + bytes;
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	client_make_order(&message.order, PEER_RAW, ARGS(0));
	status = VmbPacketSend(packet, &message, length, NULL, 0);
	if (status)
		VmbPacketFree(packet);
	return status;
}

static void headers(struct ktap *t, struct client *c)
{
	static const struct { u32 type, size, bytes; } bads[] = {
		{ 0, 8, 16 }, { 3, 8, 16 }, { 0xffffffff, 8, 16 },
		{ 1, 9, 16 }, { 1, 0xffffffff, 16 }, { 1, 0, 0 },
	};
	unsigned int i;

	if (!open_pipe(t, c))
		return;
	c->on_packet = count;
	/* Data and partial data are delivered alike, and may be shorter than their packet. */
	CHECK_STATUS(t, inject(c, 1, 21, 32), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&c->in_flight) == 1);
	CHECK_EQUAL(t, c->size, 21);
	CHECK_STATUS(t, inject(c, 2, 3, 32), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&c->in_flight) == 2);
	CHECK_EQUAL(t, c->size, 3);
	for (i = 0; i < ARRAY_SIZE(bads) && !t->failed; i++) {
		atomic_set(&c->in_flight, 0);
		CHECK_STATUS(t, inject(c, bads[i].type, bads[i].size, bads[i].bytes),
			     STATUS_SUCCESS);
		CHECK_SOON(t, client_has_failed(c));
		/* Behind it, a good one that is not delivered any more. */
		CHECK_STATUS(t, inject(c, 1, 8, 16), STATUS_SUCCESS);
		CHECK_STAYS(t, 50, !atomic_read(&c->in_flight));
		VmbChannelDisable(c->channel);
		CHECK(t, client_states_are(c, "OSPUC"));
		if (!CHECK(t, client_open(c)))
			return;
		CHECK_STATUS(t, inject(c, 1, 8, 16), STATUS_SUCCESS);
		CHECK_SOON(t, atomic_read(&c->in_flight) == 1);
		if (t->failed)
			seq_printf(t->out, "# header %u\n", i);
	}
}

static const struct ktap_test tests[] = {
	{ "VmbChannelInitSetFlags, VmbPacketSend: 11.5 echoes of exact lengths", echoes },
	{ "EvtVmbChannelProcessPacket: 11.5 messages of the host", from_host },
	{ "VmbPacketSend, VmbPacketSendWithExternalPfns, VmbChannelSendSynchronousRequest: "
	  "N26 what a pipe cannot carry", refused },
	{ "EvtVmbChannelProcessPacket: N26 headers that a host must not make", headers },
};

const struct ktap_suite pipe_suite = KTAP_SUITE("pipe", tests);
