/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two ends of the vdisk agree on. Include after initguid.h in one file an end.
 *
 * The client says hello, and may say it again at any time: the answer tells the disk's geometry.
 * Then it sends requests, each of which is answered by one reply in its completion packet. The data
 * of reads and writes is external data of the request, exactly Length bytes in one piece. The
 * server sends one message of its own: that the geometry has changed.
 *
 * All numbers are little-endian. A message may be followed by bytes that round it up to eight.
 */
#ifndef VDISK_PROTOCOL_H
#define VDISK_PROTOCOL_H

#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

/* {8d2c51f4-9a63-4c0e-b1d7-2f6e94a0c350} */
DEFINE_GUID(GUID_VDISK_INTERFACE, 0x8d2c51f4, 0x9a63, 0x4c0e,
	    0xb1, 0xd7, 0x2f, 0x6e, 0x94, 0xa0, 0xc3, 0x50);
/* {8d2c51f4-9a63-4c0e-b1d7-2f6e94a0c351} */
DEFINE_GUID(GUID_VDISK_INSTANCE, 0x8d2c51f4, 0x9a63, 0x4c0e,
	    0xb1, 0xd7, 0x2f, 0x6e, 0x94, 0xa0, 0xc3, 0x51);

#define VDISK_VERSION		1

/* Bounds of what the geometry may say; a server may say less, and a client may use less. */
#define VDISK_SECTOR		512
#define VDISK_MAXIMUM_BLOCK	4096
#define VDISK_MAXIMUM_TRANSFER	0x100000
#define VDISK_MAXIMUM_CAPACITY	0x1000000000000000ULL

/* Header.Type. A reply has the type of its request and VDISK_REPLY_BIT. */
#define VDISK_HELLO		1
#define VDISK_READ		2
#define VDISK_WRITE		3
#define VDISK_FLUSH		4	/* what was written before and replied to is safe */
#define VDISK_DISCARD		5	/* the contents are not needed any more */
#define VDISK_WRITE_ZEROES	6
#define VDISK_CHANGED		7	/* from the server; no reply */
#define VDISK_REPLY_BIT		0x8000

/*
 * At the start of every message. Version: of a hello, the newest that the client speaks; of its
 * reply, the one that both will use; of all others, that one.
 */
typedef struct _VDISK_HEADER {
	UINT16 Version;
	UINT16 Type;
	UINT32 Length;		/* of the whole message, rounding not included */
} VDISK_HEADER, *PVDISK_HEADER;

/* Offset and Length are bytes, whole blocks, inside the disk. Both are 0 for VDISK_FLUSH. */
typedef struct _VDISK_REQUEST {
	VDISK_HEADER Header;
	UINT64 Offset;
	UINT32 Length;
	UINT32 Reserved;	/* 0 */
} VDISK_REQUEST, *PVDISK_REQUEST;

typedef struct _VDISK_REPLY {
	VDISK_HEADER Header;
	NTSTATUS Status;
	UINT32 Reserved;	/* 0 */
} VDISK_REPLY, *PVDISK_REPLY;

typedef struct _VDISK_HELLO_REPLY {
	VDISK_REPLY Reply;
	UINT64 Capacity;	/* bytes */
	UINT32 BlockSize;
	UINT32 MaximumTransfer;	/* bytes of a read or write */
	UINT32 MaximumRange;	/* bytes of a discard or write of zeroes; 0: neither is offered */
	UINT32 Reserved;	/* 0 */
} VDISK_HELLO_REPLY, *PVDISK_HELLO_REPLY;

#define VDISK_MAXIMUM_MESSAGE	sizeof(VDISK_HELLO_REPLY)

/* Does a message of this many bytes begin with a header that tells the truth about it? */
FORCEINLINE BOOLEAN VdiskIsMessage(const VDISK_HEADER *Header, UINT32 BufferLength, UINT32 Size)
{
	return Header && BufferLength >= Size && Header->Length == Size;
}

FORCEINLINE VDISK_HEADER VdiskHeader(UINT16 Type, UINT32 Length)
{
	VDISK_HEADER header = { .Version = VDISK_VERSION, .Type = Type, .Length = Length };

	return header;
}

#endif
