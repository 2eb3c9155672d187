// SPDX-License-Identifier: GPL-2.0-only
/*
 * The KMDF shell: a driver of one device class on the test bus. Its log: A EvtDriverDeviceAdd
 * p EvtDevicePrepareHardware  0 EvtDeviceD0Entry  i EvtDeviceSelfManagedIoInit
 * x EvtDeviceSurpriseRemoval  3 EvtDeviceD0Exit  r EvtDeviceReleaseHardware
 * m EvtDeviceSelfManagedIoCleanup  c/d cleanup and destroy of the device, C/D of the driver
 * u EvtDriverUnload, s cleanup of a lock without a parent of its own, and O of its channel.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <ntddk.h>
#include <initguid.h>
#include <vmbuskernelmodeclientlibapi.h>
#include <wdf.h>

#include "client.h"
#include "suites.h"

#include <kmcl/driver.h>

struct wdf_context {
	VMBCHANNEL channel;
	KMCL_CLIENT_INTERFACE_V1 kmcl;
	ULONG number;
};

struct other_context {
	ULONG number;
};

typedef struct wdf_context WDF_CONTEXT;
typedef struct other_context OTHER_CONTEXT;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(WDF_CONTEXT, get_context)
WDF_DECLARE_CONTEXT_TYPE(OTHER_CONTEXT)

static struct {
	NTSTATUS entry_status;
	NTSTATUS add_status;
	NTSTATUS prepare_status;
	NTSTATUS d0_status;
	spinlock_t lock;		/* covers the log */
	char log[64];
	unsigned int length;
	WDFDRIVER driver;
	WDFDEVICE device;
	WDFWAITLOCK orphan;
} wdf;

static struct hv_vmbus_device_id ids[2];
static PDRIVER_OBJECT object;

static void note(char letter)
{
	spin_lock_bh(&wdf.lock);
	if (wdf.length < sizeof(wdf.log) - 1)
		wdf.log[wdf.length++] = letter;
	spin_unlock_bh(&wdf.lock);
}

static bool log_is(const char *text)
{
	bool is;

	spin_lock_bh(&wdf.lock);
	is = !strcmp(wdf.log, text);
	spin_unlock_bh(&wdf.lock);
	return is;
}

#define CHECK_LOG(t, text) do {				\
	if (!CHECK_SOON(t, log_is(text)))		\
		CHECK_TEXT(t, wdf.log, text);		\
} while (0)

/* ---- the driver ---- */

static NTSTATUS opened(VMBCHANNEL channel)
{
	note('O');
	return STATUS_SUCCESS;
}

static NTSTATUS prepare(WDFDEVICE device, WDFCMRESLIST raw, WDFCMRESLIST translated)
{
	WDF_CONTEXT *context = get_context(device);
	PINTERFACE interface = (PINTERFACE)&context->kmcl;
	NTSTATUS status;

	note('p');
	if (!NT_SUCCESS(wdf.prepare_status))
		return wdf.prepare_status;
	status = WdfFdoQueryForInterface(device, &KMCL_CLIENT_INTERFACE_TYPE,
					 interface, sizeof(context->kmcl),
					 KMCL_CLIENT_INTERFACE_VERSION_V1, NULL);
	if (!NT_SUCCESS(status))
		return status;
	return context->kmcl.VmbChannelAllocate(WdfDeviceWdmGetDeviceObject(device), FALSE,
						&context->channel);
}

static NTSTATUS d0_entry(WDFDEVICE device, WDF_POWER_DEVICE_STATE previous)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	WDF_CONTEXT *context = get_context(device);

	note('0');
	if (!NT_SUCCESS(wdf.d0_status))
		return wdf.d0_status;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	context->kmcl.VmbChannelInitSetStateChangeCallbacks(context->channel, &callbacks);
	return previous == WdfPowerDeviceD3Final ?
	       context->kmcl.VmbChannelEnable(context->channel) : STATUS_INVALID_PARAMETER_2;
}

static NTSTATUS init_io(WDFDEVICE device)
{
	note('i');
	return STATUS_SUCCESS;
}

static VOID surprise(WDFDEVICE device)
{
	note('x');
}

static NTSTATUS d0_exit(WDFDEVICE device, WDF_POWER_DEVICE_STATE target)
{
	note('3');
	return STATUS_SUCCESS;
}

static NTSTATUS release(WDFDEVICE device, WDFCMRESLIST translated)
{
	WDF_CONTEXT *context = get_context(device);

	note('r');
	if (context->channel) {
		context->kmcl.VmbChannelDisable(context->channel);
		context->kmcl.VmbChannelCleanup(context->channel);
		context->kmcl.InterfaceDereference(context->kmcl.Context);
	}
	return STATUS_SUCCESS;
}

static VOID cleanup_io(WDFDEVICE device)
{
	note('m');
}

static VOID cleaned_up(WDFOBJECT o)
{
	note(o == wdf.driver ? 'C' : o == wdf.orphan ? 's' : 'c');
}

static VOID destroyed(WDFOBJECT o)
{
	note(o == wdf.driver ? 'D' : 'd');
}

static NTSTATUS device_add(WDFDRIVER driver, PWDFDEVICE_INIT init)
{
	WDF_PNPPOWER_EVENT_CALLBACKS callbacks;
	WDF_OBJECT_ATTRIBUTES attributes;
	NTSTATUS status;

	note('A');
	WDF_PNPPOWER_EVENT_CALLBACKS_INIT(&callbacks);
	callbacks.EvtDevicePrepareHardware = prepare;
	callbacks.EvtDeviceD0Entry = d0_entry;
	callbacks.EvtDeviceSelfManagedIoInit = init_io;
	callbacks.EvtDeviceSurpriseRemoval = surprise;
	callbacks.EvtDeviceD0Exit = d0_exit;
	callbacks.EvtDeviceReleaseHardware = release;
	callbacks.EvtDeviceSelfManagedIoCleanup = cleanup_io;
	WdfDeviceInitSetPnpPowerEventCallbacks(init, &callbacks);
	WdfDeviceInitSetDeviceType(init, FILE_DEVICE_KEYBOARD);
	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, WDF_CONTEXT);
	attributes.EvtCleanupCallback = cleaned_up;
	attributes.EvtDestroyCallback = destroyed;
	status = WdfDeviceCreate(&init, &attributes, &wdf.device);
	return NT_SUCCESS(status) ? wdf.add_status : status;
}

static VOID unload(WDFDRIVER driver)
{
	note('u');
}

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_DRIVER_CONFIG config;
	NTSTATUS status;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(&attributes, OTHER_CONTEXT);
	attributes.EvtCleanupCallback = cleaned_up;
	attributes.EvtDestroyCallback = destroyed;
	WDF_DRIVER_CONFIG_INIT(&config, device_add);
	config.EvtDriverUnload = unload;
	status = WdfDriverCreate(driver, path, &attributes, &config, &wdf.driver);
	if (!NT_SUCCESS(status) || WdfGetDriver() != wdf.driver)
		return STATUS_UNSUCCESSFUL;
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtCleanupCallback = cleaned_up;
	status = WdfWaitLockCreate(&attributes, &wdf.orphan);
	return NT_SUCCESS(status) ? wdf.entry_status : status;
}

/* ---- the tests ---- */

static void begin(struct client *c)
{
	memset(&wdf, 0, sizeof(wdf));
	spin_lock_init(&wdf.lock);
	ids[0].guid = c->dev->offer.type;
}

static void load(struct ktap *t)
{
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry, ids, &object), 0);
}

static void life(struct ktap *t, struct client *c)
{
	begin(c);
	testbus_offer(c->dev);
	load(t);
	CHECK_TEXT(t, wdf.log, "Ap0Oi");
	testbus_rescind(c->dev);
	CHECK_LOG(t, "Ap0Oix3rmcd");
	testbus_offer(c->dev);
	CHECK_LOG(t, "Ap0Oix3rmcdAp0Oi");
	kmcl_driver_unload(object);
	CHECK_TEXT(t, wdf.log, "Ap0Oix3rmcdAp0Oi3rmcdusCD");
	CHECK(t, !WdfGetDriver());
}

static void failures(struct ktap *t, struct client *c)
{
	begin(c);
	wdf.entry_status = STATUS_NO_MEMORY;
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry, ids, &object), -ENOMEM);
	CHECK_TEXT(t, wdf.log, "sCD");
	testbus_offer(c->dev);

	begin(c);
	wdf.add_status = STATUS_NO_SUCH_DEVICE;
	load(t);
	CHECK_TEXT(t, wdf.log, "Acd");
	kmcl_driver_unload(object);

	begin(c);
	wdf.prepare_status = STATUS_NO_SUCH_DEVICE;
	load(t);
	CHECK_TEXT(t, wdf.log, "Aprcd");
	kmcl_driver_unload(object);

	begin(c);
	wdf.d0_status = STATUS_NO_SUCH_DEVICE;
	load(t);
	CHECK_TEXT(t, wdf.log, "Ap03rcd");
	kmcl_driver_unload(object);
}

static NTSTATUS entry_without_add(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	WDF_DRIVER_CONFIG config;

	WDF_DRIVER_CONFIG_INIT(&config, WDF_NO_EVENT_CALLBACK);
	if (WdfDriverCreate(driver, path, WDF_NO_OBJECT_ATTRIBUTES, &config, NULL) !=
	    STATUS_INVALID_PARAMETER)
		return STATUS_UNSUCCESSFUL;
	config.DriverInitFlags = WdfDriverInitNonPnpDriver;
	if (WdfDriverCreate(driver, path, WDF_NO_OBJECT_ATTRIBUTES, &config, NULL))
		return STATUS_UNSUCCESSFUL;
	/* Once is enough. */
	return WdfDriverCreate(driver, path, WDF_NO_OBJECT_ATTRIBUTES, &config, NULL) ==
	       STATUS_DRIVER_INTERNAL_ERROR ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static void no_devices(struct ktap *t, struct client *c)
{
	testbus_offer(c->dev);
	CHECK_EQUAL(t, kmcl_driver_load(THIS_MODULE, entry_without_add, ids, &object), 0);
	CHECK(t, !object->DriverExtension->AddDevice);
	kmcl_driver_unload(object);
}

static void accessors(struct ktap *t, struct client *c)
{
	PDEVICE_OBJECT fdo, pdo;

	begin(c);
	testbus_offer(c->dev);
	load(t);
	fdo = WdfDeviceWdmGetDeviceObject(wdf.device);
	pdo = WdfDeviceWdmGetPhysicalDevice(wdf.device);
	CHECK(t, pdo->AttachedDevice == fdo && WdfDeviceWdmGetAttachedDevice(wdf.device) == pdo);
	CHECK_EQUAL(t, fdo->DeviceType, FILE_DEVICE_KEYBOARD);
	CHECK(t, WdfWdmDeviceGetWdfDeviceHandle(fdo) == wdf.device);
	CHECK(t, !WdfWdmDeviceGetWdfDeviceHandle(pdo));
	CHECK(t, WdfDeviceGetDriver(wdf.device) == wdf.driver);
	CHECK(t, WdfDriverWdmGetDriverObject(wdf.driver) == object);
	/* A context has one type. */
	CHECK(t, get_context(wdf.device) && !WdfObjectGet_OTHER_CONTEXT(wdf.device));
	CHECK(t, !get_context(wdf.driver));
	CHECK(t, WdfObjectGetTypedContext(wdf.driver, OTHER_CONTEXT) ==
	      WdfObjectGetTypedContextWorker(wdf.driver, &_WDF_OTHER_CONTEXT_TYPE_INFO));
	CHECK_EQUAL(t, WdfObjectGet_OTHER_CONTEXT(wdf.driver)->number, 0);
	kmcl_driver_unload(object);
}

static void locks(struct ktap *t, struct client *c)
{
	LONGLONG none = 0, soon = WDF_REL_TIMEOUT_IN_US(1);
	WDFSPINLOCK spin;
	WDFWAITLOCK wait;

	CHECK_STATUS(t, WdfSpinLockCreate(WDF_NO_OBJECT_ATTRIBUTES, &spin), STATUS_SUCCESS);
	WdfSpinLockAcquire(spin);
	CHECK_EQUAL(t, KeGetCurrentIrql(), DISPATCH_LEVEL);
	WdfSpinLockRelease(spin);
	CHECK_EQUAL(t, KeGetCurrentIrql(), PASSIVE_LEVEL);
	WdfObjectDelete(spin);
	CHECK_STATUS(t, WdfWaitLockCreate(WDF_NO_OBJECT_ATTRIBUTES, &wait), STATUS_SUCCESS);
	CHECK_STATUS(t, WdfWaitLockAcquire(wait, NULL), STATUS_SUCCESS);
	CHECK_STATUS(t, WdfWaitLockAcquire(wait, &none), STATUS_TIMEOUT);
	CHECK_STATUS(t, WdfWaitLockAcquire(wait, &soon), STATUS_TIMEOUT);
	WdfWaitLockRelease(wait);
	CHECK_STATUS(t, WdfWaitLockAcquire(wait, &none), STATUS_SUCCESS);
	WdfWaitLockRelease(wait);
	WdfObjectDelete(wait);
}

static atomic_t ran;
static atomic_t cleaned;
static int ran_at_cleanup;
static WDFOBJECT parent_seen;
static WDFOBJECT to_delete;

static VOID count_cleanup(WDFOBJECT o)
{
	ran_at_cleanup = atomic_read(&ran);
	atomic_inc(&cleaned);
}

/* A wait lock as the parent of what is tested; all cleanups are counted. */
static WDFWAITLOCK new_parent(struct ktap *t, PWDF_OBJECT_ATTRIBUTES attributes)
{
	WDFWAITLOCK parent;

	atomic_set(&ran, 0);
	atomic_set(&cleaned, 0);
	ran_at_cleanup = -1;
	WDF_OBJECT_ATTRIBUTES_INIT(attributes);
	attributes->EvtCleanupCallback = count_cleanup;
	CHECK_STATUS(t, WdfWaitLockCreate(attributes, &parent), STATUS_SUCCESS);
	attributes->ParentObject = parent;
	return parent;
}

static VOID timer_routine(WDFTIMER timer)
{
	parent_seen = WdfTimerGetParentObject(timer);
	atomic_inc(&ran);
}

static VOID restart_routine(WDFTIMER timer)
{
	atomic_inc(&ran);
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_US(1));
}

static VOID deleting_timer_routine(WDFTIMER timer)
{
	WdfObjectDelete(timer);
	atomic_inc(&ran);
}

static VOID item_routine(WDFWORKITEM item)
{
	parent_seen = WdfWorkItemGetParentObject(item);
	might_sleep();
	atomic_inc(&ran);
}

static VOID again_routine(WDFWORKITEM item)
{
	atomic_inc(&ran);
	WdfWorkItemEnqueue(item);
}

static VOID deleting_item_routine(WDFWORKITEM item)
{
	WdfObjectDelete(to_delete);
	WdfWorkItemEnqueue(item);
	atomic_inc(&ran);
}

static void timers(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes, orphan;
	WDF_TIMER_CONFIG config;
	WDFWAITLOCK parent = new_parent(t, &attributes);
	WDFTIMER timer;

	WDF_OBJECT_ATTRIBUTES_INIT(&orphan);
	WDF_TIMER_CONFIG_INIT(&config, timer_routine);
	CHECK_STATUS(t, WdfTimerCreate(&config, &orphan, &timer), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, WdfTimerCreate(&config, &attributes, &timer), STATUS_SUCCESS);
	CHECK(t, !WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_SEC(1000)));
	CHECK(t, WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_SEC(1000)));
	CHECK(t, WdfTimerStop(timer, TRUE));
	CHECK(t, !WdfTimerStop(timer, FALSE));
	CHECK_EQUAL(t, atomic_read(&ran), 0);
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_MS(1));
	CHECK_SOON(t, atomic_read(&ran) == 1);
	CHECK(t, parent_seen == (WDFOBJECT)parent);
	WdfObjectDelete(timer);
	CHECK_EQUAL(t, atomic_read(&cleaned), 1);
	WDF_TIMER_CONFIG_INIT_PERIODIC(&config, timer_routine, 1);
	CHECK_STATUS(t, WdfTimerCreate(&config, &attributes, &timer), STATUS_SUCCESS);
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_US(10));
	CHECK_SOON(t, atomic_read(&ran) > 4);
	WdfObjectDelete(parent);	/* and the timer that runs */
	CHECK_EQUAL(t, atomic_read(&cleaned), 3);
	CHECK_EQUAL(t, atomic_read(&ran), ran_at_cleanup);
}

static void timer_that_restarts(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_TIMER_CONFIG config;
	WDFWAITLOCK parent = new_parent(t, &attributes);
	WDFTIMER timer;
	int before;

	WDF_TIMER_CONFIG_INIT(&config, restart_routine);
	CHECK_STATUS(t, WdfTimerCreate(&config, &attributes, &timer), STATUS_SUCCESS);
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_US(1));
	CHECK_SOON(t, atomic_read(&ran) > 100);
	WdfTimerStop(timer, TRUE);
	before = atomic_read(&ran);
	CHECK(t, !WdfTimerStop(timer, TRUE));
	CHECK_EQUAL(t, atomic_read(&ran), before);
	/* A stop is not for ever; a deletion is. */
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_US(1));
	CHECK_SOON(t, atomic_read(&ran) > before + 100);
	WdfObjectDelete(parent);
	CHECK_EQUAL(t, atomic_read(&ran), ran_at_cleanup);
}

static void timer_deletes_itself(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_TIMER_CONFIG config;
	WDFWAITLOCK parent = new_parent(t, &attributes);
	WDFTIMER timer;

	WDF_TIMER_CONFIG_INIT_PERIODIC(&config, deleting_timer_routine, 1000000);
	CHECK_STATUS(t, WdfTimerCreate(&config, &attributes, &timer), STATUS_SUCCESS);
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_US(1));
	CHECK_SOON(t, atomic_read(&cleaned) == 1);
	CHECK_EQUAL(t, ran_at_cleanup, 1);
	WdfObjectDelete(parent);
	CHECK_EQUAL(t, atomic_read(&cleaned), 2);
}

static void work_items(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes, orphan;
	WDF_WORKITEM_CONFIG config;
	WDFWAITLOCK parent = new_parent(t, &attributes);
	WDFWORKITEM item;
	unsigned int i;

	WDF_OBJECT_ATTRIBUTES_INIT(&orphan);
	WDF_WORKITEM_CONFIG_INIT(&config, item_routine);
	CHECK_STATUS(t, WdfWorkItemCreate(&config, &orphan, &item), STATUS_INVALID_PARAMETER);
	CHECK_STATUS(t, WdfWorkItemCreate(&config, &attributes, &item), STATUS_SUCCESS);
	WdfWorkItemFlush(item);
	CHECK_EQUAL(t, atomic_read(&ran), 0);
	for (i = 0; i < 10; i++)
		WdfWorkItemEnqueue(item);
	WdfWorkItemFlush(item);
	CHECK(t, atomic_read(&ran) >= 1 && atomic_read(&ran) <= 10);
	CHECK(t, parent_seen == (WDFOBJECT)parent);
	WdfObjectDelete(parent);
	CHECK_EQUAL(t, atomic_read(&cleaned), 2);
}

static void queued_item_runs(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_WORKITEM_CONFIG config;
	WDFWAITLOCK parent = new_parent(t, &attributes);
	WDFWORKITEM item;

	WDF_WORKITEM_CONFIG_INIT(&config, item_routine);
	CHECK_STATUS(t, WdfWorkItemCreate(&config, &attributes, &item), STATUS_SUCCESS);
	WdfWorkItemEnqueue(item);
	WdfObjectDelete(item);
	CHECK_EQUAL(t, atomic_read(&cleaned), 1);
	CHECK_EQUAL(t, ran_at_cleanup, 1);
	/* One that queues itself for ever ends with its parent. */
	WDF_WORKITEM_CONFIG_INIT(&config, again_routine);
	CHECK_STATUS(t, WdfWorkItemCreate(&config, &attributes, &item), STATUS_SUCCESS);
	WdfWorkItemEnqueue(item);
	CHECK_SOON(t, atomic_read(&ran) > 10);
	WdfObjectDelete(parent);
	CHECK_EQUAL(t, atomic_read(&cleaned), 3);
	CHECK_EQUAL(t, atomic_read(&ran), ran_at_cleanup);
}

/* In its routine: itself, or its parent. */
static void item_deletes(struct ktap *t, bool its_parent)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_WORKITEM_CONFIG config;
	WDFWAITLOCK root = new_parent(t, &attributes);
	WDFWAITLOCK parent;
	WDFWORKITEM item;

	CHECK_STATUS(t, WdfWaitLockCreate(&attributes, &parent), STATUS_SUCCESS);
	attributes.ParentObject = parent;
	WDF_WORKITEM_CONFIG_INIT(&config, deleting_item_routine);
	CHECK_STATUS(t, WdfWorkItemCreate(&config, &attributes, &item), STATUS_SUCCESS);
	to_delete = its_parent ? (WDFOBJECT)parent : (WDFOBJECT)item;
	WdfWorkItemEnqueue(item);
	CHECK_SOON(t, atomic_read(&cleaned) == (its_parent ? 2 : 1));
	WdfObjectDelete(root);
	CHECK_EQUAL(t, atomic_read(&cleaned), 3);
}

static void item_deletes_itself(struct ktap *t, struct client *c)
{
	item_deletes(t, false);
}

static void item_deletes_its_parent(struct ktap *t, struct client *c)
{
	item_deletes(t, true);
}

/* Of a device that goes with its driver. */
static void unload_under_work(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_WORKITEM_CONFIG item_config;
	WDF_TIMER_CONFIG timer_config;
	WDFWORKITEM item;
	WDFTIMER timer;

	begin(c);
	testbus_offer(c->dev);
	load(t);
	atomic_set(&ran, 0);
	atomic_set(&cleaned, 0);
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtCleanupCallback = count_cleanup;
	attributes.ParentObject = wdf.device;
	WDF_TIMER_CONFIG_INIT(&timer_config, restart_routine);
	CHECK_STATUS(t, WdfTimerCreate(&timer_config, &attributes, &timer), STATUS_SUCCESS);
	WDF_WORKITEM_CONFIG_INIT(&item_config, again_routine);
	CHECK_STATUS(t, WdfWorkItemCreate(&item_config, &attributes, &item), STATUS_SUCCESS);
	WdfTimerStart(timer, WDF_REL_TIMEOUT_IN_US(1));
	WdfWorkItemEnqueue(item);
	CHECK_SOON(t, atomic_read(&ran) > 100);
	kmcl_driver_unload(object);
	CHECK_EQUAL(t, atomic_read(&cleaned), 2);
	CHECK_EQUAL(t, atomic_read(&ran), ran_at_cleanup);
}

static NTSTATUS late_child;

static VOID make_child(WDFOBJECT parent)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFSPINLOCK child;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.ParentObject = parent;
	late_child = WdfSpinLockCreate(&attributes, &child);
}

static void objects_at_dispatch(struct ktap *t, struct client *c)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFWAITLOCK parent = new_parent(t, &attributes);
	WDFSPINLOCK child, grandchild;
	KIRQL irql;

	KeRaiseIrql(DISPATCH_LEVEL, &irql);
	CHECK_STATUS(t, WdfSpinLockCreate(&attributes, &child), STATUS_SUCCESS);
	attributes.ParentObject = child;
	CHECK_STATUS(t, WdfSpinLockCreate(&attributes, &grandchild), STATUS_SUCCESS);
	WdfObjectDelete(child);
	/* Who waits for the parent waits for all of them. */
	KeLowerIrql(irql);
	WdfObjectDelete(parent);
	CHECK_EQUAL(t, atomic_read(&cleaned), 3);

	/* What is going gets no children any more. */
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtCleanupCallback = make_child;
	CHECK_STATUS(t, WdfWaitLockCreate(&attributes, &parent), STATUS_SUCCESS);
	WdfObjectDelete(parent);
	CHECK_STATUS(t, late_child, STATUS_DELETE_PENDING);
}

static const struct ktap_test tests[] = {
	{ "WdfDriverCreate, WdfDeviceCreate: a device comes, goes, comes again", life },
	{ "WdfDriverCreate, WdfDeviceCreate: what fails is undone", failures },
	{ "WdfDriverCreate: a driver without devices", no_devices },
	{ "WdfFdoQueryForInterface, WdfDeviceWdmGet*, contexts", accessors },
	{ "WdfSpinLock*, WdfWaitLock*", locks },
	{ "WdfTimerCreate, WdfTimerStart, WdfTimerStop", timers },
	{ "WdfTimerStop, WdfObjectDelete: a timer that starts itself again", timer_that_restarts },
	{ "WdfObjectDelete: a timer in its routine", timer_deletes_itself },
	{ "WdfWorkItemCreate, WdfWorkItemEnqueue, WdfWorkItemFlush", work_items },
	{ "WdfObjectDelete: a work item that is queued", queued_item_runs },
	{ "WdfObjectDelete: a work item in its routine", item_deletes_itself },
	{ "WdfObjectDelete: a work item's parent in its routine", item_deletes_its_parent },
	{ "WdfTimer*, WdfWorkItem*: a driver is unloaded while they run", unload_under_work },
	{ "WdfObjectDelete at DISPATCH_LEVEL; a child of what is going", objects_at_dispatch },
};

const struct ktap_suite wdf_suite = KTAP_SUITE("wdf");
