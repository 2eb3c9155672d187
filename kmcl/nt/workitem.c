// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work items. Windows keeps a driver loaded while a work item of it is queued; here the end of the
 * driver waits for that (driver.c).
 */

#define pr_fmt(fmt) "kmcl: " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "nt.h"

#define WORKITEM_MAGIC	0x6d657469	/* "item" */

struct _IO_WORKITEM {
	u32 magic;
	atomic_t queued;
	atomic_t references;	/* one of the driver, one of each run that has not ended */
	struct work_struct work;
	PVOID object;		/* of the driver's: its device or driver object */
	PDRIVER_OBJECT driver;
	PIO_WORKITEM_ROUTINE routine;
	PVOID context;
};

static struct workqueue_struct *normal_queue;
static struct workqueue_struct *critical_queue;

/*
 * A workqueue tells its items apart by address and function. If the memory went while the routine
 * is still running, a new item at the same address would be taken for this one and wait for it.
 */
static void item_put(PIO_WORKITEM item)
{
	if (atomic_dec_and_test(&item->references))
		kfree(item);
}

static void run_item(struct work_struct *work)
{
	PIO_WORKITEM item = container_of(work, struct _IO_WORKITEM, work);
	PIO_WORKITEM_ROUTINE routine = item->routine;
	PDRIVER_OBJECT driver = item->driver;
	PVOID object = item->object;
	PVOID context = item->context;

	/* The routine may queue the item again, or free it. */
	atomic_set_release(&item->queued, 0);
	routine(object, context);
	if (object != driver)
		ObDereferenceObject(object);
	item_put(item);
	kmcl_driver_work_end(driver);
}

static bool item_valid(PIO_WORKITEM item)
{
	return !WARN_ONCE(!item || item->magic != WORKITEM_MAGIC, "not a work item\n");
}

/*
 * Both kinds of object begin with their type. A PDO's driver is the library itself, which has no
 * extension: nobody would wait for the item before the caller's code goes.
 */
static PDRIVER_OBJECT driver_of(PDEVICE_OBJECT object)
{
	PDRIVER_OBJECT driver = NULL;

	if (object && object->Type == IO_TYPE_DRIVER)
		driver = (PDRIVER_OBJECT)object;
	else if (object && object->Type == IO_TYPE_DEVICE)
		driver = object->DriverObject;
	return driver && driver->DriverExtension ? driver : NULL;
}

/**
 * IoAllocateWorkItem() - allocate a work item
 * @DeviceObject: a device object of the driver's, not its PDO, or, as Windows accepts here as well,
 *	    the driver object; anything else warns once
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the work item, which the caller frees by IoFreeWorkItem(), or NULL.
 *
 * Microsoft: "IoAllocateWorkItem function (wdm.h)".
 */
PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
	PDRIVER_OBJECT driver = driver_of(DeviceObject);
	PIO_WORKITEM item;

	if (WARN_ONCE(!driver, "%s: not a device or driver object of the driver's\n", __func__))
		return NULL;
	item = kzalloc(sizeof(*item), kmcl_nt_gfp());
	if (!item)
		return NULL;
	item->magic = WORKITEM_MAGIC;
	item->object = DeviceObject;
	item->driver = driver;
	atomic_set(&item->references, 1);
	INIT_WORK(&item->work, run_item);
	return item;
}
EXPORT_SYMBOL_GPL(IoAllocateWorkItem);

/**
 * IoQueueWorkItem() - have a routine run in a worker thread
 * @IoWorkItem: a work item that is not queued; a queued one warns once and nothing happens
 * @WorkerRoutine: called at PASSIVE_LEVEL with the object given to IoAllocateWorkItem(); may free
 *	    or queue the item again
 * @QueueType: CriticalWorkQueue and HyperCriticalWorkQueue run at high priority
 * @Context: given to the routine
 *
 * A device object is referenced until the routine has returned.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "IoQueueWorkItem function (wdm.h)".
 */
VOID IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
		     WORK_QUEUE_TYPE QueueType, PVOID Context)
{
	bool critical = QueueType == CriticalWorkQueue || QueueType == HyperCriticalWorkQueue;

	if (!item_valid(IoWorkItem))
		return;
	if (WARN_ONCE(atomic_cmpxchg(&IoWorkItem->queued, 0, 1),
		      "%s: the item is queued already\n", __func__))
		return;
	IoWorkItem->routine = WorkerRoutine;
	IoWorkItem->context = Context;
	atomic_inc(&IoWorkItem->references);
	if (IoWorkItem->object != IoWorkItem->driver)
		ObReferenceObject(IoWorkItem->object);
	kmcl_driver_work_begin(IoWorkItem->driver);
	queue_work(critical ? critical_queue : normal_queue, &IoWorkItem->work);
}
EXPORT_SYMBOL_GPL(IoQueueWorkItem);

/**
 * IoFreeWorkItem() - free a work item
 * @IoWorkItem: not queued, else it warns once and nothing is freed; its routine may be running, or
 *	    be the caller; the memory then goes when the routine returns
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "IoFreeWorkItem function (wdm.h)".
 */
VOID IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
	if (!item_valid(IoWorkItem))
		return;
	if (WARN_ONCE(atomic_read_acquire(&IoWorkItem->queued),
		      "%s: the item is queued\n", __func__))
		return;
	IoWorkItem->magic = 0;
	item_put(IoWorkItem);
}
EXPORT_SYMBOL_GPL(IoFreeWorkItem);

/**
 * kmcl_workitem_queue() - queue a work item of KMDF's
 * @work: runs as the work items of this file do; its owner waits for it
 */
void kmcl_workitem_queue(struct work_struct *work)
{
	queue_work(normal_queue, work);
}

int kmcl_workitem_init(void)
{
	normal_queue = alloc_workqueue("kmcl_nt", WQ_UNBOUND, 0);
	critical_queue = alloc_workqueue("kmcl_nt_critical", WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (normal_queue && critical_queue)
		return 0;
	kmcl_workitem_exit();
	return -ENOMEM;
}

void kmcl_workitem_exit(void)
{
	if (normal_queue)
		destroy_workqueue(normal_queue);
	if (critical_queue)
		destroy_workqueue(critical_queue);
}
