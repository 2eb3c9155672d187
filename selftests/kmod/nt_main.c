// SPDX-License-Identifier: GPL-2.0-only
/* nt_test.ko: runs the tests of the NT subset; with misuse=1 those of driver errors instead. */
#include "nt_test.h"

bool nt_failed;

static bool misuse;
module_param(misuse, bool, 0444);
MODULE_PARM_DESC(misuse, "test driver errors, which warn in the log");

static const struct nt_test * const lists[] = {
	nt_basics_tests, nt_sync_tests, nt_text_tests, nt_small_tests,
};

static const struct nt_test * const misuse_lists[] = {
	nt_misuse_tests, nt_sync_misuse_tests, nt_small_misuse_tests,
};

static unsigned int count(const struct nt_test *test)
{
	unsigned int n = 0;

	while (test[n].name)
		n++;
	return n;
}

static void run(const struct nt_test * const *list, unsigned int n)
{
	const struct nt_test *test;
	unsigned int i, all = 0, number = 0;

	for (i = 0; i < n; i++)
		all += count(list[i]);
	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", all);
	for (i = 0; i < n; i++) {
		for (test = list[i]; test->name; test++) {
			nt_failed = false;
			test->run();
			pr_info("%s %u %s\n", nt_failed ? "not ok" : "ok", ++number, test->name);
		}
	}
}

static int __init nt_test_init(void)
{
	if (misuse)
		run(misuse_lists, ARRAY_SIZE(misuse_lists));
	else
		run(lists, ARRAY_SIZE(lists));
	return 0;
}
module_init(nt_test_init);

static void __exit nt_test_exit(void)
{
}
module_exit(nt_test_exit);

MODULE_DESCRIPTION("Tests of the NT subset of KMCL for Linux");
MODULE_LICENSE("GPL");
