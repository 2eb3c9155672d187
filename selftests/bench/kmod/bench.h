/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the drivers under comparison have in common: a workload, how far it is, and how a driver is
 * told to do its part of it. main.c measures; a driver opens its channel and moves packets.
 */
#ifndef KMCL_BENCH_H
#define KMCL_BENCH_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/types.h>

#define BENCH_MAX_PAYLOAD	4096u
#define BENCH_MAX_EXTERNAL	65536u
#define BENCH_MAX_DEPTH		256u
#define BENCH_SENDERS		8u
#define BENCH_LIMIT_SECONDS	300	/* of a run */
#define BENCH_EXTERNAL_MESSAGE	64u	/* bytes that go with external data */

enum bench_kind {
	BENCH_REQUEST,		/* a message and its completion, so many at once */
	BENCH_EXTERNAL,		/* the same with external data */
	BENCH_OUT,		/* messages to the other side */
	BENCH_IN,		/* and from it */
	BENCH_FULL,		/* from many threads into a ring that is always full */
};

struct bench_workload {
	enum bench_kind kind;
	u32 payload;		/* bytes; of BENCH_EXTERNAL those beside the message */
	u32 depth;		/* requests at once; of BENCH_OUT: sends that wait for room */
	u32 packets;
};

static inline bool bench_asks(const struct bench_workload *w)
{
	return w->kind == BENCH_REQUEST || w->kind == BENCH_EXTERNAL;
}

/* Data pages of a ring. */
static inline u32 bench_ring_pages(const struct bench_workload *w)
{
	return w->kind == BENCH_FULL ? 4 : 64;
}

/* Bytes of the message itself. */
static inline u32 bench_message(const struct bench_workload *w)
{
	return w->kind == BENCH_EXTERNAL ? BENCH_EXTERNAL_MESSAGE : w->payload;
}

/* One run. The end of the last packet completes done. */
struct bench_run {
	struct bench_workload w;
	atomic_t started;
	atomic_t finished;
	struct completion done;
	int error;
};

struct bench_driver {
	struct list_head all;
	const char *name;
	bool is_open;
	bool alone;		/* closed after each run: another driver wants the same device */
	u32 ring_pages;		/* as it was opened */
	int (*open)(const struct bench_workload *w);
	void (*close)(void);
	/* What is no part of the time; may be NULL. */
	int (*prepare)(struct bench_run *run);
	/* Begins the run and returns; packets go on from callbacks. Streams may sleep in here. */
	int (*start)(struct bench_run *run);
	/* Signals of both sides; NULL: kmcl counts them itself, in debugfs. */
	u64 (*signals)(void);
};

/* Not at the same time as a run. bench_unregister() closes the driver. */
void bench_register(struct bench_driver *driver);
void bench_unregister(struct bench_driver *driver);

/*
 * Has so many threads call @body with their numbers, and waits for them: 0, or an error of one.
 * @bound: each stays on a processor, in turn.
 */
int bench_in_threads(unsigned int count, bool bound, int (*body)(void *data, unsigned int number),
		     void *data);

/* Has BENCH_SENDERS threads call @send, which returns when no packet is left to send. */
int bench_send_in_threads(struct bench_run *run, int (*send)(struct bench_run *run));

static inline void bench_finish_one(struct bench_run *run)
{
	if (atomic_inc_return(&run->finished) == run->w.packets)
		complete(&run->done);
}

/* May another packet be sent? */
static inline bool bench_next(struct bench_run *run)
{
	return atomic_add_unless(&run->started, 1, run->w.packets);
}

static inline void bench_fail(struct bench_run *run, int error)
{
	WRITE_ONCE(run->error, error);
	complete(&run->done);
}

extern struct bench_driver bench_kmcl_local;
extern struct bench_driver bench_linux_local;

#endif
