// SPDX-License-Identifier: GPL-2.0-only
/*
 * KMDF's drivers and devices, on top of the WDM ones: AddDevice becomes EvtDriverDeviceAdd, and the
 * Plug and Play IRPs the callbacks of a device.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "kmcl/interface.h"
#include "nt.h"
#include "wdf_object.h"

struct wdf_driver {
	struct wdf_object object;
	struct list_head link;
	PDRIVER_OBJECT wdm;
	WDFDRIVER *globals;		/* the module's WdfDriverGlobals */
	PFN_WDF_DRIVER_DEVICE_ADD add;
	PFN_WDF_DRIVER_UNLOAD unload;
};

struct wdf_device {
	struct wdf_object object;
	struct wdf_driver *driver;
	PDEVICE_OBJECT wdm;
	PDEVICE_OBJECT lower;
	PDEVICE_OBJECT pdo;
	WDF_PNPPOWER_EVENT_CALLBACKS callbacks;
	/* How far the start came, for the removal. */
	bool prepared;
	bool in_d0;
	bool self_managed;
};

struct WDFDEVICE_INIT {
	struct wdf_driver *driver;
	PDEVICE_OBJECT pdo;
	DEVICE_TYPE type;
	WDF_PNPPOWER_EVENT_CALLBACKS callbacks;
	struct wdf_device *device;	/* once WdfDeviceCreate made it */
};

static LIST_HEAD(drivers);
static DEFINE_SPINLOCK(drivers_lock);		/* interrupts off */

static const struct wdf_type driver_type = {
	.name = "driver", .size = sizeof(struct wdf_driver),
};

/* In Flags: the extension is ours. A driver can have made device objects of its own. */
#define DO_KMDF	0x80000000

static struct wdf_device *device_of(PDEVICE_OBJECT wdm)
{
	return wdm->Flags & DO_KMDF ? *(struct wdf_device **)wdm->DeviceExtension : NULL;
}

/* ---- devices ---- */

static void end_device(struct wdf_object *object)
{
	struct wdf_device *device = container_of(object, struct wdf_device, object);

	if (device->lower)
		IoDetachDevice(device->lower);
	IoDeleteDevice(device->wdm);
}

static const struct wdf_type device_type = {
	.name = "device", .size = sizeof(struct wdf_device), .end = end_device,
};

static struct wdf_device *to_device(WDFDEVICE handle)
{
	struct wdf_object *object = kmcl_wdf_object(handle, &device_type);

	return object ? container_of(object, struct wdf_device, object) : NULL;
}

/**
 * WdfDeviceInitSetPnpPowerEventCallbacks() - say what is called when a device comes and goes
 * @DeviceInit: given to EvtDriverDeviceAdd
 * @Callbacks: copied
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "WdfDeviceInitSetPnpPowerEventCallbacks function (wdfdevice.h)".
 */
VOID WdfDeviceInitSetPnpPowerEventCallbacks(PWDFDEVICE_INIT DeviceInit,
					    PWDF_PNPPOWER_EVENT_CALLBACKS Callbacks)
{
	DeviceInit->callbacks = *Callbacks;
}
EXPORT_SYMBOL_GPL(WdfDeviceInitSetPnpPowerEventCallbacks);

/**
 * WdfDeviceInitSetDeviceType() - say what kind of device it is going to be
 * @DeviceInit: given to EvtDriverDeviceAdd
 * @DeviceType: FILE_DEVICE_..., kept in the WDM device object
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "WdfDeviceInitSetDeviceType function (wdfdevice.h)".
 */
VOID WdfDeviceInitSetDeviceType(PWDFDEVICE_INIT DeviceInit, DEVICE_TYPE DeviceType)
{
	DeviceInit->type = DeviceType;
}
EXPORT_SYMBOL_GPL(WdfDeviceInitSetDeviceType);

static NTSTATUS create_wdm(struct wdf_device *device, const WDFDEVICE_INIT *init)
{
	NTSTATUS status = IoCreateDevice(init->driver->wdm, sizeof(device), NULL, init->type, 0,
					 FALSE, &device->wdm);

	if (!NT_SUCCESS(status))
		return status;
	*(struct wdf_device **)device->wdm->DeviceExtension = device;
	device->wdm->Flags |= DO_KMDF;
	device->lower = IoAttachDeviceToDeviceStack(device->wdm, init->pdo);
	device->wdm->Flags &= ~DO_DEVICE_INITIALIZING;
	if (device->lower)
		return STATUS_SUCCESS;
	IoDeleteDevice(device->wdm);
	return STATUS_NO_SUCH_DEVICE;
}

/**
 * WdfDeviceCreate() - make the device that EvtDriverDeviceAdd was asked for
 * @DeviceInit: given to EvtDriverDeviceAdd; set to NULL on success
 * @DeviceAttributes: context and callbacks, or NULL
 * @Device: set; goes when the device is removed, or EvtDriverDeviceAdd fails
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES; STATUS_NO_SUCH_DEVICE the device has gone;
 * STATUS_INVALID_DEVICE_STATE there is a device for it.
 *
 * Microsoft: "WdfDeviceCreate function (wdfdevice.h)".
 */
NTSTATUS WdfDeviceCreate(PWDFDEVICE_INIT *DeviceInit, PWDF_OBJECT_ATTRIBUTES DeviceAttributes,
			 WDFDEVICE *Device)
{
	PWDFDEVICE_INIT init = *DeviceInit;
	struct wdf_device *device;
	struct wdf_object *object;
	NTSTATUS status;

	if (!init || init->device)
		return STATUS_INVALID_DEVICE_STATE;
	status = kmcl_wdf_create(&device_type, DeviceAttributes, &init->driver->object, NULL,
				 &object);
	if (!NT_SUCCESS(status))
		return status;
	device = container_of(object, struct wdf_device, object);
	device->driver = init->driver;
	device->pdo = init->pdo;
	device->callbacks = init->callbacks;
	status = create_wdm(device, init);
	if (!NT_SUCCESS(status)) {
		kmcl_wdf_forget(&device->object);
		return status;
	}
	init->device = device;
	*DeviceInit = NULL;
	*Device = (WDFDEVICE)device;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(WdfDeviceCreate);

/**
 * WdfDeviceGetDriver() - a device's driver
 * @Device: the device
 *
 * IRQL: any.
 *
 * Return: the driver.
 *
 * Microsoft: "WdfDeviceGetDriver function (wdfdevice.h)".
 */
WDFDRIVER WdfDeviceGetDriver(WDFDEVICE Device)
{
	struct wdf_device *device = to_device(Device);

	return device ? (WDFDRIVER)device->driver : NULL;
}
EXPORT_SYMBOL_GPL(WdfDeviceGetDriver);

/**
 * WdfDeviceWdmGetDeviceObject() - a device's WDM device object, the FDO
 * @Device: the device
 *
 * IRQL: any.
 *
 * Return: the device object; as the parent of a channel it stands for the VMBus device.
 *
 * Microsoft: "WdfDeviceWdmGetDeviceObject function (wdfdevice.h)".
 */
PDEVICE_OBJECT WdfDeviceWdmGetDeviceObject(WDFDEVICE Device)
{
	struct wdf_device *device = to_device(Device);

	return device ? device->wdm : NULL;
}
EXPORT_SYMBOL_GPL(WdfDeviceWdmGetDeviceObject);

/**
 * WdfDeviceWdmGetAttachedDevice() - the device object below a device's own
 * @Device: the device
 *
 * IRQL: any.
 *
 * Return: the device object.
 *
 * Microsoft: "WdfDeviceWdmGetAttachedDevice function (wdfdevice.h)".
 */
PDEVICE_OBJECT WdfDeviceWdmGetAttachedDevice(WDFDEVICE Device)
{
	struct wdf_device *device = to_device(Device);

	return device ? device->lower : NULL;
}
EXPORT_SYMBOL_GPL(WdfDeviceWdmGetAttachedDevice);

/**
 * WdfDeviceWdmGetPhysicalDevice() - the PDO of a device
 * @Device: the device
 *
 * IRQL: any.
 *
 * Return: the device object.
 *
 * Microsoft: "WdfDeviceWdmGetPhysicalDevice function (wdfdevice.h)".
 */
PDEVICE_OBJECT WdfDeviceWdmGetPhysicalDevice(WDFDEVICE Device)
{
	struct wdf_device *device = to_device(Device);

	return device ? device->pdo : NULL;
}
EXPORT_SYMBOL_GPL(WdfDeviceWdmGetPhysicalDevice);

/**
 * WdfWdmDeviceGetWdfDeviceHandle() - the device of a WDM device object
 * @DeviceObject: any
 *
 * IRQL: any.
 *
 * Return: the device; NULL for a device object that is not KMDF's.
 *
 * Microsoft: "WdfWdmDeviceGetWdfDeviceHandle function (wdfdevice.h)".
 */
WDFDEVICE WdfWdmDeviceGetWdfDeviceHandle(PDEVICE_OBJECT DeviceObject)
{
	return (WDFDEVICE)device_of(DeviceObject);
}
EXPORT_SYMBOL_GPL(WdfWdmDeviceGetWdfDeviceHandle);

/**
 * WdfFdoQueryForInterface() - ask the bus for an interface
 * @Fdo: the device
 * @InterfaceType: KMCL_CLIENT_INTERFACE_TYPE
 * @Interface: filled on success
 * @Size: its bytes
 * @Version: KMCL_CLIENT_INTERFACE_VERSION_V1
 * @InterfaceSpecificData: ignored
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: as of kmcl_query_interface().
 *
 * Microsoft: "WdfFdoQueryForInterface function (wdffdo.h)".
 */
NTSTATUS WdfFdoQueryForInterface(WDFDEVICE Fdo, LPCGUID InterfaceType, PINTERFACE Interface,
				 USHORT Size, USHORT Version, PVOID InterfaceSpecificData)
{
	if (!to_device(Fdo))
		return STATUS_INVALID_HANDLE;
	return kmcl_query_interface(InterfaceType, Interface, Size, Version);
}
EXPORT_SYMBOL_GPL(WdfFdoQueryForInterface);

/* ---- Plug and Play ---- */

static NTSTATUS start(struct wdf_device *device)
{
	const WDF_PNPPOWER_EVENT_CALLBACKS *callbacks = &device->callbacks;
	WDFDEVICE handle = (WDFDEVICE)device;
	NTSTATUS status = STATUS_SUCCESS;

	/* As on Windows, EvtDeviceReleaseHardware undoes a failed EvtDevicePrepareHardware. */
	device->prepared = true;
	if (callbacks->EvtDevicePrepareHardware)
		status = callbacks->EvtDevicePrepareHardware(handle, NULL, NULL);
	if (!NT_SUCCESS(status))
		return status;
	device->in_d0 = true;
	if (callbacks->EvtDeviceD0Entry)
		status = callbacks->EvtDeviceD0Entry(handle, WdfPowerDeviceD3Final);
	if (!NT_SUCCESS(status))
		return status;
	device->self_managed = true;
	if (callbacks->EvtDeviceSelfManagedIoInit)
		status = callbacks->EvtDeviceSelfManagedIoInit(handle);
	return status;
}

static void stop(struct wdf_device *device)
{
	const WDF_PNPPOWER_EVENT_CALLBACKS *callbacks = &device->callbacks;
	WDFDEVICE handle = (WDFDEVICE)device;

	if (device->in_d0 && callbacks->EvtDeviceD0Exit)
		callbacks->EvtDeviceD0Exit(handle, WdfPowerDeviceD3Final);
	if (device->prepared && callbacks->EvtDeviceReleaseHardware)
		callbacks->EvtDeviceReleaseHardware(handle, NULL);
	if (device->self_managed && callbacks->EvtDeviceSelfManagedIoCleanup)
		callbacks->EvtDeviceSelfManagedIoCleanup(handle);
}

static NTSTATUS on_start(struct wdf_device *device, PIRP irp)
{
	NTSTATUS status = STATUS_UNSUCCESSFUL;

	if (IoForwardIrpSynchronously(device->lower, irp))
		status = irp->IoStatus.Status;
	if (NT_SUCCESS(status))
		status = start(device);
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS on_remove(struct wdf_device *device, PIRP irp)
{
	NTSTATUS status;

	stop(device);
	irp->IoStatus.Status = STATUS_SUCCESS;
	IoSkipCurrentIrpStackLocation(irp);
	status = IoCallDriver(device->lower, irp);
	kmcl_wdf_delete(&device->object);
	return status;
}

static NTSTATUS dispatch_pnp(PDEVICE_OBJECT wdm, PIRP irp)
{
	struct wdf_device *device = device_of(wdm);

	if (!device)
		return kmcl_irp_unhandled(wdm, irp);
	switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
	case IRP_MN_START_DEVICE:
		return on_start(device, irp);
	case IRP_MN_REMOVE_DEVICE:
		return on_remove(device, irp);
	case IRP_MN_SURPRISE_REMOVAL:
		if (device->callbacks.EvtDeviceSurpriseRemoval)
			device->callbacks.EvtDeviceSurpriseRemoval((WDFDEVICE)device);
		irp->IoStatus.Status = STATUS_SUCCESS;
		fallthrough;
	default:
		IoSkipCurrentIrpStackLocation(irp);
		return IoCallDriver(device->lower, irp);
	}
}

/* ---- drivers ---- */

static struct wdf_driver *find_driver(PDRIVER_OBJECT wdm)
{
	struct wdf_driver *driver, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&drivers_lock, flags);
	list_for_each_entry(driver, &drivers, link)
		if (driver->wdm == wdm)
			found = driver;
	spin_unlock_irqrestore(&drivers_lock, flags);
	return found;
}

static NTSTATUS add_device(PDRIVER_OBJECT wdm, PDEVICE_OBJECT pdo)
{
	struct wdf_driver *driver = find_driver(wdm);
	WDFDEVICE_INIT init = { .driver = driver, .pdo = pdo, .type = FILE_DEVICE_UNKNOWN };
	NTSTATUS status = driver->add((WDFDRIVER)driver, &init);

	if (!NT_SUCCESS(status) && init.device)
		kmcl_wdf_delete(&init.device->object);
	return status;
}

static VOID unload(PDRIVER_OBJECT wdm)
{
	struct wdf_driver *driver = find_driver(wdm);

	if (driver->unload)
		driver->unload((WDFDRIVER)driver);
}

/**
 * KmclWdfDriverCreate() - WdfDriverCreate(): make a KMDF driver of a WDM one, in DriverEntry
 * @Globals: the module's WdfDriverGlobals: set to the driver, and to NULL when it goes
 * @DriverObject: given to DriverEntry
 * @RegistryPath: ignored
 * @DriverAttributes: context and callbacks, or NULL
 * @DriverConfig: EvtDriverDeviceAdd, or none and WdfDriverInitNonPnpDriver; EvtDriverUnload
 * @Driver: if not NULL, set; goes when DriverEntry fails, or after the driver was unloaded
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES; STATUS_INVALID_PARAMETER without
 * EvtDriverDeviceAdd and WdfDriverInitNonPnpDriver; STATUS_DRIVER_INTERNAL_ERROR called before.
 *
 * Microsoft: "WdfDriverCreate function (wdfdriver.h)".
 */
NTSTATUS KmclWdfDriverCreate(WDFDRIVER *Globals, PDRIVER_OBJECT DriverObject,
			     PCUNICODE_STRING RegistryPath, PWDF_OBJECT_ATTRIBUTES DriverAttributes,
			     PWDF_DRIVER_CONFIG DriverConfig, WDFDRIVER *Driver)
{
	struct wdf_driver *driver;
	struct wdf_object *object;
	NTSTATUS status;

	if (!DriverConfig->EvtDriverDeviceAdd &&
	    !(DriverConfig->DriverInitFlags & WdfDriverInitNonPnpDriver))
		return STATUS_INVALID_PARAMETER;
	if (find_driver(DriverObject))
		return STATUS_DRIVER_INTERNAL_ERROR;
	status = kmcl_wdf_create(&driver_type, DriverAttributes, NULL, NULL, &object);
	if (!NT_SUCCESS(status))
		return status;
	driver = container_of(object, struct wdf_driver, object);
	driver->wdm = DriverObject;
	driver->globals = Globals;
	driver->add = DriverConfig->EvtDriverDeviceAdd;
	driver->unload = DriverConfig->EvtDriverUnload;
	DriverObject->DriverUnload = unload;
	if (driver->add) {
		DriverObject->DriverExtension->AddDevice = add_device;
		DriverObject->MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
	}
	spin_lock_irq(&drivers_lock);
	list_add_tail(&driver->link, &drivers);
	spin_unlock_irq(&drivers_lock);
	*Globals = (WDFDRIVER)driver;
	if (Driver)
		*Driver = (WDFDRIVER)driver;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(KmclWdfDriverCreate);

/**
 * WdfDriverWdmGetDriverObject() - a driver's WDM driver object
 * @Driver: the driver
 *
 * IRQL: any.
 *
 * Return: the driver object.
 *
 * Microsoft: "WdfDriverWdmGetDriverObject function (wdfdriver.h)".
 */
PDRIVER_OBJECT WdfDriverWdmGetDriverObject(WDFDRIVER Driver)
{
	struct wdf_object *object = kmcl_wdf_object(Driver, &driver_type);

	return object ? container_of(object, struct wdf_driver, object)->wdm : NULL;
}
EXPORT_SYMBOL_GPL(WdfDriverWdmGetDriverObject);

/**
 * kmcl_wdf_end() - a driver has been unloaded, or failed to load
 * @wdm: its driver object, of KMDF or not
 */
void kmcl_wdf_end(PDRIVER_OBJECT wdm)
{
	struct wdf_driver *driver = find_driver(wdm);

	if (!driver)
		return;
	spin_lock_irq(&drivers_lock);
	list_del(&driver->link);
	spin_unlock_irq(&drivers_lock);
	*driver->globals = NULL;
	kmcl_wdf_delete(&driver->object);
}
