/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guiddef.h - GUIDs
 *
 * Differences from Windows: C only. A GUID that several files of one module define (INITGUID) is a
 * weak symbol, where Windows uses __declspec(selectany). The fields have the sizes of Windows; the
 * bytes are those of Linux's guid_t.
 */
#ifndef GUID_DEFINED
#define GUID_DEFINED

typedef struct _GUID {
	unsigned int	Data1;
	unsigned short	Data2;
	unsigned short	Data3;
	unsigned char	Data4[8];
} GUID;

#endif /* GUID_DEFINED */

/*
 * Outside the guard below: initguid.h may follow an earlier inclusion and changes the meaning of
 * DEFINE_GUID.
 */
#undef DEFINE_GUID
#ifdef INITGUID
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)			\
	extern const GUID name;								\
	const GUID __attribute__((__weak__)) name = {					\
		l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 }				\
	}
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)			\
	extern const GUID name
#endif

#ifndef _GUIDDEF_H_
#define _GUIDDEF_H_

typedef GUID *LPGUID;
typedef const GUID *LPCGUID;
typedef GUID IID, *LPIID;
typedef GUID CLSID, *LPCLSID;

#define REFGUID		const GUID * const
#define REFIID		const IID * const
#define REFCLSID	const CLSID * const

#define IsEqualGUID(a, b)	(!__builtin_memcmp((a), (b), sizeof(GUID)))
#define InlineIsEqualGUID(a, b)	IsEqualGUID(a, b)
#define IsEqualIID(a, b)	IsEqualGUID(a, b)
#define IsEqualCLSID(a, b)	IsEqualGUID(a, b)

#endif /* _GUIDDEF_H_ */
