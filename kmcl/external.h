/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * External data: memory of the sender that a packet describes and does not contain. From MDLs or
 * page frame numbers to the ranges of a GPA-direct packet.
 */
#ifndef KMCL_EXTERNAL_H
#define KMCL_EXTERNAL_H

#include "channel.h"

struct kmcl_external {
	PMDL mdl;			/* a chain, or NULL */
	u32 offset;			/* the window on it, in bytes */
	u32 length;			/* 0: to the end */
	bool force;			/* FORCE_MDL_LENGTH */
	const PFN_NUMBER *pfns;		/* instead of a chain */
	u32 pfn_count;
};

static inline bool kmcl_external_is_none(const struct kmcl_external *external)
{
	return !external->mdl && !external->pfns;
}

/* Both read the MDLs; the pages and the chain must not change in between. */
NTSTATUS kmcl_external_measure(const struct kmcl_config *config,
			       const struct kmcl_external *external, u32 *bytes);
void kmcl_external_describe(const struct kmcl_external *external, void *head);

#endif
