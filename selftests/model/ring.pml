/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring's signal protocol (kmcl/ring.h): empty to non-empty, the interrupt mask, the pending send
 * size. Two ends, each of which sleeps when it has nothing to do; a signal that should have come and
 * did not leaves both asleep, which spin finds as an invalid end state.
 *
 * Stores wait in a buffer, one a variable, and leave it in any order; a full barrier empties the
 * buffers of its end. That is weaker than any processor. Each FAULT leaves out one thing that
 * ring.h calls necessary.
 */

#ifndef FAULT
#define FAULT 0
#endif
#define SIZE 4		/* units of the ring, of which one stays free */
#define PACKETS 4	/* of 1 or 2 units each */

/* What is in memory, and what waits on its way there: 255 is nothing. */
#define NONE 255
byte w, r, mask, pending;
byte w_buf = NONE, r_buf = NONE, mask_buf = NONE, pending_buf = NONE;

/* A signal that came while its end was awake is not lost: an end looks again before it sleeps. */
bool to_sender, to_receiver;

/* Lengths on their way, which in the ring are in the descriptors. */
chan lengths = [PACKETS] of { byte };
byte received;
bool sent_all;

#define DISTANCE(from, to)	((to + SIZE - from) % SIZE)
#define FREE(write, read)	(SIZE - DISTANCE(read, write))

inline leave(variable, buffer)
{
	atomic { buffer != NONE -> variable = buffer; buffer = NONE }
}

/* An older store to the same variable leaves first. */
inline store(variable, buffer, value)
{
	atomic {
		if
		:: buffer != NONE -> variable = buffer
		:: else
		fi;
		buffer = value
	}
}

inline sender_barrier()
{
	atomic {
		if :: w_buf != NONE -> w = w_buf; w_buf = NONE :: else fi;
		if :: pending_buf != NONE -> pending = pending_buf; pending_buf = NONE :: else fi
	}
}

inline receiver_barrier()
{
	atomic {
		if :: r_buf != NONE -> r = r_buf; r_buf = NONE :: else fi;
		if :: mask_buf != NONE -> mask = mask_buf; mask_buf = NONE :: else fi
	}
}

active proctype memory()
{
end:
	do
	:: leave(w, w_buf)
	:: leave(r, r_buf)
	:: leave(mask, mask_buf)
	:: leave(pending, pending_buf)
	od
}

/* kmcl_ring_publish() */
inline publish()
{
	if
	:: mine != published ->
		old = published;
		store(w, w_buf, mine);
		published = mine;
#if FAULT != 1
		sender_barrier();
#endif
		if
		:: mask == 0 ->
			if
			:: r == old -> to_receiver = true
			:: else
			fi
		:: else
		fi
	:: else
	fi
}

active proctype sender()
{
	byte mine, published, old, theirs, count, size;
	bool waits;

	do
	:: count == PACKETS -> break
	:: count < PACKETS ->
		if :: size = 1 :: size = 2 fi;
		waits = false;
retry:
		if
		:: size >= FREE(mine, theirs) -> theirs = r
		:: else
		fi;
		if
		:: size >= FREE(mine, theirs) ->
#if FAULT != 2
			/* The peer reckons its room by what it has seen. */
			publish();
#endif
			/* kmcl_ring_wait_for_room() */
			store(pending, pending_buf, size);
			waits = true;
#if FAULT != 3
			sender_barrier();
#endif
#if FAULT != 4
			theirs = r;
#endif
			if
			:: size >= FREE(mine, theirs) ->
				to_sender -> to_sender = false;
				goto retry
			:: else
			fi
		:: else
		fi;
		lengths!size;
		mine = (mine + size) % SIZE;
		count++;
		if
		:: waits -> store(pending, pending_buf, 0)
		:: else
		fi;
		/* One at a time, or a batch. */
		if
		:: publish()
		:: true
		fi
	od;
	publish();
	sent_all = true
}

/* kmcl_ring_commit() */
inline commit()
{
	if
	:: mine != published ->
		freed = DISTANCE(published, mine);
		store(r, r_buf, mine);
		published = mine;
#if FAULT != 5
		receiver_barrier();
#endif
		wants = pending;
		if
		:: wants ->
			seen = w;
			if
			:: FREE(seen, mine) > wants && FREE(seen, mine) - freed <= wants ->
				to_sender = true
			:: else
			fi
		:: else
		fi
	:: else
	fi
}

active proctype receiver()
{
	byte mine, published, freed, wants, seen, size;

	do
	:: received == PACKETS -> break
	:: received < PACKETS ->
		to_receiver -> to_receiver = false;
again:
		store(mask, mask_buf, 1);
		receiver_barrier();
		do
		:: atomic { w != mine ->
			lengths?size;
			mine = (mine + size) % SIZE;
			received++ }
			if :: commit() :: true fi
		:: atomic { w == mine -> break }
		od;
		commit();
		/* kmcl_ring_unmask() */
		store(mask, mask_buf, 0);
#if FAULT != 6
		receiver_barrier();
#endif
#if FAULT != 7
		if
		:: w != mine -> goto again
		:: else
		fi
#endif
	od
}
