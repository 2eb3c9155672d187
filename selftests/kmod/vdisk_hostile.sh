#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # vdisk.bash is checked by itself
# vm: any storage timeout=200
# The client of the vdisk against a server that lies about its disk, and one that breaks the channel.
set -uo pipefail
cd "$(dirname "$0")" && . ./vdisk.bash

hostile=/sys/module/vdisk_hostile/parameters

load_hostile() {
	modprobe vdisk_hostile "$@" && modprobe vdisk_vsc
}

unload_hostile() {
	unload_client && rmmod vdisk_hostile
}

refused() {
	load_hostile "$@" && within 20 is "$vsc/state" refused && [ ! -e "$block" ] && is "$vsc/bad_messages" 1 &&
		unload_hostile
}

no_discards() {
	load_hostile range=2048 && within 20 has_disk && is "$block/queue/discard_max_bytes" 0 && unload_hostile
}

# told N: the client has looked at the disk again, and found it wrong for the Nth time.
told() {
	echo 1 >"$hostile/tell" && within 20 is "$vsc/bad_messages" "$1"
}

keeps_its_disk() {
	load_hostile && within 20 has_disk || return
	echo 8 >"$hostile/size" && told 1 && is "$block/size" $((16 << 11)) || return
	echo 32 >"$hostile/size" && echo 4096 >"$hostile/block_size" && told 2 &&
		is "$block/size" $((16 << 11)) || return
	echo 512 >"$hostile/block_size" && echo 1 >"$hostile/tell" && within 20 is "$block/size" $((32 << 11)) &&
		is "$vsc/bad_messages" 2 && is "$vsc/state" ready
}

reads() {
	dd if="$disk" of=/dev/null iflag=direct bs=64k count=16 2>/dev/null
}

# The request ends with an error, and the disk comes back.
broken() {
	reads && echo 1000 >"$block/queue/io_timeout" && echo Y >"$hostile/ruin" || return
	! reads && within 20 is "$vsc/connects" 2 && within 20 has_disk || return
	echo 60000 >"$block/queue/io_timeout" && reads
}

# As before, but it is the client that waits: the first request is for the partitions of a disk that it is adding.
broken_at_once() {
	modprobe vdisk_hostile ruin=Y && modprobe vdisk_vsc io_timeout=1 && within 20 is "$vsc/connects" 2 &&
		is "$hostile/ruin" N && within 20 has_disk && reads && unload_hostile
}

# And when it has no answer to its hello yet.
broken_at_hello() {
	modprobe vdisk_hostile ruin_hello=Y && modprobe vdisk_vsc io_timeout=1 && within 20 is "$vsc/connects" 2 &&
		is "$hostile/ruin_hello" N && within 20 has_disk && reads && unload_hostile
}

need_vdisk
modinfo vdisk_hostile >/dev/null 2>&1 || skip_all "no module vdisk_hostile"
plan 10
expect "no disk of blocks of 768 bytes" refused block_size=768
expect "no disk of blocks of 8192 bytes" refused block_size=8192
expect "no disk of no bytes" refused size=0
expect "no discards of less than a page" no_discards
expect "a disk only grows" keeps_its_disk
expect "a server that ruins the ring loses its client, whose request ends" broken
expect "the client of such a server can be unloaded" unload_hostile
expect "the same when it is the adding of the disk that waits" broken_at_once
expect "the same when it is the hello that is not answered" broken_at_hello
finish_vdisk
