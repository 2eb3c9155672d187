/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test runner: each TEST() runs in a process of its own, so that a crash, a sanitizer's abort
 * or a hang is one failed test and the rest still run.
 */
#ifndef UNIT_KTAP_H
#define UNIT_KTAP_H

#include <stdint.h>

struct ktap_test {
	const char *name;
	void (*run)(void);
	struct ktap_test *next;
};

void ktap_add(struct ktap_test *test);
_Noreturn void ktap_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define TEST(test_name) \
	static void test_name(void); \
	static struct ktap_test test_name##_test = { .name = #test_name, .run = test_name }; \
	__attribute__((constructor)) static void test_name##_add(void) \
	{ \
		ktap_add(&test_name##_test); \
	} \
	static void test_name(void)

#define FAIL(...)	ktap_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			FAIL("%s", #condition); \
	} while (0)

#define CHECK_EQ(have, want) \
	do { \
		long long have_ = (have), want_ = (want); \
		if (have_ != want_) \
			FAIL("%s is %lld (%#llx), not %lld (%#llx)", #have, \
			     have_, have_, want_, want_); \
	} while (0)

/* xorshift64*: the same sequence on every machine. */
static inline uint32_t unit_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dull) >> 32;
}

static inline uint32_t unit_below(uint64_t *state, uint32_t limit)
{
	return unit_random(state) % limit;
}

#endif
