// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timeouts: one sorted queue and one high resolution timer a clock. A KTIMER is memory of the
 * driver that is never destroyed, so it cannot hold an hrtimer of its own; a queue entry needs no
 * end.
 */

#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/timerqueue.h>

#include "../probe/compat.h"
#include "nt.h"

/* All under kmcl_dispatcher_lock. */
struct timeout_queue {
	struct timerqueue_head head;
	struct hrtimer timer;
	ktime_t armed;		/* when the hardware timer fires, or KTIME_MAX */
};

static struct timeout_queue queues[KMCL_CLOCKS];

/**
 * kmcl_clock_now() - the time on a clock
 * @clock: the clock
 *
 * Return: now.
 */
ktime_t kmcl_clock_now(enum kmcl_clock clock)
{
	return clock == KMCL_CLOCK_REALTIME ? ktime_get_real() : ktime_get();
}

static struct kmcl_timeout *first_timeout(struct timeout_queue *queue)
{
	struct timerqueue_node *node = timerqueue_getnext(&queue->head);

	return node ? container_of(node, struct kmcl_timeout, node) : NULL;
}

/*
 * The hardware timer is only ever set earlier. A timeout that is cancelled leaves it alone: most
 * waits end before their timeout, and one interrupt for nothing costs less than setting the timer
 * twice for each of them.
 */
static void arm(struct timeout_queue *queue, ktime_t expires)
{
	if (expires >= queue->armed)
		return;
	queue->armed = expires;
	hrtimer_start(&queue->timer, expires, HRTIMER_MODE_ABS);
}

static void dequeue(struct timeout_queue *queue, struct kmcl_timeout *timeout)
{
	timerqueue_del(&queue->head, &timeout->node);
	timeout->queued = false;
}

/**
 * kmcl_timeout_start() - have a timeout fire
 * @timeout: not queued, @fire set
 * @clock: the clock of @expires
 * @expires: when; at a time that is past it fires before the function returns
 *
 * Called with the dispatcher lock held.
 */
void kmcl_timeout_start(struct kmcl_timeout *timeout, enum kmcl_clock clock, ktime_t expires)
{
	struct timeout_queue *queue = &queues[clock];

	if (expires <= kmcl_clock_now(clock)) {
		timeout->fire(timeout);
		return;
	}
	timerqueue_init(&timeout->node);
	timeout->node.expires = expires;
	timeout->clock = clock;
	timeout->queued = true;
	timerqueue_add(&queue->head, &timeout->node);
	arm(queue, expires);
}

/**
 * kmcl_timeout_cancel() - have a timeout not fire
 * @timeout: the timeout
 *
 * Called with the dispatcher lock held.
 *
 * Return: true if it was queued.
 */
bool kmcl_timeout_cancel(struct kmcl_timeout *timeout)
{
	if (!timeout->queued)
		return false;
	dequeue(&queues[timeout->clock], timeout);
	return true;
}

static enum hrtimer_restart queue_expired(struct hrtimer *timer)
{
	struct timeout_queue *queue = container_of(timer, struct timeout_queue, timer);
	ktime_t now = kmcl_clock_now(queue - queues);
	struct kmcl_timeout *timeout;
	unsigned long flags;

	raw_spin_lock_irqsave(&kmcl_dispatcher_lock, flags);
	queue->armed = KTIME_MAX;
	while ((timeout = first_timeout(queue)) && timeout->node.expires <= now) {
		dequeue(queue, timeout);
		timeout->fire(timeout);
	}
	if (timeout)
		arm(queue, timeout->node.expires);
	raw_spin_unlock_irqrestore(&kmcl_dispatcher_lock, flags);
	return HRTIMER_NORESTART;
}

void kmcl_timeout_init(void)
{
	int i;

	for (i = 0; i < KMCL_CLOCKS; i++) {
		timerqueue_init_head(&queues[i].head);
		queues[i].armed = KTIME_MAX;
		kmcl_hrtimer_setup(&queues[i].timer, queue_expired,
				   i == KMCL_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC,
				   HRTIMER_MODE_ABS);
	}
}

void kmcl_timeout_exit(void)
{
	int i;

	for (i = 0; i < KMCL_CLOCKS; i++) {
		hrtimer_cancel(&queues[i].timer);
		WARN_ONCE(first_timeout(&queues[i]), "a timer is still set\n");
	}
}
