#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Debian packages, which tests/vm/packages has made, in a machine where insula never was: they are
# installed, do what the manual says, are upgraded, removed, purged. There is no network.

ENGINES=/usr/share/insula/engines
load engines

PACKAGES=/share/packages
# All but the one that wants a compiler.
ALL=(insula libinsula0 insula-doc)

setup_file() {
	# The machine's own packages came without manual and documentation.
	rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap
	files >"$BATS_FILE_TMPDIR/files"
}

setup() {
	[ ! -e "$PACKAGES/missing" ] || skip_unless "$(cat "$PACKAGES/missing")" false
	[ -e "$PACKAGES/job" ] || die "$(tail -n 40 "$PACKAGES/log")"
	install_packages first
	insula_setup
}

teardown() {
	[ -z "${STATE-}" ] || insula_teardown
	purge
}

# files: all there are, but for what apt, ldconfig, systemd and logs make of anything.
files() {
	find / /run -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /run/systemd -o -path /var/cache/apt \
		-o -path /var/cache/ldconfig -o -path /var/lib/apt -o -path /var/log \) -prune -o -print | sort
}

# deb VERSION PACKAGE: its file.
deb() {
	echo "$PACKAGES/$1/$2"_*.deb
}

# install_packages VERSION
install_packages() {
	local package paths=()
	for package in "${ALL[@]}"; do
		paths+=("$(deb "$1" "$package")")
	done
	dpkg --install "${paths[@]}" >&2
}

purge() {
	dpkg --purge "${ALL[@]}" libinsula-dev >&2
}

# left: files that are there now, and were not before there was a package, or the other way round.
left() {
	files | diff "$BATS_FILE_TMPDIR/files" - | grep '^[<>]' || :
}

# --- packages -----------------------------------------------------------------------------------

@test "lintian has nothing to say" {
	run -0 cat "$PACKAGES/lintian"
	is ''
}

@test "apt finds all that they depend on; each file is as it was packed" {
	purge
	run -0 apt-get install --yes --quiet "$(deb first insula)" "$(deb first libinsula0)" "$(deb first insula-doc)"
	has '0 upgraded, 3 newly installed'
	run -0 dpkg --verify "${ALL[@]}"
	is ''
	run -0 apt-get check --quiet
}

@test "no program is without a library, the page of no command is missing, the completion knows them" {
	local verb verbs program programs
	mapfile -t programs < <(find /usr/libexec/insula -type f)
	for program in /usr/bin/insula "${programs[@]}" /usr/lib/*/libinsula.so.0; do
		run ldd "$program"
		[ "$status" -eq 0 ] || has 'not a dynamic executable'
		hasnt 'not found'
	done
	mapfile -t verbs < <(insula help --options-dump | sed -n 's/^verb\t\([^\t]*\).*/\1/p')
	[ "${#verbs[@]}" -gt 10 ]
	for verb in "${verbs[@]}"; do
		zgrep -q "^\.TH INSULA.*${verb^^} 1" "/usr/share/man/man1/insula-$verb.1.gz" || die "no page for $verb"
	done
	run -1 zgrep -n /usr/local /usr/share/man/man7/insula-engines.7.gz
	run -0 bash -c '. /usr/share/bash-completion/completions/insula.bash
		COMP_WORDS=(insula st) COMP_CWORD=1
		function=$(complete -p insula | sed "s/.*-F \([^ ]*\).*/\1/")
		$function insula st insula
		echo "${COMPREPLY[*]}"'
	is 'start state stop stats'
}

@test "containers: in a cgroup, in a scope of systemd, with a network device, of an ordinary user" {
	command_is cat /proc/self/cgroup
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	run -0 insula run --bundle "$BUNDLE" box
	is "0::$TEST_CGROUP/1"
	config '.linux.cgroupsPath = "system.slice:packages:box"'
	run -0 insula --systemd-cgroup run --bundle "$BUNDLE" box
	is 0::/system.slice/packages-box.scope

	ip link add packages0 type veth peer name packages1
	command_is ls /sys/class/net
	config '.linux.cgroupsPath = $path | .linux.netDevices.packages0 = {}' --arg path "$TEST_CGROUP/1"
	run -0 insula run --bundle "$BUNDLE" box
	has packages0
	ip link delete packages1 || :

	local home=/home/tester/box
	mkdir "$home"
	cp -a "$BUNDLE/rootfs" "$home/rootfs"
	chown -R tester: "$home"
	run -0 as-tester sh -ec "cd $home; insula spec --rootless
		jq '.process.terminal = false | .process.args = [\"id\", \"-u\"]' config.json >run.json
		insula run --config run.json box"
	is 0
	rm -r "$home"
}

# The program was made on the host, by what pkg-config says with libinsula-dev.
@test "the program in libinsula(3), linked with the package's library" {
	run -0 ldd "$PACKAGES/job"
	[[ $output =~ libinsula\.so\.0\ =\>\ (/usr)?/lib/x86_64-linux-gnu/libinsula\.so\.0 ]]
	command_is echo served
	cp -a "$BUNDLE" /srv/job
	run -0 "$PACKAGES/job"
	is served
	rm -r /srv/job
}

@test "libinsula-dev: what its pkg-config file requires are packages that it depends on" {
	local name depends
	depends=$(dpkg-deb --field "$(deb first libinsula-dev)" Depends)
	run -0 dpkg --force-depends --install "$(deb first libinsula-dev)"
	run -0 sed -n 's/^Requires.private: //p' /usr/lib/x86_64-linux-gnu/pkgconfig/libinsula.pc
	for name in $output; do
		[[ " $depends," == *" lib${name#lib}-dev,"* ]] || die "it needs $name, and depends on $depends"
	done
	[ -n "$name" ]
	[ -e /usr/lib/x86_64-linux-gnu/libinsula.so ]
	run -0 dpkg --verify libinsula-dev
	is ''
}

@test "upgrade: containers stay, one that was created is started; so do the administrator's settings" {
	local settings=/etc/containers/containers.conf.d/insula.conf
	podman_knows_insula
	sed -i 's/^#runtime/runtime/' "$settings"
	cp "$settings" "$BATS_TEST_TMPDIR/settings"
	sleeper one
	new_bundle
	command_is sleep 1000
	detached create --bundle "$BUNDLE" two
	[ "$status" -eq 0 ]

	run -0 apt-get install --yes --quiet "$(deb second insula)" "$(deb second libinsula0)" "$(deb second insula-doc)"
	has '3 upgraded, 0 newly installed'
	run -0 dpkg-query --show --showformat '${Version}\n' "${ALL[@]}"
	[ "$(grep -c '+next$' <<<"$output")" = 3 ]
	run -0 cmp "$settings" "$BATS_TEST_TMPDIR/settings"

	run -0 insula exec one echo in
	is in
	run -0 insula start two
	[ "$(status_of two)" = running ]
	run -0 insula delete --force one
	run -0 insula delete --force two
	rm -r /etc/containers/containers.conf.d
}

@test "purge leaves nothing" {
	command_is echo out
	run -0 "$INSULA" run --bundle "$BUNDLE" box
	is out
	[ -d /run/insula ]
	insula_teardown
	STATE=
	run -0 apt-get remove --yes --quiet "${ALL[@]}"
	run -0 apt-get purge --yes --quiet insula # all that has anything to purge
	run -0 left
	is ''
}

@test "a container outlives all of them, and is found again" {
	command_is sleep 1000
	"$INSULA" run --detach --bundle "$BUNDLE" box </dev/null >/dev/null 2>&1 3>&-
	purge
	[ ! -e "$INSULA" ]
	[ -d /run/insula/box ]
	install_packages first
	run -0 "$INSULA" state box
	[ "$(jq -r .status <<<"$output")" = running ]
	run -0 "$INSULA" delete --force box
}

# --- what the manual says of engines --------------------------------------------------------------

# documented SECTION: the commands that insula-engines(7) says there, one a line.
documented() {
	zcat /usr/share/man/man7/insula-engines.7.gz | awk -v section=".SS $1" '
		/^\.S/ { inside = $0 == section }
		/^\.E/ { example = $0 == ".EX"; next }
		inside && example { sub(/^# /, ""); gsub(/\\f[BR]/, ""); gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print }' |
		sed -e ':more' -e '/\\$/N' -e 's/ *\\\n */ /' -e 't more'
}

# typed SECTION: all of them, in a directory that holds a Containerfile. The image is there already.
typed() {
	local commands
	commands=$(documented "$1")
	[ -n "$commands" ] || die "insula-engines(7) says nothing of $1"
	mkdir -p "$BATS_TEST_TMPDIR/here"
	printf 'FROM busybox\nRUN echo built\n' >"$BATS_TEST_TMPDIR/here/Containerfile"
	run -0 env --chdir "$BATS_TEST_TMPDIR/here" bash -exc "$commands" 3>&-
}

@test "the README's commands for engines are the manual's" {
	local section
	run -0 sh -c 'zcat /usr/share/doc/insula/README.md.gz | sed -n "/^## Under podman/,/^## What/s/^    //p" |
		sed -e "s/ *#.*//" -e "s|/usr/local/|/usr/|" -e "/^$/d"'
	[ "${#lines[@]}" -ge 7 ]
	for section in 'podman and buildah' containerd Docker; do
		documented "$section"
	done >"$BATS_TEST_TMPDIR/manual"
	run -1 grep -vxFf "$BATS_TEST_TMPDIR/manual" <<<"$output"
}

@test "podman and buildah" {
	busybox_tar
	command podman import --quiet "$BUSYBOX_TAR" busybox >&2 3>&-
	typed 'podman and buildah'
	has $'\nhello\n'
	has $'\nbuilt\n'
	run -0 command podman --runtime insula info --format '{{.Host.OCIRuntime.Path}}'
	is /usr/bin/insula
	command podman rmi --force --all >&2
	rm -r /etc/containers/containers.conf.d
}

@test "containerd, and a pod by the handler of its Kubernetes interface" {
	local pod pause config='{"1": {"1": "pod", "2": "uid", "3": "default"}, "3": "/tmp", "8": {"1": "/kubepods.slice", "2": {"1": {"1": 2}}}}'
	busybox_tar
	command podman import --quiet --change 'CMD sleep 1000' "$BUSYBOX_TAR" example.org/busybox:latest >&2 3>&-
	pause=$(containerd config default | sed -n 's/.*sandbox_image = "\(.*\)"/\1/p')
	command podman tag example.org/busybox:latest "$pause"
	command podman save --quiet --multi-image-archive --output "$BATS_TEST_TMPDIR/images.tar" example.org/busybox:latest "$pause" >&2
	command podman rmi --force --all >&2
	systemctl start containerd
	ctr image import "$BATS_TEST_TMPDIR/images.tar" >&2 3>&-
	ctr --namespace k8s.io image import "$BATS_TEST_TMPDIR/images.tar" >&2 3>&-

	typed containerd
	has $'\nhello\n'
	# A pod on the host's network has the host's.
	[ -e /etc/resolv.conf ] || : >/etc/resolv.conf
	run -0 python3 "$BATS_TEST_DIRNAME/cri.py" RunPodSandbox "{\"1\": $config, \"2\": \"insula\"}" 3>&-
	pod=$(jq -r '.["1"][0]' <<<"$output")
	run -0 "$INSULA" --root /run/containerd/runc/k8s.io list --quiet
	is "$pod"
	run -0 python3 "$BATS_TEST_DIRNAME/cri.py" StopPodSandbox "{\"1\": \"$pod\"}" 3>&-
	run -0 python3 "$BATS_TEST_DIRNAME/cri.py" RemovePodSandbox "{\"1\": \"$pod\"}" 3>&-
	# There is no kubectl here.
	run -0 documented Kubernetes
	is 'kubectl apply -f /usr/share/insula/engines/kubernetes.yaml'
	run -0 grep -x 'handler: insula' /usr/share/insula/engines/kubernetes.yaml
}

@test "Docker" {
	busybox_tar
	systemctl start docker 3>&-
	command docker import "$BUSYBOX_TAR" busybox >&2
	rm -f /etc/docker/daemon.json
	typed Docker
	has $'\nhello'
	run -0 docker info --format '{{.Runtimes.insula.Path}}'
	is insula
	systemctl stop docker.socket docker 3>&-
	rm /etc/docker/daemon.json
}
