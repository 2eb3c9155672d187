/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's names that the channel machinery uses, on the machine of machine.h. Every
 * <linux/...> header of these programs is this one.
 */
#ifndef UNIT_KERNEL_H
#define UNIT_KERNEL_H

#define _LINUX_TYPES_H		/* for include/: Linux's names are there */

#include <asm-generic/errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* ---- the compiler ---- */

#define __releases(lock)
#define __aligned(x)		__attribute__((aligned(x)))
#define noinline
#define likely(x)		(x)
#define unlikely(x)		(x)
#define fallthrough		__attribute__((fallthrough))
#define barrier()		machine_glance()
#define __init
#define __exit
#define __user
#define __must_check

#define READ_ONCE(x)		({ machine_point(); __atomic_load_n(&(x), __ATOMIC_RELAXED); })
#define WRITE_ONCE(x, value) \
	do { \
		machine_point(); \
		__atomic_store_n(&(x), value, __ATOMIC_RELAXED); \
	} while (0)
#define virt_mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST) /* all */
#define virt_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE) /* loads */
#define virt_wmb()			__atomic_thread_fence(__ATOMIC_RELEASE) /* stores */
#define virt_load_acquire(p) \
	({ machine_glance(); __atomic_load_n(p, __ATOMIC_ACQUIRE); /* this first */ })
#define virt_store_release(p, value) \
	do { \
		machine_point(); \
		__atomic_store_n(p, value, __ATOMIC_RELEASE); /* this last */ \
	} while (0)
#define xchg(p, new) \
	({ machine_point(); __atomic_exchange_n(p, new, __ATOMIC_SEQ_CST); })
#define cmpxchg(p, old, new) \
	({ __typeof__(*(p)) old_ = (old); machine_point(); \
	   __atomic_compare_exchange_n(p, &old_, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	   old_; })

/* The kernel's may be given NULL and 0 bytes. */
#define memcpy(to, from, n)	machine_copy(to, from, n)
#define memmove(to, from, n)	machine_move(to, from, n)

#define min(a, b)		({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
				   a_ < b_ ? a_ : b_; })
#define max(a, b)		({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
				   a_ > b_ ? a_ : b_; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define clamp(value, low, high)	min(max(value, low), high)
#define swap(a, b)		do { __typeof__(a) a_ = (a); (a) = (b); (b) = a_; } while (0)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define round_up(n, d)		(DIV_ROUND_UP(n, d) * (d))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define U32_MAX			UINT32_MAX
#define BIT(n)			(1ul << (n))

/* ---- types ---- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef unsigned int gfp_t;
typedef u64 phys_addr_t;
typedef s64 ktime_t;

typedef struct {
	u8 b[16];
} guid_t;

#define guid_null		((const guid_t) { })
#define GUID_INIT(...)		{ }

static inline bool guid_equal(const guid_t *a, const guid_t *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool guid_is_null(const guid_t *guid)
{
	return guid_equal(guid, &guid_null);
}

static inline void guid_copy(guid_t *to, const guid_t *from)
{
	*to = *from;
}

struct hv_vmbus_device_id {
	guid_t guid;
};

typedef struct {
	int value;
} atomic_t;

#define ATOMIC_INIT(n)		{ n }

static inline int atomic_read(const atomic_t *v)
{
	return v->value;
}

static inline void atomic_set(atomic_t *v, int value)
{
	v->value = value;
}

static inline void atomic_inc(atomic_t *v)
{
	v->value++;
}

static inline void atomic_dec(atomic_t *v)
{
	v->value--;
}

static inline int atomic_dec_if_positive(atomic_t *v)
{
	return v->value > 0 ? --v->value : v->value - 1;
}

struct kref {
	int count;
};

static inline void kref_init(struct kref *ref)
{
	ref->count = 1;
}

static inline void kref_get(struct kref *ref)
{
	if (!ref->count++)
		machine_fail("a reference to what is gone");
}

static inline bool kref_put(struct kref *ref, void (*release)(struct kref *))
{
	if (--ref->count)
		return false;
	release(ref);
	return true;
}

/* ---- lists and trees ---- */

#include "../include/linux/list.h"
#include "tree.h"

/* ---- errors in pointers, modules, messages ---- */

#define IS_ERR(ptr)		((uintptr_t)(ptr) >= (uintptr_t)-4095)
#define PTR_ERR(ptr)		((long)(ptr))
#define ERR_PTR(err)		((void *)(long)(err))

#define EXPORT_SYMBOL_GPL(symbol)	_Static_assert(1, #symbol)
#define THIS_MODULE		((struct module *)NULL)
#define MODULE_LICENSE(text)
#define try_module_get(module)	((void)(module), true)
#define module_put(module)	((void)(module))
#define request_module(...)	((void)0)

#define WARN(condition, ...) \
	({ bool bad_ = (condition); if (bad_) machine_warn(__VA_ARGS__); bad_; })
#define WARN_ONCE(condition, ...)	WARN(condition, __VA_ARGS__)
#define WARN_ON_ONCE(condition)		WARN(condition, "%s\n", #condition)
#define pr_warn(...)			machine_log(__VA_ARGS__)

#define HZ			250
#define msecs_to_jiffies(ms)	((unsigned long)(ms))

/* Time here counts milliseconds; the intervals of rate limits count jiffies. */
struct ratelimit_state {
	int interval, burst, printed;
	unsigned long begin;
};

#define DEFINE_RATELIMIT_STATE(name, interval_, burst_) \
	struct ratelimit_state name = { .interval = interval_, .burst = burst_ }

bool __ratelimit(struct ratelimit_state *state);

#define pr_warn_ratelimited(...) \
	do { \
		static DEFINE_RATELIMIT_STATE(state_, 5 * HZ, 10); \
		if (__ratelimit(&state_)) \
			pr_warn(__VA_ARGS__); \
	} while (0)

/* ---- memory ---- */

#define GFP_KERNEL		0x1u
#define GFP_ATOMIC		0x2u
#define __GFP_ZERO		0x4u
#define __GFP_NOWARN		0x8u

#define kmalloc(size, gfp)	machine_alloc(size, (gfp) & GFP_KERNEL, (gfp) & __GFP_ZERO)
#define kzalloc(size, gfp)	kmalloc(size, (gfp) | __GFP_ZERO)
#define kvmalloc(size, gfp)	kmalloc(size, gfp)
#define kvzalloc(size, gfp)	kzalloc(size, gfp)
#define kvcalloc(n, size, gfp)	kzalloc((size_t)(n) * (size), gfp)
#define kcalloc(n, size, gfp)	kvcalloc(n, size, gfp)
#define kvmalloc_array(n, size, gfp)	kmalloc((size_t)(n) * (size), gfp)
#define kfree(p)		machine_free(p)
#define kvfree(p)		machine_free(p)

#define SLAB_TYPESAFE_BY_RCU	0
#define SLAB_HWCACHE_ALIGN	0
#define rcu_barrier()		((void)0)
struct kmem_cache;
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*ctor)(void *));
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);
void kmem_cache_destroy(struct kmem_cache *cache);

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096ul
#define PHYS_PFN(address)	((address) >> PAGE_SHIFT)
#define VM_MAP			0
#define PAGE_KERNEL		0
struct page;
#define pfn_valid(pfn)		((pfn) < MACHINE_PFNS)
#define pfn_to_page(pfn)	((struct page *)((uintptr_t)(pfn) + 1))
#define is_vmalloc_addr(p)	((void)(p), true)
#define virt_addr_valid(p)	((void)(p), true)
#define vmap(pages, count, flags, prot)	((void)(pages), (void)(count), kmalloc(1, GFP_KERNEL))
#define vunmap(p)		kfree(p)

/* ---- tasks, locks, waits, work ---- */

#define current			machine_current()
#define in_serving_softirq()	machine_in_softirq()
#define in_interrupt()		machine_is_atomic()
#define local_bh_disable()	machine_bh_off()
#define local_bh_enable()	machine_bh_on()
#define cond_resched()		machine_point()

typedef struct machine_lock spinlock_t;
typedef struct machine_lock raw_spinlock_t;
#define DEFINE_SPINLOCK(name)	spinlock_t name = { .class = #name }
#define spin_lock_init(lock)	(*(lock) = (spinlock_t) { .class = #lock })
#define spin_lock_bh(lock)	machine_lock(lock)
#define spin_unlock_bh(lock)	machine_unlock(lock)
/* All locks are taken in softirqs too. */
#define spin_lock(lock)		machine_lock_in_atomic(lock)
#define spin_unlock(lock)	machine_unlock(lock)

struct mutex {
	bool locked;
	struct machine_wait wait;
};

#define DEFINE_MUTEX(name)	struct mutex name = { }
#define mutex_lock(mutex) \
	do { \
		wait_event((mutex)->wait, !(mutex)->locked); \
		(mutex)->locked = true; \
	} while (0)
#define mutex_unlock(mutex) \
	do { \
		(mutex)->locked = false; \
		machine_wake(&(mutex)->wait); \
	} while (0)

typedef struct machine_wait wait_queue_head_t;
#define DECLARE_WAIT_QUEUE_HEAD(name)	wait_queue_head_t name = { }
#define init_waitqueue_head(wait)	(*(wait) = (wait_queue_head_t) { })
#define wake_up_all(wait)		machine_wake(wait)
/* Who asks and who joins take turns on this machine. */
#define waitqueue_active(wait)		((wait)->joined > 0)

/*
 * A wake-up between the look and the sleep is not lost, one before the look is. Who waits looks,
 * joins the queue, and looks again.
 */
#define wait_event(wq, condition) \
	do { \
		if (condition) \
			break; \
		(wq).joined++; \
		for (;;) { \
			unsigned int seen_ = (wq).wakes; \
			if (condition) \
				break; \
			machine_sleep(&(wq), seen_, MACHINE_FOR_EVER); \
		} \
		(wq).joined--; \
	} while (0)
#define wait_event_timeout(wq, condition, ms) \
	({ \
		unsigned long end_ = machine_now() + (ms); \
		bool done_; \
		(wq).joined++; \
		for (;;) { \
			unsigned int seen_ = (wq).wakes; \
			done_ = (condition); \
			if (done_ || machine_now() >= end_) \
				break; \
			machine_sleep(&(wq), seen_, end_); \
		} \
		(wq).joined--; \
		done_; \
	})

struct work_struct {
	struct machine_work work;
};

struct delayed_work {
	struct work_struct work;
};

struct workqueue_struct;

#define INIT_WORK(w, fn)		machine_work_init(&(w)->work, (void (*)(void *))(fn), w)
#define INIT_DELAYED_WORK(w, fn)	INIT_WORK(&(w)->work, fn)
#define queue_work(wq, w)		machine_work_queue(&(w)->work)
#define cancel_work_sync(w)		machine_work_cancel(&(w)->work)
#define mod_delayed_work(wq, w, delay)	machine_work_in(&(w)->work.work, delay)
#define cancel_delayed_work_sync(w)	machine_work_cancel(&(w)->work.work)

/* ---- odds and ends ---- */

u64 get_random_u64(void);
#define sort(base, n, size, compare, swap_)	qsort(base, n, size, compare)

/* Declared for headers that speak of them; nothing here uses them. */
struct timerqueue_node {
	int unused;
};

struct hrtimer {
	void *function;
};

enum hrtimer_restart { HRTIMER_NORESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS };
typedef int clockid_t;
#define __noreturn		__attribute__((noreturn))
#define hrtimer_init(timer, clock, mode)	((void)(clock), (void)(mode))
#define complete_and_exit(completion, code)	abort()

/* ---- counters: one processor, and nobody asks for latencies ---- */

#define __percpu
#define alloc_percpu(type)	kzalloc(sizeof(type), GFP_KERNEL)
#define free_percpu(p)		kfree(p)
#define this_cpu_add(n, value)	((n) += (value))
#define this_cpu_inc(n)		((n)++)
#define DECLARE_STATIC_KEY_FALSE(key)	extern int key
#define static_branch_unlikely(key)	0
#define ktime_get_ns()		((u64)machine_now() * 1000000)
#define jiffies			((unsigned long)machine_now())
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define MAX_JIFFY_OFFSET	((~0ul >> 1) - 1)
#define MODULE_NAME_LEN		56
#define _RET_IP_		0ul
#define strscpy(to, from, size)	snprintf(to, size, "%s", from)

/* Trace events do nothing here. */
#define TP_PROTO(...)		__VA_ARGS__
#define TP_ARGS(...)		__VA_ARGS__
#define DEFINE_EVENT(class, name, proto, ...) \
	__attribute__((unused)) static void trace_##name(proto) { } \
	__attribute__((unused)) static bool trace_##name##_enabled(void) { return false; }
#define TRACE_EVENT(name, proto, ...)	DEFINE_EVENT(none, name, PARAMS(proto))
#define DECLARE_EVENT_CLASS(...)
#define PARAMS(...)		__VA_ARGS__

#endif
