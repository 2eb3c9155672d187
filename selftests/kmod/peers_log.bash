# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests whose peers do everything wrong.
# shellcheck shell=bash

# What peers did wrong was told, and never more than ten lines in 60 seconds.
few_lines_about_peers() {
	dmesg | sed -n 's/^\[ *\([0-9.]*\)\] .*\(the channel has to be closed\|callbacks suppressed\).*/\1/p' | awk '
		{ at[NR] = $1 }
		NR > 10 && $1 - at[NR - 10] < 60 { bad = 1 }
		END { print "# " NR " lines about peers"; exit bad }'
}
