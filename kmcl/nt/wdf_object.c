// SPDX-License-Identifier: GPL-2.0-only
/*
 * KMDF objects: a tree, whose root is the driver. Deleting one deletes what is below it: nothing of
 * it runs any more, then its children go, then its cleanup callback is called, then destroy.
 *
 * Whoever sets @going deletes the object. It stays in its parent's list until nothing of the driver
 * is called for it any more, and the parent waits for that.
 */

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "nt.h"
#include "wdf_object.h"

#define WDF_MAGIC	0x6a626f57	/* "Wobj" */

static DEFINE_SPINLOCK(tree);		/* covers @going, @children, @sibling; interrupts off */
static DECLARE_WAIT_QUEUE_HEAD(gone);
static struct workqueue_struct *deletions;

/**
 * kmcl_wdf_object() - the object behind a handle
 * @handle: any WDF handle
 * @type: what it has to be, or NULL
 *
 * Return: the object; NULL, with one warning in the log, if it is none or of another type.
 */
struct wdf_object *kmcl_wdf_object(WDFOBJECT handle, const struct wdf_type *type)
{
	struct wdf_object *object = handle;

	if (WARN_ONCE(!object || object->magic != WDF_MAGIC || (type && object->type != type),
		      "not a WDF %s\n", type ? type->name : "object"))
		return NULL;
	return object;
}

static bool add_to(struct wdf_object *parent, struct wdf_object *object)
{
	unsigned long flags;
	bool added;

	spin_lock_irqsave(&tree, flags);
	added = !parent->going;
	if (added)
		list_add_tail(&object->sibling, &parent->children);
	spin_unlock_irqrestore(&tree, flags);
	return added;
}

static void free_object(struct wdf_object *object)
{
	object->magic = 0;
	kfree(object->context);
	kfree(object);
}

static void delete_later(struct work_struct *work);

static struct wdf_object *new_object(const struct wdf_type *type, PWDF_OBJECT_ATTRIBUTES attributes)
{
	struct wdf_object *object = kzalloc(type->size, kmcl_nt_gfp());

	if (!object)
		return NULL;
	object->magic = WDF_MAGIC;
	object->type = type;
	INIT_LIST_HEAD(&object->children);
	INIT_LIST_HEAD(&object->sibling);
	INIT_WORK(&object->deletion, delete_later);
	if (!attributes)
		return object;
	object->cleanup = attributes->EvtCleanupCallback;
	object->destroy = attributes->EvtDestroyCallback;
	object->info = attributes->ContextTypeInfo;
	if (!object->info)
		return object;
	object->context = kzalloc(object->info->ContextSize, kmcl_nt_gfp());
	if (object->context)
		return object;
	free_object(object);
	return NULL;
}

/**
 * kmcl_wdf_create() - make an object
 * @type: its type
 * @attributes: context, callbacks, parent; or NULL
 * @parent: the parent if the attributes name none; or NULL
 * @config: for the type's init()
 * @object: set on success
 *
 * The object is whole before its parent has it, whose deletion may take it along at once.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_HANDLE the parent is no object; STATUS_DELETE_PENDING it
 * is going; STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS kmcl_wdf_create(const struct wdf_type *type, PWDF_OBJECT_ATTRIBUTES attributes,
			 struct wdf_object *parent, const void *config,
			 struct wdf_object **object)
{
	struct wdf_object *new;

	if (attributes && attributes->ParentObject) {
		parent = kmcl_wdf_object(attributes->ParentObject, NULL);
		if (!parent)
			return STATUS_INVALID_HANDLE;
	}
	new = new_object(type, attributes);
	if (!new)
		return STATUS_INSUFFICIENT_RESOURCES;
	new->parent = parent;
	if (type->init)
		type->init(new, config);
	if (parent && !add_to(parent, new)) {
		free_object(new);
		return STATUS_DELETE_PENDING;
	}
	*object = new;
	return STATUS_SUCCESS;
}

/* True for the one caller who then has to delete it. */
static bool claim(struct wdf_object *object)
{
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&tree, flags);
	mine = !object->going;
	object->going = true;
	spin_unlock_irqrestore(&tree, flags);
	return mine;
}

/* The youngest first, as they may use the older ones. */
static struct wdf_object *claim_child(struct wdf_object *object)
{
	struct wdf_object *child, *found = NULL;

	spin_lock_irq(&tree);
	list_for_each_entry_reverse(child, &object->children, sibling) {
		if (!child->going) {
			child->going = true;
			found = child;
			break;
		}
	}
	spin_unlock_irq(&tree);
	return found;
}

static void leave_parent(struct wdf_object *object)
{
	spin_lock_irq(&tree);
	list_del_init(&object->sibling);
	wake_up_all(&gone);
	spin_unlock_irq(&tree);
}

static bool is_childless(struct wdf_object *object)
{
	bool childless;

	spin_lock_irq(&tree);
	childless = list_empty(&object->children);
	spin_unlock_irq(&tree);
	return childless;
}

/* Of an object that the caller has claimed. */
static void delete(struct wdf_object *object)
{
	struct wdf_object *child;

	if (object->type->stop)
		object->type->stop(object);
	while ((child = claim_child(object)))
		delete(child);
	wait_event(gone, is_childless(object));
	if (object->cleanup)
		object->cleanup(object);
	if (object->type->end)
		object->type->end(object);
	if (object->destroy)
		object->destroy(object);
	leave_parent(object);
	free_object(object);
}

static void delete_later(struct work_struct *work)
{
	delete(container_of(work, struct wdf_object, deletion));
}

/**
 * kmcl_wdf_delete() - delete an object and what is below it
 * @object: the object
 */
void kmcl_wdf_delete(struct wdf_object *object)
{
	if (claim(object))
		delete(object);
}

/**
 * kmcl_wdf_forget() - free an object that could not be made after all
 * @object: without children; its callbacks are not called
 */
void kmcl_wdf_forget(struct wdf_object *object)
{
	leave_parent(object);
	free_object(object);
}

/**
 * WdfObjectDelete() - delete an object and what is below it
 * @Object: a lock, timer or work item; devices and drivers go by themselves
 *
 * Nothing happens if it is going already, as a work item that deletes itself may be with its
 * parent. Nothing of the object runs when its cleanup callback is called; a work item that is
 * queued runs before. Above PASSIVE_LEVEL and in the routine of a work item, which may delete
 * itself, the callbacks come later, on a thread of their own, and before those of the parent.
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "WdfObjectDelete function (wdfobject.h)".
 */
VOID WdfObjectDelete(WDFOBJECT Object)
{
	struct wdf_object *object = kmcl_wdf_object(Object, NULL);

	if (!object)
		return;
	if (WARN_ONCE(!object->type->deletable, "%s: a %s\n", __func__, object->type->name))
		return;
	if (!claim(object))
		return;
	if (KeGetCurrentIrql() > PASSIVE_LEVEL || kmcl_wdf_in_work_item())
		queue_work(deletions, &object->deletion);
	else
		delete(object);
}
EXPORT_SYMBOL_GPL(WdfObjectDelete);

/**
 * WdfObjectGetTypedContextWorker() - an object's context
 * @Handle: the object
 * @TypeInfo: of the context, by WDF_DECLARE_CONTEXT_TYPE
 *
 * IRQL: any.
 *
 * Return: the context, zeroed when it was made; NULL if the object has none of this type.
 *
 * Microsoft: "WdfObjectGetTypedContextWorker function (wdfobject.h)".
 */
PVOID WdfObjectGetTypedContextWorker(WDFOBJECT Handle, PCWDF_OBJECT_CONTEXT_TYPE_INFO TypeInfo)
{
	struct wdf_object *object = kmcl_wdf_object(Handle, NULL);

	if (!object || !object->info)
		return NULL;
	/* Each source file has an information of its own. */
	if (object->info->ContextSize != TypeInfo->ContextSize ||
	    strcmp(object->info->ContextName, TypeInfo->ContextName))
		return NULL;
	return object->context;
}
EXPORT_SYMBOL_GPL(WdfObjectGetTypedContextWorker);

int kmcl_wdf_init(void)
{
	deletions = alloc_workqueue("kmcl_wdf", WQ_UNBOUND, 0);
	return deletions ? 0 : -ENOMEM;
}

void kmcl_wdf_exit(void)
{
	destroy_workqueue(deletions);
}
