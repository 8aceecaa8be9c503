/* SPDX-License-Identifier: Apache-2.0 */
/* lib/hook: the plan, and running hooks outside. */
#include "planner-fixture.h"

#include <signal.h>
#include <time.h>

#include "hook/hook.h"

#define HOOKS(members) CONFIG(",'hooks':{" members "}")

static void stages(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan_with(p, ins_hook_plan,
		HOOKS("'poststop':[{'path':'/g'}],'poststart':[{'path':'/f'}],"
		      "'startContainer':[{'path':'/e'}],'createContainer':[{'path':'/d'}],"
		      "'createRuntime':[{'path':'/b'},{'path':'/c','args':['x','y'],'env':['A=b'],"
		      "'timeout':7}],'prestart':[{'path':'/a'}]"));
	expect_ops(p, INS_STAGE_HOOKS, "HOOK_PARENT HOOK_PARENT HOOK_PARENT HOOK_CHILD");
	expect_ops(p, INS_STAGE_START, "HOOK_CHILD");
	op = find_op(p, INS_OP_HOOK_PARENT, 0);
	assert_string_equal(op->hook.path, "/a");
	assert_string_equal(op->key, "hooks.prestart[0]");
	/* Without args the path is argv[0], and without env there is none. */
	assert_int_equal(op->hook.args.n, 1);
	assert_string_equal(op->hook.args.v[0], "/a");
	assert_null(op->hook.args.v[1]);
	assert_int_equal(op->hook.env.n, 0);
	assert_null(op->hook.env.v[0]);
	op = find_op(p, INS_OP_HOOK_PARENT, 2);
	assert_string_equal(op->key, "hooks.createRuntime[1]");
	assert_string_equal(op->hook.args.v[0], "x");
	assert_string_equal(op->hook.env.v[0], "A=b");
	assert_int_equal(op->hook.timeout, 7);
	assert_string_equal(find_op(p, INS_OP_HOOK_CHILD, 1)->key, "hooks.startContainer[0]");
}

static int run(const char *args, const char *state, struct ins_error *err)
{
	char config[1024];
	cleanup_spec struct ins_spec *spec = NULL;

	snprintf(config, sizeof(config), HOOKS("'poststart':[%s]"), args);
	spec = parse(config);
	*err = (struct ins_error){ 0 };
	for (size_t i = 0; i < spec->hooks[INS_HOOK_POSTSTART].n && !err->code; i++)
		ins_hook_run(&spec->hooks[INS_HOOK_POSTSTART], INS_HOOK_POSTSTART, i, state, err);
	return -err->code;
}

#define SH(script, more) "{'path':'/bin/sh','args':['sh','-c','" script "']" more "}"

static void success(void **data)
{
	struct ins_error err;

	(void)data;
	assert_int_equal(run("", "{}", &err), 0);
	assert_int_equal(run(SH("exit 0", "") "," SH("exit 0", ""), "{}", &err), 0);
	/* The environment is what was given; the state comes on stdin, to each from its start. */
	assert_int_equal(
		run(SH("test x$(cat) = x{state} -a x$HOME = x -a $A = b",
			    ",'env':['A=b',"
			    "'PATH=/usr/bin:/bin']") "," SH("read -r s; test $s = {state}", ""),
			"{state}\n", &err),
		0);
	/* Nothing but stdio is open. */
	assert_int_equal(
		run(SH("test ! -e /proc/self/fd/3", ",'env':['PATH=/usr/bin:/bin']"), "{}", &err),
		0);
}

/* Far more than a pipe holds, to one that never reads. */
static void state_is_not_read(void **data)
{
	struct ins_error err;
	cleanup_free char *state = calloc(1, (1 << 20) + 1);

	(void)data;
	assert_non_null(state);
	memset(state, 'x', 1 << 20);
	assert_int_equal(run(SH("exit 0", ""), state, &err), 0);
}

static void failure(void **data)
{
	struct ins_error err;

	(void)data;
	assert_true(
		run(SH("exit 0", "") "," SH("exit 3", "") "," SH("exit 4", ""), "{}", &err) < 0);
	assert_string_equal(err.text, "hooks.poststart[1]: hook /bin/sh: exited with status 3");
	assert_true(run(SH("kill -9 $$", ""), "{}", &err) < 0);
	assert_string_equal(err.text, "hooks.poststart[0]: hook /bin/sh: was killed by signal 9");
	assert_int_equal(run("{'path':'/nonexistent'}", "{}", &err), -ENOENT);
	assert_string_equal(err.text, "hooks.poststart[0]: hook /nonexistent: execute it: No such "
				      "file or directory");
	assert_int_equal(run("{'path':'/etc/passwd'}", "{}", &err), -EACCES);
}

/* The hook and what it started are ended. */
static void timed_out(void **data)
{
	char file[] = "/tmp/insula-test-hook-XXXXXX", hook[512];
	int fd = mkstemp(file), pid = 0;
	struct timespec begin, end;
	struct ins_error err;
	FILE *f;

	(void)data;
	assert_true(fd >= 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	snprintf(hook, sizeof(hook),
		SH("sleep 100 & echo $! >%s; wait", ",'timeout':1,'env':['PATH=/usr/bin:/bin']"),
		file);
	assert_int_equal(run(hook, "{}", &err), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_string_equal(err.text, "hooks.poststart[0]: hook /bin/sh: timed out after 1 s");
	assert_true(end.tv_sec - begin.tv_sec < 30);
	f = fdopen(fd, "r");
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	unlink(file);
	/* Killed; whoever is its new parent may not have reaped it yet. */
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) {
		char path[64], state = 0;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "re");
		if (f && fscanf(f, "%*d %*s %c", &state) == 1 && state == 'Z')
			i = 100;
		if (f)
			fclose(f);
		usleep(10000);
		assert_true(i != 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(stages),
		cmocka_unit_test(success),
		cmocka_unit_test(state_is_not_read),
		cmocka_unit_test(failure),
		cmocka_unit_test(timed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
