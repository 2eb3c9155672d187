/* SPDX-License-Identifier: GPL-2.0-only */
/* GPADLs: numbered, long-lived descriptions of a client's memory. */
#ifndef KMCL_GPADL_H
#define KMCL_GPADL_H

#include <linux/list.h>
#include <linux/types.h>

struct kmcl_gpadl {
	struct list_head link;
	u32 handle;		/* the bus sets it */
	u32 flags;		/* VMBUS_CHANNEL_GPADL_FLAG_* */
	void *buffer;		/* where the memory is mapped */
	u32 length;		/* bytes */
	void *mapping;		/* a mapping of our own, or NULL */
	void *bus_data;
};

#endif
