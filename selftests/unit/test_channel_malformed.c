// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a peer can do wrong: section 5.5. Delivery stops, sends go on, it is counted and told, no
 * other channel notices, and the channel runs after the next enable.
 */
#include "scene.h"

static struct host_packet seen;
static struct host bystander_host;
static struct driver bystander;

static void add_bystander(void)
{
	GUID instance;

	host_init(&bystander_host);
	bystander_host.offer.instance.b[9] = 9;
	driver_init_client(&bystander, 1);
	memcpy(&instance, &bystander_host.offer.instance, sizeof(instance));
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(bystander.channel, (LPCGUID)&host_type,
						  &instance, NULL), STATUS_SUCCESS);
	host_offer(&bystander_host);
	CHECK_EQ(driver_enable(&bystander), STATUS_SUCCESS);
}

static void check_bystander(void)
{
	unsigned int before = bystander.packets;

	host_send(&bystander_host, "x", 1, 1);
	machine_settle();
	CHECK_EQ(bystander.packets, before + 1);
	CHECK_EQ(host_read_all(&bystander_host), 1);
}

static void end_bystander(void)
{
	driver_end(&bystander);
	host_destroy(&bystander_host);
}

/* Stopped, in this one direction, until a close; and told once. */
static void check_failed(enum kmcl_malformed kind, unsigned int packets)
{
	machine_settle();
	CHECK_EQ(scene_count(kind), 1);
	CHECK_EQ(machine_log_lines, 1);
	CHECK_EQ(driver.packets, packets);
	host.to_guest.ctl->write_index = host.to_guest.mine;
	host_send(&host, "x", 1, 0);
	host_signal_now(&host);
	VmbChannelPause(driver.channel);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, packets);
	CHECK_EQ(scene_count(kind), 1);
	CHECK_EQ(machine_log_lines, 1);

	/* Sends go on, their completions do not come. */
	CHECK_EQ(driver_send(&driver, "x", 1, 0), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(driver_send(&driver, "y", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	host_complete(&host, seen.desc.trans_id, NULL, 0);
	machine_settle();
	CHECK_EQ(driver.last_status, STATUS_SUCCESS);
	check_bystander();
}

static void check_runs_again(unsigned int packets)
{
	if (driver.log[0] && ((struct kmcl_channel *)driver.channel)->is_server) {
		host_close(&host);
		machine_settle();
		host_knock(&host);
		machine_settle();
	} else {
		driver_disable(&driver);
		CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	}
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, packets + 1);
}

static void begin(bool is_server)
{
	if (is_server)
		scene_server_open();
	else
		scene_client_open();
	add_bystander();
}

static void finish(enum kmcl_malformed kind, unsigned int packets)
{
	check_failed(kind, packets);
	check_runs_again(packets);
	end_bystander();
	scene_end();
}

/* A descriptor in a packet of 32 bytes in the ring, trailer included. */
static void check_descriptor(bool is_server, struct kmcl_desc bad, enum kmcl_malformed kind)
{
	begin(is_server);
	host_write(&host, &bad, "data", 4, 24);
	finish(kind, 0);
}

static void check_index(bool is_server, u32 index)
{
	begin(is_server);
	host.to_guest.ctl->write_index = index;
	host_signal(&host);
	finish(KMCL_BAD_INDEX, 0);
}

/* Less than a descriptor with its trailer. */
static void check_short(bool is_server, u32 index)
{
	begin(is_server);
	host.to_guest.ctl->write_index = index;
	host_signal(&host);
	finish(KMCL_BAD_HEADER, 0);
}

static struct kmcl_desc desc(u16 type, u16 offset8, u16 len8, u64 id)
{
	return (struct kmcl_desc) {
		.type = type, .offset8 = offset8, .len8 = len8, .trans_id = id
	};
}

#define DATA	KMCL_PKT_DATA_INBAND
#define XFER	KMCL_PKT_DATA_XFER_PAGES
#define DONE	KMCL_PKT_COMPLETION

#define ONE(name, is_server, check) \
	static void name(void); \
	TEST(name) \
	{ \
		const bool server = is_server; \
		\
		check; \
	}
#define BOTH(name, check) \
	static void name##_to_a_client(void); \
	ONE(name##_to_a_client, false, check) \
	ONE(name##_to_a_server, true, check)

#define SIZE(server)	((server) ? 8192u : 4096u)

BOTH(an_index_at_the_end_of_the_ring, check_index(server, SIZE(server)))
BOTH(an_index_behind_the_ring, check_index(server, SIZE(server) + 8))
BOTH(the_largest_index, check_index(server, 0xffffffff))
BOTH(the_largest_index_of_8, check_index(server, 0xfffffff8))
BOTH(an_index_of_half_the_space, check_index(server, 0x80000000))
BOTH(an_index_that_is_odd, check_index(server, 33))
BOTH(an_index_that_is_a_multiple_of_4, check_index(server, 36))
BOTH(an_index_too_small_for_a_descriptor, check_short(server, 16))
BOTH(an_index_too_small_for_a_trailer, check_short(server, 8))

BOTH(a_length_of_0, check_descriptor(server, desc(DATA, 2, 0, 0), KMCL_BAD_OFFSET))
BOTH(a_length_below_the_descriptor, check_descriptor(server, desc(DATA, 2, 1, 0), KMCL_BAD_OFFSET))
BOTH(a_length_one_too_long, check_descriptor(server, desc(DATA, 2, 4, 0), KMCL_BAD_LENGTH))
BOTH(the_largest_length, check_descriptor(server, desc(DATA, 2, 0xffff, 0), KMCL_BAD_LENGTH))
BOTH(an_offset_of_0, check_descriptor(server, desc(DATA, 0, 3, 0), KMCL_BAD_OFFSET))
BOTH(an_offset_into_the_descriptor, check_descriptor(server, desc(DATA, 1, 3, 0), KMCL_BAD_OFFSET))
BOTH(an_offset_behind_the_packet, check_descriptor(server, desc(DATA, 4, 3, 0), KMCL_BAD_OFFSET))
BOTH(the_largest_offset, check_descriptor(server, desc(DATA, 0xffff, 3, 0), KMCL_BAD_OFFSET))
BOTH(type_0, check_descriptor(server, desc(0, 2, 3, 0), KMCL_BAD_TYPE))
BOTH(the_largest_type, check_descriptor(server, desc(0xffff, 2, 3, 0), KMCL_BAD_TYPE))
BOTH(transfer_pages, check_descriptor(server, desc(XFER, 2, 3, 0), KMCL_BAD_TYPE))
TEST(external_data_to_a_client)
{
	check_descriptor(false, desc(KMCL_PKT_DATA_GPA_DIRECT, 2, 3, 0), KMCL_BAD_TYPE);
}

BOTH(a_completion_of_nothing, check_descriptor(server, desc(DONE, 2, 3, 1), KMCL_BAD_ID))
BOTH(a_completion_with_id_0, check_descriptor(server, desc(DONE, 2, 3, 0), KMCL_BAD_ID))
BOTH(a_completion_of_the_last_id, check_descriptor(server, desc(DONE, 2, 3, ~0ull), KMCL_BAD_ID))

TEST(a_completion_that_comes_twice)
{
	begin(false);
	CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	host_complete(&host, seen.desc.trans_id, NULL, 0);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	host_complete(&host, seen.desc.trans_id, NULL, 0);
	finish(KMCL_BAD_ID, 0);
	CHECK(driver.completed > 1);
}

TEST(a_completion_of_another_life)
{
	u64 id;

	begin(false);
	CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	id = seen.desc.trans_id;
	driver_disable(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "y", 1, WAIT_FLAG), STATUS_SUCCESS);
	host_read_all(&host);
	host_complete(&host, id, NULL, 0);
	machine_settle();
	CHECK_EQ(scene_count(KMCL_BAD_ID), 1);
	CHECK_EQ(driver.completed, 1);
	end_bystander();
	scene_end();
}

TEST(a_completion_by_the_address_of_its_packet)
{
	begin(false);
	CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	host_complete(&host, (uintptr_t)driver.channel, NULL, 0);
	machine_settle();
	CHECK_EQ(scene_count(KMCL_BAD_ID), 1);
	CHECK_EQ(driver.completed, 0);
	end_bystander();
	scene_end();
}

static void check_large(bool is_server)
{
	u8 data[520] = { };

	begin(is_server);
	host_send(&host, data, 512, 0);
	host_send(&host, data, 520, 0);
	machine_settle();
	finish(KMCL_BAD_SIZE, 1);
}

BOTH(a_packet_above_the_maximum, check_large(server))

TEST(a_packet_that_the_driver_fails)
{
	begin(false);
	driver.fail = true;
	host_send(&host, "x", 1, 5);
	machine_settle();
	driver.fail = false;
	finish(KMCL_BAD_MESSAGE, 1);
}

TEST(a_cancel_request_is_counted_and_nothing_else)
{
	struct kmcl_desc cancel = desc(KMCL_PKT_CANCEL_REQUEST, 2, 3, 0);

	begin(false);
	host_write(&host, &cancel, "", 1, 24);
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(scene_count(KMCL_COUNT_CANCEL), 1);
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(machine_log_lines, 0);
	end_bystander();
	scene_end();
}

/* ---- a peer that is no end of trouble ---- */

static void break_the_channel(void)
{
	host.to_guest.ctl->write_index = 4096;
	host_signal_now(&host);
}

/* The driver opens it again after so long. */
static void pass_and_open_again(unsigned long ms)
{
	machine_pass(ms);
	driver.log[0] = 0;
	driver_disable(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
}

/* It breaks the channel as soon as it is open again. Return: the most lines in any minute. */
static unsigned int most_lines(unsigned int times, unsigned long every_ms)
{
	unsigned int before[2000], most = 0, i;

	for (i = 0; i < times; i++) {
		break_the_channel();
		before[i] = machine_log_lines;
		if (i >= 60000 / every_ms)
			most = max(most, before[i] - before[i - 60000 / every_ms]);
		else
			most = max(most, before[i]);
		pass_and_open_again(every_ms);
	}
	CHECK_EQ(scene_count(KMCL_BAD_INDEX), times);
	return most;
}

TEST(no_more_than_ten_lines_a_minute_however_often_it_tries)
{
	unsigned int most;

	scene_client_open();
	most = most_lines(2000, 100);
	CHECK(most >= 4);
	CHECK(most <= 10);
	scene_end();
}

/* The first line of an interval, and all others at its end and at the beginning of the next. */
TEST(no_more_than_ten_lines_a_minute_however_well_it_is_timed)
{
	unsigned int before, i;

	scene_client_open();
	break_the_channel();
	before = machine_log_lines;
	pass_and_open_again(59000);
	for (i = 0; i < 40; i++) {
		break_the_channel();
		pass_and_open_again(50);
	}
	CHECK(machine_log_lines - before >= 7);
	CHECK(machine_log_lines - before <= 10);
	scene_end();
}

TEST(no_more_than_ten_lines_a_minute_from_many_channels)
{
	unsigned int i;

	begin(false);
	for (i = 0; i < 100; i++) {
		host.to_guest.ctl->write_index = 4096;
		host_signal_now(&host);
		bystander_host.to_guest.ctl->write_index = 4096;
		host_signal_now(&bystander_host);
		driver.log[0] = 0;
		bystander.log[0] = 0;
		driver_disable(&driver);
		CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
		driver_disable(&bystander);
		CHECK_EQ(driver_enable(&bystander), STATUS_SUCCESS);
	}
	CHECK_EQ(scene_count(KMCL_BAD_INDEX), 200);
	CHECK(machine_log_lines >= 4 && machine_log_lines <= 10);
	end_bystander();
	scene_end();
}

TEST(indices_that_jump_while_we_read)
{
	static u64 chance = 12345;
	unsigned int round, i;

	for (round = 0; round < 200; round++) {
		scene_client_open();
		for (i = 0; i < 50; i++) {
			host.to_guest.ctl->write_index = unit_below(&chance, 4096 / 8) * 8;
			host.from_guest.ctl->read_index = unit_below(&chance, 4096 / 8) * 8;
			host_signal_now(&host);
			driver_send(&driver, "12345678", 8, i % 2 ? WAIT_FLAG : 0);
		}
		scene_end();
	}
}
