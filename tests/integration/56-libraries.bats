#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Two libraries on one host: no partition of one has ids, addresses or an interface of one of the other. A network namespace of the
# test's own plays the host.

load helpers

CLAIMS=/run/insula-numbers

setup() {
	insula_setup
	LIBRARY=$BATS_TEST_TMPDIR/library
	OTHER=$BATS_TEST_TMPDIR/other
	OTHER_STATE=$BATS_TEST_TMPDIR/other-state
	NAME=libraries-$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	mkdir -m 700 "$OTHER_STATE"
	unshare --net sleep 1000 3>&- &
	HOST=$!
	wait_for 5 is_apart "$HOST"
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all >/dev/null 2>&1 || :
	other remove --force --all >/dev/null 2>&1 || :
	[ -z "$HOST" ] || kill "$HOST" || :
	insula_teardown
}

# is_apart PID: it has a network namespace of its own.
is_apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

in_host() {
	nsenter --net="/proc/$HOST/ns/net" -- "$@" 3>&-
}

insula() {
	in_host "$INSULA" --root "$STATE" --library "$LIBRARY" "$@"
}

other() {
	in_host "$INSULA" --root "$OTHER_STATE" --library "$OTHER" "$@"
}

# The other library begins as a copy.
copy_library() {
	cp -a "$LIBRARY" "$OTHER"
}

# number LIBRARY NAME
number() {
	jq .number "$1/partitions/$2/state.json"
}

needs_networks() {
	skip_unless 'insula-net is not built: no libmnl' test -x "$(own_program insula-net)"
	skip_unless 'the kernel has no veth' in_host ip link add up0 type veth peer name up1
	in_host ip link delete up0
	skip_unless 'the kernel has no nftables' in_host nft list ruleset
}

@test 'partitions of one name have different numbers, which are given back' {
	copy_library
	insula spawn "$NAME" --no-start --template busybox
	other spawn "$NAME" --no-start --template busybox
	first=$(number "$LIBRARY" "$NAME")
	second=$(number "$OTHER" "$NAME")
	[ "$first" != "$second" ]
	[ "$(readlink "$CLAIMS/$first")" = "$LIBRARY" ]
	[ "$(readlink "$CLAIMS/$second")" = "$OTHER" ]
	[ "$(find "$OTHER/numbers" -mindepth 1 | wc -l)" = 1 ]
	insula remove "$NAME"
	other remove "$NAME"
	[ -z "$(find "$CLAIMS" -lname "$BATS_TEST_TMPDIR/*")" ]
}

@test 'of a number that two libraries have one is started, a copy gets another' {
	insula spawn "$NAME" --no-start --template busybox --net none -- sleep 1000
	copy_library
	insula start "$NAME" </dev/null
	run -1 other start "$NAME"
	[[ $output == *"the number $(number "$LIBRARY" "$NAME")"*"the library $LIBRARY has, too"*'insula clone'* ]]
	other clone "$NAME" "$NAME-2"
	other start "$NAME-2" </dev/null
	[ "$(number "$OTHER" "$NAME-2")" != "$(number "$LIBRARY" "$NAME")" ]
	# Whoever comes first after the host's start has it; and it is free with the partition.
	insula remove --force "$NAME"
	other start "$NAME" </dev/null
	[ "$(readlink "$CLAIMS/$(number "$OTHER" "$NAME")")" = "$OTHER" ]
}

@test 'the same library by another path is no other one' {
	insula spawn "$NAME" --no-start --template busybox --net none -- sleep 1000
	ln -s "$LIBRARY" "$OTHER"
	in_host "$INSULA" --root "$STATE" --library "$OTHER" start "$NAME" </dev/null
}

@test 'gc of a library takes what is nobody'\''s, and leaves the network of the other' {
	needs_networks
	copy_library
	insula spawn "$NAME" --template busybox sleep 1000 </dev/null
	other spawn "$NAME-2" --template busybox sleep 1000 </dev/null
	number=$(number "$OTHER" "$NAME-2")
	in_host ip link show "isl$number"
	nobody=$((number == 4711 ? 4712 : 4711))
	in_host ip link add "isl$nobody" index $((0x69000000 + nobody)) type veth peer name gone
	run -0 other gc
	is 'networks 1'
	run ! in_host ip link show "isl$nobody"
	in_host ip link show "isl$(number "$LIBRARY" "$NAME")"
	insula exec "$NAME" ip address show dev eth0 </dev/null
	run -0 insula gc
	is ''
}

@test 'gc takes claims away that do not count, and keeps those of libraries that it cannot see' {
	insula spawn "$NAME" --no-start --template busybox --net none
	number=$(number "$LIBRARY" "$NAME")
	nobody=$((number == 4713 ? 4714 : 4713))
	[ ! -e "$CLAIMS/$nobody" ] && ln -s "$LIBRARY" "$CLAIMS/$nobody"
	away=$((number == 4715 ? 4716 : 4715))
	ln -s "$BATS_TEST_TMPDIR/away" "$CLAIMS/$away"
	run -0 insula gc
	[ ! -L "$CLAIMS/$nobody" ]
	[ -L "$CLAIMS/$number" ]
	[ -L "$CLAIMS/$away" ]
	rm "$CLAIMS/$away"
}
