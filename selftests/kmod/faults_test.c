// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation that a call makes fails once: fail-nth of the kernel's fault injection, set for
 * the thread that calls. The call says STATUS_INSUFFICIENT_RESOURCES or does without, and
 * afterwards everything works. For faults.sh, on kernels with CONFIG_FAULT_INJECTION.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "pair.h"
#include "saver.h"
#include "suites.h"

#ifdef CONFIG_FAULT_INJECTION
static bool can_fail(struct ktap *t)
{
	return true;
}

static void fail_nth(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

/* Return: whether so many allocations came, and the last one failed. */
static bool has_failed(void)
{
	bool failed = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return failed;
}
#else
static bool can_fail(struct ktap *t)
{
	t->skipped = "no fault injection in this kernel";
	return false;
}

static void fail_nth(unsigned int n)
{
}

static bool has_failed(void)
{
	return false;
}
#endif

/* What is tried, and what takes it back if it has succeeded. */
struct try {
	NTSTATUS (*call)(void *data);
	void (*undo)(void *data);
};

static void tell(struct ktap *t, unsigned int failed, unsigned int refused)
{
	seq_printf(t->out, "# %u allocations failed, %u refused the call\n", failed, refused);
	CHECK(t, refused);
}

static void each_fails(struct ktap *t, const struct try *try, void *data)
{
	unsigned int n = 0, refused = 0;
	bool failed;

	do {
		NTSTATUS status;

		fail_nth(++n);
		status = try->call(data);
		failed = has_failed();
		if (!status)
			try->undo(data);
		else
			refused++;
		CHECK(t, !status || (failed && status == STATUS_INSUFFICIENT_RESOURCES));
	} while (failed && !t->failed);
	tell(t, n - 1, refused);
}

static void answers(struct ktap *t, struct pair *p)
{
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == atomic_read(&p->client.accepted));
	CHECK_STATUS(t, p->client.status, STATUS_SUCCESS);
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

	if (!can_fail(t))
		return;
	each_fails(t, &(struct try){ allocate, clean_up }, &channel);
	each_fails(t, &(struct try){ allocate_server, clean_up }, &channel);
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
	struct pair *p = can_fail(t) ? pair_create(t) : NULL;

	if (!p)
		return;
	each_fails(t, &(struct try){ enable, disable }, &p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	VmbChannelStart(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	answers(t, p);
	pair_destroy(t, p);
}

static void opens(struct ktap *t, struct client *c)
{
	struct pair *p = can_fail(t) ? pair_offer(t) : NULL;

	if (!p)
		return;
	each_fails(t, &(struct try){ enable, disable }, &p->client.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	answers(t, p);
	pair_destroy(t, p);
}

/* What has no status has to do without. */
static void closes(struct ktap *t, struct client *c)
{
	struct pair *p = can_fail(t) ? pair_offer(t) : NULL;
	unsigned int n = 0;
	bool failed;

	if (!p)
		return;
	do {
		CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
		answers(t, p);
		fail_nth(++n);
		VmbChannelDisable(p->client.channel);
		failed = has_failed();
	} while (failed && !t->failed);
	seq_printf(t->out, "# %u allocations failed\n", n - 1);
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

	if (!can_fail(t))
		return;
	m.p = pair_open(t);
	m.buffer = kzalloc(8192, GFP_KERNEL);
	if (!m.p || !CHECK(t, m.buffer))
		return;
	each_fails(t, &(struct try){ create, delete }, &m);
	if (CHECK_STATUS(t, create(&m), STATUS_SUCCESS)) {
		each_fails(t, &(struct try){ map, unmap }, &m);
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

	if (!can_fail(t))
		return;
	m.p = pair_open(t);
	m.buffer = kzalloc(8192, GFP_KERNEL);
	if (!m.p || !CHECK(t, m.buffer))
		return;
	each_fails(t, &(struct try){ ask, nothing }, &m);
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
	struct saver *s = can_fail(t) ? saver_create(t) : NULL;

	if (!s || !saver_open(t, s))
		return;
	VmbChannelPause(s->server);
	each_fails(t, &(struct try){ save, end_save }, s);
	VmbChannelStart(s->server);
	CHECK(t, saver_move(t, s));
	saver_free(s);
}

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
	fail_nth(n);
	status = saver_restore(s, blob);
	failed = has_failed();
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

static void restores(struct ktap *t, struct client *c)
{
	struct saver *s = can_fail(t) ? saver_create(t) : NULL;
	unsigned int n = 1, refused = 0;

	if (!s || !saver_open(t, s))
		return;
	while (restore_fails(t, s, n, &refused) && !t->failed)
		n++;
	tell(t, n - 1, refused);
	saver_free(s);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelAllocate: each allocation fails", allocations },
	{ "VmbChannelEnable: each allocation of a server's fails", offers },
	{ "VmbChannelEnable: each allocation of an open fails", opens },
	{ "VmbChannelDisable: each allocation of a close fails", closes },
	{ "VmbChannelCreateGpadlFromBuffer, VmbChannelMapGpadl: each allocation fails", gpadls },
	{ "VmbChannelSendSynchronousRequest: each allocation fails, those of its MDL included",
	  requests },
	{ "VmbChannelSaveBegin: each allocation fails", saves },
	{ "VmbChannelRestoreFromBuffer: each allocation fails", restores },
};

const struct ktap_suite faults_suite = KTAP_SUITE("faults", tests);
