/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wdf.h - the part of KMDF that VSC drivers need
 *
 * Differences from Windows:
 * - Objects: drivers, devices, spin and wait locks, timers, work items. No queues, requests, memory
 *   or I/O targets, no collections; no references besides the one that WdfObjectDelete or the end
 *   of the parent gives up.
 * - An object that is made before WdfDriverCreate and names no parent has none.
 * - An object's context has the type given at its creation, and only that.
 * - Power: a device is in D0 from its start to its removal. EvtDeviceD0Entry is told that it was in
 *   D3Final, EvtDeviceD0Exit that it goes there, which is also called if EvtDeviceD0Entry has
 *   failed. There are no resource lists: both are NULL.
 * - Automatic serialization, execution levels, tolerable delays and high resolution are ignored:
 *   timers run at DISPATCH_LEVEL, work items at PASSIVE_LEVEL.
 * - WdfFdoQueryForInterface knows the KMCL interfaces.
 */
#ifndef _WDF_H_
#define _WDF_H_

#include "wdm.h"

typedef HANDLE WDFOBJECT;
DECLARE_HANDLE(WDFDRIVER);
DECLARE_HANDLE(WDFDEVICE);
DECLARE_HANDLE(WDFSPINLOCK);
DECLARE_HANDLE(WDFWAITLOCK);
DECLARE_HANDLE(WDFTIMER);
DECLARE_HANDLE(WDFWORKITEM);
DECLARE_HANDLE(WDFCMRESLIST);
typedef struct WDFDEVICE_INIT WDFDEVICE_INIT, *PWDFDEVICE_INIT;

#define WDF_NO_OBJECT_ATTRIBUTES	NULL
#define WDF_NO_EVENT_CALLBACK		NULL
#define WDF_NO_HANDLE			NULL
#define WDF_NO_CONTEXT			NULL

#define WDF_REL_TIMEOUT_IN_SEC(n)	((LONGLONG)(n) * -10000000)
#define WDF_REL_TIMEOUT_IN_MS(n)	((LONGLONG)(n) * -10000)
#define WDF_REL_TIMEOUT_IN_US(n)	((LONGLONG)(n) * -10)

/* ---- objects and their contexts ---- */

typedef struct _WDF_OBJECT_CONTEXT_TYPE_INFO {
	ULONG	Size;
	PCSTR	ContextName;
	SIZE_T	ContextSize;
} WDF_OBJECT_CONTEXT_TYPE_INFO, *PWDF_OBJECT_CONTEXT_TYPE_INFO;
typedef const WDF_OBJECT_CONTEXT_TYPE_INFO *PCWDF_OBJECT_CONTEXT_TYPE_INFO;

typedef VOID EVT_WDF_OBJECT_CONTEXT_CLEANUP(_In_ WDFOBJECT Object);
typedef EVT_WDF_OBJECT_CONTEXT_CLEANUP *PFN_WDF_OBJECT_CONTEXT_CLEANUP;
typedef VOID EVT_WDF_OBJECT_CONTEXT_DESTROY(_In_ WDFOBJECT Object);
typedef EVT_WDF_OBJECT_CONTEXT_DESTROY *PFN_WDF_OBJECT_CONTEXT_DESTROY;
typedef EVT_WDF_OBJECT_CONTEXT_CLEANUP EVT_WDF_DEVICE_CONTEXT_CLEANUP;
typedef EVT_WDF_OBJECT_CONTEXT_DESTROY EVT_WDF_DEVICE_CONTEXT_DESTROY;

typedef enum _WDF_EXECUTION_LEVEL {
	WdfExecutionLevelInvalid,
	WdfExecutionLevelInheritFromParent,
	WdfExecutionLevelPassive,
	WdfExecutionLevelDispatch
} WDF_EXECUTION_LEVEL;

typedef struct _WDF_OBJECT_ATTRIBUTES {
	ULONG				Size;
	PFN_WDF_OBJECT_CONTEXT_CLEANUP	EvtCleanupCallback;
	PFN_WDF_OBJECT_CONTEXT_DESTROY	EvtDestroyCallback;
	WDF_EXECUTION_LEVEL		ExecutionLevel;
	WDFOBJECT			ParentObject;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO	ContextTypeInfo;
} WDF_OBJECT_ATTRIBUTES, *PWDF_OBJECT_ATTRIBUTES;

FORCEINLINE VOID WDF_OBJECT_ATTRIBUTES_INIT(_Out_ PWDF_OBJECT_ATTRIBUTES Attributes)
{
	RtlZeroMemory(Attributes, sizeof(*Attributes));
	Attributes->Size = sizeof(*Attributes);
	Attributes->ExecutionLevel = WdfExecutionLevelInheritFromParent;
}

#define WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(attributes, type) \
	((attributes)->ContextTypeInfo = &_WDF_##type##_TYPE_INFO)
#define WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(attributes, type) do {	\
	WDF_OBJECT_ATTRIBUTES_INIT(attributes);				\
	WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(attributes, type);	\
} while (0)

/* NULL if the object has a context of another type, or none. */
PVOID WdfObjectGetTypedContextWorker(_In_ WDFOBJECT Handle,
				     _In_ PCWDF_OBJECT_CONTEXT_TYPE_INFO TypeInfo);

#define WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, getter)				\
static const WDF_OBJECT_CONTEXT_TYPE_INFO __attribute__((__unused__)) _WDF_##type##_TYPE_INFO = { \
	sizeof(WDF_OBJECT_CONTEXT_TYPE_INFO), #type, sizeof(type)			\
};											\
FORCEINLINE type *getter(_In_ WDFOBJECT Handle)						\
{											\
	return WdfObjectGetTypedContextWorker(Handle, &_WDF_##type##_TYPE_INFO);	\
}
#define WDF_DECLARE_CONTEXT_TYPE(type) \
	WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, WdfObjectGet_##type)
#define WdfObjectGetTypedContext(handle, type) \
	((type *)WdfObjectGetTypedContextWorker(handle, &_WDF_##type##_TYPE_INFO))

VOID WdfObjectDelete(_In_ WDFOBJECT Object);

/* ---- drivers ---- */

typedef NTSTATUS EVT_WDF_DRIVER_DEVICE_ADD(_In_ WDFDRIVER Driver,
					   _Inout_ PWDFDEVICE_INIT DeviceInit);
typedef EVT_WDF_DRIVER_DEVICE_ADD *PFN_WDF_DRIVER_DEVICE_ADD;
typedef VOID EVT_WDF_DRIVER_UNLOAD(_In_ WDFDRIVER Driver);
typedef EVT_WDF_DRIVER_UNLOAD *PFN_WDF_DRIVER_UNLOAD;

#define WdfDriverInitNonPnpDriver	0x00000001
#define WdfDriverInitNoDispatchOverride	0x00000002

typedef struct _WDF_DRIVER_CONFIG {
	ULONG				Size;
	PFN_WDF_DRIVER_DEVICE_ADD	EvtDriverDeviceAdd;
	PFN_WDF_DRIVER_UNLOAD		EvtDriverUnload;
	ULONG				DriverInitFlags;
	ULONG				DriverPoolTag;
} WDF_DRIVER_CONFIG, *PWDF_DRIVER_CONFIG;

FORCEINLINE VOID WDF_DRIVER_CONFIG_INIT(_Out_ PWDF_DRIVER_CONFIG Config,
					_In_opt_ PFN_WDF_DRIVER_DEVICE_ADD EvtDriverDeviceAdd)
{
	RtlZeroMemory(Config, sizeof(*Config));
	Config->Size = sizeof(*Config);
	Config->EvtDriverDeviceAdd = EvtDriverDeviceAdd;
}

/* One a module, as on Windows: the driver, and so the parent of what names none. */
extern WDFDRIVER WdfDriverGlobals;
WDFDRIVER WdfDriverGlobals __attribute__((__weak__));

_Must_inspect_result_
NTSTATUS KmclWdfDriverCreate(
	_Out_ WDFDRIVER *Globals,
	_In_ PDRIVER_OBJECT DriverObject,
	_In_ PCUNICODE_STRING RegistryPath,
	_In_opt_ PWDF_OBJECT_ATTRIBUTES DriverAttributes,
	_In_ PWDF_DRIVER_CONFIG DriverConfig,
	_Out_opt_ WDFDRIVER *Driver);

_Must_inspect_result_
FORCEINLINE NTSTATUS WdfDriverCreate(
	_In_ PDRIVER_OBJECT DriverObject,
	_In_ PCUNICODE_STRING RegistryPath,
	_In_opt_ PWDF_OBJECT_ATTRIBUTES DriverAttributes,
	_In_ PWDF_DRIVER_CONFIG DriverConfig,
	_Out_opt_ WDFDRIVER *Driver)
{
	return KmclWdfDriverCreate(&WdfDriverGlobals, DriverObject, RegistryPath, DriverAttributes,
				   DriverConfig, Driver);
}

FORCEINLINE WDFDRIVER WdfGetDriver(void)
{
	return WdfDriverGlobals;
}

PDRIVER_OBJECT WdfDriverWdmGetDriverObject(_In_ WDFDRIVER Driver);

/* ---- devices ---- */

typedef enum _WDF_POWER_DEVICE_STATE {
	WdfPowerDeviceInvalid,
	WdfPowerDeviceD0,
	WdfPowerDeviceD1,
	WdfPowerDeviceD2,
	WdfPowerDeviceD3,
	WdfPowerDeviceD3Final
} WDF_POWER_DEVICE_STATE;

typedef NTSTATUS EVT_WDF_DEVICE_PREPARE_HARDWARE(_In_ WDFDEVICE Device,
						 _In_ WDFCMRESLIST ResourcesRaw,
						 _In_ WDFCMRESLIST ResourcesTranslated);
typedef EVT_WDF_DEVICE_PREPARE_HARDWARE *PFN_WDF_DEVICE_PREPARE_HARDWARE;
typedef NTSTATUS EVT_WDF_DEVICE_RELEASE_HARDWARE(_In_ WDFDEVICE Device,
						 _In_ WDFCMRESLIST ResourcesTranslated);
typedef EVT_WDF_DEVICE_RELEASE_HARDWARE *PFN_WDF_DEVICE_RELEASE_HARDWARE;
typedef NTSTATUS EVT_WDF_DEVICE_D0_ENTRY(_In_ WDFDEVICE Device,
					 _In_ WDF_POWER_DEVICE_STATE PreviousState);
typedef EVT_WDF_DEVICE_D0_ENTRY *PFN_WDF_DEVICE_D0_ENTRY;
typedef NTSTATUS EVT_WDF_DEVICE_D0_EXIT(_In_ WDFDEVICE Device,
					_In_ WDF_POWER_DEVICE_STATE TargetState);
typedef EVT_WDF_DEVICE_D0_EXIT *PFN_WDF_DEVICE_D0_EXIT;
typedef NTSTATUS EVT_WDF_DEVICE_SELF_MANAGED_IO_INIT(_In_ WDFDEVICE Device);
typedef EVT_WDF_DEVICE_SELF_MANAGED_IO_INIT *PFN_WDF_DEVICE_SELF_MANAGED_IO_INIT;
typedef VOID EVT_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP(_In_ WDFDEVICE Device);
typedef EVT_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP *PFN_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP;
typedef VOID EVT_WDF_DEVICE_SURPRISE_REMOVAL(_In_ WDFDEVICE Device);
typedef EVT_WDF_DEVICE_SURPRISE_REMOVAL *PFN_WDF_DEVICE_SURPRISE_REMOVAL;

/* In the order in which they are called. */
typedef struct _WDF_PNPPOWER_EVENT_CALLBACKS {
	ULONG					Size;
	PFN_WDF_DEVICE_PREPARE_HARDWARE		EvtDevicePrepareHardware;
	PFN_WDF_DEVICE_D0_ENTRY			EvtDeviceD0Entry;
	PFN_WDF_DEVICE_SELF_MANAGED_IO_INIT	EvtDeviceSelfManagedIoInit;
	PFN_WDF_DEVICE_SURPRISE_REMOVAL		EvtDeviceSurpriseRemoval;
	PFN_WDF_DEVICE_D0_EXIT			EvtDeviceD0Exit;
	PFN_WDF_DEVICE_RELEASE_HARDWARE		EvtDeviceReleaseHardware;
	PFN_WDF_DEVICE_SELF_MANAGED_IO_CLEANUP	EvtDeviceSelfManagedIoCleanup;
} WDF_PNPPOWER_EVENT_CALLBACKS, *PWDF_PNPPOWER_EVENT_CALLBACKS;

FORCEINLINE VOID WDF_PNPPOWER_EVENT_CALLBACKS_INIT(_Out_ PWDF_PNPPOWER_EVENT_CALLBACKS Callbacks)
{
	RtlZeroMemory(Callbacks, sizeof(*Callbacks));
	Callbacks->Size = sizeof(*Callbacks);
}

VOID WdfDeviceInitSetPnpPowerEventCallbacks(_In_ PWDFDEVICE_INIT DeviceInit,
					    _In_ PWDF_PNPPOWER_EVENT_CALLBACKS Callbacks);
VOID WdfDeviceInitSetDeviceType(_In_ PWDFDEVICE_INIT DeviceInit, _In_ DEVICE_TYPE DeviceType);
_Must_inspect_result_
NTSTATUS WdfDeviceCreate(
	_Inout_ PWDFDEVICE_INIT *DeviceInit,
	_In_opt_ PWDF_OBJECT_ATTRIBUTES DeviceAttributes,
	_Out_ WDFDEVICE *Device);
WDFDRIVER WdfDeviceGetDriver(_In_ WDFDEVICE Device);
PDEVICE_OBJECT WdfDeviceWdmGetDeviceObject(_In_ WDFDEVICE Device);
PDEVICE_OBJECT WdfDeviceWdmGetAttachedDevice(_In_ WDFDEVICE Device);
PDEVICE_OBJECT WdfDeviceWdmGetPhysicalDevice(_In_ WDFDEVICE Device);
WDFDEVICE WdfWdmDeviceGetWdfDeviceHandle(_In_ PDEVICE_OBJECT DeviceObject);
_Must_inspect_result_
NTSTATUS WdfFdoQueryForInterface(
	_In_ WDFDEVICE Fdo,
	_In_ LPCGUID InterfaceType,
	_Out_ PINTERFACE Interface,
	_In_ USHORT Size,
	_In_ USHORT Version,
	_In_opt_ PVOID InterfaceSpecificData);

/* ---- locks ---- */

_Must_inspect_result_
NTSTATUS KmclWdfSpinLockCreate(_In_opt_ WDFOBJECT Parent,
			       _In_opt_ PWDF_OBJECT_ATTRIBUTES SpinLockAttributes,
			       _Out_ WDFSPINLOCK *SpinLock);

_Must_inspect_result_
FORCEINLINE NTSTATUS WdfSpinLockCreate(_In_opt_ PWDF_OBJECT_ATTRIBUTES SpinLockAttributes,
				       _Out_ WDFSPINLOCK *SpinLock)
{
	return KmclWdfSpinLockCreate(WdfDriverGlobals, SpinLockAttributes, SpinLock);
}

VOID WdfSpinLockAcquire(_In_ WDFSPINLOCK SpinLock);
VOID WdfSpinLockRelease(_In_ WDFSPINLOCK SpinLock);

_Must_inspect_result_
NTSTATUS KmclWdfWaitLockCreate(_In_opt_ WDFOBJECT Parent,
			       _In_opt_ PWDF_OBJECT_ATTRIBUTES LockAttributes,
			       _Out_ WDFWAITLOCK *Lock);

_Must_inspect_result_
FORCEINLINE NTSTATUS WdfWaitLockCreate(_In_opt_ PWDF_OBJECT_ATTRIBUTES LockAttributes,
				       _Out_ WDFWAITLOCK *Lock)
{
	return KmclWdfWaitLockCreate(WdfDriverGlobals, LockAttributes, Lock);
}

NTSTATUS WdfWaitLockAcquire(_In_ WDFWAITLOCK Lock, _In_opt_ PLONGLONG Timeout);
VOID WdfWaitLockRelease(_In_ WDFWAITLOCK Lock);

/* ---- timers and work items ---- */

typedef VOID EVT_WDF_TIMER(_In_ WDFTIMER Timer);
typedef EVT_WDF_TIMER *PFN_WDF_TIMER;

typedef struct _WDF_TIMER_CONFIG {
	ULONG		Size;
	PFN_WDF_TIMER	EvtTimerFunc;
	ULONG		Period;		/* ms */
	BOOLEAN		AutomaticSerialization;
	ULONG		TolerableDelay;
	BOOLEAN		UseHighResolutionTimer;
} WDF_TIMER_CONFIG, *PWDF_TIMER_CONFIG;

FORCEINLINE VOID WDF_TIMER_CONFIG_INIT_PERIODIC(_Out_ PWDF_TIMER_CONFIG Config,
						_In_ PFN_WDF_TIMER EvtTimerFunc, _In_ LONG Period)
{
	RtlZeroMemory(Config, sizeof(*Config));
	Config->Size = sizeof(*Config);
	Config->EvtTimerFunc = EvtTimerFunc;
	Config->Period = (ULONG)Period;
	Config->AutomaticSerialization = TRUE;
}

FORCEINLINE VOID WDF_TIMER_CONFIG_INIT(_Out_ PWDF_TIMER_CONFIG Config,
				       _In_ PFN_WDF_TIMER EvtTimerFunc)
{
	WDF_TIMER_CONFIG_INIT_PERIODIC(Config, EvtTimerFunc, 0);
}

_Must_inspect_result_
NTSTATUS WdfTimerCreate(_In_ PWDF_TIMER_CONFIG Config, _In_ PWDF_OBJECT_ATTRIBUTES Attributes,
			_Out_ WDFTIMER *Timer);
BOOLEAN WdfTimerStart(_In_ WDFTIMER Timer, _In_ LONGLONG DueTime);
BOOLEAN WdfTimerStop(_In_ WDFTIMER Timer, _In_ BOOLEAN Wait);
WDFOBJECT WdfTimerGetParentObject(_In_ WDFTIMER Timer);

typedef VOID EVT_WDF_WORKITEM(_In_ WDFWORKITEM WorkItem);
typedef EVT_WDF_WORKITEM *PFN_WDF_WORKITEM;

typedef struct _WDF_WORKITEM_CONFIG {
	ULONG			Size;
	PFN_WDF_WORKITEM	EvtWorkItemFunc;
	BOOLEAN			AutomaticSerialization;
} WDF_WORKITEM_CONFIG, *PWDF_WORKITEM_CONFIG;

FORCEINLINE VOID WDF_WORKITEM_CONFIG_INIT(_Out_ PWDF_WORKITEM_CONFIG Config,
					  _In_ PFN_WDF_WORKITEM EvtWorkItemFunc)
{
	RtlZeroMemory(Config, sizeof(*Config));
	Config->Size = sizeof(*Config);
	Config->EvtWorkItemFunc = EvtWorkItemFunc;
	Config->AutomaticSerialization = TRUE;
}

_Must_inspect_result_
NTSTATUS WdfWorkItemCreate(_In_ PWDF_WORKITEM_CONFIG Config, _In_ PWDF_OBJECT_ATTRIBUTES Attributes,
			   _Out_ WDFWORKITEM *WorkItem);
VOID WdfWorkItemEnqueue(_In_ WDFWORKITEM WorkItem);
VOID WdfWorkItemFlush(_In_ WDFWORKITEM WorkItem);
WDFOBJECT WdfWorkItemGetParentObject(_In_ WDFWORKITEM WorkItem);

#endif /* _WDF_H_ */
