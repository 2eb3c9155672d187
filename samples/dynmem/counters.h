/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver counts. Includes nothing and uses C's own types only, because the Windows side
 * and the Linux side of the module both read it.
 */
#ifndef DYNMEM_COUNTERS_H
#define DYNMEM_COUNTERS_H

struct DYNMEM_COUNTERS {
	long long Connects;		/* times the channel came up */
	long long PacketsSent;
	long long PacketsReceived;
	long long StatusReports;
	long long BalloonRequests;
	long long UnballoonRequests;
	long long PagesGiven;		/* to the host, ever */
	long long PagesTakenBack;	/* from the host, ever, the channel's end included */
	long long PagesBallooned;	/* the host has them now */
	long long PagesHeld;		/* taken back, but their block is not complete yet */
	long long Blocks;		/* allocations that back the balloon now */
	long long BadMessages;		/* from the host: too short, unknown, at the wrong time */
	long long BadPages;		/* returned by the host without having been given */
};

extern struct DYNMEM_COUNTERS DynMemCounters;

const char *DynMemStateName(void);
unsigned int DynMemProtocolVersion(void);	/* major << 16 | minor, 0 before it is agreed on */

#endif
