/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both ends of one direction of a ring, over memory laid out as in the kernel: the data mapped
 * twice in a row. Pages that fault lie before and behind it.
 */
#ifndef UNIT_PAIR_H
#define UNIT_PAIR_H

#include "ring.h"

struct pair {
	struct kmcl_ring_ctl *ctl;
	u8 *data;
	u32 size;
	struct kmcl_ring tx, rx;
};

/* @size: any multiple of 8; where it is no multiple of a page the data is not mirrored. */
void pair_init(struct pair *pair, u32 size);
/* An empty ring, both ends at @start and in agreement. */
void pair_reset(struct pair *pair, u32 start);
void pair_free(struct pair *pair);

#endif
