/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads packet descriptors: from a private copy of 16 untrusted bytes to facts that hold. */
#ifndef KMCL_PARSE_H
#define KMCL_PARSE_H

#include "wire.h"

/* The ways in which a peer's packet can be malformed. */
enum kmcl_malformed {
	KMCL_WELL_FORMED,
	KMCL_BAD_INDEX,		/* ring index out of range or not a multiple of 8 */
	KMCL_BAD_HEADER,	/* less in the ring than a descriptor with its trailer */
	KMCL_BAD_OFFSET,	/* payload begins inside the descriptor or behind the packet */
	KMCL_BAD_LENGTH,	/* packet reaches beyond what is in the ring */
	KMCL_BAD_TYPE,		/* a type that this endpoint does not take */
	KMCL_BAD_SIZE,		/* data payload above the maximum packet size */
	KMCL_BAD_ID,		/* completion of a transaction that is not open */
	KMCL_BAD_PIPE,		/* pipe header missing, unknown, or longer than its packet */
	KMCL_BAD_MESSAGE,	/* the driver said so: VmbChannelPacketFail */
	KMCL_MALFORMED_KINDS
};

const char *kmcl_malformed_name(enum kmcl_malformed kind);

/* A packet whose lengths are known to lie inside the ring. */
struct kmcl_view {
	u16 type;
	bool wants_completion;
	u32 length;		/* of the whole packet without trailer */
	u32 offset;		/* of the payload */
	u32 payload;		/* bytes, a multiple of 8 */
	u64 trans_id;
};

enum kmcl_malformed kmcl_parse_pipe_header(const struct kmcl_pipe_header *header, u32 payload,
					   u32 *size);

/**
 * kmcl_parse_descriptor() - validate a descriptor
 * @desc: a private copy, of which only the first min(@available, 16) bytes mean anything
 * @available: bytes in the ring from the descriptor on, trailer included
 * @view: what it says, if it is well formed
 *
 * The type is not judged here: which ones are welcome depends on the endpoint.
 */
static inline enum kmcl_malformed kmcl_parse_descriptor(const struct kmcl_desc *desc,
							u32 available,
							struct kmcl_view *view)
{
	u32 length, offset;

	if (available < sizeof(*desc) + KMCL_TRAILER_SIZE)
		return KMCL_BAD_HEADER;
	length = desc->len8 * 8u;
	offset = desc->offset8 * 8u;
	if (length > available - KMCL_TRAILER_SIZE)
		return KMCL_BAD_LENGTH;
	if (offset < sizeof(*desc) || offset > length)
		return KMCL_BAD_OFFSET;
	view->type = desc->type;
	view->wants_completion = desc->flags & KMCL_DESC_FLAG_COMPLETION_REQUESTED;
	view->length = length;
	view->offset = offset;
	view->payload = length - offset;
	view->trans_id = desc->trans_id;
	return KMCL_WELL_FORMED;
}

#endif
