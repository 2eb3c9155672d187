// SPDX-License-Identifier: GPL-2.0-only
/* Channels of the local bus, each with packets of its own. */
#include <linux/slab.h>

#include "kmcl_pair.h"
#include "spread.h"

static u8 message[SPREAD_PAYLOAD];

static VOID process_packet(VMBCHANNEL handle, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	struct spread_channel *channel = VmbChannelGetPointer(handle);

	VmbChannelPacketComplete(packet, buffer, length);
	if (!spread_asks(channel))
		spread_ended(channel);
}

/* ---- requests ---- */

static NTSTATUS request(VMBPACKET packet)
{
	return VmbPacketSend(packet, message, SPREAD_PAYLOAD, NULL,
			     VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
}

static VOID request_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct spread_channel *channel = VmbPacketGetPointer(packet);
	bool again = !status && spread_next(channel);

	if (again)
		status = request(packet);
	if (!again || status)
		VmbPacketFree(packet);
	if (status)
		spread_fail(channel, -EIO);
	else
		spread_ended(channel);
}

static VMBPACKET new_packet(struct spread_channel *channel, PVOID pointer,
			    PFN_VMB_PACKET_COMPLETION_ROUTINE routine)
{
	struct bench_pair *pair = channel->ends;
	VMBPACKET packet = VmbPacketAllocate(pair->client);

	if (!packet)
		return NULL;
	VmbPacketSetPointer(packet, pointer);
	VmbPacketSetCompletionRoutine(packet, routine);
	return packet;
}

static int ask(struct spread_channel *channel)
{
	VMBPACKET packet = new_packet(channel, channel, request_done);

	if (!packet)
		return -ENOMEM;
	if (!request(packet))
		return 0;
	VmbPacketFree(packet);
	return -EIO;
}

/* ---- streams ---- */

static VOID stream_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct spread_sender *sender = VmbPacketGetPointer(packet);

	VmbPacketFree(packet);
	atomic_dec(&sender->waiting);
	if (wq_has_sleeper(&sender->room))
		wake_up(&sender->room);
}

static int send(struct spread_sender *sender)
{
	VMBPACKET packet;

	wait_event(sender->room, atomic_read(&sender->waiting) < SPREAD_DEPTH);
	packet = new_packet(sender->channel, sender, stream_done);
	if (!packet)
		return -ENOMEM;
	atomic_inc(&sender->waiting);
	if (!VmbPacketSend(packet, message, SPREAD_PAYLOAD, NULL, 0))
		return 0;
	atomic_dec(&sender->waiting);
	VmbPacketFree(packet);
	return -EIO;
}

/* ---- life ---- */

static void *open_pair(struct spread_channel *channel, u32 number)
{
	const struct bench_pair_config config = {
		.number = 1 + number, .ring_pages = SPREAD_RING_PAGES,
		.max_packet = SPREAD_PAYLOAD, .max_external = PAGE_SIZE, .pointer = channel,
		.process_packet = process_packet,
	};
	struct bench_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);

	if (!pair || !bench_pair_open(pair, &config))
		return pair;
	kfree(pair);
	return NULL;
}

static void close_pair(void *ends)
{
	bench_pair_close(ends);
	kfree(ends);
}

const struct spread_driver spread_kmcl = {
	.name = "kmcl", .open = open_pair, .close = close_pair, .ask = ask, .send = send,
};
