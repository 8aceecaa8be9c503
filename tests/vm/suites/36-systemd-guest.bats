#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's systemd as process 1 of a container: what podman --systemd and every "system container" want.
# It boots as container-manager(5), the interface that systemd documents, promises: its own writable
# cgroup, container= in the environment, tmpfs at /run; and SIGRTMIN+3 makes it halt.

load engines

setup() {
	insula_setup
	# The machine is thrown away, so the tree itself is used, and not a copy.
	rmdir_rootfs
	config '.root.path = $tree | .hostname = "guest"
		| .process.args = ["/sbin/init"]
		| .process.env = ["container=insula", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
		| .process.capabilities |= with_entries(.value += ["CAP_SETPCAP", "CAP_FSETID", "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE",
			"CAP_SETFCAP", "CAP_SYS_ADMIN", "CAP_SYS_RESOURCE", "CAP_NET_ADMIN", "CAP_DAC_READ_SEARCH"] | .value |= unique)
		| .process.capabilities.inheritable = [] | .process.capabilities.ambient = [] | del(.process.rlimits)
		| .mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)
		| .mounts += [("/run", "/tmp") | {destination: ., type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=755"]}]' \
		--arg tree "$INSULA_DEBIAN"
	# These want a machine; in a container they only fail or wait.
	ln -sf /dev/null "$INSULA_DEBIAN/etc/systemd/system/console-getty.service"
	printf '[Manager]\nDefaultTimeoutStartSec=600\n' >"$INSULA_DEBIAN/etc/systemd/system.conf"
}

teardown() {
	insula_teardown
}

rmdir_rootfs() {
	rm -rf "$BUNDLE/rootfs"
}

is_up() {
	[[ $(insula exec guest systemctl is-system-running) == running ]]
}

# boots_and_halts: within the time that the emulation takes.
boots_and_halts() {
	detached run --detach --bundle "$BUNDLE" guest
	[ "$status" -eq 0 ] || die "$output"
	wait_for 200 is_up || {
		insula exec guest systemctl --no-pager list-units --failed >&2 || :
		insula exec guest systemctl --no-pager list-jobs >&2 || :
		die 'it does not come up'
	}
	run -0 insula exec guest systemctl is-system-running
	is running
	run -0 insula exec guest sh -c 'cat /proc/1/comm; hostname; systemd-detect-virt --container; systemctl show --property Id dbus.socket'
	is $'systemd\nguest\ncontainer-other\nId=dbus.socket'
	# Units are in cgroups of their own, and their limits are the kernel's.
	run -0 insula exec guest systemd-run --quiet --wait --pipe --property MemoryMax=32M \
		sh -c 'cat /sys/fs/cgroup$(cut -d : -f 3 /proc/self/cgroup)/memory.max'
	is 33554432
	run -0 insula kill guest RTMIN+3
	wait_for 100 has_status guest stopped
	run -0 insula delete guest
}

@test "without a user namespace" {
	boots_and_halts
}

@test "in a scope of the host's systemd" {
	config '.linux.cgroupsPath = "machine.slice:insula:guest"'
	insula() {
		"$INSULA" --root "$STATE" --systemd-cgroup "$@" 3>&-
	}
	"$INSULA" --root "$STATE" --systemd-cgroup run --detach --bundle "$BUNDLE" guest </dev/null >/dev/null 2>&1 3>&-
	wait_for 200 is_up
	run -0 systemctl is-active insula-guest.scope
	run -0 insula kill guest RTMIN+3
	wait_for 100 has_status guest stopped
	run -0 insula delete guest
	run ! systemctl is-active insula-guest.scope
}

@test "podman --systemd" {
	podman_knows_insula
	command podman --runtime insula run --detach --name guest --network none --systemd always --rootfs "$INSULA_DEBIAN" /sbin/init >&2 3>&-
	wait_for 200 sh -c '[ "$(podman exec guest systemctl is-system-running)" = running ]'
	run -0 command podman --runtime insula stop --time 100 guest 3>&-
	hasnt SIGKILL
	run -0 command podman rm guest
}

# The last one, for it gives the tree away.
@test "in a user namespace" {
	chown -hR 100000:100000 "$INSULA_DEBIAN"
	with_userns
	boots_and_halts
}
