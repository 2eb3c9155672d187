/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two drivers for tests: a server and a client channel on the local bus, with callbacks that keep a
 * log as in client.h and do what the test says. Each pair has an interface id of its own.
 */
#ifndef KMCL_TEST_PAIR_H
#define KMCL_TEST_PAIR_H

#include "client.h"
#include "ktap.h"

struct end {
	VMBCHANNEL channel;
	char log[64];
	unsigned int length;
	char state;			/* the last letter */
	bool bad_order;			/* a callback where it has no place */
	NTSTATUS opened_status;
	void (*on_opened)(struct end *end);
	void (*on_closed)(struct end *end);
	atomic_t packets;
	atomic_t accepted;
	atomic_t completed;
	atomic_t removed;		/* with STATUS_DEVICE_REMOVED */
	NTSTATUS status;		/* of the last send to complete, or the test's own */
	u8 reply[64];
	u32 reply_length;
};

struct pair {
	struct end server;
	struct end client;
	GUID type;
	GUID instance;
	/* What the server does with a packet; NULL: completes it with itself. */
	void (*serve)(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length,
		      u32 flags);
	VMBPACKETCOMPLETION kept;
	void *data;			/* of the test */
};

/* Both Disabled; the server offered and started; both open. */
struct pair *pair_create(struct ktap *t);
struct pair *pair_offer(struct ktap *t);
struct pair *pair_open(struct ktap *t);

/* Every packet has completed once, every callback came in its place, or the test fails. */
void pair_destroy(struct ktap *t, struct pair *p);

/* For a second pair of the same interface id. */
void pair_imitate(struct pair *p, const struct pair *other);

static inline bool end_log_is(const struct end *end, const char *text)
{
	return !strcmp(end->log, text);
}

struct pair *pair_of_server(struct end *end);

/* A packet from one end; it is freed when it has completed. */
NTSTATUS end_send(struct end *from, const void *data, u32 length, u32 flags);
VMBPACKET end_packet(struct end *from);
NTSTATUS end_sent(struct end *from, VMBPACKET packet, NTSTATUS status);

/* For pair.serve: the test completes p->kept. */
void pair_keep(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length, u32 flags);

#endif
