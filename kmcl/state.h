/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life cycle of a channel as a table: which event is legal in which state, which steps it
 * takes and in which order, and which state follows. No I/O, no locks, no callbacks: lifecycle.c
 * carries the steps out.
 */
#ifndef KMCL_STATE_H
#define KMCL_STATE_H

#include <linux/types.h>

enum kmcl_phase {
	KMCL_DISABLED,
	KMCL_ENABLED,		/* a client waits for its offer, a server is offered or Closed */
	KMCL_OPENING,
	KMCL_OPEN,
	KMCL_CLOSING,
};

enum kmcl_event {
	KMCL_EVENT_ENABLE,
	KMCL_EVENT_OPEN,	/* the endpoints have met */
	KMCL_EVENT_NO_OPEN,	/* the bus could not open */
	KMCL_EVENT_REFUSED,	/* EvtChannelOpened failed */
	KMCL_EVENT_OFFER_LOST,	/* rescinded before EvtChannelOpened, with nobody to tell */
	KMCL_EVENT_START,
	KMCL_EVENT_PAUSE,
	KMCL_EVENT_PEER_CLOSED,	/* closed or rescinded */
	KMCL_EVENT_DISABLE,
	KMCL_EVENTS
};

enum kmcl_step {
	KMCL_STEP_END,
	KMCL_STEP_BUS_OPEN,	/* can fail */
	KMCL_STEP_OPENED,	/* EvtChannelOpened, can fail */
	KMCL_STEP_SENDS_ON,	/* packets reach the ring, queued ones first */
	KMCL_STEP_STARTED,	/* EvtChannelStarted */
	KMCL_STEP_RECEIVE_ON,
	KMCL_STEP_POST_STARTED,	/* EvtChannelPostStarted */
	KMCL_STEP_RECEIVE_OFF,	/* and wait for running packet callbacks */
	KMCL_STEP_SUSPEND,	/* EvtChannelSuspend */
	KMCL_STEP_DRAIN,	/* wait until all received packets are completed */
	KMCL_STEP_SENDS_OFF,	/* refuse new ones, release synchronous requests */
	KMCL_STEP_BUS_CLOSE,
	KMCL_STEP_FLUSH,	/* complete all sent packets with STATUS_DEVICE_REMOVED */
	KMCL_STEP_CLOSED,	/* EvtChannelClosed */
};

struct kmcl_state {
	bool is_server;
	enum kmcl_phase phase;
	bool paused;		/* VmbChannelStart has to come before it is active */
	bool active;		/* EvtChannelStarted ran, EvtChannelSuspend is owed */
	bool pause_mark;	/* paused while Disabled: comes up paused */
};

struct kmcl_plan {
	const enum kmcl_step *steps;
	enum kmcl_phase during;
	struct kmcl_state after;
};

bool kmcl_state_plan(const struct kmcl_state *now, enum kmcl_event event, struct kmcl_plan *plan);
const char *kmcl_phase_name(enum kmcl_phase phase);

#endif
