// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buses, offers, and the matching of offers with client channels.
 *
 * Each bus keeps its unclaimed offers in a tree, sorted by type and instance; channels that wait
 * are in a tree of the same order, those that take any instance under instance 0. An offer that
 * arrives is given to the channel that has waited longest for exactly it, else to one that takes
 * any; a channel that asks gets the first match on the bus of the lowest rank. What no channel
 * waits for is shown to the seeker of its type, which may hold it for a device: from then on only
 * that device's channels can claim it.
 *
 * One spin lock covers the trees and every claim; tx->lock of a channel nests in it. The mutex
 * covers what may sleep: the registry of buses, and the types that clients are interested in.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "channel.h"
#include "probe/compat.h"

/* A device class that at least one client channel has as its target, or one seeker looks for. */
struct interest {
	struct list_head node;
	guid_t type;
	unsigned int users;
	struct list_head watches;
};

/* A bus that looks out for an interest. Its module stays meanwhile. */
struct watch {
	struct list_head node;
	struct kmcl_bus *bus;
};

static DEFINE_SPINLOCK(bus_lock);
static LIST_HEAD(buses);		/* by rank; changed under both locks */
static LIST_HEAD(seekers);		/* by number */
static u64 last_seeker;
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

static bool matches(const struct kmcl_channel *ch, const struct kmcl_offer *offer)
{
	return guid_equal(&offer->type, wanted_type(ch)) &&
	       (ch->config.any_instance || guid_equal(&offer->instance, wanted_instance(ch)));
}

/* A target may be the very device that the channel's parent stands on, which nobody else finds. */
static struct kmcl_offer *held_target(const struct kmcl_channel *ch)
{
	struct kmcl_offer *offer = ch->holder ? ch->holder->offer : NULL;

	return offer && !offer->gone && !offer->claimed_by && matches(ch, offer) ? offer : NULL;
}

static struct kmcl_offer *find_offer(const struct kmcl_channel *ch)
{
	struct kmcl_bus *bus;

	list_for_each_entry(bus, &buses, node) {
		struct kmcl_offer *offer = first_offer(bus, wanted_type(ch), wanted_instance(ch));

		if (offer && matches(ch, offer))
			return offer;
	}
	return NULL;
}

/* Where a wish stands to that of @ch. To want any instance is not to want the one that is zero. */
static int compare_wish(const guid_t *type, const guid_t *instance, bool any,
			const struct kmcl_channel *ch)
{
	return compare(type, instance, wanted_type(ch), wanted_instance(ch)) ?:
	       (int)any - (int)ch->config.any_instance;
}

/* Behind all that wait for the same: first come, first served. */
static void insert_waiting(struct kmcl_channel *ch)
{
	struct rb_node **link = &waiting.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare_wish(wanted_type(ch), wanted_instance(ch), ch->config.any_instance,
				    channel_of(parent)) < 0 ? &parent->rb_left : &parent->rb_right;
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

static struct kmcl_channel *first_waiting(const guid_t *type, const guid_t *instance, bool any)
{
	struct rb_node *node = waiting.rb_node;
	struct kmcl_channel *found = NULL;

	while (node) {
		struct kmcl_channel *ch = channel_of(node);
		int order = compare_wish(type, instance, any, ch);

		if (!order)
			found = ch;
		node = order <= 0 ? node->rb_left : node->rb_right;
	}
	return found;
}

/* Of the channels that wait for the same, the first whose parent stands on @holder's device. */
static struct kmcl_channel *first_waiting_on(const struct kmcl_holder *holder, const guid_t *type,
					     const guid_t *instance, bool any)
{
	struct kmcl_channel *ch = first_waiting(type, instance, any);
	struct rb_node *node = ch ? &ch->waiting : NULL;

	for (; node; node = rb_next(node)) {
		ch = channel_of(node);
		if (compare_wish(type, instance, any, ch))
			return NULL;
		if (ch->holder == holder)
			return ch;
	}
	return NULL;
}

/* What a device holds, only its own channels find. */
static struct kmcl_channel *find_waiting(const struct kmcl_offer *offer)
{
	if (offer->holder)
		return first_waiting_on(offer->holder, &offer->type, &offer->instance, false) ?:
		       first_waiting_on(offer->holder, &offer->type, &guid_null, true);
	return first_waiting(&offer->type, &offer->instance, false) ?:
	       first_waiting(&offer->type, &guid_null, true);
}

static bool seeks_type(const struct kmcl_seeker *seeker, const guid_t *type)
{
	const struct hv_vmbus_device_id *id;

	for (id = seeker->ids; !guid_is_null(&id->guid); id++)
		if (guid_equal(&id->guid, type))
			return true;
	return false;
}

/* Each is asked once. */
static bool seeks(const struct kmcl_seeker *seeker, const struct kmcl_offer *offer)
{
	return seeker->number > offer->declined_by && seeks_type(seeker, &offer->type);
}

static void show_to_seeker(struct kmcl_offer *offer)
{
	struct kmcl_seeker *seeker;

	list_for_each_entry(seeker, &seekers, node) {
		if (seeks(seeker, offer)) {
			seeker->found(seeker);
			return;
		}
	}
}

/* ---- claims ---- */

static void claim(struct kmcl_offer *offer, struct kmcl_channel *ch)
{
	offer->claimed_by = ch;
	ch->offer = offer;
	guid_copy(&ch->offered, &offer->instance);
	WRITE_ONCE(ch->claim_lost, false);
	WRITE_ONCE(ch->peer_gone, false);
}

/* Tell the channel that it has to close, and the threads that wait for its peer not to. */
static void lose_claim(struct kmcl_channel *ch, bool peer_gone)
{
	if (peer_gone)
		WRITE_ONCE(ch->peer_gone, true);
	WRITE_ONCE(ch->claim_lost, true);
	kmcl_tx_stop_waiting(ch);
	kmcl_lifecycle_notify(ch);
}

/* Give an unclaimed offer to a channel that waits for it. Return: false if none does. */
static bool hand_over(struct kmcl_offer *offer)
{
	struct kmcl_channel *ch = find_waiting(offer);

	if (!ch)
		return false;
	remove_waiting(ch);
	claim(offer, ch);
	kmcl_lifecycle_notify(ch);
	return true;
}

/* The same with one that no device holds, or keep it for a channel that will ask. */
static void hand_out(struct kmcl_offer *offer)
{
	if (hand_over(offer))
		return;
	insert_offer(offer);
	show_to_seeker(offer);
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
	offer = held_target(ch) ?: find_offer(ch);
	if (offer) {
		remove_offer(offer);
		claim(offer, ch);
	} else {
		insert_waiting(ch);
	}
	spin_unlock_bh(&bus_lock);
	return offer;
}

/**
 * kmcl_bus_claim_held() - get the offer of the device that a client channel's parent stands on
 * @ch: Disabled, with a holder
 *
 * Return: 0; -ENODEV it has been withdrawn; -EBUSY another channel has it.
 */
int kmcl_bus_claim_held(struct kmcl_channel *ch)
{
	struct kmcl_offer *offer = ch->holder->offer;
	int err = 0;

	spin_lock_bh(&bus_lock);
	if (offer->gone)
		err = -ENODEV;
	else if (offer->claimed_by)
		err = -EBUSY;
	else
		claim(offer, ch);
	spin_unlock_bh(&bus_lock);
	return err;
}

bool kmcl_bus_has_claim(struct kmcl_channel *ch)
{
	bool has;

	spin_lock_bh(&bus_lock);
	has = ch->offer;
	spin_unlock_bh(&bus_lock);
	return has;
}

/* The name of the bus that the claimed offer is on. Return: false if there is none. */
bool kmcl_bus_name(struct kmcl_channel *ch, char *name, size_t size)
{
	bool has;

	spin_lock_bh(&bus_lock);
	has = ch->offer;
	if (has)
		strscpy(name, ch->offer->bus->name, size);
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

/*
 * The last user of a withdrawn offer lets go of it. Until that is seen the bus keeps the offer;
 * from then on its memory may go.
 */
static void end_offer(struct kmcl_offer *offer, struct kmcl_channel *ch)
{
	if (offer->bus->ops->released)
		offer->bus->ops->released(offer);
	spin_lock_bh(&bus_lock);
	if (ch)
		ch->offer = NULL;
	offer->claimed_by = NULL;
	offer->holder = NULL;
	wake_up_all(&unclaimed);
	spin_unlock_bh(&bus_lock);
}

static void release_offer(struct kmcl_channel *ch)
{
	struct kmcl_offer *offer;
	bool last;

	spin_lock_bh(&bus_lock);
	remove_waiting(ch);
	offer = ch->offer;
	last = offer && offer->gone && !offer->holder;
	if (offer && !last) {
		ch->offer = NULL;
		offer->claimed_by = NULL;
		if (!offer->holder)
			hand_out(offer);
		else if (offer->gone || !hand_over(offer))
			wake_up_all(&unclaimed);
	}
	spin_unlock_bh(&bus_lock);
	if (last)
		end_offer(offer, ch);
}

/* ---- servers ---- */

void kmcl_end_attach(struct kmcl_offer *end, struct kmcl_channel *server)
{
	spin_lock_bh(&bus_lock);
	RB_CLEAR_NODE(&end->node);
	server->knocked = false;
	claim(end, server);
	spin_unlock_bh(&bus_lock);
}

/* The server that has @from has @to instead, in a turn of its own and not open. */
void kmcl_end_move(struct kmcl_offer *from, struct kmcl_offer *to)
{
	struct kmcl_channel *server = from->claimed_by;

	spin_lock_bh(&bus_lock);
	from->claimed_by = NULL;
	spin_unlock_bh(&bus_lock);
	kmcl_end_attach(to, server);
}

/* A client wants to open. The bus's answer() will tell how that ended, unless it unserves first. */
void kmcl_end_knock(struct kmcl_offer *end)
{
	spin_lock_bh(&bus_lock);
	if (end->claimed_by) {
		end->claimed_by->knocked = true;
		kmcl_lifecycle_notify(end->claimed_by);
	}
	spin_unlock_bh(&bus_lock);
}

void kmcl_end_peer_closed(struct kmcl_offer *end)
{
	spin_lock_bh(&bus_lock);
	if (end->claimed_by)
		lose_claim(end->claimed_by, true);
	spin_unlock_bh(&bus_lock);
}

/* Return: true if a client waits for an answer; the server has one peer at a time. */
bool kmcl_bus_take_knock(struct kmcl_channel *ch)
{
	bool knocked;

	spin_lock_bh(&bus_lock);
	knocked = ch->knocked;
	ch->knocked = false;
	if (knocked) {
		WRITE_ONCE(ch->claim_lost, false);
		WRITE_ONCE(ch->peer_gone, false);
	}
	spin_unlock_bh(&bus_lock);
	return knocked;
}

static void stop_serving(struct kmcl_channel *ch)
{
	struct kmcl_offer *end;

	spin_lock_bh(&bus_lock);
	end = ch->offer;
	ch->offer = NULL;
	if (end)
		end->claimed_by = NULL;
	spin_unlock_bh(&bus_lock);
	if (end)
		end->bus->ops->unserve(end);
}

/**
 * kmcl_bus_release() - end a client's claim or its wait for one, or a server's offer
 * @ch: not open
 *
 * A client's offer goes to the next channel that waits for it, if it has not been withdrawn.
 */
void kmcl_bus_release(struct kmcl_channel *ch)
{
	if (ch->is_server)
		stop_serving(ch);
	else
		release_offer(ch);
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
	offer->holder = NULL;
	offer->declined_by = 0;
	offer->gone = false;
	spin_lock_bh(&bus_lock);
	hand_out(offer);
	spin_unlock_bh(&bus_lock);
}
EXPORT_SYMBOL_GPL(kmcl_offer_add);

static void take_offer(struct kmcl_offer *offer, bool peer_gone)
{
	bool released = false;

	spin_lock_bh(&bus_lock);
	if (!offer->gone) {
		offer->gone = true;
		remove_offer(offer);
		released = !offer->claimed_by && !offer->holder;
		if (offer->holder)
			offer->holder->gone(offer->holder);
	}
	if (offer->claimed_by)
		lose_claim(offer->claimed_by, peer_gone);
	spin_unlock_bh(&bus_lock);
	if (released && offer->bus->ops->released)
		offer->bus->ops->released(offer);
}

/**
 * kmcl_offer_withdraw() - the peer has taken a device away
 * @offer: the offer
 *
 * A channel that has it is told and will close, and then a device that holds it is removed; the
 * bus's released() is called once, when neither has it any more, perhaps in here. Does not wait.
 *
 * Context: may sleep.
 */
void kmcl_offer_withdraw(struct kmcl_offer *offer)
{
	take_offer(offer, true);
}
EXPORT_SYMBOL_GPL(kmcl_offer_withdraw);

/**
 * kmcl_offer_unbind() - a device is taken from us, and the peer is still there
 * @offer: the offer
 *
 * As kmcl_offer_withdraw(); but until the rings are closed the peer may touch what it was told of,
 * and is sent the replies that it waits for.
 *
 * Context: may sleep.
 */
void kmcl_offer_unbind(struct kmcl_offer *offer)
{
	take_offer(offer, false);
}
EXPORT_SYMBOL_GPL(kmcl_offer_unbind);

static bool is_unclaimed(struct kmcl_offer *offer)
{
	bool is;

	spin_lock_bh(&bus_lock);
	is = !offer->claimed_by && !offer->holder;
	spin_unlock_bh(&bus_lock);
	return is;
}

/**
 * kmcl_offer_wait_unclaimed() - sleep until no channel and no device has the offer
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
 * kmcl_offer_unclaimed_within() - as kmcl_offer_wait_unclaimed(), but not for longer than @ms
 * @offer: withdrawn
 * @ms: milliseconds
 *
 * Return: false if a channel has it yet.
 */
bool kmcl_offer_unclaimed_within(struct kmcl_offer *offer, unsigned int ms)
{
	return wait_event_timeout(unclaimed, is_unclaimed(offer), msecs_to_jiffies(ms));
}
EXPORT_SYMBOL_GPL(kmcl_offer_unclaimed_within);

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

/* ---- holders ---- */

static struct kmcl_offer *next_of_type(struct kmcl_offer *offer)
{
	struct rb_node *node = rb_next(&offer->node);

	return node && guid_equal(&offer_of(node)->type, &offer->type) ? offer_of(node) : NULL;
}

static struct kmcl_offer *find_sought_on(struct kmcl_bus *bus, const struct kmcl_seeker *seeker)
{
	const struct hv_vmbus_device_id *id;
	struct kmcl_offer *offer;

	for (id = seeker->ids; !guid_is_null(&id->guid); id++)
		for (offer = first_offer(bus, &id->guid, &guid_null); offer;
		     offer = next_of_type(offer))
			if (seeks(seeker, offer))
				return offer;
	return NULL;
}

static struct kmcl_offer *find_sought(const struct kmcl_seeker *seeker)
{
	struct kmcl_offer *offer = NULL;
	struct kmcl_bus *bus;

	list_for_each_entry(bus, &buses, node) {
		offer = find_sought_on(bus, seeker);
		if (offer)
			break;
	}
	return offer;
}

/**
 * kmcl_bus_hold() - take an offer that nobody has, for a device
 * @seeker: registered; says of which types
 * @holder: gone is set; @holder->offer is set, to stay until kmcl_bus_unhold()
 *
 * Return: false if there is none.
 */
bool kmcl_bus_hold(struct kmcl_seeker *seeker, struct kmcl_holder *holder)
{
	struct kmcl_offer *offer;

	spin_lock_bh(&bus_lock);
	offer = find_sought(seeker);
	if (offer) {
		remove_offer(offer);
		offer->holder = holder;
		holder->offer = offer;
	}
	spin_unlock_bh(&bus_lock);
	return offer;
}

static bool is_closed(struct kmcl_holder *holder)
{
	bool is;

	spin_lock_bh(&bus_lock);
	is = !holder->offer->claimed_by;
	spin_unlock_bh(&bus_lock);
	return is;
}

/* Sleep until the channel of a withdrawn offer has run its callbacks and is Disabled. */
void kmcl_bus_wait_closed(struct kmcl_holder *holder)
{
	wait_event(unclaimed, is_closed(holder));
}

/**
 * kmcl_bus_unhold() - let go of an offer
 * @holder: has it, and no channel of it is left
 * @declined_by: who does not want it, so that those who came later are asked; NULL: it was wanted
 */
void kmcl_bus_unhold(struct kmcl_holder *holder, const struct kmcl_seeker *declined_by)
{
	struct kmcl_offer *offer = holder->offer;
	bool gone;

	spin_lock_bh(&bus_lock);
	gone = offer->gone;
	if (!gone) {
		offer->holder = NULL;
		if (declined_by)
			offer->declined_by = max(offer->declined_by, declined_by->number);
		hand_out(offer);
	}
	spin_unlock_bh(&bus_lock);
	if (gone)
		end_offer(offer, NULL);
}

/* ---- registry ---- */

static int watch_on(struct kmcl_bus *bus, const struct interest *interest)
{
	int err;

	if (!bus->ops->watch)
		return 0;
	err = bus->ops->watch(&interest->type);
	if (err)
		pr_warn("kmcl: bus %s does not look for devices of type %pUl: error %d\n",
			bus->name, &interest->type, err);
	return err;
}

static void unwatch_on(struct kmcl_bus *bus, const struct interest *interest)
{
	if (bus->ops->unwatch)
		bus->ops->unwatch(&interest->type);
}

/* A bus that is about to be unloaded has nothing to offer. */
static int begin_watch(struct kmcl_bus *bus, struct interest *interest)
{
	struct watch *watch;
	int err;

	if (!try_module_get(bus->owner))
		return 0;
	watch = kzalloc(sizeof(*watch), GFP_KERNEL);
	err = watch ? watch_on(bus, interest) : -ENOMEM;
	if (err) {
		kfree(watch);
		module_put(bus->owner);
		return err;
	}
	watch->bus = bus;
	list_add(&watch->node, &interest->watches);
	return 0;
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
	list_for_each_entry(interest, &interests, node)
		begin_watch(bus, interest);
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

static void end_interest(struct interest *interest)
{
	struct watch *watch, *next;

	list_for_each_entry_safe(watch, next, &interest->watches, node) {
		unwatch_on(watch->bus, interest);
		module_put(watch->bus->owner);
		kfree(watch);
	}
	list_del(&interest->node);
	kfree(interest);
}

static int add_interest(const guid_t *type)
{
	struct interest *interest = kzalloc(sizeof(*interest), GFP_KERNEL);
	struct kmcl_bus *bus;
	int err = 0;

	if (!interest)
		return -ENOMEM;
	guid_copy(&interest->type, type);
	interest->users = 1;
	INIT_LIST_HEAD(&interest->watches);
	list_add_tail(&interest->node, &interests);
	list_for_each_entry(bus, &buses, node) {
		err = begin_watch(bus, interest);
		if (err)
			break;
	}
	if (err)
		end_interest(interest);
	return err;
}

/**
 * kmcl_bus_watch() - a client channel has this type as its target
 * @type: device class
 *
 * From the first channel on, the buses present their devices of this class.
 *
 * Return: 0; what a bus says that cannot.
 */
int kmcl_bus_watch(const guid_t *type)
{
	struct interest *interest;
	int err = 0;

	load_hyperv();
	mutex_lock(&registry);
	interest = find_interest(type);
	if (interest)
		interest->users++;
	else
		err = add_interest(type);
	mutex_unlock(&registry);
	return err;
}

void kmcl_bus_unwatch(const guid_t *type)
{
	struct interest *interest;

	mutex_lock(&registry);
	interest = find_interest(type);
	if (!--interest->users)
		end_interest(interest);
	mutex_unlock(&registry);
}

static void list_seeker(struct kmcl_seeker *seeker)
{
	spin_lock_bh(&bus_lock);
	seeker->number = ++last_seeker;
	list_add_tail(&seeker->node, &seekers);
	spin_unlock_bh(&bus_lock);
}

/* Nothing more is shown to the seeker. What it has not taken, others may. */
void kmcl_seeker_stop(struct kmcl_seeker *seeker)
{
	struct kmcl_bus *bus;
	struct rb_node *node;

	spin_lock_bh(&bus_lock);
	list_del(&seeker->node);
	list_for_each_entry(bus, &buses, node)
		for (node = rb_first(&bus->free_offers); node; node = rb_next(node))
			if (seeks(seeker, offer_of(node)))
				show_to_seeker(offer_of(node));
	spin_unlock_bh(&bus_lock);
}

/**
 * kmcl_seeker_register() - look for offers
 * @seeker: ids and found are set
 *
 * Those that are there already are had by kmcl_bus_hold() at once.
 *
 * Return: 0; what a bus says that cannot look. Either way kmcl_seeker_stop() and kmcl_seeker_end()
 * end it.
 */
int kmcl_seeker_register(struct kmcl_seeker *seeker)
{
	const struct hv_vmbus_device_id *id;
	int err;

	seeker->watched = seeker->ids;
	list_seeker(seeker);
	for (id = seeker->ids; !guid_is_null(&id->guid); id++) {
		err = kmcl_bus_watch(&id->guid);
		if (err)
			return err;
		seeker->watched = id + 1;
	}
	return 0;
}

/* The buses look for these types no longer. The seeker was stopped and holds nothing any more. */
void kmcl_seeker_end(struct kmcl_seeker *seeker)
{
	const struct hv_vmbus_device_id *id;

	for (id = seeker->ids; id != seeker->watched; id++)
		kmcl_bus_unwatch(&id->guid);
}
