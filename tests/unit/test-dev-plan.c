/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "planner-fixture.h"

#define TMPFS         "{'destination':'/dev/','type':'tmpfs'}"
#define BOUND(option) "{'destination':'/dev','source':'/dev','options':['" option "']}"
#define MAPS                                                         \
	",'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]," \
	"'gidMappings':[{'containerID':0,'hostID':1000,'size':1}]"

#define DEVICES(mounts, more, devices)                                               \
	CONFIG(",'mounts':[" mounts "],'linux':{'namespaces':[{'type':'mount'}" more \
	       ",'devices':[" devices "]}")
#define OWN    "]"
#define USERNS ",{'type':'user'}]" MAPS

static void plan(struct planned *p, const char *config)
{
	plan_with(p, ins_dev_plan, config);
	for (uint32_t i = 0; i < p->builder.n_staged; i++) {
		const struct ins_op *op = &p->builder.staged[i];

		assert_true(is_in_arena(p, op->path));
		if (op->kind == INS_OP_SYMLINK)
			assert_true(is_in_arena(p, op->text.text));
	}
}

static void count(const struct planned *p, enum ins_op_kind kind, unsigned int expected)
{
	unsigned int n = 0;

	while (find_op(p, kind, n))
		n++;
	assert_int_equal(n, expected);
}

static void defaults(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, DEVICES(TMPFS, OWN, ""));
	count(p, INS_OP_NODE_MAKE, 6);
	count(p, INS_OP_SYMLINK, 5);
	op = find_op_on(p, INS_OP_NODE_MAKE, "/dev/full");
	assert_int_equal(op->node.type, S_IFCHR);
	assert_int_equal(op->node.major, 1);
	assert_int_equal(op->node.minor, 7);
	assert_int_equal(op->node.mode, 0666);
	assert_false(op->node.must_match || op->node.must_exist || op->node.in_image);
	assert_string_equal(find_op_on(p, INS_OP_SYMLINK, "/dev/ptmx")->text.text, "pts/ptmx");
	/* Without a mount on it, it may be the host's after all. */
	plan(p, DEVICES("", OWN, ""));
	assert_true(find_op_on(p, INS_OP_NODE_MAKE, "/dev/null")->node.in_image);
	assert_true(find_op_on(p, INS_OP_SYMLINK, "/dev/ptmx")->text.in_image);
}

static void named_elsewhere(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, DEVICES(TMPFS ",{'destination':'/dev//random','source':'/dev/urandom',"
			      "'options':['bind']}",
			OWN,
			"{'path':'/dev/null','type':'c','major':1,'minor':3,'fileMode':8576,"
			"'uid':5},{'path':'/x/pipe','type':'p'},"
			"{'path':'/dev/sda','type':'b','major':8,'minor':0}"));
	count(p, INS_OP_NODE_MAKE, 7);
	assert_null(find_op_on(p, INS_OP_NODE_MAKE, "/dev/random"));
	op = find_op_on(p, INS_OP_NODE_MAKE, "/dev/null");
	assert_string_equal(op->key, "linux.devices[0]");
	assert_int_equal(op->node.mode, 0600);
	assert_int_equal(op->node.uid, 5);
	assert_true(op->node.must_match);
	assert_int_equal(find_op_on(p, INS_OP_NODE_MAKE, "/x/pipe")->node.type, S_IFIFO);
	op = find_op_on(p, INS_OP_NODE_MAKE, "/dev/sda");
	assert_int_equal(op->node.type, S_IFBLK);
	assert_int_equal(op->node.mode, 0666);
}

static void user_namespace(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, DEVICES(TMPFS, USERNS,
			"{'path':'/dev/pipe','type':'p'},"
			"{'path':'/dev/fuse','type':'c','major':10,'minor':229}"));
	count(p, INS_OP_NODE_OPEN, 7);
	count(p, INS_OP_NODE_ATTACH, 7);
	count(p, INS_OP_NODE_MAKE, 1);
	count(p, INS_OP_SOURCE_CLONE, 0);
	op = find_op_on(p, INS_OP_NODE_OPEN, "/dev/fuse");
	assert_int_equal(op->stage, INS_STAGE_PREPARE);
	assert_int_equal(op->node.minor, 229);
	assert_int_equal(op->slot, find_op_on(p, INS_OP_NODE_ATTACH, "/dev/fuse")->slot);

	p->host.capabilities = 0;
	plan(p, DEVICES(TMPFS, USERNS, ""));
	count(p, INS_OP_NODE_OPEN, 0);
	count(p, INS_OP_SOURCE_CLONE, 6);
}

/* The host's /dev is not to be changed. */
static void bound(void **data)
{
	struct planned *p = *data;

	plan(p, DEVICES(BOUND("rbind"), USERNS,
			"{'path':'/dev/foo','type':'c','major':1,'minor':3}"));
	assert_int_equal(p->builder.n_staged, 1);
	assert_true(find_op_on(p, INS_OP_NODE_MAKE, "/dev/foo")->node.must_exist);
	plan(p, DEVICES(BOUND("bind") "," TMPFS, OWN, ""));
	count(p, INS_OP_NODE_MAKE, 6);
	plan(p, DEVICES(BOUND("bind") "," BOUND("remount"), OWN, ""));
	assert_int_equal(p->builder.n_staged, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(defaults),
		plan_test(named_elsewhere),
		plan_test(user_namespace),
		plan_test(bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
