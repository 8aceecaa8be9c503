#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What there is and what runs in it, and stopping it for a while.

load helpers

# --- list ---------------------------------------------------------------------------------------

@test 'list without containers' {
	run -0 insula list
	one_line
	[[ $output =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER\ +TEMPLATE\ +ADDRESS$ ]]
	run -0 insula list --quiet
	is ''
	run -0 insula list --format json
	is '[]'
}

@test 'list shows each container, in the order of the ids' {
	sleeper zeta
	new_bundle
	command_is true
	detached create --bundle "$BUNDLE" alpha
	new_bundle
	insula run --keep --bundle "$BUNDLE" middle
	run -0 insula list
	[ "${#lines[@]}" -eq 4 ]
	read -r id pid status bundle created owner template address <<<"${lines[1]}"
	[ "$id $status $owner $template $address" = 'alpha created root - -' ]
	[ "$pid" = "$(pid_of alpha)" ]
	[ "$bundle" = "$BATS_TEST_TMPDIR/bundle2" ]
	[[ $created == 20*Z ]]
	read -r id pid status _ <<<"${lines[2]}"
	[ "$id $pid $status" = 'middle 0 stopped' ]
	read -r id pid status _ <<<"${lines[3]}"
	[ "$id $pid $status" = "zeta $(pid_of zeta) running" ]
	run -0 insula list -q
	is $'alpha\nmiddle\nzeta'
}

@test 'the columns of list stand below each other' {
	sleeper "$(printf 'x%.0s' {1..40})"
	new_bundle
	sleeper b
	run -0 insula list
	local column
	column=${lines[0]%%PID*}
	[ "${lines[1]:${#column}-1:1}" = ' ' ]
	[[ ${lines[1]:${#column}} == "$(pid_of b) "* ]]
	[[ ${lines[2]:${#column}} == [0-9]* ]]
}

@test 'on a narrow terminal list leaves out what is least missed' {
	local width
	sleeper box
	: >"$BATS_TEST_TMPDIR/said.input"
	for width in 300 100 80; do
		rm -f "$BATS_TEST_TMPDIR/said" "$BATS_TEST_TMPDIR/said.go"
		python3 "$top_srcdir/tests/integration/terminal.py" run 24 $width "$BATS_TEST_TMPDIR/said" \
			"$INSULA" --root "$STATE" list
		head -n 1 "$BATS_TEST_TMPDIR/said" | tr -d "\r" | xargs >"$BATS_TEST_TMPDIR/header.$width"
	done
	run -0 cat "$BATS_TEST_TMPDIR/header."{300,100,80}
	is 'ID PID STATUS BUNDLE CREATED OWNER TEMPLATE ADDRESS
ID PID STATUS CREATED TEMPLATE ADDRESS
ID PID STATUS TEMPLATE ADDRESS'
}

@test 'list as JSON holds what state says' {
	config '.annotations = {"a": "b"}'
	sleeper one
	new_bundle
	sleeper two
	run -0 insula list --format json
	[ "$(jq -cS '.[0]' <<<"$output")" = "$(insula state one | jq -cS .)" ]
	[ "$(jq -cS '.[1]' <<<"$output")" = "$(insula state two | jq -cS .)" ]
	[ "$(jq length <<<"$output")" = 2 ]
	[ "$(jq -r '.[0].annotations.a' <<<"$output")" = b ]
	run -0 insula list -f json --quiet
	is $'one\ntwo'
	run -1 insula list --format yaml
	one_line
}

@test 'list of a state directory that is not there' {
	run -0 "$INSULA" --root "$BATS_TEST_TMPDIR/nowhere" list --format json
	is '[]'
	[ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
}

@test 'state directories are apart' {
	sleeper box
	run -0 "$INSULA" --root "$BATS_TEST_TMPDIR/other" list --quiet
	is ''
	run -1 "$INSULA" --root "$BATS_TEST_TMPDIR/other" state box
	has 'does not exist'
}

@test 'a paper full of output is an error' {
	sleeper box
	run -1 sh -c '"$@" >/dev/full' sh "$INSULA" --root "$STATE" list
	has 'No space left on device'
	run -1 sh -c '"$@" >/dev/full' sh "$INSULA" --root "$STATE" state box
	one_line
}

# --- ps -----------------------------------------------------------------------------------------

@test 'ps as JSON is an array of the host pids' {
	command_is sh -c 'sleep 1000 & sleep 1000 & wait'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 has_processes 3
	run -0 insula ps --format json box
	[[ $output =~ ^\[[0-9]+,[0-9]+,[0-9]+\]$ ]]
	[ "$(jq -r '.[]' <<<"$output" | sort -n | tr '\n' ' ')" = "$(sort -n "$(cgroup_of box)/cgroup.procs" | tr '\n' ' ')" ]
	jq -e --argjson pid "$(pid_of box)" 'index($pid) != null' <<<"$output"
}

has_processes() {
	[ "$(insula ps --format json box | jq length)" = "$1" ]
}

@test 'ps as a table is what the host has to say of them' {
	sleeper box
	run -0 insula ps box
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == UID* ]]
	[[ ${lines[1]} == *" $(pid_of box) "*'sleep 1000' ]]
	run -0 insula ps --format table box -o pid,args
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} =~ ^\ *$(pid_of box)\ sleep\ 1000$ ]]
	run -1 insula ps box -o args
	has 'no column PID'
	one_line
}

@test 'ps shows what is in cgroups below' {
	sleeper box
	mkdir "$(cgroup_of box)/below"
	detached exec --detach --cgroup below box sleep 1000
	has_processes 2
}

@test 'ps of a created, paused and stopped container' {
	command_is sleep 1000
	detached create --bundle "$BUNDLE" box
	run -0 insula ps --format json box
	is "[$(pid_of box)]"
	run -0 insula start box
	run -0 insula pause box
	run -0 insula ps --format json box
	is "[$(pid_of box)]"
	run -0 insula kill box KILL
	run -0 insula resume box || :
	wait_for 5 has_status box stopped
	run -0 insula ps --format json box
	is '[]'
}

# --- pause, resume ------------------------------------------------------------------------------

@test 'pause stops every process, resume lets them go on' {
	command_is sh -c 'while :; do echo x; sleep 0.02; done'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 5 grep -q x "$OUTPUT_FILE"
	run -0 insula pause box
	is ''
	[ "$(status_of box)" = paused ]
	[ "$(pid_of box)" -gt 0 ]
	size=$(stat -c %s "$OUTPUT_FILE")
	sleep 0.2
	[ "$(stat -c %s "$OUTPUT_FILE")" = "$size" ]
	run -0 insula resume box
	[ "$(status_of box)" = running ]
	wait_for 5 larger "$size"
}

larger() {
	[ "$(stat -c %s "$OUTPUT_FILE")" -gt "$1" ]
}

@test 'pause and resume refuse what is not running or paused' {
	sleeper box
	run -1 insula resume box
	has 'it is running'
	one_line
	run -0 insula pause box
	run -1 insula pause box
	has 'it is paused'
	run -0 insula resume box
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -1 insula pause box
	has 'it is stopped'
	run -1 insula resume box
	has 'it is stopped'
}

@test 'a killed paused container stops' {
	sleeper box
	run -0 insula pause box
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
	leaves_nothing box
}

@test 'a paused created container is created again after resume' {
	command_is sleep 1000
	detached create --bundle "$BUNDLE" box
	run -0 insula pause box
	[ "$(status_of box)" = paused ]
	run -1 insula start box
	run -0 insula resume box
	[ "$(status_of box)" = created ]
	run -0 insula start box
	[ "$(status_of box)" = running ]
}

@test 'without a cgroup there is no ps and no pause, and the rest works' {
	config 'del(.linux.cgroupsPath)'
	command_is sleep 1000
	detached --cgroup-manager disabled run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	run -1 insula pause box
	has 'no cgroup of its own'
	run -1 insula ps box
	has 'no cgroup of its own'
	run -0 insula exec box true
	run -0 insula kill --all box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
}

# shellcheck disable=SC2086 # a form is several words
@test 'control characters of a configuration do not reach the terminal: state, list, plan, log' {
	local form bundle
	# U+009B begins a control sequence as ESC [ does.
	config '.annotations.a = "x\u009b2Jy\u007fz" | .hostname = "a\u0085b"'
	for form in 'plan' 'plan --format json'; do
		run -0 insula $form "$BUNDLE"
		hasnt $'\x9b'
		hasnt $'\xc2\x85'
	done
	config 'del(.hostname)'
	bundle=$BUNDLE
	BUNDLE=$BATS_TEST_TMPDIR/$'b\xc2\x9b2J'
	mv "$bundle" "$BUNDLE"
	sleeper box
	for form in 'state box' 'list' 'list --format json'; do
		run -0 insula $form
		hasnt $'\x9b'
		hasnt $'\x7f'
		[[ $form != *json && $form != state* ]] || has 'x\u009b2Jy\u007fz'
	done
	[ "$(insula state box | jq -r .annotations.a)" = $'x\xc2\x9b2Jy\x7fz' ]
	run ! insula --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle $'/no\xc2\x9bwhere' other
	run -0 cat "$BATS_TEST_TMPDIR/log"
	hasnt $'\x9b'
	has '/no\u009bwhere'
}
