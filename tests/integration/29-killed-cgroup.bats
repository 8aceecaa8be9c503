#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A cgroup that cgroup.kill was used in: Linux 6.14 to 6.18 kill what is cloned into it.

load helpers

@test "a container starts in a cgroup that something was killed in before" {
	local cgroup=$CGROUP_ROOT$TEST_CGROUP/used
	mkdir -p "$cgroup"
	echo 1 >"$cgroup/cgroup.kill"
	config '.linux.cgroupsPath = $path' --arg path "$TEST_CGROUP/used"
	command_is true
	run -0 insula run --bundle "$BUNDLE" box
	is ''
	# The caller made it, so it stays.
	rmdir "$cgroup"
}
