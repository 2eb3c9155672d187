#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: hyperv
# The guest is what the other tests rely on: hv_vmbus at work, and the stock device offered.
balloon=525074dc-8985-46e2-8057-a307dc18a502

check() {
	n=$((n + 1))
	if "${@:2}"; then echo "ok $n $1"; else echo "not ok $n $1"; failed=1; fi
}

bus_is_bound() {
	grep -q 'hv_vmbus: Vmbus version:' <<<"$(dmesg)"
}

# hv_vmbus takes offers in a worker of its own.
offer_is_there() {
	local end=$((SECONDS + 60))

	until grep -qs "$balloon" /sys/bus/vmbus/devices/*/class_id; do
		[ "$SECONDS" -lt "$end" ] || return
		sleep 0.1
	done
}

host_answers() {
	[[ $(host qmp query-status) == *'"running": true'* ]]
}

n=0 failed=0
echo "KTAP version 1"
echo "1..3"
check "hv_vmbus speaks to its host" bus_is_bound
check "the dynamic memory device is offered" offer_is_there
check "the harness answers a question of the guest" host_answers
exit $failed
