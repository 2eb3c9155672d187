/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pair on the local bus whose server is saved and restored: for the tests of spec 6.10.
 *
 * Both ends send numbers, and the other end answers each with its complement. Every number is
 * counted when its answer comes, so that a test sees whether each came exactly once. The log of
 * the server goes on over its lives; state callbacks have the letters of client.h, and besides
 *   a EvtVmbChannelSavePacket asked how much  s asked to save  r EvtVmbChannelRestorePacket
 */
#ifndef KMCL_TEST_SAVER_H
#define KMCL_TEST_SAVER_H

#include "client.h"
#include "ktap.h"

#define SAVER_NUMBERS	1024
#define SAVER_LOG	255

/* A saved channel: its bytes and where its chunks begin; the last one is its length. */
struct blob {
	u8 *data;
	u32 length;
	u32 chunks;
	u32 at[SAVER_NUMBERS * 4];
};

/* What one end has sent and what came back. */
struct tally {
	u8 answered[SAVER_NUMBERS];
	u8 removed[SAVER_NUMBERS];
	atomic_t sent;
	atomic_t answers;
	atomic_t removals;
	bool wrong;			/* an answer that is none */
};

struct saver {
	VMBCHANNEL server;
	VMBCHANNEL client;
	GUID instance;

	char server_log[SAVER_LOG + 1];
	char client_log[SAVER_LOG + 1];
	struct tally of_server;
	struct tally of_client;

	/* What the server's callbacks do. */
	bool no_callbacks;		/* none to save and restore */
	u32 flags;			/* VMBUS_CHANNEL_INIT_FLAG_* */
	u32 server_flags;
	u32 max_packet;
	NTSTATUS opened_status;
	bool keep;			/* packets until EvtChannelSuspend */
	bool defer;			/* packets, until it is not set */
	void (*on_opened)(struct saver *s);
	u32 state_bytes;		/* of a packet, that the driver saves */
	u32 more_bytes;			/* that it asks for the second time, once */
	NTSTATUS save_status;
	NTSTATUS (*restore)(struct saver *s, PVOID lib, u32 lib_length, PVOID own, u32 length);

	spinlock_t lock;		/* covers what is kept */
	struct {
		VMBPACKETCOMPLETION packet;
		u64 number;
	} kept[SAVER_NUMBERS];
	unsigned int kept_count;
	atomic_t presented;
	u8 heard[SAVER_NUMBERS];	/* by the client */
	atomic_t heard_count;
	u32 gpadl;			/* 0, or mapped in EvtChannelOpened of the server */
	u32 late_gpadl;			/* made after the save */
	PMDL mdl;
	NTSTATUS result;
	unsigned int requests;		/* synchronous ones of a thread that were answered */
	bool stop;
};

/* Neither end is enabled yet; on failure the test has failed. */
struct saver *saver_create(struct ktap *t);
struct saver *saver_create_with(struct ktap *t, u32 flags);
void saver_free(struct saver *s);

bool saver_open(struct ktap *t, struct saver *s);	/* both, and the server is started */
bool saver_new_server(struct ktap *t, struct saver *s);	/* after saver_end_server(), Disabled */
void saver_end_server(struct saver *s);
bool saver_enable_new_server(struct ktap *t, struct saver *s);

NTSTATUS saver_send(struct saver *s, VMBCHANNEL from, u64 number, u32 flags);
bool saver_numbers_came(const struct tally *tally, unsigned int from, unsigned int to);

struct blob *blob_new(void);
void blob_free(struct blob *blob);

/* Save in buffers of this size; larger where that makes no progress. */
NTSTATUS saver_save_in(struct saver *s, struct blob *blob, u32 size);
struct blob *saver_pause_and_save(struct ktap *t, struct saver *s);
NTSTATUS saver_restore(struct saver *s, const struct blob *blob);

/* A packet of the server's is on the wire as long as the client is paused. */
struct blob *saver_save_with_packet(struct ktap *t, struct saver *s);

/* A call that blocks, in a thread of its own. */
struct saver_thread {
	struct saver *s;
	void (*run)(struct saver *s);
	struct completion done;
};

void saver_thread_start(struct saver_thread *thread, struct saver *s, void (*run)(struct saver *s));
bool saver_thread_ends(struct saver_thread *thread);

/* EvtVmbChannelRestorePacket as it should be. */
NTSTATUS saver_restore_packet(struct saver *s, PVOID lib, u32 lib_length, PVOID own, u32 length);

/* Pause, save, disable and clean up; then a new server, enabled, restored and started. */
bool saver_move(struct ktap *t, struct saver *s);

#endif
