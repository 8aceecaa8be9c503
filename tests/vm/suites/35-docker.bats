#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker, with insula beside runc in its settings. Between the two are containerd and its shim.

load engines

setup_file() {
	busybox_tar
	install -D -m 644 "$ENGINES/docker.json" /etc/docker/daemon.json
	systemctl start docker 3>&-
	# It may have been running already.
	systemctl reload docker
	wait_for 100 sh -c 'docker info --format "{{json .Runtimes}}" | grep -q insula'
	command docker import "$BUSYBOX_TAR" box >&2
}

teardown() {
	local id
	for id in $(command docker ps --all --quiet); do
		command docker rm --force "$id" >&2
	done
	no_containers /run/containerd/runc/moby || die 'containers are left'
}

# A program for sh that takes all the memory there is.
HOG='a=0123456789abcdef; while :; do a=$a$a; done'

docker() {
	command docker "$@" 3>&-
}

box() {
	docker run --rm --runtime insula --network none "$@"
}

inspect() {
	docker inspect box --format "$1"
}

# inspected FORMAT TEXT: Docker says so.
inspected() {
	[ "$(inspect "$1")" = "$2" ]
}

@test "docker knows it" {
	run -0 docker info --format '{{json .Runtimes}}'
	jq -e 'has("insula")' <<<"$output"
}

# dockerd knows these by "permission denied" and "executable file not found" or "no such file".
@test "run: output, exit status, 125, 126, 127" {
	run -42 --separate-stderr box box sh -c 'echo out; echo err >&2; exit 42'
	is out
	[ "$stderr" = err ]
	run -127 box box nothing
	has 'executable file `nothing` not found in $PATH'
	run -126 box box /etc/passwd
	has 'permission denied'
	run -126 box box /etc
	run -0 box --interactive box cat <<<words
	is words
	run -0 on_pty docker run --rm --runtime insula --network none --interactive --tty box tty
	has /dev/pts/0
}

@test "the life of a container" {
	run -0 docker run --detach --name box --runtime insula --network none box sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
	[ "$(inspect '{{.HostConfig.Runtime}} {{.State.Status}}')" = 'insula running' ]
	wait_for 100 sh -c 'docker logs box | grep -q up'
	run -7 docker exec --user 1000 --workdir /tmp --env A=b box sh -c 'id -u; pwd; echo $A; exit 7'
	is $'1000\n/tmp\nb'
	# This Docker calls everything 126 here, with runc, too.
	run docker exec box nothing
	[[ $status == 12[67] ]]
	has 'not found in $PATH'
	run -126 docker exec box /etc/passwd
	run -0 on_pty docker exec --tty box tty
	has /dev/pts/
	run -0 docker top box
	has sleep
	run -0 docker pause box
	[ "$(inspect '{{.State.Status}}')" = paused ]
	run -0 docker unpause box
	run -0 docker stats --no-stream --format '{{.PIDs}}' box
	[ "$output" -ge 1 ]
	run -0 docker update --memory 96m --memory-swap 96m --cpus 0.25 box
	run -0 docker exec box cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max
	is $'100663296\n25000 100000'
	run -0 docker stop --time 100 box
	[ "$(inspect '{{.State.ExitCode}}')" = 5 ]
	run -0 docker start box
	run -0 docker kill box
	run -0 docker wait box
	is 137
	run -0 docker rm box
}

@test "limits" {
	run -0 box --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=100:200 box \
		sh -c 'cd /sys/fs/cgroup && cat memory.max cpu.max pids.max; ulimit -Sn'
	is $'67108864\n50000 100000\n50\n100'
	run -137 box --memory 32m --memory-swap 32m box sh -c "$HOG"
	# Docker is told by an event of its own, for which the shim reads memory.events: if the cgroup is still
	# there then. So the container goes on.
	run -0 docker run --detach --name box --runtime insula --network none --memory 32m --memory-swap 32m box \
		sh -c "sh -c '$HOG'; exec sleep 1000"
	wait_for 100 was_oom
}

# was_oom: Docker had the event.
was_oom() {
	[ -n "$(docker events --since 0 --until "$(date +%s)" --filter container=box --filter event=oom)" ]
}

@test "--privileged, --read-only, --volume, --tmpfs, --cap-drop, --security-opt, --init, --user, --pid, --cgroupns" {
	run -0 box --privileged --pid host --cgroupns host box sh -c 'grep ^CapEff: /proc/self/status; readlink /proc/self/ns/pid; cat /proc/self/cgroup'
	# Those that this Docker knows.
	[ "${lines[0]}" = $'CapEff:\t0000003fffffffff' ]
	[ "${lines[1]}" = "$(readlink /proc/self/ns/pid)" ]
	[[ ${lines[2]} == 0::/system.slice/docker-*.scope ]]
	run -0 box --read-only --volume /usr/bin:/mnt:ro --volume named:/named --tmpfs /scratch --cap-drop all --user 1000 \
		--security-opt no-new-privileges --init box \
		sh -c 'for d in /mnt /scratch /etc; do touch $d/x 2>/dev/null && echo $d; done; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/1/comm'
	is $'/scratch\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\ndocker-init'
	run -0 docker volume rm named
}

@test "a bridge, a restart policy, a healthy container" {
	run -0 docker run --rm --runtime insula box ls /sys/class/net
	has eth0
	run -0 docker run --detach --name box --runtime insula --network none --restart on-failure:2 box false
	wait_for 200 inspected '{{.RestartCount}} {{.State.Status}}' '2 exited'
	run -0 docker rm box
	run -0 docker run --detach --name box --runtime insula --network none --health-cmd true --health-interval 1s box sleep 1000
	wait_for 200 inspected '{{.State.Health.Status}}' healthy
}

@test "it outlives dockerd, if that is told to let it" {
	jq '. + {"live-restore": true}' "$ENGINES/docker.json" >/etc/docker/daemon.json
	systemctl reload docker
	run -0 docker run --detach --name box --runtime insula --network none box sleep 1000
	pid=$(inspect '{{.State.Pid}}')
	systemctl restart docker 3>&-
	[ "$(inspect '{{.State.Status}} {{.State.Pid}}')" = "running $pid" ]
	run -0 docker exec box true
}

# Docker wraps a runtime with arguments in a shell script. The last test, for dockerd stays as it is then.
@test "a runtime with options, dockerd --add-runtime, cgroupfs, user namespaces" {
	jq '.runtimes.systematic = {path: "insula", runtimeArgs: ["--log-level", "info"]}' "$ENGINES/docker.json" >/etc/docker/daemon.json
	systemctl reload docker
	wait_for 100 sh -c 'docker info --format "{{json .Runtimes}}" | grep -q systematic'
	run -7 docker run --rm --runtime systematic --network none box sh -c 'exit 7'

	rm /etc/docker/daemon.json
	echo 'DOCKER_OPTS="--add-runtime added=/usr/bin/insula --exec-opt native.cgroupdriver=cgroupfs --userns-remap tester"' >/etc/default/docker
	systemctl restart docker 3>&-
	# Its images are others then.
	docker import "$BUSYBOX_TAR" box >&2
	run -0 docker run --detach --name box --runtime added --network none --memory 64m box sleep 1000
	run -0 docker exec box sh -c 'id -u; cat /proc/self/uid_map /sys/fs/cgroup/memory.max'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ \ 100000\ +65536$ ]]
	[ "${lines[2]}" = 67108864 ]
	[ -d "/sys/fs/cgroup/docker/$(inspect '{{.Id}}')" ]
	run -0 docker rm --force box
}
