// SPDX-License-Identifier: GPL-2.0-only
/* Writes and reads the chunks of a saved channel: saved.h explains them. */
#include <linux/stddef.h>
#include <linux/string.h>

#include "saved.h"

static const char * const fault_names[KMCL_SAVED_FAULTS] = {
	[KMCL_SAVED_GOOD]		= "good",
	[KMCL_SAVED_BAD_LENGTH]		= "bad length",
	[KMCL_SAVED_BAD_MAGIC]		= "not a saved channel",
	[KMCL_SAVED_BAD_VERSION]	= "unknown version",
	[KMCL_SAVED_BAD_SUM]		= "wrong checksum",
	[KMCL_SAVED_BAD_SAVE]		= "chunks of different saves",
	[KMCL_SAVED_BAD_NUMBER]		= "chunk missing, repeated or behind the end",
	[KMCL_SAVED_BAD_TYPE]		= "chunk of an unknown type or out of its place",
	[KMCL_SAVED_BAD_FLAGS]		= "unknown flags",
	[KMCL_SAVED_BAD_INDEX]		= "ring position out of range",
	[KMCL_SAVED_BAD_ID]		= "bad transaction id",
};

const char *kmcl_saved_fault_name(enum kmcl_saved_fault fault)
{
	return fault_names[fault];
}

/* CRC-32. The kernel's is an option, and a module that needs one does not load everywhere. */
static u32 add_bytes(u32 crc, const u8 *data, u32 length)
{
	unsigned int bit;

	while (length--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

/* Of a whole chunk, as if its sum were 0. */
static u32 sum_of(const u8 *at, u32 length)
{
	static const u8 zeros[4];
	u32 before = offsetof(struct kmcl_saved_header, sum);
	u32 after = before + sizeof(zeros);
	u32 crc;

	crc = add_bytes(~0u, at, before);
	crc = add_bytes(crc, zeros, sizeof(zeros));
	return ~add_bytes(crc, at + after, length - after);
}

static bool is_packet(u16 type)
{
	return type >= KMCL_SAVED_HELD && type <= KMCL_SAVED_REPLY;
}

/* Return: 0 for an unknown type. */
static u32 body_size(u16 type)
{
	if (type == KMCL_SAVED_CHANNEL)
		return sizeof(struct kmcl_saved_channel);
	if (type == KMCL_SAVED_END)
		return sizeof(struct kmcl_saved_end);
	return is_packet(type) ? sizeof(struct kmcl_saved_packet) : 0;
}

/* A multiple of 8 bytes, without wrap. */
static u64 padded(u32 bytes)
{
	return ((u64)bytes + 7) & ~7ull;
}

static u64 length_of(u16 type, u32 message, u32 extra)
{
	return sizeof(struct kmcl_saved_header) + body_size(type) + padded(message) +
	       padded(extra);
}

/**
 * kmcl_saved_length() - bytes of a chunk
 * @type: its type
 * @message: bytes of the first piece of data
 * @extra: bytes of the second
 *
 * Return: a multiple of 8; 0 if it would be above KMCL_SAVED_CHUNK_MAX.
 */
u32 kmcl_saved_length(enum kmcl_saved_type type, u32 message, u32 extra)
{
	u64 length = length_of(type, message, extra);

	return length <= KMCL_SAVED_CHUNK_MAX ? length : 0;
}

/**
 * kmcl_saved_begin() - begin to write a chunk
 * @at: room for @length bytes; they are zeroed
 * @type: its type
 * @length: from kmcl_saved_length()
 * @save: names the save
 * @number: of the chunk
 *
 * Return: where its body goes; the pieces of data follow it. kmcl_saved_seal() ends the chunk.
 */
void *kmcl_saved_begin(void *at, enum kmcl_saved_type type, u32 length, u64 save, u32 number)
{
	struct kmcl_saved_header header = {
		.magic = KMCL_SAVED_MAGIC, .version = KMCL_SAVED_VERSION, .type = type,
		.length = length, .save = save, .number = number,
	};

	memset(at, 0, length);
	memcpy(at, &header, sizeof(header));
	return at + sizeof(header);
}

/* The chunk is complete. */
void kmcl_saved_seal(void *at)
{
	struct kmcl_saved_header header;

	memcpy(&header, at, sizeof(header));
	header.sum = sum_of(at, header.length);
	memcpy(at, &header, sizeof(header));
}

static enum kmcl_saved_fault check_header(const struct kmcl_saved_header *header,
					  const struct kmcl_saved_reader *reader,
					  const void *at, u32 left)
{
	if (header->magic != KMCL_SAVED_MAGIC)
		return KMCL_SAVED_BAD_MAGIC;
	if (header->version != KMCL_SAVED_VERSION)
		return KMCL_SAVED_BAD_VERSION;
	if (header->length < sizeof(*header) || header->length > left ||
	    header->length > KMCL_SAVED_CHUNK_MAX || header->length % 8)
		return KMCL_SAVED_BAD_LENGTH;
	if (header->sum != sum_of(at, header->length))
		return KMCL_SAVED_BAD_SUM;
	if (!header->save || (reader->chunks && header->save != reader->save))
		return KMCL_SAVED_BAD_SAVE;
	if (header->number != reader->chunks || reader->complete)
		return KMCL_SAVED_BAD_NUMBER;
	return header->reserved ? KMCL_SAVED_BAD_FLAGS : KMCL_SAVED_GOOD;
}

/* The order of the types; QUEUED and REPLY mix. */
static bool may_follow(u16 last, u16 type)
{
	bool first = type == KMCL_SAVED_CHANNEL;

	if (!body_size(type) || first == !!last)
		return false;
	if (type == KMCL_SAVED_HELD)
		return last == KMCL_SAVED_CHANNEL;
	if (type == KMCL_SAVED_ON_WIRE)
		return last <= KMCL_SAVED_ON_WIRE;
	return true;
}

static bool is_index(u32 size, u32 index)
{
	return size % KMCL_PAGE_SIZE == 0 && index < size && index % 8 == 0;
}

static enum kmcl_saved_fault check_channel(const struct kmcl_saved_channel *channel)
{
	if ((channel->flags & ~(KMCL_SAVED_OPEN | KMCL_SAVED_STOPPED | KMCL_SAVED_PIPE)) ||
	    channel->reserved)
		return KMCL_SAVED_BAD_FLAGS;
	/* Ids count up and never wrap. */
	if (channel->last_id >> 63)
		return KMCL_SAVED_BAD_ID;
	if (channel->flags & KMCL_SAVED_OPEN)
		return is_index(channel->in_size, channel->in_index) &&
		       is_index(channel->out_size, channel->out_index) ?
		       KMCL_SAVED_GOOD : KMCL_SAVED_BAD_INDEX;
	if (channel->flags & KMCL_SAVED_STOPPED)
		return KMCL_SAVED_BAD_FLAGS;
	return channel->in_size || channel->in_index || channel->out_size || channel->out_index ?
	       KMCL_SAVED_BAD_INDEX : KMCL_SAVED_GOOD;
}

static u32 known_flags(u16 type)
{
	switch (type) {
	case KMCL_SAVED_HELD:
		return KMCL_SAVED_WANTS_COMPLETION | KMCL_SAVED_EXTERNAL;
	case KMCL_SAVED_QUEUED:
		return KMCL_SAVED_WANTS_COMPLETION;
	default:
		return 0;
	}
}

static enum kmcl_saved_fault check_id(const struct kmcl_saved_reader *reader, u16 type, u64 id)
{
	if (type == KMCL_SAVED_ON_WIRE)
		return id > reader->id && id <= reader->last_id ?
		       KMCL_SAVED_GOOD : KMCL_SAVED_BAD_ID;
	/* The other two have the ids of the client, which may be anything. */
	return type == KMCL_SAVED_QUEUED && id ? KMCL_SAVED_BAD_ID : KMCL_SAVED_GOOD;
}

/* Which pieces of data a type has, and how long a message may be. */
static bool pieces_are_good(const struct kmcl_saved_packet *packet, u16 type)
{
	if (packet->message > (type == KMCL_SAVED_ON_WIRE ? 0 : KMCL_MESSAGE_MAX))
		return false;
	if (type == KMCL_SAVED_REPLY)
		return !packet->extra;
	return type != KMCL_SAVED_HELD || !packet->extra ||
	       (packet->flags & KMCL_SAVED_EXTERNAL);
}

static enum kmcl_saved_fault check_packet(const struct kmcl_saved_reader *reader, u16 type,
					  u32 length, const struct kmcl_saved_packet *packet)
{
	if ((packet->flags & ~known_flags(type)) || packet->reserved)
		return KMCL_SAVED_BAD_FLAGS;
	if (!pieces_are_good(packet, type) ||
	    length != length_of(type, packet->message, packet->extra))
		return KMCL_SAVED_BAD_LENGTH;
	/* Only what is open has received or sent anything. */
	if (type != KMCL_SAVED_QUEUED && !reader->open)
		return KMCL_SAVED_BAD_TYPE;
	return check_id(reader, type, packet->id);
}

static enum kmcl_saved_fault check_end(const struct kmcl_saved_reader *reader,
				       const struct kmcl_saved_end *end)
{
	if (end->reserved)
		return KMCL_SAVED_BAD_FLAGS;
	return end->chunks == reader->chunks + 1 ? KMCL_SAVED_GOOD : KMCL_SAVED_BAD_NUMBER;
}

static enum kmcl_saved_fault read_packet(struct kmcl_saved_reader *reader,
					 struct kmcl_saved_item *item)
{
	enum kmcl_saved_fault fault;

	memcpy(&item->packet, item->body, sizeof(item->packet));
	fault = check_packet(reader, item->type, item->length, &item->packet);
	if (fault)
		return fault;
	item->message = item->body + sizeof(item->packet);
	item->extra = item->message + padded(item->packet.message);
	item->body_length = item->extra - item->body;
	if (item->type == KMCL_SAVED_ON_WIRE)
		reader->id = item->packet.id;
	return KMCL_SAVED_GOOD;
}

static enum kmcl_saved_fault read_channel(struct kmcl_saved_reader *reader,
					  struct kmcl_saved_item *item)
{
	memcpy(&item->channel, item->body, sizeof(item->channel));
	reader->open = item->channel.flags & KMCL_SAVED_OPEN;
	reader->last_id = item->channel.last_id;
	return check_channel(&item->channel);
}

static enum kmcl_saved_fault read_end(struct kmcl_saved_reader *reader,
				      struct kmcl_saved_item *item)
{
	struct kmcl_saved_end end;

	memcpy(&end, item->body, sizeof(end));
	reader->complete = true;
	return check_end(reader, &end);
}

static enum kmcl_saved_fault read_body(struct kmcl_saved_reader *reader,
				       struct kmcl_saved_item *item)
{
	if (!may_follow(reader->last_type, item->type))
		return KMCL_SAVED_BAD_TYPE;
	if (item->length < length_of(item->type, 0, 0) ||
	    (!is_packet(item->type) && item->length != length_of(item->type, 0, 0)))
		return KMCL_SAVED_BAD_LENGTH;
	if (is_packet(item->type))
		return read_packet(reader, item);
	return item->type == KMCL_SAVED_END ? read_end(reader, item) : read_channel(reader, item);
}

/**
 * kmcl_saved_read() - check the next chunk
 * @reader: what the chunks before it said; of no more use after a fault
 * @at: the chunk, in memory that nobody else changes
 * @left: bytes from there on, at least 1
 * @item: receives what it says, if it is good
 */
enum kmcl_saved_fault kmcl_saved_read(struct kmcl_saved_reader *reader, const void *at, u32 left,
				      struct kmcl_saved_item *item)
{
	struct kmcl_saved_header header;
	enum kmcl_saved_fault fault;

	if (left < sizeof(header))
		return KMCL_SAVED_BAD_LENGTH;
	memcpy(&header, at, sizeof(header));
	fault = check_header(&header, reader, at, left);
	if (fault)
		return fault;

	memset(item, 0, sizeof(*item));
	item->type = header.type;
	item->length = header.length;
	item->body = at + sizeof(header);
	fault = read_body(reader, item);
	reader->save = header.save;
	reader->last_type = header.type;
	reader->chunks++;
	return fault;
}
