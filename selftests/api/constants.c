// SPDX-License-Identifier: GPL-2.0-only
/* Flags, aliases and status values. */
#include "check.h"
#include "values.h"

#define SAME_VALUE(name, value)		SAY((name) == (value), #name);
#define SAME_STATUS(name, value)						\
	SAY((unsigned int)(name) == value##U, #name);				\
	SAME_TYPE(__typeof__(name), int);					\
	SAY(NT_SUCCESS(name) == (value##U < 0x80000000U), "NT_SUCCESS(" #name ")");

CONSTANTS(SAME_VALUE)
STATUSES(SAME_STATUS)

/* Built from their parts, not only equal by chance. */
SAY(VMBUS_CHANNEL_FORMAT_FLAGS == (VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION |
				   VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH |
				   VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER), "format flags");
SAY(VMBUS_CHANNEL_GPADL_READ_ONLY == VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY, "the slip of 2.4");
SAY(KMCL_CLIENT_INTERFACE_VERSION_V1 == 1, "client interface version");
SAY(KMCL_SERVER_INTERFACE_VERSION_V1 == 1, "server interface version");
SAY(TRUE == 1 && FALSE == 0, "truth");
SAY(PASSIVE_LEVEL == 0 && APC_LEVEL == 1 && DISPATCH_LEVEL == 2, "IRQLs");
SAY(NTDDI_WINBLUE == 0x06030000 && NTDDI_VERSION == NTDDI_WINBLUE, "version of Windows");

SAY(NT_INFORMATION(0x40000000) && NT_WARNING(STATUS_BUFFER_OVERFLOW) && NT_ERROR(STATUS_CANCELLED),
    "severities");
SAY(!NT_ERROR(STATUS_BUFFER_OVERFLOW) && !NT_WARNING(STATUS_PENDING), "severities");
