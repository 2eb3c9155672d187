/* SPDX-License-Identifier: GPL-2.0-only */
/* UTF-16 and UTF-8. No Linux header: the formatter needs it in user space too. */
#ifndef _KMCL_NT_UTF_H
#define _KMCL_NT_UTF_H

#include "ntdef.h"

#define KMCL_UTF8_PER_UTF16	3	/* bytes of UTF-8 at most, for each unit of UTF-16 */

SIZE_T kmcl_utf16_decode(const WCHAR *s, SIZE_T left, UINT32 *c);
SIZE_T kmcl_utf8_encode(UINT32 c, char *to);
SIZE_T kmcl_utf16_to_utf8(char *to, SIZE_T room, const WCHAR *from, SIZE_T units);
SIZE_T kmcl_utf8_to_utf16(WCHAR *to, const char *from, SIZE_T bytes);

#endif
