// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life cycle against a second transcription of sections 4.2 to 4.7 of the specification, row
 * by row; then every short sequence of events and many long ones against what must always hold.
 */
#include <stdio.h>
#include <string.h>

#include "ktap.h"
#include "state.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* One letter a step, so that an order is a word. */
static char letter(enum kmcl_step step)
{
	switch (step) {
	case KMCL_STEP_END:		return 0;
	case KMCL_STEP_BUS_OPEN:	return 'b';
	case KMCL_STEP_OPENED:		return 'O';
	case KMCL_STEP_SENDS_ON:	return 's';
	case KMCL_STEP_STARTED:		return 'S';
	case KMCL_STEP_RECEIVE_ON:	return 'r';
	case KMCL_STEP_POST_STARTED:	return 'P';
	case KMCL_STEP_RECEIVE_OFF:	return 'x';
	case KMCL_STEP_SUSPEND:		return 'U';
	case KMCL_STEP_DRAIN:		return 'd';
	case KMCL_STEP_SENDS_OFF:	return 'n';
	case KMCL_STEP_BUS_CLOSE:	return 'c';
	case KMCL_STEP_FLUSH:		return 'f';
	case KMCL_STEP_CLOSED:		return 'C';
	}
	FAIL("step %d", step);
}

static void spell(const enum kmcl_step *steps, char *word, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		word[i] = letter(steps[i]);
		if (!word[i])
			return;
	}
	FAIL("steps without end");
}

enum role { CLIENT = 1, SERVER = 2, BOTH = 3 };

/* The states there are, with no event under way, and those in which an open has just failed. */
enum where {
	DIS,		/* Disabled */
	DIS_MARK,	/* Disabled, VmbChannelPause was called */
	ENA,		/* Enabled, will come up active */
	ENA_PAUSED,	/* Enabled (server: or Closed), will come up paused */
	OPENING,
	OPENING_PAUSED,
	ACTIVE,		/* Open and active */
	PAUSED,		/* Open and paused */
	WHERES
};

static struct kmcl_state make_state(enum where where, bool is_server)
{
	static const struct kmcl_state states[WHERES] = {
		[DIS]			= { .phase = KMCL_DISABLED },
		[DIS_MARK]		= { .phase = KMCL_DISABLED, .pause_mark = true },
		[ENA]			= { .phase = KMCL_ENABLED },
		[ENA_PAUSED]		= { .phase = KMCL_ENABLED, .paused = true },
		[OPENING]		= { .phase = KMCL_OPENING },
		[OPENING_PAUSED]	= { .phase = KMCL_OPENING, .paused = true },
		[ACTIVE]		= { .phase = KMCL_OPEN, .active = true },
		[PAUSED]		= { .phase = KMCL_OPEN, .paused = true },
	};
	struct kmcl_state state = states[where];

	state.is_server = is_server;
	return state;
}

static bool same_state(const struct kmcl_state *a, const struct kmcl_state *b)
{
	return a->is_server == b->is_server && a->phase == b->phase && a->paused == b->paused &&
	       a->active == b->active && a->pause_mark == b->pause_mark;
}

#define ANY	KMCL_EVENTS	/* no phase of its own: no step runs */

#define OPEN_ACTIVE	"bOsSrP"	/* 4.4 */
#define OPEN_PAUSED	"bOs"
#define START		"SrP"
#define PAUSE		"xUd"		/* 4.5 */
#define CLOSE_ACTIVE	"nxUdcfC"	/* 4.6 */
#define CLOSE_PAUSED	"ncfC"
#define COMPLETE	"nf"		/* 4.6, last but one consequence */

/* Rows that are not here are illegal. */
static const struct row {
	enum role role;
	enum where from;
	enum kmcl_event event;
	const char *steps;
	unsigned int during;
	enum where to;
} rows[] = {
	/* VmbChannelEnable: a client is active by itself, a server has to be started. */
	{ CLIENT, DIS, KMCL_EVENT_ENABLE, "", ANY, ENA },
	{ CLIENT, DIS_MARK, KMCL_EVENT_ENABLE, "", ANY, ENA_PAUSED },
	{ SERVER, DIS, KMCL_EVENT_ENABLE, "", ANY, ENA_PAUSED },
	{ SERVER, DIS_MARK, KMCL_EVENT_ENABLE, "", ANY, ENA_PAUSED },

	/* The endpoints meet. */
	{ BOTH, ENA, KMCL_EVENT_OPEN, OPEN_ACTIVE, KMCL_OPENING, ACTIVE },
	{ BOTH, ENA_PAUSED, KMCL_EVENT_OPEN, OPEN_PAUSED, KMCL_OPENING, PAUSED },

	/* The open fails: the client is Disabled, its queue completed; the server stays offered. */
	{ CLIENT, OPENING, KMCL_EVENT_NO_OPEN, "nf", KMCL_CLOSING, DIS },
	{ CLIENT, OPENING_PAUSED, KMCL_EVENT_NO_OPEN, "nf", KMCL_CLOSING, DIS },
	{ CLIENT, OPENING, KMCL_EVENT_REFUSED, "ncf", KMCL_CLOSING, DIS },
	{ CLIENT, OPENING_PAUSED, KMCL_EVENT_REFUSED, "ncf", KMCL_CLOSING, DIS },
	{ SERVER, OPENING, KMCL_EVENT_NO_OPEN, "", ANY, ENA },
	{ SERVER, OPENING_PAUSED, KMCL_EVENT_NO_OPEN, "", ANY, ENA_PAUSED },
	{ SERVER, OPENING, KMCL_EVENT_REFUSED, "c", KMCL_OPENING, ENA },
	{ SERVER, OPENING_PAUSED, KMCL_EVENT_REFUSED, "c", KMCL_OPENING, ENA_PAUSED },

	/* A rescind while a client waits: nothing, and it goes on waiting. */
	{ BOTH, OPENING, KMCL_EVENT_OFFER_LOST, "", ANY, ENA },
	{ BOTH, OPENING_PAUSED, KMCL_EVENT_OFFER_LOST, "", ANY, ENA_PAUSED },

	/* VmbChannelStart: takes the mark back, or lets it come up active, or starts it. */
	{ BOTH, DIS, KMCL_EVENT_START, "", ANY, DIS },
	{ BOTH, DIS_MARK, KMCL_EVENT_START, "", ANY, DIS },
	{ BOTH, ENA, KMCL_EVENT_START, "", ANY, ENA },
	{ BOTH, ENA_PAUSED, KMCL_EVENT_START, "", ANY, ENA },
	{ BOTH, PAUSED, KMCL_EVENT_START, START, KMCL_OPEN, ACTIVE },
	{ BOTH, ACTIVE, KMCL_EVENT_START, "", ANY, ACTIVE },

	/* VmbChannelPause */
	{ BOTH, DIS, KMCL_EVENT_PAUSE, "", ANY, DIS_MARK },
	{ BOTH, DIS_MARK, KMCL_EVENT_PAUSE, "", ANY, DIS_MARK },
	{ BOTH, ENA, KMCL_EVENT_PAUSE, "", ANY, ENA_PAUSED },
	{ BOTH, ENA_PAUSED, KMCL_EVENT_PAUSE, "", ANY, ENA_PAUSED },
	{ BOTH, ACTIVE, KMCL_EVENT_PAUSE, PAUSE, KMCL_OPEN, PAUSED },
	{ BOTH, PAUSED, KMCL_EVENT_PAUSE, "", ANY, PAUSED },

	/* The peer closes or rescinds: a client is Disabled, a server Closed and still started. */
	{ CLIENT, ACTIVE, KMCL_EVENT_PEER_CLOSED, CLOSE_ACTIVE, KMCL_CLOSING, DIS },
	{ CLIENT, PAUSED, KMCL_EVENT_PEER_CLOSED, CLOSE_PAUSED, KMCL_CLOSING, DIS },
	{ SERVER, ACTIVE, KMCL_EVENT_PEER_CLOSED, CLOSE_ACTIVE, KMCL_CLOSING, ENA },
	{ SERVER, PAUSED, KMCL_EVENT_PEER_CLOSED, CLOSE_PAUSED, KMCL_CLOSING, ENA_PAUSED },

	/* VmbChannelDisable; on a Disabled channel it does nothing. */
	{ BOTH, DIS, KMCL_EVENT_DISABLE, "", ANY, DIS },
	{ BOTH, DIS_MARK, KMCL_EVENT_DISABLE, "", ANY, DIS_MARK },
	{ BOTH, ENA, KMCL_EVENT_DISABLE, COMPLETE, KMCL_CLOSING, DIS },
	{ BOTH, ENA_PAUSED, KMCL_EVENT_DISABLE, COMPLETE, KMCL_CLOSING, DIS },
	{ BOTH, ACTIVE, KMCL_EVENT_DISABLE, CLOSE_ACTIVE, KMCL_CLOSING, DIS },
	{ BOTH, PAUSED, KMCL_EVENT_DISABLE, CLOSE_PAUSED, KMCL_CLOSING, DIS },
};

static const struct row *find_row(bool is_server, enum where from, enum kmcl_event event)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (row->from == from && row->event == event &&
		    row->role & (is_server ? SERVER : CLIENT))
			return row;
	}
	return NULL;
}

/* While an open runs no other event gets its turn, so what those would do is not specified. */
static bool can_happen(enum where from, enum kmcl_event event)
{
	return (from != OPENING && from != OPENING_PAUSED) ||
	       event == KMCL_EVENT_NO_OPEN || event == KMCL_EVENT_REFUSED ||
	       event == KMCL_EVENT_OFFER_LOST || event == KMCL_EVENT_ENABLE ||
	       event == KMCL_EVENT_OPEN || event == KMCL_EVENT_PEER_CLOSED;
}

static void check_row(bool is_server, enum where from, enum kmcl_event event)
{
	const struct row *row = find_row(is_server, from, event);
	struct kmcl_state now = make_state(from, is_server), before = now, want;
	struct kmcl_plan plan;
	char word[16];

	if (kmcl_state_plan(&now, event, &plan) != !!row)
		FAIL("%s %d, event %d: %s", is_server ? "server" : "client", from, event,
		     row ? "refused" : "accepted");
	CHECK(same_state(&now, &before));
	if (!row)
		return;
	want = make_state(row->to, is_server);
	spell(plan.steps, word, sizeof(word));
	if (strcmp(word, row->steps))
		FAIL("%s %d, event %d: steps %s, not %s", is_server ? "server" : "client", from,
		     event, word, row->steps);
	if (!same_state(&plan.after, &want))
		FAIL("%s %d, event %d: phase %d paused %d active %d mark %d afterwards",
		     is_server ? "server" : "client", from, event, plan.after.phase,
		     plan.after.paused, plan.after.active, plan.after.pause_mark);
	if (row->during != ANY)
		CHECK_EQ(plan.during, row->during);
}

static void check_event(enum kmcl_event event)
{
	for (int from = 0; from < WHERES; from++) {
		if (!can_happen(from, event))
			continue;
		check_row(false, from, event);
		check_row(true, from, event);
	}
}

TEST(enable)		{ check_event(KMCL_EVENT_ENABLE); }
TEST(open)		{ check_event(KMCL_EVENT_OPEN); }
TEST(no_open)		{ check_event(KMCL_EVENT_NO_OPEN); }
TEST(refused)		{ check_event(KMCL_EVENT_REFUSED); }
TEST(offer_lost)	{ check_event(KMCL_EVENT_OFFER_LOST); }
TEST(start)		{ check_event(KMCL_EVENT_START); }
TEST(pause)		{ check_event(KMCL_EVENT_PAUSE); }
TEST(peer_closed)	{ check_event(KMCL_EVENT_PEER_CLOSED); }
TEST(disable)		{ check_event(KMCL_EVENT_DISABLE); }

TEST(unknown_events_are_refused)
{
	for (int from = 0; from < WHERES; from++) {
		struct kmcl_state now = make_state(from, false);
		struct kmcl_plan plan;

		CHECK(!kmcl_state_plan(&now, KMCL_EVENTS, &plan));
		CHECK(!kmcl_state_plan(&now, KMCL_EVENTS + 1, &plan));
	}
}

TEST(phases_have_the_names_of_the_specification)
{
	CHECK(!strcmp(kmcl_phase_name(KMCL_DISABLED), "Disabled"));
	CHECK(!strcmp(kmcl_phase_name(KMCL_ENABLED), "Enabled"));
	CHECK(!strcmp(kmcl_phase_name(KMCL_OPENING), "Opening"));
	CHECK(!strcmp(kmcl_phase_name(KMCL_OPEN), "Open"));
	CHECK(!strcmp(kmcl_phase_name(KMCL_CLOSING), "Closing"));
}

/* ---- a channel that only counts ---- */

/* What the steps did to a driver, its packets and the bus; nothing of it is read from the plan. */
struct channel {
	struct kmcl_state state;
	bool bus_open, opened, suspend_owed, receiving, sending, refusing;
	bool want_started;	/* what a server was told last, for reopens */
	bool want_mark;
	unsigned int queued, out;	/* packets accepted: before the ring, in it */
	unsigned int in_hand;		/* received packets that the driver holds */
};

enum outcome { GOES_WELL, BUS_FAILS, OPENED_FAILS, OFFER_GOES, OUTCOMES };

static bool take_step(struct channel *ch, enum kmcl_step step, enum outcome outcome)
{
	switch (step) {
	case KMCL_STEP_BUS_OPEN:
		CHECK(!ch->bus_open && !ch->opened);
		if (outcome == BUS_FAILS || outcome == OFFER_GOES)
			return false;
		ch->bus_open = true;
		break;
	case KMCL_STEP_OPENED:
		CHECK(ch->bus_open && !ch->opened && !ch->receiving && !ch->sending);
		if (outcome == OPENED_FAILS)
			return false;
		ch->opened = true;
		break;
	case KMCL_STEP_SENDS_ON:
		CHECK(ch->opened && !ch->sending && !ch->refusing);
		ch->sending = true;
		ch->out += ch->queued;
		ch->queued = 0;
		break;
	case KMCL_STEP_STARTED:
		CHECK(ch->opened && ch->sending && !ch->suspend_owed && !ch->receiving);
		ch->suspend_owed = true;
		break;
	case KMCL_STEP_RECEIVE_ON:
		CHECK(ch->suspend_owed && !ch->receiving);
		ch->receiving = true;
		ch->in_hand = 3;
		break;
	case KMCL_STEP_POST_STARTED:
		CHECK(ch->suspend_owed && ch->receiving && ch->sending);
		break;
	case KMCL_STEP_RECEIVE_OFF:
		CHECK(ch->receiving);
		ch->receiving = false;
		break;
	case KMCL_STEP_SUSPEND:
		CHECK(ch->suspend_owed && !ch->receiving && ch->bus_open);
		ch->suspend_owed = false;
		break;
	case KMCL_STEP_DRAIN:
		CHECK(!ch->suspend_owed && !ch->receiving && ch->bus_open);
		ch->in_hand = 0;
		break;
	case KMCL_STEP_SENDS_OFF:
		CHECK(!ch->refusing);
		ch->sending = false;
		ch->refusing = true;
		break;
	case KMCL_STEP_BUS_CLOSE:
		CHECK(ch->bus_open && !ch->receiving && !ch->suspend_owed && !ch->in_hand);
		CHECK(!ch->sending);
		ch->bus_open = false;
		break;
	case KMCL_STEP_FLUSH:
		CHECK(!ch->bus_open && ch->refusing);
		ch->queued = 0;
		ch->out = 0;
		break;
	case KMCL_STEP_CLOSED:
		CHECK(ch->opened && !ch->bus_open && !ch->suspend_owed);
		CHECK(!ch->queued && !ch->out && !ch->in_hand);
		ch->opened = false;
		break;
	case KMCL_STEP_END:
		FAIL("end is no step");
	}
	return true;
}

/* What holds whenever no event is under way. */
static void check_rest(const struct channel *ch)
{
	const struct kmcl_state *state = &ch->state;
	bool open = state->phase == KMCL_OPEN;

	CHECK(state->phase == KMCL_DISABLED || state->phase == KMCL_ENABLED || open);
	CHECK_EQ(ch->bus_open, open);
	CHECK_EQ(ch->opened, open);
	CHECK_EQ(ch->sending, open);
	CHECK_EQ(ch->receiving, open && state->active);
	CHECK_EQ(ch->suspend_owed, state->active);
	CHECK_EQ(state->active, open && !state->paused);
	CHECK(state->active || !ch->in_hand);
	if (state->phase == KMCL_DISABLED) {
		CHECK(!state->paused);
		CHECK_EQ(state->pause_mark, ch->want_mark);
		CHECK(!ch->queued && !ch->out);
	} else {
		CHECK(!state->pause_mark);
		CHECK_EQ(!state->paused, ch->want_started);
	}
	if (!open)
		CHECK(!ch->out);
}

/* What the driver asked for, kept apart from the plan. */
static void note(struct channel *ch, enum kmcl_event event)
{
	bool disabled = ch->state.phase == KMCL_DISABLED;

	if (event == KMCL_EVENT_ENABLE && disabled) {
		ch->want_started = !ch->state.is_server && !ch->want_mark;
		ch->want_mark = false;
	}
	if (event == KMCL_EVENT_START) {
		ch->want_started = !disabled;
		ch->want_mark = false;
	}
	if (event == KMCL_EVENT_PAUSE) {
		ch->want_started = false;
		ch->want_mark = disabled;
	}
}

static void apply(struct channel *ch, enum kmcl_event event, enum outcome outcome)
{
	struct kmcl_plan plan;

	note(ch, event);
	if (!kmcl_state_plan(&ch->state, event, &plan))
		return;
	ch->state.phase = plan.during;
	for (; *plan.steps != KMCL_STEP_END; plan.steps++) {
		enum kmcl_step step = *plan.steps;

		if (take_step(ch, step, outcome))
			continue;
		CHECK(event == KMCL_EVENT_OPEN);
		apply(ch, step == KMCL_STEP_OPENED ? KMCL_EVENT_REFUSED :
			  outcome == OFFER_GOES ? KMCL_EVENT_OFFER_LOST : KMCL_EVENT_NO_OPEN,
		      GOES_WELL);
		return;
	}
	ch->state = plan.after;
	ch->refusing = false;
}

/* The driver sends in every state that accepts it. */
static void send_one(struct channel *ch)
{
	if (ch->state.phase == KMCL_DISABLED)
		return;
	if (ch->sending)
		ch->out++;
	else
		ch->queued++;
}

/* Everything that can happen to a channel at rest. */
static const struct {
	enum kmcl_event event;
	enum outcome outcome;
} inputs[] = {
	{ KMCL_EVENT_ENABLE, GOES_WELL },
	{ KMCL_EVENT_OPEN, GOES_WELL },
	{ KMCL_EVENT_OPEN, BUS_FAILS },
	{ KMCL_EVENT_OPEN, OPENED_FAILS },
	{ KMCL_EVENT_OPEN, OFFER_GOES },
	{ KMCL_EVENT_START, GOES_WELL },
	{ KMCL_EVENT_PAUSE, GOES_WELL },
	{ KMCL_EVENT_PEER_CLOSED, GOES_WELL },
	{ KMCL_EVENT_DISABLE, GOES_WELL },
	/* These only follow an open; at rest they must do nothing. */
	{ KMCL_EVENT_NO_OPEN, GOES_WELL },
	{ KMCL_EVENT_REFUSED, GOES_WELL },
	{ KMCL_EVENT_OFFER_LOST, GOES_WELL },
};

static void feed(struct channel *ch, unsigned int input)
{
	send_one(ch);
	apply(ch, inputs[input].event, inputs[input].outcome);
	check_rest(ch);
}

static void every_sequence(const struct channel *ch, unsigned int length)
{
	if (!length)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(inputs); i++) {
		struct channel next = *ch;

		feed(&next, i);
		every_sequence(&next, length - 1);
	}
}

TEST(every_sequence_of_six_on_a_client)
{
	struct channel ch = { .state = { .is_server = false } };

	every_sequence(&ch, 6);
}

TEST(every_sequence_of_six_on_a_server)
{
	struct channel ch = { .state = { .is_server = true } };

	every_sequence(&ch, 6);
}

TEST(long_random_sequences)
{
	u64 random = 1;

	for (int run = 0; run < 2000; run++) {
		struct channel ch = { .state = { .is_server = run % 2 } };

		for (int i = 0; i < 500; i++)
			feed(&ch, unit_below(&random, ARRAY_SIZE(inputs)));
	}
}

TEST(a_server_keeps_its_queue_over_a_refused_open)
{
	struct channel ch = { .state = { .is_server = true } };

	apply(&ch, KMCL_EVENT_ENABLE, GOES_WELL);
	apply(&ch, KMCL_EVENT_START, GOES_WELL);
	send_one(&ch);
	send_one(&ch);
	apply(&ch, KMCL_EVENT_OPEN, OPENED_FAILS);
	CHECK_EQ(ch.queued, 2);
	apply(&ch, KMCL_EVENT_OPEN, BUS_FAILS);
	CHECK_EQ(ch.queued, 2);
	apply(&ch, KMCL_EVENT_OPEN, GOES_WELL);
	CHECK_EQ(ch.queued, 0);
	CHECK_EQ(ch.out, 2);
	CHECK(ch.state.active);
	apply(&ch, KMCL_EVENT_PEER_CLOSED, GOES_WELL);
	apply(&ch, KMCL_EVENT_OPEN, GOES_WELL);
	CHECK(ch.state.active);		/* still started */
}

TEST(a_client_that_waits_keeps_its_queue_when_the_offer_goes)
{
	struct channel ch = { .state = { .is_server = false } };

	apply(&ch, KMCL_EVENT_ENABLE, GOES_WELL);
	send_one(&ch);
	apply(&ch, KMCL_EVENT_OPEN, OFFER_GOES);
	CHECK_EQ(ch.queued, 1);
	CHECK_EQ(ch.state.phase, KMCL_ENABLED);
	apply(&ch, KMCL_EVENT_OPEN, GOES_WELL);
	CHECK_EQ(ch.out, 1);
}
