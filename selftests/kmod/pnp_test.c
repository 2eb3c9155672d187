// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers with AddDevice: devices come and go on the test bus and the local bus, channels have them
 * as their parents (spec 6.1, VmbChannelAllocate).
 *
 * The driver here keeps a log: a AddDevice  s start  x surprise removal  r removal  u DriverUnload,
 * and of its channels O S P U C as in client.h.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "client.h"
#include "suites.h"

#include <kmcl/driver.h>

#define DEVICES	4

struct vsc {
	PDEVICE_OBJECT self;
	PDEVICE_OBJECT lower;
	PDEVICE_OBJECT pdo;
	VMBCHANNEL channel;
	NTSTATUS enabled;
	unsigned int packets;
};

/* What the driver does, and what it did. */
static struct {
	NTSTATUS add_status;
	NTSTATUS start_status;
	bool no_pnp;			/* routine for IRP_MJ_PNP */
	bool no_channel;
	bool fdo_is_parent;
	bool keep_channel;		/* for the test to clean up */
	bool leave_attached;
	bool with_target;
	GUID target;
	PDEVICE_OBJECT pdo_seen;

	spinlock_t lock;		/* covers the log */
	char log[64];
	unsigned int length;
	struct vsc *device[DEVICES];	/* in the order of AddDevice */
	unsigned int devices;
} driver;

static struct hv_vmbus_device_id ids[2];
static PDRIVER_OBJECT object;

static void note(char letter)
{
	spin_lock_bh(&driver.lock);
	if (driver.length < sizeof(driver.log) - 1)
		driver.log[driver.length++] = letter;
	spin_unlock_bh(&driver.lock);
}

static bool log_is(const char *text)
{
	bool is;

	spin_lock_bh(&driver.lock);
	is = !strcmp(driver.log, text);
	spin_unlock_bh(&driver.lock);
	return is;
}

#define CHECK_LOG(t, text) do {				\
	if (!CHECK_SOON(t, log_is(text)))		\
		CHECK_TEXT(t, driver.log, text);	\
} while (0)

/* ---- the channel ---- */

static NTSTATUS opened(VMBCHANNEL channel)
{
	note('O');
	return STATUS_SUCCESS;
}

static VOID started(VMBCHANNEL channel)
{
	note('S');
}

static VOID post_started(VMBCHANNEL channel)
{
	note('P');
}

static VOID suspend(VMBCHANNEL channel)
{
	note('U');
}

static VOID closed(VMBCHANNEL channel)
{
	note('C');
}

static VOID packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
		   UINT32 flags)
{
	struct vsc *vsc = VmbChannelGetPointer(channel);

	VmbChannelPacketComplete(packet, NULL, 0);
	WRITE_ONCE(vsc->packets, vsc->packets + 1);
}

static NTSTATUS make_channel(struct vsc *vsc, PDEVICE_OBJECT parent, VMBCHANNEL *channel)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	NTSTATUS status = VmbChannelAllocate(parent, FALSE, channel);

	if (!NT_SUCCESS(status))
		return status;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelClosed = closed;
	VmbChannelSetPointer(*channel, vsc);
	VmbChannelInitSetStateChangeCallbacks(*channel, &callbacks);
	VmbChannelInitSetProcessPacketCallbacks(*channel, packet, NULL);
	if (driver.with_target)
		return VmbClientChannelInitSetTargetPnp(*channel, &driver.target, NULL, NULL);
	return STATUS_SUCCESS;
}

static void end_channel(struct vsc *vsc)
{
	if (!vsc->channel)
		return;
	VmbChannelDisable(vsc->channel);
	VmbChannelCleanup(vsc->channel);
	vsc->channel = NULL;
}

/* ---- the driver ---- */

static NTSTATUS start(struct vsc *vsc)
{
	NTSTATUS status;

	note('s');
	if (driver.no_channel || !NT_SUCCESS(driver.start_status))
		return driver.start_status;
	status = make_channel(vsc, driver.fdo_is_parent ? vsc->self : vsc->pdo, &vsc->channel);
	if (NT_SUCCESS(status))
		status = VmbChannelEnable(vsc->channel);
	vsc->enabled = status;
	return status;
}

static NTSTATUS remove(struct vsc *vsc, PIRP irp)
{
	PDEVICE_OBJECT self = vsc->self, lower = vsc->lower;
	NTSTATUS status;

	if (!driver.keep_channel)
		end_channel(vsc);
	note('r');
	IoSkipCurrentIrpStackLocation(irp);
	status = IoCallDriver(lower, irp);
	if (!driver.leave_attached)
		IoDetachDevice(lower);
	if (!driver.keep_channel)
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
	case IRP_MN_SURPRISE_REMOVAL:
		note('x');
		fallthrough;
	default:
		IoSkipCurrentIrpStackLocation(irp);
		return IoCallDriver(vsc->lower, irp);
	}
}

static NTSTATUS add_device(PDRIVER_OBJECT object, PDEVICE_OBJECT pdo)
{
	PDEVICE_OBJECT fdo;
	struct vsc *vsc;
	NTSTATUS status;

	note('a');
	driver.pdo_seen = pdo;
	if (!NT_SUCCESS(driver.add_status))
		return driver.add_status;
	status = IoCreateDevice(object, sizeof(*vsc), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &fdo);
	if (!NT_SUCCESS(status))
		return status;
	vsc = fdo->DeviceExtension;
	vsc->self = fdo;
	vsc->pdo = pdo;
	vsc->lower = IoAttachDeviceToDeviceStack(fdo, pdo);
	fdo->Flags &= ~DO_DEVICE_INITIALIZING;
	if (driver.devices < DEVICES)
		driver.device[driver.devices++] = vsc;
	return STATUS_SUCCESS;
}

static VOID unload(PDRIVER_OBJECT object)
{
	note('u');
}

static NTSTATUS entry(PDRIVER_OBJECT object, PUNICODE_STRING path)
{
	object->DriverExtension->AddDevice = add_device;
	object->DriverUnload = unload;
	if (!driver.no_pnp)
		object->MajorFunction[IRP_MJ_PNP] = pnp;
	return STATUS_SUCCESS;
}

/* ---- for the tests ---- */

static void prepare(struct client *c)
{
	memset(&driver, 0, sizeof(driver));
	spin_lock_init(&driver.lock);
	ids[0].guid = c->dev->offer.type;
	memcpy(&driver.target, &ids[0].guid, sizeof(GUID));
}

static void load(struct ktap *t)
{
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry, ids, &object), 0);
}

static void load_unload(struct ktap *t)
{
	load(t);
	kmcl_driver_unload(object);
}

static struct testbus_device *another(struct client *c)
{
	guid_t instance = c->dev->offer.instance;

	instance.b[15] ^= 0x55;
	return testbus_create(&c->dev->offer.type, &instance);
}

static bool is_held(struct testbus_device *dev)
{
	return READ_ONCE(dev->offer.holder);
}

/* ---- the tests ---- */

static void nothing_there(struct ktap *t, struct client *c)
{
	prepare(c);
	load_unload(t);
	CHECK_LOG(t, "u");
}

static void offered_before_load(struct ktap *t, struct client *c)
{
	prepare(c);
	testbus_offer(c->dev);
	load(t);
	/* No waiting: the load does. */
	CHECK_TEXT(t, driver.log, "asOSP");
	CHECK(t, driver.pdo_seen->DriverObject != object);
	CHECK_EQUAL(t, driver.device[0]->self->StackSize, 2);
	CHECK(t, driver.pdo_seen->AttachedDevice == driver.device[0]->self);
	CHECK_EQUAL(t, testbus_send(c->dev, "hello", 5, 0), 0);
	testbus_signal(c->dev);
	CHECK_SOON(t, driver.device[0]->packets == 1);
	kmcl_driver_unload(object);
	CHECK_TEXT(t, driver.log, "asOSPUCru");
	CHECK(t, !is_held(c->dev));
}

static void offered_after_load(struct ktap *t, struct client *c)
{
	prepare(c);
	load(t);
	testbus_offer(c->dev);
	CHECK_LOG(t, "asOSP");
	kmcl_driver_unload(object);
	CHECK_TEXT(t, driver.log, "asOSPUCru");
}

static void rescinded(struct ktap *t, struct client *c)
{
	prepare(c);
	load(t);
	testbus_offer(c->dev);
	CHECK_LOG(t, "asOSP");
	testbus_rescind(c->dev);
	CHECK_LOG(t, "asOSPUCxr");
	CHECK_SOON(t, !is_held(c->dev));
	CHECK_EQUAL(t, atomic_read(&c->dev->released), 1);
	/* It comes again: a new device. */
	testbus_offer(c->dev);
	CHECK_LOG(t, "asOSPUCxrasOSP");
	CHECK_EQUAL(t, driver.devices, 2);
	kmcl_driver_unload(object);
	CHECK_TEXT(t, driver.log, "asOSPUCxrasOSPUCru");
}

static void waits_for_cleanup(struct ktap *t, struct client *c)
{
	struct vsc *vsc;

	prepare(c);
	driver.keep_channel = true;
	load(t);
	testbus_offer(c->dev);
	CHECK_LOG(t, "asOSP");
	vsc = driver.device[0];
	testbus_rescind(c->dev);
	CHECK_LOG(t, "asOSPUCxr");
	CHECK_STAYS(t, 50, is_held(c->dev) && !atomic_read(&c->dev->released));
	/* The device is gone for good, also for its own channel. */
	CHECK_STATUS(t, VmbChannelEnable(vsc->channel), STATUS_DEVICE_REMOVED);
	VmbChannelCleanup(vsc->channel);
	CHECK_SOON(t, !is_held(c->dev));
	CHECK_EQUAL(t, atomic_read(&c->dev->released), 1);
	IoDeleteDevice(vsc->self);
	kmcl_driver_unload(object);
}

static void each_its_own(struct ktap *t, struct client *c)
{
	struct testbus_device *other = another(c);
	GUID first, second;

	prepare(c);
	driver.fdo_is_parent = true;
	if (!CHECK(t, other))
		return;
	load(t);
	testbus_offer(c->dev);
	CHECK_LOG(t, "asOSP");
	testbus_offer(other);
	CHECK_LOG(t, "asOSPasOSP");
	VmbChannelGetInterfaceInstance(driver.device[0]->channel, &first);
	VmbChannelGetInterfaceInstance(driver.device[1]->channel, &second);
	CHECK(t, !memcmp(&first, &c->dev->offer.instance, sizeof(first)));
	CHECK(t, !memcmp(&second, &other->offer.instance, sizeof(second)));
	testbus_rescind(c->dev);
	CHECK_LOG(t, "asOSPasOSPUCxr");
	CHECK(t, is_held(other));
	CHECK_EQUAL(t, testbus_send(other, "hello", 5, 0), 0);
	testbus_signal(other);
	CHECK_SOON(t, driver.device[1]->packets == 1);
	kmcl_driver_unload(object);
	testbus_destroy(other);
}

static void one_channel_at_a_time(struct ktap *t, struct client *c)
{
	VMBCHANNEL second;
	struct vsc *vsc;

	prepare(c);
	testbus_offer(c->dev);
	load(t);
	vsc = driver.device[0];
	CHECK_STATUS(t, make_channel(vsc, vsc->pdo, &second), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(second), STATUS_DEVICE_BUSY);
	VmbChannelDisable(vsc->channel);
	CHECK_STATUS(t, VmbChannelEnable(second), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(vsc->channel), STATUS_DEVICE_BUSY);
	VmbChannelDisable(second);
	CHECK_STATUS(t, VmbChannelEnable(vsc->channel), STATUS_SUCCESS);
	VmbChannelCleanup(second);
	kmcl_driver_unload(object);
}

/* Two that have it as their target: the second gets it when the first lets go. */
static void waits_for_its_parents(struct ktap *t, struct client *c)
{
	VMBCHANNEL second;
	struct vsc *vsc;

	prepare(c);
	driver.with_target = true;
	testbus_offer(c->dev);
	load(t);
	vsc = driver.device[0];
	CHECK_LOG(t, "asOSP");
	CHECK_STATUS(t, make_channel(vsc, vsc->pdo, &second), STATUS_SUCCESS);
	/* A channel of somebody else was first, and has no right to it. */
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(second), STATUS_SUCCESS);
	CHECK_TEXT(t, driver.log, "asOSP");
	VmbChannelDisable(vsc->channel);
	CHECK_LOG(t, "asOSPUCOSP");
	VmbChannelDisable(second);
	CHECK_LOG(t, "asOSPUCOSPUC");
	CHECK_TEXT(t, c->log, "");
	VmbChannelCleanup(second);
	kmcl_driver_unload(object);
	CHECK_SOON(t, client_log_is(c, "OSP"));
}

static void parents(struct ktap *t, struct client *c)
{
	static u64 no_device[16];
	VMBCHANNEL channel = NULL;
	PDEVICE_OBJECT alone;

	prepare(c);
	driver.no_channel = true;
	testbus_offer(c->dev);
	load(t);
	CHECK_STATUS(t, VmbChannelAllocate((PDEVICE_OBJECT)&no_device[8], FALSE, &channel),
		     STATUS_INVALID_PARAMETER);
	CHECK(t, !channel);
	/* A device that stands on no VMBus device, and none. */
	CHECK_STATUS(t, IoCreateDevice(object, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &alone),
		     STATUS_SUCCESS);
	CHECK(t, !alone->DeviceExtension);
	CHECK_STATUS(t, VmbChannelAllocate(alone, FALSE, &channel), STATUS_SUCCESS);
	IoDeleteDevice(alone);		/* the channel has a reference */
	CHECK_STATUS(t, VmbChannelEnable(channel), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(channel);
	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(channel), STATUS_INVALID_PARAMETER);
	VmbChannelCleanup(channel);
	kmcl_driver_unload(object);
}

/* Whoever waits or has comes first; a target finds the device of its own parent. */
static void targets(struct ktap *t, struct client *c)
{
	prepare(c);
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	load(t);
	testbus_offer(c->dev);
	CHECK_SOON(t, client_log_is(c, "OSP"));
	CHECK_TEXT(t, driver.log, "");
	driver.with_target = true;
	VmbChannelDisable(c->channel);
	CHECK_LOG(t, "asOSP");
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK_STAYS(t, 30, client_log_is(c, "OSPUC"));
	kmcl_driver_unload(object);
	CHECK_LOG(t, "asOSPUCru");
	CHECK_SOON(t, client_log_is(c, "OSPUCOSP"));
}

static void refused(struct ktap *t, struct client *c)
{
	prepare(c);
	driver.add_status = STATUS_NO_SUCH_DEVICE;
	testbus_offer(c->dev);
	load(t);
	CHECK_TEXT(t, driver.log, "a");
	CHECK(t, !is_held(c->dev));
	/* It is there for others, and this driver is not asked again. */
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	CHECK(t, client_log_is(c, "OSP"));
	VmbChannelDisable(c->channel);
	CHECK_STAYS(t, 30, log_is("a"));
	kmcl_driver_unload(object);
	CHECK_TEXT(t, driver.log, "au");
	/* One that comes later is. */
	prepare(c);
	load_unload(t);
	CHECK_TEXT(t, driver.log, "asOSPUCru");
}

/* Each driver is asked once, those that have come later as well. */
static void all_refuse(struct ktap *t, struct client *c)
{
	PDRIVER_OBJECT second;

	prepare(c);
	driver.add_status = STATUS_UNSUCCESSFUL;
	load(t);
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry, ids, &second), 0);
	testbus_offer(c->dev);
	CHECK_LOG(t, "aa");
	CHECK_SOON(t, !is_held(c->dev));
	kmcl_driver_unload(object);
	kmcl_driver_unload(second);
	CHECK_TEXT(t, driver.log, "aauu");
}

/* A driver that comes while a channel has what another driver has refused. */
static void refused_and_claimed(struct ktap *t, struct client *c)
{
	PDRIVER_OBJECT second;

	prepare(c);
	driver.add_status = STATUS_UNSUCCESSFUL;
	testbus_offer(c->dev);
	load(t);
	CHECK_TEXT(t, driver.log, "a");
	CHECK_STATUS(t, VmbChannelEnable(c->channel), STATUS_SUCCESS);
	driver.add_status = STATUS_SUCCESS;
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry, ids, &second), 0);
	CHECK_TEXT(t, driver.log, "a");
	VmbChannelDisable(c->channel);
	CHECK_LOG(t, "aasOSP");
	kmcl_driver_unload(second);
	kmcl_driver_unload(object);
	CHECK_TEXT(t, driver.log, "aasOSPUCruu");
}

static void start_fails(struct ktap *t, struct client *c)
{
	prepare(c);
	driver.start_status = STATUS_INSUFFICIENT_RESOURCES;
	testbus_offer(c->dev);
	load(t);
	CHECK_TEXT(t, driver.log, "asr");
	CHECK(t, !is_held(c->dev));
	kmcl_driver_unload(object);
	/* As on Windows, a driver that does not handle Plug and Play starts no device. */
	prepare(c);
	driver.no_pnp = true;
	driver.leave_attached = true;
	load(t);
	CHECK_TEXT(t, driver.log, "a");
	CHECK(t, !is_held(c->dev));
	kmcl_driver_unload(object);
}

static void rescinded_while_opening(struct ktap *t, struct client *c)
{
	prepare(c);
	c->dev->hold_open = true;
	load(t);
	testbus_offer(c->dev);
	CHECK_SOON(t, READ_ONCE(c->dev->opening));
	testbus_rescind(c->dev);
	CHECK_LOG(t, "asr");
	CHECK_SOON(t, !is_held(c->dev));
	CHECK_EQUAL(t, atomic_read(&c->dev->released), 1);
	kmcl_driver_unload(object);
	CHECK_TEXT(t, driver.log, "asru");
}

static void rescinded_at_once(struct ktap *t, struct client *c)
{
	unsigned int i;

	prepare(c);
	load(t);
	for (i = 0; i < 300; i++) {
		testbus_offer(c->dev);
		if (i & 1)
			udelay(10 * (i % 50));
		testbus_rescind(c->dev);
		kmcl_offer_wait_unclaimed(&c->dev->offer);
	}
	kmcl_driver_unload(object);
	CHECK_EQUAL(t, atomic_read(&c->dev->released), 300);
	CHECK_EQUAL(t, atomic_read(&c->dev->opens), atomic_read(&c->dev->closes));
}

static void unloaded_with_many(struct ktap *t, struct client *c)
{
	struct testbus_device *dev[3];
	unsigned int i;

	prepare(c);
	load(t);
	for (i = 0; i < ARRAY_SIZE(dev); i++) {
		guid_t instance = c->dev->offer.instance;

		instance.b[14] ^= i + 1;
		dev[i] = testbus_create(&c->dev->offer.type, &instance);
		if (CHECK(t, dev[i]))
			testbus_offer(dev[i]);
	}
	/* Some have started, some have not. */
	kmcl_driver_unload(object);
	for (i = 0; i < ARRAY_SIZE(dev); i++) {
		CHECK(t, !is_held(dev[i]));
		testbus_destroy(dev[i]);
	}
}

/* ---- on the local bus ---- */

static VOID echo(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
		 UINT32 flags)
{
	VmbChannelPacketComplete(packet, buffer, length);
}

static void local_bus(struct ktap *t, struct client *c)
{
	GUID instance = { 0x1234 };
	VMBCHANNEL server;
	char reply[8] = "";
	UINT32 length = sizeof(reply);

	prepare(c);
	CHECK_STATUS(t, VmbChannelAllocate(NULL, TRUE, &server), STATUS_SUCCESS);
	VmbServerChannelInitSetTargetInterfaceId(server, driver.target, instance);
	VmbChannelInitSetProcessPacketCallbacks(server, echo, NULL);
	load(t);
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	VmbChannelStart(server);
	CHECK_LOG(t, "asOSP");
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(driver.device[0]->channel, "over", 4, NULL,
							 WAIT_FLAG, reply, &length, NULL),
		     STATUS_SUCCESS);
	CHECK_TEXT(t, reply, "over");
	VmbChannelDisable(server);
	CHECK_LOG(t, "asOSPUCxr");
	CHECK_STATUS(t, VmbChannelEnable(server), STATUS_SUCCESS);
	CHECK_LOG(t, "asOSPUCxrasOSP");
	kmcl_driver_unload(object);
	CHECK_LOG(t, "asOSPUCxrasOSPUCru");
	VmbChannelDisable(server);
	VmbChannelCleanup(server);
}

/* ---- device objects and IRPs ---- */

static void stacks(struct ktap *t, struct client *c)
{
	PDEVICE_OBJECT a, b, top, lower;

	prepare(c);
	load(t);
	CHECK_STATUS(t, IoCreateDevice(object, 40, NULL, FILE_DEVICE_KEYBOARD, 0, FALSE, &a),
		     STATUS_SUCCESS);
	CHECK_STATUS(t, IoCreateDevice(object, 1, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &b),
		     STATUS_SUCCESS);
	CHECK(t, object->DeviceObject == b && b->NextDevice == a && !a->NextDevice);
	CHECK(t, a->Flags & DO_DEVICE_INITIALIZING);
	CHECK_EQUAL(t, a->DeviceType, FILE_DEVICE_KEYBOARD);
	CHECK(t, a->DeviceExtension && !memchr_inv(a->DeviceExtension, 0, 40));
	CHECK(t, IoAttachDeviceToDeviceStack(b, a) == a);
	CHECK(t, !IoAttachDeviceToDeviceStack(b, a));		/* attached already */
	CHECK(t, !IoAttachDeviceToDeviceStack(a, a));
	CHECK(t, !IoAttachDeviceToDeviceStack(a, b));		/* a ring */
	CHECK_EQUAL(t, b->StackSize, 2);
	top = IoGetAttachedDeviceReference(a);
	lower = IoGetLowerDeviceObject(b);
	CHECK(t, top == b && lower == a && !IoGetLowerDeviceObject(a));
	IoDetachDevice(a);
	CHECK(t, !a->AttachedDevice);
	IoDeleteDevice(b);
	IoDeleteDevice(a);
	CHECK(t, !object->DeviceObject);
	ObDereferenceObject(top);
	ObDereferenceObject(lower);
	kmcl_driver_unload(object);
}

static unsigned int completions;

static NTSTATUS count_it(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
	completions++;
	CHECK((struct ktap *)context, !device);	/* there is no device above */
	return STATUS_MORE_PROCESSING_REQUIRED;
}

static void irps(struct ktap *t, struct client *c)
{
	KMCL_CLIENT_INTERFACE_V1 *kmcl = kzalloc(sizeof(*kmcl), GFP_KERNEL);
	PIO_STACK_LOCATION location;
	IO_STATUS_BLOCK iosb;
	PDEVICE_OBJECT fdo;
	KEVENT event;
	PIRP irp;

	prepare(c);
	driver.no_channel = true;
	testbus_offer(c->dev);
	load(t);
	fdo = driver.device[0]->self;

	/* Unknown minor function: the status comes back as it went. */
	CHECK(t, !IoAllocateIrp(0, FALSE) && !IoAllocateIrp(-1, FALSE));
	irp = IoAllocateIrp(fdo->StackSize, FALSE);
	CHECK_EQUAL(t, irp->CurrentLocation, irp->StackCount + 1);
	location = IoGetNextIrpStackLocation(irp);
	location->MajorFunction = IRP_MJ_PNP;
	location->MinorFunction = IRP_MN_QUERY_CAPABILITIES;
	irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
	completions = 0;
	IoSetCompletionRoutine(irp, count_it, t, TRUE, TRUE, TRUE);
	CHECK_STATUS(t, IoCallDriver(fdo, irp), STATUS_NOT_SUPPORTED);
	CHECK_EQUAL(t, completions, 1);
	CHECK_STATUS(t, irp->IoStatus.Status, STATUS_NOT_SUPPORTED);
	CHECK_EQUAL(t, irp->CurrentLocation, irp->StackCount + 1);
	IoFreeIrp(irp);

	/* A function that the driver has no routine for. */
	irp = IoAllocateIrp(fdo->StackSize, FALSE);
	IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_POWER;
	IoSetCompletionRoutine(irp, count_it, t, FALSE, TRUE, FALSE);
	CHECK_STATUS(t, IoCallDriver(fdo, irp), STATUS_INVALID_DEVICE_REQUEST);
	CHECK_EQUAL(t, completions, 2);
	IoFreeIrp(irp);

	/* How a Windows driver asks for an interface. */
	KeInitializeEvent(&event, NotificationEvent, FALSE);
	CHECK(t, !IoBuildSynchronousFsdRequest(IRP_MJ_READ, fdo, NULL, 0, NULL, &event, &iosb));
	irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, fdo, NULL, 0, NULL, &event, &iosb);
	location = IoGetNextIrpStackLocation(irp);
	location->MinorFunction = IRP_MN_QUERY_INTERFACE;
	location->Parameters.QueryInterface.InterfaceType = &KMCL_CLIENT_INTERFACE_TYPE;
	location->Parameters.QueryInterface.Size = sizeof(*kmcl);
	location->Parameters.QueryInterface.Version = KMCL_CLIENT_INTERFACE_VERSION_V1;
	location->Parameters.QueryInterface.Interface = (PINTERFACE)kmcl;
	irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
	CHECK_STATUS(t, IoCallDriver(fdo, irp), STATUS_SUCCESS);
	CHECK(t, KeReadStateEvent(&event));
	CHECK_STATUS(t, iosb.Status, STATUS_SUCCESS);
	CHECK_EQUAL(t, kmcl->Size, sizeof(*kmcl));
	kmcl->InterfaceDereference(kmcl->Context);
	kfree(kmcl);
	kmcl_driver_unload(object);
}

static struct {
	PDEVICE_OBJECT seen;
	struct completion go;
	struct completion done;
} item;

static VOID run_item(PDEVICE_OBJECT device, PVOID context)
{
	wait_for_completion(&item.go);
	item.seen = device;
	/* Deleted meanwhile, and still there. */
	CHECK((struct ktap *)context, device->Type == IO_TYPE_DEVICE);
	complete(&item.done);
}

static void work_items(struct ktap *t, struct client *c)
{
	PDEVICE_OBJECT device;
	PIO_WORKITEM work;

	prepare(c);
	load(t);
	init_completion(&item.go);
	init_completion(&item.done);
	CHECK_STATUS(t, IoCreateDevice(object, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device),
		     STATUS_SUCCESS);
	work = IoAllocateWorkItem(device);
	if (CHECK(t, work)) {
		IoQueueWorkItem(work, run_item, DelayedWorkQueue, t);
		IoDeleteDevice(device);
		complete(&item.go);
		wait_for_completion(&item.done);
		CHECK(t, item.seen == device);
		IoFreeWorkItem(work);
	}
	kmcl_driver_unload(object);
}

static const struct ktap_test tests[] = {
	{ "a driver with AddDevice loads and unloads without a device", nothing_there },
	{ "AddDevice: devices that are there start before the load returns", offered_before_load },
	{ "AddDevice: a device that is offered later starts", offered_after_load },
	{ "rescind: the channel closes, then surprise removal, then removal", rescinded },
	{ "VmbChannelAllocate, VmbChannelCleanup: the removal waits for it", waits_for_cleanup },
	{ "VmbChannelAllocate: 6.1 a channel opens its parent's device, no other", each_its_own },
	{ "VmbChannelEnable: one channel of a device at a time", one_channel_at_a_time },
	{ "VmbClientChannelInitSetTargetPnp: a channel waits for its parent's device",
		waits_for_its_parents },
	{ "VmbChannelAllocate, VmbChannelEnable: N17 what can be a parent", parents },
	{ "VmbClientChannelInitSetTargetPnp: who waits or has comes first", targets },
	{ "AddDevice: a device that it refuses is there for others", refused },
	{ "AddDevice: a device that it refuses is shown to other drivers", all_refuse },
	{ "AddDevice: a device that it refuses is shown to drivers that come later",
	  refused_and_claimed },
	{ "IRP_MN_START_DEVICE: a device that does not start is removed", start_fails },
	{ "rescind while the channel opens", rescinded_while_opening },
	{ "rescind at any moment, 300 times", rescinded_at_once },
	{ "DriverUnload: devices are removed first, started or not", unloaded_with_many },
	{ "VmbChannelEnable: servers of the local bus are devices", local_bus },
	{ "IoCreateDevice, IoDeleteDevice, IoAttachDeviceToDeviceStack, IoDetachDevice, IoGetAttachedDeviceReference, IoGetLowerDeviceObject",
	  stacks },
	{ "IoAllocateIrp, IoFreeIrp, IofCallDriver, IofCompleteRequest, IoForwardIrpSynchronously, IoBuildSynchronousFsdRequest",
	  irps },
	{ "IoAllocateWorkItem: a work item keeps its device object", work_items },
};

const struct ktap_suite pnp_suite = KTAP_SUITE("pnp");
