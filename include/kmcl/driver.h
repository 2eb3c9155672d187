/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmcl/driver.h - makes a Linux module of a Windows driver
 *
 * One file of the module, with no Windows source in it, says:
 *
 *	#include <linux/module.h>
 *	#include <kmcl/driver.h>
 *
 *	KMCL_MODULE_DRIVER(DriverEntry);
 *	MODULE_LICENSE("GPL");
 *
 * DriverEntry then runs when the module is loaded; a failing NTSTATUS fails the load with the
 * nearest errno. The driver's DriverUnload runs when it is removed. A driver that sets no
 * DriverUnload cannot be removed, as on Windows.
 *
 * A driver with an AddDevice routine says instead, for each hardware id VMBUS\{...} of its INF:
 *
 *	KMCL_MODULE_PNP_DRIVER(DriverEntry,
 *		KMCL_VMBUS_ID(0xf912ad6d, 0x2b17, 0x48ea,
 *			      0xbd, 0x65, 0xf9, 0x27, 0xa6, 0x1c, 0x76, 0x84));
 *
 * with the GUID in the form that DEFINE_GUID has. AddDevice then runs for each such device that is
 * offered and that nobody has, before the load of the module returns for those that are there;
 * and the module gets the alias by which udev loads it when the host offers such a device.
 */
#ifndef _KMCL_DRIVER_H
#define _KMCL_DRIVER_H

#include <linux/init.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/uuid.h>

#include "../wdm.h"

/* @ids: ends with a zero GUID; NULL: the driver has no devices of its own. */
int kmcl_driver_load(struct module *owner, PDRIVER_INITIALIZE entry,
		     const struct hv_vmbus_device_id *ids, PDRIVER_OBJECT *driver);
void kmcl_driver_unload(PDRIVER_OBJECT driver);

#define KMCL_VMBUS_ID(...)	{ .guid = GUID_INIT(__VA_ARGS__) }

#define KMCL_MODULE(entry, ids)							\
	DRIVER_INITIALIZE entry;						\
	static PDRIVER_OBJECT kmcl_driver_object;				\
										\
	static int __init kmcl_module_load(void)				\
	{									\
		return kmcl_driver_load(THIS_MODULE, entry, ids, &kmcl_driver_object); \
	}									\
	module_init(kmcl_module_load);						\
										\
	static void __exit kmcl_module_unload(void)				\
	{									\
		kmcl_driver_unload(kmcl_driver_object);				\
	}									\
	module_exit(kmcl_module_unload)

#define KMCL_MODULE_DRIVER(entry)	KMCL_MODULE(entry, NULL)

#define KMCL_MODULE_PNP_DRIVER(entry, ...)					\
	static const struct hv_vmbus_device_id kmcl_vmbus_ids[] = {		\
		__VA_ARGS__, { }						\
	};									\
	MODULE_DEVICE_TABLE(vmbus, kmcl_vmbus_ids);				\
	KMCL_MODULE(entry, kmcl_vmbus_ids)

#endif /* _KMCL_DRIVER_H */
