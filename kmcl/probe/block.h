/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels that block devices and their storage meet, found by compiling
 * block/ (see Kbuild.include). samples/vdisk sees one kernel.
 */
#ifndef KMCL_PROBE_BLOCK_H
#define KMCL_PROBE_BLOCK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>

#ifdef KMCL_HAVE_BLOCK_SHOULD_MERGE
#define KMCL_BLK_MQ_F_SHOULD_MERGE	BLK_MQ_F_SHOULD_MERGE
#else
#define KMCL_BLK_MQ_F_SHOULD_MERGE	0
#endif

/* A name for the function that KMCL_BLOCK_TIMEOUT(name) makes of name(struct request *). */
#ifdef KMCL_HAVE_BLOCK_TIMEOUT_RESERVED
#define KMCL_BLOCK_TIMEOUT(name)						\
	static enum blk_eh_timer_return name##_of(struct request *rq, bool reserved) \
	{									\
		return name(rq);						\
	}
#else
#define KMCL_BLOCK_TIMEOUT(name)						\
	static enum blk_eh_timer_return name##_of(struct request *rq)		\
	{									\
		return name(rq);						\
	}
#endif

/* In bytes. A request's pages of page_size follow each other without a gap. */
struct kmcl_block_limits {
	unsigned int block_size;
	unsigned int page_size;
	unsigned int max_transfer;
	unsigned int max_range;		/* of a discard or a write of zeroes; 0: there are none */
};

#ifdef KMCL_HAVE_BLOCK_LIMITS
/* A disk with a volatile cache. Return: an error pointer if there is no memory. */
static inline struct gendisk *kmcl_block_alloc(struct blk_mq_tag_set *tags,
					       const struct kmcl_block_limits *l)
{
	struct queue_limits limits = {
		.features			= BLK_FEAT_WRITE_CACHE,
		.logical_block_size		= l->block_size,
		.physical_block_size		= l->page_size,
		.virt_boundary_mask		= l->page_size - 1,
		.max_hw_sectors			= l->max_transfer >> SECTOR_SHIFT,
		.max_segments			= USHRT_MAX,
		.max_hw_discard_sectors		= l->max_range >> SECTOR_SHIFT,
		.max_write_zeroes_sectors	= l->max_range >> SECTOR_SHIFT,
		.discard_granularity		= l->max_range ? l->page_size : 0,
	};

	return blk_mq_alloc_disk(tags, &limits, NULL);
}
#else
static inline void kmcl_block_set_limits(struct request_queue *q,
					 const struct kmcl_block_limits *l)
{
	blk_queue_logical_block_size(q, l->block_size);
	blk_queue_physical_block_size(q, l->page_size);
	blk_queue_virt_boundary(q, l->page_size - 1);
	blk_queue_max_hw_sectors(q, l->max_transfer >> SECTOR_SHIFT);
	blk_queue_max_segments(q, USHRT_MAX);
	blk_queue_max_discard_sectors(q, l->max_range >> SECTOR_SHIFT);
	blk_queue_max_write_zeroes_sectors(q, l->max_range >> SECTOR_SHIFT);
	q->limits.discard_granularity = l->max_range ? l->page_size : 0;
	blk_queue_write_cache(q, true, false);
}
#endif

#if defined(KMCL_HAVE_BLOCK_LIMITS)
/* Above. */
#elif defined(KMCL_HAVE_BLOCK_ALLOC_DISK)
static inline struct gendisk *kmcl_block_alloc(struct blk_mq_tag_set *tags,
					       const struct kmcl_block_limits *l)
{
	struct gendisk *disk = blk_mq_alloc_disk(tags, NULL);

	if (!IS_ERR(disk))
		kmcl_block_set_limits(disk->queue, l);
	return disk;
}
#else
static inline struct gendisk *kmcl_block_alloc(struct blk_mq_tag_set *tags,
					       const struct kmcl_block_limits *l)
{
	struct request_queue *q = blk_mq_init_queue(tags);
	struct gendisk *disk;

	if (IS_ERR(q))
		return ERR_CAST(q);
	disk = alloc_disk(0);
	if (!disk) {
		blk_cleanup_queue(q);
		return ERR_PTR(-ENOMEM);
	}
	kmcl_block_set_limits(q, l);
	if (l->max_range)
		blk_queue_flag_set(QUEUE_FLAG_DISCARD, q);
	disk->flags |= GENHD_FL_EXT_DEVT;
	disk->queue = q;
	return disk;
}
#endif

#if defined(KMCL_HAVE_BLOCK_LIMITS) || defined(KMCL_HAVE_BLOCK_ALLOC_DISK)
static inline int kmcl_block_add(struct gendisk *disk)
{
	return add_disk(disk);
}

/* A disk that was not added, or is deleted. */
static inline void kmcl_block_put(struct gendisk *disk)
{
	put_disk(disk);
}
#else
static inline int kmcl_block_add(struct gendisk *disk)
{
	add_disk(disk);
	return 0;
}

static inline void kmcl_block_put(struct gendisk *disk)
{
	blk_cleanup_queue(disk->queue);
	put_disk(disk);
}
#endif

/* A sparse file in memory, not accounted for before it is written. */
static inline struct file *kmcl_shmem_file(const char *name, loff_t size)
{
#ifdef KMCL_HAVE_SHMEM_VMA_FLAGS
	return shmem_file_setup(name, size, mk_vma_flags(VMA_NORESERVE_BIT));
#else
	return shmem_file_setup(name, size, VM_NORESERVE);
#endif
}

#endif
