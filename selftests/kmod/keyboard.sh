#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: none input timeout=180
# samples/keyboard on the local bus, with the commands of samples/README.md: what its server types arrives in evtest.
set -uo pipefail

n=0 failed=0
check() {
	local what=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n $what"
	else
		echo "not ok $n $what"
		failed=1
	fi
}

modinfo keyboard_vsc >/dev/null 2>&1 || {
	echo "1..0 # SKIP no module keyboard_vsc"
	exit 4
}
command -v evtest >/dev/null || {
	echo "1..0 # SKIP no evtest"
	exit 4
}

events=/tmp/keyboard.events

# The device node of our keyboard, if it is there.
node() {
	local dir
	for dir in /sys/class/input/input*; do
		[ "$(cat "$dir/name" 2>/dev/null)" = "KMCL synthetic keyboard" ] || continue
		set -- "$dir"/event*
		[ -e "$1" ] || return 1
		echo "/dev/input/$(basename "$1")"
		return
	done
	return 1
}

has_node() {
	[ -c "$(node)" ]
}

has_no_node() {
	! node >/dev/null
}

# Against a hang only.
soon() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

log_has() {
	grep -q "$1" <<<"$(dmesg)"
}

# What evtest saw of keys: one "NAME value" a line of it.
keys() {
	sed -n 's/.*(EV_KEY), code [0-9]* (\([A-Z0-9_]*\)), value \([0-9]*\).*/\1 \2/p' "$events" | tr '\n' ';'
}

have_keys() {
	[ "$(keys)" = "$1" ] || return 1
}

# That key may go up with the device before evtest loses it.
ended_with_a_key_down() {
	have_keys "$1KEY_A 1;" || have_keys "$1KEY_A 1;KEY_A 0;"
}

is_listening() {
	grep -q '^Testing' "$events"
}

counts_channels() {
	grep -q '^channels [1-9]' <<<"$(cat /sys/kernel/debug/kmcl/objects)"
}

has_events() {
	[ -n "$(cat /sys/kernel/debug/kmcl/events)" ]
}

# pool_has TAG BLOCKS BYTES ALLOCATIONS
pool_has() {
	grep -qx "$*" <<<"$(cat /sys/kernel/debug/kmcl/pool)"
}

traced() {
	grep -q "$1" <<<"$(cat /sys/kernel/tracing/trace)"
}

echo "KTAP version 1"
echo "1..19"
modprobe evdev
modprobe kmcl
dmesg -c >/dev/null
[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
[ -e /sys/kernel/debug/kmcl ] || mount -t debugfs debugfs /sys/kernel/debug
echo 1 >/sys/kernel/tracing/events/kmcl/enable
check "the alias is that of the class" \
	grep -q '^vmbus:6dad12f9172bea48bd65f927a61c7684' <<<"$(modinfo -F alias keyboard_vsc)"
check "the driver loads without a device" modprobe keyboard_vsc
check "no device, no keyboard" has_no_node
check "a server types nothing before it is there" eval '! modprobe keyboard_vsp scancodes=1e 2>/dev/null'
check "the server loads" modprobe keyboard_vsp
check "an input device appears" soon has_node
check "the protocol is accepted" soon log_has 'keyboard: Synthetic Keyboard: protocol accepted'
check "debugfs counts channels" counts_channels
check "debugfs counts events" has_events
check "the pool tells what its tag has" soon pool_has VKbd 1 38 1
check "the trace has DbgPrint" soon traced 'kmcl_dbgprint.*protocol accepted'
evtest "$(node)" >"$events" 2>&1 &
reader=$!
check "evtest listens" soon is_listening
echo '23 a3 17 97' >/sys/module/keyboard_vsp/parameters/scancodes	# h, i
# The left Windows key and F12; 76 is no key.
echo 'e05b e0db 76 f6 58 d8' >/sys/module/keyboard_vsp/parameters/scancodes
typed='KEY_H 1;KEY_H 0;KEY_I 1;KEY_I 0;KEY_LEFTMETA 1;KEY_LEFTMETA 0;KEY_F12 1;KEY_F12 0;'
check "typed keys arrive in evtest, in order" soon have_keys "$typed"
echo 1e >/sys/module/keyboard_vsp/parameters/scancodes
check "a key is held" soon have_keys "${typed}KEY_A 1;"
check "the server unloads" rmmod keyboard_vsp
check "the keyboard goes" soon has_no_node
wait $reader
check "evtest has seen nothing else" ended_with_a_key_down "$typed"
check "and that it is free again" soon pool_has VKbd 0 0 1
check "the driver unloads" rmmod keyboard_vsc
echo 0 >/sys/kernel/tracing/events/kmcl/enable
exit $failed
