#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091  # what is sourced is checked by itself
# vm: peer timeout=300 cmdline=slub_debug=F,kmalloc-*
# Rescinds at every stage, again and again; no task stays blocked and no slab cache grows with them.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash && . ./slabs.bash

# peer_load knows it by now.
rescinds() {
	cat /sys/module/peer_test/parameters/rescinds
}

# What a leak of one object a rescind would add, at whichever stage.
no_leak_soon() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		no_leak "$before" "$count" && return 0
		sleep 1
	done
	return 1
}

before=$(mktemp)
status=0
# shellcheck disable=SC2046 # several words
peer_load $(peer_counts) || exit 1
count=$(rescinds)
# Each stage once: what is allocated the first time stays.
echo 1 >/sys/module/peer_test/parameters/rescinds
cat "$peer_suites/rescind" >/dev/null
echo "$count" >/sys/module/peer_test/parameters/rescinds
settle
slabs >"$before"
peer_suite rescind || status=1
blocked || status=1
no_leak_soon || status=1
rmmod peer_test || status=1
rm "$before" "$before.after"
exit $status
