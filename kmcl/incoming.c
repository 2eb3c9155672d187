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
	in->bytes = incoming_size(ch);
	in->ch = ch;
	INIT_LIST_HEAD(&in->link);
	INIT_LIST_HEAD(&in->reply.link);
	in->reply.kind = KMCL_TXN_REPLY;
	in->reply.body = in->body;
	in->mdl_room = (PMDL)(in->body + kmcl_round8(ch->config.max_packet));
	spin_lock_bh(&ch->rx.lock);
	list_add_tail(&in->all, &ch->rx.all);
	spin_unlock_bh(&ch->rx.lock);
	return in;
}

static void free_incoming(struct kmcl_incoming *in)
{
	WRITE_ONCE(in->magic, 0);
	kmcl_object_freed(KMCL_OBJECT_INCOMING);
	kfree(in);
}

/* With rx->lock held. Return: an object kept for reuse, or NULL. */
struct kmcl_incoming *kmcl_incoming_take(struct kmcl_rx *rx)
{
	struct kmcl_incoming *in;

	in = list_first_entry_or_null(&rx->free, struct kmcl_incoming, link);
	if (in) {
		list_del_init(&in->link);
		rx->free_count--;
	}
	return in;
}

/* Return: a free object; NULL if there is none and no memory for another. */
struct kmcl_incoming *kmcl_incoming_get(struct kmcl_channel *ch, gfp_t gfp)
{
	struct kmcl_rx *rx = &ch->rx;
	struct kmcl_incoming *in;

	spin_lock_bh(&rx->lock);
	in = kmcl_incoming_take(rx);
	spin_unlock_bh(&rx->lock);
	return in ?: make_incoming(ch, gfp);
}

/* With the lock held: if delivery waits for something that there is now, it goes on. */
static void deliver_again(struct kmcl_rx *rx)
{
	if (!rx->starved || !rx->enabled)
		return;
	rx->starved = false;
	queue_work(kmcl_delivery_wq, &rx->work);
}

/* With the lock held. Return: is the object kept? */
static bool keep(struct kmcl_rx *rx, struct kmcl_incoming *in)
{
	if (rx->free_count * in->bytes >= CACHED_BYTES) {
		list_del(&in->all);
		return false;
	}
	list_add(&in->link, &rx->free);
	rx->free_count++;
	return true;
}

static void give_back(struct kmcl_incoming *in, bool is_news)
{
	struct kmcl_rx *rx = &in->ch->rx;
	bool kept;

	spin_lock_bh(&rx->lock);
	kept = keep(rx, in);
	if (is_news)
		deliver_again(rx);
	spin_unlock_bh(&rx->lock);
	if (!kept)
		free_incoming(in);
}

/* Give an object back. If delivery waits for one, it goes on. */
void kmcl_incoming_put(struct kmcl_incoming *in)
{
	kmcl_incoming_end_use(in);
	give_back(in, true);
}

/* Delivery ends and gives back the free object that it had for the next packet. */
void kmcl_incoming_put_spare(struct kmcl_incoming *in)
{
	give_back(in, false);
}

/**
 * kmcl_incoming_completed() - a packet's stay with the driver is over
 * @ch: the channel; the packet was not completed in its own callback
 * @in: its object, given back; NULL if that is queued as a reply
 *
 * The last access to the channel is under the lock: a close waits for the count.
 */
void kmcl_incoming_completed(struct kmcl_channel *ch, struct kmcl_incoming *in)
{
	struct kmcl_rx *rx = &ch->rx;

	if (in)
		kmcl_incoming_end_use(in);
	spin_lock_bh(&rx->lock);
	if (in && !keep(rx, in)) {
		spin_unlock_bh(&rx->lock);
		free_incoming(in);
		spin_lock_bh(&rx->lock);
	}
	rx->outstanding--;
	/* Who waits for the last one takes the lock after joining the queue. */
	if (!rx->outstanding && waitqueue_active(&ch->wait))
		wake_up_all(&ch->wait);
	if (rx->outstanding < 0 || rx->outstanding < READ_ONCE(rx->quota))
		deliver_again(rx);
	spin_unlock_bh(&rx->lock);
}

/* With none outstanding: free all, their size may change. */
void kmcl_incoming_free_all(struct kmcl_channel *ch)
{
	struct kmcl_incoming *in, *next;
	struct kmcl_rx *rx = &ch->rx;
	LIST_HEAD(old);

	spin_lock_bh(&rx->lock);
	list_splice_init(&rx->free, &old);
	rx->free_count = 0;
	list_for_each_entry(in, &old, link)
		list_del(&in->all);
	spin_unlock_bh(&rx->lock);
	list_for_each_entry_safe(in, next, &old, link)
		free_incoming(in);
}
