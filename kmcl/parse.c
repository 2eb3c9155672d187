// SPDX-License-Identifier: GPL-2.0-only
/* Pipe headers, validated as descriptors are: copies only; and the names of what is malformed. */
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
