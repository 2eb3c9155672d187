// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends of a ring, whose control page the input rewrites between the calls. Nothing that we
 * write or are told to read lies outside of the data, and no index of ours is believed from there.
 */
#include "input.h"
#include "ring.h"

#define SIZE	256u

static struct kmcl_ring_ctl ctl;
static uint8_t data[2 * SIZE];	/* mapped twice in the kernel; here the tail is its own memory */

static void check_end(const struct kmcl_ring *ring)
{
	NEED(ring->mine < SIZE && ring->mine % 8 == 0);
	NEED(ring->published < SIZE && ring->published % 8 == 0);
	NEED(ring->theirs < SIZE && ring->theirs % 8 == 0);
	NEED(kmcl_ring_uncommitted(ring) < SIZE);
}

static void send(struct kmcl_ring *tx, uint32_t length)
{
	uint8_t *packet = NULL;
	int err = kmcl_ring_reserve(tx, length, &packet);

	NEED(!err || err == -11 || err == -5);
	if (err)
		return;
	NEED(packet >= data && packet + length + KMCL_TRAILER_SIZE <= data + 2 * SIZE);
	NEED(length + KMCL_TRAILER_SIZE < SIZE);
	memset(packet, 1, length);
	kmcl_ring_push(tx, length);
}

static void receive(struct kmcl_ring *rx, uint32_t length)
{
	int available = kmcl_ring_available(rx);

	NEED(available == -5 || (available >= 0 && available < (int)SIZE));
	if (available < (int)(length + KMCL_TRAILER_SIZE))
		return;
	NEED(kmcl_ring_peek(rx) + length + KMCL_TRAILER_SIZE <= data + 2 * SIZE);
	kmcl_ring_consume(rx, length);
}

static void rewrite(struct input *in)
{
	uint32_t *words[] = { &ctl.write_index, &ctl.read_index, &ctl.interrupt_mask,
			      &ctl.pending_send_sz, &ctl.feature_bits };

	*words[input_byte(in) % 5] = input_u32(in);
}

static void step(struct input *in, struct kmcl_ring *tx, struct kmcl_ring *rx)
{
	uint8_t op = input_byte(in);
	uint32_t length = 16 + op / 8 * 8;

	switch (op % 8) {
	case 0:
		send(tx, length);
		break;
	case 1:
		kmcl_ring_publish(tx);
		break;
	case 2:
		kmcl_ring_wait_for_room(tx, length);
		break;
	case 3:
		receive(rx, length);
		break;
	case 4:
		kmcl_ring_commit(rx);
		break;
	case 5:
		kmcl_ring_mask(rx);
		break;
	case 6:
		NEED(kmcl_ring_unmask(rx) < (int)SIZE);
		break;
	default:
		rewrite(in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input in = { bytes, size };
	struct kmcl_ring tx, rx;

	memset(&ctl, 0, sizeof(ctl));
	ctl.feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	kmcl_ring_init(&tx, &ctl, data, SIZE);
	kmcl_ring_init(&rx, &ctl, data, SIZE);
	if (input_byte(&in) % 2) {
		kmcl_ring_resume_sending(&tx, SIZE - 8);
		kmcl_ring_resume_receiving(&rx, 8);
	}
	while (in.left) {
		step(&in, &tx, &rx);
		check_end(&tx);
		check_end(&rx);
	}
	return 0;
}
