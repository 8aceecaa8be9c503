#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many partitions of one template, each with a network of its own: $INSULA_GUESTS of them, 200 if nobody says;
# tests/bench/thousand and the guest machine have a thousand. A network namespace of the test's own plays the host, and the cgroup of the
# test holds all that the host runs, so that the kernel itself says what a guest costs. What it costs is printed;
# only what would be a mistake (a guest that costs more the more there are) fails.

load helpers

setup() {
	insula_setup
	GUESTS=${INSULA_GUESTS-200}
	LIBRARY=$STATE/.library
	# Cgroups are named by partitions: two runs of the tests beside each other want other names.
	P=p$BATS_ROOT_PID
	skip_unless 'insula-net is not built: no libmnl' test -x "$(own_program insula-net)"
	skip_unless 'insula-keeper is not built' test -x "$(own_program insula-keeper)"
	skip_unless 'there is no cgroup2' test -n "$CGROUP_ROOT"
	mkdir "$CGROUP_ROOT$TEST_CGROUP"
	unshare --net sleep 1000 3>&- &
	HOST=$!
	wait_for 5 is_apart
	skip_unless 'the kernel has no veth' on_host ip link add up0 type veth peer name up1
	skip_unless 'the kernel has no nftables' on_host nft list ruleset
	# Without an address the host would have none to talk to guests from.
	on_host ip link set lo up
	on_host ip address add 192.0.2.1/24 dev up0
	on_host ip address add 2001:db8::1/64 dev up0 nodad
	on_host ip link set up0 up
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	on_host "$INSULA" --root "$STATE" remove --force --all 2>/dev/null || :
	[ -z "${HOST-}" ] || kill "$HOST" || :
	insula_teardown
}

is_apart() {
	[ "$(readlink "/proc/$HOST/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# on_host COMMAND…: in the host's network namespace and the test's cgroup. What it leaves has no output of ours.
on_host() {
	# shellcheck disable=SC2016
	sh -c 'echo 0 >"$0"; exec "$@"' "$CGROUP_ROOT$TEST_CGROUP/cgroup.procs" \
		nsenter --net="/proc/$HOST/ns/net" -- "$@" 3>&-
}

partitions() {
	on_host "$INSULA" --root "$STATE" "$@" </dev/null >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/error" ||
		die "$1: $(tail "$BATS_TEST_TMPDIR/error")"
}

# --- what it costs -------------------------------------------------------------------------------

say() {
	echo "# $*" >&3
}

# takes WHAT ARGS…: the same as `partitions`, and says how long it was.
takes() {
	local start=${EPOCHREALTIME/[.,]/} what=$1
	shift
	partitions "$@"
	printf '# %-12s %6d ms\n' "$what" $(((${EPOCHREALTIME/[.,]/} - start) / 1000)) >&3
}

# cpu NAME…: microseconds that the host's side and those guests have run so far.
cpu() {
	cat "$CGROUP_ROOT$TEST_CGROUP/cpu.stat" "${@/#/"$CGROUP_ROOT/insula/"}" 2>/dev/null |
		awk '$1 == "usage_usec" { sum += $2 } END { print sum + 0 }'
}

# spawn_cost PREFIX: the median of five spawns, one after the other, in microseconds.
spawn_cost() {
	local i before
	for i in 1 2 3 4 5; do
		before=$(cpu)
		partitions spawn "$1$i" --template busybox -- nc -ll -p 7 -e hostname
		echo $(($(cpu "$1$i/cpu.stat") - before))
	done | sort -n | sed -n 3p
}

# field FILE KEY: in KiB.
field() {
	awk -v key="$2:" '$1 == key { print $2 }' "$1"
}

# --- the kernel's own lists ----------------------------------------------------------------------

links() {
	on_host ip -brief link show type veth | grep --count ^isl || :
}

# The network namespaces at the other ends, as the kernel numbers them for the host's one: of many ip shows some.
neighbours() {
	on_host ip netns list-id | grep --count nsid || :
}

cgroups() {
	find "$CGROUP_ROOT/insula" -mindepth 1 -maxdepth 1 -name "$P-*" | wc -l
}

processes() {
	cat /proc/[0-9]*/cgroup 2>/dev/null | grep --count "/insula/$P-" || :
}

# Whose keys the kernel counts: users whose ids are guests'.
key_users() {
	awk -F : 'NR == FNR { first[$1]; next } ($1 - $1 % 65536) in first { n++ } END { print n + 0 }' \
		"$BATS_TEST_TMPDIR/ids" /proc/key-users
}

nothing_left() {
	LEFT="$(links) $(neighbours) $(cgroups) $(processes) $(key_users)"
	[ "$LEFT" = '0 0 0 0 0' ] && ! pgrep --full "insula-keeper $STATE" >/dev/null
}

@test 'many partitions with networks of their own come, are reached, held and gone' {
	local all="$P-{1..$GUESTS}" first last before slab
	# What only a first one pays: the table of rules, the keeper, the seccomp program, and elements to be left.
	partitions spawn "$P-0" --template busybox --group "$P" --publish 7007:7 -- sleep inf
	on_host nft list table inet insula | grep elements
	first=$(spawn_cost "$P-first")

	before=$(field /proc/meminfo MemAvailable)
	slab=$(field /proc/meminfo Slab)
	takes spawn spawn "$all" --template busybox -- nc -ll -p 7 -e hostname
	before=$((before - $(field /proc/meminfo MemAvailable)))
	slab=$(($(field /proc/meminfo Slab) - slab))
	say "memory       $((before / GUESTS)) KiB a guest, of these slab $((slab / GUESTS)) KiB"
	say "keeper       $(field "/proc/$(pgrep --full "insula-keeper $STATE")/status" VmRSS) KiB in all"
	say "disk         $(($(du -s "$LIBRARY/partitions" | cut -f 1) / (GUESTS + 6))) KiB a guest," \
		"its root $(du -s "$LIBRARY/partitions/$P-1/own" | cut -f 1)"
	last=$(spawn_cost "$P-last")
	say "processor    $first us for the first, $last us for the last"
	((last <= first * 2)) || die "a guest costs $first us at first and $last us beside $GUESTS others"

	# Five before, five after, and the one with a port.
	[ "$(links) $(cgroups)" = "$((GUESTS + 11)) $((GUESTS + 11))" ]
	[ "$(neighbours)" -gt 0 ]
	[ "$(processes)" -eq $((GUESTS + 11)) ]
	takes list list --quiet
	[ "$(wc -l <"$BATS_TEST_TMPDIR/output")" -eq $((GUESTS + 11)) ]

	partitions show --json --all
	jq -r '.[].firstId' "$BATS_TEST_TMPDIR/output" >"$BATS_TEST_TMPDIR/ids"
	[ "$(sort -u "$BATS_TEST_TMPDIR/ids" | wc -l)" -eq $((GUESTS + 11)) ]
	# Each says its own name: nobody has another one's address.
	jq -r '.[] | select(.definition.group | not) | "\(.name) \(.address) \(.address6)"' \
		"$BATS_TEST_TMPDIR/output" >"$BATS_TEST_TMPDIR/names"
	run -0 on_host timeout 60 python3 "$BATS_TEST_DIRNAME/network.py" names "$BATS_TEST_TMPDIR/names"
	is "$((GUESTS + 10)) of $((GUESTS + 10)) answer"

	takes freeze freeze "$all"
	run -0 cat "$CGROUP_ROOT/insula/$P-1/cgroup.freeze" "$CGROUP_ROOT/insula/$P-$GUESTS/cgroup.freeze"
	is $'1\n1'
	takes thaw thaw "$all"
	run -0 on_host timeout 60 python3 "$BATS_TEST_DIRNAME/network.py" names "$BATS_TEST_TMPDIR/names"

	takes stop stop --all
	takes remove remove --all
	wait_for 20 nothing_left || die "left (links, network namespaces, cgroups, processes, users of keys): $LEFT"
	run ! grep -q elements <<<"$(on_host nft list table inet insula)"
	run ! grep -F "$LIBRARY" /proc/self/mountinfo
	run ! grep -F "$LIBRARY" <<<"$(losetup --list --noheadings --output BACK-FILE)"
	run -0 ls -A "$LIBRARY/numbers" "$LIBRARY/partitions"
	is "$LIBRARY/numbers:"$'\n\n'"$LIBRARY/partitions:"
	run -0 left_state
	is ''
}
