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
void kmcl_ids_open(struct kmcl_ids *ids, struct kmcl_id *id);
struct kmcl_id *kmcl_ids_close(struct kmcl_ids *ids, u64 value);
void kmcl_ids_remove(struct kmcl_ids *ids, struct kmcl_id *id);
void kmcl_ids_close_all(struct kmcl_ids *ids, struct hlist_head *closed);
struct kmcl_id *kmcl_ids_next(const struct kmcl_ids *ids, const struct kmcl_id *id);

/* Transactions that were opened in another table. */
void kmcl_ids_reopen(struct kmcl_ids *ids, struct kmcl_id *id, u64 value);
void kmcl_ids_skip(struct kmcl_ids *ids, u64 last);

/* More buckets for many open transactions; the caller brings and frees the memory. */
bool kmcl_ids_is_crowded(const struct kmcl_ids *ids);
struct hlist_head *kmcl_ids_grow(struct kmcl_ids *ids, struct hlist_head *buckets,
				 unsigned int bits);

#endif
