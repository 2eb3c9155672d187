/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver that notes what the library does with it, and does what a test has told it to. */
#ifndef UNIT_DRIVER_H
#define UNIT_DRIVER_H

#include "host.h"

#define DRIVER_HELD	64

#define WAIT_FLAG	VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION

struct driver {
	VMBCHANNEL channel;
	char log[512];		/* state callbacks: "opened started post-started suspend closed " */

	/* What its callbacks do. */
	NTSTATUS opened_status;
	bool hold;		/* keep packets instead of completing them */
	bool defer;		/* to passive, once a packet */
	bool fail;		/* VmbChannelPacketFail */
	bool take_external;
	bool echo;		/* complete with what has come */
	void (*in_opened)(struct driver *driver);
	void (*in_started)(struct driver *driver);
	void (*in_suspend)(struct driver *driver);
	void (*in_packet)(struct driver *driver);
	void (*in_batch)(struct driver *driver);
	void (*in_routine)(struct driver *driver, VMBPACKET packet);

	unsigned int packets, batches, completed, removed, pnp_failures;
	u32 last_length, last_flags;
	u8 last[64];
	NTSTATUS last_status, external_status;
	u32 last_completion;	/* bytes of its payload */
	PMDL mdl;
	VMBPACKETCOMPLETION held[DRIVER_HELD];
	unsigned int held_count;
};

/* A client with rings of so many pages and small packets, which is Disabled. */
void driver_init_client(struct driver *driver, u32 pages);
void driver_init_server(struct driver *driver);
/* Disable and clean up. What it holds it completes when it is suspended. */
void driver_end(struct driver *driver);

NTSTATUS driver_enable(struct driver *driver);
void driver_disable(struct driver *driver);
/* So that both callbacks are its own, and the packet is freed when it completes. */
VMBPACKET driver_packet(struct driver *driver);
NTSTATUS driver_send(struct driver *driver, const void *data, u32 length, u32 flags);
void driver_complete_held(struct driver *driver);

#endif
