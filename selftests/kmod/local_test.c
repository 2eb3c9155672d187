// SPDX-License-Identifier: GPL-2.0-only
/* Client and server channels on the local bus: spec 4 from both sides. */
#include <linux/kthread.h>

#include "pair.h"
#include "suites.h"

static void server_first(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	GUID found;

	if (!p)
		return;
	CHECK(t, end_log_is(&p->client, "OSP"));
	CHECK(t, end_log_is(&p->server, "OSP"));
	VmbChannelGetInterfaceInstance(p->client.channel, &found);
	CHECK(t, !memcmp(&found, &p->instance, sizeof(found)));
	VmbChannelGetInterfaceInstance(p->server.channel, &found);
	CHECK(t, !memcmp(&found, &p->instance, sizeof(found)));
	CHECK_STATUS(t, end_send(&p->client, "12345678", 8, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, p->client.reply_length, 8);
	CHECK(t, !memcmp(p->client.reply, "12345678", 8));
	pair_destroy(t, p);
}

static void client_first(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (!p)
		return;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->client, "queued", 6, WAIT_FLAG), STATUS_SUCCESS);
	CHECK(t, end_log_is(&p->client, ""));
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_SOON(t, end_log_is(&p->client, "OSP"));
	CHECK_SOON(t, end_log_is(&p->server, "O"));
	CHECK_STAYS(t, 30, !atomic_read(&p->client.completed));
	VmbChannelStart(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSP"));
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	pair_destroy(t, p);
}

static void server_refuses(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);

	if (!p)
		return;
	p->server.opened_status = STATUS_UNSUCCESSFUL;
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->server, "kept", 4, 0), STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_UNSUCCESSFUL);
	CHECK(t, end_log_is(&p->server, "O"));
	CHECK(t, end_log_is(&p->client, ""));

	/* It stays offered, and what it has queued with it. */
	p->server.opened_status = STATUS_SUCCESS;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK(t, end_log_is(&p->client, "OSP"));
	CHECK_SOON(t, atomic_read(&p->client.packets) == 1);
	pair_destroy(t, p);
}

static void client_refuses(struct ktap *t, struct client *c)
{
	struct pair *p = pair_offer(t);

	if (!p)
		return;
	p->client.opened_status = STATUS_ACCESS_DENIED;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_ACCESS_DENIED);
	CHECK(t, end_log_is(&p->client, "O"));
	/* The server was open by then. */
	CHECK_SOON(t, end_log_is(&p->server, "OSPUC"));
	p->client.opened_status = STATUS_SUCCESS;
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_SOON(t, end_log_is(&p->server, "OSPUCOSP"));
	pair_destroy(t, p);
}

static void server_leaves(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);

	if (!p)
		return;
	p->serve = pair_keep;
	CHECK_STATUS(t, end_send(&p->client, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, READ_ONCE(p->kept));
	VmbChannelPause(p->client.channel);
	VmbChannelStart(p->client.channel);
	VmbChannelPacketComplete(p->kept, "y", 1);
	VmbChannelDisable(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSPUC"));
	CHECK_SOON(t, end_log_is(&p->client, "OSPUSPUC"));
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);

	/* Both may come again. */
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	/* The client is Disabled after its last callback, not in it. */
	CHECK_SOON(t, VmbChannelEnable(p->client.channel) == STATUS_SUCCESS);
	pair_destroy(t, p);
}

static void client_leaves(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);

	if (!p)
		return;
	VmbChannelDisable(p->client.channel);
	CHECK(t, end_log_is(&p->client, "OSPUC"));
	CHECK_SOON(t, end_log_is(&p->server, "OSPUC"));

	/* Closed, soon after the callback: still offered and started, and what it sends waits. */
	CHECK_SOON(t, end_send(&p->server, "later", 5, 0) == STATUS_SUCCESS);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_SOON(t, end_log_is(&p->server, "OSPUCOSP"));
	CHECK_SOON(t, atomic_read(&p->client.packets) == 1);

	/* Paused while Closed: comes up paused. */
	VmbChannelDisable(p->client.channel);
	CHECK_SOON(t, end_log_is(&p->server, "OSPUCOSPUC"));
	VmbChannelPause(p->server.channel);
	CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
	CHECK_SOON(t, end_log_is(&p->server, "OSPUCOSPUCO"));
	VmbChannelStart(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSPUCOSPUCOSP"));
	pair_destroy(t, p);
}

static int disable_client(void *data)
{
	struct pair *p = data;

	VmbChannelDisable(p->client.channel);
	complete(p->data);
	return 0;
}

/* A client's closing ends when the server has completed what it holds: nobody touches its pages. */
static void client_waits(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	struct completion *done = kzalloc(sizeof(*done), GFP_KERNEL);

	if (!p || !CHECK(t, done))
		return;
	init_completion(done);
	p->data = done;
	p->serve = pair_keep;
	CHECK_STATUS(t, end_send(&p->client, "x", 1, WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, READ_ONCE(p->kept));
	kthread_run(disable_client, p, "kmcl-test");
	CHECK_SOON(t, end_log_is(&p->server, "OSPU"));
	CHECK_STAYS(t, 30, !completion_done(done));
	CHECK(t, end_log_is(&p->client, "OSPU"));
	VmbChannelPacketComplete(p->kept, NULL, 0);
	CHECK(t, wait_for_completion_timeout(done, 60 * HZ));
	CHECK(t, end_log_is(&p->client, "OSPUC"));
	CHECK_SOON(t, end_log_is(&p->server, "OSPUC"));
	CHECK_EQUAL(t, atomic_read(&p->client.removed), 1);
	pair_destroy(t, p);
}

static void server_pauses(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	unsigned int i;

	if (!p)
		return;
	VmbChannelPause(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSPU"));
	for (i = 0; i < 10; i++)
		CHECK_STATUS(t, end_send(&p->client, &i, sizeof(i), WAIT_FLAG), STATUS_SUCCESS);
	/* N6: paused is no bar to sending. */
	CHECK_STATUS(t, end_send(&p->server, "x", 1, 0), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.packets) == 1);
	CHECK_STAYS(t, 30, !atomic_read(&p->server.packets));
	VmbChannelPause(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSPU"));
	VmbChannelStart(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSPUSP"));
	CHECK_SOON(t, atomic_read(&p->client.completed) == 10);
	VmbChannelStart(p->server.channel);
	CHECK(t, end_log_is(&p->server, "OSPUSP"));
	pair_destroy(t, p);
}

/* Every send of a server by the state that it is in. */
static void server_sends_by_state(struct ktap *t, struct client *c)
{
	struct pair *p = pair_create(t);
	LARGE_INTEGER now = { .QuadPart = 0 };

	if (!p)
		return;
	CHECK_STATUS(t, end_send(&p->server, "x", 1, 0), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(p->server.channel, "x", 1, NULL, 0, NULL,
							 NULL, &now), STATUS_INVALID_DEVICE_STATE);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->server, "x", 1, 0), STATUS_SUCCESS);
	CHECK_EQUAL(t, atomic_read(&p->server.completed), 0);
	CHECK_STATUS(t, VmbChannelSendSynchronousRequest(p->server.channel, "x", 1, NULL, 0, NULL,
							 NULL, &now), STATUS_BUFFER_OVERFLOW);
	CHECK_STATUS(t, VmbChannelEnable(p->server.channel), STATUS_INVALID_DEVICE_STATE);
	VmbChannelDisable(p->server.channel);
	CHECK_EQUAL(t, atomic_read(&p->server.removed), 1);
	CHECK_STATUS(t, end_send(&p->server, "x", 1, 0), STATUS_INVALID_DEVICE_STATE);
	CHECK(t, end_log_is(&p->server, ""));
	pair_destroy(t, p);
}

static void again_and_again(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t);
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < 200; i++) {
		struct end *leaves = i % 2 ? &p->client : &p->server;

		end_send(&p->client, &i, sizeof(i), WAIT_FLAG);
		VmbChannelDisable(leaves->channel);
		VmbChannelDisable(p->client.channel);
		CHECK_STATUS(t, VmbChannelEnable(leaves->channel), STATUS_SUCCESS);
		if (leaves != &p->client)
			CHECK_STATUS(t, VmbChannelEnable(p->client.channel), STATUS_SUCCESS);
		VmbChannelStart(p->server.channel);
	}
	CHECK_SOON(t, atomic_read(&p->client.completed) == 200);
	pair_destroy(t, p);
}

static void no_second(struct ktap *t, struct client *c)
{
	struct pair *p = pair_open(t), *other = pair_create(t);

	if (!p || !other)
		return;
	pair_imitate(other, p);
	CHECK_STATUS(t, VmbChannelEnable(other->server.channel), STATUS_OBJECT_NAME_COLLISION);
	/* The client finds the offer taken, and waits. */
	CHECK_STATUS(t, VmbChannelEnable(other->client.channel), STATUS_SUCCESS);
	CHECK(t, end_log_is(&other->client, ""));
	VmbChannelDisable(p->client.channel);
	CHECK_SOON(t, end_log_is(&other->client, "OSP"));
	pair_destroy(t, p);
	CHECK_SOON(t, end_log_is(&other->client, "OSPUC"));
	CHECK_STATUS(t, VmbChannelEnable(other->server.channel), STATUS_SUCCESS);
	pair_destroy(t, other);
}

static const struct ktap_test tests[] = {
	{ "VmbServerChannelInitSetTargetInterfaceId, VmbChannelGetInterfaceInstance: "
	  "4.7 a client finds a server", server_first },
	{ "VmbChannelEnable, VmbChannelStart: 4.3 a client waits for a server, which starts",
	  client_first },
	{ "VmbChannelEnable, EvtChannelOpened: N5 a server refuses and stays offered",
	  server_refuses },
	{ "VmbChannelEnable, EvtChannelOpened: Q2 a client refuses, the server is Closed",
	  client_refuses },
	{ "VmbChannelDisable: 4.7 a server revokes its offer", server_leaves },
	{ "VmbChannelDisable: 4.7 a client closes, the server is Closed and comes again",
	  client_leaves },
	{ "VmbChannelDisable: 4.6 a client waits until the server has let go", client_waits },
	{ "VmbChannelPause, VmbChannelStart: 4.5 of a server", server_pauses },
	{ "VmbPacketSend, VmbChannelSendSynchronousRequest: Q5 of a server, in each state",
	  server_sends_by_state },
	{ "VmbChannelEnable, VmbChannelDisable: N6 200 times from either side", again_and_again },
	{ "VmbChannelEnable: N19 a second server and a second client of the same id", no_second },
};

const struct ktap_suite local_suite = KTAP_SUITE("local", tests);
