// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation that a call makes fails once, and then every one that workers make for it. The
 * call says STATUS_INSUFFICIENT_RESOURCES, or STATUS_UNSUCCESSFUL where that happened to the peer,
 * or does without, and afterwards everything works. For faults.sh, on kernels with
 * CONFIG_FAULT_INJECTION.
 */
#include <linux/slab.h>

#include "pair.h"
#include "saver.h"
#include "failing.h"
#include "suites.h"

static void answers(struct ktap *t, struct pair *p)
{
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == atomic_read(&p->client.accepted));
	CHECK_STATUS(t, p->client.status, STATUS_SUCCESS);
}

/* What is tried with the nth allocation of workers failing. */
struct worker_try {
	bool (*fails)(struct ktap *t, struct worker_try *w);	/* Return: was there one? */
	void *data;
	unsigned int n;
	unsigned int rounds;		/* before this one */
	unsigned int refused;
};

/*
 * Work that runs beside other work is left alone, and that can be what an earlier round has left.
 * So one round in which nothing failed does not say that there are no more allocations.
 */
#define NOTHING_LEFT	10

static void each_of_workers_fails(struct ktap *t, struct worker_try *w)
{
	unsigned int nothing = 0;

	for (w->n = 1; nothing < NOTHING_LEFT && !t->failed; w->rounds++) {
		if (w->fails(t, w)) {
			w->n++;
			nothing = 0;
		} else {
			nothing++;
		}
	}
}

/* ---- channels ---- */

static NTSTATUS allocate(void *data)
{
	return VmbChannelAllocate(NULL, false, data);
}

static NTSTATUS allocate_server(void *data)
{
	return VmbChannelAllocate(NULL, true, data);
}

static void clean_up(void *data)
{
	VmbChannelCleanup(*(VMBCHANNEL *)data);
}

static void allocations(struct ktap *t, struct client *c)
{
	VMBCHANNEL channel;

	if (!failing_is_possible(t))
		return;
	failing_each(t, &(struct try){ allocate, clean_up }, &channel);
	failing_each(t, &(struct try){ allocate_server, clean_up }, &channel);
}

static NTSTATUS enable(void *data)
{
	return VmbChannelEnable(*(VMBCHANNEL *)data);
}

static void disable(void *data)
{
	VmbChannelDisable(*(VMBCHANNEL *)data);
}

static void offers(struct ktap *t, struct client *c)
{
	struct pair *p = failing_is_possible(t) ? pair_create(t) : NULL;

	if (!p)
		return;
	failing_each(t, &(struct try){ enable, disable }, &p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	answers(t, p);
	pair_destroy(t, p);
}

static void opens(struct ktap *t, struct client *c)
{
	struct pair *p = failing_is_possible(t) ? pair_offer(t) : NULL;

	if (!p)
		return;
	failing_each(t, &(struct try){ enable, disable }, &p->client.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	answers(t, p);
	pair_destroy(t, p);
}

/* The server's worker cannot open: to the client it refuses. */
static bool open_of_server_fails(struct ktap *t, struct worker_try *w)
{
	/* A new one, since a server keeps what it has allocated. */
	struct pair *p = pair_offer(t);
	NTSTATUS status;
	bool failed;

	if (!p)
		return false;
	failing_workers.arm(w->n);
	status = VmbChannelEnable(p->client.channel);
	VmbChannelDisable(p->client.channel);
	failed = failing_workers.disarm();
	CHECK(t, !status || (failed && status == STATUS_UNSUCCESSFUL));
	w->refused += !!status;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	answers(t, p);
	pair_destroy(t, p);
	return failed;
}

static void opens_of_server(struct ktap *t, struct client *c)
{
	struct worker_try w = { .fails = open_of_server_fails };

	if (!failing_is_possible(t))
		return;
	each_of_workers_fails(t, &w);
	failing_tell(t, w.n - 1, w.refused);
}

/* A client that waits for its offer, and what it is told when that comes. */
struct late {
	NTSTATUS status;
	bool failed;
};

static VOID failed_late(VMBCHANNEL channel, NTSTATUS status)
{
	struct pair *p = container_of(VmbChannelGetPointer(channel), struct pair, client);
	struct late *late = p->data;

	late->status = status;
	smp_store_release(&late->failed, true);	/* the status first */
}

static bool has_failed(struct late *late)
{
	return smp_load_acquire(&late->failed);	/* the status after it */
}

static bool is_up(struct end *end)
{
	return READ_ONCE(end->state) == 'P';
}

/* The nth allocation of workers fails when the offer comes. */
static bool late_open_fails(struct ktap *t, struct worker_try *w)
{
	struct pair *p = w->data;
	struct late *late = p->data;
	bool failed;

	late->failed = false;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	failing_workers.arm(w->n);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	CHECK_SOON(t, has_failed(late) || is_up(&p->client));
	VmbChannelDisable(p->client.channel);
	VmbChannelDisable(p->server.channel);
	failed = failing_workers.disarm();
	if (late->failed) {
		w->refused++;
		CHECK(t, failed && (late->status == STATUS_INSUFFICIENT_RESOURCES ||
				    late->status == STATUS_UNSUCCESSFUL));
	}
	return failed;
}

static void late_opens(struct ktap *t, struct client *c)
{
	struct pair *p = failing_is_possible(t) ? pair_create(t) : NULL;
	struct late *late = kzalloc(sizeof(*late), GFP_KERNEL);
	struct worker_try w = { .fails = late_open_fails, .data = p };

	if (!p || !CHECK(t, late)) {
		kfree(late);
		return;
	}
	p->data = late;
	VmbClientChannelInitSetTargetPnp(p->client.channel, &p->type, NULL, failed_late);
	each_of_workers_fails(t, &w);
	failing_tell(t, w.n - 1, w.refused);
	pair_destroy(t, p);
}

/* What has no status has to do without. */
static void closes_of(struct ktap *t, struct pair *p, const struct failing *who)
{
	unsigned int n = 0;
	bool failed;

	do {
		CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
		answers(t, p);
		who->arm(++n);
		VmbChannelDisable(p->client.channel);
		failed = who->disarm();
	} while (failed && !t->failed);
	seq_printf(t->out, "# %u allocations failed\n", n - 1);
}

static void closes(struct ktap *t, struct client *c)
{
	struct pair *p = failing_is_possible(t) ? pair_offer(t) : NULL;

	if (!p)
		return;
	closes_of(t, p, &failing_caller);
	closes_of(t, p, &failing_workers);
	pair_destroy(t, p);
}

/* ---- memory ---- */

struct memory {
	struct pair *p;
	u8 *buffer;
	u32 handle;
	PMDL mdl;
};

static NTSTATUS create(void *data)
{
	struct memory *m = data;

	return VmbChannelCreateGpadlFromBuffer(m->p->client.channel, 0, m->buffer, 8000,
					       &m->handle);
}

static void delete(void *data)
{
	struct memory *m = data;

	VmbChannelDeleteGpadl(m->p->client.channel, m->handle);
}

static NTSTATUS map(void *data)
{
	struct memory *m = data;

	return VmbChannelMapGpadl(m->p->server.channel, 0, m->handle, &m->mdl);
}

static void unmap(void *data)
{
	struct memory *m = data;

	VmbChannelUnmapGpadl(m->p->server.channel, m->handle);
}

static void gpadls(struct ktap *t, struct client *c)
{
	struct memory m = {};

	if (!failing_is_possible(t))
		return;
	m.p = pair_open(t);
	m.buffer = kzalloc(8192, GFP_KERNEL);
	if (!m.p || !CHECK(t, m.buffer))
		return;
	failing_each(t, &(struct try){ create, delete }, &m);
	if (CHECK_STATUS(t, create(&m), STATUS_SUCCESS)) {
		failing_each(t, &(struct try){ map, unmap }, &m);
		delete(&m);
	}
	answers(t, m.p);
	pair_destroy(t, m.p);
	kfree(m.buffer);
}

/* ---- requests ---- */

static NTSTATUS ask(void *data)
{
	struct memory *m = data;
	PMDL mdl = IoAllocateMdl(m->buffer, 8000, FALSE, FALSE, NULL);
	NTSTATUS status;

	if (!mdl)
		return STATUS_INSUFFICIENT_RESOURCES;
	MmBuildMdlForNonPagedPool(mdl);
	status = VmbChannelSendSynchronousRequest(m->p->client.channel, "12345678", 8, mdl,
						  WAIT_FLAG, NULL, NULL, NULL);
	IoFreeMdl(mdl);
	return status;
}

static void nothing(void *data)
{
}

static void requests(struct ktap *t, struct client *c)
{
	struct memory m = {};

	if (!failing_is_possible(t))
		return;
	m.p = pair_open(t);
	m.buffer = kzalloc(8192, GFP_KERNEL);
	if (!m.p || !CHECK(t, m.buffer))
		return;
	failing_each(t, &(struct try){ ask, nothing }, &m);
	answers(t, m.p);
	pair_destroy(t, m.p);
	kfree(m.buffer);
}

/* ---- saves ---- */

static NTSTATUS save(void *data)
{
	struct saver *s = data;

	return VmbChannelSaveBegin(s->server);
}

static void end_save(void *data)
{
	struct saver *s = data;

	VmbChannelSaveEnd(s->server);
}

static void saves(struct ktap *t, struct client *c)
{
	struct saver *s = failing_is_possible(t) ? saver_create(t) : NULL;

	if (!s || !saver_open(t, s))
		return;
	VmbChannelPause(s->server);
	failing_each(t, &(struct try){ save, end_save }, s);
	VmbChannelStart(s->server);
	CHECK(t, saver_move(t, s));
	saver_free(s);
}

/* ---- delivery ---- */

#define HELD	16

/* Packets that the server has not completed yet. */
struct held {
	spinlock_t lock;		/* covers the rest */
	unsigned int count;
	VMBPACKETCOMPLETION packets[HELD];
};

static void hold(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length, u32 flags)
{
	struct held *held = p->data;

	spin_lock_bh(&held->lock);
	held->packets[held->count++] = packet;
	spin_unlock_bh(&held->lock);
}

static bool complete_held(struct held *held)
{
	VMBPACKETCOMPLETION packet = NULL;

	spin_lock_bh(&held->lock);
	if (held->count)
		packet = held->packets[--held->count];
	spin_unlock_bh(&held->lock);
	if (packet)
		VmbChannelPacketComplete(packet, NULL, 0);
	return packet;
}

static bool all_completed(struct pair *p)
{
	while (complete_held(p->data))
		;
	return atomic_read(&p->client.completed) == atomic_read(&p->client.accepted);
}

static struct pair *holding_pair(struct ktap *t)
{
	struct pair *p = pair_open(t);
	struct held *held = kzalloc(sizeof(*held), GFP_KERNEL);

	if (!p || !CHECK(t, held))
		return NULL;
	spin_lock_init(&held->lock);
	p->data = held;
	p->serve = hold;
	return p;
}

/* What cannot be delivered now comes when the driver has completed a packet. */
static bool delivery_fails(struct ktap *t, struct worker_try *w)
{
	struct pair *p = holding_pair(t);
	unsigned int i;
	bool failed;

	if (!p)
		return false;
	/* All at once, so that it is a worker that takes them. */
	VmbChannelPause(p->server.channel);
	for (i = 0; i < HELD; i++)
		CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	failing_workers.arm(w->n);
	VmbChannelStart(p->server.channel);
	CHECK_SOON(t, failing_workers_hit() || atomic_read(&p->server.packets) == HELD);
	CHECK_SOON(t, all_completed(p));
	failed = failing_workers.disarm();
	CHECK_STATUS(t, p->client.status, STATUS_SUCCESS);
	CHECK_EQUAL(t, atomic_read(&p->server.packets), HELD);
	pair_destroy(t, p);
	return failed;
}

static void deliveries(struct ktap *t, struct client *c)
{
	struct worker_try w = { .fails = delivery_fails };

	if (!failing_is_possible(t))
		return;
	each_of_workers_fails(t, &w);
	seq_printf(t->out, "# %u allocations failed\n", w.n - 1);
	CHECK(t, w.n > HELD / 2);
}

/* ---- restores ---- */

/*
 * The nth allocation of a restore fails; a try that has failed leaves all to the next. Return: was
 * there one?
 */
static bool restore_fails(struct ktap *t, struct saver *s, unsigned int n, unsigned int *refused)
{
	struct blob *blob = saver_save_with_packet(t, s);
	NTSTATUS status;
	bool failed;

	if (!blob)
		return false;
	saver_end_server(s);
	if (!saver_enable_new_server(t, s))
		return false;
	failing_caller.arm(n);
	status = saver_restore(s, blob);
	failed = failing_caller.disarm();
	CHECK(t, !status || (failed && status == STATUS_INSUFFICIENT_RESOURCES));
	if (status) {
		++*refused;
		CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
	}
	blob_free(blob);
	VmbChannelStart(s->server);
	VmbChannelStart(s->client);
	CHECK_SOON(t, atomic_read(&s->of_server.answers) == n);
	return failed;
}

#define WAITING	4

/* Packets of the client wait in the ring of a server that is restored. */
static bool send_waiting(struct ktap *t, struct saver *s, unsigned int first)
{
	unsigned int i;

	for (i = first; i < first + WAITING; i++)
		if (!CHECK_STATUS(t, saver_send(s, s->client, i, WAIT_FLAG), STATUS_SUCCESS))
			return false;
	return true;
}

/*
 * The nth allocation of workers behind a restore fails: what cannot be delivered then comes when
 * the driver has completed a packet.
 */
static bool worker_of_restore_fails(struct ktap *t, struct worker_try *w)
{
	unsigned int first = w->rounds * WAITING;
	struct saver *s = w->data;
	struct blob *blob;
	bool failed;

	if (!CHECK(t, first + WAITING <= SAVER_NUMBERS))
		return false;
	blob = saver_save_with_packet(t, s);
	if (!blob)
		return false;
	saver_end_server(s);
	if (!saver_enable_new_server(t, s) || !send_waiting(t, s, first))
		return false;
	s->keep = true;
	failing_workers.arm(w->n);
	CHECK_STATUS(t, saver_restore(s, blob), STATUS_SUCCESS);
	blob_free(blob);
	VmbChannelStart(s->server);
	VmbChannelStart(s->client);
	CHECK_SOON(t, failing_workers_hit() || atomic_read(&s->presented) == first + WAITING);
	s->keep = false;
	VmbChannelPause(s->server);	/* completes what it has kept */
	VmbChannelStart(s->server);
	CHECK_SOON(t, atomic_read(&s->of_server.answers) == w->rounds + 1);
	CHECK_SOON(t, atomic_read(&s->of_client.answers) == first + WAITING);
	failed = failing_workers.disarm();
	CHECK(t, saver_numbers_came(&s->of_client, first, first + WAITING));
	return failed;
}

static void restores(struct ktap *t, struct client *c)
{
	struct saver *s = failing_is_possible(t) ? saver_create(t) : NULL;
	unsigned int n = 1, refused = 0;

	if (!s || !saver_open(t, s))
		return;
	while (restore_fails(t, s, n, &refused) && !t->failed)
		n++;
	failing_tell(t, n - 1, refused);
	saver_free(s);
}

static void workers_of_restores(struct ktap *t, struct client *c)
{
	struct saver *s = failing_is_possible(t) ? saver_create(t) : NULL;
	struct worker_try w = { .fails = worker_of_restore_fails, .data = s };

	if (!s || !saver_open(t, s))
		return;
	each_of_workers_fails(t, &w);
	seq_printf(t->out, "# %u allocations failed\n", w.n - 1);
	CHECK(t, w.n > 1);
	saver_free(s);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelAllocate: each allocation fails", allocations },
	{ "VmbChannelEnable: each allocation of a server's fails", offers },
	{ "VmbChannelEnable: each allocation of an open fails", opens },
	{ "VmbChannelEnable: each allocation of the server's workers fails", opens_of_server },
	{ "VmbChannelEnable, PnpFailureCallback: each allocation of workers fails, the offer is late",
	  late_opens },
	{ "VmbChannelDisable: each allocation of a close fails", closes },
	{ "EvtChannelProcessPacket: each allocation of a delivery fails", deliveries },
	{ "VmbChannelCreateGpadlFromBuffer, VmbChannelMapGpadl: each allocation fails", gpadls },
	{ "VmbChannelSendSynchronousRequest: each allocation fails, those of its MDL included",
	  requests },
	{ "VmbChannelSaveBegin: each allocation fails", saves },
	{ "VmbChannelRestoreFromBuffer: each allocation fails", restores },
	{ "VmbChannelRestoreFromBuffer: each allocation of workers behind it fails",
	  workers_of_restores },
};

const struct ktap_suite faults_suite = KTAP_SUITE("faults", tests);
