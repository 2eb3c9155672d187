// SPDX-License-Identifier: GPL-2.0-only
/* Packets between two ends of one kernel, and their external data: spec 5, 6.7, 6.8. */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pair.h"
#include "suites.h"

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

/* ---- from the server ---- */

static void from_server(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	LARGE_INTEGER zero = { .QuadPart = 0 }, soon = { .QuadPart = -10000 };
	VMBCHANNEL server;

	if (!p)
		return;
	server = p->server.channel;
	CHECK_STATUS(t, end_send(&p->server, "question", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->server.completed) == 1);
	CHECK(t, !memcmp(p->server.reply, "question", 8));
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(server, "x", 1, NULL, 0, NULL, NULL,
							 &zero), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(server, "x", 1, NULL, 0, NULL, NULL,
							 NULL), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(server, "x", 1, NULL, 0, NULL, NULL,
							 &soon), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(server, "x", 1, NULL, WAIT_FLAG, NULL,
							 NULL, &zero), STATUS_INVALID_PARAMETER);
	CHECK_SOON(t, atomic_read(&p->client.packets) == 2);
	pair_destroy(t, p);
}

/* A server has no memory that its client could be shown. */
static void no_external_from_server(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	u8 *buffer = kmalloc(4096, GFP_KERNEL);
	LARGE_INTEGER zero = { .QuadPart = 0 };
	PFN_NUMBER pfn = 1;
	VMBPACKET packet;
	PMDL mdl;

	if (!p || !CHECK(t, buffer))
		return;
	mdl = describe(buffer, 4096, 0);
	packet = end_packet(&p->server);
	CHECK_STATUS(t, VmbPacketSend(packet, "x", 1, mdl, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(packet, "x", 1, mdl, 0, 0, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(packet, "x", 1, &pfn, 1, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(p->server.channel, "x", 1, mdl, 0, NULL,
							 NULL, &zero), STATUS_INVALID_PARAMETER);
	/* The packet is as it was. */
	CHECK_STATUS(t, end_sent(&p->server, packet, VmbPacketSend(packet, "x", 1, NULL, 0)),
		     STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.packets) == 1);
	pair_destroy(t, p);
	IoFreeMdl(mdl);
	kfree(buffer);
}

static void many(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	unsigned int i, sent_now = 0;

	if (!p)
		return;
	for (i = 0; i < 20000; i++) {
		sent_now += !end_send(&p->client, &i, sizeof(i), WAIT_FLAG);
		if (!SOON((int)i - atomic_read(&p->client.completed) < 512))
			break;
	}
	CHECK_EQUAL(t, sent_now, 20000);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 20000);
	CHECK_EQUAL(t, atomic_read(&p->server.packets), 20000);
	CHECK_EQUAL(t, atomic_read(&p->client.removed), 0);
	pair_destroy(t, p);
}

/* ---- external data ---- */

/* Sums what it is given, inverts it, and answers with the sum and the number of bytes. */
static void sum_and_invert(VMBPACKETCOMPLETION packet, PMDL mdl, u32 *answer)
{
	u32 sum = 0, bytes = 0;

	for (; mdl; mdl = mdl->Next) {
		u8 *at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
		u32 i;

		for (i = 0; at && i < MmGetMdlByteCount(mdl); i++, bytes++) {
			sum += at[i];
			at[i] ^= 0xff;
		}
	}
	answer[0] = sum;
	answer[1] = bytes;
	VmbChannelPacketComplete(packet, answer, 8);
}

/* The MDLs are part of the packet's object: no memory was needed for them. */
static bool came_with(VMBPACKETCOMPLETION packet, PMDL mdl)
{
	const u8 *object = (const u8 *)packet, *end = object + ksize(object);

	for (; mdl; mdl = mdl->Next)
		if ((const u8 *)mdl <= object || (const u8 *)(mdl + 1) > end)
			return false;
	return true;
}

static void serve_external(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length,
			   u32 flags)
{
	bool external = flags & VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA;
	bool is_refused;
	NTSTATUS status;
	PMDL mdl, again;

	if (VmbChannelPacketGetExternalData(packet, 2, &mdl) != STATUS_INVALID_PARAMETER_2 ||
	    VmbChannelPacketGetExternalData(NULL, 0, &mdl) != STATUS_INVALID_PARAMETER_1 ||
	    VmbChannelPacketGetExternalData(packet, 0, NULL) != STATUS_INVALID_PARAMETER ||
	    (p->kept && VmbChannelPacketGetExternalData(p->kept, 0, &mdl) !=
	     STATUS_INVALID_DEVICE_REQUEST))
		p->server.status = STATUS_UNSUCCESSFUL;
	status = VmbChannelPacketGetExternalData(packet, 0, &mdl);
	is_refused = status == STATUS_INVALID_DEVICE_REQUEST;
	if (external == is_refused)
		p->server.status = STATUS_UNSUCCESSFUL;
	if (status) {
		VmbChannelPacketComplete(packet, &status, sizeof(status));
		return;
	}
	/* The second call gives the same. */
	status = VmbChannelPacketGetExternalData(packet, 1, &again);
	if (status || again != mdl || !came_with(packet, mdl))
		p->server.status = STATUS_UNSUCCESSFUL;
	sum_and_invert(packet, mdl, (u32 *)buffer);
}

static NTSTATUS send_external(struct pair *p, PMDL mdl)
{
	VMBPACKET packet = end_packet(&p->client);
	u64 message = 0;

	return end_sent(&p->client, packet,
			VmbPacketSendWithExternalMdl(packet, &message, sizeof(message), mdl, 0, 0,
						     WAIT_FLAG));
}

static NTSTATUS send_pages(struct pair *p, PFN_NUMBER *pfns, u32 count)
{
	VMBPACKET packet = end_packet(&p->client);
	u64 message = 0;

	return end_sent(&p->client, packet,
			VmbPacketSendWithExternalPfns(packet, &message, sizeof(message), pfns,
						      count, WAIT_FLAG));
}

static void chain(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
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
	CHECK_STATUS(t, send_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, *(u32 *)p->client.reply, sum);
	CHECK_EQUAL(t, *(u32 *)(p->client.reply + 4), 4500 + 12345);
	for (i = 0; i < 12345; i++)
		wrong += far[4000 + i] != (u8)~(7 + i);
	CHECK_EQUAL(t, wrong, 0);
	CHECK_STATUS(t, p->server.status, STATUS_SUCCESS);

	/* Without any. */
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 2);
	CHECK_STATUS(t, *(u32 *)p->client.reply, STATUS_INVALID_DEVICE_REQUEST);
	CHECK_STATUS(t, p->server.status, STATUS_SUCCESS);
	pair_destroy(t, p);
	IoFreeMdl(mdl->Next);
	IoFreeMdl(mdl);
	kfree(near);
	vfree(far);
}

/* Not from the callback of this packet: after it, and from that of another. */
static void elsewhere(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	u8 *buffer = kmalloc(4096, GFP_KERNEL);
	PMDL mdl, other;

	if (!p || !CHECK(t, buffer))
		return;
	mdl = describe(buffer, 100, 0);
	p->serve = pair_keep;
	CHECK_STATUS(t, send_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, READ_ONCE(p->kept));
	CHECK_STATUS(t, VmbChannelPacketGetExternalData(p->kept, 0, &other),
		     STATUS_INVALID_DEVICE_REQUEST);
	p->serve = serve_external;
	CHECK_STATUS(t, send_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, *(u32 *)(p->client.reply + 4), 100);
	CHECK_STATUS(t, p->server.status, STATUS_SUCCESS);
	VmbChannelPacketComplete(p->kept, NULL, 0);
	pair_destroy(t, p);
	IoFreeMdl(mdl);
	kfree(buffer);
}

/* What the client says is believed as far as it is checked. */
static void lies(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	PFN_NUMBER nowhere = ~0ul >> 13;

	if (!p)
		return;
	p->serve = serve_external;
	CHECK_STATUS(t, send_pages(p, &nowhere, 1), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_STATUS(t, *(u32 *)p->client.reply, STATUS_INVALID_PARAMETER);
	/* The channel goes on. */
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 2);
	CHECK_STATUS(t, p->server.status, STATUS_SUCCESS);
	pair_destroy(t, p);
}

/* A server takes less than its client sends. */
static void limits(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	u8 *buffer = kmalloc(16384, GFP_KERNEL);
	PMDL mdl;

	if (!p || !CHECK(t, buffer))
		return;
	p->serve = serve_external;
	VmbChannelInitSetMaximumExternalData(p->server.channel, 8192, 1);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	mdl = describe(buffer, 8192, 0);
	CHECK_STATUS(t, send_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, *(u32 *)(p->client.reply + 4), 8192);
	mdl->Next = describe(buffer + 8192, 1, 0);
	CHECK_STATUS(t, send_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 2);
	CHECK_STATUS(t, *(u32 *)p->client.reply, STATUS_INVALID_PARAMETER);
	IoFreeMdl(mdl->Next);
	IoFreeMdl(mdl);
	mdl = describe(buffer, 8193, 0);
	CHECK_STATUS(t, send_external(p, mdl), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 3);
	CHECK_STATUS(t, *(u32 *)p->client.reply, STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, p->server.status, STATUS_SUCCESS);
	pair_destroy(t, p);
	IoFreeMdl(mdl);
	kfree(buffer);
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend, VmbChannelSendSynchronousRequest: N1 from the server", from_server },
	{ "VmbPacketSend, VmbPacketSendWithExternalMdl, VmbPacketSendWithExternalPfns: "
	  "N11 no external data from a server", no_external_from_server },
	{ "VmbPacketSend, VmbChannelPacketComplete: 5.1 20000 echoes", many },
	{ "VmbChannelPacketGetExternalData, VmbPacketSendWithExternalMdl: 5.3 a chain, both ways",
	  chain },
	{ "VmbChannelPacketGetExternalData: 6.8 not outside the packet's callback", elsewhere },
	{ "VmbChannelPacketGetExternalData, VmbPacketSendWithExternalPfns: "
	  "N11 memory that is not there",
	  lies },
	{ "VmbChannelPacketGetExternalData, VmbChannelInitSetMaximumExternalData: "
	  "N11 above the limits",
	  limits },
};

const struct ktap_suite local_packet_suite = KTAP_SUITE("local-packet", tests);
