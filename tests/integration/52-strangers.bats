#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Partitions whose guest, image or archive is a stranger's.

load helpers

setup() {
	insula_setup
	LIBRARY=$STATE/.library
	P=s$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	insula_teardown
}

# said NAME: the first line that a partition has said.
said() {
	for _ in $(seq 100); do
		insula logs --lines 1 "$1" | grep . && return
		sleep 0.1
	done
	die "$1 says nothing"
}

@test 'what one guest has used up, the others and the host still have' {
	insula template import busybox "$(base_rootfs)"
	for name in "$P-a" "$P-b"; do
		detached spawn "$name" --template busybox --net none --mount "$(dirname "$PROBE"):/probes:ro" \
			-- /probes/probe queue
		[ "$status" -eq 0 ] || die "spawn: $output"
		[ "$(said "$name")" -gt 100 ]
	done
	run timeout 2 "$PROBE" queue
	[ "${lines[0]}" -gt 100 ]
}

@test 'a directory whose files are exchanged with symlinks while it is imported' {
	local source=$BATS_TEST_TMPDIR/source racers=() i
	printf '%-64s\n' secret >"$BATS_TEST_TMPDIR/secret"
	mkdir "$source"
	for i in $(seq 6); do
		printf '%-64s\n' mine >"$source/file$i"
		ln -s "$BATS_TEST_TMPDIR/secret" "$source/link$i"
		"$PROBE" exchange 30 "$source/file$i" "$source/link$i" >/dev/null 2>&1 3>&- &
		racers+=($!)
	done
	for i in $(seq 30); do
		insula template import "$P-$i" "$source" >/dev/null 2>&1 || :
	done
	kill "${racers[@]}"
	wait "${racers[@]}" || :
	run -1 grep -rl secret "$LIBRARY/images"
}
