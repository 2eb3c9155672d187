/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of one ring: a stream from one thread to another, or a ping-pong of two. An end that
 * has nothing to do spins on its doorbell, which the other end rings when the ring's rules say
 * that it has to signal; so signals are what they are in a kernel, and cost a cache line.
 */
#ifndef KMCL_BENCH_RUNS_H
#define KMCL_BENCH_RUNS_H

#include <linux/types.h>

#include "pair.h"

struct doorbell {
	u32 rung;
	u64 signals;		/* the ringer's */
} __attribute__((aligned(128)));

/* What stands for the indices where there is no ring. */
struct count {
	u32 packets;
} __attribute__((aligned(128)));

/*
 * One direction. What belongs to one end or is shared has cache lines of its own, as the control
 * page of a real ring and the channel objects of its ends have.
 */
struct lane {
	struct kmcl_ring_ctl ctl __attribute__((aligned(4096)));
	struct kmcl_ring tx __attribute__((aligned(128)));
	struct kmcl_ring rx __attribute__((aligned(128)));
	struct doorbell data, room;
	struct count sent, taken;
	struct pair memory;		/* of which only the data is used */
};

struct workload {
	u32 payload;		/* bytes, a multiple of 8 */
	u32 batch;		/* packets that become visible together */
	u32 packets;
	bool ping_pong;
};

struct outcome {
	double ns;		/* a packet, or a round trip */
	double signals;		/* a packet */
	bool disturbed;		/* an end lost its processor meanwhile */
};

/* How a lane is driven: see the *_end.c. */
enum ring_kind { RING_KMCL, RING_RECVPACKET, RING_ITERATOR, RING_FLOOR, RING_KINDS };

/* Both lanes are empty and stay so. Not the same thread twice: @processors are two to run on. */
void run_workload(enum ring_kind kind, const struct workload *w, struct lane lanes[2],
		  const int processors[2], struct outcome *outcome);

#endif
