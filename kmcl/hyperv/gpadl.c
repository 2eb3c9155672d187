// SPDX-License-Identifier: GPL-2.0-only
/*
 * GPADLs over hv_vmbus.
 *
 * hv_vmbus describes one range of whole pages from one kernel address, of a limited length.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../gpadl.h"
#include "../probe/hyperv.h"
#include "../report.h"
#include "hyperv.h"

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
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);
	struct vmbus_gpadl *handle;
	int err;

	if (!IS_ALIGNED((unsigned long)gpadl->buffer, PAGE_SIZE) ||
	    ALIGN((u64)gpadl->length, PAGE_SIZE) / KMCL_PAGE_SIZE > KMCL_HV_GPADL_PAGES)
		return -EOPNOTSUPP;
	handle = kzalloc(sizeof(*handle), GFP_KERNEL);
	if (!handle)
		return -ENOMEM;
	mutex_lock(&offer->control);
	err = vmbus_establish_gpadl(offer->device->channel, gpadl->buffer,
				    PAGE_ALIGN(gpadl->length), handle);
	mutex_unlock(&offer->control);
	if (err) {
		kfree(handle);
		return err;
	}
	gpadl->handle = kmcl_hv_gpadl_handle(handle);
	gpadl->bus_data = handle;
	return 0;
}

/*
 * Without memory nothing is sent, so try again; the driver counts on the pages being its own. In
 * an isolated guest memory can lack later, too: with the handle gone, the host has let go.
 */
static int teardown(struct vmbus_channel *channel, struct vmbus_gpadl *handle)
{
	int err;

	while ((err = vmbus_teardown_gpadl(channel, handle)) == -ENOMEM &&
	       kmcl_hv_gpadl_handle(handle))
		msleep(100);
	return err;
}

void kmcl_hv_delete_gpadl(struct kmcl_offer *base, struct kmcl_gpadl *gpadl)
{
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);
	int err;

	mutex_lock(&offer->control);
	err = teardown(offer->device->channel, gpadl->bus_data);
	mutex_unlock(&offer->control);
	if (err)
		kmcl_tell("%s: GPADL %u may still be with the host: error %d\n",
			  dev_name(&offer->device->device), gpadl->handle, err);
	kfree(gpadl->bus_data);
}
