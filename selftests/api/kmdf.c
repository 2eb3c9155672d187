// SPDX-License-Identifier: GPL-2.0-only
/*
 * A KMDF driver as Windows authors write it: the KMCL functions through an interface structure, a
 * caller's structure as the memory of a packet, wide strings.
 */
#include <ntddk.h>
#include <wdf.h>
#include <initguid.h>
#include <VmbusKernelModeClientLibApi.h>

#define POOL_TAG 'cSdM'

typedef struct _REQUEST
{
    LIST_ENTRY Link;
    WDFDEVICE Device;
    PMDL Mdl;
    ULONG Sequence;
} REQUEST, *PREQUEST;

typedef struct _DEVICE_CONTEXT
{
    KMCL_CLIENT_INTERFACE_V1 Kmcl;
    VMBCHANNEL Channel;
    WDFSPINLOCK Lock;
    WDFTIMER Timer;
    WDFWORKITEM WorkItem;
    LIST_ENTRY Requests;
    UNICODE_STRING Name;
    UINT32 PacketSize;
} DEVICE_CONTEXT, *PDEVICE_CONTEXT;

WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(DEVICE_CONTEXT, GetDeviceContext)

DRIVER_INITIALIZE DriverEntry;
EVT_WDF_DRIVER_DEVICE_ADD EvtDeviceAdd;
EVT_WDF_DEVICE_CONTEXT_CLEANUP EvtDeviceCleanup;
EVT_WDF_DEVICE_PREPARE_HARDWARE EvtPrepareHardware;
EVT_WDF_DEVICE_RELEASE_HARDWARE EvtReleaseHardware;
EVT_WDF_TIMER EvtTimer;
EVT_WDF_WORKITEM EvtWorkItem;
EVT_VMB_CHANNEL_STARTED EvtStarted;
EVT_VMB_PACKET_COMPLETION_ROUTINE EvtPacketComplete;

NTSTATUS SendRequest(_In_ PDEVICE_CONTEXT Context, _In_ PREQUEST Request);

_Use_decl_annotations_
VOID
EvtPacketComplete(
    VMBPACKET Packet,
    NTSTATUS Status,
    PVOID Buffer,
    UINT32 BufferLength
    )
{
    PREQUEST request = (PREQUEST)((PUCHAR)Packet - sizeof(REQUEST));
    PDEVICE_CONTEXT context = GetDeviceContext(request->Device);

    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(BufferLength);

    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_INFO_LEVEL, "%wZ: %u: 0x%08x\n",
               &context->Name, request->Sequence, Status);
    WdfSpinLockAcquire(context->Lock);
    RemoveEntryList(&request->Link);
    WdfSpinLockRelease(context->Lock);
    ExFreePoolWithTag(request, POOL_TAG);
}

_Use_decl_annotations_
NTSTATUS
SendRequest(
    PDEVICE_CONTEXT Context,
    PREQUEST Request
    )
{
    PFN_VMB_PACKET_SEND send = Context->Kmcl.VmbPacketSend;
    VMBPACKET packet = (VMBPACKET)(Request + 1);
    ULONG header[2] = { Request->Sequence, 0 };
    NTSTATUS status;

    /* The packet of the request before this one may have been here. */
    status = Context->Kmcl.VmbPacketInitialize(Context->Channel, packet, Context->PacketSize);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Context->Kmcl.VmbPacketSetCompletionRoutine(packet, EvtPacketComplete);
    if (Request->Mdl != NULL) {
        header[1] = Request->Mdl->ByteOffset + Request->Mdl->ByteCount;
    }
    return send(packet, header, sizeof(header), Request->Mdl,
                VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
}

_Use_decl_annotations_
VOID
EvtStarted(
    VMBCHANNEL Channel
    )
{
    PDEVICE_CONTEXT context = GetDeviceContext((WDFDEVICE)VmbChannelGetPointer(Channel));

    WdfTimerStart(context->Timer, WDF_REL_TIMEOUT_IN_MS(100));
}

_Use_decl_annotations_
VOID
EvtTimer(
    WDFTIMER Timer
    )
{
    WDFDEVICE device = (WDFDEVICE)WdfTimerGetParentObject(Timer);

    WdfWorkItemEnqueue(GetDeviceContext(device)->WorkItem);
}

_Use_decl_annotations_
VOID
EvtWorkItem(
    WDFWORKITEM WorkItem
    )
{
    WDFDEVICE device = (WDFDEVICE)WdfWorkItemGetParentObject(WorkItem);
    PDEVICE_CONTEXT context = GetDeviceContext(device);
    PREQUEST request;

    PAGED_CODE();

    request = (PREQUEST)ExAllocatePoolWithTag(NonPagedPoolNx,
                                              sizeof(REQUEST) + context->PacketSize, POOL_TAG);
    if (request == NULL) {
        return;
    }
    RtlZeroMemory(request, sizeof(REQUEST));
    request->Device = device;
    WdfSpinLockAcquire(context->Lock);
    InsertTailList(&context->Requests, &request->Link);
    WdfSpinLockRelease(context->Lock);
    if (!NT_SUCCESS(SendRequest(context, request))) {
        WdfSpinLockAcquire(context->Lock);
        RemoveEntryList(&request->Link);
        WdfSpinLockRelease(context->Lock);
        ExFreePoolWithTag(request, POOL_TAG);
    }
}

_Use_decl_annotations_
NTSTATUS
EvtPrepareHardware(
    WDFDEVICE Device,
    WDFCMRESLIST ResourcesRaw,
    WDFCMRESLIST ResourcesTranslated
    )
{
    VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;
    PDEVICE_CONTEXT context = GetDeviceContext(Device);
    NTSTATUS status;

    UNREFERENCED_PARAMETER(ResourcesRaw);
    UNREFERENCED_PARAMETER(ResourcesTranslated);

    status = WdfFdoQueryForInterface(Device, &KMCL_CLIENT_INTERFACE_TYPE,
                                     (PINTERFACE)&context->Kmcl, sizeof(context->Kmcl),
                                     KMCL_CLIENT_INTERFACE_VERSION_V1, NULL);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = context->Kmcl.VmbChannelAllocate(WdfDeviceWdmGetDeviceObject(Device), FALSE,
                                              &context->Channel);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
    callbacks.EvtChannelStarted = EvtStarted;
    status = context->Kmcl.VmbChannelInitSetStateChangeCallbacks(context->Channel, &callbacks);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    context->Kmcl.VmbChannelSetPointer(context->Channel, Device);
    context->PacketSize = context->Kmcl.VmbChannelSizeofPacket(context->Channel);
    return context->Kmcl.VmbChannelEnable(context->Channel);
}

_Use_decl_annotations_
NTSTATUS
EvtReleaseHardware(
    WDFDEVICE Device,
    WDFCMRESLIST ResourcesTranslated
    )
{
    PDEVICE_CONTEXT context = GetDeviceContext(Device);

    UNREFERENCED_PARAMETER(ResourcesTranslated);

    if (context->Channel != NULL) {
        context->Kmcl.VmbChannelDisable(context->Channel);
        context->Kmcl.VmbChannelCleanup(context->Channel);
        context->Channel = NULL;
    }
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
VOID
EvtDeviceCleanup(
    WDFOBJECT Device
    )
{
    NT_ASSERT(IsListEmpty(&GetDeviceContext(Device)->Requests));
    UNREFERENCED_PARAMETER(Device);
}

_Use_decl_annotations_
NTSTATUS
EvtDeviceAdd(
    WDFDRIVER Driver,
    PWDFDEVICE_INIT DeviceInit
    )
{
    WDF_PNPPOWER_EVENT_CALLBACKS callbacks;
    WDF_WORKITEM_CONFIG workItemConfig;
    WDF_OBJECT_ATTRIBUTES attributes;
    WDF_TIMER_CONFIG timerConfig;
    PDEVICE_CONTEXT context;
    WDFDEVICE device;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(Driver);

    WDF_PNPPOWER_EVENT_CALLBACKS_INIT(&callbacks);
    callbacks.EvtDevicePrepareHardware = EvtPrepareHardware;
    callbacks.EvtDeviceReleaseHardware = EvtReleaseHardware;
    WdfDeviceInitSetPnpPowerEventCallbacks(DeviceInit, &callbacks);

    WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, DEVICE_CONTEXT);
    attributes.EvtCleanupCallback = EvtDeviceCleanup;
    status = WdfDeviceCreate(&DeviceInit, &attributes, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    context = GetDeviceContext(device);
    InitializeListHead(&context->Requests);
    RtlInitUnicodeString(&context->Name, L"Sample");

    WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
    attributes.ParentObject = device;
    status = WdfSpinLockCreate(&attributes, &context->Lock);
    if (NT_SUCCESS(status)) {
        WDF_TIMER_CONFIG_INIT(&timerConfig, EvtTimer);
        status = WdfTimerCreate(&timerConfig, &attributes, &context->Timer);
    }
    if (NT_SUCCESS(status)) {
        WDF_WORKITEM_CONFIG_INIT(&workItemConfig, EvtWorkItem);
        status = WdfWorkItemCreate(&workItemConfig, &attributes, &context->WorkItem);
    }
    return status;
}

NTSTATUS
DriverEntry(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PUNICODE_STRING RegistryPath
    )
{
    WDF_DRIVER_CONFIG config;

    WDF_DRIVER_CONFIG_INIT(&config, EvtDeviceAdd);
    return WdfDriverCreate(DriverObject, RegistryPath, WDF_NO_OBJECT_ATTRIBUTES, &config,
                           WDF_NO_HANDLE);
}
