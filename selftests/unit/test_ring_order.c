// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of the ring's accesses, twice: as the list that section 12.3 of the specification
 * gives, and by running both ends under many schedules on a machine that holds stores back. In
 * the second an end that has nothing to do sleeps until it is signalled, as a kernel does; a
 * signal that should have come and did not is two ends asleep.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "ktap.h"
#include "pair.h"
#include "shim.h"

/* ---- the order, as a list ---- */

static void expect(const char *want)
{
	if (strcmp(shim_log(), want))
		FAIL("accesses are \"%s\", not \"%s\"", shim_log(), want);
	shim_log_stop();
}

static void fill(struct pair *pair, u32 len)
{
	u8 *packet;

	CHECK_EQ(kmcl_ring_reserve(&pair->tx, len, &packet), 0);
	kmcl_ring_push(&pair->tx, len);
}

TEST(order_of_reserve)
{
	struct pair pair;
	u8 *packet;

	pair_init(&pair, 64);
	shim_log_start(pair.ctl);
	kmcl_ring_reserve(&pair.tx, 16, &packet);
	expect("");
	shim_log_start(pair.ctl);
	kmcl_ring_reserve(&pair.tx, 64, &packet);
	expect("load.acquire:read_index");
	pair_free(&pair);
}

TEST(order_of_publish)
{
	struct pair pair;

	pair_init(&pair, 64);
	shim_log_start(pair.ctl);
	kmcl_ring_publish(&pair.tx);
	expect("");
	fill(&pair, 16);
	shim_log_start(pair.ctl);
	kmcl_ring_publish(&pair.tx);
	expect("store.release:write_index mb load:interrupt_mask rmb load:read_index");
	pair_free(&pair);
}

TEST(order_of_wait_for_room)
{
	struct pair pair;

	pair_init(&pair, 64);
	shim_log_start(pair.ctl);
	kmcl_ring_wait_for_room(&pair.tx, 64);
	expect("store:pending_send_sz mb load.acquire:read_index");
	shim_log_start(pair.ctl);
	kmcl_ring_stop_waiting(&pair.tx);
	expect("store:pending_send_sz");
	pair_free(&pair);
}

TEST(order_of_available)
{
	struct pair pair;

	pair_init(&pair, 64);
	fill(&pair, 8);
	fill(&pair, 8);
	kmcl_ring_publish(&pair.tx);
	shim_log_start(pair.ctl);
	CHECK_EQ(kmcl_ring_available(&pair.rx), 32);
	kmcl_ring_peek(&pair.rx);
	kmcl_ring_consume(&pair.rx, 8);
	expect("load.acquire:write_index");
	/* What is known to be there is not asked for again; what may have come is. */
	shim_log_start(pair.ctl);
	CHECK_EQ(kmcl_ring_available(&pair.rx), 16);
	kmcl_ring_consume(&pair.rx, 8);
	expect("");
	shim_log_start(pair.ctl);
	CHECK_EQ(kmcl_ring_available(&pair.rx), 0);
	expect("load.acquire:write_index");
	pair_free(&pair);
}

TEST(order_of_commit)
{
	struct pair pair;

	pair_init(&pair, 64);
	shim_log_start(pair.ctl);
	kmcl_ring_commit(&pair.rx);
	expect("");
	kmcl_ring_consume(&pair.rx, 16);
	pair.ctl->pending_send_sz = 24;
	shim_log_start(pair.ctl);
	kmcl_ring_commit(&pair.rx);
	expect("store.release:read_index load:feature_bits mb load:pending_send_sz rmb "
	       "load:write_index");
	pair_free(&pair);
}

TEST(order_of_mask_and_unmask)
{
	struct pair pair;

	pair_init(&pair, 64);
	shim_log_start(pair.ctl);
	kmcl_ring_mask(&pair.rx);
	expect("store:interrupt_mask mb");
	shim_log_start(pair.ctl);
	kmcl_ring_unmask(&pair.rx);
	expect("store:interrupt_mask mb load.acquire:write_index");
	pair_free(&pair);
}

/* ---- two ends under a scheduler ---- */

#define PACKETS	40
#define STACK	(64 * 1024)

static struct side {
	ucontext_t context;
	u8 stack[STACK];
	bool asleep, signalled, done;
	unsigned int slept;
} sides[2];

enum { SENDER, RECEIVER };

static ucontext_t scheduler;
static struct pair pair;
static u64 chance;	/* what the ends do; the schedule has its own */
static u8 lengths[PACKETS];

static void to_scheduler(void)
{
	swapcontext(&sides[shim_side].context, &scheduler);
}

static void signal_peer(void)
{
	sides[!shim_side].signalled = true;
}

static void sleep_until_signalled(void)
{
	struct side *me = &sides[shim_side];

	me->slept++;
	me->asleep = true;
	to_scheduler();
	me->asleep = false;
	me->signalled = false;
}

static void publish(void)
{
	if (kmcl_ring_publish(&pair.tx))
		signal_peer();
}

/* Room for a packet; what is written must be published first, or the peer counts wrong. */
static u8 *get_room(u32 len)
{
	u8 *packet;

	while (kmcl_ring_reserve(&pair.tx, len, &packet)) {
		publish();
		if (kmcl_ring_wait_for_room(&pair.tx, len) == -EAGAIN)
			sleep_until_signalled();
	}
	return packet;
}

static void sender(void)
{
	for (unsigned int i = 0; i < PACKETS; i++) {
		memset(get_room(lengths[i]), i + 1, lengths[i]);
		kmcl_ring_push(&pair.tx, lengths[i]);
		if (unit_below(&chance, 3))
			publish();
		if (!unit_below(&chance, 4))
			kmcl_ring_stop_waiting(&pair.tx);
	}
	publish();
	kmcl_ring_stop_waiting(&pair.tx);
	sides[SENDER].done = true;
	to_scheduler();
}

static void commit(void)
{
	if (kmcl_ring_commit(&pair.rx))
		signal_peer();
}

static void receive(unsigned int i)
{
	const u8 *packet = kmcl_ring_peek(&pair.rx);

	for (unsigned int j = 0; j < lengths[i]; j++) {
		if (packet[j] != i + 1)
			FAIL("packet %u, byte %u is of packet %d", i, j, packet[j] - 1);
	}
	kmcl_ring_consume(&pair.rx, lengths[i]);
	if (!unit_below(&chance, 3))
		commit();
}

static void receiver(void)
{
	unsigned int i = 0;

	while (i < PACKETS) {
		kmcl_ring_mask(&pair.rx);
		while (kmcl_ring_available(&pair.rx))
			receive(i++);
		commit();
		if (!kmcl_ring_unmask(&pair.rx) && i < PACKETS)
			sleep_until_signalled();
	}
	sides[RECEIVER].done = true;
	to_scheduler();
}

static void prepare(int which, void (*run)(void))
{
	struct side *side = &sides[which];

	side->asleep = false;
	side->signalled = false;
	side->done = false;
	getcontext(&side->context);
	side->context.uc_stack.ss_sp = side->stack;
	side->context.uc_stack.ss_size = STACK;
	makecontext(&side->context, run, 0);
}

static bool is_runnable(int which)
{
	const struct side *side = &sides[which];

	return !side->done && (!side->asleep || side->signalled);
}

/* One of: a side goes on, or one of its stores gets out. Return: false if nothing can happen. */
static bool one_step(u64 *random)
{
	u32 first = unit_below(random, 4);

	for (u32 i = 0; i < 4; i++) {
		u32 choice = (first + i) % 4, which = choice % 2;

		if (choice < 2 && is_runnable(which)) {
			shim_side = which;
			swapcontext(&scheduler, &sides[which].context);
			return true;
		}
		if (choice >= 2 && shim_has_stores(which)) {
			shim_let_one_out(which, unit_random(random));
			return true;
		}
	}
	return false;
}

static void run_schedule(u64 seed, u32 size)
{
	u64 random = seed;

	chance = seed ^ 0x5555;
	shim_reset();
	pair_reset(&pair, unit_below(&random, size / 8) * 8);
	for (int i = 0; i < PACKETS; i++)
		lengths[i] = 8 * (1 + unit_below(&random, (size - 16) / 8));
	prepare(SENDER, sender);
	prepare(RECEIVER, receiver);
	while (one_step(&random))
		;
	if (!sides[SENDER].done || !sides[RECEIVER].done)
		FAIL("seed %llu: %s%s asleep for ever", (unsigned long long)seed,
		     sides[SENDER].done ? "" : "sender ", sides[RECEIVER].done ? "" : "receiver");
}

static void run_schedules(u32 size, unsigned int number)
{
	pair_init(&pair, size);
	shim_buffering = true;
	shim_yield = to_scheduler;
	for (u64 seed = 1; seed <= number; seed++)
		run_schedule(seed, size);
	shim_yield = NULL;
	printf("# %u schedules, sender slept %u times, receiver %u times\n", number,
	       sides[SENDER].slept, sides[RECEIVER].slept);
	/* Schedules in which nobody ever sleeps would show nothing. */
	CHECK(sides[SENDER].slept > number && sides[RECEIVER].slept > number);
	pair_free(&pair);
}

TEST(no_signal_is_lost_in_a_ring_of_48_bytes)	{ run_schedules(48, 4000); }
TEST(no_signal_is_lost_in_a_ring_of_64_bytes)	{ run_schedules(64, 4000); }
TEST(no_signal_is_lost_in_a_ring_of_104_bytes)	{ run_schedules(104, 4000); }
TEST(no_signal_is_lost_in_a_ring_of_248_bytes)	{ run_schedules(248, 4000); }
