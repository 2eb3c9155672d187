// SPDX-License-Identifier: GPL-2.0-only
/* The way in: delivery, its levels, deferral, quota, replies. Sections 5.4 to 5.7. */
#include "scene.h"

static struct host_packet seen;

TEST(packets_are_delivered_with_their_bytes)
{
	u8 data[64];
	u32 length;

	for (length = 0; length < sizeof(data); length++)
		data[length] = length;
	scene_client_open();
	for (length = 0; length <= sizeof(data); length++) {
		host_send(&host, data, length, 0);
		machine_settle();
		CHECK_EQ(driver.packets, length + 1);
		CHECK_EQ(driver.last_length, kmcl_round8(length));
		CHECK(!memcmp(driver.last, data, length));
	}
	scene_end();
}

TEST(a_batch_ends_with_one_call)
{
	unsigned int i;

	scene_client_open();
	VmbChannelPause(driver.channel);
	for (i = 0; i < 20; i++)
		host_send(&host, "x", 1, 0);
	machine_settle();
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 20);
	CHECK_EQ(driver.batches, 1);
	scene_end();
}

/* ---- what a batch sends ---- */

static u32 index_in[64];	/* what the peer sees of our ring in the callback of each packet */
static unsigned long ms_in_packet;

static void note_index(struct driver *d)
{
	index_in[d->packets - 1] = host.link->out.ctl->write_index;
	if (ms_in_packet)
		machine_take(ms_in_packet);
}

/* Packets that want a completion, delivered as one batch. Return: signals to the peer. */
static unsigned int echo_batch(unsigned int count, u32 length)
{
	static const u8 data[64];
	unsigned int i, before;

	driver.echo = true;
	driver.in_packet = note_index;
	VmbChannelPause(driver.channel);
	for (i = 1; i <= count; i++)
		host_send(&host, data, length, i);
	machine_settle();
	before = host.signals;
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, count);
	CHECK_EQ(driver.batches, 1);
	return host.signals - before;
}

TEST(what_a_batch_sends_is_published_at_its_end)
{
	scene_client_open();
	CHECK_EQ(echo_batch(20, 1), 1);
	CHECK_EQ(index_in[19], index_in[0]);
	CHECK_EQ(host_read_all(&host), 20);
	scene_end();
}

TEST(a_batch_that_sends_much_is_published_in_pieces)
{
	scene_client_open();
	CHECK_EQ(echo_batch(60, 0), 1);
	CHECK_EQ(index_in[31], index_in[0]);
	CHECK(index_in[32] != index_in[0]);
	CHECK_EQ(index_in[59], index_in[32]);
	CHECK_EQ(host_read_all(&host), 60);
	scene_end();
}

TEST(a_batch_that_sends_a_quarter_of_the_ring_is_published_in_between)
{
	scene_client_open();
	CHECK_EQ(echo_batch(20, 64), 1);
	CHECK_EQ(index_in[11], index_in[0]);
	CHECK(index_in[12] != index_in[0]);
	CHECK_EQ(host_read_all(&host), 20);
	scene_end();
}

TEST(a_batch_that_takes_long_is_published_in_between)
{
	scene_client_open();
	ms_in_packet = 1;
	CHECK_EQ(echo_batch(5, 1), 1);
	CHECK(index_in[2] != index_in[0]);
	CHECK_EQ(host_read_all(&host), 5);
	scene_end();
}

TEST(what_is_sent_at_passive_level_is_published_at_once)
{
	scene_client_open();
	VmbChannelSetIncomingProcessingAtPassive(driver.channel, TRUE);
	CHECK_EQ(echo_batch(5, 1), 1);
	CHECK(index_in[1] != index_in[0]);
	CHECK_EQ(host_read_all(&host), 5);
	scene_end();
}

TEST(what_others_send_publishes_what_a_batch_has_sent)
{
	unsigned int i;

	scene_client_open();
	CHECK_EQ(echo_batch(5, 1), 1);
	driver_send(&driver, "y", 1, 0);
	for (i = 0; i < 6; i++)
		CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.type, KMCL_PKT_DATA_INBAND);
	scene_end();
}

TEST(a_batch_that_fills_the_ring_asks_for_room_behind_all_that_it_has_sent)
{
	u8 large[64] = { };
	unsigned int i, read = 0;

	scene_client_open();
	driver.echo = true;
	VmbChannelPause(driver.channel);
	for (i = 0; i < 10; i++)
		driver_send(&driver, large, 64, 0);
	for (i = 1; !host_send(&host, large, 64, i); i++)
		;
	machine_settle();
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK(((struct kmcl_channel *)driver.channel)->tx.queued);
	while (read < i + 9) {
		unsigned int n = host_read_all(&host);

		CHECK(n);
		read += n;
		machine_settle();
	}
	CHECK_EQ(read, i + 9);
	scene_end();
}

static unsigned int read_inside;

static void read_in_the_last(struct driver *d)
{
	if (d->packets == 13)
		read_inside = host_read_all(&host);
}

/* What the peer knows of is too little to fill the ring: it would see no reason to signal room. */
TEST(a_peer_that_makes_room_inside_a_batch_signals_it)
{
	u8 data[64] = { };
	unsigned int i, read;

	scene_client_open();
	driver.echo = true;
	driver.in_packet = read_in_the_last;
	VmbChannelPause(driver.channel);
	for (i = 0; i < 35; i++)
		driver_send(&driver, data, sizeof(data), 0);
	for (i = 1; i <= 12; i++)
		host_send(&host, data, sizeof(data), i);
	host_send(&host, data, sizeof(data), 0);
	machine_settle();
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.batches, 1);
	read = read_inside + host_read_all(&host);
	machine_settle();
	read += host_read_all(&host);
	CHECK_EQ(read, 35 + 12);
	scene_end();
}

TEST(every_message_of_a_long_stream_comes_in_order)
{
	unsigned int sent = 0, expected = 0;
	u32 value;

	scene_client_open();
	while (expected < 5000) {
		while (!host_send(&host, &sent, sizeof(sent), 0))
			sent++;
		machine_settle();
		memcpy(&value, driver.last, sizeof(value));
		CHECK_EQ(value, sent - 1);
		CHECK_EQ(driver.packets, sent);
		expected = sent;
	}
	scene_end();
}

TEST(a_packet_that_wants_it_is_completed)
{
	scene_client_open();
	driver.echo = true;
	host_send(&host, "12345678", 8, 99);
	machine_settle();
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.type, KMCL_PKT_COMPLETION);
	CHECK_EQ(seen.desc.trans_id, 99);
	CHECK(!memcmp(seen.data, "12345678", 8));
	scene_end();
}

TEST(a_packet_that_does_not_want_it_is_not_completed)
{
	scene_client_open();
	driver.echo = true;
	host_send(&host, "12345678", 8, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(host_read(&host, &seen), 0);
	scene_end();
}

TEST(a_channel_without_callback_completes_for_its_driver)
{
	struct driver silent;

	scene_client();
	CHECK_EQ(VmbChannelAllocate(NULL, FALSE, &silent.channel), STATUS_SUCCESS);
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(silent.channel, (LPCGUID)&host_type, NULL, NULL),
		 STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(VmbChannelEnable(silent.channel), STATUS_SUCCESS);
	host_send(&host, "x", 1, 5);
	machine_settle();
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.trans_id, 5);
	CHECK_EQ(seen.length, 0);
	VmbChannelDisable(silent.channel);
	VmbChannelCleanup(silent.channel);
	scene_end();
}

TEST(packets_may_be_completed_later)
{
	unsigned int i;

	scene_client_open();
	driver.hold = true;
	for (i = 1; i <= 10; i++)
		host_send(&host, "x", 1, i);
	machine_settle();
	CHECK_EQ(driver.held_count, 10);
	driver_complete_held(&driver);
	for (i = 10; i; i--) {
		CHECK_EQ(host_read(&host, &seen), 1);
		CHECK_EQ(seen.desc.trans_id, i);
	}
	scene_end();
}

TEST(a_packet_is_completed_once)
{
	VMBPACKETCOMPLETION held;

	scene_client_open();
	driver.hold = true;
	host_send(&host, "x", 1, 3);
	machine_settle();
	held = driver.held[0];
	driver_complete_held(&driver);
	VmbChannelPacketComplete(held, NULL, 0);
	CHECK_EQ(host_read_all(&host), 1);
	scene_end_with(1);
}

TEST(what_is_no_packet_is_not_completed)
{
	u64 memory[64] = { };

	scene_client_open();
	VmbChannelPacketComplete(NULL, NULL, 0);
	VmbChannelPacketComplete((VMBPACKETCOMPLETION)memory, NULL, 0);
	scene_end_with(2);
}

static u8 long_reply[1024];

static void reply_too_long(struct driver *d)
{
	VMBPACKETCOMPLETION held = ((struct kmcl_channel *)d->channel)->rx.presenting ?
		(VMBPACKETCOMPLETION)((struct kmcl_channel *)d->channel)->rx.presenting : NULL;

	VmbChannelPacketComplete(held, long_reply, sizeof(long_reply));
}

TEST(a_reply_that_is_too_long_is_replaced_by_an_empty_one)
{
	scene_client_open();
	driver.in_packet = reply_too_long;
	driver.hold = true;
	host_send(&host, "x", 1, 3);
	machine_settle();
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.length, 0);
	driver.held_count = 0;
	scene_end_with(1);
}

TEST(replies_wait_for_room_in_order)
{
	unsigned int i, n;

	scene_client_open();
	driver.echo = true;
	for (n = 1; n <= 12; n++) {
		u8 data[504] = { n };

		host_send(&host, data, sizeof(data), n);
		machine_settle();
	}
	CHECK_EQ(driver.packets, 12);
	for (i = 1; i <= 12; i++) {
		CHECK_EQ(host_read(&host, &seen), 1);
		CHECK_EQ(seen.desc.trans_id, i);
		CHECK_EQ(seen.data[0], i);
		machine_settle();
	}
	scene_end();
}

TEST(a_peer_that_reads_no_replies_is_bounded)
{
	unsigned int taken;

	scene_client_open();
	for (taken = 1; taken < 3000; taken++) {
		if (host_send(&host, "x", 1, taken))
			break;
		machine_settle();
	}
	CHECK(driver.packets >= 1024);
	CHECK(driver.packets < 1400);
	CHECK(((struct kmcl_channel *)driver.channel)->tx.replies_queued <= 1024);
	/* It reads at last, and everything goes on. */
	while (driver.packets < taken - 1) {
		CHECK(host_read_all(&host));
		machine_settle();
	}
	scene_end();
}

/* ---- levels ---- */

static bool was_atomic;

static void note_level(struct driver *d)
{
	was_atomic = machine_is_atomic();
}

TEST(delivery_is_at_dispatch_level)
{
	scene_client_open();
	driver.in_packet = note_level;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK(was_atomic);
	scene_end();
}

TEST(delivery_is_at_passive_level_if_asked)
{
	scene_client_open();
	VmbChannelSetIncomingProcessingAtPassive(driver.channel, TRUE);
	driver.in_packet = note_level;
	was_atomic = true;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	CHECK(!was_atomic);
	scene_end();
}

static void ask_for_passive(struct driver *d)
{
	d->in_batch = NULL;
	VmbChannelSetIncomingProcessingAtPassive(d->channel, TRUE);
	host_send(&host, "y", 1, 0);
}

TEST(the_next_batch_is_at_passive_level_also_if_it_follows_at_once)
{
	scene_client_open();
	driver.in_packet = note_level;
	driver.in_batch = ask_for_passive;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	CHECK(!was_atomic);
	scene_end();
}

TEST(a_deferred_packet_comes_again_at_passive_level_before_others)
{
	scene_client_open();
	driver.in_packet = note_level;
	driver.defer = true;
	VmbChannelPause(driver.channel);
	host_send(&host, "first", 5, 0);
	host_send(&host, "second", 6, 0);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 3);
	CHECK(!memcmp(driver.last, "second", 6));
	scene_end();
}

TEST(a_deferred_packet_survives_a_pause_and_not_a_close)
{
	scene_client_open();
	driver.defer = true;
	VmbChannelPause(driver.channel);
	host_send(&host, "first", 5, 0);
	VmbChannelStart(driver.channel);
	VmbChannelPause(driver.channel);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	driver.defer = true;
	host_send(&host, "x", 1, 0);
	driver_disable(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	machine_settle();
	CHECK(driver.packets <= 3);
	scene_end();
}

TEST(deferring_and_failing_elsewhere_have_no_effect)
{
	scene_client_open();
	driver.hold = true;
	host_send(&host, "x", 1, 4);
	machine_settle();
	VmbChannelPacketDeferToPassive(driver.held[0]);
	VmbChannelPacketFail(driver.held[0]);
	VmbChannelPacketDeferToPassive(NULL);
	VmbChannelPacketFail(NULL);
	driver_complete_held(&driver);
	CHECK_EQ(host_read_all(&host), 1);
	scene_end_with(4);
}

/* ---- quota ---- */

TEST(a_quota_bounds_what_the_driver_holds)
{
	unsigned int i;

	scene_client_open();
	VmbChannelSetTransactionQuota(driver.channel, 3);
	driver.hold = true;
	for (i = 0; i < 10; i++)
		host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.held_count, 3);
	VmbChannelPacketComplete(driver.held[--driver.held_count], NULL, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 4);
	CHECK_EQ(driver.held_count, 3);
	driver.hold = false;
	driver_complete_held(&driver);
	machine_settle();
	CHECK_EQ(driver.packets, 10);
	scene_end();
}

TEST(completions_behind_a_blocked_packet_wait)
{
	scene_client_open();
	VmbChannelSetTransactionQuota(driver.channel, 1);
	driver.hold = true;
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	host_send(&host, "1", 1, 0);
	host_send(&host, "2", 1, 0);
	host_complete(&host, seen.desc.trans_id, NULL, 0);
	machine_settle();
	CHECK_EQ(driver.completed, 0);
	driver.hold = false;
	driver_complete_held(&driver);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	scene_end();
}

TEST(a_quota_of_zero_changes_nothing)
{
	scene_client_open();
	VmbChannelSetTransactionQuota(driver.channel, 0);
	host_send(&host, "1", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	scene_end_with(1);
}

TEST(a_server_has_a_quota_from_the_start)
{
	struct kmcl_channel *ch;

	scene_server_open();
	ch = (struct kmcl_channel *)driver.channel;
	CHECK_EQ(ch->rx.quota, 1024);
	scene_end();
}

/* ---- long batches, storms, late looks ---- */

TEST(a_long_batch_gives_way_and_goes_on)
{
	unsigned int i;

	scene_client();
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(driver.channel, 8, 1), STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelPause(driver.channel);
	for (i = 0; i < 600; i++)
		CHECK_EQ(host_send(&host, "x", 1, 0), 0);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 600);
	CHECK(driver.batches >= 3);
	scene_end();
}

static void take_time(struct driver *d)
{
	machine_take(5);
}

TEST(a_batch_that_takes_long_gives_way_and_goes_on)
{
	unsigned int i;

	scene_client_open();
	driver.in_packet = take_time;
	VmbChannelPause(driver.channel);
	for (i = 0; i < 6; i++)
		CHECK_EQ(host_send(&host, "x", 1, 0), 0);
	host_signal_now(&host);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 6);
	/* 8 ms are over with the second of three batches, at latest. */
	CHECK(driver.batches >= 3);
	scene_end();
}

TEST(a_peer_that_waits_for_room_is_signalled)
{
	unsigned int before, sent = 0;

	scene_client_open();
	VmbChannelPause(driver.channel);
	while (!host_send(&host, "12345678", 8, 0))
		sent++;
	host.to_guest.ctl->pending_send_sz = 2048;
	before = host.signals;
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, sent);
	CHECK_EQ(host.signals, before + 1);
	scene_end();
}

static bool spoilt;

/* When the guest has found nothing more and has asked to be signalled again; for one look. */
static void spoil_the_index(void)
{
	if (spoilt)
		host.to_guest.ctl->write_index = host.to_guest.published;
	if (spoilt || !driver.batches || host.to_guest.ctl->interrupt_mask)
		return;
	host.to_guest.ctl->write_index = 4;
	spoilt = true;
}

TEST(an_index_that_is_spoilt_at_the_last_look_fails_the_channel)
{
	scene_client_open();
	machine_hook = spoil_the_index;
	host_send(&host, "x", 1, 0);
	machine_settle();
	machine_hook = NULL;
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(scene_count(KMCL_BAD_INDEX), 1);
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	scene_end();
}

TEST(signals_without_data_do_nothing)
{
	unsigned int i;

	scene_client_open();
	for (i = 0; i < 1000; i++)
		host_signal_now(&host);
	CHECK_EQ(driver.packets, 0);
	CHECK_EQ(driver.batches, 0);
	CHECK_EQ(machine_log_lines, 0);
	scene_end();
}

static void disable_task(void *unused)
{
	driver_disable(&driver);
}

TEST(closing_waits_for_packets_that_the_driver_has)
{
	struct task_struct *task;

	scene_client_open();
	driver.hold = true;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.held_count, 1);
	driver.held_count = 0;
	task = machine_start("disable", disable_task, NULL);
	machine_settle();
	CHECK_LOG("suspend ");
	VmbChannelPacketComplete(driver.held[0], NULL, 0);
	machine_join(task);
	CHECK_LOG("suspend closed ");
	scene_end();
}

static void send_more(struct driver *d)
{
	if (d->packets < 50)
		host_send(&host, "more", 4, 0);
}

TEST(what_comes_while_delivery_runs_is_delivered)
{
	scene_client_open();
	driver.in_packet = send_more;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 50);
	scene_end();
}

TEST(no_memory_for_a_packet_delays_it)
{
	scene_client_open();
	driver.hold = true;
	host_send(&host, "1", 1, 0);
	machine_settle();
	machine_fail_alloc = 1;
	host_send(&host, "2", 1, 0);
	machine_settle();
	CHECK(machine_alloc_failed);
	CHECK_EQ(driver.packets, 1);
	driver_complete_held(&driver);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	scene_end();
}

/* The object is in the queue, as a reply that the peer has no room for and forgets to ask for. */
TEST(no_memory_for_a_packet_delays_it_until_a_reply_is_sent)
{
	u8 data[504] = { };
	unsigned int i;

	scene_client_open();
	for (i = 0; i < 7; i++)
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	driver.echo = true;
	host_send(&host, data, sizeof(data), 1);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	machine_fail_alloc = 1;
	host_send(&host, "2", 1, 0);
	machine_settle();
	CHECK(machine_alloc_failed);
	CHECK_EQ(driver.packets, 1);
	host.forget_room = true;
	CHECK_EQ(host_read_all(&host), 7);
	machine_pass(2000);
	CHECK_EQ(driver.packets, 2);
	scene_end();
}

/* ---- pipes ---- */

static void open_pipe(void)
{
	scene_client();
	CHECK_EQ(VmbChannelInitSetFlags(driver.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		 STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
}

static void send_pipe(u32 type, u32 size, u32 bytes)
{
	struct {
		struct kmcl_pipe_header header;
		u8 data[64];
	} message = { .header = { .type = type, .size = size }, .data = "abcdefgh" };

	host_send(&host, &message, bytes, 0);
	machine_settle();
}

TEST(a_pipe_message_has_its_exact_length)
{
	open_pipe();
	send_pipe(KMCL_PIPE_DATA, 3, 16);
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(driver.last_length, 3);
	CHECK(!memcmp(driver.last, "abc", 3));
	send_pipe(KMCL_PIPE_PARTIAL, 8, 16);
	CHECK_EQ(driver.last_length, 8);
	send_pipe(KMCL_PIPE_DATA, 0, 8);
	CHECK_EQ(driver.packets, 3);
	CHECK_EQ(driver.last_length, 0);
	scene_end();
}

static void check_bad_pipe(u32 type, u32 size, u32 bytes)
{
	open_pipe();
	send_pipe(type, size, bytes);
	CHECK_EQ(driver.packets, 0);
	CHECK_EQ(scene_count(KMCL_BAD_PIPE), 1);
	send_pipe(KMCL_PIPE_DATA, 8, 16);
	CHECK_EQ(driver.packets, 0);
	scene_end();
}

TEST(a_pipe_header_of_an_unknown_type)		{ check_bad_pipe(3, 8, 16); }
TEST(a_pipe_header_of_type_0)			{ check_bad_pipe(0, 8, 16); }
TEST(a_pipe_header_with_more_than_there_is)	{ check_bad_pipe(1, 9, 16); }
TEST(a_pipe_header_with_the_largest_size)	{ check_bad_pipe(1, 0xffffffff, 16); }
TEST(a_pipe_packet_without_a_header)		{ check_bad_pipe(1, 0, 0); }
