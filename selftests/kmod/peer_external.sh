#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=240 cmdline=slub_debug=F,kmalloc-*
# External data, checked from both sides.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run external
