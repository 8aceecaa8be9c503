#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images and volumes that point outside: whatever a path in the container leads to, it stays there.

load helpers

# A directory of the host's that nothing may touch.
setup() {
	insula_setup
	VICTIM=$BATS_TEST_TMPDIR/victim
	mkdir -p "$VICTIM/fd"
	echo precious >"$VICTIM/file"
	ln -s nowhere "$VICTIM/fd/0"
	mkfifo "$VICTIM/null"
	victim_was=$(show_victim)
}

show_victim() {
	(cd "$VICTIM" && find . -printf '%p %y %m %U %l\n' | sort && cat file)
}

unharmed() {
	[ "$(show_victim)" = "$victim_was" ] || die "the host's directory has changed:"$'\n'"$(show_victim)"
}

# without_mount DESTINATION: leave one of the mounts out, so that the image's own directory is used.
without_mount() {
	config '.mounts |= map(select(.destination != $d))' --arg d "$1"
}

@test '/proc, /sys and /dev that are symlinks are refused (CVE-2023-27561, CVE-2019-19921, CVE-2026-41579)' {
	local name
	for name in proc sys dev; do
		new_bundle
		rm -r "$BUNDLE/rootfs/$name"
		ln -s "$VICTIM" "$BUNDLE/rootfs/$name"
		run ! insula run --bundle "$BUNDLE" box
		has symlink
		one_line
		unharmed
	done
	new_bundle
	rm -r "$BUNDLE/rootfs/proc" "$BUNDLE/rootfs/sys"
	ln -s sys "$BUNDLE/rootfs/proc"
	ln -s proc "$BUNDLE/rootfs/sys"
	run ! insula run --bundle "$BUNDLE" box
	has symlink
}

@test 'a /dev that is a symlink is refused where nothing is mounted on it (CVE-2026-47766)' {
	local destination
	for destination in /dev /dev/pts /dev/shm /dev/mqueue; do
		without_mount $destination
	done
	rm -r "$BUNDLE/rootfs/dev"
	ln -s "$VICTIM" "$BUNDLE/rootfs/dev"
	run ! insula run --bundle "$BUNDLE" box
	has symlink
	unharmed
	rm "$BUNDLE/rootfs/dev"
	ln -s ../../victim "$BUNDLE/rootfs/dev"
	run ! insula run --bundle "$BUNDLE" box
	unharmed
}

@test '/dev/pts and /dev/shm that are symlinks lead nowhere but into the root (CVE-2019-18837)' {
	without_mount /dev
	rmdir "$BUNDLE"/rootfs/dev/* 2>/dev/null || :
	ln -s "$VICTIM" "$BUNDLE/rootfs/dev/pts"
	ln -s ../../../../../../../../"$VICTIM" "$BUNDLE/rootfs/dev/shm"
	run insula run --bundle "$BUNDLE" box
	unharmed
	grep -v "$BATS_TEST_TMPDIR" /proc/self/mountinfo >/dev/null
}

@test 'nodes in the image that are symlinks are replaced, not followed' {
	local name
	without_mount /dev
	for name in null zero full tty console fd stdin ptmx; do
		ln -s "$VICTIM/file" "$BUNDLE/rootfs/dev/$name"
	done
	command_is sh -c 'stat -c %F:%t:%T /dev/null /dev/zero /dev/full'
	run -0 insula run --bundle "$BUNDLE" box
	is $'character special file:1:3\ncharacter special file:1:5\ncharacter special file:1:7'
	unharmed
}

@test 'masks are the host'\''s null device, whatever /dev/null is (CVE-2025-31133)' {
	without_mount /dev
	ln -s /proc/sys/kernel/hostname "$BUNDLE/rootfs/dev/null"
	config '.linux.maskedPaths = ["/proc/version", "/proc/keys", "/etc/hostname"] | .mounts += [
		{destination: "/dev/null", type: "bind", source: $file, options: ["bind"]}]' --arg file "$VICTIM/file"
	rm "$BUNDLE/rootfs/dev/null"
	command_is sh -c 'stat -c %t:%T /proc/version /proc/keys; cat /dev/null'
	run -0 insula run --bundle "$BUNDLE" box
	is $'1:3\n1:3\nprecious'
	unharmed
}

@test 'a mask cannot be written through, nor its mode changed' {
	command_is sh -c 'chmod 0 /proc/keys; chown 1 /proc/keys; mkdir /sys/firmware/x'
	local was
	was=$(stat -c '%a %u' /dev/null)
	run ! insula run --bundle "$BUNDLE" box
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ] || die "$output"
	[ "$(stat -c '%a %u' /dev/null)" = "$was" ]
}

@test 'mount points are made inside when the way is a symlink (CVE-2024-45310, CVE-2024-1753)' {
	local target
	for target in "$VICTIM" "../../../../../../../..$VICTIM" /; do
		new_bundle
		rm -r "$BUNDLE/rootfs/etc"
		ln -s "$target" "$BUNDLE/rootfs/etc"
		config '.mounts += [
			{destination: "/etc/made/here", type: "tmpfs", source: "tmpfs"},
			{destination: "/etc/hosts", type: "bind", source: "/etc/hostname", options: ["bind"]}]'
		run insula run --bundle "$BUNDLE" box
		unharmed
		[ ! -e "$VICTIM/made" ] && [ ! -e "$VICTIM/hosts" ]
	done
}

@test 'the destination as a symlink that leads nowhere is followed inside the root' {
	mkdir -p "$BUNDLE/rootfs/lib"
	ln -s ../run/resolver/stub "$BUNDLE/rootfs/etc/stub"
	ln -s "$VICTIM/new" "$BUNDLE/rootfs/etc/absolute"
	config '.mounts += [
		{destination: "/etc/stub", type: "bind", source: "/etc/hostname", options: ["bind", "ro"]},
		{destination: "/etc/absolute", type: "bind", source: "/etc/hostname", options: ["bind", "ro"]}]'
	command_is sh -c 'cat /etc/stub; ls /run/resolver'
	run -0 insula run --bundle "$BUNDLE" box
	is "$(cat /etc/hostname)"$'\nstub'
	[ ! -e "$VICTIM/new" ]
	unharmed
}

@test 'symlinks in a circle end' {
	ln -s round "$BUNDLE/rootfs/etc/around"
	ln -s around "$BUNDLE/rootfs/etc/round"
	config '.mounts += [{destination: "/etc/round/x", type: "tmpfs", source: "tmpfs"}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
	has 'Too many levels of symbolic links'
	one_line
}

@test 'mounts over /proc are refused, by whatever name (CVE-2019-16884)' {
	local destination
	ln -s proc "$BUNDLE/rootfs/link"
	ln -s /proc/self "$BUNDLE/rootfs/me"
	for destination in /proc/sys /proc/self/attr /proc/../proc/sys /proc//sys/ /proc/1 /link/sys /me/attr /link; do
		config 'del(.mounts[7]) | .mounts[7] = {destination: $d, type: "tmpfs", source: "tmpfs"}' --arg d "$destination"
		run ! insula run --bundle "$BUNDLE" box
		has 'mounts[7]'
		config '.mounts[7] = {destination: $d, type: "bind", source: $s, options: ["bind"]}' \
			--arg d "$destination" --arg s "$VICTIM"
		run ! insula run --bundle "$BUNDLE" box
		has 'mounts[7]'
	done
	config '.mounts[7] = {destination: "/proc", type: "tmpfs", source: "tmpfs"}'
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
	config '.mounts[7] = {destination: "/proc", type: "bind", source: $s, options: ["bind"]}' --arg s "$VICTIM"
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
}

@test 'a volume whose directory is exchanged with a symlink all the time (CVE-2021-30465)' {
	local volume=$BATS_TEST_TMPDIR/volume racer i
	mkdir -p "$volume/place"
	ln -s "../../../../../../../..$VICTIM" "$volume/link"
	config '.mounts += [
		{destination: "/volume", type: "bind", source: $v, options: ["rbind", "shared"]},
		{destination: "/volume/place/made", type: "tmpfs", source: "tmpfs"},
		{destination: "/volume/place/file", type: "bind", source: "/etc/hostname", options: ["bind"]},
		{destination: "/volume/place", type: "tmpfs", source: "tmpfs"}]' --arg v "$volume"
	"$PROBE" exchange 30 "$volume/place" "$volume/link" >/dev/null 2>&1 3>&- &
	racer=$!
	for ((i = 0; i < 40; i++)); do
		insula run --bundle "$BUNDLE" box >/dev/null 2>&1 || :
	done
	kill -0 $racer
	kill $racer
	wait $racer || :
	unharmed
	[ ! -e "$VICTIM/made" ] && [ ! -e "$VICTIM/file.new" ]
	# Nothing of it is mounted in the host's tree.
	run grep -F "$BATS_TEST_TMPDIR" /proc/self/mountinfo
	is ''
}

@test 'a /dev in a volume whose directory is exchanged with a symlink all the time' {
	local volume=$BATS_TEST_TMPDIR/volume racer i
	mkdir -p "$volume/dev"
	ln -s "../../../../../../../..$VICTIM" "$volume/link"
	config '.linux.devices = [{path: "/volume/dev/null", type: "c", major: 1, minor: 3, fileMode: 438}] |
		.mounts += [{destination: "/volume", type: "bind", source: $v, options: ["rbind"]}]' --arg v "$volume"
	"$PROBE" exchange 30 "$volume/dev" "$volume/link" >/dev/null 2>&1 3>&- &
	racer=$!
	for ((i = 0; i < 30; i++)); do
		insula run --bundle "$BUNDLE" box >/dev/null 2>&1 || :
	done
	kill -0 $racer
	kill $racer
	wait $racer || :
	unharmed
}

@test 'the working directory cannot be a descriptor (CVE-2024-21626)' {
	local n
	ln -s /proc/self/fd/7 "$BUNDLE/rootfs/out"
	for n in /proc/self/fd/{0,1,2,3,4,5,6,7,8,9,10,11,12} /proc/self/fd/7/.. /proc/1/fd/5 /proc/thread-self/cwd \
		/proc/self/root /proc/self/fd/8/a/b /out; do
		config '.process.cwd = $d' --arg d "$n"
		run ! insula run --bundle "$BUNDLE" box 7</ 8<"$VICTIM"
		has process.cwd
		unharmed
	done
	config '.process.cwd = "/"'
	sleeper box
	for n in /proc/self/fd/{3,4,5,6,7,8,9,10,11,12} /out; do
		run ! insula exec --cwd "$n" box ls 7</
		has process.cwd
	done
}

@test 'a terminal needs a real devpts, and /dev/console is no way out (CVE-2025-52565)' {
	without_mount /dev
	without_mount /dev/pts
	mkdir -p "$BUNDLE/rootfs/dev/pts"
	ln -s "$VICTIM/file" "$BUNDLE/rootfs/dev/pts/ptmx"
	config '.process.terminal = true'
	run ! script -qec "$INSULA --root $STATE run --bundle $BUNDLE box" /dev/null
	has devpts
	rm "$BUNDLE/rootfs/dev/pts/ptmx"
	mknod "$BUNDLE/rootfs/dev/pts/ptmx" c 5 2
	run ! script -qec "$INSULA --root $STATE run --bundle $BUNDLE box" /dev/null
	has devpts
	rm "$BUNDLE/rootfs/dev/pts/ptmx"
	echo >"$BUNDLE/rootfs/dev/pts/ptmx"
	run ! script -qec "$INSULA --root $STATE run --bundle $BUNDLE box" /dev/null
	has 'is not a devpts'
	unharmed
	new_bundle
	without_mount /dev
	ln -s "$VICTIM/file" "$BUNDLE/rootfs/dev/console"
	config '.process.terminal = true'
	run script -qec "$INSULA --root $STATE run --bundle $BUNDLE box" /dev/null
	unharmed
}

@test 'tmpcopyup copies what is inside, never what a symlink leads to (CVE-2022-23648)' {
	mkdir "$BUNDLE/rootfs/data"
	ln -s "$VICTIM" "$BUNDLE/rootfs/data/link"
	ln -s "$VICTIM" "$BUNDLE/rootfs/volume"
	echo inside >"$BUNDLE/rootfs/data/file"
	config '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]},
		{destination: "/volume", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	command_is sh -c 'cat /data/file; readlink /data/link; cat /data/link/file /volume/file'
	run insula run --bundle "$BUNDLE" box
	has $'inside\n'"$VICTIM"
	hasnt precious
	unharmed
}

@test 'the root file system may be named by a symlink, and .. does not lead out of it' {
	mv "$BUNDLE/rootfs" "$BUNDLE/real"
	ln -s real "$BUNDLE/rootfs"
	echo precious >"$BUNDLE/outside"
	command_is cat /../../../outside
	run ! insula run --bundle "$BUNDLE" box
	hasnt precious
	command_is ls -d /../bin
	run -0 insula run --bundle "$BUNDLE" box
	is /../bin
}

@test 'src-nofollow binds no symlink, dest-nofollow mounts on none' {
	ln -s "$VICTIM" "$BATS_TEST_TMPDIR/link"
	config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["bind", "src-nofollow"]}]' \
		--arg s "$BATS_TEST_TMPDIR/link"
	command_is cat /mnt/file
	run ! insula run --bundle "$BUNDLE" box
	hasnt precious
	unharmed
}

# as_host_mounts: in a mount namespace of its own: a volume that the host has mounted read-only, and in which
# it hides a directory.
as_host_mounts() {
	mount --bind "$1" "$1" && mount -o remount,bind,ro,nosuid,nodev "$1" && mount -t tmpfs none "$1/hidden" &&
		exec "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
}

@test 'root in a user namespace cannot undo how the host has mounted a volume' {
	local volume=$BATS_TEST_TMPDIR/volume
	with_userns
	mkdir -p "$volume/hidden" "$BUNDLE/rootfs/volume"
	chmod 777 "$volume"
	echo secret >"$volume/hidden/file"
	# CAP_SYS_ADMIN in there is none outside.
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])
		| .mounts += [{destination: "/volume", type: "bind", source: $v, options: ["rbind"]}]' --arg v "$volume"
	command_is sh -c 'mount -o remount,bind,rw /volume; echo x >/volume/x; umount /volume/hidden; cat /volume/hidden/file; true'
	export -f as_host_mounts
	export STATE BUNDLE
	run -0 private_mounts bash -c 'as_host_mounts "$1"' - "$volume"
	hasnt secret
	has 'Read-only file system'
	[ ! -e "$volume/x" ]
}

@test 'a root directory that the host has mounted read-only stays so in a user namespace' {
	with_userns
	config '.process.capabilities |= with_entries(.value += ["CAP_SYS_ADMIN"])'
	mkdir -p "$BUNDLE/rootfs/open"
	chmod 777 "$BUNDLE/rootfs/open"
	command_is sh -c 'mount -o remount,bind,rw /; echo x >/open/x; true'
	run -0 private_mounts bash -c 'mount --bind "$1/rootfs" "$1/rootfs" && mount -o remount,bind,ro "$1/rootfs" &&
		exec "$INSULA" --root "$2" run --bundle "$1" box 3>&-' - "$BUNDLE" "$STATE"
	has 'Read-only file system'
	[ ! -e "$BUNDLE/rootfs/open/x" ]
}

@test 'the host'\''s device nodes keep their modes, whoever is root inside' {
	local was
	was=$(stat -c %a /dev/full)
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	command_is sh -c 'echo x >/dev/null && head -c 1 /dev/full | wc -c; chmod '"$was"' /dev/full'
	run ! insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = 1 ]
	has 'Read-only file system'
	[ "$(stat -c %a /dev/full)" = "$was" ]
}
