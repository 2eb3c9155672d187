# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scripts of this folder.
# shellcheck shell=bash

vm_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top_dir=$(cd -- "$vm_dir/../.." && pwd)
cache_dir=${KMCL_CACHE:-$HOME/.cache/kmcl}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Standard output belongs to results, so progress goes to standard error.
say() {
	printf '# %s\n' "$*" >&2
}

# need PROGRAM:PACKAGE...: installs, by apt, the packages of the programs that are missing.
need() {
	local pair missing=()

	for pair; do
		PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
	done
	[ ${#missing[@]} -eq 0 ] && return
	need_packages "${missing[@]}"
}

need_packages() {
	local sudo=()

	[ "$(id -u)" -eq 0 ] || sudo=(sudo)
	command -v apt-get >/dev/null || die "please install: $*"
	say "installing on this machine, by apt: $*"
	{
		flock 9
		"${sudo[@]}" apt-get -qq -o Acquire::Retries=5 update || say "apt-get update failed, going on without"
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			-o Dpkg::Use-Pty=0 -o Acquire::Retries=5 --no-install-recommends install "$@" >/dev/null
	} 9>"${TMPDIR:-/tmp}/kmcl-apt-$(id -u).lock" >&2 ||
		die "could not install: $*"
}

# kernel_field VERSION N: column N (2: root, 3: use) of the kernel table.
kernel_field() {
	awk -F'\t' -v v="$1" -v n="$2" '$1 == v { print $n; found = 1 } END { exit !found }' \
		"$vm_dir/kernels" || die "unknown kernel '$1'; known: $(kernel_list)"
}

# kernel_list [USE]: the versions in the table.
kernel_list() {
	awk -F'\t' -v u="${1:-}" '/^[0-9]/ && (u == "" || $3 == u) { printf "%s%s", sep, $1; sep = " " }
		END { print "" }' "$vm_dir/kernels"
}
