// SPDX-License-Identifier: GPL-2.0-only
/*
 * GPADLs over hv_vmbus.
 *
 * hv_vmbus describes one range of whole pages from one kernel address. It counts the bytes of a
 * description in 16 bits: 8190 pages work, at 8191 the call never returns.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "../gpadl.h"
#include "../probe/hyperv.h"
#include "hyperv.h"

#define MAX_PAGES	8190

/**
 * kmcl_hv_create_gpadl() - tell the host of a client's memory
 * @base: open
 * @gpadl: buffer and length are set; receives its handle
 *
 * Return: 0; -EOPNOTSUPP for memory that hv_vmbus cannot describe; -ENOMEM; -ENODEV after a
 * rescind; other errors of hv_vmbus.
 */
int kmcl_hv_create_gpadl(struct kmcl_offer *base, struct kmcl_gpadl *gpadl)
{
	struct vmbus_channel *channel = kmcl_hv_offer(base)->device->channel;
	struct vmbus_gpadl *handle;
	int err;

	if (!IS_ALIGNED((unsigned long)gpadl->buffer, PAGE_SIZE) ||
	    DIV_ROUND_UP((u64)gpadl->length, KMCL_PAGE_SIZE) > MAX_PAGES)
		return -EOPNOTSUPP;
	handle = kzalloc(sizeof(*handle), GFP_KERNEL);
	if (!handle)
		return -ENOMEM;
	err = vmbus_establish_gpadl(channel, gpadl->buffer, PAGE_ALIGN(gpadl->length), handle);
	if (err) {
		kfree(handle);
		return err;
	}
	gpadl->handle = kmcl_hv_gpadl_handle(handle);
	gpadl->bus_data = handle;
	return 0;
}

void kmcl_hv_delete_gpadl(struct kmcl_offer *base, struct kmcl_gpadl *gpadl)
{
	struct vmbus_channel *channel = kmcl_hv_offer(base)->device->channel;

	vmbus_teardown_gpadl(channel, gpadl->bus_data);
	kfree(gpadl->bus_data);
}
