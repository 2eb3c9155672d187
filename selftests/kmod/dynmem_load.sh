#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # dynmem.bash is checked by itself
# vm: hyperv timeout=600 cmdline=slub_debug=F,kmalloc-*
# 200 times: load the sample, unload it. Nothing may be left behind.
set -uo pipefail
cd "$(dirname "$0")" && . ./dynmem.bash && . ./slabs.bash

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

# Free pages, those on the per-CPU lists included.
free_pages() {
	awk '$1 == "nr_free_pages" || $1 == "count:" { pages += $2 } END { print pages }' /proc/zoneinfo
}

no_lost_pages() {
	local now

	sync
	echo 3 >/proc/sys/vm/drop_caches
	now=$(free_pages)
	echo "# free pages before and after $((cycles - warm_up)) cycles: $1, $now"
	[ $(($1 - now)) -lt $((cycles - warm_up)) ]
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
expect "no slab cache grew with the cycles" within 20 no_leak "$before/slabs" $((cycles - warm_up))
expect "no page was lost" within 20 no_lost_pages "$pages"
expect "no channel, packet or request is left" within 20 no_objects
expect "drivers and devices of the bus are what they were" same_names "$names"
rm -r "$before"
unload
finish
