// SPDX-License-Identifier: GPL-2.0-only
/* Between UNICODE_STRING, ANSI_STRING (which is UTF-8 here), cases, and numbers. */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "nt.h"
#include "utf.h"

#define STRING_TAG	0x67727453	/* "Strg" */

/**
 * RtlInitAnsiString() - make a counted string of a terminated one
 * @DestinationString: set to refer to the buffer, which is not copied
 * @SourceString: NUL-terminated, or NULL; what is beyond 65534 bytes is cut off
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "RtlInitAnsiString function (wdm.h)".
 */
VOID RtlInitAnsiString(PANSI_STRING DestinationString, PCSTR SourceString)
{
	size_t length = SourceString ? strnlen(SourceString, MAXUSHORT - 1) : 0;

	DestinationString->Buffer = (PCHAR)SourceString;
	DestinationString->Length = length;
	DestinationString->MaximumLength = SourceString ? length + 1 : 0;
}
EXPORT_SYMBOL_GPL(RtlInitAnsiString);

/**
 * RtlInitString() - RtlInitAnsiString() by another name
 * @DestinationString: set
 * @SourceString: NUL-terminated, or NULL
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "RtlInitString function (wdm.h)".
 */
VOID RtlInitString(PSTRING DestinationString, PCSTR SourceString)
{
	RtlInitAnsiString(DestinationString, SourceString);
}
EXPORT_SYMBOL_GPL(RtlInitString);

/**
 * RtlEqualString() - are two strings equal?
 * @String1: the first
 * @String2: the second
 * @CaseInSensitive: TRUE: letters of ASCII that differ in case only are equal
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: TRUE if they are.
 *
 * Microsoft: "RtlEqualString function (ntddk.h)".
 */
BOOLEAN RtlEqualString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
	if (String1->Length != String2->Length)
		return FALSE;
	if (CaseInSensitive)
		return !strncasecmp(String1->Buffer, String2->Buffer, String1->Length);
	return !memcmp(String1->Buffer, String2->Buffer, String1->Length);
}
EXPORT_SYMBOL_GPL(RtlEqualString);

/* Room for @bytes and a NUL of @nul bytes, allocated or there. */
static NTSTATUS make_room(PVOID *buffer, PUSHORT maximum, size_t bytes, size_t nul, bool allocate)
{
	if (bytes + nul > MAXUSHORT)
		return STATUS_INVALID_PARAMETER_2;
	if (!allocate)
		return bytes + !!nul <= *maximum ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
	*buffer = ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes + nul, STRING_TAG);
	if (!*buffer)
		return STATUS_NO_MEMORY;
	*maximum = bytes + nul;
	return STATUS_SUCCESS;
}

/**
 * RtlAnsiStringToUnicodeString() - from UTF-8 to UTF-16
 * @DestinationString: set; terminated if there is room
 * @SourceString: bytes that are no UTF-8 become U+FFFD
 * @AllocateDestinationString: TRUE: the buffer is allocated, and freed by RtlFreeUnicodeString();
 *	    else it needs a byte more than the text
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS; STATUS_BUFFER_OVERFLOW, nothing was set; STATUS_INVALID_PARAMETER_2
 * longer than a counted string can be; STATUS_NO_MEMORY.
 *
 * Microsoft: "RtlAnsiStringToUnicodeString function (wdm.h)".
 */
NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
				      BOOLEAN AllocateDestinationString)
{
	WCHAR *text = kmalloc_array(SourceString->Length + 1, sizeof(WCHAR), kmcl_nt_gfp());
	NTSTATUS status;
	size_t bytes;

	kmcl_nt_may_wait(__func__);
	if (!text)
		return STATUS_NO_MEMORY;
	bytes = kmcl_utf8_to_utf16(text, SourceString->Buffer, SourceString->Length) *
		sizeof(WCHAR);
	status = make_room((PVOID *)&DestinationString->Buffer, &DestinationString->MaximumLength,
			   bytes, sizeof(WCHAR), AllocateDestinationString);
	if (NT_SUCCESS(status)) {
		memcpy(DestinationString->Buffer, text, bytes);
		DestinationString->Length = bytes;
		if (bytes + sizeof(WCHAR) <= DestinationString->MaximumLength)
			DestinationString->Buffer[bytes / sizeof(WCHAR)] = 0;
	}
	kfree(text);
	return status;
}
EXPORT_SYMBOL_GPL(RtlAnsiStringToUnicodeString);

/* As much as a buffer that is too short has room for, whole characters only. */
static void set_beginning(PANSI_STRING string, PCUNICODE_STRING source)
{
	if (!string->MaximumLength)
		return;
	string->Length = kmcl_utf16_to_utf8(string->Buffer, string->MaximumLength - 1,
					    source->Buffer, source->Length / sizeof(WCHAR));
	string->Buffer[string->Length] = 0;
}

/**
 * RtlUnicodeStringToAnsiString() - from UTF-16 to UTF-8
 * @DestinationString: set, and terminated
 * @SourceString: half a pair becomes U+FFFD
 * @AllocateDestinationString: TRUE: the buffer is allocated, and freed by RtlFreeAnsiString()
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS; STATUS_BUFFER_OVERFLOW the beginning of the text was set;
 * STATUS_INVALID_PARAMETER_2; STATUS_NO_MEMORY.
 *
 * Microsoft: "RtlUnicodeStringToAnsiString function (wdm.h)".
 */
NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
				      BOOLEAN AllocateDestinationString)
{
	size_t units = SourceString->Length / sizeof(WCHAR), bytes = units * KMCL_UTF8_PER_UTF16;
	char *text = kmalloc(bytes + 1, kmcl_nt_gfp());
	NTSTATUS status;

	kmcl_nt_may_wait(__func__);
	if (!text)
		return STATUS_NO_MEMORY;
	bytes = kmcl_utf16_to_utf8(text, bytes, SourceString->Buffer, units);
	status = make_room((PVOID *)&DestinationString->Buffer, &DestinationString->MaximumLength,
			   bytes, 1, AllocateDestinationString);
	if (NT_SUCCESS(status)) {
		memcpy(DestinationString->Buffer, text, bytes);
		DestinationString->Length = bytes;
		DestinationString->Buffer[bytes] = 0;
	} else if (status == STATUS_BUFFER_OVERFLOW) {
		set_beginning(DestinationString, SourceString);
	}
	kfree(text);
	return status;
}
EXPORT_SYMBOL_GPL(RtlUnicodeStringToAnsiString);

/**
 * RtlFreeAnsiString() - free a buffer that RtlUnicodeStringToAnsiString() allocated
 * @AnsiString: the string; all zero afterwards
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Microsoft: "RtlFreeAnsiString function (wdm.h)".
 */
VOID RtlFreeAnsiString(PANSI_STRING AnsiString)
{
	if (AnsiString->Buffer)
		ExFreePoolWithTag(AnsiString->Buffer, 0);
	memset(AnsiString, 0, sizeof(*AnsiString));
}
EXPORT_SYMBOL_GPL(RtlFreeAnsiString);

/**
 * RtlUpcaseUnicodeChar() - a letter in upper case
 * @SourceCharacter: of ASCII or Latin-1; any other stays what it is
 *
 * IRQL: any.
 *
 * Return: the letter.
 *
 * Microsoft: "RtlUpcaseUnicodeChar function (wdm.h)".
 */
WCHAR RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
	WCHAR c = SourceCharacter;

	if (c >= 'a' && c <= 'z')
		return c - 0x20;
	if (c >= 0xe0 && c <= 0xfe && c != 0xf7)
		return c - 0x20;
	return c == 0xff ? 0x178 : c;
}
EXPORT_SYMBOL_GPL(RtlUpcaseUnicodeChar);

/**
 * RtlDowncaseUnicodeChar() - a letter in lower case
 * @SourceCharacter: of ASCII or Latin-1; any other stays what it is
 *
 * IRQL: any.
 *
 * Return: the letter.
 *
 * Microsoft: "RtlDowncaseUnicodeChar function (ntifs.h)".
 */
WCHAR RtlDowncaseUnicodeChar(WCHAR SourceCharacter)
{
	WCHAR c = SourceCharacter;

	if (c >= 'A' && c <= 'Z')
		return c + 0x20;
	if (c >= 0xc0 && c <= 0xde && c != 0xd7)
		return c + 0x20;
	return c == 0x178 ? 0xff : c;
}
EXPORT_SYMBOL_GPL(RtlDowncaseUnicodeChar);

/**
 * RtlUpcaseUnicodeString() - a string in upper case
 * @DestinationString: set; may be the source
 * @SourceString: letters of ASCII and Latin-1 are changed
 * @AllocateDestinationString: TRUE: the buffer is allocated, and freed by RtlFreeUnicodeString()
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW, STATUS_NO_MEMORY.
 *
 * Microsoft: "RtlUpcaseUnicodeString function (wdm.h)".
 */
NTSTATUS RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
				BOOLEAN AllocateDestinationString)
{
	size_t units = SourceString->Length / sizeof(WCHAR), i;
	NTSTATUS status;

	status = make_room((PVOID *)&DestinationString->Buffer, &DestinationString->MaximumLength,
			   units * sizeof(WCHAR), 0, AllocateDestinationString);
	if (!NT_SUCCESS(status))
		return status;
	for (i = 0; i < units; i++)
		DestinationString->Buffer[i] = RtlUpcaseUnicodeChar(SourceString->Buffer[i]);
	DestinationString->Length = units * sizeof(WCHAR);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlUpcaseUnicodeString);

/**
 * RtlPrefixUnicodeString() - does a string begin with another?
 * @String1: the beginning
 * @String2: the whole
 * @CaseInSensitive: TRUE: letters of ASCII and Latin-1 that differ in case only are equal
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: TRUE if it does.
 *
 * Microsoft: "RtlPrefixUnicodeString function (ntddk.h)".
 */
BOOLEAN RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			       BOOLEAN CaseInSensitive)
{
	UNICODE_STRING head = *String2;

	if (String1->Length > String2->Length)
		return FALSE;
	head.Length = String1->Length;
	return RtlEqualUnicodeString(String1, &head, CaseInSensitive);
}
EXPORT_SYMBOL_GPL(RtlPrefixUnicodeString);

/* Of the bases that Windows knows; 0 is 10 on output. */
static bool base_valid(ULONG base)
{
	return base == 2 || base == 8 || base == 10 || base == 16;
}

/**
 * RtlIntegerToUnicodeString() - a number in digits
 * @Value: the number
 * @Base: 2, 8, 10, 16; 0 is 10
 * @String: MaximumLength is its room, a byte more than the digits; terminated if that allows
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW, STATUS_INVALID_PARAMETER for the base.
 *
 * Microsoft: "RtlIntegerToUnicodeString function (wdm.h)".
 */
NTSTATUS RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
	ULONG base = Base ?: 10;
	WCHAR digits[32];
	size_t n = 0, i;

	if (!base_valid(base))
		return STATUS_INVALID_PARAMETER;
	do {
		digits[n++] = "0123456789ABCDEF"[Value % base];
		Value /= base;
	} while (Value);
	if (n * sizeof(WCHAR) >= String->MaximumLength)
		return STATUS_BUFFER_OVERFLOW;
	for (i = 0; i < n; i++)
		String->Buffer[i] = digits[n - 1 - i];
	String->Length = n * sizeof(WCHAR);
	if (String->Length + sizeof(WCHAR) <= String->MaximumLength)
		String->Buffer[n] = 0;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlIntegerToUnicodeString);

static ULONG digit(WCHAR c)
{
	c = RtlUpcaseUnicodeChar(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : MAXULONG;
}

/* After 0x, 0o and 0b the base is known, if it was not given. */
static ULONG take_prefix(const WCHAR **s, const WCHAR *end)
{
	ULONG base = 10;

	if (end - *s < 2 || **s != '0')
		return base;
	switch ((*s)[1]) {
	case 'x':
		base = 16;
		break;
	case 'o':
		base = 8;
		break;
	case 'b':
		base = 2;
		break;
	default:
		return base;
	}
	*s += 2;
	return base;
}

/**
 * RtlUnicodeStringToInteger() - the number that digits stand for
 * @String: white space, a sign, 0x, 0o or 0b if @Base is 0, digits; what follows is ignored
 * @Base: 2, 8, 10, 16; 0: as the prefix says, else 10
 * @Value: set; 0 without digits; modulo 2^32
 *
 * IRQL: PASSIVE_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER for the base.
 *
 * Microsoft: "RtlUnicodeStringToInteger function (wdm.h)".
 */
NTSTATUS RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
	const WCHAR *s = String->Buffer, *end = s + String->Length / sizeof(WCHAR);
	bool negative;
	ULONG value = 0;

	if (Base && !base_valid(Base))
		return STATUS_INVALID_PARAMETER;
	while (s < end && *s <= ' ')
		s++;
	negative = s < end && *s == '-';
	if (s < end && (*s == '-' || *s == '+'))
		s++;
	if (!Base)
		Base = take_prefix(&s, end);
	for (; s < end && digit(*s) < Base; s++)
		value = value * Base + digit(*s);
	*Value = negative ? -value : value;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlUnicodeStringToInteger);
