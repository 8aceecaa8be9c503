/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

static char directory[] = "/tmp/insula-test-file-XXXXXX";
static int dirfd_ = -1;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0 ? -1 : 0;
}

/* Also finds what a write has left behind: rmdir fails then. */
static int tear_down(void **state)
{
	(void)state;
	(void)unlinkat(dirfd_, "a", 0);
	(void)unlinkat(dirfd_, "fifo", 0);
	dirfd_ = ins_close(dirfd_);
	return rmdir(directory);
}

static void write_and_read(void **state)
{
	struct ins_error err = {};
	cleanup_free char *first = NULL, *second = NULL;
	struct stat st;
	size_t size = 0;
	mode_t saved = umask(022);

	(void)state;
	assert_int_equal(ins_file_write(dirfd_, "a", "one\0two", 7, 0666, &err), 0);
	umask(saved);
	assert_int_equal(fstatat(dirfd_, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(ins_file_read(dirfd_, "a", 7, &first, &size, &err), 0);
	assert_int_equal(size, 7);
	assert_memory_equal(first, "one\0two\0", 8);
	assert_int_equal(ins_file_write(dirfd_, "a", "", 0, 0600, &err), 0);
	assert_int_equal(ins_file_read(dirfd_, "a", 0, &second, &size, &err), 0);
	assert_int_equal(size, 0);
	assert_string_equal(second, "");
}

static void too_large(void **state)
{
	struct ins_error err = {};
	char *text = (char *)8;

	(void)state;
	assert_int_equal(ins_file_write(dirfd_, "a", "12345678", 8, 0600, &err), 0);
	assert_int_equal(ins_file_read(dirfd_, "a", 7, &text, NULL, &err), -EFBIG);
	assert_string_equal(err.text, "a: larger than 7 bytes");
	assert_ptr_equal(text, (char *)8);
	/* procfs says nothing of the size, so this is found while reading. */
	ins_error_clear(&err);
	assert_int_equal(
		ins_file_read(AT_FDCWD, "/proc/self/maps", 100, &text, NULL, &err), -EFBIG);
}

static void procfs(void **state)
{
	struct ins_error err = {};
	cleanup_free char *text = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(
		ins_file_read(AT_FDCWD, "/proc/kallsyms", 64 << 20, &text, &size, &err), 0);
	assert_true(size > 4096);
	assert_int_equal(strlen(text), size);
}

static void not_files(void **state)
{
	struct ins_error err = {};
	char *text = NULL;

	(void)state;
	assert_int_equal(ins_file_read(dirfd_, "none", 10, &text, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "open none: No such file or directory");
	ins_error_clear(&err);
	assert_int_equal(ins_file_read(dirfd_, ".", 10, &text, NULL, &err), -EISDIR);
	ins_error_clear(&err);
	assert_int_equal(mkfifoat(dirfd_, "fifo", 0600), 0);
	assert_int_equal(ins_file_read(dirfd_, "fifo", 10, &text, NULL, &err), -EINVAL);
	ins_error_clear(&err);
	assert_int_equal(ins_file_read(AT_FDCWD, "/dev/zero", 10, &text, NULL, &err), -EINVAL);
	assert_string_equal(err.text, "/dev/zero: not a regular file");
	assert_null(text);
}

static void failed_writes(void **state)
{
	struct ins_error err = {};
	char name[5000];

	(void)state;
	assert_int_equal(ins_file_write(dirfd_, "no/such", "x", 1, 0600, &err), -ENOENT);
	ins_error_clear(&err);
	/* A directory cannot be replaced; the temporary file must not stay (see tear_down). */
	assert_int_equal(mkdirat(dirfd_, "d", 0700), 0);
	assert_int_equal(ins_file_write(dirfd_, "d", "x", 1, 0600, &err), -EISDIR);
	assert_int_equal(unlinkat(dirfd_, "d", AT_REMOVEDIR), 0);
	ins_error_clear(&err);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(ins_file_write(dirfd_, name, "x", 1, 0600, &err), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_and_read),
		cmocka_unit_test(too_large),
		cmocka_unit_test(procfs),
		cmocka_unit_test(not_files),
		cmocka_unit_test(failed_writes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
