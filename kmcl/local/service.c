// SPDX-License-Identifier: GPL-2.0-only
/* Services of the local bus: offering a server channel, and taking the offer back. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "../channel.h"
#include "local.h"

static DEFINE_MUTEX(services_lock);
static struct rb_root services;		/* by type and instance, under the mutex */

static void free_service(struct kmcl_local_service *service)
{
	tasklet_kill(&service->to_client.tasklet);
	tasklet_kill(&service->to_server.tasklet);
	if (service->mmio)
		__free_pages(service->mmio, service->mmio_order);
	kfree(service);
}

/* The server has gone; its client may still have to close. */
static void reap(struct work_struct *work)
{
	struct kmcl_local_service *service = container_of(work, struct kmcl_local_service, reap);

	kmcl_offer_wait_unclaimed(&service->client);
	free_service(service);
}

static int compare(const struct kmcl_offer *a, const struct kmcl_offer *b)
{
	return memcmp(&a->type, &b->type, sizeof(a->type)) ?:
	       memcmp(&a->instance, &b->instance, sizeof(a->instance));
}

/* Return: -EEXIST if a service of this type and instance is offered already. */
static int list_service(struct kmcl_local_service *service)
{
	struct rb_node **link = &services.rb_node, *parent = NULL;

	while (*link) {
		struct kmcl_local_service *other;
		int order;

		other = rb_entry(*link, struct kmcl_local_service, node);
		order = compare(&service->client, &other->client);
		if (!order)
			return -EEXIST;
		parent = *link;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&service->node, parent, link);
	rb_insert_color(&service->node, &services);
	return 0;
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

static int alloc_mmio(struct kmcl_local_service *service, u32 megabytes)
{
	if (!megabytes)
		return 0;
	service->mmio_order = get_order((size_t)megabytes << 20);
	if (((size_t)PAGE_SIZE << service->mmio_order) > KMALLOC_MAX_SIZE)
		return -ENOMEM;
	service->mmio = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, service->mmio_order);
	return service->mmio ? 0 : -ENOMEM;
}

static struct kmcl_local_service *new_service(struct kmcl_channel *ch)
{
	struct kmcl_local_service *service = kzalloc(sizeof(*service), GFP_KERNEL);

	if (!service)
		return NULL;
	INIT_WORK(&service->reap, reap);
	spin_lock_init(&service->lock);
	init_waitqueue_head(&service->wait);
	INIT_LIST_HEAD(&service->gpadls);
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
	err = alloc_mmio(service, ch->config.mmio_megabytes);
	if (err)
		goto free;
	mutex_lock(&services_lock);
	err = list_service(service);
	mutex_unlock(&services_lock);
	if (err)
		goto free;

	kmcl_end_attach(&service->server, ch);
	kmcl_offer_add(&service->client);
	return 0;

free:
	free_service(service);
	return err;
}

/* The server is disabled: nobody finds it any more, and a client that it has is told. */
static void unserve(struct kmcl_offer *end)
{
	struct kmcl_local_service *service = kmcl_local_of_server(end);

	spin_lock_bh(&service->lock);
	service->withdrawn = true;
	spin_unlock_bh(&service->lock);
	kmcl_local_answer(end, -ENODEV);
	mutex_lock(&services_lock);
	rb_erase(&service->node, &services);
	mutex_unlock(&services_lock);
	kmcl_offer_withdraw(&service->client);
	queue_work(kmcl_event_wq, &service->reap);
}

static void mmio(struct kmcl_offer *offer, u64 *address, u64 *size)
{
	struct kmcl_local_service *service = kmcl_local_of_client(offer);

	if (!service->mmio)
		return;
	*address = PFN_PHYS(page_to_pfn(service->mmio));
	*size = PAGE_SIZE << service->mmio_order;
}

const struct kmcl_bus_ops kmcl_local_client_ops = {
	.open		= kmcl_local_connect,
	.close		= kmcl_local_disconnect,
	.signal		= kmcl_local_signal_server,
	.create_gpadl	= kmcl_local_create_gpadl,
	.delete_gpadl	= kmcl_local_delete_gpadl,
	.mmio		= mmio,
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
};

int kmcl_local_init(void)
{
	return kmcl_bus_register(&client_bus);
}

void kmcl_local_exit(void)
{
	kmcl_bus_unregister(&client_bus);
}
