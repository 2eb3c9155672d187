#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # what is sourced is checked by itself
# vm: any demand timeout=900
# Loads and unloads all modules, 100 times (or COUNTS="reloads=10") while nothing happens, and a fifth of that, since
# everything is busy then, with channels open, packets out, callbacks running, and a pipe in the hands of a program.
set -uo pipefail
cd "$(dirname "$0")" && . ./expect.bash

times=$(sed -n 's/.*reloads=\([0-9]*\).*/\1/p' /kmcl/counts 2>/dev/null)
times=${times:-100}
busy=$(((times + 4) / 5))
folder=/lib/modules/$(uname -r)/updates
parameters=/sys/module/watched/parameters
pipe=/dev/kmcl/70697065-7465-7374-9c54-010203040506/70697065-7465-7374-9c54-010203040507

# Ours that are loaded, the last one first; with an argument, those that so many use.
ours() {
	local name users

	while read -r name _ users _; do
		[ ! -e "$folder/$name.ko" ] || [ "$users" != "${1:-$users}" ] || echo "$name"
	done </proc/modules
}

wants_vmbus() {
	modprobe --show-depends "$1" | grep -q '/hv_vmbus\.ko'
}

# Not the one that runs its tests when it is loaded, nor the one that takes the place of vdisk_vsp.
candidates() {
	basename -s .ko -a "$folder"/*.ko | grep -vx -e nt_test -e vdisk_hostile
}

# Those go that nobody uses. A driver uses its bus, too, if that came later; and the kernel itself uses a disk while it
# looks for partitions.
nobody_is_idle() {
	local idle

	mapfile -t idle < <(ours 0)
	[ ${#idle[@]} -eq 0 ] || rmmod "${idle[@]}" 2>/dev/null
	[ -z "$(ours 0)" ]
}

nobody_is_left() {
	nobody_is_idle && [ -z "$(ours)" ]
}

unload() {
	within 60 nobody_is_left
}

# All that can be loaded here, in the order in which insmod can do it; then none.
learn() {
	local module

	for module in $(candidates); do
		modprobe -q "$module" || { [ ! -d /sys/bus/vmbus/devices ] && wants_vmbus "$module"; } || {
			echo "# $module does not load"
			return 1
		}
	done
	mapfile -t modules < <(ours | tac)
	unload
}

# load PACKETS: that kmcl_soak sends
load() {
	local module

	for module in "${modules[@]}"; do
		case $module in
		kmcl_soak) insmod "$folder/$module.ko" "packets=$1" ;;
		*) insmod "$folder/$module.ko" ;;
		esac || return
	done
}

idle_reload() {
	load 0 && unload
}

flows() {
	[ "$(sed -n 's/^received //p' /sys/module/kmcl_soak/parameters/state)" -gt 1000 ]
}

# Requests that the server has not answered yet.
packets_out() {
	echo 100 >$parameters/hold && echo 100 >$parameters/send && within 20 grep -qx 'kept 100' $parameters/state
}

open_pipe() {
	echo "offer 4" >/sys/module/pipe_server/parameters/command && exec 7<>$pipe
}

kmcl_stays() {
	! rmmod kmcl 2>/dev/null
}

# The file keeps kmcl.ko, and the bus of the tests.
busy_reload() {
	load 1000000000 && packets_out && open_pipe && within 20 flows && kmcl_stays &&
		within 60 nobody_is_idle && kmcl_stays || return
	exec 7>&-
	unload
}

# reloads TIMES FUNCTION
reloads() {
	local i

	for ((i = 0; i < $1; i++)); do
		"$2" || {
			echo "# reload $i"
			return 1
		}
	done
	echo "# $1 times ${#modules[@]} modules"
}

plan 3
expect "all modules load and unload" learn
expect "$times reloads of all modules" reloads "$times" idle_reload
expect "$busy reloads with channels open, packets out, callbacks running, a pipe open" reloads "$busy" busy_reload
finish
