// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a channel counts, against what the test has done, to the packet; and the limits of a run,
 * whose effect the counters show. See kmcl/debugfs/README.md.
 */
#include <linux/jiffies.h>

#include "channel.h"
#include "client.h"
#include "suites.h"

/* A packet of one number, as the counters of bytes see it. */
#define NUMBER_BYTES	(sizeof(struct kmcl_desc) + sizeof(u64))

static u64 count_of(struct client *c, enum kmcl_counter counter)
{
	struct kmcl_channel *ch = channel_of(c);
	u64 sum = READ_ONCE(ch->tx.counts[counter]) + READ_ONCE(ch->rx.counts[counter]);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(ch->counters, cpu)->counts[counter];
	return sum;
}

#define COUNT(c, symbol)	count_of(c, KMCL_COUNTER_##symbol)

static u64 count_malformed(struct client *c, enum kmcl_malformed kind)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(channel_of(c)->counters, cpu)->malformed[kind];
	return sum;
}

static void sends(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i;

	client_open(c);
	for (i = 0; i < 30; i++)
		CHECK_STATUS(t, client_send_number(c, i, 0), STATUS_SUCCESS);
	CHECK_EQUAL(t, COUNT(c, OUT_PACKETS), 30);
	CHECK_EQUAL(t, COUNT(c, OUT_BYTES), 30 * NUMBER_BYTES);
	/* The host has not read: only the first packet found the ring empty. */
	CHECK_EQUAL(t, COUNT(c, SIGNALS_SENT), 1);
	CHECK_EQUAL(t, COUNT(c, SIGNALS_SUPPRESSED), 29);
	CHECK_EQUAL(t, atomic_read(&c->dev->signals), 1);
	CHECK_EQUAL(t, COUNT(c, OUT_QUEUED), 0);
	CHECK(t, client_host_gets_numbers(c, 0, 30));

	client_send_number(c, 30, WAIT_FLAG);
	CHECK_EQUAL(t, channel_of(c)->tx.ids.count, 1);
	CHECK(t, client_host_gets(c, &packet));
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 31);
	CHECK_EQUAL(t, COUNT(c, IN_COMPLETIONS), 1);
	CHECK_EQUAL(t, COUNT(c, IN_PACKETS), 0);
	CHECK_EQUAL(t, COUNT(c, SIGNALS_RECEIVED), 1);
}

static void receives(struct ktap *t, struct client *c)
{
	u64 number = 0;
	unsigned int i;

	client_open(c);
	for (i = 0; i < 20; i++)
		CHECK_EQUAL(t, testbus_send(c->dev, &number, sizeof(number), i % 2), 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == 20);
	CHECK_SOON(t, COUNT(c, OUT_COMPLETIONS) == 10);
	CHECK_EQUAL(t, COUNT(c, IN_PACKETS), 20);
	CHECK_EQUAL(t, COUNT(c, IN_BYTES), 20 * NUMBER_BYTES);
	CHECK_EQUAL(t, COUNT(c, OUT_PACKETS), 0);
	VmbChannelPause(c->channel);
	CHECK_EQUAL(t, COUNT(c, BATCHES), c->batches);
	CHECK_EQUAL(t, COUNT(c, BATCH_PACKETS), c->batched);
	CHECK_EQUAL(t, c->batched, 20);
	CHECK(t, channel_of(c)->rx.outstanding_most >= 1);
}

static void full_ring(struct ktap *t, struct client *c)
{
	struct kmcl_channel *ch = channel_of(c);
	unsigned int all, queued;

	c->dev->forget_room = true;
	client_open(c);
	all = client_fill_ring(c, 0);
	queued = COUNT(c, OUT_QUEUED);
	CHECK(t, queued > 0);
	CHECK_EQUAL(t, COUNT(c, OUT_PACKETS), all - queued);
	CHECK_EQUAL(t, ch->tx.queued, queued);
	CHECK_EQUAL(t, ch->tx.queued_most, queued);
	CHECK_EQUAL(t, COUNT(c, RING_FULL), 1);
	CHECK(t, ch->tx.full_since);
	c->dev->forget_room = false;
	CHECK(t, client_host_gets_numbers(c, 0, all));
	CHECK_SOON(t, atomic_read(&c->completed) == all);
	CHECK_EQUAL(t, COUNT(c, OUT_PACKETS), all);
	CHECK_EQUAL(t, COUNT(c, OUT_QUEUED), queued);
	CHECK_EQUAL(t, ch->tx.queued, 0);
	CHECK_EQUAL(t, ch->tx.queued_most, queued);
	CHECK(t, !ch->tx.full_since);
	CHECK(t, COUNT(c, RING_FULL_NS) > 0);
}

static void queued_and_closed(struct ktap *t, struct client *c)
{
	unsigned int all;

	client_open(c);
	all = client_fill_ring(c, 0);
	CHECK(t, channel_of(c)->tx.queued > 0);
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, channel_of(c)->tx.queued, 0);
	CHECK(t, !channel_of(c)->tx.full_since);
	CHECK_EQUAL(t, atomic_read(&c->completed), all);
	CHECK_EQUAL(t, atomic_read(&c->removed), COUNT(c, OUT_QUEUED));
}

static void defer(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (c->last_passive)
		VmbChannelPacketComplete(packet, NULL, 0);
	else
		VmbChannelPacketDeferToPassive(packet);
}

static void stops(struct ktap *t, struct client *c)
{
	VmbChannelSetTransactionQuota(c->channel, 2);
	c->on_packet = client_keep;
	client_open(c);
	client_host_send(c, 1);
	client_host_send(c, 2);
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	CHECK_EQUAL(t, COUNT(c, QUOTA_STOPS), 0);
	client_host_send(c, 3);
	CHECK_SOON(t, COUNT(c, QUOTA_STOPS) > 0);
	CHECK_EQUAL(t, channel_of(c)->rx.outstanding_most, 2);
	CHECK_EQUAL(t, COUNT(c, IN_PACKETS), 2);
	c->on_packet = NULL;
	client_complete_kept(c);
	CHECK_SOON(t, READ_ONCE(c->packets) == 3);
	CHECK_EQUAL(t, COUNT(c, IN_PACKETS), 3);
}

static void defers(struct ktap *t, struct client *c)
{
	c->on_packet = defer;
	client_open(c);
	client_host_send(c, 1);
	/* The callback is called twice, the packet has come once. */
	CHECK_SOON(t, READ_ONCE(c->packets) == 2);
	CHECK_EQUAL(t, COUNT(c, DEFERS), 1);
	CHECK_EQUAL(t, COUNT(c, IN_PACKETS), 1);
}

static void malformed(struct ktap *t, struct client *c)
{
	struct kmcl_desc desc = { .type = 0x55, .offset8 = 2, .len8 = 2 };

	client_open(c);
	CHECK_EQUAL(t, testbus_write(c->dev, &desc, NULL, 0, sizeof(desc)), 0);
	CHECK_SOON(t, count_malformed(c, KMCL_BAD_TYPE) == 1);
	CHECK_EQUAL(t, count_malformed(c, KMCL_BAD_LENGTH), 0);
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, count_malformed(c, KMCL_BAD_TYPE), 1);
}

/* ---- limits of a run ---- */

#define BURST	100u

/* The first packet's callback puts the others into the ring, behind itself. */
static void burst(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	u64 i;

	if (!c->number++)
		for (i = 1; i < BURST; i++)
			client_host_send(c, i);
	VmbChannelPacketComplete(packet, NULL, 0);
}

/* ... and each of them takes longer than the limit, however slow the machine is. */
static void slow_burst(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	unsigned long until = jiffies + msecs_to_jiffies(channel_of(c)->rx.time_ms) + 1;

	burst(c, packet, buffer, length);
	while (!time_after(jiffies, until))
		cpu_relax();
}

static void open_and_burst(struct ktap *t, struct client *c, u32 budget, u32 time_ms)
{
	channel_of(c)->rx.budget = budget;
	channel_of(c)->rx.time_ms = time_ms;
	client_open(c);
	c->number = 0;
	CHECK_EQUAL(t, client_host_send(c, 0), 0);
	CHECK_SOON(t, READ_ONCE(c->packets) == BURST);
	/* Until the last run has ended. */
	VmbChannelPause(c->channel);
	CHECK_EQUAL(t, COUNT(c, IN_PACKETS), BURST);
}

static void budget(struct ktap *t, struct client *c)
{
	c->on_packet = burst;
	open_and_burst(t, c, 10, 0);
	/* The last ten are followed by nothing, so that run has not reached its limit. */
	CHECK_EQUAL(t, COUNT(c, BUDGET_STOPS), BURST / 10 - 1);
	CHECK_EQUAL(t, COUNT(c, TIME_STOPS), 0);
	CHECK_EQUAL(t, c->batches, BURST / 10);
}

static void no_budget(struct ktap *t, struct client *c)
{
	c->on_packet = burst;
	open_and_burst(t, c, 0, 0);
	CHECK_EQUAL(t, COUNT(c, BUDGET_STOPS), 0);
	CHECK_EQUAL(t, COUNT(c, TIME_STOPS), 0);
}

static void time_limit(struct ktap *t, struct client *c)
{
	c->on_packet = slow_burst;
	open_and_burst(t, c, 0, 1);
	CHECK_EQUAL(t, COUNT(c, TIME_STOPS), BURST - 1);
	CHECK_EQUAL(t, COUNT(c, BUDGET_STOPS), 0);
	CHECK_EQUAL(t, c->batches, BURST);
}

static struct task_struct *signaller;
static unsigned int by_signaller;

static void note_thread(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	by_signaller += current == signaller;
	burst(c, packet, buffer, length);
}

static void thread_goes_on(struct ktap *t, struct client *c)
{
	signaller = current;
	by_signaller = 0;
	channel_of(c)->rx.budget = 10;
	c->on_packet = note_thread;
	client_open(c);
	client_host_send(c, 0);
	/* Signals meanwhile begin no run of their own. */
	CHECK_SOON(t, (testbus_signal(c->dev), READ_ONCE(c->packets) == BURST));
	VmbChannelPause(c->channel);
	CHECK_EQUAL(t, by_signaller, 10);
}

static const struct ktap_test tests[] = {
	{ "counters: VmbPacketSend: packets, bytes, signals, completions", sends },
	{ "counters: VmbChannelPacketComplete: packets, replies, batches", receives },
	{ "counters: VmbPacketSend: the queue, and a full ring", full_ring },
	{ "counters: VmbChannelDisable: nothing is queued any more", queued_and_closed },
	{ "counters: VmbChannelSetTransactionQuota: stops", stops },
	{ "counters: VmbChannelPacketDeferToPassive: defers", defers },
	{ "counters: malformed packets by kind", malformed },
	{ "limits: a run takes no more packets than its budget", budget },
	{ "limits: no budget, no stop", no_budget },
	{ "limits: a run takes no longer than its time", time_limit },
	{ "limits: a thread goes on behind them", thread_goes_on },
};

const struct ktap_suite counters_suite = KTAP_SUITE("counters");
