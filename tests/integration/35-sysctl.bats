#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.sysctl: what belongs to the container's namespaces. What does not: 40-security-input.bats.

load helpers

@test 'of each namespace that has some' {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net.ipv4.ping_group_range": "0 5", "net.core.somaxconn": "777",
		"fs.mqueue.msg_max": "33", "kernel.shmmni": "2000", "kernel.msgmax": "9000", "kernel.sem": "100 200 30 40",
		"kernel.domainname": "example.org"} | del(.domainname)'
	command_is sh -c 'cd /proc/sys; cat net/ipv4/ip_forward net/ipv4/ping_group_range net/core/somaxconn fs/mqueue/msg_max kernel/shmmni kernel/msgmax kernel/sem kernel/domainname'
	run -0 insula run --bundle "$BUNDLE" box
	is $'1\n0\t5\n777\n33\n2000\n9000\n100\t200\t30\t40\nexample.org'
}

@test 'in a user namespace' {
	with_userns
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "user.max_mnt_namespaces": "5"}'
	command_is sh -c 'cd /proc/sys; cat net/ipv4/ip_forward kernel/shm_rmid_forced user/max_mnt_namespaces'
	run -0 insula run --bundle "$BUNDLE" box
	is $'1\n1\n5'
}

@test 'an interface'\''s name with a dot in it is written with a slash for the dot' {
	config '.linux.sysctl = {"net.ipv4.conf.lo.forwarding": "1"}'
	command_is cat /proc/sys/net/ipv4/conf/lo/forwarding
	run -0 insula run --bundle "$BUNDLE" box
	is 1
}

@test 'one that there is not, or a value that the kernel does not take, is an error that names it' {
	config '.linux.sysctl = {"net.ipv4.no_such_thing": "1"}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.sysctl.net.ipv4.no_such_thing
	has 'No such file or directory'
	one_line
	config '.linux.sysctl = {"net.core.somaxconn": "many"}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.sysctl.net.core.somaxconn
	has 'Invalid argument'
	one_line
	config '.linux.sysctl = {"net.core.somaxconn": 5}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.sysctl
	one_line
}

@test 'in a namespace that is joined' {
	sleeper target
	local pid
	pid=$(pid_of target)
	new_bundle
	config '.linux.namespaces = ([.linux.namespaces[] | select(.type != "network")] + [{type: "network", path: $p}])
		| .linux.sysctl = {"net.ipv4.ip_forward": "1"}' --arg p "/proc/$pid/ns/net"
	command_is true
	run -0 insula run --bundle "$BUNDLE" box
	run -0 insula exec target cat /proc/sys/net/ipv4/ip_forward
	is 1
}
