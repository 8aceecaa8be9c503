/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs commands in turn, round after round, and says what each took:
 *
 *     driver ROUNDS [CPU.STAT] < COMMANDS > SAMPLES
 *
 * A line of COMMANDS is NAME, a tab and the words of the command, separated by tabs. The name "-" is
 * for what must happen but is not measured. A lone "@reap" waits until all processes that the commands
 * before it left behind have ended, and adds what that took to the sample before it.
 *
 * A sample is "ROUND NAME WALL CPU", in microseconds. CPU is user and system time of everything that
 * the command caused: the driver is a subreaper, so processes whose parents leave become its children
 * and are counted when they are reaped; those that go on living are read from procfs. With CPU.STAT, the
 * file of a cgroup that all of it happens in, the kernel counts: also what a service does that was asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 64
#define MAX_WORDS    64

struct command {
	char *name;
	char *words[MAX_WORDS + 1];
};

static void fail(const char *what)
{
	fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The time that the children of @pid, theirs and so on have run so far, as they are alive. */
static int64_t living_ns(pid_t pid)
{
	char path[64];
	int64_t sum = 0;
	int child;
	FILE *children;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	children = fopen(path, "re");
	if (!children)
		return 0;
	while (fscanf(children, "%d", &child) == 1) {
		long long ran = 0;
		FILE *schedstat;

		snprintf(path, sizeof(path), "/proc/%d/schedstat", child);
		schedstat = fopen(path, "re");
		if (schedstat && fscanf(schedstat, "%lld", &ran) == 1)
			sum += ran;
		if (schedstat)
			fclose(schedstat);
		sum += living_ns(child);
	}
	fclose(children);
	return sum;
}

static int64_t cgroup_ns(const char *path)
{
	FILE *file = fopen(path, "re");
	long long used;

	if (!file || fscanf(file, "usage_usec %lld", &used) != 1)
		fail(path);
	fclose(file);
	return used * 1000;
}

static int64_t cpu_ns(const char *stat)
{
	struct rusage usage;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (stat)
		return cgroup_ns(stat);
	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000) +
	       living_ns(getpid());
}

/* Standard error goes to ours: a failing command ends the measurement and should say why. */
static int run(const struct command *command)
{
	int status;
	pid_t pid = vfork();

	if (pid < 0)
		fail("vfork");
	if (pid == 0) {
		execv(command->words[0], command->words);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			fail("waitpid");
	}
	return status;
}

static size_t read_commands(struct command *commands)
{
	static char line[65536];
	size_t n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		char *rest = strdup(line);
		size_t words = 0;

		line[0] = '\0';
		if (!rest || n == MAX_COMMANDS)
			fail("too many commands");
		rest[strcspn(rest, "\n")] = '\0';
		commands[n].name = strsep(&rest, "\t");
		while (rest && words < MAX_WORDS)
			commands[n].words[words++] = strsep(&rest, "\t");
		if (!words && strcmp(commands[n].name, "@reap") != 0) {
			fprintf(stderr, "driver: %s has no command\n", commands[n].name);
			exit(2);
		}
		n++;
	}
	return n;
}

static void measure(
	const struct command *commands, size_t n, const char *stat, int round, FILE *samples)
{
	const char *name = NULL;
	int64_t wall = 0, cpu = 0;

	for (size_t i = 0; i <= n; i++) {
		bool reap = i < n && strcmp(commands[i].name, "@reap") == 0;
		int64_t start, used;

		if (name && !reap) {
			if (strcmp(name, "-") != 0)
				fprintf(samples, "%d\t%s\t%lld\t%lld\n", round, name,
					(long long)wall / 1000, (long long)cpu / 1000);
			wall = cpu = 0;
		}
		if (i == n)
			break;
		used = cpu_ns(stat);
		start = now_ns();
		if (reap) {
			while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
				;
		} else {
			int status = run(&commands[i]);

			name = commands[i].name;
			if (status) {
				fprintf(stderr, "driver: %s: wait status %#x\n",
					commands[i].words[0], (unsigned int)status);
				exit(1);
			}
		}
		wall += now_ns() - start;
		cpu += cpu_ns(stat) - used;
	}
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	int rounds = argc == 2 || argc == 3 ? atoi(argv[1]) : 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	FILE *samples;
	size_t n;

	if (rounds <= 0) {
		fprintf(stderr, "usage: driver ROUNDS [CPU.STAT] < COMMANDS > SAMPLES\n");
		return 2;
	}
	n = read_commands(commands);
	if (null < 0 || dup2(null, 0) < 0)
		fail("/dev/null");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		fail("PR_SET_CHILD_SUBREAPER");
	/* The samples have an fd of their own: a command must not write among them. */
	samples = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 10), "w");
	if (!samples || dup2(null, 1) < 0)
		fail("standard output");
	for (int round = 1; round <= rounds; round++) {
		measure(commands, n, argv[2], round, samples);
		fflush(samples);
	}
	return 0;
}
