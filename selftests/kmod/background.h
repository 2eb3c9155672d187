/* SPDX-License-Identifier: GPL-2.0-only */
/* A call that blocks, in a thread of its own. */
#ifndef KMCL_TEST_BACKGROUND_H
#define KMCL_TEST_BACKGROUND_H

#include <linux/completion.h>

struct client;

struct background {
	struct client *c;
	void (*run)(struct client *c);
	struct completion done;
};

void background_start(struct background *b, struct client *c, void (*run)(struct client *c));
bool background_ends(struct background *b, unsigned int ms);

#endif
