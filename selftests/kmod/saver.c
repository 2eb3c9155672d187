// SPDX-License-Identifier: GPL-2.0-only
/* The pair of saver.h. */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "saver.h"

#define TYPE	{ 0x53617665, 0x7254, 0x6573, { 0x74, 1, 2, 3, 4, 5, 6, 7 } }

/* More than any test saves. */
#define BLOB_MAX	(1u << 20)

static const GUID type = TYPE;

static struct saver *saver_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

static void note(VMBCHANNEL channel, char letter)
{
	struct saver *s = saver_of(channel);
	char *log = channel == s->client ? s->client_log : s->server_log;
	size_t used = strlen(log);

	if (used < SAVER_LOG)
		log[used] = letter;
}

/* ---- state callbacks ---- */

static NTSTATUS opened(VMBCHANNEL channel)
{
	struct saver *s = saver_of(channel);

	note(channel, 'O');
	if (channel == s->client)
		return STATUS_SUCCESS;
	if (s->on_opened)
		s->on_opened(s);
	if (s->gpadl && !s->opened_status)
		s->result = VmbChannelMapGpadl(channel, 0, s->gpadl, &s->mdl);
	return s->opened_status;
}

static VOID closed(VMBCHANNEL channel)
{
	struct saver *s = saver_of(channel);

	note(channel, 'C');
	if (channel == s->server && s->gpadl)
		VmbChannelUnmapGpadl(channel, s->gpadl);
}

static VOID started(VMBCHANNEL channel)
{
	note(channel, 'S');
}

static VOID post_started(VMBCHANNEL channel)
{
	note(channel, 'P');
}

static void answer(VMBPACKETCOMPLETION packet, u64 number)
{
	number = ~number;
	VmbChannelPacketComplete(packet, &number, sizeof(number));
}

static VOID suspend(VMBCHANNEL channel)
{
	struct saver *s = saver_of(channel);

	note(channel, 'U');
	if (channel == s->client)
		return;
	while (s->kept_count) {
		s->kept_count--;
		answer(s->kept[s->kept_count].packet, s->kept[s->kept_count].number);
	}
}

/* ---- packets ---- */

static bool server_keeps(struct saver *s, VMBPACKETCOMPLETION packet, u64 number)
{
	bool keeps;

	spin_lock_bh(&s->lock);
	keeps = s->keep && s->kept_count < SAVER_NUMBERS;
	if (keeps) {
		s->kept[s->kept_count].packet = packet;
		s->kept[s->kept_count].number = number;
		s->kept_count++;
	}
	spin_unlock_bh(&s->lock);
	return keeps;
}

/* The answer to external data is the number in it, and the complement of that goes there. */
static u64 number_of(VMBPACKETCOMPLETION packet, const u8 *buffer, u32 flags)
{
	u64 *external, number = *(u64 *)buffer;
	PMDL mdl;

	if (!(flags & VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA) ||
	    VmbChannelPacketGetExternalData(packet, 0, &mdl))
		return number;
	external = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	if (!external)
		return number;
	number = *external;
	*external = ~number;
	return number;
}

static VOID server_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
	struct saver *s = saver_of(channel);
	u64 number;

	if (READ_ONCE(s->defer)) {
		VmbChannelPacketDeferToPassive(packet);
		atomic_inc(&s->presented);
		return;
	}
	number = number_of(packet, buffer, flags);
	atomic_inc(&s->presented);
	if (!server_keeps(s, packet, number))
		answer(packet, number);
}

static VOID client_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
	struct saver *s = saver_of(channel);
	u64 number = *(u64 *)buffer;

	if (number < SAVER_NUMBERS)
		s->heard[number]++;
	answer(packet, number);
	atomic_inc(&s->heard_count);
}

static VOID sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	VMBCHANNEL channel = VmbPacketGetChannel(packet);
	struct saver *s = saver_of(channel);
	struct tally *tally = channel == s->client ? &s->of_client : &s->of_server;
	u64 number = (u64)VmbPacketGetPointer(packet);

	VmbPacketFree(packet);
	if (status) {
		tally->removed[number]++;
		atomic_inc(&tally->removals);
		return;
	}
	if (length && *(u64 *)buffer != ~number)
		tally->wrong = true;
	tally->answered[number]++;
	atomic_inc(&tally->answers);
}

NTSTATUS saver_send(struct saver *s, VMBCHANNEL from, u64 number, u32 flags)
{
	struct tally *tally = from == s->client ? &s->of_client : &s->of_server;
	VMBPACKET packet = VmbPacketAllocate(from);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	VmbPacketSetCompletionRoutine(packet, sent);
	VmbPacketSetPointer(packet, (PVOID)number);
	status = VmbPacketSend(packet, &number, sizeof(number), NULL, flags);
	if (status)
		VmbPacketFree(packet);
	else
		atomic_inc(&tally->sent);
	return status;
}

/* Each once, with its answer. */
bool saver_numbers_came(const struct tally *tally, unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++)
		if (tally->answered[i] != 1 || tally->removed[i])
			return false;
	return !tally->wrong;
}

/* ---- the driver's part of save and restore ---- */

/* A driver's state of a packet: its number, and then bytes that depend on it. */
static u8 state_byte(u64 number, u32 i)
{
	return i < sizeof(number) ? number >> (8 * i) : number + i;
}

static NTSTATUS save_packet(VMBCHANNEL channel, VMBPACKET packet, PVOID buffer, UINT32 size,
			    PUINT32 needed)
{
	struct saver *s = saver_of(channel);
	u64 number = (u64)VmbPacketGetPointer(packet);
	u8 *at = buffer;
	u32 i;

	note(channel, size ? 's' : 'a');
	*needed = s->state_bytes;
	if (s->save_status)
		return s->save_status;
	if (size && s->more_bytes) {
		*needed = s->state_bytes += s->more_bytes;
		s->more_bytes = 0;
	}
	if (size < *needed)
		return STATUS_BUFFER_TOO_SMALL;
	for (i = 0; i < s->state_bytes; i++)
		at[i] = state_byte(number, i);
	return STATUS_SUCCESS;
}

NTSTATUS saver_restore_packet(struct saver *s, PVOID lib, u32 lib_length, PVOID own, u32 length)
{
	VMBPACKET packet = VmbPacketAllocate(s->server);
	u64 number = 0;
	NTSTATUS status;
	u32 i;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	memcpy(&number, own, min_t(u32, length, sizeof(number)));
	for (i = 0; i < length; i++)
		if (((u8 *)own)[i] != state_byte(number, i))
			s->of_server.wrong = true;
	VmbPacketSetCompletionRoutine(packet, sent);
	VmbPacketSetPointer(packet, (PVOID)number);
	status = VmbPacketRestore(packet, lib, lib_length);
	if (status)
		VmbPacketFree(packet);
	return status;
}

static NTSTATUS restore_packet(VMBCHANNEL channel, PVOID lib, UINT32 lib_length, PVOID own,
			       UINT32 length)
{
	struct saver *s = saver_of(channel);

	note(channel, 'r');
	return s->restore(s, lib, lib_length, own, length);
}

/* ---- threads ---- */

static int thread_main(void *arg)
{
	struct saver_thread *thread = arg;

	thread->run(thread->s);
	complete(&thread->done);
	return 0;
}

void saver_thread_start(struct saver_thread *thread, struct saver *s, void (*run)(struct saver *s))
{
	thread->s = s;
	thread->run = run;
	init_completion(&thread->done);
	kthread_run(thread_main, thread, "kmcl-test");
}

bool saver_thread_ends(struct saver_thread *thread)
{
	return wait_for_completion_timeout(&thread->done, 60 * HZ);
}

/* ---- the pair ---- */

static bool make_end(struct saver *s, VMBCHANNEL *channel, bool is_server)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelClosed = closed;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	if (VmbChannelAllocate(NULL, is_server, channel))
		return false;
	VmbChannelSetPointer(*channel, s);
	return !VmbChannelInitSetStateChangeCallbacks(*channel, &callbacks) &&
	       !VmbChannelInitSetMaximumPacketSize(*channel, s->max_packet) &&
	       !VmbChannelInitSetFlags(*channel, s->flags) &&
	       !VmbChannelInitSetProcessPacketCallbacks(*channel, is_server ? server_packet :
							client_packet, NULL);
}

bool saver_new_server(struct ktap *t, struct saver *s)
{
	if (!CHECK(t, make_end(s, &s->server, true)))
		return false;
	if (!s->no_callbacks &&
	    VmbServerChannelInitSetSaveRestorePacketCallbacks(s->server, save_packet,
							      restore_packet))
		return false;
	return CHECK(t, !VmbServerChannelInitSetFlags(s->server, s->server_flags) &&
		     !VmbServerChannelInitSetTargetInterfaceId(s->server, type, s->instance));
}

/* Small rings: a page of data each. */
static bool new_client(struct ktap *t, struct saver *s)
{
	return CHECK(t, make_end(s, &s->client, false)) &&
	       CHECK(t, !VmbClientChannelInitSetTargetPnp(s->client, &type, &s->instance, NULL)) &&
	       CHECK(t, !VmbClientChannelInitSetRingBufferPageCount(s->client, 1, 1));
}

struct saver *saver_create_with(struct ktap *t, u32 flags)
{
	struct saver *s = kvzalloc(sizeof(*s), GFP_KERNEL);

	if (!CHECK(t, s))
		return NULL;
	spin_lock_init(&s->lock);
	s->instance = type;
	s->instance.Data1++;
	s->flags = flags;
	s->max_packet = 64;
	s->state_bytes = 8;
	s->restore = saver_restore_packet;
	return saver_new_server(t, s) && new_client(t, s) ? s : NULL;
}

struct saver *saver_create(struct ktap *t)
{
	return saver_create_with(t, 0);
}

void saver_end_server(struct saver *s)
{
	VmbChannelDisable(s->server);
	VmbChannelCleanup(s->server);
	s->server = NULL;
}

void saver_free(struct saver *s)
{
	VmbChannelDisable(s->client);
	saver_end_server(s);
	VmbChannelCleanup(s->client);
	kvfree(s);
}

bool saver_open(struct ktap *t, struct saver *s)
{
	if (!CHECK_STATUS(t, VmbChannelEnable(s->server), STATUS_SUCCESS))
		return false;
	VmbChannelStart(s->server);
	return CHECK_STATUS(t, VmbChannelEnable(s->client), STATUS_SUCCESS) &&
	       CHECK_SOON(t, !strcmp(s->server_log, "OSP"));
}

bool saver_enable_new_server(struct ktap *t, struct saver *s)
{
	return saver_new_server(t, s) &&
	       CHECK_STATUS(t, VmbChannelEnable(s->server), STATUS_SUCCESS);
}

/* ---- blobs ---- */

struct blob *blob_new(void)
{
	struct blob *blob = kvzalloc(sizeof(*blob), GFP_KERNEL);

	if (blob)
		blob->data = kvmalloc(BLOB_MAX, GFP_KERNEL);
	return blob;
}

void blob_free(struct blob *blob)
{
	kvfree(blob->data);
	kvfree(blob);
}

/* Where its chunks are: their lengths are the third word. */
static void find_chunks(struct blob *blob)
{
	u32 at = 0;

	blob->chunks = 0;
	while (at < blob->length && blob->chunks < ARRAY_SIZE(blob->at) - 1) {
		blob->at[blob->chunks++] = at;
		at += *(u32 *)(blob->data + at + 8);
	}
	blob->at[blob->chunks] = blob->length;
}

NTSTATUS saver_save_in(struct saver *s, struct blob *blob, u32 size)
{
	ULONG filled, required = 0, room;
	NTSTATUS status;

	blob->length = 0;
	do {
		room = min(max(size, required), BLOB_MAX - blob->length);
		status = VmbChannelSaveContinue(s->server, blob->data + blob->length, room, &filled,
						&required);
		blob->length += filled;
	} while ((status == STATUS_BUFFER_OVERFLOW && filled && required) ||
		 (status == STATUS_BUFFER_TOO_SMALL && !filled && required > room &&
		  required <= BLOB_MAX - blob->length));
	if (!status)
		find_chunks(blob);
	return status;
}

struct blob *saver_pause_and_save(struct ktap *t, struct saver *s)
{
	struct blob *blob = blob_new();

	if (!CHECK(t, blob))
		return NULL;
	VmbChannelPause(s->server);
	if (!CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS) ||
	    !CHECK_STATUS(t, saver_save_in(s, blob, BLOB_MAX), STATUS_SUCCESS)) {
		blob_free(blob);
		return NULL;
	}
	VmbChannelSaveEnd(s->server);
	return blob;
}

struct blob *saver_save_with_packet(struct ktap *t, struct saver *s)
{
	VmbChannelPause(s->client);
	if (!CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS))
		return NULL;
	return saver_pause_and_save(t, s);
}

NTSTATUS saver_restore(struct saver *s, const struct blob *blob)
{
	return VmbChannelRestoreFromBuffer(s->server, blob->data, blob->length);
}

bool saver_move(struct ktap *t, struct saver *s)
{
	struct blob *blob = saver_pause_and_save(t, s);
	bool good;

	if (!blob)
		return false;
	saver_end_server(s);
	good = saver_enable_new_server(t, s) &&
	       CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
	blob_free(blob);
	if (good)
		VmbChannelStart(s->server);
	return good;
}
