/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the integration tests do inside containers, or beside them, and busybox cannot: raw system
 * calls, attacks that need a tight loop, a listener for seccomp notifications. Linked statically,
 * so that it runs in any root file system.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

int probe_fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return 1;
}

double probe_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* fds: all numbers that are open, in one line. */
static int list_fds(char **argv)
{
	(void)argv;
	for (int fd = 0; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%s%d", fd ? " " : "", fd);
	}
	printf("\n");
	return 0;
}

static int stay(void *data)
{
	(void)data;
	printf("ready\n");
	fflush(stdout);
	while (pause() < 0)
		continue;
	return 0;
}

/* headless: the first thread ends, another lives on. */
static int lose_head(char **argv)
{
	static char stack[65536] __attribute__((aligned(16)));

	(void)argv;
	if (clone(stay, stack + sizeof(stack),
		    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			    CLONE_SYSVSEM,
		    NULL) < 0)
		return probe_fail("clone");
	(void)syscall(SYS_exit, 0);
	return 1;
}

/* queue: signals to itself, as many as it may have; tells how many, and keeps them. */
static int queue_signals(char **argv)
{
	const union sigval value = { 0 };
	sigset_t set;
	int n = 0;

	(void)argv;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (n < 1 << 20 && sigqueue(getpid(), SIGRTMIN, value) == 0)
		n++;
	printf("%d\n", n);
	fflush(stdout);
	pause();
	return 0;
}

/* sigwait: block SIGTERM, wait for it as inits do, and say so. */
static int wait_for_signal(char **argv)
{
	sigset_t set;
	int signal = 0;

	(void)argv;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("waiting\n");
	fflush(stdout);
	sigwait(&set, &signal);
	printf("got %d\n", signal);
	return 0;
}

static const struct {
	const char *name;
	int n_arguments;
	int (*function)(char **argv);
} verbs[] = {
	{ "fds", 0, list_fds },
	{ "call", 1, probe_call },
	{ "call32", 1, probe_call32 },
	{ "tiocsti", 0, probe_tiocsti },
	{ "exchange", 3, probe_exchange },
	{ "hunt", 1, probe_hunt },
	{ "grab", 1, probe_grab },
	{ "keyring", 1, probe_keyring },
	{ "listen", 2, probe_listen },
	{ "headless", 0, lose_head },
	{ "unfreezable", 2, probe_unfreezable },
	{ "notify", 1, probe_notify },
	{ "door", 1, probe_door },
	{ "queue", 0, queue_signals },
	{ "sigwait", 0, wait_for_signal },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 >= verbs[i].n_arguments)
			return verbs[i].function(argv + 2);
	}
	fprintf(stderr, "probe: wrong arguments\n");
	return 2;
}
