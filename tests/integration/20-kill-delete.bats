#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `kill` and `delete` of runtime.md: whom they reach, what they refuse, and that nothing stays behind.

load helpers

# --- kill ---------------------------------------------------------------------------------------

@test 'kill sends names and numbers' {
	local signal
	command_is sh -c 'for s in USR1 USR2 HUP INT WINCH; do trap "echo got $s" $s; done
		echo ready; while :; do sleep 0.05; done'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -qx ready "$OUTPUT_FILE"
	for signal in USR1 SIGUSR2 1 2 28; do
		run -0 insula kill box "$signal"
		sleep 0.1
	done
	wait_for 5 grep -qx 'got WINCH' "$OUTPUT_FILE"
	[ "$(sed -n 's/^got //p' "$OUTPUT_FILE" | tr '\n' ' ')" = 'USR1 USR2 HUP INT WINCH ' ]
	[ "$(status_of box)" = running ]
}

@test 'kill sends TERM if nothing else is asked for' {
	command_is sh -c 'trap "echo got TERM; exit" TERM; echo ready; while :; do sleep 0.05; done'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -qx ready "$OUTPUT_FILE"
	run -0 insula kill box
	wait_for 5 has_status box stopped
	grep -qx 'got TERM' "$OUTPUT_FILE"
}

@test 'kill refuses what is no signal' {
	local signal
	sleeper box
	for signal in NOTHING SIG 65 99999999999 -- '' 9x 1.5; do
		run -1 insula kill -- box "$signal"
		has 'signal'
		one_line
	done
	[ "$(status_of box)" = running ]
}

@test 'kill ends a created container' {
	command_is true
	created box
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
	created box
	run -0 insula kill box TERM
	wait_for 5 has_status box stopped
	run -0 insula delete box
	created box
	run -0 insula kill box WINCH
	sleep 0.1
	[ "$(status_of box)" = created ]
}

@test 'kill refuses a stopped container, also with --all' {
	stopped box
	run -1 insula kill box KILL
	is 'insula: container not running'
	run -1 insula kill --all box KILL
	is 'insula: container not running'
	run -1 insula kill --all box TERM
	is 'insula: container not running'
}

@test 'kill --all reaches every process' {
	command_is sh -c 'trap "" TERM; sh -c "trap \"echo child\" USR1; echo ready; while :; do sleep 0.05; done" &
		trap "echo first" USR1; while :; do sleep 0.05; done'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -qx ready "$OUTPUT_FILE"
	run -0 insula kill --all box USR1
	wait_for 5 grep -qx first "$OUTPUT_FILE"
	wait_for 5 grep -qx child "$OUTPUT_FILE"
	run -0 insula kill -a box KILL
	wait_for 5 has_status box stopped
}

@test 'kill --all reaches what outlives the first process in a shared pid namespace' {
	config '.linux.namespaces -= [{type: "pid"}] | .mounts -= [.mounts[] | select(.destination == "/proc")]
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	command_is sh -c 'sleep 1000 & exit 0'
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	wait_for 5 has_status box stopped
	run ! cgroup_is_empty
	run -0 insula kill --all box KILL
	wait_for 5 cgroup_is_empty
	run -0 insula delete box
}

cgroup_is_empty() {
	[ -z "$(cat "$CGROUP_ROOT$TEST_CGROUP/1/cgroup.procs")" ]
}

@test 'kill --all of a paused container works' {
	sleeper box
	run -0 insula pause box
	run -0 insula kill --all box KILL
	wait_for 5 has_status box stopped
}

@test 'kill --regex selects containers' {
	sleeper box1
	new_bundle
	sleeper box2
	new_bundle
	sleeper other
	run -0 insula kill --regex '^box' KILL
	wait_for 5 has_status box1 stopped
	wait_for 5 has_status box2 stopped
	[ "$(status_of other)" = running ]
	run -1 insula kill --regex nothing KILL
	one_line
}

@test 'kill takes a pattern, and a failure does not keep the others' {
	sleeper box1
	new_bundle
	sleeper box2
	new_bundle
	sleeper other
	run -0 insula kill 'box{1..2}' KILL
	wait_for 5 has_status box1 stopped
	wait_for 5 has_status box2 stopped
	[ "$(status_of other)" = running ]
	run -1 insula kill '*' KILL
	has 'insula: 2 of 3 failed'
	wait_for 5 has_status other stopped
	run -1 insula kill 'nothing*' KILL
	one_line
}

# --- delete -------------------------------------------------------------------------------------

@test 'delete refuses a running container, and changes nothing' {
	sleeper box
	pid=$(pid_of box)
	run -1 insula delete box
	has 'not stopped'
	one_line
	[ "$(status_of box)" = running ]
	[ "$(pid_of box)" = "$pid" ]
	run -0 insula pause box
	run -1 insula delete box
	has 'not stopped'
}

@test 'delete takes away all of a stopped container' {
	stopped box
	run -0 insula delete box
	is ''
	leaves_nothing box
	run -1 insula delete box
	has 'does not exist'
}

@test 'delete takes away a created container' {
	created box
	run -0 insula delete box
	leaves_nothing box
}

@test 'delete --force takes away what is running, paused or created' {
	sleeper box
	run -0 insula delete --force box
	leaves_nothing box
	sleeper box
	run -0 insula pause box
	run -0 insula delete -f box
	leaves_nothing box
	created box
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'delete --force takes away what ignores signals, and its children' {
	command_is sh -c 'trap "" TERM INT HUP; for i in 1 2 3 4 5; do sleep 1000 & done; sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'delete --force of an unknown id is no error' {
	run -0 insula delete --force nobody
	is ''
}

@test 'delete --force --regex takes away all that match' {
	sleeper box1
	new_bundle
	sleeper box2
	new_bundle
	sleeper other
	run -0 insula delete --force --regex '^box'
	run -0 insula list --quiet
	is other
	run -0 insula delete --force --regex '^nothing'
	run -1 insula delete --regex '^nothing'
}

@test 'delete leaves what create did not make' {
	mkdir -p "$CGROUP_ROOT$TEST_CGROUP/parent"
	config '.linux.cgroupsPath = $path' --arg path "$TEST_CGROUP/parent/a/b"
	stopped box
	run -0 insula delete box
	[ -d "$CGROUP_ROOT$TEST_CGROUP/parent" ]
	[ ! -e "$CGROUP_ROOT$TEST_CGROUP/parent/a" ]
	rmdir "$CGROUP_ROOT$TEST_CGROUP/parent"
	[ -x "$BUNDLE/rootfs/bin/busybox" ]
	[ -e "$BUNDLE/config.json" ]
}

@test 'after delete the id is free again' {
	stopped box
	run -0 insula delete box
	sleeper box
	[ "$(status_of box)" = running ]
}

# --- what a create has left that did not end well -----------------------------------------------

@test 'delete --force ends a create that hangs in a hook' {
	hook_file hang 'echo >'"$BATS_TEST_TMPDIR"'/here; exec sleep 1000'
	config '.hooks.createContainer = [{path: $path}]' --arg path "$HOOK"
	background create --bundle "$BUNDLE" box
	wait_for 5 test -e "$BATS_TEST_TMPDIR/here"
	run -0 insula delete --force box
	leaves_nothing box
	background_ends
	[ "$status" -eq 1 ]
}

@test 'a create that is killed leaves something that delete --force takes away' {
	hook_file hang 'echo >'"$BATS_TEST_TMPDIR"'/here; exec sleep 3'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	background create --bundle "$BUNDLE" box
	wait_for 5 test -e "$BATS_TEST_TMPDIR/here"
	kill -KILL "$BACKGROUND"
	background_ends
	[ "$(status_of box)" = stopped ]
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'delete --force takes away what a killed create leaves: a directory, with and without files' {
	mkdir -m 700 "$STATE/empty" "$STATE/early" "$STATE/cut"
	touch "$STATE/early/filter" "$STATE/early/plan" "$STATE/early/state.json.new"
	printf '{"status": "crea' >"$STATE/cut/state.json"
	for id in empty early cut; do
		run insula state $id
		[ "$status" -ne 0 ]
		run -0 insula delete --force $id
		is ''
		[ ! -e "$STATE/$id" ]
	done
}
