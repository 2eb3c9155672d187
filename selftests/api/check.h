/* SPDX-License-Identifier: GPL-2.0-only */
/* Compile-time checks. Linux headers, if any, come before this. */
#ifndef KMCL_API_CHECK_H
#define KMCL_API_CHECK_H

#include <ntddk.h>
#include <initguid.h>
#include <vmbuskernelmodeclientlibapi.h>
#include <winternl.h>

#define SAY(condition, what)	_Static_assert(condition, what)
#define SAME_TYPE(a, b)		SAY(__builtin_types_compatible_p(a, b), #a " is " #b)
#define OFFSET(type, member, offset) \
	SAY(__builtin_offsetof(type, member) == (offset), #type "." #member " at " #offset)
#define SIZE(type, size)	SAY(sizeof(type) == (size), #type " has " #size " bytes")
#define IS_SIGNED(type)		((type)-1 < (type)1)

#endif
