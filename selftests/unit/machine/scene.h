/* SPDX-License-Identifier: GPL-2.0-only */
/* What most tests begin and end with: one driver, one peer, and that nothing is left of them. */
#ifndef UNIT_SCENE_H
#define UNIT_SCENE_H

#include "driver.h"
#include "ktap.h"
#include "stats.h"

extern struct host host;
extern struct driver driver;

/* A client that is Disabled, and its device, which is not offered yet. */
void scene_client(void);
/* It is open. */
void scene_client_open(void);
/* A server that is enabled, with no client; active as soon as it has one. */
void scene_server(void);
void scene_server_open(void);

/* The end of all; the driver has made this many mistakes that it was told of. */
void scene_end_with(unsigned int warnings);
void scene_end(void);

/* What peers did wrong so far, of one kind. */
int scene_count(unsigned int kind);

#define CHECK_LOG(text) \
	do { \
		if (strcmp(driver.log, text)) \
			FAIL("callbacks: \"%s\", not \"%s\"", driver.log, text); \
	} while (0)

#endif
