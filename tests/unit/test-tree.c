/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/tree.h"

static char directory[] = "/tmp/insula-test-tree-XXXXXX";
static int top = -1;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	top = ins_close(top);
	return rmdir(directory);
}

static void make_file(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static void expect_removed(const char *name)
{
	struct ins_error err = {};

	assert_int_equal(ins_tree_remove(top, name, &err), 0);
	assert_string_equal(err.text, "");
	assert_int_equal(faccessat(top, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void everything_goes(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(top, "a", 0700), 0);
	assert_int_equal(mkdirat(top, "a/b", 0700), 0);
	assert_int_equal(mkdirat(top, "a/b/c", 0700), 0);
	assert_int_equal(mkdirat(top, "a/b/c/d", 0), 0);
	make_file(top, "a/x");
	make_file(top, "a/b/y");
	make_file(top, "a/b/c/z");
	/* Names that the removal itself gives. */
	assert_int_equal(mkdirat(top, "a/.0", 0700), 0);
	assert_int_equal(mkdirat(top, "a/.0/.1", 0700), 0);
	make_file(top, "a/.0/.1/.2");
	assert_int_equal(mkfifoat(top, "a/fifo", 0600), 0);
	expect_removed("a");
}

static void links_are_not_followed(void **state)
{
	struct ins_error err = {};

	(void)state;
	assert_int_equal(mkdirat(top, "kept", 0700), 0);
	make_file(top, "kept/file");
	assert_int_equal(mkdirat(top, "a", 0700), 0);
	assert_int_equal(symlinkat("../kept", top, "a/link"), 0);
	expect_removed("a");
	assert_int_equal(faccessat(top, "kept/file", F_OK, 0), 0);
	/* Nor is the name itself one. */
	assert_int_equal(symlinkat("kept", top, "link"), 0);
	assert_true(ins_tree_remove(top, "link", &err) < 0);
	assert_int_equal(faccessat(top, "kept/file", F_OK, 0), 0);
	assert_int_equal(unlinkat(top, "link", 0), 0);
	expect_removed("kept");
}

/* Deeper than there may be fds, and than a path may be long. */
static void depth_is_no_matter(void **state)
{
	struct rlimit before, few = { 16, 16 };
	int dir = dup(top);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(dir, "deep", 0700), 0);
		make_file(dir, i == 0 ? "first" : "file");
		next = openat(dir, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		ins_close(dir);
		dir = next;
	}
	ins_close(dir);
	assert_int_equal(unlinkat(top, "first", 0), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	expect_removed("deep");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void nothing_is_fine(void **state)
{
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_tree_remove(top, "nothing", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_goes),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(depth_is_no_matter),
		cmocka_unit_test(nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
