// SPDX-License-Identifier: GPL-2.0-only
/* External data of a client: spec 5.3, 6.7, 11.3. */
#include <linux/io.h>
#include <linux/mm.h>

#include "client.h"
#include "suites.h"

/* What lies between descriptor and message of a GPA-direct packet. */
struct ranges {
	u32 reserved;
	u32 count;
	u32 byte_count;
	u32 byte_offset;
	u64 pfns[8];
};

/* Of the first packet in the ring: testbus_read() shows only what is behind offset8. */
static struct ranges *first_ranges(struct client *c)
{
	return (void *)c->dev->from_guest.data + sizeof(struct kmcl_desc);
}

static VMBPACKET new_packet(struct client *c)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);

	VmbPacketSetCompletionRoutine(packet, client_sent);
	return packet;
}

static void accept(struct ktap *t, struct client *c, NTSTATUS status)
{
	atomic_inc(&c->accepted);
	CHECK_STATUS(t, status, STATUS_SUCCESS);
}

static PMDL mdl_of(void *buffer, u32 length)
{
	PMDL mdl = IoAllocateMdl(buffer, length, FALSE, FALSE, NULL);

	if (mdl)
		MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

static void answer_all(struct client *c)
{
	struct host_packet packet;

	while (testbus_read(c->dev, &packet) > 0)
		if (packet.desc.flags)
			testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
}

static void whole_mdl(struct ktap *t, struct client *c)
{
	u8 *buffer = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	PMDL mdl = mdl_of(buffer + 100, 2 * PAGE_SIZE);
	struct host_packet packet;
	struct ranges *ranges;
	u64 value = 0x99;

	client_open(c);
	accept(t, c, VmbPacketSend(new_packet(c), &value, 8, mdl, WAIT_FLAG));
	/* N11: the MDL may go, the pages stay. */
	IoFreeMdl(mdl);
	ranges = first_ranges(c);
	CHECK_EQUAL(t, ranges->reserved, 0);
	CHECK_EQUAL(t, ranges->count, 1);
	CHECK_EQUAL(t, ranges->byte_count, 2 * PAGE_SIZE);
	CHECK_EQUAL(t, ranges->byte_offset, offset_in_page(buffer + 100));
	CHECK_EQUAL(t, ranges->pfns[0], virt_to_phys(buffer) >> 12);
	CHECK_EQUAL(t, ranges->pfns[2], (virt_to_phys(buffer) >> 12) + 2);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.type, KMCL_PKT_DATA_GPA_DIRECT);
	CHECK_EQUAL(t, packet.desc.offset8, 2 + 1 + 1 + 3);
	CHECK_EQUAL(t, *(u64 *)packet.data, 0x99);
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	kfree(buffer);
}

static void mdl_window(struct ktap *t, struct client *c)
{
	u8 *buffer = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	PMDL mdl = mdl_of(buffer, 3 * PAGE_SIZE - 100);
	struct ranges *ranges;
	VMBPACKET packet;

	client_open(c);
	ranges = first_ranges(c);
	packet = new_packet(c);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(packet, NULL, 0, mdl, 0, 0, 0),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(packet, NULL, 0, mdl, 3 * PAGE_SIZE, 0,
						     WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(packet, NULL, 0, mdl, 0, 3 * PAGE_SIZE,
						     WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(packet, NULL, 0, mdl, 0xffffffff, 0xffffffff,
						     WAIT_FLAG), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(packet, NULL, 0, mdl, 0, 3 * PAGE_SIZE + 1,
						     WAIT_FLAG |
						     VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH),
		     STATUS_INVALID_PARAMETER);
	accept(t, c, VmbPacketSendWithExternalMdl(packet, NULL, 0, mdl, 5000, 200, WAIT_FLAG));
	CHECK_EQUAL(t, ranges->byte_count, 200);
	CHECK_EQUAL(t, ranges->byte_offset, 5000 - 4096);
	CHECK_EQUAL(t, ranges->pfns[0], (virt_to_phys(buffer) >> 12) + 1);
	answer_all(c);

	accept(t, c, VmbPacketSendWithExternalMdl(new_packet(c), NULL, 0, mdl, 100, 0, WAIT_FLAG));
	answer_all(c);
	accept(t, c, VmbPacketSendWithExternalMdl(new_packet(c), NULL, 0, mdl, 0, 3 * PAGE_SIZE,
						  WAIT_FLAG |
						  VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH));
	answer_all(c);
	/* NULL sends none. */
	accept(t, c, VmbPacketSendWithExternalMdl(new_packet(c), NULL, 0, NULL, 0, 0, WAIT_FLAG));
	answer_all(c);
	CHECK_SOON(t, atomic_read(&c->completed) == 4);
	IoFreeMdl(mdl);
	kfree(buffer);
}

static void mdl_limits(struct ktap *t, struct client *c)
{
	u8 *buffer = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	PMDL first = mdl_of(buffer, 100), second = mdl_of(buffer + 5000, 100);
	struct host_packet host;
	VMBPACKET packet;

	VmbChannelInitSetMaximumExternalData(c->channel, 150, 1);
	client_open(c);
	packet = new_packet(c);
	first->Next = second;
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, first, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
	VmbChannelDisable(c->channel);
	VmbChannelInitSetMaximumExternalData(c->channel, 150, 2);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	packet = new_packet(c);
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, first, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	/* A chain that bites its tail. */
	second->Next = first;
	CHECK_STATUS(t, VmbPacketSend(packet, NULL, 0, first, WAIT_FLAG), STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
	second->Next = NULL;
	VmbChannelDisable(c->channel);
	VmbChannelInitSetMaximumExternalData(c->channel, 200, 2);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	accept(t, c, VmbPacketSend(new_packet(c), NULL, 0, first, WAIT_FLAG));
	CHECK(t, client_host_gets(c, &host));
	/* One range per MDL. */
	CHECK_EQUAL(t, host.desc.offset8, 2 + 1 + 2 * 2);
	testbus_complete(c->dev, host.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	IoFreeMdl(first);
	IoFreeMdl(second);
	kfree(buffer);
}

static void page_numbers(struct ktap *t, struct client *c)
{
	PFN_NUMBER pfns[3] = { 0x123, 0x77, 0x124 };
	struct host_packet packet;
	struct ranges *ranges;
	VMBPACKET sent;

	client_open(c);
	sent = new_packet(c);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(sent, NULL, 0, pfns, 3, 0),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(sent, NULL, 0, NULL, 3, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(sent, NULL, 0, pfns, 0, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(sent, NULL, 0, pfns, 257, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(sent, NULL, 0, pfns, 0xffffffff, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	accept(t, c, VmbPacketSendWithExternalPfns(sent, NULL, 0, pfns, 3, WAIT_FLAG));
	memset(pfns, 0, sizeof(pfns));
	ranges = first_ranges(c);
	CHECK_EQUAL(t, ranges->count, 1);
	CHECK_EQUAL(t, ranges->byte_count, 3 * 4096);
	CHECK_EQUAL(t, ranges->byte_offset, 0);
	CHECK_EQUAL(t, ranges->pfns[1], 0x77);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.type, KMCL_PKT_DATA_GPA_DIRECT);
	testbus_complete(c->dev, packet.desc.trans_id, NULL, 0);
	CHECK_SOON(t, atomic_read(&c->completed) == 1);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(NULL, NULL, 0, pfns, 3, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbPacketSendWithExternalMdl(NULL, NULL, 0, NULL, 0, 0, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER_1);
}

static void queued(struct ktap *t, struct client *c)
{
	PFN_NUMBER pfns[3] = { 0x123, 0x77, 0x124 };
	struct host_packet packet;
	u64 value = 0x42;

	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	accept(t, c, VmbPacketSendWithExternalPfns(new_packet(c), &value, 8, pfns, 3, WAIT_FLAG));
	memset(pfns, 0, sizeof(pfns));
	testbus_offer(c->dev);
	CHECK(t, client_host_gets(c, &packet));
	CHECK_EQUAL(t, packet.desc.type, KMCL_PKT_DATA_GPA_DIRECT);
	CHECK_EQUAL(t, *(u64 *)packet.data, 0x42);
	CHECK_EQUAL(t, first_ranges(c)->pfns[1], 0x77);
}

/* N8: with external data not before the rings are closed. */
static void synchronous(struct client *c)
{
	u64 value = 1;

	c->result = VmbChannelSendSynchronousRequest(c->channel, &value, 8, c->memory, WAIT_FLAG,
						     NULL, NULL, NULL);
	c->number = atomic_read(&c->dev->closes);
}

static void synchronous_released(struct ktap *t, struct client *c)
{
	void *buffer = (void *)__get_free_page(GFP_KERNEL);
	struct background waiter, disable;
	struct host_packet packet;
	PMDL mdl = mdl_of(buffer, PAGE_SIZE);

	c->memory = mdl;
	c->on_packet = client_keep;
	client_open(c);
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->kept_count) == 1);
	background_start(&waiter, c, synchronous);
	CHECK(t, client_host_gets(c, &packet));
	background_start(&disable, c, client_disable);
	CHECK_SOON(t, client_states_are(c, "U"));
	CHECK(t, !background_ends(&waiter, 50));
	client_complete_kept(c);
	CHECK(t, background_ends(&waiter, 60000));
	CHECK(t, background_ends(&disable, 60000));
	CHECK_STATUS(t, c->result, STATUS_DEVICE_REMOVED);
	CHECK_EQUAL(t, c->number, 1);
	c->memory = NULL;
	IoFreeMdl(mdl);
	free_page((unsigned long)buffer);
}

static void not_in_pipes(struct ktap *t, struct client *c)
{
	PFN_NUMBER pfn = 5;
	VMBPACKET packet;

	VmbChannelInitSetFlags(c->channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	client_open(c);
	packet = new_packet(c);
	CHECK_STATUS(t, VmbPacketSendWithExternalPfns(packet, NULL, 0, &pfn, 1, WAIT_FLAG),
		     STATUS_INVALID_PARAMETER);
	VmbPacketFree(packet);
}

static void get_external(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	PMDL mdl;

	c->result = VmbChannelPacketGetExternalData(packet, 0, &mdl);
	c->failure = VmbChannelPacketGetExternalData(packet, 2, &mdl);
	VmbChannelPacketComplete(packet, NULL, 0);
}

static void incoming_has_none(struct ktap *t, struct client *c)
{
	PMDL mdl;

	c->on_packet = get_external;
	client_open(c);
	client_host_send(c, 1);
	CHECK_SOON(t, READ_ONCE(c->batched) == 1);
	CHECK_STATUS(t, c->result, STATUS_INVALID_DEVICE_REQUEST);
	CHECK_STATUS(t, c->failure, STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelPacketGetExternalData(NULL, 0, &mdl), STATUS_INVALID_PARAMETER_1);
}

static const struct ktap_test tests[] = {
	{ "VmbPacketSend: 11.3 an MDL", whole_mdl },
	{ "VmbPacketSendWithExternalMdl: N11 the window on the MDL", mdl_window },
	{ "VmbPacketSend, VmbChannelInitSetMaximumExternalData: "
	  "N11 limits and chains", mdl_limits },
	{ "VmbPacketSendWithExternalPfns: Q10 page numbers", page_numbers },
	{ "VmbPacketSendWithExternalPfns: N11 queued: the page numbers are copied", queued },
	{ "VmbChannelSendSynchronousRequest: N8 with external data: after the rings are closed",
	  synchronous_released },
	{ "VmbPacketSendWithExternalPfns: N26 not in pipe mode", not_in_pipes },
	{ "VmbChannelPacketGetExternalData: N11 a client gets none", incoming_has_none },
};

const struct ktap_suite external_suite = KTAP_SUITE("external");
