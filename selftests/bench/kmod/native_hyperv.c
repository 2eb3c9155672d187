// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same on hv_vmbus's own calls, as a careful driver in the kernel's tree does it:
 * vmbus_sendpacket(), a walk through the ring by the iterator with one commit a batch, ids that are
 * checked, a sender that sleeps for a moment when the ring is full.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/sched.h>

#include "hyperv.h"
#include "probe/hyperv.h"

#define RING_BYTES	(PAGE_SIZE + BENCH_RING_PAGES * 4096u)
#define OPEN_SECONDS	20
#define ORDER_ID	(BENCH_MAX_DEPTH + 1)

/* PEER_INSTANCE; there is another device of the class. */
static const guid_t instance =
	GUID_INIT(0x7a7f10c7, 0x4b5e, 0x4d0e, 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65);

static struct hv_device *device;
static struct bench_run *current_run;
static DECLARE_COMPLETION(probed);
static DECLARE_COMPLETION(ordered);
static u8 message[BENCH_MAX_PAYLOAD];

static int send(const void *data, u32 length, u64 id)
{
	return vmbus_sendpacket(device->channel, (void *)data, length, id, VM_PKT_DATA_INBAND,
				id ? VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED : 0);
}

static void completed(struct bench_run *run, u64 id)
{
	if (id == ORDER_ID) {
		complete(&ordered);
		return;
	}
	if (!run || !id || id > run->w.depth)
		return;
	if (bench_next(run) && send(message, run->w.payload, id))
		bench_fail(run, -EIO);
	bench_finish_one(run);
}

static void callback(void *context)
{
	struct bench_run *run = READ_ONCE(current_run);
	struct vmpacket_descriptor *desc;

	foreach_vmbus_pkt(desc, device->channel) {
		if (desc->type == VM_PKT_COMP)
			completed(run, desc->trans_id);
		else if (desc->type == VM_PKT_DATA_INBAND && run)
			bench_finish_one(run);
	}
}

static int order(struct peer_order *order)
{
	int err;

	reinit_completion(&ordered);
	do {
		err = send(order, sizeof(*order), ORDER_ID);
		if (err == -EAGAIN)
			usleep_range(50, 100);
	} while (err == -EAGAIN);
	if (!err && !wait_for_completion_timeout(&ordered, OPEN_SECONDS * HZ))
		err = -ETIMEDOUT;
	return err;
}

static int stream(struct bench_run *run)
{
	int err = 0;

	while (!err && bench_next(run)) {
		while ((err = send(message, run->w.payload, 0)) == -EAGAIN)
			usleep_range(50, 100);
		cond_resched();
	}
	return err;
}

static int requests(struct bench_run *run)
{
	int err = 0;
	u32 i;

	local_bh_disable();
	for (i = 0; !err && i < run->w.depth && bench_next(run); i++)
		err = send(message, run->w.payload, i + 1);
	local_bh_enable();
	return err;
}

static const struct bench_peer peer = {
	.order = order, .requests = requests, .stream = stream,
};

static int prepare(struct bench_run *run)
{
	WRITE_ONCE(current_run, run);
	return bench_peer_prepare(&peer, run);
}

static int start(struct bench_run *run)
{
	return bench_peer_start(&peer, run);
}

/* ---- life ---- */

static int probe(struct hv_device *dev, const struct hv_vmbus_device_id *id)
{
	int err;

	if (device || !guid_equal(&dev->dev_instance, &instance))
		return -ENODEV;
	device = dev;
	kmcl_hv_set_max_packet(dev->channel, BENCH_MAX_PAYLOAD + 64);
	err = vmbus_open(dev->channel, RING_BYTES, RING_BYTES, NULL, 0, callback, NULL);
	if (err)
		device = NULL;
	else
		complete(&probed);
	return err;
}

static void close_channel(struct hv_device *dev)
{
	vmbus_close(dev->channel);
	device = NULL;
}

#ifdef KMCL_HAVE_HV_REMOVE_VOID
static void removed(struct hv_device *dev)
{
	close_channel(dev);
}
#else
static int removed(struct hv_device *dev)
{
	close_channel(dev);
	return 0;
}
#endif

/* PEER_CLASS */
static const struct hv_vmbus_device_id ids[] = {
	{ .guid = GUID_INIT(0x7a7f10c6, 0x4b5e, 0x4d0e,
			    0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65) },
	{ },
};

static struct hv_driver driver = {
	.name = "kmcl-bench-native", .id_table = ids, .probe = probe, .remove = removed,
};

static void close_device(void)
{
	WRITE_ONCE(current_run, NULL);
	vmbus_driver_unregister(&driver);
}

static int open_device(void)
{
	int err;

	reinit_completion(&probed);
	err = vmbus_driver_register(&driver);
	if (err)
		return err;
	if (wait_for_completion_timeout(&probed, OPEN_SECONDS * HZ))
		return 0;
	close_device();
	return -ENODEV;
}

struct bench_driver bench_native_hyperv = {
	.name = "native-hyperv", .alone = true, .open = open_device, .close = close_device,
	.prepare = prepare, .start = start,
};
