// SPDX-License-Identifier: GPL-2.0-only
/*
 * The open channel: ring memory, open, close, signals.
 *
 * hv_vmbus allocates and maps the rings and does the open handshake; the rings themselves are read
 * and written by kmcl's ring code. Ring memory is kept from a close to the next open: it is a
 * large contiguous piece, easy to get at boot and hard to get later.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "../probe/hyperv.h"
#include "../report.h"
#include "hyperv.h"

static void signalled(void *context)
{
	struct kmcl_hv_offer *offer = context;

	kmcl_link_signalled(offer->link);
}

void kmcl_hv_signal(struct kmcl_offer *offer)
{
	vmbus_setevent(kmcl_hv_offer(offer)->device->channel);
}

/* A ring in memory: its control page, and data pages rounded up to the kernel's page size. */
static u32 ring_bytes(u32 data_pages)
{
	return PAGE_SIZE + PAGE_ALIGN(data_pages * KMCL_PAGE_SIZE);
}

/* Where it finds no memory hv_vmbus complains with a backtrace. So ask quietly first. */
static bool is_there_memory(u32 bytes)
{
	unsigned int order = get_order(bytes);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

	if (page)
		__free_pages(page, order);
	return page;
}

static int alloc_rings(struct vmbus_channel *channel, const struct kmcl_link *link)
{
	u32 out = ring_bytes(link->out_pages);
	u32 in = ring_bytes(link->in_pages);

	if ((u64)in + out > min_t(u64, KMALLOC_MAX_SIZE, KMCL_HV_GPADL_PAGES * KMCL_PAGE_SIZE) ||
	    !is_there_memory(in + out))
		return -ENOMEM;
	return vmbus_alloc_ring(channel, out, in);
}

/* Derived sizes may shrink when memory is fragmented, down to what the largest packet needs. */
static bool shrink(struct kmcl_link *link)
{
	if (!link->least_bytes || link->in_pages * (KMCL_PAGE_SIZE / 2) <= link->least_bytes)
		return false;
	link->in_pages /= 2;
	link->out_pages /= 2;
	return true;
}

static void free_rings(struct kmcl_hv_offer *offer)
{
	struct vmbus_channel *channel = offer->device->channel;

	if (!offer->ring_page)
		return;
	channel->ringbuffer_page = offer->ring_page;
	offer->ring_page = NULL;
	vmbus_free_ring(channel);
}

/* The memory of the last open will do if the rings are to be as large as then. */
static bool reuse_rings(struct kmcl_hv_offer *offer, const struct kmcl_link *link)
{
	struct vmbus_channel *channel = offer->device->channel;
	u32 out = ring_bytes(link->out_pages);
	u32 in = ring_bytes(link->in_pages);

	if (!offer->ring_page)
		return false;
	if (channel->ringbuffer_send_offset != out >> PAGE_SHIFT ||
	    channel->ringbuffer_pagecount != (in + out) >> PAGE_SHIFT) {
		free_rings(offer);
		return false;
	}
	memset(page_address(offer->ring_page), 0, in + out);
	channel->ringbuffer_page = offer->ring_page;
	offer->ring_page = NULL;
	return true;
}

/*
 * A device that was offered with MMIO space gets its address range here: hv_vmbus owns the guest's
 * and hands out pieces.
 */
static void get_mmio(struct kmcl_hv_offer *offer)
{
	struct vmbus_channel *channel = offer->device->channel;
	resource_size_t size = (resource_size_t)channel->offermsg.offer.mmio_megabytes << 20;

	if (size && vmbus_allocate_mmio(&offer->mmio, offer->device, 0, -1, size, PAGE_SIZE, false))
		kmcl_tell("%s: no address space for the %u MiB that it asks for\n",
			  dev_name(&offer->device->device),
			  channel->offermsg.offer.mmio_megabytes);
}

/* EvtChannelClosed has returned. */
void kmcl_hv_closed(struct kmcl_offer *base)
{
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);

	if (offer->mmio)
		vmbus_free_mmio(offer->mmio->start, resource_size(offer->mmio));
	offer->mmio = NULL;
}

void kmcl_hv_mmio(struct kmcl_offer *base, u64 *address, u64 *size)
{
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);

	if (!offer->mmio)
		return;
	*address = offer->mmio->start;
	*size = resource_size(offer->mmio);
}

static int get_rings(struct kmcl_hv_offer *offer, struct kmcl_link *link)
{
	int err;

	if (reuse_rings(offer, link))
		return 0;
	do {
		err = alloc_rings(offer->device->channel, link);
	} while (err == -ENOMEM && shrink(link));
	return err;
}

/*
 * Take the memory off the channel and keep it. In an isolated guest memory that the host still has
 * access to must never be used again: it is leaked, as hv_vmbus does.
 */
static void keep_rings(struct kmcl_hv_offer *offer)
{
	struct vmbus_channel *channel = offer->device->channel;

	if (!kmcl_hv_rings_are_shared(channel))
		offer->ring_page = channel->ringbuffer_page;
	channel->ringbuffer_page = NULL;
	vmbus_free_ring(channel);	/* unmaps; there is no memory left for it to free */
}

/* The device goes: free what was kept for its next open. */
void kmcl_hv_free_resources(struct kmcl_hv_offer *offer)
{
	free_rings(offer);
}

static void map_ring(struct kmcl_ring *ring, const struct hv_ring_buffer_info *info)
{
	kmcl_ring_init(ring, info->ring_buffer, hv_get_ring_buffer(info), info->ring_datasize);
}

static int connect(struct kmcl_hv_offer *offer)
{
	struct vmbus_channel *channel = offer->device->channel;
	int err;

	mutex_lock(&offer->control);
	err = vmbus_connect_ring(channel, signalled, offer);
	if (err)
		vmbus_disconnect_ring(channel);	/* it has kept the callback: take it back */
	mutex_unlock(&offer->control);
	return err;
}

static int disconnect(struct kmcl_hv_offer *offer)
{
	int err;

	mutex_lock(&offer->control);
	err = vmbus_disconnect_ring(offer->device->channel);
	mutex_unlock(&offer->control);
	return err;
}

/**
 * kmcl_hv_open() - open the VMBus channel of an offer
 * @base: claimed
 * @link: sizes wanted; receives the rings and the sizes that were to be had
 *
 * Return: 0; -ENOMEM; -ENODEV after a rescind; -EAGAIN if the host refuses; other errors of
 * hv_vmbus. hv_vmbus waits for the host without limit; a rescind ends the wait.
 */
int kmcl_hv_open(struct kmcl_offer *base, struct kmcl_link *link)
{
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);
	struct vmbus_channel *channel = offer->device->channel;
	int err;

	err = get_rings(offer, link);
	if (err)
		return err;
	offer->link = link;
	kmcl_hv_set_max_packet(channel, link->max_packet);
	err = connect(offer);
	if (err) {
		keep_rings(offer);
		return err;
	}
	get_mmio(offer);
	map_ring(&link->out, &channel->outbound);
	map_ring(&link->in, &channel->inbound);
	return 0;
}

void kmcl_hv_close(struct kmcl_offer *base, struct kmcl_link *link)
{
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);
	struct vmbus_channel *channel = offer->device->channel;

	if (disconnect(offer)) {
		/* The host may go on using the memory, so it cannot be freed. */
		channel->ringbuffer_page = NULL;
		vmbus_free_ring(channel);
	} else {
		keep_rings(offer);
	}
	memset(&link->in, 0, sizeof(link->in));
	memset(&link->out, 0, sizeof(link->out));
}
