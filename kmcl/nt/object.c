// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reference-counted objects and the handles that name them. A driver sees the address of an
 * object's body.
 */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "nt.h"

#define OBJECT_MAGIC	0x6a626f6b	/* "kobj" */
/* Bit 31 as in Windows' kernel handles; the two low bits are always 0. */
#define HANDLE_KERNEL	0x80000000U
#define HANDLE_MAX	((HANDLE_KERNEL >> 2) - 1)

struct object {
	u32 magic;
	refcount_t refs;
	POBJECT_TYPE type;
	u8 body[] __aligned(16);
};

static DEFINE_XARRAY_ALLOC1(handles);
static atomic64_t objects_out;

static struct object *to_object(void *body)
{
	struct object *object = container_of(body, struct object, body);

	if (WARN_ONCE(object->magic != OBJECT_MAGIC, "%p is not an object\n", body))
		return NULL;
	return object;
}

/**
 * kmcl_object_is() - is this an object of a type?
 * @body: any pointer to memory
 * @type: the type
 *
 * Return: true if it is, as far as the memory tells.
 */
bool kmcl_object_is(const void *body, POBJECT_TYPE type)
{
	const struct object *object = container_of(body, struct object, body);

	return object->magic == OBJECT_MAGIC && object->type == type;
}

/**
 * kmcl_objects_out() - objects that exist
 *
 * Return: their number.
 */
s64 kmcl_objects_out(void)
{
	return atomic64_read(&objects_out);
}

/**
 * kmcl_object_alloc() - allocate an object with one reference
 * @type: its type
 * @body_size: bytes of the body, zeroed
 *
 * Return: the body or NULL.
 */
void *kmcl_object_alloc(POBJECT_TYPE type, size_t body_size)
{
	struct object *object = kzalloc(sizeof(*object) + body_size, kmcl_nt_gfp());

	if (!object)
		return NULL;
	object->magic = OBJECT_MAGIC;
	object->type = type;
	refcount_set(&object->refs, 1);
	atomic64_inc(&objects_out);
	return object->body;
}

/**
 * kmcl_object_free() - free an object, at the end of its type's destroy
 * @body: its body
 */
void kmcl_object_free(void *body)
{
	struct object *object = container_of(body, struct object, body);

	object->magic = 0;
	kfree(object);
	atomic64_dec(&objects_out);
}

/**
 * kmcl_handle_create() - make a handle for an object
 * @body: the object; the handle takes a reference of its own
 * @handle: set to the handle, which ZwClose() closes
 *
 * Return: STATUS_SUCCESS or STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS kmcl_handle_create(void *body, HANDLE *handle)
{
	u32 id;

	ObReferenceObject(body);
	if (xa_alloc(&handles, &id, body, XA_LIMIT(1, HANDLE_MAX), kmcl_nt_gfp())) {
		ObDereferenceObject(body);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	*handle = LongToPtr(HANDLE_KERNEL | (id << 2));
	return STATUS_SUCCESS;
}

/* 0 for what cannot be a handle of ours. */
static u32 handle_id(HANDLE handle)
{
	u32 low = PtrToUlong(handle);

	if (handle != LongToPtr(low) || !(low & HANDLE_KERNEL) || low & 3)
		return 0;
	return (low & ~HANDLE_KERNEL) >> 2;
}

/**
 * ObReferenceObjectByHandle() - the object that a handle names
 * @Handle: the handle
 * @DesiredAccess: not checked: all handles are the kernel's
 * @ObjectType: the type that the object must have, or NULL
 * @AccessMode: ignored
 * @Object: set to the object; the caller drops the reference by ObDereferenceObject()
 * @HandleInformation: if not NULL, filled in
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH.
 *
 * Microsoft: "ObReferenceObjectByHandle function (wdm.h)".
 */
NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
				   POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
				   PVOID *Object, POBJECT_HANDLE_INFORMATION HandleInformation)
{
	u32 id = handle_id(Handle);
	struct object *object;
	void *body;

	*Object = NULL;
	/* The lock keeps ZwClose() from dropping the handle's reference before ours is taken. */
	xa_lock(&handles);
	body = id ? xa_load(&handles, id) : NULL;
	if (body)
		ObReferenceObject(body);
	xa_unlock(&handles);
	if (!body)
		return STATUS_INVALID_HANDLE;
	object = container_of(body, struct object, body);
	if (ObjectType && object->type != ObjectType) {
		ObDereferenceObject(body);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	if (HandleInformation) {
		HandleInformation->HandleAttributes = OBJ_KERNEL_HANDLE;
		HandleInformation->GrantedAccess = DesiredAccess;
	}
	*Object = body;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ObReferenceObjectByHandle);

/**
 * ObfReferenceObject() - take a reference; ObReferenceObject() is this
 * @Object: an object that the caller has a reference or handle to
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the number of references, for debugging only.
 *
 * Microsoft: "ObReferenceObject macro (wdm.h)".
 */
LONG_PTR ObfReferenceObject(PVOID Object)
{
	struct object *object = to_object(Object);

	if (!object)
		return 0;
	refcount_inc(&object->refs);
	return refcount_read(&object->refs);
}
EXPORT_SYMBOL_GPL(ObfReferenceObject);

/**
 * ObfDereferenceObject() - drop a reference; ObDereferenceObject() is this
 * @Object: the object
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: 0 if that was the last, else nonzero.
 *
 * Microsoft: "ObDereferenceObject macro (wdm.h)".
 */
LONG_PTR ObfDereferenceObject(PVOID Object)
{
	struct object *object = to_object(Object);

	if (!object)
		return 0;
	if (!refcount_dec_and_test(&object->refs))
		return 1;	/* at least; the true number may be gone by now */
	object->type->destroy(object->body);
	return 0;
}
EXPORT_SYMBOL_GPL(ObfDereferenceObject);

/**
 * ZwClose() - close a handle
 * @Handle: from PsCreateSystemThread()
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS or STATUS_INVALID_HANDLE.
 *
 * Microsoft: "ZwClose function (wdm.h)".
 */
NTSTATUS ZwClose(HANDLE Handle)
{
	u32 id = handle_id(Handle);
	void *body = id ? xa_erase(&handles, id) : NULL;

	if (!body)
		return STATUS_INVALID_HANDLE;
	ObDereferenceObject(body);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ZwClose);
