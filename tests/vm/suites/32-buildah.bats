#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# buildah: create, start, state every 100 ms, delete for each RUN. It is the container's parent itself, and
# shows what the runtime prints.

load engines

setup_file() {
	busybox_tar
	podman_knows_insula
	export BUILDAH_RUNTIME=insula BUILDAH_ISOLATION=oci
}

setup() {
	CONTAINER=$(command buildah from scratch)
	command buildah add --quiet "$CONTAINER" "$BUSYBOX_TAR" / >&2
}

teardown() {
	command buildah rm --all >&2
	no_containers || die 'containers are left'
}

buildah() {
	command buildah "$@" 3>&-
}

@test "run: output without a word of the runtime's, exit status, errors" {
	run -0 buildah run "$CONTAINER" sh -c 'echo out'
	is out
	run -7 buildah run "$CONTAINER" sh -c 'exit 7'
	run -1 buildah run "$CONTAINER" nothing
	has 'executable file `nothing` not found in $PATH'
	run -0 on_pty buildah run --tty "$CONTAINER" tty
	has /dev/pts/0
}

@test "run: user, directory, volume, network, capabilities" {
	run -0 buildah run --user 1000 --workingdir /tmp --volume /usr/bin:/mnt:ro --network none --cap-drop all "$CONTAINER" \
		sh -c 'id -u; pwd; ls /sys/class/net; touch /mnt/x 2>/dev/null || echo ro; grep ^CapBnd: /proc/self/status'
	is $'1000\n/tmp\nlo\nro\nCapBnd:\t0000000000000000'
}

@test "a Containerfile" {
	cp "$BUSYBOX_TAR" "$BATS_TEST_TMPDIR/busybox.tar"
	cat >"$BATS_TEST_TMPDIR/Containerfile" <<-'END'
		FROM scratch
		ADD busybox.tar /
		RUN echo one >/built && mkdir /home/guest && chown 1000:1000 /home/guest
		WORKDIR /home/guest
		USER 1000
		RUN id -u >user
		CMD cat /built user
	END
	run -0 buildah build --network none --tag built "$BATS_TEST_TMPDIR"
	run -0 command podman --runtime insula run --rm --network none built
	is $'one\n1000'
	run -0 buildah rmi built
}

@test "a Containerfile whose command fails" {
	cp "$BUSYBOX_TAR" "$BATS_TEST_TMPDIR/busybox.tar"
	printf 'FROM scratch\nADD busybox.tar /\nRUN exit 9\n' >"$BATS_TEST_TMPDIR/Containerfile"
	run -9 buildah build --network none "$BATS_TEST_TMPDIR"
	has 'exit status 9'
}

# buildah makes the user namespace, and insula may do nothing outside of it.
@test "as an ordinary user" {
	install -m 644 "$BUSYBOX_TAR" /home/tester/busybox.tar
	printf 'FROM scratch\nADD busybox.tar /\nRUN id -u >/who\nCMD cat /who\n' >/home/tester/Containerfile
	as_tester() {
		as-tester env --unset INVOCATION_ID BUILDAH_RUNTIME=insula BUILDAH_ISOLATION="$ISOLATION" buildah "$@" 3>&-
	}
	for ISOLATION in rootless oci; do
		run -0 as_tester build --quiet --network host --tag built .
		run -0 as-tester env --unset INVOCATION_ID podman --runtime insula run --rm --network none built
		is 0
	done
	run -0 as_tester rmi built
}
