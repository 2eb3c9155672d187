/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels beside each other, and senders on all processors. Nothing that a packet's way touches is
 * shared by two channels here, so what does not scale is the driver's or the machine's.
 */
#ifndef KMCL_BENCH_SPREAD_H
#define KMCL_BENCH_SPREAD_H

#include <linux/cache.h>
#include <linux/wait.h>

#include "bench.h"

#define SPREAD_PAYLOAD		64u
#define SPREAD_RING_PAGES	64u

/* Of a sender: requests at once, or sends that wait for room. */
#define SPREAD_DEPTH		32u

struct spread_load;
struct spread_driver;

/* Who ends a channel's packets is one context at a time: left and missing need no lock. */
struct spread_channel {
	struct spread_load *load;
	const struct spread_driver *driver;
	void *ends;		/* the driver's */
	u32 left;		/* requests that completions have to send */
	u32 missing;		/* packets that have not ended */
} ____cacheline_aligned_in_smp;

/* One thread. */
struct spread_sender {
	struct spread_channel *channel;
	atomic_t waiting;	/* sends that are not in the ring yet */
	wait_queue_head_t room;
} ____cacheline_aligned_in_smp;

struct spread_driver {
	const char *name;
	/* Return: the ends, or NULL. */
	void *(*open)(struct spread_channel *channel, u32 number);
	void (*close)(void *ends);
	int (*ask)(struct spread_channel *channel);
	int (*send)(struct spread_sender *sender);	/* may sleep */
};

bool spread_asks(const struct spread_channel *channel);

/* A packet has ended. */
void spread_ended(struct spread_channel *channel);
void spread_fail(struct spread_channel *channel, int error);

/* A request is done. Return: is it this completion's turn to send another? */
static inline bool spread_next(struct spread_channel *channel)
{
	if (!channel->left)
		return false;
	channel->left--;
	return true;
}

extern const struct spread_driver spread_kmcl;
extern const struct spread_driver spread_linux;

#endif
