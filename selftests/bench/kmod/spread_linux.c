// SPDX-License-Identifier: GPL-2.0-only
/* The same on rings in the shape of hv_vmbus's: see linux_lane.h. */
#include <linux/sched.h>
#include <linux/slab.h>

#include "linux_lane.h"
#include "spread.h"

struct lanes {
	struct spread_channel *channel;
	struct linux_lane upward, downward;	/* to the server, to the client */
};

static u8 message[SPREAD_PAYLOAD];

/* ---- packets ---- */

static int ask(struct spread_channel *channel)
{
	struct lanes *lanes = channel->ends;

	return linux_lane_send(&lanes->upward, KMCL_PKT_DATA_INBAND,
			       KMCL_DESC_FLAG_COMPLETION_REQUESTED, 1, message, SPREAD_PAYLOAD);
}

static int send(struct spread_sender *sender)
{
	struct lanes *lanes = sender->channel->ends;

	while (linux_lane_send(&lanes->upward, KMCL_PKT_DATA_INBAND, 0, 0, message,
			       SPREAD_PAYLOAD))
		cond_resched();
	return 0;
}

static void serve(struct linux_lane *lane, u64 id, u32 length)
{
	struct lanes *lanes = container_of(lane, struct lanes, upward);

	if (!spread_asks(lanes->channel))
		spread_ended(lanes->channel);
	else if (linux_lane_send(&lanes->downward, KMCL_PKT_COMPLETION, 0, id, lane->received,
				 length))
		spread_fail(lanes->channel, -EAGAIN);
}

static void take(struct linux_lane *lane, u64 id, u32 length)
{
	struct spread_channel *channel = container_of(lane, struct lanes, downward)->channel;

	if (spread_next(channel) && ask(channel))
		spread_fail(channel, -EAGAIN);
	else
		spread_ended(channel);
}

static void receive_upward(struct tasklet_struct *tasklet)
{
	struct linux_lane *lane = from_tasklet(lane, tasklet, tasklet);

	linux_lane_drain(lane, serve);
}

static void receive_downward(struct tasklet_struct *tasklet)
{
	struct linux_lane *lane = from_tasklet(lane, tasklet, tasklet);

	linux_lane_drain(lane, take);
}

/* ---- life ---- */

static void close_lanes(void *ends)
{
	struct lanes *lanes = ends;

	linux_lane_close(&lanes->upward);
	linux_lane_close(&lanes->downward);
	kfree(lanes);
}

static void *open_lanes(struct spread_channel *channel, u32 number)
{
	struct lanes *lanes = kzalloc(sizeof(*lanes), GFP_KERNEL);

	if (!lanes)
		return NULL;
	lanes->channel = channel;
	if (!linux_lane_open(&lanes->upward, SPREAD_RING_PAGES, receive_upward) &&
	    !linux_lane_open(&lanes->downward, SPREAD_RING_PAGES, receive_downward))
		return lanes;
	close_lanes(lanes);
	return NULL;
}

const struct spread_driver spread_linux = {
	.name = "native", .open = open_lanes, .close = close_lanes, .ask = ask, .send = send,
};
