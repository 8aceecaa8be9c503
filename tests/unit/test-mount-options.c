/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mount.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "mount/options.h"

static struct ins_mount_options apply(const char *const *names)
{
	struct ins_mount_options options = { 0 };

	for (; *names; names++)
		assert_true(ins_mount_options_apply(&options, *names));
	return options;
}

#define APPLY(...) apply((const char *const[]){ __VA_ARGS__, NULL })

/* config.md 1.3.0, "Linux mount options": all of them. */
static void all_are_known(void **state)
{
	static const char *const names[] = { "async", "atime", "bind", "defaults", "dev",
		"diratime", "dirsync", "exec", "iversion", "lazytime", "loud", "mand", "noatime",
		"nodev", "nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime",
		"nostrictatime", "nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev",
		"rdiratime", "relatime", "remount", "rexec", "rnoatime", "rnodev", "rnodiratime",
		"rnoexec", "rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "ro",
		"rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime", "rsuid",
		"rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime",
		"suid", "symfollow", "sync", "tmpcopyup", "unbindable", "idmap", "ridmap" };
	struct ins_mount_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_true(ins_mount_options_apply(&options, names[i]));
	assert_false(ins_mount_options_apply(&options, "size=1m"));
	assert_false(ins_mount_options_apply(&options, "RO"));
	assert_false(ins_mount_options_apply(&options, ""));
	assert_false(ins_mount_options_apply(&options, "ro,nosuid"));
}

static void names_are_sorted(void **state)
{
	size_t n = 0;
	const char *const *names = ins_mount_option_names(&n);

	(void)state;
	assert_true(n > 60);
	for (size_t i = 0; i < n; i++) {
		struct ins_mount_options options = { 0 };

		assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
		assert_true(ins_mount_options_apply(&options, names[i]));
	}
}

static void last_one_counts(void **state)
{
	struct ins_mount_options options = APPLY("ro", "nosuid", "rw", "suid", "nosuid");

	(void)state;
	assert_int_equal(options.attrs.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(options.attrs.clear, MOUNT_ATTR_RDONLY);
	assert_int_equal(options.super_set, 0);
	assert_int_equal(options.super_clear, MS_RDONLY);
	options = APPLY("rw", "ro");
	assert_int_equal(options.attrs.set, MOUNT_ATTR_RDONLY);
	assert_int_equal(options.attrs.clear, 0);
	assert_int_equal(options.super_set, MS_RDONLY);
}

/* The kernel takes the field only as a whole: whoever sets a value has to clear all others. */
static void access_time_is_a_field(void **state)
{
	struct ins_mount_options options = APPLY("noatime", "strictatime");

	(void)state;
	assert_int_equal(options.attrs.set, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(options.attrs.clear & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
	options = APPLY("noatime", "nodiratime");
	assert_int_equal(options.attrs.set, MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME);
	options = APPLY("strictatime", "relatime");
	assert_int_equal(options.attrs.set, 0);
	assert_int_equal(options.attrs.clear, MOUNT_ATTR__ATIME);
	options = APPLY("noatime", "atime");
	assert_int_equal(options.attrs.set, 0);
	assert_int_equal(options.attrs.clear, MOUNT_ATTR__ATIME);
	options = APPLY("rnoatime");
	assert_int_equal(options.attrs.rec_set, MOUNT_ATTR_NOATIME);
	assert_int_equal(options.attrs.rec_clear, MOUNT_ATTR__ATIME);
	assert_int_equal(options.attrs.clear, 0);
}

static void recursive_ones_are_apart(void **state)
{
	struct ins_mount_options options = APPLY("rro", "rw", "rnosuid", "nodev", "rdev");

	(void)state;
	assert_int_equal(options.attrs.set, MOUNT_ATTR_NODEV);
	assert_int_equal(options.attrs.clear, MOUNT_ATTR_RDONLY);
	assert_int_equal(options.attrs.rec_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(options.attrs.rec_clear, MOUNT_ATTR_NODEV);
}

static void propagation(void **state)
{
	struct ins_mount_options options = APPLY("rshared", "slave");

	(void)state;
	assert_int_equal(options.attrs.propagation, MS_SLAVE);
	assert_false(options.attrs.propagation_recursive);
	options = APPLY("slave", "runbindable");
	assert_int_equal(options.attrs.propagation, MS_UNBINDABLE);
	assert_true(options.attrs.propagation_recursive);
}

static void switches(void **state)
{
	struct ins_mount_options options = APPLY("bind");

	(void)state;
	assert_true(options.bind && !options.recursive && !options.remount);
	options = APPLY("rbind", "bind");
	assert_true(options.bind && options.recursive);
	options = APPLY("idmap");
	assert_true(options.idmap && !options.idmap_recursive);
	options = APPLY("ridmap", "remount", "tmpcopyup", "silent");
	assert_true(options.idmap && options.idmap_recursive && options.remount);
	assert_true(options.copy_up && options.silent && !options.bind);
	options = APPLY("src-nofollow", "dest-nofollow");
	assert_true(options.source_no_follow && options.destination_no_follow);
}

static void super_words(void **state)
{
	(void)state;
	assert_string_equal(ins_mount_super_word(MS_RDONLY, true), "ro");
	assert_string_equal(ins_mount_super_word(MS_LAZYTIME, false), "nolazytime");
	assert_null(ins_mount_super_word(MS_I_VERSION, true));
	assert_null(ins_mount_super_word(MS_DIRSYNC, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_known),
		cmocka_unit_test(names_are_sorted),
		cmocka_unit_test(last_one_counts),
		cmocka_unit_test(access_time_is_a_field),
		cmocka_unit_test(recursive_ones_are_apart),
		cmocka_unit_test(propagation),
		cmocka_unit_test(switches),
		cmocka_unit_test(super_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
