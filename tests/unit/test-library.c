/* SPDX-License-Identifier: Apache-2.0 */
/* The library on disk: who may have it, and one that is not whole. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "image/library.h"

static char directory[] = "/tmp/insula-test-library-XXXXXX";
static char path[sizeof(directory) + 16];

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int no_library(void **state)
{
	char command[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/a/library", directory);
	snprintf(command, sizeof(command), "rm -rf -- %s/a", directory);
	return system(command);
}

/* check_open - what opening answers, and that a failure leaves no descriptor with the caller */
static void check_open(bool make, int expected, const char *word)
{
	cleanup_library struct ins_library library = INS_LIBRARY_CLOSED;
	struct ins_error err = {};
	int r = ins_library_open(path, make, &library, &err);

	if (r != expected)
		fail_msg("%d instead of %d: %s", r, expected, err.text);
	if (word)
		assert_non_null(strstr(err.text, word));
	assert_int_equal(library.partitions >= 0, r == 0);
}

static void it_is_made_once(void **state)
{
	struct stat s;

	(void)state;
	check_open(false, -ENOENT, NULL);
	check_open(true, 0, NULL);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 07777, 0700);
	check_open(true, 0, NULL);
	check_open(false, 0, NULL);
}

static void it_is_closed_to_others(void **state)
{
	(void)state;
	check_open(true, 0, NULL);
	for (mode_t bit = 01; bit <= 040; bit <<= 1) {
		assert_int_equal(chmod(path, 0700 | bit), 0);
		check_open(false, -EPERM, "chmod 700");
		check_open(true, -EPERM, path);
	}
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(chown(path, 1, (gid_t)-1), 0);
	check_open(false, -EPERM, "belong to the caller");
}

/* Whoever makes it may be killed half-way, or not have come so far yet. */
static void one_half_made_is_not_there_yet(void **state)
{
	char part[sizeof(path) + 16];

	(void)state;
	check_open(true, 0, NULL);
	snprintf(part, sizeof(part), "%s/partitions", path);
	assert_int_equal(rmdir(part), 0);
	check_open(false, -ENOENT, NULL);
	check_open(true, 0, NULL);
	check_open(false, 0, NULL);
}

static void its_parts_are_no_links(void **state)
{
	char part[sizeof(path) + 16];

	(void)state;
	check_open(true, 0, NULL);
	snprintf(part, sizeof(part), "%s/layers", path);
	assert_int_equal(rmdir(part), 0);
	assert_int_equal(symlink("images", part), 0);
	check_open(false, -ENOTDIR, "layers");
}

static void names(void **state)
{
	static const char longest[] =
		"012345678901234567890123456789012345678901234567890123456789012";
	static const char *const good[] = { "a", "A1_.-", "0", "web..1", longest };
	static const char *const bad[] = { "", ".", "..", ".a", "-a", "a/b", "a b", "ä", "a\n",
		"0123456789012345678901234567890123456789012345678901234567890123" };

	(void)state;
	assert_int_equal(strlen(longest), 63);
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		assert_int_equal(ins_name_check("partition", good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		struct ins_error err = {};

		assert_int_equal(ins_name_check("template", bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "template"));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_made_once, no_library, no_library),
		cmocka_unit_test_setup_teardown(it_is_closed_to_others, no_library, no_library),
		cmocka_unit_test_setup_teardown(
			one_half_made_is_not_there_yet, no_library, no_library),
		cmocka_unit_test_setup_teardown(its_parts_are_no_links, no_library, no_library),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
