// SPDX-License-Identifier: GPL-2.0-only
/* The Linux side of vdisk_vsp: makes a module of the driver; what the host does, as parameters. */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <kmcl/driver.h>

#include "vsp.h"

static int set_paused(const char *value, const struct kernel_param *kp)
{
	bool pause;
	int err = kstrtobool(value, &pause);

	if (err)
		return err;
	return (pause ? VdiskServerPause() : VdiskServerStart()) ? -ENODEV : 0;
}

static int get_paused(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%c\n", VdiskServerIsPaused() ? 'Y' : 'N');
}

/* What is read is how often that has been done. */
static int set_restores(const char *value, const struct kernel_param *kp)
{
	return VdiskServerRestore(sysfs_streq(value, "damaged")) ? -EIO : 0;
}

static int get_counter(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lld\n", READ_ONCE(*(long long *)kp->arg));
}

static const struct kernel_param_ops paused_ops = { .set = set_paused, .get = get_paused };
static const struct kernel_param_ops restores_ops = { .set = set_restores, .get = get_counter };
static const struct kernel_param_ops counter_ops = { .get = get_counter };

#define COUNTER(name, member, text)							\
	module_param_cb(name, &counter_ops, &VdiskServerCounters.member, 0444);		\
	MODULE_PARM_DESC(name, text)

module_param_cb(paused, &paused_ops, NULL, 0644);
MODULE_PARM_DESC(paused, "Y: serves nobody until it is N again; returns when all is replied to");
module_param_cb(restores, &restores_ops, &VdiskServerCounters.Restores, 0644);
MODULE_PARM_DESC(restores, "write anything: save the channel and restore it into a new one; damaged: from a save with an error in it; how often that was done");
COUNTER(saved_bytes, SavedBytes, "of the last save (read only)");
COUNTER(hellos, Hellos, "times a client has asked for the geometry (read only)");
COUNTER(reads, Reads, "read requests (read only)");
COUNTER(writes, Writes, "write requests (read only)");
COUNTER(flushes, Flushes, "flush requests (read only)");
COUNTER(discards, Discards, "discard requests (read only)");
COUNTER(zeroes, Zeroes, "requests to write zeroes (read only)");
COUNTER(failures, Failures, "requests that failed (read only)");
COUNTER(bad_messages, BadMessages, "among them, those that were not valid (read only)");

KMCL_MODULE_DRIVER(DriverEntry);
MODULE_AUTHOR("KMCL for Linux");
MODULE_DESCRIPTION("Server of the vdisk, a sample driver on KMCL");
MODULE_LICENSE("GPL");
