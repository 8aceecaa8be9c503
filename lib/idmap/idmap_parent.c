/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the maps from outside. A runtime with CAP_SETUID and CAP_SETGID writes what it likes; an
 * ordinary user may map only themselves, and for more asks newuidmap and newgidmap (setuid programs
 * of shadow), which look into /etc/subuid and /etc/subgid. And reading those of a namespace that is
 * joined.
 */
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "plan/run.h"
#include "sys/program.h"
#include "sys/userns.h"

/* What differs between the two maps. */
struct side {
	const char *file, *tool, *ranges;
	int capability;
};

static const struct side uid_side = { "uid_map", "newuidmap", "/etc/subuid", CAP_SETUID };
static const struct side gid_side = { "gid_map", "newgidmap", "/etc/subgid", CAP_SETGID };

/* Only absolute directories of PATH count: the tool gets more rights than we have. */
static int find_tool(const char *name, char *path, size_t size)
{
	const char *rest = getenv("PATH");

	if (!rest || !rest[0])
		rest = "/usr/bin:/bin";
	while (*rest) {
		size_t n = strcspn(rest, ":");

		if (rest[0] == '/' &&
			snprintf(path, size, "%.*s/%s", (int)n, rest, name) < (int)size &&
			access(path, X_OK) == 0)
			return 0;
		rest += n;
		rest += *rest == ':';
	}
	return -ENOENT;
}

/* argv of the tool: its name, the pid, three numbers a range. One block, freed by the caller. */
static char **tool_arguments(
	const char *tool, pid_t pid, const struct ins_plan_id_map *maps, uint32_t n)
{
	size_t count = 2 + 3 * (size_t)n;
	char(*texts)[12];
	char **argv = calloc(1, (count + 1) * sizeof(*argv) + count * sizeof(*texts));

	if (!argv)
		return NULL;
	texts = (void *)(argv + count + 1);
	argv[0] = (char *)tool;
	for (size_t i = 1; i < count; i++)
		argv[i] = texts[i];
	snprintf(texts[1], sizeof(*texts), "%d", (int)pid);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(texts[2 + 3 * i], sizeof(*texts), "%u", maps[i].container);
		snprintf(texts[3 + 3 * i], sizeof(*texts), "%u", maps[i].host);
		snprintf(texts[4 + 3 * i], sizeof(*texts), "%u", maps[i].size);
	}
	return argv;
}

/* Run the tool and wait; what it says on stderr goes to @output. Return: wait status or −errno. */
static int run_tool(const char *path, char **argv, int output)
{
	pid_t pid;
	int status = 0;
	int r = ins_program_start(path, argv, environ, (const int[]){ -1, -1, output }, 3, &pid);

	if (r == 0)
		r = ins_program_wait(pid, &status);
	return r < 0 ? r : status;
}

static int map_by_tool(const struct side *side, pid_t pid, const struct ins_plan_id_map *maps,
	uint32_t n, struct ins_error *err)
{
	cleanup_free char **argv = tool_arguments(side->tool, pid, maps, n);
	cleanup_fd int output = memfd_create("insula-tool", MFD_CLOEXEC);
	char path[512], said[256];
	ssize_t length;
	int r;

	if (!argv)
		return ins_error_set(err, ENOMEM, "run %s", side->tool);
	if (output < 0)
		return ins_error_set(err, errno, "memfd for %s", side->tool);
	r = find_tool(side->tool, path, sizeof(path));
	if (r < 0)
		return ins_error_text(err, EPERM,
			"an ordinary user can only map "
			"their own id without %s, and it is not in $PATH",
			side->tool);
	r = run_tool(path, argv, output);
	if (r < 0)
		return ins_error_set(err, -r, "run %s", path);
	if (r == 0)
		return 0;
	length = pread(output, said, sizeof(said) - 1, 0);
	said[length > 0 ? length : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return ins_error_text(err, EPERM, "%s failed: %s (the ranges have to be in %s)", path,
		said[0] ? said : "it does not say why", side->ranges);
}

static int explain_refusal(const struct side *side, int code, struct ins_error *err)
{
	if (code == EPERM)
		return ins_error_text(err, EPERM,
			"the runtime may not map these ids (%s, and for host id 0 CAP_SETFCAP, are "
			"needed in its own user namespace, and all host ids have to exist there)",
			side->capability == CAP_SETUID ? "CAP_SETUID" : "CAP_SETGID");
	if (code == EINVAL)
		return ins_error_text(err, EINVAL, "the kernel does not take this map");
	return ins_error_set(err, code, "write %s", side->file);
}

static int map_directly(int proc, pid_t pid, const struct side *side,
	const struct ins_plan_id_map *maps, uint32_t n, struct ins_error *err)
{
	struct ins_map_text text = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = ins_map_text_add(&text, maps[i].container, maps[i].host, maps[i].size);
	if (r == 0)
		r = ins_proc_pid_write(proc, pid, side->file, text.text, text.used);
	return r < 0 ? explain_refusal(side, -r, err) : 0;
}

static int write_map(struct ins_run *run, int proc, const struct side *side, uint32_t own_id,
	const struct ins_plan_id_map *maps, uint32_t n, struct ins_error *err)
{
	bool only_own = n == 1 && maps[0].size == 1 && maps[0].host == own_id;

	if (run->host->capabilities >> side->capability & 1 || only_own)
		return map_directly(proc, run->pid, side, maps, n, err);
	return map_by_tool(side, run->pid, maps, n, err);
}

int ins_idmap_write_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int proc = ins_proc_open(err);

	if (proc < 0)
		return proc;
	if (op->idmap.deny_setgroups) {
		int r = ins_proc_pid_write(proc, run->pid, "setgroups", "deny", 4);

		if (r < 0)
			return ins_error_set(err, -r, "write setgroups");
	}
	if (op->idmap.n_uid)
		return write_map(
			run, proc, &uid_side, geteuid(), op->idmap.uid, op->idmap.n_uid, err);
	return write_map(run, proc, &gid_side, getegid(), op->idmap.gid, op->idmap.n_gid, err);
}

/* Is this range a line of the map's text ("inside outside size")? */
static bool has_range(const char *text, const struct ins_plan_id_map *range)
{
	unsigned int container, host, size;
	int used;

	while (sscanf(text, "%u %u %u%n", &container, &host, &size, &used) == 3) {
		if (container == range->container && host == range->host && size == range->size)
			return true;
		text += used;
	}
	return false;
}

int ins_idmap_check_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	const struct side *side = op->idmap.n_uid ? &uid_side : &gid_side;
	const struct ins_plan_id_map *maps = op->idmap.n_uid ? op->idmap.uid : op->idmap.gid;
	uint32_t n = op->idmap.n_uid ? op->idmap.n_uid : op->idmap.n_gid;
	cleanup_fd int proc = ins_proc_open(err);
	cleanup_free char *text = NULL;
	char path[40];
	int r;

	if (proc < 0)
		return proc;
	snprintf(path, sizeof(path), "%d/%s", (int)run->pid, side->file);
	r = ins_file_read(proc, path, INS_MAP_TEXT * 4, &text, NULL, err);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		if (!has_range(text, &maps[i]))
			r = ins_error_text(err, EINVAL,
				"the joined user namespace does not map %u to %u (%u in all)",
				maps[i].container, maps[i].host, maps[i].size);
	}
	return r;
}
