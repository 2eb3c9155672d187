# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For nt*.sh: runs nt_test.ko and prints the KTAP that it left in the log.

# Since the test, nothing else writes lines of this form.
nt_log() {
	dmesg | sed -n '/nt_test: KTAP version 1/,$p'
}

# nt_run [module parameter...]: 0 if every test passed.
nt_run() {
	local lines

	modinfo nt_test >/dev/null 2>&1 || {
		echo "1..0 # SKIP nt_test.ko is not installed"
		exit 4
	}
	dmesg -c >/dev/null	# busybox knows no -C
	modprobe nt_test "$@" || return 1
	lines=$(nt_log)
	rmmod nt_test || return 1
	sed -n 's/^\(\[[^]]*\] \)\?nt_test: \(KTAP\|1\.\.\|ok\|not ok\|#\)/\2/p' <<<"$lines"
	! grep -q 'nt_test: not ok' <<<"$lines" && grep -q 'nt_test: ok' <<<"$lines"
}
