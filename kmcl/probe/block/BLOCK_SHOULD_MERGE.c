// SPDX-License-Identifier: GPL-2.0-only
/* Requests are merged if a flag says so; later they always are. */
#include <linux/blk-mq.h>

unsigned int probe(void);
unsigned int probe(void)
{
	return BLK_MQ_F_SHOULD_MERGE;
}
