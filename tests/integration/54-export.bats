#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Partitions as archives, and archives that mean harm.

load helpers

setup() {
	insula_setup
	LIBRARY=$STATE/.library
	P=p$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	TAR=$BATS_TEST_TMPDIR/partition.tar
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	[ -z "$(ls -A "$LIBRARY/layers")" ] || die "layers are left: $(ls -A "$LIBRARY/layers")"
	insula_teardown
}

spawned() {
	detached spawn "$P" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ] || die "spawn: $output"
}

started() {
	detached start "$1"
	[ "$status" -eq 0 ] || die "start $1: $output"
}

# nothing_in LIBRARY: no partition, nor anything that one has.
nothing_in() {
	local left
	left=$(find "$1"/{layers,partitions,numbers} -mindepth 1 -maxdepth 1)
	[ -z "$left" ] || die "left: $left"
}

# other ARGS: insula with another library.
other() {
	"$INSULA" --root "$STATE" --library "$BATS_TEST_TMPDIR/other" "$@" 3>&-
}

@test 'a partition comes back out of its archive with its snapshots' {
	spawned
	insula exec "$P" sh -ec 'mkdir /a /a/b; echo 1 >/a/f; echo 2 >/a/b/g; mv /usr /usr2; rm /etc/group
		ln /a/f /a/h; chmod 4751 /a/f; ln -s nowhere /link; mkfifo /pipe
		dd if=/dev/zero of=/holes bs=1 count=1 seek=10000000 2>/dev/null'
	insula snapshot "$P" one
	insula exec "$P" sh -ec 'mv /a/b /c; rm -r /a; mkdir /a; echo new >/f'
	insula export "$P" >"$TAR"
	[ "$(stat -c %s "$TAR")" -lt 1000000 ]
	insula import "$P-b" "$TAR"
	started "$P-b"
	run -0 insula exec "$P-b" sh -c 'ls -A /a; cat /c/g /f; ls /usr2; ls /etc/group 2>&1 || :'
	is "2
new
bin
sbin
ls: /etc/group: No such file or directory"
	[ "$(insula snapshot "$P-b" --list --json | jq -r '.[].name')" = one ]
	insula rollback --restart "$P-b" one
	run -0 insula exec "$P-b" sh -c 'cat /a/f /a/b/g; stat -c "%a %h" /a/f; readlink /link; [ -p /pipe ]; du -k /holes; ls -d /usr /usr2 2>/dev/null || :'
	is "1
2
4751 2
nowhere
4	/holes
/usr2"
	[ "$(insula show --definition "$P-b")" = "$(insula show --definition "$P")" ]
	# The first one has gone on meanwhile.
	run -0 insula exec "$P" cat /f
	is new
}

@test 'elsewhere it needs the image, or brings it along' {
	spawned
	insula exec "$P" sh -c 'echo mine >/f'
	insula stop "$P"
	insula export "$P" --output "$TAR"
	run -1 insula export "$P" --output "$TAR"
	[[ $output == *'File exists'* ]]
	run -1 other import "$P-b" "$TAR"
	[[ $output == *'the image '*'template "busybox"'*'--with-image'* ]]
	nothing_in "$BATS_TEST_TMPDIR/other"
	insula export --with-image "$P" >"$TAR.whole"
	run -0 other import "$P-b" <"$TAR.whole"
	[ "$(cat "$BATS_TEST_TMPDIR"/other/layers/*/f)" = mine ]
	# Not unseen: the next one may be spawned of it.
	has 'template "busybox"'
	[ "$(other template list --json | jq -r '.[].name')" = busybox ]
	other remove "$P-b"
	nothing_in "$BATS_TEST_TMPDIR/other"
}

@test 'an image that is not what it says is not taken' {
	spawned
	insula export --with-image "$P" >"$TAR"
	mkdir "$BATS_TEST_TMPDIR/changed"
	tar -C "$BATS_TEST_TMPDIR/changed" -xf "$TAR" 2>/dev/null
	echo evil >>"$BATS_TEST_TMPDIR/changed/image/root/etc/group"
	tar -C "$BATS_TEST_TMPDIR/changed" -cf "$TAR" state.json definition.json image layers
	run ! other import "$P-b" "$TAR"
	[[ $output == *'was changed'* ]]
	nothing_in "$BATS_TEST_TMPDIR/other"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/other/images")" ]
}

# claim_digest DIRECTORY: an archive of it, whose image has the digest that it says, if insula tells which that is.
claim_digest() {
	local digest said
	jq '.image = "0000000000000000" | .layers = []' "$1/state.json" >"$1/new"
	mv "$1/new" "$1/state.json"
	jq '.digest = "sha256:" + "0" * 64' "$1/image/image.json" >"$1/new"
	mv "$1/new" "$1/image/image.json"
	tar -C "$1" -cf "$TAR" state.json definition.json image
	said=$("$INSULA" --root "$STATE" --library "$BATS_TEST_TMPDIR/learn" import learn "$TAR" 2>&1) || :
	digest=$(grep -o 'it is sha256:[0-9a-f]*' <<<"$said") || return 0
	digest=${digest#*sha256:}
	sed -i "s/0000000000000000/${digest:0:16}/" "$1/state.json"
	sed -i "s/sha256:0*/sha256:$digest/" "$1/image/image.json"
	tar -C "$1" -cf "$TAR" state.json definition.json image
}

# hostile KIND: an archive like that of a partition, with one thing in it that does not belong.
hostile() {
	python3 - "$1" "$TAR" "$(basename "$LIBRARY"/images/*)" <<'END'
import io, json, sys, tarfile

kind, path, image = sys.argv[1:]
layer = "0123456789abcdef"
state = {"number": 1, "image": image, "made": "2026-01-01T00:00:00Z",
         "layers": [layer], "snapshots": []}
definition = {"template": "busybox", "net": "none"}
tar = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)

def add(name, type=tarfile.REGTYPE, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = type, len(data), 0o755
    for key, value in more.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))

def link(name, target, type=tarfile.SYMTYPE):
    add(name, type, linkname=target)

inside = "layers/" + layer + "/"
if kind == "state-id":
    state["layers"] = ["../../../../../etc"]
elif kind == "state-missing":
    state["layers"] = [layer, "fedcba9876543210"]
elif kind == "state-many":
    state["layers"] = [layer] * 200
elif kind == "state-twice":
    state["layers"] = [layer, layer]
elif kind == "snapshot-twice":
    state["snapshots"] = [{"name": "x", "made": "2026", "layers": []}] * 2
elif kind == "snapshot-name":
    state["snapshots"] = [{"name": "../x", "made": "2026", "layers": []}]
elif kind == "snapshot-made":
    state["snapshots"] = [{"name": "x", "made": "\"}\u001b[1m", "layers": []}]
elif kind == "definition":
    definition["nonsense"] = "1"
if kind == "state-link":
    link("state.json", "/etc/hostname")
else:
    add("state.json", data=json.dumps(state).encode())
add("definition.json", data=json.dumps(definition).encode())
if kind == "layer-link":
    link("layers/" + layer, "/etc")
elif kind == "image-link":
    link("image", "/")
else:
    add("layers/" + layer, tarfile.DIRTYPE)
if kind == "up":
    add(inside + "../../../evil", data=b"x")
elif kind == "absolute":
    add("/tmp/insula-evil", data=b"x")
elif kind == "elsewhere":
    add("evil", data=b"x")
elif kind == "through-link":
    link(inside + "d", "/tmp")
    add(inside + "d/insula-evil", data=b"x")
elif kind == "hard-link":
    link(inside + "f", "/etc/passwd", tarfile.LNKTYPE)
elif kind == "hard-link-state":
    link(inside + "f", "state.json", tarfile.LNKTYPE)
elif kind == "owner":
    add(inside + "f", uid=65536)
elif kind == "size":
    add(inside + "f", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
        "GNU.sparse.name": inside + "f", "GNU.sparse.realsize": str(1 << 50)}, data=b"0\n".ljust(512, b"\0"))
elif kind == "device":
    add(inside + "sda", tarfile.BLKTYPE, devmajor=8, devminor=0)
    add(inside + "whiteout", tarfile.CHRTYPE)
    add(inside + "null", tarfile.CHRTYPE, devmajor=1, devminor=3)
elif kind == "xattr":
    bad = {"trusted.overlay.metacopy": "", "trusted.overlay.redirect": "/../../etc",
           "trusted.overlay.origin": "x", "user.overlay.opaque": "y", "security.selinux": "x",
           "trusted.other": "x", "user.mine": "kept"}
    add(inside + "d", tarfile.DIRTYPE, pax_headers={"SCHILY.xattr." + k: v for k, v in bad.items()})
    good = {"trusted.overlay.redirect": "/etc", "trusted.overlay.opaque": "y"}
    add(inside + "e", tarfile.DIRTYPE, pax_headers={"SCHILY.xattr." + k: v for k, v in good.items()})
tar.close()
END
}

@test 'archives that mean harm are refused, and leave nothing' {
	local kind
	for kind in state-id state-missing state-many state-twice snapshot-twice snapshot-name snapshot-made definition \
		state-link layer-link image-link up absolute elsewhere through-link hard-link hard-link-state owner size; do
		hostile $kind
		run -1 insula import "$P" "$TAR"
		[ "$output" ] || die "$kind: no words"
		[[ $output != *$'\e'* ]]
		run ! test -e /tmp/insula-evil
		nothing_in "$LIBRARY"
	done
	hostile harmless
	insula import "$P" "$TAR"
}

@test 'devices and foreign attributes do not come along, what an overlay needs does' {
	hostile device
	insula import "$P" "$TAR"
	run -0 find "$LIBRARY"/layers/*/ -mindepth 1 -printf '%P %y\n'
	is 'whiteout c'
	[ "$(stat -c %t:%T "$LIBRARY"/layers/*/whiteout)" = 0:0 ]
	insula remove "$P"
	hostile xattr
	insula import "$P" "$TAR"
	run -0 python3 -c 'import glob, os, sys
for path in sorted(glob.glob(sys.argv[1] + "/layers/*/[de]")):
    print(os.path.basename(path), *sorted(os.listxattr(path)))' "$LIBRARY"
	is "d user.mine
e trusted.overlay.opaque trusted.overlay.redirect"
}

# The digest would be that of the one, and what a guest sees would be the other.
@test 'an image has one root' {
	local changed=$BATS_TEST_TMPDIR/changed
	spawned
	insula export --with-image "$P" >"$TAR"
	mkdir "$changed"
	tar -C "$changed" -xf "$TAR" 2>/dev/null
	: >"$changed/image/root.erofs"
	claim_digest "$changed"
	run -1 other import "$P-b" "$TAR"
	has 'root or root.erofs'
	nothing_in "$BATS_TEST_TMPDIR/other"
	[ -z "$(find "$BATS_TEST_TMPDIR"/other/{images,templates} -mindepth 1)" ]
}

@test 'how an image wants to be started is looked at' {
	local changed=$BATS_TEST_TMPDIR/changed config
	spawned
	insula export --with-image "$P" >"$TAR"
	mkdir "$changed"
	tar -C "$changed" -xf "$TAR" 2>/dev/null
	for config in '{"env":[1]}' '{"env":{"a":1}}' '{"command":"x"}' '{"command":[]}' '{"user":"x"}' '{"cwd":"x"}' '[]'; do
		jq ".config = $config" "$changed/image/image.json" >"$changed/new"
		mv "$changed/new" "$changed/image/image.json"
		claim_digest "$changed"
		run -1 other import "$P-b" "$TAR"
		has 'its config'
		nothing_in "$BATS_TEST_TMPDIR/other"
	done
}

# An erofs is taken as it is, with what its maker has put into it.
@test 'a device in the file system of an image is none' {
	local changed=$BATS_TEST_TMPDIR/changed erofs=$BATS_TEST_TMPDIR/changed/image/root.erofs
	spawned
	insula export --with-image "$P" >"$TAR"
	mkdir "$changed"
	tar -C "$changed" -xf "$TAR" 2>/dev/null
	mknod -m 666 "$changed/image/root/device" c 1 3
	skip_unless 'mkfs.erofs is not installed' mkfs.erofs --quiet "$erofs" "$changed/image/root"
	skip_unless 'the kernel has no erofs' grep -qw erofs /proc/filesystems
	rm -r "$changed/image/root"
	jq '.kind = "erofs"' "$changed/image/image.json" >"$changed/new"
	mv "$changed/new" "$changed/image/image.json"
	claim_digest "$changed"
	run -0 insula import "$P-b" "$TAR"
	started "$P-b"
	run insula exec "$P-b" sh -c 'grep -c "^[^ ]* / [^ ]* [^ ]*nodev" /proc/mounts; : <>/device'
	insula remove --force --all
	insula gc
	[ "$status" -ne 0 ]
	[ "${lines[0]}" = 1 ]
	has 'Permission denied'
}

# Of 8 EiB, if the library's file system has so large ones.
@test 'a file that is one hole does not hold up an export' {
	spawned
	insula stop "$P"
	truncate -s 16G "$LIBRARY/partitions/$P/own/upper/hole"
	truncate -s 16T "$LIBRARY/partitions/$P/own/upper/hole" || :
	truncate -s 7E "$LIBRARY/partitions/$P/own/upper/hole" || :
	run -0 timeout 2 "$INSULA" --root "$STATE" export "$P" --output "$TAR"
	[ "$(stat -c %s "$TAR")" -lt 1000000 ]
}

@test 'what is no archive, or half of one, is refused' {
	spawned
	insula export --with-image "$P" >"$TAR"
	head -c 20000 "$TAR" >"$TAR.half"
	run -1 insula import "$P-b" "$TAR.half"
	run -1 insula import "$P-b" <<<'hello'
	run -1 insula import "$P-b" </dev/null
	run -1 insula import "$P" "$TAR"
	[[ $output == *'already'* ]]
	run -1 script -qec "$INSULA --root $STATE export $P" /dev/null
	[[ $output == *'terminal'* ]]
	[ "$(ls "$LIBRARY/partitions")" = "$P" ]
}

@test 'an export that cannot be written to its end says why' {
	spawned
	# libarchive loses its buffer when a write has failed.
	export ASAN_OPTIONS=detect_leaks=0
	run -1 bash -c '"$@" | head -c 10 >/dev/null; exit "${PIPESTATUS[0]}"' - \
		"$INSULA" --root "$STATE" export --with-image "$P"
	one_line
	has 'the archive is not whole: who reads it has gone before its end'
	run -0 insula export --output "$BATS_TEST_TMPDIR/file" "$P"
	insula remove --force "$P"
	run -0 insula import <"$BATS_TEST_TMPDIR/file"
	is "$P: made"
	run -1 insula import <"$BATS_TEST_TMPDIR/file"
	has "there is a partition \"$P\" already"
	run -1 insula export --output "$BATS_TEST_TMPDIR/file" "$P"
	has 'File exists'
	ls "$BATS_TEST_TMPDIR"/file?*partial && die 'half an archive is left'
	run -1 bash -c '"$@" >/dev/full' - "$INSULA" --root "$STATE" export "$P"
	one_line
	has 'the archive is not whole'
	has 'No space left on device'
}

@test 'what lies where an archive is to come is left alone, and two at once do not mix' {
	local file=$BATS_TEST_TMPDIR/file pids=()
	spawned
	echo mine >"$file.partial"
	mkfifo "$file.XXXXXX.partial"
	run -0 timeout 20 "$INSULA" --root "$STATE" --library "$LIBRARY" export --output "$file" "$P" 3>&-
	[ "$(cat "$file.partial")" = mine ]
	[ "$(stat -c %a "$file")" = 600 ]
	ln -s /nowhere "$file.link"
	run -1 insula export --output "$file.link" "$P"
	has 'File exists'
	for i in 1 2 3; do
		(insula export --output "$file.both" "$P" 2>/dev/null && echo done >>"$file.done" || :) 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat "$file.done")" = done ]
	tar -tf "$file.both" >/dev/null
}

@test 'what no import would take is not exported either' {
	spawned
	insula exec "$P" sh -c 'i=0; while [ $i -lt 130 ]; do mkdir d; cd d; i=$((i + 1)); done'
	run -1 insula export "$P" --output "$TAR"
	one_line
	has 'deeper than 128 directories'
	[ ! -e "$TAR" ]
	insula exec "$P" sh -c 'rm -r /d; dd if=/dev/zero of=/holes bs=1 count=1 seek=70G 2>/dev/null'
	run -1 insula export "$P" --output "$TAR"
	one_line
	has 'more than 64 GiB together, their holes included'
	[ ! -e "$TAR" ]
	insula exec "$P" rm /holes
	insula export "$P" --output "$TAR"
}

@test 'an archive that wants another address, a group or an init is not started unseen' {
	local words
	for words in '--address 198.51.100.7' '--group shop' '--boot'; do
		# shellcheck disable=SC2086 # an option and its value
		insula spawn "$P" --template busybox --no-start $words
		insula export "$P" >"$BATS_TEST_TMPDIR/archive.tar"
		insula remove "$P"
		run -1 insula import --start "$P" "$BATS_TEST_TMPDIR/archive.tar"
		has 'it is there, but not started'
		[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
		insula remove "$P"
	done
}

@test 'an archive that reaches for the host is not started unseen' {
	insula spawn "$P" --template busybox --net none --no-start --mount /etc:/mnt:ro -- sleep 1000
	insula export "$P" >"$BATS_TEST_TMPDIR/archive.tar"
	insula remove "$P"
	run -1 insula import --start "$P" "$BATS_TEST_TMPDIR/archive.tar"
	has 'it is there, but not started'
	has 'mount /etc:/mnt:ro'
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
}
