// SPDX-License-Identifier: GPL-2.0-only
/*
 * System threads. The thread object is a dispatcher object that is signalled when the thread ends.
 * That happens a little before the kernel thread is gone, so its last reference is dropped by a
 * worker that waits for that: when this module can be removed, no thread is in its code.
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../probe/compat.h"
#include "nt.h"

struct _ETHREAD {
	DISPATCHER_HEADER Header;	/* first: the object is what a driver waits for */
	struct task_struct *task;
	PKSTART_ROUTINE start;
	PVOID context;
	struct list_head link;
	struct work_struct reap;
};

static void thread_destroy(void *body);

static struct _OBJECT_TYPE thread_type = {
	.name = "Thread",
	.destroy = thread_destroy,
};

static POBJECT_TYPE thread_type_pointer = &thread_type;

/* The object type to give to ObReferenceObjectByHandle(), as *PsThreadType. */
POBJECT_TYPE *PsThreadType = &thread_type_pointer;
EXPORT_SYMBOL_GPL(PsThreadType);

static LIST_HEAD(threads);
static DEFINE_SPINLOCK(threads_lock);
static struct workqueue_struct *reaper;

static void thread_reap(struct work_struct *work)
{
	struct _ETHREAD *thread = container_of(work, struct _ETHREAD, reap);

	/* It ends without being told: this only waits. */
	kthread_stop(thread->task);
	put_task_struct(thread->task);
	ObDereferenceObject(thread);
}

static void thread_destroy(void *body)
{
	kmcl_object_free(body);
}

static struct _ETHREAD *find_current(void)
{
	struct _ETHREAD *found = NULL;
	struct list_head *link;

	spin_lock(&threads_lock);
	list_for_each(link, &threads) {
		struct _ETHREAD *thread = list_entry(link, struct _ETHREAD, link);

		if (thread->task == current)
			found = thread;
	}
	spin_unlock(&threads_lock);
	return found;
}

/*
 * Ends the object's part of the thread; the caller ends the thread. The thread's reference goes to
 * the reaper, before anybody can learn of the end: the module stays until the reaper has seen the
 * thread out of its code.
 */
static void thread_finish(struct _ETHREAD *thread)
{
	unsigned long flags;

	queue_work(reaper, &thread->reap);
	spin_lock(&threads_lock);
	list_del(&thread->link);
	spin_unlock(&threads_lock);

	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	thread->Header.SignalState = 1;
	kmcl_dispatcher_signal(&thread->Header);
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
}

static int thread_main(void *data)
{
	struct _ETHREAD *thread = data;

	thread->start(thread->context);
	thread_finish(thread);
	return 0;
}

/**
 * PsCreateSystemThread() - create a kernel thread
 * @ThreadHandle: set to a handle, which the caller closes by ZwClose()
 * @DesiredAccess: ignored
 * @ObjectAttributes: ignored
 * @ProcessHandle: NULL
 * @ClientId: if not NULL, UniqueThread is set to the Linux thread id
 * @StartRoutine: runs in the thread; when it returns the thread ends, as by
 *	    PsTerminateSystemThread()
 * @StartContext: given to the routine
 *
 * The thread is named after its start routine. A driver waits for the end of its threads before it
 * unloads: get the thread object by ObReferenceObjectByHandle() and wait for it.
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_4 for a process handle;
 * STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "PsCreateSystemThread function (wdm.h)".
 */
NTSTATUS PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess,
			      POBJECT_ATTRIBUTES ObjectAttributes,
			      HANDLE ProcessHandle, PCLIENT_ID ClientId,
			      PKSTART_ROUTINE StartRoutine, PVOID StartContext)
{
	struct _ETHREAD *thread;
	NTSTATUS status;

	if (ProcessHandle)
		return STATUS_INVALID_PARAMETER_4;
	if (!kmcl_nt_may_wait(__func__))
		return STATUS_INVALID_DEVICE_REQUEST;
	thread = kmcl_object_alloc(&thread_type, sizeof(*thread));
	if (!thread)
		return STATUS_INSUFFICIENT_RESOURCES;
	kmcl_dispatcher_setup(&thread->Header, KMCL_THREAD, sizeof(*thread), 0);
	thread->start = StartRoutine;
	thread->context = StartContext;
	INIT_WORK(&thread->reap, thread_reap);
	thread->task = kthread_create(thread_main, thread, "%ps", StartRoutine);
	if (IS_ERR(thread->task)) {
		status = kmcl_errno_to_status(PTR_ERR(thread->task));
		kmcl_object_free(thread);
		return status;
	}
	get_task_struct(thread->task);

	/* The first reference is the thread's. */
	status = kmcl_handle_create(thread, ThreadHandle);
	if (!NT_SUCCESS(status)) {
		/* A thread that was never woken ends without calling thread_main(). */
		kthread_stop(thread->task);
		put_task_struct(thread->task);
		kmcl_object_free(thread);
		return status;
	}
	if (ClientId) {
		ClientId->UniqueProcess = NULL;
		ClientId->UniqueThread = ULongToPtr(thread->task->pid);
	}
	spin_lock(&threads_lock);
	list_add(&thread->link, &threads);
	spin_unlock(&threads_lock);
	wake_up_process(thread->task);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(PsCreateSystemThread);

/**
 * PsTerminateSystemThread() - end the current thread
 * @ExitStatus: not kept: nothing here can ask for it
 *
 * Does not return in a thread of PsCreateSystemThread().
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_INVALID_PARAMETER in any other thread.
 *
 * Microsoft: "PsTerminateSystemThread function (wdm.h)".
 */
NTSTATUS PsTerminateSystemThread(NTSTATUS ExitStatus)
{
	struct _ETHREAD *thread = find_current();

	if (!thread)
		return STATUS_INVALID_PARAMETER;
	thread_finish(thread);
	kmcl_kthread_exit();
}
EXPORT_SYMBOL_GPL(PsTerminateSystemThread);

int kmcl_thread_init(void)
{
	reaper = alloc_workqueue("kmcl_reaper", WQ_UNBOUND, 0);
	return reaper ? 0 : -ENOMEM;
}

void kmcl_thread_exit(void)
{
	WARN_ONCE(!list_empty(&threads), "a system thread is still running\n");
	destroy_workqueue(reaper);
}
