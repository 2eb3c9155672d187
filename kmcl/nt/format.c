// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format codes of Windows' kernel printf. They differ from Linux's in meaning, not only in
 * number: l is 32 bits, %S and %ws are UTF-16, %wZ is a UNICODE_STRING, I64 is a size. The text
 * comes out as UTF-8.
 *
 * This file includes no Linux header, so that it can be tested in user space.
 */

#include "ntdef.h"
#include "format.h"
#include "utf.h"

#define va_arg(args, type)	__builtin_va_arg(args, type)

#define NUMBER_MAX	100000

struct out {
	char *buf;
	SIZE_T size;
	SIZE_T length;
};

enum width {
	WIDTH_NONE,
	WIDTH_HH,
	WIDTH_H,
	WIDTH_L,
	WIDTH_LL,
	WIDTH_I32,
	WIDTH_I64,
	WIDTH_PTR,
	WIDTH_W,
};

struct spec {
	BOOLEAN left, plus, space, alternate, zero;
	int field;
	int precision;		/* -1: not given */
	enum width width;
	char code;
};

/* A NUL would hide what follows it. */
static void put(struct out *out, char c)
{
	if (out->length + 1 < out->size)
		out->buf[out->length++] = c ? c : '.';
}

static void pad(struct out *out, int n, char c)
{
	while (n-- > 0 && out->length + 1 < out->size)
		put(out, c);
}

static void put_code_point(struct out *out, UINT32 c)
{
	char bytes[4];
	SIZE_T length = kmcl_utf8_encode(c, bytes), i;

	/* All of a character or nothing: no torn UTF-8 at the end of the buffer. */
	if (out->length + length >= out->size) {
		out->size = out->length + 1;
		return;
	}
	for (i = 0; i < length; i++)
		put(out, bytes[i]);
}

static void put_wide(struct out *out, const struct spec *spec, const WCHAR *s, SIZE_T units)
{
	SIZE_T i = 0, characters = 0;
	UINT32 c;

	while (i < units) {
		i += kmcl_utf16_decode(s + i, units - i, &c);
		characters++;
	}
	if (!spec->left)
		pad(out, spec->field - (int)characters, ' ');
	for (i = 0; i < units;) {
		i += kmcl_utf16_decode(s + i, units - i, &c);
		put_code_point(out, c);
	}
	if (spec->left)
		pad(out, spec->field - (int)characters, ' ');
}

static void put_narrow(struct out *out, const struct spec *spec, const char *s, SIZE_T length)
{
	SIZE_T i;

	if (!spec->left)
		pad(out, spec->field - (int)length, ' ');
	for (i = 0; i < length; i++)
		put(out, s[i]);
	if (spec->left)
		pad(out, spec->field - (int)length, ' ');
}

static SIZE_T limit(const struct spec *spec, SIZE_T length)
{
	if (spec->precision < 0)
		return length;
	return min((SIZE_T)spec->precision, length);
}

static void put_null(struct out *out, const struct spec *spec)
{
	put_narrow(out, spec, "(null)", limit(spec, 6));
}

static void narrow_string(struct out *out, const struct spec *spec, const char *s)
{
	SIZE_T n = 0, most = limit(spec, MAXSIZE_T);

	if (!s) {
		put_null(out, spec);
		return;
	}
	while (n < most && s[n])
		n++;
	put_narrow(out, spec, s, n);
}

static void wide_string(struct out *out, const struct spec *spec, const WCHAR *s)
{
	SIZE_T n = 0, most = limit(spec, MAXSIZE_T);

	if (!s) {
		put_null(out, spec);
		return;
	}
	while (n < most && s[n])
		n++;
	put_wide(out, spec, s, n);
}

/* %Z: an ANSI_STRING, %wZ: a UNICODE_STRING. */
static void counted_string(struct out *out, const struct spec *spec, const void *string)
{
	const UNICODE_STRING *wide = string;
	const ANSI_STRING *narrow = string;

	if (!string || !narrow->Buffer)
		put_null(out, spec);
	else if (spec->width == WIDTH_W || spec->width == WIDTH_L)
		put_wide(out, spec, wide->Buffer, limit(spec, wide->Length / sizeof(WCHAR)));
	else
		put_narrow(out, spec, narrow->Buffer, limit(spec, narrow->Length));
}

/* %s is narrow and %S wide, unless h or w and l say otherwise. */
static BOOLEAN is_wide(const struct spec *spec)
{
	switch (spec->width) {
	case WIDTH_W:
	case WIDTH_L:
		return TRUE;
	case WIDTH_H:
		return FALSE;
	default:
		return spec->code == 'S' || spec->code == 'C';
	}
}

static void character(struct out *out, const struct spec *spec, int c)
{
	WCHAR wide = c;
	char narrow = c;

	if (is_wide(spec))
		put_wide(out, spec, &wide, 1);
	else
		put_narrow(out, spec, &narrow, 1);
}

static int digits(char *text, ULONGLONG value, unsigned int base, BOOLEAN upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char reversed[24];
	int n = 0, i;

	do {
		reversed[n++] = set[value % base];
		value /= base;
	} while (value);
	for (i = 0; i < n; i++)
		text[i] = reversed[n - 1 - i];
	return n;
}

static unsigned int base_of(char code)
{
	switch (code) {
	case 'o':
		return 8;
	case 'x':
	case 'X':
		return 16;
	default:
		return 10;
	}
}

static void number(struct out *out, const struct spec *spec, ULONGLONG value, BOOLEAN negative)
{
	unsigned int base = base_of(spec->code);
	const char *prefix = "";
	int n, zeros, prefix_length, i;
	char text[24];

	if (spec->code == 'd' || spec->code == 'i')
		prefix = negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
	else if (spec->alternate && value && base == 16)
		prefix = spec->code == 'X' ? "0X" : "0x";
	for (prefix_length = 0; prefix[prefix_length];)
		prefix_length++;

	n = spec->precision == 0 && !value ? 0 : digits(text, value, base, spec->code == 'X');
	zeros = spec->precision > n ? spec->precision - n : 0;
	if (spec->alternate && base == 8 && !zeros && (!n || text[0] != '0'))
		zeros = 1;
	if (spec->zero && !spec->left && spec->precision < 0 && spec->field > prefix_length + n)
		zeros = spec->field - prefix_length - n;

	if (!spec->left)
		pad(out, spec->field - prefix_length - zeros - n, ' ');
	for (i = 0; i < prefix_length; i++)
		put(out, prefix[i]);
	pad(out, zeros, '0');
	for (i = 0; i < n; i++)
		put(out, text[i]);
	if (spec->left)
		pad(out, spec->field - prefix_length - zeros - n, ' ');
}

static void pointer(struct out *out, const struct spec *spec, const void *p)
{
	char text[24];

	put_narrow(out, spec, text, kmcl_nt_format_pointer(text, sizeof(text), p));
}

static const char *parse_flags(const char *f, struct spec *spec)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			spec->left = TRUE;
			break;
		case '+':
			spec->plus = TRUE;
			break;
		case ' ':
			spec->space = TRUE;
			break;
		case '#':
			spec->alternate = TRUE;
			break;
		case '0':
			spec->zero = TRUE;
			break;
		default:
			return f;
		}
	}
}

/* A width or precision of the caller's, such that sums and differences of a few do not overflow. */
static int bounded(int value)
{
	return max(min(value, NUMBER_MAX), -NUMBER_MAX);
}

static const char *parse_number(const char *f, int *value)
{
	*value = 0;
	while (*f >= '0' && *f <= '9') {
		if (*value < NUMBER_MAX)
			*value = *value * 10 + (*f - '0');
		f++;
	}
	return f;
}

static const char *parse_width(const char *f, struct spec *spec)
{
	spec->width = WIDTH_NONE;
	switch (*f) {
	case 'h':
		spec->width = f[1] == 'h' ? WIDTH_HH : WIDTH_H;
		return f + (f[1] == 'h' ? 2 : 1);
	case 'l':
		spec->width = f[1] == 'l' ? WIDTH_LL : WIDTH_L;
		return f + (f[1] == 'l' ? 2 : 1);
	case 'w':
		spec->width = WIDTH_W;
		return f + 1;
	case 'z':
	case 't':
		spec->width = WIDTH_PTR;
		return f + 1;
	case 'j':
		spec->width = WIDTH_I64;
		return f + 1;
	case 'I':
		if (f[1] == '6' && f[2] == '4') {
			spec->width = WIDTH_I64;
			return f + 3;
		}
		if (f[1] == '3' && f[2] == '2') {
			spec->width = WIDTH_I32;
			return f + 3;
		}
		spec->width = WIDTH_PTR;
		return f + 1;
	default:
		return f;
	}
}

static LONGLONG sign_extend(const struct spec *spec, ULONGLONG value)
{
	switch (spec->width) {
	case WIDTH_HH:
		return (signed char)value;
	case WIDTH_H:
		return (SHORT)value;
	case WIDTH_LL:
	case WIDTH_I64:
	case WIDTH_PTR:
		return value;
	default:
		return (LONG)value;
	}
}

static ULONGLONG truncate(const struct spec *spec, ULONGLONG value)
{
	switch (spec->width) {
	case WIDTH_HH:
		return (UCHAR)value;
	case WIDTH_H:
		return (USHORT)value;
	case WIDTH_LL:
	case WIDTH_I64:
	case WIDTH_PTR:
		return value;
	default:
		return (ULONG)value;
	}
}

static BOOLEAN is_64(const struct spec *spec)
{
	return spec->width == WIDTH_LL || spec->width == WIDTH_I64 || spec->width == WIDTH_PTR;
}

static void integer(struct out *out, const struct spec *spec, ULONGLONG value)
{
	LONGLONG wide;

	if (spec->code != 'd' && spec->code != 'i') {
		number(out, spec, truncate(spec, value), FALSE);
		return;
	}
	wide = sign_extend(spec, value);
	number(out, spec, wide < 0 ? -(ULONGLONG)wide : (ULONGLONG)wide, wide < 0);
}

/**
 * kmcl_nt_vformat() - format a message by Windows' rules
 * @buf: set to UTF-8, always NUL-terminated
 * @size: bytes of @buf, above 0
 * @format: d i u o x X c C s S Z p, with flags, width and precision, and the sizes hh h l ll w I
 *	    I32 I64 z t j. Anything else, floating point and %n included, is copied as it stands and
 *	    takes no argument.
 * @args: the arguments
 *
 * Return: the length of the text, without the NUL.
 */
__SIZE_TYPE__ kmcl_nt_vformat(char *buf, __SIZE_TYPE__ size, const char *format,
			      __builtin_va_list args)
{
	struct out out = { .buf = buf, .size = size };
	__builtin_va_list ap;
	const char *f;

	__builtin_va_copy(ap, args);
	for (f = format; *f; f++) {
		struct spec spec = { .precision = -1 };
		const char *start = f;

		if (*f != '%') {
			put(&out, *f);
			continue;
		}
		f = parse_flags(f + 1, &spec);
		if (*f == '*') {
			spec.field = bounded(va_arg(ap, int));
			if (spec.field < 0) {
				spec.left = TRUE;
				spec.field = -spec.field;
			}
			f++;
		} else {
			f = parse_number(f, &spec.field);
		}
		if (*f == '.') {
			if (*++f == '*') {
				spec.precision = bounded(va_arg(ap, int));
				f++;
			} else {
				f = parse_number(f, &spec.precision);
			}
		}
		f = parse_width(f, &spec);
		spec.code = *f;
		switch (spec.code) {
		case '%':
			put(&out, '%');
			break;
		case 'd':
		case 'i':
		case 'u':
		case 'o':
		case 'x':
		case 'X':
			if (is_64(&spec))
				integer(&out, &spec, va_arg(ap, ULONGLONG));
			else
				integer(&out, &spec, va_arg(ap, unsigned int));
			break;
		case 'c':
		case 'C':
			character(&out, &spec, va_arg(ap, int));
			break;
		case 's':
		case 'S':
			if (is_wide(&spec))
				wide_string(&out, &spec, va_arg(ap, const WCHAR *));
			else
				narrow_string(&out, &spec, va_arg(ap, const char *));
			break;
		case 'Z':
			counted_string(&out, &spec, va_arg(ap, const void *));
			break;
		case 'p':
			pointer(&out, &spec, va_arg(ap, const void *));
			break;
		default:
			while (start < f)
				put(&out, *start++);
			if (!*f)
				goto end;
			put(&out, *f);
		}
	}
end:
	__builtin_va_end(ap);
	out.buf[out.length] = 0;
	return out.length;
}
