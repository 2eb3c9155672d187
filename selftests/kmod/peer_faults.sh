#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091  # what is sourced is checked by itself
# vm: peer timeout=300 kernel=6.1-debug cmdline=kmemleak=off
# faults.sh, on the real hv_vmbus.
set -uo pipefail
cd "$(dirname "$0")" && . ./faults.bash && . ./peer.bash

peer_run faults
