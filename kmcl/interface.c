// SPDX-License-Identifier: GPL-2.0-only
/* The KMCL functions as a driver interface: what a driver that queries instead of linking gets. */
#include <linux/module.h>

#include <ntddk.h>
#include <initguid.h>
#include <vmbuskernelmodeclientlibapi.h>
#include <kmcl/interface.h>

static VOID reference(PVOID context)
{
	__module_get(context);
}

static VOID dereference(PVOID context)
{
	module_put(context);
}

#define METHOD(FN, function)	.function = function,

static const KMCL_CLIENT_INTERFACE_V1 client_interface = {
	.Size = sizeof(client_interface),
	.Version = KMCL_CLIENT_INTERFACE_VERSION_V1,
	.Context = THIS_MODULE,
	.InterfaceReference = reference,
	.InterfaceDereference = dereference,
	KMCL_CLIENT_METHODS(METHOD)
};

static const KMCL_SERVER_INTERFACE_V1 server_interface = {
	.Size = sizeof(server_interface),
	.Version = KMCL_SERVER_INTERFACE_VERSION_V1,
	.Context = THIS_MODULE,
	.InterfaceReference = reference,
	.InterfaceDereference = dereference,
	KMCL_CLIENT_METHODS(METHOD)
	KMCL_SERVER_METHODS(METHOD)
};

static const INTERFACE *find_interface(LPCGUID type, USHORT version)
{
	if (IsEqualGUID(type, &KMCL_CLIENT_INTERFACE_TYPE) &&
	    version == KMCL_CLIENT_INTERFACE_VERSION_V1)
		return (const INTERFACE *)&client_interface;
	if (IsEqualGUID(type, &KMCL_SERVER_INTERFACE_TYPE) &&
	    version == KMCL_SERVER_INTERFACE_VERSION_V1)
		return (const INTERFACE *)&server_interface;
	return NULL;
}

/**
 * kmcl_query_interface() - get the KMCL functions as a structure of pointers
 * @InterfaceType: KMCL_CLIENT_INTERFACE_TYPE or KMCL_SERVER_INTERFACE_TYPE
 * @Interface: a KMCL_CLIENT_INTERFACE_V1 or KMCL_SERVER_INTERFACE_V1, filled on success
 * @Size: its bytes
 * @Version: KMCL_CLIENT_INTERFACE_VERSION_V1 or KMCL_SERVER_INTERFACE_VERSION_V1
 *
 * Takes a reference on the library, which stays loaded until the caller gives it back by
 * InterfaceDereference(Context).
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_NOT_SUPPORTED unknown type or version; STATUS_BUFFER_TOO_SMALL;
 * STATUS_INVALID_PARAMETER_1 or _2 for NULL.
 *
 * Microsoft: "WdfFdoQueryForInterface function", with "KMCL_CLIENT_INTERFACE_V1 structure" and
 * "KMCL_SERVER_ONLY_METHODS structure".
 */
NTSTATUS kmcl_query_interface(LPCGUID InterfaceType, PINTERFACE Interface, USHORT Size,
			      USHORT Version)
{
	const INTERFACE *found;

	if (!InterfaceType)
		return STATUS_INVALID_PARAMETER_1;
	if (!Interface)
		return STATUS_INVALID_PARAMETER_2;
	found = find_interface(InterfaceType, Version);
	if (!found)
		return STATUS_NOT_SUPPORTED;
	if (Size < found->Size)
		return STATUS_BUFFER_TOO_SMALL;
	memcpy(Interface, found, found->Size);
	reference(found->Context);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(kmcl_query_interface);
