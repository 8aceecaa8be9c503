#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices. The host is a network namespace of the test's own, with a veth pair in it.

load helpers

has_net_devices() {
	insula features | jq -e .linux.netDevices.enabled >/dev/null
}

setup() {
	insula_setup
	skip_unless 'insula-net is not built: no libmnl' has_net_devices
	unshare --net sleep 1000 3>&- &
	HOLDER=$!
	wait_for 5 is_apart "$HOLDER"
	skip_unless 'the kernel has no veth' hosts ip link add h0 type veth peer name p0
	hosts ip address add 10.1.2.3/24 brd + dev h0
	hosts ip address add 10.1.2.4/24 dev h0
	hosts ip address add 10.9.9.1 peer 10.9.9.2/32 dev h0
	hosts ip address add fd00::1/64 dev h0 nodad
	hosts ip address add 169.254.1.1/16 dev h0 scope link
	hosts ip link set h0 mtu 1400 up
	hosts ip link set p0 up
}

teardown() {
	insula_teardown || return 1
	[ -z "${HOLDER-}" ] || kill "$HOLDER" ${POD:+"$POD"}
}

# is_apart PID: it has a network namespace of its own.
is_apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# hosts COMMAND…: in the namespace that plays the host.
hosts() {
	nsenter --net="/proc/$HOLDER/ns/net" -- "$@" 3>&-
}

on_host() {
	hosts "$INSULA" --root "$STATE" "$@"
}

# devices JSON: what linux.netDevices is to be.
devices() {
	config '.linux.netDevices = $devices' --argjson devices "$1"
}

# addresses NAME: all but those that the kernel makes up by itself.
addresses() {
	hosts ip -o address show dev "$1" | grep -v fe80 | sort
	hosts ip -o link show dev "$1"
}

@test 'an interface moves with a new name and its permanent global addresses, and is up' {
	devices '{"h0": {"name": "eth0"}}'
	command_is sh -c 'ip -o address; ip -o link'
	run -0 on_host run --bundle "$BUNDLE" box
	has 'eth0    inet 10.1.2.3/24 brd 10.1.2.255 scope global eth0'
	has 'inet 10.1.2.4/24 scope global secondary eth0'
	has 'inet 10.9.9.1 peer 10.9.9.2/32 scope global eth0'
	has 'inet6 fd00::1/64'
	hasnt '169.254.1.1'
	has 'UP,LOWER_UP'
	has 'mtu 1400'
	run ! hosts ip link show h0
}

@test 'without a name it keeps its own; a template is filled in' {
	hosts ip link add h1 type veth peer name p1
	devices '{"h0": {}, "h1": {"name": "eth%d"}}'
	command_is sh -c 'ls /sys/class/net'
	run -0 on_host run --bundle "$BUNDLE" box
	[ "$(tr '\n' ' ' <<<"$output")" = 'eth0 h0 lo ' ]
}

@test 'a namespace that is there gets it as well' {
	unshare --net sleep 1000 3>&- &
	local other=$!
	devices '{"h0": {"name": "eth0"}}'
	config '(.linux.namespaces[] | select(.type == "network")).path = $path' --arg path "/proc/$other/ns/net"
	command_is sh -c 'ip -o link'
	run -0 on_host run --bundle "$BUNDLE" box
	has 'eth0'
	run -0 nsenter --net="/proc/$other/ns/net" -- ip -o address show dev eth0
	has '10.1.2.3/24'
	kill "$other"
}

@test 'what fails later gives it back as it was' {
	local before
	before=$(addresses h0)
	hosts ip link add h1 type veth peer name p1
	devices '{"h0": {"name": "eth0"}, "h1": {"name": "eth%d"}}'
	command_is /no/such/program
	run -127 on_host run --bundle "$BUNDLE" box
	[ "$(addresses h0)" = "$before" ]
	hosts ip link show h1
	leaves_nothing box
}

@test 'a failing hook gives it back, too' {
	local before
	before=$(addresses h0)
	hook_file fails 'exit 1'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	devices '{"h0": {"name": "eth0"}}'
	run -1 on_host create --bundle "$BUNDLE" box
	[ "$(addresses h0)" = "$before" ]
	leaves_nothing box
}

# A pod's namespace, in which another container may do what it likes meanwhile: here a hook does.
# fails_in_pod SCRIPT: a create whose interface h0 is pod0 in there, until the hook fails after this.
fails_in_pod() {
	unshare --net sleep 1000 3>&- &
	POD=$!
	wait_for 5 is_apart "$POD"
	hook_file fails "pod() { nsenter --net=/proc/$POD/ns/net -- \"\$@\"; }; $1; exit 1"
	config '.hooks.createRuntime = [{path: $hook}]
		| (.linux.namespaces[] | select(.type == "network")).path = $path' --arg hook "$HOOK" --arg path "/proc/$POD/ns/net"
	devices '{"h0": {"name": "pod0"}}'
	run -1 on_host create --bundle "$BUNDLE" box
	leaves_nothing box
}

@test 'what was a port of a bridge in between, or has another name, is given back' {
	local before
	before=$(addresses h0)
	fails_in_pod 'pod ip link add br0 type bridge; pod ip link set pod0 master br0
		pod ip link set pod0 nomaster; pod ip link set pod0 down; pod ip link set pod0 name other'
	hasnt warning
	[ "$(addresses h0)" = "$before" ]
}

@test 'what has its index when it is gone itself stays where it is, and that is told' {
	fails_in_pod 'index=$(pod ip -o link show pod0 | cut -d: -f1); pod ip link delete pod0
		pod ip link add pod0 index $index type veth peer name pod1'
	has "warning: linux.netDevices: the interface \"h0\" has left the container's namespace: it cannot be given back"
	run ! hosts ip link show h0
	nsenter --net="/proc/$POD/ns/net" -- ip link show pod0
}

@test 'a runtime that is killed gives it back' {
	local before
	before=$(addresses h0)
	# shellcheck disable=SC2016
	hook_file waits 'echo $PPID $$ >'"$BATS_TEST_TMPDIR/pids"'; exec sleep 1000'
	config '.hooks.createRuntime = [{path: $path}]' --arg path "$HOOK"
	devices '{"h0": {"name": "eth0"}}'
	hosts "$INSULA" --root "$STATE" create --bundle "$BUNDLE" box </dev/null >/dev/null 2>&1 3>&- &
	wait_for 10 test -s "$BATS_TEST_TMPDIR/pids"
	local runtime hook
	read -r runtime hook <"$BATS_TEST_TMPDIR/pids"
	run ! hosts ip link show h0
	kill -KILL "$runtime"
	wait_for 10 hosts ip link show h0
	wait_for 10 is_as_before "$before"
	run -0 insula delete --force box
	kill "$hook" || :
}

is_as_before() {
	[ "$(addresses h0)" = "$1" ]
}

@test 'a created container has it, and nothing stays resident' {
	devices '{"h0": {"name": "eth0"}}'
	command_is ip -o address show dev eth0
	OUTPUT_FILE=$BATS_TEST_TMPDIR/out
	hosts "$INSULA" --root "$STATE" create --bundle "$BUNDLE" box </dev/null >"$OUTPUT_FILE" 2>&1
	# An orphan of an earlier test may wait for the host's pid 1, dead.
	run ! pgrep --ns "$(pid_of box)" --nslist net --runstates D,R,S,T --exact insula-net
	run -0 insula start box
	wait_for 5 grep -q 10.1.2.3/24 "$OUTPUT_FILE"
	run -0 insula delete --force box
}

@test 'with a user namespace' {
	with_userns
	devices '{"h0": {"name": "eth0"}}'
	command_is ip -o address show dev eth0
	run -0 on_host run --bundle "$BUNDLE" box
	has '10.1.2.3/24'
}

@test 'what cannot be is an error that names the property' {
	local before
	before=$(addresses h0)
	devices '{"nope": {}}'
	run -1 on_host run --bundle "$BUNDLE" box
	has 'linux.netDevices["nope"]: find the interface: No such device'
	one_line
	devices '{"h0": {"name": "lo"}}'
	run -1 on_host run --bundle "$BUNDLE" box
	has 'linux.netDevices["h0"]: an interface "lo" is in the container already'
	devices '{"h0": {"name": "x"}, "p0": {"name": "x"}}'
	run -1 on_host run --bundle "$BUNDLE" box
	has '"x" is the name of "h0", too'
	devices '{"h0": {}, "nope": {}}'
	run -1 on_host run --bundle "$BUNDLE" box
	has 'linux.netDevices["nope"]'
	[ "$(addresses h0)" = "$before" ]
	devices '{"h0": {}}'
	config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/net"'
	run -1 on_host run --bundle "$BUNDLE" box
	has 'the container has the network namespace of the host'
	config '.linux.namespaces |= map(select(.type != "network"))'
	run -1 on_host run --bundle "$BUNDLE" box
	has 'linux.netDevices: the container has no network namespace of its own'
	[ "$(addresses h0)" = "$before" ]
	leaves_nothing box
}

@test 'plan and features tell of it' {
	devices '{"h0": {"name": "eth0"}}'
	run -0 insula plan --bundle "$BUNDLE"
	has 'move the interface h0 into the container as eth0'
	[ "$(insula features | jq .linux.netDevices.enabled)" = true ]
}
