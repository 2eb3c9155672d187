/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes for programs: a server channel offered with OFFER_AS_PIPE or ENUMERATE_DEVICE_INTERFACE is
 * a character device, and a program that opens it is the client of that offer.
 *
 * A device exists from the server's enable to its disable. An open file has a client channel of
 * its own in pipe mode, made with the library's API like any driver's, and outlives the device:
 * what has arrived can still be read, then it is at its end.
 */
#ifndef KMCL_PIPE_H
#define KMCL_PIPE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/types.h>

#include "../channel.h"

/* Made for a server, gone when neither the server nor an open file needs it. */
struct kmcl_pipe {
	struct device dev;
	struct cdev cdev;
	GUID type;
	GUID instance;
	u32 max_message;
	bool gone;
};

/* device.c */
int kmcl_pipe_init(void);
void kmcl_pipe_exit(void);
bool kmcl_pipe_is_wanted(const struct kmcl_channel *server);
struct kmcl_pipe *kmcl_pipe_create(const struct kmcl_channel *server);
void kmcl_pipe_remove(struct kmcl_pipe *pipe);

/* file.c */
extern const struct file_operations kmcl_pipe_fops;

/*
 * fifo.c: messages that wait for a reader, in memory that is allocated once. One context puts, one
 * other takes; each of the two serialises itself.
 */
struct kmcl_fifo {
	u8 *data;
	u32 size;		/* a power of two */
	u32 reserve;		/* bytes that only the last message may use */
	u32 in;			/* both count on without end */
	u32 out;
};

int kmcl_fifo_init(struct kmcl_fifo *fifo, u32 max_message);
void kmcl_fifo_destroy(struct kmcl_fifo *fifo);
bool kmcl_fifo_put(struct kmcl_fifo *fifo, const void *data, u32 length, bool last);
bool kmcl_fifo_is_empty(const struct kmcl_fifo *fifo);
int kmcl_fifo_next(const struct kmcl_fifo *fifo);
int kmcl_fifo_read(const struct kmcl_fifo *fifo, void __user *to);
void kmcl_fifo_drop(struct kmcl_fifo *fifo);

#endif
