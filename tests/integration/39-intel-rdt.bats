#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.intelRdt where there is no resctrl; what is written where there is one: tests/unit/test-rdt.c.

load helpers

setup() {
	insula_setup
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip 'resctrl is mounted: here it is not refused'
	config '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=f"}'
}

@test 'without resctrl it is an error that names the property' {
	command_is true
	run -1 insula run --bundle "$BUNDLE" box
	has 'linux.intelRdt: no resctrl file system is mounted'
	one_line
	leaves_nothing box
}

@test 'a plan is printed even so, and tells what is missing' {
	run -0 insula plan --bundle "$BUNDLE"
	has 'resctrl group /sys/fs/resctrl/gold, L3:0=f   [lacks: a mounted resctrl file system]'
	[ "$(insula features | jq .linux.intelRdt.enabled)" = true ]
}

@test 'update refuses schemas for a container without a group' {
	config 'del(.linux.intelRdt)'
	sleeper box
	run -1 insula update --l3-cache-schema L3:0=f box
	has 'linux.intelRdt: the container was made without it'
	one_line
}
