/* SPDX-License-Identifier: Apache-2.0 */
/* From loading a filter with a listener to the listener's answer, with real processes. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "init/child.h"
#include "plan/message.h"
#include "seccomp/seccomp.h"
#include "sys/rights.h"

/* What the listener answers to the calls that it is asked about. */
#define ANSWER 77

/* A process that nobody answers must not outlive the test: seconds. */
#define PATIENCE 30

/* init's own, which the operation uses. */
int ins_child_send(struct ins_child *child, struct ins_message *message, int fd)
{
	return fd >= 0 || send(child->socket, message, sizeof(*message), 0) < 0 ? -EIO : 0;
}

int ins_child_detail(struct ins_child *child, const char *text, int code)
{
	(void)child;
	(void)text;
	return code;
}

struct fixture {
	struct ins_run run;
	struct ins_op op;
	struct sock_filter *instructions;
	struct ins_exec_page *page;
	struct ins_error err;
};

static int set_up(void **state)
{
	/* exit_group and these would be all that a C program needs to hang. */
	static const char *const names[] = { "write", "sendmsg", "sendto", "fcntl", "mmap" };
	static const struct ins_spec_seccomp_rule rule = { .names = { ARRAY_LENGTH(names), names },
		.action = "SCMP_ACT_NOTIFY" };
	const struct ins_spec_seccomp spec = {
		.present = true, .default_action = "SCMP_ACT_ALLOW", .n_rules = 1, .rules = &rule
	};
	struct ins_seccomp_program program = { 0 };
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (ins_seccomp_generate(&spec, &program, NULL, NULL, &f->err) < 0)
		return -1;
	f->instructions = program.instructions;
	f->op.seccomp = (struct ins_plan_filter){ .n = program.n,
		.flags = program.flags,
		.listener = true,
		.instructions = program.instructions };
	f->run = (struct ins_run){ .listener = -1, .pidfd = -1 };
	f->run.page = memfd_create("page", MFD_CLOEXEC);
	if (f->run.page < 0 || ftruncate(f->run.page, sizeof(*f->page)) < 0)
		return -1;
	f->page = mmap(NULL, sizeof(*f->page), PROT_READ | PROT_WRITE, MAP_SHARED, f->run.page, 0);
	return f->page == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	munmap(f->page, sizeof(*f->page));
	ins_close(f->run.page);
	ins_close(f->run.pidfd);
	ins_close(f->run.listener);
	free(f->instructions);
	free(f);
	return 0;
}

/* The container process; it ends with what write(2) failed with. */
static pid_t start_child(struct fixture *f, int socket)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct ins_child *child = calloc(1, sizeof(*child));

		alarm(PATIENCE);
		child->socket = socket;
		child->page = f->page;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			ins_seccomp_load_op(child, &f->op) != 0)
			_exit(1);
		_exit(write(-1, "", 1) < 0 ? errno : 2);
	}
	f->run.pid = pid;
	f->run.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(f->run.pidfd >= 0);
	return pid;
}

/* The process that listens: takes one state with its descriptor. −1: it was not as it should be. */
static int receive_state(int server, const char *expected)
{
	size_t size = strlen(expected), got;
	char *text = malloc(size + 1);
	int connection = accept(server, NULL, NULL), fd = -1;
	ssize_t n = ins_rights_receive(connection, text, size, &fd);

	/* The descriptor is in the first packet. */
	if (n <= 0 || fd < 0)
		return -1;
	for (got = (size_t)n; got < size && n > 0; got += (size_t)n)
		n = recv(connection, text + got, size - got, 0);
	/* One connection, one state. */
	if (memcmp(text, expected, size) != 0 || recv(connection, text, 1, 0) != 0)
		return -1;
	close(connection);
	free(text);
	return fd;
}

static int start_server(struct sockaddr_un *address)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "/tmp/insula-test-%d", getpid());
	(void)unlink(address->sun_path);
	assert_int_equal(bind(server, (struct sockaddr *)address, sizeof(*address)), 0);
	assert_int_equal(listen(server, 1), 0);
	return server;
}

static bool answer_one(int listener, pid_t pid)
{
	struct seccomp_notif request = { 0 };
	struct seccomp_notif_resp answer = { .error = -ANSWER };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0 || (pid_t)request.pid != pid ||
		request.data.nr != SYS_write)
		return false;
	answer.id = request.id;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0;
}

static void test_hand_over(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address;
	struct ins_message message;
	int pair[2], server = start_server(&address), fd, status;
	char *json = malloc(300001);
	pid_t pid, helper;

	memset(json, 'x', 300000); /* larger than what a socket takes at once */
	json[300000] = '\0';
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = start_child(f, pair[1]);
	assert_int_equal(recv(pair[0], &message, sizeof(message), 0), sizeof(message));
	assert_int_equal(message.type, INS_MESSAGE_LISTENER);
	assert_int_equal(ins_seccomp_listener_fetch(&f->run, &f->err), 0);
	assert_true(f->run.listener >= 0);
	helper = fork();
	if (helper == 0) {
		alarm(PATIENCE);
		fd = receive_state(server, json);
		_exit(answer_one(fd, pid) ? 0 : 1);
	}
	assert_int_equal(
		ins_seccomp_listener_send(address.sun_path, json, f->run.listener, &f->err), 0);
	/* The child waits until it is told. */
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(ins_seccomp_listener_release(&f->run, &f->err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ANSWER);
	assert_int_equal(waitpid(helper, &status, 0), helper);
	assert_int_equal(status, 0);
	(void)unlink(address.sun_path);
	close(server);
	close(pair[0]);
	close(pair[1]);
	free(json);
}

/* Without a descriptor there is an ERROR in the page, and nothing to fetch. */
static void test_load_fails(void **state)
{
	struct fixture *f = *state;

	f->page->failed = 1;
	assert_int_equal(ins_seccomp_listener_fetch(&f->run, &f->err), 0);
	assert_int_equal(f->run.listener, -1);
}

static void test_child_killed(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	f->run.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	kill(pid, SIGKILL);
	assert_int_equal(ins_seccomp_listener_fetch(&f->run, &f->err), -ESRCH);
	assert_string_equal(
		f->err.text, "the container process was killed as it loaded its seccomp filter");
	waitpid(pid, NULL, 0);
}

/* The page is written by another process: its number is looked at before it is believed. */
static void test_wrong_descriptor(void **state)
{
	struct fixture *f = *state;

	f->run.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	f->page->listener = (uint32_t)f->run.page + 1;
	assert_int_equal(ins_seccomp_listener_fetch(&f->run, &f->err), -EPROTO);
	assert_int_equal(f->run.listener, -1);
	memset(&f->err, 0, sizeof(f->err));
	f->page->listener = 1000000;
	assert_int_equal(ins_seccomp_listener_fetch(&f->run, &f->err), -EBADF);
	assert_string_equal(f->err.text, "take the seccomp notify descriptor from the container "
					 "process: Bad file descriptor");
}

static void test_nobody_listens(void **state)
{
	struct fixture *f = *state;
	char path[200];

	assert_int_equal(
		ins_seccomp_listener_send("/tmp/insula-test-none", "{}", 0, &f->err), -ENOENT);
	assert_string_equal(f->err.text,
		"connect to the seccomp listener /tmp/insula-test-none: No "
		"such file or directory");
	memset(&f->err, 0, sizeof(f->err));
	memset(path, 'a', sizeof(path));
	path[108] = '\0';
	assert_int_equal(ins_seccomp_listener_send(path, "{}", 0, &f->err), -ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hand_over),
		TEST(test_load_fails),
		TEST(test_child_killed),
		TEST(test_wrong_descriptor),
		TEST(test_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
