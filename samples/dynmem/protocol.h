/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Dynamic Memory protocol: messages between a guest (VSC) and its host (VSP), as Linux's
 * drivers/hv/hv_balloon.c and QEMU's include/hw/hyperv/dynmem-proto.h describe them. All fields
 * are little-endian and naturally aligned. Pages are 4096 bytes.
 */
#ifndef DYNMEM_PROTOCOL_H
#define DYNMEM_PROTOCOL_H

#define DM_VERSION(Major, Minor)	(((ULONG)(Major) << 16) | (Minor))
#define DM_VERSION_MAJOR(Version)	((Version) >> 16)
#define DM_VERSION_MINOR(Version)	((Version) & 0xffff)

/* No message is longer than a page, in either direction. */
#define DM_MAXIMUM_MESSAGE		4096

typedef enum _DM_MESSAGE_TYPE {
	DmError = 0,
	DmVersionRequest = 1,
	DmVersionResponse = 2,
	DmCapabilitiesReport = 3,
	DmCapabilitiesResponse = 4,
	DmStatusReport = 5,
	DmBalloonRequest = 6,
	DmBalloonResponse = 7,
	DmUnballoonRequest = 8,
	DmUnballoonResponse = 9,
	DmHotAddRequest = 10,
	DmHotAddResponse = 11,
	DmInfoMessage = 12,		/* from 1.0 on */
} DM_MESSAGE_TYPE;

/* Size counts the whole message. The guest makes up the transaction ids of what it sends. */
typedef struct _DM_HEADER {
	USHORT Type;
	USHORT Size;
	ULONG TransactionId;
} DM_HEADER, *PDM_HEADER;

#define DM_LAST_ATTEMPT			0x1

typedef struct _DM_VERSION_REQUEST {
	DM_HEADER Header;
	ULONG Version;
	ULONG Flags;			/* DM_LAST_ATTEMPT */
} DM_VERSION_REQUEST, *PDM_VERSION_REQUEST;

#define DM_ACCEPTED			0x1
#define DM_SUPPRESS_PRESSURE_REPORTS	0x4	/* in the answer to the capabilities */

/* The answers to the version request and to the capabilities look alike. */
typedef struct _DM_RESPONSE {
	DM_HEADER Header;
	ULONG64 Flags;			/* DM_ACCEPTED, DM_SUPPRESS_PRESSURE_REPORTS */
} DM_RESPONSE, *PDM_RESPONSE;

#define DM_CAPABILITY_BALLOON		0x1
#define DM_CAPABILITY_HOT_ADD		0x2

typedef struct _DM_CAPABILITIES {
	DM_HEADER Header;
	ULONG64 Capabilities;
	ULONG64 MinimumPageCount;
	ULONG64 MaximumPageNumber;
} DM_CAPABILITIES, *PDM_CAPABILITIES;

/* Sent every second; not part of any transaction, never answered. */
typedef struct _DM_STATUS {
	DM_HEADER Header;
	ULONG64 Available;
	ULONG64 Committed;
	ULONG64 PageFileSize;
	ULONG64 ZeroAndFree;
	ULONG PageFileWrites;
	ULONG IoDifference;
} DM_STATUS, *PDM_STATUS;

typedef struct _DM_BALLOON_REQUEST {
	DM_HEADER Header;
	ULONG PageCount;
	ULONG Reserved;
} DM_BALLOON_REQUEST, *PDM_BALLOON_REQUEST;

/* A run of pages: 40 bits of first page number, 24 bits of page count above them. */
typedef ULONG64 DM_PAGE_RANGE;

#define DM_RANGE_FIRST_BITS		40
#define DM_RANGE_MAXIMUM_COUNT		0xffffffu
#define DM_RANGE(First, Count) \
	((DM_PAGE_RANGE)(First) | ((DM_PAGE_RANGE)(Count) << DM_RANGE_FIRST_BITS))
#define DM_RANGE_FIRST(Range)		((Range) & (((DM_PAGE_RANGE)1 << DM_RANGE_FIRST_BITS) - 1))
#define DM_RANGE_COUNT(Range)		((ULONG)((Range) >> DM_RANGE_FIRST_BITS))

#define DM_MORE_PAGES			0x1

/* The guest may answer with fewer pages than the host asked for, and with several messages. */
typedef struct _DM_BALLOON_RESPONSE {
	DM_HEADER Header;
	ULONG Reserved;
	ULONG MoreAndCount;		/* DM_MORE_PAGES, number of ranges << 1 */
	DM_PAGE_RANGE Ranges[];
} DM_BALLOON_RESPONSE, *PDM_BALLOON_RESPONSE;

#define DM_MAXIMUM_RANGES \
	((DM_MAXIMUM_MESSAGE - sizeof(DM_BALLOON_RESPONSE)) / sizeof(DM_PAGE_RANGE))

/* The guest answers the last message of the transaction only, the one without DM_MORE_PAGES. */
typedef struct _DM_UNBALLOON_REQUEST {
	DM_HEADER Header;
	ULONG Flags;			/* DM_MORE_PAGES */
	ULONG RangeCount;
	DM_PAGE_RANGE Ranges[];
} DM_UNBALLOON_REQUEST, *PDM_UNBALLOON_REQUEST;

typedef struct _DM_UNBALLOON_RESPONSE {
	DM_HEADER Header;
} DM_UNBALLOON_RESPONSE, *PDM_UNBALLOON_RESPONSE;

typedef struct _DM_HOT_ADD_RESPONSE {
	DM_HEADER Header;
	ULONG PageCount;
	ULONG Result;			/* 1 success, 0 failure */
} DM_HOT_ADD_RESPONSE, *PDM_HOT_ADD_RESPONSE;

C_ASSERT(sizeof(DM_HEADER) == 8);
C_ASSERT(sizeof(DM_VERSION_REQUEST) == 16);
C_ASSERT(sizeof(DM_RESPONSE) == 16);
C_ASSERT(sizeof(DM_CAPABILITIES) == 32);
C_ASSERT(sizeof(DM_STATUS) == 48);
C_ASSERT(sizeof(DM_BALLOON_REQUEST) == 16);
C_ASSERT(sizeof(DM_BALLOON_RESPONSE) == 16);
C_ASSERT(sizeof(DM_UNBALLOON_REQUEST) == 16);
C_ASSERT(sizeof(DM_HOT_ADD_RESPONSE) == 16);

#endif
