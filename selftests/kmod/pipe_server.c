// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe_server.ko: a server channel that programs open, moved by pipe_program.c through parameters.
 * It sends every message back, keeps it, or says what it is told to.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#define MAX_MESSAGE	1024

static const GUID type = {
	0x70697065, 0x7465, 0x7374, { 0x9c, 0x54, 1, 2, 3, 4, 5, 6 }
};

static const GUID instance = {
	0x70697065, 0x7465, 0x7374, { 0x9c, 0x54, 1, 2, 3, 4, 5, 7 }
};

static VMBCHANNEL channel;
static bool refuses, keeps;
static unsigned int raw;	/* maximum packet size of a server that makes the headers itself */
static atomic_t opens, closes, received, received_bytes;

static DEFINE_SPINLOCK(kept_lock);
static VMBPACKETCOMPLETION kept;	/* with a quota of 1, one */

static NTSTATUS send(const void *message, u32 length)
{
	VMBPACKET packet = VmbPacketAllocate(channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbPacketSend(packet, length ? (PVOID)message : NULL, length, NULL, 0);
	if (status)
		VmbPacketFree(packet);
	return status;
}

/* ---- callbacks ---- */

static NTSTATUS opened(VMBCHANNEL ch)
{
	if (READ_ONCE(refuses))
		return STATUS_UNSUCCESSFUL;
	atomic_inc(&opens);
	return STATUS_SUCCESS;
}

static VOID closed(VMBCHANNEL ch)
{
	atomic_inc(&closes);
}

static void complete_kept(void)
{
	VMBPACKETCOMPLETION packet;

	spin_lock_bh(&kept_lock);
	packet = kept;
	kept = NULL;
	spin_unlock_bh(&kept_lock);
	if (packet)
		VmbChannelPacketComplete(packet, NULL, 0);
}

static VOID suspend(VMBCHANNEL ch)
{
	complete_kept();
}

static VOID process_packet(VMBCHANNEL ch, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
			   UINT32 flags)
{
	bool mine = false;

	atomic_inc(&received);
	atomic_add(length, &received_bytes);
	spin_lock_bh(&kept_lock);
	if (keeps)
		kept = packet;
	else
		mine = true;
	spin_unlock_bh(&kept_lock);
	if (!mine)
		return;
	send(buffer, length);
	VmbChannelPacketComplete(packet, NULL, 0);
}

/* ---- what the program asks for ---- */

static NTSTATUS offer(u32 flags)
{
	NTSTATUS status;

	VmbChannelDisable(channel);
	VmbServerChannelInitSetFlags(channel, flags);
	VmbChannelInitSetFlags(channel, raw ? 0 : VMBUS_CHANNEL_INIT_FLAG_IS_PIPE);
	VmbChannelInitSetMaximumPacketSize(channel, raw ?: MAX_MESSAGE);
	status = VmbChannelEnable(channel);
	VmbChannelStart(channel);
	return status;
}

static NTSTATUS say(unsigned int count)
{
	NTSTATUS status = STATUS_SUCCESS;
	u64 i;

	for (i = 0; i < count && !status; i++)
		status = send(&i, sizeof(i));
	return status;
}

static void keep(bool keep)
{
	spin_lock_bh(&kept_lock);
	keeps = keep;
	spin_unlock_bh(&kept_lock);
	if (!keep)
		complete_kept();
}

/* The kernel has no pipe packet of this type. */
static NTSTATUS say_nonsense(void)
{
	static const u32 nonsense[] = { 7, 4, 0, 0 };

	return send(nonsense, sizeof(nonsense));
}

/* The longest packet, whose header counts what the ring pads it with as well. */
static NTSTATUS say_padded(void)
{
	u32 *packet = kvzalloc(raw, GFP_KERNEL);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	packet[0] = 1;
	packet[1] = ALIGN(raw, 8) - 2 * sizeof(*packet);
	status = send(packet, raw);
	kvfree(packet);
	return status;
}

static NTSTATUS last_status;

static int set_command(const char *text, const struct kernel_param *kp)
{
	unsigned int n = 0;

	if (sysfs_streq(text, "disable"))
		VmbChannelDisable(channel);
	else if (sysfs_streq(text, "nonsense"))
		last_status = say_nonsense();
	else if (sysfs_streq(text, "padded") && raw)
		last_status = say_padded();
	else if (sscanf(text, "offer %u", &n) == 1)
		last_status = offer(n);
	else if (sscanf(text, "refuse %u", &n) == 1)
		WRITE_ONCE(refuses, n);
	else if (sscanf(text, "keep %u", &n) == 1)
		keep(n);
	else if (sscanf(text, "raw %u", &n) == 1)
		raw = n;
	else if (sscanf(text, "say %u", &n) == 1)
		last_status = say(n);
	else
		return -EINVAL;
	return 0;
}

static int get_state(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "status %#x\nopens %d\ncloses %d\nreceived %d\nbytes %d\n",
			  (u32)last_status, atomic_read(&opens), atomic_read(&closes),
			  atomic_read(&received), atomic_read(&received_bytes));
}

static const struct kernel_param_ops command_ops = { .set = set_command };
static const struct kernel_param_ops state_ops = { .get = get_state };

module_param_cb(command, &command_ops, NULL, 0200);
MODULE_PARM_DESC(command, "offer FLAGS, disable, say N, nonsense, padded; keep or refuse 0 or 1; raw BYTES");
module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "result of the last command, counters (read only)");

static int __init pipe_server_init(void)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	if (VmbChannelAllocate(NULL, TRUE, &channel))
		return -ENOMEM;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelClosed = closed;
	VmbChannelInitSetStateChangeCallbacks(channel, &callbacks);
	VmbChannelInitSetProcessPacketCallbacks(channel, process_packet, NULL);
	VmbChannelInitSetMaximumPacketSize(channel, MAX_MESSAGE);
	VmbChannelSetTransactionQuota(channel, 1);
	VmbServerChannelInitSetTargetInterfaceId(channel, type, instance);
	return 0;
}

static void __exit pipe_server_exit(void)
{
	VmbChannelDisable(channel);
	VmbChannelCleanup(channel);
}

module_init(pipe_server_init);
module_exit(pipe_server_exit);
MODULE_DESCRIPTION("KMCL: a server that programs open, for tests");
MODULE_LICENSE("GPL");
