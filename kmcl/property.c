// SPDX-License-Identifier: GPL-2.0-only
/* What a driver can ask of a channel at run time, or keep in it. */
#include <linux/module.h>

#include "channel.h"

#include <kmcl/channel.h>

/**
 * VmbChannelSetPointer() - store the driver's pointer in a channel
 * @Channel: the channel
 * @Pointer: anything; never dereferenced
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 *
 * Microsoft: "FN_VMB_CHANNEL_SET_POINTER callback function".
 */
VOID FASTCALL VmbChannelSetPointer(VMBCHANNEL Channel, PVOID Pointer)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	WRITE_ONCE(ch->pointer, Pointer);
}
EXPORT_SYMBOL_GPL(VmbChannelSetPointer);

/**
 * VmbChannelGetPointer() - the driver's pointer in a channel
 * @Channel: the channel
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 * Return: what VmbChannelSetPointer() stored; NULL before, or with a warning for an invalid
 * channel.
 *
 * Microsoft: "FN_VMB_CHANNEL_GET_POINTER callback function".
 */
PVOID FASTCALL VmbChannelGetPointer(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return NULL;
	return READ_ONCE(ch->pointer);
}
EXPORT_SYMBOL_GPL(VmbChannelGetPointer);

/**
 * VmbChannelGetInterfaceInstance() - the instance that identifies the channel
 * @Channel: the channel
 * @InterfaceInstance: receives it
 *
 * For a client the instance of the offer that it is connected to; when it is not connected, the
 * instance given to VmbClientChannelInitSetTargetPnp(), else the zero GUID.
 *
 * Context: up to DISPATCH_LEVEL, in any state of the channel.
 *
 * Microsoft: "FN_VMB_CHANNEL_GET_INTERFACE_INSTANCE callback function".
 */
VOID VmbChannelGetInterfaceInstance(VMBCHANNEL Channel, LPGUID InterfaceInstance)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch || !InterfaceInstance, "invalid argument"))
		return;
	if (!kmcl_bus_offered_instance(ch, (guid_t *)InterfaceInstance))
		memcpy(InterfaceInstance, &ch->config.instance, sizeof(*InterfaceInstance));
}
EXPORT_SYMBOL_GPL(VmbChannelGetInterfaceInstance);

/**
 * VmbChannelGetMmioSpace() - the physical address space reserved for the channel
 * @Channel: the channel
 * @MmioAddress: receives its guest physical address
 * @MmioSize: receives its bytes
 *
 * Both are 0 on a server, when the device was offered without MMIO space, and when the channel is
 * not open.
 *
 * Context: PASSIVE_LEVEL, from inside EvtChannelOpened to EvtChannelClosed.
 *
 * Microsoft: "FN_VMB_CHANNEL_GET_MMIO_SPACE callback function".
 */
VOID VmbChannelGetMmioSpace(VMBCHANNEL Channel, UINT64 *MmioAddress, UINT64 *MmioSize)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	u64 address = 0, size = 0;

	if (KMCL_MISUSE(!ch || !MmioAddress || !MmioSize, "invalid argument"))
		return;
	if (!ch->is_server && kmcl_connection_hold(ch)) {
		if (ch->offer->bus->ops->mmio)
			ch->offer->bus->ops->mmio(ch->offer, &address, &size);
		kmcl_connection_release(ch);
	}
	*MmioAddress = address;
	*MmioSize = size;
}
EXPORT_SYMBOL_GPL(VmbChannelGetMmioSpace);

/**
 * VmbChannelSetInterruptLatency() - set how long monitored notifications may be delayed
 * @Channel: the channel, open
 * @Latency: in units of 100 ns
 * @OriginalLatency: receives the previous value, on success only
 *
 * No bus has monitored notification for its channels: a module has no typed access to the monitor
 * pages of hv_vmbus.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_NOT_SUPPORTED; STATUS_INVALID_PARAMETER_1 invalid channel;
 * STATUS_INVALID_DEVICE_STATE not open.
 *
 * Microsoft: "FN_VMB_CHANNEL_SET_INTERRUPT_LATENCY callback function".
 */
NTSTATUS VmbChannelSetInterruptLatency(VMBCHANNEL Channel, UINT16 Latency, PUINT16 OriginalLatency)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!kmcl_connection_hold(ch))
		return STATUS_INVALID_DEVICE_STATE;
	kmcl_connection_release(ch);
	return STATUS_NOT_SUPPORTED;
}
EXPORT_SYMBOL_GPL(VmbChannelSetInterruptLatency);

/**
 * kmcl_channel_has_failed() - has the peer broken the channel?
 * @channel: the channel
 *
 * A malformed packet or an index of the ring that cannot be ends delivery or sends, until the
 * channel is closed (VmbChannelPacketFail() as well), and the driver is not told: what it waits for
 * may never come. One that waits for long can ask here, and then disable the channel, which ends
 * everything.
 *
 * Context: up to DISPATCH_LEVEL.
 * Return: true until the channel is closed.
 */
bool kmcl_channel_has_failed(VMBCHANNEL channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return false;
	return READ_ONCE(ch->rx.failed) || READ_ONCE(ch->tx.corrupt);
}
EXPORT_SYMBOL_GPL(kmcl_channel_has_failed);
