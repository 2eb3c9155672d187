// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Windows driver as a Linux module: DriverEntry at its start, DriverUnload at its end
 * (kmcl/driver.h).
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "kmcl/driver.h"
#include "nt.h"

#define NAME_CHARS	(MODULE_NAME_LEN + 64)

struct kmcl_driver {
	DRIVER_OBJECT object;
	spinlock_t lock;		/* of @work */
	unsigned int work;		/* items queued or running, and one for the driver */
	struct completion idle;		/* no work left */
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
		complete(&driver->idle);
	spin_unlock_irqrestore(&driver->lock, flags);
}

/* DPCs and work items may still be under way, and each may have started the other. */
static void driver_free(struct kmcl_driver *driver)
{
	KeFlushQueuedDpcs();
	kmcl_driver_work_end(&driver->object);
	wait_for_completion(&driver->idle);
	/* The last kmcl_driver_work_end() may still hold the lock. */
	spin_lock_irq(&driver->lock);
	spin_unlock_irq(&driver->lock);
	KeFlushQueuedDpcs();
	kfree(driver);
}

/**
 * kmcl_driver_load() - run a driver's DriverEntry
 * @owner: the driver's module
 * @entry: DriverEntry
 * @driver: set to the driver object
 *
 * The registry path given to DriverEntry names the module; there is no registry behind it.
 *
 * Return: 0, or the errno nearest to the status that DriverEntry returned. As on Windows,
 * DriverUnload is not called then.
 */
int kmcl_driver_load(struct module *owner, PDRIVER_INITIALIZE entry, PDRIVER_OBJECT *driver)
{
	struct kmcl_driver *new = kzalloc(sizeof(*new), GFP_KERNEL);
	UNICODE_STRING path;
	NTSTATUS status;

	if (!new)
		return -ENOMEM;
	spin_lock_init(&new->lock);
	init_completion(&new->idle);
	new->work = 1;
	new->object.Type = IO_TYPE_DRIVER;
	new->object.Size = sizeof(new->object);
	new->object.DriverInit = entry;
	set_path(&new->object.DriverName, new->name, "\\Driver\\", module_name(owner));
	set_path(&path, new->registry_path,
		 "\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Services\\", module_name(owner));

	status = entry(&new->object, &path);
	if (!NT_SUCCESS(status)) {
		pr_err("%s: DriverEntry failed: %08x\n", module_name(owner), status);
		driver_free(new);
		return kmcl_status_to_errno(status);
	}
	/* A driver without DriverUnload stays, as on Windows. */
	if (!new->object.DriverUnload)
		__module_get(owner);
	*driver = &new->object;
	return 0;
}
EXPORT_SYMBOL_GPL(kmcl_driver_load);

/**
 * kmcl_driver_unload() - run a driver's DriverUnload and wait for its DPCs and work items
 * @object: the driver object
 */
void kmcl_driver_unload(PDRIVER_OBJECT object)
{
	struct kmcl_driver *driver = to_driver(object);

	if (object->DriverUnload)
		object->DriverUnload(object);
	driver_free(driver);
}
EXPORT_SYMBOL_GPL(kmcl_driver_unload);
