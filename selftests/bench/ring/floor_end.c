// SPDX-License-Identifier: GPL-2.0-only
/*
 * No ring: what it costs this machine to hand the same bytes from one processor to the other. In
 * a stream the sender tells in one word how many packets are there, the receiver in another how
 * many it has taken. In a ping-pong there is nothing but the bytes and the doorbell.
 */
#include <linux/string.h>

#include "ends.h"

static u32 stride(const struct side *side)
{
	return sizeof(struct kmcl_desc) + side->w->payload + KMCL_TRAILER_SIZE;
}

static u32 wait_while(const u32 *word, u32 value)
{
	u32 now;

	while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == value)
		look_again();
	return now;
}

/* Where the ring would have the next packet. */
static u8 *slot(const struct lane *lane, struct bare *bare, u32 bytes)
{
	u8 *here = lane->memory.data + bare->at;

	bare->at += bytes;
	if (bare->at >= lane->memory.size)
		bare->at -= lane->memory.size;
	bare->moved++;
	return here;
}

static void floor_publish(struct side *side)
{
	if (side->w->ping_pong)
		ring_bell(&side->out->data);
	else
		__atomic_store_n(&side->out->sent.packets, side->bare_out.moved, __ATOMIC_RELEASE);
}

static void wait_for_room(struct side *side, u32 bytes)
{
	struct bare *bare = &side->bare_out;

	while ((bare->moved - bare->known + 1) * bytes > side->out->memory.size) {
		floor_publish(side);
		bare->known = wait_while(&side->out->taken.packets, bare->known);
	}
}

static void floor_send(struct side *side, u64 id)
{
	struct kmcl_desc desc = describe(side, id);
	u32 bytes = stride(side);
	u8 *to;

	if (!side->w->ping_pong)
		wait_for_room(side, bytes);
	to = slot(side->out, &side->bare_out, bytes);
	memcpy(to, &desc, sizeof(desc));
	memcpy(to + sizeof(desc), side->message, side->w->payload);
}

static void take(struct side *side, u64 id)
{
	const u8 *from = slot(side->in, &side->bare_in, stride(side));
	struct kmcl_desc desc;

	memcpy(&desc, from, sizeof(desc));
	if (desc.trans_id != id)
		damaged("a damaged packet");
	memcpy(side->received, from + sizeof(desc), side->w->payload);
}

static void wait_for_one(struct side *side)
{
	struct bare *bare = &side->bare_in;

	if (side->w->ping_pong)
		wait_bell(&side->in->data);
	else if (bare->moved == bare->known)
		bare->known = wait_while(&side->in->sent.packets, bare->known);
}

static void floor_receive_all(struct side *side)
{
	u32 often = side->in->memory.size / 4 / stride(side);
	u32 i;

	for (i = 0; i < side->w->packets; i++) {
		wait_for_one(side);
		take(side, i);
		answer(side, i);
		if (!side->w->ping_pong && (i + 1) % often == 0)
			__atomic_store_n(&side->in->taken.packets, i + 1, __ATOMIC_RELEASE);
	}
}

const struct way floor_way = { floor_send, floor_publish, floor_receive_all };
