#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# /dev: what is always there, linux.devices, and the rules of linux.resources.devices.

load helpers

# Who may do everything else, so that it is the rules that deny.
setup() {
	insula_setup
	config '.process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_SYSLOG"])'
}

@test 'the default devices and links, in every kind of /dev' {
	local kind expected
	expected=$'null 1:3 666\nzero 1:5 666\nfull 1:7 666\nrandom 1:8 666\nurandom 1:9 666\ntty 5:0 666'
	for kind in tmpfs image userns userns-image; do
		new_bundle
		command_is sh -c "cd /dev; stat -c '%n %t:%T %a' null zero full random urandom tty; for l in fd stdin stdout stderr ptmx; do readlink \$l; done;
			echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; echo x >/dev/full"
		[[ $kind != *image ]] || config '.mounts |= map(select(.destination != "/dev"))'
		[[ $kind != userns* ]] || with_userns
		[[ $kind != userns-image ]] || chown -R 100000:100000 "$BUNDLE/rootfs/dev"
		run insula run --bundle "$BUNDLE" box
		[[ $output == "$expected"$'\n/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n3\n3\n'*'No space left'* ]] || die "$kind: $output"
		[ "${#lines[@]}" = 14 ]
	done
}

@test 'a /dev that is bound is used as it is' {
	mkdir "$BATS_TEST_TMPDIR/dev" "$BATS_TEST_TMPDIR/dev/pts" "$BATS_TEST_TMPDIR/dev/shm" "$BATS_TEST_TMPDIR/dev/mqueue"
	config '.mounts[1] = {destination: "/dev", type: "bind", source: $d, options: ["rbind"]}' --arg d "$BATS_TEST_TMPDIR/dev"
	command_is ls /dev
	run_box
	is $'mqueue\npts\nshm'
}

@test 'linux.devices: made with mode and owner, below /dev and elsewhere' {
	config '.linux.devices = [
		{path: "/dev/fuse-like", type: "c", major: 10, minor: 229, fileMode: 384, uid: 5, gid: 6},
		{path: "/dev/sub/dir/zero", type: "u", major: 1, minor: 5},
		{path: "/dev/disk", type: "b", major: 7, minor: 77, fileMode: 432},
		{path: "/run/pipe", type: "p", fileMode: 438},
		{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 292}]'
	command_is stat -c '%F %t:%T %a %u %g' /dev/fuse-like /dev/sub/dir/zero /dev/disk /run/pipe /dev/null
	run_box
	is $'character special file a:e5 600 5 6\ncharacter special file 1:5 666 0 0\nblock special file 7:4d 660 0 0\nfifo 0:0 666 0 0\ncharacter special file 1:3 444 0 0'
}

@test 'a file that is there already has to be that device' {
	config '.mounts |= map(select(.destination != "/dev")) | .linux.devices = [{path: "/dev/there", type: "c", major: 1, minor: 5}]'
	command_is stat -c %t:%T /dev/there
	mknod "$BUNDLE/rootfs/dev/there" c 1 5
	run_box
	is 1:5
	rm "$BUNDLE/rootfs/dev/there"
	mknod "$BUNDLE/rootfs/dev/there" c 1 7
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.devices[0]'
	has /dev/there
	one_line
	rm "$BUNDLE/rootfs/dev/there"
	echo precious >"$BUNDLE/rootfs/dev/there"
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.devices[0]'
	[ "$(cat "$BUNDLE/rootfs/dev/there")" = precious ]
}

@test 'a wrong entry of linux.devices is an error' {
	local device
	for device in '{"path": "/dev/x", "type": "q"}' '{"path": "/dev/x", "type": "c", "major": -1, "minor": 0}' \
		'{"type": "c", "major": 1, "minor": 3}' '{"path": "relative", "type": "c", "major": 1, "minor": 3}' \
		'{"path": "/dev/x", "type": "c", "major": 1}' '{"path": "/proc/x", "type": "c", "major": 1, "minor": 3}' \
		'{"path": "/dev/pts", "type": "c", "major": 1, "minor": 3}'; do
		config '.linux.devices = [$d]' --argjson d "$device"
		run ! insula run --bundle "$BUNDLE" box
		has 'linux.devices[0]'
		one_line
	done
}

@test 'the rules really deny and allow' {
	# The last that fits counts.
	config '.linux.resources.devices = [
		{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 1, access: "rwm"},
		{allow: false, type: "c", major: 1, minor: 11, access: "w"},
		{allow: false, type: "c", major: 1, minor: 4, access: "rw"},
		{allow: true, type: "b", major: 7, access: "m"}]'
	command_is sh -c '
		mknod /dev/mine c 1 11 && mknod /dev/port c 1 4 && mknod /dev/fuse c 10 229 && mknod /dev/loop9 b 7 9
		(: </dev/mine) && echo mine reads
		(: >/dev/mine) && echo mine writes
		(: </dev/port) && echo port reads
		(: </dev/fuse) && echo fuse reads
		(: </dev/loop9) && echo loop reads; true'
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(grep -v permitted <<<"$output")" = 'mine reads' ]
	[ "$(grep -c 'Operation not permitted' <<<"$output")" = 4 ]
}

@test 'what every container has stays allowed, whatever the rules say' {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	command_is sh -c 'for d in null zero random urandom full ptmx; do (: <>/dev/$d) && echo $d; done'
	run -0 insula run --bundle "$BUNDLE" box
	is $'null\nzero\nrandom\nurandom\nfull\nptmx'
}

@test 'without rules only what was given can be used, with {allow: true} everything' {
	command_is sh -c 'mknod /dev/mine c 1 11 && head -c 0 /dev/mine && echo opens'
	config '.linux.resources.devices = []'
	run ! insula run --bundle "$BUNDLE" box
	has 'not permitted'
	config '.linux.devices = [{path: "/dev/log", type: "c", major: 1, minor: 11}]'
	run -0 insula run --bundle "$BUNDLE" box
	is opens
	config 'del(.linux.devices) | .linux.resources.devices = [{allow: true, access: "rwm"}]'
	run -0 insula run --bundle "$BUNDLE" box
	is opens
}

@test 'the rules hold for an exec, in a user namespace, and for a device that came by a bind' {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}]
		| .mounts += [{destination: "/dev/kmsg", type: "bind", source: "/dev/kmsg", options: ["bind"]}]'
	sleeper box
	run ! insula exec box head -c 0 /dev/kmsg
	has 'not permitted'
	run -0 insula delete --force box
	with_userns
	config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 7}]'
	command_is sh -c 'stat -c %t:%T /dev/full; head -c 0 /dev/kmsg; head -c 1 /dev/zero | wc -c'
	run insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = 1:7 ] || die "$output"
	has 'kmsg: Operation not permitted' || has 'kmsg: Permission denied'
	has 1
}

@test 'a wrong rule is an error' {
	local rule
	for rule in '{"allow": true, "type": "x"}' '{"allow": true, "access": "z"}' '{"access": "rwm"}' '{"allow": true, "major": "1"}'; do
		config '.linux.resources.devices = [$r]' --argjson r "$rule"
		run ! insula run --bundle "$BUNDLE" box
		has 'linux.resources.devices[0]'
		one_line
	done
}
