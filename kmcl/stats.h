/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of the objects in memory, those kept for reuse included, in debugfs as kmcl/objects: what
 * tests compare to see that nothing is left behind.
 */
#ifndef KMCL_STATS_H
#define KMCL_STATS_H

#include <linux/atomic.h>

enum kmcl_object {
	KMCL_OBJECT_CHANNEL,
	KMCL_OBJECT_PACKET,		/* from VmbPacketAllocate */
	KMCL_OBJECT_INCOMING,
	KMCL_OBJECT_REQUEST,		/* synchronous ones, abandoned ones included */
	KMCL_OBJECTS
};

extern atomic_t kmcl_objects[KMCL_OBJECTS];

static inline void kmcl_object_made(enum kmcl_object kind)
{
	atomic_inc(&kmcl_objects[kind]);
}

static inline void kmcl_object_freed(enum kmcl_object kind)
{
	atomic_dec(&kmcl_objects[kind]);
}

void kmcl_stats_init(void);
void kmcl_stats_exit(void);

#endif
