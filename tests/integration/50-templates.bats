#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Templates: from recipes, directories, tars, OCI layouts; what is hostile in them; digests.

load helpers

setup() {
	insula_setup
	skip_unless 'insula-image is not built: no libarchive or no nettle' has_image_program
	LIBRARY=$STATE/.library
	P=t$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	export INSULA_TEMPLATES=$top_srcdir/rootfs-templates
	FILES=$BATS_TEST_TMPDIR/files
	mkdir -p "$FILES/etc"
	echo one >"$FILES/etc/file"
	ln -s file "$FILES/etc/link"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	# shellcheck disable=SC2046
	insula template remove $(insula template list --quiet 2>/dev/null) 2>/dev/null || :
	insula_teardown
}

has_image_program() {
	[ -x "$(own_program insula-image)" ]
}

# crafted ENTRY…: a tar of these in $TAR (see tar.py).
crafted() {
	TAR=$BATS_TEST_TMPDIR/crafted.tar
	python3 "$BATS_TEST_DIRNAME/tar.py" "$TAR" "$@"
}

# refused WORDS ENTRY…: a tar of these is no template, WORDS say why, and nothing of it is left.
refused() {
	local words=$1
	shift
	crafted "$@"
	run -1 insula template import bad "$TAR"
	has "$words"
	[ "${#lines[@]}" = 1 ]
	nothing_left
	[ ! -e "$BATS_TEST_TMPDIR/escape" ]
}

nothing_left() {
	[ -z "$(find "$LIBRARY/images" "$LIBRARY/templates" -mindepth 1)" ]
}

image_of() {
	insula template show --json "$1" | jq -r .image
}

root_of() {
	echo "$LIBRARY/images/$(image_of "$1")/root"
}

# --- sources -------------------------------------------------------------------------------------

@test 'a recipe makes a template, which partitions run on' {
	run -0 insula template build busybox
	is 'busybox: made'
	run -0 insula template list --quiet
	is busybox
	detached spawn "$P" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ]
	run -0 insula exec "$P" cat /etc/os-release
	is NAME=busybox
}

@test 'a recipe that fails, or is not there: one line, and nothing is left' {
	INSULA_TEMPLATES=$BATS_TEST_TMPDIR/recipes
	mkdir -p "$INSULA_TEMPLATES/bad"
	printf '#!/bin/sh\nmkdir "$1/x"; echo no archive >&2; exit 3\n' >"$INSULA_TEMPLATES/bad/build"
	chmod +x "$INSULA_TEMPLATES/bad/build"
	run -1 insula template build bad
	has 'exit status 3'
	has 'no archive'
	nothing_left
	run -1 insula template build nonesuch
	has 'no recipe "nonesuch"'
	run -1 insula template build ../bad
}

@test 'what a recipe leaves running or mounted goes with it' {
	INSULA_TEMPLATES=$BATS_TEST_TMPDIR/recipes
	mkdir -p "$INSULA_TEMPLATES/messy"
	cat >"$INSULA_TEMPLATES/messy/build" <<-'END'
		#!/bin/sh
		mkdir "$1/mnt"
		mount -t tmpfs none "$1/mnt"
		sleep 1000 &
		umask >"$1/umask"
	END
	chmod +x "$INSULA_TEMPLATES/messy/build"
	run -0 insula template build messy
	[ "$(cat "$(root_of messy)/umask")" = 0022 ]
	run -1 grep "$LIBRARY" /proc/self/mountinfo
}

@test 'on a terminal long work tells what it does, elsewhere nothing' {
	tar -C "$FILES" -cf "$BATS_TEST_TMPDIR/files.tar" .
	run -0 insula template import a "$BATS_TEST_TMPDIR/files.tar"
	is 'a: made'
	run -0 script -qec "$INSULA --root $STATE template import b $BATS_TEST_TMPDIR/files.tar" /dev/null
	for stage in unpacking hashing writing; do
		has $'\r'"$stage"
	done
	# The line is gone in the end.
	[[ $output == *$'\r\e[Kb: made'* ]]
	run -0 script -qec "$INSULA --root $STATE template check b" /dev/null
	has $'\rchecking'
	insula spawn "$P" --template a --net none --no-start -- true
	run -0 script -qec "$INSULA --root $STATE export $P --output $BATS_TEST_TMPDIR/archive" /dev/null
	has $'\rpacking'
	run -0 insula import "$P-b" "$BATS_TEST_TMPDIR/archive"
	is ''
}

@test 'the same content is the same image, whatever it came from' {
	tar -C "$FILES" -czf "$BATS_TEST_TMPDIR/files.tgz" .
	insula template import a "$FILES"
	insula template import b "$BATS_TEST_TMPDIR/files.tgz"
	insula template import c - <"$BATS_TEST_TMPDIR/files.tgz"
	[ "$(image_of a)" = "$(image_of b)" ]
	[ "$(image_of a)" = "$(image_of c)" ]
	[ "$(find "$LIBRARY/images" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	echo two >"$FILES/etc/file"
	insula template import c "$FILES"
	[ "$(image_of a)" != "$(image_of c)" ]
}

@test 'owners, modes, hard links and extended attributes are kept; overlay attributes are not' {
	chown 33:44 "$FILES/etc/file"
	chmod 4751 "$FILES/etc/file"
	ln "$FILES/etc/file" "$FILES/etc/hard"
	python3 -c 'import os, sys
os.setxattr(sys.argv[1], "user.mine", b"1")
os.setxattr(sys.argv[1], "trusted.overlay.opaque", b"y")
os.setxattr(sys.argv[1], "user.overlay.opaque", b"y")' "$FILES/etc/file"
	insula template import a "$FILES"
	local file
	file=$(root_of a)/etc/file
	[ "$(stat -c '%u:%g %a %h' "$file")" = '33:44 4751 2' ]
	[ "$(python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$file")" = "['user.mine']" ]
}

# --- OCI -------------------------------------------------------------------------------------------

# blob FILE: put it into the layout, and print its descriptor without a type.
blob() {
	local digest
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	mkdir -p "$LAYOUT/blobs/sha256"
	cp "$1" "$LAYOUT/blobs/sha256/$digest"
	printf '"digest": "sha256:%s", "size": %d' "$digest" "$(stat -c %s "$1")"
}

# layout TAR…: an image of these layers with the tag "v1" in $LAYOUT.
layout() {
	local layers='' tar file=$BATS_TEST_TMPDIR/document config
	LAYOUT=$BATS_TEST_TMPDIR/layout
	mkdir -p "$LAYOUT"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$LAYOUT/oci-layout"
	for tar; do
		layers+="${layers:+, }{\"mediaType\": \"application/vnd.oci.image.layer.v1.tar\", $(blob "$tar")}"
	done
	cat >"$file" <<-'END'
		{"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/bin/sh"], "Cmd": ["-c", "id; pwd; echo $A; exec sleep 1000"],
		 "Env": ["A=b"], "WorkingDir": "/srv", "User": "www", "StopSignal": "SIGQUIT"}}
	END
	config=$(blob "$file")
	printf '{"schemaVersion": 2, "config": {%s}, "layers": [%s]}' "$config" "$layers" >"$file"
	printf '{"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json",
		%s, "annotations": {"org.opencontainers.image.ref.name": "v1"}}]}' "$(blob "$file")" >"$LAYOUT/index.json"
}

two_layers() {
	crafted file:etc/passwd:www:x:33:34::/: file:etc/gone:1 dir:opaque file:opaque/old:1 dir:kept file:kept/old:1
	mv "$TAR" "$BATS_TEST_TMPDIR/lower.tar"
	# Whiteouts behind and before what they concern.
	crafted file:etc/.wh.gone: dir:opaque file:opaque/new:2 file:opaque/.wh..wh..opq: file:kept/new:2
	gzip -f "$TAR"
	layout "$BATS_TEST_TMPDIR/lower.tar" "$TAR.gz"
}

@test 'an OCI image that no partition could run is refused' {
	crafted file:etc/passwd:www:x:70000:34::/:
	layout "$TAR"
	run -1 insula template import a "$LAYOUT"
	has 'config.User: 70000:34: a partition has the ids 0 to 65535'
	crafted file:etc/passwd:www:x:33:34::/:
	layout "$TAR"
	python3 - "$LAYOUT" <<'END'
import hashlib, json, os, sys
layout = sys.argv[1] + "/"
blobs = layout + "blobs/sha256/"
def put(value):
    data = json.dumps(value).encode()
    name = hashlib.sha256(data).hexdigest()
    open(blobs + name, "wb").write(data)
    return {"digest": "sha256:" + name, "size": len(data)}
index = json.load(open(layout + "index.json"))
manifest = json.load(open(blobs + index["manifests"][0]["digest"][7:]))
config = json.load(open(blobs + manifest["config"]["digest"][7:]))
config["config"]["Env"] = ["A=" + "x" * 1500000]
manifest["config"].update(put(config))
index["manifests"][0].update(put(manifest))
json.dump(index, open(layout + "index.json", "w"))
END
	run -1 insula template import a "$LAYOUT"
	has 'what the image says of its program takes more than 1024 KiB'
	run -0 insula template list --quiet
	is ''
}

@test 'an OCI layout: layers, whiteouts, and how its program is started' {
	two_layers
	insula template import a "$LAYOUT"
	cd "$(root_of a)"
	run -0 find . -type f
	[ "$(sort <<<"$output" | xargs)" = './etc/passwd ./kept/new ./kept/old ./opaque/new' ]
	run -0 insula template show --json a
	[ "$(jq -c .config <<<"$output")" = \
		'{"command":["/bin/sh","-c","id; pwd; echo $A; exec sleep 1000"],"env":["A=b"],"cwd":"/srv","stop-signal":"SIGQUIT","user":"33:34"}' ]
	run -0 insula template show a
	has 'command     /bin/sh -c id; pwd; echo $A; exec sleep 1000'
	has 'user        33:34'
	has 'cwd         /srv'
	has 'env         A=b'
	has 'stop-signal SIGQUIT'
	run -0 insula template check a
	cd /
	insula template import b "$LAYOUT:v1"
	[ "$(image_of a)" = "$(image_of b)" ]
	run -1 insula template import c "$LAYOUT:v2"
	has 'v2'
}

# has_said LINE
has_said() {
	insula logs "$P" | grep -qxF "$1"
}

@test 'a partition of an OCI image runs what that says, unless it is asked for something else' {
	tar -C "$(base_rootfs)" -cf "$BATS_TEST_TMPDIR/lower.tar" .
	crafted file:etc/passwd:www:x:33:34::/: dir:srv
	layout "$BATS_TEST_TMPDIR/lower.tar" "$TAR"
	insula template import a "$LAYOUT"
	insula spawn "$P" --template a --net none --no-start
	detached start "$P"
	wait_for 10 has_said b
	run -0 insula logs "$P"
	[[ "${lines[0]}" =~ ^uid=33.*\ gid=34 ]]
	[ "${lines[1]}" = /srv ]
	[ "${lines[2]}" = b ]
	insula spawn "$P-b" --template a --net none --no-start --user 0 --cwd / --env A=c -- sleep 1000
	detached start "$P-b"
	[ "$status" -eq 0 ]
	run -0 insula exec "$P-b" sh -c 'echo $A $(pwd) $(id -u)'
	is 'c / 0'
}

@test 'an OCI layout with a damaged blob is refused' {
	local blob
	two_layers
	for blob in "$LAYOUT"/blobs/sha256/*; do
		cp "$blob" "$BATS_TEST_TMPDIR/whole"
		printf '#' | dd of="$blob" conv=notrunc bs=1 seek=9 2>/dev/null
		run -1 insula template import a "$LAYOUT"
		has 'is damaged'
		truncate -s +1 "$blob"
		run -1 insula template import a "$LAYOUT"
		has 'bytes, and should have'
		cp "$BATS_TEST_TMPDIR/whole" "$blob"
	done
	nothing_left
}

@test 'whiteouts of a layer lead nowhere else' {
	mkdir "$BATS_TEST_TMPDIR/outside"
	touch "$BATS_TEST_TMPDIR/outside/file"
	crafted "link:out:$BATS_TEST_TMPDIR/outside" file:a:1
	mv "$TAR" "$BATS_TEST_TMPDIR/lower.tar"
	local entry
	for entry in file:out/.wh.file: file:out/.wh..wh..opq: file:../outside/.wh.file: file:.wh...:; do
		crafted "$entry"
		rm -rf "$BATS_TEST_TMPDIR/layout"
		layout "$BATS_TEST_TMPDIR/lower.tar" "$TAR"
		run -1 insula template import a "$LAYOUT"
		[ -e "$BATS_TEST_TMPDIR/outside/file" ]
	done
	nothing_left
}

# --- hostile archives ------------------------------------------------------------------------------

@test 'no path of a tar leaves the image' {
	refused 'would lead out' file:../escape:x
	refused 'would lead out' dir:a file:a/../../escape:x
	refused 'has to be relative' "file:$BATS_TEST_TMPDIR/escape:x"
	refused 'symbolic link' "link:a:$BATS_TEST_TMPDIR" file:a/escape:x
	refused 'symbolic link' link:a:.. dir:a/escape
	refused 'no directory' link:.:/tmp
	refused 'deeper than' "dir:$(printf 'd/%.0s' {1..200})"
}

@test 'a file in the place of a link replaces the link' {
	crafted "link:a:$BATS_TEST_TMPDIR/escape" file:a:x
	insula template import a "$TAR"
	[ ! -e "$BATS_TEST_TMPDIR/escape" ]
	[ -f "$(root_of a)/a" ] && [ ! -L "$(root_of a)/a" ]
}

@test 'hard links of a tar stay inside' {
	refused 'has to be relative' hard:a:/etc/passwd
	refused 'would lead out' hard:a:../../../../../../../../etc/passwd
	refused 'symbolic link' link:l:/etc hard:a:l/passwd
	refused 'not there' hard:a:nonesuch
	crafted file:a:x hard:a:a hard:b:a
	insula template import a "$TAR"
	[ "$(stat -c %h "$(root_of a)/b")" = 2 ]
}

@test 'device nodes are left out, and that is said' {
	crafted file:a:x null:dev null:.gone
	run -0 insula template import a "$TAR"
	has 'left out: 2, the first dev'
	[ -z "$(find "$LIBRARY/images" -type c)" ]
}

@test 'ids that no partition has, and more than there may be, are refused' {
	refused 'belongs to 100000:0' owned:a:100000
	truncate -s 100G "$BATS_TEST_TMPDIR/huge"
	tar -C "$BATS_TEST_TMPDIR" -cSf "$BATS_TEST_TMPDIR/huge.tar" huge
	rm "$BATS_TEST_TMPDIR/huge"
	run -1 insula template import bad "$BATS_TEST_TMPDIR/huge.tar"
	has 'more than 64 GiB'
	nothing_left
}

@test 'what is no tar, is cut short, or is not there' {
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/junk"
	run -1 insula template import bad "$BATS_TEST_TMPDIR/junk"
	tar -C "$FILES" -czf "$BATS_TEST_TMPDIR/files.tgz" .
	truncate -s 100 "$BATS_TEST_TMPDIR/files.tgz"
	run -1 insula template import bad "$BATS_TEST_TMPDIR/files.tgz"
	: >"$BATS_TEST_TMPDIR/empty"
	run -1 insula template import bad "$BATS_TEST_TMPDIR/empty"
	run -1 insula template import bad "$BATS_TEST_TMPDIR/nonesuch"
	has nonesuch
	nothing_left
}

@test 'a tar of an OCI layout is not taken for a root' {
	mkdir -p "$BATS_TEST_TMPDIR/layout/blobs/sha256"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$BATS_TEST_TMPDIR/layout/oci-layout"
	echo '{}' >"$BATS_TEST_TMPDIR/layout/index.json"
	tar -C "$BATS_TEST_TMPDIR/layout" -cf "$BATS_TEST_TMPDIR/layout.tar" .
	run -1 insula template import bad "$BATS_TEST_TMPDIR/layout.tar"
	has 'it is no root, but an OCI image layout'
	nothing_left
}

@test 'a full disk: one line, and nothing is left' {
	mkdir "$BATS_TEST_TMPDIR/small"
	head -c 3M /dev/zero >"$FILES/zero"
	run unshare --mount sh -c '
		mount -t tmpfs -o size=1m,mode=700 none "$1" || exit 77
		"$INSULA" --root "$2" --library "$1" template import a "$3" && exit 1
		find "$1/images" "$1/templates" -mindepth 1' sh "$BATS_TEST_TMPDIR/small" "$STATE" "$FILES"
	[ "$status" = 0 ]
	has 'No space left on device'
	[ "${#lines[@]}" = 1 ]
}

@test 'a kill leaves only what is hidden and unlocked, which gc takes away' {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	"$INSULA" --root "$STATE" template import a "$BATS_TEST_TMPDIR/fifo" 3>&- &
	local insula=$! image
	exec 9>"$BATS_TEST_TMPDIR/fifo"
	wait_for 5 ls "$LIBRARY"/images/.a.*/root
	run -1 flock --nonblock "$LIBRARY"/images/.a.* true
	image=$(pgrep -P "$insula")
	kill -KILL "$image" "$insula"
	exec 9>&-
	wait "$insula" || :
	wait_for 5 flock --nonblock "$LIBRARY"/images/.a.* true
	[ -z "$(find "$LIBRARY/images" "$LIBRARY/templates" -mindepth 1 -maxdepth 1 ! -name '.*')" ]
	insula gc
	nothing_left
}

@test 'an interrupted import takes away what it began' {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	"$INSULA" --root "$STATE" template import a "$BATS_TEST_TMPDIR/fifo" 3>&- &
	local insula=$!
	exec 9>"$BATS_TEST_TMPDIR/fifo"
	wait_for 5 ls "$LIBRARY"/images/.a.*/root
	kill -KILL "$insula"
	wait "$insula" || :
	wait_for 5 nothing_left
	exec 9>&-
}

# --- digests -----------------------------------------------------------------------------------------

@test 'check finds each change of an image' {
	local root change
	ln "$FILES/etc/file" "$FILES/etc/hard"
	insula template import a "$FILES"
	root=$(root_of a)
	cp -a "$root" "$BATS_TEST_TMPDIR/before"
	insula template check a
	for change in 'echo 0ne >etc/file' 'chmod 4644 etc/file' 'chown 1 etc/file' 'ln -sf fiel etc/link' 'rm etc/hard' \
		'touch new' 'chmod 700 .' 'mv etc/file etc/elif' 'mknod etc/new c 0 0'; do
		(cd "$root" && eval "$change")
		run -1 insula template check a
		has 'was changed'
		rm -rf "$root"
		cp -a "$BATS_TEST_TMPDIR/before" "$root"
		insula template check a
	done
}

@test 'a changed image is not used' {
	insula template build busybox
	echo x >>"$(root_of busybox)/etc/passwd"
	run -1 insula spawn "$P" --template busybox --net none -- sleep 1000
	has 'was changed'
}

@test 'a changed directory image is not used, and one that is made again is whole' {
	local image
	insula template build busybox
	image=$LIBRARY/images/$(image_of busybox)
	detached spawn "$P-a" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ]
	rm "$STATE/.images/"*.checked
	echo X >>"$image/root/etc/passwd"
	run -1 insula spawn "$P-b" --template busybox --net none -- sleep 1000
	has 'was changed'
	has 'make the template again'
	insula template build busybox
	insula template check busybox
	detached spawn "$P-b" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ] || die "$output"
	run -0 insula exec "$P-b" cat /etc/passwd
	hasnt X
	# Who runs on what was damaged goes on.
	run -0 insula exec "$P-a" tail -n 1 /etc/passwd
	is X
	# But nobody is given it.
	[ -d "$image/root.damaged" ]
	insula export --with-image "$P-b" >"$BATS_TEST_TMPDIR/whole.tar"
	run -0 tar -tf "$BATS_TEST_TMPDIR/whole.tar"
	hasnt damaged
	run -0 insula import "$P-c" <"$BATS_TEST_TMPDIR/whole.tar"
	insula remove "$P-c"
	rm "$image/image.json"
	insula template build busybox
	insula template check busybox
	insula remove --force "$P-a" "$P-b"
	insula template remove busybox
	nothing_left
}

# --- erofs -------------------------------------------------------------------------------------------

@test 'an erofs template is mounted once for all partitions, from the file' {
	skip_unless 'mkfs.erofs is not there' command -v mkfs.erofs
	skip_unless 'this kernel has no erofs' grep -q erofs /proc/filesystems
	insula template build busybox --erofs
	[ "$(insula template show --json busybox | jq -r .kind)" = erofs ]
	[ -f "$LIBRARY/images/$(image_of busybox)/root.erofs" ]
	insula template build busybox --erofs --name again
	[ "$(image_of busybox)" = "$(image_of again)" ]
	detached spawn "$P-a" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ]
	detached spawn "$P-b" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ]
	run -0 insula exec "$P-b" cat /etc/os-release
	is NAME=busybox
	[ "$(grep -c "$STATE/.images/" /proc/self/mountinfo)" = 1 ]
	insula remove --force "$P-a" "$P-b"
	insula template remove busybox again
	[ "$(grep -c "$STATE/.images/" /proc/self/mountinfo)" = 0 ]
	nothing_left
}

@test 'of several templates to be removed or checked, one that is not there does not stop the rest' {
	insula template import a "$(base_rootfs)"
	insula template import b "$(base_rootfs)"
	run -1 insula template check a nope b
	has 'nope: '
	has '1 of 3 failed'
	run -1 insula template remove a nope b
	has 'nope: '
	run -0 insula template list --quiet
	is ''
}

# Its digest is the one that the kernel would have computed; here it is not known to have fs-verity.
@test 'a changed erofs image is not used, and one that is made again is whole' {
	local image digest change
	skip_unless 'mkfs.erofs is not there' command -v mkfs.erofs
	insula template build busybox --erofs
	insula template check busybox
	image=$LIBRARY/images/$(image_of busybox)
	digest=$(jq -r .digest "$image/image.json")
	for change in 'printf X | dd of=root.erofs bs=1 seek=5000 conv=notrunc' 'truncate -s +4096 root.erofs' ': >root.erofs'; do
		# A file that has fs-verity cannot be changed, but another may be put there.
		(cd "$image" && cp root.erofs new && mv new root.erofs && eval "$change") 2>/dev/null
		run -1 insula spawn "$P" --template busybox --net none -- sleep 1000
		has 'was changed'
		has 'make the template again'
		run -1 insula template check busybox
		insula template build busybox --erofs
		insula template check busybox
	done
	sed -i "s/$digest/${digest%????????}00000000/" "$image/image.json"
	run -1 insula template check busybox
	has 'was changed'
	sed -i "s/sha256:[0-9a-f]*/sha256:${digest//[0-9]/a}/" "$image/image.json"
	run -1 insula template check busybox
	has 'no digest that fits'
	insula remove --force --all
	insula template remove busybox
	nothing_left
}

# --- names -------------------------------------------------------------------------------------------

@test 'an image goes with its last template and its last partition' {
	insula template build busybox
	insula template build busybox --name other
	local image
	image=$(image_of busybox)
	insula spawn "$P" --template busybox --net none --no-start -- true
	insula template remove busybox other
	[ -d "$LIBRARY/images/$image" ]
	run -0 insula template list --quiet
	is ''
	[ "$(insula template list --json | jq -r '.[0] | .name, .image' | xargs)" = "null $image" ]
	run -1 insula template remove busybox
	has 'no template "busybox"'
}

@test 'wrong words and names' {
	run -1 insula template
	run -1 insula template melt a
	has 'unknown word'
	run -1 insula template import a
	has 'insula template import NAME'
	run -1 insula template import ../a "$FILES"
	has 'is no name for a template'
	run -1 insula template show nonesuch
	has 'no template "nonesuch"'
	run -0 insula template list --json
	is '[]'
}
