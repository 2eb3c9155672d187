// SPDX-License-Identifier: GPL-2.0-only
/* hv_driver.remove returns nothing. */
#include <linux/hyperv.h>

void probe(struct hv_driver *driver);
static void probe_remove(struct hv_device *device)
{
}

void probe(struct hv_driver *driver)
{
	driver->remove = probe_remove;
}
