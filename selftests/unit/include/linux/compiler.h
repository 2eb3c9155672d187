/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * With UNIT_SHIM every access to shared memory is a call into the test, which can log it, hold a
 * store back and switch to the other side: see shim.h. Without it the accesses are what the
 * hardware and ThreadSanitizer understand.
 */
#ifndef UNIT_LINUX_COMPILER_H
#define UNIT_LINUX_COMPILER_H

#define likely(x)		(x)
#define unlikely(x)		(x)

#ifdef UNIT_SHIM
#include "shim.h"
#define READ_ONCE(x)		shim_load(&(x), SHIM_ONCE)
#define WRITE_ONCE(x, value)	shim_store(&(x), value, SHIM_ONCE)
#else
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#endif

#endif
