#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `events` with all controllers: the numbers are those of the files, and the out-of-memory killer is heard.

load ../../integration/helpers

# The parent of the container's cgroup hands all controllers down.
setup() {
	insula_setup
	mkdir "$CGROUP_ROOT$TEST_CGROUP"
	echo '+cpu +cpuset +io +memory +pids' >"$CGROUP_ROOT$TEST_CGROUP/cgroup.subtree_control"
}

# value FILE [KEY]: the number in a file of the container's cgroup.
value() {
	sed -n "s/^${2-}${2+ }\([0-9]*\).*/\1/p" "$(cgroup_of box)/$1"
}

@test 'the numbers are those of the files' {
	sleeper box
	echo 100000000 >"$(cgroup_of box)/memory.max"
	echo 50 >"$(cgroup_of box)/pids.max"
	echo '20000 100000' >"$(cgroup_of box)/cpu.max"
	# Nothing changes while it is frozen.
	run -0 insula pause box
	run -0 insula events --stats box
	local report=$output
	[ "$(jq .data.cpu.usage.total <<<"$report")" = "$(value cpu.stat usage_usec)000" ]
	[ "$(jq .data.cpu.usage.user <<<"$report")" = "$(value cpu.stat user_usec)000" ]
	[ "$(jq .data.cpu.usage.kernel <<<"$report")" = "$(value cpu.stat system_usec)000" ]
	# A period may end even so.
	[ "$(jq .data.cpu.throttling.periods <<<"$report")" -le "$(value cpu.stat nr_periods)" ]
	[ "$(jq .data.memory.usage.usage <<<"$report")" = "$(value memory.current)" ]
	[ "$(jq .data.memory.usage.max <<<"$report")" = "$(value memory.peak)" ]
	[ "$(jq .data.memory.usage.limit <<<"$report")" = "$(value memory.max)" ]
	[ "$(jq .data.memory.cache <<<"$report")" = "$(value memory.stat file)" ]
	[ "$(jq '.data.memory.raw | length' <<<"$report")" = "$(wc -l <"$(cgroup_of box)/memory.stat")" ]
	[ "$(jq .data.pids.current <<<"$report")" = 1 ]
	[ "$(jq .data.pids.limit <<<"$report")" = 50 ]
	[ "$(jq -c .data.cpuset.mems <<<"$report")" = '[0]' ]
	jq -e '.data.cpuset.cpus | length > 0' <<<"$report"
	jq -e '.data.cpu.psi.some, .data.memory.psi.some, .data.blkio.psi.some
		| .avg10 >= 0 and .avg60 >= 0 and .avg300 >= 0 and .total >= 0' <<<"$report"
	run -0 insula resume box
}

@test 'without a limit the memory is unlimited as a 64-bit number' {
	sleeper box
	run -0 insula events --stats box
	has '"limit":18446744073709551615,'
	jq -e '.data.pids | has("limit") | not' <<<"$output"
}

@test 'what is read and written is counted by device' {
	command_is sh -c 'dd if=/dev/zero of=/file bs=64k count=32 conv=fsync 2>/dev/null; sleep 1000'
	config '.root.readonly = false'
	detached run --detach --bundle "$BUNDLE" box
	if ! wait_for 60 grep -q 'wbytes=[1-9]' "$(cgroup_of box)/io.stat"; then
		skip 'the bundle is on a file system without a block device'
	fi
	wait_for 60 has_settled
	local line device written
	line=$(grep -m 1 'wbytes=[1-9]' "$(cgroup_of box)/io.stat")
	device=${line%% *}
	written=${line#*wbytes=}
	written=${written%% *}
	run -0 insula events --stats box
	[ "$(jq --argjson major "${device%:*}" --argjson minor "${device#*:}" \
		'.data.blkio.ioServiceBytesRecursive[]
		| select(.major == $major and .minor == $minor and .op == "Write").value' <<<"$output")" = "$written" ]
}

has_settled() {
	pgrep -f 'sleep 1000' >/dev/null
}

@test 'a quota that bites is seen' {
	command_is sh -c 'while :; do :; done'
	detached run --detach --bundle "$BUNDLE" box
	echo '10000 100000' >"$(cgroup_of box)/cpu.max"
	wait_for 60 is_throttled
}

is_throttled() {
	insula events --stats box |
		jq -e '.data.cpu.throttling | .throttledPeriods > 1 and .throttledTime > 0 and .periods >= .throttledPeriods' >/dev/null
}

@test 'the out-of-memory killer is told at once' {
	# The program stays when its child is killed.
	command_is sh -c 'while [ ! -e /go ]; do sleep 0.2; done
		sh -c "x=x; while :; do x=\$x\$x; done"; sleep 1000'
	config '.root.readonly = false'
	detached run --detach --bundle "$BUNDLE" box
	echo 20000000 >"$(cgroup_of box)/memory.max"
	echo 0 >"$(cgroup_of box)/memory.swap.max"
	background events --interval 1h box
	wait_for 60 grep -q stats "$OUTPUT_FILE"
	touch "$BUNDLE/rootfs/go"
	wait_for 120 grep -qx '{"type":"oom","id":"box"}' "$OUTPUT_FILE"
	[ "$(value memory.events oom_kill)" -ge 1 ]
	run -0 insula events --stats box
	[ "$(jq .data.memory.event_count.oom_kill <<<"$output")" = "$(value memory.events oom_kill)" ]
	jq -e '.data.memory.usage | .failcnt > 0 and .max <= .limit' <<<"$output"
	run -0 insula kill box KILL
	background_ends
	[ "$status" -eq 0 ]
	[ "$(jq -r .type <<<"$output" | tr '\n' ' ')" = 'stats oom ' ]
}

@test 'the kill that ends the container is told before the end' {
	command_is sh -c 'while [ ! -e /go ]; do sleep 0.2; done; x=x; while :; do x=$x$x; done'
	config '.root.readonly = false'
	detached run --detach --bundle "$BUNDLE" box
	echo 20000000 >"$(cgroup_of box)/memory.max"
	echo 0 >"$(cgroup_of box)/memory.swap.max"
	background events --interval 1h box
	wait_for 60 grep -q stats "$OUTPUT_FILE"
	touch "$BUNDLE/rootfs/go"
	background_ends
	[ "$status" -eq 0 ]
	[ "$(jq -r .type <<<"$output" | tr '\n' ' ')" = 'stats oom ' ]
	has_status box stopped
}
