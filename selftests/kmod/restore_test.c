// SPDX-License-Identifier: GPL-2.0-only
/* What can go wrong between a save and its restoration: spec 6.10. */
#include <linux/crc32.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "saver.h"
#include "suites.h"

/* A saved server with a packet on the wire has gone; the next one is enabled. */
static struct saver *between(struct ktap *t, struct blob **blob)
{
	struct saver *s = saver_create(t);

	if (!s || !saver_open(t, s))
		return NULL;
	*blob = saver_save_with_packet(t, s);
	if (!*blob)
		return NULL;
	saver_end_server(s);
	memset(s->server_log, 0, sizeof(s->server_log));
	return saver_enable_new_server(t, s) ? s : NULL;
}

/* The right save is restored, and everything goes on. */
static void goes_on(struct ktap *t, struct saver *s, const struct blob *blob)
{
	unsigned int before = atomic_read(&s->of_server.answers);

	CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
	VmbChannelStart(s->server);
	VmbChannelStart(s->client);
	CHECK_SOON(t, atomic_read(&s->of_server.answers) == before + 1);
	CHECK_TEXT(t, s->client_log, "OSPUSP");
}

static void end(struct saver *s, struct blob *blob)
{
	saver_free(s);
	blob_free(blob);
}

/* ---- statuses ---- */

static void statuses(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);

	if (!s)
		return;
	CHECK_STATUS(t, VmbChannelRestoreFromBuffer(NULL, blob->data, blob->length),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->client, blob->data, blob->length),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->server, NULL, 8), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->server, blob->data, 0),
		     STATUS_INVALID_PARAMETER);
	VmbChannelDisable(s->server);
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelEnable(s->server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_INVALID_DEVICE_STATE);
	VmbChannelSaveEnd(s->server);
	goes_on(t, s, blob);
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_INVALID_DEVICE_STATE);
	end(s, blob);
}

/* One more save that comes to nothing leaves the first one good. */
static void saved_again(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob;

	if (!s || !saver_open(t, s))
		return;
	blob = saver_save_with_packet(t, s);
	if (!blob)
		return;
	CHECK_STATUS(t, VmbChannelSaveBegin(s->server), STATUS_SUCCESS);
	VmbChannelSaveEnd(s->server);
	saver_end_server(s);
	if (saver_enable_new_server(t, s))
		goes_on(t, s, blob);
	end(s, blob);
}

/* Chunk by chunk, and a server that was started before. */
static void piecewise(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);
	u32 i;

	if (!s)
		return;
	VmbChannelStart(s->server);
	for (i = 0; i < blob->chunks; i++) {
		CHECK_TEXT(t, s->server_log, "");
		CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->server, blob->data + blob->at[i],
							    blob->at[i + 1] - blob->at[i]),
			     i + 1 < blob->chunks ? STATUS_MORE_PROCESSING_REQUIRED :
						    STATUS_SUCCESS);
	}
	CHECK_TEXT(t, s->server_log, "rOSP");
	VmbChannelStart(s->client);
	CHECK_SOON(t, atomic_read(&s->of_server.answers) == 1);
	end(s, blob);
}

/* ---- damage ---- */

/* Refused, and nothing has happened. */
static bool is_refused(struct ktap *t, struct saver *s, const u8 *data, u32 length)
{
	return CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->server, (PVOID)data, length),
			    STATUS_INVALID_PARAMETER) &&
	       CHECK_TEXT(t, s->server_log, "") && CHECK_TEXT(t, s->client_log, "OSPU");
}

static void truncated(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);
	u32 length, chunk = 1;

	if (!s)
		return;
	for (length = 1; length < blob->length; length++) {
		if (length < blob->at[chunk]) {
			if (!is_refused(t, s, blob->data, length))
				break;
			continue;
		}
		/* Whole chunks: good so far. Then one that is none ends it. */
		chunk++;
		CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->server, blob->data, length),
			     STATUS_MORE_PROCESSING_REQUIRED);
		if (!is_refused(t, s, blob->data, 8))
			break;
	}
	/* And more than there should be. */
	is_refused(t, s, blob->data, blob->length + 8);
	goes_on(t, s, blob);
	end(s, blob);
}

static void flipped(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);
	u32 i, n, bits[4];

	if (!s)
		return;
	for (i = 0; i < 2000; i++) {
		u32 count = 1 + get_random_u32() % ARRAY_SIZE(bits);

		/* Different bits, so that none flips back. */
		for (n = 0; n < count; n++) {
			bits[n] = (get_random_u32() % (blob->length * 2)) * 4 + n;
			blob->data[bits[n] / 8] ^= 1 << bits[n] % 8;
		}
		if (!is_refused(t, s, blob->data, blob->length))
			break;
		for (n = 0; n < count; n++)
			blob->data[bits[n] / 8] ^= 1 << bits[n] % 8;
	}
	goes_on(t, s, blob);
	end(s, blob);
}

/* A forger knows how to sum. */
static void sum(u8 *chunk, u32 length)
{
	*(u32 *)(chunk + 12) = 0;
	*(u32 *)(chunk + 12) = ~crc32_le(~0, chunk, length);
}

/* Every word of every chunk but its sum, with a sum that is right. */
static void forged(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);
	u32 i, at, length, old;

	if (!s)
		return;
	/* Nothing changed: the sums are those of a CRC-32. */
	for (i = 0; i < blob->chunks; i++) {
		old = *(u32 *)(blob->data + blob->at[i] + 12);
		sum(blob->data + blob->at[i], blob->at[i + 1] - blob->at[i]);
		CHECK_EQUAL(t, *(u32 *)(blob->data + blob->at[i] + 12), old);
	}
	for (i = 0; i < blob->chunks; i++) {
		u8 *chunk = blob->data + blob->at[i];

		length = blob->at[i + 1] - blob->at[i];
		for (at = 0; at < 32; at += 4) {
			u32 *word = (u32 *)(chunk + at);

			/* Of the length, the low bits: the sum is of what it says. */
			old = *word;
			*word = at == 8 ? old + 1 : ~old;
			if (at == 12)
				*word = old + 1;
			else
				sum(chunk, length);
			/* The name of a save is anything, as long as all chunks have it. */
			if (!is_refused(t, s, blob->data, blob->length))
				break;
			*word = old;
			sum(chunk, length);
		}
	}
	goes_on(t, s, blob);
	end(s, blob);
}

/* Words of the first chunk's body: what it must not say about this channel. */
static void forged_channel(struct ktap *t, struct client *c)
{
	static const struct {
		u32 at;
		u32 value;
	} cases[] = {
		{ 32, 1 }, { 44, 1 }, { 48, 1 }, { 60, 1 },	/* type and instance */
		{ 64, 0 }, { 64, 2 }, { 64, 5 }, { 64, 9 },	/* flags */
		{ 68, 0 }, { 68, 8192 }, { 68, 4095 },		/* ring sizes, positions */
		{ 72, 4096 }, { 72, 4 }, { 76, 0 }, { 76, 8192 }, { 80, 4096 }, { 80, ~0u },
		{ 84, 1 },					/* reserved */
		{ 88, 0 }, { 92, 0x80000000 },			/* the last id */
	};
	struct blob *blob;
	struct saver *s = between(t, &blob);
	u32 i, old;

	if (!s)
		return;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 *word = (u32 *)(blob->data + cases[i].at);

		old = *word;
		*word = cases[i].value;
		sum(blob->data, blob->at[1]);
		if (!is_refused(t, s, blob->data, blob->length))
			seq_printf(t->out, "# word at %u: %u\n", cases[i].at, cases[i].value);
		*word = old;
		sum(blob->data, blob->at[1]);
	}
	goes_on(t, s, blob);
	end(s, blob);
}

static u32 add_chunk(u8 *to, u32 length, const struct blob *from, u32 i)
{
	memcpy(to + length, from->data + from->at[i], from->at[i + 1] - from->at[i]);
	return length + from->at[i + 1] - from->at[i];
}

/* Chunks left out, twice, exchanged, of another save. */
static void mixed_up(struct ktap *t, struct client *c)
{
	static const u8 orders[][4] = { { 0, 2 }, { 1, 2 }, { 0, 0, 1, 2 }, { 0, 1, 1, 2 },
					{ 1, 0, 2 }, { 0, 2, 1 }, { 2 }, { 0, 1, 2, 2 } };
	static const u8 counts[] = { 2, 2, 4, 4, 3, 3, 1, 4 };
	struct saver *s = saver_create(t);
	struct blob *old, *new;
	u32 i, n, length;
	u8 *data;

	if (!s || !saver_open(t, s))
		return;
	old = saver_save_with_packet(t, s);
	new = saver_pause_and_save(t, s);
	if (!old || !new)
		return;
	data = kmalloc(2 * new->length, GFP_KERNEL);
	saver_end_server(s);
	memset(s->server_log, 0, sizeof(s->server_log));
	if (!CHECK(t, data) || !saver_enable_new_server(t, s))
		return;
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		for (n = 0, length = 0; n < counts[i]; n++)
			length = add_chunk(data, length, new, orders[i][n]);
		if (!is_refused(t, s, data, length))
			seq_printf(t->out, "# order %u\n", i);
	}
	for (i = 0; i < 3; i++) {
		for (n = 0, length = 0; n < 3; n++)
			length = add_chunk(data, length, i == n ? old : new, n);
		if (!is_refused(t, s, data, length))
			seq_printf(t->out, "# chunk %u of another save\n", i);
	}
	/* All of the other one: good, and nobody waits for it. */
	CHECK_STATUS(t, saver_restore(s, old), STATUS_DEVICE_REMOVED);
	CHECK_TEXT(t, s->server_log, "");
	goes_on(t, s, new);
	kfree(data);
	blob_free(old);
	end(s, new);
}

/* ---- a channel that it does not fit ---- */

static bool try_with(struct ktap *t, struct saver *s, const struct blob *blob, NTSTATUS status)
{
	saver_end_server(s);
	return saver_enable_new_server(t, s) &&
	       CHECK_STATUS(t, saver_restore(s, blob), status) &&
	       CHECK_TEXT(t, s->client_log, "OSPU");
}

static void does_not_fit(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = saver_create(t);
	u32 i;

	if (!s || !saver_open(t, s))
		return;
	VmbChannelPause(s->client);
	/* More than fits the ring: the rest is queued, with its messages. */
	for (i = 0; i < 200; i++)
		CHECK_STATUS(t, saver_send(s, s->server, i, WAIT_FLAG), STATUS_SUCCESS);
	blob = saver_pause_and_save(t, s);
	if (!blob)
		return;
	s->instance.Data3++;
	try_with(t, s, blob, STATUS_INVALID_PARAMETER);
	s->instance.Data3--;
	s->flags = VMBUS_CHANNEL_INIT_FLAG_IS_PIPE;
	try_with(t, s, blob, STATUS_INVALID_PARAMETER);
	s->flags = 0;
	s->max_packet = 7;
	try_with(t, s, blob, STATUS_INVALID_PARAMETER);
	s->max_packet = 64;
	s->no_callbacks = true;
	try_with(t, s, blob, STATUS_NOT_SUPPORTED);
	s->no_callbacks = false;
	if (try_with(t, s, blob, STATUS_SUCCESS)) {
		VmbChannelStart(s->server);
		VmbChannelStart(s->client);
		CHECK_SOON(t, atomic_read(&s->of_server.answers) == 200);
	}
	end(s, blob);
}

/* ---- the driver fails ---- */

static NTSTATUS restore_fails(struct saver *s, PVOID lib, u32 lib_length, PVOID own, u32 length)
{
	saver_restore_packet(s, lib, lib_length, own, length);
	return STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS restore_forgets(struct saver *s, PVOID lib, u32 lib_length, PVOID own, u32 length)
{
	return STATUS_SUCCESS;
}

static VOID nothing(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
}

/* VmbPacketRestore in every wrong way, and at last in the right one. */
static NTSTATUS restore_badly(struct saver *s, PVOID lib, u32 lib_length, PVOID own, u32 length)
{
	VMBPACKET packet = VmbPacketAllocate(s->server), other = VmbPacketAllocate(s->client);
	NTSTATUS status;

	s->result = STATUS_SUCCESS;
	if (VmbPacketRestore(NULL, lib, lib_length) != STATUS_INVALID_PARAMETER_1 ||
	    VmbPacketRestore(packet, own, lib_length) != STATUS_INVALID_PARAMETER ||
	    VmbPacketRestore(packet, lib, lib_length - 1) != STATUS_INVALID_PARAMETER ||
	    VmbPacketRestore(other, lib, lib_length) != STATUS_INVALID_DEVICE_REQUEST)
		s->result = STATUS_UNSUCCESSFUL;
	VmbPacketFree(other);
	status = saver_restore_packet(s, lib, lib_length, own, length);
	if (VmbPacketRestore(packet, lib, lib_length) != STATUS_INVALID_DEVICE_REQUEST)
		s->result = STATUS_UNSUCCESSFUL;
	/* In a callback everything that has turns says no. */
	if (VmbChannelSaveBegin(s->server) != STATUS_INVALID_DEVICE_STATE ||
	    VmbChannelRestoreFromBuffer(s->server, lib, lib_length) != STATUS_INVALID_DEVICE_STATE)
		s->result = STATUS_UNSUCCESSFUL;
	VmbPacketFree(packet);
	return status;
}

static void driver_fails(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);
	VMBPACKET packet;
	int removals;

	if (!s)
		return;
	removals = atomic_read(&s->of_server.removals);
	s->restore = restore_forgets;
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_UNSUCCESSFUL);
	CHECK_EQUAL(t, atomic_read(&s->of_server.removals), removals);

	/* What it has restored is completed before the call returns. */
	s->restore = restore_fails;
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_INSUFFICIENT_RESOURCES);
	CHECK_EQUAL(t, atomic_read(&s->of_server.removals), removals + 1);

	s->restore = saver_restore_packet;
	s->opened_status = STATUS_NOT_SUPPORTED;
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_NOT_SUPPORTED);
	CHECK_EQUAL(t, atomic_read(&s->of_server.removals), removals + 2);
	CHECK_TEXT(t, s->server_log, "rrrO");
	CHECK_TEXT(t, s->client_log, "OSPU");
	s->opened_status = STATUS_SUCCESS;

	packet = VmbPacketAllocate(s->server);
	VmbPacketSetCompletionRoutine(packet, nothing);
	CHECK_STATUS(t, VmbPacketRestore(packet, blob->data, 24), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketFree(packet);
	s->restore = restore_badly;
	goes_on(t, s, blob);
	CHECK_STATUS(t, s->result, STATUS_SUCCESS);
	end(s, blob);
}

static void map_late_gpadl(struct saver *s)
{
	s->on_opened = NULL;
	s->result = VmbChannelMapGpadl(s->server, 0, s->late_gpadl, &s->mdl);
}

static void delete_late_gpadl(struct saver *s)
{
	VmbChannelDeleteGpadl(s->client, s->late_gpadl);
}

/* A driver's error. The save knows nothing of that mapping, so no restored server will end it. */
static void failed_restore_has_mapped(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);
	struct saver_thread thread;
	u8 *buffer = kzalloc(PAGE_SIZE, GFP_KERNEL);

	if (!s || !CHECK(t, buffer))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(s->client, 0, buffer, 8, &s->late_gpadl),
		     STATUS_SUCCESS);
	seq_puts(t->out, "# expect-warning: kmcl: .*: GPADLs were not unmapped\n");
	s->on_opened = map_late_gpadl;
	s->opened_status = STATUS_NOT_SUPPORTED;
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, s->result, STATUS_SUCCESS);
	s->opened_status = STATUS_SUCCESS;
	goes_on(t, s, blob);
	saver_thread_start(&thread, s, delete_late_gpadl);
	if (CHECK(t, saver_thread_ends(&thread)))
		kfree(buffer);
	end(s, blob);
}

/* ---- the client does not wait ---- */

static void client_leaves(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);

	if (!s)
		return;
	CHECK_STATUS(t, saver_send(s, s->client, 0, WAIT_FLAG), STATUS_SUCCESS);
	VmbChannelDisable(s->client);
	CHECK_TEXT(t, s->client_log, "OSPUC");
	CHECK_EQUAL(t, s->of_client.removed[0], 1);

	/* The server that came meanwhile is there for it at once. */
	VmbChannelStart(s->server);
	CHECK_STATUS(t, VmbChannelEnable(s->client), STATUS_SUCCESS);
	CHECK_SOON(t, !strcmp(s->server_log, "OSP"));
	CHECK_STATUS(t, saver_send(s, s->client, 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, saver_numbers_came(&s->of_client, 1, 2));
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_INVALID_DEVICE_STATE);
	VmbChannelDisable(s->client);
	CHECK_SOON(t, !strcmp(s->server_log, "OSPUC"));
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_DEVICE_REMOVED);
	end(s, blob);
}

/* A parameter of kmcl.ko, as root sets it. */
static bool set_restore_seconds(const char *text)
{
	struct file *file = filp_open("/sys/module/kmcl/parameters/restore_seconds", O_WRONLY, 0);
	loff_t at = 0;
	bool good;

	if (IS_ERR(file))
		return false;
	good = kernel_write(file, text, strlen(text), &at) == strlen(text);
	filp_close(file, NULL);
	return good;
}

static void nobody_restores(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob;

	if (!s || !saver_open(t, s) || !CHECK(t, set_restore_seconds("1")))
		return;
	blob = saver_save_with_packet(t, s);
	if (!blob)
		return;
	saver_end_server(s);
	memset(s->server_log, 0, sizeof(s->server_log));
	CHECK_SOON(t, !strcmp(s->client_log, "OSPUC"));
	CHECK(t, set_restore_seconds("3600"));
	if (saver_enable_new_server(t, s)) {
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_DEVICE_REMOVED);
		VmbChannelStart(s->server);
		/* The client is Disabled after its last callback, not in it. */
		CHECK_SOON(t, VmbChannelEnable(s->client) == STATUS_SUCCESS);
		CHECK_SOON(t, !strcmp(s->server_log, "OSP"));
	}
	end(s, blob);
}

/* A client that waits does not find a server whose clients may be another's. */
static void nobody_else_finds_it(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob), *other = saver_create(t);

	if (!s || !other)
		return;
	CHECK_STATUS(t, VmbChannelEnable(other->server), STATUS_OBJECT_NAME_COLLISION);
	CHECK_STATUS(t, VmbChannelEnable(other->client), STATUS_SUCCESS);
	CHECK_STAYS(t, 30, !*other->client_log);
	CHECK_TEXT(t, s->server_log, "");
	goes_on(t, s, blob);
	VmbChannelDisable(s->client);
	/* The first has closed: the next one has its turn. */
	CHECK_SOON(t, !strcmp(other->client_log, "OSP"));
	saver_free(other);
	end(s, blob);
}

static void forced(struct ktap *t, struct client *c)
{
	struct blob *blob;
	struct saver *s = between(t, &blob);

	if (!s)
		return;
	saver_end_server(s);
	s->server_flags = VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL;
	CHECK_TEXT(t, s->client_log, "OSPU");
	if (saver_enable_new_server(t, s)) {
		CHECK_SOON(t, !strcmp(s->client_log, "OSPUC"));
		/* The save is looked at, and nothing is restored. */
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
		CHECK_STATUS(t, VmbChannelRestoreFromBuffer(s->server, blob->data, 8),
			     STATUS_INVALID_PARAMETER);
	}
	end(s, blob);
}

/* One that is saved with the flag leaves nobody behind. */
static void forced_before(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);
	struct blob *blob;

	if (!s)
		return;
	VmbChannelCleanup(s->server);
	s->server_flags = VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL;
	if (!saver_new_server(t, s) || !saver_open(t, s))
		return;
	blob = saver_pause_and_save(t, s);
	if (!blob)
		return;
	saver_end_server(s);
	CHECK_SOON(t, !strcmp(s->client_log, "OSPUC"));
	CHECK(t, saver_new_server(t, s));
	end(s, blob);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelRestoreFromBuffer: N24 states, statuses", statuses },
	{ "VmbChannelSaveBegin, VmbChannelSaveEnd: 6.10 after a save, and given up", saved_again },
	{ "VmbChannelRestoreFromBuffer: 6.10 chunk by chunk, into a started server", piecewise },
	{ "VmbChannelRestoreFromBuffer: N24 truncated at every length", truncated },
	{ "VmbChannelRestoreFromBuffer: N24 2000 times some bits flipped", flipped },
	{ "VmbChannelRestoreFromBuffer: N24 each field of a header, with the right sum", forged },
	{ "VmbChannelRestoreFromBuffer: N24 fields of the channel, with the right sum",
	  forged_channel },
	{ "VmbChannelRestoreFromBuffer: N24 chunks left out, twice, exchanged, of another save",
	  mixed_up },
	{ "VmbChannelRestoreFromBuffer: N24 a channel that it does not fit", does_not_fit },
	{ "VmbChannelRestoreFromBuffer, VmbPacketRestore: N24 the driver fails, and tries again",
	  driver_fails },
	{ "VmbChannelRestoreFromBuffer, VmbChannelDeleteGpadl: a failed try has mapped a GPADL",
	  failed_restore_has_mapped },
	{ "VmbChannelDisable, VmbChannelRestoreFromBuffer: the client closes in between",
	  client_leaves },
	{ "VmbChannelRestoreFromBuffer: nobody restores it in time", nobody_restores },
	{ "VmbChannelEnable, VmbChannelRestoreFromBuffer: no other client finds the new server",
	  nobody_else_finds_it },
	{ "VmbServerChannelInitSetFlags, VmbChannelEnable: FORCE_NEW_CHANNEL drops the saved one",
	  forced },
	{ "VmbServerChannelInitSetFlags, VmbChannelDisable: FORCE_NEW_CHANNEL keeps no client",
	  forced_before },
};

const struct ktap_suite restore_suite = KTAP_SUITE("restore", tests);
