// SPDX-License-Identifier: GPL-2.0-only
/*
 * A benchmark in a kernel. `echo DRIVER KIND PAYLOAD DEPTH PACKETS >parameters/run` does one run,
 * and reading it tells nanoseconds, packets and signals. A channel stays open from its driver's
 * first run to `echo DRIVER close`, so that runs of two drivers can take turns.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "bench.h"

static LIST_HEAD(drivers);
static const char * const kinds[] = { "request", "external", "out", "in", "full" };
static DEFINE_MUTEX(lock);	/* the runs, the drivers, and which of them are open */
static char result[128];

static u64 signals_of(const struct bench_driver *driver)
{
	return driver->signals ? driver->signals() : 0;
}

static int measure(const struct bench_driver *driver, struct bench_run *run)
{
	int err = driver->prepare ? driver->prepare(run) : 0;
	ktime_t start;
	u64 signals;

	if (err)
		return err;
	signals = signals_of(driver);
	start = ktime_get();
	err = driver->start(run);
	if (err)
		return err;
	/* A run that fails has packets under way: its channel is closed before it is forgotten. */
	if (!wait_for_completion_timeout(&run->done, BENCH_LIMIT_SECONDS * HZ))
		return -ETIMEDOUT;
	if (run->error)
		return run->error;
	scnprintf(result, sizeof(result), "ns %lld packets %u signals %llu",
		  ktime_to_ns(ktime_sub(ktime_get(), start)), run->w.packets,
		  signals_of(driver) - signals);
	return 0;
}

static void close_driver(struct bench_driver *driver)
{
	if (driver->is_open)
		driver->close();
	driver->is_open = false;
}

static int open_driver(struct bench_driver *driver, const struct bench_workload *w)
{
	int err;

	if (driver->ring_pages != bench_ring_pages(w))
		close_driver(driver);
	if (driver->is_open)
		return 0;
	err = driver->open(w);
	driver->is_open = !err;
	driver->ring_pages = bench_ring_pages(w);
	return err;
}

static int do_run(struct bench_driver *driver, const struct bench_workload *w)
{
	static struct bench_run run;
	int err = open_driver(driver, w);

	if (err)
		return err;
	memset(&run, 0, sizeof(run));
	run.w = *w;
	init_completion(&run.done);
	err = measure(driver, &run);
	if (err || driver->alone)
		close_driver(driver);
	return err;
}

static struct bench_driver *find_driver(const char *name)
{
	struct bench_driver *driver;

	list_for_each_entry(driver, &drivers, all)
		if (!strcmp(driver->name, name))
			return driver;
	return NULL;
}

static bool is_good(const struct bench_workload *w)
{
	u32 most = w->kind == BENCH_EXTERNAL ? BENCH_MAX_EXTERNAL : BENCH_MAX_PAYLOAD;

	return w->payload && w->payload <= most && w->payload % 8 == 0 && w->packets && w->depth &&
	       w->depth <= BENCH_MAX_DEPTH;
}

static int set_with_lock(const char *name, const char *kind, struct bench_workload *w)
{
	struct bench_driver *driver = find_driver(name);
	int known = match_string(kinds, ARRAY_SIZE(kinds), kind);

	if (!driver)
		return -ENOENT;
	if (!strcmp(kind, "close")) {
		close_driver(driver);
		return 0;
	}
	if (known < 0)
		return -EINVAL;
	w->kind = known;
	if (!is_good(w))
		return -EINVAL;
	return do_run(driver, w);
}

static int set_run(const char *text, const struct kernel_param *kp)
{
	char name[16], kind[16];
	struct bench_workload w = {};
	int err;

	if (sscanf(text, "%15s %15s %u %u %u", name, kind, &w.payload, &w.depth, &w.packets) < 2)
		return -EINVAL;
	mutex_lock(&lock);
	err = set_with_lock(name, kind, &w);
	mutex_unlock(&lock);
	return err;
}

static int get_run(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", result);
}

static const struct kernel_param_ops run_ops = { .set = set_run, .get = get_run };

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "DRIVER KIND PAYLOAD DEPTH PACKETS, or DRIVER close");

/* ---- threads ---- */

struct senders {
	struct bench_run *run;
	int (*send)(struct bench_run *run);
};

static int sender(void *data, unsigned int number)
{
	struct senders *senders = data;

	return senders->send(senders->run);
}

int bench_send_in_threads(struct bench_run *run, int (*send)(struct bench_run *run))
{
	struct senders senders = { .run = run, .send = send };

	return bench_in_threads(BENCH_SENDERS, false, sender, &senders);
}
EXPORT_SYMBOL_GPL(bench_send_in_threads);

void bench_register(struct bench_driver *driver)
{
	mutex_lock(&lock);
	list_add_tail(&driver->all, &drivers);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(bench_register);

void bench_unregister(struct bench_driver *driver)
{
	mutex_lock(&lock);
	close_driver(driver);
	list_del(&driver->all);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(bench_unregister);

static int __init bench_init(void)
{
	bench_register(&bench_kmcl_local);
	bench_register(&bench_linux_local);
	return 0;
}

static void __exit bench_exit(void)
{
	bench_unregister(&bench_kmcl_local);
	bench_unregister(&bench_linux_local);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("KMCL: benchmark of channels");
MODULE_LICENSE("GPL");
