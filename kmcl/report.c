// SPDX-License-Identifier: GPL-2.0-only
#include <linux/export.h>
#include <linux/ratelimit.h>

#include "channel.h"
#include "report.h"
#include "stats.h"
#include "trace.h"

/*
 * One budget for all that peers can cause, so that many channels are no way around it: within any
 * 60 seconds at most twice the burst and a line that counts what was left out.
 */
static DEFINE_RATELIMIT_STATE(told, 60 * HZ, 4);

bool kmcl_may_tell(void)
{
	return __ratelimit(&told);
}
EXPORT_SYMBOL_GPL(kmcl_may_tell);

/* The channel stops, in one direction, until it is closed. */
void kmcl_report_malformed(struct kmcl_channel *ch, enum kmcl_malformed kind)
{
	kmcl_event_count(kind);
	this_cpu_inc(ch->counters->malformed[kind]);
	trace_kmcl_malformed(ch, kind);
	kmcl_tell("channel %s {%pUl}: %s: the channel has to be closed\n", ch->label,
		  &ch->offered, kmcl_malformed_name(kind));
}
