#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The calls of containerd, podman with conmon, buildah, CRI-O, in their order and with their options.

load helpers

setup() {
	insula_setup
	skip_unless 'there is no python3' command -v python3
	DIR=$BATS_TEST_TMPDIR/caller
	mkdir "$DIR"
	LOG=$DIR/log.json
}

# monitored ARGS…: call insula as a subreaper does and leave that to wait for the process of $DIR/pid,
# whose end will be in $DIR/status. Goes on when insula has returned, with $created its exit status.
monitored() {
	rm -f "$DIR/pid" "$DIR/status" "$DIR/created"
	python3 "$BATS_TEST_DIRNAME/monitor.py" "$DIR/pid" "$DIR/status" \
		sh -c '"$@"; status=$?; echo $status >"$0.new"; mv "$0.new" "$0"; exit $status' "$DIR/created" \
		"$@" </dev/null >"$DIR/output" 2>&1 3>&- &
	MONITOR=$!
	wait_for 10 test -e "$DIR/created"
	created=$(cat "$DIR/created")
}

# ends_with STATUS: so the process ends, as its subreaper sees it.
ends_with() {
	wait_for 10 test -e "$DIR/status"
	[ "$(cat "$DIR/status")" = "$1" ]
}

process_file() {
	jq ".process | $1" "$BUNDLE/config.json" >"$DIR/process"
}

parent_of() {
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"
}

# --- containerd ---------------------------------------------------------------------------------

# As go-runc calls from the shim: every call with the log, one file for all.
containerd() {
	"$INSULA" --root "$STATE" --log "$LOG" --log-format json "$@" 3>&-
}

@test 'containerd: a task from create to delete' {
	command_is sleep 1000
	monitored "$INSULA" --root "$STATE" --log "$LOG" --log-format json create --bundle "$BUNDLE" --pid-file "$DIR/pid" task
	[ "$created" -eq 0 ]
	pid=$(cat "$DIR/pid")
	[ "$(parent_of "$pid")" = "$MONITOR" ]
	run -0 containerd start task
	is ''
	process_file '.args = ["sleep", "1000"]'
	detached --log "$LOG" --log-format json exec --process "$DIR/process" --detach --pid-file "$DIR/exec.pid" task
	[ "$status" -eq 0 ]
	run -0 containerd pause task
	run -0 containerd resume task
	run -0 containerd ps --format json task
	[ "$(jq -c sort <<<"$output")" = "$(printf '%s\n' "$pid" "$(cat "$DIR/exec.pid")" | jq -sc sort)" ]
	run -0 containerd kill task 9
	ends_with 137
	run -0 containerd delete task
	run -0 containerd delete --force task
	is ''
	leaves_nothing task
	[ ! -s "$LOG" ]
}

@test 'containerd: the exit status is the one that the shim reaps' {
	command_is sh -c 'exit 42'
	monitored "$INSULA" --root "$STATE" --log "$LOG" --log-format json create --bundle "$BUNDLE" --pid-file "$DIR/pid" task
	run -0 containerd start task
	ends_with 42
	[ "$(status_of task)" = stopped ]
	run -0 containerd delete task
}

@test 'containerd: a missing program is told by create, with the words that are looked for' {
	command_is /nothing
	monitored "$INSULA" --root "$STATE" --log "$LOG" --log-format json create --bundle "$BUNDLE" --pid-file "$DIR/pid" task
	[ "$created" -ne 0 ]
	[ ! -e "$DIR/pid" ]
	jq -se 'map(select(.level == "error")) | last | .msg | contains("executable file") and contains("no such file or directory")' "$LOG"
	run -0 containerd delete --force task
	leaves_nothing task
}

@test 'containerd: what is gone is told in the words that are looked for' {
	run -1 containerd delete task
	has 'does not exist'
	run -1 containerd kill task 9
	has 'does not exist'
	command_is true
	run -0 insula run --keep --bundle "$BUNDLE" task
	run -1 containerd kill task 9
	has 'container not running'
	run -1 containerd kill --all task 9
	has 'container not running'
}

@test 'containerd: a terminal' {
	config '.process.terminal = true'
	command_is sh -c 'tty; exec sleep 1000'
	python3 "$BATS_TEST_DIRNAME/terminal.py" receive "$DIR/pty.sock" "$DIR/screen" 3>&- &
	receiver=$!
	wait_for 5 test -S "$DIR/pty.sock"
	monitored "$INSULA" --root "$STATE" --log "$LOG" --log-format json create --bundle "$BUNDLE" --pid-file "$DIR/pid" \
		--console-socket "$DIR/pty.sock" task
	[ "$created" -eq 0 ]
	run -0 containerd start task
	wait_for 5 grep -q /dev/pts/0 "$DIR/screen"
	run -0 containerd kill task 9
	ends_with 137
	run -0 containerd delete task
	# The receiver learns of the end by the terminal's.
	wait "$receiver"
}

@test 'containerd: options with one dash' {
	run -0 insula -log "$LOG" -log-format=json run -bundle "$BUNDLE" -no-subreaper task
}

@test 'containerd: the runtime dies with the shim, the container does not' {
	command_is sleep 1000
	setpriv --pdeathsig KILL "$INSULA" --root "$STATE" create --bundle "$BUNDLE" task </dev/null >/dev/null 2>&1 3>&-
	[ "$(status_of task)" = created ]
	run -0 insula start task
	[ "$(status_of task)" = running ]
}

# --- podman and conmon --------------------------------------------------------------------------

@test 'podman: the life of a container below conmon' {
	command_is sh -c 'trap "echo ten" USR1; trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
	monitored "$INSULA" --root "$STATE" --log-format=json --log "$DIR/oci-log" create --bundle "$BUNDLE" --pid-file "$DIR/pid" box
	[ "$created" -eq 0 ]
	[ "$(parent_of "$(cat "$DIR/pid")")" = "$MONITOR" ]
	run -0 insula start box
	wait_for 5 grep -q ready "$DIR/output"
	process_file '.args = ["true"]'
	detached --log-format=json --log "$DIR/exec-log" exec --pid-file "$DIR/exec_pid" --process "$DIR/process" --detach box
	[ "$status" -eq 0 ]
	[ -s "$DIR/exec_pid" ]
	run -0 insula pause box
	run -0 insula resume box
	run -0 insula kill box 10
	wait_for 5 grep -q ten "$DIR/output"
	run -0 insula kill box 15
	ends_with 3
	run -0 insula delete --force box
	leaves_nothing box
}

@test 'podman: exec of a missing program: an error, no pid file, one JSON object' {
	sleeper box
	process_file '.args = ["nothing"]'
	run ! insula --log-format=json --log "$DIR/oci-log" exec --pid-file "$DIR/exec_pid" --process "$DIR/process" --detach box
	[ ! -e "$DIR/exec_pid" ]
	[ "$(jq -s length "$DIR/oci-log")" = 1 ]
	jq -e '.level == "error" and (.msg | test("executable file .* not found in|no such file or directory"; "i"))' "$DIR/oci-log"
}

@test 'podman: what is there but cannot be executed' {
	command_is /etc
	run ! insula --log-format=json --log "$DIR/oci-log" create --bundle "$BUNDLE" --pid-file "$DIR/pid" box
	jq -e '.msg | test("is a directory"; "i")' "$DIR/oci-log"
	rm "$DIR/oci-log"
	command_is /etc/passwd
	run ! insula --log-format=json --log "$DIR/oci-log" create --bundle "$BUNDLE" --pid-file "$DIR/pid" box
	jq -e '.msg | test("permission denied|operation not permitted"; "i")' "$DIR/oci-log"
	run -0 insula delete --force box
}

@test 'podman: --cgroups disabled' {
	config 'del(.linux.cgroupsPath) | .linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	command_is sleep 1000
	monitored "$INSULA" --root "$STATE" --log-format=json --log "$DIR/oci-log" --cgroup-manager disabled \
		create --bundle "$BUNDLE" --pid-file "$DIR/pid" box
	[ "$created" -eq 0 ]
	[ ! -s "$DIR/output" ]
	[ ! -s "$DIR/oci-log" ]
	[ "$(grep ^0:: "/proc/$(cat "$DIR/pid")/cgroup")" = "$(grep ^0:: /proc/self/cgroup)" ]
	run -0 insula start box
	run -0 insula delete --force box
	ends_with 137
}

# cgroup_mounts: the root of each cgroup mount in the container, below its hierarchy, and its options.
cgroup_mounts() {
	command_is sh -c 'while read -r _ _ _ root point options rest; do
		[ "$point" != /sys/fs/cgroup ] || echo "$root $options" | cut -d , -f 1; done </proc/self/mountinfo'
	run -0 insula "$@" run --bundle "$BUNDLE" box
}

@test 'podman: --cgroups disabled in the cgroup namespace of the host shows the cgroup of the caller' {
	skip_unless 'no cgroup2 hierarchy is mounted' test -n "$CGROUP_ROOT"
	config 'del(.linux.cgroupsPath) | .linux.namespaces |= map(select(.type != "cgroup"))'
	cgroup=$(sed -n 's/^0:://p' /proc/self/cgroup)
	cgroup_mounts --cgroup-manager disabled
	is "$cgroup ro"
	with_userns
	cgroup_mounts --cgroup-manager disabled
	is "$cgroup ro"
}

@test 'podman: --preserve-fds with LISTEN_FDS' {
	command_is sh -c 'echo "$LISTEN_FDS"; cat <&3'
	echo three >"$DIR/3"
	# conmon sets LISTEN_PID to the pid of the runtime.
	run -0 sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<"$0"' "$DIR/3" \
		"$INSULA" --root "$STATE" run --preserve-fds 1 --bundle "$BUNDLE" box
	is $'1\nthree'
}

@test 'podman: does the runtime know restore --lsm-mount-context' {
	run ! insula restore --lsm-mount-context
	run ! insula checkpoint --help
}

# --- buildah ------------------------------------------------------------------------------------

@test 'buildah: RUN, with state asked for all the time' {
	command_is sh -c 'sleep 0.3; exit 7'
	config '.process.capabilities |= (.ambient = .bounding | .inheritable = [])'
	monitored "$INSULA" --root "$STATE" create --bundle "$BUNDLE" --pid-file "$DIR/pid" buildah-box
	[ "$created" -eq 0 ]
	# What the runtime says, buildah shows at every RUN.
	[ ! -s "$DIR/output" ]
	run -0 insula start buildah-box
	seen=
	while state=$(status_of buildah-box) && [ "$state" != stopped ]; do
		[[ $state == created || $state == running ]]
		[[ $seen == *"$state"* ]] || seen+=" $state"
	done
	[ "$seen" = ' running' ]
	ends_with 7
	run -0 insula delete buildah-box
	leaves_nothing buildah-box
}

# --- CRI-O --------------------------------------------------------------------------------------

@test 'CRI-O: exec --process in the foreground, kill -a, state' {
	config '.annotations = {"io.kubernetes.cri-o.ContainerType": "container"}'
	sleeper box
	process_file '.args = ["sh", "-c", "cat; exit 4"]'
	run -4 insula exec --process "$DIR/process" box <<<probe
	is probe
	run -0 insula state box
	jq -e '.status == "running" and .pid > 0 and (.created | type) == "string"
		and .annotations["io.kubernetes.cri-o.ContainerType"] == "container"' <<<"$output"
	run -0 insula kill -a box TERM
	run -0 insula kill -a box 9
	wait_for 5 has_status box stopped
	run -0 insula delete --force box
}

@test 'a pod: a second container in the namespaces of the first' {
	sleeper pause
	pid=$(pid_of pause)
	new_bundle
	config '.linux.namespaces = [{type: "mount"}, {type: "pid"}, {type: "cgroup"}]
		+ [("network", "ipc", "uts") | {type: ., path: "/proc/\($pid)/ns/\(. | if . == "network" then "net" else . end)"}]
		| del(.hostname)' --arg pid "$pid"
	command_is sh -c 'for n in net ipc uts pid; do readlink /proc/self/ns/$n; done'
	run -0 insula run --bundle "$BUNDLE" member
	[ "${lines[0]}" = "$(readlink "/proc/$pid/ns/net")" ]
	[ "${lines[1]}" = "$(readlink "/proc/$pid/ns/ipc")" ]
	[ "${lines[2]}" = "$(readlink "/proc/$pid/ns/uts")" ]
	[ "${lines[3]}" != "$(readlink "/proc/$pid/ns/pid")" ]
}
