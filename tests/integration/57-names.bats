#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Partitions of one group know each other by name. A network namespace of the test's own plays the host.

load helpers

setup() {
	insula_setup
	P=n$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	skip_unless 'insula-net is not built: no libmnl' test -x "$(own_program insula-net)"
	unshare --net sleep 1000 3>&- &
	HOST=$!
	wait_for 5 is_apart
	skip_unless 'the kernel has no veth' in_host ip link add up0 type veth peer name up1
	skip_unless 'the kernel has no nftables' in_host nft list ruleset
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	[ -z "${HOST-}" ] || kill "$HOST" || :
	insula_teardown
}

is_apart() {
	[ "$(readlink "/proc/$HOST/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

in_host() {
	nsenter --net="/proc/$HOST/ns/net" -- "$@" 3>&-
}

insula() {
	in_host "$INSULA" --root "$STATE" "$@"
}

# spawned NAME ARGS…: a partition that sleeps.
spawned() {
	local name=$1
	shift
	insula spawn "$P-$name" --template busybox "$@" -- sleep 1000 </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		die "spawn $name: $(cat "$BATS_TEST_TMPDIR/out")"
}

# knows NAME OTHER: the first finds both addresses of the other.
knows() {
	local hosts address
	hosts=$(insula exec "$P-$1" cat /etc/hosts)
	for address in $(insula exec "$P-$2" ip -o address show dev eth0 scope global | awk '{ sub("/.*", "", $4); print $4 }'); do
		grep -qxF "$address $P-$2" <<<"$hosts" || return 1
	done
	[ -n "$address" ]
}

# names NAME: whom it knows, but for itself.
names() {
	insula exec "$P-$1" sed -n "4,\$s/.* $P-//p" /etc/hosts | sort -u | xargs
}

@test 'members of a group find each other, others find nobody' {
	spawned a --group web
	spawned b --group web
	spawned c --group other
	spawned d
	knows a b
	knows b a
	[ "$(names a)/$(names b)/$(names c)/$(names d)" = b/a// ]
	insula exec --detach "$P-b" sh -c 'echo hello | nc -l -p 80' </dev/null >/dev/null 2>&1
	wait_for 5 insula exec "$P-b" grep -qs :0050 /proc/net/tcp /proc/net/tcp6
	run -0 insula exec "$P-a" nc -w 5 "$P-b" 80
	is hello
}

@test 'a name is gone after the stop, and there again after the start' {
	spawned a --group web
	spawned b --group web
	insula stop --timeout 0 "$P-b"
	[ -z "$(names a)" ]
	insula start "$P-b" </dev/null >/dev/null 2>&1
	knows a b
	insula remove --force "$P-b"
	[ -z "$(names a)" ]
	insula remove --force "$P-a"
	[ -z "$(ls "$STATE/.groups")" ]
}

@test 'a program that ends by itself leaves its groups' {
	spawned a --group web
	insula spawn "$P-b" --template busybox --group web -- sleep 1 </dev/null >/dev/null 2>&1
	[ "$(names a)" = b ]
	knows_nobody() { [ -z "$(names a)" ]; }
	wait_for 10 knows_nobody
}

@test 'a name that stands for something else everywhere is none in a group' {
	spawned a --group web
	for name in localhost ip6-loopback 192.0.2.7; do
		insula spawn "$name" --template busybox --group web -- sleep 1000 </dev/null 3>&-
	done
	spawned b --group web
	[ "$(names a)" = b ]
	run -0 insula exec "$P-a" cat /etc/hosts
	hasnt ' 192.0.2.7'
	[ "$(grep -c 'localhost\|ip6-loopback' <<<"$output")" = 2 ]
	insula remove --force localhost ip6-loopback 192.0.2.7
}

@test 'groups change while all run' {
	spawned a --group web --group db
	spawned b --group web
	spawned c --group db
	[ "$(names a)/$(names b)/$(names c)" = 'b c/a/a' ]
	insula set --group db "$P-b"
	[ "$(names a)/$(names b)/$(names c)" = 'b c/a c/a b' ]
	insula show --definition "$P-c" | jq 'del(.group)' >"$BATS_TEST_TMPDIR/$P-c.json"
	insula apply "$BATS_TEST_TMPDIR/$P-c.json"
	[ "$(names a)/$(names b)/$(names c)" = 'b/a/' ]
	# What readers have open stays the file that it is: nothing but the three lines is left in it.
	[ "$(insula exec "$P-c" cat /etc/hosts | wc -l)" = 3 ]
}

@test 'what a killed command has left of it goes with gc' {
	spawned a --group web
	ln -s 'lost 10.209.0.9 fd69::9 web' "$STATE/.groups/lost"
	spawned b --group web
	[ "$(insula exec "$P-a" grep -c lost /etc/hosts)" = 2 ]
	run -0 insula gc
	has 'member lost'
	hasnt "$P"
	[ "$(names a)" = b ]
}

@test 'rules that a firewall has flushed come back with gc' {
	spawned a --group shop --publish 8077:80
	spawned b
	run -0 insula gc
	is ''
	in_host nft flush ruleset
	run -0 insula gc
	# The other one has nothing in the table, once it is there again.
	has "rules $P-a"
	run -0 in_host nft list map inet insula publish4
	has 8077
	# A start makes the table, too, but not what the others had in it.
	in_host nft flush ruleset
	spawned c
	run -0 insula gc
	is "rules $P-a"
	run -0 insula gc
	is ''
}
