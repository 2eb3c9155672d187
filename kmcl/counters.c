// SPDX-License-Identifier: GPL-2.0-only
/* Reads the counters of a channel. */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "channel.h"

DEFINE_STATIC_KEY_FALSE(kmcl_latency_key);

/* As the files are called. */
static const char * const names[KMCL_COUNTERS_COUNT] = {
	[KMCL_COUNTER_IN_PACKETS]		= "in_packets",
	[KMCL_COUNTER_IN_COMPLETIONS]		= "in_completions",
	[KMCL_COUNTER_IN_BYTES]			= "in_bytes",
	[KMCL_COUNTER_OUT_PACKETS]		= "out_packets",
	[KMCL_COUNTER_OUT_COMPLETIONS]		= "out_completions",
	[KMCL_COUNTER_OUT_BYTES]		= "out_bytes",
	[KMCL_COUNTER_OUT_QUEUED]		= "out_queued",
	[KMCL_COUNTER_RING_FULL]		= "ring_full",
	[KMCL_COUNTER_RING_FULL_NS]		= "ring_full_ns",
	[KMCL_COUNTER_SIGNALS_SENT]		= "signals_sent",
	[KMCL_COUNTER_SIGNALS_SUPPRESSED]	= "signals_suppressed",
	[KMCL_COUNTER_SIGNALS_RECEIVED]		= "signals_received",
	[KMCL_COUNTER_BATCHES]			= "batches",
	[KMCL_COUNTER_BATCH_PACKETS]		= "batch_packets",
	[KMCL_COUNTER_DEFERS]			= "defers",
	[KMCL_COUNTER_QUOTA_STOPS]		= "quota_stops",
	[KMCL_COUNTER_MEMORY_STOPS]		= "memory_stops",
	[KMCL_COUNTER_BUDGET_STOPS]		= "budget_stops",
	[KMCL_COUNTER_TIME_STOPS]		= "time_stops",
	[KMCL_COUNTER_CANCELS]			= "cancels",
	[KMCL_COUNTER_OVERSIZE]			= "oversize_completions",
};

/* As trace events have them. */
static const char * const malformed_words[KMCL_MALFORMED_KINDS] = {
	[KMCL_BAD_INDEX]	= "index",
	[KMCL_BAD_HEADER]	= "header",
	[KMCL_BAD_OFFSET]	= "offset",
	[KMCL_BAD_LENGTH]	= "length",
	[KMCL_BAD_TYPE]		= "type",
	[KMCL_BAD_SIZE]		= "size",
	[KMCL_BAD_ID]		= "id",
	[KMCL_BAD_PIPE]		= "pipe",
	[KMCL_BAD_MESSAGE]	= "message",
};

const char *kmcl_malformed_word(enum kmcl_malformed kind)
{
	return malformed_words[kind];
}

const char *kmcl_counter_name(enum kmcl_counter counter)
{
	return names[counter];
}

/* Over all processors that there can be: what one has counted stays when it goes offline. */
u64 kmcl_counter_sum(const struct kmcl_channel *ch, enum kmcl_counter counter)
{
	u64 sum = READ_ONCE(ch->tx.counts[counter]) + READ_ONCE(ch->rx.counts[counter]);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(ch->counters, cpu)->counts[counter]);
	return sum;
}

void kmcl_counters_sum(const struct kmcl_channel *ch, struct kmcl_counters *sum)
{
	unsigned int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < ARRAY_SIZE(sum->counts); i++)
		sum->counts[i] = kmcl_counter_sum(ch, i);
	for_each_possible_cpu(cpu) {
		const struct kmcl_counters *counters = per_cpu_ptr(ch->counters, cpu);

		for (i = 0; i < ARRAY_SIZE(sum->malformed); i++)
			sum->malformed[i] += READ_ONCE(counters->malformed[i]);
		for (i = 0; i < ARRAY_SIZE(sum->latency); i++)
			sum->latency[i] += READ_ONCE(counters->latency[i]);
	}
}

/* Transactions that are open when this changes are not in the histogram. May sleep. */
int kmcl_latency_switch(bool on)
{
	if (on)
		static_branch_enable(&kmcl_latency_key);
	else
		static_branch_disable(&kmcl_latency_key);
	return 0;
}

void kmcl_latency_count(const struct kmcl_channel *ch, u64 start)
{
	u64 took = ktime_get_ns() - start;
	unsigned int bucket = min_t(unsigned int, ilog2(took | 1), KMCL_LATENCY_BUCKETS - 1);

	this_cpu_inc(ch->counters->latency[bucket]);
}
