// SPDX-License-Identifier: GPL-2.0-only
/* Messages of drivers, in the kernel log and in the trace event kmcl:kmcl_dbgprint. */

#define pr_fmt(fmt) fmt

#include <linux/bug.h>
#include <linux/ctype.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "format.h"
#include "nt.h"
#include "../channel.h"
#include "../trace.h"

#define MESSAGE_MAX	512	/* as on Windows */

/**
 * kmcl_nt_format_pointer() - how %p looks
 * @buf: set to the text
 * @size: bytes of @buf
 * @pointer: the pointer
 *
 * Hashed, as all pointers in the log, unless the kernel was booted with no_hash_pointers.
 *
 * Return: the length of the text.
 */
int kmcl_nt_format_pointer(char *buf, int size, const void *pointer)
{
	return scnprintf(buf, size, "%p", pointer);
}

static void print_line(ULONG level, const char *text)
{
	switch (level) {
	case DPFLTR_ERROR_LEVEL:
		pr_err("%s\n", text);
		break;
	case DPFLTR_WARNING_LEVEL:
		pr_warn("%s\n", text);
		break;
	case DPFLTR_TRACE_LEVEL:
		pr_debug("%s\n", text);
		break;
	default:
		pr_info("%s\n", text);
	}
}

/* One call is one line of the log. What a host put into a string shall not act on a terminal. */
static void make_line(char *text, size_t length)
{
	if (length && text[length - 1] == '\n')
		text[--length] = 0;
	if (length && text[length - 1] == '\r')
		text[--length] = 0;
	for (; *text; text++)
		if (iscntrl(*text) && *text != '\n' && *text != '\t')
			*text = '.';
}

static void print(ULONG level, const char *format, va_list args)
{
	char text[MESSAGE_MAX];

	make_line(text, kmcl_nt_vformat(text, sizeof(text), format, args));
	trace_kmcl_dbgprint(level, text);
	print_line(level, text);
}

/**
 * DbgPrint() - print a message, at informational level
 * @Format: Windows' format codes, see kmcl_nt_vformat()
 *
 * A message is cut off at 511 bytes of UTF-8 and is one line, with or without a newline at its end.
 * Control characters other than newlines and tabs become dots.
 * Pointers are hashed. The trace event has the first 127 bytes of every message, also of those that
 * the log does not show.
 *
 * IRQL: any.
 *
 * Return: STATUS_SUCCESS.
 *
 * Microsoft: "DbgPrint function (wdm.h)".
 */
ULONG DbgPrint(PCSTR Format, ...)
{
	va_list args;

	va_start(args, Format);
	print(DPFLTR_INFO_LEVEL, Format, args);
	va_end(args);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(DbgPrint);

/**
 * DbgPrintEx() - print a message at a level
 * @ComponentId: ignored
 * @Level: DPFLTR_ERROR_LEVEL, _WARNING_ and _INFO_ have these levels in the log; _TRACE_ is seen
 *	   with dynamic debug only. Any other value is informational.
 * @Format: as for DbgPrint()
 *
 * IRQL: any.
 *
 * Return: STATUS_SUCCESS.
 *
 * Microsoft: "DbgPrintEx function (wdm.h)".
 */
ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
	va_list args;

	va_start(args, Format);
	print(Level, Format, args);
	va_end(args);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(DbgPrintEx);

/**
 * vDbgPrintEx() - print a message at a level
 * @ComponentId: ignored
 * @Level: as for DbgPrintEx()
 * @Format: as for DbgPrint()
 * @ArgList: the arguments
 *
 * IRQL: any.
 *
 * Return: STATUS_SUCCESS.
 *
 * Microsoft: "vDbgPrintEx function (wdm.h)".
 */
ULONG vDbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, va_list ArgList)
{
	print(Level, Format, ArgList);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(vDbgPrintEx);

/**
 * RtlAssert() - an assertion of a driver failed (ASSERT and NT_ASSERT in a build with DBG)
 * @FailedAssertion: its text
 * @FileName: source file
 * @LineNumber: source line
 * @Message: NULL or more text
 *
 * Warns in the log and goes on, where Windows breaks into the debugger.
 *
 * IRQL: any.
 *
 * Microsoft: "ASSERT macro (wdm.h)".
 */
VOID RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PSTR Message)
{
	WARN(1, "Assertion failed: %s (%s:%u) %s\n", (char *)FailedAssertion, (char *)FileName,
	     LineNumber, Message ?: "");
}
EXPORT_SYMBOL_GPL(RtlAssert);
