# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests that look for leaks in /proc/slabinfo.
# shellcheck shell=bash
#
# A slab that a processor allocates from counts as full there. With debugging on there are no such slabs, so with
# slub_debug=F,kmalloc-* on the kernel's command line the kmalloc caches are counted exactly.

# Let what is freed late be freed.
settle() {
	local file

	sleep 0.5
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for file in /sys/kernel/slab/*/shrink; do
		echo 1 >"$file" 2>/dev/null
	done
	# Each of these files cost an object of kmalloc-96, which kfree_rcu() holds back for 5 s.
	sleep 8
}

# Name, objects, and how far that number can be off.
slabs() {
	local debug=0 processors

	grep -q 'slub_debug=F,kmalloc-' /proc/cmdline && debug=1
	processors=$(grep -c ^processor /proc/cpuinfo)
	awk -v debug=$debug -v processors="$processors" 'NR > 2 {
		print $1, $2, debug && /^kmalloc-/ ? 0 : $5 * processors
	}' /proc/slabinfo
}

# grown_slabs FILE AFTER CYCLES: the caches that grew by an object a cycle or more. The rest of the kernel uses those
# that are not counted exactly, too: what it takes and gives is some dozens.
grown_slabs() {
	awk -v cycles="$3" '
		NR == FNR { before[$1] = $2; next }
		{ least = $3 && cycles < 100 ? 100 : cycles }
		$2 - before[$1] >= least && $2 - before[$1] > $3 { print $1, before[$1] + 0, $2; grown = 1 }
		END { exit !grown }' "$1" "$2"
}

# no_leak FILE CYCLES: whether no cache has grown since slabs >FILE. What is freed after a grace period, or when the
# kernel next looks, goes away soon; a leak never does. So ask again for a while.
no_leak() {
	local grown

	settle
	slabs >"$1.after"
	! grown=$(grown_slabs "$1" "$1.after" "$2") || {
		echo "# grew: ${grown//$'\n'/; }"
		return 1
	}
}
