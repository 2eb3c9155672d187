/* SPDX-License-Identifier: GPL-2.0-only */
/* A server and a client channel of the local bus, open to each other. */
#ifndef KMCL_BENCH_PAIR_H
#define KMCL_BENCH_PAIR_H

#include "kmcl_client.h"

struct bench_pair {
	VMBCHANNEL server, client;
};

struct bench_pair_config {
	u32 number;		/* tells pairs apart */
	u32 ring_pages;
	u32 max_packet;
	u32 max_external;	/* bytes of one range */
	PVOID pointer;		/* of both channels */
	PFN_VMB_CHANNEL_PROCESS_PACKET process_packet;	/* of both */
};

/* Return: 0, or nothing is left open. */
int bench_pair_open(struct bench_pair *pair, const struct bench_pair_config *config);
void bench_pair_close(struct bench_pair *pair);

#endif
