#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.namespaces: new, the caller's own, joined by path; user namespaces and their maps; clocks.

load helpers

# file_of TYPE: its name below /proc/PID/ns.
file_of() {
	case $1 in
	network) echo net ;;
	mount) echo mnt ;;
	*) echo "$1" ;;
	esac
}

# path_of TYPE PATH: join that one instead of making one.
path_of() {
	config '.linux.namespaces = ([.linux.namespaces[] | select(.type != $t)] + [{type: $t, path: $p}])' --arg t "$1" --arg p "$2"
}

@test 'each type is the caller'\''s own without an entry, and new with one' {
	local type file
	config '.linux.namespaces = [{type: "mount"}] | del(.hostname, .linux.readonlyPaths, .linux.maskedPaths)
		| .mounts |= map(select(.type == "proc" or .type == "tmpfs"))'
	for type in pid network ipc uts cgroup time; do
		file=$(file_of $type)
		command_is readlink "/proc/self/ns/$file"
		# In the host's pid namespace a procfs shows the host's processes, this one too.
		run_box
		is "$(readlink "/proc/self/ns/$file")"
		config '.linux.namespaces += [{type: $t}]' --arg t "$type"
		run_box
		[ "$output" != "$(readlink "/proc/self/ns/$file")" ]
		[[ $output == "$file:["* ]]
	done
	command_is readlink /proc/self/ns/mnt
	run_box
	[ "$output" != "$(readlink /proc/self/ns/mnt)" ]
}

@test 'each type is joined by its path' {
	local type file
	with_userns
	config '.linux.namespaces += [{type: "time"}]'
	sleeper target
	local pid
	pid=$(pid_of target)
	for type in pid network ipc uts cgroup time; do
		new_bundle
		config 'del(.hostname)'
		file=$(file_of $type)
		path_of $type "/proc/$pid/ns/$file"
		command_is readlink "/proc/self/ns/$file"
		run_box
		is "$(readlink "/proc/$pid/ns/$file")"
	done
	new_bundle
	path_of user "/proc/$pid/ns/user"
	command_is sh -c 'readlink /proc/self/ns/user; id -u; cat /proc/self/uid_map'
	run_box
	[ "${lines[0]}" = "$(readlink "/proc/$pid/ns/user")" ]
	[ "${lines[1]}" = 0 ]
	[[ ${lines[2]} =~ ^\ *0\ +100000\ +65536$ ]]
	new_bundle
	path_of mount "/proc/$pid/ns/mnt"
	run ! insula run --bundle "$BUNDLE" box
	has 'needs a new mount namespace'
	config '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
	command_is ls /
	run_box
	has bin
}

@test 'all of a pod'\''s namespaces together, with its user namespace' {
	with_userns
	sleeper target
	local pid type
	pid=$(pid_of target)
	new_bundle
	config 'del(.hostname)'
	for type in pid network ipc uts user; do
		path_of $type "/proc/$pid/ns/$(file_of $type)"
	done
	command_is sh -c 'hostname; for n in net ipc uts user; do readlink /proc/self/ns/$n; done; id -u; cat /proc/1/comm'
	run_box
	[ "${lines[0]}" = box ]
	[ "${lines[1]}" = "$(readlink "/proc/$pid/ns/net")" ]
	[ "${lines[4]}" = "$(readlink "/proc/$pid/ns/user")" ]
	[ "${lines[5]}" = 0 ]
	[ "${lines[6]}" = sleep ]
	# And a sleeper in it that can be entered, killed and deleted.
	sleeper box
	run -0 insula exec box readlink /proc/self/ns/user
	is "$(readlink "/proc/$pid/ns/user")"
	run -0 insula delete --force box
	[ "$(status_of target)" = running ]
}

@test 'a path to another type, to no namespace, to nothing, is an error that says so' {
	path_of network /proc/self/ns/uts
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.namespaces[5].path'
	has '/proc/self/ns/uts is a uts namespace, not a network namespace'
	one_line
	path_of network /etc/hostname
	run ! insula run --bundle "$BUNDLE" box
	has '/etc/hostname is not a namespace'
	path_of network /proc/self/ns/nothing
	run ! insula run --bundle "$BUNDLE" box
	has 'No such file'
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	path_of network "$BATS_TEST_TMPDIR/fifo"
	run ! timeout 5 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	has 'is not a namespace'
	path_of network relative/path
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.namespaces[5].path'
}

@test 'a type twice, or one that there is not, is an error' {
	config '.linux.namespaces += [{type: "pid"}]'
	run ! insula run --bundle "$BUNDLE" box
	has linux.namespaces
	has pid
	config '.linux.namespaces = [{type: "mount"}, {type: "imaginary"}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.namespaces[1]'
	has imaginary
	config '.linux.namespaces = [{type: "mount"}, {path: "/proc/self/ns/net"}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.namespaces[1].type'
}

@test 'host name and domain name are set inside only' {
	local was
	was=$(hostname)
	config '.hostname = "a-box" | .domainname = "example.org"'
	command_is sh -c 'hostname; cat /proc/sys/kernel/domainname'
	run_box
	is $'a-box\nexample.org'
	[ "$(hostname)" = "$was" ]
	config '.hostname = $n' --arg n "$(printf 'x%.0s' {1..65})"
	run ! insula run --bundle "$BUNDLE" box
	has hostname
	new_bundle
	config '.linux.namespaces |= map(select(.type != "uts")) | del(.hostname) | .domainname = "example.org"'
	run ! insula run --bundle "$BUNDLE" box
	has domainname
}

@test 'in a new network namespace lo is up' {
	command_is sh -c 'ip -o address show lo; ping -c 1 -W 1 127.0.0.1 >/dev/null || cat /sys/class/net/lo/operstate'
	run insula run --bundle "$BUNDLE" box
	has 127.0.0.1/8
	with_userns
	command_is ip -o link show lo
	run_box
	has UP
}

@test 'the cgroup namespace has its root where the container is' {
	command_is cat /proc/self/cgroup
	run_box
	[ "$(grep ^0:: <<<"$output")" = 0::/ ]
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	run_box
	[ "$(grep ^0:: <<<"$output")" = "0::$TEST_CGROUP/1" ]
}

@test 'timeOffsets move the clocks of a new time namespace' {
	local up
	config '.linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 5}, monotonic: {secs: 2000000}}'
	command_is sh -c 'cut -d . -f 1 /proc/uptime; cat /proc/self/timens_offsets'
	run_box
	up=$(cut -d . -f 1 /proc/uptime)
	((lines[0] >= up + 999990 && lines[0] <= up + 1000010))
	[[ ${lines[1]} =~ ^monotonic\ +2000000\ +0$ ]]
	[[ ${lines[2]} =~ ^boottime\ +1000000\ +5$ ]]
	with_userns
	run_box
	((lines[0] >= up + 999990))
	config 'del(.linux.timeOffsets)'
	run_box
	((lines[0] <= up + 60))
	config '.linux.timeOffsets = {boottime: {secs: -99999999}}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.timeOffsets
	new_bundle
	config '.linux.timeOffsets = {boottime: {secs: 1}}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.timeOffsets
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {realtime: {secs: 1}}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.timeOffsets
}

@test 'maps of a user namespace: several ranges, root elsewhere, the program'\''s ids in them' {
	with_userns
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}, {containerID: 100, hostID: 200000, size: 10}]
		| .linux.gidMappings = [{containerID: 0, hostID: 300000, size: 200}]
		| .process.user = {uid: 105, gid: 7, additionalGids: [8]}'
	command_is sh -c 'id -u; id -g; tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; grep Groups /proc/self/status'
	run_box
	is $'105\n7\n 0 100000 10\n 100 200000 10\n 0 300000 200\nGroups:\t8 '
	config '.process.user.uid = 50'
	run ! insula run --bundle "$BUNDLE" box
	has process.user.uid
	has linux.uidMappings
	config '.process.user = {uid: 0, gid: 0, additionalGids: [5000]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'process.user.additionalGids[0]'
	config '.process.user = {uid: 0, gid: 0} | .linux.uidMappings = []'
	run ! insula run --bundle "$BUNDLE" box
	has linux.uidMappings
	config '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 10}, {containerID: 5, hostID: 5000, size: 10}]'
	run ! insula run --bundle "$BUNDLE" box
	has linux.uidMappings
	new_bundle
	config '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 10}]'
	run ! insula run --bundle "$BUNDLE" box
	has linux.uidMappings
	has 'user namespace'
}

@test 'a user namespace without an id 0: the program runs as the id that there is' {
	with_userns
	config '.linux.uidMappings = [{containerID: 1000, hostID: 100000, size: 1}] | .linux.gidMappings = .linux.uidMappings
		| .process.user = {uid: 1000, gid: 1000} | .mounts |= map(.options |= map(select(. != "gid=5")))'
	command_is id -u
	run_box
	is 1000
}

@test 'a joined user namespace: the container'\''s files belong to its root' {
	with_userns
	sleeper target
	local pid
	pid=$(pid_of target)
	new_bundle
	path_of user "/proc/$pid/ns/user"
	command_is sh -c 'touch /dev/shm/x && stat -c "%u %g" /dev/shm/x; echo x >/dev/null && grep CapEff /proc/self/status; mount -t tmpfs x /mnt 2>&1'
	run insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = '0 0' ] || die "$output"
	has CapEff
	# Its maps are not the configuration's to say, unless they are the same.
	config '.linux.uidMappings = [{containerID: 0, hostID: 7, size: 1}] | .linux.gidMappings = .linux.uidMappings'
	run ! insula run --bundle "$BUNDLE" box
	has linux.uidMappings
}

@test 'without a pid namespace of its own all of the container is killed, and nothing else' {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	command_is sh -c 'sleep 1000 & sleep 1001 & wait'
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	cgroup=$(cgroup_of box)
	wait_for 5 test "$(wc -l <"$cgroup/cgroup.procs")" = 3 || :
	run -0 insula delete --force box
	[ ! -e "$cgroup" ]
}

@test 'a pid namespace that is joined lives on' {
	sleeper target
	local pid
	pid=$(pid_of target)
	new_bundle
	config 'del(.hostname)'
	path_of pid "/proc/$pid/ns/pid"
	command_is sh -c 'cat /proc/1/comm; echo $$'
	run_box
	[ "${lines[0]}" = sleep ]
	[ "${lines[1]}" -gt 1 ]
	[ "$(status_of target)" = running ]
}

@test 'without a mount namespace nothing may be mounted, and the program is confined by chroot' {
	config '.linux.namespaces |= map(select(.type != "mount"))'
	run ! insula run --bundle "$BUNDLE" box
	has mounts
	has 'mount namespace'
	config '.mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
	command_is ls /
	run_box
	has bin
	hasnt boot
	run find "$BUNDLE/rootfs/dev" -type l -o -type c
	rm -rf "$BUNDLE/rootfs/dev"
}
