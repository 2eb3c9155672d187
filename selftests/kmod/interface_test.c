// SPDX-License-Identifier: GPL-2.0-only
/* The functions as a driver interface: spec 9. */
#include <linux/mm.h>
#include <linux/slab.h>

/* The GUIDs are defined here: before anything else includes the API. */
#include <ntddk.h>
#include <initguid.h>
#include <vmbuskernelmodeclientlibapi.h>
#include <kmcl/interface.h>

#include "client.h"
#include "suites.h"

static void query(struct ktap *t, struct client *c)
{
	KMCL_CLIENT_INTERFACE_V1 *kmcl = kzalloc(sizeof(*kmcl), GFP_KERNEL);
	GUID other = { };
	void (*set_pointer)(VMBCHANNEL channel, void *pointer);
	VMBCHANNEL channel;

	if (!CHECK(t, kmcl))
		return;
	CHECK_STATUS(t, kmcl_query_interface(&other, (PINTERFACE)kmcl, sizeof(*kmcl), 1),
		     STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_CLIENT_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl), 2), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_CLIENT_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl) - 1, 1), STATUS_BUFFER_TOO_SMALL);
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_CLIENT_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl), 1), STATUS_SUCCESS);
	CHECK_EQUAL(t, kmcl->Size, 360);
	CHECK_EQUAL(t, kmcl->Version, 1);
	/* sparse does not know the type of a function by __typeof__. */
	memcpy(&set_pointer, &kmcl->VmbChannelSetPointer, sizeof(set_pointer));
	CHECK_STATUS(t, VmbChannelAllocate(NULL, FALSE, &channel), STATUS_SUCCESS);
	set_pointer(channel, t);
	CHECK(t, VmbChannelGetPointer(channel) == t);
	VmbChannelCleanup(channel);
	kmcl->InterfaceReference(kmcl->Context);
	kmcl->InterfaceDereference(kmcl->Context);
	kmcl->InterfaceDereference(kmcl->Context);
	kfree(kmcl);
}

/* All of the client's, and then the server's: the last one is there, too. */
static void query_server(struct ktap *t, struct client *c)
{
	KMCL_SERVER_INTERFACE_V1 *kmcl = kzalloc(sizeof(*kmcl), GFP_KERNEL);
	void **method;

	if (!CHECK(t, kmcl))
		return;
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_SERVER_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl), 2), STATUS_NOT_SUPPORTED);
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_SERVER_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(KMCL_CLIENT_INTERFACE_V1), 1),
		     STATUS_BUFFER_TOO_SMALL);
	CHECK(t, !kmcl->Size);
	CHECK_STATUS(t, kmcl_query_interface(&KMCL_SERVER_INTERFACE_TYPE, (PINTERFACE)kmcl,
					     sizeof(*kmcl), 1), STATUS_SUCCESS);
	CHECK_EQUAL(t, kmcl->Size, 472);
	CHECK_EQUAL(t, kmcl->Version, 1);
	for (method = (void **)kmcl + 4; method < (void **)(kmcl + 1); method++)
		CHECK(t, *method);
	CHECK(t, kmcl->VmbChannelSaveBegin == VmbChannelSaveBegin);
	CHECK(t, kmcl->VmbServerChannelInitSetVmbusHandle == VmbServerChannelInitSetVmbusHandle);
	kmcl->InterfaceDereference(kmcl->Context);
	kfree(kmcl);
}

static const struct ktap_test tests[] = {
	{ "kmcl_query_interface: Q13 type, version, size, functions", query },
	{ "kmcl_query_interface: Q13 the server's", query_server },
};

const struct ktap_suite interface_suite = KTAP_SUITE("interface");
