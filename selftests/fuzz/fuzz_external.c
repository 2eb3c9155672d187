// SPDX-License-Identifier: GPL-2.0-only
/*
 * External data on its way out: chains, windows and page numbers that the input makes up. The
 * description is exactly as long as was measured, and describes the bytes that were asked for.
 */
#include "external.h"
#include "input.h"

#define MDLS	6
#define PAGES	6

static struct {
	MDL mdl;
	PFN_NUMBER pfns[PAGES];
} chain[MDLS];

static PMDL make_chain(struct input *in)
{
	unsigned int i, page, count = 1 + input_byte(in) % MDLS;

	for (i = 0; i < count; i++) {
		u32 offset = input_u32(in) % 4096;
		u32 bytes = input_u32(in) % (PAGES * 4096 - offset + 1);

		memset(&chain[i].mdl, 0, sizeof(chain[i].mdl));
		chain[i].mdl.ByteOffset = offset;
		chain[i].mdl.ByteCount = bytes;
		chain[i].mdl.Next = i + 1 < count ? &chain[i + 1].mdl : NULL;
		for (page = 0; page < PAGES; page++)
			chain[i].pfns[page] = (i + 1) << 16 | page;
	}
	if (input_byte(in) == 0xff)
		chain[count - 1].mdl.Next = &chain[0].mdl;
	return &chain[0].mdl;
}

static u32 pages_of(u64 offset, u64 bytes)
{
	return (offset + bytes + 4095) / 4096;
}

/* As a receiver reads it. Return: the bytes that it describes. */
static u64 read_back(const u8 *at, u32 bytes)
{
	struct kmcl_ranges head;
	struct kmcl_range range;
	u64 total = 0;
	u32 i, used = sizeof(head);

	NEED(bytes >= sizeof(head));
	memcpy(&head, at, sizeof(head));
	NEED(head.count && !head.reserved);
	for (i = 0; i < head.count; i++) {
		NEED(used + sizeof(range) <= bytes);
		memcpy(&range, at + used, sizeof(range));
		NEED(range.byte_count && range.byte_offset < 4096);
		used += sizeof(range) + 8 * pages_of(range.byte_offset, range.byte_count);
		total += range.byte_count;
	}
	NEED(used == bytes);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct kmcl_config config = {
		.max_external = 1 + input_u32(&in) % (1 << 20),
		.max_chain = 1 + input_byte(&in) % 8,
	};
	struct kmcl_external external = { };
	u8 flags = input_byte(&in);
	u32 bytes = 0;
	u64 total;
	void *head;

	if (flags & 1) {
		external.pfns = chain[0].pfns;
		external.pfn_count = flags & 2 ? input_u32(&in) : flags % PAGES;
	} else {
		external.mdl = make_chain(&in);
		external.offset = flags & 2 ? input_u32(&in) : input_u32(&in) % 65536;
		external.length = flags & 4 ? input_u32(&in) : input_u32(&in) % 65536;
		external.force = flags & 8;
	}
	if (kmcl_external_measure(&config, &external, &bytes))
		return 0;
	NEED(bytes % 8 == 0);
	if (external.pfns && external.pfn_count > PAGES)
		return 0;
	head = malloc(bytes);
	kmcl_external_describe(&external, head);
	total = read_back(head, bytes);
	NEED(total <= config.max_external);
	if (external.pfns)
		NEED(total == external.pfn_count * 4096ull);
	else if (external.length)
		NEED(total == external.length);
	free(head);
	return 0;
}
