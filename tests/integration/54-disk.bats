#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --disk: the most that a partition may write to its root.

load helpers

setup() {
	insula_setup
	NAME=disk-$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	library "$BATS_TEST_TMPDIR/library"
}

teardown() {
	insula remove --force "$NAME" >/dev/null 2>&1 || :
	no_device || echo "loop devices are left: $(losetup --list --noheadings)" >&2
	[ ! -e "$BATS_TEST_TMPDIR/disk" ] || umount "$BATS_TEST_TMPDIR/disk"
	no_device
	insula_teardown
}

insula() {
	"$INSULA" --root "$STATE" --library "$LIBRARY" "$@" 3>&-
}

# library DIRECTORY: with a template.
library() {
	LIBRARY=$1
	insula template import busybox "$(base_rootfs)"
}

# The kernel lets go of one a moment after the last mount has gone.
no_device() {
	wait_for 5 device_is_gone
}

device_is_gone() {
	! grep -qsF "$BATS_TEST_TMPDIR/library/" /sys/block/loop*/loop/backing_file
}

spawned() {
	insula spawn "$NAME" --template busybox --net none "$@" sleep 1000 </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		die "spawn: $(<"$BATS_TEST_TMPDIR/out")"
}

started() {
	insula start "$NAME" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 || die "start: $(<"$BATS_TEST_TMPDIR/out")"
}

# fill MEGABYTES: a file of that size inside.
fill() {
	run insula exec "$NAME" dd if=/dev/zero of=/big bs=1M count="$1"
}

# needs_loop: for an own file system.
needs_loop() {
	skip_unless 'there are no loop devices' test -c /dev/loop-control
	skip_unless 'mke2fs is not installed' test -x /usr/sbin/mke2fs
}

may_grow() {
	(($((16#$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status))) >> 24 & 1))
}

@test 'an own file system: full is full inside only, and no mount of the host shows it' {
	needs_loop
	spawned --disk 32M
	[ -f "$LIBRARY/partitions/$NAME/own.img" ]
	fill 100
	[ "$status" -ne 0 ]
	has 'No space left on device'
	run -0 insula exec "$NAME" rm /big
	fill 10
	[ "$status" -eq 0 ]
	run -1 grep -F "$LIBRARY" /proc/self/mountinfo
}

@test 'a library that is full: a start says so, and what ran before starts when there is room again' {
	mkdir "$BATS_TEST_TMPDIR/disk"
	mount -t tmpfs -o mode=700,nr_inodes=2000 tmpfs "$BATS_TEST_TMPDIR/disk"
	library "$BATS_TEST_TMPDIR/disk/library"
	spawned
	insula stop "$NAME"
	rm -rf "$LIBRARY/partitions/$NAME/own/work/"*
	mkdir "$BATS_TEST_TMPDIR/disk/rest"
	run ! sh -c 'cd "$1" && seq 3000 | xargs touch' - "$BATS_TEST_TMPDIR/disk/rest"
	run -1 insula start "$NAME"
	one_line
	has "make the overlay's work directory: No space left on device"
	rm -r "$BATS_TEST_TMPDIR/disk/rest"
	started
	run -0 insula exec "$NAME" touch /written
}

@test 'an own file system costs little until it is written to' {
	needs_loop
	spawned --disk 1G --no-start
	(($(stat -c %b "$LIBRARY/partitions/$NAME/own.img") * 512 < 4 * 1024 * 1024))
}

@test 'what is in an own file system stays, and its owners are those from inside' {
	needs_loop
	spawned --disk 32M
	run -0 insula exec "$NAME" sh -c 'echo kept > /kept'
	run -0 insula stop "$NAME"
	no_device
	started
	run -0 insula exec "$NAME" stat -c '%u:%g %a' /kept
	is '0:0 644'
	run -0 insula exec "$NAME" cat /kept
	is kept
}

@test 'an own file system grows while it is in use' {
	needs_loop
	skip_unless 'it takes CAP_SYS_RESOURCE' may_grow
	spawned --disk 32M
	fill 40
	[ "$status" -ne 0 ]
	run -0 insula set "$NAME" --disk 128M
	fill 80
	[ "$status" -eq 0 ]
	run -0 insula stop "$NAME"
	run -0 insula set "$NAME" --disk 256M
	started
	fill 180
	[ "$status" -eq 0 ]
}

@test 'growing that fails leaves all as it was' {
	needs_loop
	if may_grow; then skip 'here it does not fail'; fi
	spawned --disk 32M
	run -1 insula set "$NAME" --disk 64M
	has CAP_SYS_RESOURCE
	[ "$(stat -c %s "$LIBRARY/partitions/$NAME/own.img")" -eq $((32 * 1024 * 1024)) ]
	[ "$(insula show --json "$NAME" | jq -r '.[0].definition.disk')" = 32M ]
	fill 10
	[ "$status" -eq 0 ]
}

@test 'an own file system can neither shrink nor be taken away' {
	needs_loop
	spawned --disk 64M
	run -1 insula set "$NAME" --disk 32M
	one_line
	has 'disk: it can only be made larger here'
	run -1 insula set "$NAME" --unset disk
	has 'disk: it can only be made larger here'
	run -1 insula spawn "$NAME-2" --template busybox --disk 1M
	has 'disk: at least 16M'
	[ ! -e "$LIBRARY/partitions/$NAME-2" ]
}

@test 'a partition without a limit gets one as long as it is unwritten' {
	needs_loop
	spawned --no-start
	run -0 insula set "$NAME" --disk 32M
	[ -f "$LIBRARY/partitions/$NAME/own.img" ]
	run -0 insula remove "$NAME"
	spawned
	run -0 insula exec "$NAME" touch /written
	run -1 insula set "$NAME" --disk 32M
	has 'disk: it was made without a limit'
}

@test 'without mke2fs and without quotas there is an error that names both' {
	needs_loop
	mkdir "$BATS_TEST_TMPDIR/empty"
	# shellcheck disable=SC2016
	run -1 private_mounts bash -c 'mount --bind /dev/null /usr/sbin/mke2fs && exec "$@"' \
		bash "$INSULA" --root "$STATE" --library "$LIBRARY" spawn "$NAME" --template busybox --disk 32M
	has 'no project quotas'
	has 'mke2fs'
	[ ! -e "$LIBRARY/partitions/$NAME" ]
	run -0 insula gc
	is ''
}

@test 'snapshots and clones have what lies in an own file system, and a rollback goes back' {
	needs_loop
	spawned --disk 32M
	run -0 insula exec "$NAME" sh -c 'echo before > /file'
	run -0 insula snapshot "$NAME" one
	run -0 insula exec "$NAME" sh -c 'echo after > /file'
	run -0 insula stop "$NAME"
	run -0 insula snapshot "$NAME" two
	run -0 insula rollback "$NAME" one
	started
	run -0 insula exec "$NAME" cat /file
	is before
	fill 100
	[ "$status" -ne 0 ]
	run -0 insula remove --force "$NAME"
	run -0 insula gc
	is ''
}

@test 'a project quota holds, and is changed at once' {
	truncate -s 300M "$BATS_TEST_TMPDIR/disk.img"
	skip_unless 'mke2fs is not installed' mke2fs -q -F -t ext4 -O quota,project -E quotatype=prjquota \
		"$BATS_TEST_TMPDIR/disk.img"
	mkdir "$BATS_TEST_TMPDIR/disk"
	if ! mount -o loop,prjquota "$BATS_TEST_TMPDIR/disk.img" "$BATS_TEST_TMPDIR/disk"; then
		rmdir "$BATS_TEST_TMPDIR/disk"
		skip_unless 'this kernel has no quotas for ext4' false
	fi
	library "$BATS_TEST_TMPDIR/disk/library"
	spawned --disk 20M
	[ ! -e "$LIBRARY/partitions/$NAME/own.img" ]
	fill 50
	[ "$status" -ne 0 ]
	# Empty files have no blocks.
	run insula exec "$NAME" sh -c 'mkdir /many && cd /many && i=0
		while [ $i -lt 5000 ]; do : >$i || exit 1; i=$((i + 1)); done 2>/dev/null'
	[ "$status" -ne 0 ]
	run -0 insula exec "$NAME" rm -r /many
	run -0 insula set "$NAME" --disk 100M
	fill 50
	[ "$status" -eq 0 ]
	run -0 insula set "$NAME" --disk 60M
	fill 80
	[ "$status" -ne 0 ]
	run -0 insula set "$NAME" --unset disk
	fill 120
	[ "$status" -eq 0 ]
	run -0 insula remove --force "$NAME"
}
