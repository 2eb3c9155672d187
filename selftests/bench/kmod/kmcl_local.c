// SPDX-License-Identifier: GPL-2.0-only
/* A server and a client channel on the local bus. */
#include "kmcl_client.h"

static const GUID type = { 0x62656e63, 0x68, 0, { 1 } };
static const GUID instance = { 0x62656e63, 0x68, 0, { 2 } };

static VMBCHANNEL server, client;
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
	return bench_kmcl_flood(run, client);
}

static int start(struct bench_run *run)
{
	WRITE_ONCE(current_run, run);
	if (bench_asks(&run->w))
		return bench_kmcl_requests(run);
	if (run->w.kind == BENCH_FULL)
		return bench_in_threads(run, flood);
	return bench_kmcl_stream(run, run->w.kind == BENCH_OUT ? client : server);
}

/* ---- life ---- */

static NTSTATUS configure(VMBCHANNEL channel)
{
	return VmbChannelInitSetMaximumPacketSize(channel, BENCH_MAX_PAYLOAD) ?:
	       VmbChannelInitSetMaximumExternalData(channel, BENCH_MAX_EXTERNAL, 1) ?:
	       VmbChannelInitSetProcessPacketCallbacks(channel, process_packet, NULL);
}

static NTSTATUS enable(u32 pages)
{
	NTSTATUS status;

	status = configure(server) ?: configure(client) ?:
		 VmbServerChannelInitSetTargetInterfaceId(server, type, instance) ?:
		 VmbClientChannelInitSetTargetPnp(client, &type, &instance, NULL) ?:
		 VmbClientChannelInitSetRingBufferPageCount(client, pages, pages) ?:
		 VmbChannelEnable(server);
	if (status)
		return status;
	VmbChannelStart(server);
	return VmbChannelEnable(client);
}

static void close_both(void)
{
	VmbChannelDisable(client);
	bench_kmcl_free_packets();
	VmbChannelCleanup(client);
	VmbChannelDisable(server);
	VmbChannelCleanup(server);
}

static int open_both(const struct bench_workload *w)
{
	if (VmbChannelAllocate(NULL, TRUE, &server))
		return -ENOMEM;
	if (VmbChannelAllocate(NULL, FALSE, &client)) {
		VmbChannelCleanup(server);
		return -ENOMEM;
	}
	if (!enable(bench_ring_pages(w)) && !bench_kmcl_make_packets(client))
		return 0;
	close_both();
	return -EIO;
}

struct bench_driver bench_kmcl_local = {
	.name = "kmcl", .open = open_both, .close = close_both, .start = start,
};
