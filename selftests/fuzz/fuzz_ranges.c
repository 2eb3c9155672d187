// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges that a server is sent, all of the packet the input's. What becomes an MDL lies within the
 * limits and in memory that exists, and says what the range has said.
 */
#include "channel.h"

static u8 packet[1024];
static u32 packet_length;

static void check_chain(PMDL mdl, const struct kmcl_config *config)
{
	const u8 *at = packet + sizeof(struct kmcl_ranges);
	u64 total = 0;
	u32 count = 0, page;

	for (; mdl; mdl = mdl->Next, count++) {
		struct kmcl_range range;
		u32 pages;

		memcpy(&range, at, sizeof(range));
		at += sizeof(range);
		NEED(MmGetMdlByteCount(mdl) == range.byte_count);
		NEED(MmGetMdlByteOffset(mdl) == range.byte_offset && range.byte_offset < 4096);
		pages = (range.byte_offset + (u64)range.byte_count + 4095) / 4096;
		for (page = 0; page < pages; page++, at += 8) {
			u64 pfn;

			memcpy(&pfn, at, sizeof(pfn));
			NEED(pfn < MACHINE_PFNS && MmGetMdlPfnArray(mdl)[page] == pfn);
		}
		total += range.byte_count;
	}
	NEED(at <= packet + packet_length);
	NEED(count && count <= config->max_chain && total && total <= config->max_external);
}

static VOID process(VMBCHANNEL channel, VMBPACKETCOMPLETION completion, PVOID buffer,
		    UINT32 length, UINT32 flags)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)channel;
	NTSTATUS status;
	PMDL mdl;

	driver.packets++;
	NEED(flags == VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA);
	status = VmbChannelPacketGetExternalData(completion, 0, &mdl);
	NEED(status == STATUS_SUCCESS || status == STATUS_INVALID_PARAMETER);
	if (!status)
		check_chain(mdl, &ch->config);
	VmbChannelPacketComplete(completion, NULL, 0);
}

/* One server for all inputs: a packet leaves nothing behind. */
static void begin(void)
{
	host_begin();
	host_init(&host);
	host_of_server = &host;
	driver_init_server(&driver);
	NEED(!VmbChannelInitSetProcessPacketCallbacks(driver.channel, process, NULL));
	NEED(!driver_enable(&driver));
	VmbChannelStart(driver.channel);
	host_knock(&host);
	machine_settle();
	NEED(host.is_open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct kmcl_desc desc = { .type = KMCL_PKT_DATA_GPA_DIRECT };
	unsigned int before = driver.packets;
	long allocated;

	if (!driver.channel)
		begin();
	packet_length = min_t(size_t, size & ~7ul, sizeof(packet));
	input_bytes(&in, packet, packet_length);
	desc.offset8 = 2 + packet_length / 8;
	desc.len8 = desc.offset8;
	allocated = machine_allocated;
	NEED(!host_write(&host, &desc, packet, packet_length, desc.len8 * 8u));
	machine_settle();
	NEED(driver.packets == before + 1);
	NEED(machine_allocated <= allocated + 1);
	return 0;
}
