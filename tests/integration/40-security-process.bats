#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the program gets and what it can reach: descriptors, the runtime's own executable,
# capabilities, groups, ids, keys, terminals.

load helpers

# insula_with_fds ARGS…: insula called by somebody who has left 4, 7, 9 and 20 open.
insula_with_fds() {
	"$INSULA" --root "$STATE" "$@" 3>&- 4</ 7</etc/hostname 9</dev/null 20</
}

@test 'no descriptor but 0, 1 and 2 reaches the program, an exec or a hook (CVE-2024-21626, CVE-2016-8649)' {
	local hooks=$BATS_TEST_TMPDIR/hooks
	add_probe
	mkdir -m 777 "$hooks"
	printf '#!/bin/sh\n"%s" fds >"%s/$1"\n' "$PROBE" "$hooks" >"$hooks/outside"
	chmod 755 "$hooks/outside"
	cp "$hooks/outside" "$BUNDLE/rootfs/bin/hook"
	printf '#!/bin/sh\n/bin/probe fds >/tmp/startContainer\n' >"$BUNDLE/rootfs/bin/hook"
	config '.hooks = ({prestart: 1, createRuntime: 1, createContainer: 1, poststart: 1, poststop: 1}
			| with_entries(.value = [{path: ($d + "/outside"), args: ["hook", .key]}]))
		| .hooks.startContainer = [{path: "/bin/hook", args: ["hook"]}]' --arg d "$hooks"
	command_is probe fds
	run -0 insula_with_fds run --bundle "$BUNDLE" box
	is '0 1 2'
	for hook in prestart createRuntime createContainer poststart poststop; do
		[ "$(cat "$hooks/$hook")" = '0 1 2' ] || die "$hook: $(cat "$hooks/$hook")"
	done
	[ "$(cat "$BUNDLE/rootfs/tmp/startContainer")" = '0 1 2' ]

	config 'del(.hooks)'
	insula_with_fds create --bundle "$BUNDLE" box </dev/null >"$BATS_TEST_TMPDIR/fds" 2>&1
	run -0 insula_with_fds start box
	wait_for 5 has_status box stopped
	[ "$(cat "$BATS_TEST_TMPDIR/fds")" = '0 1 2' ]
	run -0 insula delete box

	sleeper box
	run -0 insula_with_fds exec box probe fds
	is '0 1 2'
	run -0 script -qec "$INSULA --root $STATE exec --tty box probe fds" /dev/null
	has '0 1 2'
	hasnt 3
}

@test '--preserve-fds passes as many as it says, and no more' {
	add_probe
	command_is probe fds
	preserve() {
		"$INSULA" --root "$STATE" "$@" 3</etc/hostname 4</etc/hostname 5</etc/hostname 9</
	}
	run -0 preserve run --preserve-fds 1 --bundle "$BUNDLE" box
	is '0 1 2 3'
	run -0 preserve run --preserve-fds 3 --bundle "$BUNDLE" box
	is '0 1 2 3 4 5'
	sleeper box
	run -0 preserve exec --preserve-fds 2 box probe fds
	is '0 1 2 3 4'
	# They are the program's, and not the hooks'.
	new_bundle
	add_probe
	printf '#!/bin/sh\n/bin/probe fds >/tmp/start\n' >"$BUNDLE/rootfs/bin/start-hook"
	printf '#!/bin/sh\n"%s" fds >"%s/create"\n' "$PROBE" "$BUNDLE" >"$BUNDLE/create-hook"
	chmod 755 "$BUNDLE/rootfs/bin/start-hook" "$BUNDLE/create-hook"
	config '.hooks = {createRuntime: [{path: $c}], startContainer: [{path: "/bin/start-hook"}]}' --arg c "$BUNDLE/create-hook"
	run -0 preserve run --preserve-fds 3 --bundle "$BUNDLE" other
	[ "$(cat "$BUNDLE/create")" = '0 1 2' ]
	[ "$(cat "$BUNDLE/rootfs/tmp/start")" = '0 1 2' ]
}

@test 'the runtime is not behind /proc/self/exe (CVE-2019-5736)' {
	local was user
	was=$(cksum <"$INSULA")
	for user in root inside; do
		new_bundle
		[ $user = root ] || with_userns
		printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/evil"
		ln -s /proc/self/exe "$BUNDLE/rootfs/bin/itself"
		chmod 755 "$BUNDLE/rootfs/bin/evil"
		command_is evil
		run ! insula run --bundle "$BUNDLE" box
		command_is itself
		run ! insula run --bundle "$BUNDLE" box
		command_is /proc/self/exe
		run ! insula run --bundle "$BUNDLE" box
		sleeper box
		run ! insula exec box evil
		run ! insula exec box itself
		run ! insula exec box /proc/1/exe --version
		hasnt insula\ version
		run -0 insula delete --force box
	done
	[ "$(cksum <"$INSULA")" = "$was" ]
}

@test 'nothing that can be opened through /proc/PID/exe during exec can be written to (CVE-2019-5736)' {
	local was i
	was=$(cksum <"$INSULA")
	add_probe
	# All capabilities and no user namespace: nothing is harder to keep out.
	config '.process.capabilities |= with_entries(.value = ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE",
		"CAP_DAC_READ_SEARCH", "CAP_SYS_RAWIO", "CAP_SETUID", "CAP_SETGID"]) | .process.noNewPrivileges = false'
	command_is probe grab 8
	background run --bundle "$BUNDLE" box
	wait_for 5 grep -q ready "$OUTPUT_FILE"
	for ((i = 0; i < 200; i++)); do
		insula exec box true >/dev/null 2>&1 || break
		! grep -q grabbed "$OUTPUT_FILE" || break
	done
	background_ends
	has 'did not write to /memfd:insula-init'
	has 'grabbed some'
	hasnt 'wrote to'$' '
	[ "$(grep -c '^wrote' <<<"$output")" = 0 ]
	[ "$(cksum <"$INSULA")" = "$was" ]
}

@test 'who joins by exec can neither be traced nor looked at (CVE-2016-9962, CVE-2016-8649)' {
	local i user
	for user in root inside; do
		new_bundle
		add_probe
		if [ $user = inside ]; then
			with_userns
			config '.process.capabilities |= with_entries(.value += ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"])'
		fi
		command_is probe hunt 4
		background run --bundle "$BUNDLE" box
		wait_for 5 grep -q ready "$OUTPUT_FILE"
		for ((i = 0; i < 30; i++)); do
			insula exec box true >/dev/null 2>&1 || break
		done
		background_ends
		is $'ready\nmet many'
	done
}

@test 'the inheritable and ambient sets are empty (CVE-2022-29162, CVE-2022-27650)' {
	local arguments
	command_is grep Cap /proc/self/status
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(status_line CapInh)" = 0000000000000000 ]
	[ "$(status_line CapAmb)" = 0000000000000000 ]
	with_userns
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(status_line CapInh)" = 0000000000000000 ]
	[ "$(status_line CapAmb)" = 0000000000000000 ]
	new_bundle
	sleeper box
	for arguments in '' '--cap CAP_NET_RAW' '--cap CAP_NET_RAW --user 1000'; do
		# shellcheck disable=SC2086
		run -0 insula exec $arguments box grep Cap /proc/self/status
		[ "$(status_line CapInh)" = 0000000000000000 ]
		[ "$(status_line CapAmb)" = 0000000000000000 ]
	done
	[ "$(status_line CapEff)" = 0000000000000000 ] || [ "$(status_line CapEff)" = "$(status_line CapPrm)" ]
	run -0 insula exec --cap CAP_NET_RAW box grep CapBnd /proc/self/status
	[ $((0x$(status_line CapBnd) >> 13 & 1)) = 1 ]
	run -0 insula exec box grep CapBnd /proc/self/status
	[ $((0x$(status_line CapBnd) >> 13 & 1)) = 0 ]
}

@test 'the caller'\''s supplementary groups stay outside (CVE-2022-2989, CVE-2023-25173)' {
	with_groups() {
		setpriv --groups 4,27,44 "$INSULA" --root "$STATE" "$@" 3>&-
	}
	command_is grep Groups /proc/self/status
	run -0 with_groups run --bundle "$BUNDLE" box
	[ -z "$(status_line Groups)" ] || [ "$(status_line Groups)" = 0 ] || die "$output"
	config '.process.user.additionalGids = [10, 20]'
	run -0 with_groups run --bundle "$BUNDLE" box
	[ "$(status_line Groups)" = '10 20 ' ] || die "$output"
	new_bundle
	with_userns
	sleeper box
	run -0 with_groups exec box grep Groups /proc/self/status
	[ -z "$(status_line Groups)" ]
	run -0 with_groups exec --additional-gids 7 box grep Groups /proc/self/status
	[ "$(status_line Groups)" = '7 ' ] || die "$output"
}

@test 'a user namespace that is joined and forbids setgroups is entered without the caller'\''s groups' {
	local holder
	setpriv --reuid 1000 --regid 1000 --clear-groups unshare -U -r sleep 1000 3>&- &
	holder=$!
	wait_for 5 grep -q deny "/proc/$holder/setgroups"
	config '.linux.namespaces += [{type: "user", path: $p}] | .mounts |= .[:2] | del(.linux.maskedPaths, .linux.readonlyPaths)' \
		--arg p "/proc/$holder/ns/user"
	command_is grep Groups /proc/self/status
	run setpriv --groups 0,4,27 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	kill $holder
	wait $holder || :
	[[ $output =~ Groups:[[:space:]]*$ ]] || die "$output"
}

@test 'ids above 2^31 are what they are, above 2^32 they are errors (CVE-2024-40635)' {
	local id
	command_is sh -c 'grep -E "[UG]id:" /proc/self/status'
	config '.process.user = {uid: 2147483648, gid: 4294967294}'
	run -0 insula run --bundle "$BUNDLE" box
	[ "$(status_line Uid)" = $'2147483648\t2147483648\t2147483648\t2147483648' ]
	[ "$(status_line Gid)" = $'4294967294\t4294967294\t4294967294\t4294967294' ]
	for id in -1 4294967295 4294967296 18446744073709551616 1.5 '"0"' null true; do
		config '.process.user = {uid: $id, gid: 0}' --argjson id "$id"
		[ "$id" != 18446744073709551616 ] || sed -i 's/"uid": [0-9].*/"uid": 18446744073709551616,/' "$BUNDLE/config.json"
		run ! insula run --bundle "$BUNDLE" box
		[ "$id" = 18446744073709551616 ] || has process.user.uid
		one_line
	done
}

@test 'exec --user takes numbers and nothing that is nearly one (CVE-2026-30892)' {
	local user
	sleeper box
	run -0 insula exec --user 1 box sh -c 'id -u; id -g'
	is $'1\n0'
	run -0 insula exec --user 1:2 box sh -c 'id -u; id -g'
	is $'1\n2'
	run -0 insula exec -u 2147483648 box sh -c 'id -u'
	is 2147483648
	for user in '' ' 1' '1 ' +1 -1 0x1 1: :1 1:2:3 1e3 1.0 root 4294967295 4294967296 99999999999999999999 \
		1:4294967296 $'1\n' $'\n1' '1:-1' ١ 1,2; do
		run ! insula exec --user "$user" box id -u
		[ "$status" -ne 0 ]
		one_line
	done
}

@test 'a hostile /etc/passwd can make no more than a wrong HOME (CVE-2024-9676)' {
	local passwd=$BUNDLE/rootfs/etc/passwd
	config '.process.env = ["PATH=/bin"] | .process.user = {uid: 7, gid: 7}'
	command_is sh -c 'echo $HOME'
	home() {
		# To a file: who waits for ever would keep the pipe of `run` open.
		timeout 10 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box >"$BATS_TEST_TMPDIR/home" 2>&1 3>&-
		output=$(cat "$BATS_TEST_TMPDIR/home")
	}
	printf 'a:x:6:6::/six:/bin/sh\nseven:x:7:7::/seven:/bin/sh' >"$passwd"
	home
	is /seven
	rm "$passwd"
	home
	is /
	mkfifo "$passwd"
	home
	is /
	rm "$passwd"
	ln -s /dev/zero "$passwd"
	home
	is /
	rm "$passwd"
	mkdir "$passwd"
	home
	is /
	rmdir "$passwd"
	truncate -s 64G "$passwd"
	home
	is /
	tr '\0' 'x' </dev/zero | head -c 6000 >"$passwd"
	printf '\nseven:x:7:7::/after:/bin/sh\n' >>"$passwd"
	home
	is /after
	printf ':::::::::\n\n:x:7\nx:x:07x:7::/no:\nseven:x:7:7::relative:/bin/sh\n' >"$passwd"
	home
	is /
	printf 'seven:x:7:7::/%s:/bin/sh\n' "$(tr '\0' y </dev/zero | head -c 2000)" >"$passwd"
	home
	is /
}

@test 'the program has a session keyring of its own, that nobody can lay ready for it' {
	local ours first laid
	add_probe
	command_is probe keyring _ses.box
	detached run --detach --bundle "$BUNDLE" other
	wait_for 5 grep -q keyctl: "$OUTPUT_FILE"
	laid=$(cat "$OUTPUT_FILE")
	new_bundle
	add_probe
	ours=$("$PROBE" call keyctl 0 -3 0)
	command_is probe call keyctl 0 -3 0
	run -0 insula run --bundle "$BUNDLE" box
	has 'keyctl: '
	[ "$output" != "$ours" ]
	[ "$output" != "$laid" ]
	first=$output
	run -0 insula run --bundle "$BUNDLE" box
	[ "$output" != "$first" ]
}

@test 'the caller'\''s terminal does not become the program'\''s (CVE-2016-10124)' {
	add_probe
	sleeper box
	new_bundle
	add_probe
	command_is sh -c 'probe tiocsti; cut -d " " -f 7 /proc/self/stat'
	run script -qec "$INSULA --root $STATE run --bundle $BUNDLE other" /dev/null
	hasnt done
	has $'\n0'
	run script -qec "$INSULA --root $STATE exec box probe tiocsti </dev/null" /dev/null
	hasnt done
	has tiocsti
	# With one of its own it writes into that.
	run script -qec "$INSULA --root $STATE exec box probe tiocsti; stty -icanon
		timeout --foreground 1 head -c 1 >$BATS_TEST_TMPDIR/typed" /dev/null </dev/null
	has tiocsti
	run ! grep -q x "$BATS_TEST_TMPDIR/typed"
}

@test 'nobody listens on an abstract socket (CVE-2020-15257)' {
	detached create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	run grep -E '@.*(insula|box)' /proc/net/unix
	is ''
	run grep -c "$STATE/box/" /proc/net/unix
	# The waiting socket lies in the container's directory.
	[ -S "$STATE/box/start" ]
}

@test 'a startContainer hook, whose file is the guest'\''s, has the rights of the program and no more' {
	config '.hooks.startContainer = [{path: "/bin/grep", args: ["grep", "-E", "^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)", "/proc/self/status"]}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["reboot"], action: "SCMP_ACT_ERRNO"}]}
		| .process.user = {uid: 1000, gid: 1001, additionalGids: [7]}'
	command_is grep -E '^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)' /proc/self/status
	run -0 insula run --bundle "$BUNDLE" box
	[ "${#lines[@]}" -eq 20 ] || die "$output"
	[ "$(head -n 10 <<<"$output")" = "$(tail -n 10 <<<"$output")" ] || die "$output"
	has $'Seccomp:\t2'
	has $'NoNewPrivs:\t1'

	# A hook of uid 0 can no more make devices than the program could.
	new_bundle
	config '.hooks.startContainer = [{path: "/bin/mknod", args: ["mknod", "/tmp/disk", "b", "8", "0"]}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'Operation not permitted'
	leaves_nothing box
}

@test 'the container sees its own cgroup and cannot change it (CVE-2023-25809)' {
	local namespace
	for namespace in own host; do
		new_bundle
		[ $namespace = own ] || config '.linux.namespaces |= map(select(.type != "cgroup"))'
		command_is sh -c 'cd /sys/fs/cgroup && grep -c . <cgroup.procs && ls -d */ 2>/dev/null; mkdir sub; echo 1 >cgroup.procs;
			echo 1 >cgroup.freeze; mount -o remount,rw /sys/fs/cgroup'
		run insula run --bundle "$BUNDLE" box
		[ "${lines[0]}" = 2 ] || die "$output"
		[[ ${lines[1]} == *sub*Read-only* ]] || die "$output"
		[ "$(grep -c Read-only <<<"$output")" = 3 ]
		has 'mount: permission denied' || has 'Operation not permitted'
	done
}
