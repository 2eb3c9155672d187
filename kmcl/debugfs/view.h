/* SPDX-License-Identifier: GPL-2.0-only */
/* What debugfs shows of the channels: README.md beside this describes every file. */
#ifndef KMCL_VIEW_H
#define KMCL_VIEW_H

#include <linux/seq_file.h>

#include "../channel.h"

/* view.c */
void kmcl_view_init(struct dentry *root);

/* label.c */
void kmcl_view_label(struct kmcl_channel *ch);
void kmcl_view_quote(struct seq_file *m, const char *text);

/* json.c */
void kmcl_view_json(struct seq_file *m, struct kmcl_channel *ch);

/* One file: a number of its kind. */
struct kmcl_view_file {
	struct kmcl_channel *ch;
	void (*show)(struct seq_file *m, struct kmcl_channel *ch, unsigned int n);
	unsigned int n;
};

/* files.c */
struct kmcl_view_kind {
	const char *name;
	void (*show)(struct seq_file *m, struct kmcl_channel *ch, unsigned int n);
	unsigned int n;
};

#define KMCL_VIEW_IDENTITY	7
#define KMCL_VIEW_TRAFFIC	11
extern const struct kmcl_view_kind kmcl_view_identity[KMCL_VIEW_IDENTITY];
extern const struct kmcl_view_kind kmcl_view_traffic[KMCL_VIEW_TRAFFIC];

/*
 * What a channel has of files. A file is the better part of a kilobyte, and of the channels that
 * wait most will never be opened.
 */
struct kmcl_files {
	struct dentry *dir;
	struct kmcl_view_file identity[KMCL_VIEW_IDENTITY];
	struct kmcl_view_file *traffic;		/* NULL before the first open */
};

#define KMCL_VIEW_OPENED	(KMCL_VIEW_TRAFFIC + KMCL_COUNTERS_COUNT + KMCL_MALFORMED_KINDS)

/* snapshot.c: a channel at one moment, as nearly as its locks allow. */
#define KMCL_VIEW_PACKETS	16	/* the oldest ones */
#define KMCL_VIEW_GPADLS	64
#define KMCL_VIEW_WALK		16384	/* looked at to find them */

enum kmcl_view_place {
	KMCL_VIEW_QUEUED,
	KMCL_VIEW_ON_WIRE,
	KMCL_VIEW_REPLY_QUEUED,
	KMCL_VIEW_WITH_DRIVER,
	KMCL_VIEW_DEFERRED,
};

struct kmcl_view_packet {
	enum kmcl_view_place place;
	u64 id;
	unsigned long since;
	u32 bytes;
};

struct kmcl_view_ring {
	u32 size;
	u32 read;
	u32 write;
	u32 wanted;		/* pending_send_sz: room that the sender waits for */
	bool masked;
	bool corrupt;
	u32 used;
};

struct kmcl_view_task {
	pid_t pid;		/* 0: nobody */
	char name[TASK_COMM_LEN];
};

struct kmcl_snapshot {
	enum kmcl_phase phase;
	struct kmcl_view_task transition;
	char bus[16];
	bool claimed;

	bool open;
	struct kmcl_view_ring in;
	struct kmcl_view_ring out;
	bool corrupt;
	unsigned int queued;
	unsigned int queued_most;
	unsigned int replies;
	unsigned int transactions;
	u64 full_ns;

	struct kmcl_view_task delivering;
	unsigned int outstanding;
	unsigned int outstanding_most;
	u32 quota;
	u32 budget;
	u32 time_ms;
	bool enabled;
	bool failed;
	bool starved;
	bool passive;

	unsigned int allocated;
	unsigned int packets;
	struct kmcl_view_packet packet[KMCL_VIEW_PACKETS];
	unsigned int gpadls;
	struct {
		u32 handle;
		u32 bytes;
		bool read_only;
	} gpadl[KMCL_VIEW_GPADLS];
};

void kmcl_snapshot_take(struct kmcl_channel *ch, struct kmcl_snapshot *s);
const char *kmcl_view_place_name(enum kmcl_view_place place);
const char *kmcl_view_phase_name(enum kmcl_phase phase);

static inline unsigned int kmcl_view_age_ms(const struct kmcl_view_packet *packet)
{
	return jiffies_to_msecs(jiffies - packet->since);
}

#endif
