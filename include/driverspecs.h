/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * driverspecs.h - Microsoft driver annotations of the first generation (__drv_*), all defined away
 *
 * Differences from Windows: see sal.h.
 */
#ifndef _DRIVERSPECS_H
#define _DRIVERSPECS_H

#include "kernelspecs.h"

#define __drv_in_deref
#define __drv_aliasesMem
#define __drv_inTry
#define __drv_notInTry
#define __drv_sameIRQL
#define __drv_useCancelIRQL
#define __drv_isCancelIRQL
#define __drv_notPointer
#define __drv_isObjectPointer
#define __drv_constant
#define __drv_nonConstant
#define __drv_interlocked
#define __drv_floatUsed
#define __drv_floatSaved
#define __drv_floatRestored
#define __drv_mustHoldCriticalRegion
#define __drv_neverHoldCriticalRegion
#define __drv_mustHoldSpinLock
#define __drv_neverHoldSpinLock
#define __drv_acquiresCriticalRegion
#define __drv_releasesCriticalRegion
#define __drv_restoresIRQL
#define __drv_savesIRQL
#define __drv_dispatchType_other

#define __drv_allocatesMem(...)
#define __drv_freesMem(...)
#define __drv_acquiresResource(...)
#define __drv_releasesResource(...)
#define __drv_strictTypeMatch(...)
#define __drv_strictType(...)
#define __drv_when(...)
#define __drv_at(...)
#define __drv_out(...)
#define __drv_in(...)
#define __drv_deref(...)
#define __drv_ret(...)
#define __drv_arg(...)
#define __drv_fun(...)
#define __drv_unit(...)
#define __drv_preferredFunction(...)
#define __drv_reportError(...)
#define __drv_requiresIRQL(...)
#define __drv_minIRQL(...)
#define __drv_maxIRQL(...)
#define __drv_setsIRQL(...)
#define __drv_raisesIRQL(...)
#define __drv_minFunctionIRQL(...)
#define __drv_maxFunctionIRQL(...)
#define __drv_restoresIRQLGlobal(...)
#define __drv_savesIRQLGlobal(...)
#define __drv_functionClass(...)
#define __drv_dispatchType(...)
#define __drv_completionType(...)
#define __drv_callbackType(...)
#define __drv_clearDoInit(...)
#define __drv_neverHold(...)
#define __drv_mustHold(...)
#define __drv_valueIs(...)
#define __drv_formatString(...)
#define __drv_mustHoldGlobal(...)
#define __drv_neverHoldGlobal(...)
#define __drv_acquiresExclusiveResource(...)
#define __drv_releasesExclusiveResource(...)
#define __drv_declspec(...)
#define __drv_innerAcquiresGlobal(...)
#define __drv_innerReleasesGlobal(...)

#endif /* _DRIVERSPECS_H */
