#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # vdisk.bash is checked by itself
# vm: any storage timeout=300
# What a host does to the vdisk under load: pause it, take it away, bring it back. No request is lost.
set -uo pipefail
cd "$(dirname "$0")" && . ./vdisk.bash

# While paused requests wait and the server sees none of them; then they are served.
pause_holds() {
	local before writer

	echo Y >"$vsp/paused" && is "$vsp/paused" Y || return
	before=$(cat "$vsp/writes")
	copy_to_disk "$(random_file 4)" 0 &
	writer=$!
	within 20 in_flight || return
	is "$vsp/writes" "$before" && in_flight && kill -0 "$writer" || return
	echo N >"$vsp/paused" && wait "$writer" && same_on_disk "$(random_file 4)" 0
}

# pauses PID: pauses and starts the server while a process lives; counts in $n.
pauses() {
	while kill -0 "$1" 2>/dev/null; do
		echo Y >"$vsp/paused" && echo N >"$vsp/paused" || return
		n=$((n + 1))
		sleep 0.02
	done
}

# Ten times at least.
pause_under_load() {
	local job n=0

	while [ $n -lt 10 ]; do
		verify pause --bsrange=4k-64k --size=16m &
		job=$!
		pauses "$job" && wait "$job" || return
		echo "# paused $n times"
	done
}

busy() {
	local status=0

	mkfs.ext4 -q "$disk" && mount "$disk" "$mnt" || return
	rmmod vdisk_vsc 2>/dev/null && status=1
	cp "$(random_file 4)" "$mnt/file" && umount "$mnt" && return $status
}

# Traffic that goes on until its disk goes; 0: it ended with an error, as it must.
traffic() {
	! fio --name=traffic --filename="$disk" --ioengine=libaio --iodepth=32 --direct=1 --rw=randrw --bs=16k \
		--time_based --runtime=120 >"$scratch/traffic" 2>&1
}

vsp_removed_under_load() {
	local job

	traffic &
	job=$!
	within 20 in_flight && timed rmmod vdisk_vsp || return
	echo "# removed in $milliseconds ms"
	wait "$job" && within 20 has_no_disk
}

# The filesystem fails, and can be unmounted.
vsp_removed_under_filesystem() {
	mkfs.ext4 -q "$disk" && mount "$disk" "$mnt" && cp "$(random_file 4)" "$mnt/file" || return
	rmmod vdisk_vsp && within 20 has_no_disk || return
	! (echo new >"$mnt/new" && sync "$mnt/new") 2>/dev/null
	umount "$mnt"
}

comes_back() {
	modprobe vdisk_vsp size=64 && within 20 has_disk && copy_to_disk "$(random_file 4)" 8 &&
		same_on_disk "$(random_file 4)" 8
}

vsp_removed_while_paused() {
	local job

	traffic &
	job=$!
	within 20 in_flight && echo Y >"$vsp/paused" && within 20 in_flight && rmmod vdisk_vsp && wait "$job" &&
		within 20 has_no_disk
}

# Whatever the client is doing, hello and reading partitions included.
flapping() {
	local i

	for ((i = 0; i < 15; i++)); do
		modprobe vdisk_vsp && sleep 0.0$((i % 10)) && rmmod vdisk_vsp || return
	done
}

vsc_reloads() {
	local i

	for ((i = 0; i < 15; i++)); do
		unload_client && modprobe vdisk_vsc && sleep 0.0$((i % 10)) || return
	done
	within 20 has_disk
}

nothing_bad() {
	is "$vsp/bad_messages" 0 && is "$vsc/bad_messages" 0
}

need_vdisk
modprobe ext4
plan 13
load_vdisk size=64
expect "a paused server holds requests, and serves them later" pause_holds
expect "pausing under load changes nothing" pause_under_load
expect "neither end has found anything wrong with the other" nothing_bad
expect "the client cannot be unloaded while it is used" busy
expect "removing the server under load ends every request" vsp_removed_under_load
expect "the disk comes back with its server" comes_back
expect "removing the server under a mounted filesystem" vsp_removed_under_filesystem
expect "the disk comes back after that" comes_back
expect "removing the server while it is paused under load" vsp_removed_while_paused
expect "the server comes and goes 15 times" flapping
expect "and the disk comes back" comes_back
expect "the client comes and goes 15 times" vsc_reloads
finish_vdisk
