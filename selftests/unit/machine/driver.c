// SPDX-License-Identifier: GPL-2.0-only
#include "driver.h"

static struct driver *driver_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

static void note(struct driver *driver, const char *what)
{
	if (strlen(driver->log) + strlen(what) + 2 > sizeof(driver->log))
		machine_fail("a log that is too long");
	strcat(strcat(driver->log, what), " ");
}

static NTSTATUS opened(VMBCHANNEL channel)
{
	struct driver *driver = driver_of(channel);

	machine_might_sleep();
	note(driver, "opened");
	if (driver->in_opened)
		driver->in_opened(driver);
	return driver->opened_status;
}

static VOID started(VMBCHANNEL channel)
{
	struct driver *driver = driver_of(channel);

	machine_might_sleep();
	note(driver, "started");
	if (driver->in_started)
		driver->in_started(driver);
}

static VOID post_started(VMBCHANNEL channel)
{
	machine_might_sleep();
	note(driver_of(channel), "post-started");
}

static VOID suspended(VMBCHANNEL channel)
{
	struct driver *driver = driver_of(channel);

	machine_might_sleep();
	note(driver, "suspend");
	if (driver->in_suspend)
		driver->in_suspend(driver);
	driver_complete_held(driver);
}

static VOID closed(VMBCHANNEL channel)
{
	machine_might_sleep();
	note(driver_of(channel), "closed");
}

static void take_external(struct driver *driver, VMBPACKETCOMPLETION packet)
{
	driver->external_status = VmbChannelPacketGetExternalData(packet, 0, &driver->mdl);
}

static VOID process(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
		    UINT32 flags)
{
	struct driver *driver = driver_of(channel);

	driver->packets++;
	driver->last_length = length;
	driver->last_flags = flags;
	memcpy(driver->last, buffer, min_t(u32, length, sizeof(driver->last)));
	if (driver->in_packet)
		driver->in_packet(driver);
	if (driver->take_external)
		take_external(driver, packet);
	if (driver->take_external && driver->external_status == STATUS_PENDING)
		return;
	if (driver->defer) {
		driver->defer = false;
		VmbChannelPacketDeferToPassive(packet);
	} else if (driver->fail) {
		VmbChannelPacketFail(packet);
	} else if (driver->hold && driver->held_count < DRIVER_HELD) {
		driver->held[driver->held_count++] = packet;
	} else {
		VmbChannelPacketComplete(packet, driver->echo ? buffer : NULL,
					 driver->echo ? length : 0);
	}
}

static VOID processed(VMBCHANNEL channel, UINT32 count)
{
	struct driver *driver = driver_of(channel);

	(void)count;
	driver->batches++;
	if (driver->in_batch)
		driver->in_batch(driver);
}

static VOID completed(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct driver *driver = driver_of(VmbPacketGetChannel(packet));

	(void)buffer;
	driver->completed++;
	driver->removed += status == STATUS_DEVICE_REMOVED;
	driver->last_status = status;
	driver->last_completion = length;
	if (driver->in_routine)
		driver->in_routine(driver, packet);
	else
		VmbPacketFree(packet);
}

static VOID pnp_failure(VMBCHANNEL channel, NTSTATUS status)
{
	driver_of(channel)->pnp_failures++;
	driver_of(channel)->last_status = status;
}

static void need(NTSTATUS status)
{
	if (status)
		machine_fail("status %#x", status);
}

static void init(struct driver *driver, bool is_server)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	memset(driver, 0, sizeof(*driver));
	need(VmbChannelAllocate(NULL, is_server, &driver->channel));
	VmbChannelSetPointer(driver->channel, driver);
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	callbacks.EvtChannelSuspend = suspended;
	callbacks.EvtChannelClosed = closed;
	need(VmbChannelInitSetStateChangeCallbacks(driver->channel, &callbacks));
	need(VmbChannelInitSetProcessPacketCallbacks(driver->channel, process, processed));
	need(VmbChannelInitSetMaximumPacketSize(driver->channel, 512));
	need(VmbChannelInitSetMaximumExternalData(driver->channel, 4 * KMCL_PAGE_SIZE, 4));
}

void driver_init_client(struct driver *driver, u32 pages)
{
	init(driver, false);
	need(VmbClientChannelInitSetRingBufferPageCount(driver->channel, pages, pages));
	need(VmbClientChannelInitSetTargetPnp(driver->channel, (LPCGUID)&host_type,
					      (LPCGUID)&host_instance, pnp_failure));
}

void driver_init_server(struct driver *driver)
{
	GUID type, instance;

	init(driver, true);
	memcpy(&type, &host_type, sizeof(type));
	memcpy(&instance, &host_instance, sizeof(instance));
	need(VmbServerChannelInitSetTargetInterfaceId(driver->channel, type, instance));
}

void driver_end(struct driver *driver)
{
	VmbChannelDisable(driver->channel);
	VmbChannelCleanup(driver->channel);
}

NTSTATUS driver_enable(struct driver *driver)
{
	return VmbChannelEnable(driver->channel);
}

void driver_disable(struct driver *driver)
{
	VmbChannelDisable(driver->channel);
}

VMBPACKET driver_packet(struct driver *driver)
{
	VMBPACKET packet = VmbPacketAllocate(driver->channel);

	if (packet)
		VmbPacketSetCompletionRoutine(packet, completed);
	return packet;
}

NTSTATUS driver_send(struct driver *driver, const void *data, u32 length, u32 flags)
{
	VMBPACKET packet = driver_packet(driver);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = VmbPacketSend(packet, (PVOID)data, length, NULL, flags);
	if (status)
		VmbPacketFree(packet);
	return status;
}

void driver_complete_held(struct driver *driver)
{
	while (driver->held_count)
		VmbChannelPacketComplete(driver->held[--driver->held_count], NULL, 0);
}
