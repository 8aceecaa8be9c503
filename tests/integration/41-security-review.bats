#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Holes that a review by an attacker's eyes has found here: each was there once.

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

@test 'a user namespace that is joined and forbids setgroups is entered without the caller'\''s groups' {
	local holder
	setpriv --reuid 1000 --regid 1000 --clear-groups unshare -U -r sleep 1000 3>&- &
	holder=$!
	wait_for 5 grep -q deny "/proc/$holder/setgroups"
	config '.linux.namespaces += [{type: "user", path: $p}] | .mounts |= .[:2] | del(.linux.maskedPaths, .linux.readonlyPaths)' \
		--arg p "/proc/$holder/ns/user"
	command_is grep Groups /proc/self/status
	run setpriv --groups 0,4,27 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	kill $holder
	wait $holder || :
	[[ $output =~ Groups:[[:space:]]*$ ]] || die "$output"
}

@test 'exec does not leave the root of a container without a mount namespace' {
	config '.linux.namespaces |= map(select(.type != "mount")) | del(.mounts, .linux.maskedPaths, .linux.readonlyPaths)'
	touch "$BUNDLE/rootfs/here"
	sleeper box
	run -0 insula exec --cwd /bin box sh -c 'ls /here; pwd'
	is $'/here\n/bin'
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

@test 'kill --all KILL needs no list of the processes, which a guest can make too deep' {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	command_is sh -c 'cd /sys/fs/cgroup; i=0; while [ $i -lt 150 ]; do mkdir a && cd a; i=$((i + 1)); done; echo ready; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 10 grep -q ready "$OUTPUT_FILE"
	run -0 insula kill --all box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
}

@test 'delete --force finds a process whose first thread has ended below any number of cgroups' {
	add_probe
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
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

@test 'exec gives up when a cgroup of the guest'\''s above the one that it enters is frozen' {
	add_probe
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
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
			</dev/null >"$DIR/said" 2>&1 3>&- || status=$?
		[ "$status" -eq 0 ] || break
	done
	[ "$status" -eq 255 ]
	grep -q 'stopped on its way in' "$DIR/said"
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'a startContainer hook, whose file is the guest'\''s, has the rights of the program and no more' {
	config '.hooks.startContainer = [{path: "/bin/grep", args: ["grep", "-E", "^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)", "/proc/self/status"]}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["reboot"], action: "SCMP_ACT_ERRNO"}]}
		| .process.user = {uid: 1000, gid: 1001, additionalGids: [7]}'
	command_is grep -E '^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)' /proc/self/status
	run -0 insula run --bundle "$BUNDLE" box
	[ "${#lines[@]}" -eq 20 ] || die "$output"
	[ "$(head -n 10 <<<"$output")" = "$(tail -n 10 <<<"$output")" ] || die "$output"
	has $'Seccomp:\t2'
	has $'NoNewPrivs:\t1'

	# A hook of uid 0 can no more make devices than the program could.
	new_bundle
	config '.hooks.startContainer = [{path: "/bin/mknod", args: ["mknod", "/tmp/disk", "b", "8", "0"]}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'Operation not permitted'
	leaves_nothing box
}

@test 'the name of the host is not set through its uts namespace, joined by path' {
	local was
	was=$(hostname)
	config '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" else . end)'
	# Should it happen, then to nobody but this process.
	run ! unshare --uts "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	has 'would change the host'
	one_line
	config 'del(.hostname) | .domainname = "evil"'
	run ! unshare --uts "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	has 'would change the host'
	[ "$(hostname)" = "$was" ]
	config 'del(.domainname)'
	run -0 insula run --bundle "$BUNDLE" box
}

@test 'control characters above 0x7f do not reach the terminal either' {
	# U+009B begins a control sequence as ESC [ does; so does its second byte, for terminals without UTF-8.
	printf '#!/\xc2\x9b31m/\x9b2J/ä\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	command_is script
	run ! insula run --bundle "$BUNDLE" box
	has '/??31m/?2J/ä'
	one_line
}

# as_host_mounts: in a mount namespace of its own: a volume that the host has mounted read-only, and in which
# it hides a directory.
as_host_mounts() {
	mount --bind "$1" "$1" && mount -o remount,bind,ro,nosuid,nodev "$1" && mount -t tmpfs none "$1/hidden" &&
		exec "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
}

@test 'root in a user namespace cannot undo how the host has mounted a volume' {
	local volume=$BATS_TEST_TMPDIR/volume
	with_userns
	mkdir -p "$volume/hidden" "$BUNDLE/rootfs/volume"
	chmod 777 "$volume"
	echo secret >"$volume/hidden/file"
	# CAP_SYS_ADMIN in there is none outside.
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])
		| .mounts += [{destination: "/volume", type: "bind", source: $v, options: ["rbind"]}]' --arg v "$volume"
	command_is sh -c 'mount -o remount,bind,rw /volume; echo x >/volume/x; umount /volume/hidden; cat /volume/hidden/file; true'
	export -f as_host_mounts
	export STATE BUNDLE
	run -0 private_mounts bash -c 'as_host_mounts "$1"' - "$volume"
	hasnt secret
	has 'Read-only file system'
	[ ! -e "$volume/x" ]
}

@test 'a root directory that the host has mounted read-only stays so in a user namespace' {
	with_userns
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])'
	mkdir -p "$BUNDLE/rootfs/open"
	chmod 777 "$BUNDLE/rootfs/open"
	command_is sh -c 'mount -o remount,bind,rw /; echo x >/open/x; true'
	run -0 private_mounts bash -c 'mount --bind "$1/rootfs" "$1/rootfs" && mount -o remount,bind,ro "$1/rootfs" &&
		exec "$INSULA" --root "$2" run --bundle "$1" box 3>&-' - "$BUNDLE" "$STATE"
	has 'Read-only file system'
	[ ! -e "$BUNDLE/rootfs/open/x" ]
}

@test 'the host'\''s device nodes keep their modes, whoever is root inside' {
	local was
	was=$(stat -c %a /dev/full)
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	command_is sh -c 'echo x >/dev/null && head -c 1 /dev/full | wc -c; chmod '"$was"' /dev/full'
	run ! insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = 1 ]
	has 'Read-only file system'
	[ "$(stat -c %a /dev/full)" = "$was" ]
}
