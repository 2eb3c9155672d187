/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of the NT subset, against what Microsoft documents. They run when nt_test.ko is loaded and
 * print KTAP into the log, each line after "nt_test: ".
 */
#ifndef KMCL_NT_TEST_H
#define KMCL_NT_TEST_H

#undef pr_fmt
#define pr_fmt(fmt) "nt_test: " fmt

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "ntddk.h"
#include "ntintsafe.h"
#include "ntstrsafe.h"
#include "wdf.h"
#include "winternl.h"
#include "kmcl/driver.h"
#include "../../kmcl/nt/nt.h"

#define TAG	0x74736574
#define MS	10000LL		/* in 100 ns */

struct nt_test {
	const char *name;
	void (*run)(void);
};

/* Each ends with an empty entry. The tests of misuse provoke warnings. */
extern const struct nt_test nt_basics_tests[];
extern const struct nt_test nt_sync_tests[];
extern const struct nt_test nt_text_tests[];
extern const struct nt_test nt_small_tests[];
extern const struct nt_test nt_misuse_tests[];
extern const struct nt_test nt_sync_misuse_tests[];
extern const struct nt_test nt_small_misuse_tests[];

extern bool nt_failed;		/* the test that runs */

#define CHECK(condition) do {							\
	if (!(condition)) {							\
		pr_info("# %s:%d: not so: %s\n", kbasename(__FILE__), __LINE__, #condition); \
		nt_failed = true;						\
	}									\
} while (0)

#define CHECK_EQUAL(got, want) do {						\
	s64 _got = (s64)(got), _want = (s64)(want);				\
										\
	if (_got != _want) {							\
		pr_info("# %s:%d: %s: got %#llx, expected %#llx\n",		\
			kbasename(__FILE__), __LINE__, #got, _got, _want);	\
		nt_failed = true;						\
	}									\
} while (0)

LARGE_INTEGER nt_large(LONGLONG value);
LONGLONG nt_now(void);
NTSTATUS nt_wait(PVOID object, LONGLONG due);
NTSTATUS nt_wait_for_ever(PVOID object);
PVOID nt_begin_thread(PKSTART_ROUTINE routine, PVOID context);
void nt_end_thread(PVOID thread);

#endif
