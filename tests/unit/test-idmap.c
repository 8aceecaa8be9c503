/* SPDX-License-Identifier: Apache-2.0 */
/* lib/idmap and lib/sys/userns.c: maps of user namespaces. */
#include "planner-fixture.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "plan/run.h"
#include "sys/userns.h"

#define USER(uids, gids, more)                                                 \
	CONFIG(",'linux':{'namespaces':[{'type':'user'}],'uidMappings':[" uids \
	       "],'gidMappings':[" gids "]}" more)
#define RANGE(container, host, size) \
	"{'containerID':" container ",'hostID':" host ",'size':" size "}"

static void maps(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan_with(p, ins_idmap_plan,
		USER(RANGE("0", "100000", "10") "," RANGE("10", "5", "1"), RANGE("7", "3", "2"),
			""));
	expect_ops(p, INS_STAGE_IDMAP, "IDMAP_WRITE IDMAP_WRITE BECOME_ROOT");
	op = find_op(p, INS_OP_IDMAP_WRITE, 0);
	assert_int_equal(op->idmap.n_uid, 2);
	assert_int_equal(op->idmap.uid[1].container, 10);
	assert_int_equal(op->idmap.uid[1].host, 5);
	assert_int_equal(op->idmap.uid[1].size, 1);
	assert_string_equal(op->key, "linux.uidMappings");
	op = find_op(p, INS_OP_IDMAP_WRITE, 1);
	assert_int_equal(op->idmap.n_gid, 1);
	assert_string_equal(op->key, "linux.gidMappings");
	assert_false(op->idmap.deny_setgroups);
	op = get_op(p, INS_OP_BECOME_ROOT);
	assert_int_equal(op->become.uid, 0);
	/* Nobody is 0: the first that there is. */
	assert_int_equal(op->become.gid, 7);
	assert_true(op->become.clear_groups);
}

static void no_user_namespace(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_idmap_plan, CONFIG(""));
	assert_int_equal(p->builder.n_staged, 0);
}

static void joined(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_idmap_plan,
		LINUX("'namespaces':[{'type':'user','path':'/proc/1/ns/user'}]"));
	expect_ops(p, INS_STAGE_IDMAP, "BECOME_ROOT");
	plan_with(p, ins_idmap_plan,
		LINUX("'namespaces':[{'type':'user','path':'/proc/1/ns/user'}],"
		      "'uidMappings':[{'containerID':0,'hostID':5,'size':9}],"
		      "'gidMappings':[{'containerID':0,'hostID':6,'size':9}]"));
	expect_ops(p, INS_STAGE_IDMAP, "IDMAP_CHECK IDMAP_CHECK BECOME_ROOT");
}

static void unprivileged(void **data)
{
	struct planned *p = *data;

	p->host.capabilities = 0;
	plan_with(p, ins_idmap_plan, USER(RANGE("0", "1000", "1"), RANGE("0", "1000", "1"), ""));
	assert_true(find_op(p, INS_OP_IDMAP_WRITE, 1)->idmap.deny_setgroups);
	assert_false(get_op(p, INS_OP_BECOME_ROOT)->become.clear_groups);
	/* More than oneself is newgidmap's work, and then setgroups stays allowed. */
	plan_with(p, ins_idmap_plan, USER(RANGE("0", "1000", "1"), RANGE("0", "1000", "2"), ""));
	assert_false(find_op(p, INS_OP_IDMAP_WRITE, 1)->idmap.deny_setgroups);
}

static void kept_groups(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_idmap_plan,
		USER(RANGE("0", "1", "1"), RANGE("0", "1", "1"),
			",'annotations':{'run.oci.keep_original_groups':'1'}"));
	assert_false(get_op(p, INS_OP_BECOME_ROOT)->become.clear_groups);
}

static void refused(void **data)
{
	struct planned *p = *data;
	char config[65536], ranges[16384] = "";
	size_t used = 0;

	refuse_plan(p, ins_idmap_plan, USER("", RANGE("0", "1", "1"), ""), EINVAL,
		"linux.uidMappings: a new user namespace needs at least one");
	refuse_plan(p, ins_idmap_plan, USER(RANGE("0", "1", "1"), "", ""), EINVAL,
		"linux.gidMappings: a new user namespace needs at least one");
	/* Few enough ranges, but too long a text for the one write that the kernel takes. */
	for (unsigned int i = 0; i < 200; i++)
		used += (size_t)snprintf(ranges + used, sizeof(ranges) - used,
			"%s{'containerID':%u,'hostID':%u,'size':1}", i ? "," : "",
			1000000000 + 2 * i, 2000000000 + 2 * i);
	snprintf(config, sizeof(config),
		"{'ociVersion':'1.3.0','root':{'path':'r'},'linux':{"
		"'namespaces':[{'type':'user'}],'uidMappings':[%s],'gidMappings':[%s]}}",
		ranges, ranges);
	refuse_plan(p, ins_idmap_plan, config, E2BIG,
		"linux.uidMappings: the kernel takes at most "
		"340 ranges, and 4095 bytes of text");
}

static void map_text(void **data)
{
	struct ins_map_text text = { 0 };

	(void)data;
	assert_int_equal(ins_map_text_add(&text, 0, 100000, 65536), 0);
	assert_int_equal(ins_map_text_add(&text, 4294967294, 1, 1), 0);
	assert_string_equal(text.text, "0 100000 65536\n4294967294 1 1\n");
	assert_int_equal(text.used, strlen(text.text));
	while (text.n < INS_MAP_MAX)
		assert_int_equal(ins_map_text_add(&text, 1, 1, 1), 0);
	assert_int_equal(ins_map_text_add(&text, 1, 1, 1), -E2BIG);
	assert_int_equal(text.used, strlen(text.text));
}

/* The first line of a file of a process. */
static void read_line(pid_t pid, const char *file, char *line, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, (int)size, f));
	fclose(f);
}

static void namespace_without_process(void **data)
{
	struct ins_map_text uid = { 0 }, gid = { 0 };
	struct ins_error err = { 0 };
	int fd = -1, status;
	pid_t pid;

	(void)data;
	if (geteuid() != 0)
		skip();
	ins_map_text_add(&uid, 0, 100000, 10);
	ins_map_text_add(&gid, 0, 200000, 10);
	if (ins_userns_open(&uid, &gid, &fd, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(ioctl(fd, NS_GET_NSTYPE), CLONE_NEWUSER);
	/* No child of it is left. */
	assert_int_equal(waitpid(-1, &status, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
	pid = fork();
	if (pid == 0) {
		char line[64];
		unsigned int inside, outside, n;

		if (setns(fd, CLONE_NEWUSER) < 0)
			_exit(1);
		read_line(getpid(), "uid_map", line, sizeof(line));
		if (sscanf(line, "%u %u %u", &inside, &outside, &n) != 3 || inside != 0 || n != 10)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
	/* A map that the kernel refuses. */
	memset(&uid, 0, sizeof(uid));
	ins_map_text_add(&uid, 0, 1, 0);
	assert_int_equal(ins_userns_open(&uid, &gid, &fd, &err), -EINVAL);
	assert_string_equal(err.text, "write the uid_map of a user namespace: Invalid argument");
}

/* A child in a new user namespace that waits to be killed. */
static pid_t child_in_userns(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void written_by_root(void **data)
{
	static const struct ins_plan_id_map maps_to_write[] = { { 0, 100000, 10 }, { 20, 300, 1 } };
	struct ins_op op = { .kind = INS_OP_IDMAP_WRITE };
	struct ins_host host = { .capabilities = ~0ULL };
	struct ins_run run = { .host = &host };
	struct ins_error err = { 0 };
	char line[64];
	unsigned int a, b, c;

	(void)data;
	if (geteuid() != 0)
		skip();
	run.pid = child_in_userns();
	op.idmap.n_uid = 2;
	op.idmap.uid = maps_to_write;
	assert_int_equal(ins_idmap_write_op(&run, &op, &err), 0);
	op.idmap.n_uid = 0;
	op.idmap.n_gid = 1;
	op.idmap.gid = maps_to_write;
	assert_int_equal(ins_idmap_write_op(&run, &op, &err), 0);
	read_line(run.pid, "uid_map", line, sizeof(line));
	assert_int_equal(sscanf(line, "%u %u %u", &a, &b, &c), 3);
	assert_int_equal(b, 100000);
	/* A second time is one too many. */
	assert_int_equal(ins_idmap_write_op(&run, &op, &err), -EPERM);
	kill(run.pid, SIGKILL);
	waitpid(run.pid, NULL, 0);
}

static void tool_is_missing(void **data)
{
	static const struct ins_plan_id_map map = { 0, 100000, 10 };
	struct ins_op op = { .kind = INS_OP_IDMAP_WRITE };
	struct ins_host host = { 0 };
	struct ins_run run = { .host = &host, .pid = getpid() };
	struct ins_error err = { 0 };

	(void)data;
	op.idmap.n_uid = 1;
	op.idmap.uid = &map;
	setenv("PATH", "bin:/nonexistent", 1);
	assert_int_equal(ins_idmap_write_op(&run, &op, &err), -EPERM);
	assert_string_equal(err.text, "an ordinary user can only map their own id without "
				      "newuidmap, and it is not in $PATH");
}

/* What the tool says on stderr becomes part of the message; its arguments are all numbers. */
static void tool_fails(void **data)
{
	static const struct ins_plan_id_map map[] = { { 0, 100000, 10 }, { 4294967294, 1, 1 } };
	struct ins_op op = { .kind = INS_OP_IDMAP_WRITE };
	struct ins_host host = { 0 };
	struct ins_run run = { .host = &host, .pid = 77 };
	struct ins_error err = { 0 };
	char directory[] = "/tmp/insula-test-idmap-XXXXXX", tool[64], expected[256];
	FILE *f;

	(void)data;
	assert_non_null(mkdtemp(directory));
	snprintf(tool, sizeof(tool), "%s/newuidmap", directory);
	f = fopen(tool, "we");
	assert_non_null(f);
	fputs("#!/bin/sh\necho \"no: $*\" >&2\necho more >&2\nexit 1\n", f);
	fchmod(fileno(f), 0755);
	fclose(f);
	op.idmap.n_uid = 2;
	op.idmap.uid = map;
	setenv("PATH", directory, 1);
	assert_int_equal(ins_idmap_write_op(&run, &op, &err), -EPERM);
	snprintf(expected, sizeof(expected),
		"%s failed: no: 77 0 100000 10 4294967294 1 1 "
		"(the ranges have to be in /etc/subuid)",
		tool);
	assert_string_equal(err.text, expected);
	unlink(tool);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(maps),
		plan_test(no_user_namespace),
		plan_test(joined),
		plan_test(unprivileged),
		plan_test(kept_groups),
		plan_test(refused),
		cmocka_unit_test(map_text),
		cmocka_unit_test(namespace_without_process),
		cmocka_unit_test(written_by_root),
		cmocka_unit_test(tool_is_missing),
		cmocka_unit_test(tool_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
