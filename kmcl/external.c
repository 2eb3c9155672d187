// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ranges of a GPA-direct packet: one for each MDL that the window touches, with all its pages.
 *
 * Page numbers count 4096 bytes, in MDLs and on the wire, whatever the kernel's page size is.
 */
#include "external.h"

/* The part of one MDL that the window covers. */
struct piece {
	PMDL mdl;
	u32 start;		/* bytes from the start of the MDL's first page */
	u32 length;
};

struct walk {
	PMDL next;
	u32 skip;
	u32 left;
	bool open_end;		/* to the end of the chain */
	bool force;
};

static u32 pages_of(u32 start, u32 length)
{
	return DIV_ROUND_UP((u64)(start % KMCL_PAGE_SIZE) + length, KMCL_PAGE_SIZE);
}

/* How many bytes of an MDL may be used from @skip on. */
static u64 usable(const struct walk *walk, PMDL mdl)
{
	u64 end = (u64)mdl->ByteOffset + mdl->ByteCount;

	if (walk->force)
		end = round_up(end, KMCL_PAGE_SIZE);
	end -= mdl->ByteOffset;
	return end > walk->skip ? end - walk->skip : 0;
}

/* Return: false at the end of the window or of the chain. */
static bool next_piece(struct walk *walk, struct piece *piece)
{
	while (walk->next && (walk->open_end || walk->left)) {
		PMDL mdl = walk->next;
		u64 length = usable(walk, mdl);

		walk->next = walk->force ? NULL : mdl->Next;
		if (!length) {
			walk->skip -= min_t(u32, walk->skip, mdl->ByteCount);
			continue;
		}
		if (!walk->open_end) {
			length = min_t(u64, length, walk->left);
			walk->left -= length;
		}
		piece->mdl = mdl;
		piece->start = mdl->ByteOffset + walk->skip;
		piece->length = length;
		walk->skip = 0;
		return true;
	}
	return false;
}

static void walk_begin(struct walk *walk, const struct kmcl_external *external)
{
	walk->next = external->mdl;
	walk->skip = external->offset;
	walk->left = external->length;
	walk->open_end = !external->length;
	walk->force = external->force && external->length;
}

/* A chain is at most as long as the channel allows, so one that bites its tail is too long. */
static bool chain_is_too_long(const struct kmcl_config *config, PMDL mdl)
{
	u32 count = 0;

	for (; mdl; mdl = mdl->Next)
		if (++count > config->max_chain)
			return true;
	return false;
}

static NTSTATUS measure_pfns(const struct kmcl_config *config,
			     const struct kmcl_external *external, u32 *bytes)
{
	u64 length = (u64)external->pfn_count * KMCL_PAGE_SIZE;

	if (!external->pfn_count || length > config->max_external)
		return STATUS_INVALID_PARAMETER;
	*bytes = sizeof(struct kmcl_ranges) + sizeof(struct kmcl_range) +
		 external->pfn_count * sizeof(u64);
	return STATUS_SUCCESS;
}

/**
 * kmcl_external_measure() - check external data and tell how long its description is
 * @config: the limits
 * @external: a chain or page numbers, not none
 * @bytes: of the description
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER for data outside the MDLs, above the limits, or
 * of 0 bytes.
 */
NTSTATUS kmcl_external_measure(const struct kmcl_config *config,
			       const struct kmcl_external *external, u32 *bytes)
{
	u64 total = 0, description = sizeof(struct kmcl_ranges);
	struct piece piece;
	struct walk walk;

	if (external->pfns)
		return measure_pfns(config, external, bytes);
	if (chain_is_too_long(config, external->mdl))
		return STATUS_INVALID_PARAMETER;
	walk_begin(&walk, external);
	while (next_piece(&walk, &piece)) {
		total += piece.length;
		description += sizeof(struct kmcl_range) +
			       pages_of(piece.start, piece.length) * sizeof(u64);
	}
	if (!total || walk.left || total > config->max_external)
		return STATUS_INVALID_PARAMETER;
	*bytes = description;
	return STATUS_SUCCESS;
}

static void *describe_piece(const struct piece *piece, struct kmcl_range *range)
{
	const PFN_NUMBER *pfns = MmGetMdlPfnArray(piece->mdl) + piece->start / KMCL_PAGE_SIZE;
	u32 i, pages = pages_of(piece->start, piece->length);

	range->byte_count = piece->length;
	range->byte_offset = piece->start % KMCL_PAGE_SIZE;
	for (i = 0; i < pages; i++)
		range->pfns[i] = pfns[i];
	return &range->pfns[pages];
}

/**
 * kmcl_external_describe() - write the description
 * @external: as kmcl_external_measure() has seen it
 * @head: room for as many bytes as it said, 8-byte aligned
 */
void kmcl_external_describe(const struct kmcl_external *external, void *head)
{
	struct kmcl_ranges *header = head;
	struct kmcl_range *range = (void *)(header + 1);
	struct piece piece;
	struct walk walk;
	u32 i;

	header->reserved = 0;
	header->count = 0;
	if (external->pfns) {
		header->count = 1;
		range->byte_count = external->pfn_count * KMCL_PAGE_SIZE;
		range->byte_offset = 0;
		for (i = 0; i < external->pfn_count; i++)
			range->pfns[i] = external->pfns[i];
		return;
	}
	walk_begin(&walk, external);
	while (next_piece(&walk, &piece)) {
		range = describe_piece(&piece, range);
		header->count++;
	}
}
