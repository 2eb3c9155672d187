/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transaction ids: what a completion packet carries to name its request.
 *
 * An id is the number of the request since the channel was allocated. It is never used again, so
 * an id that the peer repeats, keeps too long or makes up finds nothing; and it is no address.
 * The table is a hash whose nodes lie in the requests themselves: opening a transaction allocates
 * nothing and cannot fail.
 *
 * No function here locks.
 */
#ifndef KMCL_IDS_H
#define KMCL_IDS_H

#include <linux/list.h>
#include <linux/types.h>

#define KMCL_IDS_INLINE_BITS	6

struct kmcl_id {
	struct hlist_node node;
	u64 id;
};

struct kmcl_ids {
	struct hlist_head *buckets;
	unsigned int bits;
	unsigned int count;
	u64 last;
	struct hlist_head inline_buckets[1 << KMCL_IDS_INLINE_BITS];
};

void kmcl_ids_init(struct kmcl_ids *ids);
void kmcl_ids_close_all(struct kmcl_ids *ids, struct hlist_head *closed);
struct kmcl_id *kmcl_ids_next(const struct kmcl_ids *ids, const struct kmcl_id *id);

/* Transactions that were opened in another table. */
void kmcl_ids_skip(struct kmcl_ids *ids, u64 last);

/* More buckets for many open transactions; the caller brings and frees the memory. */
struct hlist_head *kmcl_ids_grow(struct kmcl_ids *ids, struct hlist_head *buckets,
				 unsigned int bits);

/* What follows is done for each request, and worth no call. */

/* Ids count up, so their low bits spread them evenly. */
static inline struct hlist_head *kmcl_ids_bucket(const struct kmcl_ids *ids, u64 value)
{
	return &ids->buckets[value & ((1u << ids->bits) - 1)];
}

/**
 * kmcl_ids_reopen() - give a request the id that it had in another table
 * @ids: the table, in which that id is not open
 * @id: lies in the request
 * @value: the id, given out before: see kmcl_ids_skip()
 */
static inline void kmcl_ids_reopen(struct kmcl_ids *ids, struct kmcl_id *id, u64 value)
{
	id->id = value;
	hlist_add_head(&id->node, kmcl_ids_bucket(ids, value));
	ids->count++;
}

/**
 * kmcl_ids_open() - give a request its id
 * @ids: the table
 * @id: lies in the request; gets a value that was never used before and is not 0
 */
static inline void kmcl_ids_open(struct kmcl_ids *ids, struct kmcl_id *id)
{
	kmcl_ids_reopen(ids, id, ++ids->last);
}

static inline void kmcl_ids_remove(struct kmcl_ids *ids, struct kmcl_id *id)
{
	hlist_del_init(&id->node);
	ids->count--;
}

/**
 * kmcl_ids_close() - find a request by its id and end its transaction
 * @ids: the table
 * @value: what the peer says
 *
 * Return: the request's id, now closed; NULL if no such transaction is open.
 */
static inline struct kmcl_id *kmcl_ids_close(struct kmcl_ids *ids, u64 value)
{
	struct kmcl_id *id;

	hlist_for_each_entry(id, kmcl_ids_bucket(ids, value), node) {
		if (id->id == value) {
			kmcl_ids_remove(ids, id);
			return id;
		}
	}
	return NULL;
}

static inline bool kmcl_ids_is_crowded(const struct kmcl_ids *ids)
{
	return ids->count > 2u << ids->bits;
}

#endif
