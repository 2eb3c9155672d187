/* SPDX-License-Identifier: GPL-2.0-only */
/* The bus of a Hyper-V guest: offers of the in-kernel hv_vmbus, for client channels. */
#ifndef KMCL_HYPERV_H
#define KMCL_HYPERV_H

#include <linux/hyperv.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "../bus.h"

/*
 * hv_vmbus counts the bytes of a memory's description, of rings too, in 16 bits: 8190 pages of
 * Hyper-V work, at 8191 the call never returns.
 */
#define KMCL_HV_GPADL_PAGES	8190

struct kmcl_hv_offer {
	struct kmcl_offer base;
	struct kref ref;
	struct hv_device *device;
	struct mutex control;	/* one wait for the host at a time: a rescind ends only one */
	/* Under the lock of offer.c. */
	bool rescinded;
	bool unbound;
	bool withheld;		/* not offered, for the sake of a hibernation */
	bool asleep;		/* and not to be offered before the guest resumes */
	atomic_t unregistering;
	struct work_struct unregister;
	struct work_struct offer_again;	/* after a hibernation that this device has refused */

	/* Ring memory, kept from a close to the next open. */
	struct page *ring_page;
	struct resource *mmio;
	struct kmcl_link *link;
};

static inline struct kmcl_hv_offer *kmcl_hv_offer(struct kmcl_offer *offer)
{
	return container_of(offer, struct kmcl_hv_offer, base);
}

extern struct kmcl_bus kmcl_hv_bus;
extern struct workqueue_struct *kmcl_hv_wq;

/* offer.c: which devices are ours */
int kmcl_hv_watch(const guid_t *type);
void kmcl_hv_unwatch(const guid_t *type);
void kmcl_hv_released(struct kmcl_offer *offer);
struct kmcl_hv_offer *kmcl_hv_withhold(struct hv_device *device);
void kmcl_hv_put(struct kmcl_hv_offer *offer);
void kmcl_hv_stay_awake(struct kmcl_hv_offer *offer);
void kmcl_hv_wake(struct hv_device *device);
void kmcl_hv_offer_again(struct kmcl_hv_offer *offer);

/* link.c: the open channel */
int kmcl_hv_open(struct kmcl_offer *offer, struct kmcl_link *link);
void kmcl_hv_close(struct kmcl_offer *offer, struct kmcl_link *link);
void kmcl_hv_signal(struct kmcl_offer *offer);
void kmcl_hv_closed(struct kmcl_offer *offer);
void kmcl_hv_free_resources(struct kmcl_hv_offer *offer);
void kmcl_hv_mmio(struct kmcl_offer *offer, u64 *address, u64 *size);

/* suspend.c: hibernation */
int kmcl_hv_suspend(struct hv_device *device);
int kmcl_hv_resume(struct hv_device *device);
void kmcl_hv_offer_again_work(struct work_struct *work);

/* gpadl.c */
int kmcl_hv_create_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl);
void kmcl_hv_delete_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl);

#endif
