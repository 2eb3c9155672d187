/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a channel counts, without sharing a cache line for it: beside what is written under tx->lock
 * or by the delivery context anyway, and for each processor on its own wherever something else may
 * count. The sums go up from VmbChannelAllocate to VmbChannelCleanup, over any number of
 * connections. debugfs/ shows them, and its README says what each of them means.
 */
#ifndef KMCL_COUNTERS_H
#define KMCL_COUNTERS_H

#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/timekeeping.h>

#include "parse.h"

enum kmcl_counter {
	KMCL_COUNTER_IN_PACKETS,
	KMCL_COUNTER_IN_COMPLETIONS,
	KMCL_COUNTER_IN_BYTES,
	KMCL_COUNTER_OUT_PACKETS,
	KMCL_COUNTER_OUT_COMPLETIONS,
	KMCL_COUNTER_OUT_BYTES,
	KMCL_COUNTER_OUT_QUEUED,
	KMCL_COUNTER_RING_FULL,
	KMCL_COUNTER_RING_FULL_NS,
	KMCL_COUNTER_SIGNALS_SENT,
	KMCL_COUNTER_SIGNALS_SUPPRESSED,
	KMCL_COUNTER_SIGNALS_RECEIVED,
	KMCL_COUNTER_BATCHES,
	KMCL_COUNTER_BATCH_PACKETS,
	KMCL_COUNTER_DEFERS,
	KMCL_COUNTER_QUOTA_STOPS,
	KMCL_COUNTER_MEMORY_STOPS,
	KMCL_COUNTER_BUDGET_STOPS,
	KMCL_COUNTER_TIME_STOPS,
	KMCL_COUNTER_CANCELS,
	KMCL_COUNTER_OVERSIZE,
	KMCL_COUNTERS_COUNT
};

/* Bucket n: transactions that took from 2^n to 2^(n+1) ns; the last one, all longer ones too. */
#define KMCL_LATENCY_BUCKETS	40

struct kmcl_counters {
	u64 counts[KMCL_COUNTERS_COUNT];
	u64 malformed[KMCL_MALFORMED_KINDS];
	u64 latency[KMCL_LATENCY_BUCKETS];
};

struct kmcl_channel;

const char *kmcl_malformed_word(enum kmcl_malformed kind);
const char *kmcl_counter_name(enum kmcl_counter counter);
u64 kmcl_counter_sum(const struct kmcl_channel *ch, enum kmcl_counter counter);
void kmcl_counters_sum(const struct kmcl_channel *ch, struct kmcl_counters *sum);

/* Latencies cost two looks at a clock for each transaction, so they wait to be asked for. */
DECLARE_STATIC_KEY_FALSE(kmcl_latency_key);
int kmcl_latency_switch(bool on);
void kmcl_latency_count(const struct kmcl_channel *ch, u64 start);

#include "count.h"

#endif
