// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what is a macro or an inline function, or another name for something. */
#include "nt_test.h"

static void interlocked_64(void)
{
	const LONG64 low = 1LL << 40;
	LONG64 v = low;

	CHECK_EQUAL(InterlockedAdd64(&v, -1), low - 1);
	CHECK_EQUAL(InterlockedDecrement64(&v), low - 2);
	CHECK_EQUAL(InterlockedExchangeAdd64(&v, 2), low - 2);
	CHECK_EQUAL(InterlockedOr64(&v, 1), low);
	CHECK_EQUAL(InterlockedXor64(&v, low), low + 1);
	CHECK_EQUAL(InterlockedAnd64(&v, 6), 1);
	CHECK_EQUAL(InterlockedExchange64(&v, low), 0);
	CHECK_EQUAL(v, low);
}

static void ordered_accesses(void)
{
	PVOID pointer = NULL;
	LONG word = 0;

	WriteRelease(&word, 5);
	CHECK_EQUAL(ReadAcquire(&word), 5);
	WriteNoFence(&word, -1);
	CHECK_EQUAL(ReadNoFence(&word), -1);
	WritePointerRelease(&pointer, &word);
	CHECK(ReadPointerAcquire(&pointer) == &word);
	KeMemoryBarrier();
	MemoryBarrier();
	KeMemoryBarrierWithoutFence();
	YieldProcessor();
}

static void bytes(void)
{
	UCHAR a[8], b[8];
	PVOID same;

	RtlFillMemory(a, sizeof(a), 0xa5);
	CHECK_EQUAL(a[7], 0xa5);
	RtlCopyMemory(b, a, sizeof(b));
	CHECK(RtlEqualMemory(a, b, sizeof(a)));
	b[0] = 1;
	RtlMoveMemory(b + 1, b, 7);
	CHECK_EQUAL(b[1], 1);
	same = RtlSecureZeroMemory(b, sizeof(b));
	CHECK(same == b && !memchr_inv(b, 0, sizeof(b)));
	CHECK_EQUAL(RtlUshortByteSwap(0x1234), 0x3412);
	CHECK_EQUAL(RtlUlongByteSwap(0x12345678), 0x78563412);
	CHECK_EQUAL(RtlUlonglongByteSwap(0x0102030405060708ULL), 0x0807060504030201ULL);
}

static void conversions(void)
{
	CHECK_EQUAL(PtrToLong((PVOID)-1L), -1);
	CHECK(ALIGN_DOWN_POINTER_BY((PVOID)0x1fff, 0x1000) == (PVOID)0x1000);
	CHECK(ALIGN_UP_POINTER_BY((PVOID)0x1001, 0x1000) == (PVOID)0x2000);
	CHECK(ALIGN_UP_POINTER_BY((PVOID)0x1000, 0x1000) == (PVOID)0x1000);
}

static void guids_by_other_names(void)
{
	GUID a = { 1 }, b = { 1 };

	CHECK(IsEqualIID(&a, &b) && IsEqualCLSID(&a, &b) && InlineIsEqualGUID(&a, &b));
	b.Data4[7] = 1;
	CHECK(!IsEqualIID(&a, &b) && !IsEqualCLSID(&a, &b) && !InlineIsEqualGUID(&a, &b));
}

DECLARE_HANDLE(SMALL_HANDLE);

struct DECLSPEC_ALIGN(64) aligned {
	USHORT head;
	ULONG tail;
};

static void layouts(void)
{
	OBJECT_ATTRIBUTES attributes;
	struct aligned value = { 0 };
	SMALL_HANDLE handle = NULL;
	UNICODE_STRING name;

	CHECK_EQUAL(sizeof(value), 64);
	CHECK_EQUAL(sizeof(handle), sizeof(PVOID));
	CHECK_EQUAL(UFIELD_OFFSET(struct aligned, tail), 4);
	CHECK_EQUAL(RTL_FIELD_SIZE(struct aligned, tail), 4);
	CHECK_EQUAL(RTL_SIZEOF_THROUGH_FIELD(struct aligned, tail), 8);
	CHECK(RTL_CONTAINS_FIELD(&value, 8, tail) && !RTL_CONTAINS_FIELD(&value, 7, tail));
	RtlInitUnicodeString(&name, L"name");
	InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, handle, NULL);
	CHECK_EQUAL(attributes.Length, sizeof(attributes));
	CHECK(attributes.ObjectName == &name && attributes.Attributes == OBJ_KERNEL_HANDLE);
	DBG_UNREFERENCED_PARAMETER(handle);
	DBG_UNREFERENCED_LOCAL_VARIABLE(value);
}

static void safe_integers_of_all_sizes(void)
{
	ULONGLONG big;
	ULONG_PTR p;
	USHORT small;
	SIZE_T size;
	LONG l;

	CHECK_EQUAL(RtlLongMult(MAXLONG, 2, &l), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlSizeTSub(0, 1, &size), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongLongAdd(MAXULONGLONG, 1, &big), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongLongMult(1ULL << 32, 1ULL << 32, &big), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongPtrAdd(MAXULONG_PTR, 1, &p), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongPtrSub(7, 7, &p), STATUS_SUCCESS);
	CHECK_EQUAL(RtlULongPtrMult(MAXULONG_PTR, 2, &p), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlUShortSub(0, 1, &small), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlUShortMult(255, 257, &small), STATUS_SUCCESS);
	CHECK_EQUAL(small, 65535);
}

static void wide_by_bytes(void)
{
	WCHAR to[4];

	CHECK_EQUAL(RtlStringCbCopyNW(to, sizeof(to), L"abcdef", 4), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCbCatW(to, sizeof(to), L"cd"), STATUS_BUFFER_OVERFLOW);
	CHECK(to[2] == 'c' && !to[3]);
	to[1] = 0;
	CHECK_EQUAL(RtlStringCchCatNW(to, ARRAY_SIZE(to), L"xyz", 1), STATUS_SUCCESS);
	CHECK(to[0] == 'a' && to[1] == 'x' && !to[2]);
}

static NTSTATUS print_both(char *narrow, WCHAR *wide, PCSTR format, PCWSTR wide_format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, wide_format);
	status = RtlStringCchVPrintfA(narrow, 8, format, args);
	va_end(args);
	if (!NT_SUCCESS(status))
		return status;
	va_start(args, wide_format);
	status = RtlStringCchVPrintfW(wide, 8, wide_format, args);
	va_end(args);
	return status;
}

static void argument_lists(void)
{
	char narrow[8];
	WCHAR wide[8];

	CHECK_EQUAL(print_both(narrow, wide, "%u", L"%u", 1234567), STATUS_SUCCESS);
	CHECK(!strcmp(narrow, "1234567") && wide[6] == '7' && !wide[7]);
	CHECK_EQUAL(print_both(narrow, wide, "%u", L"%u", 12345678), STATUS_BUFFER_OVERFLOW);
}

static void pool_by_other_names(void)
{
	PVOID p = ExAllocatePool(NonPagedPool, 10);

	CHECK(p);
	if (p)
		ExFreePool(p);
	p = ExAllocatePoolUninitialized(NonPagedPool, 10, TAG);
	CHECK(p);
	if (p)
		ExFreePoolWithTag(p, TAG);
	ExInitializeDriverRuntime(POOL_NX_OPTIN);
}

static VOID end_at_once(PVOID context)
{
}

static void object_references(void)
{
	PVOID thread = nt_begin_thread(end_at_once, NULL);

	CHECK(thread);
	if (!thread)
		return;
	ObReferenceObject(thread);
	CHECK(ObfReferenceObject(thread) >= 2);
	CHECK(ObfDereferenceObject(thread));
	ObDereferenceObject(thread);
	nt_end_thread(thread);
}

static void other_names_of_locks(void)
{
	SLIST_HEADER head;
	KSPIN_LOCK lock;
	KIRQL old;

	KeInitializeSpinLock(&lock);
	old = KeAcquireSpinLockRaiseToDpc(&lock);
	CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeReleaseSpinLock(&lock, old);
	ExInitializeSListHead(&head);
	CHECK_EQUAL(QueryDepthSList(&head), 0);
	KeEnterGuardedRegion();
	KeLeaveGuardedRegion();
}

static void stack_locations(void)
{
	PIRP irp = IoAllocateIrp(2, FALSE);
	PIO_STACK_LOCATION lower;

	CHECK(irp);
	if (!irp)
		return;
	/* As if it had been sent to the upper of two devices. */
	irp->CurrentLocation--;
	irp->Tail.Overlay.CurrentStackLocation--;
	IoGetCurrentIrpStackLocation(irp)->MinorFunction = IRP_MN_START_DEVICE + 5;
	IoMarkIrpPending(irp);
	CHECK_EQUAL(IoGetCurrentIrpStackLocation(irp)->Control, SL_PENDING_RETURNED);
	IoCopyCurrentIrpStackLocationToNext(irp);
	lower = IoGetNextIrpStackLocation(irp);
	CHECK_EQUAL(lower->MinorFunction, 5);
	CHECK(!lower->Control && !lower->CompletionRoutine);
	IoFreeIrp(irp);
}

static void mdl_parts(void)
{
	PMDL mdl = IoAllocateMdl((PVOID)0x12345, 10, FALSE, FALSE, NULL);

	CHECK(mdl && MmGetMdlBaseVa(mdl) == (PVOID)0x12000);
	if (mdl)
		IoFreeMdl(mdl);
}

/* In a free build they look at nothing. */
static void assertions(void)
{
	ASSERT(!"looked at");
	ASSERTMSG("said", !"looked at");
	KdPrintEx((DPFLTR_DEFAULT_ID, DPFLTR_ERROR_LEVEL, "nt_test: never printed\n"));
}

/* In a checked build this is what they end in. */
static void misuse_assert(void)
{
	RtlAssert("nt_test is happy", __FILE__, __LINE__, NULL);
}

static void misuse_wdf(void)
{
	WDFSPINLOCK lock;

	WdfSpinLockAcquire(NULL);
	CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
	CHECK_EQUAL(WdfSpinLockCreate(WDF_NO_OBJECT_ATTRIBUTES, &lock), STATUS_SUCCESS);
	CHECK_EQUAL(WdfWaitLockAcquire((WDFWAITLOCK)lock, NULL), STATUS_INVALID_HANDLE);
	WdfObjectDelete(lock);
}

const struct nt_test nt_small_tests[] = {
	{ "interlocked operations on 64 bits", interlocked_64 },
	{ "ordered accesses and barriers", ordered_accesses },
	{ "Rtl*Memory, byte swaps", bytes },
	{ "pointers as numbers", conversions },
	{ "IsEqualIID, IsEqualCLSID, InlineIsEqualGUID", guids_by_other_names },
	{ "fields, handles, object attributes", layouts },
	{ "ntintsafe.h: all sizes", safe_integers_of_all_sizes },
	{ "ntstrsafe.h: wide, by bytes", wide_by_bytes },
	{ "ntstrsafe.h: argument lists", argument_lists },
	{ "ExAllocatePool, ExAllocatePoolUninitialized", pool_by_other_names },
	{ "ObfReferenceObject, ObfDereferenceObject", object_references },
	{ "other names of locks", other_names_of_locks },
	{ "IoCopyCurrentIrpStackLocationToNext, IoMarkIrpPending", stack_locations },
	{ "MmGetMdlBaseVa", mdl_parts },
	{ "ASSERT, ASSERTMSG, KdPrintEx in a free build", assertions },
	{ }
};

const struct nt_test nt_small_misuse_tests[] = {
	{ "RtlAssert", misuse_assert },
	{ "KMDF: handles of no or another object", misuse_wdf },
	{ }
};
