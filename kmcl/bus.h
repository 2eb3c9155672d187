/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the channel machinery asks of a bus, and how a bus tells it of offers.
 *
 * An offer is a device that the other side presents: an interface type and an instance. A bus adds
 * and withdraws offers; the matcher here gives each to at most one client channel at a time, at
 * once if one waits. Everything above this file knows offers and links, and no bus by name.
 */
#ifndef KMCL_BUS_H
#define KMCL_BUS_H

#include <linux/list.h>
#include <linux/mod_devicetable.h>
#include <linux/rbtree.h>
#include <linux/uuid.h>

#include "ring.h"

struct kmcl_channel;
struct _MDL;
struct kmcl_gpadl;
struct kmcl_offer;

/* The open connection of one endpoint. The bus fills the rings and may make them smaller. */
struct kmcl_link {
	struct kmcl_ring in;
	struct kmcl_ring out;
	u32 in_pages;		/* wanted: data pages of 4096 bytes */
	u32 out_pages;
	u32 least_bytes;	/* derived sizes may shrink to this; 0: never */
	u32 max_packet;		/* bytes of the largest data packet, with its descriptor */
};

struct kmcl_bus_ops {
	/* A client wants offers of this type, or the last one that did has gone. May sleep. */
	int (*watch)(const guid_t *type);
	void (*unwatch)(const guid_t *type);

	/* Open and close a claimed offer. May sleep; both end when the peer goes. After close no
	 * kmcl_link_signalled() runs or will run, and the rings are not mapped.
	 */
	int (*open)(struct kmcl_offer *offer, struct kmcl_link *link);
	void (*close)(struct kmcl_offer *offer, struct kmcl_link *link);

	/* Tell the peer to look at the rings. Any context up to softirq. */
	void (*signal)(struct kmcl_offer *offer);

	/* After EvtChannelClosed: free what the driver could still use in it. Optional. */
	void (*closed)(struct kmcl_offer *offer);

	/* An offer that was withdrawn or unbound has no channel any more. Optional. */
	void (*released)(struct kmcl_offer *offer);

	/*
	 * Of an open offer, all optional: describe memory to the peer and take that back; the
	 * physical address space that the device may use. May sleep; a rescind ends it.
	 */
	int (*create_gpadl)(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl);
	void (*delete_gpadl)(struct kmcl_offer *offer, struct kmcl_gpadl *gpadl);
	void (*mmio)(struct kmcl_offer *offer, u64 *address, u64 *size);

	/*
	 * Of a server's end: say whether the open that the client asked for has succeeded, once for
	 * each kmcl_end_knock(); stop offering; map GPADLs of the client.
	 */
	void (*answer)(struct kmcl_offer *end, int err);
	void (*unserve)(struct kmcl_offer *end);
	int (*map_gpadl)(struct kmcl_offer *end, u32 handle, bool read_only, struct _MDL **mdl);
	bool (*unmap_gpadl)(struct kmcl_offer *end, u32 handle);
	unsigned int (*unmap_all)(struct kmcl_offer *end);

	/*
	 * Of a server's end that was saved. keep: the close and unserve that follow leave the
	 * client open, for a server that restores this save. take: give such a client to a server
	 * that is offered and not open, as the end that it opens; ERR_PTR(-ENODEV) if there is
	 * none, ERR_PTR(-EINVAL) if its rings have other sizes. Then either unserve of its own end,
	 * or give_back.
	 */
	void (*keep)(struct kmcl_offer *end, u64 save);
	struct kmcl_offer *(*take)(struct kmcl_offer *own, u64 save, u32 in_size, u32 out_size);
	void (*give_back)(struct kmcl_offer *taken, struct kmcl_offer *own);
};

struct kmcl_bus {
	const char *name;
	struct module *owner;
	unsigned int rank;	/* a client looks at the buses in this order, lowest first */
	const struct kmcl_bus_ops *ops;

	/* private to bus.c */
	struct list_head node;
	struct rb_root free_offers;
};

struct kmcl_offer {
	struct kmcl_bus *bus;
	guid_t type;
	guid_t instance;

	/* private to bus.c, under its lock */
	struct rb_node node;
	struct kmcl_channel *claimed_by;
	struct kmcl_holder *holder;
	u64 declined_by;	/* the seekers up to this number have not wanted it */
	bool gone;
};

/*
 * A device that has an offer on behalf of its driver, from AddDevice to the end of its removal.
 * Only channels with this device as their parent can claim the offer meanwhile.
 */
struct kmcl_holder {
	struct kmcl_offer *offer;
	/* The offer has been withdrawn or unbound. Called with a spin lock held. */
	void (*gone)(struct kmcl_holder *holder);
};

/* Somebody who wants to hold every offer of some types that no channel waits for. */
struct kmcl_seeker {
	const struct hv_vmbus_device_id *ids;	/* ends with a zero GUID */
	/* There is one: kmcl_bus_hold() may get it. Called with a spin lock held. */
	void (*found)(struct kmcl_seeker *seeker);
	struct list_head node;
	u64 number;			/* they are asked in the order in which they came */
	const struct hv_vmbus_device_id *watched;	/* up to here the buses look for them */
};

int kmcl_bus_register(struct kmcl_bus *bus);
void kmcl_bus_unregister(struct kmcl_bus *bus);
void kmcl_offer_add(struct kmcl_offer *offer);
void kmcl_offer_withdraw(struct kmcl_offer *offer);
void kmcl_offer_unbind(struct kmcl_offer *offer);
void kmcl_offer_wait_unclaimed(struct kmcl_offer *offer);
bool kmcl_offer_unclaimed_within(struct kmcl_offer *offer, unsigned int ms);
void kmcl_link_signalled(struct kmcl_link *link);

/* The end that a server channel has from enable to disable. */
void kmcl_end_attach(struct kmcl_offer *end, struct kmcl_channel *server);
void kmcl_end_move(struct kmcl_offer *from, struct kmcl_offer *to);
void kmcl_end_knock(struct kmcl_offer *end);
void kmcl_end_peer_closed(struct kmcl_offer *end);

/* For the channel machinery. */
int kmcl_bus_watch(const guid_t *type);
void kmcl_bus_unwatch(const guid_t *type);
bool kmcl_bus_claim_or_wait(struct kmcl_channel *ch);
bool kmcl_bus_has_claim(struct kmcl_channel *ch);
bool kmcl_bus_take_knock(struct kmcl_channel *ch);
bool kmcl_bus_name(struct kmcl_channel *ch, char *name, size_t size);
bool kmcl_bus_offered_instance(struct kmcl_channel *ch, guid_t *instance);
int kmcl_bus_claim_held(struct kmcl_channel *ch);
void kmcl_bus_release(struct kmcl_channel *ch);

/* For devices with drivers. */
int kmcl_seeker_register(struct kmcl_seeker *seeker);
void kmcl_seeker_stop(struct kmcl_seeker *seeker);
void kmcl_seeker_end(struct kmcl_seeker *seeker);
bool kmcl_bus_hold(struct kmcl_seeker *seeker, struct kmcl_holder *holder);
void kmcl_bus_wait_closed(struct kmcl_holder *holder);
void kmcl_bus_unhold(struct kmcl_holder *holder, const struct kmcl_seeker *declined_by);

#endif
