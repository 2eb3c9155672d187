/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of the channel machinery: system "kmcl". tools/README.md says what to ask them.
 *
 * Every event begins with its channel: the label, which is its directory in debugfs (the friendly
 * name and a number), and the instance that it is or was last connected to.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kmcl

#if !defined(KMCL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KMCL_TRACE_H

#include <linux/tracepoint.h>

#include "channel.h"

#ifndef KMCL_TRACE_SIGNALS
#define KMCL_TRACE_SIGNALS
enum kmcl_trace_signal {
	KMCL_SIGNAL_SENT,		/* the ring was empty */
	KMCL_SIGNAL_SUPPRESSED,		/* the peer reads on without */
	KMCL_SIGNAL_ROOM,		/* sent, because the peer waits for room */
	KMCL_SIGNAL_RECEIVED,
};

enum kmcl_trace_gpadl {
	KMCL_GPADL_CREATED,
	KMCL_GPADL_REFUSED,
	KMCL_GPADL_DELETED,
};
#endif

#define KMCL_TRACE_CHANNEL			\
	__array(char, channel, KMCL_LABEL_MAX)	\
	__array(u8, instance, 16)

#define KMCL_TRACE_ASSIGN(ch)						\
	do {								\
		memcpy(__entry->channel, (ch)->label, KMCL_LABEL_MAX);	\
		memcpy(__entry->instance, &(ch)->offered, 16);		\
	} while (0)

#define KMCL_TRACE_FORMAT	"channel=%s instance=%pUl "
#define KMCL_TRACE_ARGUMENTS	__entry->channel, __entry->instance

/* ---- the five events of Windows' KMCL ---- */

DECLARE_EVENT_CLASS(kmcl_packet,
	TP_PROTO(const struct kmcl_channel *ch, u64 id, u16 type, u32 bytes, bool completion),
	TP_ARGS(ch, id, type, bytes, completion),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(u64, id)
		__field(u16, type)
		__field(u32, bytes)
		__field(bool, completion)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->id = id;
		__entry->type = type;
		__entry->bytes = bytes;
		__entry->completion = completion;
	),
	TP_printk(KMCL_TRACE_FORMAT "type=%s id=%llu bytes=%u completion=%d",
		  KMCL_TRACE_ARGUMENTS,
		  __print_symbolic(__entry->type, { 0x6, "data" }, { 0x9, "data-external" },
				   { 0xa, "cancel" }, { 0xb, "completion" }),
		  __entry->id, __entry->bytes, __entry->completion)
);

/* A packet has been taken out of the incoming ring. */
DEFINE_EVENT(kmcl_packet, kmcl_packet_fetch,
	TP_PROTO(const struct kmcl_channel *ch, u64 id, u16 type, u32 bytes, bool completion),
	TP_ARGS(ch, id, type, bytes, completion)
);

/* A packet has been put into the outgoing ring. */
DEFINE_EVENT(kmcl_packet, kmcl_packet_send,
	TP_PROTO(const struct kmcl_channel *ch, u64 id, u16 type, u32 bytes, bool completion),
	TP_ARGS(ch, id, type, bytes, completion)
);

/* A batch of packets has ended. */
TRACE_EVENT(kmcl_fetch_done,
	TP_PROTO(const struct kmcl_channel *ch, u32 packets, u32 completions, bool thread),
	TP_ARGS(ch, packets, completions, thread),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(u32, packets)
		__field(u32, completions)
		__field(bool, thread)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->packets = packets;
		__entry->completions = completions;
		__entry->thread = thread;
	),
	TP_printk(KMCL_TRACE_FORMAT "packets=%u completions=%u thread=%d", KMCL_TRACE_ARGUMENTS,
		  __entry->packets, __entry->completions, __entry->thread)
);

DECLARE_EVENT_CLASS(kmcl_limit,
	TP_PROTO(const struct kmcl_channel *ch, u32 limit, u32 packets, bool thread),
	TP_ARGS(ch, limit, packets, thread),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(u32, limit)
		__field(u32, packets)
		__field(bool, thread)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->limit = limit;
		__entry->packets = packets;
		__entry->thread = thread;
	),
	TP_printk(KMCL_TRACE_FORMAT "limit=%u packets=%u thread=%d", KMCL_TRACE_ARGUMENTS,
		  __entry->limit, __entry->packets, __entry->thread)
);

/* A run has taken as many packets as it may, and there are more: a thread goes on. */
DEFINE_EVENT(kmcl_limit, kmcl_incoming_quota,
	TP_PROTO(const struct kmcl_channel *ch, u32 limit, u32 packets, bool thread),
	TP_ARGS(ch, limit, packets, thread)
);

/* ... or has taken as long as it may, in milliseconds. */
DEFINE_EVENT(kmcl_limit, kmcl_incoming_time,
	TP_PROTO(const struct kmcl_channel *ch, u32 limit, u32 packets, bool thread),
	TP_ARGS(ch, limit, packets, thread)
);

/* ---- queueing and signals ---- */

/* A packet or reply waits behind others, or for room. */
TRACE_EVENT(kmcl_packet_queue,
	TP_PROTO(const struct kmcl_channel *ch, u32 bytes, u32 depth),
	TP_ARGS(ch, bytes, depth),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(u32, bytes)
		__field(u32, depth)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->bytes = bytes;
		__entry->depth = depth;
	),
	TP_printk(KMCL_TRACE_FORMAT "bytes=%u depth=%u", KMCL_TRACE_ARGUMENTS, __entry->bytes,
		  __entry->depth)
);

/* The queue was looked at: how many have gone into the ring, how many are left. */
TRACE_EVENT(kmcl_queue_drain,
	TP_PROTO(const struct kmcl_channel *ch, u32 sent, u32 depth),
	TP_ARGS(ch, sent, depth),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(u32, sent)
		__field(u32, depth)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->sent = sent;
		__entry->depth = depth;
	),
	TP_printk(KMCL_TRACE_FORMAT "sent=%u depth=%u", KMCL_TRACE_ARGUMENTS, __entry->sent,
		  __entry->depth)
);

TRACE_EVENT(kmcl_signal,
	TP_PROTO(const struct kmcl_channel *ch, enum kmcl_trace_signal what),
	TP_ARGS(ch, what),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(int, what)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->what = what;
	),
	TP_printk(KMCL_TRACE_FORMAT "signal=%s", KMCL_TRACE_ARGUMENTS,
		  __print_symbolic(__entry->what, { 0, "sent" }, { 1, "suppressed" },
				   { 2, "room" }, { 3, "received" }))
);

/* ---- life ---- */

/* A channel has entered a phase of its life cycle. */
TRACE_EVENT(kmcl_phase,
	TP_PROTO(const struct kmcl_channel *ch, enum kmcl_phase phase),
	TP_ARGS(ch, phase),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(int, phase)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->phase = phase;
	),
	TP_printk(KMCL_TRACE_FORMAT "phase=%s", KMCL_TRACE_ARGUMENTS,
		  __print_symbolic(__entry->phase, { 0, "Disabled" }, { 1, "Enabled" },
				   { 2, "Opening" }, { 3, "Open" }, { 4, "Closing" }))
);

TRACE_EVENT(kmcl_gpadl,
	TP_PROTO(const struct kmcl_channel *ch, enum kmcl_trace_gpadl what, u32 handle,
		 u32 bytes),
	TP_ARGS(ch, what, handle, bytes),
	TP_STRUCT__entry(
		KMCL_TRACE_CHANNEL
		__field(int, what)
		__field(u32, handle)
		__field(u32, bytes)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->what = what;
		__entry->handle = handle;
		__entry->bytes = bytes;
	),
	TP_printk(KMCL_TRACE_FORMAT "gpadl=%s handle=%u bytes=%u", KMCL_TRACE_ARGUMENTS,
		  __print_symbolic(__entry->what, { 0, "created" }, { 1, "refused" },
				   { 2, "deleted" }),
		  __entry->handle, __entry->bytes)
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
		KMCL_TRACE_CHANNEL
		__field(int, kind)
	),
	TP_fast_assign(
		KMCL_TRACE_ASSIGN(ch);
		__entry->kind = kind;
	),
	TP_printk(KMCL_TRACE_FORMAT "kind=%s", KMCL_TRACE_ARGUMENTS,
		  __print_symbolic(__entry->kind, { 1, "index" }, { 2, "header" },
				   { 3, "offset" }, { 4, "length" }, { 5, "type" },
				   { 6, "size" }, { 7, "id" }, { 8, "pipe" },
				   { 9, "message" }))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
