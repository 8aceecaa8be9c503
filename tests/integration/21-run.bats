#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `run` passes on, what it leaves, and its options.

load helpers

# --- exit status --------------------------------------------------------------------------------

@test 'every exit status comes through' {
	local code
	for code in 0 1 2 125 126 127 128 200 255; do
		command_is sh -c "exit $code"
		run "-$code" insula run --bundle "$BUNDLE" box
	done
}

@test 'a program that a signal ends gives 128 and its number' {
	local signal
	for signal in 9 11 15; do
		# The first process of a pid namespace cannot kill itself; insula passes TERM and the like on.
		command_is sleep 1000
		background run --bundle "$BUNDLE" box
		wait_for 5 has_status box running
		run -0 insula kill box "$signal" || :
		[ "$signal" = 9 ] || insula kill box 9
		background_ends
		[ "$status" -eq 137 ]
	done
	config '.linux.namespaces -= [{type: "pid"}] | .mounts -= [.mounts[] | select(.destination == "/proc")]
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	for signal in 1 6 9 11 14 15; do
		command_is sh -c "kill -$signal \$\$"
		run "-$((128 + signal))" insula run --bundle "$BUNDLE" box
	done
}

@test 'a signal to insula is passed on to the program' {
	command_is sh -c 'trap "echo got HUP" HUP; trap "echo got TERM; exit 7" TERM; echo ready
		while :; do sleep 0.05; done'
	background run --bundle "$BUNDLE" box
	wait_for 5 grep -qx ready "$OUTPUT_FILE"
	kill -HUP "$BACKGROUND"
	wait_for 5 grep -qx 'got HUP' "$OUTPUT_FILE"
	kill -TERM "$BACKGROUND"
	background_ends
	[ "$status" -eq 7 ]
	has 'got TERM'
	leaves_nothing box
}

@test 'a signal that comes when insula does not wait for the program yet, or no longer, ends nothing early' {
	command_is sh -c 'trap "echo got TERM; exit 7" TERM; : >/ready; while :; do sleep 0.05; done'
	config '.root.readonly = false'
	hook_file poststart "kill -TERM \$PPID; until [ -e $BUNDLE/rootfs/ready ]; do sleep 0.05; done"
	config '.hooks.poststart = [{path: $h}]' --arg h "$HOOK"
	hook_file poststop 'kill -INT $PPID; sleep 0.1'
	config '.hooks.poststop = [{path: $h}]' --arg h "$HOOK"
	run -7 insula run --bundle "$BUNDLE" box
	has 'got TERM'
	leaves_nothing box
}

# --- what comes in and goes out -----------------------------------------------------------------

@test 'a user of the container may open the pipes of its standard streams again' {
	config '.process.user = {uid: 1000, gid: 1000}'
	command_is sh -c 'echo one >/dev/stdout; echo two >/dev/stderr; read -r three </dev/stdin && echo "$three"'
	[ "$(echo three | insula run --bundle "$BUNDLE" box 2>&1 | cat)" = $'one\ntwo\nthree' ]
	with_userns
	[ "$(echo three | insula run --bundle "$BUNDLE" box 2>&1 | cat)" = $'one\ntwo\nthree' ]
}

@test 'a pipe of some megabytes goes in and out' {
	command_is cat
	head -c 5000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	insula run --bundle "$BUNDLE" box <"$BATS_TEST_TMPDIR/data" | cat >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/back"
	(sleep 0.3; echo late) | insula run --bundle "$BUNDLE" box >"$BATS_TEST_TMPDIR/back"
	[ "$(cat "$BATS_TEST_TMPDIR/back")" = late ]
}

@test 'standard output and standard error stay apart' {
	command_is sh -c 'echo out; echo err >&2'
	run -0 --separate-stderr insula run --bundle "$BUNDLE" box
	is out
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
}

@test 'closed standard streams become /dev/null' {
	command_is sh -c 'cat; echo lost; echo lost >&2; ls -l /proc/self/fd | grep -c /dev/null >/tmp/count'
	"$INSULA" --root "$STATE" run --bundle "$BUNDLE" box <&- >&- 2>&- 3>&-
	[ "$(cat "$BUNDLE/rootfs/tmp/count")" -ge 2 ]
}

@test 'the program has no signals blocked or ignored' {
	command_is grep -E '^Sig(Blk|Ign)' /proc/self/status
	run -0 env --ignore-signal=HUP --block-signal=USR1 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box
	[ "$(awk '{ print $2 }' <<<"$output" | sort -u)" = 0000000000000000 ]
}

# --- --detach, --keep, --pid-file ---------------------------------------------------------------

@test 'run --detach is 0 once the program runs, and its end stays for state and delete' {
	command_is sh -c 'echo before; exit 5'
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	wait_for 5 has_status box stopped
	grep -qx before "$OUTPUT_FILE"
	run -0 insula delete box
	leaves_nothing box
}

@test 'run -d of a program that is not there is an error and leaves nothing' {
	command_is /bin/nothing
	run -127 insula run -d --bundle "$BUNDLE" box
	one_line
	leaves_nothing box
}

@test 'run --keep leaves the stopped container' {
	command_is sh -c 'exit 3'
	run -3 insula run --keep --bundle "$BUNDLE" box
	[ "$(status_of box)" = stopped ]
	run -1 insula run --keep --bundle "$BUNDLE" box
	has 'already exists'
	run -0 insula delete box
	leaves_nothing box
}

@test 'a container that is deleted by others during run is no error' {
	command_is sleep 1000
	background run --bundle "$BUNDLE" box
	wait_for 5 has_status box running
	run -0 insula delete --force box
	background_ends
	[ "$status" -eq 137 ]
	is ''
}

@test 'run --pid-file writes the pid, nothing else' {
	command_is sleep 1000
	detached run --detach --pid-file "$BATS_TEST_TMPDIR/pid" --bundle "$BUNDLE" box
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(pid_of box)" ]
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/pid")" = "$(pid_of box | tr -d '\n' | wc -c)" ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/pid")" = 644 ]
}

@test 'a pid file that is there is replaced' {
	echo 123456789012345 >"$BATS_TEST_TMPDIR/pid"
	command_is sleep 1000
	detached run --detach --pid-file "$BATS_TEST_TMPDIR/pid" --bundle "$BUNDLE" box
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(pid_of box)" ]
}

@test 'a pid file in a directory that is not there is an error and leaves nothing' {
	command_is sleep 1000
	run -1 insula run --detach --pid-file /nowhere/pid --bundle "$BUNDLE" box
	has '--pid-file'
	one_line
	leaves_nothing box
}

# --- subreaper ----------------------------------------------------------------------------------

# What the first process leaves behind: without a pid namespace somebody outside has to take it.
orphan() {
	config '.linux.namespaces -= [{type: "pid"}] | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .mounts -= [.mounts[] | select(.destination == "/proc")]
		| .mounts += [{destination: "/proc", source: "/proc", options: ["rbind", "ro"]}]'
	command_is sh -c '(sh -c "sleep 0.3; grep PPid /proc/\$\$/status >/tmp/parent" &); sleep 0.6'
	background run "$@" --bundle "$BUNDLE" box
	background_ends
	[ "$status" -eq 0 ]
	PARENT=$(awk '{ print $2 }' "$BUNDLE/rootfs/tmp/parent")
	echo "the parent is $PARENT, insula $BACKGROUND"
}

@test 'run adopts what the program leaves behind, unless it is told not to' {
	orphan
	[ "$PARENT" = "$BACKGROUND" ]
	orphan --no-subreaper
	[ "$PARENT" != "$BACKGROUND" ]
}

# --- fds ----------------------------------------------------------------------------------------

@test '--preserve-fds hands on so many fds, and no more' {
	echo three >"$BATS_TEST_TMPDIR/3"
	echo four >"$BATS_TEST_TMPDIR/4"
	command_is sh -c 'cat <&3; cat <&4; [ ! -e /proc/self/fd/5 ] && echo "no 5"'
	run -0 "$INSULA" --root "$STATE" run --preserve-fds 2 --bundle "$BUNDLE" box \
		3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5</dev/null
	is $'three\nfour\nno 5'
}

@test '--preserve-fds of fds that are not open is an error' {
	run -1 "$INSULA" --root "$STATE" run --preserve-fds 2 --bundle "$BUNDLE" box 3</dev/null 4<&-
	has 'file descriptor 4 is not open'
	one_line
	run -1 insula run --preserve-fds 4294967295 --bundle "$BUNDLE" box
	has "is not open"
	run -1 insula run --preserve-fds -1 --bundle "$BUNDLE" box
	run -1 insula run --preserve-fds x --bundle "$BUNDLE" box
	leaves_nothing box
}

@test 'LISTEN_FDS makes the sockets and their variables arrive' {
	command_is sh -c 'echo "$LISTEN_FDS $LISTEN_PID $$ $LISTEN_FDNAMES"; cat <&3; cat <&4'
	echo three >"$BATS_TEST_TMPDIR/3"
	echo four >"$BATS_TEST_TMPDIR/4"
	# LISTEN_PID names the runtime itself, so it is set by the shell that becomes it.
	run -0 sh -c 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b exec "$@" 3<"$0/3" 4<"$0/4"' \
		"$BATS_TEST_TMPDIR" "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box
	is $'2 1 1 a:b\nthree\nfour'
}

@test 'LISTEN_FDS that is meant for another process is ignored' {
	command_is sh -c 'echo "<$LISTEN_FDS>"; [ ! -e /proc/self/fd/3 ] && echo none'
	LISTEN_PID=1 LISTEN_FDS=1 run -0 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3</dev/null
	is $'<>\nnone'
}
