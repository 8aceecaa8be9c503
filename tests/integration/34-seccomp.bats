#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: actions, comparison of arguments, flags, architectures, the notify listener, and
# filters that leave next to nothing.

load helpers

setup() {
	insula_setup
	add_probe
}

# filter JSON: the container's seccomp section; everything is allowed by default.
filter() {
	config '.linux.seccomp = ({defaultAction: "SCMP_ACT_ALLOW"} + $filter)' --argjson filter "$1"
}

# rule NAME ACTION [MORE]: one rule for one call.
rule() {
	filter "{\"syscalls\": [{\"names\": [\"$1\"], \"action\": \"$2\"${3:+, $3}}]}"
}

# Only what the program's execve and its end need, and printing.
readonly FEW='"execve", "exit", "exit_group", "write", "brk", "mmap", "arch_prctl", "set_tid_address", "set_robust_list",
	"rseq", "prlimit64", "readlinkat", "readlink", "getrandom", "mprotect", "newfstatat", "fstat", "getsid"'

few() {
	filter "{\"defaultAction\": \"$1\", \"syscalls\": [{\"names\": [$FEW], \"action\": \"SCMP_ACT_ALLOW\"}]}"
}

# listen CALL: somebody who takes the notify descriptor on $LISTENER; output in $HEARD.
listen() {
	LISTENER=$BATS_TEST_TMPDIR/l
	HEARD=$BATS_TEST_TMPDIR/heard
	rm -f "$LISTENER"
	"$PROBE" listen "$LISTENER" "$1" >"$HEARD" 2>&1 </dev/null 3>&- &
	HEARER=$!
	wait_for 5 test -S "$LISTENER"
}

@test 'actions: errno, with a number and without, kill, trap, log, allow' {
	command_is probe call getsid 0
	rule getsid SCMP_ACT_ERRNO
	run -1 insula run --bundle "$BUNDLE" box
	is 'getsid: EPERM'
	rule getsid SCMP_ACT_ERRNO '"errnoRet": 38'
	run -1 insula run --bundle "$BUNDLE" box
	is 'getsid: ENOSYS'
	rule getsid SCMP_ACT_ERRNO '"errnoRet": 0'
	run -0 insula run --bundle "$BUNDLE" box
	is 'getsid: 0'
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP; do
		rule getsid $action
		run -159 insula run --bundle "$BUNDLE" box
		is ''
	done
	for action in SCMP_ACT_LOG SCMP_ACT_ALLOW; do
		rule getsid $action
		run -0 insula run --bundle "$BUNDLE" box
		has 'getsid: '
	done
	rule getsid SCMP_ACT_TRACE
	run -1 insula run --bundle "$BUNDLE" box
	is 'getsid: ENOSYS'
	rule getsid SCMP_ACT_MAYBE
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.seccomp.syscalls[0].action'
	has SCMP_ACT_MAYBE
}

# A filter that lets everything pass but the execve of the program itself.
@test 'a filter that is against execve is told, by run, start and exec' {
	local action text
	command_is true
	for action in KILL KILL_PROCESS KILL_THREAD TRAP; do
		rule execve SCMP_ACT_$action
		run -1 insula run --bundle "$BUNDLE" box
		has 'linux.seccomp: the filter killed the container process before its program ran'
		has execve
		one_line
		leaves_nothing box
		detached run --detach --bundle "$BUNDLE" box
		[ "$status" -eq 1 ] || die "$status: $output"
		leaves_nothing box
		detached create --bundle "$BUNDLE" box
		[ "$status" -eq 0 ] || die "$output"
		run -1 insula start box
		has 'ended before its program ran (does linux.seccomp allow'
		wait_for 5 has_status box stopped
		insula delete box
	done
	while read -r action text; do
		rule execve "$action"
		run -126 insula run --bundle "$BUNDLE" box
		has "$text"
		one_line
		leaves_nothing box
	done <<-end
		SCMP_ACT_ERRNO operation not permitted
		SCMP_ACT_TRACE function not implemented
	end
	rule execve SCMP_ACT_ERRNO '"errnoRet": 0'
	run -126 insula run --bundle "$BUNDLE" box
	has 'a seccomp filter answers execve with success, undone'
}

@test 'exec into a container whose filter is against execve is told' {
	# The container's own program is there before: its filter is exchanged for another one.
	rule getsid SCMP_ACT_ERRNO
	sleeper box
	cp "$STATE/box/filter" "$BATS_TEST_TMPDIR/kept"
	new_bundle
	rule execve SCMP_ACT_KILL_PROCESS
	command_is true
	detached create --bundle "$BUNDLE" other
	cp "$STATE/other/filter" "$STATE/box/filter"
	run -255 insula exec box true
	has 'linux.seccomp: the filter killed the container process before its program ran'
	detached exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" box true
	[ "$status" -eq 255 ] || die "$status: $output"
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	cp "$BATS_TEST_TMPDIR/kept" "$STATE/box/filter"
	run -0 insula exec box true
}

@test 'a program that ends itself as a filter would is not taken for one that never ran' {
	filter '{}'
	# The first process of a pid namespace could not.
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "proc"))'
	command_is sh -c 'kill -SYS $$'
	run -159 insula run --bundle "$BUNDLE" box
	is ''
	detached create --bundle "$BUNDLE" box
	[ "$status" -eq 0 ] || die "$output"
	run -0 insula start box
}

@test 'a program with more arguments than a page of pointers holds' {
	local many
	mapfile -t many < <(seq 20000)
	command_is sh -c 'echo $# $1 ${20000}' sh "${many[@]}"
	run -0 insula run --bundle "$BUNDLE" box
	is '20000 1 20000'
}

@test 'a listener that hangs up: the execve that it was to judge fails, and is told' {
	command_is true
	python3 - "$BATS_TEST_TMPDIR/l" 3>&- >/dev/null 2>&1 <<-'end' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.bind(sys.argv[1])
		s.listen(1)
		c, _ = s.accept()
		socket.recv_fds(c, 65536, 4)
	end
	wait_for 5 test -S "$BATS_TEST_TMPDIR/l"
	filter "{\"listenerPath\": \"$BATS_TEST_TMPDIR/l\", \"syscalls\": [{\"names\": [\"execve\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	run -126 insula run --bundle "$BUNDLE" box
	has 'function not implemented'
	leaves_nothing box
	# Nobody has ever been there.
	run -1 insula run --bundle "$BUNDLE" box
	has "connect to the seccomp listener $BATS_TEST_TMPDIR/l: Connection refused"
	leaves_nothing box
}

@test 'the default action, with its errno' {
	command_is probe call getppid
	filter '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 95, "syscalls": [{"names": ['"$FEW"'], "action": "SCMP_ACT_ALLOW"}]}'
	run -1 insula run --bundle "$BUNDLE" box
	is 'getppid: EOPNOTSUPP'
	few SCMP_ACT_ERRNO
	run -1 insula run --bundle "$BUNDLE" box
	is 'getppid: EPERM'
	few SCMP_ACT_KILL_PROCESS
	run -159 insula run --bundle "$BUNDLE" box
	filter '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 99999}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.seccomp.defaultErrnoRet
}

@test 'arguments: each comparison, several together, and 64 bits of them' {
	expect() {
		local operator=$1 value=$2 two=$3 hit=$4 miss=$5
		rule getsid SCMP_ACT_ERRNO "\"errnoRet\": 99, \"args\": [{\"index\": 1, \"value\": $value, \"valueTwo\": $two, \"op\": \"$operator\"}]"
		command_is sh -c "probe call getsid 0 $hit; probe call getsid 0 $miss"
		run insula run --bundle "$BUNDLE" box
		[[ ${lines[0]} == 'getsid: EADDRNOTAVAIL' && ${lines[1]} =~ ^getsid:\ [0-9]+$ ]] || die "$operator: $output"
	}
	expect SCMP_CMP_EQ 7 0 7 8
	expect SCMP_CMP_NE 7 0 8 7
	expect SCMP_CMP_LT 7 0 6 7
	expect SCMP_CMP_LE 7 0 7 8
	expect SCMP_CMP_GE 7 0 7 6
	expect SCMP_CMP_GT 7 0 8 7
	expect SCMP_CMP_MASKED_EQ 255 16 0x110 0x111
	expect SCMP_CMP_EQ 4294967303 0 0x100000007 7
	expect SCMP_CMP_GT 4294967303 0 0x200000000 0x100000007
	expect SCMP_CMP_LT 4294967303 0 0x100000006 0x200000001
	expect SCMP_CMP_MASKED_EQ 1095216660480 4294967296 0x0100000007 0x0200000007
	rule getsid SCMP_ACT_ERRNO '"args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 9, "op": "SCMP_CMP_EQ"}]'
	command_is sh -c 'probe call getsid 0 7 9; probe call getsid 0 7 8; probe call getsid 0 6 9'
	run insula run --bundle "$BUNDLE" box
	[[ $output == $'getsid: EPERM\ngetsid: '?$'\ngetsid: '? ]]
	rule getsid SCMP_ACT_ERRNO '"args": [{"index": 6, "value": 7, "op": "SCMP_CMP_EQ"}]'
	run ! insula run --bundle "$BUNDLE" box
	has 'args[0].index'
}

@test 'an unknown call is left out, an unknown architecture or flag is an error' {
	filter '{"syscalls": [{"names": ["no_such_call", "getsid"], "action": "SCMP_ACT_ERRNO"}]}'
	command_is probe call getsid 0
	run -1 insula run --bundle "$BUNDLE" box
	has 'getsid: EPERM'
	filter '{"architectures": ["SCMP_ARCH_PDP11"]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.seccomp.architectures[0]'
	filter '{"flags": ["SECCOMP_FILTER_FLAG_MAGIC"]}'
	run ! insula run --bundle "$BUNDLE" box
	has 'linux.seccomp.flags[0]'
}

@test 'flags are passed to the kernel' {
	local flag
	command_is probe call getsid 0
	for flag in SECCOMP_FILTER_FLAG_TSYNC SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW; do
		filter "{\"flags\": [\"$flag\"], \"syscalls\": [{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\"}]}"
		run -1 insula run --bundle "$BUNDLE" box
		is 'getsid: EPERM'
	done
	filter '{"flags": ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]}'
	command_is grep Speculation_Store_Bypass /proc/self/status
	run insula run --bundle "$BUNDLE" box
	hasnt 'force mitigated'
}

@test 'a 32-bit call is judged by its own number, or ends a process whose filter has not got its architecture' {
	[ "$(uname -m)" = x86_64 ] || skip 'this machine has no 32-bit entry'
	[[ $("$PROBE" call32 147) == 'call32: '* ]] || skip 'the kernel has no 32-bit entry (CONFIG_IA32_EMULATION)'
	command_is probe call32 147
	run -0 insula run --bundle "$BUNDLE" box
	has 'call32: '
	# i386: 147 is getsid.
	filter '{"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [{"names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
	run insula run --bundle "$BUNDLE" box
	is 'call32: EOPNOTSUPP'
	filter '{"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]}'
	run -0 insula run --bundle "$BUNDLE" box
	has 'call32: '
	filter '{"architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["getsid"], "action": "SCMP_ACT_ERRNO"}]}'
	run ! insula run --bundle "$BUNDLE" box
	hasnt 'call32: '[0-9]
}

@test 'a filter that allows only what the program needs: whichever privilege it has' {
	local change
	few SCMP_ACT_ERRNO
	command_is /bin/probe call getsid 0
	for change in . '.process.capabilities |= with_entries(.value = ["CAP_SYS_ADMIN"]) | .process.noNewPrivileges = false' \
		'.process.user = {uid: 1000, gid: 1000}' \
		'.process.capabilities = {} | .process.noNewPrivileges = true | .process.user = {uid: 1000, gid: 1000, additionalGids: [5]}'; do
		config "$change"
		run -0 insula run --bundle "$BUNDLE" box
		has 'getsid: '
	done
	with_userns
	run -0 insula run --bundle "$BUNDLE" box
}

@test 'without noNewPrivileges and CAP_SYS_ADMIN the filter is loaded early, and holds' {
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	rule getsid SCMP_ACT_ERRNO
	command_is sh -c 'probe call getsid 0; grep -E "^(Seccomp|NoNewPrivs|CapEff):" /proc/self/status; id -u'
	run insula run --bundle "$BUNDLE" box
	has 'getsid: EPERM'
	has $'Seccomp:\t2'
	has $'NoNewPrivs:\t0'
	has $'CapEff:\t0000000000000000'
	has $'\n1000'
}

@test 'exec is under the container'\''s filter' {
	rule getsid SCMP_ACT_ERRNO
	sleeper box
	run -1 insula exec box probe call getsid 0
	is 'getsid: EPERM'
	run -1 insula exec --user 1000 box probe call getsid 0
	is 'getsid: EPERM'
	jq '.process | .args = ["probe", "call", "getsid", "0"] | .noNewPrivileges = false' "$BUNDLE/config.json" >"$BUNDLE/process.json"
	run -1 insula exec --process "$BUNDLE/process.json" box
	is 'getsid: EPERM'
}

@test 'a program that cannot be executed is told of under the strictest filter' {
	filter '{"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"names": ["execve", "exit_group"], "action": "SCMP_ACT_ALLOW"}]}'
	command_is /bin/nothing
	run ! insula run --bundle "$BUNDLE" box
	has /bin/nothing
	one_line
	printf '#!/no/such/interpreter\n' >"$BUNDLE/rootfs/bin/script"
	chmod 755 "$BUNDLE/rootfs/bin/script"
	command_is /bin/script
	run ! insula run --bundle "$BUNDLE" box
	has /no/such/interpreter
	one_line
	filter '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 95, "syscalls": [{"names": ["exit_group"], "action": "SCMP_ACT_ALLOW"}]}'
	command_is /bin/true
	run ! insula run --bundle "$BUNDLE" box
	has 'not supported'
	one_line
	# Who is killed at the execve itself says nothing any more, but the parent sees it.
	filter '{"defaultAction": "SCMP_ACT_KILL_PROCESS"}'
	run -1 insula run --bundle "$BUNDLE" box
	has 'linux.seccomp: the filter killed the container process'
	one_line
	run -0 insula list -q
	is ''
}

@test 'the notify listener gets the state, and answers the calls' {
	listen getsid
	filter "{\"listenerPath\": \"$LISTENER\", \"listenerMetadata\": \"some data\",
		\"syscalls\": [{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	config '.annotations = {a: "b"}'
	command_is probe call getsid 0
	run -0 insula run --bundle "$BUNDLE" box
	is 'getsid: 4711'
	wait $HEARER
	jq -e --arg b "$BUNDLE" '.ociVersion == "1.3.0" and .fds == ["seccompFd"] and .pid > 1 and .metadata == "some data" and
		.state.id == "box" and .state.status == "creating" and .state.bundle == $b and .state.annotations.a == "b" and .state.pid > 1' "$HEARD"
}

@test 'a filter that notifies of sendmsg, write and close, which the handing over could need' {
	listen getsid
	filter "{\"listenerPath\": \"$LISTENER\", \"syscalls\": [{\"names\": [\"getsid\", \"sendmsg\", \"recvmsg\", \"write\", \"close\",
		\"read\", \"execve\", \"exit_group\", \"close_range\", \"prctl\", \"setuid\", \"capset\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	command_is probe call getsid 0
	status=0
	output=$(timeout 20 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 2>&1 3>&-) || status=$?
	[ "$status" -eq 0 ]
	is 'getsid: 4711'
	wait $HEARER
	# The same where the filter is loaded before the ids change.
	listen getsid
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	output=$(timeout 20 "$INSULA" --root "$STATE" run --bundle "$BUNDLE" box 2>&1 3>&-)
	is 'getsid: 4711'
	wait $HEARER
}

@test 'an exec hands over a descriptor of its own' {
	listen getsid
	filter "{\"listenerPath\": \"$LISTENER\", \"syscalls\": [{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	sleeper box
	wait_for 5 test -s "$HEARD"
	listen getsid
	run -0 insula exec box probe call getsid 0
	is 'getsid: 4711'
	wait $HEARER
	jq -e '.state.status == "running" and .pid != .state.pid' "$HEARD"
	run -0 insula delete --force box
}

@test 'no listener, no container' {
	filter "{\"listenerPath\": \"$BATS_TEST_TMPDIR/nobody\", \"syscalls\": [{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
	run ! insula run --bundle "$BUNDLE" box
	has "$BATS_TEST_TMPDIR/nobody"
	one_line
	filter '{"syscalls": [{"names": ["getsid"], "action": "SCMP_ACT_NOTIFY"}]}'
	run ! insula run --bundle "$BUNDLE" box
	has linux.seccomp.listenerPath
	run -0 insula list -q
	is ''
}
