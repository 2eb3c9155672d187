// SPDX-License-Identifier: GPL-2.0-only
/* The table of open transactions, without what ids.h does for each of them. */
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
		bucket = kmcl_ids_bucket(ids, id->id) + 1;
	}
	for (; bucket < end; bucket++)
		if (!hlist_empty(bucket))
			return hlist_entry(bucket->first, struct kmcl_id, node);
	return NULL;
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
			hlist_add_head(&id->node, kmcl_ids_bucket(ids, id->id));
		}
	}
	return old == ids->inline_buckets ? NULL : old;
}
