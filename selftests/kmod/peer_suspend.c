// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel that is open while the guest sleeps: kmcl/hyperv/suspend.c. peer_suspend.sh reads the
 * suites in turn and puts the guest to sleep between them, so the client outlives its test.
 */
#include "peer.h"

static struct client *sleeper;
static DECLARE_COMPLETION(may_close);

static void open_sleeper(struct ktap *t, struct client *c)
{
	sleeper = client_create();
	CHECK(t, sleeper && client_open(sleeper) && client_hello(sleeper));
}

/* Suspend to idle is none of the channel's business. */
static void untouched(struct ktap *t, struct client *c)
{
	CHECK(t, client_states_are(sleeper, "OSP"));
	CHECK(t, client_hello(sleeper));
}

/* Hibernation closed it; the device is there again, and its rings work. */
static void closed(struct ktap *t, struct client *c)
{
	CHECK(t, WITHIN(PEER_TIMEOUT_MS, client_states_are(sleeper, "OSPUC")));
	CHECK_STATUS(t, client_order(sleeper, NULL, PEER_HELLO, ARGS(0)),
		     STATUS_INVALID_DEVICE_STATE);
	CHECK(t, client_enabled_opens(sleeper) && client_hello(sleeper));
}

static void close_late(struct client *c)
{
	wait_for_completion(&may_close);
}

/* A driver that is slow to close keeps the guest awake, */
static void slow(struct ktap *t, struct client *c)
{
	reinit_completion(&may_close);
	sleeper->on_closed = close_late;
	CHECK(t, client_states_are(sleeper, "OSP"));
	CHECK(t, client_hello(sleeper));
}

/* as often as that is tried; its device is offered again when it has closed, once. */
static void refused(struct ktap *t, struct client *c)
{
	CHECK(t, client_states_are(sleeper, "OSPU"));
	complete_all(&may_close);
	CHECK(t, WITHIN(PEER_TIMEOUT_MS, client_states_are(sleeper, "OSPUC")));
	sleeper->on_closed = NULL;
	CHECK(t, client_enabled_opens(sleeper) && client_hello(sleeper));
}

static void close_sleeper(struct ktap *t, struct client *c)
{
	CHECK(t, client_destroy(sleeper));
}

static const struct ktap_test open_tests[] = {
	{ "VmbChannelEnable: a channel before the guest sleeps", open_sleeper },
};

static const struct ktap_test untouched_tests[] = {
	{ "VmbChannelSendSynchronousRequest: suspend to idle leaves a channel open", untouched },
};

static const struct ktap_test closed_tests[] = {
	{ "VmbChannelEnable: hibernation closes a channel, and it opens again", closed },
};

static const struct ktap_test slow_tests[] = {
	{ "VmbChannelSendSynchronousRequest: a channel that will be slow to close", slow },
};

static const struct ktap_test refused_tests[] = {
	{ "VmbChannelEnable: a driver that is slow to close refuses hibernation, and opens again",
		refused },
};

static const struct ktap_test end_tests[] = {
	{ "VmbChannelDisable: a channel after the guest has slept", close_sleeper },
};

#define SUITE(suite_name, array) \
	{ .name = suite_name, .tests = array, .count = ARRAY_SIZE(array) }

const struct ktap_suite sleep_open_suite = SUITE("sleep-open", open_tests);
const struct ktap_suite sleep_untouched_suite = SUITE("sleep-untouched", untouched_tests);
const struct ktap_suite sleep_closed_suite = SUITE("sleep-closed", closed_tests);
const struct ktap_suite sleep_slow_suite = SUITE("sleep-slow", slow_tests);
const struct ktap_suite sleep_refused_suite = SUITE("sleep-refused", refused_tests);
const struct ktap_suite sleep_end_suite = SUITE("sleep-end", end_tests);
