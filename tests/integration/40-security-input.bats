#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a configuration, a command line or a directory that others can write to may try.

load helpers

@test 'kernel.core_pattern and the like cannot be reached by linux.sysctl (CVE-2022-0811)' {
	local key was
	was=$(cat /proc/sys/kernel/core_pattern)
	for key in kernel.core_pattern kernel/core_pattern net/../kernel/core_pattern net.../kernel.core_pattern \
		net..kernel.core_pattern net.ipv4/../../kernel/core_pattern fs.mqueue./../../kernel/core_pattern \
		'kernel.sem+kernel.core_pattern' $'net.ipv4.ip_forward\nkernel.core_pattern' .kernel.core_pattern \
		../kernel/core_pattern net. kernel vm.overcommit_memory fs.file-max kernel.sem. kernel.shm_rmid_forcedx; do
		config '.linux.sysctl = {($key): $value}' --arg key "$key" --arg value "$was"
		run ! insula run --bundle "$BUNDLE" box
		has linux.sysctl
		one_line
	done
	for key in $'1\nkernel.core_pattern=x' $'1\x1b[31m' $'1+kernel.core_pattern=x'; do
		config '.linux.sysctl = {"kernel.shm_rmid_forced": $value}' --arg value "$key"
		run ! insula run --bundle "$BUNDLE" box
		has linux.sysctl
		one_line
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$was" ]
}

@test 'a sysctl of a namespace that is the host'\''s is refused, joined by path too' {
	local was
	was=$(cat /proc/sys/net/ipv4/ip_forward)
	config '.linux.sysctl = {"net.ipv4.ip_forward": $v} | .linux.namespaces |= map(select(.type != "network"))' --arg v "$was"
	run ! insula run --bundle "$BUNDLE" box
	has net.ipv4.ip_forward
	config '.linux.namespaces += [{type: "network", path: "/proc/self/ns/net"}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'would change the host'
	new_bundle
	config '.linux.namespaces |= map(select(.type != "uts"))'
	run ! insula run --bundle "$BUNDLE" box
	has hostname
}

@test 'the name of the host is not set through its uts namespace, joined by path' {
	local was
	was=$(hostname)
	config '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" else . end)'
	# Should it happen, then to nobody but this process.
	run ! unshare --uts "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	has 'would change the host'
	one_line
	config 'del(.hostname) | .domainname = "evil"'
	run ! unshare --uts "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 3>&-
	has 'would change the host'
	[ "$(hostname)" = "$was" ]
	config 'del(.domainname)'
	run -0 insula run --bundle "$BUNDLE" box
}

@test 'a sysctl is written to the kernel'\''s file, whatever lies over it (CVE-2025-52881)' {
	# The guest's /proc/sys is covered by a volume; the trusted procfs is not.
	config '.linux.sysctl = {"kernel.shm_rmid_forced": "1"} | .linux.readonlyPaths = [] | .linux.maskedPaths = ["/proc/sys"]'
	command_is ls /proc/sys
	run -0 insula run --bundle "$BUNDLE" box
	is ''
	config '.linux.maskedPaths = []'
	command_is cat /proc/sys/kernel/shm_rmid_forced
	run -0 insula run --bundle "$BUNDLE" box
	is 1
}

@test 'a cgroup path does not lead up' {
	local path
	for path in ../x "$TEST_CGROUP/../../x" /.. . ./ /a/./b / // "$TEST_CGROUP/.." $'/a\nb' $'/a\e[31m'; do
		config '.linux.cgroupsPath = $path' --arg path "$path"
		run ! insula run --bundle "$BUNDLE" box
		has linux.cgroupsPath
		one_line
	done
}

@test 'a cgroup that others live in, or below, is not taken over' {
	sleeper box
	new_bundle
	config '.linux.cgroupsPath = $path' --arg path "$TEST_CGROUP/1"
	run ! insula run --bundle "$BUNDLE" other
	has 'not empty'
	config '.linux.cgroupsPath = $path' --arg path "$TEST_CGROUP"
	run ! insula run --bundle "$BUNDLE" other
	has 'not empty'
	[ "$(status_of box)" = running ]
}

@test 'exec --cgroup stays below the container'\''s cgroup' {
	local path
	sleeper box
	mkdir "$(cgroup_of box)/sub"
	ln -s / "$BATS_TEST_TMPDIR/link"
	for path in .. ../.. sub/../.. /.. "../../../../..$BATS_TEST_TMPDIR/link" /proc; do
		run ! insula exec --cgroup "$path" box true
		one_line
	done
	run -0 insula exec --cgroup sub box cat /proc/self/cgroup
	has /sub
	run -0 insula delete --force box
}

@test 'the state is nobody else'\''s business, and a directory that others may write to is refused (CVE-2021-41103)' {
	local directory=$BATS_TEST_TMPDIR/state2
	(umask 0; detached create --bundle "$BUNDLE" box)
	[ "$(status_of box)" = created ]
	run find "$STATE" ! -type l -perm /077
	is ''
	mkdir -m 777 "$directory"
	run ! "$INSULA" --root "$directory" run --bundle "$BUNDLE" other
	has "$directory"
	has 'writable by nobody else'
	rmdir "$directory"
	mkdir -m 700 "$directory"
	chown 1000 "$directory"
	run ! "$INSULA" --root "$directory" run --bundle "$BUNDLE" other
	has "$directory"
	rmdir "$directory"
	(umask 0; "$INSULA" --root "$directory/a/b" list -q)
	new_bundle
	(umask 0; "$INSULA" --root "$directory/a/b" run --bundle "$BUNDLE" other)
	[ "$(stat -c %a "$directory/a/b")" = 700 ]
	rm -r "$directory"
}

@test 'a state directory of a container that is a symlink is none' {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	echo '{}' >"$BATS_TEST_TMPDIR/elsewhere/state.json"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$STATE/box"
	run ! insula state box
	run ! insula run --bundle "$BUNDLE" box
	insula delete --force box || :
	[ -e "$BATS_TEST_TMPDIR/elsewhere/state.json" ]
	rm "$STATE/box"
}

@test 'the pid file replaces a symlink of its name, the log gets modes of its own (CVE-2026-33711)' {
	echo precious >"$BATS_TEST_TMPDIR/victim"
	ln -s victim "$BATS_TEST_TMPDIR/pid"
	command_is sleep 1000
	detached run --detach --pid-file "$BATS_TEST_TMPDIR/pid" --bundle "$BUNDLE" box
	[ "$status" -eq 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR/victim")" = precious ]
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(pid_of box)" ]
	[ "$(stat -c '%F %a' "$BATS_TEST_TMPDIR/pid")" = 'regular file 644' ]
	(umask 0; run ! insula --log "$BATS_TEST_TMPDIR/log" state nobody)
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/log")" = 600 ]
	# A link to what is there is how a caller names its own standard error.
	run ! insula --log /dev/stderr state nobody
	has 'does not exist'
}

@test 'control characters reach neither the terminal nor a record of the log nor the state (CVE-2026-23953)' {
	local bad=$'x\nlevel=error\e[2J\r\x7f' log=$BATS_TEST_TMPDIR/log id
	for id in "$bad" $'a\n' $'\na' a/b .. . '' ../a 'a b' $'a\tb' a% ä "$(printf 'x%.0s' {1..2000})"; do
		run ! insula create --bundle "$BUNDLE" "$id"
		one_line
		[[ $output != *$'\e'* ]]
		run ! insula state "$id"
		one_line
	done
	[ -z "$(ls -A "$STATE")" ]
	for arguments in args cwd hostname; do
		new_bundle
		case $arguments in
		args) command_is "$bad" ;;
		cwd) config '.process.cwd = ("/" + $b + "/../../proc/self/fd/7")' --arg b "$bad" ;;
		hostname) config '.linux.rootfsPropagation = $b' --arg b "$bad" ;;
		esac
		rm -f "$log"
		run ! insula --log "$log" --log-format json run --bundle "$BUNDLE" box
		one_line
		[[ $output != *[$'\e\r\x7f']* ]]
		[ "$(jq -r .level "$log")" = error ]
		[ "$(wc -l <"$log")" = 1 ]
		rm -f "$log"
		run ! insula --log "$log" run --bundle "$BUNDLE" box
		[ "$(wc -l <"$log")" = 1 ]
		! grep -q $'\e' "$log"
	done
	new_bundle
	config '.annotations = {($b): $b}' --arg b "$bad"
	sleeper box
	insula state box | jq -e --arg b "$bad" '.annotations[$b] == $b'
	[[ $(insula state box) != *$'\e'* ]]
	run -0 insula list
	[ "${#lines[@]}" -eq 2 ]
	run -0 insula exec --env "A=$bad" box sh -c 'echo "$A" | wc -l'
	is 2
}

@test 'control characters above 0x7f do not reach the terminal either' {
	# U+009B begins a control sequence as ESC [ does; so does its second byte, for terminals without UTF-8.
	printf '#!/\xc2\x9b31m/\x9b2J/ä\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	command_is script
	run ! insula run --bundle "$BUNDLE" box
	has '/??31m/?2J/ä'
	one_line
}

@test 'annotations are carried and nothing else (CVE-2026-53488)' {
	config '.annotations = {"org.example.hook": "/bin/false", "run.oci.hooks.stdout": $f, "io.podman.annotations.hooks": "x",
		"run.oci.handler": "krun", "run.oci.systemd.force_cgroup_v1": "/x", "org.systemd.property.KillMode": "\"none\""}' \
		--arg f "$BATS_TEST_TMPDIR/file"
	mkdir -p "$BUNDLE/rootfs/usr/share/containers/oci/hooks.d" "$BUNDLE/rootfs/etc/containers/oci/hooks.d"
	echo '{"version": "1.0.0", "hook": {"path": "/bin/false"}, "when": {"always": true}, "stages": ["prestart"]}' |
		tee "$BUNDLE/rootfs/usr/share/containers/oci/hooks.d/x.json" >"$BUNDLE/rootfs/etc/containers/oci/hooks.d/x.json"
	echo '{"process": {"user": {"uid": 0}}}' >"$BUNDLE/rootfs/config.json"
	run -0 insula run --bundle "$BUNDLE" box
	[ ! -e "$BATS_TEST_TMPDIR/file" ]
}

@test 'files of the bundle that are no files, or without end, are errors and no hang' {
	local file=$BUNDLE/config.json
	try() {
		status=0
		timeout 10 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
		mapfile -t lines <"$BATS_TEST_TMPDIR/out"
		output=${lines[*]}
		[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
		one_line
		has config.json
	}
	rm "$file"
	try
	mkfifo "$file"
	try
	rm "$file"
	ln -s /dev/zero "$file"
	try
	rm "$file"
	mkdir "$file"
	try
	rmdir "$file"
	truncate -s 64G "$file"
	try
	printf '%0.s[' {1..5000} >"$file"
	try
	printf '{"ociVersion": "1.3.0", "ociVersion": "1.3.0"}' >"$file"
	try
	has ociVersion
	printf '{"ociVersion": "1.3.0\\u0000", "root": {"path": "rootfs"}}' >"$file"
	try
}

@test 'texts with a zero in them are errors' {
	local path
	for path in .process.args[0] .process.cwd .hostname .mounts[0].destination .root.path .linux.maskedPaths[0]; do
		new_bundle
		config "$path = \"a\\u0000b\""
		run ! insula run --bundle "$BUNDLE" box
		one_line
	done
}

@test 'a configuration whose state could not be read again makes no container' {
	command_is sleep 1000
	config '.process.unknown = "@"'
	# 1e15 is 1000000000000000.0 there.
	python3 - "$BUNDLE/config.json" <<-'END'
		import sys
		text = open(sys.argv[1]).read().replace('"@"', '[' + ','.join(['1e15'] * 800000) + ']')
		open(sys.argv[1], 'w').write(text)
	END
	detached run --detach --bundle "$BUNDLE" box
	[ "$status" -eq 1 ] || die "$output"
	has 'larger than 8388608 bytes'
	leaves_nothing box
}
