/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the way of a packet has of counters.h: how something is counted, and whether it is timed.
 * selftests/bench builds the modules with a header of no counts in place of this one, to tell what
 * these cost.
 */
#ifndef KMCL_COUNT_H
#define KMCL_COUNT_H

/* Anywhere. */
#define kmcl_count_add(ch, symbol, n)	\
	this_cpu_add((ch)->counters->counts[KMCL_COUNTER_##symbol], n)
#define kmcl_count(ch, symbol)		kmcl_count_add(ch, symbol, 1)

/*
 * With tx->lock held, and in the delivery context: nobody else writes these counts, and who reads
 * them may miss the last one. Not marked, so that KCSAN tells of a second writer.
 */
#define kmcl_count_out(ch, symbol, n)	((ch)->tx.counts[KMCL_COUNTER_##symbol] += (n))
#define kmcl_count_in(ch, symbol, n)	((ch)->rx.counts[KMCL_COUNTER_##symbol] += (n))

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
