// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each tag has of the pool, as poolmon shows it on Windows: debugfs kmcl/pool. A table without
 * a lock: a slot is a tag's for good once it has taken it. Tags that find none share the last one.
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/seq_file.h>

#include "nt.h"

#define TAG_BITS	8
#define TAG_SLOTS	(1 << TAG_BITS)
#define NO_TAG		0x656e6f4e	/* "None" */

struct tag_usage {
	u32 tag;			/* 0: free */
	atomic64_t blocks;
	atomic64_t bytes;
	atomic64_t allocations;		/* ever */
};

static struct tag_usage usage[TAG_SLOTS + 1];

static struct tag_usage *slot_of(u32 tag)
{
	unsigned int i, at = hash_32(tag, TAG_BITS);
	struct tag_usage *slot;
	u32 has;

	for (i = 0; i < TAG_SLOTS; i++) {
		slot = &usage[(at + i) % TAG_SLOTS];
		has = READ_ONCE(slot->tag);
		if (!has)
			has = cmpxchg(&slot->tag, 0, tag);
		if (!has || has == tag)
			return slot;
	}
	return &usage[TAG_SLOTS];
}

/**
 * kmcl_pool_account() - a block of the pool came or went
 * @tag: its tag
 * @blocks: 1 or -1
 * @bytes: its size, with the same sign
 */
void kmcl_pool_account(u32 tag, int blocks, s64 bytes)
{
	struct tag_usage *slot = slot_of(tag ?: NO_TAG);

	atomic64_add(blocks, &slot->blocks);
	atomic64_add(bytes, &slot->bytes);
	if (blocks > 0)
		atomic64_inc(&slot->allocations);
}

/**
 * kmcl_pool_usage() - what is allocated now
 * @all: the pool members are filled in
 */
void kmcl_pool_usage(struct kmcl_nt_usage *all)
{
	unsigned int i;

	all->pool_blocks = 0;
	all->pool_bytes = 0;
	for (i = 0; i <= TAG_SLOTS; i++) {
		all->pool_blocks += atomic64_read(&usage[i].blocks);
		all->pool_bytes += atomic64_read(&usage[i].bytes);
	}
}

/* As in the source of a driver: 'dbKV' is in memory, and with the debuggers, VKbd. */
static const char *tag_name(const struct tag_usage *slot, char name[5])
{
	unsigned int i;

	if (slot == &usage[TAG_SLOTS])
		return "others";
	for (i = 0; i < 4; i++) {
		name[i] = slot->tag >> 8 * i;
		if (!isascii(name[i]) || !isprint(name[i]))
			name[i] = '.';
	}
	name[4] = 0;
	return name;
}

/**
 * kmcl_pool_show() - a line for each tag: blocks and bytes now, allocations ever
 * @m: the file
 */
void kmcl_pool_show(struct seq_file *m)
{
	struct tag_usage *slot;
	char name[5];

	seq_puts(m, "tag blocks bytes allocations\n");
	for (slot = usage; slot <= &usage[TAG_SLOTS]; slot++)
		if (atomic64_read(&slot->allocations))
			seq_printf(m, "%s %lld %lld %lld\n", tag_name(slot, name),
				   atomic64_read(&slot->blocks), atomic64_read(&slot->bytes),
				   atomic64_read(&slot->allocations));
}

/**
 * kmcl_pool_tell_leaks() - say in the log which tags still have blocks
 */
void kmcl_pool_tell_leaks(void)
{
	struct tag_usage *slot;
	char name[5];

	for (slot = usage; slot <= &usage[TAG_SLOTS]; slot++)
		if (atomic64_read(&slot->blocks))
			pr_warn("not freed: pool tag %s: %lld blocks, %lld bytes\n",
				tag_name(slot, name), atomic64_read(&slot->blocks),
				atomic64_read(&slot->bytes));
}
