/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmcl/interface.h - how a driver asks for the KMCL interface structures on Linux
 *
 * Windows drivers call WdfFdoQueryForInterface, which wdf.h has and which ends up here, or
 * WdfIoTargetQueryForInterface, which it has not.
 */
#ifndef _KMCL_INTERFACE_H
#define _KMCL_INTERFACE_H

#include "../wdm.h"

/*
 * Fills a KMCL_CLIENT_INTERFACE_V1 or KMCL_SERVER_INTERFACE_V1 and takes a reference that the
 * caller gives back by InterfaceDereference(Context). STATUS_NOT_SUPPORTED: unknown type or
 * version. STATUS_BUFFER_TOO_SMALL: Size.
 */
NTSTATUS kmcl_query_interface(
	_In_ LPCGUID InterfaceType,
	_Out_ PINTERFACE Interface,
	_In_ USHORT Size,
	_In_ USHORT Version);

#endif /* _KMCL_INTERFACE_H */
