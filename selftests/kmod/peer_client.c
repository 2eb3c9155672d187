// SPDX-License-Identifier: GPL-2.0-only
/* The client driver of the tests with the test peer: peer.h says what it does. */
#include "hyperv/hyperv.h"
#include "channel.h"
#include "peer.h"

/* PEER_CLASS, PEER_INSTANCE */
const GUID peer_class = {
	0x7a7f10c6, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

const GUID peer_instance = {
	0x7a7f10c7, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

/* PEER_PIPE_INSTANCE */
const GUID peer_pipe_instance = {
	0x7a7f10c8, 0x4b5e, 0x4d0e, { 0x9c, 0x54, 0x4b, 0x4d, 0x43, 0x4c, 0x50, 0x65 }
};

/* ---- callbacks ---- */

static struct client *client_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

static void log_state(struct client *c, char letter)
{
	size_t used;

	might_sleep();
	spin_lock_bh(&c->lock);
	used = strlen(c->states);
	if (used < sizeof(c->states) - 1)
		c->states[used] = letter;
	spin_unlock_bh(&c->lock);
}

static NTSTATUS opened(VMBCHANNEL channel)
{
	struct client *c = client_of(channel);

	log_state(c, 'O');
	if (c->on_opened)
		c->on_opened(c);
	return STATUS_SUCCESS;
}

static VOID closed(VMBCHANNEL channel)
{
	struct client *c = client_of(channel);

	if (c->on_closed)
		c->on_closed(c);
	log_state(c, 'C');
}

static VOID suspend(VMBCHANNEL channel)
{
	log_state(client_of(channel), 'U');
}

static VOID started(VMBCHANNEL channel)
{
	log_state(client_of(channel), 'S');
}

static VOID post_started(VMBCHANNEL channel)
{
	log_state(client_of(channel), 'P');
}

static VOID pnp_failure(VMBCHANNEL channel, NTSTATUS status)
{
	client_of(channel)->failure = status;
	log_state(client_of(channel), 'F');
}

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	struct client *c = client_of(channel);

	if (c->on_packet)
		c->on_packet(c, packet, buffer, length);
	else
		VmbChannelPacketComplete(packet, buffer, length);
}

/* The next of a row of packets that the peer makes or echoes: payload, padding and order. */
void client_check(struct client *c, const u8 *buffer, u32 length)
{
	u32 seed = c->expected;
	u32 size = c->most ? peer_size(seed, c->most) : c->size;

	if (length != round_up(size, 8) || !peer_filled(buffer, size, seed) ||
	    (length > size && memchr_inv(buffer + size, 0, length - size))) {
		if (!c->wrong)
			c->wrong_at = seed;
		c->wrong = true;
	}
	WRITE_ONCE(c->expected, seed + 1);
}

/* All of the row up to @count has come: it may take long, as long as it goes on. */
void check_row(struct ktap *t, struct client *c, u32 count)
{
	u32 seen;

	do {
		seen = READ_ONCE(c->expected);
	} while (seen != count && WITHIN(PEER_TIMEOUT_MS, READ_ONCE(c->expected) != seen));
	CHECK_EQUAL(t, seen, count);
	if (!CHECK(t, !c->wrong))
		seq_printf(t->out, "# wrong from packet %u on\n", c->wrong_at);
}

/* One less on its way. Who waits for fewer is not woken: in a nested guest that is dear. */
void client_arrived(struct client *c)
{
	if (atomic_dec_return(&c->in_flight) <= READ_ONCE(c->awaited))
		wake_up(&c->wait);
}

/* No more than @most are on their way; false if nothing happens any more. */
bool client_drained(struct client *c, int most)
{
	int seen;

	WRITE_ONCE(c->awaited, most);
	do {
		seen = atomic_read(&c->in_flight);
		if (wait_event_timeout(c->wait, atomic_read(&c->in_flight) <= most,
				       msecs_to_jiffies(PEER_TIMEOUT_MS)))
			return true;
	} while (atomic_read(&c->in_flight) != seen);
	return false;
}

/* ---- life ---- */

/* A channel without a target: for one that has a device as its parent. */
struct client *client_create_on(PDEVICE_OBJECT parent)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
	struct client *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	spin_lock_init(&c->lock);
	init_waitqueue_head(&c->wait);
	c->buffer = kmalloc(PEER_MAX_PACKET, GFP_KERNEL);
	if (!c->buffer || VmbChannelAllocate(parent, FALSE, &c->channel)) {
		kfree(c->buffer);
		kfree(c);
		return NULL;
	}
	VmbChannelSetPointer(c->channel, c);
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelClosed = closed;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelStarted = started;
	callbacks.EvtChannelPostStarted = post_started;
	VmbChannelInitSetStateChangeCallbacks(c->channel, &callbacks);
	VmbChannelInitSetProcessPacketCallbacks(c->channel, process_packet, NULL);
	return c;
}

struct client *client_create(void)
{
	struct client *c = client_create_on(NULL);

	if (c)
		client_set_target(c, &peer_instance);
	return c;
}

/* Before it is opened: another device of the peer's class, NULL for any. */
NTSTATUS client_set_target(struct client *c, const GUID *instance)
{
	return VmbClientChannelInitSetTargetPnp(c->channel, &peer_class, instance, pnp_failure);
}

/* Return: did every accepted packet complete exactly once? */
bool client_destroy(struct client *c)
{
	bool all;

	VmbChannelDisable(c->channel);
	all = atomic_read(&c->accepted) == atomic_read(&c->completed);
	VmbChannelCleanup(c->channel);
	kfree(c->data);
	kfree(c->buffer);
	kfree(c);
	return all;
}

bool client_states_are(struct client *c, const char *text)
{
	bool are;

	spin_lock_bh(&c->lock);
	are = !strcmp(c->states, text);
	spin_unlock_bh(&c->lock);
	return are;
}

bool client_states_end(struct client *c, const char *text)
{
	size_t length = strlen(text), used;
	bool end;

	spin_lock_bh(&c->lock);
	used = strlen(c->states);
	end = used >= length && !strcmp(c->states + used - length, text);
	spin_unlock_bh(&c->lock);
	return end;
}

void client_forget(struct client *c)
{
	spin_lock_bh(&c->lock);
	memset(c->states, 0, sizeof(c->states));
	spin_unlock_bh(&c->lock);
}

static bool enabled(struct client *c)
{
	c->result = VmbChannelEnable(c->channel);
	return c->result != STATUS_INVALID_DEVICE_STATE;
}

/* Enable, which may have to wait for an offer; the log of states begins anew. */
bool client_enabled_opens(struct client *c)
{
	client_forget(c);
	return WITHIN(PEER_TIMEOUT_MS, enabled(c)) && NT_SUCCESS(c->result) &&
	       WITHIN(PEER_TIMEOUT_MS, client_states_end(c, "OSP") || client_states_end(c, "C")) &&
	       client_states_end(c, "OSP");
}

static bool was_rescinded(struct client *c)
{
	return c->result == STATUS_DEVICE_REMOVED || client_states_end(c, "C");
}

/*
 * An offer that has been rescinded may go in the open, or right after it: then the next one. Until
 * hv_vmbus has told us of a rescind, that is the same again.
 */
bool client_open(struct client *c)
{
	unsigned long end = jiffies + msecs_to_jiffies(PEER_TIMEOUT_MS);

	while (!client_enabled_opens(c)) {
		if (!was_rescinded(c) || time_after(jiffies, end)) {
			pr_info("kmcl-test: not open: status %#x, states %s\n", c->result,
				c->states);
			return false;
		}
		usleep_range(500, 1000);
	}
	return true;
}

/* The channel works after whatever happened to it before. */
bool client_reopen(struct client *c)
{
	VmbChannelDisable(c->channel);
	return client_enabled_opens(c) && client_hello(c);
}

/* ---- what the library knows, for tests that have to wait until it does ---- */

static struct kmcl_channel *channel_of(struct client *c)
{
	return (struct kmcl_channel *)c->channel;
}

/* What an open client is bound to on hv_vmbus, with a reference. */
struct device *client_device(struct client *c)
{
	return get_device(&kmcl_hv_offer(channel_of(c)->offer)->device->device);
}

/* Sent, and not completed. */
unsigned int client_open_requests(struct client *c)
{
	return READ_ONCE(channel_of(c)->tx.ids.count);
}

/* The peer has broken a rule, and nothing more is delivered. */
bool client_has_failed(struct client *c)
{
	return READ_ONCE(channel_of(c)->rx.failed);
}

/* How far the peer has read, as it says. */
u32 client_room_index(struct client *c)
{
	return READ_ONCE(channel_of(c)->link.out.ctl->read_index);
}

/* ---- orders ---- */

LARGE_INTEGER client_timeout(unsigned int ms)
{
	return (LARGE_INTEGER){ .QuadPart = -10000ll * ms };
}

void client_make_order(struct peer_order *order, enum peer_op op, const u32 arg[PEER_ARGS])
{
	memset(order, 0, sizeof(*order));
	order->magic = PEER_MAGIC;
	order->op = op;
	memcpy(order->arg, arg, sizeof(order->arg));
}

NTSTATUS client_order_with(struct client *c, struct peer_answer *answer, enum peer_op op,
			   const u32 arg[PEER_ARGS], const void *bytes, u32 length)
{
	LARGE_INTEGER timeout = client_timeout(PEER_TIMEOUT_MS);
	u32 size = answer ? sizeof(*answer) : 0;
	struct peer_order *order;
	NTSTATUS status;

	order = kmalloc(sizeof(*order) + length, GFP_KERNEL);
	if (!order)
		return STATUS_INSUFFICIENT_RESOURCES;
	client_make_order(order, op, arg);
	if (length)
		memcpy(order + 1, bytes, length);
	if (answer)
		memset(answer, 0, sizeof(*answer));
	status = VmbChannelSendSynchronousRequest(c->channel, order, sizeof(*order) + length, NULL,
						  WAIT_FLAG, answer, answer ? &size : NULL,
						  &timeout);
	kfree(order);
	return status;
}

NTSTATUS client_order(struct client *c, struct peer_answer *answer, enum peer_op op,
		      const u32 arg[PEER_ARGS])
{
	return client_order_with(c, answer, op, arg, NULL, 0);
}

/* Without an answer. */
NTSTATUS client_tell(struct client *c, enum peer_op op, const u32 arg[PEER_ARGS])
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	struct peer_order order;
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	client_make_order(&order, op, arg);
	status = VmbPacketSend(packet, &order, sizeof(order), NULL, 0);
	if (status)
		VmbPacketFree(packet);
	return status;
}

bool client_hello(struct client *c)
{
	struct peer_answer answer;

	return !client_order(c, &answer, PEER_HELLO, ARGS(0)) && answer.value[0] == PEER_VERSION;
}

/* And begin to count anew. */
bool client_counters(struct client *c, struct peer_counters *counters)
{
	struct peer_answer answer;

	if (client_order(c, &answer, PEER_COUNTERS, ARGS(1)))
		return false;
	*counters = answer.counters;
	return true;
}

bool client_counter_is(struct client *c, size_t offset, u64 value)
{
	struct peer_answer answer;

	return !client_order(c, &answer, PEER_COUNTERS, ARGS(0)) &&
	       *(u64 *)((u8 *)&answer.counters + offset) == value;
}

/* ---- requests ---- */

static VOID request_done(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct request *r = VmbPacketGetPointer(packet);

	r->status = status;
	r->length = length;
	if (buffer)
		memcpy(r->bytes, buffer, min_t(u32, length, sizeof(r->bytes)));
	VmbPacketFree(packet);
	atomic_inc(&r->c->completed);
	complete(&r->done);
}

/* A packet to send; then request_finish() with what the send returned. */
VMBPACKET request_begin(struct client *c, struct request *r)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);

	r->c = c;
	r->length = 0;
	memset(&r->answer, 0, sizeof(r->answer));
	init_completion(&r->done);
	if (!packet)
		return NULL;
	VmbPacketSetPointer(packet, r);
	VmbPacketSetCompletionRoutine(packet, request_done);
	atomic_inc(&c->accepted);
	return packet;
}

NTSTATUS request_wait(struct request *r)
{
	/* The packet points here, so only its completion ends this. */
	while (!wait_for_completion_timeout(&r->done, msecs_to_jiffies(PEER_TIMEOUT_MS)))
		pr_info("kmcl-test: no completion in %d ms\n", PEER_TIMEOUT_MS);
	return r->status;
}

NTSTATUS request_finish(struct request *r, VMBPACKET packet, NTSTATUS sent)
{
	if (sent) {
		atomic_dec(&r->c->accepted);
		VmbPacketFree(packet);
		return sent;
	}
	return request_wait(r);
}
