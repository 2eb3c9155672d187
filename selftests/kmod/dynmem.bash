# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the dynmem_*.sh tests.
# shellcheck shell=bash disable=SC1091
. ./expect.bash

class_id=525074dc-8985-46e2-8057-a307dc18a502
# shellcheck disable=SC2034  # the tests use it
kmcl_driver=kmcl-$class_id
drivers=/sys/bus/vmbus/drivers
parameters=/sys/module/dynmem/parameters

# The device of the class; the first, should there be several.
find_device() {
	local path

	for path in /sys/bus/vmbus/devices/*; do
		[ "$(cat "$path/class_id" 2>/dev/null)" = "{$class_id}" ] && break
		path=
	done
	device=${path##*/}
	device_path=/sys/bus/vmbus/devices/$device
	[ -n "$device" ]
}

driver_of_device() {
	[ ! -L "$device_path/driver" ] || basename "$(readlink "$device_path/driver")"
}

# These tests bind and unbind the device, so it must not be somebody's. Only in the harness's guest may they take
# it from hv_balloon, which cannot be unloaded.
need_device() {
	local holder

	modinfo dynmem >/dev/null 2>&1 || skip_all "no module dynmem"
	# In the harness's guest there is one: hv_vmbus takes its offer in a worker.
	find_device || { [ -e /dev/kmcl-host ] && within 20 find_device; } || skip_all "no Dynamic Memory device"
	holder=$(driver_of_device)
	[ -z "$holder" ] || [ -e /dev/kmcl-host ] || skip_all "the Dynamic Memory device belongs to $holder"
	[ -z "$holder" ] || echo "$device" >"$drivers/$holder/unbind"
	unload
	echo >"$device_path/driver_override"
}

counter() {
	cat "$parameters/$1" 2>/dev/null
}

# counter_is NAME VALUE
counter_is() {
	[ "$(counter "$1")" = "$2" ] || {
		echo "# $1 is '$(counter "$1")', not '$2'"
		return 1
	}
}

to_driver() {
	echo "$device" >"$drivers/$2/$1"
}

# Not by modprobe -r, which takes hv_vmbus along when nothing needs it any more; 6.12's does not survive that.
unload() {
	local module

	for module in dynmem kmcl_hyperv kmcl; do
		! loaded $module || rmmod $module
	done
}
