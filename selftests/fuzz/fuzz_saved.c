// SPDX-License-Identifier: GPL-2.0-only
/*
 * Save blobs. The input is the blob; its sums are mended, which is what a forger would do, or every
 * input would end there. A chunk that is good lies inside the blob and says what it can mean.
 */
#include "input.h"
#include "saved.h"

/* The longest input; each chunk is checked in memory that ends where it ends. */
#define BLOB	4096u

static void mend(uint8_t *at, uint32_t left)
{
	struct kmcl_saved_header header;

	if (left < sizeof(header))
		return;
	memcpy(&header, at, sizeof(header));
	if (header.length >= sizeof(header) && header.length <= left)
		kmcl_saved_seal(at);
}

static void check_packet(const struct kmcl_saved_item *item, const uint8_t *at)
{
	const uint8_t *end = at + item->length;

	NEED((const uint8_t *)item->message >= at && (const uint8_t *)item->extra >= at);
	NEED((const uint8_t *)item->message + item->packet.message <= end);
	NEED((const uint8_t *)item->extra + item->packet.extra <= end);
	NEED((const uint8_t *)item->body + item->body_length <= end);
	NEED(item->packet.message <= KMCL_MESSAGE_MAX);
	NEED(item->type != KMCL_SAVED_ON_WIRE || item->packet.id);
}

static void check_channel(const struct kmcl_saved_channel *channel)
{
	NEED(!(channel->flags & ~7u) && !channel->reserved);
	if (!(channel->flags & KMCL_SAVED_OPEN)) {
		NEED(!channel->in_size && !channel->out_size);
		return;
	}
	NEED(channel->in_size % 4096 == 0 && channel->in_index < channel->in_size);
	NEED(channel->out_size % 4096 == 0 && channel->out_index < channel->out_size);
	NEED(channel->in_index % 8 == 0 && channel->out_index % 8 == 0);
}

static void check_item(const struct kmcl_saved_reader *reader, const struct kmcl_saved_item *item,
		       const uint8_t *at)
{
	NEED(item->length >= sizeof(struct kmcl_saved_header) && item->length % 8 == 0);
	NEED(reader->chunks && reader->save);
	if (item->type == KMCL_SAVED_CHANNEL) {
		NEED(reader->chunks == 1);
		check_channel(&item->channel);
	} else if (item->type == KMCL_SAVED_END) {
		NEED(reader->complete);
	} else {
		NEED(item->type == KMCL_SAVED_QUEUED || reader->open);
		check_packet(item, at);
	}
}

/* Return: false if the chunk is not good. */
static bool read_one(struct kmcl_saved_reader *reader, const uint8_t *at, uint32_t left,
		     uint32_t *length)
{
	uint8_t *copy = malloc(left);
	struct kmcl_saved_item item;
	enum kmcl_saved_fault fault;

	memcpy(copy, at, left);
	mend(copy, left);
	fault = kmcl_saved_read(reader, copy, left, &item);
	NEED(fault < KMCL_SAVED_FAULTS && kmcl_saved_fault_name(fault));
	if (!fault) {
		check_item(reader, &item, copy);
		*length = item.length;
	}
	free(copy);
	return !fault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kmcl_saved_reader reader = { };
	uint32_t at, length;

	size = size < BLOB ? size : BLOB;
	for (at = 0; at < size; at += length)
		if (!read_one(&reader, data + at, size - at, &length))
			break;
	return 0;
}
