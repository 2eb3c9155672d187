// SPDX-License-Identifier: GPL-2.0-only
/*
 * External data of received packets: from the sender's ranges to MDLs, for servers.
 *
 * The ranges are copied out of the ring with the packet. They are believed only as far as they are
 * checked: counts against the bytes that describe them, sizes against the channel's limits, page
 * numbers against the memory that exists.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include "channel.h"
#include "stats.h"

struct cursor {
	const u8 *at;
	u32 left;
};

static const void *next_bytes(struct cursor *cursor, u64 bytes)
{
	const void *at = cursor->at;

	if (bytes > cursor->left)
		return NULL;
	cursor->at += bytes;
	cursor->left -= bytes;
	return at;
}

/* Copy the description with its packet. One that is above the limits is not kept. */
void kmcl_received_copy(struct kmcl_incoming *in, const void *ranges, u32 length)
{
	in->ranges_length = 0;
	in->pended = false;
	if (length > kmcl_incoming_ranges_room(in->ch))
		return;
	memcpy(in->ranges, ranges, length);
	in->ranges_length = length;
}

static void free_chain(PMDL mdl)
{
	while (mdl) {
		PMDL next = mdl->Next;

		if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
			MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
		IoFreeMdl(mdl);
		mdl = next;
	}
}

void kmcl_received_free(struct kmcl_incoming *in)
{
	free_chain(in->mdl);
	in->mdl = NULL;
	in->external = false;
	in->ranges_length = 0;
}

static bool pages_exist(const u64 *pfns, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (pfns[i] > (u64)(~0ul >> KMCL_PAGE_SHIFT) ||
		    !pfn_valid(PHYS_PFN((phys_addr_t)pfns[i] << KMCL_PAGE_SHIFT)))
			return false;
	return true;
}

/* One range. Return: its MDL, or NULL with the reason in @status. */
static PMDL next_mdl(struct cursor *cursor, u64 *total, u32 limit, NTSTATUS *status)
{
	const struct kmcl_range *range = next_bytes(cursor, sizeof(*range));
	const u64 *pfns;
	u32 count;
	PMDL mdl;

	*status = STATUS_INVALID_PARAMETER;
	if (!range || !range->byte_count || range->byte_offset >= KMCL_PAGE_SIZE)
		return NULL;
	*total += range->byte_count;
	if (*total > limit)
		return NULL;
	count = DIV_ROUND_UP((u64)range->byte_offset + range->byte_count, KMCL_PAGE_SIZE);
	pfns = next_bytes(cursor, count * (u64)sizeof(*pfns));
	if (!pfns || !pages_exist(pfns, count))
		return NULL;

	*status = STATUS_INSUFFICIENT_RESOURCES;
	mdl = IoAllocateMdl((PVOID)(uintptr_t)range->byte_offset, range->byte_count, FALSE, FALSE,
			    NULL);
	if (!mdl)
		return NULL;
	memcpy(MmGetMdlPfnArray(mdl), pfns, count * sizeof(*pfns));
	mdl->MdlFlags |= MDL_PAGES_LOCKED;
	return mdl;
}

static NTSTATUS make_chain(struct kmcl_incoming *in)
{
	const struct kmcl_config *config = &in->ch->config;
	struct cursor cursor = { .at = in->ranges, .left = in->ranges_length };
	const struct kmcl_ranges *header = next_bytes(&cursor, sizeof(*header));
	PMDL first = NULL, *link = &first;
	u64 total = 0;
	u32 i;

	if (!header || !header->count || header->count > config->max_chain)
		return STATUS_INVALID_PARAMETER;
	for (i = 0; i < header->count; i++) {
		NTSTATUS status;

		*link = next_mdl(&cursor, &total, config->max_external, &status);
		if (!*link) {
			free_chain(first);
			return status;
		}
		link = &(*link)->Next;
	}
	in->mdl = first;
	return STATUS_SUCCESS;
}

/* For tests: the data of the next so many packets is not ready at once, but the next time. */
static bool must_pend(const struct kmcl_incoming *in)
{
	return !in->mdl && !in->pended && atomic_dec_if_positive(&kmcl_pend_external) >= 0;
}

/**
 * VmbChannelPacketGetExternalData() - get the external data of an incoming packet
 * @PacketCompletionContext: the packet that EvtVmbChannelProcessPacket was called with, with
 *	VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA in its flags
 * @Flags: VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY or 0
 * @Mdl: receives the MDL, perhaps a chain: locked pages without a virtual address. The library's:
 *	not to be freed, and invalid from VmbChannelPacketComplete() on
 *
 * A second call for the same packet returns the same MDL. Only servers receive external data.
 *
 * Context: the packet callback.
 * Return: STATUS_SUCCESS; STATUS_PENDING: return from the callback, the packet is presented again
 * when the data is ready; STATUS_INVALID_DEVICE_REQUEST no external data, or not the packet of
 * this callback; STATUS_INVALID_PARAMETER_1 invalid packet; STATUS_INVALID_PARAMETER_2 unknown
 * flags; STATUS_INVALID_PARAMETER ranges outside the memory or above the limits;
 * STATUS_INSUFFICIENT_RESOURCES. After an error the driver completes the packet as usual.
 *
 * Microsoft: "FN_VMB_CHANNEL_PACKET_GET_EXTERNAL_DATA callback function".
 */
NTSTATUS VmbChannelPacketGetExternalData(VMBPACKETCOMPLETION PacketCompletionContext, UINT32 Flags,
					 PMDL *Mdl)
{
	struct kmcl_incoming *in = kmcl_incoming_from_handle(PacketCompletionContext);
	NTSTATUS status = STATUS_SUCCESS;

	if (!in)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS)
		return STATUS_INVALID_PARAMETER_2;
	if (!Mdl)
		return STATUS_INVALID_PARAMETER;
	if (!kmcl_rx_presented_here(PacketCompletionContext) || !in->external)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (must_pend(in) && kmcl_rx_take_back(in, KMCL_INCOMING_HELD)) {
		in->pended = true;
		WRITE_ONCE(in->ch->rx.held, in);
		return STATUS_PENDING;
	}
	if (!in->mdl)
		status = make_chain(in);
	if (NT_SUCCESS(status))
		*Mdl = in->mdl;
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelPacketGetExternalData);
