# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the vdisk_*.sh tests.
# shellcheck shell=bash disable=SC1091
. ./expect.bash

disk=/dev/vdisk0
block=/sys/block/vdisk0
vsp=/sys/module/vdisk_vsp/parameters
vsc=/sys/module/vdisk_vsc/parameters
objects=/sys/kernel/debug/kmcl/objects
scratch=$(mktemp -d)
# What this script mounts.
# shellcheck disable=SC2034  # the tests use it
mnt=$scratch/mnt
mkdir "$mnt"

need_vdisk() {
	modinfo vdisk_vsp >/dev/null 2>&1 || skip_all "no module vdisk_vsp"
	[ ! -e "$disk" ] || skip_all "$disk is there already"
	command -v fio mkfs.ext4 >/dev/null || skip_all "no fio, or no mkfs.ext4"
}

has_disk() {
	[ -b "$disk" ] && [ "$(cat "$vsc/state" 2>/dev/null)" = ready ]
}

has_no_disk() {
	[ ! -e "$block" ]
}

# load_vdisk [parameter of the server...]
load_vdisk() {
	modprobe vdisk_vsp "$@" && modprobe vdisk_vsc && within 20 has_disk
}

# The kernel itself uses a disk while it looks for partitions.
unload_client() {
	within 20 rmmod vdisk_vsc
} 2>/dev/null

unload_vdisk() {
	! loaded vdisk_vsc || unload_client || return
	! loaded vdisk_vsp || rmmod vdisk_vsp
}

# is FILE VALUE
is() {
	[ "$(cat "$1")" = "$2" ] || {
		echo "# $1 is '$(cat "$1")', not '$2'"
		return 1
	}
}

# grew COUNTER BEFORE
grew() {
	[ "$(cat "$vsp/$1")" -gt "$2" ] || {
		echo "# $1 is $(cat "$vsp/$1"), was $2"
		return 1
	}
}

in_flight() {
	local reads writes

	read -r reads writes <"$block/inflight" && [ $((reads + writes)) -gt 0 ]
}

# random_file MIB: a name of one.
random_file() {
	[ -e "$scratch/random$1" ] || dd if=/dev/urandom of="$scratch/random$1" bs=1M count="$1" 2>/dev/null
	echo "$scratch/random$1"
}

# same_on_disk FILE OFFSET-MIB: what is read from the disk itself is the file.
same_on_disk() {
	local size

	size=$(stat -c %s "$1")
	cmp "$1" <(dd if="$disk" iflag=direct bs=1M skip="$2" count=$((size >> 20)) 2>/dev/null)
}

copy_to_disk() {
	dd if="$1" of="$disk" oflag=direct bs=1M seek="$2" 2>/dev/null
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# verify NAME [option of fio...]: writes at random and reads back what was written.
verify() {
	local log=$scratch/fio

	fio --name="$1" --filename="$disk" --ioengine=libaio --iodepth=16 --direct=1 --rw=randwrite \
		--verify=crc32c --verify_fatal=1 --verify_state_save=0 "${@:2}" >"$log" 2>&1 || {
		sed 's/^/# /' "$log"
		return 1
	}
	grep -E 'err=' "$log" | sed 's/^/# /'
}

no_objects() {
	! grep -v ' 0$' "$objects" | sed 's/^/# left: /' | grep .
}

finish_vdisk() {
	! grep -q " $mnt " /proc/mounts || umount "$mnt"
	unload_vdisk
	expect "no channel, packet or request is left" within 20 no_objects
	rm -rf "$scratch"
	rmmod kmcl
	finish
}
