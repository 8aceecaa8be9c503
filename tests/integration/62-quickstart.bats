#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The README's first command, but for the installing and building: three partitions of two distributions.

load helpers

setup_file() {
	need_debian
}

setup() {
	insula_setup
	skip_unless_debian
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	insula_teardown
}

@test 'quickstart shows three partitions of two distributions, isolated from each other' {
	insula template import busybox "$(base_rootfs)"
	insula template import debian "$INSULA_DEBIAN"
	run -0 "$top_srcdir/quickstart" "$INSULA" "$BATS_TEST_TMPDIR"
	has '  system      busybox'
	has '  system      Debian GNU/Linux'
	[ "$(grep -c 'interfaces  eth0 lo' <<<"$output")" = 3 ]
	[ "$(grep '^  ids ' <<<"$output" | sort -u | wc -l)" = 3 ]
	has 'box2 says: cat: can'
	has 'box1 does not get there'
	has 'box1 says hello'
	[[ $output =~ of\ its\ /etc\ ([0-9]+)\ entries\ are\ left ]]
	has "and after the rollback it has $((BASH_REMATCH[1] + 1)) again"
	run -2 "$top_srcdir/quickstart" "$INSULA"
}
