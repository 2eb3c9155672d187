#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=300
# The NT subset, and what it leaves in the log.
set -uo pipefail
cd "$(dirname "$0")" && . ./nt.bash

in_log() {
	grep -qF -- "$1" <<<"$(dmesg)" || {
		echo "# not in the log: $1"
		return 1
	}
}

tracing=/sys/kernel/tracing
[ -e $tracing/events ] || mount -t tracefs tracefs $tracing
echo 1 >$tracing/events/kmcl/kmcl_dbgprint/enable 2>/dev/null || modprobe kmcl
echo 1 >$tracing/events/kmcl/kmcl_dbgprint/enable
nt_run misuse=0 || exit 1
grep -q 'kmcl_dbgprint: level=3 nt_test: message 5 feed' $tracing/trace || {
	echo "# not in the trace: message 5"
	exit 1
}
in_log 'nt_test: message 1 naïve wide too narrow 123456789abcdef 4294967295 ff' &&
	in_log 'nt_test: message 2 without a newline' &&
	in_log 'nt_test: message 4 a.text end' &&
	in_log 'nt_test: message 5 feed' &&
	in_log 'nt_test: message 8 x.[31m...�y end' &&
	in_log 'nt_test: message 9 (null) (null) (null)' &&
	in_log 'nt_test: message 10 x.[%n %n end' &&
	! in_log 'nt_test: never printed' >/dev/null
