// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors and the framing of pipes, against the same rules in 64-bit arithmetic. */
#include "input.h"
#include "parse.h"

static void check_descriptor(struct input *in)
{
	uint64_t available = input_u32(in);
	enum kmcl_malformed bad;
	struct kmcl_desc desc;
	struct kmcl_view view;
	uint64_t length, offset;
	bool good;

	input_bytes(in, &desc, sizeof(desc));
	length = (uint64_t)desc.len8 * 8;
	offset = (uint64_t)desc.offset8 * 8;
	good = available >= 24 && length + 8 <= available && offset >= 16 && offset <= length;
	bad = kmcl_parse_descriptor(&desc, available, &view);
	NEED(good == (bad == KMCL_WELL_FORMED));
	NEED(bad < KMCL_MALFORMED_KINDS && kmcl_malformed_name(bad));
	if (!good)
		return;
	NEED(view.length == length && view.offset == offset && view.payload == length - offset);
	NEED(view.type == desc.type && view.trans_id == desc.trans_id);
	NEED(view.wants_completion == !!(desc.flags & 1));
}

static void check_pipe(struct input *in)
{
	uint64_t payload = input_u32(in);
	struct kmcl_pipe_header header;
	uint32_t size = 0x5a5a5a5a;
	bool good;

	input_bytes(in, &header, sizeof(header));
	good = payload >= 8 && (header.type == 1 || header.type == 2) &&
	       (uint64_t)header.size + 8 <= payload;
	NEED(good == (kmcl_parse_pipe_header(&header, payload, &size) == KMCL_WELL_FORMED));
	NEED(size == (good ? header.size : 0x5a5a5a5a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (input_byte(&in) % 2)
		check_pipe(&in);
	else
		check_descriptor(&in);
	return 0;
}
