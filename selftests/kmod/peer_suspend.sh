#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=180 cmdline=slub_debug=F,kmalloc-* kernel=6.1
# A channel that is open while the guest sleeps: suspend to idle leaves it alone, hibernation closes it, and it opens
# again. Devices are put to sleep and woken (pm_test), or the guest finds no place for its image and goes on: nothing
# has to wake a machine that sleeps. Kernels without pm_test can show only the second.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash

status=0
number=0
power=/sys/power

# sleep_as STATE [LEVEL of pm_test]. What the console has not written when its device sleeps would be waited for for
# ever: so it writes all that there is first, and gets what the kernel says meanwhile afterwards.
sleep_as() {
	stty -F /dev/hvc0 -echo
	dmesg -c >/dev/null
	dmesg -n 1
	[ $# -lt 2 ] || echo "$2" >$power/pm_test
	if echo "$1" >$power/state; then
		echo "# $*: slept"
	else
		echo "# $*: went on"
	fi
	[ $# -lt 2 ] || echo none >$power/pm_test
	dmesg
	dmesg -n 8
}

suite() {
	number=$((number + 1))
	peer_nested "$number" "$1" || status=1
}

peer_load || exit 1
[ -e $power/pm_test ] && echo "1..6" || echo "1..3"
suite sleep-open
if [ -e $power/pm_test ]; then
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	sleep_as freeze devices
	suite sleep-untouched
	echo s2idle >$power/mem_sleep
	sleep_as mem devices
	suite sleep-untouched
	sleep_as disk platform
	suite sleep-closed
fi
sleep_as disk
suite sleep-closed
suite sleep-end
rmmod peer_test || status=1
exit $status
