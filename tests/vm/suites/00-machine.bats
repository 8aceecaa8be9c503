#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The guest machine is what the other suites take it for, and insula runs in it.

load ../../integration/helpers

@test "systemd runs, and nothing of it has failed" {
	run -0 systemctl is-system-running
	is running
	run -0 ps -o comm= -p 1
	is systemd
}

@test "cgroup2 has all controllers, and nothing is left to cgroup v1" {
	run -0 findmnt --noheadings --output TARGET,FSTYPE --types cgroup,cgroup2 --list
	[[ $output =~ ^/sys/fs/cgroup\ +cgroup2$ ]]
	run -0 cat /sys/fs/cgroup/cgroup.controllers
	is 'cpuset cpu io memory hugetlb pids rdma misc'
}

@test "the engines are there" {
	local program missing=
	for program in podman buildah skopeo umoci conmon containerd ctr docker dockerd runc crun catatonit newuidmap \
		slirp4netns fuse-overlayfs strace nft jq; do
		command -v "$program" >/dev/null || missing+=" $program"
	done
	[ -z "$missing" ] || die "missing:$missing"
	[ -x /srv/debian/lib/systemd/systemd ]
}

@test "an ordinary user has a service manager, all controllers, and sub-ids" {
	run -0 as-tester sh -c 'id -un; systemctl --user is-system-running; cat /sys/fs/cgroup"$(cut -d : -f 3 /proc/self/cgroup)"/cgroup.controllers'
	is $'tester\nrunning\ncpuset cpu io memory pids'
	run -0 grep -c ^tester: /etc/subuid /etc/subgid
}

@test "the installed program runs a container in the cgroup that it asks for" {
	command_is cat /proc/self/cgroup
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	run -0 insula run --bundle "$BUNDLE" box
	is "0::$TEST_CGROUP/1"
}

@test "and so it does for an ordinary user, in a user namespace" {
	local home=$BATS_TEST_TMPDIR/home
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	mkdir "$home"
	cp -a "$BUNDLE/rootfs" "$home/rootfs"
	chown -R tester: "$home"
	run -0 as-tester sh -ec "cd $home; $INSULA spec --rootless
		jq '.process.terminal = false | .process.args = [\"id\", \"-u\"]' config.json >run.json
		$INSULA --root $home/state run --config run.json box"
	is 0
}
