#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the root: the way of our modules through DKMS, from add to remove, with signing. Prints KTAP.
set -uo pipefail
kver=$(basename "$(echo /lib/modules/*/build | awk '{ print $1 }' | xargs dirname)")
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
modules=(kmcl kmcl_hyperv)
log=/tmp/dkms.log
n=0 failed=0

check() {
	local what=$1
	shift
	n=$((n + 1))
	if ("$@") >"$log" 2>&1; then
		echo "ok $n $what"
		return
	fi
	echo "not ok $n $what"
	failed=1
	sed 's/^/# /' "$log" /var/lib/dkms/kmcl/"$version"/build/make.log 2>/dev/null | tail -n 60
}

file_of() {
	find "/lib/modules/$kver/updates/dkms" -name "$1.ko*" 2>/dev/null
}

status_is() {
	[[ $(dkms status kmcl/"$version") == *"$1"* ]]
}

all_built() {
	local module
	for module in "${modules[@]}"; do
		[ -n "$(find "/var/lib/dkms/kmcl/$version" -path "*$kver*" -name "$module.ko*")" ] || return 1
	done
}

all_installed() {
	local module
	for module in "${modules[@]}"; do
		[ -n "$(file_of "$module")" ] || return 1
	done
}

# modprobe finds both, and the bus brings the library and the in-tree bus driver.
dependencies() {
	local chain
	chain=$(modprobe -S "$kver" --show-depends kmcl_hyperv) || return 1
	[[ $chain == *hv_vmbus* && $chain == *updates/dkms/kmcl.ko* && $chain == *updates/dkms/kmcl_hyperv.ko* ]]
}

library_alone() {
	local chain
	chain=$(modprobe -S "$kver" --show-depends kmcl) || return 1
	[[ $chain != *hv_vmbus* ]]
}

all_signed() {
	local module
	for module in "${modules[@]}"; do
		[ -n "$(modinfo -k "$kver" -F signer "$(file_of "$module")")" ] || return 1
	done
}

# The certificate that `mokutil --import` enrols is the one that signed.
signed_by_mok() {
	local subject signer
	subject=$(openssl x509 -inform der -in /var/lib/dkms/mok.pub -noout -subject) || return 1
	signer=$(modinfo -F signer "$(file_of kmcl)")
	[[ $subject == *"$signer"* ]]
}

nothing_left() {
	[ -z "$(file_of kmcl)$(file_of kmcl_hyperv)" ] && [ ! -e "/var/lib/dkms/kmcl/$version" ]
}

# A kernel without Hyper-V support is passed over, not failed on.
excluded_without_hyperv() {
	local config=/tmp/headers/.config
	mkdir -p /tmp/headers
	sed '/CONFIG_HYPERV=/d' "/lib/modules/$kver/build/.config" >"$config" 2>/dev/null ||
		sed '/CONFIG_HYPERV=/d' "/boot/config-$kver" >"$config"
	! dkms build kmcl/"$version" -k "$kver" --config "$config" >/tmp/excluded.log 2>&1 ||
		return 1
	cat /tmp/excluded.log
	grep -q BUILD_EXCLUSIVE /tmp/excluded.log
}

autoinstalls() {
	dkms autoinstall -k "$kver" && status_is installed
}

# A driver that samples/kmcl-new made, from a copy of the source: kbuild would leave its files in the clone.
new_driver() {
	local guid='{c0ffee00-1234-5678-9abc-def012345678}'
	mkdir /tmp/kmcl && cp -r Kbuild include kmcl samples /tmp/kmcl && cd /tmp/kmcl || return 1
	samples/kmcl-new my_driver "$guid"
}

driver_builds() {
	cd /tmp/kmcl && MAKEFLAGS=-j$(nproc) make -C my_driver KVER="$kver" && [ -e my_driver/my_driver.ko ] &&
		make -C my_driver clean KVER="$kver"
}

# Without the source that it was made from: with what `make dkms-install` put into /usr/src.
driver_by_dkms() {
	cd /tmp/kmcl && mv samples include /tmp && dkms add ./my_driver && dkms install my_driver/0.1 -k "$kver"
}

driver_needs_kmcl() {
	local chain
	chain=$(modprobe -S "$kver" --show-depends my_driver) || return 1
	[[ $chain == *updates/dkms/kmcl.ko*updates/dkms/my_driver.ko* ]]
}

echo "KTAP version 1"
echo "1..16"
check "make dkms-install: add, build, install" make dkms-install KVER="$kver"
check "dkms says installed" status_is installed
check "kmcl and kmcl_hyperv are installed" all_installed
check "modprobe kmcl_hyperv brings kmcl and hv_vmbus" dependencies
check "modprobe kmcl does without hv_vmbus" library_alone
check "the modules are signed" all_signed
check "the signer is DKMS's machine owner key" signed_by_mok
check "dkms uninstall" dkms uninstall kmcl/"$version" -k "$kver"
check "AUTOINSTALL brings them back" autoinstalls
check "samples/kmcl-new makes a driver" new_driver
check "make builds it" driver_builds
check "dkms builds and installs it" driver_by_dkms
check "modprobe finds it and kmcl" driver_needs_kmcl
check "make dkms-uninstall: remove" make dkms-uninstall KVER="$kver"
check "nothing is left" nothing_left
mkdir -p "/usr/src/kmcl-$version" && cp -r dkms.conf Kbuild include kmcl "/usr/src/kmcl-$version/"
dkms add kmcl/"$version" >"$log" 2>&1
check "a kernel without CONFIG_HYPERV is excluded" excluded_without_hyperv
exit $failed
