#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.memoryPolicy. Node 0 is on every machine; others are not needed.

load helpers

setup() {
	insula_setup
	skip_unless 'the kernel has no memory policies (CONFIG_NUMA)' test -e /proc/self/numa_maps
	command_is sh -c 'head -n 1 /proc/self/numa_maps'
}

policy() {
	config '.linux.memoryPolicy = $policy' --argjson policy "$1"
}

@test 'the policy is that of the program' {
	local line
	while IFS='|' read -r json line; do
		policy "$json"
		run -0 insula run --bundle "$BUNDLE" box
		has " $line "
	done <<-'EOF'
		{"mode": "MPOL_BIND", "nodes": "0"}|bind:0
		{"mode": "MPOL_INTERLEAVE", "nodes": "0"}|interleave:0
		{"mode": "MPOL_PREFERRED", "nodes": "0"}|prefer:0
		{"mode": "MPOL_PREFERRED"}|local
		{"mode": "MPOL_LOCAL"}|local
		{"mode": "MPOL_DEFAULT"}|default
		{"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}|interleave=static:0
		{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}|bind=relative:0
	EOF
}

@test 'a process of exec has none: it is about the container process' {
	policy '{"mode": "MPOL_BIND", "nodes": "0"}'
	sleeper box
	run -0 head -n 1 "/proc/$(pid_of box)/numa_maps"
	has ' bind:0 '
	run -0 insula exec box head -n 1 /proc/self/numa_maps
	has ' default '
}

@test 'what cannot be is an error that names the property' {
	policy '{"mode": "MPOL_BIND"}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'linux.memoryPolicy.nodes: MPOL_BIND needs nodes'
	policy '{"mode": "MPOL_DEFAULT", "nodes": "0"}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'linux.memoryPolicy.nodes: MPOL_DEFAULT takes no nodes'
	policy '{"mode": "MPOL_LOCAL", "flags": ["MPOL_F_STATIC_NODES"]}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'linux.memoryPolicy.flags: MPOL_LOCAL takes no flags'
	policy '{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'exclude each other'
	policy '{"mode": "MPOL_BIND", "nodes": "1000"}'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.memoryPolicy: set the memory policy MPOL_BIND, nodes 1000: none of these nodes is there'
	policy '{"mode": "MPOL_BIND", "nodes": "0-1024"}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'has a node above 1023'
	leaves_nothing box
}

@test 'plan and features tell of it' {
	policy '{"mode": "MPOL_BIND", "nodes": "0,2-3"}'
	run -0 insula plan --bundle "$BUNDLE"
	has 'set the memory policy MPOL_BIND, nodes 0 2 3'
	insula features | jq -e '.linux.memoryPolicy | (.modes | index("MPOL_WEIGHTED_INTERLEAVE") != null)
		and (.flags | index("MPOL_F_NUMA_BALANCING") != null)'
}
