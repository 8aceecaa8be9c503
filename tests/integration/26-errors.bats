#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is wrong is said in one clear line, with the status that callers expect, and nothing is left.

load helpers

# refused STATUS TEXT…: run fails with that status, in one line that holds each text.
refused() {
	local expected=$1 text
	shift
	run -"$expected" insula run --bundle "$BUNDLE" box
	one_line
	[[ ${lines[0]} == insula:\ * ]]
	for text; do
		has "$text"
	done
	[ -z "$(ls "$STATE")" ]
	[ ! -e "$CGROUP_ROOT$TEST_CGROUP" ]
	no_process
	! grep -F "$BUNDLE" /proc/self/mountinfo || die "mounts are left"
}

# --- the configuration --------------------------------------------------------------------------

@test 'JSON that is none' {
	local text
	for text in '' ' ' '{' '[' '{"a":}' '{"a":1,}' '{} x' 'null' '[]' '"x"' '3' $'{"a":"\x01"}' $'{"a":"\xff"}' '{a:1}' "{'a':1}"; do
		printf '%s' "$text" >"$BUNDLE/config.json"
		refused 1 config.json
	done
}

@test 'no configuration: what to do' {
	rm "$BUNDLE/config.json"
	refused 1 "$BUNDLE/config.json: No such file or directory" '--bundle' '`insula spec`'
}

@test 'a mistyped property: plan warns, create and run do as the specification says' {
	command_is true
	config '.linux.resorces = {} | .process.user.gids = [] | .windows = {}'
	run -0 insula run --bundle "$BUNDLE" box
	is ''
	run -0 insula --log-level info run --bundle "$BUNDLE" box
	has 'info: linux.resorces: '
	run -0 --separate-stderr insula plan "$BUNDLE"
	[ "${#stderr_lines[@]}" -eq 3 ]
	[[ $stderr == *'warning: linux.resorces: '*'did you mean "resources"?'* ]]
}

@test 'a full disk is nothing that the configuration is to blame for' {
	mkdir "$BATS_TEST_TMPDIR/full"
	# shellcheck disable=SC2016
	run private_mounts sh -c 'mount -t tmpfs -o size=16k full "$1" && mkdir -m 700 "$1/state" &&
		dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null; shift; exec "$@"' sh "$BATS_TEST_TMPDIR/full" \
		"$INSULA" --root "$BATS_TEST_TMPDIR/full/state" run --bundle "$BUNDLE" box 3>&-
	[ "$status" -eq 1 ]
	one_line
	has 'No space left on device'
	has 'the state '
	hasnt linux.
}

@test 'a configuration cut off anywhere' {
	local size whole
	whole=$(stat -c %s "$BUNDLE/config.json")
	cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/whole.json"
	for size in 1 10 100 1000 $((whole - 3)); do
		head -c "$size" "$BATS_TEST_TMPDIR/whole.json" >"$BUNDLE/config.json"
		refused 1 config.json
	done
}

@test 'a key that is there twice' {
	sed -i 's/"ociVersion"/"hostname": "a", "ociVersion"/' "$BUNDLE/config.json"
	refused 1 config.json hostname
}

@test 'JSON that is nested ten thousand deep' {
	{
		printf '{"a":'
		printf '[%.0s' {1..10000}
		printf ']%.0s' {1..10000}
		printf '}'
	} >"$BUNDLE/config.json"
	refused 1 config.json
}

@test 'a configuration of many megabytes' {
	{
		printf '{"a":"'
		head -c 40000000 /dev/zero | tr '\0' x
		printf '"}'
	} >"$BUNDLE/config.json"
	refused 1 config.json
}

@test 'a configuration that is not there, a directory, or a pipe' {
	rm "$BUNDLE/config.json"
	refused 1 "$BUNDLE/config.json" 'No such file or directory'
	mkdir "$BUNDLE/config.json"
	refused 1 "$BUNDLE/config.json"
	rmdir "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	run -1 timeout 5 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box
	has config.json
	one_line
}

@test 'a bundle that is not there' {
	run -1 insula run --bundle "$BATS_TEST_TMPDIR/nowhere" box
	has "$BATS_TEST_TMPDIR/nowhere"
	has 'No such file or directory'
	one_line
	run -1 insula run --bundle "$BUNDLE/config.json" box
	has 'Not a directory'
	one_line
}

@test 'values of the wrong type or range are named by their place' {
	local change key
	while IFS='	' read -r key change; do
		cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/good.json"
		config "$change"
		refused 1 "$key"
		cp "$BATS_TEST_TMPDIR/good.json" "$BUNDLE/config.json"
	done <<-'END'
		ociVersion	.ociVersion = 1
		ociVersion	del(.ociVersion)
		ociVersion	.ociVersion = "2.0.0"
		ociVersion	.ociVersion = "one"
		root	del(.root)
		root.path	.root = {}
		root.path	.root.path = ""
		process.args	.process.args = []
		process.args	del(.process.args)
		process.args[1]	.process.args = ["true", 1]
		process.cwd	.process.cwd = "relative"
		process.cwd	del(.process.cwd)
		process.env[0]	.process.env = ["nothing"]
		process.user.uid	.process.user.uid = -1
		process.user.uid	.process.user.uid = 4294967295
		process.user.umask	.process.user.umask = 4096
		process.terminal	.process.terminal = "yes"
		process.rlimits[1]	.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]
		process.oomScoreAdj	.process.oomScoreAdj = 1001
		mounts[0].destination	.mounts[0] = {type: "tmpfs"}
		mounts[7]	.mounts += [3]
		linux.namespaces[6]	.linux.namespaces += [{type: "pid"}]
		linux.maskedPaths[0]	.linux.maskedPaths = ["relative"]
		linux.uidMappings	.linux.uidMappings = [{containerID: 0, hostID: 1, size: 1}]
		linux.cgroupsPath	.linux.cgroupsPath = 3
		linux.seccomp.defaultAction	.linux.seccomp = {defaultAction: "SCMP_ACT_MOON"}
		hooks.prestart[0].path	.hooks = {prestart: [{path: "relative"}]}
		annotations	.annotations = {"": "x"}
		hostname	.hostname = ("x" * 65)
	END
}

@test 'unknown properties are ignored' {
	config '.nothing = {a: [1, null]} | .linux.nothing = 3 | .process.nothing = "x" | .vm = {} | .windows = {}'
	run -0 insula run --bundle "$BUNDLE" box
	is ''
}

# --- the root file system -----------------------------------------------------------------------

@test 'a root file system that is not there, or is a file' {
	config '.root.path = "nowhere"'
	refused 1 root.path "$BUNDLE/nowhere" 'No such file or directory'
	config '.root.path = "config.json"'
	refused 1 root.path 'Not a directory'
	ln -s nowhere "$BUNDLE/link"
	config '.root.path = "link"'
	refused 1 root.path
}

@test 'an empty root file system' {
	mkdir "$BUNDLE/empty"
	config '.root.path = "empty"'
	refused 127 'executable file `true` not found in $PATH: no such file or directory'
}

# --- the program --------------------------------------------------------------------------------

program() {
	printf "$1" >"$BUNDLE/rootfs/etc/program"
	chmod "${2:-755}" "$BUNDLE/rootfs/etc/program"
	command_is /etc/program
}

@test 'a program that is not there' {
	command_is nothing
	refused 127 'executable file `nothing` not found in $PATH: no such file or directory'
	command_is /bin/nothing
	refused 127 'executable file `/bin/nothing` not found: no such file or directory'
	command_is ./nothing
	refused 127 './nothing'
	command_is ''
	refused 127 'not found'
	command_is /bin/busybox/x
	refused 127 '/bin/busybox/x'
	config '.process.env = []'
	command_is nothing
	refused 127 'not found in $PATH'
}

@test 'a file that is not executable' {
	program 'x' 644
	refused 126 '/etc/program' 'permission denied'
	config '.process.env = ["PATH=/etc:/nowhere"]'
	command_is program
	refused 126 'program' 'permission denied'
}

@test 'a program that the user may not execute' {
	program '#!/bin/sh\n' 700
	config '.process.user = {uid: 1000, gid: 1000} | del(.process.capabilities)'
	refused 126 '/etc/program' 'permission denied'
}

@test 'a directory as program' {
	command_is /bin
	refused 126 '/bin' 'is a directory' 'permission denied'
	command_is /bin/
	refused 126 '/bin/'
}

@test 'a script whose interpreter is missing' {
	program '#!/bin/moon\n'
	refused 127 '/etc/program' 'interpreter /bin/moon is missing' 'no such file or directory'
	program '#! /bin/moon -x\n'
	refused 127 'interpreter /bin/moon is missing'
}

@test 'a script with lines that end as on Windows' {
	program '#!/bin/sh\r\necho hello\r\n'
	refused 127 '/etc/program' 'CRLF' '#!/bin/sh'
}

@test 'a file that is neither ELF nor script' {
	program 'echo hello\n'
	refused 126 '/etc/program' 'exec format error'
	program ''
	refused 126 '/etc/program' 'exec format error'
}

@test 'a program for another machine' {
	# e_machine of an ELF header, at 18: 0xf3 is riscv, 0xb7 aarch64.
	case $(uname -m) in
	aarch64) other='\xf3' name=riscv ;;
	*) other='\xb7' name=aarch64 ;;
	esac
	cp --remove-destination "$BUNDLE/rootfs/bin/busybox" "$BUNDLE/rootfs/etc/program"
	# shellcheck disable=SC2059
	printf "$other" | dd of="$BUNDLE/rootfs/etc/program" bs=1 seek=18 conv=notrunc status=none
	command_is /etc/program
	refused 126 '/etc/program' "it is for $name" 'exec format error'
	head -c 70 "$BUNDLE/rootfs/bin/busybox" >"$BUNDLE/rootfs/etc/program"
	refused 126 '/etc/program'
}

@test 'a dynamic program without its loader' {
	[ -n "$(readelf -p .interp /bin/ls 2>/dev/null)" ] || skip 'the ls of this machine is static'
	cp --remove-destination /bin/ls "$BUNDLE/rootfs/etc/program"
	command_is /etc/program
	refused 127 '/etc/program' 'dynamic loader' 'no such file or directory'
}

@test 'a program on a noexec mount' {
	config '.mounts += [{destination: "/mnt", source: $bin, options: ["bind", "noexec"]}]' --arg bin "$BUNDLE/rootfs/bin"
	command_is /mnt/busybox true
	refused 126 '/mnt/busybox' 'noexec' 'permission denied'
}

@test 'arguments that are longer than the kernel takes' {
	jq '.process.args = ["true", ("x" * 200000)]' "$BUNDLE/config.json" >"$BUNDLE/new.json"
	mv "$BUNDLE/new.json" "$BUNDLE/config.json"
	refused 1 'argument list too long'
}

@test 'a working directory that is a file' {
	config '.process.cwd = "/etc/passwd"'
	refused 1 process.cwd /etc/passwd 'Not a directory'
}

# --- what the host refuses ----------------------------------------------------------------------

@test 'a mount that the kernel refuses' {
	config '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=much"]}]'
	refused 1 'mounts[7]' 'tmpfs on /mnt' 'size=much'
	config '.mounts[7] = {destination: "/mnt", type: "moonfs", source: "moon"}'
	refused 1 'mounts[7]' 'moonfs'
	config '.mounts[7] = {destination: "/mnt", source: "/nowhere/at/all", options: ["rbind"]}'
	refused 1 'mounts[7]' '/nowhere/at/all' 'No such file or directory'
	config '.mounts[7] = {destination: "/bin/busybox/x", type: "tmpfs", source: "tmpfs"}'
	refused 1 'mounts[7]' '/bin/busybox/x'
}

@test 'what is not supported is named' {
	config '.linux.resources.memory = {limit: 100000000}'
	run insula run --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || has 'linux.resources.memory.limit'
	config 'del(.linux.resources) | .linux.sysctl = {"kernel.panic": "1"}'
	refused 1 'linux.sysctl' 'kernel.panic'
}

# --- the command line ---------------------------------------------------------------------------

@test 'mistakes on the command line' {
	local line
	while read -r line; do
		# shellcheck disable=SC2086
		run -1 insula $line
		one_line
		has 'insula: '
	done <<-'END'
		moon
		--moon
		--root
		--root= list
		create --moon box
		create one two
		create --bundle
		create --preserve-fds many box
		start
		state one two
		state
		kill
		kill box KILL more
		delete
		run
		list more
		pause
		resume one two
		--cgroup-manager moon list
		--rootless maybe list
	END
	run -1 insula
	one_line
	run -255 insula exec
	one_line
}

@test 'options as callers write them' {
	run -0 insula -root "$STATE" list -q
	run -0 insula --debug=false list --quiet=true
	run -0 insula --systemd-cgroup=false list
	run -1 insula restore --lsm-mount-context
	run -0 insula run --bundle="$BUNDLE" -- box
	run -0 insula run box --bundle "$BUNDLE"
	run -0 insula run -b "$BUNDLE" box
}

@test 'help and version' {
	local verb
	run -0 insula --version
	[[ ${lines[0]} == 'runc version '* ]]
	[[ $output == *$'\ncommit: '* ]]
	[[ $output == *$'\nspec: 1.3.0'* ]]
	run -0 insula -v
	run -0 insula --help
	for verb in create start state kill delete run exec ps list pause resume spec features plan; do
		has "$verb"
	done
	for verb in create start state kill delete run exec ps list pause resume spec features plan; do
		run -0 insula "$verb" --help
		has "]... $verb"
	done
}
