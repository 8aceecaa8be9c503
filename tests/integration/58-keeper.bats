#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# insula-keeper: who stays with partitions where systemd is not.

load helpers

setup() {
	insula_setup
	LIBRARY=$STATE/.library
	P=k$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	wait_for 10 no_keeper || die "insula-keeper is left"
	insula_teardown
}

spawned() {
	local name=$1
	shift
	run -0 insula spawn "$name" --template busybox --net none "$@"
}

is_now() {
	[ "$(insula show --json "$1" | jq -r '.[0].status')" = "$2" ]
}

ended_with() {
	[ "$(insula show --json "$1" | jq '.[0].exitStatus')" = "$2" ]
}

# has_said NAME TEXT…: exactly this is in its log.
has_said() {
	[ "$(insula logs "$1")" = "$2" ]
}

log_holds() {
	insula logs "$1" | grep -q -- "$2"
}

@test 'one keeper for all, which goes when the last has gone' {
	spawned "$P-{1..3}" -- sleep 1000
	[ "$(keepers | wc -l)" -eq 1 ]
	local keeper
	keeper=$(keepers)
	# 64 KiB, and 2 for each, with all that it shares; glibc takes more, and sanitizers do.
	ldd "$(readlink "/proc/$keeper/exe")" 2>/dev/null | grep -qE 'san|libc\.so' ||
		[ "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$keeper/status")" -le 70 ]
	# It is the parent of each.
	[ "$(ps -o ppid= -p "$(pid_of "$P-2")" | tr -d ' ')" = "$keeper" ]
	run -0 insula stop --all
	wait_for 10 no_keeper
	run -0 find "$STATE/.keeper/guests" "$STATE/.keeper/output" -mindepth 1
	is ''
}

@test 'what a partition says is in its log' {
	spawned "$P" -- sh -c 'echo a word; echo another >&2; exec sleep 1000'
	wait_for 5 has_said "$P" $'a word\nanother'
	run -0 insula logs --lines 1 "$P"
	is another
	run -1 insula logs "$P-none"
	has "there is no partition \"$P-none\""
}

@test 'a partition may open /dev/stdout again, as whoever it runs, and exec, too' {
	spawned "$P-1" -- sh -c 'echo one >/dev/stdout; echo two >/dev/stderr; sleep 1000'
	spawned "$P-2" --user 1000 -- sh -c 'echo one >/dev/stdout; echo two >/dev/stderr; sleep 1000'
	wait_for 5 has_said "$P-1" $'one\ntwo'
	wait_for 5 has_said "$P-2" $'one\ntwo'
	[ "$(insula exec "$P-1" sh -c 'echo three >/dev/stdout' | cat)" = three ]
	[ "$(insula exec --user 77 "$P-1" sh -c 'echo four >/dev/stderr' 2>&1 | cat)" = four ]
}

@test 'logs of several: each line says whose it is' {
	spawned "$P-{1..2}" -- sh -c 'echo first; echo last'
	spawned "$P-other" -- sh -c 'echo something else'
	wait_for 5 has_said "$P-1" $'first\nlast'
	wait_for 5 has_said "$P-2" $'first\nlast'
	wait_for 5 has_said "$P-other" 'something else'
	run -0 insula logs "$P-[0-9]"
	is "$P-1 | first"$'\n'"$P-1 | last"$'\n'"$P-2 | first"$'\n'"$P-2 | last"
	run -0 insula logs --lines 1 "$P-{2..2}" "$P-1"
	is "$P-2 | last"$'\n'"$P-1 | last"
	run -0 insula logs --all
	[ "${#lines[@]}" -eq 5 ]
	run -1 insula logs "$P-x*"
	has "nothing has a name that matches \`$P-x*\`"
}

@test 'logs --follow goes on until the partition is removed' {
	spawned "$P" -- sh -c 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.1; done'
	wait_for 5 log_holds "$P" 'line 0'
	background logs --follow "$P"
	wait_for 10 grep -q 'line 9' "$OUTPUT_FILE"
	insula remove --force "$P"
	background_ends
	[ "$status" -eq 0 ]
	# Each once, in their order.
	[ "$(head -n 10 <<<"$output")" = "$(printf 'line %s\n' 0 1 2 3 4 5 6 7 8 9)" ]
}

@test 'a log is rotated, and cut at a line' {
	spawned "$P" -- sh -c 'i=0; while [ $i -lt 40000 ]; do echo "this is line number $i of many that are said"; i=$((i+1)); done; exec sleep 1000'
	wait_for 60 log_holds "$P" 'number 39999 of'
	[ -e "$LIBRARY/partitions/$P/log.1" ]
	[ "$(stat -c %s "$LIBRARY/partitions/$P/log")" -le 1114112 ]
	run ! grep -v '^this is line number [0-9]* of many that are said$' "$LIBRARY/partitions/$P/log.1"
	run ! grep -v '^this is line number [0-9]* of many that are said$' "$LIBRARY/partitions/$P/log"
}

@test 'why a start has failed comes to who wanted it' {
	run -1 insula spawn "$P" --template busybox --net none -- /no/such/program
	has /no/such/program
	run -1 insula spawn "$P" --template busybox --net none --mount /no/such/directory:/mnt -- true
	has /no/such/directory
}

@test 'why no keeper can be started is told' {
	mkdir -p "$STATE/.keeper/lock"
	run -1 insula spawn "$P" --template busybox --net none -- sleep 1000
	has "insula-keeper: use $STATE/.keeper: Is a directory"
	rmdir "$STATE/.keeper/lock"
	spawned "$P" -- sleep 1000
}

@test 'how a partition has ended is remembered' {
	spawned "$P" -- sh -c 'exit 3'
	wait_for 5 ended_with "$P" 3
	run -0 insula show "$P"
	has 'last end    with status 3'
	is_now "$P" stopped
	spawned "$P-killed" -- sleep 1000
	kill -KILL "$(pid_of "$P-killed")"
	wait_for 5 ended_with "$P-killed" 137
}

@test 'restart: always, on failure, no' {
	spawned "$P-always" --restart always -- sh -c 'echo once >>/runs; exit 0'
	spawned "$P-failure" --restart on-failure -- sh -c 'echo once >>/runs; exit 1'
	spawned "$P-fine" --restart on-failure -- sh -c 'echo once >>/runs; exit 0'
	spawned "$P-no" -- sh -c 'echo once >>/runs; exit 1'
	runs() {
		[ "$(wc -l <"$LIBRARY/partitions/$1/own/upper/runs")" -ge "$2" ]
	}
	wait_for 10 runs "$P-always" 2
	wait_for 10 runs "$P-failure" 2
	[ "$(wc -l <"$LIBRARY/partitions/$P-fine/own/upper/runs")" -eq 1 ]
	[ "$(wc -l <"$LIBRARY/partitions/$P-no/own/upper/runs")" -eq 1 ]
	# What is stopped stays so, also between two runs.
	run -0 insula stop "$P-always"
	local before
	before=$(wc -l <"$LIBRARY/partitions/$P-always/own/upper/runs")
	sleep 2.5
	[ "$(wc -l <"$LIBRARY/partitions/$P-always/own/upper/runs")" -eq "$before" ]
}

@test 'a keeper that is killed takes no partition along, and the next one knows them' {
	spawned "$P" -- sh -c 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.1; done'
	local pid before
	pid=$(pid_of "$P")
	wait_for 5 log_holds "$P" 'line 2'
	kill -KILL "$(keepers)"
	wait_for 5 no_keeper
	[ "$(pid_of "$P")" = "$pid" ]
	run -0 insula exec "$P" true
	before=$(insula logs "$P" | wc -l)
	more() {
		[ "$(insula logs "$P" | wc -l)" -gt $((before + 3)) ]
	}
	wait_for 10 more
	[ "$(pid_of "$P")" = "$pid" ]
	run -0 insula stop "$P"
	is_now "$P" stopped
}

@test 'whatever the next command is, it brings a keeper again' {
	local command
	spawned "$P" -- sleep 1000
	for command in list 'show --all' "exec $P true" stats 'freeze --all' 'thaw --all' "set $P --comment x" gc; do
		kill -KILL "$(keepers)"
		wait_for 5 no_keeper
		# shellcheck disable=SC2086 # several words
		run -0 insula $command
		run ! no_keeper
	done
	# It takes what is said, which nobody has taken meanwhile, and sees the end.
	spawned "$P-ends" -- sh -c 'read -r line <>/dev/null; sleep 1; echo last words; exit 7'
	kill -KILL "$(keepers)"
	wait_for 5 no_keeper
	run -0 insula list
	wait_for 5 has_said "$P-ends" 'last words'
	wait_for 5 ended_with "$P-ends" 7
}

@test 'two that restart one partition at the same time do not wait for each other for ever' {
	local i first second
	spawned "$P" -- sleep 1000
	for i in 1 2 3 4 5 6; do
		timeout 25 "$INSULA" --root "$STATE" --library "$LIBRARY" restart "$P" </dev/null >/dev/null 2>&1 3>&- &
		first=$!
		timeout 25 "$INSULA" --root "$STATE" --library "$LIBRARY" restart "$P" </dev/null >/dev/null 2>&1 3>&- &
		second=$!
		status=0
		wait "$first" || status=$?
		[ "$status" -ne 124 ] || die "round $i: the first hangs"
		status=0
		wait "$second" || status=$?
		[ "$status" -ne 124 ] || die "round $i: the second hangs"
		is_now "$P" running
	done
}

@test 'a partition that ends while no keeper is there is cleared away' {
	spawned "$P" -- sleep 1000
	kill -KILL "$(keepers)"
	wait_for 5 no_keeper
	kill -KILL "$(pid_of "$P")"
	wait_for 5 is_now "$P" stopped
	run -0 insula start "$P"
	is_now "$P" running
}

@test 'the keeper asked to end leaves all running' {
	spawned "$P" -- sleep 1000
	kill -TERM "$(keepers)"
	wait_for 5 no_keeper
	is_now "$P" running
}

@test 'a state directory with a longer name than the address of a socket may have' {
	STATE=$BATS_TEST_TMPDIR/$(printf 'x%.0s' {1..120})
	mkdir -m 700 "$STATE"
	insula template import busybox "$(base_rootfs)"
	spawned "$P" -- sh -c 'echo a word; exec sleep 1000'
	wait_for 5 has_said "$P" 'a word'
	run -0 insula remove --force "$P"
}
