/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring as Linux's hv_vmbus drives it (drivers/hv/ring_buffer.c): vmbus_sendpacket() publishes
 * each packet and decides about a signal for it, vmbus_recvpacket() commits each one. Indices are
 * read from the shared page whenever they are needed; a packet is copied into a buffer of the
 * ring's, validated there, and copied to the caller. Of the original only locks and statistics are
 * missing.
 */
#ifndef KMCL_BENCH_LINUX_RING_H
#define KMCL_BENCH_LINUX_RING_H

#include "wire.h"

struct linux_ring {
	struct kmcl_ring_ctl *ctl;
	u8 *data;
	u32 size;
	u32 priv_read_index;
	u8 *pkt_buffer;
	u32 pkt_buffer_size;
};

struct linux_piece {
	const void *base;
	u32 length;
};

/* Return: 0, or -EAGAIN for a full ring. @signal: whether the peer has to be signalled. */
int linux_ring_write(struct linux_ring *ring, const struct linux_piece *pieces, u32 count,
		     bool *signal);
/* Return: bytes of the payload, 0 for an empty ring, -ENOBUFS. */
int linux_ring_read(struct linux_ring *ring, void *buffer, u32 size, bool *signal);

/* Around a run of reads. linux_ring_end_read(): bytes that have come meanwhile. */
void linux_ring_begin_read(struct linux_ring *ring);
u32 linux_ring_end_read(struct linux_ring *ring);

#endif
