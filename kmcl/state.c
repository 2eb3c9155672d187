// SPDX-License-Identifier: GPL-2.0-only
/* The state table. The orders are those of sections 4.4 to 4.6 of the specification. */
#include <linux/stddef.h>

#include "state.h"

static const enum kmcl_step nothing[] = { KMCL_STEP_END };

static const enum kmcl_step open_active[] = {
	KMCL_STEP_BUS_OPEN, KMCL_STEP_OPENED, KMCL_STEP_SENDS_ON,
	KMCL_STEP_STARTED, KMCL_STEP_RECEIVE_ON, KMCL_STEP_POST_STARTED, KMCL_STEP_END
};

static const enum kmcl_step open_paused[] = {
	KMCL_STEP_BUS_OPEN, KMCL_STEP_OPENED, KMCL_STEP_SENDS_ON, KMCL_STEP_END
};

static const enum kmcl_step start[] = {
	KMCL_STEP_STARTED, KMCL_STEP_RECEIVE_ON, KMCL_STEP_POST_STARTED, KMCL_STEP_END
};

static const enum kmcl_step pause[] = {
	KMCL_STEP_RECEIVE_OFF, KMCL_STEP_SUSPEND, KMCL_STEP_DRAIN, KMCL_STEP_END
};

static const enum kmcl_step close_active[] = {
	KMCL_STEP_SENDS_OFF, KMCL_STEP_RECEIVE_OFF, KMCL_STEP_SUSPEND, KMCL_STEP_DRAIN,
	KMCL_STEP_BUS_CLOSE, KMCL_STEP_FLUSH, KMCL_STEP_CLOSED, KMCL_STEP_END
};

static const enum kmcl_step close_paused[] = {
	KMCL_STEP_SENDS_OFF, KMCL_STEP_BUS_CLOSE, KMCL_STEP_FLUSH, KMCL_STEP_CLOSED, KMCL_STEP_END
};

static const enum kmcl_step give_up_open[] = {
	KMCL_STEP_SENDS_OFF, KMCL_STEP_BUS_CLOSE, KMCL_STEP_FLUSH, KMCL_STEP_END
};

static const enum kmcl_step refuse_open[] = { KMCL_STEP_BUS_CLOSE, KMCL_STEP_END };

static const enum kmcl_step flush[] = {
	KMCL_STEP_SENDS_OFF, KMCL_STEP_FLUSH, KMCL_STEP_END
};

static void disable(struct kmcl_state *state)
{
	state->phase = KMCL_DISABLED;
	state->paused = false;
	state->active = false;
}

static bool plan_enable(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	if (now->phase != KMCL_DISABLED)
		return false;
	plan->after.phase = KMCL_ENABLED;
	plan->after.paused = now->is_server || now->pause_mark;
	plan->after.pause_mark = false;
	return true;
}

static bool plan_open(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	if (now->phase != KMCL_ENABLED)
		return false;
	plan->steps = now->paused ? open_paused : open_active;
	plan->during = KMCL_OPENING;
	plan->after.phase = KMCL_OPEN;
	plan->after.active = !now->paused;
	return true;
}

/* A client falls back to Disabled; a server stays offered and keeps its queue. */
static bool plan_failed_open(const struct kmcl_state *now, bool bus_is_open,
			     struct kmcl_plan *plan)
{
	if (now->phase != KMCL_OPENING)
		return false;
	plan->during = KMCL_CLOSING;
	plan->after.phase = KMCL_ENABLED;
	if (now->is_server) {
		plan->during = KMCL_OPENING;
		plan->steps = bus_is_open ? refuse_open : nothing;
	} else {
		plan->steps = bus_is_open ? give_up_open : flush;
		disable(&plan->after);
	}
	return true;
}

static bool plan_offer_lost(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	if (now->phase != KMCL_OPENING)
		return false;
	plan->after.phase = KMCL_ENABLED;
	return true;
}

static bool plan_start(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	plan->after.pause_mark = false;
	plan->after.paused = false;
	if (now->phase == KMCL_OPEN && now->paused) {
		plan->steps = start;
		plan->after.active = true;
	}
	return true;
}

static bool plan_pause(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	if (now->phase == KMCL_DISABLED) {
		plan->after.pause_mark = true;
		return true;
	}
	plan->after.paused = true;
	plan->after.active = false;
	if (now->active)
		plan->steps = pause;
	return true;
}

static bool plan_peer_closed(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	if (now->phase != KMCL_OPEN)
		return false;
	plan->steps = now->active ? close_active : close_paused;
	plan->during = KMCL_CLOSING;
	plan->after.phase = KMCL_ENABLED;
	plan->after.active = false;
	if (!now->is_server)
		disable(&plan->after);
	return true;
}

static bool plan_disable(const struct kmcl_state *now, struct kmcl_plan *plan)
{
	if (now->phase == KMCL_DISABLED)
		return true;
	if (now->phase == KMCL_OPEN)
		plan->steps = now->active ? close_active : close_paused;
	else
		plan->steps = flush;
	plan->during = KMCL_CLOSING;
	disable(&plan->after);
	return true;
}

/**
 * kmcl_state_plan() - what an event does
 * @now: the state, with no other event under way
 * @event: what is asked for or has happened
 * @plan: steps to take in order, the phase meanwhile, and the state when they are done
 *
 * Return: false if the event means nothing in this state; @plan is then not valid.
 */
bool kmcl_state_plan(const struct kmcl_state *now, enum kmcl_event event, struct kmcl_plan *plan)
{
	plan->steps = nothing;
	plan->during = now->phase;
	plan->after = *now;

	switch (event) {
	case KMCL_EVENT_ENABLE:
		return plan_enable(now, plan);
	case KMCL_EVENT_OPEN:
		return plan_open(now, plan);
	case KMCL_EVENT_NO_OPEN:
		return plan_failed_open(now, false, plan);
	case KMCL_EVENT_REFUSED:
		return plan_failed_open(now, true, plan);
	case KMCL_EVENT_OFFER_LOST:
		return plan_offer_lost(now, plan);
	case KMCL_EVENT_START:
		return plan_start(now, plan);
	case KMCL_EVENT_PAUSE:
		return plan_pause(now, plan);
	case KMCL_EVENT_PEER_CLOSED:
		return plan_peer_closed(now, plan);
	case KMCL_EVENT_DISABLE:
		return plan_disable(now, plan);
	case KMCL_EVENTS:
		break;
	}
	return false;
}

const char *kmcl_phase_name(enum kmcl_phase phase)
{
	static const char * const names[] = {
		[KMCL_DISABLED]	= "Disabled",
		[KMCL_ENABLED]	= "Enabled",
		[KMCL_OPENING]	= "Opening",
		[KMCL_OPEN]	= "Open",
		[KMCL_CLOSING]	= "Closing",
	};

	return names[phase];
}
