// SPDX-License-Identifier: GPL-2.0-only
/*
 * Noise for a guest whose tests must not depend on time or on the order in which threads run.
 *
 *	noise N
 *
 * N processes are busy and asleep in turns, each time for up to 300 ms and with another priority,
 * real-time ones among them. One more gives any thread that a test may wait for another priority,
 * all the time: a worker that has just been queued may run before the thread that queued it goes
 * on, or long after.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_MS	300
#define SHUFFLE_MS	8

static unsigned int any(unsigned int below)
{
	return random() % below;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void sleep_up_to(unsigned int ms)
{
	usleep(1000 + any(ms * 1000));
}

/* Fails for a thread that has ended. */
static void set_priority(int thread, int policy, int nice)
{
	struct sched_param param = { .sched_priority = policy == SCHED_FIFO ? 1 + any(20) : 0 };

	sched_setscheduler(thread, policy, &param);
	setpriority(PRIO_PROCESS, thread, nice);
}

static void any_priority(int thread)
{
	static const int policies[] = { SCHED_FIFO, SCHED_IDLE, SCHED_OTHER, SCHED_OTHER };

	set_priority(thread, policies[any(4)], (int)any(40) - 20);
}

static void be_busy(void)
{
	for (;;) {
		long long until = now_ms() + 1 + any(LONGEST_MS);

		any_priority(0);
		while (now_ms() < until)
			;
		sleep_up_to(LONGEST_MS);
	}
}

static void read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "r");

	if (!file || !fgets(line, size, file))
		line[0] = '\0';
	if (file)
		fclose(file);
}

/* Not what keeps the machine alive. */
static bool is_shuffled(int process)
{
	static const char * const others[] = { "rcu", "migration", "cpuhp", "kthreadd", NULL };
	const char * const *other;
	char path[64], name[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", process);
	read_line(path, name, sizeof(name));
	for (other = others; *other; other++)
		if (!strncmp(name, *other, strlen(*other)))
			return false;
	return process != 1;
}

static void shuffle_threads(int process)
{
	struct dirent *entry;
	char path[64];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	tasks = opendir(path);
	if (!tasks)
		return;
	while ((entry = readdir(tasks)))
		if (atoi(entry->d_name))
			any_priority(atoi(entry->d_name));
	closedir(tasks);
}

static void shuffle(void)
{
	struct dirent *entry;
	DIR *processes;

	for (;;) {
		processes = opendir("/proc");
		while (processes && (entry = readdir(processes))) {
			int process = atoi(entry->d_name);

			if (!process || any(4) || getpgid(process) == getpgrp() ||
			    !is_shuffled(process))
				continue;
			shuffle_threads(process);
			sleep_up_to(SHUFFLE_MS);
		}
		if (processes)
			closedir(processes);
	}
}

static void start(void (*run)(void), int seed)
{
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, 9);
	srandom(seed);
	run();
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;
	struct sched_param most = { .sched_priority = 90 };
	int seed = time(NULL);

	setpgid(0, 0);
	while (n-- > 0)
		start(be_busy, seed + n);
	sched_setscheduler(0, SCHED_FIFO, &most);
	srandom(seed - 1);
	shuffle();
	return 0;
}
