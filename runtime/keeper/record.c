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

/* What /proc/PID/stat has behind the name, which may hold anything. Return: it, in @text, or NULL. */
static char *read_stat(pid_t pid, char *text, size_t size)
{
	char path[40];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
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
static unsigned long long start_time(pid_t pid)
{
	char text[1024], *field = read_stat(pid, text, sizeof(text));

	for (int i = 0; field && i < 20; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field, NULL, 10) : 0;
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
	char path[sizeof("guests/") + NAME_SIZE], text[64], terminal[16] = "";

	snprintf(path, sizeof(path), "guests/%s", guest->name);
	if (guest->terminal >= 0)
		snprintf(terminal, sizeof(terminal), ":%d", guest->terminal);
	snprintf(
		text, sizeof(text), "%d:%llu%s", (int)guest->pid, start_time(guest->pid), terminal);
	(void)unlinkat(keeper->dir, "guests/.new", 0);
	if (symlinkat(text, keeper->dir, "guests/.new") == 0)
		(void)renameat(keeper->dir, "guests/.new", keeper->dir, path);
}

void record_remove(const struct keeper *keeper, const struct guest *guest)
{
	char path[sizeof("guests/") + NAME_SIZE];

	snprintf(path, sizeof(path), "guests/%s", guest->name);
	(void)unlinkat(keeper->dir, path, 0);
	snprintf(path, sizeof(path), "output/%s", guest->name);
	(void)unlinkat(keeper->dir, path, 0);
}

int record_read(const struct keeper *keeper, const char *name, pid_t *ret_pid, int *ret_terminal)
{
	char path[sizeof("guests/") + NAME_SIZE], text[64], *colon;
	unsigned long long start;
	ssize_t n;
	long pid;
	int fd;

	snprintf(path, sizeof(path), "guests/%s", name);
	n = readlinkat(keeper->dir, path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	pid = strtol(text, &colon, 10);
	if (pid <= 0 || *colon != ':')
		return -ESRCH;
	start = strtoull(colon + 1, &colon, 10);
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return -errno;
	/* Compared after the pidfd is there: so it cannot be of a later one. */
	if (start == 0 || start_time((pid_t)pid) != start) {
		close(fd);
		return -ESRCH;
	}
	*ret_pid = (pid_t)pid;
	*ret_terminal = *colon == ':' ? atoi(colon + 1) : -1;
	return fd;
}
