// SPDX-License-Identifier: GPL-2.0-only
/* The timeout of a request is also told whether the request is a reserved one. */
#include <linux/blk-mq.h>

enum blk_eh_timer_return probe(struct request *rq, bool reserved);

struct blk_mq_ops probe_ops(void);
struct blk_mq_ops probe_ops(void)
{
	return (struct blk_mq_ops){ .timeout = probe };
}
