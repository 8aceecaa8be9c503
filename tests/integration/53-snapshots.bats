#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Snapshots of partitions, the way back to one, and clones.

load helpers

setup() {
	insula_setup
	LIBRARY=$STATE/.library
	P=p$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	insula template import busybox "$(base_rootfs)"
	detached spawn "$P" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ] || die "spawn: $output"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	[ -z "$(ls -A "$LIBRARY/layers")" ] || die "layers are left: $(ls -A "$LIBRARY/layers")"
	insula_teardown
}

inside() {
	insula exec "$P" sh -ec "$1"
}

layers() {
	find "$LIBRARY/layers" -mindepth 1 -maxdepth 1 | wc -l
}

# attributes DIR: the extended attributes of all that is in it.
attributes() {
	python3 - "$1" <<'END'
import os, sys
for directory, names, files in os.walk(sys.argv[1]):
    for name in sorted(names + files + ["."]):
        path = os.path.join(directory, name)
        for key in sorted(os.listxattr(path, follow_symlinks=False)):
            print(os.path.relpath(path, sys.argv[1]), key, os.getxattr(path, key, follow_symlinks=False))
END
}

# --- snapshots -------------------------------------------------------------------------------------

@test 'what overlayfs notes in an upper holds in a layer: renames, removals, opaque directories' {
	inside 'mkdir /a /a/b; echo 1 >/a/f; echo 2 >/a/b/g; mv /usr /usr2; rm /etc/group'
	insula stop "$P"
	insula snapshot "$P" one
	detached start "$P"
	# Now /a is in a layer: renamed it is a redirect, removed a whiteout, made again opaque.
	inside 'mv /a/b /c; rm /a/f; rm -r /a; mkdir /a; mv /usr2 /usr3'
	insula stop "$P"
	insula snapshot "$P" two
	detached start "$P"
	run -0 inside 'ls -A /a; cat /c/g; ls -d /usr*; ls /etc/group 2>&1 || :'
	is "2
/usr3
ls: /etc/group: No such file or directory"
	run -0 inside 'ls /usr3'
	[ "$output" ]
}

@test 'of a partition that does not run nothing is copied' {
	inside 'echo mine >/f'
	insula stop "$P"
	local inode
	inode=$(stat -c %i "$LIBRARY/partitions/$P/own/upper/f")
	insula snapshot "$P" one
	[ "$(stat -c %i "$LIBRARY"/layers/*/f)" = "$inode" ]
	[ -z "$(ls -A "$LIBRARY/partitions/$P/own/upper")" ]
	# The second of the same has no layer of its own.
	insula snapshot "$P" same
	[ "$(layers)" -eq 1 ]
}

@test 'a copy is whole: links, holes, modes, times, pipes, attributes of files' {
	inside 'echo x >/f; ln /f /g; chmod 4751 /f; mkfifo /pipe; ln -s /nowhere /link
		dd if=/dev/zero of=/holes bs=1 count=1 seek=10000000 2>/dev/null
		mkdir -m 1777 /d; touch -d "2001-02-03 04:05:06" /d/old /d; rm /etc/group; : >/empty'
	local upper=$LIBRARY/partitions/$P/own/upper
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "security.capability",
	bytes.fromhex("0100000200040000000000000000000000000000"))' "$upper/empty"
	insula snapshot "$P" one
	local layer
	layer=$(echo "$LIBRARY"/layers/*)
	# What is gone has one inode in all, which overlayfs has a name for, too.
	local list='find . -type c -printf "%p %y %T+\n" -o -printf "%p %y %m %n %U:%G %s %l %T+\n" | sort'
	diff <(cd "$upper" && eval "$list") <(cd "$layer" && eval "$list")
	diff <(attributes "$upper") <(attributes "$layer")
	attributes "$layer" | grep -q security.capability
	[ "$layer/f" -ef "$layer/g" ]
	[ "$(stat -c %t:%T "$layer/etc/group")" = 0:0 ]
	[ "$(du -k "$layer/holes" | cut -f 1)" -lt 100 ]
	[ "$(ls -A "$LIBRARY/layers")" = "${layer##*/}" ]
}

@test 'one that runs is frozen only as long as it is copied, and stays so if somebody else has frozen it' {
	inside 'echo 1 >/f'
	insula snapshot "$P" one
	run -0 inside 'echo 2 >/f; cat /f'
	is 2
	insula pause "$P"
	insula snapshot "$P" two
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = paused ]
	insula resume "$P"
	insula stop "$P"
	insula rollback "$P" one
	detached start "$P"
	run -0 inside 'cat /f'
	is 1
}

# frozen_by_snapshot: begin one, of a lot, and wait until the partition is held.
frozen_by_snapshot() {
	inside 'mkdir -p /d; i=0; while [ $i -lt 400 ]; do echo $i >/d/$i; i=$((i + 1)); done'
	timeout 60 strace -f -o /dev/null -e trace=fchownat -e inject=fchownat:delay_enter=10000 \
		"$INSULA" --root "$STATE" --library "$LIBRARY" snapshot "$P" one >/dev/null 2>&1 3>&- &
	SNAPSHOT=$!
	wait_for 10 eval '[ "$(insula show --json "$P" | jq -r '.[0].status')" = paused ]'
}

@test 'who lets a partition go on waits for the end of a snapshot, and who executes in it, too' {
	skip_unless 'strace does not work here' strace -f -o /dev/null "$INSULA" --version
	local begun
	frozen_by_snapshot
	begun=$SECONDS
	run -0 insula exec "$P" echo here
	is here
	wait "$SNAPSHOT"
	[ $((SECONDS - begun)) -ge 1 ] || die 'the snapshot was too short to see anything'
	insula snapshot "$P" --remove one
	frozen_by_snapshot
	run -1 insula thaw "$P"
	has 'is running'
	wait "$SNAPSHOT"
	insula snapshot "$P" --remove one
	frozen_by_snapshot
	run -0 insula thaw --all
	wait "$SNAPSHOT"
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
	insula snapshot "$P" --remove one
	frozen_by_snapshot
	insula freeze --all
	wait "$SNAPSHOT"
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = paused ]
	insula thaw "$P"
}

@test 'a snapshot or a clone that cannot be written down leaves no layer' {
	skip_unless 'strace does not work here' strace -f -o /dev/null "$INSULA" --version
	inside 'echo 1 >/f'
	for verb in snapshot clone; do
		run ! timeout 20 strace -f -o /dev/null -e trace=renameat -e inject=renameat:error=ENOSPC \
			"$INSULA" --root "$STATE" --library "$LIBRARY" "$verb" "$P" other
		has 'No space left on device' || die "$verb"
		[ "$(layers)" = 0 ] || die "$verb leaves a layer"
	done
	run -0 insula list --quiet
	is "$P"
}

@test 'whatever deep a guest has made its directories, they are copied' {
	inside 'i=0; while [ $i -lt 100 ]; do mkdir d; cd d; i=$((i + 1)); done; echo deep >f'
	# Deeper than a path can be: put together from pieces, by one who moves the old ones into new ones.
	inside 'j=0; while [ $j -lt 30 ]; do mkdir -p /n/$j; mv /d /n/$j/; mv /n/$j /d; j=$((j + 1)); done'
	insula snapshot "$P" one
	inside 'rm -r /d' || :
	insula rollback --restart "$P" one
	run -0 inside 'find /d | wc -l'
	[ "$output" -gt 100 ]
}

@test 'snapshots are listed, and removed with what only they have' {
	run -0 insula snapshot "$P" --list --json
	is '[]'
	run -0 insula snapshot "$P" --list
	has LAYERS
	inside 'echo 1 >/f'
	insula snapshot "$P" one
	inside 'echo 2 >/f'
	insula snapshot "$P" two
	[ "$(insula snapshot "$P" --list --json | jq -r '[.[].name] | join(" ")')" = 'one two' ]
	[ "$(layers)" -eq 2 ]
	run -1 insula snapshot "$P" two
	[[ $output == *"has a snapshot \"two\" already"* ]]
	run -1 insula snapshot "$P" --remove three
	is "insula: partition \"$P\" has no snapshot \"three\" (there are: one, two)"
	insula snapshot "$P" --remove one
	[ "$(insula snapshot "$P" --list --json | jq length)" -eq 1 ]
	[ "$(layers)" -eq 1 ]
}

@test 'several partitions at once: by pattern, by range, all' {
	detached spawn "$P-{2..3}" --template busybox --net none -- sleep 1000
	[ "$status" -eq 0 ] || die "spawn: $output"
	insula stop --all
	insula snapshot "$P" "$P-*" nightly
	run -0 insula snapshot --list --all --json
	[ "$(jq -r '[.[] | .partition + "=" + .name] | sort | join(" ")' <<<"$output")" = \
		"$P-2=nightly $P-3=nightly $P=nightly" ]
	detached start --all
	local name
	for name in "$P" "$P-2" "$P-3"; do
		insula exec "$name" touch /later
	done
	# One that has no such snapshot does not keep the others.
	insula snapshot "$P-3" --remove nightly
	detached rollback --restart --all nightly
	[ "$status" -eq 1 ]
	has "$P-3: partition \"$P-3\" has no snapshot \"nightly\""
	has '1 of 3 failed'
	run -1 insula exec "$P" ls /later
	run -1 insula exec "$P-2" ls /later
	insula exec "$P-3" ls /later
	run -1 insula snapshot --all "$P" two
	is "insula: --all and the name \`$P\` exclude each other"
	run -1 insula snapshot "$P"
	is 'insula: the name of the snapshot is missing'
	run -1 insula rollback --all
	is 'insula: the name of the snapshot is missing'
	run -1 insula snapshot 'no*' two
	is 'insula: nothing has a name that matches `no*`'
}

@test 'many clones of one' {
	inside 'echo 1 >/f'
	insula stop "$P"
	detached clone --start "$P" "$P-c{1..3}" "$P-d"
	[ "$status" -eq 0 ] || die "clone: $output"
	local name
	for name in "$P-c1" "$P-c2" "$P-c3" "$P-d"; do
		run -0 insula exec "$name" cat /f
		is 1
	done
	run -1 insula clone "$P" "$P-d" "$P-e"
	has "$P-d: "
	has '1 of 2 failed'
	run -0 insula show "$P-e"
	[ "$(layers)" -eq 1 ]
}

@test 'of many snapshots that are not the one that was meant as many are named as a line takes' {
	local i many
	insula stop "$P"
	many=$(printf 'n%.0s' {1..50})
	for i in {1..12}; do
		insula snapshot "$P" "$many$i"
	done
	run -1 insula rollback "$P" nn
	has "(there are: ${many}1, ${many}2, ${many}3, "
	has '…)'
}

@test 'more layers than overlayfs takes are refused with words' {
	local i
	insula stop "$P"
	for ((i = 0; i < 127; i++)); do
		echo $i >"$LIBRARY/partitions/$P/own/upper/f"
		insula snapshot "$P" s$i
	done
	detached start "$P"
	run -0 inside 'cat /f'
	is 126
	inside 'echo more >/f'
	run -1 insula snapshot "$P" more
	[[ $output == *'128 layers already'*rollback* ]]
	insula stop "$P"
	run -1 insula snapshot "$P" more
	[[ $output == *'128 layers already'* ]]
	run -1 insula clone "$P" "$P-clone"
	insula rollback "$P" s3
	detached start "$P"
	run -0 inside 'cat /f'
	is 3
}

# --- rollback --------------------------------------------------------------------------------------

@test 'rollback: the root is again what it was, and the younger snapshots stay' {
	inside 'echo 1 >/f; chmod 751 /'
	insula stop "$P"
	insula snapshot "$P" one
	detached start "$P"
	inside 'echo 2 >/f; chmod 755 /; echo new >/g'
	insula snapshot "$P" two
	run -1 insula rollback "$P" one
	[[ $output == *'is running: stop it first'* ]]
	run -1 insula rollback --restart "$P" none
	[[ $output == *'has no snapshot'* ]]
	run -0 inside 'cat /f'
	is 2
	insula rollback --restart "$P" one
	run -0 inside 'cat /f; stat -c %a /; ls /g 2>&1 || :'
	is "1
751
ls: /g: No such file or directory"
	insula rollback --restart "$P" two
	run -0 inside 'cat /f /g; stat -c %a /'
	is "2
new
755"
}

# --- clone -----------------------------------------------------------------------------------------

@test 'a clone has the files and the settings, and a life of its own' {
	inside 'echo 1 >/f'
	run -0 --separate-stderr insula set "$P" --comment 'the first' --hostname first
	run -0 insula clone "$P" "$P-running"
	[[ $output == *'hostname of partition'*'not copied'* ]]
	insula stop "$P"
	insula clone --start "$P" "$P-stopped" 2>/dev/null
	detached start "$P-running"
	detached start "$P"
	[ "$(insula show --definition "$P-running" | jq -r '"\(.comment) \(.hostname)"')" = 'the first null' ]
	[ "$(insula show --definition "$P" | jq -r .hostname)" = first ]
	[ "$(insula show --json "$P" | jq '.[0].number')" != "$(insula show --json "$P-stopped" | jq '.[0].number')" ]
	inside 'echo 2 >/f'
	run -0 insula exec "$P-running" cat /f
	is 1
	insula exec "$P-stopped" sh -c 'echo 3 >/f'
	run -0 inside 'cat /f'
	is 2
	run -1 insula clone "$P" "$P-running"
	[[ $output == *'already'* ]]
}

@test 'of those that boot each clone gets a machine id of its own' {
	inside 'mkdir -p /etc; chmod 711 /etc; echo 0123456789abcdef0123456789abcdef >/etc/machine-id; echo x >/etc/kept'
	insula stop "$P"
	insula clone --start "$P" "$P-same"
	run -0 insula exec "$P-same" cat /etc/machine-id
	is 0123456789abcdef0123456789abcdef
	insula set "$P" --boot
	# The id is in a layer below the topmost one, too.
	insula snapshot "$P" one
	insula clone --start "$P" "$P-other"
	run -0 insula exec "$P-other" sh -c 'stat -c "%s %a %u" /etc/machine-id; cat /etc/kept; stat -c %a /etc'
	is '0 444 0
x
711'
	insula start "$P"
	run -0 inside 'cat /etc/machine-id'
	is 0123456789abcdef0123456789abcdef
}

@test 'a clone of a snapshot that is not there fails, and says nothing else' {
	insula set "$P" --hostname other >/dev/null
	run -1 insula clone --snapshot nosuch "$P" "$P-b"
	is "insula: partition \"$P\" has no snapshot \"nosuch\" (there are none)"
	run -1 insula show "$P-b"
}

@test 'a clone of a snapshot copies nothing, and keeps the layers when the first one goes' {
	inside 'echo 1 >/f'
	insula snapshot "$P" one
	inside 'echo 2 >/f'
	insula clone --snapshot one "$P" "$P-b"
	[ "$(layers)" -eq 1 ]
	insula remove --force "$P"
	[ "$(layers)" -eq 1 ]
	detached start "$P-b"
	run -0 insula exec "$P-b" cat /f
	is 1
}

# --- being killed ----------------------------------------------------------------------------------

# killed N VERB…: insula is killed at its Nth call that changes a name or is about to make one last.
killed() {
	local n=$1
	shift
	timeout 20 strace -f -o /dev/null -e trace=rename,renameat,renameat2,fsync,mkdirat \
		-e inject=rename,renameat,renameat2,fsync,mkdirat:signal=KILL:when="$n" \
		"$INSULA" --root "$STATE" --library "$LIBRARY" "$@" >/dev/null 2>&1 3>&-
}

@test 'killed anywhere, a snapshot or a rollback leaves the old or the new' {
	skip_unless 'strace does not work here' strace -f -o /dev/null "$INSULA" --version
	local n ended=no
	inside 'echo 1 >/f'
	insula stop "$P"
	insula snapshot "$P" one
	for ((n = 1; n < 30; n++)); do
		insula rollback "$P" one
		mkdir -p "$LIBRARY/partitions/$P/own/upper"
		echo 2 >"$LIBRARY/partitions/$P/own/upper/f"
		killed $n snapshot "$P" "two" && ended=yes
		detached start "$P"
		[ "$status" -eq 0 ] || die "killed at $n, does not start: $output"
		run -0 inside 'cat /f'
		is 2
		insula stop "$P"
		insula snapshot "$P" --remove two 2>/dev/null || :
		killed $n rollback "$P" one && [ $ended = yes ] && ended=both
		detached start "$P"
		[ "$status" -eq 0 ] || die "killed at $n, does not start: $output"
		run -0 inside 'cat /f'
		[[ $output == [12] ]]
		insula stop "$P"
		[ $ended != both ] || break
	done
	[ $ended = both ]
	insula rollback "$P" one
	# What nobody names any more is gc's.
	insula gc
}

@test 'killed while it copies, the partition goes on' {
	skip_unless 'strace does not work here' strace -f -o /dev/null "$INSULA" --version
	inside 'mkdir /d; i=0; while [ $i -lt 50 ]; do echo $i >/d/$i; i=$((i + 1)); done'
	timeout 20 strace -f -o /dev/null -e trace=fchownat -e inject=fchownat:signal=KILL:when=20 \
		"$INSULA" --root "$STATE" --library "$LIBRARY" snapshot "$P" one >/dev/null 2>&1 3>&- || :
	wait_for 5 eval '[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]'
	run -0 insula snapshot "$P" --list --json
	is '[]'
	insula gc
}
