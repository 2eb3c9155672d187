#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # dynmem.bash is checked by itself
# vm: hyperv timeout=200
# The device goes away under the sample and comes back, as the host or a user in sysfs has it.
set -uo pipefail
cd "$(dirname "$0")" && . ./dynmem.bash

rounds=20

unbind_bind() {
	local i worst=0

	for ((i = 0; i < rounds; i++)); do
		within 10 counter_is state running || return
		# Not always right after the negotiation: reports are to be on their way, too.
		sleep 0.$((i % 4 * 3))
		timed to_driver unbind "$kmcl_driver" || return
		[ "$milliseconds" -le "$worst" ] || worst=$milliseconds
		within 2 counter_is state waiting || return
		to_driver bind "$kmcl_driver" || return
	done
	echo "# slowest of $rounds unbinds: $worst ms"
	within 10 counter_is state running && [ "$worst" -lt "$second" ]
}

# While the version is being negotiated.
unbind_early() {
	local i

	for ((i = 0; i < rounds; i++)); do
		to_driver unbind "$kmcl_driver" && to_driver bind "$kmcl_driver" || return
	done
	within 10 counter_is state running
}

reports_go_on() {
	local before

	before=$(counter status_reports)
	within 10 another_report $((before + 1))
	echo "# status reports: $before, then $(counter status_reports)"
	another_report $((before + 1))
}

some_given() {
	[ "$(counter pages_ballooned)" -gt 0 ]
}

another_report() {
	[ "$(counter status_reports)" -gt "$1" ]
}

# With the guest stopped, because QEMU 10.0 aborts when it is asked while a message of the guest lies unread in the
# ring. It starts to act 50 s after the negotiation.
balloon() {
	host stopped-qmp balloon "{\"value\": $1}" >/dev/null && within 70 some_given
}

all_back() {
	counter_is pages_ballooned 0 && counter_is pages_held 0 && counter_is blocks 0
}

host_counts_all() {
	grep -q "\"actual\": $1\b" <<<"$(host qmp query-balloon)"
}

# The order in which the channel went through its phases, by the library's own trace.
phases() {
	local trace=/sys/kernel/tracing

	echo >$trace/trace
	echo 1 >$trace/events/kmcl/kmcl_phase/enable
	to_driver unbind "$kmcl_driver"
	within 2 counter_is state waiting
	echo 0 >$trace/events/kmcl/kmcl_phase/enable
	sed -n 's/.*phase=//p' $trace/trace | tr '[:upper:]\n' '[:lower:] '
}

closed_in_order() {
	local seen

	seen=$(phases)
	echo "# phases after unbind: $seen"
	[[ "$seen" == closing\ disabled* ]]
}

need_device
plan 11

modprobe dynmem
expect "loaded, bound and running" within 10 counter_is state running
expect "unbind and bind $rounds times, each unbind within 1 s, running again each time" unbind_bind
expect "unbind and bind $rounds times during the negotiation" unbind_early
expect "status reports go on" reports_go_on
expect "the channel closes and is Disabled" closed_in_order
to_driver bind "$kmcl_driver"
expect "bound again, running" within 10 counter_is state running
if [ -e /dev/kmcl-host ]; then
	memory=$(host qmp query-balloon | tr -dc 0-9)
	expect "the host takes memory" balloon $((memory * 3 / 4))
	expect_within_a_second "unbind while the host takes memory" to_driver unbind "$kmcl_driver"
	expect "every page is back" within 1 all_back
	expect "the host counts all memory as the guest's" host_counts_all "$memory"
	to_driver bind "$kmcl_driver"
	expect "bound again, running" within 10 counter_is state running
else
	for _ in 1 2 3 4 5; do
		test_number=$((test_number + 1))
		echo "ok $test_number # SKIP nobody to ask for memory"
	done
fi
unload
finish
