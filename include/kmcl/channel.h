/* SPDX-License-Identifier: GPL-2.0-only */
/* kmcl/channel.h - what can be asked of a channel that Microsoft's API has no function for */
#ifndef _KMCL_CHANNEL_H
#define _KMCL_CHANNEL_H

#include <linux/types.h>

#include "../vmbuskernelmodeclientlibapi.h"

bool kmcl_channel_has_failed(VMBCHANNEL channel);

#endif /* _KMCL_CHANNEL_H */
