// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open pipe: a client channel in pipe mode, read and written by a program.
 *
 * Received messages are copied into a store of fixed size. One that finds no room is kept, which
 * with a transaction quota of 1 stops delivery until the program has read; then the ring fills, and
 * the server's sends queue on its side. What is written and finds no room in the ring is bounded by
 * a number of packets. So neither end makes the other's memory grow.
 *
 * All waits are on the channel's own queue, which the library wakes when delivery fails.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/ioctls.h>

#include "pipe.h"

/* Packets that a program has written and that are not in the ring yet. */
#define UNSENT_MAX	16

struct pipe_file {
	struct kmcl_channel *ch;
	u32 max_message;
	struct mutex read_lock;		/* one thread takes from the store; held over page faults */

	spinlock_t lock;		/* covers putting into the store and all that follows */
	struct kmcl_fifo received;
	VMBPACKETCOMPLETION held;	/* waits for room in the store */
	void *held_data;
	u32 held_length;
	unsigned int unsent;
	bool opened;
	bool hung_up;
};

static struct pipe_file *file_of(VMBCHANNEL channel)
{
	return VmbChannelGetPointer(channel);
}

static void wake(struct pipe_file *p)
{
	wake_up_all(&p->ch->wait);
}

/* ---- callbacks ---- */

static NTSTATUS opened(VMBCHANNEL channel)
{
	WRITE_ONCE(file_of(channel)->opened, true);
	return STATUS_SUCCESS;
}

static VOID closed(VMBCHANNEL channel)
{
	struct pipe_file *p = file_of(channel);

	WRITE_ONCE(p->hung_up, true);
	wake(p);
}

static VOID process_packet(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer,
			   UINT32 length, UINT32 flags)
{
	struct pipe_file *p = file_of(channel);
	bool taken;

	spin_lock_bh(&p->lock);
	taken = kmcl_fifo_put(&p->received, buffer, length, false);
	if (!taken) {
		p->held = packet;
		p->held_data = buffer;
		p->held_length = length;
	}
	spin_unlock_bh(&p->lock);
	if (taken)
		VmbChannelPacketComplete(packet, NULL, 0);
	wake(p);
}

/* Move the message that waits into the store, if there is room, or use what is reserved for it. */
static void take_held(struct pipe_file *p, bool last)
{
	VMBPACKETCOMPLETION packet = NULL;

	spin_lock_bh(&p->lock);
	if (p->held && kmcl_fifo_put(&p->received, p->held_data, p->held_length, last)) {
		packet = p->held;
		p->held = NULL;
	}
	spin_unlock_bh(&p->lock);
	if (!packet)
		return;
	VmbChannelPacketComplete(packet, NULL, 0);
	/* Another reader may have seen the store empty in between. */
	wake(p);
}

static VOID suspend(VMBCHANNEL channel)
{
	take_held(file_of(channel), true);
}

static VOID sent(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	struct pipe_file *p = file_of(VmbPacketGetChannel(packet));

	VmbPacketFree(packet);
	spin_lock_bh(&p->lock);
	p->unsent--;
	spin_unlock_bh(&p->lock);
	wake(p);
}

/* ---- reading ---- */

static bool has_failed(struct pipe_file *p)
{
	return READ_ONCE(p->ch->rx.failed);
}

static bool is_readable(struct pipe_file *p)
{
	return !kmcl_fifo_is_empty(&p->received) || READ_ONCE(p->hung_up) || has_failed(p);
}

/* With nothing to read: why not. */
static int end_of(struct pipe_file *p)
{
	if (READ_ONCE(p->hung_up))
		return 0;
	return has_failed(p) ? -EIO : -EAGAIN;
}

static ssize_t take_message(struct pipe_file *p, char __user *to, size_t size)
{
	int end = end_of(p);	/* before the look at the store: what comes last counts */
	int length = kmcl_fifo_next(&p->received);
	int err;

	if (length < 0)
		return end;
	if (length > size)
		return -EMSGSIZE;
	err = kmcl_fifo_read(&p->received, to);
	if (err)
		return err;
	kmcl_fifo_drop(&p->received);
	take_held(p, false);
	return length;
}

static ssize_t pipe_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct pipe_file *p = file->private_data;
	ssize_t got;

	for (;;) {
		if (mutex_lock_interruptible(&p->read_lock))
			return -ERESTARTSYS;
		got = take_message(p, to, size);
		mutex_unlock(&p->read_lock);
		if (got != -EAGAIN || (file->f_flags & O_NONBLOCK))
			return got;
		if (wait_event_interruptible(p->ch->wait, is_readable(p)))
			return -ERESTARTSYS;
	}
}

/* ---- writing ---- */

static bool is_writable(struct pipe_file *p)
{
	return READ_ONCE(p->unsent) < UNSENT_MAX || READ_ONCE(p->hung_up);
}

static bool claim_place(struct pipe_file *p)
{
	bool mine;

	spin_lock_bh(&p->lock);
	mine = p->unsent < UNSENT_MAX;
	p->unsent += mine;
	spin_unlock_bh(&p->lock);
	return mine;
}

static int wait_for_place(struct pipe_file *p, bool may_wait)
{
	while (!READ_ONCE(p->hung_up)) {
		if (claim_place(p))
			return 0;
		if (!may_wait)
			return -EAGAIN;
		if (wait_event_interruptible(p->ch->wait, is_writable(p)))
			return -ERESTARTSYS;
	}
	return -EPIPE;
}

static void give_back_place(struct pipe_file *p)
{
	spin_lock_bh(&p->lock);
	p->unsent--;
	spin_unlock_bh(&p->lock);
	wake(p);
}

static int send(struct pipe_file *p, void *message, u32 length)
{
	VMBPACKET packet = VmbPacketAllocate(kmcl_channel_handle(p->ch));
	NTSTATUS status;

	if (!packet)
		return -ENOMEM;
	VmbPacketSetCompletionRoutine(packet, sent);
	status = VmbPacketSend(packet, length ? message : NULL, length, NULL, 0);
	if (NT_SUCCESS(status))
		return 0;
	VmbPacketFree(packet);
	return status == STATUS_INVALID_DEVICE_STATE ? -EPIPE : -EIO;
}

static ssize_t pipe_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	struct pipe_file *p = file->private_data;
	void *message;
	int err;

	if (size > p->max_message)
		return -EMSGSIZE;
	message = vmemdup_user(from, size);
	if (IS_ERR(message))
		return PTR_ERR(message);
	err = wait_for_place(p, !(file->f_flags & O_NONBLOCK));
	if (!err) {
		err = send(p, message, size);
		if (err)
			give_back_place(p);
	}
	kvfree(message);
	return err ?: size;
}

/* ---- the rest of a file's life ---- */

static __poll_t pipe_poll(struct file *file, poll_table *table)
{
	struct pipe_file *p = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &p->ch->wait, table);
	if (is_readable(p))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(p->hung_up))
		return events | EPOLLHUP;
	if (has_failed(p))
		events |= EPOLLERR;
	if (is_writable(p))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static long pipe_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct pipe_file *p = file->private_data;
	int length;

	if (command != FIONREAD)
		return -ENOTTY;
	if (mutex_lock_interruptible(&p->read_lock))
		return -ERESTARTSYS;
	length = kmcl_fifo_next(&p->received);
	mutex_unlock(&p->read_lock);
	return put_user(max(length, 0), (int __user *)argument);
}

static NTSTATUS configure(VMBCHANNEL channel, const struct kmcl_pipe *pipe)
{
	VMB_CHANNEL_STATE_CHANGE_CALLBACKS callbacks;

	VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(&callbacks);
	callbacks.EvtChannelOpened = opened;
	callbacks.EvtChannelSuspend = suspend;
	callbacks.EvtChannelClosed = closed;
	VmbChannelSetTransactionQuota(channel, 1);
	return VmbChannelInitSetStateChangeCallbacks(channel, &callbacks) ?:
	       VmbChannelInitSetProcessPacketCallbacks(channel, process_packet, NULL) ?:
	       VmbChannelInitSetFlags(channel, VMBUS_CHANNEL_INIT_FLAG_IS_PIPE) ?:
	       VmbChannelInitSetMaximumPacketSize(channel, pipe->max_message) ?:
	       VmbClientChannelInitSetTargetPnp(channel, &pipe->type, &pipe->instance, NULL);
}

static void free_file(struct pipe_file *p)
{
	kmcl_fifo_destroy(&p->received);
	kfree(p);
}

static struct pipe_file *new_file(const struct kmcl_pipe *pipe)
{
	struct pipe_file *p = kzalloc(sizeof(*p), GFP_KERNEL);
	VMBCHANNEL channel;

	if (!p)
		return NULL;
	p->max_message = pipe->max_message;
	mutex_init(&p->read_lock);
	spin_lock_init(&p->lock);
	/* As long as delivery lets a message be: lengths on the wire are rounded. */
	if (kmcl_fifo_init(&p->received, kmcl_round8(p->max_message)) ||
	    VmbChannelAllocate(NULL, FALSE, &channel)) {
		free_file(p);
		return NULL;
	}
	p->ch = kmcl_channel_from_handle(channel);
	VmbChannelSetPointer(channel, p);
	return p;
}

static void close_file(struct pipe_file *p)
{
	VMBCHANNEL channel = kmcl_channel_handle(p->ch);

	VmbChannelDisable(channel);
	VmbChannelCleanup(channel);
	free_file(p);
}

static int errno_of(NTSTATUS status)
{
	switch (status) {
	case STATUS_SUCCESS:
		return 0;
	case STATUS_INSUFFICIENT_RESOURCES:
		return -ENOMEM;
	case STATUS_DEVICE_REMOVED:
		return -ENXIO;
	case STATUS_INVALID_PARAMETER_2:
		return -EINVAL;		/* the server's packets are too short for a header */
	default:
		return -ECONNREFUSED;
	}
}

static int connect(struct pipe_file *p, const struct kmcl_pipe *pipe)
{
	VMBCHANNEL channel = kmcl_channel_handle(p->ch);
	int err = errno_of(configure(channel, pipe) ?: VmbChannelEnable(channel));

	/* A client whose offer is taken, or has just gone, would wait for it. */
	if (!err && !READ_ONCE(p->opened))
		err = READ_ONCE(pipe->gone) ? -ENXIO : -EBUSY;
	return err;
}

static int pipe_open(struct inode *inode, struct file *file)
{
	struct kmcl_pipe *pipe = container_of(inode->i_cdev, struct kmcl_pipe, cdev);
	struct pipe_file *p = new_file(pipe);
	int err;

	if (!p)
		return -ENOMEM;
	err = connect(p, pipe);
	if (err) {
		close_file(p);
		return err;
	}
	file->private_data = p;
	return stream_open(inode, file);
}

static int pipe_release(struct inode *inode, struct file *file)
{
	close_file(file->private_data);
	return 0;
}

const struct file_operations kmcl_pipe_fops = {
	.owner		= THIS_MODULE,
	.open		= pipe_open,
	.release	= pipe_release,
	.read		= pipe_read,
	.write		= pipe_write,
	.poll		= pipe_poll,
	.unlocked_ioctl	= pipe_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};
