/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * specstrings.h - Microsoft source annotations of the first generation (__in, __out_bcount), all
 * defined away
 *
 * Differences from Windows: the names are left alone in a source file that has included Linux
 * headers, because Linux uses some of them itself (the label __out in wait_event); such a file
 * writes SAL 2 (sal.h).
 */
#ifndef _SPECSTRINGS_H
#define _SPECSTRINGS_H

#include "sal.h"

#ifndef _LINUX_TYPES_H

#define __in
#define __out
#define __inout
#define __in_opt
#define __out_opt
#define __inout_opt
#define __deref_out
#define __deref_out_opt
#define __deref_opt_out
#define __deref_inout
#define __nullterminated
#define __reserved
#define __checkReturn
#define __notnull
#define __maybenull
#define __valid
#define __callback

#define __in_ecount(...)
#define __in_bcount(...)
#define __in_ecount_opt(...)
#define __in_bcount_opt(...)
#define __in_xcount(...)
#define __in_range(...)
#define __out_ecount(...)
#define __out_bcount(...)
#define __out_ecount_opt(...)
#define __out_bcount_opt(...)
#define __out_xcount(...)
#define __out_range(...)
#define __inout_ecount(...)
#define __inout_bcount(...)
#define __inout_ecount_opt(...)
#define __inout_bcount_opt(...)
#define __inout_xcount(...)
#define __inout_range(...)
#define __out_ecount_part(...)
#define __out_bcount_part(...)
#define __out_ecount_part_opt(...)
#define __out_bcount_part_opt(...)
#define __out_ecount_full(...)
#define __out_bcount_full(...)
#define __out_ecount_z(...)
#define __inout_bcount_part(...)
#define __inout_ecount_part(...)
#define __deref_out_bcount(...)
#define __deref_out_ecount(...)
#define __deref_out_bcount_opt(...)
#define __field_ecount(...)
#define __field_bcount(...)
#define __field_ecount_opt(...)
#define __field_bcount_opt(...)
#define __success(...)
#define __range(...)

#endif /* !_LINUX_TYPES_H */

#endif /* _SPECSTRINGS_H */
