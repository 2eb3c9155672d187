/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every function and callback of the API in plain C, without a type name of our headers but the
 * structure tags: written out of the specification's list (section 14), not of the header that is
 * tested.
 *
 * CALLBACKS(X): X(name, type) for EVT_name. FUNCTIONS(X): X(name, FN name), with the type T_name.
 */

typedef int (*CB_VMB_CHANNEL_OPENED)(struct VMBCHANNEL__ *);
typedef void (*CB_VMB_CHANNEL_CLOSED)(struct VMBCHANNEL__ *);
typedef void (*CB_VMB_CHANNEL_SUSPEND)(struct VMBCHANNEL__ *);
typedef void (*CB_VMB_CHANNEL_STARTED)(struct VMBCHANNEL__ *);
typedef void (*CB_VMB_CHANNEL_POST_STARTED)(struct VMBCHANNEL__ *);
typedef void (*CB_VMB_CHANNEL_PROCESS_PACKET)(struct VMBCHANNEL__ *,
		struct VMBPACKETCOMPLETION__ *, void *, unsigned int, unsigned int);
typedef void (*CB_VMB_CHANNEL_PROCESSING_COMPLETE)(struct VMBCHANNEL__ *, unsigned int);
typedef void (*CB_VMB_PACKET_COMPLETION_ROUTINE)(struct VMBPACKET__ *, int, void *, unsigned int);
typedef void (*CB_VMB_CHANNEL_PNP_FAILURE)(struct VMBCHANNEL__ *, int);
typedef int (*CB_VMB_CHANNEL_SAVE_PACKET)(struct VMBCHANNEL__ *, struct VMBPACKET__ *, void *,
		unsigned int, unsigned int *);
typedef int (*CB_VMB_CHANNEL_RESTORE_PACKET)(struct VMBCHANNEL__ *, void *, unsigned int,
		void *, unsigned int);

#define CALLBACKS(X) \
	X(VMB_CHANNEL_OPENED, CB_VMB_CHANNEL_OPENED) \
	X(VMB_CHANNEL_CLOSED, CB_VMB_CHANNEL_CLOSED) \
	X(VMB_CHANNEL_SUSPEND, CB_VMB_CHANNEL_SUSPEND) \
	X(VMB_CHANNEL_STARTED, CB_VMB_CHANNEL_STARTED) \
	X(VMB_CHANNEL_POST_STARTED, CB_VMB_CHANNEL_POST_STARTED) \
	X(VMB_CHANNEL_PROCESS_PACKET, CB_VMB_CHANNEL_PROCESS_PACKET) \
	X(VMB_CHANNEL_PROCESSING_COMPLETE, CB_VMB_CHANNEL_PROCESSING_COMPLETE) \
	X(VMB_PACKET_COMPLETION_ROUTINE, CB_VMB_PACKET_COMPLETION_ROUTINE) \
	X(VMB_CHANNEL_PNP_FAILURE, CB_VMB_CHANNEL_PNP_FAILURE) \
	X(VMB_CHANNEL_SAVE_PACKET, CB_VMB_CHANNEL_SAVE_PACKET) \
	X(VMB_CHANNEL_RESTORE_PACKET, CB_VMB_CHANNEL_RESTORE_PACKET)

typedef int (*T_VmbChannelAllocate)(struct _DEVICE_OBJECT *, unsigned char,
		struct VMBCHANNEL__ **);
typedef void (*T_VmbChannelCleanup)(struct VMBCHANNEL__ *);
typedef int (*T_VmbChannelInitSetMaximumPacketSize)(struct VMBCHANNEL__ *, unsigned int);
typedef int (*T_VmbChannelInitSetMaximumExternalData)(struct VMBCHANNEL__ *, unsigned int,
		unsigned int);
typedef int (*T_VmbChannelInitSetClientContextSize)(struct VMBCHANNEL__ *, unsigned int);
typedef int (*T_VmbChannelInitSetProcessPacketCallbacks)(struct VMBCHANNEL__ *,
		CB_VMB_CHANNEL_PROCESS_PACKET, CB_VMB_CHANNEL_PROCESSING_COMPLETE);
typedef int (*T_VmbChannelInitSetStateChangeCallbacks)(struct VMBCHANNEL__ *,
		struct _VMB_CHANNEL_STATE_CHANGE_CALLBACKS *);
typedef int (*T_VmbChannelInitSetFriendlyName)(struct VMBCHANNEL__ *,
		const struct _UNICODE_STRING *);
typedef int (*T_VmbChannelInitSetFlags)(struct VMBCHANNEL__ *, unsigned int);
typedef int (*T_VmbChannelEnable)(struct VMBCHANNEL__ *);
typedef void (*T_VmbChannelDisable)(struct VMBCHANNEL__ *);
typedef void (*T_VmbChannelStart)(struct VMBCHANNEL__ *);
typedef void (*T_VmbChannelPause)(struct VMBCHANNEL__ *);
typedef int (*T_VmbChannelSetInterruptLatency)(struct VMBCHANNEL__ *, unsigned short,
		unsigned short *);
typedef void (*T_VmbChannelSetIncomingProcessingAtPassive)(struct VMBCHANNEL__ *, unsigned char);
typedef void (*T_VmbChannelSetTransactionQuota)(struct VMBCHANNEL__ *, unsigned int);
typedef void (*T_VmbChannelSetPointer)(struct VMBCHANNEL__ *, void *);
typedef void *(*T_VmbChannelGetPointer)(struct VMBCHANNEL__ *);
typedef void (*T_VmbChannelGetInterfaceInstance)(struct VMBCHANNEL__ *, struct _GUID *);
typedef void (*T_VmbChannelGetMmioSpace)(struct VMBCHANNEL__ *, unsigned long long *,
		unsigned long long *);
typedef unsigned int (*T_VmbChannelSizeofPacket)(struct VMBCHANNEL__ *);
typedef int (*T_VmbClientChannelInitSetRingBufferPageCount)(struct VMBCHANNEL__ *,
		unsigned int, unsigned int);
typedef int (*T_VmbClientChannelInitSetTargetPnp)(struct VMBCHANNEL__ *, const struct _GUID *,
		const struct _GUID *, CB_VMB_CHANNEL_PNP_FAILURE);
typedef int (*T_VmbServerChannelInitSetFlags)(struct VMBCHANNEL__ *, unsigned int);
typedef int (*T_VmbServerChannelInitSetMmioMegabytes)(struct VMBCHANNEL__ *, unsigned short,
		unsigned short);
typedef int (*T_VmbServerChannelInitSetTargetInterfaceId)(struct VMBCHANNEL__ *, struct _GUID,
		struct _GUID);
typedef int (*T_VmbServerChannelInitSetTargetVtl)(struct VMBCHANNEL__ *, unsigned char);
typedef int (*T_VmbServerChannelInitSetVmbusHandle)(struct VMBCHANNEL__ *, void *);
typedef int (*T_VmbConvertVmbusHandleToKernelHandle)(void *, void **);
typedef int (*T_VmbServerChannelInitSetSaveRestorePacketCallbacks)(struct VMBCHANNEL__ *,
		CB_VMB_CHANNEL_SAVE_PACKET, CB_VMB_CHANNEL_RESTORE_PACKET);
typedef struct VMBPACKET__ *(*T_VmbPacketAllocate)(struct VMBCHANNEL__ *);
typedef void (*T_VmbPacketFree)(struct VMBPACKET__ *);
typedef int (*T_VmbPacketInitialize)(struct VMBCHANNEL__ *, struct VMBPACKET__ *, unsigned int);
typedef void (*T_VmbPacketSetCompletionRoutine)(struct VMBPACKET__ *,
		CB_VMB_PACKET_COMPLETION_ROUTINE);
typedef void (*T_VmbPacketSetPointer)(struct VMBPACKET__ *, void *);
typedef void *(*T_VmbPacketGetPointer)(struct VMBPACKET__ *);
typedef struct VMBCHANNEL__ *(*T_VmbPacketGetChannel)(struct VMBPACKET__ *);
typedef int (*T_VmbPacketSend)(struct VMBPACKET__ *, void *, unsigned int, struct _MDL *,
		unsigned int);
typedef int (*T_VmbPacketSendWithExternalMdl)(struct VMBPACKET__ *, void *, unsigned int,
		struct _MDL *, unsigned int, unsigned int, unsigned int);
typedef int (*T_VmbPacketSendWithExternalPfns)(struct VMBPACKET__ *, void *, unsigned int,
		unsigned long *, unsigned int, unsigned int);
typedef int (*T_VmbChannelSendSynchronousRequest)(struct VMBCHANNEL__ *, void *, unsigned int,
		struct _MDL *, unsigned int, void *, unsigned int *, union _LARGE_INTEGER *);
typedef void (*T_VmbChannelPacketComplete)(struct VMBPACKETCOMPLETION__ *, void *, unsigned int);
typedef void (*T_VmbChannelPacketDeferToPassive)(struct VMBPACKETCOMPLETION__ *);
typedef void (*T_VmbChannelPacketFail)(struct VMBPACKETCOMPLETION__ *);
typedef int (*T_VmbChannelPacketGetExternalData)(struct VMBPACKETCOMPLETION__ *, unsigned int,
		struct _MDL **);
typedef int (*T_VmbChannelCreateGpadlFromBuffer)(struct VMBCHANNEL__ *, unsigned int, void *,
		unsigned int, unsigned int *);
typedef int (*T_VmbChannelCreateGpadlFromMdl)(struct VMBCHANNEL__ *, unsigned int,
		struct _MDL *, unsigned int, unsigned int, unsigned int *);
typedef void (*T_VmbChannelDeleteGpadl)(struct VMBCHANNEL__ *, unsigned int);
typedef int (*T_VmbChannelMapGpadl)(struct VMBCHANNEL__ *, unsigned int, unsigned int,
		struct _MDL **);
typedef void (*T_VmbChannelUnmapGpadl)(struct VMBCHANNEL__ *, unsigned int);
typedef int (*T_VmbChannelSaveBegin)(struct VMBCHANNEL__ *);
typedef int (*T_VmbChannelSaveContinue)(struct VMBCHANNEL__ *, void *, unsigned int,
		unsigned int *, unsigned int *);
typedef void (*T_VmbChannelSaveEnd)(struct VMBCHANNEL__ *);
typedef int (*T_VmbChannelRestoreFromBuffer)(struct VMBCHANNEL__ *, void *, unsigned int);
typedef int (*T_VmbPacketRestore)(struct VMBPACKET__ *, void *, unsigned int);

#define FUNCTIONS(X) \
	X(VmbChannelAllocate, VMB_CHANNEL_ALLOCATE) \
	X(VmbChannelCleanup, VMB_CHANNEL_CLEANUP) \
	X(VmbChannelInitSetMaximumPacketSize, VMB_CHANNEL_INIT_SET_MAXIMUM_PACKET_SIZE) \
	X(VmbChannelInitSetMaximumExternalData, VMB_CHANNEL_INIT_SET_MAXIMUM_EXTERNAL_DATA) \
	X(VmbChannelInitSetClientContextSize, VMB_CHANNEL_INIT_SET_CLIENT_CONTEXT_SIZE) \
	X(VmbChannelInitSetProcessPacketCallbacks, VMB_CHANNEL_INIT_SET_PROCESS_PACKET_CALLBACKS) \
	X(VmbChannelInitSetStateChangeCallbacks, VMB_CHANNEL_INIT_SET_STATE_CHANGE_CALLBACKS) \
	X(VmbChannelInitSetFriendlyName, VMB_CHANNEL_INIT_SET_FRIENDLY_NAME) \
	X(VmbChannelInitSetFlags, VMB_CHANNEL_INIT_SET_FLAGS) \
	X(VmbChannelEnable, VMB_CHANNEL_ENABLE) \
	X(VmbChannelDisable, VMB_CHANNEL_DISABLE) \
	X(VmbChannelStart, VMB_CHANNEL_START) \
	X(VmbChannelPause, VMB_CHANNEL_PAUSE) \
	X(VmbChannelSetInterruptLatency, VMB_CHANNEL_SET_INTERRUPT_LATENCY) \
	X(VmbChannelSetIncomingProcessingAtPassive, \
	  VMB_CHANNEL_SET_INCOMING_PROCESSING_AT_PASSIVE) \
	X(VmbChannelSetTransactionQuota, VMB_CHANNEL_SET_TRANSACTION_QUOTA) \
	X(VmbChannelSetPointer, VMB_CHANNEL_SET_POINTER) \
	X(VmbChannelGetPointer, VMB_CHANNEL_GET_POINTER) \
	X(VmbChannelGetInterfaceInstance, VMB_CHANNEL_GET_INTERFACE_INSTANCE) \
	X(VmbChannelGetMmioSpace, VMB_CHANNEL_GET_MMIO_SPACE) \
	X(VmbChannelSizeofPacket, VMB_CHANNEL_SIZEOF_PACKET) \
	X(VmbClientChannelInitSetRingBufferPageCount, \
	  VMB_CLIENT_CHANNEL_INIT_SET_RING_BUFFER_PAGE_COUNT) \
	X(VmbClientChannelInitSetTargetPnp, VMB_CLIENT_CHANNEL_INIT_SET_TARGET_PNP) \
	X(VmbServerChannelInitSetFlags, VMB_SERVER_CHANNEL_INIT_SET_FLAGS) \
	X(VmbServerChannelInitSetMmioMegabytes, VMB_SERVER_CHANNEL_INIT_SET_MMIO_MEGABYTES) \
	X(VmbServerChannelInitSetTargetInterfaceId, \
	  VMB_SERVER_CHANNEL_INIT_SET_TARGET_INTERFACE_ID) \
	X(VmbServerChannelInitSetTargetVtl, VMB_SERVER_CHANNEL_INIT_SET_TARGET_VTL) \
	X(VmbServerChannelInitSetVmbusHandle, VMB_SERVER_CHANNEL_INIT_SET_VMBUS_HANDLE) \
	X(VmbConvertVmbusHandleToKernelHandle, VMB_CONVERT_VMBUS_HANDLE_TO_KERNEL_HANDLE) \
	X(VmbServerChannelInitSetSaveRestorePacketCallbacks, \
	  VMB_SERVER_CHANNEL_INIT_SET_SAVE_RESTORE_PACKET_CALLBACKS) \
	X(VmbPacketAllocate, VMB_PACKET_ALLOCATE) \
	X(VmbPacketFree, VMB_PACKET_FREE) \
	X(VmbPacketInitialize, VMB_PACKET_INITIALIZE) \
	X(VmbPacketSetCompletionRoutine, VMB_PACKET_SET_COMPLETION_ROUTINE) \
	X(VmbPacketSetPointer, VMB_PACKET_SET_POINTER) \
	X(VmbPacketGetPointer, VMB_PACKET_GET_POINTER) \
	X(VmbPacketGetChannel, VMB_PACKET_GET_CHANNEL) \
	X(VmbPacketSend, VMB_PACKET_SEND) \
	X(VmbPacketSendWithExternalMdl, VMB_PACKET_SEND_WITH_EXTERNAL_MDL) \
	X(VmbPacketSendWithExternalPfns, VMB_PACKET_SEND_WITH_EXTERNAL_PFNS) \
	X(VmbChannelSendSynchronousRequest, VMB_CHANNEL_SEND_SYNCHRONOUS_REQUEST) \
	X(VmbChannelPacketComplete, VMB_CHANNEL_PACKET_COMPLETE) \
	X(VmbChannelPacketDeferToPassive, VMB_CHANNEL_PACKET_DEFER_TO_PASSIVE) \
	X(VmbChannelPacketFail, VMB_CHANNEL_PACKET_FAIL) \
	X(VmbChannelPacketGetExternalData, VMB_CHANNEL_PACKET_GET_EXTERNAL_DATA) \
	X(VmbChannelCreateGpadlFromBuffer, VMB_CHANNEL_CREATE_GPADL_FROM_BUFFER) \
	X(VmbChannelCreateGpadlFromMdl, VMB_CHANNEL_CREATE_GPADL_FROM_MDL) \
	X(VmbChannelDeleteGpadl, VMB_CHANNEL_DELETE_GPADL) \
	X(VmbChannelMapGpadl, VMB_CHANNEL_MAP_GPADL) \
	X(VmbChannelUnmapGpadl, VMB_CHANNEL_UNMAP_GPADL) \
	X(VmbChannelSaveBegin, VMB_CHANNEL_SAVE_BEGIN) \
	X(VmbChannelSaveContinue, VMB_CHANNEL_SAVE_CONTINUE) \
	X(VmbChannelSaveEnd, VMB_CHANNEL_SAVE_END) \
	X(VmbChannelRestoreFromBuffer, VMB_CHANNEL_RESTORE_FROM_BUFFER) \
	X(VmbPacketRestore, VMB_PACKET_RESTORE)
