/* SPDX-License-Identifier: GPL-2.0-only */
/* What the driver and its device agree on. Include after initguid.h in one file a module. */
#ifndef SKELETON_PROTOCOL_H
#define SKELETON_PROTOCOL_H

#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

DEFINE_GUID(GUID_SKELETON,
	    0x8e6f5a10, 0x7d3c, 0x4c52, 0x9a, 0x0b, 0x51, 0xc3, 0xd2, 0xe4, 0xf6, 0x01);

typedef struct _SKELETON_MESSAGE {
	UINT32 Type;
	UINT32 Value;
} SKELETON_MESSAGE, *PSKELETON_MESSAGE;

#endif
