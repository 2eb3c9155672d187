// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's VMBus core with what it lacks for a test peer: rescind, a new offer, a look at the guest's
 * messages before the core gets them, and direct access to the rings.
 *
 * The core is included whole and not changed. It is reached at two seams, both calls into hyperv.c:
 * where it registers for messages of the guest, and where it registers for the outcome of its own.
 * A rescind or an offer is posted when the core is idle, that is in state LISTEN with no message on
 * its way; the core's own callback then leaves it in that state.
 */
#include "qemu/osdep.h"
#include "hw/hyperv/hyperv.h"

static HvSintMsgCb peer_outcome(HvSintMsgCb cb);
static HvMsgHandler peer_filter(HvMsgHandler handler);

#define hyperv_sint_route_new(vp, sint, cb, data) \
	hyperv_sint_route_new(vp, sint, peer_outcome(cb), data)
#define hyperv_set_msg_handler(conn, handler, data) \
	hyperv_set_msg_handler(conn, peer_filter(handler), data)
#include "vmbus.c"
#undef hyperv_sint_route_new
#undef hyperv_set_msg_handler

#include "peer_vmbus.h"

static QTAILQ_HEAD(, PeerLink) links = QTAILQ_HEAD_INITIALIZER(links);
/* What vcpu threads see of a link: its trap, and whether it is rescinded. */
static QemuMutex guest_lock;

static void __attribute__((constructor)) peer_init(void)
{
	qemu_mutex_init(&guest_lock);
}

/* ---- posting ---- */

static bool core_is_idle(VMBus *vmbus)
{
	return vmbus->sint_route && vmbus->state == VMBUS_LISTEN && !vmbus->msg_in_progress &&
	       !vmbus->in_progress;
}

/* An open that the core has not looked at yet must not happen after the rescind. */
static void forget_opens(VMBus *vmbus, uint32_t id)
{
	unsigned int i;

	qemu_mutex_lock(&vmbus->rx_queue_lock);
	for (i = 0; i < vmbus->rx_queue_size; i++) {
		unsigned int slot = (vmbus->rx_queue_head + i) % HV_MSG_QUEUE_LEN;
		vmbus_message_open_channel *msg = (void *)vmbus->rx_queue[slot].payload;

		if (msg->header.message_type == VMBUS_MSG_OPENCHANNEL && msg->child_relid == id)
			msg->child_relid = 0;
	}
	qemu_mutex_unlock(&vmbus->rx_queue_lock);
}

/*
 * From here on the device touches no memory of the guest's for this channel. Its GPADLs stay until
 * the guest releases the channel: a host answers their teardown, and hv_vmbus waits for that with
 * the mutex held that the rescind needs.
 */
static void let_go(VMBusChannel *chan)
{
	forget_opens(chan->vmbus, chan->id);
	close_channel(chan);
	chan->state = VMCHAN_INIT;
}

static void set_rescinded(PeerLink *link, bool rescinded)
{
	qemu_mutex_lock(&guest_lock);
	link->rescinded = rescinded;
	qemu_mutex_unlock(&guest_lock);
}

static void forget_gpadls(VMBusChannel *chan)
{
	VMBusGpadl *gpadl, *next;

	QTAILQ_FOREACH_SAFE(gpadl, &chan->vmbus->gpadl_list, link, next) {
		bool answered = gpadl->state == VMGPADL_ALIVE || !gpadl_full(gpadl);

		if (gpadl->child_relid == chan->id && answered) {
			gpadl->state = VMGPADL_TORNDOWN;
			vmbus_put_gpadl(gpadl);
		}
	}
}

static void post_rescind(PeerLink *link)
{
	vmbus_message_rescind_channel_offer msg = {
		.header.message_type = VMBUS_MSG_RESCIND_CHANNELOFFER,
		.child_relid = link->chan->id,
	};

	/* First: an open has come to the core before, and is forgotten, or never comes to it. */
	set_rescinded(link, true);
	let_go(link->chan);
	link->sending = PEER_RESCINDING;
	post_msg(link->chan->vmbus, &msg, sizeof(msg));
}

static void post_offer(PeerLink *link)
{
	set_rescinded(link, false);
	link->sending = PEER_OFFERING;
	link->chan->offer_state = VMOFFER_SENDING;
	send_offer(link->chan->vmbus);
	link->chan->offer_state = VMOFFER_SENT;
}

static void try_post(VMBus *vmbus)
{
	PeerLink *link;

	QTAILQ_FOREACH(link, &links, link) {
		if (link->chan->vmbus != vmbus || !core_is_idle(vmbus))
			continue;
		if (link->want_rescind)
			post_rescind(link);
		else if (link->want_offer)
			post_offer(link);
	}
}

static void posted(VMBus *vmbus, int status)
{
	PeerLink *link;

	QTAILQ_FOREACH(link, &links, link) {
		if (link->chan->vmbus != vmbus || link->sending == PEER_IDLE)
			continue;
		if (status != -EAGAIN && link->sending == PEER_RESCINDING)
			link->want_rescind = false;
		if (status != -EAGAIN && link->sending == PEER_OFFERING) {
			link->want_offer = false;
			if (link->offered)
				link->offered(link->opaque);
		}
		link->sending = PEER_IDLE;
	}
}

static void try_bh(void *opaque)
{
	try_post(opaque);
}

/* Not in here: the route takes no message before its callback has returned. */
static void peer_msg_cb(void *data, int status)
{
	posted(data, status);
	vmbus_msg_cb(data, status);
	aio_bh_schedule_oneshot(qemu_get_aio_context(), try_bh, data);
}

static HvSintMsgCb peer_outcome(HvSintMsgCb cb)
{
	return cb ? peer_msg_cb : NULL;
}

static void try_soon(PeerLink *link)
{
	aio_bh_schedule_oneshot(qemu_get_aio_context(), try_bh, link->chan->vmbus);
}

void peer_rescind(PeerLink *link)
{
	if (link->rescinded)
		return;
	link->want_rescind = true;
	try_soon(link);
}

void peer_offer(PeerLink *link)
{
	link->want_offer = true;
	try_soon(link);
}

/* ---- the guest's messages ---- */

static void trapped_bh(void *opaque)
{
	PeerLink *link = opaque;

	link->trapped(link->opaque);
}

static void released_bh(void *opaque)
{
	PeerLink *link = opaque;

	forget_gpadls(link->chan);
	link->released(link->opaque);
}

static void later(QEMUBHFunc *run, PeerLink *link)
{
	aio_bh_schedule_oneshot(qemu_get_aio_context(), run, link);
}

static PeerLink *find_link(VMBus *vmbus, uint32_t id)
{
	PeerLink *link;

	QTAILQ_FOREACH(link, &links, link) {
		if (link->chan->vmbus == vmbus && link->chan->id == id)
			return link;
	}
	return NULL;
}

enum spring { SPRING_NOT, SPRING_PASS, SPRING_SWALLOW };

/* With guest_lock. */
static enum spring spring(PeerLink *link, uint32_t type)
{
	if (!link || link->trap != type)
		return SPRING_NOT;
	if (link->trap_skip) {
		link->trap_skip--;
		return SPRING_NOT;
	}
	link->trap = 0;
	return link->trap_swallow ? SPRING_SWALLOW : SPRING_PASS;
}

/* In a vcpu thread: a message goes to the core, or is lost. */
static enum spring pass(PeerLink *link, uint32_t type, const struct hyperv_post_message_input *msg,
			void *data, uint16_t *status)
{
	enum spring sprung = SPRING_NOT;

	*status = HV_STATUS_SUCCESS;
	qemu_mutex_lock(&guest_lock);
	if (!link || type != VMBUS_MSG_OPENCHANNEL || !link->rescinded) {
		sprung = spring(link, type);
		if (sprung != SPRING_SWALLOW)
			*status = vmbus_recv_message(msg, data);
	}
	qemu_mutex_unlock(&guest_lock);
	return sprung;
}

/* The guest connects anew, or asks for the offers. */
static void begin_anew(VMBus *vmbus)
{
	PeerLink *link;

	QTAILQ_FOREACH(link, &links, link) {
		if (link->chan->vmbus != vmbus)
			continue;
		link->want_rescind = false;
		link->want_offer = false;
		link->sending = PEER_IDLE;
		set_rescinded(link, link->on_demand);
		/* The core offers what has not been offered. */
		if (link->on_demand)
			link->chan->offer_state = VMOFFER_SENT;
	}
}

static uint16_t peer_recv_message(const struct hyperv_post_message_input *msg, void *data)
{
	/* All messages about a channel, but GPADL_BODY, begin alike. */
	const vmbus_message_close_channel *about = (const void *)msg->payload;
	uint32_t type = about->header.message_type;
	PeerLink *link = NULL;
	uint16_t status;

	if (msg->message_type == HV_MESSAGE_VMBUS && msg->payload_size >= sizeof(*about) &&
	    type != VMBUS_MSG_GPADL_BODY) {
		link = find_link(data, about->child_relid);
	}
	if (msg->message_type == HV_MESSAGE_VMBUS && type == VMBUS_MSG_REQUESTOFFERS)
		begin_anew(data);
	if (type == VMBUS_MSG_RELID_RELEASED) {
		if (link)
			later(released_bh, link);
		return HV_STATUS_SUCCESS;
	}
	/* The rescind of a trap is behind the message that sprang it. */
	if (pass(link, type, msg, data, &status) != SPRING_NOT)
		later(trapped_bh, link);
	return status;
}

static HvMsgHandler peer_filter(HvMsgHandler handler)
{
	return handler ? peer_recv_message : NULL;
}

void peer_trap(PeerLink *link, uint32_t type, uint32_t skip, bool swallow)
{
	qemu_mutex_lock(&guest_lock);
	link->trap = type;
	link->trap_skip = skip;
	link->trap_swallow = swallow;
	qemu_mutex_unlock(&guest_lock);
}

void peer_attach(PeerLink *link, VMBusChannel *chan)
{
	link->chan = chan;
	link->rescinded = link->on_demand;
	QTAILQ_INSERT_TAIL(&links, link, link);
}

void peer_detach(PeerLink *link)
{
	QTAILQ_REMOVE(&links, link, link);
}

/* ---- rings ---- */

PeerPacket *peer_receive(VMBusChannel *chan)
{
	VMBusRecvRingBuf *ring = &chan->recv_ringbuf;
	vmbus_packet_hdr hdr;
	PeerPacket *packet;
	uint32_t available, whole, length;

	available = rb_idx_delta(ring->rd_idx, ring->last_seen_wr_idx, ring->common.len, true);
	if (available < sizeof(hdr) + VMBUS_PKT_TRAILER)
		return NULL;
	ringbuf_seek(&ring->common, ring->rd_idx);
	if (ringbuf_io(&ring->common, &hdr, sizeof(hdr)) < 0)
		return NULL;
	whole = hdr.len_qwords * 8u;
	if (whole + VMBUS_PKT_TRAILER > available || hdr.offset_qwords < 2 ||
	    hdr.offset_qwords > hdr.len_qwords) {
		error_report("kmcl-test: malformed: type %u offset %u length %u, %u in ring",
			     hdr.type, hdr.offset_qwords, hdr.len_qwords, available);
		return NULL;
	}
	length = whole - sizeof(hdr);
	packet = g_malloc(sizeof(*packet) + length);
	packet->type = hdr.type;
	packet->flags = hdr.flags;
	packet->trans_id = hdr.transaction_id;
	packet->head = hdr.offset_qwords * 8u - sizeof(hdr);
	packet->length = length - packet->head;
	packet->payload = packet->data + packet->head;
	if (ringbuf_io(&ring->common, packet->data, length) < 0) {
		g_free(packet);
		return NULL;
	}
	ringbuf_seek(&ring->common, ring->rd_idx + whole + VMBUS_PKT_TRAILER);
	vmbus_channel_recv_pop(chan);
	return packet;
}

uint32_t peer_send_ring_size(VMBusChannel *chan)
{
	return chan->send_ringbuf.common.len;
}

uint32_t peer_recv_ring_size(VMBusChannel *chan)
{
	return chan->recv_ringbuf.common.len;
}

VMBusGpadl *peer_ring_gpadl(VMBusChannel *chan)
{
	return chan->gpadl;
}

/* The core takes an empty ring for a full one when it decides whether the guest waits for room. */
void peer_mend_room(VMBusChannel *chan)
{
	vmbus_ring_buffer *rb = ringbuf_map_hdr(&chan->recv_ringbuf.common);

	if (!rb)
		return;
	if (rb->pending_send_sz && !rb->interrupt_mask && rb->read_index == rb->write_index)
		vmbus_channel_notify_guest(chan);
	ringbuf_unmap_hdr(&chan->recv_ringbuf.common, rb, false);
}

void peer_send_raw(VMBusChannel *chan, const void *bytes, uint32_t length, uint32_t advance)
{
	VMBusSendRingBuf *ring = &chan->send_ringbuf;
	vmbus_ring_buffer *rb;

	ringbuf_start_io(&ring->common);
	ringbuf_seek(&ring->common, ring->wr_idx);
	ringbuf_io(&ring->common, (void *)bytes, MIN(length, ring->common.len - 1));
	ringbuf_end_io(&ring->common);
	ring->wr_idx = rb_idx_wrap(ring->wr_idx + advance % ring->common.len, ring->common.len);
	ring->last_wr_idx = ring->wr_idx;
	rb = ringbuf_map_hdr(&ring->common);
	if (rb) {
		smp_mb();	/* the bytes before the index */
		rb->write_index = ring->wr_idx;
		ringbuf_unmap_hdr(&ring->common, rb, true);
	}
	vmbus_channel_notify_guest(chan);
}

void peer_poke(VMBusChannel *chan, bool from_guest, uint32_t offset, uint32_t value, bool signal)
{
	VMBusRingBufCommon *ring = from_guest ? &chan->recv_ringbuf.common :
						&chan->send_ringbuf.common;

	dma_memory_write(ring->as, ring->rb_addr + (offset & 0xffc), &value, sizeof(value),
			 MEMTXATTRS_UNSPECIFIED);
	if (signal)
		vmbus_channel_notify_guest(chan);
}

/* ---- GPADLs ---- */

uint32_t peer_gpadl_pages(VMBusGpadl *gpadl)
{
	return gpadl->num_gfns;
}

uint64_t peer_gpadl_pfn(VMBusGpadl *gpadl, uint32_t page)
{
	return gpadl->gfns[page];
}
