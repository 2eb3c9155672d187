/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of the members of the interface structures: section 9 of the specification.
 * X(index, FN name, member).
 */

#define CLIENT_MEMBERS(X) \
	X(0, VMB_CHANNEL_ALLOCATE, VmbChannelAllocate) \
	X(1, VMB_CHANNEL_CLEANUP, VmbChannelCleanup) \
	X(2, VMB_CHANNEL_CREATE_GPADL_FROM_BUFFER, VmbChannelCreateGpadlFromBuffer) \
	X(3, VMB_CHANNEL_CREATE_GPADL_FROM_MDL, VmbChannelCreateGpadlFromMdl) \
	X(4, VMB_CHANNEL_DELETE_GPADL, VmbChannelDeleteGpadl) \
	X(5, VMB_CHANNEL_DISABLE, VmbChannelDisable) \
	X(6, VMB_CHANNEL_ENABLE, VmbChannelEnable) \
	X(7, VMB_CHANNEL_GET_INTERFACE_INSTANCE, VmbChannelGetInterfaceInstance) \
	X(8, VMB_CHANNEL_GET_MMIO_SPACE, VmbChannelGetMmioSpace) \
	X(9, VMB_CHANNEL_GET_POINTER, VmbChannelGetPointer) \
	X(10, VMB_CHANNEL_INIT_SET_CLIENT_CONTEXT_SIZE, VmbChannelInitSetClientContextSize) \
	X(11, VMB_CHANNEL_INIT_SET_FLAGS, VmbChannelInitSetFlags) \
	X(12, VMB_CHANNEL_INIT_SET_FRIENDLY_NAME, VmbChannelInitSetFriendlyName) \
	X(13, VMB_CHANNEL_INIT_SET_MAXIMUM_EXTERNAL_DATA, VmbChannelInitSetMaximumExternalData) \
	X(14, VMB_CHANNEL_INIT_SET_MAXIMUM_PACKET_SIZE, VmbChannelInitSetMaximumPacketSize) \
	X(15, VMB_CHANNEL_INIT_SET_PROCESS_PACKET_CALLBACKS, \
	  VmbChannelInitSetProcessPacketCallbacks) \
	X(16, VMB_CHANNEL_INIT_SET_STATE_CHANGE_CALLBACKS, VmbChannelInitSetStateChangeCallbacks) \
	X(17, VMB_CHANNEL_PACKET_COMPLETE, VmbChannelPacketComplete) \
	X(18, VMB_CHANNEL_PACKET_DEFER_TO_PASSIVE, VmbChannelPacketDeferToPassive) \
	X(19, VMB_CHANNEL_PACKET_FAIL, VmbChannelPacketFail) \
	X(20, VMB_CHANNEL_PACKET_GET_EXTERNAL_DATA, VmbChannelPacketGetExternalData) \
	X(21, VMB_CHANNEL_PAUSE, VmbChannelPause) \
	X(22, VMB_CHANNEL_SEND_SYNCHRONOUS_REQUEST, VmbChannelSendSynchronousRequest) \
	X(23, VMB_CHANNEL_SET_INCOMING_PROCESSING_AT_PASSIVE, \
	  VmbChannelSetIncomingProcessingAtPassive) \
	X(24, VMB_CHANNEL_SET_INTERRUPT_LATENCY, VmbChannelSetInterruptLatency) \
	X(25, VMB_CHANNEL_SET_POINTER, VmbChannelSetPointer) \
	X(26, VMB_CHANNEL_SET_TRANSACTION_QUOTA, VmbChannelSetTransactionQuota) \
	X(27, VMB_CHANNEL_SIZEOF_PACKET, VmbChannelSizeofPacket) \
	X(28, VMB_CHANNEL_START, VmbChannelStart) \
	X(29, VMB_CLIENT_CHANNEL_INIT_SET_RING_BUFFER_PAGE_COUNT, \
	  VmbClientChannelInitSetRingBufferPageCount) \
	X(30, VMB_CLIENT_CHANNEL_INIT_SET_TARGET_PNP, VmbClientChannelInitSetTargetPnp) \
	X(31, VMB_PACKET_ALLOCATE, VmbPacketAllocate) \
	X(32, VMB_PACKET_FREE, VmbPacketFree) \
	X(33, VMB_PACKET_GET_CHANNEL, VmbPacketGetChannel) \
	X(34, VMB_PACKET_GET_POINTER, VmbPacketGetPointer) \
	X(35, VMB_PACKET_INITIALIZE, VmbPacketInitialize) \
	X(36, VMB_PACKET_SEND, VmbPacketSend) \
	X(37, VMB_PACKET_SEND_WITH_EXTERNAL_MDL, VmbPacketSendWithExternalMdl) \
	X(38, VMB_PACKET_SEND_WITH_EXTERNAL_PFNS, VmbPacketSendWithExternalPfns) \
	X(39, VMB_PACKET_SET_COMPLETION_ROUTINE, VmbPacketSetCompletionRoutine) \
	X(40, VMB_PACKET_SET_POINTER, VmbPacketSetPointer)

#define SERVER_MEMBERS(X) \
	X(0, VMB_CHANNEL_MAP_GPADL, VmbChannelMapGpadl) \
	X(1, VMB_CHANNEL_RESTORE_FROM_BUFFER, VmbChannelRestoreFromBuffer) \
	X(2, VMB_CHANNEL_SAVE_BEGIN, VmbChannelSaveBegin) \
	X(3, VMB_CHANNEL_SAVE_CONTINUE, VmbChannelSaveContinue) \
	X(4, VMB_CHANNEL_SAVE_END, VmbChannelSaveEnd) \
	X(5, VMB_CHANNEL_UNMAP_GPADL, VmbChannelUnmapGpadl) \
	X(6, VMB_CONVERT_VMBUS_HANDLE_TO_KERNEL_HANDLE, VmbConvertVmbusHandleToKernelHandle) \
	X(7, VMB_PACKET_RESTORE, VmbPacketRestore) \
	X(8, VMB_SERVER_CHANNEL_INIT_SET_FLAGS, VmbServerChannelInitSetFlags) \
	X(9, VMB_SERVER_CHANNEL_INIT_SET_MMIO_MEGABYTES, VmbServerChannelInitSetMmioMegabytes) \
	X(10, VMB_SERVER_CHANNEL_INIT_SET_SAVE_RESTORE_PACKET_CALLBACKS, \
	  VmbServerChannelInitSetSaveRestorePacketCallbacks) \
	X(11, VMB_SERVER_CHANNEL_INIT_SET_TARGET_INTERFACE_ID, \
	  VmbServerChannelInitSetTargetInterfaceId) \
	X(12, VMB_SERVER_CHANNEL_INIT_SET_TARGET_VTL, VmbServerChannelInitSetTargetVtl) \
	X(13, VMB_SERVER_CHANNEL_INIT_SET_VMBUS_HANDLE, VmbServerChannelInitSetVmbusHandle)
