#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer demand timeout=240 cpus=1
# The suites in a guest with one processor.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run_all
