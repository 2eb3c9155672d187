#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=300
# The client tests of a real VMBus (peer_*.sh) on the local bus, with local_peer.ko as the peer.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash

suites=("$@")
[ $# -gt 0 ] || suites=(echo external gpadl incoming completion malformed rescind)
modinfo local_peer >/dev/null 2>&1 || {
	echo "1..0 # SKIP local_peer.ko is not installed"
	exit 4
}
failed=0
number=0

result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		failed=1
	fi
}

indent() {
	while IFS= read -r line; do
		echo "    $line"
	done
}

echo "KTAP version 1"
echo "1..$((${#suites[@]} + 1))"
modprobe local_peer
for suite in "${suites[@]}"; do
	peer_run "$suite" local=1 echoes=3000 chains=128 rescinds=10 | indent
	result $? "$suite on the local bus"
done
rmmod local_peer
result $? "the peer unloads"
exit $failed
