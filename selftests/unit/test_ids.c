// SPDX-License-Identifier: GPL-2.0-only
/* Transaction ids: unique for ever, never 0, and nothing found that is not open. */
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "ktap.h"

#define MANY	20000u

struct table {
	struct kmcl_ids ids;
	struct kmcl_id *requests;
	unsigned int count;
};

static void table_open(struct table *table, unsigned int count)
{
	/* The table is part of an object that may hold anything before. */
	memset(&table->ids, 0xff, sizeof(table->ids));
	kmcl_ids_init(&table->ids);
	table->requests = calloc(count, sizeof(*table->requests));
	table->count = count;
	for (unsigned int i = 0; i < count; i++)
		kmcl_ids_open(&table->ids, &table->requests[i]);
}

static void table_free(struct table *table)
{
	if (table->ids.buckets != table->ids.inline_buckets)
		free(table->ids.buckets);
	free(table->requests);
}

static struct hlist_head *grow(struct kmcl_ids *ids, unsigned int bits)
{
	return kmcl_ids_grow(ids, calloc(1u << bits, sizeof(struct hlist_head)), bits);
}

static void check_all_found(struct table *table)
{
	for (unsigned int i = 0; i < table->count; i++) {
		struct kmcl_id *id = &table->requests[i];

		CHECK(kmcl_ids_close(&table->ids, id->id) == id);
	}
	CHECK_EQ(table->ids.count, 0);
}

TEST(empty_table_finds_nothing)
{
	struct table table;

	table_open(&table, 0);
	for (u64 value = 0; value < 1000; value++)
		CHECK(!kmcl_ids_close(&table.ids, value));
	for (int bit = 0; bit < 64; bit++)
		CHECK(!kmcl_ids_close(&table.ids, 1ull << bit));
	CHECK(!kmcl_ids_close(&table.ids, ~0ull));
	CHECK_EQ(table.ids.count, 0);
	table_free(&table);
}

TEST(ids_are_unique_and_never_zero)
{
	struct table table;
	u64 last = 0;

	table_open(&table, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		CHECK(table.requests[i].id > last);
		last = table.requests[i].id;
	}
	CHECK_EQ(table.ids.count, MANY);
	table_free(&table);
}

TEST(ids_are_no_addresses)
{
	struct table table;

	table_open(&table, 100);
	for (unsigned int i = 0; i < 100; i++)
		CHECK(table.requests[i].id < 0x100000000);
	table_free(&table);
}

TEST(an_id_is_not_used_again)
{
	struct kmcl_id id;
	struct kmcl_ids ids;
	u64 last = 0;

	kmcl_ids_init(&ids);
	for (unsigned int i = 0; i < MANY; i++) {
		kmcl_ids_open(&ids, &id);
		CHECK(id.id > last);
		last = id.id;
		CHECK(kmcl_ids_close(&ids, last) == &id);
		CHECK(!kmcl_ids_close(&ids, last));
		CHECK_EQ(ids.count, 0);
	}
	for (u64 stale = 0; stale <= last; stale++)
		CHECK(!kmcl_ids_close(&ids, stale));
}

TEST(closing_finds_each_once_in_any_order)
{
	struct table table;
	u64 random = 9;

	table_open(&table, 4096);
	for (unsigned int i = 0; i < 4096; i++) {
		/* An odd factor makes a permutation. */
		struct kmcl_id *id = &table.requests[i * 2531 % 4096];

		CHECK(kmcl_ids_close(&table.ids, id->id) == id);
		CHECK(hlist_unhashed(&id->node));
		CHECK(!kmcl_ids_close(&table.ids, id->id));
		CHECK(!kmcl_ids_close(&table.ids, 5000 + unit_random(&random)));
		CHECK_EQ(table.ids.count, 4096 - i - 1);
	}
	table_free(&table);
}

TEST(made_up_ids_find_nothing)
{
	struct table table;
	u64 random = 77;

	table_open(&table, 500);
	CHECK(!kmcl_ids_close(&table.ids, 0));
	CHECK(!kmcl_ids_close(&table.ids, 501));
	/* The same bucket, other bits. */
	for (u64 i = 1; i <= 500; i++) {
		CHECK(!kmcl_ids_close(&table.ids, i | 1ull << 32));
		CHECK(!kmcl_ids_close(&table.ids, i | 1ull << 63));
		CHECK(!kmcl_ids_close(&table.ids, i + 512));
		CHECK(!kmcl_ids_close(&table.ids, -i));
		CHECK(!kmcl_ids_close(&table.ids, (uintptr_t)&table.requests[i - 1]));
	}
	for (int i = 0; i < 100000; i++)
		CHECK(!kmcl_ids_close(&table.ids, (u64)unit_random(&random) << 32 |
						  unit_random(&random)));
	check_all_found(&table);
	table_free(&table);
}

TEST(ids_beyond_32_bits)
{
	struct kmcl_id ids_of[300];
	struct kmcl_ids ids;

	kmcl_ids_init(&ids);
	ids.last = 0xffffffff - 100;
	for (int i = 0; i < 300; i++)
		kmcl_ids_open(&ids, &ids_of[i]);
	for (int i = 0; i < 300; i++) {
		CHECK(ids_of[i].id == 0xffffffffull - 99 + i);
		CHECK(!kmcl_ids_close(&ids, ids_of[i].id ^ 1ull << 32));
		CHECK(kmcl_ids_close(&ids, ids_of[i].id) == &ids_of[i]);
	}
}

TEST(remove_ends_one_transaction)
{
	struct table table;

	table_open(&table, 200);
	for (unsigned int i = 0; i < 200; i += 2) {
		kmcl_ids_remove(&table.ids, &table.requests[i]);
		CHECK(hlist_unhashed(&table.requests[i].node));
	}
	CHECK_EQ(table.ids.count, 100);
	for (unsigned int i = 0; i < 200; i++)
		CHECK(kmcl_ids_close(&table.ids, table.requests[i].id) ==
		      (i % 2 ? &table.requests[i] : NULL));
	table_free(&table);
}

TEST(crowded_is_more_than_two_a_bucket)
{
	struct kmcl_id *requests = calloc(1025, sizeof(*requests));
	unsigned int limit = 2u << KMCL_IDS_INLINE_BITS, i;
	struct kmcl_ids ids;

	kmcl_ids_init(&ids);
	for (i = 0; i < limit; i++) {
		kmcl_ids_open(&ids, &requests[i]);
		CHECK(!kmcl_ids_is_crowded(&ids));
	}
	kmcl_ids_open(&ids, &requests[i++]);
	CHECK(kmcl_ids_is_crowded(&ids));
	CHECK(!grow(&ids, 9));
	CHECK(!kmcl_ids_is_crowded(&ids));
	for (; i < 1024; i++)
		kmcl_ids_open(&ids, &requests[i]);
	CHECK(!kmcl_ids_is_crowded(&ids));
	kmcl_ids_open(&ids, &requests[i]);
	CHECK(kmcl_ids_is_crowded(&ids));
	kmcl_ids_close(&ids, requests[0].id);
	CHECK(!kmcl_ids_is_crowded(&ids));
	free(ids.buckets);
	free(requests);
}

TEST(growth_keeps_all_and_gives_the_old_memory_back)
{
	struct table table;
	struct hlist_head *old;

	table_open(&table, MANY);
	CHECK(!grow(&table.ids, 9));		/* the first buckets are part of the table */
	CHECK_EQ(table.ids.bits, 9);
	CHECK_EQ(table.ids.count, MANY);
	old = table.ids.buckets;
	CHECK(grow(&table.ids, 12) == old);
	for (unsigned int i = 0; i < 1u << 9; i++)
		CHECK(hlist_empty(&old[i]));
	free(old);
	check_all_found(&table);
	table_free(&table);
}

TEST(growth_spreads_over_the_new_buckets)
{
	struct table table;

	table_open(&table, 512);
	CHECK(!grow(&table.ids, 9));
	for (unsigned int i = 0; i < 1u << 9; i++)
		CHECK(!hlist_empty(&table.ids.buckets[i]));
	for (unsigned int i = 0; i < 1u << KMCL_IDS_INLINE_BITS; i++)
		CHECK(hlist_empty(&table.ids.inline_buckets[i]));
	check_all_found(&table);
	table_free(&table);
}

TEST(growth_to_no_more_is_refused)
{
	struct hlist_head *small = calloc(64, sizeof(*small)), *taken;
	struct table table;

	table_open(&table, 300);
	for (unsigned int bits = 0; bits <= KMCL_IDS_INLINE_BITS; bits++)
		CHECK(kmcl_ids_grow(&table.ids, small, bits) == small);
	CHECK_EQ(table.ids.bits, KMCL_IDS_INLINE_BITS);
	CHECK(!grow(&table.ids, 8));
	taken = table.ids.buckets;
	/* A second one that was allocated meanwhile loses. */
	CHECK(kmcl_ids_grow(&table.ids, small, 8) == small);
	CHECK(table.ids.buckets == taken);
	check_all_found(&table);
	free(small);
	table_free(&table);
}

static void check_close_all(struct table *table)
{
	u8 *seen = calloc(table->count, 1);
	unsigned int closed_count = 0;
	HLIST_HEAD(closed);
	struct kmcl_id *id;

	kmcl_ids_close_all(&table->ids, &closed);
	CHECK_EQ(table->ids.count, 0);
	hlist_for_each_entry(id, &closed, node) {
		unsigned int i = id - table->requests;

		CHECK(i < table->count && !seen[i]);
		seen[i] = 1;
		closed_count++;
	}
	CHECK_EQ(closed_count, table->count);
	for (unsigned int i = 0; i < table->count; i++)
		CHECK(!kmcl_ids_close(&table->ids, table->requests[i].id));
	free(seen);
}

TEST(close_all_ends_each_once)
{
	static const unsigned int counts[] = { 0, 1, 2, 63, 64, 65, 1000 };

	for (unsigned int i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct table table;

		table_open(&table, counts[i]);
		check_close_all(&table);
		table_free(&table);
	}
}

TEST(close_all_reaches_the_last_bucket)
{
	struct kmcl_id id[2];
	struct kmcl_ids ids;
	HLIST_HEAD(closed);

	kmcl_ids_init(&ids);
	ids.last = 62;
	kmcl_ids_open(&ids, &id[0]);
	kmcl_ids_open(&ids, &id[1]);
	kmcl_ids_close(&ids, 64);
	kmcl_ids_close_all(&ids, &closed);
	CHECK(closed.first == &id[0].node && !id[0].node.next);
}

TEST(close_all_after_growth)
{
	struct table table;

	table_open(&table, 3000);
	CHECK(!grow(&table.ids, 11));
	check_close_all(&table);
	table_free(&table);
}

TEST(ids_go_on_after_close_all)
{
	struct table table;
	struct kmcl_id fresh;

	table_open(&table, 100);
	check_close_all(&table);
	kmcl_ids_open(&table.ids, &fresh);
	CHECK_EQ(fresh.id, 101);
	CHECK(kmcl_ids_close(&table.ids, 101) == &fresh);
	table_free(&table);
}

/* Random opens, closes, lies and growth against an array. */
TEST(random_use_against_an_array)
{
	enum { SLOTS = 600 };
	struct kmcl_id *requests = calloc(SLOTS, sizeof(*requests));
	bool open[SLOTS] = { false };
	unsigned int count = 0;
	struct kmcl_ids ids;
	u64 random = 4711;

	kmcl_ids_init(&ids);
	for (int step = 0; step < 500000; step++) {
		unsigned int slot = unit_below(&random, SLOTS);
		struct kmcl_id *id = &requests[slot];

		if (unit_below(&random, 20) == 0)
			CHECK(!kmcl_ids_close(&ids, ids.last + 1 + unit_random(&random)));
		if (step % 40000 == 39999) {
			struct hlist_head *old = grow(&ids, ids.bits + 1);

			free(old);
		}
		if (!open[slot]) {
			CHECK(!id->id || !kmcl_ids_close(&ids, id->id));
			kmcl_ids_open(&ids, id);
			count++;
		} else {
			CHECK(kmcl_ids_close(&ids, id->id) == id);
			count--;
		}
		open[slot] = !open[slot];
		CHECK_EQ(ids.count, count);
	}
	if (ids.buckets != ids.inline_buckets)
		free(ids.buckets);
	free(requests);
}

/* ---- transactions of another table ---- */

TEST(a_walk_visits_each_once)
{
	static const unsigned int counts[] = { 0, 1, 2, 63, 64, 65, 1000 };

	for (unsigned int c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		u8 *seen = calloc(counts[c] + 1, 1);
		struct kmcl_id *id = NULL;
		unsigned int visits = 0;
		struct table table;

		table_open(&table, counts[c]);
		while ((id = kmcl_ids_next(&table.ids, id))) {
			CHECK(!seen[id - table.requests]++);
			visits++;
		}
		CHECK_EQ(visits, counts[c]);
		table_free(&table);
		free(seen);
	}
}

TEST(a_walk_visits_the_last_bucket)
{
	struct kmcl_id id;
	struct kmcl_ids ids;

	kmcl_ids_init(&ids);
	kmcl_ids_reopen(&ids, &id, (1u << KMCL_IDS_INLINE_BITS) - 1);
	CHECK(kmcl_ids_next(&ids, NULL) == &id);
	CHECK(!kmcl_ids_next(&ids, &id));
}

TEST(reopened_ids_are_found_and_not_given_again)
{
	struct kmcl_id old[3], fresh;
	struct kmcl_ids ids;

	kmcl_ids_init(&ids);
	kmcl_ids_skip(&ids, 900);
	kmcl_ids_skip(&ids, 7);
	for (int i = 0; i < 3; i++)
		kmcl_ids_reopen(&ids, &old[i], 300 * (i + 1));
	CHECK_EQ(ids.count, 3);
	kmcl_ids_open(&ids, &fresh);
	CHECK_EQ(fresh.id, 901);
	for (int i = 0; i < 3; i++) {
		CHECK(kmcl_ids_close(&ids, 300 * (i + 1)) == &old[i]);
		CHECK(!kmcl_ids_close(&ids, 300 * (i + 1)));
	}
	CHECK(kmcl_ids_close(&ids, 901) == &fresh);
	CHECK_EQ(ids.count, 0);
}
