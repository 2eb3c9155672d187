// SPDX-License-Identifier: GPL-2.0-only
/*
 * UNICODE_STRING and the string form of GUIDs.
 *
 * Without regard to case, letters of ASCII and Latin-1 are compared; Windows has a table of all
 * alphabets.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "nt.h"

#define GUID_CHARS	38	/* {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx} */
#define STRING_TAG	0x67727453	/* "Strg" */

static size_t wide_length(PCWSTR s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* The part of @bytes that an even number of them, and @room, allow. */
static USHORT fit(size_t bytes, size_t room)
{
	return min_t(size_t, bytes, room) & ~1UL;
}

static void terminate(PUNICODE_STRING string)
{
	if (string->Length + sizeof(WCHAR) <= string->MaximumLength)
		string->Buffer[string->Length / sizeof(WCHAR)] = 0;
}

/**
 * RtlInitUnicodeString() - make a counted string of a terminated one
 * @DestinationString: set to refer to the buffer, which is not copied
 * @SourceString: NUL-terminated, or NULL for an empty string; what is beyond 32766 characters is
 *	    cut off
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "RtlInitUnicodeString function (wdm.h)".
 */
VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
	size_t bytes = SourceString ? wide_length(SourceString) * sizeof(WCHAR) : 0;

	DestinationString->Buffer = (PWCH)SourceString;
	DestinationString->Length = fit(bytes, UNICODE_STRING_MAX_BYTES - sizeof(WCHAR));
	DestinationString->MaximumLength = 0;
	if (SourceString)
		DestinationString->MaximumLength = DestinationString->Length + sizeof(WCHAR);
}
EXPORT_SYMBOL_GPL(RtlInitUnicodeString);

/**
 * RtlCopyUnicodeString() - copy a string
 * @DestinationString: gets as much as MaximumLength has room for, and a NUL if there is still room
 * @SourceString: the string, or NULL for an empty one
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Microsoft: "RtlCopyUnicodeString function (wdm.h)".
 */
VOID RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
	DestinationString->Length = 0;
	if (!SourceString)
		return;
	DestinationString->Length = fit(SourceString->Length, DestinationString->MaximumLength);
	memmove(DestinationString->Buffer, SourceString->Buffer, DestinationString->Length);
	terminate(DestinationString);
}
EXPORT_SYMBOL_GPL(RtlCopyUnicodeString);

/**
 * RtlCompareUnicodeString() - compare two strings
 * @String1: the first
 * @String2: the second
 * @CaseInSensitive: TRUE: letters of ASCII and Latin-1 that differ in case only are equal
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: below, equal to or above 0.
 *
 * Microsoft: "RtlCompareUnicodeString function (wdm.h)".
 */
LONG RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			     BOOLEAN CaseInSensitive)
{
	size_t n1 = String1->Length / sizeof(WCHAR), n2 = String2->Length / sizeof(WCHAR), i;

	for (i = 0; i < n1 && i < n2; i++) {
		WCHAR a = String1->Buffer[i], b = String2->Buffer[i];

		if (CaseInSensitive) {
			a = RtlUpcaseUnicodeChar(a);
			b = RtlUpcaseUnicodeChar(b);
		}
		if (a != b)
			return (LONG)a - (LONG)b;
	}
	return (LONG)n1 - (LONG)n2;
}
EXPORT_SYMBOL_GPL(RtlCompareUnicodeString);

/**
 * RtlEqualUnicodeString() - are two strings equal?
 * @String1: the first
 * @String2: the second
 * @CaseInSensitive: as for RtlCompareUnicodeString()
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: TRUE if they are.
 *
 * Microsoft: "RtlEqualUnicodeString function (wdm.h)".
 */
BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			      BOOLEAN CaseInSensitive)
{
	return String1->Length == String2->Length &&
	       !RtlCompareUnicodeString(String1, String2, CaseInSensitive);
}
EXPORT_SYMBOL_GPL(RtlEqualUnicodeString);

/**
 * RtlAppendUnicodeStringToString() - append a string
 * @Destination: the string to append to
 * @Source: what to append
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: STATUS_SUCCESS, or STATUS_BUFFER_TOO_SMALL with nothing changed.
 *
 * Microsoft: "RtlAppendUnicodeStringToString function (wdm.h)".
 */
NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
	if (Source->Length > Destination->MaximumLength - Destination->Length)
		return STATUS_BUFFER_TOO_SMALL;
	memmove((PCHAR)Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
	Destination->Length += Source->Length;
	terminate(Destination);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlAppendUnicodeStringToString);

/**
 * RtlAppendUnicodeToString() - append a terminated string
 * @Destination: the string to append to
 * @Source: NUL-terminated, or NULL for nothing
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: STATUS_SUCCESS, or STATUS_BUFFER_TOO_SMALL with nothing changed.
 *
 * Microsoft: "RtlAppendUnicodeToString function (wdm.h)".
 */
NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
	UNICODE_STRING source;

	if (Source && wide_length(Source) * sizeof(WCHAR) > Destination->MaximumLength)
		return STATUS_BUFFER_TOO_SMALL;
	RtlInitUnicodeString(&source, Source);
	return RtlAppendUnicodeStringToString(Destination, &source);
}
EXPORT_SYMBOL_GPL(RtlAppendUnicodeToString);

/**
 * RtlFreeUnicodeString() - free the buffer of a string that an Rtl function allocated
 * @UnicodeString: the string; empty afterwards
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Microsoft: "RtlFreeUnicodeString function (wdm.h)".
 */
VOID RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
	/* Or the driver has: Windows takes any block of pool. */
	if (UnicodeString->Buffer)
		ExFreePoolWithTag(UnicodeString->Buffer, 0);
	memset(UnicodeString, 0, sizeof(*UnicodeString));
}
EXPORT_SYMBOL_GPL(RtlFreeUnicodeString);

/**
 * RtlStringFromGUID() - a GUID as "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}"
 * @Guid: the GUID
 * @GuidString: set to a new string, which the caller frees by RtlFreeUnicodeString()
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: STATUS_SUCCESS or STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "RtlStringFromGUID function (wdm.h)".
 */
NTSTATUS RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString)
{
	char text[GUID_CHARS + 1];
	int i;

	memset(GuidString, 0, sizeof(*GuidString));
	GuidString->Buffer = ExAllocatePoolZero(NonPagedPoolNx, sizeof(text) * sizeof(WCHAR),
						STRING_TAG);
	if (!GuidString->Buffer)
		return STATUS_INSUFFICIENT_RESOURCES;
	snprintf(text, sizeof(text), "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}",
		 Guid->Data1, Guid->Data2, Guid->Data3, Guid->Data4[0], Guid->Data4[1],
		 Guid->Data4[2],
		 Guid->Data4[3], Guid->Data4[4], Guid->Data4[5], Guid->Data4[6], Guid->Data4[7]);
	for (i = 0; i < GUID_CHARS; i++)
		GuidString->Buffer[i] = text[i];
	GuidString->Length = GUID_CHARS * sizeof(WCHAR);
	GuidString->MaximumLength = sizeof(text) * sizeof(WCHAR);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlStringFromGUID);

static int hex_digit(WCHAR c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int hex_byte(const WCHAR *s)
{
	int high = hex_digit(s[0]), low = hex_digit(s[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/**
 * RtlGUIDFromString() - read a GUID
 * @GuidString: "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}"
 * @Guid: set to the GUID, on success only
 *
 * IRQL: <= DISPATCH_LEVEL (Windows: PASSIVE_LEVEL).
 *
 * Return: STATUS_SUCCESS or STATUS_INVALID_PARAMETER.
 *
 * Microsoft: "RtlGUIDFromString function (wdm.h)".
 */
NTSTATUS RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
	static const u8 place[16] = { 1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35 };
	static const u8 dashes[4] = { 9, 14, 19, 24 };
	const WCHAR *s = GuidString->Buffer;
	u8 bytes[16];
	int i, byte;

	if (GuidString->Length < GUID_CHARS * sizeof(WCHAR) ||
	    s[0] != '{' || s[GUID_CHARS - 1] != '}')
		return STATUS_INVALID_PARAMETER;
	for (i = 0; i < 4; i++)
		if (s[dashes[i]] != '-')
			return STATUS_INVALID_PARAMETER;
	for (i = 0; i < 16; i++) {
		byte = hex_byte(s + place[i]);
		if (byte < 0)
			return STATUS_INVALID_PARAMETER;
		bytes[i] = byte;
	}
	Guid->Data1 = (ULONG)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	Guid->Data2 = bytes[4] << 8 | bytes[5];
	Guid->Data3 = bytes[6] << 8 | bytes[7];
	memcpy(Guid->Data4, bytes + 8, 8);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(RtlGUIDFromString);

/**
 * RtlCompareMemory() - how many bytes at the start are equal?
 * @Source1: the first block
 * @Source2: the second block
 * @Length: bytes to look at
 *
 * IRQL: any, for nonpaged memory.
 *
 * Return: the number of equal bytes; Length if all are.
 *
 * Microsoft: "RtlCompareMemory function (wdm.h)".
 */
SIZE_T RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
	const u8 *a = Source1, *b = Source2;
	SIZE_T n = 0;

	while (n < Length && a[n] == b[n])
		n++;
	return n;
}
EXPORT_SYMBOL_GPL(RtlCompareMemory);
