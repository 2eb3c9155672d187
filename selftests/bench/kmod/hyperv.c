// SPDX-License-Identifier: GPL-2.0-only
/* kmcl_bench_hyperv.ko: both drivers with the test peer of ../../host on the other side. */
#include <linux/module.h>

#include "hyperv.h"

static int give_order(const struct bench_peer *peer, enum peer_op op, u32 first, u32 second,
		      struct peer_answer *answer)
{
	struct peer_order order = { .magic = PEER_MAGIC, .op = op, .arg = { first, second } };

	return peer->order(&order, answer);
}

/* What the peer does with packets; it counts them anew. */
int bench_peer_prepare(const struct bench_peer *peer, struct bench_run *run)
{
	struct peer_answer answer;

	return give_order(peer, PEER_COUNTERS, true, 0, &answer) ?:
	       give_order(peer, PEER_MODE, bench_asks(&run->w) ? PEER_ECHO : PEER_SINK, 0, &answer);
}

static int generate(const struct bench_peer *peer, struct bench_run *run)
{
	struct peer_answer answer;

	return give_order(peer, PEER_GENERATE, run->w.packets, run->w.payload, &answer);
}

/* The answer means that all before it has been read; it tells whether that was all. */
static int stream(const struct bench_peer *peer, struct bench_run *run)
{
	struct peer_answer answer = {};
	int err;

	if (run->w.kind == BENCH_FULL)
		err = bench_send_in_threads(run, peer->flood);
	else
		err = peer->stream(run);
	err = err ?: give_order(peer, PEER_COUNTERS, false, 0, &answer);
	if (err)
		return err;
	if (answer.counters.packets != run->w.packets)
		return -EPIPE;
	complete(&run->done);
	return 0;
}

int bench_peer_start(const struct bench_peer *peer, struct bench_run *run)
{
	if (bench_asks(&run->w))
		return peer->requests(run);
	if (run->w.kind == BENCH_IN)
		return generate(peer, run);
	return stream(peer, run);
}

static int __init bench_hyperv_init(void)
{
	bench_register(&bench_kmcl_hyperv);
	bench_register(&bench_native_hyperv);
	return 0;
}

static void __exit bench_hyperv_exit(void)
{
	bench_unregister(&bench_native_hyperv);
	bench_unregister(&bench_kmcl_hyperv);
}

module_init(bench_hyperv_init);
module_exit(bench_hyperv_exit);
MODULE_DESCRIPTION("KMCL: benchmark of channels on hv_vmbus");
MODULE_LICENSE("GPL");
