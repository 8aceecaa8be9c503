#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process.*: who the program is, where it starts, what it may use.

load helpers

# may_raise: whether the tests' root has CAP_SYS_RESOURCE, which a machine may have taken from it.
may_raise() {
	((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> 24 & 1))
}

# fails_with TEXT…: run fails, in one line that holds all of these.
fails_with() {
	local text
	run ! insula run --bundle "$BUNDLE" box
	one_line
	for text; do
		has "$text"
	done
}

@test 'user, group and additional groups' {
	command_is sh -c 'id -u; id -g; grep Groups /proc/self/status'
	config '.process.user = {uid: 1000, gid: 2000, additionalGids: [5, 3000, 7]}'
	run_box
	is $'1000\n2000\nGroups:\t5 7 3000 '
	with_userns
	run_box
	is $'1000\n2000\nGroups:\t5 7 3000 '
}

@test 'umask: as it says, or the caller'\''s' {
	command_is sh -c 'umask'
	config '.process.user.umask = 63'
	run_box
	is 0077
	config '.process.user.umask = 0'
	run_box
	is 0000
	config 'del(.process.user.umask)'
	with_umask() {
		(umask 0027; insula "$@")
	}
	run -0 with_umask run --bundle "$BUNDLE" box
	is 0027
	config '.process.user.umask = 512'
	fails_with process.user.umask
	config '.process.user.umask = 18'
	sleeper box
	run -0 insula exec box sh -c umask
	is 0022
}

@test 'what the runtime makes does not depend on the caller'\''s umask' {
	config '.mounts += [{destination: "/made/here", type: "tmpfs", source: "tmpfs"}] | .process.cwd = "/made/there"'
	command_is stat -c %a /made /made/there /dev/null /dev/shm
	with_umask() {
		(umask 0777; insula "$@")
	}
	run -0 with_umask run --bundle "$BUNDLE" box
	is $'755\n755\n666\n1777'
}

@test 'the working directory is made if it is missing, and an error if it is none' {
	command_is pwd
	config '.process.cwd = "/one/two"'
	run_box
	is /one/two
	config '.root.readonly = true | .process.cwd = "/three"'
	run_box
	is /three
	config '.process.cwd = "/etc/passwd"'
	fails_with process.cwd 'Not a directory'
	config '.process.cwd = "relative"'
	fails_with process.cwd
	config 'del(.process.cwd)'
	fails_with process.cwd
}

@test 'a working directory that only the program'\''s user, or only root, may enter' {
	mkdir -p "$BUNDLE/rootfs/private/user" "$BUNDLE/rootfs/private/root"
	chown 1000:1000 "$BUNDLE/rootfs/private/user"
	chmod 700 "$BUNDLE/rootfs/private/user" "$BUNDLE/rootfs/private/root"
	config '.process.user = {uid: 1000, gid: 1000} | .process.cwd = "/private/user"'
	command_is pwd
	run_box
	is /private/user
	config '.process.cwd = "/private/root"'
	run_box
	is /private/root
}

@test 'HOME comes from the container'\''s passwd, unless the environment has it' {
	echo 'somebody:x:1001:1000::/home/somebody:/bin/sh' >>"$BUNDLE/rootfs/etc/passwd"
	command_is sh -c 'echo "$HOME"'
	config '.process.env = ["PATH=/bin"] | .process.user = {uid: 1001, gid: 1000}'
	run_box
	is /home/somebody
	config '.process.env += ["HOME="]'
	run_box
	is ''
	config '.process.env = ["HOME=/mine", "PATH=/bin"]'
	run_box
	is /mine
	config '.process.env = ["PATH=/bin"] | .process.user.uid = 4242'
	run_box
	is /
}

@test 'the environment is what it says, nothing of the caller'\''s' {
	command_is env
	config '.process.env = ["PATH=/usr/bin:/bin", "HOME=/", "EMPTY=", "A=b=c", "LINES=one\ntwo"]'
	SECRET=1 run -0 insula run --bundle "$BUNDLE" box
	is $'PATH=/usr/bin:/bin\nHOME=/\nEMPTY=\nA=b=c\nLINES=one\ntwo'
	config '.process.env = ["PATH=/bin", "NOVALUE"]'
	run insula run --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || has process.env
}

@test 'the program is looked for in the container'\''s PATH' {
	mkdir "$BUNDLE/rootfs/first" "$BUNDLE/rootfs/second"
	printf '#!/bin/sh\necho first\n' >"$BUNDLE/rootfs/first/program"
	printf '#!/bin/sh\necho second\n' >"$BUNDLE/rootfs/second/program"
	chmod 755 "$BUNDLE/rootfs/second/program"
	command_is program
	config '.process.env = ["PATH=/nowhere:/first:/second"]'
	run_box
	is second
	chmod 755 "$BUNDLE/rootfs/first/program"
	run_box
	is first
	config '.process.cwd = "/second" | .process.env = ["PATH="]'
	run_box
	is second
	config '.process.args = ["./program"]'
	run_box
	is second
	config '.process.env = ["PATH=/nowhere"] | .process.args = ["program"]'
	fails_with program PATH
	config '.process.env = [] | .process.args = ["true"]'
	run_box
	config '.process.args = []'
	fails_with process.args
	config '.process.args = [""]'
	fails_with 'not found'
}

@test 'why a program cannot be executed' {
	local rootfs=$BUNDLE/rootfs
	mkdir "$rootfs/t"
	printf '#!/bin/no-such-shell\n' >"$rootfs/t/interpreter"
	printf '#!/bin/sh\r\necho\r\n' >"$rootfs/t/crlf"
	printf 'echo text\n' >"$rootfs/t/text"
	printf '\x7fELF\x01\x01\x01%045d' 0 >"$rootfs/t/class"
	: >"$rootfs/t/empty"
	cp "$rootfs/bin/busybox" "$rootfs/t/mode"
	chmod 755 "$rootfs"/t/*
	chmod 644 "$rootfs/t/mode"
	command_is /t/interpreter
	fails_with /bin/no-such-shell
	command_is /t/crlf
	fails_with '/t/crlf' 'carriage return'
	command_is /t/text
	fails_with /t/text
	command_is /t/class
	fails_with /t/class
	command_is /t/empty
	fails_with /t/empty
	command_is /t/mode
	fails_with /t/mode
	command_is /t
	fails_with /t 'irectory'
	command_is /t/nothing
	fails_with /t/nothing
	config '.mounts += [{destination: "/t", source: $t, options: ["bind", "noexec"]}]' --arg t "$rootfs/bin"
	command_is /t/busybox
	fails_with /t/busybox noexec
}

@test 'rlimits: numbers up to 2^64-1, and each only once' {
	local nofile
	nofile=$(ulimit -Hn)
	command_is sh -c 'grep -E "open files|core file|address space|cpu time" /proc/self/limits | tr -s " "'
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	sed -i 's/"rlimits": \[/&{"type": "RLIMIT_AS", "soft": 18446744073709551615, "hard": 18446744073709551615},/
		s/"rlimits": \[/&{"type": "RLIMIT_CPU", "soft": 4096, "hard": 9223372036854775807},/' "$BUNDLE/config.json"
	run_box
	has 'Max open files 100 200'
	has 'Max core file size 0 0'
	has 'Max address space unlimited unlimited'
	has 'Max cpu time 4096 9223372036854775807'
	new_bundle
	command_is sh -c 'grep -E "open files" /proc/self/limits | tr -s " "'
	for kind in root userns; do
		[ $kind = root ] || with_userns
		config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: $n}]' --argjson n $((nofile + 1))
		if may_raise; then
			run_box
			has "Max open files 100 $((nofile + 1))"
		else
			fails_with 'process.rlimits[0]' CAP_SYS_RESOURCE
		fi
	done
	config '.process.rlimits += [{type: "RLIMIT_NOFILE", soft: 1, hard: 1}]'
	fails_with process.rlimits RLIMIT_NOFILE
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 201, hard: 200}]'
	fails_with 'process.rlimits[0]'
	config '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
	fails_with 'process.rlimits[0]' RLIMIT_NOSUCH
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: -1, hard: 1}]'
	fails_with 'process.rlimits[0].soft'
}

@test 'three open files are enough to start with' {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}, {type: "RLIMIT_NPROC", soft: 1, hard: 1}]'
	command_is true
	run_box
}

@test 'capabilities: each set as it says' {
	local set
	show() {
		local mask
		mask=$(sed -n "s/^$1:[[:space:]]*//p" <<<"$output")
		printf '%d\n' "$((0x$mask))"
	}
	command_is grep ^Cap /proc/self/status
	# CHOWN 0, KILL 5, NET_RAW 13
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], permitted: ["CAP_CHOWN", "CAP_KILL"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user = {uid: 1000, gid: 1000}'
	run_box
	[ "$(show CapBnd)" = $((1 | 1 << 5 | 1 << 13)) ]
	[ "$(show CapInh)" = $((1 << 5)) ]
	[ "$(show CapAmb)" = $((1 << 5)) ]
	[ "$(show CapPrm)" = $((1 << 5)) ]
	[ "$(show CapEff)" = $((1 << 5)) ]
	config '.process.capabilities = {} | .process.user = {uid: 0, gid: 0}'
	run_box
	for set in CapBnd CapInh CapAmb CapPrm CapEff; do
		[ "$(show $set)" = 0 ]
	done
	config 'del(.process.capabilities)'
	run_box
	for set in CapBnd CapInh CapAmb CapPrm CapEff; do
		[ "$(show $set)" = 0 ]
	done
	with_userns
	config '.process.capabilities = {bounding: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"]}'
	run_box
	[ "$(show CapEff)" = $((1 << 21)) ]
}

@test 'a capability that is unknown, or not to be had, is a warning' {
	command_is grep CapEff /proc/self/status
	config '.process.capabilities.effective += ["CAP_FLY", "CAP_SYS_BOOT"]'
	run_box
	has CAP_FLY
	has CAP_SYS_BOOT
	has warning
	has CapEff
}

@test 'an ambient capability that is not inheritable is left out, which is told to who asks' {
	command_is grep CapAmb /proc/self/status
	config '.process.capabilities.ambient = ["CAP_KILL"] | .process.capabilities.inheritable = []'
	run_box
	is "CapAmb:"$'\t'"0000000000000000"
	run -0 insula --log-level info run --bundle "$BUNDLE" box
	has 'info: process.capabilities.ambient'
	has CAP_KILL
}

@test 'noNewPrivileges, oomScoreAdj' {
	command_is sh -c 'grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj'
	config '.process.noNewPrivileges = true | .process.oomScoreAdj = 500'
	run_box
	is $'NoNewPrivs:\t1\n500'
	config '.process.noNewPrivileges = false | del(.process.oomScoreAdj)'
	run_box
	is $'NoNewPrivs:\t0\n'"$(cat /proc/self/oom_score_adj)"
	with_userns
	config '.process.oomScoreAdj = 300'
	run_box
	is $'NoNewPrivs:\t0\n300'
	config '.process.oomScoreAdj = -500'
	if may_raise; then
		run_box
		is $'NoNewPrivs:\t0\n-500'
	else
		fails_with process.oomScoreAdj CAP_SYS_RESOURCE
	fi
	config '.process.oomScoreAdj = 5000'
	fails_with process.oomScoreAdj
}

@test 'scheduler, ioPriority' {
	add_probe
	command_is sh -c 'probe call sched_getscheduler 0; probe call ioprio_get 1 0; probe call getpriority 0 0'
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run_box
	# getpriority(2) itself returns 20 − nice.
	is $'sched_getscheduler: 3\nioprio_get: '$((2 << 13 | 6))$'\ngetpriority: 15'
	config '.process.scheduler = {policy: "SCHED_FIFO", priority: 7, flags: ["SCHED_FLAG_RESET_ON_FORK"]}
		| .process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	command_is sh -c 'probe call ioprio_get 1 0; cut -d " " -f 40,41 /proc/1/stat'
	run_box
	is $'ioprio_get: '$((3 << 13))$'\n7 1'
	config '.process.scheduler = {policy: "SCHED_SOMEHOW"}'
	fails_with process.scheduler.policy SCHED_SOMEHOW
	config 'del(.process.scheduler) | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 9}'
	fails_with process.ioPriority
}

@test 'personality' {
	command_is uname -m
	config '.linux.personality = {domain: "LINUX32"}'
	run_box
	[ "$(uname -m)" != x86_64 ] || is i686
	config '.linux.personality = {domain: "LINUX"}'
	run_box
	is "$(uname -m)"
	config '.linux.personality = {domain: "BSD"}'
	fails_with linux.personality
}

@test 'execCPUAffinity is for exec' {
	[ "$(nproc)" -ge 2 ] || skip 'this machine has a single CPU'
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	sleeper box
	run -0 insula exec box grep Cpus_allowed_list /proc/self/status
	is $'Cpus_allowed_list:\t1'
	run -0 insula delete --force box
	config '.process.execCPUAffinity = {initial: "0-"}'
	command_is true
	fails_with process.execCPUAffinity.initial
}

@test 'a label for a security module that is not there is an error' {
	if [ ! -d /sys/kernel/security/apparmor ]; then
		config '.process.apparmorProfile = "some-profile"'
		fails_with process.apparmorProfile
		config '.process.apparmorProfile = "unconfined"'
		run_box
		config '.process.apparmorProfile = ""'
		run insula run --bundle "$BUNDLE" box
		config 'del(.process.apparmorProfile)'
	fi
	if [ ! -d /sys/fs/selinux/booleans ]; then
		config '.process.selinuxLabel = "a:b:c:s0"'
		fails_with process.selinuxLabel
		config 'del(.process.selinuxLabel) | .linux.mountLabel = "a:b:c:s0"'
		fails_with linux.mountLabel
	fi
}

@test 'the program'\''s session, signals and parent are in order' {
	command_is grep -E '^(Sig(Blk|Ign)|PPid|NSpgid|NSsid):' /proc/self/status
	ignoring() {
		(trap '' INT TERM PIPE USR1; insula "$@")
	}
	run -0 ignoring run --bundle "$BUNDLE" box
	is $'PPid:\t0\nNSpgid:\t1\nNSsid:\t1\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
}
