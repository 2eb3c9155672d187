// SPDX-License-Identifier: GPL-2.0-only
/*
 * External data of received packets: from the sender's ranges to MDLs, for servers.
 *
 * The MDLs are made when a packet is taken from the ring, in memory that came with its object: so
 * no request fails for want of memory. The ranges are believed only as far as they are checked:
 * counts against the bytes that describe them, sizes against the channel's limits, page numbers
 * against the memory that exists. They may lie in the ring, where the peer can change them at any
 * time: each byte is read once, and what was read is checked.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include "channel.h"
#include "stats.h"

struct cursor {
	const u8 *at;
	u32 left;
};

static bool take(struct cursor *from, void *to, u64 bytes)
{
	if (bytes > from->left)
		return false;
	memcpy(to, from->at, bytes);
	barrier();	/* and never look there again */
	from->at += bytes;
	from->left -= bytes;
	return true;
}

static u32 pages_of(u32 offset, u32 bytes)
{
	return DIV_ROUND_UP((u64)offset + bytes, KMCL_PAGE_SIZE);
}

static bool pages_exist(const PFN_NUMBER *pfns, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (pfns[i] > (u64)(~0ul >> KMCL_PAGE_SHIFT) ||
		    !pfn_valid(PHYS_PFN((phys_addr_t)pfns[i] << KMCL_PAGE_SHIFT)))
			return false;
	return true;
}

/**
 * kmcl_received_room() - the memory that a packet's object needs for MDLs
 * @ch: its channel; only a server gets external data
 *
 * Return: bytes: those of the longest description, with an MDL for the head of each range.
 */
u32 kmcl_received_room(const struct kmcl_channel *ch)
{
	if (!ch->is_server)
		return 0;
	return kmcl_config_descriptors(&ch->config) + ch->config.max_chain * sizeof(MDL);
}

/*
 * One range becomes an MDL at @to. The limits, of bytes here and of ranges in make_chain(), bound
 * the pages of all of them to what kmcl_received_room() allows.
 *
 * Return: false if the range is not as it should be.
 */
static bool make_mdl(struct cursor *from, PMDL to, u64 *total, u32 limit)
{
	PPFN_NUMBER pfns = MmGetMdlPfnArray(to);
	struct kmcl_range range;
	u32 count;

	if (!take(from, &range, sizeof(range)) || !range.byte_count ||
	    range.byte_offset >= KMCL_PAGE_SIZE)
		return false;
	*total += range.byte_count;
	if (*total > limit)
		return false;
	count = pages_of(range.byte_offset, range.byte_count);
	if (!take(from, pfns, count * (u64)sizeof(*pfns)) || !pages_exist(pfns, count))
		return false;
	MmInitializeMdl(to, (PVOID)(uintptr_t)range.byte_offset, range.byte_count);
	to->MdlFlags |= MDL_PAGES_LOCKED;
	return true;
}

static PMDL behind(PMDL mdl)
{
	return (PMDL)(MmGetMdlPfnArray(mdl) + pages_of(mdl->ByteOffset, mdl->ByteCount));
}

/* Return: the chain, or NULL if its description is wrong. */
static PMDL make_chain(const struct kmcl_config *config, struct cursor *from, PMDL room)
{
	PMDL mdl = room, *link = NULL;
	struct kmcl_ranges header;
	u64 total = 0;
	u32 i;

	if (!take(from, &header, sizeof(header)) || !header.count ||
	    header.count > config->max_chain)
		return NULL;
	for (i = 0; i < header.count; i++, mdl = behind(mdl)) {
		if (!make_mdl(from, mdl, &total, config->max_external))
			return NULL;
		if (link)
			*link = mdl;
		link = &mdl->Next;
	}
	return room;
}

/**
 * kmcl_received_make() - make the MDLs of a packet's external data
 * @in: the packet, not presented yet
 * @ranges: their description
 * @length: bytes of it
 *
 * A wrong description is remembered as such: the driver learns it when it asks for the data.
 */
void kmcl_received_make(struct kmcl_incoming *in, const void *ranges, u32 length)
{
	struct cursor from = { .at = ranges, .left = length };

	in->asked = false;
	in->mdl = make_chain(&in->ch->config, &from, in->mdl_room);
}

/* The driver is done with them. */
void kmcl_received_end(struct kmcl_incoming *in)
{
	PMDL mdl;

	for (mdl = in->mdl; mdl; mdl = mdl->Next)
		if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
			MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	in->mdl = NULL;
	in->external = false;
}

/* Bytes of the ranges that kmcl_received_describe() writes. */
u32 kmcl_received_description(const struct kmcl_incoming *in)
{
	u32 bytes = in->mdl ? sizeof(struct kmcl_ranges) : 0;
	PMDL mdl;

	for (mdl = in->mdl; mdl; mdl = mdl->Next)
		bytes += sizeof(struct kmcl_range) +
			 pages_of(mdl->ByteOffset, mdl->ByteCount) * sizeof(PFN_NUMBER);
	return bytes;
}

static u8 *put(u8 *at, const void *from, u32 bytes)
{
	memcpy(at, from, bytes);
	return at + bytes;
}

/* The ranges again, for a save; of a wrong description nothing is left. */
void kmcl_received_describe(const struct kmcl_incoming *in, u8 *to)
{
	struct kmcl_ranges header = { };
	u8 *at = to + sizeof(header);
	PMDL mdl;

	if (!in->mdl)
		return;
	for (mdl = in->mdl; mdl; mdl = mdl->Next) {
		struct kmcl_range range = {
			.byte_count = mdl->ByteCount,
			.byte_offset = mdl->ByteOffset,
		};

		at = put(at, &range, sizeof(range));
		at = put(at, MmGetMdlPfnArray(mdl), pages_of(mdl->ByteOffset, mdl->ByteCount) *
			 sizeof(PFN_NUMBER));
		header.count++;
	}
	put(to, &header, sizeof(header));
}

/* For tests: the data of the next so many packets is not ready at once, but the next time. */
static bool must_pend(const struct kmcl_incoming *in)
{
	return !in->asked && atomic_dec_if_positive(&kmcl_pend_external) >= 0;
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
 * flags; STATUS_INVALID_PARAMETER ranges outside the memory or above the limits. After an error the
 * driver completes the packet as usual.
 *
 * Microsoft: "FN_VMB_CHANNEL_PACKET_GET_EXTERNAL_DATA callback function".
 */
NTSTATUS VmbChannelPacketGetExternalData(VMBPACKETCOMPLETION PacketCompletionContext, UINT32 Flags,
					 PMDL *Mdl)
{
	struct kmcl_incoming *in = kmcl_incoming_from_handle(PacketCompletionContext);
	bool pend;

	if (!in)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS)
		return STATUS_INVALID_PARAMETER_2;
	if (!Mdl)
		return STATUS_INVALID_PARAMETER;
	if (!kmcl_rx_presented_here(PacketCompletionContext) || !in->external)
		return STATUS_INVALID_DEVICE_REQUEST;
	pend = must_pend(in);
	in->asked = true;
	if (pend && kmcl_rx_take_back(in, KMCL_INCOMING_HELD)) {
		WRITE_ONCE(in->ch->rx.held, in);
		return STATUS_PENDING;
	}
	if (!in->mdl)
		return STATUS_INVALID_PARAMETER;
	*Mdl = in->mdl;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(VmbChannelPacketGetExternalData);
