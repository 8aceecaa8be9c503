#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman as an ordinary user. Its user namespace is there already when insula is called: insula is root of
# it, and may do nothing outside. Cgroups come from the user's own systemd.

load engines

setup_file() {
	busybox_tar
	podman_knows_insula
	as_user import --quiet "$BUSYBOX_TAR" box >&2
}

setup() {
	RUNTIME_DIR=/run/user/$(id -u tester)
}

teardown() {
	as_user rm --force --all --time 0 >&2
	[ -z "$(ls "$RUNTIME_DIR/insula" 2>/dev/null)" ] || die "state is left: $(ls "$RUNTIME_DIR/insula")"
	! pgrep -x insula-init || die 'processes are left'
}

# as_user ARG…: podman of the user "tester". With this variable podman takes itself for a service of
# systemd, and leaves conmon in its cgroup, which ends with the command.
as_user() {
	as-tester env --unset INVOCATION_ID podman --runtime insula "$@" 3>&-
}

box() {
	as_user run --rm --network none "$@"
}

@test "run: who is root inside is the user outside" {
	run -0 box box sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^\ +0\ +0\ +1$ ]] || [[ ${lines[1]} =~ ^\ +0\ +$(id -u tester)\ +1$ ]]
	run -42 box box sh -c 'exit 42'
	run -127 box box nothing
	has 'not found in $PATH'
	run -126 box box /etc
}

@test "the life of a container, with its state below XDG_RUNTIME_DIR" {
	run -0 as_user run --detach --name box --network none box sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
	[ -f "$RUNTIME_DIR/insula/$(as_user inspect box --format '{{.Id}}')/state.json" ]
	run -0 as_user inspect box --format '{{.OCIRuntime}} {{.State.Status}} {{.State.CgroupPath}}'
	[[ $output == "insula running /user.slice/"*"/libpod-"*".scope"* ]]
	run -0 as_user exec --user 1000 box id -u
	is 1000
	run -7 as_user exec box sh -c 'exit 7'
	run -0 on_pty as-tester env --unset INVOCATION_ID podman exec --tty box tty
	has /dev/pts/
	run -0 as_user pause box
	run -0 as_user inspect box --format '{{.State.Status}}'
	is paused
	run -0 as_user unpause box
	run -0 as_user top box comm
	has sh
	run -0 as_user stop --time 30 box
	run -0 as_user inspect box --format '{{.State.ExitCode}}'
	is 5
}

@test "limits, by the user's systemd; update, stats, healthcheck" {
	run -0 as_user run --detach --name box --network none --memory 64m --cpus 0.5 --pids-limit 50 \
		--health-cmd 'test -d /tmp' --health-interval disable box sleep 1000
	run -0 as_user exec box sh -c 'cd /sys/fs/cgroup && cat memory.max cpu.max pids.max'
	is $'67108864\n50000 100000\n50'
	run -0 as_user update --memory 96m --cpus 0.25 box
	run -0 as_user exec box sh -c 'cd /sys/fs/cgroup && cat memory.max cpu.max'
	is $'100663296\n25000 100000'
	run -0 as_user stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' box
	[[ $output =~ ^[1-9].*B$ ]] || die "$output"
	run -0 as_user healthcheck run box
}

@test "a terminal; logs" {
	run -3 on_pty as-tester env --unset INVOCATION_ID podman --runtime insula run --tty --name box --network none box \
		sh -c 'tty; exit 3'
	has /dev/pts/0
	run -0 as_user logs box
	has /dev/pts/0
}

@test "play kube" {
	cat >/home/tester/pod.yaml <<-'END'
		apiVersion: v1
		kind: Pod
		metadata:
		  name: played
		spec:
		  hostNetwork: true
		  restartPolicy: Never
		  containers:
		  - name: box
		    image: localhost/box:latest
		    imagePullPolicy: Never
		    command: [sleep, "1000"]
		    resources:
		      limits:
		        memory: 64Mi
	END
	run -0 as_user play kube pod.yaml
	# It has the host's /sys, where podman looks for no cgroup of its own.
	run -0 as_user inspect played-box --format '{{.OCIRuntime}} {{.State.CgroupPath}}'
	[[ $output == insula\ * ]]
	[ "$(cat "/sys/fs/cgroup${output#insula }/memory.max")" = 67108864 ]
	run -0 as_user play kube --down pod.yaml
}

@test "ids: keep-id, and a range of their own" {
	run -0 box --userns keep-id box id -u
	is "$(id -u tester)"
	run -0 box --uidmap 0:1:1000 box sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ \ 1000$ ]]
	run -0 box --userns auto:size=2000 box sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ \ 2000$ ]]
	# By an annotation, because in a user namespace setgroups(2) may be forbidden.
	run -0 box --group-add keep-groups box id -u
	is 0
}

@test "networks: slirp4netns, host" {
	run -0 as_user run --rm box ls /sys/class/net
	is $'lo\ntap0'
	run -0 as_user run --rm --network host box sh -c 'readlink /proc/self/ns/net'
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
}

@test "volumes, a read-only root, tmpfs, devices, --privileged" {
	run -0 box --read-only --volume /home/tester:/home --tmpfs /scratch --device /dev/fuse box \
		sh -c 'for d in /home /scratch /etc; do touch $d/x 2>/dev/null && echo $d; done; ls /dev/fuse'
	is $'/home\n/scratch\n/dev/fuse'
	[ "$(stat -c %U /home/tester/x)" = tester ]
	run -0 box --privileged box sh -c 'mount -t tmpfs none /mnt && echo mounted'
	is mounted
}

@test "without cgroups: disabled, and cgroupfs, which a user has no place for" {
	run -0 box --cgroups disabled box true
	run -0 as-tester podman --runtime insula --cgroup-manager cgroupfs run --rm --network none box true
}
