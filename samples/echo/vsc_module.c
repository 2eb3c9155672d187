// SPDX-License-Identifier: GPL-2.0-only
/* The Linux side of echo_vsc: makes a module of the driver. */
#include <linux/module.h>

#include <kmcl/driver.h>

KMCL_MODULE_DRIVER(DriverEntry);
MODULE_AUTHOR("KMCL for Linux");
MODULE_DESCRIPTION("Client of the echo device, a sample driver on KMCL");
MODULE_LICENSE("GPL");
