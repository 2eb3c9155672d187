// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring_bench [ROUNDS [PACKETS [RING_KIB]]]: our ring, a ring in the shape of Linux's and no ring at
 * all, on two threads of the real processor. Each workload runs once in each way in each round.
 * Prints JSON: every round of every workload.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "runs.h"

#define RING_KIB	256u
#define LEAST_RING_KIB	32u		/* a quarter holds a packet of any workload */
#define MOST_RING_KIB	65536u
#define MOST_ROUNDS	1000
/* A run in which an end lost its processor to another program says nothing; it is repeated. */
#define TRIES		50

static const char * const kinds[RING_KINDS] = {
	[RING_KMCL] = "kmcl", [RING_RECVPACKET] = "native", [RING_ITERATOR] = "iterator",
	[RING_FLOOR] = "floor",
};

static const struct {
	const char *name;
	struct workload w;
} workloads[] = {
	{ "64 B batched",	{ .payload = 64, .batch = 32, .packets = 40000 } },
	{ "64 B",		{ .payload = 64, .batch = 1, .packets = 40000 } },
	{ "256 B batched",	{ .payload = 256, .batch = 32, .packets = 20000 } },
	{ "256 B",		{ .payload = 256, .batch = 1, .packets = 20000 } },
	{ "1 KiB batched",	{ .payload = 1024, .batch = 32, .packets = 10000 } },
	{ "1 KiB",		{ .payload = 1024, .batch = 1, .packets = 10000 } },
	{ "4 KiB batched",	{ .payload = 4096, .batch = 32, .packets = 5000 } },
	{ "4 KiB",		{ .payload = 4096, .batch = 1, .packets = 5000 } },
	{ "ping-pong 64 B",	{ .payload = 64, .batch = 1, .packets = 4000, .ping_pong = true } },
};

#define WORKLOADS	(sizeof(workloads) / sizeof(workloads[0]))

static struct outcome outcomes[WORKLOADS][RING_KINDS][MOST_ROUNDS];
static unsigned int repeated;
static struct lane lanes[2];
static int processors[2];

/* Two processors that this process may use; with one a run would only show the scheduler. */
static int find_processors(void)
{
	int found = 0, i;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (i = 0; i < CPU_SETSIZE && found < 2; i++)
		if (CPU_ISSET(i, &set))
			processors[found++] = i;
	return found;
}

static void print_rounds(const struct outcome *outcome, unsigned int rounds, const char *kind)
{
	unsigned int i;

	printf("    {\"way\": \"%s\", \"ns\": [", kind);
	for (i = 0; i < rounds; i++)
		printf("%s%.2f", i ? ", " : "", outcome[i].ns);
	printf("], \"signals\": [");
	for (i = 0; i < rounds; i++)
		printf("%s%.5f", i ? ", " : "", outcome[i].signals);
	printf("]}");
}

static void print_json(unsigned int rounds)
{
	unsigned int i, k;

	printf("{\"repeated\": %u, \"workloads\": [\n", repeated);
	for (i = 0; i < WORKLOADS; i++) {
		printf("  {\"workload\": \"%s\", \"runs\": [\n", workloads[i].name);
		for (k = 0; k < RING_KINDS; k++) {
			print_rounds(outcomes[i][k], rounds, kinds[k]);
			printf("%s\n", k + 1 < RING_KINDS ? "," : "");
		}
		printf("  ]}%s\n", i + 1 < WORKLOADS ? "," : "");
	}
	printf("]}\n");
}

static void run_one(enum ring_kind kind, const struct workload *w, struct outcome *outcome)
{
	unsigned int left = TRIES;

	run_workload(kind, w, lanes, processors, outcome);
	while (outcome->disturbed && --left) {
		repeated++;
		run_workload(kind, w, lanes, processors, outcome);
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 31, r, i, k;
	unsigned int packets = argc > 2 ? atoi(argv[2]) : 0;
	unsigned int kib = argc > 3 ? atoi(argv[3]) : RING_KIB;

	if (!rounds || rounds > MOST_ROUNDS || kib < LEAST_RING_KIB || kib > MOST_RING_KIB ||
	    kib % 4) {
		fprintf(stderr, "usage: ring_bench [ROUNDS [PACKETS [RING_KIB]]]\n");
		return 2;
	}
	if (find_processors() < 2) {
		fprintf(stderr, "ring_bench: two processors are needed\n");
		return 4;
	}
	pair_init(&lanes[0].memory, kib << 10);
	pair_init(&lanes[1].memory, kib << 10);
	for (r = 0; r < rounds; r++) {
		for (i = 0; i < WORKLOADS; i++) {
			struct workload w = workloads[i].w;

			if (packets)
				w.packets = packets;
			for (k = 0; k < RING_KINDS; k++)
				run_one(k, &w, &outcomes[i][k][r]);
		}
	}
	print_json(rounds);
	pair_free(&lanes[0].memory);
	pair_free(&lanes[1].memory);
	return 0;
}
