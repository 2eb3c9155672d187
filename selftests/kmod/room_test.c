// SPDX-License-Identifier: GPL-2.0-only
/* A full ring: queueing, waking up, corrupt indices. Spec 5.1, 5.4, 5.5, 12.3. */
#include "channel.h"
#include "client.h"
#include "suites.h"

static void open_small(struct client *c)
{
	VmbClientChannelInitSetRingBufferPageCount(c->channel, 1, 1);
	client_open(c);
}

static void queued_in_order(struct ktap *t, struct client *c)
{
	unsigned int n;

	open_small(c);
	n = client_fill_ring(c, 0);
	/* 4096 bytes, 32 a packet, never full: 127. */
	CHECK_EQUAL(t, atomic_read(&c->completed), 127);
	CHECK_EQUAL(t, n, 127 + 8);
	CHECK_EQUAL(t, testbus_from_guest_ctl(c->dev)->pending_send_sz, 32);
	CHECK(t, client_host_gets_numbers(c, 0, n));
	CHECK_SOON(t, atomic_read(&c->completed) == n);
	CHECK_SOON(t, testbus_from_guest_ctl(c->dev)->pending_send_sz == 0);
}

static void no_loss(struct ktap *t, struct client *c)
{
	u64 sent = 0, got = 0;
	struct host_packet packet;

	open_small(c);
	while (got < 5000) {
		unsigned int burst = 1 + sent % 61;

		while (burst-- && sent < 5000 && sent - got < 400) {
			CHECK_STATUS(t, client_send_number(c, sent, 0), STATUS_SUCCESS);
			sent++;
		}
		burst = 1 + got % 37;
		while (burst-- && got < sent) {
			if (!CHECK(t, client_host_gets(c, &packet)) ||
			    !CHECK_EQUAL(t, *(u64 *)packet.data, got))
				return;
			got++;
		}
	}
	CHECK_SOON(t, atomic_read(&c->completed) == 5000);
}

static void no_overtaking(struct ktap *t, struct client *c)
{
	unsigned int n;

	open_small(c);
	c->dev->forget_room = true;
	n = client_fill_ring(c, 0);
	/* There is room now, but those that wait come first. */
	CHECK(t, client_host_gets_numbers(c, 0, 10));
	CHECK_STATUS(t, client_send_number(c, n, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, n + 1, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 10, n + 2 - 10));
}

static void forgetful_host(struct ktap *t, struct client *c)
{
	unsigned int n;

	open_small(c);
	c->dev->forget_room = true;
	n = client_fill_ring(c, 0);
	msleep(300);
	CHECK(t, client_host_gets_numbers(c, 0, n));
	CHECK_SOON(t, atomic_read(&c->completed) == n);
}

/* Other events on the channel are an occasion to look. Here is no timer that would do it. */
static void looks_when_signalled(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int i;

	open_small(c);
	c->dev->forget_room = true;
	client_fill_ring(c, 0);
	cancel_delayed_work_sync(&channel_of(c)->tx.retry);
	for (i = 0; i < 100; i++)
		testbus_read(c->dev, &packet);
	client_host_send(c, 1);
	/* The host's signal has run in this thread. */
	CHECK_EQUAL(t, atomic_read(&c->completed), atomic_read(&c->accepted));
}

/* No busy polling: each look at a full ring announces the wanted size anew. */
static void rarely(struct ktap *t, struct client *c)
{
	struct kmcl_ring_ctl *ctl;
	ktime_t start = ktime_get();
	unsigned int looks;
	s64 took;

	open_small(c);
	client_fill_ring(c, 0);
	ctl = testbus_from_guest_ctl(c->dev);
	for (looks = 0; looks < 9; looks++) {
		if (!CHECK_SOON(t, READ_ONCE(ctl->pending_send_sz)))
			return;
		WRITE_ONCE(ctl->pending_send_sz, 0);
	}
	/* The first was announced by a send; then after 10, 20, 40 ... 1000 ms. */
	took = ktime_ms_delta(ktime_get(), start);
	if (!CHECK(t, took >= 1000))
		seq_printf(t->out, "# %u looks in %lld ms\n", looks, took);
}

/* Room for a small packet is not room for a large one: the signal comes when it is. */
static void wanted_size(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	u8 *data = kzalloc(2048, GFP_KERNEL);
	unsigned int i;

	open_small(c);
	while (atomic_read(&c->accepted) < 127)
		client_send_number(c, atomic_read(&c->accepted), 0);
	CHECK_STATUS(t, client_send(c, data, 2048, 0), STATUS_SUCCESS);
	CHECK_EQUAL(t, testbus_from_guest_ctl(c->dev)->pending_send_sz, 2048 + 24);
	for (i = 0; i < 60; i++)
		CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, atomic_read(&c->completed), 127);
	for (i = 0; i < 10; i++)
		CHECK(t, client_host_gets(c, &packet));
	CHECK_SOON(t, atomic_read(&c->completed) == 128);
	kfree(data);
}

static void with_completions(struct ktap *t, struct client *c)
{
	struct host_packet packet;
	unsigned int n, i;

	open_small(c);
	n = client_fill_ring(c, WAIT_FLAG);
	CHECK_EQUAL(t, atomic_read(&c->completed), 0);
	for (i = 0; i < n; i++) {
		if (!CHECK(t, client_host_gets(c, &packet)) ||
		    !CHECK_EQUAL(t, *(u64 *)packet.data, i))
			return;
		CHECK(t, packet.desc.trans_id);
		testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	}
	CHECK_SOON(t, atomic_read(&c->completed) == n);
}

static void corrupt(struct ktap *t, struct client *c, u32 index)
{
	unsigned int n;

	open_small(c);
	n = client_fill_ring(c, 0);
	WRITE_ONCE(testbus_from_guest_ctl(c->dev)->read_index, index);
	testbus_signal(c->dev);
	CHECK_STATUS(t, client_send_number(c, n, 0), STATUS_FILE_CORRUPT_ERROR);
	CHECK_EQUAL(t, atomic_read(&c->completed), 127);

	/* N15: those already queued stay queued until the close. */
	WRITE_ONCE(testbus_from_guest_ctl(c->dev)->read_index, 0);
	CHECK_STAYS(t, 50, atomic_read(&c->completed) == 127);
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, atomic_read(&c->removed), 8);

	client_forget(c);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, 3, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 3, 1));
}

static void corrupt_large(struct ktap *t, struct client *c)
{
	corrupt(t, c, 4096);
}

static void corrupt_odd(struct ktap *t, struct client *c)
{
	corrupt(t, c, 12);
}

/* The send that finds the corruption is told; it may be the first one. */
static void corrupt_found_by_send(struct ktap *t, struct client *c)
{
	NTSTATUS status = STATUS_SUCCESS;
	unsigned int n;

	open_small(c);
	WRITE_ONCE(testbus_from_guest_ctl(c->dev)->read_index, 0xffffffff);
	for (n = 0; n < 200 && !status; n++)
		status = client_send_number(c, n, 0);
	CHECK_STATUS(t, status, STATUS_FILE_CORRUPT_ERROR);
	CHECK_EQUAL(t, n, 128);
}

/* What the host does to the sender's own index is of no consequence. */
static void own_index(struct ktap *t, struct client *c)
{
	open_small(c);
	WRITE_ONCE(testbus_from_guest_ctl(c->dev)->write_index, 0x777);
	CHECK_STATUS(t, client_send_number(c, 0, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, client_send_number(c, 1, 0), STATUS_SUCCESS);
	CHECK(t, client_host_gets_numbers(c, 0, 2));
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend: 5.1 a full ring queues, in order", queued_in_order },
	{ "VmbPacketSend: 5.1 5000 packets through a small ring", no_loss },
	{ "VmbPacketSend: Q20 nothing overtakes the queue", no_overtaking },
	{ "VmbPacketSend: 5.4 no stall when the host forgets its wake-up", forgetful_host },
	{ "VmbPacketSend: 5.4 looks again at any signal", looks_when_signalled },
	{ "VmbPacketSend: 5.4 no busy polling", rarely },
	{ "VmbPacketSend: 5.4 the wanted size is announced", wanted_size },
	{ "VmbPacketSend: 5.1 queued packets with completion", with_completions },
	{ "VmbPacketSend: N15 read index beyond the ring", corrupt_large },
	{ "VmbPacketSend: N15 read index not a multiple of 8", corrupt_odd },
	{ "VmbPacketSend: N1 the send that finds the corruption", corrupt_found_by_send },
	{ "VmbPacketSend: 12.3 the host writes our own index", own_index },
};

const struct ktap_suite room_suite = KTAP_SUITE("room");
