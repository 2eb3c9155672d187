// SPDX-License-Identifier: GPL-2.0-only
/* Tests of mutexes, semaphores, resources, rundown, lists without a lock, and lookaside lists. */
#include "nt_test.h"

#define THREADS	4
#define ROUNDS	5000

/* ---- mutexes and semaphores ---- */

static VOID try_mutex(PVOID context)
{
	CHECK_EQUAL(nt_wait(context, 0), STATUS_TIMEOUT);
}

static void mutex_states(void)
{
	KMUTEX mutex;

	KeInitializeMutex(&mutex, 0);
	CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
	CHECK_EQUAL(nt_wait_for_ever(&mutex), STATUS_SUCCESS);
	CHECK_EQUAL(KeReadStateMutex(&mutex), 0);
	/* Its owner may have it again, and no one else. */
	CHECK_EQUAL(nt_wait(&mutex, 0), STATUS_SUCCESS);
	CHECK_EQUAL(KeReadStateMutex(&mutex), -1);
	nt_end_thread(nt_begin_thread(try_mutex, &mutex));
	CHECK_EQUAL(KeReleaseMutex(&mutex, FALSE), -1);
	nt_end_thread(nt_begin_thread(try_mutex, &mutex));
	CHECK_EQUAL(KeReleaseMutex(&mutex, FALSE), 0);
	CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
}

static struct {
	KMUTEX mutex;
	FAST_MUTEX fast;
	ERESOURCE resource;
	KSEMAPHORE semaphore;
	unsigned long counter;
	atomic_t inside;
	atomic_t most;
} shared;

static void note_inside(void)
{
	int n = atomic_inc_return(&shared.inside), most = atomic_read(&shared.most);

	while (n > most && !atomic_try_cmpxchg(&shared.most, &most, n))
		;
}

static VOID count_with_mutex(PVOID context)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		KeWaitForMutexObject(&shared.mutex, Executive, KernelMode, FALSE, NULL);
		WRITE_ONCE(shared.counter, READ_ONCE(shared.counter) + 1);
		KeReleaseMutex(&shared.mutex, FALSE);
	}
}

static VOID count_with_fast_mutex(PVOID context)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ExAcquireFastMutex(&shared.fast);
		WRITE_ONCE(shared.counter, READ_ONCE(shared.counter) + 1);
		ExReleaseFastMutex(&shared.fast);
	}
}

static VOID count_with_resource(PVOID context)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 4) {
			ExAcquireResourceSharedLite(&shared.resource, TRUE);
		} else {
			ExAcquireResourceExclusiveLite(&shared.resource, TRUE);
			WRITE_ONCE(shared.counter, READ_ONCE(shared.counter) + 1);
		}
		ExReleaseResourceLite(&shared.resource);
	}
}

static void in_threads(PKSTART_ROUTINE routine)
{
	PVOID thread[THREADS];
	int i;

	shared.counter = 0;
	for (i = 0; i < THREADS; i++)
		thread[i] = nt_begin_thread(routine, NULL);
	for (i = 0; i < THREADS; i++)
		nt_end_thread(thread[i]);
}

static void mutex_excludes(void)
{
	KeInitializeMutex(&shared.mutex, 0);
	in_threads(count_with_mutex);
	CHECK_EQUAL(shared.counter, THREADS * ROUNDS);
	CHECK_EQUAL(KeReadStateMutex(&shared.mutex), 1);
}

static void mutex_among_several(void)
{
	LARGE_INTEGER none = nt_large(0);
	PVOID both[2];
	KEVENT event;
	KMUTEX mutex;

	KeInitializeMutex(&mutex, 0);
	KeInitializeEvent(&event, NotificationEvent, FALSE);
	both[0] = &event;
	both[1] = &mutex;
	/* All or nothing. */
	CHECK_EQUAL(KeWaitForMultipleObjects(2, both, WaitAll, Executive, KernelMode, FALSE, &none,
					     NULL), STATUS_TIMEOUT);
	CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
	CHECK_EQUAL(KeWaitForMultipleObjects(2, both, WaitAny, Executive, KernelMode, FALSE, &none,
					     NULL), STATUS_WAIT_1);
	CHECK_EQUAL(KeReadStateMutex(&mutex), 0);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	CHECK_EQUAL(KeWaitForMultipleObjects(2, both, WaitAll, Executive, KernelMode, FALSE, &none,
					     NULL), STATUS_SUCCESS);
	CHECK_EQUAL(KeReadStateMutex(&mutex), -1);
	KeReleaseMutex(&mutex, FALSE);
	KeReleaseMutex(&mutex, FALSE);
}

/* As many objects as Windows allows, and one more. */
static void wait_for_64(void)
{
	KWAIT_BLOCK *blocks = kcalloc(MAXIMUM_WAIT_OBJECTS, sizeof(*blocks), GFP_KERNEL);
	KEVENT *events = kcalloc(MAXIMUM_WAIT_OBJECTS, sizeof(*events), GFP_KERNEL);
	PVOID objects[MAXIMUM_WAIT_OBJECTS + 1];
	LARGE_INTEGER none = nt_large(0);
	int i;

	CHECK(blocks && events);
	for (i = 0; events && i < MAXIMUM_WAIT_OBJECTS; i++) {
		KeInitializeEvent(&events[i], NotificationEvent, FALSE);
		objects[i] = &events[i];
	}
	objects[i] = &none;
	CHECK_EQUAL(KeWaitForMultipleObjects(i + 1, objects, WaitAll, Executive, KernelMode, FALSE,
					     &none, blocks), STATUS_INVALID_PARAMETER_1);
	for (i = 0; blocks && events && i < MAXIMUM_WAIT_OBJECTS; i++) {
		KeSetEvent(&events[i], IO_NO_INCREMENT, FALSE);
		CHECK_EQUAL(KeWaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, objects, WaitAll,
						     Executive, KernelMode, FALSE, &none, blocks),
			    i == MAXIMUM_WAIT_OBJECTS - 1 ? STATUS_SUCCESS : STATUS_TIMEOUT);
	}
	kfree(events);
	kfree(blocks);
}

static void semaphore_states(void)
{
	KSEMAPHORE s;

	KeInitializeSemaphore(&s, 0, 1);
	CHECK_EQUAL(nt_wait(&s, 0), STATUS_TIMEOUT);
	CHECK_EQUAL(KeReleaseSemaphore(&s, IO_NO_INCREMENT, 1, FALSE), 0);
	CHECK_EQUAL(KeReadStateSemaphore(&s), 1);
	CHECK_EQUAL(nt_wait(&s, 0), STATUS_SUCCESS);
	CHECK_EQUAL(KeReadStateSemaphore(&s), 0);
	KeInitializeSemaphore(&s, 2, MAXLONG);
	CHECK_EQUAL(nt_wait(&s, 0), STATUS_SUCCESS);
	CHECK_EQUAL(nt_wait_for_ever(&s), STATUS_SUCCESS);
	CHECK_EQUAL(nt_wait(&s, -1), STATUS_TIMEOUT);
	CHECK_EQUAL(KeReleaseSemaphore(&s, SEMAPHORE_INCREMENT, MAXLONG, FALSE), 0);
	CHECK_EQUAL(KeReadStateSemaphore(&s), MAXLONG);
}

static VOID pass_semaphore(PVOID context)
{
	int i;

	for (i = 0; i < 200; i++) {
		nt_wait_for_ever(&shared.semaphore);
		note_inside();
		if (!(i % 16))
			cond_resched();
		atomic_dec(&shared.inside);
		KeReleaseSemaphore(&shared.semaphore, IO_NO_INCREMENT, 1, FALSE);
	}
}

static void semaphore_limits(void)
{
	KeInitializeSemaphore(&shared.semaphore, 2, 2);
	atomic_set(&shared.inside, 0);
	atomic_set(&shared.most, 0);
	in_threads(pass_semaphore);
	CHECK(atomic_read(&shared.most) >= 1 && atomic_read(&shared.most) <= 2);
	CHECK_EQUAL(KeReadStateSemaphore(&shared.semaphore), 2);
}

static VOID try_fast_mutex(PVOID context)
{
	CHECK(!ExTryToAcquireFastMutex(context));
}

static void fast_mutex(void)
{
	FAST_MUTEX *m = &shared.fast;
	KGUARDED_MUTEX guarded;

	ExInitializeFastMutex(m);
	CHECK(ExTryToAcquireFastMutex(m));
	nt_end_thread(nt_begin_thread(try_fast_mutex, m));
	CHECK(!ExTryToAcquireFastMutex(m));
	ExReleaseFastMutex(m);
	ExAcquireFastMutexUnsafe(m);
	ExReleaseFastMutexUnsafe(m);
	in_threads(count_with_fast_mutex);
	CHECK_EQUAL(shared.counter, THREADS * ROUNDS);
	KeInitializeGuardedMutex(&guarded);
	KeAcquireGuardedMutex(&guarded);
	CHECK(!KeTryToAcquireGuardedMutex(&guarded));
	KeReleaseGuardedMutex(&guarded);
}

/* ---- resources ---- */

static VOID try_shared(PVOID context)
{
	BOOLEAN got = ExAcquireResourceSharedLite(&shared.resource, FALSE);

	CHECK_EQUAL(got, !!context);
	CHECK(!ExAcquireResourceExclusiveLite(&shared.resource, FALSE));
	CHECK(!ExIsResourceAcquiredExclusiveLite(&shared.resource));
	if (got)
		ExReleaseResourceLite(&shared.resource);
}

static void resources(void)
{
	ERESOURCE *r = &shared.resource;

	CHECK_EQUAL(ExInitializeResourceLite(r), STATUS_SUCCESS);
	KeEnterCriticalRegion();
	CHECK(ExAcquireResourceExclusiveLite(r, TRUE));
	CHECK(ExIsResourceAcquiredExclusiveLite(r));
	/* The writer may write and read again. */
	CHECK(ExAcquireResourceExclusiveLite(r, FALSE));
	CHECK(ExAcquireResourceSharedLite(r, FALSE));
	nt_end_thread(nt_begin_thread(try_shared, NULL));
	ExReleaseResourceLite(r);
	ExReleaseResourceLite(r);
	nt_end_thread(nt_begin_thread(try_shared, NULL));
	ExConvertExclusiveToSharedLite(r);
	CHECK(!ExIsResourceAcquiredExclusiveLite(r));
	nt_end_thread(nt_begin_thread(try_shared, r));
	CHECK(ExAcquireResourceSharedLite(r, TRUE));	/* readers nest */
	ExReleaseResourceLite(r);
	ExReleaseResourceLite(r);
	KeLeaveCriticalRegion();
	in_threads(count_with_resource);
	CHECK_EQUAL(shared.counter, THREADS * DIV_ROUND_UP(ROUNDS, 4));
	CHECK_EQUAL(ExDeleteResourceLite(r), STATUS_SUCCESS);
}

/* ---- rundown ---- */

static struct {
	EX_RUNDOWN_REF ref;
	IO_REMOVE_LOCK lock;
	bool over;
} rundown;

static VOID wait_for_rundown(PVOID context)
{
	ExWaitForRundownProtectionRelease(&rundown.ref);
	WRITE_ONCE(rundown.over, true);
}

static void rundown_protection(void)
{
	PVOID thread;

	ExInitializeRundownProtection(&rundown.ref);
	rundown.over = false;
	CHECK(ExAcquireRundownProtection(&rundown.ref));
	CHECK(ExAcquireRundownProtectionEx(&rundown.ref, 3));
	ExReleaseRundownProtectionEx(&rundown.ref, 2);
	thread = nt_begin_thread(wait_for_rundown, NULL);
	/* It has begun as soon as nobody gets in. */
	while (ExAcquireRundownProtection(&rundown.ref)) {
		ExReleaseRundownProtection(&rundown.ref);
		cond_resched();
	}
	CHECK(!READ_ONCE(rundown.over));
	ExReleaseRundownProtection(&rundown.ref);
	CHECK(!READ_ONCE(rundown.over));
	ExReleaseRundownProtection(&rundown.ref);
	nt_end_thread(thread);
	CHECK(rundown.over);
	CHECK(!ExAcquireRundownProtection(&rundown.ref));
	ExWaitForRundownProtectionRelease(&rundown.ref);	/* at once, however often */
	ExReInitializeRundownProtection(&rundown.ref);
	CHECK(ExAcquireRundownProtection(&rundown.ref));
	ExReleaseRundownProtection(&rundown.ref);
	ExRundownCompleted(&rundown.ref);
	CHECK(!ExAcquireRundownProtection(&rundown.ref));
}

static VOID remove_device(PVOID context)
{
	CHECK_EQUAL(IoAcquireRemoveLock(&rundown.lock, NULL), STATUS_SUCCESS);
	IoReleaseRemoveLockAndWait(&rundown.lock, NULL);
	WRITE_ONCE(rundown.over, true);
}

static void remove_locks(void)
{
	PVOID thread;

	IoInitializeRemoveLock(&rundown.lock, TAG, 0, 0);
	rundown.over = false;
	CHECK_EQUAL(IoAcquireRemoveLock(&rundown.lock, NULL), STATUS_SUCCESS);
	thread = nt_begin_thread(remove_device, NULL);
	while (IoAcquireRemoveLock(&rundown.lock, NULL) == STATUS_SUCCESS) {
		IoReleaseRemoveLock(&rundown.lock, NULL);
		cond_resched();
	}
	CHECK(!READ_ONCE(rundown.over));
	CHECK_EQUAL(IoAcquireRemoveLock(&rundown.lock, NULL), STATUS_DELETE_PENDING);
	IoReleaseRemoveLock(&rundown.lock, NULL);
	nt_end_thread(thread);
	CHECK(rundown.over);
}

/* ---- lists ---- */

static void single_lists(void)
{
	SINGLE_LIST_ENTRY head = { NULL }, a, b;
	KSPIN_LOCK lock;

	KeInitializeSpinLock(&lock);
	CHECK(!ExInterlockedPopEntryList(&head, &lock));
	CHECK(!ExInterlockedPushEntryList(&head, &a, &lock));
	CHECK(ExInterlockedPushEntryList(&head, &b, &lock) == &a);
	CHECK(ExInterlockedPopEntryList(&head, &lock) == &b);
	CHECK(ExInterlockedPopEntryList(&head, &lock) == &a);
	CHECK(!ExInterlockedPopEntryList(&head, &lock));
}

static SLIST_HEADER stack;
static SLIST_ENTRY entries[64];

static VOID pop_and_push(PVOID context)
{
	PSLIST_ENTRY entry;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		entry = InterlockedPopEntrySList(&stack);
		CHECK(entry);
		if (entry)
			InterlockedPushEntrySList(&stack, entry);
	}
}

static void slists(void)
{
	PSLIST_ENTRY entry;
	int i, n = 0;
	KIRQL old;

	InitializeSListHead(&stack);
	CHECK(!InterlockedPopEntrySList(&stack));
	CHECK(!InterlockedFlushSList(&stack));
	CHECK_EQUAL(QueryDepthSList(&stack), 0);
	CHECK(!InterlockedPushEntrySList(&stack, &entries[0]));
	CHECK(ExInterlockedPushEntrySList(&stack, &entries[1], NULL) == &entries[0]);
	CHECK_EQUAL(ExQueryDepthSList(&stack), 2);
	CHECK(ExInterlockedPopEntrySList(&stack, NULL) == &entries[1]);
	CHECK(InterlockedFlushSList(&stack) == &entries[0] && !entries[0].Next);
	CHECK_EQUAL(QueryDepthSList(&stack), 0);

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		InterlockedPushEntrySList(&stack, &entries[i]);
	KeLowerIrql(old);
	in_threads(pop_and_push);
	CHECK_EQUAL(QueryDepthSList(&stack), ARRAY_SIZE(entries));
	for (entry = ExInterlockedFlushSList(&stack); entry; entry = entry->Next)
		n++;
	CHECK_EQUAL(n, ARRAY_SIZE(entries));
}

static void bits(void)
{
	LONG word = 0;

	CHECK_EQUAL(InterlockedBitTestAndSet(&word, 31), 0);
	CHECK_EQUAL(word, (LONG)0x80000000);
	CHECK_EQUAL(InterlockedBitTestAndSet(&word, 31), 1);
	CHECK_EQUAL(InterlockedBitTestAndSet(&word, 0), 0);
	CHECK_EQUAL(InterlockedBitTestAndReset(&word, 31), 1);
	CHECK_EQUAL(InterlockedBitTestAndReset(&word, 31), 0);
	CHECK_EQUAL(word, 1);
}

/* ---- lookaside lists ---- */

static unsigned int allocated, freed;

static PVOID allocate(POOL_TYPE type, SIZE_T size, ULONG tag)
{
	allocated++;
	CHECK_EQUAL(type, NonPagedPoolNx);
	CHECK_EQUAL(size, 100);
	CHECK_EQUAL(tag, TAG);
	return ExAllocatePoolWithTag(type, size, tag);
}

static VOID release(PVOID block)
{
	freed++;
	ExFreePoolWithTag(block, TAG);
}

static PVOID allocate_none(POOL_TYPE type, SIZE_T size, ULONG tag, PLOOKASIDE_LIST_EX list)
{
	allocated++;
	return NULL;
}

static void lookaside_lists(void)
{
	struct kmcl_nt_usage before, after;
	NPAGED_LOOKASIDE_LIST list;
	PAGED_LOOKASIDE_LIST paged;
	LOOKASIDE_LIST_EX ex;
	PVOID a, b;

	kmcl_nt_usage(&before);
	allocated = 0;
	freed = 0;
	ExInitializeNPagedLookasideList(&list, allocate, release, 0, 100, TAG, 0);
	a = ExAllocateFromNPagedLookasideList(&list);
	b = ExAllocateFromNPagedLookasideList(&list);
	CHECK(a && b && a != b);
	ExFreeToNPagedLookasideList(&list, a);
	CHECK(ExAllocateFromNPagedLookasideList(&list) == a);
	CHECK_EQUAL(allocated, 2);
	ExFreeToNPagedLookasideList(&list, a);
	ExFreeToNPagedLookasideList(&list, b);
	CHECK_EQUAL(freed, 0);
	ExDeleteNPagedLookasideList(&list);
	CHECK_EQUAL(freed, 2);

	/* A block of 1 byte can be kept as well. */
	ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 1, TAG, 0);
	a = ExAllocateFromPagedLookasideList(&paged);
	CHECK(a);
	ExFreeToPagedLookasideList(&paged, a);
	ExDeletePagedLookasideList(&paged);

	CHECK_EQUAL(ExInitializeLookasideListEx(&ex, NULL, NULL, NonPagedPoolNx,
						EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 8, TAG,
						0),
		    STATUS_INVALID_PARAMETER_5);
	CHECK_EQUAL(ExInitializeLookasideListEx(&ex, allocate_none, NULL, NonPagedPoolNx, 0, 8, TAG,
						0), STATUS_SUCCESS);
	allocated = 0;
	CHECK(!ExAllocateFromLookasideListEx(&ex));
	CHECK_EQUAL(allocated, 1);
	CHECK_EQUAL(ExInitializeLookasideListEx(&ex, NULL, NULL, NonPagedPoolNx, 0, 8, TAG, 0),
		    STATUS_SUCCESS);
	ExFreeToLookasideListEx(&ex, ExAllocateFromLookasideListEx(&ex));
	ExFlushLookasideListEx(&ex);
	ExDeleteLookasideListEx(&ex);
	kmcl_nt_usage(&after);
	CHECK_EQUAL(after.pool_blocks, before.pool_blocks);
}

/* ---- driver errors ---- */

static void misuse_mutexes(void)
{
	KSEMAPHORE s;
	FAST_MUTEX fast;
	KMUTEX mutex;
	KIRQL old;

	KeInitializeMutex(&mutex, 0);
	CHECK_EQUAL(KeReleaseMutex(&mutex, FALSE), 1);
	CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
	KeInitializeSemaphore(&s, 1, 1);
	CHECK_EQUAL(KeReleaseSemaphore(&s, IO_NO_INCREMENT, 1, FALSE), 1);
	CHECK_EQUAL(KeReleaseSemaphore(&s, IO_NO_INCREMENT, 0, FALSE), 1);
	CHECK_EQUAL(KeReadStateSemaphore(&s), 1);
	ExInitializeFastMutex(&fast);
	ExReleaseFastMutex(&fast);
	CHECK(ExTryToAcquireFastMutex(&fast));
	ExReleaseFastMutex(&fast);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	ExAcquireFastMutex(&fast);
	ExReleaseFastMutex(&fast);
	KeLowerIrql(old);
	CHECK_EQUAL(fast.Count, 1);
}

static VOID share_at_dispatch(PVOID context)
{
	KIRQL old;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	CHECK(!ExAcquireResourceSharedLite(context, TRUE));
	KeLowerIrql(old);
}

/* What would have to wait is refused, and leaves all as it was. */
static void misuse_waits_for_locks(void)
{
	EX_RUNDOWN_REF ref;
	FAST_MUTEX fast;
	ERESOURCE r;
	KIRQL old;

	ExInitializeRundownProtection(&ref);
	CHECK(ExAcquireRundownProtection(&ref));
	ExInitializeResourceLite(&r);
	CHECK(ExAcquireResourceExclusiveLite(&r, TRUE));
	nt_end_thread(nt_begin_thread(share_at_dispatch, &r));
	ExConvertExclusiveToSharedLite(&r);
	ExInitializeFastMutex(&fast);

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	CHECK(!ExAcquireResourceExclusiveLite(&r, TRUE));
	ExWaitForRundownProtectionRelease(&ref);
	ExAcquireFastMutex(&fast);
	KeLowerIrql(old);

	CHECK_EQUAL(fast.Count, 1);
	ExReleaseResourceLite(&r);
	CHECK_EQUAL(ExDeleteResourceLite(&r), STATUS_SUCCESS);
	/* Nobody is let in all the same. */
	CHECK(!ExAcquireRundownProtection(&ref));
	ExReleaseRundownProtection(&ref);
	ExWaitForRundownProtectionRelease(&ref);
}

static void misuse_resources(void)
{
	EX_RUNDOWN_REF ref = { };
	ERESOURCE r = { };

	CHECK(!ExAcquireResourceExclusiveLite(&r, TRUE));	/* not initialised */
	ExInitializeResourceLite(&r);
	ExReleaseResourceLite(&r);
	ExConvertExclusiveToSharedLite(&r);
	CHECK(ExAcquireResourceSharedLite(&r, FALSE));
	ExDeleteResourceLite(&r);
	ExReleaseRundownProtection(&ref);
	CHECK_EQUAL(ref.Count, 0);
}

const struct nt_test nt_sync_tests[] = {
	{ "KeInitializeMutex, KeReleaseMutex, KeReadStateMutex", mutex_states },
	{ "KeWaitForMutexObject excludes", mutex_excludes },
	{ "KeWaitForMultipleObjects with a mutex", mutex_among_several },
	{ "KeWaitForMultipleObjects with 64 events", wait_for_64 },
	{ "KeInitializeSemaphore, KeReleaseSemaphore, KeReadStateSemaphore", semaphore_states },
	{ "semaphores limit", semaphore_limits },
	{ "ExInitializeFastMutex, ExAcquireFastMutex, ExTryToAcquireFastMutex, ExReleaseFastMutex",
	  fast_mutex },
	{ "ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite, ExReleaseResourceLite",
	  resources },
	{ "ExAcquireRundownProtection, ExWaitForRundownProtectionRelease", rundown_protection },
	{ "IoAcquireRemoveLock, IoReleaseRemoveLock, IoReleaseRemoveLockAndWait", remove_locks },
	{ "ExInterlockedPushEntryList, ExInterlockedPopEntryList", single_lists },
	{ "InterlockedPushEntrySList, InterlockedPopEntrySList, InterlockedFlushSList", slists },
	{ "InterlockedBitTestAndSet, InterlockedBitTestAndReset", bits },
	{ "lookaside lists", lookaside_lists },
	{ }
};

const struct nt_test nt_sync_misuse_tests[] = {
	{ "misuse of mutexes and semaphores", misuse_mutexes },
	{ "misuse of resources and rundown", misuse_resources },
	{ "waits for locks at DISPATCH_LEVEL", misuse_waits_for_locks },
	{ }
};
