// SPDX-License-Identifier: GPL-2.0-only
/* The kernel can tell whether it runs on Hyper-V. */
#include <linux/types.h>
#include <asm/mshyperv.h>

bool probe(void);
bool probe(void)
{
	return hv_is_hyperv_initialized();
}
