#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Partitions as units of systemd: insula@NAME.service. The machine is thrown away, so they are where the
# units look for them: in the usual state directory and library.

load ../../integration/helpers

setup_file() {
	"$INSULA" template import busybox "$INSULA_BUSYBOX" 3>&-
	"$INSULA" template import debian "$INSULA_DEBIAN" 3>&-
}

teardown() {
	"$INSULA" remove --force --all 3>&- || die 'remove --all failed'
	run -0 systemctl list-units --all --plain --no-legend 'insula@*'
	is ''
	[ ! -d /sys/fs/cgroup/insula.slice ] || run -0 find /sys/fs/cgroup/insula.slice -mindepth 1 -type d
	is ''
}

setup() {
	:
}

insula() {
	"$INSULA" "$@" 3>&-
}

# spawned NAME ARGS…
spawned() {
	local name=$1
	shift
	insula spawn "$name" --template busybox --net none "$@" || die "spawn $name failed"
}

unit() {
	systemctl show --property "$2" --value "insula@$1"
}

is_unit() {
	[ "$(unit "$1" ActiveState)" = "$2" ]
}

said() {
	journalctl --unit "insula@$1" --output cat --no-pager
}

limit() {
	cat "/sys/fs/cgroup/insula.slice/insula@$1.service/$2"
}

# --- a unit ----------------------------------------------------------------------------------------

@test "the first process is systemd's own child, and nothing of insula stays" {
	spawned a -- sh -c 'echo a word; exec sleep 1000'
	local pid
	pid=$(unit a MainPID)
	[ "$pid" = "$(insula state a | jq .pid)" ]
	[ "$(ps -o ppid= -p "$pid" | tr -d ' ')" = 1 ]
	run -1 pgrep -x insula
	run -0 cat "/proc/$pid/cgroup"
	is 0::/insula.slice/insula@a.service/guest
	# Not even the cgroup that it was started from.
	run -0 find /sys/fs/cgroup/insula.slice/insula@a.service -mindepth 1 -type d -printf '%f\n'
	is guest
	run -0 said a
	[[ $output == *'a word'* ]]
}

@test "systemctl and insula start and stop the same" {
	spawned a -- sh -c 'trap "echo bye; exit 0" TERM; while :; do sleep 1; done'
	systemctl stop insula@a
	run -0 insula show --json a
	[ "$(jq -r '.[0].status' <<<"$output")" = stopped ]
	run -0 said a
	[[ $output == *bye* ]]
	systemctl start insula@a
	[ "$(insula show --json a | jq -r '.[0].status')" = running ]
	insula stop a
	is_unit a inactive
	insula start a
	is_unit a active
	systemctl restart insula@a
	is_unit a active
}

@test "why it could not be started is said by insula, and no unit is left" {
	run ! --separate-stderr insula spawn bad --template busybox --net none -- /nowhere
	[[ $stderr == *'/nowhere'*'not found'* ]]
	is_unit bad inactive
	run -1 insula show bad
}

@test "a terminal: what it says is in the journal, and console leads to it" {
	# shellcheck disable=SC2016
	spawned a --terminal -- sh -c 'stty -echo; tty; while read -r line; do echo "got <$line>"; done'
	run -0 insula console a <<<'one'
	[[ $output == *'got <one>'* ]]
	in_journal() {
		said a | grep -qF "$1"
	}
	wait_for 20 in_journal /dev/pts/0
	wait_for 20 in_journal 'got <one>'
	# Who serves it is a process of the unit, and goes with it.
	[[ $(cat "/proc/$(pgrep -f 'insula-keeper --terminal')/cgroup") == */insula@a.service/* ]]
	insula restart a
	run -0 insula console a <<<'two'
	[[ $output == *'got <two>'* ]]
	insula stop a
	is_unit a inactive
	run -1 pgrep -f 'insula-keeper'
	run -1 insula console a
}

@test "a start that failed is not tried again, and systemctl tells why" {
	spawned a --no-start -- /nowhere
	run ! insula start a
	is_unit a failed
	[ "$(unit a NRestarts)" = 0 ]
	[[ $(unit a StatusText) == *'/nowhere'* ]]
	run ! systemctl start insula@nobody
	[ "$(unit nobody NRestarts)" = 0 ]
	systemctl reset-failed insula@nobody
}

# --- ends ------------------------------------------------------------------------------------------

restarts() {
	[ "$(unit "$1" NRestarts)" -ge 1 ]
}

@test "the definition decides whether it is started again" {
	spawned no -- sh -c 'sleep 1; exit 3'
	spawned failure --restart on-failure -- sh -c 'sleep 1; exit 3'
	spawned fine --restart on-failure -- sh -c 'sleep 1; exit 0'
	spawned always --restart always -- sh -c 'sleep 1; exit 0'
	wait_for 60 restarts failure
	wait_for 60 restarts always
	wait_for 30 is_unit no failed
	wait_for 30 is_unit fine inactive
	[ "$(unit no NRestarts) $(unit fine NRestarts)" = '0 0' ]
	[ "$(insula show --json no | jq '.[0].exitStatus')" = 3 ]
	# What was stopped stays so, in the pause before its start, too.
	insula stop failure always
	sleep 3
	is_unit failure inactive
	is_unit always inactive
}

@test "one that was killed is started again, one that was stopped is not" {
	spawned a --restart always -- sleep 1000
	insula kill a KILL
	wait_for 60 restarts a
	wait_for 60 is_unit a active
	systemctl stop insula@a
	sleep 2
	run ! is_unit a active
	run ! is_unit a activating
}

# --- what systemd passes through ---------------------------------------------------------------------

probe() {
	echo "--mount=$top_builddir/tests/integration/probe:/bin/probe:ro"
}

@test "notify: the unit is active when the guest says so" {
	spawned a --notify "$(probe)" --no-start -- sh -c 'sleep 5; probe notify READY=1; exec sleep 1000'
	systemctl start --no-block insula@a
	runs() {
		[ "$(insula show --json a | jq -r '.[0].status')" = running ]
	}
	wait_for 60 runs
	is_unit a activating
	wait_for 60 is_unit a active
	[ "$(unit a MainPID)" = "$(insula state a | jq .pid)" ]
	# By insula it is waited for, and one that ends before is a failure.
	insula stop a
	insula start a
	is_unit a active
	insula set a --command=false
	insula stop a
	run ! insula start a
	is_unit a failed
}

@test "notify: a guest that names a process of the host's as its own is not believed" {
	spawned a --notify "$(probe)" --no-start -- sh -c 'probe notify MAINPID=1; probe notify "READY=1
FDSTORE=1"; exec sleep 1000'
	insula start a
	is_unit a active
	[ "$(unit a MainPID)" = "$(insula state a | jq .pid)" ]
	[ "$(unit a NFileDescriptorStore)" = 0 ]
}

@test "notify: a unit with WatchdogSec= looks after a guest, and starts one again that has fallen silent" {
	local directory=/run/systemd/system/insula@dog.service.d pid
	mkdir -p "$directory"
	printf '[Service]\nWatchdogSec=20\nWatchdogSignal=SIGKILL\n' >"$directory/dog.conf"
	systemctl daemon-reload
	spawned dog --notify --restart on-failure "$(probe)" -- sh -c 'echo "<$WATCHDOG_USEC $WATCHDOG_PID>"; probe notify READY=1
		for i in 1 2 3 4 5 6; do sleep 5; probe notify WATCHDOG=1; done; echo silent; exec sleep 1000'
	pid=$(insula state dog | jq .pid)
	has_said() {
		said dog | grep -qF -e "$1"
	}
	wait_for 30 has_said '<20000000 >'
	# Longer than the watchdog waits.
	sleep 25
	[ "$(unit dog MainPID)" = "$pid" ]
	is_another() {
		[ "$(unit dog MainPID)" != "$pid" ] && is_unit dog active
	}
	wait_for 90 is_another
	wait_for 30 has_said 'Watchdog timeout'
	insula set dog --notify=false
	insula stop dog
	run ! insula start dog
	has 'has WatchdogSec='
	rm -r "$directory"
	systemctl daemon-reload
}

@test "notify: after one that is not ready yet nobody is started" {
	spawned early --notify "$(probe)" --no-start -- sh -c 'sleep 5; probe notify READY=1; exec sleep 1000'
	spawned late --after early --delay 2 --no-start -- sleep 1000
	insula enable early late
	insula boot
	local early late
	early=$(unit early ActiveEnterTimestampMonotonic) late=$(unit late ActiveEnterTimestampMonotonic)
	[ $((early - $(unit early InactiveExitTimestampMonotonic))) -ge 4900000 ]
	[ $((late - early)) -ge 1900000 ]
}

@test "a socket of systemd's starts the partition that answers at it" {
	spawned a "$(probe)" --no-start -- sh -c 'echo "$LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES"; exec probe door "come in"'
	printf '[Socket]\nListenStream=/run/a.door\nFileDescriptorName=door\n' >/run/systemd/system/insula@a.socket
	systemctl daemon-reload
	systemctl start insula@a.socket
	is_unit a inactive
	run -0 timeout 100 python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/run/a.door")
print(s.recv(100).decode())'
	is 'come in'
	is_unit a active
	run -0 said a
	[[ $output == *'1 1 door'* ]]
	systemctl stop insula@a.socket insula@a
	rm /run/systemd/system/insula@a.socket
	systemctl daemon-reload
}

# --- limits ------------------------------------------------------------------------------------------

@test "limits of the definition and of systemctl hold both, over a reload" {
	spawned a --memory 64M -- sleep 1000
	systemctl set-property --runtime insula@a MemoryMax=32M
	insula set a --memory 48M
	systemctl daemon-reload
	[ "$(limit a memory.max) $(limit a guest/memory.max)" = "$((32 << 20)) $((48 << 20))" ]
}

# --- boot --------------------------------------------------------------------------------------------

@test "what is enabled starts at boot, in order" {
	spawned late --after early --no-start -- sleep 1000
	spawned early --no-start -- sleep 1000
	spawned never --no-start -- sleep 1000
	insula enable late early never
	insula disable never
	[ "$(systemctl is-enabled insula.service)" = enabled ]
	systemctl start insula.service
	is_unit late active
	is_unit early active
	is_unit never inactive
	[ "$(unit early ActiveEnterTimestampMonotonic)" -lt "$(unit late ActiveEnterTimestampMonotonic)" ]
	systemctl stop insula.service
}

@test "those that wait for each other start, with a warning" {
	spawned a --after b --no-start -- sleep 1000
	spawned b --after a --no-start -- sleep 1000
	insula enable --all
	run -0 insula boot
	[[ $output == *'wait for each other'* ]]
	is_unit a active
	is_unit b active
}

@test "a hundred units" {
	local start=$SECONDS
	insula spawn 'g{1..100}' --template busybox --net none -- sleep 1000
	echo "# 100 spawned: $((SECONDS - start)) s" >&3
	run -0 systemctl list-units --plain --no-legend --state running 'insula@*'
	[ "${#lines[@]}" -eq 100 ]
	run -1 pgrep -x insula
	start=$(date +%s%N)
	systemctl daemon-reload
	echo "# daemon-reload: $((($(date +%s%N) - start) / 1000000)) ms" >&3
	[ "$(insula list --quiet | wc -l)" = 100 ]
}

# --- an init -------------------------------------------------------------------------------------------

is_up() {
	[[ $(insula exec d systemctl is-system-running) == running ]]
}

@test "systemd as a partition's init comes up, and shuts down when it is stopped" {
	insula spawn d --template debian --boot --net none
	wait_for 200 is_up || die "$(insula exec d systemctl --no-pager list-units --failed)"
	run -0 insula exec d cat /proc/1/cgroup
	is 0::/init.scope
	insula stop --timeout 2m d
	# It has ended by itself, and was not killed.
	run -0 said d
	[[ $output != *status=9/KILL* ]]
}

@test "notify: systemd as a partition's init says when it is up" {
	mkdir -p /run/systemd/system/insula@d.service.d
	printf '[Service]\nTimeoutStartSec=8min\n' >/run/systemd/system/insula@d.service.d/slow.conf
	systemctl daemon-reload
	insula spawn d --template debian --boot --notify --net none
	is_unit d active
	run -0 insula exec d systemctl is-system-running
	is running
	rm -r /run/systemd/system/insula@d.service.d
	systemctl daemon-reload
}

@test "busybox's init shuts down when its unit is stopped" {
	insula spawn b --template busybox --boot --net none
	sleep 2
	systemctl stop insula@b
	run -0 said b
	[[ $output == *'Requesting system poweroff'* ]]
}

@test "a system shows its login prompt on its terminal" {
	insula spawn d --template debian --boot --net none --terminal
	prompts() {
		printf '\n' | insula console d | grep -q 'd login:'
	}
	wait_for 240 prompts
	insula stop d
	is_unit d inactive
}

@test "an init that reboots comes back, one that powers off does not" {
	insula spawn b --template busybox --boot --net none --restart on-failure
	sleep 2
	insula exec b reboot
	wait_for 60 restarts b
	wait_for 60 is_unit b active
	sleep 2
	insula exec b poweroff
	wait_for 60 is_unit b inactive
	sleep 3
	is_unit b inactive
}

@test "machinectl lists, enters and ends it" {
	command -v machinectl >/dev/null || skip 'systemd-container is not installed'
	insula spawn d --template debian --boot --net none
	wait_for 200 is_up
	run -0 machinectl list --no-legend
	[[ $output == 'd container insula'* ]]
	run -0 machinectl shell --quiet d /bin/echo from inside
	[[ $output == *'from inside'* ]]
	machinectl terminate d
	wait_for 60 is_unit d inactive
}

# --- templates -------------------------------------------------------------------------------------

# on_verity COMMAND…: insula with a library on a file system that has fs-verity.
on_verity() {
	insula --root "$V/state" --library "$V/fs/library" "$@"
}

# enable_verity FILE: SHA-256, blocks of 4096 bytes (FS_IOC_ENABLE_VERITY).
enable_verity() {
	python3 -c 'import fcntl, struct, sys
with open(sys.argv[1]) as file:
    fcntl.ioctl(file, 0x40806685, struct.pack("III116x", 1, 1, 4096))' "$1"
}

@test 'an erofs template is checked by the kernel where the file system has fs-verity' {
	local image file block
	V=$BATS_TEST_TMPDIR
	mkdir "$V/fs"
	truncate -s 256M "$V/disk"
	mkfs.ext4 -q -b 4096 -O verity "$V/disk"
	mount -o loop "$V/disk" "$V/fs"
	run -0 on_verity check
	[[ $output =~ ok\ +fs-verity ]]
	on_verity template import busybox --erofs "$INSULA_BUSYBOX"
	image=$(on_verity template show --json busybox | jq -r .image)
	file=$V/fs/library/images/$image/root.erofs
	run -0 lsattr "$file"
	[[ ${output%% *} == *V* ]]
	run ! truncate -s +1 "$file"
	# Another file with fs-verity has another digest. Made again, it is the one that was.
	cp "$file" "$file.other"
	printf X | dd of="$file.other" bs=1 seek=5000 conv=notrunc status=none
	enable_verity "$file.other"
	mv "$file.other" "$file"
	run -1 on_verity spawn v --template busybox --net none -- sleep 1000
	has "image $image: its content was changed"
	on_verity template import busybox --erofs "$INSULA_BUSYBOX"
	run -0 lsattr "$file"
	[[ ${output%% *} == *V* ]]
	block=$(filefrag -b4096 -v "$file" | awk '$1 == "0:" { print int($4) }')
	# The digest is the same where the kernel does not know it.
	insula template import plain --erofs "$INSULA_BUSYBOX"
	[ "$(insula template show --json plain | jq -r .image)" = "$image" ]
	insula template remove plain

	on_verity spawn v --template busybox --net none -- sleep 1000
	run -0 on_verity exec v cat /etc/os-release
	has NAME=busybox
	on_verity remove --force v
	umount "$V/state/.images/$image" "$V/fs"

	# A page that has changed on the disk cannot be read.
	printf X | dd of="$V/disk" bs=1 seek=$((block * 4096 + 5000)) conv=notrunc status=none
	mount -o loop "$V/disk" "$V/fs"
	run -1 on_verity template check busybox
	has 'Input/output error'
	on_verity template remove busybox
	umount "$V/fs"
}
