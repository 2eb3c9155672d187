// SPDX-License-Identifier: GPL-2.0-only
/* A disk is allocated with its limits and features; the functions that set them one by one go. */
#include <linux/blk-mq.h>

struct gendisk *probe(struct blk_mq_tag_set *set);
struct gendisk *probe(struct blk_mq_tag_set *set)
{
	struct queue_limits limits = { .features = BLK_FEAT_WRITE_CACHE };

	return blk_mq_alloc_disk(set, &limits, NULL);
}
