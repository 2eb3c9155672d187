// SPDX-License-Identifier: GPL-2.0-only
/* What exists and what went wrong, in debugfs. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "channel.h"
#include "debugfs/view.h"
#include "stats.h"
#include "nt/nt.h"

atomic_t kmcl_objects[KMCL_OBJECTS];
atomic_t kmcl_events[KMCL_COUNTS];

atomic_t kmcl_pend_external;

static struct dentry *dir;

static int objects_show(struct seq_file *m, void *unused)
{
	static const char * const names[KMCL_OBJECTS] = {
		[KMCL_OBJECT_CHANNEL]	= "channels",
		[KMCL_OBJECT_PACKET]	= "packets",
		[KMCL_OBJECT_INCOMING]	= "incoming",
		[KMCL_OBJECT_REQUEST]	= "requests",
	};
	unsigned int i;

	for (i = 0; i < KMCL_OBJECTS; i++)
		seq_printf(m, "%s %d\n", names[i], atomic_read(&kmcl_objects[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(objects);

static int events_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = KMCL_WELL_FORMED + 1; i < KMCL_MALFORMED_KINDS; i++)
		seq_printf(m, "%s: %d\n", kmcl_malformed_name(i), atomic_read(&kmcl_events[i]));
	seq_printf(m, "cancel request: %d\n", atomic_read(&kmcl_events[KMCL_COUNT_CANCEL]));
	seq_printf(m, "completion above the maximum packet size: %d\n",
		   atomic_read(&kmcl_events[KMCL_COUNT_OVERSIZE_COMPLETION]));
	seq_printf(m, "local signals: %d\n", atomic_read(&kmcl_events[KMCL_COUNT_SIGNAL]));
	seq_printf(m, "local signals that found nothing: %d\n",
		   atomic_read(&kmcl_events[KMCL_COUNT_IDLE_SIGNAL]));
	seq_printf(m, "packets found after unmasking: %d\n",
		   atomic_read(&kmcl_events[KMCL_COUNT_LATE_LOOK]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(events);

static int pool_show(struct seq_file *m, void *unused)
{
	kmcl_pool_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pool);

void kmcl_stats_init(void)
{
	dir = debugfs_create_dir("kmcl", NULL);
	debugfs_create_file("objects", 0444, dir, NULL, &objects_fops);
	debugfs_create_file("events", 0444, dir, NULL, &events_fops);
	debugfs_create_file("pool", 0444, dir, NULL, &pool_fops);
	kmcl_view_init(dir);
	debugfs_create_atomic_t("pend_external", 0600, dir, &kmcl_pend_external);
}

void kmcl_stats_exit(void)
{
	debugfs_remove_recursive(dir);
}
