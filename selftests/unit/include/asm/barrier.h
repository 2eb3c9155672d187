/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_ASM_BARRIER_H
#define UNIT_ASM_BARRIER_H

#ifdef UNIT_SHIM
#include "shim.h"
#define virt_mb()			shim_barrier(SHIM_MB) /* all */
#define virt_rmb()			shim_barrier(SHIM_RMB) /* loads */
#define virt_wmb()			shim_barrier(SHIM_WMB) /* stores */
#define virt_load_acquire(p)		shim_load(p, SHIM_ORDERED) /* this first */
#define virt_store_release(p, value)	shim_store(p, value, SHIM_ORDERED) /* this last */
#else
#define virt_mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST) /* all */
#define virt_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE) /* loads */
#define virt_wmb()			__atomic_thread_fence(__ATOMIC_RELEASE) /* stores */
#define virt_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE) /* this first */
#define virt_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE) /* this last */
#endif

#endif
