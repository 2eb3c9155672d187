// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Linux side of the module, and the only file here that a port has to add: how the driver is
 * loaded, and its counters as read-only parameters in /sys/module/dynmem/parameters.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <kmcl/driver.h>

#include "counters.h"

static int get_counter(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lld\n", READ_ONCE(*(long long *)kp->arg));
}

static int get_state(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", DynMemStateName());
}

static int get_protocol(char *buffer, const struct kernel_param *kp)
{
	unsigned int version = DynMemProtocolVersion();

	return sysfs_emit(buffer, "%u.%u\n", version >> 16, version & 0xffff);
}

static const struct kernel_param_ops counter_ops = { .get = get_counter };
static const struct kernel_param_ops state_ops = { .get = get_state };
static const struct kernel_param_ops protocol_ops = { .get = get_protocol };

#define COUNTER(name, member, text)						\
	module_param_cb(name, &counter_ops, &DynMemCounters.member, 0444);	\
	MODULE_PARM_DESC(name, text)

module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "waiting, version, capabilities, running or rejected (read only)");
module_param_cb(protocol, &protocol_ops, NULL, 0444);
MODULE_PARM_DESC(protocol, "version agreed on with the host, 0.0 without one (read only)");
COUNTER(connects, Connects, "times the channel came up (read only)");
COUNTER(packets_sent, PacketsSent, "messages put into the ring (read only)");
COUNTER(packets_received, PacketsReceived, "messages of the host (read only)");
COUNTER(status_reports, StatusReports, "status reports among those sent (read only)");
COUNTER(balloon_requests, BalloonRequests, "balloon requests of the host (read only)");
COUNTER(unballoon_requests, UnballoonRequests, "unballoon messages of the host (read only)");
COUNTER(pages_given, PagesGiven, "pages ever given to the host (read only)");
COUNTER(pages_taken_back, PagesTakenBack, "pages ever taken back (read only)");
COUNTER(pages_ballooned, PagesBallooned, "pages that the host has now (read only)");
COUNTER(pages_held, PagesHeld, "pages back from the host in blocks not complete yet (read only)");
COUNTER(blocks, Blocks, "allocations that back the balloon (read only)");
COUNTER(bad_messages, BadMessages, "messages of the host that were ignored (read only)");
COUNTER(bad_pages, BadPages, "pages returned without having been given (read only)");

KMCL_MODULE_DRIVER(DriverEntry);
/* The name that core gives the bus driver of this device class, so that driverctl can load us. */
MODULE_ALIAS("kmcl-525074dc-8985-46e2-8057-a307dc18a502");
MODULE_AUTHOR("KMCL for Linux");
MODULE_DESCRIPTION("Dynamic Memory client, a sample driver on KMCL");
MODULE_LICENSE("GPL");
