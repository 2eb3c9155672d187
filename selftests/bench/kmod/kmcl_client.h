/* SPDX-License-Identifier: GPL-2.0-only */
/* What KMCL drivers under comparison share: see kmcl_client.c. */
#ifndef KMCL_BENCH_CLIENT_H
#define KMCL_BENCH_CLIENT_H

#include <linux/bottom_half.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "bench.h"

/* Behind all Linux headers: see include/README.md. */
#include <ntddk.h>
#include <vmbuskernelmodeclientlibapi.h>

int bench_kmcl_make_packets(VMBCHANNEL client);
void bench_kmcl_free_packets(void);
int bench_kmcl_requests(struct bench_run *run);
int bench_kmcl_stream(struct bench_run *run, VMBCHANNEL from);
int bench_kmcl_flood(struct bench_run *run, VMBCHANNEL from);

#endif
