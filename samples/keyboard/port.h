/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver hands its keys to. On Windows that is kbdclass, by the service routine of
 * IOCTL_INTERNAL_KEYBOARD_CONNECT; here it is a Linux input device (vsc_module.c).
 */
#ifndef KEYBOARD_PORT_H
#define KEYBOARD_PORT_H

/* Flags, as of KEYBOARD_INPUT_DATA in ntddkbd.h. */
#define KEY_MAKE	0
#define KEY_BREAK	1
#define KEY_E0		2
#define KEY_E1		4

/* PASSIVE_LEVEL. NULL without memory. */
PVOID KeyboardPortCreate(VOID);
VOID KeyboardPortDestroy(_In_ PVOID Port);

/* Up to DISPATCH_LEVEL, one key at a time. */
VOID KeyboardPortReport(_In_ PVOID Port, _In_ USHORT MakeCode, _In_ USHORT Flags);

#endif
