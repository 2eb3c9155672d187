// SPDX-License-Identifier: GPL-2.0-only
/* Loads and unloads kmcl_hyperv.ko. */
#include <linux/module.h>

#include "../wire.h"
#include "hyperv.h"

/* Our definitions of the wire and those of hv_vmbus are the same. */
static_assert(sizeof(struct kmcl_desc) == sizeof(struct vmpacket_descriptor));
static_assert(offsetof(struct kmcl_desc, trans_id) ==
	      offsetof(struct vmpacket_descriptor, trans_id));
static_assert(offsetof(struct kmcl_ring_ctl, pending_send_sz) ==
	      offsetof(struct hv_ring_buffer, pending_send_sz));
static_assert(offsetof(struct kmcl_ring_ctl, feature_bits) ==
	      offsetof(struct hv_ring_buffer, feature_bits));
static_assert((int)KMCL_PKT_DATA_INBAND == VM_PKT_DATA_INBAND);
static_assert((int)KMCL_PKT_DATA_GPA_DIRECT == VM_PKT_DATA_USING_GPA_DIRECT);
static_assert((int)KMCL_PKT_CANCEL_REQUEST == VM_PKT_CANCEL_REQUEST);
static_assert((int)KMCL_PKT_COMPLETION == VM_PKT_COMP);

struct workqueue_struct *kmcl_hv_wq;

static const struct kmcl_bus_ops ops = {
	.watch		= kmcl_hv_watch,
	.unwatch	= kmcl_hv_unwatch,
	.open		= kmcl_hv_open,
	.close		= kmcl_hv_close,
	.closed		= kmcl_hv_closed,
	.signal		= kmcl_hv_signal,
	.released	= kmcl_hv_released,
	.create_gpadl	= kmcl_hv_create_gpadl,
	.delete_gpadl	= kmcl_hv_delete_gpadl,
	.mmio		= kmcl_hv_mmio,
};

struct kmcl_bus kmcl_hv_bus = {
	.name	= "hyperv",
	.owner	= THIS_MODULE,
	.rank	= 0,
	.ops	= &ops,
};

static int __init kmcl_hv_init(void)
{
	kmcl_hv_wq = alloc_workqueue("kmcl_hyperv", WQ_UNBOUND, 0);
	if (!kmcl_hv_wq)
		return -ENOMEM;
	return kmcl_bus_register(&kmcl_hv_bus);
}

static void __exit kmcl_hv_exit(void)
{
	kmcl_bus_unregister(&kmcl_hv_bus);
	destroy_workqueue(kmcl_hv_wq);
}

module_init(kmcl_hv_init);
module_exit(kmcl_hv_exit);
MODULE_ALIAS("kmcl-bus-hyperv");
MODULE_DESCRIPTION("KMCL: client channels of a Hyper-V guest");
MODULE_LICENSE("GPL");
