#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The operations of runtime.md, what each refuses, and that what was refused has changed nothing.

load helpers

created() {
	detached create --bundle "$BUNDLE" "$1"
	[ "$status" -eq 0 ] || die "create: $output"
}

# stopped ID: a container whose program has ended.
stopped() {
	command_is true
	created "$1"
	run -0 insula start "$1"
	wait_for 5 has_status "$1" stopped
}

# --- create, start ------------------------------------------------------------------------------

@test 'create makes everything, and start runs the program' {
	command_is sh -c 'echo hello; sleep 1000'
	created box
	[ "$(status_of box)" = created ]
	[ "$(pid_of box)" -gt 1 ]
	[ -d "$CGROUP_ROOT$TEST_CGROUP/1" ]
	is ''
	run -0 insula start box
	is ''
	[ "$(status_of box)" = running ]
	wait_for 5 grep -qx hello "$OUTPUT_FILE"
}

@test 'the process of a created container is the one that later runs the program' {
	command_is sleep 1000
	created box
	pid=$(pid_of box)
	run -0 insula start box
	[ "$(pid_of box)" = "$pid" ]
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = 'sleep 1000 ' ]
}

@test 'after create, changes of config.json have no effect' {
	command_is sh -c 'echo first'
	created box
	command_is sh -c 'echo second'
	run -0 insula start box
	wait_for 5 grep -qx first "$OUTPUT_FILE"
	wait_for 5 has_status box stopped
	run ! grep -q second "$OUTPUT_FILE"
}

@test 'after create, the bundle itself can go' {
	command_is true
	created box
	mv "$BUNDLE/config.json" "$BUNDLE/gone.json"
	run -0 insula start box
	wait_for 5 has_status box stopped
	run -0 insula delete box
}

@test 'create --config takes another file' {
	mv "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/other.json"
	detached create --bundle "$BUNDLE" --config "$BATS_TEST_TMPDIR/other.json" box
	[ "$status" -eq 0 ]
	[ "$(status_of box)" = created ]
}

@test 'without --bundle the current directory is the bundle' {
	cd "$BUNDLE"
	detached create box
	[ "$status" -eq 0 ]
	cd /
	[ "$(insula state box | jq -r .bundle)" = "$BUNDLE" ]
}

@test 'start refuses a container that is not created, and changes nothing' {
	sleeper box
	pid=$(pid_of box)
	run -1 insula start box
	has 'it is running, not created'
	one_line
	[ "$(pid_of box)" = "$pid" ]
	[ "$(status_of box)" = running ]
	new_bundle
	stopped done
	run -1 insula start 'done'
	has 'it is stopped, not created'
	[ "$(status_of 'done')" = stopped ]
}

@test 'start refuses a container without process; it can be created and deleted' {
	config 'del(.process)'
	created box
	run -1 insula start box
	has 'process'
	one_line
	[ "$(status_of box)" = created ]
	run -0 insula delete box
	leaves_nothing box
}

@test 'a missing program is found already by create' {
	command_is /bin/nothing
	run -1 insula create --bundle "$BUNDLE" box
	has 'executable file `/bin/nothing` not found'
	one_line
	leaves_nothing box
}

@test 'a program that start cannot execute leaves a stopped container' {
	printf '#!/bin/nothing\n' >"$BUNDLE/rootfs/etc/script"
	chmod 755 "$BUNDLE/rootfs/etc/script"
	command_is /etc/script
	created box
	run -1 insula start box
	has '/bin/nothing'
	one_line
	[ "$(status_of box)" = stopped ]
	run -0 insula delete box
	leaves_nothing box
}

@test 'two starts at the same time: one of them wins' {
	command_is sh -c 'echo once; sleep 1000'
	created box
	"$INSULA" --root "$STATE" start box 2>"$BATS_TEST_TMPDIR/1" 3>&- &
	one=$!
	"$INSULA" --root "$STATE" start box 2>"$BATS_TEST_TMPDIR/2" 3>&- &
	two=$!
	failures=0
	wait $one || failures=$((failures + 1))
	wait $two || failures=$((failures + 1))
	[ "$failures" -eq 1 ]
	grep -q 'not created' "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	wait_for 5 grep -qx once "$OUTPUT_FILE"
	[ "$(grep -c once "$OUTPUT_FILE")" = 1 ]
}

# --- ids ----------------------------------------------------------------------------------------

@test 'an id that exists is refused, and the first container stays as it was' {
	sleeper box
	before=$(insula state box)
	new_bundle
	run -1 insula create --bundle "$BUNDLE" box
	has 'container with given ID already exists'
	one_line
	run -1 insula run --bundle "$BUNDLE" box
	has 'container with given ID already exists'
	[ "$(insula state box)" = "$before" ]
	[ ! -e "$CGROUP_ROOT$TEST_CGROUP/2" ]
}

@test 'an id that exists is refused also when its container has stopped' {
	stopped box
	new_bundle
	run -1 insula create --bundle "$BUNDLE" box
	has 'container with given ID already exists'
	run -0 insula delete box
	created box
}

@test 'of many creates at the same time one wins' {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		{
			"$INSULA" --root "$STATE" create --bundle "$BUNDLE" box && echo made
		} </dev/null >"$BATS_TEST_TMPDIR/out$i" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}" || :
	[ "$(cat "$BATS_TEST_TMPDIR"/out? | grep -c made)" = 1 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/out? | grep -c 'already exists')" = 5 ]
	[ "$(status_of box)" = created ]
}

@test 'invalid ids are refused by every verb' {
	local id long
	long=$(printf 'x%.0s' {1..256})
	for id in '' . .. .hidden a/b ../x 'a b' $'a\nb' 'ä' 'a:b' 'a%b' "$long"; do
		run -1 insula create --bundle "$BUNDLE" "$id"
		one_line
		run -1 insula state "$id"
		one_line
		run -1 insula delete --force "$id"
		one_line
	done
	[ -z "$(ls "$STATE")" ]
	[ ! -e "$CGROUP_ROOT$TEST_CGROUP/1" ]
}

@test 'long and unusual ids are ids' {
	local id long
	long=$(printf 'x%.0s' {1..255})
	for id in "$long" 0 _ a+b -- ; do
		[ "$id" != -- ] || id=A.b-c_d
		run -0 insula run --bundle "$BUNDLE" "$id"
	done
}

@test 'each verb wants an id' {
	local verb
	for verb in create start state kill delete run exec ps pause resume; do
		run ! insula "$verb"
		one_line
		has 'ID'
	done
}

@test 'an unknown id does not exist' {
	local verb
	for verb in start state delete ps pause resume; do
		run -1 insula "$verb" nobody
		is 'insula: container "nobody" does not exist'
	done
	run -1 insula kill nobody KILL
	is 'insula: container "nobody" does not exist'
	run -255 insula exec nobody true
	is 'insula: container "nobody" does not exist'
}

@test 'an unknown id does not exist before the first container either' {
	rmdir "$STATE"
	run -1 insula state nobody
	is 'insula: container "nobody" does not exist'
	run -0 insula list --quiet
	is ''
	[ ! -e "$STATE" ]
	run -0 insula delete --force nobody
	mkdir -m 700 "$STATE"
}

# --- state --------------------------------------------------------------------------------------

@test 'state answers what runtime.md wants' {
	config '.annotations = {"org.example.a": "slash / and \"quote\"", "b": ""}'
	sleeper box
	run -0 insula state box
	jq -e . <<<"$output"
	[ "$(jq -r .ociVersion <<<"$output")" = 1.3.0 ]
	[ "$(jq -r .id <<<"$output")" = box ]
	[ "$(jq -r .status <<<"$output")" = running ]
	[ "$(jq -r .bundle <<<"$output")" = "$BUNDLE" ]
	[ "$(jq -r .rootfs <<<"$output")" = "$BUNDLE/rootfs" ]
	[ "$(jq -r .owner <<<"$output")" = root ]
	[ "$(jq -r '.annotations["org.example.a"]' <<<"$output")" = 'slash / and "quote"' ]
	[ "$(jq -r '.annotations.b' <<<"$output")" = '' ]
	[[ $(jq -r .created <<<"$output") =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$ ]]
	has 'slash / and'
	[ -d "/proc/$(jq -r .pid <<<"$output")" ]
}

@test 'state of a stopped container has pid 0' {
	stopped box
	run -0 insula state box
	[ "$(jq -r .status <<<"$output")" = stopped ]
	[ "$(jq -r .pid <<<"$output")" = 0 ]
	[ "$(jq -r .bundle <<<"$output")" = "$BUNDLE" ]
}

@test 'a process that ended without being reaped is a stopped container' {
	# The parent is this shell's child, which does not wait before it is told to.
	command_is true
	mkfifo "$BATS_TEST_TMPDIR/go"
	(
		"$INSULA" --root "$STATE" create --bundle "$BUNDLE" box
		read -r _ <"$BATS_TEST_TMPDIR/go"
	) </dev/null >/dev/null 2>&1 3>&- &
	parent=$!
	wait_for 5 has_status box created
	run -0 insula start box
	wait_for 5 has_status box stopped
	run -1 insula kill box KILL
	is 'insula: container not running'
	echo >"$BATS_TEST_TMPDIR/go"
	wait "$parent"
	run -0 insula delete box
}

@test 'while it is made, a container is creating' {
	hook_file wait 'echo >'"$BATS_TEST_TMPDIR"'/here
		until [ -e '"$BATS_TEST_TMPDIR"'/on ]; do sleep 0.05; done'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	background create --bundle "$BUNDLE" box
	wait_for 5 test -e "$BATS_TEST_TMPDIR/here"
	[ "$(status_of box)" = creating ]
	run -1 insula kill box KILL
	is 'insula: container not running'
	run -1 insula kill --all box KILL
	is 'insula: container not running'
	run -255 insula exec box true
	has 'container not running'
	[ "$(status_of box)" = creating ]
	touch "$BATS_TEST_TMPDIR/on"
	background_ends
	[ "$status" -eq 0 ]
}

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

@test 'a create that got nowhere does not block its id' {
	mkdir "$STATE/box"
	run -1 insula state box
	has 'does not exist'
	created box
	[ "$(status_of box)" = created ]
}

@test 'damaged state is named, hides nobody, and delete --force removes it' {
	local text
	sleeper other
	mkdir "$STATE/box"
	for text in '' '{' '[]' '{"id":3}' 'null' '{"status":"running"}'; do
		printf '%s' "$text" >"$STATE/box/state.json"
		run -1 insula state box
		has 'state.json'
		run -0 --separate-stderr insula list --quiet
		is other
		[[ $stderr == *box* ]]
	done
	run -0 insula delete --force box
	[ ! -e "$STATE/box" ]
}

@test 'a reused pid is not the container' {
	sleeper box
	pid=$(pid_of box)
	jq -c '.startTime += 1' "$STATE/box/state.json" >"$BATS_TEST_TMPDIR/state.json"
	cp "$BATS_TEST_TMPDIR/state.json" "$STATE/box/state.json"
	[ "$(status_of box)" = stopped ]
	run -1 insula kill box KILL
	is 'insula: container not running'
	[ -d "/proc/$pid" ]
}

@test 'a state directory that others may write to is refused' {
	chmod 777 "$STATE"
	run -1 insula create --bundle "$BUNDLE" box
	has 'writable by nobody else'
	one_line
	chmod 700 "$STATE"
}

# --- rollback -----------------------------------------------------------------------------------

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

@test 'start does what its init may ask for, and nothing else' {
	local stage
	command_is true
	for stage in 1 6 8 10; do
		detached create --bundle "$BUNDLE" box
		[ "$status" -eq 0 ] || die "$output"
		rm "$STATE/box/start"
		# In init's place: struct ins_message with ENTER for a stage.
		python3 - "$STATE/box" $stage 3>&- <<-'end' &
			import os, socket, struct, sys
			os.chdir(sys.argv[1])
			s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
			s.bind("start")
			s.listen(1)
			c, _ = s.accept()
			c.recv(4096)
			c.send(struct.pack("=IIiIqII512x", 2, 0, 0, 0, int(sys.argv[2]), 0, 0))
			c.recv(4096)
		end
		wait_for 5 test -S "$STATE/box/start"
		run -1 insula start box
		is 'insula: the container process asked for a wrong stage'
		wait_for 5 has_status box stopped
		insula delete box
	done
}

@test 'a verb that finds another one at work waits a while, and then says for whom' {
	local holder
	command_is true
	detached create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || die "$output"
	flock "$STATE/box" sleep 1000 3>&- &
	holder=$!
	wait_for 5 grep -q "FLOCK .* $holder " /proc/locks
	run -1 insula start box
	is "insula: container \"box\" is busy: process $holder, flock has been at work on it for 10 s"
	pkill -P $holder sleep
	wait $holder || :
	run -0 insula start box
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
