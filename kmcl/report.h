/* SPDX-License-Identifier: GPL-2.0-only */
/* What peers do wrong: counted and traced each time, told in the log a few times a minute. */
#ifndef KMCL_REPORT_H
#define KMCL_REPORT_H

#include <linux/printk.h>

#include "parse.h"

struct kmcl_channel;

void kmcl_report_malformed(struct kmcl_channel *ch, enum kmcl_malformed kind);

/* For every message that a peer can cause again and again. */
bool kmcl_may_tell(void);

#define kmcl_tell(...)					\
	do {						\
		if (kmcl_may_tell())			\
			pr_warn("kmcl: " __VA_ARGS__);	\
	} while (0)

#endif
