/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernelspecs.h - Microsoft kernel annotations (_IRQL_*, _Kernel_*), all defined away
 *
 * Differences from Windows: see sal.h. The functions themselves check their IRQL where that can be
 * done at run time (KeGetCurrentIrql).
 */
#ifndef _KERNELSPECS_H
#define _KERNELSPECS_H

#include "sal.h"

#define _Function_class_(...)

#define _IRQL_requires_same_
#define _IRQL_saves_
#define _IRQL_restores_
#define _IRQL_uses_cancel_
#define _IRQL_is_cancel_
#define _Kernel_float_saved_
#define _Kernel_float_restored_
#define _Kernel_float_used_
#define _Kernel_IoGetDmaAdapter_

#define _IRQL_requires_(...)
#define _IRQL_requires_min_(...)
#define _IRQL_requires_max_(...)
#define _IRQL_raises_(...)
#define _IRQL_always_function_min_(...)
#define _IRQL_always_function_max_(...)
#define _IRQL_saves_global_(...)
#define _IRQL_restores_global_(...)
#define _IRQL_limited_to_(...)
#define _Dispatch_type_(...)
#define _Kernel_clear_do_init_(...)
#define _Kernel_acquires_resource_(...)
#define _Kernel_releases_resource_(...)
#define _Kernel_requires_resource_held_(...)
#define _Kernel_requires_resource_not_held_(...)

#endif /* _KERNELSPECS_H */
