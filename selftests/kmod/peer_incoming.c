// SPDX-License-Identifier: GPL-2.0-only
/* Packets and requests of the host: spec 5.2, 5.4, 6.3, 6.8. */
#include <linux/kthread.h>
#include <linux/preempt.h>

#include "peer.h"

#define COUNT	2000

static void take(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	client_check(c, buffer, length);
	VmbChannelPacketComplete(packet, buffer, length);
}

static bool all_answered(struct client *c, struct peer_counters *sum)
{
	struct peer_counters counters;

	if (!client_counters(c, &counters))
		return false;
	sum->good_answers += counters.good_answers;
	sum->bad_answers += counters.bad_answers;
	sum->stray_answers += counters.stray_answers;
	return !counters.open_requests;
}

/* Every request was answered with its own bytes, once. */
static void check_answers(struct ktap *t, struct client *c, u32 count)
{
	struct peer_counters sum = { 0 };

	CHECK(t, WITHIN(PEER_TIMEOUT_MS, all_answered(c, &sum)));
	CHECK_EQUAL(t, sum.good_answers, count);
	CHECK_EQUAL(t, sum.bad_answers, 0);
	CHECK_EQUAL(t, sum.stray_answers, 0);
}

static bool begin(struct ktap *t, struct client *c,
		  void (*on_packet)(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer,
				    u32 length))
{
	struct peer_counters counters;

	c->on_packet = on_packet;
	c->most = PEER_MAX_PACKET;
	return CHECK(t, client_open(c)) && CHECK(t, client_counters(c, &counters));
}

static void bursts(struct ktap *t, struct client *c)
{
	static const u32 burst[] = { 1, 3, 50, 0 };
	unsigned int i;

	if (!begin(t, c, take))
		return;
	for (i = 0; i < ARRAY_SIZE(burst) && !t->failed; i++) {
		c->expected = 0;
		CHECK_STATUS(t, ORDER(c, PEER_GENERATE, COUNT / 4, PEER_MAX_PACKET, burst[i],
				      PEER_RANDOM, 0), STATUS_SUCCESS);
		check_row(t, c, COUNT / 4);
	}
	/* Long rows of small packets: many to a batch, more than one batch to a run. */
	c->expected = 0;
	c->most = 0;
	c->size = 8;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 20000, 8, 0, 0, 0), STATUS_SUCCESS);
	check_row(t, c, 20000);
}

static void completed_at_once(struct ktap *t, struct client *c)
{
	if (!begin(t, c, take))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, COUNT, PEER_MAX_PACKET, 0, PEER_RANDOM | PEER_ASK,
			      0), STATUS_SUCCESS);
	check_row(t, c, COUNT);
	check_answers(t, c, COUNT);
}

/* Packets kept by the driver: completed from another thread, newest first. */
struct keep {
	spinlock_t lock;	/* covers all of this */
	unsigned int count, most;
	struct { VMBPACKETCOMPLETION packet; u8 *buffer; u32 length; } packets[1024];
};

static void keep(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	struct keep *k = c->data;

	client_check(c, buffer, length);
	spin_lock_bh(&k->lock);
	if (!WARN_ON_ONCE(k->count == ARRAY_SIZE(k->packets))) {
		k->packets[k->count].packet = packet;
		k->packets[k->count].buffer = buffer;
		k->packets[k->count++].length = length;
		k->most = max(k->most, k->count);
	}
	spin_unlock_bh(&k->lock);
}

static bool complete_newest(struct client *c)
{
	struct keep *k = c->data;
	VMBPACKETCOMPLETION packet = NULL;
	u32 length = 0;
	u8 *buffer = NULL;

	spin_lock_bh(&k->lock);
	if (k->count) {
		k->count--;
		packet = k->packets[k->count].packet;
		buffer = k->packets[k->count].buffer;
		length = k->packets[k->count].length;
	}
	spin_unlock_bh(&k->lock);
	if (packet)
		VmbChannelPacketComplete(packet, buffer, length);
	return packet;
}

static bool begin_keeping(struct ktap *t, struct client *c)
{
	struct keep *k = kzalloc(sizeof(*k), GFP_KERNEL);

	c->data = k;
	if (!CHECK(t, k))
		return false;
	spin_lock_init(&k->lock);
	return begin(t, c, keep);
}

static void completed_later(struct ktap *t, struct client *c)
{
	unsigned int i;

	if (!begin_keeping(t, c))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 500, PEER_MAX_PACKET, 0, PEER_RANDOM | PEER_ASK,
			      0), STATUS_SUCCESS);
	check_row(t, c, 500);
	for (i = 0; complete_newest(c); i++)
		;
	CHECK_EQUAL(t, i, 500);
	check_answers(t, c, 500);
}

static void quota(struct ktap *t, struct client *c)
{
	struct keep *k;
	unsigned int done = 0;

	VmbChannelSetTransactionQuota(c->channel, 5);
	if (!begin_keeping(t, c))
		return;
	k = c->data;
	c->most = 512;
	/* The answer to this comes before the packets; nothing else may wait behind them. */
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 300, 512, 0, PEER_RANDOM | PEER_ASK, 0),
		     STATUS_SUCCESS);
	while (done < 300 && WITHIN(PEER_TIMEOUT_MS, READ_ONCE(k->count) == min(5u, 300 - done))) {
		CHECK_STAYS(t, done < 10 ? 20 : 0, READ_ONCE(k->count) <= 5);
		done += complete_newest(c);
	}
	CHECK_EQUAL(t, done, 300);
	CHECK_EQUAL(t, k->most, 5);
	check_row(t, c, 300);
	while (complete_newest(c))
		;
	check_answers(t, c, 300);
}

static void defer(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (in_interrupt() || irqs_disabled()) {
		VmbChannelPacketDeferToPassive(packet);
		return;
	}
	might_sleep();
	if (c->expected % 100 == 0)
		usleep_range(500, 1000);
	take(c, packet, buffer, length);
}

static void deferred(struct ktap *t, struct client *c)
{
	if (!begin(t, c, defer))
		return;
	c->most = 1000;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, COUNT, 1000, 0, PEER_RANDOM | PEER_ASK, 0),
		     STATUS_SUCCESS);
	check_row(t, c, COUNT);
	check_answers(t, c, COUNT);
}

static void passive(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (in_interrupt())
		c->wrong = true;
	take(c, packet, buffer, length);
}

static void at_passive(struct ktap *t, struct client *c)
{
	VmbChannelSetIncomingProcessingAtPassive(c->channel, TRUE);
	if (!begin(t, c, passive))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, COUNT, PEER_MAX_PACKET, 0, PEER_RANDOM | PEER_ASK,
			      0), STATUS_SUCCESS);
	check_row(t, c, COUNT);
	check_answers(t, c, COUNT);
}

/* Pauses in the middle of a flood: nothing is lost, nothing comes while paused. */
static void paused(struct ktap *t, struct client *c)
{
	unsigned int i;

	if (!begin(t, c, take))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, COUNT, PEER_MAX_PACKET, 20,
			      PEER_RANDOM | PEER_ASK, 0), STATUS_SUCCESS);
	for (i = 0; i < 20; i++) {
		u32 seen;

		VmbChannelPause(c->channel);
		seen = READ_ONCE(c->expected);
		CHECK_STAYS(t, 10, READ_ONCE(c->expected) == seen);
		VmbChannelStart(c->channel);
		usleep_range(1000, 2000);
	}
	check_row(t, c, COUNT);
	check_answers(t, c, COUNT);
}

/* The host's ring stays full for the whole life of a channel, and the channel closes. */
static void closed_under_flood(struct ktap *t, struct client *c)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		c->expected = 0;
		if (!begin(t, c, take))
			return;
		c->most = 256;
		CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 1 << 20, 256, 0, PEER_RANDOM | PEER_ASK,
				      0), STATUS_SUCCESS);
		CHECK(t, WITHIN(PEER_TIMEOUT_MS, READ_ONCE(c->expected) > 50));
		VmbChannelDisable(c->channel);
		CHECK(t, client_states_are(c, "OSPUC"));
		CHECK(t, !c->wrong);
	}
}

static const struct ktap_test tests[] = {
	{ "EvtVmbChannelProcessPacket: 5.2 bursts of packets of random sizes", bursts },
	{ "VmbChannelPacketComplete: 6.8 in the callback", completed_at_once },
	{ "VmbChannelPacketComplete: 6.8 later, out of order", completed_later },
	{ "VmbChannelSetTransactionQuota: 5.4, 6.3 bounds what the driver holds", quota },
	{ "VmbChannelPacketDeferToPassive: 6.8 under load", deferred },
	{ "VmbChannelSetIncomingProcessingAtPassive: 6.3 under load", at_passive },
	{ "VmbChannelPause, VmbChannelStart: 4.5 under load", paused },
	{ "VmbChannelDisable: 4.6 while the host keeps the ring full", closed_under_flood },
};

const struct ktap_suite incoming_suite = KTAP_SUITE("incoming", tests);
