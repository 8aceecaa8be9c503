/* SPDX-License-Identifier: Apache-2.0 */
/* Programs are executed with the fds that they are given, and no others. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "sys/memfd.h"
#include "sys/program.h"

/* Run a script of the shell. Return: its exit status. */
static int run_script(const char *script, const int *fds, size_t n)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
	int status = -1;
	pid_t pid;

	assert_int_equal(ins_program_start("/bin/sh", argv, environ, fds, n, &pid), 0);
	assert_int_equal(ins_program_wait(pid, &status), 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What is going to be fd 3 is fd 0 before, which becomes something else. */
static void test_fds(void **data)
{
	cleanup_fd int text = ins_memfd_text("test", "word\n", NULL);
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC), input = dup(STDIN_FILENO);

	(void)data;
	assert_true(text >= 0 && null >= 0);
	assert_int_equal(dup2(text, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(run_script("read word <&3 && [ \"$word\" = word ] && ! read word",
				 (const int[]){ null, -1, -1, STDIN_FILENO }, 4),
		0);
	if (input >= 0)
		assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
}

static void test_no_others(void **data)
{
	cleanup_fd int leak = open("/dev/null", O_RDWR);
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)data;
	assert_true(leak > STDERR_FILENO);
	/* The last is that of the directory which is listed. */
	assert_int_equal(run_script("set -- $(ls /proc/self/fd) && [ \"$*\" = '0 1 2 3' ]",
				 (const int[]){ null }, 1),
		0);
}

static void test_missing(void **data)
{
	char *argv[] = { (char *)"none", NULL };
	pid_t pid;

	(void)data;
	assert_int_equal(ins_program_start("/nowhere/none", argv, environ, NULL, 0, &pid), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_no_others),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
