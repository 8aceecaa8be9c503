#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# start --supervised: what is told to who supervises, by whom, and what of theirs the partition gets; the order and
# the time of starts at boot.

load helpers

setup() {
	insula_setup
	P=s$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	insula_teardown
}

# made NAME ARGS…: it does not run, and has the probe.
made() {
	local name=$1
	shift
	run -0 insula spawn "$name" --no-start --template busybox --net none --mount "$PROBE:/bin/probe:ro" "$@"
}

# supervised NAME: started as systemd does it. Sets $output and $status.
supervised() {
	run timeout 50 python3 "$top_srcdir/tests/integration/supervisor.py" "$BATS_TEST_TMPDIR" \
		"$INSULA" --root "$STATE" start --supervised "$1" 3>&-
}

@test 'insula tells of the process, and that it runs' {
	made "$P" -- sh -c 'exec sleep 1000'
	supervised "$P"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "insula: MAINPID READY=1 STATUS=Partition $P runs." ]
	[ "${lines[1]}" = 'door: nobody' ]
}

@test 'notify: only the guest says that it is ready' {
	made "$P" --notify -- sh -c 'echo "$NOTIFY_SOCKET"; ls -l "$NOTIFY_SOCKET"; sleep 1
		probe notify "STATUS=a child"; exec probe notify READY=1'
	supervised "$P"
	[ "$status" -eq 0 ]
	[[ $output == *'/run/host/notify'* ]]
	[[ $output == *$'insula: MAINPID\nanother: STATUS=a child\nmain: READY=1'* ]]
	[ "$(grep -c READY <<<"$output")" = 1 ]
}

@test 'without notify a guest cannot speak to who supervises' {
	made "$P" -- sh -c '[ -z "$NOTIFY_SOCKET" ] && [ ! -e /run/host/notify ] && echo nothing; exec sleep 1000'
	supervised "$P"
	[[ $output == *nothing* ]]
}

@test 'notify: the guest learns that a watchdog waits for it, and is heard' {
	made "$P" --notify -- sh -c 'echo "<$WATCHDOG_USEC $WATCHDOG_PID>"; probe notify WATCHDOG=1; exec probe notify READY=1'
	WATCHDOG_USEC=3000000 supervised "$P"
	[ "$status" -eq 0 ]
	[[ $output == *'<3000000 >'* ]]
	[[ $output == *': WATCHDOG=1'* ]]
}

@test 'a watchdog that waits for another process is not passed on' {
	made "$P" --notify -- sh -c 'echo "<$WATCHDOG_USEC $WATCHDOG_PID>"; exec probe notify READY=1'
	WATCHDOG_USEC=3000000 WATCHDOG_PID=1 supervised "$P"
	[ "$status" -eq 0 ]
	[[ $output == *'< >'* ]]
}

@test 'a watchdog that nobody could speak to is an error that says so' {
	made "$P" -- sleep 1000
	WATCHDOG_USEC=3000000 run -1 insula start --supervised "$P"
	has "notify: the unit of partition \"$P\" has WatchdogSec="
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
}

@test 'notify: a socket that no mount can show is an error that says so' {
	made "$P" --notify -- sleep 1000
	NOTIFY_SOCKET=@nowhere run ! insula start --supervised "$P"
	[[ $output == *'notify: NOTIFY_SOCKET is @nowhere'* ]]
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
}

@test 'notify with insula-keeper: a warning, and the guest gets no socket of the keeper' {
	made "$P" --notify -- sh -c 'echo "<$NOTIFY_SOCKET>"; exec sleep 1000'
	run -0 timeout 20 "$INSULA" --root "$STATE" start "$P" 3>&-
	[[ $output == *'notify: no systemd looks after partition'*"$P"* ]]
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
	has_said() {
		[ "$(insula logs "$P")" = '<>' ]
	}
	wait_for 10 has_said
}

@test 'sockets that were opened for it are fd 3 and up of its program, and are announced' {
	made "$P" --notify -- sh -c 'echo "$LISTEN_PID $$ $LISTEN_FDS $LISTEN_FDNAMES"; ls /proc/self/fd/4 2>&1
		probe notify READY=1; exec probe door "come in"'
	supervised "$P"
	[ "$status" -eq 0 ]
	[[ $output == *'1 1 1 door'* ]]
	[[ $output == *'door: come in'* ]]
}

@test 'a socket that is announced and not there is an error' {
	made "$P" -- sleep 1000
	run ! sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"' - "$INSULA" --root "$STATE" start --supervised "$P" 3>&-
	[[ $output == *'is not open'* ]]
}

# --- boot ----------------------------------------------------------------------------------------------

# started NAME: when, in hundredths of seconds since the boot.
started() {
	sed 's/.*) //' "/proc/$(pid_of "$1")/stat" | cut -d ' ' -f 20
}

@test 'a delay at boot counts from when all before it have been started, and holds up nobody else' {
	made "$P-other" -- sleep 1000
	made "$P-first" --delay 1 -- sleep 1000
	made "$P-late" --after "$P-first" --delay 2 -- sleep 1000
	insula enable --all 2>/dev/null
	run -0 insula boot
	local other first late
	other=$(started "$P-other") first=$(started "$P-first") late=$(started "$P-late")
	[ $((first - other)) -ge 70 ]
	[ $((late - first)) -ge 195 ]
}

@test 'delay wants a number of seconds' {
	run ! insula spawn "$P" --no-start --template busybox --delay soon
	[[ $output == *'delay: "soon" is not a number'* ]]
}
