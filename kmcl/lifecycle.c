// SPDX-License-Identifier: GPL-2.0-only
/*
 * Carries out the life cycle that state.c plans: VmbChannelEnable, Disable, Start, Pause, and what
 * the bus reports.
 *
 * Transitions of a channel take turns. A turn belongs to a thread: the one that calls the API, or
 * a worker when the bus has news. State callbacks run in it, with no lock held, so they may sleep;
 * those that call back into the same channel's life cycle would wait for themselves, and are told.
 */
#include <linux/module.h>
#include <linux/sched.h>

#include "channel.h"
#include "trace.h"

struct workqueue_struct *kmcl_event_wq;
struct workqueue_struct *kmcl_server_wq;
struct workqueue_struct *kmcl_delivery_wq;

/* ---- turns ---- */

static bool try_turn(struct kmcl_channel *ch)
{
	bool mine;

	spin_lock_bh(&ch->lock);
	mine = !ch->transition;
	if (mine)
		ch->transition = current;
	spin_unlock_bh(&ch->lock);
	return mine;
}

static void take_turn(struct kmcl_channel *ch)
{
	wait_event(ch->wait, try_turn(ch));
}

static void end_turn(struct kmcl_channel *ch)
{
	spin_lock_bh(&ch->lock);
	ch->transition = NULL;
	wake_up_all(&ch->wait);
	spin_unlock_bh(&ch->lock);
}

/* Would a transition asked for here wait for its own caller? */
bool kmcl_lifecycle_in_callback(struct kmcl_channel *ch)
{
	return READ_ONCE(ch->transition) == current || kmcl_rx_is_mine(ch) ||
	       kmcl_routine_is_mine(ch);
}

/* For configuration: the turn, if the channel is Disabled, so that it stays so. */
bool kmcl_lifecycle_begin_config(struct kmcl_channel *ch)
{
	if (!kmcl_channel_is_disabled(ch) || READ_ONCE(ch->transition) == current)
		return false;
	take_turn(ch);
	if (kmcl_channel_is_disabled(ch))
		return true;
	end_turn(ch);
	return false;
}

/* For what has to have the channel for itself. Return: false in the channel's own callbacks. */
bool kmcl_lifecycle_take_turn(struct kmcl_channel *ch)
{
	if (kmcl_lifecycle_in_callback(ch))
		return false;
	take_turn(ch);
	return true;
}

void kmcl_lifecycle_end_turn(struct kmcl_channel *ch)
{
	end_turn(ch);
}

/* ---- steps ---- */

static NTSTATUS status_of_open(struct kmcl_channel *ch, int err)
{
	if (!err)
		return STATUS_SUCCESS;
	if (READ_ONCE(ch->claim_lost) || err == -ENODEV)
		return STATUS_DEVICE_REMOVED;
	return err == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES : STATUS_UNSUCCESSFUL;
}

static NTSTATUS bus_open(struct kmcl_channel *ch)
{
	int err = -ENODEV;

	if (!READ_ONCE(ch->claim_lost))
		err = kmcl_rx_prepare(ch);
	if (!err)
		err = ch->offer->bus->ops->open(ch->offer, &ch->link);
	if (err)
		kmcl_rx_reset(ch);
	else
		kmcl_restore_link(ch);
	return status_of_open(ch, err);
}

static void bus_close(struct kmcl_channel *ch)
{
	const struct kmcl_bus_ops *ops = ch->offer->bus->ops;

	kmcl_tx_ring_closed(ch);
	if (ch->saved_as)
		ops->keep(ch->offer, ch->saved_as);
	ops->close(ch->offer, &ch->link);
	ch->saved_as = 0;
	/* The next client's ring may have another size. */
	if (ch->is_server)
		WRITE_ONCE(ch->link.out_pages, 0);
	kmcl_rx_reset(ch);
}

static void call(struct kmcl_channel *ch, PFN_VMB_CHANNEL_CLOSED callback)
{
	if (callback)
		callback(kmcl_channel_handle(ch));
}

static NTSTATUS call_opened(struct kmcl_channel *ch)
{
	PFN_VMB_CHANNEL_OPENED opened = ch->config.callbacks.EvtChannelOpened;

	return opened ? opened(kmcl_channel_handle(ch)) : STATUS_SUCCESS;
}

static NTSTATUS take_step(struct kmcl_channel *ch, enum kmcl_step step)
{
	switch (step) {
	case KMCL_STEP_BUS_OPEN:
		return bus_open(ch);
	case KMCL_STEP_OPENED:
		kmcl_gpadls_allow(ch);
		return call_opened(ch);
	case KMCL_STEP_SENDS_ON:
		if (ch->is_server)
			ch->offer->bus->ops->answer(ch->offer, 0);
		kmcl_restore_sends(ch);
		kmcl_tx_set_gate(ch, KMCL_GATE_OPEN);
		break;
	case KMCL_STEP_STARTED:
		call(ch, ch->config.callbacks.EvtChannelStarted);
		break;
	case KMCL_STEP_RECEIVE_ON:
		kmcl_rx_start(ch);
		break;
	case KMCL_STEP_POST_STARTED:
		call(ch, ch->config.callbacks.EvtChannelPostStarted);
		break;
	case KMCL_STEP_RECEIVE_OFF:
		kmcl_rx_stop(ch);
		break;
	case KMCL_STEP_SUSPEND:
		call(ch, ch->config.callbacks.EvtChannelSuspend);
		break;
	case KMCL_STEP_DRAIN:
		kmcl_rx_drain(ch);
		break;
	case KMCL_STEP_SENDS_OFF:
		kmcl_gpadls_refuse_new(ch);
		kmcl_tx_begin_close(ch);
		break;
	case KMCL_STEP_BUS_CLOSE:
		bus_close(ch);
		break;
	case KMCL_STEP_FLUSH:
		kmcl_tx_flush(ch);
		break;
	case KMCL_STEP_CLOSED:
		call(ch, ch->config.callbacks.EvtChannelClosed);
		break;
	case KMCL_STEP_END:
		break;
	}
	return STATUS_SUCCESS;
}

/* ---- transitions ---- */

static void set_phase(struct kmcl_channel *ch, enum kmcl_phase phase)
{
	if (ch->state.phase == phase)
		return;
	WRITE_ONCE(ch->state.phase, phase);
	trace_kmcl_phase(ch, phase);
	if (phase == KMCL_OPENING)
		kmcl_view_open(ch);
}

/* EvtChannelClosed has returned, or will never be called: nothing of the driver's is left. */
static void end_connection(struct kmcl_channel *ch)
{
	kmcl_gpadls_reap(ch);
	if (ch->offer && ch->offer->bus->ops->closed)
		ch->offer->bus->ops->closed(ch->offer);
}

/* A state is reached: what it means for the bus and for sends. */
static void enter(struct kmcl_channel *ch, const struct kmcl_state *after)
{
	enum kmcl_phase before = ch->state.phase;
	bool disabled = after->phase == KMCL_DISABLED && before != KMCL_DISABLED;

	if (before == KMCL_CLOSING || (before == KMCL_OPENING && after->phase != KMCL_OPEN))
		end_connection(ch);
	if (disabled)
		kmcl_tx_set_gate(ch, KMCL_GATE_REFUSE);
	if (after->phase == KMCL_ENABLED && before != KMCL_ENABLED)
		kmcl_tx_set_gate(ch, KMCL_GATE_QUEUE);
	set_phase(ch, after->phase);
	ch->state = *after;
	/* Last: who waits for this may clean up the channel. */
	if (disabled)
		kmcl_bus_release(ch);
}

static NTSTATUS transition(struct kmcl_channel *ch, enum kmcl_event event);

/* An open that failed ends differently where it failed and whether anybody is told. */
static enum kmcl_event failed_open(enum kmcl_step step, NTSTATUS status, bool waiting)
{
	if (step == KMCL_STEP_OPENED)
		return KMCL_EVENT_REFUSED;
	if (waiting && status == STATUS_DEVICE_REMOVED)
		return KMCL_EVENT_OFFER_LOST;
	return KMCL_EVENT_NO_OPEN;
}

static NTSTATUS carry_out(struct kmcl_channel *ch, enum kmcl_event event, bool waiting)
{
	struct kmcl_plan plan;
	const enum kmcl_step *step;
	NTSTATUS status;

	if (!kmcl_state_plan(&ch->state, event, &plan))
		return STATUS_INVALID_DEVICE_STATE;
	set_phase(ch, plan.during);
	for (step = plan.steps; *step != KMCL_STEP_END; step++) {
		status = take_step(ch, *step);
		if (!NT_SUCCESS(status)) {
			transition(ch, failed_open(*step, status, waiting));
			return status;
		}
	}
	enter(ch, &plan.after);
	return STATUS_SUCCESS;
}

static NTSTATUS transition(struct kmcl_channel *ch, enum kmcl_event event)
{
	return carry_out(ch, event, false);
}

/* For who has the channel's turn: a server that is restored, or whose save ends. */
NTSTATUS kmcl_lifecycle_in_turn(struct kmcl_channel *ch, enum kmcl_event event)
{
	return transition(ch, event);
}

/* ---- news from the bus ---- */

/* Return: the status of an open that failed with nobody waiting for it. */
static NTSTATUS open_later(struct kmcl_channel *ch)
{
	NTSTATUS status = carry_out(ch, KMCL_EVENT_OPEN, true);

	if (ch->is_server && !NT_SUCCESS(status))
		ch->offer->bus->ops->answer(ch->offer, -EAGAIN);
	return ch->state.phase == KMCL_DISABLED ? status : STATUS_SUCCESS;
}

/* The offer that this channel was given has been withdrawn before it was opened. */
static void wait_again(struct kmcl_channel *ch)
{
	kmcl_bus_release(ch);
	if (kmcl_bus_claim_or_wait(ch))
		kmcl_lifecycle_notify(ch);
}

static bool may_open(struct kmcl_channel *ch)
{
	if (ch->is_server)
		return kmcl_bus_take_knock(ch);
	return kmcl_bus_has_claim(ch) && !READ_ONCE(ch->claim_lost);
}

static NTSTATUS handle_news(struct kmcl_channel *ch)
{
	NTSTATUS status = STATUS_SUCCESS;

	/* What is being saved does not change; the end of the save looks again. */
	if (kmcl_save_is_under_way(ch))
		return status;
	if (ch->state.phase == KMCL_ENABLED && may_open(ch))
		status = open_later(ch);
	if (ch->state.phase == KMCL_ENABLED && !ch->is_server && kmcl_bus_has_claim(ch) &&
	    READ_ONCE(ch->claim_lost))
		wait_again(ch);
	if (ch->state.phase == KMCL_OPEN && READ_ONCE(ch->claim_lost))
		transition(ch, KMCL_EVENT_PEER_CLOSED);
	return status;
}

static void tell_pnp_failure(struct kmcl_channel *ch, PFN_VMB_CHANNEL_PNP_FAILURE callback,
			     NTSTATUS status)
{
	callback(kmcl_channel_handle(ch), status);
	WRITE_ONCE(ch->pnp_failure_task, NULL);
	wake_up_all(&ch->wait);
}

static void event_work(struct work_struct *work)
{
	struct kmcl_channel *ch = container_of(work, struct kmcl_channel, event_work);
	PFN_VMB_CHANNEL_PNP_FAILURE callback = NULL;
	NTSTATUS status;

	take_turn(ch);
	status = handle_news(ch);
	if (!NT_SUCCESS(status))
		callback = ch->config.pnp_failure;
	if (callback)
		ch->pnp_failure_task = current;
	end_turn(ch);
	if (callback)
		tell_pnp_failure(ch, callback, status);
	kmcl_channel_put(ch);
}

static void never_the_last(struct kref *ref)
{
	WARN_ON_ONCE(1);
}

/**
 * kmcl_lifecycle_notify() - the bus has news: an offer to open, or one that has gone
 * @ch: the channel
 *
 * Any context.
 */
void kmcl_lifecycle_notify(struct kmcl_channel *ch)
{
	kref_get(&ch->ref);
	if (!queue_work(ch->is_server ? kmcl_server_wq : kmcl_event_wq, &ch->event_work))
		kref_put(&ch->ref, never_the_last);	/* work that is queued has one */
}

/* ---- the API ---- */

static void size_rings(struct kmcl_channel *ch)
{
	const struct kmcl_config *config = &ch->config;
	u32 derived = kmcl_config_ring_pages(config);

	ch->link.in_pages = config->in_pages ?: derived;
	ch->link.out_pages = config->out_pages ?: derived;
	ch->link.least_bytes = config->in_pages || config->out_pages ?
			       0 : kmcl_config_largest(config);
	ch->link.max_packet = kmcl_config_max_packet(config);
}

static int watch(struct kmcl_channel *ch)
{
	int err;

	if (ch->watching)
		return 0;
	err = kmcl_bus_watch((const guid_t *)&ch->config.type);
	ch->watching = !err;
	return err;
}

/* The target changes or the channel goes: devices of this class are of no interest to it. */
void kmcl_lifecycle_unwatch(struct kmcl_channel *ch)
{
	if (!ch->watching)
		return;
	ch->watching = false;
	kmcl_bus_unwatch((const guid_t *)&ch->config.type);
}

static NTSTATUS enable_client(struct kmcl_channel *ch)
{
	int err;

	size_rings(ch);
	err = watch(ch);
	if (err)
		return err == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES : STATUS_UNSUCCESSFUL;
	transition(ch, KMCL_EVENT_ENABLE);
	if (!kmcl_bus_claim_or_wait(ch))
		return STATUS_SUCCESS;
	return transition(ch, KMCL_EVENT_OPEN);
}

/* The offer that the channel opens is that of its parent, and it is there or never will be. */
static NTSTATUS enable_on_parent(struct kmcl_channel *ch)
{
	int err = kmcl_bus_claim_held(ch);

	if (err)
		return err == -EBUSY ? STATUS_DEVICE_BUSY : STATUS_DEVICE_REMOVED;
	size_rings(ch);
	transition(ch, KMCL_EVENT_ENABLE);
	return transition(ch, KMCL_EVENT_OPEN);
}

/* What the local bus does not do: levels of trust, and sockets. */
static bool is_servable(const struct kmcl_config *config)
{
	return !config->vtl &&
	       !(config->server_flags & VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER);
}

static NTSTATUS enable_server(struct kmcl_channel *ch)
{
	int err;

	if (!is_servable(&ch->config))
		return STATUS_NOT_SUPPORTED;
	transition(ch, KMCL_EVENT_ENABLE);
	err = kmcl_local_serve(ch);
	if (!err)
		return STATUS_SUCCESS;
	transition(ch, KMCL_EVENT_DISABLE);
	return err == -EEXIST ? STATUS_OBJECT_NAME_COLLISION : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS enable(struct kmcl_channel *ch)
{
	if (!kmcl_channel_is_disabled(ch))
		return STATUS_INVALID_DEVICE_STATE;
	if (!ch->config.has_target && !ch->is_server && ch->holder)
		return enable_on_parent(ch);
	if (!ch->config.has_target)
		return STATUS_INVALID_PARAMETER;
	return ch->is_server ? enable_server(ch) : enable_client(ch);
}

/**
 * VmbChannelEnable() - connect to an offer or begin to wait for one, or make an offer
 * @Channel: Disabled; a client with a target or a VMBus device as its parent, or a server with an
 * interface id
 *
 * A server is offered on the local bus, to client channels of this kernel, and stays paused until
 * VmbChannelStart(). It opens when a client does, on a worker.
 *
 * A client: if a matching offer is present the channel opens before the function returns, and a
 * failure to open is returned, EvtChannelOpened's included. Otherwise it opens when an offer
 * arrives, on a worker; a failure is then reported to the PnpFailureCallback. Callbacks may run
 * before the return.
 *
 * A client without a target opens the device of its parent or fails; it never waits.
 *
 * After the peer has closed or rescinded the channel it is Disabled; enabling it again waits for
 * the next offer, unless it is its parent's, which is gone for good. Module unload: the channel
 * must have been disabled and cleaned up by then.
 *
 * Context: PASSIVE_LEVEL. Sleeps until the bus has answered; a rescind ends that. Not from state
 * callbacks of the channel; allowed in its PnpFailureCallback.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER_1 invalid; STATUS_INVALID_DEVICE_STATE not
 * Disabled; STATUS_INVALID_PARAMETER no target, VMBus parent or interface id;
 * STATUS_DEVICE_BUSY another channel has the parent's device; STATUS_NOT_SUPPORTED a server with
 * a trust level or flags that the bus does not have; STATUS_OBJECT_NAME_COLLISION a server of this
 * type and instance is offered already; STATUS_INSUFFICIENT_RESOURCES;
 * STATUS_DEVICE_REMOVED rescinded meanwhile; STATUS_UNSUCCESSFUL refused by the peer; the status
 * of EvtChannelOpened.
 *
 * Microsoft: "FN_VMB_CHANNEL_ENABLE callback function".
 */
NTSTATUS VmbChannelEnable(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	NTSTATUS status;

	if (!ch)
		return STATUS_INVALID_PARAMETER_1;
	if (!kmcl_channel_is_disabled(ch) || READ_ONCE(ch->transition) == current)
		return STATUS_INVALID_DEVICE_STATE;
	take_turn(ch);
	status = enable(ch);
	end_turn(ch);
	return status;
}
EXPORT_SYMBOL_GPL(VmbChannelEnable);

static void ask(struct kmcl_channel *ch, enum kmcl_event event)
{
	take_turn(ch);
	if (!kmcl_save_asked(ch, event))
		transition(ch, event);
	end_turn(ch);
}

/**
 * VmbChannelDisable() - close a channel
 * @Channel: the channel
 *
 * Refuses new sends, stops delivery, calls EvtChannelSuspend, waits until the driver has completed
 * the packets it was given, closes the rings, completes its sends with STATUS_DEVICE_REMOVED,
 * calls EvtChannelClosed. Returns when all that is done, by whomever. On a Disabled channel it
 * does nothing. From a callback of the channel itself: a warning and no effect.
 *
 * Context: PASSIVE_LEVEL. Sleeps, for the driver. hv_vmbus waits for the host to let go of the
 * rings; a rescind ends that.
 *
 * Microsoft: "FN_VMB_CHANNEL_DISABLE callback function".
 */
VOID VmbChannelDisable(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	if (KMCL_MISUSE(kmcl_lifecycle_in_callback(ch), "in the channel's callback"))
		return;
	ask(ch, KMCL_EVENT_DISABLE);
}
EXPORT_SYMBOL_GPL(VmbChannelDisable);

/**
 * VmbChannelStart() - take a channel out of the paused state
 * @Channel: the channel
 *
 * If it is open, EvtChannelStarted and EvtChannelPostStarted run before the function returns; if
 * it is not, it starts when it opens. On a channel that is not paused nothing happens; on a
 * Disabled one the mark of a VmbChannelPause() is taken back. From a callback of the channel
 * itself: a warning and no effect.
 *
 * Context: PASSIVE_LEVEL. Sleeps.
 *
 * Microsoft: "FN_VMB_CHANNEL_START callback function".
 */
VOID VmbChannelStart(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	if (KMCL_MISUSE(kmcl_lifecycle_in_callback(ch), "in the channel's callback"))
		return;
	ask(ch, KMCL_EVENT_START);
}
EXPORT_SYMBOL_GPL(VmbChannelStart);

/**
 * VmbChannelPause() - take nothing more from the incoming ring
 * @Channel: the channel
 *
 * Stops delivery, completions included, calls EvtChannelSuspend, and waits until the driver has
 * completed the packets it was given. Sends go on. Not open yet: comes up paused. Disabled: comes
 * up paused at the next enable. From a callback of the channel itself: a warning and no effect.
 *
 * Context: PASSIVE_LEVEL. Sleeps, for the driver and never for the peer.
 *
 * Microsoft: "FN_VMB_CHANNEL_PAUSE callback function".
 */
VOID VmbChannelPause(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	if (KMCL_MISUSE(kmcl_lifecycle_in_callback(ch), "in the channel's callback"))
		return;
	ask(ch, KMCL_EVENT_PAUSE);
}
EXPORT_SYMBOL_GPL(VmbChannelPause);

static bool no_pnp_failure(struct kmcl_channel *ch)
{
	struct task_struct *task = READ_ONCE(ch->pnp_failure_task);

	return !task || task == current;
}

/* Bring a channel to its end, before it is freed. Sleeps; not from the channel's callbacks. */
void kmcl_lifecycle_end(struct kmcl_channel *ch)
{
	ask(ch, KMCL_EVENT_DISABLE);
	wait_event(ch->wait, no_pnp_failure(ch));
	kmcl_lifecycle_unwatch(ch);
}

void kmcl_lifecycle_init(struct kmcl_channel *ch)
{
	spin_lock_init(&ch->lock);
	ch->state.is_server = ch->is_server;
	init_waitqueue_head(&ch->wait);
	INIT_WORK(&ch->event_work, event_work);
	RB_CLEAR_NODE(&ch->waiting);
}
