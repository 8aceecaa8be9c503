/* SPDX-License-Identifier: Apache-2.0 */
/* What of process.* the kernel only takes from outside. */
#include <string.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/run.h"
#include "sys/userns.h"

int ins_creds_oom_score_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int proc = ins_proc_open(err);
	char text[16];
	int r;

	if (proc < 0)
		return proc;
	snprintf(text, sizeof(text), "%d", op->oom.score);
	r = ins_proc_pid_write(proc, run->pid, "oom_score_adj", text, strlen(text));
	if (r == -EACCES || r == -EPERM)
		return ins_error_text(err, EPERM,
			"set oom_score_adj to %d: a value below the "
			"runtime's own takes CAP_SYS_RESOURCE",
			op->oom.score);
	return r < 0 ? ins_error_set(err, -r, "write oom_score_adj") : 0;
}

/* Only the hard limit, and only upwards; the limit itself is set by the child at the end, because
 * what init has to do must not be bound by it. */
int ins_creds_rlimit_raise_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	struct rlimit limit;

	if (prlimit(run->pid, (int)op->rlimit.resource, NULL, &limit) < 0)
		return ins_error_set(err, errno, "read the limit");
	if (limit.rlim_max >= op->rlimit.hard)
		return 0;
	limit.rlim_max = op->rlimit.hard;
	if (prlimit(run->pid, (int)op->rlimit.resource, &limit, NULL) == 0)
		return 0;
	if (errno == EPERM)
		return ins_error_text(err, EPERM, "raising the hard limit takes CAP_SYS_RESOURCE%s",
			op->rlimit.resource == RLIMIT_NOFILE ? ", and fs.nr_open bounds it" : "");
	return ins_error_set(err, errno, "raise the hard limit");
}

/* By the map of the process, as we see it: the container's, whoever has written it. Return: the user here, or −1. */
static int64_t map_user(pid_t pid, uint32_t uid)
{
	unsigned int inside, outside, size;
	int64_t found = -1;
	char path[40];
	FILE *map;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	map = fopen(path, "re");
	while (map && found < 0 && fscanf(map, "%u %u %u", &inside, &outside, &size) == 3) {
		if (uid >= inside && uid - inside < size)
			found = (int64_t)outside + (uid - inside);
	}
	if (map)
		(void)fclose(map);
	return found;
}

/* Files stay whose they are. Who may not give a pipe away (an ordinary user) leaves it: it can be written to. */
int ins_creds_stdio_owner_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	int64_t owner =
		op->stdio.in_userns ? map_user(run->pid, op->stdio.uid) : (int64_t)op->stdio.uid;
	struct stat s;

	(void)err;
	for (int fd = STDIN_FILENO; owner >= 0 && fd <= STDERR_FILENO; fd++) {
		if (fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode) &&
			fchown(fd, (uid_t)owner, (gid_t)-1) < 0)
			break;
	}
	return 0;
}
