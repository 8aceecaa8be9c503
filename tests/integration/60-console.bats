#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The terminals of partitions, and `insula console`.

load helpers

setup() {
	insula_setup
	skip_unless 'there is no python3' command -v python3
	SCREEN=$BATS_TEST_TMPDIR/screen
	P=t$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	wait_for 10 no_keeper || die "insula-keeper is left"
	insula_teardown
}

# keeper: the one itself.
keeper() {
	local pid
	for pid in $(keepers); do
		[ "$(cat "/proc/$pid/comm")" != insula-keeper ] || echo "$pid"
	done
}

spawned() {
	local name=$1
	shift
	run -0 insula spawn "$name" --template busybox --net none "$@"
}

log_holds() {
	insula logs "$1" | grep -qF -- "$2"
}

is_now() {
	[ "$(insula show --json "$1" | jq -r '.[0].status')" = "$2" ]
}

# piped NAME LINE…: type these, from what is no terminal.
piped() {
	local name=$1
	shift
	printf '%s\n' "$@" | timeout 20 "$INSULA" --root "$STATE" console "$name" 3>&-
}

# on_terminal ROWS COLUMNS COMMAND…: on a terminal; what it shows is in $output, the lines of $SCREEN.input are typed.
on_terminal() {
	local rows=$1 columns=$2
	shift 2
	rm -f "$SCREEN" "$SCREEN.go"
	status=0
	timeout 20 python3 "$BATS_TEST_DIRNAME/terminal.py" run "$rows" "$columns" "$SCREEN" "$@" 3>&- || status=$?
	output=$(cat "$SCREEN")
}

console_on_terminal() {
	on_terminal 21 83 "$INSULA" --root "$STATE" console "$1"
}

types() {
	printf '%s\n' "$@" >"$SCREEN.input"
}

# A guest that says what it gets, line by line.
# shellcheck disable=SC2016
readonly ECHO='stty -echo; while :; do printf "> "; read -r line || exit 7; echo "got <$line>"; done'

readonly LEAVE=$'\x1d\x1d\x1d'

@test 'a terminal is the standard input and output, and /dev/console; what it says is in the log' {
	spawned "$P" --terminal -- sh -c 'stty onlcr; tty; stty size; ls -l /proc/self/fd/2; [ /dev/console -ef /dev/pts/0 ] && echo same
		stat -c "%t:%T" /dev/console; test -t 1 && echo "> a terminal"; exec sleep 1000'
	wait_for 5 log_holds "$P" '> a terminal'
	run -0 insula logs "$P"
	has /dev/pts/0
	has '24 80'
	hasnt $'\r'
	[ "$(readlink "/proc/$(pid_of "$P")/fd/2")" = /dev/pts/0 ]
}

@test 'from a pipe to a pipe: the end comes when nothing more is said' {
	spawned "$P" --terminal -- sh -c "$ECHO"
	run -0 piped "$P" one two
	has 'got <one>'
	has 'got <two>'
	run -0 piped "$P" three
	has 'got <three>'
	hasnt two
	is_now "$P" running
}

@test 'on a terminal: what is typed, the size, and the way out' {
	# The size of who comes makes the first prompt.
	# shellcheck disable=SC2016
	spawned "$P" --terminal -- sh -c 'stty -echo; trap "stty size; echo \"> \"" WINCH; echo ready
		while :; do read -r line && echo "got <$line>> "; done'
	wait_for 5 log_holds "$P" ready
	types 'typed text' '@33x44' more "$LEAVE"
	console_on_terminal "$P"
	[ "$status" -eq 0 ]
	has "This is the terminal of $P. Press ^] three times"
	has '21 83'
	has '33 44'
	has 'got <typed text>'
	has "Left $P, which goes on."
	is_now "$P" running
}

@test 'the terminal is as before: left, ended, killed' {
	spawned "$P" --terminal -- sh -c "$ECHO"
	settings() {
		# shellcheck disable=SC2016
		on_terminal 24 80 sh -c 'stty -g >"$0.before"; "$@"; stty -g >"$0.after"' "$SCREEN" "$@"
		[ -s "$SCREEN.before" ]
				cmp "$SCREEN.before" "$SCREEN.after"
	}
	rm -f "$SCREEN.input"
	# shellcheck disable=SC2016
	settings sh -c '"$@" </dev/tty & sleep 1; stty -a </dev/tty >"$0.meanwhile"; kill $!; wait $!; echo "status $?"' "$SCREEN" \
		"$INSULA" --root "$STATE" console "$P"
	grep -q -- -icanon "$SCREEN.meanwhile"
	has 'status 143'
	# shellcheck disable=SC2016
	settings sh -c '"$@" </dev/tty & sleep 1; "$1" --root "$3" stop "$5"; wait $!; echo "status $?"' "$SCREEN" \
		"$INSULA" --root "$STATE" console "$P"
	has 'status 0'
	has "The terminal of $P is gone."
}

@test 'several at once see the same' {
	spawned "$P" --terminal -- sh -c "$ECHO"
	mkfifo "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	local name readers=()
	for name in a b; do
		timeout 20 "$INSULA" --root "$STATE" console "$P" <"$BATS_TEST_TMPDIR/$name" >"$BATS_TEST_TMPDIR/$name.out" 3>&- &
		readers+=($!)
	done
	exec 7>"$BATS_TEST_TMPDIR/a" 8>"$BATS_TEST_TMPDIR/b"
	sleep 0.5
	echo 'from a' >&7
	wait_for 5 grep -q 'got <from a>' "$BATS_TEST_TMPDIR/b.out"
	echo 'from b' >&8
	wait_for 5 grep -q 'got <from b>' "$BATS_TEST_TMPDIR/a.out"
	exec 7>&- 8>&-
	wait "${readers[@]}"
	cmp "$BATS_TEST_TMPDIR/a.out" "$BATS_TEST_TMPDIR/b.out"
}

@test 'without a terminal the error says what to do' {
	run -1 insula console "$P"
	has "there is no partition \"$P\""
	spawned "$P" -- sleep 1000
	run -1 insula console "$P"
	has "insula set $P --terminal"
	has "insula enter $P"
	one_line
	run -0 insula set "$P" --terminal
	run -1 insula console "$P"
	has 'insula restart'
	run -0 insula restart "$P"
	run -0 insula console "$P" </dev/null
	run -0 insula stop "$P"
	run -1 insula console "$P"
	has "insula start $P"
	run -0 insula set "$P" --unset terminal
	run -0 insula start "$P"
	run -1 insula console "$P"
	has "has no terminal"
}

# As systemd does it.
@test 'where somebody else is the parent, the terminal is served beside the partition' {
	run -0 insula spawn "$P" --template busybox --net none --no-start --terminal -- sh -c "$ECHO"
	detached start --supervised "$P"
	[ "$status" -eq 0 ]
	run -0 piped "$P" one
	has 'got <one>'
	grep -q 'got <one>' "$OUTPUT_FILE"
	no_keeper
	# It ends with the partition, and its socket is gone.
	pgrep -f "insula-keeper --terminal $STATE $P"
	kill -KILL "$(pid_of "$P")"
	gone() {
		! pgrep -f "insula-keeper --terminal $STATE $P"
	}
	wait_for 5 gone
	run -0 find "$STATE/.keeper/terminals" -mindepth 1
	is ''
}

@test 'nobody is waited for: who does not read loses output' {
	# shellcheck disable=SC2016
	spawned "$P" --terminal -- sh -c 'stty -echo; read -r go; i=0
		while [ $i -lt 20000 ]; do echo "this is line number $i of many"; i=$((i+1)); done; echo "all said"; exec sleep 1000'
	mkfifo "$BATS_TEST_TMPDIR/in"
	timeout 60 "$INSULA" --root "$STATE" console "$P" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	local reader=$!
	exec 7>"$BATS_TEST_TMPDIR/in"
	sleep 0.5
	kill -STOP "$(pgrep -P "$reader")"
	run -0 piped "$P" go
	wait_for 30 log_holds "$P" 'all said'
	kill -CONT "$(pgrep -P "$reader")"
	exec 7>&-
	wait "$reader"
	[ "$(insula logs "$P" | grep -c '^this is line number')" -eq 20000 ]
	[ "$(grep -c '^this is line number' "$BATS_TEST_TMPDIR/out")" -lt 20000 ]
}

@test 'a terminal that nobody inside has open costs nothing, and can be opened again' {
	spawned "$P" --terminal -- sh -c 'exec 0</dev/null >/dev/null 2>&1; sleep 2; echo "here again" >/dev/console; exec sleep 1000'
	sleep 1.5
	local ticks
	ticks=$(awk '{ print $14 + $15 }' "/proc/$(keeper)/stat")
	[ "$ticks" -le 5 ] || die "insula-keeper has used $ticks ticks"
	wait_for 5 log_holds "$P" 'here again'
}

@test 'restart: the terminal is a new one' {
	spawned "$P" --terminal --restart always -- sh -c 'echo "> start"; read -r line; exit 1'
	run -0 piped "$P" 'go away'
	started_twice() {
		[ "$(insula logs "$P" | grep -c '> start')" -ge 2 ]
	}
	wait_for 10 started_twice
	wait_for 5 is_now "$P" running
	run -0 insula console "$P" </dev/null
}

@test 'a keeper that is killed hangs up no terminal, and a new one is there at once' {
	spawned "$P" --terminal -- sh -c "trap 'echo hung up' HUP; $ECHO"
	spawned "$P-other" --terminal -- sh -c "$ECHO"
	spawned "$P-plain" -- sleep 1000
	local pid before
	pid=$(pid_of "$P")
	for _ in 1 2; do
		before=$(keeper)
		kill -KILL "$before"
		other_keeper() {
			[ -n "$(keeper)" ] && [ "$(keeper)" != "$before" ]
		}
		wait_for 5 other_keeper
		run -0 piped "$P" 'still there'
		has 'got <still there>'
		run -0 piped "$P-other" 'here, too'
		has 'got <here, too>'
	done
	[ "$(pid_of "$P")" = "$pid" ]
	log_holds "$P" 'still there'
	run ! log_holds "$P" 'hung up'
	# The keeper and its guard.
	[ "$(keepers | wc -l)" -eq 2 ]
	run -0 insula stop "$P" "$P-other"
	[ "$(keepers | wc -l)" -eq 1 ]
	run -0 insula stop "$P-plain"
	wait_for 10 no_keeper
	run -0 find "$STATE/.keeper/guests" "$STATE/.keeper/output" -mindepth 1
	is ''
}

@test 'a guard that is killed is replaced' {
	spawned "$P" --terminal -- sh -c "$ECHO"
	pkill -KILL -P "$(keeper)" -x insula-guard
	two_again() {
		[ "$(keepers | wc -l)" -eq 2 ]
	}
	wait_for 5 two_again
	kill -KILL "$(keeper)"
	wait_for 5 two_again
	run -0 piped "$P" 'still there'
	has 'got <still there>'
}

@test 'without a terminal there is no guard' {
	spawned "$P" -- sleep 1000
	[ "$(keepers | wc -l)" -eq 1 ]
}

@test 'what ended while no keeper was there has no terminal left' {
	spawned "$P-{1..2}" --terminal -- sh -c "$ECHO"
	local guard
	guard=$(pgrep -P "$(keeper)" -x insula-guard)
	kill -STOP "$guard"
	kill -KILL "$(keeper)"
	kill -KILL "$(pid_of "$P-1")"
	kill -CONT "$guard"
	wait_for 5 is_now "$P-1" stopped
	run -0 piped "$P-2" 'still there'
	has 'got <still there>'
	masters() {
		[ "$(find "/proc/$(keeper)/fd" -lname '*ptmx' | wc -l)" -eq "$1" ]
	}
	wait_for 5 masters 1
}
