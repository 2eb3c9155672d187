// SPDX-License-Identifier: GPL-2.0-only
/* GPADLs, MMIO space and latency of a client: spec 6.3, 6.9. */
#include "client.h"
#include "suites.h"

#define BYTES	(4 * PAGE_SIZE)

static NTSTATUS create(struct client *c, u32 *handle)
{
	return VmbChannelCreateGpadlFromBuffer(c->channel, 0, c->memory, BYTES, handle);
}

static void create_and_delete(struct ktap *t, struct client *c)
{
	u32 first, second;

	c->memory = kmalloc(BYTES, GFP_KERNEL);
	client_open(c);
	CHECK_STATUS(t, create(c, &first), STATUS_SUCCESS);
	CHECK_EQUAL(t, c->dev->last_gpadl_length, BYTES);
	CHECK(t, c->dev->last_gpadl_buffer == c->memory);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel,
							VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY,
							c->memory, BYTES, &second), STATUS_SUCCESS);
	CHECK(t, first != second);
	CHECK_EQUAL(t, atomic_read(&c->dev->gpadls), 2);
	VmbChannelDeleteGpadl(c->channel, first);
	VmbChannelDeleteGpadl(c->channel, second);
	CHECK_EQUAL(t, atomic_read(&c->dev->gpadls), 0);
}

static void create_self(struct client *c)
{
	c->result = create(c, &c->sent_length);
}

static void delete_self(struct client *c)
{
	VmbChannelDeleteGpadl(c->channel, c->sent_length);
	c->number = (u32)create(c, &c->last_length);
}

static void in_callbacks(struct ktap *t, struct client *c)
{
	c->memory = kmalloc(BYTES, GFP_KERNEL);
	c->on_opened = create_self;
	c->on_closed = delete_self;
	testbus_offer(c->dev);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, c->result, STATUS_SUCCESS);
	CHECK_EQUAL(t, atomic_read(&c->dev->gpadls), 1);
	VmbChannelDisable(c->channel);
	CHECK_EQUAL(t, atomic_read(&c->dev->gpadls), 0);
	CHECK_STATUS(t, c->number, STATUS_INVALID_DEVICE_STATE);
}

static void errors(struct ktap *t, struct client *c)
{
	u32 handle;
	u8 *memory;

	memory = kmalloc(BYTES, GFP_KERNEL);
	c->memory = memory;
	CHECK_STATUS(t, create(c, &handle), STATUS_INVALID_DEVICE_STATE);
	client_open(c);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(NULL, 0, memory, BYTES, &handle),
		     STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel, 2, memory, BYTES, &handle),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel, 0, NULL, BYTES, &handle),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromBuffer(c->channel, 0, memory, 0, &handle),
		     STATUS_INVALID_PARAMETER);
	c->dev->gpadl_error = -ENOMEM;
	CHECK_STATUS(t, create(c, &handle), STATUS_INSUFFICIENT_RESOURCES);
	c->dev->gpadl_error = -EOPNOTSUPP;
	CHECK_STATUS(t, create(c, &handle), STATUS_NOT_SUPPORTED);
	c->dev->gpadl_error = -ENODEV;
	CHECK_STATUS(t, create(c, &handle), STATUS_DEVICE_REMOVED);
	c->dev->gpadl_error = -EIO;
	CHECK_STATUS(t, create(c, &handle), STATUS_UNSUCCESSFUL);
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, create(c, &handle), STATUS_INVALID_DEVICE_STATE);
}

static void from_mdl(struct ktap *t, struct client *c)
{
	PMDL first, second;
	u32 handle = 0;
	u8 *memory;

	memory = kmalloc(BYTES, GFP_KERNEL);
	c->memory = memory;
	first = IoAllocateMdl(memory, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
	second = IoAllocateMdl(memory + 3 * PAGE_SIZE, PAGE_SIZE, FALSE, FALSE, NULL);
	MmBuildMdlForNonPagedPool(first);
	MmBuildMdlForNonPagedPool(second);
	first->Next = second;
	memory[PAGE_SIZE] = 0x31;
	memory[3 * PAGE_SIZE] = 0x32;
	client_open(c);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(c->channel, 0, first, PAGE_SIZE, 0, &handle),
		     STATUS_SUCCESS);
	CHECK_EQUAL(t, c->dev->last_gpadl_length, 2 * PAGE_SIZE);
	CHECK_EQUAL(t, ((u8 *)c->dev->last_gpadl_buffer)[0], 0x31);
	CHECK_EQUAL(t, ((u8 *)c->dev->last_gpadl_buffer)[PAGE_SIZE], 0x32);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(c->channel, 0, first, 3 * PAGE_SIZE, 0,
						     &handle), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(c->channel, 0, first, 0, 0xffffffff,
						     &handle), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(c->channel, 0, NULL, 0, 0, &handle),
		     STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(c->channel, 4, first, 0, 0, &handle),
		     STATUS_INVALID_PARAMETER_2);
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(NULL, 0, first, 0, 0, &handle),
		     STATUS_INVALID_PARAMETER_1);
	/* Pieces that do not join on pages. */
	CHECK_STATUS(t, VmbChannelCreateGpadlFromMdl(c->channel, 0, first, 8, 0, &handle),
		     STATUS_NOT_SUPPORTED);
	IoFreeMdl(first);
	IoFreeMdl(second);
	VmbChannelDeleteGpadl(c->channel, c->dev->last_gpadl);
	CHECK_EQUAL(t, atomic_read(&c->dev->gpadls), 0);
}

static void latency_in_callback(struct client *c)
{
	u16 old;

	c->failure = VmbChannelSetInterruptLatency(c->channel, 100, &old);
}

static void latency(struct ktap *t, struct client *c)
{
	u16 old = 7;

	CHECK_STATUS(t, VmbChannelSetInterruptLatency(NULL, 1, &old), STATUS_INVALID_PARAMETER_1);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(c->channel, 1, &old),
		     STATUS_INVALID_DEVICE_STATE);
	c->on_opened = latency_in_callback;
	client_open(c);
	CHECK_STATUS(t, c->failure, STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(c->channel, 1, &old), STATUS_NOT_SUPPORTED);
	CHECK_EQUAL(t, old, 7);
	c->failure = STATUS_SUCCESS;
	c->on_closed = latency_in_callback;
	VmbChannelDisable(c->channel);
	CHECK_STATUS(t, c->failure, STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, VmbChannelSetInterruptLatency(c->channel, 1, &old),
		     STATUS_INVALID_DEVICE_STATE);
}

static void mmio(struct ktap *t, struct client *c)
{
	UINT64 address = 1, size = 1;

	c->dev->mmio_address = 0xf8000000;
	c->dev->mmio_size = 8 << 20;
	VmbChannelGetMmioSpace(c->channel, &address, &size);
	CHECK(t, !address && !size);
	client_open(c);
	VmbChannelGetMmioSpace(c->channel, &address, &size);
	CHECK_EQUAL(t, address, 0xf8000000);
	CHECK_EQUAL(t, size, 8 << 20);
	VmbChannelDisable(c->channel);
	VmbChannelGetMmioSpace(c->channel, &address, &size);
	CHECK(t, !address && !size);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelCreateGpadlFromBuffer, VmbChannelDeleteGpadl: 6.9", create_and_delete },
	{ "VmbChannelCreateGpadlFromBuffer, VmbChannelDeleteGpadl: "
	  "N23 in EvtChannelOpened and EvtChannelClosed",
	  in_callbacks },
	{ "VmbChannelCreateGpadlFromBuffer: N23 every error status", errors },
	{ "VmbChannelCreateGpadlFromMdl, VmbChannelDeleteGpadl: N23 chain, window, "
	  "errors", from_mdl },
	{ "VmbChannelSetInterruptLatency: Q14 when open and not", latency },
	{ "VmbChannelGetMmioSpace: N20 when open and not", mmio },
};

const struct ktap_suite gpadl_suite = KTAP_SUITE("gpadl");
