/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The races of a client's life cycle (kmcl/lifecycle.c, tx.c, rx.c): a rescind against an enable, a
 * disable against a send, a cleanup against a completion. Turns, news of the bus as work, delivery
 * as a softirq, the gate of the sends.
 *
 * What must hold: every accepted packet completes once; callbacks alternate; nobody touches the
 * rings once they are unmapped or the channel once it is freed; nobody waits for ever, which spin
 * finds as an invalid end state. Each FAULT leaves out one thing that this rests on.
 */

#ifndef FAULT
#define FAULT 0
#endif
#define PACKETS 2

mtype = { DISABLED, ENABLED, OPENING, OPEN, CLOSING };
mtype phase = DISABLED;

bool turn;		/* somebody has the channel's turn */
bool freed;
byte references = 1;	/* the driver's, and the queued work's */

bool waiting, claimed, claim_lost, offered;	/* of bus.c, under its lock */
bool work_queued, work_running;

bool gate_open, ring_open, rx_enabled, rx_running, signal_running;
bool on_wire[PACKETS];
bool accepted[PACKETS];
byte completed[PACKETS];
bool replied[PACKETS];	/* a completion of it lies in the ring */
bool opened_owed;	/* opened ran, closed is owed */

#define alive		assert(!freed)

inline complete(n)
{
	completed[n]++;
	assert(completed[n] == 1)
}

/* kmcl_lifecycle_notify() */
inline notify()
{
	atomic {
		if
		:: !work_queued -> work_queued = true;
#if FAULT != 1
			references++
#else
			skip
#endif
		:: else
		fi
	}
}

/* kmcl_ids_close_all(), then their routines. */
inline flush()
{
	n = 0;
	do
	:: n == PACKETS -> break
	:: n < PACKETS ->
		atomic {
			if
			:: on_wire[n] -> on_wire[n] = false; complete(n)
			:: else
			fi
		};
		n++
	od
}

/* The steps of close_active in state.c. */
inline close_channel()
{
	phase = CLOSING;
#if FAULT != 3
	gate_open = false;
#endif
	rx_enabled = false;
#if FAULT != 4
	!rx_running;
#endif
	/* The bus: no signal runs from here on. */
	ring_open = false;
	!signal_running;
	flush();
#if FAULT == 3
	gate_open = false;
#endif
	assert(opened_owed);
	opened_owed = false
}

/* kmcl_bus_release() */
inline release_claim()
{
	atomic { waiting = false; claimed = false; claim_lost = false }
}

/* kmcl_bus_claim_or_wait() */
inline claim_or_wait()
{
	atomic {
		if
		:: offered -> claimed = true
		:: else -> waiting = true
		fi
	}
}

/* The bus, EvtChannelOpened, sends on, receive on. With the turn. @otherwise: what a failure leads to. */
inline open_channel(otherwise)
{
	phase = OPENING;
	if
	:: claim_lost -> phase = otherwise
	:: else ->
		ring_open = true;
		assert(!opened_owed);
		opened_owed = true;
		gate_open = true;
		rx_enabled = true;
		phase = OPEN
	fi
}

/* handle_news() */
inline handle_news()
{
	if
	:: phase == ENABLED && claimed && !claim_lost -> open_channel(ENABLED)
	:: else
	fi;
	if
	:: phase == ENABLED && claimed && claim_lost -> release_claim(); claim_or_wait()
	:: else
	fi;
	if
	:: phase == OPEN && claim_lost ->
		close_channel();
		phase = DISABLED;
		release_claim()
	:: else
	fi
}

active proctype worker()
{
	byte n;

end:
	do
	:: atomic { work_queued -> work_queued = false; work_running = true };
		atomic { !turn -> turn = true };
		alive;
		handle_news();
		turn = false;
		alive;
		atomic {
#if FAULT != 1
			references--;
			if :: references == 0 -> freed = true :: else fi;
#endif
			work_running = false
		}
	od
}

/* Offers once, and may rescind at any time; then it waits until nobody has the offer. */
active proctype bus()
{
	atomic {
		if
		:: waiting -> waiting = false; claimed = true; notify()
		:: else -> offered = true
		fi
	};
	if
	:: true ->
		atomic {
			offered = false;
			if
			:: claimed -> claim_lost = true;
#if FAULT != 5
				notify()
#else
				skip
#endif
			:: else
			fi
		};
		!claimed
	:: true
	fi
}

/* A peer that completes what it sees in the ring, and signals. */
active proctype peer()
{
	byte n;

	do
	:: atomic { ring_open && on_wire[0] && !replied[0] -> replied[0] = true; n = 0 }
	:: atomic { ring_open && on_wire[1] && !replied[1] -> replied[1] = true; n = 1 }
	:: true -> break
	od;
end:
	skip
}

/* The bus's callback: kmcl_rx_signalled(). */
active proctype softirq()
{
	byte n;

end:
	do
	:: atomic { ring_open && (replied[0] || replied[1]) -> signal_running = true };
		atomic {
			if
			:: rx_enabled && !rx_running -> rx_running = true
			:: else -> signal_running = false
			fi
		};
		if
		:: rx_running ->
			alive;
			n = 0;
			do
			:: n == PACKETS -> break
			:: n < PACKETS ->
				if
				:: rx_enabled && replied[n] ->
					/* The ring is read here. */
					assert(ring_open);
					replied[n] = false;
					atomic {
						if
						:: on_wire[n] -> on_wire[n] = false; complete(n)
						:: else
						fi
					}
				:: else
				fi;
				n++
			od;
			rx_running = false;
			signal_running = false
		:: else
		fi;
		/* Nothing to do until there is something. */
		if
		:: !rx_enabled -> !ring_open || rx_enabled
		:: else
		fi
	od
}

/* kmcl_tx_send(), with tx->lock held */
inline send(n)
{
#if FAULT != 2
	atomic {
#endif
		if
		:: gate_open -> accepted[n] = true; assert(ring_open); on_wire[n] = true
		:: else
		fi
#if FAULT != 2
	}
#endif
}

active proctype second_thread()
{
	send(0);
	send(1)
}

active proctype driver()
{
	byte n;

	/* VmbChannelEnable() */
	atomic { !turn -> turn = true };
	phase = ENABLED;
	claim_or_wait();
	if
	:: !waiting && claimed -> open_channel(DISABLED);
		if
		:: phase == DISABLED -> gate_open = false; flush(); release_claim()
		:: else
		fi
	:: else
	fi;
	turn = false;

	/* It may leave a closing to the bus. */
	if
	:: claim_lost -> !claim_lost
	:: true
	fi;

	/* VmbChannelDisable() */
	atomic { !turn -> turn = true };
	if
	:: phase == OPEN -> close_channel(); phase = DISABLED; release_claim()
	:: phase == ENABLED ->
		gate_open = false;
		flush();
		phase = DISABLED;
		release_claim()
	:: else
	fi;
	turn = false;

	/* VmbChannelCleanup() */
	assert(!rx_running && !ring_open);
	atomic {
		references--;
		if :: references == 0 -> freed = true :: else fi
	};
	/* Each accepted packet has completed. */
	n = 0;
	do
	:: n == PACKETS -> break
	:: n < PACKETS ->
		assert(!accepted[n] || completed[n] == 1);
		n++
	od
}
