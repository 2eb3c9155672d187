// SPDX-License-Identifier: GPL-2.0-only
#include "ends.h"

void ring_bell(struct doorbell *bell)
{
	bell->signals++;
	__atomic_store_n(&bell->rung, 1, __ATOMIC_RELEASE);
}

void wait_bell(struct doorbell *bell)
{
	do {
		while (!__atomic_load_n(&bell->rung, __ATOMIC_RELAXED))
			look_again();
		/* A full barrier: what is looked at next must not be older than the bell. */
	} while (!__atomic_exchange_n(&bell->rung, 0, __ATOMIC_SEQ_CST));
}
