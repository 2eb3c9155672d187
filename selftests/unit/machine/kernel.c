// SPDX-License-Identifier: GPL-2.0-only
/* What of kernel.h and of the NT subset needs more than a macro. */
#include "channel.h"
#include "nt/nt.h"

/* ---- caches: memory that stays what it is ---- */

struct kmem_cache {
	size_t size;
	void *free;
};

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*ctor)(void *))
{
	struct kmem_cache *cache = calloc(1, sizeof(*cache));

	(void)name;
	(void)align;
	(void)flags;
	(void)ctor;
	cache->size = size + sizeof(void *);
	return cache;
}

/* The link of free objects lies behind the object: what is freed can still be read. */
static void **link_of(struct kmem_cache *cache, void *object)
{
	return (void **)((char *)object + cache->size - sizeof(void *));
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *fresh = kmalloc(cache->size, gfp), *object = fresh;

	if (!fresh)
		return NULL;
	if (cache->free) {
		object = cache->free;
		cache->free = *link_of(cache, object);
		free(fresh);
	}
	memset(object, 0, cache->size);
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	machine_allocated--;
	*link_of(cache, object) = cache->free;
	cache->free = object;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	while (cache->free) {
		void *object = cache->free;

		cache->free = *link_of(cache, object);
		free(object);
	}
	free(cache);
}

/* ---- odds and ends ---- */

u64 get_random_u64(void)
{
	static u64 last = 0x1234567;

	return ++last;
}

/* As the kernel's: so many in an interval, the next interval begins with the next message. */
bool __ratelimit(struct ratelimit_state *state)
{
	unsigned long interval = (unsigned long)state->interval * 1000 / HZ;

	if (!state->begin)
		state->begin = machine_now() + 1;
	if (machine_now() + 1 > state->begin + interval) {
		if (state->printed > state->burst)
			machine_log("callbacks suppressed");
		state->begin = machine_now() + 1;
		state->printed = 0;
	}
	return state->printed++ < state->burst;
}

/* ---- the NT subset ---- */

bool kmcl_device_valid(PDEVICE_OBJECT object)
{
	(void)object;
	return false;
}

LONG_PTR ObfReferenceObject(PVOID object)
{
	(void)object;
	return 0;
}

LONG_PTR ObfDereferenceObject(PVOID object)
{
	(void)object;
	return 0;
}

struct kmcl_holder *kmcl_pnp_enter(PDEVICE_OBJECT parent)
{
	(void)parent;
	return NULL;
}

void kmcl_pnp_leave(struct kmcl_holder *holder)
{
	(void)holder;
}

PMDL IoAllocateMdl(PVOID address, ULONG length, BOOLEAN secondary, BOOLEAN charge, PIRP irp)
{
	size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, length);
	PMDL mdl = kzalloc(sizeof(*mdl) + pages * sizeof(PFN_NUMBER), GFP_ATOMIC);

	(void)secondary;
	(void)charge;
	(void)irp;
	if (mdl)
		MmInitializeMdl(mdl, address, length);
	return mdl;
}

VOID IoFreeMdl(PMDL mdl)
{
	kfree(mdl);
}

VOID MmUnmapLockedPages(PVOID address, PMDL mdl)
{
	(void)address;
	mdl->MdlFlags &= ~MDL_MAPPED_TO_SYSTEM_VA;
}

/* Only the events of synchronous requests: one waits, the channel's tx lock is held to set. */
static struct machine_wait events;

VOID KeInitializeEvent(PRKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
	(void)type;
	event->Header.SignalState = state;
}

LONG KeSetEvent(PRKEVENT event, KPRIORITY increment, BOOLEAN wait)
{
	(void)increment;
	(void)wait;
	event->Header.SignalState = 1;
	machine_wake(&events);
	return 0;
}

NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode,
			       BOOLEAN alertable, PLARGE_INTEGER timeout)
{
	PRKEVENT event = object;

	(void)reason;
	(void)mode;
	(void)alertable;
	if (!timeout) {
		wait_event(events, event->Header.SignalState);
		return STATUS_SUCCESS;
	}
	return wait_event_timeout(events, event->Header.SignalState,
				  (unsigned long)(-timeout->QuadPart / 10000)) ?
	       STATUS_SUCCESS : STATUS_TIMEOUT;
}
