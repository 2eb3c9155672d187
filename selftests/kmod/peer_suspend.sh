#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer demand timeout=180 cmdline=slub_debug=F,kmalloc-*
# A channel that is open while the guest sleeps: suspend to idle leaves it alone, hibernation closes it, and it opens
# again. Devices are put to sleep and woken (pm_test), or the guest finds no place for its image and goes on: nothing
# has to wake a machine that sleeps. And a channel that does not close keeps the guest awake.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash

status=0
number=0
power=/sys/power

# sleep_as STATE [LEVEL of pm_test]; leaves in log what the kernel said meanwhile.
sleep_as() {
	dmesg -c
	[ $# -lt 2 ] || echo "$2" >$power/pm_test
	if echo "$1" >$power/state; then
		echo "# $*: slept"
	else
		echo "# $*: went on"
	fi
	[ $# -lt 2 ] || echo none >$power/pm_test
	log=$(dmesg -c)
	echo "$log"
}

suite() {
	number=$((number + 1))
	peer_nested "$number" "$1" || status=1
}

# The driver gets ten seconds to close its channel.
refused() {
	local result=ok

	sleep_as disk
	number=$((number + 1))
	grep -q 'the channel does not close: no hibernation' <<<"$log" || result="not ok" status=1
	echo "$result $number a channel that does not close keeps the guest awake"
}

sleep_and_wake() {
	echo "1..10"
	suite sleep-open
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	sleep_as freeze devices
	suite sleep-untouched
	echo s2idle >$power/mem_sleep
	sleep_as mem devices
	suite sleep-untouched
	sleep_as disk platform
	suite sleep-closed
	sleep_as disk
	suite sleep-closed
	suite sleep-slow
	refused
	refused
	suite sleep-refused
	suite sleep-end
	dmesg -c
}

[ -e $power/pm_test ] || {
	echo "1..0 # SKIP the kernel has no CONFIG_PM_DEBUG"
	exit 4
}
peer_load || exit 1
# Who writes to the console while its device sleeps may wait for ever: what there is goes out before, the rest
# afterwards.
dmesg -n 1
stty -F /dev/hvc0 -echo
dmesg -c >/dev/null
output=$(mktemp)
sleep_and_wake >"$output" 2>&1
cat "$output"
dmesg -n 8
rmmod peer_test || status=1
rm "$output"
exit $status
