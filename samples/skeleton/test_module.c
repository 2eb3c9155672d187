// SPDX-License-Identifier: GPL-2.0-only
/* The Linux side of the test's device. */
#include <linux/module.h>

#include <kmcl/driver.h>

KMCL_MODULE_DRIVER(DriverEntry);
MODULE_DESCRIPTION("The device of the test of skeleton");
MODULE_LICENSE("GPL");
