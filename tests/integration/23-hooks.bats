#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks: which, when, where, with what, and what happens when one fails.

load helpers

# Each hook of this file writes to $LOG. Those that run inside have it as /log.
setup() {
	insula_setup
	LOG=$BATS_TEST_TMPDIR/log
	touch "$LOG"
	config '.mounts += [{destination: "/log", source: $log, options: ["bind", "rw"]}]' --arg log "$LOG"
}

# all_hooks: two hooks of each kind, which log their names.
all_hooks() {
	hook_file note 'echo "$1" >>'"$LOG"
	config '.hooks = ([("prestart", "createRuntime", "createContainer", "poststart", "poststop") as $kind
		| {key: $kind, value: [{path: $hook, args: ["note", $kind + "1"]}, {path: $hook, args: ["note", $kind + "2"]}]}]
		| from_entries)
		| .hooks.startContainer = [("1", "2") as $n | {path: "/bin/sh", args: ["sh", "-c", "echo startContainer" + $n + " >>/log"]}]' \
		--arg hook "$HOOK"
}

log() {
	tr '\n' ' ' <"$LOG"
}

@test 'all kinds run in the order of the lifecycle' {
	all_hooks
	command_is sh -c 'echo program >>/log; sleep 1000'
	detached create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	[ "$(log)" = 'prestart1 prestart2 createRuntime1 createRuntime2 createContainer1 createContainer2 ' ]
	: >"$LOG"
	run -0 insula start box
	wait_for 5 grep -q program "$LOG"
	[[ $(log) == 'startContainer1 startContainer2 '* ]]
	[[ $(log) == *'poststart1 poststart2 '* ]]
	: >"$LOG"
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	[ "$(log)" = '' ]
	run -0 insula delete box
	[ "$(log)" = 'poststop1 poststop2 ' ]
	leaves_nothing box
}

@test 'run runs all kinds too' {
	all_hooks
	command_is true
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(log)" = 'prestart1 prestart2 createRuntime1 createRuntime2 createContainer1 createContainer2 startContainer1 startContainer2 poststart1 poststart2 poststop1 poststop2 ' ]
}

@test 'delete --force runs poststop' {
	all_hooks
	sleeper box
	: >"$LOG"
	run -0 insula delete --force box
	[ "$(log)" = 'poststop1 poststop2 ' ]
}

# namespaces LINES: mnt, net and uts namespace of the host and of the container, to compare with.
@test 'each kind runs in its namespaces' {
	local kind namespace
	hook_file where 'for n in mnt net uts pid; do readlink /proc/self/ns/$n; done >'"$BATS_TEST_TMPDIR"'/$1'
	# The path of createContainer is looked up by the runtime, its execution sees the container's
	# namespaces, the root still being the host's.
	config '.hooks = ([("prestart", "createRuntime", "createContainer", "poststart", "poststop") as $kind
		| {key: $kind, value: [{path: $hook, args: ["where", $kind]}]}] | from_entries)
		| .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c",
			"for n in mnt net uts pid; do readlink /proc/self/ns/$n; done >/log"]}]' --arg hook "$HOOK"
	command_is sleep 1000
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	for namespace in mnt net uts pid; do
		readlink "/proc/$(pid_of box)/ns/$namespace"
	done >"$BATS_TEST_TMPDIR/inside"
	for namespace in mnt net uts pid; do
		readlink "/proc/self/ns/$namespace"
	done >"$BATS_TEST_TMPDIR/outside"
	run -0 insula delete --force box
	for kind in prestart createRuntime poststart poststop; do
		cmp "$BATS_TEST_TMPDIR/outside" "$BATS_TEST_TMPDIR/$kind"
	done
	cmp "$BATS_TEST_TMPDIR/inside" "$BATS_TEST_TMPDIR/createContainer"
	cmp "$BATS_TEST_TMPDIR/inside" "$LOG"
}

@test 'createContainer runs before the change of the root, with the mounts made' {
	hook_file see 'ls -d /work /proc >/dev/null 2>&1; grep -c " '"$BUNDLE"'/rootfs/dev/shm " /proc/self/mountinfo >>'"$LOG"'
		[ -e '"$BUNDLE"'/config.json ] && echo "host root" >>'"$LOG"
	config '.hooks.createContainer = [{path: $path}]' --arg path "$HOOK"
	run -0 insula run --bundle "$BUNDLE" box
	[[ $(log) == *'host root '* ]]
}

@test 'startContainer runs in the container with its root, before the program' {
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "hostname >>/log; ls / | grep -c bin >>/log; cat /proc/1/comm >>/log; pwd >>/log"]}]'
	command_is sh -c 'echo program >>/log'
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(sed -n 1p "$LOG")" = box ]
	[ "$(sed -n '$p' "$LOG")" = program ]
}

@test 'the state on standard input is that of the container, with the status of the moment' {
	local kind status
	hook_file keep 'cat >'"$BATS_TEST_TMPDIR"'/$1.json'
	config '.annotations = {"org.example/a": "b"}
		| .hooks = ([("prestart", "createRuntime", "createContainer", "poststart", "poststop") as $kind
		| {key: $kind, value: [{path: $hook, args: ["keep", $kind]}]}] | from_entries)
		| .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/log"]}]' --arg hook "$HOOK"
	command_is sleep 1000
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	pid=$(pid_of box)
	run -0 insula delete --force box
	cp "$LOG" "$BATS_TEST_TMPDIR/startContainer.json"
	while read -r kind status; do
		jq -e --arg status "$status" --arg bundle "$BUNDLE" '.id == "box" and .status == $status
			and .bundle == $bundle and .ociVersion == "1.3.0" and .annotations == {"org.example/a": "b"}' \
			"$BATS_TEST_TMPDIR/$kind.json" || die "$kind: $(cat "$BATS_TEST_TMPDIR/$kind.json")"
		[ "$status" = stopped ] || [ "$(jq .pid "$BATS_TEST_TMPDIR/$kind.json")" = "$pid" ] ||
			die "$kind: pid $(jq .pid "$BATS_TEST_TMPDIR/$kind.json") is not $pid"
	done <<-END
		prestart creating
		createRuntime creating
		createContainer creating
		startContainer created
		poststart running
		poststop stopped
	END
	grep -q 'org.example/a' "$BATS_TEST_TMPDIR/poststop.json"
}

@test 'each hook reads the state from its beginning' {
	hook_file keep 'cat >>'"$LOG"
	config '.hooks.createRuntime = [{path: $path}, {path: $path}] | .hooks.createContainer = [{path: $path}, {path: $path}]' --arg path "$HOOK"
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(jq -s length "$LOG")" = 4 ]
}

@test 'args and env are what the configuration says, and nothing else' {
	hook_file show 'echo "$0|$1|$2" >>'"$LOG"'; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= | sort >>'"$LOG"
	config '.hooks.createRuntime = [{path: $path, args: ["zero", "one 1", ""], env: ["A=b c", "D="]}]
		| .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo \"$0|$E\" >>/log", "zero"], env: ["E=f g"]}]' --arg path "$HOOK"
	SECRET=host run -0 insula run --bundle "$BUNDLE" box
	[ "$(sed -n 1p "$LOG")" = "$HOOK|one 1|" ]
	[ "$(sed -n 2p "$LOG")" = 'A=b c' ]
	[ "$(sed -n 3p "$LOG")" = 'D=' ]
	[ "$(sed -n 4p "$LOG")" = 'zero|f g' ]
	[ "$(wc -l <"$LOG")" = 4 ]
}

@test 'a hook has no fds but its own three' {
	hook_file fds 'ls /proc/self/fd | tr "\n" " " >>'"$LOG"
	config '.hooks.createRuntime = [{path: $path}] | .hooks.createContainer = [{path: $path}]' --arg path "$HOOK"
	run -0 "$INSULA" --root "$STATE" run --preserve-fds 1 --bundle "$BUNDLE" box 3</dev/null
	# ls itself opens the directory.
	[ "$(log)" = '0 1 2 3 0 1 2 3 ' ]
}

@test 'a hook that never reads its state is not waited for' {
	config '.annotations = {big: ("x" * 200000)}
		| .hooks.createRuntime = [{path: "/bin/true"}] | .hooks.createContainer = [{path: "/bin/true"}]
		| .hooks.poststart = [{path: "/bin/true"}]'
	run -0 timeout 10 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box
}

@test 'a hook that closes its standard input harms nobody' {
	hook_file close 'exec <&-; exit 0'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	run -0 insula run --bundle "$BUNDLE" box
}

# --- failing ------------------------------------------------------------------------------------

# With poststop hooks to see that they run at the end.
failing() {
	hook_file note 'echo "$1" >>'"$LOG"
	config ".hooks = {poststop: [{path: \"$HOOK\", args: [\"note\", \"poststop\"]}]}"
	command_is sh -c 'echo program >>/log; sleep 1000'
}

@test 'a failing hook of create is an error, destroys the container, and poststop runs' {
	local kind
	for kind in prestart createRuntime createContainer; do
		failing
		config ".hooks.$kind = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"exit 3\"]}, {path: \"$HOOK\", args: [\"note\", \"second\"]}]"
		: >"$LOG"
		run -1 insula create --bundle "$BUNDLE" box
		has "hooks.$kind[0]"
		has 'exited with status 3'
		one_line
		leaves_nothing box
		[ "$(log)" = 'poststop ' ]
		: >"$LOG"
		run -1 insula run --bundle "$BUNDLE" box
		has "hooks.$kind[0]"
		leaves_nothing box
		[ "$(log)" = 'poststop ' ]
	done
}

@test 'a failing startContainer hook is an error, destroys the container, and poststop runs' {
	failing
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]'
	detached create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	run -1 insula start box
	has 'hooks.startContainer[0]'
	has 'exited with status 3'
	one_line
	leaves_nothing box
	[ "$(log)" = 'poststop ' ]
	: >"$LOG"
	run -1 insula run --bundle "$BUNDLE" box
	has 'hooks.startContainer[0]'
	leaves_nothing box
	[ "$(log)" = 'poststop ' ]
}

@test 'a failing poststart hook is an error, destroys the container, and poststop runs' {
	failing
	config '.hooks.poststart = [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]'
	detached create --bundle "$BUNDLE" box
	run -1 insula start box
	has 'hooks.poststart[0]'
	has 'exited with status 3'
	one_line
	leaves_nothing box
	[[ $(log) == *'poststop ' ]]
	: >"$LOG"
	run -1 insula run --bundle "$BUNDLE" box
	has 'hooks.poststart[0]'
	leaves_nothing box
	[[ $(log) == *'poststop ' ]]
}

@test 'a failing poststop hook is only warned of, and the next one runs' {
	hook_file note 'echo "$1" >>'"$LOG"
	config '.hooks.poststop = [{path: "/bin/false"}, {path: "/nowhere"}, {path: $path, args: ["note", "last"]}]' --arg path "$HOOK"
	run -0 --separate-stderr insula run --bundle "$BUNDLE" box
	# shellcheck disable=SC2154
	[[ $stderr == *'warning: hooks.poststop[0]'* ]]
	[[ $stderr == *'warning: hooks.poststop[1]'* ]]
	[ "$(log)" = 'last ' ]
	leaves_nothing box
}

@test 'a hook that is not there, or not executable, is an error' {
	hook_file bad ''
	chmod 644 "$HOOK"
	local kind
	for kind in prestart createRuntime createContainer startContainer poststart; do
		config ".hooks = {$kind: [{path: \"/nowhere/hook\"}]}"
		run -1 insula run --bundle "$BUNDLE" box
		has "hooks.$kind[0]"
		has '/nowhere/hook'
		has 'No such file or directory'
		one_line
		leaves_nothing box
	done
	config '.hooks = {createRuntime: [{path: $path}]}' --arg path "$HOOK"
	run -1 insula run --bundle "$BUNDLE" box
	has 'Permission denied'
	config '.hooks = {createRuntime: [{path: "relative"}]}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'hooks.createRuntime[0].path'
	config '.hooks = {createRuntime: [{path: "/bin/true", timeout: 0}]}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'hooks.createRuntime[0].timeout'
}

@test 'a hook that a signal kills is an error' {
	local kind
	for kind in createRuntime createContainer; do
		config ".hooks = {$kind: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"kill -9 \$\$\"]}]}"
		run -1 insula run --bundle "$BUNDLE" box
		has 'killed by signal 9'
		leaves_nothing box
	done
}

@test 'timeout ends a hook and what it has started' {
	local kind start nap="sleep $((100000 + $$))"
	for kind in createRuntime createContainer startContainer poststart; do
		config ".hooks = {$kind: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"$nap & $nap\"], timeout: 1}]}"
		command_is sleep 1000
		start=$EPOCHSECONDS
		run -1 timeout 20 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box
		((EPOCHSECONDS - start < 8)) || die 'that took too long'
		has "hooks.$kind[0]"
		has 'timed out after 1 s'
		leaves_nothing box
		run ! pgrep -fx "$nap"
	done
}

@test 'a hook may leave a process in the background' {
	hook_file background 'sleep 1 >/dev/null 2>&1 & exit 0'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	run -0 insula run --bundle "$BUNDLE" box
}

@test 'the output of a hook is that of insula' {
	hook_file talk 'echo out; echo err >&2'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	run -0 --separate-stderr insula run --bundle "$BUNDLE" box
	is out
	[[ $stderr == *err* ]]
}
