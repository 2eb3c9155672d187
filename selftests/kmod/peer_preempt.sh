#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer demand timeout=240 cpus=4 cmdline=preempt=full
# The suites in a guest with four processors whose kernel can be preempted anywhere.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash
peer_run_all
