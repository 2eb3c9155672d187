// SPDX-License-Identifier: GPL-2.0-only
/* Start and end of the NT subset. */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/export.h>
#include <linux/printk.h>

#include "nt.h"

/**
 * kmcl_nt_usage() - what drivers hold at the moment
 * @usage: filled in
 */
void kmcl_nt_usage(struct kmcl_nt_usage *usage)
{
	kmcl_pool_usage(usage);
	usage->mdl_pages = kmcl_mdl_pages_out();
	usage->objects = kmcl_objects_out();
}
EXPORT_SYMBOL_GPL(kmcl_nt_usage);

/**
 * kmcl_nt_init() - start the NT subset, before any function of it is called
 *
 * Return: 0 or a negative errno.
 */
int kmcl_nt_init(void)
{
	int ret;

	kmcl_dpc_init();
	kmcl_timeout_init();
	ret = kmcl_workitem_init();
	if (ret)
		goto err_timeout;
	ret = kmcl_wdf_init();
	if (ret)
		goto err_workitem;
	ret = kmcl_thread_init();
	if (ret)
		goto err_wdf;
	return 0;

err_wdf:
	kmcl_wdf_exit();
err_workitem:
	kmcl_workitem_exit();
err_timeout:
	kmcl_timeout_exit();
	kmcl_dpc_exit();
	return ret;
}

/**
 * kmcl_nt_exit() - end the NT subset; no driver that used it is left
 *
 * Says in the log what such a driver forgot to free.
 */
void kmcl_nt_exit(void)
{
	struct kmcl_nt_usage usage;

	kmcl_thread_exit();
	kmcl_wdf_exit();
	kmcl_workitem_exit();
	kmcl_timeout_exit();
	kmcl_dpc_exit();
	kmcl_mdl_exit();
	kmcl_nt_usage(&usage);
	if (usage.pool_blocks || usage.mdl_pages || usage.objects)
		pr_warn("not freed: %lld pool blocks (%lld bytes), %lld MDL pages, %lld objects\n",
			usage.pool_blocks, usage.pool_bytes, usage.mdl_pages, usage.objects);
	kmcl_pool_tell_leaks();
	kmcl_pool_exit();
}
