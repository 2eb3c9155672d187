// SPDX-License-Identifier: GPL-2.0-only
/* Echoes of random sizes through rings of 4 pages: spec 5.1, 5.2, 5.4, 11.1, 11.2. */
#include "peer.h"

/* The routine of an echo by completion: its payload is that of the request. */
static VOID echoed(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct client *c = VmbChannelGetPointer(VmbPacketGetChannel(packet));
	u32 seed = (uintptr_t)VmbPacketGetPointer(packet);
	u32 size = peer_size(seed, PEER_MAX_PACKET);

	if (status || length != round_up(size, 8) || !peer_filled(buffer, size, seed) ||
	    (length > size && memchr_inv(buffer + size, 0, length - size))) {
		c->wrong = true;
		c->wrong_at = seed;
	}
	VmbPacketFree(packet);
	atomic_inc(&c->completed);
	client_arrived(c);
}

static void take_echo(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	client_check(c, buffer, length);
	VmbChannelPacketComplete(packet, NULL, 0);
	client_arrived(c);
}

static NTSTATUS send_one(struct client *c, u32 seed, PFN_VMB_PACKET_COMPLETION_ROUTINE routine,
			 u32 flags)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	u32 size = peer_size(seed, PEER_MAX_PACKET);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	peer_fill(c->buffer, size, seed);
	if (routine) {
		VmbPacketSetPointer(packet, (void *)(uintptr_t)seed);
		VmbPacketSetCompletionRoutine(packet, routine);
		atomic_inc(&c->accepted);
	}
	atomic_inc(&c->in_flight);
	status = VmbPacketSend(packet, size ? c->buffer : NULL, size, NULL, flags);
	if (status)
		VmbPacketFree(packet);
	return status;
}

static void run_echoes(struct ktap *t, struct client *c, unsigned int count, int depth,
		       bool by_completion)
{
	u32 first = c->expected, i;

	for (i = 0; i < count; i++) {
		/* Half of them at a time: so many are sent in a row. */
		if (atomic_read(&c->in_flight) >= depth && !client_drained(c, depth / 2))
			break;
		if (!CHECK_STATUS(t, send_one(c, first + i, by_completion ? echoed : NULL,
					      by_completion ? WAIT_FLAG : 0), STATUS_SUCCESS))
			break;
	}
	CHECK_EQUAL(t, i, count);
	CHECK(t, client_drained(c, 0));
	if (by_completion)
		c->expected = first + count;
	CHECK_EQUAL(t, c->expected, first + count);
	if (!CHECK(t, !c->wrong))
		seq_printf(t->out, "# depth %d: wrong from %u on\n", depth, c->wrong_at);
}

/* How many of 40 echoes at each depth: few at the small ones, where each waits for a round trip. */
static const struct { int depth, of_40; } depths[] = {
	{ 1, 1 }, { 2, 1 }, { 3, 1 }, { 7, 1 }, { 16, 4 }, { 64, 8 }, { 256, 8 }, { 1024, 8 },
	{ 4096, 8 },
};

static void echo(struct ktap *t, struct client *c, bool by_completion)
{
	struct peer_counters counters;
	unsigned int i, sent = 0;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 4, 4);
	c->on_packet = take_echo;
	c->most = PEER_MAX_PACKET;
	if (!CHECK(t, client_open(c)) || !CHECK(t, client_counters(c, &counters)))
		return;
	for (i = 0; i < ARRAY_SIZE(depths) && !t->failed; i++) {
		unsigned int count = peer_echoes / 2 * depths[i].of_40 / 40;
		ktime_t start = ktime_get();

		run_echoes(t, c, count, depths[i].depth, by_completion);
		seq_printf(t->out, "# depth %d: %u echoes in %lld ms\n", depths[i].depth, count,
			   ktime_ms_delta(ktime_get(), start));
		sent += count;
	}
	if (!t->failed && CHECK(t, client_counters(c, &counters)))
		CHECK_EQUAL(t, counters.packets, sent);
}

static void echo_data(struct ktap *t, struct client *c)
{
	echo(t, c, false);
}

static void echo_completion(struct ktap *t, struct client *c)
{
	echo(t, c, true);
}

/* Both rings full at once: each side waits for the other's room. */
static void both_full(struct ktap *t, struct client *c)
{
	unsigned int count = min(peer_echoes / 8, 3000u);

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 4, 4);
	c->on_packet = take_echo;
	c->most = PEER_MAX_PACKET;
	if (!CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_STALL, 300), STATUS_SUCCESS);
	run_echoes(t, c, count, count, false);
}

/* The routine of a packet that asks for no reply: it is in the ring. */
static VOID in_ring(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct client *c = VmbChannelGetPointer(VmbPacketGetChannel(packet));

	VmbPacketFree(packet);
	atomic_inc(&c->completed);
	client_arrived(c);
}

/* The host does not read for a while and is QEMU: it forgets to signal room. */
static void stalled(struct ktap *t, struct client *c)
{
	struct peer_counters counters;
	unsigned int i;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 4, 4);
	if (!CHECK(t, client_open(c)) || !CHECK(t, client_counters(c, &counters)))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_MODE, PEER_SINK), STATUS_SUCCESS);
	CHECK_STATUS(t, ORDER(c, PEER_STALL, 200), STATUS_SUCCESS);
	for (i = 0; i < 200; i++)
		CHECK_STATUS(t, send_one(c, i, in_ring, 0), STATUS_SUCCESS);
	/* Not a sound from the peer: no reply is due. The library looks for room by itself. */
	CHECK(t, client_drained(c, 0));
	CHECK(t, client_counters(c, &counters));
	CHECK_EQUAL(t, counters.packets, 200);
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend, EvtVmbChannelProcessPacket: 5.1, 5.2, 11.2 echoes of 0 to 4096 bytes",
		echo_data },
	{ "VmbPacketSend, EvtVmbPacketCompletionRoutine: 5.1 echoes by completion",
		echo_completion },
	{ "VmbPacketSend: 5.4 both rings full", both_full },
	{ "VmbPacketSend: 5.4 a peer that stops reading and forgets to signal room", stalled },
};

const struct ktap_suite echo_suite = KTAP_SUITE("echo", tests);
