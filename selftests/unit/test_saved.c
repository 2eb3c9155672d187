// SPDX-License-Identifier: GPL-2.0-only
/* The chunks of a saved channel: what is written is read, and nothing else is. */
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "saved.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SAVE	0x1122334455667788ull
#define HEADER	32u

/* The polynomial the other way round from the library's: bit by bit, most significant first. */
static u32 mirror(u32 value, int bits)
{
	u32 result = 0;

	for (int i = 0; i < bits; i++)
		if (value >> i & 1)
			result |= 1u << (bits - 1 - i);
	return result;
}

static u32 crc32_of(const u8 *data, u32 length)
{
	u32 crc = 0xffffffff;

	for (u32 i = 0; i < length; i++) {
		crc ^= mirror(data[i], 8) << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
	}
	return ~mirror(crc, 32);
}

static u32 get32(const u8 *at)
{
	u32 value;

	memcpy(&value, at, 4);
	return value;
}

static void put32(u8 *at, u32 value)
{
	memcpy(at, &value, 4);
}

/* Sum a chunk that has been changed, without the library. */
static void sum(u8 *at, u32 length)
{
	put32(at + 12, 0);
	put32(at + 12, crc32_of(at, length));
}

/* ---- chunks in buffers of exactly their size, so that ASan sees what reads beyond ---- */

struct chunk {
	u8 *at;
	u32 length;
};

static struct chunk chunk_new(enum kmcl_saved_type type, const void *body, u32 body_length,
			      u32 message, u32 extra, u32 number)
{
	struct chunk chunk = { .length = kmcl_saved_length(type, message, extra) };

	chunk.at = malloc(chunk.length);
	memset(chunk.at, 0xee, chunk.length);
	memcpy(kmcl_saved_begin(chunk.at, type, chunk.length, SAVE, number), body, body_length);
	kmcl_saved_seal(chunk.at);
	return chunk;
}

static const struct kmcl_saved_channel open_channel = {
	.interface_type = { 1 }, .interface_instance = { 2 }, .flags = KMCL_SAVED_OPEN,
	.in_size = 8192, .in_index = 8184, .out_size = 4096, .out_index = 0, .last_id = 1000,
};

static const struct kmcl_saved_channel closed_channel = { .interface_type = { 1 } };

static struct chunk channel_chunk(const struct kmcl_saved_channel *channel)
{
	return chunk_new(KMCL_SAVED_CHANNEL, channel, sizeof(*channel), 0, 0, 0);
}

static struct chunk packet_chunk(enum kmcl_saved_type type, u64 id, u32 flags, u32 message,
				 u32 extra, u32 number)
{
	struct kmcl_saved_packet packet = {
		.id = id, .flags = flags, .message = message, .extra = extra,
	};

	return chunk_new(type, &packet, sizeof(packet), message, extra, number);
}

static struct chunk end_chunk(u32 number)
{
	struct kmcl_saved_end end = { .chunks = number + 1 };

	return chunk_new(KMCL_SAVED_END, &end, sizeof(end), 0, 0, number);
}

/* A chunk of this type as it comes as number @number of an open channel. */
static struct chunk any_chunk(enum kmcl_saved_type type, u32 number)
{
	if (type == KMCL_SAVED_CHANNEL)
		return channel_chunk(&open_channel);
	if (type == KMCL_SAVED_END)
		return end_chunk(number);
	return packet_chunk(type, type == KMCL_SAVED_QUEUED ? 0 : number, 0,
			    type == KMCL_SAVED_ON_WIRE ? 0 : 11, 0, number);
}

static enum kmcl_saved_fault read_chunk(struct kmcl_saved_reader *reader, struct chunk chunk,
					struct kmcl_saved_item *item)
{
	memset(item, 0xee, sizeof(*item));
	return kmcl_saved_read(reader, chunk.at, chunk.length, item);
}

static struct kmcl_saved_reader after_channel(const struct kmcl_saved_channel *channel)
{
	struct chunk chunk = channel_chunk(channel);
	struct kmcl_saved_reader reader = { };
	struct kmcl_saved_item item;

	CHECK_EQ(read_chunk(&reader, chunk, &item), KMCL_SAVED_GOOD);
	free(chunk.at);
	return reader;
}

/* What a chunk is, read as the second of an open channel. */
static enum kmcl_saved_fault judge(struct chunk chunk)
{
	struct kmcl_saved_reader reader = after_channel(&open_channel);
	struct kmcl_saved_item item;
	enum kmcl_saved_fault fault = read_chunk(&reader, chunk, &item);

	free(chunk.at);
	return fault;
}

static enum kmcl_saved_fault judge_channel(const struct kmcl_saved_channel *channel)
{
	struct chunk chunk = channel_chunk(channel);
	struct kmcl_saved_reader reader = { };
	struct kmcl_saved_item item;
	enum kmcl_saved_fault fault = read_chunk(&reader, chunk, &item);

	free(chunk.at);
	return fault;
}

/* ---- layout ---- */

TEST(format_is_laid_out_as_documented)
{
	CHECK_EQ(sizeof(struct kmcl_saved_header), HEADER);
	CHECK_EQ(offsetof(struct kmcl_saved_header, version), 4);
	CHECK_EQ(offsetof(struct kmcl_saved_header, type), 6);
	CHECK_EQ(offsetof(struct kmcl_saved_header, length), 8);
	CHECK_EQ(offsetof(struct kmcl_saved_header, sum), 12);
	CHECK_EQ(offsetof(struct kmcl_saved_header, save), 16);
	CHECK_EQ(offsetof(struct kmcl_saved_header, number), 24);
	CHECK_EQ(sizeof(struct kmcl_saved_channel), 64);
	CHECK_EQ(offsetof(struct kmcl_saved_channel, flags), 32);
	CHECK_EQ(offsetof(struct kmcl_saved_channel, last_id), 56);
	CHECK_EQ(sizeof(struct kmcl_saved_packet), 24);
	CHECK_EQ(sizeof(struct kmcl_saved_end), 8);
	CHECK_EQ(KMCL_SAVED_VERSION, 1);
}

TEST(every_fault_has_its_own_name)
{
	for (int i = 0; i < KMCL_SAVED_FAULTS; i++) {
		CHECK(*kmcl_saved_fault_name(i));
		for (int j = 0; j < i; j++)
			CHECK(strcmp(kmcl_saved_fault_name(i), kmcl_saved_fault_name(j)));
	}
}

TEST(a_chunk_is_zeroed_and_summed)
{
	struct chunk chunk = packet_chunk(KMCL_SAVED_HELD, 5, KMCL_SAVED_EXTERNAL, 13, 21, 1);
	u32 stored = get32(chunk.at + 12);

	CHECK_EQ(chunk.length, HEADER + 24 + 16 + 24);
	for (u32 i = HEADER + 24; i < chunk.length; i++)
		CHECK_EQ(chunk.at[i], 0);
	sum(chunk.at, chunk.length);
	CHECK_EQ(get32(chunk.at + 12), stored);
	free(chunk.at);
}

TEST(lengths_are_padded_and_bounded)
{
	u32 bare = HEADER + 24;

	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_CHANNEL, 0, 0), HEADER + 64);
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_END, 0, 0), HEADER + 8);
	for (u32 n = 0; n <= 64; n++) {
		CHECK_EQ(kmcl_saved_length(KMCL_SAVED_QUEUED, n, 0), bare + (n + 7) / 8 * 8);
		CHECK_EQ(kmcl_saved_length(KMCL_SAVED_QUEUED, 0, n), bare + (n + 7) / 8 * 8);
	}
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_ON_WIRE, 0, KMCL_SAVED_CHUNK_MAX - bare),
		 KMCL_SAVED_CHUNK_MAX);
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_ON_WIRE, 0, KMCL_SAVED_CHUNK_MAX - bare + 1), 0);
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_QUEUED, 8, KMCL_SAVED_CHUNK_MAX - bare), 0);
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_QUEUED, ~0u, 0), 0);
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_QUEUED, 0, ~0u), 0);
	CHECK_EQ(kmcl_saved_length(KMCL_SAVED_QUEUED, ~0u, ~0u), 0);
}

/* ---- what is written is read ---- */

TEST(a_channel_is_read)
{
	struct chunk chunk = channel_chunk(&open_channel);
	struct kmcl_saved_reader reader = { };
	struct kmcl_saved_item item;

	CHECK_EQ(read_chunk(&reader, chunk, &item), KMCL_SAVED_GOOD);
	CHECK_EQ(item.type, KMCL_SAVED_CHANNEL);
	CHECK_EQ(item.length, chunk.length);
	CHECK(!memcmp(&item.channel, &open_channel, sizeof(open_channel)));
	CHECK(reader.save == SAVE);
	CHECK(reader.open && !reader.complete);
	CHECK_EQ(reader.chunks, 1);
	free(chunk.at);
}

static void check_packet(enum kmcl_saved_type type, u64 id, u32 flags, u32 message, u32 extra)
{
	struct chunk chunk = packet_chunk(type, id, flags, message, extra, 1);
	struct kmcl_saved_reader reader = after_channel(&open_channel);
	struct kmcl_saved_item item;

	CHECK_EQ(read_chunk(&reader, chunk, &item), KMCL_SAVED_GOOD);
	CHECK_EQ(item.type, type);
	CHECK_EQ(item.length, chunk.length);
	CHECK(item.packet.id == id);
	CHECK_EQ(item.packet.flags, flags);
	CHECK_EQ(item.packet.message, message);
	CHECK_EQ(item.packet.extra, extra);
	CHECK(item.body == chunk.at + HEADER);
	CHECK(item.message == chunk.at + HEADER + 24);
	CHECK(item.extra == chunk.at + HEADER + 24 + (message + 7) / 8 * 8);
	CHECK_EQ(item.body_length, 24 + (message + 7) / 8 * 8);
	free(chunk.at);
}

TEST(packets_of_every_kind_and_size_are_read)
{
	for (u32 n = 0; n < 40; n++) {
		check_packet(KMCL_SAVED_ON_WIRE, 1 + n, 0, 0, n);
		check_packet(KMCL_SAVED_REPLY, n, 0, n, 0);
		for (u32 m = 0; m < 40; m++) {
			check_packet(KMCL_SAVED_HELD, ~0ull - n, KMCL_SAVED_EXTERNAL, n, m);
			check_packet(KMCL_SAVED_QUEUED, 0, n % 2, n, m);
		}
	}
	check_packet(KMCL_SAVED_HELD, 0, KMCL_SAVED_WANTS_COMPLETION, 8, 0);
	check_packet(KMCL_SAVED_HELD, 0, 3, 8, 8);
	check_packet(KMCL_SAVED_ON_WIRE, 1000, 0, 0, 0);
	check_packet(KMCL_SAVED_QUEUED, 0, 0, KMCL_MESSAGE_MAX, 0);
	check_packet(KMCL_SAVED_ON_WIRE, 1, 0, 0, KMCL_SAVED_CHUNK_MAX - HEADER - 24);
}

TEST(an_end_completes)
{
	struct kmcl_saved_reader reader = after_channel(&closed_channel);
	struct chunk chunk = end_chunk(1), again = end_chunk(2);
	struct kmcl_saved_item item;

	CHECK(!reader.open);
	CHECK_EQ(read_chunk(&reader, chunk, &item), KMCL_SAVED_GOOD);
	CHECK(reader.complete);
	CHECK_EQ(read_chunk(&reader, again, &item), KMCL_SAVED_BAD_NUMBER);
	free(chunk.at);
	free(again.at);
}

/* ---- headers ---- */

static struct chunk edited(u32 offset, u32 value)
{
	struct chunk chunk = packet_chunk(KMCL_SAVED_QUEUED, 0, 0, 16, 0, 1);

	put32(chunk.at + offset, value);
	sum(chunk.at, chunk.length);
	return chunk;
}

TEST(each_field_of_the_header_counts)
{
	CHECK_EQ(judge(edited(0, KMCL_SAVED_MAGIC)), KMCL_SAVED_GOOD);
	CHECK_EQ(judge(edited(0, KMCL_SAVED_MAGIC ^ 1)), KMCL_SAVED_BAD_MAGIC);
	CHECK_EQ(judge(edited(0, 0)), KMCL_SAVED_BAD_MAGIC);
	CHECK_EQ(judge(edited(4, 0 | KMCL_SAVED_QUEUED << 16)), KMCL_SAVED_BAD_VERSION);
	CHECK_EQ(judge(edited(4, 2 | KMCL_SAVED_QUEUED << 16)), KMCL_SAVED_BAD_VERSION);
	CHECK_EQ(judge(edited(4, 1 | 0 << 16)), KMCL_SAVED_BAD_TYPE);
	CHECK_EQ(judge(edited(4, 1 | 7 << 16)), KMCL_SAVED_BAD_TYPE);
	CHECK_EQ(judge(edited(4, 1 | 0xffffu << 16)), KMCL_SAVED_BAD_TYPE);
	CHECK_EQ(judge(edited(16, 0)), KMCL_SAVED_BAD_SAVE);
	CHECK_EQ(judge(edited(20, 0)), KMCL_SAVED_BAD_SAVE);
	CHECK_EQ(judge(edited(24, 0)), KMCL_SAVED_BAD_NUMBER);
	CHECK_EQ(judge(edited(24, 2)), KMCL_SAVED_BAD_NUMBER);
	CHECK_EQ(judge(edited(28, 1)), KMCL_SAVED_BAD_FLAGS);
}

TEST(a_save_has_a_name)
{
	struct chunk chunk = channel_chunk(&open_channel);
	struct kmcl_saved_reader reader = { };
	struct kmcl_saved_item item;

	memset(chunk.at + 16, 0, 8);
	sum(chunk.at, chunk.length);
	CHECK_EQ(read_chunk(&reader, chunk, &item), KMCL_SAVED_BAD_SAVE);
	free(chunk.at);
}

/* Only a length of exactly what is in it, whatever is behind it. */
TEST(an_odd_length_is_told_before_the_sum)
{
	struct kmcl_saved_header header;
	struct kmcl_saved_reader reader;
	struct kmcl_saved_item item;
	u8 chunk[256] = { };

	kmcl_saved_begin(chunk, KMCL_SAVED_END, 40, 1, 0);
	kmcl_saved_seal(chunk);
	memcpy(&header, chunk, sizeof(header));
	header.length += 4;
	memcpy(chunk, &header, sizeof(header));
	memset(&reader, 0, sizeof(reader));
	CHECK_EQ(kmcl_saved_read(&reader, chunk, sizeof(chunk), &item), KMCL_SAVED_BAD_LENGTH);
}

TEST(every_length)
{
	struct chunk chunk = packet_chunk(KMCL_SAVED_QUEUED, 0, 0, 16, 0, 1);
	u8 *room = calloc(1, 4096);

	for (u32 length = 0; length <= 4096; length++) {
		struct kmcl_saved_reader reader = after_channel(&open_channel);
		struct kmcl_saved_item item;
		enum kmcl_saved_fault fault;

		memcpy(room, chunk.at, chunk.length);
		put32(room + 8, length);
		sum(room, length < 16 ? 16 : length);
		fault = kmcl_saved_read(&reader, room, 4096, &item);
		CHECK_EQ(fault, length == chunk.length ? KMCL_SAVED_GOOD : KMCL_SAVED_BAD_LENGTH);
	}
	free(room);
	free(chunk.at);
}

TEST(lengths_beyond_what_is_there)
{
	static const u32 lengths[] = { 80, 88, 4096, KMCL_SAVED_CHUNK_MAX, 0x7ffffff8, 0x80000000,
				       0xfffffff0, 0xfffffff8, 0xffffffff };

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct chunk chunk = packet_chunk(KMCL_SAVED_QUEUED, 0, 0, 16, 0, 1);

		CHECK_EQ(chunk.length, 72);
		put32(chunk.at + 8, lengths[i]);
		CHECK_EQ(judge(chunk), KMCL_SAVED_BAD_LENGTH);
	}
}

/* There is a longest chunk, also where there is room for more. */
TEST(the_longest_chunk)
{
	u32 length = KMCL_SAVED_CHUNK_MAX + 8;
	struct kmcl_saved_reader reader = after_channel(&open_channel);
	struct kmcl_saved_packet packet = { .id = 1, .extra = length - HEADER - 24 };
	struct kmcl_saved_item item;
	u8 *at = malloc(length);

	memcpy(kmcl_saved_begin(at, KMCL_SAVED_ON_WIRE, length, SAVE, 1), &packet, sizeof(packet));
	kmcl_saved_seal(at);
	CHECK_EQ(kmcl_saved_read(&reader, at, length, &item), KMCL_SAVED_BAD_LENGTH);
	free(at);
}

TEST(truncated_at_every_length)
{
	for (int type = KMCL_SAVED_CHANNEL; type <= KMCL_SAVED_END; type++) {
		struct chunk whole = any_chunk(type, type > 1);

		for (u32 length = 1; length < whole.length; length++) {
			struct kmcl_saved_reader reader = { };
			struct kmcl_saved_item item;
			u8 *at = malloc(length);

			if (type > 1)
				reader = after_channel(&open_channel);
			memcpy(at, whole.at, length);
			CHECK_EQ(kmcl_saved_read(&reader, at, length, &item),
				 KMCL_SAVED_BAD_LENGTH);
			free(at);
		}
		free(whole.at);
	}
}

TEST(every_bit_counts)
{
	for (int type = KMCL_SAVED_CHANNEL; type <= KMCL_SAVED_END; type++) {
		struct chunk chunk = any_chunk(type, type > 1);

		for (u32 bit = 0; bit < chunk.length * 8; bit++) {
			struct kmcl_saved_reader reader = { };
			struct kmcl_saved_item item;

			if (type > 1)
				reader = after_channel(&open_channel);
			chunk.at[bit / 8] ^= 1 << bit % 8;
			CHECK(read_chunk(&reader, chunk, &item) != KMCL_SAVED_GOOD);
			chunk.at[bit / 8] ^= 1 << bit % 8;
		}
		free(chunk.at);
	}
}

/* ---- bodies ---- */

TEST(flags_that_nobody_knows)
{
	struct kmcl_saved_channel channel;

	for (u32 bit = 0; bit < 32; bit++) {
		u32 flag = 1u << bit;

		channel = open_channel;
		channel.flags |= flag;
		CHECK_EQ(judge_channel(&channel),
			 bit < 3 ? KMCL_SAVED_GOOD : KMCL_SAVED_BAD_FLAGS);
		CHECK_EQ(judge(packet_chunk(KMCL_SAVED_HELD, 1, flag, 8, 0, 1)),
			 bit < 2 ? KMCL_SAVED_GOOD : KMCL_SAVED_BAD_FLAGS);
		CHECK_EQ(judge(packet_chunk(KMCL_SAVED_QUEUED, 0, flag, 8, 0, 1)),
			 bit < 1 ? KMCL_SAVED_GOOD : KMCL_SAVED_BAD_FLAGS);
		CHECK_EQ(judge(packet_chunk(KMCL_SAVED_ON_WIRE, 1, flag, 0, 0, 1)),
			 KMCL_SAVED_BAD_FLAGS);
		CHECK_EQ(judge(packet_chunk(KMCL_SAVED_REPLY, 1, flag, 8, 0, 1)),
			 KMCL_SAVED_BAD_FLAGS);
	}
	channel = closed_channel;
	channel.flags = KMCL_SAVED_PIPE;
	CHECK_EQ(judge_channel(&channel), KMCL_SAVED_GOOD);
	channel.flags = KMCL_SAVED_STOPPED;
	CHECK_EQ(judge_channel(&channel), KMCL_SAVED_BAD_FLAGS);
}

TEST(reserved_fields_are_zero)
{
	struct kmcl_saved_packet packet = { .reserved = 1 };
	struct kmcl_saved_channel channel = open_channel;
	struct kmcl_saved_end end = { .chunks = 2, .reserved = 1 };

	channel.reserved = 0x80000000;
	CHECK_EQ(judge_channel(&channel), KMCL_SAVED_BAD_FLAGS);
	CHECK_EQ(judge(chunk_new(KMCL_SAVED_QUEUED, &packet, sizeof(packet), 0, 0, 1)),
		 KMCL_SAVED_BAD_FLAGS);
	CHECK_EQ(judge(chunk_new(KMCL_SAVED_END, &end, sizeof(end), 0, 0, 1)),
		 KMCL_SAVED_BAD_FLAGS);
}

static bool is_ring(u64 size, u64 index)
{
	return size > 0 && size % 4096 == 0 && index % 8 == 0 && index <= size - 8;
}

TEST(ring_sizes_and_positions)
{
	static const u32 numbers[] = { 0, 1, 4, 7, 8, 9, 2048, 4088, 4092, 4095, 4096, 4104, 6144,
				       8184, 8192, 0x7ffff000, 0x7ffffff8, 0x80000000, 0xfffff000,
				       0xfffffff8, 0xffffffff };

	for (unsigned int s = 0; s < ARRAY_SIZE(numbers); s++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
			struct kmcl_saved_channel in = open_channel, out = open_channel;
			enum kmcl_saved_fault fault = is_ring(numbers[s], numbers[i]) ?
						      KMCL_SAVED_GOOD : KMCL_SAVED_BAD_INDEX;

			in.in_size = numbers[s];
			out.out_size = numbers[s];
			in.in_index = numbers[i];
			out.out_index = numbers[i];
			CHECK_EQ(judge_channel(&in), fault);
			CHECK_EQ(judge_channel(&out), fault);
		}
	}
}

TEST(what_is_not_open_has_no_rings)
{
	struct kmcl_saved_channel channel;
	u32 *field;

	for (field = &channel.in_size; field <= &channel.out_index; field++) {
		channel = closed_channel;
		*field = 4096;
		CHECK_EQ(judge_channel(&channel), KMCL_SAVED_BAD_INDEX);
	}
}

TEST(ids_ascend_and_were_given)
{
	static const struct {
		u64 ids[3];
		enum kmcl_saved_fault fault;	/* of the last one */
	} cases[] = {
		{ { 1, 2, 3 }, KMCL_SAVED_GOOD },
		{ { 1, 500, 1000 }, KMCL_SAVED_GOOD },
		{ { 1, 500, 1001 }, KMCL_SAVED_BAD_ID },
		{ { 1, 2, 2 }, KMCL_SAVED_BAD_ID },
		{ { 1, 3, 2 }, KMCL_SAVED_BAD_ID },
		{ { 1, 2, 0 }, KMCL_SAVED_BAD_ID },
		{ { 1, 2, ~0ull }, KMCL_SAVED_BAD_ID },
	};
	struct kmcl_saved_channel channel = open_channel;

	for (unsigned int c = 0; c < ARRAY_SIZE(cases); c++) {
		struct kmcl_saved_reader reader = after_channel(&open_channel);

		for (int i = 0; i < 3; i++) {
			struct chunk chunk = packet_chunk(KMCL_SAVED_ON_WIRE, cases[c].ids[i], 0, 0,
							  0, i + 1);
			struct kmcl_saved_item item;

			CHECK_EQ(read_chunk(&reader, chunk, &item),
				 i < 2 ? KMCL_SAVED_GOOD : cases[c].fault);
			free(chunk.at);
		}
	}
	CHECK_EQ(judge(packet_chunk(KMCL_SAVED_ON_WIRE, 0, 0, 0, 0, 1)), KMCL_SAVED_BAD_ID);
	CHECK_EQ(judge(packet_chunk(KMCL_SAVED_QUEUED, 1, 0, 0, 0, 1)), KMCL_SAVED_BAD_ID);
	channel.last_id = 0x7fffffffffffffff;
	CHECK_EQ(judge_channel(&channel), KMCL_SAVED_GOOD);
	channel.last_id++;
	CHECK_EQ(judge_channel(&channel), KMCL_SAVED_BAD_ID);
}

/* A chunk whose body tells other lengths than its header. */
static enum kmcl_saved_fault judge_pieces(enum kmcl_saved_type type, u32 message, u32 extra,
					  u32 room)
{
	struct kmcl_saved_packet packet = {
		.id = type == KMCL_SAVED_ON_WIRE, .message = message, .extra = extra,
		.flags = type == KMCL_SAVED_HELD ? KMCL_SAVED_EXTERNAL : 0,
	};

	return judge(chunk_new(type, &packet, sizeof(packet), room, 0, 1));
}

TEST(pieces_are_what_the_chunk_holds)
{
	static const u32 extremes[] = { 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffff8,
					0xfffffff9, 0xffffffff };

	for (u32 room = 0; room <= 32; room += 8) {
		for (u32 m = 0; m <= 40; m++) {
			for (u32 e = 0; e <= 40; e++)
				CHECK_EQ(judge_pieces(KMCL_SAVED_QUEUED, m, e, room),
					 (m + 7) / 8 + (e + 7) / 8 == room / 8 ?
					 KMCL_SAVED_GOOD : KMCL_SAVED_BAD_LENGTH);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(extremes); i++) {
			CHECK_EQ(judge_pieces(KMCL_SAVED_HELD, extremes[i], room, room),
				 KMCL_SAVED_BAD_LENGTH);
			CHECK_EQ(judge_pieces(KMCL_SAVED_HELD, room, extremes[i], room),
				 KMCL_SAVED_BAD_LENGTH);
			CHECK_EQ(judge_pieces(KMCL_SAVED_QUEUED, -room, extremes[i], room),
				 KMCL_SAVED_BAD_LENGTH);
		}
	}
}

TEST(pieces_that_a_type_does_not_have)
{
	CHECK_EQ(judge(packet_chunk(KMCL_SAVED_ON_WIRE, 1, 0, 8, 8, 1)), KMCL_SAVED_BAD_LENGTH);
	CHECK_EQ(judge(packet_chunk(KMCL_SAVED_REPLY, 1, 0, 8, 8, 1)), KMCL_SAVED_BAD_LENGTH);
	CHECK_EQ(judge(packet_chunk(KMCL_SAVED_HELD, 1, 0, 8, 8, 1)), KMCL_SAVED_BAD_LENGTH);
	CHECK_EQ(judge(packet_chunk(KMCL_SAVED_QUEUED, 0, 0, KMCL_MESSAGE_MAX + 1, 0, 1)),
		 KMCL_SAVED_BAD_LENGTH);
}

TEST(bodies_of_the_wrong_size)
{
	struct kmcl_saved_reader reader = { };
	struct kmcl_saved_end end = { .chunks = 2 };
	struct kmcl_saved_item item;
	struct chunk chunk;

	/* An end and a channel with something behind it, and a packet without a body. */
	CHECK_EQ(judge(chunk_new(KMCL_SAVED_END, &end, sizeof(end), 8, 0, 1)),
		 KMCL_SAVED_BAD_LENGTH);
	chunk = chunk_new(KMCL_SAVED_CHANNEL, &open_channel, sizeof(open_channel), 8, 0, 0);
	CHECK_EQ(read_chunk(&reader, chunk, &item), KMCL_SAVED_BAD_LENGTH);
	free(chunk.at);
	chunk = end_chunk(1);
	put32(chunk.at + 4, 1 | KMCL_SAVED_QUEUED << 16);
	sum(chunk.at, chunk.length);
	CHECK_EQ(judge(chunk), KMCL_SAVED_BAD_LENGTH);
}

TEST(an_end_counts)
{
	struct kmcl_saved_end end = { };

	for (end.chunks = 0; end.chunks < 8; end.chunks++)
		CHECK_EQ(judge(chunk_new(KMCL_SAVED_END, &end, sizeof(end), 0, 0, 1)),
			 end.chunks == 2 ? KMCL_SAVED_GOOD : KMCL_SAVED_BAD_NUMBER);
}

/* ---- order ---- */

/* CHANNEL HELD? ON_WIRE* (QUEUED|REPLY)* END, or a beginning of that. */
static bool is_in_order(const int *types, int count)
{
	int at = 0;

	if (count > at && types[at++] != KMCL_SAVED_CHANNEL)
		return false;
	if (count > at && types[at] == KMCL_SAVED_HELD)
		at++;
	while (count > at && types[at] == KMCL_SAVED_ON_WIRE)
		at++;
	while (count > at && (types[at] == KMCL_SAVED_QUEUED || types[at] == KMCL_SAVED_REPLY))
		at++;
	if (count > at && types[at] == KMCL_SAVED_END)
		at++;
	return at == count;
}

static void check_order(const int *types, int count)
{
	struct kmcl_saved_reader reader = { };
	enum kmcl_saved_fault fault = KMCL_SAVED_GOOD;
	int i;

	for (i = 0; i < count && !fault; i++) {
		struct chunk chunk = any_chunk(types[i], i);
		struct kmcl_saved_item item;

		/* What any_chunk() makes of a channel has the number 0. */
		put32(chunk.at + 24, i);
		sum(chunk.at, chunk.length);
		fault = read_chunk(&reader, chunk, &item);
		free(chunk.at);
		if (!fault != is_in_order(types, i + 1))
			FAIL("%d %d %d %d: %s after %d", types[0], types[1], types[2], types[3],
			     kmcl_saved_fault_name(fault), i + 1);
	}
}

TEST(every_order_of_four_chunks)
{
	for (int n = 0; n < 6 * 6 * 6 * 6; n++) {
		int types[] = { 1 + n % 6, 1 + n / 6 % 6, 1 + n / 36 % 6, 1 + n / 216 };

		check_order(types, 4);
	}
}

TEST(only_what_is_open_has_received_or_sent)
{
	static const struct {
		enum kmcl_saved_type type;
		enum kmcl_saved_fault fault;
	} cases[] = {
		{ KMCL_SAVED_HELD, KMCL_SAVED_BAD_TYPE },
		{ KMCL_SAVED_ON_WIRE, KMCL_SAVED_BAD_TYPE },
		{ KMCL_SAVED_REPLY, KMCL_SAVED_BAD_TYPE },
		{ KMCL_SAVED_QUEUED, KMCL_SAVED_GOOD },
		{ KMCL_SAVED_END, KMCL_SAVED_GOOD },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmcl_saved_reader reader = after_channel(&closed_channel);
		struct chunk chunk = any_chunk(cases[i].type, 1);
		struct kmcl_saved_item item;

		CHECK_EQ(read_chunk(&reader, chunk, &item), cases[i].fault);
		free(chunk.at);
	}
}

/* ---- a forger, who knows how to sum ---- */

static void check_inside(const struct kmcl_saved_item *item, const u8 *at, u32 length)
{
	const u8 *end = at + length;

	CHECK(item->length <= length);
	if (item->type == KMCL_SAVED_CHANNEL || item->type == KMCL_SAVED_END)
		return;
	CHECK((u8 *)item->message >= at && (u8 *)item->message + item->packet.message <= end);
	CHECK((u8 *)item->extra >= (u8 *)item->message + item->packet.message);
	CHECK((u8 *)item->extra + item->packet.extra <= end);
	CHECK((u8 *)item->body + item->body_length == (u8 *)item->extra);
}

TEST(random_bodies)
{
	u64 random = 7;
	unsigned int good = 0;

	for (int i = 0; i < 200000; i++) {
		int type = 1 + unit_below(&random, 6);
		struct chunk chunk = any_chunk(type, type > 1);
		struct kmcl_saved_reader reader = { };
		struct kmcl_saved_item item;

		if (type > 1)
			reader = after_channel(&open_channel);
		for (u32 n = unit_below(&random, 4); n; n--) {
			u32 offset = 8 + unit_below(&random, (chunk.length - 8) / 4) * 4;

			if (offset != 8)
				put32(chunk.at + offset, unit_random(&random) >>
							 unit_below(&random, 32));
		}
		sum(chunk.at, chunk.length);
		if (read_chunk(&reader, chunk, &item) == KMCL_SAVED_GOOD) {
			check_inside(&item, chunk.at, chunk.length);
			good++;
		}
		free(chunk.at);
	}
	CHECK(good > 1000);
}
