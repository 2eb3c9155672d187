/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of a VMBus ring, seen from one of its two ends.
 *
 * Threat model. The control page and the data are writable by the peer at any moment. An end
 * therefore keeps its own index in private memory and never reads it back, validates the peer's
 * index each time it is loaded, and copies every byte out of the ring once, before it looks at it.
 *
 * Memory ordering, as pairs:
 *
 *   sender                                    receiver
 *   ------                                    --------
 *   write packet                              load write_index      (acquire)
 *   store write_index     (release)    <->    read packet
 *   full barrier                       (A)    store interrupt_mask = 0
 *   load interrupt_mask, read_index    <->    full barrier
 *                                             load write_index
 *
 *   store pending_send_sz              (B)    store read_index      (release)
 *   full barrier                       <->    full barrier
 *   load read_index                           load pending_send_sz, write_index
 *
 * (A): either the sender sees the mask clear and signals, or the receiver sees the packet when it
 * looks again after unmasking. (B): either the sender sees the new room when it looks again after
 * announcing what it waits for, or the receiver sees the announcement and signals. The release of
 * read_index keeps the copies out of the ring before the moment at which the sender may overwrite
 * them; the load of read_index in kmcl_ring_reserve() is its acquire.
 *
 * Both ends keep the peer's index as they have loaded it last and go by it as long as it will do:
 * the sender while there is room, the receiver while there is something to read. An old index was
 * true and can only understate what there is. Whatever decides that an end may rest, the looks
 * behind the full barriers above, loads it anew.
 *
 * The data must be mapped twice in a row, so that no packet is ever split at the end.
 *
 * No function here locks: an end belongs to one context at a time.
 */
#ifndef KMCL_RING_H
#define KMCL_RING_H

#include <linux/compiler.h>
#include <linux/string.h>
#include <asm/barrier.h>

#include "wire.h"

struct kmcl_ring {
	struct kmcl_ring_ctl *ctl;
	u8 *data;
	u32 size;
	u32 mine;		/* where this end writes or reads next */
	u32 published;		/* what the peer has been told of it */
	u32 theirs;		/* the peer's index when last loaded with acquire; valid */
};

void kmcl_ring_init(struct kmcl_ring *ring, void *ctl, void *data, u32 size);

/* The sending end. */
void kmcl_ring_resume_sending(struct kmcl_ring *ring, u32 index);
int kmcl_ring_reserve_anew(struct kmcl_ring *ring, u32 len, u8 **packet);
bool kmcl_ring_publish(struct kmcl_ring *ring);
int kmcl_ring_wait_for_room(struct kmcl_ring *ring, u32 len);
void kmcl_ring_stop_waiting(struct kmcl_ring *ring);

/* The receiving end. */
void kmcl_ring_resume_receiving(struct kmcl_ring *ring, u32 index);
int kmcl_ring_look(struct kmcl_ring *ring);
bool kmcl_ring_commit(struct kmcl_ring *ring);
int kmcl_ring_unmask(struct kmcl_ring *ring);

/* What follows is done for each packet, and worth no call. */

static inline u32 kmcl_ring_distance(const struct kmcl_ring *ring, u32 from, u32 to)
{
	return to >= from ? to - from : to + ring->size - from;
}

static inline u32 kmcl_ring_free(const struct kmcl_ring *ring, u32 write, u32 read)
{
	return ring->size - kmcl_ring_distance(ring, read, write);
}

static inline u32 kmcl_ring_move(const struct kmcl_ring *ring, u32 index, u32 len)
{
	index += len;
	return index >= ring->size ? index - ring->size : index;
}

/* Full and empty must differ, so a packet has to be smaller than the free space. */
static inline bool kmcl_ring_holds(const struct kmcl_ring *ring, u32 len)
{
	return len + KMCL_TRAILER_SIZE < kmcl_ring_free(ring, ring->mine, ring->theirs);
}

/**
 * kmcl_ring_reserve() - find room for a packet
 * @ring: the sending end
 * @len: bytes of the packet without trailer, a multiple of 8, at most KMCL_PACKET_MAX
 * @packet: where to write it, contiguous
 *
 * Return: 0; -EAGAIN if there is no room now; -EIO if the peer's index is corrupt.
 */
static inline int kmcl_ring_reserve(struct kmcl_ring *ring, u32 len, u8 **packet)
{
	if (unlikely(!kmcl_ring_holds(ring, len)))
		return kmcl_ring_reserve_anew(ring, len, packet);
	*packet = ring->data + ring->mine;
	return 0;
}

/**
 * kmcl_ring_push() - take a written packet into the next publication
 * @ring: the sending end
 * @len: bytes of the packet, as given to kmcl_ring_reserve()
 */
static inline void kmcl_ring_push(struct kmcl_ring *ring, u32 len)
{
	u64 trailer = (u64)ring->mine << 32;

	memcpy(ring->data + ring->mine + len, &trailer, sizeof(trailer));
	ring->mine = kmcl_ring_move(ring, ring->mine, len + KMCL_TRAILER_SIZE);
}

/**
 * kmcl_ring_available() - how much is there to read
 * @ring: the receiving end
 *
 * The peer's index is loaded when everything up to the one loaded last has been consumed: the line
 * that it lies in is the peer's, and costs as much as the packet.
 *
 * Return: bytes that the peer has published and that were not consumed, perhaps not all of them,
 * but 0 only if there are none; -EIO if the peer's index is corrupt.
 */
static inline int kmcl_ring_available(struct kmcl_ring *ring)
{
	u32 known = kmcl_ring_distance(ring, ring->mine, ring->theirs);

	return likely(known) ? known : kmcl_ring_look(ring);
}

/**
 * kmcl_ring_peek() - where the next packet begins
 * @ring: the receiving end
 *
 * The peer may still change what lies there: copy, then look at the copy.
 */
static inline const u8 *kmcl_ring_peek(const struct kmcl_ring *ring)
{
	return ring->data + ring->mine;
}

/**
 * kmcl_ring_consume() - step over a packet
 * @ring: the receiving end
 * @len: bytes of the packet without trailer; with it no more than kmcl_ring_available()
 */
static inline void kmcl_ring_consume(struct kmcl_ring *ring, u32 len)
{
	ring->mine = kmcl_ring_move(ring, ring->mine, len + KMCL_TRAILER_SIZE);
}

/* Bytes read and not yet given back to the sender. */
static inline u32 kmcl_ring_uncommitted(const struct kmcl_ring *ring)
{
	return kmcl_ring_distance(ring, ring->published, ring->mine);
}

/* Ask the peer not to signal new packets: they are about to be looked for anyway. */
static inline void kmcl_ring_mask(struct kmcl_ring *ring)
{
	WRITE_ONCE(ring->ctl->interrupt_mask, 1);
	virt_mb(); /* (A) */
}

#endif
