// SPDX-License-Identifier: GPL-2.0-only
/* kmcl_test.ko: a debugfs file for each suite. Reading it runs the suite and gives the result. */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "failing.h"
#include "suites.h"

static const struct ktap_suite * const suites[] = {
	&lifecycle_suite, &rescind_suite, &pause_suite, &arguments_suite, &packet_suite,
	&send_suite, &room_suite, &receive_suite, &quota_suite, &malformed_suite,
	&synchronous_suite, &pipe_suite, &external_suite, &gpadl_suite, &interface_suite,
	&stress_suite, &local_suite, &server_suite, &local_packet_suite,
	&local_memory_suite, &pending_suite, &storm_suite, &hostile_suite, &pnp_suite, &wdf_suite,
	&save_suite, &restore_suite, &counters_suite, &faults_suite, &race_suite,
	&misuse_suite,
};

static struct dentry *dir;

static int show(struct seq_file *out, void *unused)
{
	return ktap_show(out, out->private);
}

/* Room for all of the output: seq_file would run the tests again for more. */
static int open(struct inode *inode, struct file *file)
{
	return single_open_size(file, show, inode->i_private, 256 << 10);
}

static const struct file_operations suite_fops = {
	.owner		= THIS_MODULE,
	.open		= open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int __init kmcl_test_init(void)
{
	unsigned int i;

	dir = debugfs_create_dir("kmcl-test", NULL);
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		debugfs_create_file(suites[i]->name, 0400, dir, (void *)suites[i], &suite_fops);
	return 0;
}

static void __exit kmcl_test_exit(void)
{
	debugfs_remove_recursive(dir);
	failing_end();
}

module_init(kmcl_test_init);
module_exit(kmcl_test_exit);
MODULE_DESCRIPTION("KMCL: tests of client channels, on the test bus");
MODULE_LICENSE("GPL");
