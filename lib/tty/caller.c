/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's own terminal. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "tty/tty.h"

int ins_tty_raw_set(struct ins_tty_raw *raw, struct ins_error *err)
{
	struct termios settings;

	if (!isatty(STDIN_FILENO))
		return 0;
	if (tcgetattr(STDIN_FILENO, &raw->before) < 0)
		return ins_error_set(err, errno, "read the terminal's settings");
	settings = raw->before;
	cfmakeraw(&settings);
	settings.c_oflag |= raw->before.c_oflag & OPOST;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &settings) < 0)
		return ins_error_set(err, errno, "set the terminal raw");
	raw->is_set = true;
	return 0;
}

void ins_tty_raw_undo(struct ins_tty_raw *raw)
{
	if (raw->is_set)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw->before);
	raw->is_set = false;
}

bool ins_tty_caller_size(struct winsize *ret_size)
{
	return ioctl(STDIN_FILENO, TIOCGWINSZ, ret_size) == 0 ||
	       ioctl(STDOUT_FILENO, TIOCGWINSZ, ret_size) == 0;
}

int ins_tty_write(const char *data, size_t size, struct ins_error *err)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, data, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = STDOUT_FILENO, .events = POLLOUT };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR)
			return ins_error_set(err, errno, "write to standard output");
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}
