// SPDX-License-Identifier: GPL-2.0-only
/*
 * A peer that writes while we read. The input is what lies in the ring and, for every look and
 * every copy of ours, whether and what the peer rewrites then: data, descriptors, both indices.
 * What the driver is given is whole, within its limits, and does not change; each packet is
 * completed once; a channel that has failed delivers nothing more.
 */
#include "channel.h"

static struct input in;
static bool in_hook;

static void rewrite(void)
{
	u8 what = input_byte(&in);
	u32 at;

	switch (what % 8) {
	case 0:
		host.to_guest.ctl->write_index = input_u32(&in);
		break;
	case 1:
		host.to_guest.ctl->write_index = input_byte(&in) * 8;
		break;
	case 2:
		host.from_guest.ctl->read_index = input_u32(&in);
		break;
	case 3:
		host.to_guest.ctl->feature_bits = what;
		host.to_guest.ctl->pending_send_sz = input_u32(&in);
		break;
	default:
		at = input_u32(&in) % (host.in.size - 8);
		input_bytes(&in, host.in.memory + 4096 + at, 1 + what / 32);
	}
}

/* Most looks are left alone, or nothing would ever be read. */
static void hook(void)
{
	if (in_hook || !in.left || input_byte(&in) < 0xe0)
		return;
	in_hook = true;
	rewrite();
	in_hook = false;
}

static VOID process(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
		    UINT32 flags)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)channel;
	u8 copy[1024];
	PMDL mdl;

	NEED(length <= kmcl_round8(ch->config.max_packet));
	NEED(!ch->rx.failed);
	memcpy(copy, buffer, length);
	machine_glance();
	NEED(!memcmp(copy, buffer, length));
	if (flags)
		NEED(ch->is_server);
	if (VmbChannelPacketGetExternalData(packet, 0, &mdl) == STATUS_SUCCESS) {
		u64 total = 0;
		u32 count = 0;

		for (; mdl; mdl = mdl->Next, count++)
			total += MmGetMdlByteCount(mdl);
		NEED(count && count <= ch->config.max_chain && total <= ch->config.max_external);
	}
	driver.packets++;
	VmbChannelPacketComplete(packet, buffer, length > 512 ? 512 : length);
}

static void begin(bool is_server, bool pipe)
{
	if (is_server)
		driver_init_server(&driver);
	else
		driver_init_client(&driver, 1);
	NEED(!VmbChannelInitSetProcessPacketCallbacks(driver.channel, process, NULL));
	if (pipe)
		NEED(!VmbChannelInitSetFlags(driver.channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE));
	if (!is_server)
		host_offer(&host);
	NEED(!driver_enable(&driver));
	if (is_server) {
		VmbChannelStart(driver.channel);
		host_knock(&host);
	}
	machine_settle();
	NEED(host.is_open);
}

/* The ring's content, and where it ends. */
static void fill(void)
{
	u32 bytes = input_byte(&in) * 8u;
	u32 i;

	input_bytes(&in, host.in.memory + 4096, bytes);
	host.to_guest.ctl->write_index = bytes;
	/* Ids of what it has been sent, so that completions can be right. */
	for (i = 0; i < bytes / 64; i++)
		if (driver_send(&driver, "ask", 3, WAIT_FLAG))
			break;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	unsigned int failures, i;
	u8 kind;

	if (!begun)
		host_begin();
	begun = true;
	in = (struct input) { data, size };
	kind = input_byte(&in);
	host_init(&host);
	host_of_server = &host;
	begin(kind & 1, (kind & 6) == 6);
	fill();
	machine_hook = hook;
	for (i = 0; i < 4; i++)
		host_signal_now(&host);
	machine_hook = NULL;
	failures = driver.packets;
	if (((struct kmcl_channel *)driver.channel)->rx.failed) {
		host_signal_now(&host);
		NEED(driver.packets == failures);
	}
	channel_end();
	NEED(driver.completed <= 32);
	return 0;
}
