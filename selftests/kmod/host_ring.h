/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host's end of a ring, well behaved or not: for the bus of the tests here, and for the machine
 * in user space (../unit/machine). Who calls has the lock of the ring.
 */
#ifndef KMCL_TEST_HOST_RING_H
#define KMCL_TEST_HOST_RING_H

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "ring.h"
#include "wire.h"

/* What of a guest's packet a test gets to see; length tells all of it. */
#define HOST_SEEN	256

struct host_packet {
	struct kmcl_desc desc;
	u32 length;		/* bytes of the payload */
	u8 data[HOST_SEEN];
};

/* The descriptor of a packet without fault. */
static inline struct kmcl_desc host_desc(u16 type, u16 flags, u64 id, u32 length)
{
	return (struct kmcl_desc) {
		.type = type,
		.offset8 = sizeof(struct kmcl_desc) / 8,
		.len8 = kmcl_round8(sizeof(struct kmcl_desc) + length) / 8,
		.flags = flags,
		.trans_id = id,
	};
}

/*
 * Put any descriptor with any data into a ring whose index moves by @ring_bytes, trailer excluded.
 * Return: is a signal due? or -EAGAIN if the ring is full.
 */
static inline int host_ring_write(struct kmcl_ring *ring, const struct kmcl_desc *desc,
				  const void *data, u32 length, u32 ring_bytes)
{
	u8 *to;
	int err = kmcl_ring_reserve(ring, ring_bytes, &to);

	if (err)
		return err;
	memset(to, 0, ring_bytes);
	memcpy(to, desc, sizeof(*desc));
	memcpy(to + sizeof(*desc), data, length);
	kmcl_ring_push(ring, ring_bytes);
	return kmcl_ring_publish(ring);
}

/* Take the guest's next packet. Return: 1; 0 if there is none; -EIO if it is broken. */
static inline int host_ring_read(struct kmcl_ring *ring, struct host_packet *packet,
				 bool *signal_due)
{
	int available = kmcl_ring_available(ring);
	const u8 *from;

	if (available <= 0)
		return available;
	from = kmcl_ring_peek(ring);
	memcpy(&packet->desc, from, sizeof(packet->desc));
	if (packet->desc.len8 * 8 + KMCL_TRAILER_SIZE > available ||
	    packet->desc.offset8 > packet->desc.len8)
		return -EIO;
	packet->length = (packet->desc.len8 - packet->desc.offset8) * 8;
	memcpy(packet->data, from + packet->desc.offset8 * 8,
	       min_t(u32, packet->length, HOST_SEEN));
	kmcl_ring_consume(ring, packet->desc.len8 * 8);
	*signal_due = kmcl_ring_commit(ring);
	return 1;
}

#endif
