/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ntddk.h - what Windows declares for non-WDM drivers on top of wdm.h
 *
 * Differences from Windows: nothing is declared beyond wdm.h so far.
 */
#ifndef _NTDDK_
#define _NTDDK_

#include "wdm.h"

#endif /* _NTDDK_ */
