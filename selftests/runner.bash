#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs test programs and prints TAP as the kernel's kselftest/runner.sh does.
# usage: runner.bash COLLECTION PROGRAM...
set -uo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1

collection=$1
shift
timeout=45
[ ! -f settings ] || timeout=$(sed -n 's/^timeout=//p' settings)
number=0 failed=0

echo "TAP version 13"
echo "1..$#"
for program; do
	number=$((number + 1))
	title="selftests: $collection: $(basename "$program")"
	echo "# timeout set to $timeout"
	echo "# $title"
	(cd "$(dirname "$program")" && timeout --foreground "$timeout" "./$(basename "$program")" 2>&1) | sed 's/^/# /'
	status=${PIPESTATUS[0]}
	case $status in
	0) echo "ok $number $title" ;;
	4) echo "ok $number $title # SKIP" ;;
	124) echo "not ok $number $title # TIMEOUT $timeout seconds" && failed=1 ;;
	*) echo "not ok $number $title # exit=$status" && failed=1 ;;
	esac
done
exit $failed
