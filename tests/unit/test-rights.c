/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "sys/rights.h"

static int set_up(void **state)
{
	static int ends[2];

	*state = ends;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int tear_down(void **state)
{
	int *ends = *state;

	ins_close(ends[0]);
	ins_close(ends[1]);
	return 0;
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void words_alone(void **state)
{
	int *ends = *state, fd = 4711;
	char text[16];

	assert_int_equal(ins_rights_send(ends[0], "words", 5, NULL, 0, 0), 5);
	assert_int_equal(ins_rights_receive(ends[1], text, sizeof(text), &fd), 5);
	assert_memory_equal(text, "words", 5);
	assert_int_equal(fd, -1);
}

static void with_a_descriptor(void **state)
{
	int *ends = *state, fd = -1;
	char text[16];

	assert_int_equal(ins_rights_send(ends[0], "words", 5, &ends[0], 1, 0), 5);
	assert_int_equal(ins_rights_receive(ends[1], text, sizeof(text), &fd), 5);
	assert_true(fd >= 0);
	assert_int_equal(inode(fd), inode(ends[0]));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

/* Who sends more than was asked for fills nobody's table. */
static void the_first_of_many(void **state)
{
	int *ends = *state, fds[INS_RIGHTS_MAX], fd = -1, next, after;
	char text[16];

	for (size_t n = 2; n <= INS_RIGHTS_MAX; n += INS_RIGHTS_MAX - 2) {
		for (size_t i = 0; i < n; i++)
			fds[i] = ends[i > 0];
		next = fcntl(ends[0], F_DUPFD_CLOEXEC, 0);
		close(next);
		assert_int_equal(ins_rights_send(ends[0], "x", 1, fds, n, 0), 1);
		assert_int_equal(ins_rights_receive(ends[1], text, sizeof(text), &fd), 1);
		assert_int_equal(fd, next);
		assert_int_equal(inode(fd), inode(ends[0]));
		after = fcntl(ends[0], F_DUPFD_CLOEXEC, next + 1);
		assert_int_equal(after, next + 1);
		close(after);
		close(fd);
	}
}

static void failures(void **state)
{
	int *ends = *state, fd = 4711;
	char text[16];

	assert_int_equal(ins_rights_send(-1, "x", 1, NULL, 0, 0), -EBADF);
	assert_int_equal(ins_rights_receive(-1, text, sizeof(text), &fd), -EBADF);
	assert_int_equal(fd, 4711);
	ends[0] = ins_close(ends[0]);
	assert_int_equal(ins_rights_send(ends[1], "x", 1, NULL, 0, 0), -EPIPE);
	assert_int_equal(ins_rights_receive(ends[1], text, sizeof(text), &fd), 0);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(with_a_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_first_of_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failures, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
