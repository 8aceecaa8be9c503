#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What insula-tutorial(7) tells to type, typed. A network namespace of the test's own plays the host.

load helpers

setup() {
	insula_setup
	skip_unless 'insula-net is not built: no libmnl' test -x "$(own_program insula-net)"
	unshare --net sleep 1000 3>&- &
	HOST=$!
	wait_for 5 is_apart
	in_host ip link set lo up
	skip_unless 'the kernel has no veth' in_host ip link add up0 type veth peer name up1
	skip_unless 'the kernel has no nftables' in_host nft list ruleset
}

teardown() {
	[ -z "${HOST-}" ] || in_host "$INSULA" --root "$STATE" remove --force --all 2>/dev/null || :
	[ -z "${HOST-}" ] || kill "$HOST" || :
	insula_teardown
}

is_apart() {
	[ "$(readlink "/proc/$HOST/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

in_host() {
	nsenter --net="/proc/$HOST/ns/net" -- "$@" 3>&-
}

# commands: of the page, one in a line, as a reader sees them.
commands() {
	sed -n 's/^# \\fB\(.*\)\\fR$/\1/p' "$top_srcdir/man/insula-tutorial.7" | sed -e "s/\\\\(aq/'/g" -e 's/\\-/-/g'
}

@test 'the tutorial' {
	commands >"$BATS_TEST_TMPDIR/commands"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -gt 30 ]
	cat >"$BATS_TEST_TMPDIR/insula" <<-END
		#!/bin/sh
		exec "$INSULA" --root "$STATE" "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/insula"
	cd "$BATS_TEST_TMPDIR"
	PATH=$BATS_TEST_TMPDIR:$PATH run in_host bash -ex commands
	[ "$status" -eq 0 ] || die "$output"
	has $'\nhello'
	[ "$(grep -c '| g' <<<"$output")" -eq 20 ]
	has 'web1: comment is changed'
	has $'\nfrom db'
	has 'env will be changed by a restart'
	# gc has nothing to tell.
	[ "${lines[-1]}" = '+ insula gc' ] || die "${lines[-1]}"
}
