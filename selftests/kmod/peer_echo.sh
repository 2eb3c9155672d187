#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=300 cmdline=slub_debug=F,kmalloc-*
# Echoes through rings of 4 pages, every byte checked.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run echo
