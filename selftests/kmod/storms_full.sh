#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # what is sourced is checked by itself
# vm: any demand timeout=1200
# What is too long for every day, when it is named: the storms of kmcl_test.ko as often as the project's claims say, and
# storms with a processor that goes and comes, and with memory scarce.
set -uo pipefail
cd "$(dirname "$0")" && . ./expect.bash

debugfs=/sys/kernel/debug
processor=/sys/devices/system/cpu/cpu1/online
objects=$debugfs/kmcl/objects

# storm LIMITS...: the suite with these parameters; its lines go into ours.
storm() {
	modprobe kmcl_test "$@" || return
	cat $debugfs/kmcl-test/storm >/tmp/storm
	sed 's/^/# /' /tmp/storm
	! grep -v ' 0$' $objects | sed 's/^/# left: /' | grep . && grep -q '^ok 10 ' /tmp/storm &&
		! grep -q '^not ok' /tmp/storm
}

# storm_while FUNCTION LIMITS...: the same, while the function is called over and over.
storm_while() {
	local meanwhile=$1 rounds=0 storm

	shift
	storm "$@" &
	storm=$!
	while kill -0 $storm 2>/dev/null; do
		$meanwhile || return
		rounds=$((rounds + 1))
	done
	echo "# $rounds rounds of $meanwhile"
	wait $storm && [ $rounds -gt 0 ]
}

plug() {
	echo 0 >$processor && sleep 0.1 && echo 1 >$processor && sleep 0.1
}

available() {
	awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo
}

# Memory until 64 MB are left; 32 of those in files of one page, and every other one of these goes again: what it
# leaves stands in pieces.
squeeze() {
	mkdir -p /tmp/squeeze
	mount -t tmpfs -o size=100% squeeze /tmp/squeeze || return
	dd if=/dev/zero of=/tmp/squeeze/most bs=1M count=$(($(available) - 64)) 2>/dev/null
	dd if=/dev/zero bs=1M count=32 2>/dev/null | split -b 4096 -a 3 - /tmp/squeeze/
	find /tmp/squeeze -name '??[bdfhjlnprtvxz]' -delete
	echo "# $(available) MB left"
}

squeezed_storm() {
	squeeze && storm "$@"
}

plan 3
expect "10,000 offers and rescinds, 1,000 rescinds in each state, 1,000 disables in each kind of work" \
	storm storms=10000 rescinds=1000 disables=1000 offers=10000
rmmod kmcl_test
if [ -w $processor ]; then
	expect "storms while a processor goes and comes" storm_while plug storms=3000 rescinds=300 disables=300
else
	result 0 "storms while a processor goes and comes # SKIP no processor can be unplugged here"
fi
rmmod kmcl_test
# 600 clients with their servers would need all of that memory.
expect "storms with memory scarce and in pieces" squeezed_storm storms=3000 rescinds=300 disables=300 \
	offers=500 clients=50
umount /tmp/squeeze
rmmod kmcl_test
finish
