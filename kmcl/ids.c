// SPDX-License-Identifier: GPL-2.0-only
/* The table of open transactions. */
#include "ids.h"

void kmcl_ids_init(struct kmcl_ids *ids)
{
	unsigned int i;

	ids->buckets = ids->inline_buckets;
	ids->bits = KMCL_IDS_INLINE_BITS;
	ids->count = 0;
	ids->last = 0;
	for (i = 0; i < 1u << KMCL_IDS_INLINE_BITS; i++)
		INIT_HLIST_HEAD(&ids->inline_buckets[i]);
}

/* Ids count up, so their low bits spread them evenly. */
static struct hlist_head *ids_bucket(const struct kmcl_ids *ids, u64 value)
{
	return &ids->buckets[value & ((1u << ids->bits) - 1)];
}

/**
 * kmcl_ids_reopen() - give a request the id that it had in another table
 * @ids: the table, in which that id is not open
 * @id: lies in the request
 * @value: the id, given out before: see kmcl_ids_skip()
 */
void kmcl_ids_reopen(struct kmcl_ids *ids, struct kmcl_id *id, u64 value)
{
	id->id = value;
	hlist_add_head(&id->node, ids_bucket(ids, value));
	ids->count++;
}

/**
 * kmcl_ids_open() - give a request its id
 * @ids: the table
 * @id: lies in the request; gets a value that was never used before and is not 0
 */
void kmcl_ids_open(struct kmcl_ids *ids, struct kmcl_id *id)
{
	kmcl_ids_reopen(ids, id, ++ids->last);
}

/* All ids up to this one have been given out. */
void kmcl_ids_skip(struct kmcl_ids *ids, u64 last)
{
	if (ids->last < last)
		ids->last = last;
}

/**
 * kmcl_ids_next() - walk through the open transactions, in no order
 * @ids: the table, which does not change meanwhile
 * @id: the one before; NULL to begin
 *
 * Return: the next one; NULL behind the last.
 */
struct kmcl_id *kmcl_ids_next(const struct kmcl_ids *ids, const struct kmcl_id *id)
{
	struct hlist_head *bucket = ids->buckets, *end = ids->buckets + (1u << ids->bits);

	if (id) {
		if (id->node.next)
			return hlist_entry(id->node.next, struct kmcl_id, node);
		bucket = ids_bucket(ids, id->id) + 1;
	}
	for (; bucket < end; bucket++)
		if (!hlist_empty(bucket))
			return hlist_entry(bucket->first, struct kmcl_id, node);
	return NULL;
}

/**
 * kmcl_ids_close() - find a request by its id and end its transaction
 * @ids: the table
 * @value: what the peer says
 *
 * Return: the request's id, now closed; NULL if no such transaction is open.
 */
struct kmcl_id *kmcl_ids_close(struct kmcl_ids *ids, u64 value)
{
	struct kmcl_id *id;

	hlist_for_each_entry(id, ids_bucket(ids, value), node) {
		if (id->id == value) {
			kmcl_ids_remove(ids, id);
			return id;
		}
	}
	return NULL;
}

void kmcl_ids_remove(struct kmcl_ids *ids, struct kmcl_id *id)
{
	hlist_del_init(&id->node);
	ids->count--;
}

/**
 * kmcl_ids_close_all() - end every transaction
 * @ids: the table
 * @closed: receives them
 */
void kmcl_ids_close_all(struct kmcl_ids *ids, struct hlist_head *closed)
{
	unsigned int i;

	for (i = 0; ids->count && i < 1u << ids->bits; i++) {
		while (!hlist_empty(&ids->buckets[i])) {
			struct hlist_node *node = ids->buckets[i].first;

			hlist_del_init(node);
			hlist_add_head(node, closed);
			ids->count--;
		}
	}
}

bool kmcl_ids_is_crowded(const struct kmcl_ids *ids)
{
	return ids->count > 2u << ids->bits;
}

/**
 * kmcl_ids_grow() - move the open transactions to a larger table
 * @ids: the table
 * @buckets: 1 << @bits zeroed buckets
 * @bits: more than now, else nothing is done
 *
 * Return: the memory to free: the old buckets, @buckets if it was not taken, or NULL.
 */
struct hlist_head *kmcl_ids_grow(struct kmcl_ids *ids, struct hlist_head *buckets,
				 unsigned int bits)
{
	struct hlist_head *old = ids->buckets;
	unsigned int old_bits = ids->bits, i;

	if (bits <= old_bits)
		return buckets;
	ids->buckets = buckets;
	ids->bits = bits;
	for (i = 0; i < 1u << old_bits; i++) {
		struct hlist_node *next;
		struct kmcl_id *id;

		hlist_for_each_entry_safe(id, next, &old[i], node) {
			hlist_del_init(&id->node);
			hlist_add_head(&id->node, ids_bucket(ids, id->id));
		}
	}
	return old == ids->inline_buckets ? NULL : old;
}
