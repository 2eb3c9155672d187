// SPDX-License-Identifier: GPL-2.0-only
/* Validation of packet descriptors and pipe headers. Works on copies only: see ring.h. */
#include "parse.h"

static const char * const malformed_names[KMCL_MALFORMED_KINDS] = {
	[KMCL_WELL_FORMED]	= "well formed",
	[KMCL_BAD_INDEX]	= "ring index out of range",
	[KMCL_BAD_HEADER]	= "truncated descriptor",
	[KMCL_BAD_OFFSET]	= "payload offset out of range",
	[KMCL_BAD_LENGTH]	= "length beyond the ring's contents",
	[KMCL_BAD_TYPE]		= "unknown packet type",
	[KMCL_BAD_SIZE]		= "payload above the maximum packet size",
	[KMCL_BAD_ID]		= "completion with an unknown transaction id",
	[KMCL_BAD_PIPE]		= "bad pipe header",
	[KMCL_BAD_MESSAGE]	= "failed by the driver",
};

const char *kmcl_malformed_name(enum kmcl_malformed kind)
{
	return malformed_names[kind];
}

/**
 * kmcl_parse_descriptor() - validate a descriptor
 * @desc: a private copy, of which only the first min(@available, 16) bytes mean anything
 * @available: bytes in the ring from the descriptor on, trailer included
 * @view: what it says, if it is well formed
 *
 * The type is not judged here: which ones are welcome depends on the endpoint.
 */
enum kmcl_malformed kmcl_parse_descriptor(const struct kmcl_desc *desc, u32 available,
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

/**
 * kmcl_parse_pipe_header() - validate the header of a message in pipe mode
 * @header: a private copy
 * @payload: bytes of the packet's payload, header included
 * @size: exact bytes of the message, if the header is well formed
 */
enum kmcl_malformed kmcl_parse_pipe_header(const struct kmcl_pipe_header *header, u32 payload,
					   u32 *size)
{
	if (payload < sizeof(*header))
		return KMCL_BAD_PIPE;
	if (header->type != KMCL_PIPE_DATA && header->type != KMCL_PIPE_PARTIAL)
		return KMCL_BAD_PIPE;
	if (header->size > payload - sizeof(*header))
		return KMCL_BAD_PIPE;
	*size = header->size;
	return KMCL_WELL_FORMED;
}
