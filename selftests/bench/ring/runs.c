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

#include "ends.h"

static const struct way * const ways[RING_KINDS] = {
	[RING_KMCL] = &kmcl_way, [RING_RECVPACKET] = &recvpacket_way,
	[RING_ITERATOR] = &iterator_way, [RING_FLOOR] = &floor_way,
};

struct thread {
	struct side side;
	int processor;
	pthread_barrier_t *start;
	double ns;
	long switches;
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

_Noreturn void damaged(const char *what)
{
	fprintf(stderr, "ring_bench: %s\n", what);
	exit(1);
}

static void send_all(struct side *side)
{
	u32 i;

	for (i = 0; i < side->w->packets; i++) {
		side->way->send(side, i);
		if ((i + 1) % side->w->batch == 0)
			side->way->publish(side);
	}
	side->way->publish(side);
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

static void *near_end(void *arg)
{
	struct thread *thread = arg;
	struct side *side = &thread->side;
	long before;

	run_on(thread->processor);
	pthread_barrier_wait(thread->start);
	before = switches();
	if (side->w->ping_pong) {
		side->way->send(side, 0);
		side->way->publish(side);
		side->way->receive_all(side);
	} else {
		send_all(side);
	}
	thread->switches = switches() - before;
	return NULL;
}

static void *far_end(void *arg)
{
	struct thread *thread = arg;
	double start;
	long before;

	run_on(thread->processor);
	pthread_barrier_wait(thread->start);
	before = switches();
	start = now();
	thread->side.way->receive_all(&thread->side);
	thread->ns = now() - start;
	thread->switches = switches() - before;
	return NULL;
}

static void attach(struct linux_ring *ring, struct lane *lane, struct side *side)
{
	*ring = (struct linux_ring) {
		.ctl = &lane->ctl, .data = lane->memory.data, .size = lane->memory.size,
		.pkt_buffer = side->buffer, .pkt_buffer_size = sizeof(side->buffer),
	};
}

static struct thread *make_thread(enum ring_kind kind, const struct workload *w, struct lane *out,
				  struct lane *in, int processor)
{
	struct thread *thread = aligned_alloc(128, (sizeof(*thread) + 127) & ~127ul);
	struct side *side = &thread->side;

	if (!thread)
		damaged("no memory");
	memset(thread, 0, sizeof(*thread));
	thread->processor = processor;
	side->way = ways[kind];
	side->w = w;
	side->out = out;
	side->in = in;
	attach(&side->linux_out, out, side);
	attach(&side->linux_in, in, side);
	memset(side->message, 0x5a, sizeof(side->message));
	return thread;
}

static void reset_lane(struct lane *lane)
{
	memset(&lane->ctl, 0, sizeof(lane->ctl));
	lane->ctl.feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	kmcl_ring_init(&lane->tx, &lane->ctl, lane->memory.data, lane->memory.size);
	kmcl_ring_init(&lane->rx, &lane->ctl, lane->memory.data, lane->memory.size);
	memset(&lane->data, 0, sizeof(lane->data));
	memset(&lane->room, 0, sizeof(lane->room));
	lane->sent.packets = 0;
	lane->taken.packets = 0;
}

void run_workload(enum ring_kind kind, const struct workload *w, struct lane lanes[2],
		  const int processors[2], struct outcome *outcome)
{
	struct thread *near = make_thread(kind, w, &lanes[0], &lanes[1], processors[0]);
	struct thread *far = make_thread(kind, w, &lanes[1], &lanes[0], processors[1]);
	pthread_barrier_t start;
	pthread_t threads[2];
	u64 signals;

	reset_lane(&lanes[0]);
	reset_lane(&lanes[1]);
	pthread_barrier_init(&start, NULL, 2);
	near->start = &start;
	far->start = &start;
	far->side.answers = true;
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
