// SPDX-License-Identifier: GPL-2.0-only
/* Channel objects: VmbChannelAllocate and VmbChannelCleanup. */
#include <linux/module.h>
#include <linux/slab.h>

#include "channel.h"
#include "nt/nt.h"
#include "stats.h"

static struct kmem_cache *channel_cache;

int kmcl_channel_init_cache(void)
{
	/*
	 * A driver that uses a channel after its cleanup is told so by the magic number. Reading
	 * it must be safe as long as the memory has not been given to another channel. No cache
	 * line of one is another's: processors work on them at the same time.
	 */
	channel_cache = kmem_cache_create("kmcl_channel", sizeof(struct kmcl_channel), 0,
					  SLAB_TYPESAFE_BY_RCU | SLAB_HWCACHE_ALIGN, NULL);
	return channel_cache ? 0 : -ENOMEM;
}

void kmcl_channel_exit_cache(void)
{
	rcu_barrier();
	kmem_cache_destroy(channel_cache);
}

/* The channel behind a handle. NULL if the handle is none, as far as the memory still tells. */
struct kmcl_channel *kmcl_channel_from_handle(VMBCHANNEL handle)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)handle;

	return ch && READ_ONCE(ch->magic) == KMCL_CHANNEL_MAGIC ? ch : NULL;
}

bool kmcl_channel_is_disabled(struct kmcl_channel *ch)
{
	return READ_ONCE(ch->state.phase) == KMCL_DISABLED;
}

static void set_defaults(struct kmcl_config *config)
{
	config->max_packet = 4096;
	config->max_external = 1u << 20;
	config->max_chain = 16;
}

static struct kmcl_channel *new_channel(void)
{
	struct kmcl_channel *ch = kmem_cache_zalloc(channel_cache, GFP_KERNEL);

	if (!ch)
		return NULL;
	ch->counters = alloc_percpu(struct kmcl_counters);
	if (ch->counters)
		return ch;
	kmem_cache_free(channel_cache, ch);
	return NULL;
}

/**
 * VmbChannelAllocate() - allocate a channel
 * @ParentDeviceObject: parent device, which is referenced until VmbChannelCleanup(); may be NULL. A
 * client without VmbClientChannelInitSetTargetPnp() connects to the VMBus device in whose stack
 * the parent stands; the removal of that device then waits for VmbChannelCleanup().
 * @IsServer: TRUE for a server endpoint, FALSE for a client
 * @Channel: receives the channel; NULL on failure
 *
 * The channel is Disabled and has default parameters: packets of up to 4096 bytes, external data
 * of up to 1 MiB in 16 MDLs, no callbacks. The caller frees it with VmbChannelCleanup().
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER for a NULL @Channel or a parent that is no
 * device object; STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "FN_VMB_CHANNEL_ALLOCATE callback function".
 */
NTSTATUS VmbChannelAllocate(PDEVICE_OBJECT ParentDeviceObject, BOOLEAN IsServer,
			    VMBCHANNEL *Channel)
{
	struct kmcl_channel *ch;

	if (!Channel)
		return STATUS_INVALID_PARAMETER;
	*Channel = NULL;
	if (ParentDeviceObject && !kmcl_device_valid(ParentDeviceObject))
		return STATUS_INVALID_PARAMETER;
	ch = new_channel();
	if (!ch)
		return STATUS_INSUFFICIENT_RESOURCES;

	ch->is_server = IsServer;
	ch->parent = ParentDeviceObject;
	if (ch->parent) {
		ObReferenceObject(ch->parent);
		ch->holder = kmcl_pnp_enter(ch->parent);
	}
	kref_init(&ch->ref);
	set_defaults(&ch->config);
	INIT_LIST_HEAD(&ch->gpadls.all);
	kmcl_packets_init(ch);
	kmcl_lifecycle_init(ch);
	kmcl_tx_init(ch);
	kmcl_rx_init(ch);
	kmcl_object_made(KMCL_OBJECT_CHANNEL);
	kmcl_view_owner(ch, _RET_IP_);
	kmcl_view_add(ch);
	ch->magic = KMCL_CHANNEL_MAGIC;
	*Channel = kmcl_channel_handle(ch);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(VmbChannelAllocate);

static void channel_free(struct kref *ref)
{
	struct kmcl_channel *ch = container_of(ref, struct kmcl_channel, ref);

	kmcl_save_free(ch);
	kmcl_restore_free(ch);
	kmcl_rx_destroy(ch);
	kmcl_tx_destroy(ch);
	kmcl_object_freed(KMCL_OBJECT_CHANNEL);
	free_percpu(ch->counters);
	kmem_cache_free(channel_cache, ch);
}

void kmcl_channel_put(struct kmcl_channel *ch)
{
	kref_put(&ch->ref, channel_free);
}

/**
 * VmbChannelCleanup() - free a channel
 * @Channel: Disabled; invalid afterwards
 *
 * The last call for a channel, also after an error before VmbChannelEnable() succeeded. A channel
 * that is not Disabled is disabled first, with a warning; packets that are still allocated are
 * reclaimed, with a warning that counts them. From a callback of the channel itself: a warning and
 * no effect.
 *
 * Context: PASSIVE_LEVEL. Sleeps.
 *
 * Microsoft: "FN_VMB_CHANNEL_CLEANUP callback function".
 */
VOID VmbChannelCleanup(VMBCHANNEL Channel)
{
	struct kmcl_channel *ch = kmcl_channel_from_handle(Channel);
	struct kmcl_holder *holder;
	PDEVICE_OBJECT parent;
	unsigned int left;

	if (KMCL_MISUSE(!ch, "invalid channel"))
		return;
	if (KMCL_MISUSE(kmcl_lifecycle_in_callback(ch), "in the channel's callback"))
		return;
	KMCL_MISUSE(!kmcl_channel_is_disabled(ch), "the channel is not disabled");
	kmcl_lifecycle_end(ch);
	WRITE_ONCE(ch->magic, 0);
	kmcl_view_remove(ch);
	left = kmcl_packets_reclaim(ch);
	WARN(left, "kmcl: %s: %u packets were not freed\n", __func__, left);
	holder = ch->holder;
	parent = ch->parent;
	kmcl_channel_put(ch);
	if (holder)
		kmcl_pnp_leave(holder);
	if (parent)
		ObDereferenceObject(parent);
}
EXPORT_SYMBOL_GPL(VmbChannelCleanup);
