// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmcl_soak.ko: numbered packets through one pair of local channels, as many as ../soak/run asks
 * for, one in 64 with a completion. The server checks that each number comes once and in order.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/wait.h>

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#define MOST_OPEN	512
#define ACKNOWLEDGED	64
#define LONGEST_BURST	127

static unsigned long packets = 1000000;
module_param(packets, ulong, 0444);
MODULE_PARM_DESC(packets, "how many to send");

static const GUID type = { 0x736f616b, 0, 0, { 1 } };
static const GUID instance = { 0x736f616b, 0, 0, { 2 } };

static VMBCHANNEL server, client;
static struct task_struct *sender;
static DECLARE_WAIT_QUEUE_HEAD(room);

static u64 sent, expected, lost, repeated, replies, refused;
static atomic64_t completed, failed;

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	u64 number = *(u64 *)buffer;

	if (number > expected)
		lost += number - expected;
	if (number < expected)
		repeated++;
	WRITE_ONCE(expected, number + 1);
	VmbChannelPacketComplete(packet, buffer, length);
}

static VOID done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	if (status)
		atomic64_inc(&failed);
	if (buffer && *(u64 *)buffer == (u64)(uintptr_t)VmbPacketGetPointer(packet))
		replies++;
	VmbPacketFree(packet);
	atomic64_inc(&completed);
	if (wq_has_sleeper(&room))
		wake_up(&room);
}

static bool has_room(void)
{
	return kthread_should_stop() || READ_ONCE(sent) - atomic64_read(&completed) < MOST_OPEN;
}

static NTSTATUS send(u64 number)
{
	VMBPACKET packet = VmbPacketAllocate(client);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	VmbPacketSetPointer(packet, (void *)(uintptr_t)number);
	VmbPacketSetCompletionRoutine(packet, done);
	status = VmbPacketSend(packet, &number, sizeof(number), NULL,
			       number % ACKNOWLEDGED ? 0 :
			       VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	if (status)
		VmbPacketFree(packet);
	return status;
}

/* The receiver's softirq comes behind a burst, not behind each packet; no two are alike. */
static void send_burst(void)
{
	unsigned int left = 1 + sent % LONGEST_BURST;
	KIRQL irql;

	KeRaiseIrql(DISPATCH_LEVEL, &irql);
	while (left-- && sent < packets && !refused) {
		WRITE_ONCE(sent, sent + 1);
		if (send(sent - 1))
			refused++;
	}
	KeLowerIrql(irql);
}

static int send_all(void *unused)
{
	while (sent < packets && !refused && !kthread_should_stop()) {
		wait_event(room, has_room());
		send_burst();
		cond_resched();
	}
	/* The module's exit waits for it. */
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

static int get_state(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "sent %llu\ncompleted %lld\nreceived %llu\nlost %llu\n"
			  "repeated %llu\nreplies %llu\nfailed %lld\nrefused %llu\n",
			  READ_ONCE(sent), atomic64_read(&completed), READ_ONCE(expected), lost,
			  repeated, replies, atomic64_read(&failed), refused);
}

static const struct kernel_param_ops state_ops = { .get = get_state };

module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "counters (read only)");

static NTSTATUS open_both(void)
{
	NTSTATUS status;

	status = VmbServerChannelInitSetTargetInterfaceId(server, type, instance) ?:
		 VmbChannelInitSetProcessPacketCallbacks(server, process_packet, NULL) ?:
		 VmbClientChannelInitSetTargetPnp(client, &type, &instance, NULL) ?:
		 VmbChannelEnable(server);
	if (status)
		return status;
	VmbChannelStart(server);
	return VmbChannelEnable(client);
}

static void close_both(void)
{
	VmbChannelDisable(client);
	VmbChannelCleanup(client);
	VmbChannelDisable(server);
	VmbChannelCleanup(server);
}

static int __init soak_init(void)
{
	if (VmbChannelAllocate(NULL, TRUE, &server))
		return -ENOMEM;
	if (VmbChannelAllocate(NULL, FALSE, &client)) {
		VmbChannelCleanup(server);
		return -ENOMEM;
	}
	if (open_both()) {
		close_both();
		return -EIO;
	}
	sender = kthread_run(send_all, NULL, "kmcl-soak");
	if (!IS_ERR(sender))
		return 0;
	close_both();
	return PTR_ERR(sender);
}

static void __exit soak_exit(void)
{
	kthread_stop(sender);
	close_both();
}

module_init(soak_init);
module_exit(soak_exit);
MODULE_DESCRIPTION("KMCL: millions of packets through a pair of local channels");
MODULE_LICENSE("GPL");
