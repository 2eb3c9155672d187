// SPDX-License-Identifier: GPL-2.0-only
/* The ring's indices and signals. The memory ordering is explained in ring.h. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <asm/barrier.h>

#include "ring.h"

void kmcl_ring_init(struct kmcl_ring *ring, void *ctl, void *data, u32 size)
{
	ring->ctl = ctl;
	ring->data = data;
	ring->size = size;
	ring->mine = 0;
	ring->published = 0;
	ring->theirs = 0;
}
EXPORT_SYMBOL_GPL(kmcl_ring_init);

static u32 ring_distance(const struct kmcl_ring *ring, u32 from, u32 to)
{
	return to >= from ? to - from : to + ring->size - from;
}

static u32 ring_free(const struct kmcl_ring *ring, u32 write, u32 read)
{
	return ring->size - ring_distance(ring, read, write);
}

static u32 ring_move(const struct kmcl_ring *ring, u32 index, u32 len)
{
	index += len;
	return index >= ring->size ? index - ring->size : index;
}

static void ring_resume(struct kmcl_ring *ring, u32 index, u32 theirs)
{
	ring->mine = index;
	ring->published = index;
	ring->theirs = theirs;
}

/**
 * kmcl_ring_resume_sending() - go on where another sending end has stopped
 * @ring: initialised
 * @index: that end's, published: below the size, a multiple of 8
 */
void kmcl_ring_resume_sending(struct kmcl_ring *ring, u32 index)
{
	/* As if there were no room: the peer's index is loaded first. */
	ring_resume(ring, index, ring_move(ring, index, 8));
}

/**
 * kmcl_ring_resume_receiving() - go on where another receiving end has stopped
 * @ring: initialised
 * @index: that end's, published: below the size, a multiple of 8
 */
void kmcl_ring_resume_receiving(struct kmcl_ring *ring, u32 index)
{
	/* As if there were nothing to read: the peer's index is loaded first. */
	ring_resume(ring, index, index);
}

static bool ring_is_index(const struct kmcl_ring *ring, u32 index)
{
	return index < ring->size && index % 8 == 0;
}

/* Keep the peer's index only if it can be one. */
static int ring_accept(struct kmcl_ring *ring, u32 index)
{
	if (!ring_is_index(ring, index))
		return -EIO;
	ring->theirs = index;
	return 0;
}

/**
 * kmcl_ring_reserve() - find room for a packet
 * @ring: the sending end
 * @len: bytes of the packet without trailer, a multiple of 8, at most KMCL_PACKET_MAX
 * @packet: where to write it, contiguous
 *
 * Return: 0; -EAGAIN if there is no room now; -EIO if the peer's index is corrupt.
 */
int kmcl_ring_reserve(struct kmcl_ring *ring, u32 len, u8 **packet)
{
	/* Full and empty must differ, so a packet has to be smaller than the free space. */
	if (len + KMCL_TRAILER_SIZE >= ring_free(ring, ring->mine, ring->theirs)) {
		if (ring_accept(ring, virt_load_acquire(&ring->ctl->read_index))) /* (B) */
			return -EIO;
		if (len + KMCL_TRAILER_SIZE >= ring_free(ring, ring->mine, ring->theirs))
			return -EAGAIN;
	}
	*packet = ring->data + ring->mine;
	return 0;
}
EXPORT_SYMBOL_GPL(kmcl_ring_reserve);

/**
 * kmcl_ring_push() - take a written packet into the next publication
 * @ring: the sending end
 * @len: bytes of the packet, as given to kmcl_ring_reserve()
 */
void kmcl_ring_push(struct kmcl_ring *ring, u32 len)
{
	u64 trailer = (u64)ring->mine << 32;

	memcpy(ring->data + ring->mine + len, &trailer, sizeof(trailer));
	ring->mine = ring_move(ring, ring->mine, len + KMCL_TRAILER_SIZE);
}
EXPORT_SYMBOL_GPL(kmcl_ring_push);

/**
 * kmcl_ring_publish() - let the peer see everything pushed so far
 * @ring: the sending end
 *
 * Return: true if the peer has to be signalled: the ring went from empty to non-empty and the
 * peer has not masked its interrupt.
 */
bool kmcl_ring_publish(struct kmcl_ring *ring)
{
	u32 old = ring->published;

	if (ring->mine == old)
		return false;
	virt_store_release(&ring->ctl->write_index, ring->mine); /* (A) in ring.h */
	ring->published = ring->mine;
	virt_mb(); /* (A) in ring.h */
	if (READ_ONCE(ring->ctl->interrupt_mask))
		return false;
	virt_rmb(); /* (A) in ring.h */
	return READ_ONCE(ring->ctl->read_index) == old;
}
EXPORT_SYMBOL_GPL(kmcl_ring_publish);

/**
 * kmcl_ring_wait_for_room() - ask the peer for a signal once a packet fits
 * @ring: the sending end, with everything pushed published
 * @len: bytes of the packet without trailer
 *
 * Return: 0 if it fits already; -EAGAIN if a signal will come; -EIO if the peer's index is corrupt.
 */
int kmcl_ring_wait_for_room(struct kmcl_ring *ring, u32 len)
{
	u8 *packet;

	WRITE_ONCE(ring->ctl->pending_send_sz, len + KMCL_TRAILER_SIZE);
	virt_mb(); /* (B) in ring.h */
	return kmcl_ring_reserve(ring, len, &packet);
}
EXPORT_SYMBOL_GPL(kmcl_ring_wait_for_room);

void kmcl_ring_stop_waiting(struct kmcl_ring *ring)
{
	WRITE_ONCE(ring->ctl->pending_send_sz, 0);
}
EXPORT_SYMBOL_GPL(kmcl_ring_stop_waiting);

/* How much is there to read by the peer's index as it is now? */
static int ring_look(struct kmcl_ring *ring)
{
	if (ring_accept(ring, virt_load_acquire(&ring->ctl->write_index))) /* (A) */
		return -EIO;
	return ring_distance(ring, ring->mine, ring->theirs);
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
int kmcl_ring_available(struct kmcl_ring *ring)
{
	u32 known = ring_distance(ring, ring->mine, ring->theirs);

	return known ? known : ring_look(ring);
}
EXPORT_SYMBOL_GPL(kmcl_ring_available);

/**
 * kmcl_ring_peek() - where the next packet begins
 * @ring: the receiving end
 *
 * The peer may still change what lies there: copy, then look at the copy.
 */
const u8 *kmcl_ring_peek(const struct kmcl_ring *ring)
{
	return ring->data + ring->mine;
}
EXPORT_SYMBOL_GPL(kmcl_ring_peek);

/**
 * kmcl_ring_consume() - step over a packet
 * @ring: the receiving end
 * @len: bytes of the packet without trailer; with it no more than kmcl_ring_available()
 */
void kmcl_ring_consume(struct kmcl_ring *ring, u32 len)
{
	ring->mine = ring_move(ring, ring->mine, len + KMCL_TRAILER_SIZE);
}
EXPORT_SYMBOL_GPL(kmcl_ring_consume);

/**
 * kmcl_ring_commit() - give the room of all consumed packets back to the peer
 * @ring: the receiving end
 *
 * Return: true if the peer has to be signalled: it waits for room, had too little before and has
 * enough now.
 */
bool kmcl_ring_commit(struct kmcl_ring *ring)
{
	u32 freed = kmcl_ring_uncommitted(ring);
	u32 pending, room, write;

	if (!freed)
		return false;
	virt_store_release(&ring->ctl->read_index, ring->mine); /* (B) in ring.h */
	ring->published = ring->mine;
	if (!(READ_ONCE(ring->ctl->feature_bits) & KMCL_RING_FEATURE_PENDING_SEND_SZ))
		return false;
	virt_mb(); /* (B) in ring.h */
	pending = READ_ONCE(ring->ctl->pending_send_sz);
	if (!pending)
		return false;
	virt_rmb(); /* (B) in ring.h */
	/* Only to reckon with: it is no acquire, so no packet may be read on its word. */
	write = READ_ONCE(ring->ctl->write_index);
	if (!ring_is_index(ring, write))
		return false;
	room = ring_free(ring, write, ring->mine);
	return room > pending && room - freed <= pending;
}
EXPORT_SYMBOL_GPL(kmcl_ring_commit);

/* Ask the peer not to signal new packets: they are about to be looked for anyway. */
void kmcl_ring_mask(struct kmcl_ring *ring)
{
	WRITE_ONCE(ring->ctl->interrupt_mask, 1);
	virt_mb(); /* (A) in ring.h */
}
EXPORT_SYMBOL_GPL(kmcl_ring_mask);

/**
 * kmcl_ring_unmask() - ask for signals again
 * @ring: the receiving end
 *
 * Return: what kmcl_ring_available() says afterwards. If that is not 0 no signal may come for it:
 * mask and read on.
 */
int kmcl_ring_unmask(struct kmcl_ring *ring)
{
	WRITE_ONCE(ring->ctl->interrupt_mask, 0);
	virt_mb(); /* (A) in ring.h */
	return ring_look(ring);
}
EXPORT_SYMBOL_GPL(kmcl_ring_unmask);
