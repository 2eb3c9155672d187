/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ntdef.h - base types and macros of the NT kernel
 *
 * Differences from Windows:
 * - Sizes are those of 64-bit Windows, spelled for LP64 (ULONG is unsigned int).
 * - WCHAR is an unsigned 16-bit integer. L"..." has that type only under -fshort-wchar, which the
 *   kernel passes anyway.
 * - FASTCALL, NTAPI and the other calling conventions mean nothing.
 * - In a file that has included Linux headers first (which is the required order), Linux's min,
 *   max, NULL, TRUE and FALSE stay as they are, and IN, OUT and OPTIONAL are not defined, because
 *   Linux macros paste the words.
 * - There is no structured exception handling: __try and __except stop the compile with a message.
 */
#ifndef _NTDEF_
#define _NTDEF_

#include "specstrings.h"
#include "driverspecs.h"
#include "basetsd.h"
#include "guiddef.h"

/* Versions of Windows that source may test for. Our API is that of Windows 8.1. */
#define NTDDI_WIN7		0x06010000
#define NTDDI_WIN8		0x06020000
#define NTDDI_WINBLUE		0x06030000
#define NTDDI_WIN10		0x0A000000
#ifndef NTDDI_VERSION
#define NTDDI_VERSION		NTDDI_WINBLUE
#endif
#ifndef _WIN64
#define _WIN64			1
#endif
#if defined(__x86_64__) && !defined(_AMD64_)
#define _AMD64_			1
#endif
#if defined(__aarch64__) && !defined(_ARM64_)
#define _ARM64_			1
#endif

/* Words of the Microsoft compiler. */
#define NTAPI
#define FASTCALL
#define WINAPI
#define NTKERNELAPI
#define NTSYSAPI
#define NTSYSCALLAPI
#define NTHALAPI
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT
#define DECLSPEC_NORETURN	__attribute__((__noreturn__))
#define DECLSPEC_ALIGN(n)	__attribute__((__aligned__(n)))
#define DECLSPEC_NOINLINE	__attribute__((__noinline__))
#define FORCEINLINE		static inline
#define CFORCEINLINE		FORCEINLINE
#define UNALIGNED
#define EXTERN_C		extern
#define EXTERN_C_START
#define EXTERN_C_END
#ifndef CONST
#define CONST			const
#endif
#ifndef _LINUX_TYPES_H
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#define __try		_Pragma("GCC error \"no structured exception handling on Linux\"")
#define __except(...)	_Pragma("GCC error \"no structured exception handling on Linux\"")
#define __finally	_Pragma("GCC error \"no structured exception handling on Linux\"")
#endif

#ifndef NULL
#define NULL			((void *)0)
#endif
#ifndef TRUE
#define TRUE			1
#endif
#ifndef FALSE
#define FALSE			0
#endif

typedef char			CHAR, *PCHAR;
typedef signed char		SCHAR, *PSCHAR;
typedef unsigned char		UCHAR, *PUCHAR;
typedef short			SHORT, *PSHORT;
typedef unsigned short		USHORT, *PUSHORT;
typedef short			CSHORT, *PCSHORT;
typedef char			CCHAR, *PCCHAR;
typedef int			INT, *PINT;
typedef unsigned int		UINT, *PUINT;
typedef int			LONG, *PLONG;
typedef unsigned int		ULONG, *PULONG;
typedef long long		LONGLONG, *PLONGLONG;
typedef unsigned long long	ULONGLONG, *PULONGLONG;
typedef ULONG			CLONG, *PCLONG;
typedef unsigned char		BOOLEAN, *PBOOLEAN;
typedef UCHAR			KIRQL, *PKIRQL;
typedef LONG			NTSTATUS, *PNTSTATUS;
typedef ULONG			LOGICAL, *PLOGICAL;
typedef ULONG			ACCESS_MASK, *PACCESS_MASK;

/* A macro, as on Windows: f(VOID) must be f(void), which a typedef would not be in C. */
#ifndef VOID
#define VOID			void
#endif
typedef void			*PVOID;
typedef void			*HANDLE, **PHANDLE;

#if __SIZEOF_WCHAR_T__ == 2 && !defined(_WCHAR_T_DEFINED)
#define _WCHAR_T_DEFINED
typedef __WCHAR_TYPE__		wchar_t;
#endif
typedef unsigned short		WCHAR, *PWCHAR, *PWCH, *PWSTR, *LPWSTR;
typedef const unsigned short	*PCWCH, *PCWSTR, *LPCWSTR, *PCWCHAR;
typedef char			*PCH, *PSTR, *LPSTR;
typedef const char		*PCCH, *PCSTR, *LPCSTR;

#define DECLARE_HANDLE(name)	struct name##__; typedef struct name##__ *name

#define MINCHAR		((CHAR)0x80)
#define MAXCHAR		0x7f
#define MINSHORT	((SHORT)0x8000)
#define MAXSHORT	0x7fff
#define MINLONG		((LONG)0x80000000)
#define MAXLONG		0x7fffffff
#define MAXUCHAR	0xff
#define MAXUSHORT	0xffff
#define MAXULONG	0xffffffffU
#define MAXLONGLONG	0x7fffffffffffffffLL
#define MINLONGLONG	(-MAXLONGLONG - 1)
#define MAXULONGLONG	0xffffffffffffffffULL
#define UNICODE_NULL	((WCHAR)0)
#define ANSI_NULL	((CHAR)0)

typedef union _LARGE_INTEGER {
	struct {
		ULONG	LowPart;
		LONG	HighPart;
	};
	struct {
		ULONG	LowPart;
		LONG	HighPart;
	} u;
	LONGLONG	QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
	struct {
		ULONG	LowPart;
		ULONG	HighPart;
	};
	struct {
		ULONG	LowPart;
		ULONG	HighPart;
	} u;
	ULONGLONG	QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

/* Lengths in bytes, without a terminating NUL. */
typedef struct _UNICODE_STRING {
	USHORT	Length;
	USHORT	MaximumLength;
	PWCH	Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
	USHORT	Length;
	USHORT	MaximumLength;
	PCHAR	Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING;
typedef const STRING *PCSTRING, *PCANSI_STRING;

#define UNICODE_STRING_MAX_BYTES	((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS	32767
#define RTL_CONSTANT_STRING(s) \
	{ sizeof(s) - sizeof((s)[0]), sizeof(s), (void *)(s) }
#define DECLARE_CONST_UNICODE_STRING(_var, _string) \
	const WCHAR _var##_buffer[] = _string; \
	const UNICODE_STRING _var = { \
		sizeof(_string) - sizeof(WCHAR), sizeof(_string), (PWCH)_var##_buffer \
	}
#define DECLARE_UNICODE_STRING_SIZE(_var, _size) \
	WCHAR _var##_buffer[_size]; \
	UNICODE_STRING _var = { 0, (_size) * sizeof(WCHAR), _var##_buffer }

typedef struct _LIST_ENTRY {
	struct _LIST_ENTRY *Flink;
	struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
	struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

typedef struct _OBJECT_ATTRIBUTES {
	ULONG		Length;
	HANDLE		RootDirectory;
	PUNICODE_STRING	ObjectName;
	ULONG		Attributes;
	PVOID		SecurityDescriptor;
	PVOID		SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

#define OBJ_INHERIT		0x00000002
#define OBJ_CASE_INSENSITIVE	0x00000040
#define OBJ_KERNEL_HANDLE	0x00000200
#define InitializeObjectAttributes(p, n, a, r, s) do {	\
	(p)->Length = sizeof(OBJECT_ATTRIBUTES);	\
	(p)->RootDirectory = (r);			\
	(p)->Attributes = (a);				\
	(p)->ObjectName = (n);				\
	(p)->SecurityDescriptor = (s);			\
	(p)->SecurityQualityOfService = NULL;		\
} while (0)

/*
 * NT_SUCCESS takes STATUS_PENDING for success and the warning STATUS_BUFFER_OVERFLOW for a failure,
 * as on Windows.
 */
#define NT_SUCCESS(s)		(((NTSTATUS)(s)) >= 0)
#define NT_INFORMATION(s)	((((ULONG)(s)) >> 30) == 1)
#define NT_WARNING(s)		((((ULONG)(s)) >> 30) == 2)
#define NT_ERROR(s)		((((ULONG)(s)) >> 30) == 3)

#define FIELD_OFFSET(type, field)	((LONG)__builtin_offsetof(type, field))
#define UFIELD_OFFSET(type, field)	((ULONG)__builtin_offsetof(type, field))
#define RTL_FIELD_SIZE(type, field)	(sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) \
	(__builtin_offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_CONTAINS_FIELD(s, size, field) \
	((((PCHAR)(&(s)->field)) + sizeof((s)->field)) <= (((PCHAR)(s)) + (size)))
#define CONTAINING_RECORD(address, type, field) \
	((type *)((PCHAR)(address) - __builtin_offsetof(type, field)))
#define RTL_NUMBER_OF(a)		(sizeof(a) / sizeof((a)[0]))
#ifndef ARRAYSIZE
#define ARRAYSIZE(a)			RTL_NUMBER_OF(a)
#endif
#ifndef C_ASSERT
#define C_ASSERT(e)			_Static_assert(e, #e)
#endif
#define UNREFERENCED_PARAMETER(p)	((void)(p))
#define DBG_UNREFERENCED_PARAMETER(p)	((void)(p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(v)	((void)(v))
#ifndef min
#define min(a, b)			(((a) < (b)) ? (a) : (b))
#endif
#ifndef max
#define max(a, b)			(((a) > (b)) ? (a) : (b))
#endif
#define ALIGN_DOWN_BY(length, alignment) \
	((ULONG_PTR)(length) & ~((ULONG_PTR)(alignment) - 1))
#define ALIGN_UP_BY(length, alignment) \
	(ALIGN_DOWN_BY((ULONG_PTR)(length) + (alignment) - 1, alignment))
#define ALIGN_DOWN_POINTER_BY(address, alignment)	((PVOID)ALIGN_DOWN_BY(address, alignment))
#define ALIGN_UP_POINTER_BY(address, alignment)		((PVOID)ALIGN_UP_BY(address, alignment))

#endif /* _NTDEF_ */
