// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO space on the local bus: memory that the server has asked for and both ends can map, from the
 * server's enable until both are closed.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "../channel.h"
#include "../nt/nt.h"
#include "local.h"

/* Those with MMIO space, under a mutex of their own. */
static LIST_HEAD(spaces);
static DEFINE_MUTEX(spaces_lock);

int kmcl_local_alloc_mmio(struct kmcl_local_service *service, u32 megabytes)
{
	if (!megabytes)
		return 0;
	service->mmio_order = get_order((size_t)megabytes << 20);
	if (((size_t)PAGE_SIZE << service->mmio_order) > KMALLOC_MAX_SIZE)
		return -ENOMEM;
	service->mmio = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, service->mmio_order);
	if (!service->mmio)
		return -ENOMEM;
	mutex_lock(&spaces_lock);
	list_add(&service->space, &spaces);
	mutex_unlock(&spaces_lock);
	return 0;
}

void kmcl_local_free_mmio(struct kmcl_local_service *service)
{
	if (!service->mmio)
		return;
	mutex_lock(&spaces_lock);
	list_del(&service->space);
	mutex_unlock(&spaces_lock);
	__free_pages(service->mmio, service->mmio_order);
}

void kmcl_local_mmio(struct kmcl_offer *offer, u64 *address, u64 *size)
{
	struct kmcl_local_service *service = kmcl_local_of_client(offer);

	if (!service->mmio)
		return;
	*address = PFN_PHYS(page_to_pfn(service->mmio));
	*size = PAGE_SIZE << service->mmio_order;
}

/**
 * kmcl_local_mmio_at() - for MmMapIoSpace(): MMIO space of this bus, which is mapped already
 * @address: as VmbChannelGetMmioSpace() has it
 * @size: bytes
 *
 * Return: where it is mapped, until both ends are closed; NULL if it is not of this bus.
 */
void *kmcl_local_mmio_at(u64 address, u64 size)
{
	struct kmcl_local_service *service;
	u64 start, bytes;
	void *at = NULL;

	mutex_lock(&spaces_lock);
	list_for_each_entry(service, &spaces, space) {
		kmcl_local_mmio(&service->client, &start, &bytes);
		if (address >= start && size <= bytes && address - start <= bytes - size)
			at = page_address(service->mmio) + (address - start);
	}
	mutex_unlock(&spaces_lock);
	return at;
}
