/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the client's driver, written for Windows, meets the Linux files of its module: the block
 * device, and the module's parameters. Uses C's own types only, because both sides read it.
 */
#ifndef VDISK_VSC_H
#define VDISK_VSC_H

/* Requests that can be under way at once. */
#define VDISK_QUEUE_DEPTH	64

enum vdisk_result {
	VDISK_OK,
	VDISK_ERROR,
	VDISK_FULL,
	VDISK_UNSUPPORTED,
};

/* Checked. */
struct vdisk_geometry {
	unsigned long long capacity;
	unsigned int block_size;
	unsigned int maximum_transfer;
	unsigned int maximum_range;	/* of a discard; 0: cannot be done */
};

/* As in protocol.h, for files that cannot include it. */
enum vdisk_operation {
	VDISK_OPERATION_READ		= 2,
	VDISK_OPERATION_WRITE		= 3,
	VDISK_OPERATION_FLUSH		= 4,
	VDISK_OPERATION_DISCARD		= 5,
	VDISK_OPERATION_WRITE_ZEROES	= 6,
};

struct vdisk_transfer {
	enum vdisk_operation operation;
	unsigned long long offset;
	unsigned int length;
	unsigned int first_byte;	/* of a read or write: where in its first page it begins */
};

/* The block device, in block.c. The driver's worker calls the first three, one at a time. */
int VdiskBlockAdd(const struct vdisk_geometry *geometry);
void VdiskBlockResize(const struct vdisk_geometry *geometry);
void VdiskBlockRemove(void);
void VdiskBlockDone(void *request, enum vdisk_result result);	/* up to DISPATCH_LEVEL */

/*
 * Slots, in vsc.c: each carries one request. VdiskSlotPages() is where to put the page numbers, in
 * 4096-byte units, of a read or write before VdiskSubmit(). If that returns VDISK_OK,
 * VdiskBlockDone() is called for the request exactly once, perhaps before it returns.
 */
struct VDISK_SLOT;
struct VDISK_SLOT *VdiskSlot(unsigned int number);
unsigned long *VdiskSlotPages(struct VDISK_SLOT *slot);
enum vdisk_result VdiskSubmit(struct VDISK_SLOT *slot, void *request,
			      const struct vdisk_transfer *transfer);

/* A request takes long: see what is the matter. Up to DISPATCH_LEVEL. */
void VdiskRequestIsLate(void);

/* In vsc_module.c: after how many seconds that is said; has the channel's server broken it? */
extern unsigned int VdiskIoTimeout;
int VdiskHasFailed(void *channel);

const char *VdiskClientState(void);

struct VDISK_CLIENT_COUNTERS {
	long long Connects;
	long long Requests;
	long long Failures;	/* requests that ended with an error, or could not be sent */
	long long Changes;	/* of the geometry, told by the server */
	long long BadMessages;	/* of the server */
};

extern struct VDISK_CLIENT_COUNTERS VdiskClientCounters;

#endif
