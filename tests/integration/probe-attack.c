/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile guest would try, some of it in tight loops. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

/* tiocsti: put a character into the terminal's input, as if typed. */
int probe_tiocsti(char **argv)
{
	(void)argv;
	if (ioctl(0, TIOCSTI, "x") < 0)
		return probe_fail("tiocsti");
	printf("tiocsti: done\n");
	return 0;
}

/* exchange SECONDS A B: swap two names all the time. */
int probe_exchange(char **argv)
{
	double end = probe_now() + atof(argv[0]);

	while (probe_now() < end) {
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0)
			return probe_fail("exchange");
	}
	return 0;
}

static bool is_init(const char *pid)
{
	char path[64], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return strstr(target, "insula") != NULL;
}

/* Whether a process can be traced that still is insula's. Whoever is stopped by us stays what it
 * is, so that it can be looked at in peace. */
static bool try_trace(pid_t pid, const char *name)
{
	int status;
	bool found;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return false;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	found = is_init(name);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return found;
}

static bool try_files(const char *name)
{
	char path[64], target[256];
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", name);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		ssize_t n;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/%.16s", name, e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = found || strstr(target, "insula");
	}
	if (dir)
		closedir(dir);
	return found;
}

/* hunt SECONDS: try to trace, and to look into, processes of insula's that come in here. Prints
 * once what has been possible, and last how many processes were met. */
int probe_hunt(char **argv)
{
	double end = probe_now() + atof(argv[0]);
	bool traced = false, looked = false, seen = false;
	pid_t self = getpid(), last = 0;
	long met = 0;

	printf("ready\n");
	fflush(stdout);
	while (probe_now() < end) {
		DIR *dir = opendir("/proc");

		for (struct dirent *e; dir && (e = readdir(dir));) {
			pid_t pid = atoi(e->d_name);

			if (pid <= 1 || pid == self)
				continue;
			met += pid != last;
			last = pid;
			seen = seen || is_init(e->d_name);
			looked = looked || try_files(e->d_name);
			traced = traced || try_trace(pid, e->d_name);
		}
		if (dir)
			closedir(dir);
	}
	if (seen)
		printf("saw the executable\n");
	if (looked)
		printf("saw the open files\n");
	if (traced)
		printf("traced\n");
	printf("met %s\n", met > 3 ? "many" : "few");
	return 0;
}

/* A descriptor for reading is no harm, but through it the file can be opened for writing as soon
 * as nobody executes it any more (CVE-2019-5736). */
static void overwrite(int fd, double end)
{
	char path[64], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	while (probe_now() < end) {
		int writable = open(path, O_WRONLY | O_CLOEXEC);

		if (writable >= 0 && write(writable, "#!", 2) == 2) {
			printf("wrote to %s\n", target);
			exit(1);
		}
		if (writable < 0 && errno != ETXTBSY)
			break;
		close(writable);
	}
	printf("did not write to %s\n", target);
}

/* grab SECONDS: open /proc/PID/exe of whoever comes in, and write to it. */
int probe_grab(char **argv)
{
	double end = probe_now() + atof(argv[0]);
	pid_t self = getpid();
	int taken = 0;

	printf("ready\n");
	fflush(stdout);
	while (probe_now() < end && taken < 8) {
		DIR *dir = opendir("/proc");

		for (struct dirent *e; dir && (e = readdir(dir));) {
			char path[64];
			int fd;

			if (atoi(e->d_name) <= 1 || atoi(e->d_name) == self)
				continue;
			snprintf(path, sizeof(path), "/proc/%.16s/exe", e->d_name);
			fd = is_init(e->d_name) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
			if (fd < 0)
				continue;
			taken++;
			overwrite(fd, probe_now() + 0.2);
			close(fd);
		}
		if (dir)
			closedir(dir);
	}
	printf("grabbed %s\n", taken ? "some" : "none");
	return 0;
}

/* keyring NAME: keep a session keyring of that name, which everybody may find and use. */
int probe_keyring(char **argv)
{
	long id = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argv[0]);

	if (id < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, id, 0x3f3f3f3f) < 0)
		return probe_fail("keyring");
	printf("keyctl: %ld\n", id);
	fflush(stdout);
	pause();
	return 0;
}
