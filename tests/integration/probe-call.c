/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by name or by number. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

static const struct {
	const char *name;
	long number;
} calls[] = {
#define CALL(name)                \
	{                         \
#name, SYS_##name \
	}
	CALL(add_key),
	CALL(chroot),
	CALL(clone),
	CALL(close),
	CALL(connect),
	CALL(dup),
	CALL(getegid),
	CALL(getgid),
	CALL(getpgid),
	CALL(getppid),
	CALL(getpriority),
	CALL(getsid),
	CALL(getuid),
	CALL(io_setup),
	CALL(ioprio_get),
	CALL(keyctl),
	CALL(kill),
	CALL(memfd_create),
	CALL(mkdirat),
	CALL(mmap),
	CALL(mount),
	CALL(personality),
	CALL(prctl),
	CALL(ptrace),
	CALL(sched_getscheduler),
	CALL(setgroups),
	CALL(sethostname),
	CALL(setns),
	CALL(setsockopt),
	CALL(setuid),
	CALL(socket),
	CALL(sync),
	CALL(umask),
	CALL(umount2),
	CALL(unshare),
#undef CALL
};

long probe_call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	}
	return -1;
}

/* call NAME ARGS…: a system call with numbers, or texts by address; prints its result. */
int probe_call(char **argv)
{
	long number = probe_call_number(argv[0]), values[6] = { 0 }, result;

	if (number < 0) {
		printf("no such call\n");
		return 2;
	}
	for (int i = 0; i < 6 && argv[i + 1]; i++) {
		char *end;

		values[i] = strtol(argv[i + 1], &end, 0);
		if (*end)
			values[i] = (long)argv[i + 1];
	}
	result = syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
	if (result < 0)
		return probe_fail(argv[0]);
	printf("%s: %ld\n", argv[0], result);
	return 0;
}

/* call32 NUMBER: by the 32-bit entry, with its numbers. */
int probe_call32(char **argv)
{
#if defined(__x86_64__)
	long result = strtol(argv[0], NULL, 0);

	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory");
	if (result < 0) {
		errno = (int)-result;
		return probe_fail("call32");
	}
	printf("call32: %ld\n", result);
	return 0;
#else
	(void)argv;
	printf("there is no such entry on this machine\n");
	return 2;
#endif
}
