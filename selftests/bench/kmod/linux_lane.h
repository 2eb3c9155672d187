/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of a connection of two ends in one kernel, over a ring in the shape of hv_vmbus's,
 * as a careful driver on vmbus_sendpacket() and vmbus_recvpacket() would have it: one lock around a
 * write, one signal decision a packet, a tasklet that masks, reads until nothing is left, and
 * unmasks.
 */
#ifndef KMCL_BENCH_LINUX_LANE_H
#define KMCL_BENCH_LINUX_LANE_H

#include <linux/interrupt.h>
#include <linux/mm_types.h>
#include <linux/spinlock.h>

#include "bench.h"
#include "linux_ring.h"

#define LINUX_LANE_PAGES	64

struct linux_lane {
	struct linux_ring ring;
	u32 data_pages;
	struct page *pages[1 + 2 * LINUX_LANE_PAGES];
	void *mapping;
	spinlock_t lock;	/* covers writing */
	struct tasklet_struct tasklet;
	u64 signals;
	u8 *received;
};

/* @receive: the tasklet, which calls linux_lane_drain(). */
int linux_lane_open(struct linux_lane *lane, u32 pages, void (*receive)(struct tasklet_struct *));
void linux_lane_close(struct linux_lane *lane);	/* also one that has not been opened */
int linux_lane_send(struct linux_lane *lane, u16 type, u16 flags, u64 id, const void *data,
		    u32 length);

/* Inline, so that @take is called directly. */
static __always_inline void linux_lane_drain(struct linux_lane *lane,
					     void (*take)(struct linux_lane *lane, u64 id,
							  u32 length))
{
	bool signal;
	int length;
	u64 id;

	do {
		linux_ring_begin_read(&lane->ring);
		while ((length = linux_ring_read(&lane->ring, lane->received, BENCH_MAX_PAYLOAD,
						 &id, &signal)) > 0)
			take(lane, id, length);
	} while (linux_ring_end_read(&lane->ring));
}

#endif
