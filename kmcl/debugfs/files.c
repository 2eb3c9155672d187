// SPDX-License-Identifier: GPL-2.0-only
/* The files of a channel that are no counters, one value or one kind of thing each. */
#include <linux/slab.h>

#include "view.h"

static void show_name(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	kmcl_view_quote(m, ch->name);
}

static void show_endpoint(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	seq_puts(m, ch->is_server ? "server" : "client");
}

static void show_owner(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	seq_puts(m, ch->owner);
}

static void show_type(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	seq_printf(m, "%pUl", &ch->config.type);
}

static void show_instance(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	seq_printf(m, "%pUl", &ch->offered);
}

static void show_ring(struct seq_file *m, const struct kmcl_snapshot *s,
		      const struct kmcl_view_ring *ring)
{
	if (!s->open)
		seq_puts(m, "closed");
	else if (ring->corrupt)
		seq_printf(m, "corrupt read %u write %u size %u", ring->read, ring->write,
			   ring->size);
	else
		seq_printf(m, "used %u size %u read %u write %u wanted %u masked %d", ring->used,
			   ring->size, ring->read, ring->write, ring->wanted, ring->masked);
}

static void show_packets(struct seq_file *m, const struct kmcl_snapshot *s)
{
	unsigned int i;

	for (i = 0; i < s->packets; i++)
		seq_printf(m, "%s%s id %llu age_ms %u bytes %u", i ? "\n" : "",
			   kmcl_view_place_name(s->packet[i].place), s->packet[i].id,
			   kmcl_view_age_ms(&s->packet[i]), s->packet[i].bytes);
}

static void show_gpadls(struct seq_file *m, const struct kmcl_snapshot *s)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, s->gpadls, KMCL_VIEW_GPADLS); i++)
		seq_printf(m, "%shandle %u bytes %u %s", i ? "\n" : "", s->gpadl[i].handle,
			   s->gpadl[i].bytes, s->gpadl[i].read_only ? "read-only" : "read-write");
	if (s->gpadls > KMCL_VIEW_GPADLS)
		seq_printf(m, "\nand %u more", s->gpadls - KMCL_VIEW_GPADLS);
}

static void show_latency(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	struct kmcl_counters *sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	unsigned int i;

	if (!sum)
		return;
	kmcl_counters_sum(ch, sum);
	for (i = 0; i < ARRAY_SIZE(sum->latency); i++)
		seq_printf(m, "%s%llu", i ? " " : "", sum->latency[i]);
	kfree(sum);
}

/* Those that need a look at the channel. */
enum {
	STATE, BUS, RING_IN, RING_OUT, QUEUE, QUEUE_HIGHEST, OUTSTANDING, OUTSTANDING_HIGHEST,
	PACKETS, GPADLS, TRANSACTIONS, RING_FULL_NOW_NS
};

static void show_of(struct seq_file *m, const struct kmcl_snapshot *s, unsigned int n)
{
	switch (n) {
	case STATE:
		seq_puts(m, kmcl_view_phase_name(s->phase));
		break;
	case BUS:
		seq_puts(m, s->bus);
		break;
	case RING_IN:
		show_ring(m, s, &s->in);
		break;
	case RING_OUT:
		show_ring(m, s, &s->out);
		break;
	case QUEUE:
		seq_printf(m, "%u", s->queued);
		break;
	case QUEUE_HIGHEST:
		seq_printf(m, "%u", s->queued_most);
		break;
	case OUTSTANDING:
		seq_printf(m, "%u", s->outstanding);
		break;
	case OUTSTANDING_HIGHEST:
		seq_printf(m, "%u", s->outstanding_most);
		break;
	case PACKETS:
		show_packets(m, s);
		break;
	case GPADLS:
		show_gpadls(m, s);
		break;
	case TRANSACTIONS:
		seq_printf(m, "%u", s->transactions);
		break;
	case RING_FULL_NOW_NS:
		seq_printf(m, "%llu", s->full_ns);
		break;
	}
}

static void show_snapshot(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	struct kmcl_snapshot *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return;
	kmcl_snapshot_take(ch, s);
	show_of(m, s, n);
	kfree(s);
}

const struct kmcl_view_kind kmcl_view_identity[KMCL_VIEW_IDENTITY] = {
	{ "name", show_name },
	{ "endpoint", show_endpoint },
	{ "owner", show_owner },
	{ "type", show_type },
	{ "instance", show_instance },
	{ "state", show_snapshot, STATE },
	{ "bus", show_snapshot, BUS },
};

const struct kmcl_view_kind kmcl_view_traffic[KMCL_VIEW_TRAFFIC] = {
	{ "ring_in", show_snapshot, RING_IN },
	{ "ring_out", show_snapshot, RING_OUT },
	{ "queue", show_snapshot, QUEUE },
	{ "queue_highest", show_snapshot, QUEUE_HIGHEST },
	{ "outstanding", show_snapshot, OUTSTANDING },
	{ "outstanding_highest", show_snapshot, OUTSTANDING_HIGHEST },
	{ "packets", show_snapshot, PACKETS },
	{ "gpadls", show_snapshot, GPADLS },
	{ "transactions", show_snapshot, TRANSACTIONS },
	{ "ring_full_now_ns", show_snapshot, RING_FULL_NOW_NS },
	{ "latency_log2_ns", show_latency },
};
