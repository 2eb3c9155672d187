/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of rings: a control page and data that is mapped twice in a row, with pages that fault
 * before and behind. Kept for reuse, since mapping takes longer than most tests.
 */
#ifndef UNIT_RINGS_H
#define UNIT_RINGS_H

#include <linux/types.h>

u8 *rings_get(u32 size);
void rings_put(u8 *memory, u32 size);

#endif
