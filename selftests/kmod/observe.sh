#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: none observe cpus=1 timeout=300
# What kmcl/debugfs and kmcl/tools show, against what drivers have counted themselves. One processor: the emulation
# of two does not always survive the patching of static keys, which tracing does.
set -uo pipefail
# shellcheck source=expect.bash
. ./expect.bash
# shellcheck source=watched.bash
. ./watched.bash

client=
server=

kmclstat() {
	python3 "$tools/kmclstat" "$@"
}

# look EXPRESSION...: the value of each in one look, a line each; `c` finds a channel by its owner and endpoint, `soak`
# a counter.
look() {
	kmclstat --once --json | python3 -c '
import json, sys
look = json.load(sys.stdin)
def c(owner, endpoint):
    return next(ch for ch in look["channels"] if ch["owner"] == owner and ch["endpoint"] == endpoint)
def soak(endpoint, counter):
    return c("kmcl_soak", endpoint)["counters"][counter]
for expression in sys.argv[1:]:
    print(eval(expression))' "$@"
}

# is EXPRESSION VALUE...: whether all have these values in one look.
is() {
	local expressions=() values=() got n

	while [ $# -gt 0 ]; do
		expressions+=("$1") values+=("$2")
		shift 2
	done
	mapfile -t got < <(look "${expressions[@]}")
	for n in "${!values[@]}"; do
		[ "${got[$n]:-}" = "${values[$n]}" ] || {
			echo "# ${expressions[$n]} is '${got[$n]:-}', not '${values[$n]}'"
			return 1
		}
	done
}

# ---- under load ----

load_is_done() {
	[ "$(state_of kmcl_soak completed)" = 20000 ]
}

# Looks while packets fly: each is whole, and no counter goes back.
looks_under_load() {
	local last=0 now looks=0

	until load_is_done; do
		now=$(look 'c("kmcl_soak", "server")["counters"]["in_packets"]') || return 1
		[ "$now" -ge "$last" ] || return 1
		last=$now
		looks=$((looks + 1))
	done
	echo "# $looks looks"
}

agrees_with_the_driver() {
	local replies

	replies=$(state_of kmcl_soak replies)
	load_is_done && [ "$(state_of kmcl_soak received)" = 20000 ] &&
		is 'soak("client", "out_packets")' 20000 'soak("server", "in_packets")' 20000 \
			'soak("server", "batch_packets")' 20000 \
			'soak("server", "out_completions")' "$replies" 'soak("client", "in_completions")' "$replies" \
			'soak("client", "out_bytes")' $((20000 * 24)) 'soak("server", "in_bytes")' $((20000 * 24)) \
			'c("kmcl_soak", "server")["outstanding"]' 0 'c("kmcl_soak", "client")["queue"]' 0
}

file_agrees() {
	local label

	label=$(look 'c("kmcl_soak", "server")["label"]')
	[ "$(cat "$channels/$label/in_packets")" = 20000 ] && [ "$(cat "$channels/$label/state")" = Open ] &&
		[ "$(cat "$channels/$label/owner")" = kmcl_soak ] && [ "$(cat "$channels/$label/bus")" = local ]
}

# Files that nobody describes, and descriptions of files that are not there.
files_are_described() {
	(cd "$debugfs/kmcl" && find . -type f | sed "s|^\./|$debugfs/kmcl/|; s|/channels/[^/]*/|/channels/LABEL/|") |
		sort -u >/tmp/files
	sed -n 's/^What:[[:space:]]*//p' /kmcl/ABI | sort >/tmp/described
	diff /tmp/described /tmp/files | sed 's/^/# /'
	cmp -s /tmp/described /tmp/files
}

# ---- names ----

names_are_harmless() {
	[ "$server" = "$(basename "$server")" ] && [ -d "$channels/$server" ] &&
		! LC_ALL=C grep -q '[^ -~]' "$debugfs/kmcl/channels.json" &&
		is 'c("watched", "server")["name"].encode("utf-8", "replace")[:10]' "b'../\"\\\\\\n\\x1b[2J'"
}

# ---- the page "What is wrong with my channel" ----

# page TITLE CHANNEL: what the commands under that title print, in the channel's directory.
page() {
	local command

	cd "$channels/$2" || return 1
	sed -n "/^### $1/,/^##* [^#]/s/^    \$ //p" "$tools/README.md" >/tmp/commands
	[ "$(wc -l </tmp/commands)" = 3 ] || return 1
	while read -r command; do
		echo "\$ $command"
		eval "$command" </dev/null
	done </tmp/commands >/tmp/page
	cd /tests || return 1
	sed 's/^/# /' /tmp/page
}

server_has() {
	[ "$(state_of watched received)" = "$1" ]
}

stuck_peer() {
	echo 3 >"$watched/hold"
	echo 3 >"$watched/send"
	within 60 server_has 3 && page 'A stuck peer' "$client" &&
		says /tmp/page "^${client:0:20}.* Open .* 3 " '^with-peer id 1 age_ms [0-9]+ bytes 24' '^used 0 size'
}

leaked_packet() {
	page 'A leaked packet' "$server" && says /tmp/page '^with-driver id 1 age_ms' '^watched$'
}

all_completed() {
	[ "$(state_of watched sent)" = "$(state_of watched completed)" ]
}

goes_on() {
	echo 0 >"$watched/hold"
	echo 1 >"$watched/release"
	within 60 all_completed && within 20 is 'c("watched", "client")["transactions"]' 0 \
		'c("watched", "server")["oldest_packets"]' '[]'
}

queue_is_settled() {
	[ "$(cat "$channels/$server/outstanding")" = 1024 ] && [ "$(cat "$channels/$client/queue")" = 249 ]
}

full_ring() {
	echo 2000 >"$watched/hold"
	echo 1400 >"$watched/send"
	# 1024 at the server, 127 in a ring of a page, the others wait.
	within 60 queue_is_settled && page 'A full ring' "$client" &&
		says /tmp/page "^${client:0:20}.* full " '^used 4064 size 4096 .* wanted 32 ' '^249$' '^[1-9][0-9]*$' &&
		[ "$(cat "$channels/$server/quota_stops")" -gt 0 ]
}

# Another pair carries as much as it can, and looks have to find this one's counts as its drivers have them.
soak_has_gone_beyond() {
	[ "$(state_of kmcl_soak received)" -gt "$1" ]
}

agrees_beside_a_load() {
	local target

	modprobe kmcl_soak packets=1000000000000
	within 60 soak_has_gone_beyond 0 || return 1
	echo 500 >"$watched/send"
	within 60 all_completed || return 1
	target=$(sent_so_far)
	is 'c("watched", "client")["counters"]["out_packets"]' "$target" \
		'c("watched", "server")["counters"]["in_packets"]' "$(state_of watched received)" \
		'c("watched", "server")["counters"]["out_completions"]' "$target" \
		'c("watched", "client")["counters"]["in_completions"]' "$(state_of watched completed)" \
		'c("watched", "client")["counters"]["out_bytes"]' $((target * 24)) || return 1
	within 60 soak_has_gone_beyond "$(state_of kmcl_soak received)" && rmmod kmcl_soak
}

# ---- traces ----

# traced QUESTION COMMANDS: the answer for a file of commands.
traced() {
	sh "$tools/kmcl-trace" "$1" sh "$2" >/tmp/traced || return 1
	sed 's/^/# /' /tmp/traced
}

trace_packets() {
	ten_more
	traced packets /tmp/ten-more && grep -q "^$client out data: 10 packets, 240 bytes\$" /tmp/traced &&
		grep -q "^$server in data: 10 packets, 240 bytes\$" /tmp/traced &&
		grep -q "^$client in completion: 10 packets" /tmp/traced
}

trace_latency() {
	ten_more
	traced latency /tmp/ten-more && grep -q "^$client: 10 transactions, mean" /tmp/traced
}

trace_signals() {
	ten_more
	traced signals /tmp/ten-more && grep -q "^$client received: " /tmp/traced
}

trace_queue() {
	local queued

	queued=$(value "$client" out_queued)
	fill
	traced queue /tmp/fill &&
		grep -q "^$client: $(($(value "$client" out_queued) - queued)) queued, at most [1-9]" /tmp/traced
}

trace_limits() {
	local stops

	stops=$(value "$server" budget_stops)
	echo 16 >"$channels/$server/budget"
	fill
	traced limits /tmp/fill &&
		grep -q "^$server packets: $(($(value "$server" budget_stops) - stops)) times, limit 16\$" /tmp/traced
}

trace_life() {
	sh "$tools/kmcl-trace" life sh -c 'rmmod watched && insmod /lib/modules/*/updates/watched.ko' >/tmp/traced &&
		sed 's/^/# /' /tmp/traced | head -n 5 && grep -q "phase channel=$client phase=Closing" /tmp/traced &&
		grep -q 'phase=Opening' /tmp/traced && [ ! -d "$channels/$client" ]
}

# It reads the events as they are meant. How many there are is not asked: it leaves the first page of them out.
trace_cmd() {
	ten_more
	trace-cmd record -q -e kmcl -o /tmp/trace.dat sh /tmp/ten-more >/dev/null 2>&1 || return 1
	trace-cmd report -i /tmp/trace.dat 2>/dev/null >/tmp/report
	grep kmcl_packet_send /tmp/report | tail -n 1 | sed 's/^/# /'
	grep -q "kmcl_packet_send:.*channel=$client instance=77617463-.* type=data id=.* completion=1" /tmp/report &&
		grep -q "kmcl_fetch_done:.*channel=$client .*packets=0 completions=1" /tmp/report || return 1
	sh "$tools/kmcl-trace" --from /tmp/trace.dat packets >/tmp/traced || return 1
	sed 's/^/# /' /tmp/traced
	grep -q "^$client out data: [1-9]" /tmp/traced
}

# ---- latencies, and the report ----

latencies() {
	local before

	before=$(look 'sum(c("watched", "client")["latency_log2_ns"])')
	echo 1 >"$debugfs/kmcl/latency"
	ten_more
	sh /tmp/ten-more
	echo 0 >"$debugfs/kmcl/latency"
	is 'sum(c("watched", "client")["latency_log2_ns"])' $((before + 10)) \
		'c("watched", "client")["latency_p99_ns"] > 0' True &&
		is 'c("watched", "client")["latency_log2_ns"]' \
			"[$(sed 's/ /, /g' "$channels/$client/latency_log2_ns")]"
}

report() {
	local word

	sh "$tools/kmcl-report" /tmp/report.txt || return 1
	for word in '==== module kmcl' '"format":1' 'Linux version' 'kmcl/objects: channels' "$client" '==== end'; do
		grep -q -- "$word" /tmp/report.txt || {
			echo "# the report lacks $word"
			return 1
		}
	done
}

# A reader that does not read on keeps nobody from unloading the driver.
unload_under_a_reader() {
	local _

	exec 5<"$channels/$client/packets" 6<"$debugfs/kmcl/channels.json"
	read -r -u 6 _ || return 1
	rmmod watched && ! cat <&5 2>/dev/null
	exec 5<&- 6<&-
}

plan 21
modprobe kmcl_soak packets=20000
expect "each look under load is whole" looks_under_load
expect "kmclstat --once --json agrees with the drivers to the packet" within 20 agrees_with_the_driver
expect "so do the files" file_agrees
rmmod kmcl_soak
modprobe watched
{
	read -r client
	read -r server
} < <(look 'c("watched", "client")["label"]' 'c("watched", "server")["label"]')
expect "kmcl/debugfs/ABI describes each file, and no other" files_are_described
expect "names that nobody should print do no harm" names_are_harmless
expect "a stuck peer is found in three commands" stuck_peer
expect "a leaked packet is found in three commands" leaked_packet
expect "both go on" goes_on
expect "a full ring is found in three commands" full_ring
expect "and goes on" goes_on
expect "kmclstat agrees to the packet beside a load" agrees_beside_a_load
expect "kmcl-trace packets" trace_packets
expect "kmcl-trace latency" trace_latency
expect "kmcl-trace signals" trace_signals
expect "kmcl-trace queue" trace_queue
expect "kmcl-trace limits" trace_limits
expect "trace-cmd records and reports, and kmcl-trace answers from that" trace_cmd
expect "the histogram of latencies counts each transaction" latencies
expect "kmcl-report collects all" report
expect "kmcl-trace life, over an unload" trace_life
client=$(look 'c("watched", "client")["label"]')
expect "an open file does not keep a driver from going" unload_under_a_reader
finish
