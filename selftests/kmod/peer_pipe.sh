#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=120
# Pipe mode.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run pipe
