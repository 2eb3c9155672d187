// SPDX-License-Identifier: GPL-2.0-only
/* kmcl_bench_hyperv.ko: both drivers with the test peer of ../../host on the other side. */
#include <linux/module.h>

#include "hyperv.h"

/* What the peer does with packets. */
int bench_peer_prepare(const struct bench_peer *peer, struct bench_run *run)
{
	struct peer_order mode = {
		.magic = PEER_MAGIC, .op = PEER_MODE,
		.arg = { run->w.kind == BENCH_OUT ? PEER_SINK : PEER_ECHO },
	};

	return peer->order(&mode);
}

static int generate(const struct bench_peer *peer, struct bench_run *run)
{
	struct peer_order order = {
		.magic = PEER_MAGIC, .op = PEER_GENERATE,
		.arg = { run->w.packets, run->w.payload },
	};

	return peer->order(&order);
}

static int stream(const struct bench_peer *peer, struct bench_run *run)
{
	/* The same order again changes nothing, but its answer means that all has arrived. */
	int err = peer->stream(run) ?: bench_peer_prepare(peer, run);

	if (!err)
		complete(&run->done);
	return err;
}

int bench_peer_start(const struct bench_peer *peer, struct bench_run *run)
{
	switch (run->w.kind) {
	case BENCH_REQUEST:
		return peer->requests(run);
	case BENCH_OUT:
		return stream(peer, run);
	default:
		return generate(peer, run);
	}
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
