/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, found by compiling (probe/Kbuild.include) and never by version
 * number: vendors backport. The rest of the code sees one kernel.
 */
#ifndef KMCL_PROBE_COMPAT_H
#define KMCL_PROBE_COMPAT_H

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
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

/* 5.10 and others of its age name it by the number of CPUs. */
#ifndef WQ_UNBOUND_MAX_ACTIVE
#define WQ_UNBOUND_MAX_ACTIVE	WQ_MAX_ACTIVE
#endif

static inline void kmcl_hrtimer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*function)(struct hrtimer *),
				      clockid_t clock, enum hrtimer_mode mode)
{
#ifdef KMCL_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

static inline void __noreturn kmcl_kthread_exit(void)
{
#ifdef KMCL_HAVE_KTHREAD_COMPLETE_AND_EXIT
	kthread_complete_and_exit(NULL, 0);
#else
	complete_and_exit(NULL, 0);
#endif
}

#endif
