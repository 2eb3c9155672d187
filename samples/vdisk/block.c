// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's disk in Linux: /dev/vdisk0. Every request of the block layer has a slot of the
 * driver while it is under way; slots are numbered by tags.
 *
 * Segments begin and end on page borders, except the first's beginning and the last's end, so that
 * one list of pages describes a request.
 */
#include <linux/blk-mq.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../../kmcl/probe/block.h"
#include "vsc.h"

#define WIRE_PAGE_SHIFT	12
#define WIRE_PAGE_SIZE	4096u

struct vdisk {
	struct blk_mq_tag_set tags;
	struct gendisk *disk;
};

/* What the block layer keeps for us beside each request. */
struct vdisk_pdu {
	blk_status_t status;
};

static struct vdisk *the_disk;

static blk_status_t status_of(enum vdisk_result result)
{
	switch (result) {
	case VDISK_OK:
		return BLK_STS_OK;
	case VDISK_FULL:
		return BLK_STS_NOSPC;
	case VDISK_UNSUPPORTED:
		return BLK_STS_NOTSUPP;
	default:
		return BLK_STS_IOERR;
	}
}

static bool get_operation(struct request *rq, enum vdisk_operation *operation)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		*operation = VDISK_OPERATION_READ;
		return true;
	case REQ_OP_WRITE:
		*operation = VDISK_OPERATION_WRITE;
		return true;
	case REQ_OP_FLUSH:
		*operation = VDISK_OPERATION_FLUSH;
		return true;
	case REQ_OP_DISCARD:
		*operation = VDISK_OPERATION_DISCARD;
		return true;
	case REQ_OP_WRITE_ZEROES:
		*operation = VDISK_OPERATION_WRITE_ZEROES;
		return true;
	default:
		return false;
	}
}

/* Return: where in the first page the data begins. */
static unsigned int list_pages(struct request *rq, unsigned long *pages)
{
	unsigned int first_byte = 0, n = 0;
	struct req_iterator iter;
	struct bio_vec bv;

	rq_for_each_bvec(bv, rq, iter) {
		phys_addr_t at = page_to_phys(bv.bv_page) + bv.bv_offset;
		phys_addr_t end = at + bv.bv_len;

		if (!n)
			first_byte = at % WIRE_PAGE_SIZE;
		for (at = round_down(at, WIRE_PAGE_SIZE); at < end; at += WIRE_PAGE_SIZE)
			pages[n++] = at >> WIRE_PAGE_SHIFT;
	}
	return first_byte;
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;
	struct VDISK_SLOT *slot = VdiskSlot(rq->tag);
	struct vdisk_transfer transfer = {};

	if (!get_operation(rq, &transfer.operation))
		return BLK_STS_NOTSUPP;
	blk_mq_start_request(rq);
	if (transfer.operation != VDISK_OPERATION_FLUSH) {
		transfer.offset = blk_rq_pos(rq) << SECTOR_SHIFT;
		transfer.length = blk_rq_bytes(rq);
	}
	if (transfer.operation == VDISK_OPERATION_READ ||
	    transfer.operation == VDISK_OPERATION_WRITE)
		transfer.first_byte = list_pages(rq, VdiskSlotPages(slot));
	return status_of(VdiskSubmit(slot, rq, &transfer));
}

void VdiskBlockDone(void *request, enum vdisk_result result)
{
	struct vdisk_pdu *pdu = blk_mq_rq_to_pdu(request);

	pdu->status = status_of(result);
	blk_mq_complete_request(request);
}

static void complete_rq(struct request *rq)
{
	struct vdisk_pdu *pdu = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, pdu->status);
}

/*
 * A paused server may take its time. But one whose packets have broken the channel replies no
 * more, and then the driver has to close it: only that ends requests, since until then the server
 * may touch their pages.
 */
static enum blk_eh_timer_return timeout(struct request *rq)
{
	VdiskRequestIsLate();
	return BLK_EH_RESET_TIMER;
}

KMCL_BLOCK_TIMEOUT(timeout);

static const struct blk_mq_ops mq_ops = {
	.queue_rq	= queue_rq,
	.complete	= complete_rq,
	.timeout	= timeout_of,
};

static const struct block_device_operations disk_ops = {
	.owner	= THIS_MODULE,
};

static int alloc_tags(struct blk_mq_tag_set *tags)
{
	tags->ops = &mq_ops;
	tags->nr_hw_queues = 1;
	tags->queue_depth = VDISK_QUEUE_DEPTH;
	tags->numa_node = NUMA_NO_NODE;
	tags->timeout = VdiskIoTimeout * HZ;
	tags->cmd_size = sizeof(struct vdisk_pdu);
	tags->flags = KMCL_BLK_MQ_F_SHOULD_MERGE;
	return blk_mq_alloc_tag_set(tags);
}

static struct gendisk *alloc_disk_of(struct blk_mq_tag_set *tags,
				     const struct vdisk_geometry *geometry)
{
	struct kmcl_block_limits limits = {
		.block_size	= geometry->block_size,
		.page_size	= WIRE_PAGE_SIZE,
		.max_transfer	= geometry->maximum_transfer,
		.max_range	= geometry->maximum_range,
	};

	return kmcl_block_alloc(tags, &limits);
}

int VdiskBlockAdd(const struct vdisk_geometry *geometry)
{
	struct vdisk *vdisk = kzalloc(sizeof(*vdisk), GFP_KERNEL);
	int err = -ENOMEM;

	if (!vdisk)
		return err;
	err = alloc_tags(&vdisk->tags);
	if (err)
		goto free;
	vdisk->disk = alloc_disk_of(&vdisk->tags, geometry);
	err = PTR_ERR_OR_ZERO(vdisk->disk);
	if (err)
		goto free_tags;
	vdisk->disk->fops = &disk_ops;
	strscpy(vdisk->disk->disk_name, "vdisk0", sizeof(vdisk->disk->disk_name));
	set_capacity(vdisk->disk, geometry->capacity >> SECTOR_SHIFT);
	err = kmcl_block_add(vdisk->disk);
	if (err)
		goto put;
	the_disk = vdisk;
	return 0;

put:
	kmcl_block_put(vdisk->disk);
free_tags:
	blk_mq_free_tag_set(&vdisk->tags);
free:
	kfree(vdisk);
	return err;
}

void VdiskBlockResize(const struct vdisk_geometry *geometry)
{
	if (the_disk)
		set_capacity_and_notify(the_disk->disk, geometry->capacity >> SECTOR_SHIFT);
}

/* Who has the disk open, or mounted, keeps a disk all of whose requests fail. */
void VdiskBlockRemove(void)
{
	struct vdisk *vdisk = the_disk;

	if (!vdisk)
		return;
	the_disk = NULL;
	del_gendisk(vdisk->disk);
	kmcl_block_put(vdisk->disk);
	blk_mq_free_tag_set(&vdisk->tags);
	kfree(vdisk);
}
