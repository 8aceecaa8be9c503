# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the suites share that let an engine (podman, buildah, conmon, containerd, docker) call insula.
# They use the installed program and the engine's own places, for the machine is thrown away afterwards;
# but each test leaves the engine empty, and that is looked at.

load ../../integration/helpers

# Emulated, an engine and its helpers meet delays that they do not expect: what fails twice is insula's.
# shellcheck disable=SC2034
BATS_TEST_RETRIES=1

# The engines' settings, as `make install` brings them.
: "${ENGINES:=$(realpath "$(dirname "$(type -P insula)")/../share/insula/engines")}"

# busybox_tar: a tar file of a small tree, which engines import: no image can be pulled here. In a place
# that ordinary users can read. One process makes all the links, for each costs a tenth of a second here.
busybox_tar() {
	local tree
	tree=$(mktemp -d)
	chmod 755 "$tree"
	mkdir -p "$tree"/{bin,dev,etc,home,mnt,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin,var/tmp}
	chmod 1777 "$tree/tmp" "$tree/var/tmp"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	chroot "$tree" /bin/busybox --install -s
	printf '%s\n' root:x:0:0:root:/root:/bin/sh guest:x:1000:1000:guest:/home:/bin/sh >"$tree/etc/passwd"
	printf '%s\n' root:x:0: guest:x:1000: >"$tree/etc/group"
	BUSYBOX_TAR=/var/tmp/busybox.tar
	tar -C "$tree" -cf "$BUSYBOX_TAR" .
	chmod 644 "$BUSYBOX_TAR"
	rm -rf "$tree"
	export BUSYBOX_TAR
}

# podman_knows_insula: the settings are in place, and no default changes.
podman_knows_insula() {
	install -D -m 644 "$ENGINES/containers.conf" /etc/containers/containers.conf.d/insula.conf
}

# on_pty COMMAND…: with a terminal as standard input and output; the status is the command's.
on_pty() {
	script --quiet --return --command "$(printf '%q ' "$@")" /dev/null
}

# no_containers [ROOT]: insula has none, and nothing waits to become one.
no_containers() {
	[ -z "$("$INSULA" ${1:+--root "$1"} list --quiet)" ] || return
	! pgrep -x insula-init >/dev/null
}
