// SPDX-License-Identifier: GPL-2.0-only
/*
 * External data, both ways: a client's MDLs and page numbers become ranges, and a server believes
 * ranges only as far as it has checked them. Sections 5.3 and 6.2.
 */
#include "external.h"
#include "scene.h"

#define MDL_PAGES	8

struct chain {
	MDL mdl;
	PFN_NUMBER pfns[MDL_PAGES];
};

static struct chain chains[6];
static struct host_packet seen;
static VMBPACKET packet;

static PMDL make_mdl(unsigned int i, u32 offset, u32 count, bool last)
{
	u32 page;

	MmInitializeMdl(&chains[i].mdl, (PVOID)(uintptr_t)offset, count);
	for (page = 0; page < MDL_PAGES; page++)
		chains[i].pfns[page] = 1000 * (i + 1) + page;
	chains[i].mdl.Next = last ? NULL : &chains[i + 1].mdl;
	return &chains[i].mdl;
}

static NTSTATUS send_window(PMDL mdl, u32 offset, u32 length, u32 flags)
{
	NTSTATUS status;

	packet = driver_packet(&driver);
	status = VmbPacketSendWithExternalMdl(packet, "data", 4, mdl, offset, length,
					      WAIT_FLAG | flags);
	if (status)
		VmbPacketFree(packet);
	return status;
}

static u64 word(unsigned int i)
{
	u64 value;

	memcpy(&value, host.out.memory + 4096 + host.from_guest.mine + 16 + 8 * i, sizeof(value));
	return value;
}

/* What the ring holds: the ranges in words, then the message. */
static void expect_words(const u64 *words, unsigned int count)
{
	struct kmcl_desc desc;
	unsigned int i;

	memcpy(&desc, host.out.memory + 4096 + host.from_guest.mine, sizeof(desc));
	CHECK_EQ(desc.type, KMCL_PKT_DATA_GPA_DIRECT);
	CHECK_EQ(desc.offset8, 2 + count);
	CHECK_EQ(desc.len8, 3 + count);
	for (i = 0; i < count; i++)
		CHECK_EQ(word(i), words[i]);
	CHECK(!memcmp(host.out.memory + 4096 + host.from_guest.mine + 16 + 8 * count, "data", 4));
	CHECK_EQ(host_read(&host, &seen), 1);
}

#define EXPECT(...) \
	do { \
		static const u64 words_[] = { __VA_ARGS__ }; \
		expect_words(words_, ARRAY_SIZE(words_)); \
	} while (0)
#define COUNT(n)		((u64)(n) << 32)
#define RANGE(offset, bytes)	((u64)(offset) << 32 | (bytes))

TEST(one_page)
{
	scene_client_open();
	CHECK_EQ(send_window(make_mdl(0, 0, 4096, true), 0, 0, 0), STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(0, 4096), 1000);
	scene_end();
}

TEST(a_piece_of_a_page)
{
	scene_client_open();
	CHECK_EQ(send_window(make_mdl(0, 100, 200, true), 0, 0, 0), STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(100, 200), 1000);
	scene_end();
}

TEST(a_piece_across_a_page_boundary)
{
	scene_client_open();
	CHECK_EQ(send_window(make_mdl(0, 4000, 97, true), 0, 0, 0), STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(4000, 97), 1000, 1001);
	scene_end();
}

TEST(a_window_begins_in_a_later_page)
{
	scene_client_open();
	CHECK_EQ(send_window(make_mdl(0, 100, 12000, true), 4000, 100, 0), STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(4, 100), 1001);
	scene_end();
}

TEST(a_chain_is_a_range_an_mdl)
{
	scene_client_open();
	make_mdl(0, 10, 20, false);
	make_mdl(1, 0, 4097, true);
	CHECK_EQ(send_window(&chains[0].mdl, 0, 0, 0), STATUS_SUCCESS);
	EXPECT(COUNT(2), RANGE(10, 20), 1000, RANGE(0, 4097), 2000, 2001);
	scene_end();
}

TEST(a_window_skips_whole_mdls)
{
	scene_client_open();
	make_mdl(0, 10, 20, false);
	make_mdl(1, 0, 30, false);
	make_mdl(2, 5, 40, true);
	CHECK_EQ(send_window(&chains[0].mdl, 20, 31, 0), STATUS_SUCCESS);
	EXPECT(COUNT(2), RANGE(0, 30), 2000, RANGE(5, 1), 3000);
	scene_end();
}

TEST(a_window_from_inside_an_mdl_takes_the_next_from_its_start)
{
	scene_client_open();
	make_mdl(0, 10, 20, false);
	make_mdl(1, 0, 30, true);
	CHECK_EQ(send_window(&chains[0].mdl, 5, 20, 0), STATUS_SUCCESS);
	EXPECT(COUNT(2), RANGE(15, 15), 1000, RANGE(0, 5), 2000);
	scene_end();
}

TEST(mdls_of_0_bytes_are_passed_over)
{
	scene_client_open();
	make_mdl(0, 0, 0, false);
	make_mdl(1, 0, 8, false);
	make_mdl(2, 0, 0, true);
	CHECK_EQ(send_window(&chains[0].mdl, 0, 0, 0), STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(0, 8), 2000);
	scene_end();
}

TEST(page_numbers_are_one_range)
{
	PFN_NUMBER pfns[] = { 7, 9, 5 };

	scene_client_open();
	packet = driver_packet(&driver);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "data", 4, pfns, 3, WAIT_FLAG),
		 STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(0, 3 * 4096), 7, 9, 5);
	scene_end();
}

TEST(a_forced_length_reaches_to_the_end_of_the_page)
{
	u32 force = VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH;

	scene_client_open();
	CHECK_EQ(send_window(make_mdl(0, 100, 10, true), 0, 3996, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(send_window(&chains[0].mdl, 0, 3997, force), STATUS_INVALID_PARAMETER);
	CHECK_EQ(send_window(&chains[0].mdl, 0, 3996, force), STATUS_SUCCESS);
	EXPECT(COUNT(1), RANGE(100, 3996), 1000);
	scene_end();
}

static void check_refused(u32 offset, u32 length)
{
	scene_client_open();
	make_mdl(0, 10, 20, false);
	make_mdl(1, 0, 30, true);
	CHECK_EQ(send_window(&chains[0].mdl, offset, length, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(host_read(&host, &seen), 0);
	scene_end();
}

TEST(a_window_behind_the_chain)			{ check_refused(50, 0); }
TEST(a_window_behind_the_chain_of_1)		{ check_refused(50, 1); }
TEST(a_window_over_the_end)			{ check_refused(49, 2); }
TEST(a_window_of_more_than_there_is)		{ check_refused(0, 51); }
TEST(the_largest_window)			{ check_refused(0, 0xffffffff); }
TEST(the_largest_window_at_the_largest_offset)	{ check_refused(0xffffffff, 0xffffffff); }

TEST(data_at_the_limit_and_above)
{
	scene_client_open();
	CHECK_EQ(send_window(make_mdl(0, 0, 4 * 4096, true), 0, 0, 0), STATUS_SUCCESS);
	CHECK_EQ(send_window(make_mdl(0, 0, 4 * 4096 + 1, true), 0, 0, 0),
		 STATUS_INVALID_PARAMETER);
	make_mdl(0, 0, 4 * 4096, false);
	make_mdl(1, 0, 1, true);
	CHECK_EQ(send_window(&chains[0].mdl, 0, 0, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(send_window(&chains[0].mdl, 1, 0, 0), STATUS_SUCCESS);
	scene_end();
}

TEST(chains_at_the_limit_and_above)
{
	unsigned int i;

	scene_client_open();
	for (i = 0; i < 5; i++)
		make_mdl(i, 0, 8, i == 4);
	CHECK_EQ(send_window(&chains[0].mdl, 0, 0, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(send_window(&chains[1].mdl, 0, 0, 0), STATUS_SUCCESS);
	scene_end();
}

TEST(a_chain_that_bites_its_tail)
{
	scene_client_open();
	make_mdl(0, 0, 8, false);
	make_mdl(1, 0, 8, true);
	chains[1].mdl.Next = &chains[0].mdl;
	CHECK_EQ(send_window(&chains[0].mdl, 0, 0, 0), STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(page_numbers_at_the_limit_and_above)
{
	PFN_NUMBER pfns[5] = { 1, 2, 3, 4, 5 };

	scene_client_open();
	packet = driver_packet(&driver);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, pfns, 5, WAIT_FLAG),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, pfns, 0, WAIT_FLAG),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, pfns, 0xffffffff, WAIT_FLAG),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, pfns, 4, 0),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbPacketSendWithExternalPfns(packet, "x", 1, pfns, 4, WAIT_FLAG), STATUS_SUCCESS);
	scene_end();
}

TEST(a_server_sends_no_external_data)
{
	scene_server_open();
	CHECK_EQ(send_window(make_mdl(0, 0, 8, true), 0, 0, 0), STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(queued_ranges_are_sent_as_they_were)
{
	u8 data[512] = { };
	unsigned int n;

	scene_client_open();
	for (n = 0; driver.completed == n; n++)
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	CHECK_EQ(send_window(make_mdl(0, 100, 5000, true), 0, 0, 0), STATUS_SUCCESS);
	make_mdl(0, 1, 1, true);
	while (n--) {
		CHECK_EQ(host_read(&host, &seen), 1);
		machine_settle();
	}
	EXPECT(COUNT(1), RANGE(100, 5000), 1000, 1001);
	scene_end();
}

static void sync_task(void *arg)
{
	*(NTSTATUS *)arg = VmbChannelSendSynchronousRequest(driver.channel, "data", 4,
		&chains[0].mdl, WAIT_FLAG, NULL, NULL, NULL);
}

TEST(a_request_with_pages_waits_until_the_peer_cannot_touch_them)
{
	NTSTATUS status = STATUS_PENDING;
	struct task_struct *task;

	scene_client_open();
	make_mdl(0, 0, 8, true);
	task = machine_start("request", sync_task, &status);
	machine_settle();
	EXPECT(COUNT(1), RANGE(0, 8), 1000);
	/* Unbound: the host is there, and has the pages until the rings are closed. */
	host_unbind(&host);
	machine_join(task);
	CHECK_EQ(status, STATUS_DEVICE_REMOVED);
	CHECK_EQ(host.closes, 1);
	scene_end();
}

static struct task_struct *requester;
static NTSTATUS request_status;

static void rescind_and_wait(struct driver *d)
{
	machine_settle();
	CHECK_EQ(request_status, STATUS_PENDING);
	host_rescind(&host);
	machine_join(requester);
	CHECK_EQ(request_status, STATUS_DEVICE_REMOVED);
}

TEST(a_rescind_during_a_close_releases_a_request_with_pages)
{
	scene_client_open();
	make_mdl(0, 0, 8, true);
	request_status = STATUS_PENDING;
	requester = machine_start("request", sync_task, &request_status);
	machine_settle();
	driver.in_suspend = rescind_and_wait;
	driver_disable(&driver);
	CHECK_LOG("suspend closed ");
	scene_end();
}

/* ---- what a server is sent ---- */

static u8 ranges[256];
static u32 ranges_length;

static void add(const void *bytes, u32 length)
{
	memcpy(ranges + ranges_length, bytes, length);
	ranges_length += length;
}

static void add_count(u32 count)
{
	struct kmcl_ranges head = { .count = count };

	ranges_length = 0;
	add(&head, sizeof(head));
}

static void add_range(u32 offset, u32 bytes, unsigned int pages, u64 first)
{
	struct kmcl_range range = { .byte_count = bytes, .byte_offset = offset };
	unsigned int i;

	add(&range, sizeof(range));
	for (i = 0; i < pages; i++) {
		u64 pfn = first + i;

		add(&pfn, sizeof(pfn));
	}
}

static void send_ranges(void)
{
	struct kmcl_desc desc = {
		.type = KMCL_PKT_DATA_GPA_DIRECT, .offset8 = 2 + ranges_length / 8,
		.len8 = 3 + ranges_length / 8, .trans_id = 4,
		.flags = KMCL_DESC_FLAG_COMPLETION_REQUESTED,
	};
	u8 data[264] = { };

	memcpy(data, ranges, ranges_length);
	data[ranges_length] = 'a';	/* with what follows the number of a page that exists */
	driver.take_external = true;
	CHECK_EQ(host_write(&host, &desc, data, ranges_length + 8, ranges_length + 24), 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(driver.last_flags, VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA);
	CHECK_EQ(driver.last[0], 'a');
	CHECK_EQ(host_read_all(&host), 1);
}

static void check_ranges(NTSTATUS status)
{
	send_ranges();
	CHECK_EQ(driver.external_status, status);
	/* Bad data is the sender's own misfortune: the channel goes on. */
	driver.take_external = false;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	scene_end();
}

static void look_at_mdl(struct driver *d)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)d->channel;
	VMBPACKETCOMPLETION handle = (VMBPACKETCOMPLETION)ch->rx.presenting;
	PMDL mdl, again;

	CHECK_EQ(VmbChannelPacketGetExternalData(handle, 0, &mdl), STATUS_SUCCESS);
	CHECK_EQ(MmGetMdlByteCount(mdl), 5000);
	CHECK_EQ(MmGetMdlByteOffset(mdl), 100);
	CHECK_EQ(MmGetMdlPfnArray(mdl)[0], 50);
	CHECK_EQ(MmGetMdlPfnArray(mdl)[1], 51);
	CHECK_EQ(MmGetMdlByteCount(mdl->Next), 8);
	CHECK(!mdl->Next->Next);
	CHECK_EQ(VmbChannelPacketGetExternalData(handle, 0, &again), STATUS_SUCCESS);
	CHECK(mdl == again);
	CHECK_EQ(VmbChannelPacketGetExternalData(handle, 2, &again), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelPacketGetExternalData(handle, 0, NULL), STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelPacketGetExternalData(NULL, 0, &again), STATUS_INVALID_PARAMETER_1);
}

TEST(an_mdl_says_what_the_range_says)
{
	scene_server_open();
	driver.in_packet = look_at_mdl;
	add_count(2);
	add_range(100, 5000, 2, 50);
	add_range(0, 8, 1, 60);
	send_ranges();
	scene_end();
}

/* As many MDLs, and of as many pages, as the channel allows. */
TEST(an_object_has_room_for_the_largest_chain)
{
	u32 i;

	scene_server_open();
	add_count(4);
	for (i = 0; i < 4; i++)
		add_range(4095, 4096, 2, 10 * i);
	check_ranges(STATUS_SUCCESS);
}

#define BAD(name, ...) \
	static void name(void); \
	TEST(name) \
	{ \
		scene_server_open(); \
		__VA_ARGS__; \
		check_ranges(STATUS_INVALID_PARAMETER); \
	}

BAD(no_ranges, add_count(0))
BAD(a_count_without_ranges, add_count(1))
BAD(the_largest_count, add_count(0xffffffff); add_range(0, 8, 1, 1))
BAD(a_count_above_the_chain, add_count(5); add_range(0, 8, 1, 1); add_range(0, 8, 1, 1);
	add_range(0, 8, 1, 1); add_range(0, 8, 1, 1); add_range(0, 8, 1, 1))
BAD(one_range_less_than_the_count, add_count(2); add_range(0, 8, 1, 1))
BAD(a_range_of_0_bytes, add_count(1); add_range(0, 0, 1, 1))
BAD(a_range_of_0_bytes_and_no_pages, add_count(1); add_range(0, 0, 0, 1))
BAD(a_range_without_its_pages, add_count(1); add_range(0, 8, 0, 1))
BAD(a_range_with_one_page_too_few, add_count(1); add_range(4095, 2, 1, 1))
BAD(a_range_of_the_largest_size, add_count(1); add_range(0, 0xffffffff, 2, 1))
BAD(a_range_of_the_largest_size_and_offset, add_count(1);
	add_range(0xffffffff, 0xffffffff, 2, 1))
BAD(an_offset_of_a_page, add_count(1); add_range(4096, 8, 2, 1))
BAD(data_above_the_limit, add_count(1); add_range(0, 4 * 4096 + 1, 5, 1))
BAD(data_above_the_limit_in_sum, add_count(2); add_range(0, 4 * 4096, 4, 1);
	add_range(0, 1, 1, 1))
BAD(pages_that_do_not_exist, add_count(1); add_range(0, 8, 1, MACHINE_PFNS))
BAD(one_page_that_does_not_exist, add_count(1); add_range(0, 8192, 2, MACHINE_PFNS - 1))
BAD(the_largest_page_number, add_count(1); add_range(0, 8, 1, ~0ull))
BAD(a_page_number_that_wraps, add_count(1); add_range(0, 8, 1, 1ull << 52))

TEST(a_second_bad_range_frees_the_first)
{
	scene_server_open();
	add_count(2);
	add_range(0, 8, 1, 1);
	add_range(0, 8, 1, MACHINE_PFNS);
	check_ranges(STATUS_INVALID_PARAMETER);
}

TEST(mdls_need_no_memory)
{
	scene_server_open();
	host_send(&host, "x", 1, 0);
	machine_settle();
	driver.packets = 0;
	add_count(2);
	add_range(0, 8, 1, 1);
	add_range(0, 8, 1, 2);
	machine_fail_alloc = 1;
	check_ranges(STATUS_SUCCESS);
	machine_fail_alloc = 0;
}

TEST(bytes_behind_the_ranges_mean_nothing)
{
	unsigned int i;

	scene_server_open();
	add_count(1);
	add_range(0, 8, 1, 1);
	for (i = 0; i < 20; i++)
		add("01234567", 8);
	check_ranges(STATUS_SUCCESS);
}

static PMDL mapped;

static void map_external(struct driver *d)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)d->channel;

	CHECK_EQ(VmbChannelPacketGetExternalData((VMBPACKETCOMPLETION)ch->rx.presenting, 0,
						 &mapped), STATUS_SUCCESS);
	mapped->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
}

TEST(a_mapping_of_external_data_ends_with_its_packet)
{
	scene_server_open();
	driver.in_packet = map_external;
	add_count(1);
	add_range(0, 8, 1, 1);
	send_ranges();
	/* Its object is kept for the next packet. */
	CHECK(!(mapped->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA));
	scene_end();
}

TEST(a_packet_without_external_data_has_none)
{
	scene_server_open();
	driver.take_external = true;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.external_status, STATUS_INVALID_DEVICE_REQUEST);
	scene_end();
}

TEST(external_data_that_is_not_ready_is_presented_again)
{
	scene_server_open();
	atomic_set(&kmcl_pend_external, 1);
	add_count(1);
	add_range(0, 8, 1, 1);
	driver.take_external = true;
	{
		struct kmcl_desc desc = {
			.type = KMCL_PKT_DATA_GPA_DIRECT, .offset8 = 2 + ranges_length / 8,
			.len8 = 2 + ranges_length / 8,
		};

		host_write(&host, &desc, ranges, ranges_length, ranges_length + 16);
	}
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	CHECK_EQ(driver.external_status, STATUS_SUCCESS);
	scene_end();
}
