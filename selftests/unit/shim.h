/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared memory as a test sees it. Each access of the source under test comes here, is logged,
 * and may let the other side run. A store sits in its side's buffer until the scheduler or a full
 * barrier lets it out, in any order that its kind allows, as processors do it.
 */
#ifndef UNIT_SHIM_H
#define UNIT_SHIM_H

#include <linux/types.h>

enum shim_kind { SHIM_ONCE, SHIM_ORDERED, SHIM_MB, SHIM_RMB, SHIM_WMB };

u32 shim_load(const u32 *from, enum shim_kind kind);
void shim_store(u32 *to, u32 value, enum shim_kind kind);
void shim_barrier(enum shim_kind kind);

/* The log: one word an access, as "load.acquire:read_index". */
const char *shim_log(void);
void shim_log_start(const void *ctl);
void shim_log_stop(void);

/* Sides 0 and 1. With buffering off stores take effect at once. */
extern int shim_side;
extern bool shim_buffering;
extern void (*shim_yield)(void);

bool shim_has_stores(int side);
void shim_let_one_out(int side, u32 random);
void shim_reset(void);

#endif
