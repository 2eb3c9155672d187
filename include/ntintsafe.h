/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ntintsafe.h - integer arithmetic that tells of overflow
 *
 * On overflow: STATUS_INTEGER_OVERFLOW, and the result has all bits set, as on Windows.
 *
 * Differences from Windows: the unsigned types that sizes are made of, and their conversions; none
 * of the signed ones but LONG.
 */
#ifndef _NTINTSAFE_H_INCLUDED_
#define _NTINTSAFE_H_INCLUDED_

#include "ntdef.h"
#include "ntstatus.h"

#define KMCL_INTSAFE_OP(name, type, builtin)						\
FORCEINLINE NTSTATUS name(_In_ type Left, _In_ type Right, _Out_ type *Result)		\
{											\
	if (!builtin(Left, Right, Result))						\
		return STATUS_SUCCESS;							\
	*Result = (type)-1;								\
	return STATUS_INTEGER_OVERFLOW;							\
}
#define KMCL_INTSAFE(name, type)							\
	KMCL_INTSAFE_OP(Rtl##name##Add, type, __builtin_add_overflow)			\
	KMCL_INTSAFE_OP(Rtl##name##Sub, type, __builtin_sub_overflow)			\
	KMCL_INTSAFE_OP(Rtl##name##Mult, type, __builtin_mul_overflow)

#define KMCL_INTSAFE_CONVERT(name, from, to)						\
FORCEINLINE NTSTATUS name(_In_ from Operand, _Out_ to *Result)				\
{											\
	if (!__builtin_add_overflow(Operand, (from)0, Result))				\
		return STATUS_SUCCESS;							\
	*Result = (to)-1;								\
	return STATUS_INTEGER_OVERFLOW;							\
}

KMCL_INTSAFE(UShort, USHORT)
KMCL_INTSAFE(ULong, ULONG)
KMCL_INTSAFE(ULongLong, ULONGLONG)
KMCL_INTSAFE(SizeT, SIZE_T)
KMCL_INTSAFE(ULongPtr, ULONG_PTR)
KMCL_INTSAFE(Long, LONG)

KMCL_INTSAFE_CONVERT(RtlSizeTToULong, SIZE_T, ULONG)
KMCL_INTSAFE_CONVERT(RtlULongLongToULong, ULONGLONG, ULONG)
KMCL_INTSAFE_CONVERT(RtlULongLongToSizeT, ULONGLONG, SIZE_T)
KMCL_INTSAFE_CONVERT(RtlULongToUShort, ULONG, USHORT)
KMCL_INTSAFE_CONVERT(RtlSizeTToUShort, SIZE_T, USHORT)
KMCL_INTSAFE_CONVERT(RtlULongToLong, ULONG, LONG)
KMCL_INTSAFE_CONVERT(RtlLongToULong, LONG, ULONG)

#endif /* _NTINTSAFE_H_INCLUDED_ */
