// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the inline functions of the headers do. Exits with the line of the first check that fails.
 */
#include <ntddk.h>
#include <initguid.h>
#include <vmbuskernelmodeclientlibapi.h>

#define CHECK(condition) do {	\
	if (!(condition))	\
		return __LINE__;	\
} while (0)

static int init_function(void)
{
	union {
		VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
		unsigned char bytes[sizeof(VMB_CHANNEL_STATE_CHANGE_CALLBACKS)];
	} u;
	unsigned int i;

	for (i = 0; i < sizeof(u.bytes); i++)
		u.bytes[i] = 0xff;
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&u.callbacks);
	CHECK(u.callbacks.Version == 1);
	CHECK(u.callbacks.Size == 48);
	for (i = 8; i < sizeof(u.bytes); i++)
		CHECK(u.bytes[i] == 0);
	return 0;
}

static int guids(void)
{
	static const unsigned char client[16] = {
		0x4a, 0xc7, 0xaf, 0x56, 0x8c, 0xba, 0x5b, 0x4e,
		0x93, 0xff, 0xe5, 0xa1, 0xc6, 0x25, 0xc3, 0x73
	};
	static const unsigned char server[16] = {
		0x53, 0x2e, 0xfe, 0x0b, 0xdf, 0xe1, 0x78, 0x48,
		0xba, 0xb1, 0x6c, 0xe2, 0xc9, 0xd0, 0x05, 0xf6
	};

	CHECK(RtlEqualMemory(&KMCL_CLIENT_INTERFACE_TYPE, client, 16));
	CHECK(RtlEqualMemory(&KMCL_SERVER_INTERFACE_TYPE, server, 16));
	CHECK(!IsEqualGUID(&KMCL_CLIENT_INTERFACE_TYPE, &KMCL_SERVER_INTERFACE_TYPE));
	return 0;
}

static int mdls(void)
{
	struct {
		MDL mdl;
		PFN_NUMBER pfns[3];
	} room;

	CHECK(MmSizeOfMdl((PVOID)0x1ff0, 0x1020) == 0x30 + 3 * 8);
	MmInitializeMdl(&room.mdl, (PVOID)0x1ff0, 0x1020);
	CHECK(room.mdl.StartVa == (PVOID)0x1000);
	CHECK(MmGetMdlByteOffset(&room.mdl) == 0xff0 && MmGetMdlByteCount(&room.mdl) == 0x1020);
	CHECK(MmGetMdlVirtualAddress(&room.mdl) == (PVOID)0x1ff0);
	CHECK(MmGetMdlPfnArray(&room.mdl) == room.pfns);
	CHECK(room.mdl.Size == 0x30 + 3 * 8 && !room.mdl.Next && !room.mdl.MdlFlags);
	CHECK(BYTES_TO_PAGES(0) == 0 && BYTES_TO_PAGES(1) == 1 && BYTES_TO_PAGES(0x1001) == 2);
	CHECK(ROUND_TO_PAGES(1) == 0x1000 && BYTE_OFFSET(0x12345) == 0x345);
	CHECK(PAGE_ALIGN(0x12345) == (PVOID)0x12000);	/* down, as on Windows */
	CHECK(ADDRESS_AND_SIZE_TO_SPAN_PAGES(0xfff, 2) == 2);
	return 0;
}

static int macros(void)
{
	DECLARE_CONST_UNICODE_STRING(name, L"abc");
	UNICODE_STRING other = RTL_CONSTANT_STRING(L"ab");
	struct {
		int a;
		LIST_ENTRY link;
	} item;

	CHECK(name.Length == 6 && name.MaximumLength == 8 && name.Buffer[2] == 'c');
	CHECK(other.Length == 4 && other.MaximumLength == 6);
	CHECK(CONTAINING_RECORD(&item.link, __typeof__(item), link) == &item);
	CHECK(ARRAYSIZE("abc") == 4 && RTL_NUMBER_OF("abc") == 4);
	CHECK(ALIGN_UP_BY(5, 8) == 8 && ALIGN_DOWN_BY(15, 8) == 8);
	CHECK(min(1, 2) == 1 && max(1, 2) == 2);
	CHECK((ULONG)PtrToUlong(ULongToPtr(0x80000000)) == 0x80000000);
	CHECK((LONG_PTR)LongToPtr(-4) == -4);
	CHECK(RtlUlongByteSwap(0x11223344) == 0x44332211);
	return 0;
}

int main(void)
{
	int (*const checks[])(void) = { init_function, guids, mdls, macros };
	unsigned int i;
	int line = 0;

	for (i = 0; i < ARRAYSIZE(checks) && !line; i++)
		line = checks[i]();
	return line;
}
