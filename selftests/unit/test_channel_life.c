// SPDX-License-Identifier: GPL-2.0-only
/* The life cycle as a driver sees it: sections 4.3 to 4.8 of the specification. */
#include "scene.h"

/* ---- clients ---- */

TEST(a_client_opens_what_is_offered)
{
	scene_client();
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("opened started post-started ");
	CHECK_EQ(host.opens, 1);
	scene_end();
	CHECK_EQ(host.closes, 1);
}

TEST(a_client_waits_for_its_offer)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("");
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	scene_end();
}

TEST(a_client_that_waits_can_be_disabled)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	driver_disable(&driver);
	CHECK_LOG("");
	host_offer(&host);
	machine_settle();
	CHECK_LOG("");
	scene_end();
}

TEST(enabling_twice_is_refused)
{
	scene_client_open();
	CHECK_EQ(driver_enable(&driver), STATUS_INVALID_DEVICE_STATE);
	CHECK_LOG("");
	scene_end();
}

TEST(a_client_without_a_target_is_refused)
{
	struct driver other;

	scene_client();
	CHECK_EQ(VmbChannelAllocate(NULL, FALSE, &other.channel), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&other), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(other.channel);
	scene_end();
}

TEST(disabling_closes_in_order)
{
	scene_client_open();
	driver_disable(&driver);
	CHECK_LOG("suspend closed ");
	CHECK_EQ(host.closes, 1);
	driver_disable(&driver);
	CHECK_LOG("suspend closed ");
	scene_end();
}

TEST(a_disabled_client_opens_again)
{
	scene_client_open();
	driver_disable(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("suspend closed opened started post-started ");
	CHECK_EQ(host.opens, 2);
	scene_end();
}

TEST(the_bus_refuses_an_open)
{
	scene_client();
	host.open_error = -EPROTO;
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_UNSUCCESSFUL);
	CHECK_LOG("");
	CHECK(kmcl_channel_is_disabled((struct kmcl_channel *)driver.channel));
	host.open_error = 0;
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	scene_end();
}

TEST(the_bus_has_no_memory_for_an_open)
{
	scene_client();
	host.open_error = -ENOMEM;
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_INSUFFICIENT_RESOURCES);
	scene_end();
}

TEST(an_open_that_fails_later_is_told)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host.open_error = -EPROTO;
	host_offer(&host);
	machine_settle();
	CHECK_EQ(driver.pnp_failures, 1);
	CHECK_EQ(driver.last_status, STATUS_UNSUCCESSFUL);
	scene_end();
}

TEST(a_driver_refuses_in_opened)
{
	scene_client();
	driver.opened_status = STATUS_NOT_SUPPORTED;
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_NOT_SUPPORTED);
	CHECK_LOG("opened ");
	CHECK_EQ(host.opens, 1);
	CHECK_EQ(host.closes, 1);
	scene_end();
}

TEST(a_driver_refuses_in_opened_later)
{
	scene_client();
	driver.opened_status = STATUS_NOT_SUPPORTED;
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_offer(&host);
	machine_settle();
	CHECK_EQ(driver.pnp_failures, 1);
	CHECK_EQ(driver.last_status, STATUS_NOT_SUPPORTED);
	scene_end();
}

TEST(a_client_opens_the_offer_after_the_one_that_was_rescinded)
{
	scene_client_open();
	host_rescind(&host);
	machine_settle();
	CHECK_LOG("suspend closed ");
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("suspend closed opened started post-started ");
	scene_end();
}

TEST(a_bus_waits_until_the_channel_has_let_go_of_its_offer)
{
	scene_client_open();
	host_destroy(&host);
	CHECK_LOG("suspend closed ");
	CHECK_EQ(host.released, 1);
	scene_end();
}

TEST(a_rescind_closes)
{
	scene_client_open();
	host_rescind(&host);
	machine_settle();
	CHECK_LOG("suspend closed ");
	CHECK_EQ(host.released, 1);
	scene_end();
}

TEST(an_unbind_closes)
{
	scene_client_open();
	host_unbind(&host);
	machine_settle();
	CHECK_LOG("suspend closed ");
	scene_end();
}

TEST(a_rescinded_client_takes_the_next_offer)
{
	scene_client_open();
	host_rescind(&host);
	machine_settle();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("suspend closed opened started post-started ");
	scene_end();
}

static void enable_task(void *arg)
{
	*(NTSTATUS *)arg = driver_enable(&driver);
}

TEST(a_rescind_ends_an_open_that_the_host_does_not_answer)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct task_struct *task;

	scene_client();
	host.hold_open = true;
	host_offer(&host);
	task = machine_start("enable", enable_task, &status);
	machine_settle();
	CHECK(host.opening);
	host_rescind(&host);
	machine_join(task);
	CHECK_EQ(status, STATUS_DEVICE_REMOVED);
	CHECK_LOG("");
	scene_end();
}

TEST(a_late_answer_opens)
{
	NTSTATUS status = STATUS_UNSUCCESSFUL;
	struct task_struct *task;

	scene_client();
	host.hold_open = true;
	host_offer(&host);
	task = machine_start("enable", enable_task, &status);
	machine_pass(100000);
	CHECK_LOG("");
	host_release_open(&host);
	machine_join(task);
	CHECK_EQ(status, STATUS_SUCCESS);
	CHECK_LOG("opened started post-started ");
	scene_end();
}

TEST(an_offer_that_goes_before_it_is_opened_is_waited_for_again)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_offer(&host);
	host_rescind(&host);
	machine_settle();
	CHECK_LOG("");
	CHECK_EQ(driver.pnp_failures, 0);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	scene_end();
}

TEST(the_client_that_waits_longest_gets_the_offer)
{
	struct driver second;

	scene_client();
	driver_init_client(&second, 1);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&second), STATUS_SUCCESS);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	CHECK(!*second.log);
	driver_disable(&driver);
	machine_settle();
	CHECK(!strcmp(second.log, "opened started post-started "));
	driver_end(&second);
	scene_end();
}

TEST(an_exact_target_goes_before_any)
{
	struct driver any;

	scene_client();
	driver_init_client(&any, 1);
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(any.channel, (LPCGUID)&host_type, NULL, NULL),
		 STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&any), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	CHECK(!*any.log);
	driver_end(&any);
	scene_end();
}

TEST(any_instance_of_a_class_will_do)
{
	GUID instance = { };

	scene_client();
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(driver.channel, (LPCGUID)&host_type, NULL, NULL),
		 STATUS_SUCCESS);
	VmbChannelGetInterfaceInstance(driver.channel, &instance);
	CHECK(!memcmp(&instance, &guid_null, sizeof(instance)));
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	VmbChannelGetInterfaceInstance(driver.channel, &instance);
	CHECK(!memcmp(&instance, &host_instance, sizeof(instance)));
	scene_end();
}

TEST(devices_of_another_class_or_instance_are_left_alone)
{
	struct host others[2];

	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_init(&others[0]);
	others[0].offer.type.b[15] = 9;
	host_init(&others[1]);
	others[1].offer.instance.b[15] = 9;
	host_offer(&others[0]);
	host_offer(&others[1]);
	machine_settle();
	CHECK_LOG("");
	host_destroy(&others[0]);
	host_destroy(&others[1]);
	CHECK_EQ(others[0].released, 1);
	CHECK_EQ(others[1].released, 1);
	scene_end();
}

TEST(offers_are_found_among_many)
{
	struct host others[9];
	unsigned int i;

	scene_client();
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		host_init(&others[i]);
		others[i].offer.instance.b[0] = 10 + (i * 5) % 9;
		if (i % 2)
			others[i].offer.type.b[0] = i;
		host_offer(&others[i]);
	}
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("opened started post-started ");
	CHECK_EQ(host.opens, 1);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		host_destroy(&others[i]);
	scene_end();
}

/* ---- start and pause ---- */

TEST(pause_suspends_and_start_goes_on)
{
	scene_client_open();
	VmbChannelPause(driver.channel);
	CHECK_LOG("suspend ");
	host_send(&host, "1", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 0);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_LOG("suspend started post-started ");
	CHECK_EQ(driver.packets, 1);
	scene_end();
}

TEST(pausing_and_starting_twice_changes_nothing)
{
	scene_client_open();
	VmbChannelStart(driver.channel);
	CHECK_LOG("");
	VmbChannelPause(driver.channel);
	VmbChannelPause(driver.channel);
	CHECK_LOG("suspend ");
	VmbChannelStart(driver.channel);
	VmbChannelStart(driver.channel);
	CHECK_LOG("suspend started post-started ");
	scene_end();
}

TEST(a_paused_channel_closes_without_suspend)
{
	scene_client_open();
	VmbChannelPause(driver.channel);
	driver_disable(&driver);
	CHECK_LOG("suspend closed ");
	scene_end();
}

TEST(paused_while_disabled_comes_up_paused)
{
	scene_client();
	VmbChannelPause(driver.channel);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("opened ");
	VmbChannelStart(driver.channel);
	CHECK_LOG("opened started post-started ");
	scene_end();
}

TEST(a_start_takes_the_mark_of_a_pause_back)
{
	scene_client();
	VmbChannelPause(driver.channel);
	VmbChannelStart(driver.channel);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("opened started post-started ");
	scene_end();
}

TEST(paused_while_waiting_comes_up_paused)
{
	scene_client();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelPause(driver.channel);
	host_offer(&host);
	machine_settle();
	CHECK_LOG("opened ");
	scene_end();
}

TEST(pause_waits_for_packets_that_the_driver_has)
{
	scene_client_open();
	driver.hold = true;
	host_send(&host, "1", 1, 5);
	machine_settle();
	CHECK_EQ(driver.held_count, 1);
	VmbChannelPause(driver.channel);
	CHECK_EQ(driver.held_count, 0);
	CHECK_LOG("suspend ");
	scene_end();
}

/* ---- servers ---- */

TEST(a_server_opens_when_a_client_knocks)
{
	scene_server();
	CHECK_LOG("");
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	CHECK_EQ(host.answer, 0);
	scene_end();
	CHECK_EQ(host.unserved, 1);
}

TEST(a_server_comes_up_paused)
{
	host_begin();
	host_init(&host);
	host_of_server = &host;
	driver_init_server(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened ");
	VmbChannelStart(driver.channel);
	CHECK_LOG("opened started post-started ");
	scene_end();
}

TEST(a_server_without_an_id_is_refused)
{
	scene_server();
	driver_end(&driver);
	CHECK_EQ(VmbChannelAllocate(NULL, TRUE, &driver.channel), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(a_server_stays_offered_when_its_client_closes)
{
	scene_server_open();
	host_close(&host);
	machine_settle();
	CHECK_LOG("suspend closed ");
	CHECK_EQ(host.unserved, 0);
	host_knock(&host);
	machine_settle();
	CHECK_LOG("suspend closed opened started post-started ");
	scene_end();
}

TEST(a_server_refuses_a_client)
{
	scene_server();
	driver.opened_status = STATUS_UNSUCCESSFUL;
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened ");
	CHECK_EQ(host.answers, 1);
	CHECK(host.answer);
	driver.opened_status = STATUS_SUCCESS;
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened opened started post-started ");
	CHECK_EQ(host.answer, 0);
	scene_end();
}

TEST(a_server_that_cannot_open_says_so)
{
	scene_server();
	host.open_error = -ENOMEM;
	host_knock(&host);
	machine_settle();
	CHECK_LOG("");
	CHECK(host.answer);
	scene_end();
}

TEST(a_server_with_no_memory_for_its_offer_is_disabled)
{
	scene_server();
	driver_disable(&driver);
	host_of_server = NULL;
	CHECK_EQ(driver_enable(&driver), STATUS_INSUFFICIENT_RESOURCES);
	CHECK(kmcl_channel_is_disabled((struct kmcl_channel *)driver.channel));
	scene_end();
}

/* ---- misuse: told, and without effect ---- */

static void disable_inside(struct driver *d)
{
	VmbChannelDisable(d->channel);
	VmbChannelStart(d->channel);
	VmbChannelPause(d->channel);
	VmbChannelCleanup(d->channel);
}

TEST(the_life_cycle_is_not_called_in_state_callbacks)
{
	scene_client();
	driver.in_opened = disable_inside;
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("opened started post-started ");
	scene_end_with(4);
}

TEST(the_life_cycle_is_not_called_in_packet_callbacks)
{
	scene_client_open();
	driver.in_packet = disable_inside;
	host_send(&host, "1", 1, 0);
	machine_settle();
	CHECK_LOG("");
	scene_end_with(4);
}

static void disable_in_routine(struct driver *d, VMBPACKET packet)
{
	VmbPacketFree(packet);
	disable_inside(d);
}

TEST(the_life_cycle_is_not_called_in_completion_routines)
{
	scene_client_open();
	driver.in_routine = disable_in_routine;
	CHECK_EQ(driver_send(&driver, "1", 1, 0), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 1);
	CHECK_LOG("");
	scene_end_with(4);
}

TEST(what_is_no_channel_is_refused)
{
	LARGE_INTEGER zero = { .QuadPart = 0 };
	u64 memory[256] = { };
	VMBCHANNEL bad = (VMBCHANNEL)memory;
	UINT32 handle;

	scene_client();
	CHECK_EQ(VmbChannelEnable(bad), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelEnable(NULL), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(bad, 0, memory, 8, &handle),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelSendSynchronousRequest(bad, "1", 1, NULL, 0, NULL, NULL, &zero),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelSaveBegin(bad), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelRestoreFromBuffer(bad, memory, 8), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelSetInterruptLatency(bad, 1, NULL), STATUS_INVALID_PARAMETER_1);
	VmbChannelDisable(bad);
	VmbChannelStart(bad);
	VmbChannelPause(bad);
	VmbChannelCleanup(bad);
	CHECK(!VmbPacketAllocate(bad));
	CHECK_EQ(VmbChannelSizeofPacket(bad), 0);
	CHECK(!VmbChannelGetPointer(bad));
	VmbChannelSetIncomingProcessingAtPassive(bad, TRUE);
	VmbChannelSetTransactionQuota(bad, 1);
	scene_end_with(9);
}

TEST(a_channel_that_was_cleaned_up_is_refused)
{
	VMBCHANNEL gone;

	scene_client();
	CHECK_EQ(VmbChannelAllocate(NULL, FALSE, &gone), STATUS_SUCCESS);
	VmbChannelCleanup(gone);
	CHECK_EQ(VmbChannelEnable(gone), STATUS_INVALID_PARAMETER_1);
	VmbChannelCleanup(gone);
	scene_end_with(1);
}

TEST(cleanup_disables_with_a_warning)
{
	scene_client_open();
	VmbChannelCleanup(driver.channel);
	CHECK_LOG("suspend closed ");
	CHECK_EQ(VmbChannelAllocate(NULL, FALSE, &driver.channel), STATUS_SUCCESS);
	scene_end_with(1);
}

TEST(cleanup_reclaims_packets_with_a_warning)
{
	scene_client();
	CHECK(driver_packet(&driver));
	CHECK(driver_packet(&driver));
	scene_end_with(1);
}

TEST(an_allocation_needs_a_place_and_no_strange_parent)
{
	VMBCHANNEL channel = (VMBCHANNEL)1;

	scene_client();
	CHECK_EQ(VmbChannelAllocate(NULL, FALSE, NULL), STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelAllocate((PDEVICE_OBJECT)&host, FALSE, &channel),
		 STATUS_INVALID_PARAMETER);
	CHECK(!channel);
	scene_end();
}

/* ---- what a driver can ask ---- */

TEST(pointers_are_kept)
{
	VMBPACKET packet;

	scene_client();
	packet = driver_packet(&driver);
	CHECK(!VmbPacketGetPointer(packet));
	VmbPacketSetPointer(packet, &host);
	CHECK(VmbPacketGetPointer(packet) == &host);
	CHECK(VmbPacketGetChannel(packet) == driver.channel);
	CHECK(VmbChannelGetPointer(driver.channel) == &driver);
	VmbPacketFree(packet);
	/* The same memory, and another packet. */
	packet = driver_packet(&driver);
	CHECK(!VmbPacketGetPointer(packet));
	VmbPacketFree(packet);
	scene_end();
}

TEST(mmio_space_is_told_while_open)
{
	UINT64 address = 1, size = 1;

	scene_client();
	VmbChannelGetMmioSpace(driver.channel, &address, &size);
	CHECK(!address && !size);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelGetMmioSpace(driver.channel, &address, &size);
	CHECK_EQ(address, 0xf0000000);
	CHECK_EQ(size, 1 << 20);
	driver_disable(&driver);
	VmbChannelGetMmioSpace(driver.channel, &address, &size);
	CHECK(!address && !size);
	scene_end();
}

TEST(latency_is_not_supported_while_open_and_refused_before)
{
	UINT16 old = 77;

	scene_client();
	CHECK_EQ(VmbChannelSetInterruptLatency(driver.channel, 1, &old),
		 STATUS_INVALID_DEVICE_STATE);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(VmbChannelSetInterruptLatency(driver.channel, 1, &old), STATUS_NOT_SUPPORTED);
	CHECK_EQ(old, 77);
	scene_end();
}
