// SPDX-License-Identifier: GPL-2.0-only
/* Pipe mode: spec 11.5. */
#include "client.h"
#include "suites.h"

struct pipe_message {
	struct kmcl_pipe_header header;
	u8 data[40];
};

static void open_pipe(struct client *c)
{
	VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	VmbChannelInitSetMaximumPacketSize(c->channel, 32);
	client_open(c);
}

static void host_sends(struct client *c, u32 type, u32 size, u32 bytes)
{
	struct pipe_message message = { .header = { .type = type, .size = size } };

	memset(message.data, 0x17, sizeof(message.data));
	testbus_send(c->dev, &message, bytes, 0);
}

static void sends(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	struct pipe_message *message = (void *)packet.data;
	u8 data[13];

	memset(data, 0x66, sizeof(data));
	open_pipe(c);
	CHECK_STATUS(t, client_send(c, data, 13, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.offset8, 2);
	CHECK_EQUAL(t, packet.length, 24);
	CHECK_EQUAL(t, message->header.type, KMCL_PIPE_DATA);
	CHECK_EQUAL(t, message->header.size, 13);
	CHECK(t, !memcmp(message->data, data, 13));
	CHECK(t, !memchr_inv(message->data + 13, 0, 3));
	CHECK_STATUS(t, client_send(c, NULL, 0, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, message->header.size, 0);
	CHECK_STATUS(t, client_send(c, data, 33, 0), STATUS_INVALID_PARAMETER);
}

static void queued(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i;
	u8 data[32];

	VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	VmbChannelInitSetMaximumPacketSize(c->channel, 32);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	for (i = 1; i <= 32; i++) {
		memset(data, i, sizeof(data));
		CHECK_STATUS(t, client_send(c, data, i, 0), STATUS_SUCCESS);
	}
	testbus_offer(c->dev);
	for (i = 1; i <= 32; i++) {
		struct pipe_message *message = (void *)packet.data;

		if (!CHECK(t, client_host_gets(c, &packet)))
			return;
		CHECK_EQUAL(t, message->header.size, i);
		CHECK(t, !memchr_inv(message->data, i, i));
	}
}

static void receives(struct ktap *t, struct client *c)
{
	open_pipe(c);
	host_sends(c, KMCL_PIPE_DATA, 13, 8 + 13);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	CHECK_EQUAL(t, c->last_length, 13);
	CHECK(t, !memchr_inv(c->last, 0x17, 13));
	host_sends(c, KMCL_PIPE_PARTIAL, 5, 8 + 16);
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	CHECK_EQUAL(t, c->last_length, 5);
	host_sends(c, KMCL_PIPE_DATA, 0, 8);
	CHECK_SOON(t, READ_ONCE(c->packets) == 3);
	CHECK_EQUAL(t, c->last_length, 0);
	host_sends(c, KMCL_PIPE_DATA, 32, 40);
	CHECK_SOON(t, READ_ONCE(c->packets) == 4);
	CHECK_EQUAL(t, c->last_length, 32);
}

static void malformed(struct ktap *t, struct client *c, u32 type, u32 size, u32 bytes)
{
	open_pipe(c);
	host_sends(c, type, size, bytes);
	host_sends(c, KMCL_PIPE_DATA, 1, 16);
	CHECK_STAYS(t, 30, READ_ONCE(c->packets) == 0);
	CHECK_STATUS(t, client_send(c, NULL, 0, 0), STATUS_SUCCESS);
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	host_sends(c, KMCL_PIPE_DATA, 1, 16);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
}

static void other_type(struct ktap *t, struct client *c)
{
	malformed(t, c, 3, 8, 16);
}

static void size_beyond_payload(struct ktap *t, struct client *c)
{
	malformed(t, c, KMCL_PIPE_DATA, 9, 16);
}

static void size_huge(struct ktap *t, struct client *c)
{
	malformed(t, c, KMCL_PIPE_DATA, 0xffffffff, 16);
}

static void no_header(struct ktap *t, struct client *c)
{
	malformed(t, c, KMCL_PIPE_DATA, 0, 0);
}

static void above_maximum(struct ktap *t, struct client *c)
{
	malformed(t, c, KMCL_PIPE_DATA, 40, 48);
}

static void no_transactions(struct ktap *t, struct client *c)
{
	LARGE_INTEGER zero = { };
	u64 value = 1;

	open_pipe(c);
	CHECK_STATUS(t, client_send_number(c, 1, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &value, 8, NULL, WAIT_FLAG,
							 NULL, NULL, NULL),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, &value, 8, NULL, 0, NULL,
							 NULL, &zero), STATUS_SUCCESS);
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend, VmbChannelInitSetFlags: N26 the header is added", sends },
	{ "VmbPacketSend, VmbChannelInitSetFlags: N26 queued with its header", queued },
	{ "VmbChannelInitSetFlags: N26 the header is stripped, the length exact", receives },
	{ "VmbChannelInitSetFlags: N26 another type", other_type },
	{ "VmbChannelInitSetFlags: N26 a size beyond the payload", size_beyond_payload },
	{ "VmbChannelInitSetFlags: N26 a size of 4 GiB", size_huge },
	{ "VmbChannelInitSetFlags: N26 no header", no_header },
	{ "VmbChannelInitSetFlags: N15 above the maximum packet size", above_maximum },
	{ "VmbPacketSend, VmbChannelSendSynchronousRequest: N26 no transactions", no_transactions },
};

const struct ktap_suite pipe_suite = KTAP_SUITE("pipe");
