/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * basetsd.h - integer types of a fixed size
 *
 * Differences from Windows: none in size. Windows is LLP64 and Linux LP64, so LONG and ULONG are
 * spelled int here; the 64-bit types are long long (as Linux's s64 and u64), and the pointer-sized
 * ones long.
 */
#ifndef _BASETSD_H_
#define _BASETSD_H_

#if !defined(__LP64__)
#error "The NT headers support 64-bit Linux only"
#endif

typedef signed char		INT8, *PINT8;
typedef short			INT16, *PINT16;
typedef int			INT32, *PINT32;
typedef long long		INT64, *PINT64;
typedef unsigned char		UINT8, *PUINT8;
typedef unsigned short		UINT16, *PUINT16;
typedef unsigned int		UINT32, *PUINT32;
typedef unsigned long long	UINT64, *PUINT64;

typedef int			LONG32, *PLONG32;
typedef unsigned int		ULONG32, *PULONG32;
typedef unsigned int		DWORD32, *PDWORD32;
typedef long long		LONG64, *PLONG64;
typedef unsigned long long	ULONG64, *PULONG64;
typedef unsigned long long	DWORD64, *PDWORD64;

typedef long			INT_PTR, *PINT_PTR;
typedef unsigned long		UINT_PTR, *PUINT_PTR;
typedef long			LONG_PTR, *PLONG_PTR;
typedef unsigned long		ULONG_PTR, *PULONG_PTR;
typedef unsigned long		DWORD_PTR, *PDWORD_PTR;

typedef ULONG_PTR		SIZE_T, *PSIZE_T;
typedef LONG_PTR		SSIZE_T, *PSSIZE_T;
typedef ULONG_PTR		KAFFINITY, *PKAFFINITY;

#define MAXUINT8	((UINT8)~((UINT8)0))
#define MAXUINT16	((UINT16)~((UINT16)0))
#define MAXUINT32	((UINT32)~((UINT32)0))
#define MAXUINT64	((UINT64)~((UINT64)0))
#define MAXULONG32	((ULONG32)~((ULONG32)0))
#define MAXULONG64	((ULONG64)~((ULONG64)0))
#define MAXULONG_PTR	((ULONG_PTR)~((ULONG_PTR)0))
#define MAXSIZE_T	((SIZE_T)~((SIZE_T)0))

#define PtrToUlong(p)	((ULONG32)(ULONG_PTR)(p))
#define PtrToLong(p)	((LONG32)(LONG_PTR)(p))
#define ULongToPtr(ul)	((void *)(ULONG_PTR)(ULONG32)(ul))
#define LongToPtr(l)	((void *)(LONG_PTR)(LONG32)(l))

#endif /* _BASETSD_H_ */
