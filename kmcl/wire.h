/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What travels in a VMBus ring: the packet descriptor, its types and limits.
 *
 * Our own definitions, equal to those of <linux/hyperv.h>, so that this code needs neither a
 * kernel with CONFIG_HYPERV nor a kernel at all: kmcl/hyperv asserts that the two agree.
 */
#ifndef KMCL_WIRE_H
#define KMCL_WIRE_H

#include <linux/types.h>

/* VMBus counts in pages of this size, whatever the kernel's PAGE_SIZE is. */
#define KMCL_PAGE_SHIFT		12
#define KMCL_PAGE_SIZE		(1u << KMCL_PAGE_SHIFT)

/* The first 68 bytes of a ring's control page; the rest of the page is reserved. */
struct kmcl_ring_ctl {
	u32 write_index;
	u32 read_index;
	u32 interrupt_mask;
	u32 pending_send_sz;
	u32 reserved[12];
	u32 feature_bits;
};

#define KMCL_RING_FEATURE_PENDING_SEND_SZ	0x1u

/* Both lengths count units of 8 bytes; len8 includes the descriptor. */
struct kmcl_desc {
	u16 type;
	u16 offset8;
	u16 len8;
	u16 flags;
	u64 trans_id;
};

enum kmcl_packet_type {
	KMCL_PKT_DATA_INBAND		= 0x6,
	KMCL_PKT_DATA_XFER_PAGES	= 0x7,	/* not taken */
	KMCL_PKT_DATA_GPA_DIRECT	= 0x9,
	KMCL_PKT_CANCEL_REQUEST		= 0xa,
	KMCL_PKT_COMPLETION		= 0xb,
};

#define KMCL_DESC_FLAG_COMPLETION_REQUESTED	0x1u

/* Behind the descriptor of a GPA-direct packet: so many ranges, each with its pages. */
struct kmcl_ranges {
	u32 reserved;
	u32 count;
};

struct kmcl_range {
	u32 byte_count;
	u32 byte_offset;
	u64 pfns[];
};

/* Behind each packet: the write index before it, in the high 32 bits. */
#define KMCL_TRAILER_SIZE	8u

#define KMCL_PACKET_MAX		(0xffffu * 8)
/* The largest message: what is left behind a descriptor. */
#define KMCL_MESSAGE_MAX	(KMCL_PACKET_MAX - 16)

/* Pipe mode puts this before the data. */
struct kmcl_pipe_header {
	u32 type;
	u32 size;
};

enum kmcl_pipe_type {
	KMCL_PIPE_DATA		= 1,
	KMCL_PIPE_PARTIAL	= 2,
};

static inline u32 kmcl_round8(u32 bytes)
{
	return (bytes + 7) & ~7u;
}

#endif
