// SPDX-License-Identifier: GPL-2.0-only
/* All that is known of a channel, as one JSON object. README.md describes it. */
#include <linux/slab.h>

#include "view.h"

static const char *truth(bool is)
{
	return is ? "true" : "false";
}

static void show_task(struct seq_file *m, const char *key, const struct kmcl_view_task *task)
{
	if (!task->pid) {
		seq_printf(m, ",\n\"%s\":null", key);
		return;
	}
	seq_printf(m, ",\n\"%s\":{\"pid\":%d,\"name\":", key, task->pid);
	kmcl_view_quote(m, task->name);
	seq_putc(m, '}');
}

static void show_identity(struct seq_file *m, struct kmcl_channel *ch,
			  const struct kmcl_snapshot *s)
{
	seq_printf(m, "{\"label\":\"%s\",\"name\":", ch->label);
	kmcl_view_quote(m, ch->name);
	seq_printf(m, ",\"number\":%u,\"endpoint\":\"%s\",\"owner\":", ch->number,
		   ch->is_server ? "server" : "client");
	kmcl_view_quote(m, ch->owner);
	seq_printf(m, ",\"state\":\"%s\",\"bus\":", kmcl_view_phase_name(s->phase));
	kmcl_view_quote(m, s->bus);
	seq_printf(m, ",\"type\":\"%pUl\",\"instance\":\"%pUl\"", &ch->config.type, &ch->offered);
	show_task(m, "transition", &s->transition);
	show_task(m, "delivering", &s->delivering);
	seq_printf(m, ",\n\"receiving\":%s,\"failed\":%s,\"starved\":%s,\"passive\":%s",
		   truth(s->enabled), truth(s->failed), truth(s->starved), truth(s->passive));
	seq_printf(m, ",\"send_failed\":%s", truth(s->corrupt));
}

static void show_ring(struct seq_file *m, const char *key, const struct kmcl_snapshot *s,
		      const struct kmcl_view_ring *ring)
{
	if (!s->open) {
		seq_printf(m, ",\n\"%s\":null", key);
		return;
	}
	seq_printf(m, ",\n\"%s\":{\"size\":%u,\"used\":%u,\"read\":%u,\"write\":%u,", key,
		   ring->size, ring->used, ring->read, ring->write);
	seq_printf(m, "\"wanted\":%u,\"masked\":%s,\"corrupt\":%s}", ring->wanted,
		   truth(ring->masked), truth(ring->corrupt));
}

static void show_levels(struct seq_file *m, const struct kmcl_snapshot *s)
{
	seq_printf(m, ",\n\"queue\":%u,\"queue_highest\":%u,\"replies_queued\":%u",
		   s->queued, s->queued_most, s->replies);
	seq_printf(m, ",\"transactions\":%u,\"outstanding\":%u,\"outstanding_highest\":%u",
		   s->transactions, s->outstanding, s->outstanding_most);
	seq_printf(m, ",\"budget\":%u,\"time_ms\":%u", s->budget, s->time_ms);
	seq_printf(m, ",\"quota\":%u,\"allocated\":%u,\"ring_full_now_ns\":%llu",
		   s->quota, s->allocated, s->full_ns);
}

static void show_counters(struct seq_file *m, const struct kmcl_counters *sum)
{
	unsigned int i;

	for (i = 0; i < KMCL_COUNTERS_COUNT; i++)
		seq_printf(m, "%s\"%s\":%llu", i ? "," : ",\n\"counters\":{",
			   kmcl_counter_name(i), sum->counts[i]);
	for (i = KMCL_WELL_FORMED + 1; i < KMCL_MALFORMED_KINDS; i++)
		seq_printf(m, "%s\"%s\":%llu", i > 1 ? "," : "},\n\"malformed\":{",
			   kmcl_malformed_word(i), sum->malformed[i]);
	for (i = 0; i < KMCL_LATENCY_BUCKETS; i++)
		seq_printf(m, "%s%llu", i ? "," : "},\n\"latency_log2_ns\":[", sum->latency[i]);
	seq_putc(m, ']');
}

static void show_packets(struct seq_file *m, const struct kmcl_snapshot *s)
{
	unsigned int i;

	seq_puts(m, ",\n\"oldest_packets\":[");
	for (i = 0; i < s->packets; i++)
		seq_printf(m, "%s{\"place\":\"%s\",\"id\":%llu,\"age_ms\":%u,\"bytes\":%u}",
			   i ? "," : "", kmcl_view_place_name(s->packet[i].place),
			   s->packet[i].id, kmcl_view_age_ms(&s->packet[i]), s->packet[i].bytes);
	seq_puts(m, "]");
}

static void show_gpadls(struct seq_file *m, const struct kmcl_snapshot *s)
{
	unsigned int i;

	seq_printf(m, ",\n\"gpadl_count\":%u,\"gpadls\":[", s->gpadls);
	for (i = 0; i < min_t(unsigned int, s->gpadls, KMCL_VIEW_GPADLS); i++)
		seq_printf(m, "%s{\"handle\":%u,\"bytes\":%u,\"read_only\":%s}", i ? "," : "",
			   s->gpadl[i].handle, s->gpadl[i].bytes, truth(s->gpadl[i].read_only));
	seq_puts(m, "]}");
}

static void show(struct seq_file *m, struct kmcl_channel *ch, struct kmcl_snapshot *s,
		 struct kmcl_counters *sum)
{
	kmcl_snapshot_take(ch, s);
	kmcl_counters_sum(ch, sum);
	show_identity(m, ch, s);
	show_ring(m, "ring_in", s, &s->in);
	show_ring(m, "ring_out", s, &s->out);
	show_levels(m, s);
	show_counters(m, sum);
	show_packets(m, s);
	show_gpadls(m, s);
}

void kmcl_view_json(struct seq_file *m, struct kmcl_channel *ch)
{
	struct kmcl_snapshot *s = kmalloc(sizeof(*s), GFP_KERNEL);
	struct kmcl_counters *sum = kmalloc(sizeof(*sum), GFP_KERNEL);

	if (s && sum)
		show(m, ch, s, sum);
	else
		seq_printf(m, "{\"label\":\"%s\",\"error\":\"no memory\"}", ch->label);
	kfree(sum);
	kfree(s);
}
