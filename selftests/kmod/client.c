// SPDX-License-Identifier: GPL-2.0-only
/* The client driver of the tests: client.h says what it does. */
#include <linux/module.h>
#include <linux/preempt.h>

#include "channel.h"
#include "client.h"
#include "ktap.h"

static atomic_t instances;

/* ---- log ---- */

static void append(char *log, char letter)
{
	size_t used = strlen(log);

	if (used < CLIENT_LOG)
		log[used] = letter;
}

/* Which state callback may follow which, and between which packets may come. */
static bool has_its_place(char state, char letter)
{
	switch (letter) {
	case 'O':
		return !state || strchr("OCF", state);
	case 'S':
		return state && strchr("OU", state);
	case 'P':
		return state == 'S';
	case 'U':
		return state == 'P';
	case 'C':
		return state && strchr("OU", state);
	case 'F':
		return !state || strchr("OCF", state);
	case 'd':
	case 'b':
		return state && strchr("SP", state);
	}
	return true;
}

void client_log(struct client *c, char letter)
{
	spin_lock_bh(&c->lock);
	append(c->log, letter);
	if (!has_its_place(c->state, letter))
		c->bad_order = true;
	if (letter >= 'A' && letter <= 'Z') {
		append(c->states, letter);
		c->state = letter;
	}
	spin_unlock_bh(&c->lock);
}

static bool log_is(struct client *c, const char *log, const char *text)
{
	bool is;

	spin_lock_bh(&c->lock);
	is = !strcmp(log, text);
	spin_unlock_bh(&c->lock);
	return is;
}

bool client_log_is(struct client *c, const char *text)
{
	return log_is(c, c->log, text);
}

bool client_states_are(struct client *c, const char *text)
{
	return log_is(c, c->states, text);
}

void client_forget(struct client *c)
{
	spin_lock_bh(&c->lock);
	memset(c->log, 0, sizeof(c->log));
	memset(c->states, 0, sizeof(c->states));
	spin_unlock_bh(&c->lock);
}

/* ---- callbacks ---- */

struct client *client_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

static void state_callback(VMBCHANNEL channel, char letter, void (*hook)(struct client *c))
{
	struct client *c = client_of(channel);

	might_sleep();
	client_log(c, letter);
	if (hook)
		hook(c);
}

static NTSTATUS opened(VMBCHANNEL channel)
{
	state_callback(channel, 'O', client_of(channel)->on_opened);
	return client_of(channel)->opened_status;
}

static VOID closed(VMBCHANNEL channel)
{
	state_callback(channel, 'C', client_of(channel)->on_closed);
}

static VOID suspend(VMBCHANNEL channel)
{
	state_callback(channel, 'U', client_of(channel)->on_suspend);
}

static VOID started(VMBCHANNEL channel)
{
	state_callback(channel, 'S', client_of(channel)->on_started);
}

static VOID post_started(VMBCHANNEL channel)
{
	state_callback(channel, 'P', client_of(channel)->on_post_started);
}

static VOID pnp_failure(VMBCHANNEL channel, NTSTATUS status)
{
	struct client *c = client_of(channel);

	c->failure = status;
	state_callback(channel, 'F', c->on_failure);
}

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	struct client *c = client_of(channel);

	if (atomic_inc_return(&c->delivering) != 1)
		c->overlap = true;
	client_log(c, 'd');
	c->last_packet = packet;
	c->last_buffer = buffer;
	c->last_length = length;
	memcpy(c->last, buffer, min_t(u32, length, sizeof(c->last)));
	c->last_passive = !in_interrupt();
	WRITE_ONCE(c->packets, c->packets + 1);
	if (c->on_packet)
		c->on_packet(c, packet, buffer, length);
	else
		VmbChannelPacketComplete(packet, NULL, 0);
	atomic_dec(&c->delivering);
}

static VOID processing_complete(VMBCHANNEL channel, UINT32 packets)
{
	struct client *c = client_of(channel);

	client_log(c, 'b');
	c->batched += packets;
	if (!packets)
		c->empty_batch = true;
	WRITE_ONCE(c->batches, c->batches + 1);
}

VOID client_sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct client *c = client_of(VmbPacketGetChannel(packet));

	client_log(c, NT_SUCCESS(status) ? 'c' : status == STATUS_DEVICE_REMOVED ? 'r' : 'e');
	c->sent_status = status;
	c->sent_length = length;
	c->sent_pointer = VmbPacketGetPointer(packet);
	c->sent_passive = !in_interrupt();
	if (buffer)
		memcpy(c->sent_data, buffer, min_t(u32, length, sizeof(c->sent_data)));
	if (c->on_sent)
		c->on_sent(c, packet, status);
	else
		VmbPacketFree(packet);
	if (status == STATUS_DEVICE_REMOVED)
		atomic_inc(&c->removed);
	atomic_inc(&c->completed);
}

/* ---- life ---- */

static const guid_t test_class =
	GUID_INIT(0x6b1d8e4a, 0x35c9, 0x4a57, 0x9f, 0x10, 0x0a, 0x5c, 0x33, 0x7e, 0x91, 0xd2);

/* A type of its own for each client, so that tests cannot take each other's devices. */
static bool make_device(struct client *c)
{
	unsigned int n = atomic_inc_return(&instances);
	guid_t type = test_class, instance = test_class;

	memcpy(&type.b[12], &n, sizeof(n));
	instance.b[0] = 1;
	memcpy(&instance.b[8], &n, sizeof(n));
	c->dev = testbus_create(&type, &instance);
	return c->dev;
}

/* What the library has behind the handle, for tests that look into it. */
struct kmcl_channel *channel_of(struct client *c)
{
	return (struct kmcl_channel *)c->channel;
}

/*
 * Until delivery has nothing to do: what a start has queued is over, and so are batches. Or the
 * worker may take, at its own time and level, what a test expects in another context.
 */
bool channel_settles(struct kmcl_channel *ch)
{
	return SOON(!READ_ONCE(ch->rx.running) && !work_busy(&ch->rx.work));
}

/* Aim at one instance, or with NULL at any. */
void client_target(struct client *c, const guid_t *instance)
{
	VmbClientChannelInitSetTargetPnp(c->channel, (const GUID *)&c->dev->offer.type,
					 (const GUID *)instance, pnp_failure);
}

struct client *client_create(void)
{
	struct client *c = kzalloc(sizeof(*c), GFP_KERNEL);
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	if (!c)
		return NULL;
	spin_lock_init(&c->lock);
	if (!make_device(c) || VmbChannelAllocate(NULL, FALSE, &c->channel)) {
		testbus_destroy(c->dev);
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
	VmbChannelInitSetProcessPacketCallbacks(c->channel, process_packet, processing_complete);
	client_target(c, &c->dev->offer.instance);
	/* A machine that stands still for a moment must not make two batches of one. */
	channel_of(c)->rx.time_ms = 0;
	return c;
}

/* Return: did every accepted packet complete exactly once, every callback in its place? */
bool client_destroy(struct client *c)
{
	bool good;

	c->on_packet = NULL;
	client_complete_kept(c);
	VmbChannelDisable(c->channel);
	good = atomic_read(&c->accepted) == atomic_read(&c->completed) && !c->bad_order;
	VmbChannelCleanup(c->channel);
	testbus_destroy(c->dev);
	kfree(c->memory);
	kfree(c);
	return good;
}

/* Offer the device, enable, and forget the log so far. */
void client_open(struct client *c)
{
	testbus_offer(c->dev);
	c->result = VmbChannelEnable(c->channel);
	channel_settles(channel_of(c));
	client_forget(c);
}

/* ---- sending ---- */

/* The packet is the caller's again if this fails. */
NTSTATUS client_send_packet(struct client *c, VMBPACKET packet, const void *data, u32 length,
			    u32 flags)
{
	NTSTATUS status;

	atomic_inc(&c->accepted);
	status = VmbPacketSend(packet, (void *)data, length, NULL, flags);
	if (status)
		atomic_dec(&c->accepted);
	return status;
}

NTSTATUS client_send(struct client *c, const void *data, u32 length, u32 flags)
{
	VMBPACKET packet = VmbPacketAllocate(c->channel);
	NTSTATUS status;

	if (!packet)
		return STATUS_INSUFFICIENT_RESOURCES;
	VmbPacketSetCompletionRoutine(packet, client_sent);
	VmbPacketSetPointer(packet, length == sizeof(u64) ? *(void **)data : NULL);
	status = client_send_packet(c, packet, data, length, flags);
	if (status)
		VmbPacketFree(packet);
	return status;
}

NTSTATUS client_send_number(struct client *c, u64 number, u32 flags)
{
	return client_send(c, &number, sizeof(number), flags);
}

/* Numbers from 0 on, until the ring takes no more. Return: how many, the queued ones included. */
unsigned int client_fill_ring(struct client *c, u32 flags)
{
	unsigned int n = 0, queued = 0;

	while (queued < 8 && n < 100000) {
		int before = atomic_read(&c->completed);

		if (client_send_number(c, n, flags))
			break;
		n++;
		if (flags & WAIT_FLAG)
			queued += READ_ONCE(testbus_from_guest_ctl(c->dev)->pending_send_sz) != 0;
		else
			queued += atomic_read(&c->completed) == before;
	}
	return n;
}

/* ---- receiving ---- */

void client_keep(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	spin_lock_bh(&c->lock);
	c->kept[c->kept_count++] = packet;
	spin_unlock_bh(&c->lock);
}

void client_in_order(struct client *c, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length)
{
	if (length != sizeof(u64) || *(u64 *)buffer != c->expected)
		c->out_of_order = true;
	WRITE_ONCE(c->expected, c->expected + 1);
	VmbChannelPacketComplete(packet, NULL, 0);
}

void client_complete_one(struct client *c)
{
	VMBPACKETCOMPLETION packet = NULL;

	spin_lock_bh(&c->lock);
	if (c->kept_count) {
		packet = c->kept[0];
		c->kept_count--;
		memmove(c->kept, c->kept + 1, c->kept_count * sizeof(*c->kept));
	}
	spin_unlock_bh(&c->lock);
	if (packet)
		VmbChannelPacketComplete(packet, NULL, 0);
}

void client_complete_kept(struct client *c)
{
	while (READ_ONCE(c->kept_count))
		client_complete_one(c);
}

/* ---- the host's side ---- */

int client_host_send(struct client *c, u64 number)
{
	return testbus_send(c->dev, &number, sizeof(number), 0);
}

bool client_host_gets(struct client *c, struct host_packet *packet)
{
	return SOON(testbus_read(c->dev, packet) > 0);
}

/* Messages of 8 bytes that count up. */
bool client_host_gets_numbers(struct client *c, u64 from, unsigned int count)
{
	struct host_packet packet;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!client_host_gets(c, &packet)) {
			pr_info("kmcl-test: packet %llu never came\n", from + i);
			return false;
		}
		if (packet.length != sizeof(u64) || *(u64 *)packet.data != from + i) {
			pr_info("kmcl-test: packet %llu came where %llu was due\n",
				*(u64 *)packet.data, from + i);
			return false;
		}
	}
	return true;
}

/* ---- for background ---- */

void client_enable(struct client *c)
{
	c->result = VmbChannelEnable(c->channel);
}

void client_disable(struct client *c)
{
	VmbChannelDisable(c->channel);
}

void client_pause(struct client *c)
{
	VmbChannelPause(c->channel);
}
