// SPDX-License-Identifier: GPL-2.0-only
/* In a kernel module: all checks, after Linux headers. */
#include <linux/acpi.h>
#include <linux/hyperv.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nls.h>
#include <linux/poll.h>
#include <linux/uuid.h>
#include <linux/wait.h>

#include "constants.c"
#include "functions.c"
#include "types.c"

SIZE(guid_t, sizeof(GUID));
SAY(PAGE_ALIGN(1UL) == PAGE_SIZE, "PAGE_ALIGN is Linux's");
SAME_TYPE(u64, UINT64);
SAME_TYPE(wchar_t, WCHAR);
SAY(sizeof(KSPIN_LOCK) == 8 || IS_ENABLED(CONFIG_DEBUG_SPINLOCK), "KSPIN_LOCK has Windows' size");

static bool mixed_wait(wait_queue_head_t *queue, bool *condition);
static bool mixed_wait(wait_queue_head_t *queue, bool *condition)
{
	LIST_HEAD(head);

	return wait_event_timeout(*queue, READ_ONCE(*condition), 1) || list_empty(&head);
}

bool (*const check_mixed_wait)(wait_queue_head_t *queue, bool *condition) = mixed_wait;
