/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events of the channel machinery: system "kmcl". Every event names its channel. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kmcl

#if !defined(KMCL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KMCL_TRACE_H

#include <linux/tracepoint.h>

#include "channel.h"

/* A channel has entered a phase of its life cycle. */
TRACE_EVENT(kmcl_phase,
	TP_PROTO(const struct kmcl_channel *ch, enum kmcl_phase phase),
	TP_ARGS(ch, phase),
	TP_STRUCT__entry(
		__field(const void *, channel)
		__array(char, name, sizeof_field(struct kmcl_channel, name))
		__field(int, phase)
	),
	TP_fast_assign(
		__entry->channel = ch;
		memcpy(__entry->name, ch->name, sizeof(__entry->name));
		__entry->phase = phase;
	),
	TP_printk("channel=%p name=%s phase=%s", __entry->channel, __entry->name,
		  __print_symbolic(__entry->phase,
				   { KMCL_DISABLED, "Disabled" }, { KMCL_ENABLED, "Enabled" },
				   { KMCL_OPENING, "Opening" }, { KMCL_OPEN, "Open" },
				   { KMCL_CLOSING, "Closing" }))
);

/* What a driver says by DbgPrint and its kin. */
TRACE_EVENT(kmcl_dbgprint,
	TP_PROTO(u32 level, const char *text),
	TP_ARGS(level, text),
	TP_STRUCT__entry(
		__field(u32, level)
		__array(char, text, 128)
	),
	TP_fast_assign(
		__entry->level = level;
		strscpy(__entry->text, text, sizeof(__entry->text));
	),
	TP_printk("level=%u %s", __entry->level, __entry->text)
);

/* Delivery stopped: see enum kmcl_malformed. */
TRACE_EVENT(kmcl_malformed,
	TP_PROTO(const struct kmcl_channel *ch, enum kmcl_malformed kind),
	TP_ARGS(ch, kind),
	TP_STRUCT__entry(
		__field(const void *, channel)
		__array(char, name, sizeof_field(struct kmcl_channel, name))
		__field(int, kind)
	),
	TP_fast_assign(
		__entry->channel = ch;
		memcpy(__entry->name, ch->name, sizeof(__entry->name));
		__entry->kind = kind;
	),
	TP_printk("channel=%p name=%s kind=%s", __entry->channel, __entry->name,
		  __print_symbolic(__entry->kind,
				   { KMCL_BAD_INDEX, "index" }, { KMCL_BAD_HEADER, "header" },
				   { KMCL_BAD_OFFSET, "offset" }, { KMCL_BAD_LENGTH, "length" },
				   { KMCL_BAD_TYPE, "type" }, { KMCL_BAD_SIZE, "size" },
				   { KMCL_BAD_ID, "id" }, { KMCL_BAD_PIPE, "pipe" },
				   { KMCL_BAD_MESSAGE, "message" }))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
