#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd, through its shim for runc, which is told to call insula. The shim wants JSON logs, words by
# which it knows what is gone, the pids of a container, and to be the parent of all that runs.

load engines

setup_file() {
	busybox_tar
	systemctl start containerd
	# ctr --net-host mounts it, whether it is there or not.
	[ -e /etc/resolv.conf ] || : >/etc/resolv.conf
	# containerd takes images only; this one is made of the tar.
	local oci=$BATS_FILE_TMPDIR/oci space
	umoci init --layout "$oci" >&2
	umoci new --image "$oci:latest" >&2
	umoci unpack --image "$oci:latest" "$oci.bundle" >&2
	tar -C "$oci.bundle/rootfs" -xf "$BUSYBOX_TAR"
	umoci repack --image "$oci:latest" "$oci.bundle" >&2
	umoci config --image "$oci:latest" --config.env PATH=/bin:/sbin:/usr/bin --config.cmd sleep --config.cmd 1000000 >&2
	tar -C "$oci" -cf "$oci.tar" .
	for space in default k8s.io; do
		ctr --namespace "$space" image import --base-name example.test/box "$oci.tar" >&2 3>&-
	done
}

setup() {
	IMAGE=example.test/box:latest
}

teardown() {
	local id
	for id in $(command ctr container list --quiet); do
		command ctr task delete --force "$id" >/dev/null 2>&1 || :
		command ctr container delete "$id" >&2 || :
	done
	no_containers /run/containerd/runc/default || die 'containers are left'
	[ -z "$(ls /run/containerd/io.containerd.runtime.v2.task/default)" ]
}

# ctr without descriptors that would outlive it.
ctr() {
	command ctr "$@" 3>&-
}

# boxed OPTION… -- ID ARG…: a container under insula.
boxed() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	ctr run --runc-binary insula "${options[@]}" "$IMAGE" "$@"
}

status_is() {
	ctr task list | grep -q "^$1 .* $2"
}

@test "run: output, exit status, errors" {
	run -0 boxed --rm -- box echo out
	is out
	run -42 boxed --rm -- box sh -c 'exit 42'
	run -1 boxed --rm -- box /nothing
	has 'OCI runtime create failed: executable file `/nothing` not found'
	run -1 boxed --rm -- box /etc/passwd
	has 'permission denied'
}

@test "a task: exec, ps, pause, resume, metrics, kill, delete" {
	run -0 boxed --detach -- box sleep 1000
	wait_for 100 status_is box RUNNING
	run -7 ctr task exec --exec-id one box sh -c 'echo in; exit 7'
	is in
	run -0 ctr task exec --exec-id user --user 1000 --cwd /tmp box sh -c 'id -u; pwd'
	is $'1000\n/tmp'
	run -1 ctr task exec --exec-id two box nothing
	has 'OCI runtime exec failed: executable file `nothing` not found in $PATH'
	run -0 ctr task exec --exec-id three --detach box sleep 1001
	run -0 ctr task ps box
	[ "${#lines[@]}" = 3 ]
	run -0 ctr task metrics box
	[[ $output =~ pids\.current\ +2 ]]
	run -0 ctr task pause box
	wait_for 100 status_is box PAUSED
	run -0 ctr task resume box
	wait_for 100 status_is box RUNNING
	run -0 ctr task kill --signal KILL box
	wait_for 100 status_is box STOPPED
	run ctr task delete box
	[ "$status" = 137 ] || [ "$status" = 0 ]
	run -0 ctr container delete box
}

@test "signals go to one exec, or to all" {
	run -0 boxed --detach -- box sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	run -0 ctr task exec --exec-id one --detach box sleep 1001
	run -0 ctr task kill --exec-id one --signal KILL box
	[ "$(ctr task ps box | wc -l)" -ge 2 ]
	status_is box RUNNING
	run -0 ctr task kill --all --signal KILL box
	wait_for 100 status_is box STOPPED
}

@test "a terminal, for run and for exec" {
	run -0 on_pty ctr run --rm --tty --runc-binary insula "$IMAGE" box tty
	has /dev/pts/0
	run -0 boxed --detach -- box sleep 1000
	run -0 on_pty ctr task exec --tty --exec-id one box tty
	has /dev/pts/
}

# heard: an event is made, and is in the file.
heard() {
	ctr namespace label default heard="$RANDOM"
	[ -s "$BATS_TEST_TMPDIR/events" ]
}

@test "events: create, start, exit with its status, delete" {
	command ctr events >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
	local listener=$!
	# It listens once it hears of something.
	wait_for 100 heard
	run -5 boxed --rm -- box sh -c 'exit 5'
	wait_for 100 grep -q /tasks/delete "$BATS_TEST_TMPDIR/events"
	kill "$listener"
	grep -q '/tasks/create .*box' "$BATS_TEST_TMPDIR/events"
	grep -q /tasks/start "$BATS_TEST_TMPDIR/events"
	grep '/tasks/exit' "$BATS_TEST_TMPDIR/events" | grep -q '"exit_status":5'
}

# The shim takes "does not exist" for done, and asks for nothing else.
@test "a container that insula no longer has can still be deleted" {
	run -0 boxed --detach -- box sleep 1000
	run -0 "$INSULA" --root /run/containerd/runc/default delete --force box
	wait_for 100 status_is box STOPPED
	run ctr task delete box
	[ "$status" = 137 ] || [ "$status" = 0 ]
	hasnt 'does not exist'
	run -0 ctr container delete box
}

@test "a container outlives containerd" {
	run -0 boxed --detach -- box sleep 1000
	systemctl restart containerd 3>&-
	wait_for 200 status_is box RUNNING
	run -7 ctr task exec --exec-id one box sh -c 'exit 7'
}

# The shim reads memory.events of the cgroup in which it finds the pid that insula told it: as long as that
# is there, so the container goes on.
@test "events: a container without memory" {
	command ctr events >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
	local listener=$!
	wait_for 100 heard
	run -0 boxed --detach --memory-limit 33554432 -- box \
		sh -c 'sh -c "a=0123456789abcdef; while :; do a=\$a\$a; done"; exec sleep 1000'
	wait_for 100 grep -q '/tasks/oom .*box' "$BATS_TEST_TMPDIR/events"
	kill "$listener"
}

@test "a user namespace" {
	run -0 boxed --rm --uidmap 0:300000:65536 --gidmap 0:300000:65536 -- box sh -c 'id -u; cat /proc/self/uid_map; stat -c %u /bin/busybox'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ \ 300000\ +65536$ ]]
	[ "${lines[2]}" = 0 ]
}

@test "limits, and systemd's cgroup manager" {
	run -0 boxed --detach --memory-limit 67108864 --cpus 0.5 -- box sleep 1000
	run -0 cat /sys/fs/cgroup/default/box/memory.max /sys/fs/cgroup/default/box/cpu.max
	is $'67108864\n50000 100000'
	run -0 ctr task delete --force box
	run -0 ctr container delete box
	run -0 boxed --detach --runc-systemd-cgroup --cgroup system.slice:insula-ctr:box -- box sleep 1000
	[ "$(systemctl is-active insula-ctr-box.scope)" = active ]
	run -0 ctr task kill --signal KILL box
	wait_for 100 status_is box STOPPED
	run ctr task delete box
	run ! systemctl is-active insula-ctr-box.scope
}

@test "--privileged, --read-only, --net-host, --mount, --cwd, --env, --seccomp, --cap-drop, --device" {
	run -0 boxed --rm --privileged --net-host -- box sh -c 'grep ^CapEff: /proc/self/status; readlink /proc/self/ns/net'
	is "$(grep ^CapEff: /proc/self/status; readlink /proc/self/ns/net)"
	run -0 boxed --rm --read-only --mount type=bind,src=/usr/bin,dst=/mnt,options=rbind:ro --cwd /tmp --env A=b \
		--seccomp --cap-drop CAP_CHOWN --device /dev/kmsg -- box \
		sh -c 'pwd; echo $A; touch /tmp/x 2>/dev/null || echo ro; grep ^Seccomp: /proc/self/status; ls /dev/kmsg'
	is $'/tmp\nb\nro\nSeccomp:\t2\n/dev/kmsg'
}

# --- Kubernetes' interface ----------------------------------------------------------------------

# cri METHOD REQUEST: an answer, as cri.py says. The numbers are those of the interface's api.proto.
cri() {
	python3 "$BATS_TEST_DIRNAME/cri.py" "$@" 3>&-
}

@test "a pod, as a kubelet makes it by the handler \"insula\"" {
	local pod box config
	{
		containerd config default | sed "s|sandbox_image = .*|sandbox_image = \"$IMAGE\"|"
		cat "$ENGINES/containerd.toml"
	} >/etc/containerd/config.toml
	systemctl restart containerd
	# On the host's network: there is no plugin for another one.
	config='{"1": {"1": "pod", "2": "uid", "3": "default"}, "3": "/tmp", "8": {"1": "/kubepods.slice", "2": {"1": {"1": 2}}}}'
	run -0 cri RunPodSandbox "{\"1\": $config, \"2\": \"insula\"}"
	pod=$(jq -r '.["1"][0]' <<<"$output")
	run -0 cri CreateContainer "{\"1\": \"$pod\", \"2\": {\"1\": {\"1\": \"box\"}, \"2\": {\"1\": \"$IMAGE\"}, \"3\": [\"sleep\", \"1000\"],
		\"11\": \"box.log\", \"15\": {\"1\": {\"1\": 100000, \"2\": 50000, \"4\": 67108864}}}, \"3\": $config}"
	box=$(jq -r '.["1"][0]' <<<"$output")
	run -0 cri StartContainer "{\"1\": \"$box\"}"
	run -0 "$INSULA" --root /run/containerd/runc/k8s.io list --quiet
	is "$(printf '%s\n' "$pod" "$box" | sort)"
	run -0 cri ExecSync "{\"1\": \"$box\", \"2\": [\"sh\", \"-c\", \"cat /sys/fs/cgroup/memory.max; exit 7\"], \"3\": 60}"
	jq -e '(.["1"][0] | tostring | contains("67108864")) and .["3"] == [7]' <<<"$output"
	run -0 cri ContainerStatus "{\"1\": \"$box\"}"
	jq -e '.["1"][0]["3"] == [1]' <<<"$output"
	[ -d "/sys/fs/cgroup/kubepods.slice/cri-containerd-$box.scope" ]
	run -0 cri UpdateContainerResources "{\"1\": \"$box\", \"2\": {\"4\": 100663296}}"
	[ "$(cat "/sys/fs/cgroup/kubepods.slice/cri-containerd-$box.scope/memory.max")" = 100663296 ]
	run -0 cri ContainerStats "{\"1\": \"$box\"}"
	run -0 cri StopContainer "{\"1\": \"$box\", \"2\": 1}"
	run -0 cri ContainerStatus "{\"1\": \"$box\"}"
	jq -e '.["1"][0] | .["3"] == [2] and .["7"] == [143]' <<<"$output"
	run -0 cri RemoveContainer "{\"1\": \"$box\"}"
	run -0 cri StopPodSandbox "{\"1\": \"$pod\"}"
	run -0 cri RemovePodSandbox "{\"1\": \"$pod\"}"
	no_containers /run/containerd/runc/k8s.io
}
