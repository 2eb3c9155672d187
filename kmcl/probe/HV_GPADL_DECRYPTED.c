// SPDX-License-Identifier: GPL-2.0-only
/* A GPADL tells whether its memory is still shared with the host. */
#include <linux/hyperv.h>

bool probe(struct vmbus_channel *channel);
bool probe(struct vmbus_channel *channel)
{
	return channel->ringbuffer_gpadlhandle.decrypted;
}
