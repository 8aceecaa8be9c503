#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `create`, `start` and `state` of runtime.md, what each refuses, and that what was refused has changed
# nothing.

load helpers

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

# Moments that come once in thousands of starts are made by strace.

# injected CALL:INJECTION ARGS…: insula; its own system calls of that name are written down, and strace lets
# them end as told.
injected() {
	strace -o "$BATS_TEST_TMPDIR/trace" -e trace="${1%%:*}" -e inject="$1" "$INSULA" --root "$STATE" "${@:2}" 3>&-
}

@test 'a process that has joined its namespaces and ended between two looks is not missed' {
	local both='poll(\[{fd=[0-9]*, events=POLLIN}, {fd=[0-9]*, events=POLLIN}\]' n
	skip_unless 'strace does not work here' injected poll:error=EIO --version
	sleeper box
	# The thousandth never comes: they are only written down.
	injected poll:error=EINTR:when=1000 exec box true
	n=$(grep ^poll "$BATS_TEST_TMPDIR/trace" | grep -n "$both" | head -n 1)
	# It says that there is something, but not what, and by then the process has long ended.
	run -5 injected "poll:retval=1:delay_enter=3000000:when=${n%%:*}" exec box sh -c 'exit 5'
	is ''
	grep -q "$both.*INJECTED" "$BATS_TEST_TMPDIR/trace"
}

# What shows that execve has begun is a page in the cache, which the kernel may drop at any time: here it is
# never found.
@test 'a program that runs is taken for one, also if the page that shows it was dropped' {
	local dropped=lseek:error=ENXIO:when=2+
	skip_unless 'strace does not work here' injected "$dropped" --version
	command_is sh -c 'exit 7'
	run -7 injected "$dropped" run --bundle "$BUNDLE" box
	is ''
	command_is sleep 1000
	created box
	run -0 injected "$dropped" start box
	is ''
	[ "$(status_of box)" = running ]
	run -5 injected "$dropped" exec box sh -c 'exit 5'
	is ''
	# And what has not run is not.
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["execve"], action: "SCMP_ACT_KILL"}]}
		| .linux.cgroupsPath += "-killed"'
	run -1 injected "$dropped" run --bundle "$BUNDLE" killed
	has 'the filter killed the container process before its program ran'
	created killed
	run -1 injected "$dropped" start killed
	has 'ended before its program ran'
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
