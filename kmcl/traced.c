// SPDX-License-Identifier: GPL-2.0-only
/* Makes the trace events; and see traced.h. */
#define CREATE_TRACE_POINTS
#include "traced.h"

void kmcl_traced_sent(const struct kmcl_channel *ch, const struct kmcl_desc *desc)
{
	trace_kmcl_packet_send(ch, desc->trans_id, desc->type, desc->len8 * 8u,
			       desc->flags & KMCL_DESC_FLAG_COMPLETION_REQUESTED);
}

void kmcl_traced_fetched(const struct kmcl_channel *ch, const struct kmcl_view *view)
{
	trace_kmcl_packet_fetch(ch, view->trans_id, view->type, view->length,
				view->wants_completion);
}

void kmcl_traced_signal(const struct kmcl_channel *ch, enum kmcl_trace_signal what)
{
	trace_kmcl_signal(ch, what);
}
