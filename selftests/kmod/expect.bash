# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests that are written in shell: test points, and waiting for what has to come.
# shellcheck shell=bash

test_number=0
test_failures=0
second=${KMCL_SECOND:-1000}	# of the harness, which knows how busy the machine is

plan() {
	echo "TAP version 13"
	echo "1..$1"
}

skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

# result STATUS NAME
result() {
	test_number=$((test_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $test_number $2"
	else
		echo "not ok $test_number $2"
		test_failures=$((test_failures + 1))
	fi
}

# expect NAME COMMAND...: one test point, passed if the command succeeds.
expect() {
	local name=$1 status=0

	shift
	"$@" || status=1
	result "$status" "$name"
}

finish() {
	[ "$test_failures" -eq 0 ]
	exit
}

# within SECONDS COMMAND...: tries until it succeeds. The seconds are of a machine that is as slow as this one.
within() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * second * 1000))

	shift
	until "$@" >/dev/null; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || {
			"$@"
			return 1
		}
		sleep 0.05
	done
}

# timed COMMAND...: runs it; its time in milliseconds is then in $milliseconds.
timed() {
	local start=${EPOCHREALTIME/[.,]/} status=0

	"$@" || status=$?
	milliseconds=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
	return "$status"
}

# A test point of its own: the command and that it took less than a second.
expect_within_a_second() {
	local name=$1 status=0

	shift
	timed "$@" || status=1
	echo "# $name: $milliseconds ms"
	[ "$milliseconds" -lt "$second" ] || status=1
	result "$status" "$name, within 1 s"
}

loaded() {
	[ -d "/sys/module/$1" ]
}
