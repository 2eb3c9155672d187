// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that opens a pipe: every call, status and order of /dev/kmcl/TYPE/INSTANCE, with the
 * server of pipe_server.ko. Runs in the guest; each test is a process of its own (../unit/ktap.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"

#define DEVICE		"/dev/kmcl/70697065-7465-7374-9c54-010203040506/" \
			"70697065-7465-7374-9c54-010203040507"
#define PARAMETERS	"/sys/module/pipe_server/parameters/"
#define OBJECTS		"/sys/kernel/debug/kmcl/objects"
#define MAX_MESSAGE	1024
#define NOBODY		65534

#define ENUMERATE	2
#define AS_PIPE		4
#define SOCKET		16

#define NOT_SUPPORTED	0xc00000bb

/* ---- the server ---- */

static void command(const char *text)
{
	int fd = open(PARAMETERS "command", O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static long field(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char key[64], value[64];
	long found = -1;

	CHECK(file);
	while (fscanf(file, "%63s %63s", key, value) == 2)
		if (!strcmp(key, name))
			found = strtol(value, NULL, 0);
	fclose(file);
	return found;
}

static long server(const char *name)
{
	return field(PARAMETERS "state", name);
}

static void offer_with(unsigned int flags)
{
	char text[32];

	snprintf(text, sizeof(text), "offer %u", flags);
	command("keep 0");
	command("refuse 0");
	command(text);
}

/* ---- the pipe ---- */

static int open_pipe(int flags)
{
	int fd;

	offer_with(AS_PIPE);
	fd = open(DEVICE, O_RDWR | flags);
	if (fd < 0)
		FAIL("open: %s", strerror(errno));
	return fd;
}

static void fails_with(long result, int error)
{
	CHECK_EQ(result, -1);
	CHECK_EQ(errno, error);
}

static int events(int fd, int wanted, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = wanted };

	CHECK(poll(&pollfd, 1, ms) >= 0);
	return pollfd.revents;
}

static void say(int fd, const void *message, size_t length)
{
	CHECK_EQ(write(fd, message, length), length);
}

static void hear(int fd, const void *message, size_t length)
{
	char buffer[MAX_MESSAGE + 1];

	CHECK_EQ(read(fd, buffer, sizeof(buffer)), length);
	CHECK(!memcmp(buffer, message, length));
}

/* Numbers from 0 on, as the server says them. */
static void hear_numbers(int fd, unsigned long long count)
{
	unsigned long long i;

	for (i = 0; i < count; i++)
		hear(fd, &i, sizeof(i));
}

static pid_t child(void (*run)(int fd), int fd)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(fd);
		exit(0);
	}
	return pid;
}

static void ends_well(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* The state of a process in /proc: S while it sleeps in a call. */
static char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file && fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state;
}

static void wait_until_blocked(pid_t pid)
{
	while (state_of(pid) != 'S')
		usleep(1000);
}

/* ---- tests ---- */

TEST(a_device_for_root_alone)
{
	struct stat stat_;
	int fd = open_pipe(0);

	CHECK(!fstat(fd, &stat_));
	CHECK(S_ISCHR(stat_.st_mode));
	CHECK_EQ(stat_.st_mode & 07777, 0600);
	CHECK_EQ(stat_.st_uid, 0);
	fails_with(lseek(fd, 0, SEEK_SET), ESPIPE);
	close(fd);
	CHECK(!setuid(NOBODY));
	fails_with(open(DEVICE, O_RDWR), EACCES);
	fails_with(open(DEVICE, O_RDONLY), EACCES);
}

TEST(the_flags_of_the_server)
{
	offer_with(0);
	fails_with(open(DEVICE, O_RDWR), ENOENT);
	offer_with(ENUMERATE);
	CHECK(open(DEVICE, O_RDWR) >= 0);
	offer_with(AS_PIPE | ENUMERATE);
	CHECK(open(DEVICE, O_RDWR) >= 0);
	offer_with(SOCKET);
	CHECK_EQ((uint32_t)server("status"), NOT_SUPPORTED);
	fails_with(open(DEVICE, O_RDWR), ENOENT);
}

TEST(messages_keep_their_length)
{
	static const size_t lengths[] = { 1, 7, 8, 13, MAX_MESSAGE - 1, MAX_MESSAGE };
	char message[MAX_MESSAGE + 1];
	int fd = open_pipe(0);
	size_t i;

	for (i = 0; i < sizeof(message); i++)
		message[i] = 'a' + i % 23;
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		say(fd, message, lengths[i]);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		hear(fd, message, lengths[i]);
	fails_with(write(fd, message, MAX_MESSAGE + 1), EMSGSIZE);
	say(fd, "still", 5);
	hear(fd, "still", 5);
}

TEST(an_empty_message_is_no_end)
{
	int fd = open_pipe(0);

	say(fd, "", 0);
	CHECK_EQ(events(fd, POLLIN, -1), POLLIN);
	hear(fd, "", 0);
	CHECK_EQ(events(fd, POLLIN, 0), 0);
}

TEST(a_short_buffer_loses_nothing)
{
	char buffer[8];
	int fd = open_pipe(0), length = -1;

	CHECK(!ioctl(fd, FIONREAD, &length));
	CHECK_EQ(length, 0);
	say(fd, "twelve bytes", 12);
	CHECK_EQ(events(fd, POLLIN, -1), POLLIN);
	CHECK(!ioctl(fd, FIONREAD, &length));
	CHECK_EQ(length, 12);
	fails_with(read(fd, buffer, sizeof(buffer)), EMSGSIZE);
	hear(fd, "twelve bytes", 12);
	fails_with(ioctl(fd, TIOCGWINSZ, &length), ENOTTY);
}

TEST(a_bad_address_loses_nothing)
{
	char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_pipe(0);

	fails_with(write(fd, nowhere, 4), EFAULT);
	say(fd, "good", 4);
	CHECK_EQ(events(fd, POLLIN, -1), POLLIN);
	fails_with(read(fd, nowhere, 100), EFAULT);
	hear(fd, "good", 4);
}

TEST(nonblocking)
{
	char buffer[8];
	int fd = open_pipe(O_NONBLOCK);

	fails_with(read(fd, buffer, sizeof(buffer)), EAGAIN);
	CHECK_EQ(events(fd, POLLIN | POLLOUT, 0), POLLOUT);
	say(fd, "x", 1);
	CHECK_EQ(events(fd, POLLIN, -1), POLLIN);
	hear(fd, "x", 1);
	fails_with(read(fd, buffer, sizeof(buffer)), EAGAIN);
}

TEST(one_program_at_a_time)
{
	int fd = open_pipe(0);

	fails_with(open(DEVICE, O_RDWR), EBUSY);
	close(fd);
	fd = open(DEVICE, O_RDWR);
	CHECK(fd >= 0);
	say(fd, "again", 5);
	hear(fd, "again", 5);
}

TEST(a_server_that_refuses)
{
	int fd;

	offer_with(AS_PIPE);
	command("refuse 1");
	fails_with(open(DEVICE, O_RDWR), ECONNREFUSED);
	command("refuse 0");
	fd = open(DEVICE, O_RDWR);
	CHECK(fd >= 0);
	say(fd, "now", 3);
	hear(fd, "now", 3);
}

/* What the program does not read waits with the server, not in the memory of the pipe. */
TEST(a_reader_that_does_not_read)
{
	long before = field(OBJECTS, "incoming");
	int fd = open_pipe(0);

	command("say 20000");
	CHECK_EQ(server("status"), 0);
	CHECK_EQ(events(fd, POLLIN, -1), POLLIN);
	usleep(50000);
	CHECK(field(OBJECTS, "incoming") <= before + 3);
	CHECK(field(OBJECTS, "packets") > 1000);
	hear_numbers(fd, 20000);
	CHECK_EQ(events(fd, POLLIN, 0), 0);
}

/* What the server does not take makes the program wait. */
TEST(a_server_that_does_not_read)
{
	long packets, taken = server("received");
	char message[MAX_MESSAGE] = "";
	int fd, n = 0;

	fd = open_pipe(O_NONBLOCK);
	packets = field(OBJECTS, "packets");
	command("keep 1");
	while (write(fd, message, sizeof(message)) == sizeof(message))
		n++;
	CHECK_EQ(errno, EAGAIN);
	CHECK(n > 32 && n < 1000);
	CHECK(field(OBJECTS, "packets") <= packets + 17);
	CHECK_EQ(events(fd, POLLOUT, 0), 0);
	command("keep 0");
	CHECK_EQ(events(fd, POLLOUT, -1), POLLOUT);
	while (server("received") - taken < n)
		usleep(1000);
	fcntl(fd, F_SETFL, 0);
	/* The first was kept and not sent back. */
	while (--n)
		hear(fd, message, sizeof(message));
}

static void blocked_write(int fd)
{
	char message[MAX_MESSAGE] = "";

	while (write(fd, message, sizeof(message)) == sizeof(message))
		;
	CHECK_EQ(errno, EPIPE);
}

TEST(a_blocked_write_goes_on)
{
	char buffer[MAX_MESSAGE];
	int fd = open_pipe(0);
	pid_t pid;

	command("keep 1");
	pid = child(blocked_write, fd);
	wait_until_blocked(pid);
	command("keep 0");
	CHECK_EQ(read(fd, buffer, sizeof(buffer)), MAX_MESSAGE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void expect_end(int fd)
{
	char buffer[8];

	CHECK_EQ(read(fd, buffer, sizeof(buffer)), 0);
}

TEST(a_rescind_ends_a_blocked_read)
{
	int fd = open_pipe(0);
	pid_t pid = child(expect_end, fd);

	wait_until_blocked(pid);
	command("disable");
	ends_well(pid);
}

TEST(a_rescind_ends_a_blocked_write)
{
	int fd = open_pipe(0);
	pid_t pid;

	command("keep 1");
	pid = child(blocked_write, fd);
	wait_until_blocked(pid);
	command("disable");
	ends_well(pid);
}

static void expect_hangup(int fd)
{
	CHECK_EQ(events(fd, 0, -1), POLLHUP);
}

TEST(a_rescind_ends_a_poll)
{
	int fd = open_pipe(0);
	pid_t pid = child(expect_hangup, fd);

	wait_until_blocked(pid);
	command("disable");
	ends_well(pid);
}

TEST(after_a_rescind)
{
	int fd = open_pipe(0);

	command("say 3");
	/* The third is in the store when the second has been read, or waits for room. */
	hear_numbers(fd, 1);
	while (events(fd, POLLIN, 0) != POLLIN)
		;
	command("disable");
	while (!(events(fd, POLLIN, 0) & POLLHUP))
		;
	fails_with(write(fd, "x", 1), EPIPE);
	while (events(fd, POLLIN, 0) & POLLIN) {
		char buffer[8];

		if (!read(fd, buffer, sizeof(buffer)))
			break;
	}
	expect_end(fd);
	expect_end(fd);
	fails_with(open(DEVICE, O_RDWR), ENOENT);

	/* The old file stays at its end beside a new one. */
	offer_with(AS_PIPE);
	CHECK(open(DEVICE, O_RDWR) >= 0);
	expect_end(fd);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Without SA_RESTART. */
static void alarm_soon(void)
{
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGUSR1, &action, NULL);
}

static void interrupted_read(int fd)
{
	char buffer[8];

	alarm_soon();
	fails_with(read(fd, buffer, sizeof(buffer)), EINTR);
}

TEST(a_signal_interrupts_a_read)
{
	int fd = open_pipe(0);
	pid_t pid = child(interrupted_read, fd);

	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	ends_well(pid);
}

static void interrupted_write(int fd)
{
	char message[MAX_MESSAGE] = "";

	alarm_soon();
	while (write(fd, message, sizeof(message)) == sizeof(message))
		;
	CHECK_EQ(errno, EINTR);
}

TEST(a_signal_interrupts_a_write)
{
	int fd = open_pipe(0);
	pid_t pid;

	command("keep 1");
	pid = child(interrupted_write, fd);
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	ends_well(pid);
}

/* A server without IS_PIPE makes its own headers, and may make bad ones. */
TEST(a_server_that_frames_badly)
{
	char buffer[8];
	int fd;

	command("raw 1024");
	fd = open_pipe(0);
	say(fd, "abc", 3);
	hear(fd, "abc", 3);
	command("nonsense");
	CHECK_EQ(events(fd, POLLIN, -1), POLLIN | POLLERR);
	fails_with(read(fd, buffer, sizeof(buffer)), EIO);
	close(fd);
	fd = open(DEVICE, O_RDWR);
	CHECK(fd >= 0);
	say(fd, "abc", 3);
	hear(fd, "abc", 3);
	command("raw 0");
}

/* Above the maximum by what lengths on the wire are rounded: delivery lets it be. */
TEST(longest_message_of_a_raw_server)
{
	static char buffer[65536];
	int fd;

	command("raw 65540");
	fd = open_pipe(0);
	command("padded");
	CHECK_EQ(events(fd, POLLIN, 60000), POLLIN);
	CHECK_EQ(read(fd, buffer, sizeof(buffer)), 65536);
	command("raw 0");
}

static void read_share(int fd)
{
	unsigned long long number;
	int i;

	for (i = 0; i < 500; i++)
		CHECK_EQ(read(fd, &number, sizeof(number)), sizeof(number));
}

static void write_share(int fd)
{
	unsigned long long number = getpid();
	int i;

	for (i = 0; i < 500; i++)
		say(fd, &number, sizeof(number));
}

TEST(many_processes_on_one_file)
{
	int fd = open_pipe(0), i;
	pid_t pids[8];

	for (i = 0; i < 8; i++)
		pids[i] = child(i % 2 ? read_share : write_share, fd);
	for (i = 0; i < 8; i++)
		ends_well(pids[i]);
	CHECK_EQ(events(fd, POLLIN, 0), 0);
}

static void use_forever(int fd)
{
	unsigned long long number = 0;

	for (;; number++) {
		say(fd, &number, sizeof(number));
		hear(fd, &number, sizeof(number));
	}
}

TEST(a_program_that_is_killed)
{
	long opens = server("opens"), closes = server("closes");
	int i;

	for (i = 0; i < 20; i++) {
		int fd = open_pipe(0);
		pid_t pid = child(use_forever, fd);

		close(fd);
		usleep(1000 * i);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	CHECK_EQ(server("opens") - opens, 20);
	while (server("closes") - closes < 20)
		usleep(1000);
}

/* Opens, reads and writes, whatever the server does meanwhile. */
static void use_what_there_is(int unused)
{
	char buffer[8];

	(void)unused;
	for (;;) {
		int fd = open(DEVICE, O_RDWR), i;

		for (i = 0; fd >= 0 && i < 5; i++) {
			if (write(fd, "12345678", 8) == 8)
				i += read(fd, buffer, sizeof(buffer)) != 8;
		}
		close(fd);
	}
}

TEST(a_server_that_comes_and_goes)
{
	pid_t pids[2];
	int i;

	pids[0] = child(use_what_there_is, 0);
	pids[1] = child(use_what_there_is, 0);
	for (i = 0; i < 300; i++) {
		offer_with(AS_PIPE);
		if (i % 3)
			usleep(200 * (i % 7));
		command("disable");
	}
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}
