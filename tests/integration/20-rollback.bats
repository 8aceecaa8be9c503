#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What fails leaves nothing of its own, and what was there before as it was.

load helpers

# --- each step of create and run ----------------------------------------------------------------

# fails TEXT [FILTER]: with the configuration changed by FILTER, create fails with TEXT in one line
# and nothing is left.
fails() {
	cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/before.json"
	[ $# -lt 2 ] || config "$2"
	run -1 insula create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" box
	has "$1"
	one_line
	leaves_nothing box
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	cp "$BATS_TEST_TMPDIR/before.json" "$BUNDLE/config.json"
}

@test 'a create that fails before the process leaves nothing' {
	fails 'root.path' '.root.path = "nowhere"'
	fails 'linux.cgroupsPath' '.linux.cgroupsPath = "../x"'
	fails 'linux.namespaces' '.linux.namespaces += [{type: "pid"}]'
	fails 'linux.namespaces' '.linux.namespaces += [{type: "moon"}]'
	fails 'linux.namespaces' '(.linux.namespaces[] | select(.type == "network")).path = "/nowhere"'
	fails 'linux.namespaces' '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
	fails 'process.rlimits' '.process.rlimits = [{type: "RLIMIT_MOON", soft: 1, hard: 1}]'
}

@test 'a create that fails in the process leaves nothing' {
	fails 'mounts[7]' '.mounts += [{destination: "/mnt", type: "nofs", source: "x"}]'
	fails 'mounts[7]' '.mounts += [{destination: "/mnt", source: "/nowhere", options: ["bind"]}]'
	fails 'mounts[7]' '.mounts += [{destination: "/mnt", type: "tmpfs", options: ["size=much"]}]'
	fails 'linux.sysctl' '.linux.sysctl = {"net.ipv4.nothing": "1"}'
}

@test 'a create that fails at the end leaves nothing' {
	run -1 insula create --bundle "$BUNDLE" --pid-file /nowhere/pid box
	has '--pid-file'
	one_line
	leaves_nothing box
	run -1 insula create --bundle "$BUNDLE" --pidfd-socket /nowhere/socket box
	has '--pidfd-socket'
	one_line
	leaves_nothing box
	run -1 insula create --bundle "$BUNDLE" --console-socket /nowhere/socket box
	has 'console-socket'
	one_line
	leaves_nothing box
}

@test 'a failing hook of create leaves nothing' {
	hook_file bad 'exit 3'
	fails 'hooks.prestart[0]' ".hooks.prestart = [{path: \"$HOOK\"}]"
	fails 'hooks.createRuntime[0]' ".hooks.createRuntime = [{path: \"$HOOK\"}]"
	fails 'hooks.createContainer[0]' ".hooks.createContainer = [{path: \"$HOOK\"}]"
}

@test 'a run that fails leaves nothing' {
	hook_file bad 'exit 3'
	config '.hooks.startContainer = [{path: "/bin/false"}]'
	run -1 insula run --bundle "$BUNDLE" box
	has 'hooks.startContainer[0]'
	leaves_nothing box
	config 'del(.hooks) | .hooks.poststart = [{path: $path}]' --arg path "$HOOK"
	run -1 insula run --bundle "$BUNDLE" box
	has 'hooks.poststart[0]'
	leaves_nothing box
}

# --- others' cgroups ----------------------------------------------------------------------------

@test 'a cgroup with somebody in it is not taken' {
	mkdir -p "$CGROUP_ROOT$TEST_CGROUP/1"
	sleep 1000 3>&- &
	echo $! >"$CGROUP_ROOT$TEST_CGROUP/1/cgroup.procs"
	run -1 insula create --bundle "$BUNDLE" box
	has 'cgroup'
	one_line
	[ -d "/proc/$!" ]
	kill $!
	wait $! || :
	wait_for 5 rmdir "$CGROUP_ROOT$TEST_CGROUP/1"
	leaves_nothing box
}

# two_in_one: containers a and b, whose configurations name the same cgroup.
two_in_one() {
	command_is true
	detached run --keep --bundle "$BUNDLE" a
	[ "$status" -eq 0 ] || die "$output"
	local cgroup
	cgroup=$(jq -r .linux.cgroupsPath "$BUNDLE/config.json")
	new_bundle
	config '.linux.cgroupsPath = $path' --arg path "$cgroup"
	command_is sleep 1000
}

@test 'the cgroup of a container that has ended is not taken by another one, which deleting the first would kill' {
	two_in_one
	run -1 insula create --bundle "$BUNDLE" b
	has "$STATE/a"
	has linux.cgroupsPath
	one_line
	[ ! -e "$STATE/b" ]
	[ "$(status_of a)" = stopped ]
	[ -d "$CGROUP_ROOT$TEST_CGROUP/1" ]
	insula delete a
	detached run --detach --bundle "$BUNDLE" b
	[ "$status" -eq 0 ] || die "$output"
	insula delete --force a
	[ "$(status_of b)" = running ]
}

@test 'a cgroup that somebody has prepared is free again after its container, and one whose container was lost' {
	mkdir -p "$CGROUP_ROOT$TEST_CGROUP/1"
	two_in_one
	run -1 insula create --bundle "$BUNDLE" b
	has "$STATE/a"
	insula delete a
	[ -d "$CGROUP_ROOT$TEST_CGROUP/1" ]
	command_is true
	detached run --keep --bundle "$BUNDLE" b
	rm -r "$STATE/b"
	detached create --bundle "$BUNDLE" c
	[ "$status" -eq 0 ] || die "$output"
	insula delete --force c
	rmdir "$CGROUP_ROOT$TEST_CGROUP/1"
}
