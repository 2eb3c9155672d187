/* SPDX-License-Identifier: GPL-2.0-only */
/* What the test device needs of QEMU's VMBus core beyond hw/hyperv/vmbus.h. */
#ifndef KMCL_PEER_VMBUS_H
#define KMCL_PEER_VMBUS_H

#include "hw/hyperv/vmbus.h"
#include "qemu/queue.h"

/* A channel whose offer can be taken away. Functions run in the main loop, with the BQL. */
typedef struct PeerLink {
	VMBusChannel *chan;
	void *opaque;
	void (*trapped)(void *opaque);      /* the message of peer_trap() has come */
	void (*released)(void *opaque);     /* the guest has let go of a rescinded channel */
	void (*offered)(void *opaque);      /* peer_offer() has reached the guest; optional */
	bool on_demand;                     /* not offered with the others, but by peer_offer() */

	uint32_t trap;                      /* message type, 0: none */
	uint32_t trap_skip;
	bool trap_swallow;
	bool want_rescind, want_offer;
	bool rescinded;
	enum { PEER_IDLE, PEER_RESCINDING, PEER_OFFERING } sending;
	QTAILQ_ENTRY(PeerLink) link;
} PeerLink;

void peer_attach(PeerLink *link, VMBusChannel *chan);
void peer_detach(PeerLink *link);
void peer_trap(PeerLink *link, uint32_t type, uint32_t skip, bool swallow);
void peer_rescind(PeerLink *link);
void peer_offer(PeerLink *link);

typedef struct PeerPacket {
	uint16_t type;
	uint16_t flags;
	uint64_t trans_id;
	uint32_t head;              /* bytes between descriptor and payload */
	uint32_t length;            /* bytes of payload */
	uint8_t *payload;
	uint8_t data[];
} PeerPacket;

/* Between vmbus_channel_recv_start() and vmbus_channel_recv_done(); any packet type. */
PeerPacket *peer_receive(VMBusChannel *chan);
uint32_t peer_send_ring_size(VMBusChannel *chan);
uint32_t peer_recv_ring_size(VMBusChannel *chan);
VMBusGpadl *peer_ring_gpadl(VMBusChannel *chan);
void peer_mend_room(VMBusChannel *chan);
void peer_send_raw(VMBusChannel *chan, const void *bytes, uint32_t length, uint32_t advance);
void peer_poke(VMBusChannel *chan, bool from_guest, uint32_t offset, uint32_t value, bool signal);

uint32_t peer_gpadl_pages(VMBusGpadl *gpadl);
uint64_t peer_gpadl_pfn(VMBusGpadl *gpadl, uint32_t page);

#endif
