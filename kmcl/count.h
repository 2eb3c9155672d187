/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the way of a packet has of counters.h: how something is counted, and whether it is timed.
 * selftests/bench builds the modules with a header of no counts in place of this one, to tell what
 * these cost.
 */
#ifndef KMCL_COUNT_H
#define KMCL_COUNT_H

#define kmcl_count_add(ch, symbol, n)	\
	this_cpu_add((ch)->counters->counts[KMCL_COUNTER_##symbol], n)
#define kmcl_count(ch, symbol)		kmcl_count_add(ch, symbol, 1)

/* One of @symbol, and @n of @other: where the counters are is looked up once. */
#define kmcl_count_with(ch, symbol, other, n)					\
	do {									\
		struct kmcl_counters __percpu *counters = (ch)->counters;	\
										\
		this_cpu_inc(counters->counts[KMCL_COUNTER_##symbol]);		\
		this_cpu_add(counters->counts[KMCL_COUNTER_##other], n);	\
	} while (0)

/* When a transaction begins. 0: nobody wants to know. */
static inline u64 kmcl_latency_start(void)
{
	return static_branch_unlikely(&kmcl_latency_key) ? ktime_get_ns() : 0;
}

static inline void kmcl_latency_end(const struct kmcl_channel *ch, u64 start)
{
	if (static_branch_unlikely(&kmcl_latency_key) && start)
		kmcl_latency_count(ch, start);
}

#endif
