// SPDX-License-Identifier: GPL-2.0-only
/* Memory that both ends reach: GPADLs and MMIO space, spec 6.9 and 6.3, from both sides. */
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "pair.h"
#include "suites.h"

static NTSTATUS create(struct pair *p, u32 flags, void *buffer, u32 length, u32 *handle)
{
	return VmbChannelCreateGpadlFromBuffer(p->client.channel, flags, buffer, length, handle);
}

static void gpadl(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	u8 *buffer = kzalloc(3 * 4096, GFP_KERNEL), *at;
	VMBCHANNEL server;
	u32 all, part;
	PMDL mdl, other;

	if (!p || !CHECK(t, buffer))
		return;
	server = p->server.channel;
	CHECK_STATUS(t, create(p, 0, buffer + 10, 8000, &all), STATUS_SUCCESS);
	CHECK_STATUS(t, create(p, VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY, buffer, 4096, &part),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, all, &mdl), STATUS_SUCCESS);
	CHECK_EQUAL(t, MmGetMdlByteCount(mdl), 8000);
	at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	if (CHECK(t, at)) {
		memset(at, 0x5a, 8000);
		CHECK_EQUAL(t, buffer[10], 0x5a);
		CHECK_EQUAL(t, buffer[8009], 0x5a);
		CHECK_EQUAL(t, buffer[9], 0);
		CHECK_EQUAL(t, buffer[8010], 0);
	}
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, all, &other),
		     STATUS_INVALID_DEVICE_REQUEST);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, part, &other), STATUS_ACCESS_DENIED);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 1, part, &other), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 2, part, &other), STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, 9999, &other), STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, part, NULL), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelMapGpadl(NULL, 0, all, &other), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->client.channel, 0, all, &other),
		     STATUS_INVALID_PARAMETER_1);
	VmbChannelUnmapGpadl(server, part);
	VmbChannelUnmapGpadl(server, all);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, all, &mdl), STATUS_SUCCESS);
	VmbChannelUnmapGpadl(server, all);
	VmbChannelDeleteGpadl(p->client.channel, part);
	VmbChannelDeleteGpadl(p->client.channel, all);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, all, &mdl), STATUS_INVALID_PARAMETER_3);
	pair_destroy(t, p);
	kfree(buffer);
}

/* ---- when ---- */

struct shared {
	u8 buffer[4096];
	u32 handle;
	NTSTATUS before, late;
	struct completion done;
};

/* Inside EvtChannelOpened: too early for a client's GPADL, not for the call. */
static void map_too_early(struct end *end)
{
	struct shared *shared = pair_of_server(end)->data;
	PMDL mdl;

	shared->before = VmbChannelMapGpadl(end->channel, 0, 12345, &mdl);
}

/* Inside EvtChannelClosed: no new mapping, and the end of the old one. */
static void unmap_in_closed(struct end *end)
{
	struct shared *shared = pair_of_server(end)->data;
	PMDL mdl;

	shared->late = VmbChannelMapGpadl(end->channel, 0, shared->handle, &mdl);
	VmbChannelUnmapGpadl(end->channel, shared->handle);
}

static void delete_in_closed(struct end *end)
{
	struct pair *p = container_of(end, struct pair, client);
	struct shared *shared = p->data;

	VmbChannelDeleteGpadl(end->channel, shared->handle);
}

static struct shared *share(struct ktap *t, struct pair *p)
{
	struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);

	p->data = shared;
	if (CHECK(t, shared))
		init_completion(&shared->done);
	return shared;
}

/* From inside EvtChannelOpened until closing begins; taken back inside EvtChannelClosed. */
static void when(struct ktap *t, struct client *c, bool server_leaves)
{
	struct pair *p = pair_create(t);
	struct shared *shared = p ? share(t, p) : NULL;
	PMDL mdl;

	if (!shared)
		return;
	p->server.on_opened = map_too_early;
	p->server.on_closed = unmap_in_closed;
	p->client.on_closed = delete_in_closed;
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, 1, &mdl),
		     STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, 1, &mdl),
		     STATUS_INVALID_DEVICE_STATE);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, shared->before, STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, create(p, 0, shared->buffer, 4096, &shared->handle), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, shared->handle, &mdl),
		     STATUS_SUCCESS);
	VmbChannelDisable(server_leaves ? p->server.channel : p->client.channel);
	CHECK_SOON(t, strchr(p->server.log, 'C') && strchr(p->client.log, 'C'));
	CHECK_STATUS(t, shared->late, STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelMapGpadl(p->server.channel, 0, shared->handle, &mdl),
		     STATUS_INVALID_DEVICE_STATE);
	pair_destroy(t, p);
}

static void when_client_leaves(struct ktap *t, struct client *c)
{
	when(t, c, false);
}

static void when_server_leaves(struct ktap *t, struct client *c)
{
	when(t, c, true);
}

static int delete(void *data)
{
	struct pair *p = data;
	struct shared *shared = p->data;

	VmbChannelDeleteGpadl(p->client.channel, shared->handle);
	complete(&shared->done);
	return 0;
}

static void delete_waits(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	struct shared *shared = p ? share(t, p) : NULL;
	VMBCHANNEL server;
	PMDL mdl;

	if (!shared)
		return;
	server = p->server.channel;
	CHECK_STATUS(t, create(p, 0, shared->buffer, 4096, &shared->handle), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, shared->handle, &mdl), STATUS_SUCCESS);
	kthread_run(delete, p, "kmcl_test_delete");
	CHECK_STAYS(t, 50, !completion_done(&shared->done));
	VmbChannelUnmapGpadl(server, shared->handle);
	CHECK(t, wait_for_completion_timeout(&shared->done, 60 * HZ));
	CHECK_STATUS(t, VmbChannelMapGpadl(server, 0, shared->handle, &mdl),
		     STATUS_INVALID_PARAMETER_3);
	pair_destroy(t, p);
}

/* ---- MMIO ---- */

/* The server learns from the client where the space is, and maps it as well. */
static void serve_mmio(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length,
		       u32 flags)
{
	const u64 *space = (const u64 *)buffer;
	u8 *at = memremap(space[0], space[1], MEMREMAP_WB);

	p->server.status = STATUS_INSUFFICIENT_RESOURCES;
	if (at) {
		p->server.status = at[0] == 0x11 && at[space[1] - 1] == 0x22 ?
				   STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
		memset(at, 0x33, space[1]);
		memunmap(at);
	}
	VmbChannelPacketComplete(packet, NULL, 0);
}

static void mmio(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	u64 space[2] = { 1, 1 };
	PHYSICAL_ADDRESS address;
	VMBCHANNEL client;
	u8 *at, *last;

	if (!p)
		return;
	client = p->client.channel;
	p->serve = serve_mmio;
	VmbChannelSetIncomingProcessingAtPassive(p->server.channel, TRUE);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(p->server.channel, 1, 7),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	VmbChannelGetMmioSpace(client, &space[0], &space[1]);
	CHECK_EQUAL(t, space[0] | space[1], 0);
	CHECK_STATUS(t, VmbChannelEnable(client), STATUS_SUCCESS);
	VmbChannelGetMmioSpace(client, &space[0], &space[1]);
	CHECK(t, space[0]);
	CHECK_EQUAL(t, space[1], 1 << 20);
	address.QuadPart = space[0];
	at = MmMapIoSpace(address, space[1], MmNonCached);
	address.QuadPart += space[1] - 1;
	last = MmMapIoSpace(address, 1, MmNonCached);
	if (CHECK(t, at && last == at + space[1] - 1)) {
		MmUnmapIoSpace(last, 1);
		CHECK(t, !memchr_inv(at, 0, space[1]));
		at[0] = 0x11;
		at[space[1] - 1] = 0x22;
		CHECK_STATUS(t, end_send(&p->client, space, sizeof(space), WAIT_FLAG),
			     STATUS_SUCCESS);
		CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
		CHECK_STATUS(t, p->server.status, STATUS_SUCCESS);
		CHECK(t, !memchr_inv(at, 0x33, space[1]));
		MmUnmapIoSpace(at, space[1]);
	}
	VmbChannelDisable(client);
	VmbChannelGetMmioSpace(client, &space[0], &space[1]);
	CHECK_EQUAL(t, space[0] | space[1], 0);
	pair_destroy(t, p);
}

static void no_mmio(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	u64 address = 1, size = 1;

	if (!p)
		return;
	/* What is optional is not provided. */
	VmbServerChannelInitSetMmioMegabytes(p->server.channel, 0, 1);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	VmbChannelGetMmioSpace(p->client.channel, &address, &size);
	CHECK_EQUAL(t, address | size, 0);
	pair_destroy(t, p);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelMapGpadl, VmbChannelUnmapGpadl, VmbChannelCreateGpadlFromBuffer: 6.9 statuses",
	  gpadl },
	{ "VmbChannelMapGpadl, VmbChannelUnmapGpadl: N23 when, the client leaves",
	  when_client_leaves },
	{ "VmbChannelMapGpadl, VmbChannelDeleteGpadl: N23 when, the server leaves",
	  when_server_leaves },
	{ "VmbChannelDeleteGpadl, VmbChannelUnmapGpadl: 6.9 waits for the server", delete_waits },
	{ "VmbChannelGetMmioSpace, VmbServerChannelInitSetMmioMegabytes: N20 shared by both",
	  mmio },
	{ "VmbChannelGetMmioSpace, VmbServerChannelInitSetMmioMegabytes: N17 none", no_mmio },
};

const struct ktap_suite local_memory_suite = KTAP_SUITE("local-memory", tests);
