// SPDX-License-Identifier: GPL-2.0-only
/*
 * watched.ko: a client and a server on the local bus for observe.sh to look at. The server can be
 * told to sit on packets, so that a ring fills, a queue grows, and a packet grows old.
 *
 * Everything is a parameter: `hold` says how many packets the server keeps from now on, `send`
 * sends so many requests, `release` completes those that are kept, and `state` tells what the
 * drivers themselves have counted.
 */
#include <linux/module.h>
#include <linux/slab.h>

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#define MOST_KEPT	1024

static const GUID type = { 0x77617463, 0, 0, { 1 } };
static const GUID instance = { 0x77617463, 0, 0, { 2 } };

static VMBCHANNEL server, client;
static DEFINE_SPINLOCK(lock);
static VMBPACKETCOMPLETION kept[MOST_KEPT];
static unsigned int kept_count;
static unsigned int hold;
static u64 received;
static atomic64_t sent, completed;

module_param(hold, uint, 0644);
MODULE_PARM_DESC(hold, "packets that the server keeps from now on");

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	bool keep;

	spin_lock_bh(&lock);
	received++;
	keep = hold && kept_count < MOST_KEPT;
	if (keep) {
		hold--;
		kept[kept_count++] = packet;
	}
	spin_unlock_bh(&lock);
	if (!keep)
		VmbChannelPacketComplete(packet, buffer, length);
}

static VOID done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	VmbPacketFree(packet);
	atomic64_inc(&completed);
}

static int send_one(u64 number)
{
	VMBPACKET packet = VmbPacketAllocate(client);

	if (!packet)
		return -ENOMEM;
	VmbPacketSetCompletionRoutine(packet, done);
	if (VmbPacketSend(packet, &number, sizeof(number), NULL,
			  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION)) {
		VmbPacketFree(packet);
		return -EIO;
	}
	atomic64_inc(&sent);
	return 0;
}

static int set_send(const char *text, const struct kernel_param *kp)
{
	unsigned int count;
	int err = kstrtouint(text, 0, &count);

	while (!err && count--)
		err = send_one(count);
	return err;
}

static int set_release(const char *text, const struct kernel_param *kp)
{
	VMBPACKETCOMPLETION packet;

	do {
		spin_lock_bh(&lock);
		packet = kept_count ? kept[--kept_count] : NULL;
		spin_unlock_bh(&lock);
		if (packet)
			VmbChannelPacketComplete(packet, NULL, 0);
	} while (packet);
	return 0;
}

static int get_state(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "sent %lld\ncompleted %lld\nreceived %llu\nkept %u\n",
			  atomic64_read(&sent), atomic64_read(&completed), READ_ONCE(received),
			  READ_ONCE(kept_count));
}

static const struct kernel_param_ops send_ops = { .set = set_send };
static const struct kernel_param_ops release_ops = { .set = set_release };
static const struct kernel_param_ops state_ops = { .get = get_state };

module_param_cb(send, &send_ops, NULL, 0200);
MODULE_PARM_DESC(send, "send so many requests");
module_param_cb(release, &release_ops, NULL, 0200);
MODULE_PARM_DESC(release, "complete what is kept");
module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "what the drivers have counted");

/* A name that nobody should print, and half a surrogate pair. */
static NTSTATUS name_both(void)
{
	static WCHAR evil[] = { '.', '.', '/', '"', '\\', '\n', 0x1b, '[', '2', 'J', 0x202e,
				0xe4, 0xd83d };
	DECLARE_CONST_UNICODE_STRING(plain, L"Watched client");
	UNICODE_STRING name = { sizeof(evil), sizeof(evil), evil };

	return VmbChannelInitSetFriendlyName(client, &plain) ?:
	       VmbChannelInitSetFriendlyName(server, &name);
}

static NTSTATUS open_both(void)
{
	NTSTATUS status;

	status = name_both() ?:
		 VmbServerChannelInitSetTargetInterfaceId(server, type, instance) ?:
		 VmbChannelInitSetProcessPacketCallbacks(server, process_packet, NULL) ?:
		 VmbClientChannelInitSetTargetPnp(client, &type, &instance, NULL) ?:
		 VmbClientChannelInitSetRingBufferPageCount(client, 1, 1) ?:
		 VmbChannelEnable(server);
	if (status)
		return status;
	VmbChannelStart(server);
	return VmbChannelEnable(client);
}

static void close_both(void)
{
	set_release(NULL, NULL);
	VmbChannelDisable(client);
	VmbChannelCleanup(client);
	VmbChannelDisable(server);
	VmbChannelCleanup(server);
}

static int __init watched_init(void)
{
	if (VmbChannelAllocate(NULL, TRUE, &server))
		return -ENOMEM;
	if (VmbChannelAllocate(NULL, FALSE, &client)) {
		VmbChannelCleanup(server);
		return -ENOMEM;
	}
	if (!open_both())
		return 0;
	close_both();
	return -EIO;
}

static void __exit watched_exit(void)
{
	hold = 0;
	close_both();
}

module_init(watched_init);
module_exit(watched_exit);
MODULE_DESCRIPTION("KMCL: a pair of channels to look at");
MODULE_LICENSE("GPL");
