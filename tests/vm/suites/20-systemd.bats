#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd as the maker of cgroups: a scope for each container, which systemd and insula see alike.

load ../../integration/helpers

# All calls have --systemd-cgroup; what they call is $PROGRAM.
setup() {
	PROGRAM=$INSULA
	INSULA=$BATS_TEST_TMPDIR/insula
	printf '#!/bin/sh\nexec %s --systemd-cgroup "$@"\n' "$PROGRAM" >"$INSULA"
	chmod 755 "$INSULA"
	insula_setup
	PREFIX=test$BATS_SUITE_TEST_NUMBER
	place "box"
}

teardown() {
	local left
	insula_teardown
	left=$(systemctl list-units --all --plain --no-legend "$PREFIX-*")
	[ -z "$left" ] || die "units are left: $left"
}

# place NAME [SLICE]: the bundle's scope.
place() {
	UNIT=$PREFIX-$1.scope
	config '.linux.cgroupsPath = $path' --arg path "${2-insula.slice}:$PREFIX:$1"
}

# shows PROPERTY=VALUE…: what systemd says of the scope.
shows() {
	local line
	for line; do
		run -0 systemctl show "$UNIT" --property "${line%%=*}"
		is "$line"
	done
}

# file NAME VALUE: what a file of the scope's cgroup holds.
file() {
	run -0 cat "$CGROUP_ROOT/insula.slice/$UNIT/$1"
	is "$2"
}

is_gone() {
	shows LoadState=not-found ActiveState=inactive
	[ ! -e "$CGROUP_ROOT/insula.slice/$UNIT" ] || die 'the cgroup is left'
}

@test "a container is in a scope of its own, and delete leaves no unit" {
	sleeper box
	shows ActiveState=active Slice=insula.slice Delegate=yes CollectMode=inactive-or-failed \
		DefaultDependencies=no MemoryAccounting=yes TasksAccounting=yes CPUAccounting=yes \
		IOAccounting=yes "ControlGroup=/insula.slice/$UNIT" "Id=$UNIT" \
		"Description=insula container box of $STATE"
	file cgroup.procs "$(pid_of box)"
	[ "$(cgroup_of box)" = "$CGROUP_ROOT/insula.slice/$UNIT" ]
	run -0 insula kill box KILL
	wait_for 10 has_status box stopped
	run -0 insula delete box
	is_gone
}

@test "without cgroupsPath the scope is insula-ID in system.slice" {
	config 'del(.linux.cgroupsPath)'
	UNIT=insula-$PREFIX.scope
	sleeper "$PREFIX"
	shows ActiveState=active "ControlGroup=/system.slice/$UNIT"
	run -0 insula delete --force "$PREFIX"
	shows LoadState=not-found
}

@test "slices are nested by their dashes, and a prefix may be missing" {
	place deep insula-a-b.slice
	sleeper box
	shows "ControlGroup=/insula.slice/insula-a.slice/insula-a-b.slice/$UNIT" Slice=insula-a-b.slice
	run -0 insula delete --force box
	config '.linux.cgroupsPath = $path' --arg path "insula.slice::$PREFIX-alone"
	UNIT=$PREFIX-alone.scope
	sleeper box
	shows "ControlGroup=/insula.slice/$UNIT"
	run -0 insula delete --force box
}

@test "a name may be as long as systemd allows, and of what has to be escaped" {
	place "$(printf -- '-a%.0s' {1..120})"
	[ ${#UNIT} -gt 250 ]
	run -0 insula run --bundle "$BUNDLE" box
	sleeper box
	shows ActiveState=active
	run -0 insula delete --force box
	is_gone
}

@test "annotations are properties of the scope" {
	config '.annotations = {
		"org.systemd.property.KillSignal": "37",
		"org.systemd.property.TimeoutStopUSec": "uint64 7000000",
		"org.systemd.property.DefaultDependencies": "true",
		"org.systemd.property.After": "['\''network.target'\'', '\''sysinit.target'\'']",
		"org.systemd.property.IODeviceWeight": "[('\''/dev/vda'\'', uint64 200)]",
		"org.systemd.property.RuntimeMaxSec": "600",
		"org.systemd.property.SendSIGHUP": "true" }'
	sleeper box
	shows KillSignal=37 TimeoutStopUSec=7s DefaultDependencies=yes RuntimeMaxUSec=10min SendSIGHUP=yes \
		'IODeviceWeight=/dev/vda 200'
	run -0 systemctl show "$UNIT" --property After
	has network.target
	has sysinit.target
	run -0 insula delete --force box
	is_gone
}

@test "a property that systemd does not know is an error that names it" {
	config '.annotations["org.systemd.property.Nonsense"] = "1"'
	run -1 insula create --bundle "$BUNDLE" box
	one_line
	has 'annotations["org.systemd.property.Nonsense"]'
	has "systemd unit $UNIT"
	[ ! -e "$STATE/box" ]
	is_gone
	no_process
	config '.annotations = {"org.systemd.property.KillSignal": "'\''KILL'\''"}'
	run -1 insula create --bundle "$BUNDLE" box
	has "systemd unit $UNIT"
	[ ! -e "$STATE/box" ]
	is_gone
}

@test "limits are systemd's, too: a reload changes nothing" {
	local round
	config '.linux.resources += {
		memory: {limit: 67108864, reservation: 33554432, swap: 134217728},
		cpu: {shares: 512, quota: 50000, period: 100000, cpus: "0"},
		pids: {limit: 20},
		blockIO: {weight: 300} }'
	sleeper box
	for round in before after; do
		shows MemoryMax=67108864 MemoryLow=33554432 MemorySwapMax=67108864 CPUQuotaPerSecUSec=500ms \
			TasksMax=20 AllowedCPUs=0
		file memory.max 67108864
		file memory.low 33554432
		file memory.swap.max 67108864
		file cpu.weight 59
		file cpu.max '50000 100000'
		file cpuset.cpus 0
		file pids.max 20
		# The device rules are still ours: no other device can be made.
		run -1 insula exec box mknod /tmp/mem c 1 1
		run -0 insula exec box sh -c 'echo >/dev/null'
		systemctl daemon-reload
	done
	run -0 insula delete --force box
}

@test "update tells systemd, and a reload changes nothing" {
	local round
	sleeper box
	run -0 insula update --memory 67108864 --pids-limit 30 --cpu-quota 50000 --cpu-period 100000 box
	for round in before after; do
		shows MemoryMax=67108864 TasksMax=30 CPUQuotaPerSecUSec=500ms
		file memory.max 67108864
		file pids.max 30
		file cpu.max '50000 100000'
		systemctl daemon-reload
	done
	run -0 insula delete --force box
	is_gone
}

# systemd would move whoever has that number where it is.
@test "from another pid namespace nothing is asked for" {
	run -1 unshare --pid --fork --mount-proc "$INSULA" --root "$STATE" create --bundle "$BUNDLE" box
	has 'insula is in another pid namespace than systemd'
	[ ! -e "$STATE/box" ]
	is_gone
}

@test "one process is enough of a limit for one process" {
	config '.linux.resources.pids.limit = 1'
	command_is cat /proc/self/cgroup
	run -0 insula run --bundle "$BUNDLE" box
	is '0::/'
	is_gone
}

@test "exec, ps, pause and kill find the scope's processes" {
	sleeper box
	detached exec --detach box sleep 1001
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$CGROUP_ROOT/insula.slice/$UNIT/cgroup.procs")" -eq 2 ]
	run -0 insula ps --format json box
	[ "$(jq length <<<"$output")" -eq 2 ]
	run -0 insula pause box
	file cgroup.freeze 1
	has_status box paused
	run -0 insula resume box
	run -0 insula kill --all box KILL
	wait_for 10 has_status box stopped
	run -0 insula delete box
	is_gone
}

@test "the owner of the cgroup stays its owner over a reload" {
	with_userns
	config '(.mounts[] | select(.type == "cgroup") | .options) = ["rw"]'
	sleeper box
	systemctl daemon-reload
	run -0 stat -c %u "$CGROUP_ROOT/insula.slice/$UNIT" "$CGROUP_ROOT/insula.slice/$UNIT/cgroup.procs"
	is $'100000\n100000'
	run -0 insula exec box sh -c 'mkdir /sys/fs/cgroup/a/ /sys/fs/cgroup/a/b && echo 0 >/sys/fs/cgroup/a/b/cgroup.procs'
	run -0 insula delete --force box
	is_gone
}

@test "a name is free when delete is back" {
	local round
	for round in 1 2 3 4 5; do
		sleeper box
		run -0 insula delete --force box
	done
	command_is true
	for round in 1 2 3 4 5; do
		run -0 insula run --bundle "$BUNDLE" box
	done
	is_gone
}

# The program ends, systemd collects the scope, and only then it is deleted.
@test "a scope that has ended by itself is no hindrance" {
	command_is true
	detached run --detach --bundle "$BUNDLE" box
	wait_for 10 has_status box stopped
	wait_for 10 is_gone
	run -0 insula ps --format json box
	is '[]'
	# containerd's shim asks for this when it has seen the end.
	run -1 insula kill --all box KILL
	has 'container not running'
	run -0 insula delete box
	is_gone
}

@test "a unit that has ended may be another container's now" {
	command_is true
	detached run --detach --bundle "$BUNDLE" first
	wait_for 10 has_status first stopped
	wait_for 10 is_gone
	sleeper second
	run -0 insula delete first
	has_status second running
	shows ActiveState=active
	run -0 insula delete --force second
	is_gone
}

@test "somebody else's unit of this name is not touched" {
	systemd-run --quiet --scope --unit "$UNIT" --slice insula.slice sleep 1000 3>&- &
	local other=$!
	wait_for 20 systemctl --quiet is-active "$UNIT"
	run -1 insula create --bundle "$BUNDLE" box
	has "systemd unit $UNIT"
	[ ! -e "$STATE/box" ]
	# Nor by the record of a create that was killed before it has found out.
	mkdir "$STATE/box"
	jq -n --arg unit "$UNIT" '{status: "creating", id: "box", bundle: "/b", rootfs: "/r", created: "",
		owner: 0, pid: 0, startTime: 0, cgroupMount: "/sys/fs/cgroup", cgroupMade: 0, unit: $unit,
		userManager: false, namespaces: 0, noNewPrivileges: false, filter: false,
		rootInPlace: false, annotations: {}}' >"$STATE/box/state.json"
	run insula delete --force box
	kill -0 "$other"
	systemctl --quiet is-active "$UNIT"
	[ "$status" -eq 0 ]
	kill "$other"
	wait_for 20 is_gone
}

# A hook in the container's cgroup outlives insula; without a pid namespace nothing ends it.
@test "what a killed create leaves is found by delete --force" {
	hook_file hang "touch $BUNDLE/hangs; exec sleep 1000"
	config '.hooks.createContainer = [{path: $hook}]
		| .linux.namespaces |= map(select(.type != "pid"))' --arg hook "$HOOK"
	background create --bundle "$BUNDLE" box
	wait_for 60 [ -e "$BUNDLE/hangs" ] || die "$(cat "$OUTPUT_FILE")"
	shows ActiveState=active
	kill -KILL "$BACKGROUND"
	run -0 insula delete --force box
	is_gone
	[ ! -e "$STATE/box" ]
}

@test "an ordinary user's containers are scopes of their own systemd" {
	local home=/home/tester/$PREFIX
	mkdir "$home"
	cp -a "$BUNDLE/rootfs" "$home/rootfs"
	chown -R tester: "$home"
	cat >"$home/test" <<'EOF'
set -eu
cd "$1"
unit=$2-own.scope
insula=$3
"$insula" spec --rootless
jq --arg path "user.slice:$2:own" '.linux.cgroupsPath = $path | .process.terminal = false
	| .process.args = ["sleep", "1000"] | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}}
	' config.json >new && mv new config.json
"$insula" --systemd-cgroup create own </dev/null >/dev/null
"$insula" start own
"$insula" exec own cat /proc/self/cgroup
for i in 1 2; do
	systemctl --user show "$unit" --property ActiveState,MemoryMax,TasksMax,Slice | sort
	cgroup=/sys/fs/cgroup$(systemctl --user show "$unit" --property ControlGroup --value)
	cat "$cgroup/memory.max" "$cgroup/pids.max"
	systemctl --user daemon-reload
done
"$insula" delete --force own
systemctl --user show "$unit" --property LoadState
EOF
	local once=$'ActiveState=active\nMemoryMax=67108864\nSlice=user.slice\nTasksMax=20\n67108864\n20\n'
	# Below their own manager, and from where only systemd may move their processes.
	run -0 as-tester sh "$home/test" "$home" "$PREFIX" "$PROGRAM"
	is $'0::/\n'"$once$once"LoadState=not-found
	rm "$home/config.json"
	run -0 runuser -u tester -- env XDG_RUNTIME_DIR=/run/user/1000 \
		sh "$home/test" "$home" "$PREFIX" "$PROGRAM"
	is $'0::/\n'"$once$once"LoadState=not-found
	run -1 runuser -u tester -- env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS \
		"$PROGRAM" --root "$home/state" --systemd-cgroup create --bundle "$home" own
	has 'cannot speak to the systemd of user 1000'
	has 'loginctl enable-linger'
	[ -z "$(ls -A "$home/state")" ]
}
