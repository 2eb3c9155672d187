// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads on one table of transactions, each access under a lock as tx.c has it: every id is
 * unique, and each is closed by exactly one thread, whoever that is.
 */
#include <pthread.h>
#include <stdlib.h>

#include "ids.h"
#include "ktap.h"

#define THREADS	8
#define ROUNDS	4000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kmcl_ids ids;
static u64 posted[64];			/* ids for others to close */
static unsigned long closed, opened;

struct request {
	struct kmcl_id id;
	unsigned int owner;
};

static void grow(void)
{
	unsigned int bits = ids.bits + 1;
	struct hlist_head *buckets;

	if (!kmcl_ids_is_crowded(&ids))
		return;
	buckets = calloc(1u << bits, sizeof(*buckets));
	CHECK(buckets);
	free(kmcl_ids_grow(&ids, buckets, bits));
}

static void open_one(unsigned int owner, u64 *chance)
{
	struct request *request = malloc(sizeof(*request));
	u64 *place = &posted[unit_below(chance, 64)], old;
	struct kmcl_id *found;

	request->owner = owner;
	pthread_mutex_lock(&lock);
	kmcl_ids_open(&ids, &request->id);
	CHECK_EQ(request->id.id, ++opened);
	grow();
	old = *place;
	*place = request->id.id;
	/* What was posted there before is closed by this thread, twice for good measure. */
	found = old ? kmcl_ids_close(&ids, old) : NULL;
	CHECK(!old == !found);
	CHECK(!old || !kmcl_ids_close(&ids, old));
	closed += !!found;
	pthread_mutex_unlock(&lock);
	if (found)
		free(container_of(found, struct request, id));
}

static void *run(void *arg)
{
	u64 chance = 0x9e3779b97f4a7c15ull + (uintptr_t)arg;

	for (unsigned int i = 0; i < ROUNDS; i++)
		open_one((uintptr_t)arg, &chance);
	return NULL;
}

TEST(many_threads_close_what_others_have_opened)
{
	pthread_t threads[THREADS];
	HLIST_HEAD(left);

	kmcl_ids_init(&ids);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, run, (void *)i));
	for (unsigned int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	CHECK_EQ(opened, THREADS * ROUNDS);
	CHECK_EQ(ids.count, opened - closed);
	kmcl_ids_close_all(&ids, &left);
	while (!hlist_empty(&left)) {
		struct kmcl_id *id = hlist_entry(left.first, struct kmcl_id, node);

		hlist_del_init(&id->node);
		free(container_of(id, struct request, id));
		closed++;
	}
	CHECK_EQ(closed, opened);
	if (ids.buckets != ids.inline_buckets)
		free(ids.buckets);
}
