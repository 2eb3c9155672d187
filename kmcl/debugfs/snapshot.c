// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks at a channel from outside, while anything happens to it.
 *
 * Whoever calls holds the channel; each lock is held for a bounded time, and nothing is waited for.
 * The rings are mapped as long as tx->ring_open, which closing clears under tx->lock before it
 * lets go of them. What the peer has written there is copied once, and only printed.
 */
#include <linux/sched.h>

#include "../gpadl.h"
#include "view.h"

const char *kmcl_view_phase_name(enum kmcl_phase phase)
{
	static const char * const names[] = {
		[KMCL_DISABLED] = "Disabled", [KMCL_ENABLED] = "Enabled",
		[KMCL_OPENING] = "Opening", [KMCL_OPEN] = "Open", [KMCL_CLOSING] = "Closing",
	};

	return names[phase];
}

const char *kmcl_view_place_name(enum kmcl_view_place place)
{
	static const char * const names[] = {
		[KMCL_VIEW_QUEUED] = "queued", [KMCL_VIEW_ON_WIRE] = "with-peer",
		[KMCL_VIEW_REPLY_QUEUED] = "reply-queued",
		[KMCL_VIEW_WITH_DRIVER] = "with-driver", [KMCL_VIEW_DEFERRED] = "deferred",
	};

	return names[place];
}

/* Keep a packet if it is among the oldest. */
static void keep(struct kmcl_snapshot *s, enum kmcl_view_place place, u64 id, unsigned long since,
		 u32 bytes)
{
	unsigned int n = s->packets;

	if (n == KMCL_VIEW_PACKETS && !time_before(since, s->packet[n - 1].since))
		return;
	if (n < KMCL_VIEW_PACKETS)
		s->packets++;
	else
		n--;
	for (; n && time_before(since, s->packet[n - 1].since); n--)
		s->packet[n] = s->packet[n - 1];
	s->packet[n] = (struct kmcl_view_packet) {
		.place = place, .id = id, .since = since, .bytes = bytes
	};
}

static void keep_txn(struct kmcl_snapshot *s, enum kmcl_view_place place,
		     const struct kmcl_txn *txn)
{
	keep(s, place, txn->desc.trans_id, txn->since, txn->desc.len8 * 8u);
}

static void look_at_list(struct kmcl_snapshot *s, struct list_head *list)
{
	unsigned int n = 0;
	struct kmcl_txn *txn;

	list_for_each_entry(txn, list, link) {
		if (n++ == KMCL_VIEW_WALK)
			break;
		keep_txn(s, txn->kind == KMCL_TXN_REPLY ? KMCL_VIEW_REPLY_QUEUED :
							  KMCL_VIEW_QUEUED, txn);
	}
}

static void look_at_transactions(struct kmcl_snapshot *s, struct kmcl_ids *ids)
{
	struct kmcl_id *id = NULL;
	unsigned int n = 0;

	while (n++ < KMCL_VIEW_WALK && (id = kmcl_ids_next(ids, id)))
		keep_txn(s, KMCL_VIEW_ON_WIRE, container_of(id, struct kmcl_txn, id));
}

static void look_at_ring(struct kmcl_view_ring *view, const struct kmcl_ring *ring)
{
	view->size = ring->size;
	view->read = READ_ONCE(ring->ctl->read_index);
	view->write = READ_ONCE(ring->ctl->write_index);
	view->wanted = READ_ONCE(ring->ctl->pending_send_sz);
	view->masked = READ_ONCE(ring->ctl->interrupt_mask);
	view->corrupt = view->read >= view->size || view->write >= view->size;
	if (!view->corrupt)
		view->used = (view->write + view->size - view->read) % view->size;
}

static void look_at_sends(struct kmcl_channel *ch, struct kmcl_snapshot *s)
{
	struct kmcl_tx *tx = &ch->tx;

	spin_lock_bh(&tx->lock);
	s->open = tx->ring_open;
	if (s->open) {
		look_at_ring(&s->in, &ch->link.in);
		look_at_ring(&s->out, &ch->link.out);
	}
	s->corrupt = tx->corrupt;
	s->queued = tx->queued;
	s->queued_most = tx->queued_most;
	s->replies = tx->replies_queued;
	s->transactions = tx->ids.count;
	s->full_ns = tx->full_since ? ktime_get_ns() - tx->full_since : 0;
	look_at_list(s, &tx->queue);
	look_at_list(s, &tx->aside);
	look_at_transactions(s, &tx->ids);
	spin_unlock_bh(&tx->lock);
}

/* A task that takes the lock which is held here before it goes anywhere else. */
static void look_at_task(struct kmcl_view_task *view, struct task_struct *task)
{
	if (!task)
		return;
	view->pid = task_pid_nr(task);
	strscpy(view->name, task->comm, sizeof(view->name));
}

static void look_at_receiving(struct kmcl_channel *ch, struct kmcl_snapshot *s)
{
	struct kmcl_rx *rx = &ch->rx;
	struct kmcl_incoming *in;
	unsigned int n = 0;

	spin_lock_bh(&rx->lock);
	look_at_task(&s->delivering, rx->runner);
	s->enabled = rx->enabled;
	s->failed = rx->failed;
	s->starved = rx->starved;
	s->passive = READ_ONCE(rx->passive);
	s->quota = READ_ONCE(rx->quota);
	s->budget = READ_ONCE(rx->budget);
	s->time_ms = READ_ONCE(rx->time_ms);
	s->outstanding = rx->outstanding + !!READ_ONCE(rx->presenting);
	s->outstanding_most = READ_ONCE(rx->outstanding_most);
	list_for_each_entry(in, &rx->all, all) {
		int state = READ_ONCE(in->state);

		if (n++ == KMCL_VIEW_WALK)
			break;
		if (state == KMCL_INCOMING_PRESENTED)
			keep(s, KMCL_VIEW_WITH_DRIVER, in->trans_id, in->since, in->length);
		else if (state == KMCL_INCOMING_HELD)
			keep(s, KMCL_VIEW_DEFERRED, in->trans_id, in->since, in->length);
	}
	spin_unlock_bh(&rx->lock);
}

static void look_at_life(struct kmcl_channel *ch, struct kmcl_snapshot *s)
{
	struct kmcl_gpadl *gpadl;

	spin_lock_bh(&ch->lock);
	s->phase = READ_ONCE(ch->state.phase);
	look_at_task(&s->transition, ch->transition);
	list_for_each_entry(gpadl, &ch->gpadls.all, link) {
		if (s->gpadls < KMCL_VIEW_GPADLS) {
			s->gpadl[s->gpadls].handle = gpadl->handle;
			s->gpadl[s->gpadls].bytes = gpadl->length;
			s->gpadl[s->gpadls].read_only =
				gpadl->flags & VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;
		}
		s->gpadls++;
	}
	spin_unlock_bh(&ch->lock);
	spin_lock_bh(&ch->packets.lock);
	s->allocated = kmcl_packets_used(ch);
	spin_unlock_bh(&ch->packets.lock);
}

void kmcl_snapshot_take(struct kmcl_channel *ch, struct kmcl_snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->claimed = kmcl_bus_name(ch, s->bus, sizeof(s->bus));
	look_at_life(ch, s);
	look_at_sends(ch, s);
	look_at_receiving(ch, s);
}
