// SPDX-License-Identifier: GPL-2.0-only
/* debugfs: kmcl/objects. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "stats.h"

atomic_t kmcl_objects[KMCL_OBJECTS];

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

void kmcl_stats_init(void)
{
	dir = debugfs_create_dir("kmcl", NULL);
	debugfs_create_file("objects", 0444, dir, NULL, &objects_fops);
}

void kmcl_stats_exit(void)
{
	debugfs_remove_recursive(dir);
}
