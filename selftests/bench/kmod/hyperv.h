/* SPDX-License-Identifier: GPL-2.0-only */
/* The test peer as both drivers on hv_vmbus use it. */
#ifndef KMCL_BENCH_HYPERV_H
#define KMCL_BENCH_HYPERV_H

#include "bench.h"
#include "peer_proto.h"

extern struct bench_driver bench_kmcl_hyperv;
extern struct bench_driver bench_native_hyperv;

/* How a driver talks to the peer; the rest is the same for both. */
struct bench_peer {
	/* Sends an order and waits for its answer, which comes when all before it has been read. */
	int (*order)(struct peer_order *order, struct peer_answer *answer);
	int (*requests)(struct bench_run *run);
	int (*stream)(struct bench_run *run);
	int (*flood)(struct bench_run *run);
};

int bench_peer_prepare(const struct bench_peer *peer, struct bench_run *run);
int bench_peer_start(const struct bench_peer *peer, struct bench_run *run);

#endif
