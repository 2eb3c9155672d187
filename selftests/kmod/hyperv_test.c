// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmcl_hyperv_test.ko: a client channel on the Dynamic Memory device of a real VMBus, moved by
 * hyperv.sh through parameters. The host is stock hv-balloon, which answers a version request that
 * it cannot accept with a refusal, as often as it is asked, and never sends a completion packet.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#define WAIT_FLAG	VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION
#define MOST_OPEN	200

static const GUID dynamic_memory = {
	0x525074dc, 0x8985, 0x46e2, { 0x80, 0x57, 0xa3, 0x07, 0xdc, 0x18, 0xa5, 0x02 }
};

/* drivers/hv/hv_balloon.c: struct dm_version_request. */
struct version_request {
	u16 type;
	u16 size;
	u32 transaction;
	u32 version;
	u32 is_last_attempt;
};

static VMBCHANNEL channel;
static struct task_struct *traffic;

static DEFINE_SPINLOCK(log_lock);
static char log[512];		/* as in client.h, without repeats */
static atomic_t accepted, completed, removed, received;
static long long took_ms;

/* Packets that come and go alternate for long: they leave room for the rest. */
static void note(char letter)
{
	size_t room = sizeof(log) - 1, used;

	if (letter == 'c' || letter == 'd')
		room /= 2;
	spin_lock_bh(&log_lock);
	used = strlen(log);
	if (used < room && (!used || log[used - 1] != letter))
		log[used] = letter;
	spin_unlock_bh(&log_lock);
}

/* ---- callbacks ---- */

static NTSTATUS opened(VMBCHANNEL ch)
{
	note('O');
	return STATUS_SUCCESS;
}

static VOID closed(VMBCHANNEL ch)
{
	note('C');
}

static VOID suspend(VMBCHANNEL ch)
{
	note('U');
}

static VOID started(VMBCHANNEL ch)
{
	note('S');
}

static VOID post_started(VMBCHANNEL ch)
{
	note('P');
}

static VOID process_packet(VMBCHANNEL ch, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
			   UINT32 flags)
{
	note('d');
	atomic_inc(&received);
	VmbChannelPacketComplete(packet, NULL, 0);
}

static VOID sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	note(status == STATUS_DEVICE_REMOVED ? 'r' : 'c');
	if (status == STATUS_DEVICE_REMOVED)
		atomic_inc(&removed);
	atomic_inc(&completed);
	VmbPacketFree(packet);
}

/* ---- what the script asks for ---- */

/* No host knows version 99. */
static struct version_request request(void)
{
	return (struct version_request){
		.type = 1, .size = sizeof(struct version_request), .version = 99 << 16
	};
}

static NTSTATUS send(u32 flags)
{
	struct version_request message = request();
	VMBPACKET packet = VmbPacketAllocate(channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	VmbPacketSetCompletionRoutine(packet, sent);
	atomic_inc(&accepted);
	status = VmbPacketSend(packet, &message, sizeof(message), NULL, flags);
	if (status) {
		atomic_dec(&accepted);
		VmbPacketFree(packet);
	}
	return status;
}

static int traffic_thread(void *unused)
{
	while (!kthread_should_stop()) {
		bool wait = atomic_read(&accepted) - atomic_read(&completed) < MOST_OPEN;

		send(wait ? WAIT_FLAG : 0);
		usleep_range(500, 1000);
	}
	return 0;
}

static void stop_traffic(void)
{
	if (traffic)
		kthread_stop(traffic);
	traffic = NULL;
}

static NTSTATUS synchronous(unsigned int ms)
{
	struct version_request message = request();
	LARGE_INTEGER timeout = { .QuadPart = ms * -10000LL };
	ktime_t start = ktime_get();
	NTSTATUS status;

	status = VmbChannelSendSynchronousRequest(channel, &message, sizeof(message), NULL,
						  WAIT_FLAG, NULL, NULL, &timeout);
	took_ms = ktime_ms_delta(ktime_get(), start);
	return status;
}

static NTSTATUS cycle(unsigned int count)
{
	NTSTATUS status = STATUS_SUCCESS;

	while (count-- && !status) {
		status = VmbChannelEnable(channel);
		send(WAIT_FLAG);
		send(0);
		VmbChannelDisable(channel);
	}
	return status;
}

static NTSTATUS enable(void)
{
	return VmbChannelEnable(channel);
}

static NTSTATUS last_status;

static int set_command(const char *text, const struct kernel_param *kp)
{
	unsigned int n = 0;

	if (sysfs_streq(text, "enable")) {
		last_status = enable();
	} else if (sysfs_streq(text, "disable")) {
		VmbChannelDisable(channel);
	} else if (sysfs_streq(text, "forget")) {
		spin_lock_bh(&log_lock);
		memset(log, 0, sizeof(log));
		spin_unlock_bh(&log_lock);
	} else if (sysfs_streq(text, "traffic")) {
		traffic = kthread_run(traffic_thread, NULL, "kmcl-traffic");
	} else if (sysfs_streq(text, "quiet")) {
		stop_traffic();
	} else if (sscanf(text, "request %u", &n) == 1) {
		last_status = synchronous(n);
	} else if (sscanf(text, "cycles %u", &n) == 1) {
		last_status = cycle(n);
	} else {
		return -EINVAL;
	}
	return 0;
}

static int get_state(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "log %s\nstatus %#x\nms %lld\n"
			  "accepted %d\ncompleted %d\nremoved %d\nreceived %d\n",
			  log, (u32)last_status, took_ms, atomic_read(&accepted),
			  atomic_read(&completed), atomic_read(&removed), atomic_read(&received));
}

static const struct kernel_param_ops command_ops = { .set = set_command };
static const struct kernel_param_ops state_ops = { .get = get_state };

module_param_cb(command, &command_ops, NULL, 0200);
MODULE_PARM_DESC(command, "enable, disable, forget, traffic, quiet, 'request MS' or 'cycles N'");
module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "log of callbacks, result of the last command, counters (read only)");

static int __init hyperv_test_init(void)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	if (VmbChannelAllocate(NULL, FALSE, &channel))
		return -ENOMEM;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelClosed = closed;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	VmbChannelInitSetStateChangeCallbacks(channel, &callbacks);
	VmbChannelInitSetProcessPacketCallbacks(channel, process_packet, NULL);
	VmbClientChannelInitSetTargetPnp(channel, &dynamic_memory, NULL, NULL);
	return 0;
}

static void __exit hyperv_test_exit(void)
{
	stop_traffic();
	VmbChannelDisable(channel);
	VmbChannelCleanup(channel);
}

module_init(hyperv_test_init);
module_exit(hyperv_test_exit);
MODULE_DESCRIPTION("KMCL: test of a client channel on a real VMBus");
MODULE_LICENSE("GPL");
