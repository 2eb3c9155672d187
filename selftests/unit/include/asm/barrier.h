/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_ASM_BARRIER_H
#define UNIT_ASM_BARRIER_H

#ifdef UNIT_SHIM
#include "shim.h"
#define virt_mb()			shim_barrier(SHIM_MB)
#define virt_rmb()			shim_barrier(SHIM_RMB)
#define virt_wmb()			shim_barrier(SHIM_WMB)
#define virt_load_acquire(p)		shim_load(p, SHIM_ORDERED)
#define virt_store_release(p, value)	shim_store(p, value, SHIM_ORDERED)
#else
#define virt_mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define virt_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define virt_wmb()			__atomic_thread_fence(__ATOMIC_RELEASE)
#define virt_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define virt_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE)
#endif

#endif
