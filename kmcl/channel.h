/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The channel and packet objects behind VMBCHANNEL, VMBPACKET and VMBPACKETCOMPLETION.
 *
 * Locks, all spin locks that keep bottom halves out, none held while a driver's callback runs:
 *
 *   ch->lock     life cycle: state, the transition's owner
 *   rx->lock     receiving: who delivers, what is outstanding
 *   tx->lock     sending: gate, queue, transaction ids, the outgoing ring
 *   packets.lock the list of packet objects
 *
 * Of these only tx->lock is taken with another spin lock held, that of bus.c; and with tx->lock
 * held KEVENTs are set, which takes the dispatcher lock of nt/. In nt/ the lock of the device
 * stacks comes before that of a node of pnp.c. The incoming ring belongs to the one delivery
 * context that rx->running stands for.
 *
 * Mutexes, outermost first: the registry of bus.c, the device lock of hv_vmbus, rescind_lock of
 * hyperv/; all come before the lock of bus.c. So does the mutex of local/.
 *
 * A life-cycle transition belongs to one thread at a time (ch->transition), which may sleep and
 * calls the state callbacks; this is not a lock but a turn, taken in lifecycle.c.
 */
#ifndef KMCL_CHANNEL_H
#define KMCL_CHANNEL_H

#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

#include "bus.h"
#include "counters.h"
#include "ids.h"
#include "parse.h"
#include "state.h"

#define KMCL_CHANNEL_MAGIC	0x4b6d4368	/* "KmCh" */
#define KMCL_PACKET_MAGIC	0x4b6d506b	/* "KmPk" */
#define KMCL_INCOMING_MAGIC	0x4b6d496e	/* "KmIn" */

#define KMCL_NAME_MAX		64	/* UTF-16 units of a friendly name */
#define KMCL_LABEL_MAX		64

/* ---- outgoing ---- */

/* Anything that waits for its place in the outgoing ring. */
struct kmcl_txn {
	struct list_head link;
	struct kmcl_id id;	/* open while the packet waits for its completion */
	enum { KMCL_TXN_PACKET, KMCL_TXN_REPLY } kind;
	struct kmcl_desc desc;
	u32 head;		/* bytes between descriptor and message, in body */
	u32 length;		/* bytes of the message, behind them */
	unsigned long since;	/* jiffies when it was accepted */
	u64 start;		/* for the histogram of latencies; 0: not asked for */
	u8 *body;
};

/* A message on its way into the ring, before anything of it is kept. */
struct kmcl_message {
	u16 type;
	const void *head;	/* between descriptor and message: ranges, or a pipe header */
	u32 head_length;
	bool head_is_payload;
	const void *data;
	u32 length;
};

enum kmcl_packet_state {
	KMCL_PACKET_IDLE,
	KMCL_PACKET_CLAIMED,	/* a sender has it */
	KMCL_PACKET_QUEUED,
	KMCL_PACKET_ON_WIRE,
};

struct kmcl_sync;
struct kmcl_save;
struct kmcl_restore;
struct kmcl_files;

struct kmcl_packet {
	u32 magic;
	bool allocated;		/* by VmbPacketAllocate: on the channel's list */
	bool wants_completion;
	bool external;		/* the peer may touch pages of the driver's */
	enum kmcl_packet_state state;
	struct kmcl_channel *ch;
	PFN_VMB_PACKET_COMPLETION_ROUTINE routine;
	PVOID pointer;
	struct kmcl_sync *sync;	/* the thread that waits for a synchronous request */
	u32 capacity;		/* bytes of body */
	struct list_head all;
	struct kmcl_txn txn;
	u8 body[] __aligned(8);
};

enum kmcl_gate {
	KMCL_GATE_REFUSE,	/* Disabled or closing */
	KMCL_GATE_QUEUE,	/* enabled, not open */
	KMCL_GATE_OPEN,
};

struct kmcl_tx {
	spinlock_t lock;		/* covers all of this and the outgoing ring */
	enum kmcl_gate gate;
	bool closing;			/* told apart from Disabled by synchronous requests */
	bool ring_open;			/* replies go out until the rings are closed */
	bool corrupt;			/* the peer's index is: nothing more until a close */
	struct list_head queue;		/* in order of acceptance */
	struct list_head aside;		/* sends that closing took off the queue */
	struct list_head syncs;		/* requests with a thread that waits */
	struct kmcl_ids ids;
	u64 counts[KMCL_COUNTERS_COUNT];	/* by who has the lock */
	unsigned int replies_queued;
	unsigned int queued;		/* on queue and aside */
	unsigned int queued_most;
	unsigned int held;		/* in the ring, and not published before the batch ends */
	unsigned long held_since;	/* jiffies */
	u64 full_since;			/* ns; 0: nothing waits for room */

	struct kmcl_frame *frames;	/* but that of the delivery context */
	unsigned int completing;	/* packets whose routine is about to be called */

	struct delayed_work retry;	/* for hosts that forget to signal room */
	unsigned int retry_ms;
};

/* A context inside a completion routine: see routine.c. */
struct kmcl_frame {
	struct kmcl_frame *outer;
	struct task_struct *task;
	bool in_softirq;
	struct list_head done;
};

/* ---- incoming ---- */

enum kmcl_incoming_state {
	KMCL_INCOMING_FREE,
	KMCL_INCOMING_PRESENTED,	/* the driver has it */
	KMCL_INCOMING_HELD,		/* deferred: the library has it back */
	KMCL_INCOMING_FAILED,
	KMCL_INCOMING_REPLYING,
};

struct kmcl_incoming {
	u32 magic;
	bool wants_completion;
	int state;			/* enum kmcl_incoming_state, changed by cmpxchg */
	struct kmcl_channel *ch;
	bool external;
	u32 bytes;			/* of the object */
	u32 length;
	u64 trans_id;
	PMDL mdl;			/* external data; NULL: its description is wrong */
	PMDL mdl_room;			/* where the MDLs lie */
	bool asked;			/* the driver has, for the external data */
	unsigned long since;		/* jiffies when the driver got it */
	struct list_head link;
	struct list_head all;
	struct kmcl_txn reply;
	u8 body[] __aligned(8);
};

struct kmcl_rx {
	spinlock_t lock;		/* covers all but what is the runner's */
	bool enabled;
	bool running;
	bool again;			/* signalled while running */
	bool failed;			/* malformed packet: nothing more until a close */
	bool starved;			/* waits for a completed packet: quota, memory, backlog */
	bool passive;			/* VmbChannelSetIncomingProcessingAtPassive */
	/*
	 * Packets that the driver has, without the one that is being presented. -1 is that one, if
	 * another thread has completed it before its callback has returned.
	 */
	int outstanding;
	u32 quota;
	u32 budget;			/* packets of one run; 0: no limit */
	u32 time_ms;			/* of one run; 0: no limit */
	bool in_thread;			/* a run has reached a limit: no other in a softirq */
	struct task_struct *runner;
	bool runner_in_softirq;
	struct list_head all;
	struct list_head free;
	unsigned int free_count;
	struct work_struct work;

	/* the runner's, whose context the driver's callbacks are in */
	bool at_passive;			/* that context */
	bool in_batch;				/* at DISPATCH_LEVEL */
	struct kmcl_incoming *held;		/* to be presented again, before anything else */
	struct kmcl_incoming *presenting;	/* NULL again once it is completed in there */
	struct kmcl_incoming *spare;		/* free, for the next packet, until the close */
	struct kmcl_incoming *failed_packet;
	bool in_routine;			/* of a packet that has been completed */
	struct kmcl_frame frame;
	int outstanding_most;
	u64 counts[KMCL_COUNTERS_COUNT];
	void *scratch;			/* payload of a completion, for its routine */
};

/* ---- channel ---- */

struct kmcl_config {
	u32 max_packet;
	u32 max_external;
	u32 max_chain;
	u32 client_context;
	u32 flags;
	u32 server_flags;
	u16 mmio_megabytes;
	u8 vtl;
	u32 in_pages;			/* 0: derived */
	u32 out_pages;
	bool has_target;
	bool any_instance;
	GUID type;
	GUID instance;
	PFN_VMB_CHANNEL_PNP_FAILURE pnp_failure;
	PFN_VMB_CHANNEL_PROCESS_PACKET process_packet;
	PFN_VMB_CHANNEL_PROCESSING_COMPLETE processing_complete;
	PFN_VMB_CHANNEL_SAVE_PACKET save_packet;
	PFN_VMB_CHANNEL_RESTORE_PACKET restore_packet;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
};

struct kmcl_channel {
	u32 magic;
	bool is_server;
	struct kref ref;
	PVOID pointer;
	PDEVICE_OBJECT parent;		/* with a reference */
	struct kmcl_holder *holder;	/* the VMBus device below the parent, or NULL */
	struct kmcl_config config;
	char name[KMCL_NAME_MAX * 3 + 1];	/* the friendly name in UTF-8 */
	char label[KMCL_LABEL_MAX];		/* what logs, traces and debugfs call it */
	char owner[MODULE_NAME_LEN];		/* the module that has allocated it */
	guid_t offered;				/* the instance that it has or had last */
	struct kmcl_counters __percpu *counters;
	struct kmcl_files *files;		/* in debugfs; NULL: there is none */
	struct list_head listed;
	unsigned int number;

	spinlock_t lock;	/* covers state, transition and gpadls */
	struct kmcl_state state;
	struct task_struct *transition;
	struct task_struct *pnp_failure_task;
	wait_queue_head_t wait;
	struct work_struct event_work;
	bool watching;		/* the bus looks out for offers of the target's type */

	/* under the lock of bus.c */
	struct rb_node waiting;
	struct kmcl_offer *offer;
	bool claim_lost;	/* the offer has been withdrawn or unbound: close */
	bool peer_gone;		/* and the peer touches nothing any more */
	bool knocked;		/* a client waits for this server to open */

	struct kmcl_link link;
	struct kmcl_tx tx;
	struct kmcl_rx rx;

	/* servers; belong to the transition */
	struct kmcl_save *save;		/* from VmbChannelSaveBegin to VmbChannelSaveEnd */
	struct kmcl_restore *restore;	/* chunks so far */
	u64 saved_as;			/* the save that a close leaves the client for; 0: none */

	struct {
		bool may_create;
		bool may_delete;
		unsigned int users;	/* threads that talk to the bus about one */
		struct list_head all;
	} gpadls;			/* under ch->lock */

	struct {
		spinlock_t lock;	/* covers the lists and counts */
		struct list_head all;
		struct list_head free;
		unsigned int free_count;
		unsigned int free_least;	/* since trim was queued */
		unsigned int used;
		bool trimming;
		struct delayed_work trim;	/* frees what a burst has left behind */
		/*
		 * The one freed last, for whoever allocates next, without the lock: exchanged as a
		 * whole. For lists and counts it is in use.
		 */
		struct kmcl_packet *parked;
	} packets;
};

/* A driver's error in a function that cannot return it: told once, by the function's name. */
#define KMCL_MISUSE(condition, what)	WARN_ONCE(condition, "kmcl: %s: " what "\n", __func__)

/* channel.c */
struct kmcl_channel *kmcl_channel_from_handle(VMBCHANNEL handle);
void kmcl_channel_put(struct kmcl_channel *ch);
bool kmcl_channel_is_disabled(struct kmcl_channel *ch);
int kmcl_channel_init_cache(void);
void kmcl_channel_exit_cache(void);

static inline VMBCHANNEL kmcl_channel_handle(struct kmcl_channel *ch)
{
	return (VMBCHANNEL)ch;
}

/* config.c */
u32 kmcl_config_descriptors(const struct kmcl_config *config);
u32 kmcl_config_max_packet(const struct kmcl_config *config);
u32 kmcl_config_largest(const struct kmcl_config *config);
u32 kmcl_config_ring_pages(const struct kmcl_config *config);

struct kmcl_channel *kmcl_config_begin(VMBCHANNEL handle);
struct kmcl_channel *kmcl_config_begin_endpoint(VMBCHANNEL handle, bool is_server);
NTSTATUS kmcl_config_end(struct kmcl_channel *ch, NTSTATUS status);

/* lifecycle.c */
void kmcl_lifecycle_init(struct kmcl_channel *ch);
bool kmcl_lifecycle_in_callback(struct kmcl_channel *ch);
bool kmcl_lifecycle_begin_config(struct kmcl_channel *ch);
bool kmcl_lifecycle_take_turn(struct kmcl_channel *ch);
void kmcl_lifecycle_end_turn(struct kmcl_channel *ch);
NTSTATUS kmcl_lifecycle_in_turn(struct kmcl_channel *ch, enum kmcl_event event);
void kmcl_lifecycle_end(struct kmcl_channel *ch);
void kmcl_lifecycle_unwatch(struct kmcl_channel *ch);
void kmcl_lifecycle_notify(struct kmcl_channel *ch);
extern struct workqueue_struct *kmcl_event_wq;
extern struct workqueue_struct *kmcl_server_wq;
extern struct workqueue_struct *kmcl_delivery_wq;

/* packet.c */
void kmcl_packet_init(struct kmcl_packet *packet, struct kmcl_channel *ch, u32 capacity);
void kmcl_packet_put_back(struct kmcl_packet *packet);
void kmcl_packets_init(struct kmcl_channel *ch);
unsigned int kmcl_packets_reclaim(struct kmcl_channel *ch);
void kmcl_packets_trim(struct kmcl_channel *ch, struct list_head *idle);
void kmcl_packets_free(struct list_head *packets);
unsigned int kmcl_packets_used(struct kmcl_channel *ch);
VOID kmcl_packet_free_routine(VMBPACKET handle, NTSTATUS status, PVOID buffer, UINT32 length);

static inline VMBPACKET kmcl_packet_handle(struct kmcl_packet *packet)
{
	return (VMBPACKET)packet;
}

/* The packet behind a handle. NULL if the handle is none, as far as the memory still tells. */
static inline struct kmcl_packet *kmcl_packet_from_handle(VMBPACKET handle)
{
	struct kmcl_packet *packet = (struct kmcl_packet *)handle;

	return packet && READ_ONCE(packet->magic) == KMCL_PACKET_MAGIC ? packet : NULL;
}

/* tx.c */
void kmcl_tx_init(struct kmcl_channel *ch);
void kmcl_tx_destroy(struct kmcl_channel *ch);
NTSTATUS kmcl_tx_send(struct kmcl_packet *packet, const struct kmcl_message *message,
		      bool wants_completion, bool may_queue);
NTSTATUS kmcl_tx_send_now(struct kmcl_channel *ch, const struct kmcl_message *message);
bool kmcl_tx_reply(struct kmcl_incoming *in, const void *data, u32 length);
void kmcl_tx_drain(struct kmcl_channel *ch);
void kmcl_tx_set_gate(struct kmcl_channel *ch, enum kmcl_gate gate);
void kmcl_tx_end_batch(struct kmcl_channel *ch);
void kmcl_tx_begin_close(struct kmcl_channel *ch);
void kmcl_tx_ring_closed(struct kmcl_channel *ch);
void kmcl_tx_stop_waiting(struct kmcl_channel *ch);
void kmcl_tx_unqueue(struct kmcl_packet *packet);
void kmcl_tx_flush(struct kmcl_channel *ch);
void kmcl_tx_flush_list(struct kmcl_channel *ch, struct list_head *txns);
unsigned int kmcl_tx_freeze(struct kmcl_channel *ch);
void kmcl_tx_collect(struct kmcl_channel *ch, struct kmcl_txn **txns, unsigned int count);
void kmcl_tx_rebuild(struct kmcl_txn *txn, u16 type, u16 flags, const void *data, u32 length);
void kmcl_tx_restore(struct kmcl_channel *ch, struct list_head *txns, u64 last_id);
bool kmcl_tx_complete(struct kmcl_channel *ch, u64 id, NTSTATUS status, void *data, u32 length);

/* Bytes of a packet without its trailer. */
static inline u32 kmcl_packet_length(u32 head, u32 length)
{
	return kmcl_round8(sizeof(struct kmcl_desc) + head + length);
}

/* Can this message ever go out? Before the channel opens, its ring is of any size. */
static inline bool kmcl_tx_fits(struct kmcl_channel *ch, const struct kmcl_message *message)
{
	u32 length = kmcl_packet_length(message->head_length, message->length);
	u32 pages = READ_ONCE(ch->link.out_pages);

	return length <= KMCL_PACKET_MAX &&
	       (!pages || length + KMCL_TRAILER_SIZE < pages * KMCL_PAGE_SIZE);
}

/* Without the lock: what is being queued now is looked at again later. */
static inline bool kmcl_tx_is_drained(struct kmcl_channel *ch)
{
	return list_empty_careful(&ch->tx.queue);
}

/* routine.c */
void kmcl_routine_run(struct kmcl_packet *packet, NTSTATUS status, void *data, u32 length)
	__releases(&packet->ch->tx.lock);
void kmcl_routine_deliver(struct kmcl_packet *packet, NTSTATUS status, void *data, u32 length)
	__releases(&packet->ch->tx.lock);
void kmcl_routine_done(struct kmcl_packet *packet)
	__releases(&packet->ch->tx.lock);
void kmcl_routines_wait(struct kmcl_channel *ch);
bool kmcl_routine_is_mine(struct kmcl_channel *ch);

/* rx.c */
/* When a run that begins now has taken long enough. */
static inline unsigned long kmcl_rx_run_end(const struct kmcl_rx *rx)
{
	u32 time_ms = READ_ONCE(rx->time_ms);

	return jiffies + (time_ms ? msecs_to_jiffies(time_ms) : MAX_JIFFY_OFFSET);
}

void kmcl_rx_init(struct kmcl_channel *ch);
void kmcl_rx_destroy(struct kmcl_channel *ch);
int kmcl_rx_prepare(struct kmcl_channel *ch);
void kmcl_rx_start(struct kmcl_channel *ch);
void kmcl_rx_stop(struct kmcl_channel *ch);
void kmcl_rx_drain(struct kmcl_channel *ch);
void kmcl_rx_reset(struct kmcl_channel *ch);
void kmcl_rx_signalled(struct kmcl_channel *ch);
struct kmcl_incoming *kmcl_rx_presented_here(VMBPACKETCOMPLETION handle);
bool kmcl_rx_take_back(struct kmcl_incoming *in, enum kmcl_incoming_state state);

/* Is the caller the delivery context? */
static inline bool kmcl_rx_is_mine(struct kmcl_channel *ch)
{
	struct kmcl_rx *rx = &ch->rx;

	return READ_ONCE(rx->runner) == current && rx->runner_in_softirq == !!in_serving_softirq();
}

/* Is the caller inside a batch, whose end is near? */
static inline bool kmcl_rx_in_batch(struct kmcl_channel *ch)
{
	return kmcl_rx_is_mine(ch) && ch->rx.in_batch;
}

/* Delivery keeps bottom halves out, but while a driver that wants PASSIVE_LEVEL is called. */
static inline void kmcl_rx_begin_callback(const struct kmcl_rx *rx)
{
	if (rx->at_passive)
		local_bh_enable();
}

static inline void kmcl_rx_end_callback(const struct kmcl_rx *rx)
{
	if (rx->at_passive)
		local_bh_disable();
}

/* gpadl.c */
void kmcl_gpadls_allow(struct kmcl_channel *ch);
void kmcl_gpadls_refuse_new(struct kmcl_channel *ch);
void kmcl_gpadls_reap(struct kmcl_channel *ch);
bool kmcl_connection_hold_new(struct kmcl_channel *ch);
bool kmcl_connection_hold(struct kmcl_channel *ch);
void kmcl_connection_release(struct kmcl_channel *ch);

/* pnp.c */
struct kmcl_holder *kmcl_pnp_enter(PDEVICE_OBJECT parent);
void kmcl_pnp_leave(struct kmcl_holder *holder);

/* local/ */
int kmcl_local_init(void);
void kmcl_local_exit(void);
int kmcl_local_serve(struct kmcl_channel *ch);

/* debugfs/ */
void kmcl_view_owner(struct kmcl_channel *ch, unsigned long caller);
void kmcl_view_add(struct kmcl_channel *ch);
void kmcl_view_open(struct kmcl_channel *ch);
void kmcl_view_remove(struct kmcl_channel *ch);

/* incoming.c */

/* The object behind a handle. NULL if the handle is none, as far as the memory still tells. */
static inline struct kmcl_incoming *kmcl_incoming_from_handle(VMBPACKETCOMPLETION handle)
{
	struct kmcl_incoming *in = (struct kmcl_incoming *)handle;

	return in && READ_ONCE(in->magic) == KMCL_INCOMING_MAGIC ? in : NULL;
}

struct kmcl_incoming *kmcl_incoming_take(struct kmcl_rx *rx);
struct kmcl_incoming *kmcl_incoming_get(struct kmcl_channel *ch, gfp_t gfp);
void kmcl_incoming_put(struct kmcl_incoming *in);
void kmcl_incoming_put_spare(struct kmcl_incoming *in);
void kmcl_incoming_completed(struct kmcl_channel *ch, struct kmcl_incoming *in);
void kmcl_incoming_free_all(struct kmcl_channel *ch);

/* save.c */
bool kmcl_save_is_under_way(const struct kmcl_channel *ch);
bool kmcl_save_asked(struct kmcl_channel *ch, enum kmcl_event event);
void kmcl_save_free(struct kmcl_channel *ch);

/* restore.c */
void kmcl_restore_link(struct kmcl_channel *ch);
void kmcl_restore_sends(struct kmcl_channel *ch);
void kmcl_restore_free(struct kmcl_channel *ch);

/* received.c */
u32 kmcl_received_room(const struct kmcl_channel *ch);
void kmcl_received_make(struct kmcl_incoming *in, const void *ranges, u32 length);
void kmcl_received_end(struct kmcl_incoming *in);
u32 kmcl_received_description(const struct kmcl_incoming *in);
void kmcl_received_describe(const struct kmcl_incoming *in, u8 *to);

/* Nobody looks at the packet any more: its object can be used for another. */
static inline void kmcl_incoming_end_use(struct kmcl_incoming *in)
{
	WRITE_ONCE(in->state, KMCL_INCOMING_FREE);
	if (unlikely(in->external))
		kmcl_received_end(in);
}

/* sync.c */
struct kmcl_sync {
	struct list_head link;
	struct kmcl_packet *packet;	/* NULL once it is no longer this thread's to free */
	KEVENT done;
	bool finished;
	NTSTATUS status;
	void *buffer;
	u32 size;			/* of buffer; once finished, of what is in it */
};

/* Both with tx->lock held. */
void kmcl_sync_finish(struct kmcl_sync *sync, NTSTATUS status, const void *data, u32 length);
void kmcl_sync_release_all(struct kmcl_channel *ch);

void kmcl_sync_free_packet(struct kmcl_packet *packet);

#endif
