// SPDX-License-Identifier: GPL-2.0-only
/*
 * External data that is not ready at once: spec 5.2, 6.8. Run by kmcl.sh with the knob
 * kmcl/pend_external in debugfs at 5: three for the first test, one for each of the others.
 */
#include <linux/io.h>
#include <linux/slab.h>

#include "channel.h"
#include "pair.h"
#include "suites.h"

struct pended {
	VMBPACKETCOMPLETION handles[8];
	u8 *buffers[8];
	unsigned int presented;
	unsigned int pending;
	u64 order[8];			/* of the packets that were answered */
	unsigned int answered;
	bool hold;			/* let the test stop the channel meanwhile */
	struct completion is_pending;
};

static bool is_stopping(VMBCHANNEL channel)
{
	return !READ_ONCE(((struct kmcl_channel *)channel)->rx.enabled);
}

static void serve(struct pair *p, VMBPACKETCOMPLETION packet, u8 *buffer, u32 length, u32 flags)
{
	struct pended *d = p->data;
	PMDL mdl;

	d->handles[d->presented] = packet;
	d->buffers[d->presented++] = buffer;
	if (flags && VmbChannelPacketGetExternalData(packet, 0, &mdl) == STATUS_PENDING) {
		d->pending++;
		complete(&d->is_pending);
		while (d->hold && !is_stopping(p->server.channel))
			usleep_range(200, 500);
		return;
	}
	d->order[d->answered++] = *(u64 *)buffer;
	VmbChannelPacketComplete(packet, buffer, length);
}

/* Was the packet that came as number @n the next one again? */
static bool is_again(const struct pended *d, unsigned int n)
{
	return d->handles[n] == d->handles[n + 1] && d->buffers[n] == d->buffers[n + 1];
}

/* With a page that nobody looks into. */
static NTSTATUS send(struct pair *p, u64 number)
{
	PFN_NUMBER pfn = page_to_phys(ZERO_PAGE(0)) >> 12;
	VMBPACKET packet = end_packet(&p->client);

	return end_sent(&p->client, packet,
			VmbPacketSendWithExternalPfns(packet, &number, sizeof(number), &pfn, 1,
						      WAIT_FLAG));
}

static struct pair *begin(struct ktap *t, bool hold)
{
	struct pended *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct pair *p;

	if (!CHECK(t, d))
		return NULL;
	init_completion(&d->is_pending);
	d->hold = hold;
	p = pair_open(t);
	if (!p) {
		kfree(d);
		return NULL;
	}
	p->data = d;
	p->serve = serve;
	VmbChannelSetIncomingProcessingAtPassive(p->server.channel, TRUE);
	return p;
}

static void again(struct ktap *t, struct client *c)
{
	struct pair *p = begin(t, false);
	struct pended *d;
	u64 i;

	if (!p)
		return;
	d = p->data;
	for (i = 0; i < 3; i++)
		CHECK_STATUS(t, send(p, i), STATUS_SUCCESS);
	CHECK_STATUS(t, end_send(&p->client, &i, sizeof(i), WAIT_FLAG), STATUS_SUCCESS);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 4);
	/* Each was pending once, and succeeded the next time; none was overtaken. */
	CHECK_EQUAL(t, d->pending, 3);
	CHECK_EQUAL(t, d->presented, 7);
	for (i = 0; i < 6; i += 2)
		CHECK(t, is_again(d, i));
	for (i = 0; i < 4; i++)
		CHECK_EQUAL(t, d->order[i], i);
	pair_destroy(t, p);
}

/* A packet whose external data stays pending. */
static struct pair *begin_held(struct ktap *t)
{
	struct pair *p = begin(t, true);
	struct pended *d;

	if (!p)
		return NULL;
	d = p->data;
	CHECK_STATUS(t, send(p, 7), STATUS_SUCCESS);
	CHECK(t, wait_for_completion_timeout(&d->is_pending, 60 * HZ));
	return p;
}

/* A pause does not wait for it, and keeps it. */
static void paused(struct ktap *t, struct client *c)
{
	struct pair *p = begin_held(t);
	struct pended *d;

	if (!p)
		return;
	d = p->data;
	VmbChannelPause(p->server.channel);
	CHECK_EQUAL(t, d->presented, 1);
	CHECK_EQUAL(t, d->answered, 0);
	VmbChannelStart(p->server.channel);
	CHECK_SOON(t, atomic_read(&p->client.completed) == 1);
	CHECK_EQUAL(t, d->presented, 2);
	CHECK(t, is_again(d, 0));
	CHECK_STATUS(t, p->client.status, STATUS_SUCCESS);
	pair_destroy(t, p);
}

/* A close does not wait for it either, and drops it. */
static void closed(struct ktap *t, struct client *c)
{
	struct pair *p = begin_held(t);
	struct pended *d;

	if (!p)
		return;
	d = p->data;
	VmbChannelDisable(p->server.channel);
	CHECK_SOON(t, atomic_read(&p->client.removed) == 1);
	CHECK_EQUAL(t, d->presented, 1);
	CHECK_EQUAL(t, d->answered, 0);
	pair_destroy(t, p);
}

static const struct ktap_test tests[] = {
	{ "VmbChannelPacketGetExternalData: 5.2 STATUS_PENDING, and the same packet again", again },
	{ "VmbChannelPacketGetExternalData, VmbChannelPause: N6 a pause keeps it", paused },
	{ "VmbChannelPacketGetExternalData, VmbChannelDisable: N6 a close drops it", closed },
};

const struct ktap_suite pending_suite = KTAP_SUITE("pending", tests);
