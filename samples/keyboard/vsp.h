/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the server and its Linux side. */
#ifndef KEYBOARD_VSP_H
#define KEYBOARD_VSP_H

#include <ntdef.h>

/* A scan code of set 1 and KBD_INFO_ flags. PASSIVE_LEVEL. */
NTSTATUS KbdVspType(_In_ USHORT MakeCode, _In_ ULONG Info);

#endif
