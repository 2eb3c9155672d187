// SPDX-License-Identifier: GPL-2.0-only
/* Configuration: section 3. What is out of range or out of time changes nothing. */
#include "scene.h"

#define CH	(driver.channel)

static struct kmcl_config *config(void)
{
	return &((struct kmcl_channel *)CH)->config;
}

TEST(defaults)
{
	VMBCHANNEL channel;
	struct kmcl_config *c;

	scene_client();
	CHECK_EQ(VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	c = &((struct kmcl_channel *)channel)->config;
	CHECK_EQ(c->max_packet, 4096);
	CHECK_EQ(c->max_external, 1 << 20);
	CHECK_EQ(c->max_chain, 16);
	VmbChannelCleanup(channel);
	scene_end();
}

TEST(maximum_packet_size_at_its_limits)
{
	scene_client();
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 0), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 0x7ffe9), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 0xffffffff), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(config()->max_packet, 512);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 1), STATUS_SUCCESS);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 0x7ffe8), STATUS_SUCCESS);
	CHECK_EQ(config()->max_packet, 0x7ffe8);
	scene_end();
}

TEST(maximum_external_data_at_its_limits)
{
	scene_client();
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 0, 1), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 1, 0), STATUS_INVALID_PARAMETER_3);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 0xffffffff, 1),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 1, 0xffffffff),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(config()->max_external, 4 * 4096);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 1, 1), STATUS_SUCCESS);
	/* 8 for the count, 24 for the MDL, and pages: 65535 words of 8 bytes with a descriptor. */
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, (65535 - 2 - 4) * 4096u, 1),
		 STATUS_SUCCESS);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, (65535 - 2 - 4) * 4096u + 1, 1),
		 STATUS_INVALID_PARAMETER_2);
	scene_end();
}

TEST(sizes_do_not_change_with_packets_allocated)
{
	VMBPACKET packet;

	scene_client();
	packet = driver_packet(&driver);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 100), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 1, 1), STATUS_INVALID_PARAMETER_1);
	VmbPacketFree(packet);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 100), STATUS_SUCCESS);
	/* What was kept for reuse had another size. */
	CHECK_EQ(atomic_read(&kmcl_objects[KMCL_OBJECT_PACKET]), 0);
	scene_end();
}

TEST(a_packet_object_has_room_for_all)
{
	UINT32 small, large;

	scene_client();
	small = VmbChannelSizeofPacket(CH);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 513), STATUS_SUCCESS);
	large = VmbChannelSizeofPacket(CH);
	CHECK_EQ(large, small + 8);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 5 * 4096, 4), STATUS_SUCCESS);
	CHECK_EQ(VmbChannelSizeofPacket(CH), large + 8);
	scene_end();
}

TEST(ring_page_counts_at_their_limits)
{
	scene_client();
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 16385, 1),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 1, 16385),
		 STATUS_INVALID_PARAMETER_3);
	CHECK_EQ(config()->in_pages, 1);
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 16384, 16384), STATUS_SUCCESS);
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 0, 0), STATUS_SUCCESS);
	scene_end();
}

TEST(derived_rings_hold_sixteen_of_the_largest)
{
	scene_client();
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 0, 0), STATUS_SUCCESS);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK(host.in.size > 16 * kmcl_config_largest(config()));
	CHECK(host.in.size / 2 <= 16 * kmcl_config_largest(config()) || host.in.size == 4 * 4096);
	CHECK_EQ(host.in.size, host.out.size);
	scene_end();
}

TEST(a_server_has_no_rings_to_size_and_a_client_no_id)
{
	GUID id = { };

	scene_server();
	driver_disable(&driver);
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 1, 1), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(CH, (LPCGUID)&host_type, NULL, NULL),
		 STATUS_INVALID_PARAMETER_1);
	driver_end(&driver);
	driver_init_client(&driver, 1);
	CHECK_EQ(VmbServerChannelInitSetTargetInterfaceId(CH, id, id), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbServerChannelInitSetMmioMegabytes(CH, 1, 1), STATUS_INVALID_PARAMETER_1);
	scene_end();
}

TEST(flags_and_callbacks_are_checked)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	scene_client();
	CHECK_EQ(VmbChannelInitSetFlags(CH, 0x80000000), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetProcessPacketCallbacks(CH, NULL, NULL),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetStateChangeCallbacks(CH, NULL), STATUS_INVALID_PARAMETER_2);
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.Version++;
	CHECK_EQ(VmbChannelInitSetStateChangeCallbacks(CH, &callbacks),
		 STATUS_INVALID_PARAMETER_2);
	callbacks.Version--;
	callbacks.Size++;
	CHECK_EQ(VmbChannelInitSetStateChangeCallbacks(CH, &callbacks),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(CH, NULL, NULL, NULL),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetClientContextSize(CH, 100), STATUS_SUCCESS);
	scene_end();
}

TEST(nothing_changes_on_an_enabled_channel)
{
	GUID type = { .Data1 = 1 };
	UNICODE_STRING name = { .Length = 2, .Buffer = (PWSTR)L"x" };

	scene_client_open();
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(CH, 100), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetMaximumExternalData(CH, 1, 1), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetFlags(CH, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetClientContextSize(CH, 1), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetFriendlyName(CH, &name), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbClientChannelInitSetRingBufferPageCount(CH, 1, 1), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbClientChannelInitSetTargetPnp(CH, &type, NULL, NULL),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetProcessPacketCallbacks(CH, config()->process_packet, NULL),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelInitSetStateChangeCallbacks(CH, &config()->callbacks),
		 STATUS_INVALID_PARAMETER_1);
	scene_end();
}

static NTSTATUS save(VMBCHANNEL channel, VMBPACKET packet, PVOID buffer, UINT32 size,
		     PUINT32 needed)
{
	return STATUS_SUCCESS;
}

static NTSTATUS restore(VMBCHANNEL channel, PVOID library, UINT32 library_size, PVOID state,
			UINT32 state_size)
{
	return STATUS_SUCCESS;
}

/* Of these nothing changes on a client, or while the server is enabled. */
static void check_server_settings_refused(void)
{
	CHECK_EQ(VmbServerChannelInitSetTargetVtl(CH, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbServerChannelInitSetFlags(CH, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbServerChannelInitSetVmbusHandle(CH, NULL), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(CH, save, restore),
		 STATUS_INVALID_PARAMETER_1);
}

TEST(settings_of_servers)
{
	HANDLE handle;

	scene_server();
	check_server_settings_refused();
	driver_disable(&driver);
	CHECK_EQ(VmbServerChannelInitSetVmbusHandle(CH, NULL), STATUS_SUCCESS);
	CHECK_EQ(VmbServerChannelInitSetVmbusHandle(CH, &handle), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbConvertVmbusHandleToKernelHandle(NULL, &handle), STATUS_NOT_SUPPORTED);
	CHECK_EQ(VmbConvertVmbusHandleToKernelHandle(NULL, NULL), STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(CH, NULL, restore),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(CH, save, NULL),
		 STATUS_INVALID_PARAMETER_3);
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(CH, save, restore),
		 STATUS_SUCCESS);
	driver_end(&driver);
	driver_init_client(&driver, 1);
	check_server_settings_refused();
	scene_end();
}

TEST(a_name_is_kept_up_to_64_units)
{
	static const WCHAR long_name[80] =
		L"0123456789012345678901234567890123456789012345678901234567890123456789";
	UNICODE_STRING name = { .Length = 8, .Buffer = (PWSTR)L"name" };
	struct kmcl_channel *ch;

	scene_client();
	ch = (struct kmcl_channel *)CH;
	CHECK_EQ(VmbChannelInitSetFriendlyName(CH, &name), STATUS_SUCCESS);
	CHECK(!strcmp(ch->name, "name"));
	name.Length = 7;
	CHECK_EQ(VmbChannelInitSetFriendlyName(CH, &name), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelInitSetFriendlyName(CH, NULL), STATUS_INVALID_PARAMETER_2);
	name.Length = 2;
	name.Buffer = NULL;
	CHECK_EQ(VmbChannelInitSetFriendlyName(CH, &name), STATUS_INVALID_PARAMETER_2);
	CHECK(!strcmp(ch->name, "name"));
	name.Length = 140;
	name.Buffer = (PWSTR)long_name;
	CHECK_EQ(VmbChannelInitSetFriendlyName(CH, &name), STATUS_SUCCESS);
	CHECK_EQ(strlen(ch->name), 64);
	scene_end();
}

TEST(mmio_megabytes_are_checked)
{
	scene_server();
	driver_disable(&driver);
	CHECK_EQ(VmbServerChannelInitSetMmioMegabytes(CH, 0, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbServerChannelInitSetMmioMegabytes(CH, 1, 0), STATUS_SUCCESS);
	CHECK_EQ(VmbServerChannelInitSetMmioMegabytes(CH, 0, 1), STATUS_SUCCESS);
	scene_end();
}

TEST(levels_of_trust_and_sockets_are_not_served)
{
	scene_server();
	driver_disable(&driver);
	CHECK_EQ(VmbServerChannelInitSetTargetVtl(CH, 3), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbServerChannelInitSetTargetVtl(CH, 1), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_NOT_SUPPORTED);
	CHECK_EQ(VmbServerChannelInitSetTargetVtl(CH, 0), STATUS_SUCCESS);
	CHECK_EQ(VmbServerChannelInitSetFlags(CH, 0x80000000), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbServerChannelInitSetFlags(CH,
					      VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER),
		 STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_NOT_SUPPORTED);
	CHECK_EQ(VmbServerChannelInitSetFlags(CH, 0), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	scene_end();
}

/* ---- GPADLs ---- */

static u8 buffer[8192];

TEST(a_gpadl_is_made_and_deleted)
{
	UINT32 handle = 0;

	scene_client_open();
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, sizeof(buffer), &handle),
		 STATUS_SUCCESS);
	CHECK(handle);
	CHECK_EQ(host.gpadls, 1);
	VmbChannelDeleteGpadl(CH, handle);
	CHECK_EQ(host.gpadls, 0);
	VmbChannelDeleteGpadl(CH, handle);
	scene_end_with(1);
}

TEST(a_gpadl_is_refused)
{
	static const struct {
		int err;
		NTSTATUS status;
	} cases[] = {
		{ -ENOMEM, STATUS_INSUFFICIENT_RESOURCES }, { -EOPNOTSUPP, STATUS_NOT_SUPPORTED },
		{ -EPROTO, STATUS_UNSUCCESSFUL }, { -ENODEV, STATUS_DEVICE_REMOVED },
	};
	unsigned int i;
	UINT32 handle;

	scene_client_open();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		host.gpadl_error = cases[i].err;
		CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 4096, &handle),
			 cases[i].status);
	}
	scene_end();
}

TEST(the_arguments_of_a_gpadl_are_checked)
{
	UINT32 handle;

	scene_client_open();
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0x100, buffer, 1, &handle),
		 STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, NULL, 1, &handle),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 0, &handle),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 1, NULL),
		 STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(a_gpadl_needs_an_open_channel)
{
	UINT32 handle;

	scene_client();
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 4096, &handle),
		 STATUS_INVALID_DEVICE_STATE);
	scene_end();
}

TEST(a_gpadl_that_is_forgotten_is_deleted_with_a_warning)
{
	UINT32 handle;

	scene_client_open();
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 4096, &handle), STATUS_SUCCESS);
	driver_disable(&driver);
	CHECK_EQ(host.gpadls, 0);
	scene_end_with(1);
}

struct creation {
	NTSTATUS status;
	UINT32 handle;
};

static void create_task(void *arg)
{
	struct creation *c = arg;

	c->status = VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 4096, &c->handle);
}

TEST(a_rescind_ends_a_gpadl_that_the_host_does_not_answer)
{
	struct creation c = { .status = STATUS_SUCCESS };
	struct task_struct *task;

	scene_client_open();
	host.hold_open = true;
	task = machine_start("create", create_task, &c);
	machine_settle();
	host_rescind(&host);
	machine_join(task);
	CHECK_EQ(c.status, STATUS_DEVICE_REMOVED);
	scene_end();
}

struct chain {
	MDL mdl;
	PFN_NUMBER pfns[8];
};

static PMDL make_mdl(struct chain *chain, u32 offset, u32 count, struct chain *next)
{
	u32 i;

	MmInitializeMdl(&chain->mdl, (PVOID)(uintptr_t)offset, count);
	for (i = 0; i < 8; i++)
		chain->pfns[i] = 100 + i;
	chain->mdl.Next = next ? &next->mdl : NULL;
	return &chain->mdl;
}

TEST(a_gpadl_of_a_chain_joins_on_page_boundaries)
{
	struct chain a, b;
	UINT32 handle;
	PMDL mdl;

	scene_client_open();
	mdl = make_mdl(&a, 0, 8192, &b);
	make_mdl(&b, 0, 5000, NULL);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 0, 0, &handle), STATUS_SUCCESS);
	VmbChannelDeleteGpadl(CH, handle);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 4096, 8192, &handle), STATUS_SUCCESS);
	VmbChannelDeleteGpadl(CH, handle);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 8192, 100, &handle), STATUS_SUCCESS);
	VmbChannelDeleteGpadl(CH, handle);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 8, 0, &handle), STATUS_NOT_SUPPORTED);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 13192, 0, &handle),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 0, 13193, &handle),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, NULL, 0, 0, &handle),
		 STATUS_INVALID_PARAMETER);
	make_mdl(&a, 0, 8000, &b);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 0, 0, &handle), STATUS_NOT_SUPPORTED);
	make_mdl(&a, 0, 8192, NULL);
	a.pfns[1] = MACHINE_PFNS;
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 0, 0, &handle), STATUS_NOT_SUPPORTED);
	make_mdl(&a, 0, 8192, NULL);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0x100, mdl, 0, 0, &handle),
		 STATUS_INVALID_PARAMETER_2);
	driver_disable(&driver);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, mdl, 0, 0, &handle),
		 STATUS_INVALID_DEVICE_STATE);
	scene_end();
}

TEST(a_server_makes_no_gpadls)
{
	struct chain a;
	UINT32 handle;

	scene_server_open();
	CHECK_EQ(VmbChannelCreateGpadlFromBuffer(CH, 0, buffer, 4096, &handle),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelCreateGpadlFromMdl(CH, 0, make_mdl(&a, 0, 4096, NULL), 0, 0, &handle),
		 STATUS_INVALID_PARAMETER_1);
	scene_end();
}

/* ---- what servers map ---- */

TEST(a_server_maps_gpadls_of_its_client)
{
	PMDL mdl = NULL;

	scene_server_open();
	host.last_gpadl = 2;
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 2, &mdl), STATUS_SUCCESS);
	CHECK(mdl);
	VmbChannelUnmapGpadl(CH, 2);
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 1, &mdl), STATUS_ACCESS_DENIED);
	CHECK_EQ(VmbChannelMapGpadl(CH, VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY, 1, &mdl),
		 STATUS_SUCCESS);
	VmbChannelUnmapGpadl(CH, 1);
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 3, &mdl), STATUS_INVALID_PARAMETER_3);
	VmbChannelUnmapGpadl(CH, 3);
	scene_end_with(1);
}

TEST(the_arguments_of_a_mapping_are_checked)
{
	PMDL mdl;

	scene_server_open();
	host.last_gpadl = 2;
	CHECK_EQ(VmbChannelMapGpadl(NULL, 0, 2, &mdl), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelMapGpadl(CH, 0x100, 2, &mdl), STATUS_INVALID_PARAMETER_2);
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 2, NULL), STATUS_INVALID_PARAMETER);
	host.map_error = -EBUSY;
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 2, &mdl), STATUS_INVALID_DEVICE_REQUEST);
	host.map_error = -ENOMEM;
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 2, &mdl), STATUS_INSUFFICIENT_RESOURCES);
	host.map_error = 0;
	host_close(&host);
	machine_settle();
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 2, &mdl), STATUS_INVALID_DEVICE_STATE);
	scene_end();
}

TEST(mappings_that_are_forgotten_are_ended_with_a_warning)
{
	PMDL mdl;

	scene_server_open();
	host.last_gpadl = 2;
	CHECK_EQ(VmbChannelMapGpadl(CH, 0, 2, &mdl), STATUS_SUCCESS);
	host_close(&host);
	machine_settle();
	CHECK_EQ(host.mappings, 0);
	scene_end_with(1);
}
