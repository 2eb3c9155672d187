// SPDX-License-Identifier: GPL-2.0-only
/* A channel has a largest packet, for which hv_vmbus makes a buffer at the open. */
#include <linux/hyperv.h>

void probe(struct vmbus_channel *channel);
void probe(struct vmbus_channel *channel)
{
	channel->max_pkt_size = 4096;
}
