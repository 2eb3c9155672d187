/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests that run in the kernel and print KTAP into a debugfs file. (KUnit would do; the stock
 * Debian kernels are built without it.)
 *
 * A test's name says which functions it covers, which entry of the specification it checks, and
 * what it expects: "VmbChannelPause: 4.5 sends go on while paused".
 */
#ifndef KMCL_KTAP_H
#define KMCL_KTAP_H

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>

struct client;

struct ktap {
	struct seq_file *out;
	bool failed;
	const char *skipped;
};

struct ktap_test {
	const char *name;
	/* The client is new, Disabled, and has a device of its own that is not offered yet. */
	void (*run)(struct ktap *t, struct client *c);
};

struct ktap_suite {
	const char *name;
	const struct ktap_test *tests;
	unsigned int count;
};

/* Of a file whose tests are an array named tests, which may be said once more. */
#define KTAP_SUITE(suite_name, ...) \
	{ .name = suite_name, .tests = tests, .count = ARRAY_SIZE(tests) }

bool ktap_check(struct ktap *t, bool good, const char *what, const char *file, int line);
bool ktap_check_equal(struct ktap *t, u64 got, u64 want, const char *what, const char *file,
		      int line);
bool ktap_check_text(struct ktap *t, const char *got, const char *want, const char *file, int line);
int ktap_show(struct seq_file *out, const struct ktap_suite *suite);

#define CHECK(t, condition) \
	ktap_check(t, condition, #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(t, got, want) \
	ktap_check_equal(t, (u64)(got), (u64)(want), #got, __FILE__, __LINE__)
/* The low 32 bits: an NTSTATUS. */
#define CHECK_STATUS(t, got, want) \
	ktap_check_equal(t, (u32)(got), (u32)(want), #got, __FILE__, __LINE__)
#define CHECK_TEXT(t, got, want) \
	ktap_check_text(t, got, want, __FILE__, __LINE__)

/* Something that happens in another context: true as soon as it has, false after @ms. */
#define WITHIN(ms, condition) ({					\
	unsigned long __end = jiffies + msecs_to_jiffies(ms);		\
	bool __has;							\
									\
	for (;;) {							\
		bool __late = time_after(jiffies, __end);		\
									\
		__has = (condition);					\
		if (__has || __late)					\
			break;						\
		usleep_range(500, 1000);				\
	}								\
	__has;								\
})

#define SOON(condition)		WITHIN(60000, condition)

/* ... and something that must not happen: true if it stays so for @ms. */
#define STAYS(ms, condition)	(!WITHIN(ms, !(condition)))

#define CHECK_SOON(t, condition) \
	ktap_check(t, SOON(condition), "soon: " #condition, __FILE__, __LINE__)
#define CHECK_STAYS(t, ms, condition) \
	ktap_check(t, STAYS(ms, condition), "stays: " #condition, __FILE__, __LINE__)

#endif
