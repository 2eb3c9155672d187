// SPDX-License-Identifier: GPL-2.0-only
/* Configuring a server: every function, flag and status of spec 6.5, and what servers lack. */
#include "pair.h"
#include "suites.h"

#define LOOPBACK	VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER
#define ENUMERATE	VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE
#define AS_PIPE		VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE
#define NEW_CHANNEL	VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL
#define SOCKET		VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER

static void target(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	VMBCHANNEL server;
	GUID found, other;

	if (!p)
		return;
	CHECK_STATUS(t, VmbChannelAllocate(NULL, TRUE, &server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(server);

	other = p->instance;
	other.Data1++;
	server = p->server.channel;
	CHECK_STATUS(t, VmbServerChannelInitSetTargetInterfaceId(NULL, p->type, other),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetInterfaceId(p->client.channel, p->type, other),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetInterfaceId(server, p->type, other),
		     STATUS_SUCCESS);
	VmbChannelGetInterfaceInstance(server, &found);
	CHECK(t, !memcmp(&found, &other, sizeof(found)));
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetInterfaceId(server, p->type, p->instance),
		     STATUS_INVALID_PARAMETER_1);

	/* The one that was named before does not exist. */
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(p->client.channel, &p->type, &p->instance,
							 NULL), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK(t, end_log_is(&p->client, ""));
	VmbChannelDisable(p->client.channel);
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(p->client.channel, &p->type, &other, NULL),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK(t, end_log_is(&p->client, "OSP"));
	pair_destroy(t, p);
}

/* Offered with these flags, a client finds it and is answered. */
static void serves_with(struct ktap *t, u32 flags)
{
	struct pair *p = pair_create(t);

	if (!p)
		return;
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, flags), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, 0),
		     STATUS_INVALID_PARAMETER_1);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK(t, !memcmp(p->client.reply, "12345678", 8));
	pair_destroy(t, p);
}

static void flags(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (!p)
		return;
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(NULL, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->client.channel, 0),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, 0x20),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, 0x80000001),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, SOCKET), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, SOCKET | LOOPBACK),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_NOT_SUPPORTED);
	/* Assigned, not added to what was there. */
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(p->server.channel, LOOPBACK), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	pair_destroy(t, p);

	serves_with(t, 0);
	serves_with(t, LOOPBACK);
	serves_with(t, NEW_CHANNEL);
	serves_with(t, ENUMERATE);
	serves_with(t, AS_PIPE);
	serves_with(t, LOOPBACK | ENUMERATE | AS_PIPE | NEW_CHANNEL);
}

/* Both ends of a pipe offer in the kernel: framed on the wire, exact lengths at both. */
static void pipe(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (!p)
		return;
	VmbServerChannelInitSetFlags(p->server.channel, AS_PIPE);
	VmbChannelInitSetFlags(p->server.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	VmbChannelInitSetFlags(p->client.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	p->serve = pair_keep;
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->client, "exact", 5, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, end_send(&p->client, "exact", 5, 0), STATUS_SUCCESS);
	CHECK_SOON(t, READ_ONCE(p->kept));
	VmbChannelPacketComplete(p->kept, NULL, 0);
	CHECK_STATUS(t, end_send(&p->server, "exact", 5, 0), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.packets) == 1);
	pair_destroy(t, p);
}

static void trust_level(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	VMBCHANNEL server;
	UINT8 level;

	if (!p)
		return;
	server = p->server.channel;
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(NULL, 0), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(p->client.channel, 0),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 3), STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 255), STATUS_INVALID_PARAMETER_2);
	for (level = 1; level <= 2; level++) {
		CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, level), STATUS_SUCCESS);
		CHECK_STATUS(t, VmbChannelEnable(server), STATUS_NOT_SUPPORTED);
	}
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetTargetVtl(server, 0), STATUS_INVALID_PARAMETER_1);
	pair_destroy(t, p);
}

static void handles(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	VMBCHANNEL server;
	HANDLE handle;

	if (!p)
		return;
	server = p->server.channel;
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(NULL, NULL), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(p->client.channel, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(server, server),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(server, NULL), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbConvertVmbusHandleToKernelHandle(NULL, &handle), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbConvertVmbusHandleToKernelHandle(NULL, NULL), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetVmbusHandle(server, NULL),
		     STATUS_INVALID_PARAMETER_1);
	pair_destroy(t, p);
}

static void mmio_statuses(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	VMBCHANNEL server;

	if (!p)
		return;
	server = p->server.channel;
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(NULL, 1, 0),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(p->client.channel, 1, 0),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(server, 0, 0),
		     STATUS_INVALID_PARAMETER);
	/* More than there is in one piece. */
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(server, 65535, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_INSUFFICIENT_RESOURCES);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(server, 0, 1), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbServerChannelInitSetMmioMegabytes(server, 1, 0),
		     STATUS_INVALID_PARAMETER_1);
	pair_destroy(t, p);
}

/* What only clients have, on an open server. */
static void not_for_servers(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	u8 *buffer = kzalloc(4096, GFP_KERNEL);
	UINT64 address = 1, size = 1;
	VMBCHANNEL server;
	UINT32 gpadl;
	UINT16 old;

	if (!p || !CHECK(t, buffer))
		return;
	server = p->server.channel;
	CHECK_STATUS(t, VmbClientChannelInitSetTargetPnp(server, &p->type, NULL, NULL),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(server, 4, 4),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(server, 1, &old),
		     STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(server, 1, &old), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(p->client.channel, 1, &old),
		     STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(server, 0, buffer, 4096, &gpadl),
		     STATUS_INVALID_PARAMETER_1);
	VmbChannelGetMmioSpace(server, &address, &size);
	CHECK_EQUAL(t, address | size, 0);
	pair_destroy(t, p);
	kfree(buffer);
}

static const struct ktap_test tests[] = {
	{ "VmbServerChannelInitSetTargetInterfaceId: 6.5 required, replaced, and its statuses",
	  target },
	{ "VmbServerChannelInitSetFlags: 2.3 all five flags", flags },
	{ "VmbServerChannelInitSetFlags, VmbChannelInitSetFlags: 11.5 a pipe in the kernel", pipe },
	{ "VmbServerChannelInitSetTargetVtl: N19 levels of trust", trust_level },
	{ "VmbServerChannelInitSetVmbusHandle, VmbConvertVmbusHandleToKernelHandle: "
	  "N21 no partitions",
	  handles },
	{ "VmbServerChannelInitSetMmioMegabytes: N17 statuses", mmio_statuses },
	{ "VmbChannelSetInterruptLatency, VmbClientChannelInitSetRingBufferPageCount, "
	  "VmbChannelCreateGpadlFromBuffer, VmbChannelGetMmioSpace: N2 on a server",
	  not_for_servers },
};

const struct ktap_suite server_suite = KTAP_SUITE("server", tests);
