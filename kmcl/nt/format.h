/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages by Windows' format codes. No Linux header: see format.c. */
#ifndef _KMCL_NT_FORMAT_H
#define _KMCL_NT_FORMAT_H

__SIZE_TYPE__ kmcl_nt_vformat(char *buf, __SIZE_TYPE__ size, const char *format,
			      __builtin_va_list args);

/* How %p looks is up to who includes the formatter; returns the length of the text. */
int kmcl_nt_format_pointer(char *buf, int size, const void *pointer);

#endif
