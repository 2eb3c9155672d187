// SPDX-License-Identifier: GPL-2.0-only
/* Enable, open, disable, and the order of the state callbacks: spec 4.2, 4.4, 4.6. */
#include "client.h"
#include "suites.h"

static void offer_present(struct ktap *t, struct client *c)
{
	GUID instance;

	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
	VmbChannelGetInterfaceInstance(c->channel, &instance);
	CHECK(t, !memcmp(&instance, &c->dev->offer.instance, sizeof(instance)));
}

static void offer_later(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "");
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
}

/* An instance that is zero is one like others, and not any. */
static void zero_instance(struct ktap *t, struct client *c)
{
	client_target(c, &guid_null);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK(t, !testbus_is_claimed(c->dev));
	testbus_rescind(c->dev);
}

static void any_instance(struct ktap *t, struct client *c)
{
	GUID instance;

	client_target(c, NULL);
	VmbChannelGetInterfaceInstance(c->channel, &instance);
	CHECK(t, guid_is_null((guid_t *)&instance));
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
	VmbChannelGetInterfaceInstance(c->channel, &instance);
	CHECK(t, !memcmp(&instance, &c->dev->offer.instance, sizeof(instance)));
}

static void other_instance(struct ktap *t, struct client *c)
{
	guid_t other = c->dev->offer.instance;
	struct testbus_device *dev;

	other.b[1] ^= 0x55;
	dev = testbus_create(&c->dev->offer.type, &other);
	if (!CHECK(t, dev))
		return;
	testbus_offer(dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STAYS(t, 50, client_log_is(c, ""));
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
	testbus_destroy(dev);
	CHECK_STAYS(t, 20, client_log_is(c, "OSP"));
}

static void opened_fails(struct ktap *t, struct client *c)
{
	testbus_offer(c->dev);
	c->opened_status = STATUS_ACCESS_DENIED;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_ACCESS_DENIED);
	CHECK_TEXT(t, c->log, "O");
	CHECK(t, !testbus_is_claimed(c->dev));
	CHECK_EQUAL(t, atomic_read(&c->dev->closes), 1);

	client_forget(c);
	c->opened_status = STATUS_SUCCESS;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void opened_fails_later(struct ktap *t, struct client *c)
{
	c->opened_status = STATUS_ACCESS_DENIED;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OrF"));
	CHECK_STATUS(t, c->failure, STATUS_ACCESS_DENIED);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_INVALID_DEVICE_STATE);
}

static void enable_again(struct client *c)
{
	c->opened_status = STATUS_SUCCESS;
	c->result = VmbChannelEnable(c->channel);
}

static void enable_in_failure(struct ktap *t, struct client *c)
{
	c->opened_status = STATUS_ACCESS_DENIED;
	c->result = STATUS_PENDING;
	c->on_failure = enable_again;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OFOSP"));
	CHECK_SOON(t, c->result == STATUS_SUCCESS);
}

static void no_failure_callback(struct ktap *t, struct client *c)
{
	VmbClientChannelInitSetTargetPnp(c->channel, (GUID *)&c->dev->offer.type, NULL, NULL);
	c->opened_status = STATUS_UNSUCCESSFUL;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "O"));
	CHECK_SOON(t, !testbus_is_claimed(c->dev));
	c->opened_status = STATUS_SUCCESS;
	CHECK_SOON(t, VmbChannelEnable(c->channel) == STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OOSP");
}

static void host_refuses(struct ktap *t, struct client *c)
{
	testbus_offer(c->dev);
	c->dev->open_error = -EAGAIN;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_UNSUCCESSFUL);
	c->dev->open_error = -ENOMEM;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_INSUFFICIENT_RESOURCES);
	CHECK_TEXT(t, c->log, "");
	c->dev->open_error = 0;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "OSP");
}

static void host_refuses_later(struct ktap *t, struct client *c)
{
	c->dev->open_error = -EAGAIN;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "F"));
	CHECK_STATUS(t, c->failure, STATUS_UNSUCCESSFUL);
	c->dev->open_error = 0;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_TEXT(t, c->log, "FOSP");
}

static void disable_open(struct ktap *t, struct client *c)
{
	client_open(c);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UC");
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "UC");
	CHECK(t, !testbus_is_claimed(c->dev));
}

static void disable_waiting(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, 2, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "rr");
	testbus_offer(c->dev);
	CHECK_STAYS(t, 30, client_log_is(c, "rr"));
	CHECK(t, !testbus_is_claimed(c->dev));
}

static void disable_never_enabled(struct ktap *t, struct client *c)
{
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->log, "");
}

static void disable_many(struct ktap *t, struct client *c)
{
	struct background threads[4];
	unsigned int i;

	client_open(c);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		background_start(&threads[i], c, client_disable);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		CHECK(t, background_ends(&threads[i], 60000));
	CHECK_TEXT(t, c->log, "UC");
}

static void enable_twice(struct ktap *t, struct client *c)
{
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_INVALID_DEVICE_STATE);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_INVALID_DEVICE_STATE);
	CHECK_TEXT(t, c->log, "OSP");
}

static void enable_without_target(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(channel), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(channel);
}

static void enable_self(struct client *c)
{
	c->result = VmbChannelEnable(c->channel);
}

static void enable_in_callbacks(struct ktap *t, struct client *c)
{
	testbus_offer(c->dev);
	c->on_opened = enable_self;
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_STATE);
	c->on_closed = enable_self;
	c->result = STATUS_SUCCESS;
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_STATE);
	CHECK_TEXT(t, c->log, "OSPUC");
}

static void open_again(struct ktap *t, struct client *c)
{
	unsigned int i;

	testbus_offer(c->dev);
	for (i = 0; i < 3; i++) {
		client_forget(c);
		CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
		CHECK_STATUS(t, client_send_number(c, i, 0), STATUS_SUCCESS);
		CHECK(t, client_host_gets_numbers(c, i, 1));
		VmbChannelDisable(c->channel);
		CHECK_TEXT(t, c->log, "OSPcUC");
	}
}

/* 4.2, N19: first come, first served; an offer that one channel has is not there for another. */
static void two_for_one(struct ktap *t, struct client *c)
{
	struct client *second = client_create();
	GUID instance;

	if (!CHECK(t, second))
		return;
	memcpy(&instance, &c->dev->offer.instance, sizeof(instance));
	VmbClientChannelInitSetTargetPnp(second->channel, (GUID *)&c->dev->offer.type, &instance,
					 NULL);
	client_open(c);
	CHECK_STATUS(t, VmbChannelEnable(second->channel), STATUS_SUCCESS);
	CHECK_STAYS(t, 30, client_log_is(second, ""));
	VmbChannelDisable(c->channel);
	CHECK_SOON(t, client_log_is(second, "OSP"));
	client_destroy(second);
}

static void ring_sizes(struct ktap *t, struct client *c)
{
	client_open(c);
	/* Q8: the defaults give M = 6560 and 32 pages per direction. */
	CHECK_EQUAL(t, c->dev->in_pages, 32);
	CHECK_EQUAL(t, c->dev->out_pages, 32);
	VmbChannelDisable(c->channel);

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 3, 5);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_EQUAL(t, c->dev->in_pages, 3);
	CHECK_EQUAL(t, c->dev->out_pages, 5);
	VmbChannelDisable(c->channel);

	VmbClientChannelInitSetRingBufferPageCount(c->channel, 0, 0);
	VmbChannelInitSetMaximumPacketSize(c->channel, 64);
	VmbChannelInitSetMaximumExternalData(c->channel, 1, 1);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_EQUAL(t, c->dev->in_pages, 4);
}

static void callbacks_copied(struct ktap *t, struct client *c)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS none;

	/* A second call replaces the first; a missing EvtChannelOpened counts as success. */
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&none);
	CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(c->channel, &none), STATUS_SUCCESS);
	memset(&none, 0x5a, sizeof(none));
	client_open(c);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, 7, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 7, 1));
	VmbChannelDisable(c->channel);
	CHECK_TEXT(t, c->states, "");
}

static void cleanup_fresh(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	VmbChannelCleanup(channel);
	CHECK_STATUS(t, VmbChannelAllocate(NULL, TRUE, &channel), STATUS_SUCCESS);
	VmbChannelCleanup(channel);
	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, NULL), STATUS_INVALID_PARAMETER);
}

static void cycles(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u64 payload = 99;
	unsigned int i;

	testbus_offer(c->dev);
	for (i = 0; i < 200; i++) {
		client_forget(c);
		if (!CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS))
			return;
		client_send_number(c, i, WAIT_FLAG);
		client_send_number(c, i, 0);
		client_host_send(c, i);
		if (i % 2 && client_host_gets(c, &packet))
			testbus_complete(c->dev, packet.desc.trans_id, &payload, sizeof(payload));
		VmbChannelDisable(c->channel);
		if (!CHECK_TEXT(t, c->states, "OSPUC"))
			return;
	}
	CHECK_EQUAL(t, atomic_read(&c->dev->opens), 200);
	CHECK_EQUAL(t, atomic_read(&c->dev->closes), 200);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelEnable, VmbChannelGetInterfaceInstance: "
	  "4.2 an offer that is present opens inside the call",
	  offer_present },
	{ "VmbChannelEnable: 4.2 opens when the offer arrives", offer_later },
	{ "VmbClientChannelInitSetTargetPnp: 6.4 a zero instance is not any", zero_instance },
	{ "VmbClientChannelInitSetTargetPnp, VmbChannelGetInterfaceInstance: "
	  "6.4 NULL takes any instance",
	  any_instance },
	{ "VmbClientChannelInitSetTargetPnp: 6.4 an instance is waited for, others are left alone",
	  other_instance },
	{ "VmbChannelEnable, EvtChannelOpened: Q18 a failure is returned, closed is not called",
	  opened_fails },
	{ "VmbClientChannelInitSetTargetPnp, EvtChannelOpened: "
	  "N5 a late failure goes to PnpFailureCallback",
	  opened_fails_later },
	{ "VmbChannelEnable: 4.8 allowed in PnpFailureCallback", enable_in_failure },
	{ "VmbClientChannelInitSetTargetPnp: 6.4 the failure callback is optional",
	  no_failure_callback },
	{ "VmbChannelEnable: 6.3 refusal by the host and lack of memory", host_refuses },
	{ "VmbClientChannelInitSetTargetPnp: N5 a late refusal goes to PnpFailureCallback",
	  host_refuses_later },
	{ "VmbChannelDisable: 4.6 suspend, then closed; a second call does nothing", disable_open },
	{ "VmbChannelDisable: N7 while waiting: queued packets complete, no state callback",
	  disable_waiting },
	{ "VmbChannelDisable: N9 on a disabled channel", disable_never_enabled },
	{ "VmbChannelDisable: N9 several callers", disable_many },
	{ "VmbChannelEnable: Q2 fails without effect when not disabled", enable_twice },
	{ "VmbChannelEnable: 6.3 no target", enable_without_target },
	{ "VmbChannelEnable: N9 refused in state callbacks", enable_in_callbacks },
	{ "VmbChannelEnable, VmbChannelDisable: 4.2 again and again", open_again },
	{ "VmbChannelEnable: N19 an offer that is taken is not present", two_for_one },
	{ "VmbClientChannelInitSetRingBufferPageCount, VmbChannelInitSetMaximumPacketSize, "
	  "VmbChannelInitSetMaximumExternalData: 6.4 ring sizes",
	  ring_sizes },
	{ "VmbChannelInitSetStateChangeCallbacks, VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT: "
	  "N2 copied, all optional",
	  callbacks_copied },
	{ "VmbChannelAllocate, VmbChannelCleanup: 6.1 without more", cleanup_fresh },
	{ "VmbChannelEnable, VmbChannelDisable: 200 cycles", cycles },
};

const struct ktap_suite lifecycle_suite = KTAP_SUITE("lifecycle");
