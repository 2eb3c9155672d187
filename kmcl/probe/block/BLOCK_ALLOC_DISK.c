// SPDX-License-Identifier: GPL-2.0-only
/* A disk is allocated together with its queue, and adding it can fail. */
#include <linux/blk-mq.h>

int probe(struct blk_mq_tag_set *set);
int probe(struct blk_mq_tag_set *set)
{
	return add_disk(blk_mq_alloc_disk(set, NULL));
}
