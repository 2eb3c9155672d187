// SPDX-License-Identifier: GPL-2.0-only
/* Bad handles and bad arguments that are answered with a status: spec 3.2, 6. */
#include "client.h"
#include "suites.h"

static EVT_VMB_CHANNEL_PROCESS_PACKET some_callback;

static VOID some_callback(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
}

/* Every function that returns a status, on a handle that is none. */
static void bad_channel(struct ktap *t, VMBCHANNEL bad)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	UNICODE_STRING name = { };
	GUID guid = { };
	u64 memory[1];

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(bad, 1), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(bad, 1, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetClientContextSize(bad, 1), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetProcessPacketCallbacks(bad, some_callback, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(bad, &callbacks),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(bad, &name), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetFlags(bad, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(bad, 1, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(bad, &guid, NULL, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelEnable(bad), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbPacketInitialize(bad, (VMBPACKET)memory, U32_MAX),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(bad, NULL, 0, NULL, 0, NULL, NULL, NULL),
		     STATUS_INVALID_PARAMETER_1);
}

static void null_channel(struct ktap *t, struct client *c)
{
	bad_channel(t, NULL);
}

static void not_a_channel(struct ktap *t, struct client *c)
{
	void *memory = kzalloc(4096, GFP_KERNEL);

	if (CHECK(t, memory))
		bad_channel(t, (VMBCHANNEL)memory);
	kfree(memory);
}

static void cleaned_up_channel(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	VmbChannelCleanup(channel);
	bad_channel(t, channel);
}

static void bad_packets(struct ktap *t, struct client *c)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	u64 zero = 0;

	CHECK_STATUS(t, VmbPacketSend(NULL, NULL, 0, NULL, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbPacketSend((VMBPACKET)&zero, NULL, 0, NULL, 0),
		     STATUS_INVALID_PARAMETER_1);
	VmbPacketFree(packet);
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, NULL, 0), STATUS_INVALID_PARAMETER_1);
}

static void packet_size(struct ktap *t, struct client *c)
{
	VMBPACKET packet;

	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 0),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, U32_MAX),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 0x7ffe9),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 0x7ffe8), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 1), STATUS_SUCCESS);

	packet = VmbPacketAllocate(c->channel);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 100),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, 100, 1),
		     STATUS_INVALID_PARAMETER_1);
	VmbPacketFree(packet);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 100), STATUS_SUCCESS);
}

static void external_data(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, 0, 1),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, 1, 0),
		     STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, U32_MAX, 1),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, 1, U32_MAX),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, 1 << 24, 32),
		     STATUS_SUCCESS);
}

static void context_size(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelInitSetClientContextSize(c->channel, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelInitSetClientContextSize(c->channel, U32_MAX),
		     STATUS_SUCCESS);
	client_open(c);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
}

static void packet_callbacks(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelInitSetProcessPacketCallbacks(c->channel, NULL, NULL),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetProcessPacketCallbacks(c->channel, some_callback, NULL),
		     STATUS_SUCCESS);
}

static void state_callbacks(struct ktap *t, struct client *c)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	memset(&callbacks, 0xff, sizeof(callbacks));
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	CHECK_EQUAL(t, callbacks.Version, 1);
	CHECK_EQUAL(t, callbacks.Size, sizeof(callbacks));
	CHECK(t, !callbacks.EvtChannelOpened && !callbacks.EvtChannelPostStarted);
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(c->channel, NULL),
		     STATUS_INVALID_PARAMETER_2);
	callbacks.Version = 2;
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(c->channel, &callbacks),
		     STATUS_INVALID_PARAMETER_2);
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.Size--;
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(c->channel, &callbacks),
		     STATUS_INVALID_PARAMETER_2);
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(c->channel, &callbacks),
		     STATUS_SUCCESS);
}

static void friendly_name(struct ktap *t, struct client *c)
{
	WCHAR text[100];
	UNICODE_STRING name = { .Length = 8, .MaximumLength = 8, .Buffer = text };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(text); i++)
		text[i] = 0xd800 + i;		/* not even valid */
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name), STATUS_SUCCESS);
	name.Length = sizeof(text);
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name), STATUS_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(text); i++)
		text[i] = 0x20ac;		/* three bytes of UTF-8 each */
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name), STATUS_SUCCESS);
	name.Length = 7;
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name),
		     STATUS_INVALID_PARAMETER_2);
	name.Length = 8;
	name.Buffer = NULL;
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name),
		     STATUS_INVALID_PARAMETER_2);
	name.Length = 0;
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, NULL),
		     STATUS_INVALID_PARAMETER_2);
}

static void flags(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, 0x2), STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, U32_MAX),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		     STATUS_SUCCESS);
	/* Assigned, not ORed. */
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, 0), STATUS_SUCCESS);
	client_open(c);
	CHECK_STATUS(t, client_send_number(c, 1, WAIT_FLAG), STATUS_SUCCESS);
}

static void ring_pages(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, 16385, 1),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 16385),
		     STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, U32_MAX, 0),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, 0, U32_MAX),
		     STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, 0, 0),
		     STATUS_SUCCESS);
}

static void target(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(c->channel, NULL, NULL, NULL),
		     STATUS_INVALID_PARAMETER_2);
}

/* N2: a client-only function on a server. */
static void server(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;
	GUID guid = { };

	CHECK_STATUS(t, VmbChannelAllocate(NULL, TRUE, &channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(channel, &guid, NULL, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(channel, NULL, 0, NULL, 0, NULL, NULL,
							 NULL), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(channel);
}

static void check_configured(struct ktap *t, struct client *c)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	UNICODE_STRING name = { };

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(c->channel, 1, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetClientContextSize(c->channel, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetProcessPacketCallbacks(c->channel, some_callback, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(c->channel, &callbacks),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(c->channel, &name),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(c->channel, (GUID *)&c->dev->offer.type,
							 NULL, NULL), STATUS_INVALID_PARAMETER_1);
}

static void not_disabled(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	check_configured(t, c);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
	check_configured(t, c);
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->packets) == 1);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->states, "OSPUC");
}

static void pointer(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	CHECK(t, !VmbChannelGetPointer(channel));
	VmbChannelSetPointer(channel, c);
	CHECK(t, VmbChannelGetPointer(channel) == c);
	VmbChannelSetPointer(channel, NULL);
	CHECK(t, !VmbChannelGetPointer(channel));
	VmbChannelCleanup(channel);
}

#define ALL_INIT							\
	"VmbChannelInitSetMaximumPacketSize, "				\
	"VmbChannelInitSetMaximumExternalData, "			\
	"VmbChannelInitSetClientContextSize, "				\
	"VmbChannelInitSetProcessPacketCallbacks, "			\
	"VmbChannelInitSetStateChangeCallbacks, "			\
	"VmbChannelInitSetFriendlyName, VmbChannelInitSetFlags, "	\
	"VmbClientChannelInitSetRingBufferPageCount, "			\
	"VmbClientChannelInitSetTargetPnp"
#define ALL_STATUS							\
	ALL_INIT ", VmbChannelEnable, VmbPacketInitialize, "		\
	"VmbChannelSendSynchronousRequest"

static const struct ktap_test tests[] = {
	{ ALL_STATUS ": Q1 NULL", null_channel },
	{ ALL_STATUS ": Q1 not a channel", not_a_channel },
	{ ALL_STATUS ": Q1 after cleanup", cleaned_up_channel },
	{ "VmbPacketSend: Q1 bad packet handles", bad_packets },
	{ "VmbChannelInitSetMaximumPacketSize: N18 0, 4 GiB, the limit, "
	  "packets exist", packet_size },
	{ "VmbChannelInitSetMaximumExternalData: N18 0, 4 GiB, the limit", external_data },
	{ "VmbChannelInitSetClientContextSize: N17 any size", context_size },
	{ "VmbChannelInitSetProcessPacketCallbacks: N2 NULL", packet_callbacks },
	{ "VmbChannelInitSetStateChangeCallbacks, VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT: "
	  "6.2 version and size",
	  state_callbacks },
	{ "VmbChannelInitSetFriendlyName: N17 odd, long, empty, not valid", friendly_name },
	{ "VmbChannelInitSetFlags: 6.2 unknown bits; assigned", flags },
	{ "VmbClientChannelInitSetRingBufferPageCount: N18 too many pages", ring_pages },
	{ "VmbClientChannelInitSetTargetPnp: N2 no type", target },
	{ "VmbClientChannelInitSetRingBufferPageCount, VmbClientChannelInitSetTargetPnp, "
	  "VmbChannelSendSynchronousRequest: N1, N2 on a server",
	  server },
	{ ALL_INIT ": Q1 refused and without effect when not Disabled", not_disabled },
	{ "VmbChannelSetPointer, VmbChannelGetPointer: N17 NULL before the first set", pointer },
};

const struct ktap_suite arguments_suite = KTAP_SUITE("arguments");
