/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nt.h - what the files of the NT subset share, and what the core may use of it
 *
 * Include after the Linux headers.
 */
#ifndef _KMCL_NT_H
#define _KMCL_NT_H

#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/types.h>

#include "wdm.h"

/* NT counts pages of 4096 bytes whatever the kernel's page size. */
#define KMCL_NT_PAGE_SHIFT	12
#define KMCL_NT_PAGE_SIZE	BIT(KMCL_NT_PAGE_SHIFT)
#define KMCL_NT_PAGES_PER_PAGE	(PAGE_SIZE / KMCL_NT_PAGE_SIZE)

int kmcl_nt_init(void);
void kmcl_nt_exit(void);

/* status.c */
int kmcl_status_to_errno(NTSTATUS status);
NTSTATUS kmcl_errno_to_status(int err);

/* False at DISPATCH_LEVEL, where the function that asks would sleep: each warns once. */
#define kmcl_nt_may_wait(function) ({							\
	bool _at_dispatch = WARN_ONCE(KeGetCurrentIrql() >= DISPATCH_LEVEL,		\
				      "%s at DISPATCH_LEVEL\n", function);		\
	likely(!_at_dispatch);								\
})

/* irql.c: allocation flags that suit the current IRQL */
gfp_t kmcl_nt_gfp(void);

/* what has not been freed */
struct kmcl_nt_usage {
	s64 pool_blocks;
	s64 pool_bytes;
	s64 mdl_pages;
	s64 objects;
};

void kmcl_nt_usage(struct kmcl_nt_usage *usage);
void kmcl_pool_exit(void);

/* pool_tags.c */
struct seq_file;
void kmcl_pool_account(u32 tag, int blocks, s64 bytes);
void kmcl_pool_usage(struct kmcl_nt_usage *all);
void kmcl_pool_show(struct seq_file *m);
void kmcl_pool_tell_leaks(void);

/* mdl_pages.c: Linux pages that MmAllocatePagesForMdlEx has handed out */
s64 kmcl_mdl_pages_out(void);

/* mdl.c: does the MDL describe pages that may be used? */
bool kmcl_mdl_has_pages(const MDL *mdl);
void kmcl_mdl_exit(void);

/* time.c */
#define KMCL_NT_EPOCH_100NS	116444736000000000LL	/* 1601-01-01 to 1970-01-01 */

enum kmcl_clock {
	KMCL_CLOCK_MONOTONIC,
	KMCL_CLOCK_REALTIME,
	KMCL_CLOCKS
};

ktime_t kmcl_nt_expiry(LONGLONG due, enum kmcl_clock *clock);

/*
 * timeout.c: one queue a clock, for timers and timed waits. A timeout fires once, in hard interrupt
 * context, with the dispatcher lock held.
 */
struct kmcl_timeout {
	struct timerqueue_node node;
	void (*fire)(struct kmcl_timeout *timeout);
	u8 clock;
	u8 queued;
};

void kmcl_timeout_start(struct kmcl_timeout *timeout, enum kmcl_clock clock, ktime_t expires);
bool kmcl_timeout_cancel(struct kmcl_timeout *timeout);
ktime_t kmcl_clock_now(enum kmcl_clock clock);
void kmcl_timeout_init(void);
void kmcl_timeout_exit(void);

/*
 * dispatcher.c: one lock guards the state and the waiters of all dispatcher objects, so that a wait
 * for all of several objects can take them at once. It is a raw lock with interrupts off: objects
 * are signalled from any context.
 */
enum kmcl_object_type {		/* Windows' numbers */
	KMCL_EVENT_NOTIFICATION		= 0,
	KMCL_EVENT_SYNCHRONIZATION	= 1,
	KMCL_MUTANT			= 2,
	KMCL_SEMAPHORE			= 5,
	KMCL_THREAD			= 6,
	KMCL_TIMER_NOTIFICATION		= 8,
	KMCL_TIMER_SYNCHRONIZATION	= 9,
};

#define KMCL_DISPATCHER_MAGIC	0xd5

extern raw_spinlock_t kmcl_dispatcher_lock;

void kmcl_dispatcher_setup(PDISPATCHER_HEADER header, enum kmcl_object_type type, size_t size,
			   LONG state);
bool kmcl_dispatcher_valid(const DISPATCHER_HEADER *header);
void kmcl_dispatcher_signal(PDISPATCHER_HEADER header);	/* lock held, SignalState already set */

/* dpc.c */
bool kmcl_dpc_queue(PKDPC dpc, PVOID argument1, PVOID argument2);
void kmcl_dpc_init(void);
void kmcl_dpc_exit(void);

/* object.c: reference-counted objects that handles name; the driver sees the address of the body */
struct _OBJECT_TYPE {
	const char *name;
	void (*destroy)(void *body);	/* up to DISPATCH_LEVEL; ends in kmcl_object_free */
};

bool kmcl_object_is(const void *body, POBJECT_TYPE type);
void *kmcl_object_alloc(POBJECT_TYPE type, size_t body_size);
void kmcl_object_free(void *body);
NTSTATUS kmcl_handle_create(void *body, HANDLE *handle);
s64 kmcl_objects_out(void);

/* thread.c */
int kmcl_thread_init(void);
void kmcl_thread_exit(void);

/* device.c */
bool kmcl_device_valid(PDEVICE_OBJECT object);
void kmcl_device_set_node(PDEVICE_OBJECT pdo, void *node);
void *kmcl_device_node(PDEVICE_OBJECT object, bool (*get)(void *node));
void kmcl_devices_end(PDRIVER_OBJECT driver);

/* irp.c */
NTSTATUS kmcl_irp_unhandled(PDEVICE_OBJECT device, PIRP irp);
NTSTATUS kmcl_irp_send_pnp(PDEVICE_OBJECT device, UCHAR minor);

/* ../pnp.c: a driver's devices, from DriverEntry to DriverUnload */
struct hv_vmbus_device_id;
struct kmcl_pnp_driver;
struct kmcl_pnp_driver *kmcl_pnp_register(PDRIVER_OBJECT object,
					  const struct hv_vmbus_device_id *ids);
void kmcl_pnp_unregister(struct kmcl_pnp_driver *driver);

/* ../local/mmio.c: for MmMapIoSpace() */
void *kmcl_local_mmio_at(u64 address, u64 size);

/* wdf_object.c, wdf_driver.c */
int kmcl_wdf_init(void);
void kmcl_wdf_exit(void);
void kmcl_wdf_end(PDRIVER_OBJECT wdm);

/* workitem.c, driver.c */
void kmcl_driver_work_begin(PDRIVER_OBJECT driver);
void kmcl_driver_work_end(PDRIVER_OBJECT driver);
struct work_struct;
void kmcl_workitem_queue(struct work_struct *work);
int kmcl_workitem_init(void);
void kmcl_workitem_exit(void);

#endif /* _KMCL_NT_H */
