// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hibernation.
 *
 * hv_vmbus ends its connection with the host and makes a new one, in which every ring and GPADL has
 * to be described anew. So a channel goes through what it goes through when its host takes the
 * device away and offers it again: it closes, with all callbacks, and the next VmbChannelEnable()
 * waits for the offer, which comes when the guest resumes.
 *
 * The callbacks of hv_vmbus run late, when tasks are frozen and ordinary interrupts are off; its
 * own interrupts and our workers still run. A driver that does not close by then makes the guest
 * stay awake.
 */
#include "hyperv.h"

#define PATIENCE_MS	10000

/* The driver has let go of the device after all. */
void kmcl_hv_offer_again_work(struct work_struct *work)
{
	struct kmcl_hv_offer *offer = container_of(work, struct kmcl_hv_offer, offer_again);

	kmcl_offer_wait_unclaimed(&offer->base);
	kmcl_hv_offer_again(offer);
}

int kmcl_hv_suspend(struct hv_device *device)
{
	struct kmcl_hv_offer *offer = kmcl_hv_withhold(device);
	bool closed;

	/* It is being unbound, and its channel may still be open. */
	if (!offer)
		return -EBUSY;
	kmcl_offer_unbind(&offer->base);
	closed = kmcl_offer_unclaimed_within(&offer->base, PATIENCE_MS);
	if (!closed) {
		dev_err(&device->device, "the channel does not close: no hibernation\n");
		kmcl_hv_stay_awake(offer);
	}
	kmcl_hv_put(offer);
	return closed ? 0 : -EBUSY;
}

int kmcl_hv_resume(struct hv_device *device)
{
	kmcl_hv_wake(device);
	return 0;
}
