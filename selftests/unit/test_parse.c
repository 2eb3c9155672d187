// SPDX-License-Identifier: GPL-2.0-only
/* Packet descriptors and pipe headers against the arithmetic of the specification, in 64 bits. */
#include <string.h>

#include "ktap.h"
#include "parse.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

TEST(descriptor_is_laid_out_as_on_the_wire)
{
	CHECK_EQ(offsetof(struct kmcl_desc, type), 0);
	CHECK_EQ(offsetof(struct kmcl_desc, offset8), 2);
	CHECK_EQ(offsetof(struct kmcl_desc, len8), 4);
	CHECK_EQ(offsetof(struct kmcl_desc, flags), 6);
	CHECK_EQ(offsetof(struct kmcl_desc, trans_id), 8);
	CHECK_EQ(sizeof(struct kmcl_desc), 16);
	CHECK_EQ(offsetof(struct kmcl_pipe_header, type), 0);
	CHECK_EQ(offsetof(struct kmcl_pipe_header, size), 4);
	CHECK_EQ(sizeof(struct kmcl_pipe_header), 8);
}

TEST(constants_are_those_of_the_wire)
{
	CHECK_EQ(KMCL_PKT_DATA_INBAND, 6);
	CHECK_EQ(KMCL_PKT_DATA_XFER_PAGES, 7);
	CHECK_EQ(KMCL_PKT_DATA_GPA_DIRECT, 9);
	CHECK_EQ(KMCL_PKT_CANCEL_REQUEST, 0xa);
	CHECK_EQ(KMCL_PKT_COMPLETION, 0xb);
	CHECK_EQ(KMCL_DESC_FLAG_COMPLETION_REQUESTED, 1);
	CHECK_EQ(KMCL_PIPE_DATA, 1);
	CHECK_EQ(KMCL_PIPE_PARTIAL, 2);
	CHECK_EQ(KMCL_PACKET_MAX, 0x7fff8);
	CHECK_EQ(KMCL_MESSAGE_MAX, 0x7ffe8);
	CHECK_EQ(KMCL_PAGE_SIZE, 4096);
}

TEST(round8_rounds_up)
{
	for (u32 n = 0; n < 4096; n++)
		CHECK_EQ(kmcl_round8(n), (n + 7ull) / 8 * 8);
	CHECK_EQ(kmcl_round8(KMCL_MESSAGE_MAX - 7), KMCL_MESSAGE_MAX);
}

TEST(every_kind_of_malformed_packet_has_its_own_name)
{
	for (int i = 0; i < KMCL_MALFORMED_KINDS; i++) {
		const char *name = kmcl_malformed_name(i);

		CHECK(name && *name);
		for (int j = 0; j < i; j++)
			CHECK(strcmp(name, kmcl_malformed_name(j)));
	}
}

/* ---- descriptors ---- */

static bool is_well_formed(u64 len8, u64 offset8, u64 available)
{
	return available >= 16 + 8 &&			/* descriptor and trailer are there */
	       len8 * 8 + 8 <= available &&		/* all of it is there */
	       offset8 * 8 >= 16 &&			/* payload behind the descriptor */
	       offset8 <= len8;				/* and inside the packet */
}

static void check_descriptor(u16 len8, u16 offset8, u32 available)
{
	struct kmcl_desc desc = {
		.type = 6, .offset8 = offset8, .len8 = len8, .flags = 1,
		.trans_id = 0x1122334455667788,
	};
	struct kmcl_view view;
	enum kmcl_malformed kind;

	memset(&view, 0xee, sizeof(view));
	kind = kmcl_parse_descriptor(&desc, available, &view);
	if (is_well_formed(len8, offset8, available) == !!kind)
		FAIL("len8 %u, offset8 %u, available %u: %s", len8, offset8, available,
		     kmcl_malformed_name(kind));
	if (kind != KMCL_WELL_FORMED)
		return;
	CHECK_EQ(view.length, len8 * 8ull);
	CHECK_EQ(view.offset, offset8 * 8ull);
	CHECK_EQ(view.payload, (len8 - offset8) * 8ull);
	CHECK_EQ(view.type, 6);
	CHECK(view.wants_completion);
	CHECK(view.trans_id == 0x1122334455667788);
	/* What the caller relies on. */
	CHECK(view.length + 8 <= available);
	CHECK(view.offset + view.payload == view.length);
}

TEST(small_descriptors_exhaustively)
{
	for (u32 available = 0; available <= 128; available++) {
		for (u16 len8 = 0; len8 <= 20; len8++) {
			for (u16 offset8 = 0; offset8 <= 20; offset8++)
				check_descriptor(len8, offset8, available);
		}
	}
}

TEST(every_length_at_its_boundaries)
{
	for (u32 len8 = 0; len8 <= 0xffff; len8++) {
		for (int off = -9; off <= 9; off++) {
			long long available = len8 * 8ll + 8 + off;

			if (available < 0)
				continue;
			check_descriptor(len8, 2, available);
			check_descriptor(len8, len8, available);
			check_descriptor(len8, len8 + 1, available);
			check_descriptor(len8, len8 - 1, available);
		}
	}
}

TEST(every_offset_at_its_boundaries)
{
	for (u32 offset8 = 0; offset8 <= 0xffff; offset8++) {
		for (int off = -2; off <= 2; off++) {
			check_descriptor(offset8 + off, offset8, 0x80000);
			check_descriptor(0xffff, offset8, 0x80000 + off);
			check_descriptor(2, offset8, 24 + off);
		}
	}
}

TEST(what_is_available_at_its_boundaries)
{
	static const u32 available[] = { 0, 1, 7, 8, 15, 16, 23, 24, 25, 0x7fff8, 0x7ffff, 0x80000,
					 0x80001, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	static const u16 numbers[] = { 0, 1, 2, 3, 0x1fff, 0x2000, 0x7fff, 0x8000, 0xfffe, 0xffff };

	for (unsigned int a = 0; a < ARRAY_SIZE(available); a++) {
		for (unsigned int l = 0; l < ARRAY_SIZE(numbers); l++) {
			for (unsigned int o = 0; o < ARRAY_SIZE(numbers); o++)
				check_descriptor(numbers[l], numbers[o], available[a]);
		}
	}
}

TEST(random_descriptors)
{
	u64 random = 5;

	for (int i = 0; i < 2000000; i++) {
		u32 len8 = unit_random(&random) >> (16 + unit_below(&random, 16));

		check_descriptor(len8, unit_random(&random) >> (16 + unit_below(&random, 16)),
				 unit_below(&random, 2) ? len8 * 8 + unit_below(&random, 32) :
							  unit_random(&random) >>
							  unit_below(&random, 32));
	}
}

TEST(faults_are_told_apart)
{
	static const struct {
		u16 len8, offset8;
		u32 available;
		enum kmcl_malformed kind;
	} cases[] = {
		{ 2, 2, 24, KMCL_WELL_FORMED },
		{ 2, 2, 23, KMCL_BAD_HEADER },
		{ 2, 2, 16, KMCL_BAD_HEADER },
		{ 2, 2, 0, KMCL_BAD_HEADER },
		{ 3, 2, 24, KMCL_BAD_LENGTH },
		{ 3, 2, 31, KMCL_BAD_LENGTH },
		{ 3, 2, 32, KMCL_WELL_FORMED },
		{ 0xffff, 2, 0x7fff8, KMCL_BAD_LENGTH },
		{ 0xffff, 2, 0x80000, KMCL_WELL_FORMED },
		{ 0, 2, 64, KMCL_BAD_OFFSET },
		{ 1, 2, 64, KMCL_BAD_OFFSET },
		{ 0, 0, 64, KMCL_BAD_OFFSET },
		{ 1, 1, 64, KMCL_BAD_OFFSET },
		{ 3, 1, 64, KMCL_BAD_OFFSET },
		{ 3, 0, 64, KMCL_BAD_OFFSET },
		{ 3, 3, 64, KMCL_WELL_FORMED },
		{ 3, 4, 64, KMCL_BAD_OFFSET },
		{ 3, 0xffff, 64, KMCL_BAD_OFFSET },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmcl_desc desc = { .len8 = cases[i].len8, .offset8 = cases[i].offset8 };
		struct kmcl_view view;

		CHECK_EQ(kmcl_parse_descriptor(&desc, cases[i].available, &view), cases[i].kind);
	}
}

TEST(types_flags_and_ids_pass_through)
{
	static const u64 ids[] = { 0, 1, 0xffffffff, 0x100000000, 0x8000000000000000, ~0ull };
	struct kmcl_desc desc = { .offset8 = 2, .len8 = 2 };
	struct kmcl_view view;

	for (u32 value = 0; value <= 0xffff; value++) {
		desc.type = value;
		desc.flags = value;
		desc.trans_id = ids[value % ARRAY_SIZE(ids)];
		CHECK_EQ(kmcl_parse_descriptor(&desc, 24, &view), KMCL_WELL_FORMED);
		CHECK_EQ(view.type, value);
		CHECK_EQ(view.wants_completion, value % 2);
		CHECK(view.trans_id == desc.trans_id);
		CHECK_EQ(view.payload, 0);
	}
}

/* ---- pipe headers ---- */

static void check_pipe(u32 type, u32 size, u32 payload)
{
	struct kmcl_pipe_header header = { .type = type, .size = size };
	bool good = (type == 1 || type == 2) && (u64)size + 8 <= payload;
	u32 got = 0xdeadbeef;
	enum kmcl_malformed kind = kmcl_parse_pipe_header(&header, payload, &got);

	if (kind != (good ? KMCL_WELL_FORMED : KMCL_BAD_PIPE))
		FAIL("type %u, size %u, payload %u: %s", type, size, payload,
		     kmcl_malformed_name(kind));
	CHECK(!good || got == size);
}

TEST(pipe_headers_exhaustively)
{
	for (u32 type = 0; type <= 4; type++) {
		for (u32 payload = 0; payload <= 80; payload++) {
			for (u32 size = 0; size <= 96; size++)
				check_pipe(type, size, payload);
		}
	}
}

TEST(pipe_header_extremes)
{
	static const u32 sizes[] = { 0, 1, 7, 8, 9, 0x7ffe0, 0x7ffe1, 0x7ffe8, 0x7fffffff,
				     0x80000000, 0xfffffff0, 0xfffffff7, 0xfffffff8,
				     0xfffffff9, 0xffffffff };
	static const u32 types[] = { 0, 1, 2, 3, 0x101, 0x10001, 0x80000001, 0xffffffff };

	for (unsigned int t = 0; t < ARRAY_SIZE(types); t++) {
		for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
			for (unsigned int p = 0; p < ARRAY_SIZE(sizes); p++)
				check_pipe(types[t], sizes[s], sizes[p]);
		}
	}
}

TEST(pipe_size_may_be_read_into_the_payload_variable)
{
	struct kmcl_pipe_header header = { .type = KMCL_PIPE_DATA, .size = 9 };
	u32 length = 24;

	CHECK_EQ(kmcl_parse_pipe_header(&header, length, &length), KMCL_WELL_FORMED);
	CHECK_EQ(length, 9);
}
