// SPDX-License-Identifier: GPL-2.0-only
/* Formatting into strings (ntstrsafe.h). The rest of that header is inline. */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "format.h"
#include "nt.h"
#include "ntstrsafe.h"
#include "utf.h"

#define TEXT_MAX	65536	/* characters that are formatted at most */
#define SLACK		8	/* bytes, more than a character's: tells that something is cut */

static bool size_valid(SIZE_T size)
{
	return size && size <= NTSTRSAFE_MAX_CCH;
}

/**
 * RtlStringCchVPrintfA() - format a string
 * @Destination: set to the text
 * @Size: its characters, with the NUL
 * @Format: as for DbgPrint()
 * @Args: the arguments
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW, STATUS_INVALID_PARAMETER,
 * STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "RtlStringCchVPrintfA function (ntstrsafe.h)".
 */
NTSTATUS RtlStringCchVPrintfA(NTSTRSAFE_PSTR Destination, SIZE_T Size, NTSTRSAFE_PCSTR Format,
			      va_list Args)
{
	SIZE_T room = min_t(SIZE_T, Size, TEXT_MAX), length;
	char *text;

	if (!size_valid(Size))
		return STATUS_INVALID_PARAMETER;
	text = kmalloc(room + SLACK, kmcl_nt_gfp());
	if (!text)
		return STATUS_INSUFFICIENT_RESOURCES;
	length = kmcl_nt_vformat(text, room + SLACK, Format, Args);
	memcpy(Destination, text, min(length, room - 1));
	Destination[min(length, room - 1)] = 0;
	kfree(text);
	return length < room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}
EXPORT_SYMBOL_GPL(RtlStringCchVPrintfA);

/* In a wide format %s and %c are wide and their capitals narrow; in a narrow one the other way. */
static void swap_cases(char *format)
{
	char *f = format;

	while ((f = strchr(f, '%'))) {
		f++;
		f += strspn(f, "-+ #0123456789.*");
		if (*f == 's' || *f == 'S' || *f == 'c' || *f == 'C')
			*f ^= 0x20;
		else if (*f == '%')
			f++;
	}
}

static char *narrow_format(NTSTRSAFE_PCWSTR wide)
{
	size_t units = 0, bytes;
	char *format;

	while (wide[units])
		units++;
	bytes = units * KMCL_UTF8_PER_UTF16;
	format = kmalloc(bytes + 1, kmcl_nt_gfp());
	if (!format)
		return NULL;
	format[kmcl_utf16_to_utf8(format, bytes, wide, units)] = 0;
	swap_cases(format);
	return format;
}

/* Return: units of the whole text, of which at most @room - 1 are in @to, terminated; or -1. */
static ssize_t format_wide(WCHAR *to, SIZE_T room, NTSTRSAFE_PCWSTR format, va_list args)
{
	SIZE_T bytes = KMCL_UTF8_PER_UTF16 * room + SLACK, length;
	char *narrow = narrow_format(format);
	char *text = kmalloc(bytes, kmcl_nt_gfp());
	WCHAR *wide = kmalloc_array(bytes, sizeof(WCHAR), kmcl_nt_gfp());
	ssize_t units = -1;

	if (narrow && text && wide) {
		length = kmcl_nt_vformat(text, bytes, narrow, args);
		units = kmcl_utf8_to_utf16(wide, text, length);
		length = min_t(SIZE_T, units, room - 1);
		memcpy(to, wide, length * sizeof(WCHAR));
		to[length] = 0;
	}
	kfree(wide);
	kfree(text);
	kfree(narrow);
	return units;
}

/**
 * RtlStringCchVPrintfW() - format a wide string
 * @Destination: set to the text
 * @Size: its characters, with the NUL
 * @Format: as for DbgPrint(), but %s and %c are wide, and %S and %C narrow
 * @Args: the arguments
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW, STATUS_INVALID_PARAMETER,
 * STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "RtlStringCchVPrintfW function (ntstrsafe.h)".
 */
NTSTATUS RtlStringCchVPrintfW(NTSTRSAFE_PWSTR Destination, SIZE_T Size, NTSTRSAFE_PCWSTR Format,
			      va_list Args)
{
	SIZE_T room = min_t(SIZE_T, Size, TEXT_MAX);
	ssize_t units;

	if (!size_valid(Size))
		return STATUS_INVALID_PARAMETER;
	units = format_wide(Destination, room, Format, Args);
	if (units < 0)
		return STATUS_INSUFFICIENT_RESOURCES;
	return units < room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}
EXPORT_SYMBOL_GPL(RtlStringCchVPrintfW);

/**
 * RtlStringCchPrintfA() - format a string
 * @Destination: set to the text
 * @Size: its characters, with the NUL; RtlStringCbPrintfA() is this
 * @Format: as for DbgPrint()
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: as of RtlStringCchVPrintfA().
 *
 * Microsoft: "RtlStringCchPrintfA function (ntstrsafe.h)".
 */
NTSTATUS RtlStringCchPrintfA(NTSTRSAFE_PSTR Destination, SIZE_T Size, NTSTRSAFE_PCSTR Format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, Format);
	status = RtlStringCchVPrintfA(Destination, Size, Format, args);
	va_end(args);
	return status;
}
EXPORT_SYMBOL_GPL(RtlStringCchPrintfA);

/**
 * RtlStringCchPrintfW() - format a wide string
 * @Destination: set to the text
 * @Size: its characters, with the NUL; RtlStringCbPrintfW() takes bytes
 * @Format: as for RtlStringCchVPrintfW()
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: as of RtlStringCchVPrintfW().
 *
 * Microsoft: "RtlStringCchPrintfW function (ntstrsafe.h)".
 */
NTSTATUS RtlStringCchPrintfW(NTSTRSAFE_PWSTR Destination, SIZE_T Size, NTSTRSAFE_PCWSTR Format, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, Format);
	status = RtlStringCchVPrintfW(Destination, Size, Format, args);
	va_end(args);
	return status;
}
EXPORT_SYMBOL_GPL(RtlStringCchPrintfW);

/**
 * RtlUnicodeStringPrintf() - format into a counted string
 * @DestinationString: MaximumLength is its room; Length is set
 * @Format: as for RtlStringCchVPrintfW()
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW, STATUS_INSUFFICIENT_RESOURCES.
 *
 * Microsoft: "RtlUnicodeStringPrintf function (ntstrsafe.h)".
 */
NTSTATUS RtlUnicodeStringPrintf(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR Format, ...)
{
	SIZE_T room = DestinationString->MaximumLength / sizeof(WCHAR), used;
	WCHAR *text = kmalloc_array(room + 1, sizeof(WCHAR), kmcl_nt_gfp());
	ssize_t units;
	va_list args;

	if (!text)
		return STATUS_INSUFFICIENT_RESOURCES;
	va_start(args, Format);
	units = format_wide(text, room + 1, Format, args);
	va_end(args);
	if (units >= 0) {
		used = min_t(SIZE_T, units, room);
		/* With the NUL where there is room for it. */
		memcpy(DestinationString->Buffer, text, min(used + 1, room) * sizeof(WCHAR));
		DestinationString->Length = used * sizeof(WCHAR);
	}
	kfree(text);
	if (units < 0)
		return STATUS_INSUFFICIENT_RESOURCES;
	return units <= room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}
EXPORT_SYMBOL_GPL(RtlUnicodeStringPrintf);
