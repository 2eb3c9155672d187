// SPDX-License-Identifier: GPL-2.0-only
/* GPADLs of the local bus: the client's pages by number, and the server's mappings of them. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../channel.h"
#include "../gpadl.h"
#include "local.h"

struct local_gpadl {
	struct list_head link;
	u32 handle;
	u32 flags;
	u32 offset;		/* in the first page of 4096 bytes */
	u32 length;
	bool mapped;
	PMDL mdl;		/* of the mapping, until somebody ends it */
	bool saved;		/* its mapping was: it waits for a server that is restored */
	bool ended;		/* by the server that is being restored, should that succeed */
	bool going;		/* the client waits to delete it */
	u32 count;
	PFN_NUMBER pfns[];
};

static phys_addr_t address_of(const void *va)
{
	if (is_vmalloc_addr(va))
		return PFN_PHYS(vmalloc_to_pfn(va)) + offset_in_page(va);
	return virt_to_phys((void *)va);
}

static struct local_gpadl *describe(const struct kmcl_gpadl *gpadl)
{
	u32 offset = (unsigned long)gpadl->buffer % KMCL_PAGE_SIZE;
	u32 i, count = DIV_ROUND_UP((u64)offset + gpadl->length, KMCL_PAGE_SIZE);
	struct local_gpadl *local;

	local = kvzalloc(struct_size(local, pfns, count), GFP_KERNEL);
	if (!local)
		return NULL;
	local->flags = gpadl->flags;
	local->offset = offset;
	local->length = gpadl->length;
	local->count = count;
	for (i = 0; i < count; i++)
		local->pfns[i] = address_of(gpadl->buffer - offset + i * KMCL_PAGE_SIZE) >>
				 KMCL_PAGE_SHIFT;
	return local;
}

int kmcl_local_create_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl)
{
	struct kmcl_local_service *service = kmcl_local_of_client(offer);
	struct local_gpadl *local = describe(gpadl);

	if (!local)
		return -ENOMEM;
	spin_lock_bh(&service->lock);
	local->handle = ++service->last_gpadl;
	list_add(&local->link, &service->gpadls);
	spin_unlock_bh(&service->lock);
	gpadl->handle = local->handle;
	gpadl->bus_data = local;
	return 0;
}

static bool is_unmapped(struct kmcl_local_service *service, struct local_gpadl *local)
{
	bool is;

	spin_lock_bh(&service->lock);
	is = !local->mapped && !local->saved;
	if (is)
		list_del_init(&local->link);
	spin_unlock_bh(&service->lock);
	return is;
}

/* Sleeps until the server has unmapped it; closing makes the server do so. */
void kmcl_local_delete_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl)
{
	struct kmcl_local_service *service = kmcl_local_of_client(offer);
	struct local_gpadl *local = gpadl->bus_data;

	spin_lock_bh(&service->lock);
	local->going = true;
	spin_unlock_bh(&service->lock);
	wait_event(service->wait, is_unmapped(service, local));
	kvfree(local);
}

static struct local_gpadl *find(struct kmcl_local_service *service, u32 handle)
{
	struct local_gpadl *local;

	list_for_each_entry(local, &service->gpadls, link)
		if (local->handle == handle)
			return local;
	return NULL;
}

/* Return: what stands against a mapping, as an errno. */
static int may_map(const struct local_gpadl *local, bool read_only)
{
	if (!local || (local->going && !local->saved))
		return -ENOENT;
	if (!read_only && (local->flags & VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY))
		return -EACCES;
	return local->mapped ? -EBUSY : 0;
}

/**
 * kmcl_local_map_gpadl() - give the server an MDL of a client's GPADL
 * @end: the server's
 * @handle: the GPADL
 * @read_only: map for reading
 * @mdl: receives the MDL, the bus's until it is unmapped
 *
 * Return: 0; -ENOENT unknown; -EACCES writing to a read-only one; -EBUSY mapped; -ENOMEM.
 */
int kmcl_local_map_gpadl(struct kmcl_offer *end, u32 handle, bool read_only, PMDL *mdl)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);
	struct local_gpadl *local;
	u32 offset = 0, length = 0;
	PMDL new;
	int err;

	spin_lock_bh(&service->lock);
	local = find(service, handle);
	err = may_map(local, read_only);
	if (!err) {
		offset = local->offset;
		length = local->length;
	}
	spin_unlock_bh(&service->lock);
	if (err)
		return err;

	new = IoAllocateMdl((PVOID)(uintptr_t)offset, length, FALSE, FALSE, NULL);
	if (!new)
		return -ENOMEM;
	spin_lock_bh(&service->lock);
	local = find(service, handle);
	err = may_map(local, read_only);
	if (!err) {
		memcpy(MmGetMdlPfnArray(new), local->pfns, local->count * sizeof(PFN_NUMBER));
		new->MdlFlags |= MDL_PAGES_LOCKED;
		local->mapped = true;
		local->saved &= service->restoring;
		local->mdl = new;
	}
	spin_unlock_bh(&service->lock);
	if (err) {
		IoFreeMdl(new);
		return err;
	}
	*mdl = new;
	return 0;
}

static void free_mapping(PMDL mdl)
{
	if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
		MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	IoFreeMdl(mdl);
}

/*
 * End a mapping that a saved server had and the restored one has not taken up. Until it is known
 * that the restore succeeds that is only noted: another try may follow.
 */
static bool forget_mapping(struct kmcl_local_service *service, struct local_gpadl *local)
{
	bool was_saved = local->saved && !local->ended;

	if (service->restoring) {
		local->ended = local->saved;
		return was_saved;
	}
	local->saved = false;
	local->ended = false;
	wake_up_all(&service->wait);
	return was_saved;
}

/* Return: false if it is not mapped. */
bool kmcl_local_unmap_gpadl(struct kmcl_offer *end, u32 handle)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);
	struct local_gpadl *local;
	bool was_saved = false;
	PMDL mdl = NULL;

	spin_lock_bh(&service->lock);
	local = find(service, handle);
	if (local) {
		mdl = local->mdl;
		local->mdl = NULL;
		if (service->state != KMCL_LOCAL_KEPT)
			was_saved = forget_mapping(service, local);
	}
	spin_unlock_bh(&service->lock);
	if (!mdl)
		return was_saved;

	free_mapping(mdl);
	spin_lock_bh(&service->lock);
	local->mapped = false;
	wake_up_all(&service->wait);
	spin_unlock_bh(&service->lock);
	return true;
}

/*
 * A restore has succeeded: what the server has mapped or ended waits for nobody any more. Or it has
 * failed, and everything waits for another try. With service->lock held.
 */
void kmcl_local_end_restoring(struct kmcl_local_service *service, bool good)
{
	struct local_gpadl *local;

	if (!service->restoring)
		return;
	service->restoring = false;
	list_for_each_entry(local, &service->gpadls, link) {
		if (good && (local->mapped || local->ended))
			local->saved = false;
		local->ended = false;
	}
	wake_up_all(&service->wait);
}

/* The server is saved and closes: what it has mapped stays so. With service->lock held. */
void kmcl_local_save_mappings(struct kmcl_local_service *service)
{
	struct local_gpadl *local;

	list_for_each_entry(local, &service->gpadls, link)
		local->saved |= local->mapped;
}

/* No server takes up mappings that were saved. With service->lock held. */
void kmcl_local_forget_mappings(struct kmcl_local_service *service)
{
	struct local_gpadl *local;

	list_for_each_entry(local, &service->gpadls, link)
		forget_mapping(service, local);
}

/* The server's connection ends. Return: how many mappings it had left. */
unsigned int kmcl_local_unmap_all(struct kmcl_offer *end)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);
	struct local_gpadl *local;
	unsigned int left = 0;

	spin_lock_bh(&service->lock);
	if (service->state != KMCL_LOCAL_KEPT)
		kmcl_local_forget_mappings(service);
	spin_unlock_bh(&service->lock);
	for (;; left++) {
		u32 handle = 0;

		spin_lock_bh(&service->lock);
		list_for_each_entry(local, &service->gpadls, link)
			if (local->mdl)
				handle = local->handle;
		spin_unlock_bh(&service->lock);
		if (!handle)
			return left;
		kmcl_local_unmap_gpadl(end, handle);
	}
}
