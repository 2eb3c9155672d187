// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection of the local bus: ring memory, the open handshake, signals, the end.
 *
 * The client brings the rings and knocks; the server's channel opens on a worker of its own and
 * answers. At the end the client waits until the server has let go of the rings, so that a client
 * whose sends have been completed can be sure that nobody touches its pages any more; the server
 * waits for nobody.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../channel.h"
#include "../stats.h"
#include "local.h"

/* ---- ring memory ---- */

static void free_ring(struct kmcl_local_ring *ring)
{
	unsigned int i;

	vunmap(ring->mapping);
	for (i = 0; ring->pages && i < ring->count; i++)
		if (ring->pages[i])
			__free_page(ring->pages[i]);
	kvfree(ring->pages);
	memset(ring, 0, sizeof(*ring));
}

static int alloc_pages_of(struct kmcl_local_ring *ring)
{
	unsigned int i;

	/* Behind the pages of the ring their data pages again, for the mapping. */
	ring->pages = kvcalloc(2 * ring->count, sizeof(*ring->pages), GFP_KERNEL);
	if (!ring->pages)
		return -ENOMEM;
	for (i = 0; i < ring->count; i++) {
		ring->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!ring->pages[i])
			return -ENOMEM;
		if (i)
			ring->pages[ring->count + i - 1] = ring->pages[i];
	}
	return 0;
}

static int alloc_ring(struct kmcl_local_ring *ring, u32 data_pages)
{
	struct kmcl_ring_ctl *ctl;

	ring->count = 1 + DIV_ROUND_UP(data_pages * KMCL_PAGE_SIZE, PAGE_SIZE);
	if (alloc_pages_of(ring))
		return -ENOMEM;
	ring->mapping = vmap(ring->pages, 2 * ring->count - 1, VM_MAP, PAGE_KERNEL);
	if (!ring->mapping)
		return -ENOMEM;
	ctl = ring->mapping;
	ctl->feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	return 0;
}

static void free_rings(struct kmcl_local_service *service)
{
	free_ring(&service->upstream);
	free_ring(&service->downstream);
}

static int alloc_rings(struct kmcl_local_service *service, const struct kmcl_link *link)
{
	if (alloc_ring(&service->upstream, link->out_pages) ||
	    alloc_ring(&service->downstream, link->in_pages)) {
		free_rings(service);
		return -ENOMEM;
	}
	return 0;
}

static void map_ring(struct kmcl_ring *ring, const struct kmcl_local_ring *memory)
{
	kmcl_ring_init(ring, memory->mapping, memory->mapping + PAGE_SIZE,
		       kmcl_local_ring_size(memory));
}

/* ---- signals ---- */

/* Is there a packet to take, or do we wait for room? */
static bool has_work(const struct kmcl_link *link)
{
	return READ_ONCE(link->in.ctl->write_index) != READ_ONCE(link->in.mine) ||
	       READ_ONCE(link->out.ctl->pending_send_sz);
}

static void count_signal(const struct kmcl_link *link)
{
	kmcl_event_count(KMCL_COUNT_SIGNAL);
	if (!has_work(link))
		kmcl_event_count(KMCL_COUNT_IDLE_SIGNAL);
}

static void kick(struct tasklet_struct *tasklet)
{
	struct kmcl_local_kick *kick = from_tasklet(kick, tasklet, tasklet);
	struct kmcl_link *link;

	spin_lock_bh(kick->lock);
	link = kick->link;
	spin_unlock_bh(kick->lock);
	if (!link)
		return;
	count_signal(link);
	kmcl_link_signalled(link);
}

void kmcl_local_kick_init(struct kmcl_local_kick *k, spinlock_t *lock)
{
	tasklet_setup(&k->tasklet, kick);
	k->lock = lock;
}

void kmcl_local_signal_server(struct kmcl_offer *offer)
{
	tasklet_schedule(&kmcl_local_of_client(offer)->to_server.tasklet);
}

void kmcl_local_signal_client(struct kmcl_offer *end)
{
	tasklet_schedule(&kmcl_local_of_server(end)->to_client.tasklet);
}

/* No signal reaches this end any more. */
static void stop_kick(struct kmcl_local_kick *kick)
{
	spin_lock_bh(kick->lock);
	kick->link = NULL;
	spin_unlock_bh(kick->lock);
	tasklet_kill(&kick->tasklet);
}

/* ---- open ---- */

static bool is_answered(struct kmcl_local_service *service)
{
	bool is;

	spin_lock_bh(&service->lock);
	is = service->state != KMCL_LOCAL_KNOCKING;
	spin_unlock_bh(&service->lock);
	return is;
}

static int knock(struct kmcl_local_service *service, struct kmcl_link *link)
{
	int err = 0;

	spin_lock_bh(&service->lock);
	if (service->withdrawn) {
		err = -ENODEV;
	} else {
		service->state = KMCL_LOCAL_KNOCKING;
		service->to_client.link = link;
	}
	spin_unlock_bh(&service->lock);
	if (err)
		return err;
	kmcl_end_knock(&service->server);
	wait_event(service->wait, is_answered(service));
	return service->answer;
}

/**
 * kmcl_local_connect() - the client opens
 * @offer: claimed
 * @link: sizes wanted; receives the rings
 *
 * Return: 0; -ENOMEM; -ENODEV if the server goes meanwhile; -EAGAIN if it refuses.
 */
int kmcl_local_connect(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct kmcl_local_service *service = kmcl_local_of_client(offer);
	int err;

	err = alloc_rings(service, link);
	if (err)
		return err;
	map_ring(&link->out, &service->upstream);
	map_ring(&link->in, &service->downstream);
	err = knock(service, link);
	if (!err)
		return 0;
	stop_kick(&service->to_client);
	free_rings(service);
	return err;
}

/*
 * The server's channel takes up the connection: one that is new, or that of a saved server, whose
 * client may have left meanwhile and another one knocked.
 */
int kmcl_local_accept(struct kmcl_offer *end, struct kmcl_link *link)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);
	int err = 0;

	spin_lock_bh(&service->lock);
	if (service->state != (service->save ? KMCL_LOCAL_KEPT : KMCL_LOCAL_KNOCKING)) {
		err = -ENODEV;
	} else {
		service->restoring = service->save;
		if (service->save)
			service->state = KMCL_LOCAL_OPEN;
		service->save = 0;
		map_ring(&link->in, &service->upstream);
		map_ring(&link->out, &service->downstream);
		link->out_pages = link->out.size / KMCL_PAGE_SIZE;
		link->in_pages = link->in.size / KMCL_PAGE_SIZE;
		service->to_server.link = link;
	}
	spin_unlock_bh(&service->lock);
	return err;
}

/* The server's EvtChannelOpened has returned, or the open has failed before it. */
void kmcl_local_answer(struct kmcl_offer *end, int err)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);

	spin_lock_bh(&service->lock);
	if (service->state == KMCL_LOCAL_KNOCKING) {
		service->answer = err;
		service->state = err ? KMCL_LOCAL_IDLE : KMCL_LOCAL_OPEN;
		wake_up_all(&service->wait);
	}
	kmcl_local_end_restoring(service, !err);
	spin_unlock_bh(&service->lock);
}

/* ---- close ---- */

static bool server_has_closed(struct kmcl_local_service *service)
{
	bool has;

	spin_lock_bh(&service->lock);
	has = service->state != KMCL_LOCAL_CLIENT_CLOSED;
	spin_unlock_bh(&service->lock);
	return has;
}

/**
 * kmcl_local_disconnect() - the client closes
 * @offer: open
 * @link: the client's
 *
 * Sleeps until the server has closed as well: until its driver has completed what it was given.
 */
void kmcl_local_disconnect(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct kmcl_local_service *service = kmcl_local_of_client(offer);
	bool server_is_open, server_is_saved;

	stop_kick(&service->to_client);
	spin_lock_bh(&service->lock);
	server_is_open = service->state == KMCL_LOCAL_OPEN;
	if (server_is_open)
		service->state = KMCL_LOCAL_CLIENT_CLOSED;
	server_is_saved = service->state == KMCL_LOCAL_KEPT;
	if (server_is_saved)
		service->state = KMCL_LOCAL_SERVER_CLOSED;
	spin_unlock_bh(&service->lock);
	if (server_is_open) {
		kmcl_end_peer_closed(&service->server);
		wait_event(service->wait, server_has_closed(service));
	}
	free_rings(service);
	spin_lock_bh(&service->lock);
	service->state = KMCL_LOCAL_IDLE;
	spin_unlock_bh(&service->lock);
	memset(&link->in, 0, sizeof(link->in));
	memset(&link->out, 0, sizeof(link->out));
	if (server_is_saved)
		kmcl_local_client_left(service);
}

/* The server closes, or gives up an open that it is about to refuse. */
void kmcl_local_hang_up(struct kmcl_offer *end, struct kmcl_link *link)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);
	bool was_restoring;

	stop_kick(&service->to_server);
	memset(&link->in, 0, sizeof(link->in));
	memset(&link->out, 0, sizeof(link->out));
	spin_lock_bh(&service->lock);
	was_restoring = service->restoring;
	kmcl_local_end_restoring(service, false);
	if (service->state == KMCL_LOCAL_OPEN && service->save) {
		service->state = KMCL_LOCAL_KEPT;
		/* No save knows of what a failed restore has mapped: that just ends. */
		if (!was_restoring)
			kmcl_local_save_mappings(service);
	} else if (service->state == KMCL_LOCAL_OPEN ||
		   service->state == KMCL_LOCAL_CLIENT_CLOSED) {
		service->save = 0;
		service->state = KMCL_LOCAL_SERVER_CLOSED;
		wake_up_all(&service->wait);
	}
	spin_unlock_bh(&service->lock);
}
