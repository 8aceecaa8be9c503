#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Networks of partitions: attach.c makes them as a start does, insula-net what is in the table. A network namespace of the test's own plays the host, another one
# the world outside, which knows the host only; some more are guests'.

load helpers

POOL6=fd69:6e73:756c:61:

setup() {
	insula_setup
	NET=$(own_program insula-net)
	skip_unless 'insula-net is not built: no libmnl' test -x "$NET"
	# What it starts lies beside it.
	cp "$ATTACH" "$NET" "$BATS_TEST_TMPDIR"
	declare -gA NS
	STARTED=()
	new_netns host
	new_netns world
	skip_unless 'the kernel has no veth' in_ns host ip link add up0 type veth peer name up1
	in_ns host ip link set up1 netns "${NS[world]}"
	skip_unless 'the kernel has no nftables' in_ns host nft list ruleset
	in_ns host ip address add 192.0.2.1/24 dev up0
	in_ns host ip address add 2001:db8::1/64 dev up0 nodad
	in_ns host ip link set up0 up
	in_ns world ip address add 192.0.2.9/24 dev up1
	in_ns world ip address add 2001:db8::9/64 dev up1 nodad
	in_ns world ip link set up1 up
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	[ "${#STARTED[@]}" = 0 ] || kill "${STARTED[@]}" || :
	insula_teardown
}

# new_netns NAME
new_netns() {
	unshare --net sleep 1000 3>&- &
	NS[$1]=$!
	STARTED+=($!)
	wait_for 5 is_apart "$!"
	in_ns "$1" ip link set lo up
}

# is_apart PID: it has a network namespace of its own.
is_apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# in_ns NAME COMMAND…
in_ns() {
	local name=$1
	shift
	nsenter --net="/proc/${NS[$name]}/ns/net" -- "$@" 3>&-
}

# asks NAME|- keep|end REQUEST…: the host asks about the namespace of NAME.
asks() {
	local pid=-
	[ "$1" = - ] || pid=${NS[$1]}
	shift
	in_ns host python3 "$BATS_TEST_DIRNAME/network.py" ask "$NET" "$pid" "$@"
}

# attaches NAME keep|end KIND NUMBER [WORD…]
attaches() {
	in_ns host "$BATS_TEST_TMPDIR/attach" "${NS[$1]}" "${@:2}"
}

# words NUMBER: its addresses.
words() {
	echo "routed $1 address=10.209.0.$(($1 + 1)) address=$POOL6:$(printf %x $(($1 + 1)))"
}

# guest NUMBER [WORD…]: a namespace "gNUMBER" with that network.
guest() {
	new_netns "g$1"
	run -0 attaches "g$1" keep routed "$1" "${@:2}"
	[[ "$output" =~ ^0 ]] || die "attach $1: $output"
}

# serves NAME tcp|udp PORT
serves() {
	local ready=$BATS_TEST_TMPDIR/ready-$1-$2-$3
	# No function: what is started in the background of one is a shell that has it as its child.
	nsenter --net="/proc/${NS[$1]}/ns/net" -- python3 "$BATS_TEST_DIRNAME/network.py" serve "$2" "$3" >"$ready" 3>&- &
	STARTED+=($!)
	wait_for 5 grep -q ready "$ready"
}

# gets NAME tcp|udp ADDRESS PORT [SOURCE]
gets() {
	local name=$1
	shift
	in_ns "$name" python3 "$BATS_TEST_DIRNAME/network.py" probe "$@"
}

# pings NAME ADDRESS
pings() {
	in_ns "$1" busybox ping -c 1 -W 1 "$2" >/dev/null
}

@test 'the host and a guest reach each other, and it the world: with the address of the host' {
	guest 0
	[[ "$output" == *'forwards packets from now on, net.ipv4.ip_forward = 1, net.ipv6.conf.all.forwarding = 1'* ]]
	pings host 10.209.0.1
	pings host $POOL6:1
	pings g0 192.0.2.1
	pings g0 2001:db8::1
	serves world tcp 80
	run -0 gets g0 tcp 192.0.2.9 80
	[ "$output" = 192.0.2.1 ]
	run -0 gets g0 tcp 2001:db8::9 80
	[ "$output" = 2001:db8::1 ]
	# The first one was told of it.
	guest 1
	[ "$output" = 0 ]
}

@test 'a guest has eth0 and one route, without a neighbour to be asked for' {
	guest 7
	run -0 in_ns g7 ip -o address show dev eth0
	has 'inet 10.209.0.8/32 scope global'
	has "inet6 $POOL6:8/128 scope global"
	hasnt 'inet6 fe80'
	run -0 in_ns g7 ip route
	[ "${output% }" = 'default via 169.254.1.1 dev eth0 proto static onlink' ]
	run -0 in_ns g7 ip neigh
	has '169.254.1.1 dev eth0 lladdr 06:69:00:00:00:07 PERMANENT'
	has 'fe80::1 dev eth0 lladdr 06:69:00:00:00:07 PERMANENT'
	run -0 in_ns host ip -d link show isl7
	has 'addrgenmode none numtxqueues 1'
	[ "$(in_ns host cat /proc/sys/net/ipv4/conf/isl7/rp_filter)" = 1 ]
	[ "$(in_ns host cat /proc/sys/net/ipv4/conf/up0/rp_filter)" = 0 ]
}

@test 'guests do not reach each other, or services of the host' {
	guest 0
	guest 1
	serves g1 tcp 80
	serves host tcp 22
	run -0 gets host tcp 10.209.0.2 80
	run ! gets g0 tcp 10.209.0.2 80
	run ! gets g0 tcp $POOL6:2 80
	run ! pings g0 10.209.0.2
	run ! gets g0 tcp 192.0.2.1 22
	run ! gets g0 tcp 2001:db8::1 22
	# Nor do addresses of nobody get out to the world.
	in_ns host ip route add default via 192.0.2.9
	run ! gets g0 tcp 10.209.9.9 80
	has 'No route to host'
}

@test 'members of a group reach each other, and only they' {
	guest 0 group=web group=a.b-c_D
	guest 1 group=db group=web
	guest 2 group=db
	guest 3
	serves g0 tcp 80
	serves g1 tcp 80
	run -0 gets g1 tcp 10.209.0.1 80
	[ "$output" = 10.209.0.2 ]
	run -0 gets g0 tcp $POOL6:2 80
	[ "$output" = $POOL6:1 ]
	run -0 gets g2 tcp 10.209.0.2 80
	run ! gets g2 tcp 10.209.0.1 80
	run ! gets g3 tcp 10.209.0.1 80
	run -0 asks - keep 'change '"$(words 1)"' group=db' 'change '"$(words 3)"' group=web'
	run ! gets g1 tcp 10.209.0.1 80
	run -0 gets g2 tcp 10.209.0.2 80
	run -0 gets g3 tcp 10.209.0.1 80
	run -0 asks - keep 'detach 0' 'detach 3'
	run -0 in_ns host nft list ruleset
	hasnt group-web
	has group-db
}

@test 'a packet with the source address of another guest goes nowhere' {
	guest 0
	guest 1
	serves world udp 53
	in_ns world ip route add 10.209.0.0/18 via 192.0.2.1
	run -0 gets g0 udp 192.0.2.9 53
	in_ns world nft -f - <<-'END'
		table inet t {
			chain c {
				type filter hook input priority 0
				udp dport 53 counter
			}
		}
	END
	in_ns g0 ip address add 10.209.0.2/32 dev eth0
	in_ns g0 ip address add $POOL6:2/128 dev eth0 nodad
	run ! gets g0 udp 192.0.2.9 53 10.209.0.2
	run ! gets g0 udp 2001:db8::9 53 $POOL6:2
	run -0 in_ns world nft list ruleset
	has 'counter packets 0'
	run -0 gets g0 udp 2001:db8::9 53 $POOL6:1
	run -0 in_ns world nft list ruleset
	has 'counter packets 1'
}

@test 'a published port is reached from everywhere, and the guest sees who asks' {
	guest 0 publish=8080:80 publish=5353:53/udp publish=192.0.2.1:8081:80 publish='[2001:db8::1]:8082:80'
	guest 1
	serves g0 tcp 80
	serves g0 udp 53
	run -0 gets world tcp 192.0.2.1 8080
	[ "$output" = 192.0.2.9 ]
	run -0 gets world tcp 2001:db8::1 8080
	[ "$output" = 2001:db8::9 ]
	run -0 gets world udp 192.0.2.1 5353
	[ "$output" = 192.0.2.9 ]
	run -0 gets world tcp 192.0.2.1 8081
	run ! gets world tcp 2001:db8::1 8081
	run -0 gets world tcp 2001:db8::1 8082
	run ! gets world tcp 192.0.2.1 8082
	run ! gets world tcp 192.0.2.1 80
	run -0 gets host tcp 192.0.2.1 8080
	run -0 gets host tcp 127.0.0.1 8080
	[ "$output" = 192.0.2.1 ]
	run -0 gets g1 tcp 192.0.2.1 8080
	[ "$output" = 10.209.0.2 ]
	# What merely passes the host is left alone.
	in_ns world ip address add 192.0.2.10/24 dev up1
	run ! gets g1 tcp 192.0.2.10 8080
}

@test 'a host that has no address but those of lo speaks to its guests, too' {
	in_ns host ip address flush dev up0
	guest 0 publish=8080:80
	serves g0 tcp 80
	serves host tcp 22
	run -0 gets host tcp 127.0.0.1 8080
	is 10.209.63.254
	run -0 gets host tcp 10.209.0.1 80
	is 10.209.63.254
	run -0 gets host tcp $POOL6:1 80
	is $POOL6:fffe
	run ! gets g0 tcp 10.209.63.254 22
	run ! gets g0 tcp $POOL6:fffe 22
	run -0 asks - keep 'sweep 0'
	run -0 in_ns host ip address show dev lo
	hasnt 10.209.63.254
	hasnt $POOL6:fffe
}

@test 'a port is published once; a change is whole or not at all' {
	guest 0 publish=8080:80
	guest 1 publish=9090:80
	local before
	before=$(in_ns host nft list ruleset)
	new_netns g2
	run -0 attaches g2 keep routed 2 publish=7070:80 publish=8080:81
	[ "$output" = "98 publish: the host's port 8080/tcp is published already, by the partition behind isl0" ]
	run ! in_ns host ip link show isl2
	run -0 asks - keep "change $(words 1) publish=9091:80 publish=8080:80 group=new"
	[[ "$output" == '98 '* ]]
	[ "$(in_ns host nft list ruleset)" = "$before" ]
	run -0 asks - keep "change $(words 1) publish=9091:80"
	run -0 in_ns host nft list map inet insula publish4
	has 9091
	hasnt 9090
	serves g1 tcp 80
	run -0 gets world tcp 192.0.2.1 9091
}

@test 'an own address replaces the one of the pool, and is not hidden' {
	new_netns g0
	run -0 attaches g0 keep routed 0 address=198.51.100.7
	in_ns world ip route add 198.51.100.7 via 192.0.2.1
	serves world tcp 80
	serves g0 tcp 80
	run -0 gets g0 tcp 192.0.2.9 80
	[ "$output" = 198.51.100.7 ]
	run -0 gets world tcp 198.51.100.7 80
}

@test 'a bridge, with and without an address' {
	in_ns host ip link add br0 type bridge
	in_ns host ip link set br0 up
	in_ns host ip address add 203.0.113.1/24 dev br0
	new_netns g0
	new_netns g1
	run -0 attaches g0 keep bridge 0 device=br0 address=203.0.113.5/24
	[ "$output" = 0 ]
	run -0 attaches g1 keep bridge 1 device=br0
	[ "$output" = 0 ]
	run -0 in_ns host ip link show isb0
	has 'master br0'
	wait_for 5 pings g0 203.0.113.1
	run -0 in_ns g1 ip -o link show eth0
	has UP
	run -0 attaches g1 keep bridge 2 device=nope
	[ "$output" = '19 find the bridge "nope": No such device' ]
	# The host's own, on the bridge, is the others' way out.
	run -0 attaches g1 keep bridge 3 device=br0 address=203.0.113.1/24
	[ "$output" = "98 address: 203.0.113.1 is one of the host's own" ]
	run ! in_ns host nft list table inet insula
}

@test 'macvlan on an interface of the host' {
	new_netns g0
	skip_unless 'the kernel has no macvlan' in_ns host ip link add probe link up0 type macvlan mode bridge
	in_ns host ip link delete probe
	run -0 attaches g0 keep macvlan 0 device=up0 address=192.0.2.5/24
	[ "$output" = 0 ]
	wait_for 5 pings g0 192.0.2.9
}

@test 'who is not told to keep it takes it away' {
	new_netns g0
	run -0 attaches g0 end routed 0 publish=8080:80 group=web
	[[ "$output" == '0'* ]]
	run ! in_ns host ip link show isl0
	run -0 in_ns host nft list ruleset
	hasnt isl0
	hasnt group-web
}

@test 'what a crash has left does not keep a guest from starting' {
	guest 0 publish=8080:80 group=web
	new_netns again
	run -0 attaches again keep routed 0
	[ "$output" = 0 ]
	run ! in_ns g0 ip link show eth0
	run -0 in_ns host nft list ruleset
	hasnt 8080
	hasnt group-web
	pings host 10.209.0.1
}

@test 'a sweep leaves the living, and after the last one nothing' {
	guest 0 publish=8080:80 group=web
	guest 1 group=web
	guest 4 publish=8084:80
	guest 5
	in_ns host ip link add isl-own type veth peer name isl99
	# Bit 1 of the first digit, bit 0 of the second.
	run -0 asks - keep 'sweep 21'
	[ "$output" = '0 2' ]
	run ! in_ns host ip link show isl0
	run ! in_ns host ip link show isl5
	pings host 10.209.0.2
	run -0 in_ns host nft list ruleset
	hasnt 8080
	has 8084
	has group-web
	run -0 asks - keep 'sweep 0'
	[ "$output" = '0 2' ]
	run -0 in_ns host nft list ruleset
	[ -z "$output" ]
	run -0 in_ns host ip -o link
	hasnt isl1
	hasnt isl4
	has isl-own
	has isl99
}

@test 'rules of others stay as they are, and so do router advertisements' {
	in_ns host nft -f - <<-'END'
		table inet other {
			chain c {
				type filter hook forward priority 0; policy drop;
			}
		}
	END
	local before
	before=$(in_ns host nft list table inet other)
	in_ns host sh -c 'echo 1 >/proc/sys/net/ipv6/conf/up0/accept_ra'
	guest 0
	[ "$(in_ns host nft list table inet other)" = "$before" ]
	[ "$(in_ns host cat /proc/sys/net/ipv6/conf/up0/accept_ra)" = 2 ]
	# Nor are they overruled.
	run ! pings g0 192.0.2.9
	run -0 asks - keep 'sweep 0'
	[ "$(in_ns host nft list ruleset)" = "$before" ]
}

@test 'what cannot be understood is refused' {
	run -0 asks - keep 'change routed 12288' 'change token-ring 1' 'change routed 1 group=a{b' 'change routed 1 publish=0:1' \
		'change routed 1 address=1.2.3' 'detach x' 'detach 12288' 'hello'
	[ "$(grep -c '^0' <<<"$output")" = 0 ]
	[ "${#lines[@]}" = 8 ]
	run -0 attaches host keep routed 0
	is '22 the container has the network namespace of the host'
}

# --- by the verbs of partitions ------------------------------------------------------------------

# on_host VERB…: insula, where the host's network is the test's.
on_host() {
	in_ns host "$INSULA" --root "$STATE" "$@"
}

# A web server that says its name.
spawned() {
	local name=$1
	shift
	on_host spawn "$name" --template busybox "$@" -- sh -c "mkdir /tmp/w; echo $name >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w" \
		</dev/null >"$BATS_TEST_TMPDIR/spawn" 2>&1
}

# asks_web NAME ADDRESS: one partition asks the other's server.
asks_web() {
	on_host exec "$1" sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 $2 80"
}

address_of() {
	on_host show --json "$1" | jq -r '.[0].address'
}

# told: how often the last `spawned` has said that the host forwards now.
told() {
	grep -c '^insula: warning: the host forwards packets from now on' "$BATS_TEST_TMPDIR/spawn" || :
}

@test 'who makes the host forward packets is told so, once' {
	local p=n$BATS_ROOT_PID
	insula template import busybox "$(base_rootfs)"
	spawned "$p-none" --net none
	[ "$(told)" = 0 ]
	on_host spawn "$p-1" --template busybox --no-start -- sleep 1000
	run -0 on_host clone --start "$p-1" "$p-2"
	has 'net.ipv4.ip_forward = 1, net.ipv6.conf.all.forwarding = 1: net routed needs it'
	in_ns host sysctl -qw net.ipv4.ip_forward=0
	run -0 on_host start "$p-1"
	has 'from now on, net.ipv4.ip_forward = 1: net routed'
	in_ns host sysctl -qw net.ipv4.ip_forward=0
	insula show --definition "$p-1" >"$BATS_TEST_TMPDIR/$p-0.json"
	run -0 on_host apply "$BATS_TEST_TMPDIR/$p-0.json"
	has 'from now on, net.ipv4.ip_forward = 1: net routed'
	in_ns host sysctl -qw net.ipv4.ip_forward=0
	spawned "$p-{3..6}"
	[ "$(told)" = 1 ]
	spawned "$p-7"
	[ "$(told)" = 0 ]
}

@test 'partitions: a group, ports, live changes, stop and start' {
	local p=n$BATS_ROOT_PID
	insula template import busybox "$(base_rootfs)"
	spawned "$p-a" --group web --publish 8080:80
	spawned "$p-b" --group web
	spawned "$p-c"
	wait_for 5 asks_web "$p-b" "$(address_of "$p-a")"
	run -0 asks_web "$p-b" "$(address_of "$p-a")"
	has "$p-a"
	run ! asks_web "$p-c" "$(address_of "$p-a")"
	on_host set "$p-c" --group web
	run -0 asks_web "$p-c" "$(address_of "$p-a")"
	run -0 in_ns world sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | busybox nc -w 2 192.0.2.1 8080"
	has "$p-a"
	# A port that is taken: nothing half made is left of who wanted it.
	run ! on_host spawn "$p-d" --template busybox --publish 8080:80 -- sleep 1000
	has "the host's port 8080/tcp is published already, by partition \"$p-a\""
	run ! on_host set "$p-b" --publish 8080:80
	has "by partition \"$p-a\""
	on_host stop "$p-a"
	run -0 in_ns host nft list map inet insula publish4
	hasnt 8080
	on_host start "$p-a" </dev/null >/dev/null 2>&1
	wait_for 5 asks_web "$p-b" "$(address_of "$p-a")"
	on_host remove --force --all
	no_guests
	run -0 in_ns host nft list ruleset
	hasnt elements
}

@test 'partitions: gc gives back the port of a start that was killed' {
	local p=n$BATS_ROOT_PID number
	insula template import busybox "$(base_rootfs)"
	spawned "$p-a"
	number=$(on_host show --json "$p-a" | jq '.[0].number')
	on_host stop "$p-a"
	new_netns again
	run -0 attaches again keep routed "$number" publish=8080:80
	run -0 in_ns host nft list map inet insula publish4
	has 8080
	run -0 on_host gc
	is "network $number"
	run -0 in_ns host nft list map inet insula publish4
	hasnt 8080
	run -0 on_host gc
	is ''
}

no_guests() {
	! in_ns host ip -o link | grep -q ': isl'
}

# Firewalls of others begin with that, when they are loaded again.
@test 'without the table a guest is no router of the host, and gets no nearer to 127.0.0.1' {
	in_ns host sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/accept_ra'
	guest 0
	guest 1 publish=8081:80
	[ "$(in_ns host cat /proc/sys/net/ipv6/conf/default/accept_ra)" = 1 ]
	[ "$(in_ns host cat /proc/sys/net/ipv6/conf/isl0/accept_ra)" = 0 ]
	[ "$(in_ns host cat /proc/sys/net/ipv4/conf/isl0/route_localnet)" = 0 ]
	[ "$(in_ns host cat /proc/sys/net/ipv4/conf/isl1/route_localnet)" = 1 ]
	in_ns host nft flush ruleset
	in_ns g0 python3 "$BATS_TEST_DIRNAME/network.py" advertise eth0
	sleep 0.3
	run -0 in_ns host ip -6 route show default
	hasnt 'fe80::bad'
}

@test 'an address that is the host'\''s, or has a route already, is refused' {
	new_netns g0
	new_netns g1
	local address
	for address in 192.0.2.1 192.0.2.255 2001:db8::1; do
		run -0 attaches g0 keep routed 0 address=$address
		has "98 address: $address is one of the host's own"
	done
	in_ns host ip route add 198.18.0.0/15 via 192.0.2.77
	in_ns host ip neigh replace 192.0.2.78 lladdr 52:54:00:00:00:01 nud stale dev up0
	in_ns host ip neigh replace 192.0.2.79 lladdr 02:69:00:00:00:07 nud stale dev up0
	run -0 attaches g0 keep routed 0 address=192.0.2.77
	has '98 address: 192.0.2.77 is that of a gateway'
	run -0 attaches g0 keep routed 0 address=192.0.2.78
	has '98 address: 192.0.2.78 is that of another machine'
	# What a guest has left on a bridge is none.
	run -0 attaches g0 keep routed 0 address=192.0.2.79
	[[ $output == 0* ]] || die "$output"
	new_netns g0
	run -0 attaches g0 keep routed 0 address=198.51.100.7
	[[ $output == 0* ]] || die "$output"
	run -0 attaches g1 keep routed 1 address=198.51.100.7
	has '98 address: the host has a route to it already: another partition has the same one'
	# A host that binds to any address cannot tell.
	in_ns host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind'
	run -0 attaches g1 keep routed 1 address=198.51.100.8
	[[ $output == 0* ]] || die "$output"
}

@test 'a port at which a program of the host listens is not taken away from it' {
	new_netns g0
	serves host tcp 8099
	run -0 attaches g0 keep routed 0 publish=8099:80
	has '98 publish: a program of the host listens at port 8099 (tcp)'
	run -0 attaches g0 keep routed 0 publish=192.0.2.1:8099:80
	has '98 publish: a program of the host listens at port 8099 (tcp)'
	run -0 attaches g0 keep routed 0 publish=8098:80 publish=8099:80/udp
	[[ $output == 0* ]] || die "$output"
}
