// SPDX-License-Identifier: GPL-2.0-only
/* Memory of a lane, and its sending end. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "linux_lane.h"

#define PACKET_BYTES	(sizeof(struct kmcl_desc) + BENCH_MAX_PAYLOAD)

int linux_lane_send(struct linux_lane *lane, u16 type, u16 flags, u64 id, const void *data,
		    u32 length)
{
	struct kmcl_desc desc = {
		.type = type, .offset8 = sizeof(desc) / 8, .len8 = (sizeof(desc) + length) / 8,
		.flags = flags, .trans_id = id
	};
	struct linux_piece pieces[] = { { &desc, sizeof(desc) }, { data, length } };
	unsigned long irq;
	bool signal;
	int err;

	spin_lock_irqsave(&lane->lock, irq);
	err = linux_ring_write(&lane->ring, pieces, ARRAY_SIZE(pieces), &signal);
	if (signal)
		lane->signals++;
	spin_unlock_irqrestore(&lane->lock, irq);
	if (signal)
		tasklet_schedule(&lane->tasklet);
	return err;
}

void linux_lane_close(struct linux_lane *lane)
{
	unsigned int i;

	if (lane->tasklet.callback)
		tasklet_kill(&lane->tasklet);
	vunmap(lane->mapping);
	for (i = 0; i <= lane->data_pages; i++)
		if (lane->pages[i])
			__free_page(lane->pages[i]);
	kfree(lane->ring.pkt_buffer);
	kfree(lane->received);
	memset(lane, 0, sizeof(*lane));
}

int linux_lane_open(struct linux_lane *lane, u32 pages, void (*receive)(struct tasklet_struct *))
{
	struct linux_ring *ring = &lane->ring;
	unsigned int i;

	lane->data_pages = pages;
	for (i = 0; i <= pages; i++) {
		lane->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!lane->pages[i])
			return -ENOMEM;
		if (i)
			lane->pages[pages + i] = lane->pages[i];
	}
	lane->mapping = vmap(lane->pages, 1 + 2 * pages, VM_MAP, PAGE_KERNEL);
	ring->pkt_buffer = kmalloc(PACKET_BYTES, GFP_KERNEL);
	lane->received = kmalloc(BENCH_MAX_PAYLOAD, GFP_KERNEL);
	if (!lane->mapping || !ring->pkt_buffer || !lane->received)
		return -ENOMEM;
	ring->ctl = lane->mapping;
	ring->ctl->feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	ring->data = lane->mapping + PAGE_SIZE;
	ring->size = pages * PAGE_SIZE;
	ring->pkt_buffer_size = PACKET_BYTES;
	spin_lock_init(&lane->lock);
	tasklet_setup(&lane->tasklet, receive);
	return 0;
}
