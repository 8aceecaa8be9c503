#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container uses. The controllers that not every host has are looked at in tests/vm.

load helpers

@test 'events --stats prints one event in the form of runc' {
	sleeper box
	run -0 insula events --stats box
	one_line
	[ "$(jq -r .type <<<"$output")" = stats ]
	[ "$(jq -r .id <<<"$output")" = box ]
	jq -e '.data.cpu.usage | .total > 0 and .total >= .user and .total >= .kernel' <<<"$output"
	# What the kernel does not count is not there.
	[ -e "$(cgroup_of box)/memory.current" ] || jq -e '.data.memory.usage == null' <<<"$output"
	[ -e "$(cgroup_of box)/pids.current" ] || jq -e '.data | has("pids") | not' <<<"$output"
	[ -e "$(cgroup_of box)/io.stat" ] || jq -e '.data.blkio.ioServicedRecursive == null' <<<"$output"
}

@test 'the time of the processors is that of cpu.stat' {
	command_is sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 10 grep -q '^usage_usec [0-9]\{5,\}' "$(cgroup_of box)/cpu.stat"
	run -0 insula pause box
	run -0 insula events --stats box
	local usage
	usage=$(sed -n 's/^usage_usec //p' "$(cgroup_of box)/cpu.stat")
	[ "$(jq .data.cpu.usage.total <<<"$output")" = "${usage}000" ]
	run -0 insula resume box
}

@test 'the interfaces are those of the container' {
	sleeper box
	run -0 insula events --stats box
	[ "$(jq -c '[.data.network_interfaces[].Name]' <<<"$output")" = '["lo"]' ]
	new_bundle
	config '.linux.namespaces -= [{type: "network"}]'
	sleeper hosts
	run -0 insula events --stats hosts
	jq -e '.data | has("network_interfaces") | not' <<<"$output"
}

@test 'what has gone through an interface is counted' {
	config '.process.capabilities[] |= . + ["CAP_NET_RAW"]'
	command_is sh -c 'ping -c 1 -W 1 127.0.0.1 >/dev/null; sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 10 counts_packets
	jq -e '.data.network_interfaces[0] | .RxPackets == .TxPackets and .RxBytes == .TxBytes and .RxErrors == 0' \
		<<<"$(insula events --stats box)"
}

counts_packets() {
	insula events --stats box | jq -e '.data.network_interfaces[0].RxPackets >= 2'
}

@test 'events --interval reports until the container has ended' {
	sleeper box
	background events --interval 100ms box
	wait_for 10 has_lines 3
	run -0 insula kill box KILL
	background_ends
	[ "$status" -eq 0 ]
	[ "$(jq -r .type <<<"$output" | sort -u)" = stats ]
	[ "$(jq -r .id <<<"$output" | sort -u)" = box ]
}

has_lines() {
	[ "$(wc -l <"$OUTPUT_FILE")" -ge "$1" ]
}

@test 'the first report does not wait, the end does not wait for the next' {
	sleeper box
	background events --interval 1h box
	wait_for 10 has_lines 1
	run -0 insula delete --force box
	background_ends
	[ "$status" -eq 0 ]
	[ "$(jq -r .type <<<"$output")" = stats ]
}

@test 'events of created and paused containers' {
	command_is true
	detached create --bundle "$BUNDLE" box
	run -0 insula events --stats box
	run -0 insula pause box
	run -0 insula events --stats box
	[ "$(jq -r .type <<<"$output")" = stats ]
}

@test 'what cannot be told is an error' {
	run -1 insula events --stats nobody
	has 'does not exist'
	one_line
	sleeper box
	run -1 insula events --interval soon box
	has '--interval: `soon` is not a time'
	one_line
	run -1 sh -c '"$@" >/dev/full' sh "$INSULA" --root "$STATE" events box
	has 'No space left on device'
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -1 insula events box
	has 'container not running'
	one_line
}

@test 'without a cgroup there are no events' {
	config 'del(.linux.cgroupsPath)'
	command_is sleep 1000
	detached --cgroup-manager disabled run --detach --bundle "$BUNDLE" box
	run -1 insula events --stats box
	has 'no cgroup of its own'
	one_line
}

@test 'cgroups that a guest makes below are no part of the work' {
	sleeper box
	local cgroup i
	cgroup=$(cgroup_of box)
	insula events --stats box >/dev/null
	strace -fc -o "$BATS_TEST_TMPDIR/before" "$INSULA" --root "$STATE" events --stats box >/dev/null 2>&1 ||
		skip 'strace does not work here'
	for i in {1..200}; do
		mkdir "$cgroup/n$i"
	done
	strace -fc -o "$BATS_TEST_TMPDIR/after" "$INSULA" --root "$STATE" events --stats box >/dev/null
	[ "$(awk '$NF == "openat" { print $4 }' "$BATS_TEST_TMPDIR/before")" = \
		"$(awk '$NF == "openat" { print $4 }' "$BATS_TEST_TMPDIR/after")" ]
}
