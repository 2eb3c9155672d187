// SPDX-License-Identifier: GPL-2.0-only
/* The two drivers of the local bus's tests: pair.h says what they do. */
#include <linux/slab.h>

#include "channel.h"
#include "pair.h"

static const GUID any_pair = { 0x4c6f6361, 0x6c54, 0x6573, { 0x74, 1, 2, 3, 0, 0, 0, 0 } };

static atomic_t pairs;

static struct end *end_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

struct pair *pair_of_server(struct end *end)
{
	return container_of(end, struct pair, server);
}

/* ---- callbacks ---- */

/* Which state callback may follow which. */
static bool has_its_place(char before, char letter)
{
	switch (letter) {
	case 'O':
		return !before || strchr("OC", before);
	case 'S':
		return before && strchr("OU", before);
	case 'P':
		return before == 'S';
	case 'U':
		return before == 'P';
	default:
		return before && strchr("OU", before);
	}
}

static void note(struct end *end, char letter)
{
	might_sleep();
	if (!has_its_place(end->state, letter))
		end->bad_order = true;
	end->state = letter;
	if (end->length < sizeof(end->log) - 1)
		end->log[end->length++] = letter;
}

static NTSTATUS opened(VMBCHANNEL channel)
{
	struct end *end = end_of(channel);

	note(end, 'O');
	if (end->on_opened)
		end->on_opened(end);
	return end->opened_status;
}

static VOID closed(VMBCHANNEL channel)
{
	struct end *end = end_of(channel);

	if (end->on_closed)
		end->on_closed(end);
	note(end, 'C');
}

static VOID suspend(VMBCHANNEL channel)
{
	note(end_of(channel), 'U');
}

static VOID started(VMBCHANNEL channel)
{
	note(end_of(channel), 'S');
}

static VOID post_started(VMBCHANNEL channel)
{
	note(end_of(channel), 'P');
}

static VOID server_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
	struct pair *p = pair_of_server(end_of(channel));

	atomic_inc(&p->server.packets);
	if (p->serve)
		p->serve(p, packet, buffer, length, flags);
	else
		VmbChannelPacketComplete(packet, buffer, length);
}

static VOID client_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
	atomic_inc(&end_of(channel)->packets);
	VmbChannelPacketComplete(packet, buffer, length);
}

static VOID sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct end *end = end_of(VmbPacketGetChannel(packet));

	end->status = status;
	end->reply_length = length;
	if (buffer)
		memcpy(end->reply, buffer, min_t(u32, length, sizeof(end->reply)));
	VmbPacketFree(packet);
	if (status == STATUS_DEVICE_REMOVED)
		atomic_inc(&end->removed);
	atomic_inc(&end->completed);
}

void pair_keep(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length, u32 flags)
{
	WRITE_ONCE(p->kept, packet);
}

/* ---- life ---- */

static NTSTATUS make_end(struct end *end, bool is_server)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status = VmbChannelAllocate(NULL, is_server, &end->channel);

	if (status)
		return status;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelClosed = closed;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	VmbChannelSetPointer(end->channel, end);
	return VmbChannelInitSetStateChangeCallbacks(end->channel, &callbacks) ?:
	       VmbChannelInitSetProcessPacketCallbacks(end->channel, is_server ? server_packet :
						       client_packet, NULL);
}

static NTSTATUS aim(struct pair *p)
{
	return VmbServerChannelInitSetTargetInterfaceId(p->server.channel, p->type, p->instance) ?:
	       VmbClientChannelInitSetTargetPnp(p->client.channel, &p->type, NULL, NULL);
}

struct pair *pair_create(struct ktap *t)
{
	struct pair *p = kzalloc(sizeof(*p), GFP_KERNEL);
	unsigned int n = atomic_inc_return(&pairs);

	if (!CHECK(t, p))
		return NULL;
	p->type = any_pair;
	memcpy(&p->type.Data4[4], &n, sizeof(n));
	p->instance = p->type;
	p->instance.Data4[0] = 0x75;
	if (!CHECK_STATUS(t, make_end(&p->server, true), STATUS_SUCCESS) ||
	    !CHECK_STATUS(t, make_end(&p->client, false), STATUS_SUCCESS) ||
	    !CHECK_STATUS(t, aim(p), STATUS_SUCCESS))
		return NULL;
	return p;
}

void pair_imitate(struct pair *p, const struct pair *other)
{
	p->type = other->type;
	p->instance = other->instance;
	aim(p);
}

struct pair *pair_offer(struct ktap *t)
{
	struct pair *p = pair_create(t);

	if (!p)
		return NULL;
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	return p;
}

struct pair *pair_open(struct ktap *t)
{
	struct pair *p = pair_offer(t);

	if (!p)
		return NULL;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_SOON(t, READ_ONCE(p->server.length) == 3);
	CHECK(t, channel_settles((struct kmcl_channel *)p->server.channel));
	CHECK(t, channel_settles((struct kmcl_channel *)p->client.channel));
	return p;
}

static void destroy_end(struct ktap *t, struct end *end)
{
	VmbChannelDisable(end->channel);
	CHECK_EQUAL(t, atomic_read(&end->completed), atomic_read(&end->accepted));
	CHECK(t, !end->bad_order);
	VmbChannelCleanup(end->channel);
}

void pair_destroy(struct ktap *t, struct pair *p)
{
	destroy_end(t, &p->client);
	destroy_end(t, &p->server);
	kfree(p->data);
	kfree(p);
}

/* ---- sending ---- */

/* A packet to send; then end_sent() with what the send returned. */
VMBPACKET end_packet(struct end *from)
{
	VMBPACKET packet = VmbPacketAllocate(from->channel);

	if (packet)
		VmbPacketSetCompletionRoutine(packet, sent);
	atomic_inc(&from->accepted);
	return packet;
}

NTSTATUS end_sent(struct end *from, VMBPACKET packet, NTSTATUS status)
{
	if (status) {
		atomic_dec(&from->accepted);
		VmbPacketFree(packet);
	}
	return status;
}

NTSTATUS end_send(struct end *from, const void *data, u32 length, u32 flags)
{
	VMBPACKET packet = end_packet(from);

	return end_sent(from, packet, VmbPacketSend(packet, (PVOID)data, length, NULL, flags));
}
