// SPDX-License-Identifier: GPL-2.0-only
/* The formatter of DbgPrint (kmcl/nt/format.c), in user space. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ntdef.h>

#include "../../kmcl/nt/format.h"

int kmcl_nt_format_pointer(char *buf, int size, const void *pointer)
{
	return snprintf(buf, size, "%016lX", (unsigned long)pointer);
}

static int failures;

static void is(const char *want, const char *format, ...)
{
	char got[128];
	va_list args;
	size_t n;

	va_start(args, format);
	n = kmcl_nt_vformat(got, sizeof(got), format, args);
	va_end(args);
	if (strcmp(got, want) || n != strlen(got)) {
		printf("# \"%s\": got \"%s\" (%zu), expected \"%s\"\n", format, got, n, want);
		failures++;
	}
}

/* With room for @size bytes. */
static void is_cut(size_t size, const char *want, const char *format, ...)
{
	char got[128];
	va_list args;

	memset(got, 'x', sizeof(got));
	va_start(args, format);
	kmcl_nt_vformat(got, size, format, args);
	va_end(args);
	if (strcmp(got, want) || got[size] != 'x') {
		printf("# \"%s\" in %zu: got \"%s\", expected \"%s\"\n", format, size, got, want);
		failures++;
	}
}

static void integers(void)
{
	is("1 -2 3 10 ff FF", "%d %i %u %o %x %X", 1, -2, 3, 8, 255, 255);
	/* long is 32 bits: the next argument stands where Windows source has it. */
	is("-1 4294967295 ffffffff 7", "%ld %lu %lx %d", -1, -1, -1, 7);
	is("-1 18446744073709551615 123456789abcdef", "%I64d %I64u %I64x", -1LL, -1LL,
	   0x123456789abcdefLL);
	is("-1 ffffffffffffffff", "%lld %llx", -1LL, -1LL);
	is("-1 ffffffff", "%I32d %I32x", -1, -1);
	is("ffffffffffffffff 5 5", "%Ix %zu %Iu", (SIZE_T)-1, (SIZE_T)5, (SIZE_T)5);
	is("-1 ff -1 ffff", "%hhd %hhx %hd %hx", 0xff, 0xfff, 0xffff, 0xfffff);
	is("-9223372036854775808", "%I64d", (long long)(1ULL << 63));
	is("-2147483648", "%d", (int)0x80000000);
}

static void flags(void)
{
	is("[   42][42   ][00042][+42][ 42]", "[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42);
	is("[  -42][-0042][-42  ]", "[%5d][%05d][%-5d]", -42, -42, -42);
	is("[0xff][0XFF][017][0]", "[%#x][%#X][%#o][%#x]", 255, 255, 15, 0);
	is("[0x00ff][00ff][  0ff]", "[%#06x][%.4x][%5.3x]", 255, 255, 255);
	is("[]", "[%.0d]", 0);
	is("[   7][7   ]", "[%*d][%*d]", 4, 7, -4, 7);
	is("[007]", "[%.*d]", 3, 7);
	is("000000000000beef", "%016I64x", 0xbeefLL);
}

static void texts(void)
{
	static const WCHAR wide[] = L"w\x00ef" L"de";
	static const WCHAR smile[] = { 0xd83d, 0xde00, 'x', 0xd83d, 0 };
	static const WCHAR counted[] = { 'a', 'b', 'c', 'd' };	/* not terminated */
	UNICODE_STRING u = { 6, 8, (PWCH)counted };
	ANSI_STRING a = { 2, 2, "xyz" };
	UNICODE_STRING none = { 0, 0, NULL }, gone = { 6, 8, NULL };
	UNICODE_STRING odd = { 5, 7, (PWCH)counted };		/* a byte too many */
	static const WCHAR bad[] = { 'a', 0, 'c', 0x1b, '\n' };
	UNICODE_STRING controls = { sizeof(bad), sizeof(bad), (PWCH)bad };
	ANSI_STRING zero = { 3, 3, "a\0c" };

	is("narrow w\xc3\xaf" "de w\xc3\xaf" "de w\xc3\xaf" "de", "%s %S %ws %ls", "narrow", wide,
	   wide, wide);
	is("narrow narrow", "%hs %hS", "narrow", "narrow");
	is("abc abc xy xy", "%wZ %lZ %Z %hZ", &u, &u, &a, &a);
	is("[  abc][abc  ][ab]", "[%5wZ][%-5wZ][%.2wZ]", &u, &u, &u);
	is("[   ab][ab   ][a]", "[%5s][%-5s][%.1s]", "ab", "ab", "ab");
	is("(null) (null) (null) (null)", "%s %S %wZ %wZ", NULL, NULL, NULL, &none);
	is("\xf0\x9f\x98\x80x\xef\xbf\xbd", "%S", smile);
	is("[   w\xc3\xaf]", "[%5.2S]", wide);
	is("[ab] [(null)]", "[%wZ] [%wZ]", &odd, &gone);
	is("[a.c\x1b\n] [a.]", "[%wZ] [%.2Z]", &controls, &zero);
	is("[A] [\xc3\xaf] [  B]", "[%c] [%C] [%3c]", 'A', 0xef, 'B');
	is("[\xc3\xaf] [A]", "[%wc] [%hC]", 0xef, 'A');
}

static void others(void)
{
	is("100% 00000000DEADBEEF", "100%% %p", (void *)0xdeadbeefUL);
	is("%y %", "%y %", 1);
	is("%f 3", "%f %d", 3);		/* no floating point, and no argument for it */
	is("", "");
	is("a\nb\n", "a\nb\n");
}

static void cuts(void)
{
	static const WCHAR wide[] = L"ab\x20ac";

	is_cut(1, "", "abc");
	is_cut(3, "ab", "abc");
	is_cut(4, "abc", "abc");
	is_cut(4, "0xf", "%#x", 0xffff);
	is_cut(4, "ab", "%S", wide);	/* no torn character */
	is_cut(20, "ab\xe2\x82\xac", "%S", wide);
	is_cut(8, "       ", "%100000d", 1);
}

int main(void)
{
	integers();
	flags();
	texts();
	others();
	cuts();
	return !!failures;
}
