// SPDX-License-Identifier: GPL-2.0-only
/* In a kernel module: ported source, without a Linux header. */
#include "usage.c"
#include "old_style.c"

#if defined(_LINUX_TYPES_H) || defined(_LINUX_KERNEL_H)
#error "a Linux header came in"
#endif
C_ASSERT(PAGE_SIZE == 4096 && PAGE_SHIFT == 12);
