/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the server's driver share. */
#ifndef VDISK_SERVER_H
#define VDISK_SERVER_H

#include "protocol.h"
#include "vsp.h"

#define VDISK_TAG	0x6b736476	/* "vdsk" */

/* Packets that can be with us at once, and threads that serve them: each waits for its own I/O. */
#define VDISK_QUOTA	128
#define VDISK_WORKERS	4

#define VDISK_BLOCK	VDISK_SECTOR
#define VDISK_RANGE	0x40000000	/* of a discard */

/* A packet of the client from its arrival to its completion. */
typedef struct _VDISK_IO {
	LIST_ENTRY Link;
	VMBPACKETCOMPLETION Packet;
	const VDISK_HEADER *Message;	/* a private copy, ours until the packet is completed */
	PMDL Data;			/* of a read or write */
} VDISK_IO, *PVDISK_IO;

typedef struct _VDISK_SERVER {
	VMBCHANNEL Channel;
	UINT16 Version;			/* agreed on with the client; 0 before that */
	BOOLEAN Paused;
	BOOLEAN Refusing;		/* clients, because it will not stay */

	KSPIN_LOCK Lock;		/* over the lists */
	LIST_ENTRY Idle;
	LIST_ENTRY Pending;
	KEVENT Wake;			/* one worker at a time */
	LONG Stop;
	PKTHREAD Workers[VDISK_WORKERS];

	VDISK_IO Ios[VDISK_QUOTA];	/* as many as the quota: there is one for every packet */
} VDISK_SERVER, *PVDISK_SERVER;

/* server_io.c */
VOID VdiskIosInitialize(PVDISK_SERVER Server);
NTSTATUS VdiskWorkersStart(PVDISK_SERVER Server);
VOID VdiskWorkersStop(PVDISK_SERVER Server);
EVT_VMB_CHANNEL_PROCESS_PACKET VdiskEvtProcessPacket;

/* vsp_save.c */
EVT_VMB_CHANNEL_SAVE_PACKET VdiskEvtSavePacket;
EVT_VMB_CHANNEL_RESTORE_PACKET VdiskEvtRestorePacket;

/* vsp.c */
NTSTATUS VdiskChannelCreate(PVDISK_SERVER Server, VMBCHANNEL *Channel);
PVDISK_SERVER VdiskServerHold(VOID);
VOID VdiskServerRelease(VOID);

#endif
