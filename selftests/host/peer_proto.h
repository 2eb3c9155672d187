/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's tests say to the test peer. Both sides compile this file.
 *
 * A message whose first eight bytes are PEER_MAGIC is an order, and struct peer_order. Whatever
 * else the guest sends is treated as the mode says: echoed (as a completion with the same payload
 * if one is asked for, else as a data packet) or swallowed (an empty completion). An order that
 * asks for a completion is answered with struct peer_answer, before what it orders happens.
 */
#ifndef KMCL_PEER_PROTO_H
#define KMCL_PEER_PROTO_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define PEER_CLASS		"7a7f10c6-4b5e-4d0e-9c54-4b4d434c5065"
#define PEER_INSTANCE		"7a7f10c7-4b5e-4d0e-9c54-4b4d434c5065"
/* A second device of the class, offered in pipe mode: orders get no answers there. */
#define PEER_PIPE_INSTANCE	"7a7f10c8-4b5e-4d0e-9c54-4b4d434c5065"
#define PEER_MMIO_MEGABYTES	2

#define PEER_MAGIC		0x6b6d636c2d746573ull
#define PEER_VERSION		1
#define PEER_ARGS		6
#define PEER_MAX_RANGES		40
#define PEER_FOREVER		0xffffffffu

enum peer_op {
	/* Answer: value[0] version, value[1] and value[2] bytes of the rings from and to the guest,
	 * sum2: of the page numbers of both.
	 */
	PEER_HELLO,
	/* arg[0]: enum peer_mode. */
	PEER_MODE,
	/* Send arg[0] data packets of arg[1] bytes (PEER_RANDOM: of 0 to as many), arg[2] of them
	 * per millisecond (0: all at once), arg[3]: enum peer_generate, arg[4]: seed. Packet i
	 * holds peer_fill() of seed + i. With PEER_ASK the guest must complete each with the
	 * packet's own bytes; PEER_COUNTERS tells.
	 */
	PEER_GENERATE,
	/* A request with a completion of arg[1] bytes of peer_fill() of arg[2], sent as arg[0],
	 * enum peer_completion, says; arg[3]: milliseconds for PEER_LATE. Answered by that completion.
	 */
	PEER_COMPLETE,
	/* Complete what PEER_HOLD has held back: arg[0]: enum peer_sequence, arg[1]: seed. */
	PEER_RELEASE,
	/* Send the last completion of a PEER_COMPLETE once more. */
	PEER_REPEAT,
	/* External data of this packet: arg[0]: enum peer_touch, arg[1]: seed for filling, arg[2]:
	 * milliseconds to wait first. Answer: value[0] ranges, value[1] page numbers, sum: of the
	 * bytes as they were, sum2: of the page numbers; then the ranges.
	 */
	PEER_EXTERNAL,
	/* GPADL arg[0]: touch arg[4] bytes (0: all) from arg[3] on as arg[1] and arg[2], seed, say.
	 * Answer: value[0] pages, sum, sum2; status 1: no such GPADL.
	 */
	PEER_GPADL,
	/* Rescind the offer: arg[0]: enum peer_when, arg[1]: its argument, arg[2]: swallow the
	 * message that it waits for, arg[3]: milliseconds from the guest's release of the channel
	 * to a new offer (PEER_FOREVER: none), arg[4]: so many such messages to let pass first.
	 */
	PEER_RESCIND,
	/* Do not read for arg[0] milliseconds. */
	PEER_STALL,
	/* Write the bytes behind the order at the write index of the guest's incoming ring, advance
	 * the index by arg[0] (0: the bytes and a trailer) and signal.
	 */
	PEER_RAW,
	/* A millisecond later write arg[2] at offset arg[1] of a ring's control page; arg[0]: 0 the
	 * guest's incoming, 1 its outgoing ring, from which nothing is read any more then; arg[3]: signal.
	 * The answer may get lost by it.
	 */
	PEER_POKE,
	/* Answer: followed by struct peer_counters. arg[0]: then set them to 0. */
	PEER_COUNTERS,
	/* Offer a subchannel, until the channel is closed. */
	PEER_SUBCHANNEL,
};

enum peer_mode { PEER_ECHO, PEER_SINK };

enum peer_generate { PEER_ASK = 1, PEER_RANDOM = 2 };

enum peer_completion {
	PEER_NOW,
	PEER_HOLD,		/* until PEER_RELEASE */
	PEER_LATE,
	PEER_TWICE,
	PEER_UNKNOWN,		/* with an id that nobody has */
	PEER_NEVER,
};

enum peer_sequence { PEER_FIFO, PEER_LIFO, PEER_SHUFFLED };

enum peer_touch { PEER_SUM = 0, PEER_FILL = 1 };

enum peer_when {
	PEER_AT_ONCE,		/* arg[1]: milliseconds from now */
	PEER_ON_MESSAGE,	/* arg[1]: type of the VMBus message of the guest */
	PEER_AFTER_PACKETS,	/* arg[1]: packets that are no orders */
};

/* VMBus messages of a guest. */
#define PEER_MSG_OPEN		5
#define PEER_MSG_CLOSE		7
#define PEER_MSG_GPADL		8
#define PEER_MSG_GPADL_TEARDOWN	11

struct peer_order {
	uint64_t magic;
	uint32_t op;
	uint32_t arg[PEER_ARGS];
	uint32_t reserved;
};

struct peer_range {
	uint32_t bytes;
	uint32_t offset;
	uint64_t first_pfn;
};

struct peer_counters {
	uint64_t packets;	/* received that were no orders */
	uint64_t bytes;
	uint64_t sent;
	uint64_t dropped;	/* too long for the ring */
	uint64_t good_answers;	/* to PEER_ASK */
	uint64_t bad_answers;
	uint64_t stray_answers;
	uint64_t open_requests;	/* PEER_ASK without an answer yet */
	uint64_t opens;
	uint64_t rescinds;
	uint64_t sub_offers;
	uint64_t sub_opens;
	uint64_t sub_releases;	/* by the guest, after the subchannel's rescind */
	uint64_t rescind_due;	/* 1: one of PEER_AT_ONCE that has not had its effect yet */
};

struct peer_answer {
	int32_t status;
	uint32_t value[3];
	uint64_t sum;
	uint64_t sum2;
	union {
		struct peer_range ranges[PEER_MAX_RANGES];
		struct peer_counters counters;
	};
};

#define PEER_SUM_START	0xcbf29ce484222325ull

/* FNV-1a over 64-bit words, then bytes; a sum can only be continued at a multiple of 8. */
static inline uint64_t peer_sum(uint64_t sum, const void *data, uint64_t length)
{
	const uint8_t *byte = (const uint8_t *)data;

	for (; length >= 8; length -= 8, byte += 8) {
		uint64_t word;

		__builtin_memcpy(&word, byte, 8);
		sum = (sum ^ word) * 0x100000001b3ull;
		sum ^= sum >> 29;
	}
	for (; length; length--, byte++)
		sum = (sum ^ *byte) * 0x100000001b3ull;
	return sum;
}

/* Bytes 8 * @i to 8 * @i + 7 of the pattern of a seed, the lowest first. */
static inline uint64_t peer_word(uint32_t seed, uint64_t i)
{
	uint64_t x = (seed + 1) * 0x9e3779b97f4a7c15ull + i * 0xd1342543de82ef95ull;

	x ^= x >> 32;
	return x * 0xff51afd7ed558ccdull;
}

static inline uint8_t peer_byte(uint32_t seed, uint64_t i)
{
	return (uint8_t)(peer_word(seed, i / 8) >> i % 8 * 8);
}

static inline void peer_fill(void *data, uint64_t length, uint32_t seed)
{
	uint8_t *byte = (uint8_t *)data;
	uint64_t i;

	for (i = 0; i + 8 <= length; i += 8) {
		uint64_t word = peer_word(seed, i / 8);

		__builtin_memcpy(byte + i, &word, 8);
	}
	for (; i < length; i++)
		byte[i] = peer_byte(seed, i);
}

static inline int peer_filled(const void *data, uint64_t length, uint32_t seed)
{
	const uint8_t *byte = (const uint8_t *)data;
	uint64_t i, word;

	for (i = 0; i + 8 <= length; i += 8) {
		__builtin_memcpy(&word, byte + i, 8);
		if (word != peer_word(seed, i / 8))
			return 0;
	}
	for (; i < length; i++)
		if (byte[i] != peer_byte(seed, i))
			return 0;
	return 1;
}

/* The size of packet @seed with PEER_RANDOM. */
static inline uint32_t peer_size(uint32_t seed, uint32_t most)
{
	uint32_t x = seed * 0x9e3779b1u;

	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	return x % (most + 1);
}

#endif
