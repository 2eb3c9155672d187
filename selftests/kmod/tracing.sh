#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: none demand tracing cpus=1 memory=1536 timeout=600
# What perf and the bpftrace scripts of kmcl/tools say of channels, against what those have counted; on demand, because
# its guest is large. One processor: see observe.sh.
set -uo pipefail
# shellcheck source=expect.bash
. ./expect.bash
# shellcheck source=watched.bash
. ./watched.bash

# labelled ENDPOINT: the label of watched.ko's channel.
labelled() {
	local directory

	for directory in "$channels"/*; do
		[ "$(cat "$directory/owner") $(cat "$directory/endpoint")" != "watched $1" ] || basename "$directory"
	done
}

# said REGEX...: each is a line of the answer.
said() {
	says /tmp/answer "$@"
}

# adds_up REGEX NUMBER: so much do the lines that match count together.
adds_up() {
	local sum

	sum=$(grep -E -- "$1" /tmp/answer | awk '{ sum += $NF } END { print sum + 0 }')
	[ "$sum" = "$2" ] || {
		echo "# lines $1 add up to $sum, not $2"
		return 1
	}
}

# answer COMMAND...: keeps what it prints.
answer() {
	local status=0

	"$@" >/tmp/answer 2>/tmp/errors || status=$?
	sed 's/^/# /' /tmp/answer /tmp/errors
	return "$status"
}

# ---- perf ----

perf_stat() {
	ten_more
	answer perf stat -a -e 'kmcl:kmcl_packet_send,kmcl:kmcl_malformed' -x , -o /tmp/stat sh /tmp/ten-more ||
		return 1
	answer cat /tmp/stat && said '^20,.*kmcl:kmcl_packet_send' '^0,.*kmcl:kmcl_malformed'
}

perf_record() {
	ten_more
	perf record -q -a -e 'kmcl:*' -o /tmp/perf.data sh /tmp/ten-more >/tmp/record 2>&1 || {
		cat /tmp/record
		return 1
	}
	answer perf script -i /tmp/perf.data -F trace:comm,event,trace &&
		said "kmcl:kmcl_packet_send: channel=$client instance=77617463-.* type=data id=.* completion=1"
}

perf_packets() {
	answer sh "$tools/kmcl-trace" --from /tmp/perf.data packets &&
		said "^$client out data: 10 packets, 240 bytes\$" "^$server in data: 10 packets, 240 bytes\$" \
			"^$client in completion: 10 packets"
}

perf_latency() {
	answer sh "$tools/kmcl-trace" --from /tmp/perf.data latency && said "^$client: 10 transactions, mean"
}

# ---- bpftrace ----

# asked SCRIPT COMMAND: the script's answer while the command runs.
asked() {
	answer bpftrace "$tools/kmcl-$1.bt" -c "$2"
}

bpf_latency() {
	ten_more
	asked latency "sh /tmp/ten-more" && said "^@transactions\\[$client\\]: 10\$" "^@microseconds\\[$client\\]:"
}

bpf_signals() {
	local sent suppressed

	sent=$(value "$client" signals_sent)
	suppressed=$(value "$client" signals_suppressed)
	ten_more
	asked signals "sh /tmp/ten-more" &&
		adds_up "^@signals\\[$client, (sent|room), " $(($(value "$client" signals_sent) - sent)) &&
		adds_up "^@signals\\[$client, suppressed, " $(($(value "$client" signals_suppressed) - suppressed)) &&
		said "^@signals\\[$client, sent, sh\\]: "
}

bpf_queue() {
	local queued

	queued=$(value "$client" out_queued)
	fill
	asked queue "sh /tmp/fill" &&
		said "^@queued\\[$client\\]: $(($(value "$client" out_queued) - queued))\$" \
			"^@deepest\\[$client\\]: $(value "$client" queue_highest)\$" "^@depth_now\\[$client\\]: 0\$"
}

bpf_stops() {
	local stops full

	stops=$(value "$server" budget_stops)
	full=$(value "$client" ring_full)
	echo 16 >"$channels/$server/budget"
	fill
	asked stops "sh /tmp/fill" &&
		said "^@stopped_by_budget\\[$server, 16\\]: $(($(value "$server" budget_stops) - stops))\$" \
			"^@stopped_by_peer_us\\[$client\\]: count $(($(value "$client" ring_full) - full)), "
}

# All kinds come first in the file; behind them stands what breaks no rule.
malformed_so_far() {
	awk '/^cancel request:/ { exit } { sum += $NF } END { print sum }' "$debugfs/kmcl/events"
}

bpf_malformed() {
	local before after

	before=$(malformed_so_far)
	asked malformed "cat $debugfs/kmcl-test/malformed" || return 1
	after=$(malformed_so_far)
	[ "$after" -gt "$before" ] && adds_up '^@malformed\[' $((after - before)) &&
		[ "$(grep -cE '^[0-9:]{8} [^ ]+ [a-z]+$' /tmp/answer)" = $((after - before)) ]
}

plan 9
modprobe watched
modprobe kmcl_test
client=$(labelled client)
server=$(labelled server)
expect "perf stat counts each packet" perf_stat
expect "perf record reads each event" perf_record
expect "kmcl-trace answers from perf's recording: packets" perf_packets
expect "kmcl-trace answers from perf's recording: latency" perf_latency
expect "bpftrace: latency by channel" bpf_latency
expect "bpftrace: who signals" bpf_signals
expect "bpftrace: what is queued" bpf_queue
expect "bpftrace: who stops whom" bpf_stops
expect "bpftrace: malformed packets" bpf_malformed
rmmod watched
finish
