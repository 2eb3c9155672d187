// SPDX-License-Identifier: GPL-2.0-only
/* A first-in first-out store of messages: each is its length and its bytes, around a ring. */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pipe.h"

#define LEAST_SIZE	(64u << 10)

static u32 room_for(u32 length)
{
	return sizeof(u32) + length;
}

/* Room for several messages and for one that came when there was no more. */
int kmcl_fifo_init(struct kmcl_fifo *fifo, u32 max_message)
{
	fifo->reserve = room_for(max_message);
	fifo->size = max(LEAST_SIZE, roundup_pow_of_two(2 * fifo->reserve));
	fifo->data = kvmalloc(fifo->size, GFP_KERNEL);
	return fifo->data ? 0 : -ENOMEM;
}

void kmcl_fifo_destroy(struct kmcl_fifo *fifo)
{
	kvfree(fifo->data);
}

/* Bytes at @index up to the end of the memory. */
static u32 before_wrap(const struct kmcl_fifo *fifo, u32 index, u32 length)
{
	return min(length, fifo->size - (index & (fifo->size - 1)));
}

static u8 *at(const struct kmcl_fifo *fifo, u32 index)
{
	return fifo->data + (index & (fifo->size - 1));
}

static void copy_in(struct kmcl_fifo *fifo, u32 index, const void *from, u32 length)
{
	u32 first = before_wrap(fifo, index, length);

	memcpy(at(fifo, index), from, first);
	memcpy(fifo->data, from + first, length - first);
}

/**
 * kmcl_fifo_put() - add a message
 * @fifo: the store
 * @data: the message
 * @length: at most the maximum that the store was made for
 * @last: nothing will be put behind it: there is always room for one such
 *
 * Return: false if it has to wait until some have been taken.
 */
bool kmcl_fifo_put(struct kmcl_fifo *fifo, const void *data, u32 length, bool last)
{
	u32 used = fifo->in - smp_load_acquire(&fifo->out);	/* kmcl_fifo_drop() */
	u32 free = fifo->size - used;

	if (free < room_for(length) + (last ? 0 : fifo->reserve))
		return false;
	copy_in(fifo, fifo->in, &length, sizeof(length));
	copy_in(fifo, fifo->in + sizeof(length), data, length);
	smp_store_release(&fifo->in, fifo->in + room_for(length));	/* kmcl_fifo_is_empty() */
	return true;
}

bool kmcl_fifo_is_empty(const struct kmcl_fifo *fifo)
{
	return smp_load_acquire(&fifo->in) == READ_ONCE(fifo->out);	/* kmcl_fifo_put() */
}

/* Return: the length of the next message, -ENOENT if there is none. */
int kmcl_fifo_next(const struct kmcl_fifo *fifo)
{
	u32 length, out = fifo->out, first;

	if (kmcl_fifo_is_empty(fifo))
		return -ENOENT;
	first = before_wrap(fifo, out, sizeof(length));
	memcpy(&length, at(fifo, out), first);
	memcpy((u8 *)&length + first, fifo->data, sizeof(length) - first);
	return length;
}

/* Copy the next message, which there is, to a program; it stays the next. */
int kmcl_fifo_read(const struct kmcl_fifo *fifo, void __user *to)
{
	u32 from = fifo->out + sizeof(u32), length = kmcl_fifo_next(fifo);
	u32 first = before_wrap(fifo, from, length);

	if (copy_to_user(to, at(fifo, from), first) ||
	    copy_to_user(to + first, fifo->data, length - first))
		return -EFAULT;
	return 0;
}

void kmcl_fifo_drop(struct kmcl_fifo *fifo)
{
	u32 next = fifo->out + room_for(kmcl_fifo_next(fifo));

	smp_store_release(&fifo->out, next);	/* kmcl_fifo_put() */
}
