// SPDX-License-Identifier: GPL-2.0-only
/* Must compile: if it does not, the probes say nothing. */
#include <linux/module.h>
