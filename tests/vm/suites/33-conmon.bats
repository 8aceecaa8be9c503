#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# conmon by itself, called as podman and CRI-O call it: what it wants of a runtime is that the container
# becomes its child, a pid file, a terminal's master on a socket, and errors on stderr and in a log.

load engines

setup() {
	insula_setup
	DIR=$BATS_TEST_TMPDIR/conmon
	mkdir "$DIR"
}

teardown() {
	insula_teardown
}

# conmon ID RUNTIME-OPTION…: as podman: it stays behind. Its answer, one line of JSON with the pid or an
# error, is in $answer.
conmon() {
	local id=$1
	shift
	mkfifo "$DIR/sync"
	_OCI_SYNCPIPE=4 command conmon --api-version 1 --cid "$id" --cuuid "$id" --name "$id" --runtime "$INSULA" \
		--bundle "$BUNDLE" --container-pidfile "$DIR/pidfile" --conmon-pidfile "$DIR/conmon.pid" --exit-dir "$DIR" \
		--log-path "k8s-file:$DIR/log" --socket-dir-path "$DIR" --full-attach \
		--runtime-arg --root --runtime-arg "$STATE" --runtime-arg --log-format=json --runtime-arg --log --runtime-arg="$DIR/oci-log" \
		"$@" </dev/null >/dev/null 2>&1 3>&- 4<>"$DIR/sync" 0<&4
	read -r -t 200 answer <>"$DIR/sync"
	rm "$DIR/sync"
}

ended() {
	wait_for 200 test -s "$DIR/$1"
	cat "$DIR/$1"
}

@test "create below conmon: the container is its child, the pid file is a number, the end is noted" {
	command_is sh -c 'echo out; echo err >&2; exit 42'
	conmon box
	pid=$(jq .data <<<"$answer")
	[ "$(cat "$DIR/pidfile")" = "$pid" ]
	[ "$(stat -c %s "$DIR/pidfile")" = "${#pid}" ]
	[ "$(ps -o ppid= -p "$pid" | tr -d ' ')" = "$(cat "$DIR/conmon.pid")" ]
	[ "$(status_of box)" = created ]
	run -0 insula start box
	[ "$(ended box)" = 42 ]
	grep -q 'stdout F out' "$DIR/log"
	grep -q 'stderr F err' "$DIR/log"
	[ ! -s "$DIR/oci-log" ]
	run -0 insula delete box
}

# podman decodes the whole file as one object.
@test "a program that is not there: words on stderr, one JSON object in the log" {
	command_is nothing
	conmon box
	[ "$(jq .data <<<"$answer")" = -1 ]
	[ "$(jq -s length "$DIR/oci-log")" = 1 ]
	jq -e '.level == "error" and (.msg | contains("executable file `nothing` not found in $PATH")) and (.time | fromdateiso8601 > 0 // true)' "$DIR/oci-log"
	[ ! -e "$DIR/pidfile" ]
	run -0 insula delete --force box
}

@test "a terminal: conmon gets its master" {
	config '.process.terminal = true'
	command_is sh -c 'tty; stty size; exit 3'
	conmon box --terminal
	run -0 insula start box
	[ "$(ended box)" = 3 ]
	grep -q /dev/pts/0 "$DIR/log"
}

@test "exec: conmon tells what did not run from what failed by the pid file" {
	command_is sleep 1000
	conmon box
	run -0 insula start box
	jq '.process | .args = ["sh", "-c", "echo in; exit 7"]' "$BUNDLE/config.json" >"$DIR/process.json"
	rm "$DIR/pidfile"
	conmon box --exec --exec-process-spec "$DIR/process.json"
	[ "$(ended box)" = 7 ]
	[ -s "$DIR/pidfile" ]
	rm "$DIR/box" "$DIR/pidfile"
	jq '.process | .args = ["nothing"]' "$BUNDLE/config.json" >"$DIR/process.json"
	conmon box --exec --exec-process-spec "$DIR/process.json"
	[ "$(jq .data <<<"$answer")" = -1 ] || [ "$(ended box)" != 0 ]
	[ ! -e "$DIR/pidfile" ]
	[ "$(jq -s length "$DIR/oci-log")" = 1 ]
	# --tty beside the process file.
	jq '.process | .terminal = true | .args = ["tty"]' "$BUNDLE/config.json" >"$DIR/process.json"
	conmon box --exec --exec-process-spec "$DIR/process.json" --terminal
	[ "$(ended box)" = 0 ]
	run -0 insula delete --force box
}

@test "systemd's cgroup manager by conmon's own option" {
	config '.linux.cgroupsPath = "system.slice:insula-conmon:box"'
	command_is sleep 1000
	conmon box --systemd-cgroup
	pid=$(cat "$DIR/pidfile")
	[ "$(cat "/proc/$pid/cgroup")" = 0::/system.slice/insula-conmon-box.scope ]
	[ "$(systemctl is-active insula-conmon-box.scope)" = active ]
	run -0 insula start box
	run -0 insula delete --force box
	[ "$(ended box)" = 137 ]
	run ! systemctl is-active insula-conmon-box.scope
}
