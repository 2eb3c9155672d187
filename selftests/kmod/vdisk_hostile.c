// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server for vdisk_vsc that lies and breaks its channel, when its parameters say so. It keeps no
 * data: what is read from its disk is zeroes.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "channel.h"

#include <initguid.h>

#include "../../samples/vdisk/protocol.h"

static unsigned int size = 16;
module_param(size, uint, 0644);
MODULE_PARM_DESC(size, "MiB, as told by the next hello");

static unsigned int block_size = VDISK_SECTOR;
module_param(block_size, uint, 0644);
MODULE_PARM_DESC(block_size, "bytes, as told by the next hello");

static unsigned int range = 1 << 30;
module_param(range, uint, 0644);
MODULE_PARM_DESC(range, "bytes of a discard, as told by the next hello");

static bool ruin;
module_param(ruin, bool, 0644);
MODULE_PARM_DESC(ruin, "Y: the next request finds a ring that is ruined, and no reply");

static bool ruin_hello;
module_param(ruin_hello, bool, 0644);
MODULE_PARM_DESC(ruin_hello, "Y: the same with the next hello");

static VMBCHANNEL server;
static VMBPACKETCOMPLETION unanswered;

static VOID answer_hello(VMBPACKETCOMPLETION packet)
{
	VDISK_HELLO_REPLY reply = {
		.Reply.Header = VdiskHeader(VDISK_HELLO | VDISK_REPLY_BIT, sizeof(reply)),
		.Capacity = (UINT64)size << 20,
		.BlockSize = block_size,
		.MaximumTransfer = VDISK_MAXIMUM_TRANSFER,
		.MaximumRange = range,
	};

	VmbChannelPacketComplete(packet, &reply, sizeof(reply));
}

static VOID answer(VMBPACKETCOMPLETION packet, UINT16 type)
{
	VDISK_REPLY reply = { .Header = VdiskHeader(type | VDISK_REPLY_BIT, sizeof(reply)) };
	PMDL mdl;

	if (type == VDISK_READ && !VmbChannelPacketGetExternalData(packet, 0, &mdl)) {
		PVOID at = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);

		if (at)
			memset(at, 0, MmGetMdlByteCount(mdl));
	}
	VmbChannelPacketComplete(packet, &reply, sizeof(reply));
}

/* An index that no packet can have, and the signal to look at it. */
static void ruin_ring(VMBPACKETCOMPLETION packet)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)server;

	unanswered = packet;
	WRITE_ONCE(ch->link.out.ctl->write_index, 4);
	ch->offer->bus->ops->signal(ch->offer);
}

static VOID process(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
		    UINT32 flags)
{
	const VDISK_HEADER *message = buffer;
	bool *spoil = message->Type == VDISK_HELLO ? &ruin_hello : &ruin;

	if (*spoil) {
		*spoil = false;
		ruin_ring(packet);
	} else if (message->Type == VDISK_HELLO) {
		answer_hello(packet);
	} else {
		answer(packet, message->Type);
	}
}

/* Closing waits for every packet. */
static VOID suspend(VMBCHANNEL channel)
{
	if (unanswered)
		VmbChannelPacketComplete(unanswered, NULL, 0);
	unanswered = NULL;
}

/* Whatever is written. */
static int tell(const char *value, const struct kernel_param *kp)
{
	VDISK_HEADER message = VdiskHeader(VDISK_CHANGED, sizeof(message));
	VMBPACKET packet = VmbPacketAllocate(server);

	if (!packet)
		return -ENOMEM;
	if (!VmbPacketSend(packet, &message, sizeof(message), NULL, 0))
		return 0;
	VmbPacketFree(packet);
	return -EIO;
}

static const struct kernel_param_ops tell_ops = { .set = tell };
module_param_cb(tell, &tell_ops, NULL, 0200);
MODULE_PARM_DESC(tell, "tell the client that the disk has changed");

static NTSTATUS offer(void)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelSuspend = suspend;
	VmbChannelInitSetStateChangeCallbacks(server, &callbacks);
	VmbChannelInitSetProcessPacketCallbacks(server, process, NULL);
	VmbServerChannelInitSetTargetInterfaceId(server, GUID_VDISK_INTERFACE, GUID_VDISK_INSTANCE);
	/* To map pages that are not contiguous takes PASSIVE_LEVEL. */
	VmbChannelSetIncomingProcessingAtPassive(server, TRUE);
	return VmbChannelEnable(server);
}

static int __init hostile_init(void)
{
	if (VmbChannelAllocate(NULL, TRUE, &server))
		return -ENOMEM;
	if (offer()) {
		VmbChannelCleanup(server);
		return -EBUSY;
	}
	VmbChannelStart(server);
	return 0;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	VmbChannelDisable(server);
	VmbChannelCleanup(server);
}
module_exit(hostile_exit);
MODULE_DESCRIPTION("A server of the vdisk that lies");
MODULE_LICENSE("GPL");
