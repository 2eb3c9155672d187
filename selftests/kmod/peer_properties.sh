#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=120 cmdline=slub_debug=F,kmalloc-*
# What a channel is and has on hv_vmbus.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run properties
