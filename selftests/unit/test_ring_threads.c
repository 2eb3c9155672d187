// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads, one ring, and a futex for the interrupt: an end without work sleeps until it is
 * signalled, and one that is not woken fails the test. Built with ASan, with TSan and with
 * neither. The futex is a bare system call on relaxed atomics, so that it orders nothing for TSan
 * and the ring's own acquires and releases have to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "pair.h"
#include "parse.h"

#define FUTEX_WAIT_PRIVATE	128
#define FUTEX_WAKE_PRIVATE	129
#define SECONDS_TO_WAKE		60

#ifdef __SANITIZE_THREAD__
#define PACKETS	20000u
#else
#define PACKETS	60000u
#endif

/* ---- the interrupt ---- */

struct doorbell {
	u32 rung;
	u32 slept;	/* by its owner only */
};

static void doorbell_ring(struct doorbell *bell)
{
	__atomic_store_n(&bell->rung, 1, __ATOMIC_RELAXED);
	syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void doorbell_wait(struct doorbell *bell, const char *who)
{
	struct timespec timeout = { .tv_sec = SECONDS_TO_WAKE };

	while (!__atomic_exchange_n(&bell->rung, 0, __ATOMIC_RELAXED)) {
		bell->slept++;
		if (syscall(SYS_futex, &bell->rung, FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0) &&
		    errno == ETIMEDOUT)
			FAIL("%s sleeps and nobody wakes it", who);
	}
}

/* ---- the two ends ---- */

struct run {
	struct pair pair;
	struct doorbell sender, receiver;
	u32 longest;		/* packet */
	u32 batch;		/* packets a publication, at most */
	u32 send_pause, receive_pause;	/* one packet in so many gives the processor away */
};

static u32 length_of(const struct run *run, u32 packet)
{
	u64 random = 0x9e3779b97f4a7c15ull * (packet + 1);

	return 8 * (2 + unit_below(&random, run->longest / 8 - 1));
}

static u64 word_of(u32 packet, u32 i)
{
	return (packet + 1) * 0x100000001b3ull + i * 0x9e3779b97f4a7c15ull;
}

static void pause_sometimes(u64 *random, u32 one_in)
{
	if (one_in && !unit_below(random, one_in))
		sched_yield();
}

static void publish(struct run *run)
{
	if (kmcl_ring_publish(&run->pair.tx))
		doorbell_ring(&run->receiver);
}

static u8 *get_room(struct run *run, u32 len)
{
	u8 *packet;

	while (kmcl_ring_reserve(&run->pair.tx, len, &packet)) {
		publish(run);
		if (kmcl_ring_wait_for_room(&run->pair.tx, len) == -EAGAIN)
			doorbell_wait(&run->sender, "the sender");
	}
	return packet;
}

static void *send_all(void *arg)
{
	struct run *run = arg;
	u64 random = 11;

	for (u32 packet = 0; packet < PACKETS; packet++) {
		u32 len = length_of(run, packet);
		u8 *to = get_room(run, len);

		for (u32 i = 0; i < len / 8; i++) {
			u64 word = word_of(packet, i);

			memcpy(to + 8 * i, &word, 8);
		}
		kmcl_ring_push(&run->pair.tx, len);
		if (!unit_below(&random, run->batch))
			publish(run);
		if (!unit_below(&random, 8))
			kmcl_ring_stop_waiting(&run->pair.tx);
		pause_sometimes(&random, run->send_pause);
	}
	publish(run);
	return NULL;
}

static void commit(struct run *run)
{
	if (kmcl_ring_commit(&run->pair.rx))
		doorbell_ring(&run->sender);
}

static void receive_one(struct run *run, u32 packet, int available)
{
	const u8 *from = kmcl_ring_peek(&run->pair.rx);
	u32 len = length_of(run, packet);
	u64 trailer;

	CHECK(available >= (int)(len + 8));
	for (u32 i = 0; i < len / 8; i++) {
		u64 word;

		memcpy(&word, from + 8 * i, 8);
		if (word != word_of(packet, i))
			FAIL("packet %u is damaged at byte %u", packet, 8 * i);
	}
	memcpy(&trailer, from + len, 8);
	CHECK(trailer == (u64)run->pair.rx.mine << 32);
	kmcl_ring_consume(&run->pair.rx, len);
}

static void receive_all(struct run *run)
{
	u32 packet = 0;
	u64 random = 12;

	while (packet < PACKETS) {
		int available;

		kmcl_ring_mask(&run->pair.rx);
		while ((available = kmcl_ring_available(&run->pair.rx)) > 0) {
			receive_one(run, packet++, available);
			if (!unit_below(&random, 6))
				commit(run);
			pause_sometimes(&random, run->receive_pause);
		}
		CHECK_EQ(available, 0);
		commit(run);
		if (!kmcl_ring_unmask(&run->pair.rx) && packet < PACKETS)
			doorbell_wait(&run->receiver, "the receiver");
	}
}

static void run_threads(struct run *run, u32 size)
{
	pthread_t thread;

	pair_init(&run->pair, size);
	CHECK(!pthread_create(&thread, NULL, send_all, run));
	receive_all(run);
	pthread_join(thread, NULL);
	printf("# %u packets, sender slept %u times, receiver %u times\n", PACKETS,
	       run->sender.slept, run->receiver.slept);
	pair_free(&run->pair);
}

TEST(small_packets)
{
	struct run run = { .longest = 64, .batch = 1 };

	run_threads(&run, 4096);
}

TEST(small_packets_in_batches)
{
	struct run run = { .longest = 128, .batch = 20 };

	run_threads(&run, 4096);
}

TEST(packets_of_any_size)
{
	struct run run = { .longest = 4080, .batch = 4 };

	run_threads(&run, 4096);
}

TEST(few_fit_and_both_ends_sleep)
{
	struct run run = { .longest = 2048, .batch = 1, .send_pause = 2, .receive_pause = 2 };

	run_threads(&run, 4096);
	CHECK(run.sender.slept + run.receiver.slept > 100);
}

TEST(slow_sender)
{
	struct run run = { .longest = 256, .batch = 1, .send_pause = 1 };

	run_threads(&run, 4096);
	CHECK(run.sender.slept + run.receiver.slept > 100);
}

TEST(slow_receiver)
{
	struct run run = { .longest = 1024, .batch = 2, .receive_pause = 1 };

	run_threads(&run, 4096);
	CHECK(run.sender.slept + run.receiver.slept > 100);
}

/* ---- a peer that rewrites everything while we read ---- */

#ifndef __SANITIZE_THREAD__

static struct pair hostile;
static bool hostile_stop;

static void *scribble(void *arg)
{
	u64 random = 99;
	u32 *words[] = { &hostile.ctl->write_index, &hostile.ctl->read_index,
			 &hostile.ctl->pending_send_sz, &hostile.ctl->interrupt_mask,
			 &hostile.ctl->feature_bits };

	while (!__atomic_load_n(&hostile_stop, __ATOMIC_RELAXED)) {
		u32 value = unit_random(&random);
		u32 at = unit_below(&random, hostile.size / 8) * 8;

		/* Mostly what looks right, or nothing would get past the first check. */
		__atomic_store_n(words[unit_below(&random, 5)],
				 value % 8 ? at : value, __ATOMIC_RELAXED);
		__atomic_store_n((u64 *)(hostile.data + at),
				 value % 16 ? 0x0000000400020006ull + (u64)(value % 5 << 8) : value,
				 __ATOMIC_RELAXED);
	}
	return arg;
}

TEST(nothing_is_read_twice_from_a_peer_that_rewrites_it)
{
	static u8 body[4096];
	unsigned int taken = 0, refused = 0;
	pthread_t thread;

	pair_init(&hostile, 4096);
	CHECK(!pthread_create(&thread, NULL, scribble, NULL));
	/* Ends as soon as enough was seen; the peer may be slow to start. */
	while (taken < 50000 || refused < 5000) {
		int available = kmcl_ring_available(&hostile.rx);
		struct kmcl_desc desc;
		struct kmcl_view view;

		CHECK(available == -EIO || (available >= 0 && available < 4096));
		if (available <= 0)
			continue;
		memcpy(&desc, kmcl_ring_peek(&hostile.rx), sizeof(desc));
		if (kmcl_parse_descriptor(&desc, available, &view)) {
			refused++;
			kmcl_ring_consume(&hostile.rx, available - 8);
			continue;
		}
		taken++;
		CHECK(view.length + 8 <= available && view.payload <= sizeof(body));
		memcpy(body, kmcl_ring_peek(&hostile.rx) + view.offset, view.payload);
		kmcl_ring_consume(&hostile.rx, view.length);
		if (taken % 2)
			kmcl_ring_commit(&hostile.rx);
	}
	__atomic_store_n(&hostile_stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# %u packets taken, %u refused\n", taken, refused);
	pair_free(&hostile);
}

#endif
