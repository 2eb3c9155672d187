// SPDX-License-Identifier: GPL-2.0-only
/* A client channel on hv_vmbus, with the test peer of ../../host on the other side. */
#include "hyperv.h"
#include "kmcl_client.h"

/* PEER_CLASS, PEER_INSTANCE */
static const GUID class = {
	0x7a7f10c6, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

static const GUID instance = {
	0x7a7f10c7, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

static VMBCHANNEL client;
static struct bench_run *current_run;

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	VmbChannelPacketComplete(packet, NULL, 0);
	bench_finish_one(READ_ONCE(current_run));
}

/* An order that is answered when all before it has been read. */
static int order(struct peer_order *order, struct peer_answer *answer)
{
	UINT32 size = sizeof(*answer);

	if (VmbChannelSendSynchronousRequest(client, order, sizeof(*order), NULL,
					     VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION, answer,
					     &size, NULL))
		return -EIO;
	return 0;
}

static int stream(struct bench_run *run)
{
	return bench_kmcl_stream(run, client);
}

static int flood(struct bench_run *run)
{
	return bench_kmcl_flood(run, client);
}

static const struct bench_peer peer = {
	.order = order, .requests = bench_kmcl_requests, .stream = stream, .flood = flood,
};

static int prepare(struct bench_run *run)
{
	WRITE_ONCE(current_run, run);
	return bench_peer_prepare(&peer, run);
}

static int start(struct bench_run *run)
{
	return bench_peer_start(&peer, run);
}

static void close_client(void)
{
	VmbChannelDisable(client);
	bench_kmcl_free_packets();
	VmbChannelCleanup(client);
}

static int open_client(const struct bench_workload *w)
{
	u32 pages = bench_ring_pages(w);
	NTSTATUS status;

	if (VmbChannelAllocate(NULL, FALSE, &client))
		return -ENOMEM;
	status = VmbChannelInitSetMaximumPacketSize(client, BENCH_MAX_PAYLOAD) ?:
		 VmbChannelInitSetMaximumExternalData(client, BENCH_MAX_EXTERNAL, 1) ?:
		 VmbChannelInitSetProcessPacketCallbacks(client, process_packet, NULL) ?:
		 VmbClientChannelInitSetTargetPnp(client, &class, &instance, NULL) ?:
		 VmbClientChannelInitSetRingBufferPageCount(client, pages, pages) ?:
		 VmbChannelEnable(client);
	if (!status && !bench_kmcl_make_packets(client))
		return 0;
	close_client();
	return -EIO;
}

struct bench_driver bench_kmcl_hyperv = {
	.name = "kmcl-hyperv", .alone = true, .open = open_client, .close = close_client,
	.prepare = prepare, .start = start,
};
