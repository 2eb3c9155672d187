#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: any timeout=180
# A server channel as a character device: pipe_program on pipe_server.ko, and modules that are
# unloaded while a program has it open.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

debugfs=/sys/kernel/debug
device=/dev/kmcl/70697065-7465-7374-9c54-010203040506/70697065-7465-7374-9c54-010203040507
failed=0
number=0

if ! modinfo pipe_server >/dev/null 2>&1 || [ ! -x ./pipe_program ]; then
	echo "1..0 # SKIP no module pipe_server or no program pipe_program"
	exit 4
fi

# expect NAME COMMAND...
expect() {
	local name=$1

	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=1
	fi
}

program() {
	./pipe_program | while IFS= read -r line; do
		echo "    $line"
	done
}

at_its_end() {
	! read -r -u 7
}

# The last to have a channel may be a worker.
nothing_left() {
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		grep -q '[1-9]' "$debugfs/kmcl/objects" || return 0
		sleep 0.1
	done
	grep '[1-9]' "$debugfs/kmcl/objects"
	return 1
}

kmcl_stays() {
	! rmmod kmcl
} 2>/dev/null

cannot_write() {
	! echo hello >&7
} 2>/dev/null

echo "KTAP version 1"
echo "1..7"
modprobe kmcl
[ -d $debugfs/kmcl ] || mount -t debugfs debugfs $debugfs
modprobe pipe_server
expect "VmbServerChannelInitSetFlags: 2.3 OFFER_AS_PIPE and ENUMERATE_DEVICE_INTERFACE, from a program" program
echo "offer 4" >/sys/module/pipe_server/parameters/command
exec 7<>$device
expect "the server's module unloads while its pipe is open" rmmod pipe_server
expect "the open file is at its end" at_its_end
expect "and takes nothing any more" cannot_write
expect "kmcl.ko stays as long as the file is open" kmcl_stays
exec 7>&-
expect "no channel and no packet is left" nothing_left
expect "kmcl.ko unloads" rmmod kmcl
exit $failed
