/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client driver for tests: a channel whose callbacks keep a log and do what the test says.
 *
 * The log has one letter per callback. State callbacks, in capitals:
 *   O opened  S started  P post-started  U suspend  C closed  F PnP failure
 * packets:
 *   d data packet  b end of a batch  c send completed  r send completed with
 *   STATUS_DEVICE_REMOVED  e send completed with another status
 */
#ifndef KMCL_TEST_CLIENT_H
#define KMCL_TEST_CLIENT_H

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "background.h"
#include "testbus.h"

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#define WAIT_FLAG	VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION

#define CLIENT_LOG	256
#define CLIENT_KEPT	64

struct client {
	VMBCHANNEL channel;
	struct testbus_device *dev;

	spinlock_t lock;		/* log, kept packets */
	char log[CLIENT_LOG + 1];
	char states[CLIENT_LOG + 1];
	char state;			/* the last letter */
	bool bad_order;			/* a callback where it has no place */

	/* What the callbacks do besides. */
	NTSTATUS opened_status;
	void (*on_opened)(struct client *c);
	void (*on_started)(struct client *c);
	void (*on_post_started)(struct client *c);
	void (*on_suspend)(struct client *c);
	void (*on_closed)(struct client *c);
	void (*on_failure)(struct client *c);
	/* Without it a packet is completed with no payload. */
	void (*on_packet)(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length);
	/* Without it a packet is freed when it has completed. */
	void (*on_sent)(struct client *c, VMBPACKET packet, NTSTATUS status);

	NTSTATUS failure;		/* of EvtVmbChannelPnpFailure */

	/* Incoming. */
	unsigned int packets;
	unsigned int batches;
	unsigned int batched;		/* sum of PacketsProcessed */
	bool empty_batch;
	VMBPACKETCOMPLETION last_packet;
	u8 *last_buffer;
	u8 last[64];
	u32 last_length;
	bool last_passive;
	bool overlap;			/* two packet callbacks at once */
	u64 expected;			/* client_in_order: value of the next packet */
	bool out_of_order;
	atomic_t delivering;
	VMBPACKETCOMPLETION kept[CLIENT_KEPT];
	unsigned int kept_count;

	/* Outgoing. */
	atomic_t accepted;
	atomic_t completed;		/* in all */
	atomic_t removed;		/* with STATUS_DEVICE_REMOVED */
	NTSTATUS sent_status;		/* of the last one to complete */
	u8 sent_data[64];
	u32 sent_length;
	void *sent_pointer;
	bool sent_passive;

	/* For the test. */
	NTSTATUS result;
	u64 number;
	void *memory;
};

struct client *client_create(void);
bool client_destroy(struct client *c);
struct client *client_of(VMBCHANNEL channel);
struct kmcl_channel *channel_of(struct client *c);
bool channel_settles(struct kmcl_channel *ch);
void client_target(struct client *c, const guid_t *instance);
void client_log(struct client *c, char letter);
bool client_log_is(struct client *c, const char *text);
bool client_states_are(struct client *c, const char *text);
void client_forget(struct client *c);
void client_open(struct client *c);

NTSTATUS client_send(struct client *c, const void *data, u32 length, u32 flags);
NTSTATUS client_send_number(struct client *c, u64 number, u32 flags);
NTSTATUS client_send_packet(struct client *c, VMBPACKET packet, const void *data, u32 length,
			    u32 flags);
VOID client_sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length);
unsigned int client_fill_ring(struct client *c, u32 flags);

/* For on_packet. */
void client_keep(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length);
void client_in_order(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length);
void client_complete_kept(struct client *c);
void client_complete_one(struct client *c);

/* The host's side. */
int client_host_send(struct client *c, u64 number);
bool client_host_gets(struct client *c, struct host_packet *packet);
bool client_host_gets_numbers(struct client *c, u64 from, unsigned int count);

void client_enable(struct client *c);	/* for background: result is in c->result */
void client_disable(struct client *c);
void client_pause(struct client *c);

#endif
