/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the server's driver, written for Windows, meets the Linux files of its module: the store
 * that keeps the data, and the module's parameters. Uses C's own types only, because both sides
 * read it.
 */
#ifndef VDISK_VSP_H
#define VDISK_VSP_H

/* The store, in store.c. Each returns 0, or one of these. */
enum vdisk_store_result {
	VDISK_STORE_OK,
	VDISK_STORE_ERROR,
	VDISK_STORE_FULL,
	VDISK_STORE_UNSUPPORTED,
};

/* A transfer's data: so many bytes of pages of 4096 bytes, from an offset in the first. */
struct vdisk_pages {
	const unsigned long *numbers;
	unsigned int offset;
	unsigned int length;
};

int VdiskStoreOpen(void);	/* as the module's parameters say */
void VdiskStoreClose(void);
unsigned long long VdiskStoreCapacity(void);
int VdiskStoreRead(unsigned long long offset, const struct vdisk_pages *pages);
int VdiskStoreWrite(unsigned long long offset, const struct vdisk_pages *pages);
int VdiskStoreFlush(void);
int VdiskStoreDiscard(unsigned long long offset, unsigned int length);
int VdiskStoreZero(unsigned long long offset, unsigned int length);
int VdiskStoreGrow(unsigned long long capacity);

/* What the host does with its server, in vsp.c and vsp_save.c. Each returns an NTSTATUS. */
int VdiskServerPause(void);
int VdiskServerStart(void);
int VdiskServerIsPaused(void);
int VdiskServerGrow(unsigned long long capacity);
int VdiskServerRestore(int damaged);

struct VDISK_SERVER_COUNTERS {
	long long Hellos;
	long long Reads;
	long long Writes;
	long long Flushes;
	long long Discards;
	long long Zeroes;
	long long Failures;	/* requests that were replied to with a failing status */
	long long BadMessages;	/* among them: what no client that keeps to the protocol sends */
	long long Restores;
	long long SavedBytes;	/* by the last save */
};

extern struct VDISK_SERVER_COUNTERS VdiskServerCounters;

#endif
