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
 */
#ifndef _KMCL_DRIVER_H
#define _KMCL_DRIVER_H

#include <linux/init.h>
#include <linux/module.h>

#include "../wdm.h"

int kmcl_driver_load(struct module *owner, PDRIVER_INITIALIZE entry, PDRIVER_OBJECT *driver);
void kmcl_driver_unload(PDRIVER_OBJECT driver);

#define KMCL_MODULE_DRIVER(entry)						\
	DRIVER_INITIALIZE entry;						\
	static PDRIVER_OBJECT kmcl_driver_object;				\
										\
	static int __init kmcl_module_load(void)				\
	{									\
		return kmcl_driver_load(THIS_MODULE, entry, &kmcl_driver_object); \
	}									\
	module_init(kmcl_module_load);						\
										\
	static void __exit kmcl_module_unload(void)				\
	{									\
		kmcl_driver_unload(kmcl_driver_object);				\
	}									\
	module_exit(kmcl_module_unload)

#endif /* _KMCL_DRIVER_H */
