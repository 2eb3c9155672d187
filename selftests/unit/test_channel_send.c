// SPDX-License-Identifier: GPL-2.0-only
/* The way out: sections 5.1 to 5.3 of the specification. The test is the peer. */
#include "scene.h"

static struct host_packet seen;

static struct kmcl_channel *channel(void)
{
	return (struct kmcl_channel *)driver.channel;
}

static void check_sent(const char *text)
{
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.type, KMCL_PKT_DATA_INBAND);
	CHECK_EQ(seen.length, kmcl_round8(strlen(text)));
	CHECK(!memcmp(seen.data, text, strlen(text)));
}

TEST(a_packet_goes_into_the_ring)
{
	scene_client_open();
	CHECK_EQ(driver_send(&driver, "hello", 5, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 1);
	CHECK_EQ(driver.last_status, STATUS_SUCCESS);
	CHECK_EQ(host.signals, 1);
	check_sent("hello");
	CHECK_EQ(seen.desc.flags, 0);
	CHECK_EQ(seen.desc.trans_id, 0);
	CHECK_EQ(host_read(&host, &seen), 0);
	scene_end();
}

TEST(padding_is_zero)
{
	unsigned int length, i;
	u8 data[512];

	memset(data, 0xff, sizeof(data));
	scene_client_open();
	/* Once around: no byte of the ring is 0 by itself. */
	for (i = 0; i < 16; i++) {
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
		CHECK_EQ(host_read(&host, &seen), 1);
	}
	for (length = 0; length <= 16; length++) {
		CHECK_EQ(driver_send(&driver, data, length, 0), STATUS_SUCCESS);
		CHECK_EQ(host_read(&host, &seen), 1);
		for (i = length; i < seen.length; i++)
			CHECK_EQ(seen.data[i], 0);
	}
	scene_end();
}

TEST(a_transaction_completes_with_its_reply)
{
	scene_client_open();
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	check_sent("ask");
	CHECK_EQ(seen.desc.flags, KMCL_DESC_FLAG_COMPLETION_REQUESTED);
	CHECK_EQ(driver.completed, 0);
	host_complete(&host, seen.desc.trans_id, "answer", 6);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	CHECK_EQ(driver.last_status, STATUS_SUCCESS);
	CHECK_EQ(driver.last_completion, 8);
	scene_end();
}

TEST(transactions_complete_in_any_order)
{
	u64 ids[5];
	int i;

	scene_client_open();
	for (i = 0; i < 5; i++) {
		CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
		check_sent("x");
		ids[i] = seen.desc.trans_id;
	}
	for (i = 0; i < 5; i++) {
		host_complete(&host, ids[(i * 3) % 5], NULL, 0);
		machine_settle();
		CHECK_EQ(driver.completed, i + 1);
	}
	scene_end();
}

TEST(a_reply_above_the_maximum_is_told_to_its_sender_only)
{
	u8 large[600] = { };

	scene_client_open();
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	check_sent("ask");
	host_complete(&host, seen.desc.trans_id, large, sizeof(large));
	machine_settle();
	CHECK_EQ(driver.last_status, STATUS_BUFFER_TOO_SMALL);
	CHECK_EQ(driver.last_completion, 0);
	CHECK_EQ(scene_count(KMCL_COUNT_OVERSIZE_COMPLETION), 1);
	host_send(&host, "1", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	scene_end();
}

TEST(sends_before_the_open_wait_in_order)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "one", 3, 0), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "two", 3, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 0);
	host_offer(&host);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	check_sent("one");
	check_sent("two");
	CHECK(seen.desc.trans_id);
	scene_end();
	CHECK_EQ(driver.completed, 2);
}

TEST(a_disabled_channel_refuses)
{
	scene_client();
	CHECK_EQ(driver_send(&driver, "x", 1, 0), STATUS_INVALID_DEVICE_STATE);
	CHECK_EQ(driver.completed, 0);
	scene_end();
}

static unsigned int fill_ring(void)
{
	unsigned int before = driver.completed, n = 0;
	u8 data[512] = { };

	do {
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
		n++;
	} while (driver.completed - before == n);
	return n;
}

TEST(a_full_ring_queues_and_goes_on_with_room)
{
	unsigned int n;

	scene_client_open();
	n = fill_ring();
	CHECK_EQ(n, 8);
	CHECK_EQ(driver.completed, 7);
	CHECK_EQ(host_read(&host, &seen), 1);
	machine_settle();
	CHECK_EQ(driver.completed, 8);
	CHECK_EQ(host_read_all(&host), 7);
	scene_end();
}

TEST(nothing_overtakes_the_queue)
{
	unsigned int n;

	scene_client_open();
	n = fill_ring();
	CHECK_EQ(driver_send(&driver, "small", 5, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, n - 1);
	while (n--) {
		CHECK_EQ(host_read(&host, &seen), 1);
		CHECK_EQ(seen.length, 512);
		machine_settle();
	}
	check_sent("small");
	scene_end();
}

TEST(a_host_that_forgets_to_signal_room_is_survived)
{
	scene_client_open();
	host.forget_room = true;
	fill_ring();
	host_read_all(&host);
	machine_settle();
	CHECK_EQ(driver.completed, 7);
	machine_pass(2000);
	CHECK_EQ(driver.completed, 8);
	scene_end();
}

TEST(the_retry_timer_backs_off)
{
	unsigned int n;

	scene_client_open();
	host.forget_room = true;
	n = fill_ring();
	machine_pass(60000);
	CHECK_EQ(driver.completed, n - 1);
	host_read_all(&host);
	/* Once a second by now: it was not long ago, and will be within a second. */
	machine_pass(100);
	CHECK_EQ(driver.completed, n - 1);
	machine_pass(901);
	CHECK_EQ(driver.completed, n);
	scene_end();
}

TEST(a_closing_channel_completes_what_is_queued)
{
	unsigned int n;

	scene_client_open();
	n = fill_ring();
	CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	driver_disable(&driver);
	CHECK_EQ(driver.completed, n + 1);
	CHECK_EQ(driver.removed, 2);
	scene_end();
}

TEST(a_closing_channel_completes_what_is_on_the_wire)
{
	scene_client_open();
	CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "y", 1, WAIT_FLAG), STATUS_SUCCESS);
	host_rescind(&host);
	machine_settle();
	CHECK_EQ(driver.removed, 2);
	CHECK_LOG("suspend closed ");
	scene_end();
}

TEST(many_transactions_make_the_table_grow)
{
	struct kmcl_channel *ch;
	unsigned int i;

	scene_client_open();
	ch = (struct kmcl_channel *)driver.channel;
	for (i = 0; i < 400; i++) {
		CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
		host_read_all(&host);
		machine_settle();
	}
	CHECK(ch->tx.ids.bits > KMCL_IDS_INLINE_BITS);
	CHECK_EQ(ch->tx.ids.count, 400);
	driver_disable(&driver);
	CHECK_EQ(driver.removed, 400);
	scene_end();
}

/* ---- packets ---- */

static VMBPACKET packet;
static unsigned int again;

static void send_again(struct driver *d, VMBPACKET done)
{
	if (!again--)
		VmbPacketFree(done);
	else
		CHECK_EQ(VmbPacketSend(done, "again", 5, NULL, 0), STATUS_SUCCESS);
}

TEST(a_routine_may_send_its_packet_and_the_stack_does_not_grow)
{
	unsigned int max = 2000;

	scene_client_open();
	again = max;
	driver.in_routine = send_again;
	CHECK_EQ(driver_send(&driver, "x", 1, 0), STATUS_SUCCESS);
	while (driver.completed <= max) {
		host_read_all(&host);
		machine_settle();
	}
	CHECK_EQ(driver.completed, max + 1);
	scene_end();
}

TEST(a_packet_in_flight_is_left_alone)
{
	scene_client_open();
	packet = driver_packet(&driver);
	CHECK_EQ(VmbPacketSend(packet, "x", 1, NULL, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(VmbPacketSend(packet, "y", 1, NULL, 0), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketFree(packet);
	VmbPacketSetCompletionRoutine(packet, NULL);
	VmbPacketSetCompletionRoutine(packet, (PFN_VMB_PACKET_COMPLETION_ROUTINE)(uintptr_t)8);
	scene_end_with(3);
	CHECK_EQ(driver.completed, 1);
}

TEST(a_packet_that_was_freed_is_refused)
{
	scene_client_open();
	packet = driver_packet(&driver);
	VmbPacketFree(packet);
	CHECK_EQ(VmbPacketSend(packet, "x", 1, NULL, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbPacketSendWithExternalMdl(packet, "x", 1, NULL, 0, 0, 0),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, NULL, 0, 0),
		 STATUS_INVALID_PARAMETER_1);
	VmbPacketFree(packet);
	CHECK(!VmbPacketGetPointer(packet));
	CHECK(!VmbPacketGetChannel(packet));
	scene_end_with(3);
}

TEST(packets_are_freed_by_default)
{
	scene_client_open();
	packet = VmbPacketAllocate(driver.channel);
	CHECK_EQ(VmbPacketSend(packet, "x", 1, NULL, 0), STATUS_SUCCESS);
	packet = VmbPacketAllocate(driver.channel);
	CHECK_EQ(VmbPacketSend(packet, "x", 1, NULL, WAIT_FLAG), STATUS_SUCCESS);
	scene_end();
}

TEST(memory_of_the_drivers_is_a_packet)
{
	UINT32 size;
	void *memory;

	scene_client_open();
	size = VmbChannelSizeofPacket(driver.channel);
	memory = malloc(size + 8);
	CHECK_EQ(VmbPacketInitialize(driver.channel, memory, size - 1), STATUS_INVALID_PARAMETER_3);
	CHECK_EQ(VmbPacketInitialize(driver.channel, memory + 4, size), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbPacketInitialize(driver.channel, NULL, size), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbPacketInitialize(NULL, memory, size), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbPacketInitialize(driver.channel, memory, size), STATUS_SUCCESS);
	packet = memory;
	CHECK_EQ(VmbPacketSend(packet, "x", 1, NULL, 0), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketFree(packet);
	scene_end_with(1);
	free(memory);
}

/* The driver's memory does not hold the sizes where they are, as packets from the library do. */
TEST(memory_of_the_drivers_can_be_too_little_later)
{
	struct {
		MDL mdl;
		PFN_NUMBER pfns[256];
	} external = { };
	u8 data[1024] = { };
	void *memory;
	UINT32 size;

	scene_client();
	size = VmbChannelSizeofPacket(driver.channel);
	memory = malloc(size);
	CHECK_EQ(VmbPacketInitialize(driver.channel, memory, size), STATUS_SUCCESS);
	VmbPacketSetCompletionRoutine(memory, kmcl_packet_free_routine);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 1024), STATUS_SUCCESS);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(driver.channel, 1 << 20, 16), STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(VmbPacketSend(memory, data, sizeof(data), NULL, 0), STATUS_INVALID_PARAMETER);
	MmInitializeMdl(&external.mdl, NULL, sizeof(external.pfns) / sizeof(PFN_NUMBER) * 4096);
	CHECK_EQ(VmbPacketSend(memory, data, 512, &external.mdl, WAIT_FLAG),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(host_read(&host, &seen), 0);
	scene_end();
	free(memory);
}

static VMBPACKET burst[5000];

/* So many packets at once, then none. */
static void do_burst(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		CHECK((burst[i] = driver_packet(&driver)));
	while (n)
		VmbPacketFree(burst[--n]);
}

static int packets_in_memory(void)
{
	return atomic_read(&kmcl_objects[KMCL_OBJECT_PACKET]);
}

TEST(idle_packets_are_kept_up_to_a_limit)
{
	scene_client();
	do_burst(200);
	CHECK_EQ(packets_in_memory(), 200);
	machine_pass(999);
	CHECK_EQ(packets_in_memory(), 200);
	machine_pass(1);
	CHECK_EQ(packets_in_memory(), 128);
	machine_pass(100000);
	CHECK_EQ(packets_in_memory(), 128);
	CHECK(driver_packet(&driver));
	CHECK_EQ(packets_in_memory(), 128);
	scene_end_with(1);
}

TEST(packets_of_a_burst_are_kept_while_they_are_used_again)
{
	unsigned int i;

	scene_client();
	for (i = 0; i < 5; i++) {
		do_burst(200);
		machine_pass(600);
		CHECK_EQ(packets_in_memory(), 200);
	}
	/* One is parked, 199 are on the list, and 40 of these are not wanted any more. */
	for (i = 0; i < 2; i++) {
		do_burst(160);
		machine_pass(1000);
	}
	CHECK_EQ(packets_in_memory(), 160);
	machine_pass(2000);
	CHECK_EQ(packets_in_memory(), 128);
	scene_end();
}

TEST(a_burst_is_kept_up_to_a_limit)
{
	scene_client();
	do_burst(5000);
	CHECK_EQ(packets_in_memory(), 4096);
	scene_end();
	CHECK_EQ(packets_in_memory(), 0);
}

TEST(what_a_long_burst_has_left_is_freed)
{
	scene_client();
	do_burst(2000);
	machine_pass(1000);
	CHECK_EQ(packets_in_memory(), 2000 - 128);
	machine_pass(1000);
	CHECK_EQ(packets_in_memory(), 128);
	scene_end();
}

TEST(packets_of_another_size_count_anew)
{
	scene_client();
	do_burst(200);
	machine_pass(500);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 100), STATUS_SUCCESS);
	CHECK_EQ(packets_in_memory(), 0);
	do_burst(200);
	machine_pass(500);
	CHECK_EQ(packets_in_memory(), 200);
	machine_pass(1000);
	CHECK_EQ(packets_in_memory(), 128);
	scene_end();
}

/* ---- arguments ---- */

TEST(sizes_and_flags_are_checked)
{
	u8 data[520] = { };

	scene_client_open();
	CHECK_EQ(driver_send(&driver, data, 512, 0), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, data, 513, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(driver_send(&driver, NULL, 1, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(driver_send(&driver, NULL, 0, 0), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, data, 1, 0x80000000), STATUS_INVALID_PARAMETER);
	CHECK_EQ(driver_send(&driver, data, 1, 0x18), STATUS_SUCCESS);
	scene_end();
}

TEST(a_message_that_can_never_fit_the_ring_is_refused)
{
	u8 data[4096] = { };

	scene_client();
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 4096), STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	/* A page holds 4096 - 8 bytes, with descriptor and trailer: never full. */
	CHECK_EQ(driver_send(&driver, data, 4096 - 32 + 1, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(driver_send(&driver, data, 4096 - 32, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 1);
	scene_end();
}

TEST(what_no_packet_can_hold_is_refused)
{
	static u8 data[KMCL_MESSAGE_MAX];
	struct {
		MDL mdl;
		PFN_NUMBER pfn;
	} external = { };
	VMBPACKET packet;

	scene_client();
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, sizeof(data)), STATUS_SUCCESS);
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(driver.channel, 1, 200),
		 STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	MmInitializeMdl(&external.mdl, NULL, 100);
	packet = driver_packet(&driver);
	CHECK_EQ(VmbPacketSend(packet, data, sizeof(data), &external.mdl, WAIT_FLAG),
		 STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	scene_end();
}

TEST(a_corrupt_read_index_stops_sends_and_only_them)
{
	static const u32 lies[] = { 4096, 4100, 1, 4095, 0xfffffff8, 0x80000000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		int before = scene_count(KMCL_BAD_INDEX);

		scene_client_open();
		host.from_guest.ctl->read_index = lies[i];
		while (driver_send(&driver, "12345678", 8, 0) == STATUS_SUCCESS)
			CHECK(driver.completed < 1000);
		CHECK_EQ(driver_send(&driver, "1", 1, 0), STATUS_FILE_CORRUPT_ERROR);
		CHECK_EQ(scene_count(KMCL_BAD_INDEX), before + 1);
		host.from_guest.ctl->read_index = 0;
		CHECK_EQ(driver_send(&driver, "1", 1, 0), STATUS_FILE_CORRUPT_ERROR);
		host_send(&host, "still read", 10, 0);
		machine_settle();
		CHECK_EQ(driver.packets, 1);
		scene_end();
	}
}

TEST(a_read_index_that_goes_bad_under_the_queue_stops_it)
{
	scene_client_open();
	fill_ring();
	host.from_guest.ctl->read_index = 3;
	host_signal_now(&host);
	CHECK_EQ(scene_count(KMCL_BAD_INDEX), 1);
	CHECK_EQ(driver.completed, 7);
	machine_pass(10000);
	CHECK_EQ(scene_count(KMCL_BAD_INDEX), 1);
	driver_disable(&driver);
	CHECK_EQ(driver.completed, 8);
	CHECK_EQ(driver.removed, 1);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "1", 1, 0), STATUS_SUCCESS);
	scene_end();
}

/* ---- synchronous requests ---- */

struct request {
	const char *text;
	u32 flags;
	LARGE_INTEGER *timeout;
	u8 reply[64];
	UINT32 reply_size;
	NTSTATUS status;
	bool done;
};

static void request_task(void *arg)
{
	struct request *r = arg;

	r->status = VmbChannelSendSynchronousRequest(driver.channel, (PVOID)r->text,
						     strlen(r->text), NULL, r->flags, r->reply,
						     &r->reply_size, r->timeout);
	r->done = true;
}

static struct task_struct *start_request(struct request *r, u32 flags)
{
	*r = (struct request) { .text = "ask", .flags = flags, .reply_size = sizeof(r->reply) };
	return machine_start("request", request_task, r);
}

TEST(a_synchronous_request_waits_for_its_reply)
{
	struct task_struct *task;
	struct request r;

	scene_client_open();
	task = start_request(&r, WAIT_FLAG);
	machine_settle();
	CHECK(!r.done);
	check_sent("ask");
	host_complete(&host, seen.desc.trans_id, "reply678", 8);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_SUCCESS);
	CHECK_EQ(r.reply_size, 8);
	CHECK(!memcmp(r.reply, "reply678", 8));
	scene_end();
}

TEST(a_reply_longer_than_the_buffer_is_not_copied)
{
	struct task_struct *task;
	struct request r;
	u8 reply[72];

	memset(reply, 7, sizeof(reply));
	scene_client_open();
	task = start_request(&r, WAIT_FLAG);
	machine_settle();
	check_sent("ask");
	host_complete(&host, seen.desc.trans_id, reply, sizeof(reply));
	machine_join(task);
	CHECK_EQ(r.status, STATUS_BUFFER_TOO_SMALL);
	CHECK_EQ(r.reply_size, 0);
	CHECK_EQ(r.reply[0], 0);
	scene_end();
}

TEST(a_request_that_times_out_is_cancelled_and_its_reply_dropped)
{
	LARGE_INTEGER timeout = { .QuadPart = -50 * 10000 };
	struct task_struct *task;
	struct request r;

	scene_client_open();
	task = start_request(&r, WAIT_FLAG);
	r.timeout = &timeout;
	machine_pass(60);
	CHECK(r.done);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_CANCELLED);
	check_sent("ask");
	host_complete(&host, seen.desc.trans_id, "late", 4);
	host_send(&host, "1", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	scene_end();
}

TEST(a_request_that_times_out_in_the_queue_leaves_it)
{
	LARGE_INTEGER timeout = { .QuadPart = -50 * 10000 };
	struct task_struct *task;
	struct request r;
	unsigned int n;

	scene_client_open();
	n = fill_ring();
	task = start_request(&r, WAIT_FLAG);
	r.timeout = &timeout;
	machine_pass(60);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_CANCELLED);
	while (n--) {
		CHECK_EQ(host_read(&host, &seen), 1);
		CHECK_EQ(seen.length, 512);
		machine_settle();
	}
	CHECK_EQ(host_read(&host, &seen), 0);
	scene_end();
}

TEST(a_request_that_leaves_the_queue_empty_asks_for_no_room_any_more)
{
	LARGE_INTEGER timeout = { .QuadPart = -50 * 10000 };
	struct task_struct *task;
	u8 data[512] = { };
	struct request r;
	unsigned int i;

	scene_client_open();
	for (i = 0; i < 7; i++)
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	/* One page, less this, is no room for it. */
	CHECK_EQ(driver_send(&driver, data, 288, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 8);
	task = start_request(&r, WAIT_FLAG);
	r.timeout = &timeout;
	machine_settle();
	CHECK(host.from_guest.ctl->pending_send_sz);
	machine_pass(60);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_CANCELLED);
	CHECK_EQ(host.from_guest.ctl->pending_send_sz, 0);
	CHECK_EQ(host_read_all(&host), 8);
	CHECK_EQ(driver_send(&driver, "x", 1, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 9);
	scene_end();
}

TEST(a_request_before_the_open_waits_for_the_offer_that_stays)
{
	struct task_struct *task;
	struct request r;

	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	task = start_request(&r, WAIT_FLAG);
	host.hold_open = true;
	host_offer(&host);
	machine_settle();
	CHECK(host.opening);
	host_rescind(&host);
	machine_settle();
	CHECK(!r.done);
	host.hold_open = false;
	host_offer(&host);
	machine_settle();
	check_sent("ask");
	host_complete(&host, seen.desc.trans_id, "reply678", 8);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_SUCCESS);
	scene_end();
}

TEST(a_request_before_the_open_may_give_up)
{
	LARGE_INTEGER timeout = { .QuadPart = -50 * 10000 };
	struct task_struct *task;
	struct request r;

	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	task = start_request(&r, WAIT_FLAG);
	r.timeout = &timeout;
	machine_pass(60);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_CANCELLED);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	CHECK_EQ(host_read(&host, &seen), 0);
	scene_end();
}

static struct task_struct *requester;

static void lose_the_offer(struct driver *d)
{
	host_rescind(&host);
}

static void wait_for_the_requester(struct driver *d)
{
	machine_join(requester);
}

TEST(an_offer_lost_in_the_opened_callback_releases_a_request_of_before)
{
	struct request r;

	scene_client();
	driver.in_opened = lose_the_offer;
	driver.in_started = wait_for_the_requester;
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	requester = start_request(&r, WAIT_FLAG);
	machine_settle();
	host_offer(&host);
	machine_settle();
	CHECK(r.done);
	CHECK_EQ(r.status, STATUS_DEVICE_REMOVED);
	CHECK_LOG("opened started post-started suspend closed ");
	driver.in_opened = NULL;
	driver.in_started = NULL;
	scene_end();
}

TEST(closing_releases_a_request)
{
	struct task_struct *task;
	struct request r;

	scene_client_open();
	task = start_request(&r, WAIT_FLAG);
	machine_settle();
	driver_disable(&driver);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_DEVICE_REMOVED);
	scene_end();
}

TEST(closing_releases_a_request_before_the_suspend_callback)
{
	struct request r;

	scene_client_open();
	requester = start_request(&r, WAIT_FLAG);
	machine_settle();
	driver.in_suspend = wait_for_the_requester;
	driver_disable(&driver);
	CHECK_EQ(r.status, STATUS_DEVICE_REMOVED);
	scene_end();
}

TEST(a_rescind_releases_a_request)
{
	struct task_struct *task;
	struct request r;

	scene_client_open();
	task = start_request(&r, WAIT_FLAG);
	machine_settle();
	host_rescind(&host);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_DEVICE_REMOVED);
	scene_end();
}

static struct request first_request;

static void start_and_wait(struct driver *d)
{
	requester = start_request(&first_request, WAIT_FLAG);
	machine_join(requester);
}

static void enable_task(void *unused)
{
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
}

TEST(a_rescind_releases_a_request_that_a_state_callback_waits_for)
{
	struct task_struct *task;

	scene_client();
	driver.in_started = start_and_wait;
	host_offer(&host);
	task = machine_start("enable", enable_task, NULL);
	machine_settle();
	CHECK_LOG("opened started ");
	check_sent("ask");
	host_rescind(&host);
	machine_join(task);
	machine_settle();
	CHECK_EQ(first_request.status, STATUS_DEVICE_REMOVED);
	CHECK_LOG("opened started post-started suspend closed ");
	driver.in_started = NULL;
	scene_end();
}

TEST(a_request_without_completion_is_done_in_the_ring)
{
	struct task_struct *task;
	struct request r;

	scene_client_open();
	task = start_request(&r, 0);
	machine_join(task);
	CHECK_EQ(r.status, STATUS_SUCCESS);
	CHECK_EQ(r.reply_size, 0);
	check_sent("ask");
	scene_end();
}

TEST(a_zero_timeout_does_not_queue)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };
	struct request r = { .text = "ask", .timeout = &zero, .reply_size = 64 };

	scene_client_open();
	request_task(&r);
	CHECK_EQ(r.status, STATUS_SUCCESS);
	fill_ring();
	request_task(&r);
	CHECK_EQ(r.status, STATUS_BUFFER_OVERFLOW);
	r.flags = WAIT_FLAG;
	request_task(&r);
	CHECK_EQ(r.status, STATUS_BUFFER_OVERFLOW);
	scene_end();
}

TEST(a_zero_timeout_before_the_open_says_that_there_is_no_room)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };
	struct request r = { .text = "ask", .timeout = &zero };

	scene_client();
	request_task(&r);
	CHECK_EQ(r.status, STATUS_INVALID_DEVICE_STATE);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	request_task(&r);
	CHECK_EQ(r.status, STATUS_BUFFER_OVERFLOW);
	scene_end();
}

TEST(a_corrupt_ring_is_told_to_requests)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };
	struct request r = { .text = "ask", .timeout = &zero };

	scene_client_open();
	fill_ring();
	host.from_guest.ctl->read_index = 4096;
	host_signal_now(&host);
	request_task(&r);
	CHECK_EQ(r.status, STATUS_FILE_CORRUPT_ERROR);
	scene_end();
}

TEST(a_completion_buffer_is_checked)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };
	struct request r = { .text = "ask", .timeout = &zero, .reply_size = 63 };

	scene_client_open();
	request_task(&r);
	CHECK_EQ(r.status, STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelSendSynchronousRequest(driver.channel, "x", 1, NULL, 0, r.reply, NULL,
						  &zero), STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(a_server_requests_without_waiting_only)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };
	struct request r = { .text = "ask", .reply_size = 64 };

	scene_server_open();
	request_task(&r);
	CHECK_EQ(r.status, STATUS_INVALID_PARAMETER);
	r.timeout = &zero;
	request_task(&r);
	CHECK_EQ(r.status, STATUS_SUCCESS);
	r.flags = WAIT_FLAG;
	request_task(&r);
	CHECK_EQ(r.status, STATUS_INVALID_PARAMETER);
	scene_end();
}

static void request_inside(struct driver *d)
{
	struct request r = { .text = "ask", .flags = WAIT_FLAG, .reply_size = 64 };

	request_task(&r);
	CHECK_EQ(r.status, STATUS_INVALID_DEVICE_REQUEST);
}

TEST(a_request_that_waits_is_refused_in_a_packet_callback)
{
	scene_client_open();
	driver.in_packet = request_inside;
	host_send(&host, "1", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	scene_end_with(1);
}

/* ---- servers send too ---- */

TEST(a_server_sends)
{
	scene_server_open();
	CHECK_EQ(driver_send(&driver, "news", 4, WAIT_FLAG), STATUS_SUCCESS);
	check_sent("news");
	host_complete(&host, seen.desc.trans_id, NULL, 0);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	scene_end();
}

TEST(a_closed_server_queues_for_its_next_client)
{
	scene_server_open();
	host_close(&host);
	machine_settle();
	CHECK_EQ(driver_send(&driver, "news", 4, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 0);
	host_knock(&host);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	check_sent("news");
	scene_end();
}

/* A server takes messages of three pages; its clients' rings have two. */
static void server_of_long_messages(u32 length)
{
	scene_server();
	driver_disable(&driver);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, length), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
}

TEST(a_packet_too_long_for_the_next_clients_ring_holds_up_nothing)
{
	static u8 data[3 * 4096];

	server_of_long_messages(sizeof(data));
	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "news", 4, 0), STATUS_SUCCESS);
	host_knock(&host);
	machine_settle();
	check_sent("news");
	CHECK_EQ(driver.completed, 1);
	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_INVALID_PARAMETER);
	host_close(&host);
	machine_settle();
	CHECK_EQ(driver.completed, 2);
	CHECK_EQ(driver.last_status, STATUS_DEVICE_REMOVED);
	/* The ring that was says nothing of the next one. */
	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	scene_end();
}

static unsigned int read_at_suspend;

static void read_all(struct driver *d)
{
	while (host_read(&host, &seen) == 1)
		read_at_suspend++;
}

/* There is room for the replies, and none for what is queued before them. Return: fill_ring()'s. */
static unsigned int queue_replies_behind_a_long_packet(unsigned int count)
{
	unsigned int i, n;

	driver.hold = true;
	for (i = 0; i < count; i++)
		host_send(&host, "ask", 3, 7 + i);
	machine_settle();
	CHECK_EQ(driver.held_count, count);
	n = fill_ring();
	driver_complete_held(&driver);
	driver.in_suspend = read_all;
	return n;
}

TEST(replies_behind_a_long_packet_go_out_when_a_close_puts_it_aside)
{
	unsigned int n;

	scene_server_open();
	n = queue_replies_behind_a_long_packet(1);
	driver_disable(&driver);
	CHECK_EQ(read_at_suspend, n);
	CHECK_EQ(seen.desc.type, KMCL_PKT_COMPLETION);
	CHECK_EQ(seen.desc.trans_id, 7);
	CHECK_EQ(driver.removed, 1);
	scene_end();
}

TEST(a_reply_too_long_for_the_clients_ring_is_empty)
{
	static u8 data[3 * 4096];

	server_of_long_messages(sizeof(data));
	driver.hold = true;
	host_knock(&host);
	machine_settle();
	host_send(&host, "ask", 3, 7);
	machine_settle();
	CHECK_EQ(driver.held_count, 1);
	driver.held_count = 0;
	VmbChannelPacketComplete(driver.held[0], data, sizeof(data));
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.type, KMCL_PKT_COMPLETION);
	CHECK_EQ(seen.desc.trans_id, 7);
	CHECK_EQ(seen.length, 0);
	scene_end();
}

TEST(all_replies_that_fit_go_out_when_a_close_puts_a_long_packet_aside)
{
	unsigned int n;

	scene_server_open();
	n = queue_replies_behind_a_long_packet(5);
	channel()->rx.budget = 2;
	driver_disable(&driver);
	CHECK_EQ(read_at_suspend, n - 1 + 5);
	scene_end();
}

TEST(no_reply_goes_out_to_a_peer_that_has_gone)
{
	unsigned int n;

	scene_client_open();
	n = queue_replies_behind_a_long_packet(1);
	host_rescind(&host);
	machine_settle();
	CHECK_EQ(read_at_suspend, n - 1);
	CHECK_LOG("suspend closed ");
	scene_end();
}

static void wants_no_room(struct driver *d)
{
	CHECK_EQ(host.from_guest.ctl->pending_send_sz, 0);
}

TEST(a_close_that_leaves_the_queue_empty_asks_for_no_room_any_more)
{
	scene_client_open();
	fill_ring();
	CHECK(host.from_guest.ctl->pending_send_sz);
	driver.in_suspend = wants_no_room;
	driver_disable(&driver);
	CHECK_LOG("suspend closed ");
	scene_end();
}

/* ---- runs ---- */

static unsigned int sent_at_start;

static void see_what_is_sent(struct driver *d)
{
	sent_at_start = d->completed;
}

/* A client that opens with so many packets in its queue. */
static void open_with_queue(unsigned int n, u32 length, u32 budget, u32 time_ms)
{
	u8 data[512] = { };

	scene_client();
	driver.in_started = see_what_is_sent;
	channel()->rx.budget = budget;
	channel()->rx.time_ms = time_ms;
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	while (n--)
		CHECK_EQ(driver_send(&driver, data, length, 0), STATUS_SUCCESS);
	host_offer(&host);
	machine_settle();
}

TEST(a_long_queue_goes_out_in_runs)
{
	open_with_queue(100, 1, 16, 0);
	CHECK_EQ(sent_at_start, 16);
	CHECK_EQ(driver.completed, 100);
	CHECK_EQ(host_read_all(&host), 100);
	scene_end();
}

/* The peer reads whenever it can, and that takes its time. */
static void read_along(void)
{
	static bool reading;

	if (reading || !host.is_open)
		return;
	reading = true;
	host_read_all(&host);
	machine_take(1);
	reading = false;
}

TEST(a_peer_that_reads_along_does_not_keep_anybody)
{
	machine_hook = read_along;
	open_with_queue(200, 512, 0, 8);
	machine_hook = NULL;
	CHECK(sent_at_start);
	CHECK(sent_at_start < 200);
	while (driver.completed < 200) {
		host_read_all(&host);
		machine_settle();
	}
	scene_end();
}

/* ---- pipes ---- */

TEST(a_pipe_puts_a_header_before_its_messages)
{
	struct kmcl_pipe_header header;

	scene_client();
	CHECK_EQ(VmbChannelInitSetFlags(driver.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		 STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "abc", 3, 0), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	memcpy(&header, seen.data, sizeof(header));
	CHECK_EQ(header.type, KMCL_PIPE_DATA);
	CHECK_EQ(header.size, 3);
	CHECK(!memcmp(seen.data + 8, "abc", 3));
	CHECK_EQ(seen.length, 16);
	scene_end();
}

TEST(a_pipe_has_no_transactions_and_no_external_data)
{
	PFN_NUMBER pfn = 5;

	scene_client();
	CHECK_EQ(VmbChannelInitSetFlags(driver.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		 STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "abc", 3, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	packet = driver_packet(&driver);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, &pfn, 1, WAIT_FLAG),
		 STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
	scene_end();
}

TEST(a_queued_pipe_message_keeps_its_header)
{
	struct kmcl_pipe_header header;
	unsigned int i, n;
	u8 data[512] = { };

	scene_client();
	CHECK_EQ(VmbChannelInitSetFlags(driver.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		 STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	for (n = 0; driver.completed == n; n++)
		CHECK_EQ(driver_send(&driver, data, 500, 0), STATUS_SUCCESS);
	for (i = 0; i < n; i++) {
		CHECK_EQ(host_read(&host, &seen), 1);
		memcpy(&header, seen.data, sizeof(header));
		CHECK_EQ(header.size, 500);
		machine_settle();
	}
	CHECK_EQ(driver.completed, n);
	scene_end();
}
