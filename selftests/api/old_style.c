// SPDX-License-Identifier: GPL-2.0-only
/*
 * Annotations of the first generation, structures with an unnamed member, annotations with odd
 * arguments.
 */
#include <wdm.h>
#include <vmbuskernelmodeclientlibapi.h>

struct my_interface {
    INTERFACE;				/* needs -fms-extensions */
    PFN_VMB_CHANNEL_ENABLE Enable;
};
C_ASSERT(sizeof(struct my_interface) == 40);
C_ASSERT(FIELD_OFFSET(struct my_interface, Enable) == 32);

struct both {
    KMCL_CLIENT_INTERFACE_V1;
    KMCL_SERVER_ONLY_METHODS;
};
C_ASSERT(sizeof(struct both) == sizeof(KMCL_SERVER_INTERFACE_V1));
C_ASSERT(FIELD_OFFSET(struct both, VmbPacketRestore) ==
	 FIELD_OFFSET(KMCL_SERVER_INTERFACE_V1, VmbPacketRestore));

NTSTATUS old(__in PVOID a, __out_bcount(n) PVOID b, __in ULONG n, __inout_opt PULONG c,
	     __deref_out PVOID *d);

_When_(n == 0 || (n & 1) != 0, _IRQL_requires_(PASSIVE_LEVEL))
_At_(*p, __drv_allocatesMem(Mem))
_Success_(return >= 0)
_IRQL_requires_max_(DISPATCH_LEVEL)
_Must_inspect_result_
NTSTATUS annotated(_Out_writes_bytes_to_opt_(*n, *n) PVOID *p,
		   _Inout_opt_ _Pre_satisfies_(*_Curr_ % 8 == 0) PULONG n);
