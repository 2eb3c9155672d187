// SPDX-License-Identifier: GPL-2.0-only
/*
 * UTF-16 and UTF-8. What is neither becomes U+FFFD, and a NUL is a character like any other: both
 * come from counted strings, whose content may be the host's.
 */

#include "utf.h"

#define REPLACEMENT	0xfffd

/**
 * kmcl_utf16_decode() - the first character
 * @s: UTF-16
 * @left: units of it, above 0
 * @c: set to the character; for half a pair, to U+FFFD
 *
 * Return: how many units it takes.
 */
SIZE_T kmcl_utf16_decode(const WCHAR *s, SIZE_T left, UINT32 *c)
{
	*c = s[0];
	if (s[0] < 0xd800 || s[0] > 0xdfff)
		return 1;
	if (s[0] < 0xdc00 && left > 1 && s[1] >= 0xdc00 && s[1] <= 0xdfff) {
		*c = 0x10000 + ((UINT32)(s[0] - 0xd800) << 10) + (s[1] - 0xdc00);
		return 2;
	}
	*c = REPLACEMENT;
	return 1;
}

static SIZE_T utf16_encode(UINT32 c, WCHAR *to)
{
	if (c < 0x10000) {
		to[0] = c;
		return 1;
	}
	to[0] = 0xd800 + ((c - 0x10000) >> 10);
	to[1] = 0xdc00 + ((c - 0x10000) & 0x3ff);
	return 2;
}

/* Bytes that a character takes whose first byte is this; 0: none begins so. */
static SIZE_T utf8_length(UCHAR first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

/* Too long for what it says, half a pair, or beyond the last character. */
static BOOLEAN is_bad(UINT32 c, SIZE_T length)
{
	return (length == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	       (length == 4 && (c < 0x10000 || c > 0x10ffff));
}

static SIZE_T utf8_decode(const char *s, SIZE_T left, UINT32 *c)
{
	static const UCHAR first_bits[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	SIZE_T length = utf8_length(s[0]), i;
	UINT32 value;

	*c = REPLACEMENT;
	if (!length || length > left)
		return 1;
	value = (UCHAR)s[0] & first_bits[length];
	for (i = 1; i < length; i++) {
		if (((UCHAR)s[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | ((UCHAR)s[i] & 0x3f);
	}
	if (is_bad(value, length))
		return 1;
	*c = value;
	return length;
}

/**
 * kmcl_utf8_encode() - a character in UTF-8
 * @c: the character
 * @to: room for 4 bytes
 *
 * Return: how many bytes it takes.
 */
SIZE_T kmcl_utf8_encode(UINT32 c, char *to)
{
	SIZE_T n = 0;

	if (c < 0x80) {
		to[n++] = c;
		return n;
	}
	if (c < 0x800) {
		to[n++] = 0xc0 | c >> 6;
	} else {
		if (c < 0x10000) {
			to[n++] = 0xe0 | c >> 12;
		} else {
			to[n++] = 0xf0 | c >> 18;
			to[n++] = 0x80 | (c >> 12 & 0x3f);
		}
		to[n++] = 0x80 | (c >> 6 & 0x3f);
	}
	to[n++] = 0x80 | (c & 0x3f);
	return n;
}

/**
 * kmcl_utf16_to_utf8() - a text in UTF-8, whole characters only
 * @to: the text; not terminated
 * @room: bytes of @to; KMCL_UTF8_PER_UTF16 a unit are enough for all of it
 * @from: UTF-16
 * @units: of it
 *
 * Return: bytes of @to that were set.
 */
SIZE_T kmcl_utf16_to_utf8(char *to, SIZE_T room, const WCHAR *from, SIZE_T units)
{
	SIZE_T n = 0, i = 0, length, k;
	char bytes[4];
	UINT32 c;

	while (i < units) {
		i += kmcl_utf16_decode(from + i, units - i, &c);
		length = kmcl_utf8_encode(c, bytes);
		if (n + length > room)
			break;
		for (k = 0; k < length; k++)
			to[n++] = bytes[k];
	}
	return n;
}

/**
 * kmcl_utf8_to_utf16() - a text in UTF-16
 * @to: room for as many units as @from has bytes; not terminated
 * @from: UTF-8; each byte that belongs to no character becomes U+FFFD
 * @bytes: of it
 *
 * Return: units of @to that were set.
 */
SIZE_T kmcl_utf8_to_utf16(WCHAR *to, const char *from, SIZE_T bytes)
{
	SIZE_T n = 0, i = 0;
	UINT32 c;

	while (i < bytes) {
		i += utf8_decode(from + i, bytes - i, &c);
		n += utf16_encode(c, to + n);
	}
	return n;
}
