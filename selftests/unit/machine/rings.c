// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rings.h"

#define PAGE	4096u
#define KEPT	8

static struct {
	u8 *memory;
	u32 size;
} kept[KEPT];

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void map_at(u8 *where, u32 size, int fd, u32 offset)
{
	void *map = mmap(where, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset);

	need(map == where, "mmap");
}

static u8 *map_ring(u32 size)
{
	size_t all = 2 * (size_t)size + 3 * PAGE;
	int fd = memfd_create("ring", MFD_CLOEXEC);
	u8 *at;

	need(fd >= 0 && !ftruncate(fd, PAGE + size), "memfd");
	at = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(at != MAP_FAILED, "mmap");
	at += PAGE;
	map_at(at, PAGE + size, fd, 0);
	map_at(at + PAGE + size, size, fd, PAGE);
	close(fd);
	return at;
}

u8 *rings_get(u32 size)
{
	for (unsigned int i = 0; i < KEPT; i++) {
		if (kept[i].memory && kept[i].size == size) {
			u8 *memory = kept[i].memory;

			kept[i].memory = NULL;
			memset(memory, 0, PAGE + size);
			return memory;
		}
	}
	return map_ring(size);
}

void rings_put(u8 *memory, u32 size)
{
	for (unsigned int i = 0; i < KEPT; i++) {
		if (!kept[i].memory) {
			kept[i].memory = memory;
			kept[i].size = size;
			return;
		}
	}
	munmap(memory - PAGE, 2 * (size_t)size + 3 * PAGE);
}
