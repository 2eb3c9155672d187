/* SPDX-License-Identifier: GPL-2.0-only */
/* A client of the test peer: a channel on the real hv_vmbus, and the peer's orders. */
#ifndef KMCL_TEST_PEER_H
#define KMCL_TEST_PEER_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "background.h"
#include "ktap.h"
#include "peer_proto.h"

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#define WAIT_FLAG	VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION
/* What bounds a hang: an emulated guest can stand still for many seconds. */
#define PEER_TIMEOUT_MS	60000
#define PEER_MAX_PACKET	4096u

/* ktap.c knows no more of it than the name. */
struct client {
	VMBCHANNEL channel;
	spinlock_t lock;		/* covers states */
	/* O opened, S started, P post-started, U suspend, C closed, F PnP failure. */
	char states[64];
	NTSTATUS failure;
	NTSTATUS result;

	void (*on_opened)(struct client *c);
	void (*on_closed)(struct client *c);
	/* Without it a packet is completed with its own bytes. */
	void (*on_packet)(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length);

	/* Incoming data packets of peer_fill(), in order: see client_check(). */
	u32 expected;			/* seed of the next */
	u32 most;			/* PEER_RANDOM up to this; 0: all of size */
	u32 size;
	bool wrong;
	u32 wrong_at;

	/* What is on its way: sent and not completed or echoed. */
	atomic_t in_flight;
	int awaited;			/* in_flight, by who waits */
	atomic_t accepted;
	atomic_t completed;
	atomic_t removed;		/* with STATUS_DEVICE_REMOVED */
	wait_queue_head_t wait;

	u8 *buffer;			/* PEER_MAX_PACKET bytes, for the test */
	void *data;			/* of the test; freed with the client */
};

/* Parameters of the module. */
extern unsigned int peer_echoes;
extern unsigned int peer_chains;
extern unsigned int peer_rescinds;
extern unsigned int peer_limit_ms;
extern bool peer_local;

extern const GUID peer_class;
extern const GUID peer_instance;
extern const GUID peer_pipe_instance;

struct client *client_create(void);
struct client *client_create_on(PDEVICE_OBJECT parent);
NTSTATUS client_set_target(struct client *c, const GUID *instance);
bool client_destroy(struct client *c);
bool client_open(struct client *c);
bool client_enabled_opens(struct client *c);
bool client_reopen(struct client *c);
bool client_disabled(struct client *c);
bool client_states_are(struct client *c, const char *text);
bool client_states_end(struct client *c, const char *text);
void client_forget(struct client *c);
void client_check(struct client *c, const u8 *buffer, u32 length);
LARGE_INTEGER client_timeout(unsigned int ms);

NTSTATUS client_order(struct client *c, struct peer_answer *answer, enum peer_op op,
		      const u32 arg[PEER_ARGS]);
NTSTATUS client_order_with(struct client *c, struct peer_answer *answer, enum peer_op op,
			   const u32 arg[PEER_ARGS], const void *bytes, u32 length);
NTSTATUS client_tell(struct client *c, enum peer_op op, const u32 arg[PEER_ARGS]);
void client_make_order(struct peer_order *order, enum peer_op op, const u32 arg[PEER_ARGS]);
bool client_hello(struct client *c);
struct device *client_device(struct client *c);
unsigned int client_open_requests(struct client *c);
bool client_has_failed(struct client *c);
u32 client_room_index(struct client *c);
bool client_counters(struct client *c, struct peer_counters *counters);
bool client_counter_is(struct client *c, size_t offset, u64 value);
void client_arrived(struct client *c);
bool client_drained(struct client *c, int most);
void check_row(struct ktap *t, struct client *c, u32 count);

#define ARGS(...)		((const u32 [PEER_ARGS]) { __VA_ARGS__ })
#define ORDER(c, op, ...)	client_order(c, NULL, op, ARGS(__VA_ARGS__))
/* The peer's, some time. */
#define CHECK_COUNTER(t, c, name, value) \
	CHECK(t, WITHIN(PEER_TIMEOUT_MS, \
			client_counter_is(c, offsetof(struct peer_counters, name), value)))

/* A packet whose completion is waited for. */
struct request {
	struct client *c;
	struct completion done;
	NTSTATUS status;
	u32 length;
	union {
		struct peer_answer answer;
		u8 bytes[PEER_MAX_PACKET];
	};
};

VMBPACKET request_begin(struct client *c, struct request *r);
NTSTATUS request_finish(struct request *r, VMBPACKET packet, NTSTATUS sent);
NTSTATUS request_wait(struct request *r);

/* For what only a VMBus has, messages of the guest and the limits of hv_vmbus. */
static inline bool peer_skip_local(struct ktap *t)
{
	if (peer_local)
		t->skipped = "the local bus has no such thing";
	return peer_local;
}

extern const struct ktap_suite echo_suite;
extern const struct ktap_suite external_suite;
extern const struct ktap_suite gpadl_suite;
extern const struct ktap_suite incoming_suite;
extern const struct ktap_suite completion_suite;
extern const struct ktap_suite malformed_suite;
extern const struct ktap_suite rescind_suite;
extern const struct ktap_suite properties_suite;
extern const struct ktap_suite rings_suite;
extern const struct ktap_suite pipe_suite;
extern const struct ktap_suite pnp_suite;
extern const struct ktap_suite sleep_open_suite;
extern const struct ktap_suite sleep_untouched_suite;
extern const struct ktap_suite sleep_closed_suite;
extern const struct ktap_suite sleep_slow_suite;
extern const struct ktap_suite sleep_refused_suite;
extern const struct ktap_suite sleep_end_suite;
extern const struct ktap_suite peer_faults_suite;

#endif
