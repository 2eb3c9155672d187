#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: peer timeout=180 cmdline=slub_debug=F,kmalloc-*
# Packets, lengths, ids and indices that no host should send. Each costs its channel, is counted and is traced.
set -uo pipefail
cd "$(dirname "$0")" && . ./peer.bash && . ./peers_log.bash

events=/sys/kernel/debug/kmcl/events
tracing=/sys/kernel/tracing

malformed() {
	awk -F': ' '!/^cancel|^completion above/ { sum += $2 } END { print sum }' "$events"
}

modprobe kmcl || exit 1
echo 1 >$tracing/events/kmcl/kmcl_malformed/enable
echo >$tracing/trace
before=$(malformed)
status=0
peer_run malformed || status=1
counted=$(($(malformed) - before))
traced=$(grep -c kmcl_malformed: $tracing/trace)
echo 0 >$tracing/events/kmcl/kmcl_malformed/enable
echo "# $counted malformed packets and rings counted, $traced traced"
sed "s/^/# /" "$events"
# 16 bad packets, 2 too long, 6 bad indices; the ring that is corrupt the other way stops sends, not delivery.
[ "$counted" -ge 24 ] && [ "$traced" -eq "$counted" ] && few_lines_about_peers || status=1
exit $status
