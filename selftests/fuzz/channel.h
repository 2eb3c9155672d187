/* SPDX-License-Identifier: GPL-2.0-only */
/* One channel, its driver and its peer, for one input after the other. */
#ifndef FUZZ_CHANNEL_H
#define FUZZ_CHANNEL_H

#include "driver.h"
#include "input.h"

extern struct host host;
extern struct driver driver;

/* Nothing is left of the last input. */
void channel_end(void);

#endif
