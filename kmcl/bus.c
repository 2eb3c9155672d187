// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buses, offers, and the matching of offers with client channels.
 *
 * Each bus keeps its unclaimed offers in a tree, sorted by type and instance; channels that wait
 * are in a tree of the same order, those that take any instance under instance 0. An offer that
 * arrives is given to the channel that has waited longest for exactly it, else to one that takes
 * any; a channel that asks gets the first match on the bus of the lowest rank.
 *
 * One spin lock covers the trees and every claim. The mutex covers what may sleep: the registry of
 * buses, and the types that clients are interested in.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "channel.h"
#include "probe/compat.h"

/* A device class that at least one client channel has as its target. */
struct interest {
	struct list_head node;
	guid_t type;
	unsigned int channels;
};

static DEFINE_SPINLOCK(bus_lock);
static LIST_HEAD(buses);		/* by rank; changed under both locks */
static struct rb_root waiting;		/* channels */
static DECLARE_WAIT_QUEUE_HEAD(unclaimed);

static DEFINE_MUTEX(registry);
static LIST_HEAD(interests);

/* ---- trees ---- */

static int compare(const guid_t *type, const guid_t *instance,
		   const guid_t *other_type, const guid_t *other_instance)
{
	return memcmp(type, other_type, sizeof(*type)) ?:
	       memcmp(instance, other_instance, sizeof(*instance));
}

static struct kmcl_offer *offer_of(struct rb_node *node)
{
	return rb_entry(node, struct kmcl_offer, node);
}

static struct kmcl_channel *channel_of(struct rb_node *node)
{
	return rb_entry(node, struct kmcl_channel, waiting);
}

static const guid_t *wanted_type(const struct kmcl_channel *ch)
{
	return (const guid_t *)&ch->config.type;
}

static const guid_t *wanted_instance(const struct kmcl_channel *ch)
{
	return (const guid_t *)&ch->config.instance;
}

static void insert_offer(struct kmcl_offer *offer)
{
	struct rb_root *root = &offer->bus->free_offers;
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		struct kmcl_offer *other = offer_of(*link);

		parent = *link;
		link = compare(&offer->type, &offer->instance, &other->type,
			       &other->instance) < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&offer->node, parent, link);
	rb_insert_color(&offer->node, root);
}

static void remove_offer(struct kmcl_offer *offer)
{
	if (RB_EMPTY_NODE(&offer->node))
		return;
	rb_erase(&offer->node, &offer->bus->free_offers);
	RB_CLEAR_NODE(&offer->node);
}

/* The first offer of this type whose instance is not below @instance. */
static struct kmcl_offer *first_offer(struct kmcl_bus *bus, const guid_t *type,
				      const guid_t *instance)
{
	struct rb_node *node = bus->free_offers.rb_node;
	struct kmcl_offer *found = NULL;

	while (node) {
		struct kmcl_offer *offer = offer_of(node);

		if (compare(type, instance, &offer->type, &offer->instance) <= 0) {
			found = offer;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found && guid_equal(&found->type, type) ? found : NULL;
}

static struct kmcl_offer *find_offer(const struct kmcl_channel *ch)
{
	struct kmcl_bus *bus;

	list_for_each_entry(bus, &buses, node) {
		struct kmcl_offer *offer = first_offer(bus, wanted_type(ch), wanted_instance(ch));

		if (offer && (ch->config.any_instance ||
			      guid_equal(&offer->instance, wanted_instance(ch))))
			return offer;
	}
	return NULL;
}

/* Behind all that wait for the same: first come, first served. */
static void insert_waiting(struct kmcl_channel *ch)
{
	struct rb_node **link = &waiting.rb_node, *parent = NULL;

	while (*link) {
		struct kmcl_channel *other = channel_of(*link);

		parent = *link;
		link = compare(wanted_type(ch), wanted_instance(ch), wanted_type(other),
			       wanted_instance(other)) < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&ch->waiting, parent, link);
	rb_insert_color(&ch->waiting, &waiting);
}

static void remove_waiting(struct kmcl_channel *ch)
{
	if (RB_EMPTY_NODE(&ch->waiting))
		return;
	rb_erase(&ch->waiting, &waiting);
	RB_CLEAR_NODE(&ch->waiting);
}

static struct kmcl_channel *first_waiting(const guid_t *type, const guid_t *instance)
{
	struct rb_node *node = waiting.rb_node;
	struct kmcl_channel *found = NULL;

	while (node) {
		struct kmcl_channel *ch = channel_of(node);
		int order = compare(type, instance, wanted_type(ch), wanted_instance(ch));

		if (!order)
			found = ch;
		node = order <= 0 ? node->rb_left : node->rb_right;
	}
	return found;
}

static struct kmcl_channel *find_waiting(const struct kmcl_offer *offer)
{
	return first_waiting(&offer->type, &offer->instance) ?:
	       first_waiting(&offer->type, &guid_null);
}

/* ---- claims ---- */

static void claim(struct kmcl_offer *offer, struct kmcl_channel *ch)
{
	offer->claimed_by = ch;
	ch->offer = offer;
	WRITE_ONCE(ch->peer_gone, false);
}

/* Give an unclaimed offer to a channel that waits for it, or keep it for one that will ask. */
static void hand_out(struct kmcl_offer *offer)
{
	struct kmcl_channel *ch = find_waiting(offer);

	if (!ch) {
		insert_offer(offer);
		return;
	}
	remove_waiting(ch);
	claim(offer, ch);
	kmcl_lifecycle_notify(ch);
}

/**
 * kmcl_bus_claim_or_wait() - get the offer that a client channel has as its target
 * @ch: enabled, without a claim
 *
 * Return: true if there is one, now claimed; false if the channel has begun to wait.
 */
bool kmcl_bus_claim_or_wait(struct kmcl_channel *ch)
{
	struct kmcl_offer *offer;

	spin_lock_bh(&bus_lock);
	offer = find_offer(ch);
	if (offer) {
		remove_offer(offer);
		claim(offer, ch);
	} else {
		insert_waiting(ch);
	}
	spin_unlock_bh(&bus_lock);
	return offer;
}

bool kmcl_bus_has_claim(struct kmcl_channel *ch)
{
	bool has;

	spin_lock_bh(&bus_lock);
	has = ch->offer;
	spin_unlock_bh(&bus_lock);
	return has;
}

/* The instance of the claimed offer. Return: false if there is none. */
bool kmcl_bus_offered_instance(struct kmcl_channel *ch, guid_t *instance)
{
	bool has;

	spin_lock_bh(&bus_lock);
	has = ch->offer;
	if (has)
		guid_copy(instance, &ch->offer->instance);
	spin_unlock_bh(&bus_lock);
	return has;
}

/**
 * kmcl_bus_release() - end a channel's claim, or its wait for one
 * @ch: not open
 *
 * The offer goes to the next channel that waits for it, if it has not been withdrawn.
 */
void kmcl_bus_release(struct kmcl_channel *ch)
{
	struct kmcl_offer *offer;
	bool gone;

	spin_lock_bh(&bus_lock);
	remove_waiting(ch);
	offer = ch->offer;
	gone = offer && offer->gone;
	if (offer && !gone) {
		ch->offer = NULL;
		offer->claimed_by = NULL;
		hand_out(offer);
	}
	spin_unlock_bh(&bus_lock);
	if (!gone)
		return;

	/* While the claim lasts the bus keeps the offer; with its end the memory may go. */
	if (offer->bus->ops->released)
		offer->bus->ops->released(offer);
	spin_lock_bh(&bus_lock);
	ch->offer = NULL;
	offer->claimed_by = NULL;
	wake_up_all(&unclaimed);
	spin_unlock_bh(&bus_lock);
}

/* ---- for buses ---- */

/**
 * kmcl_offer_add() - a device has appeared
 * @offer: bus, type and instance are set; stays until it is withdrawn and unclaimed
 *
 * Context: may sleep.
 */
void kmcl_offer_add(struct kmcl_offer *offer)
{
	RB_CLEAR_NODE(&offer->node);
	offer->claimed_by = NULL;
	offer->gone = false;
	spin_lock_bh(&bus_lock);
	hand_out(offer);
	spin_unlock_bh(&bus_lock);
}
EXPORT_SYMBOL_GPL(kmcl_offer_add);

/**
 * kmcl_offer_withdraw() - a device has gone or is about to
 * @offer: the offer; withdrawing it again does nothing
 *
 * A channel that has it is told and will close; the bus's released() is called when none has it
 * any more, perhaps in here. Does not wait.
 *
 * Context: may sleep.
 */
void kmcl_offer_withdraw(struct kmcl_offer *offer)
{
	bool released = false;

	spin_lock_bh(&bus_lock);
	if (!offer->gone) {
		offer->gone = true;
		remove_offer(offer);
		released = !offer->claimed_by;
		if (offer->claimed_by) {
			WRITE_ONCE(offer->claimed_by->peer_gone, true);
			kmcl_lifecycle_notify(offer->claimed_by);
		}
	}
	spin_unlock_bh(&bus_lock);
	if (released && offer->bus->ops->released)
		offer->bus->ops->released(offer);
}
EXPORT_SYMBOL_GPL(kmcl_offer_withdraw);

static bool is_unclaimed(struct kmcl_offer *offer)
{
	bool is;

	spin_lock_bh(&bus_lock);
	is = !offer->claimed_by;
	spin_unlock_bh(&bus_lock);
	return is;
}

/**
 * kmcl_offer_wait_unclaimed() - sleep until no channel has the offer
 * @offer: withdrawn
 *
 * Takes as long as the driver of the channel needs for EvtChannelSuspend and EvtChannelClosed and
 * to complete its packets.
 */
void kmcl_offer_wait_unclaimed(struct kmcl_offer *offer)
{
	wait_event(unclaimed, is_unclaimed(offer));
}
EXPORT_SYMBOL_GPL(kmcl_offer_wait_unclaimed);

/**
 * kmcl_link_signalled() - the peer has signalled: there is data to read, or room to write, or both
 * @link: given to the bus's open()
 *
 * Context: softirq, or bottom halves disabled.
 */
void kmcl_link_signalled(struct kmcl_link *link)
{
	kmcl_rx_signalled(container_of(link, struct kmcl_channel, link));
}
EXPORT_SYMBOL_GPL(kmcl_link_signalled);

/* ---- registry ---- */

static void watch_on(struct kmcl_bus *bus, const struct interest *interest)
{
	int err;

	if (!bus->ops->watch)
		return;
	err = bus->ops->watch(&interest->type);
	if (err)
		pr_warn("kmcl: bus %s does not look for devices of type %pUl: error %d\n",
			bus->name, &interest->type, err);
}

static void unwatch_on(struct kmcl_bus *bus, const struct interest *interest)
{
	if (bus->ops->unwatch)
		bus->ops->unwatch(&interest->type);
}

static void insert_bus(struct kmcl_bus *bus)
{
	struct list_head *place = &buses;
	struct kmcl_bus *other;

	list_for_each_entry_reverse(other, &buses, node) {
		if (other->rank <= bus->rank) {
			place = &other->node;
			break;
		}
	}
	spin_lock_bh(&bus_lock);
	list_add(&bus->node, place);
	spin_unlock_bh(&bus_lock);
}

/**
 * kmcl_bus_register() - add a bus
 * @bus: name, owner, rank and ops are set
 *
 * Channels that wait for devices wait for those of this bus, too, from now on.
 *
 * Context: may sleep.
 * Return: 0.
 */
int kmcl_bus_register(struct kmcl_bus *bus)
{
	struct interest *interest;

	bus->free_offers = RB_ROOT;
	mutex_lock(&registry);
	insert_bus(bus);
	list_for_each_entry(interest, &interests, node) {
		__module_get(bus->owner);
		watch_on(bus, interest);
	}
	mutex_unlock(&registry);
	return 0;
}
EXPORT_SYMBOL_GPL(kmcl_bus_register);

/**
 * kmcl_bus_unregister() - take a bus away
 * @bus: registered; all its offers have been withdrawn
 *
 * A bus is needed, and its module stays, as long as a client channel with a target exists.
 */
void kmcl_bus_unregister(struct kmcl_bus *bus)
{
	mutex_lock(&registry);
	spin_lock_bh(&bus_lock);
	list_del(&bus->node);
	spin_unlock_bh(&bus_lock);
	mutex_unlock(&registry);
}
EXPORT_SYMBOL_GPL(kmcl_bus_unregister);

static bool has_bus(const char *name)
{
	struct kmcl_bus *bus;
	bool has = false;

	spin_lock_bh(&bus_lock);
	list_for_each_entry(bus, &buses, node)
		has |= !strcmp(bus->name, name);
	spin_unlock_bh(&bus_lock);
	return has;
}

/* In a Hyper-V guest the first client channel brings the bus's module. */
static void load_hyperv(void)
{
	if (!has_bus("hyperv") && kmcl_in_hyperv_guest())
		request_module("kmcl-bus-hyperv");
}

static struct interest *find_interest(const guid_t *type)
{
	struct interest *interest;

	list_for_each_entry(interest, &interests, node)
		if (guid_equal(&interest->type, type))
			return interest;
	return NULL;
}

static void add_interest(const guid_t *type)
{
	struct interest *interest = kzalloc(sizeof(*interest), GFP_KERNEL | __GFP_NOFAIL);
	struct kmcl_bus *bus;

	guid_copy(&interest->type, type);
	interest->channels = 1;
	list_add_tail(&interest->node, &interests);
	list_for_each_entry(bus, &buses, node)
		if (!WARN_ON(!try_module_get(bus->owner)))
			watch_on(bus, interest);
}

/**
 * kmcl_bus_watch() - a client channel has this type as its target
 * @type: device class
 *
 * From the first channel on, the buses present their devices of this class.
 */
void kmcl_bus_watch(const guid_t *type)
{
	struct interest *interest;

	load_hyperv();
	mutex_lock(&registry);
	interest = find_interest(type);
	if (interest)
		interest->channels++;
	else
		add_interest(type);
	mutex_unlock(&registry);
}

void kmcl_bus_unwatch(const guid_t *type)
{
	struct interest *interest;
	struct kmcl_bus *bus;

	mutex_lock(&registry);
	interest = find_interest(type);
	if (!--interest->channels) {
		list_for_each_entry(bus, &buses, node) {
			unwatch_on(bus, interest);
			module_put(bus->owner);
		}
		list_del(&interest->node);
		kfree(interest);
	}
	mutex_unlock(&registry);
}
