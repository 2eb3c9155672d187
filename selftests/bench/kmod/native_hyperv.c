// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same on hv_vmbus's own calls, as a careful driver in the kernel's tree does it:
 * vmbus_sendpacket() and vmbus_sendpacket_mpb_desc(), a walk through the ring by the iterator with
 * one commit a batch, ids that hv_vmbus gives and checks, a sender that sleeps for a moment when
 * the ring is full.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hyperv.h"
#include "probe/hyperv.h"

#define EXTERNAL_PAGES	(BENCH_MAX_EXTERNAL / HV_HYP_PAGE_SIZE)
#define OPEN_SECONDS	20
#define ORDER_ID	(BENCH_MAX_DEPTH + 1)

/* PEER_INSTANCE; there is another device of the class. */
static const guid_t instance =
	GUID_INIT(0x7a7f10c7, 0x4b5e, 0x4d0e, 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65);

static struct hv_device *device;
static u32 ring_bytes;
static struct bench_run *current_run;
static DECLARE_COMPLETION(probed);
static DECLARE_COMPLETION(ordered);
static struct peer_answer *answer_to_order;
static u8 message[BENCH_MAX_PAYLOAD];
static u8 *external;		/* BENCH_MAX_EXTERNAL bytes */

static int send(const void *data, u32 length, u64 id)
{
	return vmbus_sendpacket(device->channel, (void *)data, length, id, VM_PKT_DATA_INBAND,
				id ? VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED : 0);
}

/* One range of whole pages, as a storage driver describes a buffer. */
static int send_external(u32 bytes, u64 id)
{
	struct {
		struct vmbus_packet_mpb_array head;
		u64 pfns[EXTERNAL_PAGES];
	} __packed packet = {
		.head = { .rangecount = 1, .range = { .len = bytes } },
	};
	u32 i, pages = DIV_ROUND_UP(bytes, HV_HYP_PAGE_SIZE);

	for (i = 0; i < pages; i++)
		packet.pfns[i] = virt_to_hvpfn(external + i * HV_HYP_PAGE_SIZE);
	return vmbus_sendpacket_mpb_desc(device->channel, &packet.head,
					 sizeof(packet.head) + pages * sizeof(u64), message,
					 BENCH_EXTERNAL_MESSAGE, id);
}

static int request(const struct bench_workload *w, u64 id)
{
	return w->kind == BENCH_EXTERNAL ? send_external(w->payload, id) :
					   send(message, w->payload, id);
}

static void answered(const struct vmpacket_descriptor *desc)
{
	u32 length = min_t(u32, hv_pkt_datalen(desc), sizeof(*answer_to_order));

	memcpy(answer_to_order, hv_pkt_data((void *)desc), length);
	complete(&ordered);
}

static void completed(struct bench_run *run, const struct vmpacket_descriptor *desc)
{
	u64 id = kmcl_hv_request(device->channel, desc->trans_id);

	if (id == ORDER_ID) {
		answered(desc);
		return;
	}
	if (!run || !id || id > run->w.depth)
		return;
	if (bench_next(run) && request(&run->w, id))
		bench_fail(run, -EIO);
	bench_finish_one(run);
}

static void callback(void *context)
{
	struct bench_run *run = READ_ONCE(current_run);
	struct vmpacket_descriptor *desc;

	foreach_vmbus_pkt(desc, device->channel) {
		if (desc->type == VM_PKT_COMP)
			completed(run, desc);
		else if (desc->type == VM_PKT_DATA_INBAND && run)
			bench_finish_one(run);
	}
}

static int order(struct peer_order *order, struct peer_answer *answer)
{
	int err;

	reinit_completion(&ordered);
	answer_to_order = answer;
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
		err = request(&run->w, i + 1);
	local_bh_enable();
	return err;
}

static const struct bench_peer peer = {
	.order = order, .requests = requests, .stream = stream, .flood = stream,
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
	kmcl_hv_use_ids(dev->channel, ORDER_ID);
	err = vmbus_open(dev->channel, ring_bytes, ring_bytes, NULL, 0, callback, NULL);
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
	kfree(external);
	external = NULL;
}

static int open_device(const struct bench_workload *w)
{
	int err;

	ring_bytes = PAGE_SIZE + bench_ring_pages(w) * HV_HYP_PAGE_SIZE;
	external = kmalloc(BENCH_MAX_EXTERNAL, GFP_KERNEL);
	if (!external)
		return -ENOMEM;
	reinit_completion(&probed);
	err = vmbus_driver_register(&driver);
	if (err) {
		kfree(external);
		return err;
	}
	if (wait_for_completion_timeout(&probed, OPEN_SECONDS * HZ))
		return 0;
	close_device();
	return -ENODEV;
}

struct bench_driver bench_native_hyperv = {
	.name = "native-hyperv", .alone = true, .open = open_device, .close = close_device,
	.prepare = prepare, .start = start,
};
