#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1091,SC2154  # vdisk.bash is checked by itself
# vm: any storage timeout=400
# Under verified traffic the server's channel is saved, torn down and restored. The client notices nothing.
set -uo pipefail
cd "$(dirname "$0")" && . ./vdisk.bash

cycles=100

# Every fourth time between a pause and a start.
restore() {
	[ $(($1 % 4)) -ne 0 ] || echo Y >"$vsp/paused" || return
	echo 1 >"$vsp/restores" || return
	[ $(($1 % 4)) -ne 0 ] || echo N >"$vsp/paused"
}

# restore_while PID: as long as the process lives, each time that requests are under way.
restore_while() {
	local n

	while kill -0 "$1" 2>/dev/null && n=$(cat "$vsp/restores") && [ "$n" -lt $cycles ]; do
		! in_flight || restore "$n" || return
	done
}

# One verified run of fio after the other, until there were enough restores.
restores_under_traffic() {
	local job

	while [ "$(cat "$vsp/restores")" -lt $cycles ]; do
		verify restore --bsrange=4k-64k --size=32m &
		job=$!
		restore_while "$job" || return
		wait "$job" || return
		echo "# $(cat "$vsp/restores") restores, $(cat "$vsp/saved_bytes") bytes saved by the last"
	done
}

noticed_nothing() {
	is "$vsp/restores" $cycles && is "$vsc/connects" 1 && is "$vsp/hellos" 1 && is "$vsp/failures" 0 &&
		is "$vsp/bad_messages" 0 && is "$vsc/failures" 0 && is "$vsc/bad_messages" 0
}

# A message that waits for the client when the channel is saved is told by the restored one.
grows_afterwards() {
	echo 96 >"$vsp/size" && echo 1 >"$vsp/restores" && within 20 is "$block/size" $((96 << 11))
}

# Nobody has the disk open: there is nothing under way, and a client that opens it finds the restored server.
idle() {
	echo 1 >"$vsp/restores" && copy_to_disk "$(random_file 4)" 0 && same_on_disk "$(random_file 4)" 0
}

without_client() {
	unload_client && echo 1 >"$vsp/restores" && modprobe vdisk_vsc && within 20 has_disk &&
		same_on_disk "$(random_file 4)" 0
}

# The server is offered anew: the client loses its connection, and finds the disk again.
damaged() {
	local connects

	connects=$(cat "$vsc/connects")
	! (echo damaged >"$vsp/restores") 2>/dev/null && within 20 is "$vsc/connects" $((connects + 1)) &&
		within 20 has_disk && same_on_disk "$(random_file 4)" 0
}

restores_again() {
	local connects

	connects=$(cat "$vsc/connects")
	echo 1 >"$vsp/restores" && copy_to_disk "$(random_file 4)" 4 && same_on_disk "$(random_file 4)" 4 &&
		is "$vsc/connects" "$connects"
}

need_vdisk
plan 9
expect "load" load_vdisk size=64
expect "fio --verify through $cycles save and restore cycles" restores_under_traffic
expect "the client has noticed nothing" noticed_nothing
expect "the disk grows while its server is restored" grows_afterwards
expect "an idle disk is restored" idle
expect "a server without a client is restored" without_client
expect "a server whose save is damaged is offered anew" damaged
expect "and can be saved and restored" restores_again
finish_vdisk
