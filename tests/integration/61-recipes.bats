#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The recipes of distributions, with the programs that bootstrap them and tiny archives (see ./archive). That of
# Debian has a real one: 36-debian.bats.

load helpers

setup() {
	insula_setup
	skip_unless 'insula-image is not built: no libarchive or no nettle' test -x "$(own_program insula-image)"
	P=r$BATS_ROOT_PID-$BATS_SUITE_TEST_NUMBER
	export INSULA_TEMPLATES=$top_srcdir/rootfs-templates
	unset KEY INCLUDE http_proxy https_proxy
}

teardown() {
	insula remove --force --all 2>/dev/null || :
	# shellcheck disable=SC2046
	insula template remove $(insula template list --quiet 2>/dev/null) 2>/dev/null || :
	insula_teardown
}

# need PROGRAM…: what a test cannot be made without.
need() {
	local program
	for program; do
		skip_unless "$program is not installed" command -v "$program"
	done
}

# archive KIND: a signed one in $ARCHIVE; KEY is its key.
archive() {
	ARCHIVE=$BATS_TEST_TMPDIR/$1
	"$BATS_TEST_DIRNAME/archive" "$1" "$ARCHIVE" "$(base_rootfs)/bin/busybox" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- ||
		die "$(cat "$BATS_TEST_TMPDIR/log")"
	export KEY=$ARCHIVE/key
}

# root: of the template that was made.
root() {
	echo "$STATE/.library/images/$(insula template show --json "$1" | jq -r .image)/root"
}

# guest KIND ARGUMENT…: the recipe makes a template, in which a program runs.
guest() {
	run -0 insula template build "$@"
	has "$1: made"
	detached spawn "$P" --template "$1" --net none -- sleep 1000
	[ "$status" -eq 0 ] || die "$output"
	run -0 insula exec "$P" cat /etc/os-release
	is $'NAME='"$1"$'\nID='"$1"
	[ ! -s "$(root "$1")/etc/machine-id" ]
	# Nothing of the host's or of the making.
	[ -z "$(cd "$(root "$1")" && find dev proc tmp var/cache -type f 2>/dev/null)" ]
}

# mistrusted KIND ARGUMENT…: with another key than the archive's there is no template.
mistrusted() {
	gpg --homedir "$BATS_TEST_TMPDIR" --batch --quiet --passphrase '' --quick-generate-key other rsa2048 sign never
	gpg --homedir "$BATS_TEST_TMPDIR" --batch --armor --export >"$BATS_TEST_TMPDIR/key"
	gpgconf --homedir "$BATS_TEST_TMPDIR" --kill all
	KEY=$BATS_TEST_TMPDIR/key run -1 insula template build "$@"
	hasnt made
	run -0 insula template list --quiet
	is ''
}

@test 'Alpine' {
	need curl gpg
	archive alpine
	guest alpine latest-stable "file://$ARCHIVE"
	[ "$(head -n 1 "$(root alpine)/etc/apk/repositories")" = "file://$ARCHIVE/latest-stable/main" ]
}

@test 'Alpine: what another key has signed, or was changed, is not taken' {
	need curl gpg
	archive alpine
	mistrusted alpine latest-stable "file://$ARCHIVE"
	echo x >>"$(echo "$ARCHIVE"/latest-stable/releases/*/*.tar.gz)"
	run -1 insula template build alpine latest-stable "file://$ARCHIVE"
	has "the signature is not Alpine's"
}

@test 'Arch' {
	need curl gpg pacstrap pacman bsdtar
	archive arch
	guest arch "file://$ARCHIVE"
	[ -e "$(root arch)/var/lib/pacman/local/base-1-1" ]
}

@test 'Arch: what another key has signed is not taken' {
	need curl gpg pacstrap pacman bsdtar
	archive arch
	mistrusted arch "file://$ARCHIVE"
}

@test 'Fedora' {
	need curl gpg dnf rpmbuild createrepo_c
	archive fedora
	guest fedora 44 "file://$ARCHIVE"
	[ -e "$(root fedora)/etc/script-ran" ]
	run -0 rpm --dbpath "$(root fedora)/usr/lib/sysimage/rpm" --query fedora-release-container
}

@test 'Fedora: what another key has signed is not taken' {
	need curl gpg dnf rpmbuild createrepo_c
	archive fedora
	mistrusted fedora 44 "file://$ARCHIVE"
}

@test 'openSUSE' {
	need curl gpg zypper rpmbuild createrepo_c
	archive opensuse
	guest opensuse tumbleweed "file://$ARCHIVE"
	[ -e "$(root opensuse)/etc/script-ran" ]
	# Its own rpm has written the list of packages.
	grep -q openSUSE-release "$(root opensuse)/var/lib/rpm/Packages.db"
	[ ! -e "$(root opensuse)/var/lib/rpm/rpmdb.sqlite" ]
}

@test 'openSUSE: what another key has signed is not taken' {
	need curl gpg zypper rpmbuild createrepo_c
	archive opensuse
	mistrusted opensuse tumbleweed "file://$ARCHIVE"
}

@test 'an archive that cannot be reached: one line names it' {
	need curl gpg pacstrap pacman dnf zypper rpm
	local away=http://127.0.0.1:1
	echo none >"$BATS_TEST_TMPDIR/key"
	export KEY=$BATS_TEST_TMPDIR/key
	for recipe in "alpine edge $away" "arch $away" "fedora 44 $away" "opensuse tumbleweed $away"; do
		# shellcheck disable=SC2086
		run -1 insula template build $recipe
		# The other one is insula's own.
		[ "${#lines[@]}" = 2 ] || die "$recipe: $output"
		[[ ${lines[0]} == *"$away"/*' cannot be reached: '* ]] || die "$recipe: $output"
	done
}

@test 'Debian: an archive that cannot be reached is named, too' {
	need mmdebstrap
	run -1 insula template build debian bookworm file:///nonesuch
	[[ ${lines[-2]} == *'can file:///nonesuch be reached'* ]] || die "$output"
}

@test 'a key that cannot be read is not done without' {
	need gpg pacstrap pacman dnf zypper rpm
	export KEY=$BATS_TEST_TMPDIR/nonesuch
	for recipe in alpine arch fedora opensuse; do
		run -1 insula template build "$recipe"
		has "KEY: $KEY cannot be read"
	done
}
