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

# watched COMMAND...: runs it; 0 if it left no slab cache larger than before.
watched() {
	settle
	slabs >"$before"
	"$@"
	no_leak "$before" "$count"
}

suite() {
	peer_suite rescind || status=1
}

# Its results do not count twice.
suite_again() {
	peer_suite rescind | sed 's/^/# /' || status=1
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
# A leak adds an object a rescind at the least, at some stage, and does so each time. What the rest of the kernel takes
# for itself meanwhile it does not take each time.
watched suite || watched suite_again || watched suite_again || status=1
blocked || status=1
rmmod peer_test || status=1
rm "$before" "$before.after"
exit $status
