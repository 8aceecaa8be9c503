#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `run` from beginning to end.

load helpers

@test 'run passes the exit status on' {
	run -0 insula run --bundle "$BUNDLE" box
	is ''
	command_is sh -c 'exit 42'
	run -42 insula run --bundle "$BUNDLE" box
}

@test 'run answers 128 and the signal if one ended the program' {
	command_is sleep 1000
	background run --bundle "$BUNDLE" box
	wait_for 5 has_status box running
	run -0 insula kill box KILL
	background_ends
	[ "$status" -eq 137 ]
}

@test 'run leaves nothing behind' {
	run -0 insula run --bundle "$BUNDLE" box
	run -0 insula list --quiet
	is ''
	[ ! -e "$STATE/box" ]
	[ ! -e "$CGROUP_ROOT$TEST_CGROUP/1" ]
}

@test 'the program gets its arguments, environment and directory' {
	config '.process.env += ["COLOUR=red wine"] | .process.cwd = "/usr/bin"'
	command_is sh -c 'echo "$0|$1|$COLOUR|$(pwd)"' zero 'one two'
	run -0 insula run --bundle "$BUNDLE" box
	is 'zero|one two|red wine|/usr/bin'
}

@test 'standard input reaches the program' {
	command_is cat
	run -0 insula run --bundle "$BUNDLE" box <<<'through and through'
	is 'through and through'
}

@test 'the container has namespaces, a host name and a pid 1 of its own' {
	command_is sh -c 'hostname; echo $$; ls /proc | grep -c "^[0-9]"; ip -o link | wc -l'
	run -0 insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = box ]
	[ "${lines[1]}" = 1 ]
	[ "${lines[2]}" -le 3 ]
	[ "${lines[3]}" = 1 ]
}

@test 'nothing is open in the container but 0, 1 and 2' {
	command_is sh -c 'ls -l /proc/self/fd 2>/dev/null | grep -v " -> /proc/" | grep -c -e "->"'
	run -0 insula run --bundle "$BUNDLE" box
	is 3
}

@test 'run --detach returns once the program runs' {
	sleeper box
	[ "$(status_of box)" = running ]
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
	run ! insula state box
	has 'does not exist'
}

@test 'a missing program is named, and nothing is left' {
	command_is /bin/nothing
	run ! insula run --bundle "$BUNDLE" box
	has '/bin/nothing'
	one_line
	run -0 insula list --quiet
	is ''
}

@test 'an id that is taken stays as it is' {
	sleeper box
	pid=$(pid_of box)
	new_bundle
	run ! insula run --bundle "$BUNDLE" box
	has 'already exists'
	[ "$(pid_of box)" = "$pid" ]
}

@test 'a container in a user namespace runs as its own root' {
	with_userns
	command_is sh -c 'id -u; cat /proc/self/uid_map'
	run -0 insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^\ *0\ +100000\ +65536$ ]]
}
