// SPDX-License-Identifier: GPL-2.0-only
/* The test bus: ring memory as hv_vmbus maps it, and a host that does what a test says. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "gpadl.h"
#include "testbus.h"

static struct testbus_device *testbus_device(struct kmcl_offer *offer)
{
	return container_of(offer, struct testbus_device, offer);
}

/* ---- ring memory ---- */

static void free_memory(struct testbus_memory *memory)
{
	unsigned int i;

	if (memory->map)
		vunmap(memory->map);
	for (i = 0; memory->pages && i < memory->count; i++)
		if (memory->pages[i])
			__free_page(memory->pages[i]);
	kvfree(memory->pages);
	memset(memory, 0, sizeof(*memory));
}

static int alloc_memory(struct testbus_memory *memory, u32 data_pages)
{
	unsigned int i;

	memory->count = 1 + data_pages;
	/* The second half of the array repeats the data pages, for the mapping. */
	memory->pages = kvcalloc(1 + 2 * data_pages, sizeof(*memory->pages), GFP_KERNEL);
	if (!memory->pages)
		return -ENOMEM;
	for (i = 0; i < memory->count; i++) {
		memory->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!memory->pages[i])
			goto fail;
	}
	memcpy(memory->pages + memory->count, memory->pages + 1,
	       data_pages * sizeof(*memory->pages));
	memory->map = vmap(memory->pages, 1 + 2 * data_pages, VM_MAP, PAGE_KERNEL);
	if (memory->map)
		return 0;
fail:
	free_memory(memory);
	return -ENOMEM;
}

/* Both ends of one ring. */
static void init_ring(const struct testbus_memory *memory, struct kmcl_ring *guest,
		      struct kmcl_ring *host)
{
	struct kmcl_ring_ctl *ctl = memory->map;
	void *data = memory->map + PAGE_SIZE;
	u32 size = (memory->count - 1) * PAGE_SIZE;

	ctl->feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	kmcl_ring_init(guest, ctl, data, size);
	kmcl_ring_init(host, ctl, data, size);
}

/* ---- what the guest asks for ---- */

static u32 kernel_pages(u32 pages)
{
	return PAGE_ALIGN(pages * KMCL_PAGE_SIZE) >> PAGE_SHIFT;
}

static int answer(struct testbus_device *dev)
{
	WRITE_ONCE(dev->opening, true);
	wait_event(dev->wait, !READ_ONCE(dev->hold_open) || READ_ONCE(dev->gone));
	WRITE_ONCE(dev->opening, false);
	return READ_ONCE(dev->gone) ? -ENODEV : dev->open_error;
}

static int open(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct testbus_device *dev = testbus_device(offer);
	int err;

	dev->in_pages = link->in_pages;
	dev->out_pages = link->out_pages;
	err = answer(dev);
	if (!err)
		err = alloc_memory(&dev->to_guest_memory, kernel_pages(link->in_pages));
	if (err)
		return err;
	err = alloc_memory(&dev->from_guest_memory, kernel_pages(link->out_pages));
	if (err) {
		free_memory(&dev->to_guest_memory);
		return err;
	}

	init_ring(&dev->to_guest_memory, &link->in, &dev->to_guest);
	init_ring(&dev->from_guest_memory, &link->out, &dev->from_guest);
	write_lock_bh(&dev->link_lock);
	dev->link = link;
	write_unlock_bh(&dev->link_lock);
	spin_lock_bh(&dev->host_lock);
	dev->is_open = true;
	spin_unlock_bh(&dev->host_lock);
	atomic_inc(&dev->opens);
	return 0;
}

static void close(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct testbus_device *dev = testbus_device(offer);

	spin_lock_bh(&dev->host_lock);
	dev->is_open = false;
	spin_unlock_bh(&dev->host_lock);
	write_lock_bh(&dev->link_lock);
	dev->link = NULL;
	write_unlock_bh(&dev->link_lock);
	free_memory(&dev->to_guest_memory);
	free_memory(&dev->from_guest_memory);
	memset(&link->in, 0, sizeof(link->in));
	memset(&link->out, 0, sizeof(link->out));
	atomic_inc(&dev->closes);
}

static void signal(struct kmcl_offer *offer)
{
	atomic_inc(&testbus_device(offer)->signals);
}

static void released(struct kmcl_offer *offer)
{
	atomic_inc(&testbus_device(offer)->released);
}

static int create_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl)
{
	struct testbus_device *dev = testbus_device(offer);

	if (dev->gpadl_error)
		return dev->gpadl_error;
	gpadl->handle = ++dev->last_gpadl;
	dev->last_gpadl_buffer = gpadl->buffer;
	dev->last_gpadl_length = gpadl->length;
	atomic_inc(&dev->gpadls);
	return 0;
}

static void delete_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl)
{
	atomic_dec(&testbus_device(offer)->gpadls);
}

static void mmio(struct kmcl_offer *offer, u64 *address, u64 *size)
{
	*address = testbus_device(offer)->mmio_address;
	*size = testbus_device(offer)->mmio_size;
}

static const struct kmcl_bus_ops ops = {
	.open		= open,
	.close		= close,
	.signal		= signal,
	.released	= released,
	.create_gpadl	= create_gpadl,
	.delete_gpadl	= delete_gpadl,
	.mmio		= mmio,
};

static struct kmcl_bus bus = {
	.name	= "test",
	.owner	= THIS_MODULE,
	.rank	= 100,
	.ops	= &ops,
};

/* ---- devices ---- */

static void signal_guest(struct testbus_device *dev)
{
	read_lock_bh(&dev->link_lock);
	if (dev->link)
		kmcl_link_signalled(dev->link);
	read_unlock_bh(&dev->link_lock);
}

static void tasklet_signal(struct tasklet_struct *tasklet)
{
	signal_guest(container_of(tasklet, struct testbus_device, tasklet));
}

/**
 * testbus_create() - make a device; nobody sees it before testbus_offer()
 * @type: device class
 * @instance: the one device
 *
 * Return: the device; NULL without memory.
 */
struct testbus_device *testbus_create(const guid_t *type, const guid_t *instance)
{
	struct testbus_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->offer.bus = &bus;
	guid_copy(&dev->offer.type, type);
	guid_copy(&dev->offer.instance, instance);
	init_waitqueue_head(&dev->wait);
	spin_lock_init(&dev->host_lock);
	rwlock_init(&dev->link_lock);
	tasklet_setup(&dev->tasklet, tasklet_signal);
	return dev;
}
EXPORT_SYMBOL_GPL(testbus_create);

/**
 * testbus_destroy() - rescind a device if that is still to be done, and free it
 * @dev: the device; NULL is allowed
 *
 * Sleeps until no channel has it.
 */
void testbus_destroy(struct testbus_device *dev)
{
	if (!dev)
		return;
	if (dev->offered) {
		testbus_rescind(dev);
		kmcl_offer_wait_unclaimed(&dev->offer);
	}
	tasklet_kill(&dev->tasklet);
	kfree(dev);
}
EXPORT_SYMBOL_GPL(testbus_destroy);

/**
 * testbus_offer() - present the device, perhaps once more after a rescind
 * @dev: new, or rescinded
 *
 * Sleeps until nobody has it from before.
 */
void testbus_offer(struct testbus_device *dev)
{
	kmcl_offer_wait_unclaimed(&dev->offer);
	dev->offered = true;
	WRITE_ONCE(dev->gone, false);
	kmcl_offer_add(&dev->offer);
}
EXPORT_SYMBOL_GPL(testbus_offer);

void testbus_rescind(struct testbus_device *dev)
{
	WRITE_ONCE(dev->gone, true);
	kmcl_offer_withdraw(&dev->offer);
	wake_up_all(&dev->wait);
}
EXPORT_SYMBOL_GPL(testbus_rescind);

bool testbus_is_claimed(struct testbus_device *dev)
{
	return READ_ONCE(dev->offer.claimed_by);
}
EXPORT_SYMBOL_GPL(testbus_is_claimed);

void testbus_release_open(struct testbus_device *dev)
{
	WRITE_ONCE(dev->hold_open, false);
	wake_up_all(&dev->wait);
}
EXPORT_SYMBOL_GPL(testbus_release_open);

void testbus_signal(struct testbus_device *dev)
{
	if (dev->softirq)
		tasklet_schedule(&dev->tasklet);
	else
		signal_guest(dev);
}
EXPORT_SYMBOL_GPL(testbus_signal);

/* ---- the host's ends of the rings ---- */

/**
 * testbus_write() - put any descriptor with any data into the ring, and signal if that is due
 * @dev: open
 * @desc: as it goes into the ring
 * @data: what follows it
 * @length: bytes of that
 * @ring_bytes: what the host moves its index by, trailer excluded: a multiple of 8
 *
 * Return: 0; -EAGAIN if the ring is full; -ENOTCONN.
 */
int testbus_write(struct testbus_device *dev, const struct kmcl_desc *desc, const void *data,
		  u32 length, u32 ring_bytes)
{
	int due = -ENOTCONN;

	spin_lock_bh(&dev->host_lock);
	if (dev->is_open)
		due = host_ring_write(&dev->to_guest, desc, data, length, ring_bytes);
	spin_unlock_bh(&dev->host_lock);
	if (due > 0)
		testbus_signal(dev);
	return min(due, 0);
}
EXPORT_SYMBOL_GPL(testbus_write);

static int write_well_formed(struct testbus_device *dev, u16 type, u16 flags, u64 id,
			     const void *data, u32 length)
{
	struct kmcl_desc desc = host_desc(type, flags, id, length);

	return testbus_write(dev, &desc, data, length, desc.len8 * 8);
}

/**
 * testbus_send() - send a message to the guest
 * @dev: open
 * @data: the message
 * @length: its bytes
 * @id: transaction; not 0: a completion is asked for
 *
 * Return: as testbus_write().
 */
int testbus_send(struct testbus_device *dev, const void *data, u32 length, u64 id)
{
	return write_well_formed(dev, KMCL_PKT_DATA_INBAND,
				 id ? KMCL_DESC_FLAG_COMPLETION_REQUESTED : 0, id, data, length);
}
EXPORT_SYMBOL_GPL(testbus_send);

int testbus_complete(struct testbus_device *dev, u64 id, const void *data, u32 length)
{
	return write_well_formed(dev, KMCL_PKT_COMPLETION, 0, id, data, length);
}
EXPORT_SYMBOL_GPL(testbus_complete);

/**
 * testbus_read() - take the next packet of the guest, and signal if it waits for the room
 * @dev: open
 * @packet: receives it
 *
 * Return: 1; 0 if there is none; -EIO if it is broken; -ENOTCONN.
 */
int testbus_read(struct testbus_device *dev, struct host_packet *packet)
{
	bool signal_due = false;
	int got = -ENOTCONN;

	spin_lock_bh(&dev->host_lock);
	if (dev->is_open)
		got = host_ring_read(&dev->from_guest, packet, &signal_due);
	spin_unlock_bh(&dev->host_lock);
	if (signal_due && !dev->forget_room)
		testbus_signal(dev);
	return got;
}
EXPORT_SYMBOL_GPL(testbus_read);

static int __init testbus_init(void)
{
	return kmcl_bus_register(&bus);
}

static void __exit testbus_exit(void)
{
	kmcl_bus_unregister(&bus);
}

module_init(testbus_init);
module_exit(testbus_exit);
MODULE_DESCRIPTION("KMCL: a bus whose host is a test in the same kernel");
MODULE_LICENSE("GPL");
