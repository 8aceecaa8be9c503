#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The hook that shows a container what lxcfs has; a directory of ordinary files plays lxcfs.

load helpers

setup() {
	insula_setup
	LXCFS_HOOK=$top_builddir/hooks/lxcfs
	[ -x "$LXCFS_HOOK" ] || die "there is no program $LXCFS_HOOK: run make"
	FAKE=$BATS_TEST_TMPDIR/lxcfs
	mkdir -p "$FAKE/proc" "$FAKE/sys/devices/system/cpu"
	echo 'MemTotal: 42 kB' >"$FAKE/proc/meminfo"
	echo '7.00 7.00' >"$FAKE/proc/uptime"
	echo 0-8 >"$FAKE/sys/devices/system/cpu/online"
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	hook_is createRuntime "$FAKE"
}

teardown() {
	[ -z "${LXCFS-}" ] || kill "$LXCFS" || :
	[ -z "${REAL-}" ] || umount -l "$REAL" 2>/dev/null || :
	[ -z "${OPEN-}" ] || rm -rf "$OPEN"
	insula_teardown
}

# hook_is KIND DIRECTORY
hook_is() {
	# The leak sanitizer, if it is built with one, wants a /proc of its own.
	config '.hooks = {($kind): [{path: $hook, args: ["lxcfs", $directory], env: ["ASAN_OPTIONS=detect_leaks=0"]}]}' \
		--arg kind "$1" --arg hook "$LXCFS_HOOK" --arg directory "$2"
}

sees_views() {
	command_is sh -c 'cat /proc/meminfo /proc/uptime /sys/devices/system/cpu/online'
	run_box
	is $'MemTotal: 42 kB\n7.00 7.00\n0-8'
}

@test 'the files are there, in createRuntime and in prestart' {
	sees_views
	hook_is prestart "$FAKE"
	sees_views
}

@test 'in a user namespace, too, whether its root may search the way to the image or not' {
	with_userns
	sees_views
	OPEN=$(mktemp -d /tmp/insula-hook-XXXXXX)
	chmod 755 "$OPEN"
	cp -a "$BUNDLE" "$OPEN/bundle"
	BUNDLE=$OPEN/bundle sees_views
}

@test 'they are read-only, and no other file is covered' {
	command_is sh -c 'echo x >/proc/meminfo; grep -c lxcfs /proc/self/mountinfo; cat /proc/version; grep /proc/meminfo /proc/mounts'
	run_box
	has 'Read-only file system'
	has $'\n3\n'
	has 'Linux version'
	has ' ro,nosuid,nodev,noexec'
	[ "$(cat "$FAKE/proc/meminfo")" = 'MemTotal: 42 kB' ]
}

@test 'a file that the container does not have is left out' {
	echo x >"$FAKE/proc/no-such-file"
	sees_views
}

@test 'where /proc is a link of the image nothing is mounted at its end' {
	mkdir "$BUNDLE/rootfs/etc/victim"
	echo own >"$BUNDLE/rootfs/etc/victim/meminfo"
	rmdir "$BUNDLE/rootfs/proc"
	ln -s etc/victim "$BUNDLE/rootfs/proc"
	config '.mounts |= map(select(.destination != "/proc")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
	command_is cat /etc/victim/meminfo /sys/devices/system/cpu/online
	run_box
	is $'own\n0-8'
}

@test 'where the image has its own files at the place of procfs they stay as they are' {
	config '.mounts |= map(select(.destination != "/proc")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
	echo own >"$BUNDLE/rootfs/proc/meminfo"
	command_is cat /proc/meminfo
	run_box
	is own
}

@test 'without lxcfs the container is not made, and the message says why' {
	hook_is createRuntime "$BATS_TEST_TMPDIR/none"
	run ! insula run --bundle "$BUNDLE" box
	has "lxcfs does not run: $BATS_TEST_TMPDIR/none/proc"
}

@test 'what is no state, and a wrong argument, are errors' {
	run -1 "$LXCFS_HOOK" relative </dev/null
	has usage
	run -1 "$LXCFS_HOOK" "$FAKE" </dev/null
	has 'standard input'
	run -1 "$LXCFS_HOOK" "$FAKE" <<<'{"bundle": "/"}'
	has 'createRuntime or prestart'
}

@test 'with lxcfs itself' {
	skip_unless 'lxcfs is not installed' command -v lxcfs
	REAL=$BATS_TEST_TMPDIR/real
	mkdir "$REAL"
	lxcfs -f -p "$BATS_TEST_TMPDIR/lxcfs.pid" "$REAL" >"$BATS_TEST_TMPDIR/lxcfs.log" 2>&1 3>&- &
	LXCFS=$!
	wait_for 5 test -e "$REAL/proc/meminfo"
	hook_is createRuntime "$REAL"
	command_is awk '$3 == "fuse.lxcfs" { print $2 }' /proc/mounts
	run_box
	for file in /proc/cpuinfo /proc/meminfo /proc/stat /proc/uptime /proc/loadavg /proc/swaps; do
		has "$file"
	done
}
