/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between versions of hv_vmbus: see compat.h. */
#ifndef KMCL_PROBE_HYPERV_H
#define KMCL_PROBE_HYPERV_H

#include <linux/hyperv.h>

#ifdef KMCL_HAVE_HV_GPADL_STRUCT

static inline u32 kmcl_hv_gpadl_handle(const struct vmbus_gpadl *gpadl)
{
	return gpadl->gpadl_handle;
}

#else /* a GPADL is a number */

struct vmbus_gpadl {
	u32 gpadl_handle;
};

static inline u32 kmcl_hv_gpadl_handle(const struct vmbus_gpadl *gpadl)
{
	return gpadl->gpadl_handle;
}

static inline int kmcl_hv_establish_gpadl(struct vmbus_channel *channel, void *buffer, u32 size,
					  struct vmbus_gpadl *gpadl)
{
	return vmbus_establish_gpadl(channel, buffer, size, &gpadl->gpadl_handle);
}

static inline int kmcl_hv_teardown_gpadl(struct vmbus_channel *channel, struct vmbus_gpadl *gpadl)
{
	return vmbus_teardown_gpadl(channel, gpadl->gpadl_handle);
}

#define vmbus_establish_gpadl	kmcl_hv_establish_gpadl
#define vmbus_teardown_gpadl	kmcl_hv_teardown_gpadl

#endif

/* Before an open: the largest packet that hv_vmbus's own reader would take. */
static inline void kmcl_hv_set_max_packet(struct vmbus_channel *channel, u32 bytes)
{
#ifdef KMCL_HAVE_HV_MAX_PACKET
	channel->max_pkt_size = bytes;
#endif
}

/*
 * Before an open: requests get ids of hv_vmbus, as those of its drivers do that do not trust the
 * host. Afterwards: what was given as the id of an open request, by the id in its completion.
 */
#ifdef KMCL_HAVE_HV_REQUESTOR

static inline void kmcl_hv_use_ids(struct vmbus_channel *channel, u32 requests)
{
	channel->next_request_id_callback = vmbus_next_request_id;
	channel->request_addr_callback = vmbus_request_addr;
	channel->rqstor_size = requests;
}

static inline u64 kmcl_hv_request(struct vmbus_channel *channel, u64 id)
{
	return channel->request_addr_callback(channel, id);
}

#else

static inline void kmcl_hv_use_ids(struct vmbus_channel *channel, u32 requests)
{
}

static inline u64 kmcl_hv_request(struct vmbus_channel *channel, u64 id)
{
	return id;
}

#endif

/* After a close: does the host still have access to the ring memory of an isolated guest? */
static inline bool kmcl_hv_rings_are_shared(const struct vmbus_channel *channel)
{
#ifdef KMCL_HAVE_HV_GPADL_DECRYPTED
	return channel->ringbuffer_gpadlhandle.decrypted;
#else
	return false;
#endif
}

#ifdef KMCL_EXPORTS_vmbus_device_unregister
void vmbus_device_unregister(struct hv_device *device_obj);
#endif

#endif
