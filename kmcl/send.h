/* SPDX-License-Identifier: GPL-2.0-only */
/* From the arguments of a send function to a message, checked. */
#ifndef KMCL_SEND_H
#define KMCL_SEND_H

#include "external.h"

NTSTATUS kmcl_send_message(struct kmcl_channel *ch, struct kmcl_message *message,
			   struct kmcl_pipe_header *pipe, const void *buffer, u32 length,
			   const struct kmcl_external *external, u32 flags);

#endif
