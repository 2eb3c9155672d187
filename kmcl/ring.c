// SPDX-License-Identifier: GPL-2.0-only
/* The ring's indices and signals, without what ring.h does for each packet. */
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
	ring_resume(ring, index, kmcl_ring_move(ring, index, 8));
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

/* Look at the peer's index again. Return: as kmcl_ring_reserve(). */
int kmcl_ring_reserve_anew(struct kmcl_ring *ring, u32 len, u8 **packet)
{
	if (ring_accept(ring, virt_load_acquire(&ring->ctl->read_index))) /* (B) in ring.h */
		return -EIO;
	if (!kmcl_ring_holds(ring, len))
		return -EAGAIN;
	*packet = ring->data + ring->mine;
	return 0;
}
EXPORT_SYMBOL_GPL(kmcl_ring_reserve_anew);

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
int kmcl_ring_look(struct kmcl_ring *ring)
{
	if (ring_accept(ring, virt_load_acquire(&ring->ctl->write_index))) /* (A) */
		return -EIO;
	return kmcl_ring_distance(ring, ring->mine, ring->theirs);
}
EXPORT_SYMBOL_GPL(kmcl_ring_look);

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
	room = kmcl_ring_free(ring, write, ring->mine);
	return room > pending && room - freed <= pending;
}
EXPORT_SYMBOL_GPL(kmcl_ring_commit);

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
	return kmcl_ring_look(ring);
}
EXPORT_SYMBOL_GPL(kmcl_ring_unmask);
