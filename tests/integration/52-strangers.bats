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

@test 'what the host has one store of is not a guest'\''s to empty' {
	insula template import busybox "$(base_rootfs)"
	detached spawn "$P" --template busybox --net none --mount "$(dirname "$PROBE"):/probes:ro" -- sleep 1000
	[ "$status" -eq 0 ] || die "spawn: $output"
	# Filters of sockets: SOL_SOCKET is 1, SO_ATTACH_FILTER 26, SO_ATTACH_REUSEPORT_CBPF 51; whatever is in the
	# upper halves, of which the kernel takes no notice. The descriptor is none: a call that is let through
	# says so.
	local level option
	for level in 1 0x100000001; do
		for option in 26 51 0x10000001a 0x100000033; do
			run -1 insula exec "$P" /probes/probe call setsockopt 99 $level $option 0 0
			has 'EPERM'
		done
	done
	for option in {1..25} {27..50} {52..99}; do
		echo "1 $option"
	done >"$BATS_TEST_TMPDIR/options"
	for level in 0 2 6 17 41 58 132 255 263 270 282 287; do
		echo "$level 26"
	done >>"$BATS_TEST_TMPDIR/options"
	run -0 insula exec "$P" sh -c 'while read -r level option; do
		/probes/probe call setsockopt 99 $level $option 0 0; done 2>&1 | sort -u' <"$BATS_TEST_TMPDIR/options"
	is 'setsockopt: EBADF'
	# The kernel's asynchronous I/O, and huge pages: MAP_PRIVATE, MAP_ANONYMOUS, MAP_HUGETLB; MFD_HUGETLB.
	run -1 insula exec "$P" /probes/probe call io_setup 1 0
	has 'ENOSYS'
	run -1 insula exec "$P" /probes/probe call mmap 0 0x200000 3 0x40022 -1 0
	has 'ENOMEM'
	run -0 insula exec "$P" /probes/probe call mmap 0 0x200000 3 0x22 -1 0
	run -1 insula exec "$P" /probes/probe call memfd_create name 4
	has 'ENOMEM'
	run -0 insula exec "$P" /probes/probe call memfd_create name 1
	# Terminals.
	run -0 insula exec "$P" awk '$3 == "/dev/pts" || $2 == "/dev/pts" { print $4 }' /proc/mounts
	[[ ,$output, == *,max=128,* ]]
}

@test 'who has CAP_NET_RAW has the filters that belong to it' {
	insula template import busybox "$(base_rootfs)"
	detached spawn "$P" --template busybox --net none --cap-add NET_RAW --mount "$(dirname "$PROBE"):/probes:ro" \
		-- sleep 1000
	[ "$status" -eq 0 ] || die "spawn: $output"
	run -1 insula exec "$P" /probes/probe call setsockopt 99 1 26 0 0
	has 'EBADF'
}
