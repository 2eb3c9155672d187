/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ends of a lane, one file for each way to drive it. What an end does with its thread is in
 * runs.c.
 *
 * These files and the rings are built as kernel code is: without vector registers, and with the
 * kernel's memcpy().
 */
#ifndef KMCL_BENCH_ENDS_H
#define KMCL_BENCH_ENDS_H

#include "linux_ring.h"
#include "runs.h"

#define PAYLOAD_MAX	4096u

struct side;

struct way {
	void (*send)(struct side *side, u64 id);
	/* Let the other end see what has been sent. */
	void (*publish)(struct side *side);
	/* Until all packets have come, with answer() for each. */
	void (*receive_all)(struct side *side);
};

extern const struct way kmcl_way, recvpacket_way, iterator_way, floor_way;

/* An end without a ring. */
struct bare {
	u32 at;			/* where the next packet lies */
	u32 moved, known;	/* packets, by this end and by the other as far as known */
};

struct side {
	const struct way *way;
	const struct workload *w;
	struct lane *out, *in;
	struct linux_ring linux_out, linux_in;
	struct bare bare_out, bare_in;
	u8 message[PAYLOAD_MAX] __attribute__((aligned(64)));
	u8 received[PAYLOAD_MAX] __attribute__((aligned(64)));
	u8 buffer[PAYLOAD_MAX + 64] __attribute__((aligned(64)));
	bool answers;			/* the far end of a ping-pong */
};

_Noreturn void damaged(const char *what);

/* Nothing read before is known any more. */
static inline void look_again(void)
{
	__asm__ __volatile__("" ::: "memory");
}

/* One code for all ways: to the nanosecond, how a processor spins is a matter of its place. */
void ring_bell(struct doorbell *bell);
void wait_bell(struct doorbell *bell);

/* Packet @i of the other end has come. */
static inline void answer(struct side *side, u32 i)
{
	if (!side->w->ping_pong || (!side->answers && i + 1 == side->w->packets))
		return;
	side->way->send(side, side->answers ? i : i + 1);
	side->way->publish(side);
}

static inline struct kmcl_desc describe(const struct side *side, u64 id)
{
	return (struct kmcl_desc) {
		.type = KMCL_PKT_DATA_INBAND, .offset8 = sizeof(struct kmcl_desc) / 8,
		.len8 = (sizeof(struct kmcl_desc) + side->w->payload) / 8, .trans_id = id
	};
}

#endif
