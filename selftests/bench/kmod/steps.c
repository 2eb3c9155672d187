// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each step of a packet costs on the local bus. `echo CHANNELS OUTSTANDING >parameters/crowd`
 * opens so many pairs of channels and has the server of one more hold so many packets; reading
 * parameters/steps sends packets there, one at a time, and tells the median of each step. In a
 * guest under -icount a nanosecond is an instruction.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "kmcl_client.h"

#define PAYLOAD		64
#define SAMPLES		101
#define BURST		64
#define MOST_CHANNELS	2000u
#define MOST_OUTSTANDING	200000u
#define HOLD_SECONDS		60

/* Moments of one request, in their order. */
enum moment {
	BEGUN, ALLOCATED, SENT, PRESENTED, REPLIED, ROUTINE, FREED, BURST_BEGUN, BURST_DONE, MOMENTS
};

static const char * const names[] = {
	[ALLOCATED] = "allocate", [SENT] = "send", [PRESENTED] = "receive", [REPLIED] = "complete",
	[ROUTINE] = "routine", [FREED] = "free",
};

struct end_pair {
	VMBCHANNEL server, client;
};

static DEFINE_MUTEX(lock);
static struct end_pair main_pair;
static struct end_pair *crowd;
static unsigned int crowd_size, held_size;
static VMBPACKETCOMPLETION *held;
static unsigned int holding;		/* still to hold */
static atomic_t held_count, answered;
static DECLARE_WAIT_QUEUE_HEAD(wait);
static u64 moments[MOMENTS];
static u64 samples[MOMENTS][SAMPLES];
static u8 message[PAYLOAD];

static void note(enum moment moment)
{
	moments[moment] = ktime_get_ns();
}

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	note(PRESENTED);
	if (holding) {
		holding--;
		held[atomic_read(&held_count)] = packet;
		atomic_inc(&held_count);
		wake_up(&wait);
		return;
	}
	VmbChannelPacketComplete(packet, buffer, length);
	note(REPLIED);
}

static VOID done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	note(ROUTINE);
	VmbPacketFree(packet);
	note(FREED);
	atomic_inc(&answered);
	wake_up(&wait);
}

static int send(void)
{
	VMBPACKET packet;

	note(BEGUN);
	packet = VmbPacketAllocate(main_pair.client);
	note(ALLOCATED);
	if (!packet)
		return -ENOMEM;
	VmbPacketSetCompletionRoutine(packet, done);
	if (VmbPacketSend(packet, message, PAYLOAD, NULL,
			  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION)) {
		VmbPacketFree(packet);
		return -EIO;
	}
	note(SENT);
	return 0;
}

/* So many at once; whoever receives them comes behind all. */
static int send_burst(unsigned int count)
{
	int err = 0;

	local_bh_disable();
	while (count-- && !err)
		err = send();
	local_bh_enable();
	return err;
}

static int request(unsigned int count)
{
	int err;

	atomic_set(&answered, 0);
	err = send_burst(count);
	if (!err)
		wait_event(wait, atomic_read(&answered) == count);
	return err;
}

/* ---- measuring ---- */

static int compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static u64 median(u64 *values)
{
	sort(values, SAMPLES, sizeof(*values), compare, NULL);
	return values[SAMPLES / 2];
}

/* What reading the clock costs is no part of a step. */
static u64 cost_of_clock(void)
{
	static u64 costs[SAMPLES];
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		u64 begin = ktime_get_ns();

		costs[i] = ktime_get_ns() - begin;
	}
	return median(costs);
}

static int sample(unsigned int i)
{
	enum moment m;
	int err = request(1);

	if (err)
		return err;
	for (m = ALLOCATED; m <= FREED; m++)
		samples[m][i] = moments[m] - moments[m - 1];
	note(BURST_BEGUN);
	err = request(BURST);
	note(BURST_DONE);
	samples[BURST_DONE][i] = moments[BURST_DONE] - moments[BURST_BEGUN];
	return err;
}

static int get_steps(char *buffer, const struct kernel_param *kp)
{
	int length = 0, err = -ENXIO, i;
	u64 clock, all = 0;
	enum moment m;

	mutex_lock(&lock);
	/* Twice: what is made in the first pass is kept for reuse. */
	for (i = 0; main_pair.client && i < 2 * SAMPLES; i++) {
		err = sample(i % SAMPLES);
		if (err)
			break;
	}
	clock = cost_of_clock();
	for (m = ALLOCATED; !err && m <= FREED; m++) {
		u64 cost = median(samples[m]) - clock;

		all += cost;
		length += sysfs_emit_at(buffer, length, "%s %llu\n", names[m], cost);
	}
	if (!err)
		length += sysfs_emit_at(buffer, length, "all %llu\nin_burst %llu\n", all,
					median(samples[BURST_DONE]) / BURST - FREED * clock);
	mutex_unlock(&lock);
	return err ?: length;
}

/* ---- the channels ---- */

static void close_pair(struct end_pair *pair)
{
	if (pair->client) {
		VmbChannelDisable(pair->client);
		VmbChannelCleanup(pair->client);
	}
	if (pair->server) {
		VmbChannelDisable(pair->server);
		VmbChannelCleanup(pair->server);
	}
	memset(pair, 0, sizeof(*pair));
}

static NTSTATUS open_pair(struct end_pair *pair, u32 number)
{
	GUID id = { 0x73746570, 0x73, 0, { 1 } };
	NTSTATUS status;

	memcpy(&id.Data4[4], &number, sizeof(number));
	status = VmbChannelAllocate(NULL, TRUE, &pair->server) ?:
		 VmbChannelAllocate(NULL, FALSE, &pair->client);
	if (status)
		return status;
	VmbChannelSetTransactionQuota(pair->server, U32_MAX);
	/* Small objects: there may be many. */
	status = VmbChannelInitSetMaximumPacketSize(pair->server, PAYLOAD) ?:
		 VmbChannelInitSetMaximumPacketSize(pair->client, PAYLOAD) ?:
		 VmbChannelInitSetMaximumExternalData(pair->server, 1, 1) ?:
		 VmbChannelInitSetMaximumExternalData(pair->client, 1, 1) ?:
		 VmbChannelInitSetProcessPacketCallbacks(pair->server, process_packet, NULL) ?:
		 VmbServerChannelInitSetTargetInterfaceId(pair->server, id, id) ?:
		 VmbClientChannelInitSetTargetPnp(pair->client, &id, &id, NULL) ?:
		 VmbClientChannelInitSetRingBufferPageCount(pair->client, 4, 4) ?:
		 VmbChannelEnable(pair->server);
	if (status)
		return status;
	VmbChannelStart(pair->server);
	return VmbChannelEnable(pair->client);
}

static void leave(void)
{
	unsigned int i;

	for (i = 0; i < atomic_read(&held_count); i++)
		VmbChannelPacketComplete(held[i], NULL, 0);
	atomic_set(&held_count, 0);
	close_pair(&main_pair);
	for (i = 0; i < crowd_size; i++)
		close_pair(&crowd[i]);
	crowd_size = 0;
	vfree(crowd);
	vfree(held);
	crowd = NULL;
	held = NULL;
}

/* The server holds so many requests of the client. */
static int hold(unsigned int count)
{
	int err = 0;

	holding = count;
	while (held_size < count && !err) {
		unsigned int burst = min(count - held_size, 32u);

		err = send_burst(burst);
		held_size += burst;
		/* Without memory for another object the server waits until one is completed. */
		if (!err && !wait_event_timeout(wait, atomic_read(&held_count) == held_size,
						HOLD_SECONDS * HZ))
			err = -ENOMEM;
	}
	return err;
}

static int gather(unsigned int channels, unsigned int outstanding)
{
	crowd = vzalloc(max(channels, 1u) * sizeof(*crowd));
	held = vzalloc(max(outstanding, 1u) * sizeof(*held));
	held_size = 0;
	if (!crowd || !held || open_pair(&main_pair, 0))
		return -ENOMEM;
	for (crowd_size = 0; crowd_size < channels; crowd_size++)
		if (open_pair(&crowd[crowd_size], crowd_size + 1)) {
			close_pair(&crowd[crowd_size]);
			return -EIO;
		}
	return hold(outstanding);
}

static int set_crowd(const char *text, const struct kernel_param *kp)
{
	unsigned int channels, outstanding;
	int err;

	if (sscanf(text, "%u %u", &channels, &outstanding) != 2 || channels > MOST_CHANNELS ||
	    outstanding > MOST_OUTSTANDING)
		return -EINVAL;
	mutex_lock(&lock);
	leave();
	err = gather(channels, outstanding);
	if (err)
		leave();
	mutex_unlock(&lock);
	return err;
}

static const struct kernel_param_ops steps_ops = { .get = get_steps };
static const struct kernel_param_ops crowd_ops = { .set = set_crowd };

module_param_cb(steps, &steps_ops, NULL, 0400);
MODULE_PARM_DESC(steps, "nanoseconds of each step of a packet (read only)");
module_param_cb(crowd, &crowd_ops, NULL, 0200);
MODULE_PARM_DESC(crowd, "open CHANNELS pairs, hold OUTSTANDING packets");

static int __init steps_init(void)
{
	return 0;
}

static void __exit steps_exit(void)
{
	leave();
}

module_init(steps_init);
module_exit(steps_exit);
MODULE_DESCRIPTION("KMCL: the cost of a packet, by step");
MODULE_LICENSE("GPL");
