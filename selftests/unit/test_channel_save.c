// SPDX-License-Identifier: GPL-2.0-only
/* Saving and restoring a server: section 8. The connection is kept by the end itself here. */
#include "saved.h"
#include "scene.h"

#define BLOB	65536

static u8 blob[BLOB];
static u32 blob_length;
static NTSTATUS save_status, restore_status;
static NTSTATUS (*save_oddly)(UINT32 size, PUINT32 needed);
static unsigned int saved_packets, restored_packets;
static u32 state_bytes;
static struct host_packet seen;

static NTSTATUS save_packet(VMBCHANNEL channel, VMBPACKET packet, PVOID buffer, UINT32 size,
			    PUINT32 needed)
{
	if (save_status)
		return save_status;
	if (save_oddly)
		return save_oddly(size, needed);
	*needed = state_bytes;
	if (size < state_bytes)
		return STATUS_BUFFER_TOO_SMALL;
	if (state_bytes)
		memset(buffer, 0x5a, state_bytes);
	saved_packets++;
	return STATUS_SUCCESS;
}

static VMBPACKET last_restored;

static NTSTATUS restore_packet(VMBCHANNEL channel, PVOID library, UINT32 library_size,
			       PVOID state, UINT32 state_size)
{
	VMBPACKET packet;
	NTSTATUS status;
	UINT32 i;

	if (restore_status)
		return restore_status;
	CHECK_EQ(state_size, state_bytes);
	for (i = 0; i < state_size; i++)
		CHECK_EQ(((u8 *)state)[i], 0x5a);
	packet = driver_packet(&driver);
	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	CHECK_EQ(VmbPacketRestore(packet, library, library_size - 8), STATUS_INVALID_PARAMETER);
	/* That one is in flight already. */
	if (last_restored)
		CHECK_EQ(VmbPacketRestore(last_restored, library, library_size),
			 STATUS_INVALID_DEVICE_REQUEST);
	status = VmbPacketRestore(packet, library, library_size);
	CHECK_EQ(status, STATUS_SUCCESS);
	CHECK_EQ(VmbPacketRestore(packet, library, library_size), STATUS_INVALID_DEVICE_REQUEST);
	last_restored = packet;
	restored_packets++;
	return STATUS_SUCCESS;
}

static void set_callbacks(void)
{
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(driver.channel, save_packet,
								   restore_packet),
		 STATUS_SUCCESS);
}

static void open_server(void)
{
	host_begin();
	host_init(&host);
	host_of_server = &host;
	driver_init_server(&driver);
	set_callbacks();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
}

/* In buffers of @room bytes, or of what a chunk needs. */
static NTSTATUS save_all(u32 room)
{
	NTSTATUS status;

	blob_length = 0;
	status = VmbChannelSaveBegin(driver.channel);
	if (status)
		return status;
	do {
		ULONG filled, required;

		CHECK(blob_length + room <= BLOB);
		status = VmbChannelSaveContinue(driver.channel, blob + blob_length, room, &filled,
						&required);
		CHECK(filled <= room);
		CHECK(!filled || status != STATUS_BUFFER_TOO_SMALL);
		blob_length += filled;
		if (status == STATUS_BUFFER_TOO_SMALL) {
			CHECK(required > room);
			room = required;
		}
	} while (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL);
	return status;
}

/* The server's next life: everything of the first is gone. */
static void be_born_again(void)
{
	driver_end(&driver);
	host_of_server = &host;
	driver_init_server(&driver);
	set_callbacks();
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
}

static void save_and_die(void)
{
	VmbChannelPause(driver.channel);
	CHECK_EQ(save_all(4096), STATUS_SUCCESS);
	VmbChannelSaveEnd(driver.channel);
	be_born_again();
}

static NTSTATUS restore_in_pieces(u32 piece)
{
	NTSTATUS status = STATUS_MORE_PROCESSING_REQUIRED;
	u32 at = 0;

	while (at < blob_length && status == STATUS_MORE_PROCESSING_REQUIRED) {
		struct kmcl_saved_header header;
		u32 length = 0;

		do {
			memcpy(&header, blob + at + length, sizeof(header));
			length += header.length;
		} while (length < piece && at + length < blob_length);
		status = VmbChannelRestoreFromBuffer(driver.channel, blob + at, length);
		at += length;
	}
	return status;
}

static void host_complete_now(u64 id)
{
	CHECK_EQ(host_complete(&host, id, "late", 4), 0);
	machine_settle();
}

TEST(an_idle_server_lives_again)
{
	open_server();
	save_and_die();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	host_send(&host, "hello", 5, 7);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.trans_id, 7);
	scene_end();
}

TEST(packets_in_the_ring_are_read_by_the_restored_server)
{
	open_server();
	VmbChannelPause(driver.channel);
	host_send(&host, "one", 3, 0);
	host_send(&host, "two", 3, 0);
	machine_settle();
	save_and_die();
	CHECK_EQ(driver.packets, 0);
	CHECK_EQ(restore_in_pieces(1), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 2);
	CHECK(!memcmp(driver.last, "two", 3));
	scene_end();
}

TEST(packets_on_the_wire_complete_in_the_next_life)
{
	u64 ids[3];
	int i;

	open_server();
	state_bytes = 24;
	for (i = 0; i < 3; i++) {
		CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
		CHECK_EQ(host_read(&host, &seen), 1);
		ids[i] = seen.desc.trans_id;
	}
	save_and_die();
	CHECK_EQ(saved_packets, 3);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	CHECK_EQ(restored_packets, 3);
	VmbChannelStart(driver.channel);
	for (i = 2; i >= 0; i--)
		host_complete_now(ids[i]);
	CHECK_EQ(driver.completed, 3);
	CHECK_EQ(driver.last_status, STATUS_SUCCESS);
	/* Ids go on where they were. */
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.trans_id, ids[2] + 1);
	scene_end();
}

TEST(many_transactions_are_restored)
{
	unsigned int i;

	open_server();
	state_bytes = 0;
	for (i = 0; i < 300; i++) {
		CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
		host_read_all(&host);
		machine_settle();
	}
	save_and_die();
	CHECK_EQ(restore_in_pieces(500), STATUS_SUCCESS);
	CHECK_EQ(restored_packets, 300);
	VmbChannelStart(driver.channel);
	for (i = 1; i <= 300; i++)
		host_complete_now(i);
	CHECK_EQ(driver.completed, 300);
	scene_end();
}

TEST(the_queue_is_sent_in_the_next_life)
{
	u8 data[512] = { };
	unsigned int n;

	open_server();
	state_bytes = 8;
	for (n = 0; driver.completed == n; n++)
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "last", 4, WAIT_FLAG), STATUS_SUCCESS);
	save_and_die();
	CHECK_EQ(saved_packets, 2);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	for (; n; n--) {
		CHECK_EQ(host_read(&host, &seen), 1);
		CHECK_EQ(seen.length, 512);
		machine_settle();
	}
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK(!memcmp(seen.data, "last", 4));
	CHECK(seen.desc.flags & KMCL_DESC_FLAG_COMPLETION_REQUESTED);
	scene_end();
}

TEST(nothing_of_the_queue_is_sent_while_it_is_saved)
{
	u8 data[512] = { };
	unsigned int n;

	open_server();
	for (n = 0; driver.completed == n; n++)
		CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	VmbChannelPause(driver.channel);
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_SUCCESS);
	CHECK_EQ(host_read_all(&host), n - 1);
	machine_pass(5000);
	CHECK_EQ(host_read_all(&host), 0);
	VmbChannelSaveEnd(driver.channel);
	machine_settle();
	CHECK_EQ(host_read_all(&host), 1);
	scene_end();
}

TEST(replies_that_waited_are_sent_in_the_next_life)
{
	unsigned int i, before;

	open_server();
	driver.echo = true;
	for (i = 1; i <= 20; i++) {
		u8 data[504] = { i };

		host_send(&host, data, sizeof(data), i);
		machine_settle();
	}
	CHECK_EQ(driver.packets, 20);
	save_and_die();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	for (i = 1; i <= 20; i++) {
		CHECK_EQ(host_read(&host, &seen), 1);
		CHECK_EQ(seen.desc.type, KMCL_PKT_COMPLETION);
		CHECK_EQ(seen.desc.trans_id, i);
		CHECK_EQ(seen.data[0], i);
		machine_settle();
	}
	/* With too many replies queued nothing more would be taken. */
	VmbChannelStart(driver.channel);
	before = driver.packets;
	host_send(&host, "more", 4, 0);
	machine_settle();
	CHECK_EQ(driver.packets, before + 1);
	scene_end();
}

/* A deferred packet waits for the worker when its channel is paused. */
static void hold_one(u16 type, u16 offset8)
{
	struct kmcl_desc desc = { .type = type, .offset8 = offset8, .len8 = 6, .trans_id = 9,
				  .flags = KMCL_DESC_FLAG_COMPLETION_REQUESTED };
	u64 words[4] = { 1ull << 32, 8, 77, 0x6174616461746164 };

	driver.defer = true;
	host_write(&host, &desc, words, sizeof(words), 48);
	host_signal_now(&host);
	CHECK_EQ(driver.packets, 1);
	VmbChannelPause(driver.channel);
}

TEST(a_deferred_packet_is_presented_in_the_next_life)
{
	open_server();
	hold_one(KMCL_PKT_DATA_INBAND, 5);
	save_and_die();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	CHECK(!memcmp(driver.last, "data", 4));
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK_EQ(seen.desc.trans_id, 9);
	scene_end();
}

TEST(a_deferred_packet_keeps_its_external_data)
{
	open_server();
	hold_one(KMCL_PKT_DATA_GPA_DIRECT, 5);
	save_and_die();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	driver.take_external = true;
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	CHECK_EQ(driver.external_status, STATUS_SUCCESS);
	scene_end();
}

TEST(a_channel_that_a_bad_packet_stopped_stays_stopped)
{
	open_server();
	host.to_guest.ctl->write_index = 8192;
	host_signal_now(&host);
	CHECK_EQ(scene_count(KMCL_BAD_INDEX), 1);
	save_and_die();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	host.to_guest.ctl->write_index = 0;
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 0);
	scene_end();
}

TEST(a_closed_server_saves_its_queue)
{
	open_server();
	state_bytes = 16;
	host_close(&host);
	machine_settle();
	CHECK_EQ(driver_send(&driver, "news", 4, 0), STATUS_SUCCESS);
	CHECK_EQ(save_all(BLOB / 2), STATUS_SUCCESS);
	VmbChannelSaveEnd(driver.channel);
	be_born_again();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	CHECK_EQ(driver.completed, 0);
	host_knock(&host);
	machine_settle();
	CHECK_EQ(host_read(&host, &seen), 1);
	CHECK(!memcmp(seen.data, "news", 4));
	scene_end();
}

/* Its messages may be longer than the rings of its clients. */
static void enable_wordy_server(void)
{
	host_of_server = &host;
	driver_init_server(&driver);
	set_callbacks();
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 3 * 4096), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
}

TEST(a_packet_too_long_for_the_ring_is_saved_too)
{
	static u8 data[3 * 4096];

	host_begin();
	host_init(&host);
	enable_wordy_server();
	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "news", 4, 0), STATUS_SUCCESS);
	host_knock(&host);
	machine_settle();
	CHECK_EQ(host_read_all(&host), 1);
	CHECK_EQ(save_all(BLOB / 2), STATUS_SUCCESS);
	CHECK_EQ(saved_packets, 1);
	VmbChannelSaveEnd(driver.channel);
	driver_end(&driver);
	enable_wordy_server();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	CHECK_EQ(restored_packets, 1);
	CHECK_EQ(driver.completed, 0);
	host_close(&host);
	machine_settle();
	CHECK_EQ(driver.removed, 1);
	scene_end();
}

TEST(a_save_that_is_not_wanted_is_given_up_by_a_start)
{
	open_server();
	VmbChannelPause(driver.channel);
	CHECK_EQ(save_all(4096), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "queued", 6, 0), STATUS_SUCCESS);
	CHECK_EQ(host_read(&host, &seen), 0);
	VmbChannelSaveEnd(driver.channel);
	VmbChannelStart(driver.channel);
	machine_settle();
	CHECK_EQ(host_read(&host, &seen), 1);
	host_send(&host, "x", 1, 0);
	machine_settle();
	CHECK_EQ(driver.packets, 1);
	scene_end();
}

TEST(a_start_during_a_save_waits_for_its_end)
{
	open_server();
	VmbChannelPause(driver.channel);
	driver.log[0] = 0;
	CHECK_EQ(save_all(4096), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
	CHECK_LOG("");
	VmbChannelSaveEnd(driver.channel);
	machine_settle();
	CHECK_LOG("started post-started ");
	scene_end();
}

TEST(news_during_a_save_wait_for_its_end)
{
	open_server();
	VmbChannelPause(driver.channel);
	driver.log[0] = 0;
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_SUCCESS);
	host_close(&host);
	machine_settle();
	CHECK_LOG("");
	VmbChannelSaveEnd(driver.channel);
	machine_settle();
	CHECK_LOG("closed ");
	scene_end();
}

TEST(an_active_channel_is_not_saved)
{
	open_server();
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_INVALID_DEVICE_STATE);
	VmbChannelPause(driver.channel);
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_SUCCESS);
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_INVALID_DEVICE_STATE);
	VmbChannelSaveEnd(driver.channel);
	scene_end();
}

TEST(a_client_is_not_saved)
{
	scene_client_open();
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelRestoreFromBuffer(driver.channel, blob, 8), STATUS_INVALID_PARAMETER_1);
	scene_end();
}

TEST(packets_without_callbacks_are_not_saved)
{
	scene_server_open();
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelPause(driver.channel);
	CHECK_EQ(VmbChannelSaveBegin(driver.channel), STATUS_NOT_SUPPORTED);
	/* And the channel goes on. */
	CHECK_EQ(driver_send(&driver, "more", 4, 0), STATUS_SUCCESS);
	CHECK_EQ(host_read_all(&host), 2);
	scene_end();
}

TEST(a_driver_that_cannot_save_says_so)
{
	open_server();
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelPause(driver.channel);
	save_status = STATUS_UNSUCCESSFUL;
	CHECK_EQ(save_all(1), STATUS_UNSUCCESSFUL);
	VmbChannelSaveEnd(driver.channel);
	scene_end();
}

static NTSTATUS want_too_much(UINT32 size, PUINT32 needed)
{
	*needed = KMCL_SAVED_CHUNK_MAX;
	return STATUS_BUFFER_TOO_SMALL;
}

/* It wants no more than it has been given, and fails nevertheless. */
static NTSTATUS fail_in_the_end(UINT32 size, PUINT32 needed)
{
	*needed = 8;
	return size ? STATUS_UNSUCCESSFUL : STATUS_BUFFER_TOO_SMALL;
}

static void save_until_it_fails(NTSTATUS (*odd)(UINT32 size, PUINT32 needed))
{
	open_server();
	state_bytes = 24;
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelPause(driver.channel);
	save_oddly = odd;
	CHECK_EQ(save_all(4096), STATUS_UNSUCCESSFUL);
}

/* What was written counts, and the next call tries that packet again. */
static void save_the_rest(void)
{
	ULONG filled, required;

	CHECK_EQ(VmbChannelSaveContinue(driver.channel, blob + blob_length, BLOB - blob_length,
					&filled, &required), STATUS_SUCCESS);
	blob_length += filled;
}

static void check_odd_save(NTSTATUS (*odd)(UINT32 size, PUINT32 needed))
{
	save_until_it_fails(odd);
	CHECK_EQ(saved_packets, 0);
	save_oddly = NULL;
	save_the_rest();
	VmbChannelSaveEnd(driver.channel);
	be_born_again();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	CHECK_EQ(restored_packets, 1);
	scene_end();
}

TEST(a_driver_that_wants_too_much_thinks_again)		{ check_odd_save(want_too_much); }
TEST(a_driver_that_fails_in_the_end_tries_again)	{ check_odd_save(fail_in_the_end); }

/* It says 8 bytes, then that it meant as many as are saved in the end. */
static NTSTATUS want_more(UINT32 size, PUINT32 needed)
{
	*needed = size ? state_bytes : 8;
	if (size < state_bytes)
		return STATUS_BUFFER_TOO_SMALL;
	save_oddly = NULL;
	return STATUS_UNSUCCESSFUL;
}

TEST(a_driver_that_wants_more_than_it_has_said_is_asked_again)
{
	/* It was given what it wants, and fails. */
	save_until_it_fails(want_more);
	CHECK(!save_oddly);
	save_the_rest();
	CHECK_EQ(saved_packets, 1);
	VmbChannelSaveEnd(driver.channel);
	scene_end();
}

static ULONG counted;

static void save_and_restore_inside(struct driver *d)
{
	CHECK_EQ(VmbChannelSaveBegin(d->channel), STATUS_INVALID_DEVICE_STATE);
	CHECK_EQ(VmbChannelSaveContinue(d->channel, blob, BLOB, &counted, &counted),
		 STATUS_INVALID_DEVICE_STATE);
	VmbChannelSaveEnd(d->channel);
	CHECK_EQ(VmbChannelRestoreFromBuffer(d->channel, blob, 8), STATUS_INVALID_DEVICE_STATE);
	last_restored = driver_packet(d);
	CHECK_EQ(VmbPacketRestore(last_restored, blob, 8), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketFree(last_restored);
}

TEST(nothing_is_saved_or_restored_in_a_state_callback)
{
	host_begin();
	host_init(&host);
	host_of_server = &host;
	driver_init_server(&driver);
	driver.in_opened = save_and_restore_inside;
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened ");
	scene_end_with(1);
}

TEST(the_arguments_of_a_save_are_checked)
{
	ULONG filled, required;

	open_server();
	CHECK_EQ(VmbChannelSaveContinue(NULL, blob, BLOB, &filled, &required),
		 STATUS_INVALID_PARAMETER_1);
	CHECK_EQ(VmbChannelSaveContinue(driver.channel, NULL, BLOB, &filled, &required),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelSaveContinue(driver.channel, blob, BLOB, NULL, &required),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelSaveContinue(driver.channel, blob, BLOB, &filled, NULL),
		 STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelSaveContinue(driver.channel, blob, BLOB, &filled, &required),
		 STATUS_INVALID_DEVICE_STATE);
	VmbChannelSaveEnd(driver.channel);
	scene_end_with(1);
}

TEST(packets_without_callbacks_are_not_restored)
{
	open_server();
	state_bytes = 8;
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	save_and_die();
	driver_end(&driver);
	driver_init_server(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_NOT_SUPPORTED);
	scene_end();
}

static u64 memory_of_its_own[128];
static bool had_too_little;

/* It was initialised for smaller packets than the one that it is to be now. */
static NTSTATUS restore_into_too_little(VMBCHANNEL channel, PVOID library, UINT32 library_size,
					PVOID state, UINT32 state_size)
{
	VMBPACKET packet = (VMBPACKET)memory_of_its_own;
	NTSTATUS status = VmbPacketRestore(packet, library, library_size);

	CHECK_EQ(status, STATUS_INVALID_PARAMETER);
	had_too_little = true;
	return status;
}

TEST(a_packet_without_room_is_not_restored)
{
	u8 data[512] = { };

	open_server();
	state_bytes = 8;
	host_close(&host);
	machine_settle();
	CHECK_EQ(driver_send(&driver, data, sizeof(data), 0), STATUS_SUCCESS);
	CHECK_EQ(save_all(4096), STATUS_SUCCESS);
	VmbChannelSaveEnd(driver.channel);
	driver_end(&driver);

	host_of_server = &host;
	driver_init_server(&driver);
	CHECK_EQ(VmbServerChannelInitSetSaveRestorePacketCallbacks(driver.channel, save_packet,
								   restore_into_too_little),
		 STATUS_SUCCESS);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 16), STATUS_SUCCESS);
	CHECK(VmbChannelSizeofPacket(driver.channel) <= sizeof(memory_of_its_own));
	CHECK_EQ(VmbPacketInitialize(driver.channel, (VMBPACKET)memory_of_its_own,
				     sizeof(memory_of_its_own)), STATUS_SUCCESS);
	VmbPacketSetCompletionRoutine((VMBPACKET)memory_of_its_own, kmcl_packet_free_routine);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 512), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_INVALID_PARAMETER);
	CHECK(had_too_little);
	scene_end();
}

TEST(a_save_with_a_driver_that_restores_nothing)
{
	open_server();
	state_bytes = 8;
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	save_and_die();
	restore_status = STATUS_TIMEOUT;	/* a success that is none */
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_UNSUCCESSFUL);
	restore_status = STATUS_NOT_SUPPORTED;
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_NOT_SUPPORTED);
	restore_status = STATUS_SUCCESS;
	CHECK_EQ(host.kept != 0, 1);
	scene_end();
}

TEST(a_restore_that_fails_late_completes_what_was_made)
{
	open_server();
	state_bytes = 8;
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_EQ(driver_send(&driver, "ask", 3, WAIT_FLAG), STATUS_SUCCESS);
	save_and_die();
	driver.opened_status = STATUS_NOT_SUPPORTED;
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_NOT_SUPPORTED);
	CHECK_EQ(driver.removed, 2);
	driver.opened_status = STATUS_SUCCESS;
	scene_end();
}

TEST(a_save_is_restored_once)
{
	open_server();
	save_and_die();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_INVALID_DEVICE_STATE);
	be_born_again();
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_DEVICE_REMOVED);
	scene_end();
}

TEST(a_save_does_not_fit_another_channel)
{
	GUID type, instance;

	open_server();
	save_and_die();
	driver_disable(&driver);
	memcpy(&type, &host_type, sizeof(type));
	memset(&instance, 1, sizeof(instance));
	CHECK_EQ(VmbServerChannelInitSetTargetInterfaceId(driver.channel, type, instance),
		 STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(a_save_does_not_fit_a_smaller_channel)
{
	open_server();
	state_bytes = 8;
	hold_one(KMCL_PKT_DATA_INBAND, 2);
	save_and_die();
	driver_disable(&driver);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 4), STATUS_SUCCESS);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_INVALID_PARAMETER);
	scene_end();
}

TEST(a_save_of_rings_of_another_size_is_refused)
{
	open_server();
	save_and_die();
	host.in.size -= 4096;
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_INVALID_PARAMETER);
	host.in.size += 4096;
	scene_end();
}

TEST(bad_chunks_are_refused_and_the_client_stays)
{
	u32 at;

	open_server();
	save_and_die();
	for (at = 0; at < blob_length; at += 3) {
		blob[at] ^= 0x10;
		CHECK_EQ(VmbChannelRestoreFromBuffer(driver.channel, blob, blob_length),
			 STATUS_INVALID_PARAMETER);
		blob[at] ^= 0x10;
	}
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	CHECK(machine_log_lines <= 10);
	scene_end();
}

TEST(a_save_that_ends_early_is_forgotten_by_a_disable)
{
	struct kmcl_saved_header header;

	open_server();
	save_and_die();
	memcpy(&header, blob, sizeof(header));
	CHECK_EQ(VmbChannelRestoreFromBuffer(driver.channel, blob, header.length),
		 STATUS_MORE_PROCESSING_REQUIRED);
	driver_disable(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_EQ(restore_in_pieces(BLOB), STATUS_SUCCESS);
	scene_end();
}

TEST(nothing_is_restored_from_nothing)
{
	open_server();
	CHECK_EQ(VmbChannelRestoreFromBuffer(driver.channel, NULL, 8), STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbChannelRestoreFromBuffer(driver.channel, blob, 0), STATUS_INVALID_PARAMETER);
	CHECK_EQ(VmbPacketRestore(NULL, blob, 8), STATUS_INVALID_PARAMETER_1);
	last_restored = driver_packet(&driver);
	CHECK_EQ(VmbPacketRestore(last_restored, blob, 8), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketFree(last_restored);
	scene_end();
}
