# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests that look at channels with kmcl/tools: where things are, and watched.ko's pair.
# shellcheck shell=bash disable=SC2034 # those who source it use its variables

debugfs=/sys/kernel/debug
channels=$debugfs/kmcl/channels
tools=/kmcl/tools
watched=/sys/module/watched/parameters

[ -d "$tools" ] || skip_all "only in the guests of selftests/vm"

# state_of MODULE WORD: what its drivers have counted.
state_of() {
	sed -n "s/^$2 //p" "/sys/module/$1/parameters/state"
}

sent_so_far() {
	state_of watched sent
}

# A command file: ten requests more, until the last one has been answered.
ten_more() {
	local target=$(($(sent_so_far) + 10))

	cat <<-EOF >/tmp/ten-more
		echo 10 >$watched/send
		while ! grep -q 'completed $target\$' $watched/state; do sleep 0.1; done
	EOF
}

# value LABEL FILE
value() {
	cat "$channels/$1/$2"
}

# A command file: more requests than the ring has room for, and their end.
fill() {
	local target=$(($(sent_so_far) + 1400))

	cat <<-EOF >/tmp/fill
		echo 2000 >$watched/hold
		echo 1400 >$watched/send
		echo 0 >$watched/hold
		echo 1 >$watched/release
		while ! grep -q 'completed $target\$' $watched/state; do sleep 0.1; done
	EOF
}

# says FILE REGEX...: each is on a line of the file.
says() {
	local file=$1 regex

	shift
	for regex; do
		grep -qE -- "$regex" "$file" || {
			echo "# there is no line $regex"
			return 1
		}
	done
}
