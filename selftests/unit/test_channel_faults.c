// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails once, and every answer of the peer's that an open, a GPADL, a close and a
 * restore wait for comes late, is wrong, or never comes: each ends in the documented status, and
 * nothing is left.
 */
#include <stdio.h>

#include "scene.h"

static VMBPACKET packets[64];
static u8 blob[65536], buffer[8192];
static u32 blob_length;

/* Return: of all that was asked, did nothing fail? */
typedef bool (*scenario_fn)(void);

static bool good;

static bool try(NTSTATUS status, NTSTATUS one, NTSTATUS other)
{
	if (status == STATUS_SUCCESS)
		return true;
	CHECK(status == one || status == other);
	good = false;
	return false;
}

#define TRY_OR(call, other)	try(call, STATUS_INSUFFICIENT_RESOURCES, other)
#define TRY(call)		TRY_OR(call, STATUS_INSUFFICIENT_RESOURCES)

static void fail_each(scenario_fn scenario)
{
	unsigned long n;

	for (n = 1;; n++) {
		host_begin();
		host_init(&host);
		host_of_server = &host;
		memset(&driver, 0, sizeof(driver));
		machine_fail_alloc = n;
		machine_alloc_failed = false;
		good = true;
		scenario();
		machine_fail_alloc = 0;
		if (driver.channel)
			driver_end(&driver);
		host_destroy(&host);
		machine_settle();
		host_end();
		machine_check_idle();
		CHECK_EQ(machine_warnings, 0);
		if (!machine_alloc_failed)
			break;
	}
	CHECK(good);
	CHECK(n > 2);
	printf("# %lu allocations failed, one at a time\n", n - 1);
}

static bool is_allocated(bool server)
{
	VMBCHANNEL channel;

	if (!TRY(VmbChannelAllocate(NULL, server, &channel))) {
		CHECK(!channel);
		return false;
	}
	VmbChannelCleanup(channel);
	if (server)
		driver_init_server(&driver);
	else
		driver_init_client(&driver, 1);
	return true;
}

/* machine_fail_alloc is that of the second channel, whose allocation may not fail in driver.c. */
static bool make_driver(bool server)
{
	unsigned long n = machine_fail_alloc;
	bool made;

	if (n == 1)
		return is_allocated(server);
	machine_fail_alloc = 0;
	made = is_allocated(server);
	machine_fail_alloc = n ? n - 1 : 0;
	return made;
}

static bool open_client(void)
{
	if (!make_driver(false))
		return false;
	host_offer(&host);
	return TRY(driver_enable(&driver));
}

TEST(an_open)
{
	fail_each(open_client);
}

static bool wait_and_open(void)
{
	if (!make_driver(false) || !TRY(driver_enable(&driver)))
		return false;
	host_offer(&host);
	machine_settle();
	if (driver.pnp_failures) {
		CHECK_EQ(driver.last_status, STATUS_INSUFFICIENT_RESOURCES);
		good = false;
	}
	return good;
}

TEST(an_open_that_is_waited_for)
{
	fail_each(wait_and_open);
}

static bool traffic(void)
{
	unsigned int i, sent = 0, accepted = 0;
	struct host_packet seen;

	if (!open_client())
		return false;
	for (i = 0; i < 300; i++) {
		if (TRY(driver_send(&driver, "ask", 3, WAIT_FLAG)))
			accepted++;
		if (host_read(&host, &seen) == 1 && i % 2)
			host_complete(&host, seen.desc.trans_id, NULL, 0);
		driver.hold = i % 7 == 0;
		if (!host_send(&host, "x", 1, 1))
			sent++;
		machine_settle();
		if (driver.held_count > 20)
			driver_complete_held(&driver);
		while (host_read(&host, &seen) == 1)
			;
	}
	driver_complete_held(&driver);
	machine_settle();
	/* A packet for which there was no memory came later. */
	CHECK_EQ(driver.packets, sent);
	driver_disable(&driver);
	CHECK_EQ(driver.completed, accepted);
	return good;
}

TEST(traffic_of_all_kinds)
{
	fail_each(traffic);
}

static bool packets_scenario(void)
{
	unsigned int i;

	if (!make_driver(false))
		return false;
	for (i = 0; i < 64; i++) {
		packets[i] = VmbPacketAllocate(driver.channel);
		if (!packets[i])
			good = false;
	}
	for (i = 0; i < 64; i++)
		if (packets[i])
			VmbPacketFree(packets[i]);
	/* None is counted that does not exist. */
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 100), STATUS_SUCCESS);
	return good;
}

TEST(packet_objects)
{
	fail_each(packets_scenario);
}

static bool request(void)
{
	LARGE_INTEGER soon = { .QuadPart = -10000 }, zero = { .QuadPart = 0 };
	UINT32 size = 8;
	u8 reply[8];

	if (!open_client())
		return false;
	TRY_OR(VmbChannelSendSynchronousRequest(driver.channel, "ask", 3, NULL, 0, reply, &size,
						&soon), STATUS_CANCELLED);
	TRY(VmbChannelSendSynchronousRequest(driver.channel, "ask", 3, NULL, 0, NULL, NULL, &zero));
	return good;
}

TEST(synchronous_requests)
{
	fail_each(request);
}

static struct {
	MDL mdl;
	PFN_NUMBER pfns[4];
} chain;

static bool external(void)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };

	if (!open_client())
		return false;
	MmInitializeMdl(&chain.mdl, (PVOID)8, 8192);
	TRY(VmbChannelSendSynchronousRequest(driver.channel, "ask", 3, &chain.mdl, 0, NULL, NULL,
					     &zero));
	return good;
}

TEST(a_request_with_external_data)
{
	fail_each(external);
}

static bool gpadls(void)
{
	UINT32 handle;

	if (!open_client())
		return false;
	MmInitializeMdl(&chain.mdl, (PVOID)0, 8192);
	if (TRY(VmbChannelCreateGpadlFromBuffer(driver.channel, 0, buffer, 4096, &handle)))
		VmbChannelDeleteGpadl(driver.channel, handle);
	if (TRY(VmbChannelCreateGpadlFromMdl(driver.channel, 0, &chain.mdl, 0, 0, &handle)))
		VmbChannelDeleteGpadl(driver.channel, handle);
	CHECK_EQ(host.gpadls, 0);
	return good;
}

TEST(gpadls_of_all_kinds)
{
	fail_each(gpadls);
}

static bool open_server(void)
{
	if (!make_driver(true) || !TRY(driver_enable(&driver)))
		return false;
	VmbChannelStart(driver.channel);
	host_knock(&host);
	machine_settle();
	CHECK_EQ(host.answers, 1);
	if (host.answer)
		good = false;
	return good;
}

TEST(an_open_of_a_server)
{
	fail_each(open_server);
}

static NTSTATUS save_packet(VMBCHANNEL channel, VMBPACKET packet, PVOID state, UINT32 size,
			    PUINT32 needed)
{
	*needed = 0;
	return STATUS_SUCCESS;
}

static NTSTATUS restore_packet(VMBCHANNEL channel, PVOID library, UINT32 library_size,
			       PVOID state, UINT32 state_size)
{
	VMBPACKET packet = driver_packet(&driver);

	return packet ? VmbPacketRestore(packet, library, library_size) :
			STATUS_INSUFFICIENT_RESOURCES;
}

/*
 * A server with replies in its queue, packets on the wire and one deferred. Return: false if it is
 * not open.
 */
static bool open_busy_server(void)
{
	u8 data[504] = { };
	unsigned int i;

	if (!make_driver(true))
		return false;
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(driver.channel, save_packet,
								   restore_packet), STATUS_SUCCESS);
	if (!TRY(driver_enable(&driver)))
		return false;
	VmbChannelStart(driver.channel);
	host_knock(&host);
	machine_settle();
	if (host.answer) {
		good = false;
		return false;
	}
	for (i = 0; i < 3; i++)
		TRY(driver_send(&driver, "ask", 3, WAIT_FLAG));
	driver.echo = true;
	for (i = 1; i < 20; i++) {
		host_send(&host, data, sizeof(data), i);
		machine_settle();
	}
	/* One is deferred, and there is no time to present it again. */
	driver.defer = true;
	host_send(&host, data, sizeof(data), i);
	host_signal_now(&host);
	VmbChannelPause(driver.channel);
	return true;
}

static bool save(void)
{
	ULONG required;

	if (!open_busy_server() || !TRY(VmbChannelSaveBegin(driver.channel)))
		return false;
	CHECK_EQ(VmbChannelSaveContinue(driver.channel, blob, sizeof(blob), &blob_length,
					&required), STATUS_SUCCESS);
	VmbChannelSaveEnd(driver.channel);
	driver_disable(&driver);
	return good;
}

TEST(a_save)
{
	fail_each(save);
}

/* The one that fails is one of the restore's; a second try, with memory, succeeds. */
static bool restore(void)
{
	unsigned long n = machine_fail_alloc;
	NTSTATUS status;

	machine_fail_alloc = 0;
	CHECK(save());
	driver_end(&driver);
	driver_init_server(&driver);
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(driver.channel, save_packet,
								   restore_packet), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);

	machine_fail_alloc = n;
	status = VmbChannelRestoreFromBuffer(driver.channel, blob, blob_length);
	machine_fail_alloc = 0;
	if (TRY(status))
		return good;
	CHECK_EQ(VmbChannelRestoreFromBuffer(driver.channel, blob, blob_length), STATUS_SUCCESS);
	return good;
}

TEST(a_restore)
{
	fail_each(restore);
}

/* ---- answers ---- */

static NTSTATUS task_status;

static void enable_task(void *unused)
{
	task_status = driver_enable(&driver);
}

static void check_open_refused(int err, NTSTATUS status)
{
	scene_client();
	host.open_error = err;
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), status);
	CHECK_LOG("");
	CHECK_EQ(driver_send(&driver, "x", 1, 0), STATUS_INVALID_DEVICE_STATE);
	scene_end();
}

TEST(an_open_refused)			{ check_open_refused(-EPROTO, STATUS_UNSUCCESSFUL); }
TEST(an_open_refused_as_gone)		{ check_open_refused(-ENODEV, STATUS_DEVICE_REMOVED); }
TEST(an_open_refused_in_ways_unknown)	{ check_open_refused(-12345, STATUS_UNSUCCESSFUL); }

TEST(an_open_that_is_never_answered)
{
	struct task_struct *task;

	scene_client();
	host.hold_open = true;
	host_offer(&host);
	task = machine_start("enable", enable_task, NULL);
	machine_pass(3600000);
	CHECK(host.opening);
	host_rescind(&host);
	machine_join(task);
	CHECK_EQ(task_status, STATUS_DEVICE_REMOVED);
	scene_end();
}

TEST(an_open_that_is_answered_late_with_an_error)
{
	struct task_struct *task;

	scene_client();
	host.hold_open = true;
	host.open_error = -EPROTO;
	host_offer(&host);
	task = machine_start("enable", enable_task, NULL);
	machine_pass(60000);
	host_release_open(&host);
	machine_join(task);
	CHECK_EQ(task_status, STATUS_UNSUCCESSFUL);
	scene_end();
}

TEST(an_open_that_is_never_answered_with_packets_queued)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	host.hold_open = true;
	host_offer(&host);
	machine_settle();
	CHECK(host.opening);
	CHECK_EQ(driver.completed, 0);
	host_rescind(&host);
	machine_settle();
	/* The offer went before anybody was told of it: the client waits for the next. */
	CHECK_EQ(driver.pnp_failures, 0);
	host.hold_open = false;
	host_offer(&host);
	machine_settle();
	CHECK_EQ(host_read_all(&host), 1);
	scene_end();
	CHECK_EQ(driver.removed, 1);
}

TEST(rings_that_the_bus_makes_smaller)
{
	scene_client();
	host.limit_pages = 1;
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(driver.channel, 0, 0), STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(host.in.size, 4096);
	CHECK_EQ(driver_send(&driver, "x", 1, 0), STATUS_SUCCESS);
	CHECK_EQ(host_read_all(&host), 1);
	scene_end();
}
