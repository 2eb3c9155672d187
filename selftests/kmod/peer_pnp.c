// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PnP way: a driver whose AddDevice is given the peer's devices, and whose channels have these
 * as their parents and no target (spec 6.1).
 */
#include <linux/module.h>

#include "peer.h"

#include <kmcl/driver.h>

#define DEVICES	8

struct vsc {
	PDEVICE_OBJECT self, lower, pdo;
	struct client *client;
};

/* In the order of AddDevice; a client is NULL again once its device has been removed. */
static struct vsc *devices[DEVICES];
static unsigned int added, removed;
static bool all_completed;

static PDRIVER_OBJECT object;

static const struct hv_vmbus_device_id ids[] = {
	{ .guid = GUID_INIT(0x7a7f10c6, 0x4b5e, 0x4d0e, 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50,
			    0x65) },
	{ }
};

static NTSTATUS start(struct vsc *vsc)
{
	vsc->client = client_create_on(vsc->pdo);
	if (!vsc->client)
		return STATUS_INSUFFICIENT_RESOURCES;
	return VmbChannelEnable(vsc->client->channel);
}

static NTSTATUS remove(struct vsc *vsc, PIRP irp)
{
	PDEVICE_OBJECT self = vsc->self, lower = vsc->lower;
	NTSTATUS status;

	if (vsc->client)
		all_completed &= client_destroy(vsc->client);
	vsc->client = NULL;
	removed++;
	IoSkipCurrentIrpStackLocation(irp);
	status = IoCallDriver(lower, irp);
	IoDetachDevice(lower);
	IoDeleteDevice(self);
	return status;
}

static NTSTATUS pnp(PDEVICE_OBJECT device, PIRP irp)
{
	struct vsc *vsc = device->DeviceExtension;
	NTSTATUS status;

	switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
	case IRP_MN_START_DEVICE:
		if (!IoForwardIrpSynchronously(vsc->lower, irp))
			return STATUS_UNSUCCESSFUL;
		status = irp->IoStatus.Status;
		if (NT_SUCCESS(status))
			status = start(vsc);
		irp->IoStatus.Status = status;
		IoCompleteRequest(irp, IO_NO_INCREMENT);
		return status;
	case IRP_MN_REMOVE_DEVICE:
		return remove(vsc, irp);
	default:
		IoSkipCurrentIrpStackLocation(irp);
		return IoCallDriver(vsc->lower, irp);
	}
}

static NTSTATUS add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo)
{
	PDEVICE_OBJECT fdo;
	struct vsc *vsc;
	NTSTATUS status;

	if (added == DEVICES)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = IoCreateDevice(driver, sizeof(*vsc), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &fdo);
	if (!NT_SUCCESS(status))
		return status;
	vsc = fdo->DeviceExtension;
	vsc->self = fdo;
	vsc->pdo = pdo;
	vsc->lower = IoAttachDeviceToDeviceStack(fdo, pdo);
	fdo->Flags &= ~DO_DEVICE_INITIALIZING;
	devices[added] = vsc;
	WRITE_ONCE(added, added + 1);
	return STATUS_SUCCESS;
}

static VOID unload(PDRIVER_OBJECT driver)
{
}

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	driver->DriverExtension->AddDevice = add_device;
	driver->DriverUnload = unload;
	driver->MajorFunction[IRP_MJ_PNP] = pnp;
	return STATUS_SUCCESS;
}

static void load(struct ktap *t)
{
	added = 0;
	removed = 0;
	all_completed = true;
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry, ids, &object), 0);
}

static void unload_driver(struct ktap *t)
{
	kmcl_driver_unload(object);
	CHECK_EQUAL(t, removed, added);
	CHECK(t, all_completed);
}

/* The open channel among the first @count devices with the peer's ordinary instance. */
static struct client *ordinary(unsigned int from, unsigned int count)
{
	GUID instance;

	for (; from < count; from++) {
		struct client *c = devices[from]->client;

		if (!c || !client_states_are(c, "OSP"))
			continue;
		VmbChannelGetInterfaceInstance(c->channel, &instance);
		if (!memcmp(&instance, &peer_instance, sizeof(instance)))
			return c;
	}
	return NULL;
}

/* Both devices of the peer, each with a channel of its own. */
static void devices_found(struct ktap *t, struct client *unused)
{
	struct client *c;

	load(t);
	CHECK_SOON(t, READ_ONCE(added) == 2);
	CHECK_SOON(t, ordinary(0, 2));
	c = ordinary(0, 2);
	CHECK(t, c && client_hello(c));
	CHECK_SOON(t, READ_ONCE(devices[0]->client) && READ_ONCE(devices[1]->client));
	/* Nobody else finds what they hold. */
	client_forget(unused);
	CHECK_STATUS(t, VmbChannelEnable(unused->channel), STATUS_SUCCESS);
	CHECK_STAYS(t, 100, client_states_are(unused, ""));
	unload_driver(t);
	/* Now it does. */
	CHECK_SOON(t, client_states_are(unused, "OSP"));
	CHECK(t, client_hello(unused));
}

/* A rescind removes the device; the next offer is a new one. */
static void device_rescinded(struct ktap *t, struct client *unused)
{
	struct client *c;

	load(t);
	CHECK_SOON(t, READ_ONCE(added) == 2 && ordinary(0, 2));
	c = ordinary(0, 2);
	if (CHECK(t, c)) {
		CHECK_STATUS(t, client_tell(c, PEER_RESCIND, ARGS(PEER_AT_ONCE, 5, 0, 20)),
			     STATUS_SUCCESS);
		CHECK(t, WITHIN(PEER_TIMEOUT_MS, READ_ONCE(removed) == 1));
		CHECK(t, WITHIN(PEER_TIMEOUT_MS, READ_ONCE(added) == 3 && ordinary(2, 3)));
		c = READ_ONCE(added) == 3 ? ordinary(2, 3) : NULL;
		CHECK(t, c && client_hello(c));
	}
	unload_driver(t);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelAllocate, VmbChannelEnable: 6.1, N17 the parent is the VMBus device",
		devices_found },
	{ "VmbChannelAllocate: 6.1, 4.7 a rescind removes the device, an offer adds one",
		device_rescinded },
};

const struct ktap_suite pnp_suite = KTAP_SUITE("pnp", tests);
