# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the peer_*.sh tests.
# shellcheck shell=bash

peer_suites=/sys/kernel/debug/kmcl-peer

# What `make test COUNTS=...` says: full, or parameters of the module.
peer_counts() {
	local counts

	counts=$(cat /kmcl/counts 2>/dev/null)
	[ "$counts" != full ] || counts="echoes=1000000 chains=10000 rescinds=100"
	echo "$counts"
}

# What has to be over within a second, in milliseconds. That is a claim to be checked where there is time
# (COUNTS=full); in a guest that may stand still for seconds it only tells what is slow from what hangs.
peer_limit() {
	if [ "$(cat /kmcl/counts 2>/dev/null)" = full ]; then
		echo 1000
	else
		cat /kmcl/second 2>/dev/null || echo 20000
	fi
}

# hv_vmbus takes its offers in a worker: the first test of a guest may be there before them.
peer_offered() {
	local _

	for _ in {1..120}; do
		grep -qs 7a7f10c6-4b5e-4d0e-9c54-4b4d434c5065 /sys/bus/vmbus/devices/*/class_id && return
		sleep 0.5
	done
	return 1
}

# peer_load [module parameter...]: leaves the test as skipped where it cannot run.
peer_load() {
	modinfo peer_test >/dev/null 2>&1 || {
		echo "1..0 # SKIP peer_test.ko is not installed"
		exit 4
	}
	[ -d /sys/module/local_peer ] || peer_offered || {
		echo "1..0 # SKIP the guest has no test peer"
		exit 4
	}
	modprobe peer_test "limit_ms=$(peer_limit)" "$@"
}

# peer_suite SUITE: runs a suite of the loaded module; 0 if every test passed.
peer_suite() {
	local output

	# Reading the file runs the suite, and seeking in it runs it again.
	output=$(cat "$peer_suites/$1")
	echo "$output"
	grep -q '^ok' <<<"$output" && ! grep -q '^not ok' <<<"$output"
}

# peer_run SUITE [module parameter...]: 0 if every test passed and nothing is left behind.
peer_run() {
	local suite=$1 status=0

	shift
	# shellcheck disable=SC2046 # several words
	peer_load $(peer_counts) "$@" || return 1
	peer_suite "$suite" || status=1
	blocked || status=1
	rmmod peer_test || status=1
	return "$status"
}

# Tasks in state D that stay there.
blocked() {
	local stat found line

	for _ in {1..60}; do
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

# peer_nested NUMBER SUITE: as peer_suite, as one result of several.
peer_nested() {
	local output result=ok status=0

	output=$(peer_suite "$2") || result="not ok" status=1
	echo "    ${output//$'\n'/$'\n'    }"
	echo "$result $1 $2"
	return "$status"
}

# All suites, each once, with small counts: for guests that differ from the others'.
peer_run_all() {
	local suites=(completion echo external gpadl incoming malformed pipe pnp properties rescind rings)
	local i status=0

	peer_load echoes=1800 chains=50 rescinds=2 || return 1
	echo "1..${#suites[@]}"
	for i in "${!suites[@]}"; do
		peer_nested $((i + 1)) "${suites[i]}" || status=1
	done
	blocked || status=1
	rmmod peer_test || status=1
	return "$status"
}
