/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local bus: server channels offered to client channels of the same kernel.
 *
 * A service is one offered server. It has two ends, and each is a struct kmcl_offer: the client's,
 * which the matcher gives to client channels, and the server's, which the server channel has from
 * enable to disable. Ring layout and packet format are those of the wire.
 */
#ifndef KMCL_LOCAL_H
#define KMCL_LOCAL_H

#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../bus.h"

/* The memory of one ring: control page, data pages, and the data mapped again behind itself. */
struct kmcl_local_ring {
	struct page **pages;
	unsigned int count;
	void *mapping;
};

/* Bytes of data. */
static inline u32 kmcl_local_ring_size(const struct kmcl_local_ring *ring)
{
	return (ring->count - 1) * PAGE_SIZE;
}

/* The way in to one end: a signal runs it in softirq context. */
struct kmcl_local_kick {
	struct tasklet_struct tasklet;
	struct kmcl_link *link;		/* NULL while that end is not open; under the lock */
	spinlock_t *lock;
};

enum kmcl_local_state {
	KMCL_LOCAL_IDLE,
	KMCL_LOCAL_KNOCKING,		/* a client waits for the server's answer */
	KMCL_LOCAL_OPEN,
	KMCL_LOCAL_SERVER_CLOSED,	/* the client has still to close */
	KMCL_LOCAL_CLIENT_CLOSED,	/* and waits for the server to */
	KMCL_LOCAL_KEPT,		/* the client is open, the server saved: see kept.c */
};

struct kmcl_local_service {
	struct rb_node node;	/* among those that are offered or about to be, or those kept */
	struct work_struct reap;
	struct kmcl_offer client;
	struct kmcl_offer server;

	spinlock_t lock;	/* covers state, answer, withdrawn, save, links and gpadls */
	wait_queue_head_t wait;
	enum kmcl_local_state state;
	int answer;
	bool withdrawn;
	u64 save;		/* what a server has to restore to be given the client */
	bool restoring;		/* a server that restores it has it, and may give it back */
	struct kmcl_local_kick to_client;
	struct kmcl_local_kick to_server;

	struct kmcl_local_ring upstream;	/* client to server */
	struct kmcl_local_ring downstream;

	struct list_head gpadls;
	u32 last_gpadl;

	struct kmcl_pipe *pipe;	/* for programs, if the server wants one */

	struct list_head space;
	struct page *mmio;
	unsigned int mmio_order;

	bool kept;		/* under kmcl_local_lock */
	struct delayed_work expiry;
};

extern struct mutex kmcl_local_lock;	/* the services, and which of them are kept */

static inline struct kmcl_local_service *kmcl_local_of_client(struct kmcl_offer *offer)
{
	return container_of(offer, struct kmcl_local_service, client);
}

static inline struct kmcl_local_service *kmcl_local_of_server(struct kmcl_offer *offer)
{
	return container_of(offer, struct kmcl_local_service, server);
}

/* service.c */
struct kmcl_local_service *kmcl_local_find(struct rb_root *root, const struct kmcl_offer *id);
void kmcl_local_list(struct rb_root *root, struct kmcl_local_service *service);
void kmcl_local_unlist(struct rb_root *root, struct kmcl_local_service *service);
extern struct rb_root kmcl_local_services;
void kmcl_local_replace(struct kmcl_local_service *old, struct kmcl_local_service *new);
void kmcl_local_withdraw(struct kmcl_local_service *service);
extern const struct kmcl_bus_ops kmcl_local_client_ops;
extern const struct kmcl_bus_ops kmcl_local_server_ops;

/* mmio.c */
int kmcl_local_alloc_mmio(struct kmcl_local_service *service, u32 megabytes);
void kmcl_local_free_mmio(struct kmcl_local_service *service);
void kmcl_local_mmio(struct kmcl_offer *offer, u64 *address, u64 *size);

/* kept.c */
void kmcl_local_kept_init(struct kmcl_local_service *service);
struct kmcl_local_service *kmcl_local_find_kept(const struct kmcl_offer *id);
bool kmcl_local_await_restore(struct kmcl_local_service *service);
void kmcl_local_let_go(struct kmcl_local_service *service);
void kmcl_local_client_left(struct kmcl_local_service *service);
void kmcl_local_keep(struct kmcl_offer *end, u64 save);
struct kmcl_offer *kmcl_local_take(struct kmcl_offer *own, u64 save, u32 in_size, u32 out_size);
void kmcl_local_give_back(struct kmcl_offer *taken, struct kmcl_offer *own);

/* link.c */
int kmcl_local_connect(struct kmcl_offer *offer, struct kmcl_link *link);
void kmcl_local_disconnect(struct kmcl_offer *offer, struct kmcl_link *link);
void kmcl_local_signal_server(struct kmcl_offer *offer);
int kmcl_local_accept(struct kmcl_offer *end, struct kmcl_link *link);
void kmcl_local_answer(struct kmcl_offer *end, int err);
void kmcl_local_hang_up(struct kmcl_offer *end, struct kmcl_link *link);
void kmcl_local_signal_client(struct kmcl_offer *end);
void kmcl_local_kick_init(struct kmcl_local_kick *kick, spinlock_t *lock);

/* gpadl.c */
int kmcl_local_create_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl);
void kmcl_local_delete_gpadl(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl);
int kmcl_local_map_gpadl(struct kmcl_offer *end, u32 handle, bool read_only, struct _MDL **mdl);
bool kmcl_local_unmap_gpadl(struct kmcl_offer *end, u32 handle);
unsigned int kmcl_local_unmap_all(struct kmcl_offer *end);
void kmcl_local_save_mappings(struct kmcl_local_service *service);
void kmcl_local_end_restoring(struct kmcl_local_service *service, bool good);
void kmcl_local_forget_mappings(struct kmcl_local_service *service);

#endif
