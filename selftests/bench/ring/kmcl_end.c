// SPDX-License-Identifier: GPL-2.0-only
/* Our ring, used as tx.c and rx.c do. */
#include <linux/errno.h>
#include <linux/string.h>

#include "ends.h"
#include "parse.h"

static void kmcl_publish(struct lane *lane)
{
	if (kmcl_ring_publish(&lane->tx))
		ring_bell(&lane->data);
}

static u8 *kmcl_room(struct lane *lane, u32 length)
{
	u8 *to;

	while (kmcl_ring_reserve(&lane->tx, length, &to)) {
		kmcl_publish(lane);
		if (kmcl_ring_wait_for_room(&lane->tx, length) == -EAGAIN)
			wait_bell(&lane->room);
		kmcl_ring_stop_waiting(&lane->tx);
	}
	return to;
}

static void kmcl_send(struct side *side, u64 id)
{
	struct kmcl_desc desc = describe(side, id);
	u32 length = desc.len8 * 8u;
	u8 *to = kmcl_room(side->out, length);

	memcpy(to, &desc, sizeof(desc));
	memcpy(to + sizeof(desc), side->message, side->w->payload);
	kmcl_ring_push(&side->out->tx, length);
}

static bool kmcl_receive(struct side *side, u64 id)
{
	struct kmcl_ring *ring = &side->in->rx;
	int available = kmcl_ring_available(ring);
	struct kmcl_desc desc;
	struct kmcl_view view;
	const u8 *from;

	if (available < 0)
		damaged("a corrupt index");
	if (!available)
		return false;
	from = kmcl_ring_peek(ring);
	memcpy(&desc, from, sizeof(desc));
	look_again();
	if (kmcl_parse_descriptor(&desc, available, &view) || view.payload > PAYLOAD_MAX ||
	    view.trans_id != id)
		damaged("a damaged packet");
	memcpy(side->received, from + view.offset, view.payload);
	kmcl_ring_consume(ring, view.length);
	return true;
}

static void kmcl_commit(struct lane *lane)
{
	if (kmcl_ring_commit(&lane->rx))
		ring_bell(&lane->room);
}

static void kmcl_receive_all(struct side *side)
{
	struct lane *lane = side->in;
	u32 i = 0;

	while (i < side->w->packets) {
		kmcl_ring_mask(&lane->rx);
		while (i < side->w->packets && kmcl_receive(side, i)) {
			if (kmcl_ring_uncommitted(&lane->rx) >= lane->memory.size / 4)
				kmcl_commit(lane);
			answer(side, i++);
		}
		kmcl_commit(lane);
		if (!kmcl_ring_unmask(&lane->rx) && i < side->w->packets)
			wait_bell(&lane->data);
	}
}

static void kmcl_show(struct side *side)
{
	kmcl_publish(side->out);
}

const struct way kmcl_way = { kmcl_send, kmcl_show, kmcl_receive_all };
