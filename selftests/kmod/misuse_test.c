// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver errors that the library answers with a warning. Each warns once per boot, so these tests
 * run in one script that announces all of them; none changes anything.
 */
#include <linux/bottom_half.h>

#include "client.h"
#include "suites.h"

/*
 * A warning is 50 lines, and QEMU's console throws away what its reader has not fetched in time:
 * one after the other.
 */
static void expect(struct ktap *t, const char *function, const char *what)
{
	msleep(30);
	seq_printf(t->out, "# %s-warning: kmcl: %s: %s\n", __func__, function, what);
}

static void null_channel(struct ktap *t, struct client *c)
{
	UINT64 address, size;
	GUID guid;

	expect(t, "VmbChannelCleanup", "invalid channel");
	VmbChannelCleanup(NULL);
	expect(t, "VmbChannelDisable", "invalid channel");
	VmbChannelDisable(NULL);
	expect(t, "VmbChannelStart", "invalid channel");
	VmbChannelStart(NULL);
	expect(t, "VmbChannelPause", "invalid channel");
	VmbChannelPause(NULL);
	expect(t, "VmbChannelSetPointer", "invalid channel");
	VmbChannelSetPointer(NULL, c);
	expect(t, "VmbChannelGetPointer", "invalid channel");
	CHECK(t, !VmbChannelGetPointer(NULL));
	expect(t, "VmbPacketAllocate", "invalid channel");
	CHECK(t, !VmbPacketAllocate(NULL));
	expect(t, "VmbChannelSizeofPacket", "invalid channel");
	CHECK_EQUAL(t, VmbChannelSizeofPacket(NULL), 0);
	expect(t, "VmbChannelSetTransactionQuota", "invalid channel");
	VmbChannelSetTransactionQuota(NULL, 1);
	expect(t, "VmbChannelSetIncomingProcessingAtPassive", "invalid channel");
	VmbChannelSetIncomingProcessingAtPassive(NULL, TRUE);
	expect(t, "VmbChannelDeleteGpadl", "invalid channel");
	VmbChannelDeleteGpadl(NULL, 1);
	expect(t, "VmbChannelGetInterfaceInstance", "invalid argument");
	VmbChannelGetInterfaceInstance(NULL, &guid);
	VmbChannelGetInterfaceInstance(c->channel, NULL);
	expect(t, "VmbChannelGetMmioSpace", "invalid argument");
	VmbChannelGetMmioSpace(NULL, &address, &size);
}

/* After cleanup the same warnings, which have been seen: nothing happens. */
static void cleaned_up(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	VmbChannelCleanup(channel);
	VmbChannelCleanup(channel);
	VmbChannelDisable(channel);
	VmbChannelPause(channel);
	VmbChannelSetPointer(channel, c);
	CHECK(t, !VmbChannelGetPointer(channel));
	CHECK(t, !VmbPacketAllocate(channel));
}

static void null_packet(struct ktap *t, struct client *c)
{
	expect(t, "VmbPacketFree", "invalid packet");
	VmbPacketFree(NULL);
	expect(t, "VmbPacketSetCompletionRoutine", "invalid packet");
	VmbPacketSetCompletionRoutine(NULL, client_sent);
	expect(t, "VmbPacketSetPointer", "invalid packet");
	VmbPacketSetPointer(NULL, c);
	expect(t, "VmbPacketGetPointer", "invalid packet");
	CHECK(t, !VmbPacketGetPointer(NULL));
	expect(t, "VmbPacketGetChannel", "invalid packet");
	CHECK(t, !VmbPacketGetChannel(NULL));
	expect(t, "VmbChannelPacketComplete", "invalid packet");
	VmbChannelPacketComplete(NULL, NULL, 0);
	expect(t, "VmbChannelPacketDeferToPassive", "not in this packet's callback");
	VmbChannelPacketDeferToPassive(NULL);
	expect(t, "VmbChannelPacketFail", "not in this packet's callback");
	VmbChannelPacketFail(NULL);
}

static void packet_in_flight(struct ktap *t, struct client *c)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	struct host_packet host;

	VmbPacketSetCompletionRoutine(packet, client_sent);
	expect(t, "VmbPacketSetCompletionRoutine", "no routine");
	VmbPacketSetCompletionRoutine(packet, NULL);
	client_open(c);
	CHECK_STATUS(t, client_send_packet(c, packet, NULL, 0, WAIT_FLAG), STATUS_SUCCESS);
	expect(t, "VmbPacketFree", "packet in flight");
	VmbPacketFree(packet);
	expect(t, "VmbPacketSetCompletionRoutine", "packet in flight");
	VmbPacketSetCompletionRoutine(packet, client_sent);
	CHECK(t, client_host_gets(c, &host));
	testbus_complete(c->dev, host.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
}

static void free_own_memory(struct ktap *t, struct client *c)
{
	u32 size = VmbChannelSizeofPacket(c->channel);

	c->memory = kmalloc(size, GFP_KERNEL);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, c->memory, size), STATUS_SUCCESS);
	expect(t, "VmbPacketFree", "memory of the driver's");
	VmbPacketFree(c->memory);
	CHECK(t, VmbPacketGetChannel(c->memory) == c->channel);
}

static void complete_twice(struct ktap *t, struct client *c)
{
	VMBPACKETCOMPLETION packet;
	struct host_packet host;
	u64 value = 1;

	c->on_packet = client_keep;
	client_open(c);
	testbus_send(c->dev, &value, 8, 5);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	packet = c->kept[0];
	/* Outside the callback. */
	VmbChannelPacketFail(packet);
	VmbChannelPacketDeferToPassive(packet);
	client_complete_kept(c);
	expect(t, "VmbChannelPacketComplete", "not the driver's packet");
	VmbChannelPacketComplete(packet, NULL, 0);
	CHECK(t, client_host_gets(c, &host));
	CHECK_STAYS(t, 20, !testbus_read(c->dev, &host));
}

static void reply_too_long(struct ktap *t, struct client *c)
{
	struct host_packet host;
	u8 data[128] = { };

	VmbChannelInitSetMaximumPacketSize(c->channel, 100);
	c->on_packet = client_keep;
	client_open(c);
	testbus_send(c->dev, data, 8, 5);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	expect(t, "VmbChannelPacketComplete", "reply above the maximum packet size");
	VmbChannelPacketComplete(c->kept[0], data, 101);
	c->kept_count = 0;
	CHECK(t, client_host_gets(c, &host));
	CHECK_EQUAL(t, host.desc.trans_id, 5);
	CHECK_EQUAL(t, host.length, 0);
}

static void quota_zero(struct ktap *t, struct client *c)
{
	unsigned int i;

	VmbChannelSetTransactionQuota(c->channel, 2);
	expect(t, "VmbChannelSetTransactionQuota", "quota 0");
	VmbChannelSetTransactionQuota(c->channel, 0);
	c->on_packet = client_keep;
	client_open(c);
	for (i = 0; i < 5; i++)
		client_host_send(c, i);
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	CHECK_STAYS(t, 20, READ_ONCE(c->packets) == 2);
}

/* In any context, so that it cannot sleep between the four. */
static void all_transitions(struct client *c)
{
	VmbChannelDisable(c->channel);
	VmbChannelStart(c->channel);
	VmbChannelPause(c->channel);
	VmbChannelCleanup(c->channel);
}

static void in_state_callbacks(struct ktap *t, struct client *c)
{
	expect(t, "VmbChannelDisable", "in the channel's callback");
	expect(t, "VmbChannelStart", "in the channel's callback");
	expect(t, "VmbChannelPause", "in the channel's callback");
	expect(t, "VmbChannelCleanup", "in the channel's callback");
	c->on_opened = all_transitions;
	c->on_started = all_transitions;
	c->on_post_started = all_transitions;
	c->on_suspend = all_transitions;
	c->on_closed = all_transitions;
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "OSPUC");
}

static void transitions_in_packet(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer,
				  u32 length)
{
	LARGE_INTEGER timeout = { .QuadPart = -10000 };

	all_transitions(c);
	c->result = VmbChannelEnable(c->channel);
	c->failure = VmbChannelSendSynchronousRequest(c->channel, NULL, 0, NULL, WAIT_FLAG, NULL,
						      NULL, &timeout);
	VmbChannelPacketComplete(packet, NULL, 0);
}

static void in_packet_callback(struct ktap *t, struct client *c)
{
	c->on_packet = transitions_in_packet;
	client_open(c);
	expect(t, "VmbChannelSendSynchronousRequest", "waiting in a packet callback");
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->batched) == 1);
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, c->failure, STATUS_INVALID_DEVICE_REQUEST);
	c->dev->softirq = true;
	client_host_send(c, 2);
	CHECK_SOON(t, READ_ONCE(c->batched) == 2);
	CHECK(t, channel_settles(channel_of(c)));
	VmbChannelSetIncomingProcessingAtPassive(c->channel, TRUE);
	client_host_send(c, 3);
	CHECK_SOON(t, READ_ONCE(c->batched) == 3);
	CHECK(t, c->last_passive);
	CHECK_TEXT(t, c->states, "");
	c->on_packet = NULL;
}

static void transitions_in_routine(struct client *c, VMBPACKET packet, NTSTATUS status)
{
	all_transitions(c);
	VmbPacketFree(packet);
}

static void in_completion_routine(struct ktap *t, struct client *c)
{
	struct host_packet host;

	c->on_sent = transitions_in_routine;
	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "c");
	CHECK(t, client_host_gets(c, &host));
	CHECK_STATUS(t, client_send_number(c, 2, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &host));
	testbus_complete(c->dev, host.desc.trans_id, NULL, 0);
	CHECK_SOON(t, client_log_is(c, "cc"));
	CHECK_STATUS(t, client_send_number(c, 3, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "ccUrC");
}

/* 4.8: calls on other channels are allowed. */
static void disable_other(struct client *c)
{
	struct client *other = c->memory;

	VmbChannelPause(other->channel);
	VmbChannelStart(other->channel);
	VmbChannelDisable(other->channel);
}

static void other_channel(struct ktap *t, struct client *c)
{
	struct client *other = client_create();

	if (!CHECK(t, other))
		return;
	client_open(other);
	c->memory = other;
	c->on_opened = disable_other;
	client_open(c);
	CHECK_TEXT(t, other->log, "USPUC");
	c->memory = NULL;
	CHECK(t, client_destroy(other));
}

static void cleanup_enabled(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	VmbClientChannelInitSetTargetPnp(channel, (GUID *)&c->dev->offer.type, NULL, NULL);
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(channel), STATUS_SUCCESS);
	expect(t, "VmbChannelCleanup", "the channel is not disabled");
	VmbChannelCleanup(channel);
	CHECK(t, !testbus_is_claimed(c->dev));
}

static void packets_left(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	CHECK(t, VmbPacketAllocate(channel) && VmbPacketAllocate(channel));
	seq_puts(t->out, "# expect-warning: kmcl: .*: 2 packets were not freed\n");
	VmbChannelCleanup(channel);
}

static void leave_gpadl(struct client *c)
{
	u32 handle;

	c->result = VmbChannelCreateGpadlFromBuffer(c->channel, 0, c->memory, PAGE_SIZE, &handle);
}

static void gpadls(struct ktap *t, struct client *c)
{
	c->memory = kmalloc(PAGE_SIZE, GFP_KERNEL);
	c->on_opened = leave_gpadl;
	client_open(c);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	expect(t, "VmbChannelDeleteGpadl", "unknown GPADL");
	VmbChannelDeleteGpadl(c->channel, 0x7777);
	seq_puts(t->out, "# expect-warning: kmcl: .*: GPADLs were not deleted\n");
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, atomic_read(&c->dev->gpadls), 0);
}

static void end_no_save(struct ktap *t, struct client *c)
{
	VMBCHANNEL server;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, TRUE, &server), STATUS_SUCCESS);
	expect(t, "VmbChannelSaveEnd", "no save is under way");
	VmbChannelSaveEnd(server);
	expect(t, "VmbChannelSaveEnd", "invalid channel");
	VmbChannelSaveEnd(c->channel);
	VmbChannelCleanup(server);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelCleanup, VmbChannelDisable, VmbChannelStart, VmbChannelPause, "
	  "VmbChannelSetPointer, VmbChannelGetPointer, VmbPacketAllocate, VmbChannelSizeofPacket, "
	  "VmbChannelSetTransactionQuota, VmbChannelSetIncomingProcessingAtPassive, "
	  "VmbChannelGetInterfaceInstance, VmbChannelGetMmioSpace, VmbChannelDeleteGpadl: Q1 NULL",
	  null_channel },
	{ "VmbChannelCleanup, VmbChannelDisable, VmbChannelPause, VmbChannelSetPointer, "
	  "VmbChannelGetPointer, VmbPacketAllocate: Q1 after cleanup",
	  cleaned_up },
	{ "VmbPacketFree, VmbPacketSetCompletionRoutine, VmbPacketSetPointer, VmbPacketGetPointer, "
	  "VmbPacketGetChannel, VmbChannelPacketComplete, VmbChannelPacketDeferToPassive, "
	  "VmbChannelPacketFail: Q1 NULL",
	  null_packet },
	{ "VmbPacketFree, VmbPacketSetCompletionRoutine: N10 in flight", packet_in_flight },
	{ "VmbPacketFree: N10 memory of the driver's", free_own_memory },
	{ "VmbChannelPacketComplete, VmbChannelPacketFail, VmbChannelPacketDeferToPassive: Q1, "
	  "N13 twice, elsewhere",
	  complete_twice },
	{ "VmbChannelPacketComplete: Q16 a reply that is too long becomes an empty one",
	  reply_too_long },
	{ "VmbChannelSetTransactionQuota: N14 0 changes nothing", quota_zero },
	{ "VmbChannelDisable, VmbChannelStart, VmbChannelPause, VmbChannelCleanup: "
	  "N9 in state callbacks",
	  in_state_callbacks },
	{ "VmbChannelDisable, VmbChannelEnable, VmbChannelSendSynchronousRequest: "
	  "N9 in packet callbacks",
	  in_packet_callback },
	{ "VmbChannelDisable, VmbChannelStart, VmbChannelPause, VmbChannelCleanup: "
	  "N9 in completion routines",
	  in_completion_routine },
	{ "VmbChannelDisable, VmbChannelPause, VmbChannelStart: "
	  "4.8 on another channel from a callback",
	  other_channel },
	{ "VmbChannelCleanup: N9 a channel that is not disabled", cleanup_enabled },
	{ "VmbChannelCleanup: Q15 packets left", packets_left },
	{ "VmbChannelDeleteGpadl: N23 unknown, left behind", gpadls },
	{ "VmbChannelSaveEnd: Q1, N2 a client, no save", end_no_save },
};

const struct ktap_suite misuse_suite = KTAP_SUITE("misuse");
