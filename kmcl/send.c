// SPDX-License-Identifier: GPL-2.0-only
/* VmbPacketSend, and the checks that all send functions share. */
#include <linux/module.h>

#include "send.h"

/* Undocumented bits that public drivers set as hints of the data's direction: no meaning here. */
#define DIRECTION_HINTS	0x18u

static bool flags_are_good(const struct kmcl_channel *ch, u32 flags)
{
	if (flags & ~(VMBUS_CHANNEL_FORMAT_FLAGS | DIRECTION_HINTS))
		return false;
	if (ch->config.flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE)
		return !(flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
	return true;
}

/**
 * kmcl_send_message() - check what a driver wants to send and describe it
 * @ch: the channel
 * @message: filled on success; points to @buffer and @pipe
 * @pipe: lives as long as @message
 * @buffer: inline message
 * @length: its bytes
 * @external: external data: not available yet
 * @flags: VMBUS_CHANNEL_FORMAT_FLAG_*
 *
 * PAGED_BUFFER asks for nothing more: the kernel's memory is not paged on Linux.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER; STATUS_NOT_SUPPORTED for external data.
 */
NTSTATUS kmcl_send_message(struct kmcl_channel *ch, struct kmcl_message *message,
			   struct kmcl_pipe_header *pipe, const void *buffer, u32 length,
			   PMDL external, u32 flags)
{
	if (!flags_are_good(ch, flags))
		return STATUS_INVALID_PARAMETER;
	if (length > ch->config.max_packet || (length && !buffer))
		return STATUS_INVALID_PARAMETER;
	if (external)
		return ch->is_server ? STATUS_INVALID_PARAMETER : STATUS_NOT_SUPPORTED;

	*message = (struct kmcl_message) {
		.type = KMCL_PKT_DATA_INBAND, .data = buffer, .length = length
	};
	if (ch->config.flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE) {
		*pipe = (struct kmcl_pipe_header) { .type = KMCL_PIPE_DATA, .size = length };
		message->head = pipe;
		message->head_length = sizeof(*pipe);
		message->head_is_payload = true;
	}
	if (READ_ONCE(ch->link.out_pages) && !kmcl_tx_fits(ch, message))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/**
 * VmbPacketSend() - send a packet
 * @PacketObject: idle, with a completion routine
 * @Buffer: the message; copied before the return; NULL if it is empty
 * @BufferLength: bytes, at most the channel's maximum packet size
 * @ExternalDataMdl: external data; not available yet, must be NULL
 * @Flags: VMBUS_CHANNEL_FORMAT_FLAG_*
 *
 * Goes into the ring, or into the channel's queue if the ring is full or the channel not open yet;
 * sends reach the ring in the order in which they were accepted. The completion routine is called
 * once: with WAIT_FOR_COMPLETION when the peer has completed the packet, else when it is in the
 * ring, perhaps before this function returns; with STATUS_DEVICE_REMOVED when the channel closes.
 *
 * Context: up to DISPATCH_LEVEL; PASSIVE_LEVEL with PAGED_BUFFER.
 * Return: STATUS_SUCCESS if accepted. After an error the packet is as it was and its routine is
 * not called: STATUS_INVALID_PARAMETER_1 invalid packet; STATUS_INVALID_PARAMETER unknown flags,
 * too long, can never fit the ring, or WAIT_FOR_COMPLETION in pipe mode;
 * STATUS_INVALID_DEVICE_REQUEST in flight or without routine; STATUS_INVALID_DEVICE_STATE Disabled
 * or closing; STATUS_FILE_CORRUPT_ERROR the peer has corrupted the ring.
 *
 * Microsoft: "FN_VMB_PACKET_SEND callback function".
 */
NTSTATUS VmbPacketSend(VMBPACKET PacketObject, PVOID Buffer, UINT32 BufferLength,
		       PMDL ExternalDataMdl, UINT32 Flags)
{
	struct kmcl_packet *packet = kmcl_packet_from_handle(PacketObject);
	struct kmcl_pipe_header pipe;
	struct kmcl_message message;
	NTSTATUS status;

	if (!packet)
		return STATUS_INVALID_PARAMETER_1;
	if (!packet->routine)
		return STATUS_INVALID_DEVICE_REQUEST;
	status = kmcl_send_message(packet->ch, &message, &pipe, Buffer, BufferLength,
				   ExternalDataMdl, Flags);
	if (status)
		return status;
	return kmcl_tx_send(packet, &message,
			    Flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION, true);
}
EXPORT_SYMBOL_GPL(VmbPacketSend);
