// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ends in one kernel: see linux_lane.h. A sender that finds the ring full tries again: a stream
 * at once, as one of many senders after a short sleep.
 */
#include <linux/delay.h>
#include <linux/sched.h>

#include "linux_lane.h"

static struct linux_lane upward, downward;	/* to the server, to the client */
static struct bench_run *current_run;
static u8 message[BENCH_MAX_PAYLOAD];

/* ---- packets ---- */

/* External data is its description: one range of whole pages. */
static u32 described(const struct bench_workload *w)
{
	u32 ranges = w->kind == BENCH_EXTERNAL ?
		     2 * sizeof(u64) + w->payload / KMCL_PAGE_SIZE * sizeof(u64) : 0;

	return ranges + bench_message(w);
}

static void send_request(struct bench_run *run, u64 id)
{
	if (linux_lane_send(&upward, KMCL_PKT_DATA_INBAND, KMCL_DESC_FLAG_COMPLETION_REQUESTED, id,
			    message, described(&run->w)))
		bench_fail(run, -EAGAIN);
}

static void serve(struct linux_lane *lane, u64 id, u32 length)
{
	struct bench_run *run = READ_ONCE(current_run);

	if (!bench_asks(&run->w))
		bench_finish_one(run);
	else if (linux_lane_send(&downward, KMCL_PKT_COMPLETION, 0, id, lane->received, length))
		bench_fail(run, -EAGAIN);
}

static void take(struct linux_lane *lane, u64 id, u32 length)
{
	struct bench_run *run = READ_ONCE(current_run);

	bench_finish_one(run);
	if (bench_asks(&run->w) && bench_next(run))
		send_request(run, id);
}

static void receive_upward(struct tasklet_struct *tasklet)
{
	linux_lane_drain(&upward, serve);
}

static void receive_downward(struct tasklet_struct *tasklet)
{
	linux_lane_drain(&downward, take);
}

/* ---- a run ---- */

static int stream(struct bench_run *run, struct linux_lane *lane)
{
	while (bench_next(run)) {
		while (linux_lane_send(lane, KMCL_PKT_DATA_INBAND, 0, 0, message, run->w.payload))
			cond_resched();
		cond_resched();
	}
	return 0;
}

static int flood(struct bench_run *run)
{
	while (bench_next(run)) {
		while (linux_lane_send(&upward, KMCL_PKT_DATA_INBAND, 0, 0, message,
				       run->w.payload))
			usleep_range(50, 100);
		cond_resched();
	}
	return 0;
}

static int start(struct bench_run *run)
{
	u32 i;

	WRITE_ONCE(current_run, run);
	if (run->w.kind == BENCH_FULL)
		return bench_send_in_threads(run, flood);
	if (!bench_asks(&run->w))
		return stream(run, run->w.kind == BENCH_OUT ? &upward : &downward);
	local_bh_disable();
	for (i = 0; i < run->w.depth && bench_next(run); i++)
		send_request(run, i + 1);
	local_bh_enable();
	return 0;
}

/* ---- life ---- */

static void close_both(void)
{
	linux_lane_close(&upward);
	linux_lane_close(&downward);
}

static int open_both(const struct bench_workload *w)
{
	u32 pages = bench_ring_pages(w);

	if (!linux_lane_open(&upward, pages, receive_upward) &&
	    !linux_lane_open(&downward, pages, receive_downward))
		return 0;
	close_both();
	return -ENOMEM;
}

static u64 signals(void)
{
	return upward.signals + downward.signals;
}

struct bench_driver bench_linux_local = {
	.name = "native", .open = open_both, .close = close_both, .start = start,
	.signals = signals,
};
