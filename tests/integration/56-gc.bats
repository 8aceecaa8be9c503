#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What killed commands leave, and who takes it away.

load helpers

setup() {
	insula_setup
	LIBRARY=$BATS_TEST_TMPDIR/library
	NAME=gc-$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	insula template import busybox "$(base_rootfs)"
	IMAGE=$(basename "$(readlink "$LIBRARY/templates/busybox")")
}

teardown() {
	insula remove --force "$NAME" >/dev/null 2>&1 || :
	insula_teardown
}

insula() {
	"$INSULA" --root "$STATE" --library "$LIBRARY" "$@" 3>&-
}

spawned() {
	insula spawn "$NAME" --template busybox --net none "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
}

is_now() {
	[ "$(insula show --json "$NAME" | jq -r '.[0].status')" = "$1" ]
}

runs() {
	is_now running
}

@test 'a library in order has nothing to be taken away' {
	spawned sleep 1000
	run -0 insula gc
	is ''
	runs
}

@test 'what is half made or half removed goes, with its number' {
	mkdir -p "$LIBRARY/partitions/.lost/own/upper" "$LIBRARY/layers/.0123" "$LIBRARY/images/.4567"
	ln -s lost "$LIBRARY/numbers/77"
	run -0 insula gc
	is $'directory partitions/.lost\ndirectory images/.4567\ndirectory layers/.0123\nnumber 77'
	[ -z "$(find "$LIBRARY"/{partitions,numbers,layers} -mindepth 1)" ]
	run -0 insula gc
	is ''
}

@test '--dry-run takes nothing away, --json is an array' {
	mkdir "$LIBRARY/partitions/.lost"
	run -0 insula gc --dry-run
	is 'directory partitions/.lost'
	run -0 insula gc --dry-run --json
	[ "$(jq -r '.[0].kind + " " + .[0].name' <<<"$output")" = 'directory partitions/.lost' ]
	[ -d "$LIBRARY/partitions/.lost" ]
	run -0 insula gc
	run -0 insula gc --json
	is '[]'
}

@test 'what somebody is at work on stays' {
	mkdir "$LIBRARY/partitions/.held"
	ln -s held "$LIBRARY/numbers/77"
	exec 8<"$LIBRARY/partitions/.held"
	flock 8
	run -0 insula gc
	is ''
	exec 8<&-
	run -0 insula gc
	is $'directory partitions/.held\nnumber 77'
}

@test 'a number that leads to a partition with another one goes' {
	spawned sleep 1000
	ln -s "$NAME" "$LIBRARY/numbers/77"
	run -0 insula gc
	is 'number 77'
	runs
}

@test 'layers and images without anybody go, those that are needed stay' {
	mkdir "$LIBRARY/layers/00000000000000aa" "$LIBRARY/images/00000000000000bb"
	spawned sleep 1000
	rm "$LIBRARY/templates/busybox"
	run -0 insula gc
	is $'layer 00000000000000aa\nimage 00000000000000bb'
	[ -d "$LIBRARY/images/$IMAGE/root" ]
	# With the last one it goes by itself.
	run -0 insula remove --force "$NAME"
	[ ! -e "$LIBRARY/images/$IMAGE" ]
	run -0 insula gc
	is ''
}

@test 'while a partition cannot be read, what it may need stays' {
	spawned --no-start
	mkdir "$LIBRARY/layers/00000000000000aa"
	mv "$LIBRARY/partitions/$NAME/state.json" "$BATS_TEST_TMPDIR/kept"
	echo '{' >"$LIBRARY/partitions/$NAME/state.json"
	run -1 insula gc
	has "$NAME"
	[ -d "$LIBRARY/layers/00000000000000aa" ]
	cp "$BATS_TEST_TMPDIR/kept" "$LIBRARY/partitions/$NAME/state.json"
	run -0 insula gc
	is 'layer 00000000000000aa'
}

@test 'the container of a partition whose program has ended goes' {
	spawned true
	wait_for 5 is_now stopped
	if [ -e "$STATE/$NAME" ]; then
		run -0 insula gc
		is "container $NAME"
	fi
	[ ! -e "$STATE/$NAME" ]
	insula start "$NAME" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
}

@test 'the container of a partition that is gone is ended' {
	spawned sleep 1000
	mv "$LIBRARY/partitions/$NAME" "$LIBRARY/partitions/.$NAME"
	run -0 insula gc
	[ "${lines[0]}" = "container $NAME" ]
	[ "${lines[1]}" = "directory partitions/.$NAME" ]
	run -0 insula gc
	is ''
}

@test 'a bundle that a killed command has left goes, that of one that runs stays' {
	spawned sleep 1000
	mkdir -p "$STATE/.bundles/$NAME-lost/rootfs"
	: >"$STATE/.bundles/$NAME-lost/wanted"
	run -0 insula gc
	is "bundle $NAME-lost"
	[ ! -e "$STATE/.bundles/$NAME-lost" ]
	[ -e "$STATE/.bundles/$NAME/config.json" ]
	insula remove --force "$NAME"
}

@test 'containers that are no partitions are left alone' {
	stopped box
	run -0 insula gc
	is ''
	[ -e "$STATE/box" ]
}

@test 'spawn of a name takes over what a killed one has left, and its number' {
	spawned --no-start
	number=$(insula show --json "$NAME" | jq '.[0].number')
	mv "$LIBRARY/partitions/$NAME" "$LIBRARY/partitions/.$NAME"
	spawned --no-start
	[ "$(insula show --json "$NAME" | jq '.[0].number')" = "$number" ]
	[ ! -e "$LIBRARY/partitions/.$NAME" ]
	run -0 insula gc
	is ''
}

@test 'two commands that make the same partition: one is refused' {
	mkdir "$LIBRARY/partitions/.$NAME"
	exec 8<"$LIBRARY/partitions/.$NAME"
	flock 8
	run -1 insula spawn "$NAME" --template busybox
	has "another command is making or removing a partition \"$NAME\""
	exec 8<&-
	run -0 insula gc
}

@test 'a set that was killed in the middle is settled by gc, and by the next command for its partition' {
	spawned sleep 1000
	local marker=$LIBRARY/partitions/$NAME/changing
	: >"$marker"
	run -0 insula gc --dry-run
	is "change partitions/$NAME"
	[ -e "$marker" ]
	run -0 insula gc
	is "change partitions/$NAME"
	[ ! -e "$marker" ]
	: >"$marker"
	run -0 insula set "$NAME" --comment x
	[ ! -e "$marker" ]
	run -0 insula gc
	is ''
}

# In another mount namespace the same path is another directory: what has its mark there is somebody else's.
@test 'the cgroups of another mount namespace, of the same path, are not ours' {
	local other
	mkdir "$BATS_TEST_TMPDIR/same"
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		mount -t tmpfs none "$1/same"
		insula() { "$INSULA" --log-level error --root "$1/same/state" --library "$1/same/library" "${@:2}"; }
		insula "$1" template import busybox "$3" >/dev/null
		insula "$1" spawn "$2" --template busybox --net none -- sleep 1000
		: >"$1/ready"
		until [ -e "$1/end" ]; do sleep 0.1; done
		insula "$1" list | grep -q "^$2 .*running" && echo runs
		insula "$1" remove --force "$2"
	END
	unshare --mount bash -e "$BATS_TEST_TMPDIR/script" "$BATS_TEST_TMPDIR" "$NAME" "$(base_rootfs)" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	other=$!
	wait_for 20 test -e "$BATS_TEST_TMPDIR/ready"
	run unshare --mount bash -ec 'mount -t tmpfs none "$1/same"
		insula() { "$INSULA" --log-level error --root "$1/same/state" --library "$1/same/library" "${@:2}"; }
		insula "$1" template import busybox "$3" >/dev/null
		insula "$1" gc
		insula "$1" spawn "$2" --template busybox --net none -- sleep 1000 && exit 1
		insula "$1" remove --force "$2" || :' - "$BATS_TEST_TMPDIR" "$NAME" "$(base_rootfs)"
	: >"$BATS_TEST_TMPDIR/end"
	wait "$other"
	[ "$status" -eq 0 ] || die "$output"
	has "container's cgroup is not empty"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = runs ] || die "$(cat "$BATS_TEST_TMPDIR/out")"
}
