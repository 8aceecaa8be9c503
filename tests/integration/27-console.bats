#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Terminals: handed over by socket, and in the foreground.

load helpers

setup() {
	insula_setup
	skip_unless 'there is no python3' command -v python3
	SCREEN=$BATS_TEST_TMPDIR/screen
	SOCKET=$BATS_TEST_TMPDIR/socket
	config '.process.terminal = true'
}

teardown() {
	[ -z "${RECEIVER-}" ] || kill "$RECEIVER" 2>/dev/null || :
	insula_teardown
}

# receiver [LINE…]: wait on $SOCKET for a descriptor; types the lines, one for each "> " that is shown.
receiver() {
	rm -f "$SOCKET" "$SCREEN" "$SCREEN.name" "$SCREEN.input"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$SCREEN.input"
	python3 "$BATS_TEST_DIRNAME/terminal.py" receive "$SOCKET" "$SCREEN" 3>&- &
	RECEIVER=$!
	wait_for 5 test -S "$SOCKET"
}

# on_terminal ROWS COLUMNS ARGS…: insula on a terminal; what it shows is in $output, the lines of
# $SCREEN.input are typed.
on_terminal() {
	local rows=$1 columns=$2
	shift 2
	rm -f "$SCREEN" "$SCREEN.go"
	status=0
	timeout 20 python3 "$BATS_TEST_DIRNAME/terminal.py" run "$rows" "$columns" "$SCREEN" \
		"$INSULA" --root "$STATE" "$@" 3>&- || status=$?
	output=$(cat "$SCREEN")
}

types() {
	printf '%s\n' "$@" >"$SCREEN.input"
}

shown() {
	grep -qF "$1" "$SCREEN"
}

# --- the console socket -------------------------------------------------------------------------

@test 'create sends the terminal to the console socket' {
	receiver 'hello there'
	command_is sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo all; printf "> "; read -r line; echo "got <$line>"; exec sleep 1000'
	detached create --bundle "$BUNDLE" --console-socket "$SOCKET" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 test -e "$SCREEN.name"
	[[ $(head -n 1 "$SCREEN.name") == */ptmx ]]
	run -0 insula start box
	wait_for 5 shown 'got <hello there>'
	shown /dev/pts/0
	shown all
	[ "$(readlink "/proc/$(pid_of box)/fd/0")" = /dev/pts/0 ]
}

@test 'run --detach sends it too' {
	receiver
	command_is sh -c 'echo hello; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" --console-socket "$SOCKET" box
	[ "$status" -eq 0 ]
	wait_for 5 shown hello
}

@test 'the terminal is that of the session, and /dev/console is the same' {
	receiver
	command_is sh -c 'stat -c "%t:%T" /dev/console /proc/self/fd/0 -L; echo x >/dev/tty && echo "tty works"; echo y >/dev/console
		awk "{ print \"session\", \$6, \"tty\", \$7 }" /proc/self/stat; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" --console-socket "$SOCKET" box
	wait_for 5 shown session
	wait_for 5 shown 'tty works'
	[ "$(sed -n 1p "$SCREEN")" = "$(sed -n 2p "$SCREEN")" ]
	shown 'session 1 tty'
	run ! grep -q 'tty 0$' "$SCREEN"
}

@test 'the terminal belongs to the user of the process' {
	receiver
	config '.process.user = {uid: 1000, gid: 1000}'
	command_is sh -c 'stat -c "owner %u" /dev/pts/0; echo x >/dev/pts/0 && echo written; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" --console-socket "$SOCKET" box
	wait_for 5 shown written
	shown 'owner 1000'
}

@test 'consoleSize is the size, and is ignored without a terminal' {
	receiver
	config '.process.consoleSize = {height: 33, width: 101}'
	command_is sh -c 'stty size; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" --console-socket "$SOCKET" box
	wait_for 5 shown '33 101'
	new_bundle
	config '.process.consoleSize = {height: 33, width: 101}'
	run -0 insula run --bundle "$BUNDLE" box2
}

@test 'a terminal in a user namespace' {
	receiver 'hello'
	with_userns
	command_is sh -c 'tty; stat -c "owner %u" /dev/pts/0; printf "> "; read -r line; echo "got $line"; exec sleep 1000'
	detached run --detach --bundle "$BUNDLE" --console-socket "$SOCKET" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 shown 'got hello'
	shown 'owner 0'
}

@test 'exec --tty sends its own terminal' {
	config '.process.terminal = false'
	sleeper box
	receiver 'hello'
	detached exec --detach --tty --console-socket "$SOCKET" --pid-file "$BATS_TEST_TMPDIR/pid" box \
		sh -c 'tty; printf "> "; read -r line; echo "got $line"; exec sleep 1000'
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 shown 'got hello'
	shown /dev/pts/0
	[ -d "/proc/$(cat "$BATS_TEST_TMPDIR/pid")" ]
}

@test 'exec --process with a terminal' {
	config '.process.terminal = false'
	sleeper box
	receiver
	jq '.process | .terminal = true | .consoleSize = {height: 7, width: 70} | .args = ["sh", "-c", "stty size; exec sleep 1000"]' \
		"$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	detached exec --detach --process "$BATS_TEST_TMPDIR/process.json" --console-socket "$SOCKET" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 shown '7 70'
}

# conmon's way: the option beside the file.
@test 'exec --process --tty gives a terminal, also if the file wants none' {
	config '.process.terminal = false'
	sleeper box
	receiver
	jq '.process | .args = ["sh", "-c", "tty; exec sleep 1000"]' "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	detached exec --detach --process "$BATS_TEST_TMPDIR/process.json" --tty --console-socket "$SOCKET" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 shown /dev/pts/0
}

@test 'a path of the socket that is longer than an address' {
	local directory
	directory=$BATS_TEST_TMPDIR/$(printf 'x%.0s' {1..120})
	mkdir "$directory"
	receiver
	command_is sh -c 'echo hello; exec sleep 1000'
	mv "$SOCKET" "$directory/socket"
	detached run --detach --bundle "$BUNDLE" --console-socket "$directory/socket" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 shown hello
}

@test 'what does not fit together is an error and leaves nothing' {
	command_is sleep 1000
	run -1 insula create --bundle "$BUNDLE" box
	has 'process.terminal'
	one_line
	run -1 insula run --detach --bundle "$BUNDLE" box
	has 'process.terminal'
	run -1 insula create --bundle "$BUNDLE" --console-socket /nowhere/socket box
	has '/nowhere/socket'
	one_line
	touch "$SOCKET"
	run -1 insula create --bundle "$BUNDLE" --console-socket "$SOCKET" box
	has "$SOCKET"
	rm "$SOCKET"
	leaves_nothing box
	config '.mounts -= [.mounts[] | select(.destination == "/dev/pts")]'
	receiver
	run -1 insula create --bundle "$BUNDLE" --console-socket "$SOCKET" box
	has '/dev/pts'
	one_line
	leaves_nothing box
	config '.process.terminal = false'
	run -1 insula create --bundle "$BUNDLE" --console-socket "$SOCKET" box
	has '--console-socket'
}

@test '--pidfd-socket sends a pidfd of the process' {
	config '.process.terminal = false'
	command_is sleep 1000
	receiver
	detached run --detach --bundle "$BUNDLE" --pidfd-socket "$SOCKET" box
	[ "$status" -eq 0 ] || die "$output"
	wait_for 5 test -e "$SCREEN.name"
	grep -q "^Pid:[[:space:]]*$(pid_of box)$" "$SCREEN.name"
	receiver
	detached exec --detach --pidfd-socket "$SOCKET" --pid-file "$BATS_TEST_TMPDIR/pid" box sleep 1000
	wait_for 5 test -e "$SCREEN.name"
	grep -q "^Pid:[[:space:]]*$(cat "$BATS_TEST_TMPDIR/pid")$" "$SCREEN.name"
}

# --- in the foreground --------------------------------------------------------------------------

@test 'run on a terminal: output, input, size and exit status' {
	command_is sh -c 'tty; stty size; printf "> "; read -r line; echo "got <$line>"; exit 5'
	types 'typed text'
	on_terminal 21 83 run --bundle "$BUNDLE" box
	[ "$status" -eq 5 ]
	has /dev/pts/0
	has '21 83'
	has 'got <typed text>'
	leaves_nothing box
}

@test 'run on a terminal follows its size' {
	command_is sh -c 'trap "stty size" WINCH; printf "> "; for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done'
	types '@44x55'
	on_terminal 21 83 run --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	has '44 55'
}

@test 'exec --tty on a terminal' {
	config '.process.terminal = false'
	sleeper box
	types 'typed text'
	on_terminal 21 83 exec --tty box sh -c 'tty; stty size; printf "> "; read -r line; echo "got <$line>"; exit 6'
	[ "$status" -eq 6 ]
	has /dev/pts/0
	has '21 83'
	has 'got <typed text>'
}

@test 'control-C reaches the program and not insula' {
	command_is sh -c 'trap "echo interrupted; exit 9" INT; printf "> "; while :; do sleep 0.05; done'
	types $'\x03'
	on_terminal 24 80 run --bundle "$BUNDLE" box
	[ "$status" -eq 9 ]
	has interrupted
}

@test 'all output of a program that ends at once arrives' {
	command_is sh -c 'seq 1 20000'
	on_terminal 24 80 run --bundle "$BUNDLE" box
	[ "$(tr -d '\r' <"$SCREEN" | sha256sum)" = "$(seq 1 20000 | sha256sum)" ]
}

@test 'the terminal is as before afterwards' {
	command_is sh -c 'stty -echo; exit 0'
	on_terminal 24 80 run --bundle "$BUNDLE" box
	rm -f "$SCREEN" "$SCREEN.go"
	timeout 20 python3 "$BATS_TEST_DIRNAME/terminal.py" run 24 80 "$SCREEN" sh -c \
		'stty -g >"$0.before"; "$@"; stty -g >"$0.after"' "$SCREEN" "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	cmp "$SCREEN.before" "$SCREEN.after"
	[ -s "$SCREEN.before" ]
}

@test 'run with a terminal from a pipe to a pipe' {
	command_is sh -c 'test -t 0 && echo terminal; read -r line; echo "got $line"'
	run -0 --separate-stderr insula run --bundle "$BUNDLE" box <<<'from a pipe'
	has terminal
	has 'got from a pipe'
}

@test 'run under script' {
	skip_unless 'there is no script' command -v script
	command_is sh -c 'tty; exit 3'
	run -3 timeout 20 script --quiet --return --command "$INSULA --root $STATE run --bundle $BUNDLE box" /dev/null 3>&- </dev/null
	has /dev/pts/0
}
