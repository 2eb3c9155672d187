// SPDX-License-Identifier: GPL-2.0-only
/* Client and server channels on the local bus: spec 4, 5.3, 6.5, 6.8, 6.9 from both sides. */
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "client.h"
#include "suites.h"

#define TYPE		{ 0x4c6f6361, 0x6c54, 0x6573, { 0x74, 1, 2, 3, 4, 5, 6, 7 } }
#define INSTANCE	{ 0x4c6f6361, 0x6c54, 0x6573, { 0x74, 1, 2, 3, 4, 5, 6, 8 } }

static const GUID type = TYPE;
static const GUID instance = INSTANCE;

/* One end: its channel and the letters of its state callbacks, as in client.h. */
struct end {
	VMBCHANNEL channel;
	char log[64];
	unsigned int length;
	NTSTATUS opened_status;
	atomic_t packets;
	atomic_t completed;
	atomic_t removed;
	NTSTATUS status;
	u8 reply[64];
	u32 reply_length;
};

struct pair {
	struct end server;
	struct end client;
	/* What the server does with a packet; NULL: completes it with itself. */
	void (*serve)(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length, u32 flags);
	VMBPACKETCOMPLETION kept;
	PMDL mdl;
	unsigned int pended;
};

static struct end *end_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

static void note(VMBCHANNEL channel, char letter)
{
	struct end *end = end_of(channel);

	if (end->length < sizeof(end->log) - 1)
		end->log[end->length++] = letter;
}

static NTSTATUS opened(VMBCHANNEL channel)
{
	note(channel, 'O');
	return end_of(channel)->opened_status;
}

static VOID closed(VMBCHANNEL channel)
{
	note(channel, 'C');
}

static VOID suspend(VMBCHANNEL channel)
{
	note(channel, 'U');
}

static VOID started(VMBCHANNEL channel)
{
	note(channel, 'S');
}

static VOID post_started(VMBCHANNEL channel)
{
	note(channel, 'P');
}

static VOID server_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
	struct pair *p = container_of(end_of(channel), struct pair, server);

	atomic_inc(&p->server.packets);
	if (p->serve)
		p->serve(p, packet, buffer, length, flags);
	else
		VmbChannelPacketComplete(packet, buffer, length);
}

static VOID client_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			  UINT32 length, UINT32 flags)
{
	atomic_inc(&end_of(channel)->packets);
	VmbChannelPacketComplete(packet, buffer, length);
}

static VOID sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct end *end = end_of(VmbPacketGetChannel(packet));

	end->status = status;
	end->reply_length = length;
	memcpy(end->reply, buffer, min_t(u32, length, sizeof(end->reply)));
	VmbPacketFree(packet);
	if (status == STATUS_DEVICE_REMOVED)
		atomic_inc(&end->removed);
	atomic_inc(&end->completed);
}

static bool make_end(struct end *end, bool is_server)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelClosed = closed;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	if (VmbChannelAllocate(NULL, is_server, &end->channel))
		return false;
	VmbChannelSetPointer(end->channel, end);
	if (VmbChannelInitSetStateChangeCallbacks(end->channel, &callbacks) ||
	    VmbChannelInitSetProcessPacketCallbacks(end->channel, is_server ? server_packet :
						    client_packet, NULL))
		return false;
	if (is_server)
		return !VmbServerChannelInitSetTargetInterfaceId(end->channel, type, instance);
	return !VmbClientChannelInitSetTargetPnp(end->channel, &type, NULL, NULL);
}

static struct pair *make_pair(struct ktap *t)
{
	struct pair *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!CHECK(t, p))
		return NULL;
	if (!CHECK(t, make_end(&p->server, true)) || !CHECK(t, make_end(&p->client, false)))
		return NULL;
	return p;
}

static void free_pair(struct pair *p)
{
	VmbChannelDisable(p->client.channel);
	VmbChannelDisable(p->server.channel);
	VmbChannelCleanup(p->client.channel);
	VmbChannelCleanup(p->server.channel);
	kfree(p);
}

static struct pair *open_pair(struct ktap *t)
{
	struct pair *p = make_pair(t);

	if (!p)
		return NULL;
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_SOON(t, p->server.length == 3);
	return p;
}

static bool log_is(const struct end *end, const char *text)
{
	return !strcmp(end->log, text);
}

static NTSTATUS say(struct end *from, const void *data, u32 length, u32 flags)
{
	VMBPACKET packet = VmbPacketAllocate(from->channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	VmbPacketSetCompletionRoutine(packet, sent);
	status = VmbPacketSend(packet, (PVOID)data, length, NULL, flags);
	if (status)
		VmbPacketFree(packet);
	return status;
}

/* ---- life cycle ---- */

static void server_first(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	GUID found;

	if (!p)
		return;
	CHECK(t, log_is(&p->client, "OSP"));
	CHECK(t, log_is(&p->server, "OSP"));
	VmbChannelGetInterfaceInstance(p->client.channel, &found);
	CHECK(t, !memcmp(&found, &instance, sizeof(found)));
	CHECK_STATUS(t, say(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, p->client.reply_length, 8);
	CHECK(t, !memcmp(p->client.reply, "12345678", 8));
	free_pair(p);
}

static void client_first(struct ktap *t, struct client *c)
{
	struct pair *p = make_pair(t);

	if (!p)
		return;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, say(&p->client, "queued", 6, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, log_is(&p->client, ""));
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_SOON(t, log_is(&p->client, "OSP"));
	CHECK_SOON(t, log_is(&p->server, "O"));
	CHECK_STAYS(t, 30, !atomic_read(&p->client.completed));
	VmbChannelStart(p->server.channel);
	CHECK(t, log_is(&p->server, "OSP"));
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	free_pair(p);
}

static void server_refuses(struct ktap *t, struct client *c)
{
	struct pair *p = make_pair(t);

	if (!p)
		return;
	p->server.opened_status = STATUS_UNSUCCESSFUL;
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_UNSUCCESSFUL);
	CHECK(t, log_is(&p->server, "O"));
	CHECK(t, log_is(&p->client, ""));

	p->server.opened_status = STATUS_SUCCESS;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK(t, log_is(&p->client, "OSP"));
	free_pair(p);
}

static void keep(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length, u32 flags)
{
	p->kept = packet;
}

static void server_leaves(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);

	if (!p)
		return;
	p->serve = keep;
	CHECK_STATUS(t, say(&p->client, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, READ_ONCE(p->kept));
	VmbChannelPause(p->client.channel);
	VmbChannelStart(p->client.channel);
	VmbChannelPacketComplete(p->kept, "y", 1);
	VmbChannelDisable(p->server.channel);
	CHECK(t, log_is(&p->server, "OSPUC"));
	CHECK_SOON(t, log_is(&p->client, "OSPUSPUC"));
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);

	/* Both may come again. */
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	free_pair(p);
}

static void client_leaves(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);

	if (!p)
		return;
	VmbChannelDisable(p->client.channel);
	CHECK(t, log_is(&p->client, "OSPUC"));
	CHECK_SOON(t, log_is(&p->server, "OSPUC"));

	/* Closed: still offered, still started, and what it sends waits. */
	CHECK_STATUS(t, say(&p->server, "later", 5, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_SOON(t, log_is(&p->server, "OSPUCOSP"));
	CHECK_SOON(t, atomic_read(&p->client.packets) == 1);
	free_pair(p);
}

static void again_and_again(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < 200; i++) {
		struct end *leaves = i % 2 ? &p->client : &p->server;

		say(&p->client, &i, sizeof(i), WAIT_FLAG);
		VmbChannelDisable(leaves->channel);
		VmbChannelDisable(p->client.channel);
		CHECK_STATUS(t, VmbChannelEnable(leaves->channel), STATUS_SUCCESS);
		if (leaves != &p->client)
			CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
		VmbChannelStart(p->server.channel);
	}
	CHECK_SOON(t, atomic_read(&p->client.completed) == 200);
	free_pair(p);
}

static void no_second(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t), *other = make_pair(t);

	if (!p || !other)
		return;
	CHECK_STATUS(t, VmbChannelEnable(other->server.channel), STATUS_OBJECT_NAME_COLLISION);
	free_pair(p);
	CHECK_STATUS(t, VmbChannelEnable(other->server.channel), STATUS_SUCCESS);
	free_pair(other);
}

static void configuration(struct ktap *t, struct client *c)
{
	struct pair *p = make_pair(t);
	VMBCHANNEL server;
	HANDLE handle;

	if (!p)
		return;
	CHECK_STATUS(t, VmbChannelAllocate(NULL, TRUE, &server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(server);

	server = p->server.channel;
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(server, 0x20), STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(server, 0x10), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(server, 0x9), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 3), STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 2), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(server, 0, 0),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(server, server),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(server, NULL), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbConvertVmbusHandleToKernelHandle(NULL, &handle), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);

	/* Enabled, and for clients, and without a channel. */
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(server, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(p->client.channel, 0),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(NULL, 1, 0),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetInterfaceId(NULL, type, instance),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(NULL, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(server, &type, NULL, NULL),
		     STATUS_INVALID_PARAMETER_1);
	free_pair(p);
}

/* ---- packets ---- */

static void from_server(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	LARGE_INTEGER timeout = { .QuadPart = 0 };

	if (!p)
		return;
	CHECK_STATUS(t, say(&p->server, "question", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->server.completed) == 1);
	CHECK(t, !memcmp(p->server.reply, "question", 8));
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(p->server.channel, "x", 1, NULL, 0, NULL,
							 NULL, &timeout), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(p->server.channel, "x", 1, NULL, 0, NULL,
							 NULL, NULL), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(p->server.channel, "x", 1, NULL,
							 WAIT_FLAG, NULL, NULL, &timeout),
		     STATUS_INVALID_PARAMETER);
	CHECK_SOON(t, atomic_read(&p->client.packets) == 2);
	free_pair(p);
}

static void many(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	unsigned int i, sent_now = 0;

	if (!p)
		return;
	for (i = 0; i < 20000; i++) {
		sent_now += !say(&p->client, &i, sizeof(i), WAIT_FLAG);
		if (!SOON((int)i - atomic_read(&p->client.completed) < 512))
			break;
	}
	CHECK_EQUAL(t, sent_now, 20000);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 20000);
	CHECK_EQUAL(t, atomic_read(&p->server.packets), 20000);
	CHECK_EQUAL(t, atomic_read(&p->client.removed), 0);
	free_pair(p);
}

/* ---- external data ---- */

static void serve_external(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length,
			   u32 flags)
{
	u32 sum = 0, bytes = 0;
	NTSTATUS status;
	PMDL mdl, again;

	p->server.status = VmbChannelPacketGetExternalData(packet, 2, &mdl);
	status = VmbChannelPacketGetExternalData(packet, 0, &mdl);
	if (status == STATUS_PENDING) {
		p->pended++;
		return;
	}
	if (!(flags & VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA) || status ||
	    VmbChannelPacketGetExternalData(packet, 0, &again) || again != mdl) {
		VmbChannelPacketComplete(packet, &status, sizeof(status));
		return;
	}
	for (; mdl; mdl = mdl->Next) {
		u8 *at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
		u32 i;

		for (i = 0; at && i < MmGetMdlByteCount(mdl); i++, bytes++) {
			sum += at[i];
			at[i] ^= 0xff;
		}
	}
	*(u32 *)buffer = sum;
	*(u32 *)(buffer + 4) = bytes;
	VmbChannelPacketComplete(packet, buffer, 8);
}

static NTSTATUS say_external(struct pair *p, PMDL mdl)
{
	VMBPACKET packet = VmbPacketAllocate(p->client.channel);
	u64 message = 0;
	NTSTATUS status;

	VmbPacketSetCompletionRoutine(packet, sent);
	status = VmbPacketSendWithExternalMdl(packet, &message, sizeof(message), mdl, 0, 0,
					      WAIT_FLAG);
	if (status)
		VmbPacketFree(packet);
	return status;
}

static PMDL describe(u8 *buffer, u32 length, u8 first)
{
	PMDL mdl = IoAllocateMdl(buffer, length, FALSE, FALSE, NULL);
	u32 i;

	for (i = 0; i < length; i++)
		buffer[i] = first + i;
	if (mdl)
		MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

static void external(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	u8 *near = kmalloc(5000, GFP_KERNEL), *far = vmalloc(20000);
	u32 i, sum = 0, wrong = 0;
	PMDL mdl;

	if (!p || !CHECK(t, near && far))
		return;
	p->serve = serve_external;
	/* To map pages that are not contiguous takes PASSIVE_LEVEL. */
	VmbChannelSetIncomingProcessingAtPassive(p->server.channel, TRUE);
	mdl = describe(near + 100, 4500, 1);
	mdl->Next = describe(far + 4000, 12345, 7);
	for (i = 0; i < 4500; i++)
		sum += near[100 + i];
	for (i = 0; i < 12345; i++)
		sum += far[4000 + i];
	CHECK_STATUS(t, say_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, *(u32 *)p->client.reply, sum);
	CHECK_EQUAL(t, *(u32 *)(p->client.reply + 4), 4500 + 12345);
	for (i = 0; i < 12345; i++)
		wrong += far[4000 + i] != (u8)~(7 + i);
	CHECK_EQUAL(t, wrong, 0);
	CHECK_STATUS(t, p->server.status, STATUS_INVALID_PARAMETER_2);

	/* Without any. */
	CHECK_STATUS(t, say(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 2);
	CHECK_STATUS(t, *(u32 *)p->client.reply, STATUS_INVALID_DEVICE_REQUEST);
	free_pair(p);
	IoFreeMdl(mdl->Next);
	IoFreeMdl(mdl);
	kfree(near);
	vfree(far);
}

/* A range of memory that is not there must not be believed. */
static void external_lies(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	PFN_NUMBER pfn = ~0ul >> 13;
	VMBPACKET packet;
	u64 message = 0;

	if (!p)
		return;
	p->serve = serve_external;
	packet = VmbPacketAllocate(p->client.channel);
	VmbPacketSetCompletionRoutine(packet, sent);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(packet, &message, sizeof(message), &pfn, 1,
						      WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_STATUS(t, *(u32 *)p->client.reply, STATUS_INVALID_PARAMETER);
	free_pair(p);
}

/* ---- GPADLs and MMIO ---- */

static void gpadl(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	u8 *buffer = kzalloc(3 * 4096, GFP_KERNEL), *at;
	u32 all, part;
	PMDL mdl, other;

	if (!p || !CHECK(t, buffer))
		return;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(p->client.channel, 0, buffer + 10, 8000,
							&all), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(p->client.channel, 1, buffer, 4096, &part),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, all, &mdl), STATUS_SUCCESS);
	CHECK_EQUAL(t, MmGetMdlByteCount(mdl), 8000);
	at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	if (CHECK(t, at)) {
		memset(at, 0x5a, 8000);
		CHECK_EQUAL(t, buffer[10], 0x5a);
		CHECK_EQUAL(t, buffer[8009], 0x5a);
		CHECK_EQUAL(t, buffer[9], 0);
		CHECK_EQUAL(t, buffer[8010], 0);
	}
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, all, &other),
		     STATUS_INVALID_DEVICE_REQUEST);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, part, &other),
		     STATUS_ACCESS_DENIED);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 1, part, &other), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 2, part, &other),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, 9999, &other),
		     STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->client.channel, 0, all, &other),
		     STATUS_INVALID_PARAMETER_1);
	VmbChannelUnmapGpadl(p->server.channel, part);
	VmbChannelUnmapGpadl(p->server.channel, all);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, all, &mdl), STATUS_SUCCESS);
	VmbChannelUnmapGpadl(p->server.channel, all);
	VmbChannelDeleteGpadl(p->client.channel, part);
	VmbChannelDeleteGpadl(p->client.channel, all);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, all, &mdl),
		     STATUS_INVALID_PARAMETER_3);
	free_pair(p);
	kfree(buffer);
}

struct deletion {
	VMBCHANNEL channel;
	u32 gpadl;
	struct completion done;
};

static int delete(void *data)
{
	struct deletion *d = data;

	VmbChannelDeleteGpadl(d->channel, d->gpadl);
	complete(&d->done);
	return 0;
}

static void delete_waits(struct ktap *t, struct client *c)
{
	struct pair *p = open_pair(t);
	u8 *buffer = kzalloc(4096, GFP_KERNEL);
	struct deletion d = { };
	PMDL mdl;

	if (!p || !CHECK(t, buffer))
		return;
	init_completion(&d.done);
	d.channel = p->client.channel;
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(d.channel, 0, buffer, 4096, &d.gpadl),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, d.gpadl, &mdl), STATUS_SUCCESS);
	kthread_run(delete, &d, "kmcl_test_delete");
	CHECK_STAYS(t, 50, !completion_done(&d.done));
	VmbChannelUnmapGpadl(p->server.channel, d.gpadl);
	CHECK(t, wait_for_completion_timeout(&d.done, 10 * HZ));
	free_pair(p);
	kfree(buffer);
}

static void mmio(struct ktap *t, struct client *c)
{
	struct pair *p = make_pair(t);
	u64 address = 1, size = 1;
	u8 *at;

	if (!p)
		return;
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(p->server.channel, 1, 7),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelGetMmioSpace(p->client.channel, &address, &size);
	CHECK_EQUAL(t, address | size, 0);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	VmbChannelGetMmioSpace(p->client.channel, &address, &size);
	CHECK_EQUAL(t, size, 1 << 20);
	at = memremap(address, size, MEMREMAP_WB);
	if (CHECK(t, at)) {
		CHECK_EQUAL(t, at[size - 1], 0);
		memunmap(at);
	}
	VmbChannelGetMmioSpace(p->server.channel, &address, &size);
	CHECK_EQUAL(t, address | size, 0);
	free_pair(p);
}

static const struct ktap_test tests[] = {
	{ "VmbServerChannelInitSetTargetInterfaceId, VmbChannelStart: 4.7 a client finds a server",
	  server_first },
	{ "VmbChannelEnable, VmbChannelStart: 4.3 a client waits for a server, which starts",
	  client_first },
	{ "VmbChannelEnable, EvtChannelOpened: N5 a server refuses and stays offered",
	  server_refuses },
	{ "VmbChannelDisable: 4.7 a server revokes its offer", server_leaves },
	{ "VmbChannelDisable: 4.7 a client closes, the server is Closed and comes again",
	  client_leaves },
	{ "VmbChannelEnable, VmbChannelDisable: N6 200 times from either side", again_and_again },
	{ "VmbChannelEnable: N19 a second server of the same id", no_second },
	{ "VmbServerChannelInitSetFlags, VmbServerChannelInitSetTargetVtl, "
	  "VmbServerChannelInitSetMmioMegabytes, VmbServerChannelInitSetVmbusHandle, "
	  "VmbConvertVmbusHandleToKernelHandle: 6.5 statuses", configuration },
	{ "VmbPacketSend, VmbChannelSendSynchronousRequest: N1 from the server", from_server },
	{ "VmbPacketSend, VmbChannelPacketComplete: 5.1 20000 echoes", many },
	{ "VmbChannelPacketGetExternalData, VmbPacketSendWithExternalMdl: 5.3 a chain, both ways",
	  external },
	{ "VmbChannelPacketGetExternalData, VmbPacketSendWithExternalPfns: N11 memory that is not there",
	  external_lies },
	{ "VmbChannelMapGpadl, VmbChannelUnmapGpadl, VmbChannelCreateGpadlFromBuffer: 6.9", gpadl },
	{ "VmbChannelDeleteGpadl, VmbChannelUnmapGpadl: 6.9 waits for the server", delete_waits },
	{ "VmbChannelGetMmioSpace, VmbServerChannelInitSetMmioMegabytes: N20", mmio },
};

const struct ktap_suite local_suite = KTAP_SUITE("local", tests);
