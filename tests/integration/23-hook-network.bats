#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The hook that gives a container an interface at a bridge. A network namespace of the test's own plays the host.

load helpers

setup() {
	insula_setup
	HOOK=$top_builddir/hooks/network
	skip_unless 'hooks/network is not built: no libmnl' test -x "$HOOK"
	unshare --net sleep 1000 3>&- &
	HOST=$!
	wait_for 5 is_apart
	skip_unless 'the kernel has no bridges' in_host ip link add br0 type bridge
	in_host ip link set lo up
	in_host ip address add 192.0.2.1/24 dev br0
	in_host ip address add 2001:db8::1/64 dev br0 nodad
	in_host ip link set br0 up
	config '.linux.namespaces |= map(select(.type != "network")) + [{type: "network"}]'
}

teardown() {
	[ -z "${SERVER-}" ] || kill "$SERVER" || :
	[ -z "${HOST-}" ] || kill "$HOST" || :
	insula_teardown
}

is_apart() {
	[ "$(readlink "/proc/$HOST/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

in_host() {
	nsenter --net="/proc/$HOST/ns/net" -- "$@" 3>&-
}

# hook_is KIND ARGUMENT…
hook_is() {
	local kind=$1
	shift
	# The leak sanitizer, if it is built with one, wants a /proc of its own.
	config '.hooks = {($kind): [{path: $hook, args: (["network"] + $words), env: ["ASAN_OPTIONS=detect_leaks=0"]}]}' \
		--arg kind "$kind" --arg hook "$HOOK" --argjson words "$(printf '%s\n' "$@" | jq -R . | jq -s .)"
}

runs() {
	run "$@" in_host "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box
}

@test 'a container reaches the host through its port of the bridge, by IPv4 and IPv6' {
	local kind
	in_host python3 - >"$BATS_TEST_TMPDIR/ready" <<END &
import socket
server = socket.create_server(("::", 7), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    connection, address = server.accept()
    connection.sendall(("you are " + address[0] + "\n").encode())
    connection.close()
END
	SERVER=$!
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/ready"
	for kind in createRuntime prestart; do
		hook_is $kind bridge=br0 address=192.0.2.7/24 address=2001:db8::7/64 gateway=192.0.2.1 gateway=2001:db8::1
		command_is sh -c 'nc 192.0.2.1 7; nc 2001:db8::1 7; ip route; ip -6 route show default; ls /sys/class/net'
		runs -0
		has 'you are ::ffff:192.0.2.7'
		has 'you are 2001:db8::7'
		has 'default via 192.0.2.1 dev eth0'
		has 'default via 2001:db8::1 dev eth0'
		has 'eth0'
		# The port goes with the container.
		wait_for 5 no_port
	done
}

no_port() {
	! in_host ip -o link show | grep -q ihook
}

@test 'in a user namespace, too, and with another name' {
	with_userns
	hook_is createRuntime bridge=br0 address=192.0.2.7/24 name=lan0
	command_is ip -o -4 address show dev lan0
	runs -0
	has 192.0.2.7/24
}

@test 'what cannot be is refused, and the container not made' {
	local words
	command_is true
	for words in 'bridge=br9|bridge: br9: No such device' \
		'address=192.0.2.7/24|usage: network bridge=NAME' \
		'bridge=br0 address=192.0.2.7|address: `192.0.2.7` is not ADDRESS/PREFIX, as 192.0.2.7/24' \
		'bridge=br0 address=192.0.2.7/33|address: `192.0.2.7/33` is not ADDRESS/PREFIX' \
		'bridge=br0 gateway=nowhere|gateway: `nowhere` is not an address' \
		'bridge=br0 gateway=198.51.100.1|gateway: 198.51.100.1 (it has to be in the network of an address)' \
		'bridge=br0 name=a/b|name: `a/b` cannot be the name of an interface' \
		'bridge=br0 speed=fast|`speed=fast`: usage: network' \
		'bridge=lo|make eth0 in the container, with a port of the bridge lo'; do
		# shellcheck disable=SC2086 # several words
		hook_is createRuntime ${words%%|*}
		runs -1
		has "${words#*|}"
		wait_for 5 no_port
		run -0 insula list --quiet
		is ''
	done
	config '.linux.namespaces |= map(select(.type != "network"))'
	hook_is createRuntime bridge=br0
	runs -1
	has 'the container has the network namespace of the host'
}
