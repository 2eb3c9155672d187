// SPDX-License-Identifier: GPL-2.0-only
/* A GPADL is a structure, not a number. */
#include <linux/hyperv.h>

u32 probe(struct vmbus_channel *channel);
u32 probe(struct vmbus_channel *channel)
{
	return channel->ringbuffer_gpadlhandle.gpadl_handle;
}
