// SPDX-License-Identifier: GPL-2.0-only
/* Everything at once, for a few seconds: spec 3.3. */
#include <linux/kthread.h>
#include <linux/random.h>

#include "channel.h"
#include "client.h"
#include "suites.h"

#define STRESS_MS	3000

/* Packets that a sender has under way: what a stalled host leaves behind fits into any memory. */
#define MOST_OPEN	2000

static u32 any(u32 below)
{
	return get_random_u32() % below;
}

static bool runs_out(struct client *c)
{
	cond_resched();
	return !READ_ONCE(c->number);
}

static void senders(struct client *c)
{
	while (!runs_out(c)) {
		if (atomic_read(&c->accepted) - atomic_read(&c->completed) < MOST_OPEN)
			client_send_number(c, any(1000), any(3) ? 0 : WAIT_FLAG);
		if (!any(16))
			usleep_range(50, 200);
	}
}

static void requesters(struct client *c)
{
	LARGE_INTEGER timeout;
	u64 value, answer;
	u32 size;

	while (!runs_out(c)) {
		value = any(1000);
		size = sizeof(answer);
		/* Never 0: with WAIT_FLAG that waits without limit, and not all is answered. */
		timeout.QuadPart = -1 - (s64)any(100000);
		VmbChannelSendSynchronousRequest(c->channel, &value, sizeof(value), NULL,
						 any(2) ? WAIT_FLAG : 0, &answer, &size, &timeout);
	}
}

/* Answers most requests, sends packets, forgets signals now and then. */
static void host(struct client *c)
{
	struct host_packet packet;

	while (!runs_out(c)) {
		if (testbus_read(c->dev, &packet) > 0) {
			if (packet.desc.type == KMCL_PKT_DATA_INBAND && packet.desc.flags && any(8))
				testbus_complete(c->dev, packet.desc.trans_id, packet.data, 8);
		} else {
			usleep_range(50, 100);
		}
		if (!any(4))
			testbus_send(c->dev, packet.data, 8, any(2) ? any(99) + 1 : 0);
		if (!any(16))
			testbus_signal(c->dev);
		c->dev->forget_room = any(2);
		c->dev->softirq = any(2);
	}
}

static void pausers(struct client *c)
{
	while (!runs_out(c)) {
		usleep_range(500, 3000);
		VmbChannelPause(c->channel);
		VmbChannelStart(c->channel);
		VmbChannelSetTransactionQuota(c->channel, 1 + any(20));
		VmbChannelSetIncomingProcessingAtPassive(c->channel, any(2));
	}
}

static void enablers(struct client *c)
{
	while (!runs_out(c)) {
		usleep_range(1000, 5000);
		if (!any(3))
			VmbChannelDisable(c->channel);
		if (!VmbChannelEnable(c->channel))
			c->expected++;
	}
}

static void rescinders(struct client *c)
{
	while (!runs_out(c)) {
		msleep(any(20));
		testbus_rescind(c->dev);
		while (testbus_is_claimed(c->dev) && !runs_out(c))
			usleep_range(100, 300);
		if (!runs_out(c))
			testbus_offer(c->dev);
	}
}

static void defer_some(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (in_interrupt() && !any(4))
		VmbChannelPacketDeferToPassive(packet);
	else
		VmbChannelPacketComplete(packet, buffer, any(2) ? length : 0);
}

static void run(struct ktap *t, struct client *c, void (* const *parts)(struct client *),
		unsigned int count)
{
	struct background *threads = kcalloc(count, sizeof(*threads), GFP_KERNEL);
	unsigned int i;

	c->on_packet = defer_some;
	channel_of(c)->rx.time_ms = 1;
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	c->number = 1;
	for (i = 0; i < count; i++)
		background_start(&threads[i], c, parts[i]);
	msleep(STRESS_MS);
	/* A machine may have stood still all the time. */
	CHECK_SOON(t, atomic_read(&c->completed) > atomic_read(&c->removed) && c->packets);
	WRITE_ONCE(c->number, 0);
	for (i = 0; i < count; i++)
		if (!CHECK(t, background_ends(&threads[i], 120000)))
			seq_printf(t->out, "# thread %u hangs\n", i);
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, atomic_read(&c->completed), atomic_read(&c->accepted));
	CHECK(t, !c->overlap && !c->bad_order && !c->empty_batch);
	seq_printf(t->out, "# %d packets sent, %d of them removed, %u received, %llu enables\n",
		   atomic_read(&c->completed), atomic_read(&c->removed), c->packets, c->expected);
	kfree(threads);
}

static void traffic(struct ktap *t, struct client *c)
{
	static void (* const parts[])(struct client *) = { senders, senders, senders, host, host };

	run(t, c, parts, ARRAY_SIZE(parts));
}

static void with_pauses(struct ktap *t, struct client *c)
{
	static void (* const parts[])(struct client *) = {
		senders, requesters, requesters, host, pausers, pausers
	};

	run(t, c, parts, ARRAY_SIZE(parts));
}

static void with_everything(struct ktap *t, struct client *c)
{
	static void (* const parts[])(struct client *) = {
		senders, senders, requesters, requesters, host, pausers, enablers, rescinders
	};

	run(t, c, parts, ARRAY_SIZE(parts));
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend, VmbChannelPacketComplete: N3 many senders, two hosts", traffic },
	{ "VmbChannelPause, VmbChannelStart, VmbChannelSendSynchronousRequest: N3 in traffic",
	  with_pauses },
	{ "VmbChannelEnable, VmbChannelDisable, VmbChannelSendSynchronousRequest: "
	  "N3 rescinds in traffic",
	  with_everything },
};

const struct ktap_suite stress_suite = KTAP_SUITE("stress");
