/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format in which a server channel is saved: a sequence of chunks, each whole in itself.
 *
 *   CHANNEL   one, first: which interface, whether open, where it is in the rings
 *   HELD      at most one: an incoming packet that was deferred
 *   ON_WIRE   outgoing packets that wait for their completion, ids ascending
 *   QUEUED    outgoing packets and
 *   REPLY     completions of incoming ones that wait for room in the ring, in their order
 *   END       one, last
 *
 * A chunk is a header, a body of fixed size that depends on its type, and up to two pieces of
 * data, each padded with zeros to a multiple of 8 bytes. Numbers are little-endian. All chunks of
 * a save carry the same random number, and count up, so that chunks cannot be mixed, left out or
 * exchanged unnoticed.
 *
 * Threat model: a saved state has been somewhere else. Nothing of it is used before all of it has
 * been checked: lengths against what is there, each number against its bounds, the sum of every
 * chunk. The sum finds accidents, not forgers: a save names pages of this kernel's memory (the
 * ranges of HELD), and who can write one and compute its sum can have the driver read and write
 * any page. So a save is to be kept where only the kernel and root can write, like the kernel's
 * own memory.
 *
 * No function here locks, allocates or keeps a pointer.
 */
#ifndef KMCL_SAVED_H
#define KMCL_SAVED_H

#include "wire.h"

#define KMCL_SAVED_MAGIC	0x76536d4bu	/* "KmSv" */
#define KMCL_SAVED_VERSION	1

/* The longest chunk: more than any packet with its driver's state needs. */
#define KMCL_SAVED_CHUNK_MAX	(16u << 20)

enum kmcl_saved_type {
	KMCL_SAVED_CHANNEL	= 1,
	KMCL_SAVED_HELD		= 2,
	KMCL_SAVED_ON_WIRE	= 3,
	KMCL_SAVED_QUEUED	= 4,
	KMCL_SAVED_REPLY	= 5,
	KMCL_SAVED_END		= 6,
};

struct kmcl_saved_header {
	u32 magic;
	u16 version;
	u16 type;
	u32 length;		/* of the chunk, this header included; a multiple of 8 */
	u32 sum;		/* CRC-32 of the chunk with 0 here */
	u64 save;		/* names the save; not 0 */
	u32 number;		/* of the chunk, from 0 */
	u32 reserved;		/* 0 */
};

#define KMCL_SAVED_OPEN		0x1u	/* connected to a client */
#define KMCL_SAVED_STOPPED	0x2u	/* delivery has stopped for good: a malformed packet */
#define KMCL_SAVED_PIPE		0x4u

/* What is not open has no ring: the last six are 0 then. */
struct kmcl_saved_channel {
	u8 interface_type[16];
	u8 interface_instance[16];
	u32 flags;		/* KMCL_SAVED_OPEN, _STOPPED, _PIPE */
	u32 in_size;		/* bytes of data of the ring that the server reads */
	u32 in_index;		/* where it reads next */
	u32 out_size;
	u32 out_index;		/* where it writes next */
	u32 reserved;		/* 0 */
	u64 last_id;		/* of the transactions that it has opened */
};

#define KMCL_SAVED_WANTS_COMPLETION	0x1u
#define KMCL_SAVED_EXTERNAL		0x2u

/* A HELD, ON_WIRE, QUEUED or REPLY packet. */
struct kmcl_saved_packet {
	u64 id;			/* of its transaction; 0 for QUEUED */
	u32 flags;		/* HELD: both; QUEUED: KMCL_SAVED_WANTS_COMPLETION; else 0 */
	u32 message;		/* bytes of the first piece of data; ON_WIRE: 0 */
	u32 extra;		/* of the second: a driver's state, or the ranges of HELD */
	u32 reserved;		/* 0 */
};

struct kmcl_saved_end {
	u32 chunks;		/* this one included */
	u32 reserved;		/* 0 */
};

/* The ways in which a saved state can be bad. */
enum kmcl_saved_fault {
	KMCL_SAVED_GOOD,
	KMCL_SAVED_BAD_LENGTH,		/* not whole, not a multiple of 8, or not of its type */
	KMCL_SAVED_BAD_MAGIC,
	KMCL_SAVED_BAD_VERSION,
	KMCL_SAVED_BAD_SUM,
	KMCL_SAVED_BAD_SAVE,		/* chunks of different saves */
	KMCL_SAVED_BAD_NUMBER,		/* a chunk is missing, repeated, or behind the end */
	KMCL_SAVED_BAD_TYPE,		/* unknown, or out of its place */
	KMCL_SAVED_BAD_FLAGS,		/* unknown flags, or reserved bytes that are not 0 */
	KMCL_SAVED_BAD_INDEX,		/* ring sizes and positions that cannot be */
	KMCL_SAVED_BAD_ID,		/* 0, never given, or not in order */
	KMCL_SAVED_FAULTS
};

/* A chunk that has been checked. The pointers go into the buffer that was. */
struct kmcl_saved_item {
	enum kmcl_saved_type type;
	u32 length;
	union {
		struct kmcl_saved_channel channel;
		struct kmcl_saved_packet packet;
	};
	const void *body;
	const void *message;
	const void *extra;
	u32 body_length;	/* of the body with the message: what is the library's */
};

/* What the chunks so far say. All zeros: none has been read. */
struct kmcl_saved_reader {
	u64 save;
	u32 chunks;
	bool open;
	bool complete;
	u16 last_type;
	u64 last_id;		/* of the channel */
	u64 id;			/* of the packet before */
};

u32 kmcl_saved_length(enum kmcl_saved_type type, u32 message, u32 extra);
void *kmcl_saved_begin(void *at, enum kmcl_saved_type type, u32 length, u64 save, u32 number);
void kmcl_saved_seal(void *at);
enum kmcl_saved_fault kmcl_saved_read(struct kmcl_saved_reader *reader, const void *at, u32 left,
				      struct kmcl_saved_item *item);
const char *kmcl_saved_fault_name(enum kmcl_saved_fault fault);

#endif
