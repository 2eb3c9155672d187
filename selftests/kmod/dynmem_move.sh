#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # dynmem.bash is checked by itself
# vm: hyperv
# Living with hv_balloon: nothing is taken by force, and the device can be moved there and back.
set -uo pipefail
cd "$(dirname "$0")" && . ./dynmem.bash

held_by() {
	[ "$(driver_of_device)" = "$1" ] || {
		echo "# the device belongs to '$(driver_of_device)', not to '$1'"
		return 1
	}
}

# The same steps as `driverctl --nosave -b vmbus set-override`, which is what the documentation names.
move() {
	if command -v driverctl >/dev/null; then
		if [ -n "$1" ]; then
			driverctl --nosave -b vmbus set-override "$device" "$1"
		else
			driverctl --nosave -b vmbus unset-override "$device"
		fi
		return
	fi
	echo "$1" >"$device_path/driver_override"
	[ ! -L "$device_path/driver" ] || echo "$device" >"$device_path/driver/unbind"
	echo "$device" >/sys/bus/vmbus/drivers_probe
}

hv_balloon_runs() {
	held_by hv_balloon && grep -q '^state.*Initialized' /sys/kernel/debug/hv-balloon
}

[ -e /dev/kmcl-host ] || skip_all "this test moves the device between drivers, which needs a guest of its own"
modinfo hv_balloon >/dev/null 2>&1 || skip_all "no module hv_balloon"
need_device
plan 9

if loaded hv_balloon; then
	to_driver bind hv_balloon
else
	modprobe hv_balloon
fi
expect "hv_balloon has the device and runs" within 10 hv_balloon_runs

modprobe dynmem
sleep 1
expect "dynmem is loaded and hv_balloon still has the device" held_by hv_balloon
expect "dynmem waits" within 10 counter_is state waiting

expect "move the device to dynmem" move "$kmcl_driver"
expect "dynmem has the device and runs" within 10 counter_is state running

expect "move it back" move ""
expect "hv_balloon has the device and runs" within 10 hv_balloon_runs
expect "dynmem waits again" within 2 counter_is state waiting

unload
expect "unloading dynmem leaves hv_balloon alone" hv_balloon_runs
# As found: tests that come later expect the device without a driver.
to_driver unbind hv_balloon
finish
