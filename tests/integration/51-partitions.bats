#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Partitions: made, shown, changed, stopped, removed.

load helpers

setup() {
	insula_setup
	LIBRARY=$STATE/.library
	# Cgroups are named by partitions: two runs of the tests beside each other want other names.
	P=p$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	insula template import busybox "$(base_rootfs)"
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	insula_teardown
}

# spawned NAME ARGS…: a partition without a network that sleeps, unless ARGS say otherwise.
spawned() {
	local name=$1
	shift
	detached spawn "$name" --template busybox --net none "$@"
	[ "$status" -eq 0 ] || die "spawn $name: $output"
}

definition() {
	insula show --definition "$1" | jq -r "$2"
}

# --- spawn ---------------------------------------------------------------------------------------

@test 'a partition has ids, a root and a name of its own' {
	spawned "$P" -- sleep 1000
	run -0 insula exec "$P" id -u
	is 0
	run -0 insula exec "$P" hostname
	is "$P"
	run -0 insula exec "$P" cat /proc/self/uid_map
	read -r inside outside size <<<"$output"
	[ "$inside $size" = '0 65536' ]
	[ "$outside" -ge 1073741824 ]
	[ "$outside" = "$(insula show --json "$P" | jq '.[0].firstId')" ]
	# Nobody of the host's is its root.
	[ "$(stat -c %u "/proc/$(pid_of "$P")")" = "$outside" ]
}

@test 'partitions of one template have different ids, and do not see what the other writes' {
	spawned "$P-a" -- sleep 1000
	spawned "$P-b" -- sleep 1000
	[ "$(insula show --json "$P-a" | jq '.[0].firstId')" != "$(insula show --json "$P-b" | jq '.[0].firstId')" ]
	insula exec "$P-a" sh -c 'echo a >/etc/mine; rm /etc/group; mv /usr /usr2'
	run -1 insula exec "$P-b" cat /etc/mine
	run -0 insula exec "$P-b" cat /etc/group
	run -0 insula exec "$P-b" ls -d /usr
	run ! test -e "$LIBRARY"/images/*/root/etc/mine
	test -d "$LIBRARY"/images/*/root/usr
}

# cached FILE: how many of its pages are in the page cache.
cached() {
	fincore --noheadings --output PAGES "$1" | tr -d ' '
}

@test 'the files of a template are in the page cache once' {
	skip_unless 'there is no fincore' command -v fincore
	local base=$BATS_TEST_TMPDIR/base file name
	cp -a "$(base_rootfs)" "$base"
	head -c 4M /dev/urandom >"$base/big"
	insula template import big "$base"
	file=$(echo "$LIBRARY"/images/*/root/big)
	detached spawn "$P-a" --template big --net none -- sleep 1000
	detached spawn "$P-b" --template big --net none -- sleep 1000
	# reads_in NAME: none of it is in the cache, the guest reads it, then all is.
	reads_in() {
		sync "$file"
		dd of="$file" oflag=nocache conv=notrunc,fdatasync count=0 status=none
		[ "$(cached "$file")" -eq 0 ] || return 1
		insula exec "$1" cat /big >/dev/null
		[ "$(cached "$file")" -eq 1024 ]
	}
	# Whichever guest reads it, with whatever ids, it is the one file's pages that come in. (The kernel may
	# drop some again at any time.)
	for name in "$P-a" "$P-b"; do
		wait_for 10 reads_in "$name"
	done
}

@test 'ids on disk are those from inside' {
	spawned "$P" -- sleep 1000
	insula exec "$P" sh -c 'touch /root/f; touch /tmp/g; chown 1000:1000 /tmp/g'
	[ "$(stat -c %u:%g "$LIBRARY/partitions/$P/own/upper/root/f")" = 0:0 ]
	[ "$(stat -c %u:%g "$LIBRARY/partitions/$P/own/upper/tmp/g")" = 1000:1000 ]
}

@test 'its root is in no mount table of the host' {
	spawned "$P" -- sleep 1000
	run ! grep -E "overlay.*$P" /proc/self/mountinfo
	run ! grep -F "$LIBRARY" /proc/self/mountinfo
}

@test 'what it writes stays over a restart' {
	spawned "$P" -- sleep 1000
	insula exec "$P" sh -c 'echo here >/etc/stays'
	insula stop "$P"
	detached start "$P"
	[ "$status" -eq 0 ]
	run -0 insula exec "$P" cat /etc/stays
	is here
}

@test 'a root that cannot be changed' {
	spawned "$P" --read-only -- sleep 1000
	run -1 insula exec "$P" touch /etc/x
	has 'Read-only file system'
}

@test 'environment, user, directory, host name' {
	spawned "$P" --env A=b --env 'C=d e' --user 1000:5 --cwd /tmp --hostname other -- sleep 1000
	run -0 insula exec "$P" sh -c 'echo "$A,$C,$container"; id -u; id -g; pwd; hostname'
	is $'b,d e,insula\n1000\n5\n/tmp\nother'
}

@test 'capabilities are named as people name them' {
	spawned "$P" --cap-add net_raw --cap-drop CAP_CHOWN --cap-drop KILL -- sleep 1000
	run -0 jq -c '.process.capabilities.bounding | [index("CAP_NET_RAW", "CAP_CHOWN", "CAP_KILL") != null]' \
		"$(insula state "$P" | jq -r .bundle)/config.json"
	is '[true,false,false]'
	run -1 insula set "$P" --cap-add NET_ROW
	has 'cap-add: "NET_ROW" is not a capability, as NET_RAW'
}

@test 'a mount of the host, read-only or not' {
	mkdir -m 777 "$BATS_TEST_TMPDIR/shared"
	echo x >"$BATS_TEST_TMPDIR/shared/file"
	spawned "$P" --mount "$BATS_TEST_TMPDIR/shared:/mnt" --mount "$BATS_TEST_TMPDIR/shared:/srv/ro:ro" -- sleep 1000
	run -0 insula exec "$P" cat /mnt/file /srv/ro/file
	is $'x\nx'
	run -0 insula exec "$P" touch /mnt/new
	run -1 insula exec "$P" touch /srv/ro/other
	has 'Read-only file system'
}

@test 'no start: it is there and does not run' {
	run -0 insula spawn "$P" --template busybox --net none --no-start -- sleep 1000
	run -0 insula list --quiet
	is "$P"
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
}

@test 'a name is taken once' {
	spawned "$P" -- sleep 1000
	run -1 insula spawn "$P" --template busybox --net none -- sleep 1000
	has "there is a partition \"$P\" already"
	sleeper "$P-container"
	run -1 insula spawn "$P-container" --template busybox --net none -- sleep 1000
	has "there is a container \"$P-container\" already"
	insula delete --force "$P-container"
}

@test 'what cannot be started leaves nothing' {
	run -1 insula spawn "$P" --template busybox --net none -- /no/such/program
	has /no/such/program
	run -0 insula list --quiet
	is ''
	run -0 find "$LIBRARY/partitions" "$LIBRARY/numbers" -mindepth 1
	is ''
}

@test 'a missing template, a wrong value, a wrong name: one clear line' {
	run -1 insula spawn "$P" --template nonesuch
	one_line
	has nonesuch
	run -1 insula spawn "$P"
	one_line
	has 'template: is needed'
	run -1 insula spawn "$P" --template busybox --memory 12Q
	one_line
	has 'memory: "12Q" is not a number of bytes'
	run -1 insula spawn "$P" --template busybox --net none --publish 80:80
	one_line
	has 'publish: leads nowhere with net none'
	run -1 insula spawn "$P" --template busybox --net host --group web
	one_line
	has 'group: joins nobody with net host'
	run -1 insula spawn ../x --template busybox
	one_line
	# What would be of no use is refused before anything is made.
	local wrong
	for wrong in 'memory 0' 'memory 512' 'disk 0' 'user 65536' 'user 0:99999'; do
		# shellcheck disable=SC2086
		run -1 insula spawn "$P" --template busybox --no-start --${wrong}
		one_line
		has "${wrong% *}: \"${wrong#* }\""
	done
	run -1 insula spawn "$P" --template busybox --no-start --publish 80:80 --publish 80:81/tcp
	one_line
	has '80:80 and 80:81/tcp are the same port'
	run -0 insula spawn "$P-ports" --template busybox --no-start --publish 80:80 --publish 80:80/udp --publish 127.0.0.2:80:80
	insula remove "$P-ports"
	run -1 insula spawn "$P" --template busybox --net none --mount /no/such:/x -- sleep 1
	one_line
	has 'mount: /no/such: No such file'
	run -1 insula spawn "$P-{1..12289}" --template busybox --no-start
	one_line
	has 12288
	run -0 find "$LIBRARY/partitions" -mindepth 1
	is ''
}

@test 'who is stopped is not told of as if it were not there' {
	insula spawn "$P" --template busybox --net none --no-start
	local verb
	for verb in ps kill pause resume freeze thaw stats 'events --stats'; do
		# shellcheck disable=SC2086
		run -1 insula $verb "$P"
		one_line
		has "partition \"$P\" does not run; \`insula start $P\` starts it"
	done
	for verb in exec enter; do
		run -255 insula $verb "$P" true
		has "partition \"$P\" does not run"
	done
	run -255 insula exec "$P-none" true
	has "container \"$P-none\" does not exist"
}

@test 'a shell alone gets a terminal, and stays' {
	local command
	for command in '' '-- sh' '-- /bin/ash'; do
		# shellcheck disable=SC2086
		detached spawn "$P" --template busybox --net none $command
		[ "$status" -eq 0 ]
		run -0 insula console "$P" <<<'echo $((40 + 2))'
		has 42
		[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
		insula remove --force "$P"
	done
	spawned "$P" -- sh -c 'exec sleep 1000'
	run -1 insula console "$P"
	has 'has no terminal'
}

@test 'a mistyped name gets a hint at the one that is there' {
	local verb
	insula spawn "$P-server" --template busybox --net none --no-start
	for verb in show stop logs remove 'set --cpus 1'; do
		# shellcheck disable=SC2086
		run -1 insula $verb "$P-sevrer"
		is "insula: there is no partition \"$P-sevrer\" (did you mean \"$P-server\"?)"
	done
	for verb in start list ps 'kill'; do
		# shellcheck disable=SC2086
		run -1 insula $verb "$P-sevrer"
		is "insula: container \"$P-sevrer\" does not exist (did you mean the partition \"$P-server\"?)"
	done
	run -255 insula exec "$P-sevrer" true
	has "does not exist (did you mean the partition \"$P-server\"?)"
	run -1 insula spawn "$P" --template busybxo
	has 'there is no template "busybxo" (did you mean "busybox"?)'
}

# --- show and list ---------------------------------------------------------------------------------

@test 'show tells what was asked for and what there is' {
	spawned "$P" --env A=b --comment 'a comment' -- sleep 1000
	run -0 insula show "$P"
	has "name        $P"
	has 'status      running'
	has "pid         $(pid_of "$P")"
	has 'command     sleep 1000'
	has 'comment     a comment'
	hasnt enabled
	insula enable "$P" 2>/dev/null
	run -0 insula show "$P"
	has 'enabled     starts at boot'
	run -0 insula show --json "$P"
	[ "$(jq -c '.[0].definition.command' <<<"$output")" = '["sleep","1000"]' ]
	[ "$(jq -r '.[0].directory' <<<"$output")" = "$LIBRARY/partitions/$P" ]
	run -1 insula show "$P-none"
	has "there is no partition \"$P-none\""
}

@test 'list has those that run and those that do not' {
	spawned "$P-b" -- sleep 1000
	insula spawn "$P-a" --template busybox --net none --no-start -- sleep 1000
	sleeper "$P-c"
	run -0 insula list --quiet
	is "$P-a"$'\n'"$P-b"$'\n'"$P-c"
	run -0 insula list --format json
	[ "$(jq -r '.[] | .status' <<<"$output" | tr '\n' ' ')" = 'stopped running running ' ]
	insula set "$P-a" --net macvlan --parent eth0 --address 192.0.2.7/24
	run -0 insula list
	[ "$(awk '{ print $1, $7, $8 }' <<<"$output" | tail -n +2)" = "$P-a busybox 192.0.2.7/24
$P-b busybox -
$P-c - -" ]
	[ "$(insula list --json | jq -r '.[] | [.id, .template, .address, .address6] | join(" ")')" = \
		"$P-a busybox 192.0.2.7/24 "$'\n'"$P-b busybox  "$'\n'"$P-c   " ]
	insula delete --force "$P-c"
}

# --- set, apply, edit ---------------------------------------------------------------------------------

@test 'list: those of a name, or of a pattern' {
	insula spawn "$P-{1..3}" --template busybox --net none --no-start
	run -0 insula list --quiet "$P-[13]"
	is "$P-1"$'\n'"$P-3"
	run -0 insula list --json "$P-2"
	[ "$(jq -r '.[].id' <<<"$output")" = "$P-2" ]
	run -1 insula list 'nothing*'
	has 'nothing*'
	run -1 insula list "$P-2" "$P-4"
	has "container \"$P-4\" does not exist"
}

@test 'exec --all is for those that run' {
	insula spawn "$P-{1..3}" --template busybox --net none -- sleep 1000
	insula stop "$P-2"
	run -0 insula exec --all hostname
	[ "$(sort <<<"$output")" = "$P-1 | $P-1"$'\n'"$P-3 | $P-3" ] || die "$output"
	run -0 insula exec --all -- hostname
	[ "${#lines[@]}" -eq 2 ]
	run -255 insula exec --all
	has 'exec needs'
	run -255 insula exec --all --tty sh
	is 'insula: --tty is for one, and `--all` may be many'
}

@test 'set changes the definition, and says what waits for a restart' {
	spawned "$P" -- sleep 1000
	run -0 insula set "$P" --comment new --env X=y
	is "$P: env will be changed by a restart (insula restart $P)"$'\n'"$P: comment is changed"
	[ "$(definition "$P" .comment)" = new ]
	run -0 insula set "$P" --unset env
	[ "$(definition "$P" .env)" = null ]
	run -0 insula set "$P" --comment new
	is ''
	# A setting without a value is one that can be taken back.
	run -0 insula set "$P" --read-only
	[ "$(definition "$P" '."read-only"')" = true ]
	run -0 insula set "$P" --read-only=false
	has "$P: read-only will be changed"
	[ "$(definition "$P" '."read-only"')" = null ]
	run -1 insula set "$P"
	has 'set needs a setting'
	run -1 insula set "$P" --template other
	has 'another template is another partition'
	run -1 insula set "$P" --unset nonesuch
	has 'there is no setting "nonesuch"'
}

@test 'apply makes, changes, and refuses what it does not know' {
	printf '{"template": "busybox", "net": "none", "command": ["sleep", "1000"]}' >"$BATS_TEST_TMPDIR/$P.json"
	detached apply "$BATS_TEST_TMPDIR/$P.json"
	[ "$status" -eq 0 ]
	[ "$output" = "$P: made" ]
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
	insula show --definition "$P" | jq '.comment = "c"' >"$BATS_TEST_TMPDIR/$P.json"
	run -0 insula apply "$BATS_TEST_TMPDIR/$P.json"
	is "$P: comment is changed"
	run -0 insula apply "$BATS_TEST_TMPDIR/$P.json"
	is ''
	echo '{"template": "busybox", "memroy": "1G"}' >"$BATS_TEST_TMPDIR/$P.json"
	run -1 insula apply "$BATS_TEST_TMPDIR/$P.json"
	one_line
	has "$P.json: there is no setting \"memroy\" (did you mean \"memory\"?)"
	echo '{"template": "busybox",' >"$BATS_TEST_TMPDIR/$P.json"
	run -1 insula apply "$BATS_TEST_TMPDIR/$P.json"
	has "$P.json: line 2"
}

@test 'apply of several: one that fails does not stop the rest, and is named' {
	local file
	for file in a b c; do
		printf '{"template": "busybox", "net": "none", "command": ["sleep", "1000"]}' >"$BATS_TEST_TMPDIR/$P-$file.json"
	done
	sed -i 's/sleep/nonesuch/' "$BATS_TEST_TMPDIR/$P-a.json"
	sed -i 's/busybox/nonesuch/' "$BATS_TEST_TMPDIR/$P-b.json"
	run -1 insula apply --no-start "$BATS_TEST_TMPDIR/$P"-{b,c}.json
	has "$P-b.json: there is no template \"nonesuch\""
	has "$P-c: made"
	has '1 of 2 failed'
	detached apply "$BATS_TEST_TMPDIR/$P"-{a,c}.json
	[ "$status" -eq 1 ]
	has "$P-a.json: "
	hasnt "$P-a: made"
	# It is not there half: the next one makes and starts it.
	run -1 insula show "$P-a"
	sed -i 's/nonesuch/sleep/' "$BATS_TEST_TMPDIR/$P-a.json"
	detached apply "$BATS_TEST_TMPDIR/$P-a.json"
	[ "$(insula show --json "$P-a" | jq -r '.[0].status')" = running ]
}

@test 'edit: in an editor, and nothing is lost when there is a mistake' {
	insula spawn "$P" --template busybox --net none --no-start --comment before
	EDITOR='sed -i s/before/after/' run -0 insula edit "$P"
	is "$P: comment is changed"
	[ "$(definition "$P" .comment)" = after ]
	EDITOR=false run -1 insula edit "$P"
	has 'nothing is changed'
	run -1 env --unset=EDITOR --unset=VISUAL "$INSULA" --root "$STATE" edit "$P" </dev/null
	has 'no terminal to edit on'
	one_line
	printf 'echo "{" >"$1"\n' >"$BATS_TEST_TMPDIR/editor"
	TMPDIR=$BATS_TEST_TMPDIR EDITOR="sh $BATS_TEST_TMPDIR/editor" run -1 insula edit "$P"
	has 'your text is in'
	[ "$(definition "$P" .comment)" = after ]
}

@test 'edit does not undo what others have changed meanwhile, and takes an editor of many words' {
	local editor=$BATS_TEST_TMPDIR/editor words
	insula spawn "$P" --template busybox --net none --no-start --comment before
	cat >"$editor" <<-END
		"$INSULA" --root "$STATE" --library "$LIBRARY" set "$P" --hostname other >/dev/null
		sed -i s/before/after/ "\$1"
	END
	TMPDIR=$BATS_TEST_TMPDIR EDITOR="sh $editor" run -1 insula edit "$P"
	has 'changed by somebody else'
	has 'your text is in'
	[ "$(definition "$P" .comment)" = before ]
	[ "$(definition "$P" .hostname)" = other ]
	words=$(printf ' -e s/never%d/x/' {1..100})
	EDITOR="sed -i$words -e s/before/after/" run -0 insula edit "$P"
	[ "$(definition "$P" .comment)" = after ]
}

@test 'what turns the text round or is not seen does not reach the terminal' {
	insula spawn "$P" --template busybox --net none --no-start --comment $'a\u202eb\u200bc\u00e4'
	run -0 insula show "$P"
	has $'a???b???c\u00e4'
	run -0 insula show --json "$P"
	has 'a\u202eb\u200bc'
	has $'\u00e4'
	run -1 insula show $'x\u202ey'
	hasnt $'\u202e'
}

# --- stop, start, remove ---------------------------------------------------------------------------------

# Before it has its handlers it would not hear.
await_ready() {
	wait_for 20 insula exec "$P" rm /etc/ready 2>/dev/null
}

@test 'stop asks, waits, and kills' {
	spawned "$P" -- sh -c 'trap "echo bye >/etc/bye; exit 3" TERM; echo >/etc/ready; while :; do sleep 0.1; done'
	await_ready
	run -0 insula stop "$P"
	[ "$(cat "$LIBRARY/partitions/$P/own/upper/etc/bye")" = bye ]
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
	run -0 insula stop "$P"
	run -1 insula stop "$P-none"
	has "there is no partition \"$P-none\""
}

@test 'its bundle is there while it runs, and the guest does not see where the library is' {
	local bundle
	spawned "$P" -- sleep 1000
	bundle=$(insula state "$P" | jq -r .bundle)
	jq -e '.process.args == ["sleep", "1000"]' "$bundle/config.json"
	[ "$(readlink "$bundle/partition")" = "$LIBRARY/partitions/$P" ]
	run -0 insula exec "$P" cat /proc/self/mountinfo
	hasnt "$LIBRARY"
	run -0 insula stop "$P"
	[ ! -e "$bundle" ]
}

@test 'the host does not show: its disks, how it was booted, and its boot id' {
	local id file
	spawned "$P" -- sleep 1000
	for file in partitions diskstats swaps cmdline; do
		# Unless lxcfs shows what is the partition's own.
		[ ! -e "/var/lib/lxcfs/proc/$file" ] || continue
		run -0 insula exec "$P" cat "/proc/$file"
		is ''
	done
	run -0 insula exec "$P" find /sys/block /sys/class/block /sys/dev/block -mindepth 1
	is ''
	# Nor by another way.
	for file in /sys/devices/pci* /sys/devices/platform /sys/fs/ext4 /sys/fs/xfs /sys/fs/btrfs /sys/kernel/irq \
		/sys/devices/virtual/bdi; do
		[ -d "$file" ] || continue
		run -0 insula exec "$P" find "$file" -mindepth 1
		is ''
	done
	run -0 insula exec "$P" cat /proc/consoles
	is ''
	run -0 insula exec "$P" ls /sys/devices/system/cpu/online
	run -0 insula exec "$P" cat /proc/sys/kernel/random/boot_id
	id=$output
	[[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	[ "$id" != "$(cat /proc/sys/kernel/random/boot_id)" ]
	insula stop "$P"
	detached start "$P"
	run -0 insula exec "$P" cat /proc/sys/kernel/random/boot_id
	[ "$output" != "$id" ]
}

@test 'who has a device of the host'\''s sees in /sys what it is' {
	local file
	for file in /sys/devices/pci* /sys/devices/platform; do
		[ ! -d "$file" ] || break
	done
	skip_unless 'this machine shows no devices' test -d "$file"
	spawned "$P" --device /dev/null -- sleep 1000
	run -0 insula exec "$P" find "$file" -mindepth 1
	[ "$output" ]
}

@test 'a partition of its own takes at most 32 KiB of disk' {
	spawned "$P" -- sleep 1000
	(($(du -s "$LIBRARY/partitions/$P" | cut -f 1) <= 32))
}

@test 'stop asks who waits for signals in sigwait(), as inits do' {
	spawned "$P" --mount "$(dirname "$PROBE"):/probes:ro" -- /probes/probe sigwait
	wait_for 5 eval 'insula logs "$P" | grep -q waiting'
	sleep 0.1
	run -0 insula stop "$P"
	run -0 insula logs "$P"
	is $'waiting\ngot 15'
}

@test 'what is broken in a definition keeps nobody from stopping, mending and removing' {
	local file=$LIBRARY/partitions/$P/definition.json
	spawned "$P" -- sleep 1000
	cp "$file" "$BATS_TEST_TMPDIR/good.json"
	echo '{"template": "busybox", "memry": "1G"}' >"$file"
	run -1 insula show "$P"
	has 'there is no setting "memry"'
	insula spawn "$P-b" --template busybox --net none --no-start
	run -1 --separate-stderr insula show --all --json
	[ "$(jq -r '.[].name' <<<"$output")" = "$P-b" ]
	[[ $stderr == *'there is no setting "memry"'*'1 of 2 failed' ]]
	run -0 insula stop "$P"
	has 'there is no setting "memry"'
	cp "$BATS_TEST_TMPDIR/good.json" "$BATS_TEST_TMPDIR/$P.json"
	run -0 insula apply "$BATS_TEST_TMPDIR/$P.json"
	run -0 insula show "$P"
	hasnt memry
	detached start "$P"
	[ "$status" -eq 0 ]
	echo '{' >"$file"
	run -0 insula remove --force "$P"
	[ ! -e "$LIBRARY/partitions/$P" ]
	run -0 insula gc
	is ''
}

@test 'what has lost its state can be stopped and removed, and is in nobody'\''s way' {
	local number
	spawned "$P" -- sleep 1000
	spawned "$P-b" -- sleep 1000
	insula stop "$P-b"
	insula snapshot "$P-b" one
	insula exec "$P" touch /x
	number=$(find "$LIBRARY/numbers" -lname "$P")
	: >"$LIBRARY/partitions/$P/state.json"
	run -1 insula show "$P"
	has 'state.json is no JSON: only `insula stop` and `insula remove`'
	cp "$LIBRARY/partitions/$P/definition.json" "$BATS_TEST_TMPDIR/$P.json"
	run -1 insula apply "$BATS_TEST_TMPDIR/$P.json"
	has 'has lost its state.json'
	run -0 insula snapshot "$P-b" --remove one
	run -0 insula remove --force "$P-b"
	run -0 insula stop "$P"
	has 'state.json is no JSON'
	rm "$LIBRARY/partitions/$P/state.json"
	run -1 insula start "$P"
	has 'state.json'
	run -0 insula remove "$P"
	[ ! -e "$LIBRARY/partitions/$P" ]
	[ ! -L "$number" ]
	insula gc
	run -0 insula gc
	is ''
}

@test 'one that runs under another state directory is neither started twice nor removed' {
	spawned "$P" -- sleep 1000
	other() {
		"$INSULA" --root "$BATS_TEST_TMPDIR/other" --library "$LIBRARY" "$@" 3>&-
	}
	for verb in start stop 'remove --force' 'rollback --restart' 'snapshot'; do
		# shellcheck disable=SC2086
		set -- $verb "$P"
		[[ $verb != rollback* && $verb != snapshot ]] || set -- "$@" one
		run -1 other "$@"
		has "under another state directory: use --root $STATE" || die "$verb"
	done
	run -0 insula exec "$P" echo here
	is here
	insula stop "$P"
	run -0 other stop "$P"
	run -0 other remove "$P"
}

@test 'what is for containers only is refused, not ignored' {
	for option in --systemd-cgroup --cgroup-manager=disabled --rootless=true; do
		run -1 insula "$option" spawn "$P" --template busybox --net none
		has 'are for containers' || die "$option"
	done
	[ ! -e "$LIBRARY/partitions/$P" ]
}

@test 'a range that the shell has taken apart is known again' {
	run -1 insula spawn g1 g2 g3 --template busybox --net none
	has 'executable file `g2` not found'
	has "quoted, as 'g{1..3}')"
}

@test 'verbs of containers know what a partition is that does not run' {
	insula spawn "$P" --template busybox --net none --no-start
	run -1 insula delete "$P"
	has "\`insula remove $P\` removes it"
	run -0 insula delete --force "$P"
	run -1 insula state "$P"
	has "partition \"$P\" does not run"
	insula remove "$P"
}

@test 'a container does not take the name of a partition' {
	insula spawn "$P" --template busybox --net none --no-start

	run -1 insula create --bundle "$BUNDLE" "$P"
	has "there is a partition \"$P\" already"
	insula remove "$P"
}

@test 'of two that restart, roll back or remove the same ones at once neither fails' {
	local pids=() pid
	spawned "$P" -- sleep 1000
	insula snapshot "$P" one
	for i in 1 2 3; do
		(detached restart --timeout 0s "$P"; [ "$status" -eq 0 ] || die "$output") &
		pids+=($!)
		(detached rollback --restart "$P" one; [ "$status" -eq 0 ] || die "$output") &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || die 'one has failed'
	done
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
	insula stop "$P"
	insula spawn "$P-{1..9}" --template busybox --net none --no-start
	pids=()
	for i in 1 2 3; do
		insula remove --all 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || die 'one has failed'
	done
	run -0 insula list --quiet
	is ''
}

@test 'who could not be started again is not restarted, or told of as stopped' {
	mkdir "$BATS_TEST_TMPDIR/there"
	spawned "$P" --mount "$BATS_TEST_TMPDIR/there:/there" -- sleep 1000
	rmdir "$BATS_TEST_TMPDIR/there"
	run -1 insula restart "$P"
	has "mount: $BATS_TEST_TMPDIR/there: No such file or directory"
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
	mkdir "$BATS_TEST_TMPDIR/there"
	EDITOR='sed -i s/sleep/nosuch/' insula edit "$P"
	run -1 insula restart "$P"
	has 'it is stopped now, and cannot be started again: '
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = stopped ]
}

@test 'its own cgroup can be read, whatever the umask of who starts it' {
	(umask 077 && spawned "$P" -- sleep 1000)
	run -0 insula exec --user 1000:1000 "$P" cat /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/cgroup.events
	has 'populated 1'
}

@test 'stop does not wait for who would not hear' {
	spawned "$P" -- sleep 1000
	SECONDS=0
	run -0 insula stop "$P"
	[ "$SECONDS" -lt 5 ]
}

# ends_by SIGNAL: the program is asked by this one.
ends_by() {
	await_ready
	run -0 insula stop "$P"
	[ "$(cat "$LIBRARY/partitions/$P/own/upper/etc/bye")" = "$1" ]
}

@test 'stop asks by the signal that was chosen' {
	spawned "$P" --stop-signal SIGQUIT -- sh -c 'for s in QUIT TERM USR1; do trap "echo $s >/etc/bye; exit" $s; done
		echo >/etc/ready; while :; do sleep 0.1; done'
	ends_by QUIT
	detached start "$P"
	insula set "$P" --stop-signal usr1
	ends_by USR1
	detached start "$P"
	insula set "$P" --unset stop-signal
	ends_by TERM
	run -1 insula set "$P" --stop-signal SIGNAL
	has 'stop-signal: "SIGNAL" is not a signal, as TERM, 15 or RTMIN+3'
}

# init_hears NAME SIGNAL: so an init whose program has that name is asked.
init_hears() {
	spawned "$P" --boot --mount "$(base_rootfs)/bin/busybox:/opt/$1:ro" -- sh -c "exec -a sh /opt/$1 -c '
		for s in INT TERM USR2 PWR; do [ \$s = ${3-} ] || trap \"echo \$s >/etc/bye; exit\" \$s; done
		echo >/etc/ready; while :; do /bin/sleep 0.1; done'"
	ends_by "$2"
	insula remove "$P"
}

@test 'stop asks an init in the way that it understands' {
	init_hears busybox USR2
	init_hears init INT
	init_hears openrc-init TERM
	init_hears other PWR
	init_hears tini TERM PWR
}

@test 'start: what runs is not started again' {
	spawned "$P" -- sleep 1000
	run -1 insula start "$P"
	has "partition \"$P\" is running already"
	run -1 insula start "$P-none"
	has 'does not exist'
}

@test 'remove: not while it runs, unless by force; the number is given back' {
	spawned "$P" -- sleep 1000
	run -1 insula remove "$P"
	has 'is running: stop it first'
	run -0 insula remove --force "$P"
	run -0 insula list --quiet
	is ''
	run -0 find "$LIBRARY/partitions" "$LIBRARY/numbers" -mindepth 1
	is ''
}

@test 'remove takes what the guest has made, however deep' {
	spawned "$P" -- sh -c 'i=0; while [ $i -lt 600 ]; do mkdir deep; cd deep; i=$((i+1)); done; : >end; cd /; ln -s /etc link; chmod 0 /deep; exec sleep 1000'
	wait_for 20 test -d "$LIBRARY/partitions/$P/own/upper/link" || test -L "$LIBRARY/partitions/$P/own/upper/link"
	run -0 insula remove --force "$P"
	run -0 find "$LIBRARY/partitions" -mindepth 1
	is ''
}

@test 'freeze and thaw' {
	skip_unless 'no cgroup2 here' test -n "$CGROUP_ROOT"
	spawned "$P" -- sleep 1000
	run -0 insula freeze "$P"
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = paused ]
	run -0 insula thaw "$P"
	[ "$(insula show --json "$P" | jq -r '.[0].status')" = running ]
	# What is frozen can be stopped, too.
	insula freeze "$P"
	run -0 insula stop "$P"
}

# --- two at once -----------------------------------------------------------------------------------------

@test 'a name that two want goes to one of them' {
	local failed=0 jobs=() job i
	for i in 1 2 3 4; do
		"$INSULA" --root "$STATE" spawn "$P" --template busybox --net none --no-start >"$BATS_TEST_TMPDIR/out$i" 2>&1 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || failed=$((failed + 1))
	done
	[ "$failed" -eq 3 ]
	run -0 find "$LIBRARY/partitions" -mindepth 1 -maxdepth 1 -printf '%f\n'
	is "$P"
	[ "$(find "$LIBRARY/numbers" -mindepth 1 | wc -l)" -eq 1 ]
}

@test 'each has a range of ids of its own' {
	local i
	for i in $(seq 40); do
		insula spawn "$P-$i" --template busybox --net none --no-start
	done
	[ "$(for i in $(seq 40); do insula show --json "$P-$i" | jq '.[0].firstId'; done | sort -u | wc -l)" -eq 40 ]
}

@test 'a program that is not there is what start tells of, not a container' {
	spawned "$P" --no-start -- /nothing
	run -1 insula start "$P"
	has '/nothing'
	run -1 insula start "$P-nobody"
	has "$P-nobody"
}

@test 'an init finds the host name of the setting, whatever the template says' {
	insula spawn "$P-t" --template busybox --net none -- sleep 1000
	insula exec "$P-t" sh -c 'echo stranger >/etc/hostname'
	insula export "$P-t" --with-image >"$BATS_TEST_TMPDIR/archive"
	insula remove --force "$P-t"
	insula import "$P" <"$BATS_TEST_TMPDIR/archive"
	insula set "$P" --boot --hostname chosen >/dev/null
	detached start "$P"
	[ "$status" -eq 0 ] || die "$output"
	run -0 insula exec "$P" cat /etc/hostname
	is chosen
}

@test 'freeze, thaw and start of many leave out those that need it not' {
	insula spawn "$P-{1..3}" --template busybox --net none -- sleep 1000
	insula stop "$P-3"
	insula freeze "$P-1"
	run -0 insula freeze --all
	run -0 insula thaw --all
	run -0 insula thaw --all
	run -0 insula start --all
	run -0 insula start --all
	insula freeze "$P-1"
	run -0 insula freeze "$P-*"
	insula thaw "$P-2"
	run -0 insula thaw "$P-{1..3}"
	run -0 insula thaw "$P-*"
	insula stop "$P-3"
	run -0 insula start "$P-*"
	# But who names one means that.
	run -1 insula start "$P-1"
	run -1 insula thaw "$P-1"
	[ "$(insula list --json | jq -r '[.[].status] | unique | join(" ")')" = running ]
	run -1 --separate-stderr insula list --json "$P-1" "$P-none"
	[ "$(jq -r '.[].id' <<<"$output")" = "$P-1" ]
}

@test 'words that are not UTF-8 are refused, not changed' {
	run -1 insula spawn "$P" --template busybox --net none --env $'A=\xe9' --no-start
	has 'is not UTF-8'
	run -1 insula spawn "$P" --template busybox --net none --no-start -- sh -c $'\xff'
	has 'is not UTF-8'
}

@test 'name servers: those of the host that can be reached, or those of --dns' {
	local expected
	: >"$BATS_TEST_TMPDIR/resolv.conf"
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		mount --bind "$1/resolv.conf" /etc/resolv.conf
		[ ! -d /run/systemd/resolve ] || mount -t tmpfs none /run/systemd/resolve
		insula() { "$INSULA" --log-level error --root "$STATE" --library "$LIBRARY" "$@"; }
		printf 'search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n' >"$1/resolv.conf"
		insula spawn "$2" --template busybox --net none -- sleep 1000
		insula exec "$2" cat /etc/resolv.conf
		insula stop "$2"
		echo 'nameserver ::1' >"$1/resolv.conf"
		insula start "$2"
		insula exec "$2" cat /etc/resolv.conf
		insula check --json | jq -r '.[] | select(.name == "name servers") | .state'
		insula set "$2" --net host >/dev/null
		insula restart "$2"
		insula exec "$2" cat /etc/resolv.conf
		echo 'search example.net' >>"$1/resolv.conf"
		insula set "$2" --dns 192.0.2.2 --dns 2001:db8::2 >/dev/null
		insula restart "$2"
		insula exec "$2" cat /etc/resolv.conf
		! insula set "$2" --boot
	END
	expected='search example.org
nameserver 192.0.2.1
# The host has no name server that can be reached from here: --dns gives one.
short
nameserver ::1
nameserver 192.0.2.2
nameserver 2001:db8::2
search example.net
insula: dns: with boot'
	export STATE LIBRARY
	run unshare --mount bash -e "$BATS_TEST_TMPDIR/script" "$BATS_TEST_TMPDIR" "$P" 3>&-
	[[ $status -eq 0 && $output == "$expected"* ]] || die "$output"
}

@test 'of several words, those that mean nobody do not stop the rest' {
	insula spawn "$P-{1..3}" --template busybox --net none -- sleep 1000
	run -1 insula stop "$P-none*" "$P-[12]"
	has "$P-none*: "
	[ "$(insula list --json "$P-*" | jq -r '[.[] | select(.status == "stopped") | .id] | join(" ")')" = "$P-1 $P-2" ]
	run -1 insula stop "$P-none*"
	has 'nothing has a name that matches'
}

@test 'all of a library that was never made are none' {
	run -0 insula --library "$BATS_TEST_TMPDIR/none" remove --force --all
	is ''
}

@test 'a group twice is refused' {
	run -1 insula spawn "$P" --template busybox --group a --group a --no-start
	has 'group: a is in it twice'
}

@test 'the image goes with the last template and the last partition' {
	local id
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	cp -a "$(base_rootfs)/." "$BATS_TEST_TMPDIR/tree"
	echo own >"$BATS_TEST_TMPDIR/tree/own"
	insula template import own "$BATS_TEST_TMPDIR/tree"
	id=$(basename "$(readlink "$LIBRARY/templates/own")")
	insula spawn "$P-{1..3}" --template own --net none -- sleep 1000
	insula template remove own
	run -0 insula remove --force "$P-1"
	[ -d "$LIBRARY/images/$id" ]
	run -0 insula remove --force "$P-2" "$P-3"
	[ ! -e "$LIBRARY/images/$id" ]
	run -0 insula gc
	is ''
}
