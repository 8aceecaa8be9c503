#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What all containers use, in one call: stats, top.

load helpers

# value JSON ID KEY
value() {
	jq -r --arg id "$2" --arg key "$3" '.[] | select(.id == $id) | .[$key]' <<<"$1"
}

spinner() {
	command_is sh -c 'while :; do :; done'
	detached run --detach --bundle "$BUNDLE" "$1"
	[ "$status" -eq 0 ] || die "run --detach: $output"
}

@test 'stats tells of all that have a process' {
	run -0 insula stats --json
	is '[]'
	sleeper one
	new_bundle
	sleeper two
	new_bundle
	stopped gone
	run -0 insula stats --json
	[ "$(jq -c 'map([.id, .status])' <<<"$output")" = '[["one","running"],["two","running"]]' ]
	[ "$(value "$output" one pid)" = "$(pid_of one)" ]
	jq -e 'all(.cpu > 0 and .cpu_user + .cpu_system <= .cpu + 2000)' <<<"$output"
	jq -e 'all(.net_received == 0 and .net_sent == 0)' <<<"$output"
	# What the kernel does not count is not there.
	[ -e "$(cgroup_of one)/memory.current" ] || jq -e 'all(has("memory") | not)' <<<"$output"
	[ -e "$(cgroup_of one)/pids.current" ] || jq -e 'all(has("pids") | not)' <<<"$output"
	run -0 insula stats
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[1]} =~ ^one\ +[0-9]+\.[0-9]{2}\ s ]]
}

@test 'the time of the processors is that of cpu.stat' {
	spinner box
	wait_for 10 grep -q '^usage_usec [0-9]\{5,\}' "$(cgroup_of box)/cpu.stat"
	run -0 insula pause box
	run -0 insula stats --json box
	[ "$(value "$output" box cpu)" = "$(sed -n 's/^usage_usec //p' "$(cgroup_of box)/cpu.stat")000" ]
	run -0 insula resume box
}

@test 'stats takes names and patterns' {
	for id in web1 web2 db; do
		new_bundle
		sleeper "$id"
	done
	run -0 insula stats --json 'web*'
	[ "$(jq -c 'map(.id)' <<<"$output")" = '["web1","web2"]' ]
	run -0 insula stats --json db web2
	[ "$(jq -c 'map(.id)' <<<"$output")" = '["db","web2"]' ]
	run -0 insula stats --json --all
	[ "$(jq length <<<"$output")" = 3 ]
	run -1 insula stats 'mail*'
	is 'insula: nothing has a name that matches `mail*`'
	run -1 insula stats nobody
	has nobody
}

@test 'stats of one that does not run is an error' {
	stopped box
	run -1 insula stats box
	has 'not running'
}

@test 'the format of OpenMetrics' {
	sleeper box
	run -0 insula stats --format openmetrics
	[ "${lines[0]}" = '# TYPE insula_cpu_seconds counter' ]
	[ "${lines[1]}" = '# UNIT insula_cpu_seconds seconds' ]
	[ "${lines[2]}" = '# HELP insula_cpu_seconds Time of processors.' ]
	[[ ${lines[3]} =~ ^insula_cpu_seconds_total\{id=\"box\"\}\ [0-9]+\.[0-9]{9}$ ]]
	[ "${lines[-1]}" = '# EOF' ]
	# Nothing but these forms, and each family once.
	run -1 grep -vE '^# (TYPE|UNIT|HELP) [a-z_]+ .+$|^[a-z_]+\{id="box"\} [0-9.]+$|^# EOF$' <<<"$output"
	insula stats --format openmetrics | grep '^# TYPE' | sort | uniq -d >"$BATS_TEST_TMPDIR/double"
	[ ! -s "$BATS_TEST_TMPDIR/double" ]
}

@test 'top has the busiest first' {
	sleeper idle
	new_bundle
	spinner busy
	run -0 insula top --iterations 2 --interval 300ms
	[[ ${lines[0]} =~ ^2\ running, ]]
	[[ ${lines[2]} == busy* ]]
	[[ ${lines[3]} == idle* ]]
	[ "${#lines[@]}" -eq 8 ]
	awk '$1 == "busy" && $2 < 5 { exit 1 } $1 == "idle" && $2 > 5 { exit 1 }' <<<"$output"
	hasnt $'\033'
	run -1 insula top --interval 5
	has '--interval: `5` is not a time with a unit'
	run -0 insula top --iterations 1 'id*'
	[[ ${lines[0]} =~ ^1\ running, ]]
	[[ ${lines[2]} == idle* ]]
	run -0 insula top --iterations 1 busy
	[[ ${lines[2]} == busy* ]]
	run -0 insula top --json --iterations 2 --interval 300ms
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -r '[.[].id] | join(" ")' <<<"${lines[1]}")" = 'busy idle' ]
	jq -e ".[0] | .cpu_percent > 5 and .pid > 0" <<<"${lines[1]}"
	run -1 insula top 'no*'
	is 'insula: nothing has a name that matches `no*`'
	run -1 insula top --iterations 1 nobody
	has '"nobody" does not exist'
}
