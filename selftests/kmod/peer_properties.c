// SPDX-License-Identifier: GPL-2.0-only
/* What a channel is and has, on hv_vmbus: spec 6.1, 6.2, 6.3, 6.6, 9, 12.6. */
#include <linux/mm.h>
#include <linux/vmalloc.h>

/* The GUIDs of the interfaces are defined here: before anything else includes the API. */
#include <ntddk.h>
#include <initguid.h>
#include <vmbuskernelmodeclientlibapi.h>
#include <kmcl/interface.h>

#include "peer.h"

/* Every setting is refused with this status, or accepted. */
static void check_settings(struct ktap *t, VMBCHANNEL ch, NTSTATUS status)
{
	static WCHAR text[] = { 'P', 'e', 'e', 'r' };
	UNICODE_STRING name = { sizeof(text), sizeof(text), text };
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(ch, 5000), status);
	CHECK_STATUS(t, VmbChannelInitSetMaximumExternalData(ch, 1 << 16, 4), status);
	CHECK_STATUS(t, VmbChannelInitSetClientContextSize(ch, 64), status);
	CHECK_STATUS(t, VmbChannelInitSetFriendlyName(ch, &name), status);
	CHECK_STATUS(t, VmbChannelInitSetFlags(ch, 0), status);
	CHECK_STATUS(t, VmbClientChannelInitSetRingBufferPageCount(ch, 16, 16), status);
	if (status)
		CHECK_STATUS(t, VmbChannelInitSetStateChangeCallbacks(ch, &callbacks), status);
}

static void settings(struct ktap *t, struct client *c)
{
	NTSTATUS invalid = STATUS_INVALID_PARAMETER_1;
	struct peer_answer answer;

	check_settings(t, c->channel, STATUS_SUCCESS);
	if (!CHECK(t, client_open(c)))
		return;
	check_settings(t, c->channel, invalid);
	CHECK_STATUS(t, client_set_target(c, &peer_instance), invalid);
	CHECK_STATUS(t, VmbChannelInitSetProcessPacketCallbacks(c->channel, NULL, NULL), invalid);
	CHECK_STATUS(t, client_order(c, &answer, PEER_HELLO, ARGS(0)), STATUS_SUCCESS);
	CHECK_EQUAL(t, answer.value[1], 16 * 4096);
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, VmbChannelInitSetMaximumPacketSize(c->channel, 0),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelInitSetProcessPacketCallbacks(c->channel, NULL, NULL),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbServerChannelInitSetFlags(c->channel, 0), invalid);
	CHECK(t, client_reopen(c));
}

static bool instance_is(struct client *c, const GUID *want)
{
	GUID instance;

	VmbChannelGetInterfaceInstance(c->channel, &instance);
	return !memcmp(&instance, want, sizeof(instance));
}

static void instances(struct ktap *t, struct client *c)
{
	GUID none = { };

	CHECK(t, instance_is(c, &peer_instance));
	if (!CHECK(t, client_open(c)))
		return;
	CHECK(t, instance_is(c, &peer_instance));
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, client_set_target(c, NULL), STATUS_SUCCESS);
	CHECK(t, instance_is(c, &none));
	/* Of two devices the one with the lower instance; its neighbour is a pipe. */
	CHECK(t, client_reopen(c));
	CHECK(t, instance_is(c, &peer_instance));
	VmbChannelDisable(c->channel);
	CHECK(t, instance_is(c, &none));
	CHECK_STATUS(t, client_set_target(c, &peer_pipe_instance), STATUS_SUCCESS);
	CHECK(t, instance_is(c, &peer_pipe_instance));
	CHECK_STATUS(t, VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
		     STATUS_SUCCESS);
	CHECK(t, client_open(c));
	CHECK(t, instance_is(c, &peer_pipe_instance));
}

/* What a callback saw of the channel. */
struct seen {
	u64 address[2], size[2];
	NTSTATUS latency[2];
};

static void look(struct client *c, unsigned int which)
{
	struct seen *seen = c->data;
	u16 old = 77;

	VmbChannelGetMmioSpace(c->channel, &seen->address[which], &seen->size[which]);
	seen->latency[which] = VmbChannelSetInterruptLatency(c->channel, 100, &old);
	c->wrong |= old != 77;
}

static void look_opened(struct client *c)
{
	look(c, 0);
}

static void look_closed(struct client *c)
{
	look(c, 1);
}

static struct seen *see(struct ktap *t, struct client *c)
{
	struct seen *seen = kzalloc(sizeof(*seen), GFP_KERNEL);

	c->data = seen;
	c->on_opened = look_opened;
	c->on_closed = look_closed;
	CHECK(t, seen);
	return seen;
}

static void mmio(struct ktap *t, struct client *c)
{
	u64 address = 1, size = 1;
	struct seen *seen = see(t, c);
	unsigned int i;

	if (!seen)
		return;
	VmbChannelGetMmioSpace(c->channel, &address, &size);
	CHECK_EQUAL(t, address | size, 0);
	for (i = 0; i < 3 && CHECK(t, client_open(c)); i++) {
		VmbChannelGetMmioSpace(c->channel, &address, &size);
		CHECK_EQUAL(t, size, PEER_MMIO_MEGABYTES << 20);
		CHECK(t, address && !(address % PAGE_SIZE));
		CHECK(t, region_intersects(address, size, IORESOURCE_MEM, IORES_DESC_NONE) !=
			 REGION_DISJOINT);
		VmbChannelDisable(c->channel);
		CHECK_EQUAL(t, seen->address[0], address);
		CHECK_EQUAL(t, seen->address[1], address);
		CHECK_EQUAL(t, seen->size[0], size);
		CHECK_EQUAL(t, seen->size[1], size);
		VmbChannelGetMmioSpace(c->channel, &seen->address[0], &seen->size[0]);
		CHECK_EQUAL(t, seen->address[0] | seen->size[0], 0);
		CHECK(t, region_intersects(address, size, IORESOURCE_MEM, IORES_DESC_NONE) ==
			 REGION_DISJOINT);
	}
	/* One that asks for none has none. */
	client_set_target(c, &peer_pipe_instance);
	VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	CHECK(t, client_open(c));
	VmbChannelGetMmioSpace(c->channel, &address, &size);
	CHECK_EQUAL(t, address | size, 0);
}

static void latency(struct ktap *t, struct client *c)
{
	struct seen *seen = see(t, c);
	u16 old;

	if (!seen)
		return;
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(c->channel, 100, &old),
		     STATUS_INVALID_DEVICE_STATE);
	if (!CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(c->channel, 100, &old),
		     STATUS_NOT_SUPPORTED);
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(c->channel, 100, &old),
		     STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, seen->latency[0], STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, seen->latency[1], STATUS_NOT_SUPPORTED);
	CHECK(t, !c->wrong);
}

static void pointers(struct ktap *t, struct client *c)
{
	CHECK(t, VmbChannelGetPointer(c->channel) == c);
	if (!CHECK(t, client_open(c)))
		return;
	CHECK(t, VmbChannelGetPointer(c->channel) == c);
	VmbChannelDisable(c->channel);
	VmbChannelSetPointer(c->channel, t);
	CHECK(t, VmbChannelGetPointer(c->channel) == t);
	VmbChannelSetPointer(c->channel, c);
}

/* A channel that has been cleaned up leaves the device to the next. */
static void lives(struct ktap *t, struct client *c)
{
	struct client *other;
	unsigned int i;

	for (i = 0; i < 10 && !t->failed; i++) {
		other = client_create();
		if (!CHECK(t, other))
			return;
		CHECK(t, client_open(other) && client_hello(other));
		CHECK(t, client_destroy(other));
	}
	CHECK(t, client_open(c) && client_hello(c));
}

/* ---- packets ---- */

static VOID own_packet_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct request *r = VmbPacketGetPointer(packet);

	r->status = status;
	r->length = length;
	if (buffer)
		memcpy(r->bytes, buffer, min_t(u32, length, sizeof(r->bytes)));
	complete(&r->done);
}

static NTSTATUS send_own(struct client *c, VMBPACKET packet, struct request *r, u32 size)
{
	NTSTATUS status;

	init_completion(&r->done);
	peer_fill(c->buffer, size, size);
	status = VmbPacketSend(packet, c->buffer, size, NULL, WAIT_FLAG);
	return status ?: request_wait(r);
}

/* A packet in memory of the driver's own, used again and again. */
static void own_packet(struct ktap *t, struct client *c)
{
	struct request *r = kzalloc(sizeof(*r), GFP_KERNEL);
	u32 size = VmbChannelSizeofPacket(c->channel), i;
	VMBPACKET packet = kmalloc(size, GFP_KERNEL);

	c->data = r;
	if (!CHECK(t, r && packet) || !CHECK(t, client_open(c)))
		goto out;
	CHECK_EQUAL(t, VmbChannelSizeofPacket(c->channel), size);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, packet, size - 1),
		     STATUS_INVALID_PARAMETER_3);
	CHECK_STATUS(t, VmbPacketInitialize(c->channel, packet, size), STATUS_SUCCESS);
	CHECK(t, VmbPacketGetChannel(packet) == c->channel);
	CHECK(t, !VmbPacketGetPointer(packet));
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, NULL, 0), STATUS_INVALID_DEVICE_REQUEST);
	VmbPacketSetPointer(packet, r);
	VmbPacketSetCompletionRoutine(packet, own_packet_done);
	for (i = 0; i <= PEER_MAX_PACKET; i += 256) {
		CHECK_STATUS(t, send_own(c, packet, r, i), STATUS_SUCCESS);
		CHECK_EQUAL(t, r->length, i);
		CHECK(t, peer_filled(r->bytes, i, i));
	}
out:
	VmbChannelDisable(c->channel);
	kfree(packet);
}

/* One that is never sent is freed by the driver; others free themselves. */
static void free_packets(struct ktap *t, struct client *c)
{
	VMBPACKET packets[40];
	unsigned int i;

	if (!CHECK(t, client_open(c)))
		return;
	memset(c->buffer, 0, 64);
	for (i = 0; i < ARRAY_SIZE(packets); i++) {
		packets[i] = VmbPacketAllocate(c->channel);
		if (!CHECK(t, packets[i]))
			return;
	}
	for (i = 0; i < ARRAY_SIZE(packets); i++) {
		CHECK(t, VmbPacketGetChannel(packets[i]) == c->channel);
		if (i & 1)
			VmbPacketFree(packets[i]);
		else
			CHECK_STATUS(t, VmbPacketSend(packets[i], c->buffer, 64, NULL, 0),
				     STATUS_SUCCESS);
	}
	CHECK(t, client_hello(c));
}

/* ---- paged buffers ---- */

/* The message of a request lies in memory that may fault, and is gone when the send returns. */
static void paged_buffers(struct ktap *t, struct client *c)
{
	u32 flags = WAIT_FLAG | VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER;
	u32 size = sizeof(struct peer_answer);
	struct request *r = kmalloc(sizeof(*r), GFP_KERNEL);
	LARGE_INTEGER timeout = client_timeout(PEER_TIMEOUT_MS);
	struct peer_order *order = vmalloc(PAGE_SIZE);
	PFN_NUMBER pfn;
	VMBPACKET packet;
	NTSTATUS status;
	PMDL mdl;

	c->data = r;
	mdl = IoAllocateMdl(c->buffer, 512, FALSE, FALSE, NULL);
	if (!CHECK(t, r && order && mdl) || !CHECK(t, client_open(c)))
		goto out;
	MmBuildMdlForNonPagedPool(mdl);
	pfn = *MmGetMdlPfnArray(mdl);
	client_make_order(order, PEER_HELLO, ARGS(0));

	packet = request_begin(c, r);
	status = VmbPacketSend(packet, order, sizeof(*order), NULL, flags);
	order->op = PEER_EXTERNAL;
	CHECK_STATUS(t, request_finish(r, packet, status), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[0], PEER_VERSION);

	packet = request_begin(c, r);
	status = VmbPacketSendWithExternalMdl(packet, order, sizeof(*order), mdl, 0, 0, flags);
	CHECK_STATUS(t, request_finish(r, packet, status), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.ranges[0].bytes, 512);

	packet = request_begin(c, r);
	status = VmbPacketSendWithExternalPfns(packet, order, sizeof(*order), &pfn, 1, flags);
	CHECK_STATUS(t, request_finish(r, packet, status), STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.ranges[0].first_pfn, pfn);

	order->op = PEER_HELLO;
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(c->channel, order, sizeof(*order), NULL,
							 flags, &r->answer, &size, &timeout),
		     STATUS_SUCCESS);
	CHECK_EQUAL(t, r->answer.value[0], PEER_VERSION);
out:
	IoFreeMdl(mdl);
	vfree(order);
}

/* ---- incoming ---- */

static void fail_third(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (atomic_inc_return(&c->in_flight) == 3)
		VmbChannelPacketFail(packet);
	else
		VmbChannelPacketComplete(packet, NULL, 0);
}

static void failed_packet(struct ktap *t, struct client *c)
{
	c->on_packet = fail_third;
	if (!CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 10, 64, 0, 0, 0), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&c->in_flight) == 3);
	CHECK_STAYS(t, 50, atomic_read(&c->in_flight) == 3);
	VmbChannelDisable(c->channel);
	CHECK(t, client_states_are(c, "OSPUC"));
	CHECK(t, client_reopen(c));
}

/* Only a host gets external data. */
static void ask_for_external(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	PMDL mdl = NULL;

	c->result = VmbChannelPacketGetExternalData(packet, 0, &mdl);
	c->wrong = mdl || VmbChannelPacketGetExternalData(packet, 2, &mdl) !=
			  STATUS_INVALID_PARAMETER_2;
	VmbChannelPacketComplete(packet, NULL, 0);
	atomic_inc(&c->in_flight);
}

static void no_external_data(struct ktap *t, struct client *c)
{
	c->on_packet = ask_for_external;
	if (!CHECK(t, client_open(c)))
		return;
	CHECK_STATUS(t, ORDER(c, PEER_GENERATE, 1, 64, 0, 0, 0), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&c->in_flight) == 1);
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_REQUEST);
	CHECK(t, !c->wrong);
}

/* ---- interfaces ---- */

/* A driver that has queried the functions and links none of them. */
static void say_hello_through(struct ktap *t, const KMCL_CLIENT_INTERFACE_V1 *kmcl)
{
	LARGE_INTEGER timeout = client_timeout(PEER_TIMEOUT_MS);
	struct peer_answer answer;
	u32 size = sizeof(answer);
	struct peer_order order;
	VMBCHANNEL channel;

	CHECK_STATUS(t, kmcl->VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	CHECK_STATUS(t, kmcl->VmbClientChannelInitSetTargetPnp(channel, &peer_class,
							       &peer_instance, NULL),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, kmcl->VmbChannelEnable(channel), STATUS_SUCCESS);
	client_make_order(&order, PEER_HELLO, ARGS(0));
	CHECK_STATUS(t, kmcl->VmbChannelSendSynchronousRequest(channel, &order, sizeof(order),
							       NULL, WAIT_FLAG, &answer, &size,
							       &timeout), STATUS_SUCCESS);
	CHECK_EQUAL(t, answer.value[0], PEER_VERSION);
	kmcl->VmbChannelDisable(channel);
	kmcl->VmbChannelCleanup(channel);
	kmcl->InterfaceDereference(kmcl->Context);
}

static void through_interface(struct ktap *t, struct client *c)
{
	KMCL_CLIENT_INTERFACE_V1 *kmcl = kzalloc(sizeof(*kmcl), GFP_KERNEL);

	c->data = kmcl;
	if (!CHECK(t, kmcl))
		return;
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_CLIENT_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl), 1), STATUS_SUCCESS);
	CHECK_EQUAL(t, kmcl->Size, 360);
	say_hello_through(t, kmcl);
}

/* It begins as the client's does, so one driver can be client and server. */
static void through_server_interface(struct ktap *t, struct client *c)
{
	KMCL_SERVER_INTERFACE_V1 *kmcl = kzalloc(sizeof(*kmcl), GFP_KERNEL);
	VMBCHANNEL server;

	c->data = kmcl;
	if (!CHECK(t, kmcl))
		return;
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_SERVER_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl), 1), STATUS_SUCCESS);
	CHECK_EQUAL(t, kmcl->Size, 472);
	CHECK_STATUS(t, kmcl->VmbChannelAllocate(NULL, TRUE, &server), STATUS_SUCCESS);
	CHECK_STATUS(t, kmcl->VmbServerChannelInitSetTargetInterfaceId(server, peer_class,
								       peer_class),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, kmcl->VmbChannelEnable(server), STATUS_SUCCESS);
	kmcl->VmbChannelDisable(server);
	kmcl->VmbChannelCleanup(server);
	say_hello_through(t, (KMCL_CLIENT_INTERFACE_V1 *)kmcl);
}

/* ---- subchannels ---- */

/*
 * The host offers a subchannel: it is left alone while the channel works, and does not hold up
 * its close. That the guest gives back its id shows that hv_vmbus has had it.
 */
static void subchannel(struct ktap *t, struct client *c)
{
	struct peer_counters counters;
	unsigned int i;

	if (!CHECK(t, client_open(c)) || !CHECK(t, client_counters(c, &counters)))
		return;
	for (i = 1; i <= 3 && !t->failed; i++) {
		CHECK_STATUS(t, ORDER(c, PEER_SUBCHANNEL), STATUS_SUCCESS);
		CHECK_COUNTER(t, c, sub_offers, i);
		CHECK(t, client_reopen(c));
		CHECK_COUNTER(t, c, sub_releases, i);
		CHECK_COUNTER(t, c, sub_opens, 0);
	}
}

static const struct ktap_test tests[] = {
	{ "VmbChannelAllocate, VmbChannelCleanup: 6.1 one channel after the other", lives },
	{ "VmbChannelInitSetMaximumPacketSize, VmbChannelInitSetMaximumExternalData, "
	  "VmbChannelInitSetClientContextSize, VmbChannelInitSetFriendlyName, "
	  "VmbChannelInitSetFlags, VmbChannelInitSetStateChangeCallbacks, "
	  "VmbChannelInitSetProcessPacketCallbacks, VmbClientChannelInitSetRingBufferPageCount: "
	  "Q1 only in Disabled", settings },
	{ "VmbChannelGetInterfaceInstance, VmbClientChannelInitSetTargetPnp: Q20 one instance, any",
		instances },
	{ "VmbChannelGetMmioSpace: 6.3, 12.6 from EvtChannelOpened to EvtChannelClosed", mmio },
	{ "VmbChannelSetInterruptLatency: Q14, 12.6 not supported", latency },
	{ "VmbChannelSizeofPacket, VmbPacketInitialize, VmbPacketSetCompletionRoutine, "
	  "VmbPacketSetPointer, VmbPacketGetPointer, VmbPacketGetChannel: "
	  "6.6 a packet of the driver's own", own_packet },
	{ "VmbPacketAllocate, VmbPacketFree: 6.6 sent or not", free_packets },
	{ "VmbPacketSend, VmbPacketSendWithExternalMdl, VmbPacketSendWithExternalPfns, "
	  "VmbChannelSendSynchronousRequest: 2.3 PAGED_BUFFER", paged_buffers },
	{ "VmbChannelPacketFail: 5.5 stops delivery until the close", failed_packet },
	{ "VmbChannelPacketGetExternalData: 6.8 a client's packets have none", no_external_data },
	{ "kmcl_query_interface, VmbChannelAllocate, VmbChannelCleanup, VmbChannelEnable, "
	  "VmbChannelDisable: 9 through the interface", through_interface },
	{ "kmcl_query_interface, VmbChannelAllocate, VmbChannelEnable, VmbChannelDisable: "
	  "9 through the server's interface", through_server_interface },
	{ "VmbChannelEnable: N25 subchannels that a host offers are left alone", subchannel },
	{ "VmbChannelSetPointer, VmbChannelGetPointer: 6.3 in any state", pointers },
};

const struct ktap_suite properties_suite = KTAP_SUITE("properties", tests);
