#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # vdisk.bash is checked by itself
# vm: any storage timeout=300
# The vdisk as a disk: filesystem, verified traffic, discard, flush, growing, a file as its store.
set -uo pipefail
cd "$(dirname "$0")" && . ./vdisk.bash

filesystem() {
	mkfs.ext4 -q "$disk" && mount "$disk" "$mnt" && cp "$(random_file 8)" "$mnt/file"
}

survives() {
	umount "$mnt" && drop_caches && mount "$disk" "$mnt" && cmp "$(random_file 8)" "$mnt/file"
}

flushes() {
	local before

	before=$(cat "$vsp/flushes")
	echo again >"$mnt/small" && sync "$mnt/small" && grew flushes "$before"
}

zeroes_on_disk() {
	cmp -n 4194304 /dev/zero <(dd if="$disk" iflag=direct bs=1M skip=32 count=4 2>/dev/null)
}

discard() {
	local before

	before=$(cat "$vsp/discards")
	copy_to_disk "$(random_file 4)" 32 && same_on_disk "$(random_file 4)" 32 || return
	blkdiscard -o $((32 << 20)) -l $((4 << 20)) "$disk" && grew discards "$before" && zeroes_on_disk
}

# The filesystem on the disk learns it, too.
grow() {
	mount "$disk" "$mnt" && echo 96 >"$vsp/size" && within 20 is "$block/size" $((96 << 11)) &&
		resize2fs "$disk" >/dev/null 2>&1 || return
	[ "$(stat -f -c %b "$mnt")" -gt $((80 << 8)) ] && cmp "$(random_file 8)" "$mnt/file" && umount "$mnt"
}

shrink() {
	! echo 32 2>/dev/null >"$vsp/size" && is "$vsp/size" 96 && is "$block/size" $((96 << 11))
}

# Neither the requests nor the memory that they are about are whole pages.
odd_requests() {
	verify odd --bsrange=512-65024 --offset=16m --size=8m
}

# Discarding gives the memory of the file back.
store_in_file() {
	local store=$scratch/store used

	unload_vdisk && load_vdisk path="$store" size=64 && copy_to_disk "$(random_file 8)" 8 || return
	used=$(stat -c %b "$store")
	[ "$used" -ge $((8 << 11)) ] && blkdiscard -o $((12 << 20)) -l $((4 << 20)) "$disk" || return
	[ "$(stat -c %b "$store")" -le $((used - (4 << 11))) ] && copy_to_disk "$(random_file 8)" 8
}

file_survives() {
	unload_vdisk && load_vdisk path="$scratch/store" size=64 && same_on_disk "$(random_file 8)" 8
}

no_such_store() {
	unload_vdisk && ! modprobe vdisk_vsp path=/proc/nowhere/store 2>/dev/null && ! loaded vdisk_vsp
}

# The store is full: who writes is told, and the rest of the disk goes on.
full_store() {
	mkdir "$scratch/small" && mount -t tmpfs -o size=8m tmpfs "$scratch/small" || return
	load_vdisk path="$scratch/small/store" size=64 && copy_to_disk "$(random_file 4)" 0 || return
	! copy_to_disk "$(random_file 8)" 8 && same_on_disk "$(random_file 4)" 0 && grew failures 0 && unload_vdisk &&
		umount "$scratch/small"
}

need_vdisk
modprobe ext4
plan 14
expect "client first: the disk comes with its server" eval 'modprobe vdisk_vsc && has_no_disk && load_vdisk size=64'
expect "its size is the server's" is "$block/size" $((64 << 11))
expect "discarded blocks read as zeroes" discard
expect "a filesystem, and a file on it" filesystem
expect "the file survives unmounting" survives
expect "what must be safe is flushed" flushes
umount "$mnt"
expect "the disk grows while it is mounted" grow
expect "it does not shrink" shrink
expect "requests of all sizes, verified" odd_requests
expect "a file as the store is sparse, and gets holes" store_in_file
expect "what is in the file survives the modules" file_survives
expect "a store that cannot be opened fails the load" no_such_store
expect "a full store fails writes" full_store
finish_vdisk
