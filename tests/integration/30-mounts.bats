#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts[] and everything that is done to file systems: options, binds, id maps, propagation.

load helpers

# A directory of the host's to bind, with something in it.
setup() {
	insula_setup
	SOURCE=$BATS_TEST_TMPDIR/source
	mkdir "$SOURCE" "$BUNDLE/rootfs/data"
	echo content >"$SOURCE/file"
}

# add_mount JSON: one more mount, on /data unless it says otherwise.
add_mount() {
	config '.mounts += [{destination: "/data"} + $mount]' --argjson mount "$1"
}

# bind OPTIONS…: $SOURCE on /data, with these options.
bind() {
	config '.mounts += [{destination: "/data", type: "bind", source: $s, options: ($o | split(" "))}]' \
		--arg s "$SOURCE" --arg o "$*"
}

# show_mounts: let the container print "MOUNT-POINT OPTIONS PROPAGATION - SUPERBLOCK-OPTIONS" of all on /data and below.
show_mounts() {
	command_is awk '$5 ~ "^/data" { p = ""; for (i = 7; $i != "-"; i++) { sub(":.*", "", $i); p = p $i " " }
		print $5, $6, p "-", $(i + 3) }' /proc/self/mountinfo
}

@test 'attributes of a mount: each option and its opposite' {
	local option
	show_mounts
	for option in ro nosuid nodev noexec noatime nodiratime nosymfollow; do
		config '.mounts |= .[:7]'
		add_mount "{\"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"$option\"]}"
		run_box
		[[ ,$(cut -d ' ' -f 2 <<<"$output"), == *",$option,"* ]] || die "$option: $output"
		config '.mounts |= .[:7]'
		bind bind "$option"
		run_box
		[[ ,$(cut -d ' ' -f 2 <<<"$output"), == *",$option,"* ]] || die "bind $option: $output"
	done
	for option in rw suid dev exec atime diratime symfollow; do
		config '.mounts |= .[:7]'
		add_mount "{\"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"ro\", \"nosuid\", \"nodev\", \"noexec\",
			\"noatime\", \"nodiratime\", \"nosymfollow\", \"$option\"]}"
		run_box
		[[ ,$(cut -d ' ' -f 2 <<<"$output"), != *",no$option,"* ]] || die "$option: $output"
		[ $option != rw ] || [[ $output == '/data rw,'* ]]
	done
	config '.mounts |= .[:7]'
	bind bind strictatime
	run_box
	[[ $output != *relatime* && $output != *noatime* ]]
	config '.mounts |= .[:7]'
	bind bind noatime relatime
	run_box
	has relatime
	hasnt noatime
}

@test 'flags of a superblock: sync, dirsync, lazytime, iversion, silent, mand' {
	show_mounts
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["sync", "dirsync"]}'
	run_box
	[[ ${output#* - } == *sync*dirsync* ]]
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["lazytime", "async"]}'
	run_box
	[[ ${output#* - } == *lazytime* ]]
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["iversion", "silent", "size=4k", "nosuid"]}'
	run_box
	[[ ${output#* - } == *size=4k* ]]
	[[ $output == '/data rw,nosuid'* ]]
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["nolazytime", "noiversion", "loud", "nomand", "defaults"]}'
	run_box
}

@test 'recursive attributes reach what is mounted below, plain ones do not' {
	local option
	run_below() {
		# shellcheck disable=SC2016
		run -0 private_mounts sh -c 'mkdir -p "$1/sub" && mount -t tmpfs below "$1/sub" &&
			exec "$2" --root "$3" run --bundle "$4" box 3>&-' sh "$SOURCE" "$INSULA" "$STATE" "$BUNDLE"
	}
	show_mounts
	for option in ro nosuid nodev noexec noatime nodiratime nosymfollow; do
		config '.mounts |= .[:7]'
		bind rbind "r$option"
		run_below
		[ "$(grep -c "[ ,]${option}[ ,]" <<<"$output")" = 2 ] || die "r$option: $output"
		config '.mounts |= .[:7]'
		bind rbind "$option"
		run_below
		[ "$(grep -c "[ ,]${option}[ ,]" <<<"$output")" = 1 ] || die "$option: $output"
		config '.mounts |= .[:7]'
		bind rbind rro rnosuid rnodev rnoexec rnoatime rnodiratime rnosymfollow "r${option#no}"
		run_below
		[ "$option" = ro ] || [ "$(grep -c "[ ,]${option}[ ,]" <<<"$output")" = 0 ] || die "not r$option: $output"
	done
	config '.mounts |= .[:7]'
	bind rbind rro rrw rstrictatime
	run_below
	[ "$(grep -c ' rw' <<<"$output")" = 2 ]
	hasnt relatime
	config '.mounts |= .[:7]'
	bind bind
	run_below
	[ "${#lines[@]}" = 1 ]
}

@test 'binds of directories and files, of relative sources, into places that are made' {
	echo beside >"$BUNDLE/beside"
	config '.mounts += [
		{destination: "/data", type: "bind", source: $s, options: ["bind"]},
		{destination: "/made/in/depth", source: ($s + "/file"), options: ["bind", "ro"]},
		{destination: "/relative", type: "none", source: "beside", options: ["rbind"]},
		{destination: "relative-too/dir", source: "rootfs/../../source", options: ["bind"]},
		{destination: "/etc/hostname", source: "beside", options: ["bind"]}]' --arg s "$SOURCE"
	command_is sh -c 'cat /data/file /made/in/depth /relative /relative-too/dir/file /etc/hostname; echo more >>/data/file; echo x >/made/in/depth'
	run insula run --bundle "$BUNDLE" box
	[ "$status" -eq 1 ]
	has $'content\ncontent\nbeside\ncontent\nbeside'
	has 'Read-only file system'
	[ "$(cat "$SOURCE/file")" = $'content\nmore' ]
	[ "$(stat -c '%F %a' "$BUNDLE/rootfs/made/in/depth")" = 'regular empty file 644' ]
	[ "$(stat -c '%F %a' "$BUNDLE/rootfs/made/in")" = 'directory 755' ]
}

@test 'bind without rbind, in a user namespace: the directory alone, unless locks would be lost' {
	local flag
	command_is sh -c 'cat /data/below/*; mount -o remount,bind,rw /data; touch /data/new && echo written'
	with_userns
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	# run_bound FLAG: with a file system there that the host has mounted so, and another one below it.
	run_bound() {
		# shellcheck disable=SC2016
		run private_mounts sh -c 'mount -t tmpfs -o mode=777 top "$1" && mkdir -m 755 "$1/below" &&
			echo hidden >"$1/below/file" && mount -t tmpfs below "$1/below" && echo below >"$1/below/file" &&
			mount -o "remount,bind,$2" "$1" && shift 2 && exec "$@"' sh "$SOURCE" "$1" \
			"$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	}
	bind bind
	run_bound rw
	[ "${lines[0]}" = hidden ]
	has written
	for flag in ro nosuid nodev noexec; do
		run_bound $flag
		has 'mounts[7]: '
		has '(rbind)'
	done
	# What comes along with all that is below it keeps the host's locks.
	config '.mounts |= .[:7]'
	bind rbind
	run_bound ro
	[ "${lines[0]}" = below ]
	hasnt written
}

@test 'a destination that the container'\''s root may not make is an error that tells what to do' {
	config '.mounts += [{destination: "/new/dir", source: $s, options: ["rbind"]}]' --arg s "$SOURCE"
	with_userns
	run -1 insula run --bundle "$BUNDLE" box
	has 'mounts[7]: '
	has "make the destination, in a directory where the container's root may not: Permission denied"
	[ ! -e "$BUNDLE/rootfs/new" ]
}

@test 'a bind whose source is missing, or of another kind than its place, is an error' {
	bind bind
	rm -r "$SOURCE"
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
	has "$SOURCE"
	has 'No such file or directory'
	one_line
	config '.mounts |= .[:7]'
	add_mount '{"source": "/etc/hostname", "options": ["bind"]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'Is a directory'
	config '.mounts |= .[:7]'
	add_mount '{"destination": "/etc/passwd", "source": "/usr", "options": ["bind"]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'Not a directory'
	config '.mounts |= .[:7]'
	add_mount '{"destination": "/etc/passwd/below", "type": "tmpfs", "source": "tmpfs"}'
	run ! insula run --bundle "$BUNDLE" box
	has 'Not a directory'
	one_line
}

@test 'an option that the file system does not know is an error in the kernel'\''s words' {
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["bogus=1"]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
	has "Unknown parameter 'bogus'"
	one_line
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["size=nonsense"]}'
	run ! insula run --bundle "$BUNDLE" box
	has "Bad value for 'size'"
	config '.mounts |= .[:7]'
	add_mount '{"type": "nosuchfs", "source": "x"}'
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
	has nosuchfs
	config '.mounts |= .[:7]'
	bind bind bogus
	run ! insula run --bundle "$BUNDLE" box
	has bogus
	config '.mounts |= .[:7]'
	add_mount '{"source": "x"}'
	run ! insula run --bundle "$BUNDLE" box
	has type
}

@test 'data options reach the file system, however long they are and several in one' {
	local lower i
	show_mounts
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["mode=1700,size=8k", "nr_inodes=100", "uid=7", "gid=8"]}'
	run_box
	has mode=1700
	has size=8k
	has nr_inodes=100
	has uid=7
	has gid=8
	config '.mounts |= .[:7]'
	for i in {1..30}; do
		mkdir -p "$SOURCE/a-rather-long-name-of-a-lower-directory-$i"
		lower+=:$SOURCE/a-rather-long-name-of-a-lower-directory-$i
	done
	echo lowest >"$SOURCE/a-rather-long-name-of-a-lower-directory-30/deep"
	mkdir "$BATS_TEST_TMPDIR/upper" "$BATS_TEST_TMPDIR/work"
	add_mount "{\"type\": \"overlay\", \"source\": \"overlay\", \"options\": [\"lowerdir=${lower#:}\",
		\"upperdir=$BATS_TEST_TMPDIR/upper\", \"workdir=$BATS_TEST_TMPDIR/work\"]}"
	command_is sh -c 'cat /data/deep; echo new >/data/new'
	run_box
	is lowest
	[ "$(cat "$BATS_TEST_TMPDIR/upper/new")" = new ]
}

@test 'a tmpfs has the mode of the directory that it hides, unless it says one' {
	chmod 1750 "$BUNDLE/rootfs/data"
	add_mount '{"type": "tmpfs", "source": "tmpfs"}'
	command_is stat -c %a /data
	run_box
	is 1750
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["mode=711", "ro"]}'
	run_box
	is 711
	# One that is made for it has none to give.
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs"}'
	config '.mounts[7].destination = "/made/here"'
	command_is stat -c %a /made/here /made
	run_box
	is $'1777\n755'
}

@test 'tmpcopyup fills the tmpfs with what it hides' {
	mkdir -p "$BUNDLE/rootfs/data/sub/deep"
	echo hidden >"$BUNDLE/rootfs/data/sub/deep/file"
	ln -s sub/deep/file "$BUNDLE/rootfs/data/link"
	ln "$BUNDLE/rootfs/data/sub/deep/file" "$BUNDLE/rootfs/data/hard"
	mkfifo -m 640 "$BUNDLE/rootfs/data/fifo"
	chown 5:6 "$BUNDLE/rootfs/data/sub"
	chmod 2751 "$BUNDLE/rootfs/data/sub"
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}'
	command_is sh -c 'cd /data && cat link hard && stat -c "%u %g %a" sub && stat -c "%F %a" fifo; touch new'
	run insula run --bundle "$BUNDLE" box
	has $'hidden\nhidden\n5 6 2751\nfifo 640'
	has 'Read-only file system'
	config '.mounts[7].options = ["tmpcopyup"]'
	command_is sh -c 'echo changed >/data/sub/deep/file; cat /data/sub/deep/file'
	run_box
	is changed
	[ "$(cat "$BUNDLE/rootfs/data/sub/deep/file")" = hidden ]
	config '.mounts[7] = {destination: "/data", source: $s, options: ["bind", "tmpcopyup"]}' --arg s "$SOURCE"
	run ! insula run --bundle "$BUNDLE" box
	has tmpcopyup
}

@test 'propagation: private by default, slave, shared, unbindable' {
	local word
	show_mounts
	# Nothing is a peer of the host's that was not asked for.
	bind bind
	run_box
	[[ $output == *' - '* && $output != *shared* && $output != *master* ]]
	run_shared() {
		# shellcheck disable=SC2016
		run -0 unshare --mount --propagation private sh -c 'mount --bind "$1" "$1" && mount --make-shared "$1" &&
			exec "$2" --root "$3" run --bundle "$4" box 3>&-' sh "$SOURCE" "$INSULA" "$STATE" "$BUNDLE"
	}
	run_shared
	[[ $output != *shared* && $output != *master* ]]
	for word in slave rslave; do
		config '.mounts |= .[:7]'
		bind bind $word
		run_shared
		has master
		hasnt shared
	done
	for word in shared rshared; do
		config '.mounts |= .[:7]'
		bind bind $word
		run_shared
		has shared
	done
	for word in unbindable runbindable; do
		config '.mounts |= .[:7]'
		bind bind $word
		run_shared
		has unbindable
	done
	for word in private rprivate; do
		config '.mounts |= .[:7]'
		bind bind shared $word
		run_shared
		[[ $output != *shared* && $output != *master* ]]
	done
	config '.mounts |= .[:7]'
	add_mount '{"type": "tmpfs", "source": "tmpfs", "options": ["shared"]}'
	run_box
	has shared
}

@test 'what is mounted outside appears in a slave' {
	bind bind rslave
	command_is sleep 1000
	run private_mounts bash -c '
		mount --bind "$1" "$1" && mount --make-shared "$1" && mkdir -p "$1/sub"
		"$2" --root "$3" run --detach --bundle "$4" box </dev/null >/dev/null 2>&1 3>&- || exit 1
		mount -t tmpfs outside "$1/sub" && echo new >"$1/sub/appeared"
		"$2" --root "$3" exec box cat /data/sub/appeared
		"$2" --root "$3" delete --force box' bash "$SOURCE" "$INSULA" "$STATE" "$BUNDLE"
	is new
}

@test 'rootfsPropagation: each value, and what it makes of the root' {
	local value
	command_is awk '$5 == "/" { p = ""; for (i = 7; $i != "-"; i++) { sub(":.*", "", $i); p = p $i " " }; print "is " p }' /proc/self/mountinfo
	root_is() {
		config '.linux.rootfsPropagation = $v' --arg v "$1"
		run_box
		[[ $output == "is "$2 ]] || die "$1: $output"
	}
	root_is private ''
	root_is rprivate ''
	root_is unbindable 'unbindable '
	root_is runbindable 'unbindable '
	root_is shared '*shared *'
	root_is rshared '*shared *'
	for value in slave rslave; do
		root_is $value '*'
		hasnt shared
	done
	config '.linux.rootfsPropagation = "sideways"'
	run ! insula run --bundle "$BUNDLE" box
	has linux.rootfsPropagation
	has sideways
}

@test 'idmap: the container'\''s own map, a map of the mount, recursive or not' {
	touch "$SOURCE/root" "$SOURCE/seven"
	chown 7:8 "$SOURCE/seven"
	command_is sh -c 'cd /data; stat -c "%n %u %g" root seven; touch new'
	with_userns
	bind bind idmap
	run -0 insula run --bundle "$BUNDLE" box
	is $'root 0 0\nseven 7 8'
	[ "$(stat -c '%u %g' "$SOURCE/new")" = '0 0' ]
	# Without it, the host's root is nobody inside.
	rm "$SOURCE/new"
	config '.mounts[7].options = ["bind"]'
	run insula run --bundle "$BUNDLE" box
	has 'root 65534 65534'

	config '.mounts[7] += {options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 100500, size: 100}], gidMappings: [{containerID: 0, hostID: 100600, size: 100}]}'
	run insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = 'root 500 600' ] || die "$output"
	[ "${lines[1]}" = 'seven 507 608' ]

	new_bundle
	mkdir "$BUNDLE/rootfs/data"
	command_is sh -c 'cd /data; stat -c "%n %u %g" root seven; touch new; stat -c "%n %u %g" new'
	bind bind idmap
	config '.mounts[7] += {uidMappings: [{containerID: 0, hostID: 40, size: 10}], gidMappings: [{containerID: 0, hostID: 50, size: 10}]}'
	run insula run --bundle "$BUNDLE" box
	[ "${lines[0]}" = 'root 40 50' ] || die "$output"
	[ "${lines[1]}" = 'seven 47 58' ]
	[ ! -e "$SOURCE/new" ]
	config '.mounts[7] |= del(.uidMappings, .gidMappings)'
	run ! insula run --bundle "$BUNDLE" box
	has 'mounts[7]'
	has uidMappings
}

@test 'ridmap reaches the mounts below' {
	mkdir "$SOURCE/sub"
	with_userns
	command_is sh -c 'stat -c %u /data/file /data/sub/below'
	local option expected
	for option in ridmap idmap; do
		config '.mounts |= .[:7]'
		bind rbind $option
		# shellcheck disable=SC2016
		run -0 private_mounts sh -c 'mount -t tmpfs below "$1/sub" && touch "$1/sub/below" &&
			exec "$2" --root "$3" run --bundle "$4" box 3>&-' sh "$SOURCE" "$INSULA" "$STATE" "$BUNDLE"
		[ $option = ridmap ] && expected=0 || expected=65534
		is $'0\n'"$expected"
	done
}

@test 'a read-only root, in which /dev and volumes can still be written to' {
	config '.root.readonly = true'
	add_mount '{"type": "tmpfs", "source": "tmpfs"}'
	command_is sh -c 'touch /data/x /dev/shm/x && touch /new'
	run ! insula run --bundle "$BUNDLE" box
	is 'touch: /new: Read-only file system'
	with_userns
	run ! insula run --bundle "$BUNDLE" box
	is 'touch: /new: Read-only file system'
	[ ! -e "$BUNDLE/rootfs/new" ]
}

@test 'read-only and masked paths, of which some do not exist' {
	echo secret | tee "$BUNDLE/rootfs/data/file" >"$BUNDLE/rootfs/etc/hostname"
	mkdir "$BUNDLE/rootfs/data/sub"
	echo secret >"$BUNDLE/rootfs/data/sub/file"
	config '.linux.readonlyPaths = ["/data", "/nowhere", "/etc/passwd", "/etc/passwd/x"]
		| .linux.maskedPaths = ["/data/sub", "/data/file", "/nowhere/either", "/etc/hostname"]'
	command_is sh -c 'cat /data/file /etc/hostname; ls /data/sub; touch /data/new; echo x >>/etc/passwd; touch /data/sub/x; touch /new'
	run_box
	hasnt secret
	[ "$(grep -c 'Read-only' <<<"$output")" = 3 ]
	with_userns
	chown -R 100000:100000 "$BUNDLE/rootfs/data" "$BUNDLE/rootfs/etc" "$BUNDLE/rootfs/new"
	run_box
	hasnt secret
	[ "$(grep -c 'Read-only' <<<"$output")" = 3 ] || die "$output"
	config '.linux.maskedPaths = ["relative"]'
	run ! insula run --bundle "$BUNDLE" box
	has linux.maskedPaths
}

@test 'remount changes the mount, or the file system, of an earlier entry' {
	show_mounts
	config '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["size=8k"]},
		{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["remount", "size=16k", "nosuid", "ro"]}]'
	run_box
	has size=16k
	[[ $output == '/data ro,nosuid,'* ]]
	config '.mounts |= .[:7]'
	bind bind
	config '.mounts += [{destination: "/data", options: ["remount", "bind", "ro", "nodev"]}]'
	run_box
	[[ $output == '/data ro,nodev,'* ]]
	config '.mounts[8] = {destination: "/usr", options: ["remount", "bind", "ro"]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'nothing is mounted there'
}

@test 'mounts are made in order, over one another too' {
	config '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs"},
		{destination: "/data/a/b", type: "tmpfs", source: "tmpfs"},
		{destination: "/data/a/b/file", source: ($s + "/file"), options: ["bind"]},
		{destination: "/data/a", type: "tmpfs", source: "tmpfs"}]' --arg s "$SOURCE"
	command_is sh -c 'ls /data/a | wc -l; grep -c " /data" /proc/self/mountinfo'
	run_box
	is $'0\n4'
}
