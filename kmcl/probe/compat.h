/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, found by compiling (probe/Kbuild.include) and never by version
 * number: vendors backport. The rest of the code sees one kernel.
 */
#ifndef KMCL_PROBE_COMPAT_H
#define KMCL_PROBE_COMPAT_H

#include <linux/types.h>
#include <linux/workqueue.h>

#ifdef KMCL_HAVE_MSHYPERV
#include <asm/mshyperv.h>

static inline bool kmcl_in_hyperv_guest(void)
{
	return hv_is_hyperv_initialized();
}
#else
static inline bool kmcl_in_hyperv_guest(void)
{
	return false;
}
#endif

#ifdef KMCL_EXPORTS_vmbus_device_unregister
struct hv_device;
void vmbus_device_unregister(struct hv_device *device_obj);
#endif

/* 5.10 and others of its age name it by the number of CPUs. */
#ifndef WQ_UNBOUND_MAX_ACTIVE
#define WQ_UNBOUND_MAX_ACTIVE	WQ_MAX_ACTIVE
#endif

#endif
