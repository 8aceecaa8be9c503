/* SPDX-License-Identifier: Apache-2.0 */
/* lib/tty: the console socket, the relay in the foreground. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/bare.h"
#include "sys/rights.h"
#include "tty/tty.h"

/* A directory whose socket's path sun_path has no room for. */
static int listen_far_away(char *path, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char directory[] = "/tmp/insula-test-tty-XXXXXX";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), dir;

	assert_non_null(mkdtemp(directory));
	snprintf(path, size, "%s/%0120d", directory, 0);
	assert_int_equal(mkdir(path, 0700), 0);
	dir = open(path, O_PATH | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/s", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(dir);
	strcat(path, "/s");
	return fd;
}

static void console_socket(void **data)
{
	struct ins_error err = { 0 };
	char path[256], name[64] = "";
	int listener = listen_far_away(path, sizeof(path));
	int fd = ins_tty_connect(path, &err), peer, master, slave, received;

	(void)data;
	if (fd < 0)
		fail_msg("%s", err.text);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(ins_tty_send(fd, master, &err), 0);
	peer = accept(listener, NULL, NULL);
	assert_true(ins_rights_receive(peer, name, sizeof(name) - 1, &received) > 0);
	assert_non_null(strstr(name, "ptmx"));
	assert_true(isatty(received));
	close(received);
	close(peer);
	/* Nobody is there any more. */
	assert_int_equal(ins_tty_send(fd, master, &err), -EPIPE);
	close(listener);
	close(fd);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	close(master);
	close(slave);
	ins_error_clear(&err);
	assert_int_equal(ins_tty_connect("/nonexistent", &err), -ENOENT);
	assert_string_equal(err.text, "connect to /nonexistent: No such file or directory");
}

/* Run a shell on a pty of its own, relayed to @stdio. Return: the relay's exit status. */
static int relay(int input, int output, const char *script)
{
	struct ins_error err = { 0 };
	int master, pidfd, signals, status;
	pid_t pid;
	sigset_t set;

	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	pid = forkpty(&master, NULL, NULL, NULL);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	pidfd = (int)ins_sys(pidfd_open, pid, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (ins_tty_relay(master, pidfd, signals, &err) < 0)
		return 99;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

struct relayed {
	int input, output; /* our ends */
	pid_t pid;
};

static struct relayed start_relay(const char *script)
{
	int in[2], out[2];
	struct relayed r;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	r.pid = fork();
	if (r.pid == 0) {
		/* What the test program inherited must not be mistaken for the relay's. */
		close(in[1]);
		close(out[0]);
		_exit(relay(in[0], out[1], script));
	}
	close(in[0]);
	close(out[1]);
	r.input = in[1];
	r.output = out[0];
	return r;
}

/* Read until @words came, or the end. */
static void expect_output(int fd, const char *words)
{
	char text[65536];
	size_t used = 0;

	text[0] = '\0';
	while (!strstr(text, words)) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&wait, 1, 20000), 1);
		n = read(fd, text + used, sizeof(text) - 1 - used);
		if (n <= 0)
			fail_msg("no \"%s\" in \"%s\"", words, text);
		used += (size_t)n;
		text[used] = '\0';
	}
}

static int end_relay(struct relayed *r)
{
	int status;

	close(r->input);
	close(r->output);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	return WEXITSTATUS(status);
}

static void both_ways(void **data)
{
	struct relayed r = start_relay("stty -echo; echo ready; read x; echo \"got $x\"; exit 7");

	(void)data;
	expect_output(r.output, "ready");
	assert_int_equal(write(r.input, "word\n", 5), 5);
	expect_output(r.output, "got word");
	assert_int_equal(end_relay(&r), 7);
}

/* More than the pty holds at once, all of it written before the end. */
static void drained(void **data)
{
	struct relayed r =
		start_relay("i=0; while [ $i -lt 2000 ]; do echo line-$i; i=$((i+1)); done");
	char buffer[4096];
	size_t total = 0;
	ssize_t n;

	(void)data;
	while ((n = read(r.output, buffer, sizeof(buffer))) > 0)
		total += (size_t)n;
	/* "line-N\r\n" */
	assert_int_equal(total, 2000 * 7 + 10 + 90 * 2 + 900 * 3 + 1000 * 4);
	assert_int_equal(end_relay(&r), 0);
}

/* The caller's input ends, the program goes on. */
static void input_ends(void **data)
{
	struct relayed r = start_relay("sleep 0.3; echo later; exit 3");

	(void)data;
	close(r.input);
	r.input = -1;
	expect_output(r.output, "later");
	assert_int_equal(end_relay(&r), 3);
}

static void signal_is_passed_on(void **data)
{
	struct relayed r = start_relay("trap 'echo term; exit 5' TERM; echo ready; "
				       "while :; do sleep 0.1; done");

	(void)data;
	expect_output(r.output, "ready");
	kill(r.pid, SIGTERM);
	expect_output(r.output, "term");
	assert_int_equal(end_relay(&r), 5);
}

/* The caller's terminal: its size goes in, it is raw meanwhile and as before afterwards. */
static void on_a_terminal(void **data)
{
	struct winsize size = { .ws_row = 33, .ws_col = 77 };
	struct termios before = { 0 }, meanwhile, after = { 0 };
	int master, slave, status;
	pid_t pid;

	(void)data;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	pid = fork();
	if (pid == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		close(master);
		_exit(relay(slave, slave, "sleep 0.2; stty size; read x; stty size; exit 2"));
	}
	expect_output(master, "33 77");
	assert_int_equal(tcgetattr(slave, &meanwhile), 0);
	assert_int_equal(meanwhile.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(meanwhile.c_oflag & OPOST, before.c_oflag & OPOST);
	size.ws_row = 50;
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	usleep(300000);
	assert_int_equal(write(master, "\n", 1), 1);
	expect_output(master, "50 77");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	close(master);
	close(slave);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(console_socket),
		cmocka_unit_test(both_ways),
		cmocka_unit_test(drained),
		cmocka_unit_test(input_ends),
		cmocka_unit_test(signal_is_passed_on),
		cmocka_unit_test(on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
