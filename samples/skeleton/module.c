// SPDX-License-Identifier: GPL-2.0-only
/* The Linux side: makes a module of the driver, which udev loads when the host has its device. */
#include <linux/module.h>

#include <kmcl/driver.h>

#define SKELETON_CLASS	KMCL_VMBUS_ID( \
	    0x8e6f5a10, 0x7d3c, 0x4c52, 0x9a, 0x0b, 0x51, 0xc3, 0xd2, 0xe4, 0xf6, 0x01)

KMCL_MODULE_PNP_DRIVER(DriverEntry, SKELETON_CLASS);
MODULE_DESCRIPTION("skeleton, a driver on KMCL for Linux");
MODULE_LICENSE("GPL");
