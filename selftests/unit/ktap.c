// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"

/*
 * Of the processor, so that a test is as long on a busy machine; one that sleeps may take ten times
 * as long by the clock.
 */
#define SECONDS_PER_TEST	300

static struct ktap_test *tests, **tests_end = &tests;

void ktap_add(struct ktap_test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

void ktap_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# %s:%d: ", file, line);
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_exit(1);	/* not exit(): what was cut short would be reported as leaks */
}

static void set_limits(void)
{
	const char *given = getenv("KTAP_SECONDS");
	int seconds = given ? atoi(given) : SECONDS_PER_TEST;
	struct itimerval limit = { .it_value.tv_sec = seconds };

	setitimer(ITIMER_PROF, &limit, NULL);
	alarm(10 * seconds);
}

static int run_in_child(const struct ktap_test *test)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid) {
		set_limits();
		test->run();
		exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	if (WIFSIGNALED(status))
		printf("# %s: killed by signal %d\n", test->name, WTERMSIG(status));
	return status;
}

static int is_wanted(const struct ktap_test *test, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++) {
		if (!strcmp(*names, test->name))
			return 1;
	}
	return 0;
}

/* Usage: program [test...] */
int main(int argc, char **argv)
{
	int number = 0, failed = 0;
	struct ktap_test *test;

	(void)argc;
	for (test = tests; test; test = test->next)
		number += is_wanted(test, argv + 1);
	printf("KTAP version 1\n1..%d\n", number);
	number = 0;
	for (test = tests; test; test = test->next) {
		int status;

		if (!is_wanted(test, argv + 1))
			continue;
		status = run_in_child(test);
		printf("%s %d %s\n", status ? "not ok" : "ok", ++number, test->name);
		failed += !!status;
	}
	return failed ? 1 : 0;
}
