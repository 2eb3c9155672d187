// SPDX-License-Identifier: GPL-2.0-only
/* peer_test.ko: reading debugfs kmcl-peer/SUITE runs a suite with the test peer. */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "peer.h"
#include "failing.h"

unsigned int peer_echoes = 4500;
module_param_named(echoes, peer_echoes, uint, 0444);
MODULE_PARM_DESC(echoes, "echoes of the echo tests, in all");

unsigned int peer_chains = 200;
module_param_named(chains, peer_chains, uint, 0444);
MODULE_PARM_DESC(chains, "MDL chains of each external data test");

unsigned int peer_rescinds = 8;
module_param_named(rescinds, peer_rescinds, uint, 0644);
MODULE_PARM_DESC(rescinds, "rescinds at each stage");

unsigned int peer_limit_ms = 20000;
module_param_named(limit_ms, peer_limit_ms, uint, 0444);
MODULE_PARM_DESC(limit_ms, "what has to be over soon is over after so many milliseconds");

bool peer_local;
module_param_named(local, peer_local, bool, 0444);
MODULE_PARM_DESC(local, "the peer is local_peer.ko, not a host");

static const struct ktap_suite * const suites[] = {
	&echo_suite,
	&external_suite,
	&gpadl_suite,
	&incoming_suite,
	&completion_suite,
	&malformed_suite,
	&rescind_suite,
	&properties_suite,
	&rings_suite,
	&pipe_suite,
	&pnp_suite,
	&sleep_open_suite,
	&sleep_untouched_suite,
	&sleep_closed_suite,
	&sleep_slow_suite,
	&sleep_refused_suite,
	&sleep_end_suite,
	&peer_faults_suite,
};

static struct dentry *dir;

static int suite_show(struct seq_file *out, void *unused)
{
	return ktap_show(out, out->private);
}

static int suite_open(struct inode *inode, struct file *file)
{
	/* Once: a file that outgrows its buffer is shown a second time. */
	return single_open_size(file, suite_show, inode->i_private, 1 << 18);
}

static const struct file_operations suite_fops = {
	.owner		= THIS_MODULE,
	.open		= suite_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int __init peer_test_init(void)
{
	unsigned int i;

	dir = debugfs_create_dir("kmcl-peer", NULL);
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		debugfs_create_file(suites[i]->name, 0400, dir, (void *)suites[i], &suite_fops);
	return 0;
}

static void __exit peer_test_exit(void)
{
	debugfs_remove(dir);
	failing_end();
}

module_init(peer_test_init);
module_exit(peer_test_exit);
MODULE_DESCRIPTION("KMCL tests with the test peer");
MODULE_LICENSE("GPL");
