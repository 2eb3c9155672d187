// SPDX-License-Identifier: GPL-2.0-only
/*
 * Incoming packet objects, the VMBPACKETCOMPLETION of the API: a private copy of a message with
 * room for its reply, and a server's with room for the MDLs of external data.
 *
 * Objects are made when more packets are outstanding than ever before and kept for reuse. One
 * exists from the opening of the channel on, so that a lack of memory can delay packets but never
 * stop them: with none outstanding there is one to use.
 */
#include <linux/slab.h>

#include "channel.h"
#include "stats.h"

/* What one channel keeps for reuse. */
#define CACHED_BYTES	(256u << 10)

/* The object behind a handle. NULL if the handle is none, as far as the memory still tells. */
struct kmcl_incoming *kmcl_incoming_from_handle(VMBPACKETCOMPLETION handle)
{
	struct kmcl_incoming *in = (struct kmcl_incoming *)handle;

	return in && READ_ONCE(in->magic) == KMCL_INCOMING_MAGIC ? in : NULL;
}

static size_t incoming_size(const struct kmcl_channel *ch)
{
	return sizeof(struct kmcl_incoming) + kmcl_round8(ch->config.max_packet) +
	       kmcl_received_room(ch);
}

static struct kmcl_incoming *make_incoming(struct kmcl_channel *ch, gfp_t gfp)
{
	struct kmcl_incoming *in = kmalloc(incoming_size(ch), gfp | __GFP_NOWARN);

	if (!in)
		return NULL;
	kmcl_object_made(KMCL_OBJECT_INCOMING);
	memset(in, 0, sizeof(*in));
	in->magic = KMCL_INCOMING_MAGIC;
	in->ch = ch;
	INIT_LIST_HEAD(&in->link);
	INIT_LIST_HEAD(&in->reply.link);
	in->reply.kind = KMCL_TXN_REPLY;
	in->reply.body = in->body;
	in->mdl_room = (PMDL)(in->body + kmcl_round8(ch->config.max_packet));
	return in;
}

static void free_incoming(struct kmcl_incoming *in)
{
	WRITE_ONCE(in->magic, 0);
	kmcl_object_freed(KMCL_OBJECT_INCOMING);
	kfree(in);
}

/* Return: a free object; NULL if there is none and no memory for another. */
struct kmcl_incoming *kmcl_incoming_get(struct kmcl_channel *ch, gfp_t gfp)
{
	struct kmcl_rx *rx = &ch->rx;
	struct kmcl_incoming *in;

	spin_lock_bh(&rx->lock);
	in = list_first_entry_or_null(&rx->free, struct kmcl_incoming, link);
	if (in) {
		list_del_init(&in->link);
		rx->free_count--;
	}
	spin_unlock_bh(&rx->lock);
	return in ?: make_incoming(ch, gfp);
}

/* Give an object back. If delivery waits for one, it goes on. */
void kmcl_incoming_put(struct kmcl_incoming *in)
{
	struct kmcl_channel *ch = in->ch;
	struct kmcl_rx *rx = &ch->rx;
	bool keep;

	WRITE_ONCE(in->state, KMCL_INCOMING_FREE);
	kmcl_received_end(in);
	spin_lock_bh(&rx->lock);
	keep = rx->free_count * incoming_size(ch) < CACHED_BYTES;
	if (keep) {
		list_add(&in->link, &rx->free);
		rx->free_count++;
	}
	if (rx->starved && rx->enabled) {
		rx->starved = false;
		queue_work(kmcl_delivery_wq, &rx->work);
	}
	spin_unlock_bh(&rx->lock);
	if (!keep)
		free_incoming(in);
}

/* With none outstanding: free all, their size may change. */
void kmcl_incoming_free_all(struct kmcl_channel *ch)
{
	struct kmcl_incoming *in, *next;

	list_for_each_entry_safe(in, next, &ch->rx.free, link) {
		list_del(&in->link);
		free_incoming(in);
	}
	ch->rx.free_count = 0;
}
