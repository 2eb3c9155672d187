// SPDX-License-Identifier: GPL-2.0-only
/* A server is saved and restored, and its client notices nothing: spec 6.10. */
#include <linux/kthread.h>
#include <linux/slab.h>

#include "saver.h"
#include "suites.h"

/* ---- nothing outstanding ---- */

static void idle(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);

	if (!s || !saver_open(t, s))
		return;
	CHECK_STATUS(t, saver_send(s, s->client, 0, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 1));
	if (saver_move(t, s)) {
		CHECK_TEXT(t, s->server_log, "OSPUCOSP");
		CHECK_TEXT(t, s->client_log, "OSP");
		CHECK_STATUS(t, saver_send(s, s->client, 1, WAIT_FLAG), STATUS_SUCCESS);
		CHECK_STATUS(t, saver_send(s, s->server, 0, WAIT_FLAG), STATUS_SUCCESS);
		CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 2));
		CHECK_SOON(t, saver_numbers_came(&s->of_server, 0, 1));
	}
	saver_free(s);
}

/* ---- everything outstanding ---- */

#define MANY	300

static bool send_many(struct ktap *t, struct saver *s, VMBCHANNEL from, u64 first, u32 flags)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		if (!CHECK_STATUS(t, saver_send(s, from, first + i, flags), STATUS_SUCCESS))
			return false;
	return true;
}

/*
 * The server has packets on the wire and in its queue, and replies behind them; the client has
 * requests that were answered into that queue, in the ring, and in its own queue.
 */
static bool fill_both_rings(struct ktap *t, struct saver *s)
{
	s->keep = true;
	if (!send_many(t, s, s->client, 0, WAIT_FLAG) ||
	    !CHECK_SOON(t, atomic_read(&s->presented) == MANY))
		return false;
	VmbChannelPause(s->client);
	if (!send_many(t, s, s->server, 0, WAIT_FLAG))
		return false;
	VmbChannelPause(s->server);
	s->keep = false;
	return send_many(t, s, s->client, MANY, WAIT_FLAG);
}

static void outstanding(struct ktap *t, struct client *c)
{
	struct saver *s = saver_create(t);

	if (!s || !saver_open(t, s) || !fill_both_rings(t, s))
		return;
	if (saver_move(t, s)) {
		VmbChannelStart(s->client);
		CHECK_SOON(t, saver_numbers_came(&s->of_client, 0, 2 * MANY));
		CHECK_SOON(t, atomic_read(&s->of_server.answers) == MANY);
		CHECK_EQUAL(t, atomic_read(&s->of_client.removals), 0);
		CHECK_TEXT(t, s->client_log, "OSPUSP");
		/* Those of the saved server's own packets ended with it. */
		CHECK_EQUAL(t, atomic_read(&s->of_server.removals), MANY);
		CHECK(t, !s->of_server.wrong);
	}
	saver_free(s);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd, "
	  "VmbChannelRestoreFromBuffer: 6.10 an idle channel", idle },
	{ "VmbChannelSaveContinue, VmbChannelRestoreFromBuffer, VmbPacketRestore, "
	  "VmbServerChannelInitSetSaveRestorePacketCallbacks: 6.10 packets in both rings and queues",
	  outstanding },
};

const struct ktap_suite save_suite = KTAP_SUITE("save", tests);
