#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A whole distribution: Debian, made by rootfs-templates/debian from its archive.

load helpers

setup_file() {
	need_debian
}

# debian_bundle OWNER: a bundle with a copy of the tree whose files belong to this host id.
debian_bundle() {
	skip_unless_debian
	rm -rf "$BUNDLE/rootfs"
	cp -a "$INSULA_DEBIAN" "$BUNDLE/rootfs"
	if [ "$1" != 0 ]; then
		with_userns
		chown -hR "$1:$1" "$BUNDLE/rootfs"
	fi
	config '.process.env = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
		| .process.capabilities |= with_entries(.value += ["CAP_SETPCAP", "CAP_FSETID", "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE"] | .value |= unique)'
}

# try_everything: what a person would do in it.
try_everything() {
	command_is sh -c '. /etc/os-release; echo "$ID"; dpkg --audit && dpkg-query -W base-files | cut -f 1; getent passwd root | cut -d : -f 6;
		echo "$HOME"; perl -e "print 6 * 7, qq(\n)"; ls -d /proc/1 /dev/fd/0'
	run -0 insula run --bundle "$BUNDLE" box
	is $'debian\nbase-files\n/root\n/root\n42\n/dev/fd/0\n/proc/1'
	command_is sleep 1000
	detached create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	run -0 insula start box
	run -0 insula exec box useradd --create-home --uid 1234 somebody
	run -0 insula exec --user 1234:1234 box sh -c 'id -un; cd; pwd; touch mine && stat -c %U mine'
	is $'somebody\n/home/somebody\nsomebody'
	run -0 insula exec box apt-get --version
	has apt
	run -0 insula exec box sh -c 'su somebody -c whoami'
	is somebody
	run ! insula exec --user 1234 box touch /etc/new
	run -0 insula kill box KILL
	wait_for 5 has_status box stopped
	run -0 insula delete box
	config '.process.terminal = true'
	command_is sh -c 'tty; stty size; ls -l /dev/console | cut -c 1'
	run -0 script -qec "stty rows 30 cols 100; $INSULA --root $STATE run --bundle $BUNDLE box" /dev/null
	has /dev/pts/0
	has '30 100'
}

@test 'Debian runs' {
	debian_bundle 0
	try_everything
}

@test 'Debian runs in a user namespace' {
	debian_bundle 100000
	try_everything
}
