// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server's data: a sparse file, of a filesystem (parameter path) or in memory.
 *
 * Clients' pages are read and written where they are, in the kernel's map of all memory.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <uapi/linux/falloc.h>

#include "../../kmcl/probe/block.h"
#include "vsp.h"

#define WIRE_PAGE_SHIFT	12
#define WIRE_PAGE_SIZE	4096u
#define MIB_SHIFT	20

static char *path = "";
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "file to serve, made if it is not there; default: memory");

static struct file *file;
static u64 capacity;

/*
 * The size when the module is loaded; later, growing.
 */

static unsigned int size_mib = 64;

static int set_size(const char *value, const struct kernel_param *kp)
{
	unsigned int mib;
	int err = kstrtouint(value, 0, &mib);

	if (err || !mib)
		return err ?: -EINVAL;
	if (!file)
		size_mib = mib;
	else if (VdiskServerGrow((u64)mib << MIB_SHIFT))
		return -EINVAL;
	return 0;
}

static int get_size(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%llu\n", VdiskStoreCapacity() >> MIB_SHIFT);
}

static const struct kernel_param_ops size_ops = { .set = set_size, .get = get_size };

module_param_cb(size, &size_ops, NULL, 0644);
MODULE_PARM_DESC(size, "of the disk in MiB, default 64; can grow");

static int result_of(ssize_t err)
{
	switch (err) {
	case 0:
		return VDISK_STORE_OK;
	case -ENOSPC:
		return VDISK_STORE_FULL;
	case -EOPNOTSUPP:
		return VDISK_STORE_UNSUPPORTED;
	default:
		return VDISK_STORE_ERROR;
	}
}

/*
 * What is allocated while a request is served must not wait for the disk that is served: it can be
 * in use in this kernel.
 */

struct io_flags {
	unsigned int noio;
	unsigned int throttle;
};

static struct io_flags enter_io(void)
{
	struct io_flags context = {
		.noio = memalloc_noio_save(),
		.throttle = current->flags & PF_LOCAL_THROTTLE,
	};

	current->flags |= PF_LOCAL_THROTTLE;
	return context;
}

static void leave_io(struct io_flags context)
{
	memalloc_noio_restore(context.noio);
	if (!context.throttle)
		current->flags &= ~PF_LOCAL_THROTTLE;
}

/* A run of the pages that lies in one piece in memory. */
struct run {
	void *address;
	unsigned int length;
};

static struct run first_run(const struct vdisk_pages *pages)
{
	phys_addr_t start = (phys_addr_t)pages->numbers[0] << WIRE_PAGE_SHIFT;
	unsigned int end = WIRE_PAGE_SIZE, i;

	for (i = 1; end - pages->offset < pages->length; i++, end += WIRE_PAGE_SIZE)
		if (pages->numbers[i] != pages->numbers[0] + i)
			break;
	return (struct run) {
		.address = phys_to_virt(start + pages->offset),
		.length = min(end - pages->offset, pages->length),
	};
}

static void skip_run(struct vdisk_pages *pages, unsigned int length)
{
	pages->numbers += (pages->offset + length) >> WIRE_PAGE_SHIFT;
	pages->offset = (pages->offset + length) % WIRE_PAGE_SIZE;
	pages->length -= length;
}

static ssize_t move(bool write, struct run run, loff_t *at)
{
	ssize_t done = write ? kernel_write(file, run.address, run.length, at) :
			       kernel_read(file, run.address, run.length, at);

	if (done > 0 || !run.length)
		return done;
	/* The file is shorter than the disk: somebody cut it. */
	return done ?: -EIO;
}

static int transfer(bool write, u64 offset, const struct vdisk_pages *pages)
{
	struct io_flags context = enter_io();
	struct vdisk_pages left = *pages;
	loff_t at = offset;
	ssize_t done = 0;

	while (left.length && done >= 0) {
		done = move(write, first_run(&left), &at);
		if (done > 0)
			skip_run(&left, done);
	}
	leave_io(context);
	return result_of(min_t(ssize_t, done, 0));
}

int VdiskStoreRead(unsigned long long offset, const struct vdisk_pages *pages)
{
	return transfer(false, offset, pages);
}

int VdiskStoreWrite(unsigned long long offset, const struct vdisk_pages *pages)
{
	return transfer(true, offset, pages);
}

int VdiskStoreFlush(void)
{
	struct io_flags context = enter_io();
	int err = vfs_fsync(file, 0);

	leave_io(context);
	return result_of(err);
}

static int punch(int mode, u64 offset, unsigned int length)
{
	struct io_flags context = enter_io();
	int err = vfs_fallocate(file, mode | FALLOC_FL_KEEP_SIZE, offset, length);

	leave_io(context);
	return result_of(err);
}

int VdiskStoreDiscard(unsigned long long offset, unsigned int length)
{
	return punch(FALLOC_FL_PUNCH_HOLE, offset, length);
}

/* A hole reads as zeroes too, and memory cannot do anything else. */
int VdiskStoreZero(unsigned long long offset, unsigned int length)
{
	int result = punch(FALLOC_FL_ZERO_RANGE, offset, length);

	if (result == VDISK_STORE_UNSUPPORTED)
		result = punch(FALLOC_FL_PUNCH_HOLE, offset, length);
	return result;
}

unsigned long long VdiskStoreCapacity(void)
{
	return READ_ONCE(capacity);
}

int VdiskStoreGrow(unsigned long long wanted)
{
	int err = 0;

	if (wanted > i_size_read(file_inode(file)))
		err = vfs_truncate(&file->f_path, wanted);
	if (!err)
		WRITE_ONCE(capacity, wanted);
	return result_of(err);
}

static struct file *open_file(void)
{
	struct file *opened;

	if (!*path)
		return kmcl_shmem_file("vdisk", 0);
	opened = filp_open(path, O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	if (!IS_ERR(opened) && !S_ISREG(file_inode(opened)->i_mode)) {
		filp_close(opened, NULL);
		return ERR_PTR(-EINVAL);
	}
	return opened;
}

int VdiskStoreOpen(void)
{
	int result;

	file = open_file();
	if (IS_ERR(file)) {
		pr_err("vdisk_vsp: no file '%s': %ld\n", path, PTR_ERR(file));
		file = NULL;
		return VDISK_STORE_ERROR;
	}
	result = VdiskStoreGrow((u64)size_mib << MIB_SHIFT);
	if (result)
		VdiskStoreClose();
	return result;
}

void VdiskStoreClose(void)
{
	filp_close(file, NULL);
	file = NULL;
	capacity = 0;
}
