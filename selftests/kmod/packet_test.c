// SPDX-License-Identifier: GPL-2.0-only
/* Packet objects: spec 6.6. */
#include "client.h"
#include "suites.h"

static void properties(struct ktap *t, struct client *c)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);

	if (!CHECK(t, packet))
		return;
	CHECK(t, VmbPacketGetChannel(packet) == c->channel);
	CHECK(t, !VmbPacketGetPointer(packet));
	VmbPacketSetPointer(packet, c);
	CHECK(t, VmbPacketGetPointer(packet) == c);
	VmbPacketFree(packet);

	/* A new packet may be an old object: nothing of that shows. */
	packet = VmbPacketAllocate(c->channel);
	CHECK(t, !VmbPacketGetPointer(packet));
	VmbPacketFree(packet);
}

static void default_routine(struct ktap *t, struct client *c)
{
	unsigned int i;

	client_open(c);
	for (i = 0; i < 3; i++)
		CHECK_STATUS(t, VmbPacketSend(VmbPacketAllocate(c->channel), &(u64){i}, 8, NULL, 0),
			     STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 0, 3));
	/* One on the wire and unanswered: freed at the close. Cleanup warns if one is left. */
	CHECK_STATUS(t, VmbPacketSend(VmbPacketAllocate(c->channel), NULL, 0, NULL, WAIT_FLAG),
		     STATUS_SUCCESS);
}

static void size_follows_settings(struct ktap *t, struct client *c)
{
	u32 before = VmbChannelSizeofPacket(c->channel);

	CHECK(t, before >= 4096);
	VmbChannelInitSetMaximumPacketSize(c->channel, 8192);
	CHECK_EQUAL(t, VmbChannelSizeofPacket(c->channel), before + 4096);
	VmbChannelInitSetMaximumExternalData(c->channel, 2 << 20, 16);
	CHECK(t, VmbChannelSizeofPacket(c->channel) >= before + 4096 + 256 * 8);
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 64, 64);
	before = VmbChannelSizeofPacket(c->channel);
	client_open(c);
	CHECK_EQUAL(t, VmbChannelSizeofPacket(c->channel), before);
}

static void keep(struct client *c, VMBPACKET packet, NTSTATUS status)
{
}

static void own_memory(struct ktap *t, struct client *c)
{
	u32 size = VmbChannelSizeofPacket(c->channel);
	VMBPACKET packet = kmalloc(size, GFP_KERNEL);
	unsigned int i;

	if (!CHECK(t, packet))
		return;
	c->memory = packet;
	memset(packet, 0xa5, size);
	c->on_sent = keep;
	client_open(c);

	CHECK_STATUS(t, VmbPacketInitialize(c->channel, NULL, size), STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, (void *)packet + 4, size),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, packet, size - 1),
		     STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, packet, 0), STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, packet, size), STATUS_SUCCESS);
	CHECK(t, VmbPacketGetChannel(packet) == c->channel);
	CHECK(t, !VmbPacketGetPointer(packet));

	/* It starts with an invalid routine. */
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, NULL, 0), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketSetCompletionRoutine(packet, client_sent);
	for (i = 0; i < 3; i++)
		CHECK_STATUS(t, client_send_packet(c, packet, &(u64){i}, 8, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 0, 3));

	/* Again for every use. */
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, packet, size + 100), STATUS_SUCCESS);
	VmbPacketSetCompletionRoutine(packet, client_sent);
	CHECK_STATUS(t, client_send_packet(c, packet, &(u64){3}, 8, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 3, 1));
}

static void own_memory_queued(struct ktap *t, struct client *c)
{
	u32 size;
	u8 data[100];

	VmbChannelInitSetMaximumPacketSize(c->channel, sizeof(data));
	VmbChannelInitSetMaximumExternalData(c->channel, 1, 1);
	size = VmbChannelSizeofPacket(c->channel);
	c->memory = kmalloc(size + 64, GFP_KERNEL);
	if (!CHECK(t, c->memory))
		return;
	memset(c->memory, 0xa5, size + 64);
	memset(data, 0x11, sizeof(data));
	c->on_sent = keep;
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, c->memory, size), STATUS_SUCCESS);
	VmbPacketSetCompletionRoutine(c->memory, client_sent);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_packet(c, c->memory, data, sizeof(data), 0), STATUS_SUCCESS);
	/* The library keeps to the size it asked for. */
	CHECK(t, !memchr_inv(c->memory + size, 0xa5, 64));
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "r");
}

static void pointer_kept(struct ktap *t, struct client *c)
{
	struct host_packet packet;

	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 0x1234, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	CHECK(t, c->sent_pointer == (void *)0x1234);
}

static void many(struct ktap *t, struct client *c)
{
	VMBPACKET *packets = kvcalloc(1000, sizeof(*packets), GFP_KERNEL);
	unsigned int i;

	for (i = 0; packets && i < 1000; i++) {
		packets[i] = VmbPacketAllocate(c->channel);
		CHECK(t, packets[i]);
	}
	while (packets && i--)
		VmbPacketFree(packets[i]);
	kvfree(packets);
}

static void from_interrupt(struct ktap *t, struct client *c)
{
	VMBPACKET packet;

	local_bh_disable();
	packet = VmbPacketAllocate(c->channel);
	CHECK(t, packet);
	VmbPacketFree(packet);
	local_bh_enable();
}

static const struct ktap_test tests[] = {
	{ "VmbPacketAllocate, VmbPacketFree, VmbPacketGetChannel, VmbPacketSetPointer, "
	  "VmbPacketGetPointer: 6.6 properties",
	  properties },
	{ "VmbPacketAllocate: 6.6 the default routine frees", default_routine },
	{ "VmbChannelSizeofPacket: N10 changes with the limits only", size_follows_settings },
	{ "VmbPacketInitialize, VmbPacketSetCompletionRoutine: N10 checks, no routine, reuse",
	  own_memory },
	{ "VmbPacketInitialize, VmbChannelSizeofPacket: N10 nothing is written beyond the size",
	  own_memory_queued },
	{ "VmbPacketSetPointer, VmbPacketGetPointer: N10 kept over send and completion",
	  pointer_kept },
	{ "VmbPacketAllocate, VmbPacketFree: 1000 at once", many },
	{ "VmbPacketAllocate, VmbPacketFree: Q17 at DISPATCH_LEVEL", from_interrupt },
};

const struct ktap_suite packet_suite = KTAP_SUITE("packet");
