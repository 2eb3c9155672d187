// SPDX-License-Identifier: GPL-2.0-only
/* What a KMCL driver does on either bus: requests whose completions send the next, and streams. */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "kmcl_client.h"

static VMBPACKET packets[BENCH_MAX_DEPTH];
static atomic_t waiting;		/* sends that are not in the ring yet */
static DECLARE_WAIT_QUEUE_HEAD(room);
static u8 message[BENCH_MAX_PAYLOAD];
static PMDL external;			/* BENCH_MAX_EXTERNAL bytes */
static struct bench_run *current_run;

/* ---- requests: each completion sends the next one ---- */

static NTSTATUS request(VMBPACKET packet, const struct bench_workload *w)
{
	if (w->kind == BENCH_EXTERNAL)
		return VmbPacketSendWithExternalMdl(packet, message, BENCH_EXTERNAL_MESSAGE,
						    external, 0, w->payload,
						    VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	return VmbPacketSend(packet, message, w->payload, NULL,
			     VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
}

static VOID request_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct bench_run *run = READ_ONCE(current_run);

	if (status)
		bench_fail(run, -EIO);
	else if (bench_next(run) && request(packet, &run->w))
		bench_fail(run, -EIO);
	else
		bench_finish_one(run);
}

int bench_kmcl_requests(struct bench_run *run)
{
	u32 i;

	WRITE_ONCE(current_run, run);
	/* The first ones together, before their completions are looked at. */
	local_bh_disable();
	for (i = 0; i < run->w.depth && bench_next(run); i++)
		if (request(packets[i], &run->w))
			break;
	local_bh_enable();
	return i == run->w.depth || i == run->w.packets ? 0 : -EIO;
}
EXPORT_SYMBOL_GPL(bench_kmcl_requests);

/* ---- streams ---- */

static VOID stream_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	VmbPacketFree(packet);
	atomic_dec(&waiting);
	if (wq_has_sleeper(&room))
		wake_up(&room);
}

static int stream_one(struct bench_run *run, VMBCHANNEL from)
{
	VMBPACKET packet = VmbPacketAllocate(from);

	if (!packet)
		return -ENOMEM;
	VmbPacketSetCompletionRoutine(packet, stream_done);
	atomic_inc(&waiting);
	if (!VmbPacketSend(packet, message, run->w.payload, NULL, 0))
		return 0;
	atomic_dec(&waiting);
	VmbPacketFree(packet);
	return -EIO;
}

/* Sleeps while as many sends as the workload's depth are not in the ring. */
int bench_kmcl_stream(struct bench_run *run, VMBCHANNEL from)
{
	int err = 0;

	while (!err && bench_next(run)) {
		wait_event(room, atomic_read(&waiting) < run->w.depth);
		err = stream_one(run, from);
		cond_resched();
	}
	return err;
}
EXPORT_SYMBOL_GPL(bench_kmcl_stream);

/* Never sleeps: what finds no room is queued. */
int bench_kmcl_flood(struct bench_run *run, VMBCHANNEL from)
{
	int err = 0;

	while (!err && bench_next(run)) {
		err = stream_one(run, from);
		cond_resched();
	}
	return err;
}
EXPORT_SYMBOL_GPL(bench_kmcl_flood);

static int make_external(void)
{
	void *data = kmalloc(BENCH_MAX_EXTERNAL, GFP_KERNEL);

	external = data ? IoAllocateMdl(data, BENCH_MAX_EXTERNAL, FALSE, FALSE, NULL) : NULL;
	if (!external) {
		kfree(data);
		return -ENOMEM;
	}
	MmBuildMdlForNonPagedPool(external);
	return 0;
}

static void free_external(void)
{
	if (!external)
		return;
	kfree(MmGetMdlVirtualAddress(external));
	IoFreeMdl(external);
	external = NULL;
}

/* Before and after the client is open. */
int bench_kmcl_make_packets(VMBCHANNEL client)
{
	u32 i;

	if (make_external())
		return -ENOMEM;
	for (i = 0; i < BENCH_MAX_DEPTH; i++) {
		packets[i] = VmbPacketAllocate(client);
		if (!packets[i])
			return -ENOMEM;
		VmbPacketSetCompletionRoutine(packets[i], request_done);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(bench_kmcl_make_packets);

void bench_kmcl_free_packets(void)
{
	u32 i;

	for (i = 0; i < BENCH_MAX_DEPTH && packets[i]; i++)
		VmbPacketFree(packets[i]);
	memset(packets, 0, sizeof(packets));
	free_external();
}
EXPORT_SYMBOL_GPL(bench_kmcl_free_packets);
