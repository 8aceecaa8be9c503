#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each limit bites, and only whom it is to bite.

load ../../integration/helpers

# limit FILE: what stands in a file of box's cgroup. event FILE NAME: a line of it.
limit() {
	cat "$(cgroup_of box)/$1"
}

event() {
	sed -n "s/^$2 //p" "$(cgroup_of box)/$1"
}

# block_device: the number of the machine's disk.
block_device() {
	lsblk --noheadings --nodeps --output MAJ:MIN /dev/vda | tr -d ' '
}

# --- memory -------------------------------------------------------------------------------------

@test 'a memory hog is killed by its own limit, and nobody else is' {
	sleeper beside
	new_bundle
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	# It lives on to be asked; what it starts is killed.
	command_is sh -c 'tail /dev/zero; echo "hog: $?"; cat /sys/fs/cgroup/memory.events'
	run -0 insula run --bundle "$BUNDLE" box
	has 'hog: 137'
	has $'\noom_kill 1'
	has_status beside running
	[ "$(grep '^oom_kill ' "$(cgroup_of beside)/memory.events")" = 'oom_kill 0' ] ||
		[ ! -e "$(cgroup_of beside)/memory.events" ]
}

@test 'what it writes into its tmpfs counts' {
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}
		| (.mounts[] | select(.destination == "/dev/shm") | .options) = ["mode=1777"]'
	command_is sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=64 2>/dev/null; echo "dd: $?"'
	run -0 insula run --bundle "$BUNDLE" box
	has 'dd: 137'
}

@test 'memory values of cgroup1 become those of cgroup2' {
	config '.linux.resources.memory = {limit: 67108864, reservation: 33554432, swap: 100663296}'
	sleeper box
	[ "$(limit memory.max)" = 67108864 ]
	[ "$(limit memory.low)" = 33554432 ]
	[ "$(limit memory.swap.max)" = 33554432 ]
	insula delete --force box
	config '.linux.resources.memory = {limit: 67108864, swap: 67108864}'
	sleeper box
	[ "$(limit memory.swap.max)" = 0 ]
}

# A child that shared the memory of its parent would take that along.
@test 'an exec that the full memory of its container ends is told by an insula that lives' {
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432} | .process.oomScoreAdj = -1000
		| (.mounts[] | select(.destination == "/dev/shm") | .options) = ["mode=1777"]'
	command_is sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=16 2>/dev/null; echo full; sleep 1000'
	background run --bundle "$BUNDLE" box
	wait_for 60 grep -qx full "$OUTPUT_FILE"
	echo 8388608 >"$(cgroup_of box)/memory.max"
	for _ in 1 2 3; do
		run insula exec box true
		[ "$status" -eq 126 ] || [ "$status" -eq 255 ]
		one_line
	done
	has_status box running
}

@test 'a container that its memory limit has killed says so' {
	config '.linux.resources.memory = {limit: 16384}'
	run ! insula run --bundle "$BUNDLE" box
	one_line
	has 'memory'
	leaves_nothing box
}

# --- processes ----------------------------------------------------------------------------------

@test 'a fork bomb stops at pids.max' {
	sleeper beside
	new_bundle
	config '.linux.resources.pids.limit = 20'
	command_is sh -c 'bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	wait_for 60 stopped_by_limit
	[ "$(limit pids.current)" -le 20 ]
	# The host can still start what it likes.
	run -0 insula exec beside true
}

stopped_by_limit() {
	[ "$(event pids.events max)" -gt 0 ]
}

@test 'pids.limit 0 lets nobody fork, -1 everybody' {
	config '.linux.resources.pids.limit = 0'
	command_is sh -c 'cat </dev/null; echo "not here"'
	run ! insula run --bundle "$BUNDLE" box
	has "can't fork"
	config '.linux.resources.pids.limit = -1'
	command_is sh -c 'cat /sys/fs/cgroup/pids.max; true'
	run -0 insula run --bundle "$BUNDLE" box
}

@test 'pids.limit 1 is enough for one, in namespaces of another container, too' {
	sleeper other
	local pid
	pid=$(pid_of other)
	new_bundle
	config '.linux.resources.pids.limit = 1
		| .linux.namespaces |= map(if .type == "ipc" then .path = $path else . end)' \
		--arg path "/proc/$pid/ns/ipc"
	command_is cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.current
	run -0 insula run --bundle "$BUNDLE" box
	is $'1\n1'
}

# --- cpu ----------------------------------------------------------------------------------------

@test 'a busy loop is throttled' {
	config '.linux.resources.cpu = {quota: 5000, period: 50000, burst: 1000, shares: 512}'
	command_is sh -c 'while :; do :; done'
	detached run --detach --bundle "$BUNDLE" box
	[ "$(limit cpu.max)" = '5000 50000' ]
	[ "$(limit cpu.max.burst)" = 1000 ]
	[ "$(limit cpu.weight)" = 59 ]
	wait_for 60 throttled
	# A tenth of the time is what it gets; with what others take from it, less.
	local before after
	before=$(event cpu.stat usage_usec)
	sleep 2
	after=$(event cpu.stat usage_usec)
	[ $((after - before)) -lt 1000000 ]
}

throttled() {
	[ "$(event cpu.stat nr_throttled)" -gt 0 ]
}

@test 'a cpuset is seen in the guest' {
	skip_unless 'a single CPU' test "$(nproc)" -gt 1
	config '.linux.resources.cpu = {cpus: "1", mems: "0"}'
	command_is sh -c 'nproc; grep Cpus_allowed_list /proc/self/status; cat /sys/fs/cgroup/cpuset.mems.effective'
	run -0 insula run --bundle "$BUNDLE" box
	is $'1\nCpus_allowed_list:\t1\n0'
}

@test 'cpus that are not to be had are an error, also when it is the parent that has not got them' {
	config '.linux.resources.cpu.cpus = "99"'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.resources.cpu.cpus: write "99" to cpuset.cpus'
	mkdir "$CGROUP_ROOT$TEST_CGROUP"
	echo +cpuset >"$CGROUP_ROOT$TEST_CGROUP/cgroup.subtree_control"
	echo 0 >"$CGROUP_ROOT$TEST_CGROUP/cpuset.cpus"
	config '.linux.resources.cpu.cpus = "1"'
	run ! insula run --bundle "$BUNDLE" box
	one_line
	has 'linux.resources.cpu.cpus: cpuset.cpus of "1": none of it is to be had here, only 0'
	leaves_nothing box
}

@test 'an idle container yields' {
	config '.linux.resources.cpu.idle = 1'
	command_is cat /sys/fs/cgroup/cpu.idle
	run -0 insula run --bundle "$BUNDLE" box
	is 1
}

@test 'a quota that the kernel does not take is explained' {
	config '.linux.resources.cpu = {quota: 10}'
	run ! insula run --bundle "$BUNDLE" box
	one_line
	has 'linux.resources.cpu.quota: write "10 100000" to cpu.max: Invalid argument (quota and period are microseconds'
}

# --- block I/O ----------------------------------------------------------------------------------

@test 'reading from a disk is throttled' {
	local device seconds
	device=$(block_device)
	config '.linux.resources.blockIO = {weight: 300,
		throttleReadBpsDevice: [{major: ($device | split(":")[0] | tonumber),
			minor: ($device | split(":")[1] | tonumber), rate: 1048576}]}
		| .linux.resources.devices += [{allow: true, type: "b", access: "r"}]
		| .linux.devices = [{path: "/dev/disk", type: "b", major: ($device | split(":")[0] | tonumber),
			minor: ($device | split(":")[1] | tonumber)}]' --arg device "$device"
	echo 3 >/proc/sys/vm/drop_caches
	command_is sh -c 'cat /sys/fs/cgroup/io.max /sys/fs/cgroup/io.weight
		dd if=/dev/disk of=/dev/null bs=64k count=64 iflag=direct 2>/dev/null'
	seconds=$SECONDS
	run -0 insula run --bundle "$BUNDLE" box
	is "$device rbps=1048576 wbps=max riops=max wiops=max"$'\ndefault 2930'
	# 4 MiB at 1 MiB a second.
	[ $((SECONDS - seconds)) -ge 3 ]
}

@test 'a disk that is not there is an error' {
	config '.linux.resources.blockIO.throttleWriteIOPSDevice = [{major: 99, minor: 0, rate: 10}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.resources.blockIO.throttleWriteIOPSDevice[0]: write "99:0 wiops=10" to io.max: No such device'
}

# --- devices ------------------------------------------------------------------------------------

@test 'a forbidden device is refused' {
	local device
	device=$(block_device)
	config '.linux.devices = [{path: "/dev/disk", type: "b", major: ($device | split(":")[0] | tonumber),
		minor: ($device | split(":")[1] | tonumber)}]' --arg device "$device"
	command_is head -c 1 /dev/disk
	run ! insula run --bundle "$BUNDLE" box
	has 'Operation not permitted'
}

# --- controllers --------------------------------------------------------------------------------

@test 'controllers are handed down the path, and only those that are asked for' {
	config '.linux.cgroupsPath = $path | .linux.resources.pids.limit = 5' --arg path "$TEST_CGROUP/a/b/c"
	command_is cat /sys/fs/cgroup/cgroup.controllers
	run -0 insula run --bundle "$BUNDLE" box
	is pids
	config 'del(.linux.resources.pids)'
	run -0 insula run --bundle "$BUNDLE" box
	is ''
}

@test 'a parent with processes of its own cannot hand down, and the message names it' {
	mkdir -p "$CGROUP_ROOT$TEST_CGROUP/busy"
	sleep 1000 3>&- &
	local pid=$!
	echo "$pid" >"$CGROUP_ROOT$TEST_CGROUP/busy/cgroup.procs"
	config '.linux.cgroupsPath = $path | .linux.resources.memory.limit = 33554432' --arg path "$TEST_CGROUP/busy/box"
	run ! insula run --bundle "$BUNDLE" box
	one_line
	has "the cgroup $TEST_CGROUP/busy has processes of its own, so it cannot hand the controllers (memory)"
	kill "$pid"
	wait "$pid" || :
	leaves_nothing box
	rmdir "$CGROUP_ROOT$TEST_CGROUP/busy"
}

@test 'a container that owns its cgroup is given all controllers, and can hand them on' {
	with_userns
	config '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"] | .linux.resources.pids.limit = 50'
	command_is sh -c 'cd /sys/fs/cgroup && cat cgroup.controllers && mkdir init && echo 1 >init/cgroup.procs &&
		echo "+memory +pids +cpu" >cgroup.subtree_control && cat init/cgroup.controllers && echo 9 >init/pids.max &&
		cat pids.max && ! echo 90 2>/dev/null >pids.max && sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 60 handed_on
	[ "$(cat "$OUTPUT_FILE")" = "$(cat "$CGROUP_ROOT/cgroup.controllers")"$'\ncpu memory pids\n50' ]
	# The container's cgroup has none to itself any more: who comes later joins the first process.
	run -0 insula exec box cat /proc/self/cgroup
	is 0::/init
}

handed_on() {
	[ "$(wc -l <"$OUTPUT_FILE")" -eq 3 ]
}

# --- update -------------------------------------------------------------------------------------

@test 'update bites while the container runs' {
	# Nothing was limited before: the controllers come with the update.
	sleeper box
	[ ! -e "$(cgroup_of box)/memory.max" ]
	run -0 insula update --memory 64m --memory-swap 96m --memory-reservation 16m --pids-limit 7 --cpu-quota 20000 \
		--cpu-share 2048 --cpuset-cpus 0 --cpuset-mems 0 --blkio-weight 100 box
	[ "$(limit memory.max)" = 67108864 ]
	[ "$(limit memory.swap.max)" = 33554432 ]
	[ "$(limit memory.low)" = 16777216 ]
	[ "$(limit pids.max)" = 7 ]
	[ "$(limit cpu.max)" = '20000 100000' ]
	[ "$(limit cpu.weight)" = 174 ]
	[ "$(limit cpuset.cpus)" = 0 ]
	[ "$(limit io.weight)" = 'default 910' ]
	grep -qx $'Cpus_allowed_list:\t0' "/proc/$(pid_of box)/status"
	run ! insula exec box sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 5 & done'
	has "can't fork"
}

@test 'update says the other half by what holds' {
	config '.linux.resources = {memory: {limit: 67108864}, cpu: {quota: 20000, period: 50000, burst: 10000}}'
	sleeper box
	run -0 insula update --memory-swap 100663296 --cpu-period 100000 box
	[ "$(limit memory.swap.max)" = 33554432 ]
	[ "$(limit cpu.max)" = '20000 100000' ]
	# A quota below the burst needs the burst to go first, one above it to come first.
	run -1 insula update --cpu-quota 5000 box
	has 'cpu.max: Invalid argument'
	run -0 insula update --cpu-quota 5000 --cpu-burst 1000 box
	[ "$(limit cpu.max) $(limit cpu.max.burst)" = '5000 100000 1000' ]
	run -0 insula update --cpu-quota 50000 --cpu-burst 40000 box
	[ "$(limit cpu.max) $(limit cpu.max.burst)" = '50000 100000 40000' ]
	run -0 insula update --cpu-quota -1 --memory -1 box
	[ "$(limit cpu.max) $(limit memory.max) $(limit memory.swap.max)" = 'max 100000 max max' ]
	run -0 insula update --cpu-idle 1 box
	run -1 insula update --cpu-share 100 box
	has 'cpu.idle is 1, which leaves no weight'
	run -0 insula update --cpu-share 100 --cpu-idle 0 box
	[ "$(limit cpu.weight)" = 17 ]
}

@test 'what update has written comes back when one value is refused' {
	local device
	device=$(block_device)
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 9}, blockIO: {weight: 500,
		throttleWriteBpsDevice: [{major: ($device | split(":")[0] | tonumber),
			minor: ($device | split(":")[1] | tonumber), rate: 5000000}]}}' --arg device "$device"
	sleeper box
	jq '{memory: {limit: 1000000000}, pids: {limit: 3}, cpu: {cpus: "0"}, blockIO: {weight: 100,
		throttleWriteBpsDevice: [{major: ($device | split(":")[0] | tonumber),
			minor: ($device | split(":")[1] | tonumber), rate: 100}, {major: 99, minor: 0, rate: 7}]}}' \
		--null-input --arg device "$device" >"$BATS_TEST_TMPDIR/limits"
	run -1 insula update -r "$BATS_TEST_TMPDIR/limits" box
	one_line
	has 'throttleWriteBpsDevice[1]: write "99:0 wbps=7" to io.max: No such device'
	[ "$(limit memory.max)" = 67108864 ]
	[ "$(limit pids.max)" = 9 ]
	[ "$(limit cpuset.cpus.effective)" = "$(cat "$CGROUP_ROOT/cpuset.cpus.effective")" ]
	[ "$(limit io.weight)" = 'default 4950' ]
	[ "$(limit io.max)" = "$device rbps=max wbps=5000000 riops=max wiops=max" ]
}

@test 'checkBeforeUpdate keeps a limit from falling below what is in use' {
	config '.linux.resources.memory = {limit: 134217728, swap: 134217728}'
	command_is sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=40 2>/dev/null; echo full; sleep 1000'
	detached run --detach --bundle "$BUNDLE" box
	wait_for 60 grep -q full "$OUTPUT_FILE"
	run -1 insula update -r - box <<<'{"memory": {"limit": 20971520, "checkBeforeUpdate": true}}'
	one_line
	has 'linux.resources.memory.limit: 20971520 bytes is less than the'
	has_status box running
	[ "$(limit memory.max)" = 134217728 ]
	run -0 insula update -r - box <<<'{"memory": {"limit": 67108864, "checkBeforeUpdate": true}}'
	[ "$(limit memory.max)" = 67108864 ]
}
