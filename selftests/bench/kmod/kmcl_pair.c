// SPDX-License-Identifier: GPL-2.0-only
/* Opens and closes a server and its client. */
#include "kmcl_pair.h"

static NTSTATUS configure(VMBCHANNEL channel, const struct bench_pair_config *config)
{
	VmbChannelSetPointer(channel, config->pointer);
	return VmbChannelInitSetMaximumPacketSize(channel, config->max_packet) ?:
	       VmbChannelInitSetMaximumExternalData(channel, config->max_external, 1) ?:
	       VmbChannelInitSetProcessPacketCallbacks(channel, config->process_packet, NULL);
}

static NTSTATUS enable(struct bench_pair *pair, const struct bench_pair_config *config)
{
	GUID type = { 0x62656e63, 0x68, 0, { 1 } }, instance = { 0x62656e63, 0x68, 0, { 2 } };
	NTSTATUS status;

	memcpy(&instance.Data4[4], &config->number, sizeof(config->number));
	status = configure(pair->server, config) ?: configure(pair->client, config) ?:
		 VmbServerChannelInitSetTargetInterfaceId(pair->server, type, instance) ?:
		 VmbClientChannelInitSetTargetPnp(pair->client, &type, &instance, NULL) ?:
		 VmbClientChannelInitSetRingBufferPageCount(pair->client, config->ring_pages,
							    config->ring_pages) ?:
		 VmbChannelEnable(pair->server);
	if (status)
		return status;
	VmbChannelStart(pair->server);
	return VmbChannelEnable(pair->client);
}

int bench_pair_open(struct bench_pair *pair, const struct bench_pair_config *config)
{
	if (VmbChannelAllocate(NULL, TRUE, &pair->server))
		return -ENOMEM;
	if (VmbChannelAllocate(NULL, FALSE, &pair->client)) {
		VmbChannelCleanup(pair->server);
		return -ENOMEM;
	}
	if (!enable(pair, config))
		return 0;
	bench_pair_close(pair);
	return -EIO;
}

void bench_pair_close(struct bench_pair *pair)
{
	VmbChannelDisable(pair->client);
	VmbChannelCleanup(pair->client);
	VmbChannelDisable(pair->server);
	VmbChannelCleanup(pair->server);
}
