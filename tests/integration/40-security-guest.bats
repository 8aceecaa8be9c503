#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A guest that works against `exec`, `kill` and `delete`: by what it lays ready, hides, freezes and stops.

load helpers

# laid_ready: a container whose first process is user 1000, makes itself a user and a mount namespace, and
# puts another program in the place of /bin/good there.
laid_ready() {
	config '.process.user = {uid: 1000, gid: 1000}'
	printf '#!/bin/busybox sh\necho good\n' >"$BUNDLE/rootfs/bin/good"
	printf '#!/bin/busybox sh\necho evil; cat /proc/self/uid_map; grep Groups /proc/self/status\n' >"$BUNDLE/rootfs/bin/evil"
	chmod 755 "$BUNDLE/rootfs/bin/good" "$BUNDLE/rootfs/bin/evil"
	command_is unshare -U -r -m sh -c 'mount --bind /bin/evil /bin/good && echo ready && exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 grep -q ready "$OUTPUT_FILE" || die "$(cat "$OUTPUT_FILE")"
}

@test 'a container'\''s user cannot lay a program ready that exec then runs as the container'\''s root' {
	laid_ready
	# It may see what the first process sees, but with the rights of that one only.
	run insula exec --user 0:0 box good
	hasnt 4294967295
	[[ $output =~ ^good|evil$'\n'\ +0\ +1000\ +1$'\n' ]] || die "$output"
}

@test 'exec leaves the caller'\''s groups outside, also of a user namespace that forbids setgroups' {
	with_userns
	laid_ready
	run setpriv --groups 0,4,27 "$INSULA" --root "$STATE" exec --user 0:0 box good 3>&-
	has evil
	[[ $output =~ Groups:[[:space:]]*$ ]] || die "$output"
}

@test 'exec does not leave the root of a container without a mount namespace' {
	config '.linux.namespaces |= map(select(.type != "mount")) | del(.mounts, .linux.maskedPaths, .linux.readonlyPaths)'
	touch "$BUNDLE/rootfs/here"
	sleeper box
	run -0 insula exec --cwd /bin box sh -c 'ls /here; pwd'
	is $'/here\n/bin'
}

@test 'exec gives up when a cgroup of the guest'\''s above the one that it enters is frozen' {
	add_probe
	with_writable_cgroup
	# It is never called frozen, for one process in it does not come to a halt.
	command_is sh -c 'cd /sys/fs/cgroup; mkdir outer outer/leaf
		exec probe unfreezable outer/leaf/cgroup.procs outer/cgroup.freeze'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	run -255 timeout -s KILL 20 "$INSULA" --root "$STATE" exec --cgroup outer/leaf box true 3>&-
	has 'frozen meanwhile'
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'exec gives up when the guest stops each process that enters' {
	command_is sh -c 'echo ready; while :; do kill -STOP -1 2>/dev/null; done'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	# Who is quicker, the guest or the exec, is not always the same; and a program that has come so far as
	# to be executed may be stopped, too: nobody waits for it.
	for _ in {1..30}; do
		status=0
		timeout -s KILL 20 "$INSULA" --root "$STATE" exec --detach box true \
			</dev/null >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- || status=$?
		[ "$status" -eq 0 ] || break
	done
	[ "$status" -eq 255 ]
	grep -q 'stopped on its way in' "$BATS_TEST_TMPDIR/said"
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'a process whose first thread has ended is running, and can be killed' {
	add_probe
	command_is probe headless
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	wait_for 5 grep -q '^State:[[:space:]]*Z' "/proc/$(pid_of box)/status"
	has_status box running
	run ! insula delete box
	has running
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box

	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	run -0 timeout 8 "$INSULA" --root "$STATE" delete --force box 3>&-
	leaves_nothing box
}

@test 'delete --force ends processes whose first thread has ended, without a pid namespace too' {
	add_probe
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))
		| del(.linux.maskedPaths, .linux.readonlyPaths)'
	command_is sh -c 'probe headless & probe headless & sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q $'ready' "$OUTPUT_FILE"
	run -0 timeout 8 "$INSULA" --root "$STATE" delete --force box 3>&-
	leaves_nothing box

	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	run -0 insula kill --all box KILL
	wait_for 5 no_process
}

@test 'delete --force finds a process whose first thread has ended below any number of cgroups' {
	add_probe
	with_writable_cgroup
	command_is sh -c 'cd /sys/fs/cgroup; i=0; while [ $i -lt 150 ]; do mkdir a && cd a; i=$((i + 1)); done
		echo 0 >cgroup.procs; cd /; exec probe headless'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 10 grep -q ready "$OUTPUT_FILE"
	wait_for 5 grep -q '^State:[[:space:]]*Z' "/proc/$(pid_of box)/status"
	run -0 insula ps --format json box
	is "[$(pid_of box)]"
	run -0 timeout 8 "$INSULA" --root "$STATE" delete --force box 3>&-
	leaves_nothing box
}

@test 'kill --all KILL needs no list of the processes, which a guest can make too deep' {
	with_writable_cgroup
	command_is sh -c 'cd /sys/fs/cgroup; i=0; while [ $i -lt 150 ]; do mkdir a && cd a; i=$((i + 1)); done; echo ready; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 10 grep -q ready "$OUTPUT_FILE"
	run -0 insula kill --all box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
}

is_alone() {
	[ "$(insula ps --format json box)" = "[$(pid_of box)]" ]
}

@test 'a cgroup with a dot in front of its name hides nobody, and goes with the others' {
	with_writable_cgroup
	command_is sh -c 'cd /sys/fs/cgroup; mkdir .a .a/... ..b; sleep 1000 & echo $! >.a/.../cgroup.procs; echo ready; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	run -0 insula ps --format json box
	[ "$(jq length <<<"$output")" -eq 2 ] || die "$output"
	# The first process of a pid namespace does not die of this.
	run -0 insula kill --all box TERM
	wait_for 5 is_alone
	run -0 insula delete --force box
	leaves_nothing box
}

# A container of an ordinary user, as whom its root owns its cgroup, below one that was given to that user.
closes_its_cgroup() {
	given=$CGROUP_ROOT$TEST_CGROUP
	mkdir -p "$given/caller" "$BATS_TEST_TMPDIR/theirs"
	chown 1000 "$given" "$given/cgroup.procs" "$given/caller" "$given/caller/cgroup.procs" "$BATS_TEST_TMPDIR/theirs"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.."
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]
		| .linux.gidMappings = .linux.uidMappings | .mounts |= map(.options -= ["gid=5"])
		| .mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	command_is sh -c 'cd /sys/fs/cgroup; mkdir sub; sleep 1000 & echo $! >sub/cgroup.procs
		chmod 0 sub/* sub cgroup.*; chmod 0 .; echo ready; exec sleep 1000'
	theirs run --detach --bundle "$BUNDLE" box </dev/null >"$BATS_TEST_TMPDIR/output" 2>&1
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/output" || die "$(cat "$BATS_TEST_TMPDIR/output")"
}

# theirs ARGS…: as that user, from a cgroup of theirs.
theirs() {
	sh -c 'echo $$ >"$0/cgroup.procs" && exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"' \
		"$given/caller" "$INSULA" --root "$BATS_TEST_TMPDIR/theirs" "$@" 3>&-
}

@test 'an ordinary user'\''s container cannot close its cgroup to that user' {
	skip_unless 'ordinary users may make no user namespaces' \
		setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user true
	closes_its_cgroup
	run -0 theirs ps --format json box
	[ "$(jq length <<<"$output")" -eq 2 ] || die "$output"
	run -0 theirs pause box
	run -0 theirs resume box
	run -0 theirs delete --force box
	leaves_nothing box
	wait_for 5 rmdir "$given/caller"
}

@test 'what an ordinary user'\''s container has closed for good does not keep it alive' {
	skip_unless 'ordinary users may make no user namespaces' \
		setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user true
	closes_its_cgroup
	# As its root can, if it has more ids than one.
	chown 1234 "$given/1"
	run -1 theirs delete --force box
	has 'Permission denied'
	wait_for 5 no_process
	rmdir "$given/1/sub" "$given/1"
	run -0 theirs delete --force box
	wait_for 5 rmdir "$given/caller"
}
