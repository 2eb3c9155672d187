// SPDX-License-Identifier: GPL-2.0-only
/* Runs suites and prints their results. */
#include <linux/string.h>

#include "client.h"
#include "ktap.h"

static const char *base_name(const char *file)
{
	return kbasename(file);
}

static void complain(struct ktap *t, const char *file, int line)
{
	t->failed = true;
	seq_printf(t->out, "# %s:%d: ", base_name(file), line);
}

bool ktap_check(struct ktap *t, bool good, const char *what, const char *file, int line)
{
	if (!good) {
		complain(t, file, line);
		seq_printf(t->out, "not so: %s\n", what);
	}
	return good;
}

bool ktap_check_equal(struct ktap *t, u64 got, u64 want, const char *what, const char *file,
		      int line)
{
	if (got != want) {
		complain(t, file, line);
		seq_printf(t->out, "%s: got %#llx, expected %#llx\n", what, got, want);
	}
	return got == want;
}

bool ktap_check_text(struct ktap *t, const char *got, const char *want, const char *file, int line)
{
	bool good = !strcmp(got, want);

	if (!good) {
		complain(t, file, line);
		seq_printf(t->out, "got \"%s\", expected \"%s\"\n", got, want);
	}
	return good;
}

static void run(struct ktap *t, const struct ktap_test *test)
{
	struct client *c = client_create();

	if (!CHECK(t, c))
		return;
	test->run(t, c);
	if (!CHECK(t, client_destroy(c)))
		seq_puts(t->out,
			 "# a packet did not complete once, or a callback came out of place\n");
}

/* What hangs can be read in the kernel's log. */
int ktap_show(struct seq_file *out, const struct ktap_suite *suite)
{
	unsigned int i;

	seq_printf(out, "KTAP version 1\n1..%u\n", suite->count);
	for (i = 0; i < suite->count; i++) {
		const struct ktap_test *test = &suite->tests[i];
		struct ktap t = { .out = out };
		ktime_t start = ktime_get();

		pr_info("kmcl-test: %s\n", test->name);
		run(&t, test);
		seq_printf(out, "%s %u %s", t.failed ? "not ok" : "ok", i + 1, test->name);
		if (t.skipped)
			seq_printf(out, " # SKIP %s", t.skipped);
		seq_printf(out, "\n# %lld ms\n", ktime_ms_delta(ktime_get(), start));
	}
	return 0;
}
