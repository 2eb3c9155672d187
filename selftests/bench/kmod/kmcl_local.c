// SPDX-License-Identifier: GPL-2.0-only
/* A server and a client channel on the local bus. */
#include "kmcl_pair.h"

static struct bench_pair pair;
static struct bench_run *current_run;

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	struct bench_run *run = READ_ONCE(current_run);
	bool is_last = !bench_asks(&run->w);

	VmbChannelPacketComplete(packet, buffer, length);
	if (is_last)
		bench_finish_one(run);
}

static int flood(struct bench_run *run)
{
	return bench_kmcl_flood(run, pair.client);
}

static int start(struct bench_run *run)
{
	WRITE_ONCE(current_run, run);
	if (bench_asks(&run->w))
		return bench_kmcl_requests(run);
	if (run->w.kind == BENCH_FULL)
		return bench_send_in_threads(run, flood);
	return bench_kmcl_stream(run, run->w.kind == BENCH_OUT ? pair.client : pair.server);
}

/* ---- life ---- */

static void close_both(void)
{
	/* Now: a run that has failed may have left packets under way. */
	VmbChannelDisable(pair.client);
	bench_kmcl_free_packets();
	bench_pair_close(&pair);
}

static int open_both(const struct bench_workload *w)
{
	const struct bench_pair_config config = {
		.ring_pages = bench_ring_pages(w), .max_packet = BENCH_MAX_PAYLOAD,
		.max_external = BENCH_MAX_EXTERNAL, .process_packet = process_packet,
	};
	int err = bench_pair_open(&pair, &config);

	if (err)
		return err;
	err = bench_kmcl_make_packets(pair.client);
	if (err)
		close_both();
	return err;
}

struct bench_driver bench_kmcl_local = {
	.name = "kmcl", .open = open_both, .close = close_both, .start = start,
};
