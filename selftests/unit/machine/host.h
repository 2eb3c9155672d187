/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bus on the machine: an offer, the memory of its rings, and the peer, whose part the test plays.
 * A client channel claims the offer; a server channel is given it when it is enabled.
 */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include "channel.h"
#include "../../kmod/host_ring.h"

struct host_memory {
	u8 *memory;		/* control page, data, data again */
	u32 size;
};

struct host {
	struct kmcl_offer offer;
	bool offered, gone;

	/* How the peer treats what is asked of it. */
	int open_error;
	bool hold_open, opening;
	bool forget_room;
	int gpadl_error, map_error;
	u32 limit_pages;	/* the bus makes rings no larger; 0: as asked */

	unsigned int opens, closes, signals, released, gpadls, mappings, answers, unserved;
	u32 last_gpadl;
	int answer;

	spinlock_t lock;	/* covers what follows */
	struct machine_wait wait;
	bool is_open;
	unsigned int signalling;
	struct kmcl_link *link;
	struct kmcl_ring to_guest, from_guest;
	struct host_memory in, out;
	u64 kept, taken;	/* the save that the connection is kept for, or was given to */
};

extern const guid_t host_type, host_instance;

/* The bus, and the channel machinery itself. */
void host_begin(void);
void host_end(void);

/* Memory of the caller's. */
void host_init(struct host *host);
void host_offer(struct host *host);
void host_rescind(struct host *host);
void host_unbind(struct host *host);
void host_release_open(struct host *host);
/* Rescind if need be and sleep until nobody has it. */
void host_destroy(struct host *host);

/* The server end that the next server channel to be enabled is given; NULL: -ENOMEM. */
extern struct host *host_of_server;
void host_knock(struct host *host);
void host_close(struct host *host);

/* Signal the guest: a softirq. The second waits until it has run. */
void host_signal(struct host *host);
void host_signal_now(struct host *host);

/* Any descriptor with any data; signals if that is due. */
int host_write(struct host *host, const struct kmcl_desc *desc, const void *data, u32 length,
	       u32 ring_bytes);
int host_send(struct host *host, const void *data, u32 length, u64 id);
int host_complete(struct host *host, u64 id, const void *data, u32 length);
/* Return: 1; 0 if there is nothing; -EIO what is there is broken; -ENOTCONN. */
int host_read(struct host *host, struct host_packet *packet);
/* All that is there. Return: how many. */
unsigned int host_read_all(struct host *host);

#endif
