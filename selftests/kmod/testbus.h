/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bus whose host is a test in the same kernel.
 *
 * A test makes a device, offers it to the client channels of this kernel and takes it away, and
 * plays the host at the other end of its rings, well behaved or not.
 */
#ifndef KMCL_TESTBUS_H
#define KMCL_TESTBUS_H

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/rwlock.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "bus.h"
#include "host_ring.h"

struct testbus_memory {
	struct page **pages;
	unsigned int count;
	void *map;		/* control page, data, data again */
};

struct testbus_device {
	struct kmcl_offer offer;
	bool offered;
	bool gone;

	/* How the host treats an open. */
	int open_error;
	bool hold_open;		/* answer only when released, or the device goes */
	bool opening;
	wait_queue_head_t wait;

	/* How the host treats a guest that waits for room: stock QEMU forgets to signal. */
	bool forget_room;
	bool softirq;		/* signal from a softirq, not from the host's thread */

	/* GPADLs: what the host says to the next, what it knows, where the device may map. */
	int gpadl_error;
	u32 last_gpadl;
	u32 last_gpadl_length;
	void *last_gpadl_buffer;
	atomic_t gpadls;
	u64 mmio_address;
	u64 mmio_size;

	atomic_t opens;
	atomic_t closes;
	atomic_t signals;	/* from the guest */
	atomic_t released;

	/* The connection. host_lock: the host's ends of the rings. link_lock: the guest's. */
	spinlock_t host_lock;
	rwlock_t link_lock;
	bool is_open;
	struct kmcl_link *link;
	u32 in_pages;		/* as the guest asked for them */
	u32 out_pages;
	struct kmcl_ring to_guest;
	struct kmcl_ring from_guest;
	struct testbus_memory to_guest_memory;
	struct testbus_memory from_guest_memory;
	struct tasklet_struct tasklet;
};

struct testbus_device *testbus_create(const guid_t *type, const guid_t *instance);
void testbus_destroy(struct testbus_device *dev);

void testbus_offer(struct testbus_device *dev);
void testbus_rescind(struct testbus_device *dev);
bool testbus_is_claimed(struct testbus_device *dev);
void testbus_release_open(struct testbus_device *dev);

/* In this thread with bottom halves disabled, or from a softirq, soon. */
void testbus_signal(struct testbus_device *dev);

/* The host writes. Return: 0; -EAGAIN if the ring is full; -ENOTCONN. */
int testbus_write(struct testbus_device *dev, const struct kmcl_desc *desc, const void *data,
		  u32 length, u32 ring_bytes);
int testbus_send(struct testbus_device *dev, const void *data, u32 length, u64 id);
int testbus_complete(struct testbus_device *dev, u64 id, const void *data, u32 length);

/* The host reads one packet. Return: 1; 0 if there is none; -EIO; -ENOTCONN. */
int testbus_read(struct testbus_device *dev, struct host_packet *packet);

/* To break: valid while the channel is open. */
static inline struct kmcl_ring_ctl *testbus_to_guest_ctl(struct testbus_device *dev)
{
	return dev->to_guest.ctl;
}

static inline struct kmcl_ring_ctl *testbus_from_guest_ctl(struct testbus_device *dev)
{
	return dev->from_guest.ctl;
}

#endif
