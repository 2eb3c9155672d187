// SPDX-License-Identifier: GPL-2.0-only
/* Loads and unloads kmcl.ko. */
#include <linux/module.h>
#include <linux/workqueue.h>

#include "channel.h"
#include "nt/nt.h"
#include "pipe/pipe.h"
#include "stats.h"

static int __init kmcl_init(void)
{
	int err = -ENOMEM;

	/*
	 * State callbacks may block each for long: never behind one another. And however many local
	 * clients wait in workers for their servers, these do not stand in one queue with them.
	 */
	kmcl_event_wq = alloc_workqueue("kmcl_event", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	if (!kmcl_event_wq)
		return err;
	kmcl_server_wq = alloc_workqueue("kmcl_server", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	if (!kmcl_server_wq)
		goto free_event_wq;
	kmcl_delivery_wq = alloc_workqueue("kmcl_delivery",
					   WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM,
					   WQ_UNBOUND_MAX_ACTIVE);
	if (!kmcl_delivery_wq)
		goto free_server_wq;
	err = kmcl_channel_init_cache();
	if (err)
		goto free_delivery_wq;
	err = kmcl_nt_init();
	if (err)
		goto free_cache;
	err = kmcl_pipe_init();
	if (err)
		goto exit_nt;
	err = kmcl_local_init();
	if (err)
		goto exit_pipe;
	kmcl_stats_init();
	return 0;

exit_pipe:
	kmcl_pipe_exit();
exit_nt:
	kmcl_nt_exit();
free_cache:
	kmcl_channel_exit_cache();
free_delivery_wq:
	destroy_workqueue(kmcl_delivery_wq);
free_server_wq:
	destroy_workqueue(kmcl_server_wq);
free_event_wq:
	destroy_workqueue(kmcl_event_wq);
	return err;
}

static void __exit kmcl_exit(void)
{
	kmcl_stats_exit();
	kmcl_local_exit();
	destroy_workqueue(kmcl_delivery_wq);
	destroy_workqueue(kmcl_event_wq);
	destroy_workqueue(kmcl_server_wq);
	kmcl_pipe_exit();
	kmcl_nt_exit();
	kmcl_channel_exit_cache();
}

module_init(kmcl_init);
module_exit(kmcl_exit);
MODULE_DESCRIPTION("VMBus Kernel Mode Client Library (KMCL) for Linux");
MODULE_LICENSE("GPL");
