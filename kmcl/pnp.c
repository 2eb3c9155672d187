// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plug and Play: a driver's AddDevice for each offer of its types.
 *
 * A node is an offer that a driver holds: its PDO, the channels whose parent stands on that, and a
 * work item, in which everything happens to it one after the other:
 *
 *   the offer comes      AddDevice, IRP_MN_START_DEVICE
 *   the offer goes       the channel closes, with all its callbacks, and is Disabled; then
 *                        IRP_MN_SURPRISE_REMOVAL, IRP_MN_REMOVE_DEVICE
 *   the driver goes      IRP_MN_REMOVE_DEVICE; the channel is the driver's to disable
 *
 * After IRP_MN_REMOVE_DEVICE the node waits until the driver has cleaned up the device's channels,
 * on whatever thread. Only then the bus may forget the offer, or another channel or driver have it.
 */
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "bus.h"
#include "channel.h"
#include "nt/nt.h"
#include "report.h"

#include <kmcl/interface.h>

#define IMPATIENCE	(10 * HZ)	/* then the log says what is waited for */
#define MOST_PATIENCE	(600UL * HZ)

#define RETRY_MS	1000		/* where there was no memory for a device */

struct kmcl_pnp_driver {
	struct kmcl_seeker seeker;
	PDRIVER_OBJECT object;
	struct delayed_work scan;
	bool leaving;
	struct mutex one_at_a_time;	/* AddDevice and IRPs, as on Windows */

	spinlock_t lock;	/* covers what follows */
	struct list_head nodes;
	unsigned int untried;	/* nodes whose AddDevice has not returned yet */
	wait_queue_head_t wait;
};

struct node {
	struct kmcl_holder holder;
	struct kref ref;		/* of the hold, of queued work, of who has just taken it */
	struct kmcl_pnp_driver *driver;
	struct list_head link;
	struct work_struct work;
	PDEVICE_OBJECT pdo;
	bool gone;

	/* The work item's own. */
	bool tried;
	bool dropped;

	spinlock_t lock;		/* covers what follows */
	unsigned int channels;
	bool closing;
	wait_queue_head_t wait;
};

/* ---- physical device objects ---- */

static NTSTATUS finish(PIRP irp, NTSTATUS status)
{
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS query_interface(PIRP irp, const IO_STACK_LOCATION *location)
{
	NTSTATUS status = kmcl_query_interface(location->Parameters.QueryInterface.InterfaceType,
					       location->Parameters.QueryInterface.Interface,
					       location->Parameters.QueryInterface.Size,
					       location->Parameters.QueryInterface.Version);

	return finish(irp, status);
}

/* The bottom of each stack: agrees to what it knows, and leaves alone what it does not. */
static NTSTATUS pdo_pnp(PDEVICE_OBJECT device, PIRP irp)
{
	const IO_STACK_LOCATION *location = IoGetCurrentIrpStackLocation(irp);

	switch (location->MinorFunction) {
	case IRP_MN_START_DEVICE:
	case IRP_MN_QUERY_REMOVE_DEVICE:
	case IRP_MN_REMOVE_DEVICE:
	case IRP_MN_CANCEL_REMOVE_DEVICE:
	case IRP_MN_STOP_DEVICE:
	case IRP_MN_QUERY_STOP_DEVICE:
	case IRP_MN_CANCEL_STOP_DEVICE:
	case IRP_MN_SURPRISE_REMOVAL:
		return finish(irp, STATUS_SUCCESS);
	case IRP_MN_QUERY_INTERFACE:
		return query_interface(irp, location);
	default:
		return finish(irp, irp->IoStatus.Status);
	}
}

static DRIVER_OBJECT bus_driver = {
	.Type = IO_TYPE_DRIVER,
	.Size = sizeof(bus_driver),
	.MajorFunction = {
		[0 ... IRP_MJ_MAXIMUM_FUNCTION - 1] = kmcl_irp_unhandled,
		[IRP_MJ_PNP] = pdo_pnp,
	},
};

/* ---- nodes ---- */

static struct node *node_of(struct kmcl_holder *holder)
{
	return container_of(holder, struct node, holder);
}

static void free_node(struct kref *ref)
{
	kfree(container_of(ref, struct node, ref));
}

/* Any context. */
static void kick(struct node *node)
{
	kref_get(&node->ref);
	if (!queue_work(kmcl_event_wq, &node->work))
		kref_put(&node->ref, free_node);	/* never the last: the hold has one */
}

static void offer_gone(struct kmcl_holder *holder)
{
	struct node *node = node_of(holder);

	WRITE_ONCE(node->gone, true);
	kick(node);
}

static bool try_enter(void *data)
{
	struct node *node = data;
	bool entered;

	spin_lock_bh(&node->lock);
	entered = !node->closing;
	node->channels += entered;
	spin_unlock_bh(&node->lock);
	return entered;
}

/**
 * kmcl_pnp_enter() - a channel has a device as its parent
 * @parent: any device object
 *
 * Return: what holds the offer of the VMBus device in whose stack it stands, until
 * kmcl_pnp_leave(); NULL if there is none, or it is being removed.
 */
struct kmcl_holder *kmcl_pnp_enter(PDEVICE_OBJECT parent)
{
	struct node *node = kmcl_device_node(parent, try_enter);

	return node ? &node->holder : NULL;
}

void kmcl_pnp_leave(struct kmcl_holder *holder)
{
	struct node *node = node_of(holder);

	spin_lock_bh(&node->lock);
	node->channels--;
	wake_up_all(&node->wait);
	spin_unlock_bh(&node->lock);
}

/* Called with nobody able to enter. */
static bool has_left(struct node *node)
{
	bool left;

	spin_lock_bh(&node->lock);
	left = !node->channels;
	spin_unlock_bh(&node->lock);
	return left;
}

static void refuse_channels(struct node *node)
{
	spin_lock_bh(&node->lock);
	node->closing = true;
	spin_unlock_bh(&node->lock);
}

/* Told less and less often: what is told shares its budget with what peers do. */
static void wait_for_channels(struct node *node)
{
	unsigned long patience;

	for (patience = IMPATIENCE; !wait_event_timeout(node->wait, has_left(node), patience);
	     patience = min(2 * patience, MOST_PATIENCE))
		kmcl_tell("%pUl was removed, and its driver has not called VmbChannelCleanup\n",
			  &node->holder.offer->instance);
}

/* ---- coming and going ---- */

static NTSTATUS send(struct node *node, UCHAR minor)
{
	NTSTATUS status;

	mutex_lock(&node->driver->one_at_a_time);
	status = kmcl_irp_send_pnp(node->pdo, minor);
	mutex_unlock(&node->driver->one_at_a_time);
	return status;
}

static NTSTATUS add_device(struct node *node)
{
	PDRIVER_OBJECT driver = node->driver->object;
	NTSTATUS status;

	mutex_lock(&node->driver->one_at_a_time);
	status = driver->DriverExtension->AddDevice(driver, node->pdo);
	mutex_unlock(&node->driver->one_at_a_time);
	return status;
}

static bool start_device(struct node *node)
{
	NTSTATUS status = add_device(node);

	if (!NT_SUCCESS(status)) {
		kmcl_tell("AddDevice failed for %pUl: 0x%08x\n", &node->holder.offer->instance,
			  status);
		return false;
	}
	status = send(node, IRP_MN_START_DEVICE);
	if (!NT_SUCCESS(status)) {
		kmcl_tell("%pUl did not start: 0x%08x\n", &node->holder.offer->instance, status);
		send(node, IRP_MN_REMOVE_DEVICE);
		return false;
	}
	return true;
}

static void stop_device(struct node *node)
{
	if (READ_ONCE(node->gone)) {
		kmcl_bus_wait_closed(&node->holder);
		send(node, IRP_MN_SURPRISE_REMOVAL);
	}
	send(node, IRP_MN_REMOVE_DEVICE);
}

/* The driver has nothing more to do with the device, or has failed to begin. */
static void drop(struct node *node, const struct kmcl_seeker *declined_by)
{
	struct kmcl_pnp_driver *driver = node->driver;

	refuse_channels(node);
	wait_for_channels(node);
	kmcl_device_set_node(node->pdo, NULL);
	if (node->pdo->AttachedDevice) {
		kmcl_tell("%pUl was removed, and its driver has not called IoDetachDevice\n",
			  &node->holder.offer->instance);
		IoDetachDevice(node->pdo);
	}
	IoDeleteDevice(node->pdo);
	kmcl_bus_unhold(&node->holder, declined_by);
	node->dropped = true;

	spin_lock_bh(&driver->lock);
	list_del(&node->link);
	wake_up_all(&driver->wait);
	spin_unlock_bh(&driver->lock);
	kref_put(&node->ref, free_node);	/* not the last: this work has one */
}

static void mark_tried(struct node *node)
{
	struct kmcl_pnp_driver *driver = node->driver;

	node->tried = true;
	spin_lock_bh(&driver->lock);
	driver->untried--;
	wake_up_all(&driver->wait);
	spin_unlock_bh(&driver->lock);
}

static void node_work(struct work_struct *work)
{
	struct node *node = container_of(work, struct node, work);

	if (!node->tried) {
		if (!start_device(node))
			drop(node, &node->driver->seeker);
		mark_tried(node);
	}
	if (!node->dropped && (READ_ONCE(node->gone) || READ_ONCE(node->driver->leaving))) {
		stop_device(node);
		drop(node, NULL);
	}
	kref_put(&node->ref, free_node);
}

static struct node *new_node(struct kmcl_pnp_driver *driver)
{
	struct node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node)
		return NULL;
	if (!NT_SUCCESS(IoCreateDevice(&bus_driver, 0, NULL, FILE_DEVICE_BUS_EXTENDER, 0, FALSE,
				       &node->pdo))) {
		kfree(node);
		return NULL;
	}
	node->pdo->Flags |= DO_BUS_ENUMERATED_DEVICE;
	node->pdo->Flags &= ~DO_DEVICE_INITIALIZING;
	kmcl_device_set_node(node->pdo, node);
	kref_init(&node->ref);
	INIT_WORK(&node->work, node_work);
	spin_lock_init(&node->lock);
	init_waitqueue_head(&node->wait);
	node->driver = driver;
	node->holder.gone = offer_gone;
	return node;
}

/* ---- drivers ---- */

/* Return: -ENODEV if no offer is left; -ENOMEM. */
static int take_offer(struct kmcl_pnp_driver *driver)
{
	struct node *node = new_node(driver);

	if (!node)
		return -ENOMEM;
	spin_lock_bh(&driver->lock);
	list_add_tail(&node->link, &driver->nodes);
	driver->untried++;
	spin_unlock_bh(&driver->lock);
	/* Once it is held it may go at any time. */
	kref_get(&node->ref);
	if (kmcl_bus_hold(&driver->seeker, &node->holder)) {
		kick(node);
		kref_put(&node->ref, free_node);
		return 0;
	}
	spin_lock_bh(&driver->lock);
	list_del(&node->link);
	driver->untried--;
	wake_up_all(&driver->wait);
	spin_unlock_bh(&driver->lock);
	IoDeleteDevice(node->pdo);
	kfree(node);
	return -ENODEV;
}

static void scan_in(struct kmcl_pnp_driver *driver, unsigned int ms)
{
	mod_delayed_work(kmcl_event_wq, &driver->scan, msecs_to_jiffies(ms));
}

static void scan(struct work_struct *work)
{
	struct kmcl_pnp_driver *driver = container_of(work, struct kmcl_pnp_driver, scan.work);
	int err;

	do {
		err = take_offer(driver);
	} while (!err);
	if (err == -ENOMEM) {
		pr_warn_ratelimited("kmcl: no memory for a device, trying again\n");
		scan_in(driver, RETRY_MS);
	}
}

static void offer_found(struct kmcl_seeker *seeker)
{
	scan_in(container_of(seeker, struct kmcl_pnp_driver, seeker), 0);
}

static bool all_tried(struct kmcl_pnp_driver *driver)
{
	bool all;

	spin_lock_bh(&driver->lock);
	all = !driver->untried;
	spin_unlock_bh(&driver->lock);
	return all;
}

static bool has_none(struct kmcl_pnp_driver *driver)
{
	bool none;

	spin_lock_bh(&driver->lock);
	none = list_empty(&driver->nodes) && !driver->untried;
	spin_unlock_bh(&driver->lock);
	return none;
}

/* The driver is shown no more offers. */
static void remove_devices(struct kmcl_pnp_driver *driver)
{
	struct node *node;

	cancel_delayed_work_sync(&driver->scan);
	WRITE_ONCE(driver->leaving, true);
	spin_lock_bh(&driver->lock);
	list_for_each_entry(node, &driver->nodes, link)
		kick(node);
	spin_unlock_bh(&driver->lock);
	wait_event(driver->wait, has_none(driver));
}

/**
 * kmcl_pnp_unregister() - remove a driver's devices
 * @driver: from kmcl_pnp_register()
 *
 * Their offers are there for others when this returns.
 */
void kmcl_pnp_unregister(struct kmcl_pnp_driver *driver)
{
	kmcl_seeker_stop(&driver->seeker);
	remove_devices(driver);
	kmcl_seeker_end(&driver->seeker);
	kfree(driver);
}

/**
 * kmcl_pnp_register() - have a driver's AddDevice called for the devices of some classes
 * @object: the driver, with an AddDevice
 * @ids: the classes, up to a zero GUID; stays
 *
 * For those that are there it has been called when this returns.
 *
 * Return: for kmcl_pnp_unregister(); an ERR_PTR.
 */
struct kmcl_pnp_driver *kmcl_pnp_register(PDRIVER_OBJECT object,
					  const struct hv_vmbus_device_id *ids)
{
	struct kmcl_pnp_driver *driver = kzalloc(sizeof(*driver), GFP_KERNEL);
	int err;

	if (!driver)
		return ERR_PTR(-ENOMEM);
	driver->object = object;
	driver->seeker.ids = ids;
	driver->seeker.found = offer_found;
	INIT_DELAYED_WORK(&driver->scan, scan);
	mutex_init(&driver->one_at_a_time);
	spin_lock_init(&driver->lock);
	INIT_LIST_HEAD(&driver->nodes);
	init_waitqueue_head(&driver->wait);
	err = kmcl_seeker_register(&driver->seeker);
	if (err) {
		kmcl_pnp_unregister(driver);
		return ERR_PTR(err);
	}
	scan_in(driver, 0);
	flush_work(&driver->scan.work);
	wait_event(driver->wait, all_tried(driver));
	return driver;
}
