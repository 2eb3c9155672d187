// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ends in one kernel over rings in the shape of hv_vmbus's, as a careful driver on
 * vmbus_sendpacket() and vmbus_recvpacket() would be: one lock around a write, one signal decision
 * a packet, a tasklet that masks, reads until nothing is left, and unmasks. A sender that finds the
 * ring full tries again: a stream at once, as one of many senders after a short sleep.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "linux_ring.h"

#define MOST_PAGES	64
#define PACKET_BYTES	(sizeof(struct kmcl_desc) + BENCH_MAX_PAYLOAD)

struct lane {
	struct linux_ring ring;
	u32 data_pages;
	struct page *pages[1 + 2 * MOST_PAGES];
	void *mapping;
	spinlock_t lock;	/* covers writing */
	struct tasklet_struct tasklet;
	u64 signals;
	u8 *received;
};

static struct lane upward, downward;	/* to the server, to the client */
static struct bench_run *current_run;
static u8 message[BENCH_MAX_PAYLOAD];

/* ---- packets ---- */

static int send(struct lane *lane, u16 type, u16 flags, u64 id, const void *data, u32 length)
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

/* External data is its description: one range of whole pages. */
static u32 described(const struct bench_workload *w)
{
	u32 ranges = w->kind == BENCH_EXTERNAL ?
		     2 * sizeof(u64) + w->payload / KMCL_PAGE_SIZE * sizeof(u64) : 0;

	return ranges + bench_message(w);
}

static void send_request(struct bench_run *run, u64 id)
{
	if (send(&upward, KMCL_PKT_DATA_INBAND, KMCL_DESC_FLAG_COMPLETION_REQUESTED, id, message,
		 described(&run->w)))
		bench_fail(run, -EAGAIN);
}

static void serve(struct bench_run *run, u64 id, u32 length)
{
	if (!bench_asks(&run->w))
		bench_finish_one(run);
	else if (send(&downward, KMCL_PKT_COMPLETION, 0, id, upward.received, length))
		bench_fail(run, -EAGAIN);
}

static void take(struct bench_run *run, u64 id)
{
	bench_finish_one(run);
	if (bench_asks(&run->w) && bench_next(run))
		send_request(run, id);
}

static void receive(struct tasklet_struct *tasklet)
{
	struct lane *lane = from_tasklet(lane, tasklet, tasklet);
	struct bench_run *run = READ_ONCE(current_run);
	bool signal;
	int length;
	u64 id;

	do {
		linux_ring_begin_read(&lane->ring);
		while ((length = linux_ring_read(&lane->ring, lane->received, BENCH_MAX_PAYLOAD,
						 &id, &signal)) > 0) {
			if (lane == &upward)
				serve(run, id, length);
			else
				take(run, id);
		}
	} while (linux_ring_end_read(&lane->ring));
}

/* ---- a run ---- */

static int stream(struct bench_run *run, struct lane *lane)
{
	while (bench_next(run)) {
		while (send(lane, KMCL_PKT_DATA_INBAND, 0, 0, message, run->w.payload))
			cond_resched();
		cond_resched();
	}
	return 0;
}

static int flood(struct bench_run *run)
{
	while (bench_next(run)) {
		while (send(&upward, KMCL_PKT_DATA_INBAND, 0, 0, message, run->w.payload))
			usleep_range(50, 100);
		cond_resched();
	}
	return 0;
}

static int start(struct bench_run *run)
{
	u32 i;

	WRITE_ONCE(current_run, run);
	if (run->w.kind == BENCH_FULL)
		return bench_in_threads(run, flood);
	if (!bench_asks(&run->w))
		return stream(run, run->w.kind == BENCH_OUT ? &upward : &downward);
	local_bh_disable();
	for (i = 0; i < run->w.depth && bench_next(run); i++)
		send_request(run, i + 1);
	local_bh_enable();
	return 0;
}

/* ---- life ---- */

static void close_lane(struct lane *lane)
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

static int open_lane(struct lane *lane, u32 pages)
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

static void close_both(void)
{
	close_lane(&upward);
	close_lane(&downward);
}

static int open_both(const struct bench_workload *w)
{
	u32 pages = bench_ring_pages(w);

	if (!open_lane(&upward, pages) && !open_lane(&downward, pages))
		return 0;
	close_both();
	return -ENOMEM;
}

static u64 signals(void)
{
	return upward.signals + downward.signals;
}

struct bench_driver bench_linux_local = {
	.name = "native", .open = open_both, .close = close_both, .start = start,
	.signals = signals,
};
