// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "linux_ring.h"
#include "parse.h"
#include "runs.h"

#define PAYLOAD_MAX	4096u

/* An end of a lane, of either kind. */
struct side {
	enum ring_kind kind;
	const struct workload *w;
	struct lane *out, *in;
	struct linux_ring linux_out, linux_in;
	int processor;
	bool answers;			/* the far end of a ping-pong */
	pthread_barrier_t *start;
	double ns;
	long switches;
	u8 message[PAYLOAD_MAX] __attribute__((aligned(64)));
	u8 received[PAYLOAD_MAX] __attribute__((aligned(64)));
	u8 buffer[PAYLOAD_MAX + 64] __attribute__((aligned(64)));
};

/* How often has this thread lost its processor to another? */
static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Nothing read before is known any more. */
static void look_again(void)
{
	__asm__ __volatile__("" ::: "memory");
}

static void ring_bell(struct doorbell *bell)
{
	bell->signals++;
	__atomic_store_n(&bell->rung, 1, __ATOMIC_RELEASE);
}

static void wait_bell(struct doorbell *bell)
{
	do {
		while (!__atomic_load_n(&bell->rung, __ATOMIC_RELAXED))
			look_again();
		/* A full barrier: what is looked at next must not be older than the bell. */
	} while (!__atomic_exchange_n(&bell->rung, 0, __ATOMIC_SEQ_CST));
}

static _Noreturn void damaged(const char *what)
{
	fprintf(stderr, "ring_bench: %s\n", what);
	exit(1);
}

/* ---- our ring, used as tx.c and rx.c do ---- */

static void kmcl_publish(struct lane *lane)
{
	if (kmcl_ring_publish(&lane->tx))
		ring_bell(&lane->data);
}

static u8 *kmcl_room(struct lane *lane, u32 length)
{
	u8 *to;

	while (kmcl_ring_reserve(&lane->tx, length, &to)) {
		kmcl_publish(lane);
		if (kmcl_ring_wait_for_room(&lane->tx, length) == -EAGAIN)
			wait_bell(&lane->room);
		kmcl_ring_stop_waiting(&lane->tx);
	}
	return to;
}

static void kmcl_send(struct side *side, u64 id)
{
	u32 length = sizeof(struct kmcl_desc) + side->w->payload;
	struct kmcl_desc desc = { .type = KMCL_PKT_DATA_INBAND, .offset8 = sizeof(desc) / 8,
				  .len8 = length / 8, .trans_id = id };
	u8 *to = kmcl_room(side->out, length);

	memcpy(to, &desc, sizeof(desc));
	memcpy(to + sizeof(desc), side->message, side->w->payload);
	kmcl_ring_push(&side->out->tx, length);
}

static bool kmcl_receive(struct side *side, u64 id)
{
	struct kmcl_ring *ring = &side->in->rx;
	int available = kmcl_ring_available(ring);
	struct kmcl_desc desc;
	struct kmcl_view view;
	const u8 *from;

	if (available < 0)
		damaged("a corrupt index");
	if (!available)
		return false;
	from = kmcl_ring_peek(ring);
	memcpy(&desc, from, sizeof(desc));
	look_again();
	if (kmcl_parse_descriptor(&desc, available, &view) || view.payload > PAYLOAD_MAX ||
	    view.trans_id != id)
		damaged("a damaged packet");
	memcpy(side->received, from + view.offset, view.payload);
	kmcl_ring_consume(ring, view.length);
	return true;
}

static void kmcl_commit(struct lane *lane)
{
	if (kmcl_ring_commit(&lane->rx))
		ring_bell(&lane->room);
}

static void kmcl_send_all(struct side *side)
{
	u32 i;

	for (i = 0; i < side->w->packets; i++) {
		kmcl_send(side, i);
		if ((i + 1) % side->w->batch == 0)
			kmcl_publish(side->out);
	}
	kmcl_publish(side->out);
}

static void kmcl_answer(struct side *side, u32 i)
{
	if (side->w->ping_pong && (side->answers || i + 1 < side->w->packets)) {
		kmcl_send(side, side->answers ? i : i + 1);
		kmcl_publish(side->out);
	}
}

static void kmcl_receive_all(struct side *side)
{
	struct lane *lane = side->in;
	u32 i = 0;

	while (i < side->w->packets) {
		kmcl_ring_mask(&lane->rx);
		while (i < side->w->packets && kmcl_receive(side, i)) {
			if (kmcl_ring_uncommitted(&lane->rx) >= lane->memory.size / 4)
				kmcl_commit(lane);
			kmcl_answer(side, i++);
		}
		kmcl_commit(lane);
		if (!kmcl_ring_unmask(&lane->rx) && i < side->w->packets)
			wait_bell(&lane->data);
	}
}

/* ---- the other ring, used as a driver in a channel callback does ---- */

static void linux_send(struct side *side, u64 id)
{
	u32 length = sizeof(struct kmcl_desc) + side->w->payload;
	struct kmcl_desc desc = { .type = KMCL_PKT_DATA_INBAND, .offset8 = sizeof(desc) / 8,
				  .len8 = length / 8, .trans_id = id };
	u64 padding = 0;
	struct linux_piece pieces[] = { { &desc, sizeof(desc) },
					{ side->message, side->w->payload }, { &padding, 0 } };
	bool signal;

	while (linux_ring_write(&side->linux_out, pieces, 3, &signal))
		look_again();
	if (signal)
		ring_bell(&side->out->data);
}

static void linux_send_all(struct side *side)
{
	u32 i;

	for (i = 0; i < side->w->packets; i++)
		linux_send(side, i);
}

static bool linux_receive(struct side *side)
{
	bool signal;
	int length = linux_ring_read(&side->linux_in, side->received, PAYLOAD_MAX, &signal);

	if (length < 0)
		damaged("a damaged packet");
	if (signal)
		ring_bell(&side->in->room);
	return length;
}

static void linux_answer(struct side *side, u32 i)
{
	if (side->w->ping_pong && (side->answers || i + 1 < side->w->packets))
		linux_send(side, side->answers ? i : i + 1);
}

static void linux_receive_all(struct side *side)
{
	u32 i = 0;

	while (i < side->w->packets) {
		linux_ring_begin_read(&side->linux_in);
		while (i < side->w->packets && linux_receive(side))
			linux_answer(side, i++);
		if (!linux_ring_end_read(&side->linux_in) && i < side->w->packets)
			wait_bell(&side->in->data);
	}
}

/* ---- two threads ---- */

static void run_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		damaged("no such processor");
}

static void first_ping(struct side *side)
{
	if (side->kind == RING_LINUX) {
		linux_send(side, 0);
		return;
	}
	kmcl_send(side, 0);
	kmcl_publish(side->out);
}

static void receive_all(struct side *side)
{
	if (side->kind == RING_LINUX)
		linux_receive_all(side);
	else
		kmcl_receive_all(side);
}

static void *near_end(void *arg)
{
	struct side *side = arg;
	long before;

	run_on(side->processor);
	pthread_barrier_wait(side->start);
	before = switches();
	if (side->w->ping_pong) {
		first_ping(side);
		receive_all(side);
	} else if (side->kind == RING_LINUX) {
		linux_send_all(side);
	} else {
		kmcl_send_all(side);
	}
	side->switches = switches() - before;
	return NULL;
}

static void *far_end(void *arg)
{
	struct side *side = arg;
	double start;
	long before;

	run_on(side->processor);
	pthread_barrier_wait(side->start);
	before = switches();
	start = now();
	receive_all(side);
	side->ns = now() - start;
	side->switches = switches() - before;
	return NULL;
}

static void attach(struct linux_ring *ring, struct lane *lane, struct side *side)
{
	*ring = (struct linux_ring) {
		.ctl = &lane->ctl, .data = lane->memory.data, .size = lane->memory.size,
		.pkt_buffer = side->buffer, .pkt_buffer_size = sizeof(side->buffer),
	};
}

static struct side *make_side(enum ring_kind kind, const struct workload *w, struct lane *out,
			      struct lane *in, int processor)
{
	struct side *side = aligned_alloc(128, (sizeof(*side) + 127) & ~127ul);

	if (!side)
		damaged("no memory");
	memset(side, 0, sizeof(*side));
	side->kind = kind;
	side->w = w;
	side->out = out;
	side->in = in;
	side->processor = processor;
	attach(&side->linux_out, out, side);
	attach(&side->linux_in, in, side);
	memset(side->message, 0x5a, sizeof(side->message));
	return side;
}

static void reset_lane(struct lane *lane)
{
	memset(&lane->ctl, 0, sizeof(lane->ctl));
	lane->ctl.feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	kmcl_ring_init(&lane->tx, &lane->ctl, lane->memory.data, lane->memory.size);
	kmcl_ring_init(&lane->rx, &lane->ctl, lane->memory.data, lane->memory.size);
	memset(&lane->data, 0, sizeof(lane->data));
	memset(&lane->room, 0, sizeof(lane->room));
}

void run_workload(enum ring_kind kind, const struct workload *w, struct lane lanes[2],
		  const int processors[2], struct outcome *outcome)
{
	struct side *near = make_side(kind, w, &lanes[0], &lanes[1], processors[0]);
	struct side *far = make_side(kind, w, &lanes[1], &lanes[0], processors[1]);
	pthread_barrier_t start;
	pthread_t threads[2];
	u64 signals;

	reset_lane(&lanes[0]);
	reset_lane(&lanes[1]);
	pthread_barrier_init(&start, NULL, 2);
	near->start = &start;
	far->start = &start;
	far->answers = true;
	if (pthread_create(&threads[0], NULL, near_end, near) ||
	    pthread_create(&threads[1], NULL, far_end, far))
		damaged("no threads");
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	signals = lanes[0].data.signals + lanes[0].room.signals + lanes[1].data.signals +
		  lanes[1].room.signals;
	outcome->ns = far->ns / w->packets;
	outcome->signals = (double)signals / w->packets;
	outcome->disturbed = near->switches + far->switches;
	pthread_barrier_destroy(&start);
	free(near);
	free(far);
}
