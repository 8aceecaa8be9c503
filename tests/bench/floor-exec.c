/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of `exec`: what the kernel has to do for one more process in a container.
 *
 *     floor-exec PID CGROUP FILTER [user]    run /bin/true in the namespaces of PID and in CGROUP
 *
 * With "user" it has a user namespace of its own, too, and a time namespace.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage.h"

int main(int argc, char **argv)
{
	struct clone_args clone = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	struct sock_fprog filter;
	siginfo_t info;
	int pidfd, cgroup, more = 0;
	long pid;

	if (argc < 4)
		return 2;
	read_filter(argv[3], &filter);
	pidfd = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	cgroup = open(argv[2], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (pidfd < 0 || cgroup < 0)
		die(argv[2]);
	if (argc > 4 && strcmp(argv[4], "user") == 0)
		more = CLONE_NEWUSER | CLONE_NEWTIME;
	/* Entering a mount namespace also sets root and working directory to its root. */
	if (setns(pidfd, CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS |
				 more) < 0)
		die("setns");
	clone.cgroup = (uint64_t)cgroup;
	pid = syscall(SYS_clone3, &clone, sizeof(clone));
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		/* Not before the clone: with the mount option nsdelegate nobody comes from outside of
		 * a cgroup namespace into a cgroup in it. */
		if (setns(pidfd, CLONE_NEWCGROUP) < 0)
			die("setns");
		if (setsid() < 0)
			die("setsid");
		run_true(&filter);
	}
	if (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
		die("waitid");
	return info.si_code == CLD_EXITED ? info.si_status : 1;
}
