#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # dynmem.bash is checked by itself
# vm: hyperv timeout=600 cmdline=slub_debug=F,kmalloc-*
# 200 times: load the sample, unload it. Nothing may be left behind.
#
# A slab that a processor allocates from counts as full in /proc/slabinfo. With debugging on there are no such slabs,
# so on that command line the kmalloc caches are counted exactly.
set -uo pipefail
cd "$(dirname "$0")" && . ./dynmem.bash

warm_up=20
cycles=200

objects=/sys/kernel/debug/kmcl/objects

# Most unload at some point of the negotiation; every tenth waits for its end.
cycle() {
	modprobe dynmem || return
	if [ $(($1 % 10)) -eq 0 ]; then
		within 10 counter_is state running || return
	elif [ $(($1 % 3)) -eq 0 ]; then
		sleep 0.0$(($1 % 7))
	fi
	rmmod dynmem
}

cycles() {
	local i

	for ((i = $1; i < $2; i++)); do
		cycle "$i" || {
			echo "# cycle $i failed"
			return 1
		}
	done
}

settle() {
	local file

	sleep 0.5
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for file in /sys/kernel/slab/*/shrink; do
		echo 1 >"$file" 2>/dev/null
	done
	sleep 0.2
}

# Free pages, those on the per-CPU lists included.
free_pages() {
	awk '$1 == "nr_free_pages" || $1 == "count:" { pages += $2 } END { print pages }' /proc/zoneinfo
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

# Caches that grew by an object a cycle or more.
grown_slabs() {
	awk -v cycles=$((cycles - warm_up)) '
		NR == FNR { before[$1] = $2; next }
		$2 - before[$1] >= cycles && $2 - before[$1] > $3 { print $1, before[$1] + 0, $2; grown = 1 }
		END { exit !grown }' "$1" "$2"
}

no_grown_slabs() {
	local grown

	! grown=$(grown_slabs "$@") || {
		echo "# grew: ${grown//$'\n'/; }"
		return 1
	}
}

# What is freed after a grace period, or when the kernel next looks, goes away soon. A leak never does.
no_leak() {
	settle
	slabs >"$1.after"
	no_grown_slabs "$1" "$1.after"
}

no_lost_pages() {
	echo "# free pages before and after $((cycles - warm_up)) cycles: $1, $2"
	[ $(($1 - $2)) -lt $((cycles - warm_up)) ]
}

no_objects() {
	! grep -v ' 0$' $objects | sed 's/^/# left: /' | grep .
}

same_names() {
	diff <(echo "$1") <(ls /sys/bus/vmbus/drivers /sys/bus/vmbus/devices) | sed 's/^/# /' | grep . && return 1
	return 0
}

need_device
modprobe kmcl_hyperv || skip_all "kmcl_hyperv does not load"
plan 6

before=$(mktemp -d)
names=$(ls /sys/bus/vmbus/drivers /sys/bus/vmbus/devices)
expect "warm up: load and unload $warm_up times" cycles 0 $warm_up
settle
slabs >"$before/slabs"
pages=$(free_pages)
expect "load and unload up to $cycles times" timed cycles $warm_up $cycles
echo "# $((milliseconds / (cycles - warm_up))) ms a cycle"
expect "no slab cache grew with the cycles" within 20 no_leak "$before/slabs"
expect "no page was lost" no_lost_pages "$pages" "$(free_pages)"
expect "no channel, packet or request is left" no_objects
expect "drivers and devices of the bus are what they were" same_names "$names"
rm -r "$before"
unload
finish
