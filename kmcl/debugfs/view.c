// SPDX-License-Identifier: GPL-2.0-only
/*
 * The directory of each channel in debugfs, and the file of all channels.
 *
 * A channel is listed from VmbChannelAllocate to VmbChannelCleanup. Removing a file waits for those
 * who read it, and what they read never waits for anything; so a channel that is not listed any
 * more is looked at by nobody.
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "view.h"

static DEFINE_MUTEX(listing);		/* covers the list, and names of channels that are listed */
static LIST_HEAD(channels);
static struct dentry *channels_dir;
static atomic_t last_number;

/* ---- one file ---- */

static int one_show(struct seq_file *m, void *unused)
{
	const struct kmcl_view_file *file = m->private;

	file->show(m, file->ch, file->n);
	seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(one);

static void show_counter(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	seq_printf(m, "%llu", kmcl_counter_sum(ch, n));
}

static void show_malformed(struct seq_file *m, struct kmcl_channel *ch, unsigned int n)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(ch->counters, cpu)->malformed[n]);
	seq_printf(m, "%llu", sum);
}

/* ---- a directory ---- */

static struct kmcl_view_file *add_file(struct kmcl_view_file *file, struct kmcl_channel *ch,
				       const char *name,
				       void (*show)(struct seq_file *m, struct kmcl_channel *ch,
						    unsigned int n), unsigned int n)
{
	*file = (struct kmcl_view_file) { .ch = ch, .show = show, .n = n };
	debugfs_create_file(name, 0400, ch->files->dir, file, &one_fops);
	return file + 1;
}

static struct kmcl_view_file *add_kinds(struct kmcl_view_file *file, struct kmcl_channel *ch,
					const struct kmcl_view_kind *kind, unsigned int count)
{
	for (; count; count--, kind++)
		file = add_file(file, ch, kind->name, kind->show, kind->n);
	return file;
}

static void add_traffic(struct kmcl_channel *ch, struct kmcl_view_file *file)
{
	unsigned int i;
	char name[32];

	file = add_kinds(file, ch, kmcl_view_traffic, KMCL_VIEW_TRAFFIC);
	for (i = 0; i < KMCL_COUNTERS_COUNT; i++)
		file = add_file(file, ch, kmcl_counter_name(i), show_counter, i);
	for (i = KMCL_WELL_FORMED + 1; i < KMCL_MALFORMED_KINDS; i++) {
		snprintf(name, sizeof(name), "malformed_%s", kmcl_malformed_word(i));
		file = add_file(file, ch, name, show_malformed, i);
	}
}

static void add_identity(struct kmcl_channel *ch)
{
	ch->files->dir = debugfs_create_dir(ch->label, channels_dir);
	add_kinds(ch->files->identity, ch, kmcl_view_identity, KMCL_VIEW_IDENTITY);
	debugfs_create_u32("budget", 0600, ch->files->dir, &ch->rx.budget);
	debugfs_create_u32("time_ms", 0600, ch->files->dir, &ch->rx.time_ms);
}

/* A channel has got its name. Without memory it has no files; nothing else depends on them. */
void kmcl_view_add(struct kmcl_channel *ch)
{
	if (!ch->number)
		ch->number = atomic_inc_return(&last_number);
	kmcl_view_label(ch);
	mutex_lock(&listing);
	list_add_tail(&ch->listed, &channels);
	mutex_unlock(&listing);
	ch->files = kzalloc(sizeof(*ch->files), GFP_KERNEL | __GFP_NOWARN);
	if (ch->files)
		add_identity(ch);
}

/* ... is being opened, and there will be traffic ... */
void kmcl_view_open(struct kmcl_channel *ch)
{
	struct kmcl_files *files = ch->files;

	if (!files || files->traffic)
		return;
	files->traffic = kcalloc(KMCL_VIEW_OPENED, sizeof(*files->traffic),
				 GFP_KERNEL | __GFP_NOWARN);
	if (files->traffic)
		add_traffic(ch, files->traffic);
}

static void remove_files(struct kmcl_files *files)
{
	debugfs_remove_recursive(files->dir);
	kfree(files->traffic);
	kfree(files);
}

/* ... gets another name, or goes. */
void kmcl_view_remove(struct kmcl_channel *ch)
{
	if (ch->files)
		remove_files(ch->files);
	ch->files = NULL;
	mutex_lock(&listing);
	list_del(&ch->listed);
	mutex_unlock(&listing);
}

/* ---- all channels ---- */

static int all_show(struct seq_file *m, void *unused)
{
	const char *between = "\n";
	struct kmcl_channel *ch;

	seq_printf(m, "{\"format\":1,\"time_ns\":%llu,\"latency\":%s,\"channels\":[",
		   ktime_get_ns(), static_key_enabled(&kmcl_latency_key) ? "true" : "false");
	mutex_lock(&listing);
	list_for_each_entry(ch, &channels, listed) {
		seq_puts(m, between);
		kmcl_view_json(m, ch);
		between = ",\n";
	}
	mutex_unlock(&listing);
	seq_puts(m, "\n]}\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(all);

static int latency_get(void *unused, u64 *value)
{
	*value = static_key_enabled(&kmcl_latency_key);
	return 0;
}

static int latency_set(void *unused, u64 value)
{
	return kmcl_latency_switch(value);
}
DEFINE_DEBUGFS_ATTRIBUTE(latency_fops, latency_get, latency_set, "%llu\n");

void kmcl_view_init(struct dentry *root)
{
	channels_dir = debugfs_create_dir("channels", root);
	debugfs_create_file("channels.json", 0400, root, NULL, &all_fops);
	debugfs_create_file("latency", 0600, root, NULL, &latency_fops);
}
