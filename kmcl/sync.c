// SPDX-License-Identifier: GPL-2.0-only
/*
 * VmbChannelSendSynchronousRequest.
 *
 * What waits lies on the caller's stack; what travels is a packet object of its own, because it
 * can outlive the wait: the transaction of a request that has timed out stays open until its
 * completion comes or the channel closes. Whoever finishes the request copies the reply and wakes
 * the thread under tx->lock, and the thread takes that lock before it goes on, so nobody looks at
 * a stack that has been left.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "channel.h"
#include "send.h"
#include "stats.h"

void kmcl_sync_finish(struct kmcl_sync *sync, NTSTATUS status, const void *data, u32 length)
{
	sync->status = status;
	if (length > sync->size && sync->buffer)
		sync->status = STATUS_BUFFER_TOO_SMALL;
	else if (sync->buffer)
		memcpy(sync->buffer, data, length);
	sync->size = sync->buffer && NT_SUCCESS(sync->status) ? length : 0;
	sync->finished = true;
	list_del_init(&sync->link);
	KeSetEvent(&sync->done, IO_NO_INCREMENT, FALSE);
}

/* The thread gives up a request. What is on the wire stays open and becomes nobody's. */
static void abandon(struct kmcl_sync *sync)
{
	struct kmcl_packet *packet = sync->packet;

	list_del_init(&sync->link);
	packet->sync = NULL;
	if (packet->state == KMCL_PACKET_ON_WIRE)
		sync->packet = NULL;
	else
		kmcl_tx_unqueue(packet);
}

/* Has the peer been told of pages that it may touch until the rings are closed? */
static bool peer_has_pages(const struct kmcl_sync *sync)
{
	const struct kmcl_packet *packet = sync->packet;

	return packet->external && packet->state == KMCL_PACKET_ON_WIRE &&
	       !READ_ONCE(packet->ch->peer_gone);
}

/* Closing begins: nobody waits for the peer any more, except where it has pages. */
void kmcl_sync_release_all(struct kmcl_channel *ch)
{
	struct kmcl_sync *sync, *next;

	list_for_each_entry_safe(sync, next, &ch->tx.syncs, link) {
		if (peer_has_pages(sync))
			continue;
		abandon(sync);
		kmcl_sync_finish(sync, STATUS_DEVICE_REMOVED, NULL, 0);
	}
}

static NTSTATUS wait(struct kmcl_channel *ch, struct kmcl_sync *sync, PLARGE_INTEGER timeout)
{
	KeWaitForSingleObject(&sync->done, Executive, KernelMode, FALSE, timeout);
	spin_lock_bh(&ch->tx.lock);
	if (!sync->finished) {
		abandon(sync);
		sync->status = STATUS_CANCELLED;
		sync->size = 0;
	}
	spin_unlock_bh(&ch->tx.lock);
	kmcl_sync_free_packet(sync->packet);
	return sync->status;
}

static struct kmcl_packet *new_packet(struct kmcl_channel *ch, const struct kmcl_message *message)
{
	u32 capacity = message->head_length + message->length;
	struct kmcl_packet *packet = kmalloc(sizeof(*packet) + capacity, GFP_KERNEL | __GFP_NOWARN);

	if (!packet)
		return NULL;
	kmcl_object_made(KMCL_OBJECT_REQUEST);
	kmcl_packet_init(packet, ch, capacity);
	return packet;
}

/* Of a synchronous request; NULL is allowed. */
void kmcl_sync_free_packet(struct kmcl_packet *packet)
{
	if (!packet)
		return;
	kmcl_object_freed(KMCL_OBJECT_REQUEST);
	kfree(packet);
}

static NTSTATUS send_and_wait(struct kmcl_channel *ch, struct kmcl_message *message,
			      const struct kmcl_external *external, struct kmcl_sync *sync,
			      u32 flags, PLARGE_INTEGER timeout)
{
	bool no_queue = timeout && !timeout->QuadPart;
	NTSTATUS status;

	sync->packet = new_packet(ch, message);
	if (!sync->packet) {
		sync->size = 0;
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	if (!kmcl_external_is_none(external)) {
		kmcl_external_describe(external, sync->packet->body);
		message->head = sync->packet->body;
	}
	sync->packet->sync = sync;
	KeInitializeEvent(&sync->done, NotificationEvent, FALSE);
	INIT_LIST_HEAD(&sync->link);
	status = kmcl_tx_send(sync->packet, message,
			      flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION, !no_queue);
	if (status) {
		kmcl_sync_free_packet(sync->packet);
		sync->size = 0;
		return status;
	}
	/* A zero timeout is about the queue; a completion, once asked for, is waited for. */
	return wait(ch, sync, no_queue ? NULL : timeout);
}

/* Without an object there is no room for ranges yet. */
static NTSTATUS send_now(struct kmcl_channel *ch, struct kmcl_message *message,
			 const struct kmcl_external *external)
{
	void *head = NULL;
	NTSTATUS status;

	if (!kmcl_external_is_none(external)) {
		head = kmalloc(message->head_length, GFP_ATOMIC | __GFP_NOWARN);
		if (!head)
			return STATUS_INSUFFICIENT_RESOURCES;
		kmcl_external_describe(external, head);
		message->head = head;
	}
	status = kmcl_tx_send_now(ch, message);
	kfree(head);
	return status;
}

static bool completion_buffer_is_good(const void *buffer, const UINT32 *size)
{
	if (!size)
		return !buffer;
	return *size % 8 == 0;
}

static bool server_may(UINT32 flags, const LARGE_INTEGER *timeout)
{
	return timeout && !timeout->QuadPart &&
	       !(flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
}

/* It can take until the completion comes, and delivery would wait for itself. */
static bool would_deadlock(struct kmcl_channel *ch, bool waits)
{
	return waits && (kmcl_rx_is_mine(ch) || kmcl_routine_is_mine(ch) || in_interrupt());
}

/**
 * VmbChannelSendSynchronousRequest() - send a message and wait
 * @Channel: the channel
 * @Buffer: the message; copied
 * @BufferSize: bytes, at most the maximum packet size
 * @ExternalDataMdl: external data, as VmbPacketSend()
 * @Flags: VMBUS_CHANNEL_FORMAT_FLAG_*; with WAIT_FOR_COMPLETION the wait is for the peer's
 *	completion packet, without it until the message is in the ring
 * @CompletionBuffer: where to put the completion's payload; NULL to drop it
 * @CompletionBufferSize: in: its size in bytes, a multiple of 8; out: the bytes written
 * @Timeout: as KeWaitForSingleObject(), in units of 100 ns: NULL waits for ever, negative is
 *	relative, positive absolute; 0 means that the message is not queued, and together with
 *	WAIT_FOR_COMPLETION that its completion is awaited without limit
 *
 * The wait is not interrupted by signals. It ends when the channel begins to close; with external
 * data when the peer can no longer touch the pages. A request that
 * has timed out is taken from the queue or, if it is in the ring already, abandoned: a completion
 * that comes later is dropped. A server may only send with a zero timeout and without
 * WAIT_FOR_COMPLETION.
 *
 * Context: PASSIVE_LEVEL; up to DISPATCH_LEVEL with a zero timeout and without
 * WAIT_FOR_COMPLETION. Not from packet callbacks unless it cannot wait. From EvtChannelStarted a
 * completion cannot arrive.
 * Return: STATUS_SUCCESS; STATUS_BUFFER_OVERFLOW: zero timeout and no room, or not open;
 * STATUS_CANCELLED: timed out; STATUS_DEVICE_REMOVED: closing; STATUS_INVALID_DEVICE_STATE:
 * Disabled; STATUS_BUFFER_TOO_SMALL: completion longer than the buffer, nothing copied;
 * STATUS_INSUFFICIENT_RESOURCES; STATUS_INVALID_DEVICE_REQUEST: waiting from a packet callback;
 * and the errors of VmbPacketSend().
 *
 * Microsoft: "FN_VMB_CHANNEL_SEND_SYNCHRONOUS_REQUEST callback function".
 */
NTSTATUS VmbChannelSendSynchronousRequest(VMBCHANNEL Channel, PVOID Buffer, UINT32 BufferSize,
					  PMDL ExternalDataMdl, UINT32 Flags,
					  PVOID CompletionBuffer, PUINT32 CompletionBufferSize,
					  PLARGE_INTEGER Timeout)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	struct kmcl_external external = { .mdl = ExternalDataMdl };
	struct kmcl_pipe_header pipe;
	struct kmcl_message message;
	struct kmcl_sync sync = {
		.buffer = CompletionBuffer,
		.size = CompletionBufferSize ? *CompletionBufferSize : 0,
	};
	bool waits;
	NTSTATUS status;

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!completion_buffer_is_good(CompletionBuffer, CompletionBufferSize))
		return STATUS_INVALID_PARAMETER;
	if (ch->is_server && !server_may(Flags, Timeout))
		return STATUS_INVALID_PARAMETER;
	status = kmcl_send_message(ch, &message, &pipe, Buffer, BufferSize, &external, Flags);
	if (status)
		return status;

	waits = !Timeout || Timeout->QuadPart ||
		(Flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	if (KMCL_MISUSE(would_deadlock(ch, waits), "waiting in a packet callback"))
		return STATUS_INVALID_DEVICE_REQUEST;
	if (waits)
		status = send_and_wait(ch, &message, &external, &sync, Flags, Timeout);
	else
		status = send_now(ch, &message, &external);
	if (CompletionBufferSize)
		*CompletionBufferSize = waits ? sync.size : 0;
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelSendSynchronousRequest);
