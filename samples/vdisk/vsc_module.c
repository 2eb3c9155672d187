// SPDX-License-Identifier: GPL-2.0-only
/* The Linux side of vdisk_vsc: makes a module of the driver, and parameters of its counters. */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <kmcl/channel.h>
#include <kmcl/driver.h>

#include "vsc.h"

/* From the first request on, which the one in sysfs is too late for. */
unsigned int VdiskIoTimeout = 30;
module_param_named(io_timeout, VdiskIoTimeout, uint, 0444);
MODULE_PARM_DESC(io_timeout, "seconds that a request, or the hello, may take before the channel is looked at");

int VdiskHasFailed(void *channel)
{
	return kmcl_channel_has_failed(channel);
}

static int get_state(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", VdiskClientState());
}

static int get_counter(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lld\n", READ_ONCE(*(long long *)kp->arg));
}

static const struct kernel_param_ops state_ops = { .get = get_state };
static const struct kernel_param_ops counter_ops = { .get = get_counter };

#define COUNTER(name, member, text)							\
	module_param_cb(name, &counter_ops, &VdiskClientCounters.member, 0444);		\
	MODULE_PARM_DESC(name, text)

module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "waiting, hello, ready or refused (read only)");
COUNTER(connects, Connects, "times the channel came up (read only)");
COUNTER(requests, Requests, "requests sent (read only)");
COUNTER(failures, Failures, "requests that failed (read only)");
COUNTER(changes, Changes, "changes of the disk told by the server (read only)");
COUNTER(bad_messages, BadMessages, "of the server, not valid (read only)");

KMCL_MODULE_DRIVER(DriverEntry);
MODULE_AUTHOR("KMCL for Linux");
MODULE_DESCRIPTION("Client of the vdisk, a sample driver on KMCL");
MODULE_LICENSE("GPL");
