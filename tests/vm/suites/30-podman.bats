#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman as root, with conmon, systemd and journald, as it is installed. podman learns of a container's
# end by conmon, of its processes by its cgroup, and of errors by the words in a log.

load engines

setup_file() {
	busybox_tar
	podman_knows_insula
	command podman import --quiet "$BUSYBOX_TAR" box >&2 3>&-
}

setup() {
	SINCE=$(date --iso-8601=ns)
}

teardown() {
	podman rm --force --all --time 0 >&2
	no_containers || die 'containers are left'
	[ -z "$(find /sys/fs/cgroup -type d -name 'libpod-[0-9a-f]*' ! -name '*conmon*')" ] ||
		die "cgroups are left: $(find /sys/fs/cgroup -name 'libpod*')"
}

# conmon stays, and bats would wait for who has its descriptor 3.
podman() {
	command podman --runtime insula "$@" 3>&-
}

# box ARG…: run a container without a network, which would cost seconds, and wait.
box() {
	podman run --rm --network none "$@"
}

# sleeper ARG…: one that stays, and ends at once when it is told to; it is ready for that.
sleeper() {
	podman run --detach --name box --network none "$@" box sh -c 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done' >&2
	wait_for 100 says ready
}

# says TEXT: the container's log has it.
says() {
	podman logs box 2>&1 | grep -q "$1"
}

inspect() {
	podman inspect box --format "$1"
}

# inspected FORMAT TEXT: podman says so.
inspected() {
	[ "$(inspect "$1")" = "$2" ]
}

# cgroup_file NAME: of the container's cgroup, as the host sees it.
cgroup_file() {
	cat "/sys/fs/cgroup$(inspect '{{.State.CgroupPath}}')/$1"
}

# --- run ----------------------------------------------------------------------------------------

@test "run: both outputs, and the program's exit status" {
	run -42 --separate-stderr box box sh -c 'echo out; echo err >&2; exit 42'
	is out
	[ "$stderr" = err ]
	run -137 box box sh -c 'sh -c "kill -9 \$\$"; exit $?'
}

# podman tells these by the words "executable file not found" or "no such file" and "permission denied".
@test "run: 127 for what is not there, 126 for what cannot be executed, 125 for the rest" {
	run -127 box box /nothing
	has 'executable file `/nothing` not found'
	run -127 box box nothing
	has 'not found in $PATH'
	run -126 box box /etc
	run -126 box box /etc/passwd
	has 'permission denied'
	run -125 box --nonsense box true
}

@test "run: standard input" {
	run -0 box --interactive box sh -c 'read -r line; echo "got <$line>"' <<<'some words'
	is 'got <some words>'
}

@test "run: a terminal" {
	run -0 on_pty env COLUMNS=80 podman --runtime insula run --rm --network none --tty box sh -c 'tty; test -t 0 && test -t 1 && echo yes'
	has /dev/pts/0
	has yes
}

@test "run --init: process 1 is podman's, the program is its child" {
	run -0 box --init box sh -c 'cat /proc/1/comm; echo $$'
	is $'podman-init\n2'
}

# --- the life of a container --------------------------------------------------------------------

@test "create, start, exec, pause, stop, start again, remove" {
	sleeper
	[ "$(inspect '{{.State.Status}} {{.OCIRuntime}}')" = 'running insula' ]
	pid=$(inspect '{{.State.Pid}}')
	[ "$(cat "$(inspect '{{.PidFile}}')")" = "$pid" ]
	# conmon waits for it, so it must be conmon's child.
	[ "$(ps -o comm= -p "$(ps -o ppid= -p "$pid" | tr -d ' ')")" = conmon ]

	run -0 podman exec --user 1000 --workdir /tmp --env A=b box sh -c 'id -u; pwd; echo $A'
	is $'1000\n/tmp\nb'
	run -7 podman exec box sh -c 'exit 7'
	run -127 podman exec box nothing
	has 'not found in $PATH'
	run -126 podman exec box /etc/passwd
	run -0 on_pty podman exec --interactive --tty box tty
	has /dev/pts/
	run -0 podman exec --detach box sleep 1000
	run -0 podman top box pid comm
	has sleep

	run -0 podman pause box
	[ "$(inspect '{{.State.Status}}')" = paused ]
	[ "$(cgroup_file cgroup.freeze)" = 1 ]
	run -0 podman unpause box
	[ "$(inspect '{{.State.Status}}')" = running ]

	run -0 podman stop --time 30 box
	hasnt SIGKILL
	[ "$(inspect '{{.State.Status}} {{.State.ExitCode}}')" = 'exited 0' ]
	run -0 podman start box
	run -0 podman restart --time 30 box
	[ "$(inspect '{{.State.Status}}')" = running ]
	run -0 podman rm --force --time 0 box
	no_containers
}

@test "signals: kill, wait, and what does not listen gets KILL" {
	podman run --detach --name box --network none box \
		sh -c 'trap "echo usr1" USR1; trap : TERM; echo ready; while :; do sleep 0.1; done' >&2
	wait_for 100 says ready
	run -0 podman kill --signal USR1 box
	wait_for 100 says usr1
	run -0 podman stop --time 1 box
	[ "$(inspect '{{.State.ExitCode}}')" = 137 ]
	run -0 podman start box
	run -0 podman kill box
	run -0 podman wait box
	is 137
}

@test "logs, events, ps: the end and its status are known" {
	run -3 podman run --name box --network none --log-driver k8s-file box sh -c 'echo one; echo two >&2; exit 3'
	run -0 podman logs box
	is $'one\ntwo'
	run -0 podman ps --all --format '{{.Names}} {{.Status}}'
	has 'box Exited (3)'
	run -0 podman events --stream=false --since "$SINCE" --filter container=box --format '{{.Status}}'
	[[ $output == $'create\n'*start*died* ]] || die "$output"
}

# podman deletes with --force whatever state it finds.
@test "init without start, and remove what is created, what is paused" {
	run -0 podman create --name box --network none box sleep 1000
	run -0 podman init box
	[ "$(inspect '{{.State.Status}}')" = initialized ]
	run -0 "$INSULA" list --format json
	jq -e '.[0].status == "created"' <<<"$output"
	run -0 podman rm box
	no_containers
	sleeper
	run -0 podman pause box
	run -0 podman rm --force --time 0 box
	no_containers
}

@test "--restart: as often as it was told" {
	run -0 podman run --detach --name box --network none --restart on-failure:2 box false
	wait_for 200 inspected '{{.RestartCount}} {{.State.Status}}' '2 exited'
}

@test "healthcheck, cp, diff, commit, export" {
	sleeper --health-cmd 'test -e /well' --health-interval disable
	run -1 podman healthcheck run box
	run -0 podman exec box touch /well
	run -0 podman healthcheck run box
	echo words >"$BATS_TEST_TMPDIR/file"
	run -0 podman cp "$BATS_TEST_TMPDIR/file" box:/tmp/file
	run -0 podman exec box cat /tmp/file
	is words
	run -0 podman cp box:/well "$BATS_TEST_TMPDIR/back"
	[ -e "$BATS_TEST_TMPDIR/back" ]
	run -0 podman container diff box
	has 'A /well'
	run -0 podman commit --quiet box committed
	run -0 box committed cat /tmp/file
	is words
	run -0 podman rmi --force committed
}

# A timer of systemd calls podman, which calls insula exec by the name that the container was made with.
@test "healthcheck by a timer" {
	sleeper --health-cmd 'test -e /well' --health-interval 2s --health-retries 1000
	run -0 podman exec box touch /well
	wait_for 200 inspected '{{.State.Health.Status}}' healthy
}

# --- limits -------------------------------------------------------------------------------------

@test "limits are in the cgroup, update changes them, stats reads them" {
	sleeper --memory 64m --memory-swap 128m --memory-reservation 32m --cpus 0.5 --cpu-shares 2048 --cpuset-cpus 0 --pids-limit 50
	[ "$(cgroup_file memory.max)" = 67108864 ]
	[ "$(cgroup_file memory.swap.max)" = 67108864 ]
	[ "$(cgroup_file memory.low)" = 33554432 ]
	[ "$(cgroup_file cpu.max)" = '50000 100000' ]
	[ "$(cgroup_file cpu.weight)" = 174 ]
	[ "$(cgroup_file cpuset.cpus)" = 0 ]
	[ "$(cgroup_file pids.max)" = 50 ]
	run -0 podman stats --no-stream --format '{{.PIDs}} {{.MemLimit}}' box
	has 67108864
	run -0 podman update --memory 96m --cpus 0.25 box
	# systemd, too, was told, and does not put the old limits back.
	systemctl daemon-reload
	[ "$(cgroup_file memory.max)" = 100663296 ]
	[ "$(cgroup_file cpu.max)" = '25000 100000' ]
	[ "$(cgroup_file memory.low)" = 33554432 ]
	[ "$(systemctl show --property MemoryMax --value "libpod-$(inspect '{{.Id}}').scope")" = 100663296 ]
	# What podman prints is what the runtime says; that it failed is known by the status.
	run -125 podman update --cpuset-cpus 77 box
	has 'linux.resources.cpu.cpus'
	[ "$(cgroup_file cpuset.cpus)" = 0 ]
}

# Not asked is OOMKilled: this conmon misses it when the scope goes with its last process.
@test "what needs too much memory is killed" {
	run -137 podman run --name box --network none --memory 32m --memory-swap 32m box sh -c 'a=0123456789abcdef; while :; do a=$a$a; done'
}

@test "--device-read-bps, --device-write-iops" {
	run -0 box --device-read-bps /dev/vda:1mb --device-write-iops /dev/vda:100 box cat /sys/fs/cgroup/io.max
	[[ $output == *' rbps=1048576 wbps=max riops=max wiops=100' ]]
}

@test "--ulimit, --oom-score-adj, --shm-size, --sysctl" {
	run -0 box --ulimit nofile=100:200 --ulimit core=0 --ulimit memlock=-1:-1 --oom-score-adj 500 --shm-size 4m \
		--sysctl kernel.msgmax=4096 --sysctl net.ipv4.ip_forward=1 box \
		sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; df -k /dev/shm | tail -n 1; cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward; ulimit -l'
	[ "${lines[0]} ${lines[1]} ${lines[2]}" = '100 200 500' ]
	[[ ${lines[3]} =~ \ 4096\  ]]
	[ "${lines[4]} ${lines[5]} ${lines[6]}" = '4096 1 unlimited' ]
}

# --- privileges ---------------------------------------------------------------------------------

@test "capabilities, no_new_privs, seccomp, masks" {
	run -0 box --cap-drop all --cap-add net_admin --security-opt no-new-privileges box \
		grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
	has $'CapEff:\t0000000000001000'
	has $'CapBnd:\t0000000000001000'
	has $'NoNewPrivs:\t1'
	has $'Seccomp:\t2'
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}' \
		>"$BATS_TEST_TMPDIR/profile.json"
	run -1 box --security-opt seccomp="$BATS_TEST_TMPDIR/profile.json" box mkdir /x
	has 'Function not implemented'
	run -0 box --security-opt seccomp=unconfined box sh -c 'grep ^Seccomp: /proc/self/status; cat /proc/kcore 2>/dev/null | wc -c; echo x >/proc/sysrq-trigger || echo refused'
	has $'Seccomp:\t0'
	has $'\n0\n'
	has refused
	run -0 box --security-opt mask=/etc/passwd --security-opt unmask=/proc/kcore box \
		sh -c 'cat /etc/passwd; grep -c /proc/kcore /proc/self/mountinfo || :; grep -c /proc/timer_list /proc/self/mountinfo'
	is $'0\n1'
}

@test "--privileged" {
	run -0 box --privileged box sh -c 'grep ^CapEff: /proc/self/status; ls /dev | wc -l; mount -t tmpfs none /mnt && echo mounted; [ -w /proc/sys/kernel/hostname ] && echo writable'
	[ "${lines[0]}" = "$(grep ^CapEff: /proc/self/status)" ]
	[ "${lines[1]}" -gt 40 ]
	has mounted
	has writable
}

@test "--user, --group-add, --umask, --env, --workdir, --entrypoint" {
	run -0 box --user 1000:5 --group-add 77 --umask 0027 --env A=b --workdir /tmp --entrypoint sh box -c 'id -u; id -g; id -G; umask; echo $A; pwd'
	is $'1000\n5\n5 77\n0027\nb\n/tmp'
}

@test "--device" {
	run -0 box --device /dev/vda:/dev/disk:r box sh -c 'test -b /dev/disk; (: </dev/disk) && echo reads; (: >/dev/disk) 2>/dev/null || echo "writes not"'
	is $'reads\nwrites not'
	run -1 box --cap-add mknod box sh -c 'mknod /tmp/kmsg c 1 11 && : </tmp/kmsg'
	has 'not permitted'
}

# --- files --------------------------------------------------------------------------------------

@test "volumes, tmpfs, a read-only root" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	run -0 box --read-only --volume "$BATS_TEST_TMPDIR/dir:/rw" --volume "$BATS_TEST_TMPDIR:/ro:ro" --volume named:/named \
		--tmpfs /scratch:size=1m,mode=1777 --mount type=bind,src=/usr/bin,dst=/mnt,ro box \
		sh -c 'for d in /rw /ro /named /scratch /mnt /tmp /etc; do touch $d/x 2>/dev/null && echo $d; done; df -k /scratch | tail -n 1'
	has $'/rw\n/named\n/scratch\n/tmp'
	has ' 1024 '
	[ -e "$BATS_TEST_TMPDIR/dir/x" ]
	run -0 podman volume rm named
}

@test "volumes: propagation, and owners as the container counts them" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	run -0 box --volume "$BATS_TEST_TMPDIR/dir:/shared:shared" --volume "$BATS_TEST_TMPDIR/dir:/private:private" box \
		grep -E ' /(shared|private) ' /proc/self/mountinfo
	# podman sorts what lies equally deep by chance.
	[[ $(grep ' /shared ' <<<"$output") == *' shared:'* ]]
	[ "${#lines[@]}" -eq 2 ]
	[[ $(grep ' /private ' <<<"$output") != *' shared:'* ]]
	run -0 box --uidmap 0:300000:1000 --volume "$BATS_TEST_TMPDIR/dir:/mapped:idmap" box \
		sh -c 'stat -c %u /mapped; touch /mapped/x'
	is 0
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/dir/x")" = 0 ]
}

@test "hooks, before and after" {
	mkdir "$BATS_TEST_TMPDIR/hooks"
	hook_file one "cat >$BATS_TEST_TMPDIR/\$1"
	for stage in createRuntime poststop; do
		jq -n --arg path "$HOOK" --arg stage "$stage" '{version: "1.0.0", hook: {path: $path, args: ["hook", $stage]},
			when: {always: true}, stages: [$stage]}' >"$BATS_TEST_TMPDIR/hooks/$stage.json"
	done
	run -0 command podman --runtime insula --hooks-dir "$BATS_TEST_TMPDIR/hooks" run --rm --network none box true
	jq -e '.status == "creating" or .status == "created"' "$BATS_TEST_TMPDIR/createRuntime"
	jq -e '.status == "stopped"' "$BATS_TEST_TMPDIR/poststop"
}

# --- namespaces ---------------------------------------------------------------------------------

@test "--network: none, host, a bridge" {
	run -0 box box sh -c 'ls /sys/class/net'
	is lo
	run -0 podman run --rm --network host --uts host box sh -c 'ls /sys/class/net; hostname'
	[ "$output" = "$(ls /sys/class/net; hostname)" ]
	run -0 podman run --rm --hostname inside box sh -c 'ls /sys/class/net; hostname'
	is $'eth0\nlo\ninside'
}

@test "--pid, --ipc, --cgroupns=host, --cgroupns=private" {
	run -0 box --pid host --ipc host --cgroupns host box sh -c 'for n in pid ipc; do readlink /proc/self/ns/$n; done; sed s/^0:// /proc/self/cgroup'
	[ "${lines[0]}" = "$(readlink /proc/self/ns/pid)" ]
	[ "${lines[1]}" = "$(readlink /proc/self/ns/ipc)" ]
	[[ ${lines[2]} == :*/libpod-*.scope* ]]
	run -0 box box cat /proc/self/cgroup
	is 0::/
}

@test "namespaces of another container" {
	sleeper
	run -0 podman run --rm --network container:box --pid container:box box sh -c 'for n in pid net; do readlink /proc/self/ns/$n; done'
	pid=$(inspect '{{.State.Pid}}')
	is "$(readlink "/proc/$pid/ns/pid" "/proc/$pid/ns/net")"
}

@test "--userns=auto and --uidmap: its root is nobody outside" {
	run -0 box --userns auto box sh -c 'id -u; cat /proc/self/uid_map; stat -c %u /bin/busybox; touch /x'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^\ +0\ +[1-9][0-9]{5,} ]]
	[ "${lines[2]}" = 0 ]
	run -0 box --uidmap 0:300000:1000 --gidmap 0:400000:1000 box sh -c 'cat /proc/self/uid_map /proc/self/gid_map'
	[[ ${lines[0]} =~ \ 300000\ +1000$ ]]
	[[ ${lines[1]} =~ \ 400000\ +1000$ ]]
}

# --- pods ---------------------------------------------------------------------------------------

@test "a pod: its containers share a network, and end with it" {
	run -0 podman pod create --name pod --network none --hostname podded
	run -0 podman run --detach --pod pod --name one box sleep 1000
	run -0 podman run --rm --pod pod box sh -c 'hostname; for n in net ipc uts; do readlink /proc/self/ns/$n; done'
	pid=$(podman inspect one --format '{{.State.Pid}}')
	[ "${lines[0]}" = podded ]
	[ "${lines[1]}" = "$(readlink "/proc/$pid/ns/net")" ]
	[ "${lines[2]}" = "$(readlink "/proc/$pid/ns/ipc")" ]
	[ "${lines[3]}" = "$(readlink "/proc/$pid/ns/uts")" ]
	run -0 podman pod stop --time 0 pod
	run -0 podman pod rm --force --time 0 pod
}

@test "play kube" {
	cat >"$BATS_TEST_TMPDIR/pod.yaml" <<-'END'
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
		    command: [sh, -c, 'echo "$WORD"; exec sleep 1000']
		    env:
		    - name: WORD
		      value: played
		    resources:
		      limits:
		        memory: 64Mi
		        cpu: 500m
		    securityContext:
		      runAsUser: 1000
		      readOnlyRootFilesystem: true
		    livenessProbe:
		      exec:
		        command: [test, -d, /scratch]
		      timeoutSeconds: 60
		    volumeMounts:
		    - name: scratch
		      mountPath: /scratch
		  volumes:
		  - name: scratch
		    emptyDir: {}
	END
	run -0 podman play kube "$BATS_TEST_TMPDIR/pod.yaml"
	wait_for 100 sh -c 'podman logs played-box | grep -qx played'
	run -0 podman inspect played-box --format '{{.State.Status}} {{.OCIRuntime}} {{.HostConfig.Memory}}'
	is 'running insula 67108864'
	run -0 podman exec played-box sh -c 'id -u; cat /sys/fs/cgroup/cpu.max; touch /x 2>/dev/null || echo ro'
	is $'1000\n50000 100000\nro'
	run -0 podman healthcheck run played-box
	run -0 podman play kube --down "$BATS_TEST_TMPDIR/pod.yaml"
}

# --- cgroups ------------------------------------------------------------------------------------

@test "--cgroups=disabled: it stays in podman's own cgroup" {
	run -0 box --cgroups disabled --cgroupns host box cat /proc/self/cgroup
	is "$(cat /proc/self/cgroup)"
}

@test "--cgroup-manager cgroupfs" {
	podman() {
		command podman --runtime insula --cgroup-manager cgroupfs "$@" 3>&-
	}
	sleeper --memory 64m --pids-limit 50 --cgroupns host
	run -0 podman exec box cat /proc/self/cgroup
	[[ $output == 0::/libpod_parent/libpod-* ]]
	[ "$(cgroup_file memory.max) $(cgroup_file pids.max)" = '67108864 50' ]
	run -0 podman update --memory 96m box
	[ "$(cgroup_file memory.max)" = 100663296 ]
	run -0 podman stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' box
	[[ $output =~ ^[1-9].*B$ ]] || die "$output"
	run -0 podman pause box
	[ "$(cgroup_file cgroup.freeze)" = 1 ]
	run -0 podman unpause box
	run -0 podman stop --time 100 box
	hasnt SIGKILL
}

# --- what systemd hands on ----------------------------------------------------------------------

# unit OPTION…: podman in a unit that is up when somebody says READY.
unit() {
	systemd-run --quiet --unit "insula-$BATS_TEST_NUMBER" --property Type=notify --property NotifyAccess=all --setenv PATH="$PATH" \
		podman --runtime insula run --detach --rm --name box --network none --cgroups no-conmon "$@"
}

unit_is() {
	[ "$(systemctl show --property "$1" --value "insula-$BATS_TEST_NUMBER")" = "$2" ]
}

@test "in a unit of systemd: READY is podman's word, conmon the main process" {
	run -0 unit --sdnotify conmon box sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	unit_is ActiveState active
	unit_is MainPID "$(inspect '{{.State.ConmonPid}}')"
	run -0 podman stop --time 100 box
	wait_for 100 unit_is ActiveState inactive
}

# podman mounts the socket into the container, conmon passes on what comes: a runtime that did the same
# would be in the way.
@test "in a unit of systemd: READY is the container's word" {
	run -0 unit --sdnotify container --rootfs "$INSULA_DEBIAN:O" sh -c 'systemd-notify --ready && exec sleep 1000'
	unit_is ActiveState active
	run -0 podman rm --force --time 0 box
}

# conmon sets LISTEN_PID for the runtime alone; the container gets one of its own.
@test "a socket of systemd's, and other descriptors" {
	local socket=$BATS_TEST_TMPDIR/socket
	systemd-socket-activate --listen "$socket" --setenv PATH podman --runtime insula run --rm --network none box \
		sh -c 'echo $LISTEN_FDS $LISTEN_PID $$; readlink /proc/self/fd/3' >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	local unit=$!
	wait_for 100 test -S "$socket"
	# It waits for somebody who connects.
	python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])' "$socket"
	wait "$unit"
	run -0 cat "$BATS_TEST_TMPDIR/out"
	[ "${lines[0]}" = '1 1 1' ]
	[[ ${lines[1]} == socket:* ]]

	echo words >"$BATS_TEST_TMPDIR/file"
	run -0 command podman --runtime insula run --rm --network none --preserve-fds 1 box sh -c 'cat <&3' 3<"$BATS_TEST_TMPDIR/file"
	is words
	sleeper
	run -0 command podman exec --preserve-fds 1 box sh -c 'cat <&3' 3<"$BATS_TEST_TMPDIR/file"
	is words
}

@test "by default for all, if containers.conf says so" {
	printf '[engine]\nruntime = "insula"\n' >/etc/containers/containers.conf.d/zz-default.conf
	run -0 command podman info --format '{{.Host.OCIRuntime.Name}}'
	rm /etc/containers/containers.conf.d/zz-default.conf
	is insula
}

# podman takes the file's name as the runtime's; with --debug the log has more lines than the one that
# podman reads, so it takes what is on stderr.
@test "by its path, and with options of its own" {
	run -0 command podman --runtime "$INSULA" run --rm --network none box echo hello
	is hello
	run -127 podman --runtime-flag debug run --rm --network none box nothing
	has 'executable file `nothing` not found in $PATH'
}
