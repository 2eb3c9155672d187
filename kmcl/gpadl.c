// SPDX-License-Identifier: GPL-2.0-only
/*
 * GPADLs of a client: create from a buffer or an MDL chain, delete.
 *
 * A GPADL may be created from inside EvtChannelOpened until closing begins and deleted until
 * EvtChannelClosed has returned. What a driver leaves behind is deleted for it, with a warning.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "channel.h"
#include "gpadl.h"
#include "trace.h"

static NTSTATUS status_of(struct kmcl_channel *ch, int err)
{
	if (READ_ONCE(ch->peer_gone) && err)
		return STATUS_DEVICE_REMOVED;
	switch (err) {
	case 0:
		return STATUS_SUCCESS;
	case -ENOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	case -EOPNOTSUPP:
		return STATUS_NOT_SUPPORTED;
	case -ENODEV:
		return STATUS_DEVICE_REMOVED;
	default:
		return STATUS_UNSUCCESSFUL;
	}
}

static void free_gpadl(struct kmcl_gpadl *gpadl)
{
	if (gpadl->mapping)
		vunmap(gpadl->mapping);
	kfree(gpadl);
}

/* Register a filled description with the peer. Consumes @gpadl on failure. */
static NTSTATUS establish(struct kmcl_channel *ch, struct kmcl_gpadl *gpadl, u32 *handle)
{
	const struct kmcl_bus_ops *ops = ch->offer->bus->ops;
	int err = -EOPNOTSUPP;

	if (ops->create_gpadl)
		err = ops->create_gpadl(ch->offer, gpadl);
	trace_kmcl_gpadl(ch, err ? KMCL_GPADL_REFUSED : KMCL_GPADL_CREATED, gpadl->handle,
			 gpadl->length);
	if (err) {
		free_gpadl(gpadl);
		return status_of(ch, err);
	}
	*handle = gpadl->handle;
	spin_lock_bh(&ch->lock);
	list_add(&gpadl->link, &ch->gpadls.all);
	spin_unlock_bh(&ch->lock);
	return STATUS_SUCCESS;
}

static void withdraw(struct kmcl_channel *ch, struct kmcl_gpadl *gpadl)
{
	ch->offer->bus->ops->delete_gpadl(ch->offer, gpadl);
	trace_kmcl_gpadl(ch, KMCL_GPADL_DELETED, gpadl->handle, gpadl->length);
	free_gpadl(gpadl);
}

/*
 * Hold an open connection: from inside EvtChannelOpened until closing begins. Its offer stays until
 * kmcl_connection_release(), and closing waits for that before it lets go of it.
 */
bool kmcl_connection_hold_new(struct kmcl_channel *ch)
{
	bool may;

	spin_lock_bh(&ch->lock);
	may = ch->gpadls.may_create;
	if (may)
		ch->gpadls.users++;
	spin_unlock_bh(&ch->lock);
	return may;
}

void kmcl_connection_release(struct kmcl_channel *ch)
{
	spin_lock_bh(&ch->lock);
	if (!--ch->gpadls.users)
		wake_up_all(&ch->wait);
	spin_unlock_bh(&ch->lock);
}

/* Likewise, until EvtChannelClosed has returned. */
bool kmcl_connection_hold(struct kmcl_channel *ch)
{
	bool may;

	spin_lock_bh(&ch->lock);
	may = ch->gpadls.may_delete;
	if (may)
		ch->gpadls.users++;
	spin_unlock_bh(&ch->lock);
	return may;
}

static bool unused(struct kmcl_channel *ch)
{
	bool is;

	spin_lock_bh(&ch->lock);
	is = !ch->gpadls.users;
	spin_unlock_bh(&ch->lock);
	return is;
}

void kmcl_gpadls_allow(struct kmcl_channel *ch)
{
	spin_lock_bh(&ch->lock);
	ch->gpadls.may_create = true;
	ch->gpadls.may_delete = true;
	spin_unlock_bh(&ch->lock);
}

void kmcl_gpadls_refuse_new(struct kmcl_channel *ch)
{
	spin_lock_bh(&ch->lock);
	ch->gpadls.may_create = false;
	spin_unlock_bh(&ch->lock);
}

/* The connection ends, and with it the driver's last chance to delete them. */
void kmcl_gpadls_reap(struct kmcl_channel *ch)
{
	struct kmcl_gpadl *gpadl, *next;
	LIST_HEAD(left);

	spin_lock_bh(&ch->lock);
	ch->gpadls.may_create = false;
	ch->gpadls.may_delete = false;
	spin_unlock_bh(&ch->lock);
	wait_event(ch->wait, unused(ch));

	spin_lock_bh(&ch->lock);
	list_splice_init(&ch->gpadls.all, &left);
	spin_unlock_bh(&ch->lock);
	WARN_ONCE(!list_empty(&left), "kmcl: %s: GPADLs were not deleted in EvtChannelClosed\n",
		  ch->name);
	list_for_each_entry_safe(gpadl, next, &left, link)
		withdraw(ch, gpadl);
	if (ch->is_server && ch->offer)
		WARN_ONCE(ch->offer->bus->ops->unmap_all(ch->offer),
			  "kmcl: %s: GPADLs were not unmapped in EvtChannelClosed\n", ch->name);
}

static struct kmcl_gpadl *new_gpadl(u32 flags, void *buffer, u32 length)
{
	struct kmcl_gpadl *gpadl = kzalloc(sizeof(*gpadl), GFP_KERNEL);

	if (!gpadl)
		return NULL;
	gpadl->flags = flags;
	gpadl->buffer = buffer;
	gpadl->length = length;
	return gpadl;
}

static NTSTATUS create_from_buffer(struct kmcl_channel *ch, u32 flags, void *buffer, u32 length,
				   u32 *handle)
{
	struct kmcl_gpadl *gpadl;

	if (!is_vmalloc_addr(buffer) && !virt_addr_valid(buffer))
		return STATUS_INVALID_PARAMETER;
	gpadl = new_gpadl(flags, buffer, length);
	if (!gpadl)
		return STATUS_INSUFFICIENT_RESOURCES;
	return establish(ch, gpadl, handle);
}

/**
 * VmbChannelCreateGpadlFromBuffer() - describe a buffer to the server
 * @Channel: an open client, from inside EvtChannelOpened on
 * @Flags: VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY or 0. hv_vmbus has no read-only GPADLs
 * @Buffer: kernel memory, from kmalloc or vmalloc; must stay until the GPADL is deleted
 * @ByteCount: its bytes
 * @GpadlHandle: receives the number that names the GPADL
 *
 * On return the host knows the GPADL. hv_vmbus describes whole pages from a page boundary on, up
 * to 8190 of them: other buffers are not supported there; the host can reach the rest of the last
 * page, too.
 *
 * Context: PASSIVE_LEVEL. Sleeps until the host has answered; a rescind ends that.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid channel or a server;
 * STATUS_INVALID_PARAMETER_2 unknown flags; STATUS_INVALID_PARAMETER no buffer;
 * STATUS_INVALID_DEVICE_STATE not open; STATUS_NOT_SUPPORTED the bus cannot describe it;
 * STATUS_INSUFFICIENT_RESOURCES; STATUS_DEVICE_REMOVED rescinded; STATUS_UNSUCCESSFUL refused.
 *
 * Microsoft: "FN_VMB_CHANNEL_CREATE_GPADL_FROM_BUFFER callback function".
 */
NTSTATUS VmbChannelCreateGpadlFromBuffer(VMBCHANNEL Channel, UINT32 Flags, PVOID Buffer,
					 UINT32 ByteCount, PUINT32 GpadlHandle)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	NTSTATUS status;

	if (!ch || ch->is_server)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_CHANNEL_GPADL_FLAGS)
		return STATUS_INVALID_PARAMETER_2;
	if (!Buffer || !ByteCount || !GpadlHandle)
		return STATUS_INVALID_PARAMETER;
	if (!kmcl_connection_hold_new(ch))
		return STATUS_INVALID_DEVICE_STATE;
	status = create_from_buffer(ch, Flags, Buffer, ByteCount, GpadlHandle);
	kmcl_connection_release(ch);
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelCreateGpadlFromBuffer);

/* A window on an MDL chain, in whole pages that follow one another. */
struct window {
	u32 offset;
	u32 length;
	struct page **pages;
	u32 count;
};

/* Bytes of the chain; it may not be longer than 4 GiB. */
static bool chain_length(PMDL mdl, u64 *length)
{
	for (*length = 0; mdl; mdl = mdl->Next) {
		*length += mdl->ByteCount;
		if (*length > U32_MAX)
			return false;
	}
	return true;
}

/*
 * Add the pages of one MDL from @start on to the window. Every piece but the first must begin and
 * every piece but the last must end on a page boundary.
 */
static int add_piece(struct window *window, PMDL mdl, u32 start, u32 length, bool is_last)
{
	const PFN_NUMBER *pfns = MmGetMdlPfnArray(mdl);
	u64 first = (u64)mdl->ByteOffset + start;
	u32 i, pages = DIV_ROUND_UP(length, PAGE_SIZE);

	if (first % PAGE_SIZE || (length % PAGE_SIZE && !is_last))
		return -EOPNOTSUPP;
	for (i = 0; i < pages; i++) {
		PFN_NUMBER pfn = pfns[first / PAGE_SIZE + i];

		if (!pfn_valid(pfn))
			return -EOPNOTSUPP;
		window->pages[window->count++] = pfn_to_page(pfn);
	}
	return 0;
}

static int collect_pages(struct window *window, PMDL mdl)
{
	u32 skip = window->offset, left = window->length;
	int err = 0;

	for (; mdl && left && !err; mdl = mdl->Next) {
		u32 length;

		if (skip >= mdl->ByteCount) {
			skip -= mdl->ByteCount;
			continue;
		}
		length = min(mdl->ByteCount - skip, left);
		left -= length;
		err = add_piece(window, mdl, skip, length, !left);
		skip = 0;
	}
	return err;
}

static int map_window(struct window *window, PMDL mdl, void **mapping)
{
	int err = -EOPNOTSUPP;

	/* MDLs count pages of 4096 bytes, mappings pages of the kernel. */
	if (PAGE_SIZE != KMCL_PAGE_SIZE)
		return err;
	window->pages = kvcalloc(DIV_ROUND_UP(window->length, PAGE_SIZE), sizeof(*window->pages),
				 GFP_KERNEL);
	if (!window->pages)
		return -ENOMEM;
	err = collect_pages(window, mdl);
	if (!err) {
		*mapping = vmap(window->pages, window->count, VM_MAP, PAGE_KERNEL);
		err = *mapping ? 0 : -ENOMEM;
	}
	kvfree(window->pages);
	return err;
}

static NTSTATUS create_from_mdl(struct kmcl_channel *ch, u32 flags, PMDL mdl,
				struct window *window, u32 *handle)
{
	struct kmcl_gpadl *gpadl;
	void *mapping;
	int err;

	err = map_window(window, mdl, &mapping);
	if (err)
		return status_of(ch, err);
	gpadl = new_gpadl(flags, mapping, window->length);
	if (!gpadl) {
		vunmap(mapping);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	gpadl->mapping = mapping;
	return establish(ch, gpadl, handle);
}

/**
 * VmbChannelCreateGpadlFromMdl() - describe memory given by an MDL chain to the server
 * @Channel: an open client, from inside EvtChannelOpened on
 * @Flags: VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY or 0
 * @Mdl: chain of MDLs; its pages are locked and stay so until the GPADL is deleted, the MDLs
 *	themselves are not needed after the return
 * @StartOffsetWithinMdl: bytes from the start of the described data
 * @DataLengthWithinMdl: bytes; 0: to the end
 * @GpadlHandle: receives the number that names the GPADL
 *
 * The pieces must join on page boundaries, and the first begin on one: hv_vmbus describes one
 * range without an offset.
 *
 * Context: PASSIVE_LEVEL. Sleeps until the host has answered; a rescind ends that.
 * Return: as VmbChannelCreateGpadlFromBuffer(); STATUS_INVALID_PARAMETER also for a window outside
 * the chain.
 *
 * Microsoft: "FN_VMB_CHANNEL_CREATE_GPADL_FROM_MDL callback function".
 */
NTSTATUS VmbChannelCreateGpadlFromMdl(VMBCHANNEL Channel, UINT32 Flags, PMDL Mdl,
				      UINT32 StartOffsetWithinMdl, UINT32 DataLengthWithinMdl,
				      PUINT32 GpadlHandle)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	struct window window = { .offset = StartOffsetWithinMdl };
	NTSTATUS status;
	u64 length;

	if (!ch || ch->is_server)
		return STATUS_INVALID_PARAMETER_1;
	if (Flags & ~VMBUS_CHANNEL_GPADL_FLAGS)
		return STATUS_INVALID_PARAMETER_2;
	if (!Mdl || !GpadlHandle || !chain_length(Mdl, &length) || StartOffsetWithinMdl >= length ||
	    DataLengthWithinMdl > length - StartOffsetWithinMdl)
		return STATUS_INVALID_PARAMETER;
	window.length = DataLengthWithinMdl ?: length - StartOffsetWithinMdl;
	if (!kmcl_connection_hold_new(ch))
		return STATUS_INVALID_DEVICE_STATE;
	status = create_from_mdl(ch, Flags, Mdl, &window, GpadlHandle);
	kmcl_connection_release(ch);
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelCreateGpadlFromMdl);

/* Take a GPADL off the list. The channel stays open for it until kmcl_connection_release(). */
static struct kmcl_gpadl *take(struct kmcl_channel *ch, u32 handle)
{
	struct kmcl_gpadl *gpadl, *found = NULL;

	spin_lock_bh(&ch->lock);
	list_for_each_entry(gpadl, &ch->gpadls.all, link)
		if (gpadl->handle == handle && ch->gpadls.may_delete)
			found = gpadl;
	if (found) {
		list_del(&found->link);
		ch->gpadls.users++;
	}
	spin_unlock_bh(&ch->lock);
	return found;
}

/**
 * VmbChannelDeleteGpadl() - take back what a GPADL describes
 * @Channel: the client that created it
 * @GpadlHandle: the GPADL; unknown ones, and those of a channel that is not open any more, change
 *	nothing, with a warning
 *
 * On return the server can no longer reach the memory. Required for every GPADL inside
 * EvtChannelClosed at the latest.
 *
 * Context: PASSIVE_LEVEL. Sleeps until the server has unmapped the GPADL; a rescind ends that.
 *
 * Microsoft: "FN_VMB_CHANNEL_DELETE_GPADL callback function".
 */
VOID VmbChannelDeleteGpadl(VMBCHANNEL Channel, UINT32 GpadlHandle)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	struct kmcl_gpadl *gpadl;

	if (KMCL_MISUSE(!ch || ch->is_server, "invalid channel"))
		return;
	gpadl = take(ch, GpadlHandle);
	if (KMCL_MISUSE(!gpadl, "unknown GPADL"))
		return;
	withdraw(ch, gpadl);
	kmcl_connection_release(ch);
}
EXPORT_SYMBOL_GPL(VmbChannelDeleteGpadl);
