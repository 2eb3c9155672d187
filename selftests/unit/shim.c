// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "ktap.h"
#include "shim.h"
#include "wire.h"

#define DEPTH	64

struct store {
	u32 *to;
	u32 value;
	bool ordered;
};

static struct buffer {
	struct store stores[DEPTH];
	unsigned int count;
} buffers[2];

int shim_side;
bool shim_buffering;
void (*shim_yield)(void);

static char log_text[1024];
static const struct kmcl_ring_ctl *log_ctl;

static const char *field(const u32 *word)
{
	if (word == &log_ctl->write_index)
		return "write_index";
	if (word == &log_ctl->read_index)
		return "read_index";
	if (word == &log_ctl->interrupt_mask)
		return "interrupt_mask";
	if (word == &log_ctl->pending_send_sz)
		return "pending_send_sz";
	if (word == &log_ctl->feature_bits)
		return "feature_bits";
	FAIL("access to reserved memory");
}

static void note(const char *what, const u32 *word)
{
	size_t used = strlen(log_text);

	if (!log_ctl)
		return;
	snprintf(log_text + used, sizeof(log_text) - used, "%s%s%s%s", used ? " " : "", what,
		 word ? ":" : "", word ? field(word) : "");
}

void shim_log_start(const void *ctl)
{
	log_ctl = ctl;
	log_text[0] = 0;
}

void shim_log_stop(void)
{
	log_ctl = NULL;
}

const char *shim_log(void)
{
	return log_text;
}

static void switch_sides(void)
{
	if (shim_yield)
		shim_yield();
}

/* ---- the store buffers ---- */

bool shim_has_stores(int side)
{
	return buffers[side].count;
}

/* An ordered store leaves last of those before it; two to one word keep their order. */
static bool may_leave(const struct buffer *buffer, unsigned int i)
{
	if (buffer->stores[i].ordered)
		return i == 0;
	for (unsigned int j = 0; j < i; j++) {
		if (buffer->stores[j].to == buffer->stores[i].to)
			return false;
	}
	return true;
}

static void leave(struct buffer *buffer, unsigned int i)
{
	*buffer->stores[i].to = buffer->stores[i].value;
	buffer->count--;
	memmove(&buffer->stores[i], &buffer->stores[i + 1],
		(buffer->count - i) * sizeof(buffer->stores[0]));
}

void shim_let_one_out(int side, u32 random)
{
	struct buffer *buffer = &buffers[side];
	unsigned int i = random % buffer->count;

	leave(buffer, may_leave(buffer, i) ? i : 0);
}

static void let_all_out(int side)
{
	while (buffers[side].count)
		leave(&buffers[side], 0);
}

void shim_reset(void)
{
	buffers[0].count = 0;
	buffers[1].count = 0;
}

/* ---- accesses ---- */

u32 shim_load(const u32 *from, enum shim_kind kind)
{
	struct buffer *buffer = &buffers[shim_side];

	switch_sides();
	note(kind == SHIM_ORDERED ? "load.acquire" : "load", from);
	for (unsigned int i = buffer->count; i--;) {
		if (buffer->stores[i].to == from)
			return buffer->stores[i].value;
	}
	return *from;
}

void shim_store(u32 *to, u32 value, enum shim_kind kind)
{
	struct buffer *buffer = &buffers[shim_side];

	switch_sides();
	note(kind == SHIM_ORDERED ? "store.release" : "store", to);
	if (!shim_buffering) {
		*to = value;
		return;
	}
	if (buffer->count == DEPTH)
		let_all_out(shim_side);
	buffer->stores[buffer->count++] = (struct store) { to, value, kind == SHIM_ORDERED };
}

void shim_barrier(enum shim_kind kind)
{
	static const char * const names[] = { [SHIM_MB] = "mb", [SHIM_RMB] = "rmb",
					      [SHIM_WMB] = "wmb" };

	switch_sides();
	note(names[kind], NULL);
	if (kind != SHIM_RMB)
		let_all_out(shim_side);
}
