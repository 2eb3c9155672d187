/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two ends of the echo device agree on. Include after initguid.h in one file an end. */
#ifndef ECHO_PROTOCOL_H
#define ECHO_PROTOCOL_H

#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

/* {5f3a6b0e-2c1d-4b7a-9e84-6f0d1c2b3a40} */
DEFINE_GUID(GUID_ECHO_INTERFACE, 0x5f3a6b0e, 0x2c1d, 0x4b7a,
	    0x9e, 0x84, 0x6f, 0x0d, 0x1c, 0x2b, 0x3a, 0x40);
/* {5f3a6b0e-2c1d-4b7a-9e84-6f0d1c2b3a41} */
DEFINE_GUID(GUID_ECHO_INSTANCE, 0x5f3a6b0e, 0x2c1d, 0x4b7a,
	    0x9e, 0x84, 0x6f, 0x0d, 0x1c, 0x2b, 0x3a, 0x41);

/* A request and its reply are the same message. */
typedef struct _ECHO_MESSAGE {
	UINT64 Sequence;
	CHAR Text[48];
} ECHO_MESSAGE;

#endif
