# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests that let allocations fail, without kmemleak, whose own allocations would be among them.
# shellcheck shell=bash

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
