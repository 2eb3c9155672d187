#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091  # what is sourced is checked by itself
# vm: any timeout=200 kernel=6.1-debug cmdline=kmemleak=off
# Every allocation of the calls that open, close, share memory, ask, save and restore fails once.
set -uo pipefail
cd "$(dirname "$0")" && . ./faults.bash

exec ./kmcl.sh faults
