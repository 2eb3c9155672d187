#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=100 kernel=6.1-kcsan
# KCSAN tells of a race in a module of ours. If it did not, what it does not tell would mean nothing.
set -uo pipefail
echo "expect-warning: KCSAN: data-race in race_on_purpose"
cd "$(dirname "$0")" && exec ./kmcl.sh race
