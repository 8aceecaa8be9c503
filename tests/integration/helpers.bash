# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the integration tests share. A test file says `load helpers` and nothing more is needed; one
# with a setup or teardown of its own calls insula_setup first and insula_teardown last.
#
# Each test has a state directory, a parent cgroup and a directory for bundles of its own. After it,
# every container is deleted by force, and then nothing of it may be left: no process, no cgroup, no
# mount, no state. What is left fails the test.
#
#   $BUNDLE           the current bundle: a busybox root file system and config.json (new_bundle)
#   $STATE            the state directory, given to insula as --root
#   $TEST_CGROUP      parent of the containers' cgroups, as cgroupsPath has it
#   insula ARGS       the program with that state directory
#   detached ARGS     the same for create, run --detach and so on: see there

bats_require_minimum_version 1.5.0

: "${top_srcdir:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"
: "${INSULA:=$top_builddir/runtime/insula}"
: "${INSULA_STRICT:=0}"
: "${PROBE:=$top_builddir/tests/integration/probe}"
: "${ATTACH:=$top_builddir/tests/integration/attach}"
export INSULA

setup() {
	insula_setup
}

teardown() {
	insula_teardown
}

# --- before and after ---------------------------------------------------------------------------

insula_setup() {
	[ -x "$INSULA" ] || die "there is no program $INSULA: run make"
	skip_unless 'integration tests need root' test "$(id -u)" = 0
	STATE=$BATS_TEST_TMPDIR/state
	mkdir -m 700 "$STATE"
	CGROUP_ROOT=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || CGROUP_ROOT=
	TEST_CGROUP=/insula-test-$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	# Processes that a test starts are known again by this word in their environment.
	export INSULA_TEST_MARK=$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER-$RANDOM
	bundles=0
	new_bundle
}

insula_teardown() {
	[ -n "${STATE-}" ] || return 0
	local complaints='' id pid directory
	for id in $("$INSULA" --root "$STATE" list --quiet 2>/dev/null); do
		"$INSULA" --root "$STATE" delete --force "$id" >/dev/null 2>&1 3>&- ||
			complaints+="delete --force $id failed"$'\n'
	done
	# Those that wait for a container (run, exec) end by themselves, but not in no time.
	wait_for 5 no_process || complaints+="processes are left:"$'\n'$(show_processes)$'\n'
	for pid in $(test_processes); do
		kill -KILL "$pid" 2>/dev/null || :
	done
	if [ -n "$CGROUP_ROOT" ] && [ -d "$CGROUP_ROOT$TEST_CGROUP" ]; then
		for directory in $(find "$CGROUP_ROOT$TEST_CGROUP" -mindepth 1 -type d | sort -r); do
			complaints+="cgroup $directory is left"$'\n'
			remove_cgroup "$directory"
		done
		remove_cgroup "$CGROUP_ROOT$TEST_CGROUP"
	fi
	if grep -F "$BATS_TEST_TMPDIR" /proc/self/mountinfo; then
		complaints+="mounts are left"$'\n'
		grep -F "$BATS_TEST_TMPDIR" /proc/self/mountinfo | awk '{ print $5 }' | sort -r |
			xargs -r -n 1 umount --lazy
	fi
	complaints+=$(left_state)
	if [ -n "$complaints" ]; then
		printf 'after the test:\n%s\n' "$complaints" >&2
		return 1
	fi
}

# left_state: what the state directory holds beside its caches: containers' directories.
left_state() {
	find "$STATE" -mindepth 1 -maxdepth 1 -type d ! -name '.*' ! -name cache -printf 'state directory %f is left\n'
}

# test_processes: pids of what this test started: all in its cgroup, and insula itself by the mark. Not
# the dead: an orphan's is left until the host's pid 1 finds time for it.
test_processes() {
	local file pid
	{
		grep -lsF "$TEST_CGROUP/" /proc/[0-9]*/cgroup
		# shellcheck disable=SC2013
		for file in $(grep -lszxF "INSULA_TEST_MARK=$INSULA_TEST_MARK" /proc/[0-9]*/environ); do
			[ ! "${file%environ}exe" -ef "$INSULA" ] || echo "$file"
		done
	} | cut -d / -f 3 | sort -u | while read -r pid; do
		! grep -qs '^State:[[:space:]]*[A-Y]' "/proc/$pid/status" || echo "$pid"
	done
}

no_process() {
	[ -z "$(test_processes)" ]
}

show_processes() {
	local pid
	for pid in $(test_processes); do
		ps -o pid=,ppid=,stat=,args= -p "$pid" || :
	done
}

# remove_cgroup DIRECTORY: with what is in it; a killed process needs a moment to leave.
remove_cgroup() {
	[ ! -e "$1/cgroup.kill" ] || echo 1 >"$1/cgroup.kill" || :
	wait_for 5 rmdir "$1" 2>/dev/null
}

# --- bundles ------------------------------------------------------------------------------------

# base_rootfs: a busybox tree, made once for all tests of a run, or given as $INSULA_BUSYBOX. Nobody may write
# into it.
base_rootfs() {
	if [ -n "${INSULA_BUSYBOX-}" ]; then
		printf '%s\n' "$INSULA_BUSYBOX"
		return
	fi
	(
		flock 9
		if [ ! -d "$BATS_RUN_TMPDIR/rootfs" ]; then
			rm -rf "$BATS_RUN_TMPDIR/rootfs.new"
			"$top_srcdir/rootfs-templates/busybox/build" "$BATS_RUN_TMPDIR/rootfs.new" &&
				mv "$BATS_RUN_TMPDIR/rootfs.new" "$BATS_RUN_TMPDIR/rootfs"
		fi
	) 9>"$BATS_RUN_TMPDIR/rootfs.lock" 3>&- >&2
	printf '%s\n' "$BATS_RUN_TMPDIR/rootfs"
}

# need_debian: $INSULA_DEBIAN is a Debian tree, from its archive. That takes a minute, so the tree is kept: where the
# variable says, or in the build directory until `make clean`. Nobody may write into it.
need_debian() {
	: "${INSULA_DEBIAN:=$top_builddir/tests/integration/debian.rootfs}"
	export INSULA_DEBIAN
	(
		flock 9
		[ "$(id -u)" = 0 ] && [ ! -e "$INSULA_DEBIAN/etc/debian_version" ] || exit 0
		rm -rf "$INSULA_DEBIAN.new"
		timeout 600 "$top_srcdir/rootfs-templates/debian/build" "$INSULA_DEBIAN.new" >"$BATS_RUN_TMPDIR/debian.log" 2>&1 &&
			mkdir -p "${INSULA_DEBIAN%/*}" && mv "$INSULA_DEBIAN.new" "$INSULA_DEBIAN"
		rm -rf "$INSULA_DEBIAN.new"
	) 9>"$BATS_RUN_TMPDIR/debian.lock" 3>&-
}

skip_unless_debian() {
	skip_unless "no Debian tree could be made: $(tail -n 1 "$BATS_RUN_TMPDIR/debian.log" 2>/dev/null)" \
		test -e "$INSULA_DEBIAN/etc/debian_version"
}

# new_bundle: make a bundle and let $BUNDLE be it. The program is shared with the base by hard links,
# the files in /etc are the bundle's own.
new_bundle() {
	local base
	base=$(base_rootfs)
	bundles=$((bundles + 1))
	BUNDLE=$BATS_TEST_TMPDIR/bundle$bundles
	mkdir "$BUNDLE"
	cp -al "$base" "$BUNDLE/rootfs"
	rm -rf "$BUNDLE/rootfs/etc"
	cp -a "$base/etc" "$BUNDLE/rootfs/etc"
	cp "$top_srcdir/tests/integration/config.json" "$BUNDLE/config.json"
	config '.linux.cgroupsPath = $path' --arg path "$TEST_CGROUP/$bundles"
}

# config FILTER [JQ-OPTIONS]: change the bundle's config.json with jq.
config() {
	local filter=$1
	shift
	jq "$@" "$filter" "$BUNDLE/config.json" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# command_is PROGRAM ARGS…: what the container runs.
command_is() {
	jq '.process.args = $ARGS.positional' "$BUNDLE/config.json" --args -- "$@" >"$BUNDLE/config.json.new"
	mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

# with_userns: give the container a user namespace, its root being host id 100000.
with_userns() {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
}

# with_writable_cgroup: the guest may make cgroups of its own.
with_writable_cgroup() {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
}

# hook_file NAME SCRIPT [INTERPRETER]: an executable script outside of the bundle; its path is in $HOOK.
hook_file() {
	HOOK=$BATS_TEST_TMPDIR/hook-$1
	printf '#!%s\n%s\n' "${3:-/bin/sh}" "$2" >"$HOOK"
	chmod 755 "$HOOK"
}

# add_probe: the bundle gets /bin/probe, for what busybox cannot do (probe.h).
add_probe() {
	[ -x "$PROBE" ] || die "there is no program $PROBE: run make check"
	cp "$PROBE" "$BUNDLE/rootfs/bin/probe"
}

# --- running ------------------------------------------------------------------------------------

insula() {
	"$INSULA" --root "$STATE" "$@" 3>&-
}

# keepers: pids of those of this state directory, and of their guards; a dead one is none.
keepers() {
	local pid
	for pid in $(pgrep -f "insula-keeper $STATE " || :); do
		! grep -qs '^State:[[:space:]]*[A-Y]' "/proc/$pid/status" || echo "$pid"
	done
}

no_keeper() {
	[ -z "$(keepers)" ]
}

# detached ARGS…: for calls that leave a process behind. That process has the caller's stdio, so bats'
# `run` would wait for its end; here it gets files. Sets $status, $output (both streams) and
# $OUTPUT_FILE, where later output of the process goes as well.
detached() {
	OUTPUT_FILE=$BATS_TEST_TMPDIR/output.$RANDOM$RANDOM
	status=0
	"$INSULA" --root "$STATE" "$@" </dev/null >"$OUTPUT_FILE" 2>&1 3>&- || status=$?
	output=$(cat "$OUTPUT_FILE")
}

# background ARGS…: insula beside the test; its pid is in $BACKGROUND, its output in $OUTPUT_FILE.
background() {
	OUTPUT_FILE=$BATS_TEST_TMPDIR/output.$RANDOM$RANDOM
	"$INSULA" --root "$STATE" "$@" </dev/null >"$OUTPUT_FILE" 2>&1 3>&- &
	BACKGROUND=$!
}

# background_ends: wait for it; sets $status and $output as `run` does.
background_ends() {
	status=0
	wait "$BACKGROUND" || status=$?
	output=$(cat "$OUTPUT_FILE")
}

# run_box: the current bundle as a container that ends well.
run_box() {
	run -0 insula run --bundle "$BUNDLE" box
}

# created ID, stopped ID: a container that waits for start; one whose program has ended.
created() {
	detached create --bundle "$BUNDLE" "$1"
	[ "$status" -eq 0 ] || die "create: $output"
}

stopped() {
	command_is true
	created "$1"
	run -0 insula start "$1"
	wait_for 5 has_status "$1" stopped
}

# sleeper ID: a running container that waits for the test's end.
sleeper() {
	command_is sleep 1000
	detached run --detach --bundle "$BUNDLE" "$1"
	[ "$status" -eq 0 ] || die "run --detach: $output"
}

# status_of ID, pid_of ID: as `state` says.
status_of() {
	insula state "$1" | jq -r .status
}

pid_of() {
	insula state "$1" | jq -r .pid
}

# cgroup_of ID: the directory of the container's cgroup.
cgroup_of() {
	printf '%s%s\n' "$CGROUP_ROOT" "$(sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup")"
}

has_status() {
	[ "$(status_of "$1" 2>/dev/null)" = "$2" ]
}

# wait_for SECONDS COMMAND…: try the command until it succeeds.
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || return 1
		sleep 0.05
	done
}

# private_mounts COMMAND…: in a mount namespace of its own, out of which nothing comes.
private_mounts() {
	unshare --mount --propagation private -- "$@"
}

# --- saying what is wrong -----------------------------------------------------------------------

die() {
	printf '%s\n' "$*" >&2
	return 1
}

# is WORD: the output is exactly this. has TEXT: it holds this somewhere. hasnt TEXT: nowhere.
is() {
	[ "$output" = "$1" ] || die "expected: $1"$'\n'"is: $output"
}

has() {
	[[ $output == *"$1"* ]] || die "expected to hold: $1"$'\n'"is: $output"
}

hasnt() {
	[[ $output != *"$1"* ]] || die "expected not to hold: $1"$'\n'"is: $output"
}

# status_line NAME: what the output, lines of a /proc/PID/status, has under that name.
status_line() {
	sed -n "s/^$1:[[:space:]]*//p" <<<"$output"
}

# one_line: an error is one line for people.
one_line() {
	# shellcheck disable=SC2154
	[ "${#lines[@]}" -eq 1 ] || die "expected one line"$'\n'"is: $output"
}

# leaves_nothing ID: there is no state, cgroup, process or mount of the container in $BUNDLE.
leaves_nothing() {
	[ ! -e "$STATE/$1" ] || die "the state directory of $1 is left"
	[ -z "$CGROUP_ROOT" ] || [ ! -e "$CGROUP_ROOT$(jq -r .linux.cgroupsPath "$BUNDLE/config.json")" ] ||
		die "the cgroup of $1 is left"
	no_process || die "processes are left: $(show_processes)"
	! grep -F "$BUNDLE" /proc/self/mountinfo || die "mounts are left"
}

# own_program NAME: the path of one that insula executes: beside it in a build tree, else where it is installed.
own_program() {
	local bin
	bin=$(dirname "$INSULA")
	if [ -x "$bin/$1" ]; then
		echo "$bin/$1"
	else
		echo "${bin%/*}/libexec/insula/$1"
	fi
}

# skip_unless REASON COMMAND…: in strict mode nothing is left out quietly.
skip_unless() {
	local reason=$1
	shift
	"$@" >/dev/null 2>&1 && return 0
	if [ "$INSULA_STRICT" = 1 ]; then
		die "skipped, and INSULA_STRICT is set: $reason"
	else
		skip "$reason"
	fi
}
