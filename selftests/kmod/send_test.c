// SPDX-License-Identifier: GPL-2.0-only
/* Sending and completion: spec 5.1, 6.7, 11.2. */
#include "client.h"
#include "suites.h"

static void in_order(struct ktap *t, struct client *c)
{
	unsigned int i;

	client_open(c);
	for (i = 0; i < 50; i++)
		CHECK_STATUS(t, client_send_number(c, i, 0), STATUS_SUCCESS);
	CHECK_EQUAL(t, atomic_read(&c->completed), 50);
	CHECK_STATUS(t, c->sent_status, STATUS_SUCCESS);
	CHECK_EQUAL(t, c->sent_length, 0);
	CHECK(t, client_host_gets_numbers(c, 0, 50));
	/* One signal: only the first found the ring empty. */
	CHECK_EQUAL(t, atomic_read(&c->dev->signals), 1);
}

static void descriptor(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u8 data[13];

	memset(data, 0xee, sizeof(data));
	client_open(c);
	CHECK_STATUS(t, client_send(c, data, sizeof(data), 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.type, KMCL_PKT_DATA_INBAND);
	CHECK_EQUAL(t, packet.desc.offset8, 2);
	CHECK_EQUAL(t, packet.desc.len8, 4);
	CHECK_EQUAL(t, packet.desc.flags, 0);
	CHECK_EQUAL(t, packet.desc.trans_id, 0);
	CHECK(t, !memcmp(packet.data, data, sizeof(data)));
	/* N25: padding is zero. */
	CHECK(t, !memchr_inv(packet.data + sizeof(data), 0, 3));

	CHECK_STATUS(t, client_send(c, NULL, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.len8, 2);
	CHECK_EQUAL(t, packet.desc.flags, KMCL_DESC_FLAG_COMPLETION_REQUESTED);
	CHECK(t, packet.desc.trans_id != 0);
}

static void completions(struct ktap *t, struct client *c)
{
	u64 ids[8], payload;
	struct host_packet packet;
	int i, j;

	client_open(c);
	for (i = 0; i < 8; i++) {
		CHECK_STATUS(t, client_send_number(c, i, WAIT_FLAG), STATUS_SUCCESS);
		CHECK(t, client_host_gets(c, &packet));
		ids[i] = packet.desc.trans_id;
		for (j = 0; j < i; j++)
			CHECK(t, ids[j] != ids[i]);
	}
	CHECK_EQUAL(t, atomic_read(&c->completed), 0);
	/* Q20: in any order. */
	for (i = 7; i >= 0; i--) {
		payload = 100 + i;
		testbus_complete(c->dev, ids[i], &payload, sizeof(payload));
		CHECK_SOON(t, atomic_read(&c->completed) == 8 - i);
		CHECK_EQUAL(t, (uintptr_t)c->sent_pointer, i);
		CHECK_EQUAL(t, c->sent_length, 8);
		CHECK_EQUAL(t, *(u64 *)c->sent_data, payload);
	}
}

static void empty_completion(struct ktap *t, struct client *c)
{
	struct host_packet packet;

	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, client_log_is(c, "c"));
	CHECK_EQUAL(t, c->sent_length, 0);
}

static void before_open(struct ktap *t, struct client *c)
{
	u8 data[8];
	unsigned int i;

	CHECK_STATUS(t, client_send_number(c, 9, 0), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	for (i = 0; i < 20; i++) {
		*(u64 *)data = i;
		CHECK_STATUS(t, client_send(c, data, sizeof(data), 0), STATUS_SUCCESS);
		/* Q7: the buffer may be reused. */
		memset(data, 0xff, sizeof(data));
	}
	CHECK_TEXT(t, c->log, "");
	testbus_offer(c->dev);
	CHECK_SOON(t, atomic_read(&c->completed) == 20);
	CHECK(t, client_host_gets_numbers(c, 0, 20));
}

static void send_self(struct client *c)
{
	c->result = client_send_number(c, 1, 0);
}

static void in_each_state(struct ktap *t, struct client *c)
{
	c->on_suspend = send_self;
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_INVALID_DEVICE_STATE);
	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_SUCCESS);
	/* Suspend of a pause: sends go on. */
	VmbChannelPause(c->channel);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	VmbChannelStart(c->channel);
	/* Suspend of a close: they do not. */
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_INVALID_DEVICE_STATE);
}

static void opened_queues(struct ktap *t, struct client *c)
{
	c->on_opened = send_self;
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OcSP");
	CHECK(t, client_host_gets_numbers(c, 1, 1));
}

static void in_flight(struct ktap *t, struct client *c)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);

	VmbPacketSetCompletionRoutine(packet, client_sent);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_packet(c, packet, NULL, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, NULL, 0), STATUS_INVALID_DEVICE_REQUEST);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_states_are(c, "OSP"));
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, NULL, WAIT_FLAG),
		     STATUS_INVALID_DEVICE_REQUEST);
}

static void bad_arguments(struct ktap *t, struct client *c)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	u8 *data = kzalloc(8192, GFP_KERNEL);
	unsigned int bit;

	client_open(c);
	CHECK_STATUS(t, VmbPacketSend(packet, data, 4097, NULL, 0), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSend(packet, data, U32_MAX, NULL, 0),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSend(packet, data, 0xfffffff0u, NULL, 0),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 8, NULL, 0), STATUS_INVALID_PARAMETER);
	for (bit = 5; bit < 32; bit++)
		CHECK_STATUS(t, VmbPacketSend(packet, data, 8, NULL, 1u << bit),
			     STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
	CHECK_STATUS(t, client_send(c, data, 4096, 0), STATUS_SUCCESS);
	/* N1: hints of direction; N10: FORCE_MDL_LENGTH has no meaning here. */
	CHECK_STATUS(t, client_send(c, data, 8, 0x8), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send(c, data, 8, 0x10), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send(c, data, 8, VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, client_send(c, data, 8, VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER),
		     STATUS_SUCCESS);
	kfree(data);
}

static void never_fits(struct ktap *t, struct client *c)
{
	u8 *data = kzalloc(8192, GFP_KERNEL);

	VmbChannelInitSetMaximumPacketSize(c->channel, 8192);
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	client_open(c);
	/* 16 + 4064 + 8 = 4088: the ring is never filled completely. */
	CHECK_STATUS(t, client_send(c, data, 4064, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send(c, data, 4065, 0), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, client_send(c, data, 8192, 0), STATUS_INVALID_PARAMETER);
	kfree(data);
}

static void largest_packet(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u8 *data = kvzalloc(0x7ffe8, GFP_KERNEL);

	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 0x7ffe8), STATUS_SUCCESS);
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 256, 256);
	client_open(c);
	if (CHECK_STATUS(t, c->result, STATUS_SUCCESS) && CHECK(t, data)) {
		CHECK_STATUS(t, client_send(c, data, 0x7ffe8, WAIT_FLAG), STATUS_SUCCESS);
		CHECK(t, client_host_gets(c, &packet));
		CHECK_EQUAL(t, packet.desc.len8, 0xffff);
		CHECK_EQUAL(t, packet.length, 0x7ffe8);
		CHECK_EQUAL(t, testbus_complete(c->dev, packet.desc.trans_id, data, 0x7ffe8), 0);
		CHECK_SOON(t, atomic_read(&c->completed) == 1);
		CHECK_EQUAL(t, c->sent_length, 0x7ffe8);
	}
	kvfree(data);
}

/* ---- completion routines that send ---- */

static void send_again(struct client *c, VMBPACKET packet, NTSTATUS status)
{
	/* c->number counts the levels of nesting, c->expected what is still to be sent. */
	if (++c->number > 1)
		c->out_of_order = true;
	if (status || !c->expected) {
		VmbPacketFree(packet);
	} else {
		u64 next = --c->expected;

		if (client_send_packet(c, packet, &next, sizeof(next), 0))
			VmbPacketFree(packet);
	}
	c->number--;
}

static void resend_in_routine(struct ktap *t, struct client *c)
{
	unsigned int i;
	struct host_packet packet;

	c->on_sent = send_again;
	client_open(c);
	c->expected = 1000;
	CHECK_STATUS(t, client_send_number(c, 1000, 0), STATUS_SUCCESS);
	CHECK_EQUAL(t, atomic_read(&c->completed), 1001);
	CHECK(t, !c->out_of_order);
	for (i = 0; i <= 1000; i++) {
		if (!CHECK(t, client_host_gets(c, &packet)) ||
		    !CHECK_EQUAL(t, *(u64 *)packet.data, 1000 - i))
			break;
	}
}

/* The payload is valid in the routine, and may be what is sent next. */
static void echo(struct client *c, VMBPACKET packet, NTSTATUS status)
{
	u64 value = *(u64 *)c->sent_data + 1;

	if (status || client_send_packet(c, packet, &value, sizeof(value), WAIT_FLAG))
		VmbPacketFree(packet);
}

static void resend_with_completion(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i;

	c->on_sent = echo;
	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 0, WAIT_FLAG), STATUS_SUCCESS);
	for (i = 0; i < 100; i++) {
		if (!CHECK(t, client_host_gets(c, &packet)) ||
		    !CHECK_EQUAL(t, *(u64 *)packet.data, i))
			break;
		testbus_complete(c->dev, packet.desc.trans_id, packet.data, 8);
	}
}

static void send_another(struct client *c, VMBPACKET packet, NTSTATUS status)
{
	if (++c->number > 1)
		c->out_of_order = true;
	VmbPacketFree(packet);
	if (!status && c->expected) {
		c->expected--;
		client_send_number(c, c->expected, 0);
	}
	c->number--;
}

static void others_in_routine(struct ktap *t, struct client *c)
{
	c->on_sent = send_another;
	client_open(c);
	c->expected = 500;
	CHECK_STATUS(t, client_send_number(c, 500, 0), STATUS_SUCCESS);
	CHECK_EQUAL(t, atomic_read(&c->completed), 501);
	CHECK(t, !c->out_of_order);
}

/* In the routine of a close the channel takes nothing more. */
static void send_when_removed(struct client *c, VMBPACKET packet, NTSTATUS status)
{
	if (status == STATUS_DEVICE_REMOVED)
		c->result = client_send_packet(c, packet, NULL, 0, 0);
	VmbPacketFree(packet);
}

static void resend_at_close(struct ktap *t, struct client *c)
{
	c->on_sent = send_when_removed;
	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 1, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UrC");
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_STATE);
}

/* ---- close ---- */

static void once_at_close(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i, n;

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	client_open(c);
	n = client_fill_ring(c, WAIT_FLAG);
	for (i = 0; i < 5; i++) {
		CHECK(t, client_host_gets(c, &packet));
		testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	}
	CHECK_SOON(t, atomic_read(&c->completed) == 5);
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, atomic_read(&c->completed), n);
	CHECK_EQUAL(t, atomic_read(&c->removed), n - 5);
	CHECK_EQUAL(t, c->log[strlen(c->log) - 1], 'C');
}

static void ids_start_anew(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 old;

	client_open(c);
	client_send_number(c, 1, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	old = packet.desc.trans_id;
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	client_send_number(c, 2, WAIT_FLAG);
	CHECK(t, client_host_gets(c, &packet));
	/* The completion of a request from before the close must not find this one. */
	CHECK(t, packet.desc.trans_id != old);
}

static void many_open(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 *ids = kvcalloc(3000, sizeof(*ids), GFP_KERNEL);
	unsigned int i;

	client_open(c);
	for (i = 0; ids && i < 3000; i++) {
		if (!CHECK_STATUS(t, client_send_number(c, i, WAIT_FLAG), STATUS_SUCCESS) ||
		    !CHECK(t, client_host_gets(c, &packet)))
			break;
		ids[i] = packet.desc.trans_id;
	}
	if (CHECK_EQUAL(t, i, 3000)) {
		while (i) {
			u64 id = ids[--i];

			while (testbus_complete(c->dev, id, &id, 8) == -EAGAIN)
				usleep_range(100, 200);
		}
		CHECK_SOON(t, atomic_read(&c->completed) == 3000);
	}
	kvfree(ids);
}

static void at_dispatch(struct ktap *t, struct client *c)
{
	client_open(c);
	local_bh_disable();
	CHECK_STATUS(t, client_send_number(c, 0, 0), STATUS_SUCCESS);
	local_bh_enable();
	CHECK_TEXT(t, c->log, "c");
	CHECK(t, client_host_gets_numbers(c, 0, 1));
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend: Q20 in order; complete when in the ring; one signal", in_order },
	{ "VmbPacketSend: 11.2 descriptor, padding, transaction id", descriptor },
	{ "VmbPacketSend, VmbPacketSetCompletionRoutine: 5.1 completions with payload, "
	  "in any order",
	  completions },
	{ "VmbPacketSetCompletionRoutine: N12 an empty completion", empty_completion },
	{ "VmbPacketSend: Q5, Q7 queued before the open, copied", before_open },
	{ "VmbPacketSend: Q5 in each state", in_each_state },
	{ "VmbPacketSend, EvtChannelOpened: 7 queued inside the callback", opened_queues },
	{ "VmbPacketSend: N1 in flight", in_flight },
	{ "VmbPacketSend: 6.7 lengths, NULL, every flag bit", bad_arguments },
	{ "VmbPacketSend: 6.7 a message that never fits the ring", never_fits },
	{ "VmbPacketSend, VmbChannelInitSetMaximumPacketSize: N18 the largest message",
	  largest_packet },
	{ "VmbPacketSend: N12 the routine sends its packet again, without nesting",
	  resend_in_routine },
	{ "VmbPacketSend: N12 the routine sends its packet again, with completion",
	  resend_with_completion },
	{ "VmbPacketSend, VmbPacketFree: N12 the routine frees, and sends others",
	  others_in_routine },
	{ "VmbPacketSend: Q5 refused in the routine of a close", resend_at_close },
	{ "VmbPacketSend, VmbChannelDisable: Q6 exactly once at a close", once_at_close },
	{ "VmbPacketSend: N25 transaction ids are not reused over a close", ids_start_anew },
	{ "VmbPacketSend: N25 3000 open transactions", many_open },
	{ "VmbPacketSend: Q17 at DISPATCH_LEVEL", at_dispatch },
};

const struct ktap_suite send_suite = KTAP_SUITE("send");
