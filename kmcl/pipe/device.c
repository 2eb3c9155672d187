// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices of pipes: /dev/kmcl/TYPE/INSTANCE, for root only.
 *
 * The name has an exclamation mark where the path has a slash; devtmpfs makes one of the other.
 */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "pipe.h"

#define PIPES_MAX	65536u

static struct class pipe_class = { .name = "kmcl-pipe" };
static dev_t first_number;
static DEFINE_IDA(minors);

/* The server's library frames for it, or the server frames by itself: then headers count. */
static u32 max_message(const struct kmcl_config *config)
{
	u32 header = sizeof(struct kmcl_pipe_header);

	if (config->flags & VMBUS_CHANNEL_INIT_FLAG_IS_PIPE)
		return config->max_packet;
	return config->max_packet > header ? config->max_packet - header : 0;
}

bool kmcl_pipe_is_wanted(const struct kmcl_channel *server)
{
	return server->config.server_flags &
	       (VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE |
		VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE);
}

static void release(struct device *dev)
{
	struct kmcl_pipe *pipe = container_of(dev, struct kmcl_pipe, dev);

	ida_free(&minors, MINOR(dev->devt));
	kfree(pipe);
}

static int add(struct kmcl_pipe *pipe)
{
	int err = dev_set_name(&pipe->dev, "kmcl!%pUl!%pUl", &pipe->type, &pipe->instance);

	if (err)
		return err;
	cdev_init(&pipe->cdev, &kmcl_pipe_fops);
	pipe->cdev.owner = THIS_MODULE;
	return cdev_device_add(&pipe->cdev, &pipe->dev);
}

/**
 * kmcl_pipe_create() - show an offered server to programs
 * @server: enabled, with its interface id
 *
 * Return: the device; NULL without memory or numbers.
 */
struct kmcl_pipe *kmcl_pipe_create(const struct kmcl_channel *server)
{
	struct kmcl_pipe *pipe = kzalloc(sizeof(*pipe), GFP_KERNEL);
	int minor;

	if (!pipe)
		return NULL;
	minor = ida_alloc_max(&minors, PIPES_MAX - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(pipe);
		return NULL;
	}
	pipe->type = server->config.type;
	pipe->instance = server->config.instance;
	pipe->max_message = max_message(&server->config);
	device_initialize(&pipe->dev);
	pipe->dev.class = &pipe_class;
	pipe->dev.devt = MKDEV(MAJOR(first_number), minor);
	pipe->dev.release = release;
	if (add(pipe)) {
		put_device(&pipe->dev);
		return NULL;
	}
	return pipe;
}

/* Nobody can open it any more; files that are open keep the memory. */
void kmcl_pipe_remove(struct kmcl_pipe *pipe)
{
	WRITE_ONCE(pipe->gone, true);
	cdev_device_del(&pipe->cdev, &pipe->dev);
	put_device(&pipe->dev);
}

int kmcl_pipe_init(void)
{
	int err = alloc_chrdev_region(&first_number, 0, PIPES_MAX, "kmcl-pipe");

	if (err)
		return err;
	err = class_register(&pipe_class);
	if (err)
		unregister_chrdev_region(first_number, PIPES_MAX);
	return err;
}

void kmcl_pipe_exit(void)
{
	class_unregister(&pipe_class);
	unregister_chrdev_region(first_number, PIPES_MAX);
	ida_destroy(&minors);
}
