#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.resources and `update`, on any host: hugetlb is the one controller that a cgroup2 hierarchy has
# nearly everywhere, cgroup1 ones being no hindrance. What the others do is shown in tests/vm.

load helpers

has_hugetlb() {
	grep -qw hugetlb "$CGROUP_ROOT/cgroup.controllers" && [ -d /sys/kernel/mm/hugepages/hugepages-2048kB ]
}

# missing_controller: one that cgroup2 has not got here; the newest ones are missing nearly everywhere.
missing_controller() {
	local controller
	for controller in memory pids cpu rdma misc dmem; do
		if ! grep -qw "$controller" "$CGROUP_ROOT/cgroup.controllers"; then
			echo "$controller"
			return
		fi
	done
}

# limit FILE: what stands in a file of box's cgroup.
limit() {
	cat "$(cgroup_of box)/$1"
}

@test 'a limit is written before the program runs' {
	skip_unless 'cgroup2 has no hugetlb controller' has_hugetlb
	config '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	command_is cat /sys/fs/cgroup/hugetlb.2MB.max /sys/fs/cgroup/hugetlb.2MB.rsvd.max
	run -0 insula run --bundle "$BUNDLE" box
	is $'4194304\n4194304'
	leaves_nothing box
}

@test 'unified comes last, and goes over what was said before' {
	skip_unless 'cgroup2 has no hugetlb controller' has_hugetlb
	config '.linux.resources = {unified: {"hugetlb.2MB.max": "2M", "cgroup.max.depth": "3"},
		hugepageLimits: [{pageSize: "2MB", limit: 8388608}]}'
	command_is sh -c 'cd /sys/fs/cgroup && cat hugetlb.2MB.max hugetlb.2MB.rsvd.max cgroup.max.depth'
	run -0 insula run --bundle "$BUNDLE" box
	is $'2097152\n8388608\n3'
}

@test 'what the kernel refuses stops the container, and the message has key, file, value' {
	skip_unless 'cgroup2 has no hugetlb controller' has_hugetlb
	config '.linux.resources.unified = {"hugetlb.2MB.max": "many"}'
	run ! insula run --bundle "$BUNDLE" box
	one_line
	has 'linux.resources.unified["hugetlb.2MB.max"]: write "many" to hugetlb.2MB.max: Invalid argument'
	leaves_nothing box
	config '.linux.resources.unified = {"hugetlb.3MB.max": "0"}'
	run ! insula run --bundle "$BUNDLE" box
	one_line
	has 'write "0" to hugetlb.3MB.max: No such file or directory (the kernel has no pages of this size)'
	leaves_nothing box
	config '.linux.resources.unified = {"no.such.file": "0"}'
	run ! insula run --bundle "$BUNDLE" box
	has 'the cgroup has no such file'
	leaves_nothing box
}

@test 'a controller that is not there is an error only for what needs it' {
	local controller
	controller=$(missing_controller)
	skip_unless 'cgroup2 has all controllers' test -n "$controller"
	config '.linux.resources.unified = {($file): "1"}' --arg file "$controller.max"
	run ! insula create --bundle "$BUNDLE" box
	one_line
	has "linux.resources.unified[\"$controller.max\"]: cgroup2 has no $controller controller here: "
	leaves_nothing box
	run -0 insula plan "$BUNDLE"
	has "[lacks: the $controller controller in cgroup2]"
	config '.linux.resources = {memory: {limit: -1, swap: -1, reservation: -1}, pids: {limit: -1},
		cpu: {shares: 1024, quota: -1, period: 100000}, blockIO: {weight: 0}}'
	run -0 insula run --bundle "$BUNDLE" box
}

@test 'what cgroup2 cannot do is an error' {
	local filter
	for filter in '.memory.swappiness = 10' '.memory.kernel = 4096' '.memory.disableOOMKiller = true' \
		'.cpu.realtimeRuntime = 1000' '.network.classID = 5' '.blockIO.leafWeight = 100'; do
		config ".linux.resources = {} | .linux.resources$filter"
		run ! insula create --bundle "$BUNDLE" box
		one_line
		has "linux.resources${filter%% *}: cgroup2 "
	done
	config '.linux.resources = {unified: {"cgroup.procs": "1"}}'
	run ! insula create --bundle "$BUNDLE" box
	has 'linux.resources.unified["cgroup.procs"]: is not a limit'
	leaves_nothing box
}

@test 'without a cgroup of its own a container cannot be limited' {
	config '.linux.resources = {unified: {"cgroup.max.depth": "5"}}'
	run ! insula --cgroup-manager disabled run --bundle "$BUNDLE" box
	has 'linux.resources.unified["cgroup.max.depth"]: cannot be enforced without a cgroup'
	config '.linux.resources = {pids: {limit: -1}}'
	run -0 insula --cgroup-manager disabled run --bundle "$BUNDLE" box
}

@test 'the limits of a cgroup that was there come back when create fails' {
	skip_unless 'cgroup2 has no hugetlb controller' has_hugetlb
	local cgroup=$CGROUP_ROOT$TEST_CGROUP/given
	mkdir -p "$cgroup"
	echo +hugetlb >"$CGROUP_ROOT$TEST_CGROUP/cgroup.subtree_control"
	echo 6291456 >"$cgroup/hugetlb.2MB.max"
	config '.linux.cgroupsPath = $path
		| .linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]' --arg path "$TEST_CGROUP/given"
	command_is no-such-program
	run ! insula run --bundle "$BUNDLE" box
	[ "$(cat "$cgroup/hugetlb.2MB.max")" = 6291456 ]
	[ "$(cat "$cgroup/hugetlb.2MB.rsvd.max")" = max ]
	rmdir "$cgroup"
}

# --- update -------------------------------------------------------------------------------------

@test 'update changes a created, a running and a paused container' {
	skip_unless 'cgroup2 has no hugetlb controller' has_hugetlb
	command_is sleep 1000
	detached create --bundle "$BUNDLE" box
	run -0 insula update --resources - box <<<'{"hugepageLimits": [{"pageSize": "2MB", "limit": 2097152}]}'
	is ''
	[ "$(limit hugetlb.2MB.max)" = 2097152 ]
	[ "$(limit hugetlb.2MB.rsvd.max)" = 2097152 ]
	insula start box
	echo '{"unified": {"hugetlb.2MB.max": "4M"}}' >"$BATS_TEST_TMPDIR/limits"
	run -0 insula update -r "$BATS_TEST_TMPDIR/limits" box
	[ "$(limit hugetlb.2MB.max)" = 4194304 ]
	[ "$(limit hugetlb.2MB.rsvd.max)" = 2097152 ]
	insula pause box
	run -0 insula update -r - box <<<'{"unified": {"hugetlb.2MB.max": "max"}}'
	has_status box paused
	insula resume box
	[ "$(limit hugetlb.2MB.max)" = max ]
}

@test 'update changes all or nothing' {
	skip_unless 'cgroup2 has no hugetlb controller' has_hugetlb
	config '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	sleeper box
	run -1 insula update -r - box <<<'{"unified": {"hugetlb.2MB.max": "2M", "hugetlb.2MB.rsvd.max": "0",
		"cgroup.max.depth": "7", "hugetlb.9MB.max": "1"}}'
	one_line
	has 'linux.resources.unified["hugetlb.9MB.max"]: write "1" to hugetlb.9MB.max'
	[ "$(limit hugetlb.2MB.max)" = 4194304 ]
	[ "$(limit hugetlb.2MB.rsvd.max)" = 4194304 ]
	[ "$(limit cgroup.max.depth)" = max ]
}

@test 'update puts other device rules in the place of the old ones' {
	config '.process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.effective += ["CAP_MKNOD"]
		| .process.capabilities.permitted += ["CAP_MKNOD"]'
	sleeper box
	insula exec box mknod /tmp/random c 1 8
	insula exec box mknod /tmp/kmsg c 1 11
	run -1 insula exec box sh -c 'true >/tmp/kmsg'
	has 'Operation not permitted'
	run -0 insula update -r - box \
		<<<'{"devices": [{"allow": false}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "w"}]}'
	run -0 insula exec box sh -c 'true >/tmp/kmsg && true </tmp/random'
	run -0 insula update -r - box <<<'{"devices": [{"allow": false}]}'
	run -1 insula exec box sh -c 'true >/tmp/kmsg'
	has 'Operation not permitted'
	# One at a time: no rule of an earlier program is left to forbid.
	run -0 insula update -r - box <<<'{"devices": [{"allow": true}]}'
	run -0 insula exec box sh -c 'true >/tmp/kmsg'
	run -0 insula update -r - box <<<'{"devices": [{"allow": false}]}'
	run -1 insula exec box sh -c 'true >/tmp/kmsg'
	has 'Operation not permitted'
}

@test 'update needs a container that is there, with a cgroup' {
	run -1 insula update --memory 1g box
	one_line
	has 'container "box" does not exist'
	insula run --keep --bundle "$BUNDLE" box
	run -1 insula update --memory 1g box
	has 'cannot update container "box": it is stopped'
	command_is sleep 1000
	detached --cgroup-manager disabled run --detach --bundle "$BUNDLE" other
	run -1 insula update --pids-limit -1 other
	has 'it has no cgroup of its own'
}

@test 'update says what is wrong with what it is told' {
	sleeper box
	run -1 insula update --memory lots box
	has '--memory: `lots` is not a size like 512m or 2g'
	run -1 insula update --pids-limit 1x box
	has '--pids-limit: `1x` is not a number'
	run -1 insula update --cpuset-cpus 'a"b' box
	has '--cpuset-cpus: `a"b` is not a list like 0-3,7'
	run -1 insula update --resources - --memory 1g box <<<'{}'
	has '--resources and --memory exclude each other'
	run -1 insula update --resources /nowhere box
	has '--resources: read /nowhere: No such file or directory'
	run -1 insula update -r - box <<<'{"memory": {"limit": "1g"}}'
	has '--resources: the standard input: linux.resources.memory.limit: expected'
	run -1 insula update -r - box <<<'[]'
	one_line
	has 'linux.resources'
	printf '{\n"memory": {"limit": 1,}\n}' >"$BATS_TEST_TMPDIR/limits"
	run -1 insula update --resources "$BATS_TEST_TMPDIR/limits" box
	one_line
	has "--resources: $BATS_TEST_TMPDIR/limits: line 2, column 23: "
	run -1 insula update --kernel-memory 1m box
	has 'linux.resources.memory.kernel: cgroup2 counts it in with all other memory'
	run -1 insula update --memory-swap 1g box
	has 'linux.resources.memory.swap: is the sum of memory and swap, so memory.limit is needed too'
	run -0 insula update box
	run -0 insula update -r - box <<<'{"pid": {"limit": 5}}'
	has 'warning: linux.resources.pid: insula knows no such property, it is ignored (did you mean "pids"?)'
}
