#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=200 kernel=6.1-debug cmdline=kmemleak=off
# Every allocation of the calls that open, close, share memory, ask, save and restore fails once. Without kmemleak,
# whose own allocations would be among them.
set -uo pipefail

for kind in failslab fail_page_alloc; do
	dir=/sys/kernel/debug/$kind
	if [ ! -d $dir ]; then
		echo "1..0 # SKIP this kernel has no $kind"
		exit 4
	fi
	# Also where the caller may sleep, which is nearly everywhere; and silently, since a trace is a complaint.
	echo 0 >$dir/ignore-gfp-wait
	echo 0 >$dir/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
cd "$(dirname "$0")" && exec ./kmcl.sh faults
