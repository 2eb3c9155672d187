// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pair.h"

#define GUARD	4096u

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void map_at(u8 *where, u32 size, int fd)
{
	void *map = mmap(where, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);

	need(map == where, "mmap");
}

static u8 *map_twice(u32 size)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	u8 *all;

	need(fd >= 0 && !ftruncate(fd, size), "memfd");
	all = mmap(NULL, 2 * (size_t)size + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	need(all != MAP_FAILED, "mmap");
	map_at(all + GUARD, size, fd);
	map_at(all + GUARD + size, size, fd);
	close(fd);
	return all + GUARD;
}

static bool is_mirrored(const struct pair *pair)
{
	return pair->size % GUARD == 0;
}

void pair_init(struct pair *pair, u32 size)
{
	pair->size = size;
	pair->ctl = calloc(1, sizeof(*pair->ctl));
	pair->data = is_mirrored(pair) ? map_twice(size) : calloc(2, size);
	need(pair->ctl && pair->data, "calloc");
	pair_reset(pair, 0);
}

static void begin_at(struct kmcl_ring *ring, u32 start)
{
	ring->mine = start;
	ring->published = start;
	ring->theirs = start;
}

void pair_reset(struct pair *pair, u32 start)
{
	memset(pair->ctl, 0, sizeof(*pair->ctl));
	pair->ctl->feature_bits = KMCL_RING_FEATURE_PENDING_SEND_SZ;
	pair->ctl->write_index = start;
	pair->ctl->read_index = start;
	kmcl_ring_init(&pair->tx, pair->ctl, pair->data, pair->size);
	kmcl_ring_init(&pair->rx, pair->ctl, pair->data, pair->size);
	begin_at(&pair->tx, start);
	begin_at(&pair->rx, start);
}

void pair_free(struct pair *pair)
{
	if (is_mirrored(pair))
		munmap(pair->data - GUARD, 2 * (size_t)pair->size + 2 * GUARD);
	else
		free(pair->data);
	free(pair->ctl);
}
