// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device objects and their stacks. A physical device object (PDO) stands for an offer of a bus and
 * is made by the library (pnp.c); drivers put theirs on top of it.
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include "nt.h"

struct nt_device {
	DEVICE_OBJECT object;
	PDEVICE_OBJECT lower;
	bool deleted;
	void *node;		/* of a PDO: pnp.c's, until the device is gone */
	u8 extension[] __aligned(16);
};

/* Of all stacks, and of every driver's list of devices. */
static DEFINE_SPINLOCK(stacks);

static void destroy(void *body)
{
	kmcl_object_free(body);
}

static struct _OBJECT_TYPE device_type = { "Device", destroy };

static struct nt_device *to_device(PDEVICE_OBJECT object)
{
	return container_of(object, struct nt_device, object);
}

/**
 * kmcl_device_valid() - is this a device object?
 * @object: any pointer to memory
 *
 * Return: true if IoCreateDevice() made it, or the library, and it has not been freed.
 */
bool kmcl_device_valid(PDEVICE_OBJECT object)
{
	return object && kmcl_object_is(object, &device_type);
}

/**
 * IoCreateDevice() - make a device object
 * @DriverObject: its driver
 * @DeviceExtensionSize: bytes of memory for the driver, zeroed, behind DeviceExtension
 * @DeviceName: ignored: there is no namespace of devices
 * @DeviceType: kept in the object
 * @DeviceCharacteristics: kept in the object
 * @Exclusive: ignored: nothing opens device objects
 * @DeviceObject: set to the object, which the caller ends by IoDeleteDevice(), or to NULL
 *
 * IRQL: APC_LEVEL or below.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "IoCreateDevice function (wdm.h)".
 */
NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
			PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
			ULONG DeviceCharacteristics, BOOLEAN Exclusive,
			PDEVICE_OBJECT *DeviceObject)
{
	struct nt_device *device = kmcl_object_alloc(&device_type,
						  sizeof(*device) + (size_t)DeviceExtensionSize);

	kmcl_nt_may_wait(__func__);
	*DeviceObject = NULL;
	if (!device)
		return STATUS_INSUFFICIENT_RESOURCES;
	device->object.Type = IO_TYPE_DEVICE;
	device->object.Size = sizeof(DEVICE_OBJECT);
	device->object.DriverObject = DriverObject;
	device->object.Flags = DO_DEVICE_INITIALIZING;
	device->object.Characteristics = DeviceCharacteristics;
	device->object.DeviceExtension = DeviceExtensionSize ? device->extension : NULL;
	device->object.DeviceType = DeviceType;
	device->object.StackSize = 1;
	spin_lock_bh(&stacks);
	device->object.NextDevice = DriverObject->DeviceObject;
	DriverObject->DeviceObject = &device->object;
	spin_unlock_bh(&stacks);
	*DeviceObject = &device->object;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(IoCreateDevice);

/* Under the lock. */
static void unlist(struct nt_device *device)
{
	PDEVICE_OBJECT *link = &device->object.DriverObject->DeviceObject;

	while (*link && *link != &device->object)
		link = &(*link)->NextDevice;
	if (*link)
		*link = device->object.NextDevice;
	device->object.NextDevice = NULL;
}

/**
 * IoDeleteDevice() - end a device object
 * @DeviceObject: from IoCreateDevice(), detached from the device below it
 *
 * The memory stays as long as somebody has a reference: a queued work item, a channel whose parent
 * it is. One that is still attached is detached, with a warning; so is one that is deleted twice,
 * and then nothing else happens.
 *
 * IRQL: APC_LEVEL or below.
 *
 * Microsoft: "IoDeleteDevice function (wdm.h)".
 */
VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
	struct nt_device *device = to_device(DeviceObject);
	bool twice;

	if (WARN_ONCE(!kmcl_device_valid(DeviceObject), "%s: not a device object\n", __func__))
		return;
	if (WARN_ONCE(device->lower, "%s: the device is still attached\n", __func__))
		IoDetachDevice(device->lower);
	if (WARN_ONCE(DeviceObject->AttachedDevice, "%s: a device is attached to it\n", __func__))
		IoDetachDevice(DeviceObject);
	spin_lock_bh(&stacks);
	twice = device->deleted;
	device->deleted = true;
	if (!twice)
		unlist(device);
	spin_unlock_bh(&stacks);
	if (!WARN_ONCE(twice, "%s: deleted before\n", __func__))
		ObDereferenceObject(device);
}
EXPORT_SYMBOL_GPL(IoDeleteDevice);

/* Under the lock. */
static PDEVICE_OBJECT bottom_of(PDEVICE_OBJECT object)
{
	while (to_device(object)->lower)
		object = to_device(object)->lower;
	return object;
}

/* Under the lock. */
static PDEVICE_OBJECT top_of(PDEVICE_OBJECT object)
{
	while (object->AttachedDevice)
		object = object->AttachedDevice;
	return object;
}

/**
 * IoAttachDeviceToDeviceStack() - put a device on top of a stack
 * @SourceDevice: not attached to any device
 * @TargetDevice: any device of the stack
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Return: the device that was on top, to which IRPs are passed on; NULL if @SourceDevice is
 * attached already or the bottom of that very stack, or the target was deleted.
 *
 * Microsoft: "IoAttachDeviceToDeviceStack function (wdm.h)".
 */
PDEVICE_OBJECT IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
	struct nt_device *source = to_device(SourceDevice);
	PDEVICE_OBJECT top = NULL;

	spin_lock_bh(&stacks);
	if (!source->lower && SourceDevice != bottom_of(TargetDevice) &&
	    !to_device(TargetDevice)->deleted) {
		top = top_of(TargetDevice);
		top->AttachedDevice = SourceDevice;
		source->lower = top;
		SourceDevice->StackSize = top->StackSize + 1;
	}
	spin_unlock_bh(&stacks);
	return top;
}
EXPORT_SYMBOL_GPL(IoAttachDeviceToDeviceStack);

/**
 * IoDetachDevice() - take the device that stands directly on another off its stack
 * @TargetDevice: what IoAttachDeviceToDeviceStack() returned
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Microsoft: "IoDetachDevice function (wdm.h)".
 */
VOID IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
	PDEVICE_OBJECT upper;

	spin_lock_bh(&stacks);
	upper = TargetDevice->AttachedDevice;
	TargetDevice->AttachedDevice = NULL;
	if (upper)
		to_device(upper)->lower = NULL;
	spin_unlock_bh(&stacks);
	WARN_ONCE(!upper, "%s: nothing is attached\n", __func__);
}
EXPORT_SYMBOL_GPL(IoDetachDevice);

/**
 * IoGetAttachedDeviceReference() - the highest device of a stack
 * @DeviceObject: any device of it
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Return: the device, @DeviceObject itself if nothing is attached; the caller drops the reference
 * by ObDereferenceObject().
 *
 * Microsoft: "IoGetAttachedDeviceReference function (ntifs.h)".
 */
PDEVICE_OBJECT IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject)
{
	PDEVICE_OBJECT top;

	spin_lock_bh(&stacks);
	top = top_of(DeviceObject);
	ObReferenceObject(top);
	spin_unlock_bh(&stacks);
	return top;
}
EXPORT_SYMBOL_GPL(IoGetAttachedDeviceReference);

/**
 * IoGetLowerDeviceObject() - the device that another is attached to
 * @DeviceObject: the upper device
 *
 * IRQL: DISPATCH_LEVEL or below.
 *
 * Return: the device, whose reference the caller drops by ObDereferenceObject(), or NULL.
 *
 * Microsoft: "IoGetLowerDeviceObject function (ntifs.h)".
 */
PDEVICE_OBJECT IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject)
{
	PDEVICE_OBJECT lower;

	spin_lock_bh(&stacks);
	lower = to_device(DeviceObject)->lower;
	if (lower)
		ObReferenceObject(lower);
	spin_unlock_bh(&stacks);
	return lower;
}
EXPORT_SYMBOL_GPL(IoGetLowerDeviceObject);

/**
 * kmcl_device_set_node() - say what a PDO stands for
 * @pdo: made by pnp.c
 * @node: its node; NULL: the device is gone
 */
void kmcl_device_set_node(PDEVICE_OBJECT pdo, void *node)
{
	spin_lock_bh(&stacks);
	to_device(pdo)->node = node;
	spin_unlock_bh(&stacks);
}

/**
 * kmcl_device_node() - what the lowest device of a stack stands for
 * @object: any device of the stack
 * @get: called for the node, before it can go away; false: there is none any more
 *
 * Return: the node or NULL.
 */
void *kmcl_device_node(PDEVICE_OBJECT object, bool (*get)(void *node))
{
	void *node;

	spin_lock_bh(&stacks);
	while (to_device(object)->lower)
		object = to_device(object)->lower;
	node = to_device(object)->node;
	if (node && !get(node))
		node = NULL;
	spin_unlock_bh(&stacks);
	return node;
}

/**
 * kmcl_devices_end() - what a driver leaves behind when it is unloaded
 * @driver: the driver, which runs no more
 *
 * Tells of device objects that were not deleted, and deletes them.
 */
void kmcl_devices_end(PDRIVER_OBJECT driver)
{
	unsigned int left = 0;

	while (driver->DeviceObject) {
		struct nt_device *device = to_device(driver->DeviceObject);

		if (device->lower)
			IoDetachDevice(device->lower);
		if (device->object.AttachedDevice)
			IoDetachDevice(&device->object);
		IoDeleteDevice(&device->object);
		left++;
	}
	if (left)
		pr_warn("%u device objects of a driver were not deleted\n", left);
}
