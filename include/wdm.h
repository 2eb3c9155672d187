/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wdm.h - the part of the Windows driver model that ported VSC and VSP drivers need
 *
 * Every function here exists in kmcl.ko (kmcl/nt, one source file a facility, where it is described
 * in full). What is not done is not declared: source that needs it stops at compile time, not at
 * run time.
 *
 * Differences from Windows:
 * - IRQL: PASSIVE_LEVEL and APC_LEVEL are process context, DISPATCH_LEVEL is a softirq or a section
 *   with bottom halves disabled. KeGetCurrentIrql cannot see a spin lock of Linux's own; raising to
 *   APC_LEVEL changes nothing.
 * - Objects of the same name may be larger or smaller than Windows'. KSPIN_LOCK is 8 bytes and
 *   valid when zeroed, as on Windows, except on kernels built with lock debugging. PREEMPT_RT
 *   kernels, where it would have to be larger and could sleep, are refused when kmcl.ko is built.
 * - DRIVER_OBJECT, DEVICE_OBJECT, IRP and IO_STACK_LOCATION have only the members that work. Names
 *   of devices are ignored, as there is no namespace to put them in. The only IRPs that the library
 *   sends are IRP_MJ_PNP with IRP_MN_START_DEVICE, _SURPRISE_REMOVAL and _REMOVE_DEVICE; a driver
 *   may send IRP_MN_QUERY_INTERFACE. Other entries of MajorFunction can be set and are not called.
 * - Page numbers and PAGE_SIZE are in 4096-byte pages, also where the kernel's pages are larger. In
 *   a file that includes Linux headers, PAGE_SIZE, PAGE_SHIFT and PAGE_ALIGN are Linux's (whose
 *   PAGE_ALIGN rounds up, not down).
 * - There are no exceptions and no bug checks: where Windows raises one or stops the system, the
 *   function warns once and fails; its description says how.
 * - There are no APCs and alerts: WaitMode and Alertable are ignored, and nothing ends a wait but
 *   its objects and its timeout. What can be waited for is events, mutexes, semaphores, timers and
 *   threads. A thread that ends as the owner of a mutex leaves it owned for ever.
 * - FAST_MUTEX and KGUARDED_MUTEX are the same. A reader of an ERESOURCE never waits for a writer
 *   that waits, so that readers may nest; writers can starve.
 * - SLISTs take a lock, for the time of a few instructions with interrupts off.
 * - ANSI strings are UTF-8.
 * - Paged pool is nonpaged.
 * - At DISPATCH_LEVEL only physically contiguous MDLs can be given an address.
 *   MmAllocatePagesForMdl and -Ex know MmCached alone, and SkipBytes only as the size of chunks,
 *   which are at least one page of the kernel's. Where an MDL's Size does not fit it stays at
 *   KMCL_MDL_SIZE_MAX.
 * - Comparisons that ignore case do so for ASCII and Latin-1.
 */
#ifndef _WDMDDK_
#define _WDMDDK_
#define _NTDDK_WDM_

#include "ntdef.h"
#include "ntstatus.h"

#ifndef DBG
#define DBG	0
#endif

/* ---- IRQL ---- */

#define PASSIVE_LEVEL	0
#define LOW_LEVEL	0
#define APC_LEVEL	1
#define DISPATCH_LEVEL	2
#define HIGH_LEVEL	15

KIRQL KeGetCurrentIrql(VOID);
VOID KeRaiseIrql(_In_ KIRQL NewIrql, _Out_ PKIRQL OldIrql);
KIRQL KeRaiseIrqlToDpcLevel(VOID);
VOID KeLowerIrql(_In_ KIRQL NewIrql);

/* ---- memory ---- */

#ifndef _LINUX_TYPES_H
/* What wdm.h brings with it of the C library on Windows. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ count);
void *memmove(void *to, const void *from, __SIZE_TYPE__ count);
void *memset(void *to, int byte, __SIZE_TYPE__ count);
int memcmp(const void *a, const void *b, __SIZE_TYPE__ count);
__SIZE_TYPE__ strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, __SIZE_TYPE__ count);
#endif

#define RtlZeroMemory(d, n)		((void)__builtin_memset((d), 0, (n)))
#define RtlFillMemory(d, n, v)		((void)__builtin_memset((d), (v), (n)))
#define RtlCopyMemory(d, s, n)		((void)__builtin_memcpy((d), (s), (n)))
#define RtlMoveMemory(d, s, n)		((void)__builtin_memmove((d), (s), (n)))
#define RtlEqualMemory(a, b, n)		(!__builtin_memcmp((a), (b), (n)))
#define RtlZeroBytes			RtlZeroMemory
#define RtlCopyBytes			RtlCopyMemory

SIZE_T RtlCompareMemory(_In_ const VOID *Source1, _In_ const VOID *Source2, _In_ SIZE_T Length);

FORCEINLINE PVOID RtlSecureZeroMemory(_Out_writes_bytes_(Size) PVOID Pointer, _In_ SIZE_T Size)
{
	__builtin_memset(Pointer, 0, Size);
	__asm__ __volatile__("" : : "r"(Pointer) : "memory");
	return Pointer;
}

#define RtlUshortByteSwap(x)		__builtin_bswap16(x)
#define RtlUlongByteSwap(x)		__builtin_bswap32(x)
#define RtlUlonglongByteSwap(x)		__builtin_bswap64(x)

#ifndef PAGE_SHIFT
#define PAGE_SHIFT	12
#endif
#ifndef PAGE_SIZE
#define PAGE_SIZE	0x1000
#endif
#ifndef PAGE_ALIGN
#define PAGE_ALIGN(va)	((PVOID)((ULONG_PTR)(va) & ~(ULONG_PTR)0xfff))
#endif
#define BYTE_OFFSET(va)		((ULONG)((ULONG_PTR)(va) & 0xfff))
#define ROUND_TO_PAGES(size)	(((ULONG_PTR)(size) + 0xfff) & ~(ULONG_PTR)0xfff)
#define BYTES_TO_PAGES(size) \
	((ULONG)(((ULONG_PTR)(size) >> 12) + (((ULONG_PTR)(size) & 0xfff) != 0)))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, size) \
	((ULONG)((((ULONG_PTR)(va) & 0xfff) + (ULONG_PTR)(size) + 0xfff) >> 12))

/* ---- pool ---- */

typedef enum _POOL_TYPE {
	NonPagedPool			= 0,
	NonPagedPoolExecute		= NonPagedPool,
	PagedPool			= 1,
	NonPagedPoolCacheAligned	= 4,
	PagedPoolCacheAligned		= 5,
	NonPagedPoolNx			= 512,
	NonPagedPoolNxCacheAligned	= NonPagedPoolNx + 4
} POOL_TYPE;

typedef ULONG64 POOL_FLAGS;

#define POOL_FLAG_USE_QUOTA		0x0000000000000001ULL
#define POOL_FLAG_UNINITIALIZED		0x0000000000000002ULL
#define POOL_FLAG_SESSION		0x0000000000000004ULL
#define POOL_FLAG_CACHE_ALIGNED		0x0000000000000008ULL
#define POOL_FLAG_RAISE_ON_FAILURE	0x0000000000000020ULL
#define POOL_FLAG_NON_PAGED		0x0000000000000040ULL
#define POOL_FLAG_NON_PAGED_EXECUTE	0x0000000000000080ULL
#define POOL_FLAG_PAGED			0x0000000000000100ULL
#define POOL_FLAG_REQUIRED_START	POOL_FLAG_USE_QUOTA
#define POOL_FLAG_REQUIRED_END		0x0000000080000000ULL
#define POOL_FLAG_OPTIONAL_START	0x0000000100000000ULL
#define POOL_FLAG_SPECIAL_POOL		0x0000000100000000ULL
#define POOL_FLAG_OPTIONAL_END		0x8000000000000000ULL

#define POOL_ZEROING_ALLOCATION		0x400
#define POOL_NX_OPTIN			1

_Must_inspect_result_
PVOID ExAllocatePool2(_In_ POOL_FLAGS Flags, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
_Must_inspect_result_
PVOID ExAllocatePoolWithTag(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
_Must_inspect_result_
PVOID ExAllocatePoolZero(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
VOID ExFreePool(_In_ __drv_freesMem(Mem) PVOID P);
VOID ExFreePoolWithTag(_In_ __drv_freesMem(Mem) PVOID P, _In_ ULONG Tag);

#define ExAllocatePool(type, size)		ExAllocatePoolWithTag(type, size, 0x656e6f4e)
#define ExAllocatePoolUninitialized(type, size, tag)	ExAllocatePoolWithTag(type, size, tag)
#define ExInitializeDriverRuntime(flags)	((void)(flags))

/* ---- interlocked operations: full barriers ---- */

#ifdef __x86_64__
#define KMCL_INTERLOCKED_FENCE()	((void)0)	/* a locked instruction is a full barrier */
#else
#define KMCL_INTERLOCKED_FENCE()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

#define KMCL_INTERLOCKED_RMW(name, type, op)						\
FORCEINLINE type name(_Inout_ type volatile *Target, _In_ type Value)			\
{											\
	type result;									\
											\
	KMCL_INTERLOCKED_FENCE();							\
	result = op(Target, Value, __ATOMIC_SEQ_CST);					\
	KMCL_INTERLOCKED_FENCE();							\
	return result;									\
}
#define KMCL_INTERLOCKED_STEP(name, type, op)						\
FORCEINLINE type name(_Inout_ type volatile *Target)					\
{											\
	type result;									\
											\
	KMCL_INTERLOCKED_FENCE();							\
	result = op(Target, 1, __ATOMIC_SEQ_CST);					\
	KMCL_INTERLOCKED_FENCE();							\
	return result;									\
}
#define KMCL_INTERLOCKED_CAS(name, type)						\
FORCEINLINE type name(_Inout_ type volatile *Target, _In_ type Exchange, _In_ type Comperand) \
{											\
	KMCL_INTERLOCKED_FENCE();							\
	__atomic_compare_exchange_n(Target, &Comperand, Exchange, 0,			\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);		\
	KMCL_INTERLOCKED_FENCE();							\
	return Comperand;								\
}

/* These return the new value ... */
KMCL_INTERLOCKED_STEP(InterlockedIncrement, LONG, __atomic_add_fetch)
KMCL_INTERLOCKED_STEP(InterlockedDecrement, LONG, __atomic_sub_fetch)
KMCL_INTERLOCKED_STEP(InterlockedIncrement64, LONG64, __atomic_add_fetch)
KMCL_INTERLOCKED_STEP(InterlockedDecrement64, LONG64, __atomic_sub_fetch)
KMCL_INTERLOCKED_RMW(InterlockedAdd, LONG, __atomic_add_fetch)
KMCL_INTERLOCKED_RMW(InterlockedAdd64, LONG64, __atomic_add_fetch)
/* ... and these the old one. */
KMCL_INTERLOCKED_RMW(InterlockedExchange, LONG, __atomic_exchange_n)
KMCL_INTERLOCKED_RMW(InterlockedExchangeAdd, LONG, __atomic_fetch_add)
KMCL_INTERLOCKED_RMW(InterlockedAnd, LONG, __atomic_fetch_and)
KMCL_INTERLOCKED_RMW(InterlockedOr, LONG, __atomic_fetch_or)
KMCL_INTERLOCKED_RMW(InterlockedXor, LONG, __atomic_fetch_xor)
KMCL_INTERLOCKED_RMW(InterlockedExchange64, LONG64, __atomic_exchange_n)
KMCL_INTERLOCKED_RMW(InterlockedExchangeAdd64, LONG64, __atomic_fetch_add)
KMCL_INTERLOCKED_RMW(InterlockedAnd64, LONG64, __atomic_fetch_and)
KMCL_INTERLOCKED_RMW(InterlockedOr64, LONG64, __atomic_fetch_or)
KMCL_INTERLOCKED_RMW(InterlockedXor64, LONG64, __atomic_fetch_xor)
KMCL_INTERLOCKED_RMW(InterlockedExchangePointer, PVOID, __atomic_exchange_n)
KMCL_INTERLOCKED_CAS(InterlockedCompareExchange, LONG)
KMCL_INTERLOCKED_CAS(InterlockedCompareExchange64, LONG64)
KMCL_INTERLOCKED_CAS(InterlockedCompareExchangePointer, PVOID)

FORCEINLINE UCHAR InterlockedBitTestAndSet(_Inout_ LONG volatile *Base, _In_ LONG Bit)
{
	return (UCHAR)(((ULONG)InterlockedOr(Base, (LONG)(1U << (Bit & 31))) >> (Bit & 31)) & 1);
}

FORCEINLINE UCHAR InterlockedBitTestAndReset(_Inout_ LONG volatile *Base, _In_ LONG Bit)
{
	return (UCHAR)(((ULONG)InterlockedAnd(Base, (LONG)~(1U << (Bit & 31))) >> (Bit & 31)) & 1);
}

#define KeMemoryBarrier()		__sync_synchronize()
#define MemoryBarrier()			__sync_synchronize()
#define KeMemoryBarrierWithoutFence()	__asm__ __volatile__("" : : : "memory")
#define ReadAcquire(p) \
	__atomic_load_n((LONG const volatile *)(p), __ATOMIC_ACQUIRE)
#define ReadNoFence(p) \
	__atomic_load_n((LONG const volatile *)(p), __ATOMIC_RELAXED)
#define WriteRelease(p, v) \
	__atomic_store_n((LONG volatile *)(p), (v), __ATOMIC_RELEASE)
#define WriteNoFence(p, v) \
	__atomic_store_n((LONG volatile *)(p), (v), __ATOMIC_RELAXED)
#define ReadPointerAcquire(p) \
	__atomic_load_n((PVOID const volatile *)(p), __ATOMIC_ACQUIRE)
#define WritePointerRelease(p, v) \
	__atomic_store_n((PVOID volatile *)(p), (v), __ATOMIC_RELEASE)
#if defined(__x86_64__)
#define YieldProcessor()		__asm__ __volatile__("pause" : : : "memory")
#else
#define YieldProcessor()		__asm__ __volatile__("yield" : : : "memory")
#endif

/* ---- lists ---- */

FORCEINLINE VOID InitializeListHead(_Out_ PLIST_ENTRY ListHead)
{
	ListHead->Flink = ListHead;
	ListHead->Blink = ListHead;
}

FORCEINLINE BOOLEAN IsListEmpty(_In_ const LIST_ENTRY *ListHead)
{
	return ListHead->Flink == ListHead;
}

/* TRUE if the list is empty afterwards. */
FORCEINLINE BOOLEAN RemoveEntryList(_In_ PLIST_ENTRY Entry)
{
	PLIST_ENTRY next = Entry->Flink, previous = Entry->Blink;

	previous->Flink = next;
	next->Blink = previous;
	return next == previous;
}

/* The head itself if the list is empty. */
FORCEINLINE PLIST_ENTRY RemoveHeadList(_Inout_ PLIST_ENTRY ListHead)
{
	PLIST_ENTRY entry = ListHead->Flink;

	RemoveEntryList(entry);
	return entry;
}

FORCEINLINE PLIST_ENTRY RemoveTailList(_Inout_ PLIST_ENTRY ListHead)
{
	PLIST_ENTRY entry = ListHead->Blink;

	RemoveEntryList(entry);
	return entry;
}

FORCEINLINE VOID InsertTailList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PLIST_ENTRY Entry)
{
	PLIST_ENTRY last = ListHead->Blink;

	Entry->Flink = ListHead;
	Entry->Blink = last;
	last->Flink = Entry;
	ListHead->Blink = Entry;
}

FORCEINLINE VOID InsertHeadList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PLIST_ENTRY Entry)
{
	PLIST_ENTRY first = ListHead->Flink;

	Entry->Flink = first;
	Entry->Blink = ListHead;
	first->Blink = Entry;
	ListHead->Flink = Entry;
}

/* Splices the list of ListToAppend (a list without a head) to the end of ListHead. */
FORCEINLINE VOID AppendTailList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PLIST_ENTRY ListToAppend)
{
	PLIST_ENTRY end = ListHead->Blink;

	ListHead->Blink->Flink = ListToAppend;
	ListHead->Blink = ListToAppend->Blink;
	ListToAppend->Blink->Flink = ListHead;
	ListToAppend->Blink = end;
}

FORCEINLINE VOID PushEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead,
			       _Inout_ PSINGLE_LIST_ENTRY Entry)
{
	Entry->Next = ListHead->Next;
	ListHead->Next = Entry;
}

/* NULL if the list is empty. */
FORCEINLINE PSINGLE_LIST_ENTRY PopEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead)
{
	PSINGLE_LIST_ENTRY first = ListHead->Next;

	if (first)
		ListHead->Next = first->Next;
	return first;
}

/* ---- spin locks ---- */

#if defined(CONFIG_DEBUG_SPINLOCK) || defined(CONFIG_DEBUG_LOCK_ALLOC)
/* Room for the debugging state of the kernel's spinlock_t. Must be initialised. */
typedef struct _KSPIN_LOCK {
	ULONG_PTR Reserved[14];
} KSPIN_LOCK, *PKSPIN_LOCK;
#else
typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;
#endif

typedef struct _KLOCK_QUEUE_HANDLE {
	PKSPIN_LOCK	Lock;
	KIRQL		OldIrql;
} KLOCK_QUEUE_HANDLE, *PKLOCK_QUEUE_HANDLE;

VOID KeInitializeSpinLock(_Out_ PKSPIN_LOCK SpinLock);
#ifdef CONFIG_DEBUG_LOCK_ALLOC
/* Each place that initialises locks is a lock class of its own to lockdep. */
VOID kmcl_nt_init_spin_lock(PKSPIN_LOCK SpinLock, PCSTR name, PVOID key);
#define KeInitializeSpinLock(lock) do {				\
	static ULONGLONG kmcl_lock_key[2];			\
								\
	kmcl_nt_init_spin_lock(lock, #lock, kmcl_lock_key);	\
} while (0)
#endif
KIRQL KeAcquireSpinLockRaiseToDpc(_Inout_ PKSPIN_LOCK SpinLock);
#define KeAcquireSpinLock(lock, old_irql)	(*(old_irql) = KeAcquireSpinLockRaiseToDpc(lock))
VOID KeReleaseSpinLock(_Inout_ PKSPIN_LOCK SpinLock, _In_ KIRQL NewIrql);
VOID KeAcquireSpinLockAtDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
VOID KeReleaseSpinLockFromDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(_Inout_ PKSPIN_LOCK SpinLock);
BOOLEAN KeTestSpinLock(_In_ PKSPIN_LOCK SpinLock);
VOID KeAcquireInStackQueuedSpinLock(_Inout_ PKSPIN_LOCK SpinLock,
				    _Out_ PKLOCK_QUEUE_HANDLE LockHandle);
VOID KeReleaseInStackQueuedSpinLock(_In_ PKLOCK_QUEUE_HANDLE LockHandle);
VOID KeAcquireInStackQueuedSpinLockAtDpcLevel(_Inout_ PKSPIN_LOCK SpinLock,
					      _Out_ PKLOCK_QUEUE_HANDLE LockHandle);
VOID KeReleaseInStackQueuedSpinLockFromDpcLevel(_In_ PKLOCK_QUEUE_HANDLE LockHandle);

/* Each returns the entry that was there before, or NULL. */
PLIST_ENTRY ExInterlockedInsertHeadList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PLIST_ENTRY ListEntry,
					_Inout_ PKSPIN_LOCK Lock);
PLIST_ENTRY ExInterlockedInsertTailList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PLIST_ENTRY ListEntry,
					_Inout_ PKSPIN_LOCK Lock);
PLIST_ENTRY ExInterlockedRemoveHeadList(_Inout_ PLIST_ENTRY ListHead, _Inout_ PKSPIN_LOCK Lock);
PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead,
					      _Inout_ PSINGLE_LIST_ENTRY ListEntry,
					      _Inout_ PKSPIN_LOCK Lock);
PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(_Inout_ PSINGLE_LIST_ENTRY ListHead,
					     _Inout_ PKSPIN_LOCK Lock);

/* ---- lists that need no lock ---- */

typedef struct _SLIST_ENTRY {
	struct _SLIST_ENTRY *Next;
} DECLSPEC_ALIGN(16) SLIST_ENTRY, *PSLIST_ENTRY;

/* Private. All zero is an empty list. */
typedef struct _SLIST_HEADER {
	struct _SLIST_ENTRY	*Next;
	USHORT			Depth;
	USHORT			Sequence;
	ULONG			Lock;
} DECLSPEC_ALIGN(16) SLIST_HEADER, *PSLIST_HEADER;

FORCEINLINE VOID InitializeSListHead(_Out_ PSLIST_HEADER ListHead)
{
	RtlZeroMemory(ListHead, sizeof(*ListHead));
}

/* Each returns the entry that was first before, or NULL. */
PSLIST_ENTRY InterlockedPushEntrySList(_Inout_ PSLIST_HEADER ListHead,
				       _Inout_ PSLIST_ENTRY ListEntry);
PSLIST_ENTRY InterlockedPopEntrySList(_Inout_ PSLIST_HEADER ListHead);
PSLIST_ENTRY InterlockedFlushSList(_Inout_ PSLIST_HEADER ListHead);
USHORT QueryDepthSList(_In_ PSLIST_HEADER ListHead);
#define ExInitializeSListHead(head)			InitializeSListHead(head)
#define ExInterlockedPushEntrySList(head, entry, lock)	InterlockedPushEntrySList(head, entry)
#define ExInterlockedPopEntrySList(head, lock)		InterlockedPopEntrySList(head)
#define ExInterlockedFlushSList(head)			InterlockedFlushSList(head)
#define ExQueryDepthSList(head)				QueryDepthSList(head)

/* ---- lookaside lists ---- */

typedef PVOID ALLOCATE_FUNCTION(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes, _In_ ULONG Tag);
typedef ALLOCATE_FUNCTION *PALLOCATE_FUNCTION;
typedef VOID FREE_FUNCTION(_In_ PVOID Buffer);
typedef FREE_FUNCTION *PFREE_FUNCTION;

struct _LOOKASIDE_LIST_EX;
typedef PVOID ALLOCATE_FUNCTION_EX(_In_ POOL_TYPE PoolType, _In_ SIZE_T NumberOfBytes,
				   _In_ ULONG Tag, _Inout_ struct _LOOKASIDE_LIST_EX *Lookaside);
typedef ALLOCATE_FUNCTION_EX *PALLOCATE_FUNCTION_EX;
typedef VOID FREE_FUNCTION_EX(_In_ PVOID Buffer, _Inout_ struct _LOOKASIDE_LIST_EX *Lookaside);
typedef FREE_FUNCTION_EX *PFREE_FUNCTION_EX;

#define EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL	0x00000001
#define EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE	0x00000002
#define EX_MAXIMUM_LOOKASIDE_DEPTH_BASE			256

/* Private. One structure serves the three kinds. */
typedef struct _LOOKASIDE_LIST_EX {
	SLIST_HEADER		Blocks;
	POOL_TYPE		Type;
	ULONG			Tag;
	SIZE_T			Size;
	PALLOCATE_FUNCTION	Allocate;
	PFREE_FUNCTION		Free;
	PALLOCATE_FUNCTION_EX	AllocateEx;
	PFREE_FUNCTION_EX	FreeEx;
} LOOKASIDE_LIST_EX, *PLOOKASIDE_LIST_EX;

typedef LOOKASIDE_LIST_EX NPAGED_LOOKASIDE_LIST, *PNPAGED_LOOKASIDE_LIST;
typedef LOOKASIDE_LIST_EX PAGED_LOOKASIDE_LIST, *PPAGED_LOOKASIDE_LIST;

NTSTATUS ExInitializeLookasideListEx(
	_Out_ PLOOKASIDE_LIST_EX Lookaside,
	_In_opt_ PALLOCATE_FUNCTION_EX Allocate,
	_In_opt_ PFREE_FUNCTION_EX Free,
	_In_ POOL_TYPE PoolType,
	_In_ ULONG Flags,
	_In_ SIZE_T Size,
	_In_ ULONG Tag,
	_In_ USHORT Depth);
PVOID ExAllocateFromLookasideListEx(_Inout_ PLOOKASIDE_LIST_EX Lookaside);
VOID ExFreeToLookasideListEx(_Inout_ PLOOKASIDE_LIST_EX Lookaside, _In_ PVOID Entry);
VOID ExFlushLookasideListEx(_Inout_ PLOOKASIDE_LIST_EX Lookaside);
VOID ExDeleteLookasideListEx(_Inout_ PLOOKASIDE_LIST_EX Lookaside);

VOID ExInitializeNPagedLookasideList(
	_Out_ PNPAGED_LOOKASIDE_LIST Lookaside,
	_In_opt_ PALLOCATE_FUNCTION Allocate,
	_In_opt_ PFREE_FUNCTION Free,
	_In_ ULONG Flags,
	_In_ SIZE_T Size,
	_In_ ULONG Tag,
	_In_ USHORT Depth);
VOID ExInitializePagedLookasideList(
	_Out_ PPAGED_LOOKASIDE_LIST Lookaside,
	_In_opt_ PALLOCATE_FUNCTION Allocate,
	_In_opt_ PFREE_FUNCTION Free,
	_In_ ULONG Flags,
	_In_ SIZE_T Size,
	_In_ ULONG Tag,
	_In_ USHORT Depth);
#define ExAllocateFromNPagedLookasideList(list)		ExAllocateFromLookasideListEx(list)
#define ExFreeToNPagedLookasideList(list, entry)	ExFreeToLookasideListEx(list, entry)
#define ExDeleteNPagedLookasideList(list)		ExDeleteLookasideListEx(list)
#define ExAllocateFromPagedLookasideList(list)		ExAllocateFromLookasideListEx(list)
#define ExFreeToPagedLookasideList(list, entry)		ExFreeToLookasideListEx(list, entry)
#define ExDeletePagedLookasideList(list)		ExDeleteLookasideListEx(list)

/* ---- dispatcher objects: what a thread can wait for ---- */

typedef CCHAR KPROCESSOR_MODE;
typedef LONG KPRIORITY;

typedef enum _MODE {
	KernelMode,
	UserMode,
	MaximumMode
} MODE;

typedef enum _KWAIT_REASON {
	Executive,
	FreePage,
	PageIn,
	PoolAllocation,
	DelayExecution,
	Suspended,
	UserRequest,
	WrExecutive,
	MaximumWaitReason = 41
} KWAIT_REASON;

typedef enum _WAIT_TYPE {
	WaitAll,
	WaitAny
} WAIT_TYPE;

typedef enum _EVENT_TYPE {
	NotificationEvent,
	SynchronizationEvent
} EVENT_TYPE;

typedef enum _TIMER_TYPE {
	NotificationTimer,
	SynchronizationTimer
} TIMER_TYPE;

#define IO_NO_INCREMENT		0
#define EVENT_INCREMENT		1
#define MAXIMUM_WAIT_OBJECTS	64
#define THREAD_WAIT_OBJECTS	3

/*
 * The head of every object that can be waited for. Private, but for its place in KEVENT and KTIMER.
 */
typedef struct _DISPATCHER_HEADER {
	UCHAR		Type;
	UCHAR		Magic;
	UCHAR		Size;
	UCHAR		Reserved;
	LONG		SignalState;
	LIST_ENTRY	WaitListHead;
} DISPATCHER_HEADER, *PDISPATCHER_HEADER;

typedef struct _KEVENT {
	DISPATCHER_HEADER Header;
} KEVENT, *PKEVENT, *PRKEVENT;

/* Private; a driver only allocates an array of them for KeWaitForMultipleObjects. */
typedef struct _KWAIT_BLOCK {
	LIST_ENTRY		WaitListEntry;
	PVOID			Wait;
	PDISPATCHER_HEADER	Object;
	ULONG			Index;
	ULONG			Reserved;
	PVOID			SparePtr;
} KWAIT_BLOCK, *PKWAIT_BLOCK, *PRKWAIT_BLOCK;

VOID KeInitializeEvent(_Out_ PRKEVENT Event, _In_ EVENT_TYPE Type, _In_ BOOLEAN State);
LONG KeSetEvent(_Inout_ PRKEVENT Event, _In_ KPRIORITY Increment, _In_ BOOLEAN Wait);
VOID KeClearEvent(_Inout_ PRKEVENT Event);
LONG KeResetEvent(_Inout_ PRKEVENT Event);
LONG KeReadStateEvent(_In_ PRKEVENT Event);
NTSTATUS KeWaitForSingleObject(
	_In_ PVOID Object,
	_In_ KWAIT_REASON WaitReason,
	_In_ KPROCESSOR_MODE WaitMode,
	_In_ BOOLEAN Alertable,
	_In_opt_ PLARGE_INTEGER Timeout);
NTSTATUS KeWaitForMultipleObjects(
	_In_ ULONG Count,
	_In_reads_(Count) PVOID Object[],
	_In_ WAIT_TYPE WaitType,
	_In_ KWAIT_REASON WaitReason,
	_In_ KPROCESSOR_MODE WaitMode,
	_In_ BOOLEAN Alertable,
	_In_opt_ PLARGE_INTEGER Timeout,
	_Out_opt_ PKWAIT_BLOCK WaitBlockArray);
NTSTATUS KeDelayExecutionThread(
	_In_ KPROCESSOR_MODE WaitMode,
	_In_ BOOLEAN Alertable,
	_In_ PLARGE_INTEGER Interval);

/* ---- mutexes and semaphores ---- */

typedef struct _KMUTANT {
	DISPATCHER_HEADER	Header;
	PVOID			OwnerThread;
} KMUTANT, *PKMUTANT, *PRKMUTANT, KMUTEX, *PKMUTEX, *PRKMUTEX;

typedef struct _KSEMAPHORE {
	DISPATCHER_HEADER	Header;
	LONG			Limit;
} KSEMAPHORE, *PKSEMAPHORE, *PRKSEMAPHORE;

#define SEMAPHORE_INCREMENT	1

VOID KeInitializeMutex(_Out_ PRKMUTEX Mutex, _In_ ULONG Level);
LONG KeReleaseMutex(_Inout_ PRKMUTEX Mutex, _In_ BOOLEAN Wait);
LONG KeReadStateMutex(_In_ PRKMUTEX Mutex);
VOID KeInitializeSemaphore(_Out_ PRKSEMAPHORE Semaphore, _In_ LONG Count, _In_ LONG Limit);
LONG KeReleaseSemaphore(_Inout_ PRKSEMAPHORE Semaphore, _In_ KPRIORITY Increment,
			_In_ LONG Adjustment, _In_ BOOLEAN Wait);
LONG KeReadStateSemaphore(_In_ PRKSEMAPHORE Semaphore);
#define KeWaitForMutexObject	KeWaitForSingleObject

typedef struct _FAST_MUTEX {
	LONG	Count;		/* 1: free; below 1: how many wait */
	PVOID	Owner;
	KEVENT	Event;
} FAST_MUTEX, *PFAST_MUTEX, KGUARDED_MUTEX, *PKGUARDED_MUTEX;

VOID ExInitializeFastMutex(_Out_ PFAST_MUTEX FastMutex);
VOID ExAcquireFastMutex(_Inout_ PFAST_MUTEX FastMutex);
BOOLEAN ExTryToAcquireFastMutex(_Inout_ PFAST_MUTEX FastMutex);
VOID ExReleaseFastMutex(_Inout_ PFAST_MUTEX FastMutex);
#define ExAcquireFastMutexUnsafe(m)	ExAcquireFastMutex(m)
#define ExReleaseFastMutexUnsafe(m)	ExReleaseFastMutex(m)
#define KeInitializeGuardedMutex(m)	ExInitializeFastMutex(m)
#define KeAcquireGuardedMutex(m)	ExAcquireFastMutex(m)
#define KeTryToAcquireGuardedMutex(m)	ExTryToAcquireFastMutex(m)
#define KeReleaseGuardedMutex(m)	ExReleaseFastMutex(m)

/* ---- reader/writer locks ---- */

typedef struct _ERESOURCE {
	PVOID	OwnerThread;	/* of the writer */
	LONG	Depth;		/* how often the writer has it */
	LONG	Readers;
	ULONG	Magic;
} ERESOURCE, *PERESOURCE;

NTSTATUS ExInitializeResourceLite(_Out_ PERESOURCE Resource);
NTSTATUS ExDeleteResourceLite(_Inout_ PERESOURCE Resource);
BOOLEAN ExAcquireResourceExclusiveLite(_Inout_ PERESOURCE Resource, _In_ BOOLEAN Wait);
BOOLEAN ExAcquireResourceSharedLite(_Inout_ PERESOURCE Resource, _In_ BOOLEAN Wait);
VOID ExReleaseResourceLite(_Inout_ PERESOURCE Resource);
VOID ExConvertExclusiveToSharedLite(_Inout_ PERESOURCE Resource);
BOOLEAN ExIsResourceAcquiredExclusiveLite(_In_ PERESOURCE Resource);

/* There are no APCs to keep out. */
#define KeEnterCriticalRegion()	((void)0)
#define KeLeaveCriticalRegion()	((void)0)
#define KeEnterGuardedRegion()	((void)0)
#define KeLeaveGuardedRegion()	((void)0)

/* ---- rundown protection and remove locks ---- */

typedef struct _EX_RUNDOWN_REF {
	union {
		ULONG_PTR	Count;	/* twice the users, and 1 once rundown has begun */
		PVOID		Ptr;
	};
} EX_RUNDOWN_REF, *PEX_RUNDOWN_REF;

VOID ExInitializeRundownProtection(_Out_ PEX_RUNDOWN_REF RunRef);
VOID ExReInitializeRundownProtection(_Inout_ PEX_RUNDOWN_REF RunRef);
BOOLEAN ExAcquireRundownProtection(_Inout_ PEX_RUNDOWN_REF RunRef);
BOOLEAN ExAcquireRundownProtectionEx(_Inout_ PEX_RUNDOWN_REF RunRef, _In_ ULONG Count);
VOID ExReleaseRundownProtection(_Inout_ PEX_RUNDOWN_REF RunRef);
VOID ExReleaseRundownProtectionEx(_Inout_ PEX_RUNDOWN_REF RunRef, _In_ ULONG Count);
VOID ExRundownCompleted(_Out_ PEX_RUNDOWN_REF RunRef);
VOID ExWaitForRundownProtectionRelease(_Inout_ PEX_RUNDOWN_REF RunRef);

typedef struct _IO_REMOVE_LOCK {
	EX_RUNDOWN_REF Users;
} IO_REMOVE_LOCK, *PIO_REMOVE_LOCK;

/* The tags, which only Windows' checked builds look at, are ignored. */
VOID IoInitializeRemoveLock(_Out_ PIO_REMOVE_LOCK Lock, _In_ ULONG AllocateTag,
			    _In_ ULONG MaxLockedMinutes, _In_ ULONG HighWatermark);
NTSTATUS IoAcquireRemoveLock(_Inout_ PIO_REMOVE_LOCK RemoveLock, _In_opt_ PVOID Tag);
VOID IoReleaseRemoveLock(_Inout_ PIO_REMOVE_LOCK RemoveLock, _In_opt_ PVOID Tag);
VOID IoReleaseRemoveLockAndWait(_Inout_ PIO_REMOVE_LOCK RemoveLock, _In_opt_ PVOID Tag);

/* ---- deferred procedure calls and timers ---- */

struct _KDPC;
typedef _Function_class_(KDEFERRED_ROUTINE)
_IRQL_requires_(DISPATCH_LEVEL)
VOID KDEFERRED_ROUTINE(
	_In_ struct _KDPC *Dpc,
	_In_opt_ PVOID DeferredContext,
	_In_opt_ PVOID SystemArgument1,
	_In_opt_ PVOID SystemArgument2);
typedef KDEFERRED_ROUTINE *PKDEFERRED_ROUTINE;

typedef struct _KDPC {
	UCHAR			Type;
	UCHAR			Importance;
	USHORT			Number;
	ULONG			Reserved;
	LIST_ENTRY		DpcListEntry;
	PKDEFERRED_ROUTINE	DeferredRoutine;
	PVOID			DeferredContext;
	PVOID			SystemArgument1;
	PVOID			SystemArgument2;
	PVOID			DpcData;
} KDPC, *PKDPC, *PRKDPC;

VOID KeInitializeDpc(_Out_ PRKDPC Dpc, _In_ PKDEFERRED_ROUTINE DeferredRoutine,
		     _In_opt_ PVOID DeferredContext);
BOOLEAN KeInsertQueueDpc(_Inout_ PRKDPC Dpc, _In_opt_ PVOID SystemArgument1,
			 _In_opt_ PVOID SystemArgument2);
BOOLEAN KeRemoveQueueDpc(_Inout_ PRKDPC Dpc);
VOID KeFlushQueuedDpcs(VOID);

typedef struct _KTIMER {
	DISPATCHER_HEADER	Header;
	ULONG_PTR		Timeout[6];
	struct _KDPC		*Dpc;
	ULONG			Period;
	ULONG			Reserved;
} KTIMER, *PKTIMER, *PRKTIMER;

VOID KeInitializeTimer(_Out_ PKTIMER Timer);
VOID KeInitializeTimerEx(_Out_ PKTIMER Timer, _In_ TIMER_TYPE Type);
BOOLEAN KeSetTimer(_Inout_ PKTIMER Timer, _In_ LARGE_INTEGER DueTime, _In_opt_ PKDPC Dpc);
BOOLEAN KeSetTimerEx(_Inout_ PKTIMER Timer, _In_ LARGE_INTEGER DueTime, _In_ LONG Period,
		     _In_opt_ PKDPC Dpc);
BOOLEAN KeCancelTimer(_Inout_ PKTIMER Timer);
BOOLEAN KeReadStateTimer(_In_ PKTIMER Timer);

/* ---- time ---- */

VOID KeQuerySystemTime(_Out_ PLARGE_INTEGER CurrentTime);
VOID KeQuerySystemTimePrecise(_Out_ PLARGE_INTEGER CurrentTime);
ULONGLONG KeQueryInterruptTime(VOID);
LARGE_INTEGER KeQueryPerformanceCounter(_Out_opt_ PLARGE_INTEGER PerformanceFrequency);
VOID KeStallExecutionProcessor(_In_ ULONG MicroSeconds);
ULONG KeQueryTimeIncrement(VOID);
VOID KeQueryTickCount(_Out_ PLARGE_INTEGER TickCount);

typedef struct _TIME_FIELDS {
	CSHORT	Year;		/* 1601... */
	CSHORT	Month;		/* 1..12 */
	CSHORT	Day;		/* 1..31 */
	CSHORT	Hour;
	CSHORT	Minute;
	CSHORT	Second;
	CSHORT	Milliseconds;
	CSHORT	Weekday;	/* 0..6, from Sunday */
} TIME_FIELDS, *PTIME_FIELDS;

VOID RtlTimeToTimeFields(_In_ PLARGE_INTEGER Time, _Out_ PTIME_FIELDS TimeFields);

/* ---- processors ---- */

typedef struct _PROCESSOR_NUMBER {
	USHORT	Group;
	UCHAR	Number;
	UCHAR	Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

#define ALL_PROCESSOR_GROUPS	0xffff

/* All processors are in group 0, also above 64. */
ULONG KeGetCurrentProcessorNumberEx(_Out_opt_ PPROCESSOR_NUMBER ProcNumber);
ULONG KeQueryActiveProcessorCountEx(_In_ USHORT GroupNumber);
ULONG KeQueryMaximumProcessorCountEx(_In_ USHORT GroupNumber);

/* ---- driver and device objects ---- */

typedef struct _DRIVER_OBJECT DRIVER_OBJECT, *PDRIVER_OBJECT;
typedef struct _DEVICE_OBJECT DEVICE_OBJECT, *PDEVICE_OBJECT;
typedef struct _IRP IRP, *PIRP;
typedef struct _EPROCESS *PEPROCESS;

typedef _Function_class_(DRIVER_INITIALIZE)
NTSTATUS DRIVER_INITIALIZE(_In_ struct _DRIVER_OBJECT *DriverObject,
			   _In_ PUNICODE_STRING RegistryPath);
typedef DRIVER_INITIALIZE *PDRIVER_INITIALIZE;

typedef _Function_class_(DRIVER_UNLOAD)
VOID DRIVER_UNLOAD(_In_ struct _DRIVER_OBJECT *DriverObject);
typedef DRIVER_UNLOAD *PDRIVER_UNLOAD;

typedef _Function_class_(DRIVER_ADD_DEVICE)
_IRQL_requires_(PASSIVE_LEVEL)
NTSTATUS DRIVER_ADD_DEVICE(_In_ struct _DRIVER_OBJECT *DriverObject,
			   _In_ struct _DEVICE_OBJECT *PhysicalDeviceObject);
typedef DRIVER_ADD_DEVICE *PDRIVER_ADD_DEVICE;

typedef _Function_class_(DRIVER_DISPATCH)
NTSTATUS DRIVER_DISPATCH(_In_ struct _DEVICE_OBJECT *DeviceObject, _Inout_ struct _IRP *Irp);
typedef DRIVER_DISPATCH *PDRIVER_DISPATCH;

#define IO_TYPE_DEVICE	3
#define IO_TYPE_DRIVER	4
#define IO_TYPE_IRP	6

#define IRP_MJ_CREATE			0x00
#define IRP_MJ_CLOSE			0x02
#define IRP_MJ_READ			0x03
#define IRP_MJ_WRITE			0x04
#define IRP_MJ_DEVICE_CONTROL		0x0e
#define IRP_MJ_INTERNAL_DEVICE_CONTROL	0x0f
#define IRP_MJ_SHUTDOWN			0x10
#define IRP_MJ_CLEANUP			0x12
#define IRP_MJ_POWER			0x16
#define IRP_MJ_SYSTEM_CONTROL		0x17
#define IRP_MJ_PNP			0x1b
#define IRP_MJ_MAXIMUM_FUNCTION		0x1b

#define IRP_MN_START_DEVICE		0x00
#define IRP_MN_QUERY_REMOVE_DEVICE	0x01
#define IRP_MN_REMOVE_DEVICE		0x02
#define IRP_MN_CANCEL_REMOVE_DEVICE	0x03
#define IRP_MN_STOP_DEVICE		0x04
#define IRP_MN_QUERY_STOP_DEVICE	0x05
#define IRP_MN_CANCEL_STOP_DEVICE	0x06
#define IRP_MN_QUERY_DEVICE_RELATIONS	0x07
#define IRP_MN_QUERY_INTERFACE		0x08
#define IRP_MN_QUERY_CAPABILITIES	0x09
#define IRP_MN_SURPRISE_REMOVAL		0x17

typedef struct _DRIVER_EXTENSION {
	struct _DRIVER_OBJECT	*DriverObject;
	PDRIVER_ADD_DEVICE	AddDevice;
} DRIVER_EXTENSION, *PDRIVER_EXTENSION;

struct _DRIVER_OBJECT {
	CSHORT			Type;
	CSHORT			Size;
	PDEVICE_OBJECT		DeviceObject;	/* the driver's devices, chained by NextDevice */
	ULONG			Flags;
	PDRIVER_EXTENSION	DriverExtension;
	UNICODE_STRING		DriverName;
	PDRIVER_INITIALIZE	DriverInit;
	PDRIVER_UNLOAD		DriverUnload;
	PDRIVER_DISPATCH	MajorFunction[IRP_MJ_MAXIMUM_FUNCTION + 1];
};

typedef ULONG DEVICE_TYPE;

#define FILE_DEVICE_CONTROLLER		0x00000004
#define FILE_DEVICE_DISK		0x00000007
#define FILE_DEVICE_KEYBOARD		0x0000000b
#define FILE_DEVICE_MOUSE		0x0000000f
#define FILE_DEVICE_NETWORK		0x00000012
#define FILE_DEVICE_UNKNOWN		0x00000022
#define FILE_DEVICE_VIDEO		0x00000023
#define FILE_DEVICE_BUS_EXTENDER	0x0000002a

#define FILE_DEVICE_SECURE_OPEN		0x00000100

#define DO_BUFFERED_IO			0x00000004
#define DO_DIRECT_IO			0x00000010
#define DO_DEVICE_INITIALIZING		0x00000080
#define DO_BUS_ENUMERATED_DEVICE	0x00001000
#define DO_POWER_PAGABLE		0x00002000

struct _DEVICE_OBJECT {
	CSHORT			Type;
	USHORT			Size;
	struct _DRIVER_OBJECT	*DriverObject;
	struct _DEVICE_OBJECT	*NextDevice;
	struct _DEVICE_OBJECT	*AttachedDevice;	/* the one above */
	ULONG			Flags;
	ULONG			Characteristics;
	PVOID			DeviceExtension;
	DEVICE_TYPE		DeviceType;
	CCHAR			StackSize;
};

_Must_inspect_result_
NTSTATUS IoCreateDevice(
	_In_ PDRIVER_OBJECT DriverObject,
	_In_ ULONG DeviceExtensionSize,
	_In_opt_ PUNICODE_STRING DeviceName,
	_In_ DEVICE_TYPE DeviceType,
	_In_ ULONG DeviceCharacteristics,
	_In_ BOOLEAN Exclusive,
	_Out_ PDEVICE_OBJECT *DeviceObject);
VOID IoDeleteDevice(_In_ PDEVICE_OBJECT DeviceObject);
_Must_inspect_result_
PDEVICE_OBJECT IoAttachDeviceToDeviceStack(_In_ PDEVICE_OBJECT SourceDevice,
					   _In_ PDEVICE_OBJECT TargetDevice);
VOID IoDetachDevice(_Inout_ PDEVICE_OBJECT TargetDevice);
PDEVICE_OBJECT IoGetAttachedDeviceReference(_In_ PDEVICE_OBJECT DeviceObject);
PDEVICE_OBJECT IoGetLowerDeviceObject(_In_ PDEVICE_OBJECT DeviceObject);

/* ---- driver interfaces ---- */

typedef VOID (*PINTERFACE_REFERENCE)(PVOID Context);
typedef VOID (*PINTERFACE_DEREFERENCE)(PVOID Context);

/*
 * Windows writes "INTERFACE;" at the head of an interface structure; ours write this, which needs
 * no extension.
 */
#define KMCL_INTERFACE_MEMBERS					\
	USHORT			Size;				\
	USHORT			Version;			\
	PVOID			Context;			\
	PINTERFACE_REFERENCE	InterfaceReference;		\
	PINTERFACE_DEREFERENCE	InterfaceDereference;

typedef struct _INTERFACE {
	KMCL_INTERFACE_MEMBERS
} INTERFACE, *PINTERFACE;

/* ---- I/O request packets ---- */

typedef struct _IO_STATUS_BLOCK {
	union {
		NTSTATUS	Status;
		PVOID		Pointer;
	};
	ULONG_PTR		Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

typedef _Function_class_(IO_COMPLETION_ROUTINE)
NTSTATUS IO_COMPLETION_ROUTINE(_In_ PDEVICE_OBJECT DeviceObject, _In_ struct _IRP *Irp,
			       _In_opt_ PVOID Context);
typedef IO_COMPLETION_ROUTINE *PIO_COMPLETION_ROUTINE;

#define SL_PENDING_RETURNED	0x01
#define SL_INVOKE_ON_CANCEL	0x20
#define SL_INVOKE_ON_SUCCESS	0x40
#define SL_INVOKE_ON_ERROR	0x80

typedef struct _IO_STACK_LOCATION {
	UCHAR			MajorFunction;
	UCHAR			MinorFunction;
	UCHAR			Flags;
	UCHAR			Control;
	union {
		struct {
			const GUID	*InterfaceType;
			USHORT		Size;
			USHORT		Version;
			PINTERFACE	Interface;
			PVOID		InterfaceSpecificData;
		} QueryInterface;
		struct {
			PVOID		Argument1;
			PVOID		Argument2;
			PVOID		Argument3;
			PVOID		Argument4;
		} Others;
	} Parameters;
	PDEVICE_OBJECT		DeviceObject;
	PIO_COMPLETION_ROUTINE	CompletionRoutine;
	PVOID			Context;
} IO_STACK_LOCATION, *PIO_STACK_LOCATION;

/* Followed by StackCount stack locations, the last of which is that of the highest device. */
struct _IRP {
	CSHORT			Type;
	USHORT			Size;
	IO_STATUS_BLOCK		IoStatus;
	BOOLEAN			PendingReturned;
	CCHAR			StackCount;
	CCHAR			CurrentLocation;
	PIO_STATUS_BLOCK	UserIosb;
	PKEVENT			UserEvent;
	union {
		struct {
			PIO_STACK_LOCATION CurrentStackLocation;
		} Overlay;
	} Tail;
};

FORCEINLINE PIO_STACK_LOCATION IoGetCurrentIrpStackLocation(_In_ PIRP Irp)
{
	return Irp->Tail.Overlay.CurrentStackLocation;
}

FORCEINLINE PIO_STACK_LOCATION IoGetNextIrpStackLocation(_In_ PIRP Irp)
{
	return Irp->Tail.Overlay.CurrentStackLocation - 1;
}

/* The next device down sees the caller's own stack location. */
FORCEINLINE VOID IoSkipCurrentIrpStackLocation(_Inout_ PIRP Irp)
{
	Irp->CurrentLocation++;
	Irp->Tail.Overlay.CurrentStackLocation++;
}

FORCEINLINE VOID IoCopyCurrentIrpStackLocationToNext(_Inout_ PIRP Irp)
{
	PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(Irp);

	*next = *IoGetCurrentIrpStackLocation(Irp);
	next->Control = 0;
	next->CompletionRoutine = NULL;
	next->Context = NULL;
}

FORCEINLINE VOID IoSetCompletionRoutine(
	_In_ PIRP Irp,
	_In_opt_ PIO_COMPLETION_ROUTINE CompletionRoutine,
	_In_opt_ PVOID Context,
	_In_ BOOLEAN InvokeOnSuccess,
	_In_ BOOLEAN InvokeOnError,
	_In_ BOOLEAN InvokeOnCancel)
{
	PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(Irp);

	next->CompletionRoutine = CompletionRoutine;
	next->Context = Context;
	next->Control = (UCHAR)((InvokeOnSuccess ? SL_INVOKE_ON_SUCCESS : 0) |
				(InvokeOnError ? SL_INVOKE_ON_ERROR : 0) |
				(InvokeOnCancel ? SL_INVOKE_ON_CANCEL : 0));
}

FORCEINLINE VOID IoMarkIrpPending(_Inout_ PIRP Irp)
{
	IoGetCurrentIrpStackLocation(Irp)->Control |= SL_PENDING_RETURNED;
}

PIRP IoAllocateIrp(_In_ CCHAR StackSize, _In_ BOOLEAN ChargeQuota);
VOID IoFreeIrp(_In_ PIRP Irp);
PIRP IoBuildSynchronousFsdRequest(
	_In_ ULONG MajorFunction,
	_In_ PDEVICE_OBJECT DeviceObject,
	_Inout_opt_ PVOID Buffer,
	_In_opt_ ULONG Length,
	_In_opt_ PLARGE_INTEGER StartingOffset,
	_In_ PKEVENT Event,
	_Out_ PIO_STATUS_BLOCK IoStatusBlock);
NTSTATUS IofCallDriver(_In_ PDEVICE_OBJECT DeviceObject, _Inout_ PIRP Irp);
VOID IofCompleteRequest(_In_ PIRP Irp, _In_ CCHAR PriorityBoost);
BOOLEAN IoForwardIrpSynchronously(_In_ PDEVICE_OBJECT DeviceObject, _In_ PIRP Irp);
#define IoCallDriver(device, irp)	IofCallDriver(device, irp)
#define IoCompleteRequest(irp, boost)	IofCompleteRequest(irp, boost)

/* ---- work items ---- */

typedef struct _IO_WORKITEM *PIO_WORKITEM;

typedef enum _WORK_QUEUE_TYPE {
	CriticalWorkQueue,
	DelayedWorkQueue,
	HyperCriticalWorkQueue,
	NormalWorkQueue,
	BackgroundWorkQueue
} WORK_QUEUE_TYPE;

typedef _Function_class_(IO_WORKITEM_ROUTINE)
_IRQL_requires_(PASSIVE_LEVEL)
VOID IO_WORKITEM_ROUTINE(_In_ PDEVICE_OBJECT DeviceObject, _In_opt_ PVOID Context);
typedef IO_WORKITEM_ROUTINE *PIO_WORKITEM_ROUTINE;

PIO_WORKITEM IoAllocateWorkItem(_In_ PDEVICE_OBJECT DeviceObject);
VOID IoQueueWorkItem(
	_Inout_ PIO_WORKITEM IoWorkItem,
	_In_ PIO_WORKITEM_ROUTINE WorkerRoutine,
	_In_ WORK_QUEUE_TYPE QueueType,
	_In_opt_ PVOID Context);
VOID IoFreeWorkItem(_In_ PIO_WORKITEM IoWorkItem);

/* ---- objects, handles and system threads ---- */

#define DELETE				0x00010000
#define READ_CONTROL			0x00020000
#define SYNCHRONIZE			0x00100000
#define STANDARD_RIGHTS_REQUIRED	0x000F0000
#define STANDARD_RIGHTS_ALL		0x001F0000
#define THREAD_ALL_ACCESS		0x001FFFFF

typedef struct _OBJECT_TYPE *POBJECT_TYPE;
typedef struct _ETHREAD *PETHREAD;
typedef struct _KTHREAD *PKTHREAD, *PRKTHREAD;

typedef struct _CLIENT_ID {
	HANDLE	UniqueProcess;
	HANDLE	UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

extern POBJECT_TYPE *PsThreadType;

typedef _Function_class_(KSTART_ROUTINE)
VOID KSTART_ROUTINE(_In_ PVOID StartContext);
typedef KSTART_ROUTINE *PKSTART_ROUTINE;

NTSTATUS PsCreateSystemThread(
	_Out_ PHANDLE ThreadHandle,
	_In_ ULONG DesiredAccess,
	_In_opt_ POBJECT_ATTRIBUTES ObjectAttributes,
	_In_opt_ HANDLE ProcessHandle,
	_Out_opt_ PCLIENT_ID ClientId,
	_In_ PKSTART_ROUTINE StartRoutine,
	_In_opt_ PVOID StartContext);
NTSTATUS PsTerminateSystemThread(_In_ NTSTATUS ExitStatus);
HANDLE PsGetCurrentThreadId(VOID);

typedef struct _OBJECT_HANDLE_INFORMATION {
	ULONG		HandleAttributes;
	ACCESS_MASK	GrantedAccess;
} OBJECT_HANDLE_INFORMATION, *POBJECT_HANDLE_INFORMATION;

NTSTATUS ObReferenceObjectByHandle(
	_In_ HANDLE Handle,
	_In_ ACCESS_MASK DesiredAccess,
	_In_opt_ POBJECT_TYPE ObjectType,
	_In_ KPROCESSOR_MODE AccessMode,
	_Out_ PVOID *Object,
	_Out_opt_ POBJECT_HANDLE_INFORMATION HandleInformation);
LONG_PTR ObfReferenceObject(_In_ PVOID Object);
LONG_PTR ObfDereferenceObject(_In_ PVOID Object);
#define ObReferenceObject(object)	ObfReferenceObject(object)
#define ObDereferenceObject(object)	ObfDereferenceObject(object)
NTSTATUS ZwClose(_In_ HANDLE Handle);

/* ---- memory descriptor lists ---- */

typedef ULONG_PTR PFN_NUMBER, *PPFN_NUMBER;

/*
 * Followed by one PFN_NUMBER for each 4096-byte page that the buffer spans. Size is that of both in
 * bytes, read as a USHORT; KMCL_MDL_SIZE_MAX stands for that and anything more.
 */
typedef struct _MDL {
	struct _MDL		*Next;
	CSHORT			Size;
	CSHORT			MdlFlags;
	struct _EPROCESS	*Process;
	PVOID			MappedSystemVa;
	PVOID			StartVa;
	ULONG			ByteCount;
	ULONG			ByteOffset;
} MDL, *PMDL;

#define KMCL_MDL_SIZE_MAX		0xfff8

#define MDL_MAPPED_TO_SYSTEM_VA		0x0001
#define MDL_PAGES_LOCKED		0x0002
#define MDL_SOURCE_IS_NONPAGED_POOL	0x0004
#define MDL_ALLOCATED_FIXED_SIZE	0x0008
#define MDL_PARTIAL			0x0010
#define MDL_PARTIAL_HAS_BEEN_MAPPED	0x0020
#define MDL_IO_PAGE_READ		0x0040
#define MDL_WRITE_OPERATION		0x0080
#define MDL_LOCKED_PAGE_TABLES		0x0100
#define MDL_FREE_EXTRA_PTES		0x0200
#define MDL_DESCRIBES_AWE		0x0400
#define MDL_IO_SPACE			0x0800
#define MDL_NETWORK_HEADER		0x1000
#define MDL_MAPPING_CAN_FAIL		0x2000
#define MDL_PAGE_CONTENTS_INVARIANT	0x4000
#define MDL_ALLOCATED_MUST_SUCCEED	MDL_PAGE_CONTENTS_INVARIANT

typedef enum _MEMORY_CACHING_TYPE {
	MmNonCached,
	MmCached,
	MmWriteCombined
} MEMORY_CACHING_TYPE;

typedef enum _LOCK_OPERATION {
	IoReadAccess,
	IoWriteAccess,
	IoModifyAccess
} LOCK_OPERATION;

/* Priority of a mapping; only the flags in the high bits mean anything here. */
#define LowPagePriority			0
#define NormalPagePriority		16
#define HighPagePriority		32
#define MdlMappingNoWrite		0x80000000
#define MdlMappingNoExecute		0x40000000
#define MdlMappingWithGuardPtes		0x20000000

#define MM_DONT_ZERO_ALLOCATION			0x00000001
#define MM_ALLOCATE_FROM_LOCAL_NODE_ONLY	0x00000002
#define MM_ALLOCATE_FULLY_REQUIRED		0x00000004
#define MM_ALLOCATE_NO_WAIT			0x00000008
#define MM_ALLOCATE_PREFER_CONTIGUOUS		0x00000010
#define MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS	0x00000020
#define MM_ALLOCATE_FAST_LARGE_PAGES		0x00000040
#define MM_ALLOCATE_TRIM_IF_NECESSARY		0x00000080
#define MM_ALLOCATE_AND_HOT_REMOVE		0x00000100

#define MmGetMdlByteCount(mdl)		((mdl)->ByteCount)
#define MmGetMdlByteOffset(mdl)		((mdl)->ByteOffset)
#define MmGetMdlBaseVa(mdl)		((mdl)->StartVa)
#define MmGetMdlVirtualAddress(mdl)	((PVOID)((PCHAR)(mdl)->StartVa + (mdl)->ByteOffset))
#define MmGetMdlPfnArray(mdl)		((PPFN_NUMBER)((mdl) + 1))

FORCEINLINE SIZE_T MmSizeOfMdl(_In_ PVOID Base, _In_ SIZE_T Length)
{
	return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

/* Makes an MDL of the driver's own memory (MmSizeOfMdl bytes). */
FORCEINLINE VOID MmInitializeMdl(_Out_ PMDL MemoryDescriptorList, _In_ PVOID BaseVa,
				 _In_ SIZE_T Length)
{
	SIZE_T size = MmSizeOfMdl(BaseVa, Length);

	MemoryDescriptorList->Next = NULL;
	MemoryDescriptorList->Size = (CSHORT)(size < KMCL_MDL_SIZE_MAX ? size : KMCL_MDL_SIZE_MAX);
	MemoryDescriptorList->MdlFlags = 0;
	MemoryDescriptorList->Process = NULL;
	MemoryDescriptorList->MappedSystemVa = NULL;
	MemoryDescriptorList->StartVa = (PVOID)((ULONG_PTR)BaseVa & ~(ULONG_PTR)0xfff);
	MemoryDescriptorList->ByteOffset = BYTE_OFFSET(BaseVa);
	MemoryDescriptorList->ByteCount = (ULONG)Length;
}

PMDL IoAllocateMdl(
	_In_opt_ PVOID VirtualAddress,
	_In_ ULONG Length,
	_In_ BOOLEAN SecondaryBuffer,
	_In_ BOOLEAN ChargeQuota,
	_Inout_opt_ PIRP Irp);
VOID IoFreeMdl(_In_ PMDL Mdl);
VOID IoBuildPartialMdl(_In_ PMDL SourceMdl, _Inout_ PMDL TargetMdl, _In_ PVOID VirtualAddress,
		       _In_ ULONG Length);
VOID MmBuildMdlForNonPagedPool(_Inout_ PMDL MemoryDescriptorList);
VOID MmProbeAndLockPages(
	_Inout_ PMDL MemoryDescriptorList,
	_In_ KPROCESSOR_MODE AccessMode,
	_In_ LOCK_OPERATION Operation);
VOID MmUnlockPages(_Inout_ PMDL MemoryDescriptorList);
PVOID MmMapLockedPagesSpecifyCache(
	_Inout_ PMDL MemoryDescriptorList,
	_In_ KPROCESSOR_MODE AccessMode,
	_In_ MEMORY_CACHING_TYPE CacheType,
	_In_opt_ PVOID RequestedAddress,
	_In_ ULONG BugCheckOnFailure,
	_In_ ULONG Priority);
VOID MmUnmapLockedPages(_In_ PVOID BaseAddress, _Inout_ PMDL MemoryDescriptorList);
PMDL MmAllocatePagesForMdl(
	_In_ PHYSICAL_ADDRESS LowAddress,
	_In_ PHYSICAL_ADDRESS HighAddress,
	_In_ PHYSICAL_ADDRESS SkipBytes,
	_In_ SIZE_T TotalBytes);
PMDL MmAllocatePagesForMdlEx(
	_In_ PHYSICAL_ADDRESS LowAddress,
	_In_ PHYSICAL_ADDRESS HighAddress,
	_In_ PHYSICAL_ADDRESS SkipBytes,
	_In_ SIZE_T TotalBytes,
	_In_ MEMORY_CACHING_TYPE CacheType,
	_In_ ULONG Flags);
VOID MmFreePagesFromMdl(_Inout_ PMDL MemoryDescriptorList);
PHYSICAL_ADDRESS MmGetPhysicalAddress(_In_ PVOID BaseAddress);
PVOID MmMapIoSpace(_In_ PHYSICAL_ADDRESS PhysicalAddress, _In_ SIZE_T NumberOfBytes,
		   _In_ MEMORY_CACHING_TYPE CacheType);
VOID MmUnmapIoSpace(_In_ PVOID BaseAddress, _In_ SIZE_T NumberOfBytes);

/* The mapping that the MDL has, or a new one; NULL on failure. */
FORCEINLINE PVOID MmGetSystemAddressForMdlSafe(_Inout_ PMDL Mdl, _In_ ULONG Priority)
{
	if (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
		return Mdl->MappedSystemVa;
	return MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, Priority);
}

/* Drops a mapping of the MDL so that it can be built again. */
FORCEINLINE VOID MmPrepareMdlForReuse(_Inout_ PMDL Mdl)
{
	if (Mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED)
		MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl);
}

/* ---- strings ---- */

VOID RtlInitUnicodeString(_Out_ PUNICODE_STRING DestinationString, _In_opt_ PCWSTR SourceString);
VOID RtlCopyUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
			  _In_opt_ PCUNICODE_STRING SourceString);
LONG RtlCompareUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
			     _In_ BOOLEAN CaseInSensitive);
BOOLEAN RtlEqualUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
			      _In_ BOOLEAN CaseInSensitive);
NTSTATUS RtlAppendUnicodeToString(_Inout_ PUNICODE_STRING Destination, _In_opt_ PCWSTR Source);
NTSTATUS RtlAppendUnicodeStringToString(_Inout_ PUNICODE_STRING Destination,
					_In_ PCUNICODE_STRING Source);
VOID RtlFreeUnicodeString(_Inout_ PUNICODE_STRING UnicodeString);
NTSTATUS RtlStringFromGUID(_In_ REFGUID Guid, _Out_ PUNICODE_STRING GuidString);
NTSTATUS RtlGUIDFromString(_In_ PCUNICODE_STRING GuidString, _Out_ GUID *Guid);

VOID RtlInitAnsiString(_Out_ PANSI_STRING DestinationString, _In_opt_ PCSTR SourceString);
VOID RtlInitString(_Out_ PSTRING DestinationString, _In_opt_ PCSTR SourceString);
BOOLEAN RtlEqualString(_In_ const STRING *String1, _In_ const STRING *String2,
		       _In_ BOOLEAN CaseInSensitive);
NTSTATUS RtlAnsiStringToUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
				      _In_ PCANSI_STRING SourceString,
				      _In_ BOOLEAN AllocateDestinationString);
NTSTATUS RtlUnicodeStringToAnsiString(_Inout_ PANSI_STRING DestinationString,
				      _In_ PCUNICODE_STRING SourceString,
				      _In_ BOOLEAN AllocateDestinationString);
VOID RtlFreeAnsiString(_Inout_ PANSI_STRING AnsiString);
WCHAR RtlUpcaseUnicodeChar(_In_ WCHAR SourceCharacter);
WCHAR RtlDowncaseUnicodeChar(_In_ WCHAR SourceCharacter);
NTSTATUS RtlUpcaseUnicodeString(_Inout_ PUNICODE_STRING DestinationString,
				_In_ PCUNICODE_STRING SourceString,
				_In_ BOOLEAN AllocateDestinationString);
BOOLEAN RtlPrefixUnicodeString(_In_ PCUNICODE_STRING String1, _In_ PCUNICODE_STRING String2,
			       _In_ BOOLEAN CaseInSensitive);
NTSTATUS RtlIntegerToUnicodeString(_In_ ULONG Value, _In_opt_ ULONG Base,
				   _Inout_ PUNICODE_STRING String);
NTSTATUS RtlUnicodeStringToInteger(_In_ PCUNICODE_STRING String, _In_opt_ ULONG Base,
				   _Out_ PULONG Value);

FORCEINLINE VOID RtlInitEmptyAnsiString(_Out_ PANSI_STRING AnsiString, _In_ PCHAR Buffer,
					_In_ USHORT BufferSize)
{
	AnsiString->Length = 0;
	AnsiString->MaximumLength = BufferSize;
	AnsiString->Buffer = Buffer;
}

FORCEINLINE VOID RtlInitEmptyUnicodeString(_Out_ PUNICODE_STRING UnicodeString, _In_ PWCH Buffer,
					   _In_ USHORT BufferSize)
{
	UnicodeString->Length = 0;
	UnicodeString->MaximumLength = BufferSize;
	UnicodeString->Buffer = Buffer;
}

/* ---- debugging ---- */

#define DPFLTR_ERROR_LEVEL	0
#define DPFLTR_WARNING_LEVEL	1
#define DPFLTR_TRACE_LEVEL	2
#define DPFLTR_INFO_LEVEL	3
#define DPFLTR_MASK		0x80000000

#define DPFLTR_IHVDRIVER_ID	77
#define DPFLTR_IHVVIDEO_ID	78
#define DPFLTR_IHVAUDIO_ID	79
#define DPFLTR_IHVNETWORK_ID	80
#define DPFLTR_IHVSTREAMING_ID	81
#define DPFLTR_IHVBUS_ID	82
#define DPFLTR_DEFAULT_ID	101

ULONG DbgPrint(_In_z_ _Printf_format_string_ PCSTR Format, ...);
ULONG DbgPrintEx(_In_ ULONG ComponentId, _In_ ULONG Level,
		 _In_z_ _Printf_format_string_ PCSTR Format, ...);
ULONG vDbgPrintEx(_In_ ULONG ComponentId, _In_ ULONG Level, _In_z_ PCSTR Format,
		  _In_ __builtin_va_list ArgList);
VOID RtlAssert(_In_ PVOID FailedAssertion, _In_ PVOID FileName, _In_ ULONG LineNumber,
	       _In_opt_ PSTR Message);

#if DBG
#define KdPrint(args)		((void)(DbgPrint args))
#define KdPrintEx(args)		((void)(DbgPrintEx args))
#define NT_ASSERT(e) \
	((e) ? (void)0 : RtlAssert((PVOID)#e, (PVOID)__FILE__, __LINE__, NULL))
#define PAGED_CODE()		NT_ASSERT(KeGetCurrentIrql() <= APC_LEVEL)
#else
#define KdPrint(args)		((void)0)
#define KdPrintEx(args)		((void)0)
#define NT_ASSERT(e)		((void)0)
#define PAGED_CODE()		((void)0)
#endif
#ifndef ASSERT
#define ASSERT(e)		NT_ASSERT(e)
#endif
#ifndef ASSERTMSG
#define ASSERTMSG(msg, e)	NT_ASSERT(e)
#endif

#endif /* _WDMDDK_ */
