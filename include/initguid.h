/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * initguid.h - include it before the headers whose DEFINE_GUIDs this source file is to define
 *
 * Differences from Windows: none.
 */
#ifndef INITGUID
#define INITGUID
#endif
#include "guiddef.h"
