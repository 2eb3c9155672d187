// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, signs and layouts: sections 8 to 10 of the specification. */
#include "check.h"
#include "members.h"

/* 10.1 */
SAME_TYPE(VOID, void);
SAME_TYPE(PVOID, void *);
SAME_TYPE(BOOLEAN, unsigned char);
SAME_TYPE(UINT8, unsigned char);
SAME_TYPE(UINT16, unsigned short);
SAME_TYPE(UINT32, unsigned int);
SIZE(UINT64, 8);
SAY(!IS_SIGNED(UINT64), "UINT64 has no sign");
SAME_TYPE(PUINT16, unsigned short *);
SAME_TYPE(PUINT32, unsigned int *);
SAME_TYPE(USHORT, unsigned short);
SAME_TYPE(CSHORT, short);
SAME_TYPE(ULONG, unsigned int);
SAME_TYPE(PULONG, unsigned int *);
SAME_TYPE(LONG, int);
SIZE(LONGLONG, 8);
SAY(IS_SIGNED(LONGLONG), "LONGLONG has a sign");
SAME_TYPE(ULONG_PTR, unsigned long);
SAME_TYPE(HANDLE, void *);
SAME_TYPE(PHANDLE, void **);
SAME_TYPE(NTSTATUS, int);
SAME_TYPE(WCHAR, unsigned short);
SAME_TYPE(PWCH, unsigned short *);
SAME_TYPE(PFN_NUMBER, unsigned long);
SAME_TYPE(PPFN_NUMBER, unsigned long *);
SAME_TYPE(KIRQL, unsigned char);
SAME_TYPE(PDEVICE_OBJECT, struct _DEVICE_OBJECT *);
SAME_TYPE(__typeof__(L"x"[0]), WCHAR);

/* 10.3 */
SIZE(GUID, 16);
OFFSET(GUID, Data1, 0);
OFFSET(GUID, Data2, 4);
OFFSET(GUID, Data3, 6);
OFFSET(GUID, Data4, 8);
SAME_TYPE(LPGUID, struct _GUID *);
SAME_TYPE(LPCGUID, const struct _GUID *);

/* 10.4 */
SIZE(UNICODE_STRING, 16);
OFFSET(UNICODE_STRING, Length, 0);
OFFSET(UNICODE_STRING, MaximumLength, 2);
OFFSET(UNICODE_STRING, Buffer, 8);
SAME_TYPE(PUNICODE_STRING, struct _UNICODE_STRING *);
SAME_TYPE(PCUNICODE_STRING, const struct _UNICODE_STRING *);

/* 10.5 */
SIZE(MDL, 0x30);
OFFSET(MDL, Next, 0x00);
OFFSET(MDL, Size, 0x08);
OFFSET(MDL, MdlFlags, 0x0a);
OFFSET(MDL, Process, 0x10);
OFFSET(MDL, MappedSystemVa, 0x18);
OFFSET(MDL, StartVa, 0x20);
OFFSET(MDL, ByteCount, 0x28);
OFFSET(MDL, ByteOffset, 0x2c);
SAME_TYPE(__typeof__(((MDL *)0)->Size), short);
SAME_TYPE(__typeof__(((MDL *)0)->MdlFlags), short);
SAME_TYPE(__typeof__(((MDL *)0)->ByteCount), unsigned int);
SAME_TYPE(__typeof__(((MDL *)0)->ByteOffset), unsigned int);
SAME_TYPE(__typeof__(((MDL *)0)->Process), struct _EPROCESS *);
SAME_TYPE(PMDL, struct _MDL *);
SAME_TYPE(__typeof__(MmGetMdlPfnArray((PMDL)8)), PPFN_NUMBER);

/* 10.6 */
SIZE(LARGE_INTEGER, 8);
OFFSET(LARGE_INTEGER, QuadPart, 0);
OFFSET(LARGE_INTEGER, LowPart, 0);
OFFSET(LARGE_INTEGER, HighPart, 4);
OFFSET(LARGE_INTEGER, u.LowPart, 0);
OFFSET(LARGE_INTEGER, u.HighPart, 4);
SAME_TYPE(__typeof__(((LARGE_INTEGER *)0)->HighPart), int);
SAME_TYPE(PLARGE_INTEGER, union _LARGE_INTEGER *);

/* 2.1: three types that are not each other's */
SAME_TYPE(VMBCHANNEL, struct VMBCHANNEL__ *);
SAME_TYPE(VMBPACKET, struct VMBPACKET__ *);
SAME_TYPE(VMBPACKETCOMPLETION, struct VMBPACKETCOMPLETION__ *);
SAY(!__builtin_types_compatible_p(VMBCHANNEL, VMBPACKET), "handles differ");
SAY(!__builtin_types_compatible_p(VMBPACKET, VMBPACKETCOMPLETION), "handles differ");

/* 8 */
#define CALLBACKS_STRUCT	VMB_CHANNEL_STATE_CHANGE_CALLBACKS
SIZE(CALLBACKS_STRUCT, 48);
OFFSET(CALLBACKS_STRUCT, Version, 0);
OFFSET(CALLBACKS_STRUCT, Size, 4);
OFFSET(CALLBACKS_STRUCT, EvtChannelOpened, 8);
OFFSET(CALLBACKS_STRUCT, EvtChannelClosed, 16);
OFFSET(CALLBACKS_STRUCT, EvtChannelSuspend, 24);
OFFSET(CALLBACKS_STRUCT, EvtChannelStarted, 32);
OFFSET(CALLBACKS_STRUCT, EvtChannelPostStarted, 40);
SAME_TYPE(PVMB_CHANNEL_STATE_CHANGE_CALLBACKS, struct _VMB_CHANNEL_STATE_CHANGE_CALLBACKS *);

/* 9 */
SIZE(INTERFACE, 32);
OFFSET(INTERFACE, Size, 0);
OFFSET(INTERFACE, Version, 2);
OFFSET(INTERFACE, Context, 8);
OFFSET(INTERFACE, InterfaceReference, 16);
OFFSET(INTERFACE, InterfaceDereference, 24);
SAME_TYPE(PINTERFACE_REFERENCE, void (*)(void *));
SAME_TYPE(PINTERFACE_DEREFERENCE, void (*)(void *));
SIZE(KMCL_CLIENT_INTERFACE_V1, 360);
SIZE(KMCL_SERVER_ONLY_METHODS, 112);
SIZE(KMCL_SERVER_INTERFACE_V1, 472);
SAME_TYPE(PKMCL_CLIENT_INTERFACE_V1, struct _KMCL_CLIENT_INTERFACE_V1 *);
SAME_TYPE(PKMCL_SERVER_INTERFACE_V1, struct _KMCL_SERVER_INTERFACE_V1 *);

#define MEMBER_TYPE(type, FN, member) \
	SAME_TYPE(__typeof__(((type *)0)->member), PFN_##FN)
#define CLIENT_MEMBER(i, FN, member)						\
	OFFSET(KMCL_CLIENT_INTERFACE_V1, member, 32 + 8 * (i));			\
	OFFSET(KMCL_SERVER_INTERFACE_V1, member, 32 + 8 * (i));			\
	MEMBER_TYPE(KMCL_CLIENT_INTERFACE_V1, FN, member);			\
	MEMBER_TYPE(KMCL_SERVER_INTERFACE_V1, FN, member);
#define SERVER_MEMBER(i, FN, member)						\
	OFFSET(KMCL_SERVER_INTERFACE_V1, member, 360 + 8 * (i));		\
	OFFSET(KMCL_SERVER_ONLY_METHODS, member, 8 * (i));			\
	MEMBER_TYPE(KMCL_SERVER_INTERFACE_V1, FN, member);
CLIENT_MEMBERS(CLIENT_MEMBER)
SERVER_MEMBERS(SERVER_MEMBER)
OFFSET(KMCL_CLIENT_INTERFACE_V1, InterfaceDereference, 24);
OFFSET(KMCL_SERVER_INTERFACE_V1, InterfaceDereference, 24);

/* The NT structures whose size Windows documents by its headers. */
SIZE(LIST_ENTRY, 16);
SIZE(KEVENT, 24);
SIZE(KDPC, 64);
SIZE(KWAIT_BLOCK, 48);
SIZE(OBJECT_ATTRIBUTES, 48);
SIZE(SYSTEM_BASIC_INFORMATION, 64);
OFFSET(SYSTEM_BASIC_INFORMATION, NumberOfPhysicalPages, 12);
OFFSET(SYSTEM_BASIC_INFORMATION, ActiveProcessorsAffinityMask, 48);
OFFSET(SYSTEM_BASIC_INFORMATION, NumberOfProcessors, 56);
OFFSET(SYSTEM_PERFORMANCE_INFORMATION, AvailablePages, 44);
OFFSET(SYSTEM_PERFORMANCE_INFORMATION, CommittedPages, 48);
