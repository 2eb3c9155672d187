#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=240
# Malformed packets and ring indices.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run malformed
