// SPDX-License-Identifier: GPL-2.0-only
/* Services of the local bus: offering a server channel, and taking the offer back. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "../channel.h"
#include "../pipe/pipe.h"
#include "local.h"

/* Covers which services there are, and which are kept for a restore. */
DEFINE_MUTEX(kmcl_local_lock);
struct rb_root kmcl_local_services;	/* by type and instance */

static void free_service(struct kmcl_local_service *service)
{
	tasklet_kill(&service->to_client.tasklet);
	tasklet_kill(&service->to_server.tasklet);
	kmcl_local_free_mmio(service);
	kfree(service);
}

/* The server has gone, and its client too, but for the last look of who has released the offer. */
static void reap(struct work_struct *work)
{
	struct kmcl_local_service *service = container_of(work, struct kmcl_local_service, reap);

	kmcl_offer_wait_unclaimed(&service->client);
	cancel_delayed_work_sync(&service->expiry);
	free_service(service);
}

static int compare(const struct kmcl_offer *a, const struct kmcl_offer *b)
{
	return memcmp(&a->type, &b->type, sizeof(a->type)) ?:
	       memcmp(&a->instance, &b->instance, sizeof(a->instance));
}

static struct kmcl_local_service *service_of(struct rb_node *node)
{
	return rb_entry(node, struct kmcl_local_service, node);
}

/* The service of this type and instance; with the mutex held, as the next two. */
struct kmcl_local_service *kmcl_local_find(struct rb_root *root, const struct kmcl_offer *id)
{
	struct rb_node *node = root->rb_node;

	while (node) {
		struct kmcl_local_service *service = service_of(node);
		int order = compare(id, &service->client);

		if (!order)
			return service;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

void kmcl_local_list(struct rb_root *root, struct kmcl_local_service *service)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare(&service->client, &service_of(parent)->client) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&service->node, parent, link);
	rb_insert_color(&service->node, root);
}

void kmcl_local_unlist(struct rb_root *root, struct kmcl_local_service *service)
{
	rb_erase(&service->node, root);
	RB_CLEAR_NODE(&service->node);
}

/* Of the same type and instance, as programs see it, too; with the mutex held. */
void kmcl_local_replace(struct kmcl_local_service *old, struct kmcl_local_service *new)
{
	swap(old->pipe, new->pipe);
	rb_replace_node(&old->node, &new->node, &kmcl_local_services);
	RB_CLEAR_NODE(&old->node);
}

static struct kmcl_bus client_bus = {
	.name	= "local",
	.owner	= THIS_MODULE,
	.rank	= 10,
	.ops	= &kmcl_local_client_ops,
};

/* Never registered: what a server channel holds is no offer that anybody looks for. */
static struct kmcl_bus server_bus = {
	.name	= "local",
	.owner	= THIS_MODULE,
	.ops	= &kmcl_local_server_ops,
};

static struct kmcl_local_service *new_service(struct kmcl_channel *ch)
{
	struct kmcl_local_service *service = kzalloc(sizeof(*service), GFP_KERNEL);

	if (!service)
		return NULL;
	INIT_WORK(&service->reap, reap);
	spin_lock_init(&service->lock);
	init_waitqueue_head(&service->wait);
	INIT_LIST_HEAD(&service->gpadls);
	RB_CLEAR_NODE(&service->node);
	RB_CLEAR_NODE(&service->client.node);
	kmcl_local_kept_init(service);
	kmcl_local_kick_init(&service->to_client, &service->lock);
	kmcl_local_kick_init(&service->to_server, &service->lock);
	service->client.bus = &client_bus;
	service->server.bus = &server_bus;
	memcpy(&service->client.type, &ch->config.type, sizeof(guid_t));
	memcpy(&service->client.instance, &ch->config.instance, sizeof(guid_t));
	service->server.type = service->client.type;
	service->server.instance = service->client.instance;
	return service;
}

/*
 * Nobody finds the service as long as a client waits for a saved server of the same id. With
 * FORCE_NEW_CHANNEL it has waited enough.
 */
static void offer(struct kmcl_local_service *service, u32 flags)
{
	struct kmcl_local_service *kept = kmcl_local_find_kept(&service->client);

	if (!kept)
		kmcl_offer_add(&service->client);
	else if (flags & VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL)
		kmcl_local_let_go(kept);
}

/**
 * kmcl_local_serve() - offer a server channel to the clients of this kernel
 * @ch: the channel, with its interface id
 *
 * Return: 0, and the channel has its end; -EEXIST; -ENOMEM.
 */
int kmcl_local_serve(struct kmcl_channel *ch)
{
	struct kmcl_local_service *service = new_service(ch);
	int err = -ENOMEM;

	if (!service)
		return err;
	err = kmcl_local_alloc_mmio(service, ch->config.mmio_megabytes);
	if (err)
		goto free;
	mutex_lock(&kmcl_local_lock);
	err = kmcl_local_find(&kmcl_local_services, &service->client) ? -EEXIST : 0;
	if (!err) {
		kmcl_local_list(&kmcl_local_services, service);
		kmcl_end_attach(&service->server, ch);
		offer(service, ch->config.server_flags);
	}
	mutex_unlock(&kmcl_local_lock);
	if (err)
		goto free;
	if (!kmcl_pipe_is_wanted(ch))
		return 0;
	/* Failing now leaves the channel with its end, which its disable takes back. */
	service->pipe = kmcl_pipe_create(ch);
	return service->pipe ? 0 : -ENOMEM;

free:
	free_service(service);
	return err;
}

/* Nobody finds it any more, and a client that it has is told. */
void kmcl_local_withdraw(struct kmcl_local_service *service)
{
	spin_lock_bh(&service->lock);
	service->withdrawn = true;
	spin_unlock_bh(&service->lock);
	kmcl_local_answer(&service->server, -ENODEV);
	kmcl_offer_withdraw(&service->client);
}

/*
 * Not before: a work that waits for clients, as long as their drivers like, would take the place of
 * another channel's news.
 */
static void released(struct kmcl_offer *offer)
{
	queue_work(kmcl_event_wq, &kmcl_local_of_client(offer)->reap);
}

/* The server is disabled, or has taken another service for this one. */
static void unserve(struct kmcl_offer *end)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);
	bool kept;

	/* Before there can be another of this name. */
	if (service->pipe)
		kmcl_pipe_remove(service->pipe);
	service->pipe = NULL;
	mutex_lock(&kmcl_local_lock);
	if (!RB_EMPTY_NODE(&service->node))
		kmcl_local_unlist(&kmcl_local_services, service);
	kept = kmcl_local_await_restore(service);
	mutex_unlock(&kmcl_local_lock);
	if (!kept)
		kmcl_local_withdraw(service);
}

const struct kmcl_bus_ops kmcl_local_client_ops = {
	.open		= kmcl_local_connect,
	.close		= kmcl_local_disconnect,
	.signal		= kmcl_local_signal_server,
	.released	= released,
	.create_gpadl	= kmcl_local_create_gpadl,
	.delete_gpadl	= kmcl_local_delete_gpadl,
	.mmio		= kmcl_local_mmio,
};

const struct kmcl_bus_ops kmcl_local_server_ops = {
	.open		= kmcl_local_accept,
	.answer		= kmcl_local_answer,
	.close		= kmcl_local_hang_up,
	.signal		= kmcl_local_signal_client,
	.unserve	= unserve,
	.map_gpadl	= kmcl_local_map_gpadl,
	.unmap_gpadl	= kmcl_local_unmap_gpadl,
	.unmap_all	= kmcl_local_unmap_all,
	.keep		= kmcl_local_keep,
	.take		= kmcl_local_take,
	.give_back	= kmcl_local_give_back,
};

int kmcl_local_init(void)
{
	return kmcl_bus_register(&client_bus);
}

void kmcl_local_exit(void)
{
	kmcl_bus_unregister(&client_bus);
}
