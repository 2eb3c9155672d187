// SPDX-License-Identifier: GPL-2.0-only
/* A server is saved and restored, and its client notices nothing: spec 6.10. */
#include <linux/io.h>
#include <linux/slab.h>

#include "saver.h"
#include "suites.h"

/* ---- nothing outstanding ---- */

static void idle(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);

	if (!s || !saver_open(t, s))
		return;
	CHECK_STATUS(t, saver_send(s, s->client, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 1));
	if (saver_move(t, s)) {
		CHECK_TEXT(t, s->server_log, "OSPUCOSP");
		CHECK_TEXT(t, s->client_log, "OSP");
		CHECK_STATUS(t, saver_send(s, s->client, 1, WAIT_FLAG), STATUS_SUCCESS);
		CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
		CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 2));
		CHECK_SOON(t, saver_numbers_came(&s->of_server, 0, 1));
	}
	saver_free(s);
}

/* ---- everything outstanding ---- */

#define MANY	300

static bool send_many(struct ktap *t, struct saver *s, VMBCHANNEL from, u64 first, u32 flags)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		if (!CHECK_STATUS(t, saver_send(s, from, first + i, flags), STATUS_SUCCESS))
			return false;
	return true;
}

/*
 * The server has packets on the wire and in its queue, and replies behind them; the client has
 * requests that were answered into that queue, in the ring, and in its own queue.
 */
static bool fill_both_rings(struct ktap *t, struct saver *s)
{
	s->keep = true;
	if (!send_many(t, s, s->client, 0, WAIT_FLAG) ||
	    !CHECK_SOON(t, atomic_read(&s->presented) == MANY))
		return false;
	VmbChannelPause(s->client);
	if (!send_many(t, s, s->server, 0, WAIT_FLAG))
		return false;
	VmbChannelPause(s->server);
	s->keep = false;
	return send_many(t, s, s->client, MANY, WAIT_FLAG);
}

static void outstanding(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);

	if (!s || !saver_open(t, s) || !fill_both_rings(t, s))
		return;
	if (saver_move(t, s)) {
		VmbChannelStart(s->client);
		CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 2 * MANY));
		CHECK_SOON(t, atomic_read(&s->of_server.answers) == MANY);
		CHECK_EQUAL(t, atomic_read(&s->of_client.removals), 0);
		CHECK_TEXT(t, s->client_log, "OSPUSP");
		/* Those of the saved server's own packets ended with it. */
		CHECK_EQUAL(t, atomic_read(&s->of_server.removals), MANY);
		CHECK(t, !s->of_server.wrong);
	}
	saver_free(s);
}

/* ---- statuses ---- */

/* Messages in both rings and in the server's queue, of which no completion tells. */
static void pipe(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create_with(t, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);

	if (!s || !saver_open(t, s))
		return;
	VmbChannelPause(s->client);
	if (!send_many(t, s, s->server, 0, 0))
		return;
	CHECK(t, atomic_read(&s->of_server.answers) < MANY);	/* the others wait for room */
	VmbChannelPause(s->server);
	if (!send_many(t, s, s->client, 0, 0))
		return;
	if (saver_move(t, s)) {
		VmbChannelStart(s->client);
		CHECK_SOON(t, atomic_read(&s->heard_count) == MANY);
		CHECK(t, !memchr_inv(s->heard, 1, MANY));
		CHECK_SOON(t, atomic_read(&s->presented) == MANY);
		CHECK_SOON(t, atomic_read(&s->of_client.answers) == MANY);
		CHECK_EQUAL(t, atomic_read(&s->of_client.removals), 0);
		CHECK_TEXT(t, s->client_log, "OSPUSP");
	}
	saver_free(s);
}

static void states(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	u8 buffer[8];
	ULONG n, m;

	if (!s)
		return;
	CHECK_STATUS(t, VmbChannelSaveBegin(NULL), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->client), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->client, buffer, 8, &n, &m),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_INVALID_DEVICE_STATE);
	if (!saver_open(t, s))
		return;
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, buffer, 8, &n, &m),
		     STATUS_INVALID_DEVICE_STATE);
	VmbChannelPause(s->server);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, NULL, 8, &n, &m),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, buffer, 8, NULL, &m),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, buffer, 8, &n, NULL),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, NULL, 0, &n, &m),
		     STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(t, n, 0);
	CHECK(t, m > 8);
	VmbChannelSaveEnd(s->server);

	/* Not all was saved: as if nothing had been. */
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	VmbChannelSaveEnd(s->server);
	CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelStart(s->server);
	CHECK_SOON(t, saver_numbers_came(&s->of_server, 0, 1));
	CHECK_TEXT(t, s->client_log, "OSP");
	saver_free(s);
}

static void callbacks_configured(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	/* Never called: the channel is not enabled with them. */
	PFN_VMB_CHANNEL_SAVE_PACKET save = (PFN_VMB_CHANNEL_SAVE_PACKET)t;
	PFN_VMB_CHANNEL_RESTORE_PACKET restore = (PFN_VMB_CHANNEL_RESTORE_PACKET)t;

	if (!s)
		return;
	CHECK_STATUS(t, VmbServerChannelInitSetSaveRestorePacketCallbacks(NULL, save, restore),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetSaveRestorePacketCallbacks(s->client, save, restore),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetSaveRestorePacketCallbacks(s->server, NULL, restore),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetSaveRestorePacketCallbacks(s->server, save, NULL),
		     STATUS_INVALID_PARAMETER_3);
	if (!saver_open(t, s))
		return;
	CHECK_STATUS(t, VmbServerChannelInitSetSaveRestorePacketCallbacks(s->server, save, restore),
		     STATUS_INVALID_PARAMETER_1);
	saver_free(s);
}

static void no_callbacks(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);

	if (!s)
		return;
	VmbChannelCleanup(s->server);
	s->no_callbacks = true;
	if (!saver_new_server(t, s) || !saver_open(t, s))
		return;
	VmbChannelPause(s->client);
	CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelPause(s->server);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_NOT_SUPPORTED);

	/* It goes on, and without packets it can be saved. */
	VmbChannelStart(s->client);
	VmbChannelStart(s->server);
	CHECK_SOON(t, saver_numbers_came(&s->of_server, 0, 1));
	CHECK(t, saver_move(t, s));
	saver_free(s);
}

/* ---- chunks and callbacks ---- */

static void any_size(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *whole, *blob = blob_new();
	u32 size;

	if (!s || !CHECK(t, blob) || !saver_open(t, s))
		return;
	s->state_bytes = 13;
	whole = saver_save_with_packet(t, s);
	if (!whole)
		return;
	CHECK_EQUAL(t, whole->chunks, 3);
	for (size = 0; size <= whole->length + 8; size++) {
		CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
		if (!CHECK_STATUS(t, saver_save_in(s, blob, size), STATUS_SUCCESS) ||
		    !CHECK_EQUAL(t, blob->length, whole->length))
			break;
		VmbChannelSaveEnd(s->server);
	}
	/* The last one is the one that counts. */
	saver_end_server(s);
	if (saver_enable_new_server(t, s)) {
		CHECK_STATUS(t, saver_restore(s, whole), STATUS_DEVICE_REMOVED);
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
		VmbChannelStart(s->server);
		VmbChannelStart(s->client);
		CHECK_SOON(t, atomic_read(&s->of_server.answers) == 1);
	}
	saver_free(s);
	blob_free(whole);
	blob_free(blob);
}

static void two_steps(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob = blob_new();
	ULONG filled, required;

	if (!s || !CHECK(t, blob) || !saver_open(t, s))
		return;
	VmbChannelPause(s->client);
	CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_STATUS(t, saver_send(s, s->server, 1, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelPause(s->server);
	memset(s->server_log, 0, sizeof(s->server_log));
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	CHECK_TEXT(t, s->server_log, "");

	/* Each packet is asked about once, also if it does not fit then. */
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 96, &filled, &required),
		     STATUS_BUFFER_OVERFLOW);
	CHECK_EQUAL(t, filled, 96);
	CHECK_EQUAL(t, required, 32 + 24 + 8);
	CHECK_TEXT(t, s->server_log, "a");
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, required - 1, &filled,
					       &required), STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(t, filled, 0);
	CHECK_EQUAL(t, required, 64);

	/* The driver wants more than it said: asked again with that much. */
	s->more_bytes = 8;
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 64, &filled, &required),
		     STATUS_BUFFER_TOO_SMALL);
	CHECK_EQUAL(t, required, 72);
	CHECK_TEXT(t, s->server_log, "as");
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 72, &filled, &required),
		     STATUS_BUFFER_OVERFLOW);
	CHECK_TEXT(t, s->server_log, "assa");

	/* It fails: the next call tries again. */
	s->save_status = STATUS_INSUFFICIENT_RESOURCES;
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 4096, &filled, &required),
		     STATUS_UNSUCCESSFUL);
	CHECK_EQUAL(t, filled | required, 0);
	s->save_status = STATUS_SUCCESS;
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 4096, &filled, &required),
		     STATUS_SUCCESS);
	CHECK_TEXT(t, s->server_log, "assass");
	CHECK_EQUAL(t, required, 0);
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 4096, &filled, &required),
		     STATUS_SUCCESS);
	CHECK_EQUAL(t, filled | required, 0);
	VmbChannelSaveEnd(s->server);

	/* Nothing of the driver's to save: asked once, and restored with nothing. */
	s->state_bytes = 0;
	memset(s->server_log, 0, sizeof(s->server_log));
	CHECK(t, saver_move(t, s));
	CHECK_TEXT(t, s->server_log, "aaCrrOSP");
	VmbChannelStart(s->client);
	CHECK_SOON(t, atomic_read(&s->of_server.answers) == 2);
	saver_free(s);
	blob_free(blob);
}

/* ---- what the library holds, and what the client has described ---- */

static void deferred(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	VMBPACKET packet;
	u64 *external = kzalloc(PAGE_SIZE, GFP_KERNEL), number = 5;
	PFN_NUMBER pfn;

	if (!s || !CHECK(t, external) || !saver_open(t, s))
		return;
	*external = 77;
	pfn = virt_to_phys(external) >> 12;
	s->defer = true;
	CHECK_STATUS(t, saver_send(s, s->client, number, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&s->presented));
	CHECK(t, saver_move(t, s));
	s->defer = false;
	CHECK_SOON(t, saver_numbers_came(&s->of_client, 5, 6));

	/* With external data: those of the client, whose page it is all the time. */
	s->defer = true;
	atomic_set(&s->presented, 0);
	packet = VmbPacketAllocate(s->client);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(packet, &number, sizeof(number), &pfn, 1,
						      WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&s->presented));
	CHECK(t, saver_move(t, s));
	CHECK_EQUAL(t, *external, 77);
	s->defer = false;
	CHECK_SOON(t, READ_ONCE(*external) == ~77ull);
	saver_free(s);
	kfree(external);
}

static void delete_gpadl(struct saver *s)
{
	VmbChannelDeleteGpadl(s->client, s->gpadl);
}

static void gpadls(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct saver_thread thread;
	u8 *buffer = kzalloc(PAGE_SIZE, GFP_KERNEL), *at;
	u32 gpadl, other;
	struct blob *blob;

	if (!s || !CHECK(t, buffer) || !saver_open(t, s))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(s->client, 0, buffer, PAGE_SIZE, &gpadl),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(s->server, 0, gpadl, &s->mdl), STATUS_SUCCESS);
	s->gpadl = gpadl;
	blob = saver_pause_and_save(t, s);
	if (!blob)
		return;
	saver_end_server(s);

	/* The server still has it, in a way. Others come and go. */
	saver_thread_start(&thread, s, delete_gpadl);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(s->client, 0, buffer, 8, &other),
		     STATUS_SUCCESS);
	VmbChannelDeleteGpadl(s->client, other);
	CHECK_STAYS(t, 50, !completion_done(&thread.done));

	s->result = STATUS_UNSUCCESSFUL;
	if (saver_enable_new_server(t, s)) {
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
		CHECK_STATUS(t, s->result, STATUS_SUCCESS);
		at = MmGetSystemAddressForMdlSafe(s->mdl, NormalPagePriority);
		if (CHECK(t, at))
			at[1] = 0x5a;
		CHECK_EQUAL(t, buffer[1], 0x5a);
		CHECK(t, !completion_done(&thread.done));
		VmbChannelUnmapGpadl(s->server, gpadl);
		CHECK(t, saver_thread_ends(&thread));
		s->gpadl = 0;
	}
	saver_free(s);
	blob_free(blob);
	kfree(buffer);
}

/* Save, and restore with or without mapping the GPADL again. */
static bool move_gpadl(struct ktap *t, struct saver *s, u32 gpadl, u32 map_again)
{
	struct blob *blob = saver_pause_and_save(t, s);
	bool good;

	if (!blob)
		return false;
	s->gpadl = gpadl;
	saver_end_server(s);
	s->gpadl = map_again;
	good = saver_enable_new_server(t, s) &&
	       CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
	blob_free(blob);
	return good;
}

/* A mapping that the restored server has not taken up stays its, until it ends it. */
static void gpadl_not_mapped_again(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	u8 *buffer = kzalloc(PAGE_SIZE, GFP_KERNEL);
	u32 gpadl;
	PMDL mdl;

	if (!s || !CHECK(t, buffer) || !saver_open(t, s))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(s->client, 0, buffer, 8, &gpadl),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(s->server, 0, gpadl, &mdl), STATUS_SUCCESS);
	s->result = STATUS_UNSUCCESSFUL;
	if (move_gpadl(t, s, gpadl, 0) && move_gpadl(t, s, 0, gpadl)) {
		CHECK_STATUS(t, s->result, STATUS_SUCCESS);
		CHECK_STATUS(t, VmbChannelMapGpadl(s->server, 0, gpadl, &mdl),
			     STATUS_INVALID_DEVICE_REQUEST);
	}
	if (move_gpadl(t, s, gpadl, 0))
		VmbChannelUnmapGpadl(s->server, gpadl);
	VmbChannelDeleteGpadl(s->client, gpadl);
	saver_free(s);
	kfree(buffer);
}

/* ---- what happens meanwhile ---- */

static void start_during(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob = blob_new();

	if (!s || !CHECK(t, blob) || !saver_open(t, s))
		return;
	VmbChannelPause(s->server);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	VmbChannelStart(s->server);
	CHECK_TEXT(t, s->server_log, "OSPU");
	/* Sent too late to be saved: it waits. */
	CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_STATUS(t, saver_save_in(s, blob, 4096), STATUS_SUCCESS);
	CHECK_EQUAL(t, blob->chunks, 2);
	CHECK_STAYS(t, 30, !atomic_read(&s->of_server.answers));
	VmbChannelSaveEnd(s->server);
	CHECK_TEXT(t, s->server_log, "OSPUSP");
	CHECK_SOON(t, saver_numbers_came(&s->of_server, 0, 1));

	/* And the save is worthless, so a disable is one like any other. */
	saver_end_server(s);
	CHECK_SOON(t, !strcmp(s->client_log, "OSPUC"));
	if (saver_enable_new_server(t, s))
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_DEVICE_REMOVED);
	saver_free(s);
	blob_free(blob);
}

static void start_after(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob;

	if (!s || !saver_open(t, s))
		return;
	blob = saver_save_with_packet(t, s);
	if (!blob)
		return;
	CHECK_STATUS(t, saver_send(s, s->server, 1, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelStart(s->client);
	VmbChannelStart(s->server);
	CHECK_SOON(t, saver_numbers_came(&s->of_server, 0, 2));
	CHECK(t, saver_move(t, s));
	CHECK_STATUS(t, saver_send(s, s->client, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 1));
	saver_free(s);
	blob_free(blob);
}

static void disable_client(struct saver *s)
{
	VmbChannelDisable(s->client);
}

static void enable_client(struct saver *s)
{
	s->result = VmbChannelEnable(s->client);
}

/* News of the client waits for the end of the save. */
static void client_waits(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct saver_thread thread;

	if (!s || !saver_open(t, s))
		return;
	VmbChannelPause(s->server);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	saver_thread_start(&thread, s, disable_client);
	CHECK_SOON(t, !strcmp(s->client_log, "OSPU"));
	CHECK_STAYS(t, 30, !completion_done(&thread.done));
	VmbChannelSaveEnd(s->server);
	CHECK(t, saver_thread_ends(&thread));
	CHECK_SOON(t, !strcmp(s->server_log, "OSPUC"));

	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	saver_thread_start(&thread, s, enable_client);
	CHECK_STAYS(t, 30, !completion_done(&thread.done));
	VmbChannelSaveEnd(s->server);
	CHECK(t, saver_thread_ends(&thread));
	CHECK_STATUS(t, s->result, STATUS_SUCCESS);
	saver_free(s);
}

/* VmbChannelDisable ends a save: what was not finished is nothing. */
static void disable_during(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob = blob_new();
	ULONG n;

	if (!s || !CHECK(t, blob) || !saver_open(t, s))
		return;
	VmbChannelPause(s->server);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	VmbChannelDisable(s->server);
	CHECK_SOON(t, !strcmp(s->client_log, "OSPUC"));
	CHECK_STATUS(t, VmbChannelSaveContinue(s->server, blob->data, 4096, &n, &n),
		     STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_INVALID_DEVICE_STATE);
	VmbChannelSaveEnd(s->server);

	/* Finished, and not ended before the disable. */
	CHECK_STATUS(t, VmbChannelEnable(s->server), STATUS_SUCCESS);
	/* The client is Disabled after its last callback, not in it. */
	CHECK_SOON(t, VmbChannelEnable(s->client) == STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	CHECK_STATUS(t, saver_save_in(s, blob, 4096), STATUS_SUCCESS);
	saver_end_server(s);
	if (saver_enable_new_server(t, s))
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
	CHECK_TEXT(t, s->client_log, "OSPUCOSP");
	saver_free(s);
	blob_free(blob);
}

/* What waits in a channel that is not open is restored into one that is not. */
static void not_open(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob;

	if (!s || !CHECK_STATUS(t, VmbChannelEnable(s->server), STATUS_SUCCESS))
		return;
	CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_STATUS(t, saver_send(s, s->server, 1, 0), STATUS_SUCCESS);
	blob = saver_pause_and_save(t, s);
	if (!blob)
		return;
	CHECK_EQUAL(t, blob->chunks, 4);
	saver_end_server(s);
	CHECK_EQUAL(t, atomic_read(&s->of_server.removals), 2);
	if (saver_enable_new_server(t, s)) {
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
		CHECK_TEXT(t, s->server_log, "asasrr");
		VmbChannelStart(s->server);
		CHECK_STATUS(t, VmbChannelEnable(s->client), STATUS_SUCCESS);
		CHECK_SOON(t, atomic_read(&s->of_server.answers) == 2);
		CHECK(t, !s->of_server.wrong);
	}
	saver_free(s);
	blob_free(blob);
}

/* ---- again and again, under load ---- */

#define CYCLES	100

static void request(struct saver *s)
{
	u64 number = 0, answer;
	u32 size;

	while (!READ_ONCE(s->stop)) {
		number += 3;
		size = sizeof(answer);
		if (VmbChannelSendSynchronousRequest(s->client, &number, sizeof(number), NULL,
						     WAIT_FLAG, &answer, &size, NULL) ||
		    size != sizeof(answer) || answer != ~number)
			s->of_client.wrong = true;
		s->requests++;
	}
}

static bool send_some(struct ktap *t, struct saver *s, unsigned int cycle)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (!CHECK_STATUS(t, saver_send(s, s->client, 8 * cycle + i, WAIT_FLAG),
				  STATUS_SUCCESS))
			return false;
	for (i = 0; i < 4; i++)
		if (!CHECK_STATUS(t, saver_send(s, s->server, 4 * cycle + i, WAIT_FLAG),
				  STATUS_SUCCESS))
			return false;
	return true;
}

static void cycles(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct saver_thread thread;
	u8 *buffer = kzalloc(PAGE_SIZE, GFP_KERNEL);
	unsigned int i, before;

	if (!s || !CHECK(t, buffer) || !saver_open(t, s))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(s->client, 0, buffer, 8, &s->gpadl),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(s->server, 0, s->gpadl, &s->mdl), STATUS_SUCCESS);
	saver_thread_start(&thread, s, request);
	for (i = 0; i < CYCLES; i++) {
		before = READ_ONCE(s->requests);
		if (!send_some(t, s, i) || !saver_move(t, s) ||
		    !CHECK_STATUS(t, s->result, STATUS_SUCCESS) ||
		    !CHECK_SOON(t, READ_ONCE(s->requests) > before))
			break;
	}
	s->stop = true;
	CHECK(t, saver_thread_ends(&thread));
	CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 8 * CYCLES));
	CHECK_SOON(t, atomic_read(&s->of_server.answers) == 4 * CYCLES);
	for (i = 0; i < 4 * CYCLES; i++)
		CHECK_EQUAL(t, s->of_server.answered[i], 1);
	CHECK(t, !s->of_server.wrong);
	CHECK_TEXT(t, s->client_log, "OSP");
	VmbChannelUnmapGpadl(s->server, s->gpadl);
	VmbChannelDeleteGpadl(s->client, s->gpadl);
	s->gpadl = 0;
	saver_free(s);
	kfree(buffer);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd, "
	  "VmbChannelRestoreFromBuffer: 6.10 an idle channel", idle },
	{ "VmbChannelSaveContinue, VmbChannelRestoreFromBuffer, VmbPacketRestore, "
	  "VmbServerChannelInitSetSaveRestorePacketCallbacks: 6.10 packets in both rings and queues",
	  outstanding },
	{ "VmbChannelSaveContinue, VmbChannelRestoreFromBuffer, VmbPacketRestore: N26 a pipe",
	  pipe },
	{ "VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd: N24 states, statuses",
	  states },
	{ "VmbServerChannelInitSetSaveRestorePacketCallbacks: 6.5 statuses", callbacks_configured },
	{ "VmbChannelSaveBegin: N24 packets without callbacks", no_callbacks },
	{ "VmbChannelSaveContinue: 6.10 buffers of every size", any_size },
	{ "EvtVmbChannelSavePacket, EvtVmbChannelRestorePacket: 7 two steps, in order", two_steps },
	{ "VmbChannelPacketDeferToPassive, VmbChannelRestoreFromBuffer: a deferred packet, with "
	  "external data", deferred },
	{ "VmbChannelMapGpadl, VmbChannelDeleteGpadl, VmbChannelRestoreFromBuffer: a mapped GPADL",
	  gpadls },
	{ "VmbChannelUnmapGpadl, VmbChannelRestoreFromBuffer: GPADLs mapped, not mapped, mapped again",
	  gpadl_not_mapped_again },
	{ "VmbChannelStart, VmbChannelSaveEnd: N24 a start during a save", start_during },
	{ "VmbChannelStart: a start after a save", start_after },
	{ "VmbChannelDisable, VmbChannelEnable: a client during a save of its server",
	  client_waits },
	{ "VmbChannelDisable, VmbChannelSaveEnd: a disable during a save", disable_during },
	{ "VmbChannelSaveBegin, VmbChannelRestoreFromBuffer: N24 a channel that is not open",
	  not_open },
	{ "VmbChannelSaveBegin, VmbChannelRestoreFromBuffer: 100 times under load", cycles },
};

const struct ktap_suite save_suite = KTAP_SUITE("save", tests);
