#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a partition sees of the machine, with lxcfs and without it.

load helpers

# lxcfs has one place; each test has a mount namespace of its own, in which that is another directory.
setup() {
	insula_setup
	P=v$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	unshare --mount --propagation private sleep 1000 3>&- &
	HOST=$!
	wait_for 5 is_apart
	if [ -d /var/lib/lxcfs ]; then
		in_host mount -t tmpfs lxcfs-test /var/lib/lxcfs
	fi
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	[ -z "${LXCFS-}" ] || kill "$LXCFS" || :
	[ -z "${HOST-}" ] || kill "$HOST" || :
	insula_teardown
}

is_apart() {
	[ "$(readlink "/proc/$HOST/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

in_host() {
	nsenter --mount="/proc/$HOST/ns/mnt" -- "$@" 3>&-
}

insula() {
	in_host "$INSULA" --root "$STATE" "$@"
}

# lxcfs_runs: in the test's mount namespace.
lxcfs_runs() {
	skip_unless 'lxcfs is not installed' command -v lxcfs
	skip_unless 'there is no /dev/fuse' test -c /dev/fuse
	# Not by in_host, whose shell would be the one that has the pid.
	nsenter --mount="/proc/$HOST/ns/mnt" -- lxcfs -f -p "$BATS_TEST_TMPDIR/lxcfs.pid" /var/lib/lxcfs \
		>"$BATS_TEST_TMPDIR/lxcfs.log" 2>&1 3>&- &
	LXCFS=$!
	wait_for 5 in_host test -e /var/lib/lxcfs/proc/meminfo
}

spawned() {
	insula spawn "$P" --template busybox --net none -- sleep 1000 </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		die "spawn: $(cat "$BATS_TEST_TMPDIR/out")"
}

@test 'without lxcfs the files are the kernel'\''s, and the uptime is its own' {
	spawned
	run -0 insula exec "$P" cat /proc/mounts
	hasnt lxcfs
	run -0 insula exec "$P" cut -d . -f 1 /proc/uptime
	[ "$output" -lt 60 ]
	run -0 insula exec "$P" uptime
	has 'up 0 min'
}

@test 'where lxcfs runs its files are there, and nobody inside can write to them' {
	lxcfs_runs
	spawned
	run -0 insula exec "$P" awk '$3 == "fuse.lxcfs" && $4 ~ /^ro,nosuid,nodev,noexec/ { print $2 }' /proc/mounts
	for file in /proc/cpuinfo /proc/meminfo /proc/stat /proc/uptime /proc/loadavg /proc/swaps /sys/devices/system/cpu/online; do
		has "$file"
	done
	run -0 insula exec "$P" cat /proc/meminfo
	has MemTotal:
	run -1 insula exec "$P" sh -c 'echo 0 >/proc/meminfo'
	run -0 insula exec "$P" cut -d . -f 1 /proc/uptime
	[ "$output" -lt 60 ]
}

@test 'an lxcfs that was killed counts as none' {
	lxcfs_runs
	kill -KILL "$LXCFS"
	wait "$LXCFS" || :
	LXCFS=
	spawned
	run -0 insula exec "$P" cat /proc/mounts
	hasnt lxcfs
}
