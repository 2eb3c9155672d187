// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Windows driver as a Linux module: DriverEntry at its start, DriverUnload at its end
 * (kmcl/driver.h).
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "kmcl/driver.h"
#include "nt.h"

#define NAME_CHARS	(MODULE_NAME_LEN + 64)

struct kmcl_driver {
	DRIVER_OBJECT object;
	spinlock_t lock;		/* of the next two */
	unsigned int work;		/* items queued or running */
	unsigned long begun;		/* items queued so far */
	wait_queue_head_t idle;
	struct kmcl_pnp_driver *pnp;
	DRIVER_EXTENSION extension;
	WCHAR name[NAME_CHARS];
	WCHAR registry_path[NAME_CHARS];
};

static struct kmcl_driver *to_driver(PDRIVER_OBJECT object)
{
	return container_of(object, struct kmcl_driver, object);
}

static void set_path(PUNICODE_STRING path, PWCH buffer, const char *prefix, const char *name)
{
	size_t n = 0;

	while (*prefix && n < NAME_CHARS - 1)
		buffer[n++] = *prefix++;
	while (*name && n < NAME_CHARS - 1)
		buffer[n++] = *name++;
	buffer[n] = 0;
	RtlInitUnicodeString(path, buffer);
}

/**
 * kmcl_driver_work_begin() - a work item of a driver was queued
 * @object: the driver
 */
void kmcl_driver_work_begin(PDRIVER_OBJECT object)
{
	struct kmcl_driver *driver = to_driver(object);
	unsigned long flags;

	spin_lock_irqsave(&driver->lock, flags);
	driver->work++;
	driver->begun++;
	spin_unlock_irqrestore(&driver->lock, flags);
}

/**
 * kmcl_driver_work_end() - the routine of a work item returned
 * @object: the driver
 */
void kmcl_driver_work_end(PDRIVER_OBJECT object)
{
	struct kmcl_driver *driver = to_driver(object);
	unsigned long flags;

	spin_lock_irqsave(&driver->lock, flags);
	if (!--driver->work)
		wake_up(&driver->idle);
	spin_unlock_irqrestore(&driver->lock, flags);
}

/* With the lock, which the last kmcl_driver_work_end() may still hold. */
static bool is_idle(struct kmcl_driver *driver, unsigned long *begun)
{
	bool is;

	spin_lock_irq(&driver->lock);
	is = !driver->work;
	*begun = driver->begun;
	spin_unlock_irq(&driver->lock);
	return is;
}

/*
 * DPCs and work items may still be under way, and each may start the other, again and again. All
 * is over when no item has been queued while the DPCs were flushed.
 */
static void wait_for_work(struct kmcl_driver *driver)
{
	unsigned long before, begun;

	do {
		wait_event(driver->idle, is_idle(driver, &before));
		KeFlushQueuedDpcs();
	} while (!is_idle(driver, &begun) || begun != before);
}

static void driver_free(struct kmcl_driver *driver)
{
	KeFlushQueuedDpcs();
	kmcl_wdf_end(&driver->object);
	wait_for_work(driver);
	kmcl_devices_end(&driver->object);
	kfree(driver);
}

static struct kmcl_driver *driver_alloc(struct module *owner, PDRIVER_INITIALIZE entry)
{
	struct kmcl_driver *driver = kzalloc(sizeof(*driver), GFP_KERNEL);
	size_t i;

	if (!driver)
		return NULL;
	spin_lock_init(&driver->lock);
	init_waitqueue_head(&driver->idle);
	driver->object.Type = IO_TYPE_DRIVER;
	driver->object.Size = sizeof(driver->object);
	driver->object.DriverInit = entry;
	driver->object.DriverExtension = &driver->extension;
	driver->extension.DriverObject = &driver->object;
	for (i = 0; i < ARRAY_SIZE(driver->object.MajorFunction); i++)
		driver->object.MajorFunction[i] = kmcl_irp_unhandled;
	set_path(&driver->object.DriverName, driver->name, "\\Driver\\", module_name(owner));
	return driver;
}

/*
 * A driver without DriverUnload stays, as on Windows: also when its devices are not to be had,
 * since nothing can end what its DriverEntry began.
 */
static int start_driver(struct kmcl_driver *driver, struct module *owner,
			const struct hv_vmbus_device_id *ids)
{
	bool stays = !driver->object.DriverUnload;
	int err = 0;

	if (!ids != !driver->extension.AddDevice)
		pr_warn("%s: devices come with both AddDevice and KMCL_MODULE_PNP_DRIVER\n",
			module_name(owner));
	if (ids && driver->extension.AddDevice) {
		driver->pnp = kmcl_pnp_register(&driver->object, ids);
		err = PTR_ERR_OR_ZERO(driver->pnp);
		if (err)
			driver->pnp = NULL;
	}
	if (!stays)
		return err;
	if (err)
		pr_err("%s: gets no devices: %d\n", module_name(owner), err);
	__module_get(owner);
	return 0;
}

/**
 * kmcl_driver_load() - run a driver's DriverEntry
 * @owner: the driver's module
 * @entry: DriverEntry
 * @ids: the VMBus device classes that AddDevice is for, up to a zero GUID; or NULL
 * @driver: set to the driver object
 *
 * The registry path given to DriverEntry names the module; there is no registry behind it. Then, if
 * DriverEntry set AddDevice, it is called for the devices that are there, and from now on for each
 * that comes. That one of them fails is told in the log and does not fail the load.
 *
 * Return: 0, or the errno nearest to the status that DriverEntry returned. As on Windows,
 * DriverUnload is not called then.
 */
int kmcl_driver_load(struct module *owner, PDRIVER_INITIALIZE entry,
		     const struct hv_vmbus_device_id *ids, PDRIVER_OBJECT *driver)
{
	struct kmcl_driver *new = driver_alloc(owner, entry);
	UNICODE_STRING path;
	NTSTATUS status;
	int err;

	if (!new)
		return -ENOMEM;
	set_path(&path, new->registry_path,
		 "\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Services\\", module_name(owner));
	status = entry(&new->object, &path);
	if (!NT_SUCCESS(status)) {
		pr_err("%s: DriverEntry failed: %08x\n", module_name(owner), status);
		driver_free(new);
		return kmcl_status_to_errno(status);
	}
	err = start_driver(new, owner, ids);
	if (err) {
		new->object.DriverUnload(&new->object);
		driver_free(new);
		return err;
	}
	*driver = &new->object;
	return 0;
}
EXPORT_SYMBOL_GPL(kmcl_driver_load);

/**
 * kmcl_driver_unload() - remove a driver's devices, then run its DriverUnload
 * @object: the driver object
 *
 * Waits for its DPCs and work items, and before that until the driver has cleaned up the channels
 * of its devices.
 */
void kmcl_driver_unload(PDRIVER_OBJECT object)
{
	struct kmcl_driver *driver = to_driver(object);

	if (driver->pnp)
		kmcl_pnp_unregister(driver->pnp);
	if (object->DriverUnload)
		object->DriverUnload(object);
	driver_free(driver);
}
EXPORT_SYMBOL_GPL(kmcl_driver_unload);
