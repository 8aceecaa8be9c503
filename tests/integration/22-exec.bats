#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `exec`: one more process in a container, and each of its options.

load helpers

# process_file FILTER: a process object, that of the container changed by a jq filter, in $PROCESS.
process_file() {
	PROCESS=$BATS_TEST_TMPDIR/process.json
	jq ".process | $1" "$BUNDLE/config.json" >"$PROCESS"
}

# --- where it runs ------------------------------------------------------------------------------

@test 'exec runs in the namespaces, the root and the cgroup of the container' {
	sleeper box
	run -0 insula exec box sh -c 'hostname; ls /bin/busybox; cat /proc/1/cmdline | tr "\0" " "; echo; cat /proc/self/cgroup'
	[ "${lines[0]}" = box ]
	[ "${lines[1]}" = /bin/busybox ]
	[ "${lines[2]}" = 'sleep 1000 ' ]
	has $'\n0::/'
	detached exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" box sleep 1000
	[ "$status" -eq 0 ]
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	[ "$(grep ^0:: "/proc/$pid/cgroup")" = "$(grep ^0:: "/proc/$(pid_of box)/cgroup")" ]
	for ns in cgroup ipc mnt net pid uts; do
		[ "$(readlink "/proc/$pid/ns/$ns")" = "$(readlink "/proc/$(pid_of box)/ns/$ns")" ]
	done
}

@test 'exec enters a user namespace' {
	with_userns
	sleeper box
	run -0 insula exec box sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^\ *0\ +100000\ +65536$ ]]
	run -0 insula exec --user 1000:1000 box id -u
	is 1000
}

@test 'exec takes over a limit that is too large for a signed number' {
	command_is sleep 1000
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: "BIG", hard: "BIG"}]'
	sed -i 's/"BIG"/18446744073709551615/g' "$BUNDLE/config.json"
	detached run --detach --bundle "$BUNDLE" box
	run -0 insula exec box sh -c 'ulimit -c'
	is unlimited
}

@test 'exec has nothing open but 0, 1 and 2' {
	sleeper box
	run -0 "$INSULA" --root "$STATE" exec box \
		sh -c 'ls -l /proc/self/fd 2>/dev/null | grep -v " -> /proc/" | grep -c -e "->"' 7</dev/null
	is 3
}

@test 'standard input, output and error go through' {
	sleeper box
	run -0 --separate-stderr insula exec box sh -c 'cat; echo err >&2' <<<'in and out'
	is 'in and out'
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
}

# --- exit status --------------------------------------------------------------------------------

@test 'exec passes the exit status on' {
	local code
	sleeper box
	for code in 0 1 7 126 127 255; do
		run "-$code" insula exec box sh -c "exit $code"
		is ''
	done
	run -137 insula exec box sh -c 'kill -9 $$'
	run -143 insula exec box sh -c 'kill -15 $$'
	[ "$(status_of box)" = running ]
}

@test 'exec of a program that is not there is 127, with its name and without a pid file' {
	sleeper box
	run -127 insula exec --pid-file "$BATS_TEST_TMPDIR/pid" box nothing
	has 'executable file `nothing` not found in $PATH: no such file or directory'
	one_line
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	run -127 insula exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" box /bin/nothing
	has 'executable file `/bin/nothing` not found: no such file or directory'
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	process_file '.args = ["/bin/nothing"]'
	run -127 insula exec --detach --process "$PROCESS" --pid-file "$BATS_TEST_TMPDIR/pid" box
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	[ "$(insula ps --format json box)" = "[$(pid_of box)]" ]
}

@test 'exec of what cannot be executed is 126' {
	sleeper box
	run -126 insula exec box /etc/passwd
	has 'permission denied'
	one_line
	run -126 insula exec box /bin
	one_line
}

@test 'a failure of exec itself is 255' {
	sleeper box
	run -255 insula exec --cwd relative box true
	one_line
	run -255 insula exec --process /nowhere box
	has '/nowhere'
	run -255 insula exec --user root box true
	has 'numbers'
	run -255 insula exec box
	run -255 insula exec --nonsense box true
	run -255 insula exec --pid-file /nowhere/pid box true
	has '--pid-file'
}

# --- which containers ---------------------------------------------------------------------------

@test 'exec works in a created container' {
	command_is sleep 1000
	detached create --bundle "$BUNDLE" box
	run -0 insula exec box sh -c 'echo hello; ls /proc/1'
	[ "${lines[0]}" = hello ]
	run -0 insula start box
	[ "$(status_of box)" = running ]
}

@test 'exec refuses a stopped container' {
	command_is true
	run -0 insula run --keep --bundle "$BUNDLE" box
	run -255 insula exec box true
	has 'container not running'
	one_line
}

@test 'exec refuses a paused container, unless it may wait in it' {
	sleeper box
	run -0 insula pause box
	run -255 insula exec box true
	has 'paused'
	one_line
	background exec --ignore-paused box echo awake
	sleep 0.3
	kill -0 "$BACKGROUND"
	run -0 insula resume box
	background_ends
	[ "$status" -eq 0 ]
	is awake
}

# --- options ------------------------------------------------------------------------------------

@test '--user, --additional-gids' {
	sleeper box
	run -0 insula exec box grep -E '^(Uid|Gid|Groups)' /proc/self/status
	[ "$(status_line Uid)" = $'0\t0\t0\t0' ]
	run -0 insula exec --user 1000 box grep -E '^(Uid|Gid|Groups)' /proc/self/status
	[ "$(status_line Uid)" = $'1000\t1000\t1000\t1000' ]
	[ "$(status_line Gid)" = $'0\t0\t0\t0' ]
	run -0 insula exec -u 1000:2000 -g 5,6 --additional-gids=7 box grep -E '^(Uid|Gid|Groups)' /proc/self/status
	[ "$(status_line Uid)" = $'1000\t1000\t1000\t1000' ]
	[ "$(status_line Gid)" = $'2000\t2000\t2000\t2000' ]
	[ "$(status_line Groups)" = '5 6 7 ' ] || [ "$(status_line Groups)" = '5 6 7 2000 ' ]
	for user in '' x 1: :1 -1 4294967295 1:2:3 '1 '; do
		run -255 insula exec --user "$user" box true
		one_line
	done
	run -255 insula exec --additional-gids 1,x box true
	one_line
}

@test '--cwd' {
	sleeper box
	run -0 insula exec box pwd
	is /
	run -0 insula exec --cwd /usr/bin box pwd
	is /usr/bin
	run ! insula exec --cwd /etc/passwd box pwd
	one_line
}

@test '--env adds, and wins over what the container has' {
	config '.process.env += ["A=config", "B=config"]'
	sleeper box
	run -0 insula exec --env A=first -e 'C=with space=and' box sh -c 'echo "$A|$B|$C|$HOME"'
	is 'first|config|with space=and|/root'
	run -255 insula exec --env nothing box true
	one_line
}

@test '--cap adds capabilities, but not inheritable ones' {
	sleeper box
	run -0 insula exec box grep ^Cap /proc/self/status
	before=$(status_line CapEff)
	run -0 insula exec --cap CAP_SYS_ADMIN -c NET_ADMIN box grep ^Cap /proc/self/status
	[ $((0x$(status_line CapEff))) -eq $((0x$before | 1 << 21 | 1 << 12)) ]
	[ $((0x$(status_line CapBnd) & 1 << 21)) -ne 0 ]
	[ "$(status_line CapInh)" = 0000000000000000 ]
	run -255 insula exec --cap CAP_MOON box true
	one_line
}

@test '--no-new-privs' {
	config '.process.noNewPrivileges = false'
	sleeper box
	run -0 insula exec box grep ^NoNewPrivs /proc/self/status
	[ "$(status_line NoNewPrivs)" = 0 ]
	run -0 insula exec --no-new-privs box grep ^NoNewPrivs /proc/self/status
	[ "$(status_line NoNewPrivs)" = 1 ]
}

@test 'noNewPrivileges of the container holds for exec' {
	sleeper box
	run -0 insula exec box grep ^NoNewPrivs /proc/self/status
	[ "$(status_line NoNewPrivs)" = 1 ]
}

@test 'the filter of the container holds for exec' {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	sleeper box
	run -1 insula exec box mkdir /tmp/x
	has 'Operation not supported'
}

@test '--cgroup runs it in a cgroup below' {
	sleeper box
	below=$CGROUP_ROOT$TEST_CGROUP/1/below
	mkdir "$below"
	detached exec --detach --cgroup below --pid-file "$BATS_TEST_TMPDIR/pid" box sleep 1000
	[ "$status" -eq 0 ]
	[ "$(cat "$below/cgroup.procs")" = "$(cat "$BATS_TEST_TMPDIR/pid")" ]
	run -255 insula exec --cgroup nowhere box true
	one_line
	run -255 insula exec --cgroup ../.. box true
	one_line
	run -255 insula exec --cgroup /../.. box true
	one_line
}

@test '--preserve-fds' {
	echo three >"$BATS_TEST_TMPDIR/3"
	sleeper box
	run -0 "$INSULA" --root "$STATE" exec --preserve-fds 1 box \
		sh -c 'cat <&3; [ ! -e /proc/self/fd/4 ] && echo "no 4"' 3<"$BATS_TEST_TMPDIR/3" 4</dev/null
	is $'three\nno 4'
	run -255 "$INSULA" --root "$STATE" exec --preserve-fds 1 box true 3<&-
	has 'file descriptor 3 is not open'
}

@test 'options after the id belong to the program' {
	sleeper box
	run -0 insula exec box echo --tty -d --user 3
	is '--tty -d --user 3'
	run -0 insula exec -- box echo -- x
	is '-- x'
}

# --- --process ----------------------------------------------------------------------------------

@test '--process takes everything from the file' {
	config '.process.env += ["A=config"]'
	sleeper box
	process_file '.args = ["sh", "-c", "echo \"$A|$B|$(pwd)|$(id -u)|$(id -g)|$(umask)\""]
		| .env = ["PATH=/bin", "B=file"] | .cwd = "/tmp"
		| .user = {uid: 5, gid: 6, umask: 63, additionalGids: [7]}'
	run -0 insula exec --process "$PROCESS" box
	is '|file|/tmp|5|6|0077'
	run -0 insula exec -p "$PROCESS" box
}

@test '--process with anything that it excludes is an error' {
	sleeper box
	process_file '.'
	run -255 insula exec --process "$PROCESS" box true
	has 'exclude'
	run -255 insula exec --process "$PROCESS" --user 1 box
	has 'exclude'
}

@test 'a process file that is wrong is named' {
	local text
	sleeper box
	for text in '' '{' '[]' '{}' '{"args":[],"cwd":"/"}' '{"args":["true"],"cwd":"relative"}' \
		'{"args":["true"],"cwd":"/","user":{"uid":-1}}' '{"args":["true"],"args":["true"],"cwd":"/"}'; do
		printf '%s' "$text" >"$BATS_TEST_TMPDIR/bad.json"
		run -255 insula exec --process "$BATS_TEST_TMPDIR/bad.json" box
		one_line
		has "$BATS_TEST_TMPDIR/bad.json"
	done
}

# --- --detach, --pid-file -----------------------------------------------------------------------

@test 'exec --detach returns once the program runs' {
	sleeper box
	detached exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" box sh -c 'echo $$; exec sleep 1000'
	[ "$status" -eq 0 ]
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	wait_for 5 grep -q . "$OUTPUT_FILE"
	[ "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status")" = "$(cat "$OUTPUT_FILE")" ]
	kill -9 "$pid"
	[ "$(status_of box)" = running ]
}

@test 'exec writes the pid file while the program runs' {
	sleeper box
	background exec --pid-file "$BATS_TEST_TMPDIR/pid" box sleep 1000
	wait_for 5 test -s "$BATS_TEST_TMPDIR/pid"
	kill -TERM "$(cat "$BATS_TEST_TMPDIR/pid")"
	background_ends
	[ "$status" -eq 143 ]
}

@test 'a signal to insula exec is passed on to the program' {
	sleeper box
	background exec box sh -c 'trap "echo got HUP; exit 9" HUP; echo ready; while :; do sleep 0.05; done'
	wait_for 5 grep -qx ready "$OUTPUT_FILE"
	kill -HUP "$BACKGROUND"
	background_ends
	[ "$status" -eq 9 ]
	has 'got HUP'
}

@test 'the end of the container ends what exec runs' {
	sleeper box
	background exec box sleep 1000
	wait_for 5 two_processes
	run -0 insula delete --force box
	background_ends
	[ "$status" -eq 137 ]
	leaves_nothing box
}

two_processes() {
	[ "$(insula ps --format json box | jq length)" = 2 ]
}

@test 'many at once' {
	local i pids=()
	sleeper box
	for i in 1 2 3 4 5 6 7 8; do
		"$INSULA" --root "$STATE" exec box sh -c "exit $i" </dev/null >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6 7 8; do
		code=0
		wait "${pids[i - 1]}" || code=$?
		[ "$code" -eq "$i" ]
	done
}

@test 'linux.personality is the whole container'\''s' {
	config '.linux.personality = {domain: "LINUX32"}'
	sleeper box
	[ "$(insula exec box uname -m)" != "$(uname -m)" ]
	jq '.process | .args = ["uname", "-m"]' "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	[ "$(insula exec --process "$BATS_TEST_TMPDIR/process.json" box)" != "$(uname -m)" ]
}

@test 'who keeps the groups of the caller does so in exec, too' {
	sleeper plain
	run -0 setpriv --groups 0,4,27 "$INSULA" --root "$STATE" exec plain grep Groups /proc/self/status 3>&-
	hasnt 27
	new_bundle
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	sleeper keeps
	run -0 setpriv --groups 0,4,27 "$INSULA" --root "$STATE" exec keeps grep Groups /proc/self/status 3>&-
	has '0 4 27'
	# In a user namespace these are ids that mean nothing inside, and yet are there.
	new_bundle
	with_userns
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	sleeper mapped
	run -0 setpriv --groups 0,4,27 "$INSULA" --root "$STATE" exec mapped grep Groups /proc/self/status 3>&-
	has '65534 65534 65534'
}

@test 'exec into a cgroup that is frozen, and yet the container is not, gives up and leaves nothing' {
	local cgroup end
	sleeper box
	cgroup=$(cgroup_of box)/sub
	mkdir "$cgroup"
	echo 1 >"$cgroup/cgroup.freeze"
	[ "$(status_of box)" = running ]
	run -255 timeout 40 "$INSULA" --root "$STATE" exec --cgroup sub box true 3>&-
	has 'cgroup was frozen meanwhile'
	one_line
	[ -z "$(cat "$cgroup/cgroup.procs")" ]
	# Who says so waits.
	background exec --ignore-paused --cgroup sub box echo thawed
	wait_for 5 grep -q . "$cgroup/cgroup.procs"
	sleep 1
	echo 0 >"$cgroup/cgroup.freeze"
	background_ends
	is thawed
	# While it waits, or killed then, it is no obstacle to delete.
	for end in '' "kill -KILL"; do
		mkdir -p "$cgroup"
		echo 1 >"$cgroup/cgroup.freeze"
		background exec --ignore-paused --cgroup sub box true
		wait_for 5 grep -q . "$cgroup/cgroup.procs"
		[ -z "$end" ] || $end "$BACKGROUND"
		run -0 timeout 20 "$INSULA" --root "$STATE" delete --force box 3>&-
		background_ends
		[ "$status" -ne 0 ]
		leaves_nothing box
		[ -n "$end" ] || sleeper box
	done
}

# --- terminals of the caller ------------------------------------------------------------------------

# on_terminal TEXT COMMAND…: what a shell says that runs it on a terminal.
on_terminal() {
	local said=$BATS_TEST_TMPDIR/said.$RANDOM
	printf '%s' "$1" >"$said.input"
	python3 "$top_srcdir/tests/integration/terminal.py" run 24 80 "$said" sh -c "$2" || :
	output=$(tr -d '\r' <"$said")
}

@test 'no terminal of the caller gets into the container' {
	local in="\"$INSULA\" --root \"$STATE\" exec"
	sleeper t1
	# A terminal is a character device 136:N; one of its own is in its own /dev/pts.
	local look='for f in 0 1 2; do readlink /proc/self/fd/$f; done'
	on_terminal '' "$in t1 sh -c '$look'"
	[[ $output == $'/dev/pts/0\npipe:'*$'\n/dev/pts/0' || $output == $'/dev/pts/0\n/dev/pts/0\n/dev/pts/0' ]] || die "$output"
	on_terminal '' "stat -Lc %d /dev/stdin; $in t1 stat -Lc %d /dev/stdin"
	[ "$(sed -n 1p <<<"$output")" != "$(sed -n 2p <<<"$output")" ] || die "$output"
	on_terminal '' "$in t1 sh -c '$look; echo said >&2' </dev/null"
	[[ $output == $'/dev/null\npipe:'*$'\npipe:'*$'\nsaid' ]] || die "$output"
	on_terminal '' "$in t1 sh -c '$look' | cat"
	[[ $output == $'/dev/null\npipe:'*$'\npipe:'* ]] || die "$output"
	on_terminal '' "$in --detach t1 sh -c '($look) >/seen.new; mv /seen.new /seen; exec sleep 1000'"
	wait_for 5 insula exec t1 test -e /seen
	run -0 insula exec t1 sed -n '1p;3p' /seen
	is $'/dev/null\n/dev/null'
	on_terminal '' "$in t1 sh -c 'exit 7' </dev/null; echo =\$?; $in t1 nowhere </dev/null; echo =\$?"
	has '=7'
	has '=127'
}

@test 'what exec leaves behind does not read what is typed afterwards' {
	local in="\"$INSULA\" --root \"$STATE\" exec"
	sleeper t1
	on_terminal secret "$in t1 sh -c '(trap \"\" HUP; cat <&2 >/stolen) >/dev/null </dev/null &' </dev/null
		printf '> '; sleep 0.5; timeout --foreground 2 head -n 1 >$BATS_TEST_TMPDIR/got"
	[ "$(cat "$BATS_TEST_TMPDIR/got")" = secret ] || die "$output"
	run -0 insula exec t1 sh -c 'cat /stolen 2>/dev/null || :'
	is ''
}

@test 'a signal to exec on a terminal ends the program' {
	sleeper t1
	local said=$BATS_TEST_TMPDIR/said
	: >"$said.input"
	python3 "$top_srcdir/tests/integration/terminal.py" run 24 80 "$said" sh -c \
		"\"$INSULA\" --root \"$STATE\" exec t1 sleep 1000 </dev/null & echo \$! >$said.pid; wait \$!; echo =\$?" &
	local terminal=$!
	wait_for 5 test -s "$said.pid"
	wait_for 5 insula exec t1 sh -c 'ps | grep "[s]leep 1000" | grep -qv "^ *1 "'
	kill "$(cat "$said.pid")"
	wait "$terminal"
	run -0 cat "$said"
	has '=143'
}

# --- many ------------------------------------------------------------------------------------------

@test 'exec in many: each line has a name, a failure does not keep the others, nothing is read' {
	sleeper a1
	new_bundle
	sleeper a2
	new_bundle
	sleeper b1
	run -0 --separate-stderr insula exec 'a*' sh -c 'echo one; printf two; echo three >&2; cat' <<<text
	[ "$(sort <<<"$output")" = 'a1 | one
a1 | two
a2 | one
a2 | two' ] || die "$output"
	# shellcheck disable=SC2154
	[ "$(sort <<<"$stderr")" = 'a1 | three
a2 | three' ] || die "$stderr"
	run -255 insula exec '{1..3}' -- true
	has '3 of 3 failed'
	insula kill a1 KILL
	wait_for 5 has_status a1 stopped
	run -255 insula exec 'a{1..2}' echo here
	has 'a2 | here'
	has 'insula: a1: '
	has 'insula: 1 of 2 failed'
	run -255 insula exec 'b?' sh -c 'exit 3'
	is 'insula: the program has ended with the exit status 3'
	run -255 insula exec --tty 'b*' true
	is 'insula: --tty is for one, and `b*` may be many'
}

@test 'exec in many waits neither for what a program leaves behind, nor goes on when nobody reads' {
	sleeper a1
	new_bundle
	sleeper a2
	run -0 timeout 20 "$INSULA" --root "$STATE" exec 'a*' sh -c 'yes & sleep 1000 & echo first'
	has 'a1 | '
	run -0 timeout 20 sh -c '"$@" 2>/dev/null | head -n 1' sh "$INSULA" --root "$STATE" exec 'a*' yes
	[[ $output == a?' | y' ]]
}

@test 'exec in many shows a terminal no control characters' {
	sleeper a1
	: >"$BATS_TEST_TMPDIR/said.input"
	python3 "$top_srcdir/tests/integration/terminal.py" run 24 80 "$BATS_TEST_TMPDIR/said" \
		"$INSULA" --root "$STATE" exec 'a*' printf '\033[31mred\007\n'
	run -0 cat -v "$BATS_TEST_TMPDIR/said"
	[[ $output == *'a1 | ?[31mred?^M' ]] || die "$output"
}
