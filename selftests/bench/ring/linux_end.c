// SPDX-License-Identifier: GPL-2.0-only
/* The ring in the shape of Linux's, used as a driver does in a channel callback. */
#include <linux/errno.h>

#include "ends.h"

static void linux_send(struct side *side, u64 id)
{
	struct kmcl_desc desc = describe(side, id);
	u64 padding = 0;
	struct linux_piece pieces[] = { { &desc, sizeof(desc) },
					{ side->message, side->w->payload }, { &padding, 0 } };
	bool signal;

	while (linux_ring_write(&side->linux_out, pieces, 3, &signal))
		look_again();
	if (signal)
		ring_bell(&side->out->data);
}

/* Each packet has been published. */
static void linux_publish(struct side *side)
{
	(void)side;
}

static void come(struct side *side, u64 id, u32 i)
{
	if (id != i)
		damaged("a damaged packet");
	answer(side, i);
}

/* A driver on vmbus_recvpacket(). */
static u32 recvpacket_all(struct side *side, u32 i)
{
	bool signal;
	u64 id;

	for (; i < side->w->packets; i++) {
		int length = linux_ring_read(&side->linux_in, side->received, PAYLOAD_MAX, &id,
					     &signal);

		if (length <= 0)
			break;
		if (signal)
			ring_bell(&side->in->room);
		come(side, id, i);
	}
	return i;
}

/* A driver on foreach_vmbus_pkt(), which reads packets where the ring has copied them to. */
static u32 iterate_all(struct side *side, u32 i)
{
	const struct kmcl_desc *desc;

	for (desc = linux_ring_first(&side->linux_in); desc;
	     desc = linux_ring_next(&side->linux_in, desc))
		come(side, desc->trans_id, i++);
	if (linux_ring_close(&side->linux_in))
		ring_bell(&side->in->room);
	return i;
}

static void receive_all(struct side *side, u32 (*receive)(struct side *side, u32 i))
{
	u32 i = 0;

	while (i < side->w->packets) {
		linux_ring_begin_read(&side->linux_in);
		i = receive(side, i);
		if (!linux_ring_end_read(&side->linux_in) && i < side->w->packets)
			wait_bell(&side->in->data);
	}
}

static void recvpacket_receive_all(struct side *side)
{
	receive_all(side, recvpacket_all);
}

static void iterator_receive_all(struct side *side)
{
	receive_all(side, iterate_all);
}

const struct way recvpacket_way = { linux_send, linux_publish, recvpacket_receive_all };
const struct way iterator_way = { linux_send, linux_publish, iterator_receive_all };
