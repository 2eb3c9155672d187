#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=120 cmdline=slub_debug=F,kmalloc-*
# A driver with AddDevice, whose channels have their devices as parents.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run pnp
