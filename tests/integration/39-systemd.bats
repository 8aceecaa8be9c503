#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup without a systemd: what insula says if it cannot be asked, and what it makes of
# insula-systemd's answers. tests/vm/suites/20-systemd.bats has the real one.

load helpers

setup() {
	insula_setup
	config '.linux.cgroupsPath = "system.slice:test:box"'
}

# fake SCRIPT: insula with this insula-systemd beside it, which is called with MANAGER VERB UNIT WORD….
fake() {
	local real=$INSULA
	mkdir "$BATS_TEST_TMPDIR/bin"
	INSULA=$BATS_TEST_TMPDIR/bin/insula
	cp "$real" "$INSULA"
	printf '#!/bin/sh\necho "$*" >>%s/asked\n%s\n' "$BATS_TEST_TMPDIR" "$1" >"$BATS_TEST_TMPDIR/bin/insula-systemd"
	chmod 755 "$BATS_TEST_TMPDIR/bin/insula-systemd"
}

asked() {
	cut -d ' ' -f 1-3 "$BATS_TEST_TMPDIR/asked"
}

# fails CONDITION: create is an error of one line, and leaves nothing.
fails() {
	run -1 insula --systemd-cgroup create --bundle "$BUNDLE" box
	one_line
	has "$1"
	[ ! -e "$STATE/box" ] || die 'its state is left'
	no_process
}

has_program() {
	[ "$(insula features | jq .linux.cgroup.systemd)" = true ]
}

@test "a bus that is not there" {
	skip_unless 'insula-systemd is not built' has_program
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$BATS_TEST_TMPDIR/none
	fails 'systemd unit test-box.scope: cannot speak to systemd: D-Bus system bus: No such file or directory'
	unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
	run -1 insula --rootless true --systemd-cgroup create --bundle "$BUNDLE" box
	has 'cannot speak to the systemd of user 0'
	has 'loginctl enable-linger'
}

@test "a bus that says nothing" {
	local server
	skip_unless 'insula-systemd is not built' has_program
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$BATS_TEST_TMPDIR/bus
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
time.sleep(120)' "$BATS_TEST_TMPDIR/bus" 3>&- &
	server=$!
	wait_for 10 test -S "$BATS_TEST_TMPDIR/bus"
	fails 'systemd unit test-box.scope: no answer within 30 s'
	kill "$server"
}

@test "a program that is not there" {
	fake ''
	rm "$BATS_TEST_TMPDIR/bin/insula-systemd"
	run -1 insula --systemd-cgroup create --bundle "$BUNDLE" box
	# Another one may be installed, and find another systemd or none.
	[[ $output == *'insula-systemd is not there: '*'--with-systemd'* || $output == *'systemd unit test-box.scope: '* ]] ||
		die "$output"
	[ ! -e "$STATE/box" ]
}

@test "a path that is no unit's" {
	config '.linux.cgroupsPath = "/a/b"'
	fails 'linux.cgroupsPath: expected "slice:prefix:name" for systemd cgroups, got "/a/b"'
	config '.linux.cgroupsPath = "a/b.slice:p:n"'
	fails 'linux.cgroupsPath: "a/b.slice" is no name of a slice'
}

@test "an annotation that is no property" {
	config '.annotations = {"org.systemd.property.KillSignal": "nine"}'
	fails 'annotations["org.systemd.property.KillSignal"]: expected a number'
	config '.annotations = {"org.systemd.property.PIDs": "[uint32 1]"}'
	fails 'annotations["org.systemd.property.PIDs"]: this property is the runtime'
	run -1 insula --systemd-cgroup plan "$BUNDLE"
	has 'org.systemd.property.PIDs'
}

@test "a refusal has systemd's words, and the unit is stopped in any case" {
	fake 'case $2 in start) echo "systemd refuses to start it: no room"; exit 28 ;; esac'
	fails 'linux.cgroupsPath: systemd unit test-box.scope: systemd refuses to start it: no room'
	run -0 asked
	is $'system start test-box.scope\nsystem stop test-box.scope'
}

@test "systemd that was not reached is not asked again" {
	fake 'echo unreachable; exit 107'
	fails 'systemd unit test-box.scope: unreachable'
	run -0 asked
	is 'system start test-box.scope'
}

@test "answers that are none" {
	fake 'case $2 in start) kill -9 $$ ;; esac'
	fails 'insula-systemd was killed by signal 9'
	printf '#!/bin/sh\nexit 127\n' >"$BATS_TEST_TMPDIR/bin/insula-systemd"
	fails 'insula-systemd cannot be executed: it ended with status 127'
	printf '#!/bin/sh\ncase $2 in start) echo nonsense ;; esac\n' >"$BATS_TEST_TMPDIR/bin/insula-systemd"
	fails "systemd unit test-box.scope: its cgroup is 'nonsense'"
	printf '#!/bin/sh\ncase $2 in start) echo /not/there ;; esac\n' >"$BATS_TEST_TMPDIR/bin/insula-systemd"
	fails 'open the cgroup /not/there'
	printf '#!/bin/sh\n[ $2 = stop ] || echo /../../etc\n' >"$BATS_TEST_TMPDIR/bin/insula-systemd"
	fails 'open the cgroup /../../etc'
}

@test "the container is in the cgroup that systemd names, and delete has the unit stopped" {
	local cgroup=$CGROUP_ROOT$TEST_CGROUP/elsewhere
	skip_unless 'no cgroup2 hierarchy is mounted' test -n "$CGROUP_ROOT"
	fake "case \$2 in
start) mkdir -p $cgroup && echo \$4 >$cgroup/cgroup.procs && echo $TEST_CGROUP/elsewhere ;;
stop) rmdir $cgroup ;;
esac"
	command_is sleep 1000
	detached --systemd-cgroup create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || die "$output"
	run -0 cat "$cgroup/cgroup.procs"
	is "$(pid_of box)"
	run -0 insula start box
	run -0 insula exec box cat /proc/self/cgroup
	has '0::/'
	run -0 insula delete --force box
	[ ! -e "$cgroup" ]
	run -0 asked
	is $'system start test-box.scope\nsystem stop test-box.scope'
	grep -qF "system stop test-box.scope insula container box of $STATE" "$BATS_TEST_TMPDIR/asked"
}

@test "without its manager a unit is gone, but not while its cgroup is there" {
	local cgroup=$CGROUP_ROOT$TEST_CGROUP/elsewhere
	skip_unless 'no cgroup2 hierarchy is mounted' test -n "$CGROUP_ROOT"
	fake "case \$2 in
start) mkdir -p $cgroup && echo \$4 >$cgroup/cgroup.procs && echo $TEST_CGROUP/elsewhere ;;
stop) echo unreachable; exit 107 ;;
esac"
	command_is sleep 1000
	detached --systemd-cgroup run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || die "$output"
	run -1 insula delete --force box
	has 'systemd unit test-box.scope: unreachable'
	[ -e "$STATE/box" ]
	rmdir "$cgroup"
	run -0 insula delete --force box
	[ ! -e "$STATE/box" ]
}
