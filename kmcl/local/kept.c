// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients whose server has been saved and is not restored yet.
 *
 * A server channel that is disabled after it was saved leaves its connection behind: the service,
 * without a server, with the client's rings, its GPADLs and the mappings that the server had of
 * them. The client stays open and notices nothing: it sends until its ring is full and waits.
 *
 * A server channel of the same type and instance that is enabled next is not offered, because its
 * clients could be those of the saved one. It gets that connection when it restores the save by
 * which the connection is kept: a random number, so that an old save, or one of another channel,
 * finds nothing.
 *
 * What is kept is let go, which is a rescind to its client, when nobody restores it in time, when
 * a server with FORCE_NEW_CHANNEL is enabled, and when the client closes. Then the server that may
 * have been enabled meanwhile is offered.
 */
#include <linux/err.h>
#include <linux/module.h>

#include "../channel.h"
#include "local.h"

static unsigned int restore_seconds = 60;
module_param(restore_seconds, uint, 0644);
MODULE_PARM_DESC(restore_seconds, "How long clients of a saved server channel wait until it is restored");

static struct rb_root kept;	/* by type and instance, each but once; under kmcl_local_lock */

static void expire(struct work_struct *work)
{
	struct kmcl_local_service *service;

	service = container_of(work, struct kmcl_local_service, expiry.work);
	mutex_lock(&kmcl_local_lock);
	/* Unless a server had it meanwhile and gave it back: then the time begins anew. */
	if (!delayed_work_pending(&service->expiry))
		kmcl_local_let_go(service);
	mutex_unlock(&kmcl_local_lock);
}

void kmcl_local_kept_init(struct kmcl_local_service *service)
{
	INIT_DELAYED_WORK(&service->expiry, expire);
}

/* The connection that is kept for servers of this id; with the mutex held. */
struct kmcl_local_service *kmcl_local_find_kept(const struct kmcl_offer *id)
{
	return kmcl_local_find(&kept, id);
}

static bool is_kept(struct kmcl_local_service *service)
{
	bool is;

	spin_lock_bh(&service->lock);
	is = service->state == KMCL_LOCAL_KEPT;
	spin_unlock_bh(&service->lock);
	return is;
}

/* With the mutex held. Return: false if there is no client that waits. */
bool kmcl_local_await_restore(struct kmcl_local_service *service)
{
	if (!is_kept(service))
		return false;
	service->kept = true;
	kmcl_local_list(&kept, service);
	mod_delayed_work(kmcl_event_wq, &service->expiry,
			 (unsigned long)READ_ONCE(restore_seconds) * HZ);
	return true;
}

static void remove_kept(struct kmcl_local_service *service)
{
	service->kept = false;
	kmcl_local_unlist(&kept, service);
	cancel_delayed_work(&service->expiry);
}

/* Nobody restores it any more, unless a server has it already; with the mutex held. */
void kmcl_local_let_go(struct kmcl_local_service *service)
{
	struct kmcl_local_service *next;

	if (!service->kept)
		return;
	remove_kept(service);
	spin_lock_bh(&service->lock);
	if (service->state == KMCL_LOCAL_KEPT)
		service->state = KMCL_LOCAL_SERVER_CLOSED;
	kmcl_local_forget_mappings(service);
	spin_unlock_bh(&service->lock);
	next = kmcl_local_find(&kmcl_local_services, &service->client);
	/* From here on the service may be gone: its client closes whenever it likes. */
	kmcl_local_withdraw(service);
	if (next)
		kmcl_offer_add(&next->client);
}

/* The client has closed and waits for no server any more. */
void kmcl_local_client_left(struct kmcl_local_service *service)
{
	spin_lock_bh(&service->lock);
	kmcl_local_forget_mappings(service);
	spin_unlock_bh(&service->lock);
	mutex_lock(&kmcl_local_lock);
	kmcl_local_let_go(service);
	mutex_unlock(&kmcl_local_lock);
}

void kmcl_local_keep(struct kmcl_offer *end, u64 save)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);

	spin_lock_bh(&service->lock);
	service->save = save;
	spin_unlock_bh(&service->lock);
}

static int may_take(struct kmcl_local_service *service, u64 save, u32 in_size, u32 out_size)
{
	int err = 0;

	if (!service)
		return -ENODEV;
	spin_lock_bh(&service->lock);
	if (service->state != KMCL_LOCAL_KEPT || service->save != save)
		err = -ENODEV;
	else if (kmcl_local_ring_size(&service->upstream) != in_size ||
		 kmcl_local_ring_size(&service->downstream) != out_size)
		err = -EINVAL;
	spin_unlock_bh(&service->lock);
	return err;
}

/* The server whose own end is @own restores a save. */
struct kmcl_offer *kmcl_local_take(struct kmcl_offer *own, u64 save, u32 in_size, u32 out_size)
{
	struct kmcl_local_service *service;
	int err;

	mutex_lock(&kmcl_local_lock);
	service = kmcl_local_find_kept(own);
	err = may_take(service, save, in_size, out_size);
	if (!err) {
		remove_kept(service);
		kmcl_local_replace(kmcl_local_of_server(own), service);
	}
	mutex_unlock(&kmcl_local_lock);
	return err ? ERR_PTR(err) : &service->server;
}

/* It could not; the connection waits for another try. */
void kmcl_local_give_back(struct kmcl_offer *taken, struct kmcl_offer *own)
{
	struct kmcl_local_service *service = kmcl_local_of_server(taken);
	bool waits;

	mutex_lock(&kmcl_local_lock);
	kmcl_local_replace(service, kmcl_local_of_server(own));
	waits = kmcl_local_await_restore(service);
	if (!waits)
		kmcl_offer_add(&kmcl_local_of_server(own)->client);
	mutex_unlock(&kmcl_local_lock);
	if (!waits)
		kmcl_local_withdraw(service);
}
