/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring as Linux's hv_vmbus drives it (drivers/hv/ring_buffer.c of 6.1): vmbus_sendpacket()
 * publishes each packet and decides about a signal for it. Indices are read from the shared page
 * whenever they are needed; a packet is copied into a buffer of the ring's and validated there.
 *
 * There are two ways to receive. vmbus_recvpacket() copies the packet once more, to the caller,
 * looks for the next one, which copies that into the ring's buffer for nothing, and commits.
 * A walk with hv_pkt_iter_*() reads each packet in the ring's buffer and commits at its end.
 *
 * Of the originals only locks, request ids and statistics are missing.
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

/* hv_ringbuffer_read(). Return: bytes of the payload, 0 for an empty ring, -ENOBUFS. */
int linux_ring_read(struct linux_ring *ring, void *buffer, u32 size, u64 *id, bool *signal);

/* hv_pkt_iter_first(), hv_pkt_iter_next(): a packet, good until the next one, or NULL. */
const struct kmcl_desc *linux_ring_first(struct linux_ring *ring);
const struct kmcl_desc *linux_ring_next(struct linux_ring *ring, const struct kmcl_desc *desc);
/* hv_pkt_iter_close(). Return: whether the peer has to be signalled. */
bool linux_ring_close(struct linux_ring *ring);

/* Around a run of reads. linux_ring_end_read(): bytes that have come meanwhile. */
void linux_ring_begin_read(struct linux_ring *ring);
u32 linux_ring_end_read(struct linux_ring *ring);

#endif
