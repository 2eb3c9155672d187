// SPDX-License-Identifier: GPL-2.0-only
/* NTSTATUS and errno: one table for both ways. */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>

#include "nt.h"

/* The first line of an errno is the status that it becomes, the first of a status the errno. */
static const struct {
	NTSTATUS status;
	int err;
} map[] = {
	{ STATUS_INSUFFICIENT_RESOURCES,	-ENOMEM },
	{ STATUS_NO_MEMORY,			-ENOMEM },
	{ STATUS_INVALID_PARAMETER,		-EINVAL },
	{ STATUS_INVALID_PARAMETER_1,		-EINVAL },
	{ STATUS_INVALID_PARAMETER_2,		-EINVAL },
	{ STATUS_INVALID_PARAMETER_3,		-EINVAL },
	{ STATUS_INVALID_PARAMETER_4,		-EINVAL },
	{ STATUS_INVALID_PARAMETER_MIX,		-EINVAL },
	{ STATUS_OBJECT_TYPE_MISMATCH,		-EINVAL },
	{ STATUS_INFO_LENGTH_MISMATCH,		-EINVAL },
	{ STATUS_INVALID_BUFFER_SIZE,		-EINVAL },
	{ STATUS_NOT_SUPPORTED,			-EOPNOTSUPP },
	{ STATUS_NOT_IMPLEMENTED,		-EOPNOTSUPP },
	{ STATUS_NO_SUCH_DEVICE,		-ENODEV },
	{ STATUS_DEVICE_REMOVED,		-ENODEV },
	{ STATUS_DEVICE_DOES_NOT_EXIST,		-ENXIO },
	{ STATUS_DEVICE_NOT_CONNECTED,		-ENXIO },
	{ STATUS_NOT_FOUND,			-ENOENT },
	{ STATUS_NO_SUCH_FILE,			-ENOENT },
	{ STATUS_OBJECT_NAME_NOT_FOUND,		-ENOENT },
	{ STATUS_OBJECT_NAME_COLLISION,		-EEXIST },
	{ STATUS_ALREADY_REGISTERED,		-EEXIST },
	{ STATUS_DEVICE_BUSY,			-EBUSY },
	{ STATUS_INVALID_DEVICE_STATE,		-EBUSY },
	{ STATUS_SHARING_VIOLATION,		-EBUSY },
	{ STATUS_PIPE_BUSY,			-EBUSY },
	{ STATUS_RETRY,				-EAGAIN },
	{ STATUS_DEVICE_NOT_READY,		-EAGAIN },
	{ STATUS_IO_TIMEOUT,			-ETIMEDOUT },
	{ STATUS_CANCELLED,			-ECANCELED },
	{ STATUS_ACCESS_DENIED,			-EACCES },
	{ STATUS_PRIVILEGE_NOT_HELD,		-EPERM },
	{ STATUS_INVALID_HANDLE,		-EBADF },
	{ STATUS_ACCESS_VIOLATION,		-EFAULT },
	{ STATUS_INVALID_USER_BUFFER,		-EFAULT },
	{ STATUS_BUFFER_TOO_SMALL,		-ENOBUFS },
	{ STATUS_BUFFER_OVERFLOW,		-EOVERFLOW },
	{ STATUS_INTEGER_OVERFLOW,		-ERANGE },
	{ STATUS_INVALID_DEVICE_REQUEST,	-ENOTTY },
	{ STATUS_FILE_CORRUPT_ERROR,		-EBADMSG },
	{ STATUS_DATA_ERROR,			-EBADMSG },
	{ STATUS_REVISION_MISMATCH,		-EPROTONOSUPPORT },
	{ STATUS_UNKNOWN_REVISION,		-EPROTONOSUPPORT },
	{ STATUS_DEVICE_PROTOCOL_ERROR,		-EPROTO },
	{ STATUS_CONNECTION_REFUSED,		-ECONNREFUSED },
	{ STATUS_CONNECTION_RESET,		-ECONNRESET },
	{ STATUS_CONNECTION_ABORTED,		-ECONNABORTED },
	{ STATUS_PIPE_DISCONNECTED,		-EPIPE },
	{ STATUS_DISK_FULL,			-ENOSPC },
	{ STATUS_MEDIA_WRITE_PROTECTED,		-EROFS },
	{ STATUS_IO_DEVICE_ERROR,		-EIO },
	{ STATUS_UNSUCCESSFUL,			-EIO },
};

/**
 * kmcl_status_to_errno() - the errno nearest to a status
 * @status: any status
 *
 * Return: 0 for what NT_SUCCESS() takes for success, else a negative errno; -EIO for what the table
 * does not have.
 */
int kmcl_status_to_errno(NTSTATUS status)
{
	size_t i;

	if (NT_SUCCESS(status))
		return 0;
	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].status == status)
			return map[i].err;
	return -EIO;
}
EXPORT_SYMBOL_GPL(kmcl_status_to_errno);

/**
 * kmcl_errno_to_status() - the status nearest to an errno
 * @err: 0 or a negative errno
 *
 * Return: STATUS_SUCCESS for 0 and above; STATUS_UNSUCCESSFUL for what the table does not have.
 */
NTSTATUS kmcl_errno_to_status(int err)
{
	size_t i;

	if (err >= 0)
		return STATUS_SUCCESS;
	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].err == err && !NT_SUCCESS(map[i].status))
			return map[i].status;
	return STATUS_UNSUCCESSFUL;
}
EXPORT_SYMBOL_GPL(kmcl_errno_to_status);
