// SPDX-License-Identifier: GPL-2.0-only
/* Source as Windows authors write it. */
#include <ntddk.h>
#include <initguid.h>
#include <VmbusKernelModeClientLibApi.h>

// {525074dc-8985-46e2-8057-a307dc18a502}
DEFINE_GUID(GUID_DEVINTERFACE_SAMPLE,
	0x525074dc, 0x8985, 0x46e2, 0x80, 0x57, 0xa3, 0x07, 0xdc, 0x18, 0xa5, 0x02);

typedef struct _DEVICE_CONTEXT
{
    LIST_ENTRY Link;
    VMBCHANNEL Channel;
    KSPIN_LOCK Lock;
    KEVENT Done;
    KTIMER Timer;
    KDPC Dpc;
    ULONG Flags;
    _Field_size_bytes_(Length) PVOID Buffer;
    UINT32 Length;
} DEVICE_CONTEXT, *PDEVICE_CONTEXT;

KMCL_CLIENT_INTERFACE_V1 Kmcl;
static UNICODE_STRING g_Name = RTL_CONSTANT_STRING(L"Sample");

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD SampleUnload;
EVT_VMB_CHANNEL_OPENED SampleOpened;
EVT_VMB_CHANNEL_PROCESS_PACKET SampleProcessPacket;
EVT_VMB_PACKET_COMPLETION_ROUTINE SampleComplete;
KDEFERRED_ROUTINE SampleDpc;

NTSTATUS
SampleSend(
    _In_ PDEVICE_CONTEXT Context,
    _In_reads_bytes_(Length) PVOID Buffer,
    _In_range_(>, 0) UINT32 Length,
    IN OUT PMDL Mdl OPTIONAL
    );

_Use_decl_annotations_
NTSTATUS
SampleOpened(
    VMBCHANNEL Channel
    )
{
    PDEVICE_CONTEXT context = (PDEVICE_CONTEXT)VmbChannelGetPointer(Channel);

    PAGED_CODE();

    KeSetEvent(&context->Done, IO_NO_INCREMENT, FALSE);
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
VOID
SampleProcessPacket(
    VMBCHANNEL Channel,
    VMBPACKETCOMPLETION Packet,
    PVOID Buffer,
    UINT32 BufferLength,
    UINT32 Flags
    )
{
    PMDL mdl = NULL;

    UNREFERENCED_PARAMETER(Channel);
    UNREFERENCED_PARAMETER(BufferLength);

    if ((Flags & VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA) != 0 &&
        !NT_SUCCESS(VmbChannelPacketGetExternalData(Packet, 0, &mdl)))
    {
        VmbChannelPacketFail(Packet);
        return;
    }

    NT_ASSERT(mdl == NULL || MmGetMdlByteCount(mdl) <= MAXULONG);
    VmbChannelPacketComplete(Packet, Buffer, sizeof(ULONG));
}

VOID
SampleComplete(
    _In_ VMBPACKET Packet,
    _In_ NTSTATUS Status,
    _In_reads_bytes_opt_(BufferLength) PVOID Buffer,
    _In_ UINT32 BufferLength
    )
{
    UNREFERENCED_PARAMETER(Status);
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(BufferLength);

    DbgPrint("%wZ: complete\n", &g_Name);
    KdPrint(("%wZ: %08x, %u bytes\n", &g_Name, Status, BufferLength));
    VmbPacketFree(Packet);
}

VOID
SampleDpc(
    _In_ PKDPC Dpc,
    _In_opt_ PVOID DeferredContext,
    _In_opt_ PVOID SystemArgument1,
    _In_opt_ PVOID SystemArgument2
    )
{
    PDEVICE_CONTEXT context = CONTAINING_RECORD(Dpc, DEVICE_CONTEXT, Dpc);
    KIRQL irql;

    UNREFERENCED_PARAMETER(DeferredContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);

    KeAcquireSpinLock(&context->Lock, &irql);
    context->Flags |= 1;
    KeReleaseSpinLock(&context->Lock, irql);
}

NTSTATUS
SampleSend(
    PDEVICE_CONTEXT Context,
    PVOID Buffer,
    UINT32 Length,
    PMDL Mdl
    )
{
    PFN_VMB_PACKET_SEND send = VmbPacketSend;
    VMBPACKET packet = (VMBPACKET)Context->Buffer;
    LARGE_INTEGER timeout;
    NTSTATUS status;

    timeout.QuadPart = -10000000LL;
    status = VmbPacketInitialize(Context->Channel, packet, Context->Length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    VmbPacketSetCompletionRoutine(packet, SampleComplete);
    if (Mdl != NULL && Mdl->ByteOffset != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Kmcl.VmbPacketSend = send;
    status = Kmcl.VmbPacketSend(packet, Buffer, Length, Mdl,
                                VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
    if (NT_SUCCESS(status)) {
        status = KeWaitForSingleObject(&Context->Done, Executive, KernelMode, FALSE, &timeout);
    }
    return status;
}

VOID
SampleUnload(
    _In_ PDRIVER_OBJECT DriverObject
    )
{
    UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS
DriverEntry(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PUNICODE_STRING RegistryPath
    )
{
    VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
    PDEVICE_CONTEXT context;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(RegistryPath);

    DriverObject->DriverUnload = SampleUnload;
    context = (PDEVICE_CONTEXT)ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*context), 'pmaS');
    if (context == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(context, sizeof(DEVICE_CONTEXT));
    InitializeListHead(&context->Link);
    KeInitializeSpinLock(&context->Lock);
    KeInitializeEvent(&context->Done, NotificationEvent, FALSE);
    KeInitializeTimer(&context->Timer);
    KeInitializeDpc(&context->Dpc, SampleDpc, context);
    InterlockedOr((LONG volatile *)&context->Flags, 2);

    status = VmbChannelAllocate(NULL, FALSE, &context->Channel);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(context, 'pmaS');
        return status;
    }
    VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
    callbacks.EvtChannelOpened = SampleOpened;
    status = VmbChannelInitSetStateChangeCallbacks(context->Channel, &callbacks);
    if (NT_SUCCESS(status)) {
        status = VmbClientChannelInitSetTargetPnp(context->Channel, &GUID_DEVINTERFACE_SAMPLE,
                                                  NULL, NULL);
    }
    return status;
}
