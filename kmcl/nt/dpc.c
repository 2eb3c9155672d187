// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deferred procedure calls: a queue and a tasklet a CPU. A DPC runs on, or after, the CPU that
 * queued it.
 */

#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "nt.h"

#define DPC_MAGIC	0x13	/* Windows' DpcObject */
#define DPC_WEIGHT	64	/* so many in a row, then others get their turn */

struct dpc_queue {
	raw_spinlock_t lock;
	LIST_ENTRY list;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct dpc_queue, dpc_queues);

/* KDPC.DpcData is the queue that the DPC is in, or NULL. */
static bool enqueue(struct dpc_queue *queue, PKDPC dpc, PVOID argument1, PVOID argument2)
{
	unsigned long flags;
	bool queued;

	raw_spin_lock_irqsave(&queue->lock, flags);
	queued = !cmpxchg(&dpc->DpcData, NULL, queue);
	if (queued) {
		dpc->SystemArgument1 = argument1;
		dpc->SystemArgument2 = argument2;
		InsertTailList(&queue->list, &dpc->DpcListEntry);
		tasklet_schedule(&queue->tasklet);
	}
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	return queued;
}

/**
 * kmcl_dpc_queue() - queue a DPC on this CPU
 * @dpc: the DPC
 * @argument1: given to the routine
 * @argument2: given to the routine
 *
 * Return: false if it was in a queue already; nothing is changed then.
 */
bool kmcl_dpc_queue(PKDPC dpc, PVOID argument1, PVOID argument2)
{
	return enqueue(raw_cpu_ptr(&dpc_queues), dpc, argument1, argument2);
}

static bool dpc_valid(const KDPC *dpc)
{
	return !WARN_ONCE(dpc->Type != DPC_MAGIC, "not an initialised DPC\n");
}

/*
 * Takes a DPC out of its queue: from then on its memory is the driver's, who may free it in the
 * routine.
 */
static PKDPC dequeue(struct dpc_queue *queue, PKDPC copy)
{
	PKDPC dpc = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&queue->lock, flags);
	if (!IsListEmpty(&queue->list)) {
		dpc = CONTAINING_RECORD(RemoveHeadList(&queue->list), KDPC, DpcListEntry);
		*copy = *dpc;
		/* Whoever sees it free to be queued again sees the copy made. */
		smp_store_release(&dpc->DpcData, NULL);
	}
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	return dpc;
}

static void run_queue(struct tasklet_struct *tasklet)
{
	struct dpc_queue *queue = container_of(tasklet, struct dpc_queue, tasklet);
	unsigned int budget = DPC_WEIGHT;
	KDPC copy;
	PKDPC dpc;

	while (budget-- && (dpc = dequeue(queue, &copy)))
		copy.DeferredRoutine(dpc, copy.DeferredContext, copy.SystemArgument1,
				     copy.SystemArgument2);
	if (!IsListEmpty(&queue->list))
		tasklet_schedule(tasklet);
}

/**
 * KeInitializeDpc() - initialise a DPC
 * @Dpc: storage, nonpaged
 * @DeferredRoutine: called at DISPATCH_LEVEL
 * @DeferredContext: given to the routine
 *
 * IRQL: any.
 *
 * Microsoft: "KeInitializeDpc function (wdm.h)".
 */
VOID KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
	memset(Dpc, 0, sizeof(*Dpc));
	Dpc->Type = DPC_MAGIC;
	Dpc->DeferredRoutine = DeferredRoutine;
	Dpc->DeferredContext = DeferredContext;
}
EXPORT_SYMBOL_GPL(KeInitializeDpc);

/**
 * KeInsertQueueDpc() - queue a DPC
 * @Dpc: the DPC
 * @SystemArgument1: given to the routine
 * @SystemArgument2: given to the routine
 *
 * IRQL: any.
 *
 * Return: TRUE; FALSE if it was queued already, and then the arguments are those of the first call.
 *
 * Microsoft: "KeInsertQueueDpc function (wdm.h)".
 */
BOOLEAN KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
	return dpc_valid(Dpc) && kmcl_dpc_queue(Dpc, SystemArgument1, SystemArgument2);
}
EXPORT_SYMBOL_GPL(KeInsertQueueDpc);

/**
 * KeRemoveQueueDpc() - take a DPC out of its queue
 * @Dpc: the DPC
 *
 * IRQL: any.
 *
 * Return: TRUE if it was queued; it may be running otherwise.
 *
 * Microsoft: "KeRemoveQueueDpc function (wdm.h)".
 */
BOOLEAN KeRemoveQueueDpc(PRKDPC Dpc)
{
	struct dpc_queue *queue = READ_ONCE(Dpc->DpcData);
	unsigned long flags;
	bool removed;

	if (!queue)
		return FALSE;
	raw_spin_lock_irqsave(&queue->lock, flags);
	removed = Dpc->DpcData == queue;
	if (removed) {
		RemoveEntryList(&Dpc->DpcListEntry);
		Dpc->DpcData = NULL;
	}
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	return removed;
}
EXPORT_SYMBOL_GPL(KeRemoveQueueDpc);

static VOID flushed(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	complete(context);
}

static bool idle(struct dpc_queue *queue)
{
	unsigned long flags;
	bool idle;

	raw_spin_lock_irqsave(&queue->lock, flags);
	idle = IsListEmpty(&queue->list) && !READ_ONCE(queue->tasklet.state);
	raw_spin_unlock_irqrestore(&queue->lock, flags);
	return idle;
}

/**
 * KeFlushQueuedDpcs() - wait until the DPCs that are queued now have run, on all CPUs
 *
 * To be called after KeCancelTimer() and before the memory of a timer's DPC, or its driver, goes
 * away.
 *
 * IRQL: PASSIVE_LEVEL; DISPATCH_LEVEL warns once, and nothing is waited for.
 *
 * Microsoft: "KeFlushQueuedDpcs function (wdm.h)".
 */
VOID KeFlushQueuedDpcs(void)
{
	DECLARE_COMPLETION_ONSTACK(done);
	KDPC mark;
	int cpu;

	if (!kmcl_nt_may_wait(__func__))
		return;
	for_each_possible_cpu(cpu) {
		struct dpc_queue *queue = per_cpu_ptr(&dpc_queues, cpu);

		if (idle(queue))
			continue;
		KeInitializeDpc(&mark, flushed, &done);
		reinit_completion(&done);
		enqueue(queue, &mark, NULL, NULL);
		wait_for_completion(&done);
	}
}
EXPORT_SYMBOL_GPL(KeFlushQueuedDpcs);

void kmcl_dpc_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct dpc_queue *queue = per_cpu_ptr(&dpc_queues, cpu);

		raw_spin_lock_init(&queue->lock);
		InitializeListHead(&queue->list);
		tasklet_setup(&queue->tasklet, run_queue);
	}
}

void kmcl_dpc_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&dpc_queues, cpu)->tasklet);
}
