// SPDX-License-Identifier: GPL-2.0-only
/*
 * What more channels, more senders and more processors give. `echo DRIVER KIND CHANNELS SENDERS
 * PACKETS >parameters/spread` opens so many channels and has so many threads, each bound to a
 * processor, in turn, send so many packets each; reading it tells the nanoseconds from the first
 * send to the end of the last packet.
 */
#include <linux/bottom_half.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "spread.h"

#define MOST		64u
#define MOST_PACKETS	10000000u
#define BURNT		256u	/* copies of a packet that the driver without channels makes */

/* The one run that there is at a time. */
struct spread_load {
	bool asks;
	u32 channels, senders;
	u32 packets;		/* of each sender */
	atomic_t away;		/* threads that are not ready to send */
	struct completion go;
	atomic_t busy;		/* channels with packets to come */
	struct completion done;
	int error;
	ktime_t start, end;
};

static DEFINE_MUTEX(lock);	/* all of this */
static struct spread_load load;
static struct spread_channel channels[MOST];
static struct spread_sender senders[MOST];
static s64 result;

/* ---- what drivers call ---- */

bool spread_asks(const struct spread_channel *channel)
{
	return channel->load->asks;
}

void spread_ended(struct spread_channel *channel)
{
	if (--channel->missing || !atomic_dec_and_test(&channel->load->busy))
		return;
	channel->load->end = ktime_get();
	complete_all(&channel->load->done);
}

void spread_fail(struct spread_channel *channel, int error)
{
	WRITE_ONCE(channel->load->error, error);
	complete_all(&channel->load->done);
}

/* ---- a driver without channels: what processors that share nothing give ---- */

static void *open_nothing(struct spread_channel *channel, u32 number)
{
	return channel;
}

static void close_nothing(void *ends)
{
}

static int burn(struct spread_sender *sender)
{
	u8 from[SPREAD_PAYLOAD] = {}, to[SPREAD_PAYLOAD];
	unsigned int i;

	for (i = 0; i < BURNT; i++) {
		memcpy(to, from, sizeof(to));
		barrier_data(to);
	}
	spread_ended(sender->channel);
	return 0;
}

static const struct spread_driver spread_nothing = {
	.name = "nothing", .open = open_nothing, .close = close_nothing, .send = burn,
};

/* ---- senders ---- */

/* Requests that a sender sends itself; completions send the rest. */
static u32 first_requests(void)
{
	return min(load.packets, SPREAD_DEPTH);
}

/* Together, before their completions are looked at. */
static int begin_requests(struct spread_channel *channel)
{
	u32 count = first_requests();
	int err = 0;

	local_bh_disable();
	while (!err && count--)
		err = channel->driver->ask(channel);
	local_bh_enable();
	return err;
}

static int stream(struct spread_sender *sender)
{
	u32 count = load.packets;
	int err = 0;

	while (!err && count--) {
		err = sender->channel->driver->send(sender);
		cond_resched();
	}
	return err;
}

static int send(void *data, unsigned int number)
{
	struct spread_sender *sender = &senders[number];

	if (atomic_dec_and_test(&load.away)) {
		load.start = ktime_get();
		complete_all(&load.go);
	}
	wait_for_completion(&load.go);
	return load.asks ? begin_requests(sender->channel) : stream(sender);
}

/* ---- a run ---- */

static int open_all(const struct spread_driver *driver)
{
	u32 share = load.senders / load.channels, i;

	memset(channels, 0, sizeof(channels));
	for (i = 0; i < load.channels; i++) {
		struct spread_channel *channel = &channels[i];

		channel->load = &load;
		channel->driver = driver;
		channel->left = share * (load.packets - first_requests());
		channel->missing = share * load.packets;
		channel->ends = driver->open(channel, i);
		if (!channel->ends)
			return -EIO;
	}
	return 0;
}

/* Behind this nothing of the run is under way. */
static void close_all(const struct spread_driver *driver)
{
	u32 i;

	for (i = 0; i < load.channels && channels[i].ends; i++)
		driver->close(channels[i].ends);
}

static void make_senders(void)
{
	u32 i;

	for (i = 0; i < load.senders; i++) {
		senders[i].channel = &channels[i % load.channels];
		atomic_set(&senders[i].waiting, 0);
		init_waitqueue_head(&senders[i].room);
	}
	atomic_set(&load.away, load.senders);
	atomic_set(&load.busy, load.channels);
	init_completion(&load.go);
	init_completion(&load.done);
}

static int measure(void)
{
	int err = bench_in_threads(load.senders, true, send, NULL);

	if (err)
		return err;
	if (!wait_for_completion_timeout(&load.done, BENCH_LIMIT_SECONDS * HZ))
		return -ETIMEDOUT;
	result = ktime_to_ns(ktime_sub(load.end, load.start));
	return load.error;
}

static int run(const struct spread_driver *driver)
{
	int err;

	make_senders();
	err = open_all(driver);
	if (!err)
		err = measure();
	close_all(driver);
	return err;
}

/* ---- the parameter ---- */

static const struct spread_driver *find_driver(const char *name)
{
	static const struct spread_driver * const drivers[] = {
		&spread_kmcl, &spread_linux, &spread_nothing
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	return NULL;
}

static bool is_good(const struct spread_driver *driver)
{
	if (!load.channels || !load.senders || load.senders > MOST ||
	    load.senders % load.channels || !load.packets || load.packets > MOST_PACKETS)
		return false;
	/* Without a channel nobody puts the senders of one in turns. */
	return driver->ask || (!load.asks && load.senders == load.channels);
}

static int set_spread(const char *text, const struct kernel_param *kp)
{
	const struct spread_driver *driver;
	char name[16], kind[16];
	int err = -EINVAL;

	mutex_lock(&lock);
	memset(&load, 0, sizeof(load));
	if (sscanf(text, "%15s %15s %u %u %u", name, kind, &load.channels, &load.senders,
		   &load.packets) != 5)
		goto unlock;
	driver = find_driver(name);
	load.asks = !strcmp(kind, "request");
	if (driver && (load.asks || !strcmp(kind, "stream")) && is_good(driver))
		err = run(driver);
unlock:
	mutex_unlock(&lock);
	return err;
}

static int get_spread(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lld\n", result);
}

static const struct kernel_param_ops spread_ops = { .set = set_spread, .get = get_spread };

module_param_cb(spread, &spread_ops, NULL, 0600);
MODULE_PARM_DESC(spread, "DRIVER KIND CHANNELS SENDERS PACKETS");
