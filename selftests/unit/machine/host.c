// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"

#include "gpadl.h"
#include "rings.h"
#include "stats.h"

const guid_t host_type = { { 1, 2, 3 } }, host_instance = { { 4, 5, 6 } };
struct host *host_of_server;

atomic_t kmcl_objects[KMCL_OBJECTS];
atomic_t kmcl_events[KMCL_COUNTS];
atomic_t kmcl_pend_external;

/* Nobody looks from outside. */
void kmcl_view_owner(struct kmcl_channel *ch, unsigned long caller)
{
}

void kmcl_view_add(struct kmcl_channel *ch)
{
}

void kmcl_view_open(struct kmcl_channel *ch)
{
}

void kmcl_view_remove(struct kmcl_channel *ch)
{
}

void kmcl_latency_count(const struct kmcl_channel *ch, u64 start)
{
}

static struct host *host_from(struct kmcl_offer *offer)
{
	return container_of(offer, struct host, offer);
}

/* ---- rings ---- */

static void make_ring(struct host_memory *ring, u32 pages, struct kmcl_ring *guest,
		      struct kmcl_ring *host)
{
	struct kmcl_ring_ctl *ctl;

	ring->size = pages * KMCL_PAGE_SIZE;
	ring->memory = rings_get(ring->size);
	ctl = (void *)ring->memory;
	ctl->feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	kmcl_ring_init(guest, ctl, ring->memory + PAGE_SIZE, ring->size);
	kmcl_ring_init(host, ctl, ring->memory + PAGE_SIZE, ring->size);
}

static void free_ring(struct host_memory *ring)
{
	if (ring->memory)
		rings_put(ring->memory, ring->size);
	ring->memory = NULL;
}

/* The guest's end over rings that are there already. */
static void join_ring(const struct host_memory *ring, struct kmcl_ring *guest)
{
	kmcl_ring_init(guest, ring->memory, ring->memory + PAGE_SIZE, ring->size);
}

/* ---- what the guest asks for ---- */

static int ask_peer(struct host *host)
{
	host->opening = true;
	wait_event(host->wait, !host->hold_open || host->gone);
	host->opening = false;
	return host->gone ? -ENODEV : host->open_error;
}

static u32 pages_of(const struct host *host, u32 wanted)
{
	return host->limit_pages && wanted > host->limit_pages ? host->limit_pages : wanted;
}

static void set_open(struct host *host, struct kmcl_link *link)
{
	spin_lock_bh(&host->lock);
	host->is_open = true;
	host->link = link;
	spin_unlock_bh(&host->lock);
	host->opens++;
}

static int open(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct host *host = host_from(offer);
	int err = ask_peer(host);
	void *pages;

	if (err)
		return err;
	pages = kmalloc(1, GFP_KERNEL);		/* the rings, for who makes allocations fail */
	if (!pages)
		return -ENOMEM;
	kfree(pages);
	make_ring(&host->in, pages_of(host, link->in_pages), &link->in, &host->to_guest);
	make_ring(&host->out, pages_of(host, link->out_pages), &link->out, &host->from_guest);
	link->in_pages = host->in.size / KMCL_PAGE_SIZE;
	link->out_pages = host->out.size / KMCL_PAGE_SIZE;
	set_open(host, link);
	return 0;
}

/* The client brings the rings; those of a saved server are there. */
static int accept_client(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct host *host = host_from(offer);
	int err = ask_peer(host);

	if (err)
		return err;
	if (!host->in.memory) {
		make_ring(&host->in, 2, &link->in, &host->to_guest);
		make_ring(&host->out, 2, &link->out, &host->from_guest);
	}
	join_ring(&host->in, &link->in);
	join_ring(&host->out, &link->out);
	link->in_pages = host->in.size / KMCL_PAGE_SIZE;
	link->out_pages = host->out.size / KMCL_PAGE_SIZE;
	set_open(host, link);
	return 0;
}

/* No signal runs from here on. */
static void let_go(struct host *host, struct kmcl_link *link)
{
	spin_lock_bh(&host->lock);
	host->is_open = host->kept;
	host->link = NULL;
	spin_unlock_bh(&host->lock);
	wait_event(host->wait, !host->signalling);
	memset(&link->in, 0, sizeof(link->in));
	memset(&link->out, 0, sizeof(link->out));
	host->closes++;
}

static void close_rings(struct kmcl_offer *offer, struct kmcl_link *link)
{
	struct host *host = host_from(offer);

	let_go(host, link);
	if (host->kept)
		return;
	free_ring(&host->in);
	free_ring(&host->out);
}

static void note_signal(struct kmcl_offer *offer)
{
	host_from(offer)->signals++;
}

static void note_release(struct kmcl_offer *offer)
{
	host_from(offer)->released++;
}

static int create_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl)
{
	struct host *host = host_from(offer);
	int err = ask_peer(host) ?: host->gpadl_error;

	if (err)
		return err;
	gpadl->handle = ++host->last_gpadl;
	host->gpadls++;
	return 0;
}

static void delete_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl)
{
	(void)gpadl;
	host_from(offer)->gpadls--;
}

static void mmio(struct kmcl_offer *offer, u64 *address, u64 *size)
{
	(void)offer;
	*address = 0xf0000000;
	*size = 1 << 20;
}

static const struct kmcl_bus_ops client_ops = {
	.open		= open,
	.close		= close_rings,
	.signal		= note_signal,
	.released	= note_release,
	.create_gpadl	= create_gpadl,
	.delete_gpadl	= delete_gpadl,
	.mmio		= mmio,
};

static struct kmcl_bus client_bus = {
	.name	= "machine",
	.rank	= 1,
	.ops	= &client_ops,
};

/* ---- servers ---- */

static void note_answer(struct kmcl_offer *end, int err)
{
	host_from(end)->answer = err;
	host_from(end)->answers++;
}

static void unserve(struct kmcl_offer *end)
{
	host_from(end)->unserved++;
}

static int map_gpadl(struct kmcl_offer *end, u32 handle, bool read_only, struct _MDL **mdl)
{
	static struct _MDL one;
	struct host *host = host_from(end);

	if (host->map_error)
		return host->map_error;
	if (!handle || handle > host->last_gpadl)
		return -ENOENT;
	if (!read_only && handle == 1)
		return -EACCES;
	host->mappings++;
	*mdl = &one;
	return 0;
}

static bool unmap_gpadl(struct kmcl_offer *end, u32 handle)
{
	struct host *host = host_from(end);

	if (!host->mappings || !handle || handle > host->last_gpadl)
		return false;
	host->mappings--;
	return true;
}

static unsigned int unmap_all(struct kmcl_offer *end)
{
	struct host *host = host_from(end);
	unsigned int left = host->mappings;

	host->mappings = 0;
	return left;
}

static void keep(struct kmcl_offer *end, u64 save)
{
	host_from(end)->kept = save;
}

/* A connection that is kept is kept by the end itself here. */
static struct kmcl_offer *take(struct kmcl_offer *own, u64 save, u32 in_size, u32 out_size)
{
	struct host *host = host_from(own);

	if (host->kept != save)
		return ERR_PTR(-ENODEV);
	if (host->in.size != in_size || host->out.size != out_size)
		return ERR_PTR(-EINVAL);
	host->taken = save;
	host->kept = 0;
	return own;
}

static void give_back(struct kmcl_offer *taken, struct kmcl_offer *own)
{
	(void)own;
	host_from(taken)->kept = host_from(taken)->taken;
}

static const struct kmcl_bus_ops server_ops = {
	.open		= accept_client,
	.answer		= note_answer,
	.close		= close_rings,
	.signal		= note_signal,
	.unserve	= unserve,
	.map_gpadl	= map_gpadl,
	.unmap_gpadl	= unmap_gpadl,
	.unmap_all	= unmap_all,
	.keep		= keep,
	.take		= take,
	.give_back	= give_back,
};

static struct kmcl_bus server_bus = {
	.name	= "machine",
	.ops	= &server_ops,
};

int kmcl_local_serve(struct kmcl_channel *ch)
{
	void *service = kmalloc(1, GFP_KERNEL);	/* as the local bus's, for who makes it fail */

	kfree(service);
	if (!service || !host_of_server)
		return -ENOMEM;
	host_of_server->offer.bus = &server_bus;
	kmcl_end_attach(&host_of_server->offer, ch);
	return 0;
}

void host_knock(struct host *host)
{
	kmcl_end_knock(&host->offer);
}

void host_close(struct host *host)
{
	kmcl_end_peer_closed(&host->offer);
}

/* ---- the bus ---- */

void host_begin(void)
{
	if (kmcl_channel_init_cache())
		machine_fail("no cache");
	kmcl_bus_register(&client_bus);
}

void host_end(void)
{
	kmcl_bus_unregister(&client_bus);
	kmcl_channel_exit_cache();
}

void host_init(struct host *host)
{
	memset(host, 0, sizeof(*host));
	host->offer.bus = &client_bus;
	host->offer.type = host_type;
	host->offer.instance = host_instance;
	spin_lock_init(&host->lock);
}

void host_offer(struct host *host)
{
	host->offered = true;
	host->gone = false;
	kmcl_offer_add(&host->offer);
}

void host_rescind(struct host *host)
{
	host->gone = true;
	kmcl_offer_withdraw(&host->offer);
	wake_up_all(&host->wait);
}

void host_unbind(struct host *host)
{
	host->gone = true;
	kmcl_offer_unbind(&host->offer);
	wake_up_all(&host->wait);
}

void host_release_open(struct host *host)
{
	host->hold_open = false;
	wake_up_all(&host->wait);
}

void host_destroy(struct host *host)
{
	if (host->offered) {
		host_rescind(host);
		kmcl_offer_wait_unclaimed(&host->offer);
	}
	host->offered = false;
	free_ring(&host->in);
	free_ring(&host->out);
}

/* ---- the peer's ends of the rings ---- */

static void signal_softirq(void *arg)
{
	struct host *host = arg;
	struct kmcl_link *link;

	spin_lock_bh(&host->lock);
	link = host->link;
	spin_unlock_bh(&host->lock);
	/* A close waits for us from here on. */
	if (link)
		kmcl_link_signalled(link);
	host->signalling--;
	wake_up_all(&host->wait);
}

static struct task_struct *start_signal(struct host *host)
{
	host->signalling++;
	return machine_start_softirq("softirq", signal_softirq, host);
}

void host_signal(struct host *host)
{
	start_signal(host);
}

void host_signal_now(struct host *host)
{
	machine_join(start_signal(host));
}

int host_write(struct host *host, const struct kmcl_desc *desc, const void *data, u32 length,
	       u32 ring_bytes)
{
	int due = -ENOTCONN;

	spin_lock_bh(&host->lock);
	if (host->is_open)
		due = host_ring_write(&host->to_guest, desc, data, length, ring_bytes);
	spin_unlock_bh(&host->lock);
	if (due > 0)
		host_signal(host);
	return min(due, 0);
}

static int write_well_formed(struct host *host, u16 type, u16 flags, u64 id, const void *data,
			     u32 length)
{
	struct kmcl_desc desc = host_desc(type, flags, id, length);

	return host_write(host, &desc, data, length, desc.len8 * 8);
}

int host_send(struct host *host, const void *data, u32 length, u64 id)
{
	return write_well_formed(host, KMCL_PKT_DATA_INBAND,
				 id ? KMCL_DESC_FLAG_COMPLETION_REQUESTED : 0, id, data, length);
}

int host_complete(struct host *host, u64 id, const void *data, u32 length)
{
	return write_well_formed(host, KMCL_PKT_COMPLETION, 0, id, data, length);
}

int host_read(struct host *host, struct host_packet *packet)
{
	bool signal_due = false;
	int got = -ENOTCONN;

	spin_lock_bh(&host->lock);
	if (host->is_open)
		got = host_ring_read(&host->from_guest, packet, &signal_due);
	spin_unlock_bh(&host->lock);
	if (signal_due && !host->forget_room)
		host_signal(host);
	return got;
}

unsigned int host_read_all(struct host *host)
{
	struct host_packet packet;
	unsigned int n = 0;

	while (host_read(host, &packet) == 1)
		n++;
	return n;
}
