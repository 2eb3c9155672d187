// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storms on the local bus: offers and rescinds from both sides at once, disables in the middle of
 * everything, thousands of offers. How many is a parameter of the module. Nothing is lost: every
 * packet completes once; nothing is left: kmcl.sh compares the objects.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

#include "pair.h"
#include "suites.h"

static unsigned int storms = 300;
module_param(storms, uint, 0644);
MODULE_PARM_DESC(storms, "offers and rescinds from both sides of a channel");

static unsigned int disables = 100;
module_param(disables, uint, 0644);
MODULE_PARM_DESC(disables, "disables in the middle of each kind of work");

static unsigned int offers = 5000;
module_param(offers, uint, 0644);
MODULE_PARM_DESC(offers, "offers at once");

static unsigned int rescinds = 10;
module_param(rescinds, uint, 0644);
MODULE_PARM_DESC(rescinds, "rescinds in each state of a channel");

/* More than works of a queue can be active at once. */
static unsigned int clients = 600;
module_param(clients, uint, 0644);
MODULE_PARM_DESC(clients, "clients that wait at once, half of them slow to close");

/* One thread of a storm. */
struct side {
	struct pair *p;
	void (*run)(struct side *side);
	struct completion done;
	unsigned int opens;
	bool wrong;
	bool stop;
};

static int side_thread(void *data)
{
	struct side *side = data;

	side->run(side);
	complete(&side->done);
	return 0;
}

static void start(struct side *side, struct pair *p, void (*run)(struct side *side))
{
	memset(side, 0, sizeof(*side));
	side->p = p;
	side->run = run;
	init_completion(&side->done);
	kthread_run(side_thread, side, "kmcl-storm");
}

static bool stops(struct side *side)
{
	WRITE_ONCE(side->stop, true);
	return wait_for_completion_timeout(&side->done, 60 * HZ);
}

/* Now and then, so that threads meet at any point. */
static void nap(void)
{
	if (get_random_u32() % 4 == 0)
		usleep_range(1, 200);
}

/*
 * ... and always to others: a thread that finds all it needs at once would keep the processor for
 * itself, and those that it waits for may have no other.
 */
static bool goes_on(struct side *side)
{
	cond_resched();
	return !READ_ONCE(side->stop);
}

static void offer(struct ktap *t, struct pair *p)
{
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
}

/* After whatever has happened to it, the pair opens and answers. */
static void check_works(struct ktap *t, struct pair *p)
{
	VmbChannelDisable(p->client.channel);
	VmbChannelDisable(p->server.channel);
	offer(t, p);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == atomic_read(&p->client.accepted));
	CHECK_STATUS(t, p->client.status, STATUS_SUCCESS);
}

/* ---- offers and rescinds ---- */

static void come_and_go(struct side *side)
{
	struct end *client = &side->p->client;

	while (goes_on(side)) {
		NTSTATUS status = VmbChannelEnable(client->channel);

		/* The server may go at any moment; nothing else can be wrong. */
		side->wrong |= status && status != STATUS_DEVICE_REMOVED;
		if (!status)
			WRITE_ONCE(side->opens, side->opens + 1);
		end_send(client, "storm", 5, get_random_u32() % 2 ? WAIT_FLAG : 0);
		nap();
		VmbChannelDisable(client->channel);
	}
}

static void from_both_sides(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	struct side client;
	unsigned int i;

	if (!p)
		return;
	start(&client, p, come_and_go);
	for (i = 0; i < storms; i++) {
		unsigned int opens = READ_ONCE(client.opens);

		offer(t, p);
		/* Sometimes before the client has come, sometimes after. */
		if (i % 2)
			CHECK_SOON(t, READ_ONCE(client.opens) != opens);
		nap();
		VmbChannelDisable(p->server.channel);
	}
	CHECK(t, stops(&client));
	CHECK(t, !client.wrong);
	seq_printf(t->out, "# %u offers rescinded, %u enables, %d packets, %d of them removed\n",
		   storms, client.opens, atomic_read(&p->client.completed),
		   atomic_read(&p->client.removed));
	check_works(t, p);
	pair_destroy(t, p);
}

/* ---- a crowd ---- */

static DECLARE_COMPLETION(may_close);

static void close_late(struct end *end)
{
	wait_for_completion(&may_close);
}

static struct pair *waiting_pair(struct ktap *t)
{
	struct pair *p = pair_create(t);

	if (!p)
		return NULL;
	VmbClientChannelInitSetRingBufferPageCount(p->client.channel, 1, 1);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	return p;
}

static bool client_is(const struct pair *p, const char *log)
{
	return READ_ONCE(p->client.length) == strlen(log) && end_log_is(&p->client, log);
}

/* Each client's worker waits for a server, and none of the servers for a client's worker. */
static void crowd_opens(struct ktap *t, struct pair **pairs)
{
	unsigned int i;

	for (i = 0; i < clients; i++)
		offer(t, pairs[i]);
	for (i = 0; i < clients && !t->failed; i++)
		CHECK_SOON(t, client_is(pairs[i], "OSP"));
}

/* Those that take their time to close hold up no other. */
static void crowd_closes(struct ktap *t, struct pair **pairs)
{
	unsigned int i;

	reinit_completion(&may_close);
	for (i = 0; i < clients / 2; i++)
		pairs[i]->client.on_closed = close_late;
	for (i = 0; i < clients; i++)
		VmbChannelDisable(pairs[i]->server.channel);
	for (i = 0; i < clients && !t->failed; i++)
		CHECK_SOON(t, client_is(pairs[i], i < clients / 2 ? "OSPU" : "OSPUC"));
	complete_all(&may_close);
}

static void crowd(struct ktap *t, struct client *c)
{
	struct pair **pairs = vzalloc(clients * sizeof(*pairs));
	unsigned int n = 0;

	if (!CHECK(t, pairs))
		return;
	while (n < clients && (pairs[n] = waiting_pair(t)))
		n++;
	if (n == clients) {
		crowd_opens(t, pairs);
		crowd_closes(t, pairs);
	}
	while (n--)
		pair_destroy(t, pairs[n]);
	vfree(pairs);
}

/* ---- rescinds in each state ---- */

/* The server goes: a rescind. Also from the client's callbacks, since it waits for no client. */
static void rescind(struct end *client)
{
	struct pair *p = container_of(client, struct pair, client);

	VmbChannelDisable(p->server.channel);
}

static NTSTATUS just_before_enable(struct pair *p)
{
	rescind(&p->client);
	return VmbChannelEnable(p->client.channel);
}

static NTSTATUS when_open(struct pair *p)
{
	NTSTATUS status = VmbChannelEnable(p->client.channel);

	rescind(&p->client);
	return status;
}

static NTSTATUS when_paused(struct pair *p)
{
	NTSTATUS status = VmbChannelEnable(p->client.channel);

	VmbChannelPause(p->client.channel);
	rescind(&p->client);
	return status;
}

static NTSTATUS with_packets_out(struct pair *p)
{
	NTSTATUS status = VmbChannelEnable(p->client.channel);
	unsigned int i;

	for (i = 0; i < 100; i++)
		end_send(&p->client, "12345678", 8, WAIT_FLAG);
	rescind(&p->client);
	return status;
}

static NTSTATUS in_opened(struct pair *p)
{
	NTSTATUS status;

	p->client.on_opened = rescind;
	status = VmbChannelEnable(p->client.channel);
	p->client.on_opened = NULL;
	/* Whether the open still counts as one. */
	return status == STATUS_DEVICE_REMOVED ? STATUS_SUCCESS : status;
}

static NTSTATUS in_closed(struct pair *p)
{
	NTSTATUS status = VmbChannelEnable(p->client.channel);

	p->client.on_closed = rescind;
	VmbChannelDisable(p->client.channel);
	p->client.on_closed = NULL;
	return status;
}

static void rescinds_when(struct ktap *t, NTSTATUS (*rescind_when)(struct pair *p))
{
	struct pair *p = pair_create(t);
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < rescinds && !t->failed; i++) {
		offer(t, p);
		CHECK_STATUS(t, rescind_when(p), STATUS_SUCCESS);
		VmbChannelDisable(p->client.channel);
		CHECK_EQUAL(t, atomic_read(&p->client.completed),
			    atomic_read(&p->client.accepted));
	}
	seq_printf(t->out, "# %u rescinds, %d packets, %d of them removed\n", i,
		   atomic_read(&p->client.completed), atomic_read(&p->client.removed));
	check_works(t, p);
	pair_destroy(t, p);
}

static void in_each_state(struct ktap *t, struct client *c)
{
	rescinds_when(t, just_before_enable);
	rescinds_when(t, when_open);
	rescinds_when(t, when_paused);
	rescinds_when(t, with_packets_out);
	rescinds_when(t, in_opened);
	rescinds_when(t, in_closed);
}

/* ---- disables ---- */

static void disable_during(struct ktap *t, struct pair *p, void (*work)(struct side *side))
{
	struct side worker;
	unsigned int i;

	offer(t, p);
	start(&worker, p, work);
	for (i = 0; i < disables; i++) {
		NTSTATUS status = VmbChannelEnable(p->client.channel);

		CHECK(t, !status || status == STATUS_INVALID_DEVICE_STATE);
		nap();
		nap();
		if (i % 2) {
			VmbChannelDisable(p->client.channel);
			continue;
		}
		VmbChannelDisable(p->server.channel);
		VmbChannelDisable(p->client.channel);
		offer(t, p);
	}
	CHECK(t, stops(&worker));
	seq_printf(t->out, "# %u disables, %d packets, %d of them removed, %d received\n", i,
		   atomic_read(&p->client.completed), atomic_read(&p->client.removed),
		   atomic_read(&p->server.packets));
	check_works(t, p);
	pair_destroy(t, p);
}

static void open_slowly(struct end *end)
{
	nap();
}

static void pause_and_start(struct side *side)
{
	while (goes_on(side)) {
		VmbChannelPause(side->p->client.channel);
		nap();
		VmbChannelStart(side->p->client.channel);
		nap();
	}
}

static void during_open(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (!p)
		return;
	p->server.on_opened = open_slowly;
	p->client.on_opened = open_slowly;
	p->server.on_closed = open_slowly;
	p->client.on_closed = open_slowly;
	disable_during(t, p, pause_and_start);
}

static bool is_crowded(struct end *end)
{
	return atomic_read(&end->accepted) - atomic_read(&end->completed) > 256;
}

static void send_some(struct side *side, u32 flags)
{
	while (goes_on(side)) {
		if (end_send(&side->p->client, "12345678", 8, flags) ||
		    end_send(&side->p->server, "12345678", 8, flags) ||
		    is_crowded(&side->p->client) || is_crowded(&side->p->server))
			usleep_range(20, 50);
	}
}

static void send_plain(struct side *side)
{
	send_some(side, 0);
}

static void send_and_wait(struct side *side)
{
	send_some(side, WAIT_FLAG);
}

static void during_send(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (p)
		disable_during(t, p, send_plain);
}

static void during_completion(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (p)
		disable_during(t, p, send_and_wait);
}

static void ask(struct side *side)
{
	while (goes_on(side)) {
		LARGE_INTEGER timeout = { .QuadPart = -(s64)(get_random_u32() % 50000) };

		if (VmbChannelSendSynchronousRequest(side->p->client.channel, "x", 1, NULL,
						     WAIT_FLAG, NULL, NULL, &timeout))
			usleep_range(20, 50);
	}
}

static void during_request(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (p)
		disable_during(t, p, ask);
}

/* ---- saves ---- */

static void save_server(struct side *side)
{
	VMBCHANNEL server = side->p->server.channel;
	u8 *buffer = kmalloc(4096, GFP_KERNEL);

	while (buffer && goes_on(side)) {
		ULONG filled, required;

		end_send(&side->p->client, "12345678", 8, WAIT_FLAG);
		VmbChannelPause(server);
		if (!VmbChannelSaveBegin(server)) {
			while (VmbChannelSaveContinue(server, buffer, 4096, &filled, &required) ==
			       STATUS_BUFFER_OVERFLOW)
				nap();
			VmbChannelSaveEnd(server);
			side->opens++;
		}
		VmbChannelStart(server);
		nap();
	}
	kfree(buffer);
}

static void during_save(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (p)
		disable_during(t, p, save_server);
}

/* ---- and GPADLs ---- */

struct shared {
	u8 page[4096];
	u32 handle;
};

static void create_gpadl(struct end *end)
{
	struct pair *p = container_of(end, struct pair, client);
	struct shared *shared = p->data;

	shared->handle = 0;
	VmbChannelCreateGpadlFromBuffer(end->channel, 0, shared->page, 4096, &shared->handle);
}

static void delete_gpadl(struct end *end)
{
	struct pair *p = container_of(end, struct pair, client);
	struct shared *shared = p->data;

	if (shared->handle)
		VmbChannelDeleteGpadl(end->channel, shared->handle);
}

/* Maps what it is told, if it still may, and unmaps it. */
static void map_gpadl(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length,
		      u32 flags)
{
	PMDL mdl;

	if (!VmbChannelMapGpadl(p->server.channel, 0, *(u32 *)buffer, &mdl)) {
		nap();
		VmbChannelUnmapGpadl(p->server.channel, *(u32 *)buffer);
	}
	VmbChannelPacketComplete(packet, NULL, 0);
}

static void tell_handle(struct side *side)
{
	struct shared *shared = side->p->data;

	while (goes_on(side)) {
		u64 handle = READ_ONCE(shared->handle);

		if (end_send(&side->p->client, &handle, sizeof(handle), WAIT_FLAG) ||
		    is_crowded(&side->p->client))
			usleep_range(20, 50);
	}
}

static void during_map(struct ktap *t, struct client *c)
{
	struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	struct pair *p = pair_create(t);

	if (!p || !CHECK(t, shared))
		return;
	p->data = shared;
	p->serve = map_gpadl;
	p->client.on_opened = create_gpadl;
	p->client.on_closed = delete_gpadl;
	VmbChannelSetIncomingProcessingAtPassive(p->server.channel, TRUE);
	disable_during(t, p, tell_handle);
}

/* ---- many offers ---- */

/* Microseconds of the fastest of several rows of clients that find nothing. */
static u64 time_of_search(struct end *client)
{
	u64 best = U64_MAX;
	unsigned int row, i;

	for (row = 0; row < 30; row++) {
		ktime_t begin = ktime_get();

		for (i = 0; i < 20; i++) {
			if (VmbChannelEnable(client->channel))
				return U64_MAX;
			VmbChannelDisable(client->channel);
		}
		best = min_t(u64, best, ktime_us_delta(ktime_get(), begin));
	}
	return best;
}

static unsigned int make_offers(VMBCHANNEL *servers, GUID type, unsigned int from,
				unsigned int to)
{
	GUID instance = type;

	for (; from < to; from++) {
		instance.Data1 = from * 2654435761u;
		instance.Data2 = 1;
		if (VmbChannelAllocate(NULL, TRUE, &servers[from]))
			break;
		VmbServerChannelInitSetTargetInterfaceId(servers[from], type, instance);
		if (VmbChannelEnable(servers[from])) {
			VmbChannelCleanup(servers[from]);
			break;
		}
	}
	return from;
}

/* Each client that names an instance gets that one. */
static void check_found(struct ktap *t, struct end *client, GUID type)
{
	unsigned int i;

	for (i = 0; i < 50 && !t->failed; i++) {
		GUID wanted = type, found;

		wanted.Data1 = (get_random_u32() % offers) * 2654435761u;
		wanted.Data2 = 1;
		VmbClientChannelInitSetTargetPnp(client->channel, &type, &wanted, NULL);
		CHECK_STATUS(t, VmbChannelEnable(client->channel), STATUS_SUCCESS);
		VmbChannelGetInterfaceInstance(client->channel, &found);
		CHECK(t, !memcmp(&found, &wanted, sizeof(found)));
		VmbChannelDisable(client->channel);
	}
}

static void many_offers(struct ktap *t, struct client *c)
{
	VMBCHANNEL *servers = vzalloc(array_size(offers, sizeof(*servers)));
	struct pair *p = pair_create(t);
	unsigned int made = min(offers, 50u), tries;
	u64 few, many;
	GUID nobody;

	if (!p || !CHECK(t, servers))
		return;
	nobody = p->instance;
	nobody.Data2 = 2;
	VmbClientChannelInitSetTargetPnp(p->client.channel, &p->type, &nobody, NULL);
	CHECK_EQUAL(t, make_offers(servers, p->type, 0, made), made);
	few = time_of_search(&p->client);
	made = make_offers(servers, p->type, made, offers);
	CHECK_EQUAL(t, made, offers);
	many = time_of_search(&p->client);
	/* A search one by one takes a hundred times as long, however often it is timed. */
	for (tries = 0; tries < 20 && many >= 5 * few + 500; tries++)
		many = min(many, time_of_search(&p->client));
	seq_printf(t->out, "# 20 searches: %llu us among 50 offers, %llu us among %u\n", few, many,
		   made);
	CHECK(t, many < 5 * few + 500);
	check_found(t, &p->client, p->type);
	while (made--) {
		VmbChannelDisable(servers[made]);
		VmbChannelCleanup(servers[made]);
	}
	vfree(servers);
	pair_destroy(t, p);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelEnable, VmbChannelDisable: 4.7 more clients than workers, some of them slow",
	  crowd },
	{ "VmbChannelEnable, VmbChannelDisable: 4.7 offers and rescinds, both sides at once",
	  from_both_sides },
	{ "VmbChannelEnable, VmbChannelDisable, VmbChannelPause: 4.7 rescinds in each state",
	  in_each_state },
	{ "VmbChannelDisable, VmbChannelPause: 4.6 during open and pause", during_open },
	{ "VmbChannelDisable, VmbPacketSend: 4.6 during sends of both sides", during_send },
	{ "VmbChannelDisable, VmbChannelPacketComplete: 4.6 during completions of both sides",
	  during_completion },
	{ "VmbChannelDisable, VmbChannelSendSynchronousRequest: 4.6 during requests",
	  during_request },
	{ "VmbChannelDisable, VmbChannelMapGpadl, VmbChannelUnmapGpadl, VmbChannelDeleteGpadl: "
	  "4.6 during maps", during_map },
	{ "VmbChannelDisable, VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd: "
	  "N24 during saves", during_save },
	{ "VmbChannelEnable, VmbChannelGetInterfaceInstance: N19 thousands of offers",
	  many_offers },
};

const struct ktap_suite storm_suite = KTAP_SUITE("storm", tests);
