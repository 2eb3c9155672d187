// SPDX-License-Identifier: GPL-2.0-only
/* hv_vmbus gives ids to requests, and checks those that come back, for drivers that ask for it. */
#include <linux/hyperv.h>

void probe(struct vmbus_channel *channel);
void probe(struct vmbus_channel *channel)
{
	channel->next_request_id_callback = vmbus_next_request_id;
	channel->request_addr_callback = vmbus_request_addr;
}
