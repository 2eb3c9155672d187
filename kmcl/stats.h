/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of the objects in memory, those kept for reuse included, in debugfs as kmcl/objects: what
 * tests compare to see that nothing is left behind.
 */
#ifndef KMCL_STATS_H
#define KMCL_STATS_H

#include <linux/atomic.h>

#include "parse.h"

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

/* What peers did wrong, over all channels, in debugfs as kmcl/events. */
enum kmcl_count {
	KMCL_COUNT_CANCEL = KMCL_MALFORMED_KINDS,
	KMCL_COUNT_OVERSIZE_COMPLETION,
	/* Of the local bus, to see that its ends signal when they must and only then. */
	KMCL_COUNT_SIGNAL,
	KMCL_COUNT_IDLE_SIGNAL,		/* that found nothing to do */
	KMCL_COUNT_LATE_LOOK,		/* at a ring just unmasked, which found a packet */
	KMCL_COUNTS
};

extern atomic_t kmcl_events[KMCL_COUNTS];

static inline void kmcl_event_count(unsigned int event)
{
	atomic_inc(&kmcl_events[event]);
}

/* A knob in debugfs, kmcl/pend_external: see received.c. */
extern atomic_t kmcl_pend_external;

void kmcl_stats_init(void);
void kmcl_stats_exit(void);

#endif
