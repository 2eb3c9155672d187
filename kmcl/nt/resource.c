// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader/writer locks (ERESOURCE). Both kinds of owner may nest; a writer may also read. One lock
 * and one queue of waiters serve all of them: drivers have few, and hold them long.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "nt.h"

#define RESOURCE_MAGIC	0x63736572	/* "resc" */

static DEFINE_SPINLOCK(resources);
static DECLARE_WAIT_QUEUE_HEAD(released);

static bool resource_valid(PERESOURCE resource)
{
	return !WARN_ONCE(resource->Magic != RESOURCE_MAGIC, "not an initialised resource\n");
}

/**
 * ExInitializeResourceLite() - initialise a resource, free
 * @Resource: storage, nonpaged
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS.
 *
 * Microsoft: "ExInitializeResourceLite function (wdm.h)".
 */
NTSTATUS ExInitializeResourceLite(PERESOURCE Resource)
{
	memset(Resource, 0, sizeof(*Resource));
	Resource->Magic = RESOURCE_MAGIC;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ExInitializeResourceLite);

/**
 * ExDeleteResourceLite() - end a resource
 * @Resource: free; one that somebody has warns once
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS.
 *
 * Microsoft: "ExDeleteResourceLite function (wdm.h)".
 */
NTSTATUS ExDeleteResourceLite(PERESOURCE Resource)
{
	if (!resource_valid(Resource))
		return STATUS_SUCCESS;
	WARN_ONCE(Resource->OwnerThread || Resource->Readers, "%s: in use\n", __func__);
	Resource->Magic = 0;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ExDeleteResourceLite);

static bool try_write(PERESOURCE resource)
{
	bool got;

	spin_lock_bh(&resources);
	got = resource->OwnerThread == current ||
	      (!resource->OwnerThread && !resource->Readers);
	if (got) {
		resource->OwnerThread = current;
		resource->Depth++;
	}
	spin_unlock_bh(&resources);
	return got;
}

static bool try_read(PERESOURCE resource)
{
	bool got = true;

	spin_lock_bh(&resources);
	if (resource->OwnerThread == current)
		resource->Depth++;
	else if (!resource->OwnerThread)
		resource->Readers++;
	else
		got = false;
	spin_unlock_bh(&resources);
	return got;
}

/**
 * ExAcquireResourceExclusiveLite() - have a resource alone
 * @Resource: the resource; its writer may have it again, a reader waits for ever
 * @Wait: FALSE: do not wait
 *
 * IRQL: <= APC_LEVEL. A wait at DISPATCH_LEVEL warns once and fails.
 *
 * Return: TRUE if the caller has it.
 *
 * Microsoft: "ExAcquireResourceExclusiveLite function (wdm.h)".
 */
BOOLEAN ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait)
{
	if (!resource_valid(Resource))
		return FALSE;
	if (try_write(Resource))
		return TRUE;
	if (!Wait)
		return FALSE;
	if (!kmcl_nt_may_wait(__func__))
		return FALSE;
	wait_event(released, try_write(Resource));
	return TRUE;
}
EXPORT_SYMBOL_GPL(ExAcquireResourceExclusiveLite);

/**
 * ExAcquireResourceSharedLite() - have a resource with other readers
 * @Resource: the resource; its writer has it alone once more
 * @Wait: FALSE: do not wait
 *
 * A writer that waits does not keep readers out, so that readers may nest.
 *
 * IRQL: <= APC_LEVEL. A wait at DISPATCH_LEVEL warns once and fails.
 *
 * Return: TRUE if the caller has it.
 *
 * Microsoft: "ExAcquireResourceSharedLite function (wdm.h)".
 */
BOOLEAN ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait)
{
	if (!resource_valid(Resource))
		return FALSE;
	if (try_read(Resource))
		return TRUE;
	if (!Wait)
		return FALSE;
	if (!kmcl_nt_may_wait(__func__))
		return FALSE;
	wait_event(released, try_read(Resource));
	return TRUE;
}
EXPORT_SYMBOL_GPL(ExAcquireResourceSharedLite);

/* Return: false if nobody has it. Under the lock. */
static bool release(PERESOURCE resource)
{
	if (resource->OwnerThread == current) {
		if (!--resource->Depth)
			resource->OwnerThread = NULL;
		return true;
	}
	if (!resource->Readers)
		return false;
	resource->Readers--;
	return true;
}

/**
 * ExReleaseResourceLite() - give a resource back
 * @Resource: the resource; one that the caller cannot have warns once
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExReleaseResourceLite function (wdm.h)".
 */
VOID ExReleaseResourceLite(PERESOURCE Resource)
{
	bool had;

	if (!resource_valid(Resource))
		return;
	spin_lock_bh(&resources);
	had = release(Resource);
	spin_unlock_bh(&resources);
	WARN_ONCE(!had, "%s: nobody has it\n", __func__);
	wake_up_all(&released);
}
EXPORT_SYMBOL_GPL(ExReleaseResourceLite);

/**
 * ExConvertExclusiveToSharedLite() - let other readers in
 * @Resource: had alone by the caller, once
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "ExConvertExclusiveToSharedLite function (wdm.h)".
 */
VOID ExConvertExclusiveToSharedLite(PERESOURCE Resource)
{
	bool mine;

	if (!resource_valid(Resource))
		return;
	spin_lock_bh(&resources);
	mine = Resource->OwnerThread == current;
	if (mine) {
		Resource->OwnerThread = NULL;
		Resource->Readers = Resource->Depth;
		Resource->Depth = 0;
	}
	spin_unlock_bh(&resources);
	WARN_ONCE(!mine, "%s: the caller is not the owner\n", __func__);
	wake_up_all(&released);
}
EXPORT_SYMBOL_GPL(ExConvertExclusiveToSharedLite);

/**
 * ExIsResourceAcquiredExclusiveLite() - does the caller have a resource alone?
 * @Resource: the resource
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: TRUE if it does.
 *
 * Microsoft: "ExIsResourceAcquiredExclusiveLite function (wdm.h)".
 */
BOOLEAN ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource)
{
	return READ_ONCE(Resource->OwnerThread) == current;
}
EXPORT_SYMBOL_GPL(ExIsResourceAcquiredExclusiveLite);
