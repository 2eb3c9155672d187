/* SPDX-License-Identifier: GPL-2.0-only */
/* glibc's own <errno.h> ends up here too. */
#include <asm-generic/errno.h>
