/* SPDX-License-Identifier: GPL-2.0-only */
/* What the objects of KMDF have in common. Include after the Linux headers and nt.h. */
#ifndef _KMCL_WDF_OBJECT_H
#define _KMCL_WDF_OBJECT_H

#include <linux/list.h>
#include <linux/workqueue.h>

#include "wdf.h"

struct wdf_object;

struct wdf_type {
	const char *name;
	size_t size;
	bool deletable;
	void (*init)(struct wdf_object *object, const void *config);	/* or NULL */
	void (*stop)(struct wdf_object *object);	/* nothing of it runs afterwards */
	void (*end)(struct wdf_object *object);		/* its children are gone, cleanup has run */
};

/* First in each object. */
struct wdf_object {
	u32 magic;
	bool going;			/* somebody deletes it */
	const struct wdf_type *type;
	struct wdf_object *parent;
	struct list_head children;
	struct list_head sibling;
	struct work_struct deletion;	/* where the caller may not wait */
	PFN_WDF_OBJECT_CONTEXT_CLEANUP cleanup;
	PFN_WDF_OBJECT_CONTEXT_DESTROY destroy;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO info;
	void *context;
};

struct wdf_object *kmcl_wdf_object(WDFOBJECT handle, const struct wdf_type *type);
NTSTATUS kmcl_wdf_create(const struct wdf_type *type, PWDF_OBJECT_ATTRIBUTES attributes,
			 struct wdf_object *parent, const void *config,
			 struct wdf_object **object);
void kmcl_wdf_delete(struct wdf_object *object);
void kmcl_wdf_forget(struct wdf_object *object);

/* wdf_sync.c: is the caller the routine of a work item? */
bool kmcl_wdf_in_work_item(void);

#endif
