/* SPDX-License-Identifier: Apache-2.0 */
/* Which process a guest is, for a keeper after us. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"
#include "text.h"

/* What /proc/PID/stat has behind the name, which may hold anything. Return: it, in @text, or NULL. */
static char *read_stat(pid_t pid, char *text, size_t size)
{
	char path[40], number[NUMBER_SIZE];
	ssize_t n = -1;
	int fd;

	text_join(path, sizeof(path), "/proc/", text_number(number, (uint64_t)pid), "/stat");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return strrchr(text, ')');
}

/* The 22nd field, the 20th behind the name. Return: it, or 0 if there is no such process. */
static uint64_t start_time(pid_t pid)
{
	char text[1024];
	const char *field = read_stat(pid, text, sizeof(text));

	for (int i = 0; field && i < 20; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return 0;
	field++;
	return text_take_number(&field);
}

/* The state is the first field, the status the last. */
bool record_status(pid_t pid, int *ret_status)
{
	char text[1024], *fields = read_stat(pid, text, sizeof(text));
	const char *last = fields ? strrchr(fields, ' ') : NULL;

	if (!last || strncmp(fields, ") Z", 3))
		return false;
	*ret_status = atoi(last);
	return true;
}

void record_write(const struct keeper *keeper, const struct guest *guest)
{
	char path[sizeof("guests/") + NAME_SIZE], text[3 * NUMBER_SIZE];
	char pid[NUMBER_SIZE], start[NUMBER_SIZE], terminal[NUMBER_SIZE];
	bool has_terminal = guest->terminal >= 0;

	text_join(path, sizeof(path), "guests/", guest->name);
	text_join(text, sizeof(text), text_number(pid, (uint64_t)guest->pid), ":",
		text_number(start, start_time(guest->pid)), has_terminal ? ":" : "",
		has_terminal ? text_number(terminal, (uint64_t)guest->terminal) : "");
	(void)unlinkat(keeper->dir, "guests/.new", 0);
	if (symlinkat(text, keeper->dir, "guests/.new") == 0)
		(void)renameat(keeper->dir, "guests/.new", keeper->dir, path);
}

void record_remove(const struct keeper *keeper, const struct guest *guest)
{
	char path[sizeof("guests/") + NAME_SIZE];

	text_join(path, sizeof(path), "guests/", guest->name);
	(void)unlinkat(keeper->dir, path, 0);
	text_join(path, sizeof(path), "output/", guest->name);
	(void)unlinkat(keeper->dir, path, 0);
}

int record_read(const struct keeper *keeper, const char *name, pid_t *ret_pid, int *ret_terminal)
{
	char path[sizeof("guests/") + NAME_SIZE], text[3 * NUMBER_SIZE];
	const char *at = text;
	uint64_t pid, start;
	ssize_t n;
	int fd;

	text_join(path, sizeof(path), "guests/", name);
	n = readlinkat(keeper->dir, path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	pid = text_take_number(&at);
	if (pid == 0 || pid > INT_MAX || *at++ != ':')
		return -ESRCH;
	start = text_take_number(&at);
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return -errno;
	/* Compared after the pidfd is there: so it cannot be of a later one. */
	if (start == 0 || start_time((pid_t)pid) != start) {
		close(fd);
		return -ESRCH;
	}
	*ret_pid = (pid_t)pid;
	*ret_terminal = *at == ':' ? atoi(at + 1) : -1;
	return fd;
}
