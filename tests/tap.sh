# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# For test scripts: TAP on standard output. A script calls point, ok, not_ok or skip for each thing
# that it looked at, and tap_end last; what failed is in the TAP, not in the exit status. top_srcdir and
# top_builddir come from make; by hand they are found from here.

: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${top_builddir:=$top_srcdir}"
: "${INSULA_STRICT:=0}"

tap_n=0

ok() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

# not_ok NAME [DETAIL]: the detail may have many lines.
not_ok() {
	tap_n=$((tap_n + 1))
	echo "not ok $tap_n - $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# point NAME COMPLAINTS: fine if there is nothing to complain about.
point() {
	if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

# skip NAME REASON: in strict mode nothing is left out quietly.
skip() {
	if [ "$INSULA_STRICT" = 1 ]; then
		not_ok "$1" "skipped, and INSULA_STRICT is set: $2"
	else
		tap_n=$((tap_n + 1))
		echo "ok $tap_n - $1 # SKIP $2"
	fi
}

tap_end() {
	echo "1..$tap_n"
	exit 0
}

# The tree's own files, one a line, relative to the top: in a checkout those that git knows or would
# take, in an unpacked release all that is there, less what a build makes. A build may have any place.
tree_files() {
	tree_build=$(realpath --relative-to="$top_srcdir" "$top_builddir")
	case $tree_build in . | ..*) tree_build=build ;; esac
	if [ -e "$top_srcdir/.git" ] && git -C "$top_srcdir" rev-parse >/dev/null 2>&1; then
		git -C "$top_srcdir" ls-files --cached --others --exclude-standard |
			while IFS= read -r tree_file; do
				[ ! -f "$top_srcdir/$tree_file" ] || printf '%s\n' "$tree_file"
			done
	else
		(cd "$top_srcdir" && find . -type f | sed 's|^\./||' | grep -vE \
			'^(build|build-aux|_build|_inst|autom4te\.cache|m4/(libtool|lt.*)\.m4|configure$|aclocal\.m4|Makefile\.in$|config\.h\.in)|\.(o|lo|io|d|la|a|log|trs)$|/\.(libs|deps)/')
	fi | awk -v build="$tree_build/" 'index($0, build) != 1' | sort
}
