#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=600
# Rescinds at every stage, and new offers.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run rescind
