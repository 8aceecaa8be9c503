/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program in the containers of the fault tests: says all that it can see of its cage, in words
 * that are the same in each container of the same configuration.
 *
 *     fingerprint NAMESPACES            the host's namespaces, as "mnt:[4026531841] pid:[…"
 *     fingerprint NAMESPACES wait       and then wait; says "TERM" on each SIGTERM
 *     fingerprint hook NAME [FILE]      as a hook: what it got, at the end of the file
 *
 * The last line is "end". The exit status is 42, which the runtime itself never has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define STATUS 42

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static char said[1 << 16];
static size_t used;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(said + used, sizeof(said) - used, fmt, ap);
	va_end(ap);
	used += n > 0 ? (size_t)n : 0;
	if (used >= sizeof(said))
		used = sizeof(said) - 1;
}

/* In one write, so that what was interrupted is seen to be so. */
static void speak(void)
{
	if (write(STDOUT_FILENO, said, used) < 0)
		_exit(1);
	used = 0;
}

/* Numbers that the kernel gives out anew each time: "pipe:[123]", "shared:5". */
static void say_without_numbers(const char *text)
{
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			say("%c", *text);
	}
}

static void say_status(void)
{
	static const char *const wanted[] = { "Umask:", "Uid:", "Gid:", "Groups:", "SigBlk:",
		"SigIgn:", "SigCgt:", "SigPnd:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:",
		"CapAmb:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "Cpus_allowed:",
		"Mems_allowed:", "Threads:", "TracerPid:" };
	FILE *file = fopen("/proc/self/status", "re");
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
			if (!strncmp(line, wanted[i], strlen(wanted[i])))
				say("%s", line);
		}
	}
	if (file)
		fclose(file);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line of mountinfo (proc(5)) by its mount point, without what is given out anew each time. What a
 * cgroup mount calls its source depends on who has made it. */
static char *mount_line(const char *line)
{
	char root[1024], point[1024], options[1024], type[64], source[1024], super[1024];
	const char *end = strstr(line, " - ");
	char *text, *p;
	int n = 0;

	if (!end ||
		sscanf(line, "%*d %*d %*s %1023s %1023s %1023s%n", root, point, options, &n) != 3 ||
		sscanf(end, " - %63s %1023s %1023s", type, source, super) != 3)
		return NULL;
	if (!strncmp(type, "cgroup", 6))
		strcpy(source, "cgroup");
	if (asprintf(&text, "mount on %s: %s of %s, %s, %s, %s", point, root, source, type, options,
		    super) < 0)
		return NULL;
	text = realloc(text, strlen(text) + strlen(line) + 1);
	p = text + strlen(text);
	for (const char *from = line + n; from < end; from++) {
		if (*from < '0' || *from > '9')
			*p++ = *from;
	}
	*p = '\0';
	return text;
}

static void say_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], *lines[256];
	size_t n = 0;

	while (file && n < ARRAY_LENGTH(lines) && fgets(line, sizeof(line), file)) {
		lines[n] = mount_line(line);
		n += lines[n] != NULL;
	}
	qsort(lines, n, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < n; i++) {
		say("%s\n", lines[i]);
		free(lines[i]);
	}
	if (file)
		fclose(file);
}

static void say_namespaces(const char *host)
{
	static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user",
		"uts" };
	char path[64], mine[64], first[64];

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, mine, sizeof(mine) - 1);
		mine[n > 0 ? n : 0] = '\0';
		snprintf(path, sizeof(path), "/proc/1/ns/%s", names[i]);
		n = readlink(path, first, sizeof(first) - 1);
		first[n > 0 ? n : 0] = '\0';
		say("namespace %s: %s, %s\n", names[i],
			n > 0 && strcmp(mine, first) ? "not as process 1" : "as process 1",
			strstr(host, mine) ? "the host's" : "own");
	}
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void say_directory(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, compare_names);

	say("directory %s: %s\n", path, n < 0 ? strerror(errno) : "");
	for (int i = 0; i < n; i++) {
		char file[512], target[256];
		struct stat s = { 0 };
		ssize_t length;

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		length = readlink(file, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		if (strcmp(entries[i]->d_name, "..") && lstat(file, &s) == 0) {
			say("  %s %o %u:%u %u %u %s\n", entries[i]->d_name, s.st_mode, s.st_uid,
				s.st_gid, major(s.st_rdev), minor(s.st_rdev), target);
		}
		free(entries[i]);
	}
}

static void say_fds(void)
{
	for (int fd = 0; fd < 64; fd++) {
		char path[32], target[256];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		say("fd %d %#x ", fd, fcntl(fd, F_GETFD));
		say_without_numbers(target);
		say("\n");
	}
}

static void say_file(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		say("%s: %s\n", path, strerror(errno));
	else
		say("%s: %.*s\n", path, (int)n, text);
	if (fd >= 0)
		close(fd);
}

static void say_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = { 0 };

		getrlimit((__rlimit_resource_t)i, &limit);
		say("limit %d: %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
			(unsigned long long)limit.rlim_max);
	}
	say("scheduler %d, priority %d, io %ld, personality %#lx\n", sched_getscheduler(0),
		getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0),
		syscall(SYS_personality, 0xffffffff));
}

static void say_session(void)
{
	char keyring[256] = "";
	struct winsize size = { 0 };
	int death = 0;

	/* KEYCTL_DESCRIBE of KEY_SPEC_SESSION_KEYRING */
	if (syscall(SYS_keyctl, 6, -3, keyring, sizeof(keyring) - 1, 0) < 0)
		snprintf(keyring, sizeof(keyring), "%s", strerror(errno));
	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	prctl(PR_GET_PDEATHSIG, &death);
	say("session %s, group %s, keyring %s, terminal %d, %d×%d, owner %d, death signal %d\n",
		getsid(0) == getpid() ? "own" : "other", getpgrp() == getpid() ? "own" : "other",
		keyring, isatty(STDIN_FILENO), size.ws_col, size.ws_row,
		tcgetpgrp(STDIN_FILENO) == getpgrp(), death);
}

static const char memory[] = "/dev/shm/../fault-memory";

/* The device program of the cgroup allows making nodes, not using this one. */
static void say_devices(void)
{
	int made = mknod(memory, S_IFCHR | 0600, makedev(1, 1)) < 0 ? errno : 0;
	int fd = open(memory, O_RDONLY | O_CLOEXEC);

	say("memory device: %s, %s\n", strerror(made), fd < 0 ? strerror(errno) : "open");
	if (fd >= 0)
		close(fd);
	unlink(memory);
}

static void say_net(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		say("lo: %s\n", strerror(errno));
	else
		say("lo: %#x\n", (unsigned int)request.ifr_flags);
	if (fd >= 0)
		close(fd);
}

static void say_names(char **argv)
{
	char name[256] = "", place[4096] = "";

	if (gethostname(name, sizeof(name)) == 0)
		say("host %s", name);
	if (getdomainname(name, sizeof(name)) == 0)
		say(", domain %s", name);
	say(", in %s, dumpable %d\n", getcwd(place, sizeof(place)), prctl(PR_GET_DUMPABLE));
	for (int i = 0; argv[i]; i++)
		say("argument %s\n", i == 1 ? "" : argv[i]);
	for (char **v = environ; *v; v++)
		say("variable %s\n", *v);
}

static void note_term(int signal)
{
	(void)signal;
	if (write(STDOUT_FILENO, "TERM\n", 5) < 0)
		_exit(1);
}

static int be_hook(const char *name, const char *file)
{
	char state[4096], status[64] = "?";
	ssize_t n = read(STDIN_FILENO, state, sizeof(state) - 1);
	const char *found;

	if (file && !freopen(file, "ae", stdout))
		return 1;
	state[n > 0 ? n : 0] = '\0';
	found = strstr(state, "\"status\":");
	if (found)
		sscanf(found, "\"status\":\"%63[a-z]", status);
	say("hook %s: state %s, umask %o, pid %s\n", name, status, umask(0),
		strstr(state, "\"pid\":0") ? "0" : "known");
	for (int fd = 3; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 && fd != fileno(stdout))
			say("hook %s: fd %d\n", name, fd);
	}
	fputs(said, stdout);
	return fclose(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const char *const files[] = { "/proc/self/cgroup", "/proc/self/oom_score_adj",
		"/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups",
		"/proc/self/timens_offsets", "/proc/self/timerslack_ns",
		"/proc/self/coredump_filter", "/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/kernel/msgmax", "/proc/kcore", "/proc/timer_list" };

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "hook"))
		return be_hook(argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : NULL);
	/* One that was killed in the middle has left it. */
	unlink(memory);
	say_names(argv);
	say_fds();
	say_status();
	say_session();
	say_limits();
	say_namespaces(argv[1]);
	say_mounts();
	say_directory("/");
	say_directory("/dev");
	say_directory("/mnt");
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		say_file(files[i]);
	say_devices();
	say_net();
	say("end\n");
	if (argc > 2 && !strcmp(argv[2], "wait"))
		signal(SIGTERM, note_term);
	speak();
	if (argc > 2 && !strcmp(argv[2], "wait")) {
		for (;;)
			pause();
	}
	return STATUS;
}
