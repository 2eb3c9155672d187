#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=400
# Client channels of kmcl.ko on the test bus: every suite of kmcl_test.ko, or those named as
# arguments. The misuse suite announces the warnings that it provokes.
set -euo pipefail
# shellcheck source=peers_log.bash
. "$(dirname "$0")/peers_log.bash"

debugfs=/sys/kernel/debug
dir=$debugfs/kmcl-test

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 4
fi
[ -d $debugfs/kmcl ] || [ -e $debugfs/tracing ] || mount -t debugfs debugfs $debugfs
if ! modinfo kmcl_test >/dev/null 2>&1; then
	echo "1..0 # SKIP no module kmcl_test"
	exit 4
fi
# What `make test COUNTS=full` says: as often as the project's claims.
counts=()
[ "$(cat /kmcl/counts 2>/dev/null)" != full ] || counts=(storms=10000 disables=1000 offers=10000)
modprobe kmcl_test "${counts[@]}"
# What was saved waits for the test that restores it, however slow this machine is.
echo 3600 >/sys/module/kmcl/parameters/restore_seconds

suites=("$@")
if [ $# = 0 ]; then
	suites=(lifecycle rescind pause arguments packet send room receive quota malformed
		synchronous pipe external gpadl interface stress local server
		local-packet local-memory pending storm hostile pnp wdf save restore counters misuse)
fi

failed=0
result() {
	if [ "$1" = 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		failed=1
	fi
}

echo "KTAP version 1"
echo "1..$((2 * ${#suites[@]} + 2))"
n=0
for suite in "${suites[@]}"; do
	before=$(cat $debugfs/kmcl/objects)
	# The external data of so many packets is not ready at once.
	[ "$suite" != pending ] || echo 5 >$debugfs/kmcl/pend_external
	output=$(cat "$dir/$suite")
	while IFS= read -r line; do
		echo "    $line"
	done <<<"$output"
	bad=0
	if [ -z "$output" ] || grep -q '^not ok' <<<"$output"; then bad=1; fi
	result $bad "$((n += 1)) $suite"
	# What was made is gone: channels, packets, requests. The last to have a channel may be a worker.
	for ((tries = 0; tries < 600; tries++)); do
		after=$(cat $debugfs/kmcl/objects)
		[ "$before" != "$after" ] || break
		sleep 0.1
	done
	bad=0
	if [ "$before" != "$after" ]; then
		bad=1
		diff <(echo "$before") <(echo "$after") | sed 's/^/# /'
	fi
	result $bad "$((n += 1)) $suite leaves no object behind"
done
bad=0
few_lines_about_peers || bad=1
result $bad "$((n += 1)) at most 10 lines a minute about peers"
bad=0
# Not modprobe -r, which would take hv_vmbus along.
for module in kmcl_test kmcl_testbus kmcl_hyperv kmcl; do
	[ ! -d /sys/module/$module ] || rmmod $module || bad=1
done
result $bad "$((n += 1)) the test modules unload"
exit $failed
