// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which VMBus devices are ours.
 *
 * For each device class that a client channel has as its target one driver is registered with
 * hv_vmbus, named kmcl-<class>. It binds every device of the class that has no driver, and each
 * becomes an offer; a device that another driver has stays where it is, and driver_override in
 * sysfs moves it as usual. The driver goes, and with it the bindings, when the last such channel
 * is cleaned up.
 *
 * hv_vmbus calls us on work queues that every device of the VM shares, so nothing here waits for
 * a driver's callbacks, except the removal that a user asks for in sysfs. With a rescind callback
 * registered the core leaves it to us to unregister the device: a worker does, when the channel
 * has closed.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "../probe/hyperv.h"
#include "hyperv.h"

struct class_driver {
	struct list_head node;
	struct hv_vmbus_device_id ids[2];
	struct hv_driver driver;
	char name[sizeof("kmcl-") + UUID_STRING_LEN];
};

static LIST_HEAD(class_drivers);	/* under the registry mutex of bus.c */

/* Rescind, removal by a user and resume of a device: who unregisters it, and who offers it. */
static DEFINE_MUTEX(rescind_lock);

static void free_offer(struct kref *ref)
{
	kfree(container_of(ref, struct kmcl_hv_offer, ref));
}

void kmcl_hv_put(struct kmcl_hv_offer *offer)
{
	kref_put(&offer->ref, free_offer);
}

#ifdef KMCL_EXPORTS_vmbus_device_unregister

static void unregister_work(struct work_struct *work)
{
	struct kmcl_hv_offer *offer = container_of(work, struct kmcl_hv_offer, unregister);
	struct hv_device *device = offer->device;

	vmbus_device_unregister(device);
	put_device(&device->device);
	kmcl_hv_put(offer);
}

/* The host has taken the device away. Runs on a work queue of hv_vmbus. */
static void rescinded(struct vmbus_channel *channel)
{
	struct hv_device *device = channel->device_obj;
	struct kmcl_hv_offer *offer;

	mutex_lock(&rescind_lock);
	/* The core may have read our pointer before the device was unbound and bound by another. */
	offer = channel->chn_rescind_callback == rescinded ? hv_get_drvdata(device) : NULL;
	if (offer) {
		offer->rescinded = true;
		kref_get(&offer->ref);
		get_device(&device->device);
		kmcl_offer_withdraw(&offer->base);
	}
	mutex_unlock(&rescind_lock);

	/* The device has just been unbound, and the core has left it to us. */
	if (!offer)
		vmbus_device_unregister(device);
}

void kmcl_hv_released(struct kmcl_offer *base)
{
	struct kmcl_hv_offer *offer = kmcl_hv_offer(base);

	if (offer->rescinded && !atomic_xchg(&offer->unregistering, 1))
		queue_work(kmcl_hv_wq, &offer->unregister);
}

static void watch_rescind(struct kmcl_hv_offer *offer)
{
	INIT_WORK(&offer->unregister, unregister_work);
	vmbus_set_chn_rescind_callback(offer->device->channel, rescinded);
}

static void unwatch_rescind(struct kmcl_hv_offer *offer)
{
	struct vmbus_channel *channel = offer->device->channel;

	vmbus_set_chn_rescind_callback(channel, NULL);
	smp_mb();	/* pairs with nothing we can see: store the pointer, then look */
	/*
	 * A rescind that is under way may have read the pointer and not have called it yet. There
	 * is no way to wait for that, so the code it will run must stay.
	 */
	if (READ_ONCE(channel->rescind) && !offer->rescinded) {
		pr_warn_once("kmcl_hyperv: device unbound during its rescind: the module stays\n");
		__module_get(THIS_MODULE);
	}
}

#else /* the core unregisters a rescinded device by itself, and waits in remove() meanwhile */

void kmcl_hv_released(struct kmcl_offer *base)
{
}

static void watch_rescind(struct kmcl_hv_offer *offer)
{
}

static void unwatch_rescind(struct kmcl_hv_offer *offer)
{
}

#endif

/*
 * A hibernation begins: the device will not be offered before kmcl_hv_wake(). Return: what the
 * caller has to put; NULL if the device is being unbound.
 */
struct kmcl_hv_offer *kmcl_hv_withhold(struct hv_device *device)
{
	struct kmcl_hv_offer *offer;

	mutex_lock(&rescind_lock);
	offer = hv_get_drvdata(device);
	if (offer && offer->unbound)
		offer = NULL;
	if (offer) {
		kref_get(&offer->ref);
		offer->withheld = true;
		offer->asleep = true;
	}
	mutex_unlock(&rescind_lock);
	return offer;
}

/* No hibernation after all: the device is offered again when its channel has closed. */
void kmcl_hv_stay_awake(struct kmcl_hv_offer *offer)
{
	mutex_lock(&rescind_lock);
	offer->asleep = false;
	if (!offer->unbound)
		queue_work(kmcl_hv_wq, &offer->offer_again);
	mutex_unlock(&rescind_lock);
}

/* Once, whoever comes first: the end of this hibernation, or of one before it that failed. */
static void offer_again(struct kmcl_hv_offer *offer)
{
	if (!offer->withheld || offer->asleep)
		return;
	offer->withheld = false;
	if (offer->rescinded)
		kmcl_hv_released(&offer->base);
	else if (!offer->unbound)
		kmcl_offer_add(&offer->base);
}

/* Nobody has the offer any more. */
void kmcl_hv_offer_again(struct kmcl_hv_offer *offer)
{
	mutex_lock(&rescind_lock);
	offer_again(offer);
	mutex_unlock(&rescind_lock);
}

/* The guest has resumed. The host may have taken the device away meanwhile. */
void kmcl_hv_wake(struct hv_device *device)
{
	struct kmcl_hv_offer *offer;

	mutex_lock(&rescind_lock);
	offer = hv_get_drvdata(device);
	if (offer) {
		offer->asleep = false;
		offer_again(offer);
	}
	mutex_unlock(&rescind_lock);
}

static const guid_t *class_of(struct hv_device *device)
{
	struct device_driver *driver = device->device.driver;

	return &container_of(driver, struct class_driver, driver.driver)->ids[0].guid;
}

static int probe(struct hv_device *device, const struct hv_vmbus_device_id *id)
{
	struct kmcl_hv_offer *offer;

	/* driver_override binds anything. */
	if (!guid_equal(&device->dev_type, class_of(device)))
		return -ENODEV;
	offer = kzalloc(sizeof(*offer), GFP_KERNEL);
	if (!offer)
		return -ENOMEM;
	mutex_init(&offer->control);
	kref_init(&offer->ref);
	INIT_WORK(&offer->offer_again, kmcl_hv_offer_again_work);
	offer->device = device;
	offer->base.bus = &kmcl_hv_bus;
	guid_copy(&offer->base.type, &device->dev_type);
	guid_copy(&offer->base.instance, &device->dev_instance);

	/* We mask the ring's interrupt ourselves, and only while there is something to read. */
	set_channel_read_mode(device->channel, HV_CALL_DIRECT);
	mutex_lock(&rescind_lock);
	hv_set_drvdata(device, offer);
	watch_rescind(offer);
	kmcl_offer_add(&offer->base);
	mutex_unlock(&rescind_lock);
	return 0;
}

/* The device goes, or a user unbinds it: the channel has to be closed when this returns. */
static void unbind(struct hv_device *device)
{
	struct kmcl_hv_offer *offer;

	mutex_lock(&rescind_lock);
	offer = hv_get_drvdata(device);
	offer->unbound = true;
	mutex_unlock(&rescind_lock);

	if (READ_ONCE(device->channel->rescind))
		kmcl_offer_withdraw(&offer->base);
	else
		kmcl_offer_unbind(&offer->base);
	/* A rescind meanwhile finds it, tells the channel, and leaves the rest to a worker. */
	kmcl_offer_wait_unclaimed(&offer->base);
	cancel_work_sync(&offer->offer_again);
	mutex_lock(&rescind_lock);
	hv_set_drvdata(device, NULL);
	unwatch_rescind(offer);
	mutex_unlock(&rescind_lock);
	/* Should that have been left to do it. */
	if (offer->rescinded)
		kmcl_hv_released(&offer->base);
	set_channel_read_mode(device->channel, HV_CALL_BATCHED);
	kmcl_hv_free_resources(offer);
	kmcl_hv_put(offer);
}

#ifdef KMCL_HAVE_HV_REMOVE_VOID
static void remove(struct hv_device *device)
{
	unbind(device);
}
#else
static int remove(struct hv_device *device)
{
	unbind(device);
	return 0;
}
#endif

/**
 * kmcl_hv_watch() - bind the devices of a class
 * @type: the class; not watched yet
 *
 * Return: 0; -ENOMEM; what hv_vmbus says to a driver.
 */
int kmcl_hv_watch(const guid_t *type)
{
	struct class_driver *class = kzalloc(sizeof(*class), GFP_KERNEL);
	int err;

	if (!class)
		return -ENOMEM;
	snprintf(class->name, sizeof(class->name), "kmcl-%pUl", type);
	guid_copy(&class->ids[0].guid, type);
	class->driver.name = class->name;
	class->driver.id_table = class->ids;
	class->driver.probe = probe;
	class->driver.remove = remove;
	class->driver.suspend = kmcl_hv_suspend;
	class->driver.resume = kmcl_hv_resume;
	err = __vmbus_driver_register(&class->driver, THIS_MODULE, KBUILD_MODNAME);
	if (err) {
		kfree(class);
		return err;
	}
	list_add(&class->node, &class_drivers);
	return 0;
}

void kmcl_hv_unwatch(const guid_t *type)
{
	struct class_driver *class, *next;

	list_for_each_entry_safe(class, next, &class_drivers, node) {
		if (!guid_equal(&class->ids[0].guid, type))
			continue;
		list_del(&class->node);
		vmbus_driver_unregister(&class->driver);
		kfree(class);
	}
}
