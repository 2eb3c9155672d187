// SPDX-License-Identifier: GPL-2.0-only
/*
 * The races of the life cycle, under every schedule that takes the processor from a task at most
 * so many times, and under many more by chance: nobody waits for ever, every packet completes
 * once, and nothing is left.
 */
#include <stdio.h>

#include "scene.h"

/* Fails the test when somebody is never woken: see machine.h. */
static void explore(void (*scenario)(void), unsigned int preemptions, unsigned int by_chance)
{
	unsigned long schedules = machine_explore(scenario, preemptions);

	machine_shuffle(scenario, 1, by_chance);
	printf("# %lu schedules with up to %u preemptions, %u by chance\n", schedules, preemptions,
	       by_chance);
	CHECK(schedules > 10);
}

static unsigned int accepted, refused;
static struct task_struct *tasks[4];

/* Without the checks of scene.c, which are for one schedule. */
static void set_up_client(void)
{
	accepted = 0;
	refused = 0;
	host_begin();
	host_init(&host);
	driver_init_client(&driver, 1);
}

static void set_up_open_client(void)
{
	machine_chooser chooser = machine_choose;

	machine_choose = NULL;
	set_up_client();
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	machine_settle();
	machine_choose = chooser;
}

static void set_up_open_server(void)
{
	machine_chooser chooser = machine_choose;

	machine_choose = NULL;
	host_begin();
	host_init(&host);
	host_of_server = &host;
	driver_init_server(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	host_knock(&host);
	machine_settle();
	machine_choose = chooser;
}

static void tear_down(void)
{
	machine_choose = NULL;
	driver_end(&driver);
	host_destroy(&host);
	machine_settle();
	host_end();
	CHECK_EQ(machine_warnings, 0);
	CHECK_EQ(driver.completed, accepted);
}

static void together(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		machine_join(tasks[i]);
}

/* Every suspend has its started, every closed its opened, and they alternate. */
static void check_callbacks(void)
{
	const char *at = driver.log;
	bool open = false, started = false;

	for (; *at; at = strchr(at, ' ') + 1) {
		if (!strncmp(at, "opened ", 7)) {
			CHECK(!open);
			open = true;
		} else if (!strncmp(at, "started ", 8)) {
			CHECK(open && !started);
			started = true;
		} else if (!strncmp(at, "suspend ", 8)) {
			CHECK(open && started);
			started = false;
		} else if (!strncmp(at, "closed ", 7)) {
			CHECK(open && !started);
			open = false;
		}
	}
}

/* ---- tasks ---- */

static void do_enable(void *unused)
{
	NTSTATUS status = driver_enable(&driver);

	CHECK(status == STATUS_SUCCESS || status == STATUS_DEVICE_REMOVED);
}

static void do_disable(void *unused)
{
	driver_disable(&driver);
}

static void do_rescind(void *unused)
{
	host_rescind(&host);
}

static void do_offer(void *unused)
{
	host_offer(&host);
}

static void do_send(void *flags)
{
	NTSTATUS status = driver_send(&driver, "x", 1, (uintptr_t)flags);

	CHECK(status == STATUS_SUCCESS || status == STATUS_INVALID_DEVICE_STATE);
	if (status)
		refused++;
	else
		accepted++;
}

static void do_complete(void *unused)
{
	struct host_packet seen;

	if (host_read(&host, &seen) == 1)
		host_complete(&host, seen.desc.trans_id, NULL, 0);
}

static void do_pause_and_start(void *unused)
{
	VmbChannelPause(driver.channel);
	VmbChannelStart(driver.channel);
}

static void do_peer_packets(void *unused)
{
	host_send(&host, "1", 1, 1);
	host_send(&host, "2", 1, 2);
}

static void do_finish_held(void *unused)
{
	driver_complete_held(&driver);
}

/* ---- rescind against enable ---- */

static void rescind_against_enable(void)
{
	set_up_client();
	host_offer(&host);
	tasks[0] = machine_start("enable", do_enable, NULL);
	tasks[1] = machine_start("rescind", do_rescind, NULL);
	together(2);
	machine_settle();
	check_callbacks();
	CHECK_EQ(host.opens, host.closes);
	tear_down();
}

TEST(a_rescind_against_an_enable)	{ explore(rescind_against_enable, 2, 3000); }

static void offer_against_enable(void)
{
	set_up_client();
	tasks[0] = machine_start("enable", do_enable, NULL);
	tasks[1] = machine_start("offer", do_offer, NULL);
	together(2);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	tear_down();
}

TEST(an_offer_against_an_enable)	{ explore(offer_against_enable, 2, 3000); }

static void offer_and_rescind_against_disable(void)
{
	set_up_client();
	do_enable(NULL);
	tasks[0] = machine_start("offer", do_offer, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	do_rescind(NULL);
	machine_settle();
	check_callbacks();
	CHECK_EQ(host.opens, host.closes);
	CHECK_EQ(host.released, 1);
	tear_down();
}

TEST(an_offer_and_a_rescind_against_a_disable)
{
	explore(offer_and_rescind_against_disable, 1, 3000);
}

static void rescind_against_disable(void)
{
	set_up_open_client();
	tasks[0] = machine_start("disable", do_disable, NULL);
	tasks[1] = machine_start("rescind", do_rescind, NULL);
	together(2);
	machine_settle();
	CHECK_LOG("opened started post-started suspend closed ");
	CHECK_EQ(host.released, 1);
	tear_down();
}

TEST(a_rescind_against_a_disable)	{ explore(rescind_against_disable, 2, 3000); }

static void two_disables(void)
{
	set_up_open_client();
	tasks[0] = machine_start("disable", do_disable, NULL);
	tasks[1] = machine_start("disable too", do_disable, NULL);
	together(2);
	CHECK_LOG("opened started post-started suspend closed ");
	tear_down();
}

TEST(a_disable_against_another)		{ explore(two_disables, 2, 3000); }

static void do_enable_perhaps(void *unused)
{
	NTSTATUS status = driver_enable(&driver);

	CHECK(status == STATUS_SUCCESS || status == STATUS_INVALID_DEVICE_STATE);
	accepted += status == STATUS_SUCCESS;
}

static void two_enables(void)
{
	set_up_client();
	host_offer(&host);
	tasks[0] = machine_start("enable", do_enable_perhaps, NULL);
	tasks[1] = machine_start("enable too", do_enable_perhaps, NULL);
	together(2);
	CHECK_EQ(accepted, 1);
	CHECK_LOG("opened started post-started ");
	accepted = 0;
	tear_down();
}

TEST(an_enable_against_another)		{ explore(two_enables, 2, 3000); }

static void do_configure(void *unused)
{
	NTSTATUS status = VmbChannelInitSetMaximumPacketSize(driver.channel, 256);

	CHECK(status == STATUS_SUCCESS || status == STATUS_INVALID_PARAMETER_1);
	refused += status != STATUS_SUCCESS;
}

static u32 max_packet(void)
{
	return ((struct kmcl_channel *)driver.channel)->config.max_packet;
}

static u32 when_opened;

static void note_configuration(struct driver *d)
{
	when_opened = max_packet();
}

static void enable_against_configuration(void)
{
	set_up_client();
	host_offer(&host);
	driver.in_opened = note_configuration;
	tasks[0] = machine_start("enable", do_enable, NULL);
	tasks[1] = machine_start("configure", do_configure, NULL);
	together(2);
	/* Before the open or not at all. */
	CHECK_EQ(max_packet(), refused ? 512 : 256);
	CHECK_EQ(when_opened, max_packet());
	tear_down();
}

TEST(an_enable_against_a_configuration)	{ explore(enable_against_configuration, 2, 3000); }

/* ---- disable against send ---- */

static void disable_against_send(void)
{
	set_up_open_client();
	tasks[0] = machine_start("send", do_send, (void *)WAIT_FLAG);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	CHECK_EQ(driver.completed, accepted);
	CHECK_EQ(driver.removed, accepted);
	tear_down();
}

TEST(a_disable_against_a_send)		{ explore(disable_against_send, 2, 3000); }

static void disable_against_send_without_completion(void)
{
	set_up_open_client();
	tasks[0] = machine_start("send", do_send, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	CHECK_EQ(driver.completed, accepted);
	tear_down();
}

TEST(a_disable_against_a_send_without_completion)
{
	explore(disable_against_send_without_completion, 2, 3000);
}

static void run_before_closed(struct driver *d, VMBPACKET packet)
{
	CHECK(!strstr(d->log, "closed"));
	machine_point();
	CHECK(!strstr(d->log, "closed"));
	VmbPacketFree(packet);
}

/* EvtChannelClosed comes when all routines have returned, in whosever thread they run. */
static void disable_against_routine(void)
{
	set_up_open_client();
	driver.in_routine = run_before_closed;
	tasks[0] = machine_start("send", do_send, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	tear_down();
}

TEST(a_disable_against_a_routine)	{ explore(disable_against_routine, 2, 3000); }

static void open_against_send(void)
{
	set_up_client();
	do_enable(NULL);
	tasks[0] = machine_start("send", do_send, NULL);
	tasks[1] = machine_start("send too", do_send, NULL);
	tasks[2] = machine_start("offer", do_offer, NULL);
	together(3);
	machine_settle();
	CHECK_EQ(accepted, 2);
	CHECK_EQ(driver.completed, 2);
	CHECK_EQ(host_read_all(&host), 2);
	tear_down();
}

TEST(an_open_against_two_sends)		{ explore(open_against_send, 1, 3000); }

/* ---- cleanup against completion ---- */

static void cleanup_against_completion(void)
{
	set_up_open_client();
	do_send((void *)WAIT_FLAG);
	do_send((void *)WAIT_FLAG);
	tasks[0] = machine_start("complete", do_complete, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	/* The cleanup follows in tear_down(). */
	CHECK_EQ(driver.completed, 2);
	tear_down();
}

TEST(a_cleanup_against_a_completion)	{ explore(cleanup_against_completion, 2, 3000); }

static void completion_against_rescind(void)
{
	set_up_open_client();
	do_send((void *)WAIT_FLAG);
	tasks[0] = machine_start("complete", do_complete, NULL);
	tasks[1] = machine_start("rescind", do_rescind, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(driver.completed, 1);
	tear_down();
}

TEST(a_completion_against_a_rescind)	{ explore(completion_against_rescind, 2, 3000); }

/* ---- delivery ---- */

static void packets_against_pause(void)
{
	set_up_open_client();
	tasks[0] = machine_start("peer", do_peer_packets, NULL);
	tasks[1] = machine_start("pause", do_pause_and_start, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	CHECK_EQ(host_read_all(&host), 2);
	tear_down();
}

TEST(packets_against_a_pause_and_a_start)	{ explore(packets_against_pause, 1, 5000); }

static void packets_against_disable(void)
{
	set_up_open_client();
	driver.hold = true;
	tasks[0] = machine_start("peer", do_peer_packets, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(driver.held_count, 0);
	tear_down();
}

TEST(packets_against_a_disable)		{ explore(packets_against_disable, 1, 5000); }

static void quota_against_completion(void)
{
	set_up_open_client();
	VmbChannelSetTransactionQuota(driver.channel, 1);
	driver.hold = true;
	tasks[0] = machine_start("peer", do_peer_packets, NULL);
	tasks[1] = machine_start("finish", do_finish_held, NULL);
	tasks[2] = machine_start("finish too", do_finish_held, NULL);
	together(3);
	machine_settle();
	driver.hold = false;
	driver_complete_held(&driver);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	tear_down();
}

TEST(a_quota_against_completions)	{ explore(quota_against_completion, 1, 5000); }

static void deferral_against_packets(void)
{
	set_up_open_client();
	driver.defer = true;
	tasks[0] = machine_start("peer", do_peer_packets, NULL);
	tasks[1] = machine_start("pause", do_pause_and_start, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(driver.packets, 3);
	CHECK_EQ(driver.last[0], '2');
	tear_down();
}

TEST(a_deferral_against_packets_and_a_pause)	{ explore(deferral_against_packets, 1, 5000); }

static void do_go_passive(void *unused)
{
	VmbChannelSetIncomingProcessingAtPassive(driver.channel, TRUE);
}

static void passive_against_packets(void)
{
	set_up_open_client();
	tasks[0] = machine_start("peer", do_peer_packets, NULL);
	tasks[1] = machine_start("passive", do_go_passive, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	tear_down();
}

TEST(a_change_of_level_against_packets)	{ explore(passive_against_packets, 2, 3000); }

/* ---- the queue ---- */

static void fill_the_ring(void)
{
	machine_chooser chooser = machine_choose;
	u8 data[512] = { };

	machine_choose = NULL;
	do {
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
		accepted++;
	} while (driver.completed == accepted);
	machine_choose = chooser;
}

static void do_read_one(void *unused)
{
	struct host_packet seen;

	host_read(&host, &seen);
}

/* The timer would hide a signal that is lost. */
static bool read_all_without_the_timer(void)
{
	unsigned int left;

	machine_choose = NULL;
	machine_settle();
	for (left = 40; driver.completed < accepted && left; left--) {
		do_read_one(NULL);
		machine_settle();
	}
	return left;
}

static void room_against_send(void)
{
	set_up_open_client();
	fill_the_ring();
	tasks[0] = machine_start("read", do_read_one, NULL);
	tasks[1] = machine_start("send", do_send, NULL);
	together(2);
	CHECK(read_all_without_the_timer());
	tear_down();
}

TEST(room_against_a_send)		{ explore(room_against_send, 2, 3000); }

static void do_send_large(void *unused)
{
	static u8 data[512];

	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	accepted++;
}

/* The queue empties in part while the peer goes on reading. */
static void room_against_drain(void)
{
	set_up_open_client();
	fill_the_ring();
	do_send_large(NULL);
	do_send_large(NULL);
	tasks[0] = machine_start("read", do_read_one, NULL);
	tasks[1] = machine_start("read too", do_read_one, NULL);
	together(2);
	CHECK(read_all_without_the_timer());
	tear_down();
}

TEST(room_against_a_queue_that_empties)	{ explore(room_against_drain, 2, 3000); }

static void room_against_disable(void)
{
	set_up_open_client();
	fill_the_ring();
	tasks[0] = machine_start("read", do_read_one, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	CHECK_EQ(driver.completed, accepted);
	tear_down();
}

TEST(room_against_a_disable)		{ explore(room_against_disable, 2, 3000); }

/* ---- synchronous requests ---- */

static void do_request(void *unused)
{
	LARGE_INTEGER timeout = { .QuadPart = -10 * 10000 };
	NTSTATUS status = VmbChannelSendSynchronousRequest(driver.channel, "ask", 3, NULL,
							   WAIT_FLAG, NULL, NULL, &timeout);

	CHECK(status == STATUS_SUCCESS || status == STATUS_DEVICE_REMOVED ||
	      status == STATUS_CANCELLED || status == STATUS_INVALID_DEVICE_STATE);
}

static void request_against_rescind(void)
{
	set_up_open_client();
	tasks[0] = machine_start("request", do_request, NULL);
	tasks[1] = machine_start("complete", do_complete, NULL);
	tasks[2] = machine_start("rescind", do_rescind, NULL);
	together(3);
	machine_settle();
	tear_down();
}

TEST(a_request_against_its_reply_and_a_rescind)
{
	explore(request_against_rescind, 1, 5000);
}

static void two_requests_against_disable(void)
{
	set_up_open_client();
	tasks[0] = machine_start("request", do_request, NULL);
	tasks[1] = machine_start("request too", do_request, NULL);
	tasks[2] = machine_start("disable", do_disable, NULL);
	together(3);
	machine_settle();
	tear_down();
}

TEST(two_requests_against_a_disable)	{ explore(two_requests_against_disable, 1, 5000); }

/* ---- GPADLs ---- */

static u8 buffer[4096];

static void do_gpadl(void *unused)
{
	UINT32 handle;

	if (VmbChannelCreateGpadlFromBuffer(driver.channel, 0, buffer, 4096, &handle))
		return;
	/* Closing may have come first and deleted it, with a warning. */
	machine_warnings = 0;
}

static void gpadl_against_rescind(void)
{
	set_up_open_client();
	tasks[0] = machine_start("gpadl", do_gpadl, NULL);
	tasks[1] = machine_start("rescind", do_rescind, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(host.gpadls, 0);
	machine_warnings = 0;
	tear_down();
}

TEST(a_gpadl_against_a_rescind)		{ explore(gpadl_against_rescind, 2, 3000); }

/* ---- servers ---- */

static void do_close(void *unused)
{
	host_close(&host);
}

static void do_knock(void *unused)
{
	host_knock(&host);
}

static void close_against_disable(void)
{
	set_up_open_server();
	tasks[0] = machine_start("close", do_close, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	machine_settle();
	CHECK_LOG("opened started post-started suspend closed ");
	CHECK_EQ(host.unserved, 1);
	tear_down();
}

TEST(a_client_that_closes_against_a_disable)	{ explore(close_against_disable, 2, 3000); }

static void knock_against_disable(void)
{
	machine_chooser chooser = machine_choose;

	set_up_open_server();
	machine_choose = NULL;
	do_close(NULL);
	machine_settle();
	machine_choose = chooser;
	tasks[0] = machine_start("knock", do_knock, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	machine_settle();
	check_callbacks();
	CHECK_EQ(host.opens, host.closes);
	tear_down();
}

TEST(a_client_that_opens_against_a_disable)	{ explore(knock_against_disable, 2, 3000); }

static void do_save(void *unused)
{
	static u8 blob[8192];
	ULONG filled, required;

	if (VmbChannelSaveBegin(driver.channel))
		return;
	if (VmbChannelSaveContinue(driver.channel, blob, sizeof(blob), &filled, &required))
		CHECK(kmcl_channel_is_disabled((struct kmcl_channel *)driver.channel));
	VmbChannelSaveEnd(driver.channel);
}

static void save_against_close(void)
{
	set_up_open_server();
	VmbChannelPause(driver.channel);
	tasks[0] = machine_start("save", do_save, NULL);
	tasks[1] = machine_start("close", do_close, NULL);
	together(2);
	machine_settle();
	CHECK_LOG("opened started post-started suspend closed ");
	tear_down();
}

TEST(a_save_against_a_client_that_closes)	{ explore(save_against_close, 2, 3000); }

static void save_against_disable(void)
{
	set_up_open_server();
	VmbChannelPause(driver.channel);
	tasks[0] = machine_start("save", do_save, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(host.unserved, 1);
	host.kept = 0;
	tear_down();
}

TEST(a_save_against_a_disable)		{ explore(save_against_disable, 2, 3000); }
