// SPDX-License-Identifier: GPL-2.0-only
/* The send functions, and the checks that they and synchronous requests share. */
#include <linux/module.h>

#include "send.h"

/* Undocumented bits that public drivers set as hints of the data's direction: no meaning here. */
#define DIRECTION_HINTS	0x18u

static bool flags_are_good(u32 flags)
{
	return !(flags & ~(VMBUS_CHANNEL_FORMAT_FLAGS | DIRECTION_HINTS));
}

/* A message of a pipe has a header of its own, and nothing else: no transaction, no ranges. */
static NTSTATUS pipe_message(struct kmcl_message *message, struct kmcl_pipe_header *pipe,
			     const struct kmcl_external *external, u32 flags)
{
	if ((flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION) ||
	    !kmcl_external_is_none(external))
		return STATUS_INVALID_PARAMETER;
	*pipe = (struct kmcl_pipe_header) { .type = KMCL_PIPE_DATA, .size = message->length };
	message->head = pipe;
	message->head_length = sizeof(*pipe);
	message->head_is_payload = true;
	return STATUS_SUCCESS;
}

static NTSTATUS add_external(const struct kmcl_channel *ch, struct kmcl_message *message,
			     const struct kmcl_external *external)
{
	if (kmcl_external_is_none(external))
		return STATUS_SUCCESS;
	if (ch->is_server)
		return STATUS_INVALID_PARAMETER;
	message->type = KMCL_PKT_DATA_GPA_DIRECT;
	return kmcl_external_measure(&ch->config, external, &message->head_length);
}

/* What kmcl_send_message() does; each packet comes past here, and with what its sender knows. */
static __always_inline NTSTATUS make_message(struct kmcl_channel *ch, struct kmcl_message *message,
					     struct kmcl_pipe_header *pipe, const void *buffer,
					     u32 length, const struct kmcl_external *external,
					     u32 flags)
{
	NTSTATUS status;

	if (!flags_are_good(flags))
		return STATUS_INVALID_PARAMETER;
	if (length > ch->config.max_packet || (length && !buffer))
		return STATUS_INVALID_PARAMETER;

	*message = (struct kmcl_message) {
		.type = KMCL_PKT_DATA_INBAND, .data = buffer, .length = length
	};
	if (ch->config.flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE)
		status = pipe_message(message, pipe, external, flags);
	else
		status = add_external(ch, message, external);
	if (status)
		return status;
	return kmcl_tx_fits(ch, message) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/**
 * kmcl_send_message() - check what a driver wants to send and describe it
 * @ch: the channel
 * @message: filled on success; points to @buffer and @pipe. With external data its head has a
 *	length, and the caller brings the memory and has kmcl_external_describe() fill it
 * @pipe: lives as long as @message
 * @buffer: inline message
 * @length: its bytes
 * @external: external data, perhaps none
 * @flags: VMBUS_CHANNEL_FORMAT_FLAG_*
 *
 * PAGED_BUFFER asks for nothing more: the kernel's memory is not paged on Linux.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER.
 */
NTSTATUS kmcl_send_message(struct kmcl_channel *ch, struct kmcl_message *message,
			   struct kmcl_pipe_header *pipe, const void *buffer, u32 length,
			   const struct kmcl_external *external, u32 flags)
{
	return make_message(ch, message, pipe, buffer, length, external, flags);
}

/* With the packet claimed: its body is ours to write the ranges into. */
static inline NTSTATUS send_claimed(struct kmcl_packet *packet, struct kmcl_message *message,
				    const struct kmcl_external *external, bool wants_completion)
{
	if (!kmcl_external_is_none(external)) {
		if (message->head_length > packet->capacity)
			return STATUS_INVALID_PARAMETER;
		kmcl_external_describe(external, packet->body);
		message->head = packet->body;
	}
	return kmcl_tx_send(packet, message, wants_completion, true);
}

static __always_inline NTSTATUS send(VMBPACKET handle, const void *buffer, u32 length,
				     const struct kmcl_external *external, u32 flags)
{
	bool wants_completion = flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
	struct kmcl_packet *packet = kmcl_packet_from_handle(handle);
	struct kmcl_pipe_header pipe;
	struct kmcl_message message;
	NTSTATUS status;

	if (!packet)
		return STATUS_INVALID_PARAMETER_1;
	if (!packet->routine)
		return STATUS_INVALID_DEVICE_REQUEST;
	status = make_message(packet->ch, &message, &pipe, buffer, length, external, flags);
	if (status)
		return status;
	if (cmpxchg(&packet->state, KMCL_PACKET_IDLE, KMCL_PACKET_CLAIMED) != KMCL_PACKET_IDLE)
		return STATUS_INVALID_DEVICE_REQUEST;
	status = send_claimed(packet, &message, external, wants_completion);
	if (status)
		WRITE_ONCE(packet->state, KMCL_PACKET_IDLE);
	return status;
}

/**
 * VmbPacketSend() - send a packet
 * @PacketObject: idle, with a completion routine
 * @Buffer: the message; copied before the return; NULL if it is empty
 * @BufferLength: bytes, at most the channel's maximum packet size
 * @ExternalDataMdl: external data, a chain of MDLs with locked pages, sent whole; NULL for none.
 *	Clients only. The pages must stay until the completion routine is called, and without
 *	WAIT_FOR_COMPLETION until the driver knows by its own protocol that the peer is done with
 *	them; the MDLs themselves are not needed after the return
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
 * too long, can never fit the ring, external data from a server or above the limits,
 * WAIT_FOR_COMPLETION or external data in pipe mode; STATUS_INVALID_DEVICE_REQUEST in flight or
 * without routine; STATUS_INVALID_DEVICE_STATE Disabled or closing; STATUS_FILE_CORRUPT_ERROR the
 * peer has corrupted the ring.
 *
 * Microsoft: "FN_VMB_PACKET_SEND callback function".
 */
NTSTATUS VmbPacketSend(VMBPACKET PacketObject, PVOID Buffer, UINT32 BufferLength,
		       PMDL ExternalDataMdl, UINT32 Flags)
{
	struct kmcl_external external = { .mdl = ExternalDataMdl };

	return send(PacketObject, Buffer, BufferLength, &external, Flags);
}
EXPORT_SYMBOL_GPL(VmbPacketSend);

/**
 * VmbPacketSendWithExternalMdl() - send a packet with a window on an MDL chain
 * @PacketObject: idle, with a completion routine
 * @Buffer: the message, as VmbPacketSend()
 * @BufferLength: its bytes
 * @ExternalDataMdl: chain of MDLs with locked pages, as VmbPacketSend(); NULL sends none
 * @MdlOffset: where the window begins, in bytes from the start of the described buffer
 * @MdlLength: its bytes; 0: to the end of the chain
 * @Flags: VMBUS_CHANNEL_FORMAT_FLAG_*; WAIT_FOR_COMPLETION must be set. With FORCE_MDL_LENGTH the
 *	window lies in the first MDL and may reach to the end of its last page
 *
 * Context: up to DISPATCH_LEVEL; PASSIVE_LEVEL with PAGED_BUFFER.
 * Return: as VmbPacketSend(); STATUS_INVALID_PARAMETER also without WAIT_FOR_COMPLETION and for a
 * window beyond the data.
 *
 * Microsoft: "FN_VMB_PACKET_SEND_WITH_EXTERNAL_MDL callback function".
 */
NTSTATUS VmbPacketSendWithExternalMdl(VMBPACKET PacketObject, PVOID Buffer, UINT32 BufferLength,
				      PMDL ExternalDataMdl, UINT32 MdlOffset, UINT32 MdlLength,
				      UINT32 Flags)
{
	struct kmcl_external external = {
		.mdl = ExternalDataMdl, .offset = MdlOffset, .length = MdlLength,
		.force = Flags & VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH,
	};

	if (!(Flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION))
		return kmcl_packet_from_handle(PacketObject) ? STATUS_INVALID_PARAMETER :
							       STATUS_INVALID_PARAMETER_1;
	return send(PacketObject, Buffer, BufferLength, &external, Flags);
}
EXPORT_SYMBOL_GPL(VmbPacketSendWithExternalMdl);

/**
 * VmbPacketSendWithExternalPfns() - send a packet with external data given by page numbers
 * @PacketObject: idle, with a completion routine
 * @Buffer: the message, as VmbPacketSend()
 * @BufferLength: its bytes
 * @ExternalDataPfns: guest page frame numbers, physical address >> 12; copied
 * @PfnLength: how many, at least 1; the data is all of each page
 * @Flags: VMBUS_CHANNEL_FORMAT_FLAG_*; WAIT_FOR_COMPLETION must be set
 *
 * The peer sees one range. The pages must stay until the completion routine is called.
 *
 * Context: up to DISPATCH_LEVEL; PASSIVE_LEVEL with PAGED_BUFFER.
 * Return: as VmbPacketSend(); STATUS_INVALID_PARAMETER also without WAIT_FOR_COMPLETION and
 * without page numbers.
 *
 * Microsoft: "FN_VMB_PACKET_SEND_WITH_EXTERNAL_PFNS callback function".
 */
NTSTATUS VmbPacketSendWithExternalPfns(VMBPACKET PacketObject, PVOID Buffer, UINT32 BufferLength,
				       PPFN_NUMBER ExternalDataPfns, UINT32 PfnLength, UINT32 Flags)
{
	struct kmcl_external external = { .pfns = ExternalDataPfns, .pfn_count = PfnLength };

	if (!(Flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION) || !ExternalDataPfns)
		return kmcl_packet_from_handle(PacketObject) ? STATUS_INVALID_PARAMETER :
							       STATUS_INVALID_PARAMETER_1;
	return send(PacketObject, Buffer, BufferLength, &external, Flags);
}
EXPORT_SYMBOL_GPL(VmbPacketSendWithExternalPfns);
