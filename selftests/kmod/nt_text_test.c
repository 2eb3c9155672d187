// SPDX-License-Identifier: GPL-2.0-only
/* Tests of conversions, ntstrsafe.h, ntintsafe.h, dates, processors and physical addresses. */
#include <linux/io.h>
#include <linux/vmalloc.h>

#include "nt_test.h"

static bool wide_is(PCWSTR got, PCWSTR want)
{
	size_t i;

	for (i = 0; got[i] && got[i] == want[i]; i++)
		;
	return got[i] == want[i];
}

static bool counted_is(const UNICODE_STRING *got, PCWSTR want)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, want);
	return RtlEqualUnicodeString(got, &string, FALSE);
}

static void ansi_strings(void)
{
	ANSI_STRING a, b;
	STRING s;
	CHAR room[4];

	RtlInitAnsiString(&a, NULL);
	CHECK(!a.Length && !a.MaximumLength && !a.Buffer);
	RtlInitAnsiString(&a, "");
	CHECK(!a.Length && a.MaximumLength == 1);
	RtlInitAnsiString(&a, "Key");
	CHECK(a.Length == 3 && a.MaximumLength == 4);
	RtlInitString(&s, "kEY");
	CHECK(!RtlEqualString(&a, &s, FALSE));
	CHECK(RtlEqualString(&a, &s, TRUE));
	RtlInitString(&s, "Keys");
	CHECK(!RtlEqualString(&a, &s, TRUE));
	RtlInitEmptyAnsiString(&b, room, sizeof(room));
	CHECK(!b.Length && b.MaximumLength == 4);
}

static void ansi_and_unicode(void)
{
	WCHAR room[4];
	CHAR narrow[3];
	UNICODE_STRING u = { 0, sizeof(room), room }, v = { };
	ANSI_STRING a, b = { 0, sizeof(narrow), narrow };

	RtlInitAnsiString(&a, "n\xc3\xa4n");
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&u, &a, FALSE), STATUS_SUCCESS);
	CHECK_EQUAL(u.Length, 6);
	CHECK(wide_is(room, L"n\x00e4n"));
	u.MaximumLength = 7;		/* a byte more than the text, and no room for a NUL */
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&u, &a, FALSE), STATUS_SUCCESS);
	u.MaximumLength = 6;
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&u, &a, FALSE), STATUS_BUFFER_OVERFLOW);
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&v, &a, TRUE), STATUS_SUCCESS);
	CHECK(counted_is(&v, L"n\x00e4n") && !v.Buffer[3]);
	/* What there is room for, and no half of a character. */
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &v, FALSE), STATUS_BUFFER_OVERFLOW);
	CHECK_EQUAL(b.Length, 1);
	CHECK(narrow[0] == 'n' && !narrow[1]);
	b.MaximumLength = 0;
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &v, FALSE), STATUS_BUFFER_OVERFLOW);
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &v, TRUE), STATUS_SUCCESS);
	CHECK(RtlEqualString(&a, &b, FALSE) && !b.Buffer[b.Length]);
	RtlFreeAnsiString(&b);
	CHECK(!b.Buffer);
	RtlFreeUnicodeString(&v);
	RtlInitAnsiString(&a, "");
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&u, &a, FALSE), STATUS_SUCCESS);
	CHECK_EQUAL(u.Length, 0);
}

/* Both ways, with what is no text: it comes from hosts. */
static void text_that_is_none(void)
{
	static const WCHAR halves[] = { 'a', 0xd83d, 'b', 0xde00, 0, 0xd83d, 0xde00, 0xd83d };
	static const u8 bytes[] = {
		'a', 0xff, 0xc3, 0xe2, 0x82, 'b', 0, 0xf0, 0x9f, 0x98, 0x80, 0xc0, 0x80, 0xed, 0xa0,
		0x80, 0xf0
	};
	static const u8 written[] = {
		'a', 0xef, 0xbf, 0xbd, 'b', 0xef, 0xbf, 0xbd, 0, 0xf0, 0x9f, 0x98, 0x80, 0xef, 0xbf,
		0xbd, 0
	};
	static const WCHAR read[] = {
		'a', 0xfffd, 0xfffd, 0xfffd, 0xfffd, 'b', 0, 0xd83d, 0xde00,
		0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd
	};
	UNICODE_STRING u = { sizeof(halves), sizeof(halves), (PWCH)halves }, v;
	ANSI_STRING a = { sizeof(bytes), sizeof(bytes), (PCHAR)bytes }, b;

	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &u, TRUE), STATUS_SUCCESS);
	CHECK_EQUAL(b.Length, sizeof(written) - 1);
	CHECK(!memcmp(b.Buffer, written, sizeof(written)));
	RtlFreeAnsiString(&b);
	u.Length = 3;			/* half a unit is none */
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &u, TRUE), STATUS_SUCCESS);
	CHECK_EQUAL(b.Length, 1);
	RtlFreeAnsiString(&b);
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&v, &a, TRUE), STATUS_SUCCESS);
	CHECK_EQUAL(v.Length, sizeof(read));
	CHECK(!memcmp(v.Buffer, read, sizeof(read)));
	RtlFreeUnicodeString(&v);
}

#define LONG_TEXT	70000

/* Lengths are bytes in 16 bits, with the NUL in MaximumLength. */
static void check_limits(WCHAR *wide, char *narrow)
{
	UNICODE_STRING u, v = { };
	ANSI_STRING a, b = { };
	size_t i;

	RtlInitUnicodeString(&u, wide);
	CHECK_EQUAL(u.Length, 65532);
	CHECK_EQUAL(u.MaximumLength, 65534);
	RtlInitAnsiString(&a, narrow);
	CHECK_EQUAL(a.Length, 65534);
	CHECK_EQUAL(a.MaximumLength, 65535);
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&v, &a, TRUE), STATUS_INVALID_PARAMETER_2);
	a.Length = 32767;
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&v, &a, TRUE), STATUS_INVALID_PARAMETER_2);
	a.Length = 32766;
	CHECK_EQUAL(RtlAnsiStringToUnicodeString(&v, &a, TRUE), STATUS_SUCCESS);
	CHECK_EQUAL(v.MaximumLength, 65534);
	RtlFreeUnicodeString(&v);

	for (i = 0; i < 21845; i++)
		wide[i] = 0x20ac;	/* 3 bytes of UTF-8 */
	u.Length = 21845 * sizeof(WCHAR);
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &u, TRUE), STATUS_INVALID_PARAMETER_2);
	u.Length -= sizeof(WCHAR);
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&b, &u, TRUE), STATUS_SUCCESS);
	CHECK_EQUAL(b.Length, 65532);
	RtlFreeAnsiString(&b);
}

static void limits_of_strings(void)
{
	WCHAR *wide = vmalloc(LONG_TEXT * sizeof(*wide));
	char *narrow = vmalloc(LONG_TEXT);
	size_t i;

	CHECK(wide && narrow);
	if (wide && narrow) {
		for (i = 0; i < LONG_TEXT - 1; i++) {
			wide[i] = 'w';
			narrow[i] = 'n';
		}
		wide[i] = 0;
		narrow[i] = 0;
		check_limits(wide, narrow);
	}
	vfree(narrow);
	vfree(wide);
}

/* Full to the last byte, and one less. */
static void room_in_strings(void)
{
	WCHAR room[3] = { 'x', 'x', 'x' };
	UNICODE_STRING u = { 0, 4, room }, abc = RTL_CONSTANT_STRING(L"abc");
	char narrow[4] = { 'x', 'x', 'x', 'x' };
	ANSI_STRING a = { 0, 3, narrow };

	CHECK_EQUAL(RtlAppendUnicodeToString(&u, L"ab"), STATUS_SUCCESS);
	CHECK(u.Length == 4 && room[2] == 'x');
	CHECK_EQUAL(RtlAppendUnicodeToString(&u, L""), STATUS_SUCCESS);
	CHECK_EQUAL(RtlAppendUnicodeToString(&u, L"c"), STATUS_BUFFER_TOO_SMALL);
	u.MaximumLength = 5;		/* half a unit is no room */
	RtlCopyUnicodeString(&u, &abc);
	CHECK(u.Length == 4 && room[2] == 'x');
	u.MaximumLength = 6;
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&a, &u, FALSE), STATUS_SUCCESS);
	CHECK(a.Length == 2 && !narrow[2] && narrow[3] == 'x');
	narrow[2] = 'x';
	a.MaximumLength = 2;
	CHECK_EQUAL(RtlUnicodeStringToAnsiString(&a, &u, FALSE), STATUS_BUFFER_OVERFLOW);
	CHECK(a.Length == 1 && !narrow[1] && narrow[2] == 'x');
}

static void cases(void)
{
	UNICODE_STRING u, v = { };

	CHECK_EQUAL(RtlUpcaseUnicodeChar('a'), 'A');
	CHECK_EQUAL(RtlUpcaseUnicodeChar('{'), '{');
	CHECK_EQUAL(RtlUpcaseUnicodeChar(0xff), 0x178);
	CHECK_EQUAL(RtlUpcaseUnicodeChar(0xf7), 0xf7);		/* division sign */
	CHECK_EQUAL(RtlDowncaseUnicodeChar('Z'), 'z');
	CHECK_EQUAL(RtlDowncaseUnicodeChar('['), '[');
	CHECK_EQUAL(RtlDowncaseUnicodeChar(0xd7), 0xd7);	/* multiplication sign */
	CHECK_EQUAL(RtlDowncaseUnicodeChar(0x178), 0xff);
	RtlInitUnicodeString(&u, L"vmbus\\{ab}");
	CHECK_EQUAL(RtlUpcaseUnicodeString(&v, &u, FALSE), STATUS_BUFFER_OVERFLOW);
	CHECK_EQUAL(RtlUpcaseUnicodeString(&v, &u, TRUE), STATUS_SUCCESS);
	CHECK(counted_is(&v, L"VMBUS\\{AB}"));
	RtlFreeUnicodeString(&v);
	RtlInitUnicodeString(&v, L"VMBUS");
	CHECK(RtlPrefixUnicodeString(&v, &u, TRUE));
	CHECK(!RtlPrefixUnicodeString(&v, &u, FALSE));
	CHECK(!RtlPrefixUnicodeString(&u, &v, TRUE));
	v.Length = 0;
	CHECK(RtlPrefixUnicodeString(&v, &u, FALSE));
}

static ULONG number(PCWSTR text, ULONG base)
{
	UNICODE_STRING string;
	ULONG value = 77;

	RtlInitUnicodeString(&string, text);
	CHECK_EQUAL(RtlUnicodeStringToInteger(&string, base, &value), STATUS_SUCCESS);
	return value;
}

static void numbers(void)
{
	WCHAR room[34];
	UNICODE_STRING s = { 0, sizeof(room), room };
	ULONG value;

	CHECK_EQUAL(RtlIntegerToUnicodeString(0, 0, &s), STATUS_SUCCESS);
	CHECK(counted_is(&s, L"0"));
	CHECK_EQUAL(RtlIntegerToUnicodeString(MAXULONG, 10, &s), STATUS_SUCCESS);
	CHECK(counted_is(&s, L"4294967295"));
	CHECK_EQUAL(RtlIntegerToUnicodeString(0xbeef, 16, &s), STATUS_SUCCESS);
	CHECK(counted_is(&s, L"BEEF"));
	CHECK_EQUAL(RtlIntegerToUnicodeString(MAXULONG, 2, &s), STATUS_SUCCESS);
	CHECK_EQUAL(s.Length, 64);
	CHECK_EQUAL(RtlIntegerToUnicodeString(1, 7, &s), STATUS_INVALID_PARAMETER);
	s.MaximumLength = 4;
	CHECK_EQUAL(RtlIntegerToUnicodeString(10, 10, &s), STATUS_BUFFER_OVERFLOW);
	s.MaximumLength = 5;
	CHECK_EQUAL(RtlIntegerToUnicodeString(10, 10, &s), STATUS_SUCCESS);
	CHECK_EQUAL(number(L"", 0), 0);
	CHECK_EQUAL(number(L"  -12x", 0), (ULONG)-12);
	CHECK_EQUAL(number(L"+12", 8), 10);
	CHECK_EQUAL(number(L"0x1F", 0), 31);
	CHECK_EQUAL(number(L"0b101", 0), 5);
	CHECK_EQUAL(number(L"0o17", 0), 15);
	CHECK_EQUAL(number(L"0", 0), 0);
	CHECK_EQUAL(number(L"4294967297", 10), 1);
	CHECK_EQUAL(RtlUnicodeStringToInteger(&s, 3, &value), STATUS_INVALID_PARAMETER);
}

static void bounded_narrow(void)
{
	static const CHAR empty[6];
	CHAR to[6] = "xxxxx";
	SIZE_T length;

	CHECK_EQUAL(RtlStringCchCopyA(to, 0, "a"), STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(RtlStringCchCopyA(to, (SIZE_T)NTSTRSAFE_MAX_CCH + 1, "a"),
		    STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(RtlStringCbCopyA(to, 1, "a"), STATUS_BUFFER_OVERFLOW);
	CHECK(!to[0] && to[1] == 'x');
	CHECK_EQUAL(RtlStringCbCopyA(to, sizeof(to), "12345"), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCbLengthA(to, sizeof(to), &length), STATUS_SUCCESS);
	CHECK_EQUAL(length, 5);
	CHECK_EQUAL(RtlStringCchLengthA(to, 5, &length), STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(length, 0);
	CHECK_EQUAL(RtlStringCbCatA(to, sizeof(to), "6"), STATUS_BUFFER_OVERFLOW);
	CHECK(!strcmp(to, "12345"));
	CHECK_EQUAL(RtlStringCbCopyNA(to, sizeof(to), "abcdef", 2), STATUS_SUCCESS);
	CHECK(!strcmp(to, "ab"));
	CHECK_EQUAL(RtlStringCchCatA(to, ARRAY_SIZE(to), "cd"), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCchCatNA(to, ARRAY_SIZE(to), "efg", 1), STATUS_SUCCESS);
	CHECK(!strcmp(to, "abcde"));
	CHECK_EQUAL(RtlStringCbCatNA(to, sizeof(to), "fg", 0), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCbPrintfA(to, sizeof(to), "%d", 12345), STATUS_SUCCESS);
	CHECK(!strcmp(to, "12345"));
	CHECK_EQUAL(RtlStringCbPrintfA(to, sizeof(to), "%d", 123456), STATUS_BUFFER_OVERFLOW);
	CHECK(!strcmp(to, "12345"));
	CHECK_EQUAL(RtlStringCchPrintfA(to, 1, "%s", "x"), STATUS_BUFFER_OVERFLOW);
	CHECK(!to[0]);
	CHECK_EQUAL(RtlStringCchPrintfA(to, 0, "%s", "x"), STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(RtlStringCchCopyNA(to, 6, empty, 5), STATUS_SUCCESS);
	CHECK(!to[0]);
}

static NTSTATUS print_wide(PWSTR to, SIZE_T bytes, PCWSTR format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, format);
	status = RtlStringCbVPrintfW(to, bytes, format, args);
	va_end(args);
	return status;
}

static NTSTATUS print_narrow(PSTR to, SIZE_T bytes, PCSTR format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, format);
	status = RtlStringCbVPrintfA(to, bytes, format, args);
	va_end(args);
	return status;
}

static void bounded_wide(void)
{
	WCHAR to[8] = L"xxxxxxx";
	UNICODE_STRING u = { 0, 10, to };
	CHAR narrow[4];
	SIZE_T length;

	CHECK_EQUAL(RtlStringCbCopyW(to, 1, L"a"), STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(RtlStringCbCopyW(to, sizeof(to), L"1234567"), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCbLengthW(to, sizeof(to), &length), STATUS_SUCCESS);
	CHECK_EQUAL(length, 14);
	CHECK_EQUAL(RtlStringCchLengthW(to, 7, NULL), STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(RtlStringCchCopyW(to, 3, L"abc"), STATUS_BUFFER_OVERFLOW);
	CHECK(wide_is(to, L"ab"));
	CHECK_EQUAL(RtlStringCchCopyNW(to, 8, L"abc", 1), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCchCatW(to, 8, L"bc"), STATUS_SUCCESS);
	CHECK_EQUAL(RtlStringCbCatNW(to, sizeof(to), L"de", 2), STATUS_SUCCESS);
	CHECK(wide_is(to, L"abcd"));
	/* %s is wide here and %S narrow. */
	CHECK_EQUAL(RtlStringCbPrintfW(to, sizeof(to), L"%s%S%u", L"w", "n", 7), STATUS_SUCCESS);
	CHECK(wide_is(to, L"wn7"));
	CHECK_EQUAL(RtlStringCchPrintfW(to, 3, L"%ws", L"abc"), STATUS_BUFFER_OVERFLOW);
	CHECK(wide_is(to, L"ab"));
	CHECK_EQUAL(print_wide(to, sizeof(to), L"%%%c%hs", 'x', "y"), STATUS_SUCCESS);
	CHECK(wide_is(to, L"%xy"));
	CHECK_EQUAL(print_narrow(narrow, sizeof(narrow), "%S", L"wide"), STATUS_BUFFER_OVERFLOW);
	CHECK(!strcmp(narrow, "wid"));
	CHECK_EQUAL(RtlUnicodeStringPrintf(&u, L"%d", 12345), STATUS_SUCCESS);
	CHECK_EQUAL(u.Length, 10);
	CHECK_EQUAL(RtlUnicodeStringPrintf(&u, L"%d", 123456), STATUS_BUFFER_OVERFLOW);
	CHECK(counted_is(&u, L"12345"));
	CHECK_EQUAL(RtlUnicodeStringPrintf(&u, L"x"), STATUS_SUCCESS);
	CHECK(u.Length == 2 && !to[1]);
}

static void safe_integers(void)
{
	ULONGLONG big;
	USHORT small;
	SIZE_T size;
	ULONG u;
	LONG l;

	CHECK_EQUAL(RtlULongAdd(MAXULONG, 0, &u), STATUS_SUCCESS);
	CHECK_EQUAL(RtlULongAdd(MAXULONG, 1, &u), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(u, MAXULONG);
	CHECK_EQUAL(RtlULongSub(1, 2, &u), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongMult(0x10000, 0x10000, &u), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongMult(0xffff, 0x10001, &u), STATUS_SUCCESS);
	CHECK_EQUAL(u, MAXULONG);
	CHECK_EQUAL(RtlUShortAdd(0xffff, 1, &small), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlSizeTAdd(MAXSIZE_T, 1, &size), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlSizeTMult(1UL << 32, 1UL << 32, &size), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongLongSub(5, 5, &big), STATUS_SUCCESS);
	CHECK_EQUAL(big, 0);
	CHECK_EQUAL(RtlLongAdd(MAXLONG, 1, &l), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlLongSub(MINLONG, 1, &l), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlSizeTToULong(0xffffffff, &u), STATUS_SUCCESS);
	CHECK_EQUAL(RtlSizeTToULong(1UL << 32, &u), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongToUShort(0x10000, &small), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongToLong(0x80000000, &l), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongToLong(0x7fffffff, &l), STATUS_SUCCESS);
	CHECK_EQUAL(RtlLongToULong(-1, &u), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlULongLongToSizeT(7, &size), STATUS_SUCCESS);
	CHECK_EQUAL(RtlULongLongToULong(1ULL << 40, &u), STATUS_INTEGER_OVERFLOW);
	CHECK_EQUAL(RtlSizeTToUShort(65535, &small), STATUS_SUCCESS);
}

static void dates(void)
{
	LARGE_INTEGER time = nt_large(0), ticks;
	TIME_FIELDS t;

	RtlTimeToTimeFields(&time, &t);
	CHECK(t.Year == 1601 && t.Month == 1 && t.Day == 1 && t.Weekday == 1);
	time = nt_large(KMCL_NT_EPOCH_100NS + 951782399LL * 10000000 + 9990000);
	RtlTimeToTimeFields(&time, &t);
	CHECK(t.Year == 2000 && t.Month == 2 && t.Day == 28 && t.Hour == 23 && t.Minute == 59 &&
	      t.Second == 59 && t.Milliseconds == 999 && t.Weekday == 1);
	KeQueryTickCount(&ticks);
	CHECK(ticks.QuadPart * KeQueryTimeIncrement() <= KeQueryInterruptTime());
	CHECK(ticks.QuadPart > 0);
}

static void processors(void)
{
	PROCESSOR_NUMBER number;
	ULONG cpu;
	KIRQL old;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	cpu = KeGetCurrentProcessorNumberEx(&number);
	CHECK_EQUAL(cpu, smp_processor_id());
	CHECK_EQUAL(KeGetCurrentProcessorNumberEx(NULL), cpu);
	KeLowerIrql(old);
	CHECK(number.Number == cpu && !number.Group);
	CHECK_EQUAL(KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), num_online_cpus());
	CHECK_EQUAL(KeQueryActiveProcessorCountEx(1), 0);
	CHECK(KeQueryMaximumProcessorCountEx(0) >= KeQueryActiveProcessorCountEx(0));
	CHECK_EQUAL(PtrToUlong(PsGetCurrentThreadId()), current->pid);
}

static char in_module[64];

static void physical_addresses(void)
{
	char *block = kmalloc(64, GFP_KERNEL), *pages = vmalloc(2 * PAGE_SIZE);

	CHECK(block && pages);
	if (block && pages) {
		CHECK_EQUAL(MmGetPhysicalAddress(block + 5).QuadPart, virt_to_phys(block) + 5);
		CHECK_EQUAL(MmGetPhysicalAddress(pages + PAGE_SIZE + 9).QuadPart,
			    page_to_phys(vmalloc_to_page(pages + PAGE_SIZE)) + 9);
	}
	CHECK_EQUAL(MmGetPhysicalAddress((PVOID)0x1234).QuadPart, 0);
	CHECK_EQUAL(MmGetPhysicalAddress(in_module).QuadPart,
		    page_to_phys(vmalloc_to_page(in_module)) + offset_in_page(in_module));
	kfree(block);
	vfree(pages);
}

/* The VGA text buffer of every PC; what it says is nobody's business. */
static void io_space(void)
{
	PVOID mapping;

	CHECK(!MmMapIoSpace(nt_large(0xb8000), 0, MmNonCached));
	mapping = MmMapIoSpace(nt_large(0xb8000), 4096, MmNonCached);
	CHECK(mapping);
	if (mapping)
		MmUnmapIoSpace(mapping, 4096);
}

static void print_list(PCSTR format, ...)
{
	va_list args;

	va_start(args, format);
	CHECK_EQUAL(vDbgPrintEx(DPFLTR_IHVBUS_ID, DPFLTR_INFO_LEVEL, format, args), STATUS_SUCCESS);
	va_end(args);
}

static void lists_of_arguments(void)
{
	print_list("nt_test: message 5 %I64x\n", 0xfeedULL);
}

const struct nt_test nt_text_tests[] = {
	{ "RtlInitAnsiString, RtlInitString, RtlEqualString", ansi_strings },
	{ "RtlAnsiStringToUnicodeString, RtlUnicodeStringToAnsiString, RtlFreeAnsiString",
	  ansi_and_unicode },
	{ "conversions of what is no text", text_that_is_none },
	{ "the longest strings", limits_of_strings },
	{ "strings that are full", room_in_strings },
	{ "RtlUpcaseUnicodeString, RtlPrefixUnicodeString", cases },
	{ "RtlIntegerToUnicodeString, RtlUnicodeStringToInteger", numbers },
	{ "ntstrsafe.h: narrow", bounded_narrow },
	{ "ntstrsafe.h: wide", bounded_wide },
	{ "ntintsafe.h", safe_integers },
	{ "RtlTimeToTimeFields, KeQueryTickCount, KeQueryTimeIncrement", dates },
	{ "processors", processors },
	{ "MmGetPhysicalAddress", physical_addresses },
	{ "MmMapIoSpace, MmUnmapIoSpace", io_space },
	{ "vDbgPrintEx", lists_of_arguments },
	{ }
};
