/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ntstrsafe.h - copying and formatting strings within bounds
 *
 * Every function leaves a terminated string, cut off where it does not fit
 * (STATUS_BUFFER_OVERFLOW, which fails NT_SUCCESS). Sizes are in bytes (Cb) or characters (Cch) and
 * have room for the NUL; 0 and more than NTSTRSAFE_MAX_CCH are refused with
 * STATUS_INVALID_PARAMETER.
 *
 * Differences from Windows: there are no Ex, Gets and Worker functions, and of the RtlUnicodeString
 * family only Printf. Formatting is at any IRQL up to DISPATCH_LEVEL and allocates memory for its
 * time; its codes are those of DbgPrint, its narrow text is UTF-8.
 */
#ifndef _NTSTRSAFE_H_INCLUDED_
#define _NTSTRSAFE_H_INCLUDED_

#include "ntdef.h"
#include "ntstatus.h"

#define NTSTRSAFE_MAX_CCH			2147483647
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH	(0xffff / sizeof(WCHAR))

typedef char		*NTSTRSAFE_PSTR;
typedef const char	*NTSTRSAFE_PCSTR;
typedef WCHAR		*NTSTRSAFE_PWSTR;
typedef const WCHAR	*NTSTRSAFE_PCWSTR;

/* One set of functions for each kind of character. */
#define KMCL_STRSAFE(suffix, type)							\
FORCEINLINE NTSTATUS RtlStringCchLength##suffix(_In_ const type *String, _In_ SIZE_T Max,	\
						_Out_opt_ SIZE_T *Length)		\
{											\
	SIZE_T n = 0;									\
	BOOLEAN good = String && Max <= NTSTRSAFE_MAX_CCH;				\
											\
	while (good && n < Max && String[n])						\
		n++;									\
	good = good && n < Max;								\
	if (Length)									\
		*Length = good ? n : 0;							\
	return good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;			\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCchCopyN##suffix(_Out_ type *Destination, _In_ SIZE_T Size,	\
					       _In_ const type *Source, _In_ SIZE_T Count)	\
{											\
	SIZE_T n = 0;									\
											\
	if (!Size || Size > NTSTRSAFE_MAX_CCH)						\
		return STATUS_INVALID_PARAMETER;					\
	while (n < Size - 1 && n < Count && Source[n]) {				\
		Destination[n] = Source[n];						\
		n++;									\
	}										\
	Destination[n] = 0;								\
	return n < Count && Source[n] ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;	\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCchCopy##suffix(_Out_ type *Destination, _In_ SIZE_T Size,	\
					      _In_ const type *Source)			\
{											\
	return RtlStringCchCopyN##suffix(Destination, Size, Source, (SIZE_T)-1);	\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCchCatN##suffix(_Inout_ type *Destination, _In_ SIZE_T Size,	\
					      _In_ const type *Source, _In_ SIZE_T Count)	\
{											\
	SIZE_T n;									\
											\
	if (!NT_SUCCESS(RtlStringCchLength##suffix(Destination, Size, &n)))		\
		return STATUS_INVALID_PARAMETER;					\
	return RtlStringCchCopyN##suffix(Destination + n, Size - n, Source, Count);	\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCchCat##suffix(_Inout_ type *Destination, _In_ SIZE_T Size,	\
					     _In_ const type *Source)			\
{											\
	return RtlStringCchCatN##suffix(Destination, Size, Source, (SIZE_T)-1);		\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCbLength##suffix(_In_ const type *String, _In_ SIZE_T Max,	\
					       _Out_opt_ SIZE_T *Length)		\
{											\
	NTSTATUS status = RtlStringCchLength##suffix(String, Max / sizeof(type), Length);	\
											\
	if (Length)									\
		*Length *= sizeof(type);						\
	return status;									\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCbCopyN##suffix(_Out_ type *Destination, _In_ SIZE_T Size,	\
					      _In_ const type *Source, _In_ SIZE_T Count)	\
{											\
	return RtlStringCchCopyN##suffix(Destination, Size / sizeof(type), Source,	\
					 Count / sizeof(type));				\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCbCopy##suffix(_Out_ type *Destination, _In_ SIZE_T Size,	\
					     _In_ const type *Source)			\
{											\
	return RtlStringCchCopy##suffix(Destination, Size / sizeof(type), Source);	\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCbCatN##suffix(_Inout_ type *Destination, _In_ SIZE_T Size,	\
					     _In_ const type *Source, _In_ SIZE_T Count)	\
{											\
	return RtlStringCchCatN##suffix(Destination, Size / sizeof(type), Source,	\
					Count / sizeof(type));				\
}											\
											\
FORCEINLINE NTSTATUS RtlStringCbCat##suffix(_Inout_ type *Destination, _In_ SIZE_T Size,	\
					    _In_ const type *Source)			\
{											\
	return RtlStringCchCat##suffix(Destination, Size / sizeof(type), Source);	\
}

KMCL_STRSAFE(A, CHAR)
KMCL_STRSAFE(W, WCHAR)

NTSTATUS RtlStringCchVPrintfA(_Out_ NTSTRSAFE_PSTR Destination, _In_ SIZE_T Size,
			      _In_ NTSTRSAFE_PCSTR Format, _In_ __builtin_va_list Args);
NTSTATUS RtlStringCchVPrintfW(_Out_ NTSTRSAFE_PWSTR Destination, _In_ SIZE_T Size,
			      _In_ NTSTRSAFE_PCWSTR Format, _In_ __builtin_va_list Args);
NTSTATUS RtlStringCchPrintfA(_Out_ NTSTRSAFE_PSTR Destination, _In_ SIZE_T Size,
			     _In_ NTSTRSAFE_PCSTR Format, ...);
NTSTATUS RtlStringCchPrintfW(_Out_ NTSTRSAFE_PWSTR Destination, _In_ SIZE_T Size,
			     _In_ NTSTRSAFE_PCWSTR Format, ...);
#define RtlStringCbVPrintfA(to, bytes, format, args) \
	RtlStringCchVPrintfA(to, bytes, format, args)
#define RtlStringCbPrintfA(to, bytes, ...)		RtlStringCchPrintfA(to, bytes, __VA_ARGS__)
#define RtlStringCbVPrintfW(to, bytes, format, args) \
	RtlStringCchVPrintfW(to, (bytes) / sizeof(WCHAR), format, args)
#define RtlStringCbPrintfW(to, bytes, ...) \
	RtlStringCchPrintfW(to, (bytes) / sizeof(WCHAR), __VA_ARGS__)

/* What is formatted is terminated, if there is room, and counted. */
NTSTATUS RtlUnicodeStringPrintf(_Inout_ PUNICODE_STRING DestinationString,
				_In_ NTSTRSAFE_PCWSTR Format, ...);

#endif /* _NTSTRSAFE_H_INCLUDED_ */
