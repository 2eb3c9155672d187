# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the peer_*.sh tests.
# shellcheck shell=bash

# peer_run SUITE [module parameter...]: 0 if every test passed and nothing is left behind.
peer_run() {
	local suite=$1 status=0 output

	shift
	modinfo peer_test >/dev/null 2>&1 || {
		echo "1..0 # SKIP peer_test.ko is not installed"
		exit 4
	}
	grep -qs 7a7f10c6-4b5e-4d0e-9c54-4b4d434c5065 /sys/bus/vmbus/devices/*/class_id || {
		echo "1..0 # SKIP the guest has no test peer"
		exit 4
	}
	modprobe peer_test "$@" || return 1
	# Reading the file runs the suite, and seeking in it runs it again.
	output=$(cat /sys/kernel/debug/kmcl-peer/"$suite")
	echo "$output"
	! grep -q '^not ok' <<<"$output" || status=1
	blocked || status=1
	rmmod peer_test || status=1
	return "$status"
}

# Tasks in state D that stay there.
blocked() {
	local stat found line

	for _ in 1 2 3 4 5; do
		found=
		for stat in /proc/[0-9]*/stat; do
			read -r line <"$stat" || continue
			[[ $line != *") D "* ]] || found+=" $line"
		done 2>/dev/null
		[ -n "$found" ] || return 0
		sleep 0.5
	done
	echo "# blocked:$found"
	return 1
}
