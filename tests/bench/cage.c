/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cage.h"

void die(const char *what)
{
	perror(what);
	_exit(125);
}

void read_filter(const char *path, struct sock_fprog *ret_filter)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *program;

	if (fd < 0 || fstat(fd, &status) < 0)
		die(path);
	program = malloc((size_t)status.st_size + 1);
	if (!program || read(fd, program, (size_t)status.st_size) != status.st_size)
		die(path);
	close(fd);
	ret_filter->filter = program;
	ret_filter->len = (unsigned short)((size_t)status.st_size / sizeof(struct sock_filter));
}

void raise_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		die("capabilities");
	sets[0].effective = sets[0].permitted;
	sets[1].effective = sets[1].permitted;
	if (syscall(SYS_capset, &header, sets) < 0)
		die("capabilities");
}

static void enter_cage(const struct sock_fprog *filter)
{
	static const uint32_t kept = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER |
				     1U << CAP_KILL | 1U << CAP_SETGID | 1U << CAP_SETUID |
				     1U << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { .effective = kept, .permitted = kept } };

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if ((cap > 31 || !(kept & 1U << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			die("bounding set");
	}
	if (setgroups(0, NULL) < 0 || syscall(SYS_setgid, 0) < 0 || syscall(SYS_setuid, 0) < 0)
		die("ids");
	if (syscall(SYS_capset, &header, sets) < 0)
		die("capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("no_new_privs");
	if (syscall(SYS_close_range, 3, ~0U, 0) < 0)
		die("close_range");
	if (filter->len && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) < 0)
		die("seccomp");
}

void run_program(char *const *args, const struct sock_fprog *filter)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", home[] = "HOME=/root",
	     term[] = "TERM=xterm";
	char *const env[] = { path, home, term, NULL };

	enter_cage(filter);
	execve(args[0], args, env);
	die(args[0]);
}

void run_true(const struct sock_fprog *filter)
{
	char program[] = "/bin/true";
	char *const args[] = { program, NULL };

	run_program(args, filter);
}
