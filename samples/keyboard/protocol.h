/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol of the synthetic keyboard, as it is public in Linux' hyperv-keyboard.c. Include
 * after initguid.h in one file an end.
 */
#ifndef KEYBOARD_PROTOCOL_H
#define KEYBOARD_PROTOCOL_H

#include <Ntddk.h>
#include <VmbusKernelModeClientLibApi.h>

/* {f912ad6d-2b17-48ea-bd65-f927a61c7684} */
DEFINE_GUID(GUID_SYNTHETIC_KEYBOARD, 0xf912ad6d, 0x2b17, 0x48ea,
	    0xbd, 0x65, 0xf9, 0x27, 0xa6, 0x1c, 0x76, 0x84);

#define KBD_VERSION		((1 << 16) | 0)
#define KBD_MAXIMUM_MESSAGE	256

enum {
	KbdProtocolRequest = 1,
	KbdProtocolResponse = 2,
	KbdKeystroke = 3,
	KbdLedIndicators = 4
};

typedef struct _KBD_PROTOCOL_REQUEST {
	UINT32 Type;
	UINT32 Version;
} KBD_PROTOCOL_REQUEST, *PKBD_PROTOCOL_REQUEST;

#define KBD_PROTOCOL_ACCEPTED	0x1

typedef struct _KBD_PROTOCOL_RESPONSE {
	UINT32 Type;
	UINT32 Status;
} KBD_PROTOCOL_RESPONSE, *PKBD_PROTOCOL_RESPONSE;

/* Info: MakeCode is a character, or a scan code of set 1; the key goes up; its prefix. */
#define KBD_INFO_UNICODE	0x1
#define KBD_INFO_BREAK		0x2
#define KBD_INFO_E0		0x4
#define KBD_INFO_E1		0x8

typedef struct _KBD_KEYSTROKE {
	UINT32 Type;
	UINT16 MakeCode;
	UINT16 Reserved;
	UINT32 Info;
} KBD_KEYSTROKE, *PKBD_KEYSTROKE;

C_ASSERT(sizeof(KBD_KEYSTROKE) == 12);

#endif
