// SPDX-License-Identifier: GPL-2.0-only
/* The order of accesses is that of drivers/hv/ring_buffer.c. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <asm/barrier.h>

#include "linux_ring.h"

static u32 bytes_to_write(const struct linux_ring *ring)
{
	u32 read = READ_ONCE(ring->ctl->read_index);
	u32 write = READ_ONCE(ring->ctl->write_index);

	return write >= read ? ring->size - (write - read) : read - write;
}

static u32 copy_to(struct linux_ring *ring, u32 at, const void *from, u32 length)
{
	memcpy(ring->data + at, from, length);
	at += length;
	return at >= ring->size ? at - ring->size : at;
}

int linux_ring_write(struct linux_ring *ring, const struct linux_piece *pieces, u32 count,
		     bool *signal)
{
	u32 total = sizeof(u64), at, old, i;
	u64 trailer;

	*signal = false;
	for (i = 0; i < count; i++)
		total += pieces[i].length;
	if (bytes_to_write(ring) <= total)
		return -EAGAIN;
	old = READ_ONCE(ring->ctl->write_index);
	at = old;
	for (i = 0; i < count; i++)
		at = copy_to(ring, at, pieces[i].base, pieces[i].length);
	trailer = (u64)READ_ONCE(ring->ctl->write_index) << 32;
	at = copy_to(ring, at, &trailer, sizeof(trailer));
	virt_mb(); /* the packet before its index */
	WRITE_ONCE(ring->ctl->write_index, at);
	virt_mb(); /* hv_signal_on_write(): the index before the mask */
	if (READ_ONCE(ring->ctl->interrupt_mask))
		return 0;
	virt_rmb(); /* the mask before the reader's index */
	*signal = old == READ_ONCE(ring->ctl->read_index);
	return 0;
}

static u32 available(const struct linux_ring *ring)
{
	u32 write = virt_load_acquire(&ring->ctl->write_index); /* before the packets */

	return write >= ring->priv_read_index ? write - ring->priv_read_index :
						ring->size - ring->priv_read_index + write;
}

const struct kmcl_desc *linux_ring_first(struct linux_ring *ring)
{
	u32 bytes = available(ring), length, offset;
	const struct kmcl_desc *desc;
	struct kmcl_desc *copy;

	if (bytes < sizeof(*desc))
		return NULL;
	if (bytes > ring->pkt_buffer_size)
		bytes = ring->pkt_buffer_size;
	desc = (const void *)(ring->data + ring->priv_read_index);
	length = READ_ONCE(desc->len8) << 3;
	offset = READ_ONCE(desc->offset8) << 3;
	if (length < sizeof(*desc) || length > bytes)
		length = bytes;
	if (offset < sizeof(*desc) || offset > length)
		offset = sizeof(*desc);
	copy = (void *)ring->pkt_buffer;
	memcpy(copy, desc, length);
	copy->len8 = length >> 3;
	copy->offset8 = offset >> 3;
	return copy;
}

const struct kmcl_desc *linux_ring_next(struct linux_ring *ring, const struct kmcl_desc *desc)
{
	ring->priv_read_index += desc->len8 * 8u + KMCL_TRAILER_SIZE;
	if (ring->priv_read_index >= ring->size)
		ring->priv_read_index -= ring->size;
	return linux_ring_first(ring);
}

bool linux_ring_close(struct linux_ring *ring)
{
	u32 start, pending, room, freed;

	virt_rmb(); /* the packets before the index that gives them back */
	start = READ_ONCE(ring->ctl->read_index);
	WRITE_ONCE(ring->ctl->read_index, ring->priv_read_index);
	if (!(READ_ONCE(ring->ctl->feature_bits) & KMCL_RING_FEATURE_PENDING_SEND_SZ))
		return false;
	virt_mb(); /* the index before who waits for it */
	pending = READ_ONCE(ring->ctl->pending_send_sz);
	if (!pending)
		return false;
	virt_rmb(); /* who waits before the writer's index */
	room = bytes_to_write(ring);
	freed = ring->priv_read_index >= start ? ring->priv_read_index - start :
						 ring->size - start + ring->priv_read_index;
	return room > pending && room - freed <= pending;
}

int linux_ring_read(struct linux_ring *ring, void *buffer, u32 size, u64 *id, bool *signal)
{
	const struct kmcl_desc *desc = linux_ring_first(ring);
	u32 length;

	*signal = false;
	if (!desc)
		return 0;
	length = (desc->len8 - desc->offset8) * 8u;
	*id = desc->trans_id;
	if (length > size)
		return -ENOBUFS;
	memcpy(buffer, (const u8 *)desc + desc->offset8 * 8u, length);
	/* Copies the packet behind this one, if there is one, which the next read copies again. */
	linux_ring_next(ring, desc);
	*signal = linux_ring_close(ring);
	return length;
}

void linux_ring_begin_read(struct linux_ring *ring)
{
	WRITE_ONCE(ring->ctl->interrupt_mask, 1);
	virt_mb(); /* hv_begin_read() */
}

u32 linux_ring_end_read(struct linux_ring *ring)
{
	WRITE_ONCE(ring->ctl->interrupt_mask, 0);
	virt_mb(); /* hv_end_read(): the mask before the last look */
	return available(ring);
}
