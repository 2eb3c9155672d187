/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events on the way of a packet. While nobody traces, each is one instruction that does
 * nothing; what an event needs is gathered out of line, by traced.c.
 */
#ifndef KMCL_TRACED_H
#define KMCL_TRACED_H

#include "trace.h"
#include "wire.h"

void kmcl_traced_sent(const struct kmcl_channel *ch, const struct kmcl_desc *desc);
void kmcl_traced_fetched(const struct kmcl_channel *ch, const struct kmcl_view *view);
void kmcl_traced_signal(const struct kmcl_channel *ch, enum kmcl_trace_signal what);

static inline void kmcl_trace_sent(const struct kmcl_channel *ch, const struct kmcl_desc *desc)
{
	if (trace_kmcl_packet_send_enabled())
		kmcl_traced_sent(ch, desc);
}

static inline void kmcl_trace_fetched(const struct kmcl_channel *ch, const struct kmcl_view *view)
{
	if (trace_kmcl_packet_fetch_enabled())
		kmcl_traced_fetched(ch, view);
}

static inline void kmcl_trace_signal(const struct kmcl_channel *ch, enum kmcl_trace_signal what)
{
	if (trace_kmcl_signal_enabled())
		kmcl_traced_signal(ch, what);
}

#endif
