// SPDX-License-Identifier: GPL-2.0-only
/* The timeout of a request is also told whether the request is a reserved one. */
#include <linux/blk-mq.h>

enum blk_eh_timer_return probe(struct request *rq, bool reserved);

extern const struct blk_mq_ops probe_ops;
const struct blk_mq_ops probe_ops = { .timeout = probe };
